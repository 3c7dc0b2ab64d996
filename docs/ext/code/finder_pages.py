"""Pages that show the tests themselves, so that the links under a source lead somewhere.

One page per test file of a module that is documented: what is made sure of each object, with ways
back to it, and then the tests. They are generated into ``docs/<lang>/tests`` (git-ignored), stand
in no menu, and are left out of the search, where they would bury the tutorial.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.locale import _

from ext.code.finder import (
    Stated,
    documented,
    files_of_tests,
    find_tests,
    known_tests,
    module_of,
    place,
)
from ext.code.package_source import module_named
from ext.code.tested_source import all_of, count
from ext.code.where_used import links_to_tutorial
from ext.language.docstrings import first_sentence
from ext.language.languages import folder_of
from ext.order import connect

#: In no menu, not found by the search; and the names of tests are English everywhere.
START = [
    ":orphan:",
    ":nosearch:",
    "",
    ".. role:: english",
    "   :class: language-en",
    "",
]


def heading(text: str, mark: str) -> list[str]:
    """Write a section heading; long enough for wide characters."""
    return [text, mark * (2 * len(text)), ""]


def code(source: str) -> list[str]:
    """Write a block of Python."""
    lines = [f"   {line}".rstrip() for line in source.strip("\n").splitlines()]
    return [".. code-block:: python", "", *lines, ""]


def object_section(name: str, tests: list[Stated], lang: str) -> list[str]:
    """Write what is made sure of an object, and the ways back to it."""
    places = (
        [f":py:obj:`{name}`"] if name in documented(name.rpartition(".")[0]) else []
    )
    if links := links_to_tutorial(name, lang):
        places.append(_("in the tutorial: {}").format(links))
    sentences = [f"- :ref:`{test.sentence} <{test.label}>`" for test in tests]
    return [
        f".. _{all_of(name)}:",
        "",
        *heading(f"``{name.rpartition('.')[2]}``", "-"),
        " · ".join(places),
        "",
        ".. rst-class:: language-en",
        "",
        *sentences,
        "",
    ]


def file_page(path: Path, lang: str) -> str:
    """Write the page of one test file."""
    module = module_of(path)
    title = _("Tests of {}").format(f"``{module}``")
    out = [*START, f".. _tests-{module}:", "", *heading(title, "=")]
    all_tests = _("All tests")
    out += [f":py:mod:`{module}` · :ref:`{all_tests} <tests>`", ""]
    for name in module_named(module).defined:
        if tests := find_tests(f"{module}.{name}"):
            out += object_section(f"{module}.{name}", tests, lang)
    source = path.read_text(encoding="utf-8").splitlines()
    rest = set(range(1, len(source) + 1))
    out += heading(_("The tests"), "-")
    for test, _names in known_tests(path):
        lines = range(test.first_line, test.last_line + 1)
        rest -= set(lines)
        out += [f".. _{test.label}:", "", *heading(f":english:`{test.sentence}`", "~")]
        out += code("\n".join(source[line - 1] for line in lines))
    shared = "\n".join(source[line - 1] for line in sorted(rest))
    while "\n\n\n\n" in shared:
        shared = shared.replace("\n\n\n\n", "\n\n\n")
    return "\n".join(
        [*out, *heading(_("Imports, helpers and cases"), "-"), *code(shared)]
    )


def index_page(files: list[Path], language: str) -> str:
    """Write the page that leads to the others."""
    out = [*START, ".. _tests:", "", *heading(_("Tests"), "=")]
    out += [
        _("What is made sure of each module. A test's name says what it makes sure of.")
    ]
    out += ["", ":ref:`api`", ""]
    for path in files:
        module = module_of(path)
        number = count([test for test, _names in known_tests(path)])
        about = first_sentence(module_named(module).text, language)
        link = f":ref:`{module} <tests-{module}>`"
        out.append("- " + _("{}, {}: {}").format(link, number, about))
    return "\n".join([*out, ""])


def write_pages(app: Sphinx) -> None:
    """Write all pages, touching only those that changed; remove those that are no more."""
    lang = folder_of(app.config)
    folder = Path(app.srcdir) / "tests"
    folder.mkdir(exist_ok=True)
    files = [path for path in files_of_tests() if documented(module_of(path))]
    files.sort(key=lambda path: place(module_of(path)))
    pages = {path.stem: file_page(path, lang) for path in files}
    pages["index"] = index_page(files, app.config.language)
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        page = folder / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    connect(app, "builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
