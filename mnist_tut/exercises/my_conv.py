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
    x = torch.randn(2, 7, 5, generator=generator, dtype=torch.float64)
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
    whole, wide = x[None], torch.nn.functional.pad(x, [1] * 4)[None]
    want, first = conv(whole, weight)[0], conv(x[None, :1], weight[:, :1])[0]
    windows = x.unfold(1, 3, 1).unfold(2, 3, 1)[None]
    each, far = weight[:, :, None, None], torch.zeros_like(want)
    far[:, :3, :2] = conv(whole, weight, stride=2)[0]
    products = each * windows
    return compare(
        torch.as_tensor(out),
        want,
        todo=want * 0,
        flipped=conv(whole, weight.flip(2, 3))[0],
        mirrored=[conv(whole, weight.flip(d))[0] for d in (1, 2, 3)],
        turned=conv(whole, weight.mT)[0],
        mean=want / 18,
        one_channel=[
            first,
            conv(x[None, :1].expand(1, 2, 7, 5), weight)[0],
            conv(whole, weight[:, :1].expand_as(weight))[0],
        ],
        last_channel=want - first,
        last_place=[products[..., -1, -1].sum(1), products[:, -1, :, :, -1, -1]],
        padded=[conv(wide, weight)[0], conv(wide, weight)[0, :, :5, :3]],
        strided=[far, far[:, :3, :2]],
        one_filter=[want.sum(0, True).expand(4, 5, 3), want[:1].expand(4, 5, 3)],
        added=(each + windows).sum((1, 4, 5)),
        most=products.amax((1, 4, 5)),
        pixel=products[..., 0, 0].sum(1),
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
    "one_channel": (
        "Your window has one channel only: the others of x or weight take part, too, and "
        "all is added up."
    ),
    "last_channel": (
        "You kept the last channel only: add the channels up instead of writing one "
        "over the other."
    ),
    "last_place": (
        "Only the last product of a window is left: add them up, by +=, instead of writing "
        "one over the other."
    ),
    "mirrored": (
        "You turned the window upside down or left to right, or its channels round. Take it "
        "as it is."
    ),
    "padded": (
        "You padded the image. No padding was asked for: the window goes only where it fits."
    ),
    "strided": (
        "Your window moves two places at a time. No stride was asked for: it moves by one."
    ),
    "one_filter": (
        "All outputs come from the same window, or from the sum of all: dimension 0 of "
        "weight has a window for each output."
    ),
    "added": "Window and image are added. Multiply them, then take the sum.",
    "most": "You took the largest product. Their sum is asked for.",
    "pixel": "Only one number of each window takes part. Multiply with all of them.",
}
