"""The tutorial, run once on made-up digits: what its lines say and what its figures show.

Every line that is printed with a label is computed here a second time, and what a caption says of
colours, sides and order is held against the figure that was drawn.
"""

import ast
import contextlib
import io
import re
import sys
from types import ModuleType, SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gallery_scripts import captions, cells
from matplotlib.colors import to_rgb
from torch.utils.data import RandomSampler, SequentialSampler

from mnist_tut.plots import BLUE, ORANGE, backward_graph

NAME = "nn_tutorial.py"
BS = 64
both = pytest.mark.parametrize("lang", ["en", "zh"])


class Printed(io.TextIOBase):
    """Takes each line that is printed, with the names as they are then."""

    def __init__(self, names, lines):
        self.names, self.lines, self.begun = names, lines, ""

    def write(self, text):
        *whole, self.begun = (self.begun + text).split("\n")
        self.lines += [(line, dict(self.names)) for line in whole]
        return len(text)


@pytest.fixture(scope="module")
def page(data):
    """Run the page: its data, and for each cell what it printed and the names it left."""
    train = [t.numpy() for t in data[:2]]
    # More than a mini-batch of 128, or its mean would be the mean of all.
    valid = [
        torch.cat([a, b[:90]]).numpy() for a, b in zip(data[2:], data[:2], strict=True)
    ]
    test = [valid[0][::2], valid[1][::2]]
    source = ModuleType("data")
    source.get_mnist = lambda *_: (train, valid, test)
    figures, losses, lines, names = [], [], [], {}

    def shown():
        figures.append(plt.gcf())
        losses.append(names.get("loss"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mnist_tut.data", source)
        patch.setattr(plt, "show", shown)
        for cell in cells("en", NAME):
            with contextlib.redirect_stdout(Printed(names, lines)):
                code = compile(cell.content, f"{NAME}, line {cell.lineno}", "exec")
                exec(code, names)
    x, y, x_valid, y_valid, x_test, y_test = map(torch.tensor, (*train, *valid, *test))
    given = {"x": x, "y": y, "x_valid": x_valid, "y_valid": y_valid}
    given |= {"x_test": x_test, "y_test": y_test, "figures": figures, "losses": losses}
    yield SimpleNamespace(lines=lines, names=names, **given)
    plt.close("all")


def test_training_data_is_shuffled_from_the_validation_section_on(page):
    cell = next(names for _, names in page.lines if "valid_dl" in names)
    assert isinstance(cell["train_dl"].sampler, RandomSampler)
    assert isinstance(cell["valid_dl"].sampler, SequentialSampler)
    assert not cell["model"].training, "it was in evaluation mode for the last loss"
    told = [line for line, names in page.lines if names.get("model") is cell["model"]]
    loss = measure(cell["model"](page.x_valid), page.y_valid)[0]
    assert float(re.search(r"[\d.]+(?=\))", told[-1])[0]) == pytest.approx(
        loss, abs=1e-4
    )


def test_any_model_and_a_loss_of_ones_own_are_what_they_are_called(page):
    out, yb = torch.randn(5, 1), torch.arange(5)
    loss = page.names["squared"](out, yb)
    torch.testing.assert_close(loss, F.mse_loss(out, yb[:, None].float()))


def test_sorted_digits_begin_with_zeros_and_end_with_nines(page):
    assert page.names["sorted_ds"].tensors[1].tolist() == sorted(page.y.tolist())


# What stands behind a label -----------------------------------------------------------------------


def measure(out, labels):
    """Give loss and accuracy, as PyTorch and Python compute them."""
    right = sum(map(int.__eq__, out.argmax(1).tolist(), labels.tolist()))
    return F.cross_entropy(out, labels).item(), right / len(labels)


def names_at(page, label):
    """Give the names of the page at each time that it prints a label."""
    return [names for line, names in page.lines if line.startswith(f"{label}:")]


def pictures(rows):
    """Give flat images their two dimensions."""
    return rows.view(-1, 1, 28, 28)


@torch.no_grad()
def training_loss(page):
    [names] = names_at(page, "training loss now")
    return measure(names["model"](page.x), page.y)[0]


@torch.no_grad()
def accuracies(page):
    times = names_at(page, "accuracy")
    models = [
        names[name]
        for names, name in zip(
            times, ["model", "model", "model", "model", "cnn", "better"], strict=True
        )
    ]
    models[-1].eval()
    inputs = [page.x_valid] * 5 + [pictures(page.x_valid)]
    return [
        measure(model(x), page.y_valid)[1]
        for model, x in zip(models, inputs, strict=True)
    ]


@torch.no_grad()
def shifted_accuracy(page):
    moved = torch.zeros(len(page.x_valid), 28, 28)
    moved[:, :, 2:] = page.x_valid.view(-1, 28, 28)[:, :, :-2]  # to the right
    moved[:, :, :2] = page.x_valid.view(-1, 28, 28)[:, :, -2:]
    return measure(page.names["cnn"](moved.flatten(1)), page.y_valid)[1]


@torch.no_grad()
def accuracy_on_the_test_set(page):
    return measure(page.names["better"].eval()(pictures(page.x_test)), page.y_test)[1]


def facts(page):
    """Compute what has to stand behind each label, each time that it is printed."""
    goal, start = page.names["goal"], page.names["start"]
    trained = measure(page.x_valid @ goal[0] + goal[1], page.y_valid)
    last = len(page.x) // BS * BS
    seen = measure(page.x[last:] @ goal[0] + goal[1], page.y[last:])
    x, y, weights = page.x[:BS], page.y[:BS], start["weights"].clone().requires_grad_()
    F.cross_entropy(x @ weights, y).backward()
    slope = weights.grad[406, 5].item()
    return {
        "by nudging": [(slope,)],
        "by backward": [(slope,)],
        "after a second backward": [(2 * slope,)],
        "last mini-batch": [seen],
        "validation set": [trained],
        "validation loss": [(trained[0], 0)] * 7,  # and the largest difference
        "training loss now": [(training_loss(page),)],
        "accuracy": [(share,) for share in accuracies(page)],
        "shifted": [(shifted_accuracy(page),)],
        "test set": [(accuracy_on_the_test_set(page),)],
    }


def test_what_stands_behind_a_label_is_what_the_label_says(page):
    told = {}
    for line, _ in page.lines:
        if found := re.match(r"([a-z][\w -]*): *(.*)", line):
            numbers = re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", found[2])
            told.setdefault(found[1], []).append(tuple(map(float, numbers)))
    known = facts(page)
    assert told.keys() == known.keys()
    for label, values in known.items():
        assert len(told[label]) == len(values), label
        for said, value in zip(told[label], values, strict=True):
            assert said == pytest.approx(value, abs=2e-4), label


def test_no_print_of_the_page_has_a_label_that_is_not_held_above(page):
    code = ast.parse("\n".join(cell.content for cell in cells("en", NAME)))
    texts = [
        part.value
        for call in ast.walk(code)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "print"
        for part in ast.walk(call)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    labels = {label for text in texts for label in re.findall(r"([a-zA-Z. -]+):", text)}
    # The second number behind "validation loss" has its own label.
    assert {label.strip() for label in labels} == {*facts(page), "largest difference"}


def test_bytes_give_infinities_in_our_function_and_none_in_pytorchs(page):
    [(line, names)] = [
        (line, names)
        for line, names in page.lines
        if re.fullmatch(r"tensor\(\d+\) tensor\(0\)", line)
    ]
    rows = names["ours"].isinf().any(dim=1).sum()
    assert 0 < rows == int(re.findall(r"\d+", line)[0])


def test_the_last_gradient_of_the_module_is_none(page):
    assert [line for line, _ in page.lines].count("None") == 1


def test_the_page_stops_where_a_program_ends_with_other_parameters(page, monkeypatch):
    weights, bias = page.names["goal"]
    monkeypatch.setitem(page.names, "model", lambda x: x @ weights + bias)
    page.names["same_as_by_hand"](weights.clone(), bias.clone())
    for wrong in [(weights + 1e-3, bias), (weights, bias + 1e-3)]:
        with pytest.raises(AssertionError, match="not close"):
            page.names["same_as_by_hand"](*wrong)


# What the figures show ----------------------------------------------------------------------------

EN = "orange blue white black left right against"
ZH = "橙 蓝 白 黑 左 右 反对"
WORDS = {
    "en": {word: word for word in EN.split()} | {"for the digit": "for"},
    "zh": dict(zip(ZH.split(), EN.split(), strict=True)) | {"支持": "for"},
}


def told(lang):
    """List the words for colours, sides, times and stances of each caption, in their order."""
    pattern = re.compile("|".join(WORDS[lang]), re.I)
    return [
        [WORDS[lang][word.lower()] for word in pattern.findall(text)]
        for text in captions(lang, NAME)
    ]


def name_of(colour):
    """Name a colour as the captions do."""
    known = {"orange": ORANGE, "blue": BLUE, "white": "white", "black": "black"}
    return min(
        known,
        key=lambda name: np.abs(np.subtract(to_rgb(known[name]), colour[:3])).sum(),
    )


def images(figure):
    """Give the images of a figure as (values, colours), from left to right, row by row."""
    found = [ax for ax in figure.axes if ax.images]
    found.sort(key=lambda ax: (-round(ax.get_position().y0, 3), ax.get_position().x0))
    return [(ax.images[0].get_array(), ax.images[0].get_cmap()) for ax in found]


def test_there_is_a_caption_for_every_figure(page):
    assert (
        len(page.figures) == len(captions("en", NAME)) == len(captions("zh", NAME)) == 5
    )


@both
def test_captions_tell_the_colours_and_sides_that_the_figures_have(page, lang):
    digits, graph, weights, shapes, _ = page.figures
    (pixels, gray), *_ = images(digits)
    np.testing.assert_allclose(pixels, page.x[0].view(28, 28))
    labels = [ax.get_title() for ax in digits.axes]
    assert labels == [str(k) for k in page.y[:10].tolist()]
    ink, paper = name_of(gray(1.0)), name_of(gray(0.0))

    arrows = [text for text in graph.axes[0].texts if not text.get_text()]
    ways = {np.sign(a.xy[0] - a.xyann[0]) for a in arrows}  # from node to source
    assert ways == {-1}

    titles = [ax.get_title() for ax in weights.axes]
    assert titles == [str(k) for k in range(10)]
    for k, (values, _) in enumerate(images(weights)):
        np.testing.assert_allclose(values, page.names["goal"][0][:, k].view(28, 28))
    pairs = images(weights)
    [(more, less)] = {(name_of(cmap(1.0)), name_of(cmap(0.0))) for _, cmap in pairs}

    sizes = [marks.get_sizes()[0] for marks in shapes.axes[0].collections]
    assert sizes[1:] == sorted(sizes[1:], reverse=True)  # the first is flat, no square
    places = [marks.get_offsets()[0, 0] for marks in shapes.axes[0].collections]
    assert places == sorted(places)

    assert told(lang) == [
        [ink, paper] if lang == "en" else [paper, ink],
        ["left"],
        [more, less, more, "for", less, "against"],
        ["left", "right"],
        [],
    ]


@both
def test_the_caption_of_the_graph_names_its_operations_in_their_order(page, lang):
    names, edges = backward_graph(page.losses[1])
    chain = longest(0, edges)
    far = [
        (a, b) for a, b in edges if b in chain and chain.index(b) > chain.index(a) + 1
    ]
    last, first = [names[node] for node in chain[:-1]], names[chain[-1]]
    jumps = [names[node] for edge in sorted(far) for node in edge]
    assert (first, jumps) == ("(784, 10)", ["Sub", "Add"])
    [beside] = [names[a] for a, b in edges if names[b] == "(10,)"]
    said = re.findall("|".join(set(last)), captions(lang, NAME)[1])
    assert said == [*last, beside, "Sub", "Add", "Mm"]


def longest(node, edges):
    """Return the longest way from a node of a graph."""
    ways = [longest(b, edges) for a, b in edges if a == node]
    return [node, *max(ways, key=len, default=[])]


@both
def test_pictures_are_in_as_many_rows_as_their_captions_say(page, lang):
    rows = {"in a row": 1, "一行": 1}
    for figure, text in zip(page.figures, captions(lang, NAME), strict=True):
        said = [rows[words] for words in rows if words in text]
        if said:
            tops = {round(ax.get_position().y0, 3) for ax in figure.axes}
            assert [len(tops)] == said


def test_mistakes_are_labelled_with_the_true_class_and_then_the_predicted_one(page):
    cnn = page.names["cnn"].eval()
    with torch.no_grad():
        guess = cnn(page.x_valid).argmax(1)
    wrong = [i for i in range(len(guess)) if guess[i] != page.y_valid[i]][:10]
    titles = [ax.get_title() for ax in page.figures[4].axes if ax.images]
    assert titles == [f"{page.y_valid[i]} → {guess[i]}" for i in wrong]
    for (values, _), i in zip(images(page.figures[4]), wrong, strict=True):
        np.testing.assert_allclose(values, page.x_valid[i].view(28, 28))
