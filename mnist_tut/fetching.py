"""Fetch a file over HTTP, from servers and lines that may do anything.

A download is tried again where that can help: after time-outs, broken lines, and answers such as
"500 Server Error" or "429 Too Many Requests". It goes on where it stopped, if the server can do
that and still has the same file. It never takes longer, and never brings more bytes, than it may.
Proxies are used as the environment says (``HTTPS_PROXY``, ``NO_PROXY``).
"""

import hashlib
import logging
import re
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import requests
import urllib3
from tqdm import TqdmWarning
from urllib3.util import Retry

from mnist_tut.errors import DataError

with warnings.catch_warnings():
    # a notebook without ipywidgets: it gets no bar, and need not hear about it
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

__all__ = ["Unreachable", "download", "without_password"]

#: Seconds to wait for a connection, and for the next bytes of an answer.
TIMEOUTS: tuple[float, float] = (5, 30)
#: Try again after a failure, so often and with growing pauses; where nobody answers, once.
RETRIES = Retry(
    total=3,
    connect=1,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
)
#: A server that asks us (Retry-After) to wait for more seconds than this is given up.
MAX_WAIT: float = 60
#: A file that has not arrived after so many seconds is given up, however lively the line.
FILE_SECONDS: float = 300

logger = logging.getLogger(__name__)


class Unreachable(DataError):  # noqa: N818 - it is a DataError, said more exactly
    """An address that did not give us its file. Another one may."""


class _TryAgain(Exception):  # noqa: N818 - not for anyone outside
    """An answer that may be better next time; ``wait`` is what the server asks for."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


#: Faults that may pass. urllib3's come up while a body is read.
PASSING = (
    requests.ConnectionError,
    requests.Timeout,
    urllib3.exceptions.HTTPError,
    _TryAgain,
)
#: Faults among them that stay: no such name, nobody there, a certificate that is not to be trusted.
LASTING = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.SSLError)


def _reason(fault: Exception) -> Exception:
    """Return what lies behind an error of requests, which would say it all twice."""
    inner = fault.args[0] if fault.args else None
    return getattr(inner, "reason", None) or fault


def without_password(url: str) -> str:
    """Return an address as it may be shown in a log.

    Parameters
    ----------
    url : str
        Perhaps with ``user:password@``.

    Returns
    -------
    str
        Without it.
    """
    return re.sub(r"//[^/@]*@", "//", url)


@contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    """Say of an OSError that it is no fault of the address, and what to do about it."""
    try:
        yield
    except OSError as fault:
        raise DataError(
            f"{path} cannot be written: {fault}",
            "Make room, or allow us to write there; or set MNIST_TUT_CACHE to another folder.",
        ) from fault


class _Part:
    """What has arrived of a file so far, and of which version of it (the server's ETag)."""

    def __init__(self, url: str, path: Path) -> None:
        name = f"{path.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        self.target = path
        self.path = path.with_name(f"{name}.part")
        self.tag = path.with_name(f"{name}.etag")

    def state(self) -> tuple[int, str]:
        """Return how many bytes can be built upon, and their version; 0 if nothing can."""
        with _on_disk(self.path):
            if not (self.path.is_file() and self.tag.is_file()):
                return 0, ""
            return self.path.stat().st_size, self.tag.read_text("latin1")

    def restart(self, etag: str) -> None:
        """Forget what has arrived; a strong ETag allows to resume what comes now."""
        with _on_disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.discard()  # the old bytes go before the new tag comes: kill us in between
            self.path.touch()
            if etag.startswith('"'):  # W/"..." would be a weak one
                self.tag.write_text(etag, "latin1")

    def finish(self) -> None:
        """Give the complete file its name."""
        with _on_disk(self.target):
            self.path.replace(self.target)
            self.tag.unlink(missing_ok=True)

    def discard(self) -> None:
        """Forget what has arrived."""
        with _on_disk(self.path):
            self.tag.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def tidy(self, keep: bool) -> None:
        """Leave only what can be built upon later, if that is wanted."""
        with suppress(DataError, OSError):
            if not (keep and self.tag.is_file()):
                self.discard()


def _continues(answer: requests.Response, have: int, etag: str) -> bool:
    """Tell whether a partial answer goes on where we stopped, with the same file."""
    span = answer.headers.get("Content-Range", "")
    return span.startswith(f"bytes {have}-") and answer.headers.get("ETag") == etag


def _one_less(retries: Retry, reason: Exception, fault: Exception) -> Retry:
    """Count a failure; raise it if it was one too many."""
    try:
        return retries.increment("GET", error=reason)
    except urllib3.exceptions.MaxRetryError:
        raise fault from None


class _Transfer(threading.Thread):
    """A download on its way, in a thread, so that we can stop waiting for it.

    No time-out of a socket can bound a whole download: name servers and trickling servers know
    ways around each of them.
    """

    def __init__(self, url: str, part: _Part, limit: int) -> None:
        super().__init__(name=f"download of {part.target.name}", daemon=True)
        self.url = url
        self.part = part
        self.limit = limit
        self.size: int | None = None
        self.received = 0
        self.fault: Exception | None = None
        self.stopped = threading.Event()
        self.writing = threading.Lock()

    def stop(self) -> None:
        """Let nothing be written from now on, even if the thread lives on for a while."""
        with self.writing:
            self.stopped.set()

    @contextmanager
    def _unless_stopped(self) -> Iterator[None]:
        """Change files only while somebody waits for them."""
        with self.writing:
            if self.stopped.is_set():
                raise ValueError("stopped")
            yield

    def run(self) -> None:
        """Download, and keep what went wrong."""
        try:
            self._try_and_try_again()
        except Exception as fault:
            self.fault = fault

    def _try_and_try_again(self) -> None:
        retries = RETRIES
        with requests.Session() as session:
            session.max_redirects = 5
            while not self.stopped.is_set():
                try:
                    self._try(session)
                    break
                except PASSING as fault:
                    reason = _reason(fault)
                    if isinstance(reason, LASTING):
                        raise
                    retries = _one_less(retries, reason, fault)
                    wait = getattr(fault, "wait", None) or retries.get_backoff_time()
                logger.info("Trying again in %.1f s after: %s", wait, reason)
                self.stopped.wait(wait)

    def _try(self, session: requests.Session) -> None:
        """Ask once, for the rest of the file if we have a part of it."""
        have, etag = self.part.state()
        # what counts are the file's own bytes, so ask for no further packing on the way
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": etag}
        with session.get(
            self.url, headers=headers, stream=True, timeout=TIMEOUTS
        ) as answer:
            self._check_status(answer)
            if answer.status_code != 206:
                have = 0
                with self._unless_stopped():
                    self.part.restart(answer.headers.get("ETag", ""))
            elif not _continues(answer, have, etag):
                with self._unless_stopped():
                    self.part.discard()
                raise _TryAgain("another part was sent than the one asked for")
            self._save(answer, have)

    def _check_status(self, answer: requests.Response) -> None:
        """Refuse all answers but a file or the part of one that we asked for."""
        status = answer.status_code
        if status == 416:  # what we have is longer than the file
            with self._unless_stopped():
                self.part.discard()
        if status == 416 or RETRIES.is_retry("GET", status):
            wait = RETRIES.get_retry_after(answer.raw)
            if wait and wait > MAX_WAIT:
                raise ValueError(f"status {status}, come back in {wait:,.0f} s")
            raise _TryAgain(f"status {status} {answer.reason}", wait)
        answer.raise_for_status()
        if status not in (200, 206):
            raise ValueError(f"status {status} {answer.reason} instead of a file")

    def _save(self, answer: requests.Response, have: int) -> None:
        """Add the body of an answer to the part, but never more than the limit."""
        rest = answer.raw.length_remaining
        self.size = None if rest is None else have + rest
        self._count(have, self.size or 0)
        with _on_disk(self.part.path), self.part.path.open("ab") as file:
            # read1: hand over what is there. Waiting for more, as read does, has no end
            while chunk := answer.raw.read1(2**16, decode_content=False):
                self._write(file, chunk)

    def _write(self, file: BinaryIO, chunk: bytes) -> None:
        with self._unless_stopped():
            file.write(chunk)
            file.flush()
        self._count(self.received + len(chunk))

    def _count(self, received: int, size: int = 0) -> None:
        self.received = received
        if max(received, size) > self.limit:
            raise ValueError(f"the answer is larger than {self.limit:,} bytes")


def _watch(transfer: _Transfer, seconds: float) -> None:
    """Wait for a download, show how far it is, and stop it when its time is up."""
    until = time.monotonic() + seconds
    name = transfer.part.target.name
    try:
        # disable=None: in a terminal or a notebook, not in a log file
        with tqdm(desc=name, unit="B", unit_scale=True, disable=None) as bar:
            while transfer.is_alive():
                transfer.join(0.1)
                if bar.total is None and transfer.size:
                    bar.reset(transfer.size)
                bar.update(transfer.received - bar.n)
                if time.monotonic() > until:
                    raise TimeoutError(f"it did not arrive within {seconds:,.0f} s")
    finally:
        transfer.stop()


def download(url: str, path: Path, limit: int, seconds: float | None = None) -> None:
    """Download a file; ``path`` is only touched when all of it has arrived.

    Parameters
    ----------
    url : str
        The address.
    path : Path
        Where to save it; missing folders are made. An existing file is replaced. What has arrived
        when a line breaks is kept beside it as ``*.part``, if the server can send the rest later.
        Only one process may do this at a time: see :func:`mnist_tut.keeping.lock`.
    limit : int
        The largest number of bytes to take.
    seconds : float, default FILE_SECONDS
        The longest time to take, whatever happens.

    Raises
    ------
    Unreachable
        If the address cannot be reached in time, answers with an error, sends less than it
        announced or more than ``limit`` bytes.
    DataError
        If the file cannot be written.
    """
    part = _Part(url, path)
    transfer = _Transfer(url, part, limit)
    transfer.start()
    try:
        _watch(transfer, FILE_SECONDS if seconds is None else seconds)
        if transfer.fault:
            raise transfer.fault
        part.finish()
    except DataError:
        part.tidy(keep=False)  # a full disk is no place for it
        raise
    except Exception as fault:
        part.tidy(keep=not isinstance(fault, ValueError))
        problem = (
            f"{without_password(url)} could not be saved as {path}: {_reason(fault)}"
        )
        raise Unreachable(problem) from fault
