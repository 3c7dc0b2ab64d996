"""The variants of the training step that ``make bench`` compares do the same work."""

import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import cnn_step

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


def test_the_limit_counts_the_arithmetic_as_pytorch_does():
    model = cnn_any_size()
    with FlopCounterMode(display=False) as counted:
        model(torch.rand(64, 1, 28, 28)).sum().backward()
    assert cnn_step.conv_flops(64) == counted.get_total_flops()
