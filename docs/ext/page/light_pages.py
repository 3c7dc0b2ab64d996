"""Pages half as heavy, looking the same.

Figures for sharp screens have few colours, but are written with sixteen million: a palette takes
a third of the bytes. And Pygments wraps every name, bracket and blank of the code into a ``span``
whose colour is that of plain code; without these, the tutorial is a quarter shorter.

Nor has a name in the code to be a link each time: the first time in a section is enough, and for
those who read with the keyboard the first on the page.
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

# Where a section begins, the sign beside a heading, and links in code.
LINKS = re.compile(
    r'<section\b|<a (?=class="headerlink")'
    r'|<a (class="sphx-glr-backref[^>]*?href="([^"]+)"[^>]*>)(.*?)</a>',
    re.S,
)


def unlink_repeats(body: str) -> str:
    """Keep the first link to each place in the code of a section; of the others, the words.

    Those that the page has had in an earlier section are for the mouse alone, and so are the signs
    beside headings.
    """
    page: set[str] = set()
    section: set[str] = set()

    def first_only(found: re.Match[str]) -> str:
        rest, href, words = found.groups()
        if found[0].startswith("<section"):
            section.clear()
        elif href is None:
            return f'{found[0]}tabindex="-1" '
        elif href in section:
            return words
        elif href in page:
            section.add(href)
            return f'<a tabindex="-1" {rest}{words}</a>'
        else:
            section.add(href)
            page.add(href)
        return found[0]

    return LINKS.sub(first_only, body)


def drop_plain_spans(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Unwrap what looks the same without its span, and what has been a link before."""
    if "body" in context:
        context["body"] = unlink_repeats(PLAIN.sub(r"\1", context["body"]))


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
