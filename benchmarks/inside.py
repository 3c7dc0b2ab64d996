"""Where the little library of ``mnist_tut.inside`` keeps up with PyTorch, and where it does not.

"Inside torch.nn" quotes these figures; a test holds its prose against ``inside.json``. Run it again
with ``python benchmarks/inside.py`` (about two minutes, most of them for 30,000 tensors). Times are
those that one core spent, so that a busy machine matters little.
"""

import datetime
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch

from mnist_tut.inside import Tensor

RESULT = Path(__file__).with_suffix(".json")


def product(k):
    """Multiply two matrices of floats, and go back."""
    array = np.ones((k, k), np.float32)
    return lambda make: (make(array, requires_grad=True) @ make(array)).sum().backward()


def integers(make):
    """Multiply two matrices of integers; nothing goes back through them."""
    return make(np.ones((400, 400), np.int64)) @ make(np.ones((400, 400), np.int64))


def part(make):
    """Take all but the first of 10,000 rows, and go back."""
    make(np.ones((10_000, 64)), requires_grad=True)[1:].sum().backward()


def waiting(n):
    """Add up many products of one leaf, so that all of them wait at once, and go back."""

    def add_up(make):
        leaf = make(np.ones(3), requires_grad=True)
        products = [leaf * i for i in range(n)]
        sum(products[1:], products[0]).sum().backward()

    return add_up


CASES = {
    "product of 10": product(10),
    "product of 1000": product(1000),
    "integers": integers,
    "part": part,
    "waiting 3000": waiting(3000),
    "waiting 30000": waiting(30_000),
}


def seconds(func, make):
    """Return the core's time for one call, the best of those that fit into a second."""
    best, began = float("inf"), time.process_time()
    while best == float("inf") or time.process_time() - began < 1:
        start = time.process_time()
        for _ in range(20 if best < 1e-3 else 1):
            func(make)
        spent = time.process_time() - start
        best = min(best, spent / (20 if best < 1e-3 else 1))
    return best


def main():
    """Measure every case and keep how many times PyTorch's time it takes here."""
    torch.set_num_threads(1)
    found = {
        name: float(f"{seconds(func, Tensor) / seconds(func, torch.tensor):.2g}")
        for name, func in CASES.items()
    }
    about = {"torch": torch.__version__, "machine": platform.machine()}
    about["date"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    RESULT.write_text(json.dumps({**about, "times": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
