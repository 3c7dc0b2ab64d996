"""Show the source of a function or class in a page, linked to what documents and tests it.

``.. tested-source:: mnist_tut.by_hand.nll`` shows the object's source without its docstring. Below
it its name leads to its API entry, and a small link to the tests that state something about it.
With ``:folded: words`` these words stand there, and unfold it. A name that does not exist or has no
test fails the build.
"""

import html

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

from ext.code.finder import Stated, file_for, find_tests
from ext.code.package_source import find, source_of


def count(tests: list[Stated]) -> str:
    """Say how many tests there are."""
    return _("1 test") if len(tests) == 1 else _("{} tests").format(len(tests))


def all_of(name: str) -> str:
    """Return the label of the list of an object's tests."""
    return f"tests-of-{name}".lower()


def shown(name: str) -> str:
    """Return the label of the place that shows an object's source."""
    return f"shown-{name}".lower()


def folded(box: nodes.Element, words: str) -> nodes.Element:
    """Fold a box away under a line that opens it; works without any script."""
    holder = nodes.container(classes=["folded"])
    opening = f'<details class="source"><summary>{html.escape(words)}</summary>'
    holder += [
        nodes.raw("", opening, format="html"),
        box,
        nodes.raw("", "</details>", format="html"),
    ]
    return holder


class TestedSource(SphinxDirective):
    """The ``tested-source`` directive."""

    required_arguments = 1
    option_spec = {"folded": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return the source and the line of links below it."""
        name = self.arguments[0]
        try:
            module, _attribute = find(name)
        except ValueError as error:
            raise self.error(f"{self.name}: cannot show {name!r}: {error}") from error
        for path in filter(None, [module.path, file_for(name.rpartition(".")[0])]):
            self.env.note_dependency(str(path))
        tests = find_tests(name)
        if not tests:
            raise self.error(
                f"{self.name}: no test names {name!r}, so it cannot be shown"
            )
        source = source_of(name)
        box = nodes.container(classes=["tested-source"])
        line = nodes.paragraph(classes=["tested-source-links"])
        line += [
            self.link("py", "obj", name, nodes.literal("", name)),
            nodes.Text(" · "),
            self.link("std", "ref", all_of(name), nodes.inline("", count(tests))),
        ]
        box += [nodes.literal_block(source, source, language="python"), line]
        words = self.options.get("folded")
        holder = folded(box, words) if words else box
        holder["tested_source"] = name
        holder["names"].append(shown(name))
        self.state.document.note_explicit_target(holder)
        return [holder]

    def link(self, domain: str, role: str, target: str, text: nodes.Node) -> nodes.Node:
        """Return a link that Sphinx will resolve, or complain about."""
        return addnodes.pending_xref(
            "",
            text,
            refdomain=domain,
            reftype=role,
            reftarget=target,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("tested-source", TestedSource)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
