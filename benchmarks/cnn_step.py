"""The CNN's training step, changed one thing at a time, and the least time it could take.

The rounds go through all variants in turn, so that a busy moment hits all alike. The limit is the
arithmetic of the three convolutions at the rate of a large matrix product on this machine.
"""

import time
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from mnist_tut.loaders import Batches, WrappedDataLoader, batched_dl, preprocess
from mnist_tut.models import cnn_any_size
from mnist_tut.timing import take_turns
from mnist_tut.training import loss_batch

__all__ = ["VARIANTS", "limit", "losses", "prepare", "rounds", "step_flops"]

BS = 64
WARM_UP, STEPS = 20, 150


class Variant(NamedTuple):
    """One way to write the training step.

    Attributes
    ----------
    batched : bool
        Whether the data set is indexed once per batch instead of once per row.
    channels_last : bool
        Whether the model's weights, and with them its activations, keep channels innermost.
    fused : bool
        Whether one kernel updates all parameters.
    """

    batched: bool = False
    channels_last: bool = False
    fused: bool = False


VARIANTS = {
    "slow way": Variant(),
    "batched sampling": Variant(batched=True),
    "channels last": Variant(channels_last=True),
    "fused SGD": Variant(fused=True),
    "all three": Variant(batched=True, channels_last=True, fused=True),
}


class Prepared(NamedTuple):
    """What a variant trains with.

    Attributes
    ----------
    batches : WrappedDataLoader
        Hands out pictures and labels, in random order.
    model : nn.Module
        The tutorial's CNN.
    opt : torch.optim.SGD
        With the tutorial's learning rate and momentum.
    """

    batches: Batches
    model: nn.Module
    opt: optim.SGD


def prepare(variant: Variant, data: tuple[Tensor, ...]) -> Prepared:
    """Make loader, model and optimizer as the variant wants them."""
    ds = TensorDataset(*data[:2])
    make = batched_dl if variant.batched else DataLoader
    batches = WrappedDataLoader(make(ds, BS, shuffle=True), preprocess)
    model = cnn_any_size()
    if variant.channels_last:
        model = model.to(memory_format=torch.channels_last)
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, fused=variant.fused)
    return Prepared(batches, model, opt)


def train(prepared: Prepared, batches: Iterable[tuple[Tensor, Tensor]]) -> list[float]:
    """Take one step per batch, as ``fit`` does, and return the losses."""
    model, opt = prepared.model, prepared.opt
    return [loss_batch(model, F.cross_entropy, xb, yb, opt)[0] for xb, yb in batches]


def losses(variant: Variant, data: tuple[Tensor, ...], steps: int) -> list[float]:
    """Losses of the first training steps; for the same seed, alike for all variants.

    Parameters
    ----------
    variant : Variant
        How the step is written.
    data : tuple of Tensor
        Pictures in rows of 784 pixels, and labels.
    steps : int
        How many steps to take.

    Returns
    -------
    list of float
        In nats.
    """
    torch.manual_seed(5)
    prepared = prepare(variant, data)
    return train(prepared, islice(prepared.batches, steps))


def _seconds(prepared: Prepared) -> float:
    """Time per step, the fetching of the batch included."""
    batches = iter(prepared.batches)
    train(prepared, islice(batches, WARM_UP))
    began = time.perf_counter()
    train(prepared, islice(batches, STEPS))
    return (time.perf_counter() - began) / STEPS


def rounds(data: tuple[Tensor, ...], times: int) -> dict[str, list[float]]:
    """Seconds per step of every variant, once per round."""
    found: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(times):
        for name, variant in VARIANTS.items():
            found[name].append(_seconds(prepare(variant, data)))
    return found


def step_flops(bs: int = BS) -> int:
    """Count the floating-point operations of the convolutions in one training step."""
    model = cnn_any_size()
    with FlopCounterMode(display=False) as counted:
        model(torch.rand(bs, 1, 28, 28)).sum().backward()
    return counted.get_total_flops()


def limit(times: int, size: int = 768) -> list[float]:
    """Seconds that the convolutions of one step would take at the rate of a matrix product."""
    one = torch.rand(size, size)
    seconds = take_turns({"": lambda: one @ one}, times)[""]
    return [passed * step_flops() / (2 * size**3) for passed in seconds]
