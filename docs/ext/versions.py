"""The versions that are promised, for the pages, and a download's first cell that compares them.

The lowest stand in ``pyproject.toml``, those that all is tested with in ``constraints.txt``, and
nowhere else: what is said of them is filled in here, or held by ``tests/tools/test_versions.py``.
"""

import re
import tomllib
from pathlib import Path

from sphinx.locale import _

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = (ROOT / "constraints.txt").read_text("utf-8")
NEEDED = ["torch", "numpy", "matplotlib", "requests"]  # by downloads
LOWEST = {
    "Python": PROJECT["requires-python"].removeprefix(">="),
    **{d.split(">=")[0]: d.split(">=")[1] for d in PROJECT["dependencies"]},
}
TESTED = dict(re.findall(r"^([\w-]+)==(\S+)", PINS, re.MULTILINE))
INSTALL = '%pip install -q {" ".join(missing)}'  # for Jupyter; a script says how
SETUP = f"""
import re
import sys
from importlib import import_module
from importlib.util import find_spec

needed = {{{", ".join(f'"{name}": "{LOWEST[name]}"' for name in NEEDED)}}}
missing = [name for name in needed if find_spec(name) is None]
if missing:
    {INSTALL}
for name, lowest in {{"Python": "{LOWEST["Python"]}", **needed}}.items():
    found = sys.version.split()[0] if name == "Python" else import_module(name).__version__
    print(name, found)
    if [int(n) for n in re.findall(r"\\d+", found)[:2]] < [int(n) for n in lowest.split(".")]:
        print(f"    {{}}")
""".strip()


def setup_cell() -> str:
    """Return the cell that installs what is missing, and says what is too old."""
    sentence = _(
        "This is too old: you need {lowest} or newer. For a package, run pip install -U {name}, "
        "and start again."
    )
    return SETUP.replace("{}", sentence)


def needs_text() -> str:
    """Say what the reader needs, and what it was tested with."""
    text = _(
        "**What you need:** Python {Python} or newer with PyTorch {torch}, NumPy {numpy}, "
        "Matplotlib {matplotlib} and Requests {requests}, or newer ones; all of it was tested with "
        "PyTorch {tested}. The next cell installs what is missing and says what is too old. MNIST "
        "is downloaded on the way, about 16 MB."
    )
    return text.format(**LOWEST, tested=TESTED["torch"])
