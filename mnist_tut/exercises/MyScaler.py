"""A layer with two buffers and no parameter."""

import torch
from torch import nn

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
class MyScaler(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        ...

    def forward(self, xb):
        ...
"""


class MyScaler(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, xb):
        return (xb - self.mean) / self.std


def check(attempt):
    generator = torch.Generator().manual_seed(29)
    x = torch.rand(6, 4, generator=generator)
    mean, std = torch.tensor(0.25), torch.tensor(4.0)
    kept, given = x.clone(), (mean.clone(), std.clone())
    layer = attempt(*given)
    if not isinstance(layer, torch.nn.Module):
        return "module", type(layer).__name__
    out = layer(x)
    if out is None or out is ...:
        return ("nothing",)
    if not torch.equal(x, kept) or not all(map(torch.equal, given, (mean, std))):
        return ("changed",)

    def close(want):
        return torch.allclose(out.double(), want.double(), atol=1e-5)

    if isinstance(out, torch.Tensor) and out.shape == x.shape:
        batch = (x - x.mean(0)) / x.std(0)
        ways = {
            "times": (x - mean) * std,
            "swapped": (x - std) / mean,
            "mean_only": x - mean / std,
            "back": x * std + mean,
            "plus": (x + mean) / std,
            "root": (x - mean) / std.sqrt(),
            "no_mean": x / std,
            "no_std": x - mean,
            "own": batch,
        }
        if key := next((key for key, want in ways.items() if close(want)), None):
            return (key,)
        if not close((x - mean) / std):
            return ("result",)
    else:
        return "shape", tuple(getattr(out, "shape", ())), (6, 4)
    if list(layer.parameters()):
        return ("trained",)
    saved = layer.state_dict()
    if len(saved) < 2:
        return ("one" if saved else "unsaved" if list(layer.buffers()) else "lost",)
    if any(value.requires_grad for value in layer.buffers()):
        return ("trained",)
    other = attempt(mean * 0, std * 0 + 1).double()
    other.load_state_dict(saved)
    if not torch.allclose(other(x).double(), ((x - mean) / std).double(), atol=1e-5):
        return ("copied",)
    return ("right",)


HINT = (
    "``self.register_buffer(name, tensor)`` makes an attribute of that name, which "
    "belongs to the module and is no parameter."
)
MESSAGES = {
    "right": (
        "Right. A buffer is saved and moves with its module, and no optimizer sees it."
    ),
    "module": "A module is asked for; yours is of the type {}.",
    "times": "You multiply by std. Divide by it.",
    "swapped": "mean and std have changed places.",
    "mean_only": "Only the mean is divided by std: the difference belongs in brackets.",
    "back": "This is the way back: it makes pixels of numbers that have been scaled.",
    "plus": "You add the mean. Subtract it.",
    "root": "std is the standard deviation already: no root.",
    "no_mean": "The mean has not been subtracted.",
    "no_std": "You have not divided by std.",
    "own": (
        "You scale by the mean and the deviation of this mini-batch. Use those that "
        "the layer was given."
    ),
    "result": "The result is not (xb - mean) / std.",
    "trained": (
        "mean and std are among the parameters, or require a gradient: an optimizer "
        "would train them away."
    ),
    "lost": (
        "The result is right, but state_dict() is empty: plain attributes are neither "
        "saved nor moved. Register them as buffers."
    ),
    "one": "Only one of the two is in the state_dict().",
    "unsaved": "The buffers are not saved: leave out persistent=False.",
    "copied": (
        "After load_state_dict() the layer still computes with the old numbers. Use "
        "the buffers in forward, not a copy of them."
    ),
}
