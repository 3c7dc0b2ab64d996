import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given

from mnist_tut.by_hand import accuracy, log_softmax, nll

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


def moderate_logits():
    """Draw (n, classes) float64 logits whose exponentials are ordinary numbers."""
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)
    rows = hnp.arrays(np.float64, shapes, elements=st.floats(-80, 80))
    return rows.map(torch.from_numpy)


@st.composite
def labelled_logits(draw, kind):
    out = draw(kind)
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


# log_softmax


@given(moderate_logits())
@example(torch.tensor([[80.0, -80.0], [-80.0, 80.0]], dtype=torch.float64))
@example(torch.tensor([[3.0]], dtype=torch.float64))
@example(torch.zeros(2, 3, dtype=torch.float64))
def test_log_softmax_equals_torch_in_value_and_gradient_for_moderate_logits(x):
    assert_same_with_gradients(log_softmax, lambda x: F.log_softmax(x, dim=1), x)


def test_log_softmax_overflows_in_float32_just_beyond_the_bound_told():
    fine, too_large = torch.tensor([[88.7, 0.0]]), torch.tensor([[88.8, 0.0]])
    torch.testing.assert_close(log_softmax(fine), F.log_softmax(fine, dim=1))
    assert log_softmax(too_large).isinf().all()
    assert F.log_softmax(too_large, dim=1).isfinite().all()


@given(moderate_logits())
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


# nll


@given(labelled_logits(logits()))
def test_nll_equals_torch_in_value_and_gradient(batch):
    out, labels = batch
    log_probs = F.log_softmax(out, dim=1)
    assert_same_with_gradients(
        lambda x: nll(x, labels), lambda x: F.nll_loss(x, labels), log_probs
    )


@given(labelled_logits(moderate_logits()))
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


def test_accuracy_of_nothing_is_not_a_number_as_its_docstring_says():
    assert accuracy(torch.zeros(0, 10), torch.zeros(0).long()).isnan()
    assert "NaN for an empty batch" in accuracy.__doc__


def test_accuracy_needs_only_the_order_of_the_outputs():
    out, labels = torch.randn(50, 10), torch.randint(10, (50,))
    labels[:20] = out[:20].argmax(1)
    assert accuracy(out, labels) == accuracy(out.softmax(1), labels) >= 0.4


# What nll and accuracy say of bad input: PyTorch's own errors are clear enough


def test_nll_refuses_a_label_that_is_no_class():
    with pytest.raises(IndexError, match=r"index 5 is out of bounds .* with size 5"):
        nll(torch.zeros(2, 5), torch.tensor([2, 5]))


def test_nll_refuses_labels_that_are_no_integers():
    with pytest.raises(IndexError, match="must be long"):
        nll(torch.zeros(2, 5), torch.ones(2))


def test_nll_takes_minus_one_for_the_last_class_as_its_docstring_warns():
    log_probs = log_softmax(torch.randn(2, 5))
    last = nll(log_probs, torch.tensor([4, 4]))
    assert torch.equal(nll(log_probs, torch.tensor([-1, -1])), last)


def test_nll_refuses_more_labels_than_rows_and_takes_the_first_rows_for_fewer():
    log_probs, labels = log_softmax(torch.randn(3, 5)), torch.tensor([1, 0, 4, 2])
    with pytest.raises(IndexError, match=r"index 3 is out of bounds .* with size 3"):
        nll(log_probs, labels)
    assert torch.equal(nll(log_probs, labels[:2]), nll(log_probs[:2], labels[:2]))


def test_accuracy_refuses_labels_of_another_length_but_for_a_single_one():
    assert accuracy(torch.eye(4), torch.tensor([2])) == 1 / 4
    with pytest.raises(RuntimeError, match=r"size of tensor a \(4\) must match"):
        accuracy(torch.zeros(4, 10), torch.zeros(3).long())


def test_both_work_without_torch_nn(monkeypatch):
    names = ["cross_entropy", "nll_loss", "log_softmax", "softmax"]
    for name in names:
        monkeypatch.setattr(F, name, None)
    for name in ["log_softmax", "softmax", "logsumexp"]:
        monkeypatch.setattr(torch, name, None)
        monkeypatch.setattr(torch.Tensor, name, None)
    log_probs = log_softmax(torch.zeros(2, 4))
    assert nll(log_probs, torch.tensor([1, 2])).item() == pytest.approx(math.log(4))
    assert accuracy(log_probs, torch.tensor([0, 0])) == 1
