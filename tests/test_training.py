import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split

from mnist_tut.by_hand import accuracy
from mnist_tut.loaders import WrappedDataLoader, get_data, preprocess
from mnist_tut.models import Mnist_CNN, Mnist_Logistic, better_cnn, cnn_any_size
from mnist_tut.training import evaluate, fit, get_model, loss_batch, weighted_mean


@pytest.fixture
def loaders(data):
    """Training batches of 64, 64, 64, 64, 44; validation batches of 80 and 30."""
    train_ds, valid_ds = TensorDataset(*data[:2]), TensorDataset(*data[2:])
    return DataLoader(train_ds, batch_size=64), DataLoader(valid_ds, batch_size=80)


class Spy(nn.Module):
    """A linear model that notes the mode of every call."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(784, 10)
        self.calls = []

    def forward(self, xb):
        self.calls.append((self.training, torch.is_grad_enabled()))
        return self.lin(xb)


def with_layers_that_have_modes():
    """Make a model of layers that work differently in training and in evaluation."""
    layers = [nn.Linear(784, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(16, 10))


def snapshot(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def assert_unchanged(model, before):
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


# get_model


def test_get_model_pairs_a_fresh_logistic_regression_with_sgd_on_its_parameters():
    (model, opt), (other, _) = get_model(0.25), get_model(0.25)
    assert type(model) is Mnist_Logistic
    assert type(opt) is optim.SGD
    [group] = opt.param_groups
    assert [id(p) for p in group["params"]] == [id(p) for p in model.parameters()]
    assert not torch.equal(model.lin.weight, other.lin.weight)


def test_the_optimizer_of_get_model_is_plain_gradient_descent():
    model, opt = get_model(0.25)
    wanted = [p.detach() - 3 * 0.25 for p in model.parameters()]
    for _ in range(3):
        for p in model.parameters():
            p.grad = torch.ones_like(p)
        opt.step()
    for p, want in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(p.detach(), want)


# loss_batch


@pytest.mark.parametrize("n", [1, 44, 64])
def test_loss_batch_gives_the_loss_and_the_size_of_the_batch(data, n):
    model = Mnist_Logistic()
    xb, yb = data[0][:n], data[1][:n]
    loss, size = loss_batch(model, F.cross_entropy, xb, yb)
    assert (type(loss), type(size)) == (float, int)
    assert loss == pytest.approx(F.cross_entropy(model(xb), yb).item())
    assert size == n


def test_without_an_optimizer_loss_batch_changes_nothing(data):
    model = Mnist_Logistic()
    before = snapshot(model)
    loss_batch(model, F.cross_entropy, data[0], data[1])
    assert_unchanged(model, before)
    assert all(p.grad is None for p in model.parameters())


def test_with_an_optimizer_loss_batch_takes_one_step_and_clears_the_gradients(data):
    model, opt = get_model(0.25)
    twin = copy.deepcopy(model)
    for _ in range(2):  # the second step must not see the gradients of the first
        before = F.cross_entropy(twin(data[0]), data[1])
        grads = torch.autograd.grad(before, [*twin.parameters()])
        with torch.no_grad():
            for p, grad in zip(twin.parameters(), grads, strict=True):
                p -= 0.25 * grad
        loss, _ = loss_batch(model, F.cross_entropy, data[0], data[1], opt)
        assert loss == pytest.approx(before.item())
        for p, want in zip(model.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(p, want)
            assert p.grad is None


# weighted_mean and evaluate


def test_a_mean_counts_by_its_size():
    assert weighted_mean([(1.0, 3), (5.0, 1)]) == pytest.approx(2.0)


def test_a_mean_over_nothing_is_an_error():
    with pytest.raises(ZeroDivisionError):
        weighted_mean([])


@pytest.mark.parametrize("bs", [1, 37, 80, 110, 500])
@pytest.mark.parametrize("measure", [F.cross_entropy, accuracy])
def test_evaluate_gives_the_mean_over_examples_however_they_are_batched(
    data, bs, measure
):
    model = Mnist_Logistic()
    dl = DataLoader(TensorDataset(*data[2:]), batch_size=bs)
    wanted = measure(model(data[2]), data[3]).item()
    assert evaluate(model, measure, dl) == pytest.approx(wanted, rel=1e-5)


def test_evaluate_works_in_evaluation_mode_records_nothing_and_changes_nothing(loaders):
    spy = Spy()
    evaluate(spy, F.cross_entropy, loaders[1])
    assert spy.calls == [(False, False)] * 2
    assert torch.is_grad_enabled()
    model = with_layers_that_have_modes()
    before = snapshot(model)
    first = evaluate(model, F.cross_entropy, loaders[1])
    assert evaluate(model, F.cross_entropy, loaders[1]) == first
    assert_unchanged(model, before)


# fit


def test_fit_does_what_torch_does_step_by_step(loaders, capsys):
    model, opt = get_model(0.1)
    twin = copy.deepcopy(model)
    twin_opt = optim.SGD(twin.parameters(), lr=0.1)
    history = fit(2, model, F.cross_entropy, opt, *loaders)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    for epoch in range(2):
        total = 0.0
        for xb, yb in loaders[0]:
            twin_opt.zero_grad()
            loss = F.cross_entropy(twin(xb), yb)
            loss.backward()
            twin_opt.step()
            total += loss.item() * len(xb)
        x, y = map(torch.cat, zip(*loaders[1], strict=True))
        wanted = [total / 300, F.cross_entropy(twin(x), y).item()]
        assert history[epoch] == pytest.approx(tuple(wanted), rel=1e-5)
        assert printed[epoch] == [str(epoch), *(f"{value:.4f}" for value in wanted)]
    for p, want in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, want)


def test_fit_trains_in_training_mode_and_goes_once_over_the_validation_data(loaders):
    spy = Spy()
    opt = optim.SGD(spy.parameters(), lr=0.1)
    fit(2, spy, F.cross_entropy, opt, *loaders)
    one_epoch = [(True, True)] * 5 + [(False, False)] * 2
    assert spy.calls == one_epoch * 2


def test_fit_prints_nan_and_goes_on_when_the_loss_is_no_longer_finite(loaders, capsys):
    model = Mnist_Logistic()
    opt = optim.SGD(model.parameters(), lr=math.inf)
    history = fit(2, model, F.cross_entropy, opt, *loaders)
    assert all(math.isnan(loss) for loss in history[1])
    assert capsys.readouterr().out.splitlines()[1] == "1  nan  nan"


def test_no_epoch_gives_no_losses(loaders):
    model, opt = get_model(0.1)
    assert fit(0, model, F.cross_entropy, opt, *loaders) == []


@pytest.mark.parametrize("make", [Mnist_Logistic, Mnist_CNN])
def test_fit_trains_models_that_take_rows(data, make):
    loaders = get_data(TensorDataset(*data[:2]), TensorDataset(*data[2:]), 32)
    model = make()
    opt = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    before = evaluate(model, F.cross_entropy, loaders[1])
    fit(3, model, F.cross_entropy, opt, *loaders)
    assert evaluate(model, F.cross_entropy, loaders[1]) < before


@pytest.mark.parametrize("make", [cnn_any_size, better_cnn])
def test_fit_trains_models_that_take_pictures_through_wrapped_loaders(data, make):
    loaders = get_data(TensorDataset(*data[:2]), TensorDataset(*data[2:]), 32)
    loaders = [WrappedDataLoader(dl, preprocess) for dl in loaders]
    model = make()
    opt = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    before = evaluate(model, F.cross_entropy, loaders[1])
    fit(3, model, F.cross_entropy, opt, *loaders)
    assert evaluate(model, F.cross_entropy, loaders[1]) < before


class Pairs(Dataset):
    """Examples whose input is a pair of tensors."""

    def __len__(self):
        return 90

    def __getitem__(self, i):
        a, b = torch.tensor([i / 90]), torch.tensor([1 - i / 45, 0.5])
        return (a, b), a - b[:1]


class TakesPairs(nn.Module):
    """A linear model of two inputs."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 1)

    def forward(self, pair):
        return self.lin(torch.cat(pair, dim=1))


def squared_error(out, yb):
    return ((out - yb) ** 2).mean()


def tasks(x, y):
    """Give five kinds of task: a model, a loss, and the data to train and to validate with."""
    one = y[:, None]
    small = nn.Sequential(nn.Linear(784, 8), nn.Linear(8, 784))
    return {
        "classification": (nn.Linear(784, 10), F.cross_entropy, TensorDataset(x, y)),
        "regression": (nn.Linear(784, 1), squared_error, TensorDataset(x, one / 9)),
        "two classes": (
            nn.Linear(784, 1),
            F.binary_cross_entropy_with_logits,
            TensorDataset(x, one % 2.0),
        ),
        "autoencoder": (small, squared_error, TensorDataset(x, x)),
        "two inputs": (TakesPairs(), squared_error, Pairs()),
    }


@pytest.mark.parametrize("name", tasks(torch.zeros(1, 784), torch.zeros(1).long()))
def test_fit_trains_every_kind_of_model_with_every_loss(data, name):
    model, loss_func, ds = tasks(*data[:2])[name]
    sizes = [len(ds) - 50, 50]
    train_ds, valid_ds = random_split(ds, sizes)
    train_dl, valid_dl = get_data(train_ds, valid_ds, 16)
    opt = optim.SGD(model.parameters(), lr=0.005 if name == "regression" else 0.05)
    before = evaluate(model, loss_func, valid_dl)
    history = fit(5, model, loss_func, opt, train_dl, valid_dl)
    assert len(history) == 5
    assert history[-1][0] < history[0][0]
    assert history[-1][1] < before
    inputs, targets = next(iter(DataLoader(valid_ds, batch_size=len(valid_ds))))
    with torch.no_grad():
        whole = loss_func(model(inputs), targets).item()
    assert history[-1][1] == pytest.approx(whole, rel=1e-4)
