"""A linear layer of two parameters."""

import torch
from torch import nn

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 10, 1

STUB = """\
class MyLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        ...

    def forward(self, xb):
        ...
"""


class MyLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, xb):
        return xb @ self.weight + self.bias


def check(attempt):
    layer = attempt(100, 30)
    if not isinstance(layer, torch.nn.Module):
        return "module", type(layer).__name__
    x = torch.randn(7, 100, generator=torch.Generator().manual_seed(28))
    known = list(layer.parameters())
    x = x.to(known[0].dtype) if known else x
    out = layer(x)
    if out is None or out is ...:
        return ("nothing",)
    if any(isinstance(m, torch.nn.Linear) for m in layer.modules()):
        return ("ready",)
    if not known:
        return ("lost",)
    weights = [p for p in known if p.numel() == 3000]
    biases = [p for p in known if p.numel() == 30]
    if not biases and len(known) == 1:
        return ("no_bias",)
    if len(weights) != 1 or len(biases) != 1 or len(known) != 2:
        return "other_shapes", [tuple(p.shape) for p in known]
    (weight,), (bias,) = weights, biases
    if weight.std() == 0:
        return ("alike",)
    if (weight >= 0).all():
        return ("positive",)
    if weight.std() > 0.3:
        return ("large",)
    if weight.std() < 0.02:
        return ("small",)
    if torch.equal(
        weight, next(p for p in attempt(100, 30).parameters() if p.numel() == 3000)
    ):
        return ("seed",)
    if not (weight.requires_grad and bias.requires_grad):
        return ("frozen",)
    with torch.no_grad():
        bias += torch.arange(30) / 10 - 1.5
    out = layer(x)
    if out.shape != (7, 30):
        return "shape", tuple(out.shape), (7, 30)
    if not out.requires_grad:
        return ("detached",)
    wide = (weight.T if weight.shape[0] == 30 else weight).detach()
    product, shift = x @ wide, bias.detach().flatten()

    def close(want):
        return torch.allclose(out.detach(), want, rtol=1e-3, atol=1e-4)

    if close(product):
        return ("unused",)
    if close(product - shift):
        return ("minus",)
    if close((product + shift).relu()):
        return ("relu",)
    if not close(product + shift):
        return ("result",)
    out.sum().backward()
    if weight.grad is None or bias.grad is None:
        return ("cut",)
    return ("right",)


HINT = (
    "``nn.Parameter(tensor)``, assigned to ``self``, is all that it takes to be found. "
    "``torch.randn(n_in, n_out)`` draws the weights; divide them by ``n_in ** 0.5``."
)
MESSAGES = {
    "small": (
        "The weights are so small that the outputs are far smaller than the inputs. Divide by "
        "the square root of n_in, and by no more."
    ),
    "seed": (
        "Two layers of yours begin with the same weights: leave the seed to whoever makes them."
    ),
    "right": (
        "Right. Two parameters, one product and one sum: that is all of a linear layer."
    ),
    "module": "A module is asked for; yours is of the type {}. Write class MyLinear(nn.Module).",
    "ready": "There is an nn.Linear in it. Make the parameters yourself: nn.Parameter.",
    "lost": (
        "parameters() finds nothing, so no optimizer will move them. A tensor has to "
        "be an nn.Parameter, assigned to self in __init__."
    ),
    "no_bias": "The weights are there. A layer has a bias as well, one number an output.",
    "other_shapes": (
        "For 100 inputs and 30 outputs your parameters have the shapes {}. One number "
        "for each pair of input and output is asked for, and one for each output."
    ),
    "alike": (
        "All weights are the same, so all outputs learn the same. Draw them at random."
    ),
    "positive": (
        "All weights are positive: rand() draws from 0 to 1. Let them have both signs: "
        "randn()."
    ),
    "large": (
        "The weights are so large that the outputs are far larger than the inputs. "
        "Divide them by the square root of n_in."
    ),
    "frozen": "A parameter does not require a gradient, so it will not be trained.",
    "unused": "The bias is there, but forward does not add it.",
    "minus": "You subtract the bias. Add it.",
    "relu": "A ReLU follows. That is not part of a linear layer.",
    "result": (
        "The parameters are right, and the result is not: xb times the weights, plus "
        "the bias."
    ),
    "cut": (
        "No gradient reaches one of the parameters: use the parameter itself, not its "
        "data or a copy of it."
    ),
}
