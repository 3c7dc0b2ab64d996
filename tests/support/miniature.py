"""Build a miniature site with some of our files, named like ``ext.loops``."""

from contextlib import contextmanager
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.testing.util import SphinxTestApp

LOCALE = Path(__file__).parents[2] / "docs" / "locale"
CONF = """
import ext


def setup(app):
    ext.register(app, {})
"""  # and the files of ours that are wanted


@contextmanager
def built(folder, pages, extensions, builder="html", **settings):
    """Build pages, given as a dict of name to text, and lend the application."""
    source = folder / "source"
    source.mkdir()
    ours = [name[4:] for name in extensions if name.startswith("ext.")]
    (source / "conf.py").write_text(CONF.format(ours), encoding="utf-8")
    for name, text in pages.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / f"{name}.rst").write_text(text, encoding="utf-8")
    app = SphinxTestApp(
        builder,
        srcdir=source,
        builddir=folder / "build",
        confoverrides={
            "extensions": [e for e in extensions if not e.startswith("ext.")],
            "html_theme": "basic",
            "locale_dirs": [str(LOCALE)],
            **settings,
        },
    )
    try:
        app.build()
        yield app
    finally:
        app.cleanup()


def build(folder, pages, extensions, **settings):
    """Build pages; return their parsed HTML and the warnings."""
    with built(folder, pages, extensions, **settings) as app:
        texts = {
            n: (app.outdir / f"{n}.html").read_text(encoding="utf-8") for n in pages
        }
        html = {name: BeautifulSoup(text, "html5lib") for name, text in texts.items()}
        return html, app.warning.getvalue()


def resolved(folder, text):
    """Build one page and return its tree with all links resolved."""
    with built(folder, {"index": text}, []) as app:
        return app.env.get_and_resolve_doctree("index", app.builder, tags=app.tags)
