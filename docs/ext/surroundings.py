"""What a program of the gallery finds around it while it runs in a build.

Sphinx-Gallery calls :func:`prepare` before each script and after it (``reset_modules`` in conf.py),
so that no script needs a line for the build:

- figures look the same everywhere: ``figures.mplstyle`` says how;
- ``get_mnist`` finds MNIST in other packings, too, or the stand-in;
- temporary files lie in the build's own folder, and go with it;
- on Linux, whoever kills a build ends the programs that it has started.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from matplotlib import style

import mnist_tut.data
import mnist_tut.mnist
from ext.package_source import ROOT

STYLE = Path(__file__).with_name("figures.mplstyle")
CHANGED = ExitStack()  # closed, all is as it was
PR_SET_PDEATHSIG = 1  # of Linux
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def end_with_parent() -> None:
    """Ask Linux to end this process as soon as the one that started it has ended."""
    if PRCTL:
        PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)


def prepare(gallery_conf: dict[str, Any], name: str | None, when: str) -> None:
    """Change a script's surroundings before it runs, and back after it."""
    CHANGED.close()
    if when == "after" or name is None:
        return
    style.use(STYLE)
    (ROOT / "build").mkdir(exist_ok=True)
    inside = tempfile.TemporaryDirectory(dir=ROOT / "build", ignore_cleanup_errors=True)
    folder = CHANGED.enter_context(inside)
    patches: list[Any] = [
        mock.patch.object(mnist_tut.data, "get_mnist", mnist_tut.mnist.get_mnist),
        mock.patch.object(tempfile, "tempdir", folder),
        mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=folder),
    ]
    if PRCTL:
        run = partial(subprocess.run, preexec_fn=end_with_parent)
        patches.append(mock.patch.object(subprocess, "run", run))
    for patch in patches:
        CHANGED.enter_context(patch)
