"""Start over when something changes that Sphinx does not watch.

Sphinx does not know that pages depend on our extensions, catalogues, templates, styles and lists of
contents; it goes by times, which copying sets back; and it leaves pages that are no more. So all
that is summed up: with another sum, what was built goes (not what programs gave: ``run_once``).
"""

import hashlib
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from ext.scripts import gallery_scripts

DOCS = Path(__file__).parents[1]
WATCHED = """../conf.py ../pyproject.toml ../constraints.txt ext/**/*.* locale/**/*.po
glossary.toml inventories/* search/**/*.* _templates/**/*.* _static/**/*.*"""


def digest(source: Path, settings: list[str]) -> str:
    """Sum up settings, which scripts there are, and the contents of all that is watched."""
    total = hashlib.sha256(repr([*settings, *gallery_scripts(source.name)]).encode())
    watched = {path for each in WATCHED.split() for path in DOCS.glob(each)}
    for path in sorted(watched | {*source.glob("*.rst")}):
        if path.is_file() and path.suffix != ".pyc":
            total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def start_over(app: Sphinx, config: Config) -> None:
    """Remove what is stale: pages made of scripts that have gone, or all that was built."""
    stems = {Path(page).name for page in gallery_scripts(Path(app.srcdir).name)}
    for path in Path(app.srcdir, "tutorials").glob("*.*"):
        if path.name.split(".")[0] not in {*stems, "index"}:
            path.unlink()
    now = digest(Path(app.srcdir), [config.site_url, config.repository, config.data_used])
    stamp = Path(app.doctreedir, f"{Path(app.outdir).parent.name}-made-of")  # links share trees
    cut = any(not tree.stat().st_size for tree in stamp.parent.rglob("*.doctree"))  # by a full disk
    if cut or not stamp.exists() or stamp.read_text(encoding="utf-8") != now:
        for folder in (app.outdir, app.doctreedir):
            shutil.rmtree(folder, ignore_errors=True)
            Path(folder).mkdir(parents=True, exist_ok=True)
        stamp.write_text(now, encoding="utf-8")
