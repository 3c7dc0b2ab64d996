"""Let both languages have the same anchors.

Of a section the explicit label becomes the anchor. docutils puts the id made from the title first,
and that is the one which headings and contents lists use: a Chinese and an English heading would
never agree. A term of the glossary has its English name for an anchor; Chinese ones Sphinx would
only number, so that a new term would move those of all that follow.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from ext.language.term_pairs import read_terms
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


def name_terms(app: Sphinx, doctree: nodes.document) -> None:
    """Give every term of the glossary the anchor that it has on the English page."""
    english = {term["zh"]: term["en"] for term in read_terms()}
    domain = app.env.domains.standard_domain
    for glossary in doctree.findall(addnodes.glossary):
        for term in glossary.findall(nodes.term):
            text = term.astext()
            anchor = nodes.make_id(f"term {english.get(text, text)}")
            term["ids"] = [anchor]
            domain.objects["term", text] = (app.env.docname, anchor)
            domain._terms[text.lower()] = (app.env.docname, anchor)


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before the contents list is collected (priority 500)."""
    connect(app, "doctree-read", label_first)
    connect(app, "doctree-read", name_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
