"""Parse the pages of the built site."""

import functools

from bs4 import BeautifulSoup


@functools.cache
def parse(path):
    """Parse one page; pages are long, and many tests look at the same."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(path):
    """Collect the places on a page that a link may lead to."""
    return {tag["id"] for tag in parse(path).select("[id]")} | {""}


def to_open(folder):
    """List the pages to open in a browser.

    The pages of the tests are made alike, and they are long: the index and one of them will do.
    So are those of the sources.
    """
    found = sorted(
        path for path in folder.rglob("*.html") if "_static" not in path.parts
    )
    others = [path for path in found if path.name != "index.html"]
    for part in ("tests", "_modules"):
        alike = [path for path in others if part in path.relative_to(folder).parts]
        found = [path for path in found if path not in alike[1:]]
    return found


def pages(folder):
    """List all pages in a folder."""
    return sorted(
        path for path in folder.rglob("*.html") if "_static" not in path.parts
    )
