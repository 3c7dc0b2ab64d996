"""Hand the models that a page has just trained to the scripts that bring its figures to life.

:func:`export` writes into a folder what ``docs/_static/alive`` loads: one script per model, one
with some pictures to read, and one with the pictures to train on. It knows layers, not the page's
classes.
"""

import base64
import copy
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

MISTAKES = 12
STEPS = 2**20  # of a weight, from 0 to 1; alive.js knows it, too


def pack(values: Tensor) -> str:
    """Write numbers as base64: steps of 2**-20, all first bytes before all second ones and so on.

    Logits change by less than 5e-5 through the rounding, and servers can compress the result to two
    thirds of what float32 takes. The sign is the last bit, so that small numbers begin with zeros.
    """
    steps = (values.detach().cpu().double() * STEPS).round().numpy().ravel()
    if not (abs(steps) < 2**30).all():
        raise ValueError(f"weights from {values.min()} to {values.max()} cannot be packed")
    whole = steps.astype(np.int64)
    bits = (2 * abs(whole) - (whole < 0)).astype(np.uint32)
    planes = [(bits >> shift).astype(np.uint8).tobytes() for shift in (24, 16, 8, 0)]
    return base64.b64encode(b"".join(planes)).decode()


def pack_pictures(pictures: Tensor) -> str:
    """Write pictures of 784 pixels k/256 as base64 of their compressed bytes."""
    pixels = (pictures.cpu() * 256).round().clamp(0, 255).to(torch.uint8)
    return base64.b64encode(zlib.compress(pixels.numpy().tobytes(), 9)).decode()


def conv_layers(model: nn.Module) -> list[dict[str, Any]]:
    """Describe a CNN of 3 by 3 convolutions with stride 2, each followed by a ReLU.

    (A ReLU that is a function, not a module, cannot be seen here: all are taken to be there.)
    At the end comes a linear layer, or the mean over all places of each channel.
    """
    layers: list[dict[str, Any]] = []
    everything, side = copy.deepcopy(model).eval().double().modules(), 28
    modules = [m for m in everything if not list(m.children())]
    for module, following in zip(modules, [*modules[1:], None], strict=True):
        if isinstance(module, nn.Conv2d):
            shape = (module.kernel_size, module.stride, module.padding)
            if shape != ((3, 3), (2, 2), (1, 1)):
                raise ValueError(f"network.js knows no convolution like {module}")
            if isinstance(following, nn.BatchNorm2d):  # one layer does what both do
                module = fuse_conv_bn_eval(module, following)
            bias = torch.zeros(module.out_channels) if module.bias is None else module.bias
            side = (side + 1) // 2
            sizes = {"from": module.in_channels, "to": module.out_channels}
            layers.append({"kind": "conv", "relu": True, "side": side} | sizes)
            layers[-1] |= {"weights": pack(module.weight), "bias": pack(bias)}
        elif isinstance(module, nn.Linear):
            layers.append(linear_layer(module.weight, module.bias))
    return layers if layers[-1]["kind"] == "linear" else [*layers, {"kind": "mean"}]


def linear_layer(weight: Tensor, bias: Tensor) -> dict[str, Any]:
    """Describe a linear layer; `weight` is (outputs, inputs)."""
    to, inputs = weight.shape
    packed = {"weights": pack(weight), "bias": pack(bias)}
    return {"kind": "linear", "from": inputs, "to": to} | packed


def choose_samples(logits: Tensor, labels: Tensor) -> list[tuple[int, str]]:
    """Choose pictures to read: the first of each class that is read right, then mistakes."""
    right = logits.argmax(1) == labels
    of_class = [(right & (labels == digit)).nonzero() for digit in range(10)]
    first = [(int(found[0, 0]), "digits") for found in of_class if len(found)]
    wrong = (~right).nonzero()[:MISTAKES, 0].tolist()
    return first + [(i, "mistakes") for i in wrong]


def page_losses(start: Tensor, x: Tensor, y: Tensor) -> list[float]:
    """Run the page's first loop, with PyTorch, and return the loss of every mini-batch."""
    weights = start.detach().clone().requires_grad_()
    bias = torch.zeros(10, requires_grad=True)
    optimiser = torch.optim.SGD([weights, bias], lr=0.5)
    losses = []
    for _epoch in range(5):
        for i in range(0, len(x), 64):
            loss = F.cross_entropy(x[i : i + 64] @ weights + bias, y[i : i + 64])
            loss.backward()
            losses.append(round(loss.item(), 7))
            optimiser.step()
            optimiser.zero_grad()
    return losses


def export(
    folder: str | Path,
    linear: tuple[Tensor, Tensor],
    cnn: nn.Module,
    better: nn.Module,
    start: Tensor,
    train: tuple[Tensor, Tensor],
    valid: tuple[Tensor, Tensor],
    source: str = "MNIST",
    sizes: tuple[int, int] = (5120, 1000),
) -> None:
    """Write everything that the living figures of a page load into a folder, made if need be.

    `linear` are weights and bias of the loop by hand after training, `start` its weights before.
    `cnn` takes (n, 784) pictures, `better` (n, 1, 28, 28). `train` and `valid` are pictures
    (n, 784) in steps of 1/256 and labels; `sizes` tells how many to take along. If `source` is not
    ``"MNIST"``, the figures say so.

    Every batch size that the figure offers divides 5,120: with 5,000, the last mini-batch of an
    epoch had eight pictures, and that one step could cost eight points of accuracy.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    start = start.detach().cpu()
    cnn, better = (copy.deepcopy(model).cpu().eval() for model in (cnn, better))
    train, valid = ((x.cpu(), y.cpu()) for x, y in (train, valid))
    n, n_valid = min(sizes[0], len(train[0])), min(sizes[1], len(valid[0]))
    with torch.no_grad():
        logits = cnn(valid[0])
    chosen = choose_samples(logits, valid[1])
    samples = [
        {"kind": kind, "label": int(valid[1][i]), "read": int(logits[i].argmax())}
        for i, kind in chosen
    ]
    labels = torch.cat([train[1][:n], valid[1][:n_valid]]).tolist()
    scripts: dict[str, dict[str, Any]] = {
        "model-linear": {"layers": [linear_layer(linear[0].T, linear[1])]},
        "model-cnn": {"layers": conv_layers(cnn)},
        "model-better": {"layers": conv_layers(better)},
        "samples": {
            "samples": samples,
            "pixels": pack_pictures(valid[0][[i for i, _ in chosen]]),
        },
        "pictures": {
            "n": n,
            "labels": "".join(map(str, labels)),
            "start": pack(start),
            "losses": page_losses(start, train[0][:n], train[1][:n]),
            "pixels": pack_pictures(torch.cat([train[0][:n], valid[0][:n_valid]])),
        },
    }
    for name, data in scripts.items():
        text = json.dumps({"source": source} | data)
        script = f"Alive.receive({json.dumps(name)}, {text});\n"
        (folder / f"{name}.js").write_text(script, encoding="utf-8")

    size = f"{len(scripts['pictures']['pixels']) / 1e6:.1f}"
    facts = {"source": source, "n": n, "size": size, "example": min(7, len(chosen) - 1)}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
