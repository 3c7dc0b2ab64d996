"""Gradients scaled down together when their norm is too large."""

import torch

PAGE, SECTION = "from_memory", "memory-more"
MINUTES, DIFFICULTY = 10, 2
READY = ("clip_grad_norm_", "clip_grad_value_")

STUB = """\
def my_clip(params, most):
    ...
"""


def my_clip(params, most):
    grads = [p.grad for p in params if p.grad is not None]
    norm = sum(grad.square().sum() for grad in grads).sqrt()
    if norm > most:
        for grad in grads:
            grad *= most / norm
    return norm


def check(attempt):
    values = [torch.tensor([[3.0, -4.0], [0.5, 1.0]]), torch.tensor([-2.0, 6.0])]
    norm = sum(value.square().sum() for value in values).sqrt()

    def run(most, unused=False):
        params = [torch.nn.Parameter(value * 0 + 1) for value in values]
        for p, value in zip(params, values):
            p.grad = value.clone()
        more = [torch.nn.Parameter(torch.ones(3))] if unused else []
        out = attempt(iter(more + params), most)
        return out, [p.grad for p in params], [p.detach() for p in params]

    def same(found, want):
        return all(
            each is not None and torch.allclose(each, part, rtol=1e-3, atol=1e-5)
            for each, part in zip(found, want)
        )

    out, grads, params = run(2.0)
    if not same(params, [p * 0 + 1 for p in params]):
        return ("weights",)
    if same(grads, values):
        if out is None or out is ...:
            return ("nothing",)
        return ("stream",)
    ways = {
        "right": [g * 2 / norm for g in values],
        "each": [g * (2 / g.norm()).clamp(max=1) for g in values],
        "clamped": [g.clamp(-2, 2) for g in values],
        "upper": [g.clamp(max=2) for g in values],
        "sum": [g * 2 / sum(g.norm() for g in values) for g in values],
        "root": [g * 2 / norm**2 for g in values],
        "unit": [g / norm for g in values],
        "mean": [g * 2 / (norm / 6**0.5) for g in values],
        "largest": [g * 2 / 6 for g in values],
    }
    key = next((key for key, want in ways.items() if same(grads, want)), "scaled")
    if key != "right":
        return (key,)
    _, small, _ = run(20.0)
    if not same(small, values):
        return ("always",)
    try:
        run(2.0, unused=True)
    except (AttributeError, TypeError):
        return ("unused",)
    if out is None or out is ...:
        return ("returned",)
    try:
        found = float(out)
    except (TypeError, ValueError, RuntimeError):
        return "number", type(out).__name__
    if abs(found - 2) < 1e-3:
        return ("after",)
    return ("right",) if abs(found - float(norm)) < 1e-3 else ("norm", f"{found:.4g}")


HINT = (
    "The norm is the root of the sum of all squares, over all parameters together. "
    "``params`` is what ``model.parameters()`` gives: it can be walked through once."
)
MESSAGES = {
    "right": (
        "Right. All gradients keep their direction, and only the length of the step is "
        "bounded."
    ),
    "weights": "You changed the parameters. Their gradients are to be scaled: p.grad.",
    "stream": (
        "The gradients are as they were. Have you walked through params twice, or made "
        "new tensors instead of changing p.grad?"
    ),
    "each": (
        "Each parameter's gradient is scaled by itself, and so the direction changes. One "
        "norm for all together."
    ),
    "clamped": (
        "You cut off single numbers. Scale all of them by the same factor, so that the "
        "direction stays."
    ),
    "upper": "You cut off what is too large on one side only. Scale them all instead.",
    "sum": (
        "You add up the norms of the gradients. Add the squares, and take one root at "
        "the end."
    ),
    "root": "The root is missing: that is the square of the norm.",
    "unit": "The norm is now one. It should be most.",
    "mean": "You take the mean of the squares. Take their sum.",
    "largest": "You scale by the largest single number. Take the norm of all.",
    "scaled": "The gradients are scaled, but their norm is not most now.",
    "always": "Gradients that are small enough are scaled, too. Leave those as they are.",
    "unused": "A parameter whose gradient is None stops it. Leave it out.",
    "returned": "The gradients are right. Now return the norm that they had before.",
    "number": "One number is asked for: the norm before. Yours is of the type {}.",
    "after": "That is the norm after the clipping. The one before says more.",
    "norm": "The gradients are right. Their norm before was not {}.",
}
