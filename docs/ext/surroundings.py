"""What a program of the gallery finds around it while it runs in a build.

Sphinx-Gallery calls :func:`prepare` before each script and after it (``reset_modules`` in conf.py):
figures look as ``figures.mplstyle`` says; ``get_mnist`` finds MNIST in other packings, too, or the
stand-in; and temporary files lie in the build's own folder, and go with it.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from matplotlib import style

import mnist_tut.data
import mnist_tut.mnist
from ext.package_source import ROOT

STYLE = Path(__file__).with_name("figures.mplstyle")
CHANGED = ExitStack()  # closed, all is as it was


def prepare(gallery_conf: dict[str, Any], name: str | None, when: str) -> None:
    """Change a script's surroundings before it runs, and back after it."""
    CHANGED.close()
    if when == "after" or name is None:
        return
    style.use(STYLE)
    (ROOT / "build").mkdir(exist_ok=True)
    inside = tempfile.TemporaryDirectory(dir=ROOT / "build", ignore_cleanup_errors=True)
    folder = CHANGED.enter_context(inside)
    for patch in (
        mock.patch.object(mnist_tut.data, "get_mnist", mnist_tut.mnist.get_mnist),
        mock.patch.object(tempfile, "tempdir", folder),
        mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=folder),
    ):
        CHANGED.enter_context(patch)
