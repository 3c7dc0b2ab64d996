"""Files are replaced as a whole, and what is rejected is neither lost nor piled up."""

from pathlib import Path

import pytest
from data_world import ARRAYS, KEPT, names, write
from filelock import FileLock, Timeout

from mnist_tut import keeping, reading
from mnist_tut.errors import DataError, WrongContent
from mnist_tut.keeping import replacing, set_aside

pytestmark = pytest.mark.usefixtures("small_world")


def test_who_has_the_old_file_open_keeps_it_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "file", b"old")
    with path.open("rb") as old, replacing(path) as file:
        file.write(b"new")
        assert old.read() == path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = write(tmp_path / "file", b"old")

    def interrupted() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_waiting_for_a_lock_comes_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keeping.LOCK_SECONDS > 0
    monkeypatch.setattr(keeping, "LOCK_SECONDS", 0.05)
    path = tmp_path / "file"
    with (
        FileLock(f"{path}.lock"),
        pytest.raises(Timeout, match="lock"),
        keeping.lock(path),
    ):
        pass


def wrong(path: Path, content: bytes) -> WrongContent:
    fault = WrongContent(f"{path} is a page", "look at it")
    fault.path = write(path, content)
    return fault


def test_a_rejected_file_is_kept_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "file"
    moved = set_aside(wrong(path, b"<html>"), "http://somewhere/")
    place = tmp_path / "file.rejected-1"
    assert names(tmp_path) == [place.name, f"{place.name}.txt"]
    assert place.read_bytes() == b"<html>"
    assert moved.path == place
    assert str(place) in moved.problem
    assert moved.remedy == "look at it"
    note = (tmp_path / "file.rejected-1.txt").read_text("utf-8").splitlines()
    assert note[0].startswith("20")
    assert note[1:] == ["from http://somewhere/", f"{path} is a page"]


def test_the_same_rejected_bytes_are_kept_once(tmp_path: Path) -> None:
    for content in (b"a", b"b", b"a", b"b", b"c"):
        set_aside(wrong(tmp_path / "file", content), "x")
    kept = sorted(tmp_path.glob("file.rejected-?"))
    assert [path.read_bytes() for path in kept] == [b"a", b"b", b"c"]


def test_rejected_files_are_bounded_in_number_and_never_lost(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for n in range(keeping.MAX_REJECTED):
        set_aside(wrong(path, b"page %d" % n), "x", fresh=True)
    before = names(tmp_path)
    dropped = set_aside(wrong(path, b"a fresh one more"), "x", fresh=True)
    assert "was dropped" in dropped.problem
    assert names(tmp_path) == before
    with pytest.raises(DataError, match="are kept already") as caught:
        set_aside(wrong(path, b"perhaps a thesis"), "x")
    assert f"{path}.rejected-" in caught.value.remedy
    assert path.read_bytes() == b"perhaps a thesis"


def test_what_is_kept_and_what_is_published_can_be_read_back(tmp_path: Path) -> None:
    keeping.write_kept(ARRAYS, tmp_path / reading.KEPT_NAME)
    assert (tmp_path / reading.KEPT_NAME).read_bytes() == KEPT
    keeping.write_published(ARRAYS, tmp_path / "x.gz")
    for name in (reading.KEPT_NAME, "x.gz"):
        arrays = reading.read_mnist(tmp_path / name)
        assert all((a == b).all() for a, b in zip(arrays, ARRAYS, strict=True))
