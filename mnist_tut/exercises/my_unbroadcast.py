"""The sum of the shares of each number that NumPy repeated."""

import torch

PAGE, SECTION = "inside_torch_nn", "inside-engine"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_unbroadcast(g, shape):
    ...
"""


def my_unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def check(attempt):
    generator = torch.Generator().manual_seed(20)
    cases = [
        ((10,), (64, 10)),
        ((4, 1), (4, 3)),
        ((1, 3), (4, 3)),
        ((3, 1), (2, 3, 4)),
        ((2, 3), (2, 3)),
        ((), (4, 3)),
    ]
    for shape, wide in cases:
        g = torch.randn(wide, generator=generator, dtype=torch.float64)
        given = g.numpy().copy()
        out = attempt(given, shape)
        if out is None or out is ...:
            return ("nothing",)
        if not torch.equal(torch.as_tensor(given), g):
            return ("changed",)
        if isinstance(out, (list, tuple)):
            return "type", type(out).__name__
        out, want = torch.as_tensor(out), g.sum_to_size(shape) if shape else g.sum()
        if out.shape == want.shape and torch.allclose(out, want):
            continue
        if out.shape == g.shape:
            return "same", tuple(shape)
        if out.shape == want.shape and torch.allclose(
            out * g.numel(), want * want.numel()
        ):
            return ("mean",)
        if out.shape != want.shape:
            return "shape", tuple(out.shape), tuple(shape)
        return "numbers", tuple(shape), wide
    return ("right",)


HINT = (
    "NumPy compares shapes from the right. Dimensions that ``shape`` lacks on the "
    "left are summed away; where ``shape`` has a 1, ``sum(axis=..., "
    "keepdims=True)`` leaves a 1."
)
MESSAGES = {
    "right": (
        "Right. Whatever was repeated on the way there is added up on the way back."
    ),
    "type": "It gives back something of the type {}. An array is asked for.",
    "mean": (
        "You took means. If the number grows by one, it grows in all its places at "
        "once: their sum is asked for."
    ),
    "same": (
        "For the shape {} it gives g back as it came. What was repeated has to be "
        "added up."
    ),
    "numbers": (
        "For the shape {} and a g of the shape {} the shape is right and the sums "
        "are not: look at which axes you add up."
    ),
}
