"""Read and write every page anew when something changes that Sphinx does not watch.

Sphinx knows which pages depend on which texts and settings. It does not know that they depend on
our extensions, catalogues, templates and styles. The sums of these become two settings, and a
setting that has changed is something that it does know what to do about.
"""

import hashlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from ext.order import connect

DOCS = Path(__file__).parents[1]
#: What is looked at while a page is read, and while it is written.
READ = [
    "../conf.py",
    "ext/**/*.*",
    "locale/**/*.po",
    "glossary.toml",
    "inventories/*",
    "*/*.txt",
]
WRITTEN = ["_templates/**/*.*", "_static/**/*.*"]


def digest(folder: Path, patterns: list[str]) -> str:
    """Sum up the contents of files."""
    total = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        if path.is_file() and path.suffix != ".pyc":
            total.update(str(path.relative_to(folder.parent)).encode() + b"\0")
            total.update(path.read_bytes() + b"\0")
    return total.hexdigest()


def sum_up(app: Sphinx, config: Config) -> None:
    """Set the two settings."""
    config.read_with, config.written_with = digest(DOCS, READ), digest(DOCS, WRITTEN)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the two settings with what follows from a change of them."""
    app.add_config_value("read_with", "", "env", str)
    app.add_config_value("written_with", "", "html", str)
    connect(app, "config-inited", sum_up)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
