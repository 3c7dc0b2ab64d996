"""Fetch a file from servers and lines that may do anything: whole, or with a reason, in time."""

import threading
from concurrent.futures import Future, wait

from mnist_tut import data
from mnist_tut.mnist.errors import DataError, logger, printable

#: A file that has not arrived after so many seconds is given up, however lively the line.
SECONDS: float = 300


def download(address: str, limit: int) -> bytes:
    """Return what lies at an address: all of it, and no more than `limit` bytes, or a DataError."""
    logger.info("Fetching %s, for %.0f s at most", printable(address), SECONDS)
    answer: Future[bytes] = Future()
    # In a thread, so that we can stop waiting: no time-out of a socket bounds a name server that
    # never answers, or a head that comes byte by byte.
    threading.Thread(target=_ask, args=(answer, address, limit), daemon=True).start()
    why = f"it did not arrive within {SECONDS:,} s"
    if wait([answer], SECONDS).done:
        try:
            return answer.result()
        except MemoryError:
            raise MemoryError("There is too little memory to download MNIST.") from None
        except Exception as fault:
            why = str(_reason(fault)) or type(fault).__name__
    # outside of "except": what was raised may name a password
    raise DataError(f"{address} could not be downloaded: {why}")


def _ask(answer: Future[bytes], address: str, limit: int) -> None:
    try:
        content = data.download(address, limit)
        if len(content) > limit:
            raise ValueError(f"the answer is larger than {limit:,} bytes")
        answer.set_result(content)
    except Exception as fault:
        answer.set_exception(fault)


def _reason(fault: Exception) -> Exception:
    """Return what lies behind an error of requests, which would say it all twice."""
    inner = fault.args[0] if fault.args else None
    return getattr(inner, "reason", None) or fault
