"""Ten logits for colour pictures of 48 by 48, from three blocks and a linear layer."""

import torch
from torch import nn

from mnist_tut.models import conv_block

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_cnn_48():
    ...
"""


def my_cnn_48():
    return nn.Sequential(
        conv_block(3, 16),
        conv_block(16, 32),
        conv_block(32, 64),
        nn.Flatten(),
        nn.Linear(64 * 6 * 6, 10),
    )


def check(attempt):
    net = attempt()
    if net is None or net is ...:
        return ("nothing",)
    if not isinstance(net, torch.nn.Module):
        return "module", type(net).__name__
    x = torch.rand(6, 3, 48, 48, generator=torch.Generator().manual_seed(10))
    x = x.to(next(net.parameters(), x).dtype)
    try:
        out, few = net(x), net(x[:2])
    except RuntimeError as error:
        if "channels" in str(error):
            return ("channels",)
        if "mat1 and mat2" in str(error):
            flat = any(isinstance(m, torch.nn.Flatten) for m in net.modules())
            return ("count" if flat else "flatten",)
        raise
    if out.ndim == 4:
        return ("flatten",)
    if out.shape != (6, 10) or few.shape != (2, 10):
        return "logits", tuple(out.shape)
    kinds = [type(layer) for layer in net.modules()]
    blocks = kinds.count(torch.nn.Conv2d)
    if blocks != 3:
        return "blocks", blocks
    if kinds.count(torch.nn.BatchNorm2d) < 3 or kinds.count(torch.nn.ReLU) < 3:
        return ("bare",)
    if not any(issubclass(kind, torch.nn.Linear) for kind in kinds):
        return ("linear",)
    big = torch.cat([net(sign * scale * x) for sign in (1, -1) for scale in (1, 100)])
    sums = big.sum(1), big.exp().sum(1)
    if any(torch.allclose(each, torch.ones_like(each), atol=1e-4) for each in sums):
        return ("softmax",)
    if (big >= 0).all():
        return ("last_relu" if (big == 0).any() else "sigmoid",)
    return ("right",)


HINT = (
    "Each block halves width and height. What is left of 48 after three of them, and how "
    "many numbers are that with 64 channels?"
)
MESSAGES = {
    "right": (
        "Right. 48, 24, 12, 6: the linear layer gets 6 by 6 from each channel of the "
        "last block."
    ),
    "module": "A module is asked for; yours is of the type {}.",
    "channels": (
        "A block gets another number of channels than it was made for. Colour "
        "images have three, and each block begins with what the last one gave."
    ),
    "count": (
        "The linear layer was made for another number of inputs than it gets. What "
        "is left of 48 after three halvings?"
    ),
    "flatten": (
        "Width and height are still there: nn.Flatten() makes one row of each image."
    ),
    "logits": (
        "Six images went in, and the result has the shape {}. It should be ten "
        "numbers per image."
    ),
    "blocks": "There are {} convolutions in it. Three blocks have three.",
    "bare": "These are convolutions without what belongs to a conv_block. Use it.",
    "linear": "The linear layer is missing: the logits should come from one.",
    "softmax": (
        "You return probabilities or their logarithms. cross_entropy wants logits."
    ),
    "last_relu": "A ReLU comes last: no logit can be negative, and a class can die.",
    "sigmoid": "All results lie above zero. Logits have either sign: nothing comes last.",
}
