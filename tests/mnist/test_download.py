"""A download arrives whole, or one clear message comes in bounded time and memory."""

import pty
import socket
import sys
import termios
import threading
from contextlib import contextmanager

import pytest
from support.data_world import (
    PACKED,
    answer,
    endless,
    in_turn,
    packing,
    slowly,
    trickle,
)

from mnist_tut.mnist import download as module
from mnist_tut.mnist.download import download
from mnist_tut.mnist.errors import DataError

LIMIT = 200_000
OUT_OF_TIME = "timed out|did not arrive within"
BROKEN = answer(PACKED[:-10], length=len(PACKED))

pytestmark = pytest.mark.usefixtures("small_world")


@pytest.fixture
def little_time(small_world, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.8)
    monkeypatch.setattr(module, "TIMEOUTS", (0.15, 0.15))


def raw(content):
    """Say something that need not be HTTP, and hang up."""
    return lambda handler: handler.wfile.write(content) and None


def to(place, status=302):
    return answer(b"", status, Location=place)


def stall(handler):
    handler.start(Content_Length=len(PACKED))
    handler.wfile.write(PACKED[:100])
    handler.wfile.flush()
    handler.server.closing.wait(1.5)


def trickle_head(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    handler.drip(b"x" * 9999)


def trickle_chunk(handler):
    handler.wfile.write(CHUNKED)
    handler.drip(b"0" * 9999)


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(answer(), id="at once"),
        pytest.param(answer(length=None), id="length unknown"),
        pytest.param(slowly(), id="in pieces"),
        pytest.param(to("/good"), id="redirected"),
        pytest.param(in_turn(answer(b"", 503), answer()), id="503 first"),
        pytest.param(in_turn(answer(b"", 429), answer()), id="429 first"),
        pytest.param(in_turn(BROKEN, BROKEN, answer()), id="broken twice"),
        pytest.param(in_turn(stall, answer()), id="stalled first"),
        pytest.param(in_turn(raw(b""), answer()), id="hung up first"),
        pytest.param(answer(Content_Encoding="gzip"), id="not unpacked on the way"),
        pytest.param(packing, id="not packed again on the way"),
    ],
)
def test_a_download_arrives_whole(server, how):
    server.answers["/x"] = how
    assert download(server.url("x"), LIMIT) == PACKED


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999
FAULTS = {
    "no answer": (lambda handler: handler.server.closing.wait(1.5), OUT_OF_TIME),
    "stalled body": (stall, OUT_OF_TIME),
    "trickling head": (trickle_head, "did not arrive within"),
    "trickling chunk": (trickle_chunk, "did not arrive within"),
    "trickling body": (trickle, "did not arrive within"),
    "hangs up": (raw(b""), "without response|aborted"),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH\r\n\r\n"), "SSH|Connection"),
    "endless header line": (raw(LONG), "line"),
    "endless headers": (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 999), "headers"),
    "301 loop": (to("/x", 301), "redirects"),
    "302 in circles": (to("/x?again"), "redirects"),
    "302 to nowhere": (answer(b"", 302), "status 302 instead of a file"),
    "302 to a local file": (to("file:///etc/passwd"), "adapters"),
    "302 to nobody": (to("http://127.0.0.1:9/"), "refused"),
    "204": (answer(b"", 204, None), "status 204 instead"),
    "206 unasked": (answer(status=206), "status 206 instead"),
    "401": (answer(b"who?", 401), "401"),
    "404": (answer(b"gone", 404), "404"),
    "416": (answer(b"", 416), "416"),
    "429 for ever": (answer(b"", 429, Retry_After="3600"), "429"),
    "500": (answer(b"oops", 500), "500"),
    "503 with the right body": (answer(PACKED, 503), "503"),
    "cut off each time": (BROKEN, "IncompleteRead"),
    "50 GB announced": (answer(length=50_000_000_000), "IncompleteRead"),
    "too large": (answer(bytes(300_000)), "larger than 200,000"),
    "endless": (endless, "larger than 200,000"),
    "broken chunks": (raw(CHUNKED + b"zz\r\nhello"), "Connection broken"),
    "half a chunk": (raw(CHUNKED + b"ffff\r\nhello"), "IncompleteRead"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_line_or_server_is_told_in_short(server, request, fault):
    how, reason = FAULTS[fault]
    if "did not arrive" in reason:
        request.getfixturevalue("little_time")
    server.answers |= {"/x": how, "/x?again": to("/x")}
    with pytest.raises(DataError, match=reason) as caught:
        download(server.url("x"), LIMIT)
    assert server.url("x") in caught.value.problem
    assert "MNIST_TUT_DATA" in caught.value.remedy
    assert len(str(caught.value)) < 1200
    assert len(server.hits) <= 3 * 6  # 5 redirects each


def test_a_download_that_nobody_waits_for_ends_too(server):
    with pytest.raises(TimeoutError):
        module._receive(server.url("good"), LIMIT, end=0)


def test_a_download_that_was_given_up_does_not_keep_the_program_from_ending(
    server, little_time
):
    server.answers["/x"] = trickle_head
    with pytest.raises(DataError):
        download(server.url("x"), LIMIT)
    left = [thread for thread in threading.enumerate() if "(work)" in thread.name]
    assert left
    assert all(thread.daemon for thread in left)


def test_what_cannot_get_better_is_not_asked_again(server):
    server.answers["/x"] = answer(b"gone", 404)
    with pytest.raises(DataError):
        download(server.url("x"), LIMIT)
    assert server.hits == ["/x"]


@contextmanager
def nobody(backlog):
    """Give an address where nobody listens, or (backlog 0) where nobody opens the door."""
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        if backlog is not None:
            deaf.listen(backlog)
            for guest in (first, second):  # after these, the queue is full
                guest.setblocking(False)
                guest.connect_ex(deaf.getsockname())
        yield f"http://127.0.0.1:{deaf.getsockname()[1]}/x"


@pytest.mark.usefixtures("little_time")
@pytest.mark.parametrize("backlog", [None, 0], ids=["refused", "connect time-out"])
def test_where_no_server_is_the_address_is_told(backlog):
    with nobody(backlog) as url:
        with pytest.raises(DataError, match=f"refused|{OUT_OF_TIME}") as caught:
            download(url, LIMIT)
        assert url in caught.value.problem


@pytest.mark.usefixtures("little_time")
@pytest.mark.parametrize("silent", [False, True], ids=["unknown", "never answers"])
def test_where_no_name_server_helps_the_address_is_told(monkeypatch, silent):
    done, asked = threading.Event(), []

    def look_up(host, *args, **kwargs):
        asked.append(host)
        done.wait(20 if silent else 0)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(DataError, match="did not arrive" if silent else "resolve"):
        download("http://mnist.invalid/x", LIMIT)
    assert asked == ["mnist.invalid"]
    done.set()


@pytest.mark.parametrize(
    "address", ["http://", "ftp://x/y", "file:///etc/passwd", "http://\udcff/x", "://"]
)
def test_senseless_addresses_are_explained(address):
    with pytest.raises(DataError, match="could not be downloaded"):
        download(address, LIMIT)


def test_passwords_escapes_and_endless_texts_are_not_shown(server):
    host = server.url("x").removeprefix("http://")
    long = server.url("y" * 60_000)
    reason = b"HTTP/1.1 404 \x1b[31m" + b"no " * 20_000 + b"\r\n\r\n"
    server.answers |= {"/x": raw(reason), "/" + "y" * 60_000: answer(b"", 404)}
    for address in (f"http://me:secret@{host}", long):
        with pytest.raises(DataError, match="could not be downloaded") as caught:
            download(address, LIMIT)
        shown = str(caught.value)
        assert "secret" not in shown
        assert "\x1b" not in shown
        assert len(shown) < 1200


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    server.answers["http://mnist.invalid/x"] = answer()
    assert download("http://mnist.invalid/x", LIMIT) == PACKED


def test_a_terminal_shows_how_far_it_is_and_a_log_does_not(server, monkeypatch, capsys):
    download(server.url("good"), LIMIT)
    assert capsys.readouterr().err == ""
    _, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    with open(terminal, "w") as file:  # noqa: PTH123 - a file descriptor
        shown: list[str] = []
        monkeypatch.setattr(file, "write", shown.append, raising=False)
        monkeypatch.setattr(sys, "stderr", file)
        download(server.url("good"), LIMIT)
        monkeypatch.undo()
    assert "100%" in "".join(shown)


def test_without_standard_error_a_good_server_is_still_good(server, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert download(server.url("good"), LIMIT) == PACKED
