"""A download arrives whole, or one clear message comes in bounded time and memory."""

import logging
import socket
import threading
import traceback
import tracemalloc
from unittest.mock import Mock

import pytest
from support.data_world import (
    HEAVY_REDIRECTS,
    PACKED,
    answer,
    endless,
    packing,
    slowly,
    trickle,
)

from mnist_tut import data
from mnist_tut.mnist import download as module
from mnist_tut.mnist.download import download
from mnist_tut.mnist.errors import DataError

LIMIT = 300_000
LATE = "did not arrive within"

pytestmark = pytest.mark.usefixtures("small_world")


@pytest.fixture
def little_time(small_world, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.4)


def raw(content):
    """Say something that need not be HTTP, and hang up."""
    return lambda handler: handler.wfile.write(content) and None


def to(place, status=302):
    return answer(b"", status, Location=place)


def say_and_trickle(content):
    def send(handler):
        handler.wfile.write(content)
        handler.drip(b"0" * 9999)

    return send


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(answer(), id="at once"),
        pytest.param(answer(length=None), id="length unknown"),
        pytest.param(slowly(), id="in pieces"),
        pytest.param(to("/good"), id="redirected"),
        pytest.param(answer(Content_Encoding="gzip"), id="not unpacked on the way"),
        pytest.param(packing, id="not packed again on the way"),
        *(pytest.param(how, id=name) for name, how in HEAVY_REDIRECTS.items()),
    ],
)
def test_a_download_arrives_whole_and_no_body_of_a_redirect_is_read(server, how):
    server.answers["/x"] = how
    tracemalloc.start()
    assert download(server.url("x"), LIMIT) == PACKED
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FAULTS = {
    "no answer": (lambda handler: handler.server.closing.wait(1.5), LATE),
    "trickling head": (say_and_trickle(b"HTTP/1.1 200 OK\r\nX: "), LATE),
    "trickling chunk": (say_and_trickle(CHUNKED), LATE),
    "trickling body": (trickle, LATE),
    "hangs up": (raw(b""), "without response|aborted"),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH\r\n\r\n"), "SSH|Connection"),
    "endless headers": (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 999), "headers"),
    "301 loop": (to("/x", 301), "redirects"),
    "302 to a local file": (to("file:///etc/passwd"), "adapters"),
    "302 to nobody": (to("http://127.0.0.1:9/"), "refused"),
    "429": (answer(b"", 429, Retry_After="3600"), "429"),
    "503 with the right body": (answer(PACKED, 503), "503"),
    "cut off": (answer(PACKED[:-10], length=len(PACKED)), "IncompleteRead"),
    "50 GB announced": (answer(length=50_000_000_000), "IncompleteRead"),
    "endless": (endless, "larger than 300,000"),
    "broken chunks": (raw(CHUNKED + b"zz\r\nhello"), "Connection broken"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_line_or_server_is_told_in_short(server, request, fault):
    how, reason = FAULTS[fault]
    if reason == LATE:
        request.getfixturevalue("little_time")
    server.answers["/x"] = how
    with pytest.raises(DataError, match=reason) as caught:
        download(server.url("x"), LIMIT)
    assert server.url("x") in caught.value.problem
    assert "MNIST_TUT_DATA" in caught.value.remedy
    assert "Max retries" not in caught.value.problem  # requests would say it all twice
    assert len(server.hits) <= 31  # as many as requests follows


@pytest.mark.parametrize("address", ["http://", "ftp://x/y", "file:///etc/x", "://"])
def test_senseless_addresses_are_explained(address):
    with pytest.raises(DataError, match=f"{address} could not be downloaded"):
        download(address, LIMIT)


@pytest.mark.usefixtures("little_time")
@pytest.mark.parametrize("silent", [False, True], ids=["unknown", "never answers"])
def test_where_no_name_server_helps_the_address_is_told(monkeypatch, silent):
    done, asked = threading.Event(), []

    def look_up(host, *args, **kwargs):
        asked.append(host)
        done.wait(20 if silent else 0)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(DataError, match=LATE if silent else "resolve"):
        download("http://mnist.invalid/x", LIMIT)
    left = [thread for thread in threading.enumerate() if "(_ask)" in thread.name]
    assert all(thread.daemon for thread in left)  # the program can end
    assert bool(left) == silent
    assert asked == ["mnist.invalid"]
    done.set()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(MemoryError(), "too little memory"), (KeyError(), "KeyError")],
)
def test_what_has_no_words_gets_some(monkeypatch, fault, reason):
    monkeypatch.setattr(data, "download", Mock(side_effect=fault))
    expected = MemoryError if isinstance(fault, MemoryError) else DataError
    with pytest.raises(expected, match=reason):
        download("http://mnist.invalid/x", LIMIT)


def test_passwords_escapes_and_endless_texts_are_not_shown(server):
    host = server.url("x").removeprefix("http://")
    long = server.url("y" * 60_000)
    reason = b"HTTP/1.1 404 \x1b[31m" + b"no " * 20_000 + b"\r\n\r\n"
    server.answers |= {"/x": raw(reason), "/" + "y" * 60_000: answer(b"", 404)}
    server.answers["/x?token=secret"] = answer(b"", 404)
    addresses = (f"http://me:secret@{host}", f"http://{host}?token=secret", long)
    for address in (*addresses, "http://127.0.0.1:9/x?token=secret"):
        with pytest.raises(DataError, match="could not be downloaded") as caught:
            download(address, LIMIT)
        shown = "".join(traceback.format_exception(caught.value))
        assert "secret" not in shown
        assert "\x1b" not in shown
        assert len(str(caught.value)) < 1200


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    server.answers["http://mnist.invalid/x"] = answer()
    assert download("http://mnist.invalid/x", LIMIT) == PACKED


def test_who_waits_is_told_how_long_it_may_last(server, caplog):
    caplog.set_level(logging.INFO)
    address = server.url("good").replace("//", "//me:secret@")
    assert download(address, LIMIT) == PACKED
    [record] = caplog.records
    assert record.getMessage() == f"Fetching {server.url('good')}, for 300 s at most"
