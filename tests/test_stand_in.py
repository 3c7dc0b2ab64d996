"""The stand-in is drawn once, and again only where what was kept is not whole."""

import io
import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from data_world import SIZES, names, someone_else_writes, write

from mnist_tut import keeping, strokes
from mnist_tut.reading import Arrays
from mnist_tut.stand_in import stand_in

pytestmark = pytest.mark.usefixtures("small_world")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "stand-in"


def kept(folder: Path) -> Path:
    [path] = folder.glob("strokes-*.npz")
    return path


def assert_same(some: Arrays, others: Arrays) -> None:
    for one, other in zip(some, others, strict=True):
        assert one.dtype == other.dtype == np.uint8
        np.testing.assert_array_equal(one, other)


def assert_is_stand_in(arrays: Arrays) -> None:
    tensors = itertools.chain(*strokes.make_strokes(sizes=SIZES))
    for array, tensor in zip(arrays, tensors, strict=True):
        scale = 256 if array.ndim == 2 else 1
        np.testing.assert_array_equal(array, tensor.numpy() * scale)


@pytest.mark.only_names(objects=[strokes.make_strokes])
def test_the_stand_in_is_drawn_once_in_mnists_sizes_and_kept(
    folder: Path, drawn: list[Any]
) -> None:
    path, first = stand_in(folder)
    assert drawn == [SIZES]
    assert path == kept(folder)
    assert_same(stand_in(folder)[1], first)
    assert drawn == [SIZES]
    assert names(folder) == [path.name]
    assert_is_stand_in(first)


@pytest.mark.usefixtures("drawn")
@pytest.mark.only_names(objects=[strokes.make_strokes])
def test_the_stand_in_is_the_same_whatever_the_default_dtype_is(folder: Path) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        _, arrays = stand_in(folder)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_is_stand_in(arrays)


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


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(
    "how",
    [
        *("a flipped bit", "cut off", "empty", "a pickle"),
        *("an array missing", "another size", "another dtype"),
    ],
)
def test_a_stand_in_that_is_not_whole_is_drawn_again(
    folder: Path, drawn: list[Any], how: str
) -> None:
    first = stand_in(folder)[1]
    good = kept(folder).read_bytes()
    spoil(kept(folder), how)
    assert kept(folder).read_bytes() != good
    assert_same(stand_in(folder)[1], first)
    assert len(drawn) == 2
    assert_same(stand_in(folder)[1], first)
    assert len(drawn) == 2


@pytest.mark.usefixtures("drawn")
def test_another_program_draws_another_stand_in(
    folder: Path, drawn: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(folder)[1]
    program = Path(strokes.__file__).read_bytes()
    monkeypatch.setattr(
        strokes, "__file__", str(write(tmp_path / "strokes.py", program + b"\n# new"))
    )
    stand_in(folder)[1]
    assert len(drawn) == 2


@pytest.mark.usefixtures("drawn")
def test_a_stand_in_drawn_by_someone_else_meanwhile_is_taken(
    folder: Path, drawn: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stand_in(folder)[1]
    path, content = kept(folder), kept(folder).read_bytes()
    path.unlink()
    monkeypatch.setattr(keeping, "lock", lambda _: someone_else_writes(content, path))
    assert_same(stand_in(folder)[1], first)
    assert len(drawn) == 1


@pytest.mark.usefixtures("drawn")
@pytest.mark.only_names(objects=[strokes.make_strokes])
def test_a_stand_in_that_cannot_be_kept_is_used_with_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, b"a file")
    assert_is_stand_in(stand_in(folder)[1])
    assert "not kept" in caplog.text
    assert str(folder) in caplog.text
