"""Show a function or class of ``mnist_tut`` on a page: the very source that the tests test.

``.. tested-source:: mnist_tut.by_hand.nll`` shows the object's source and, below it, a link to
its API entry. ``:docstring:`` shows the docstring too; pages are shorter without.
"""

import ast
import importlib
import inspect
import textwrap
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def find_object(name: str) -> Any:
    """Import what a dotted name stands for: a module's function or class."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def source_of(name: str, docstring: bool = False) -> str:
    """Return the source of an object, by default without its docstrings."""
    source = textwrap.dedent(inspect.getsource(find_object(name)))
    return source if docstring else without_docstrings(source)


def without_docstrings(source: str) -> str:
    """Take the docstrings out of a piece of source, and leave everything else as it is."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            text = node.body[0]
            for number in range(text.lineno - 1, text.end_lineno or text.lineno):
                lines[number] = None  # type: ignore[call-overload]
            after = text.end_lineno or text.lineno
            if (
                isinstance(node, ast.ClassDef)
                and after < len(lines)
                and not lines[after]
            ):
                lines[after] = None  # type: ignore[call-overload]
    return "\n".join(line for line in lines if line is not None)


class TestedSource(SphinxDirective):
    """The ``tested-source`` directive."""

    required_arguments = 1
    option_spec = {"docstring": directives.flag}  # noqa: RUF012  (docutils wants a plain dict)

    def run(self) -> list[nodes.Node]:
        """Return the source and the line of links below it."""
        name = self.arguments[0]
        try:
            found = find_object(name)
            source = source_of(name, "docstring" in self.options)
        except (ImportError, AttributeError, OSError, TypeError, ValueError) as error:
            raise self.error(f"tested-source: cannot show {name!r}: {error}") from error
        self.env.note_dependency(inspect.getsourcefile(inspect.getmodule(found)))
        block = nodes.literal_block(
            source, source, language="python", classes=["tested-source"]
        )
        return [block, self.links(name)]

    def links(self, name: str) -> nodes.Node:
        """Return the small line below the source."""
        line = nodes.paragraph(classes=["tested-source-links"])
        xref = addnodes.pending_xref(
            "",
            refdomain="py",
            reftype="obj",
            reftarget=name,
            refexplicit=True,
            refwarn=True,
        )
        xref += nodes.literal("", name)
        line += [xref]
        return line


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("tested-source", TestedSource)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
