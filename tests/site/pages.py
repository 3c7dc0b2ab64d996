"""Parse the pages of the built site."""

import functools

from bs4 import BeautifulSoup


@functools.cache
def parse(path):
    """Parse one page; pages are long, and many tests look at the same."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html5lib")
