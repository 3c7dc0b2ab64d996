"""The loops of the tutorial: what PyTorch learns, and what is marked as replaced is not needed."""

import torch
import torch.nn.functional as F
from ext.loops import compare, names_by_line
from ext.package_source import source_of
from ext.scripts import LOOP, blocks_of, cells_of, mentions_in
from gallery_scripts import GALLERY
from page_run import run_page
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


def run(data, before=None):
    """Run the page with made-up digits."""
    parts = [(x.numpy(), y.numpy()) for x, y in (data[:2], data[2:], data[2:])]
    return run_page(SCRIPT.name, parts, before=before).names


def test_the_page_runs_without_the_lines_that_are_marked_as_replaced(data):
    """What a marked line has bound is taken away as soon as the next step begins."""
    met = []

    steps = {cell.code.strip(): cell.loop for cell in cells_of(SCRIPT)}

    def take_away(code, names):
        if (step := steps[code.strip()]) in BEFORE:
            met.append(step)
            for name in replaced(step):
                names.pop(name, None)

    run(data, take_away)
    assert met == list(BEFORE)
    assert len(met) >= 8


def test_something_is_replaced_by_most_steps():
    assert sum(bool(replaced(step)) for step in BEFORE) >= 2


def test_the_loop_by_hand_learns_what_torch_learns(data):
    """Each later step is compared with this one by the page itself."""
    names = run(data)
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
