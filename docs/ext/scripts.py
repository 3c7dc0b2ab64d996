"""The scripts of the gallery as their pages show them, each read once."""

import re
from pathlib import Path
from typing import NamedTuple

from sphinx_gallery.py_source_parser import (
    Block,
    remove_config_comments,
    remove_ignore_blocks,
    split_code_and_text_blocks,
)

from ext import package_source
from ext.package_source import once

LOOP = re.compile(r"^\.\. loop:: (\S+)\n?(?: {3}:.*\n?)*\s*\Z", re.M)
MARK = re.compile(
    r"^\.\. (?:_(?P<label>[\w-]+):\n+(?P<title>.+)"
    r"|tested-source:: (?P<name>\S+)(?P<folded>\n +:folded:)?)",
    re.M,
)


class Cell(NamedTuple):
    """A code cell of a page; `loop` is empty if no loop directive speaks of it."""

    code: str
    loop: str = ""


class Mention(NamedTuple):
    """A place where the package is used: what, whether it is open to be read, in which section."""

    name: str
    shown: bool
    label: str
    title: str


def gallery_scripts(lang: str) -> dict[str, Path]:
    """Map the pages of the gallery to their scripts in one language."""
    paths = sorted((package_source.ROOT / "gallery" / lang).glob("*.py"))
    return {f"tutorials/{path.stem}": path for path in paths}


@once
def blocks_of(path: Path) -> list[Block]:
    """Return the blocks of a script as its page shows them."""
    blocks = [
        Block(kind, remove_config_comments(remove_ignore_blocks(text)), line)
        for kind, text, line in split_code_and_text_blocks(str(path))[1]
    ]
    return blocks[:-1] if not blocks[-1].content.strip() else blocks


@once
def cells_of(path: Path) -> list[Cell]:
    """Return the code cells of a script, each with the name of its loop if it has one."""
    cells, text = [], ""
    for block in blocks_of(path):
        if block.type == "code":
            loop = LOOP.search(text)
            cells.append(Cell(block.content.strip("\n"), loop[1] if loop else ""))
        text = block.content if block.type == "text" else ""
    return cells


@once
def mentions_in(path: Path) -> list[Mention]:
    """List what a script shows and imports of the package, in the order of its page."""
    found, label, title = [], "", ""
    for block in blocks_of(path):
        if block.type == "code":
            names = [each.full for each in package_source.package_imports(block.content)]
            found += [Mention(name, False, label, title) for name in names]
            continue
        for mark in MARK.finditer(block.content):
            label = mark["label"] or label
            title = (mark["title"] or title).replace("``", "")
            if mark["name"]:
                found.append(Mention(mark["name"], not mark["folded"], label, title))
    return found
