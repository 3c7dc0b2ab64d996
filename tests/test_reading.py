"""A file is MNIST to the last bit, or refused with the reason, whatever is in it."""

import gzip
import os
import pickle
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_world import (
    ARRAYS,
    FAKE,
    IDX,
    IDX_FILES,
    KEPT,
    PACKED,
    PICKLED,
    REAL,
    SPLITS,
    changed,
    digest,
    idx,
    needs_real,
    put,
    write,
    write_idx,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_tut import reading
from mnist_tut.errors import DataError, WrongContent

pytestmark = pytest.mark.usefixtures("small_world")


def assert_equal(arrays: reading.Arrays) -> None:
    for array, true in zip(arrays, ARRAYS, strict=True):
        np.testing.assert_array_equal(array, true)
        assert array.dtype == np.uint8


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


# What is accepted -------------------------------------------------------------------


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
    arrays = reading.read_mnist(write(tmp_path / "m.gz", gzip.compress(raw)))
    assert_equal(arrays)


def test_the_four_original_files_are_read_and_split_in_file_order(
    tmp_path: Path,
) -> None:
    assert_equal(reading.read_mnist(write_idx(tmp_path)))


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    assert_equal(reading.read_mnist(write(tmp_path / reading.KEPT_NAME, KEPT)))


@needs_real
def test_the_real_file_takes_a_bounded_amount_of_memory_and_is_mnist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    tracemalloc.start()
    try:
        arrays = reading.read_mnist(REAL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [len(a) for a in arrays] == [50_000, 50_000, 10_000, 10_000, 10_000, 10_000]
    assert arrays.y_train[:3].tolist() == [5, 0, 4]
    assert peak < 800 * 2**20


# What is refused --------------------------------------------------------------------


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
    with pytest.raises(WrongContent) as caught:
        reading.read_mnist(path)
    assert str(path) in str(caught.value)
    assert reason in caught.value.problem
    assert "MNIST_TUT_DATA" in str(caught.value)


def test_splits_of_one_size_are_still_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, valid, test = FAKE
    cut = [(x[:5], y[:5]) for x, y in (valid, test)]
    same_size = [
        reading.Split(name, 5, digest((x * 256).astype("u1")), digest(y.astype("u1")))
        for name, (x, y) in zip(("validation", "test"), cut, strict=True)
    ]
    monkeypatch.setattr(reading, "SPLITS", (SPLITS[0], *same_size))
    good = gzip.compress(pickle.dumps((train, cut[0], cut[1]), protocol=2))
    swapped = gzip.compress(pickle.dumps((train, cut[1], cut[0]), protocol=2))
    assert reading.read_mnist(write(tmp_path / "good", good))
    with pytest.raises(WrongContent, match="validation pictures are not MNIST's"):
        reading.read_mnist(write(tmp_path / "swapped", swapped))


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
    with pytest.raises(WrongContent) as caught:
        reading.read_mnist(path)
    assert str(path) in str(caught.value)
    assert reason in caught.value.problem
    assert path.read_bytes() == content


def test_a_file_that_is_missing_or_a_folder_is_named_and_not_called_wrong(
    tmp_path: Path,
) -> None:
    (tmp_path / reading.FILE_NAME / IDX_FILES[0].name).mkdir(parents=True)
    for path in (tmp_path / "none", tmp_path, tmp_path / reading.FILE_NAME):
        with pytest.raises(
            DataError, match="cannot be read: no regular file"
        ) as caught:
            reading.read_mnist(path)
        assert str(path) in str(caught.value)
        assert not isinstance(caught.value, WrongContent)


def test_a_file_larger_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "large.gz")
    monkeypatch.setattr(reading, "MAX_PACKED", len(PACKED))
    assert_equal(reading.read_mnist(path))
    monkeypatch.setattr(reading, "MAX_PACKED", len(PACKED) - 1)
    with pytest.raises(WrongContent, match="has more than"):
        reading.read_mnist(path)


def test_a_gzip_bomb_stops_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = write(tmp_path / "bomb.gz", gzip.compress(bytes(50_000_000), 1))
    monkeypatch.setattr(reading, "MAX_PACKED", 1_000_000)
    monkeypatch.setattr(reading, "MAX_UNPACKED", 200_000)
    tracemalloc.start()
    try:
        with pytest.raises(WrongContent, match="unpacks to more than 200,000 bytes"):
            reading.read_mnist(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_too_little_memory_is_no_reason_to_call_a_file_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(packed: bytes, limit: int) -> bytes:
        raise MemoryError

    monkeypatch.setattr(reading, "_unpack", exhausted)
    with pytest.raises(DataError, match="out of memory") as caught:
        reading.read_mnist(write(tmp_path / "good.gz"))
    assert not isinstance(caught.value, WrongContent)


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(flip(KEPT, 0), "training pictures", id="first pixel"),
        pytest.param(flip(KEPT, 784 * 12 + 3), "training labels", id="a label"),
        pytest.param(flip(KEPT, len(KEPT) - 6), "test pictures", id="last pixel"),
        pytest.param(flip(KEPT, len(KEPT) - 1), "test labels", id="last label"),
        pytest.param(KEPT[:-1] + b"\x0a", "test label is not one", id="label of 10"),
        pytest.param(KEPT[:-1], "and not", id="a byte short"),
        pytest.param(KEPT + b"\0", "has more than", id="a byte long"),
        pytest.param(b"", "it has 0 bytes", id="empty"),
        pytest.param(bytes(len(KEPT)), "training pictures", id="zeros"),
    ],
)
def test_a_single_wrong_bit_in_what_was_kept_is_noticed(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = write(tmp_path / reading.KEPT_NAME, content)
    with pytest.raises(WrongContent, match=reason) as caught:
        reading.read_mnist(path)
    assert caught.value.path == path


IMAGES, LABELS, *_ = IDX


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"<html>", "not the original", id="HTML"),
        pytest.param(IDX[IMAGES][:-1], "not the original", id="cut off"),
        pytest.param(flip(IDX[IMAGES], 99), "not the original", id="a flipped bit"),
        pytest.param(IDX[IMAGES] + b"x", "has more than", id="too long"),
        pytest.param(gzip.compress(bytes(9999999)), "not the original", id="bomb"),
        pytest.param(PACKED[: len(IDX[IMAGES])], "not the original", id="pickle"),
    ],
)
def test_an_idx_file_that_is_not_the_original_is_named(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    write_idx(tmp_path, {IMAGES: content})
    with pytest.raises(WrongContent, match=reason) as caught:
        reading.read_mnist(tmp_path)
    assert caught.value.path == tmp_path / IMAGES
    assert str(caught.value.path) in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(idx(np.zeros((19, 28, 28), np.uint8)), "pictures", id="black"),
        pytest.param(idx(np.zeros((18, 28, 28), np.uint8)), "no IDX file", id="few"),
        pytest.param(idx(np.zeros((19, 784), np.uint8)), "no IDX file", id="flat"),
        pytest.param(b"\0\0\x0d\3" + bytes(99), "no IDX file", id="floats"),
        pytest.param(b"", "no IDX file", id="nothing"),
        pytest.param(bytes(500_001), "unpacks to more than", id="bomb"),
    ],
)
def test_even_a_file_with_the_known_checksum_is_not_taken_at_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes, reason: str
) -> None:
    packed = gzip.compress(raw)
    forged = reading.IdxFile(IMAGES, 10_000, digest(packed))
    monkeypatch.setattr(reading, "IDX_FILES", (forged, *IDX_FILES[1:]))
    with pytest.raises(WrongContent, match=reason):
        reading.read_mnist(write_idx(tmp_path, {IMAGES: packed}))


# Fuzz -------------------------------------------------------------------------------

#: MNIST_TUT_FUZZ=100000 makes it a long night.
EXAMPLES = int(os.environ.get("MNIST_TUT_FUZZ", "300"))
fuzz = settings(
    max_examples=EXAMPLES,
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


#: No file of this size may make the reader take more memory than this.
BOUND = 4 * 2**20


def assert_reads_or_refuses(path: Path, content: bytes) -> None:
    write(path, content)
    tracemalloc.start()
    try:
        arrays = reading.read_mnist(path)
    except DataError as fault:
        assert str(path) in str(fault)  # noqa: PT017 - both ways out are right
    else:
        assert_equal(arrays)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < BOUND


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


@fuzz
@given(content=st.binary(max_size=3000))
def test_any_bytes_at_all_give_our_error_in_every_form(
    tmp_path: Path, content: bytes
) -> None:
    assert_reads_or_refuses(tmp_path / "f", content)
    assert_reads_or_refuses(tmp_path / "g", gzip.compress(content, 1))
    assert_reads_or_refuses(tmp_path / reading.KEPT_NAME, content)
    path = write(tmp_path / IMAGES, content)
    with pytest.raises(WrongContent):
        reading.read_idx_file(path, IDX_FILES[0])


def test_text_that_would_widen_in_memory_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    text = "a" * 400_000 + "\U0001f600"
    raw = pickle.dumps(text, protocol=2)
    tracemalloc.start()
    try:
        with pytest.raises(WrongContent, match="letters that no array needs"):
            reading.read_mnist(write(tmp_path / "f", gzip.compress(raw)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_400_000  # the raw bytes twice, and not four for each letter


# Each reader by itself


def test_each_reader_reads_its_own_form_and_refuses_the_others(tmp_path: Path) -> None:
    pickled = write(tmp_path / "mnist.pkl.gz", PACKED)
    kept = write(tmp_path / reading.KEPT_NAME, KEPT)
    folder = write_idx(tmp_path / "idx")
    assert_equal(reading.read_pickled(pickled))
    assert_equal(reading.read_kept(kept))
    assert_equal(reading.read_idx(folder))
    with pytest.raises(DataError):
        reading.read_pickled(kept)
    with pytest.raises(DataError):
        reading.read_kept(pickled)
    with pytest.raises(DataError):
        reading.read_idx(tmp_path)


def test_pixels_come_back_from_their_grid_exactly() -> None:
    levels = np.arange(256, dtype=np.uint8)
    x = levels.astype(np.float32)[None] / 256
    np.testing.assert_array_equal(reading.to_pixels(x), levels[None])


@pytest.mark.parametrize("value", [1.0, -1 / 256, 0.1, np.nan, np.inf])
def test_a_pixel_off_the_grid_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="a pixel is not k / 256"):
        reading.to_pixels(np.array([[0, value]], np.float32))


def test_a_split_is_accepted_only_as_it_is() -> None:
    pixels, labels = (array.copy() for array in ARRAYS[:2])
    split = SPLITS[0]
    reading.check_split(pixels, labels, split)
    with pytest.raises(DataError, match="labels are not MNIST's"):
        reading.check_split(pixels, labels[::-1].copy(), split)
    with pytest.raises(DataError, match="is not one of 0 to 9"):
        reading.check_split(pixels, labels + 10, split)
    pixels[0, 0] ^= 1
    with pytest.raises(DataError, match="pictures are not MNIST's"):
        reading.check_split(pixels, labels, split)
