"""Tell in every API entry where the tutorial uses the object, and what tests it.

Both are found by reading the scripts of the gallery and the tests, never typed.
"""

import functools
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.locale import _

from ext.code.finder import file_for, find_tests
from ext.code.package_source import gallery_scripts
from ext.code.programs import blocks_of
from ext.code.tested_source import all_of, count, shown
from ext.downloads.standalone import wanted_names
from ext.language.languages import folder_of
from ext.order import connect

MARK = re.compile(
    r"^\.\. (?:_(?P<label>[\w-]+):\n+(?P<title>.+)|tested-source:: (?P<shown>\S+)$)",
    re.M,
)


def sections(lang: str) -> dict[str, list[str]]:
    """Map the package's objects to links: to where they are shown, or imported.

    They stand in the order in which a reader meets them.
    """
    scripts = gallery_scripts(lang).values()
    return read_sections(tuple((path, path.stat().st_mtime_ns) for path in scripts))


@functools.cache
def read_sections(scripts: tuple[tuple[Path, int], ...]) -> dict[str, list[str]]:
    """Do so unless it was done since a script changed."""
    found: dict[str, dict[str, str]] = {}
    for script, _changed_at in scripts:
        label = title = ""
        for block in blocks_of(script):
            used: list[tuple[str, str]] = []
            if block.type == "text":
                for mark in MARK.finditer(block.content):
                    label = mark["label"] or label
                    title = (mark["title"] or title).replace("``", "")
                    if name := mark["shown"]:
                        used.append((name, f":ref:`{title} <{shown(name)}>`"))
            else:
                names = wanted_names(block.content)
                used += [(name, f":ref:`{label}`") for name in names]
            for name, link in used:
                found.setdefault(name, {}).setdefault(label, link)
    return {name: list(links.values()) for name, links in found.items()}


def links_to_tutorial(name: str, lang: str) -> str:
    """Link the places of the tutorial that show or import an object; none, no text."""
    return _(", ").join(sections(lang).get(name, []))


def add_links(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Append the links to an object's documentation."""
    lang = folder_of(app.config)
    for path in [file_for(name.rpartition(".")[0]), *gallery_scripts(lang).values()]:
        if path:
            app.env.note_dependency(str(path))
    facts = []
    if places := links_to_tutorial(name, lang):
        facts.append((_("In the tutorial"), places))
    if tests := find_tests(name):
        facts.append((_("Tested by"), f":ref:`{count(tests)} <{all_of(name)}>`"))
    if facts:
        lines += ["", *(f":{title}: {links}" for title, links in facts), ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after napoleon has rewritten the docstring (500)."""
    connect(app, "autodoc-process-docstring", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
