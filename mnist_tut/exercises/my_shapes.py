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
    class Layer:
        def __init__(self, size):
            self.size, self.hooks, self.calls = size, [], 0

        def register_forward_hook(self, hook):
            self.hooks.append(hook)

        def __call__(self, x):
            self.calls += 1
            out = torch.zeros(len(x), self.size)
            for hook in self.hooks:
                hook(self, (x,), out)
            return out

    class Model(list):
        def __call__(self, x):
            for layer in self:
                x = layer(x)
            return x

    model = Model(Layer(size) for size in (7, 5, 3))
    shapes = attempt(model, torch.zeros(4, 9))
    if shapes is None or shapes is ...:
        return ("nothing",)
    if not any(layer.hooks for layer in model):
        return ("no_hooks",)
    if not all(layer.hooks for layer in model):
        return ("some",)
    if not any(layer.calls for layer in model):
        return ("not_run",)
    if not isinstance(shapes, (list, tuple)):
        return "list", type(shapes).__name__
    found = [tuple(shape) if hasattr(shape, "__len__") else shape for shape in shapes]
    if found == [(4, 9), (4, 7), (4, 5)]:
        return ("inputs",)
    if found == [(4, 3)] * 3:
        return ("last",)
    if len(found) != 3:
        return "count", len(found)
    return ("right",) if found == [(4, 7), (4, 5), (4, 3)] else ("other", found)


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
        "No layer has got a hook. layer.register_forward_hook(...) hangs one on."
    ),
    "some": "Not every layer has got a hook.",
    "not_run": "The hooks hang there, but the model has not been called: model(x).",
    "list": "It gives back something of the type {}. A list of shapes is asked for.",
    "inputs": (
        "These are the shapes of what goes in. What comes out is the third argument "
        "of a hook."
    ),
    "last": (
        "Three times the shape of the last output: note the shape within the hook, "
        "while the layers run."
    ),
    "count": "There are three layers, and the list has {} entries.",
    "other": (
        "It gives {}. For a batch of 4 and layers of 7, 5 and 3 it would be (4, 7), "
        "(4, 5), (4, 3)."
    ),
}
