"""Formulas as MathML, which browsers draw themselves.

Sphinx's usual way loads a megabyte of JavaScript from another host. Our few formulas need
neither: docutils can turn LaTeX into MathML while the page is built.
"""

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.writers.html5 import HTML5Translator


def visit(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula within a line, or one that stands by itself."""
    block = isinstance(node, nodes.math_block)
    translator.body.append(latex2mathml.tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode
