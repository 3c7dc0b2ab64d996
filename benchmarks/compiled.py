"""What ``torch.compile`` gains on a CPU, and what its first call costs.

"One loop, many machines" quotes these figures; a test holds its prose against ``compiled.json``.
Run it again with ``python benchmarks/compiled.py`` (some minutes, with a C++ compiler).
Times are those that the core spent on it, so that a busy machine matters little.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from mnist_tut.models import better_cnn, cnn_any_size
from mnist_tut.timing import ratios

RESULT = Path(__file__).with_suffix(".json")
ROUNDS = 15


def cpu_time():
    """Return the seconds that this process and its children have computed."""
    return sum(os.times()[:4])


def linear():
    """Build the model of the page, on pictures."""
    layers = [nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)]
    return nn.Sequential(nn.Flatten(), *layers)


MODELS = {
    "linear": linear,
    "cnn_any_size": cnn_any_size,
    "better_cnn": better_cnn,
}


def measure(name):
    """Time loss and gradients of one model, plain and compiled, from an empty cache."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = MODELS[name]()
    xb, yb = torch.rand(64, 1, 28, 28), torch.randint(10, (64,))

    def loss():
        return F.cross_entropy(model(xb), yb)

    fast = torch.compile(loss)
    began = cpu_time()
    fast().backward()
    seconds = cpu_time() - began

    def often(func):
        return lambda: [func().backward() for _ in range(50)]

    ways = {"plain": often(loss), "twin": often(loss), "compiled": often(fast)}
    times = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, func in ways.items():
            began = time.process_time()
            func()
            times[way].append(time.process_time() - began)
    shares = ratios(times)
    noise = max(max(share, 1 / share) for share in shares["twin"])
    return {
        "seconds": round(seconds),
        "times_as_fast": round(1 / statistics.median(shares["compiled"]), 1),
        "noise": round(noise, 2),
    }


def main():
    """Measure every model in a process of its own and write the result."""
    result = {"torch": torch.__version__, "machine": platform.machine()}
    for name in MODELS:
        with tempfile.TemporaryDirectory() as cache:
            settings = {"TORCHINDUCTOR_CACHE_DIR": cache, "TMPDIR": cache}
            run = subprocess.run(
                [sys.executable, __file__, name],
                check=True,
                env=os.environ | settings | {"TORCHINDUCTOR_COMPILE_THREADS": "1"},
                stdout=subprocess.PIPE,
                text=True,
            )
        result[name] = json.loads(run.stdout)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
