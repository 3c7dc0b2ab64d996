"""Find MNIST or fetch it: in the reader's own folder, the cache, or at an address.

- ``MNIST_TUT_DATA`` names the reader's own folder; then nothing else is looked at.
- ``MNIST_TUT_CACHE`` names a folder for what was fetched or drawn, in place of ``data``.
- ``MNIST_TUT_URLS`` holds addresses to ask first, separated by spaces: of ``mnist.pkl.gz``, packed
  by whomever; of a folder with the IDX files, with a slash at its end; or a path to either.
- ``MNIST_TUT_STAND_IN``: ``never`` (or unset), it is an error if there is no MNIST; ``allow``,
  then the stand-in is used, with a warning; ``only``, it is used without looking for MNIST.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mnist_tut.mnist import cache, read
from mnist_tut.mnist.download import download
from mnist_tut.mnist.errors import DataError, logger, printable, warn
from mnist_tut.mnist.read import FILE_NAME, Arrays, Pair
from mnist_tut.mnist.stand_in import stand_in

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
    """
    pairs = read.pairs(find(addresses)[0])
    return Mnist(*(torch.from_numpy(array) for pair in pairs for array in pair))


def get_mnist(path: Path, url: str, size: int, md5: str) -> tuple[Pair, Pair, Pair]:
    """Stand in for :func:`mnist_tut.data.get_mnist` where the pages are built.

    Parameters
    ----------
    path, url, size, md5 : Path, str, int, str
        As the page gives them, and not used.

    Returns
    -------
    three pairs of ndarray
        Pictures (n, 784) float32 and labels (n,) int64. Errors are those of `load_mnist`.
    """
    return read.pairs(find()[0])


def for_pages() -> tuple[Path, str]:
    """Find or fetch the data before pages are built.

    Returns
    -------
    folder, source : Path, str
        Where the data lies, and ``"MNIST"`` or ``"stand-in"``. Errors are those of `load_mnist`.
    """
    return find()[1:]


def find(addresses: Sequence[str] = ()) -> tuple[Arrays, Path, str]:
    """Return the data, its folder and its source, as `load_mnist` and `for_pages` need them."""
    mode = os.environ.get("MNIST_TUT_STAND_IN") or "never"
    if mode not in ("never", "allow", "only"):
        raise DataError(
            f"MNIST_TUT_STAND_IN is {mode!r}.",
            "Set it to 'allow' (where there is no MNIST), 'only' (never MNIST) or 'never'.",
        )
    if mode != "only":
        if own := os.environ.get("MNIST_TUT_DATA"):  # that very data was asked for
            return _from_own_folder(_expand(own)), _expand(own), "MNIST"
        more = os.environ.get("MNIST_TUT_URLS", "").split()
        try:
            folder = cache_folder() / "mnist"
            return _from_cache(folder, [*addresses, *more, *URLS]), folder, "MNIST"
        except DataError as fault:
            if mode == "never":
                raise
            warn(f"Using the stand-in, as there is no MNIST here: {fault}")
    folder, arrays = stand_in(cache_folder() / "stand-in")
    return arrays, folder, "stand-in"


def cache_folder() -> Path:
    """Return the folder of ``MNIST_TUT_CACHE``, else ``data``: of a checkout, else of the cwd."""
    checkout = Path(__file__).resolve().parents[2]
    default = checkout if (checkout / "pyproject.toml").is_file() else Path()
    return _expand(os.environ.get("MNIST_TUT_CACHE") or str(default / "data"))


def _expand(name: str) -> Path:
    """Make a path of what somebody wrote, with ``~`` for the home folder."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - no error for an unknown "~name"


def _from_own_folder(own: Path) -> Arrays:
    try:
        return read.read_path(own)
    except (DataError, OSError) as fault:
        raise DataError(
            f"MNIST_TUT_DATA is {own}, but {getattr(fault, 'problem', fault)}",
            f"Let it name a folder with {FILE_NAME} or the four IDX files, or unset it.",
        ) from fault


def _from_cache(folder: Path, addresses: Sequence[str]) -> Arrays:
    """Read the cache; fill it first where it is empty or bad."""
    problems = []
    try:
        with suppress(FileNotFoundError, DataError):  # a good file needs no lock
            return read.read_path(folder)
        with cache.lock(folder / FILE_NAME):
            try:  # it came while we waited
                return read.read_path(folder)
            except FileNotFoundError:
                pass
            except DataError as fault:
                problems.append(fault.problem)
                warn(f"Fetching MNIST anew: {fault.problem}")
            arrays, packed = _fetch(addresses, problems)
            cache.keep(folder / FILE_NAME, packed)
            return arrays
    except OSError as fault:
        raise DataError(
            f"{folder} cannot be used to keep the data in: {fault}",
            "Allow us to write there, or set MNIST_TUT_CACHE to another folder.",
        ) from fault


def _fetch(addresses: Sequence[str], problems: list[str]) -> tuple[Arrays, bytes]:
    """Take MNIST from the first address that gives it; return what to keep of it, too."""
    for address in addresses:
        logger.info("Fetching MNIST from %s", printable(address))
        try:
            arrays, packed = _from_address(address)
        except (DataError, OSError) as fault:
            problems.append(getattr(fault, "problem", str(fault)))
        else:
            # what a stranger packed is not kept: somebody may unpickle it in earnest
            known = hashlib.md5(packed).hexdigest() == MD5
            return arrays, packed if known else read.pack(arrays)
    raise DataError("\n- ".join(["MNIST could not be downloaded.", *problems]))


def _from_address(address: str) -> tuple[Arrays, bytes]:
    """Read what is at an address or path; return the file's bytes, too, if it is one download."""
    if "://" not in address:
        return read.read_path(_expand(address)), b""
    names = read.IDX_FILES if address.endswith("/") else [""]
    contents = {address + n: download(address + n, read.MAX_PACKED) for n in names}
    return read.read(contents), contents[address + names[0]]
