"""Only the last layer learns, and only its parameters are handed out."""

import torch

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 5, 2

STUB = """\
def my_freeze(model):
    ...
"""


def my_freeze(model):
    model.requires_grad_(False)
    model[-1].requires_grad_(True)
    return list(model[-1].parameters())


def check(attempt):
    nn = torch.nn
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.Linear(4, 3))
    last, kept = model[-1], [p.detach().clone() for p in model.parameters()]
    chosen = attempt(model)
    if chosen is None or chosen is ...:
        return ("nothing",)
    now = list(model.parameters())
    if model[-1] is not last or not all(map(torch.equal, kept, now)):
        return ("new",)
    head = list(model[-1].parameters())
    weights, biases = (
        [getattr(layer, name).requires_grad for layer in (model[0], model[2])]
        for name in ("weight", "bias")
    )
    live = [p.requires_grad for p in head]
    if all(weights + biases):
        return ("thawed",) if all(live) else ("turned",)
    if any(weights) != any(biases):
        return ("half",)
    if any(weights):
        return ("some",)
    if not all(live):
        return ("head",) if not any(live) else ("half_head",)
    if isinstance(chosen, torch.Tensor):
        return ("one",)
    if isinstance(chosen, (nn.Module, dict)):
        return "module", type(chosen).__name__
    chosen = list(chosen)
    if any(isinstance(each, (tuple, str)) for each in chosen):
        return ("named",)
    if {*map(id, chosen)} == {*map(id, head)}:
        return ("right",)
    part = {*map(id, chosen)} < {*map(id, head)}
    return ("part_head",) if part else ("handed",)


HINT = (
    "``requires_grad_(False)`` works on a whole module, too, and so does "
    "``requires_grad_(True)`` on the last one, ``model[-1]``. Mind the underscore."
)
MESSAGES = {
    "right": (
        "Right. Now the optimizer sees the last layer only, and backward() stops there."
    ),
    "thawed": (
        "Nothing is frozen: every parameter still requires a gradient. (model.requires_grad "
        "= False only hangs a new attribute on the module; eval() changes the mode alone.) "
        "Call requires_grad_(False), with the underscore."
    ),
    "new": (
        "The model has other weights now. Its last layer is to learn on from what it knows: "
        "freeze the others, and change nothing else."
    ),
    "some": (
        "Only a part of what lies before the last layer is frozen. Freeze all of "
        "it: each layer has a weight and a bias."
    ),
    "head": "The last layer is frozen, too: what is left to learn?",
    "handed": (
        "The right layers are frozen, but you handed out other parameters than "
        "those of the last layer."
    ),
    "turned": ("The wrong end is frozen: the last layer, instead of all the others."),
    "half": ("Only weights are frozen, or only biases. Each layer has both."),
    "half_head": (
        "A part of the last layer is frozen, too: its weight and its bias have to "
        "learn."
    ),
    "one": (
        "That is a single tensor. The last layer has two, a weight and a bias: "
        "return a list of both."
    ),
    "module": (
        "The right layers are frozen, but you handed out a {}. The optimizer wants "
        "a list of its parameters."
    ),
    "named": (
        "The right layers are frozen, but you handed out names, too. parameters() "
        "gives the parameters alone."
    ),
    "part_head": (
        "The right layers are frozen, but you handed out only a part of the last "
        "layer: it has a weight and a bias."
    ),
}
