"""The glossary page of each language, from the one list of term pairs.

``docs/glossary.toml`` holds every term once, in both languages. The directive ``term-pairs``
turns it into an ordinary Sphinx glossary, so that ``:term:`` links to it.
"""

import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from ext.language.languages import folder_of

FILE = Path(__file__).parents[2] / "glossary.toml"


def read_terms() -> list[dict[str, Any]]:
    """Return the entries: en, zh, about_en, about_zh, and some also_en, also_zh and search."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))["term"]


def glossary_lines(terms: list[dict[str, Any]], lang: str) -> list[str]:
    """Write a Sphinx glossary in one language, in that language's order."""
    other = "zh" if lang == "en" else "en"
    lines = [".. glossary::", ""]
    for term in sorted(terms, key=lambda t: t["en"].lower()):
        about = (
            " ".join(term[f"about_{lang}"].split())
            if lang == "en"
            else term["about_zh"].strip()
        )
        pair = f"*({term[other]})* " if lang == "en" else f"*（{term[other]}）*"
        if term["en"] == term["zh"]:
            pair = ""  # logit is logit in both
        also = [n for n in term.get(f"also_{lang}", []) if n not in about]
        if also:
            about += (
                f" Also: {', '.join(also)}."
                if lang == "en"
                else f"又称：{'、'.join(also)}。"
            )
        lines += [f"   {term[lang]}", f"      {pair}{about}", ""]
    return lines


class TermPairs(SphinxDirective):
    """The ``term-pairs`` directive."""

    def run(self) -> list[nodes.Node]:
        """Parse the glossary as if it stood in the page."""
        lang = folder_of(self.config)
        lines = glossary_lines(read_terms(), lang)
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, source=str(FILE)), 0, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("term-pairs", TermPairs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
