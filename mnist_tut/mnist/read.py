"""What MNIST is, and how we know: read a file, and refuse all that is not MNIST to the last bit.

MNIST comes as ``mnist.pkl.gz``, a compressed pickle of arrays, or as the four IDX files in which it
first appeared. Nothing that a file says is believed: sizes are limited before and while unpacking,
no pickle is run, and in the end the SHA-256 of every pixel and every label decides.
"""

import gzip
import hashlib
import io
import os
import pickle
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_tut.mnist.errors import DataError
from mnist_tut.mnist.unpickle import long_strings

Bytes = NDArray[np.uint8]
Pair = tuple[NDArray[np.float32], NDArray[np.int64]]
#: Six arrays: x_train, y_train, x_valid, y_valid, x_test, y_test; pixels (n, 784), labels (n,).
Arrays = list[Bytes]

FILE_NAME = "mnist.pkl.gz"
IDX_FILES = [  # the last 10,000 of the training files are for validation
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
]
#: The published file has 16,168,813 bytes, and about 220 million unpacked. Nobody needs more.
MAX_PACKED, MAX_UNPACKED = 32 * 2**20, 256 * 2**20
#: How many pictures there are for training, validation and test.
SIZES = (50_000, 10_000, 10_000)
#: Of the six arrays, whatever the form of the file.
SHA256 = {
    "x_train": "c80ceb24eedca80f31cfca280b8fb911cbb41b9990f998bebd40e26b1ab6d0f8",
    "y_train": "6072d13d0c3b831e9e4dc3ba693426579504082fc45c186db0f74c0a3092638d",
    "x_valid": "2b079632b0defaf508a5ebf8c4ac1e18ce15c8b337da087e9c3e1c84c618d244",
    "y_valid": "f46875b7c22368a38a50c5c7639c3842341b81fe4d628c55fa1818e21e96ab3b",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}


def read_path(path: Path) -> Arrays:
    """Read MNIST from a folder that holds it in any form, or from a file; change nothing there.

    DataError tells what is wrong with each form; FileNotFoundError that there is nothing to read.
    """
    forms = [[FILE_NAME], IDX_FILES]
    if not os.path.isdir(path):  # noqa: PTH112 - False, too, where we may not look
        path, forms = path.parent, [[path.name]]
    problems = []
    for names in forms:
        try:
            return read({str(path / name): read_bytes(path / name) for name in names})
        except FileNotFoundError:
            continue
        except OSError as fault:
            problems.append(f"{path / names[0]} cannot be read: {fault.strerror}")
        except DataError as fault:
            problems.append(fault.problem)
    if not problems:
        raise FileNotFoundError(f"{path / forms[0][0]} is not there")
    raise DataError("; ".join(problems))


def read_bytes(path: Path) -> bytes:
    """Read a file, if it is one (a pipe would block) and not too large."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise DataError(f"{path} is no regular file")
    with path.open("rb") as file:
        content = file.read(MAX_PACKED + 1)
    if len(content) > MAX_PACKED:
        raise DataError(f"{path} is not MNIST: it has more than {MAX_PACKED:,} bytes")
    return content


def read(contents: Mapping[str, bytes]) -> Arrays:
    """Read MNIST from what lies at one path or address (the pickle) or at four (the IDX files).

    DataError names the path or address where something else is.
    """
    unpacked = []
    try:
        for place, packed in contents.items():
            where = place
            unpacked.append(unpack(packed))
        where = ", ".join(contents)
        arrays = from_idx if len(unpacked) > 1 else from_pickle
        return check(arrays(*unpacked))
    except Exception as fault:  # damaged bytes can raise almost anything
        reason = str(fault) or type(fault).__name__
        raise DataError(f"{where} is not MNIST: {reason}") from fault


def unpack(packed: bytes) -> bytes:
    """Undo gzip, and stop at the limit."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: with gzip's checksum
    raw = stream.decompress(packed, MAX_UNPACKED)
    if not stream.eof:
        raise ValueError(f"it is cut off, or has more than {MAX_UNPACKED:,} bytes")
    if stream.unused_data:
        raise ValueError("something follows the packed data")
    return raw


def from_pickle(raw: bytes) -> Arrays:
    """Take three pairs out of a pickle: (n, 784) float32, k / 256; and (n,) int64."""
    strings = long_strings(raw)
    if [len(s) for s in strings] != [n * m for n in SIZES for m in (4 * 784, 8)]:
        raise ValueError("its pickle does not hold six arrays of MNIST's sizes")
    x = [exactly(np.frombuffer(s, "<f4"), 256).reshape(-1, 784) for s in strings[::2]]
    y = [exactly(np.frombuffer(s, "<i8"), 1) for s in strings[1::2]]
    return [x[0], y[0], x[1], y[1], x[2], y[2]]


def exactly(values: NDArray[Any], scale: int) -> Bytes:
    """Return ``scale * values`` as bytes, or refuse them if that would change any."""
    with np.errstate(all="ignore"):  # NaN and infinity are refused below
        scaled = values * values.dtype.type(scale)
        exact = scaled.astype(np.uint8)
    if not np.array_equal(exact, scaled):
        raise ValueError(f"one of its numbers is not k / {scale} with k from 0 to 255")
    return exact


def from_idx(x: bytes, y: bytes, x_test: bytes, y_test: bytes) -> Arrays:
    """Take the arrays out of the four files: 16 bytes in front of pictures, 8 of labels."""
    xs = [
        np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784) for raw in (x, x_test)
    ]
    ys = [np.frombuffer(raw, np.uint8, offset=8) for raw in (y, y_test)]
    n, _, _ = SIZES
    return [xs[0][:n], ys[0][:n], xs[0][n:], ys[0][n:], xs[1], ys[1]]


def check(arrays: Arrays) -> Arrays:
    """Return the arrays if they are MNIST's, to the last bit."""
    for (name, known), array in zip(SHA256.items(), arrays, strict=True):
        if hashlib.sha256(array.data).hexdigest() != known:
            raise ValueError(f"its {name} is another one (SHA-256 differs)")
    return arrays


def pairs(arrays: Arrays) -> tuple[Pair, Pair, Pair]:
    """Give pictures and labels the types of the published file: float32, k / 256; and int64."""
    x = [a.astype(np.float32) / np.float32(256) for a in arrays[::2]]
    y = [a.astype(np.int64) for a in arrays[1::2]]
    return (x[0], y[0]), (x[1], y[1]), (x[2], y[2])


def pack(arrays: Arrays) -> bytes:
    """Pack arrays the way MNIST is published."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as file:
        pickle.dump(pairs(arrays), file, protocol=3)
    return packed.getvalue()
