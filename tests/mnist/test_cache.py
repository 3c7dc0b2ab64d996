"""A file is kept as a whole or not at all, and what was there is never lost."""

import os
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from support.data_world import names, write

from mnist_tut.mnist import cache


def test_who_has_the_old_file_open_keeps_it_whole_and_it_is_not_lost(tmp_path):
    path = write(tmp_path / "f", b"old")
    with path.open("rb") as file:
        cache.keep(path, b"new")
        assert file.read() == b"old"
    cache.keep(path, b"newer")
    assert path.read_bytes() == b"newer"
    aside = {p.name: p.read_bytes() for p in tmp_path.glob("*.rejected-*")}
    assert aside == {"f.rejected-1": b"old", "f.rejected-2": b"new"}


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch, caplog, error
):
    path = write(tmp_path / "f", b"old")
    real = Path.write_bytes

    def half(self, content):
        real(self, content[: len(content) // 2])
        raise error

    monkeypatch.setattr(Path, "write_bytes", half)
    if isinstance(error, OSError):
        cache.keep(path, b"new")
        assert f"{path} is not kept: [Errno 28] No space left" in caplog.text
    else:
        with pytest.raises(KeyboardInterrupt):
            cache.keep(path, b"new")
    assert names(tmp_path) == ["f"]
    assert path.read_bytes() == b"old"


def test_a_folder_or_a_pipe_in_the_way_is_neither_lost_nor_waited_for(tmp_path, caplog):
    thesis = write(tmp_path / "folder" / "thesis", b"three years of work")
    cache.keep(tmp_path / "folder", b"new")
    assert "folder is not kept" in caplog.text
    assert thesis.read_bytes() == b"three years of work"
    os.mkfifo(tmp_path / "f")
    os.mkfifo(tmp_path / "f.part")
    os.mkfifo(tmp_path / "f.lock")
    with cache.lock(tmp_path / "f"):
        cache.keep(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"


def test_what_killed_processes_left_is_cleared_up_and_nothing_else(tmp_path):
    for name in ("f.1234.part", "thesis.part", "f.part.txt"):
        write(tmp_path / name)
    cache.keep(tmp_path / "f", b"new")
    assert names(tmp_path) == ["f", "f.part.txt", "thesis.part"]


def test_who_waits_says_after_a_while_for_what_and_goes_on_afterwards(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(cache, "QUIET_SECONDS", 0.01)
    held = FileLock(f"{tmp_path / 'f'}.lock", thread_local=False)
    held.acquire()
    threading.Timer(0.3, held.release).start()
    with cache.lock(tmp_path / "f"):
        assert not held.is_locked
    assert f"Waiting for another process, which holds {tmp_path / 'f'}" in caplog.text


def test_waiting_comes_to_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(cache, "LOCK_SECONDS", 0.05)
    with (
        FileLock(f"{tmp_path / 'f'}.lock"),
        pytest.raises(OSError, match="lock"),
        cache.lock(tmp_path / "f"),
    ):
        pytest.fail("two hold one lock")


def test_in_earnest_who_waits_is_told_soon_and_waits_for_all_addresses():
    assert cache.QUIET_SECONDS <= 10
    assert cache.LOCK_SECONDS > 4 * 300
