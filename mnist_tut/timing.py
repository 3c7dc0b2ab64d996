"""Measure where the time goes: several ways in turns, and one way under the profiler."""

import time
from collections.abc import Callable, Mapping, Sequence

from torch.profiler import ProfilerActivity, profile

from mnist_tut.checks import check_positive

__all__ = [
    "KINDS",
    "kind_of",
    "ratios",
    "seconds_by_kind",
    "take_turns",
]

Times = dict[str, list[float]]

#: What a training step consists of, and how the operations in a profile are named that belong to
#: it. The first kind that fits is taken.
KINDS = {
    "convolutions, backward": [
        "convolution_backward",
        "conv2d_backward",
        "convolutionb",
    ],
    "convolutions, forward": ["conv"],
    "ReLU": ["relu", "clamp_min", "threshold"],
    "loss": ["softmax", "nll_loss", "cross_entropy"],
    "optimizer": ["optimizer", "sgd", "add_", "mul_"],
    "copies": ["copy", "clone", "contiguous"],
}


def take_turns(
    ways: Mapping[str, Callable[[], object]], rounds: int = 5, *, warm_up: bool = True
) -> Times:
    """Time several ways to do the same thing, in turns, so that a busy moment hits all alike.

    Parameters
    ----------
    ways : mapping of str to callable
        Each is called without arguments, once per round.
    rounds : int, default 5
        How often each is timed.
    warm_up : bool, default True
        Whether to call each once beforehand, since PyTorch prepares some things when they are first
        used. Whole programs start afresh and need none.

    Returns
    -------
    dict of str to list of float
        Seconds of every call, round by round.

    Raises
    ------
    ValueError
        If there is nothing to time or `rounds` is below one.
    """
    check_positive("rounds", rounds)
    if not ways:
        raise ValueError("nothing to time: give at least one function")
    for way in ways.values() if warm_up else ():
        way()
    times: Times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return times


def ratios(times: Mapping[str, Sequence[float]]) -> Times:
    """Divide all times by those of the first way, round by round.

    A machine that is busy for a while slows a whole round, and leaves its ratios alone.

    Parameters
    ----------
    times : mapping of str to sequence of float
        As :func:`take_turns` returns them.

    Returns
    -------
    dict of str to list of float
        One ratio per round; below 1 where a way is faster than the first. The median is what to
        quote.

    Raises
    ------
    ValueError
        If there are no times, or not the same number of them for each way.
    """
    if not times:
        raise ValueError("no times to compare: give those of at least one way")
    rounds = {name: len(values) for name, values in times.items()}
    if len(set(rounds.values())) > 1:
        raise ValueError(f"time all ways equally often, not {rounds}")
    first = next(iter(times.values()))
    return {
        name: [t / reference for t, reference in zip(values, first, strict=True)]
        for name, values in times.items()
    }


def kind_of(operation: str) -> str:
    """Tell which part of a training step an operation of a profile belongs to.

    Parameters
    ----------
    operation : str
        Its name, such as ``aten::relu``.

    Returns
    -------
    str
        A key of :data:`KINDS`, or ``"the rest"``.
    """
    name = operation.lower()
    fitting = (k for k, parts in KINDS.items() if any(part in name for part in parts))
    return next(fitting, "the rest")


def seconds_by_kind(func: Callable[[], object], calls: int = 50) -> dict[str, float]:
    """Profile a function, and add up its operations by kind.

    Parameters
    ----------
    func : callable
        Called without arguments, once beforehand and then under PyTorch's profiler.
    calls : int, default 50
        How often.

    Returns
    -------
    dict of str to float
        Seconds per call for each of :data:`KINDS` and ``"the rest"``, largest first. Each counts
        what its operations do themselves, without those that they call; the profiler's own work
        is in all of them.

    Raises
    ------
    ValueError
        If `calls` is below one.
    """
    check_positive("calls", calls)
    func()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(calls):
            func()
    found = dict.fromkeys([*KINDS, "the rest"], 0.0)
    for event in profiled.key_averages():
        found[kind_of(event.key)] += event.self_cpu_time_total * 1e-6 / calls
    return dict(sorted(found.items(), key=lambda item: -item[1]))
