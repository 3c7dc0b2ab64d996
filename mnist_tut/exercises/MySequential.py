"""One module after another, all of them found."""

from mnist_tut.inside import Module

PAGE, SECTION = "inside_torch_nn", "inside-module"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
class MySequential(Module):
    def __init__(self, *modules):
        super().__init__()
        ...

    def forward(self, x):
        ...
"""


class MySequential(Module):
    def __init__(self, *modules):
        super().__init__()
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x


def check(attempt):
    base = next((c for c in attempt.__mro__[1:] if hasattr(c, "named")), None)
    if base is None:
        return ("no_module",)
    called = []

    class Add(base):
        def __init__(self, step):
            super().__init__()
            self._parameters["step"] = self.step = step

        def forward(self, x):
            called.append(self.step)
            return x * 2 + self.step

    parts = [Add(step) for step in range(12)]
    model = attempt(*parts)
    out = model(1)
    if out is None or out is ...:
        return ("nothing",)
    if attempt(*parts[:1])(5) != 10:
        return ("first",)
    del called[:]
    out = model(1)
    if called == list(range(12))[::-1]:
        return ("reversed",)
    if len(called) < 12:
        return "few", len(called)
    found = list(model.parameters())
    if not found:
        return ("lost",)
    if len(found) < 12:
        return "overwritten", len(found)
    want = 1
    for step in range(12):
        want = want * 2 + step
    if called != list(range(12)):
        return ("order",)
    return ("right",) if out == want else ("result",)


HINT = (
    '``ModuleList`` above makes attributes named ``"0"``, ``"1"`` and so on by '
    "``setattr``."
)
MESSAGES = {
    "right": "Right. What setattr assigns is found, and forward walks over it.",
    "no_module": "It is no Module. Write class MySequential(Module).",
    "first": (
        "With a single module the result is not that module's: begin with x, and "
        "hand x on."
    ),
    "reversed": "The modules are called in reverse order.",
    "few": "Of twelve modules {} are called.",
    "lost": (
        "It computes, but parameters() finds nothing: a plain list hides the "
        "modules. Assign each of them as an attribute."
    ),
    "overwritten": (
        "Of twelve modules {} are found: do all of them get a name of their own?"
    ),
    "order": "The modules are not called in the order in which they were given.",
    "result": "Each module has to get what the one before it gave.",
}
