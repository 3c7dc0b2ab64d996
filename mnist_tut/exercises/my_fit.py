"""Epochs of training and validation, and one pair of losses from each."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-loop"
MINUTES, DIFFICULTY = 20, 3

STUB = """\
def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    ...
"""


def my_fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    history = []
    for _ in range(epochs):
        model.train()
        total, count = 0, 0
        for xb, yb in train_dl:
            loss = loss_func(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
            total += loss.item() * len(xb)
            count += len(xb)
        train_loss = total / count

        model.eval()
        total, count = 0, 0
        with torch.no_grad():
            for xb, yb in valid_dl:
                total += loss_func(model(xb), yb).item() * len(xb)
                count += len(xb)
        history.append((train_loss, total / count))
    return history


def check(attempt):
    class ToldError(Exception):
        pass

    class Net(torch.nn.Linear):
        def forward(self, xb):
            out = super().forward(xb) * (1 if self.training else 2)
            outs.append(out)
            valid, recording = bool(xb[0, -1] > 0), torch.is_grad_enabled()
            if valid:
                notes.append("w" if self.training else "g" if recording else "v")
            else:
                notes.append("t" if self.training else "u")
            if out.requires_grad:
                out.register_hook(lambda gradient: backward(valid))
            return out

    class Loader(torch.utils.data.DataLoader):
        def __iter__(self):
            notes.append("V" if self is valid_dl else "P")
            if notes.count(notes[-1]) > 12:
                raise ToldError("endless")
            return super().__iter__()

    class Opt(torch.optim.SGD):
        def step(self, *how):
            result = super().step(*how)
            notes.append("s" if has_gradients() else "S")
            return result

    def has_gradients():
        return any(p.grad is not None and p.grad.any() for p in net.parameters())

    def backward(valid):
        notes.append("x" if valid else "B" if has_gradients() else "b")

    def loss_func(out, yb):
        notes.append("l")
        if out.ndim != 2:
            raise ToldError("swapped")
        if not any(torch.equal(out, each) for each in outs if each.shape == out.shape):
            raise ToldError("altered")
        return torch.nn.functional.cross_entropy(out, yb)

    def right():
        for _ in range(3):
            net.train()
            losses, late = [], []
            for xb, yb in train_dl:
                losses.append(loss_func(net(xb), yb))
                losses[-1].backward()
                opt.step()
                opt.zero_grad()
                late.append(loss_func(net(xb), yb))
            net.eval()
            yield losses, late, [loss_func(net(xb), yb) for xb, yb in valid_dl]

    generator = torch.Generator().manual_seed(27)
    rows = torch.randn(15, 5, generator=generator)
    rows[:, -1] = (torch.arange(15) >= 10).float() - 0.5
    labels = torch.tensor([0, 1, 2, 2, 1, 0, 0, 2, 1, 1, 0, 2, 2, 1, 0])
    start, data = torch.nn.Linear(5, 3).state_dict(), torch.utils.data.TensorDataset
    train_dl = Loader(data(rows[:10], labels[:10]), batch_size=4)
    valid_dl = Loader(data(rows[10:], labels[10:]), batch_size=4)

    outs = []

    def world():
        net = Net(5, 3).eval()
        net.load_state_dict(start)
        return net, Opt(net.parameters(), lr=0.3, momentum=0.5), []

    net, opt, notes = world()
    known = [[torch.stack(part).detach() for part in epoch] for epoch in right()]
    net, opt, notes = world()
    try:
        out = attempt(3, net, loss_func, opt, train_dl, valid_dl)
    except ToldError as told:
        return told.args
    if hasattr(out, "__next__"):
        return ("yields",)
    trace = "".join(notes)
    pairs = zip(trace, trace[1:] + "P")
    called = "".join(note for note, after in pairs if {note, after} - {*"PV"})
    if called.count("P") == called.count("V") == 3:
        trace = called
    if not trace and (out is None or out is ...):
        return ("idle",)

    def count(*kinds):
        return sum(map(trace.count, kinds))

    passes = "".join(note for note in trace if note in "PV")
    if "P" not in trace:
        return ("untrained",)
    if "x" in trace:
        return ("on_valid",)
    if "l" not in trace:
        return ("own_loss",)
    if not count("b", "B"):
        return ("no_backward",)
    if not count("s", "S"):
        return ("no_step",)
    if count("t", "u") < 3 * count("P"):
        return ("first_batch",)
    if count("P") == 1 and count("t", "u") > 4:
        return ("listed",)
    if count("P") != 3:
        key = {1: "one_epoch", 6: "again"}.get(count("P"), "passes")
        return (key, count("P")) if key == "passes" else (key,)
    if count("V") != 3:
        key = "no_valid" if not count("V") else "valid_once"
        return (key if count("V") < 3 else "valid_often",)
    if passes != "PVPVPV":
        return ("before" if passes.startswith("V") else "apart",)
    if "u" in trace:
        return ("train_once" if "t" in trace else "no_train",)
    if "w" in trace:
        return ("no_eval",)
    if "g" in trace:
        return ("grads",)
    if any(note + "l" + step in trace for note in "vgw" for step in "sS"):
        return ("valid_step",)
    if count("b", "B") > count("t", "u"):
        return ("backward_twice",)
    if count("s", "S") < 9 or count("b", "B") < 9:
        return ("each",)
    if "S" in trace:
        return ("cleared" if "b" in trace[: trace.index("S")] else "step_first",)
    if "B" in trace:
        return ("no_zero",)
    if out is None or out is ...:
        return ("nothing",)

    def plain(found):
        if isinstance(found, torch.Tensor) and found.requires_grad:
            raise ToldError("graph")
        if hasattr(found, "tolist"):
            return found.tolist()
        if isinstance(found, (list, tuple)):
            return [plain(each) for each in found]
        return found

    try:
        table = torch.tensor(plain(out), dtype=torch.double)
    except ToldError as told:
        return told.args
    except (TypeError, ValueError, RuntimeError):
        return ("pairs",)
    if table.shape == (2,) or table.shape == (1, 2):
        return ("last",)
    if table.shape == (2, 3):
        return ("columns",)
    if table.shape != (3, 2):
        return ("pairs",)

    def mean(losses, sizes):
        weights = torch.tensor(sizes) / sum(sizes)
        return torch.stack([(part.double() * weights).sum() for part in losses])

    parts = [*zip(*known)]
    train, valid = mean(parts[0], [4, 4, 2]), mean(parts[2], [4, 1])
    verdict = compare(
        table,
        torch.stack([train, valid], 1),
        swapped_pair=torch.stack([valid, train], 1),
        late=torch.stack([mean(parts[1], [4, 4, 2]), valid], 1),
    )
    if verdict[0] in ("right", "swapped_pair", "late", "shape", "nan"):
        return verdict
    for found, want, losses in (
        (table[:, 0], train, parts[0]),
        (table[:, 1], valid, parts[2]),
    ):
        ways = {
            "batches": torch.stack([part.mean() for part in losses]),
            "last_batch": torch.stack([part[-1] for part in losses]),
            "first_loss": torch.stack([part[0] for part in losses]),
            "kept": want.cumsum(0) / torch.tensor([1, 2, 3]),
            "factor": want,
        }
        for key, value in ways.items():
            ratio = found / value
            if (ratio - ratio[0]).abs().max() < 1e-4 and (ratio[0] - 1).abs() > 1e-4:
                return ("factor", f"{ratio[0]:.3g}") if key == "factor" else (key,)
            if key != "factor" and (ratio - 1).abs().max() < 1e-4:
                return (key,)
    return verdict


HINT = (
    "An epoch has two halves, each with a loop: ``model.train()`` and three calls a "
    "mini-batch, then ``model.eval()`` under ``no_grad``. In both, add up "
    "``loss.item() * len(xb)`` and ``len(xb)``, and divide once at the end."
)
MESSAGES = {
    "idle": "Neither loader has been asked for a mini-batch.",
    "right": (
        "Right. This loop trains any model with any loss and any optimizer, and you "
        "have written it yourself."
    ),
    "endless": "You go through a loader again and again: epochs says how often.",
    "swapped": "The loss gets the labels first. It wants what the model gave, then yb.",
    "yields": "A yield makes it a generator, and nothing is run. Return a list.",
    "untrained": "train_dl is never gone through: nothing can be learnt.",
    "on_valid": (
        "backward() is called on a loss of the validation data. They are there to "
        "measure, not to learn from."
    ),
    "own_loss": "loss_func is never called: use the loss that the caller brings.",
    "no_backward": "backward() is never called: there is no gradient to step with.",
    "no_step": "opt.step() is never called: that is what changes the parameters.",
    "first_batch": (
        "Not every mini-batch of train_dl is used. Does a return stand inside the "
        "loop, or do you take the first one only?"
    ),
    "one_epoch": (
        "train_dl was gone through once, and three epochs were asked for. Does the "
        "return stand inside the loop over the epochs?"
    ),
    "altered": (
        "loss_func gets something else than the model gave. Hand it model(xb) as it is: "
        "what a softmax would do is in the loss."
    ),
    "listed": (
        "You go through train_dl once and keep its mini-batches. Go through it in every epoch: "
        "a loader that shuffles does so anew."
    ),
    "valid_step": "opt.step() is called while you validate. Validation changes nothing.",
    "backward_twice": "backward() is called more than once for the same loss.",
    "again": (
        "You go through the training data twice an epoch. The training loss is "
        "gathered on the way, from the losses that you step with."
    ),
    "passes": "train_dl was gone through {} times. It should be three, once an epoch.",
    "no_valid": "valid_dl is never gone through.",
    "valid_once": "You do not validate in every epoch, but one pair each is asked for.",
    "valid_often": (
        "You validate more than once an epoch. Is the second loop inside the first?"
    ),
    "before": "You validate before you train. First the epoch, then its validation.",
    "apart": "All epochs come first, and then all validations: one belongs to each.",
    "no_train": (
        "model.train() is missing. A model may come in evaluation mode, as this one "
        "does."
    ),
    "train_once": (
        "The first epoch runs in training mode and the later ones do not: "
        "model.train() belongs into every epoch, since eval() comes at its end."
    ),
    "no_eval": "You validate in training mode: model.eval() is missing.",
    "grads": (
        "While you validate, everything is recorded for a backward() that never "
        "comes: torch.no_grad()."
    ),
    "each": (
        "Fewer steps than mini-batches: backward() and opt.step() belong inside the "
        "loop over train_dl."
    ),
    "cleared": (
        "When step() looks for the gradients, they have been thrown away: "
        "zero_grad() stands between backward() and step()."
    ),
    "step_first": "step() comes before backward(): there is no gradient yet.",
    "no_zero": (
        "The gradients of earlier mini-batches are still there at backward(), and "
        "the new ones are added: opt.zero_grad(), once a mini-batch."
    ),
    "nothing": (
        "It trains and validates as it should. Now return the losses: what is "
        "printed cannot be used."
    ),
    "graph": (
        "You return a loss as a tensor that keeps its whole graph in memory: "
        "loss.item() gives a number."
    ),
    "pairs": "Return a list with one pair an epoch: (training loss, validation loss).",
    "last": (
        "One pair comes back, for three epochs. Collect them in a list that is made "
        "before the loop."
    ),
    "columns": (
        "You return two lists, one for each kind of loss. One pair an epoch is asked "
        "for."
    ),
    "swapped_pair": "The pairs are the wrong way round: the training loss comes first.",
    "late": (
        "Your training loss is computed once more after the step. Take the loss that "
        "the step came from."
    ),
    "batches": (
        "Every mini-batch counts the same in your mean, and the last is smaller. "
        "Weight each loss by len(xb)."
    ),
    "last_batch": "One of your losses is that of the last mini-batch alone.",
    "first_loss": "One of your losses is that of the first mini-batch alone.",
    "kept": (
        "Your sums go on from epoch to epoch. Begin each epoch with zero, or with an "
        "empty list."
    ),
    "factor": (
        "One of your losses is {} times what it should be. A mean over the images "
        "divides by their number."
    ),
}
