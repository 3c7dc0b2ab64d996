"""The stand-in for MNIST: 70,000 digits written by a pen, for machines that cannot download.

A digit is written as people write it. Pick one of the ways to write it (``STYLES``), shake
its control points, warp and slant the sheet, run a smooth curve through the points, and let a
pen of some width leave ink along the curve. As in MNIST the picture is 28 x 28, the digit fits
in 20 x 20 and its centre of mass is the centre of the picture.

Lengths are in units of the digit's height until ``fit_in_box``, and in pixels from there on.
x runs right and y runs *down*, as the columns and rows of a picture do.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Generator, Tensor

__all__ = ["make_strokes"]

Pair = tuple[Tensor, Tensor]

# Each pair of letters is a control point, x then y, from a = 0.0 to k = 1.0; "/" lifts the pen.
STYLES: dict[int, tuple[str, ...]] = {
    0: (
        "hb db bc af bi dk hk ji kf jc hb",
        "fa ca ad ah ck hk kh kd ia fb",
        "ha eb bf ci fk ih kd hb ga",
    ),
    1: (
        "fa ff fk",
        "ga ff ek",
        "fa fc ff fh fk",
        "ga ff fk",
        "dd fa ff fk",
        "dc fa fe fk/ck fk ik",
    ),
    2: (
        "bc da ha jc if ei bk/bk ek hk kj",
        "bd cb fa ic ie gg cj/cj bi di gk kj",
        "bb ea ib id fg bk/bk fk kk",
        "ac ea ib ie fi bj ah di gk kj",
    ),
    3: (
        "bb ea ib id ee/ee if jh hk dk aj",
        "ba fa ja/ja gc ee/ee hf ih gk ck aj",
        "bc da hb hd ee fe if ii ek bj",
    ),
    4: (
        "ca be bf fg kf/ja ic hf gk",
        "da ad ag eg kg/ga ge gk",
        "ga dc ag/ag fg kg/ga ge gk",
        "ba bd cf ge ib/ib ig hk",
    ),
    5: (
        "ja ca/ca be/be ge if ih fk ak",
        "ka da/da cd/cd ge jg hj ek bj",
        "jb ea cb ce ff ih hj dk ai",
    ),
    6: (
        "ha dc bg bi dk gk ji hg eg bi",
        "ia ed bh ck gk ii gg cg",
        "fa cd bh dk hk jh hf df bh",
    ),
    7: (
        "ab db ja/ja hd fh ek",
        "ac ab ea ka/ka he fk",
        "aa fa ka/ka ge ek/cf ff if",
        "ac bb eb ib ja id gg fk",
    ),
    8: (
        "ib ea bb cd ff ih hk dk bh cf ge jc ib",
        "ic fa cb dd ge ig hj ek bj ch ee id ic",
        "fe cd da ga id fe/fe bg ck gk jh fe",
    ),
    9: (
        "jc ga cb be ef ie jc/jc jf ih hk",
        "ib ea bc ce ge ic/ic ig fk",
        "jb fa bc cf ge jb/jb jf jk",
        "id ga cb ce ff id/id ig gk bj",
    ),
}

# How much one writer differs from the next; a "spread" is a standard deviation. Tuned so that
# the tutorial's models do about as well here as on MNIST: change one and train again.
WARP_SPREAD = 0.2
JITTER_SPREAD = 0.06
TURN_SPREAD = 0.08  # radians
SLANT_MEAN, SLANT_SPREAD = 0.28, 0.2  # most people lean to the right
WIDTH_MEDIAN, WIDTH_SPREAD = 0.85, 0.2  # the spread is that of the logarithm
PEN_THINNEST, PEN_WIDEST = 0.9, 2.0  # half widths, pixels

SIDE = 28  # of the picture, pixels
BOX = 20  # the digit's longer side, pixels
# Points on a curve: nearly always closer together than the thinnest pen is wide.
SAMPLES = 56

# Ink fades from the middle of a line as a Gaussian; these turn it into a stroke with
# an edge: paper up to INK_WHITE, full ink from INK_WHITE + INK_RANGE on.
INK_SPREAD = 0.62  # standard deviation, in half widths of the pen
INK_WHITE, INK_RANGE = 0.16, 0.55


class Style(NamedTuple):
    """One way to write a digit, ready for drawing.

    Attributes
    ----------
    points : (m, 2) float32 Tensor
        The control points of all strokes, in [0, 1].
    curve : (SAMPLES, m) float32 Tensor
        ``curve @ points`` are points along the smooth curves.
    lifts : (SAMPLES,) bool Tensor
        True where a stroke ends and the pen leaves the paper.
    """

    points: Tensor
    curve: Tensor
    lifts: Tensor


def make_strokes(
    seed: int = 0, sizes: tuple[int, int, int] = (50_000, 10_000, 10_000)
) -> tuple[Pair, Pair, Pair]:
    """Draw the stand-in data set: training, validation and test pictures.

    The same seed and sizes give the same pictures (on another kind of processor a few pixels may
    differ by 1/256). PyTorch's global random state is neither read nor changed.

    Parameters
    ----------
    seed : int
        From 0 to ``2**32 - 1``.
    sizes : three int
        How many pictures in each part. A part may be empty.

    Returns
    -------
    three pairs (images, labels)
        ``images`` is (n, 784) float32, each value k/256 with k in 0..255 and 0 the paper;
        ``labels`` is (n,) int64, the digits 0 to 9 in random order.

    Raises
    ------
    ValueError
        If the seed is not such an integer, or the sizes are not three integers from 0 up.
    """
    check_seed(seed)
    check_sizes(sizes)
    with torch.device("cpu"):  # the generator's device, whatever the caller's default
        rng = Generator().manual_seed(seed)
        train, valid, test = (draw_part(n, rng) for n in sizes)
    return train, valid, test


def check_seed(seed: int) -> None:
    """Refuse a seed that is no whole number, or too large to be used in full."""
    if not is_count(seed) or seed >= 2**32:  # the CPU generator reads only 32 bits
        raise ValueError(
            f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}"
        )


def check_sizes(sizes: tuple[int, int, int]) -> None:
    """Refuse anything but three counts."""
    if not isinstance(sizes, tuple | list) or len(sizes) != 3:
        raise ValueError(
            f"sizes must be three numbers (train, valid, test), not {sizes!r}"
        )
    for name, size in zip(("train", "valid", "test"), sizes, strict=True):
        if not is_count(size):
            wanted = "a whole number of at least 0"
            raise ValueError(f"the {name} size must be {wanted}, not {size!r}")


def is_count(value: object) -> bool:
    """Tell whether `value` is a whole number from 0 up; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def draw_part(n: int, rng: Generator) -> Pair:
    """Draw n pictures of random digits; see :func:`make_strokes` for the two tensors."""
    labels = torch.randint(10, (n,), generator=rng)
    images = torch.zeros(n, SIDE, SIDE, dtype=torch.float32)
    # One style at a time: its pictures share one curve matrix, and memory stays small.
    for text, rows in rows_by_style(labels, rng):
        images[rows] = draw(compile_style(text), len(rows), rng)
    return to_grey_levels(images).view(n, SIDE * SIDE), labels


def rows_by_style(labels: Tensor, rng: Generator) -> Iterator[tuple[str, Tensor]]:
    """Give each picture one of its digit's styles by lot, all equally likely.

    Parameters
    ----------
    labels : (n,) int64 Tensor
        The digits to write.
    rng : torch.Generator
        The source of chance.

    Yields
    ------
    str, (rows,) int64 Tensor
        A style's text and the pictures to draw in it. Every picture comes up exactly once.
    """
    lot = uniform(rng, len(labels))
    for digit, texts in STYLES.items():
        choice = (lot * len(texts)).long()
        for number, text in enumerate(texts):
            yield text, ((labels == digit) & (choice == number)).nonzero()[:, 0]


def to_grey_levels(images: Tensor) -> Tensor:
    """Round ink in [0, 1] to the grid k/256, k in 0..255, of the MNIST file; in place."""
    return images.mul_(255).round_().div_(256)


def compile_style(text: str) -> Style:
    """Turn a style's text, as in :data:`STYLES`, into tensors."""
    strokes = [read_stroke(stroke) for stroke in text.split("/")]
    counts = share_samples(strokes)
    curves = [spline_basis(len(s), k) for s, k in zip(strokes, counts, strict=True)]
    lifts = torch.zeros(SAMPLES, dtype=torch.bool)
    lifts[torch.tensor(counts).cumsum(0) - 1] = True
    return Style(torch.cat(strokes), torch.block_diag(*curves), lifts)


def read_stroke(text: str) -> Tensor:
    """Read one stroke, "fa ff fk", as (m, 2) float32 control points in [0, 1]."""
    points = [[ord(letter) - ord("a") for letter in pair] for pair in text.split()]
    return torch.tensor(points, dtype=torch.float32) / 10


def share_samples(strokes: list[Tensor]) -> list[int]:
    """Share out the SAMPLES curve points, to each stroke by its length but four at least."""
    lengths = [float(stroke.diff(dim=0).norm(dim=1).sum()) for stroke in strokes]
    counts = [max(4, round(SAMPLES * length / sum(lengths))) for length in lengths]
    counts[0] += SAMPLES - sum(counts)  # what rounding left over
    return counts


def spline_basis(m: int, k: int) -> Tensor:
    """Matrix that turns m control points into k points on the curve through them.

    The curve is a uniform Catmull-Rom spline: it passes through every control point, and there
    runs parallel to the line between the two neighbours. Its ends count as doubled.

    Parameters
    ----------
    m : int
        Control points, at least 2.
    k : int
        Points wanted on the curve, evenly spaced in the parameter.

    Returns
    -------
    (k, m) float32 Tensor
        Each row holds at most four weights, which sum to 1.

    References
    ----------
    E. Catmull, R. Rom (1974), "A class of local interpolating splines".
    """
    place = torch.linspace(0, m - 1, k, dtype=torch.float32)
    before = place.long().clamp(max=m - 2)  # the control point at or before each place
    weights = catmull_rom(place - before)
    basis = torch.zeros(k, m, dtype=torch.float32)
    for column in range(4):
        neighbour = (before + column - 1).clamp(0, m - 1)
        basis.scatter_add_(1, neighbour[:, None], weights[:, column, None])
    return basis


def catmull_rom(t: Tensor) -> Tensor:
    """Weights (k, 4) of the four control points around each t in [0, 1], shape (k,)."""
    before = -t + 2 * t**2 - t**3
    start = 2 - 5 * t**2 + 3 * t**3
    end = t + 4 * t**2 - 3 * t**3
    after = -(t**2) + t**3
    return torch.stack([before, start, end, after], dim=1) / 2


def draw(style: Style, n: int, rng: Generator) -> Tensor:
    """Write a digit n times in one style, each time by another hand.

    Parameters
    ----------
    style : Style
        As :func:`compile_style` returns it.
    n : int
        How many pictures.
    rng : torch.Generator
        The source of chance.

    Returns
    -------
    (n, 28, 28) float32 Tensor
        Ink in [0, 1].
    """
    # About (0, 0), because the sheet is warped, slanted and turned about its middle.
    points = style.points.expand(n, -1, -1) - 0.5
    points = slant_and_turn(shake(points, rng), rng)
    pen = PEN_THINNEST + (PEN_WIDEST - PEN_THINNEST) * uniform(rng, n)
    path = fit_in_box(style.curve @ points, pen)
    steps = step_lengths(path, style.lifts)
    return spread_ink(centre(path, steps), steps, pen)


def shake(points: Tensor, rng: Generator) -> Tensor:
    """Warp the paper a little, as a random cubic would, then let each point slip a little.

    Parameters
    ----------
    points : (n, m, 2) float32 Tensor
        Control points around (0, 0).
    rng : torch.Generator
        The source of chance.

    Returns
    -------
    (n, m, 2) float32 Tensor
        The points moved.
    """
    x, y = points.unbind(-1)
    powers = torch.stack([x**2, y**2, x * y, x**3, y**3, x], dim=-1)
    warp = WARP_SPREAD * normal(rng, len(points), 2, 6)
    slips = JITTER_SPREAD * normal(rng, *points.shape)
    return points + powers @ warp.mT + slips


def slant_and_turn(points: Tensor, rng: Generator) -> Tensor:
    """Make each digit narrower or wider, lean it and turn it.

    Parameters
    ----------
    points : (n, m, 2) float32 Tensor
        Control points around (0, 0), which stays where it is.
    rng : torch.Generator
        The source of chance.

    Returns
    -------
    (n, m, 2) float32 Tensor
        The points moved.
    """
    x, y = points.unbind(-1)
    angle = TURN_SPREAD * normal(rng, len(points), 1)
    slant = SLANT_MEAN + SLANT_SPREAD * normal(rng, len(points), 1)
    width = WIDTH_MEDIAN * (WIDTH_SPREAD * normal(rng, len(points), 1)).exp()
    x = width * x - slant * y  # y runs down: the top, at negative y, goes right
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1)


def fit_in_box(path: Tensor, pen: Tensor) -> Tensor:
    """Scale each path so that path and pen together fit into 20 x 20 pixels.

    Parameters
    ----------
    path : (n, k, 2) float32 Tensor
        Points along each curve, in any unit.
    pen : (n,) float32 Tensor
        Half width of each pen, in pixels.

    Returns
    -------
    (n, k, 2) float32 Tensor
        In pixels; the longer side of the path is ``20 - 2 * pen``.
    """
    longer_side = (path.amax(dim=1) - path.amin(dim=1)).amax(dim=1)
    return path * ((BOX - 2 * pen) / longer_side)[:, None, None]


def step_lengths(path: Tensor, lifts: Tensor) -> Tensor:
    """Measure how far the pen runs on the paper from each point to the next.

    Parameters
    ----------
    path : (n, k, 2) float32 Tensor
        Points along each curve.
    lifts : (k,) bool Tensor
        Where the pen leaves the paper; the last point must be one of these.

    Returns
    -------
    (n, k) float32 Tensor
        In the unit of the path; zero where the pen lifts.
    """
    # The roll joins the last point to the first; as a lift, that step counts nothing.
    to_next = path.roll(-1, dims=1) - path
    return to_next.norm(dim=2).masked_fill(lifts, 0)


def centre(path: Tensor, steps: Tensor) -> Tensor:
    """Move each path so that its centre of mass is at (0, 0), as MNIST does with its digits.

    Parameters
    ----------
    path : (n, k, 2) float32 Tensor
        Points along each curve.
    steps : (n, k) float32 Tensor
        The mass at each point, as :func:`step_lengths` returns it.

    Returns
    -------
    (n, k, 2) float32 Tensor
        The paths moved.
    """
    share = steps / steps.sum(dim=1, keepdim=True)
    return path - share[:, None] @ path


def spread_ink(path: Tensor, steps: Tensor, pen: Tensor) -> Tensor:
    """Draw each path as a band of ink.

    Each step leaves a round Gaussian blot, in proportion to its length. Along a straight line
    the blots add up to ``exp(-d**2 / (2 * spread**2))`` at distance d from it, however fast
    the points follow one another. A round Gaussian is a product of one in x and one in y, so
    the sum over all points is a single matrix product.

    Parameters
    ----------
    path : (n, k, 2) float32 Tensor
        Points along each curve, in pixels from the centre of the picture.
    steps : (n, k) float32 Tensor
        The length of path that each point stands for, in pixels.
    pen : (n,) float32 Tensor
        Half width of each pen, in pixels.

    Returns
    -------
    (n, 28, 28) float32 Tensor
        Ink, in [0, 1].
    """
    spread = INK_SPREAD * pen[:, None, None]
    pixels = torch.arange(SIDE, dtype=torch.float32) - (SIDE - 1) / 2
    offsets = (place[..., None] - pixels for place in path.unbind(-1))
    across, down = ((-(offset**2) / (2 * spread**2)).exp() for offset in offsets)
    blots = (down * steps[..., None]).mT @ across
    ink = blots / (spread * math.sqrt(2 * math.pi))
    return ((ink - INK_WHITE) / INK_RANGE).clamp(0, 1)


def normal(rng: Generator, *shape: int) -> Tensor:
    """Draw standard normal numbers of this shape, float32 whatever the caller's default dtype."""
    return torch.randn(shape, generator=rng, dtype=torch.float32)


def uniform(rng: Generator, n: int) -> Tensor:
    """Draw numbers (n,) from [0, 1), float32 whatever the caller's default dtype."""
    return torch.rand(n, generator=rng, dtype=torch.float32)
