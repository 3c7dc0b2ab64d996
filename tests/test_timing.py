from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from mnist_tut import timing
from mnist_tut.models import cnn_any_size
from mnist_tut.timing import (
    KINDS,
    kind_of,
    ratios,
    seconds_by_kind,
    take_turns,
)


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the ways themselves move on."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now.seconds)
    return now


# take_turns


def test_ways_take_turns_after_each_has_run_once():
    calls = []
    ways = {name: lambda name=name: calls.append(name) for name in "abc"}
    times = take_turns(ways, rounds=2)
    assert "".join(calls) == "abc" * 3
    assert {name: len(values) for name, values in times.items()} == dict.fromkeys(
        "abc", 2
    )


def test_every_call_but_the_first_is_timed_by_itself(clock):
    ways = {"slow": iter([100, 4, 5, 6]), "fast": iter([50, 1, 2, 3])}

    def run(seconds):
        clock.seconds += next(seconds)

    times = take_turns({k: lambda s=s: run(s) for k, s in ways.items()}, rounds=3)
    assert times == {"slow": [4, 5, 6], "fast": [1, 2, 3]}


def test_without_a_warm_up_no_way_runs_beforehand():
    calls = []
    times = take_turns({"": lambda: calls.append(1)}, rounds=2, warm_up=False)
    assert len(calls) == len(times[""]) == 2


def test_ways_are_timed_five_times_unless_told_otherwise():
    assert len(take_turns({"": lambda: None})[""]) == 5


def test_nothing_to_time_is_refused():
    with pytest.raises(ValueError, match="give at least one function"):
        take_turns({})


@pytest.mark.parametrize("rounds", [0, 2.0, True])
def test_a_number_of_rounds_that_is_no_count_is_refused(rounds):
    with pytest.raises(ValueError, match=f"^rounds must be .* not {rounds!r}$"):
        take_turns({"": lambda: None}, rounds)


# ratios


def test_ratios_compare_each_way_with_the_first_in_the_same_round():
    times = {"first": [2.0, 8.0, 1.0], "other": [1.0, 2.0, 3.0]}
    assert ratios(times) == {"first": [1, 1, 1], "other": [0.5, 0.25, 3.0]}


def test_ratios_of_nothing_or_of_unequal_rounds_are_refused():
    with pytest.raises(ValueError, match="no times to compare"):
        ratios({})
    with pytest.raises(
        ValueError, match=r"equally often, not \{'first': 2, 'other': 1\}"
    ):
        ratios({"first": [1.0, 2.0], "other": [1.0]})


# kind_of


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("aten::mkldnn_convolution", "convolutions, forward"),
        ("aten::_slow_conv2d_forward", "convolutions, forward"),
        ("aten::convolution_backward", "convolutions, backward"),
        ("aten::_slow_conv2d_backward", "convolutions, backward"),
        (
            "autograd::engine::evaluate_function: ConvolutionBackward0",
            "convolutions, backward",
        ),
        ("aten::clamp_min", "ReLU"),
        ("ReluBackward0", "ReLU"),
        ("aten::threshold_backward", "ReLU"),
        ("aten::_log_softmax_backward_data", "loss"),
        ("aten::nll_loss_forward", "loss"),
        ("Optimizer.step#SGD.step", "optimizer"),
        ("aten::_fused_sgd_", "optimizer"),
        ("aten::copy_", "copies"),
        ("aten::mean", "the rest"),
    ],
)
def test_operations_are_known_by_their_names(operation, kind):
    assert kind_of(operation) == kind


# seconds_by_kind


def profiled_as(monkeypatch, events):
    """Let the profiler find these operations: name and microseconds."""
    found = [SimpleNamespace(key=k, self_cpu_time_total=us) for k, us in events]

    class Profile:
        def __init__(self, activities):
            self.activities = activities

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def key_averages(self):
            return found

    monkeypatch.setattr(timing, "profile", Profile)


def test_operations_of_a_kind_are_added_up_per_call_and_the_largest_comes_first(
    monkeypatch,
):
    events = [("aten::relu", 30.0), ("aten::convolution", 400.0), ("aten::mean", 20.0)]
    profiled_as(monkeypatch, [*events, ("aten::clamp_min", 70.0)])
    found = seconds_by_kind(lambda: None, calls=10)
    assert list(found)[:3] == ["convolutions, forward", "ReLU", "the rest"]
    assert found["convolutions, forward"] == pytest.approx(40e-6)
    assert found["ReLU"] == pytest.approx(10e-6)
    assert found["the rest"] == pytest.approx(2e-6)
    assert found.keys() == {*KINDS, "the rest"}
    assert found["loss"] == 0


def test_a_function_is_called_once_before_it_is_profiled(monkeypatch):
    profiled_as(monkeypatch, [])
    calls = []
    seconds_by_kind(lambda: calls.append(1), calls=3)
    assert len(calls) == 4


def test_every_kind_is_found_in_a_training_step():
    model = cnn_any_size()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    def step():
        F.cross_entropy(model(torch.rand(9, 1, 28, 28)), torch.arange(9)).backward()
        opt.step()

    found = seconds_by_kind(step, calls=2)
    spent = {kind for kind, seconds in found.items() if seconds > 0}
    assert spent >= {*KINDS, "the rest"} - {"copies"}  # not every processor needs those


def test_a_number_of_calls_that_is_no_count_is_refused():
    with pytest.raises(ValueError, match=r"^calls must be .* not 0$"):
        seconds_by_kind(lambda: None, calls=0)
