"""The docstrings in the language of the page.

They are written in English, in the code. ``docs/locale/<language>/LC_MESSAGES/docstrings.po`` holds
the translation of each of their pieces: paragraphs, entries of lists, what stands behind a
parameter's name, and types that are said in words. A piece without one stops the build; a language
without a catalogue has them in English, and marked so.
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

LOCALES = Path(__file__).parents[2] / "locale"
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


def catalogue(language: str) -> Path:
    """Return the path of a language's catalogue."""
    return LOCALES / language / "LC_MESSAGES" / "docstrings.po"


@cache
def read_catalogue(path: Path, changed_at: int) -> dict[str, str]:
    """Read a catalogue."""
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}


def translations(language: str) -> dict[str, str]:
    """Return what every piece is in a language, read again when its catalogue has changed."""
    path = catalogue(language)
    return read_catalogue(path, path.stat().st_mtime_ns) if path.exists() else {}


def first_sentence(source: str, language: str) -> str:
    """Return what the first line of a module says, in a language."""
    line = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    return translations(language).get(line, line)


def translate(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Put the translation into the place of the English, if the language has a catalogue."""
    path = catalogue(app.config.language)
    ours = in_package(getattr(obj, "__module__", name))  # not what a module imports
    if not ours or not path.exists():
        return
    known = translations(app.config.language)
    for piece in reversed(list(pieces(lines))):
        if said := known.get(piece.text):
            lines[piece.start : piece.end] = [piece.before + said]
        else:
            logger.warning("%s lacks %r, of %s", path, piece.text, name)


def punctuate(app: Sphinx, doctree: nodes.document) -> None:
    """Part names, types and descriptions by the marks that the language has for it."""
    marks = [(" (", "（"), (") -- ", "）："), (" -- ", "：")]
    if app.config.language != "zh_CN":
        marks = [(") -- ", ") – "), (" -- ", " – ")]
    if app.config.language != "en" and not catalogue(app.config.language).exists():
        for entry in doctree.findall(addnodes.desc_content):
            entry["classes"].append("language-en")
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
    return {"parallel_read_safe": True, "parallel_write_safe": True}
