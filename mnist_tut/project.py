"""What a project of your own adds: pictures from files, a schedule, checkpoints, metrics."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

from mnist_tut.models import conv_block
from mnist_tut.training import loss_batch

__all__ = [
    "DeepCNN",
    "PictureFolder",
    "confusion",
    "ink_of",
    "like_mnist",
    "random_shift",
    "read_picture",
    "resume",
    "save",
    "train_epoch",
]


def read_picture(path):
    """Read a grey picture of 28 by 28 as a row of MNIST.

    Parameters
    ----------
    path : Path
        A file that Pillow can open; colours become shades of grey.

    Returns
    -------
    (n,) float32 Tensor
        One number per pixel, from 0 for black to 255/256 for white, row by row.

    Raises
    ------
    OSError
        If there is no such file, or no picture in it; either names the file.
    """
    with Image.open(path) as picture:
        pixels = np.array(picture.convert("L"))
    return torch.tensor(pixels).view(-1) / 256


class PictureFolder(Dataset):
    """Pictures in files, sorted into a folder for each class.

    Parameters
    ----------
    folder : Path
        Holds ``0/12.png``, ``3/7.png`` and so on: a folder's name is the label of what is in it.

    Raises
    ------
    ValueError
        On access, if the name of a folder is not a whole number.
    """

    def __init__(self, folder):
        self.files = sorted(Path(folder).glob("*/*.png"))

    def __len__(self):
        """Count the files."""
        return len(self.files)

    def __getitem__(self, i):
        """Read a picture, and give it with its label: (784,) float32 and int."""
        path = self.files[i]
        return read_picture(path), int(path.parent.name)


class DeepCNN(nn.Module):
    """As many normalised blocks as there are widths, with a linear head on top.

    Takes (n, 1, 28, 28) pictures and gives (n, `classes`) logits.

    Parameters
    ----------
    widths : list of int
        Channels after each block; three of them halve 28 to 4, which the head relies on.
    classes : int, default 10
        How many logits.
    """

    def __init__(self, widths, classes=10):
        super().__init__()
        pairs = pairwise([1, *widths])
        self.blocks = nn.ModuleList(conv_block(a, b) for a, b in pairs)
        self.head = nn.Linear(widths[-1] * 4 * 4, classes)

    def features(self, xb):
        """Run a mini-batch through the blocks: (n, 1, 28, 28) to (n, 16 * last width)."""
        for block in self.blocks:
            xb = block(xb)
        return xb.flatten(1)

    def forward(self, xb):
        """Logits of a mini-batch."""
        return self.head(self.features(xb))


def ink_of(picture):
    """Turn a photo of dark ink on light paper into light ink on black.

    Parameters
    ----------
    picture : PIL.Image.Image
        Of any size; most of it is paper.

    Returns
    -------
    (height, width) float32 Tensor
        0 for the paper, up to 1 for the darkest ink; shadows less than a third as dark vanish. NaN
        everywhere, if there is nothing but paper.
    """
    dark = -torch.tensor(np.array(picture.convert("L")), dtype=torch.float32)
    dark = dark - dark.median()  # most of a sheet is paper
    return (dark / dark.max() * 1.5 - 0.5).clamp(min=0)


def like_mnist(ink):
    """Bring ink into the form of MNIST: 20 pixels long, its centre of mass in the middle of 28.

    Parameters
    ----------
    ink : (height, width) float Tensor
        0 where there is none.

    Returns
    -------
    (784,) float Tensor
        From 0 to 1.

    Raises
    ------
    RuntimeError
        If there is no ink at all.
    """
    rows, columns = ink.nonzero().unbind(1)
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    size = [max(1, round(side * 20 / max(ink.shape))) for side in ink.shape]
    small = F.adaptive_avg_pool2d(ink[None], size)[0]
    canvas, places = torch.zeros(28, 28), []
    for dim, side in enumerate(size):
        mass = small.sum(dim=1 - dim)
        centre = (mass @ torch.arange(side).float()) / mass.sum()
        places.append(min(max(round(13.5 - centre.item()), 0), 28 - side))
    (top, left), (height, width) = places, size
    canvas[top : top + height, left : left + width] = small
    return canvas.view(-1)


def random_shift(x, y, generator=None):
    """Shift the pictures of a mini-batch by up to two pixels each way, all of them alike.

    Parameters
    ----------
    x : (n, 1, 28, 28) Tensor
        Pictures; what is shifted in at an edge is black.
    y : (n,) Tensor
        Their labels.
    generator : torch.Generator, optional
        Where the random numbers come from.

    Returns
    -------
    x : (n, 1, 28, 28) Tensor
        Shifted.
    y : (n,) Tensor
        As it came.
    """
    i, j = torch.randint(5, (2,), generator=generator).tolist()
    return F.pad(x, [2] * 4)[:, :, i : i + 28, j : j + 28], y


def train_epoch(model, opt, schedule, train_dl):
    """Train for one epoch, with a learning rate that changes after every step.

    Parameters
    ----------
    model : nn.Module
        Trained in place.
    opt : torch.optim.Optimizer
        Made with the model's parameters.
    schedule : torch.optim.lr_scheduler.LRScheduler
        Made with `opt`.
    train_dl : DataLoader
        Or anything else that hands out (inputs, targets).

    Returns
    -------
    list of (float, int)
        Mean loss and size of each mini-batch, for :func:`mnist_tut.training.weighted_mean`.
    """
    model.train()
    losses = []
    for xb, yb in train_dl:
        losses.append(loss_batch(model, F.cross_entropy, xb, yb, opt))
        schedule.step()
    return losses


def confusion(guess, target, classes=10):
    """Count how often each class was taken for each.

    Parameters
    ----------
    guess, target : (n,) int64 Tensor
        Predicted and true classes.
    classes : int, default 10
        How many there are.

    Returns
    -------
    (classes, classes) int64 Tensor
        A row for every true class, a column for every predicted one.
    """
    pairs = target * classes + guess
    return pairs.bincount(minlength=classes**2).view(classes, classes)


def save(path, model, opt, schedule, generator):
    """Keep all that a run needs to go on, whole or not at all.

    Parameters
    ----------
    path : Path
        Of the checkpoint. What was there stays until the new one is complete.
    model, opt, schedule : nn.Module, Optimizer, LRScheduler
        What is trained, and with what.
    generator : torch.Generator
        The source of all random numbers of the loader.
    """
    state = {
        "model": model.state_dict(),
        "opt": opt.state_dict(),
        "schedule": schedule.state_dict(),
        "generator": generator.get_state(),
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)  # all at once: nobody finds half a file


def resume(path, model, opt, schedule, generator):
    """Go back to what :func:`save` has kept; the parameters are those of :func:`save`.

    Raises
    ------
    FileNotFoundError
        If there is no checkpoint.
    RuntimeError
        If it is one of another model.
    """
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    opt.load_state_dict(state["opt"])
    schedule.load_state_dict(state["schedule"])
    generator.set_state(state["generator"])
