"""What "Inside torch.nn" says, held against a run of the page and against the installed PyTorch.

The page runs once, with made-up digits. Its own asserts compare every piece with PyTorch; here is
what they leave: what the prose says of the numbers, and the places in PyTorch's source.
"""

import ast
import datetime
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gallery_scripts import blocks, cells, prose
from page_run import learnable, run_page

from mnist_tut import inside, plots, training
from mnist_tut.exercises.my_collate import my_collate

NAME = "inside_torch_nn.py"
ROOT = Path(__file__).parents[2]
both = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture(scope="module")
def page():
    """Run the page: what each section printed, the pictures shown, and its names at the end."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "show_weights", lambda *given: shown.append(given))
        run = run_page(NAME, learnable(10_500, 1000, 1))
    return SimpleNamespace(said=run.said, left=run.left, shown=shown, **run.names)


def numbers(text):
    """Return the numbers of a text."""
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)]


def test_every_operation_is_compared(page):
    rows = page.said["inside-engine"][-1].splitlines()
    assert [row.split()[0] for row in rows] == [*page.trials]
    made = inside.Tensor.exp.__code__
    operations = {
        name: value
        for name, value in vars(inside.Tensor).items()
        if getattr(value, "__code__", None) is made
    }
    used = set()
    with pytest.MonkeyPatch.context() as patch:
        for name, plain in operations.items():

            def noting(*args, name=name, plain=plain, **options):
                used.add(name)
                return plain(*args, **options)

            patch.setattr(inside.Tensor, name, noting)
        for func in page.trials.values():
            func(*map(inside.Tensor, page.arrays))
    assert len(operations) > 12
    assert used >= operations.keys() - {"__radd__", "__rmul__"}


def test_shapes_have_to_be_broadcast_modes_are_both_tried_and_steps_are_twenty(page):
    assert page.arrays[0].shape != page.arrays[1].shape
    assert not page.cnn.training
    assert not page.torch_cnn.training
    assert len(page.left["inside-optim"].theirs) == 20


def test_a_nudge_gives_the_gradient_of_the_first_weight(page):
    gradient, nudged = page.said["inside-engine"][1].splitlines()
    assert numbers(nudged)[-1] == pytest.approx(numbers(gradient)[0], abs=1e-4)


def test_the_slope_along_a_is_b(page):
    y, slope = numbers(page.said["inside-engine"][0])
    assert (y, slope) == (6, pytest.approx(float(page.b)))


def test_the_four_rules_are_shown(page):
    rules, slip = page.said["inside-rules"]
    assert "gradients add: tensor([ 2., -4.])" in rules  # twice 2w, for w of 0.5 and -1
    assert "a leaf: None | a result: grad_fn" in rules
    assert "in place:" in rules
    assert slip.startswith("ours: tensor([1., 3.])")
    assert "modified by an inplace operation" in slip


def test_both_libraries_answer_the_questions_alike(page):
    answers = page.said["inside-module"][0]
    lines = answers.splitlines()
    assert lines[:2] == lines[2:]
    assert "in_a_list" not in answers
    assert "'rest.1.weight'" in lines[1]


def test_upper_and_lower_edges_have_opposite_signs(page):
    [(pictures,)] = page.shown
    assert pictures.shape == (2, 26, 26)
    bar = np.zeros((9, 9))
    bar[3:6] = 1  # a stroke: bright, with dark above and below
    found = np.array(
        [
            [(bar[i : i + 3, j : j + 3] * page.edge).sum() for j in range(7)]
            for i in range(7)
        ]
    )
    assert (found[1] > 0).all()
    assert (found[5] < 0).all()


def test_inputs_stay_apart_with_kaiming_and_not_without(page):
    default, kaiming = page.said["inside-layers"][-1].splitlines()
    assert numbers(default)[-2] < 1e-4 < 0.05 < numbers(kaiming)[-2]
    assert numbers(default)[-1] < 0.5 < 0.9 < numbers(kaiming)[-1] < 1
    between = len(page.apart) - 1  # layers from the first to the last
    assert page.factor**between == pytest.approx(page.apart[-1] / page.apart[0])


def test_the_same_fit_prints_the_same_on_both(page):
    lines = page.said["inside-whole"][0].splitlines()
    for start in (0, 5):
        assert lines[start + 1 : start + 3] == lines[start + 3 : start + 5]
        assert all(len(line.split()) == 3 for line in lines[start + 1 : start + 5])
        assert "then PyTorch" in lines[start]
    assert all(line.startswith("weights: ") for line in lines[10:])
    assert len(lines) == 13


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("float64", 0, 1e-14), ("float32", 1e-9, 1e-5)]
)
def test_pytorchs_two_ways_to_step_part_by_roundings(kind, low, high):
    [(x, y)] = learnable(5000)
    x, y = torch.tensor(x.astype(kind)), torch.tensor(y)
    ends = []
    for by_hand in (True, False):
        weights = torch.full((784, 10), 0.01, dtype=x.dtype, requires_grad=True)
        opt = torch.optim.SGD([weights], lr=0.1)
        for i in range(0, len(x), 64):
            F.cross_entropy(x[i : i + 64] @ weights, y[i : i + 64]).backward()
            if by_hand:
                with torch.no_grad():
                    weights -= 0.1 * weights.grad
            else:
                opt.step()
            weights.grad = None
        ends.append(weights.detach())
    assert low <= (ends[0] - ends[1]).abs().max() < high


def loop_by_hand():
    """Return the source of the cell that the tutorial calls ``by-hand``."""
    parts = blocks("en", "nn_tutorial.py")
    at = next(i for i, part in enumerate(parts) if ".. loop:: by-hand" in part[1])
    return next(content for kind, content, _ in parts[at:] if kind == "code")


def test_the_tutorials_own_loop_by_hand_runs_on_the_little_library():
    """Not a copy: the very cell, with the little library under PyTorch's names."""
    [(x, y)] = learnable(5000)
    x = x.astype(np.float64)
    first = np.random.default_rng(1).normal(size=(784, 10)) / 28
    ends = []
    for library, make, loss_func in (
        (SimpleNamespace(no_grad=inside.no_grad), inside.Tensor, inside.cross_entropy),
        (torch, torch.tensor, F.cross_entropy),
    ):
        weights = make(first.copy(), requires_grad=True)
        bias = make(np.zeros(10), requires_grad=True)
        names = {"torch": library, "weights": weights, "bias": bias}
        names |= {"x_train": make(x), "y_train": make(y), "loss_func": loss_func}
        names |= {"model": lambda xb, w=weights, b=bias: xb @ w + b}
        names |= {"n": len(x), "bs": 64, "lr": 0.5, "epochs": 2}
        exec(loop_by_hand(), names)
        ends.append([np.asarray(t.detach()) for t in (weights, bias)])
    assert np.abs(ends[0][0] - first).max() > 0.01
    for ours, theirs in zip(*ends, strict=True):
        assert np.abs(ours - theirs).max() < 1e-10


def test_the_captions_of_the_drawings_are_true(page):
    y = inside.Tensor(page.numbers) * page.w
    tensors, edges = plots.handing_on((y * y + y).sum())
    assert tensors[3] is y
    assert tensors[4] is page.w
    assert set(edges) == {(0, 1), (1, 2), (1, 3), (2, 3), (3, 4)}
    boxes = plots.drawers(page.nets[1])
    assert [title for _, title, _ in boxes] == [
        *("Net", "first: Linear", "rest: Sequential", "0: ReLU", "1: Linear")
    ]
    assert isinstance(page.nets[1], torch.nn.Module)
    assert len(page.batches) == 2
    assert all(len(batch) == 8 for batch in page.batches)
    for row, picture in zip(page.rows, torch.cat(page.batches), strict=True):
        assert np.array_equal(picture, page.pictures[row])


@both
def test_kept_figures_of_speed_are_those_of_the_benchmark(lang):
    bench = json.loads((ROOT / "benchmarks" / "inside.json").read_text("utf-8"))
    text = " ".join(prose(lang, NAME).split())
    told = text[text.index("10 x 10") - 80 : text.index("30,000") + 200]
    for name, times in bench["times"].items():
        assert re.search(rf"(?<![\d.]){times:g} ?(times|倍)", told), name
    day = datetime.date.fromisoformat(bench["date"])
    days = {
        "en": f"{day.day} {day:%B} {day.year}",
        "zh": f"{day.year} 年 {day.month} 月 {day.day} 日",
    }
    assert days[lang] in text
    assert bench["torch"].startswith("2.13")


def test_the_page_runs_the_tutorials_own_functions(page):
    assert page.our_fit.__code__ is training.fit.__code__
    assert page.our_evaluate.__code__ is training.evaluate.__code__
    assert page.our_fit.__globals__["loss_batch"] is training.loss_batch


def test_float32_is_as_far_from_us_as_from_float64(page):
    exact, single, types = (
        float(line.split()[-1])
        for line in page.said["inside-whole"][0].splitlines()[-3:]
    )
    assert exact < 1e-10
    assert types / 10 < single < types * 10


@both
def test_what_the_page_says_of_pytorch_is_so(lang):
    """What stands in brackets there, for want of room to run it."""
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="non-leaf"):
        torch.optim.SGD([weight * 2], lr=0.1)
    layer = torch.nn.Linear(2, 2)
    layer.register_forward_hook(lambda module, args, out: out * 0)
    assert layer(torch.ones(1, 2)).abs().sum() == 0
    for size in (1e-3, 1e3):
        torch_opt = torch.optim.AdamW([weight], lr=0.1, weight_decay=0)
        weight.grad, before = torch.tensor([size, 0]), weight.detach().clone()
        torch_opt.step()
        moved = (before - weight.detach()).tolist()
        assert moved == pytest.approx([0.1, 0], abs=1e-5)
    words = {
        "en": ["get leaves", "replace the output"],
        "zh": ["叶子", "换掉模块的输出"],
    }
    text = " ".join(prose(lang, NAME).split())
    assert all(word in text for word in words[lang])


def test_rows_of_the_learners_own_can_go_through_a_loader():
    """As the exercise on ``my_collate`` proposes."""
    rows = [(np.ones((2, 3)), 4), (np.ones((3, 1)), 5), (np.ones((1, 1)), 6)]
    dl = inside.DataLoader(rows, 2, collate_fn=my_collate)
    images, labels = next(iter(dl))
    assert images.shape == (2, 3, 3)
    assert labels.tolist() == [4, 5]


@both
def test_the_places_in_pytorchs_source_are_there(lang):
    text = prose(lang, NAME)
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    [version] = re.findall(
        r"^torch==(\S+)", pins, re.M
    )  # also where another one is tried
    found = re.findall(
        rf"pytorch/blob/v{re.escape(version)}/(torch/[\w/]+\.py)>`_(.*?)(?=`torch/|\n- |\n\n)",
        text,
        re.S,
    )
    assert len(found) == 11
    root = Path(torch.__file__).parents[1]
    for path, after in found:
        names = re.findall(r"``([\w.]+)``", after)
        tree = ast.parse((root / path).read_text("utf-8"))
        defined = {
            n.name
            for n in ast.walk(tree)
            if isinstance(n, ast.FunctionDef | ast.ClassDef)
        }
        assert names, path
        assert set(names) <= defined, path


@both
def test_sizes_told_in_the_prose_are_those_of_the_code(lang):
    text, code = (
        prose(lang, NAME),
        "\n".join(cell.content for cell in cells("en", NAME)),
    )
    assert "(64, 10)" in text
    assert "range(20)" in code  # layers
    assert "20 * 64" in code  # mini-batches of the CNN
    assert "torch.randn(64, 200)" in code
    words = {
        "en": ["twenty layers", "Twenty steps", "64 different inputs"],
        "zh": ["二十层", "二十步", "64 个不同的输入"],
    }
    assert all(word in text for word in words[lang])
