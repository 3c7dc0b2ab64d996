"""The shape of what every layer gives, noted by hooks."""

import torch

PAGE, SECTION = "inside_torch_nn", "inside-module"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_shapes(model, x):
    ...
"""


def my_shapes(model, x):
    shapes = []
    for layer in model:
        layer.register_forward_hook(
            lambda module, args, output: shapes.append(output.shape)
        )
    model(x)
    return shapes


def check(attempt):
    ran, told = [], []

    class Linear:
        def __init__(self, size):
            self.size, self.training, self.weight = size, True, torch.zeros(size)
            self._forward_hooks, self._modules, self._parameters = [], {}, {}

        def register_forward_hook(self, hook):
            self._forward_hooks.append(hook)

        def forward(self, x):
            ran.append(self.size)
            return torch.zeros(len(x), self.size)

        def __call__(self, x):
            out = self.forward(x)
            for hook in self._forward_hooks:
                told.append(self.size)
                hook(self, (x,), out)
            return out

        def parameters(self):
            return iter([layer.weight for layer in self._modules.values()])

    class Sequential(Linear):
        def __init__(self, *sizes):
            super().__init__(0)
            for i, size in enumerate(sizes):
                layer = self._modules[str(i)] = Linear(size)
                setattr(self, str(i), layer)

        def __iter__(self):
            return iter(self._modules.values())

        def forward(self, x):
            for layer in self:
                x = layer(x)
            return x

    def tried(*sizes):
        return attempt(Sequential(*sizes), torch.zeros(4, 9))

    shapes = tried(7, 5, 3)
    if shapes is None or shapes is ...:
        return ("nothing",)
    if not told:
        return ("no_hooks",) if ran else ("not_run",)
    if not {7, 5, 3} <= set(told):
        return ("some",)
    if not isinstance(shapes, (list, tuple)):
        return "list", type(shapes).__name__
    if not shapes:
        return ("empty",)
    if list(shapes[:2]) == [None] * 2:
        return ("late",)
    for shape in shapes:
        if not isinstance(shape, (list, tuple)):
            return "entries", type(shape).__name__
    found = list(map(tuple, shapes))
    if found == [(4, 9), (4, 7), (4, 5)]:
        return ("inputs",)
    if found == [(4, 3)] * 3:
        return ("last",)
    if len(ran) > 3:
        return "often", len(ran) // 3
    if len(found) != 3:
        return "count", len(found)
    if found != [(4, 7), (4, 5), (4, 3)]:
        return "other", found
    return ("right",) if len(tried(6, 6)) == 2 else ("kept",)


HINT = (
    "A hook is called as ``hook(module, args, output)``. Hang one on every layer "
    "that iterating over ``model`` gives you."
)
MESSAGES = {
    "right": (
        "Right. A hook looks on without a change to the model: this is how one "
        "finds out what goes through any network."
    ),
    "no_hooks": (
        "No hook was told anything. layer.register_forward_hook(...) hangs one on; "
        "then call the model."
    ),
    "some": "Not every layer has got a hook. One on the model itself sees its end only.",
    "not_run": "The model has not been called: model(x), when all hooks hang there.",
    "often": "The model is called {} times: once is enough, when all hooks hang there.",
    "list": "It gives back something of the type {}. A list of shapes is asked for.",
    "empty": "The hooks were called, and the list is empty: append what they see to it.",
    "late": (
        "Only the last place is filled. A hook looks i up when it is called, and by then "
        "the loop has ended: append, or give the hook its own i=i."
    ),
    "entries": "In the list stands a {}. Each shape is to be a tuple, such as (4, 7).",
    "inputs": (
        "These are the shapes of what goes in. What comes out is the third argument "
        "of a hook."
    ),
    "last": (
        "Three times the shape of the last output: note the shape within the hook, "
        "while the layers run."
    ),
    "count": "There are three layers. Number of entries in your list: {}.",
    "other": (
        "It gives {}. For a batch of 4 and layers of 7, 5 and 3 it would be (4, 7), "
        "(4, 5), (4, 3)."
    ),
    "kept": (
        "Called a second time, it still has the shapes of the first: make the list within "
        "the function."
    ),
    "arguments": (
        "{} is called with other arguments than it takes. The model calls a hook as "
        "hook(module, args, output); you hand over its name alone, without brackets."
    ),
    "none": (
        "None stands there. Ours gives nothing back when a hook is hung on; and a hook is "
        "a function, not what calling it gave."
    ),
}
