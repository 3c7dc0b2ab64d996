"""Fold long outputs of a gallery's cells, so that they do not push the lesson off the screen."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _

from ext.order import connect

LONGEST = 12  # lines; a longer output is folded


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Put each long output into a ``details`` element, which browsers fold without a script."""
    for block in list(doctree.findall(nodes.literal_block)):
        lines = len(block.astext().splitlines())
        if "sphx-glr-script-out" not in block["classes"] or lines <= LONGEST:
            continue
        summary = _("Output, {} lines").format(lines)
        opening = f'<details class="long-output"><summary>{summary}</summary>'
        before = nodes.raw("", opening, format="html")
        after = nodes.raw("", "</details>", format="html")
        place = block.parent.index(block)
        block.parent.insert(place + 1, after)
        block.parent.insert(place, before)


def setup(app: Sphinx) -> dict[str, bool]:
    """Run once the page has been read."""
    connect(app, "doctree-read", fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
