"""The gradient that autograd finds for a bias."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 5, 2

READY = ("backward", "autograd")

STUB = """\
def my_bias_gradient(log_probs, target):
    ...
"""


def my_bias_gradient(log_probs, target):
    return (log_probs.exp() - torch.eye(10)[target]).mean(dim=0)


def check(attempt):
    generator = torch.Generator().manual_seed(3)
    bias = torch.zeros(10, requires_grad=True)
    log_probs = (torch.randn(64, 10, generator=generator) + bias).log_softmax(1)
    target = torch.randint(9, (64,), generator=generator)
    loss = torch.nn.functional.nll_loss(log_probs, target)
    (want,) = torch.autograd.grad(loss, bias)
    given = log_probs.detach().clone()
    out = attempt(given, target)
    if not torch.equal(given, log_probs):
        return ("changed",)
    truth = torch.eye(10)[target]
    if isinstance(out, list):
        out = torch.tensor(out)
    return compare(
        out,
        want,
        sum=want * 64,
        sign=-want,
        logs=(given - truth).mean(0),
        classes=want / 10,
        labels=(given.exp() - target[:, None]).mean(0),
        rows_wide=given.exp() - truth,
        no_truth=given.exp().mean(0),
        per_picture=(given.exp() - truth).mean(1),
    )


HINT = (
    "Look at the formula above. A weight is multiplied by its pixel, the bias by 1: "
    "leave the pixels out, and take the mean over the images."
)
MESSAGES = {
    "labels": (
        "You subtracted the label, a number from 0 to 9, from every class. Subtract a one in "
        "the column of the true class."
    ),
    "right": (
        "Right. Probabilities minus the truth: where a class gets too much belief, "
        "its bias goes down."
    ),
    "sum": (
        "64 times too much: the loss is a mean over 64 images, and so is its gradient."
    ),
    "sign": (
        "The sign is turned. Probabilities minus the truth, not the other way round."
    ),
    "logs": (
        "You took log-probabilities for probabilities: exp() turns one into the other."
    ),
    "no_truth": (
        "These are the mean probabilities. Subtract the truth, a one in the column "
        "of each true class."
    ),
    "per_picture": (
        "You averaged over the classes: one number per image, always zero. The "
        "bias has ten numbers; average over the images, dim=0."
    ),
    "classes": (
        "You divided by the ten classes as well: the mean is over the images alone."
    ),
    "rows_wide": ("These are the shares of the 64 images. Take their mean, dim=0."),
    "bounds": (
        "Index {} lies outside: there are {}. Rows are images, columns are classes."
    ),
    "sizes": (
        "Sizes {} and {} stand above each other. F.one_hot(target, 10) has a column"
        " for each class, also for one that this mini-batch lacks."
    ),
}
