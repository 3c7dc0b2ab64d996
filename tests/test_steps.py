import inspect
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import optim

from mnist_tut import steps
from mnist_tut.by_hand import Trained, init_params, train_by_hand
from mnist_tut.models import Mnist_Logistic as LinearLogistic
from mnist_tut.steps import (
    Measured,
    Mnist_Logistic,
    code_lines,
    linear_from,
    measure,
    same_result,
    validation_pair,
    with_dataloader,
    with_dataset,
    with_fit,
    with_functional,
    with_linear,
    with_module,
    with_optim,
    with_validation,
)

STEPS = [
    train_by_hand,
    with_functional,
    with_module,
    with_linear,
    with_optim,
    with_dataset,
    with_dataloader,
    with_validation,
    with_fit,
]
PRINTING = [with_validation, with_fit]

every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
every_printing_step = pytest.mark.parametrize(
    "step", PRINTING, ids=lambda step: step.__name__
)


def doubled(data):
    return tuple(t.double() if t.is_floating_point() else t for t in data)


def by_torch(data, weights, bias, bs=64, lr=0.5, epochs=2):
    """Train as the steps do, with nothing of theirs."""
    parameters = [t.detach().clone().requires_grad_() for t in (weights, bias)]
    opt = optim.SGD(parameters, lr=lr)
    losses = []
    for _ in range(epochs):
        for xb, yb in zip(data[0].split(bs), data[1].split(bs), strict=True):
            opt.zero_grad()
            loss = F.nll_loss(
                F.log_softmax(torch.addmm(parameters[1], xb, parameters[0]), 1), yb
            )
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return Trained(parameters[0].detach(), parameters[1].detach(), losses)


def assert_same_training(got, wanted, tol):
    assert len(got.losses) == len(wanted.losses)
    torch.testing.assert_close(got.weights, wanted.weights, rtol=0, atol=tol)
    torch.testing.assert_close(got.bias, wanted.bias, rtol=0, atol=tol)
    assert got.losses == pytest.approx(wanted.losses, rel=0, abs=10 * tol)


# All steps give the same


@pytest.mark.only_names(objects=[*STEPS])
def test_there_are_nine_steps_with_one_signature():
    assert {step.__name__ for step in STEPS[1:]} == {
        name for name in steps.__all__ if name.startswith("with_")
    }
    assert len({inspect.signature(step) for step in STEPS}) == 1


@every_step
class TestEveryStep:
    def test_gives_in_float32_what_torch_gives_up_to_1e_6(self, step, data):
        start = init_params(784, 10)
        assert_same_training(step(data, *start), by_torch(data, *start), tol=1e-6)

    @pytest.mark.parametrize(
        ("bs", "lr", "epochs", "n"),
        [
            (64, 0.5, 2, 300),
            (37, 0.1, 3, 300),
            (300, 0.2, 2, 300),
            (64, 0.3, 1, 128),
            (1, 0.1, 1, 5),
        ],
    )
    def test_gives_in_float64_what_torch_gives_up_to_1e_12(
        self, step, data, bs, lr, epochs, n
    ):
        x, y, *valid = doubled(data)
        data = (x[:n], y[:n], *valid)
        start = init_params(784, 10, dtype=torch.float64)
        trained = step(data, *start, bs=bs, lr=lr, epochs=epochs)
        assert len(trained.losses) == math.ceil(n / bs) * epochs
        assert_same_training(trained, by_torch(data, *start, bs, lr, epochs), tol=1e-12)

    def test_gives_in_float64_what_the_loop_by_hand_gives_up_to_1e_12(self, step, data):
        start = init_params(784, 10, dtype=torch.float64)
        by_hand = train_by_hand(doubled(data), *start)
        assert_same_training(step(doubled(data), *start), by_hand, tol=1e-12)

    def test_takes_its_options_by_position_too(self, step, data):
        start = init_params(784, 10)
        trained = step(data, *start, 100, 0.25, 1)
        assert_same_training(trained, by_torch(data, *start, 100, 0.25, 1), tol=1e-6)

    def test_leaves_the_start_and_the_data_as_they_were(self, step, data):
        start = init_params(784, 10)
        given = (*data, *start)
        before = [t.detach().clone() for t in given]
        step(data, *start, epochs=1)
        assert all(torch.equal(*pair) for pair in zip(given, before, strict=True))
        assert all(t.requires_grad and t.grad is None for t in start)

    def test_gives_plain_tensors_and_numbers(self, step, data):
        trained = step(data, *init_params(784, 10), epochs=1)
        assert isinstance(trained, Trained)
        assert (trained.weights.shape, trained.bias.shape) == ((784, 10), (10,))
        assert not trained.weights.requires_grad
        assert not trained.bias.requires_grad
        assert [type(loss) for loss in trained.losses] == [float] * 5

    def test_stops_at_a_nan_picture_and_says_in_which_batch(self, step, data):
        x = data[0].clone()
        x[200, 77] = math.nan
        with pytest.raises(
            FloatingPointError, match="loss became nan in epoch 0, batch 3 "
        ):
            step((x, *data[1:]), *init_params(784, 10))

    def test_stops_when_a_huge_learning_rate_loses_the_loss_and_says_when(
        self, step, data
    ):
        start = init_params(784, 10)
        wild = by_torch(data, *start, bs=300, lr=1e38, epochs=2).losses
        assert [math.isfinite(loss) for loss in wild] == [True, False]
        with pytest.raises(
            FloatingPointError, match=r"loss became \S+ in epoch 1, batch 0 "
        ):
            step(data, *start, bs=300, lr=1e38)

    def test_refuses_data_without_pictures(self, step, data):
        with pytest.raises(ValueError, match="the batch is empty"):
            step((data[0][:0], data[1][:0], *data[2:]), *init_params(784, 10))

    def test_refuses_too_few_labels(self, step, data):
        with pytest.raises(ValueError, match="300 rows but 299 labels"):
            step((data[0], data[1][1:], *data[2:]), *init_params(784, 10))

    @pytest.mark.parametrize("label", [-1, 10])
    def test_refuses_labels_outside_0_to_9(self, step, data, label):
        y = data[1].clone()
        y[123] = label
        with pytest.raises(ValueError, match=rf"labels run from .*{label}.* in 0\.\.9"):
            step((data[0], y, *data[2:]), *init_params(784, 10))

    def test_refuses_float_labels(self, step, data):
        with pytest.raises(TypeError, match=r"labels are torch\.float32"):
            step((data[0], data[1].float(), *data[2:]), *init_params(784, 10))

    def test_refuses_pictures_that_do_not_fit_the_weights(self, step, data):
        small = tuple(t[:, :100] if t.ndim == 2 else t for t in data)
        with pytest.raises(
            ValueError, match=r"take rows of 784 pixels, got shape \(300, 100\)"
        ):
            step(small, *init_params(784, 10))

    @pytest.mark.parametrize("name", ["bs", "epochs"])
    @pytest.mark.parametrize("value", [0, -1, 1.0, True])
    def test_refuses_counts_that_are_none(self, step, data, name, value):
        with pytest.raises(ValueError, match=f"^{name} must be .* not {value!r}$"):
            step(data, *init_params(784, 10), **{name: value})


@pytest.mark.parametrize(
    "step", [s for s in STEPS if s not in PRINTING], ids=lambda s: s.__name__
)
@pytest.mark.only_names(objects=[*PRINTING])
def test_steps_before_validation_need_only_training_data_and_print_nothing(
    step, data, capsys
):
    assert len(step(data[:2], *init_params(784, 10)).losses) == 10
    assert capsys.readouterr().out == ""


# Validation


@every_printing_step
def test_steps_with_validation_print_the_mean_loss_over_all_validation_pictures(
    step, data, capsys
):
    start = init_params(784, 10)
    step(data, *start, bs=40, epochs=2)  # validation batches of 80 and 30
    lines = [line.split(" ") for line in capsys.readouterr().out.splitlines()]
    assert [epoch for epoch, _ in lines] == ["0", "1"]
    for epoch, (_, printed) in enumerate(lines):
        weights, bias, _ = by_torch(data, *start, bs=40, epochs=epoch + 1)
        wanted = F.cross_entropy(data[2] @ weights + bias, data[3]).item()
        assert float(printed) == pytest.approx(wanted, rel=1e-5)


@every_printing_step
def test_steps_with_validation_refuse_data_without_it(step, data):
    with pytest.raises(
        ValueError, match="no validation data: give x_train, y_train, x_valid"
    ):
        step(data[:2], *init_params(784, 10))


def test_validation_sets_evaluation_mode_and_training_sets_it_back(data, monkeypatch):
    modes = []

    class Spy(LinearLogistic):
        def forward(self, xb):
            modes.append((self.training, torch.is_grad_enabled()))
            return super().forward(xb)

    monkeypatch.setattr(steps, "LinearLogistic", Spy)
    with_validation(data, *init_params(784, 10), bs=100, epochs=2)
    assert modes == ([(True, True)] * 3 + [(False, False)]) * 2


def test_the_validation_pair_is_the_third_and_fourth_of_the_data(data):
    pair = validation_pair((*data, "x_test", "y_test"))
    assert len(pair) == 2
    assert pair[0] is data[2]
    assert pair[1] is data[3]
    assert validation_pair(data)[1] is data[3]


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (torch.zeros(0, 784), torch.zeros(0).long(), ValueError, "the batch is empty"),
        (torch.zeros(2, 784), torch.zeros(3).long(), ValueError, "2 rows but 3 labels"),
        (
            torch.zeros(2, 784),
            torch.tensor([-1, 0]),
            ValueError,
            "labels run from -1 to 0",
        ),
        (
            torch.zeros(2, 784),
            torch.tensor([10, 0]),
            ValueError,
            "labels run from 0 to 10",
        ),
        (torch.zeros(2, 784), torch.zeros(2), TypeError, "labels are torch.float32"),
    ],
)
def test_a_bad_validation_pair_is_refused_with_the_reason(data, x, y, error, message):
    with pytest.raises(error, match=message):
        validation_pair((*data[:2], x, y))


def test_three_tensors_are_too_few_for_validation(data):
    with pytest.raises(ValueError, match="no validation data"):
        validation_pair(data[:3])


# The models of the steps


@pytest.mark.parametrize("make", [Mnist_Logistic, linear_from])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_made_from_weights_and_bias_gives_their_logits(make, dtype):
    weights, bias = torch.randn(784, 10, dtype=dtype), torch.randn(10, dtype=dtype)
    x = torch.rand(7, 784, dtype=dtype)
    got = make(weights, bias)(x)
    torch.testing.assert_close(got, x @ weights + bias, rtol=0, atol=1e-4)


@pytest.mark.parametrize("make", [Mnist_Logistic, linear_from])
def test_a_model_made_from_weights_and_bias_trains_copies_of_them(make):
    weights, bias = init_params(784, 10)
    model = make(weights, bias)
    parameters = list(model.parameters())
    assert sorted(p.numel() for p in parameters) == [10, 7840]
    assert all(p.requires_grad for p in parameters)
    before = weights.detach().clone()
    with torch.no_grad():
        for p in parameters:
            p += 1
    assert torch.equal(weights, before)
    assert torch.equal(bias, torch.zeros(10))


def test_linear_from_makes_the_model_that_is_kept():
    assert type(linear_from(*init_params(784, 10))) is LinearLogistic


# same_result


def measured(weights=0.0, bias=0.0, losses=(1.0, 2.0), dtype=torch.float32):
    trained = Trained(
        torch.full((3, 2), weights, dtype=dtype),
        torch.full((2,), bias, dtype=dtype),
        list(losses),
    )
    return Measured("step", 1, 0.1, 0.5, trained)


def test_equal_trainings_have_the_same_result():
    assert same_result(measured(), measured()) is True


@pytest.mark.parametrize(
    "changed",
    [{"weights": 2e-4}, {"bias": -2e-4}, {"losses": (1.0, 2.0002)}, {"losses": (1.0,)}],
)
def test_one_part_that_differs_makes_another_result(changed):
    assert same_result(measured(), measured(**changed)) is False
    assert same_result(measured(**changed), measured()) is False


@pytest.mark.parametrize(
    "changed", [{"weights": 5e-5}, {"bias": -5e-5}, {"losses": (1.0, 2.00005)}]
)
def test_rounding_does_not_make_another_result_but_a_smaller_tolerance_does(changed):
    assert same_result(measured(), measured(**changed)) is True
    assert same_result(measured(), measured(**changed), tol=1e-5) is False


def test_the_tolerance_does_not_grow_with_the_numbers():
    assert not same_result(measured(losses=(1000.0,)), measured(losses=(1000.001,)))


def test_a_tolerance_below_float32_still_counts():
    one, other = measured(losses=(1.0,)), measured(losses=(1 + 1e-9,))
    assert not same_result(one, other, tol=1e-10)
    assert same_result(one, other, tol=1e-8)


def test_results_in_float32_and_float64_can_be_compared():
    assert same_result(measured(dtype=torch.float32), measured(dtype=torch.float64))
    assert not same_result(
        measured(1.0, dtype=torch.float32), measured(dtype=torch.float64)
    )


def test_tensors_of_other_shapes_are_another_result():
    one = measured()
    other = one._replace(trained=one.trained._replace(bias=torch.zeros(1)))
    assert not same_result(one, other)


def test_two_lost_trainings_are_not_the_same_result():
    assert not same_result(measured(math.nan), measured(math.nan))


# code_lines


def nothing_but_words():
    """Say nothing."""


def one_line(x):
    return x


def with_comments(
    x,
    y,
):
    """Add.

    At length.
    """
    # a comment
    x += y  # another

    return x


def wrapped(x):
    return max(
        x,
        1,
        2,
    )


def branches(x):
    for i in range(x):
        if i:
            x += 1
        else:
            x -= 1
    return x


def with_an_inner_function(x):
    x += 1

    def add(y):
        return x + y

    if x:

        def add_twice(y):
            return add(add(y))

        x = add_twice(x)
    return x


@pytest.mark.parametrize(
    ("func", "lines"),
    [
        (nothing_but_words, 0),
        (one_line, 1),
        (with_comments, 2),
        (wrapped, 1),
        (branches, 6),
        (with_an_inner_function, 8),
        (TestEveryStep.test_takes_its_options_by_position_too, 3),
    ],
)
@pytest.mark.only_names(objects=[*STEPS, init_params])
def test_code_lines_counts_statements_without_signature_words_and_blanks(func, lines):
    assert code_lines(func) == lines


@pytest.mark.only_names(objects=[*STEPS])
def test_torch_makes_the_loop_shorter():
    assert (
        code_lines(train_by_hand)
        > code_lines(steps.with_dataloader)
        > code_lines(with_fit)
    )


# measure


@pytest.mark.parametrize(("n", "rest"), [(300, 44), (128, 64), (40, 40)])
def test_measure_notes_the_loss_on_the_last_mini_batch_after_training(data, n, rest):
    data, start = (data[0][:n], data[1][:n]), init_params(784, 10)
    got = measure(train_by_hand, data, *start)
    weights, bias, losses = by_torch(data, *start, bs=64, lr=0.5, epochs=2)
    wanted = F.cross_entropy(data[0][-rest:] @ weights + bias, data[1][-rest:]).item()
    assert type(got.last_loss) is float
    assert got.last_loss == pytest.approx(wanted, rel=1e-4)
    assert got.last_loss != pytest.approx(losses[-1], rel=1e-4)


@every_step
def test_measure_says_what_it_measured(step, data):
    start = init_params(784, 10)
    got = measure(step, data, *start)
    assert isinstance(got, Measured)
    assert (got.name, got.lines) == (step.__name__, code_lines(step))
    assert_same_training(got.trained, by_torch(data, *start), tol=1e-6)
    assert same_result(got, measure(train_by_hand, data, *start), tol=1e-5)


def test_measure_times_two_epochs_after_one_batch_to_warm_up(data, monkeypatch):
    events = []

    def clock():
        events.append("clock")
        return 10.0 if events.count("clock") == 1 else 16.0

    def step(data, weights, bias, bs=1, lr=0.0, epochs=1):
        events.append(([len(t) for t in data], bs, epochs))
        return Trained(weights.detach(), bias.detach(), [])

    monkeypatch.setattr(steps, "time", SimpleNamespace(perf_counter=clock))
    assert measure(step, data, *init_params(784, 10)).seconds == 3.0
    warm_up, run = ([64] * 4, 64, 1), ([300, 300, 110, 110], 64, 2)
    assert events == [warm_up, "clock", run, "clock"]


@every_printing_step
def test_measuring_prints_the_epochs_of_the_run_and_not_the_warm_up(step, data, capsys):
    measure(step, data, *init_params(784, 10))
    assert [line[:2] for line in capsys.readouterr().out.splitlines()] == ["0 ", "1 "]
