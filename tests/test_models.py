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
    better_cnn,
    cnn_any_size,
    cnn_layers,
    conv,
    conv_block,
)


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
    assert sum(p.numel() for p in model.parameters()) == 7850


# The CNN


@pytest.mark.parametrize("n", [1, 5])
def test_mnist_cnn_is_three_strided_convolutions_with_relu_and_their_mean(n):
    model, x = Mnist_CNN().double(), torch.rand(n, 784).double()
    wanted = by_formula(model, x.view(n, 1, 28, 28))
    torch.testing.assert_close(model(x), wanted, rtol=0, atol=1e-12)
    assert wanted.shape == (n, 10)


def test_the_cnn_for_any_size_computes_what_mnist_cnn_does():
    one, other = Mnist_CNN().double(), cnn_any_size().double()
    nn.utils.vector_to_parameters(
        nn.utils.parameters_to_vector(one.parameters()), other.parameters()
    )
    x = torch.rand(4, 784).double()
    torch.testing.assert_close(other(x.view(4, 1, 28, 28)), one(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [(28, 28), (64, 64), (50, 20), (1, 1)])
def test_the_cnn_for_any_size_averages_whatever_grid_is_left(size):
    model, x = cnn_any_size().double(), torch.rand(2, 1, *size).double()
    torch.testing.assert_close(model(x), by_formula(model, x), rtol=0, atol=1e-12)


def test_the_cnn_has_3930_parameters():
    for make in (Mnist_CNN, cnn_any_size):
        assert sum(p.numel() for p in make().parameters()) == 3930


def test_each_convolution_halves_the_side_rounding_up():
    for side, half in [(28, 14), (7, 4), (1, 1)]:
        assert conv(2, 5)(torch.rand(3, 2, side, side)).shape == (3, 5, half, half)


def test_the_layers_are_those_of_mnist_cnn_before_the_average():
    layers = nn.Sequential(*cnn_layers(), nn.AvgPool2d(4), nn.Flatten()).double()
    model = Mnist_CNN().double()
    nn.utils.vector_to_parameters(
        nn.utils.parameters_to_vector(model.parameters()), layers.parameters()
    )
    x = torch.rand(4, 784).double()
    torch.testing.assert_close(layers(x.view(4, 1, 28, 28)), model(x))


# Lambda


def test_lambda_applies_its_function_in_training_and_in_evaluation():
    layer = Lambda(torch.neg)
    x = torch.randn(3)
    assert torch.equal(layer(x), -x)
    assert torch.equal(layer.eval()(x), -x)
    assert list(layer.parameters()) == []


def test_a_lambda_around_a_named_function_can_be_saved_and_one_around_a_lambda_cannot():
    torch.save(Lambda(torch.neg), io.BytesIO())
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        torch.save(Lambda(lambda x: -x), io.BytesIO())


# The better one


def test_a_block_is_convolution_normalisation_and_relu():
    block, x = conv_block(2, 3).double(), torch.randn(5, 2, 7, 8).double()
    [kernel, bias, scale, shift] = block.parameters()
    out = F.conv2d(x, kernel, bias, stride=2, padding=1)
    mean = out.mean(dim=(0, 2, 3), keepdim=True)
    var = out.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    out = (out - mean) / (var + 1e-5).sqrt() * scale.view(3, 1, 1) + shift.view(3, 1, 1)
    torch.testing.assert_close(block(x), out.clamp(min=0), rtol=0, atol=1e-10)
    assert out.shape == (5, 3, 4, 4)


def test_the_better_cnn_is_three_blocks_and_a_linear_layer():
    model = better_cnn().double().eval()
    x = torch.rand(2, 1, 28, 28).double()
    out = x
    for block in model[:3]:
        out = block(out)
    assert out.shape == (2, 64, 4, 4)
    wanted = F.linear(out.flatten(1), model[4].weight, model[4].bias)
    torch.testing.assert_close(model(x), wanted, rtol=0, atol=1e-12)
    assert [block[0].out_channels for block in model[:3]] == [16, 32, 64]
    assert wanted.shape == (2, 10)


def test_the_better_cnn_can_give_negative_logits():
    assert (better_cnn()(torch.rand(20, 1, 28, 28)) < 0).any()
