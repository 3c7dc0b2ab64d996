"""The little library of NumPy alone computes what PyTorch computes, value and gradient."""

import ast
import inspect
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, mutually_broadcastable_shapes
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut import inside
from mnist_tut.inside import Tensor

EXACT = {"rtol": 1e-10, "atol": 1e-10}
POSITIVE = st.floats(0.5, 2.0)


def numbers(shape, elements=POSITIVE):
    return arrays(np.float64, shape, elements=elements)


def value_and_gradients(make, func, given):
    """Compute a function of leaves, weigh its numbers differently, and go back."""
    leaves = [make(array.copy(), requires_grad=True) for array in given]
    out = func(*leaves)
    weights = np.cos(np.arange(np.prod(out.shape))).reshape(out.shape)
    (out * make(weights)).sum().backward()
    value = out.detach()
    return np.asarray(value), [np.asarray(leaf.grad) for leaf in leaves]


def same(ours, theirs, *given):
    """Hold value and gradients against PyTorch's."""
    (value, grads), (right, goal) = (
        value_and_gradients(make, func, given)
        for make, func in ((Tensor, ours), (torch.tensor, theirs))
    )
    np.testing.assert_allclose(value, right, **EXACT)
    for grad, expected, array in zip(grads, goal, given, strict=True):
        assert grad.shape == array.shape
        np.testing.assert_allclose(grad, expected, **EXACT)


# The engine ---------------------------------------------------------------------------------------

TWO = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


@pytest.mark.parametrize("name", TWO)
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_two_tensors_broadcast_as_in_pytorch(name, data):
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=3))
    same(TWO[name], TWO[name], *(data.draw(numbers(s)) for s in shapes.input_shapes))


ONE = {
    "exp": (lambda a: a.exp(),) * 2,
    "log": (lambda a: a.log(),) * 2,
    "relu": (lambda a: (a - 1).relu(),) * 2,
    "power": (lambda a: a**3 + a**-0.5,) * 2,
    "minus, and numbers on both sides": (lambda a: 2 + 3 * -a,) * 2,
    "a number less it, or divided by it": (lambda a: (1 - a) * (2 / a),) * 2,
    "sum of all": (lambda a: a.sum() * a,) * 2,
    "mean of all": (lambda a: a.mean() * a,) * 2,
    "sum, dimension gone": (lambda a: a.sum(-1) * 2,) * 2,
    "sum, dimension kept": (lambda a: a.sum(0, keepdim=True) * a,) * 2,
    "mean, dimension kept": (lambda a: a.mean(-1, keepdim=True) * a,) * 2,
    "mean, dimension gone": (lambda a: a.mean(0),) * 2,
    "one used three times": (lambda a: a * a.exp() + a,) * 2,
    "rows": (lambda a: a.reshape(-1, a.shape[-1]) * 2,) * 2,
    "flat": (lambda a: a.reshape(-1) ** 2,) * 2,
    "first, twice": (lambda a: a[[0, 0]] ** 2,) * 2,
    "slice": (lambda a: a[..., :1],) * 2,
}


@pytest.mark.parametrize("name", ONE)
@given(st.data())
@settings(max_examples=15, deadline=None)
def test_one_tensor_gives_what_it_gives_in_pytorch(name, data):
    same(
        *ONE[name], data.draw(numbers(data.draw(array_shapes(max_dims=3, max_side=4))))
    )


@given(st.data(), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_matrix_products_and_their_batches(data, n, k, m):
    batch = data.draw(st.sampled_from([(), (2,), (3, 2)]))
    a, b = data.draw(numbers((*batch, n, k))), data.draw(numbers((k, m)))
    same(lambda a, b: a @ b, lambda a, b: a @ b, a, b)
    same(lambda a, b: b.T @ a.T, lambda a, b: b.T @ a.T, a.reshape(-1, k), b)


@given(st.data(), st.integers(1, 5), st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_cross_entropy_bears_logits_of_any_size(data, n, classes):
    logits = data.draw(numbers((n, classes), st.floats(-1000, 1000)))
    y = data.draw(arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    same(
        lambda x: inside.cross_entropy(x, Tensor(y)),
        lambda x: F.cross_entropy(x, torch.tensor(y)),
        logits,
    )
    same(inside.log_softmax, lambda x: F.log_softmax(x, 1), logits)
    same(lambda x: inside.log_softmax(x, 0), lambda x: F.log_softmax(x, 0), logits)


SMOOTH = {name: func for name, (func, _) in ONE.items()} | {
    "sums and differences": lambda a: a.exp() - (a * a + a),
    "products and quotients": lambda a: a.exp() / (a * a.sum(0)),
    "matrix product": lambda a: a @ a.T,
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_those_of_a_nudge(name):
    x = np.linspace(0.6, 1.7, 6).reshape(2, 3)
    _, [grad] = value_and_gradients(Tensor, SMOOTH[name], [x])

    def loss(x):
        out = SMOOTH[name](Tensor(x)).data
        return (out * np.cos(np.arange(out.size)).reshape(out.shape)).sum()

    for place in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[place] = 1e-6
        slope = (loss(x + nudge) - loss(x - nudge)) / 2e-6
        assert grad[place] == pytest.approx(slope, abs=1e-7)


def test_gradients_add_until_they_are_set_to_zero():
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    for k in (1, 2):
        (w * w).sum().backward()
        assert w.grad.data.tolist() == [2 * k, 4 * k]
    assert (w.grad.requires_grad, w.grad.grad_fn) == (False, None)
    w.grad.zero_()
    assert w.grad.data.tolist() == [0, 0]


def test_only_leaves_that_ask_for_it_get_a_gradient():
    a, b = Tensor([1.0], requires_grad=True), Tensor([2.0])
    between = a * b
    between.backward()
    assert a.grad.item() == 2
    assert b.grad is between.grad is None
    assert between.requires_grad
    assert not (b * b).requires_grad
    loss = Tensor(3.0, requires_grad=True)
    loss.backward()
    assert loss.grad.item() == 1


def test_each_tensor_hands_on_once_when_all_its_shares_are_there():
    visits = []
    double = inside.operation(
        lambda a, b: a + b, *[lambda g, y, a, b: visits.append(1) or g] * 2
    )
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(15):
        y = double(y, y)
    y.backward()
    assert x.grad.item() == 2**15
    assert len(visits) == 30


def test_nothing_is_recorded_without_gradients_even_after_an_error():
    w = Tensor([1.0], requires_grad=True)
    with inside.no_grad():
        assert not (w * 2).requires_grad
        with inside.no_grad():
            pass
        assert not (w * 2).requires_grad
    with pytest.raises(ZeroDivisionError), inside.no_grad():
        1 / 0  # noqa: B018
    assert (w * 2).requires_grad


def test_a_leaf_changes_in_place_without_a_record_only():
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    for change in (1.0, Tensor([1.0, 1.0])):
        with pytest.raises(RuntimeError, match=r"^a leaf .* in place: no_grad\(\)$"):
            w -= change
    same_one = w
    with inside.no_grad():
        w -= Tensor([0.5, 0.5])
    assert w is same_one
    assert w.data.tolist() == [0.5, 1.5]


@pytest.mark.parametrize("make", [Tensor, torch.tensor])
def test_a_result_may_be_changed_while_it_is_recorded(make):
    w = make(np.array([1.0, 2.0]), requires_grad=True)
    y = w * w
    y -= w
    (y * y).sum().backward()
    assert np.asarray(w.grad).tolist() == [0, 2 * 2 * 3]


def test_an_in_place_change_between_forward_and_backward_goes_through_here():
    def slip(make, no_grad):
        w = make(np.array([1.0, 2.0]), requires_grad=True)
        loss = (w * w).sum()
        with no_grad():
            w -= 0.5
        loss.backward()
        return np.asarray(w.grad)

    assert slip(Tensor, inside.no_grad).tolist() == [1.0, 3.0]  # and not 2, 4
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        slip(torch.tensor, torch.no_grad)


def test_comfort_is_what_every_tensor_has():
    assert isinstance(Tensor(1.0), inside.Comfort)
    assert not {"backward", "__add__"} & vars(inside.Comfort).keys()


def test_numpy_arrays_can_stand_on_either_side():
    x = Tensor(np.ones(3), requires_grad=True)
    (np.arange(3.0) * x + np.ones(3)).sum().backward()
    assert x.grad.data.tolist() == [0, 1, 2]
    assert (np.arange(3.0) - x).data.tolist() == [-1, 0, 1]


def test_a_tensor_shows_its_numbers_and_shares_its_memory():
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = Tensor(array, requires_grad=True)
    assert repr(x) == "tensor([[1., 2.],\n [3., 4.]])"
    assert repr(Tensor([2 / 3, 1.0])) == "tensor([0.6667, 1.    ])"
    assert (len(x), x.shape, x.T.shape) == (2, (2, 2), (2, 2))
    assert x.detach().data is array
    assert not x.detach().requires_grad
    assert np.array(x) is not array
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert type(Tensor(np.float32(2)).item()) is float


def test_float32_stays_float32():
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    loss = inside.cross_entropy(x * 2 - 1 / 3, Tensor([0, 1])).mean()
    loss.backward()
    assert (loss.data.dtype, x.grad.data.dtype) == (np.float32, np.float32)


# The same random numbers --------------------------------------------------------------------------


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_random_numbers_and_layers_begin_as_in_pytorch(seed):
    for ours, theirs in [
        (lambda: inside.rand(5, 7).data, lambda: torch.rand(5, 7)),
        (lambda: inside.Linear(30, 4).weight.data, lambda: nn.Linear(30, 4).weight),
        (lambda: inside.Conv2d(2, 3, 5).bias.data, lambda: nn.Conv2d(2, 3, 5).bias),
    ]:
        inside.manual_seed(seed)
        torch.manual_seed(seed)
        right = theirs().detach().numpy()
        np.testing.assert_allclose(ours(), right, rtol=0, atol=1e-7)
        assert ours().dtype == right.dtype == np.float32


# Modules ------------------------------------------------------------------------------------------


def two_layers(lib):
    return lib.Sequential(lib.Linear(784, 20), lib.ReLU(), lib.Linear(20, 10))


def cnn(lib):
    first = lib.Conv2d(1, 8, 3, stride=2, padding=1), lib.BatchNorm2d(8), lib.ReLU()
    second = lib.Conv2d(8, 16, 3, stride=2, padding=1), lib.BatchNorm2d(16), lib.ReLU()
    return lib.Sequential(*first, *second, lib.Flatten(), lib.Linear(16 * 49, 10))


def pair(build):
    """Make the same model twice, in float64, with PyTorch's weights."""
    torch.manual_seed(0)
    theirs, ours = build(nn).double(), build(inside).double()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def gap(ours, theirs):
    """Return the largest difference between two states."""
    assert list(ours) == list(theirs)
    return max(np.abs(ours[k].data - theirs[k].numpy()).max() for k in ours)


@pytest.mark.parametrize("build", [two_layers, cnn])
def test_a_state_goes_to_pytorch_and_back(build):
    ours, theirs = pair(build)
    assert gap(ours.state_dict(), theirs.state_dict()) == 0
    assert len([*ours.parameters()]) == len([*theirs.parameters()])
    theirs.load_state_dict(
        {k: torch.tensor(t.data) for k, t in ours.state_dict().items()}
    )
    assert gap(ours.state_dict(), theirs.state_dict()) == 0


def test_a_state_shares_memory_when_it_leaves_and_is_copied_when_it_comes():
    model = inside.Linear(2, 1)
    state = model.state_dict()
    model.weight.data += 1
    assert state["weight"].data is model.weight.data
    other = inside.Linear(2, 1).state_dict()
    model.load_state_dict(other)
    before = model.weight.data.copy()
    assert state["weight"].data is model.weight.data
    other["weight"].data += 1
    assert model.weight.data.tolist() == before.tolist()


def test_what_is_loaded_is_copied_into_the_memory_and_the_dtype_of_the_model():
    ours, theirs = inside.Linear(2, 1), nn.Linear(2, 1)
    for model in (ours, theirs):
        kept, weight = model.state_dict(), model.weight
        other = type(model)(2, 1).double()
        model.load_state_dict(other.state_dict())
        assert model.weight is weight
        assert np.array_equal(kept["weight"], np.float32(other.state_dict()["weight"]))
        assert np.asarray(model.state_dict()["weight"]).dtype == np.float32


def test_another_shape_is_refused_and_named():
    model = inside.Linear(2, 1)
    assert isinstance(model, inside.Loading)
    state = {"weight": np.ones((5, 5)), "bias": np.ones(1)}
    with pytest.raises(RuntimeError, match=r"^missing.*'weight', \(5, 5\)"):
        model.load_state_dict(state)
    assert model.weight.shape == (1, 2)


def test_double_makes_fractions_float64_and_leaves_whole_numbers():
    for model in (m := inside.Sequential(inside.BatchNorm2d(2)), m.double()):
        assert model is m
    ours = {k: t.data.dtype for k, t in m.state_dict().items()}
    theirs = nn.Sequential(nn.BatchNorm2d(2)).double().state_dict()
    assert ours == {k: t.numpy().dtype for k, t in theirs.items()}


def test_a_module_with_two_names_is_trained_once_and_saved_twice():
    def build(lib):
        model = lib.Sequential(lib.Linear(2, 2), lib.ReLU())
        model.again = next(iter(model))
        return model

    ours, theirs = pair(build)
    assert len([*ours.parameters()]) == len([*theirs.parameters()]) == 2
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = np.ones((1, 2))
    for lib, model, make in (
        (inside, ours, Tensor),
        (torch.optim, theirs, torch.tensor),
    ):
        model(make(x)).sum().backward()
        lib.SGD(model.parameters(), lr=0.1).step()
    assert gap(ours.state_dict(), theirs.state_dict()) < 1e-15


@pytest.mark.parametrize("change", [{"more": 1}, {}])
def test_missing_and_unexpected_names_are_told(change):
    model = inside.Linear(2, 1)
    state = {"weight": model.weight} | change
    with pytest.raises(RuntimeError, match=r"missing, unexpected .*: \[\('bias'"):
        model.load_state_dict(state)


def test_drawers_are_those_of_pytorch():
    def build(lib, parameter, tensor):
        class Net(lib.Module):
            def __init__(self):
                super().__init__()
                self.layers = lib.ModuleList([lib.Linear(2, 3), lib.Linear(3, 1)])
                self.scale = parameter(tensor([2.0]))
                self.register_buffer("seen", tensor([0.0]))
                self.hidden = [lib.Linear(1, 1)]
                self.name = "net"

        return Net()

    ours = build(inside, inside.Parameter, lambda x: Tensor(np.array(x)))
    theirs = build(nn, nn.Parameter, torch.tensor)
    for drawer in ("_parameters", "_buffers", "_modules"):
        assert list(getattr(ours, drawer)) == list(getattr(theirs, drawer))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert (ours.name, ours.seen.data.tolist(), ours.scale.requires_grad) == (
        "net",
        [0],
        True,
    )
    assert [layer.weight.shape for layer in ours.layers] == [(3, 2), (1, 3)]


def test_parts_without_a_module_to_keep_them_are_an_error():
    class Forgetful(inside.Module):
        def __init__(self):
            self.lin = inside.Linear(1, 1)

    with pytest.raises(AttributeError, match="_modules"):
        Forgetful()


def test_all_below_learn_the_mode():
    model = inside.Sequential(inside.Sequential(inside.Dropout()), inside.ReLU())
    inner = next(iter(next(iter(model))))
    assert model.eval() is model
    assert (model.training, inner.training) == (False, False)
    assert model.train() is model
    assert (model.training, inner.training) == (True, True)


def test_hooks_see_what_goes_in_and_out_if_the_model_itself_is_called():
    model, seen = two_layers(inside), []
    for layer in model:
        layer.register_forward_hook(lambda m, args, out: seen.append((m, args[0], out)))
    x = Tensor(np.ones((4, 784), np.float32))
    out = model(x)
    assert [type(m).__name__ for m, _, _ in seen] == ["Linear", "ReLU", "Linear"]
    assert seen[0][1] is x
    assert seen[-1][2] is out
    next(iter(model)).forward(x)
    assert len(seen) == 3


# Layers -------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_convolution_is_that_of_pytorch(data):
    draw = data.draw
    n, c, out, k = (draw(st.integers(1, 3)) for _ in range(4))
    stride, padding = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    h, w = (draw(st.integers(k, 6)) for _ in range(2))
    layer = inside.Conv2d(c, out, k, stride, padding)

    def ours(x, weight, bias):
        layer.weight, layer.bias = weight, bias
        return layer(x)

    vars(layer)["_parameters"].clear()
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shapes = (n, c, h, w), (out, c, k, k), (out,)
    same(
        ours,
        lambda x, weight, bias: F.conv2d(x, weight, bias, stride, padding),
        *(rng.standard_normal(shape) for shape in shapes),
    )


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_that_of_pytorch(training):
    ours, theirs = pair(lambda lib: lib.Sequential(lib.BatchNorm2d(3)))
    rng = np.random.default_rng(0)
    for shape in [(8, 3, 2, 2), (2, 3, 1, 5), (4, 3, 3, 1)]:
        x = rng.standard_normal(shape) * 3 + 1
        for model in (ours, theirs):
            model.train(training)
        same(ours, theirs, x)
        assert gap(ours.state_dict(), theirs.state_dict()) < 1e-12


def test_batch_norm_keeps_what_is_asked_for():
    ours, theirs = (lib.BatchNorm2d(2, 0.5, 0.3).double() for lib in (inside, nn))
    ours.load_state_dict(theirs.state_dict())
    same(ours, theirs, np.random.default_rng(0).standard_normal((3, 2, 2, 2)))
    assert gap(ours.state_dict(), theirs.state_dict()) < 1e-12


def test_a_fresh_batch_norm_holds_what_that_of_pytorch_holds():
    ours, theirs = (lib.BatchNorm2d(3).state_dict() for lib in (inside, nn))
    assert list(ours) == list(theirs)
    for name, right in theirs.items():
        found = np.asarray(ours[name])
        assert found.dtype == right.numpy().dtype, name
        assert np.array_equal(found, right.numpy()), name


def test_flatten_and_relu_are_those_of_pytorch():
    x = np.random.default_rng(0).standard_normal((2, 3, 2, 2))
    same(inside.Flatten(), nn.Flatten(), x)
    same(inside.ReLU(), nn.ReLU(), x)


def test_dropout_zeroes_a_share_and_scales_the_rest():
    inside.manual_seed(0)
    layer, x = inside.Dropout(0.2), Tensor(np.ones(10_000))
    out = layer(x).data
    assert set(out.tolist()) == {0.0, 1.25}
    assert (out == 0).mean() == pytest.approx(0.2, abs=0.02)
    assert not np.array_equal(layer(x).data, out)
    layer.eval()
    assert layer(x) is x
    assert inside.Dropout().p == nn.Dropout().p


# Optimizers, data, and the whole ------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": {"lr": 0.05},
    "momentum": {"lr": 0.05, "momentum": 0.9},
    "AdamW": {"lr": 1e-3},
    "AdamW, all else": {
        "lr": 2e-3,
        "betas": (0.8, 0.9),
        "eps": 1e-3,
        "weight_decay": 0.3,
    },
}


def train(lib, model, opt, x, y, bs=64):
    make, loss_func = (
        (Tensor, inside.cross_entropy)
        if lib is inside
        else (torch.tensor, F.cross_entropy)
    )
    losses = []
    for i in range(0, len(x), bs):
        loss = loss_func(model(make(x[i : i + bs])), make(y[i : i + bs]))
        loss.backward()
        opt.step()
        opt.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.fixture(scope="module")
def digits():
    rng = np.random.default_rng(0)
    return rng.random((2000, 784)), rng.integers(0, 10, 2000)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_those_of_pytorch_after_many_steps(name, digits):
    ours, theirs = pair(two_layers)
    kind = "AdamW" if "AdamW" in name else "SGD"
    ways = (inside, ours, inside), (torch, theirs, torch.optim)
    losses = [
        train(
            lib,
            model,
            getattr(optim, kind)(model.parameters(), **OPTIMIZERS[name]),
            *digits,
        )
        for lib, model, optim in ways
    ]
    np.testing.assert_allclose(*losses, **EXACT)
    assert gap(ours.state_dict(), theirs.state_dict()) < 1e-11


def test_defaults_of_the_optimizers_are_those_of_pytorch():
    for name in ("SGD", "AdamW"):
        theirs = inspect.signature(getattr(torch.optim, name)).parameters
        for key, own in inspect.signature(getattr(inside, name)).parameters.items():
            if own.default is not own.empty:
                assert theirs[key].default == pytest.approx(own.default), (name, key)


def test_an_optimizer_looks_at_the_gradient_and_at_nothing_else():
    frozen, bare = Tensor(np.ones(2)), Tensor(np.ones(2), requires_grad=True)
    frozen.grad = Tensor(np.ones(2))
    inside.SGD([frozen, bare], lr=0.5).step()
    assert frozen.data.tolist() == [0.5, 0.5]
    assert bare.data.tolist() == [1, 1]


def test_a_cnn_trains_as_in_pytorch(digits):
    x, y = digits
    ours, theirs = pair(cnn)
    losses = [
        train(
            lib,
            model,
            optim.SGD(model.parameters(), 0.05, 0.9),
            x.reshape(-1, 1, 28, 28)[:1280],
            y,
        )
        for lib, model, optim in ((inside, ours, inside), (torch, theirs, torch.optim))
    ]
    assert len(losses[0]) == 20
    np.testing.assert_allclose(*losses, **EXACT)
    assert gap(ours.state_dict(), theirs.state_dict()) < 1e-11


@given(st.integers(1, 20), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_batches_are_those_of_pytorch(n, bs):
    x, y = np.random.default_rng(n).random((n, 3)), np.arange(n)
    order = torch.randperm(n).tolist()
    for options in ({}, {"sampler": order}, {"sampler": order, "collate_fn": len}):
        ours = inside.DataLoader(
            inside.TensorDataset(Tensor(x), Tensor(y)), batch_size=bs, **options
        )
        theirs = DataLoader(
            TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=bs, **options
        )
        for a, b in itertools.zip_longest(ours, theirs):
            if "collate_fn" in options:
                assert a == b
            else:
                assert [t.data.tolist() for t in a] == [t.tolist() for t in b]
                assert [t.data.dtype for t in a] == [t.numpy().dtype for t in b]


def test_a_shuffled_loader_hands_out_every_row_once_and_anew_each_time():
    x = np.arange(50)
    dl = inside.DataLoader(inside.TensorDataset(Tensor(x)), batch_size=8, shuffle=True)
    first, second = ([xb.data for [xb] in dl] for _ in range(2))
    assert [len(xb) for xb in first] == [8] * 6 + [2]
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == x.tolist()
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    assert not np.array_equal(np.concatenate(first), x)
    assert [
        len(rows) for [rows] in inside.DataLoader(inside.TensorDataset(Tensor(x)))
    ] == [1] * 50


def test_the_library_is_small_and_needs_numpy_alone():
    source = inspect.getsource(inside)
    tree = ast.parse(source)
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
        )
    }
    assert imported == {"itertools", "numpy"}
    left_out = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node)
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    [listed] = [
        n
        for n in tree.body
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
    ]
    left_out |= set(range(listed.lineno, listed.end_lineno + 1))
    code = [
        line
        for number, line in enumerate(source.splitlines(), 1)
        if number not in left_out and line.strip() and not line.strip().startswith("#")
    ]
    assert len(code) <= 300


# Pieces by themselves -----------------------------------------------------------------------------


def test_unbroadcast_adds_up_what_was_repeated():
    g = np.arange(12.0).reshape(4, 3)
    for shape in [(3,), (4, 1), (1, 3), (4, 3), ()]:
        right = torch.tensor(g).sum_to_size(shape or (1,)).reshape(shape)
        np.testing.assert_array_equal(inside.unbroadcast(g, shape), right)


def test_spread_and_put_hand_a_gradient_back_to_where_it_came_from():
    a = np.ones((2, 3))
    assert inside.spread(np.array([1.0, 2.0]), None, a, axis=1).tolist() == [
        [1] * 3,
        [2] * 3,
    ]
    assert inside.put(np.array([1.0, 5.0]), None, np.zeros(3), [2, 2]).tolist() == [
        0,
        0,
        6,
    ]


def test_a_module_list_shows_its_module_what_is_in_it():
    found = inside.ModuleList([inside.ReLU(), inside.Linear(2, 1)])
    assert [*found.state_dict()] == ["1.weight", "1.bias"]
    assert [type(each).__name__ for each in found] == ["ReLU", "Linear"]


def test_uniform_weights_stay_within_the_root_of_the_inputs():
    weights = inside.uniform(25, 1000).data
    assert weights.dtype == np.float32
    assert 0.19 < np.abs(weights).max() <= 0.2


def test_windows_are_views_columns_hold_them_and_fold_is_the_way_back():
    x = np.arange(32.0).reshape(1, 2, 4, 4)
    found = inside.windows(x, 3, 1)
    assert found.shape == (1, 2, 3, 3, 2, 2)
    assert np.shares_memory(found, x)
    right = F.unfold(torch.tensor(x), 3)
    np.testing.assert_array_equal(inside.columns(x, 3, 1), right)
    g = np.cos(np.arange(72.0)).reshape(1, 18, 4)
    back = F.fold(torch.tensor(g), (4, 4), 3)
    np.testing.assert_allclose(inside.fold(g, None, x, 3, 1), back)


def test_frame_pad_and_unfold_go_there_and_back():
    x = np.random.default_rng(0).standard_normal((2, 1, 3, 4))
    np.testing.assert_array_equal(inside.frame(x, 2), F.pad(torch.tensor(x), (2,) * 4))
    same(lambda x: inside.pad(x, 1), lambda x: F.pad(x, (1,) * 4), x)
    same(lambda x: inside.pad(x, 0), lambda x: x * 1, x)
    same(lambda x: inside.unfold(x, 2, 1), lambda x: F.unfold(x, 2), x)


def test_adamw_and_all_that_is_an_optimizer_forgets_gradients():
    p = Tensor(np.ones(2), requires_grad=True)
    opt = inside.AdamW([p])
    assert isinstance(opt, inside.Optimizer)
    p.grad = Tensor(np.ones(2))
    opt.zero_grad()
    assert p.grad is None


def test_a_random_sampler_and_the_usual_collate_do_what_a_loader_asks():
    inside.manual_seed(1)
    sampler = inside.RandomSampler(range(20))
    first, second = [*sampler], [*sampler]
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    x, y = inside.default_collate([(np.zeros(3), 1), (np.ones(3), 2)])
    assert (x.shape, y.data.tolist()) == ((2, 3), [1, 2])
    with pytest.raises(ValueError, match="argument"):
        inside.default_collate([(np.zeros(3), 1), (np.ones(3),)])
