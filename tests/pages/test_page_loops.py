"""The loops of the tutorial's page, taken from its script and run on a few hundred pictures.

PyTorch is the judge: a linear layer and SGD, fed with the same mini-batches, must end with the
same weights as the whole program around each loop.
"""

import re

import pytest
import torch
import torch.nn.functional as F
from ext.code.programs import program
from gallery_scripts import GALLERY
from torch import nn, optim

SCRIPT = GALLERY / "en" / "nn_tutorial.py"
STEPS = ["by-hand", "functional", "module", "linear", "optim", "dataset", "dataloader"]
SHUFFLED = ["validation", "fit"]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def given(data, request):
    """The names that every program finds ready, in each type."""
    torch.set_default_dtype(request.param)
    x_train, y_train, x_valid, y_valid = data
    yield {
        "x_train": x_train.to(request.param),
        "y_train": y_train,
        "x_valid": x_valid.to(request.param),
        "y_valid": y_valid,
        "n": len(x_train),
        "c": 784,
    }
    torch.set_default_dtype(torch.float32)


def code_of(name):
    """Return the program of a loop, in file order and with a gentler learning rate."""
    code = program(SCRIPT, name).code
    assert "lr = 0.5" in code
    return code.replace("lr = 0.5", "lr = 0.1").replace("shuffle=True", "shuffle=False")


def run(code, given):
    """Run a program from one seed and return the weights and bias that it ends with."""
    torch.manual_seed(1)
    names = {"__name__": "program", **given}
    exec(compile(code, "program", "exec"), names)
    model = names.get("model")
    if isinstance(model, nn.Module):
        found = dict(model.named_parameters())
        weights = found["lin.weight"].T if "lin.weight" in found else found["weights"]
        bias = found["lin.bias"] if "lin.bias" in found else found["bias"]
    else:
        weights, bias = names["weights"], names["bias"]
    return weights.detach(), bias.detach()


def by_torch(given):
    """Train the same model with PyTorch's own pieces."""
    torch.manual_seed(1)
    layer = nn.Linear(784, 10)
    torch.manual_seed(1)
    with torch.no_grad():
        layer.weight.copy_((torch.randn(784, 10) / 28).T)
        layer.bias.zero_()
    opt = optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(2):
        for xb, yb in zip(
            given["x_train"].split(64), given["y_train"].split(64), strict=True
        ):
            opt.zero_grad()
            F.cross_entropy(layer(xb), yb).backward()
            opt.step()
    return layer.weight.T.detach(), layer.bias.detach()


def differs(got, wanted):
    """Tell by how much weights and biases differ at most."""
    return max((a - b).abs().max().item() for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("name", [*STEPS, "validation"])
def test_every_program_of_the_page_learns_what_torch_learns(name, given, capsys):
    got = run(code_of(name), given)
    assert differs(got, by_torch(given)) < TOLERANCE[got[0].dtype]
    assert got[0].dtype == given["x_train"].dtype


def test_the_three_lines_learn_what_torch_learns(given, capsys, monkeypatch):
    code = code_of("fit")
    # fit starts from PyTorch's own initial weights; here it starts where the others do.
    start = (
        "model.load_state_dict({'lin.weight': START.T, 'lin.bias': torch.zeros(10)})"
    )
    code = re.sub(r"^(fit\()", f"{start}\n\\1", code, flags=re.M)
    torch.manual_seed(1)
    got = run(code, {**given, "START": torch.randn(784, 10) / 28, "torch": torch})
    assert differs(got, by_torch(given)) < TOLERANCE[got[0].dtype]
    assert len(capsys.readouterr().out.splitlines()) == 2


FAULTS = {
    "by-hand": [
        ("weights -= lr *", "weights += lr *"),
        ("bias -= lr * bias.grad", "pass"),
        ("weights.grad.zero_()", "pass"),
        ("bias.grad.zero_()", "pass"),
        ("range(0, n, bs)", "range(bs, n, bs)"),
        ("y_train[i : i + bs]", "y_train[i - bs : i]"),
        ("range(epochs)", "range(1)"),
    ],
    "functional": [("xb @ weights + bias", "xb @ weights"), ("lr * bias", "bias")],
    "module": [
        ("model.zero_grad()", "pass"),
        ("p -= lr * p.grad", "p -= p.grad"),
        ("model.load_state_dict(start)", "pass"),
    ],
    "linear": [('"lin.bias": start["bias"]', '"lin.bias": start["bias"] + 1')],
    "optim": [("opt.step()", "pass"), ("opt.zero_grad()", "pass")],
    "dataset": [("train_ds[i : i + bs]", "train_ds[i : i + bs - 1]")],
    "dataloader": [("batch_size=bs", "batch_size=2 * bs")],
    "validation": [("loss.backward()", "(2 * loss).backward()")],
}


@pytest.mark.parametrize(
    ("name", "old", "new"), [(n, *fault) for n in FAULTS for fault in FAULTS[n]]
)
def test_a_fault_planted_in_a_loop_is_noticed(name, old, new, given, capsys):
    code = code_of(name)
    assert old in code
    try:
        got = run(code.replace(old, new), given)
    except (ValueError, RuntimeError, IndexError, TypeError):
        return  # PyTorch itself has noticed
    assert not differs(got, by_torch(given)) < 1e-4
