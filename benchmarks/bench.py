"""Time the tutorial, and the CNN's training step, against the slow way, all in one run.

``make bench`` writes ``build/bench/bench.json``, ``bench.md`` and ``bench.png``. Seconds differ
from machine to machine; the ratios are what to look at.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cnn_step
import numpy
import torch
from matplotlib.figure import Figure

from mnist_tut.data import for_pages, load_mnist

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "bench"
RUNS = 3  # of whole programs
ROUNDS = 7  # of the training step
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
    env = os.environ | {"MPLBACKEND": "agg"}
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(RUNS):
        for name, program in PROGRAMS.items():
            times[name].append(seconds(program, env))
    return times


def table(times: dict[str, list[float]], what: str, unit: str, per_s: int) -> str:
    """Write medians, spread and ratios to the first row as a Markdown table."""
    reference = statistics.median(next(iter(times.values())))
    head = f"| {what} | median {unit} | min - max | ratio |"
    rows = [head, "| --- | --- | --- | --- |"]
    for name, values in times.items():
        median, least, most = (
            f"{per_s * f(values):.2f}" for f in (statistics.median, min, max)
        )
        ratio = statistics.median(values) / reference
        rows.append(f"| {name} | {median} | {least} - {most} | {ratio:.2f} |")
    return "\n".join(rows)


def plot(times: dict[str, list[float]], path: Path) -> None:
    """Draw the medians as shares of the slow way's, with their spread."""
    reference = statistics.median(next(iter(times.values())))
    fig = Figure(figsize=(7, 3), layout="constrained")
    ax = fig.subplots()
    for row, values in enumerate(times.values()):
        median = statistics.median(values)
        ends = [[median - min(values)], [max(values) - median]]
        spread = [[end / reference for end in side] for side in ends]
        ax.barh(row, median / reference, xerr=spread, color="#0072b2", capsize=3)
    ax.invert_yaxis()
    ax.set_yticks(range(len(times)), list(times))
    ax.set_xlabel("time of one training step, slow way = 1")
    fig.savefig(path, dpi=150)


def main() -> None:
    """Measure, print and write the three files."""
    folder, _ = for_pages()
    os.environ["MNIST_TUT_DATA"] = str(folder)
    programs = measure()
    steps = cnn_step.rounds(load_mnist(), ROUNDS)
    steps["limit: arithmetic alone"] = cnn_step.limit(ROUNDS)
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    versions |= {"numpy": numpy.__version__}
    threads = torch.get_num_threads()
    OUT.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine, "versions": versions, "threads": threads}
    result |= {"program_seconds": programs, "step_seconds": steps}
    (OUT / "bench.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8"
    )
    text = (
        f"{machine}, {threads} thread(s); {versions}\n\n"
        f"{table(programs, f'program, {RUNS} runs', 's', 1)}\n\n"
        f"{table(steps, f'CNN training step, {ROUNDS} rounds', 'ms', 1000)}\n"
    )
    (OUT / "bench.md").write_text(text, encoding="utf-8")
    plot(steps, OUT / "bench.png")
    print(text)


if __name__ == "__main__":
    main()
