"""The training loop to keep: it serves any model, loss, optimizer and data."""

import torch
from torch import optim

from mnist_tut.models import Mnist_Logistic

__all__ = ["evaluate", "fit", "get_model", "loss_batch", "weighted_mean"]


def get_model(lr):
    """Make a fresh logistic regression and the optimizer that will train it.

    Parameters
    ----------
    lr : float
        Learning rate.

    Returns
    -------
    model : Mnist_Logistic
        With random weights.
    opt : torch.optim.SGD
        Plain stochastic gradient descent on the model's parameters.

    Raises
    ------
    ValueError
        If `lr` is negative.
    """
    model = Mnist_Logistic()
    return model, optim.SGD(model.parameters(), lr=lr)


def loss_batch(model, loss_func, xb, yb, opt=None):
    """Loss of one mini-batch; with an optimizer, also one step of training.

    Parameters
    ----------
    model : nn.Module
        Maps `xb` to outputs.
    loss_func : callable
        Takes outputs and `yb`, returns a mean over the batch.
    xb : (n, ...) Tensor
        Inputs; several tensors of n rows in a list, if the model takes such a list.
    yb : (n, ...) Tensor
        Targets.
    opt : torch.optim.Optimizer, optional
        Without one, nothing is changed.

    Returns
    -------
    loss : float
        Mean over the batch, before the step.
    size : int
        Number of examples.
    """
    loss = loss_func(model(xb), yb)
    if opt is not None:
        loss.backward()
        opt.step()
        opt.zero_grad()
    return loss.item(), len(yb)


def weighted_mean(results):
    """Mean over all examples, from the means over mini-batches.

    Parameters
    ----------
    results : list of (float, int)
        Mean and size of every mini-batch, as :func:`loss_batch` returns them.

    Returns
    -------
    float
        Each mean counts by the size of its mini-batch.

    Raises
    ------
    ZeroDivisionError
        If there is no mini-batch.
    """
    total = sum(size for _, size in results)
    return sum(mean * size for mean, size in results) / total


def evaluate(model, loss_func, dl):
    """Mean of a loss, or of any measure of the same form, over all examples of a loader.

    The model is left in evaluation mode; no parameter and no gradient changes.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to outputs.
    loss_func : callable
        Takes outputs and targets, returns a mean; also :func:`mnist_tut.by_hand.accuracy`.
    dl : DataLoader
        Or anything else that hands out (inputs, targets).

    Returns
    -------
    float
        Mean over the examples, however they fall into mini-batches.
    """
    model.eval()
    with torch.no_grad():
        return weighted_mean([loss_batch(model, loss_func, xb, yb) for xb, yb in dl])


def fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    """Train any model with any loss, and after every epoch print how it does.

    Prints one line per epoch: its number, the mean training loss of the epoch, and the mean loss
    on the validation data after it.

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

    Returns
    -------
    list of (float, float)
        Training loss and validation loss of every epoch.

    Raises
    ------
    ZeroDivisionError
        If a loader hands out no batch.
    """
    history = []
    for epoch in range(epochs):
        model.train()
        losses = [loss_batch(model, loss_func, xb, yb, opt) for xb, yb in train_dl]
        train_loss = weighted_mean(losses)
        valid_loss = evaluate(model, loss_func, valid_dl)
        print(f"{epoch}  {train_loss:.4f}  {valid_loss:.4f}")
        history.append((train_loss, valid_loss))
    return history
