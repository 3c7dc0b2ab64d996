"""Name the cells that hold the steps of a program, and show what changes from step to step.

A text block of a script may end with::

    .. loop:: optim
       :from: linear
       :title: with an optimizer

It speaks of the code cell that follows. With ``:from:`` the lines of that cell that are new since
the earlier one are marked, and those that they replace stand above it. Lines are compared without
their indentation: one that only moved in or out is marked and not repeated. Blank lines and
comments are not compared.
"""

import difflib
import html
from collections.abc import Iterator

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinx_gallery._doctree_links import _split_lines, code_links_block

from ext.order import connect

logger = logging.getLogger(__name__)


class loop(nodes.General, nodes.Element):
    """What a loop directive says; later the lines that its cell replaces."""

    @property
    def caption(self) -> str:
        """The words above the lines that went."""
        return _("Replaced:")

    def as_markdown(self) -> str:
        """Write the lines that went, for a notebook."""
        groups = "\n\n".join("\n".join(group) for group in self["gone"])
        return f"{self.caption}\n\n```python\n{groups}\n```" if groups else ""


class Loop(SphinxDirective):
    """The ``loop`` directive."""

    required_arguments = 1
    option_spec = {  # noqa: RUF012  (docutils wants a plain dict)
        "from": directives.unchanged_required,
        "title": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return a node that remembers the names until the page is read."""
        node = loop("", loop=self.arguments[0], old=self.options.get("from"), gone=[])
        self.set_source_info(node)
        return [node]


def cell_after(node: loop) -> nodes.literal_block | None:
    """Return the code cell that directly follows a loop directive."""
    later = node.parent.children[node.parent.index(node) + 1 :]
    quiet = (nodes.comment, nodes.target)
    cell = next((n for n in later if not isinstance(n, quiet)), None)
    if not isinstance(cell, nodes.literal_block):
        return None
    return None if "sphx-glr-script-out" in cell["classes"] else cell


def compare(old: str, new: str) -> tuple[list[list[str]], list[int]]:
    """Return the groups of lines that went, and the numbers of the lines that are new."""
    before = [line for _number, line in code_lines(old)]
    after = code_lines(new)
    plain = [line.strip() for line in before], [line.strip() for _number, line in after]
    gone, come = [], []
    matcher = difflib.SequenceMatcher(None, *plain, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":  # but for the indentation
            pairs = zip(before[i:i_end], after[j:j_end], strict=True)
            come += [number for line, (number, other) in pairs if line != other]
        else:
            gone.append(before[i:i_end])
            come += [number for number, _line in after[j:j_end]]
    return [group for group in gone if group], come


def code_lines(code: str) -> list[tuple[int, str]]:
    """Return the lines of a cell with their numbers, without blanks and comments."""
    lines = enumerate((line.rstrip() for line in code.splitlines()), start=1)
    return [
        (number, line)
        for number, line in lines
        if line and not line.lstrip().startswith("#")
    ]


def mark_loops(app: Sphinx, doctree: nodes.document) -> None:
    """Give each loop's cell its anchor, and mark what is new in it."""
    cells: dict[str, str] = {}
    for node in doctree.findall(loop):
        name, old = node["loop"], node["old"]
        cell = cell_after(node)
        if cell is None:
            complain(node, "no code cell follows the loop %r", name)
            continue
        if name in cells:
            complain(node, "there is another loop %r on this page", name)
        cells.setdefault(name, cell.astext())
        new: list[int] = []
        if old is not None and old not in cells:
            complain(
                node,
                "the loop %r is said to come from %r, which is not above it",
                name,
                old,
            )
        elif old is not None:
            node["gone"], new = compare(cells[old], cell.astext())
            if not new and not node["gone"]:
                complain(node, "the loop %r is the same as %r", name, old)
        kind = ["loop", "changed"] if old else ["loop"]
        holder = nodes.container(classes=kind, ids=[anchor(name)], new_lines=new)
        cell.replace_self(holder)
        holder += cell


def complain(node: loop, message: str, *names: str) -> None:
    """Tell of a mistake; builds run with -W."""
    logger.warning(message, *names, location=node)


def anchor(name: str) -> str:
    """Return the id of a loop's cell."""
    return nodes.make_id(f"loop-{name}")


class MarkNewLines(SphinxPostTransform):
    """Mark the new lines, whether Sphinx-Gallery has linked the names in a cell or not."""

    default_priority = 6  # Sphinx-Gallery links at 5

    def run(self, **kwargs: object) -> None:
        """Mark them in every cell."""
        for holder in self.document.findall(nodes.container):
            for cell in holder.children if holder.get("new_lines") else []:
                if isinstance(cell, code_links_block):
                    cell.children = list(with_marks(cell, set(holder["new_lines"])))
                else:
                    cell["highlight_args"] = {"hl_lines": holder["new_lines"]}


def with_marks(block: nodes.Element, numbers: set[int]) -> Iterator[nodes.Node]:
    """Yield the pieces of a block with its marked lines wrapped, as Pygments does it."""
    line: list[nodes.Node] = []
    number = 1
    for piece in (piece for child in block.children for piece in _split_lines(child)):
        line.append(piece)
        if piece.astext().endswith("\n"):
            yield from (
                [nodes.inline("", "", *line, classes=["hll"])]
                if number in numbers
                else line
            )
            line, number = [], number + 1
    yield from line


def visit_loop(translator: HTML5Translator, node: loop) -> None:
    """Write the lines that went; their minus signs are made by the style sheet."""
    if node["gone"]:
        groups = "".join(
            "<del>"
            + "".join(f"<span>{html.escape(line)}\n</span>" for line in group)
            + "</del>"
            for group in node["gone"]
        )
        translator.body.append(
            f'<div class="replaced" role="group" aria-label="{node.caption}">'
            f'<p aria-hidden="true">{node.caption}</p><pre lang="en">{groups}</pre></div>\n'
        )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive; work on pages that are read, and again when they are written."""
    app.add_directive("loop", Loop)
    app.add_node(loop, html=(visit_loop, None))
    app.add_post_transform(MarkNewLines)
    connect(app, "doctree-read", mark_loops)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
