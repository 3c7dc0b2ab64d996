"""Pages that show the tests themselves, so that the links under a source lead somewhere.

One page per test file, one section per test, generated into ``docs/<lang>/tests`` (git-ignored).
They are left out of the search, where they would bury the tutorial.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.locale import _

from ext.code.finder import files_of_tests, known_tests
from ext.order import connect


def heading(text: str, mark: str) -> list[str]:
    """Write a section heading; long enough for wide characters."""
    return [text, mark * (2 * len(text)), ""]


def code(source: str) -> list[str]:
    """Write a block of Python."""
    lines = [f"   {line}".rstrip() for line in source.strip("\n").splitlines()]
    return [".. code-block:: python", "", *lines, ""]


def file_page(path: Path) -> str:
    """Write the page of one test file."""
    source = path.read_text(encoding="utf-8").splitlines()
    out = [":nosearch:", "", *heading(f"``tests/{path.name}``", "=")]
    tests = [test for test, _names in known_tests(path)]
    rest = set(range(1, len(source) + 1))
    sections: list[str] = []
    for test in tests:
        lines = range(test.first_line, test.last_line + 1)
        rest -= set(lines)
        sections += [
            f".. _{test.label}:",
            "",
            *heading(f"``{test.sentence}``", "-"),
        ]
        sections += code("\n".join(source[line - 1] for line in lines))
    shared = "\n".join(source[line - 1] for line in sorted(rest))
    while "\n\n\n\n" in shared:
        shared = shared.replace("\n\n\n\n", "\n\n\n")
    title = heading(_("Imports, helpers and cases"), "-")
    return "\n".join([*out, *title, *code(shared), *sections])


def index_page(names: list[str]) -> str:
    """Write the page that leads to the others."""
    start = [":nosearch:", "", ".. _tests:", "", *heading(_("Tests"), "=")]
    about = _(
        "Every test of ``mnist_tut``, file by file. A test's name says what it makes sure of."
    )
    toc = [".. toctree::", "   :maxdepth: 1", "", *(f"   {name}" for name in names), ""]
    return "\n".join([*start, about, "", *toc])


def write_pages(app: Sphinx) -> None:
    """Write all pages, touching only those that changed."""
    folder = Path(app.srcdir) / "tests"
    folder.mkdir(exist_ok=True)
    pages = {path.stem: file_page(path) for path in files_of_tests()}
    pages["index"] = index_page(sorted(pages))
    for name, text in pages.items():
        page = folder / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    connect(app, "builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
