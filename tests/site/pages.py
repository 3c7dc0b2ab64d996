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
