"""Draw the stand-in for MNIST once, and keep it."""

import hashlib
from pathlib import Path

import torch

from mnist_tut.mnist import cache, read, strokes
from mnist_tut.mnist.errors import warn


def stand_in(folder: Path) -> tuple[Path, read.Arrays]:
    """Return the stand-in and the folder it is kept in, whose name changes with the program.

    If `folder`, which holds such folders, cannot be written, a warning says so.
    """
    version = hashlib.sha256(Path(strokes.__file__).read_bytes()).hexdigest()[:12]
    path = folder / f"strokes-{version}" / read.FILE_NAME
    try:
        with cache.lock(path):  # one process draws it for all
            if not (arrays := _read(path)):
                arrays = _draw()
                cache.keep(path, read.pack(arrays))
    except OSError as fault:
        warn(f"{folder} cannot be used to keep the stand-in in: {fault}")
        arrays = _read(path) or _draw()
    return path.parent, arrays


def _read(path: Path) -> read.Arrays | None:
    """Read a drawn stand-in; None if there is none, or none that is whole."""
    try:
        return read.from_pickle(read.unpack(read.read_bytes(path)))
    except Exception:  # whatever is wrong with it, it can be drawn again
        return None


def _draw() -> read.Arrays:
    """Draw the stand-in; pixels as ``k``."""
    train, valid, test = read.SIZES
    parts = strokes.make_strokes(sizes=(train, valid, test))
    tensors = [tensor for x, y in parts for tensor in (x * 256, y)]
    return [tensor.to(torch.uint8).numpy() for tensor in tensors]
