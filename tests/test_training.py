import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from mnist_tut import training
from mnist_tut.by_hand import accuracy
from mnist_tut.loaders import WrappedDataLoader, get_data, preprocess
from mnist_tut.models import Mnist_CNN, Mnist_Logistic, cnn_any_size
from mnist_tut.training import (
    Epoch,
    evaluate,
    fit,
    get_model,
    loss_batch,
    with_bar,
    zero_share,
)


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
    return nn.Sequential(
        nn.Linear(784, 16),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(16, 10),
    )


def snapshot(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def assert_unchanged(model, before):
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


def gradients(model):
    return [p.grad for p in model.parameters() if p.grad is not None]


class Poisoned:
    """A loader of two batches, one of which holds NaN in one epoch."""

    def __init__(self, batches, epoch, batch):
        self.batches, self.epoch, self.batch, self.walks = batches, epoch, batch, -1

    def __len__(self):
        """Count the batches."""
        return len(self.batches)

    def __iter__(self):
        """Hand out the batches, with the poison in its place."""
        self.walks += 1
        for i, (xb, yb) in enumerate(self.batches):
            bad = (self.walks, i) == (self.epoch, self.batch)
            yield (torch.full_like(xb, math.nan) if bad else xb), yb


class Stream(IterableDataset):
    """Pictures one after another, whose number nobody knows beforehand."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        """Hand out one picture and label after another."""
        return zip(self.x, self.y, strict=True)


# get_model


def test_get_model_pairs_a_logistic_regression_with_sgd_on_its_parameters():
    model, opt = get_model(lr=0.25)
    assert type(model) is Mnist_Logistic
    assert type(opt) is optim.SGD
    [group] = opt.param_groups
    assert [id(p) for p in group["params"]] == [id(p) for p in model.parameters()]


def test_get_model_takes_a_learning_rate_and_uses_one_half_without():
    assert get_model(lr=0.25)[1].param_groups[0]["lr"] == 0.25
    assert get_model()[1].param_groups[0]["lr"] == 0.5


def test_the_optimizer_of_get_model_is_plain_gradient_descent():
    model, opt = get_model(lr=0.25)
    wanted = [p.detach() - 3 * 0.25 for p in model.parameters()]
    for _ in range(3):
        for p in model.parameters():
            p.grad = torch.ones_like(p)
        opt.step()
    for p, want in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(p.detach(), want)


def test_every_model_of_get_model_is_a_fresh_one():
    (one, _), (other, _) = get_model(), get_model()
    assert not torch.equal(one.lin.weight, other.lin.weight)


# loss_batch


@pytest.mark.parametrize("n", [1, 44, 64])
def test_loss_batch_gives_the_loss_and_the_size_of_the_batch(data, n):
    model = Mnist_Logistic()
    xb, yb = data[0][:n], data[1][:n]
    loss, size = loss_batch(model, F.cross_entropy, xb, yb)
    assert (type(loss), type(size)) == (float, int)
    assert loss == pytest.approx(F.cross_entropy(model(xb), yb).item())
    assert size == n


def test_loss_batch_without_an_optimizer_changes_nothing(data):
    model = Mnist_Logistic()
    before = snapshot(model)
    loss_batch(model, F.cross_entropy, data[0], data[1])
    assert_unchanged(model, before)
    assert gradients(model) == []


def test_loss_batch_with_an_optimizer_makes_one_step_down_the_gradient(data):
    model, opt = get_model(lr=0.25)
    loss = F.cross_entropy(model(data[0]), data[1])
    slopes = torch.autograd.grad(loss, list(model.parameters()))
    wanted = [
        p.detach() - 0.25 * g for p, g in zip(model.parameters(), slopes, strict=True)
    ]
    before_the_step, _ = loss_batch(model, F.cross_entropy, data[0], data[1], opt)
    assert before_the_step == pytest.approx(loss.item())
    for p, want in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(p.detach(), want)


def test_loss_batch_leaves_no_gradient_behind_for_the_next_batch(data):
    model, opt = get_model()
    loss_batch(model, F.cross_entropy, data[0], data[1], opt)
    assert all(not grad.any() for grad in gradients(model))


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [(0, 0, "the batch is empty"), (4, 3, "4 rows but 3 labels")],
)
def test_loss_batch_refuses_a_bad_batch_with_the_reason(rows, labels, message):
    model, opt = get_model()
    with pytest.raises(ValueError, match=message):
        loss_batch(
            model,
            F.cross_entropy,
            torch.zeros(rows, 784),
            torch.zeros(labels).long(),
            opt,
        )


# evaluate


@pytest.mark.parametrize("bs", [1, 40, 64, 110, 500])
def test_evaluation_does_not_depend_on_how_examples_fall_into_batches(data, bs):
    model = Mnist_Logistic().double()
    x, y = data[2].double(), data[3]
    y = torch.where(
        torch.arange(110) % 3 == 0, y, model(x).argmax(1)
    )  # some right, some wrong
    got = evaluate(
        model, F.cross_entropy, DataLoader(TensorDataset(x, y), batch_size=bs)
    )
    assert [type(value) for value in got] == [float, float]
    assert got[0] == pytest.approx(F.cross_entropy(model(x), y).item(), rel=1e-12)
    assert got[1] == pytest.approx(accuracy(model(x), y).item(), rel=1e-6)
    assert 0.5 < got[1] < 1


def test_evaluation_measures_any_metric(loaders, data):
    model = Mnist_Logistic()
    _, got = evaluate(
        model, F.cross_entropy, loaders[1], metric=lambda out, y: out.abs().mean()
    )
    assert got == pytest.approx(model(data[2]).abs().mean().item(), rel=1e-5)


def test_evaluation_without_a_metric_gives_nan_for_it(loaders, data):
    model = Mnist_Logistic()
    loss, metric = evaluate(model, F.cross_entropy, loaders[1], metric=None)
    assert loss == pytest.approx(
        F.cross_entropy(model(data[2]), data[3]).item(), rel=1e-5
    )
    assert math.isnan(metric)


def test_evaluation_runs_in_evaluation_mode_without_gradients_and_leaves_that_mode(
    loaders,
):
    model = Spy()
    evaluate(model, F.cross_entropy, loaders[1])
    assert model.calls == [(False, False)] * 2
    assert not model.training
    assert torch.is_grad_enabled()


def test_evaluation_changes_neither_parameters_nor_running_means(loaders):
    model = with_layers_that_have_modes()
    before = snapshot(model)
    evaluate(model, F.cross_entropy, loaders[1])
    assert_unchanged(model, before)
    assert gradients(model) == []


@pytest.mark.parametrize("metric", [accuracy, None])
@pytest.mark.only_names(objects=[accuracy])
def test_evaluation_of_a_loader_without_batches_is_refused(metric):
    with pytest.raises(
        ValueError, match="the loader handed out no batch: is its data set empty"
    ):
        evaluate(Mnist_Logistic(), F.cross_entropy, [], metric)


def test_evaluation_of_a_bad_batch_is_refused_with_the_reason():
    model = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="the batch is empty"):
        evaluate(model, F.mse_loss, [(torch.zeros(0, 2), torch.zeros(0, 1))], None)
    with pytest.raises(
        ValueError, match="3 rows but 1 labels"
    ):  # mse_loss would stretch it
        evaluate(
            model,
            lambda out, y: (out - y).mean(),
            [(torch.zeros(3, 2), torch.zeros(1, 1))],
        )


# fit: what it does


@pytest.mark.parametrize("epochs", [1, 3])
def test_fit_trains_as_a_loop_written_out_does(loaders, data, epochs):
    torch.manual_seed(2)
    model, opt = get_model(lr=0.1)
    torch.manual_seed(2)
    twin, twin_opt = get_model(lr=0.1)
    history = fit(epochs, model, F.cross_entropy, opt, *loaders)

    assert len(history) == epochs
    for entry in history:
        losses = []
        for xb, yb in zip(data[0].split(64), data[1].split(64), strict=True):
            twin_opt.zero_grad()
            loss = F.cross_entropy(twin(xb), yb)
            loss.backward()
            twin_opt.step()
            losses.append(loss.item())
        assert entry.losses == pytest.approx(losses, rel=1e-5)
        wanted = F.cross_entropy(twin(data[2]), data[3]).item()
        assert entry.valid_loss == pytest.approx(wanted, rel=1e-5)
        assert entry.valid_metric == pytest.approx(
            accuracy(twin(data[2]), data[3]).item()
        )
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_history_holds_one_entry_of_plain_numbers_per_epoch(loaders):
    model, opt = get_model(lr=0.1)
    history = fit(2, model, F.cross_entropy, opt, *loaders)
    assert type(history) is list
    for number, entry in enumerate(history):
        assert type(entry) is Epoch
        assert entry.epoch == number
        assert [type(loss) for loss in entry.losses] == [float] * 5
        assert [type(value) for value in entry[1:3]] == [float, float]
    assert Epoch._fields == ("epoch", "valid_loss", "valid_metric", "losses", "seconds")


def test_the_seconds_of_an_epoch_cover_training_and_validation(loaders, monkeypatch):
    now = [100.0]

    def slow_loss(out, yb):
        now[0] += 1.0
        return F.cross_entropy(out, yb)

    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    model, opt = get_model(lr=0.1)
    history = fit(2, model, slow_loss, opt, *loaders)
    assert [entry.seconds for entry in history] == [7.0, 7.0]  # five batches and two


def test_fit_prints_the_epoch_and_its_validation_loss_and_no_more(loaders, capsys):
    model, opt = get_model(lr=0.1)
    history = fit(3, model, F.cross_entropy, opt, *loaders)
    printed = capsys.readouterr()
    assert printed.out == "".join(f"{i} {history[i].valid_loss}\n" for i in range(3))
    assert printed.err == ""


def test_fit_shows_a_progress_bar_per_epoch_on_stderr_when_asked(loaders, capsys):
    model, opt = get_model(lr=0.1)
    history = fit(2, model, F.cross_entropy, opt, *loaders, progress=True)
    printed = capsys.readouterr()
    assert printed.out == "".join(f"{i} {history[i].valid_loss}\n" for i in range(2))
    for part in ("epoch 0:", "epoch 1:", "/5 "):
        assert part in printed.err
    assert printed.err.rstrip(" ").endswith("\r")  # wiped away when done


def test_a_progress_bar_hands_out_the_same_batches(capsys):
    assert list(with_bar([1, 2, 3], "counting")) == [1, 2, 3]
    assert "counting" in capsys.readouterr().err


def test_fit_trains_in_training_mode_and_validates_in_evaluation_mode(loaders):
    model = Spy().eval()
    fit(2, model, F.cross_entropy, optim.SGD(model.parameters(), lr=0.1), *loaders)
    assert model.calls == ([(True, True)] * 5 + [(False, False)] * 2) * 2


def test_batch_norm_learns_from_training_batches_alone(loaders):
    model = with_layers_that_have_modes()
    opt = optim.SGD(model.parameters(), lr=0.1)
    history = fit(2, model, F.cross_entropy, opt, *loaders)
    assert model[1].num_batches_tracked == 10
    again, _ = evaluate(model, F.cross_entropy, loaders[1])
    assert again == history[-1].valid_loss  # neither dropout nor the batch plays a part


def test_fit_lowers_the_loss_until_most_pictures_are_read(loaders):
    model, opt = get_model(lr=0.1)
    history = fit(5, model, F.cross_entropy, opt, *loaders)
    assert history[-1].valid_loss < history[0].valid_loss < math.log(10)
    assert history[-1].valid_metric > 0.9


# fit: what it takes


def test_fit_serves_a_regression_without_a_metric(capsys):
    x = torch.randn(60, 3)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
    dl = DataLoader(TensorDataset(x, y), batch_size=16)
    model = nn.Linear(3, 1)
    history = fit(
        20,
        model,
        F.mse_loss,
        optim.SGD(model.parameters(), lr=0.1),
        dl,
        dl,
        metric=None,
    )
    assert history[-1].valid_loss < 1e-3 < history[0].valid_loss
    assert all(math.isnan(entry.valid_metric) for entry in history)
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_fit_notes_the_metric_it_is_given(loaders):
    model, opt = get_model(lr=0.1)
    [entry] = fit(
        1, model, F.cross_entropy, opt, *loaders, metric=lambda out, y: y.max()
    )
    assert entry.valid_metric == 9


@pytest.mark.parametrize("make", [Mnist_CNN, cnn_any_size])
def test_fit_trains_cnns_from_wrapped_and_shuffled_loaders(data, make):
    train_dl, valid_dl = get_data(
        TensorDataset(*data[:2]), TensorDataset(*data[2:]), 50
    )
    if make is cnn_any_size:
        train_dl, valid_dl = (
            WrappedDataLoader(dl, preprocess) for dl in (train_dl, valid_dl)
        )
    torch.manual_seed(1)
    model = make()
    opt = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    history = fit(2, model, F.cross_entropy, opt, train_dl, valid_dl)
    assert [len(entry.losses) for entry in history] == [6, 6]
    assert history[1].valid_loss < history[0].valid_loss


@pytest.mark.parametrize("progress", [True, False])
def test_fit_trains_from_a_stream_whose_length_is_unknown(
    data, loaders, progress, capsys
):
    stream = DataLoader(Stream(*data[:2]), batch_size=64)
    results = []
    for train_dl in (stream, loaders[0]):
        torch.manual_seed(3)
        model, opt = get_model(lr=0.1)
        history = fit(
            2, model, F.cross_entropy, opt, train_dl, loaders[1], progress=progress
        )
        results.append([entry[:4] for entry in history])
    assert results[0] == results[1]
    assert ("epoch 1" in capsys.readouterr().err) is progress


# fit: what it refuses


@pytest.mark.parametrize("epochs", [0, -1, 2.0, True])
def test_fit_refuses_a_number_of_epochs_that_is_no_count(loaders, epochs):
    with pytest.raises(ValueError, match=f"^epochs must be .* not {epochs!r}$"):
        fit(epochs, *get_model_and_loss(), *loaders)


def get_model_and_loss(lr=0.1):
    model, opt = get_model(lr)
    return model, F.cross_entropy, opt


def test_fit_refuses_training_data_without_batches(loaders):
    with pytest.raises(
        ValueError, match=r"^train_dl handed out no batch: is its data set empty"
    ):
        fit(1, *get_model_and_loss(), [], loaders[1])


def test_fit_refuses_validation_data_without_batches(loaders):
    with pytest.raises(ValueError, match=r"^the loader handed out no batch"):
        fit(1, *get_model_and_loss(), loaders[0], [])


def test_fit_refuses_an_empty_batch(loaders):
    with pytest.raises(ValueError, match="the batch is empty"):
        fit(
            1,
            *get_model_and_loss(),
            [(torch.zeros(0, 784), torch.zeros(0).long())],
            loaders[1],
        )


@pytest.mark.parametrize(("epoch", "batch"), [(0, 0), (0, 2), (2, 1)])
def test_fit_stops_at_nan_pictures_and_says_in_which_epoch_and_batch(
    loaders, epoch, batch
):
    train_dl = Poisoned(list(loaders[0]), epoch, batch)
    with pytest.raises(
        FloatingPointError, match=f"became nan in epoch {epoch}, batch {batch} "
    ):
        fit(4, *get_model_and_loss(), train_dl, loaders[1])


def test_a_model_that_met_nan_keeps_the_parameters_it_had_before(loaders):
    batches = list(loaders[0])
    torch.manual_seed(1)
    model, loss_func, opt = get_model_and_loss()
    with pytest.raises(FloatingPointError, match="epoch 0, batch 2 "):
        fit(1, model, loss_func, opt, Poisoned(batches, 0, 2), loaders[1])
    torch.manual_seed(1)
    other, loss_func, opt = get_model_and_loss()
    fit(1, other, loss_func, opt, batches[:2], loaders[1])
    for kept, expected in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(kept, expected)
        assert kept.grad is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_loss_batch_takes_no_step_from_a_loss_that_is_not_finite(value):
    model, loss_func, opt = get_model_and_loss()
    before = [p.clone() for p in model.parameters()]
    xb, yb = torch.full((2, 784), value), torch.tensor([0, 1])
    loss, size = loss_batch(model, loss_func, xb, yb, opt)
    assert not math.isfinite(loss)
    assert size == 2
    assert all(map(torch.equal, before, model.parameters()))


def test_fit_stops_when_a_huge_learning_rate_loses_the_loss_and_says_when(
    data, loaders, capsys
):
    train_dl = DataLoader(TensorDataset(*data[:2]), batch_size=150)
    with pytest.raises(
        FloatingPointError, match=r"loss became \S+ in epoch 0, batch 1 "
    ):
        fit(3, *get_model_and_loss(lr=1e38), train_dl, loaders[1])
    train_dl = DataLoader(TensorDataset(*data[:2]), batch_size=300)
    with pytest.raises(
        FloatingPointError, match=r"loss became \S+ in epoch 1, batch 0 "
    ):
        fit(3, *get_model_and_loss(lr=1e38), train_dl, loaders[1])
    assert (
        len(capsys.readouterr().out.splitlines()) == 1
    )  # the first epoch of the second run


# zero_share


def test_zero_share_counts_for_each_class_the_examples_with_a_logit_of_zero():
    logits = torch.tensor(
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1e-30], [0.0, -1.0, 2.0], [0.0, 3.0, 0.5]]
    )
    got = zero_share(logits)
    assert got.dtype == torch.float32
    assert got.tolist() == [1.0, 0.25, 0.25]
