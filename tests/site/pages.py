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
    """
    found = sorted(
        path for path in folder.rglob("*.html") if "_static" not in path.parts
    )
    alike = [
        path
        for path in found
        if path.parent.name == "tests" and path.name != "index.html"
    ]
    return [path for path in found if path not in alike[1:]]
