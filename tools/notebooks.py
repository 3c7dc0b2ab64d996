"""Put notebooks and scripts where their names alone tell: ``notebooks.py build``, after the build.

Sphinx keeps downloads in folders named by checksums, which change when a page moves. What this
leaves in ``build/notebooks`` becomes the branch to which the links on the pages lead.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from ext.languages import LANGUAGES


def stems(html: Path, lang: str) -> list[str]:
    """List the pages of the gallery."""
    found = (path.stem for path in (html / lang / "tutorials").glob("*.html"))
    return sorted(stem for stem in found if stem != "index")


def downloads(html: Path) -> Iterator[tuple[str, Path]]:
    """Yield the notebook and the script of each page, with its language."""
    for lang in LANGUAGES:
        for stem in stems(html, lang):
            for suffix in (".ipynb", ".py"):
                [path] = (html / lang / "_downloads").glob(f"*/{stem}{suffix}")
                yield lang, path


def main(build: str) -> int:
    """Make the folder anew; return the exit status."""
    folder = Path(build, "notebooks")
    shutil.rmtree(folder, ignore_errors=True)
    for lang, path in downloads(Path(build, "html")):
        (folder / lang).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / lang / path.name)
    text = "Made by `make notebooks`; the pages of the tutorial link to these files.\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(f"Notebooks and scripts are in {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
