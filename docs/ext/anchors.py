"""Let both languages have the same anchors.

Of a section the explicit label becomes the anchor. docutils puts the id made from the title first,
and that is the one which headings and contents lists use: a Chinese and an English heading would
never agree. (Terms of the glossary have their English names for anchors: see ``terms``.)
"""

from docutils import nodes
from sphinx.application import Sphinx


def label_first(app: Sphinx, doctree: nodes.document) -> None:
    """Move explicit ids to the front of every section's list of ids."""
    explicit = {doctree.nameids[name] for name, said in doctree.nametypes.items() if said}
    for section in doctree.findall(nodes.section):
        section["ids"].sort(key=lambda name: name not in explicit)  # keeps ties in order
