"""Write a resolved docutils tree as Markdown, for notebooks.

Knows the nodes our pages use, and refuses others by name: nothing is left out silently.
"""

from collections.abc import Callable
from urllib.parse import urljoin

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError

SILENT = (nodes.comment, nodes.target, nodes.raw, addnodes.index, nodes.image)


def indent(text: str, first: str, rest: str) -> str:
    """Put a mark before the first line of a text, and another before all others."""
    start, *lines = text.split("\n")
    return "\n".join([first + start, *((rest + line).rstrip() for line in lines)])


class Markdown:
    """Turns nodes into text; ``block`` for what stands alone, ``inline`` within a line.

    Parameters
    ----------
    level : int
        Level of the headings.
    page : str
        Address of the page, if it is published: links within the site start from there.
    """

    def __init__(self, level: int = 1, page: str = "") -> None:
        self.level = level
        self.page = page

    def blocks(self, children: list[nodes.Node]) -> str:
        """Write several blocks, with blank lines between."""
        return "\n\n".join(filter(None, map(self.block, children)))

    def block(self, node: nodes.Node) -> str:
        """Write one block."""
        if isinstance(node, SILENT) or "only-on-site" in node["classes"]:
            return ""
        if write := getattr(node, "as_markdown", None):
            return write()  # a node of our own
        if isinstance(node, nodes.TextElement) and "lang" in node.attributes:
            return self.code(
                node
            )  # a block in which Sphinx-Gallery has linked the names
        for kind, write in self.writers().items():
            if isinstance(node, kind):
                return write(node)
        raise ExtensionError(
            f"no Markdown for a {type(node).__name__}: {node.astext()[:60]!r}"
        )

    def writers(self) -> dict[type[nodes.Node], Callable[[nodes.Element], str]]:
        """Map each kind of block to what writes it."""
        return {
            nodes.title: lambda n: f"{'#' * self.level} {self.text(n)}",
            nodes.paragraph: self.text,
            nodes.bullet_list: self.bullet_list,
            nodes.definition_list: lambda n: self.blocks(n.children),
            nodes.definition_list_item: self.definition,
            nodes.Admonition: self.admonition,
            nodes.literal_block: self.code,
            nodes.math_block: lambda n: f"$$\n{n.astext().strip()}\n$$",
            nodes.container: self.container,
        }

    def bullet_list(self, node: nodes.Element) -> str:
        """Write a list."""
        return "\n".join(
            indent(self.blocks(item.children), "- ", "  ") for item in node
        )

    def definition(self, node: nodes.Element) -> str:
        """Write a term in bold, and what is said of it as a list item below."""
        term = self.text(next(iter(node.findall(nodes.term))))
        about = self.blocks(next(iter(node.findall(nodes.definition))).children)
        return f"**{term}**\n\n{about}"

    def admonition(self, node: nodes.Element) -> str:
        """Write a note or tip as a quotation that begins with its kind."""
        from sphinx.locale import admonitionlabels

        title = admonitionlabels[type(node).__name__]
        return indent(f"**{title}**\n\n{self.blocks(node.children)}", "> ", "> ")

    def code(self, node: nodes.Element) -> str:
        """Write a block of code that is not to be run."""
        language = node.get("language") or node.get("lang", "")
        return f"```{'' if language == 'default' else language}\n{node.astext().rstrip()}\n```"

    def container(self, node: nodes.Element) -> str:
        """Write what a container holds."""
        return self.blocks(node.children)

    def text(self, node: nodes.Element) -> str:
        """Write the content of a paragraph, as one line."""
        return "".join(map(self.inline, node.children))

    def inline(self, node: nodes.Node) -> str:
        """Write what stands within a line."""
        if isinstance(node, nodes.Text):
            return node.astext().replace("\n", " ")
        if isinstance(node, nodes.math):
            return f"${node.astext()}$"
        if isinstance(node, nodes.literal):
            return f"`{node.astext()}`"
        if isinstance(node, nodes.reference):
            return self.reference(node)
        if isinstance(node, nodes.emphasis | nodes.strong):
            mark = "*" if isinstance(node, nodes.emphasis) else "**"
            return f"{mark}{self.text(node)}{mark}"
        if isinstance(node, nodes.inline):
            introduced = "std-term" in node["classes"]
            return f"*{self.text(node)}*" if introduced else self.text(node)
        if isinstance(node, SILENT):
            return ""
        raise ExtensionError(
            f"no Markdown for a {type(node).__name__}: {node.astext()[:60]!r}"
        )

    def reference(self, node: nodes.Element) -> str:
        """Write a link that works anywhere; one within a site without an address is only text."""
        target = node.get("refuri") or f"#{node.get('refid')}"
        if self.page:
            target = urljoin(self.page, target)
        text = self.text(node)
        return f"[{text}]({target})" if target.startswith("https://") else text
