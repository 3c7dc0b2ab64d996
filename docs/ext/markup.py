"""Small things that we do to markup: anchors, formulas, and the texts of figures.

Sphinx-Gallery shows a cell's figure below it, with the example's title for alternative text.
Pictures are the same in every language, so what they show is told by the page::

    .. figure-text:: Twenty digits in four rows, white on black.

       The first twenty training pictures.

The argument replaces the alternative text of the figure above; the content is its caption.
"""

import re

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator
from sphinx_gallery.directives import imgsgnode

logger = logging.getLogger(__name__)


def label_first(app: Sphinx, doctree: nodes.document) -> None:
    """Let both languages have the same anchors: explicit labels, before ids made from titles."""
    explicit = {doctree.nameids[name] for name, said in doctree.nametypes.items() if said}
    for section in doctree.findall(nodes.section):
        section["ids"].sort(key=lambda name: name not in explicit)  # keeps ties in order


def visit_math(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers draw themselves, without a script."""
    block = isinstance(node, nodes.math_block)
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


def plain_formula(latex: str) -> str:
    r"""Write a formula as plain text: ``e^{x_i} / \sqrt{n}`` as exp(x_i) / √n."""
    text = re.sub(r"e\^\{([^{}]*)\}", r"exp(\1)", latex)
    for name, sign in (("sqrt", "√"), ("sum", "∑"), ("text", "")):
        text = text.replace(f"\\{name}", sign)
    return re.sub(r"[\\{}]", "", text)


class FigureText(SphinxDirective):
    """The ``figure-text`` directive."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the caption, which remembers the alternative text for later."""
        self.assert_has_content()
        text = re.sub(r"\\\n\s*", "", self.arguments[0])  # a break that is no space
        content, alt = self.parse_content_to_nodes(), " ".join(text.split())
        caption = nodes.container("", *content, classes=["figure-text"], alt=alt)
        self.set_source_info(caption)
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
            else:
                picture["alt"] = node["alt"].replace('"', "&quot;")
            picture = None
