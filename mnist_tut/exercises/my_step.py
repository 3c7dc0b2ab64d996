"""Three steps go where three right ones go, and each returns its loss as a number."""

import torch
import torch.nn.functional as F

from mnist_tut.exercises.common import compare

PAGE, SECTION = "when_it_goes_wrong", "wrong-one-batch"
MINUTES, DIFFICULTY = 5, 2

STUB = """\
def my_step(model, opt, xb, yb):
    probs = model(xb).softmax(dim=1)
    loss = F.cross_entropy(probs, yb)
    loss.backward()
    opt.step()
    return loss
"""


def my_step(model, opt, xb, yb):
    loss = F.cross_entropy(model(xb), yb)
    loss.backward()
    opt.step()
    opt.zero_grad()
    return loss.item()


def check(attempt):
    x, y = torch.rand(64, 20), torch.arange(64) % 10
    plain, soft = torch.nn.Identity(), torch.nn.Softmax(1)

    def three(step, last=plain, momentum=0, sign=1):
        net = torch.nn.Sequential(torch.nn.Linear(20, 10, bias=False), last)
        torch.nn.init.zeros_(net[0].weight)
        opt = torch.optim.SGD(
            net.parameters(), lr=0.5, momentum=momentum, maximize=sign < 0
        )
        return [step(net, opt, x, y) for _ in range(3)], net[0].weight.detach()

    def right(net, opt, x, y):
        opt.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss.item()

    def late(net, opt, x, y):
        right(net, opt, x, y)
        return torch.nn.functional.cross_entropy(net(x), y).item()

    (found, moved), (losses, want) = three(attempt), three(right)
    ways = {"softmax": (soft, 0), "uncleared": (plain, 1), "both": (soft, 1)}
    ways["uphill"] = (plain, 0, -1)
    usual = {key: three(right, *way)[1] for key, way in ways.items()}
    verdict = compare(moved, want, stood=want * 0, **usual)
    if verdict != ("right",):
        return verdict
    if None in found:
        return ("nothing",)
    if any(isinstance(loss, (tuple, list)) for loss in found):
        return ("several",)
    if any(isinstance(loss, torch.Tensor) for loss in found):
        return ("tensor",)
    if not all(isinstance(loss, (int, float)) for loss in found):
        return "type", type(found[0]).__name__
    return compare(
        torch.tensor(found),
        torch.tensor(losses),
        late=torch.tensor(three(late)[0]),
        sum=torch.tensor(losses) * 64,
    )


HINT = (
    "What does the loss want from the model? What does ``backward()`` do with old "
    "gradients? And a loss that is kept as a tensor keeps its whole graph."
)
MESSAGES = {
    "right": (
        "Right. Logits for the loss, a clean gradient for the next step, and a "
        "number that keeps no graph."
    ),
    "softmax": (
        "cross_entropy still gets probabilities. It wants logits: leave out softmax."
    ),
    "uncleared": "The gradients still pile up: opt.zero_grad().",
    "stood": (
        "No parameter moves. Does the gradient live until opt.step() needs it, and "
        "was it computed?"
    ),
    "tensor": (
        "The training is right now. But the loss that you return is a tensor, and "
        "keeps its graph: loss.item()."
    ),
    "both": (
        "Two faults are left: cross_entropy still gets probabilities, and the "
        "gradients still pile up."
    ),
    "uphill": "The step goes uphill: leave the sign to the optimizer.",
    "several": (
        "The training is right now. But a plain number is asked for, and you return"
        " several things, as loss_batch does."
    ),
    "type": (
        "The training is right now. But you return a {}, and a plain number is "
        "asked for: loss.item()."
    ),
    "late": (
        "You return the loss after the step. Return that which the step began with."
    ),
    "sum": ("You return the sum over the pictures. Return the mean, as it is."),
    "plain": (
        "A plain number stands there already. item() comes last: backward() needs "
        "the tensor."
    ),
}
