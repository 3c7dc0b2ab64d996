"""Caption and alternative text for the figure that a gallery cell has just drawn.

Sphinx-Gallery shows a cell's figure below it, with the example's title for alternative text.
Pictures are the same in every language, so what they show is told by the page::

    .. figure-text:: Twenty digits in four rows, white on black.

       The first twenty training pictures.

The argument replaces the alternative text of the figure above; the content is its caption.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx_gallery.directives import imgsgnode

logger = logging.getLogger(__name__)


class FigureText(SphinxDirective):
    """The ``figure-text`` directive."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the caption, which remembers the alternative text for later."""
        self.assert_has_content()
        caption = nodes.container(classes=["figure-text"])
        text = re.sub(r"\\\n\s*", "", self.arguments[0])  # a break that is no space
        caption["alt"] = " ".join(text.split())
        self.set_source_info(caption)
        self.state.nested_parse(self.content, self.content_offset, caption)
        return [caption]


def give_alt_text(app: Sphinx, doctree: nodes.document) -> None:
    """Hand each caption's alternative text to the picture before it."""
    picture = None
    for node in doctree.findall(lambda n: isinstance(n, imgsgnode | nodes.container)):
        if isinstance(node, imgsgnode):
            picture = node
        elif "figure-text" in node["classes"]:
            if picture is None:
                logger.warning("figure-text without a figure above it", location=node)
                continue
            picture["alt"] = node["alt"].replace('"', "&quot;")
            picture = None
