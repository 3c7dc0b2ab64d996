"""Show the source of a function or class in a page, linked to what documents and tests it.

``.. tested-source:: mnist_tut.by_hand.nll`` shows the object's source without its docstring. Below
it its name leads to its API entry, and a small link to the tests that state something about it.
With ``:folded: words`` these words stand there, and unfold it. A name that does not exist or has no
test fails the build.

On a page of the gallery the box is the definition, as it is in the downloads: it begins with the
imports that no cell above has made, and the cells do not import what a box shows.
"""

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx_gallery.backreferences import identify_names

from ext.boxes import fold
from ext.package_source import (
    Stated,
    files_of_tests,
    find,
    find_tests,
    imports,
    imports_of,
    joined,
    needs,
    once,
    package_files,
    source_of,
    without_imports,
)
from ext.scripts import cells_of, gallery_scripts


def count(tests: list[Stated]) -> str:
    """Say how many tests there are."""
    return _("1 test") if len(tests) == 1 else _("{} tests").format(len(tests))


def all_of(name: str) -> str:
    """Return the label of the list of an object's tests."""
    return f"tests-of-{name}".lower()


def shown(name: str) -> str:
    """Return the label of the place that shows an object's source."""
    return f"shown-{name}".lower()


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
        tests, file = find_tests(name), files_of_tests().get(name.rpartition(".")[0])
        for path in filter(None, [module.path, file]):
            self.env.note_dependency(str(path))
        if not tests:
            raise self.error(f"{self.name}: no test names {name!r}, so it cannot be shown")
        source = source_of(name)
        box = nodes.container(classes=["tested-source"])
        links = f":py:obj:`{name}` · :ref:`{count(tests)} <{all_of(name)}>`"
        line = nodes.paragraph(classes=["tested-source-links"])
        line += self.parse_inline(links, lineno=self.lineno)[0]
        box += nodes.literal_block(source, source, language="python", source_of=name)
        box += line
        words = self.options.get("folded")
        holder = fold("source", words, box) if words else box
        holder["tested_source"] = name
        place = nodes.make_id(shown(name))
        if words and place not in self.state.document.ids:
            holder["ids"].append(place)
        if not words:  # a box that is folded may stand on several pages
            holder["names"].append(shown(name))
            self.state.document.note_explicit_target(holder)
        return [holder]


def import_of(name: str) -> str:
    """Write the import of an object of the package."""
    module, _, last = name.rpartition(".")
    return f"from {module} import {last}"


def put_imports_right(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out of a page's cells the imports of what it shows, and complete its boxes'."""
    if not app.env.docname.startswith("tutorials/"):
        return
    blocks = list(doctree.findall(nodes.literal_block))
    sources = {block: block.get("source_of", "") for block in blocks}
    made: set[str] = set()
    for block in blocks:
        code = block.astext()
        if name := sources[block]:
            hidden = set(needs(name)) - set(sources.values())
            wanted = [*imports_of(name), *map(import_of, hidden)]
            missing = joined(set(wanted) - made)
            code = f"{missing}\n\n\n{code}" if missing else code
        elif block.get("language") == "Python":  # Sphinx-Gallery's word for its cells
            code = without_imports(code, sources.values())
        else:
            continue
        made |= {each.alone for each in imports(ast.parse(code).body)}
        block[:] = [nodes.Text(code)]
        block.rawsource = code  # unlike what it holds, it would not be highlighted
        if not code:
            block.parent.remove(block)


# The links of names in shown sources -------------------------------------------------------------


@once
def names_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the names that a file uses, as Sphinx-Gallery notes them down."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return identify_names([], ref_regex=r"$^", node=tree)


def ambiguous(code: str) -> set[str]:
    """Return the names that a page imports and also assigns, or imports from two modules."""
    parts = list(ast.walk(ast.parse(code)))
    origins = {(each.local, each.module) for each in imports(parts) if each.module}
    count_of = Counter(local for local, _module in origins)
    names = [n for n in parts if isinstance(n, ast.Name)]
    assigned = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name for name, n in count_of.items() if n > 1 or name in assigned}


def link_names(app: Sphinx) -> None:
    """Let the names in shown sources link to their reference pages, like those in the cells.

    Sphinx-Gallery lists the names that it finds in a page's own code. Sources of ``mnist_tut`` use
    more of them. A name that stands for several things on a page (``model`` is a function first and
    a variable later) is taken off the list: no link is better than a wrong one.
    """
    for docname, script in gallery_scripts(Path(app.srcdir).name).items():
        page = Path(app.srcdir, f"{docname}.codeobj.json")
        if not page.exists():
            continue
        known = json.loads(page.read_text(encoding="utf-8"))
        merged = known | names_of(script)
        for path in package_files():
            merged = names_of(path) | merged
        for name in ambiguous("\n".join(cell.code for cell in cells_of(script))):
            merged.pop(name, None)
        if merged != known:
            page.write_text(json.dumps(merged), encoding="utf-8")
