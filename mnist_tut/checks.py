"""Refuse bad input with an error that names the thing and the remedy.

Every check is one call at the top of the function it guards, so the lesson below it stays short.
"""

import math
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "check_batch",
    "check_labels",
    "check_loss",
    "check_pixels",
    "check_positive",
]


def check_positive(name: str, value: int) -> None:
    """Refuse a count that is not a whole number of at least one.

    Parameters
    ----------
    name : str
        What the number is, for the message.
    value : int
        The number to check.

    Raises
    ------
    ValueError
        If `value` is not an int, or is below one.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")


def check_batch(x: Tensor, y: Tensor) -> None:
    """Refuse an empty batch, and inputs and labels of different lengths.

    Parameters
    ----------
    x : (n, ...) Tensor
        One row per example.
    y : (n,) Tensor
        One label per example.

    Raises
    ------
    ValueError
        If there is no example, or if the two lengths differ.
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} rows but {len(y)} labels: give one label per row")
    if len(x) == 0:
        raise ValueError("the batch is empty: a mean over no examples does not exist")


def check_labels(y: Tensor, classes: int = 10) -> None:
    """Refuse labels that are not class numbers.

    None of these would fail by itself: indexing takes -1 for the last class and bytes or truth
    values for a mask, and a column of labels is stretched to a square of comparisons.

    Parameters
    ----------
    y : (n,) int64 Tensor
        Labels; at least one.
    classes : int, default 10
        How many classes there are.

    Raises
    ------
    TypeError
        If the labels are not int64.
    ValueError
        If they are not one-dimensional, or a label lies outside ``0 .. classes - 1``.
    """
    if y.dtype != torch.int64:
        raise TypeError(f"labels are {y.dtype}: convert them with y.long()")
    if y.ndim != 1:
        raise ValueError(f"labels have shape {tuple(y.shape)}: give one number per row")
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"labels run from {low} to {high}; they must lie in 0..{classes - 1}"
        )


def check_pixels(x: Tensor, weights: Tensor) -> None:
    """Refuse pictures that the weights of a linear layer do not fit.

    Parameters
    ----------
    x : (n, inputs) Tensor
        One flat row per picture.
    weights : (inputs, classes) Tensor
        One row per pixel.

    Raises
    ------
    ValueError
        If `x` is not made of flat rows, or has another number of pixels.
    """
    if x.ndim != 2 or x.shape[1] != len(weights):
        shape = tuple(x.shape)
        raise ValueError(
            f"the weights take rows of {len(weights)} pixels, got shape {shape}"
        )


def check_loss(loss: Tensor | float, epoch: int, batch: int, **where: Any) -> float:
    """Return the loss as a Python number, or stop the training if it is no longer finite.

    Parameters
    ----------
    loss : () Tensor or float
        The mean loss of one batch.
    epoch, batch : int
        Where it arose, both counted from zero.
    **where
        Further facts for the message, such as the learning rate.

    Returns
    -------
    float
        The loss.

    Raises
    ------
    FloatingPointError
        If the loss is NaN or infinite; the message says in which epoch and batch.
    """
    value = loss.item() if isinstance(loss, Tensor) else loss
    if not math.isfinite(value):
        known = "".join(f", {key} = {fact}" for key, fact in where.items())
        raise FloatingPointError(
            f"the loss became {value} in epoch {epoch}, batch {batch} (counted from 0{known}): "
            "look for NaN in the inputs, or try a smaller learning rate"
        )
    return value
