"""Time builds, the tutorial, and the CNN's training step against the slow way, all in one run.

``make bench`` writes ``build/bench/bench.json``, ``bench.md`` and ``bench.png``. Seconds differ
from machine to machine; the ratios are what to look at.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cnn_step
import fresh_heap
import numpy
import torch
from matplotlib.figure import Figure
from sites import Site

from mnist_tut.data import for_pages, load_mnist
from mnist_tut.plots import ratio_bars
from mnist_tut.timing import ratios, take_turns

Times = dict[str, list[float]]  # seconds of every way, round by round
ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "bench"
RUNS = 3  # of whole programs and builds
ROUNDS = 7  # of the training step
SLOW = "slow way, one language"


def program(path: Path, *arguments: str, **settings: str) -> str:
    """Run a program in a process of its own and return what it printed."""
    env = os.environ | {"MPLBACKEND": "agg"} | settings
    run = subprocess.run(
        [sys.executable, path, *arguments],
        check=True,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    return run.stdout


def programs(folder: Path) -> dict[str, Callable[[], object]]:
    """List what is timed as a whole, the slow way first; each goes on from the one before."""
    tutorial = Site(folder / "tutorial", tutorial_only=True)
    site = Site(folder / "all")
    return {
        SLOW: lambda: program(ROOT / "benchmarks" / "plain.py"),
        "tutorial script": lambda: program(ROOT / "gallery" / "en" / "nn_tutorial.py"),
        "cold build, tutorial": lambda: tutorial.build(clean=True),
        "cold build, all pages": lambda: site.build(clean=True),
        "edit of one language": lambda: site.build(edit=("en",)),
        "edit of both languages": lambda: site.build(edit=("en", "zh")),
        "no change": site.build,
    }


def fresh_heaps(rounds: int) -> Times:
    """Seconds per step in fresh processes, where memory is given back and where it is kept."""
    times: Times = {f"memory {name}": [] for name in fresh_heap.SETTINGS}
    for _ in range(rounds):
        for name, variables in fresh_heap.SETTINGS.items():
            said = program(ROOT / "benchmarks" / "fresh_heap.py", **variables)
            times[f"memory {name}"].append(json.loads(said)["seconds"])
    return times


def table(times: Times, what: str, unit: str, per_s: int) -> str:
    """Write medians, spread and ratios to the first row as a Markdown table.

    A ratio is the median of those within a round.
    """
    head = f"| {what} | median {unit} | min - max | ratio |"
    rows = [head, "| --- | --- | --- | --- |"]
    for (name, values), shares in zip(
        times.items(), ratios(times).values(), strict=True
    ):
        median, least, most = (
            f"{per_s * f(values):.2f}" for f in (statistics.median, min, max)
        )
        ratio = statistics.median(shares)
        rows.append(f"| {name} | {median} | {least} - {most} | {ratio:.2f} |")
    return "\n".join(rows)


def plot(tables: list[Times], path: Path) -> None:
    """Draw the ratios of every table, with their spread."""
    sizes = [len(times) for times in tables]
    height = 1.2 * len(tables) + 0.28 * sum(sizes)
    fig = Figure(figsize=(7, height), layout="constrained")
    for ax, times in zip(
        fig.subplots(len(tables), height_ratios=sizes), tables, strict=True
    ):
        ratio_bars(ratios(times), ax)
    fig.savefig(path, dpi=150)


def machine() -> dict[str, object]:
    """Describe what it was measured on."""
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return {
        "machine": platform.processor() or platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": versions | {"numpy": numpy.__version__},
    }


def main() -> None:
    """Measure, print and write the three files."""
    folder, _ = for_pages()
    os.environ["MNIST_TUT_DATA"] = str(folder)
    with tempfile.TemporaryDirectory() as temporary:
        whole = take_turns(programs(Path(temporary)), RUNS, warm_up=False)
    steps = cnn_step.rounds(load_mnist(), ROUNDS)
    steps["limit: arithmetic alone"] = cnn_step.limit(ROUNDS)
    fresh = fresh_heaps(ROUNDS)
    result = machine() | {"programs": whole, "steps": steps, "fresh": fresh}
    facts = ", ".join(f"{name}: {fact}" for name, fact in machine().items())
    tables = [
        table(whole, f"whole program, {RUNS} runs", "s", 1),
        table(steps, f"CNN training step, {ROUNDS} rounds", "ms", 1000),
        table(fresh, f"the same in a fresh process, {ROUNDS} runs", "ms", 1000),
    ]
    text = "\n\n".join([facts, *tables]) + "\n"
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "bench.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8"
    )
    (OUT / "bench.md").write_text(text, encoding="utf-8")
    plot([whole, steps, fresh], OUT / "bench.png")
    print(text)


if __name__ == "__main__":
    main()
