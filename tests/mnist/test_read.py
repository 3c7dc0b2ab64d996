"""MNIST is read from every form it has, and everything else is refused with the reason."""

import gzip
import os
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.data_world import (
    ARRAYS,
    FAKE,
    IDX,
    PACKED,
    PICKLED,
    REAL,
    changed,
    needs_real,
    put,
    write,
    write_idx,
)

from mnist_tut.mnist import read
from mnist_tut.mnist.errors import DataError

#: Peak memory while reading the small MNIST or anything of its size.
BOUND = 4 * 2**20
#: MNIST_TUT_FUZZ=100000 makes it a long night.
fuzz = settings(
    max_examples=int(os.environ.get("MNIST_TUT_FUZZ", "150")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
pytestmark = pytest.mark.usefixtures("small_world")


def assert_equal(arrays):
    for array, known in zip(arrays, ARRAYS, strict=True):
        np.testing.assert_array_equal(array, known)
        assert array.dtype == np.uint8


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("core", [b"numpy._core", b"numpy.core"])
def test_a_pickle_of_either_protocol_and_numpy_is_read(tmp_path, protocol, core):
    raw = pickle.dumps(FAKE, protocol).replace(b"numpy._core", core)
    assert_equal(read.read_path(write(tmp_path / "any name", gzip.compress(raw))))


def test_a_pickle_from_python_2_is_read(tmp_path):
    class Python2(pickle._Pickler):  # writes bytes as Python 2 wrote its strings
        def save_bytes(self, content):
            if len(content) < 256:
                self.write(b"U" + bytes([len(content)]) + content)
            else:
                self.write(b"T" + len(content).to_bytes(4, "little") + content)

        dispatch = {**pickle._Pickler.dispatch, bytes: save_bytes}  # noqa: RUF012

    path = tmp_path / "mnist.pkl.gz"
    with gzip.open(path, "wb") as file:
        Python2(file, protocol=2).dump(FAKE)
    assert b"T" + (12 * 8).to_bytes(4, "little") not in gzip.decompress(PACKED)
    assert_equal(read.read_path(path))


def test_the_four_original_files_are_split_in_file_order(tmp_path):
    assert_equal(read.read_path(write_idx(tmp_path)))


def test_where_one_form_is_bad_the_other_is_read(tmp_path):
    write(write_idx(tmp_path) / read.FILE_NAME, b"<html>")
    assert_equal(read.read_path(tmp_path))


def test_where_all_forms_are_bad_each_is_named(tmp_path):
    bad = [*IDX][2]
    write(write_idx(tmp_path, {bad: b"<html>"}) / read.FILE_NAME, b"<html>")
    with pytest.raises(DataError) as caught:
        read.read_path(tmp_path)
    for name in (read.FILE_NAME, bad):
        assert f"{tmp_path / name} is not MNIST: Error -3" in caught.value.problem
    assert "train-images" not in caught.value.problem


def test_of_four_good_files_with_other_content_the_wrong_array_is_told(tmp_path):
    train, test = [*IDX][1::2]
    for swapped, array in (
        ({test: IDX[train]}, "y_test"),
        ({train: IDX[test]}, "y_train"),
    ):
        with pytest.raises(DataError, match=f"its {array} is another one"):
            read.read_path(write_idx(tmp_path, swapped))


@needs_real
def test_the_real_file_is_mnist_and_takes_a_bounded_amount_of_memory(monkeypatch):
    monkeypatch.undo()
    tracemalloc.start()
    arrays = read.read_path(REAL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [a.shape for a in arrays[::2]] == [(n, 784) for n in read.SIZES]
    assert arrays[1][:3].tolist() == [5, 0, 4]
    assert peak < 840e6
    assert read.MAX_PACKED > 16_168_813  # the published file


def refused(content, reason):
    return pytest.param(content, reason, id=reason)


def packed(content, protocol=2):
    return gzip.compress(pickle.dumps(content, protocol), mtime=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>Sign in</html>", "incorrect header"),
        (b"", "cut off"),
        (PACKED[:-10], "cut off"),
        (PACKED[:2000] + b"xx" + PACKED[2002:], "Error -3"),
        (PACKED[:-8] + bytes(4) + PACKED[-4:], "data check"),
        (gzip.compress(b"", mtime=0), "IndexError|out of range"),
        (gzip.compress(b"garbage", mtime=0), "opcode 0x67"),
        (gzip.compress(PACKED, mtime=0), "opcode 0x1f"),
        (PICKLED, "incorrect header"),
        (gzip.compress(bytes(9_999_999), mtime=0), "more than 500,000 bytes"),
        (PACKED + b"more", "something follows"),
        (PACKED + PACKED, "something follows"),
        (b"PK\3\4" + bytes(999), "incorrect header"),
        (IDX["train-images-idx3-ubyte.gz"], "opcode 0x00"),
        (bytes(200_001), "more than 200,000 bytes"),
        (packed(changed(0, 0, put(np.nan))), "not k / 256"),
        (packed(changed(0, 0, put(np.inf))), "not k / 256"),
        (packed(changed(0, 0, put(1))), "not k / 256"),
        (packed(changed(0, 0, put(-1 / 256))), "not k / 256"),
        (packed(changed(0, 0, put(0.3))), "not k / 256"),
        (packed(changed(0, 0, put(1 / 2))), "its x_train is another one"),
        (packed(changed(2, 0, lambda x: x[::-1].copy())), "its x_test is another"),
        (packed(changed(1, 1, lambda y: 9 - y)), "its y_valid is another one"),
        (packed(changed(0, 1, put(10))), "its y_train is another one"),
        (packed(changed(1, 1, put(-1))), "not k / 1"),
        (packed(changed(2, 1, put(256))), "not k / 1"),
        (packed(changed(0, 1, lambda y: y.astype("O"))), "six arrays"),
        (packed(changed(0, 0, lambda x: x.astype("f8"))), "six arrays"),
        (packed(changed(0, 0, lambda x: x.astype(">f4"))), "not k / 256"),
        (packed(changed(0, 0, np.asfortranarray)), "its x_train is another"),
        (packed(changed(0, 1, lambda y: y.astype("i4"))), "six arrays"),
        (packed(changed(0, 0, lambda x: x[:, :-1])), "six arrays"),
        (packed((FAKE[0], FAKE[2], FAKE[1])), "six arrays"),
        (packed(FAKE[:2]), "six arrays"),
    ],
)
def test_anything_else_is_refused_by_name_with_the_reason_and_stays(
    tmp_path, content, reason
):
    path = write(tmp_path / "mnist.pkl.gz", content)
    with pytest.raises(DataError, match=reason) as caught:
        read.read_path(path)
    assert str(path) in caught.value.problem
    assert path.read_bytes() == content


def test_a_gzip_bomb_takes_little_memory(tmp_path):
    path = write(tmp_path / "bomb.gz", gzip.compress(bytes(50_000_000)))
    tracemalloc.start()
    with pytest.raises(DataError, match="more than"):
        read.read_path(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BOUND


def test_too_little_memory_is_said_to_be_that(monkeypatch, tmp_path):
    def none_left(raw):
        raise MemoryError

    monkeypatch.setattr(read, "from_pickle", none_left)
    with pytest.raises(DataError, match="MemoryError"):
        read.read_path(write(tmp_path / "f"))


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_named_and_not_opened(tmp_path, kind):
    path = tmp_path / read.FILE_NAME
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(DataError, match="no regular file") as caught:
        read.read_path(tmp_path)
    assert str(path) in caught.value.problem


@pytest.mark.parametrize("folder", ["", "missing"])
def test_where_there_is_nothing_the_published_file_is_asked_for(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match=folder or read.FILE_NAME):
        read.read_path(tmp_path / folder)


def test_what_may_not_be_looked_into_is_told(tmp_path):
    with pytest.raises(DataError, match="Not a directory"):
        read.read_path(write(tmp_path / "file") / "in it")
    with pytest.raises(DataError, match="File name too long"):
        read.read_path(tmp_path / (5000 * "x"))


def test_what_is_packed_can_be_read_back_and_unpickled_by_anyone():
    content = read.pack(ARRAYS)
    assert_equal(read.read({"x": content}))
    for pair, known in zip(pickle.loads(gzip.decompress(content)), FAKE, strict=True):
        for array, other in zip(pair, known, strict=True):
            np.testing.assert_array_equal(array, other)
            assert array.dtype == other.dtype
    assert content[4:8] == bytes(4)  # no time: the same content gives the same file


# Fuzz

OUTLINE = [
    at for at in range(len(PICKLED)) if PICKLED[max(at - 8, 0) : at + 8].count(0) < 3
]
OUTLINE = [at for at in OUTLINE if b"numpy" in PICKLED[max(at - 150, 0) : at + 150]]


def assert_reads_or_refuses(path, content):
    write(path, content)
    tracemalloc.start()
    try:
        arrays = read.read_path(path)
    except DataError as fault:
        assert str(path) in str(fault)  # noqa: PT017 - both ways out are right
    else:
        assert_equal(arrays)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < BOUND


def mutations(positions):
    how = st.sampled_from(["replace", "insert", "delete", "cut"])
    new = st.binary(max_size=4) | st.sampled_from(
        [b"R", b"b", b".", b"(t", b"h\0", b"h\1", b"cnumpy\ndtype\n", b"X\xff\xff\0\0"]
    )
    return st.lists(st.tuples(positions, how, new), min_size=1, max_size=4)


def mutate(raw, changes):
    for at, how, new in changes:
        ends = {
            "replace": at + len(new),
            "insert": at,
            "delete": at + 3,
            "cut": len(raw),
        }
        raw = raw[:at] + new + raw[ends[how] :]
    return raw


@fuzz
@given(changes=mutations(st.sampled_from(OUTLINE)))
def test_a_changed_pickle_gives_mnist_or_our_error(tmp_path, changes):
    assert_reads_or_refuses(tmp_path / "f", gzip.compress(mutate(PICKLED, changes), 1))


@fuzz
@given(changes=mutations(st.integers(0, 40) | st.integers(0, len(PACKED))))
def test_a_changed_packed_file_gives_mnist_or_our_error(tmp_path, changes):
    assert_reads_or_refuses(tmp_path / "f", mutate(PACKED, changes))


@fuzz
@given(content=st.binary(max_size=3000))
def test_any_bytes_at_all_give_our_error(tmp_path, content):
    assert_reads_or_refuses(tmp_path / "f", content)
    assert_reads_or_refuses(tmp_path / "g", gzip.compress(content, 1))
