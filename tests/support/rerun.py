"""Run downloads one after another, each with names of its own, in one interpreter.

``python rerun.py NAME...``: a script runs as a program, a notebook cell by cell. The last one then
runs again: each section with all names that the whole has left, as for a reader who goes back, and
everything afresh with other values of the settings.
"""

import contextlib
import io
import json
import re
import runpy
import sys
from pathlib import Path

CHANGED = {"lr = 0.5": "lr = 0.2", "bs = 64": "bs = 50", "epochs = 2": "epochs = 1"}


def run(cells, names, quiet=True):
    """Execute code cells one after another; an error names the cell."""
    import matplotlib.pyplot as plt

    for number, code in cells:
        with contextlib.redirect_stdout(io.StringIO() if quiet else sys.stdout):
            exec(compile(code, f"cell {number}", "exec"), names)
        plt.close("all")


def cells_of(path):
    """Return the cells of a notebook: number, kind, text."""
    book = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(book):
        # The first cell installs what is missing, which is left out, and defines functions.
        text = re.sub(r"(?m)^( *)%pip.*", r"\1pass", "".join(cell["source"]))
        yield number, cell["cell_type"], text


def again(cells, code, names):
    """Run each section with what the whole has left, and then everything with other settings."""
    starts = [(i, text) for i, kind, text in cells if kind == "markdown"]
    starts = [
        (i, line) for i, text in starts for line in re.findall("^## .*", text, re.M)
    ]
    ends = [i for i, _ in starts[1:]] + [len(cells)]
    left = dict(names)
    for (start, heading), end in zip(starts, ends, strict=True):
        run([cell for cell in code if start < cell[0] < end], names)
        names.update(left)
        print("again:", heading)
    changed = []
    for i, text in code:
        for old, new in CHANGED.items():
            text = text.replace(old, new)
        changed.append((i, text))
    assert sum(a != b for a, b in zip(code, changed, strict=True)) >= 2
    run(changed, {"__name__": "__main__"})
    print("with other settings")


def main(paths):
    """Run all of them."""
    for path in paths:
        print(f"=== {path}", flush=True)
        if path.endswith(".py"):
            try:
                runpy.run_path(path, run_name="__main__")
            except SystemExit as end:
                print(end)
            continue
        cells = list(cells_of(path))
        code = [(i, text) for i, kind, text in cells if kind == "code"]
        names = {"__name__": "__main__"}
        run(code, names, quiet=False)
    again(cells, code, names)


if __name__ == "__main__":
    main(sys.argv[1:])
