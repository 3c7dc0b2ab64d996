"""From data sets to mini-batches."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)

from mnist_tut.checks import check_batch, check_labels, check_positive

__all__ = [
    "Batches",
    "WrappedDataLoader",
    "batched_dl",
    "get_data",
    "loader_for",
    "preprocess",
]


class Batches(Protocol):
    """What a training loop needs of a loader: its number of batches, and the batches."""

    def __len__(self) -> int:
        """Count the mini-batches."""

    def __iter__(self) -> Iterator[Any]:
        """Hand out the mini-batches."""


def _check_data_set(name: str, ds: Dataset) -> None:
    if len(ds) == 0:
        raise ValueError(f"{name} is empty: there is nothing to make mini-batches of")


def get_data(
    train_ds: Dataset,
    valid_ds: Dataset,
    bs: int,
    *,
    shuffle: bool = True,
    pin_memory: bool = False,
) -> tuple[DataLoader, DataLoader]:
    """Make the two loaders that :func:`mnist_tut.training.fit` wants.

    Parameters
    ----------
    train_ds, valid_ds : Dataset
        Map-style data sets of (input, label) pairs; tensors may live on any device.
    bs : int
        Examples per training batch. Validation batches are twice as large.
    shuffle : bool, default True
        Whether the training data come in a new random order every epoch.
    pin_memory : bool, default False
        Whether to put batches into pinned memory, from which a CUDA device can fetch them by
        itself. Only for data in the CPU's memory.

    Returns
    -------
    train_dl, valid_dl : DataLoader
        Loaders of (inputs, labels) mini-batches, as :func:`loader_for` makes them.

    Raises
    ------
    ValueError
        If `bs` is below one or a data set is empty.
    """
    check_positive("bs", bs)
    _check_data_set("train_ds", train_ds)
    _check_data_set("valid_ds", valid_ds)
    return (
        loader_for(train_ds, bs, shuffle=shuffle, pin_memory=pin_memory),
        loader_for(valid_ds, bs * 2, pin_memory=pin_memory),
    )


def batched_dl(
    ds: Dataset, bs: int, *, shuffle: bool = False, pin_memory: bool = False
) -> DataLoader:
    """Make a loader that indexes a data set once per mini-batch instead of once per row.

    A plain loader asks for one row after another and stacks them. Tensors in memory can be
    indexed with a whole list of positions, which is several times faster.

    Parameters
    ----------
    ds : Dataset
        One that accepts a list of positions, such as :class:`torch.utils.data.TensorDataset`.
    bs : int
        Examples per batch.
    shuffle : bool, default False
        Whether to draw a new random order every epoch.
    pin_memory : bool, default False
        See :func:`get_data`.

    Returns
    -------
    DataLoader
        Gives the same batches as ``DataLoader(ds, batch_size=bs, shuffle=shuffle)``.

    Raises
    ------
    ValueError
        If `bs` is below one or the data set is empty.
    """
    check_positive("bs", bs)
    _check_data_set("ds", ds)
    order = RandomSampler(ds) if shuffle else SequentialSampler(ds)
    batches = BatchSampler(order, bs, drop_last=False)
    return DataLoader(ds, sampler=batches, batch_size=None, pin_memory=pin_memory)


def loader_for(
    ds: Dataset, bs: int, *, shuffle: bool = False, pin_memory: bool = False
) -> DataLoader:
    """Make the fastest loader that a data set allows.

    Parameters
    ----------
    ds : Dataset
        A :class:`torch.utils.data.TensorDataset` is indexed once per mini-batch; all others, its
        subclasses among them, once per row, as they may not understand a list of positions.
    bs : int
        Examples per batch.
    shuffle : bool, default False
        Whether to draw a new random order every epoch.
    pin_memory : bool, default False
        See :func:`get_data`.

    Returns
    -------
    DataLoader
        Gives the same batches as ``DataLoader(ds, batch_size=bs, shuffle=shuffle)``.

    Raises
    ------
    ValueError
        If `bs` is below one or the data set is empty.
    """
    if type(ds) is TensorDataset:  # a subclass may expect one position at a time
        return batched_dl(ds, bs, shuffle=shuffle, pin_memory=pin_memory)
    check_positive("bs", bs)
    _check_data_set("ds", ds)
    return DataLoader(ds, batch_size=bs, shuffle=shuffle, pin_memory=pin_memory)


def preprocess(
    x: Tensor, y: Tensor, dev: torch.device | str | None = None
) -> tuple[Tensor, Tensor]:
    """View flat rows as square pictures of one channel, and move the batch to a device.

    From pinned memory, Python does not wait for the move; from any other memory it does, because
    not every device may read what the program could meanwhile change.

    Parameters
    ----------
    x : (n, side * side) Tensor
        One row per picture; the side is worked out from the number of pixels.
    y : (n,) int64 Tensor
        Labels in 0..9.
    dev : torch.device or str, optional
        Where the batch should live; by default it stays where it is.

    Returns
    -------
    x : (n, 1, side, side) Tensor
        Pictures.
    y : (n,) int64 Tensor
        Labels.

    Raises
    ------
    ValueError
        If the batch is empty, the lengths differ, the number of pixels is no square, or a
        label lies outside 0..9.
    """
    check_batch(x, y)
    check_labels(y)
    side = math.isqrt(x[0].numel())
    if x.ndim != 2 or side * side != x.shape[1] or side == 0:
        raise ValueError(f"need rows of side * side pixels, got {tuple(x.shape)}")
    x = x.view(-1, 1, side, side)
    return x.to(dev, non_blocking=x.is_pinned()), y.to(dev, non_blocking=y.is_pinned())


class WrappedDataLoader:
    """A loader whose every batch goes through a function.

    Parameters
    ----------
    dl : DataLoader
        Or anything else with a length that hands out tuples.
    func : callable
        Called as ``func(*batch)``; returns the batch to hand out.
    """

    def __init__(self, dl: Batches, func: Callable[..., Any]) -> None:
        self.dl = dl
        self.func = func

    def __len__(self) -> int:
        """Count the mini-batches."""
        return len(self.dl)

    def __iter__(self) -> Iterator[Any]:
        """Hand out the mini-batches, each passed through the function."""
        for batch in self.dl:
            yield self.func(*batch)
