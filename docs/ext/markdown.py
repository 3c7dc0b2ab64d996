"""Write a resolved docutils tree as Markdown, for notebooks.

Knows the nodes our pages use, and refuses others by name: nothing is left out silently.
"""

import html
import re
from collections.abc import Callable
from urllib.parse import urljoin

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError
from sphinx.locale import _, admonitionlabels
from sphinx_gallery.directives import imgsgnode

from ext import boxes

SILENT = (nodes.comment, nodes.target, nodes.raw, addnodes.index, nodes.image, imgsgnode)
#: Outputs and pictures come from running the cells.
UNWRITTEN = {"only-on-site", "sphx-glr-script-out", "sphx-glr-horizontal"}
FULL_WIDTH = "，。：；？！、（）“”《》…"
NEAR = re.compile(r"^#|glossary|api\.html")  # a name that links there says enough
WITHIN = re.compile(f"([{FULL_WIDTH}]*)(.*?)([{FULL_WIDTH}]*)", re.S)


def indent(text: str, first: str, rest: str) -> str:
    """Put a mark before the first line of a text, and another before all others."""
    start, *lines = text.split("\n")
    return "\n".join([first + start, *((rest + line).rstrip() for line in lines)])


class Markdown:
    """Turns nodes into text, with headings of a level.

    If the page is published, links within the site start from its address `page`.
    """

    def __init__(self, level: int = 1, page: str = "") -> None:
        self.level = level
        self.page = page
        self.writers: dict[type[nodes.Node], Callable[..., str]] = {
            nodes.title: lambda n: f"{'#' * level} {self.text(n)}",
            nodes.paragraph: self.text,
            nodes.bullet_list: self.list_of,
            nodes.enumerated_list: self.list_of,
            nodes.definition_list: self.blocks,
            nodes.definition_list_item: self.blocks,
            nodes.term: lambda n: f"**{self.text(n)}**",
            nodes.definition: self.blocks,
            nodes.Admonition: self.admonition,
            nodes.literal_block: self.code,
            nodes.math_block: lambda n: f"$$\n{n.astext().strip()}\n$$",
            nodes.container: self.container,
            boxes.box: self.box,
            nodes.math: lambda n: f"${n.astext()}$",
            nodes.literal: lambda n: f"`{n.astext()}`",
            nodes.reference: self.reference,
            nodes.emphasis: lambda n: self.marked(n, "*"),
            nodes.strong: lambda n: self.marked(n, "**"),
            nodes.inline: lambda n: self.marked(n, "*" * ("std-term" in n["classes"])),
        }

    def write(self, node: nodes.Node) -> str:
        """Write a block, or what stands within a line."""
        if isinstance(node, nodes.Text):
            return node.astext().replace("\n", " ")
        if isinstance(node, nodes.raw) and node["format"] == "markdown":
            return node.astext()
        if isinstance(node, SILENT) or UNWRITTEN & {*node["classes"]}:
            return ""
        if "lang" in node.attributes:  # Sphinx-Gallery has linked names in this block
            return self.code(node)
        for kind, write in self.writers.items():
            if isinstance(node, kind):
                return write(node)
        about = f"{type(node).__name__}: {node.astext()[:60]!r}"
        raise ExtensionError(f"no Markdown for a {about}")

    def blocks(self, children: nodes.Element | list[nodes.Node]) -> str:
        """Write several blocks, with blank lines between."""
        return "\n\n".join(filter(None, map(self.write, children)))

    def container(self, node: nodes.Element) -> str:
        """Write what it holds; below a caption, what the figure shows, for who cannot see it."""
        words = nodes.paragraph("", node.get("alt", ""))
        fold = [boxes.fold("alt", _("In words"), words)] * ("alt" in node)
        return self.blocks([*node.children, *fold])

    def text(self, node: nodes.Element) -> str:
        """Write the content of a paragraph, as one line."""
        words, aside = "".join(map(self.write, node.children)), _("{} (on the site)").format("")
        return re.sub(f'{re.escape(aside)}([》”"])', rf"\1{aside}", words)

    def marked(self, node: nodes.Element, mark: str) -> str:
        """Write emphasis. Between punctuation and a Chinese character it would not end."""
        before, words, after = WITHIN.fullmatch(self.text(node)).groups()  # type: ignore[union-attr]
        return f"{before}{mark}{words}{mark}{after}" if words else before

    def reference(self, node: nodes.Element) -> str:
        """Write a link that works anywhere, or say that it would lead to a page of the site."""
        target = node.get("refuri") or f"#{node.get('refid')}"
        if self.page:
            target = urljoin(self.page, target)
        text, elsewhere = self.text(node), NEAR.search(target) is None
        if target.startswith("https://"):
            return f"[{text}]({target})"
        return _("{} (on the site)").format(text) if elsewhere else text

    def list_of(self, node: nodes.Element) -> str:
        """Write a list, with or without numbers (Markdown counts for itself)."""
        mark = "1. " if isinstance(node, nodes.enumerated_list) else "- "
        items = (indent(self.blocks(item), mark, " " * len(mark)) for item in node)
        return "\n".join(items)

    def admonition(self, node: nodes.Element) -> str:
        """Write a note or tip as a quotation that begins with its kind."""
        title = admonitionlabels[type(node).__name__]
        return indent(f"**{title}**\n\n{self.blocks(node)}", "> ", "> ")

    def box(self, node: nodes.Element) -> str:
        """Write a question, or fold a piece; Markdown within HTML wants blank lines around it."""
        if "summary" not in node:
            return self.blocks(node)
        opening = f"<details><summary>{html.escape(node['summary'])}</summary>"
        return f"{opening}\n\n{self.blocks(node)}\n\n</details>"

    def code(self, node: nodes.Element) -> str:
        """Write a block of code that is not to be run."""
        language = node.get("language") or node.get("lang", "")
        language = "" if language == "default" else language
        return f"```{language}\n{node.astext().rstrip()}\n```"
