"""MNIST: find it, download it, check it and read it safely, as six tensors.

Where :func:`load_mnist` looks, in this order:

1. the folder that the environment variable ``MNIST_TUT_DATA`` names;
2. the cache, :data:`PATH`;
3. the published addresses, :data:`URLS`.

Nothing is used before its content has been checked against known SHA-256 values. What no check can
vouch for ends in a :class:`DataError` that says what to do. ``MNIST_TUT_STAND_IN`` lets the docs
build and the tests go on without MNIST: ``allow`` falls back on the digits of
:mod:`mnist_tut.strokes` where no real data can be had, ``only`` takes them at once.

``python -m mnist_tut.data`` fetches and checks the data and says what is there.
"""

import argparse
import gzip
import hashlib
import io
import itertools
import logging
import os
import pickle
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import requests
import torch
from filelock import FileLock
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from mnist_tut import strokes

__all__ = [
    "DATA_PATH",
    "FILE_NAME",
    "PATH",
    "URLS",
    "ArrayUnpickler",
    "DataError",
    "Mnist",
    "WrongContent",
    "data_source",
    "download",
    "find_mnist",
    "for_pages",
    "load_mnist",
    "main",
    "read_mnist",
]

Pair = tuple[NDArray[np.float32], NDArray[np.int64]]

logger = logging.getLogger(__name__)


def _data_path(package: Path) -> Path:
    """Return ``data`` beside the package in a checkout, else ``data`` in the working directory."""
    checkout = package.parent
    return (
        checkout / "data" if (checkout / "pyproject.toml").is_file() else Path("data")
    )


#: Where everything we fetch or draw is kept.
DATA_PATH = _data_path(Path(__file__).resolve().parent)
#: The cache of MNIST.
PATH = DATA_PATH / "mnist"
#: The file's name, in the cache as in a folder of the reader's own.
FILE_NAME = "mnist.pkl.gz"
#: Where the file is published; the second address holds the same bytes.
URLS = (
    f"https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/{FILE_NAME}",
    "https://figshare.com/ndownloader/files/25635053",
)

#: Seconds to wait for a connection, and for the next bytes of an answer.
TIMEOUTS: tuple[float, float] = (5, 30)
#: Seconds to wait for another process that is fetching or drawing the same file.
LOCK_SECONDS: float = 900
#: The published file has 16,168,813 bytes; one of more than this is not read or fetched.
MAX_PACKED = 32 * 2**20
#: Unpacked it has about 220 million bytes; unpacking stops here.
MAX_UNPACKED = 256 * 2**20

REMEDY = (
    f"To use your own copy, put {FILE_NAME} into a folder, "
    "and set MNIST_TUT_DATA to that folder."
)


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


class Split(NamedTuple):
    """How to recognise one split: SHA-256 of pixels and labels, both as uint8 in C order."""

    name: str
    size: int
    pixels: str
    labels: str


#: Any honest copy of MNIST gives these values, whatever its file format.
SPLITS = (
    Split(
        "training",
        50_000,
        "c80ceb24eedca80f31cfca280b8fb911cbb41b9990f998bebd40e26b1ab6d0f8",
        "6072d13d0c3b831e9e4dc3ba693426579504082fc45c186db0f74c0a3092638d",
    ),
    Split(
        "validation",
        10_000,
        "2b079632b0defaf508a5ebf8c4ac1e18ce15c8b337da087e9c3e1c84c618d244",
        "f46875b7c22368a38a50c5c7639c3842341b81fe4d628c55fa1818e21e96ab3b",
    ),
    Split(
        "test",
        10_000,
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
)


class DataError(RuntimeError):
    """Data that cannot be had or cannot be trusted.

    Parameters
    ----------
    problem : str
        What is wrong, naming the path or the address.
    remedy : str
        What to do about it.
    """

    def __init__(self, problem: str, remedy: str = REMEDY) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the problem, then the remedy."""
        return f"{self.problem}\n{self.remedy}"


class WrongContent(DataError):  # noqa: N818 - it is a DataError, said more exactly
    """A file that could be read, and holds something other than MNIST."""


# Fetching -----------------------------------------------------------------------------


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _save(response: requests.Response, file: BinaryIO) -> None:
    """Write the body of an answer to a file, but never more than ``MAX_PACKED`` bytes."""
    size = int(response.headers.get("Content-Length", 0))
    received = 0
    # disable=None: no bar in a log file
    with tqdm(
        total=size or None, desc=FILE_NAME, unit="B", unit_scale=True, disable=None
    ) as bar:
        for chunk in response.iter_content(2**16):
            received += len(chunk)
            if max(size, received) > MAX_PACKED:
                raise ValueError(f"the answer is larger than {MAX_PACKED:,} bytes")
            file.write(chunk)
            bar.update(len(chunk))


def download(url: str, path: Path) -> None:
    """Download a file; ``path`` is only touched when all of it has arrived.

    Parameters
    ----------
    url : str
        The address.
    path : Path
        Where to save it; missing folders are made. An existing file is replaced.

    Raises
    ------
    DataError
        If the address cannot be reached in time, answers with an error, sends less than it
        announced or more than ``MAX_PACKED`` bytes, or if the file cannot be written.
    """
    # What counts are the file's own bytes, so ask for no further packing on the way
    headers = {"Accept-Encoding": "identity"}
    try:
        with requests.get(
            url, headers=headers, stream=True, timeout=TIMEOUTS
        ) as response:
            response.raise_for_status()
            with _replacing(path) as file:
                _save(response, file)
    except (OSError, ValueError) as fault:  # an error of requests is an OSError too
        raise DataError(f"{url} could not be saved as {path}: {fault}") from fault


# Reading ------------------------------------------------------------------------------


def _read_packed(path: Path) -> bytes:
    """Read a file, if it is one (a pipe would block) and not too large."""
    if not path.is_file():
        raise FileNotFoundError("no regular file is there")
    with path.open("rb") as file:
        packed = file.read(MAX_PACKED + 1)
    if len(packed) > MAX_PACKED:
        raise WrongContent(f"it has more than {MAX_PACKED:,} bytes")
    return packed


def _unpack(packed: bytes) -> bytes:
    """Undo gzip, and stop at ``MAX_UNPACKED`` bytes."""
    # 16: expect gzip, and check its CRC-32
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    raw = stream.decompress(packed, MAX_UNPACKED)
    if not stream.eof:
        raise WrongContent(
            f"it is cut off, or unpacks to more than {MAX_UNPACKED:,} bytes"
        )
    if stream.unused_data:
        raise WrongContent("something follows the packed data")
    return raw


# What a pickle of arrays is made of: the opcodes of protocols 2 and 3 for numbers, strings, tuples
# and lists, for names, calls and states. No dict or set (an object that is slow to hash would hang
# us), no memo slot above 255, nothing that calls in another way. See pickletools for each.
_OPCODES_PLAIN = {  # opcode: bytes of its argument
    **dict.fromkeys(b"N\x88\x89", 0),  # None, True, False
    **dict.fromkeys(b"()t\x85\x86\x87", 0),  # mark, tuples
    **dict.fromkeys(b"]ae", 0),  # lists
    **dict.fromkeys(b"Rb.", 0),  # call, set state, stop
    **dict.fromkeys(
        b"\x80Kqh", 1
    ),  # protocol, small integer, put in memo, get from memo
    **dict.fromkeys(b"M", 2),  # integer
    **dict.fromkeys(b"J", 4),  # integer
}
_OPCODES_COUNTED = {  # opcode: bytes of the count before its argument
    **dict.fromkeys(b"U\x8aC", 1),  # short Python 2 string, long integer, short bytes
    **dict.fromkeys(b"TXB", 4),  # Python 2 string, text, bytes
}
_OPCODE_NAME = ord("c")  # module and name, a line each
_OPCODE_STOP = ord(".")
_MAX_OPCODES = 2_000  # MNIST takes 234


def _check_opcodes(raw: bytes) -> None:
    """Walk through a pickle without running it, and refuse what arrays have no use for."""
    at = 0
    for _ in range(_MAX_OPCODES):
        opcode = raw[at]
        at += 1
        if opcode in _OPCODES_PLAIN:
            at += _OPCODES_PLAIN[opcode]
        elif opcode in _OPCODES_COUNTED:
            width = _OPCODES_COUNTED[opcode]
            at += width + int.from_bytes(raw[at : at + width], "little")
        elif opcode == _OPCODE_NAME:
            at = raw.index(b"\n", raw.index(b"\n", at) + 1) + 1
        else:
            raise DataError(
                f"no array needs its pickle opcode {opcode:#04x} (byte {at - 1:,})"
            )
        if opcode == _OPCODE_STOP:
            break
    if opcode != _OPCODE_STOP or at != len(raw):
        raise DataError(
            f"its pickle does not end after {_MAX_OPCODES:,} opcodes or with its bytes"
        )


class _Note:
    """One call that a pickle asks for, noted and never made."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _ArrayNote(_Note):
    """Its state is version, shape, dtype, whether in Fortran order, bytes."""


class _DtypeNote(_Note):
    """Its first argument is kind and size ("f4"), item 1 of its state the byte order ("<")."""


class _BytesNote(_Note):
    """Protocol 2 knows no bytes: the first argument is text with one letter per byte."""


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickled NumPy arrays and runs nothing that the pickle names.

    A pickle is a program: it may name any function of any module and have it called with any
    arguments. This reader knows the few names that arrays need. Even those are not called: each
    call is noted, for :func:`read_mnist` to look at and to build the arrays itself.

    Parameters
    ----------
    raw : bytes
        The pickle, of protocol 2 or 3, from Python 2 or 3.

    Raises
    ------
    DataError
        If the pickle uses an operation or (while loading) a name that arrays do not need.

    See Also
    --------
    pickle.Unpickler.find_class : "Restricting Globals" in Python's reference.
    """

    admitted = {  # noqa: RUF012 - a constant
        ("numpy.core.multiarray", "_reconstruct"): _ArrayNote,  # up to NumPy 1
        ("numpy._core.multiarray", "_reconstruct"): _ArrayNote,  # from NumPy 2
        ("numpy", "ndarray"): _Note,
        ("numpy", "dtype"): _DtypeNote,
        ("_codecs", "encode"): _BytesNote,
    }

    def __init__(self, raw: bytes) -> None:
        _check_opcodes(raw)
        super().__init__(io.BytesIO(raw), encoding="latin1")

    def find_class(self, module: str, name: str) -> type[_Note]:
        """Return what stands for a name in the pickle, if it is one that arrays need."""
        if (module, name) not in self.admitted:
            asked = f"{module}.{name}"[:80]
            raise DataError(f"its pickle asks for {asked!r}, which no array needs")
        return self.admitted[module, name]


def _build(note: Any, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Make the array that a note describes, if it is of the dtype and shape we expect."""
    wanted = f"{np.dtype(dtype).name} of shape {shape}"
    if not isinstance(note, _ArrayNote):
        raise DataError(f"there is something else in the place of an array, {wanted}")
    _, found, kind, in_fortran_order, content = note.state
    if (found, kind.state[1] + kind.arguments[0]) != (shape, dtype) or in_fortran_order:
        raise DataError(f"an array is not as expected, {wanted}")
    if isinstance(content, _BytesNote):
        content = content.arguments[0]
    if isinstance(content, str):  # Python 2's strings arrive as text, a letter per byte
        content = content.encode("latin1")
    return np.frombuffer(content, dtype).reshape(shape)


def _to_pixels(x: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return ``k`` of pictures whose every value is ``k / 256``, or refuse them."""
    pixels = np.empty(x.shape, np.uint8)
    parts = zip(np.array_split(x, 64), np.array_split(pixels, 64), strict=True)
    # NaN and infinity need no warning: they are no k / 256 either
    with np.errstate(invalid="ignore", over="ignore"):
        for rows, out in parts:
            scaled = rows * np.float32(256)
            out[:] = scaled.astype(np.uint8)
            if not np.array_equal(out, scaled):
                raise DataError("a pixel is not k / 256 with k from 0 to 255")
    return pixels


def _check_pair(x: NDArray[np.float32], y: NDArray[np.int64], split: Split) -> None:
    """Refuse pictures and labels that are not those of this split of MNIST."""
    pixels = _to_pixels(x)
    if not np.isin(y, range(10)).all():
        raise DataError(f"a {split.name} label is not one of 0 to 9")
    if hashlib.sha256(pixels.data).hexdigest() != split.pixels:
        raise DataError(f"the {split.name} pictures are not MNIST's (SHA-256 differs)")
    if hashlib.sha256(y.astype(np.uint8).data).hexdigest() != split.labels:
        raise DataError(f"the {split.name} labels are not MNIST's (SHA-256 differs)")


def _read_pair(notes: Any, split: Split) -> Pair:
    """Build and check the pictures and labels of one split."""
    x_note, y_note = notes
    x = _build(x_note, "<f4", (split.size, 784))
    y = _build(y_note, "<i8", (split.size,))
    _check_pair(x, y, split)
    return x.astype(np.float32), y.astype(np.int64)  # copies: ours to write to


def read_mnist(path: Path) -> tuple[Pair, Pair, Pair]:
    """Read ``mnist.pkl.gz`` and check that it holds MNIST, whatever its bytes are.

    Parameters
    ----------
    path : Path
        A gzip-compressed pickle of ``((x_train, y_train), (x_valid, y_valid), (x_test, y_test))``.

    Returns
    -------
    tuple of three pairs
        The same structure: pictures (n, 784) float32 and labels (n,) int64, with n = 50,000,
        10,000 and 10,000.

    Raises
    ------
    DataError
        If the file cannot be read, or is anything but a pickle of exactly these arrays.

    Notes
    -----
    The data set is that of LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86 (1998).
    """
    try:
        train, valid, test = ArrayUnpickler(_unpack(_read_packed(path))).load()
        return (
            _read_pair(train, SPLITS[0]),
            _read_pair(valid, SPLITS[1]),
            _read_pair(test, SPLITS[2]),
        )
    except (OSError, MemoryError) as fault:  # says nothing about the content
        reason = str(fault) or "out of memory"
        raise DataError(f"{path} cannot be read: {reason}") from fault
    except DataError as fault:
        raise WrongContent(f"{path} is not MNIST: {fault.problem}") from fault
    except Exception as fault:
        # damaged bytes can make gzip and pickle raise almost anything
        reason = f"{type(fault).__name__}: {fault}"[:200]
        raise WrongContent(f"{path} is not MNIST, or is damaged ({reason})") from fault


# Finding ------------------------------------------------------------------------------


def _lock(path: Path) -> FileLock:
    """Return the lock under which ``path`` is written (released by the system if we are killed)."""
    return FileLock(f"{path}.lock", timeout=LOCK_SECONDS)


def _set_aside(path: Path) -> Path:
    """Rename a rejected file, so that it is neither lost nor read again."""
    names = (path.with_name(f"{path.name}.rejected-{n}") for n in itertools.count(1))
    return path.rename(next(name for name in names if not name.exists()))


def _read_or_set_aside(path: Path) -> tuple[Pair, Pair, Pair]:
    """Read a file of the cache; one that is not MNIST is set aside."""
    try:
        return read_mnist(path)
    except WrongContent as fault:
        problem = f"{fault.problem}; the file is kept as {_set_aside(path)}"
        logger.warning("%s", problem)
        raise WrongContent(problem) from fault


def _fetch(path: Path) -> tuple[Pair, Pair, Pair]:
    """Download to the cache from the first address that gives MNIST."""
    problems = []
    for url in URLS:
        try:
            download(url, path)
            return _read_or_set_aside(path)
        except WrongContent as fault:
            problems.append(f"{url} sent something else: {fault.problem}")
        except DataError as fault:
            problems.append(fault.problem)
    raise DataError("\n- ".join(["MNIST could not be downloaded.", *problems]))


def _from_cache() -> tuple[Path, tuple[Pair, Pair, Pair]]:
    """Read the cache; fill it first where it is empty or bad."""
    path = PATH / FILE_NAME
    # a good file needs no lock: it is only ever replaced as a whole
    with suppress(DataError):
        return path, read_mnist(path)
    try:
        with _lock(path):
            if path.exists():  # it came while we waited, or it is bad
                with suppress(WrongContent):
                    return path, _read_or_set_aside(path)
            return path, _fetch(path)
    except OSError as fault:
        raise DataError(
            f"{PATH} cannot be used to keep the data in: {fault}"
        ) from fault


def _find() -> tuple[Path, tuple[Pair, Pair, Pair]]:
    """Find and read MNIST, in the order that :func:`find_mnist` states."""
    own = os.environ.get("MNIST_TUT_DATA")
    if not own:
        return _from_cache()
    path = Path(own) / FILE_NAME
    with suppress(RuntimeError):  # "~name" of nobody we know: then it is just missing
        path = path.expanduser()
    try:
        return path, read_mnist(path)
    except DataError as fault:
        raise DataError(
            f"MNIST_TUT_DATA is {own!r}, but {fault.problem}",
            f"Let it name a folder that holds {FILE_NAME}, or unset it to use the cache {PATH} "
            "or download the file. Nothing was changed in that folder.",
        ) from fault


def find_mnist() -> Path:
    """Find a file that holds MNIST, downloading it if need be, and check it.

    The folder named by the environment variable ``MNIST_TUT_DATA`` is used if that is set and not
    empty, and nothing else then. Otherwise the cache, :data:`PATH`; otherwise the file is
    downloaded into the cache from :data:`URLS`, by one process at a time. A file in the cache that
    is not MNIST is kept as ``mnist.pkl.gz.rejected-1`` (or 2, 3, ...) and not read again.

    Returns
    -------
    Path
        A file that :func:`read_mnist` has just read without complaint.

    Raises
    ------
    DataError
        If the folder of ``MNIST_TUT_DATA`` has no such file, or if neither the cache nor any
        address has one; the message says what was tried, what was wrong and what to do.
    """
    return _find()[0]


# The stand-in --------------------------------------------------------------------------------


def _stand_in_path() -> Path:
    """Return where the stand-in is kept: under another name whenever its program changes."""
    version = hashlib.sha256(Path(strokes.__file__).read_bytes()).hexdigest()[:12]
    return DATA_PATH / "stand-in" / f"strokes-{version}.npz"


def _draw() -> dict[str, NDArray[np.uint8]]:
    """Draw the stand-in; pixels as ``k``, labels, all uint8 by the names of :class:`Mnist`."""
    train, valid, test = (split.size for split in SPLITS)
    arrays = itertools.chain(*strokes.make_strokes(sizes=(train, valid, test)))
    scales = itertools.cycle((256, 1))  # pictures, labels, pictures, ...
    return {
        name: (array * scale).to(torch.uint8).numpy()
        for name, array, scale in zip(Mnist._fields, arrays, scales, strict=False)
    }


def _read_stand_in(path: Path) -> dict[str, NDArray[np.uint8]] | None:
    """Read a drawn stand-in; None if there is none, or none that is whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in Mnist._fields}
    except Exception:  # whatever is wrong with it, it can be drawn again
        return None
    shapes = [shape for split in SPLITS for shape in ((split.size, 784), (split.size,))]
    whole = [(array.shape, array.dtype) for array in arrays.values()]
    return arrays if whole == [(shape, np.uint8) for shape in shapes] else None


def _draw_and_keep(path: Path) -> dict[str, NDArray[np.uint8]]:
    """Draw the stand-in, once for all processes, and keep it."""
    with _lock(path):
        # another process may have drawn it while we waited
        arrays = _read_stand_in(path)
        if arrays is None:
            arrays = _draw()
            with _replacing(path) as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
        return arrays


def _stand_in() -> tuple[Path, Mnist]:
    """Return the stand-in, and where it is kept."""
    path = _stand_in_path()
    arrays = _read_stand_in(path)
    if arrays is None:
        try:
            arrays = _draw_and_keep(path)
        except OSError as fault:
            logger.warning(
                "%s cannot be written, so the stand-in is not kept: %s", path, fault
            )
            arrays = _draw()
    tensors = (torch.from_numpy(array) for array in arrays.values())
    return path, Mnist(*(t.float() / 256 if t.ndim == 2 else t.long() for t in tensors))


# One way in ---------------------------------------------------------------------------


def _load() -> tuple[Path, Mnist]:
    """Do what :func:`load_mnist` says, and return where the data is kept too."""
    mode = os.environ.get("MNIST_TUT_STAND_IN") or "never"
    if mode not in ("never", "allow", "only"):
        raise DataError(
            f"MNIST_TUT_STAND_IN is {mode!r}.",
            "Set it to 'allow' (where there is no MNIST) or 'only' (never MNIST), or unset it.",
        )
    if mode == "only":
        return _stand_in()
    try:
        path, pairs = _find()
    except DataError as fault:
        own = os.environ.get("MNIST_TUT_DATA")
        if own or mode == "never":  # that very file was asked for, or nothing but MNIST
            raise
        logger.warning("Using the stand-in, because there is no MNIST here: %s", fault)
        return _stand_in()
    return path, Mnist(*(torch.from_numpy(array) for pair in pairs for array in pair))


def load_mnist() -> Mnist:
    """Load MNIST as six tensors.

    It is found as :func:`find_mnist` says. The environment variable ``MNIST_TUT_STAND_IN`` decides
    what happens without it: unset or empty, nothing but MNIST will do; ``allow`` gives the
    digits that :func:`mnist_tut.strokes.make_strokes` draws, and logs a warning; ``only`` gives
    those without looking for MNIST. ``MNIST_TUT_DATA``, where set, has to be right in any case.

    Returns
    -------
    Mnist
        Pictures (n, 784) float32 from 0 to 255/256 and labels (n,) int64, for training (n =
        50,000), validation and test (10,000 each). :func:`data_source` tells which data it is.

    Raises
    ------
    DataError
        If MNIST cannot be had and nothing else is allowed, or if a variable is set wrong.
    """
    return _load()[1]


def for_pages() -> tuple[Path, str]:
    """Provide the data as a file in the published form, for the tutorial's short loader.

    Returns
    -------
    folder : Path
        One that holds ``mnist.pkl.gz``. The stand-in is written in that form when first asked
        for, which takes a few seconds.
    source : str
        Which data it is; see :func:`data_source`.

    Raises
    ------
    DataError
        As :func:`load_mnist` does.
    OSError
        If the stand-in cannot be written.
    """
    path, data = _load()
    source = data_source(data)
    if source == "MNIST":
        return path.parent, source
    target = path.with_suffix("") / FILE_NAME
    with _lock(target):
        if not target.exists():
            _write_published(data, target)
    return target.parent, source


def _write_published(data: Mnist, path: Path) -> None:
    """Write six tensors the way MNIST is published: a compressed pickle of three pairs."""
    arrays = [tensor.numpy() for tensor in data]
    pairs = tuple(zip(arrays[::2], arrays[1::2], strict=True))
    with (
        _replacing(path) as file,
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed,
    ):
        pickle.dump(pairs, packed, protocol=3)


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
        _check_pair(data.x_valid.numpy(), data.y_valid.numpy(), SPLITS[1])
    except DataError:
        return "stand-in"
    return "MNIST"


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch and check the data, and say in one line what is there and where.

    Parameters
    ----------
    argv : sequence of str, optional
        Command-line arguments; by default those of the process.

    Returns
    -------
    int
        The exit status: 0 for MNIST, 3 for the stand-in, 1 for a :class:`DataError`, whose message
        goes to standard error.
    """
    about = "Fetch and check MNIST and say what is there. Status 0: MNIST, 3: stand-in, 1: neither."
    argparse.ArgumentParser(
        prog="python -m mnist_tut.data", description=about
    ).parse_args(argv)
    try:
        path, data = _load()
    except DataError as fault:
        print(fault, file=sys.stderr)
        return 1
    source = data_source(data)
    count = len(data.x_train) + len(data.x_valid) + len(data.x_test)
    print(f"{source}: {count:,} pictures, {path}")
    return 0 if source == "MNIST" else 3


if __name__ == "__main__":
    raise SystemExit(main())
