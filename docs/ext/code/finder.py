"""Find the tests that state something about a function or class of ``mnist_tut``.

They are found by reading: a test states something about an object if it stands in the test file
of the object's module and its own lines name the object. What only a fixture or a helper runs is
not counted.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ext.code import package_source
from ext.code.package_source import in_package, package_files


class Stated(NamedTuple):
    """One test function: its file, its name (``Class::name`` in a class) and its source lines."""

    file: str
    name: str
    first_line: int
    last_line: int

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
        return f"{Path(self.file).stem}.{self.name.replace('::', '.')}"


def files_of_tests() -> list[Path]:
    """List the test files of the package's modules: ``test_x.py`` for ``x.py``."""
    files = sorted((package_source.ROOT / "tests").rglob("test_*.py"))
    modules = {
        p.parent.name if p.stem == "__init__" else p.stem for p in package_files()
    }
    return [path for path in files if path.stem.removeprefix("test_") in modules]


def file_for(module: str) -> Path | None:
    """Return the test file of a module."""
    name = f"test_{module.rpartition('.')[2]}.py"
    return next((path for path in files_of_tests() if path.name == name), None)


def module_of(path: Path) -> str:
    """Return the name of the module that a test file is for."""
    stem = path.stem.removeprefix("test_")
    for file in package_files():
        place = file.parent if file.stem == "__init__" else file.with_suffix("")
        if place.name == stem:
            return ".".join(place.relative_to(package_source.ROOT).parts)
    raise ValueError(f"{path} is for no module")


def place(module: str) -> int:
    """Return the place of a module in the package's own list; what that leaves out comes last."""
    start = package_source.ROOT / package_source.PACKAGE / "__init__.py"
    told = re.findall(r"``(\w+)``", start.read_text(encoding="utf-8"))
    name = module.rpartition(".")[2]
    return told.index(name) if name in told else len(told)


def documented(module: str) -> list[str]:
    """List the full names that a module offers: those of its ``__all__``."""
    node = package_source.module_named(module).defined.get("__all__")
    names = ast.literal_eval(node.value) if isinstance(node, ast.Assign) else []
    return [f"{module}.{name}" for name in names]


@functools.cache
def read_tests(path: Path, changed_at: int) -> list[tuple[Stated, set[str]]]:
    """List the tests of a file, each with the full names that its own lines use."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = dict(imports(tree))
    return [(test, named(node, known)) for test, node in tests_of(path, tree)]


def known_tests(path: Path) -> list[tuple[Stated, set[str]]]:
    """Do so unless it was done since the file changed."""
    return read_tests(path, path.stat().st_mtime_ns)


def find_tests(name: str) -> list[Stated]:
    """List the tests that state something about an object, given by its full name."""
    path = file_for(name.rpartition(".")[0])
    return [test for test, names in known_tests(path) if name in names] if path else []


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield local name and full name of all that a file imports from the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and in_package(node.module):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def named(node: ast.AST, known: dict[str, str]) -> set[str]:
    """Collect the full names that a piece of code mentions, bare or as part of a module."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in known:
            found.add(known[part.id])
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            found.add(f"{known.get(part.value.id, '')}.{part.attr}")
    return found


def tests_of(path: Path, tree: ast.Module) -> Iterator[tuple[Stated, ast.FunctionDef]]:
    """Yield every test function of a file, in a class or not."""
    for node in tree.body:
        prefix, parts = "", [node]
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            prefix, parts = f"{node.name}::", node.body
        for part in parts:
            if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"):
                first = min([part.lineno, *(d.lineno for d in part.decorator_list)])
                last = part.end_lineno or part.lineno
                yield Stated(path.name, prefix + part.name, first, last), part
