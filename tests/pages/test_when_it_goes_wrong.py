"""What "When it goes wrong" quotes, says and mends, held against the installed PyTorch.

The page runs once, with made-up digits. What its headings, its table and its prose quote is
compared with what was really printed; each entry has to end with code that runs right.
"""

import contextlib
import io
import math
import mmap
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from gallery_scripts import blocks, prose
from prose_numbers import complaints, numbers_by_section
from torch import nn, optim

from mnist_tut import plots
from mnist_tut.models import better_cnn, cnn_any_size
from mnist_tut.training import evaluate, fit

NAME = "when_it_goes_wrong.py"
LANGUAGES = ["en", "zh"]
both = pytest.mark.parametrize("lang", LANGUAGES)
HEADING = re.compile(r"^\.\. _([\w-]+):\n\n(.+)\n([=^-])\3+$", re.M)


def made_up_mnist(*_):
    """Give noisy copies of ten pictures, as NumPy arrays: as many as the page uses."""
    generator = torch.Generator().manual_seed(0)
    y = torch.randint(10, (6500,), generator=generator)
    ten = (torch.rand(10, 784, generator=generator) > 0.8).float()
    x = (0.5 * ten[y] + 0.5 * torch.rand(6500, 784, generator=generator)).numpy()
    y[::20] = (y[::20] + 1) % 10  # some are hard, as in MNIST
    return (x, y.numpy()), (x[:1], y[:1].numpy()), (x[:1], y[:1].numpy())


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Run the page: what each section printed, and the names as each section left them."""
    source = ModuleType("data")
    source.get_mnist = made_up_mnist
    temporary = tmp_path_factory.mktemp("temporary")
    said, left, figures, label = {}, {}, [], ""
    names = {"__name__": "__main__"}
    traced = sys.gettrace()  # the debugger switches it off
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mnist_tut.data", source)
        patch.setitem(sys.modules, "mnist_tut.mnist", source)
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr(plt, "show", plt.close)
        patch.setattr(plots, "show_digits", lambda *given, **_: figures.append(given))
        for kind, content, line in blocks("en", NAME):
            if kind == "text":
                label = [label, *(found[0] for found in HEADING.findall(content))][-1]
                continue
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(content, f"{NAME}, line {line}", "exec"), names)
            said[label] = said.get(label, "") + out.getvalue()
            left[label] = SimpleNamespace(**names)
    sys.settrace(traced)
    return SimpleNamespace(
        said=said, left=left, figures=figures, files=list(temporary.iterdir())
    )


def headings(lang, underline):
    """Map the labels of all headings of a level to their texts."""
    found = HEADING.findall(prose(lang, NAME))
    return {label: text for label, text, mark in found if mark == underline}


# The words of PyTorch ----------------------------------------------------------------------------

MESSAGES = 14  # entries whose heading is a message


@both
def test_a_heading_that_quotes_says_what_pytorch_says(page, lang):
    told = quoted(lang)
    assert len(told) == MESSAGES
    wrong = {k: w for k, w in told.items() if w not in flat(page.said[k])}
    assert wrong == {}


def flat(text):
    return " ".join(text.split())


ROW = re.compile(r"\* - (.+)\n +- :ref:`[^<`]+ <([\w-]+)>`")


@both
def test_the_table_lists_every_entry_in_its_order_with_its_own_words(page, lang):
    rows = ROW.findall(prose(lang, NAME))
    entries = headings(lang, "^")
    tools = [*headings(lang, "^")][-5:]
    assert [label for _, label in rows] == [k for k in entries if k not in tools]
    for shown, label in rows[:MESSAGES]:
        told = re.findall(r"``([^`]+)``", shown)
        assert told[0] == quoted(lang)[label]
        assert all(words in flat(page.said[label]) for words in told), label
    for shown, label in rows[MESSAGES:]:
        assert shown.lower() == entries[label].lower()


def test_both_languages_quote_the_same_messages():
    assert quoted("en") == quoted("zh")


def quoted(lang):
    """Map the labels of entries to the words of PyTorch that are their headings."""
    whole = {k: re.fullmatch("``([^`]+)``", v) for k, v in headings(lang, "^").items()}
    return {label: found[1] for label, found in whole.items() if found}


@both
def test_what_operations_say_of_two_devices_is_in_the_library(lang):
    [words] = re.findall(r"``(Expected all tensors[^`]+)``", flat(prose(lang, NAME)))
    [library] = Path(torch.__file__).parent.glob("lib/*torch_cpu.*")
    with (
        library.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        assert content.find(words.encode()) > 0


LOADER = """
import torch
from torch.utils.data import DataLoader
{}
    dl = DataLoader(torch.arange(4), 2, num_workers=1, multiprocessing_context="spawn")
    print([batch.tolist() for batch in dl])
"""


def test_a_loader_with_workers_fails_as_told_without_the_guard_and_runs_with_it(
    tmp_path,
):
    guards = {"bare": "if True:", "guarded": 'if __name__ == "__main__":'}
    running = {}
    for name, guard in guards.items():
        script = tmp_path / f"{name}.py"
        script.write_text(LOADER.format(guard))
        running[name] = subprocess.Popen(
            [sys.executable, script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    told = {name: process.communicate() for name, process in running.items()}
    assert told["guarded"][0] == "[[0, 1], [2, 3]]\n"
    first, last = quoted("en")["wrong-spawn"], told["bare"][1]
    assert first in last
    assert last.index(first) < last.index("DataLoader worker")
    [words] = re.findall(r"``(DataLoader worker [^`]+)``", prose("en", NAME))
    assert without_digits(words) in without_digits(last.splitlines()[-1])


def without_digits(text):
    return re.sub(r"\d+", "N", text)


@pytest.mark.parametrize(
    "make",
    [
        lambda loss: torch.tensor(loss.item()),
        lambda loss: loss.detach(),
        torch.no_grad()(lambda loss: loss * 1),
    ],
)
def test_other_losses_without_a_way_back_get_the_same_message(make):
    words = quoted("en")["wrong-element"]
    loss = nn.Linear(3, 1)(torch.rand(1, 3)).sum()
    with pytest.raises(RuntimeError, match=words):
        make(loss).backward()


# Every entry ends well ---------------------------------------------------------------------------


def same(one, other):
    torch.testing.assert_close(one, other)
    return True


ENDS = {
    "wrong-mat1": lambda n, said: n.out.shape == (n.bs, 10),
    "wrong-dtype": lambda n, said: n.model(n.rows).dtype == torch.float32,
    "wrong-long": lambda n, said: 1 < n.loss.item() < 4,
    "wrong-target": lambda n, said: 1 < n.loss.item() < 4,
    "wrong-device": lambda n, said: (n.out.shape, n.out.device) == ((n.bs, 10), n.dev),
    "wrong-leaf": lambda n, said: float.__gt__(*map(float, said.split()[-2:])),
    "wrong-none": lambda n, said: n.weights.is_leaf and n.weights.grad.any(),
    "wrong-element": lambda n, said: n.weights.grad.shape == (784, 10),
    "wrong-twice": lambda n, said: n.model.weight.grad.any(),
    "wrong-init": lambda n, said: len(list(n.Net().parameters())) == 2,
    "wrong-empty": lambda n, said: len(n.opt.param_groups[0]["params"]) == 4,
    "wrong-pickle": lambda n, said: said.endswith("['1.weight', '1.bias']\n"),
    "wrong-weights-only": lambda n, said: same(n.again(n.xb), n.net(n.xb)),
    "wrong-spawn": lambda n, said: (
        n.done.returncode == 0 and n.done.stdout == "hello\n"
    ),
    "wrong-zero-grad": lambda n, said: (
        max(n.cleared[20:]) < 1.5 < max(n.piled_up[20:]) / 2
    ),
    "wrong-optimizer": lambda n, said: falls(said.splitlines()[1]),
    "wrong-softmax": lambda n, said: n.once[-1] < 0.2 < 1.461 < n.twice[-1],
    "wrong-labels": lambda n, said: n.accuracy(n.net(n.others), n.theirs) > 0.8,
    "wrong-view": lambda n, said: all(same(c, n.digit) for c in n.permuted),
    "wrong-forty": lambda n, said: said.endswith("torch.Size([3, 10])\n"),
    "wrong-eval": lambda n, said: same(n.alone, n.among_others) and not n.net.training,
    "wrong-means": lambda n, said: same(n.weighted, n.each.mean()),
    "wrong-nan": lambda n, said: n.safe_entropy(n.logits).item() == 0,
    "wrong-start": lambda n, said: abs(numbers(said)[3] - math.log(10)) < 0.3,
    "wrong-one-batch": lambda n, said: n.found[-1] < 0.05 < 2 < n.found[0],
    "wrong-norms": lambda n, said: max(n.found) < 100 * min(n.found),
    "wrong-anomaly": lambda n, said: n.logits.grad.isfinite().all(),
    "wrong-debugger": lambda n, said: float(said.splitlines()[-1]) > 0,
}


def numbers(said):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", said)]


def falls(line):
    losses = numbers(line)
    return losses == sorted(losses, reverse=True) and losses[0] > losses[-1]


def test_no_entry_is_without_a_look_at_its_end():
    assert [*ENDS] == [*headings("en", "^")]


@pytest.mark.parametrize("label", ENDS)
def test_an_entry_ends_with_code_that_runs_right(page, label):
    assert ENDS[label](page.left[label], page.said[label])


def test_the_page_leaves_nothing_behind(page):
    assert page.files == []
    assert not torch.is_anomaly_enabled()
    assert not page.left["wrong-weights-only"].Path("train.py").exists()


# Silent faults, and the tools --------------------------------------------------------------------


def test_the_shown_fault_is_there_before_it_is_mended(page):
    still, _ = page.said["wrong-optimizer"].splitlines()
    assert len(set(numbers(still))) == 1
    n, said = page.left["wrong-labels"], page.said["wrong-labels"]
    (_, guess), (learnt, known) = (numbers(line) for line in said.splitlines())
    assert guess < 0.2 < 0.8 < min(learnt, known)
    (pictures, told), (parts, _) = page.figures
    assert same(told[1:], n.y[:9])
    assert len(pictures) == 10
    assert same(parts[3:], page.left["wrong-view"].permuted)
    assert not torch.equal(parts[:3], parts[3:])
    assert (n.x.shape, n.others.shape) == ((1000, 784), (1000, 784))
    [training, evaluating] = page.said["wrong-eval"].splitlines()
    assert float(training.split()[-1]) > 0.001 > float(evaluating.split()[-1])
    assert "torch.Size([3, 40])" in page.said["wrong-forty"]
    assert "torch.Size([12, 10])" in page.said["wrong-forty"]
    mean_of_means, weighted, of_all = numbers(page.said["wrong-means"])
    assert mean_of_means != weighted == of_all
    assert page.said["wrong-nan"].startswith("tensor(nan")


def test_right_and_sure_after_two_softmaxes_costs_what_the_page_prints(page):
    shown = numbers(page.said["wrong-softmax"].splitlines()[-1])[-1]
    assert shown == pytest.approx(math.log(math.e + 9) - 1, abs=5e-4)


def test_large_weights_start_far_above_the_loss_of_a_guess(page):
    assert numbers(page.said["wrong-start"])[-1] > 10


def test_norms_shrink_on_the_way_back_through_sigmoids_and_not_through_relus(page):
    sigmoid, relu = (
        [float(norm) for norm in re.findall(r"\de-\d\d", line)]
        for line in page.said["wrong-norms"].splitlines()
    )
    assert len(sigmoid) == len(relu) == 6
    assert sigmoid[-1] < sigmoid[0] / 1000
    assert relu[-1] > relu[0] / 100


def test_the_anomaly_is_traced_to_a_line_of_the_forward_pass(page):
    assert "LogBackward0" in page.said["wrong-anomaly"]
    assert page.said["wrong-anomaly"].endswith("tensor([[0., 0.]])\n")


def test_the_debugger_is_asked_and_answers(page):
    said = page.said["wrong-debugger"]
    assert "(Pdb) p xb.shape, xb.dtype\n(torch.Size([64, 784]), torch.float32)" in said
    assert said.count("(Pdb) ") == 4
    assert "/" not in said.partition("\n")[0]  # no folder of the machine


# What the prose says -----------------------------------------------------------------------------


def facts():
    """Compute every number of the prose, in its order, by section."""
    pixels, classes, side = 784, 10, 28
    byte, channel_from, channel_to = 255, 3, 1
    assert nn.Linear(pixels, classes).in_features == side * side
    assert torch.iinfo(torch.uint8).max == byte
    return {
        "wrong-mat1": [pixels, side],
        "wrong-target": [0, classes - 1, classes],
        "wrong-softmax": [0, 1],
        "wrong-view": [0, byte, 0, 1, channel_from, channel_to],
        "wrong-start": [classes],
    }


@both
def test_every_number_in_the_prose_is_the_fact_in_its_place(lang):
    assert complaints(numbers_by_section(lang, NAME), facts()) == []


@both
def test_numbers_told_in_words_are_right(page, lang):
    text = flat(prose(lang, NAME))
    under = re.findall(
        r"^\.\. _(wrong-\w[\w-]*):\n\n.+\n([=^-])", prose(lang, NAME), re.M
    )
    counts, group = {}, ""
    for label, mark in under:
        group = group if mark == "^" else label
        counts[group] = counts.get(group, 0) + (mark == "^")
    said = {
        "en": ("Four messages", "Both of these errors", "Five questions"),
        "zh": ("四条报错", "两条报错", "五个问题"),
    }
    groups = ("wrong-gradients", "wrong-modules", "wrong-tools")
    assert [counts[name] for name in groups] == [4, 2, 5]
    assert all(words in text for words in said[lang])
    n = page.left["wrong-norms"]
    assert len(n.found) == 6  # layers, and five sigmoids between them
    assert len(page.left["wrong-view"].permuted) == 3


def test_retain_graph_hides_a_second_walk_through_the_graph():
    loss = F.cross_entropy(nn.Linear(3, 2)(torch.rand(4, 3)), torch.zeros(4).long())
    loss.backward(retain_graph=True)
    loss.backward()


def test_one_layer_outside_of_the_list_is_all_that_is_trained():
    class Stack(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(2, 2)]
            self.last = nn.Linear(2, 2)

    [group] = optim.SGD(Stack().parameters(), lr=0.1).param_groups
    assert len(group["params"]) == 2


def test_moving_a_model_keeps_its_parameters_and_leaves_the_momentum_behind():
    net = nn.Linear(3, 2)
    opt = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.rand(1, 3)).sum().backward()
    opt.step()
    before = list(net.parameters())
    net.to(torch.float64)
    assert all(p is q for p, q in zip(before, net.parameters(), strict=True))
    assert net.weight.dtype == torch.float64
    assert opt.state[net.weight]["momentum_buffer"].dtype == torch.float32


def test_a_tensor_can_be_made_where_the_input_is():
    x = torch.empty(2, 3, device="meta")
    assert (x + torch.zeros(3, device=x.device)).device.type == "meta"


def test_a_forward_pass_in_training_mode_moves_the_running_averages_without_gradients():
    net = better_cnn()
    before = net[0][1].running_mean.clone()
    with torch.no_grad():
        net(torch.rand(4, 1, 28, 28))
    assert not torch.equal(net[0][1].running_mean, before)


def test_evaluate_and_fit_switch_the_mode(capsys):
    net = nn.Linear(3, 2)
    batches = [(torch.rand(4, 3), torch.zeros(4).long())]
    evaluate(net.train(), F.cross_entropy, batches)
    assert not net.training
    modes = []
    net.register_forward_hook(lambda layer, *_: modes.append(layer.training))
    fit(1, net, F.cross_entropy, optim.SGD(net.parameters(), lr=0.1), batches, batches)
    assert modes == [True, False, False]


def test_after_one_update_with_a_nan_all_parameters_are_nan(page):
    net = nn.Linear(4, 2)
    x = torch.rand(3, 4) * 1000
    with torch.no_grad():
        net.weight[0] = 1
    loss = page.left["wrong-nan"].entropy(net(x))
    assert loss.isnan()
    loss.backward()
    optim.SGD(net.parameters(), lr=0.1).step()
    assert all(p.isnan().all() for p in net.parameters())


def test_a_large_learning_rate_and_a_deviation_of_zero_give_nan_too():
    net = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1))
    opt = optim.SGD(net.parameters(), lr=100)
    for _ in range(50):
        opt.zero_grad()
        loss = net(torch.ones(2, 4)).pow(2).mean()
        loss.backward()
        opt.step()
    assert loss.isnan()
    x = torch.ones(5)
    assert ((x - x.mean()) / x.std()).isnan().all()
    assert not ((x - x.mean()) / x.std()).isfinite().all()


def test_wrong_labels_can_be_learnt_by_heart(page):
    n = page.left["wrong-one-batch"]
    wrong = n.yb.roll(1)
    assert not torch.equal(wrong, n.yb)
    found = n.losses(better_cnn(), steps=60, xb=n.images, yb=wrong)
    assert found[-1] < 0.2


def test_a_cnn_of_any_size_gives_ten_classes_where_a_fixed_end_gave_forty():
    assert cnn_any_size()(torch.rand(3, 1, 64, 64)).shape == (3, 10)
