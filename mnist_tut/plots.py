"""The tutorial's figures: each takes data and an Axes, draws, and returns the Axes.

Text in a figure is short and English, so that every language can show the same picture.
Backgrounds are transparent and text is mid-grey, so that a page may be light or dark.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from mnist_tut.checks import check_batch, check_positive

__all__ = [
    "COLORS",
    "batch_losses",
    "digits",
    "per_epoch",
    "probabilities",
    "ratio_bars",
    "signed_tiles",
    "step_sizes",
    "tile",
    "use_style",
]

# Okabe and Ito's colours, told apart by colour-blind readers and seen on white and on black.
COLORS = {"blue": "#0072B2", "orange": "#D55E00", "green": "#009E73", "pink": "#CC79A7"}
GREY = "#7a7a7a"
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [COLORS["blue"], "#f2f2f2", COLORS["orange"]]
)


def use_style() -> None:
    """Set matplotlib's defaults for the tutorial's figures."""
    greys = [
        "text.color",
        "axes.labelcolor",
        "axes.edgecolor",
        "xtick.color",
        "ytick.color",
    ]
    backgrounds = ["figure.facecolor", "axes.facecolor", "savefig.facecolor"]
    style: dict[Any, Any] = {
        "axes.prop_cycle": cycler(color=list(COLORS.values())),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "figure.constrained_layout.use": True,
        "font.size": 10,
    }
    style |= dict.fromkeys(greys, GREY) | dict.fromkeys(backgrounds, "none")
    mpl.rcParams.update(style)


def tile(images: Tensor, cols: int = 10, gap: int = 2) -> np.ndarray:
    """Lay pictures out in a grid.

    Parameters
    ----------
    images : (n, height, width) Tensor
        At least one picture.
    cols : int, default 10
        Pictures per row.
    gap : int, default 2
        Pixels between pictures.

    Returns
    -------
    (rows * (height + gap) - gap, cols * (width + gap) - gap) float ndarray
        NaN in the gaps and in the places left over.

    Raises
    ------
    ValueError
        If there is no picture, `images` is no stack of pictures, or `gap` is negative.
    """
    check_positive("cols", cols)
    if gap < 0:
        raise ValueError(f"gap must be at least 0 pixels, not {gap}")
    if images.ndim != 3 or 0 in images.shape:
        raise ValueError(
            f"need pictures of shape (n, height, width), got {tuple(images.shape)}"
        )
    n, height, width = images.shape
    rows = -(-n // cols)
    grid = np.full((rows * (height + gap), cols * (width + gap)), np.nan)
    for i, image in enumerate(images.detach().cpu().double().numpy()):
        top, left = i // cols * (height + gap), i % cols * (width + gap)
        grid[top : top + height, left : left + width] = image
    return grid[: -gap or None, : -gap or None]


def _bare(ax: Axes) -> Axes:
    ax.set_axis_off()
    ax.grid(visible=False)
    return ax


def digits(
    x: Tensor, ax: Axes, labels: Sequence[str] | None = None, cols: int = 10
) -> Axes:
    """Draw a sheet of pictures, white ink on black.

    Parameters
    ----------
    x : (n, 784) or (n, height, width) float Tensor
        Pixels from 0 to 1.
    ax : Axes
        Where to draw.
    labels : sequence of str, optional
        One short text per picture, written above it.
    cols : int, default 10
        Pictures per row.

    Returns
    -------
    Axes
        `ax`.

    Raises
    ------
    ValueError
        If there is no picture, or not one label per picture.
    RuntimeError
        If a flat picture does not have 784 pixels.
    """
    images = x.unflatten(1, (28, 28)) if x.ndim == 2 else x
    gap = 14 if labels else 2
    ax.imshow(
        tile(images, cols, gap), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
    )
    for i, label in enumerate(_one_each(labels, images)):
        height, width = images.shape[1:]
        left, top = i % cols * (width + gap), i // cols * (height + gap)
        ax.text(left + width / 2, top - 2, label, ha="center", va="bottom", fontsize=8)
    return _bare(ax)


def _one_each(labels: Sequence[str] | None, images: Tensor) -> Sequence[str]:
    if labels is not None and len(labels) != len(images):
        raise ValueError(
            f"{len(images)} pictures but {len(labels)} labels: give one each"
        )
    return labels or []


def signed_tiles(
    images: Tensor, ax: Axes, labels: Sequence[str] | None = None, cols: int = 10
) -> Axes:
    """Draw weights as pictures: orange adds, blue takes away, and pale is near zero.

    Parameters
    ----------
    images : (n, height, width) float Tensor
        Weights; all pictures share one colour scale, symmetric about zero.
    ax : Axes
        Where to draw.
    labels : sequence of str, optional
        One short text per picture, written above it.
    cols : int, default 10
        Pictures per row.

    Returns
    -------
    Axes
        `ax`.

    Raises
    ------
    ValueError
        If there is no picture, or not one label per picture.
    """
    height, width = images.shape[-2:]
    gap = max(1, round(height / 4)) if labels else max(1, round(height / 10))
    grid = tile(images, cols, gap)
    limit = float(images.detach().abs().max()) or 1.0
    ax.imshow(grid, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    for i, label in enumerate(_one_each(labels, images)):
        left, top = i % cols * (width + gap), i // cols * (height + gap)
        ax.text(
            left + width / 2,
            top - height / 14,
            label,
            ha="center",
            va="bottom",
            fontsize=8,
        )
    return _bare(ax)


def probabilities(log_probs: Tensor, labels: Tensor, ax: Axes) -> Axes:
    """Draw what a model believes: one row per picture, one column per class.

    Parameters
    ----------
    log_probs : (n, 10) float Tensor
        Log-probabilities.
    labels : (n,) int64 Tensor
        The true classes; they name the rows.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        `ax`.

    Raises
    ------
    ValueError
        If there is no row, or the lengths differ.
    """
    check_batch(log_probs, labels)
    probs = log_probs.detach().exp().cpu().numpy()
    ax.imshow(probs, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(probs.shape[1]))
    ax.set_yticks(range(len(labels)), [str(int(label)) for label in labels])
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.grid(visible=False)
    return ax


def batch_losses(losses: Sequence[float], ax: Axes, window: int = 50) -> Axes:
    """Draw the loss of every mini-batch and its running mean.

    Parameters
    ----------
    losses : sequence of float
        In nats, at least `window` of them.
    ax : Axes
        Where to draw.
    window : int, default 50
        Mini-batches that the running mean takes together.

    Returns
    -------
    Axes
        `ax`.

    Raises
    ------
    ValueError
        If there are fewer losses than `window`.
    """
    check_positive("window", window)
    if len(losses) < window:
        raise ValueError(f"{len(losses)} losses, but the running mean takes {window}")
    mean = np.convolve(losses, np.full(window, 1 / window), mode="valid")
    ax.plot(
        losses, color=COLORS["blue"], alpha=0.35, linewidth=0.6, label="each mini-batch"
    )
    steps = np.arange(window - 1, len(losses))
    ax.plot(
        steps,
        mean,
        color=COLORS["orange"],
        linewidth=2,
        label=f"mean of the last {window}",
    )
    ax.set_xlabel("mini-batch")
    ax.set_ylabel("loss [nats]")
    ax.set_ylim(0, None)
    ax.legend(frameon=False)
    return ax


def per_epoch(curves: Mapping[str, Sequence[float]], ax: Axes, ylabel: str) -> Axes:
    """Draw one value per epoch for several models.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Name of the model, and its value after each epoch.
    ax : Axes
        Where to draw.
    ylabel : str
        What the values are.

    Returns
    -------
    Axes
        `ax`.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if not curves:
        raise ValueError("no curves to draw")
    for marker, (name, values) in zip(
        "osD^v" * len(curves), curves.items(), strict=False
    ):
        ax.plot(range(1, len(values) + 1), values, marker=marker, label=name)
    ax.set_xticks(range(1, max(map(len, curves.values())) + 1))
    ax.set_xlabel("epoch")
    ax.set_ylabel(ylabel)
    ax.legend(frameon=False)
    return ax


def step_sizes(
    names: Sequence[str], lines: Sequence[int], losses: Sequence[float], ax: Axes
) -> Axes:
    """Draw the lines of code of every refactoring step, with its final loss beside the bar.

    Parameters
    ----------
    names : sequence of str
        The steps, first one on top.
    lines : sequence of int
        Lines of code of each.
    losses : sequence of float
        Final loss of each, in nats.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        `ax`.

    Raises
    ------
    ValueError
        If the three differ in length, or are empty.
    """
    if not len(names) == len(lines) == len(losses) > 0:
        found = f"{len(names)} names, {len(lines)} sizes, {len(losses)} losses"
        raise ValueError(f"{found}: give one of each for every step")
    bars = ax.barh(range(len(names)), lines, color=COLORS["blue"], height=0.7)
    ax.bar_label(bars, [f"loss {loss:.4f}" for loss in losses], padding=4, fontsize=8)
    ax.set_yticks(range(len(names)), names, family="monospace", fontsize=8)
    ax.invert_yaxis()
    ax.set_xlim(0, max(lines) * 1.25)
    ax.set_xlabel("lines of code in the loop")
    ax.grid(visible=False, axis="y")
    return ax


def ratio_bars(shares: Mapping[str, Sequence[float]], ax: Axes) -> Axes:
    """Draw how long several ways took, as shares of the first one's time.

    Parameters
    ----------
    shares : mapping of str to sequence of float
        As :func:`mnist_tut.timing.ratios` returns them; the first way is drawn on top.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        `ax`. The bars are medians, with their values beside them; thin lines reach from the
        smallest to the largest share.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if not shares or not all(shares.values()):
        raise ValueError("no times to draw: give at least one share for each way")
    medians = [statistics.median(values) for values in shares.values()]
    rows = range(len(medians))
    bars = ax.barh(rows, medians, color=COLORS["blue"], height=0.6)
    bars[0].set_color(GREY)
    ends = [(min(values), max(values)) for values in shares.values()]
    ax.hlines(rows, *zip(*ends, strict=True), color=COLORS["orange"], linewidth=2)
    for row, median, (_, most) in zip(rows, medians, ends, strict=True):
        right = max(median, most)
        ax.annotate(
            f"{median:.2f}",
            (right, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_yticks(rows, list(shares), fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, max(most for _, most in ends) * 1.12)
    ax.set_xlabel(f"time, {next(iter(shares))} = 1")
    ax.grid(visible=False, axis="y")
    ax.set_axisbelow(True)
    return ax
