"""Find MNIST or fetch it: in the reader's own folder, the cache, or at an address.

- ``MNIST_TUT_DATA`` names the reader's own folder; then nothing else is looked at.
- ``MNIST_TUT_CACHE`` names a folder for what was fetched or drawn, in place of ``data``.
- ``MNIST_TUT_URLS`` holds addresses to ask first, separated by spaces: of ``mnist.pkl.gz``, packed
  by whomever; of a folder with the IDX files, with a slash at its end; or a path to either.
- ``MNIST_TUT_STAND_IN``: ``never`` (or unset), it is an error if there is no MNIST; ``allow``,
  then the stand-in is used, with a warning; ``only``, it is used without looking for MNIST.
"""

import hashlib
import itertools
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mnist_tut import strokes
from mnist_tut.mnist import cache, read
from mnist_tut.mnist.download import download
from mnist_tut.mnist.errors import DataError, warn
from mnist_tut.mnist.read import FILE_NAME, Pairs

#: Two addresses of the published file, then two folders with the four IDX files.
URLS = (
    f"https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/{FILE_NAME}",
    "https://figshare.com/ndownloader/files/25635053",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
#: Of the published file: only these bytes are kept as they come.
MD5 = "a02cd19f81d51c426d7ca14024243ce9"


class Mnist(NamedTuple):
    """The three splits of MNIST as six tensors.

    Pictures are (n, 784) float32, ``k / 256`` with ``k`` in 0 to 255, 0 the background; labels are
    (n,) int64. n is 50,000 for training, 10,000 for validation and 10,000 for the test.
    """

    x_train: Tensor
    y_train: Tensor
    x_valid: Tensor
    y_valid: Tensor
    x_test: Tensor
    y_test: Tensor


def load_mnist(addresses: Sequence[str] = ()) -> Mnist:
    """Load MNIST as six tensors; ``find`` says from where.

    Parameters
    ----------
    addresses : sequence of str
        Asked before those of ``MNIST_TUT_URLS`` and `URLS`, and of the same kinds.

    Returns
    -------
    Mnist
        Pictures (n, 784) float32 and labels (n,) int64.

    Raises
    ------
    DataError
        If nothing allowed can be had, or a variable is set wrong. It says what to do.
    MemoryError
        If there is too little memory.
    """
    pairs, *_ = find(addresses)
    arrays = itertools.chain(*pairs)
    return Mnist(*map(torch.from_numpy, arrays))


def get_mnist(path: Path, url: str, size: int, md5: str) -> Pairs:
    """Stand in for :func:`mnist_tut.data.get_mnist` where the pages are built.

    It takes the same, and uses none of it. It returns the same, with the errors of `load_mnist`.
    """
    return find()[0]


def for_pages(addresses: Sequence[str] = ()) -> tuple[Path, str]:
    """Find or fetch the data before pages are built, and see that others can read it, too.

    Returns
    -------
    folder, source : Path, str
        Where the data lies, and ``"MNIST"`` or ``"stand-in"``. Errors are those of `load_mnist`.
    """
    _, folder, source, kept = find(addresses)
    if not kept:
        raise DataError(
            f"{source} is there, but cannot be kept in {folder}.",
            "Allow us to write there, make room, or set MNIST_TUT_CACHE to another folder.",
        )
    return folder, source


def find(addresses: Sequence[str] = ()) -> tuple[Pairs, Path, str, bool]:
    """Return the data, its folder and source as `for_pages` does, and whether it is kept there."""
    mode = os.environ.get("MNIST_TUT_STAND_IN") or "never"
    if mode not in ("never", "allow", "only"):
        raise DataError(
            f"MNIST_TUT_STAND_IN is {mode!r}.",
            "Set it to 'allow' (where there is no MNIST), 'only' (never MNIST) or 'never'.",
        )
    if mode != "only":
        if own := os.environ.get("MNIST_TUT_DATA"):  # that very data was asked for
            return _from_own_folder(_expand(own)), _expand(own), "MNIST", True
        asked = [*addresses, *os.environ.get("MNIST_TUT_URLS", "").split(), *URLS]
        folder = cache_folder() / "mnist"
        try:
            pairs, kept = _from_cache(folder, read.check, lambda: _fetch(asked))
            return pairs, folder, "MNIST", kept
        except DataError as fault:
            if mode == "never":
                raise
            warn(f"Using the stand-in, as there is no MNIST here: {fault}")
    version = hashlib.sha256(Path(strokes.__file__).read_bytes()).hexdigest()[:12]
    folder = cache_folder() / "stand-in" / f"strokes-{version}"
    # on another kind of processor a few pixels differ, so only its form is known
    pairs, kept = _from_cache(folder, lambda pairs: None, _draw)
    return pairs, folder, "stand-in", kept


def cache_folder() -> Path:
    """Return the folder of ``MNIST_TUT_CACHE``, else ``data``: of a checkout, else of the cwd."""
    checkout = Path(__file__).resolve().parents[2]
    default = checkout if (checkout / "pyproject.toml").is_file() else Path()
    return _expand(os.environ.get("MNIST_TUT_CACHE") or str(default / "data"))


def _expand(name: str) -> Path:
    """Make a path of what somebody wrote, with ``~`` for the home folder."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - no error for an unknown "~name"


def _from_own_folder(own: Path) -> Pairs:
    try:
        return read.read_path(own)
    except DataError as fault:
        raise DataError(
            f"MNIST_TUT_DATA is {own}, but {fault.problem}",
            f"Let it name a folder with {FILE_NAME} or the four IDX files, or unset it.",
        ) from fault


def _from_cache(
    folder: Path, check: read.Check, get: Callable[[], tuple[Pairs, bytes]]
) -> tuple[Pairs, bool]:
    """Read what is kept in a folder; where it is nothing good, get it, and tell if that is kept."""
    with suppress(DataError):  # a good file needs no lock
        return read.read_path(folder, check), True
    with cache.lock(folder / FILE_NAME):
        try:  # it came while we waited
            return read.read_path(folder, check), True
        except DataError as fault:
            warn(f"No data here yet: {fault.problem}")
        pairs, packed = get()
        return pairs, cache.keep(folder / FILE_NAME, packed)


def _fetch(addresses: Sequence[str]) -> tuple[Pairs, bytes]:
    """Take MNIST from the first address that gives it; return what to keep of it, too."""
    problems = ["MNIST could not be downloaded."]
    for address in addresses:
        try:
            pairs, packed = _from_address(address)
        except DataError as fault:
            problems.append(fault.problem)
        else:
            # what a stranger packed is not kept: somebody may unpickle it in earnest
            known = hashlib.md5(packed, usedforsecurity=False).hexdigest() == MD5
            return pairs, packed if known else read.pack(pairs)
    raise DataError("\n- ".join(problems))


def _from_address(address: str) -> tuple[Pairs, bytes]:
    """Read what is at an address or path; return the file's bytes, too, if it is one download."""
    if "://" not in address:
        return read.read_path(_expand(address)), b""
    names = read.IDX_FILES if address.endswith("/") else [""]
    contents = {address + n: download(address + n, read.MAX_PACKED) for n in names}
    return read.read(contents), contents[address + names[0]]


def _draw() -> tuple[Pairs, bytes]:
    """Draw the stand-in; return what to keep of it, too."""
    drawn = strokes.make_strokes(sizes=read.SIZES)
    pairs = tuple((x.numpy(), y.numpy()) for x, y in drawn)
    return pairs, read.pack(pairs)
