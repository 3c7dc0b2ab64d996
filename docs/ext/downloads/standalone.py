"""Downloads that run alone: a notebook and a script that do not need ``mnist_tut``.

Sphinx-Gallery offers each page's program for download as it stands. Ours import from a package
that the reader does not have, and their prose is reStructuredText. So once a page is built, its
downloads are made anew from it: prose as Markdown, every source shown as a cell of its own, what
draws the figures in one folded cell near the top, and no import of the package.

What makes sense in one place only stands in a ``.. only-on-site::`` or ``.. only-in-downloads::``.
"""

import ast
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from ext.code.package_source import (
    full_name,
    gallery_scripts,
    package_files,
    package_imports,
    single_import,
)
from ext.code.programs import blocks_of
from ext.downloads.bundling import Bundle
from ext.downloads.markdown import Markdown
from ext.gallery.exercise_boxes import exercise_cells
from ext.order import connect

ON_SITE, IN_DOWNLOADS = "only-on-site", "only-in-downloads"
LONGEST = 120  # lines of the helper cell
#: What the pages of a build consist of, as long as it goes on.
PARTS: WeakKeyDictionary[Sphinx, dict[str, list["Part"]]] = WeakKeyDictionary()
INSTALL = '%pip install -q {" ".join(missing)}'  # for Jupyter; a script says how
STOP = 'sys.exit("{stop}pip install " + " ".join(missing))'
SETUP = f"""
import sys
from importlib import import_module
from importlib.util import find_spec

needed = ["torch", "numpy", "requests", "matplotlib"]
missing = [name for name in needed if find_spec(name) is None]
if missing:
    {INSTALL}
print("Python", sys.version.split()[0])
for name in needed:
    print(name, import_module(name).__version__)
""".strip()
logger = logging.getLogger(__name__)


class Cell(NamedTuple):
    """A cell of the download."""

    kind: str  # "markdown" or "code"
    text: str
    hidden: bool = False


class Part(NamedTuple):
    """A piece of a page: prose, an object shown, a cell of its program, or of an exercise."""

    kind: str  # "text", "source", "code", "stub" or "check"
    content: str


class OnlyThere(SphinxDirective):
    """The directives ``only-on-site`` and ``only-in-downloads``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the content with a class that tells where it belongs."""
        self.assert_has_content()
        holder = nodes.container(classes=[self.name])
        self.state.nested_parse(self.content, self.content_offset, holder)
        return [holder]


def nodes_in_order(
    parent: nodes.Element, level: int = 1
) -> Iterator[tuple[nodes.Node, int]]:
    """Yield the blocks of a page as they are read, each with the level of its section."""
    for child in parent.children:
        if isinstance(child, nodes.section):
            yield from nodes_in_order(child, level + 1)
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
    number = 0
    begun = False
    for node, level in nodes_in_order(doctree):
        if isinstance(node, nodes.comment) and node.astext().startswith(
            "GENERATED FROM"
        ):
            number += 1
            if blocks[number].type == "code":
                parts.append(Part("code", blocks[number].content.strip("\n")))
        elif isinstance(node, nodes.title):
            begun = True
            parts.append(Part("text", Markdown(level, page).block(node)))
        elif begun and "sphx-glr-timing" in node.get("classes", []):
            break
        elif begun and node.get("exercise"):
            parts += exercise_parts(
                node, page, not any(p.kind == "check" for p in parts)
            )
        elif begun and blocks[number].type == "text":
            parts += text_parts(node, page)
    if number != len(blocks) - 1:
        raise ValueError(
            f"{script.name} has {len(blocks)} blocks, its page shows {number + 1}"
        )
    return parts


def exercise_parts(box: nodes.Element, page: str, helpers: bool) -> list[Part]:
    """Turn an exercise into its task, its stub and its check."""
    kinds = {"markdown": "text", "code": "stub"}
    return [
        Part("check" if metadata else kinds[kind], text)
        for kind, text, metadata in exercise_cells(box, Markdown(page=page), helpers)
    ]


def text_parts(node: nodes.Element, page: str) -> list[Part]:
    """Turn a block of prose into its part, if it says anything."""
    if name := node.get("tested_source"):
        return [Part("source", name)]
    text = Markdown(page=page).block(node)
    return [Part("text", text)] if text else []


def wanted_names(code: str) -> list[str]:
    """List the full names of what a cell imports from the package."""
    found = package_imports(code)
    return [f"{node.module}.{alias.name}" for node in found for alias in node.names]


def without_package(code: str) -> str:
    """Take the imports from the package out of a cell, with the blank lines before them."""
    lines = code.splitlines()
    for node in reversed(package_imports(code)):
        start = node.lineno - 1
        while start and not lines[start - 1].strip():
            start -= 1
        del lines[start : node.end_lineno]
    return "\n".join(lines).strip("\n")


def single_imports(code: str) -> set[str]:
    """List what a cell imports, one name a statement."""
    found = (node for node in ast.parse(code).body)
    return {
        single_import(node, alias)
        for node in found
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def cells_of(parts: list[Part]) -> list[Cell]:
    """Turn a page into the cells of its download.

    First come its title and what the reader needs, then a cell that installs what is missing. The
    helpers, which no box of the page shows, stand before the page's first code.
    """
    shown = [part.content for part in parts if part.kind == "source"]
    codes = [part.content for part in parts if part.kind == "code"]
    bundle = Bundle(shown)
    wanted = [full_name(name) for code in codes for name in wanted_names(code)]
    helpers = bundle.code([n for n in wanted if n not in bundle.shown], set())
    cells = [
        Cell("markdown", f"{parts[0].content}\n\n{needs_text()}"),
        Cell("code", SETUP),
    ]
    imported: set[str] = set()
    for part in parts[1:]:
        if part.kind == "text":
            cells.append(Cell("markdown", part.content))
            continue
        if part.kind in ("stub", "check"):
            cells.append(Cell("code", part.content, hidden=part.kind == "check"))
            continue
        if helpers:
            cells += [
                Cell("markdown", helpers_text()),
                Cell("code", helpers, hidden=True),
            ]
            helpers = ""
        if part.kind == "source":
            code = bundle.code([part.content], imported)
        else:
            code = without_package(part.content)
        if code:
            cells.append(Cell("code", code))
            imported |= single_imports(code)
    return merged(cells)


def needs_text() -> str:
    """Say what the reader needs."""
    return _(
        "**What you need:** Python 3.11 or newer with PyTorch 2.6 or newer, NumPy, Requests and "
        "Matplotlib. The next cell installs what is missing. MNIST is downloaded on the way, "
        "about 16 MB."
    )


def helpers_text() -> str:
    """Say what the helper cell is, and that it is folded."""
    return _(
        "The next cell is folded: it holds helpers, most of which draw figures. Run it and read on."
    )


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
    make = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
    }
    folded = {"jupyter": {"source_hidden": True}}
    notebook = nbformat.v4.new_notebook(
        cells=[
            make[c.kind](c.text, id=f"cell-{i}", metadata=folded if c.hidden else {})
            for i, c in enumerate(cells)
        ],
        metadata={
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
    )
    return nbformat.writes(notebook) + "\n"


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
    for cell in cells:
        if cell.hidden and (lines := cell.text.count("\n") + 1) > LONGEST:
            logger.warning(
                "the helper cell of %s has %d lines, not %d", stem, lines, LONGEST
            )
    folder.mkdir(parents=True, exist_ok=True)
    contents = {f"{stem}.ipynb": as_notebook(cells), f"{stem}.py": as_script(cells)}
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    with zipfile.ZipFile(folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def scripts(app: Sphinx) -> dict[str, Path]:
    """Map the gallery's pages to their scripts."""
    return gallery_scripts(Path(app.srcdir).name)


def take_apart(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take a page apart while it is at hand; then drop what only the downloads want."""
    if script := scripts(app).get(docname):
        site = app.config.site_url
        page = f"{site}{Path(app.srcdir).name}/{docname}.html" if site else ""
        PARTS.setdefault(app, {})[docname] = page_parts(doctree, script, page)
    for node in list(doctree.findall(nodes.container)):
        if IN_DOWNLOADS in node["classes"]:
            node.parent.remove(node)


def parts_of(app: Sphinx, docname: str) -> list[Part]:
    """Return the parts of a page, written in this build or before."""
    if docname not in PARTS.get(app, {}):
        app.env.get_and_resolve_doctree(docname, app.builder, tags=app.tags)
    return PARTS[app][docname]


def replace_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the downloads made here in the place of Sphinx-Gallery's."""
    if exception is not None or app.builder.format != "html":
        return
    made = Path(app.doctreedir) / "downloads"
    package = max(path.stat().st_mtime for path in package_files())
    for docname, script in scripts(app).items():
        tree = Path(app.doctreedir) / f"{docname}.doctree"
        newest = max(package, tree.stat().st_mtime)
        notebook = made / f"{script.stem}.ipynb"
        if not notebook.exists() or notebook.stat().st_mtime < newest:
            write_downloads(made, script.stem, cells_of(parts_of(app, docname)))
    for _name, target in app.env.dlfiles.values():
        own = made / Path(target).name
        if own.exists():
            shutil.copyfile(own, Path(app.outdir) / "_downloads" / target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Work when all pages are written and all downloads copied."""
    app.add_directive(ON_SITE, OnlyThere)
    app.add_directive(IN_DOWNLOADS, OnlyThere)
    app.setup_extension("ext.page.head")  # knows where the site is published
    connect(app, "doctree-resolved", take_apart)
    connect(app, "build-finished", replace_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
