"""A fit with five faults, mended."""

import torch

PAGE, SECTION = "from_memory", "memory-more"
MINUTES, DIFFICULTY = 15, 2

STUB = """\
def my_mend(epochs, model, loss_func, opt, train_dl, valid_dl):
    model.train()
    for _ in range(epochs):
        history = []
        losses = []
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        train_loss = sum(losses) / len(losses)

        model.eval()
        total, count = 0, 0
        for xb, yb in valid_dl:
            total += loss_func(model(xb), yb).item() * len(xb)
            count += len(xb)
        history.append((train_loss, total / count))
    return history
"""


def my_mend(epochs, model, loss_func, opt, train_dl, valid_dl):
    history = []
    for _ in range(epochs):
        model.train()
        losses = []
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            losses += [loss.item()] * len(xb)
        train_loss = sum(losses) / len(losses)

        model.eval()
        total, count = 0, 0
        with torch.no_grad():
            for xb, yb in valid_dl:
                total += loss_func(model(xb), yb).item() * len(xb)
                count += len(xb)
        history.append((train_loss, total / count))
    return history


def check(attempt):
    class EndlessError(Exception):
        pass

    class Net(torch.nn.Linear):
        def forward(self, xb):
            calls.append((bool(xb[0, -1] > 0), self.training, torch.is_grad_enabled()))
            if len(calls) > 60:
                raise EndlessError
            return super().forward(xb) * (1 if self.training else 2)

    class Opt(torch.optim.SGD):
        def step(self, *how):
            steps.append(any(p.grad is not None for p in net.parameters()))
            return super().step(*how)

    def loss_func(out, yb):
        loss = torch.nn.functional.cross_entropy(out, yb)
        losses.append((calls[-1][0], loss.item(), len(yb)))
        if loss.requires_grad:
            loss.register_hook(lambda gradient: backward())
        return loss

    def backward():
        old.append(any(p.grad is not None and p.grad.any() for p in net.parameters()))

    generator = torch.Generator().manual_seed(31)
    rows = torch.randn(15, 5, generator=generator)
    rows[:, -1] = (torch.arange(15) >= 10).float() - 0.5
    labels = torch.tensor([0, 1, 2, 2, 1, 0, 0, 2, 1, 1, 0, 2, 2, 1, 0])
    data, load = torch.utils.data.TensorDataset, torch.utils.data.DataLoader
    train_dl = load(data(rows[:10], labels[:10]), batch_size=4)
    valid_dl = load(data(rows[10:], labels[10:]), batch_size=4)
    calls, steps, losses, old = [], [], [], []
    net = Net(5, 3).eval()
    opt = Opt(net.parameters(), lr=0.3)
    try:
        out = attempt(3, net, loss_func, opt, train_dl, valid_dl)
    except EndlessError:
        return ("endless",)
    if not calls and (out is None or out is ...):
        return ("nothing",)
    trained = [training for valid, training, _ in calls if not valid]
    validated = [call[1:] for call in calls if call[0]]
    if len(trained) != 9 or len(validated) != 6:
        return "passes", len(trained), len(validated)
    if len(steps) != 9 or not all(steps) or len(old) != 9:
        return ("steps",)
    if any(training for training, _ in validated):
        return ("eval",)
    if hasattr(out, "tolist"):
        out = out.tolist()
    try:
        pairs = [tuple(float(loss) for loss in pair) for pair in out]
        last, valid = pairs[-1]
    except (TypeError, ValueError, IndexError):
        return ("pairs",)

    def means(among, count):
        batches = [(loss, size) for kind, loss, size in losses if kind is among][
            -count:
        ]
        weighted = sum(loss * size for loss, size in batches)
        plain = sum(loss for loss, _ in batches) / count
        return weighted / sum(size for _, size in batches), plain

    right, plain = means(False, 3)
    right_valid, _ = means(True, 2)
    if abs(valid - right_valid) > 1e-4:
        return ("validation",)
    if min(abs(last - right), abs(last - plain)) > 1e-4:
        return ("training",)
    left = {
        "one_pair": len(pairs) != 3,
        "mode": not all(trained),
        "piled": any(old),
        "unweighted": abs(last - right) > 1e-4,
        "recorded": any(recording for _, recording in validated),
    }
    count = sum(left.values())
    if count == 5:
        return ("todo",)
    return next(((key, count) for key, wrong in left.items() if wrong), ("right",))


HINT = (
    "Go through it call by call. What has to happen in every epoch, and what only once? "
    "What does ``backward()`` find? How large is the last mini-batch? Who needs the "
    "graph?"
)
MESSAGES = {
    "todo": "Still to be done: all five faults are there.",
    "right": (
        "Right. All five are fixed: the list, the mode, the gradients, the mean, and no record of "
        "the validation."
    ),
    "one_pair": "Still wrong, {} of five. One of them: the list begins anew in every epoch.",
    "mode": (
        "Still wrong, {} of five. One of them: from the second epoch on the model trains "
        "in evaluation mode."
    ),
    "piled": (
        "Still wrong, {} of five. One of them: backward() finds the gradients of earlier "
        "mini-batches, and adds to them."
    ),
    "unweighted": (
        "Still wrong, {} of five. One of them: in the training loss the last, smaller "
        "mini-batch counts as much as the others."
    ),
    "recorded": (
        "Still wrong, {} of five. One of them: the validation is recorded for a "
        "backward() that never comes."
    ),
    "endless": "It does not come to an end: the epochs were right as they were.",
    "passes": (
        "In three epochs the model was called {} times to train and {} times to "
        "validate; it was 9 and 6 before you changed it."
    ),
    "steps": (
        "Something that was right is broken: each mini-batch needs one backward() and "
        "then one step, with the gradients still there."
    ),
    "eval": "Something that was right is broken: it validates in training mode.",
    "pairs": "It should return a list of pairs, as it did.",
    "validation": "Something that was right is broken: the validation loss.",
    "training": "The training loss is now neither the old mean nor the right one.",
}
