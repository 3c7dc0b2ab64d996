"""One step from several small mini-batches, equal to that from one large one."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-more"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_accumulate(model, loss_func, opt, parts):
    ...
"""


def my_accumulate(model, loss_func, opt, parts):
    total = sum(len(xb) for xb, _ in parts)
    for xb, yb in parts:
        loss = loss_func(model(xb), yb) * len(xb) / total
        loss.backward()
    opt.step()
    opt.zero_grad()


def check(attempt):
    class Net(torch.nn.Linear):
        def forward(self, xb):
            notes.append(len(xb))
            out = super().forward(xb)
            if out.requires_grad:
                out.register_hook(lambda gradient: notes.append("backward"))
            return out

    def loss_func(out, yb):
        asked.append(len(yb))
        return torch.nn.functional.cross_entropy(out, yb)

    generator = torch.Generator().manual_seed(32)
    x, y = torch.randn(14, 5, generator=generator), torch.arange(14) % 3
    parts = [*zip(x.split(4), y.split(4))]
    start = torch.nn.Linear(5, 3).state_dict()

    def run(step, times=1):
        net = Net(5, 3)
        net.load_state_dict(start)
        opt = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.5)
        for _ in range(times):
            step(net, loss_func, opt, parts)
        return torch.cat([p.detach().flatten() for p in net.parameters()])

    def weighted(weight, chosen=slice(None), each=""):
        def step(net, loss_func, opt, parts):
            for xb, yb in parts[chosen]:
                (loss_func(net(xb), yb) * weight(len(xb))).backward()
                if each:
                    opt.step()
                if each == "clear":
                    opt.zero_grad()
            if not each:
                opt.step()
            opt.zero_grad()

        return step

    right = weighted(lambda size: size / 14)
    notes, asked = [], []
    found = run(attempt)
    own_loss = not asked
    calls = [note for note in notes if note != "backward"]
    first = notes.index("backward") if "backward" in notes else len(notes)
    usual = {
        "stood": run(lambda *given: None),
        "sum": run(weighted(lambda size: 1)),
        "unweighted": run(weighted(lambda size: 1 / 4)),
        "large": run(weighted(lambda size: size)),
        "fixed": run(weighted(lambda size: size / 256)),
        "steps_added": run(weighted(lambda size: size / 14, each="keep")),
        "last": run(weighted(lambda size: size / 14, slice(-1, None))),
        "last_whole": run(weighted(lambda size: 1, slice(-1, None))),
        "last_equal": run(weighted(lambda size: 1 / 4, slice(-1, None))),
        "steps": run(weighted(lambda size: size / 14, each="clear")),
        "steps_whole": run(weighted(lambda size: 1, each="clear")),
        "steps_equal": run(weighted(lambda size: 1 / 4, each="clear")),
    }
    want, twice = run(right), run(right, 2)
    verdict = compare(found, want, **usual)
    known = verdict[0] in ("right", "nan", *usual)
    key = verdict[0].partition("_")[0] if known else "other"
    if key == "stood":
        return ("stood",)
    if own_loss:
        return ("own_loss",)
    if any(size > 4 for size in calls):
        return ("joined",)
    if key != "right":
        return (key,)
    if first > 1:
        return ("memory",)
    return (
        ("right",) if torch.allclose(run(attempt, 2), twice, atol=1e-5) else ("left",)
    )


HINT = (
    "``backward()`` adds: call it for every part, and step once at the end. Each loss is a "
    "mean over its part. With which weight does it enter the mean over all?"
)
MESSAGES = {
    "own_loss": "loss_func is never called: use the loss that the caller brings.",
    "other": (
        "This is not the step that one mini-batch of all these images would have led to. Is "
        "every part gone through, downhill, and its loss weighted by len(xb) / all of them?"
    ),
    "fixed": (
        "You divide by 256, whatever comes. Count the images of the parts: the last may be "
        "smaller."
    ),
    "right": (
        "Right. Gradients add up, so memory for one part is enough for a mini-batch of "
        "any size."
    ),
    "stood": "No parameter moves: opt.step(), with the gradients still there.",
    "joined": (
        "You join the parts again: then they need the memory that you wanted to save."
    ),
    "sum": (
        "The gradients of the parts add up, and the mean over all of them is asked for."
    ),
    "unweighted": (
        "Every part counts the same, but the last is smaller. Weight each loss by its "
        "share of the images."
    ),
    "large": "The losses are weighted by len(xb), but not divided by the number of images.",
    "last": (
        "Only the last part counts: backward() belongs into the loop, and the gradients of "
        "earlier parts have to stay until the step."
    ),
    "steps": "You step after each part. One step is asked for, at the end.",
    "memory": (
        "The step is right. But all the graphs were kept until the end: call "
        "backward() after each part, so that its graph is freed."
    ),
    "left": (
        "The first step is right, and the second is not: its gradients are added to "
        "those of the first."
    ),
}
