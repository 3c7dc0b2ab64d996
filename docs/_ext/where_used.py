"""Tell in every API entry where the tutorial uses the object, and which tests do.

Both are found by reading the scripts of the gallery and the tests, never typed.
"""

import ast
import functools
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx_gallery.py_source_parser import split_code_and_text_blocks
from test_finder import PACKAGE, find_tests, module_tests

ROOT = Path(__file__).parents[2]
MARK = re.compile(
    r"^\.\. (?:_(?P<label>[\w-]+):|tested-source:: (?P<shown>\S+))$", re.M
)
WORDS = {
    "en": {
        "tutorial": "In the tutorial",
        "tests": "Tested by",
        "count": "{} tests",
        "one": "1 test",
        "and": ", ",
    },
    "zh_CN": {
        "tutorial": "见教程",
        "tests": "测试",
        "count": "{} 个",
        "one": "1 个",
        "and": "、",
    },
}


@functools.cache
def sections(lang: str) -> dict[str, list[str]]:
    """Map the package's objects to the labels of the sections that show or import them."""
    found: dict[str, list[str]] = {}
    for script in sorted((ROOT / "gallery" / lang).glob("*.py")):
        label = ""
        for block in split_code_and_text_blocks(str(script))[1]:
            used: list[tuple[str, str]] = []
            if block.type == "text":
                for mark in MARK.finditer(block.content):
                    label = mark["label"] or label
                    if mark["shown"]:
                        used.append((mark["shown"], label))
            else:
                used += [(name, label) for name in imported(block.content)]
            for name, where in used:
                if where not in found.setdefault(name, []):
                    found[name].append(where)
    return found


def imported(code: str) -> list[str]:
    """List the full names that a cell imports from the package, or uses of a module of it."""
    names = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            f"{PACKAGE}."
        ):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "plots":
            names.append(f"{PACKAGE}.plots.{node.attr}")
    return names


def add_links(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Append the links to an object's documentation."""
    lang = "zh" if app.config.language == "zh_CN" else "en"
    words = WORDS[app.config.language]
    for path in [*module_tests(), *(ROOT / "gallery" / lang).glob("*.py")]:
        app.env.note_dependency(str(path))
    facts = []
    if labels := sections(lang).get(name):
        facts.append(
            (words["tutorial"], words["and"].join(f":ref:`{s}`" for s in labels))
        )
    if tests := find_tests().get(name):
        count = words["count" if len(tests) > 1 else "one"].format(len(tests))
        facts.append((words["tests"], f":ref:`{count} <tests-of-{name}>`"))
    if facts:
        lines += ["", *(f":{title}: {links}" for title, links in facts), ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after napoleon has rewritten the docstring (500)."""
    app.connect("autodoc-process-docstring", add_links, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
