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
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_tut.mnist.errors import DataError

#: Pictures (n, 784) float32, k / 256 with k from 0 to 255; labels (n,) int64.
Pair = tuple[NDArray[np.float32], NDArray[np.int64]]
Pairs = tuple[Pair, ...]  # for training, validation and test
Check = Callable[[Pairs], None]

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
#: Of the bytes of the six arrays, little-endian, whatever the form of the file.
SHA256 = {
    "x_train": "776032e7e6a9793aa363ced48409f59393deff07333dbd953f3749bf80667d30",
    "y_train": "3fc61c21900fc0b58d42fdaf93c02687003667ff54f671496c1d367a95cae2ba",
    "x_valid": "04197cf3c7f94ed5f6b5f472b6be8368610bdccf10bfd78aa83bce8ca1f7c6a4",
    "y_valid": "bfddcd2fec1923668512623a71a47033ec687581bc04ac5708c8857aa0193630",
    "x_test": "0194b01ac10d2940c3823564d797c586e7bfd25ffac681a9577bfbbb62d0a81a",
    "y_test": "2fd8de6bdb8d11780b4b96dc57847bcfe6953f7c32aa48bfcd8237c3b7847243",
}


def check(pairs: Pairs) -> None:
    """ValueError if the arrays are not MNIST's, to the last bit."""
    arrays = [array for pair in pairs for array in pair]
    for (name, known), array in zip(SHA256.items(), arrays, strict=True):
        if hashlib.sha256(array.data).hexdigest() != known:
            other = "another one, or not little-endian (SHA-256 differs)"
            raise ValueError(f"its {name} is {other}")


def read_path(path: Path, check: Check = check) -> Pairs:
    """Read MNIST from a folder that holds it in any form, or from a file; change nothing there.

    DataError tells what is wrong with each form, or that there is none.
    """
    problems = []
    for files in forms(path):
        try:
            return read({str(file): read_bytes(file) for file in files}, check)
        except OSError as fault:
            where = fault.filename or path
            problems.append(f"{where} cannot be read: {fault.strerror}")
        except DataError as fault:
            problems.append(fault.problem)
    nothing = f"{path} holds no {FILE_NAME} and no IDX file"
    raise DataError("; ".join(problems) or nothing)


def forms(path: Path) -> Iterator[list[Path]]:
    """Give the files of each form that is there: the pickle, the IDX files, torchvision's too."""
    if not os.path.isdir(path):  # noqa: PTH112 - False, too, where we may not look
        yield [path]
        return
    for folder in filter(os.path.isdir, (path, path / "raw", path / "MNIST" / "raw")):
        try:
            there = set(os.listdir(folder))  # noqa: PTH208
        except OSError as fault:
            raise DataError(f"{folder} cannot be read: {fault.strerror}") from fault
        for form in [FILE_NAME], IDX_FILES:
            names = [as_spelled(name, there) for name in form]
            if there.intersection(names):
                yield [folder / name for name in names]


def as_spelled(name: str, there: set[str]) -> str:
    """Return a file's name as it is spelled there: unpacked perhaps, or with ``.idx``."""
    dotted = name.replace("-idx", ".idx")
    ways = name, name[:-3], dotted, dotted[:-3]
    return next((way for way in ways if way in there), name)


def read_bytes(path: Path) -> bytes:
    """Read a file, if it is one (a pipe would block) and not too large."""
    if not path.is_file():
        fault = "no regular file" if path.exists() else "not there"
        raise DataError(f"{path} is {fault}")
    with path.open("rb") as file:
        content = file.read(MAX_UNPACKED + 1)
    if len(content) > MAX_UNPACKED:
        raise DataError(f"{path} is not MNIST: it has over {MAX_UNPACKED:,} bytes")
    return content


def read(contents: Mapping[str, bytes], check: Check = check) -> Pairs:
    """Read MNIST from what lies at one path or address (the pickle) or at four (the IDX files).

    DataError names the path or address where something else is.
    """
    raws = []
    try:
        for place, content in contents.items():
            where = place
            raws.append(unpack(content))
        where = ", ".join(contents)
        pairs = from_idx(raws) if len(raws) > 1 else from_pickle(raws[0])
        check(pairs)
        return pairs
    except MemoryError:
        raise MemoryError(f"There is too little memory to read {where}.") from None
    except Exception as fault:  # damaged bytes can raise almost anything
        raise DataError(f"{where} is not MNIST: {fault}") from fault


def unpack(content: bytes) -> bytes:
    """Undo gzip, and stop at the limit; a pickle or an IDX file may have been unpacked."""
    if content.startswith((b"\x80", b"\0\0\x08")):
        return content
    if not content:
        raise ValueError("it is empty")
    if not content.startswith(b"\x1f\x8b"):
        raise ValueError(f"it is no gzip file; it begins with {content[:20]!r}")
    try:
        with gzip.open(io.BytesIO(content)) as file:
            raw = file.read(MAX_UNPACKED + 1)
    except EOFError:
        raise ValueError("it is cut off") from None
    except (OSError, zlib.error) as fault:
        raise ValueError(f"it is damaged ({fault})") from fault
    if len(raw) > MAX_UNPACKED:
        raise ValueError(f"unpacked, it has over {MAX_UNPACKED:,} bytes")
    return raw


def from_pickle(raw: bytes) -> Pairs:
    """Take the arrays out of a pickle without running it, which might do anything.

    Of all that it says we read only where six byte strings of the right lengths begin.
    """
    pairs, at = [], 0
    for n in SIZES:
        x, at = byte_string(raw, at, n * 784 * 4)
        y, at = byte_string(raw, at, n * 8)
        images = np.frombuffer(x, "<f4").reshape(n, 784)
        pairs.append((images.copy(), np.frombuffer(y, "<i8").copy()))
    return tuple(pairs)


def byte_string(raw: bytes, at: int, size: int) -> tuple[memoryview, int]:
    """Return the next byte string of that size in a pickle, and where it ends.

    Its length comes after the opcode: B, T, 0x8e or 0x96 for bytes; X for text, a letter a byte, as
    Python 3 writes bytes in protocol 2. 0xC3 is where letters begin that no byte can be.
    """
    opcode = re.compile(rb"[BTX](?=(.{4}))|[\x8e\x96](?=(.{8}))", re.DOTALL)
    for found in opcode.finditer(raw, at, at + 1000):
        count = found[1] or found[2]
        start = found.end() + len(count)
        end = start + int.from_bytes(count, "little")
        part = memoryview(raw)[start:end]
        if found[0] == b"X" and size <= len(part) <= 2 * size:
            bytes_alone = np.frombuffer(part, np.uint8).max() <= 0xC3
            text = str(part, "utf-8", "replace") if bytes_alone else ""
            part = memoryview(text.encode("latin-1", "replace"))
        if len(part) == size:
            return part, end
    raise ValueError("it is no pickle of six arrays of MNIST's types and sizes")


def from_idx(raws: list[bytes]) -> Pairs:
    """Take the arrays out of the four files: 16 bytes in front of pictures, 8 of labels."""
    n, more, n_test = SIZES
    arrays = []
    for name, raw in zip(IDX_FILES, raws, strict=True):
        rows = n_test if "t10k" in name else n + more
        head, columns = (16, 784) if "images" in name else (8, 1)
        if len(raw) != head + rows * columns:
            raise ValueError(f"{len(raw):,} bytes are too few or too many for {name}")
        arrays.append(np.frombuffer(raw, np.uint8, offset=head).reshape(rows, columns))
    x, x_test = (a.astype(np.float32) / np.float32(256) for a in arrays[::2])
    y, y_test = (a[:, 0].astype(np.int64) for a in arrays[1::2])
    return (x[:n], y[:n]), (x[n:], y[n:]), (x_test, y_test)


def pack(pairs: Pairs) -> bytes:
    """Pack arrays the way MNIST is published."""
    return gzip.compress(pickle.dumps(pairs, protocol=3), compresslevel=1, mtime=0)
