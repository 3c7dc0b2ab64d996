"""Read and write every page anew when something changes that Sphinx does not watch.

Sphinx knows which pages depend on which texts and settings. It does not know that they depend on
our extensions, catalogues, templates and styles, and that every page shows the table of contents.
The sums of these become two settings, and a setting that has changed is something that it does know
what to do about. It goes by times, too, which unpacking and copying set back: here contents count.
Nor does anybody else remove what was made of a page that is no more.
"""

import hashlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from ext.scripts import gallery_scripts

DOCS = Path(__file__).parents[1]
#: What is looked at while a page is read, and while it is written.
READ = """../conf.py ../pyproject.toml ../constraints.txt ext/**/*.* locale/**/*.po
glossary.toml inventories/* */*.txt"""
WRITTEN = "_templates/**/*.* _static/**/*.* */index.rst"


def digest(folder: Path, patterns: str) -> str:
    """Sum up the contents of files."""
    total = hashlib.sha256()
    for path in sorted({p for each in patterns.split() for p in folder.glob(each)}):
        if path.is_file() and path.suffix != ".pyc":
            total.update(str(path.relative_to(folder.parent)).encode() + b"\0")
            total.update(path.read_bytes() + b"\0")
    return total.hexdigest()


def sum_up(app: Sphinx, config: Config) -> None:
    """Set the two settings."""
    config.read_with, config.written_with = digest(DOCS, READ), digest(DOCS, WRITTEN)


def drop_old_pages(app: Sphinx) -> None:
    """Remove what earlier builds have made of scripts that have gone, or have another name now."""
    stems = {Path(page).name for page in gallery_scripts(Path(app.srcdir).name)}
    for folder in (app.srcdir, app.outdir):
        for path in Path(folder, "tutorials").glob("*.*"):
            if path.is_file() and path.name.split(".")[0] not in {*stems, "index"}:
                path.unlink()
    for path in Path(app.outdir).glob("_downloads/*/*.*"):
        if path.name.split(".")[0] not in stems:
            path.unlink()
    for path in Path(app.outdir, "_images").glob("sphx_glr_*_*.*"):
        if not path.name.startswith(tuple(f"sphx_glr_{stem}_" for stem in stems)):
            path.unlink()
    drop_old_sources(app)


def drop_old_sources(app: Sphinx) -> None:
    """Remove the pages of sources when anything around them has changed; Sphinx looks at times."""
    config, stamp = app.config, Path(app.doctreedir, "made-with")
    names = ["read_with", "written_with", "site_url", "repository", "data_used"]
    now = "\n".join(str(getattr(config, name, "")) for name in names)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != now:
        for page in Path(app.outdir, "_modules").rglob("*.html"):
            page.unlink()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(now, encoding="utf-8")


def outdated(
    app: Sphinx, env: BuildEnvironment, added: object, changed: object, removed: object
) -> list[str]:
    """Name the pages whose text has changed, whatever its time, or whose tree was cut off."""
    known = getattr(env, "sums", {})
    sums = {
        page: hashlib.sha256(Path(env.doc2path(page)).read_bytes()).hexdigest()
        for page in env.found_docs
    }
    env.sums = sums  # type: ignore[attr-defined]
    trees = {page: Path(app.doctreedir, f"{page}.doctree") for page in known}
    cut = {p for p, tree in trees.items() if tree.exists() and not tree.stat().st_size}
    return [p for p in sums if p in cut or known.get(p, sums[p]) != sums[p]]
