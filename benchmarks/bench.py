"""Time the tutorial against the slow way, side by side in one run.

``make bench`` writes ``build/bench/bench.json`` and ``bench.md``. Seconds differ from machine to
machine; the ratios are what to look at.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import torch

from mnist_tut.data import for_pages

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "bench"
RUNS = 3
PROGRAMS = {
    "slow way, one language": ROOT / "benchmarks" / "plain.py",
    "tutorial script": ROOT / "gallery" / "en" / "nn_tutorial.py",
}


def seconds(program: Path, env: dict[str, str]) -> float:
    """Run a program in a process of its own and return the time it took."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, program], check=True, env=env, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def measure() -> dict[str, list[float]]:
    """Run all programs in turn, several times, so that a busy moment hits all alike."""
    folder, _ = for_pages()
    env = os.environ | {"MPLBACKEND": "agg", "MNIST_TUT_DATA": str(folder)}
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(RUNS):
        for name, program in PROGRAMS.items():
            times[name].append(seconds(program, env))
    return times


def table(times: dict[str, list[float]]) -> str:
    """Write medians, spread and ratios as a Markdown table."""
    reference = statistics.median(next(iter(times.values())))
    rows = ["| program | median s | min - max | ratio |", "| --- | --- | --- | --- |"]
    for name, values in times.items():
        median = statistics.median(values)
        spread = f"{min(values):.1f} - {max(values):.1f}"
        rows.append(f"| {name} | {median:.1f} | {spread} | {median / reference:.2f} |")
    return "\n".join(rows)


def main() -> None:
    """Measure, print and write both files."""
    times = measure()
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    versions |= {"numpy": numpy.__version__}
    OUT.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine, "versions": versions, "seconds": times}
    (OUT / "bench.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8"
    )
    text = f"{machine}; {versions}; {RUNS} runs\n\n{table(times)}\n"
    (OUT / "bench.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
