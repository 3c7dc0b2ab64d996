"""Keep a file so that nobody finds half of it, and that only one process gets it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mnist_tut.mnist.errors import warn

#: After so many seconds of waiting for another process we go on by ourselves.
LOCK_SECONDS: float = 1800


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Let one process at a time get a file; the system frees the lock if that one is killed.

    Missing folders are made. Where nothing can be written, or a disk knows no locks, or somebody
    holds this one for too long, a warning says so, and it goes on without.
    """
    held = FileLock(f"{path}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(blocking=False)
        except Timeout:
            warn(f"Waiting for another process, which holds {held.lock_file}")
            held.acquire(timeout=LOCK_SECONDS)
    except (OSError, NotImplementedError) as fault:
        warn(f"Going on without a lock: {fault}")
    try:
        yield
    finally:
        held.release()


def keep(path: Path, content: bytes) -> bool:
    """Write a file as a whole, under its :func:`lock`; tell whether it is there.

    Another file of that name is renamed to ``*.rejected-1`` (or 2, 3, ...): it may be somebody's
    own. Where nothing can be written, a warning says so, and all stays as it was.
    """
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    aside = (path.with_name(f"{path.name}.rejected-{n}") for n in range(1, 1000))
    try:
        for left in path.parent.glob(f"{path.name}.*.part"):
            with suppress(OSError):
                left.unlink()  # by a process that was killed
        part.write_bytes(content)
        if path.is_file():
            path.rename(next(name for name in aside if not name.exists()))
        part.replace(path)
        return True
    except OSError as fault:
        warn(f"{path} is not kept: {fault}")
        return False
    finally:
        with suppress(OSError):
            part.unlink()
