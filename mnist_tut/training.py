"""The training loop to keep: it serves any model, loss, optimizer and data."""

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn, optim
from torch.optim import Optimizer

from mnist_tut.by_hand import accuracy
from mnist_tut.checks import check_batch, check_loss, check_positive
from mnist_tut.loaders import Batches
from mnist_tut.models import Mnist_Logistic

__all__ = [
    "Epoch",
    "Loss",
    "evaluate",
    "fit",
    "get_model",
    "loss_batch",
    "with_bar",
    "zero_share",
]

Loss = Callable[[Tensor, Tensor], Tensor]


class Epoch(NamedTuple):
    """What :func:`fit` notes down after every epoch.

    Attributes
    ----------
    epoch : int
        Counted from zero.
    valid_loss : float
        Mean loss over all validation examples.
    valid_metric : float
        Mean of the metric over all validation examples; by default the accuracy.
    losses : list of float
        The loss of every training batch.
    seconds : float
        Time spent on training and validation.
    """

    epoch: int
    valid_loss: float
    valid_metric: float
    losses: list[float]
    seconds: float


def get_model(lr: float = 0.5) -> tuple[Mnist_Logistic, optim.SGD]:
    """Make a fresh logistic regression and the optimizer that will train it.

    Parameters
    ----------
    lr : float, default 0.5
        Learning rate.

    Returns
    -------
    model : Mnist_Logistic
        With random weights.
    opt : torch.optim.SGD
        Plain stochastic gradient descent on the model's parameters.
    """
    model = Mnist_Logistic()
    return model, optim.SGD(model.parameters(), lr=lr)


def loss_batch(
    model: nn.Module,
    loss_func: Loss,
    xb: Tensor,
    yb: Tensor,
    opt: Optimizer | None = None,
) -> tuple[float, int]:
    """Loss of one mini-batch; with an optimizer, also one step of training.

    Parameters
    ----------
    model : nn.Module
        Maps `xb` to outputs.
    loss_func : callable
        Takes outputs and `yb`, returns their mean loss.
    xb : (n, ...) Tensor
        Inputs.
    yb : (n, ...) Tensor
        Targets.
    opt : torch.optim.Optimizer, optional
        Without one, or if the loss is not finite, nothing is changed.

    Returns
    -------
    loss : float
        Mean over the batch, before the step.
    size : int
        Number of examples.

    Raises
    ------
    ValueError
        If the batch is empty or the lengths differ.
    """
    check_batch(xb, yb)
    loss = loss_func(model(xb), yb)
    if opt is not None and loss.isfinite():  # a step away from NaN ruins the model
        loss.backward()
        opt.step()
        opt.zero_grad()
    return loss.item(), len(xb)


def evaluate(
    model: nn.Module, loss_func: Loss, dl: Batches, metric: Loss | None = accuracy
) -> tuple[float, float]:
    """Mean loss and metric over all examples of a loader.

    Each batch counts by its size, so the result does not depend on how the examples fall into
    batches. The model is left in evaluation mode.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to outputs.
    loss_func : callable
        Takes outputs and targets, returns their mean loss.
    dl : DataLoader
        Or anything else that hands out (inputs, targets).
    metric : callable or None, default accuracy
        Like `loss_func`; None to do without.

    Returns
    -------
    loss, metric : float
        Means over all examples; the metric is NaN where there is none.

    Raises
    ------
    ValueError
        If the loader hands out no batch.
    """
    model.eval()
    total, total_metric, n = 0.0, 0.0, 0
    with torch.no_grad():
        for xb, yb in dl:
            check_batch(xb, yb)
            out = model(xb)
            total += loss_func(out, yb).item() * len(xb)
            total_metric += metric(out, yb).item() * len(xb) if metric else float("nan")
            n += len(xb)
    if n == 0:
        raise ValueError("the loader handed out no batch: is its data set empty?")
    return total / n, total_metric / n


def with_bar(batches: Batches, label: str) -> Iterable[Any]:
    """Show a progress bar while batches are handed out.

    Parameters
    ----------
    batches : DataLoader
        Or anything else that hands out batches.
    label : str
        What is in progress.

    Returns
    -------
    iterable
        Hands out the same batches.

    Raises
    ------
    ImportError
        If tqdm is not installed.
    """
    from tqdm.auto import tqdm  # only who wants a bar needs it

    return tqdm(batches, desc=label, leave=False)


def fit(
    epochs: int,
    model: nn.Module,
    loss_func: Loss,
    opt: Optimizer,
    train_dl: Batches,
    valid_dl: Batches,
    *,
    metric: Loss | None = accuracy,
    progress: bool = False,
) -> list[Epoch]:
    """Train a model, and print the validation loss after every epoch.

    Parameters
    ----------
    epochs : int
        Passes over the training data.
    model : nn.Module
        Trained in place.
    loss_func : callable
        Takes outputs and targets, returns their mean loss.
    opt : torch.optim.Optimizer
        Made with the model's parameters.
    train_dl, valid_dl : DataLoader
        Or anything else that hands out (inputs, targets).
    metric : callable or None, default accuracy
        Measured on the validation data; None for models that do not classify.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    list of Epoch
        One entry per epoch: losses, metric and seconds.

    Raises
    ------
    ValueError
        If `epochs` is below one or a loader hands out no batch.
    FloatingPointError
        If the loss is no longer finite; says in which epoch and batch. The model keeps the
        parameters it had before that batch.
    """
    check_positive("epochs", epochs)
    history = []
    for epoch in range(epochs):
        began = time.perf_counter()
        model.train()
        losses: list[float] = []
        batches = with_bar(train_dl, f"epoch {epoch}") if progress else train_dl
        for xb, yb in batches:
            loss, _ = loss_batch(model, loss_func, xb, yb, opt)
            losses.append(check_loss(loss, epoch, len(losses)))
        if not losses:
            raise ValueError("train_dl handed out no batch: is its data set empty?")
        valid_loss, valid_metric = evaluate(model, loss_func, valid_dl, metric)
        print(epoch, valid_loss)
        seconds = time.perf_counter() - began
        history.append(Epoch(epoch, valid_loss, valid_metric, losses, seconds))
    return history


def zero_share(logits: Tensor) -> Tensor:
    """Share of the examples on which each class has a logit of exactly zero.

    Parameters
    ----------
    logits : (n, classes) float Tensor
        Outputs of a model whose last activation is a ReLU.

    Returns
    -------
    (classes,) float Tensor
        1 for a class that is dead: no example moves it, so no gradient can revive it.
    """
    return (logits == 0).float().mean(dim=0)
