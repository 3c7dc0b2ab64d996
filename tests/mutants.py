"""Do the tests bite? Plant faults in ``mnist_tut``, one at a time, and see each one noticed.

``make mutants`` copies the package and its tests into a temporary folder, plants a fault there,
and runs the tests of the module that it is in. A fault that no test notices fails the run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Mutant(NamedTuple):
    """A fault: in which module, which text becomes which, and whose tests should notice."""

    module: str
    old: str
    new: str
    tests: str = ""


MUTANTS = [
    # by hand
    Mutant("by_hand", "x = x - x.amax(dim=1, keepdim=True)", "x = x + 0"),
    Mutant("by_hand", "x.exp().sum(dim=1, keepdim=True)", "x.exp().sum(dim=1)"),
    Mutant("by_hand", "return -log_probs", "return log_probs"),
    Mutant("by_hand", "target].mean()", "target].sum()"),
    Mutant("by_hand", "out.argmax(dim=1)", "out.argmin(dim=1)"),
    # models
    Mutant("models", "F.relu(self.conv3(xb))", "self.conv3(xb)"),
    Mutant("models", "F.avg_pool2d(xb, 4)", "F.max_pool2d(xb, 4)"),
    Mutant("models", "nn.AdaptiveAvgPool2d(1)", "nn.AvgPool2d(4)"),
    Mutant("models", "nn.BatchNorm2d(n_out), nn.ReLU()", "nn.ReLU()"),
    Mutant("models", "conv(16, 10), nn.ReLU()]", "conv(16, 10)]"),
    Mutant(
        "models",
        "nn.Conv2d(n_in, n_out, kernel_size=3, stride=2",
        "nn.Conv2d(n_in, n_out, kernel_size=3, stride=1",
    ),
    Mutant(
        "models", "return self.func(x)", "return self.func(x) if self.training else x"
    ),
    # loaders
    Mutant("loaders", "batch_size=bs * 2", "batch_size=bs"),
    Mutant("loaders", "batch_size=bs, shuffle=True", "batch_size=bs"),
    Mutant("loaders", "drop_last=False", "drop_last=True"),
    Mutant("loaders", "yield self.func(*batch)", "yield batch"),
    Mutant("loaders", "x.view(len(x), 1, 28, 28)", "x.view(-1, 1, 28, 28)"),
    Mutant("loaders", "return len(self.dl)", "return len(self.dl) + 1"),
    Mutant("loaders", "RandomSampler(ds) if shuffle else", ""),
    # training
    Mutant("training", "        opt.zero_grad()\n", ""),
    Mutant("training", "        opt.step()\n", ""),
    Mutant("training", "        model.train()\n", ""),
    Mutant("training", "    model.eval()\n", ""),
    Mutant("training", "    with torch.no_grad():\n", "    if True:\n"),
    Mutant("training", "sum(mean * size for", "sum(mean for"),
    Mutant("training", "if not math.isfinite(train_loss)", "if math.isinf(train_loss)"),
    Mutant("training", "return loss.item(), len(xb)", "return loss.item(), 1"),
    Mutant(
        "training",
        "evaluate(model, accuracy, valid_dl)",
        "evaluate(model, accuracy, train_dl)",
    ),
    # project
    Mutant("project", "sorted(Path(folder)", "list(Path(folder)"),
    Mutant("project", ".view(-1) / 256", ".view(-1) / 255"),
    Mutant("project", "dark - dark.median()", "dark - dark.min()"),
    Mutant("project", "side * 20", "side * 24"),
    Mutant("project", "mass.sum()", "side"),
    Mutant("project", "dim=1 - dim", "dim=dim"),
    Mutant("project", "torch.randint(5,", "torch.randint(4,"),
    Mutant("project", ", generator=generator)", ")"),
    Mutant("project", "        schedule.step()\n", ""),
    Mutant("project", "    model.train()\n", ""),
    Mutant("project", "target * classes + guess", "guess * classes + target"),
    Mutant("project", "minlength=classes**2", "minlength=classes"),
    Mutant("project", "part.replace(path)", "torch.save(state, path)"),
    Mutant("project", "    generator.set_state", "    torch.Generator().set_state"),
    Mutant("project", '    opt.load_state_dict(state["opt"])\n', ""),
    # data
    Mutant("data", "response.raise_for_status()", "pass"),
    Mutant("data", "hexdigest() != md5", "hexdigest() == None"),
    Mutant("data", "len(packed) > size", "len(packed) > size**2"),
    Mutant("data", "time.monotonic() > end", "False"),
    Mutant("data", "part.replace(path)", "path.write_bytes(packed)"),
    # plots
    Mutant("plots", "if source not in nodes", "if True"),
    Mutant("plots", "hook.remove()", "pass"),
    Mutant("plots", "vmin=low, vmax=high", "vmin=low"),
    Mutant("plots", "[statistics.median(values)", "[min(values)"),
    # timing
    Mutant("sweeper", "signal.SIGKILL", "signal.SIGCONT"),
    Mutant("sweeper", "if os.readlink(link) == folder:", "if False:"),
    Mutant("sweeper", "shutil.rmtree(folder, ignore_errors=True)", "pass"),
    Mutant("timing", "if warm_up:", "if not warm_up:"),
    Mutant("timing", "[t / base for", "[base / t for"),
    Mutant("timing", "zip(some, first, strict=True)", "zip(some, first)"),
    Mutant("timing", "1 / noise <= median", "0 <= median"),
    Mutant("timing", "median <= noise", "median < noise"),
    Mutant("timing", "statistics.median(shares)", "min(shares)"),
    Mutant("timing", "calls=50", "calls=5"),
    Mutant("timing", "self_cpu_time_total", "cpu_time_total"),
    Mutant("timing", "* 1e-6 / calls", "* 1e-6"),
    Mutant("timing", '"threshold"', '"unheard of"'),
    Mutant("timing", "-item[1]", "item[1]"),
    Mutant("timing", "(x, *layer.parameters())", "layer.parameters()"),
    Mutant("timing", ", retain_graph=True", ""),
]


def source_of(mutant: Mutant) -> str:
    """Return the module that a fault belongs to; the fault has to fit."""
    source = (ROOT / "mnist_tut" / f"{mutant.module}.py").read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.module}.py should have {mutant.old!r} once: mend tests/mutants.py"
        )
    return source


def plant(mutant: Mutant, folder: Path) -> None:
    """Copy what the tests need and plant the fault in the copy."""
    for name in ("mnist_tut", "tests", "docs/ext"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = folder / "mnist_tut" / f"{mutant.module}.py"
    head, tail = source_of(mutant).split(mutant.old)
    path.write_text(head + mutant.new + tail, encoding="utf-8")


def noticed(mutant: Mutant) -> bool:
    """Whether the tests fail once the fault is planted."""
    with tempfile.TemporaryDirectory() as name:
        plant(mutant, Path(name))
        tests = f"tests/test_{mutant.tests or mutant.module}.py"
        call = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            tests,
        ]
        env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            run = subprocess.run(
                call, cwd=name, env=env, capture_output=True, text=True, timeout=120
            )
        except subprocess.TimeoutExpired:
            return True  # a program that never ends is noticed
    if run.returncode not in (0, 1):  # anything else is no verdict of the tests
        raise RuntimeError(f"the tests could not run:\n{run.stdout}\n{run.stderr}")
    return run.returncode == 1


def main() -> int:
    """Try every fault and say which were missed."""
    for mutant in MUTANTS:
        source_of(mutant)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(noticed, MUTANTS))
    for mutant, seen in zip(MUTANTS, results, strict=True):
        if not seen:
            print(f"NOT NOTICED  {mutant.module}: {mutant.old!r} -> {mutant.new!r}")
    print(f"{sum(results)} of {len(MUTANTS)} planted faults were noticed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
