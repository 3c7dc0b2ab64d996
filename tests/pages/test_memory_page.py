"""What "From memory" says, held against a run of the page on made-up digits."""

import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
from gallery_scripts import prose
from page_run import learnable, run_page

from mnist_tut.exercises import EXERCISES, module_of
from mnist_tut.training import evaluate

NAME = "from_memory.py"
both = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture(scope="module")
def page():
    """Run the page: what each section printed, its figures, and its names at the end."""
    figures = []
    mnist = learnable(1400, 300, 1, noise=0.7, doubt=0.2)
    run = run_page(NAME, mnist, show=lambda: figures.append(plt.gcf()))
    yield SimpleNamespace(said=run.said, figures=figures, left=run.left, **run.names)
    plt.close("all")


def test_my_fit_in_the_place_of_fit_trains_the_same_network(page):
    my_fit = module_of("my_fit").my_fit
    page.torch.manual_seed(0)
    model = page.small_net()
    opt = page.optim.SGD(model.parameters(), lr=0.1)
    loaders = page.get_data(page.train_ds, page.valid_ds, 64)
    history = my_fit(2, model, page.F.cross_entropy, opt, *loaders)
    shown = page.said["memory-loop"][0].splitlines()
    for line, losses in zip(shown[-2:], history, strict=True):
        for loss in losses:
            assert f"{loss:.4f}" in line
    theirs = page.left["memory-loop"].model
    page.torch.testing.assert_close(model.state_dict(), theirs.state_dict())


@both
def test_the_example_of_a_task_is_what_its_solution_gives(lang):
    task = prose(lang, NAME).split("exercise:: my_size")[1]
    size = re.search(r"28\D+3\D+2\D+1\D+(\d+)", task)[1]
    assert module_of("my_size").my_size(28, 3, 2, 1) == int(size)


def test_each_learning_rate_is_tried_once_and_drawn_where_it_belongs(page):
    axes = page.figures[0].gca()
    assert axes.get_xscale() == "log"
    x, y = axes.lines[0].get_data()
    assert (list(x), list(y)) == (page.lrs, page.losses)
    assert len(page.lrs) == 6
    assert min(page.losses) not in (page.losses[0], page.losses[-1])  # in between
    said = page.said["memory-curves"][0].splitlines()
    assert [line.split()[1] for line in said if line.startswith("lr")] == [
        str(lr) for lr in page.lrs
    ]


def test_learning_rates_start_alike_and_are_judged_by_the_validation_loss(page):
    for lr, loss in zip(page.lrs[-2:], page.losses[-2:], strict=True):
        page.torch.manual_seed(0)
        model = page.small_net()
        assert page.train(model, lr) == loss
        valid_dl = page.get_data(page.few_ds, page.valid_ds, 64)[1]
        assert evaluate(model, page.F.cross_entropy, valid_dl) == pytest.approx(loss)


def test_my_lr_can_be_asked_with_what_the_cell_defines(page):
    best = module_of("my_lr").my_lr(page.lrs[1:4], page.small_net, page.train)
    assert best in page.lrs[1:4]


def test_the_two_curves_part(page):
    trained, validated = (line.get_ydata() for line in page.figures[1].gca().lines)
    assert [text.get_text() for text in page.figures[1].gca().get_legend().texts] == [
        "few_ds",
        "valid_ds",
    ]
    assert len(page.few_ds) == 500
    assert len(trained) == len(validated) == 30
    assert trained[-1] < 0.1 < validated[-1] - trained[-1]
    best = validated.argmin()
    assert page.said["memory-curves"][1].splitlines()[-1].endswith(str(best))


@both
def test_the_lines_of_the_puzzle_make_the_loop_in_the_order_of_the_solution(lang):
    text = prose(lang, NAME)
    lines = dict(re.findall(r"^ +(\d+)  (.*)$", text, re.M))
    assert len(lines) == 10
    order = module_of("my_order").my_order()
    program = "\n".join(lines[str(number)] for number in order)
    trained, validated = [], []

    class Model:
        train = trained.append
        mode = "?"

        def __call__(self, xb):
            (trained if self.mode == "train" else validated).append(xb)
            return xb

    model = Model()
    model.train = lambda: setattr(model, "mode", "train")
    model.eval = lambda: setattr(model, "mode", "eval")
    done = []
    loss = SimpleNamespace(backward=lambda: done.append("backward"), item=lambda: 1.0)
    opt = SimpleNamespace(
        step=lambda: done.append("step"), zero_grad=lambda: done.append("zero")
    )
    import torch

    names = {"epochs": 2, "model": model, "opt": opt, "torch": torch}
    names |= {"loss_func": lambda out, yb: loss, "train_dl": [(1, 0), (2, 0)]}
    exec(program, names | {"valid_dl": [(3, 0)]})
    assert (trained, validated) == ([1, 2, 1, 2], [3, 3])
    assert done == ["backward", "step", "zero"] * 4


@both
def test_every_exercise_says_how_important_it_is_and_what_it_rests_on(lang):
    start = {"en": "Importance: ", "zh": "重要程度："}[lang]
    tasks = re.findall(r"^\.\. exercise:: (\w+)\n\n {3}(.*)$", prose(lang, NAME), re.M)
    assert len(tasks) == sum(
        known.page == "from_memory" for known in EXERCISES.values()
    )
    for name, first in tasks:
        assert first.startswith(start), name
        assert ":ref:`" in first or ":doc:`" in first, name


@both
def test_each_section_of_the_tutorial_leads_to_the_exercises_that_rest_on_it(lang):
    tasks = re.findall(r"^\.\. exercise:: \w+\n\n {3}(.*)$", prose(lang, NAME), re.M)
    rested_on = {
        label for task in tasks for label in re.findall(r":ref:`([\w-]+)`", task)
    }
    parts = re.split(r"^\.\. _([\w-]+):$", prose(lang, "nn_tutorial.py"), flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    sections["from-scratch"] += sections["scratch-loop"]  # its last sub-section
    wanted = rested_on & set(sections)
    assert len(wanted) >= 8
    assert {label for label in wanted if "<memory-" not in sections[label]} == set()
