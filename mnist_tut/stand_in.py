"""Draw the stand-in for MNIST once, and keep it."""

import hashlib
import itertools
import logging
from pathlib import Path

import numpy as np
import torch

from mnist_tut import keeping, reading, strokes
from mnist_tut.reading import Arrays

__all__ = ["stand_in"]

logger = logging.getLogger(__name__)


def stand_in(folder: Path) -> tuple[Path, Arrays]:
    """Return the stand-in, drawn now if it has not been drawn before.

    Parameters
    ----------
    folder : Path
        Where it is kept. If that cannot be written, a warning says so and nothing is kept.

    Returns
    -------
    path : Path
        The file that keeps it. Its name changes with the program that draws.
    arrays : Arrays
        Digits of :func:`mnist_tut.strokes.make_strokes`, in the sizes of MNIST.
    """
    version = hashlib.sha256(Path(strokes.__file__).read_bytes()).hexdigest()[:12]
    path = folder / f"strokes-{version}.npz"
    arrays = _read(path)
    if arrays is None:
        try:
            arrays = _draw_and_keep(path)
        except OSError as fault:
            logger.warning(
                "%s cannot be written, so the stand-in is not kept: %s", path, fault
            )
            arrays = _draw()
    return path, arrays


def _read(path: Path) -> Arrays | None:
    """Read a drawn stand-in; None if there is none, or none that is whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            arrays = Arrays(**{name: kept[name] for name in Arrays._fields})
    except Exception:  # whatever is wrong with it, it can be drawn again
        return None
    sizes = (split.size for split in reading.SPLITS)
    shapes = [shape for n in sizes for shape in ((n, 784), (n,))]
    whole = [(array.shape, array.dtype) for array in arrays]
    return arrays if whole == [(shape, np.uint8) for shape in shapes] else None


def _draw() -> Arrays:
    """Draw the stand-in; pixels as ``k``."""
    train, valid, test = (split.size for split in reading.SPLITS)
    tensors = itertools.chain(*strokes.make_strokes(sizes=(train, valid, test)))
    scales = itertools.cycle((256, 1))  # pictures, labels, pictures, ...
    return Arrays(
        *(
            (tensor * scale).to(torch.uint8).numpy()
            for tensor, scale in zip(tensors, scales, strict=False)
        )
    )


def _draw_and_keep(path: Path) -> Arrays:
    """Draw the stand-in, once for all processes, and keep it."""
    with keeping.lock(path):
        # another process may have drawn it while we waited
        arrays = _read(path)
        if arrays is None:
            arrays = _draw()
            with keeping.replacing(path) as file:
                np.savez(file, **arrays._asdict())
        return arrays
