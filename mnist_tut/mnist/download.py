"""Fetch a file over HTTP into memory, from servers and lines that may do anything.

It never takes longer, and never takes more bytes, than it may. Nothing is written: what is not what
we want never reaches the disk. Proxies are used as the environment says (``HTTPS_PROXY``).
"""

import sys
import threading
import time
from concurrent.futures import Future

import requests
import urllib3
from tqdm import tqdm

from mnist_tut.mnist.errors import DataError

#: Seconds to wait for a connection, and for the next bytes of an answer.
TIMEOUTS: tuple[float, float] = (5, 30)
#: A file that has not arrived after so many seconds is given up, however lively the line.
SECONDS: float = 300
#: Seconds to pause before each further try.
PAUSES: tuple[float, ...] = (1, 3)


def download(address: str, limit: int) -> bytes:
    """Return what lies at an address: all of it, and no more than `limit` bytes, or a DataError."""
    answer: Future[bytes] = Future()
    end = time.monotonic() + SECONDS

    def work() -> None:
        try:
            answer.set_result(_try_and_try_again(address, limit, end))
        except Exception as fault:
            answer.set_exception(fault)

    # In a thread, so that we can stop waiting: no time-out of a socket bounds a name server that
    # never answers, or a head that comes byte by byte.
    threading.Thread(target=work, daemon=True).start()
    try:
        return answer.result(timeout=SECONDS)
    except Exception as fault:
        why = f"{_reason(fault)}" or f"it did not arrive within {SECONDS:,} s"
        raise DataError(f"{address} could not be downloaded: {why}") from fault


def _try_and_try_again(address: str, limit: int, end: float) -> bytes:
    for pause in PAUSES:
        try:
            return _receive(address, limit, end)
        except Exception as fault:
            if not _may_pass(fault):
                raise
        time.sleep(pause)
    return _receive(address, limit, end)


def _may_pass(fault: Exception) -> bool:
    """Tell whether trying again may help: not where nobody is, or nobody to be trusted."""
    if isinstance(fault, requests.HTTPError):
        return fault.response.status_code in (429, 500, 502, 503, 504)
    lasting = urllib3.exceptions.NewConnectionError, urllib3.exceptions.SSLError
    broken = requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError
    return isinstance(fault, broken) and not isinstance(_reason(fault), lasting)


def _reason(fault: Exception) -> Exception:
    """Return what lies behind an error of requests, which would say it all twice."""
    inner = fault.args[0] if fault.args else None
    return getattr(inner, "reason", None) or fault


def _receive(address: str, limit: int, end: float) -> bytes:
    """Ask once; accept nothing but a whole file."""
    content = bytearray()
    with requests.Session() as session:
        session.max_redirects = 5
        session.headers["Accept-Encoding"] = "identity"  # the file's own bytes
        with session.get(address, stream=True, timeout=TIMEOUTS) as answer:
            answer.raise_for_status()
            if answer.status_code != 200:
                raise ValueError(f"status {answer.status_code} instead of a file")
            quiet = True if sys.stderr is None else None  # None: unless in a terminal
            size = answer.raw.length_remaining
            with tqdm(total=size, unit="B", unit_scale=True, disable=quiet) as bar:
                # read1: hand over what is there. Waiting for more, as read does, has no end
                while piece := answer.raw.read1(2**16, decode_content=False):
                    content += piece
                    bar.update(len(piece))
                    if len(content) > limit:
                        raise ValueError(f"the answer is larger than {limit:,} bytes")
                    if time.monotonic() > end:
                        raise TimeoutError
    return bytes(content)
