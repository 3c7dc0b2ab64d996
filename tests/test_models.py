import io
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mnist_tut.models import (
    Lambda,
    Mnist_CNN,
    Mnist_Logistic,
    cnn_any_size,
    cnn_sequential,
    preprocess,
)

CNNS = [Mnist_CNN, cnn_sequential, cnn_any_size]


def sizes(model):
    return [tuple(p.shape) for p in model.parameters()]


def with_weights_of(model, make):
    """Make a model and give it another one's parameters, in their order."""
    other = make().to(next(model.parameters()).dtype)
    nn.utils.vector_to_parameters(
        nn.utils.parameters_to_vector(model.parameters()), [*other.parameters()]
    )
    return other


def by_formula(model, pictures):
    """Work out what the CNN should give, from its six parameters alone."""
    kernels, biases = [*model.parameters()][::2], [*model.parameters()][1::2]
    for kernel, bias in zip(kernels, biases, strict=True):
        pictures = F.conv2d(pictures, kernel, bias, stride=2, padding=1).clamp(min=0)
    return pictures.mean(dim=(2, 3))


# Mnist_Logistic


def test_logistic_regression_is_one_linear_layer():
    model, x = Mnist_Logistic(), torch.rand(5, 784)
    weight, bias = model.parameters()
    torch.testing.assert_close(model(x), x @ weight.T + bias)


def test_logistic_regression_has_7850_parameters():
    assert sizes(Mnist_Logistic()) == [(10, 784), (10,)]
    assert sum(p.numel() for p in Mnist_Logistic().parameters()) == 7850


# preprocess


def test_pictures_are_laid_out_row_by_row():
    x = torch.arange(3 * 784).view(3, 784)
    pictures = preprocess(x)
    assert pictures.shape == (3, 1, 28, 28)
    assert pictures[2, 0, 5, 7] == x[2, 5 * 28 + 7]


def test_pictures_are_a_view_of_the_rows():
    x = torch.zeros(3, 784)
    preprocess(x)[1, 0, 0, 3] = 1
    assert x[1, 3] == 1


@pytest.mark.parametrize(
    "shape", [(49, 1024), (2, 783), (784,), (4, 28, 28), (1, 1, 28, 28)]
)
def test_rows_that_do_not_have_784_pixels_are_refused_with_their_shape(shape):
    with pytest.raises(
        ValueError, match=r"need rows of 28 \* 28 pixels, got"
    ) as refused:
        preprocess(torch.zeros(shape))
    assert str(shape) in str(refused.value)


@pytest.mark.parametrize("make", [Mnist_CNN, cnn_sequential])
def test_a_cnn_for_mnist_refuses_pictures_of_another_size(make):
    with pytest.raises(
        ValueError, match=r"need rows of 28 \* 28 pixels, got shape \(49, 1024\)"
    ):
        make()(torch.zeros(49, 1024))


# The CNN in three forms


@pytest.mark.parametrize("make", CNNS)
def test_every_cnn_has_three_convolutions_and_3930_parameters(make):
    model = make()
    assert sizes(model) == [
        (16, 1, 3, 3),
        (16,),
        (16, 16, 3, 3),
        (16,),
        (10, 16, 3, 3),
        (10,),
    ]
    assert sum(p.numel() for p in model.parameters()) == 3930


@pytest.mark.parametrize("make", [Mnist_CNN, cnn_sequential])
@pytest.mark.parametrize("n", [1, 6])
def test_a_cnn_for_mnist_is_three_strided_convolutions_with_relu_and_a_mean(
    make, n, data
):
    model, x = make().double(), data[0][:n].double()
    assert model(x).shape == (n, 10)
    torch.testing.assert_close(model(x), by_formula(model, x.view(n, 1, 28, 28)))


@pytest.mark.parametrize("size", [(28, 28), (32, 32), (20, 45), (9, 3), (1, 1)])
def test_the_cnn_for_any_size_averages_over_whatever_is_left(size):
    model, pictures = cnn_any_size().double(), torch.rand(4, 1, *size).double()
    assert model(pictures).shape == (4, 10)
    torch.testing.assert_close(model(pictures), by_formula(model, pictures))


def test_all_forms_of_the_cnn_agree_when_they_have_the_same_weights(data):
    model, x = Mnist_CNN().double(), data[0][:8].double()
    sequential, any_size = (with_weights_of(model, make) for make in CNNS[1:])
    torch.testing.assert_close(sequential(x), model(x))
    torch.testing.assert_close(any_size(x.view(-1, 1, 28, 28)), model(x))


@pytest.mark.parametrize("make", CNNS)
def test_the_same_seed_gives_every_cnn_the_same_weights(make):
    torch.manual_seed(5)
    model = Mnist_CNN()
    torch.manual_seed(5)
    for ours, theirs in zip(make().parameters(), model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("make", CNNS)
def test_the_logits_of_every_cnn_are_never_negative(make):
    torch.manual_seed(1)
    x = torch.rand(64, 784)
    logits = make()(x.view(-1, 1, 28, 28) if make is cnn_any_size else x)
    assert logits.min() >= 0
    assert logits.max() > 0


@pytest.mark.parametrize("make", [Mnist_CNN, cnn_sequential])
def test_gradients_reach_every_parameter_of_a_cnn(make, data):
    torch.manual_seed(1)
    model = make()
    F.cross_entropy(model(data[0]), data[1]).backward()
    assert all(p.grad.abs().max() > 0 for p in model.parameters())


# Lambda


def test_a_lambda_layer_applies_its_function():
    layer, x = Lambda(torch.sin), torch.rand(3)
    assert isinstance(layer, nn.Module)
    assert torch.equal(layer(x), torch.sin(x))
    assert list(layer.parameters()) == []


def test_a_model_whose_lambda_layer_has_a_named_function_can_be_saved_and_loaded():
    model, file, x = cnn_sequential(), io.BytesIO(), torch.rand(2, 784)
    torch.save(model, file)
    file.seek(0)
    torch.testing.assert_close(torch.load(file, weights_only=False)(x), model(x))


def test_a_layer_made_from_a_lambda_cannot_be_pickled():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(nn.Sequential(Lambda(lambda x: x)))
