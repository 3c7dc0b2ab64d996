"""Leave out of a page's cells what its reader has just read: the import of a source shown there.

A script imports from ``mnist_tut`` what ``tested-source`` shows on its page. On the page the box is
the definition, as it is in the downloads, so the import says nothing new. Imports of what is not
shown, such as figures, stay.
"""

from docutils import nodes
from sphinx.application import Sphinx

from ext.code.package_source import package_imports
from ext.order import connect


def leave_out(app: Sphinx, doctree: nodes.document) -> None:
    """Take such imports out of the cells of a gallery page; a cell of nothing else goes."""
    if not app.env.docname.startswith("tutorials/"):
        return
    boxes = doctree.findall(
        lambda node: isinstance(node, nodes.Element) and node.get("tested_source")
    )
    shown = {box["tested_source"] for box in boxes}
    for cell in list(doctree.findall(nodes.literal_block)):
        if cell.get("language") != "Python":  # Sphinx-Gallery's word for its cells
            continue
        code = without(cell.astext(), shown)
        if code:
            cell[:] = [nodes.Text(code)]
            cell.rawsource = code  # unlike what it holds, it would not be highlighted
        else:
            cell.parent.remove(cell)


def without(code: str, shown: set[str]) -> str:
    """Take the imports of shown sources out of a cell, with the blank lines before them."""
    lines = code.splitlines()
    for node in reversed(package_imports(code)):
        if {f"{node.module}.{alias.name}" for alias in node.names} <= shown:
            start = node.lineno - 1
            while start and not lines[start - 1].strip():
                start -= 1
            del lines[start : node.end_lineno]
    return "\n".join(lines).strip("\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before the loops of a page are compared (priority 500)."""
    connect(app, "doctree-read", leave_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
