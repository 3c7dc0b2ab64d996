"""An interpreter that has a few named packages, what these require, and nothing else.

``python -S`` sees no installed package at all; a folder of links then shows it the chosen ones.
"""

import ast
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def required(names):
    """Return these distributions and all that they require here."""
    found, due = {}, list(names)
    while due:
        name = due.pop().lower().replace("_", "-")
        if name in found:
            continue
        found[name] = distribution(name)
        wanted = map(Requirement, found[name].requires or [])
        due += [
            r.name
            for r in wanted
            if r.marker is None or r.marker.evaluate({"extra": ""})
        ]
    return found.values()


def link_packages(names, folder):
    """Fill a folder with links to the packages' files."""
    folder.mkdir()
    for package in required(names):
        for top in {file.parts[0] for file in package.files if ".." not in file.parts}:
            link = folder / top
            if not link.exists():
                link.symlink_to(package.locate_file(top))
    return folder


def environment(folder, **settings):
    """Return the environment for such an interpreter: only what it needs is passed on."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(folder),
        "MPLBACKEND": "agg",
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "OMP_NUM_THREADS": "1",  # the tests run side by side: threads would only wait
        **settings,
    }


def command(*arguments):
    """Return the command line that starts it."""
    return [sys.executable, "-S", *map(str, arguments)]


def can_import(names, folder):
    """Tell of each module whether such an interpreter finds it."""
    ask = (
        "from importlib.util import find_spec; print([*map(bool, map(find_spec, {}))])"
    )
    call = command("-c", ask.format(names))
    found = subprocess.run(
        call, cwd=folder, env=environment(folder), capture_output=True, check=True
    )
    return ast.literal_eval(found.stdout.decode())


def locate(pattern, root):
    """Return the one file below a folder that matches."""
    [path] = Path(root).rglob(pattern)
    return path
