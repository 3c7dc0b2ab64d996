"""Room for every picture before it has loaded, so that the text does not jump.

Neither Sphinx nor Sphinx-Gallery writes a picture's size. With it the browser keeps the place free,
and can load the pictures below the first one when the reader comes near.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

from ext.order import connect

IMG = re.compile(r"<img\b[^>]*>")
WIDE = (
    500  # pixels; on a phone such a figure is pushed aside, not made too small to read
)
#: The theme lets the keyboard push what has the second class.
FIGURE = "wide-figure pst-scrollable-table-container"
SRC = re.compile(r'\bsrc="([^"]+)"')


def file_of(app: Sphinx, src: str) -> Path | None:
    """Find the file behind a picture's address: copied already, or about to be."""
    name = PurePosixPath(unquote(src)).name
    sources = {new: old for old, new in getattr(app.builder, "images", {}).items()}
    places = [Path(app.outdir) / "_images" / name]
    if name in sources:
        places.append(Path(app.srcdir) / sources[name])
    return next((place for place in places if place.exists()), None)


def size_pictures(app: Sphinx, body: str) -> str:
    """Give every bitmap in the page its width and height, and let all but the first wait."""
    count = 0

    def with_size(found: re.Match[str]) -> str:
        nonlocal count
        tag, src = found[0], SRC.search(found[0])
        if src is None or " width=" in tag or src[1].endswith(".svg"):
            return tag
        path = file_of(app, src[1])
        if path is None:
            return tag
        with Image.open(path) as picture:
            width, height = picture.size
        count += 1
        wait = ' loading="lazy"' if count > 1 else ""
        sized = f'<img width="{width}" height="{height}"{wait}{tag[4:]}'
        wide = "sphx-glr-single-img" in tag and width > WIDE
        return f'<div class="{FIGURE}">{sized}</div>' if wide else sized

    return IMG.sub(with_size, body)


def change_body(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Change the page's HTML."""
    if "body" in context:
        context["body"] = size_pictures(app, context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Work on each page as it is written."""
    connect(app, "html-page-context", change_body)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
