"""The loader gives MNIST or says why not, whatever servers, files and settings do."""

import codecs
import gzip
import hashlib
import io
import itertools
import logging
import os
import pickle
import runpy
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_tut import data, data_short, strokes

REAL = os.environ.get("MNIST_TUT_DATA")  # before any fixture clears it

# A small MNIST: the same structure, other sizes and SHA-256 values -------------------------------

SIZES = (12, 7, 5)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def make_fake() -> tuple[Any, tuple[data.Split, ...]]:
    rng = np.random.default_rng(0)
    pairs, splits = [], []
    for name, size in zip(("training", "validation", "test"), SIZES, strict=True):
        pixels = rng.integers(0, 256, (size, 784), dtype=np.uint8)
        labels = rng.integers(0, 10, size, dtype=np.uint8)
        pairs.append(((pixels / 256).astype("<f4"), labels.astype("<i8")))
        splits.append(data.Split(name, size, digest(pixels), digest(labels)))
    return tuple(pairs), tuple(splits)


FAKE, FAKE_SPLITS = make_fake()
PICKLED = pickle.dumps(FAKE, protocol=2)
PACKED = gzip.compress(PICKLED, mtime=0)


def python2_pickle() -> bytes:
    """Pickle the arrays as Python 2 and an early NumPy did: byte strings, and 0 and 1 for bools."""

    def text(word: bytes) -> bytes:
        return b"U" + bytes([len(word)]) + word

    def array(a: np.ndarray) -> bytes:
        shape = b"(" + b"".join(b"M" + struct.pack("<H", n) for n in a.shape) + b"t"
        dtype = b"cnumpy\ndtype\n" + text(a.dtype.str[1:].encode()) + b"K\0K\1\x87R"
        dtype += b"(K\3" + text(b"<") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\0tb"
        content = b"T" + struct.pack("<i", a.nbytes) + a.tobytes()
        new = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text(
            b"b"
        )
        return new + b"\x87R(K\1" + shape + dtype + b"\x89" + content + b"tb"

    pairs = b"".join(array(x) + array(y) + b"\x86" for x, y in FAKE)
    return b"\x80\2" + pairs + b"\x87."


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a small MNIST and a cache of its own; no settings from outside, no network."""
    monkeypatch.setattr(data, "SPLITS", FAKE_SPLITS)
    monkeypatch.setattr(data, "DATA_PATH", tmp_path / "数据 cache")
    monkeypatch.setattr(data, "PATH", tmp_path / "数据 cache" / "mnist")
    monkeypatch.setattr(data, "URLS", ())
    for name in ("MNIST_TUT_DATA", "MNIST_TUT_STAND_IN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def write(path: Path, content: bytes = PACKED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def cached() -> Path:
    return data.PATH / data.FILE_NAME


def names(folder: Path) -> list[str]:
    """List what lies in a folder, lock files apart."""
    return sorted(p.name for p in folder.glob("*") if p.suffix != ".lock")


def assert_is_fake(pairs: Any) -> None:
    for (x, y), (true_x, true_y) in zip(pairs, FAKE, strict=True):
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        np.testing.assert_array_equal(x, true_x)
        np.testing.assert_array_equal(y, true_y)


# Reading: what is accepted ------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(PICKLED, id="protocol 2"),
        pytest.param(PICKLED.replace(b"numpy._core", b"numpy.core"), id="NumPy 1"),
        pytest.param(pickle.dumps(FAKE, protocol=3), id="protocol 3"),
        pytest.param(
            pickle.dumps([list(pair) for pair in FAKE], protocol=2), id="lists"
        ),
        pytest.param(python2_pickle(), id="Python 2"),
    ],
)
def test_the_arrays_are_read_from_every_form_they_were_ever_pickled_in(
    tmp_path: Path, raw: bytes
) -> None:
    pairs = data.read_mnist(write(tmp_path / "m.gz", gzip.compress(raw)))
    assert_is_fake(pairs)
    assert all(array.flags.writeable for pair in pairs for array in pair)


@pytest.mark.skipif(
    REAL is None, reason="MNIST_TUT_DATA names no folder with the real file"
)
def test_the_real_file_is_read_and_known_as_mnist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    monkeypatch.delenv("MNIST_TUT_STAND_IN", raising=False)
    mnist = data.load_mnist()
    assert [tuple(t.shape) for t in mnist] == [
        *((50_000, 784), (50_000,)),
        *((10_000, 784), (10_000,)),
        *((10_000, 784), (10_000,)),
    ]
    assert mnist.y_train[:3].tolist() == [5, 0, 4]
    assert mnist.x_train.max() == 255 / 256
    assert data.data_source(mnist) == "MNIST"


# Reading: what is refused -------------------------------------------------------------


def changed(split: int, part: int, change: Callable[[np.ndarray], Any]) -> Any:
    """Change one of the six arrays of the small MNIST."""
    pairs = [[array.copy() for array in pair] for pair in FAKE]
    pairs[split][part] = change(pairs[split][part])
    return tuple(tuple(pair) for pair in pairs)


def put(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array.flat[3] = value
        return array

    return change


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            changed(0, 0, put(np.nan)), "a pixel is not k / 256", id="NaN pixel"
        ),
        pytest.param(
            changed(1, 0, put(np.inf)), "a pixel is not k / 256", id="infinite pixel"
        ),
        pytest.param(
            changed(2, 0, put(3e38)), "a pixel is not k / 256", id="huge pixel"
        ),
        pytest.param(
            changed(0, 0, put(1.0)), "a pixel is not k / 256", id="pixel of 1"
        ),
        pytest.param(
            changed(0, 0, put(-1 / 256)), "a pixel is not k / 256", id="negative"
        ),
        pytest.param(
            changed(0, 0, put(1 / 512)), "a pixel is not k / 256", id="off the grid"
        ),
        pytest.param(
            changed(0, 1, put(10)), "training label is not one", id="label 10"
        ),
        pytest.param(
            changed(1, 1, put(-1)), "validation label is not one", id="label -1"
        ),
        pytest.param(
            changed(2, 1, lambda y: y + 256),
            "test label is not one",
            id="label + 256, uint8 wraps",
        ),
        pytest.param(
            changed(2, 0, lambda x: x[::-1].copy()), "test pictures", id="rows reversed"
        ),
        pytest.param(
            changed(0, 0, lambda x: 255 / 256 - x), "training pictures", id="inverted"
        ),
        pytest.param(
            changed(1, 1, lambda y: 9 - y), "validation labels", id="other labels"
        ),
        pytest.param(
            (FAKE[0], FAKE[2], FAKE[1]), "not as expected", id="splits swapped"
        ),
        pytest.param(
            changed(0, 0, lambda x: x.astype("f8")), "not as expected", id="float64"
        ),
        pytest.param(
            changed(0, 0, lambda x: x.astype(">f4")), "not as expected", id="big endian"
        ),
        pytest.param(
            changed(0, 1, lambda y: y.astype("i4")), "not as expected", id="int32"
        ),
        pytest.param(
            changed(0, 1, lambda y: y.astype("u8")), "not as expected", id="uint64"
        ),
        pytest.param(
            changed(0, 1, lambda y: y.astype("O")), "not as expected", id="objects"
        ),
        pytest.param(
            changed(0, 0, lambda x: x.astype("O")), "opcode 0x47", id="x as objects"
        ),
        pytest.param(
            changed(0, 0, np.asfortranarray), "not as expected", id="Fortran order"
        ),
        pytest.param(
            changed(0, 0, lambda x: x.reshape(-1, 28, 28)),
            "not as expected",
            id="28 x 28",
        ),
        pytest.param(
            changed(1, 0, lambda x: x[:-1]), "not as expected", id="a row short"
        ),
        pytest.param(
            changed(1, 0, lambda x: b"x" * 99),
            "something else",
            id="bytes for an array",
        ),
        pytest.param(
            changed(1, 1, lambda y: None), "something else", id="None for an array"
        ),
        pytest.param(FAKE[:2], "unpack", id="two splits"),
        pytest.param((*FAKE, FAKE[0]), "unpack", id="four splits"),
        pytest.param(None, "None", id="nothing"),
    ],
)
def test_arrays_other_than_mnist_are_refused_with_the_reason(
    tmp_path: Path, content: Any, reason: str
) -> None:
    path = write(tmp_path / "mine.gz", gzip.compress(pickle.dumps(content, protocol=2)))
    with pytest.raises(data.WrongContent) as caught:
        data.read_mnist(path)
    assert str(path) in str(caught.value)
    assert reason in caught.value.problem
    assert "MNIST_TUT_DATA" in str(caught.value)


def test_splits_of_one_size_are_still_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, valid, test = FAKE
    cut = [(x[:5], y[:5]) for x, y in (valid, test)]
    same_size = [
        data.Split(name, 5, digest((x * 256).astype("u1")), digest(y.astype("u1")))
        for name, (x, y) in zip(("validation", "test"), cut, strict=True)
    ]
    monkeypatch.setattr(data, "SPLITS", (FAKE_SPLITS[0], *same_size))
    good = gzip.compress(pickle.dumps((train, cut[0], cut[1]), protocol=2))
    swapped = gzip.compress(pickle.dumps((train, cut[1], cut[0]), protocol=2))
    assert data.read_mnist(write(tmp_path / "good", good))
    with pytest.raises(data.WrongContent, match="validation pictures are not MNIST's"):
        data.read_mnist(write(tmp_path / "swapped", swapped))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "cut off", id="empty"),
        pytest.param(
            b"<!DOCTYPE html><title>Sign in</title>", "incorrect header", id="HTML"
        ),
        pytest.param(PICKLED, "incorrect header", id="not packed"),
        pytest.param(PACKED[:-1], "cut off", id="last byte missing"),
        pytest.param(PACKED[: len(PACKED) // 2], "cut off", id="half"),
        pytest.param(
            PACKED[:-8] + b"\0" * 4 + PACKED[-4:], "incorrect data check", id="CRC"
        ),
        pytest.param(PACKED[:500] + b"\xff" * 99 + PACKED[599:], "error", id="damaged"),
        pytest.param(PACKED + b"more", "something follows", id="trailing bytes"),
        pytest.param(gzip.compress(b""), "index out of range", id="nothing packed"),
        pytest.param(
            gzip.compress(b"garbage" * 999), "opcode 0x67 (byte 0)", id="packed garbage"
        ),
        pytest.param(
            gzip.compress(PICKLED[:-1]), "out of range", id="pickle without its end"
        ),
        pytest.param(gzip.compress(PICKLED + b"."), "does not end", id="two ends"),
        pytest.param(gzip.compress(b"N" * 5000 + b"."), "does not end", id="endless"),
        pytest.param(gzip.compress(b"cnumpy"), "not found", id="half a name"),
        pytest.param(gzip.compress(b"h\7."), "Memo value", id="empty memo"),
        pytest.param(gzip.compress(b"R."), "stack", id="call of nothing"),
    ],
)
def test_bytes_that_are_no_such_file_are_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = write(tmp_path / "mine.gz", content)
    with pytest.raises(data.WrongContent) as caught:
        data.read_mnist(path)
    assert str(path) in str(caught.value)
    assert reason in caught.value.problem
    assert path.read_bytes() == content


def test_a_file_that_is_missing_or_a_folder_is_named_and_not_called_wrong(
    tmp_path: Path,
) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(
            data.DataError, match="cannot be read: no regular file"
        ) as caught:
            data.read_mnist(path)
        assert str(path) in str(caught.value)
        assert not isinstance(caught.value, data.WrongContent)


def test_a_file_larger_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "large.gz")
    monkeypatch.setattr(data, "MAX_PACKED", len(PACKED))
    assert_is_fake(data.read_mnist(path))
    monkeypatch.setattr(data, "MAX_PACKED", len(PACKED) - 1)
    with pytest.raises(data.WrongContent, match="has more than"):
        data.read_mnist(path)


def test_a_gzip_bomb_stops_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = write(tmp_path / "bomb.gz", gzip.compress(bytes(50_000_000), 1))
    monkeypatch.setattr(data, "MAX_PACKED", 1_000_000)
    monkeypatch.setattr(data, "MAX_UNPACKED", 200_000)
    tracemalloc.start()
    try:
        with pytest.raises(
            data.WrongContent, match="unpacks to more than 200,000 bytes"
        ):
            data.read_mnist(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_too_little_memory_is_no_reason_to_call_a_file_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(packed: bytes) -> bytes:
        raise MemoryError

    monkeypatch.setattr(data, "_unpack", exhausted)
    with pytest.raises(data.DataError, match="out of memory") as caught:
        data.read_mnist(write(tmp_path / "good.gz"))
    assert not isinstance(caught.value, data.WrongContent)


# Reading: attacks ---------------------------------------------------------------------


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(lambda spot: Calls(os.system, f"touch '{spot}'"), id="os.system"),
        pytest.param(lambda spot: Calls(eval, f"open({str(spot)!r}, 'w')"), id="eval"),
        pytest.param(lambda spot: Calls(open, str(spot), "w"), id="open"),
        pytest.param(
            lambda spot: Calls(np.save, str(spot), np.zeros(1)), id="a NumPy function"
        ),
        pytest.param(
            lambda spot: Calls(getattr, Calls(open, str(spot), "w"), "x"), id="nested"
        ),
    ],
)
def test_no_code_that_a_pickle_names_is_run(
    tmp_path: Path, attack: Callable[[Path], Any], protocol: int
) -> None:
    spot = tmp_path / "owned.npy"
    raw = pickle.dumps(changed(0, 0, lambda x: attack(spot)), protocol=protocol)
    with pytest.raises(
        data.WrongContent, match=r"which no array needs|no array needs its"
    ):
        data.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))
    assert not spot.exists()


def test_the_refusal_names_what_the_pickle_asked_for_in_short() -> None:
    with pytest.raises(data.DataError, match=r"asks for 'os\.system'"):
        data.ArrayUnpickler(b"cos\nsystem\n.").load()
    with pytest.raises(data.DataError) as caught:
        data.ArrayUnpickler(b"cos\n" + b"x" * 10_000 + b"\n.").load()
    assert len(caught.value.problem) < 200


@pytest.mark.parametrize(
    "name",
    [
        "numpy\nload",
        "numpy\nndarray.tofile",
        "numpy.core.multiarray\nfromfile",
        "codecs\nx",
    ],
)
def test_neighbours_of_the_admitted_names_are_refused(name: str) -> None:
    with pytest.raises(data.DataError, match="which no array needs"):
        data.ArrayUnpickler(f"c{name}\n.".encode()).load()


@pytest.mark.parametrize(
    "opcode",
    [
        *(pickle.PERSID, pickle.BINPERSID, pickle.INST, pickle.OBJ, pickle.NEWOBJ),
        *(pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.STACK_GLOBAL),
        *(
            pickle.EMPTY_DICT,
            pickle.DICT,
            pickle.SETITEMS,
            pickle.EMPTY_SET,
            pickle.FROZENSET,
        ),
        *(
            pickle.LONG_BINPUT,
            pickle.PUT,
            pickle.BYTEARRAY8,
            pickle.NEXT_BUFFER,
            pickle.INT,
        ),
    ],
)
def test_opcodes_that_call_hash_or_reserve_memory_are_refused(opcode: bytes) -> None:
    with pytest.raises(data.DataError, match=f"opcode {opcode[0]:#04x} \\(byte 2\\)"):
        data.ArrayUnpickler(b"\x80\2" + opcode + b"\xff\xff\xff\x7f.")


SHORT_F4 = b"X\2\0\0\0f4"
MINUS_ONES = b"J\xff\xff\xff\xff" * 2


def test_the_dtypes_of_this_process_cannot_be_changed_by_a_pickle(
    tmp_path: Path,
) -> None:
    # dtype("f4", False, False) is the one float32 of NumPy, and this asks to turn its bytes around
    raw = (
        b"\x80\2cnumpy\ndtype\n"
        + SHORT_F4
        + b"\x89\x89\x87R(K\3X\1\0\0\0>NNN"
        + MINUS_ONES
    )
    with pytest.raises(data.WrongContent):
        data.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw + b"K\0tb.")))
    assert not isinstance(data.ArrayUnpickler(raw + b"K\0tb.").load(), np.dtype)
    assert np.dtype("f4").isnative
    np.testing.assert_array_equal(
        np.frombuffer(struct.pack("<f", 1.5), np.dtype("f4")), [1.5]
    )


def test_codecs_cannot_be_called_by_a_pickle(tmp_path: Path) -> None:
    asked: list[str] = []
    search = asked.append  # register and unregister want the same object
    codecs.register(search)
    try:
        raw = b"\x80\2c_codecs\nencode\nX\1\0\0\0xX\6\0\0\0canary\x86R."
        with pytest.raises(data.WrongContent):
            data.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))
    finally:
        codecs.unregister(search)
    assert "canary" not in asked


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(
            b"cnumpy\nndarray\n" + b"\x8a\6\0\0\0\0\0\1\x85\x85R", id="ndarray"
        ),
        pytest.param(
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
            b"\x8a\6\0\0\0\0\0\1\x85C\1b\x87R",
            id="_reconstruct",
        ),
    ],
)
def test_a_huge_declared_shape_takes_no_memory(call: bytes) -> None:
    tracemalloc.start()
    try:
        note = data.ArrayUnpickler(b"\x80\3" + call + b".").load()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not isinstance(note, np.ndarray)
    assert peak < 1_000_000


def test_the_reader_itself_cannot_be_changed_by_a_pickle(tmp_path: Path) -> None:
    before = vars(data._ArrayNote).copy()
    raw = b"\x80\2cnumpy.core.multiarray\n_reconstruct\nNN\x86b."
    with pytest.raises(data.WrongContent):
        data.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))
    assert vars(data._ArrayNote) == before


def test_deeply_and_doubly_nested_tuples_end_soon(tmp_path: Path) -> None:
    # t = (t, t), 200 times over: 2 ** 200 leaves for whoever compares, hashes or prints it
    doubled = b"\x80\2N" + b"q\0h\0\x86" * 200
    dtype = b"cnumpy\ndtype\n" + SHORT_F4 + b"\x85R(K\3X\1\0\0\0<tb"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n)R(K\1"
        + doubled[2:]
        + dtype
        + b"\x89Ntb"
    )
    nested = b"\x80\2N" + b"\x85" * 1900 + b"."
    for raw in (doubled + b".", b"\x80\2" + array + b"N\x86NN\x87.", nested):
        with pytest.raises(data.WrongContent):
            data.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))


# Reading: fuzz ------------------------------------------------------------------------

fuzz = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
#: Bytes of the pickle that are no pixels or labels: there a change is most likely to bite.
OUTLINE = [
    at
    for at in range(len(PICKLED))
    if not PICKLED[max(at - 8, 0) : at + 8].count(0) > 2
]


def assert_reads_or_refuses(path: Path, content: bytes) -> None:
    write(path, content)
    try:
        pairs = data.read_mnist(path)
    except data.DataError as fault:
        assert str(path) in str(fault)  # noqa: PT017 - both ways out are right
    else:
        assert_is_fake(pairs)


def mutate(raw: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    for at, how, new in changes:
        after = {
            "replace": at + len(new),
            "insert": at,
            "delete": at + 3,
            "cut": len(raw),
        }[how]
        raw = raw[:at] + new + raw[after:]
    return raw


def mutations(positions: Any) -> Any:
    how = st.sampled_from(["replace", "insert", "delete", "cut"])
    new = st.one_of(
        st.binary(max_size=4),
        st.sampled_from(
            [b"R", b"b", b".", b"(", b"t", b"\x85", b"h\0", b"h\1", b"cnumpy\ndtype\n"]
        ),
    )
    return st.lists(st.tuples(positions, how, new), min_size=1, max_size=4)


@fuzz
@given(changes=mutations(st.sampled_from(OUTLINE)))
def test_a_changed_pickle_gives_mnist_or_our_error(
    tmp_path: Path, changes: Any
) -> None:
    assert_reads_or_refuses(tmp_path / "f", gzip.compress(mutate(PICKLED, changes), 1))


@fuzz
@given(changes=mutations(st.integers(0, 40) | st.integers(0, len(PACKED))))
def test_a_changed_packed_file_gives_mnist_or_our_error(
    tmp_path: Path, changes: Any
) -> None:
    assert_reads_or_refuses(tmp_path / "f", mutate(PACKED, changes))


@fuzz
@given(
    steps=st.lists(
        st.sampled_from(
            [
                *(
                    b"N",
                    b"\x88",
                    b"(",
                    b"t",
                    b")",
                    b"\x85",
                    b"\x86",
                    b"\x87",
                    b"]",
                    b"a",
                    b"e",
                ),
                *(
                    b"R",
                    b"b",
                    b"q\0",
                    b"h\0",
                    b"K\1",
                    b"U\2f4",
                    b"X\1\0\0\0<",
                    b"\x8a\1\1",
                ),
                *(b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"c_codecs\nencode\n"),
                b"cnumpy.core.multiarray\n_reconstruct\n",
            ]
        ),
        max_size=30,
    )
)
def test_any_program_of_admitted_opcodes_gives_our_error(
    tmp_path: Path, steps: list[bytes]
) -> None:
    assert_reads_or_refuses(
        tmp_path / "f", gzip.compress(b"\x80\2" + b"".join(steps) + b".")
    )


# A server that misbehaves on request --------------------------------------------------

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(body: bytes = PACKED, status: int = 200, length: int | None = -1) -> Answer:
    """Send a body; ``length`` None announces none, -1 the true one."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if length is not None:
            handler.send_header(
                "Content-Length", str(len(body) if length == -1 else length)
            )
        handler.end_headers()
        handler.wfile.write(body)

    return send


def say_length(length: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", length)
        handler.end_headers()

    return send


def stall(handler: BaseHTTPRequestHandler) -> None:
    answer(PACKED[:100], length=len(PACKED))(handler)
    handler.wfile.flush()
    time.sleep(0.5)


def redirect_for_ever(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {"/good": answer()}
        self.hits: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client may hang up."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.hits.append(self.path)
        self.server.answers[self.path](self)

    def log_message(self, *args: Any) -> None:
        """Not in the tests' output."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# Downloading --------------------------------------------------------------------------


def test_a_download_arrives_whole_and_leaves_nothing_else(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "folder" / "file"
    data.download(server.url("good"), path)
    assert path.read_bytes() == PACKED
    assert names(path.parent) == ["file"]
    assert capfd.readouterr().err == ""  # no progress bar where nobody looks


def test_a_progress_bar_counts_the_bytes_of_a_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[Any] = []

    class Bar(data.tqdm):
        def __init__(self, **options: Any) -> None:
            assert options.pop("disable") is None  # shown only where somebody looks
            super().__init__(**options, file=io.StringIO())
            bars.append(self)

    monkeypatch.setattr(data, "tqdm", Bar)
    data.download(server.url("good"), tmp_path / "file")
    [bar] = bars
    assert bar.n == bar.total == len(PACKED)


def test_a_download_without_a_length_arrives_too(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/good"] = answer(length=None)
    data.download(server.url("good"), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == PACKED


def test_the_file_is_asked_for_as_it_is_with_both_time_outs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def get(url: str, **options: Any) -> None:
        asked.update(options)
        raise OSError("enough")

    monkeypatch.setattr(data.requests, "get", get)
    with pytest.raises(data.DataError, match="enough"):
        data.download("http://127.0.0.1/", tmp_path / "file")
    connect, read = asked["timeout"]
    assert 0 < connect <= 10
    assert 0 < read <= 60
    assert asked["stream"] is True
    assert asked["headers"] == {"Accept-Encoding": "identity"}


SERVER_FAULTS = [
    pytest.param(answer(b"gone", 404), "404", id="404"),
    pytest.param(answer(b"oops", 500), "500", id="500"),
    pytest.param(answer(PACKED, 503), "503", id="503 with the right body"),
    pytest.param(
        answer(PACKED[:-10], length=len(PACKED)), "IncompleteRead", id="cut off"
    ),
    pytest.param(
        answer(b"", length=50_000_000), "larger than|IncompleteRead", id="empty"
    ),
    pytest.param(answer(bytes(300_000)), "larger than 200,000", id="too large"),
    pytest.param(
        answer(bytes(300_000), length=None), "larger than 200,000", id="endless"
    ),
    pytest.param(say_length("many"), "invalid literal", id="senseless length"),
    pytest.param(stall, "timed out", id="stalled"),
    pytest.param(redirect_for_ever, "redirects", id="redirect loop"),
]
CONTENT_FAULTS = [
    pytest.param(answer(b"<html>Sign in</html>"), "incorrect header", id="HTML"),
    pytest.param(answer(b""), "cut off", id="nothing"),
    pytest.param(answer(PACKED[:-10]), "cut off", id="cut off unnoticed"),
    pytest.param(
        answer(PACKED[:-9] + b"\0" + PACKED[-8:]), "not MNIST", id="one wrong byte"
    ),
    pytest.param(answer(gzip.compress(b"garbage")), "opcode", id="packed garbage"),
    pytest.param(
        answer(gzip.compress(bytes(999_999))), "unpacks to more", id="gzip bomb"
    ),
]


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits to fit the small MNIST."""
    monkeypatch.setattr(data, "TIMEOUTS", (5, 0.2))
    monkeypatch.setattr(data, "MAX_PACKED", 200_000)
    monkeypatch.setattr(data, "MAX_UNPACKED", 500_000)


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize(("fault", "reason"), SERVER_FAULTS)
def test_a_failed_download_is_explained_and_the_old_file_stays(
    server: Server, tmp_path: Path, fault: Answer, reason: str
) -> None:
    server.answers["/bad"] = fault
    path = write(tmp_path / "folder" / "file", b"old")
    with pytest.raises(data.DataError, match=reason) as caught:
        data.download(server.url("bad"), path)
    assert server.url("bad") in str(caught.value)
    assert str(path) in str(caught.value)
    assert names(path.parent) == ["file"]
    assert path.read_bytes() == b"old"


def test_a_refused_connection_and_a_senseless_address_are_explained(
    tmp_path: Path,
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        with pytest.raises(data.DataError, match="refused") as caught:
            data.download(url, tmp_path / "file")
    assert url in str(caught.value)
    for url in ("not an address", "http://[", "ftp://127.0.0.1/"):
        with pytest.raises(data.DataError, match=r"could not be saved"):
            data.download(url, tmp_path / "file")
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_is_explained(
    server: Server, tmp_path: Path
) -> None:
    blocked = write(tmp_path / "file", b"") / "below"
    with pytest.raises(data.DataError, match="below"):
        data.download(server.url("good"), blocked)
    (tmp_path / "folder").mkdir()
    with pytest.raises(data.DataError, match="folder"):
        data.download(server.url("good"), tmp_path / "folder")
    assert names(tmp_path) == ["file", "folder"]


def test_who_has_the_old_file_open_keeps_it_whole(
    server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "file", b"old")
    with path.open("rb") as old:
        data.download(server.url("good"), path)
        assert old.read() == b"old"
    assert path.read_bytes() == PACKED


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "file", b"old")

    def interrupted() -> None:
        with data._replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


# Finding ------------------------------------------------------------------------------


@pytest.fixture
def two_addresses(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(data, "URLS", (server.url("bad"), server.url("good")))
    return server


def test_the_folder_of_the_environment_comes_first_and_stays_as_it_is(
    two_addresses: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write(tmp_path / "my own 数据" / data.FILE_NAME)
    write(cached(), b"bad")
    monkeypatch.setenv("MNIST_TUT_DATA", str(own.parent))
    assert data.find_mnist() == own
    assert list(own.parent.iterdir()) == [own]
    assert own.read_bytes() == PACKED
    assert cached().read_bytes() == b"bad"
    assert two_addresses.hits == []


@pytest.mark.parametrize("mode", ["", "allow"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no regular file"), (b"bad", "header"), (PACKED[:-9], "cut off")],
)
def test_a_bad_folder_in_the_environment_is_an_error_whatever_else_there_is(
    two_addresses: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    content: bytes | None,
    reason: str,
) -> None:
    own = tmp_path / "own" / data.FILE_NAME
    if content is not None:
        write(own, content)
    write(cached())
    monkeypatch.setenv("MNIST_TUT_DATA", str(own.parent))
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    with pytest.raises(data.DataError, match=reason) as caught:
        data.load_mnist()
    assert str(own.parent) in str(caught.value)
    assert "unset it" in str(caught.value)
    assert names(own.parent) == ([] if content is None else [own.name])
    assert content is None or own.read_bytes() == content
    assert two_addresses.hits == []


def test_a_tilde_in_the_environment_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write(tmp_path / "data" / data.FILE_NAME)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_TUT_DATA", "~/data")
    assert data.find_mnist() == own
    monkeypatch.setenv("MNIST_TUT_DATA", "~nobody-of-this-name/data")
    with pytest.raises(data.DataError, match="no regular file"):
        data.find_mnist()


def test_the_cache_is_used_without_asking_or_writing(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_TUT_DATA", "")  # empty is as good as unset
    write(cached())
    assert data.find_mnist() == cached()
    assert list(data.PATH.iterdir()) == [cached()]
    assert two_addresses.hits == []


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize(("fault", "reason"), SERVER_FAULTS)
def test_where_the_first_address_fails_the_second_is_asked(
    two_addresses: Server, fault: Answer, reason: str
) -> None:
    two_addresses.answers["/bad"] = fault
    assert data.find_mnist() == cached()
    assert cached().read_bytes() == PACKED
    assert names(data.PATH) == [data.FILE_NAME]
    assert two_addresses.hits[0] == "/bad"
    assert two_addresses.hits[-1] == "/good"


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize(("fault", "reason"), CONTENT_FAULTS)
def test_a_download_that_is_not_mnist_is_set_aside_and_the_second_address_asked(
    two_addresses: Server, caplog: pytest.LogCaptureFixture, fault: Answer, reason: str
) -> None:
    two_addresses.answers["/bad"] = fault
    assert data.find_mnist() == cached()
    assert cached().read_bytes() == PACKED
    assert names(data.PATH) == [data.FILE_NAME, f"{data.FILE_NAME}.rejected-1"]
    assert reason in caplog.text
    assert "rejected-1" in caplog.text


def test_where_every_address_fails_the_error_says_all_and_nothing_is_left(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_addresses.answers["/bad"] = answer(b"gone", 404)
    two_addresses.answers["/good"] = answer(b"oops", 500)
    with pytest.raises(data.DataError) as caught:
        data.find_mnist()
    message = str(caught.value)
    for part in (
        *data.URLS,
        "404",
        "500",
        str(cached()),
        data.FILE_NAME,
        "MNIST_TUT_DATA",
    ):
        assert part in message
    assert names(data.PATH) == []


def test_an_error_after_rejected_downloads_names_the_kept_files(
    two_addresses: Server,
) -> None:
    two_addresses.answers["/bad"] = answer(b"one page")
    two_addresses.answers["/good"] = answer(b"another")
    with pytest.raises(data.DataError) as caught:
        data.find_mnist()
    kept = [data.PATH / f"{data.FILE_NAME}.rejected-{n}" for n in (1, 2)]
    assert [path.read_bytes() for path in kept] == [b"one page", b"another"]
    assert all(str(path) in str(caught.value) for path in kept)
    assert not cached().exists()


def test_a_bad_file_in_the_cache_is_kept_under_another_name_and_replaced(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(data, "URLS", (server.url("good"),))
    write(cached(), b"<html>")
    earlier = write(data.PATH / f"{data.FILE_NAME}.rejected-1", b"earlier")
    assert data.find_mnist() == cached()
    assert cached().read_bytes() == PACKED
    assert earlier.read_bytes() == b"earlier"
    assert (data.PATH / f"{data.FILE_NAME}.rejected-2").read_bytes() == b"<html>"
    assert "incorrect header" in caplog.text
    # and the rejected ones are of no more interest
    assert data.find_mnist() == cached()
    assert server.hits == ["/good"]


def test_what_cannot_be_read_in_the_cache_is_neither_moved_nor_replaced(
    two_addresses: Server,
) -> None:
    inside = write(cached() / "precious", b"thesis")
    with pytest.raises(data.DataError, match="no regular file"):
        data.find_mnist()
    assert inside.read_bytes() == b"thesis"
    assert two_addresses.hits == []


def test_a_cache_that_cannot_be_a_folder_is_named(two_addresses: Server) -> None:
    write(data.DATA_PATH, b"a file")
    with pytest.raises(data.DataError, match="cannot be used") as caught:
        data.find_mnist()
    assert str(data.PATH) in str(caught.value)
    assert "MNIST_TUT_DATA" in str(caught.value)
    assert data.DATA_PATH.read_bytes() == b"a file"


def test_waiting_for_another_process_comes_to_an_end(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LOCK_SECONDS", 0.05)
    data.PATH.mkdir(parents=True)
    with (
        FileLock(f"{cached()}.lock"),
        pytest.raises(data.DataError, match="lock") as caught,
    ):
        data.find_mnist()
    assert str(data.PATH) in str(caught.value)
    assert two_addresses.hits == []


def someone_else_writes(content: bytes, path: Path) -> Callable[[Path], Any]:
    """Return a lock that is only had when another process has done the work."""

    @contextmanager
    def lock(_: Path) -> Iterator[None]:
        write(path, content)
        yield

    return lock


def test_what_arrived_while_waiting_for_the_lock_is_not_fetched_again(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "_lock", someone_else_writes(PACKED, cached()))
    assert data.find_mnist() == cached()
    assert two_addresses.hits == []


ASK = """
import sys
from pathlib import Path
from mnist_tut import data

folder, url, ready = sys.argv[1:]
data.SPLITS = tuple(data.Split(*row) for row in {splits!r})
data.PATH = Path(folder)
data.URLS = (url,)
Path(ready).touch()
print(data.find_mnist())
"""


def test_two_processes_asking_at_once_download_once(
    server: Server, tmp_path: Path
) -> None:
    ready = [tmp_path / "ready-1", tmp_path / "ready-2"]

    def slow(handler: BaseHTTPRequestHandler) -> None:
        """Answer when both have asked, or would have if they did not wait."""
        until = time.monotonic() + 20
        while not all(path.exists() for path in ready) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.5)
        answer()(handler)

    server.answers["/slow"] = slow
    code = ASK.format(splits=[tuple(split) for split in FAKE_SPLITS])
    folder = tmp_path / "shared cache"
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), server.url("slow"), str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for path in ready
    ]
    said = [process.communicate(timeout=60)[0].strip() for process in asking]
    assert said == [str(folder / data.FILE_NAME)] * 2
    assert server.hits == ["/slow"]
    assert names(folder) == [data.FILE_NAME]


# Loading ------------------------------------------------------------------------------


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record each time the stand-in is drawn, and draw it quickly: as noise."""
    calls: list[Any] = []

    def noise(seed: int = 0, sizes: tuple[int, int, int] = (0, 0, 0)) -> Any:
        calls.append(sizes)
        random = torch.Generator().manual_seed(seed)
        return tuple(
            (
                torch.randint(256, (n, 784), generator=random).float() / 256,
                torch.randint(10, (n,), generator=random),
            )
            for n in sizes
        )

    monkeypatch.setattr(strokes, "make_strokes", noise)
    return calls


def assert_same(a: data.Mnist, b: data.Mnist) -> None:
    for one, other in zip(a, b, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


def assert_is_stand_in(mnist: data.Mnist) -> None:
    sizes = (data.SPLITS[0].size, data.SPLITS[1].size, data.SPLITS[2].size)
    assert_same(mnist, data.Mnist(*itertools.chain(*strokes.make_strokes(sizes=sizes))))
    assert data.data_source(mnist) == "stand-in"


def test_mnist_comes_as_six_tensors_in_the_tutorials_order() -> None:
    write(cached())
    mnist = data.load_mnist()
    assert mnist._fields == (
        "x_train",
        "y_train",
        "x_valid",
        "y_valid",
        "x_test",
        "y_test",
    )
    assert_is_fake([(mnist[i].numpy(), mnist[i + 1].numpy()) for i in (0, 2, 4)])
    x_train, y_train, *_ = mnist
    assert x_train.dtype == torch.float32
    assert y_train.dtype == torch.int64
    x_train.add_(1)  # ours to change
    assert data.data_source(mnist) == "MNIST"


def test_without_mnist_there_is_an_error_and_no_stand_in(drawn: list[Any]) -> None:
    with pytest.raises(data.DataError, match="could not be downloaded"):
        data.load_mnist()
    assert drawn == []


def test_the_strokes_are_used_with_a_warning_where_they_are_allowed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    assert_is_stand_in(data.load_mnist())
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name == "mnist_tut.data"
    assert "stand-in" in record.getMessage()
    assert "could not be downloaded" in record.getMessage()


def test_mnist_is_preferred_where_the_stand_in_is_allowed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, drawn: list[Any]
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    write(cached())
    assert data.data_source(data.load_mnist()) == "MNIST"
    assert drawn == []
    assert caplog.records == []


def test_only_the_stand_in_means_that_nothing_else_is_tried(
    two_addresses: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    drawn: list[Any],
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "only")
    monkeypatch.setenv("MNIST_TUT_DATA", str(tmp_path / "missing"))
    write(cached())
    assert_is_stand_in(data.load_mnist())
    assert drawn
    assert two_addresses.hits == []
    assert caplog.records == []


@pytest.mark.parametrize("mode", ["yes", "ALLOW", " only"])
def test_any_other_word_for_the_stand_in_is_an_error(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    write(cached())
    with pytest.raises(data.DataError, match=r"'allow'.*'only'") as caught:
        data.load_mnist()
    assert repr(mode) in str(caught.value)


# For the pages ---------------------------------------------------------------------------


def test_pages_get_the_folder_that_mnist_lies_in() -> None:
    write(cached())
    assert data.for_pages() == (data.PATH, "MNIST")
    assert names(data.PATH) == [data.FILE_NAME]


def test_pages_get_the_stand_in_in_the_published_form_written_once(
    drawn: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "only")
    folder, source = data.for_pages()
    assert source == "stand-in"
    assert names(folder) == [data.FILE_NAME]
    file = folder / data.FILE_NAME
    arrays = [array for pair in data_short.read_arrays(file) for array in pair]
    for array, tensor in zip(arrays, data.load_mnist(), strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())
        assert array.dtype == tensor.numpy().dtype
    file.write_bytes(b"as it was left")
    assert data.for_pages() == (folder, source)
    assert file.read_bytes() == b"as it was left"


# The stand-in ------------------------------------------------------------------------------------


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, drawn: list[Any]) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "only")


def kept() -> Path:
    [path] = (data.DATA_PATH / "stand-in").glob("strokes-*.npz")
    return path


@pytest.mark.usefixtures("only")
def test_the_stand_in_is_drawn_once_in_mnists_sizes_and_kept(drawn: list[Any]) -> None:
    first = data.load_mnist()
    assert drawn == [SIZES]
    assert_same(data.load_mnist(), first)
    assert drawn == [SIZES]
    assert names(kept().parent) == [kept().name]
    assert_is_stand_in(first)


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "a flipped bit":
        middle = len(content) // 3
        content = (
            content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        )
    elif how == "cut off":
        content = content[: len(content) // 2]
    elif how == "empty":
        content = b""
    elif how == "a pickle":
        content = pickle.dumps([1, 2, 3])
    else:
        arrays = dict(np.load(io.BytesIO(content)))
        if how == "an array missing":
            del arrays["y_test"]
        elif how == "another size":
            arrays["x_test"] = arrays["x_test"][1:]
        else:
            arrays["y_train"] = arrays["y_train"].astype(np.int64)
        np.savez(path, **arrays)
        return
    path.write_bytes(content)


@pytest.mark.usefixtures("only")
@pytest.mark.parametrize(
    "how",
    [
        *("a flipped bit", "cut off", "empty", "a pickle"),
        *("an array missing", "another size", "another dtype"),
    ],
)
def test_a_stand_in_that_is_not_whole_is_drawn_again(
    drawn: list[Any], how: str
) -> None:
    first = data.load_mnist()
    good = kept().read_bytes()
    spoil(kept(), how)
    assert kept().read_bytes() != good
    assert_same(data.load_mnist(), first)
    assert len(drawn) == 2
    assert_same(data.load_mnist(), first)
    assert len(drawn) == 2


@pytest.mark.usefixtures("only")
def test_another_program_draws_another_stand_in(
    drawn: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data.load_mnist()
    program = Path(strokes.__file__).read_bytes()
    monkeypatch.setattr(
        strokes, "__file__", str(write(tmp_path / "strokes.py", program + b"\n# new"))
    )
    data.load_mnist()
    assert len(drawn) == 2


@pytest.mark.usefixtures("only")
def test_a_stand_in_drawn_by_someone_else_meanwhile_is_taken(
    drawn: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = data.load_mnist()
    path, content = kept(), kept().read_bytes()
    path.unlink()
    monkeypatch.setattr(data, "_lock", someone_else_writes(content, path))
    assert_same(data.load_mnist(), first)
    assert len(drawn) == 1


@pytest.mark.usefixtures("only")
def test_a_stand_in_that_cannot_be_kept_is_used_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    write(data.DATA_PATH, b"a file")
    assert_is_stand_in(data.load_mnist())
    assert "not kept" in caplog.text
    assert str(data.DATA_PATH) in caplog.text


@pytest.mark.usefixtures("only")
def test_the_stand_in_is_float32_whatever_the_default_is() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        mnist = data.load_mnist()
    finally:
        torch.set_default_dtype(torch.float32)
    assert [t.dtype for t in mnist] == [torch.float32, torch.int64] * 3


# Saying which -------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["x_valid", "y_valid"])
def test_changed_data_is_not_called_mnist(field: str) -> None:
    write(cached())
    mnist = data.load_mnist()
    tensor = getattr(mnist, field).clone()
    tensor[0] = tensor[1] if field == "x_valid" else 9 - tensor[0]
    assert data.data_source(mnist) == "MNIST"
    assert data.data_source(mnist._replace(**{field: tensor})) == "stand-in"


def test_normalised_pictures_are_not_called_mnist() -> None:
    write(cached())
    mnist = data.load_mnist()
    assert data.data_source(mnist._replace(x_valid=mnist.x_valid - 0.13)) == "stand-in"


# The command --------------------------------------------------------------------------


def test_the_command_says_in_one_line_what_is_there_and_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(cached())
    assert data.main([]) == 0
    assert capsys.readouterr() == (f"MNIST: 24 pictures, {cached()}\n", "")


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("mode", ["allow", "only"])
def test_the_command_has_a_status_of_its_own_for_the_stand_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert data.main([]) == 3
    assert capsys.readouterr().out == f"stand-in: 24 pictures, {kept()}\n"


def test_the_command_fails_with_the_message_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert data.main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "could not be downloaded" in said.err
    assert "MNIST_TUT_DATA" in said.err


def test_the_command_knows_no_other_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        data.main(["--nonsense"])
    assert caught.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


def test_the_module_runs_as_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "nonsense")
    monkeypatch.setattr(sys, "argv", ["data"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(data.__file__), run_name="__main__")
    assert caught.value.code == 1
    assert "nonsense" in capsys.readouterr().err


# Constants ----------------------------------------------------------------------------


def test_a_checkout_keeps_its_data_beside_the_package_and_an_installation_in_the_cwd(
    tmp_path: Path,
) -> None:
    package = tmp_path / "mnist_tut"
    assert data._data_path(package) == Path("data")
    (tmp_path / "pyproject.toml").touch()
    assert data._data_path(package) == tmp_path / "data"


def test_the_published_addresses_are_asked_over_https_in_order() -> None:
    fresh = SimpleNamespace(**runpy.run_path(str(data.__file__)))
    github, figshare = fresh.URLS
    assert github.startswith("https://github.com/pytorch/tutorials/")
    assert github.endswith("/_static/mnist.pkl.gz")
    assert figshare == "https://figshare.com/ndownloader/files/25635053"
    assert fresh.PATH == fresh.DATA_PATH / "mnist"
    assert fresh.MAX_PACKED > 16_168_813
    assert fresh.MAX_UNPACKED > 222_134_543


def test_an_error_keeps_its_parts_when_it_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(data.WrongContent("broken", "mend it")))
    assert type(error) is data.WrongContent
    assert (error.problem, error.remedy, str(error)) == (
        "broken",
        "mend it",
        "broken\nmend it",
    )
