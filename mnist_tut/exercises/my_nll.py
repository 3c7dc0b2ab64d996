"""One number for 64 pictures, that autograd can go back from."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "nn_tutorial", "scratch-loss"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_nll(log_probs, target):
    ...
"""


def my_nll(log_probs, target):
    return -log_probs.gather(1, target[:, None]).mean()


def check(attempt):
    generator = torch.Generator().manual_seed(1)
    leaf = torch.randn(64, 10, generator=generator, requires_grad=True)
    target = torch.randint(10, (64,), generator=generator)
    log_probs = leaf.log_softmax(1)
    kept = log_probs.clone(), target.clone()
    out = attempt(log_probs, target)
    if not (torch.equal(log_probs, kept[0]) and torch.equal(target, kept[1])):
        return ("changed",)
    each = -log_probs[range(64), target]
    return compare(
        out,
        each.mean(),
        classes=each.mean() / 10,
        sign=-each.mean(),
        sum=each.sum(),
        columns=-log_probs[:, target].mean(),
        largest=-log_probs.amax(1).mean(),
        each=each,
        no_log=-log_probs.exp()[range(64), target].mean(),
        first=each[0],
    )


HINT = (
    "From each row you need one number, that in the column of the true class. "
    "``gather`` picks numbers from rows: ``log_probs.gather(1, columns)`` wants a "
    "column number for each row, in the shape (64, 1)."
)
MESSAGES = {
    "right": (
        "Right. Of the ten log-probabilities in a row, the loss looks at one: that "
        "of the true class."
    ),
    "classes": ("You averaged over the classes as well: divide by 64, not by 640."),
    "sign": (
        "The sign is missing. Log-probabilities are negative, and a loss wants to "
        "go down to zero."
    ),
    "sum": (
        "That is the sum over all images. Take the mean, so that the size of a "
        "mini-batch does not matter."
    ),
    "columns": (
        "log_probs[:, target] takes 64 columns from every row. You need one "
        "number per row."
    ),
    "largest": (
        "You took each row's largest log-probability: what the model believes, not "
        "what is true. Let target choose."
    ),
    "each": ("These are the 64 losses one by one. Their mean is asked for."),
    "no_log": (
        "You averaged probabilities: log_probs holds logarithms already, exp() is "
        "not needed."
    ),
    "first": (
        "That is the loss of the first image alone. Take the mean over all of them."
    ),
}
