"""Build the pages of both languages from one start: ``python docs/build_site.py``, or ``... en``.

``python -m sphinx -c . -t en docs/en build/html/en`` gives the same pages. But half of what Sphinx
does when nothing has changed is to import PyTorch, Matplotlib and itself. Here that is done once;
then the process splits in two, one for each language, and they go on side by side.
"""

import gc
import importlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# Batches are small: a second thread gains little alone, and starves the other language's build.
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
from ext.language.languages import LANGUAGES  # noqa: E402

STAND_IN = 3  # exit status of the look at the data, as of mnist-tut-data
#: What every build needs, the slowest to import first.
SHARED = [
    "torch",
    "matplotlib.pyplot",
    "sphinx.cmd.build",
    "sphinx.builders.html",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_gallery.gen_gallery",
    "pydata_sphinx_theme",
    "mnist_tut.training",
    "mnist_tut.plots",
    "nbformat",
]


def look_at_data() -> None:
    """Find or fetch the data and say what there is; exit with the status of it."""
    from ext.gallery import data_notice

    from mnist_tut.mnist import DataError

    try:
        folder, source = data_notice.data_for_pages()
    except (DataError, OSError) as fault:
        print(fault, file=sys.stderr)
        raise SystemExit(1) from fault
    print(f"{source}: {folder}")
    raise SystemExit(0 if source == "MNIST" else STAND_IN)


def build(language: str) -> None:
    """Build one language; exit with Sphinx's status."""
    from sphinx.cmd.build import main

    out = ROOT / "build"
    options = ["-W", "--keep-going", "-q", "-c", str(ROOT), "-t", language]
    places = [f"docs/{language}", f"html/{language}"]
    doctrees = ["-d", str(out / "doctrees" / language)]
    raise SystemExit(
        main([*options, *doctrees, str(ROOT / places[0]), str(out / places[1])])
    )


def start(
    context: Any, func: Callable[..., None], *calls: tuple[str, ...]
) -> list[BaseProcess]:
    """Call a function once per tuple of arguments, side by side, each in a process of its own."""
    processes = [context.Process(target=func, args=call) for call in calls]
    for process in processes:
        process.start()
    return processes


def statuses(processes: list[BaseProcess]) -> list[int]:
    """Wait for all of them, and return their exit statuses."""
    for process in processes:
        process.join()
    return [process.exitcode or 0 for process in processes]


def main(languages: list[str]) -> int:
    """Look at the data, then build the languages side by side; return the exit status."""
    if unknown := set(languages) - set(LANGUAGES):
        print(
            f"no such language: {', '.join(unknown)}; there are {', '.join(LANGUAGES)}"
        )
        return 2
    # Elsewhere a process does not survive being split after these imports: start afresh there.
    forks = sys.platform == "linux"
    context = multiprocessing.get_context("fork" if forks else "spawn")
    # In a process of its own: PyTorch's threads would not survive the split.
    [look] = start(context, look_at_data, ())
    for name in SHARED if forks else []:
        importlib.import_module(name)
    [status] = statuses([look])
    if status not in (0, STAND_IN):
        return status
    if status == STAND_IN:
        os.environ["MNIST_TUT_STAND_IN"] = "only"  # do not ask the network again
    gc.freeze()  # spare both languages looking through all that was imported, time and again
    builds = start(context, build, *((language,) for language in languages))
    return max(map(abs, statuses(builds)))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or [*LANGUAGES]))
