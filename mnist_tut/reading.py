"""What is MNIST, and how we know: read a file, and refuse all that is not MNIST to the last bit.

MNIST comes in three forms, and whichever it is, nothing that a file says is believed: sizes are
limited before and while unpacking, no code that a pickle names is run, and in the end the SHA-256
of every pixel and every label decides.

- ``mnist.pkl.gz``, the published form: a compressed pickle of NumPy arrays;
- the four IDX files in which MNIST first appeared, without any pickle;
- ``mnist.uint8``, our own: all pixels and labels as plain bytes. It has no header that could lie,
  and is read in a fraction of a second.
"""

import hashlib
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_tut.errors import DataError, WrongContent
from mnist_tut.unpickling import ArrayUnpickler, build_array

__all__ = [
    "FILE_NAME",
    "IDX_FILES",
    "KEPT_NAME",
    "SPLITS",
    "Arrays",
    "IdxFile",
    "Split",
    "check_split",
    "read_idx",
    "read_idx_file",
    "read_kept",
    "read_mnist",
    "read_pickled",
    "to_pixels",
]

Bytes = NDArray[np.uint8]

#: The published file's name, in the cache as in a folder of the reader's own.
FILE_NAME = "mnist.pkl.gz"
#: The name of what we keep of a file once its content has been checked.
KEPT_NAME = "mnist.uint8"

#: The published file has 16,168,813 bytes; one of more than this is not read or fetched.
MAX_PACKED = 32 * 2**20
#: Unpacked it has about 220 million bytes; unpacking stops here.
MAX_UNPACKED = 256 * 2**20


class Arrays(NamedTuple):
    """The six arrays of MNIST as bytes, in the order in which the files have them.

    Attributes
    ----------
    x_train, x_valid, x_test : (n, 784) uint8
        Pictures, 0 to 255; 0 is background.
    y_train, y_valid, y_test : (n,) uint8
        The digit each picture shows.
    """

    x_train: Bytes
    y_train: Bytes
    x_valid: Bytes
    y_valid: Bytes
    x_test: Bytes
    y_test: Bytes


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


class IdxFile(NamedTuple):
    """How to recognise one IDX file: its packed size and the SHA-256 of its packed bytes."""

    name: str
    size: int
    sha256: str


#: Unlike the pickle, which people pack anew, these have had the same bytes since 1998:
#: pictures and labels for training (and validation), then for the test.
IDX_FILES = (
    IdxFile(
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    IdxFile(
        "train-labels-idx1-ubyte.gz",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)


# Reading bytes ------------------------------------------------------------------------


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while reading a file into our error, naming the file."""
    try:
        yield
    except (OSError, MemoryError) as fault:  # says nothing about the content
        reason = str(fault) or "out of memory"
        raise DataError(f"{path} cannot be read: {reason}") from fault
    except DataError as fault:
        raise _wrong(path, f"{path} is not MNIST: {fault.problem}") from fault
    except Exception as fault:
        # damaged bytes can make gzip and pickle raise almost anything
        reason = f"{type(fault).__name__}: {fault}"[:200]
        problem = f"{path} is not MNIST, or is damaged ({reason})"
        raise _wrong(path, problem) from fault


def _wrong(path: Path, problem: str) -> WrongContent:
    """Make the error for a wrong file."""
    error = WrongContent(problem)
    error.path = path
    return error


def _read_bytes(path: Path, limit: int) -> bytes:
    """Read a file, if it is one (a pipe would block) and not too large."""
    if not path.is_file():
        raise FileNotFoundError("no regular file is there")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise DataError(f"it has more than {limit:,} bytes")
    return content


def _unpack(packed: bytes, limit: int) -> bytes:
    """Undo gzip, and stop at ``limit`` bytes."""
    # 16: expect gzip, and check its CRC-32
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    raw = stream.decompress(packed, limit)
    if not stream.eof:
        raise DataError(f"it is cut off, or unpacks to more than {limit:,} bytes")
    if stream.unused_data:
        raise DataError("something follows the packed data")
    return raw


# The content decides ------------------------------------------------------------------


def check_split(pixels: Bytes, labels: Bytes, split: Split) -> None:
    """Refuse pictures and labels that are not those of this split of MNIST.

    Parameters
    ----------
    pixels : (n, 784) uint8
        In C order.
    labels : (n,) uint8
        In the same order as the pictures.
    split : Split
        What to compare them with.

    Raises
    ------
    DataError
        If a label is not one of 0 to 9, or a SHA-256 differs.
    """
    if labels.max() > 9:
        raise DataError(f"a {split.name} label is not one of 0 to 9")
    if hashlib.sha256(pixels.data).hexdigest() != split.pixels:
        raise DataError(f"the {split.name} pictures are not MNIST's (SHA-256 differs)")
    if hashlib.sha256(labels.data).hexdigest() != split.labels:
        raise DataError(f"the {split.name} labels are not MNIST's (SHA-256 differs)")


def _checked(*arrays: Bytes) -> Arrays:
    """Return six arrays if all of them are MNIST's."""
    mnist = Arrays(*arrays)
    for pixels, labels, split in zip(mnist[::2], mnist[1::2], SPLITS, strict=True):
        check_split(pixels, labels, split)
    return mnist


# Plain bytes --------------------------------------------------------------------------


def read_kept(path: Path) -> Arrays:
    """Read ``mnist.uint8``, the form in which the cache keeps what has been checked.

    Parameters
    ----------
    path : Path
        A file of 54,950,000 bytes: the six arrays one after the other.

    Returns
    -------
    Arrays
        Checked again, to the last bit.

    Raises
    ------
    DataError
        If the file cannot be read or is not MNIST.
    """
    with _naming(path):
        shapes = [shape for n in _sizes() for shape in ((n, 784), (n,))]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        raw = np.frombuffer(_read_bytes(path, int(ends[-1])), np.uint8)
        if len(raw) != ends[-1]:
            raise DataError(f"it has {len(raw):,} bytes and not {ends[-1]:,}")
        parts = zip(np.split(raw, ends[:-1]), shapes, strict=True)
        return _checked(*(part.reshape(shape) for part, shape in parts))


def _sizes() -> tuple[int, int, int]:
    """Return the number of pictures for training, validation and test."""
    train, valid, test = (split.size for split in SPLITS)
    return train, valid, test


# IDX ----------------------------------------------------------------------------------


def read_idx_file(path: Path, file: IdxFile) -> bytes:
    """Read and unpack one IDX file, if it is the original.

    Parameters
    ----------
    path : Path
        Where it is.
    file : IdxFile
        Which it is.

    Returns
    -------
    bytes
        Unpacked.

    Raises
    ------
    DataError
        If it cannot be read, or its SHA-256 differs.
    """
    with _naming(path):
        packed = _read_bytes(path, file.size)
        if hashlib.sha256(packed).hexdigest() != file.sha256:
            raise DataError(f"it is not the original {file.name} (SHA-256 differs)")
        return _unpack(packed, MAX_UNPACKED)


def _parse_idx(raw: bytes, shape: tuple[int, ...]) -> Bytes:
    """Take the array out of an IDX file: two zeros, 8 for uint8, dimensions, sizes, content."""
    header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
    if not raw.startswith(header) or len(raw) != len(header) + math.prod(shape):
        raise DataError(f"it is no IDX file of shape {shape}")
    return np.frombuffer(raw, np.uint8, offset=len(header)).reshape(shape[0], -1)


def read_idx(folder: Path) -> Arrays:
    """Read the four original files, and split the training pictures as the published file does.

    Parameters
    ----------
    folder : Path
        One that holds the files of :data:`IDX_FILES`.

    Returns
    -------
    Arrays
        The first 50,000 of the training files for training, the other 10,000 for validation.

    Raises
    ------
    DataError
        If a file is missing or is not the original.
    """
    train, valid, test = _sizes()
    arrays = []
    for file, n in zip(IDX_FILES, 2 * [train + valid] + 2 * [test], strict=True):
        raw = read_idx_file(folder / file.name, file)
        with _naming(folder / file.name):
            arrays.append(_parse_idx(raw, (n, 28, 28) if "idx3" in file.name else (n,)))
    x, y, x_test, y_test = arrays
    y, y_test = y.reshape(-1), y_test.reshape(-1)
    with _naming(folder / IDX_FILES[0].name):
        return _checked(x[:train], y[:train], x[train:], y[train:], x_test, y_test)


# Pickle -------------------------------------------------------------------------------


def to_pixels(x: NDArray[np.float32]) -> Bytes:
    """Return ``k`` of pictures whose every value is ``k / 256``, or refuse them.

    Parameters
    ----------
    x : (n, 784) float32
        Pictures, 0 to 255/256.

    Returns
    -------
    (n, 784) uint8
        The same, 0 to 255.

    Raises
    ------
    DataError
        If any value is not on that grid, NaN and infinity among them.
    """
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


def _build_pair(notes: Any, split: Split) -> tuple[Bytes, Bytes]:
    """Build the pictures and labels of one split, as bytes."""
    x_note, y_note = notes
    x = build_array(x_note, "<f4", (split.size, 784))
    y = build_array(y_note, "<i8", (split.size,))
    if y.min() < 0 or y.max() > 9:  # as bytes, 256 would become 0
        raise DataError(f"a {split.name} label is not one of 0 to 9")
    return to_pixels(x), y.astype(np.uint8)


def read_pickled(path: Path) -> Arrays:
    """Read ``mnist.pkl.gz`` and check that it holds MNIST, whatever its bytes are.

    Parameters
    ----------
    path : Path
        A gzip-compressed pickle of ``((x_train, y_train), (x_valid, y_valid), (x_test, y_test))``:
        pictures (n, 784) float32, ``k / 256``, and labels (n,) int64.

    Returns
    -------
    Arrays
        Pictures as ``k``, and labels.

    Raises
    ------
    DataError
        If the file cannot be read, or is anything but a pickle of exactly these arrays.

    Notes
    -----
    The data set is that of LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86 (1998).
    """
    with _naming(path):
        raw = _unpack(_read_bytes(path, MAX_PACKED), MAX_UNPACKED)
        train, valid, test = ArrayUnpickler(raw).load()
        return _checked(
            *_build_pair(train, SPLITS[0]),
            *_build_pair(valid, SPLITS[1]),
            *_build_pair(test, SPLITS[2]),
        )


# Whichever it is ----------------------------------------------------------------------


def read_mnist(path: Path) -> Arrays:
    """Read MNIST in any of its forms.

    Parameters
    ----------
    path : Path
        A folder with the four IDX files, a file named ``mnist.uint8``, or a file of any other name
        in the published form.

    Returns
    -------
    Arrays
        As :func:`read_idx`, :func:`read_kept` or :func:`read_pickled` returns them.

    Raises
    ------
    DataError
        If it cannot be read or is not MNIST.
    """
    with _naming(path):
        is_folder = path.is_dir()
    if is_folder:
        return read_idx(path)
    return read_kept(path) if path.name == KEPT_NAME else read_pickled(path)
