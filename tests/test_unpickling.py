"""Nothing that a pickle names is run; what is not a plain array is refused."""

import codecs
import gzip
import os
import pickle
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_world import changed, write

from mnist_tut import reading, unpickling
from mnist_tut.errors import DataError, WrongContent
from mnist_tut.unpickling import ArrayUnpickler

pytestmark = pytest.mark.usefixtures("small_world")


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
    with pytest.raises(WrongContent, match=r"which no array needs|no array needs its"):
        reading.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))
    assert not spot.exists()


def test_the_refusal_names_what_the_pickle_asked_for_in_short() -> None:
    with pytest.raises(DataError, match=r"asks for 'os\.system'"):
        ArrayUnpickler(b"cos\nsystem\n.").load()
    with pytest.raises(DataError) as caught:
        ArrayUnpickler(b"cos\n" + b"x" * 10_000 + b"\n.").load()
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
    with pytest.raises(DataError, match="which no array needs"):
        ArrayUnpickler(f"c{name}\n.".encode()).load()


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
    with pytest.raises(DataError, match=f"opcode {opcode[0]:#04x} \\(byte 2\\)"):
        ArrayUnpickler(b"\x80\2" + opcode + b"\xff\xff\xff\x7f.")


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
    with pytest.raises(WrongContent):
        reading.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw + b"K\0tb.")))
    assert not isinstance(ArrayUnpickler(raw + b"K\0tb.").load(), np.dtype)
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
        with pytest.raises(WrongContent):
            reading.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))
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
        note = ArrayUnpickler(b"\x80\3" + call + b".").load()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not isinstance(note, np.ndarray)
    assert peak < 1_000_000


def test_the_reader_itself_cannot_be_changed_by_a_pickle(tmp_path: Path) -> None:
    before = vars(unpickling._ArrayNote).copy()
    raw = b"\x80\2cnumpy.core.multiarray\n_reconstruct\nNN\x86b."
    with pytest.raises(WrongContent):
        reading.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))
    assert vars(unpickling._ArrayNote) == before


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
        with pytest.raises(WrongContent):
            reading.read_mnist(write(tmp_path / "evil.gz", gzip.compress(raw)))


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_built_only_of_the_dtype_shape_and_order_expected(
    order: str,
) -> None:
    array = np.array([[1, 2, 3], [4, 5, 6]], "<f4", order=order)
    note = ArrayUnpickler(pickle.dumps(array, protocol=2)).load()
    if order == "C":
        built = unpickling.build_array(note, "<f4", (2, 3))
        np.testing.assert_array_equal(built, array)
        assert built.dtype == np.float32
        assert not built.flags.writeable
    else:
        with pytest.raises(DataError, match="not as expected"):
            unpickling.build_array(note, "<f4", (2, 3))
    for dtype, shape in [("<f8", (2, 3)), ("<f4", (3, 2)), (">f4", (2, 3))]:
        with pytest.raises(DataError, match="not as expected"):
            unpickling.build_array(note, dtype, shape)
    with pytest.raises(DataError, match="something else in the place of an array"):
        unpickling.build_array([1, 2], "<f4", (2,))
