"""Read the gallery's scripts as Sphinx-Gallery does."""

import re
from functools import cache
from pathlib import Path

from sphinx_gallery.py_source_parser import split_code_and_text_blocks

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "gallery"
NAMES = sorted(path.name for path in (GALLERY / "en").glob("*.py"))


@cache
def blocks(lang, name):
    """Return the script's blocks: (type, content, line number)."""
    return split_code_and_text_blocks(str(GALLERY / lang / name))[1]


def cells(lang, name):
    """Return the code blocks of a script."""
    return [block for block in blocks(lang, name) if block.type == "code"]


@cache
def prose(lang, name):
    """Return all text blocks of a script as one text."""
    return "\n\n".join(b.content for b in blocks(lang, name) if b.type == "text")


def captions(lang, name):
    """Return what a script says of its figures: alternative text and caption, as one line each."""
    found = re.findall(
        r"^\.\. figure-text:: .*\n(?:   .*\n|\n)*", prose(lang, name) + "\n", re.M
    )
    return [" ".join(re.sub(r"\\\n\s*", "", text).split()) for text in found]
