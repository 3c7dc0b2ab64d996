"""Pages half as heavy, looking the same, whose text does not jump while pictures load.

Names, brackets and blanks of code lose the ``span`` that gives them the colour of plain code.
Pictures gain their size, so that browsers keep their places free and load them late. And a name in
the code is a link the first time in a section; for the keyboard, the first time on the page.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import Image
from sphinx.application import Sphinx

# Name, punctuation and whitespace: coloured as the text around them in both styles of the theme.
PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')

# Where a section begins, the sign beside a heading, and links in code.
LINKS = re.compile(
    r'<section\b|<a (?=class="headerlink")'
    r'|<a (class="sphx-glr-backref[^>]*?href="([^"]+)"[^>]*>)(.*?)</a>',
    re.S,
)

IMG = re.compile(r'<img (?P<rest>[^>]*\bsrc="[^"]*\b_images/(?P<name>[^"]+)(?<!\.svg)"[^>]*)>')
#: In pixels; on a phone such a figure is pushed aside, not made too small to read.
WIDE = 500
#: The theme lets the keyboard push what has the second class.
FIGURE = "wide-figure pst-scrollable-table-container"


def unlink_repeats(body: str) -> str:
    """Keep the first link to each place in the code of a section; of the others, the words.

    Those that the page has had in an earlier section are for the mouse alone, and so are the signs
    beside headings.
    """
    page, section = set[str](), set[str]()

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
        section.add(href)
        page.add(href)
        return found[0]

    return LINKS.sub(first_only, body)


def size_pictures(app: Sphinx, body: str) -> str:
    """Give every bitmap in the page its width and height, and let all but the first wait."""
    sources = {new: Path(app.srcdir, old) for old, new in app.builder.images.items()}
    waits = ""

    def with_size(found: re.Match[str]) -> str:
        nonlocal waits
        name = unquote(found["name"])  # copied already, or about to be
        path = sources.get(name, Path(app.outdir, "_images", name))
        with Image.open(path) as picture:
            width, height = picture.size
        sized = f'<img width="{width}" height="{height}"{waits} {found["rest"]}>'
        waits = ' loading="lazy"'
        wide = "sphx-glr-single-img" in sized and width > WIDE
        return f'<div class="{FIGURE}">{sized}</div>' if wide else sized

    return IMG.sub(with_size, body)


def change_body(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Change the page's HTML."""
    if "body" in context:
        body = unlink_repeats(PLAIN.sub(r"\1", context["body"]))
        context["body"] = size_pictures(app, body)
