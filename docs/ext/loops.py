"""Name the cells that hold the steps of a program, and show what changes from step to step.

A text block of a script may end with this, and speaks of the code cell that follows::

    .. loop:: optim
       :from: linear

With ``:from:`` the lines of that cell that are new since the earlier one are marked, and those that
they replace stand above it; not a line that binds a name which a cell still takes from it. Lines
are compared without their indentation: one that only moved in or out is marked and not repeated.
"""

import ast
import difflib
from collections.abc import Iterator
from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_gallery._doctree_links import _split_lines, code_links_block

from ext.package_source import names_bound, names_from_outside

DEFINITION = (ast.FunctionDef, ast.ClassDef)

logger = logging.getLogger(__name__)


class Loop(SphinxDirective):
    """The ``loop`` directive."""

    required_arguments = 1
    option_spec = {"from": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return a node that remembers the names until the page is read."""
        node = nodes.container(loop=self.arguments[0], old=self.options.get("from"))
        self.set_source_info(node)
        return [node]


def cell_after(node: nodes.Element) -> nodes.literal_block | None:
    """Return the code cell that directly follows a loop directive."""
    later = node.parent.children[node.parent.index(node) + 1 :]
    quiet = (nodes.comment, nodes.target)
    cell = next((n for n in later if not isinstance(n, quiet)), None)
    if not isinstance(cell, nodes.literal_block):
        return None
    return None if "sphx-glr-script-out" in cell["classes"] else cell


def code_of(blocks: list[nodes.literal_block]) -> str:
    """Return the code of cells and of sources shown, not of exercises."""
    python = [b for b in blocks if b.get("language", "").lower() == "python"]
    return "\n".join(b.astext() for b in python if not b.parent.parent.get("exercise"))


def compare(
    old: str, new: str, later: str = "", between: str = ""
) -> tuple[list[list[str]], list[int]]:
    """Return the groups of lines that went, and the numbers of the lines that are new.

    A line has not gone if the new cell, or a `later` one, takes a name from it: one that the code
    `between` the two cells has not given another meaning.
    """
    before, after = code_lines(old), code_lines(new)
    used = needed_by(f"{new}\n{later}") - {*names_bound(between)}
    kept = {n for n, names in names_by_line(old).items() if names & used}
    gone, come = [], []
    plain, other = ([line.strip() for _, line in lines] for lines in (before, after))
    matcher = difflib.SequenceMatcher(None, plain, other, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":  # but for the indentation
            pairs = zip(before[i:i_end], after[j:j_end], strict=True)
            come += [number for (_, line), (number, now) in pairs if line != now]
        else:
            gone.append([line for n, line in before[i:i_end] if n not in kept])
            come += [number for number, _line in after[j:j_end]]
    return [group for group in gone if group], come


def needed_by(code: str) -> set[str]:
    """Collect the names that the statements of a program take from what ran before it."""
    needed: set[str] = set()
    bound: set[str] = set()
    for node in ast.parse(code).body:
        parts = [node, getattr(node, "value", None)]  # a value is taken first
        parts += [n.target for n in ast.walk(node) if isinstance(n, ast.AugAssign)]
        for part in filter(None, parts):
            needed |= set(names_from_outside(ast.unparse(part))) - bound
        bound |= {*names_bound(ast.unparse(node))}
    return needed


def names_by_line(code: str) -> dict[int, set[str]]:
    """Map the lines of a cell to the names that their statements bind for all that follows."""
    found: dict[int, set[str]] = {}
    for node in reversed([*ast.walk(ast.parse(code))]):  # from the inside out
        whole = isinstance(node, DEFINITION) or not hasattr(node, "body")
        if isinstance(node, ast.stmt) and whole:
            names = {*names_bound(ast.unparse(node))}
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            found |= dict.fromkeys(lines, names)
    return found


def code_lines(code: str) -> list[tuple[int, str]]:
    """Return the lines of a cell with their numbers, without blanks and comments."""
    lines = enumerate(map(str.rstrip, code.splitlines()), start=1)
    return [(n, line) for n, line in lines if line.strip()[:1] not in ("", "#")]


def mark_loops(app: Sphinx, doctree: nodes.document) -> None:
    """Give each loop's cell its anchor, mark what is new in it, and tell of mistakes."""
    blocks = list(doctree.findall(nodes.literal_block))
    cells: dict[str, nodes.literal_block] = {}
    for node in [n for n in doctree.findall(nodes.container) if "loop" in n]:
        name, old, cell = node["loop"], node["old"], cell_after(node)
        if cell is None or name in cells or (old and old not in cells):
            said = f"loop {name!r} comes twice, has no code cell below it, or no {old!r} above it"
            logger.warning(said, location=node)
            node.parent.remove(node)
            continue
        gone, new = list[list[str]](), list[int]()
        if old:
            start, end = blocks.index(cells[old]), blocks.index(cell)
            around = code_of(blocks[end + 1 :]), code_of(blocks[start + 1 : end])
            gone, new = compare(cells[old].astext(), cell.astext(), *around)
        cells[name] = cell
        kind, place = "loop changed" if old else "loop", nodes.make_id(f"loop-{name}")
        holder = nodes.container(classes=kind.split(), ids=[place], new_lines=new)
        cell.replace_self(holder)
        holder += cell
        node.replace_self(replaced(gone))


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
                [nodes.inline("", "", *line, classes=["hll"])] if number in numbers else line
            )
            line, number = [], number + 1
    yield from line


def replaced(gone: list[list[str]]) -> list[nodes.Node]:
    """Write the lines that went, for the page and for a notebook, which marks nothing in cells.

    On the page their minus signs are made by the style sheet.
    """
    if not gone:
        return []
    caption = _("Replaced:")
    words = _("The next cell does without these lines of the step before:")
    groups = "\n\n".join("\n".join(group) for group in gone)
    spans = ("".join(f"<span>{escape(line)}\n</span>" for line in group) for group in gone)
    html = f"""<div class="replaced" role="group" aria-label="{caption}">\
<p aria-hidden="true">{caption}</p>\
<pre lang="en">{"".join(f"<del>{lines}</del>" for lines in spans)}</pre></div>
"""
    notebook = f"{words}\n\n```python\n{groups}\n```"
    return [nodes.raw("", html, format="html"), nodes.raw("", notebook, format="markdown")]


# How many lines a loop has -----------------------------------------------------------------------


def loop_lines(cell: str) -> list[str]:
    """List the lines of a cell's loop, or of one without: no blanks, comments, imports, prints."""
    body = ast.parse(cell).body
    loops: list[ast.stmt] = [node for node in body if isinstance(node, ast.For)]
    quiet = ("import ", "from ", "print(")
    within: set[int] = set()
    for node in loops or (n for n in body if not ast.unparse(n).startswith(quiet)):
        within.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return [line for number, line in code_lines(cell) if number in within]
