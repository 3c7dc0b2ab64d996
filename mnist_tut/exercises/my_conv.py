"""A convolution by loops, as PyTorch computes it."""

import numpy as np
import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "inside_torch_nn", "inside-layers"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_conv(x, weight):
    n_out, _, k, _ = weight.shape
    _, h, w = x.shape
    out = np.zeros((n_out, h - k + 1, w - k + 1))
    ...
    return out
"""


def my_conv(x, weight):
    n_out, _, k, _ = weight.shape
    _, h, w = x.shape
    out = np.zeros((n_out, h - k + 1, w - k + 1))
    for i in range(h - k + 1):
        for j in range(w - k + 1):
            window = x[:, i : i + k, j : j + k]
            out[:, i, j] = (weight * window).sum(axis=(1, 2, 3))
    return out


def check(attempt):
    generator = torch.Generator().manual_seed(21)
    x = torch.randn(2, 6, 5, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 2, 3, 3, generator=generator, dtype=torch.float64)
    given = x.numpy().copy(), weight.numpy().copy()
    out = attempt(*given)
    if out is None or out is ...:
        return ("nothing",)
    if not all(torch.equal(torch.as_tensor(a), b) for a, b in zip(given, (x, weight))):
        return ("changed",)
    if isinstance(out, (list, tuple)):
        return "type", type(out).__name__
    conv = torch.nn.functional.conv2d
    want, first = conv(x[None], weight)[0], conv(x[None, :1], weight[:, :1])[0]
    return compare(
        torch.as_tensor(out),
        want,
        todo=want * 0,
        flipped=conv(x[None], weight.flip(2, 3))[0],
        turned=conv(x[None], weight.transpose(2, 3))[0],
        mean=want / 18,
        one_channel=first,
        last_channel=want - first,
    )


HINT = (
    "For one place, ``x[:, i : i + k, j : j + k]`` is what each of the windows is "
    "multiplied with."
)
MESSAGES = {
    "right": "Right. Two loops, one product, one sum: a convolution has no more to it.",
    "type": "It gives back something of the type {}. An array is asked for.",
    "flipped": (
        "You turned the window round. In mathematics a convolution does that; in "
        "PyTorch it does not."
    ),
    "turned": "Rows and columns of the window have changed places.",
    "mean": "You took means over the window. Their sums are asked for.",
    "one_channel": "You used the first channel only. Add up over all of them.",
    "last_channel": (
        "You kept the last channel only: add the channels up instead of writing one "
        "over the other."
    ),
}
