import statistics
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
    verdict,
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
    assert [(name, len(some)) for name, some in times.items()] == [
        ("a", 2),
        ("b", 2),
        ("c", 2),
    ]


def test_every_call_but_the_first_is_timed_by_itself(clock):
    ways = {"slow": iter([100, 4, 5, 6]), "fast": iter([50, 1, 2, 3])}

    def run(seconds):
        clock.seconds += next(seconds)

    times = take_turns({k: lambda s=s: run(s) for k, s in ways.items()}, rounds=3)
    assert times == {"slow": [4, 5, 6], "fast": [1, 2, 3]}


def test_ways_are_timed_five_times_unless_told_otherwise():
    assert len(take_turns({"": lambda: None})[""]) == 5


# ratios


def test_ratios_compare_each_way_with_the_first_in_the_same_round():
    times = {"first": [2.0, 8.0, 1.0], "other": [1.0, 2.0, 3.0]}
    assert ratios(times) == {"first": [1, 1, 1], "other": [0.5, 0.25, 3.0]}


@pytest.mark.parametrize("other", [[1.0], [1.0, 2.0, 3.0]])
def test_ratios_of_unequal_rounds_are_refused(other):
    with pytest.raises(ValueError, match=r"zip\(\)"):
        ratios({"first": [1.0, 2.0], "other": other})


def test_without_any_way_there_are_no_ratios():
    with pytest.raises(StopIteration):
        ratios({})


# verdict


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([0.79], "0.79  beyond the noise"),
        ([0.8], "0.80  within the noise"),
        ([1.0], "1.00  within the noise"),
        ([1.25], "1.25  within the noise"),
        ([1.26], "1.26  beyond the noise"),
    ],
)
def test_only_what_is_beyond_the_noise_in_either_direction_counts(shares, said):
    assert verdict(shares, noise=1.25) == said


def test_it_is_the_median_that_the_verdict_is_about():
    assert verdict([0.1, 1.1, 9.0], noise=1.25) == "1.10  within the noise"
    assert verdict([1.0, 2.0, 2.5], noise=1.25) == "2.00  beyond the noise"


def test_there_is_no_verdict_on_nothing():
    with pytest.raises(statistics.StatisticsError):
        verdict([], noise=1.25)


# kind_of


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("aten::mkldnn_convolution", "Conv2d forward"),
        ("aten::_slow_conv2d_forward", "Conv2d forward"),
        ("aten::convolution_backward", "Conv2d backward"),
        ("aten::_slow_conv2d_backward", "Conv2d backward"),
        (
            "autograd::engine::evaluate_function: ConvolutionBackward0",
            "Conv2d backward",
        ),
        ("aten::relu", "ReLU"),
        ("aten::clamp_min", "ReLU"),
        ("ReluBackward0", "ReLU"),
        ("aten::threshold_backward", "ReLU"),
        ("aten::cross_entropy_loss", "cross_entropy"),
        ("aten::_log_softmax_backward_data", "cross_entropy"),
        ("aten::nll_loss_forward", "cross_entropy"),
        ("Optimizer.step#SGD.step", "SGD"),
        ("Optimizer.zero_grad#SGD.zero_grad", "SGD"),
        ("aten::_fused_sgd_", "SGD"),
        ("aten::add_", "SGD"),
        ("aten::mul_", "SGD"),
        ("aten::copy_", "copy_"),
        ("aten::clone", "copy_"),
        ("aten::contiguous", "copy_"),
        ("aten::mean", "other"),
        ("aten::add", "other"),
    ],
)
def test_operations_are_known_by_their_names(operation, kind):
    assert kind_of(operation) == kind


# seconds_by_kind


def profiled_as(monkeypatch, events):
    """Let the profiler find these operations: name and microseconds, their own and in all."""
    found = [
        SimpleNamespace(key=key, self_cpu_time_total=own, cpu_time_total=9999.0)
        for key, own in events
    ]

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
    assert list(found)[:3] == ["Conv2d forward", "ReLU", "other"]
    assert found["Conv2d forward"] == pytest.approx(40e-6)
    assert found["ReLU"] == pytest.approx(10e-6)
    assert found["other"] == pytest.approx(2e-6)
    assert found.keys() == {*KINDS, "other"}
    assert found["cross_entropy"] == 0


@pytest.mark.parametrize(("options", "calls"), [({}, 50), ({"calls": 3}, 3)])
def test_a_function_is_called_once_before_it_is_profiled(monkeypatch, options, calls):
    profiled_as(monkeypatch, [])
    made = []
    seconds_by_kind(lambda: made.append(1), **options)
    assert len(made) == 1 + calls


def test_every_kind_is_found_in_a_training_step():
    model = cnn_any_size()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)

    def step():
        F.cross_entropy(model(torch.rand(9, 1, 28, 28)), torch.arange(9)).backward()
        opt.step()

    found = seconds_by_kind(step, calls=2)
    spent = {kind for kind, seconds in found.items() if seconds > 0}
    assert spent >= {*KINDS, "other"} - {"copy_"}  # not every processor needs those
