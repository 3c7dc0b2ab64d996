"""The loader as the tutorial shows it: short enough to read in a minute.

:mod:`mnist_tut.data` is the one to rely on: it locks, limits sizes, tries
again, and keeps what it rejects. Both read the same file and return the same
arrays; both ask the addresses in the environment variable ``MNIST_TUT_URLS``
(separated by spaces) first.
"""

import gzip
import hashlib
import itertools
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import requests

__all__ = [
    "ALLOWED",
    "SHA256",
    "URLS",
    "ArrayUnpickler",
    "check_content",
    "download",
    "read_arrays",
]

URLS = [
    *os.environ.get("MNIST_TUT_URLS", "").split(),  # your own first
    "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz",
    "https://figshare.com/ndownloader/files/25635053",
]
SHA256 = "131c62eb1825ee37915eefa63c78b7339f6698213349e0408d069b415b4eb2b7"
ALLOWED = [
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),  # how pickle protocol 2 writes bytes
]

Pair = tuple[np.ndarray, np.ndarray]


def download(path: Path, urls: Sequence[str] = URLS) -> None:
    """Fetch the published file from the first address that has it, unless it is there already.

    Parameters
    ----------
    path : Path
        Where the file belongs; folders are made as needed.
    urls : sequence of str, default URLS
        Addresses to try, in order.

    Raises
    ------
    RuntimeError
        If no address gives the file; says why for each, and what to do.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    problems = []
    for url in urls:
        try:
            # seconds to connect, and to wait between two pieces
            response = requests.get(url, timeout=(5, 60))
            response.raise_for_status()
            part.write_bytes(response.content)
            read_arrays(part)  # an error page is no data: never keep it
        except (requests.RequestException, RuntimeError) as problem:
            problems.append(f"{url}: {problem}")
        else:
            part.replace(path)
            return
    problems.append(f"Put your own copy of it into {path.parent.absolute()}")
    raise RuntimeError("could not download MNIST:\n" + "\n".join(problems))


class ArrayUnpickler(pickle.Unpickler):
    """An unpickler that can make NumPy arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Look up a name that the pickle asks for, if it is one of the allowed few.

        Raises
        ------
        pickle.UnpicklingError
            For any other name: it may be there to run a program.
        """
        module = module.replace("numpy.core", "numpy._core")  # renamed in NumPy 2
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}; no array does")
        return super().find_class(module, name)


def read_arrays(path: Path) -> tuple[Pair, Pair, Pair]:
    """Read the published file, and make sure that it holds MNIST.

    Parameters
    ----------
    path : Path
        A gzip-compressed pickle.

    Returns
    -------
    train, valid, test : pair of ndarray
        Pictures (n, 784) float32 from 0 to 255/256, and labels (n,) int64.

    Raises
    ------
    RuntimeError
        If it cannot be read, or its content is not MNIST's.
    """
    try:
        with gzip.open(path) as file:
            train, valid, test = ArrayUnpickler(file, encoding="latin1").load()
        return check_content((train, valid, test))
    except Exception as error:  # a broken pickle can raise anything
        remedy = "Move it away and try again."
        raise RuntimeError(f"{path} is not MNIST: {error}. {remedy}") from error


def check_content(splits: tuple[Pair, Pair, Pair]) -> tuple[Pair, Pair, Pair]:
    """Return the arrays if they are MNIST's, to the last bit.

    Parameters
    ----------
    splits : three pairs of ndarray
        Pictures and labels for training, validation and test.

    Returns
    -------
    three pairs of ndarray
        The same.

    Raises
    ------
    ValueError
        If the checksum differs, unless ``MNIST_TUT_STAND_IN`` is set: then other digits will do.
    """
    digest = hashlib.sha256()
    for array in itertools.chain(*splits):
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    if digest.hexdigest() != SHA256 and not os.environ.get("MNIST_TUT_STAND_IN"):
        raise ValueError(f"its pixels and labels have checksum {digest.hexdigest()}")
    return splits
