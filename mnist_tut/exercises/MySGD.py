"""The same path as that of torch's own optimizer."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-again"
MINUTES, DIFFICULTY = 10, 3

STUB = """\
class MySGD:
    def __init__(self, params, lr, momentum):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def step(self):
        ...

    def zero_grad(self):
        for p in self.params:
            p.grad = None
"""


class MySGD:
    def __init__(self, params, lr, momentum):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def step(self):
        with torch.no_grad():
            for p, v in zip(self.params, self.velocities):
                v *= self.momentum
                v += p.grad
                p -= self.lr * v

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def check(attempt):

    def path(make, **settings):
        params = [torch.tensor([1.0, -2.0]), torch.tensor([0.5])]
        params = [p.requires_grad_() for p in params]
        opt, points = make(params, **settings), []
        for target in (0.0, 1.0, 3.0, 3.0):
            opt.zero_grad()
            sum(((p - target) ** 2).sum() for p in params).backward()
            opt.step()
            points.append(torch.cat(params).detach().clone())
        return torch.stack(points)

    class Late(torch.optim.SGD):
        def step(self):
            for p in self.param_groups[0]["params"]:
                v = self.state[p].get("v", torch.zeros_like(p))
                p.data -= self.defaults["lr"] * v
                self.state[p]["v"] = v * self.defaults["momentum"] + p.grad

    sgd, usual = torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}
    out = path(attempt, **usual)
    if torch.equal(out[0], out[-1]):
        return ("stood",)
    return compare(
        out,
        path(sgd, **usual),
        forgets=path(sgd, lr=0.05),
        damped=path(sgd, lr=0.005, momentum=0.9),
        lr_twice=path(sgd, lr=0.05**2, momentum=0.9),
        no_lr=path(sgd, lr=1.0, momentum=0.9),
        no_shrink=path(sgd, lr=0.05, momentum=1.0),
        only_momentum=path(sgd, lr=0.045),
        ahead=path(sgd, lr=0.05, momentum=0.9, nesterov=True),
        uphill=path(sgd, lr=0.05, momentum=0.9, maximize=True),
        late=path(Late, **usual),
    )


HINT = (
    "``for p, v in zip(self.params, self.velocities)``, under ``torch.no_grad()``. "
    "Change ``v`` in place, or the next step will not know of it."
)
MESSAGES = {
    "lr_twice": "The gradient is scaled by lr twice: once in the velocity, once in the step.",
    "right": (
        "Right. Step by step where torch's SGD goes: the optimizer holds no more magic."
    ),
    "forgets": (
        "That is plain SGD: the velocity is forgotten from step to step. Change it "
        "in place (v *= ...), or store it again."
    ),
    "damped": (
        "You scaled the new gradient by 1 - momentum. That exists too, as a running "
        "mean; PyTorch adds the gradient in full."
    ),
    "no_lr": "The learning rate is missing from the step.",
    "ahead": (
        "That is Nesterov's momentum, which looks one step ahead. The plain one is "
        "asked for."
    ),
    "uphill": "You went uphill: subtract.",
    "stood": (
        "step() moves nothing. p = p - ... makes a new tensor; p -= ... changes the"
        " parameter itself."
    ),
    "no_shrink": (
        "The velocity never shrinks: it becomes momentum times what it was before "
        "the gradient is added."
    ),
    "only_momentum": (
        "You scaled the gradient by momentum. It is the velocity that shrinks, and "
        "keeps what came before."
    ),
    "late": ("The parameter moves by the old velocity. Renew the velocity first."),
    "none": (
        "Something in that line is None. (p = p - ... makes a new tensor, whose "
        "grad is None; p -= ... changes the parameter itself.)"
    ),
}
