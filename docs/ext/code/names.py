"""Which names a piece of Python code uses, binds and changes, found by reading it."""

import ast
from collections.abc import Iterable, Sequence

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Names(ast.NodeVisitor):
    """The names of a piece of code.

    Attributes
    ----------
    now : dict
        Names that it takes from outside while it runs, in their order.
    later : dict
        Names that its functions take from outside when they are called.
    bound : set of str
        Names that it gives a meaning to. ``x += 1`` changes a name and binds none.
    """

    def __init__(
        self, code: str | ast.AST | Iterable[ast.AST], bound: Iterable[str] = ()
    ) -> None:
        self.now: dict[str, None] = {}
        self.later: dict[str, None] = {}
        self.bound = set(bound)
        tree = ast.parse(code) if isinstance(code, str) else code
        for node in [tree] if isinstance(tree, ast.AST) else tree:
            self.visit(node)

    @property
    def used(self) -> dict[str, None]:
        """Names taken from outside, now or later."""
        return self.now | self.later

    def each(self, *parts: object) -> None:
        """Visit parts of a node in the order in which Python runs them."""
        for part in parts:
            for node in part if isinstance(part, list) else [part]:
                if isinstance(node, ast.AST):
                    self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """Note a name that is read or bound."""
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        elif node.id not in self.bound:
            self.now[node.id] = None

    def visit_Assign(self, node: ast.Assign) -> None:
        """Read the value before binding the targets."""
        self.each(node.value, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Do the same with an annotation."""
        self.each(node.annotation, node.value, node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Read what is changed: that binds nothing new."""
        target = node.target
        if isinstance(target, ast.Name):
            target = ast.Name(target.id, ast.Load())
        self.each(target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Read the value before binding the target."""
        self.each(node.value, node.target)

    def visit_For(self, node: ast.For) -> None:
        """Read what is looped over before binding the target."""
        self.each(node.iter, node.target, node.body, node.orelse)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Bind the name of an exception."""
        self.bound |= {node.name} if node.name else set()
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Bind what is imported."""
        self.bound |= {local_name(alias) for alias in node.names}

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp) -> None:
        """Keep the names of a comprehension to itself."""
        parts: list[ast.AST] = []
        for loop in node.generators:
            parts += [loop.iter, loop.target, *loop.ifs]
        parts += (
            [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        )
        inner = Names(parts, self.bound)
        self.now |= inner.now
        self.later |= inner.later

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # type: ignore[assignment]  # noqa: N815

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Read decorators, defaults and annotations now, and the body later."""
        arguments = all_arguments(node.args)
        annotations = [argument.annotation for argument in arguments]
        self.each(node.decorator_list, annotations, node.returns)
        self.bound.add(node.name)
        self.function(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Do the same with a function that has no name."""
        self.function(node.args, [node.body])

    def function(self, args: ast.arguments, body: Sequence[ast.AST]) -> None:
        """Read the defaults now and the body later, with its own names kept to itself."""
        self.each(args.defaults, args.kw_defaults)
        own = {argument.arg for argument in all_arguments(args)}
        for node in (node for part in body for node in ast.walk(part)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, SCOPES):
                own.add(node.name)
        inner = Names(body, own)
        self.later |= inner.now
        self.later |= dict.fromkeys(name for name in inner.later if name not in own)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Read bases and body now, the methods' bodies later."""
        self.each(node.decorator_list, node.bases, [k.value for k in node.keywords])
        inner = Names(node.body, self.bound)
        self.now |= inner.now
        self.later |= inner.later
        self.bound.add(node.name)


def all_arguments(args: ast.arguments) -> list[ast.arg]:
    """List the parameters of a function, of every kind."""
    several = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return several + [more for more in (args.vararg, args.kwarg) if more]


def local_name(alias: ast.alias) -> str:
    """Return the name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def root(node: ast.AST) -> str:
    """Return the name at the beginning of ``name.a[b].c()``, or nothing."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def changed(node: ast.stmt) -> set[str]:
    """Return the names whose values a statement changes in place.

    That is what ``x += 1``, ``x.a = 1``, ``x[0] = 1`` and ``x.method()`` with its result thrown
    away do, also below a ``with``. Loops are not looked into.
    """
    if isinstance(node, ast.With):
        return set().union(*map(changed, node.body))
    if isinstance(node, ast.AugAssign):
        return {root(node.target)} - {""}
    if isinstance(node, ast.Assign):
        parts = [t for t in node.targets if not isinstance(t, ast.Name)]
        return {root(t) for t in parts if not isinstance(t, ast.Tuple)} - {""}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        method = isinstance(node.value.func, ast.Attribute)
        return {root(node.value)} - {""} if method else set()
    return set()
