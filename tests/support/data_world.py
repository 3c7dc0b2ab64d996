"""A small MNIST, and a server that misbehaves on request: what the tests of the data share."""

import gzip
import hashlib
import itertools
import multiprocessing
import os
import pickle
import struct
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mnist_tut.mnist import find, read
from mnist_tut.mnist.read import FILE_NAME

# The real MNIST, if whoever runs the tests has it
PLACES = [os.environ.get("MNIST_TUT_DATA"), find.cache_folder() / "mnist"]
_files = (Path(place).expanduser() / FILE_NAME for place in PLACES if place)
REAL = next(filter(Path.is_file, _files), None)
needs_real = pytest.mark.skipif(REAL is None, reason="the real MNIST is not here")

# A small MNIST: the same structure, other sizes and SHA-256 values
SIZES = (40, 36, 34)
_rng = np.random.default_rng(0)
ARRAYS = [
    array
    for n in SIZES
    for array in (
        _rng.integers(0, 256, (n, 784), dtype=np.uint8),
        _rng.integers(0, 10, n, dtype=np.uint8),
    )
]
FAKE = tuple(
    ((x / 256).astype("<f4"), y.astype("<i8"))
    for x, y in zip(ARRAYS[::2], ARRAYS[1::2], strict=True)
)
PICKLED = pickle.dumps(FAKE, protocol=2)
PACKED = gzip.compress(PICKLED, mtime=784)  # ours say 0: no two are alike by chance
OTHERWISE = gzip.compress(pickle.dumps(FAKE, protocol=4), mtime=0)
MD5 = hashlib.md5(PACKED).hexdigest()


def idx(array):
    """Write an array as an IDX file."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


_x, _y, _x_valid, _y_valid, _x_test, _y_test = ARRAYS
_IDX = (
    np.concatenate([_x, _x_valid]).reshape(-1, 28, 28),
    np.concatenate([_y, _y_valid]),
    _x_test.reshape(-1, 28, 28),
    _y_test,
)
IDX = dict(zip(read.IDX_FILES, map(idx, _IDX), strict=True))


def changed(split, part, change):
    """Change one of the six arrays of the small MNIST."""
    pairs = [[array.copy() for array in pair] for pair in FAKE]
    pairs[split][part] = change(pairs[split][part])
    return tuple(tuple(pair) for pair in pairs)


def put(value):
    def change(array):
        array.flat[3] = value
        return array

    return change


def enter(set_it):
    """Put the small MNIST in the place of the real one."""
    arrays = itertools.chain(*FAKE)
    known = (hashlib.sha256(array.data).hexdigest() for array in arrays)
    set_it(read, "SIZES", SIZES)
    set_it(read, "SHA256", dict(zip(read.SHA256, known, strict=True)))
    set_it(read, "MAX_PACKED", 300_000)
    set_it(read, "MAX_UNPACKED", 600_000)
    set_it(find, "MD5", MD5)
    set_it(find, "URLS", ())


def outside_settings():
    """Name the environment variables that must not decide how a test ends."""
    return [
        name
        for name in os.environ
        if name.startswith("MNIST_TUT_") or name.lower().endswith("_proxy")
    ]


def no_settings(monkeypatch):
    """Clear them for one test."""
    for name in outside_settings():
        monkeypatch.delenv(name)


def write(path, content=PACKED):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_idx(folder, but=None):
    """Write the four IDX files; some with other content, or (None) not at all."""
    for name, content in {**IDX, **(but or {})}.items():
        if content is not None:
            write(folder / name, content)
    return folder


def cached(name=FILE_NAME):
    return find.cache_folder() / "mnist" / name


def names(folder):
    """List what lies in a folder, lock files apart."""
    return sorted(p.name for p in folder.glob("*") if p.suffix != ".lock")


def assert_same(found, known):
    """Compare six arrays or tensors, or three pairs of them."""
    six = [
        itertools.chain(*some) if len(some) == 3 else some for some in (found, known)
    ]
    for array, other in zip(*six, strict=True):
        assert_array_equal(np.asarray(array), np.asarray(other))
        assert np.asarray(array).dtype == np.asarray(other).dtype


def assert_is_fake(mnist):
    """Compare what was loaded with the small MNIST."""
    assert_same(mnist, FAKE)


# Processes

#: Seconds after which a process hangs; a busy machine takes long to start the first.
HANG = 120.0
processes = multiprocessing.get_context("forkserver")


def start(function, *arguments):
    """Start a process from one that has everything imported, which takes no time."""
    process = processes.Process(target=function, args=arguments)
    process.start()
    return process


# A server that misbehaves on request

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_GET(self):
        self.server.hits.append(self.path)
        self.server.answers[self.path](self)

    def log_message(self, *args):
        """Not in the tests' output."""

    def start(self, status=200, **headers):
        """Send the head of an answer; header names are written with underscores."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def drip(self, content, pause=0.02):
        """Send content byte by byte, until somebody has enough of it."""
        for at in range(len(content)):
            if self.server.closing.wait(pause):
                break
            self.wfile.write(content[at : at + 1])


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 50

    def __init__(self):
        self.answers: dict[str, Answer] = {"/good": answer()}
        self.answers |= {f"/idx/{n}": answer(c) for n, c in IDX.items()}
        self.hits: list[str] = []
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request, client_address):
        """Say nothing: the client may hang up."""


@contextmanager
def serving():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def answer(body=PACKED, status=200, length=-1, **headers):
    """Send a body; ``length`` None announces none, -1 the true one."""

    def send(handler):
        announced = len(body) if length == -1 else length
        more = {} if announced is None else {"Content_Length": announced}
        handler.start(status, **more, **headers)
        handler.wfile.write(body)

    return send


def packing(handler):
    """Pack the file again on the way, for whoever says that this is welcome."""
    welcome = "gzip" in handler.headers.get("Accept-Encoding", "")
    body = gzip.compress(PACKED) if welcome else PACKED
    answer(body, **({"Content_Encoding": "gzip"} if welcome else {}))(handler)


def slowly(body=PACKED, seconds=0.3):
    """Take about that long, in twenty pieces."""

    def send(handler):
        handler.start(Content_Length=len(body))
        size = len(body) // 20 + 1
        for at in range(0, len(body), size):
            handler.wfile.write(body[at : at + size])
            handler.server.closing.wait(seconds / 20)

    return send


def trickle(handler):
    """Send a body a byte at a time."""
    handler.start()
    handler.drip(PACKED)


def endless(handler, status=200, **headers):
    """Send far too much, but not for ever: a loader that wants it all must fail, not hang."""
    handler.start(status, **headers)
    for _ in range(2000):
        handler.wfile.write(bytes(10_000))


def redirect_with(body=None, **headers):
    """Lead to the good file, with a body that nobody wants: packed, or 20 MB long."""
    headers = {"Location": "/good", **headers}
    if body is None:
        return lambda handler: endless(handler, 302, **headers)
    return answer(body, 302, **headers)


#: Bodies of redirects that would fill the memory.
HEAVY_REDIRECTS = {
    "endless": redirect_with(),
    "bomb": redirect_with(gzip.compress(bytes(20_000_000)), Content_Encoding="gzip"),
}
