import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given

from mnist_tut.by_hand import (
    Trained,
    accuracy,
    init_params,
    log_softmax,
    model,
    nll,
    train_by_hand,
    training_pair,
)

TOL = {"rtol": 0, "atol": 1e-10}


@st.composite
def logits(draw):
    """Draw (n, classes) float64 logits: ties, extremes, and rows shifted as a whole."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
    ordinary = st.floats(-1e4, 1e4)
    extreme = st.sampled_from([0.0, 1.0, 89.0, -746.0, 1e4, -1e4])
    rows = draw(hnp.arrays(np.float64, shape, elements=ordinary | extreme))
    shifts = st.sampled_from([0.0, 1e4, -1e4, 2.0**30, -(2.0**30)])
    return torch.from_numpy(
        rows + draw(hnp.arrays(np.float64, (shape[0], 1), elements=shifts))
    )


@st.composite
def labelled_logits(draw):
    out = draw(logits())
    labels = st.lists(
        st.integers(0, out.shape[1] - 1), min_size=len(out), max_size=len(out)
    )
    return out, torch.tensor(draw(labels))


def value_and_gradients(func, *inputs):
    """Give the output of `func`, and the gradients of a weighted sum of it."""
    inputs = [x.detach().clone().requires_grad_() for x in inputs]
    out = func(*inputs)
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).view(out.shape)
    return out.detach(), *torch.autograd.grad((out * weights).sum(), inputs)


def assert_same_with_gradients(ours, oracle, *inputs):
    mine, theirs = (
        value_and_gradients(ours, *inputs),
        value_and_gradients(oracle, *inputs),
    )
    assert len(mine) == len(theirs) == len(inputs) + 1
    for got, wanted in zip(mine, theirs, strict=True):
        torch.testing.assert_close(got, wanted, **TOL)


# init_params


def test_start_weights_are_normal_numbers_divided_by_the_root_of_the_inputs():
    torch.manual_seed(3)
    normal = torch.randn(50, 4)
    torch.manual_seed(3)
    weights, _ = init_params(50, 4)
    torch.testing.assert_close(weights.detach(), normal / math.sqrt(50))


def test_start_weights_keep_the_variance_of_the_inputs():
    weights, _ = init_params(400, 200)
    out = torch.randn(200, 400) @ weights.detach()
    assert float(out.var()) == pytest.approx(1, rel=0.05)


def test_the_start_bias_is_zero():
    weights, bias = init_params(7, 5)
    assert (weights.shape, bias.shape) == ((7, 5), (5,))
    assert torch.equal(bias, torch.zeros(5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_start_parameters_are_leaves_that_want_gradients_in_the_type_asked_for(dtype):
    for parameter in init_params(3, 2, dtype=dtype):
        assert parameter.is_leaf
        assert parameter.requires_grad
        assert parameter.dtype == dtype


def test_start_parameters_are_float32_unless_asked_otherwise():
    assert [parameter.dtype for parameter in init_params(3, 2)] == [torch.float32] * 2


@pytest.mark.parametrize(("sizes", "name"), [((0, 3), "n_in"), ((3, 0), "n_out")])
def test_a_layer_without_inputs_or_outputs_is_refused_by_name(sizes, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        init_params(*sizes)


# log_softmax


@given(logits())
@example(torch.full((2, 3), 1e4, dtype=torch.float64))
@example(torch.tensor([[1e4, -1e4], [-1e4, 1e4]], dtype=torch.float64))
@example(torch.tensor([[3.0]], dtype=torch.float64))
def test_log_softmax_equals_torch_in_value_and_gradient(x):
    assert_same_with_gradients(log_softmax, lambda x: F.log_softmax(x, dim=1), x)


@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(89, 2.0**26, width=32)))
@example(np.full((3, 4), 89, np.float32))
@example(np.full((3, 4), 2.0**26, np.float32))
def test_log_softmax_survives_float32_logits_whose_exponential_overflows(rows):
    x = torch.from_numpy(rows)
    assert x.exp().isinf().all()  # the naive form would be infinite
    torch.testing.assert_close(
        log_softmax(x), F.log_softmax(x, dim=1), rtol=1e-6, atol=1e-6
    )


@given(logits())
def test_the_probabilities_of_every_row_sum_to_one(x):
    torch.testing.assert_close(
        log_softmax(x).exp().sum(1), torch.ones(len(x)).double(), **TOL
    )


def test_log_softmax_leaves_its_input_alone():
    x = torch.randn(3, 4)
    before = x.clone()
    log_softmax(x)
    assert torch.equal(x, before)


def test_an_impossible_class_keeps_the_log_probability_minus_infinity():
    x = torch.tensor([[0.0, -math.inf, 0.0]])
    expected = torch.tensor([[-math.log(2), -math.inf, -math.log(2)]])
    torch.testing.assert_close(log_softmax(x), expected)


# model


@given(st.integers(1, 8), st.integers(1, 12), st.integers(1, 8), st.integers(0, 2**32))
def test_the_model_equals_linear_and_log_softmax_of_torch(n, inputs, classes, seed):
    generator = torch.Generator().manual_seed(seed)
    x, weights, bias = (
        torch.randn(shape, generator=generator, dtype=torch.float64) * 5
        for shape in [(n, inputs), (inputs, classes), (classes,)]
    )
    assert_same_with_gradients(
        model,
        lambda x, w, b: F.log_softmax(F.linear(x, w.T, b), dim=1),
        x,
        weights,
        bias,
    )


def test_pictures_that_do_not_fit_the_weights_are_refused_with_both_sizes():
    with pytest.raises(
        ValueError, match=r"weights take rows of 784 pixels, got shape \(\d+, 100\)"
    ):
        model(torch.zeros(2, 100), *init_params(784, 10))


# nll


@given(labelled_logits())
def test_nll_equals_torch_in_value_and_gradient(batch):
    out, labels = batch
    log_probs = F.log_softmax(out, dim=1)
    assert_same_with_gradients(
        lambda x: nll(x, labels), lambda x: F.nll_loss(x, labels), log_probs
    )


@given(labelled_logits())
def test_nll_of_log_softmax_equals_cross_entropy_in_value_and_gradient(batch):
    out, labels = batch
    assert_same_with_gradients(
        lambda x: nll(log_softmax(x), labels), lambda x: F.cross_entropy(x, labels), out
    )


def test_a_uniform_guess_over_ten_classes_costs_ln_10():
    log_probs = log_softmax(torch.zeros(4, 10))
    assert nll(log_probs, torch.tensor([0, 3, 9, 9])).item() == pytest.approx(
        math.log(10)
    )


# accuracy


@st.composite
def guesses(draw):
    """Draw outputs without ties, and labels."""
    classes, n = draw(st.integers(1, 10)), draw(st.integers(1, 20))
    out = draw(st.lists(st.permutations(range(classes)), min_size=n, max_size=n))
    return out, draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))


@given(guesses())
def test_accuracy_is_the_share_of_rows_whose_largest_output_is_at_the_label(batch):
    out, labels = batch
    right = sum(
        row.index(max(row)) == label for row, label in zip(out, labels, strict=True)
    )
    got = accuracy(torch.tensor(out).float(), torch.tensor(labels))
    assert (got.shape, got.dtype) == ((), torch.float32)
    assert got.item() == pytest.approx(right / len(labels))


def test_accuracy_needs_only_the_order_of_the_outputs():
    out, labels = torch.randn(50, 10), torch.randint(10, (50,))
    labels[:20] = out[:20].argmax(1)
    assert accuracy(out, labels) == accuracy(out.softmax(1), labels) >= 0.4


# What nll and accuracy refuse


@pytest.mark.parametrize("func", [nll, accuracy])
class TestMeans:
    def test_over_no_examples_are_refused(self, func):
        with pytest.raises(ValueError, match="the batch is empty"):
            func(torch.zeros(0, 10), torch.zeros(0).long())

    def test_with_too_few_labels_are_refused(self, func):
        with pytest.raises(ValueError, match="4 rows but 3 labels"):
            func(torch.zeros(4, 10), torch.zeros(3).long())

    @pytest.mark.parametrize("label", [-1, 5])
    def test_with_a_label_that_is_no_column_are_refused(self, func, label):
        with pytest.raises(
            ValueError, match=rf"labels run from .*{label}.* in 0\.\.4$"
        ):
            func(torch.zeros(2, 5), torch.tensor([2, label]))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.bool])
    def test_with_labels_of_another_type_are_refused(self, func, dtype):
        with pytest.raises(TypeError, match=f"labels are {dtype}"):
            func(torch.zeros(2, 5), torch.ones(2, dtype=dtype))

    def test_with_a_column_of_labels_are_refused_instead_of_stretched(self, func):
        with pytest.raises(ValueError, match=r"labels have shape \(2, 1\)"):
            func(torch.zeros(2, 5), torch.ones(2, 1).long())


# training_pair


def test_the_training_pair_is_the_first_two_of_the_data(data):
    pair = training_pair(data, torch.zeros(784, 10), bs=1, epochs=1)
    assert len(pair) == 2
    assert pair[0] is data[0]
    assert pair[1] is data[1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": torch.zeros(0, 784), "y": torch.zeros(0).long()}, "the batch is empty"),
        ({"y": torch.zeros(3).long()}, "4 rows but 3 labels"),
        ({"y": torch.tensor([0, 1, 2, 10])}, r"labels run from 0 to 10; .* 0\.\.9"),
        ({"y": torch.tensor([0, -1, 2, 3])}, "labels run from -1 to 3"),
        ({"weights": torch.zeros(783, 10)}, "take rows of 783 pixels"),
        ({"bs": 0}, "^bs must be"),
        ({"bs": 8.0}, "^bs must be"),
        ({"epochs": 0}, "^epochs must be"),
        ({"epochs": True}, "^epochs must be"),
    ],
)
def test_a_bad_training_pair_is_refused_with_the_reason(changed, message):
    given = {
        "x": torch.zeros(4, 784),
        "y": torch.arange(4),
        "weights": torch.zeros(784, 10),
        "bs": 2,
        "epochs": 1,
    } | changed
    with pytest.raises(ValueError, match=message):
        training_pair(
            (given["x"], given["y"]), given["weights"], given["bs"], given["epochs"]
        )


def test_a_training_pair_with_float_labels_is_refused():
    with pytest.raises(TypeError, match=r"labels are torch\.float32"):
        training_pair((torch.zeros(4, 784), torch.zeros(4)), torch.zeros(784, 10), 2, 1)


# train_by_hand: that it equals torch is tested in test_steps.py, for all steps at once


def test_training_by_hand_lowers_the_loss_and_reads_most_pictures(data):
    weights, bias, losses = train_by_hand(
        data[:2], *init_params(784, 10), lr=0.1, epochs=5
    )
    assert losses[-1] < losses[0] / 2
    assert accuracy(data[2] @ weights + bias, data[3]) > 0.9


def test_each_loss_is_the_one_before_the_update_it_led_to(data):
    weights, bias = init_params(784, 10)
    x, y = data[:2]
    trained = train_by_hand((x[:20], y[:20]), weights, bias, bs=20, lr=0.1, epochs=2)
    after_one = train_by_hand((x[:20], y[:20]), weights, bias, bs=20, lr=0.1, epochs=1)
    start = F.cross_entropy(x[:20] @ weights + bias, y[:20]).item()
    then = F.cross_entropy(x[:20] @ after_one.weights + after_one.bias, y[:20]).item()
    assert trained.losses == pytest.approx([start, then], rel=1e-5)


def test_training_gives_weights_bias_and_losses_in_this_order_without_gradient(data):
    trained = train_by_hand(data, *init_params(784, 10), epochs=1)
    assert isinstance(trained, Trained)
    assert trained._fields == ("weights", "bias", "losses")
    assert (trained.weights.shape, trained.bias.shape) == ((784, 10), (10,))
    assert not trained.weights.requires_grad
    assert not trained.bias.requires_grad
    assert [type(loss) for loss in trained.losses] == [float] * 5


def test_training_by_hand_refuses_pictures_that_do_not_fit_the_weights(data):
    with pytest.raises(
        ValueError, match=r"weights take rows of 100 pixels, got shape \(300, 784\)"
    ):
        train_by_hand(data, *init_params(100, 10))


def test_training_by_hand_works_without_torch_nn(data, monkeypatch):
    for home, names in [
        (F, ["cross_entropy", "nll_loss", "log_softmax", "softmax", "linear"]),
        (torch, ["log_softmax", "softmax", "logsumexp"]),
        (torch.Tensor, ["log_softmax", "softmax", "logsumexp"]),
        (torch.nn, ["Module", "Linear", "Parameter"]),
        (torch.optim, ["SGD"]),
    ]:
        for name in names:
            monkeypatch.setattr(home, name, None)
    assert len(train_by_hand(data, *init_params(784, 10), epochs=1).losses) == 5
