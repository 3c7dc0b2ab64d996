"""One module after another, all of them found."""

import torch

from mnist_tut.inside import Module

PAGE, SECTION = "inside_torch_nn", "inside-module"
MINUTES, DIFFICULTY = 10, 2
READY = ("Sequential",)

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
    kinds = [kind for kind in attempt.__mro__[1:] if "named" in vars(kind)]
    if not kinds:
        return ("no_module",)
    called = []

    class Add(kinds[-1]):
        def __init__(self, step):
            super().__init__()
            self.step = step
            if step != 5:
                self._parameters["step"] = torch.tensor(float(step))

        def forward(self, x):
            called.append(self.step)
            return x * 2 + self.step

    parts = [Add(step) for step in range(12)]
    model, x = attempt(*parts), torch.ones(2, 3)
    out = model(x)
    if out is None or out is ...:
        return ("nothing",)
    found = len(list(model.parameters()))
    if not found:
        return ("lost",)
    if found < 11:
        return "overwritten", 11 - found
    if called == list(range(12))[::-1]:
        return ("reversed",)
    if left := [f"{step + 1}" for step in range(12) if step not in called]:
        return "few", ", ".join(left)
    if called != list(range(12)):
        return ("order",)
    if len(model.state_dict()) < 11:
        return ("state",)
    want = x
    for step in range(12):
        want = want * 2 + step
    if torch.equal(torch.as_tensor(out), x):
        return ("thrown",)
    same = torch.equal(torch.as_tensor(out), want)
    return ("right",) if same else ("result",)


HINT = (
    '``ModuleList`` above makes attributes named ``"0"``, ``"1"`` and so on by '
    "``setattr``."
)
MESSAGES = {
    "right": "Right. What setattr assigns is found, and forward walks over it.",
    "no_module": "It is no Module. Write class MySequential(Module).",
    "thrown": "All modules are called, and what they give is thrown away: x = module(x).",
    "reversed": "The modules are called in reverse order.",
    "few": "Made with twelve modules, it never calls number {}.",
    "lost": (
        "parameters() finds nothing: a plain list hides the modules. Assign each of "
        "them as an attribute."
    ),
    "overwritten": (
        "The parameters of {} modules are not found: has each module a name of its own?"
    ),
    "order": (
        "The modules are not called in the order in which they were given, each once."
    ),
    "state": (
        "parameters() finds them, but state_dict() and train() do not: assign the modules "
        "as attributes, and Module does the rest."
    ),
    "result": "Each module has to get what the one before it gave.",
}
