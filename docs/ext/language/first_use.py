"""Link each term of the glossary to its entry where a tutorial page first uses it.

Titles, code, links and what is already marked up stay as they are. In English a term is found
as a whole word, plural or not; Chinese has no word boundaries, so the longest term wins, but it is
no part of a Latin word: the softmax of "log-softmax" is not meant.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from ext.language.languages import folder_of
from ext.language.term_pairs import read_terms
from ext.order import connect

LEAVE = (
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.reference,
    nodes.math,
    nodes.raw,
    nodes.comment,
    nodes.caption,
    addnodes.pending_xref,
)


def pattern(terms: list[str], lang: str) -> re.Pattern[str]:
    """Return a pattern that finds any of the terms, longest first."""
    words = "|".join(sorted(map(re.escape, terms), key=len, reverse=True))
    if lang == "zh":
        return re.compile(rf"(?<![a-z-])(?:{words})(?![a-z-])", re.I)
    return re.compile(rf"\b(?:{words})(?=(?:e?s)?\b)", re.I)


def link_first_uses(app: Sphinx, doctree: nodes.document) -> None:
    """Link the first use of every term on a page of the gallery."""
    if not app.env.docname.startswith("tutorials/"):
        return
    lang = folder_of(app.config)
    due = {term[lang].lower(): term[lang] for term in read_terms()}
    for text in list(doctree.findall(nodes.Text)):
        if due and not inside(text, LEAVE):
            link_terms(text, due, lang, app.env.docname)


def inside(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    """Whether a node lies within one of these kinds, or in a part of the page that is folded."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds) or "tested-source" in node.get("classes", []):
            return True
    return False


def link_terms(text: nodes.Text, due: dict[str, str], lang: str, docname: str) -> None:
    """Replace a text by its pieces, with links for the terms that are still due."""
    content = text.astext()
    pieces: list[nodes.Node] = []
    position = 0
    for found in pattern(list(due.values()), lang).finditer(content):
        term = due.pop(found[0].lower(), None)
        if term is None:
            continue
        xref = addnodes.pending_xref(
            "",
            nodes.inline("", found[0], classes=["term"]),
            refdomain="std",
            reftype="term",
            reftarget=term,
            refexplicit=True,
            refwarn=True,
            refdoc=docname,
        )
        pieces += [nodes.Text(content[position : found.start()]), xref]
        position = found.end()
    if pieces:
        pieces.append(nodes.Text(content[position:]))
        text.parent.replace(text, [p for p in pieces if p.astext()])


def setup(app: Sphinx) -> dict[str, bool]:
    """Work on pages as they are read."""
    connect(app, "doctree-read", link_first_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
