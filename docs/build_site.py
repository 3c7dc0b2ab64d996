"""Build the pages of both languages from one start: ``python docs/build_site.py``, or ``... en``.

Half of what Sphinx does without a change is to import PyTorch, Matplotlib and itself. Here that is
done once, then the process splits in two, and what they say is passed on line by line. If one
fails, the other is ended, and the last line says why.
"""

import gc
import os
import re
import shutil
import signal
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Thread
from traceback import format_exc
from typing import Any

from filelock import FileLock

# One thread: a second gains little, starves the other language, and would not survive the split.
os.environ["OMP_NUM_THREADS"] = "1"
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
from ext import data_notice, run_once, surroundings  # noqa: E402, F401
from ext.languages import LANGUAGES  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402
from sphinx.errors import SphinxError  # noqa: E402
from sphinx.util.docutils import docutils_namespace, patch_docutils  # noqa: E402
from sphinx.util.i18n import CatalogInfo  # noqa: E402

from mnist_tut.mnist import DataError  # noqa: E402

FAILED = "The build has failed: "
FAULT = re.compile(r"^.*(?:WARNING|ERROR|CRITICAL):\s+.*", re.MULTILINE)
UNSAID = re.compile(r"\.(cpp|cc|cu):\d+\]")  # notes of libraries to their own authors


def build(language: str, say: Connection) -> None:
    """Build one language; exit with Sphinx's status, or with the reason."""
    surroundings.end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    os.dup2(say.fileno(), 1), os.dup2(say.fileno(), 2)
    out = ROOT / "build" / os.environ.get("MNIST_TUT_PAGE", "")  # one page goes apart
    places = ROOT, out / "html" / language, out / "doctrees" / language, "html"
    more: Any = {"status": None, "tags": [language], "warningiserror": True}
    try:
        with patch_docutils(ROOT), docutils_namespace():
            app = Sphinx(ROOT / "docs" / language, *places, **more)
            app.build()
    except Exception as fault:
        cause = fault.__cause__ or fault
        if "execute_code_block" in format_exc():  # Sphinx-Gallery has shown it
            sys.exit(1)
        if not isinstance(cause, (SphinxError, OSError)):
            raise
        sys.exit(FAILED + " ".join(str(cause).split()))
    sys.exit(app.statuscode)


def pass_on(hear: Connection, said: list[str]) -> None:
    """Print what a build says as it comes, but not what it dies of, and note it all."""
    with os.fdopen(os.dup(hear.fileno()), encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not UNSAID.search(line):
                said.append(re.sub(r"\x1b\[[\d;]*m", "", line))
                print(line if FAILED not in line else "", end="", flush=True)


def side_by_side(languages: list[str]) -> str:
    """Build the languages at once, until one fails; return why, or nothing."""
    # Elsewhere a process does not survive being split after these imports: start afresh there.
    context: Any = get_context("fork" if sys.platform == "linux" else "spawn")
    builds, voices, said = [], [], list[str]()
    for language in languages:
        hear, say = context.Pipe(duplex=False)
        builds.append(context.Process(target=build, args=(language, say)))
        builds[-1].start()
        say.close()
        voices.append(Thread(target=pass_on, args=(hear, said)))
    try:
        for voice in voices:
            voice.start()
        left = builds
        while left and not any(b.exitcode for b in builds):
            wait([b.sentinel for b in left])
            left = [b for b in left if b.is_alive()]
        failed = any(b.exitcode for b in builds)
    finally:
        for each in builds:
            each.terminate()
        for each in [*builds, *voices]:
            each.join()
    found = re.search(f"(?<={FAILED}).*", text := "".join(said)) or FAULT.search(text)
    why = " ".join(found[0].split()).rstrip(":") if found else "see above"
    return failed * (FAILED + why)


def drop_remains() -> None:
    """Remove what programs have left that were cut short."""
    for path in [*ROOT.glob("build/tmp*"), *ROOT.glob("build/executed/tmp*")]:
        shutil.rmtree(path, ignore_errors=True)


def compile_catalogues() -> None:
    """Compile the catalogues, as old as their texts: Sphinx goes by times, we by contents."""
    for text in ROOT.glob("docs/locale/*/LC_MESSAGES/*.po"):
        catalogue = CatalogInfo(text.parent, text.stem, "utf-8")
        catalogue.write_mo(text.parts[-3])
        os.utime(catalogue.mo_path, ns=(text.stat().st_mtime_ns,) * 2)


def main(languages: list[str]) -> str:
    """Look at the data, then build the languages side by side; return what went wrong, if any."""
    try:
        with FileLock(ROOT / "build" / "lock"):  # one build of a folder at a time
            drop_remains()
            compile_catalogues()
            folder, source = data_notice.data_for_pages()
            print(f"{source}: {folder}", flush=True)
            if source != "MNIST":  # do not ask the network again
                os.environ["MNIST_TUT_STAND_IN"] = "only"
            gc.freeze()  # spare both looking through all that was imported
            try:
                return side_by_side(languages)
            finally:
                drop_remains()
    except KeyboardInterrupt:
        return "Interrupted. Run the same command again to go on from there."
    except (DataError, OSError) as fault:
        return f"{FAILED}{fault}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [*LANGUAGES]) or 0)
