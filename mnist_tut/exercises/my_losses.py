"""The losses when no gradient is ever cleared: those of a momentum of one."""

import torch
import torch.nn.functional as F

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_losses(xb, yb, weights, bias, lr, steps):
    weights = weights.clone().requires_grad_()
    bias = bias.clone().requires_grad_()
    losses = []
    ...
    return losses
"""


def my_losses(xb, yb, weights, bias, lr, steps):
    weights = weights.clone().requires_grad_()
    bias = bias.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(xb @ weights + bias, yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad
        losses.append(loss.item())
    return losses


def check(attempt):
    generator = torch.Generator().manual_seed(4)
    xb = torch.rand(64, 20, generator=generator)
    yb = torch.randint(10, (64,), generator=generator)
    given = torch.zeros(20, 10), torch.zeros(10)

    def losses(steps=12, lr=0.3, bias=1, momentum=1):
        w, b = (torch.zeros(size, requires_grad=True) for size in ((20, 10), 10))
        groups = {"params": [w]}, {"params": [b], "lr": abs(lr) * bias}
        opt = torch.optim.SGD(groups, lr=abs(lr), momentum=momentum, maximize=lr < 0)
        found = []
        for _ in range(steps):
            opt.zero_grad()
            loss = torch.nn.functional.cross_entropy(xb @ w + b, yb)
            loss.backward()
            opt.step()
            found.append(loss.item())
        return torch.tensor(found)

    out = attempt(xb, yb, *given, 0.3, 12)
    if any(p.any() for p in given):
        return ("changed",)
    if out is None or out is ...:
        return ("nothing",)
    if isinstance(out, (int, float)):
        return ("one",)
    if len(out) == 0:
        return ("empty",)
    graphs = [isinstance(each, torch.Tensor) and each.requires_grad for each in out]
    if any(graphs) or (isinstance(out, list) and isinstance(out[0], torch.Tensor)):
        return ("kept",)
    want = losses(13)
    return compare(
        torch.as_tensor(out),
        want[:12],
        cleared=losses(momentum=0),
        late=want[1:],
        uphill=losses(lr=-0.3),
        no_lr=losses(lr=1.0),
        no_bias=losses(bias=0),
        stood=want[:1].expand(12),
        twelve=losses(11),
        thirteen=want,
        own_lr=losses(lr=0.5),
    )


HINT = (
    "It is the tutorial's first loop without its last two lines. ``loss.item()`` makes "
    "a plain number of a tensor. For the curve: what is in ``weights.grad`` after ten "
    "steps?"
)
MESSAGES = {
    "right": (
        "Right. Every old gradient pushes on, at full strength: that is a momentum "
        "of 1, a ball that rolls without friction. It runs past the valley and "
        "swings."
    ),
    "cleared": (
        "That is the good curve: you cleared the gradients. Leave that out, and see."
    ),
    "late": "You noted each loss after the step. Note what the step began with.",
    "kept": (
        "You kept tensors, and each keeps its whole graph in memory. item() gives "
        "the plain number."
    ),
    "changed": (
        "You changed the caller's weights or bias. The first two lines of the stub "
        "make copies: work on those."
    ),
    "one": ("That is one number. Collect all losses in the list, one a step."),
    "empty": "The list is empty: losses.append(...) within the loop.",
    "uphill": ("The losses grow from the first step on: you went uphill. Subtract."),
    "no_lr": "Each step takes the whole gradient. Multiply it by lr.",
    "no_bias": "The bias stays where it was: it learns like the weights.",
    "stood": (
        "Nothing has moved: every step begins with the same loss. Change the "
        "parameters in place, -=."
    ),
    "twelve": "One loss is missing: there are as many as steps.",
    "thirteen": "That is one loss too many: there are as many as steps.",
    "own_lr": ("You used a learning rate of 0.5. The check gives another: use lr."),
}
