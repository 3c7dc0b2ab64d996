"""Many processes at once, killed ones, and what a terminal may be shown."""

import itertools
import os
import pickle
import signal
import sys
from contextlib import ExitStack, contextmanager

import pytest
from support.data_world import (
    HANG,
    assert_is_fake,
    enter,
    names,
    outside_settings,
    processes,
    slowly,
    start,
)

from mnist_tut.mnist import DataError, load_mnist
from mnist_tut.mnist.errors import printable
from mnist_tut.mnist.read import FILE_NAME

pytestmark = pytest.mark.usefixtures("small_world")


def test_an_error_keeps_its_parts_when_it_crosses_processes():
    error = pickle.loads(pickle.dumps(DataError("a problem", "a remedy")))
    assert (error.problem, error.remedy) == ("a problem", "a remedy")
    assert str(error) == "a problem\na remedy"


def test_text_from_anywhere_is_printable_and_short_and_else_as_it_was():
    plain = "数据 /a path/mnist.pkl.gz: naïve\nnext line"
    assert printable(plain) == plain
    assert printable("a\x1b[31mb\udcff\u202e") == "a?[31mb??"
    assert printable("at http://me:secret@host/x@y") == "at http://host/x@y"
    assert printable("https://host/x?token=s&a=b: 404") == "https://host/x?... 404"
    assert printable("with url: /x#token=s (by y)") == "with url: /x?... (by y)"
    assert printable("file://host/a@b") == "file://host/a@b"
    for text in (100_000 * "x", 30_000 * "no "):
        assert len(printable(text)) < 1000


# Processes


def load_in_child(told, folder, urls, operation):
    """Load in a process of its own, with a small MNIST, and tell how it ended."""
    enter(setattr)
    for name in outside_settings():
        del os.environ[name]
    os.environ["MNIST_TUT_CACHE"] = folder
    told.send("started")
    die_before_operation(operation)
    assert_is_fake(load_mnist(urls))
    told.send("MNIST")


def die_before_operation(number):
    """Kill this process just before it opens, renames, removes or makes its n-th file."""
    left = itertools.count(number, -1)

    def hook(event, args):
        if event in ("open", "os.rename", "os.remove", "os.mkdir") and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@contextmanager
def child(folder, url, operation=0):
    """Start a process that loads; give the process and what it tells."""
    here, there = processes.Pipe(duplex=False)
    process = start(load_in_child, there, str(folder), [url], operation)
    there.close()
    with here:
        yield process, lambda: here.recv() if here.poll(HANG) else "hangs"
        process.join(HANG)
        assert not process.is_alive()


@pytest.mark.usefixtures("fork_server")
def test_six_processes_asking_at_once_download_once(server, tmp_path):
    server.answers["/slow"] = slowly(seconds=0.6)
    folder = tmp_path / "shared 缓存"
    with ExitStack() as stack:
        six = [stack.enter_context(child(folder, server.url("slow"))) for _ in range(6)]
        told = [[tell(), tell()] for _, tell in six]
    assert told == [["started", "MNIST"]] * 6
    assert server.hits == ["/slow"]
    assert names(folder / "mnist") == [FILE_NAME]


@pytest.mark.usefixtures("fork_server")
def test_a_process_killed_before_any_file_operation_leaves_a_cache_the_next_can_use(
    server, tmp_path, monkeypatch
):
    for operation in itertools.count(1):
        folder = tmp_path / f"killed before {operation}"
        url = server.url("good")
        with child(folder, url, operation) as (process, tell):
            assert tell() == "started"
        if process.exitcode == 0:  # it got to its end before
            break
        assert process.exitcode == -signal.SIGKILL
        monkeypatch.setenv("MNIST_TUT_CACHE", str(folder))
        assert_is_fake(load_mnist([url]))
        assert names(folder / "mnist") == [FILE_NAME]
        assert_is_fake(load_mnist())
    assert operation > 5
