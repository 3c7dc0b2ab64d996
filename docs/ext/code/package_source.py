"""The source of ``mnist_tut``, read and not run: what a module imports, defines and needs."""

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from ext.code.names import Names, local_name

ROOT = Path(__file__).parents[3]
PACKAGE = "mnist_tut"


def package_files() -> list[Path]:
    """List the files of the package."""
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def gallery_scripts(lang: str) -> dict[str, Path]:
    """Map the pages of the gallery to their scripts in one language."""
    paths = sorted((ROOT / "gallery" / lang).glob("*.py"))
    return {f"tutorials/{path.stem}": path for path in paths}


def file_of(module: str) -> Path | None:
    """Return the file of a module or package, if there is one."""
    base = ROOT.joinpath(*module.split("."))
    places = [base.with_suffix(".py"), base / "__init__.py"]
    return next((path for path in places if path.is_file()), None)


def in_package(module: str | None) -> bool:
    """Whether a module belongs to the package."""
    return (module or "").partition(".")[0] == PACKAGE


def package_imports(code: str) -> list[ast.ImportFrom]:
    """List the statements at the top of a piece of code that import from the package.

    Only ``from mnist_tut.module import name`` can be followed; any other form is refused.
    """
    found = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.ImportFrom) and in_package(node.module):
            renamed = any(alias.asname for alias in node.names)
            if renamed or node.module == PACKAGE:
                raise ValueError(f"cannot follow {ast.unparse(node)!r}")
            found.append(node)
        elif isinstance(node, ast.Import) and any(
            in_package(a.name) for a in node.names
        ):
            raise ValueError(f"cannot follow {ast.unparse(node)!r}")
    return found


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


class Module:
    """What a module of the package imports and defines."""

    def __init__(self, name: str) -> None:
        path = file_of(name)
        if path is None:
            raise ValueError(f"there is no module {name}")
        self.name, self.path = name, path
        self.text = path.read_text(encoding="utf-8")
        self.outside: dict[str, str] = {}  # local name: import statement
        self.inside: dict[str, str] = {}  # local name: full name in the package
        self.defined: dict[str, ast.stmt] = {}
        for node in ast.parse(self.text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.note_import(node)
            else:
                self.defined |= dict.fromkeys(Names(node).bound, node)

    def note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Note down each imported name, with a statement that imports it alone."""
        module = absolute(node, self.name, self.path)
        for alias in node.names:
            if in_package(module):
                self.inside[local_name(alias)] = f"{module}.{alias.name}"
            else:
                self.outside[local_name(alias)] = single_import(node, alias)

    def source(self, name: str) -> str:
        """Return the source of something defined here, without docstrings."""
        node = self.defined[name]
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(d.lineno for d in decorators)])
        lines = self.text.splitlines()[start - 1 : node.end_lineno]
        return without_docstrings("\n".join(lines))


def absolute(node: ast.Import | ast.ImportFrom, importer: str, file: Path) -> str:
    """Return the full name of the module that a ``from`` statement names, or nothing."""
    if isinstance(node, ast.Import):
        return ""
    up = node.level - (file.name == "__init__.py")
    base = importer.split(".")[: len(importer.split(".")) - up] if node.level else []
    return ".".join([*base, *filter(None, [node.module])])


def single_import(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """Write an import of one name alone."""
    if isinstance(node, ast.ImportFrom):
        return ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
    return ast.unparse(ast.Import([alias]))


@functools.cache
def read(module: str, root: Path, changed_at: int) -> Module:
    """Read a module once, as long as it does not change."""
    return Module(module)


def module_named(name: str) -> Module:
    """Return what is known of a module."""
    path = file_of(name)
    return read(name, ROOT, path.stat().st_mtime_ns if path else 0)


def find(full: str) -> tuple[Module, str]:
    """Return the module that defines an object, and its name there.

    A name that a module only passes on is followed to where it comes from.
    """
    module_name, _, attribute = full.rpartition(".")
    module = module_named(module_name)
    if attribute in module.defined:
        return module, attribute
    if attribute in module.inside:
        return find(module.inside[attribute])
    raise ValueError(f"{module_name} does not define {attribute}")


def full_name(full: str) -> str:
    """Return the name of an object where it is defined."""
    module, attribute = find(full)
    return f"{module.name}.{attribute}"


def source_of(full: str) -> str:
    """Return the source of an object without docstrings."""
    module, attribute = find(full)
    return module.source(attribute)


def needs(full: str) -> Iterator[str]:
    """Yield the full names of what an object needs from the package when it runs."""
    module, attribute = find(full)
    for used in Names(module.source(attribute)).used:
        if used in module.inside:
            need = full_name(module.inside[used])
            if need.rpartition(".")[2] != used:
                raise ValueError(f"{full} uses {need} by another name")
            yield need
        elif used in module.defined:
            yield f"{module.name}.{used}"


def imports_of(full: str) -> list[str]:
    """List the statements that import what an object uses from elsewhere."""
    module, attribute = find(full)
    used = Names(module.source(attribute)).used
    return [module.outside[name] for name in used if name in module.outside]


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
