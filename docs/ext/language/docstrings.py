"""The docstrings in the language of the page.

They are written in English, in the code. ``docs/locale/zh_CN/LC_MESSAGES/docstrings.po`` holds the
Chinese of each of their pieces: paragraphs, entries of lists, what stands behind a parameter's
name, and types that are said in words. A piece without Chinese stops the build.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import read_po
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

from ext.code.package_source import in_package
from ext.order import connect

FILE = Path(__file__).parents[2] / "locale/zh_CN/LC_MESSAGES/docstrings.po"
WITH_TYPES = {"Parameters", "Returns", "Yields"}
NAMES_ONLY = re.compile(r'[\w.{}"]+(, (?!optional)[\w.{}"]+)*')
PLAIN = nodes.paragraph | nodes.inline  # Sphinx wraps what a function returns
logger = logging.getLogger(__name__)


class Piece(NamedTuple):
    """A piece of text: its lines, what stands before it in the first, and the text in one line."""

    start: int
    end: int
    before: str
    text: str


def pieces(lines: list[str]) -> Iterator[Piece]:
    """Yield the pieces of a docstring that are said in words."""
    section, at = "", 0
    while at < len(lines):
        line, below = lines[at], "".join(lines[at + 1 : at + 2])
        start, at = at, at + 1
        if below and not below.strip("-"):
            section, at = line, at + 1
        elif section == "Raises" and line and line[0] != " ":
            pass  # the name of an exception
        elif section in WITH_TYPES and line and line[0] != " ":
            name, colon, kind = line.rpartition(" : ")
            if not NAMES_ONLY.fullmatch(kind):
                yield Piece(start, at, name + colon, kind)
        elif line:
            before = re.match(r" *(- )?", line)[0]  # type: ignore[index]
            inner = " " * len(before)
            while at < len(lines) and re.match(rf"{inner}[^ -]", lines[at]):
                at += 1
            text = " ".join(part.strip() for part in lines[start:at])
            yield Piece(start, at, before, text.removeprefix("- "))


@cache
def read_chinese(changed_at: int) -> dict[str, str]:
    """Read the catalogue."""
    with FILE.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}


def chinese() -> dict[str, str]:
    """Return the Chinese of every piece, read again when the file has changed."""
    return read_chinese(FILE.stat().st_mtime_ns)


def first_sentence(source: str, lang: str) -> str:
    """Return what the first line of a module says, in a language."""
    line = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    return chinese().get(line, line) if lang == "zh" else line


def translate(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Put the Chinese into the place of the English, on a Chinese page."""
    ours = in_package(getattr(obj, "__module__", name))  # not what a module imports
    if app.config.language != "zh_CN" or not ours:
        return
    app.env.note_dependency(str(FILE))
    for piece in reversed(list(pieces(lines))):
        said = chinese().get(piece.text)
        if said is None:
            logger.warning("%s lacks the Chinese of %r, of %s", FILE, piece.text, name)
        else:
            lines[piece.start : piece.end] = [piece.before + said]


def punctuate(app: Sphinx, doctree: nodes.document) -> None:
    """Part names, types and descriptions by the marks that the language has for it."""
    marks = (" (", "（"), (") -- ", "）："), (" -- ", "：")
    if app.config.language != "zh_CN":
        marks = ((") -- ", ") – "), (" -- ", " – "))
    bodies = [
        body
        for entry in doctree.findall(addnodes.desc_content)
        for body in entry.findall(nodes.field_body)
    ]
    for text in [text for body in bodies for text in body.findall(nodes.Text)]:
        for old, mark in marks:
            if text.startswith(old) and isinstance(text.parent, PLAIN):
                new = nodes.Text(mark + text.removeprefix(old))
                text.parent.replace(text, new)
                break


def setup(app: Sphinx) -> dict[str, bool]:
    """Translate what napoleon has still to read; punctuate what it and Sphinx have written."""
    connect(app, "autodoc-process-docstring", translate)
    connect(app, "doctree-read", punctuate)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
