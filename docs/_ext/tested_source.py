"""Show a function or class of ``mnist_tut`` on a page: the very source that the tests test.

``.. tested-source:: mnist_tut.by_hand.nll`` shows the object's source without its docstring and,
below it, links to its API entry and to the tests that use it. ``:docstring:`` shows the docstring
too; ``:body:`` leaves the first lines up to the body out. ``.. step-diff:: old new`` shows what
changed between two functions. A name that does not exist or has no test fails the build.
"""

import ast
import difflib
import importlib
import inspect
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from test_finder import Test, find_tests, module_tests

WORDS = {
    "en": {
        "api": "reference",
        "tests": "{} tests",
        "test": "1 test",
        "diff": "What changed",
    },
    "zh_CN": {
        "api": "接口文档",
        "tests": "{} 个测试",
        "test": "1 个测试",
        "diff": "改了什么",
    },
}


def find_object(name: str) -> Any:
    """Import what a dotted name stands for: a module's function or class."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def source_of(name: str, docstring: bool = False) -> str:
    """Return the source of an object, by default without its docstrings."""
    source = textwrap.dedent(inspect.getsource(find_object(name)))
    return source if docstring else without_docstrings(source)


def body_of(name: str) -> str:
    """Return the lines of a function below its signature and docstring."""
    source = source_of(name)
    function = ast.parse(source).body[0]
    if not isinstance(function, ast.FunctionDef):
        raise ValueError(f"{name} is no function, so it has no body to show")
    start = function.body[0].lineno - 1
    return textwrap.dedent("\n".join(source.splitlines()[start:]))


def without_docstrings(source: str) -> str:
    """Take the docstrings out of a piece of source, and leave everything else as it is.

    One that is all there is of a function or class stays: something has to.
    """
    lines: list[str | None] = list(source.splitlines())
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) and len(node.body) > 1:
            text = node.body[0]
            after = text.end_lineno or text.lineno
            if (
                isinstance(node, ast.ClassDef)
                and after < len(lines)
                and not lines[after]
            ):
                after += 1  # the blank line that follows a class's docstring
            lines[text.lineno - 1 : after] = [None] * (after - text.lineno + 1)
    return "\n".join(line for line in lines if line is not None)


def folded(summary: str, content: list[nodes.Node], kind: str) -> nodes.Node:
    """Fold content away under a line that opens it; works without any script.

    What we fold is code and the names of tests: English in every language.
    """
    opening = f'<details class="{kind}"><summary>{summary}</summary><div lang="en">'
    holder = nodes.container(classes=["folded"])
    holder += nodes.raw("", opening, format="html")
    holder += content
    holder += nodes.raw("", "</div></details>", format="html")
    return holder


class Shown(SphinxDirective):
    """What both directives share."""

    @property
    def words(self) -> dict[str, str]:
        """Our own words in the page's language."""
        return WORDS[self.config.language]

    def look_up(self, name: str) -> list[Test]:
        """Return the tests of an object; an unknown or untested name is an error."""
        try:
            self.env.note_dependency(inspect.getsourcefile(find_object(name)))
            inspect.getsource(find_object(name))
        except (ImportError, AttributeError, OSError, TypeError, ValueError) as error:
            raise self.error(f"{self.name}: cannot show {name!r}: {error}") from error
        for path in [Path(__file__), *module_tests()]:
            self.env.note_dependency(str(path))
        tests = find_tests().get(name, [])
        if not tests:
            raise self.error(
                f"{self.name}: no test uses {name!r}, so it cannot be shown"
            )
        return tests


class TestedSource(Shown):
    """The ``tested-source`` directive."""

    required_arguments = 1
    option_spec = {  # noqa: RUF012  (docutils wants a plain dict)
        "docstring": directives.flag,
        "body": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the source and the line of links below it."""
        name = self.arguments[0]
        tests = self.look_up(name)
        try:
            source = (
                body_of(name)
                if "body" in self.options
                else source_of(name, "docstring" in self.options)
            )
        except ValueError as error:
            raise self.error(f"{self.name}: {error}") from error
        block = nodes.literal_block(source, source, language="python")
        holder = nodes.container(classes=["tested-source"], tested_source=name)
        holder += [block, *self.links(name, tests)]
        return [holder]

    def links(self, name: str, tests: list[Test]) -> list[nodes.Node]:
        """Return the small line below the source, and the list of tests that it unfolds."""
        line = nodes.paragraph(classes=["tested-source-links"])
        line += [nodes.literal("", name), nodes.Text(" · ")]
        line += self.link("py", "obj", name, self.words["api"])
        count = (
            self.words["test"]
            if len(tests) == 1
            else self.words["tests"].format(len(tests))
        )
        items = nodes.bullet_list()
        for test in tests:
            paragraph = nodes.paragraph(
                "", "", self.link("std", "ref", test.label, test.sentence)
            )
            items += nodes.list_item("", paragraph)
        return [line, folded(count, [items], "tests")]

    def link(self, domain: str, role: str, target: str, text: str) -> nodes.Node:
        """Return a link that Sphinx will resolve, or complain about."""
        xref = addnodes.pending_xref(
            "",
            refdomain=domain,
            reftype=role,
            reftarget=target.lower() if role == "ref" else target,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )
        xref += nodes.inline("", text)
        return xref


class StepDiff(Shown):
    """The ``step-diff`` directive."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Return the difference between two functions' bodies, folded away."""
        for name in self.arguments:
            self.look_up(name)
        old, new = self.arguments
        text = difference(old, new)
        block = nodes.literal_block(text, text, language="diff")
        title = f"{self.words['diff']}: <code>{short(old)}</code> → <code>{short(new)}</code>"
        return [folded(title, [block], "step-diff")]


def short(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def difference(old: str, new: str) -> str:
    """Compare the bodies of two functions, line by line, with all lines they share."""
    lines = difflib.ndiff(body_of(old).splitlines(), body_of(new).splitlines())
    return "\n".join(line.rstrip() for line in lines if not line.startswith("?"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("tested-source", TestedSource)
    app.add_directive("step-diff", StepDiff)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
