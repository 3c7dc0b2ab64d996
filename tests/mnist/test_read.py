"""MNIST is read from every form it has, and everything else is refused with the reason."""

import gzip
import os
import pickle
import re
import tracemalloc
from contextlib import contextmanager
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.data_world import (
    FAKE,
    IDX,
    PACKED,
    PICKLED,
    assert_is_fake,
    changed,
    names,
    put,
    write,
    write_idx,
)

from mnist_tut.mnist import read
from mnist_tut.mnist.errors import DataError

#: Peak memory while reading the small MNIST or anything of its size.
BOUND = 6 * 2**20
#: MNIST_TUT_FUZZ=100000 makes it a long night.
fuzz = settings(
    max_examples=int(os.environ.get("MNIST_TUT_FUZZ", "100")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
pytestmark = pytest.mark.usefixtures("small_world")


@contextmanager
def bounded(bound=BOUND):
    """Fail where more bytes of memory were taken than that."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < bound


@pytest.fixture(autouse=True, scope="module")
def nothing_unpickles():
    """Fail where anything unpickles."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("loads", "load", "Unpickler"):
            patch.setattr(pickle, name, None)
        yield


# Files that people have


@pytest.mark.parametrize("name", ["mnist.pkl.gz", "mnist.pkl", "mnist.pkl (1).gz"])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_of_any_protocol_and_name_is_read(tmp_path, name, packed, protocol):
    raw = pickle.dumps(FAKE, protocol)
    path = write(tmp_path / name, gzip.compress(raw, 1) if packed else raw)
    assert_is_fake(read.read_path(path))
    if "(1)" not in name:
        assert_is_fake(read.read_path(tmp_path))


def test_lists_for_tuples_and_a_pickle_from_python_2_are_read(tmp_path):
    class Python2(pickle._Pickler):  # writes bytes as Python 2 wrote its strings
        def save_bytes(self, content):
            short = len(content) < 256
            self.write(b"U" if short else b"T")
            self.write(len(content).to_bytes(1 if short else 4, "little") + content)

        dispatch = {**pickle._Pickler.dispatch, bytes: save_bytes}  # noqa: RUF012

    path = tmp_path / "mnist.pkl.gz"
    with gzip.open(path, "wb") as file:
        Python2(file, protocol=2).dump([list(pair) for pair in FAKE])
    assert b"_codecs" not in gzip.decompress(path.read_bytes())
    assert_is_fake(read.read_path(path))


@pytest.mark.parametrize("unpacked", ["all", "none", "one"])
@pytest.mark.parametrize("spelling", ["-idx", ".idx"])
@pytest.mark.parametrize("folder", ["", "raw", "MNIST/raw"])
def test_the_four_original_files_are_read_as_people_have_them(
    tmp_path, unpacked, spelling, folder
):
    write(tmp_path / read.FILE_NAME, b"<html>")  # where one form is bad
    for at, (name, content) in enumerate(IDX.items()):
        name = name.replace("-idx", spelling)
        if unpacked == "all" or (unpacked == "one" and at == 2):
            name, content = name.removesuffix(".gz"), gzip.decompress(content)
        write(tmp_path / folder / name, content)
    assert_is_fake(read.read_path(tmp_path))


LINES, NAMES, TEST, _ = IDX
FLIPPED = bytearray(gzip.decompress(IDX[TEST]))
FLIPPED[-1] ^= 1


@pytest.mark.parametrize(
    ("but", "reason"),
    [
        *(({name: None}, f"{name} is not there") for name in IDX),
        ({TEST: b"<html>"}, f"{TEST} is not MNIST: it is no gzip file; it begins"),
        ({LINES: IDX[TEST], TEST: IDX[LINES]}, f"too few or too many for {LINES}"),
        ({NAMES: b""}, f"{NAMES} is not MNIST: it is empty"),
        ({TEST: gzip.compress(FLIPPED)}, "its x_test is another one"),
    ],
)
def test_of_four_files_the_wrong_or_missing_one_is_told(tmp_path, but, reason):
    write_idx(tmp_path, but)
    write(tmp_path / read.FILE_NAME, b"<html>")  # what is wrong with each form is told
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        read.read_path(tmp_path)
    begins = "it is no gzip file; it begins with b'<html>'"
    first = f"{tmp_path / read.FILE_NAME} is not MNIST: {begins}; "
    assert caught.value.problem.startswith(first)


def packed(content, protocol=2):
    return gzip.compress(pickle.dumps(content, protocol), mtime=0)


NO_PICKLE = "no pickle of six arrays"
LONG = b"\xff\xff\xff\x7f\0\0\0\0"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html>", "it is no gzip file; it begins with b'<!DOCTYPE html>'"),
        (b"version https://git-lfs", "begins with b'version https://git-"),
        (b"PK\3\4" + bytes(999), "it is no gzip file; it begins with b'PK"),
        (b"", "it is empty"),
        (gzip.compress(b"", mtime=0), NO_PICKLE),
        (PACKED[:-10], "it is cut off"),
        (PICKLED[:-200_000], NO_PICKLE),
        (PACKED[:2000] + b"xx" + PACKED[2002:], "it is damaged"),
        (PACKED[:-8] + bytes(4) + PACKED[-4:], "it is damaged .*CRC check"),
        (gzip.compress(b"garbage", mtime=0), NO_PICKLE),
        (gzip.compress(PACKED, mtime=0), NO_PICKLE),
        (gzip.compress(bytes(9_999_999), mtime=0), "unpacked, it has over 600,000"),
        (PACKED + b"more", "it is damaged"),
        (IDX["train-images-idx3-ubyte.gz"], NO_PICKLE),
        (bytes(600_001), "it has over 600,000 bytes"),
        (packed(changed(0, 0, put(np.nan))), "its x_train is another one"),
        (packed(changed(2, 0, lambda x: x[::-1].copy())), "its x_test is another"),
        (packed(changed(1, 1, lambda y: 9 - y)), "its y_valid is another one"),
        (packed(changed(0, 1, put(10)), 4), "its y_train is another one"),
        (packed(changed(0, 1, lambda y: y.astype("O"))), NO_PICKLE),
        (packed(changed(0, 0, lambda x: x.astype("f8"))), NO_PICKLE),
        (packed(changed(0, 0, lambda x: x.astype(">f4"))), "not little-endian"),
        (packed(changed(0, 0, np.asfortranarray)), "its x_train is another"),
        (packed(changed(0, 1, lambda y: y.astype("i4"))), NO_PICKLE),
        (packed(changed(0, 0, lambda x: x[:, :-1])), NO_PICKLE),
        (packed((FAKE[0], FAKE[2], FAKE[1])), NO_PICKLE),
        (packed(FAKE[:2]), NO_PICKLE),
        (b"\x80\2cos\nsystem\n(S'true'\ntR.", NO_PICKLE),
        (b"\x80\3N" + b"\x85" * 90_000 + b".", NO_PICKLE),  # nested deeply
        (b"\x80\3" + b"B\0\x24\2\0" * 100_000, NO_PICKLE),  # many that seem right
        *(
            (b"\x80\3" + count, NO_PICKLE)  # longer than the file
            for count in (
                b"B" + LONG[:4],
                b"X" + LONG[:4],
                b"\x8e" + LONG,
                b"\x96" + LONG,
            )
        ),
    ],
)
def test_anything_else_is_refused_by_name_with_the_reason_and_stays(
    tmp_path, content, reason
):
    path = write(tmp_path / "mnist.pkl.gz", content)
    with bounded(), pytest.raises(DataError, match=reason) as caught:
        read.read_path(path)
    assert str(path) in caught.value.problem
    assert path.read_bytes() == content


def test_a_huge_file_is_not_read_whole(tmp_path):
    path = write(tmp_path / "huge", b"\x80")
    os.truncate(path, 40 * 2**30)  # takes no room on the disk
    with bounded(), pytest.raises(DataError, match="it has over 600,000 bytes"):
        read.read_path(path)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("", "holds no mnist.pkl.gz and no IDX file"),
        ("missing", "is not there"),
        ("file/in it", "is not there"),
        ("link", "is not there"),
        ("a\0b", "is not there"),
        (5000 * "x", "File name too long|is not there"),  # as Python 3.14 has it
        ("pipe", "is no regular file"),
        ("with a folder", "mnist.pkl.gz is no regular file"),
        ("closed", "closed cannot be read: Permission denied"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_reason_and_waited_for_by_nobody(
    tmp_path, monkeypatch, place, reason
):
    write(tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "with a folder" / read.FILE_NAME).mkdir(parents=True)
    if place == "closed":  # root may look anywhere
        (tmp_path / place).mkdir()
        monkeypatch.setattr(
            os, "listdir", Mock(side_effect=OSError(13, "Permission denied"))
        )
    with pytest.raises(DataError, match=reason) as caught:
        read.read_path(tmp_path / place)
    assert str(tmp_path) in caught.value.problem


# Nothing that a pickle names is run or built


def test_no_code_that_a_pickle_names_is_run_even_beside_the_right_arrays(tmp_path):
    program = f"cos\nsystem\n(S'touch {tmp_path}/owned'\ntR0".encode()
    path = write(tmp_path / "evil", b"\x80\2" + program + PICKLED[2:])
    assert_is_fake(read.read_path(path))
    assert names(tmp_path) == ["evil"]


@pytest.mark.parametrize("letter", ["\u0100", "\U0001f600"])
def test_text_that_would_widen_in_memory_is_refused_before_it_is_read(
    tmp_path, monkeypatch, letter
):
    monkeypatch.setattr(read, "SIZES", (600, 1, 1))
    monkeypatch.setattr(read, "MAX_UNPACKED", 2_000_000)
    raw = pickle.dumps("a" * (600 * 784 * 4 + 8) + letter, protocol=2)
    path = write(tmp_path / "f", raw)
    with bounded(1.2 * 2_000_000), pytest.raises(DataError, match=NO_PICKLE):
        read.read_path(path)


# Fuzz


def assert_reads_or_refuses(path, content):
    write(path, content)
    with bounded():
        try:
            arrays = read.read_path(path)
        except DataError as fault:
            assert str(path) in str(fault)  # noqa: PT017 - both ways out are right
        else:
            assert_is_fake(arrays)


def changed_somewhere(raw):
    """Give the bytes with a few others in the place of some, or cut off."""
    positions = st.integers(0, 1200) | st.integers(0, len(raw))
    change = st.tuples(
        positions, st.sampled_from([0, 1, 3, len(raw)]), st.binary(max_size=4)
    )

    def carry_out(changes):
        content = raw
        for at, drop, new in changes:
            content = content[:at] + new + content[at + drop :]
        return content

    return st.lists(change, min_size=1, max_size=4).map(carry_out)


@fuzz
@given(content=changed_somewhere(PACKED) | changed_somewhere(PICKLED) | st.binary())
def test_any_changed_file_gives_mnist_or_our_error(tmp_path, content):
    assert_reads_or_refuses(tmp_path / "f", content)
    assert_reads_or_refuses(tmp_path / "g", gzip.compress(content, 1))
