"""Train the CNN in a process that has never freed a large block of memory.

Whether glibc then gives the memory of every step back to the system depends on where in the heap it
happens to lie. ``SETTINGS`` holds environment variables: none; what glibc starts with, held fast,
so that memory is given back; and such that it is kept. See "Where the time goes" on the site.
Prints seconds and page faults per step as JSON.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import optim

from mnist_tut.models import cnn_any_size
from mnist_tut.training import loss_batch


def thresholds(size: int) -> dict[str, str]:
    """Set the sizes from which on memory is given back."""
    names = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
    return dict.fromkeys(names, str(size))


SETTINGS: dict[str, dict[str, str]] = {
    "as it comes": {},
    "given back": thresholds(2**17),
    "kept": thresholds(2**25),
}
STEPS = 200


def main(steps: int = STEPS) -> None:
    """Warm up, then measure."""
    model = cnn_any_size()
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    xb, yb = torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))
    for count in (20, steps):
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        began = time.perf_counter()
        for _ in range(count):
            loss_batch(model, F.cross_entropy, xb, yb, opt)
        seconds = (time.perf_counter() - began) / count
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    print(json.dumps({"seconds": seconds, "faults": faults / steps}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
