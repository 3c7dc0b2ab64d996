"""Find out which tests use which function or class of ``mnist_tut``, by reading the tests.

Nothing is run. A test uses an object if its code names it, or names something of the same file
that does: a helper, a fixture, a list of cases. What a test only names, say to look at its
source, it declares with ``@pytest.mark.only_names(objects=[...])``. ``tests/contexts.py`` holds
what is found here against what coverage saw.
"""

import ast
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = "mnist_tut"


class Test(NamedTuple):
    """One test function: its file, its name (``Class::name`` in a class) and its source lines."""

    __test__ = False  # pytest would like to collect it

    file: str
    name: str
    first_line: int
    last_line: int
    needs_mnist: bool = False

    @property
    def sentence(self) -> str:
        """The test's name as words."""
        words = self.name.replace("::", ": ").replace("Test", "", 1).split("test_", 1)
        return (words[0] + words[1]).replace("_", " ").strip()

    @property
    def label(self) -> str:
        """Where the pages about the tests show it."""
        return f"{Path(self.file).stem}.{self.name.replace('::', '.')}"


class TestFile:
    """What one file defines and imports, as far as it concerns the package."""

    __test__ = False

    def __init__(self, path: Path, shared: "TestFile | None" = None) -> None:
        self.path = path
        self.shared = shared
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.imported = dict(imports(self.tree))
        self.defined = dict(definitions(self.tree))

    def uses(self, node: ast.AST, seen: frozenset[str] = frozenset()) -> set[str]:
        """Collect the package's names that a piece of code uses, directly or through helpers."""
        found: set[str] = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute):
                found |= self.attribute(part)
            elif isinstance(part, ast.Name | ast.arg):
                name = part.id if isinstance(part, ast.Name) else part.arg
                found |= self.name(name, seen)
        return found

    def runs(self, test: ast.FunctionDef) -> set[str]:
        """Collect what a test uses, less what it declares only to name."""
        named = [d for d in test.decorator_list if "mark.only_names" in ast.unparse(d)]
        return self.uses(test) - set().union(*map(self.uses, named))

    def attribute(self, node: ast.Attribute) -> set[str]:
        """Resolve ``module.name`` where the module is one of the package's."""
        of = node.value
        module = self.imported.get(of.id, "") if isinstance(of, ast.Name) else ""
        return {f"{module}.{node.attr}"} if module else set()

    def name(self, name: str, seen: frozenset[str]) -> set[str]:
        """Resolve a name: imported from the package, or defined here or in conftest.py."""
        if name in self.imported:
            return {self.imported[name]}
        if name in self.defined and name not in seen:
            parts = (self.uses(node, seen | {name}) for node in self.defined[name])
            return set().union(*parts)
        if self.shared and name not in self.defined:
            return self.shared.name(name, seen)
        return set()

    def tests(self) -> Iterator[tuple[Test, set[str]]]:
        """Yield every test with the names it uses."""
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield self.test(node, node.name), self.runs(node)
            elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                for_all = set().union(*map(self.uses, node.decorator_list))
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and part.name.startswith(
                        "test_"
                    ):
                        name = f"{node.name}::{part.name}"
                        yield self.test(part, name), for_all | self.runs(part)

    def test(self, node: ast.FunctionDef, name: str) -> Test:
        """Describe a test function."""
        last = node.end_lineno or node.lineno
        real = "needs_real" in map(ast.unparse, node.decorator_list)
        return Test(self.path.name, name, first(node), last, real)


def first(node: ast.FunctionDef) -> int:
    """Return the first line of a function, decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield local name and full name of all that a file imports from the package."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == PACKAGE
        ):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def definitions(tree: ast.Module) -> Iterator[tuple[str, list[ast.AST]]]:
    """Yield the names a file defines, each with the code behind it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, [node]
        elif isinstance(node, ast.Assign):
            names = [
                n.id
                for t in node.targets
                for n in ast.walk(t)
                if isinstance(n, ast.Name)
            ]
            for name in names:
                yield name, [node.value]


@functools.cache
def tests_in(path: Path) -> list[tuple[Test, set[str]]]:
    """List the tests of a file, each with the names it uses; ``conftest.py`` lies beside it."""
    conftest = path.with_name("conftest.py")
    shared = TestFile(conftest) if conftest.exists() else None
    return list(TestFile(path, shared).tests())


@functools.cache
def find_tests(folder: Path = ROOT / "tests") -> dict[str, list[Test]]:
    """Map every object that a test uses, by its full name, to the tests that use it.

    Only ``test_<module>.py`` files count: those that test a module of the package.
    """
    found: dict[str, list[Test]] = {}
    for path in module_tests(folder):
        for test, names in tests_in(path):
            for name in sorted(filter(is_object, names)):
                found.setdefault(name, []).append(test)
    return found


def is_object(name: str) -> bool:
    """Whether a full name stands for a function or class of the package."""
    module, _, attribute = name.rpartition(".")
    if not (ROOT / f"{module.replace('.', '/')}.py").is_file():
        return False
    found = getattr(importlib.import_module(module), attribute, None)
    return callable(found) and getattr(found, "__module__", "") == module


def module_tests(folder: Path = ROOT / "tests") -> list[Path]:
    """List the test files of the package's modules."""
    modules = sorted(path.stem for path in (ROOT / PACKAGE).glob("[a-z]*.py"))
    named = [folder / f"test_{module}.py" for module in modules]
    return [path for path in named if path.exists()]
