"""A download arrives whole or is explained, in bounded time, whatever the server does."""

import errno
import io
import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from data_world import (
    PACKED,
    Answer,
    Handler,
    Server,
    answer,
    in_turn,
    names,
    nobody,
    resumable,
    write,
)
from urllib3.util import Retry

from mnist_tut import fetching
from mnist_tut.errors import DataError
from mnist_tut.fetching import Unreachable, download

pytestmark = pytest.mark.usefixtures("small_world")

LIMIT = 200_000
HALF = len(PACKED) // 2


def test_a_download_arrives_whole_and_leaves_nothing_else(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new folder" / "文件"
    download(server.url("good"), path, LIMIT)
    assert path.read_bytes() == PACKED
    assert names(path.parent) == ["文件"]
    assert capfd.readouterr().err == ""  # no progress bar where nobody looks


def test_a_progress_bar_counts_the_bytes_of_a_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[Any] = []

    class Bar(fetching.tqdm):
        def __init__(self, **options: Any) -> None:
            assert options.pop("disable") is None  # shown only where somebody looks
            super().__init__(**options, file=io.StringIO())
            bars.append(self)

    monkeypatch.setattr(fetching, "tqdm", Bar)
    download(server.url("good"), tmp_path / "file", LIMIT)
    [bar] = bars
    assert bar.n == bar.total == len(PACKED)


@pytest.mark.parametrize(
    "good",
    [
        pytest.param(answer(length=None), id="no length"),
        pytest.param(answer(length="many"), id="a senseless length"),
        pytest.param(
            answer(Content_Encoding="gzip"), id="said to be packed on the way"
        ),
        pytest.param(answer(ETag='W/"weak"'), id="a weak ETag"),
        pytest.param(resumable(), id="a strong ETag"),
        pytest.param(in_turn(answer(b"", 500), answer()), id="500 once"),
        pytest.param(
            in_turn(answer(b"", 429, Retry_After="1"), answer()),
            id="429, wait a second",
        ),
        pytest.param(
            in_turn(answer(b"", 503, Retry_After="0"), answer()), id="503, do not wait"
        ),
        pytest.param(in_turn(lambda h: time.sleep(0.6), answer()), id="late once"),
        pytest.param(
            in_turn(answer(PACKED[:HALF], length=len(PACKED)), answer()),
            id="cut off once",
        ),
        pytest.param(in_turn(answer(b"", 416), answer()), id="416 once"),
        pytest.param(in_turn(answer(status=206), answer()), id="an unasked part once"),
    ],
)
def test_what_helps_is_done_until_the_file_is_there(
    server: Server, tmp_path: Path, good: Answer
) -> None:
    server.answers["/x"] = good
    download(server.url("x"), tmp_path / "file", LIMIT)
    assert (tmp_path / "file").read_bytes() == PACKED
    assert names(tmp_path) == ["file"]
    assert all(asked["Accept-Encoding"] == "identity" for asked in server.asked)


def test_a_redirected_download_arrives(server: Server, tmp_path: Path) -> None:
    server.answers["/x"] = answer(b"", 302, Location=server.url("good"))
    download(server.url("x"), tmp_path / "file", LIMIT)
    assert (tmp_path / "file").read_bytes() == PACKED


def test_the_proxy_of_the_environment_is_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    far = "http://mnist.invalid/file"
    server.answers[far] = answer()
    download(far, tmp_path / "file", LIMIT)
    assert server.hits == [far]


# Going on where it stopped ------------------------------------------------------------


def test_a_broken_line_is_resumed_where_it_broke(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/x"] = in_turn(resumable(stop=1000), resumable())
    download(server.url("x"), tmp_path / "file", LIMIT)
    assert (tmp_path / "file").read_bytes() == PACKED
    assert [asked.get("Range") for asked in server.asked] == [None, "bytes=1000-"]
    assert server.asked[1]["If-Range"] == '"one"'


def test_the_next_run_goes_on_where_the_last_one_gave_up(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/x"] = resumable(stop=1000)
    server.answers["/y"] = resumable(etag='"other"')
    stop_early = [resumable(stop=1000), answer(b"", 500), answer(b"", 500)]
    server.answers["/x"] = in_turn(*stop_early, answer(b"", 500), resumable())
    with pytest.raises(Unreachable, match="500"):
        download(server.url("x"), tmp_path / "file", LIMIT)
    [etag, part] = names(tmp_path)
    assert (tmp_path / part).read_bytes() == PACKED[:1000]
    assert (tmp_path / etag).read_text() == '"one"'
    server.answers["/x"] = resumable()
    server.asked.clear()
    download(server.url("x"), tmp_path / "file", LIMIT)
    assert server.asked[0]["Range"] == "bytes=1000-"
    assert (tmp_path / "file").read_bytes() == PACKED
    assert names(tmp_path) == ["file"]


def rest_of(etag: str | None, span: str) -> Answer:
    tag = {} if etag is None else {"ETag": etag}
    return answer(b"evil", 206, Content_Range=span, **tag)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(resumable(etag='"two"'), id="the file has changed"),
        pytest.param(answer(), id="the server forgot how"),
        pytest.param(answer(b"", 416), id="the file is shorter now"),
        pytest.param(rest_of('"one"', "bytes 999-1002/9"), id="another part"),
        pytest.param(rest_of('"one"', "nonsense"), id="a part, who knows which"),
        pytest.param(rest_of('"two"', "bytes 1000-1003/9"), id="of another version"),
        pytest.param(rest_of(None, "bytes 1000-1003/9"), id="of no version"),
    ],
)
def test_parts_of_two_files_are_never_mixed(
    server: Server, tmp_path: Path, second: Answer
) -> None:
    server.answers["/x"] = in_turn(resumable(stop=1000), second, answer())
    download(server.url("x"), tmp_path / "file", LIMIT)
    assert (tmp_path / "file").read_bytes() == PACKED
    assert names(tmp_path) == ["file"]


def test_a_part_of_one_address_is_not_continued_from_another(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/x"] = resumable(b"x" * 5000, stop=1000)
    server.answers["/y"] = resumable()
    with pytest.raises(Unreachable):
        download(server.url("x"), tmp_path / "file", LIMIT)
    download(server.url("y"), tmp_path / "file", LIMIT)
    assert (tmp_path / "file").read_bytes() == PACKED
    assert "Range" not in server.asked[-1]


# Giving up ----------------------------------------------------------------------------


def assert_explained(url: str, folder: Path, reason: str, **options: Any) -> None:
    """Download to a place where an old file is, fail for that reason, and leave it."""
    path = write(folder / "folder" / "file", b"old")
    with pytest.raises(Unreachable, match=reason) as caught:
        download(url, path, LIMIT, **options)
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["file"]


def test_an_unknown_name_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mnist_tut")

    def unknown(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert_explained("http://mnist.invalid/x", tmp_path, "Failed to resolve")
    assert "again" not in caplog.text


def test_a_name_server_that_never_answers_cannot_hold_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = threading.Event()

    def silent(*args: Any, **kwargs: Any) -> None:
        enough.wait(30)
        raise socket.gaierror(-3, "late")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    assert_explained("http://slow.invalid/x", tmp_path, "not arrive", seconds=0.2)
    enough.set()


def trickle_head(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    handler.drip(b"x" * 9999)


def trickle_body(handler: Handler) -> None:
    handler.start(ETag='"one"')
    handler.drip(PACKED)


@pytest.mark.parametrize("trickle", [trickle_head, trickle_body])
def test_a_trickle_that_keeps_every_time_out_is_given_up_in_the_end(
    server: Server, tmp_path: Path, trickle: Answer
) -> None:
    server.answers["/x"] = trickle
    path = tmp_path / "file"
    with pytest.raises(Unreachable, match="did not arrive within 0 s"):
        download(server.url("x"), path, LIMIT, seconds=0.4)
    assert not path.exists()
    before = {p: p.read_bytes() for p in tmp_path.glob("*.part")}
    time.sleep(0.2)  # nothing is written behind our back
    assert {p: p.read_bytes() for p in tmp_path.glob("*.part")} == before


def test_what_a_thread_that_was_left_behind_gets_is_not_written(
    server: Server, tmp_path: Path
) -> None:
    for later in (answer(ETag='"one"'), answer(b"", 416), rest_of("x", "y")):
        part = fetching._Part(server.url("x"), tmp_path / "file")
        write(part.path, b"mine")
        transfer = fetching._Transfer(server.url("x"), part, LIMIT)

        def late(handler: Handler, later: Answer = later) -> None:
            transfer.stop()  # noqa: B023 - called before the next turn
            later(handler)

        server.answers["/x"] = late
        transfer.run()
        assert str(transfer.fault) == "stopped"
        assert part.path.read_bytes() == b"mine"


def test_a_thread_that_waits_to_try_again_stops_when_told(
    server: Server, tmp_path: Path
) -> None:
    part = fetching._Part(server.url("x"), tmp_path / "file")
    transfer = fetching._Transfer(server.url("x"), part, LIMIT)
    server.answers["/x"] = answer(b"", 503, Retry_After="50")
    transfer.start()
    while not server.hits:
        time.sleep(0.01)
    transfer.stop()
    transfer.join(30)
    assert not transfer.is_alive()
    assert server.hits == ["/x"]


def test_a_server_that_asks_for_too_much_patience_is_left(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/x"] = answer(b"", 429, Retry_After="7200")
    assert_explained(server.url("x"), tmp_path, "come back in 7,200 s")
    assert server.hits == ["/x"]


def test_an_answer_without_a_file_is_not_taken_for_one(
    server: Server, tmp_path: Path
) -> None:
    server.answers["/x"] = answer(b"", 204, None)
    assert_explained(server.url("x"), tmp_path, "204 No Content instead of a file")


def test_a_connection_that_nobody_accepts_times_out(tmp_path: Path) -> None:
    with nobody(backlog=0) as url:
        assert_explained(url, tmp_path, "timed out")


def test_refused_connections_and_senseless_addresses_are_explained(
    tmp_path: Path,
) -> None:
    with nobody() as url:
        assert_explained(url, tmp_path, "refused")
    for url in ("not an address", "http://[", "ftp://127.0.0.1/", "http://"):
        assert_explained(url, tmp_path, "could not be saved")


def test_an_untrusted_certificate_is_no_reason_to_try_again(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mnist_tut")
    url = server.url("x").replace("http:", "https:")  # it speaks no TLS at all
    assert_explained(url, tmp_path, "SSL")
    assert "again" not in caplog.text


def test_more_than_the_limit_is_never_taken(server: Server, tmp_path: Path) -> None:
    server.answers["/x"] = answer(b"", length=50_000_000_000)
    assert_explained(server.url("x"), tmp_path, "larger than 200,000 bytes")
    server.answers["/x"] = answer(bytes(LIMIT + 1), length=None)
    assert_explained(server.url("x"), tmp_path, "larger than 200,000 bytes")
    server.answers["/x"] = answer(bytes(LIMIT))
    download(server.url("x"), tmp_path / "just", LIMIT)
    assert (tmp_path / "just").stat().st_size == LIMIT


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    with nobody() as url:
        secret = url.replace("//", "//me:secret@")
        with pytest.raises(Unreachable) as caught:
            download(secret, tmp_path / "file", LIMIT)
    assert url in str(caught.value)
    assert "secret" not in str(caught.value)


# The disk -----------------------------------------------------------------------------


def test_a_place_that_cannot_be_written_is_no_fault_of_the_address(
    server: Server, tmp_path: Path
) -> None:
    blocked = write(tmp_path / "file", b"") / "below" / "x"
    for path in (blocked, write(tmp_path / "folder" / "in", b"").parent):
        with pytest.raises(DataError, match="cannot be written") as caught:
            download(server.url("good"), path, LIMIT)
        assert not isinstance(caught.value, Unreachable)
        assert str(path) in str(caught.value)
        assert "MNIST_TUT_CACHE" in caught.value.remedy
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == ["in"]


def no_room(*args: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_named_and_given_back_what_it_took(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open: Callable[..., Any] = Path.open

    def open_full(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        file = real_open(self, mode, *args, **kwargs)
        if mode != "ab":
            return file
        file.write(b"so much and no more")
        return FullDisk(file)

    class FullDisk:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> "FullDisk":
            return self

        def __exit__(self, *args: Any) -> None:
            self.file.close()

        write = no_room

    monkeypatch.setattr(Path, "open", open_full)
    server.answers["/x"] = resumable()
    path = write(tmp_path / "file", b"old")
    with pytest.raises(DataError, match="No space left") as caught:
        download(server.url("x"), path, LIMIT)
    assert not isinstance(caught.value, Unreachable)
    assert str(path) in str(caught.value)
    assert "Make room" in caught.value.remedy
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() == b"old"


def test_who_has_the_old_file_open_keeps_it_whole(
    server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "file", b"old")
    with path.open("rb") as old:
        download(server.url("good"), path, LIMIT)
        assert old.read() == b"old"
    assert path.read_bytes() == PACKED


def test_an_interrupted_download_can_be_resumed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/x"] = trickle_body
    part = fetching._Part(server.url("x"), tmp_path / "file")

    def interrupt(self: Any, timeout: float) -> None:
        while not part.state()[0]:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching._Transfer, "join", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(server.url("x"), tmp_path / "file", LIMIT)
    assert names(tmp_path) == [part.tag.name, part.path.name]
    assert PACKED.startswith(part.path.read_bytes())


def test_in_earnest_we_are_patient_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    connect, read = fetching.TIMEOUTS
    assert 3 <= connect <= 10
    assert 10 <= read <= 60
    retries = fetching.RETRIES
    assert isinstance(retries, Retry)
    assert (retries.total, retries.connect) == (3, 1)
    for status in (429, 500, 502, 503, 504):
        assert retries.is_retry("GET", status)
    for status in (200, 301, 403, 404):
        assert not retries.is_retry("GET", status)
    pauses = []
    for _ in range(3):
        retries = retries.increment("GET", "http://x/", error=OSError("x"))
        pauses.append(retries.get_backoff_time())
    assert pauses == sorted(pauses)
    assert 0 < pauses[-1] < 10
    assert fetching.FILE_SECONDS <= 600


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@example.org/a@b", "https://example.org/a@b"),
        ("http://me@example.org", "http://example.org"),
        ("https://example.org/x", "https://example.org/x"),
    ],
)
def test_an_address_is_shown_without_name_and_password(
    address: str, shown: str
) -> None:
    assert fetching.without_password(address) == shown
