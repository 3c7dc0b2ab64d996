"""Nothing that a pickle names is run or built; what is not a pickle of arrays is refused."""

import codecs
import gzip
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.data_world import FAKE, PICKLED, changed, write

from mnist_tut.mnist import read
from mnist_tut.mnist.errors import DataError
from mnist_tut.mnist.unpickle import long_strings

pytestmark = pytest.mark.usefixtures("small_world")
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("attack", ["system", "eval", "open", "save", "nested"])
@pytest.mark.parametrize("arrays", [changed(0, 0, lambda x: None), FAKE])
def test_no_code_that_a_pickle_names_is_run_even_beside_the_right_arrays(
    tmp_path, attack, protocol, arrays
):
    spot = tmp_path / "owned.npy"
    calls = {
        "system": Calls(os.system, f"touch '{spot}'"),
        "eval": Calls(eval, f"open({str(spot)!r}, 'w')"),
        "open": Calls(open, str(spot), "w"),
        "save": Calls(np.save, str(spot), 1),
        "nested": Calls(getattr, Calls(open, str(spot), "w"), "x"),
    }
    raw = pickle.dumps((*arrays, calls[attack]), protocol)
    with pytest.raises(DataError, match="no array needs"):
        read.read_path(write(tmp_path / "evil.gz", gzip.compress(raw)))
    assert not spot.exists()


def test_pointers_of_an_attacker_are_not_taken_for_objects(tmp_path):
    # numpy.ndarray((1,), dtype("O"), buffer): unpickled, this ends in a segmentation fault
    raw = (
        b"\x80\3cnumpy\nndarray\nK\1\x85cnumpy\ndtype\nX\1\0\0\0O\x85R"
        + (b"C\x8b" + b"A" * 139)
        + b"\x87R."
    )
    path = write(tmp_path / "mnist.pkl.gz", gzip.compress(raw))
    code = f"from mnist_tut.mnist import load_mnist; load_mnist([{str(path)!r}])"
    settings = {"MNIST_TUT_DATA": str(tmp_path), "PATH": os.environ["PATH"]}
    settings["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"does not hold six arrays" in done.stderr


def test_the_refusal_names_what_the_pickle_asked_for_in_short():
    with pytest.raises(ValueError, match=r"asks for os\.system"):
        long_strings(b"cos\nsystem\n.")
    with pytest.raises(ValueError, match="asks for") as caught:
        long_strings(b"cos\n" + b"x" * 10_000 + b"\n.")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "name",
    ["numpy\nload", "numpy\nndarray.tofile", "numpy\nfromfile", "codecs\nx"],
)
def test_neighbours_of_the_admitted_names_are_refused(name):
    with pytest.raises(ValueError, match="which no array needs"):
        long_strings(f"c{name}\n.".encode())


ADMITTED = b"\x80.N\x88\x89JKM\x8a(t)\x85\x86\x87]aeqhcRbUTXCB"


@pytest.mark.parametrize("opcode", sorted({*range(256)} - {*ADMITTED}))
def test_opcodes_that_call_hash_or_reserve_memory_are_refused(opcode):
    with pytest.raises(ValueError, match=f"opcode {opcode:#04x}"):
        long_strings(b"\x80\2" + bytes([opcode]) + b"\xff\xff\xff\x7f.")


@pytest.mark.parametrize(
    "program",
    [
        RECONSTRUCT + b"NN\x86b",  # the state of a class
        b"cnumpy\ndtype\nX\2\0\0\0f4\x89\x89\x87R(K\3X\1\0\0\0>NNNJ\xff\xff\xff\xffK\0tb",
        b"c_codecs\nencode\nX\1\0\0\0xX\6\0\0\0canary\x86R",
        b"cnumpy\nndarray\n\x8a\6\0\0\0\0\0\1\x85\x85R",  # a huge array
        RECONSTRUCT + b"cnumpy\nndarray\n\x8a\6\0\0\0\0\0\1\x85C\1b\x87R",
        b"N" + b"q\0h\0\x86" * 200,  # 2 ** 200 leaves for whoever compares or prints it
        b"N" + b"\x85" * 1900,  # nested deeply
        b"N" + b"\x85" * 90_000,
        b"X\xff\xff\xff\x7f",
        b"T\xff\xff\xff\xff",
        b"cnumpy",
        b"X",
        b".N",  # goes on after its end
    ],
)
def test_a_program_of_admitted_opcodes_changes_nothing_and_takes_no_memory(
    tmp_path, program
):
    asked: list[str] = []
    search = asked.append  # register and unregister want the same object
    codecs.register(search)
    path = write(tmp_path / "evil.gz", gzip.compress(b"\x80\3" + program + b"."))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=str(path)):
            read.read_path(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        codecs.unregister(search)
    assert peak < 1_000_000
    assert "canary" not in asked
    assert np.frombuffer(struct.pack("<f", 1.5), np.dtype("f4")) == 1.5


@pytest.mark.parametrize("letter", ["\u0100", "\U0001f600"])
def test_text_that_would_widen_in_memory_is_refused_before_it_is_read(letter):
    raw = pickle.dumps("a" * 400_000 + letter, protocol=2)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="letters that no array needs"):
            long_strings(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


@given(content=st.binary(min_size=33, max_size=600), protocol=st.sampled_from([2, 3]))
def test_long_strings_come_out_as_they_went_in(content, protocol):
    array = np.frombuffer(content, np.uint8)
    strings = long_strings(pickle.dumps((array, array[::-1].copy()), protocol))
    assert [bytes(s) for s in strings] == [content, content[::-1]]


def test_a_cut_off_pickle_has_no_strings():
    for end in range(0, len(PICKLED), 97):
        with pytest.raises((ValueError, IndexError)):
            long_strings(PICKLED[:end])
