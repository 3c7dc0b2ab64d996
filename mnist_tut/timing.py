"""Measure where the time goes: several ways in turns, kinds of operations."""

import statistics
import time

from torch.profiler import ProfilerActivity, profile

__all__ = [
    "KINDS",
    "kind_of",
    "ratios",
    "seconds_by_kind",
    "take_turns",
    "verdict",
]

#: What a training step consists of, and how the operations in a profile are named that belong to
#: it. The first kind that fits is taken.
KINDS = {
    "Conv2d backward": ["convolution_backward", "conv2d_backward", "convolutionb"],
    "Conv2d forward": ["conv"],
    "ReLU": ["relu", "clamp_min", "threshold"],
    "cross_entropy": ["softmax", "nll_loss", "cross_entropy"],
    "SGD": ["optimizer", "sgd", "add_", "mul_"],
    "copy_": ["copy", "clone", "contiguous"],
}


def take_turns(ways, rounds=5):
    """Time several ways to do the same thing, in turns, so that a busy moment hits all alike.

    Parameters
    ----------
    ways : dict of str to callable
        Each is called without arguments: once beforehand, since PyTorch prepares some things when
        they are first used, and then once per round.
    rounds : int, default 5
        How often each is timed.

    Returns
    -------
    dict of str to list of float
        Seconds of every call, round by round.
    """
    for way in ways.values():  # warm up
        way()
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - began)
    return times


def ratios(times):
    """Divide all times by those of the first way, round by round.

    A machine that is busy for a while slows a whole round, and leaves its ratios alone.

    Parameters
    ----------
    times : dict of str to list of float
        As :func:`take_turns` returns them.

    Returns
    -------
    dict of str to list of float
        One ratio per round; below 1 where a way is faster than the first. The median is what to
        quote.

    Raises
    ------
    StopIteration
        If there is no way at all.
    ValueError
        If the ways were not timed equally often.
    """
    first = next(iter(times.values()))
    return {
        name: [t / base for t, base in zip(some, first, strict=True)]
        for name, some in times.items()
    }


def verdict(shares, noise):
    """Say whether some ratios tell of more than noise.

    Parameters
    ----------
    shares : list of float
        Ratios, as :func:`ratios` returns them for one way.
    noise : float
        How many times as long the same thing has taken as itself, at most; not below 1.

    Returns
    -------
    str
        The median, and ``within the noise`` or ``beyond the noise``. It is beyond if it is
        above `noise` or below its inverse.

    Raises
    ------
    statistics.StatisticsError
        If there are no ratios.
    """
    median = statistics.median(shares)
    place = "within" if 1 / noise <= median <= noise else "beyond"
    return f"{median:.2f}  {place} the noise"


def kind_of(operation):
    """Tell which part of a training step an operation of a profile belongs to.

    Parameters
    ----------
    operation : str
        Its name, such as ``aten::relu``.

    Returns
    -------
    str
        A key of :data:`KINDS`, or ``other``.
    """
    for kind, parts in KINDS.items():
        if any(part in operation.lower() for part in parts):
            return kind
    return "other"


def seconds_by_kind(func, calls=50):
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
        Seconds per call for each of :data:`KINDS` and ``other``, largest first. Each counts
        what its operations do themselves, without those that they call; the profiler's own work
        is in all of them.
    """
    func()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(calls):
            func()
    found = dict.fromkeys([*KINDS, "other"], 0.0)
    for event in profiled.key_averages():
        found[kind_of(event.key)] += event.self_cpu_time_total * 1e-6 / calls
    return dict(sorted(found.items(), key=lambda item: -item[1]))
