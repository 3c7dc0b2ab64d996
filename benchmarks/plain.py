"""The tutorial's algorithm the slow way, in one file: the measure for everything faster.

Plain ``DataLoader`` over a ``TensorDataset``, contiguous layout, default SGD; two epochs each of
logistic regression (five times) and of the CNN (four times), as the published tutorial does.
Prints the seconds of each part as JSON.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.data import load_mnist

SECONDS: dict[str, float] = {}


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Add the time spent inside to the entry `name`."""
    began = time.perf_counter()
    yield
    SECONDS[name] = SECONDS.get(name, 0) + time.perf_counter() - began


class Pictures(nn.Module):
    """Give rows of 784 pixels their shape."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """View rows as pictures."""
        return x.view(-1, 1, 28, 28)


def cnn() -> nn.Module:
    """Build the tutorial's CNN."""
    sizes = [(1, 16), (16, 16), (16, 10)]
    convolutions = [nn.Conv2d(i, o, 3, stride=2, padding=1) for i, o in sizes]
    layers = [layer for conv in convolutions for layer in (conv, nn.ReLU())]
    return nn.Sequential(Pictures(), *layers, nn.AvgPool2d(4), nn.Flatten())


def train(
    model: nn.Module,
    opt: optim.Optimizer,
    train_ds: TensorDataset,
    valid_ds: TensorDataset,
) -> None:
    """Train for two epochs, looking at the validation loss after each."""
    train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)
    valid_dl = DataLoader(valid_ds, batch_size=128)
    for _ in range(2):
        model.train()
        for xb, yb in train_dl:
            F.cross_entropy(model(xb), yb).backward()
            opt.step()
            opt.zero_grad()
        model.eval()
        with torch.no_grad():
            losses = [
                F.cross_entropy(model(xb), yb).item() * len(xb) for xb, yb in valid_dl
            ]
        assert sum(losses) / len(valid_ds) < 1.5


def main() -> None:
    """Run all of it."""
    torch.manual_seed(42)
    with timed("data"):
        data = load_mnist()
        train_ds, valid_ds = TensorDataset(*data[:2]), TensorDataset(*data[2:4])
    for _ in range(5):
        with timed("logistic"):
            model: nn.Module = nn.Linear(784, 10)
            train(model, optim.SGD(model.parameters(), lr=0.5), train_ds, valid_ds)
    for _ in range(4):
        with timed("cnn"):
            model = cnn()
            train(
                model,
                optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
                train_ds,
                valid_ds,
            )
    print(json.dumps(SECONDS))


if __name__ == "__main__":
    main()
