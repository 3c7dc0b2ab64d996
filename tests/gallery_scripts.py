"""Read the gallery's scripts as Sphinx-Gallery does."""

from pathlib import Path

from sphinx_gallery.py_source_parser import split_code_and_text_blocks

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "gallery"
NAMES = sorted(path.name for path in (GALLERY / "en").glob("*.py"))


def blocks(lang, name):
    """Return the script's blocks: (type, content, line number)."""
    return split_code_and_text_blocks(str(GALLERY / lang / name))[1]


def cells(lang, name):
    """Return the code blocks of a script."""
    return [block for block in blocks(lang, name) if block.type == "code"]


def prose(lang, name):
    """Return all text blocks of a script as one text."""
    return "\n\n".join(b.content for b in blocks(lang, name) if b.type == "text")
