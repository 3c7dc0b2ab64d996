"""Two layers that the module knows, a ReLU between them, and logits at the end."""

import torch
import torch.nn.functional as F
from torch import nn

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        ...

    def forward(self, xb):
        ...
"""


class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lin1 = nn.Linear(784, hidden)
        self.lin2 = nn.Linear(hidden, 10)

    def forward(self, xb):
        return self.lin2(F.relu(self.lin1(xb)))


def check(attempt):
    net = attempt(16)
    if not isinstance(net, torch.nn.Module):
        return "no_module", type(net).__name__
    generator = torch.Generator().manual_seed(6)
    x = torch.randn(5, 784, generator=generator)
    out = net(x)
    if out is None or out is ...:
        return ("nothing",)
    shapes = [tuple(p.shape) for p in net.parameters()]
    if not shapes:
        return ("lost",)
    p = {tensor.numel(): tensor for tensor in net.parameters()}
    if sorted(p) != [10, 16, 160, 12544] or len(shapes) != 4:
        fixed = any(50 in shape for shape in shapes)
        return ("hidden",) if fixed else ("layers", shapes)
    with torch.no_grad():
        for size in sorted(p):
            scale = 0.3 if size < 200 else 0.05
            p[size].copy_(torch.randn(p[size].shape, generator=generator) * scale)
    first, last = p[12544], p[160]
    first = first.T if first.shape == (16, 784) else first
    last = last.T if last.shape == (10, 16) else last

    def net_with(bend, x=x):
        return bend(x @ first + p[16]) @ last + p[10]

    want, straight = net_with(torch.relu), net_with(torch.clone)
    return compare(
        net(x),
        want,
        straight=straight,
        last_relu=want.relu(),
        moved_relu=straight.relu(),
        early_relu=net_with(torch.clone, x.relu()),
        softmax=want.softmax(1),
        columns=want.softmax(0),
        logs=want.log_softmax(1),
        sigmoid=want.sigmoid(),
        classes=want.argmax(1),
        sigmoid_inside=net_with(torch.sigmoid),
        tanh_inside=net_with(torch.tanh),
        leaky=net_with(torch.nn.functional.leaky_relu),
        gelu=net_with(torch.nn.functional.gelu),
    )


HINT = (
    "Make both layers in ``__init__`` and assign them to ``self``; call them in "
    "``forward``, with ``F.relu`` between them."
)
MESSAGES = {
    "right": (
        "Right. The bend between two layers lets the network learn what no single "
        "layer can."
    ),
    "lost": (
        "parameters() finds nothing, so nothing would be trained. Make the layers "
        "in __init__ and assign them to self."
    ),
    "layers": (
        "The parameters have the shapes {}. Two layers were asked for, 784 to "
        "hidden and hidden to 10."
    ),
    "straight": (
        "Two linear layers in a row are one linear layer. Put a ReLU between them, "
        "and use what it gives back: F.relu(x) does not change x."
    ),
    "softmax": (
        "You return probabilities. cross_entropy wants logits: leave softmax to it."
    ),
    "last_relu": (
        "A ReLU after the last layer: no logit can be negative. Leave the last "
        "layer bare."
    ),
    "no_module": (
        "It gives a {}, which has no parameters(). Write class MyNet(nn.Module)."
    ),
    "hidden": ("A layer has 50 numbers, and hidden was 16: use the argument."),
    "logs": (
        "You return logarithms of probabilities. cross_entropy wants logits: leave "
        "log_softmax to it."
    ),
    "columns": (
        "softmax(0) makes probabilities of the images of a column. cross_entropy "
        "wants logits: leave softmax out."
    ),
    "sigmoid": (
        "A sigmoid after the last layer makes something like probabilities. "
        "cross_entropy wants logits: leave the last layer bare."
    ),
    "classes": (
        "You return the classes. Logits are asked for, ten per image: argmax comes "
        "later."
    ),
    "moved_relu": (
        "The ReLU stands after the last layer. It belongs between the two: after "
        "the first."
    ),
    "early_relu": (
        "The ReLU bends the pixels, before the first layer. It belongs between the "
        "two: after the first."
    ),
    "sigmoid_inside": "Between the layers stands a sigmoid. A ReLU was asked for.",
    "tanh_inside": "Between the layers stands a tanh. A ReLU was asked for.",
    "leaky": (
        "Between the layers stands a leaky ReLU, which lets a little of the "
        "negative through. The plain ReLU makes it zero."
    ),
    "gelu": ("Between the layers stands a GELU. The plain ReLU was asked for."),
}
