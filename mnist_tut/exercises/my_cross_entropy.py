"""What torch calls cross_entropy, also for large logits."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 5, 2

READY = ("cross_entropy", "CrossEntropyLoss")

STUB = """\
def my_cross_entropy(logits, target):
    ...
"""


def my_cross_entropy(logits, target):
    right = logits[torch.arange(len(target)), target]
    return (logits.logsumexp(dim=1) - right).mean()


def check(attempt):
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(64, 10, generator=generator) * 50
    target = torch.randint(10, (64,), generator=generator)
    kept, probs = logits.clone(), logits.softmax(1)
    want = torch.nn.functional.cross_entropy(kept, target)
    out = attempt(logits, target)
    if not torch.equal(logits, kept):
        return ("changed",)
    true, chosen = kept[range(64), target], probs[range(64), target]
    each = kept.logsumexp(1) - true
    for small in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12):
        for guarded in chosen + small, chosen.clamp(min=small):
            if compare(out, want, guarded=-guarded.log().mean()) == ("guarded",):
                return ("guarded",)
    return compare(
        out,
        want,
        sign=-want,
        each=each,
        logit_only=-true.mean(),
        sum_only=kept.logsumexp(1).mean(),
        added=(kept.logsumexp(1) + true).mean(),
        largest=(kept.amax(1) - true).mean(),
        columns=(kept.logsumexp(1)[:, None] - kept[:, target]).mean(),
        no_log=-chosen.mean(),
        twice=torch.nn.functional.cross_entropy(probs, target),
        naive=-chosen.log().mean(),
        sum=want * 64,
        classes=want / 10,
    )


HINT = (
    "``logits.logsumexp(dim=1)`` has one number per image. So has ``logits``, "
    "indexed as ``nll`` does it."
)
MESSAGES = {
    "right": (
        "Right. What all logits weigh together, less that of the true class: no "
        "probability is ever computed, so none can vanish."
    ),
    "sign": "The sign is turned: the true class's logit is to be subtracted.",
    "logit_only": (
        "A large logit of the true class is worth something only beside the others: "
        "add the log-sum-exp of the row."
    ),
    "no_log": (
        "You averaged probabilities. The loss is the mean of their logarithms, with "
        "the sign turned."
    ),
    "twice": (
        "You gave probabilities to cross_entropy. It takes logits and has a softmax "
        "of its own: nothing complains, and training is slow. Hand it the logits."
    ),
    "naive": (
        "Infinity: exp of a large logit overflows, and a small probability vanishes"
        " to zero before its log is taken. Stay with logarithms: logsumexp(dim=1)."
    ),
    "sum": "That is the sum over all images. Take the mean.",
    "guarded": (
        "A small number in the logarithm keeps infinity away, and makes the loss "
        "wrong. Without probabilities none is needed: logsumexp(dim=1)."
    ),
    "each": "These are the 64 losses one by one. Take their mean.",
    "sum_only": ("That is the mean log-sum-exp. Subtract the true class's logit."),
    "added": "You added the true class's logit. Subtract it.",
    "largest": (
        "You took each row's largest logit. It outweighs the others, but they "
        "count, too: logsumexp(dim=1)."
    ),
    "columns": (
        "logits[:, target] takes 64 columns from every row. You need one number per"
        " row."
    ),
    "classes": ("You averaged over the classes as well: divide by the images alone."),
}
