"""Every fault we could think of ends in MNIST or in one clear message.

Each case looks at more than its outcome: no code ran, the reader's own files are untouched, nothing
half done has a good name, and it took no longer than the loader's own limits allow.
"""

import errno
import gzip
import itertools
import multiprocessing
import os
import pickle
import random
import resource
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_world import (
    FAKE,
    IDX,
    KEPT,
    PACKED,
    PICKLED,
    Answer,
    Handler,
    Server,
    answer,
    assert_is_fake,
    cached,
    changed,
    enter,
    names,
    nobody,
    outside_settings,
    put,
    resumable,
    write,
    write_idx,
)

from mnist_tut import data, fetching, keeping, reading
from mnist_tut.errors import DataError
from mnist_tut.reading import FILE_NAME, KEPT_NAME

pytestmark = pytest.mark.usefixtures("little_time", "nothing_runs")
#: Each case may take a few of the loader's (shortened) time-outs; this is only for a hang.
HANG = 30.0
THESIS = b"three years of work"


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Watch the functions an attack would call, the reader's files, and the time."""
    ran: list[str] = []
    for module, name in ATTACKED:
        monkeypatch.setattr(module, name, Canary(f"{module.__name__}.{name}", ran))
    own = [write(tmp_path / "own" / FILE_NAME), write(tmp_path / "own" / "x", THESIS)]
    precious = write(cached("thesis.txt"), THESIS)
    start = time.monotonic()
    yield
    assert time.monotonic() - start < HANG
    assert ran == []
    assert not (tmp_path / "owned").exists()
    assert [path.read_bytes() for path in own] == [PACKED, THESIS]
    if precious.parent.is_dir():
        assert precious.read_bytes() == THESIS


class Canary:
    """Stands in the place of a function and tells if it is called."""

    def __init__(self, name: str, ran: list[str]) -> None:
        self.name, self.ran = name, ran

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        self.ran.append(self.name)


ATTACKED = [(os, "system"), (os, "popen"), (np, "load"), (np, "save"), (shutil, "move")]


# Servers ------------------------------------------------------------------------------


def later(handler: Handler) -> None:
    """Say nothing for longer than anybody waits."""
    handler.server.closing.wait(1.5)


def stall(handler: Handler) -> None:
    handler.start(Content_Length=len(PACKED))
    handler.wfile.write(PACKED[:100])
    handler.wfile.flush()
    later(handler)


def trickle(handler: Handler) -> None:
    handler.start()
    handler.drip(PACKED)


def trickle_head(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    handler.drip(b"x" * 9999)


def raw(content: bytes) -> Answer:
    """Say something that need not be HTTP, and hang up."""
    return lambda handler: handler.wfile.write(content) and None


def endless(handler: Handler) -> None:
    handler.start()
    while not handler.server.closing.is_set():
        handler.wfile.write(bytes(10_000))


def to(place: str, status: int = 302) -> Answer:
    return answer(b"", status, Location=place)


def fault(name: str, how: Answer, reason: str) -> Any:
    return pytest.param(how, reason, id=name)


#: Whichever comes first; the tests of fetching tell them apart.
OUT_OF_TIME = "timed out|did not arrive within"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LINE_FAULTS = [
    fault("no answer", later, OUT_OF_TIME),
    fault("stalled body", stall, OUT_OF_TIME),
    fault("trickling head", trickle_head, "did not arrive within"),
    fault("trickling body", trickle, "did not arrive within"),
    fault("hangs up", raw(b""), "without response|aborted"),
    fault("no HTTP", raw(b"SSH-2.0-OpenSSH\r\n\r\n"), "SSH|Connection"),
    fault("endless header line", raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99999), "line"),
    fault(
        "endless headers", raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 999), "headers"
    ),
    fault("301 loop", to("/x", 301), "redirects"),
    fault("302 in circles", to("/x?again"), "redirects"),
    fault("302 to nowhere", answer(b"", 302), "302 Found instead of a file"),
    fault("302 to a local file", to("file:///etc/passwd"), "adapters"),
    fault("302 to nobody", to("http://127.0.0.1:9/"), "refused"),
    fault("204", answer(b"", 204, None), "204 No Content instead"),
    fault("206 unasked", answer(status=206), "another part"),
    fault("401", answer(b"who?", 401), "401"),
    fault("403", answer(b"no", 403), "403"),
    fault("404", answer(b"gone", 404), "404"),
    fault("416", answer(b"", 416), "416"),
    fault("429 for ever", answer(b"", 429, Retry_After="0"), "429"),
    fault("429 for an hour", answer(b"", 429, Retry_After="3600"), "back in 3,600 s"),
    fault("429, senseless", answer(b"", 429, Retry_After="soon"), "Retry-After"),
    fault("500", answer(b"oops", 500), "500"),
    fault("503 with the right body", answer(PACKED, 503), "503"),
    fault("cut off", answer(PACKED[:-10], length=len(PACKED)), "IncompleteRead"),
    fault("cut off each time", resumable(stop=99), "IncompleteRead"),
    fault("50 GB announced", answer(b"", length=50_000_000_000), "larger than 200,000"),
    fault("too large", answer(bytes(300_000)), "larger than 200,000"),
    fault("endless", endless, "larger than 200,000"),
    fault("broken chunks", raw(CHUNKED + b"zz\r\nhello"), "Connection broken"),
    fault("half a chunk", raw(CHUNKED + b"ffff\r\nhello"), "IncompleteRead"),
]


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def packed(content: Any, protocol: int = 2) -> Answer:
    return answer(gzip.compress(pickle.dumps(content, protocol)))


def program(opcodes: bytes) -> Answer:
    """Send a pickle written by hand."""
    return answer(gzip.compress(b"\x80\2" + opcodes + b"."))


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
CONTENT_FAULTS = [
    fault("HTML", answer(b"<html>Sign in</html>"), "incorrect header"),
    fault("nothing", answer(b""), "cut off"),
    fault("Content-Length too small", answer(length=500), "cut off"),
    fault("cut off unnoticed", answer(PACKED[:-10], length=None), "cut off"),
    fault("right size, wrong bytes", answer(b"x" * len(PACKED)), "incorrect header"),
    fault("one flipped bit", answer(PACKED[:-9] + b"\0" + PACKED[-8:]), "not MNIST"),
    fault("CRC", answer(PACKED[:-8] + bytes(4) + PACKED[-4:]), "data check"),
    fault("packed garbage", answer(gzip.compress(b"garbage")), "opcode"),
    fault("nothing packed", answer(gzip.compress(b"")), "out of range"),
    fault("packed twice", answer(gzip.compress(PACKED)), "opcode"),
    fault("not packed", answer(PICKLED), "incorrect header"),
    fault("gzip bomb", answer(gzip.compress(bytes(9_999_999))), "unpacks to more"),
    fault("something more", answer(PACKED + b"more"), "something follows"),
    fault("two members", answer(PACKED + PACKED), "something follows"),
    fault("another archive", answer(b"PK\3\4" + bytes(999)), "incorrect header"),
    fault("IDX in its place", answer(IDX[next(iter(IDX))]), "opcode 0x00"),
    fault("os.system", packed(Calls(os.system, "touch owned")), "no array needs"),
    fault("os.popen", packed(Calls(os.popen, "touch owned")), "no array needs"),
    fault("eval", packed(Calls(eval, "open('owned', 'w')")), "no array needs"),
    fault("np.load", packed(Calls(np.load, "x", None, True)), "no array needs"),
    fault("protocol 5", packed(Calls(os.system, "touch owned"), 5), "no array needs"),
    fault("protocol 0", packed(Calls(os.system, "touch owned"), 0), "no array needs"),
    fault(
        "reduce through ndarray",
        packed(changed(0, 0, lambda x: Calls(np.ndarray, (10**9,)))),
        "something else in the place|no array needs|not as expected",
    ),
    fault(
        "getattr on ndarray", program(b"cnumpy\nndarray.tofile\n)R"), "no array needs"
    ),
    fault("set state of a class", program(RECONSTRUCT + b"NN\x86b"), "damaged"),
    fault(
        "dtype of the process", program(b"cnumpy\ndtype\n)R(K\3NNNt" + b"b"), "damaged"
    ),
    fault("deep nesting", program(b"N" + b"\x85" * 1900), "unpack"),
    fault("deeper nesting", program(b"N" + b"\x85" * 90_000), "does not end"),
    fault("doubled tuples", program(b"N" + b"q\0h\0\x86" * 200), "unpack|damaged"),
    fault("dictionary", program(b"}"), "opcode 0x7d"),
    fault("huge string", program(b"X\xff\xff\xff\x7f"), "range|end"),
    fault(
        "huge shape", program(RECONSTRUCT + b"\x8a\6" + b"\xff" * 5 + b"\0\x85R"), "dam"
    ),
    fault(
        "object array", packed(changed(0, 1, lambda y: y.astype("O"))), "as expected"
    ),
    fault("float64", packed(changed(0, 0, lambda x: x.astype("f8"))), "as expected"),
    fault(
        "big endian", packed(changed(0, 0, lambda x: x.astype(">f4"))), "as expected"
    ),
    fault(
        "int32 labels", packed(changed(0, 1, lambda y: y.astype("i4"))), "as expected"
    ),
    fault("wrong shape", packed(changed(0, 0, lambda x: x[:, :-1])), "as expected"),
    fault("label 10", packed(changed(0, 1, put(10))), "label is not one"),
    fault("label -1", packed(changed(1, 1, put(-1))), "label is not one"),
    fault("label 256", packed(changed(2, 1, put(256))), "label is not one"),
    fault("NaN pixel", packed(changed(0, 0, put(np.nan))), "pixel is not k / 256"),
    fault("infinite pixel", packed(changed(0, 0, put(np.inf))), "pixel is not k / 256"),
    fault("pixel of 1", packed(changed(0, 0, put(1))), "pixel is not k / 256"),
    fault(
        "one pixel off", packed(changed(0, 0, put(1 / 2))), "pictures are not MNIST's"
    ),
    fault("other labels", packed(changed(1, 1, lambda y: 9 - y)), "labels are not"),
    fault("swapped splits", packed((FAKE[0], FAKE[2], FAKE[1])), "as expected"),
    fault("a split missing", packed(FAKE[:2]), "unpack"),
    fault(
        "other pictures", packed(changed(2, 0, lambda x: x[::-1].copy())), "pictures"
    ),
]


def assert_clean(rejected: int) -> None:
    """No file has a good name that is not good; rejects are kept with their reasons."""
    there = names(data.cache()) if data.cache().is_dir() else []
    kept = [name for name in there if "rejected" in name]
    assert len(kept) == 2 * rejected
    for name in {*there} - {*kept, "thesis.txt"}:
        if name.endswith((".part", ".etag")):
            continue  # can be resumed
        assert_is_fake(data._to_tensors(reading.read_mnist(cached(name))))


@pytest.fixture
def little_time(small_world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "FILE_SECONDS", 0.8)
    monkeypatch.setattr(fetching, "TIMEOUTS", (0.15, 0.15))


def assert_told_then_mended(url: str, server: Server, reason: str, bad: int) -> None:
    """Alone the address gives one clear message; before a good one it gives MNIST."""
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        data.load_mnist([url])
    message = str(caught.value)
    assert url in message
    assert str(data.cache()) in message
    assert "MNIST_TUT_DATA" in caught.value.remedy
    assert len(message) < 1500
    assert_clean(bad)
    with pytest.raises(DataError, match=reason):  # not only somewhere in the address
        raise DataError(message.replace(url, ""))
    assert_is_fake(data.load_mnist([url, server.url("good")]))
    assert server.hits[-1] == "/good"
    assert_clean(bad)


@pytest.mark.parametrize(("how", "reason"), LINE_FAULTS)
def test_a_bad_line_or_server_is_told_and_the_next_address_asked(
    server: Server, how: Answer, reason: str
) -> None:
    server.answers |= {"/x": how, "/x?again": to("/x")}
    assert_told_then_mended(server.url("x"), server, reason, bad=0)
    asked = len(server.hits) - 1
    assert asked <= 2 * (1 + fetching.RETRIES.total) * 6  # 5 redirects each


@pytest.mark.parametrize(("how", "reason"), CONTENT_FAULTS)
def test_bad_content_is_told_and_kept_aside_and_the_next_address_asked(
    server: Server, how: Answer, reason: str
) -> None:
    server.answers["/x"] = how
    assert_told_then_mended(server.url("x"), server, reason, bad=1)
    assert server.hits == ["/x", "/x", "/good"]


@pytest.mark.parametrize(
    ("how", "reason", "bad"),
    [
        pytest.param(answer(b"<html>"), "not the original", 1, id="HTML"),
        pytest.param(answer(b"gone", 404), "404", 0, id="404"),
        pytest.param(answer(bytes(99_999)), "larger than", 0, id="too large"),
        pytest.param(answer(gzip.compress(b"x")), "not the original", 1, id="other"),
    ],
)
def test_a_bad_idx_file_is_told_and_the_next_address_asked(
    server: Server, how: Answer, reason: str, bad: int
) -> None:
    server.answers |= {f"/x/{name}": how for name in IDX}
    assert_told_then_mended(server.url("x/"), server, reason, bad)


@pytest.mark.parametrize("backlog", [None, 0], ids=["refused", "connect time-out"])
def test_where_no_server_is_the_next_address_is_asked(
    server: Server, backlog: int | None
) -> None:
    with nobody(backlog) as url:
        assert_told_then_mended(url, server, f"refused|{OUT_OF_TIME}", bad=0)


@pytest.mark.parametrize("silent", [False, True], ids=["unknown", "never answers"])
def test_where_no_name_server_helps_the_next_address_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    real = socket.getaddrinfo

    def look_up(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, *args, **kwargs)
        server.closing.wait(20 if silent else 0)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    reason = "did not arrive" if silent else "Failed to resolve"
    assert_told_then_mended("http://mnist.invalid/x", server, reason, bad=0)


def test_the_table_has_at_least_forty_faults() -> None:
    ids = [case.id for case in (*LINE_FAULTS, *CONTENT_FAULTS)]
    assert len(set(ids)) == len(ids) >= 40


# The cache ----------------------------------------------------------------------------


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


@pytest.mark.parametrize("source", ["published", "IDX", "server"])
@pytest.mark.parametrize(
    "spoilt",
    [
        flip(KEPT, 5000),
        flip(KEPT, len(KEPT) - 1),
        KEPT[:-1],
        KEPT + b"x",
        b"",
        b"<html>",
    ],
    ids=["a bit", "a label's bit", "a byte short", "a byte long", "empty", "HTML"],
)
def test_a_spoilt_cache_is_noticed_kept_aside_and_rebuilt(
    server: Server, monkeypatch: pytest.MonkeyPatch, source: str, spoilt: bytes
) -> None:
    monkeypatch.setattr(data, "URLS", (server.url("good"),))
    write(cached(KEPT_NAME), spoilt)
    if source == "published":
        write(cached())
    elif source == "IDX":
        write_idx(data.cache())
    assert_is_fake(data.load_mnist())
    assert cached(KEPT_NAME).read_bytes() == KEPT
    assert cached(f"{KEPT_NAME}.rejected-1").read_bytes() == spoilt
    assert server.hits == (["/good"] if source == "server" else [])
    assert_is_fake(data.load_mnist())
    assert len(server.hits) <= 1


@pytest.mark.parametrize("content", [b"<html>", b"", PACKED[:-1], flip(PACKED, 3000)])
def test_a_bad_file_in_the_cache_is_kept_aside_and_replaced(
    server: Server, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(data, "URLS", (server.url("good"),))
    write(cached(), content)
    earlier = write(cached(f"{FILE_NAME}.rejected-1"), b"earlier")
    assert_is_fake(data.load_mnist())
    assert earlier.read_bytes() == b"earlier"
    assert cached(f"{FILE_NAME}.rejected-2").read_bytes() == content
    assert cached().read_bytes() == PACKED


def test_a_bad_line_cannot_fill_the_disk_with_rejected_pages(server: Server) -> None:
    for n in range(2 * keeping.MAX_REJECTED):
        server.answers["/x"] = answer(b"<html>page %d" % n)
        with pytest.raises(DataError, match="gave something else"):
            data.load_mnist([server.url("x")])
    assert_clean(keeping.MAX_REJECTED)


def test_a_file_that_cannot_be_set_aside_any_more_stays_and_is_named(
    server: Server,
) -> None:
    for n in range(keeping.MAX_REJECTED):
        write(cached(f"{FILE_NAME}.rejected-{n + 1}"), b"%d" % n)
    write(cached(), THESIS)
    with pytest.raises(DataError, match="are kept already"):
        data.load_mnist([server.url("good")])
    assert cached().read_bytes() == THESIS


def test_a_folder_in_the_place_of_a_file_is_neither_moved_nor_replaced(
    server: Server,
) -> None:
    inside = write(cached() / "precious", THESIS)
    with pytest.raises(DataError, match="cannot be read") as caught:
        data.load_mnist([server.url("good")])
    assert str(cached()) in str(caught.value)
    assert inside.read_bytes() == THESIS
    assert server.hits == []


@pytest.mark.parametrize("level", ["mnist", "cache"])
def test_a_cache_that_is_a_file_is_named_with_a_remedy(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, level: str
) -> None:
    blocked = write(tmp_path / "blocked" / "mnist", THESIS)
    place = blocked.parent if level == "mnist" else blocked
    monkeypatch.setenv("MNIST_TUT_CACHE", str(place))
    with pytest.raises(DataError, match="cannot be used to keep") as caught:
        data.load_mnist([server.url("good")])
    assert str(data.cache()) in str(caught.value)
    assert "MNIST_TUT_CACHE" in caught.value.remedy
    assert blocked.read_bytes() == THESIS


def test_a_full_disk_after_the_download_costs_only_time(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keeping, "write_kept", full)
    assert_is_fake(data.load_mnist([server.url("good")]))
    assert "slower" in caplog.text
    assert "No space left" in caplog.text
    assert_is_fake(data.load_mnist())
    assert server.hits == ["/good"]


# Processes ----------------------------------------------------------------------------

processes = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module")
def fork_server() -> None:
    """Start a process with everything imported, of which a new one is made in no time."""
    processes.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


def load_in_child(
    told: Any, cache: str, urls: list[str], limits: dict[str, int]
) -> None:
    """Load in a process of its own, with a small MNIST, and tell how it ended."""
    enter(setattr)
    fetching.TIMEOUTS = (20.0, 20.0)
    for name in outside_settings():
        del os.environ[name]
    os.environ["MNIST_TUT_CACHE"] = cache
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
        assert_is_fake(data.load_mnist(urls))
        told.send("MNIST")
    except DataError as fault:
        told.send(str(fault))


def die_before_operation(number: int) -> None:
    """Kill this process just before it opens, renames, removes or makes its n-th file."""
    left = itertools.count(number, -1)

    def hook(event: str, args: Any) -> None:
        if event in ("open", "os.rename", "os.remove", "os.mkdir") and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@contextmanager
def child(cache: Path, urls: list[str], **limits: int) -> Iterator[Any]:
    """Start a process that loads; give the process and what it tells."""
    here, there = processes.Pipe(duplex=False)
    process = processes.Process(
        target=load_in_child, args=(there, str(cache), urls, limits)
    )
    process.start()
    there.close()
    with here:
        yield process, lambda: here.recv() if here.poll(HANG) else "hangs"
        process.join(HANG)
        assert not process.is_alive()


def told_by_child(cache: Path, urls: list[str], **limits: int) -> str:
    with child(cache, urls, **limits) as (_, tell):
        assert tell() == "started"
        return str(tell())


@pytest.mark.usefixtures("fork_server")
def test_ten_processes_asking_at_once_download_once(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/slow"] = resumable(seconds=0.6)
    folder = tmp_path / "shared 缓存"
    with ExitStack() as stack:
        ten = [
            stack.enter_context(child(folder, [server.url("slow")])) for _ in range(10)
        ]
        told = [[tell(), tell()] for _, tell in ten]
    assert told == [["started", "MNIST"]] * 10
    assert server.hits == ["/slow"]
    assert names(folder / "mnist") == [FILE_NAME, KEPT_NAME]


@pytest.fixture
def slow(server: Server) -> Server:
    """Serve slowly, so that there is time to be killed in."""
    server.answers["/slow"] = resumable(seconds=0.3)
    server.answers |= {
        f"/slow/{name}": resumable(content, seconds=0.1)
        for name, content in IDX.items()
    }
    return server


def assert_next_run_is_fine(folder: Path, url: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("MNIST_TUT_CACHE", str(folder))
    patch.setattr(fetching, "FILE_SECONDS", HANG)
    assert_is_fake(data.load_mnist([url]))
    left = {*names(folder / "mnist")} - {FILE_NAME, KEPT_NAME, *IDX}
    assert left == set()
    assert_is_fake(data.load_mnist())


@pytest.mark.usefixtures("fork_server")
def test_a_process_killed_at_a_random_moment_leaves_a_cache_that_the_next_can_use(
    slow: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = random.Random(5)
    killed = 0
    for n in range(6):
        folder = tmp_path / f"killed {n}"
        url = slow.url("slow/" if n % 2 else "slow")
        for _ in range(3):  # in the same folder, after one another
            with child(folder, [url]) as (process, tell):
                assert tell() == "started"
                time.sleep(moments.uniform(0, 0.25))
                process.kill()
            killed += process.exitcode == -signal.SIGKILL
        assert_next_run_is_fine(folder, url, monkeypatch)
    assert killed >= 6


@pytest.mark.usefixtures("fork_server")
@pytest.mark.parametrize("form", ["good", "idx/"])
def test_a_process_killed_before_any_file_operation_leaves_a_cache_the_next_can_use(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for operation in itertools.count(1):
        folder = tmp_path / f"killed before {operation}"
        with child(folder, [server.url(form)], operation=operation) as (process, tell):
            assert tell() == "started"
        if process.exitcode == 0:  # it got to its end before
            break
        assert process.exitcode == -signal.SIGKILL
        assert_next_run_is_fine(folder, server.url(form), monkeypatch)
    assert operation > 10


@pytest.mark.usefixtures("fork_server")
def test_a_disk_that_fills_while_a_file_arrives_is_named_with_a_remedy(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/x"] = resumable()
    folder = tmp_path / "full"
    told = told_by_child(folder, [server.url("x"), server.url("good")], files=9_000)
    assert "cannot be written: [Errno 27] File too large" in told
    assert str(folder / "mnist") in told
    assert "Make room" in told
    assert names(folder / "mnist") == []
    assert server.hits == ["/x"]  # no other address can mend that


@pytest.mark.usefixtures("fork_server")
def test_a_disk_with_room_for_the_download_alone_is_enough(
    server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "nearly full"
    limit = max(map(len, IDX.values())) + 100
    assert limit < len(KEPT)
    assert told_by_child(folder, [server.url("idx/")], files=limit) == "MNIST"
    assert names(folder / "mnist") == sorted(IDX)


# Permissions --------------------------------------------------------------------------

NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every user can reach; pytest's own are root's."""
    folder = Path(tempfile.mkdtemp(prefix="数据 of anyone "))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def as_other_user() -> dict[str, int]:
    """Root may write anywhere, so it has to become somebody else first."""
    return {"user": NOBODY} if os.getuid() == 0 else {}


@pytest.mark.usefixtures("fork_server")
def test_a_cache_without_permission_to_write_is_named_with_a_remedy(
    server: Server, open_folder: Path
) -> None:
    open_folder.chmod(0o555)
    told = told_by_child(open_folder, [server.url("good")], **as_other_user())
    assert "Permission denied" in told
    assert str(open_folder / "mnist") in told
    assert "MNIST_TUT_CACHE" in told
    assert server.hits == []


@pytest.mark.usefixtures("fork_server")
@pytest.mark.parametrize("form", ["published", "IDX", "kept"])
def test_good_data_in_a_read_only_cache_is_used(
    server: Server, open_folder: Path, form: str
) -> None:
    mnist = open_folder / "mnist"
    if form == "IDX":
        write_idx(mnist)
    else:
        write(
            *(
                (mnist / FILE_NAME,)
                if form == "published"
                else (mnist / KEPT_NAME, KEPT)
            )
        )
    before = names(mnist)
    for path in mnist.iterdir():
        path.chmod(0o444)
    mnist.chmod(0o555)
    told = told_by_child(open_folder, [server.url("good")], **as_other_user())
    assert told == "MNIST"
    assert sorted(os.listdir(mnist)) == before  # noqa: PTH208 - lock files too
    assert server.hits == []


@pytest.mark.usefixtures("fork_server")
def test_bad_data_in_a_read_only_cache_stays_and_is_named(
    server: Server, open_folder: Path
) -> None:
    bad = write(open_folder / "mnist" / FILE_NAME, THESIS)
    bad.parent.chmod(0o555)
    told = told_by_child(open_folder, [server.url("good")], **as_other_user())
    assert str(bad.parent) in told
    assert "MNIST_TUT_CACHE" in told
    assert bad.read_bytes() == THESIS


@pytest.mark.usefixtures("fork_server")
def test_a_cache_that_may_not_even_be_looked_into_is_named(
    server: Server, open_folder: Path
) -> None:
    write(open_folder / "mnist" / FILE_NAME)
    (open_folder / "mnist").chmod(stat.S_IWUSR if os.getuid() else 0o700)
    told = told_by_child(open_folder, [server.url("good")], **as_other_user())
    assert "Permission denied" in told
    assert str(open_folder / "mnist") in told
    assert "MNIST_TUT_CACHE" in told
