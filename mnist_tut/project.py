"""What a project of your own adds: pictures from files, a schedule, checkpoints, metrics."""

import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import nn
from torch.utils.data import Dataset

from mnist_tut.models import conv_block
from mnist_tut.training import loss_batch

__all__ = [
    "DeepCNN",
    "PictureFolder",
    "brightness",
    "confusion",
    "digit_alone",
    "eight_bits",
    "felt_pen",
    "grey_on_white",
    "ink_of",
    "is_board",
    "like_mnist",
    "on_a_sheet",
    "opened",
    "paper_around",
    "random_shift",
    "read_picture",
    "resume",
    "save",
    "tents",
    "train_epoch",
]

ENDINGS = re.compile(r"\.(avif|bmp|gif|hei[cf]|jfif|jpe?g|p[gp]m|png|tiff?|webp)", re.I)
SIDE = 400  # pixels of a photo's longer side: enough for a digit of 20
NO_INK = "there is no ink on this picture, or only at its edge: leave a margin around the digit"


def grey_on_white(source):
    """Open any picture, or take an open one, and give it in shades of grey, as meant.

    Parameters
    ----------
    source : Path, str or PIL.Image.Image
        A file that Pillow can open, or what it has opened.

    Returns
    -------
    PIL.Image.Image
        Upright, on white where it was clear, and of mode "L": a byte per pixel, from 0 for black to
        255 for white.

    Raises
    ------
    OSError
        As :func:`opened`.
    """
    picture = opened(source)
    if picture.mode[0] in "IF":
        picture = eight_bits(picture)
    if picture.has_transparency_data:
        picture = on_a_sheet(picture)
    return picture.convert("L")


def opened(source):
    """Load a picture and turn it upright, as its header says, or tell what is wrong with it.

    Parameters
    ----------
    source : Path, str or PIL.Image.Image
        A file, or a picture that Pillow has opened and perhaps not read yet.

    Returns
    -------
    PIL.Image.Image
        Of any mode; of an animation the first picture.

    Raises
    ------
    OSError
        If there is no such file, no picture in it, or only a part of one; the message names the
        file and says what it is instead.
    """
    picture, path = source, getattr(source, "filename", source)
    try:
        if not isinstance(source, Image.Image):
            picture = Image.open(io.BytesIO(Path(path).read_bytes()))
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        return picture.convert("RGB") if picture.mode in ("LAB", "HSV") else picture
    except Exception as error:
        if not Path(path).is_file():
            raise
        raise OSError(f"{path} {what_is_wrong(Path(path), error)}") from error


def what_is_wrong(path, error):
    """Say in words why Pillow cannot read a file."""
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        return "is empty"
    if start[4:8] == b"ftyp" and start[8:12] != b"avif":
        return "is a HEIC photo, as phones keep them: save it as JPEG first"
    if start.lstrip(b"\xef\xbb\xbf \r\n").startswith((b"<", b"{", b"%PDF", b"version")):
        return f"is no picture: it begins with {start[:15].decode(errors='replace')!r}"
    if isinstance(error, UnidentifiedImageError):
        return "is no picture of a kind that Pillow knows"
    return f"is not a whole picture, or too large: {error}"


def eight_bits(picture):
    """Bring pixels of 16 or 32 bits to one byte, in the range that they really have.

    Parameters
    ----------
    picture : PIL.Image.Image
        Grey, of one of the modes "I" or of mode "F".

    Returns
    -------
    PIL.Image.Image
        Of mode "L". White is 1 in fractions; else what the fewest bits can count that hold the
        brightest pixel, but at least 8 of them.
    """
    pixels = np.nan_to_num(np.array(picture, dtype=np.float64), posinf=0, neginf=0)
    black, most = min(pixels.min(), 0), pixels.max()
    fractions = picture.mode == "F" and most <= 1
    white = 1 if fractions else 2 ** max(8, int(most).bit_length()) - 1
    shades = (pixels - black) / (white - black) * 255
    return Image.fromarray(shades.round().astype(np.uint8))


def on_a_sheet(picture):
    """Lay a picture that is clear in places on white.

    Parameters
    ----------
    picture : PIL.Image.Image
        With transparency of any kind.

    Returns
    -------
    PIL.Image.Image
        Of mode "RGBA", and opaque. The sheet is black if the picture is mostly clear and what is on
        it so light that it could not be seen on white.
    """
    picture = picture.convert("RGBA")
    sheets = [Image.new("RGBA", picture.size, colour) for colour in ("white", "black")]
    white, black = (Image.alpha_composite(sheet, picture) for sheet in sheets)
    clear = np.median(np.array(picture)[..., 3]) < 128
    return black if clear and white.convert("L").getextrema()[0] > 127 else white


def read_picture(path):
    """Read a picture of 28 by 28 pixels as a row of MNIST.

    Parameters
    ----------
    path : Path
        A file that :func:`grey_on_white` can open.

    Returns
    -------
    (784,) float32 Tensor
        One number per pixel, from 0 for black to 255/256 for white, row by row.

    Raises
    ------
    OSError
        If there is no such file, or no whole picture in it; either names the file.
    ValueError
        If the picture has another size; names the file.
    """
    picture = of_28(grey_on_white(path), path)
    return torch.tensor(np.array(picture)).view(-1) / 256


def of_28(picture, path):
    """Let pass what has 28 by 28 pixels, and name the file of anything else."""
    if picture.size != (28, 28):
        raise ValueError(
            f"{path} has {picture.size[0]} by {picture.size[1]} pixels, not 28 by 28"
        )
    return picture


class PictureFolder(Dataset):
    """Pictures in files, sorted into a folder for each class.

    Parameters
    ----------
    folder : Path
        Holds ``0/12.png``, ``3/7.JPG`` and so on: a folder's name is the label of what is in it.
        Hidden files are passed over, and those whose names do not end as a picture's.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no picture in its folders.
    ValueError
        If the name of a folder with pictures is not a whole number.
    """

    def __init__(self, folder):
        self.files = pictures_in(Path(folder))

    def __len__(self):
        """Count the files."""
        return len(self.files)

    def __getitem__(self, i):
        """Read a picture, and give it with its label: (784,) float32 and int."""
        path = self.files[i]
        return read_picture(path), int(path.parent.name)


def pictures_in(folder):
    """List the pictures in the folders of a folder by name, or say why there are none."""
    found = sorted(folder.glob("[!.]*/[!.]*"))
    files = [path for path in found if ENDINGS.fullmatch(path.suffix)]
    if not files:
        why = "has no pictures in its folders" if folder.is_dir() else "is not there"
        raise FileNotFoundError(
            f"{folder} {why}; expected is {folder / '0' / '12.png'}"
        )
    for path in files:
        if not path.parent.name.isdecimal():
            raise ValueError(f"{path.parent}: its name is no label, a whole number")
    return files


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


def ink_of(photo):
    """Turn a photo of a digit into light ink on black.

    Parameters
    ----------
    photo : PIL.Image.Image, Path or str
        Whatever :func:`grey_on_white` takes, of any size: ink on paper, or chalk on a board.

    Returns
    -------
    (height, width) float32 Tensor
        0 for the paper, up to 1 for the darkest ink. Photos are made smaller, to at most 400 pixels
        on a side.

    Raises
    ------
    RuntimeError
        If there is no ink.
    OSError
        As :func:`grey_on_white`.
    """
    light = brightness(photo)
    dark = 1 - light / paper_around(light)
    ink = dark / darkest(dark) * 1.5 - 0.5  # what is less than a third as dark goes
    return felt_pen(digit_alone(ink.clamp(0, 1)))


def brightness(photo):
    """Open a photo, make it small, and see to it that its ground is lighter than the digit.

    Parameters
    ----------
    photo : PIL.Image.Image, Path or str
        Whatever :func:`grey_on_white` takes.

    Returns
    -------
    (height, width) float32 Tensor
        From 0 for black to 1 for white, a board turned into its negative; at most 400 pixels on
        a side.
    """
    picture = grey_on_white(photo)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    light = torch.tensor(np.array(picture)) / 255
    if max(light.shape) > SIDE / 2:  # a mean of neighbours has less noise
        light = F.avg_pool2d(light[None], 3, 1, 1, count_include_pad=False)[0]
    return 1 - light if is_board(light) else light


def smaller(light, side):
    """Take means, so that neither side is longer than `side`."""
    share = min(1, side / max(light.shape))
    size = [max(1, round(n * share)) for n in light.shape]
    return F.adaptive_avg_pool2d(light[None], size)[0]


def is_board(light):
    """Tell chalk from ink: whether what stands out from the ground is lighter than that.

    The ground is the median around each place, near and far. Its light and shadow reach the edges
    of the picture, so only what is darker or lighter than all edges counts, if there is any.

    Parameters
    ----------
    light : (height, width) float32 Tensor
        From 0 for black to 1 for white.

    Returns
    -------
    bool
        Whether the digit is lighter than its ground.
    """
    light = (smaller(light, 32) + 0.1).log()
    edges = torch.cat([light[0], light[-1], light[:, 0], light[:, -1]])
    ink = (light < edges.min()) | (light > edges.max())
    out = torch.zeros_like(light)
    for part in (4, 8):
        reach = max(light.shape) // part + 1
        wide = F.pad(light[None, None], [reach] * 4, value=torch.nan)
        ground = F.unfold(wide, 2 * reach + 1)[0].nanmedian(dim=0).values
        out += (light - ground.view(light.shape)) ** 3
    return bool((out * ink if ink.any() else out).sum() > 0)


def paper_around(light):
    """Guess how bright the paper is under the ink, with the light and shadow that fall on it.

    A *closing*: take the brightest around each place, then the darkest of these. Lines go, the
    edges of shadows stay. Light that fades towards an edge is taken to fade on beyond it.

    Parameters
    ----------
    light : (height, width) float32 Tensor
        A photo, from 0 for black to 1 for white.

    Returns
    -------
    (height, width) float32 Tensor
        At least 0.02, so that one can divide by it.
    """
    reach = max(light.shape) // 8 + 1
    fading = np.pad(light, reach, mode="reflect", reflect_type="odd")
    wide = torch.tensor(np.minimum(fading, np.pad(light, reach, mode="edge")))[None]
    paper = -brightest(-brightest(wide, reach), reach)
    return paper[0, reach:-reach, reach:-reach].clamp(min=0.02)


def brightest(light, reach):
    """Take the brightest of the square around each place: (1, height, width)."""
    side = 2 * reach + 1
    down = F.max_pool2d(light, (side, 1), 1, (reach, 0))
    return F.max_pool2d(down, (1, side), 1, (0, reach))


def darkest(dark):
    """Say how dark the ink is; it must stand out from the noise, or there is none."""
    small = smaller(dark, 100).flatten()
    low, middle = small.quantile(torch.tensor([0.1, 0.3]))
    noise = (middle - low) / 0.75  # a normal distribution's standard deviation
    if small.max() - middle < max(10 * noise, 0.05):
        raise RuntimeError(NO_INK)
    return dark.max()


def digit_alone(ink):
    """Keep the heaviest patches of ink; drop specks, and what comes in from an edge.

    Parameters
    ----------
    ink : (height, width) float32 Tensor
        0 where there is none.

    Returns
    -------
    (height, width) float32 Tensor
        0 in more places.

    Raises
    ------
    RuntimeError
        If there is ink at edges only, unless all four have some, as with a digit that was cut out
        closely.
    """
    share = min(1, 128 / max(ink.shape))
    size = [max(1, round(n * share)) for n in ink.shape]
    small = F.adaptive_max_pool2d(ink[None], size)[0]
    number = patches(small > 0)
    mass = torch.zeros(small.numel() + 1)
    mass.index_add_(0, number.flatten(), small.flatten())
    edges = number[0], number[-1], number[:, 0], number[:, -1]
    inner = mass.clone()
    inner[torch.cat(edges)] = 0
    if inner.any() and longest(number == inner.argmax()) >= 0.08 * max(size):
        mass = inner
    elif not all(edge.any() for edge in edges):
        raise RuntimeError(NO_INK)
    keep = (mass >= 0.05 * mass.max())[number].float()
    keep = F.max_pool2d(keep[None], 3, 1, 1)[None]
    return ink * F.interpolate(keep, ink.shape)[0, 0]


def patches(mask):
    """Give each patch that hangs together a number, and 0 outside: (height, width) int64."""
    number = torch.arange(1.0, mask.numel() + 1).view(mask.shape) * mask
    while True:
        grown = F.max_pool2d(number[None], 3, 1, 1)[0] * mask
        if torch.equal(grown, number):
            return number.long()
        number = grown


def longest(mask):
    """Measure the longer side of the box around what is marked: pixels."""
    rows, columns = mask.nonzero().unbind(1)
    return 1 + max(rows.max() - rows.min(), columns.max() - columns.min()).item()


def felt_pen(ink):
    """Draw lines anew with a thicker pen, if they are thinner than a tenth of the digit.

    Parameters
    ----------
    ink : (height, width) float32 Tensor
        0 where there is none.

    Returns
    -------
    (height, width) float32 Tensor
        As it came, or with every pixel spread.
    """
    line = (ink > 0.5 * ink.max()).float()
    inside = -F.max_pool2d(-line[None], 3, 1, 1)[0]
    width = 2 * line.sum() / (line - inside).sum()  # a line has two rims
    more = round((longest(line) / 10 - width.item()) / 2)
    return F.max_pool2d(ink[None], 2 * more + 1, 1, more)[0] if more > 0 else ink


def like_mnist(ink):
    """Bring ink into the form of MNIST: 20 pixels long, its centre of mass in the middle of 28.

    The pad of the site does the same with what is drawn on it.

    Parameters
    ----------
    ink : (height, width) float Tensor
        0 where there is none; less than a tenth of the brightest does not count for the size.

    Returns
    -------
    (784,) float Tensor
        From 0 to 255/256 for the brightest.

    Raises
    ------
    RuntimeError
        If there is no ink at all.
    """
    scale = 20 / longest(ink > 0.1 * ink.max())
    rows, columns = tents(ink.sum(dim=1), scale), tents(ink.sum(dim=0), scale)
    small = rows @ ink @ columns.T
    return (small / small.max() * 255 / 256).view(-1)


def tents(mass, scale):
    """Say how much of each old row goes into each of 28 new ones.

    Parameters
    ----------
    mass : (n,) float Tensor
        Ink in each old row, or column; the mean of their numbers, weighted by it, comes to 14.
    scale : float
        New pixels for an old one.

    Returns
    -------
    (28, n) float Tensor
        For every new row a tent over the old ones, as wide as a new pixel to each side, but at
        least as an old one.
    """
    old = torch.arange(len(mass)).to(mass)
    place = (torch.arange(28).to(mass) - 14) / scale + mass @ old / mass.sum()
    reach = max(1, 1 / scale)
    return (1 - (old - place[:, None]).abs() / reach).clamp(min=0) / reach


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
