"""Pages half as heavy, looking the same.

Figures for sharp screens have few colours, but are written with sixteen million: a palette takes
a third of the bytes. And Pygments wraps every name, bracket and blank of the code into a ``span``
whose colour is that of plain code; without these, the tutorial is a quarter shorter.
"""

import io
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.display import status_iterator

from ext.order import connect

# Name, punctuation and whitespace: coloured as the text around them in both styles of the theme.
PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')


def drop_plain_spans(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Unwrap what looks the same without its span."""
    if "body" in context:
        context["body"] = PLAIN.sub(r"\1", context["body"])


def use_palette(path: Path) -> None:
    """Write a picture with a palette of 256 colours, transparent ones among them, if that helps."""
    with Image.open(path) as picture:
        if picture.mode == "P":
            return
        few = picture.convert("RGBA").quantize(256)
    packed = io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    if packed.tell() < path.stat().st_size:
        path.write_bytes(packed.getvalue())


def shrink_figures(app: Sphinx, exception: Exception | None) -> None:
    """Shrink the gallery's figures where the site has its copies."""
    if exception is None and app.builder.format == "html":
        figures = sorted((Path(app.outdir) / "_images").glob("sphx_glr_*.png"))
        for path in status_iterator(
            figures, "shrinking figures ", length=len(figures), stringify_func=str
        ):
            use_palette(path)


def setup(app: Sphinx) -> dict[str, bool]:
    """Work on each page's HTML, and on the figures once they have been copied."""
    connect(app, "html-page-context", drop_plain_spans)
    connect(app, "build-finished", shrink_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
