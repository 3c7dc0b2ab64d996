"""Take what a page needs out of ``mnist_tut``, so that its downloads run without it.

A page shows some objects; these need others that it does not show, and imports. :class:`Bundle`
hands out, piece by piece, code that defines everything in time and nothing twice.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from tested_source import without_docstrings

ROOT = Path(__file__).parents[2]
PACKAGE = "mnist_tut"


class Module:
    """What a module of the package imports and defines."""

    def __init__(self, name: str) -> None:
        self.name = name
        path = ROOT / f"{name.replace('.', '/')}.py"
        self.text = path.read_text(encoding="utf-8")
        self.outside: dict[str, str] = {}  # local name: import statement
        self.inside: dict[str, str] = {}  # local name: full name in the package
        self.defined: dict[str, ast.stmt] = {}
        for node in ast.parse(self.text).body:
            self.note(node)

    def note(self, node: ast.stmt) -> None:
        """Note down a statement of the module's top level."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.note_import(node)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            self.defined[node.name] = node
        elif isinstance(node, ast.Assign):
            self.defined.update(
                {t.id: node for t in node.targets if isinstance(t, ast.Name)}
            )

    def note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Note down each imported name, with a statement that imports it alone."""
        for alias in node.names:
            local = alias.asname or alias.name.partition(".")[0]
            module = getattr(node, "module", None)
            if module and module.partition(".")[0] == PACKAGE:
                self.inside[local] = f"{module}.{alias.name}"
            else:
                single = (
                    ast.ImportFrom(module, [alias], 0)
                    if module
                    else ast.Import([alias])
                )
                self.outside[local] = ast.unparse(single)

    def source(self, name: str) -> str:
        """Return the source of something defined here, without docstrings."""
        node = self.defined[name]
        start = min(
            [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]
        )
        lines = self.text.splitlines()[start - 1 : node.end_lineno]
        return without_docstrings("\n".join(lines))


@functools.cache
def module_named(name: str) -> Module:
    """Read a module of the package, once."""
    return Module(name)


def split(name: str) -> tuple[Module, str]:
    """Return module and attribute of a full name."""
    module, _, attribute = name.rpartition(".")
    return module_named(module), attribute


class WithoutAnnotations(ast.NodeTransformer):
    """Drop annotations: downloads do not evaluate them."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Forget a parameter's annotation."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Forget what a function returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """Keep only the value of an annotated assignment."""
        return ast.Expr(node.value) if node.value else ast.Pass()


def names_in(source: str) -> set[str]:
    """Collect the names that a piece of code reads or binds."""
    return {
        node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)
    }


def needs(name: str) -> Iterator[str]:
    """Yield the full names of what an object needs from the package when it runs."""
    module, attribute = split(name)
    bare = ast.unparse(WithoutAnnotations().visit(ast.parse(module.source(attribute))))
    for used in sorted(names_in(bare) - {attribute}):
        if used in module.inside:
            yield module.inside[used]
        elif used in module.defined:
            yield f"{module.name}.{used}"


def is_constant(name: str) -> bool:
    """Whether a full name stands for an assignment, not for a function or class."""
    module, attribute = split(name)
    return isinstance(module.defined[attribute], ast.Assign)


class Bundle:
    """Hands out the code of objects and of what they need, each once.

    Parameters
    ----------
    shown : list of str
        Full names of the objects that the page shows, and so defines at their own places.
    """

    def __init__(self, shown: list[str]) -> None:
        self.shown = set(shown)
        self.done: set[str] = set()
        self.imported: set[str] = set()

    def helpers(self, wanted: list[str]) -> list[str]:
        """List the functions and classes behind the wanted names that the page does not show."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in found:
                found[name] = None
                for need in needs(name):
                    visit(need)

        for name in [*wanted, *sorted(self.shown)]:
            visit(name)
        return [
            name for name in found if name not in self.shown and not is_constant(name)
        ]

    def code(self, names: list[str]) -> str:
        """Return code that defines these objects and whatever is still missing for them."""
        order: list[str] = []
        for name in names:
            self.collect(name, order)
        imports = sorted({line for name in order for line in self.import_lines(name)})
        parts = [self.definition(name) for name in order]
        return "\n\n\n".join(filter(None, ["\n".join(imports), *parts]))

    def collect(self, name: str, order: list[str]) -> None:
        """Append an object to the order, behind what it needs and the page does not show."""
        if name in self.done:
            return
        self.done.add(name)
        for need in needs(name):
            if need not in self.shown:
                self.collect(need, order)
        order.append(name)

    def import_lines(self, name: str) -> Iterator[str]:
        """Yield the imports that an object's source uses and no earlier piece has brought."""
        module, attribute = split(name)
        for used in names_in(module.source(attribute)):
            line = module.outside.get(used)
            if line and line not in self.imported:
                self.imported.add(line)
                yield line

    def definition(self, name: str) -> str:
        """Return an object's source, with the other names under which it knows its needs."""
        module, attribute = split(name)
        source = module.source(attribute)
        aliases = [
            f"{local} = {full.rpartition('.')[2]}\n\n\n"
            for local, full in module.inside.items()
            if local != full.rpartition(".")[2]
            and full in set(needs(name))
            and isinstance(module.defined[attribute], ast.FunctionDef)
        ]
        return "".join(aliases) + source
