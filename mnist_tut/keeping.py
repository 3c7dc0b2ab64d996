"""Keep files so that nobody finds half of one: locks, replacement as a whole, rejects."""

import datetime
import filecmp
import gzip
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock

from mnist_tut.errors import DataError, WrongContent
from mnist_tut.reading import Arrays

__all__ = [
    "LOCK_SECONDS",
    "MAX_REJECTED",
    "lock",
    "replacing",
    "set_aside",
    "write_kept",
    "write_published",
]

#: Seconds to wait for another process that is fetching or drawing the same file.
LOCK_SECONDS: float = 1800
#: So many rejected files of one name are kept, so that a bad line cannot fill the disk.
MAX_REJECTED = 9


def lock(path: Path) -> FileLock:
    """Return the lock under which a file is written; the system frees it if we are killed.

    Parameters
    ----------
    path : Path
        The file. The lock is a file beside it.

    Returns
    -------
    FileLock
        For ``with``; missing folders are made. It gives up after ``LOCK_SECONDS`` with an OSError.
    """
    return FileLock(f"{path}.lock", timeout=LOCK_SECONDS)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of another one only when it is complete.

    Parameters
    ----------
    path : Path
        The place. Who has the old file open keeps it whole.

    Yields
    ------
    file
        To write to, in binary. If that fails, the old file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def set_aside(wrong: WrongContent, source: str, fresh: bool = False) -> WrongContent:
    """Rename a rejected file, so that it is neither lost nor read again, and note why.

    The new name ends in ``.rejected-1`` (or 2, 3, ...); beside it, ``.rejected-1.txt`` tells the
    reason. The same bytes are kept once.

    Parameters
    ----------
    wrong : WrongContent
        What is wrong with which file.
    source : str
        Where the file came from.
    fresh : bool
        Whether it has just been downloaded. Such a file is dropped where ``MAX_REJECTED`` of that
        name are kept already.

    Returns
    -------
    WrongContent
        The same, and where the file is now.

    Raises
    ------
    DataError
        If ``MAX_REJECTED`` are kept already and this one may be somebody's own. It stays.
    """
    path = wrong.path
    place = _free_name(path)
    if place:
        where = f"the file is kept as {place}"
        path.replace(place)
        _note(place, f"from {source}\n{wrong.problem}")
    elif fresh:
        where = f"it was dropped, as {MAX_REJECTED} such files are kept already"
        path.unlink()
    else:
        problem = f"{wrong.problem}; and {MAX_REJECTED} rejected files are kept already"
        raise DataError(problem, f"Look at {path}.rejected-*, and delete them.")
    moved = WrongContent(f"{wrong.problem}; {where}", wrong.remedy)
    moved.path = place or path
    return moved


def _free_name(path: Path) -> Path | None:
    """Return the first name for a rejected file that nothing, or the very same file, has."""
    for n in range(1, MAX_REJECTED + 1):
        name = path.with_name(f"{path.name}.rejected-{n}")
        if not name.exists() or filecmp.cmp(name, path, shallow=False):
            return name
    return None


def _note(place: Path, text: str) -> None:
    """Write beside a rejected file when it was rejected, and why."""
    when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    note = place.with_name(f"{place.name}.txt")
    note.write_text(f"{when}\n{text}\n", encoding="utf-8")


def write_kept(arrays: Arrays, path: Path) -> None:
    """Write checked arrays as plain bytes, one after the other.

    Parameters
    ----------
    arrays : Arrays
        What to write.
    path : Path
        For :func:`mnist_tut.reading.read_kept` to read.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with replacing(path) as file:
        for array in arrays:
            file.write(array.data)


def write_published(arrays: Arrays, path: Path) -> None:
    """Write arrays the way MNIST is published: a compressed pickle of three pairs.

    Parameters
    ----------
    arrays : Arrays
        What to write.
    path : Path
        For :func:`mnist_tut.reading.read_pickled` or the tutorial's short loader to read.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    pictures = (x.astype("<f4") / np.float32(256) for x in arrays[::2])
    labels = (y.astype("<i8") for y in arrays[1::2])
    with (
        replacing(path) as file,
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed,
    ):
        pickle.dump(tuple(zip(pictures, labels, strict=True)), packed, protocol=3)
