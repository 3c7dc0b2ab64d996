"""The glossary page of each language, from the one list of term pairs, and the hints at its terms.

The directive ``term-pairs`` makes of ``docs/glossary.toml`` what Sphinx's ``glossary`` would; but
both languages share their anchors, each has its own alphabet, and the twin stands beside the term.
Each link to a term gets the definition as its title; ``terms.js`` makes a box of it.
"""

import html
import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.std import make_glossary_term
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

from ext.languages import LANGUAGES, folder_of
from ext.markup import plain_formula

LINK = re.compile(r"glossary\.html#(term-[\w-]+)$")
FILE = Path(__file__).parents[1] / "glossary.toml"
# The common characters of GB 2312 stand in the order of pinyin. Of those with two readings it knows
# one, and rare ones follow other rules: these sort by a character that is always read so.
READ_AS = str.maketrans("重校熵", "虫叫伤")  # chóng, jiào, shāng


def read_terms() -> list[dict[str, Any]]:
    """Return the entries: en, zh, about_en, about_zh, and some also_en, also_zh and search."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))["term"]


def anchor(term: dict[str, Any]) -> str:
    """Return the anchor of a term, the same in both languages."""
    return "term-" + re.sub(r"[^A-Za-z0-9]+", "-", term["en"])


def sort_key(word: str) -> bytes:
    """Return what to sort a word by: Latin letters first, then pinyin."""
    return word.lower().translate(READ_AS).encode("gb18030")


def about(term: dict[str, Any], lang: str) -> str:
    """Return the definition of a term, and its other names if it does not tell them."""
    text = " ".join(term[f"about_{lang}"].split())
    others = [name for name in term.get(f"also_{lang}", []) if name not in text]
    if others:
        text += _(" Also: {}.").format(_(", ").join(others))
    return text


class TermPairs(SphinxDirective):
    """The ``term-pairs`` directive."""

    def run(self) -> list[nodes.Node]:
        """Make the glossary."""
        self.env.note_dependency(str(FILE))
        lang = folder_of(self.config)
        terms = sorted(read_terms(), key=lambda term: sort_key(term[lang]))
        entries = nodes.definition_list(classes=["glossary"])
        entries += [self.entry(term, lang) for term in terms]
        glossary = addnodes.glossary("", entries, sorted=False)
        glossary.document = self.state.document
        return [glossary]

    def entry(self, term: dict[str, Any], lang: str) -> nodes.definition_list_item:
        """Make the entry of one term."""
        other = next(name for name in LANGUAGES if name != lang)
        place = str(FILE), self.lineno, anchor(term), self.state.document
        name = make_glossary_term(self.env, [nodes.Text(term[lang])], None, *place)
        if term["en"] != term["zh"]:  # logit is logit in both
            tag = LANGUAGES[other].tag
            twin = f' <span class="twin" lang="{tag}">{html.escape(term[other])}</span>'
            name += nodes.raw("", twin, format="html")  # raw: no part of the term
        definition = nodes.definition("", *self.parse_text_to_nodes(about(term, lang)))
        return nodes.definition_list_item("", name, definition)


# What a link to a term shows ---------------------------------------------------------------------


def hint(term: dict[str, Any], lang: str) -> str:
    """Return a term and its definition as plain text; except in English, with the English term."""
    text = about(term, lang).replace("``", "")
    text = re.sub(r":math:`([^`]*)`", lambda found: plain_formula(found[1]), text)
    twin = "" if term[lang] == term["en"] else f" ({term['en']})"
    if lang == "zh":
        return term["zh"] + twin.replace(" (", "（").replace(")", "）") + "：" + text
    return f"{term[lang]}{twin}: {text}"


def add_titles(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give every link to a term its definition."""
    lang = folder_of(app.config)
    hints = {anchor(term): hint(term, lang) for term in read_terms()}
    for link in doctree.findall(nodes.reference):
        if (found := LINK.search(link.get("refuri", ""))) and found[1] in hints:
            link["reftitle"] = hints[found[1]]
