"""Every example once an epoch, in pairs, in a new order each time.

Of a loader that never ends 101 mini-batches are taken: it repeats itself.
"""

import torch

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_batches(x, y, bs):
    ...
"""


def my_batches(x, y, bs):
    order = torch.randperm(len(x))
    for i in range(0, len(x), bs):
        chosen = order[i : i + bs]
        yield x[chosen], y[chosen]


def check(attempt):
    x, y = torch.arange(100.0)[:, None], torch.arange(100)
    given = attempt(x, y, 16)
    if given in (None, ...):
        return ("nothing",)
    if isinstance(given, tuple) and isinstance(given[0], torch.Tensor):
        return ("returned",)
    epochs = [[b for _, b in zip(range(101), e)] for e in (given, attempt(x, y, 16))]
    first = epochs[0]
    if not torch.equal(y, torch.arange(100)) or not torch.equal(x[:, 0], y.float()):
        return ("changed",)
    if any(isinstance(pair, torch.Tensor) or len(pair) != 2 for pair in first):
        return ("pairs",)
    if first and first[0][0].ndim < first[0][1].ndim:
        return ("swapped",)
    if any(xb.ndim != 2 or yb.ndim != 1 for xb, yb in first):
        return ("single",)
    if not all(torch.equal(xb[:, 0], yb.float()) for xb, yb in first):
        return ("torn",)
    seen, again = (torch.cat([y[:0], *(yb for _, yb in e)]) for e in epochs)
    if len(seen.unique()) < len(seen):
        return ("twice",)
    if len(seen) < 100:
        return "lost", 100 - len(seen)
    if torch.equal(seen, y):
        return ("in_order",)
    if sorted(len(yb) for _, yb in first) != [4] + [16] * 6:
        return ("uneven",)
    if all(yb.max() - yb.min() < 16 for _, yb in first):
        return ("blocks",)
    return ("frozen",) if torch.equal(seen, again) else ("right",)


HINT = (
    "``order = torch.randperm(len(x))`` holds every index once. Walk through "
    "``order`` in steps of ``bs``, and index ``x`` and ``y`` with the same piece of "
    "it."
)
MESSAGES = {
    "right": (
        "Right. One order for images and labels, a new one each epoch: this is "
        "what shuffle=True does."
    ),
    "torn": (
        "Images and labels no longer belong together. Draw one order and use it "
        "for both."
    ),
    "twice": (
        "Some examples came twice in an epoch. A permutation has each once "
        "(randperm), and then the epoch ends."
    ),
    "lost": (
        "{} examples never came. The last mini-batch may be smaller, but it counts."
    ),
    "in_order": "They come in order. Draw torch.randperm(len(x)) first.",
    "blocks": (
        "Each mini-batch holds the same neighbours as ever: only blocks, or the "
        "inside of blocks, were shuffled. Shuffle the examples: randperm(len(x))."
    ),
    "uneven": (
        "The mini-batches do not have bs examples each, with the rest in the last."
    ),
    "frozen": (
        "Each epoch has the same order. Draw a new one every time, without a seed."
    ),
    "changed": "You shuffled the caller's data. Shuffle indices instead.",
    "returned": (
        "return ends at the first mini-batch. A generator hands out one after the "
        "other: yield."
    ),
    "pairs": (
        "Each mini-batch is a pair of images and labels: yield both, with a comma."
    ),
    "swapped": "Labels come first. Images come first, then their labels.",
    "single": (
        "Single images come, or pieces with one dimension too many. Index x and y"
        " with several indices at once."
    ),
}
