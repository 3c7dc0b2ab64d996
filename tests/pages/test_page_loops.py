"""The loops of the tutorial: what PyTorch learns, and what is marked as replaced is not needed."""

import contextlib
import io
import sys
from types import ModuleType

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from ext.loops import compare, names_by_line
from ext.package_source import source_of
from ext.scripts import LOOP, blocks_of, cells_of, mentions_in
from gallery_scripts import GALLERY
from torch import nn, optim

SCRIPT = GALLERY / "en" / "nn_tutorial.py"
#: The step that each loop comes from.
BEFORE = {
    LOOP.search(block.content)[1]: line.partition(":from:")[2].strip()
    for block in blocks_of(SCRIPT)
    if LOOP.search(block.content)
    for line in block.content.splitlines()
    if ":from:" in line
}


def replaced(name):
    """Return the names that only the lines replaced by a step bind."""
    cells = cells_of(SCRIPT)
    places = {cell.loop: i for i, cell in enumerate(cells) if cell.loop}
    old, new = cells[places[BEFORE[name]]].code, cells[places[name]].code
    shown = [source_of(m.name) for m in mentions_in(SCRIPT) if m.shown]
    start, end = places[BEFORE[name]], places[name]
    below = [cell.code for cell in cells[end + 1 :]]
    between = "\n".join(cell.code for cell in cells[start + 1 : end])
    gone, _ = compare(old, new, "\n".join(below + shown), between)
    lines = {line for group in gone for line in group}
    numbered = enumerate(old.splitlines(), 1)
    bound = names_by_line(old)
    return {n for i, text in numbered if text in lines for n in bound.get(i, ())}


def run_page(data, before_step=lambda name, names: None):
    """Run the page's cells with made-up digits; look at its names before every step."""
    parts = [(x.numpy(), y.numpy()) for x, y in (data[:2], data[2:], data[2:])]
    source = ModuleType("data")
    source.get_mnist = lambda *_: parts
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mnist_tut.data", source)
        patch.setattr(plt, "show", plt.close)
        for cell in cells_of(SCRIPT):
            before_step(cell.loop, names)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.code, f"the cell {cell.code[:40]!r}", "exec"), names)
    return names


def test_the_page_runs_without_the_lines_that_are_marked_as_replaced(data):
    """What a marked line has bound is taken away as soon as the next step begins."""
    met = []

    def take_away(step, names):
        if step in BEFORE:
            met.append(step)
            for name in replaced(step):
                names.pop(name, None)

    run_page(data, take_away)
    assert met == list(BEFORE)
    assert len(met) >= 8


def test_something_is_replaced_by_most_steps():
    assert sum(bool(replaced(step)) for step in BEFORE) >= 2


def test_the_loop_by_hand_learns_what_torch_learns(data):
    """Each later step is compared with this one by the page itself."""
    names = run_page(data)
    layer = nn.Linear(784, 10)
    with torch.no_grad():
        layer.weight.copy_(names["start"]["weights"].T)
        layer.bias.zero_()
    opt = optim.SGD(layer.parameters(), lr=names["lr"])
    for _ in range(names["epochs"]):
        for xb, yb in zip(data[0].split(64), data[1].split(64), strict=True):
            opt.zero_grad()
            F.cross_entropy(layer(xb), yb).backward()
            opt.step()
    weights, bias = names["goal"]
    assert (layer.weight.T - weights).abs().max() < 1e-5
    assert (layer.bias - bias).abs().max() < 1e-5
