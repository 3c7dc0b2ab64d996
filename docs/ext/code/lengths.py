"""A table of how long each program of a page is, with bars.

::

    .. program-lengths:: by-hand functional module fit
       :script: nn_tutorial.py
       :own: mnist_tut.by_hand
       :apart: start

Each name is that of a ``loop``. Lines are those that :func:`programs.length` counts: first the
program's own, then those of functions from ``mnist_tut`` that serve other programs, too, except for
the modules named by ``:own:``. Names set ``:apart:`` only serve to compare programs: statements
that use them are passed over. Below the table the first and the last program can
be unfolded. On a page of the gallery ``:script:`` may be left out.
"""

import html
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from ext.code.loops import anchor
from ext.code.package_source import gallery_scripts, module_named
from ext.code.programs import GIVEN, Program, cells_of_script, program


class lengths(nodes.General, nodes.Element):
    """The table: rows of title, anchor, own and kept lines, and the page they lead to."""

    @property
    def head(self) -> list[str]:
        """The words in its first row."""
        several = any(kept for *_row, kept in self["rows"])
        return [
            _("Program"),
            _("Lines of its own"),
            *([_("Lines kept for other models")] if several else []),
        ]

    def as_markdown(self) -> str:
        """Write the table for a notebook."""
        rows = [
            [title, *map(str, numbers[: len(self.head) - 1])]
            for title, _anchor, *numbers in self["rows"]
        ]
        lines = [self.head, ["---", *["---:"] * (len(self.head) - 1)], *rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


class ProgramLengths(SphinxDirective):
    """The ``program-lengths`` directive."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {  # noqa: RUF012  (docutils wants a plain dict)
        "script": directives.unchanged_required,
        "own": directives.unchanged_required,
        "apart": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the table, and the first and the last program folded away."""
        page = Path(self.env.docname).name
        stem = self.options.get("script", page).removesuffix(".py")
        script = gallery_scripts(Path(self.env.srcdir).name).get(f"tutorials/{stem}")
        if script is None:
            raise self.error(f"{self.name}: the gallery has no script {stem}.py")
        own, apart = (self.options.get(name, "").split() for name in ("own", "apart"))
        try:
            titles = {cell.loop: cell.title for cell in cells_of_script(script)}
            found = [
                program(script, n, GIVEN, apart) for n in self.arguments[0].split()
            ]
        except ValueError as error:
            raise self.error(f"{self.name}: {error}") from error
        modules = {p.module for part in found for p in part.pieces if p.module}
        for path in [script, *(module_named(name).path for name in modules)]:
            self.env.note_dependency(str(path))
        rows = [
            (titles[part.name], anchor(part.name), *part.lengths(own)) for part in found
        ]
        table = lengths("", rows=rows, page=f"tutorials/{stem}")
        return [
            table,
            *(folded(part, titles[part.name]) for part in (found[0], found[-1])),
        ]


def folded(part: Program, title: str) -> nodes.Node:
    """Fold a whole program away under a line that opens it; works without any script."""
    summary = html.escape(_("The whole program: {}").format(title))
    opening = f'<details class="program"><summary>{summary}</summary>'
    holder = nodes.container(classes=["folded", "only-on-site"])
    holder += nodes.raw("", opening, format="html")
    holder += nodes.literal_block(part.code, part.code, language="python")
    holder += nodes.raw("", "</details>", format="html")
    return holder


def visit_lengths(translator: HTML5Translator, node: lengths) -> None:
    """Write the table, with a bar for the program's own lines; the longest fills its place."""
    builder = translator.builder
    page = builder.get_relative_uri(builder.current_docname, node["page"])
    longest = max(own for _title, _anchor, own, _kept in node["rows"])
    head = "".join(f'<th scope="col">{html.escape(words)}</th>' for words in node.head)
    rows = []
    for title, target, *numbers in node["rows"]:
        width = 100 * numbers[0] / longest
        cells = "".join(
            f"<td>{number}</td>" for number in numbers[: len(node.head) - 1]
        )
        rows.append(
            f'<tr><th scope="row"><a href="{page}#{target}">{html.escape(title)}</a></th>'
            f'{cells}<td aria-hidden="true"><i style="width: {width:.1f}%"></i></td></tr>'
        )
    translator.body.append(
        f'<div class="pst-scrollable-table-container"><table class="table program-lengths">'
        f'<thead><tr>{head}<td aria-hidden="true"></td></tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>\n"
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("program-lengths", ProgramLengths)
    app.add_node(lengths, html=(visit_lengths, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
