"""What the layer does while it trains, and what it does after eval()."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 10, 3

READY = ("batch_norm", "native_batch_norm")

STUB = """\
def my_batch_norm(x, bn):
    ...
"""


def my_batch_norm(x, bn):
    if bn.training:
        mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
    else:
        mean, var = bn.running_mean, bn.running_var
    return (x - mean) / (var + bn.eps).sqrt() * bn.weight + bn.bias


def check(attempt):
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(9))
    x[:, 2] = 4.0
    bn = torch.nn.BatchNorm1d(3, eps=0.1).requires_grad_(False)
    bn.weight.copy_(torch.tensor([2.0, 3.0, 4.0]))
    bn.bias.copy_(torch.tensor([1.0, 0.5, 5.0]))
    bn.running_mean.copy_(torch.tensor([0.5, 0.3, 0.2]))
    bn.running_var.copy_(torch.tensor([9.0, 4.0, 2.0]))
    called, kept, given = [], bn.running_mean.clone(), x.clone()
    bn.register_forward_pre_hook(lambda *_: called.append(1))
    outs = [attempt(given, bn.train()), attempt(given, bn.eval())]
    if called:
        return ("called_layer",)
    if not torch.equal(given, x) or not torch.equal(bn.running_mean, kept):
        return ("changed",)
    w, b = bn.weight, bn.bias

    def normal(mean, var, add=0.1, root=0.5, w=w, b=b):
        return (x - mean) / (var + add) ** root * w + b

    own, stored = (x.mean(0), x.var(0, correction=0)), (kept, bn.running_var)
    wants = normal(*own), normal(*stored)
    for out, this, other, key in zip(
        outs, (own, stored), wants[::-1], ("running", "batch")
    ):
        verdict = compare(
            out,
            normal(*this),
            **{key: other},
            unbiased=normal(x.mean(0), x.var(0)),
            unscaled=normal(*this, w=1, b=0),
            no_bias=normal(*this, b=0),
            no_weight=normal(*this, w=1),
            no_eps=normal(*this, add=0),
            small_eps=normal(*this, add=1e-5),
            outside_eps=(x - this[0]) / (this[1].sqrt() + 0.1) * w + b,
            no_root=normal(*this, root=1),
            no_mean=normal(0, this[1]),
            mean_only=x - this[0] / (this[1] + 0.1).sqrt() * w + b,
            turned=normal(*this, w=-w),
            whole=[
                normal(x.mean(), x.var(correction=0)),
                normal(x.mean(), x.var()),
                normal(x.mean(), own[1]),
                normal(own[0], x.var(correction=0)),
                normal(own[0], x.var()),
            ],
            by_row=[
                normal(x.mean(1, True), x.var(1, keepdim=True, correction=c))
                for c in (0, 1)
            ],
            minus_bias=normal(*this, b=-b),
            bias_first=normal(*this, b=b * w),
            exchanged=normal(*this, w=b, b=w),
            over_weight=normal(*this, w=1 / w),
            multiplied=normal(*this, root=-0.5),
            two_roots=normal(this[0], this[1].sqrt()),
            squares=normal(own[0], (x * x).mean(0)),
            summed=normal(own[0], own[1] * 8),
            deviations=normal(own[0], (x - own[0]).abs().mean(0)),
            plus_mean=normal(-this[0], this[1]),
        )
        if verdict != ("right",):
            return verdict
    return ("right",)


HINT = (
    "Normalised is ``(x - mean) / sqrt(var + eps)``, with ``bn.eps``. The variance "
    "divides by n: ``x.var(dim=0, correction=0)``."
)
MESSAGES = {
    "right": (
        "Right. In training an image's output depends on its neighbours in the "
        "mini-batch; after eval() it does not."
    ),
    "running": (
        "In training the layer uses the mean and variance of the mini-batch. Yours "
        "used those that it has stored."
    ),
    "batch": (
        "After eval() the layer uses what it has stored. Yours still used the "
        "mini-batch: ask bn.training."
    ),
    "unbiased": (
        "You divided by n - 1, as var() does by default. The layer divides by n: "
        "correction=0."
    ),
    "unscaled": (
        "Normalised, but bn.weight and bn.bias are missing. They let the network "
        "undo what normalising did."
    ),
    "no_eps": (
        "A channel that is the same everywhere gives 0 / 0. Add bn.eps to the variance."
    ),
    "no_root": "You divided by the variance. Divide by its square root.",
    "changed": "You changed x or the layer. Compute new tensors instead.",
    "called_layer": "You called the layer. Compute what it does by yourself.",
    "no_bias": "bn.bias is missing: it is added at the end.",
    "no_weight": ("bn.weight is missing: what is normalised is multiplied by it."),
    "small_eps": ("You used an eps of your own. Here the layer's is 0.1: bn.eps."),
    "outside_eps": "bn.eps is added to the variance, before the root is taken.",
    "no_mean": "The mean has not been subtracted.",
    "turned": ("The sign is turned: x less the mean, not the other way round."),
    "whole": (
        "You took the mean and variance of all numbers together. Each channel has "
        "its own: dim=0."
    ),
    "by_row": (
        "You took the mean and variance of each row. Each channel has its own, over the "
        "mini-batch: dim=0."
    ),
    "minus_bias": "You subtracted bn.bias. It is added.",
    "bias_first": "bn.bias comes too early: multiply by bn.weight, then add bn.bias.",
    "exchanged": (
        "bn.weight and bn.bias have changed places: multiply by the weight, then add the bias."
    ),
    "over_weight": "You divided by bn.weight. Multiply by it.",
    "multiplied": "You multiplied by the root of the variance. Divide by it.",
    "two_roots": "You took the root twice: a standard deviation is the root of a variance.",
    "squares": (
        "A mean of squares is no variance yet: the mean is subtracted before they are squared."
    ),
    "summed": "A variance is the mean of the squares, not their sum: divide by n.",
    "deviations": (
        "You took the mean of absolute differences. A variance is that of their squares."
    ),
    "plus_mean": "You added the mean. Subtract it.",
    "mean_only": "Only the mean was divided: put brackets around (x - mean).",
}
