"""Search results that show where in a page the words stand, even without a web server.

Sphinx fetches every page found to cut an excerpt out of it. From ``file://`` browsers refuse that,
and of a long page the excerpt shows one place only, usually the contents list. So the text of every
section is written into one script beside the index, and ``search_excerpts.js`` lists, below each
page found, the sections that fit best, each with a link and a few words around the match.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from ext.order import connect

SCRIPT = Path(__file__).parent / "excerpts.js"
TEXTS = "search-texts.js"


#: Not to be found by the search: what has to be unfolded, and what the page does not show.
HIDDEN = {"folded", "only-in-downloads"}
SKIPPED = nodes.title | nodes.section | nodes.raw | nodes.comment | addnodes.glossary


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


def plain(node: nodes.Node) -> str:
    """Return what a reader sees of a node: no formula's LaTeX, no line of links."""
    hidden = nodes.math | nodes.math_block | nodes.raw
    if "tested-source-links" in node.get("classes", []):
        return ""
    parts = [
        title_later(text) or text.astext()
        for text in node.findall(nodes.Text)
        if not isinstance(text.parent, hidden)
    ]
    inline = isinstance(node, nodes.TextElement)
    return " ".join(("" if inline else " ").join(parts).split())


def own_text(section: nodes.section) -> tuple[str, str]:
    """Return a section's prose, to be quoted, and its code, without title and subsections."""
    children = [
        child
        for child in section.children
        if not isinstance(child, SKIPPED) and not HIDDEN & set(child["classes"])
    ]
    blocks = [
        block
        for child in children
        for block in child.findall(nodes.TextElement)
        if not isinstance(block, nodes.Inline)
        and not isinstance(block.parent, nodes.TextElement)
    ]
    prose = [plain(b) for b in blocks if not isinstance(b, nodes.literal_block)]
    code = [plain(b) for b in blocks if isinstance(b, nodes.literal_block)]
    return " ".join(filter(None, prose)), " ".join(code)


def sections_of(doctree: nodes.document) -> Iterator[list[str]]:
    """Yield anchor, title, prose and code of each section, and of each entry of a glossary."""
    for section in doctree.findall(nodes.section):
        title = next(iter(section.findall(nodes.title)))
        yield [section["ids"][0], title.astext(), *own_text(section)]
    for glossary in doctree.findall(addnodes.glossary):
        for item in glossary.findall(nodes.definition_list_item):
            term = next(iter(item.findall(nodes.term)))
            about = next(iter(item.findall(nodes.definition)))
            texts = [plain(paragraph) for paragraph in about.findall(nodes.paragraph)]
            yield [term["ids"][0], plain(term), " ".join(texts), ""]


def texts(env: BuildEnvironment) -> dict[str, list[list[str]]]:
    """Return what has been collected so far, by page."""
    if not hasattr(env, "search_texts"):
        env.search_texts = {}  # type: ignore[attr-defined]
    return env.search_texts  # type: ignore[attr-defined]


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a page's texts; the environment is kept from build to build."""
    page = app.env.docname
    unwanted = "nosearch" in app.env.metadata[page]
    texts(app.env)[page] = [] if unwanted else list(sections_of(doctree))


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop the texts of a page that has changed or gone."""
    texts(env).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    """Take over what another reading process has collected."""
    texts(env).update({name: texts(other)[name] for name in docnames})


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the script with the texts; a script, unlike a data file, loads from ``file://``."""
    if exception is None and app.builder.format == "html":
        found = {
            page: [[titles_now(app.env, part) for part in section] for section in all_]
            for page, all_ in texts(app.env).items()
        }
        pages = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        script = f"window.searchTexts = {pages};\n"
        (Path(app.outdir) / TEXTS).write_text(script, encoding="utf-8")


def switch_off_fetching(app: Sphinx, config: Config) -> None:
    """Keep Sphinx from making excerpts of its own."""
    config.html_show_search_summary = False


def add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Load our two scripts on the search page, and nowhere else."""
    if page == "search":
        texts_url = context["pathto"](TEXTS, resource=True)
        app.add_js_file(None, body=SCRIPT.read_text(encoding="utf-8"), priority=900)
        context["metatags"] = (
            context.get("metatags", "") + f'<script src="{texts_url}" defer></script>\n'
        )


def setup(app: Sphinx) -> dict[str, int]:
    """Collect after the anchors extension has ordered the anchors (priority 400)."""
    connect(app, "config-inited", switch_off_fetching)
    connect(app, "doctree-read", collect)
    connect(app, "env-purge-doc", forget)
    connect(app, "env-merge-info", merge)
    connect(app, "html-page-context", add_scripts)
    connect(app, "build-finished", write)
    return {
        "env_version": 2,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
