"""Get MNIST: the loader that the tutorial shows.

Its rule: bytes whose checksum you do not know are never unpickled, as a pickle may run anything.
"""

import gzip
import hashlib
import pickle
import tempfile
import time
from pathlib import Path

import requests

__all__ = ["download", "get_mnist", "keep"]


def download(url, size):
    """Return the body at an address (str): bytes, hardly more than size (int).

    A body that is not there after five minutes is cut off. Raises a RequestException, or one of
    urllib3, if the server or the line fails, or says nothing for ten seconds.
    """

    def skip_redirect(response, **_):  # whose body, however long, would be read
        if response.is_redirect:
            response.close()

    packed = bytearray()
    end = time.monotonic() + 300
    how = {"stream": True, "timeout": 10, "hooks": {"response": skip_redirect}}
    as_it_is = {"Accept-Encoding": "identity"}  # not packed again on the way
    with requests.get(url, headers=as_it_is, **how) as response:
        response.raise_for_status()
        while piece := response.raw.read1(2**16):
            packed += piece
            if len(packed) > size or time.monotonic() > end:
                break
    return bytes(packed)


def keep(path, packed):
    """Write bytes to a path, whole or not at all; if that cannot be done, print why.

    Parameters
    ----------
    path : Path
        Where they belong; folders are made as needed.
    packed : bytes
        What belongs there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / path.name
            part.write_bytes(packed)
            part.replace(path)  # all at once: nobody finds half a file
    except OSError as problem:
        print(f"{path} is not kept: {problem}")


def get_mnist(path, url, size, md5):
    """Read MNIST from its published file, downloaded once.

    Parameters
    ----------
    path : Path
        Where the file is kept. If it cannot be, a line says so.
    url, size, md5 : str, int, str
        Its address, number of bytes and checksum.

    Returns
    -------
    three pairs of ndarray
        Pictures (n, 784) float32 from 0 to 255/256, and labels (n,) int64, for training, validation
        and test.

    Raises
    ------
    RuntimeError
        If there is another file, or none can be had. The message says what to do.
    """
    try:
        if there := path.is_file():
            with path.open("rb") as file:
                packed = file.read(size + 1)  # enough to see that there is more
        else:
            packed = download(url, size)
        found = hashlib.md5(packed, usedforsecurity=False).hexdigest()
        if len(packed) > size:
            raise ValueError(f"{path if there else url} has more than {size:,} bytes")
        if found != md5:
            other = f"{len(packed):,} bytes with the MD5 checksum {found}"
            raise ValueError(f"{path if there else url} has {other}")
    except Exception as problem:
        raise RuntimeError(
            f"No MNIST: {str(problem) or type(problem).__name__}.\nThe published file has "
            f"{size:,} bytes with the MD5 checksum {md5}, lies at {url} and belongs "
            f"at {path}. If another file is there, delete it: then the published one "
            "is downloaded."
        ) from problem
    if not there:
        keep(path, packed)
    return pickle.loads(gzip.decompress(packed), encoding="latin-1")
