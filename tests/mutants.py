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
    Mutant("by_hand", "/ math.sqrt(n_in)", "/ n_in"),
    Mutant("by_hand", "x = x - x.max(dim=-1, keepdim=True).values", "x = x + 0"),
    Mutant("by_hand", "x.exp().sum(dim=-1, keepdim=True)", "x.exp().sum(dim=-1)"),
    Mutant(
        "by_hand",
        "return -log_probs[rows, target].mean()",
        "return log_probs[rows, target].mean()",
    ),
    Mutant(
        "by_hand",
        "return -log_probs[rows, target].mean()",
        "return -log_probs[rows, target].sum()",
    ),
    Mutant("by_hand", "out.argmax(dim=1)", "out.argmin(dim=1)"),
    Mutant("by_hand", "    check_batch(log_probs, target)\n", ""),
    Mutant("by_hand", "    check_labels(yb, classes=out.shape[1])\n", ""),
    Mutant("by_hand", "range((n - 1) // bs + 1)", "range(n // bs)", "steps"),
    Mutant("by_hand", "weights -= weights.grad * lr", "weights += weights.grad * lr"),
    Mutant("by_hand", "                bias.grad.zero_()\n", "", "steps"),
    Mutant(
        "by_hand",
        "weights.detach().clone().requires_grad_()",
        "weights.requires_grad_()",
        "steps",
    ),
    # the steps
    Mutant("steps", "p -= p.grad * lr", "p -= p.grad"),
    Mutant("steps", "                model.zero_grad()\n", ""),
    Mutant("steps", "            opt.zero_grad()\n", ""),
    Mutant(
        "steps",
        "train_ds[i * bs : (i + 1) * bs]",
        "train_ds[i * bs : (i + 1) * bs - 1]",
    ),
    Mutant("steps", "* len(xb) for xb, yb in valid_dl", "for xb, yb in valid_dl"),
    Mutant("steps", "bs, shuffle=False)", "bs, shuffle=True)"),
    Mutant("steps", "weights.detach().T", "weights.detach().reshape(10, -1)"),
    Mutant("steps", "        model.eval()\n", ""),
    # models
    Mutant("models", "xb = F.relu(self.conv3(xb))", "xb = self.conv3(xb)"),
    Mutant("models", "F.avg_pool2d(xb, 4)", "F.max_pool2d(xb, 4)"),
    Mutant("models", "x.ndim != 2 or x.shape[1] != SIDE * SIDE", "x.ndim != 2"),
    Mutant("models", "nn.AdaptiveAvgPool2d(1)", "nn.AvgPool2d(4)"),
    # loaders
    Mutant("loaders", "loader_for(valid_ds, bs * 2,", "loader_for(valid_ds, bs,"),
    Mutant("loaders", "if type(ds) is TensorDataset:", "if True:"),
    Mutant("loaders", "if type(ds) is TensorDataset:", "if False:"),
    Mutant("loaders", "type(ds) is TensorDataset", "isinstance(ds, TensorDataset)"),
    Mutant("loaders", "pin_memory=pin_memory)", "pin_memory=False)"),
    Mutant("loaders", "non_blocking=y.is_pinned()", "non_blocking=True"),
    Mutant("loaders", "shuffle=shuffle,", "shuffle=False,"),
    Mutant("loaders", "drop_last=False", "drop_last=True"),
    Mutant("loaders", "yield self.func(*batch)", "yield batch"),
    Mutant("loaders", "side * side != x.shape[1]", "False"),
    Mutant("loaders", "return len(self.dl)", "return len(self.dl) + 1"),
    # training
    Mutant("training", "        opt.zero_grad()\n", ""),
    Mutant("training", "        opt.step()\n", ""),
    Mutant("training", " and loss.isfinite()", ""),
    Mutant("training", "        model.train()\n", ""),
    Mutant("training", "    model.eval()\n", ""),
    Mutant(
        "training", "loss_func(out, yb).item() * len(xb)", "loss_func(out, yb).item()"
    ),
    Mutant("training", "return total / n,", "return total,"),
    Mutant("training", "check_loss(loss, epoch, len(losses))", "loss"),
    Mutant("training", "return loss.item(), len(xb)", "return loss.item(), 1"),
    # timing
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
    # checks
    Mutant("checks", "low < 0 or high >= classes", "high >= classes"),
    Mutant("checks", "if len(x) == 0:", "if False:"),
    Mutant("checks", "value < 1", "value < 0"),
    Mutant("checks", "if not math.isfinite(value):", "if math.isinf(value):"),
    # data, the short form
    Mutant("data_short", "response.raise_for_status()", "pass"),
    Mutant("data_short", "if (module, name) not in ALLOWED:", "if False:"),
    Mutant("data_short", "read_arrays(part)", "pass"),
    # plots
    Mutant("plots", ": -gap or None]", ":]"),
    Mutant("plots", "[statistics.median(values)", "[min(values)"),
    Mutant("plots", "-(-n // cols)", "n // cols"),
]


def source_of(mutant: Mutant) -> str:
    """Return the module that a fault belongs to; the fault has to fit."""
    source = (ROOT / "mnist_tut" / f"{mutant.module}.py").read_text(encoding="utf-8")
    if mutant.old not in source:
        raise SystemExit(
            f"{mutant.module}.py no longer has {mutant.old!r}: mend tests/mutants.py"
        )
    return source


def plant(mutant: Mutant, folder: Path) -> None:
    """Copy what the tests need and plant the fault in the copy."""
    for name in ("mnist_tut", "tests", "docs/_ext"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = folder / "mnist_tut" / f"{mutant.module}.py"
    path.write_text(source_of(mutant).replace(mutant.old, mutant.new), encoding="utf-8")


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
        run = subprocess.run(call, cwd=name, env=env, capture_output=True, text=True)
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
