"""Models to keep: logistic regression, a small CNN, and the same CNN as a list of layers."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "Lambda",
    "Mnist_CNN",
    "Mnist_Logistic",
    "cnn_any_size",
    "cnn_sequential",
    "preprocess",
]

SIDE = 28  # pixels along one side of an MNIST picture


class Mnist_Logistic(nn.Module):
    """Logistic regression on flat pictures, with :class:`torch.nn.Linear` as its only layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(SIDE * SIDE, 10)

    def forward(self, xb: Tensor) -> Tensor:
        """Logits of a mini-batch.

        Parameters
        ----------
        xb : (n, 784) float Tensor
            One row per picture.

        Returns
        -------
        (n, 10) float Tensor
            Logits, for :func:`torch.nn.functional.cross_entropy`.
        """
        return self.lin(xb)


def preprocess(x: Tensor) -> Tensor:
    """View flat rows as 28 x 28 pictures of one channel.

    Parameters
    ----------
    x : (n, 784) Tensor
        One row per picture.

    Returns
    -------
    (n, 1, 28, 28) Tensor
        A view: no pixel is copied where the rows are contiguous.

    Raises
    ------
    ValueError
        If a row does not have 784 pixels. ``view(-1, 1, 28, 28)`` alone would make
        64 pictures of nonsense out of 49 pictures of 32 x 32 without a word.
    """
    if x.ndim != 2 or x.shape[1] != SIDE * SIDE:
        raise ValueError(f"need rows of 28 * 28 pixels, got shape {tuple(x.shape)}")
    return x.view(-1, 1, SIDE, SIDE)


class Mnist_CNN(nn.Module):
    """Three strided convolutions, each with a ReLU, then an average over what is left."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(16, 10, kernel_size=3, stride=2, padding=1)

    def forward(self, xb: Tensor) -> Tensor:
        """Logits of a mini-batch.

        Parameters
        ----------
        xb : (n, 784) float Tensor
            One row per picture.

        Returns
        -------
        (n, 10) float Tensor
            Logits; never negative, because the last ReLU comes before the average.

        Raises
        ------
        ValueError
            If a row does not have 784 pixels.
        """
        xb = preprocess(xb)
        xb = F.relu(self.conv1(xb))
        xb = F.relu(self.conv2(xb))
        xb = F.relu(self.conv3(xb))
        xb = F.avg_pool2d(xb, 4)
        return xb.view(-1, xb.shape[1])


class Lambda(nn.Module):
    """A layer made from a function.

    Parameters
    ----------
    func : callable
        Takes a Tensor and returns one. Give it a named function: a ``lambda`` cannot be
        pickled, and then ``torch.save(model)`` fails.
    """

    def __init__(self, func: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.func = func

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to `x`."""
        return self.func(x)


def cnn_sequential() -> nn.Sequential:
    """Build the layers of :class:`Mnist_CNN` as a list.

    Returns
    -------
    nn.Sequential
        Takes (n, 784) rows and gives (n, 10) logits.
    """
    return nn.Sequential(
        Lambda(preprocess),
        nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 10, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(4),
        nn.Flatten(),
    )


def cnn_any_size() -> nn.Sequential:
    """Build the CNN for single-channel pictures of any size.

    Returns
    -------
    nn.Sequential
        Takes (n, 1, height, width) pictures and gives (n, 10) logits.
    """
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 10, kernel_size=3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
