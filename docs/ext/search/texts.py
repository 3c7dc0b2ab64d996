"""What the search looks through: every section of the site, in one script.

Sphinx's index knows pages, not sections, and neither outputs nor Chinese as it is typed; and to
quote a page it fetches it, which browsers refuse on ``file://``. So the text of every section, of
every entry of the glossary and of every name in the API is written into one script, together with
the names that each term goes by, and ``search.js`` makes its index of them when somebody searches.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.locale import _
from sphinx_gallery.directives import imgsgnode

from ext.language.languages import LANGUAGES, folder_of
from ext.language.term_pairs import read_terms
from ext.order import connect

SCRIPT = Path(__file__).parent / "search.js"
TRADITIONAL = Path(__file__).parents[2] / "zh" / "traditional.txt"
TEXTS = "search-texts.js"
#: What a page is, if it is not a lesson; search.js says how much that counts.
KINDS = {
    "glossary": "glossary",
    "api": "api",
    "about": "about",
    "tutorials/nn_tutorial": "first",
}

#: Not to be found: what is folded (but answers), what the page does not show, and its last lines.
HIDDEN = {"folded", "only-in-downloads", "tested-source-links"}
HIDDEN |= {"sphx-glr-timing", "sphx-glr-footer", "sphx-glr-signature"}
OF_ITS_OWN = nodes.section | addnodes.glossary | addnodes.desc
SKIPPED = OF_ITS_OWN | nodes.title | nodes.raw | nodes.comment | nodes.system_message


def title_later(text: nodes.Text) -> str:
    """Return a mark for the title that a reference will show once all pages have been read."""
    xref = text.parent.parent
    if not isinstance(xref, addnodes.pending_xref) or xref.get("refexplicit"):
        return ""
    known = xref.get("reftype") in ("ref", "doc")
    return f"\0{xref['reftarget'].lstrip('/')}\0" if known else ""


def titles_now(env: BuildEnvironment, text: str) -> str:
    """Put the titles in the place of their marks."""

    def title(found: re.Match[str]) -> str:
        if found[1] in env.titles:
            return env.titles[found[1]].astext()
        return env.domains.standard_domain.labels.get(found[1], ("", "", ""))[2]

    return re.sub("\0([^\0]*)\0", title, text)


def formula(latex: str) -> str:
    """Write a short formula as plain text: ``1/√784 = 0.0357``."""
    for name, sign in (("sqrt", "√"), ("sum", "∑"), ("text", "")):
        latex = latex.replace(f"\\{name}", sign)
    return re.sub(r"[\\{}]", "", latex)


def plain(node: nodes.Node) -> str:
    """Return what a reader sees of a node."""
    parts = []
    for text in node.findall(nodes.Text):
        if isinstance(text.parent, nodes.math):
            parts.append(formula(text.astext()))
        elif not isinstance(text.parent, nodes.raw | nodes.math_block):
            parts.append(title_later(text) or text.astext())
    inline = isinstance(node, nodes.TextElement)
    return " ".join(("" if inline else " ").join(parts).split())


def links() -> set[str]:
    """Return the names of the fields of the API that hold nothing but links."""
    return {_("In the tutorial"), _("Tested by")}


def seen(node: nodes.Element) -> Iterator[nodes.Element]:
    """Yield the blocks of text below a node that are its own, and its pictures."""
    for child in node.children:
        if not isinstance(child, nodes.Element) or isinstance(child, SKIPPED):
            continue
        if HIDDEN & set(child["classes"]) and "answer" not in child["classes"]:
            continue
        if isinstance(child, nodes.TextElement | imgsgnode):
            yield child
        elif not isinstance(child, nodes.field) or child[0].astext() not in links():
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


def texts(env: BuildEnvironment) -> dict[str, list[list[str]]]:
    """Return what has been collected so far, by page."""
    if not hasattr(env, "search_texts"):
        env.search_texts = {}  # type: ignore[attr-defined]
    return env.search_texts  # type: ignore[attr-defined]


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a page's texts; the environment is kept from build to build."""
    if "nosearch" not in app.env.metadata[app.env.docname]:
        texts(app.env)[app.env.docname] = list(sections_of(doctree))


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop the texts of a page that has changed or gone."""
    texts(env).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    """Take over what another reading process has collected."""
    read = texts(other)
    texts(env).update({name: read[name] for name in docnames if name in read})


def names(language: str) -> list[list[str]]:
    """Return the names of each term, first the one that stands in the glossary."""
    order = sorted(LANGUAGES, key=lambda folder: folder != language)
    also = [f"also_{key}" for key in order] + ["search"]
    return [
        [term[key] for key in order] + [n for key in also for n in term.get(key, [])]
        for term in read_terms()
    ]


def words() -> dict[str, str]:
    """Return what the result page says, in its language."""
    return {
        "found": _("Best places: {}."),
        "instead": _("Nothing was found for “{}”. These are results for “{}”."),
        "missing": _("Nothing was found for “{}”. These are results for the rest."),
        "nothing": _("Nothing was found for “{}”."),
        "nearest": _("Did you mean one of these?"),
        "glossary": _("All terms are in the glossary."),
    }


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the script with the texts; a script, unlike a data file, loads from ``file://``."""
    if exception is not None or app.builder.format != "html":
        return
    pages = {
        page: [
            app.env.titles[page].astext(),
            KINDS.get(page, "home" if page.endswith("index") else "lesson"),
            [[titles_now(app.env, part) for part in section] for section in sections],
        ]
        for page, sections in texts(app.env).items()
    }
    found = {"pages": pages, "names": names(folder_of(app.config))}
    pairs = [p for p in TRADITIONAL.read_text("utf-8").split() if p[1] in str(found)]
    found |= {"words": words(), "traditional": "".join(pairs)}
    data = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    script = f"window.searchTexts = {data};\n"
    (Path(app.outdir) / TEXTS).write_text(script, encoding="utf-8")
    shutil.copy(SCRIPT, app.outdir)


def replace_sphinx_search(app: Sphinx) -> None:
    """Let Sphinx make no index; its search page is a page like others then."""
    setattr(app.builder, "search", False)  # noqa: B010  (of builders that make HTML)
    app.config.html_additional_pages["search"] = "search.html"


def setup(app: Sphinx) -> dict[str, int]:
    """Register the steps; ``ext.order`` says when they come."""
    connect(app, "builder-inited", replace_sphinx_search)
    connect(app, "doctree-read", collect)
    connect(app, "env-purge-doc", forget)
    connect(app, "env-merge-info", merge)
    connect(app, "build-finished", write)
    return {
        "env_version": 3,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
