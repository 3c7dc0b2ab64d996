"""What the tutorial says about PyTorch, about arithmetic and about itself, held against the facts.

Whatever a page prints or asserts is checked when it is built. Here is the rest: statements of
the prose that no cell runs, and every number in it of more than one digit.
"""

import ast
import io
import json
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gallery_scripts import NAMES, ROOT, blocks, cells
from torch import nn, optim
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from mnist_tut import loaders, models, training
from mnist_tut.by_hand import accuracy, init_params, log_softmax

# What is no prose: code, directives that show code, targets of links.
MARKUP = [
    r"^\.\. code-block::.*\n\n(?:   .*\n|\n)+",
    r"^\.\. (?:_|tested-source|step-diff).*$",
    r"^\s*:body:$",
    r"``[^`]*``",
    r"`[^`<]*<[^>]*>`_+",
    r":(?:class|func|mod|doc|ref):`[^`]*`",
]
SECTION = re.compile(r"^(?=\.\. _[\w-]+:$)", re.M)
LANGUAGES = ["en", "zh"]
both = pytest.mark.parametrize("lang", LANGUAGES)


def numbers(text):
    """List the numbers of more than one digit in a piece of prose, sorted."""
    for pattern in MARKUP:
        text = re.sub(pattern, "", text, flags=re.M)
    return sorted(re.findall(r"\d[\d,.]*\d", text))


def numbers_by_section(lang, name):
    """Map the label of each section of a page to the numbers in its prose."""
    found, label = {}, ""
    for block in blocks(lang, name):
        if block.type == "text":
            for part in SECTION.split(block.content):
                named = re.match(r"\.\. _([\w-]+):$", part, re.M)
                label = named[1] if named else label
                found.setdefault(label, []).extend(numbers(part))
    return {label: sorted(some) for label, some in found.items() if some}


def sizes_after_each_layer(side):
    """Return the side of a picture before and after each convolution of the CNN."""
    layers = [layer for layer in models.cnn_any_size() if isinstance(layer, nn.Conv2d)]
    x, sides = torch.zeros(1, 1, side, side), [side]
    for layer in layers:
        x = layer(x)
        sides.append(x.shape[-1])
    return sides, [layer.out_channels for layer in layers]


def facts():
    """Compute every number that the tutorial's prose may state, by section."""
    n, n_valid, bs, side = 50_000, 10_000, 64, models.SIDE
    pixels = side * side
    parameters = sum(p.numel() for p in models.Mnist_Logistic().parameters())
    full, rest = divmod(n_valid, 2 * bs)
    batches = math.ceil(n / bs)
    sides, channels = sizes_after_each_layer(side)
    seeds = json.loads((ROOT / "benchmarks" / "seeds.json").read_text())
    with_relu = sorted(seeds["with_relu"].values())
    without = sorted(seeds["without_relu"].values())
    other, many = 32, 49
    return {
        # published in 1998; the web's number for a missing page
        "mnist-data": [1998, 404, side, side, pixels, pixels],
        "from-scratch": [
            *(pixels, pixels),
            *(1998, 2010),  # LeCun and others; Glorot and Bengio
            f"{math.log(torch.finfo(torch.float32).max):.1f}",
            *(10, f"{math.log(10):.3f}"),
            bs,
            f"{2 * batches:,}",
        ],
        "nn-functional": [f"{parameters:,}"],
        "nn-module": [f"{math.log(10):.1f}"],
        "nn-linear": [
            f"{1 / math.sqrt(pixels):.4f}",
            *models.Mnist_Logistic().lin.weight.shape,
        ],
        "validation": [f"{n_valid:,}", full, 2 * bs, 2 * bs, rest, rest, rest],
        "cnn": [
            *(size for size in sides if size > 9),
            *channels[:2],
            *(len(with_relu), len(without)),
            *(f"{value:.2f}" for value in (with_relu[0], with_relu[1], with_relu[-1])),
            *(f"{value:.2f}" for value in (without[0], without[-1])),
        ],
        "wrapping-dataloader": [
            *[other] * 4,
            many,
            many * other**2 // pixels,
            pixels,
            *(side, side),
        ],
    }


def facts_about_time():
    """Compute every number that the prose of "Where the time goes" may state, by section."""
    first, middle = models.cnn_any_size()[0], models.cnn_any_size()[2]
    activations = first(torch.zeros(64, 1, 28, 28))
    out = middle(activations)
    code = "\n".join(cell.content for cell in cells("en", "where_the_time_goes.py"))
    sizes = ast.literal_eval(re.search(r"for size in (\[[\d, ]+\])", code)[1])
    at_first, at_most = 128, 32  # KiB and MiB: M_MMAP_THRESHOLD in "man mallopt"
    assert activations.nbytes > at_first * 1024  # the first layer raises it, as told
    assert activations.nbytes + activations.relu().nbytes + out.nbytes > (
        2 * activations.nbytes
    )  # what a step needs, not counting gradients
    rows, columns = out[:, 0].numel(), middle.weight[0].numel()
    assert f"product({rows}, {columns}, {middle.out_channels})" in code
    of_first = (activations[:, 0].numel(), first.weight[0].numel(), first.out_channels)
    assert f"product{of_first}" in code
    assert f"product({out[0, 0].numel()}, {columns}, {middle.out_channels})" in code
    prose = "".join(b.content for b in blocks("en", "where_the_time_goes.py"))
    assert f"``{at_most * 2**20}``" in prose
    return {
        "time-batch-size": [min(sizes), max(sizes)],
        "time-memory": [at_first, at_most, activations.nbytes // 1024, at_most],
        "time-limit": [rows, columns, middle.out_channels],
    }


@both
@pytest.mark.parametrize(
    ("name", "facts"),
    [("nn_tutorial.py", facts), ("where_the_time_goes.py", facts_about_time)],
)
def test_every_number_in_the_prose_is_a_fact(lang, name, facts):
    expected = {label: sorted(map(str, some)) for label, some in facts().items()}
    assert numbers_by_section(lang, name) == expected


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_state_the_same_numbers_block_by_block(name):
    pairs = zip(blocks("en", name), blocks("zh", name), strict=True)
    for en, zh in pairs:
        if en.type == "text":
            same = numbers(en.content) == numbers(zh.content)
            assert same, (
                f"line {en.lineno} of gallery/en, line {zh.lineno} of gallery/zh"
            )


@both
def test_the_seed_told_is_the_seed_set(lang):
    text = " ".join(
        b.content for b in blocks(lang, "nn_tutorial.py") if b.type == "text"
    )
    told = re.search(r"Why seed (\d+)\?|为什么种子是 (\d+)？", text)
    code = "\n".join(cell.content for cell in cells(lang, "nn_tutorial.py"))
    seeds = re.findall(r"manual_seed\((\d+)\)", code)
    assert seeds[1:] == [told[1] or told[2]] * 3


@both
def test_the_last_mini_batch_has_the_size_told(lang):
    [comment] = re.findall(
        r"50,000 (?:is|=) 781 (?:times|×) 64(?:, and| \+) 16", _source(lang)
    )
    n, times, bs, rest = map(int, re.findall(r"\d+", comment.replace(",", "", 1)))
    assert n == times * bs + rest
    assert "x_train[-16:]" in _source(lang)


def _source(lang):
    return (ROOT / "gallery" / lang / "nn_tutorial.py").read_text(encoding="utf-8")


@both
def test_figures_on_the_about_page_are_facts(lang):
    text = (ROOT / "docs" / lang / "about.rst").read_text(encoding="utf-8")
    text = text.partition(".. _data:")[0]
    decimals = set(re.findall(r"\b\d\d?\.\d+\b", text))
    bands = json.loads((ROOT / "tests" / "site" / "bands.json").read_text())["MNIST"]
    loss, share = (
        bands[f"from-scratch validation {name}"] for name in ("loss", "accuracy")
    )
    known = {
        f"{math.log(torch.finfo(torch.float32).max):.1f}",
        f"{math.sqrt(2 / 794):.4f}",
        f"{1 / 28:.4f}",
        f"{1 / math.sqrt(3 * 784):.4f}",
        "1.0",  # the page prints the accuracy on the last mini-batch
    }
    assert known <= decimals
    told = sorted(map(float, decimals - known))
    assert len(told) == 2
    assert loss[0] <= told[0] <= loss[1]
    assert share[0] <= told[1] <= share[1]


# From scratch


def test_scaling_after_requires_grad_leaves_the_gradient_empty():
    recorded = torch.randn(3, requires_grad=True)
    weights = recorded / 2
    weights.sum().backward()
    with pytest.warns(UserWarning, match="not a leaf Tensor"):
        assert weights.grad is None
    good, _ = init_params(3, 1)
    good.sum().backward()
    assert good.grad is not None


def test_glorots_standard_deviation_is_the_one_told():
    torch.manual_seed(0)
    drawn = nn.init.xavier_normal_(torch.empty(784, 10))
    assert drawn.std().item() == pytest.approx(math.sqrt(2 / (784 + 10)), rel=0.05)


def test_float32_exponentials_overflow_just_beyond_the_bound_told():
    assert torch.tensor(88.7).exp().isfinite()
    assert torch.tensor(88.8).exp().isinf()
    logits = torch.tensor([[89.0, 1.0, 0.0]])
    assert log_softmax(logits).isfinite().all()


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
    weights, _ = init_params(3, 1)
    weights.sum().backward()
    with pytest.raises(RuntimeError, match="in-place"):
        weights -= weights.grad


def test_backward_adds_to_the_gradient_that_is_there():
    weights, _ = init_params(3, 1)
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
    model, opt = training.get_model()
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
    model, opt = training.get_model()
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


def test_each_layer_halves_the_side_rounding_up():
    sides, channels = sizes_after_each_layer(28)
    assert sides == [28, 14, 7, 4]
    assert channels == [16, 16, 10]


def test_view_never_copies_and_reshape_may():
    turned = torch.rand(2, 3).T
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        turned.view(6)
    assert turned.reshape(6).data_ptr() != turned.data_ptr()
    assert np.reshape(turned.numpy(), 6).base is not turned.numpy()


def test_a_dead_channel_gets_no_gradient_but_the_others_do():
    model = models.Mnist_CNN()
    with torch.no_grad():
        model.conv3.bias[3] = -1e6
        model.conv3.bias[:3] = 1e3
    F.cross_entropy(model(torch.rand(4, 784)), torch.tensor([0, 1, 2, 3])).backward()
    assert model.conv3.weight.grad[3].abs().max() == 0
    assert model.conv3.weight.grad[0].abs().max() > 0


def test_unflatten_could_do_the_work_of_preprocess():
    rows = torch.rand(3, 784)
    layer = nn.Unflatten(1, (1, 28, 28))
    assert torch.equal(layer(rows), models.preprocess(rows))


def test_a_fixed_view_makes_nonsense_of_other_sizes_without_a_word():
    assert len(torch.zeros(49, 32 * 32).view(-1, 1, 28, 28)) == 64
    with pytest.raises(ValueError, match="need rows of 28"):
        models.Mnist_CNN()(torch.zeros(1, 32 * 32))


def test_a_state_dict_holds_other_tensors_too_and_no_code():
    saved = io.BytesIO()
    torch.save(nn.BatchNorm2d(2).state_dict(), saved)
    saved.seek(0)
    loaded = torch.load(saved, weights_only=True)
    assert "running_mean" in loaded
    assert all(isinstance(value, torch.Tensor) for value in loaded.values())


def test_both_poolings_agree_up_to_rounding():
    torch.manual_seed(0)
    fixed, free = models.cnn_sequential(), models.cnn_any_size()
    free.load_state_dict(
        {f"{int(k[0]) - 1}{k[1:]}": v for k, v in fixed.state_dict().items()}
    )
    rows = torch.rand(64, 784)
    difference = fixed(rows) - free(loaders.preprocess(rows, torch.zeros(64).long())[0])
    assert difference.abs().max() < 1e-5


def test_an_optimizer_made_before_the_move_keeps_its_momentum_on_the_old_device():
    model = models.Mnist_Logistic()
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.rand(2, 784)).sum().backward()
    opt.step()
    model.to("meta")  # another device that every machine has
    buffers = [state["momentum_buffer"] for state in opt.state.values()]
    assert {b.device.type for b in buffers} == {"cpu"}


# Faster


def test_what_flows_through_a_model_follows_the_layout_of_its_weights():
    model = models.cnn_any_size()
    x = torch.rand(3, 1, 28, 28)
    plain = model[:6](x)
    last = model.to(memory_format=torch.channels_last)[:6](x)
    assert plain.is_contiguous()
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert not last.is_contiguous()
    assert last.shape == plain.shape
    torch.testing.assert_close(last, plain)
