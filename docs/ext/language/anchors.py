"""Let both languages have the same anchors.

Of a section the explicit label becomes the anchor. docutils puts the id made from the title first,
and that is the one which headings and contents lists use: a Chinese and an English heading would
never agree. (Terms of the glossary have their English names for anchors: see ``term_pairs``.)
"""

from docutils import nodes
from sphinx.application import Sphinx

from ext.order import connect


def label_first(app: Sphinx, doctree: nodes.document) -> None:
    """Move explicit ids to the front of every section's list of ids."""
    explicit = {
        node_id
        for name, node_id in doctree.nameids.items()
        if doctree.nametypes.get(name)
    }
    for section in doctree.findall(nodes.section):
        section["ids"].sort(
            key=lambda node_id: node_id not in explicit
        )  # keeps ties in order


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before the contents list is collected (priority 500)."""
    connect(app, "doctree-read", label_first)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
