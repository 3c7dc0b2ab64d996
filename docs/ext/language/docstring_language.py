"""Mark the English docstrings on Chinese pages as English.

The API is documented in English only. A screen reader has to be told to change its voice, and a
browser its fonts; so everything in a section that holds API entries is wrapped in ``lang="en"``.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from ext.order import connect


def mark_english(app: Sphinx, doctree: nodes.document) -> None:
    """Wrap the contents of each section with API entries, except for its heading."""
    if app.config.language == "en":
        return
    for section in doctree.findall(nodes.section):
        if any(isinstance(child, addnodes.desc) for child in section.children):
            title, *rest = section.children
            before = nodes.raw("", '<div lang="en">', format="html")
            after = nodes.raw("", "</div>", format="html")
            section.children = []
            section += [title, before, *rest, after]


def setup(app: Sphinx) -> dict[str, bool]:
    """Run once the page has been read."""
    connect(app, "doctree-read", mark_english)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
