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
    soft, loss_of, calls = torch.nn.functional.softmax, torch.nn.CrossEntropyLoss(), []

    def three(step, momentum=0, sign=1):
        net = torch.nn.Sequential(torch.nn.Linear(20, 10, bias=False))
        torch.nn.init.zeros_(net[0].weight)
        opt = torch.optim.SGD(
            net.parameters(), lr=4.0, momentum=momentum, maximize=sign < 0
        )
        opt.register_step_pre_hook(lambda *_: calls.append(net[0].weight.grad))
        found = [step(net, opt, x, y) for _ in range(3)]
        return found, net[0].weight.detach(), net.training

    def by(loss_func):
        def step(net, opt, x, y):
            opt.zero_grad()
            loss = loss_func(net(x), y)
            loss.backward()
            opt.step()
            return loss.item()

        return step

    def late(net, opt, x, y):
        right(net, opt, x, y)
        return loss_of(net(x), y).item()

    right, softened = by(loss_of), by(lambda out, y: loss_of(soft(out, 1), y))
    found, moved, training = three(attempt)
    if moved.any() and not calls:
        return ("own_opt",)
    if not moved.any():
        return ("stood",) if calls else ("no_step",)
    if len(calls) > 3:
        return "steps", len(calls), 3
    losses, want, _ = three(right)
    usual = {
        "softmax": softened,
        "columns": by(lambda out, y: loss_of(soft(out, 0), y)),
        "squashed": by(lambda out, y: loss_of(out.sigmoid(), y)),
        "no_log": by(lambda out, y: -soft(out, 1)[range(64), y].mean()),
        "logits": by(lambda out, y: -out[range(64), y].mean()),
        "summed": by(lambda out, y: loss_of(out, y) * 64),
    }
    usual = {key: three(step)[1] for key, step in usual.items()}
    usual |= {"uncleared": three(right, 1)[1], "both": three(softened, 1)[1]}
    key = compare(moved, want, uphill=three(right, sign=-1)[1], **usual)[0]
    if key != "right":
        return (key if key in ("uphill", *usual) else "other",)
    if not training:
        return ("mode",)
    if None in found:
        return ("nothing",)
    if any(isinstance(loss, (tuple, list)) for loss in found):
        return ("several",)
    if any(isinstance(loss, torch.Tensor) for loss in found):
        shape = tuple(found[0].shape)
        return ("shape", shape, ()) if shape else ("tensor",)
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
    "no_step": "No parameter moves: opt.step() is not called. Its brackets, too, are needed.",
    "stood": (
        "No parameter moves: when opt.step() is called there is no gradient. backward() "
        "comes before it, and zero_grad() not between the two."
    ),
    "own_opt": "The parameters move, but not by the optimizer that is given: opt.step().",
    "steps": "opt.step() is called {} times in {} calls of yours: one call is one step.",
    "columns": (
        "cross_entropy gets a softmax over the pictures. It wants logits: leave out "
        "softmax."
    ),
    "squashed": "cross_entropy gets sigmoids. It wants logits: leave out sigmoid.",
    "no_log": (
        "nll_loss gets probabilities, and wants their logarithms. cross_entropy takes the "
        "logits as they are."
    ),
    "logits": (
        "nll_loss gets logits, and wants log probabilities. cross_entropy takes the logits "
        "as they are."
    ),
    "summed": "The gradient is that of the sum over the pictures. Take the mean.",
    "other": (
        "The parameters move, but not as they should. Does the loss get model(xb) and yb, "
        "all of them and as they are?"
    ),
    "mode": "Afterwards the model is in eval mode. A step of training leaves it as it was.",
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
