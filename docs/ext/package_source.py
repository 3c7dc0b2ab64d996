"""The source of ``mnist_tut``, read and not run: what its objects need, and which tests name them.

A test states something about an object if it stands in the test file of the object's module
(``test_x.py`` for ``x.py``) and its own lines name it; what only a fixture runs is not counted.
"""

import ast
import re
import symtable
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple, TypeVar

from sphinx.pycode import ModuleAnalyzer

ROOT = Path(__file__).parents[2]
PACKAGE = "mnist_tut"
T = TypeVar("T")


def once(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """Let files be read once, as long as they do not change."""
    known = cache(lambda path, changed_at: read(path))
    return lambda path: known(path, path.stat().st_mtime_ns)


# Names and imports of any piece of code ----------------------------------------------------------


def names_from_outside(code: str) -> list[str]:
    """List the names that a piece of code takes from outside, in the order of their use."""
    top = symtable.symtable(code, "", "exec")

    def used(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                yield symbol.get_name()
        for inner in table.get_children():
            yield from used(inner)

    own = names_bound(code)
    return [name for name in dict.fromkeys(used(top)) if name not in own]


def names_bound(code: str) -> list[str]:
    """List the names that a piece of code gives a meaning to."""
    symbols = symtable.symtable(code, "", "exec").get_symbols()
    return [s.get_name() for s in symbols if s.is_assigned() or s.is_imported()]


class Import(NamedTuple):
    """A name that a statement imports; `full` says from where, `local` is what it is called."""

    node: ast.Import | ast.ImportFrom
    module: str
    name: str
    local: str

    @property
    def full(self) -> str:
        """The name with its module."""
        return f"{self.module}.{self.name}" if self.module else self.name

    @property
    def alone(self) -> str:
        """A statement that imports this name only."""
        alone = copy(self.node)
        alone.names = [alias for alias in alone.names if alias.name == self.name]
        return ast.unparse(alone)


def imports(nodes: Iterable[ast.AST], package: str = "") -> Iterator[Import]:
    """Yield what some statements import; a dot in front of a module stands for `package`."""
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = ""
            if isinstance(node, ast.ImportFrom):
                module = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                yield Import(node, module, alias.name, local)


def joined(lines: Iterable[str]) -> str:
    """Write imports of one name each, those from one module in one line."""
    names: dict[str, list[str]] = {}
    for line in sorted(set(lines)):
        start, word, name = line.rpartition(" import ")
        names.setdefault(start + word if start else line, []).append(name)
    wholes = (s + ", ".join(n) if " import " in s else s for s, n in names.items())
    return "\n".join(wholes)


def in_package(module: str | None) -> bool:
    """Whether a module belongs to the package."""
    return (module or "").partition(".")[0] == PACKAGE


def package_imports(code: str) -> list[Import]:
    """List what a piece of code imports from the package at its top level.

    Only ``from mnist_tut.module import name`` can be followed; any other form is refused.
    """
    found = [i for i in imports(ast.parse(code).body) if in_package(i.full)]
    for each in found:
        if each.module in ("", PACKAGE) or each.local != each.name:
            raise ValueError(f"cannot follow {ast.unparse(each.node)!r}")
    return found


def without_imports(code: str, names: Iterable[str] | None = None) -> str:
    """Take imports of these names, or of all in the package, out of a cell.

    A statement of which nothing is left takes the blank lines before it along.
    """
    lines = code.splitlines()
    statements: dict[ast.stmt, list[Import]] = defaultdict(list)
    for each in package_imports(code):
        statements[each.node].append(each)
    for node, found in reversed(statements.items()):
        kept = [i.name for i in found if names is not None and i.full not in names]
        start = node.lineno - 1
        while not kept and start and not lines[start - 1].strip():
            start -= 1
        if len(kept) < len(found):
            rest = f"from {found[0].module} import {', '.join(kept)}"
            lines[start : node.end_lineno] = [rest] if kept else []
    return "\n".join(lines).strip("\n")


def without_docstrings(source: str) -> str:
    """Take the docstrings out of a piece of source, and leave everything else as it is.

    One that is all there is of a function or class stays: something has to.
    """
    lines: list[str | None] = list(source.splitlines())
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) and len(node.body) > 1:
            text = node.body[0]
            after = text.end_lineno or text.lineno
            of_class = isinstance(node, ast.ClassDef)
            if of_class and after < len(lines) and not lines[after]:
                after += 1  # the blank line that follows a class's docstring
            lines[text.lineno - 1 : after] = [None] * (after - text.lineno + 1)
    return "\n".join(line for line in lines if line is not None)


# The modules of the package, and what each object needs ------------------------------------------


def package_files() -> list[Path]:
    """List the files of the package."""
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the name of the module that a file holds."""
    place = path.parent if path.stem == "__init__" else path.with_suffix("")
    return ".".join(place.relative_to(ROOT).parts)


def file_of(module: str) -> Path | None:
    """Return the file of a module or package, if there is one."""
    base = ROOT.joinpath(*module.split("."))
    places = [base.with_suffix(".py"), base / "__init__.py"]
    return next((path for path in places if path.is_file()), None)


class Module:
    """What a module imports, by the names that it uses, and the source of what it defines."""

    def __init__(self, path: Path) -> None:
        self.name, self.path = module_name(path), path
        self.text = path.read_text(encoding="utf-8")
        body, lines = ast.parse(self.text).body, self.text.splitlines()
        package = self.name if path.stem == "__init__" else self.name.rpartition(".")[0]
        self.imported = {each.local: each for each in imports(body, package)}
        self.defined: dict[str, str] = {}
        for node in body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                decorators = getattr(node, "decorator_list", [])
                start = min([node.lineno, *(d.lineno for d in decorators)])
                source = without_docstrings("\n".join(lines[start - 1 : node.end_lineno]))
                self.defined |= dict.fromkeys(names_bound(ast.unparse(node)), source)


read_module = once(Module)


def module_named(name: str) -> Module:
    """Return what is known of a module."""
    path = file_of(name)
    if path is None:
        raise ValueError(f"there is no module {name}")
    return read_module(path)


def find(full: str) -> tuple[Module, str]:
    """Return the module that defines an object, and its name there.

    A name that a module only passes on is followed to where it comes from.
    """
    module_name, _, name = full.rpartition(".")
    module = module_named(module_name)
    if name in module.defined:
        return module, name
    known = module.imported.get(name)
    if known and in_package(known.full) and known.full != full:
        return find(known.full)
    raise ValueError(f"{module_name} does not define {name}")


def full_name(full: str) -> str:
    """Return the name of an object where it is defined."""
    module, name = find(full)
    return f"{module.name}.{name}"


def source_of(full: str) -> str:
    """Return the source of an object without docstrings."""
    module, name = find(full)
    return module.defined[name]


def needs(full: str) -> Iterator[str]:
    """Yield the full names of what an object needs from the package when it runs."""
    module, name = find(full)
    for used in names_from_outside(module.defined[name]):
        known = module.imported.get(used)
        if known and in_package(known.full):
            need = full_name(known.full)
            if need.rpartition(".")[2] != used:
                raise ValueError(f"{full} uses {need} by another name")
            yield need
        elif used in module.defined:
            yield f"{module.name}.{used}"


def imports_of(full: str) -> list[str]:
    """List the statements that import what an object uses from elsewhere, one name each."""
    module, name = find(full)
    used = [module.imported.get(n) for n in names_from_outside(module.defined[name])]
    return [each.alone for each in used if each and not in_package(each.full)]


def with_needs(names: Iterable[str]) -> list[str]:
    """List objects and all that they need from the package, each behind what it needs."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(full: str) -> None:
        if full not in seen:
            seen.add(full)
            for need in needs(full):
                visit(need)
            order.append(full)

    for name in names:
        visit(full_name(name))
    return order


def documented(module: str) -> list[str]:
    """List the full names that a module offers: those of its ``__all__``."""
    source = module_named(module).defined.get("__all__", "= []")
    names = ast.literal_eval(source.partition("=")[2])
    return [f"{module}.{name}" for name in names]


# The tests that name an object -------------------------------------------------------------------


class Stated(NamedTuple):
    """One test function: file, name (``Class.name`` in a class), source, what its lines name."""

    file: str
    name: str
    source: str
    names: frozenset[str] = frozenset()

    @property
    def sentence(self) -> str:
        """The test's name as words."""
        group, what = self.name.split("test_", 1)
        group = " ".join(re.findall("[A-Z][a-z]*", group.removeprefix("Test")))
        words = f"{group.capitalize()}: {what}" if group else what
        return re.sub(r"\b1e (?=\d)", "1e-", words.replace("_", " "))

    @property
    def label(self) -> str:
        """Where the pages about the tests show it."""
        return f"{Path(self.file).stem}.{self.name}"


def files_of_tests() -> dict[str, Path]:
    """Map each module that has a test file to it."""
    files = {path.stem: path for path in (ROOT / "tests").rglob("test_*.py")}
    modules = {module_name(path): path for path in package_files()}
    stems = {name: f"test_{name.rpartition('.')[2]}" for name in modules}
    return {name: files[stem] for name, stem in stems.items() if stem in files}


@once
def read_tests(path: Path) -> list[Stated]:
    """List the test functions of a file, in a class or not."""
    text, found = path.read_text(encoding="utf-8"), []
    everything = ast.walk(ast.parse(text))
    known = {i.local: i.full for i in imports(everything) if in_package(i.module)}
    places = ModuleAnalyzer.for_string(text, path.stem).find_tags()
    for name, (_kind, first, last) in places.items():
        if re.fullmatch(r"(Test\w*\.)?test_\w+", name):
            source = "\n".join(text.splitlines()[first - 1 : last])
            words = re.findall(r"(?<![.\w])(\w+)(?:\.(\w+))?", source)  # bare, or of a module
            names = {known[word] for word, _part in words if word in known}
            names |= {f"{known[word]}.{part}" for word, part in words if word in known}
            found.append(Stated(path.name, name, source, frozenset(names)))
    return found


def find_tests(full: str) -> list[Stated]:
    """List the tests that state something about an object, given by its full name."""
    path = files_of_tests().get(full.rpartition(".")[0])
    return [test for test in read_tests(path) if full in test.names] if path else []
