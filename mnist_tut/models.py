"""Models to keep: logistic regression, a small CNN in three forms, and a better one."""

import torch.nn.functional as F
from torch import nn

__all__ = [
    "Lambda",
    "Mnist_CNN",
    "Mnist_Logistic",
    "better_cnn",
    "cnn_any_size",
    "cnn_layers",
    "conv",
    "conv_block",
]


class Mnist_Logistic(nn.Module):
    """Logistic regression on flat pictures, with :class:`torch.nn.Linear` as its only layer.

    Takes an (n, 784) float Tensor, gives (n, 10) logits for
    :func:`torch.nn.functional.cross_entropy`.
    """

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(784, 10)

    def forward(self, xb):
        """Logits of a mini-batch: (n, 784) to (n, 10)."""
        return self.lin(xb)


class Mnist_CNN(nn.Module):
    """Three strided convolutions, each with a ReLU, then an average over what is left.

    Takes an (n, 784) float Tensor, gives (n, 10) logits; they are never negative, because the
    last ReLU comes before the average.
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(16, 16, kernel_size=3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(16, 10, kernel_size=3, stride=2, padding=1)

    def forward(self, xb):
        """Logits of a mini-batch: (n, 784) to (n, 10)."""
        xb = F.relu(self.conv1(xb.view(-1, 1, 28, 28)))
        xb = F.relu(self.conv2(xb))
        xb = F.relu(self.conv3(xb))
        return F.avg_pool2d(xb, 4).view(-1, 10)


class Lambda(nn.Module):
    """A layer made from a function.

    Parameters
    ----------
    func : callable
        Takes a Tensor and returns one. Give it a named function: a ``lambda`` cannot be
        pickled, and then ``torch.save(model)`` fails.
    """

    def __init__(self, func):
        super().__init__()
        self.func = func

    def forward(self, x):
        """Apply the function to `x`."""
        return self.func(x)


def conv(n_in, n_out):
    """Build a convolution that halves width and height, rounding up.

    Parameters
    ----------
    n_in, n_out : int
        Number of channels before and after.

    Returns
    -------
    nn.Conv2d
        Takes ``(n, n_in, h, w)``, gives ``(n, n_out, ceil(h/2), ceil(w/2))``.
    """
    return nn.Conv2d(n_in, n_out, kernel_size=3, stride=2, padding=1)


def cnn_layers():
    """Build the layers that :class:`Mnist_CNN` has between its ``view`` and its average.

    Returns
    -------
    list of nn.Module
        Three convolutions, each with a ReLU; (n, 1, 28, 28) pictures become (n, 10, 4, 4).
    """
    return [conv(1, 16), nn.ReLU(), conv(16, 16), nn.ReLU(), conv(16, 10), nn.ReLU()]


def cnn_any_size():
    """Build the CNN for single-channel pictures of any size.

    Returns
    -------
    nn.Sequential
        Takes (n, 1, height, width) pictures and gives (n, 10) logits.
    """
    return nn.Sequential(*cnn_layers(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def conv_block(n_in, n_out):
    """Build a convolution that halves width and height, normalised, then ReLU.

    Parameters
    ----------
    n_in, n_out : int
        Number of channels before and after.

    Returns
    -------
    nn.Sequential
        Takes ``(n, n_in, h, w)``, gives ``(n, n_out, ceil(h/2), ceil(w/2))``. Batch normalisation
        is that of Ioffe and Szegedy (2015).
    """
    return nn.Sequential(conv(n_in, n_out), nn.BatchNorm2d(n_out), nn.ReLU())


def better_cnn():
    """Build a CNN of three normalised blocks with a linear layer on top.

    Returns
    -------
    nn.Sequential
        Takes (n, 1, 28, 28) pictures and gives (n, 10) logits, of either sign.
    """
    blocks = [conv_block(1, 16), conv_block(16, 32), conv_block(32, 64)]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(64 * 4 * 4, 10))
