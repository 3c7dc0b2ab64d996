"""Let the names in shown sources link to their reference pages, like those in the page's cells.

Sphinx-Gallery links the names that it finds in a page's own code. Sources of ``mnist_tut`` use
more of them, so these are added to its list before the pages are read. A name that stands for
several things on a page (``model`` is a function first and a variable later) is taken off the
list: no link is better than a wrong one.
"""

import ast
import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx_gallery.backreferences import identify_names

from ext.code.package_source import package_files
from ext.code.programs import blocks_of
from ext.order import connect


def names_of(source: str) -> dict[str, list[dict[str, Any]]]:
    """Return the names that a module uses, as Sphinx-Gallery notes them down."""
    return identify_names([], ref_regex=r"$^", node=ast.parse(source))


def ambiguous(code: str) -> set[str]:
    """Return the names that a page imports and also assigns, or imports from two modules."""
    origins: dict[str, set[str]] = {}
    assigned = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origins.setdefault(alias.asname or alias.name, set()).add(
                    node.module or ""
                )
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.add(node.id)
    return {
        name
        for name, modules in origins.items()
        if len(modules) > 1 or name in assigned
    }


def add_names(app: Sphinx) -> None:
    """Complete and clean the list of every page of the gallery."""
    for page in Path(app.srcdir, "tutorials").glob("*.codeobj.json"):
        known = json.loads(page.read_text(encoding="utf-8"))
        script = page.with_name(page.name.replace(".codeobj.json", ".py"))
        shown = "\n".join(b.content for b in blocks_of(script) if b.type == "code")
        merged = known | names_of(shown)
        for path in package_files():
            for name, objects in names_of(path.read_text(encoding="utf-8")).items():
                merged.setdefault(name, objects)
        for name in ambiguous(shown):
            merged.pop(name, None)
        if merged != known:
            page.write_text(json.dumps(merged), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after Sphinx-Gallery (500) has written its list."""
    connect(app, "builder-inited", add_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
