"""Tell in every API entry where the tutorial uses the object, and what tests it.

Both are found by reading the scripts of the gallery and the tests, never typed.
"""

import functools
import re

from sphinx.application import Sphinx
from sphinx.locale import _

from ext.code.finder import file_for, find_tests
from ext.code.package_source import gallery_scripts
from ext.code.programs import blocks_of
from ext.code.tested_source import count
from ext.downloads.standalone import wanted_names
from ext.language.languages import folder_of
from ext.order import connect

MARK = re.compile(
    r"^\.\. (?:_(?P<label>[\w-]+):|tested-source:: (?P<shown>\S+))$", re.M
)


@functools.cache
def sections(lang: str) -> dict[str, list[str]]:
    """Map the package's objects to the labels of the sections that show or import them."""
    found: dict[str, list[str]] = {}
    for script in gallery_scripts(lang).values():
        label = ""
        for block in blocks_of(script):
            used: list[tuple[str, str]] = []
            if block.type == "text":
                for mark in MARK.finditer(block.content):
                    label = mark["label"] or label
                    if mark["shown"]:
                        used.append((mark["shown"], label))
            else:
                used += [(name, label) for name in wanted_names(block.content)]
            for name, where in used:
                if where not in found.setdefault(name, []):
                    found[name].append(where)
    return found


def add_links(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Append the links to an object's documentation."""
    lang = folder_of(app.config)
    for path in [file_for(name.rpartition(".")[0]), *gallery_scripts(lang).values()]:
        if path:
            app.env.note_dependency(str(path))
    facts = []
    if labels := sections(lang).get(name):
        places = _(", ").join(f":ref:`{label}`" for label in labels)
        facts.append((_("In the tutorial"), places))
    if tests := find_tests(name):
        facts.append((_("Tested by"), f":ref:`{count(tests)} <{tests[0].label}>`"))
    if facts:
        lines += ["", *(f":{title}: {links}" for title, links in facts), ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after napoleon has rewritten the docstring (500)."""
    connect(app, "autodoc-process-docstring", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
