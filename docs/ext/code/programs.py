"""The programs within a page: what a loop of the tutorial needs in order to run by itself.

A page of the gallery is one long program that is rewritten step by step. The cell behind a
``.. loop:: NAME`` is the heart of one step. :func:`program` cuts the rest of that step out of the
page, by these rules:

- From the loop's cell everything is taken, except what only looks: asserts and prints, and calls
  of functions that do nothing else.
- A name is followed to the last statement at the top level before its use that binds it. What a
  function uses counts as used where the function is.
- What changes a value in place (``x += 1``, ``x.a = 1``, ``x.method()``) is taken along if it
  stands in the cell that defines the value, between definition and use.
- Loops of other cells are other programs: nothing is taken from them.
- A name imported from ``mnist_tut`` stands for its source and all that this needs.
- Statements that use a name set apart are passed over: they only serve to compare the programs,
  by giving all of them the same start.
"""

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sphinx_gallery.py_source_parser import (
    Block,
    remove_config_comments,
    remove_ignore_blocks,
    split_code_and_text_blocks,
)

from ext.code.names import Names, changed, local_name
from ext.code.package_source import (
    imports_of,
    in_package,
    package_imports,
    single_import,
    source_of,
    with_needs,
)

#: The data: names that every program may use.
GIVEN = frozenset({"x_train", "y_train", "x_valid", "y_valid", "n", "c"})
LOOP = re.compile(r"^\.\. loop:: (\S+)\n?((?: {3}:.*\n?)*)\s*\Z", re.M)
SHOWN = re.compile(r"^\.\. tested-source:: (\S+)$", re.M)
LOOKS = re.compile(r"(import|from|assert) |print \(|[\w. ]*\bassert_\w+ \(")
BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__"}


class Cell(NamedTuple):
    """A code cell of a page; `loop` and `title` are empty if no loop directive speaks of it."""

    code: str
    line: int
    loop: str = ""
    title: str = ""


class Piece(NamedTuple):
    """A part of a program, and the module that it comes from: none if it stands on the page."""

    code: str
    module: str = ""


class Program(NamedTuple):
    """A program that runs by itself, given the data."""

    name: str
    pieces: list[Piece]

    @property
    def code(self) -> str:
        """The whole program as text."""
        return "\n\n".join(piece.code for piece in self.pieces) + "\n"

    def lengths(self, own: Collection[str] = ()) -> tuple[int, int]:
        """Count the program's lines, and those of functions that serve other programs, too.

        Functions from the modules of ``mnist_tut`` in `own` count as lines of this program.
        """
        kept = [p for p in self.pieces if p.module and p.module not in own]
        lines = [p for p in self.pieces if p not in kept]
        return (
            sum(length(piece.code) for piece in lines),
            sum(length(piece.code) for piece in kept),
        )


class Statement(NamedTuple):
    """A statement at the top level of a page."""

    node: ast.stmt
    cell: int
    text: str
    names: Names

    @property
    def defines(self) -> set[str]:
        """Names that it gives a meaning to, for other cells to use."""
        return set() if isinstance(self.node, ast.For | ast.While) else self.names.bound

    @property
    def short(self) -> bool:
        """Whether it needs no blank line around it."""
        return not isinstance(self.node, ast.FunctionDef | ast.ClassDef)


def blocks_of(path: Path) -> list[Block]:
    """Return the blocks of a script as its page shows them."""
    blocks = [
        Block(kind, remove_config_comments(remove_ignore_blocks(text)), line)
        for kind, text, line in split_code_and_text_blocks(str(path))[1]
    ]
    return blocks[:-1] if not blocks[-1].content.strip() else blocks


def cells_of_script(path: Path) -> list[Cell]:
    """Return the code cells of a script, each with the name of its loop if it has one."""
    cells = []
    text = ""
    for block in blocks_of(path):
        if block.type == "text":
            text = block.content
            continue
        loop = LOOP.search(text)
        title = re.search(r":title: (.*)", loop[2]) if loop else None
        name = loop[1] if loop else ""
        code = block.content.strip("\n")
        cells.append(
            Cell(code, block.lineno, name, title[1].strip() if title else name)
        )
        text = ""
    return cells


def statements_of(cells: list[Cell]) -> list[Statement]:
    """Return the statements of all cells in their order, each with the comment above it."""
    found = []
    for number, cell in enumerate(cells):
        lines = cell.code.splitlines()
        for node in ast.parse(cell.code).body:
            decorators = getattr(node, "decorator_list", [])
            start = min([node.lineno, *(d.lineno for d in decorators)]) - 1
            alone = not lines[start][: node.col_offset].strip()
            while alone and start and lines[start - 1].startswith("#"):
                start -= 1
            text = "\n".join(lines[start : node.end_lineno])
            if not alone or (";" in text and not decorators):
                text = ast.get_source_segment(cell.code, node) or text
            found.append(Statement(node, number, text, Names(node)))
    return found


class Slicer:
    """Collects the statements that a program needs."""

    def __init__(
        self, path: Path, name: str, given: Collection[str], apart: Collection[str]
    ) -> None:
        self.path, self.name, self.given = path, name, given
        self.cells = cells_of_script(path)
        everything = statements_of(self.cells)
        self.statements = [s for s in everything if not set(s.names.used) & set(apart)]
        functions = [s.node for s in everything if isinstance(s.node, ast.FunctionDef)]
        self.looking = {f.name for f in functions if all(map(looks, f.body))}
        self.needed: set[int] = set()
        self.imported: dict[int, dict[str, None]] = {}
        self.seen: set[tuple[str, int]] = set()

    def run(self) -> list[Piece]:
        """Start from the loop's cell, and follow every name."""
        numbers = [i for i, cell in enumerate(self.cells) if cell.loop == self.name]
        if len(numbers) != 1:
            raise ValueError(
                f"{self.path.name} has {len(numbers)} loops called {self.name!r}, not one"
            )
        start = [i for i, s in enumerate(self.statements) if s.cell == numbers[0]]
        for i in start:
            node = self.statements[i].node
            if not looks(node, self.looking):
                self.take(i, start[-1] + 1)
        return self.pieces()

    def take(self, number: int, called: int) -> None:
        """Take a statement whose functions are called at another one, and what it needs."""
        self.needed.add(number)
        names = self.statements[number].names
        for name in names.now:
            self.want(name, number)
        for name in names.later:
            self.want(name, called)

    def want(self, name: str, before: int) -> None:
        """Take the last definition of a name before a statement, and what changes its value."""
        if name in self.given or name in BUILTINS or (name, before) in self.seen:
            return
        self.seen.add((name, before))
        defining = [i for i in range(before) if name in self.statements[i].defines]
        if not defining:
            raise ValueError(
                f"{self.path.name}: the program {self.name!r} uses {name!r}, "
                "which no cell before it defines"
            )
        statement = self.statements[number := defining[-1]]
        if isinstance(statement.node, ast.Import | ast.ImportFrom):
            self.imported.setdefault(number, {})[name] = None
            return
        self.take(number, before)
        for i in range(number + 1, before):
            other = self.statements[i]
            if other.cell == statement.cell and name in changed(other.node):
                self.take(i, before)

    def pieces(self) -> list[Piece]:
        """Return what was collected, in the order of the page, imports first."""
        imports: dict[str, None] = {}
        objects: dict[str, int] = {}
        for number, names in sorted(self.imported.items()):
            node = self.statements[number].node
            if isinstance(node, ast.ImportFrom) and in_package(node.module):
                package_imports(ast.unparse(node))  # refuses what cannot be followed
                for full in with_needs(f"{node.module}.{name}" for name in names):
                    objects.setdefault(full, number)
                    imports |= dict.fromkeys(imports_of(full))
            elif isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    if local_name(alias) in names:
                        imports[single_import(node, alias)] = None
        pieces = [Piece(joined(imports))] if imports else []
        last: Statement | None = None
        for number, statement in enumerate(self.statements):
            for full in (full for full, at in objects.items() if at == number):
                piece = Piece(source_of(full), full.rpartition(".")[0])
                pieces += [piece] if piece not in pieces else []  # one for a, b = 1, 2
                last = None
            if number in self.needed:
                if (
                    last
                    and last.cell == statement.cell
                    and last.short
                    and statement.short
                ):
                    pieces[-1] = Piece(f"{pieces[-1].code}\n{statement.text}")
                else:
                    pieces.append(Piece(statement.text))
                last = statement
        return pieces


def program(
    path: Path,
    name: str,
    given: Collection[str] = GIVEN,
    apart: Collection[str] = (),
) -> Program:
    """Cut the whole program of a loop out of a page.

    Parameters
    ----------
    path : Path
        The script of the page.
    name : str
        The name that a ``loop`` directive gave to a cell.
    given : collection of str
        Names that will be there when the program runs, and are not followed.
    apart : collection of str
        Names that are only there to compare programs: statements that use one are passed over.

    Raises
    ------
    ValueError
        If there is no such loop, or a name has no definition, or one that cannot be followed.
    """
    return Program(name, Slicer(path, name, given, apart).run())


def joined(imports: Iterable[str]) -> str:
    """Write imports of one name each, those from one module in one line."""
    lines: dict[str, list[str]] = {}
    for line in imports:
        start, word, name = line.rpartition(" import ")
        lines.setdefault(start + word, []).append(name)
    return "\n".join(
        "\n".join(names) if not start else start + ", ".join(sorted(names))
        for start, names in lines.items()
    )


def logical_lines(code: str) -> Iterator[str]:
    """Yield the logical lines of a piece of code, their tokens parted by spaces."""
    tokens: list[str] = []
    skipped = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}
    for token in tokenize.generate_tokens(io.StringIO(code + "\n").readline):
        if token.type == tokenize.NEWLINE:
            yield " ".join(tokens)
            tokens = []
        elif token.type not in skipped:
            tokens.append(token.string)


def length(code: str) -> int:
    """Count logical lines: no blanks, comments, imports, asserts and prints."""
    return sum(not LOOKS.match(line) for line in logical_lines(code))


def looks(node: ast.stmt, looking: Collection[str] = ()) -> bool:
    """Whether a statement only checks, prints, imports, or calls a function that only does so."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        func = node.value.func
        if isinstance(func, ast.Name) and func.id in looking:
            return True
    return bool(LOOKS.match(next(logical_lines(ast.unparse(node)))))


def undefined_names(path: Path) -> list[str]:
    """List the names that the code boxes of a page use without having introduced them.

    Code boxes are the cells and the sources that ``tested-source`` shows. A cell may use what was
    defined or imported further up; what only the body of a function uses may come anywhere on the
    page.

    Returns
    -------
    list of str
        Each name with the box that uses it, such as ``"nn (line 120)"`` or ``"F (model)"``.
    """
    known = set(BUILTINS)
    later: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for code, place in boxes_of(path):
        names = Names(code)
        unknown |= {
            f"{name} ({place})": None for name in names.now if name not in known
        }
        for name in names.later:
            later.setdefault(name, place)
        known |= names.bound
    unknown |= {f"{n} ({place})": None for n, place in later.items() if n not in known}
    return list(unknown)


def boxes_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the code boxes of a page, each with words that say where it is."""
    for block in blocks_of(path):
        if block.type == "code":
            yield block.content, f"line {block.lineno}"
        else:
            for name in SHOWN.findall(block.content):
                yield source_of(name), name.rpartition(".")[2]
