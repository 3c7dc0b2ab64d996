"""Pages that show the tests, and the ways between an object's API entry, its pages and its tests.

One page per test file of a module that is documented, written with ``_templates/tests.rst`` into
``docs/<language>/tests`` (git-ignored).
"""

import ast
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.template import ReSTRenderer

from ext.languages import folder_of
from ext.package_source import (
    documented,
    files_of_tests,
    find_tests,
    module_named,
    read_tests,
)
from ext.scripts import gallery_scripts, mentions_in
from ext.tested_source import all_of, count, shown

TEMPLATES = Path(__file__).parents[1] / "_templates"


def file_page(module: str, lang: str, write: ReSTRenderer) -> str:
    """Write the page of one test file: what is made sure of each object, with ways back to it."""
    objects = []
    for name in (f"{module}.{short}" for short in module_named(module).defined):
        ways = [f":py:obj:`{name}`"] if name in documented(module) else []
        if links := links_to_tutorial(name, lang):
            ways.append(_("in the tutorial: {}").format(links))
        if tests := find_tests(name):
            objects.append((name, " · ".join(ways), tests))
    path = files_of_tests()[module]
    rest, tests = path.read_text(encoding="utf-8"), read_tests(path)
    for test in tests:
        rest = rest.replace(test.source, "", 1)
    shared = re.sub("\n{4,}", "\n\n\n", rest).strip("\n")
    facts = {"module": module, "objects": objects, "tests": tests, "shared": shared}
    return write.render("tests.rst", facts | {"all_of": all_of})


def index_page(modules: list[str], write: ReSTRenderer) -> str:
    """Write the page that leads to the others."""
    facts = []
    for module in modules:
        about = ast.get_docstring(ast.parse(module_named(module).text)) or ""
        number = count(read_tests(files_of_tests()[module]))
        facts.append((module, number, about.partition("\n")[0]))
    return write.render("tests-index.rst", {"modules": facts})


def write_pages(app: Sphinx) -> None:
    """Write all pages, touching only those that changed; remove those that are no more."""
    lang = folder_of(app.config)
    write = ReSTRenderer([TEMPLATES], app.config.language)
    folder = Path(app.srcdir) / "tests"
    folder.mkdir(exist_ok=True)
    files = files_of_tests()
    modules = sorted(filter(documented, files))
    pages = {f"{files[name].stem}.rst": file_page(name, lang, write) for name in modules}
    pages["index.rst"] = index_page(modules, write)
    for old in folder.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def links_to_tutorial(name: str, lang: str) -> str:
    """Link the places of the tutorial that show or import an object, one a section."""
    found: dict[str, str] = {}
    for script in gallery_scripts(lang).values():
        for place in (each for each in mentions_in(script) if each.name == name):
            link = f"{place.title} <{shown(name)}>" if place.shown else place.label
            found.setdefault(place.label, f":ref:`{link}`")
    return _(", ").join(found.values())


def add_links(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Say in an object's API entry where the tutorial shows or uses it, and what tests it."""
    lang = folder_of(app.config)
    tests = files_of_tests().get(name.rpartition(".")[0])
    for path in filter(None, [tests, *gallery_scripts(lang).values()]):
        app.env.note_dependency(str(path))
    facts = []
    if places := links_to_tutorial(name, lang):
        facts.append((_("In the tutorial"), places))
    if stated := find_tests(name):
        facts.append((_("Tested by"), f":ref:`{count(stated)} <{all_of(name)}>`"))
    if facts:
        lines += ["", *(f":{title}: {links}" for title, links in facts), ""]
