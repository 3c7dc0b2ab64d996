"""Build a miniature site with some of our extensions, as Sphinx-Gallery tests itself."""

from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.testing.util import SphinxTestApp

EXT = Path(__file__).parents[2] / "docs" / "_ext"


def build(folder, pages, extensions, **settings):
    """Build pages, given as a dict of name to text; return their parsed HTML and the warnings."""
    source = folder / "source"
    source.mkdir()
    (source / "conf.py").write_text("", encoding="utf-8")
    for name, text in pages.items():
        (source / f"{name}.rst").write_text(text, encoding="utf-8")
    overrides = {"extensions": extensions, "html_theme": "basic", **settings}
    app = SphinxTestApp(
        srcdir=source, builddir=folder / "build", confoverrides=overrides
    )
    try:
        app.build()
        html = {
            name: BeautifulSoup(
                (app.outdir / f"{name}.html").read_text(encoding="utf-8"), "html5lib"
            )
            for name in pages
        }
        return html, app.warning.getvalue()
    finally:
        app.cleanup()
