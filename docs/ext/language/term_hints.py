"""A term's definition where it is linked: on hover, focus or tap.

Each link to the glossary gets the definition as its title, which a browser shows without a script
and from ``file://``. ``terms.js`` makes a box of it that fingers and the keyboard reach as well.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from ext.language.languages import folder_of
from ext.language.term_pairs import about, anchor, read_terms
from ext.order import connect

LINK = re.compile(r"glossary\.html#(term-[\w-]+)$")


def formula(found: re.Match[str]) -> str:
    r"""Write a formula as plain text: ``e^{x_i} / \sum_j e^{x_j}`` as exp(x_i) / ∑_j exp(x_j)."""
    text = re.sub(r"e\^\{([^{}]*)\}", r"exp(\1)", found[1])
    return re.sub(r"[\\{}]", "", text.replace(r"\sum", "∑"))


def hint(term: dict[str, Any], lang: str) -> str:
    """Return a term and its definition as plain text; except in English, with the English term."""
    text = re.sub(r":math:`([^`]*)`", formula, about(term, lang)).replace("``", "")
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


def load_script(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load the script on pages that link to terms."""
    links = doctree.findall(nodes.reference) if doctree else []
    if any(LINK.search(link.get("refuri", "")) for link in links):
        app.add_js_file("terms.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Work on pages whose links are resolved."""
    connect(app, "doctree-resolved", add_titles)
    connect(app, "html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
