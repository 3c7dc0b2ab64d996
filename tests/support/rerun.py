"""Run a notebook's cells as a learner might: in order, then again from every section on.

``python rerun.py NOTEBOOK once`` runs all cells and shows what they print.
``python rerun.py NOTEBOOK``: all cells run once from top to bottom; then, with all names still
there, again from each heading to the end; then afresh with other values of the settings.
"""

import contextlib
import io
import json
import re
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


def main(path, once=False):
    """Run the notebook in every way."""
    book = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in book]
    # The first cell installs what is missing, and defines functions; only the former is left out.
    texts = [re.sub(r"(?m)^( *)%pip.*", r"\1pass", source) for source in sources]
    code = [(i, texts[i]) for i, cell in enumerate(book) if cell["cell_type"] == "code"]
    headings = [
        (i, line)
        for i, cell in enumerate(book)
        if cell["cell_type"] == "markdown"
        for line in texts[i].splitlines()
        if line.startswith("## ")
    ]
    names = {"__name__": "__main__"}
    if once:
        run(code, names, quiet=False)
        return
    run(code, names)
    print("from top to bottom")
    for i, heading in headings:
        run([cell for cell in code if cell[0] > i], names)
        print("again from", heading)
    changed = []
    for i, text in code:
        for old, new in CHANGED.items():
            text = text.replace(old, new)
        changed.append((i, text))
    assert sum(a != b for a, b in zip(code, changed, strict=True)) >= 2
    run(changed, {"__name__": "__main__"})
    print("with other settings")


if __name__ == "__main__":
    main(sys.argv[1], "once" in sys.argv)
