"""A small MNIST, and a server that misbehaves on request: what the tests of the loader share."""

import gzip
import hashlib
import os
import pickle
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from urllib3.util import Retry

from mnist_tut import data, fetching, reading, strokes

# The real MNIST, if whoever runs the tests has it -------------------------------------

FOLDER = Path(os.environ.get("MNIST_TUT_DATA") or "nowhere").expanduser()
REAL = FOLDER / reading.FILE_NAME
needs_real = pytest.mark.skipif(
    not REAL.is_file(), reason="MNIST_TUT_DATA names no folder with the real file"
)

# A small MNIST: the same structure, other sizes and SHA-256 values --------------------

SIZES = (12, 7, 5)


def digest(content: Any) -> str:
    return hashlib.sha256(content).hexdigest()


def make_fake() -> tuple[Any, reading.Arrays, tuple[reading.Split, ...]]:
    """Return the pairs as they are published, the same as bytes, and how to know them."""
    rng = np.random.default_rng(0)
    pairs, arrays, splits = [], [], []
    for name, size in zip(("training", "validation", "test"), SIZES, strict=True):
        pixels = rng.integers(0, 256, (size, 784), dtype=np.uint8)
        labels = rng.integers(0, 10, size, dtype=np.uint8)
        pairs.append(((pixels / 256).astype("<f4"), labels.astype("<i8")))
        arrays += [pixels, labels]
        splits.append(
            reading.Split(name, size, digest(pixels.data), digest(labels.data))
        )
    return tuple(pairs), reading.Arrays(*arrays), tuple(splits)


FAKE, ARRAYS, SPLITS = make_fake()
PICKLED = pickle.dumps(FAKE, protocol=2)
PACKED = gzip.compress(PICKLED, mtime=0)
KEPT = b"".join(array.tobytes() for array in ARRAYS)


def idx(array: np.ndarray) -> bytes:
    """Write an array as an IDX file."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def make_idx() -> tuple[dict[str, bytes], tuple[reading.IdxFile, ...]]:
    """Return the four IDX files of the small MNIST by name, and how to know them."""
    a = ARRAYS
    x = np.concatenate([a.x_train, a.x_valid]).reshape(-1, 28, 28)
    y = np.concatenate([a.y_train, a.y_valid])
    arrays = x, y, a.x_test.reshape(-1, 28, 28), a.y_test
    files = {
        file.name: gzip.compress(idx(array), mtime=0)
        for file, array in zip(reading.IDX_FILES, arrays, strict=True)
    }
    known = (reading.IdxFile(n, len(c), digest(c)) for n, c in files.items())
    return files, tuple(known)


IDX, IDX_FILES = make_idx()


def changed(split: int, part: int, change: Callable[[np.ndarray], Any]) -> Any:
    """Change one of the six arrays of the small MNIST."""
    pairs = [[array.copy() for array in pair] for pair in FAKE]
    pairs[split][part] = change(pairs[split][part])
    return tuple(tuple(pair) for pair in pairs)


def put(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array.flat[3] = value
        return array

    return change


def enter(set_it: Callable[[Any, str, Any], None]) -> None:
    """Put the small MNIST in the place of the real one, and make us impatient."""
    set_it(reading, "SPLITS", SPLITS)
    set_it(reading, "IDX_FILES", IDX_FILES)
    set_it(reading, "MAX_PACKED", 200_000)
    set_it(reading, "MAX_UNPACKED", 500_000)
    set_it(data, "URLS", ())
    set_it(fetching, "TIMEOUTS", (0.4, 0.4))
    set_it(
        fetching,
        "RETRIES",
        Retry(total=2, backoff_factor=0.001, status_forcelist=(429, 500, 503)),
    )


def outside_settings() -> list[str]:
    """Name the environment variables that must not decide how a test ends."""
    return [
        name
        for name in os.environ
        if name.startswith("MNIST_TUT_") or name.lower().endswith("_proxy")
    ]


def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear them for one test."""
    for name in outside_settings():
        monkeypatch.delenv(name)


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a small MNIST and a cache of its own; no settings from outside, no network."""
    enter(monkeypatch.setattr)
    no_settings(monkeypatch)
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path / "数据 cache"))


def write(path: Path, content: bytes = PACKED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_idx(folder: Path, but: dict[str, bytes] | None = None) -> Path:
    """Write the four IDX files; some with other content."""
    for name, content in {**IDX, **(but or {})}.items():
        write(folder / name, content)
    return folder


def cached(name: str = data.FILE_NAME) -> Path:
    return data.cache() / name


def names(folder: Path) -> list[str]:
    """List what lies in a folder, lock files apart."""
    return sorted(p.name for p in folder.glob("*") if p.suffix != ".lock")


def assert_is_fake(mnist: data.Mnist) -> None:
    for tensor, array in zip(mnist, (a for pair in FAKE for a in pair), strict=True):
        assert_array_equal(tensor.numpy(), array)
        assert tensor.numpy().dtype == array.dtype


@contextmanager
def someone_else_writes(content: bytes, path: Path) -> Iterator[None]:
    """Stand for a lock that is only had when another process has done the work."""
    write(path, content)
    yield


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record each time the stand-in is drawn, and draw it quickly: as noise."""
    calls: list[Any] = []

    def noise(seed: int = 0, sizes: tuple[int, int, int] = (0, 0, 0)) -> Any:
        calls.append(sizes)
        random = torch.Generator().manual_seed(seed)
        return tuple(
            (
                torch.randint(256, (n, 784), generator=random).float() / 256,
                torch.randint(10, (n,), generator=random),
            )
            for n in sizes
        )

    monkeypatch.setattr(strokes, "make_strokes", noise)
    return calls


# A server that misbehaves on request --------------------------------------------------

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_GET(self) -> None:
        self.server.hits.append(self.path)
        self.server.asked.append(dict(self.headers))
        self.server.answers[self.path](self)

    def log_message(self, *args: Any) -> None:
        """Not in the tests' output."""

    def start(self, status: int = 200, **headers: Any) -> None:
        """Send the head of an answer; header names are written with underscores."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def drip(self, content: bytes, pause: float = 0.02) -> None:
        """Send content byte by byte, until somebody has enough of it."""
        for at in range(len(content)):
            if self.server.closing.wait(pause):
                break
            self.wfile.write(content[at : at + 1])


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 50

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {"/good": answer()}
        self.answers |= {f"/idx/{n}": answer(c) for n, c in IDX.items()}
        self.hits: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client may hang up."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def answer(
    body: bytes = PACKED, status: int = 200, length: Any = -1, **headers: Any
) -> Answer:
    """Send a body; ``length`` None announces none, -1 the true one."""

    def send(handler: Handler) -> None:
        announced = len(body) if length == -1 else length
        more = {} if announced is None else {"Content_Length": announced}
        handler.start(status, **more, **headers)
        handler.wfile.write(body)

    return send


def in_turn(*answers: Answer) -> Answer:
    """Answer each time in another way; the last one stays."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def resumable(
    body: bytes = PACKED,
    etag: str = '"one"',
    stop: int | None = None,
    seconds: float = 0,
) -> Answer:
    """Send the part that is asked for, of this version.

    Break off after ``stop`` bytes; with ``seconds``, take about that long, in a hundred pieces.
    """

    def send(handler: Handler) -> None:
        at = 0
        if handler.headers.get("If-Range") == etag:
            at = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
        head: dict[str, Any] = {"ETag": etag, "Content_Length": len(body) - at}
        if at:
            head["Content_Range"] = f"bytes {at}-{len(body) - 1}/{len(body)}"
        handler.start(206 if at else 200, **head)
        part = body[at:stop]
        size = len(body) // 100 + 1 if seconds else max(len(part), 1)
        for start in range(0, len(part), size):
            handler.wfile.write(part[start : start + size])
            time.sleep(seconds / 100)

    return send


@contextmanager
def nobody(backlog: int | None = None) -> Iterator[str]:
    """Give an address where nobody listens, or (backlog 0) where nobody opens the door."""
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        if backlog is not None:
            deaf.listen(backlog)
            for guest in (first, second):  # after these, the queue is full
                guest.setblocking(False)
                guest.connect_ex(deaf.getsockname())
        yield f"http://127.0.0.1:{deaf.getsockname()[1]}/x"
