import math
import re

import numpy as np
import pytest
import torch

from mnist_tut.checks import (
    check_batch,
    check_labels,
    check_loss,
    check_pixels,
    check_positive,
)


@pytest.mark.parametrize("value", [1, 2, 64, 10**9])
def test_a_whole_number_of_at_least_one_is_a_count(value):
    assert check_positive("bs", value) is None


@pytest.mark.parametrize("value", [0, -1, True, False, 1.0, 2.5, math.nan, "3", None])
def test_anything_else_is_refused_as_a_count_by_name_and_value(value):
    with pytest.raises(
        ValueError, match=rf"^epochs must be .* at least 1, not {value!r}$"
    ):
        check_positive("epochs", value)


@pytest.mark.parametrize("n", [1, 5])
def test_a_batch_with_one_label_per_row_passes(n):
    assert check_batch(torch.zeros(n, 3), torch.zeros(n)) is None


@pytest.mark.parametrize(("rows", "labels"), [(3, 2), (2, 3), (0, 1), (1, 0)])
def test_rows_and_labels_of_different_lengths_are_refused_with_both_numbers(
    rows, labels
):
    with pytest.raises(ValueError, match=f"^{rows} rows but {labels} labels"):
        check_batch(torch.zeros(rows, 3), torch.zeros(labels))


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="the batch is empty"):
        check_batch(torch.zeros(0, 3), torch.zeros(0))


@pytest.mark.parametrize("labels", [[0], [9], [0, 9, 4]])
def test_labels_from_0_to_9_pass(labels):
    assert check_labels(torch.tensor(labels)) is None


@pytest.mark.parametrize(
    ("labels", "low", "high"),
    [([-1, 3], -1, 3), ([10, 3], 3, 10), ([-2, 11, 0], -2, 11)],
)
def test_labels_outside_the_classes_are_refused_with_their_range(labels, low, high):
    with pytest.raises(
        ValueError, match=rf"labels run from {low} to {high}; .* in 0\.\.9$"
    ):
        check_labels(torch.tensor(labels))


def test_the_number_of_classes_sets_the_highest_label():
    assert check_labels(torch.tensor([2]), classes=3) is None
    with pytest.raises(
        ValueError, match=r"labels run from 3 to 3; they must lie in 0\.\.2$"
    ):
        check_labels(torch.tensor([3]), classes=3)


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.bool,
        torch.uint8,
        torch.int32,
    ],
)
def test_labels_that_are_not_int64_are_refused_with_the_remedy(dtype):
    with pytest.raises(
        TypeError, match=rf"labels are {dtype}: convert them with y\.long\(\)"
    ):
        check_labels(torch.tensor([1, 0]).to(dtype))


@pytest.mark.parametrize("shape", [(), (3, 1), (1, 3)])
def test_labels_in_any_shape_but_a_row_are_refused_with_that_shape(shape):
    with pytest.raises(ValueError, match=r"labels have shape \(") as refused:
        check_labels(torch.zeros(shape, dtype=torch.int64))
    assert str(shape) in str(refused.value)


@pytest.mark.parametrize("loss", [0.0, 2.5, -1.0, 1e300])
def test_a_finite_loss_comes_back_as_the_same_number(loss):
    assert check_loss(loss, 0, 0) == loss


def test_a_loss_in_a_tensor_comes_back_as_a_python_float():
    loss = check_loss(torch.tensor(0.25, requires_grad=True), 0, 0)
    assert type(loss) is float
    assert loss == 0.25


@pytest.mark.parametrize("wrap", [float, torch.tensor, np.float64])
@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_the_training_and_says_where(loss, wrap):
    where = rf"loss became {loss} in epoch 3, batch 17 \(counted from 0\): look for NaN"
    with pytest.raises(FloatingPointError, match=where):
        check_loss(wrap(loss), 3, 17)


def test_further_facts_stand_in_the_message_about_a_lost_loss():
    with pytest.raises(
        FloatingPointError, match=r"\(counted from 0, lr = 0\.5, bs = 64\)"
    ):
        check_loss(math.nan, 0, 0, lr=0.5, bs=64)


def test_flat_rows_that_fit_the_weights_pass():
    assert check_pixels(torch.zeros(3, 784), torch.zeros(784, 10)) is None


@pytest.mark.parametrize("shape", [(3, 783), (784,), (3, 28, 28), (784, 3, 784)])
def test_pictures_that_do_not_fit_the_weights_are_refused_with_their_shape(shape):
    message = f"take rows of 784 pixels, got shape {shape}"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_pixels(torch.zeros(shape), torch.zeros(784, 10))
