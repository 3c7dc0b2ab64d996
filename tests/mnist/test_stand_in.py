"""The stand-in is drawn once, and again only where what was kept is not whole."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.data_world import PACKED, SIZES, names, write

from mnist_tut.mnist import cache, read, strokes
from mnist_tut.mnist.stand_in import stand_in

pytestmark = pytest.mark.usefixtures("small_world")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "stand-in"


def kept(folder):
    [path] = folder.glob("strokes-*/mnist.pkl.gz")
    return path


def assert_is_stand_in(arrays):
    parts = strokes.make_strokes(sizes=SIZES)
    tensors = [tensor for x, y in parts for tensor in (x * 256, y)]
    for array, tensor in zip(arrays, tensors, strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())
        assert array.dtype == np.uint8


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_stand_in_is_drawn_once_in_mnists_sizes_and_kept(
    folder, monkeypatch, dtype
):
    torch.set_default_dtype(dtype)
    try:
        where, arrays = stand_in(folder)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_is_stand_in(arrays)
    assert where == kept(folder).parent
    assert names(where) == ["mnist.pkl.gz"]
    monkeypatch.setattr(strokes, "make_strokes", None)
    _, again = stand_in(folder)
    for array, other in zip(arrays, again, strict=True):
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize("how", ["bit", "cut", "empty", "html", "bomb", "other sizes"])
def test_a_stand_in_that_is_not_whole_is_drawn_again(folder, drawn, monkeypatch, how):
    assert_is_stand_in(stand_in(folder)[1])
    good = kept(folder).read_bytes()
    spoilt = {
        "bit": good[:5000] + bytes([good[5000] ^ 1]) + good[5001:],
        "cut": good[: len(good) // 2],
        "empty": b"",
        "html": b"<html>",
        "bomb": bytes(200_001),
        "other sizes": b"",
    }
    if how == "other sizes":
        monkeypatch.setattr(read, "SIZES", (1, 2, 3))
        stand_in(folder.with_name("other"))
        spoilt[how] = kept(folder.with_name("other")).read_bytes()
        monkeypatch.setattr(read, "SIZES", SIZES)
    kept(folder).write_bytes(spoilt[how])
    drawn.clear()
    assert_is_stand_in(stand_in(folder)[1])
    assert drawn[0] == SIZES
    assert kept(folder).read_bytes() == good


@pytest.mark.usefixtures("drawn")
def test_another_program_draws_another_stand_in(folder, monkeypatch, tmp_path):
    first, _ = stand_in(folder)
    program = Path(strokes.__file__).read_bytes()
    changed = write(tmp_path / "strokes.py", program + b"\n# new")
    monkeypatch.setattr(strokes, "__file__", str(changed))
    assert stand_in(folder)[0] != first


def test_a_stand_in_drawn_by_someone_else_meanwhile_is_taken(
    folder, drawn, monkeypatch
):
    stand_in(folder)
    path, content = kept(folder), kept(folder).read_bytes()
    path.unlink()
    lock = cache.lock

    def someone_else_draws(place):
        assert place == path
        write(path, content)
        return lock(place)

    monkeypatch.setattr(cache, "lock", someone_else_draws)
    drawn.clear()
    _, arrays = stand_in(folder)
    assert drawn == []
    assert_is_stand_in(arrays)


@pytest.mark.usefixtures("drawn")
def test_a_stand_in_that_cannot_be_kept_is_used_with_a_warning(folder, caplog):
    write(folder, b"a file")
    assert_is_stand_in(stand_in(folder)[1])
    assert f"{folder} cannot be used to keep" in caplog.text
    assert folder.read_bytes() == b"a file"


def test_a_stand_in_in_a_folder_that_cannot_be_written_is_read(
    folder, drawn, monkeypatch
):
    stand_in(folder)
    drawn.clear()

    def forbidden(path):
        raise PermissionError(f"no lock for {path}")

    monkeypatch.setattr(cache, "lock", forbidden)
    _, arrays = stand_in(folder)
    assert drawn == []
    assert_is_stand_in(arrays)


def test_in_earnest_the_stand_in_can_be_read_again(monkeypatch):
    monkeypatch.undo()
    _, *rest = strokes.make_strokes(sizes=(0, 400, 0))
    x, y = rest[0]
    monkeypatch.setattr(read, "SIZES", (0, 400, 0))
    none = np.empty((0, 784), np.uint8)
    arrays = [none, none[:, 0], (x * 256).numpy().astype(np.uint8), y.numpy(), none]
    packed = read.pack([*arrays, none[:, 0]])
    assert 175 * len(packed) < read.MAX_PACKED  # 70,000 pictures
    assert len(PACKED) < len(packed)
