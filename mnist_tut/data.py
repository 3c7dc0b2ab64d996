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
    """Return what an address (str) gives in five minutes: bytes, hardly more than size (int).

    Raises a RequestException, or one of urllib3, if the server or the line fails.
    """
    packed = bytearray()
    end = time.monotonic() + 300
    as_it_is = {"Accept-Encoding": "identity"}  # not packed again on the way
    with requests.get(url, headers=as_it_is, stream=True, timeout=10) as response:
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
        If there is another file, or none can be had. The message says where the right one belongs.
    """
    there = path.is_file()
    try:
        packed = path.read_bytes() if there else download(url, size)
        if hashlib.md5(packed).hexdigest() != md5:
            raise ValueError(f"{len(packed):,} bytes, not the published {size:,}")
    except Exception as problem:
        found = f"{path if there else url} gave no MNIST ({problem})"
        raise RuntimeError(f"{found}: put the published file at {path}") from problem
    if not there:
        keep(path, packed)
    return pickle.loads(gzip.decompress(packed), encoding="latin-1")
