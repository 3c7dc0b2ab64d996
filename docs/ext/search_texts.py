"""What the search looks through: every section of the site, in one script.

Sphinx's index knows pages, not sections, and neither outputs nor Chinese as it is typed; and to
quote a page it fetches it, which browsers refuse on ``file://``. So the text of every section, term
and name of the API is written into one script, with the lists of ``docs/search``: what sounds
alike, what means much the same, and by which words readers ask for a section.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx_gallery.directives import imgsgnode

from ext.languages import LANGUAGES, folder_of
from ext.markup import plain_formula
from ext.terms import read_terms

SCRIPT = Path(__file__).parent / "search.js"
WORDS = Path(__file__).parents[1] / "search"
TEXTS = "search-texts.js"
SENTENCE = r"(?<=: |, )(?:[^\s,]+ ){3,}[^,\n]+(?:, |$)"  # in a list: four words or more
REMARKS = r"^\s*(//.*|/\*[\s\S]*?\*/)\n|^ +|(?<=[,;{]) //.*"  # of the script, and its indentation
#: What a page is, if it is not a lesson; search.js says how much that counts.
KINDS = {"glossary": "glossary", "api": "api", "about": "about", "tutorials/nn_tutorial": "first"}

#: Not to be found: what is folded (but answers), what the page does not show, and its last lines.
HIDDEN = {"folded", "tested-source-links"}
HIDDEN |= {"sphx-glr-timing", "sphx-glr-footer", "sphx-glr-signature"}
OF_ITS_OWN = nodes.section | addnodes.glossary | addnodes.desc
SKIPPED = OF_ITS_OWN | nodes.title | nodes.raw | nodes.comment | nodes.system_message


def read(env: BuildEnvironment, page: str) -> nodes.document:
    """Return a page as it was read; its references say the titles that they lead to."""
    doctree = env.get_doctree(page)
    for xref in list(doctree.findall(addnodes.pending_xref)):
        if xref["reftype"] in ("ref", "doc") and not xref.get("refexplicit"):
            target = xref["reftarget"].lstrip("/")
            place = env.domains.standard_domain.labels.get(target, ("", "", ""))
            title = env.titles[target].astext() if target in env.titles else place[2]
            xref.children = [nodes.Text(title)]
    return doctree


def plain(node: nodes.Node) -> str:
    """Return what a reader sees of a node."""
    parts = []
    for text in node.findall(nodes.Text):
        if isinstance(text.parent, nodes.math):
            parts.append(plain_formula(text.astext()))
        elif not isinstance(text.parent, nodes.raw | nodes.math_block):
            parts.append(text.astext())
    inline = isinstance(node, nodes.TextElement)
    return " ".join(("" if inline else " ").join(parts).split())


def seen(node: nodes.Element) -> Iterator[nodes.Element]:
    """Yield the blocks of text below a node that are its own, and its pictures."""
    links = {_("In the tutorial"), _("Tested by")}  # fields of the API that hold nothing else
    for child in node.children:
        if not isinstance(child, nodes.Element) or isinstance(child, SKIPPED):
            continue
        if HIDDEN & set(child["classes"]) and "answer" not in child["classes"]:
            continue
        if isinstance(child, nodes.TextElement | imgsgnode):
            yield child
        elif not isinstance(child, nodes.field) or child[0].astext() not in links:
            yield from seen(child)


def own_text(node: nodes.Element) -> tuple[str, str, str]:
    """Return the prose of a section, with what its pictures show, its code and its outputs."""
    kinds: tuple[list[str], list[str], list[str]] = ([], [], [])
    for block in seen(node):
        if isinstance(block, imgsgnode):
            kinds[0].append(block["alt"])
        elif not isinstance(block, nodes.literal_block):
            kinds[0].append(plain(block))
        else:
            kinds[1 + ("sphx-glr-script-out" in block["classes"])].append(plain(block))
    prose, code, outputs = (" ".join(filter(None, texts)) for texts in kinds)
    return re.sub(r"(?<=[，。：；？！）”]) ", "", prose), code, outputs


def sections_of(doctree: nodes.document) -> Iterator[list[str]]:
    """Yield anchor, title, prose, code and outputs of all that has a place of its own on a page."""
    for node in doctree.findall(nodes.Element):
        if isinstance(node, nodes.section):
            title = next(iter(node.findall(nodes.title)))
            yield [node["ids"][0], title.astext(), *own_text(node)]
        elif isinstance(node, nodes.definition_list_item) and isinstance(
            node.parent.parent, addnodes.glossary
        ):
            yield [node[0]["ids"][0], plain(node[0]), *own_text(node[-1])]
        elif isinstance(node, addnodes.desc) and node[0]["ids"]:
            yield [node[0]["ids"][0], node[0]["ids"][0], *own_text(node[-1])]


def names(language: str) -> list[list[str]]:
    """Return the names of each term, first the one that stands in the glossary."""
    order = sorted(LANGUAGES, key=lambda folder: folder != language)
    also = [f"also_{key}" for key in order] + ["search"]
    return [
        [term[key] for key in order] + [n for key in also for n in term.get(key, [])]
        for term in read_terms()
    ]


def asked(language: str) -> str:
    """Return what readers type who want a section; Chinese ones type messages and names, too."""
    english = (WORDS / "asked" / "en.txt").read_text("utf-8")
    if language == "en":
        return english
    lines = english.splitlines(keepends=True)
    short = [line if line.startswith("wrong-") else re.sub(SENTENCE, "", line) for line in lines]
    own = WORDS / "asked" / f"{language}.txt"  # a new language may have none yet
    return "".join(short) + (own.read_text("utf-8") if own.exists() else "")


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the script with the texts; a script, unlike a data file, loads from ``file://``."""
    if exception is not None or app.builder.format != "html":
        return
    language = folder_of(app.config)
    lists = [*WORDS.glob("*.txt"), *(WORDS / language).glob("*.txt")]
    found: dict[str, Any] = {path.stem: path.read_text("utf-8") for path in lists}
    words = tomllib.loads((WORDS / "words.toml").read_text("utf-8"))
    found["words"] = {name: _(word) for name, word in words.items()}
    found |= {"names": names(language), "asked": asked(language)}
    found["pages"] = {
        page: [
            app.env.titles[page].astext(),
            KINDS.get(page, "home" if page.endswith("index") else "lesson"),
        ]
        for page in sorted(app.env.found_docs)
        if "nosearch" not in app.env.metadata[page]
    }
    sections = [
        [page, *section] for page in found["pages"] for section in sections_of(read(app.env, page))
    ]
    # Column by column, what is alike lies together, and is smaller when it is compressed.
    found["columns"] = list(zip(*sections, strict=True))
    data = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    code = re.sub(REMARKS, "", SCRIPT.read_text("utf-8"), flags=re.M)
    Path(app.outdir, SCRIPT.name).write_text(code, encoding="utf-8")
    Path(app.outdir, TEXTS).write_text(f"window.searchTexts = {data};\n", encoding="utf-8")


def replace_sphinx_search(app: Sphinx) -> None:
    """Let Sphinx make no index; its search page is a page like others then."""
    setattr(app.builder, "search", False)  # noqa: B010  (of builders that make HTML)
    app.config.html_additional_pages["search"] = "search.html"
