"""What ``make bench`` compares: variants of the training step that do the same work."""

import bench
import cnn_step
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mnist_tut.models import cnn_any_size


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand(640, 784, generator=generator)
    return pictures, torch.randint(0, 10, (640,), generator=generator)


@pytest.mark.parametrize("name", [n for n in cnn_step.VARIANTS if n != "slow way"])
def test_every_variant_takes_the_same_steps_as_the_slow_way(data, name):
    slow = cnn_step.losses(cnn_step.VARIANTS["slow way"], data, 10)
    fast = cnn_step.losses(cnn_step.VARIANTS[name], data, 10)
    assert len(slow) == 10
    assert fast == pytest.approx(slow, abs=1e-4)


@pytest.mark.parametrize(("name", "variant"), cnn_step.VARIANTS.items())
def test_a_variant_is_what_its_name_says(data, name, variant):
    batches, model, opt = cnn_step.prepare(variant, data)
    layout = model[2].weight.is_contiguous(memory_format=torch.channels_last)
    assert (batches.dl.batch_size is None) == (
        name in {"batched sampling", "all three"}
    )
    assert layout == (name in {"channels last", "all three"})
    assert opt.defaults["fused"] == (name in {"fused SGD", "all three"})


def test_the_table_gives_medians_spread_and_ratios_to_its_first_row():
    times = {"slow": [0.004, 0.002, 0.003], "fast": [0.001, 0.002, 0.0015]}
    slow, fast = bench.table(times, "step", "ms", 1000).splitlines()[2:]
    assert slow == "| slow | 3.00 | 2.00 - 4.00 | 1.00 |"
    assert fast == "| fast | 1.50 | 1.00 - 2.00 | 0.50 |"


def test_rounds_time_every_variant_once_each(data, monkeypatch):
    monkeypatch.setattr(cnn_step, "WARM_UP", 1)
    monkeypatch.setattr(cnn_step, "STEPS", 2)
    found = cnn_step.rounds(data, 3)
    assert list(found) == list(cnn_step.VARIANTS)
    assert all(len(times) == 3 and min(times) > 0 for times in found.values())


def test_the_limit_counts_the_arithmetic_as_pytorch_does():
    model = cnn_any_size()
    with FlopCounterMode(display=False) as counted:
        model(torch.rand(64, 1, 28, 28)).sum().backward()
    assert cnn_step.conv_flops(64) == counted.get_total_flops()
