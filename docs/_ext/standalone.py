"""Downloads that run alone: a notebook and a script that do not need ``mnist_tut``.

Sphinx-Gallery offers each page's program for download as it stands. Ours import from a package
that the reader does not have, and their prose is reStructuredText. So once a page is built, its
downloads are made anew from it: prose as Markdown, every source shown as a cell of its own, all
helpers in one cell near the top, and no import of the package.
"""

import ast
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import nbformat
from bundling import PACKAGE, Bundle
from docutils import nodes
from markdown import Markdown
from sphinx.application import Sphinx
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

WORDS = {
    "en": {
        "needs": "**What you need:** Python 3.11 or newer with PyTorch, NumPy, Requests and "
        "Matplotlib (`pip install torch numpy requests matplotlib`). Google Colab has all of "
        "them: just run the cells. MNIST is downloaded on the way, about 16 MB.",
        "missing": "Please install what is missing:",
        "helpers": "The next cell holds helpers: checks of the input, measuring, figures. Run it "
        "and read on; there is nothing in it that the tutorial is about.",
    },
    "zh_CN": {
        "needs": "**需要什么：**Python 3.11 或更新的版本，以及 PyTorch、NumPy、Requests 和 "
        "Matplotlib（`pip install torch numpy requests matplotlib`）。Google Colab 里全都有，"
        "直接运行即可。途中会下载 MNIST，约 16 MB。",
        "missing": "请先安装缺少的包：",
        "helpers": "下一个单元是辅助代码：检查输入、测量、画图。运行后接着往下读就行，"
        "教程要讲的内容不在里面。",
    },
}
#: What the pages of a build consist of, as long as it goes on.
PARTS: WeakKeyDictionary[Sphinx, dict[str, list["Part"]]] = WeakKeyDictionary()
CHECK = """
from __future__ import annotations

import importlib.util

needed = ["torch", "numpy", "requests", "matplotlib"]
missing = [name for name in needed if importlib.util.find_spec(name) is None]
if missing:
    raise SystemExit("{missing} pip install " + " ".join(missing))
""".strip()


class Cell(NamedTuple):
    """A cell of the download."""

    kind: str  # "markdown" or "code"
    text: str


class Part(NamedTuple):
    """A piece of a page: prose, an object shown, or a cell of its program."""

    kind: str  # "text", "source" or "code"
    content: str


def nodes_in_order(
    parent: nodes.Element, level: int = 1
) -> Iterator[tuple[nodes.Node, int]]:
    """Yield the blocks of a page as they are read, each with the level of its section."""
    for child in parent.children:
        if isinstance(child, nodes.section):
            yield from nodes_in_order(child, level + 1)
        else:
            yield child, level - 1


def page_parts(doctree: nodes.document, script: Path) -> list[Part]:
    """Take a built page apart.

    Sphinx-Gallery leaves a comment in front of each block but the first; a block is either prose,
    which we keep, or code, whose text the script itself knows best.
    """
    blocks = split_code_and_text_blocks(str(script))[1]
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
            parts.append(Part("text", Markdown(level).block(node)))
        elif begun and "sphx-glr-timing" in node.get("classes", []):
            break
        elif begun and blocks[number].type == "text":
            parts += text_parts(node)
    if number != len(blocks) - 1:
        raise ValueError(
            f"{script.name} has {len(blocks)} blocks, its page shows {number + 1}"
        )
    return parts


def text_parts(node: nodes.Element) -> list[Part]:
    """Turn a block of prose into its part, if it says anything."""
    if name := node.get("tested_source"):
        return [Part("source", name)]
    text = Markdown().block(node)
    return [Part("text", text)] if text else []


def package_imports(code: str) -> list[ast.ImportFrom]:
    """List the statements of a cell that import from the package."""
    found = [node for node in ast.parse(code).body if isinstance(node, ast.ImportFrom)]
    return [node for node in found if (node.module or "").partition(".")[0] == PACKAGE]


def without_package(code: str) -> str:
    """Take the imports from the package out of a cell."""
    lines = code.splitlines()
    for node in reversed(package_imports(code)):
        del lines[node.lineno - 1 : node.end_lineno]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n")


def wanted_names(codes: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """List what cells use of the package: full names, and attributes by module used whole."""
    names: dict[str, None] = {}
    modules: dict[str, list[str]] = {}
    for code in codes:
        for node in package_imports(code):
            if node.module == PACKAGE:
                modules |= {alias.name: [] for alias in node.names}
            else:
                names |= {f"{node.module}.{alias.name}": None for alias in node.names}
    for module, used in modules.items():
        found = re.findall(rf"\b{module}\.(\w+)", "\n".join(codes))
        used += [name for name in dict.fromkeys(found) if name != module]
        names |= {f"{PACKAGE}.{module}.{name}": None for name in used}
    return list(names), modules


def helper_code(bundle: Bundle, codes: list[str]) -> str:
    """Return the code of all helpers, and a stand-in for each module that is used whole."""
    names, modules = wanted_names(codes)
    code = bundle.code(bundle.helpers(names))
    spaces = [
        f"{module} = types.SimpleNamespace(\n"
        + "".join(f"    {name}={name},\n" for name in used)
        + ")"
        for module, used in modules.items()
    ]
    return "\n\n\n".join(["import types\n" + code, *spaces])


def cells_of(parts: list[Part], words: dict[str, str]) -> list[Cell]:
    """Turn a page into the cells of its download."""
    bundle = Bundle([part.content for part in parts if part.kind == "source"])
    codes = [part.content for part in parts if part.kind == "code"]
    cells = [
        Cell("markdown", words["needs"]),
        Cell("code", CHECK.format(missing=words["missing"])),
    ]
    helpers_due = True
    for part in parts:
        if part.kind == "text":
            cells.append(Cell("markdown", part.content))
            continue
        if helpers_due:
            cells.append(Cell("markdown", words["helpers"]))
            cells.append(Cell("code", helper_code(bundle, codes)))
            helpers_due = False
        if part.kind == "source":
            cells.append(Cell("code", bundle.code([part.content])))
        elif code := without_package(part.content):
            cells.append(Cell("code", code))
    return merged(cells)


def merged(cells: list[Cell]) -> list[Cell]:
    """Join prose that follows prose into one cell."""
    out: list[Cell] = []
    for cell in cells:
        if out and cell.kind == out[-1].kind == "markdown" and len(out) > 1:
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
    notebook = nbformat.v4.new_notebook(
        cells=[make[c.kind](c.text, id=f"cell-{i}") for i, c in enumerate(cells)],
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
    out = []
    for cell in cells:
        if cell.kind == "code":
            out.append(f"# %%\n{cell.text}\n")
        else:
            lines = [f"# {line}".rstrip() for line in cell.text.split("\n")]
            out.append("\n".join(["# %% [markdown]", *lines]) + "\n")
    return "\n".join(out)


def write_downloads(folder: Path, stem: str, cells: list[Cell]) -> None:
    """Write notebook, script and an archive of both."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {f"{stem}.ipynb": as_notebook(cells), f"{stem}.py": as_script(cells)}
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    with zipfile.ZipFile(folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def scripts(app: Sphinx) -> dict[str, Path]:
    """Map the gallery's pages to their scripts."""
    folder = Path(app.confdir, "gallery", Path(app.srcdir).name)
    return {f"tutorials/{path.stem}": path for path in sorted(folder.glob("*.py"))}


def note_parts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take a page apart while it is at hand, rather than resolve all of it once more."""
    if script := scripts(app).get(docname):
        PARTS.setdefault(app, {})[docname] = page_parts(doctree, script)


def parts_of(app: Sphinx, docname: str, script: Path) -> list[Part]:
    """Return the parts of a page, written in this build or before."""
    if docname in (known := PARTS.get(app, {})):
        return known[docname]
    doctree = app.env.get_and_resolve_doctree(docname, app.builder, tags=app.tags)
    return page_parts(doctree, script)


def replace_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the downloads made here in the place of Sphinx-Gallery's."""
    if exception is not None or app.builder.format != "html":
        return
    made = Path(app.doctreedir) / "downloads"
    for docname, script in scripts(app).items():
        tree = Path(app.doctreedir) / f"{docname}.doctree"
        notebook = made / f"{script.stem}.ipynb"
        if not notebook.exists() or notebook.stat().st_mtime < tree.stat().st_mtime:
            cells = cells_of(parts_of(app, docname, script), WORDS[app.config.language])
            write_downloads(made, script.stem, cells)
    for _, target in app.env.dlfiles.values():
        own = made / Path(target).name
        if own.exists():
            shutil.copyfile(own, Path(app.outdir) / "_downloads" / target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Work when all pages are written and all downloads copied."""
    app.connect("doctree-resolved", note_parts, priority=900)
    app.connect("build-finished", replace_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
