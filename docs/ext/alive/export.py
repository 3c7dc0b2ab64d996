"""Hand the models that a page has just trained to the scripts that bring its figures to life.

:func:`export` writes into a folder what ``docs/_static/alive`` loads: one script per model, one
with some pictures to read, one with the pictures to train on, and two still figures for readers
without JavaScript. It needs PyTorch and NumPy only, and knows layers, not the page's classes.
"""

import base64
import copy
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ext.alive import still

SCRIPT = "Alive.receive({name}, {data});\n"
MISTAKES = 12
STEPS = 2**20  # of a weight, from 0 to 1; alive.js knows it, too


def pack(values: Tensor) -> str:
    """Write numbers as base64: steps of 2**-20, all first bytes before all second ones and so on.

    Logits change by less than 5e-5 through the rounding, and servers can compress the result to two
    thirds of what float32 takes. The sign is the last bit, so that small numbers begin with zeros.
    """
    steps = (values.detach().cpu().double() * STEPS).round().numpy().ravel()
    if not (abs(steps) < 2**30).all():
        raise ValueError(
            f"weights from {values.min()} to {values.max()} cannot be packed"
        )
    whole = steps.astype(np.int64)
    bits = (2 * abs(whole) - (whole < 0)).astype(np.uint32)
    planes = [(bits >> shift).astype(np.uint8).tobytes() for shift in (24, 16, 8, 0)]
    return base64.b64encode(b"".join(planes)).decode()


def pack_pictures(pictures: Tensor) -> str:
    """Write pictures of 784 pixels k/256 as base64 of their compressed bytes."""
    pixels = (pictures.cpu() * 256).round().clamp(0, 255).to(torch.uint8)
    return base64.b64encode(zlib.compress(pixels.numpy().tobytes(), 9)).decode()


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[Tensor, Tensor]:
    """Return weights and bias of a convolution that does what it and its normalisation do."""
    weights = conv.weight.detach().double()
    bias = torch.zeros(len(weights)) if conv.bias is None else conv.bias.detach()
    if norm is None:
        return weights.float(), bias.float()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = (bias.double() - norm.running_mean.double()) * factor + norm.bias.double()
    return (weights * factor.view(-1, 1, 1, 1)).float(), bias.detach().float()


def leaves(model: nn.Module) -> Iterable[nn.Module]:
    """Yield the layers of a model in the order of their definition."""
    return (m for m in model.modules() if not list(m.children()))


def conv_layers(model: nn.Module) -> list[dict[str, Any]]:
    """Describe a CNN of 3 by 3 convolutions with stride 2, each followed by a ReLU.

    (A ReLU that is a function, not a module, cannot be seen here: all are taken to be there.)
    At the end comes a linear layer, or the mean over all places of each channel.
    """
    layers: list[dict[str, Any]] = []
    modules, side = list(leaves(model)), 28
    for module, following in zip(modules, [*modules[1:], None], strict=True):
        if isinstance(module, nn.Conv2d):
            shape = (module.kernel_size, module.stride, module.padding)
            if shape != ((3, 3), (2, 2), (1, 1)):
                raise ValueError(f"network.js knows no convolution like {module}")
            norm = following if isinstance(following, nn.BatchNorm2d) else None
            weights, bias = folded(module, norm)
            side = (side + 1) // 2
            sizes = {"from": module.in_channels, "to": module.out_channels}
            layers.append({"kind": "conv", "relu": True, "side": side} | sizes)
            layers[-1] |= {"weights": pack(weights), "bias": pack(bias)}
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


def page_losses(start: Tensor, x: Tensor, y: Tensor) -> tuple[list[float], Tensor]:
    """Run the page's first loop, with PyTorch, for five epochs over some pictures.

    Returns the loss of every mini-batch, and the weights after one epoch.
    """
    weights = start.detach().clone().requires_grad_()
    bias = torch.zeros(10, requires_grad=True)
    losses, after_one = [], start
    for epoch in range(5):
        for i in range(0, len(x), 64):
            loss = F.cross_entropy(x[i : i + 64] @ weights + bias, y[i : i + 64])
            loss.backward()
            losses.append(round(loss.item(), 7))
            with torch.no_grad():
                for p in (weights, bias):
                    assert p.grad is not None
                    p -= 0.5 * p.grad
                    p.grad.zero_()
        if epoch == 0:
            after_one = weights.detach().clone()
    return losses, after_one


def write(folder: Path, name: str, data: dict[str, Any]) -> None:
    """Write one script of data."""
    text = SCRIPT.format(name=json.dumps(name), data=json.dumps(data))
    (folder / f"{name}.js").write_text(text, encoding="utf-8")


def export(
    folder: str | Path,
    linear: tuple[Tensor, Tensor],
    cnn: nn.Module,
    better: nn.Module,
    start: Tensor,
    train: tuple[Tensor, Tensor],
    valid: tuple[Tensor, Tensor],
    source: str = "MNIST",
    sizes: tuple[int, int] = (5000, 1000),
) -> None:
    """Write everything that the living figures of a page load.

    Parameters
    ----------
    folder : path
        Made if need be.
    linear : (784, 10) and (10,) Tensor
        Weights and bias of the loop by hand, after training.
    cnn : nn.Module
        Takes (n, 784) pictures; its last convolution is averaged over all places.
    better : nn.Module
        Takes (n, 1, 28, 28) pictures; may normalise batches after its convolutions.
    start : (784, 10) Tensor
        The weights of the loop by hand before training.
    train, valid : pictures and labels
        (n, 784) in steps of 1/256, and (n,).
    source : str
        ``"MNIST"``; anything else, and the figures say that it is not.
    sizes : pair of int
        How many training and validation pictures to take along.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    start = start.detach().cpu()
    cnn, better = (copy.deepcopy(model).cpu().eval() for model in (cnn, better))
    train, valid = ((x.cpu(), y.cpu()) for x, y in (train, valid))
    n, n_valid = min(sizes[0], len(train[0])), min(sizes[1], len(valid[0]))
    models = {
        "linear": [linear_layer(linear[0].detach().T, linear[1].detach())],
        "cnn": conv_layers(cnn),
        "better": conv_layers(better),
    }
    for name, layers in models.items():
        write(folder, f"model-{name}", {"source": source, "layers": layers})

    with torch.no_grad():
        logits = cnn(valid[0])
    chosen = choose_samples(logits, valid[1])
    samples = [
        {"kind": kind, "label": int(valid[1][i]), "read": int(logits[i].argmax())}
        for i, kind in chosen
    ]
    pixels = pack_pictures(valid[0][[i for i, _ in chosen]])
    write(folder, "samples", {"source": source, "samples": samples, "pixels": pixels})

    losses, after = page_losses(start, train[0][:n], train[1][:n])
    labels = torch.cat([train[1][:n], valid[1][:n_valid]]).tolist()
    pictures = {
        "source": source,
        "n": n,
        "labels": "".join(map(str, labels)),
        "start": pack(start),
        "losses": losses,
        "pixels": pack_pictures(torch.cat([train[0][:n], valid[0][:n_valid]])),
    }
    write(folder, "pictures", pictures)

    example = min(7, len(chosen) - 1)
    shown = chosen[example][0]
    maps = feature_maps(cnn, valid[0][shown])
    picture = still.forward(valid[0][shown], maps, logits[shown].softmax(0))
    (folder / "still-draw.svg").write_text(picture, encoding="utf-8")
    picture = still.training(losses[: -(-n // 64)], after)
    (folder / "still-train.svg").write_text(picture, encoding="utf-8")
    size = f"{len(str(pictures['pixels'])) / 1e6:.1f}"
    facts = {"source": source, "n": n, "size": size, "example": example}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


@torch.no_grad()
def feature_maps(cnn: nn.Module, picture: Tensor) -> list[Tensor]:
    """Return what each convolution of the CNN makes of a picture, after its ReLU."""
    maps, x = [], picture.view(1, 1, 28, 28)
    for conv in cnn.modules():
        if isinstance(conv, nn.Conv2d):
            x = F.relu(conv(x))
            maps.append(x[0])
    return maps
