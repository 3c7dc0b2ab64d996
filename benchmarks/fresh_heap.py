"""Train the CNN in a process that has never freed a large block of memory.

glibc then gives the memory of every step back to the system. ``KEEP`` holds the environment
variables that keep it; see "Where the time goes" on the site. Prints seconds and page faults per
step as JSON.
"""

import json
import resource
import time

import torch
import torch.nn.functional as F
from torch import optim

from mnist_tut.models import cnn_any_size
from mnist_tut.training import loss_batch

KEEP = {"MALLOC_TRIM_THRESHOLD_": str(2**26), "MALLOC_MMAP_THRESHOLD_": str(2**25)}
STEPS = 200


def main() -> None:
    """Warm up, then measure."""
    model = cnn_any_size()
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    xb, yb = torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))
    for count in (20, STEPS):
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        began = time.perf_counter()
        for _ in range(count):
            loss_batch(model, F.cross_entropy, xb, yb, opt)
        seconds = (time.perf_counter() - began) / count
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    print(json.dumps({"seconds": seconds, "faults": faults / STEPS}))


if __name__ == "__main__":
    main()
