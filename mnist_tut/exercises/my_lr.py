"""The best of several learning rates, all tried from the same weights."""

import torch

PAGE, SECTION = "from_memory", "memory-curves"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_lr(lrs, make_model, train):
    ...
"""


def my_lr(lrs, make_model, train):
    start = make_model().state_dict()
    losses = []
    for lr in lrs:
        model = make_model()
        model.load_state_dict(start)
        losses.append(train(model, lr))
    return lrs[torch.tensor(losses).nan_to_num(float("inf")).argmin()]


def check(attempt):
    nan, inf = float("nan"), float("inf")
    known = {0.01: 0.9, 0.1: 0.6, 0.5: 0.4, 2.0: 0.7, 8.0: 2.3, 20.0: nan, 50.0: inf}

    def train(model, lr):
        seen.append((model, lr, model.weight.detach().clone()))
        with torch.no_grad():
            model.weight += lr
        return known[lr]

    def make_model():
        return torch.nn.Linear(3, 2)

    for lrs in (
        [0.01, 0.1, 0.5, 2.0, 8.0],
        [20.0, 50.0, 8.0, 0.1, 0.5, 2.0],
        [0.1, 20.0],
    ):
        seen = []
        out = attempt(list(lrs), make_model, train)
        if not seen and (out is None or out is ...):
            return ("nothing",)
        if left := [lr for lr in lrs if lr not in [lr for _, lr, _ in seen]]:
            return "untried", left[0]
        models, starts = [model for model, _, _ in seen], [start for *_, start in seen]
        if len({id(model) for model in models}) < len(models):
            moved = any(not torch.equal(start, starts[0]) for start in starts)
            if moved:
                return ("same_model",)
        if any(not torch.equal(start, starts[0]) for start in starts):
            return ("start",)
        if out is None or out is ...:
            return ("returned",)
        try:
            found = float(out)
        except (TypeError, ValueError):
            return "number", type(out).__name__
        finite = [lr for lr in lrs if known[lr] < inf]
        best = min(finite, key=known.get)
        if abs(found - best) < 1e-6:
            continue
        if found != found or abs(found - known[best]) < 1e-6:
            return ("loss",)
        if found in lrs and known[found] not in map(known.get, finite):
            return ("nan",)
        if found == max(finite, key=known.get):
            return ("highest",)
        if found in lrs and found == lrs[-1]:
            return ("last",)
        if found == lrs.index(best):
            return ("place",)
        return "other", out
    return ("right",)


HINT = (
    "Keep the ``state_dict`` of one model that is never trained, and load it into each of "
    "the others. And what do ``min`` and ``argmin`` make of a nan?"
)
MESSAGES = {
    "right": (
        "Right. From the same start only the learning rate makes the difference, and a "
        "loss that is no number does not win."
    ),
    "untried": "The learning rate {} was not tried.",
    "same_model": (
        "One model is trained on and on: the later learning rates begin where the "
        "earlier ones have ended."
    ),
    "start": (
        "The models do not all start from the same weights, so you compare luck, too. "
        "Load the same state_dict into each. (A state_dict shares the memory of its "
        "model.)"
    ),
    "returned": "All were tried. Now return the best learning rate.",
    "number": "One learning rate is asked for; yours is of the type {}.",
    "loss": "You return the lowest loss. The learning rate that led to it is asked for.",
    "nan": (
        "You chose a learning rate whose loss is nan or infinite: nan is neither less nor "
        "greater than any number, and argmin takes it for the smallest."
    ),
    "highest": "You chose the highest loss.",
    "last": "You return the learning rate that came last.",
    "place": "You return the place in the list. The learning rate itself is asked for.",
    "other": "You chose {}, and another one has a lower loss.",
}
