"""Downloads that run alone: a notebook and a script that do not need ``mnist_tut``.

Sphinx-Gallery's import from a package that the reader does not have, and their prose is
reStructuredText. So they are made anew from the built page: prose as Markdown, every source shown
as a cell, set-up, figures and checks in one folded cell at the top, and no import of the package.
What makes sense on the site only stands in a ``.. container:: only-on-site``.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _

from ext.markdown import Markdown
from ext.package_source import (
    file_of,
    full_name,
    imports_of,
    joined,
    package_imports,
    source_of,
    with_needs,
    without_imports,
)
from ext.scripts import gallery_scripts, mentions_in
from ext.versions import INSTALL, needs_text, setup_cell
from mnist_tut import exercises

STOP = 'sys.exit("{stop}pip install " + " ".join(missing))'
#: For JupyterLab, for Colab, for nbconvert and Jupyter Book.
FOLDED = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
FOLDED["cellView"] = "form"
LONG = re.compile(r'(?<=")[^"\n]{12,}(?=")')  # what code says to its reader


class Cell(NamedTuple):
    """A cell of the download, or what becomes one: of an exercise the stub, or a name to check."""

    kind: str  # "markdown", "code", "stub" or "check"
    text: str
    hidden: bool = False


def in_order(parent: nodes.Element, level: int = 1) -> Iterator[tuple[nodes.Element, int]]:
    """Yield the blocks of a page as they are read, each with the level of its section."""
    for child in parent.children:
        if isinstance(child, nodes.section):
            yield from in_order(child, level + 1)
        else:
            yield child, level - 1


def page_parts(doctree: nodes.document, page: str = "") -> list[Cell]:
    """Take a built page apart, from its title to where Sphinx-Gallery says how long it ran.

    `page` is the page's address, if it has one.
    """
    parts: list[Cell] = []
    for node, level in in_order(doctree):
        if "sphx-glr-timing" in node["classes"]:
            break
        if parts or isinstance(node, nodes.title):
            parts += parts_of(node, Markdown(level, page))
    return parts


def parts_of(node: nodes.Element, writer: Markdown) -> list[Cell]:
    """Turn a block into its parts: the cells in it, or else what it says, if anything.

    An exercise becomes its task, with hint and solution folded, its stub and its check.
    """
    language = "python" if "tested_source" in node else "Python"  # that is a cell to Sphinx-Gallery
    blocks = node.findall(nodes.Element)  # whose names Sphinx-Gallery may have linked
    cells = [n for n in blocks if language in (n.get("lang"), n.get("language"))]
    if cells:
        return [Cell("code", cell.astext().strip("\n")) for cell in cells]
    if "exercise" not in node:
        text = writer.write(node)
        return [Cell("markdown", text)] if text else []
    name = node["exercise"]
    task = [child for child in node.children if "stub" not in child["classes"]]
    return [
        Cell("markdown", f"{node['title']}\n\n{writer.blocks(task)}"),
        Cell("stub", exercises.stub_cell(name)),
        Cell("check", name),
    ]


def helpers(codes: list[str], shown: set[str]) -> list[str]:
    """Return the imports and sources that some code needs of the package beside what is shown."""
    wanted = with_needs(each.full for code in codes for each in package_imports(code))
    due = [name for name in wanted if name not in shown]
    lines = {line for name in due for line in imports_of(name)}
    return [joined(lines), *dict.fromkeys(map(source_of, due))]


def cells_of(parts: list[Cell], language: str, shown: set[str]) -> list[Cell]:
    """Turn a page into the cells of its download; what is `shown` there is given by full names.

    First come its title and needs, then one folded cell: set-up, what no box shows, and checks.
    """
    codes = [part.text for part in parts if part.kind == "code"]
    names = [part.text for part in parts if part.kind == "check"]
    checks = exercises.checks_cell(names, language) if names else ""
    title = "# @title " + _("Set-up, figures and checks")
    more = _(
        "The cell is folded: it draws the figures and checks the exercises, too. Run it, and read "
        "on. (Where your editor shows it open, fold it: nothing in it is part of the lesson.)"
    )
    texts = [parts[0].text, needs_text(), more, exercises.how(names, language)]
    folded = filter(None, [title, setup_cell(), *helpers(codes, shown), checks])
    cells = [Cell("markdown", "\n\n".join(texts).strip())]
    cells += [Cell("code", "\n\n\n".join(folded), hidden=True)]
    for kind, text, _hidden in parts[1:]:
        if kind == "code":
            text = LONG.sub(lambda said: _(said[0]), without_imports(text))
        elif kind == "check":
            text = f"check({text})"
        if text:
            cells.append(Cell("markdown" if kind == "markdown" else "code", text))
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
    made: list[dict[str, object]] = [
        {"cell_type": cell.kind, "id": f"cell-{i}", "metadata": FOLDED if cell.hidden else {}}
        | {"source": cell.text.splitlines(True)}
        | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})
        for i, cell in enumerate(cells)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    facts = {"kernelspec": kernel, "language_info": {"name": "python", "file_extension": ".py"}}
    book = {"cells": made, "metadata": facts, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


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


def note_needs(app: Sphinx, doctree: nodes.document) -> None:
    """Let a page be made anew when something changes that only its downloads hold."""
    if script := gallery_scripts(Path(app.srcdir).name).get(app.env.docname):
        for name in with_needs(mention.name for mention in mentions_in(script)):
            app.env.note_dependency(str(file_of(name.rpartition(".")[0])))


def make_downloads(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make a page's downloads while it is at hand."""
    site, language = app.config.site_url, Path(app.srcdir).name
    script = gallery_scripts(language).get(docname)
    if script and app.builder.format == "html":
        page = f"{site}{language}/{docname}.html" if site else ""
        boxes = doctree.findall(lambda node: "tested_source" in getattr(node, "attributes", ()))
        shown = {full_name(box["tested_source"]) for box in boxes}
        cells = cells_of(page_parts(doctree, page), language, shown)
        write_downloads(Path(app.doctreedir, "downloads"), script.stem, cells)


def replace_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the downloads made here in the place of Sphinx-Gallery's, which come in each build."""
    if exception is not None or app.builder.format != "html":
        return
    for _name, target in app.env.dlfiles.values():
        own = Path(app.doctreedir, "downloads", Path(target).name)
        if own.exists():
            shutil.copyfile(own, Path(app.outdir) / "_downloads" / target)
