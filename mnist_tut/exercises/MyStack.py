"""Every layer is known to the module, and the network computes what it did."""

import torch
import torch.nn.functional as F
from torch import nn

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
class MyStack(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]

    def forward(self, xb):
        for layer in self.layers[:-1]:
            xb = F.relu(layer(xb))
        return self.layers[-1](xb)
"""


class MyStack(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, xb):
        for layer in self.layers[:-1]:
            xb = F.relu(layer(xb))
        return self.layers[-1](xb)


def check(attempt):
    net = attempt([6, 5, 4, 3])
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(7, 6, generator=generator)
    out = net(x)
    if out is None or out is ...:
        return ("nothing",)
    p = {tensor.shape: tensor for tensor in net.parameters()}
    if not p:
        return ("lost",)
    if len(p) != 6:
        return "some", len(p)
    with torch.no_grad():
        for shape in sorted(p):
            p[shape].copy_(torch.randn(shape, generator=generator))

    def net_with(bend):
        h = x
        for wide, narrow in (6, 5), (5, 4):
            h = bend(h @ p[narrow, wide].T + p[narrow,])
        return h @ p[3, 4].T + p[3,]

    want = net_with(torch.relu)
    return compare(
        net(x),
        want,
        straight=net_with(torch.clone),
        last_relu=want.relu(),
        bent=net_with(torch.sigmoid),
        tanh=net_with(torch.tanh),
        softmax=want.softmax(1),
    )


HINT = (
    "A module notices what is assigned to it, if that is a parameter or a module. A "
    "Python list is neither. ``torch.nn`` has a list that is a module."
)
MESSAGES = {
    "right": "Right. A ModuleList is a list that the module can look into.",
    "some": (
        "parameters() finds {} tensors. Three layers have six: a weight and a bias "
        "each."
    ),
    "straight": (
        "The parameters are found, but the ReLUs are lost: without them, three "
        "linear layers are one."
    ),
    "last_relu": "The parameters are found, but now a ReLU follows the last layer too.",
    "lost": (
        "parameters() still finds none of the layers. A module notices what is "
        "assigned to it, modules and parameters, but does not look into a plain "
        "list or a tuple."
    ),
    "bent": (
        "The parameters are found, but a sigmoid has taken the place of the ReLU."
    ),
    "tanh": ("The parameters are found, but a tanh has taken the place of the ReLU."),
    "softmax": (
        "The parameters are found, but a softmax has come in at the end. Leave "
        "forward as it was."
    ),
}
