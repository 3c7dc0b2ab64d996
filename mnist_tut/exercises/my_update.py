"""All parameters move in place, by lr times their gradient, and forget it."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "nn_tutorial", "scratch-loop"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_update(params, lr):
    ...
"""


def my_update(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()


def check(attempt):
    start = torch.tensor([1.0, -2.0]), torch.tensor([3.0])
    params = [p.clone().requires_grad_() for p in start]
    for p in params:
        p.grad = torch.tensor([0.5, -0.25][: len(p)]) * len(p)
    kept = [*params]
    attempt(params, 0.1)
    if len(params) != 2 or any(p is not k for p, k in zip(params, kept)):
        return ("replaced",)
    pairs = zip(params, start, strict=True)
    moved = torch.cat([p.detach() - old for p, old in pairs])
    cleared = all(p.grad is None or not p.grad.any() for p in params)
    if not moved.any():
        return ("stood",) if cleared else ("nothing",)
    if not all(p.requires_grad for p in params):
        return ("deaf",)
    want = torch.tensor([-0.1, 0.05, -0.05])
    first = want * torch.tensor([1.0, 1.0, 0.0])
    verdict = compare(
        moved,
        want,
        uphill=-want,
        no_lr=want * 10,
        first=first,
        last=want - first,
        shared=want / 2,
        erased=-torch.cat(start),
        own_lr=want * 5,
        uphill_no_lr=-want * 10,
    )
    if verdict != ("right",) or cleared:
        return verdict
    some = any(p.grad is None or not p.grad.any() for p in params)
    return ("some_cleared",) if some else ("uncleared",)


HINT = (
    "``p -= ...`` changes a tensor; ``p = p - ...`` makes a new one and leaves the "
    "caller's as it was. What did the loop need around it?"
)
MESSAGES = {
    "right": (
        "Right. In place, without recording, and the gradient is cleared for the "
        "next backward()."
    ),
    "stood": (
        "The gradients are cleared, but the parameters stand where they stood. "
        "Either you cleared too early, or p = p - ... made new tensors: write p -= "
        "..."
    ),
    "deaf": (
        "The parameters have moved, but no longer ask for gradients. no_grad() "
        "around the update is enough; leave requires_grad as it is."
    ),
    "replaced": (
        "You put new tensors into the list. The caller's own stand where they stood: "
        "change each in place, p -= ..."
    ),
    "uphill": (
        "You went uphill. The gradient points to where the loss grows: subtract it."
    ),
    "no_lr": "You took the whole gradient for a step. It is to be multiplied by lr.",
    "first": "Only the first parameter has moved. Is a return within the loop?",
    "uncleared": (
        "The step is right, but the gradients are still there, and the next "
        "backward() will add to them: p.grad.zero_()."
    ),
    "nothing": (
        "The parameters stand where they stood, and so do their gradients. (p = p -"
        " lr * p.grad would make a new tensor and leave the old one alone; p -= ..."
        " changes it.)"
    ),
    "last": ("Only the last parameter has moved: do the lines stand within the loop?"),
    "shared": (
        "Each parameter has gone half the way. The step is lr times the gradient, "
        "however many parameters there are."
    ),
    "erased": (
        "The parameters themselves are zero now. p.grad.zero_() clears a gradient; "
        "p.zero_() clears the parameter."
    ),
    "uphill_no_lr": (
        "You went uphill, and by the whole gradient: subtract, and multiply by lr."
    ),
    "attribute": (
        "A {} has no {}. A gradient is cleared by p.grad.zero_(), or by p.grad = None."
    ),
    "a_list": (
        "params is a list, and a list does not compute: go through it with for, one"
        " parameter at a time."
    ),
    "some_cleared": (
        "The step is right, but only some gradients are cleared: clear each, within"
        " the loop."
    ),
    "own_lr": ("You used a learning rate of 0.5. The check gives another: use lr."),
    "none": (
        "A gradient is None there. (p = p - ... makes a new tensor, which has none;"
        " p -= ... changes the old one.)"
    ),
}
