"""Copies of this checkout in which ``make bench`` builds the site from nothing and after edits."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["Site"]

ROOT = Path(__file__).parents[1]
LATER = "where_the_time_goes"  # the page that is not part of the tutorial
LANGUAGES = ("en", "zh")
GENERATED = ("tutorials", "tests")  # in each language's folder


def tracked() -> list[str]:
    """List the files that belong to the project, new ones included."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in run.stdout.splitlines() if (ROOT / name).is_file()]


class Site:
    """A copy of the project in a folder of its own.

    Parameters
    ----------
    folder : Path
        Where to put it.
    tutorial_only : bool, default False
        Whether to leave out the pages beside the tutorial that run a program.
    """

    def __init__(self, folder: Path, tutorial_only: bool = False) -> None:
        self.folder = folder
        self.edits = 0
        for name in tracked():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        if tutorial_only:
            self.drop_later()

    def drop_later(self) -> None:
        """Remove the page beside the tutorial, and every link to it."""
        for lang in LANGUAGES:
            (self.folder / "gallery" / lang / f"{LATER}.py").unlink()
            self.replace(f"docs/{lang}/index.rst", f"   tutorials/{LATER}\n", "")
        pages = [*self.folder.glob("docs/*/*.rst"), *self.folder.glob("gallery/*/*.py")]
        for page in pages:
            text = page.read_text(encoding="utf-8")
            linkless = re.sub(rf":doc:`[^`]*{LATER}>?`", "elsewhere", text)
            page.write_text(linkless, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file; the text must be there."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{name} does not contain {old!r}")
        path.write_text(text.replace(old, new), encoding="utf-8")

    def build(self, clean: bool = False, edit: tuple[str, ...] = ()) -> None:
        """Build both languages as ``make html`` does.

        Parameters
        ----------
        clean : bool
            Whether to throw away first what earlier builds have left.
        edit : tuple of str
            The languages in whose tutorial a sentence is added first.

        Raises
        ------
        RuntimeError
            If the build fails; with all that it said.
        """
        if clean:
            made = [f"docs/{lang}/{part}" for lang in LANGUAGES for part in GENERATED]
            for left in ["build", *made]:
                shutil.rmtree(self.folder / left, ignore_errors=True)
        self.edits += 1
        for lang in edit:
            label = "# .. _closing:\n"
            added = f"# Edit {self.edits}.\n#\n{label}"
            self.replace(f"gallery/{lang}/nn_tutorial.py", label, added)
        run = subprocess.run(
            [sys.executable, "docs/build_site.py"],
            cwd=self.folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        if run.returncode:
            raise RuntimeError(f"the build failed:\n{run.stdout}{run.stderr}")
