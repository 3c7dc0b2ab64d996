"""Show the source of a function or class in a page, linked to what documents and tests it.

``.. tested-source:: mnist_tut.by_hand.nll`` shows the object's source without its docstring, with
links to its API entry and its tests. With ``:folded: words`` these words stand there, and unfold
it. In a lesson the box is the definition, as in the downloads: it begins with the imports that no
cell above has made, and the cells do not import what a box shows.

Each test file of a documented module is a page: ``_templates/tests.rst``, written into
``docs/<language>/tests`` (git-ignored). API entries lead there, and to where an object is shown.
"""

import ast
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.util.template import ReSTRenderer
from sphinx_gallery.backreferences import identify_names

from ext.boxes import fold
from ext.languages import folder_of
from ext.package_source import (
    Stated,
    documented,
    files_of_tests,
    find,
    find_tests,
    imports,
    imports_of,
    joined,
    module_named,
    needs,
    once,
    package_files,
    read_tests,
    source_of,
    without_imports,
)
from ext.scripts import cells_of, gallery_scripts, mentions_in

TEMPLATES = Path(__file__).parents[1] / "_templates"


def count(tests: list[Stated]) -> str:
    """Say how many tests there are."""
    return _("1 test") if len(tests) == 1 else _("{} tests").format(len(tests))


def all_of(name: str) -> str:
    """Return the label of the list of an object's tests."""
    return f"tests-of-{name}".lower()


def shown(name: str) -> str:
    """Return the label of the place that shows an object's source."""
    return f"shown-{name}".lower()


class TestedSource(SphinxDirective):
    """The ``tested-source`` directive."""

    required_arguments = 1
    option_spec = {"folded": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return the source and the line of links below it."""
        name = self.arguments[0]
        try:
            module, _attribute = find(name)
        except ValueError as error:
            raise self.error(f"{self.name}: cannot show {name!r}: {error}") from error
        tests, file = find_tests(name), files_of_tests().get(name.rpartition(".")[0])
        for path in filter(None, [module.path, file]):
            self.env.note_dependency(str(path))
        if not tests:
            raise self.error(f"{self.name}: no test names {name!r}, so it cannot be shown")
        source = source_of(name)
        box = nodes.container(classes=["tested-source"])
        links = f":py:obj:`{name}` · :ref:`{count(tests)} <{all_of(name)}>`"
        line = nodes.paragraph(classes=["tested-source-links"])
        line += self.parse_inline(links, lineno=self.lineno)[0]
        box += nodes.literal_block(source, source, language="python", source_of=name)
        box += line
        words = self.options.get("folded")
        holder = fold("source", words, box) if words else box
        holder["tested_source"] = name
        place = nodes.make_id(shown(name))
        if words and place not in self.state.document.ids:
            holder["ids"].append(place)
        if not words:  # a box that is folded may stand on several pages
            holder["names"].append(shown(name))
            self.state.document.note_explicit_target(holder)
        return [holder]


def put_imports_right(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out of a page's cells the imports of what it shows, and complete its boxes'."""
    if not app.env.docname.startswith("tutorials/"):
        return
    blocks = list(doctree.findall(nodes.literal_block))
    sources = {block: block.get("source_of", "") for block in blocks}
    made: set[str] = set()
    for block in blocks:
        code = block.astext()
        if name := sources[block]:
            hidden = (n.rpartition(".") for n in {*needs(name)} - {*sources.values()})
            wanted = {f"from {module} import {last}" for module, _dot, last in hidden}
            missing = joined((wanted | {*imports_of(name)}) - made)
            code = f"{missing}\n\n\n{code}" if missing else code
        elif block.get("language") == "Python":  # Sphinx-Gallery's word for its cells
            code = without_imports(code, sources.values())
        else:
            continue
        made |= {each.alone for each in imports(ast.parse(code).body)}
        block[:] = [nodes.Text(code)]
        block.rawsource = code  # unlike what it holds, it would not be highlighted
        if not code:
            block.parent.remove(block)


# The links of names in shown sources -------------------------------------------------------------


@once
def names_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the names that a file uses, as Sphinx-Gallery notes them down."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return identify_names([], ref_regex=r"$^", node=tree)


def ambiguous(code: str) -> set[str]:
    """Return the names that a page imports and also assigns, or imports from two modules."""
    parts = list(ast.walk(ast.parse(code)))
    origins = {(each.local, each.module) for each in imports(parts) if each.module}
    count_of = Counter(local for local, _module in origins)
    names = [n for n in parts if isinstance(n, ast.Name)]
    assigned = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name for name, n in count_of.items() if n > 1 or name in assigned}


def link_names(app: Sphinx) -> None:
    """Let the names in shown sources link to their reference pages, like those in the cells.

    Sphinx-Gallery lists the names that it finds in a page's own code. Sources of ``mnist_tut`` use
    more of them. A name that stands for several things on a page (``model`` is a function first and
    a variable later) is taken off the list: no link is better than a wrong one.
    """
    for docname, script in gallery_scripts(Path(app.srcdir).name).items():
        page = Path(app.srcdir, f"{docname}.codeobj.json")
        if not page.exists():
            continue
        known = json.loads(page.read_text(encoding="utf-8"))
        merged = known | names_of(script)
        for path in package_files():
            merged = names_of(path) | merged
        for name in ambiguous("\n".join(cell.code for cell in cells_of(script))):
            merged.pop(name, None)
        if merged != known:
            page.write_text(json.dumps(merged), encoding="utf-8")


# The pages of the tests, and the ways to them -----------------------------------------------------


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


def write_pages(app: Sphinx) -> None:
    """Write all pages, touching only those that changed; remove those that are no more."""
    lang = folder_of(app.config)
    write = ReSTRenderer([TEMPLATES], app.config.language)
    folder = Path(app.srcdir) / "tests"
    folder.mkdir(exist_ok=True)
    files = files_of_tests()
    modules = sorted(filter(documented, files))
    pages = {f"{files[name].stem}.rst": file_page(name, lang, write) for name in modules}
    about = [ast.get_docstring(ast.parse(module_named(name).text)) or "" for name in modules]
    counts = [count(read_tests(files[name])) for name in modules]
    facts = zip(modules, counts, about, strict=True)
    pages["index.rst"] = write.render("tests-index.rst", {"modules": facts})
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
