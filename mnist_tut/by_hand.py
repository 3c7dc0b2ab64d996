"""A network from scratch: what PyTorch would do for you, written with tensors alone."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mnist_tut.checks import (
    check_batch,
    check_labels,
    check_loss,
    check_pixels,
    check_positive,
)

__all__ = [
    "Trained",
    "accuracy",
    "init_params",
    "log_softmax",
    "model",
    "nll",
    "train_by_hand",
    "training_pair",
]


class Trained(NamedTuple):
    """What every training loop of the tutorial gives back.

    Attributes
    ----------
    weights : (inputs, classes) float Tensor
        After training, without gradient.
    bias : (classes,) float Tensor
        After training, without gradient.
    losses : list of float
        The mean loss of every mini-batch, in nats, as it was before the update it led to.
    """

    weights: Tensor
    bias: Tensor
    losses: list[float]


def init_params(
    n_in: int, n_out: int, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    """Random weights and a zero bias for a linear layer, ready to be trained.

    The factor ``1 / sqrt(n_in)`` keeps the variance of the outputs near that of the inputs
    (LeCun et al., 1998, "Efficient BackProp").

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and outputs.
    dtype : torch.dtype, default float32
        Type of both tensors.

    Returns
    -------
    weights : (n_in, n_out) Tensor
        Normal, mean 0, standard deviation ``1 / sqrt(n_in)``.
    bias : (n_out,) Tensor
        Zeros.

    Raises
    ------
    ValueError
        If a size is below one.
    """
    check_positive("n_in", n_in)
    check_positive("n_out", n_out)
    weights = torch.randn(n_in, n_out, dtype=dtype) / math.sqrt(n_in)
    weights.requires_grad_()  # only now, so that the division is not recorded
    bias = torch.zeros(n_out, dtype=dtype, requires_grad=True)
    return weights, bias


def log_softmax(x: Tensor) -> Tensor:
    """Logarithm of the softmax of every row, safe for logits of any size.

    Parameters
    ----------
    x : (n, classes) float Tensor
        Logits.

    Returns
    -------
    (n, classes) float Tensor
        Log-probabilities: the exponentials of a row sum to one.

    Notes
    -----
    ``exp`` of a float32 overflows beyond 88.7. Taking the largest logit out of the row leaves
    exponents of at most zero and changes nothing else: softmax sees only differences.
    """
    x = x - x.max(dim=-1, keepdim=True).values
    return x - x.exp().sum(dim=-1, keepdim=True).log()


def model(xb: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """Logistic regression: a linear layer followed by log-softmax.

    Parameters
    ----------
    xb : (n, inputs) float Tensor
        A mini-batch, one row per picture.
    weights : (inputs, classes) float Tensor
        See :func:`init_params`.
    bias : (classes,) float Tensor
        See :func:`init_params`.

    Returns
    -------
    (n, classes) float Tensor
        Log-probabilities.

    Raises
    ------
    ValueError
        If the pictures do not have as many pixels as there are rows of weights.
    """
    check_pixels(xb, weights)
    return log_softmax(xb @ weights + bias)


def nll(log_probs: Tensor, target: Tensor) -> Tensor:
    """Mean negative log-likelihood of the true classes.

    Parameters
    ----------
    log_probs : (n, classes) float Tensor
        Log-probabilities, as :func:`log_softmax` returns them.
    target : (n,) int64 Tensor
        The true class of each row.

    Returns
    -------
    () float Tensor
        In nats. A uniform guess over ten classes gives ln 10 = 2.303.

    Raises
    ------
    ValueError
        If the batch is empty, the lengths differ or a label is not a column of `log_probs`.
    TypeError
        If the labels are not int64.
    """
    check_batch(log_probs, target)
    check_labels(target, classes=log_probs.shape[1])
    rows = torch.arange(len(target), device=target.device)
    return -log_probs[rows, target].mean()


def accuracy(out: Tensor, yb: Tensor) -> Tensor:
    """Share of the rows whose largest output is at the true class.

    Parameters
    ----------
    out : (n, classes) float Tensor
        Logits, probabilities or log-probabilities: only their order counts.
    yb : (n,) int64 Tensor
        The true class of each row.

    Returns
    -------
    () float32 Tensor
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the batch is empty, the lengths differ or a label is not a column of `out`.
    TypeError
        If the labels are not int64.
    """
    check_batch(out, yb)
    check_labels(yb, classes=out.shape[1])
    return (out.argmax(dim=1) == yb).float().mean()


def training_pair(
    data: tuple[Tensor, ...], weights: Tensor, bs: int, epochs: int
) -> tuple[Tensor, Tensor]:
    """Check what every training loop is given, and take the training data out of it.

    Parameters
    ----------
    data : tuple of Tensor
        Begins with the pictures (n, inputs) and their labels (n,), as
        :func:`mnist_tut.data.load_mnist` returns them.
    weights : (inputs, classes) float Tensor
        Where training starts.
    bs, epochs : int
        Batch size and number of passes over the data.

    Returns
    -------
    x_train, y_train : Tensor
        The first two of `data`.

    Raises
    ------
    ValueError
        If there are no pictures, the lengths differ, the pictures do not have as many pixels
        as there are rows of weights, a label lies outside 0..9, or `bs` or `epochs` is below
        one.
    TypeError
        If the labels are not int64.
    """
    x_train, y_train = data[:2]
    check_batch(x_train, y_train)
    check_labels(y_train)
    check_pixels(x_train, weights)
    check_positive("bs", bs)
    check_positive("epochs", epochs)
    return x_train, y_train


def train_by_hand(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Train logistic regression by gradient descent on mini-batches, in file order.

    Parameters
    ----------
    data : tuple of Tensor
        Begins with the pictures (n, inputs) and their labels (n,).
    weights : (inputs, classes) float Tensor
        Where training starts; left as it is.
    bias : (classes,) float Tensor
        Where training starts; left as it is.
    bs : int, default 64
        Pictures per mini-batch; the last one may be smaller.
    lr : float, default 0.5
        Learning rate.
    epochs : int, default 2
        Passes over the training data.

    Returns
    -------
    Trained
        Weights, bias and the loss of every mini-batch.

    Raises
    ------
    ValueError
        For data, `bs` or `epochs` that :func:`training_pair` refuses.
    FloatingPointError
        If the loss is no longer finite.
    """
    x_train, y_train = training_pair(data, weights, bs, epochs)
    weights = weights.detach().clone().requires_grad_()
    bias = bias.detach().clone().requires_grad_()
    n, losses = len(x_train), []
    for epoch in range(epochs):
        for i in range((n - 1) // bs + 1):
            # breakpoint()  # uncomment to step through with the debugger
            start, end = i * bs, (i + 1) * bs
            xb, yb = x_train[start:end], y_train[start:end]
            loss = nll(model(xb, weights, bias), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            with torch.no_grad():
                weights -= weights.grad * lr
                bias -= bias.grad * lr
                weights.grad.zero_()
                bias.grad.zero_()
    return Trained(weights.detach(), bias.detach(), losses)
