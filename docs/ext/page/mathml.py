"""Formulas as MathML, which browsers draw themselves.

Sphinx's usual way loads a megabyte of JavaScript from another host. Our few formulas need
neither: docutils can turn LaTeX into MathML while the page is built.
"""

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def visit_math(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(latex2mathml.tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_displaymath(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands by itself."""
    formula = latex2mathml.tex2mathml(node.astext(), as_block=True)
    translator.body.append(
        translator.starttag(node, "div", CLASS="math") + formula + "</div>\n"
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
