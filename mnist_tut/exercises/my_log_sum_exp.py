"""Row by row, safe, and the caller's logits stay as they are."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 5, 2

READY = ("logsumexp",)

STUB = """\
def my_log_sum_exp(x):
    ...
"""


def my_log_sum_exp(x):
    largest = x.amax(dim=1)
    return (x - largest[:, None]).exp().sum(dim=1).log() + largest


def check(attempt):
    rows = [
        [89.0, -200.0, -200.0, -200.0],
        [-200.0, -201.0, -203.0, -202.0],
        [0.5, 0.1, -0.2, 0.3],
    ]
    x = torch.tensor(rows)
    want, top = x.logsumexp(1), x.max()
    given = x.clone()
    out = attempt(given)
    if not torch.equal(x, given):
        return ("changed",)
    if getattr(out, "shape", None) == x.shape:
        return ("wide",)
    if isinstance(out, list):
        out = torch.tensor(out)
    return compare(
        out,
        want,
        twice_out=want - 2 * x.amax(1),
        only_sum=(x - x.amax(1, True)).exp().sum(1),
        mean=want - torch.tensor(4.0).log(),
        no_log=x.exp().sum(1),
        naive=x.exp().sum(1).log(),
        not_back=want - x.amax(1),
        whole=(x - top).exp().sum(1).log() + top,
        columns=x.logsumexp(0),
    )


HINT = (
    "Take the largest logit of each row out before ``exp``. What you took "
    "out is missing from the sum, so it must come back at the end, after the "
    "logarithm."
)
MESSAGES = {
    "right": (
        "Right. Where the largest logit goes out before exp and comes back after log, "
        "nothing can overflow and nothing is lost, whatever the logits."
    ),
    "naive": (
        "Right for small logits only: exp(89) overflows to infinity, exp(-200) "
        "vanishes to zero. Take the largest logit of each row out first."
    ),
    "not_back": (
        "You took the largest logit out and did not put it back: add it after the log."
    ),
    "whole": (
        "You took out the largest logit of the whole batch. A row far below it "
        "vanishes to zero: each row needs its own."
    ),
    "columns": ("You summed over the images. A row is an image: sum over dim=1."),
    "no_log": (
        "The logarithm of the sum is missing; and exp(89) has overflowed to infinity."
    ),
    "wide": ("One number per row is asked for: where is the sum, and over which dim?"),
    "twice_out": (
        "You took the largest logit out a second time: at the end it is added."
    ),
    "only_sum": (
        "That is the sum alone: take its logarithm, and put back the largest logit."
    ),
    "mean": ("You took the mean of the exponentials. Their sum is asked for."),
    "infinite": (
        "There is an infinity in it: exp(89) overflows, and the logarithm of 0 is "
        "minus infinity. Take the largest logit out of each row first."
    ),
}
