"""What disks, processes and permissions can do ends in MNIST or in one clear message."""

import itertools
import multiprocessing
import os
import pickle
import resource
import shutil
import signal
import stat
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from multiprocessing import forkserver
from pathlib import Path

import pytest
from support.data_world import (
    PACKED,
    assert_is_fake,
    cached,
    enter,
    names,
    outside_settings,
    slowly,
    write,
    write_idx,
)

from mnist_tut.mnist import DataError, cache, find, load_mnist
from mnist_tut.mnist.errors import printable
from mnist_tut.mnist.read import FILE_NAME

pytestmark = pytest.mark.usefixtures("small_world")
HANG = 30.0
THESIS = b"three years of work"


def test_an_error_keeps_its_parts_when_it_crosses_processes():
    error = pickle.loads(pickle.dumps(DataError("a problem", "a remedy")))
    assert (error.problem, error.remedy) == ("a problem", "a remedy")
    assert str(error) == "a problem\na remedy"


def test_text_from_anywhere_is_printable_and_short_and_else_as_it_was():
    plain = "数据 /a path/mnist.pkl.gz: naïve\nnext line"
    assert printable(plain) == plain
    assert printable("a\x1b[31mb\udcff\u202e") == "a?[31mb??"
    assert printable("at http://me:secret@host/x@y") == "at http://host/x@y"
    assert printable("file://host/a@b") == "file://host/a@b"
    for text in (100_000 * "x", 30_000 * "no "):
        assert len(printable(text)) < 1000


# The cache


@pytest.mark.parametrize(
    "spoilt", [b"<html>", b"", PACKED[:-1], PACKED[:3000] + b"x" + PACKED[3001:]]
)
def test_a_spoilt_file_in_the_cache_is_named_kept_aside_and_replaced(
    server, monkeypatch, caplog, spoilt
):
    monkeypatch.setattr(find, "URLS", (server.url("good"),))
    write(cached(), spoilt)
    earlier = write(cached(f"{FILE_NAME}.rejected-1"), THESIS)
    assert_is_fake(load_mnist())
    assert f"{cached()} is not MNIST" in caplog.text
    assert earlier.read_bytes() == THESIS
    assert cached(f"{FILE_NAME}.rejected-2").read_bytes() == spoilt
    assert_is_fake(load_mnist())
    assert server.hits == ["/good"]


def test_a_spoilt_file_that_cannot_be_replaced_is_named_and_stays():
    write(cached(), THESIS)
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        load_mnist()
    assert f"{cached()} is not MNIST" in caught.value.problem
    assert "MNIST_TUT_DATA" in caught.value.remedy
    assert cached().read_bytes() == THESIS


def test_a_folder_in_the_place_of_a_file_is_neither_moved_nor_replaced(server, caplog):
    inside = write(cached() / "precious", THESIS)
    assert_is_fake(load_mnist([server.url("good")]))
    assert f"{cached()} is not kept" in caplog.text
    assert inside.read_bytes() == THESIS


@pytest.mark.parametrize("level", ["mnist", "cache"])
def test_a_cache_that_is_a_file_is_named_with_a_remedy(
    server, monkeypatch, tmp_path, level
):
    blocked = write(tmp_path / "blocked" / "mnist", THESIS)
    place = blocked.parent if level == "mnist" else blocked
    monkeypatch.setenv("MNIST_TUT_CACHE", str(place))
    with pytest.raises(DataError, match="cannot be used to keep") as caught:
        load_mnist([server.url("good")])
    assert str(place / "mnist") in caught.value.problem
    assert "MNIST_TUT_CACHE" in caught.value.remedy
    assert blocked.read_bytes() == THESIS


@pytest.mark.parametrize("name", ["mnist", "mnist/mnist.pkl.gz.lock", "mnist/x.part"])
def test_a_pipe_in_the_cache_holds_nobody(server, tmp_path, name):
    pipe = find.cache_folder() / name
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    told = []
    try:
        assert_is_fake(load_mnist([server.url("good")]))
    except DataError as fault:
        told.append(str(fault))
    assert bool(told) == (name == "mnist")
    assert all(str(pipe) in text and "MNIST_TUT_CACHE" in text for text in told)


# Processes

processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def fork_server():
    """Start a process with everything imported, of which a new one is made in no time."""
    processes.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


def load_in_child(told, folder, urls, limits):
    """Load in a process of its own, with a small MNIST, and tell how it ended."""
    enter(setattr)
    cache.QUIET_SECONDS = 0.05
    for name in outside_settings():
        del os.environ[name]
    os.environ["MNIST_TUT_CACHE"] = folder
    if "files" in limits:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits["files"],) * 2)
    if "user" in limits:
        os.setgroups([])
        os.setgid(limits["user"])
        os.setuid(limits["user"])
    told.send("started")
    if "operation" in limits:
        die_before_operation(limits["operation"])
    try:
        assert_is_fake(load_mnist(urls))
        told.send("MNIST")
    except DataError as fault:
        told.send(str(fault))


def die_before_operation(number):
    """Kill this process just before it opens, renames, removes or makes its n-th file."""
    left = itertools.count(number, -1)

    def hook(event, args):
        if event in ("open", "os.rename", "os.remove", "os.mkdir") and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@contextmanager
def child(folder, urls, **limits):
    """Start a process that loads; give the process and what it tells."""
    here, there = processes.Pipe(duplex=False)
    arguments = (there, str(folder), urls, limits)
    process = processes.Process(target=load_in_child, args=arguments)
    process.start()
    there.close()
    with here:
        yield process, lambda: here.recv() if here.poll(HANG) else "hangs"
        process.join(HANG)
        assert not process.is_alive()


def told_by_child(folder, urls, **limits):
    with child(folder, urls, **limits) as (_, tell):
        assert tell() == "started"
        return str(tell())


@pytest.mark.usefixtures("fork_server")
def test_ten_processes_asking_at_once_download_once(server, tmp_path):
    server.answers["/slow"] = slowly(seconds=0.6)
    folder = tmp_path / "shared 缓存"
    urls = [server.url("slow")]
    with ExitStack() as stack:
        ten = [stack.enter_context(child(folder, urls)) for _ in range(10)]
        told = [[tell(), tell()] for _, tell in ten]
    assert told == [["started", "MNIST"]] * 10
    assert server.hits == ["/slow"]
    assert names(folder / "mnist") == [FILE_NAME]


def assert_next_run_is_fine(folder, url, patch):
    patch.setenv("MNIST_TUT_CACHE", str(folder))
    assert_is_fake(load_mnist([url]))
    assert names(folder / "mnist") == [FILE_NAME]
    assert_is_fake(load_mnist())


@pytest.mark.usefixtures("fork_server")
def test_a_process_killed_before_any_file_operation_leaves_a_cache_the_next_can_use(
    server, tmp_path, monkeypatch
):
    for operation in itertools.count(1):
        folder = tmp_path / f"killed before {operation}"
        url = server.url("good")
        with child(folder, [url], operation=operation) as (process, tell):
            assert tell() == "started"
        if process.exitcode == 0:  # it got to its end before
            break
        assert process.exitcode == -signal.SIGKILL
        assert_next_run_is_fine(folder, url, monkeypatch)
    assert operation > 5


@pytest.mark.usefixtures("fork_server")
def test_a_full_disk_costs_only_time(server, tmp_path):
    folder = tmp_path / "full"
    assert told_by_child(folder, [server.url("good")], files=9_000) == "MNIST"
    assert names(folder / "mnist") == []


# Permissions

NOBODY = 65534


@pytest.fixture
def open_folder():
    """Give a folder that every user can reach; pytest's own are root's."""
    folder = Path(tempfile.mkdtemp(prefix="数据 of anyone "))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def as_other_user():
    """Root may write anywhere, so it has to become somebody else first."""
    return {"user": NOBODY} if os.getuid() == 0 else {}


@pytest.mark.usefixtures("fork_server")
@pytest.mark.parametrize("there", ["nothing", "spoilt", "closed"])
def test_a_cache_that_cannot_be_used_is_named_with_a_remedy_and_stays(
    server, open_folder, there
):
    mnist = open_folder / "mnist"
    if there != "nothing":
        write(mnist / FILE_NAME, THESIS)
        mnist.chmod(0o555 if there == "spoilt" else stat.S_IWUSR)
    open_folder.chmod(0o555)
    told = told_by_child(open_folder, [server.url("good")], **as_other_user())
    assert "Permission denied" in told
    assert str(mnist) in told
    assert "MNIST_TUT_CACHE" in told
    assert server.hits == []
    mnist.is_dir() and mnist.chmod(0o755)
    assert there == "nothing" or (mnist / FILE_NAME).read_bytes() == THESIS


@pytest.mark.usefixtures("fork_server")
@pytest.mark.parametrize("form", ["published", "IDX"])
def test_good_data_in_a_read_only_cache_is_used(server, open_folder, form):
    mnist = open_folder / "mnist"
    write_idx(mnist) if form == "IDX" else write(mnist / FILE_NAME)
    before = sorted(mnist.iterdir())
    mnist.chmod(0o555)
    told = told_by_child(open_folder, [server.url("good")], **as_other_user())
    assert told == "MNIST"
    assert sorted(mnist.iterdir()) == before  # no lock file either
    assert server.hits == []
