"""What the tutorial says about PyTorch, about arithmetic and about itself, held against the facts.

Whatever a page prints or asserts is checked when it is built. Here is the rest: statements of
the prose that no cell runs, and every number in it.
"""

import ast
import io
import json
import math
import pickle
import re

import pytest
import torch
import torch.nn.functional as F
from ext.package_source import source_of
from gallery_scripts import NAMES, ROOT, blocks, cells, prose
from prose_numbers import complaints, numbers_by_section, spelled_by_section
from torch import nn, optim
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from mnist_tut import by_hand, exercises, models, training
from mnist_tut.by_hand import accuracy, log_softmax
from mnist_tut.plots import flow

NAME = "nn_tutorial.py"
both = pytest.mark.parametrize("lang", ["en", "zh"])


def seeds_told():
    """Compute what is said of the CNN's seeds, and see that the page uses an ordinary one."""
    ends = json.loads((ROOT / "benchmarks" / "seeds.json").read_text())["with_relu"]
    program = "\n".join(cell.content for cell in cells("en", NAME))
    [seed] = re.findall(r"manual_seed\((\d+)\)\ncnn = ", program)
    better = sum(value > ends[seed] for value in ends.values())
    assert len(ends) / 3 <= better <= len(ends) * 2 / 3
    mean = sum(ends.values()) / len(ends)
    shares = [
        round(100 * share) for share in (min(ends.values()), max(ends.values()), mean)
    ]
    cnn, linear = (
        sum(p.numel() for p in model.parameters())
        for model in (models.Mnist_CNN(), models.Mnist_Logistic())
    )
    assert round(cnn / linear, 1) == 1 / 2
    first, last = min(map(int, ends)), max(map(int, ends))
    return [first, last, *shares, f"{cnn:,}", int(seed)]


def facts():
    """Compute every number that the tutorial's prose states, in its order, by section."""
    n, n_valid, bs, classes = 50_000, 10_000, 64, 10
    side = math.isqrt(models.Mnist_Logistic().lin.in_features)
    pixels = side * side
    guess = math.log(classes)
    cnn = flow(models.Mnist_CNN(), torch.rand(bs, pixels))
    sides = [side, *(shape[-1] for _, shape in cnn[1:-1])]
    kernel, stride = (
        models.Mnist_CNN().conv1.kernel_size,
        models.Mnist_CNN().conv1.stride[0],
    )
    grid = sides[-1]
    batches, rest = divmod(n, bs)
    valid_rest = n_valid % (2 * bs)
    hidden, parameters = 50, (pixels + 1) * classes
    other, large, many = 32, 64, 49
    halves = [-(-other // 2**k) for k in range(4)]
    return {
        "top": [98],
        "mnist-data": [1998, 0, 9, f"{n:,}", pixels, 0, 1, side, side],
        "scratch-model": [pixels, 1, classes, f"{guess:.1f}"],
        "scratch-loss": [bs, classes, bs, bs, 1, classes, f"{guess:.3f}"],  # my_nll
        "scratch-gradient": [
            *(5, f"{parameters:,}", f"{2 * parameters:,}"),
            *(pixels, classes, classes),  # the graph
        ],
        "scratch-loop": [
            *(f"{guess:.1f}", 1 / classes, rest, 0, 0),
        ],
        "nn-functional": [
            *(0, 255, bs),
            f"{math.log(torch.finfo(torch.float32).max):.1f}",
            *(1, 0),
        ],
        "dataloader": [batches + 1, rest, f"{5_120:,}"],  # see alive_export
        "fit-get-data": [
            *(valid_rest, 2 * bs),
        ],
        "hidden": [
            f"{(pixels + 1) * hidden + (hidden + 1) * classes:,}",
            f"{parameters:,}",
        ],
        "cnn": [
            *kernel,
            stride,
            *sides,
            *(grid, grid, 1),
            *(bs, pixels, 2, bs, classes),  # Conv2d
            *seeds_told(),
        ],
        "wrapping-dataloader": [
            *(side, side, grid, grid),
            *(other, other, large, large),
            *(*halves, grid, grid),
            *(large, *[-(-large // 2**3)] * 2),
            *(many, other, other, many * other**2 // pixels),
        ],
    }


@both
def test_every_number_in_the_prose_is_a_fact(lang):
    assert complaints(numbers_by_section(lang, NAME), facts()) == []


def facts_spelled_out():
    """List every number that the prose spells out, in its order, by section and language."""
    classes = models.Mnist_Logistic().lin.out_features
    cnn = models.Mnist_CNN()
    layers = len(list(cnn.children()))  # the three convolutions
    kernels = cnn.conv1.out_channels
    parameters = len(list(models.Mnist_Logistic().parameters()))
    program = "\n".join(cell.content for cell in cells("en", NAME))
    mistakes = int(re.search(r"nonzero\(\)\[:(\d+)", program)[1])
    rates = len(ast.literal_eval(re.search(r"for rate in (\[.*?\])", program)[1]))
    shift = int(re.search(r"roll\((\d+), dims=2\)", program)[1])
    side = math.isqrt(64 // kernels)  # of what the layers leave of 64 by 64, halved
    en = {
        "top": [4],  # nn, optim, Dataset, DataLoader
        "mnist-data": [3, 6, 10, 10],  # pairs, arrays, images
        "scratch-model": [classes] * 6,
        "scratch-loss": [2, classes],  # tensors that index
        "scratch-gradient": [2],  # twice
        "scratch-loop": [parameters, 2 * parameters, 10_000, classes],
        "nn-functional": [2],
        "nn-module": [parameters, 200],
        "torch-optim": [3, 3],  # calls, jobs
        "validation": [2],
        "fit-get-data": [2, 3, rates, 3],
        "hidden": [classes, 2, 2, 2, 1 / 2],
        "cnn": [
            *(layers, layers, layers),
            1 / 2,  # as many parameters
            *(mistakes, mistakes),
            *(shift, 3),
        ],
        "wrapping-dataloader": [2, 3, side**2, side**2 * classes, classes],
        "gpu": [2, 3, 4],
        "better": [classes],
        "closing": [4],
    }
    zh = {
        "scratch-model": [*[classes] * 5, 1 / classes],
        "scratch-loss": [2, classes, 1 / classes],
        "scratch-loop": [
            *(5, parameters, 2 * parameters, 2),
            *(10_000, classes),
        ],
        "nn-functional": [2, 2, 2],
        "torch-optim": [3],
        "fit-get-data": [2, 2, 2, 3, 9, 9, rates, 3],
        "hidden": [5, classes, classes, 2, 2, 2, 2],
        "cnn": [
            *(layers, 4, layers, layers),
            *(mistakes, mistakes),
            *(shift, 2, 3),
        ],
        "better": [classes, 4],
    }
    return {"en": en, "zh": en | zh}


@both
def test_every_number_that_the_prose_spells_out_is_a_fact(lang):
    assert complaints(spelled_by_section(lang, NAME), facts_spelled_out()[lang]) == []


AFTER = "same_as_by_hand(model.lin.weight.T, model.lin.bias)"
CHECKS = {
    "nn_tutorial.py": {
        "scratch-loop": [
            "torch.testing.assert_close((weights, bias), goal)",  # in same_as_by_hand
        ],
        "nn-functional": ["same_as_by_hand(weights, bias)"],
        "nn-module": ["same_as_by_hand(model.weights, model.bias)"],
        "nn-linear": [AFTER],
        "torch-optim": [AFTER],
        "dataset": [AFTER],
        "dataloader": [AFTER],
        "fit-get-data": [AFTER],
        "nn-sequential": [
            "torch.testing.assert_close("
            "list(sequential.parameters()), list(cnn.parameters()))"
        ],
    },
    "where_the_time_goes.py": {
        "time-layout": [
            "torch.testing.assert_close("
            "losses, losses[:1].expand(3, 20), atol=0.0001, rtol=0)"
        ],
    },
}


@both
@pytest.mark.parametrize("name", CHECKS)
def test_the_page_checks_what_its_prose_says_is_the_same(name, lang):
    found, label = {}, ""
    for block in blocks(lang, name):
        if block.type == "text":
            label = [label, *re.findall(r"^\.\. _([\w-]+):$", block.content, re.M)][-1]
            continue
        for node in ast.walk(ast.parse(block.content)):
            text = ast.unparse(node) if isinstance(node, ast.Assert | ast.Call) else ""
            if re.match(r"assert |.*assert_close\(|same_as_by_hand\(", text):
                found.setdefault(label, []).append(text)
    assert found == CHECKS[name]


def test_a_wrong_number_a_swapped_pair_and_a_missing_one_are_named():
    found = {"a": [("3", "the 3"), ("2", "then 2")], "b": [("7", "seven 7")]}
    assert complaints(found, {"a": [3, 2], "b": [7]}) == []
    assert len(complaints(found, {"a": [2, 3], "b": [7]})) == 2
    assert complaints(found, {"a": [3, 2], "b": [8]}) == [
        "b: '7' should be '8' in '... seven 7 ...'"
    ]
    assert (
        "the fact '5' is told nowhere"
        in complaints(found, {"a": [3, 2, 5], "b": [7]})[0]
    )
    assert "held by no fact" in complaints(found, {"a": [3], "b": [7]})[0]


@both
def test_the_seed_is_the_same_before_every_cnn(lang):
    code = "\n".join(cell.content for cell in cells(lang, NAME))
    seeds = re.findall(r"manual_seed\((\d+)\)", code)
    assert seeds == ["42", "42", "42", *[seeds[-1]] * 4]


def numbers_on_the_about_page(lang):
    """Map the label of each section to its numbers, outside code, links and roles."""
    text = (ROOT / "docs" / lang / "about.rst").read_text(encoding="utf-8")
    text = re.sub(r"^\.\. code-block::.*\n\n(?:   .*\n|\n)+", "", text, flags=re.M)
    text = re.sub(r"`[^`]*<[^>]*>`__|``[^`]*``|:[\w:]+:`[^`]*`", "", text)
    parts = re.split(r"^\.\. _([\w-]+):$", text, flags=re.M)[1:]
    sections = zip(parts[::2], parts[1::2], strict=True)
    numbers = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?")
    return {label: numbers.findall(part) for label, part in sections}


@both
def test_every_number_on_the_about_page_is_a_fact(lang):
    bands = json.loads((ROOT / "tests" / "site" / "bands.json").read_text())["MNIST"]
    seeds = json.loads((ROOT / "benchmarks" / "seeds.json").read_text())
    relu, plain = (
        [f"{end(seeds[k].values()):.2f}" for end in (min, max)]
        for k in ("with_relu", "without_relu")
    )
    count = len(seeds["with_relu"])
    assert len(seeds["without_relu"]) == count
    overflow = f"{math.log(torch.finfo(torch.float32).max):.1f}"
    spreads = [math.sqrt(2 / 794), 1 / 28, 1 / math.sqrt(3 * 784)]
    batches, rest = divmod(10_000, 128)
    told = numbers_on_the_about_page(lang)
    loss, share = told["differences"][4:6]
    low, high = bands["from-scratch validation loss"]
    assert low <= float(loss) <= high
    low, high = bands["from-scratch validation accuracy"]
    assert low <= float(share) <= high
    python = re.search(
        r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text()
    )
    facts = {
        "differences": [
            *(overflow, 89, 50_000 % 64, "1.0", loss, share),
            *(f"{spread:.4f}" for spread in spreads),
            "0.08",  # what the original prints
            *(batches, 128, rest),
            *(count, *relu, count, *plain),
            *(28, 28, 49, 32, 32, 49 * 32**2 // 28**2, 28, 28),
            *(64, 64),
        ],
        # Volume and year of the paper, sizes, a list of three, SHA-256.
        "data": [86, 1998, "50,000", "10,000", 1, 2, 3, 256],
        "rebuild": [python[1], 0, 3, 1],
        "licence": [3] if lang == "en" else [],
    }
    known = {label: [str(fact) for fact in facts.get(label, [])] for label in told}
    assert told == known


# From scratch


@pytest.mark.parametrize("name", NAMES)
def test_what_is_compared_starts_alike_and_what_has_moved_gets_a_new_optimizer(name):
    makes = r"get_model\(|small_net\(|optim\.\w+\(\w+\.parameters\(\)"
    for cell in cells("en", name):
        for loop in ast.walk(ast.parse(cell.content)):
            if isinstance(loop, ast.For) and re.search(makes, ast.unparse(loop.body)):
                assert "manual_seed(" in ast.unparse(loop.body), cell.lineno
        moved = re.search(r"^(\w+)\.to\(dev\)$", cell.content, re.M)
        assert not moved or f"({moved[1]}.parameters()" in cell.content[moved.end() :]


def test_scaling_after_requires_grad_leaves_the_gradient_empty():
    recorded = torch.randn(3, requires_grad=True)
    weights = recorded / 2
    weights.sum().backward()
    with pytest.warns(UserWarning, match="not a leaf Tensor"):
        assert weights.grad is None


def test_glorots_standard_deviation_is_the_one_told():
    torch.manual_seed(0)
    drawn = nn.init.xavier_normal_(torch.empty(784, 10))
    assert drawn.std().item() == pytest.approx(math.sqrt(2 / (784 + 10)), rel=0.05)


def test_bytes_overflow_in_our_log_softmax_and_not_in_pytorchs():
    torch.manual_seed(0)
    pictures = (torch.rand(64, 784) > 0.8) * 255.0
    logits = pictures @ (torch.randn(784, 10) / 28)
    assert log_softmax(logits).isinf().any(dim=1).sum() > 32
    assert F.log_softmax(logits, dim=1).isfinite().all()


def test_pytorch_refuses_to_go_backward_from_the_accuracy():
    out = torch.randn(20, 10, requires_grad=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        accuracy(out, torch.randint(10, (20,))).backward()


@both
def test_nothing_of_nn_is_used_in_the_section_without_it(lang):
    label, seen = "", []
    for block in blocks(lang, NAME):
        if block.type == "text":
            label = [label, *re.findall(r"^\.\. _([\w-]+):$", block.content, re.M)][-1]
            for name in re.findall(r"^\.\. exercise:: (\w+)$", block.content, re.M):
                if label.startswith("scratch-"):
                    seen += [exercises.solution(name), exercises.stub_cell(name)]
        elif label.startswith("scratch-"):
            seen.append(block.content)
    shown = [source_of(f"mnist_tut.by_hand.{name}") for name in by_hand.__all__]
    code = ast.parse("\n".join([*seen, *shown]))
    assert len(seen) > 10
    used = {n.id for n in ast.walk(code) if isinstance(n, ast.Name)}
    used |= {n.attr for n in ast.walk(code) if isinstance(n, ast.Attribute)}
    imported = [
        ast.unparse(n)
        for n in ast.walk(code)
        if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert not used & {"nn", "F", "functional"}
    assert not [line for line in imported if "torch.nn" in line or "functional" in line]


@both
def test_the_section_from_scratch_marks_fourteen_terms_at_most(lang):
    text = prose(lang, NAME)
    part = text.partition(".. _from-scratch:")[2].partition(".. _nn-functional:")[0]
    assert 8 <= len(re.findall(r":term:", part)) <= 14


def test_probabilities_depend_on_differences_of_logits_only():
    logits = torch.randn(4, 10, dtype=torch.float64)
    torch.testing.assert_close(log_softmax(logits), log_softmax(logits + 123.0))


def test_indexing_takes_a_label_of_minus_one_for_the_last_class():
    scores = torch.arange(6.0).view(2, 3)
    assert torch.equal(scores[[0, 1], torch.tensor([-1, -1])], scores[:, 2])


def test_the_accuracy_gives_no_gradient_and_ignores_small_changes():
    out = torch.randn(20, 10, requires_grad=True)
    labels = torch.randint(10, (20,))
    assert not accuracy(out, labels).requires_grad
    assert accuracy(out + 1e-6 * torch.randn(20, 10), labels) == accuracy(out, labels)


def test_an_update_outside_no_grad_is_an_error():
    weights = torch.ones(3, 1, requires_grad=True)
    weights.sum().backward()
    with pytest.raises(RuntimeError, match="in-place"):
        weights -= weights.grad


def test_backward_adds_to_the_gradient_that_is_there():
    weights = torch.ones(3, 1, requires_grad=True)
    weights.sum().backward()
    weights.sum().backward()
    assert torch.equal(weights.grad, torch.full((3, 1), 2.0))


# nn.Module, nn.Linear, optim


def test_a_parameter_is_listed_only_after_super_init():
    class Forgetful(nn.Module):
        def __init__(self):
            self.weights = nn.Parameter(torch.zeros(1))

    with pytest.raises(AttributeError, match="cannot assign parameter"):
        Forgetful()
    assert nn.Parameter(torch.zeros(1)).requires_grad


def test_linear_draws_uniformly_and_more_narrowly_than_we_do():
    torch.manual_seed(0)
    weights = nn.Linear(784, 10).weight
    bound = 1 / math.sqrt(784)
    assert weights.abs().max() <= bound
    assert weights.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def test_each_of_the_three_calls_does_its_own_part():
    model, opt = training.get_model(0.5)
    before = [p.clone() for p in model.parameters()]
    model(torch.rand(2, 784)).sum().backward()
    assert all(map(torch.equal, before, model.parameters()))
    gradients = [p.grad.clone() for p in model.parameters()]
    opt.step()
    assert not any(map(torch.equal, before, model.parameters()))
    assert all(
        torch.equal(p.grad, g)
        for p, g in zip(model.parameters(), gradients, strict=True)
    )


def test_gradients_discarded_before_the_step_leave_nothing_to_do():
    model, opt = training.get_model(0.5)
    before = [p.clone() for p in model.parameters()]
    model(torch.rand(2, 784)).sum().backward()
    opt.zero_grad()
    opt.step()
    assert all(map(torch.equal, before, model.parameters()))


# Data sets and loaders


def test_a_stream_has_no_length_and_needs_none():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter([torch.zeros(1), torch.ones(1)])

    assert not hasattr(Stream(), "__len__")
    assert len(list(DataLoader(Stream(), batch_size=1))) == 2


def test_a_loader_can_be_looped_over_again_and_is_no_iterator():
    dl = DataLoader(TensorDataset(torch.arange(4)), batch_size=2)
    assert len(list(dl)) == len(list(dl)) == 2
    with pytest.raises(TypeError, match="not an iterator"):
        next(dl)


def test_slices_copy_nothing_and_lists_of_positions_do():
    x = torch.rand(10, 3)
    ds = TensorDataset(x)
    assert ds[2:5][0].data_ptr() == x[2].data_ptr()
    assert ds[[2, 3, 4]][0].data_ptr() != x[2].data_ptr()


# Validation


def test_no_grad_keeps_no_record_and_eval_mode_does():
    model = models.cnn_any_size().eval()
    x = torch.rand(2, 1, 28, 28)
    assert model(x).grad_fn is not None
    with torch.no_grad():
        assert model(x).grad_fn is None


# The CNN and its relatives


def test_view_never_copies_and_reshape_may():
    turned = torch.rand(2, 3).T
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        turned.view(6)
    assert turned.reshape(6).data_ptr() != turned.data_ptr()


def test_a_dead_channel_gets_no_gradient_but_the_others_do():
    model = models.Mnist_CNN()
    with torch.no_grad():
        model.conv3.bias[3] = -1e6
        model.conv3.bias[:3] = 1e3
    F.cross_entropy(model(torch.rand(4, 784)), torch.tensor([0, 1, 2, 3])).backward()
    assert model.conv3.weight.grad[3].abs().max() == 0
    assert model.conv3.weight.grad[0].abs().max() > 0


def test_flatten_and_unflatten_change_shapes_as_view_does():
    rows = torch.rand(3, 784)
    pictures = nn.Unflatten(1, (1, 28, 28))(rows)
    assert torch.equal(pictures, rows.view(-1, 1, 28, 28))
    assert torch.equal(nn.Flatten()(pictures), rows)


def test_torch_load_refuses_a_whole_model_unless_told_otherwise():
    saved = io.BytesIO()
    torch.save(models.Mnist_Logistic(), saved)
    saved.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="weights_only"):
        torch.load(saved)
    saved.seek(0)
    assert isinstance(torch.load(saved, weights_only=False), models.Mnist_Logistic)


def test_pictures_of_64_by_64_silently_give_forty_classes_and_those_of_32_go_well():
    layers = [*models.cnn_any_size()[:6], nn.AvgPool2d(4), nn.Flatten()]
    for side, classes in [(32, 10), (64, 40)]:
        out = nn.Sequential(*layers)(torch.rand(3, 1, side, side))
        assert out.shape == (3, classes)


def test_a_state_dict_holds_other_tensors_too_and_no_code():
    saved = io.BytesIO()
    torch.save(nn.BatchNorm2d(2).state_dict(), saved)
    saved.seek(0)
    loaded = torch.load(saved, weights_only=True)
    assert "running_mean" in loaded
    assert all(isinstance(value, torch.Tensor) for value in loaded.values())


def test_an_optimizer_made_before_the_move_keeps_its_momentum_on_the_old_device():
    model = models.Mnist_Logistic()
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.rand(2, 784)).sum().backward()
    opt.step()
    model.to("meta")  # another device that every machine has
    buffers = [state["momentum_buffer"] for state in opt.state.values()]
    assert {b.device.type for b in buffers} == {"cpu"}


def test_some_optimizers_move_a_parameter_whose_gradient_is_zero_but_not_none():
    p = nn.Parameter(torch.ones(1))
    opt = optim.SGD([p], lr=0.1, weight_decay=0.1)
    opt.step()
    assert p.item() == 1
    p.grad = torch.zeros(1)
    opt.step()
    assert p.item() < 1


def test_parameters_that_want_no_gradient_are_frozen():
    model = models.Mnist_Logistic()
    opt = optim.SGD(model.parameters(), lr=0.1)
    model.lin.weight.requires_grad_(False)
    before = [p.clone() for p in model.parameters()]
    F.cross_entropy(model(torch.rand(4, 784)), torch.zeros(4).long()).backward()
    opt.step()
    changed = [
        not torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True)
    ]
    assert changed == [False, True]


def test_a_module_finds_the_parameters_of_the_modules_inside_it():
    inner = nn.Linear(2, 3)
    assert set(nn.Sequential(nn.Sequential(inner)).parameters()) == set(
        inner.parameters()
    )
