"""MNIST: the one way in. Find it or fetch it, check it, and give it as six tensors.

Where :func:`load_mnist` looks, in this order:

1. the folder that the environment variable ``MNIST_TUT_DATA`` names, and nothing else then;
2. the cache: ``mnist`` in the folder of ``MNIST_TUT_CACHE``, or of :data:`DATA_PATH`;
3. the addresses it is given, those of ``MNIST_TUT_URLS`` (separated by spaces), then :data:`URLS`.

Nothing is used before its content has been checked against known SHA-256 values; then it is kept
in a form that is read, and checked again, in a fraction of a second. What no check can vouch for
ends in a :class:`~mnist_tut.errors.DataError` that says what to do. ``MNIST_TUT_STAND_IN`` lets the
docs build and the tests go on without MNIST: ``allow`` falls back on the digits of
:mod:`mnist_tut.strokes` where no real data can be had, ``only`` takes them at once.

``python -m mnist_tut.data`` fetches and checks the data and says what is there; so does the command
``mnist-tut-data``.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mnist_tut import fetching, keeping, reading
from mnist_tut.errors import DataError, WrongContent
from mnist_tut.reading import FILE_NAME, KEPT_NAME, Arrays, read_mnist
from mnist_tut.stand_in import stand_in

__all__ = [
    "DATA_PATH",
    "TOTAL_SECONDS",
    "URLS",
    "DataError",
    "Mnist",
    "cache",
    "data_source",
    "for_pages",
    "load_mnist",
    "main",
]

logger = logging.getLogger(__name__)


def _data_path(package: Path) -> Path:
    """Return ``data`` beside the package in a checkout, else ``data`` in the working directory."""
    checkout = package.parent
    return (
        checkout / "data" if (checkout / "pyproject.toml").is_file() else Path("data")
    )


#: Where everything we fetch or draw is kept, unless ``MNIST_TUT_CACHE`` names another folder.
DATA_PATH = _data_path(Path(__file__).resolve().parent)
#: Where MNIST is published: two addresses of the same file, then two folders (an address with a
#: slash at its end) with the four IDX files.
URLS = (
    f"https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/{FILE_NAME}",
    "https://figshare.com/ndownloader/files/25635053",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
#: After so many seconds no further address is tried.
TOTAL_SECONDS: float = 1200

#: What is found: the file or folder that was read, and what was in it.
Found = tuple[Path, Arrays]


class Mnist(NamedTuple):
    """The three splits of MNIST as six tensors.

    The order lets ``x_train, y_train, *_ = data`` take what it needs.

    Attributes
    ----------
    x_train : (50000, 784) float32
        Pictures of 28 x 28, one flat row each, ``k / 256`` with ``k`` in 0 to 255; 0 is background.
    y_train : (50000,) int64
        The digit each picture shows.
    x_valid, y_valid : (10000, 784) float32, (10000,) int64
        For validation.
    x_test, y_test : (10000, 784) float32, (10000,) int64
        For the final test.
    """

    x_train: Tensor
    y_train: Tensor
    x_valid: Tensor
    y_valid: Tensor
    x_test: Tensor
    y_test: Tensor


# Places -------------------------------------------------------------------------------


def _folder() -> Path:
    """Return the folder that holds the caches."""
    return _expand(os.environ.get("MNIST_TUT_CACHE") or str(DATA_PATH))


def _expand(name: str) -> Path:
    """Make a path of what somebody wrote, with ``~`` for the home folder."""
    path = Path(name)
    with suppress(RuntimeError):  # "~name" of nobody we know: then it is just missing
        path = path.expanduser()
    return path


def cache() -> Path:
    """Return the folder in which MNIST is kept.

    Returns
    -------
    Path
        ``mnist`` in the folder that ``MNIST_TUT_CACHE`` names, else in :data:`DATA_PATH`.
    """
    return _folder() / "mnist"


def _files(folder: Path) -> Iterator[Path]:
    """Yield what :func:`read_mnist` can read there: the published file, then the IDX files."""
    if (folder / FILE_NAME).exists():
        yield folder / FILE_NAME
    if all((folder / file.name).exists() for file in reading.IDX_FILES):
        yield folder


def _addresses(more: Sequence[str] = ()) -> list[str]:
    """Return every address to try, in order."""
    return [*more, *os.environ.get("MNIST_TUT_URLS", "").split(), *URLS]


# The cache ----------------------------------------------------------------------------


@contextmanager
def _setting_aside(source: str, fresh: bool = False) -> Iterator[None]:
    """Move a file of the cache aside if reading it shows that it is not MNIST."""
    try:
        yield
    except WrongContent as fault:
        moved = keeping.set_aside(fault, source, fresh)
        logger.warning("%s", moved.problem)
        raise moved from fault


def _from_files(folder: Path) -> Found | None:
    """Read what lies in the cache and is not known to be MNIST yet; None if nothing is good."""
    for path in _files(folder):
        with suppress(WrongContent), _setting_aside("the cache"):
            return path, read_mnist(path)
    return None


def _keep(arrays: Arrays, folder: Path) -> None:
    """Keep what has been checked, to have it faster next time, and clear up."""
    try:
        keeping.write_kept(arrays, folder / KEPT_NAME)
        for name in ("*.part", "*.etag"):
            for rest in folder.glob(name):
                rest.unlink(missing_ok=True)
    except OSError as fault:
        logger.warning("Next time will be slower: %s", fault)


def _from_cache(addresses: Sequence[str]) -> Found:
    """Read the cache; fill it first where it is empty or bad."""
    folder = cache()
    kept = folder / KEPT_NAME
    # a good file needs no lock: it is only ever replaced as a whole
    with suppress(DataError):
        return kept, read_mnist(kept)
    try:
        with keeping.lock(kept):
            if kept.exists():  # it came while we waited, or it is bad
                with suppress(WrongContent), _setting_aside("the cache"):
                    return kept, read_mnist(kept)
            path, arrays = _from_files(folder) or _fetch(addresses, folder)
            _keep(arrays, folder)
            return path, arrays
    except OSError as fault:
        return _from_locked_cache(folder, fault)


def _from_locked_cache(folder: Path, fault: OSError) -> Found:
    """Use a good file of a cache that we cannot write to."""
    with suppress(DataError, OSError):
        for path in _files(folder):
            return path, read_mnist(path)
    raise DataError(
        f"{folder} cannot be used to keep the data in: {fault}",
        "Allow us to write there, or set MNIST_TUT_CACHE to another folder; or put "
        f"{FILE_NAME} into some folder, and set MNIST_TUT_DATA to that.",
    ) from fault


# Fetching -----------------------------------------------------------------------------


def _fetch(addresses: Sequence[str], folder: Path) -> Found:
    """Take MNIST from the first address that gives it."""
    problems = []
    until = time.monotonic() + TOTAL_SECONDS
    for address in addresses:
        if time.monotonic() > until:
            problems.append(f"No more was tried after {TOTAL_SECONDS:,.0f} s")
            break
        shown = fetching.without_password(address)
        logger.info("Fetching MNIST from %s", shown)
        try:
            return _from_address(address, folder)
        except WrongContent as fault:
            problems.append(f"{shown} gave something else: {fault.problem}")
        except fetching.Unreachable as fault:
            problems.append(fault.problem)
    raise DataError("\n- ".join(["MNIST could not be downloaded.", *problems]))


def _from_address(address: str, folder: Path) -> Found:
    """Take MNIST from a path, from a folder of IDX files or from the published file."""
    if "://" not in address:
        return _from_path(_expand(address))
    if address.endswith("/"):
        return _from_idx_address(address, folder)
    path = folder / FILE_NAME
    fetching.download(address, path, reading.MAX_PACKED)
    with _setting_aside(fetching.without_password(address), fresh=True):
        return path, read_mnist(path)


def _from_path(path: Path) -> Found:
    """Read somebody's own file, and leave it as it is."""
    try:
        return path, read_mnist(path)
    except WrongContent:
        raise
    except DataError as fault:
        raise fetching.Unreachable(fault.problem) from fault


def _from_idx_address(address: str, folder: Path) -> Found:
    """Download those of the four IDX files that are not there yet."""
    for file in reading.IDX_FILES:
        path = folder / file.name
        if not _is_good(path, file):
            fetching.download(address + file.name, path, file.size)
            with _setting_aside(fetching.without_password(address), fresh=True):
                reading.read_idx_file(path, file)
    return folder, read_mnist(folder)


def _is_good(path: Path, file: reading.IdxFile) -> bool:
    """Tell whether an IDX file is in the cache; a wrong one is set aside."""
    with suppress(WrongContent), _setting_aside("the cache"):
        return path.exists() and bool(reading.read_idx_file(path, file))
    return False


# Loading ------------------------------------------------------------------------------


def _from_own_folder(own: str) -> Found:
    """Read what is in the folder that somebody named, and leave it as it is."""
    try:
        with _as_data_error():
            path = next(_files(_expand(own)), _expand(own) / FILE_NAME)
            return path, read_mnist(path)
    except DataError as fault:
        raise DataError(
            f"MNIST_TUT_DATA is {own!r}, but {fault.problem}",
            f"Let it name a folder that holds {FILE_NAME} or the four IDX files, or unset it to "
            f"use the cache {cache()} or download the file. Nothing was changed in that folder.",
        ) from fault


@contextmanager
def _as_data_error() -> Iterator[None]:
    """Say of a folder that cannot even be looked into that it holds no data for us."""
    try:
        yield
    except OSError as fault:
        raise DataError(str(fault)) from fault


def _load(more: Sequence[str] = ()) -> Found:
    """Find what :func:`load_mnist` loads."""
    own = os.environ.get("MNIST_TUT_DATA")
    mode = os.environ.get("MNIST_TUT_STAND_IN") or "never"
    if mode not in ("never", "allow", "only"):
        raise DataError(
            f"MNIST_TUT_STAND_IN is {mode!r}.",
            "Set it to 'allow' (where there is no MNIST) or 'only' (never MNIST), or unset it.",
        )
    if mode == "only":
        return stand_in(_folder() / "stand-in")
    if own:  # that very file was asked for
        return _from_own_folder(own)
    try:
        return _from_cache(_addresses(more))
    except DataError as fault:
        if mode == "never":
            raise
        logger.warning("Using the stand-in, because there is no MNIST here: %s", fault)
        return stand_in(_folder() / "stand-in")


def _to_tensors(arrays: Arrays) -> Mnist:
    """Give pictures and labels the dtypes of the published file."""
    pictures = [x.astype(np.float32) for x in arrays[::2]]
    for x in pictures:
        x *= np.float32(1 / 256)
    labels = [y.astype(np.int64) for y in arrays[1::2]]
    pairs = zip(pictures, labels, strict=True)
    return Mnist(*(torch.from_numpy(array) for pair in pairs for array in pair))


def load_mnist(addresses: Sequence[str] = ()) -> Mnist:
    """Load MNIST as six tensors.

    The folder named by the environment variable ``MNIST_TUT_DATA`` is used if that is set and not
    empty, and nothing else then. Otherwise the cache, :func:`cache`; otherwise MNIST is downloaded
    into the cache, by one process at a time. A file in the cache that is not MNIST is kept as
    ``*.rejected-1`` (or 2, 3, ...), with the reason beside it, and not read again.

    ``MNIST_TUT_STAND_IN`` decides what happens without MNIST: unset or empty, nothing but MNIST
    will do; ``allow`` gives the digits that :func:`mnist_tut.strokes.make_strokes` draws, and logs
    a warning; ``only`` gives those without looking for MNIST. ``MNIST_TUT_DATA``, where set, has to
    be right if it is looked at.

    Parameters
    ----------
    addresses : sequence of str
        Asked before those of ``MNIST_TUT_URLS`` and :data:`URLS`. Each is the address of a copy of
        ``mnist.pkl.gz``; or, with a slash at its end, of a folder with the four IDX files; or a
        path to either on this machine.

    Returns
    -------
    Mnist
        Pictures (n, 784) float32 from 0 to 255/256 and labels (n,) int64, for training (n =
        50,000), validation and test (10,000 each). :func:`data_source` tells which data it is.

    Raises
    ------
    DataError
        If MNIST cannot be had and nothing else is allowed, or if a variable is set wrong. The
        message says what was tried, what was wrong and what to do.
    """
    return _to_tensors(_load(addresses)[1])


def data_source(data: Mnist) -> str:
    """Tell MNIST from its stand-in by looking at the validation split.

    Parameters
    ----------
    data : Mnist
        As :func:`load_mnist` returns it, before any change.

    Returns
    -------
    str
        ``"MNIST"`` if the SHA-256 values of validation pictures and labels are MNIST's, else
        ``"stand-in"``.
    """
    try:
        pixels = reading.to_pixels(data.x_valid.numpy())
    except DataError:
        return "stand-in"
    return _source(pixels, data.y_valid.numpy().astype(np.uint8))


def _source(pixels: reading.Bytes, labels: reading.Bytes) -> str:
    """Name the data that pictures and labels of the validation split come from."""
    try:
        reading.check_split(pixels, labels, reading.SPLITS[1])
    except DataError:
        return "stand-in"
    return "MNIST"


def for_pages() -> tuple[Path, str]:
    """Provide the data as a file in the published form, for the tutorial's short loader.

    Returns
    -------
    folder : Path
        One that holds ``mnist.pkl.gz``. Where there is none, as with the stand-in or the IDX
        files, it is written when first asked for, which takes a few seconds.
    source : str
        Which data it is; see :func:`data_source`.

    Raises
    ------
    DataError
        As :func:`load_mnist` does.
    OSError
        If the file has to be written, and cannot be.
    """
    path, arrays = _load()
    source = _source(arrays.x_valid, arrays.y_valid)
    if path.name == FILE_NAME:
        return path.parent, source
    is_mnist = source == "MNIST"
    target = (cache() if is_mnist else path.with_suffix("")) / FILE_NAME
    with keeping.lock(target):
        if not (target.exists() and (not is_mnist or _is_mnist(target))):
            keeping.write_published(arrays, target)
    return target.parent, source


def _is_mnist(path: Path) -> bool:
    """Tell whether a file of the cache is good; a wrong one is set aside."""
    with suppress(WrongContent), _setting_aside("the cache"):
        return bool(read_mnist(path))
    return False


# The command --------------------------------------------------------------------------


def _show_places() -> int:
    """Print where the data is looked for and what is there, without reading or fetching it."""
    own = os.environ.get("MNIST_TUT_DATA")
    folder = _expand(own) if own else cache()
    names = [KEPT_NAME, FILE_NAME, *(file.name for file in reading.IDX_FILES)]
    there = [folder / name for name in names if (folder / name).is_file()]
    print("MNIST_TUT_DATA:", own or "not set")
    print("cache:", cache())
    for path in there:
        print(f"  {path}: {path.stat().st_size:,} bytes")
    for address in _addresses():
        print("address:", fetching.without_password(address))
    return 0 if there else 1


def _verify() -> int:
    """Read every file that is there, and print what it is; change and fetch nothing."""
    own = os.environ.get("MNIST_TUT_DATA")
    folder = _expand(own) if own else cache()
    kept = folder / KEPT_NAME
    paths = [*([kept] if kept.exists() else []), *_files(folder)]
    faults = 0 if paths else 1
    for path in paths:
        try:
            read_mnist(path)
            print(f"MNIST: {path}")
        except DataError as fault:
            print(fault.problem, file=sys.stderr)
            faults += 1
    if not paths:
        print(f"{folder} holds neither {FILE_NAME} nor the IDX files.", file=sys.stderr)
    return 1 if faults else 0


def _fetch_and_tell(addresses: Sequence[str]) -> int:
    """Do what the command does without an option."""
    path, arrays = _load(addresses)
    source = _source(arrays.x_valid, arrays.y_valid)
    print(f"{source}: {sum(map(len, arrays[1::2])):,} pictures, {path}")
    return 0 if source == "MNIST" else 3


ABOUT = """\
Fetch and check MNIST, and say what is there.

exit status:
  0  MNIST is there and good
  1  it is not; standard error says why, and what to do
  2  the command was called with something it does not know
  3  there is no MNIST, but the stand-in, as MNIST_TUT_STAND_IN allows
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch and check the data, and say in one line what is there and where.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; by default those of the process. ``--source`` names an address or
        path to ask first, and may be repeated; ``--verify`` reads all files that are there;
        ``--where`` prints where the data is looked for. The last two fetch and change nothing.

    Returns
    -------
    int
        The exit status: 0 for MNIST, 3 for the stand-in, 1 for neither, with the reason on standard
        error. (2 is what ``argparse`` exits with if it does not know an argument.)
    """
    parser = argparse.ArgumentParser(
        prog="mnist-tut-data",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="ask this address first: of mnist.pkl.gz, or of a folder with the IDX files if it "
        "ends with a slash, or a path; may be repeated",
    )
    what.add_argument(
        "--verify",
        action="store_true",
        help="check all files that are there; fetch nothing",
    )
    what.add_argument(
        "--where",
        action="store_true",
        help="say where the data is looked for; fetch nothing",
    )
    options = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        if options.where:
            return _show_places()
        return _verify() if options.verify else _fetch_and_tell(options.source)
    except (DataError, OSError) as fault:
        print(fault, file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
