"""Build the pages of both languages from one start: ``python docs/build_site.py``, or ``... en``.

Each language is built by a process of its own, and what they say is passed on line by line. If one
fails, the other is ended, and the last line says why.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from subprocess import Popen
from traceback import format_exc
from typing import Any

from filelock import FileLock

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
from sphinx.application import Sphinx  # noqa: E402
from sphinx.errors import SphinxError  # noqa: E402
from sphinx.util.docutils import patch_docutils  # noqa: E402
from sphinx.util.i18n import CatalogInfo  # noqa: E402

from ext.languages import LANGUAGES  # noqa: E402
from mnist_tut.mnist import DataError, for_pages  # noqa: E402

ALONE = [sys.executable, "-u", __file__, "--alone"]
FAILED = "The build has failed: "
FAULT = re.compile(r"^.*(?:WARNING|ERROR|CRITICAL):\s+.*", re.MULTILINE)
UNSAID = re.compile(r"\.(cpp|cc|cu):\d+\]")  # notes of libraries to their own authors


def build(language: str) -> str:
    """Build one language in this process; return the line that tells of a failure."""
    out = ROOT / "build" / os.environ.get("MNIST_TUT_PAGE", "")  # one page goes apart
    places = ROOT, out / "html" / language, out / "doctrees" / language, "html"
    more: Any = {"status": None, "tags": [language], "warningiserror": True}
    try:
        with patch_docutils(ROOT):
            app = Sphinx(ROOT / "docs" / language, *places, **more)
            app.build()
            return FAILED if app.statuscode else ""
    except Exception as fault:
        cause = fault.__cause__ or fault
        if "execute_code_block" in format_exc():  # Sphinx-Gallery has shown it
            return FAILED
        if isinstance(cause, SphinxError | OSError):
            return FAILED + " ".join(str(cause).split())
        return format_exc() + FAILED


def side_by_side(languages: list[str]) -> str:
    """Build the languages at once, until one fails; return why, or nothing."""
    hear, say = os.pipe()
    builds = [Popen([*ALONE, language], stdout=say, stderr=say) for language in languages]
    os.close(say)
    said = ""
    try:
        with os.fdopen(hear, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if UNSAID.search(line):
                    continue
                said += re.sub(r"\x1b\[[\d;]*m", "", line)
                if line.startswith(FAILED):
                    break
                print(line, end="", flush=True)
            else:
                if not any(each.wait() for each in builds):
                    return ""
    finally:
        for each in builds:
            each.terminate()
            each.wait()
    found = re.search(f"(?<={FAILED}).+", said) or FAULT.search(said)
    return FAILED + (" ".join(found[0].split()).rstrip(":") if found else "see above")


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
    os.environ["OMP_NUM_THREADS"] = "1"  # a second thread starves the other language
    try:
        with FileLock(ROOT / "build" / "lock"):  # one build of a folder at a time
            drop_remains()
            compile_catalogues()
            folder, source = for_pages()
            print(f"{source}: {folder}", flush=True)
            if source != "MNIST":  # do not ask the network again
                os.environ["MNIST_TUT_STAND_IN"] = "only"
            try:
                return side_by_side(languages)
            finally:
                drop_remains()
    except KeyboardInterrupt:
        return "Interrupted. Run the same command again to go on from there."
    except (DataError, OSError) as fault:
        return f"{FAILED}{fault}"


if __name__ == "__main__":
    alone, names = sys.argv[1:2] == ["--alone"], sys.argv[1:]
    sys.exit((build(names[1]) if alone else main(names or [*LANGUAGES])) or 0)
