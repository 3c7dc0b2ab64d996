"""A file is kept as a whole or not at all, and what was there is never lost."""

import os
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest
from filelock import FileLock
from support.data_world import names, write

from mnist_tut.mnist import cache


def test_who_has_the_old_file_open_keeps_it_whole_and_it_is_not_lost(tmp_path):
    path = write(tmp_path / "f", b"old")
    with path.open("rb") as file:
        assert cache.keep(path, b"new")
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
        assert not cache.keep(path, b"new")
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
    for name in ("f", "f.part", "f.lock"):
        os.mkfifo(tmp_path / name)
    with cache.lock(tmp_path / "f"):
        cache.keep(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"


def test_what_killed_processes_left_is_cleared_up_and_nothing_else(tmp_path):
    for name in ("f.1234.part", "thesis.part", "f.part.txt", "f.folder.part/thesis"):
        write(tmp_path / name)
    cache.keep(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"
    assert names(tmp_path) == ["f", "f.folder.part", "f.part.txt", "thesis.part"]


@pytest.mark.parametrize(
    "fault",
    [
        *(OSError(n, os.strerror(n)) for n in (37, 95, 5, 28, 13)),
        NotImplementedError("no"),
    ],
)
def test_a_disk_that_gives_no_lock_is_used_without(
    tmp_path, monkeypatch, caplog, fault
):
    monkeypatch.setattr(FileLock, "acquire", Mock(side_effect=fault))
    with cache.lock(path := tmp_path / "a new" / "folder" / "f"):
        cache.keep(path, b"new")
    assert path.read_bytes() == b"new"
    assert f"Going on without a lock: {fault}" in caplog.text


@pytest.mark.parametrize("freed", [True, False])
def test_who_waits_says_for_what_and_goes_on_afterwards(
    tmp_path, monkeypatch, caplog, freed
):
    assert cache.LOCK_SECONDS > 4 * 300  # for all addresses
    monkeypatch.setattr(cache, "LOCK_SECONDS", 60 if freed else 0.05)
    held = FileLock(f"{tmp_path / 'f'}.lock", thread_local=False)
    held.acquire()
    threading.Timer(0.2 if freed else 5, held.release).start()
    with cache.lock(tmp_path / "f"):
        assert held.is_locked != freed
    assert f"Waiting for another process, which holds {tmp_path / 'f'}" in caplog.text
    assert ("Going on without a lock" in caplog.text) != freed
