"""The hyperbolic tangent, and the share of its input."""

import numpy as np
import torch

from mnist_tut.exercises.common import compare
from mnist_tut.inside import operation

PAGE, SECTION = "inside_torch_nn", "inside-engine"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_tanh(x):
    ...
"""


def my_tanh(x):
    return operation(np.tanh, lambda g, y, a: g * (1 - y**2))(x)


def check(attempt):
    tensor = getattr(attempt, "__globals__", {}).get("Tensor") or type(attempt(0.5))
    values = torch.linspace(-1.5, 2, 6, dtype=torch.float64, requires_grad=True)
    weights = torch.arange(1.0, 7.0, dtype=torch.float64)
    y = values.tanh()
    (y * weights).sum().backward()
    x = tensor(values.detach().numpy().copy(), requires_grad=True)
    result = attempt(x)
    if result is None or result is ...:
        return ("nothing",)
    if not hasattr(result, "grad_fn"):
        return ("bare",)
    verdict = compare(torch.as_tensor(result.data), y.detach())
    if verdict != ("right",):
        return verdict
    (result * weights.numpy()).sum().backward()
    if x.grad is None:
        return ("no_share",)
    y, v = y.detach(), values.detach()
    verdict = compare(
        torch.as_tensor(x.grad.data),
        values.grad,
        no_g=1 - y**2,
        of_input=weights * (1 - v**2),
        not_square=weights * (1 - y),
        plus=weights * (1 + y**2),
        no_share=weights * 0,
        added=weights + 1 - y**2,
        exchanged=y * (1 - weights**2),
        sigmoid=weights * y * (1 - y),
        root=weights * (1 - y**2).sqrt(),
    )
    return ("slope", *verdict[1:]) if verdict[0] == "wrong" else verdict


HINT = (
    "``exp`` in ``Tensor`` is built in the same way: its share needs ``g`` and "
    "``y`` alone."
)
MESSAGES = {
    "added": "g and the slope are added. Multiply them.",
    "exchanged": "g and y are exchanged: a share is called as share(g, y, a), in this order.",
    "sigmoid": "y * (1 - y) is the slope of the sigmoid. That of tanh is 1 - y**2.",
    "root": "This is the root of the slope: tanh has 1 - y**2, or one over cosh squared.",
    "arguments": (
        "{} is called with three things: the gradient g, the result y and the input a."
    ),
    "right": (
        "Right. One line for the value, one for the share: that is what an "
        "operation costs."
    ),
    "bare": (
        "It gives back a bare number, which remembers nothing. Let operation make "
        "the result."
    ),
    "no_share": (
        "The value is right, but nothing comes back to the input: does operation "
        "get a second argument, and its result x itself, not x.data?"
    ),
    "no_g": (
        "The slope stands there alone. Multiply it by g, the gradient of the result."
    ),
    "of_input": "The derivative is 1 - y**2, with the result y, not with the input.",
    "not_square": "The derivative is 1 - y**2: the square is missing.",
    "plus": "The derivative is 1 - y**2, with a minus.",
    "slope": (
        "The value is right, the gradient is not: where yours says {}, {} would be "
        "right."
    ),
}
