"""Downloads that run alone: a notebook and a script that do not need ``mnist_tut``.

Sphinx-Gallery offers each page's program for download as it stands. Ours import from a package
that the reader does not have, and their prose is reStructuredText. So once a page is built, its
downloads are made anew from it: prose as Markdown, every source shown as a cell of its own, set-up,
figures and checks in one folded cell at the top, and no import of the package.

What makes sense on the site only stands in a ``.. container:: only-on-site``.
"""

import ast
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _

from ext import boxes
from ext.markdown import Markdown
from ext.package_source import (
    file_of,
    full_name,
    imports,
    imports_of,
    joined,
    package_imports,
    source_of,
    with_needs,
    without_imports,
)
from ext.scripts import blocks_of, gallery_scripts, mentions_in
from ext.versions import INSTALL, needs_text, setup_cell
from mnist_tut import exercises

STOP = 'sys.exit("{stop}pip install " + " ".join(missing))'
#: For JupyterLab, for Colab, for nbconvert and Jupyter Book.
FOLDED = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
FOLDED["cellView"] = "form"
LONG = re.compile(r'(?<=")[^"\n]{12,}(?=")')  # what code says to its reader


class Cell(NamedTuple):
    """A cell of the download."""

    kind: str  # "markdown" or "code"
    text: str
    hidden: bool = False


class Part(NamedTuple):
    """A piece of a page: prose, an object shown, a cell of its program, or of an exercise."""

    kind: str  # "text", "source", "code", "stub" or "check": then its content is a name
    content: str


def in_order(
    parent: nodes.Element, level: int = 1
) -> Iterator[tuple[nodes.Element, int]]:
    """Yield the blocks of a page as they are read, each with the level of its section."""
    for child in parent.children:
        if isinstance(child, nodes.section):
            yield from in_order(child, level + 1)
        else:
            yield child, level - 1


def page_parts(doctree: nodes.document, script: Path, page: str = "") -> list[Part]:
    """Take a built page apart.

    Sphinx-Gallery leaves a comment in front of each block but the first; a block is either prose,
    which we keep, or code, whose text the script itself knows best. `page` is the page's address,
    if it has one.
    """
    blocks = blocks_of(script)
    parts: list[Part] = []
    number, begun = 0, False
    for node, level in in_order(doctree):
        if isinstance(node, nodes.comment) and node.astext().startswith("GENERATED"):
            number += 1
            if blocks[number].type == "code":
                parts.append(Part("code", blocks[number].content.strip("\n")))
        elif begun and "sphx-glr-timing" in node["classes"]:
            break
        elif isinstance(node, nodes.title) or (begun and blocks[number].type == "text"):
            begun = True
            parts += prose_parts(node, Markdown(level, page))
    if number != len(blocks) - 1:
        raise ValueError(
            f"{script.name} has {len(blocks)} blocks, its page shows {number + 1}"
        )
    return parts


def prose_parts(node: nodes.Element, writer: Markdown) -> list[Part]:
    """Turn a block of prose into its parts, if it says anything.

    An exercise becomes its task, with hint and solution folded, its stub and its check.
    """
    if name := node.get("tested_source"):
        return [Part("source", name)]
    if not isinstance(node, boxes.exercise):
        text = writer.write(node)
        return [Part("text", text)] if text else []
    name = node["exercise"]
    title = f"**{node['title']}** · {node['about']}"
    task = [child for child in node.children if "stub" not in child["classes"]]
    return [
        Part("text", f"{title}\n\n{writer.blocks(task)}"),
        Part("stub", exercises.stub_cell(name)),
        Part("check", name),
    ]


class Bundle:
    """Hands out the code of objects and of what they need, each once.

    What is `shown` by the page, given by full names, is defined at its own place there.
    """

    def __init__(self, shown: list[str]) -> None:
        self.shown = set(map(full_name, shown))
        self.given: dict[str, str] = {}  # last part of the name: full name

    def code(self, names: list[str], imported: set[str]) -> str:
        """Return code that defines these objects and whatever is still missing for them.

        What was `imported` before, in statements of one name each, is not imported again.
        """
        names = [full_name(name) for name in names]
        due = [n for n in with_needs(names) if n in names or n not in self.shown]
        due = [name for name in due if name not in self.given.values()]
        for name in due:
            short = name.rpartition(".")[2]
            if self.given.setdefault(short, name) != name:
                raise ValueError(f"{name} and {self.given[short]} share a name")
        lines = {line for name in due for line in imports_of(name)} - imported
        parts = [joined(lines), *dict.fromkeys(map(source_of, due))]
        return "\n\n\n".join(filter(None, parts))


def cells_of(parts: list[Part], language: str) -> list[Cell]:
    """Turn a page into the cells of its download.

    First come its title and needs, then one folded cell: set-up, what no box shows, and checks.
    """
    shown = [part.content for part in parts if part.kind == "source"]
    codes = [part.content for part in parts if part.kind == "code"]
    names = [part.content for part in parts if part.kind == "check"]
    bundle = Bundle(shown)
    wanted = [full_name(i.full) for code in codes for i in package_imports(code)]
    helpers = bundle.code([n for n in wanted if n not in bundle.shown], set())
    checks = exercises.checks_cell(names, language) if names else ""
    title = "# @title " + _("Set-up, figures and checks")
    more = _(
        "The cell is folded: it draws the figures and checks the exercises, too. Run it, and read "
        "on. (Where your editor shows it open, fold it: nothing in it is part of the lesson.)"
    )
    texts = [parts[0].content, needs_text(), more, exercises.how(names, language)]
    folded = filter(None, [title, setup_cell(), helpers, checks])
    cells = [Cell("markdown", "\n\n".join(texts).strip())]
    cells += [Cell("code", "\n\n\n".join(folded), hidden=True)]
    imported: set[str] = set()
    for part in parts[1:]:
        text = part.content
        if part.kind == "source":
            text = LONG.sub(lambda said: _(said[0]), bundle.code([text], imported))
        elif part.kind == "code":
            text = without_imports(text)
        elif part.kind == "check":
            text = f"check({text})"
        if text:
            cells.append(Cell("markdown" if part.kind == "text" else "code", text))
            if part.kind in ("source", "code"):
                imported |= {each.alone for each in imports(ast.parse(text).body)}
    return merged(cells)


def merged(cells: list[Cell]) -> list[Cell]:
    """Join prose that follows prose into one cell."""
    out: list[Cell] = []
    for cell in cells:
        if out and cell.kind == out[-1].kind == "markdown":
            out[-1] = Cell("markdown", f"{out[-1].text}\n\n{cell.text}")
        else:
            out.append(cell)
    return out


def as_notebook(cells: list[Cell]) -> str:
    """Write cells as a Jupyter notebook, the same bytes every time."""
    v4 = nbformat.v4
    make = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    made = [
        make[c.kind](c.text, id=f"cell-{i}", metadata=FOLDED if c.hidden else {})
        for i, c in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python", "file_extension": ".py"}
    facts = {"kernelspec": kernel, "language_info": language}
    return nbformat.writes(v4.new_notebook(cells=made, metadata=facts)) + "\n"


def as_script(cells: list[Cell]) -> str:
    """Write cells as a program; prose in comments, in the form that editors know."""
    stop = STOP.format(stop=_("Please install what is missing: "))
    out = []
    for cell in cells:
        if cell.kind == "code":
            out.append(f"# %%\n{cell.text.replace(INSTALL, stop)}\n")
        else:
            lines = [f"# {line}".rstrip() for line in cell.text.split("\n")]
            out.append("\n".join(["# %% [markdown]", *lines]) + "\n")
    return "\n".join(out)


def write_downloads(folder: Path, stem: str, cells: list[Cell]) -> None:
    """Write notebook, script and an archive of both."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {f"{stem}.ipynb": as_notebook(cells), f"{stem}.py": as_script(cells)}
    with zipfile.ZipFile(folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            (folder / name).write_text(text, encoding="utf-8")
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def scripts(app: Sphinx) -> dict[str, Path]:
    """Map the gallery's pages to their scripts, as far as they are built."""
    known = gallery_scripts(Path(app.srcdir).name)
    return {page: known[page] for page in known if page in app.env.found_docs}


def note_needs(app: Sphinx, doctree: nodes.document) -> None:
    """Let a page be made anew when something changes that only its downloads hold."""
    if script := scripts(app).get(app.env.docname):
        for name in with_needs(mention.name for mention in mentions_in(script)):
            app.env.note_dependency(str(file_of(name.rpartition(".")[0])))


def make_downloads(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make a page's downloads while it is at hand."""
    script = scripts(app).get(docname)
    if script and app.builder.format == "html":
        site, language = app.config.site_url, Path(app.srcdir).name
        page = f"{site}{language}/{docname}.html" if site else ""
        cells = cells_of(page_parts(doctree, script, page), language)
        write_downloads(Path(app.doctreedir, "downloads"), script.stem, cells)


def replace_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the downloads made here in the place of Sphinx-Gallery's, which come in each build."""
    if exception is not None or app.builder.format != "html":
        return
    for _name, target in app.env.dlfiles.values():
        own = Path(app.doctreedir, "downloads", Path(target).name)
        if own.exists():
            shutil.copyfile(own, Path(app.outdir) / "_downloads" / target)
