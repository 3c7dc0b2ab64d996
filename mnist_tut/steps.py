"""The loop of :mod:`mnist_tut.by_hand` again, once per piece of PyTorch that takes over.

Every function here takes the same arguments as :func:`mnist_tut.by_hand.train_by_hand` and
returns the same weights, whatever it uses inside. The parameters are described there.
"""

import ast
import contextlib
import inspect
import io
import textwrap
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.by_hand import Trained, training_pair
from mnist_tut.checks import check_batch, check_labels, check_loss
from mnist_tut.loaders import get_data
from mnist_tut.models import Mnist_Logistic as LinearLogistic
from mnist_tut.training import fit

__all__ = [
    "Measured",
    "Mnist_Logistic",
    "code_lines",
    "linear_from",
    "measure",
    "same_result",
    "validation_pair",
    "with_dataloader",
    "with_dataset",
    "with_fit",
    "with_functional",
    "with_linear",
    "with_module",
    "with_optim",
    "with_validation",
]

Step = Callable[..., Trained]


class Mnist_Logistic(nn.Module):
    """Logistic regression whose two parameters are its own.

    Parameters
    ----------
    weights : (inputs, classes) float Tensor
        Where training starts; copied.
    bias : (classes,) float Tensor
        Where training starts; copied.
    """

    def __init__(self, weights: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights.detach().clone())
        self.bias = nn.Parameter(bias.detach().clone())

    def forward(self, xb: Tensor) -> Tensor:
        """Logits of a mini-batch: (n, inputs) to (n, classes)."""
        return xb @ self.weights + self.bias


def linear_from(weights: Tensor, bias: Tensor) -> LinearLogistic:
    """Make the model with :class:`torch.nn.Linear`, and start it from the given parameters.

    Parameters
    ----------
    weights : (784, 10) float Tensor
        Copied; ``nn.Linear`` keeps them transposed.
    bias : (10,) float Tensor
        Copied.

    Returns
    -------
    mnist_tut.models.Mnist_Logistic
        Gives the same logits as ``xb @ weights + bias``.
    """
    model = LinearLogistic().to(weights.dtype)
    model.load_state_dict({"lin.weight": weights.detach().T, "lin.bias": bias.detach()})
    return model


def _trained(model: LinearLogistic, losses: list[float]) -> Trained:
    return Trained(model.lin.weight.detach().T, model.lin.bias.detach(), losses)


def with_functional(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let ``F.cross_entropy`` replace log-softmax and nll.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    x_train, y_train = training_pair(data, weights, bs, epochs)
    weights = weights.detach().clone().requires_grad_()
    bias = bias.detach().clone().requires_grad_()
    n, losses = len(x_train), []
    for epoch in range(epochs):
        for i in range((n - 1) // bs + 1):
            start, end = i * bs, (i + 1) * bs
            xb, yb = x_train[start:end], y_train[start:end]
            loss = F.cross_entropy(xb @ weights + bias, yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            with torch.no_grad():
                weights -= weights.grad * lr
                bias -= bias.grad * lr
                weights.grad.zero_()
                bias.grad.zero_()
    return Trained(weights.detach(), bias.detach(), losses)


def with_module(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let an ``nn.Module`` hold the parameters, and update all of them alike.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    x_train, y_train = training_pair(data, weights, bs, epochs)
    model = Mnist_Logistic(weights, bias)
    n, losses = len(x_train), []
    for epoch in range(epochs):
        for i in range((n - 1) // bs + 1):
            start, end = i * bs, (i + 1) * bs
            xb, yb = x_train[start:end], y_train[start:end]
            loss = F.cross_entropy(model(xb), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= p.grad * lr
                model.zero_grad()
    return Trained(model.weights.detach(), model.bias.detach(), losses)


def with_linear(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let ``nn.Linear`` hold weights and bias and do the product.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    x_train, y_train = training_pair(data, weights, bs, epochs)
    model = linear_from(weights, bias)
    n, losses = len(x_train), []
    for epoch in range(epochs):
        for i in range((n - 1) // bs + 1):
            start, end = i * bs, (i + 1) * bs
            xb, yb = x_train[start:end], y_train[start:end]
            loss = F.cross_entropy(model(xb), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= p.grad * lr
                model.zero_grad()
    return _trained(model, losses)


def with_optim(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let ``optim.SGD`` do the update.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    x_train, y_train = training_pair(data, weights, bs, epochs)
    model = linear_from(weights, bias)
    opt = optim.SGD(model.parameters(), lr=lr)
    n, losses = len(x_train), []
    for epoch in range(epochs):
        for i in range((n - 1) // bs + 1):
            start, end = i * bs, (i + 1) * bs
            xb, yb = x_train[start:end], y_train[start:end]
            loss = F.cross_entropy(model(xb), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            opt.step()
            opt.zero_grad()
    return _trained(model, losses)


def with_dataset(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let a ``TensorDataset`` keep pictures and labels together.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    train_ds = TensorDataset(*training_pair(data, weights, bs, epochs))
    model = linear_from(weights, bias)
    opt = optim.SGD(model.parameters(), lr=lr)
    n, losses = len(train_ds), []
    for epoch in range(epochs):
        for i in range((n - 1) // bs + 1):
            xb, yb = train_ds[i * bs : (i + 1) * bs]
            loss = F.cross_entropy(model(xb), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            opt.step()
            opt.zero_grad()
    return _trained(model, losses)


def with_dataloader(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let a ``DataLoader`` cut the mini-batches.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    train_ds = TensorDataset(*training_pair(data, weights, bs, epochs))
    train_dl = DataLoader(train_ds, batch_size=bs)
    model = linear_from(weights, bias)
    opt = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for epoch in range(epochs):
        for i, (xb, yb) in enumerate(train_dl):
            loss = F.cross_entropy(model(xb), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            opt.step()
            opt.zero_grad()
    return _trained(model, losses)


def validation_pair(data: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Take the validation data out of what a training loop is given.

    Parameters
    ----------
    data : tuple of Tensor
        ``x_train, y_train, x_valid, y_valid``, and perhaps more.

    Returns
    -------
    x_valid, y_valid : Tensor
        The third and fourth of `data`.

    Raises
    ------
    ValueError
        If they are missing or empty, the lengths differ, or a label lies outside 0..9.
    """
    if len(data) < 4:
        raise ValueError("no validation data: give x_train, y_train, x_valid, y_valid")
    x_valid, y_valid = data[2:4]
    check_batch(x_valid, y_valid)
    check_labels(y_valid)
    return x_valid, y_valid


def with_validation(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Print the mean validation loss after every epoch.

    The training data stay in file order, so that the result can be compared with the others.
    """
    train_ds = TensorDataset(*training_pair(data, weights, bs, epochs))
    valid_ds = TensorDataset(*validation_pair(data))
    train_dl = DataLoader(train_ds, batch_size=bs)
    valid_dl = DataLoader(valid_ds, batch_size=bs * 2)
    model = linear_from(weights, bias)
    opt = optim.SGD(model.parameters(), lr=lr)
    losses = []
    for epoch in range(epochs):
        model.train()
        for i, (xb, yb) in enumerate(train_dl):
            loss = F.cross_entropy(model(xb), yb)
            losses.append(check_loss(loss, epoch, i, lr=lr))
            loss.backward()
            opt.step()
            opt.zero_grad()
        model.eval()
        with torch.no_grad():
            total = sum(F.cross_entropy(model(xb), yb) * len(xb) for xb, yb in valid_dl)
        print(epoch, float(total) / len(valid_ds))
    return _trained(model, losses)


def with_fit(
    data: tuple[Tensor, ...],
    weights: Tensor,
    bias: Tensor,
    bs: int = 64,
    lr: float = 0.5,
    epochs: int = 2,
) -> Trained:
    """Let ``get_data`` and ``fit`` do all of it.

    Takes, returns and raises what :func:`mnist_tut.by_hand.train_by_hand` does.
    """
    train_ds = TensorDataset(*training_pair(data, weights, bs, epochs))
    valid_ds = TensorDataset(*validation_pair(data))
    train_dl, valid_dl = get_data(train_ds, valid_ds, bs, shuffle=False)
    model = linear_from(weights, bias)
    opt = optim.SGD(model.parameters(), lr=lr)
    history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)
    return _trained(model, [loss for epoch in history for loss in epoch.losses])


class Measured(NamedTuple):
    """One step of the refactoring, run and measured.

    Attributes
    ----------
    name : str
        Name of the function.
    lines : int
        Lines of code in its body.
    seconds : float
        Time per epoch.
    last_loss : float
        Loss on the last mini-batch after training, in nats.
    trained : Trained
        What the function returned.
    """

    name: str
    lines: int
    seconds: float
    last_loss: float
    trained: Trained


def same_result(one: Measured, other: Measured, tol: float = 1e-4) -> bool:
    """Whether two steps ended with the same weights, bias and losses, up to rounding.

    Parameters
    ----------
    one, other : Measured
        As :func:`measure` returns them.
    tol : float, default 1e-4
        Largest difference allowed; float32 sums taken in another order differ by about 1e-6.

    Returns
    -------
    bool
        True if no weight, bias or loss differs by more than `tol`, and none is missing.
    """
    ones, others = (
        [torch.as_tensor(part, dtype=torch.float64) for part in step.trained]
        for step in (one, other)
    )
    return all(
        a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=tol)
        for a, b in zip(ones, others, strict=True)
    )


def code_lines(func: Callable[..., object]) -> int:
    """Count the lines of a function's body that hold code.

    Parameters
    ----------
    func : function
        Its source must be at hand.

    Returns
    -------
    int
        Lines without the signature, the docstring, comments and blank lines; a statement that
        is wrapped counts as one.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(func))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    lines = [line for statement in body for line in ast.unparse(statement).splitlines()]
    return sum(map(bool, lines))  # unparse puts blank lines before inner functions


def measure(
    step: Step, data: tuple[Tensor, ...], weights: Tensor, bias: Tensor
) -> Measured:
    """Run one step of the refactoring as the tutorial does, and note its size and time.

    Parameters
    ----------
    step : callable
        :func:`mnist_tut.by_hand.train_by_hand` or a function of this module.
    data, weights, bias
        As the step takes them.

    Returns
    -------
    Measured
        Name, lines of code, seconds per epoch and what the step returned.
    """
    bs, epochs = 64, 2
    with contextlib.redirect_stdout(
        io.StringIO()
    ):  # PyTorch loads some parts when first used
        step(tuple(t[:bs] for t in data), weights, bias, bs, epochs=1)
    began = time.perf_counter()
    trained = step(data, weights, bias, bs, epochs=epochs)
    seconds = (time.perf_counter() - began) / epochs
    x_train, y_train = data[:2]
    last = slice((len(x_train) - 1) // bs * bs, None)
    last_loss = F.cross_entropy(
        x_train[last] @ trained.weights + trained.bias, y_train[last]
    )
    return Measured(step.__name__, code_lines(step), seconds, last_loss.item(), trained)
