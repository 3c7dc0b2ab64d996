"""Keep a file so that nobody finds half of it, and that only one process gets it."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mnist_tut.mnist.errors import warn

#: After so many seconds we say what we wait for; after so many more we give up.
QUIET_SECONDS: float = 5
LOCK_SECONDS: float = 1800


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Let one process at a time get a file; the system frees the lock if that one is killed.

    Missing folders are made. OSError if nothing can be written there, or somebody holds the lock
    for too long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(f"{path}.lock")
    try:
        held.acquire(timeout=QUIET_SECONDS)
    except Timeout:
        warn(f"Waiting for another process, which holds {held.lock_file}")
        held.acquire(timeout=LOCK_SECONDS)
    try:
        yield
    finally:
        held.release()


def keep(path: Path, content: bytes) -> None:
    """Write a file as a whole, under its :func:`lock`.

    Another file of that name is renamed to ``*.rejected-1`` (or 2, 3, ...): it may be somebody's
    own. Where nothing can be written, a warning says so, and all stays as it was.
    """
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    aside = (path.with_name(f"{path.name}.rejected-{n}") for n in itertools.count(1))
    try:
        for left in path.parent.glob(f"{path.name}.*.part"):
            left.unlink()  # by a process that was killed
        part.write_bytes(content)
        if path.is_file():
            path.rename(next(name for name in aside if not name.exists()))
        part.replace(path)
    except OSError as fault:
        warn(f"{path} is not kept: {fault}")
    finally:
        with suppress(OSError):
            part.unlink()
