"""What "When it goes wrong" quotes, says and mends, held against the installed PyTorch.

The page runs once, with made-up digits. What its headings, its table and its prose quote is
compared with what was really printed; each entry has to end with code that runs right.
"""

import ast
import json
import math
import mmap
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import gpu_messages
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gallery_scripts import prose
from jupyter_client.manager import start_new_kernel
from page_run import learnable, run_page
from prose_numbers import complaints, numbers_by_section
from torch import nn, optim
from torch.utils.data import DataLoader

from mnist_tut import plots
from mnist_tut.models import better_cnn, cnn_any_size
from mnist_tut.training import evaluate, fit

NAME = "when_it_goes_wrong.py"
LANGUAGES = ["en", "zh"]
both = pytest.mark.parametrize("lang", LANGUAGES)
COMPILER = "torchinductor"  # PyTorch makes its folder as soon as it is imported
HEADING = re.compile(r"^\.\. _([\w-]+):\n\n(.+)\n([=^-])\3+$", re.M)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Run the page: what each section printed, and the names as each section left them."""
    temporary, figures = tmp_path_factory.mktemp("temporary"), []
    traced = sys.gettrace()  # the debugger switches it off
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr(plots, "show_digits", lambda *given, **_: figures.append(given))
        run = run_page(NAME, learnable(6500, 1, 1, doubt=0.05))
    sys.settrace(traced)
    return SimpleNamespace(
        said={label: "".join(texts) for label, texts in run.said.items()},
        left=run.left,
        figures=figures,
        files=[p for p in temporary.iterdir() if COMPILER not in p.name],
    )


def headings(lang, underline):
    """Map the labels of all headings of a level to their texts."""
    found = HEADING.findall(prose(lang, NAME))
    return {label: text for label, text, mark in found if mark == underline}


# The words of PyTorch ----------------------------------------------------------------------------

MESSAGES = 34  # entries whose heading is a message
TOOLS = 11


@both
def test_a_heading_that_quotes_says_what_pytorch_says(page, lang):
    told = quoted(lang)
    assert len(told) == MESSAGES
    wrong = {k: w for k, w in told.items() if not is_said(w, page, k)}
    assert wrong == {}


# What the entry says that newer versions of Python say in its place.
NEWER = {
    (3, 14): {"wrong-notebook": "module '__main__' has no attribute 'Task'"},
}


def in_this_python(words, label):
    newer = [said for since, said in NEWER.items() if sys.version_info >= since]
    return {label: words, **dict(pair for said in newer for pair in said.items())}[
        label
    ]


@both
def test_the_words_of_newer_versions_of_python_stand_in_their_entry(lang):
    text = prose(lang, NAME)
    for since, said in NEWER.items():
        for label, words in said.items():
            entry = text.split(f"_{label}:")[1].split("\n.. _")[0]
            assert f"``{words}``" in entry
            assert ".".join(map(str, since)) in entry


def is_said(words, page, label):
    """Tell whether PyTorch said this here, or says it where there is a GPU."""
    words = in_this_python(words, label)
    if label == "wrong-no-cuda" and torch.version.cuda:
        return True  # only a PyTorch without CUDA says it
    said = KILLED if label == "wrong-killed" else flat(page.said.get(label, ""))
    return words in said or any(words in m for m in ON_A_GPU)


def flat(text):
    return " ".join(re.sub(r"\x1b\[[\d;]*m", "", text).split())  # without colours


ROW = re.compile(r"\* - (.+)\n +- :ref:`[^<`]+ <([\w-]+)>`")


@both
def test_the_table_lists_every_entry_in_its_order_with_its_own_words(page, lang):
    rows = ROW.findall(prose(lang, NAME))
    entries = headings(lang, "^")
    tools = [*headings(lang, "^")][-TOOLS:]
    assert [label for _, label in rows] == [k for k in entries if k not in tools]
    for shown, label in rows[:MESSAGES]:
        told = re.findall(r"``([^`]+)``", shown)
        assert quoted(lang)[label] in told[0]
        assert all(is_said(words, page, label) for words in told), label
    for shown, label in rows[MESSAGES:]:
        assert shown.lower() == entries[label].lower()


def test_both_languages_quote_the_same_messages():
    assert quoted("en") == quoted("zh")


def quoted(lang):
    """Map the labels of entries to the words of PyTorch that are their headings."""
    whole = {k: re.fullmatch("``([^`]+)``", v) for k, v in headings(lang, "^").items()}
    return {label: found[1] for label, found in whole.items() if found}


# What only a GPU says: the installed library holds it, or other builds of PyTorch do.
ON_A_GPU = [message.replace("|", "") for message in gpu_messages.MESSAGES]
KEPT = json.loads(gpu_messages.KEPT.read_text("utf-8"))
INSTALLED = {
    "Expected all tensors to be on the same device, but got ",
    ", different from other tensors on ",
    "Expected all tensors to be on the same device, but found at least two devices, ",
    "Input type (",
    ") and weight type (",
    ") should be the same",
}


def test_what_only_a_gpu_says_stands_in_the_installed_library_or_in_those_of_other_builds():
    [library] = Path(torch.__file__).parent.glob("lib/*torch_cpu.*")
    with (
        library.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        parts = gpu_messages.fixed_parts()
        here = {part for part in parts if content.find(part.encode()) > 0}
    assert here >= INSTALLED
    assert [*KEPT["found"]] == parts
    assert all(KEPT["found"].values())


def test_other_builds_are_looked_through_for_the_fixed_parts_of_messages(tmp_path):
    parts = gpu_messages.fixed_parts()
    with zipfile.ZipFile(tmp_path / "torch.whl", "w") as wheel:
        wheel.writestr(
            "torch/lib/libc10_cuda.so", b"\0".join(p.encode() for p in parts[:2])
        )
        wheel.writestr("torch/nothing.py", parts[2])
    found = gpu_messages.look(tmp_path / "torch.whl")
    assert found == {p: ["torch.whl: torch/lib/libc10_cuda.so"] for p in parts[:2]}


needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="only a GPU with CUDA says these"
)


@needs_cuda
@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (
            nn.Linear(3, 2),
            (1, 3),
            "mat1 is on cpu, different from other tensors on cuda:0",
        ),
        (
            nn.Conv2d(1, 2, 3),
            (1, 1, 5, 5),
            "Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor)",
        ),
    ],
)
def test_where_there_is_a_gpu_it_says_so_of_devices(layer, shape, words):
    with pytest.raises(RuntimeError, match=re.escape(words)):
        layer.cuda()(torch.rand(shape))


@needs_cuda
def test_where_there_is_a_gpu_it_says_so_of_memory():
    with pytest.raises(torch.OutOfMemoryError, match=quoted("en")["wrong-memory"]):
        torch.empty(10**14, device="cuda")


@needs_cuda
def test_where_there_is_a_gpu_it_says_so_of_an_index():
    program = (
        "import torch, torch.nn.functional as F\n"
        "F.cross_entropy(torch.zeros(1, 10).cuda(), torch.tensor([10]).cuda()).item()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert quoted("en")["wrong-assert"] in done.stderr
    assert "CUDA_LAUNCH_BLOCKING=1" in done.stderr


@both
def test_what_was_not_run_is_marked_so_and_stands_in_a_message(lang):
    mark = {"en": "Not run here", "zh": "此处未运行"}[lang]
    sections = re.split(r"^\.\. _([\w-]+):$", prose(lang, NAME), flags=re.M)
    text = dict(zip(sections[1::2], map(flat, sections[2::2]), strict=True))
    said = {
        "wrong-dtype": ["Cannot convert a MPS Tensor to float64 dtype"],
        "wrong-device": [
            "but got mat1 is on cpu, different from other tensors on cuda:0",
            "but found at least two devices, cuda:0 and cpu!",
            "Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) "
            "should be the same",
            "Placeholder storage has not been allocated on MPS device!",
        ],
        "wrong-memory": ["MPS backend out of memory"],
        "wrong-assert": ["CUDA_LAUNCH_BLOCKING=1"],
    }
    for label, quotes in said.items():
        assert mark.lower() in text[label].lower(), label
        for words in quotes:
            assert f"``{words}``" in text[label]
            assert any(words in message for message in ON_A_GPU)
    assert KEPT["read"] in text["wrong-devices"]
    version = re.search(r"PyTorch (\d+\.\d+)", text["wrong-devices"])[1]
    wheels = [place for places in KEPT["found"].values() for place in places]
    assert all(
        p.startswith((f"torch-{version}.", "nvidia_cuda_runtime")) for p in wheels
    )


KILLED = (  # held by the test with a worker that is killed
    "DataLoader worker (pid 123) is killed by signal: Killed. is killed by signal: Bus error. "
    "Please try to raise your shared memory limit"
)


class Killed:
    """A data set whose worker is killed by a signal."""

    def __init__(self, number):
        self.number = number

    def __len__(self):
        return 2

    def __getitem__(self, i):
        os.kill(os.getpid(), self.number)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGBUS"])
def test_a_worker_that_is_killed_is_reported_as_the_page_says(name, capfd):
    ds = Killed(signal.Signals[name])
    with pytest.raises(RuntimeError) as told:
        list(DataLoader(ds, num_workers=1, multiprocessing_context="fork"))
    said = flat(f"{told.value.__cause__} {told.value} {capfd.readouterr().err}")
    assert quoted("en")["wrong-killed"] in said
    if name == "SIGKILL":
        [words] = re.findall(r"``(DataLoader worker \(pid 1[^`]+)``", prose("en", NAME))
        assert without_digits(words) in without_digits(said)
    else:
        assert "Bus error" in said
        assert "Please try to raise your shared memory limit" in said


IN_A_NOTEBOOK = """
from torch.utils.data import DataLoader

class Task:
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return i

if __name__ == "__main__":
    dl = DataLoader(Task(), 2, num_workers=1, multiprocessing_context="spawn")
    print([batch.tolist() for batch in dl])
"""


def cells_in_a_kernel(folder, *cells):
    """Run cells in a kernel that stands in a folder; give what each of them said."""
    manager, client = start_new_kernel(cwd=str(folder))
    said = []
    try:
        for cell in cells:
            texts = []

            def keep(message, texts=texts):
                content = message["content"]
                texts.append(content.get("text", content.get("evalue", "")))

            client.execute_interactive(cell, output_hook=keep, timeout=300)
            said.append("".join(texts))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return said


def test_in_a_notebook_the_guard_does_not_help_and_a_file_does(page, tmp_path, capfd):
    task, rest = IN_A_NOTEBOOK.split("if __name__")
    (tmp_path / "my_task.py").write_text(task)
    mended = f"import torch\nfrom my_task import *\nif __name__{rest}"
    without = IN_A_NOTEBOOK.replace(
        'num_workers=1, multiprocessing_context="spawn"', ""
    )
    failed, imported, alone = cells_in_a_kernel(
        tmp_path, IN_A_NOTEBOOK, mended, without
    )
    shown = page.said["wrong-notebook"].splitlines()[0].strip()
    label = "wrong-notebook"
    assert in_this_python(quoted("en")[label], label) in shown
    assert shown in flat(capfd.readouterr().err)  # the same line, to the last word
    assert "DataLoader worker" in failed
    assert imported == alone == "[[0, 1], [2, 3]]\n"


LOADER = """
import torch
from torch.utils.data import DataLoader

dl = DataLoader(torch.arange(4), 2, num_workers=1, multiprocessing_context="spawn")
print([batch.tolist() for batch in dl])
"""


def test_a_loader_with_workers_fails_as_told_without_the_guard(tmp_path):
    """What the guard changes is tried with any process, on "Your own project"."""
    (tmp_path / "bare.py").write_text(LOADER)
    command = [sys.executable, tmp_path / "bare.py"]
    told = subprocess.run(command, capture_output=True, text=True).stderr
    first = quoted("en")["wrong-spawn"]
    assert first in told
    assert told.index(first) < told.index("DataLoader worker")
    [words] = re.findall(r"``(DataLoader worker \(pid\(s[^`]+)``", prose("en", NAME))
    assert without_digits(words) in without_digits(told.splitlines()[-1])


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
    "wrong-conv": lambda n, said: n.net(n.xb).shape == (n.bs, 16, 26, 26),
    "wrong-channels": lambda n, said: said.splitlines()[-1].count("[64, 16,") == 3,
    "wrong-stack": lambda n, said: n.filled.shape == (2, 1, 28, 30),
    "wrong-contiguous": lambda n, said: same(
        n.turned.reshape(n.bs, 784)[5], n.pictures[5].T.flatten()
    ),
    "wrong-broadcast": lambda n, said: F.mse_loss(n.predictions, n.targets) == 0,
    "wrong-dtype": lambda n, said: n.model(n.rows).dtype == torch.float32,
    "wrong-long": lambda n, said: 1 < n.loss.item() < 4,
    "wrong-one-hot": lambda n, said: len({*numbers_of_losses(said)}) == 1,
    "wrong-target": lambda n, said: 1 < n.loss.item() < 4,
    "wrong-device": lambda n, said: (n.out.shape, n.out.device) == ((n.bs, 10), n.meta),
    "wrong-no-cuda": lambda n, said: next(n.net.parameters()).device.type == n.dev.type,
    "wrong-memory": lambda n, said: n.whole.shape == (10, 784) and n.whole.any(),
    "wrong-assert": lambda n, said: said.endswith("torch.Size([2, 3])\n"),
    "wrong-map-location": lambda n, said: said.endswith("\ncpu\n"),
    "wrong-leaf": lambda n, said: float.__gt__(*map(float, said.split()[-2:])),
    "wrong-none": lambda n, said: n.weights.is_leaf and n.weights.grad.any(),
    "wrong-element": lambda n, said: n.weights.grad.shape == (784, 10),
    "wrong-twice": lambda n, said: n.model.weight.grad.any() and freed(n.logits),
    "wrong-inplace": lambda n, said: said.endswith("torch.Size([10, 784])\n"),
    "wrong-scalar": lambda n, said: said.endswith("torch.Size([64]) torch.Size([])\n"),
    "wrong-numpy": lambda n, said: said.endswith("(64, 10)\n"),
    "wrong-item": lambda n, said: float(said.split()[-2]) == n.preds.max().item(),
    "wrong-init": lambda n, said: len(list(n.Net().parameters())) == 2,
    "wrong-empty": lambda n, said: len(n.opt.param_groups[0]["params"]) == 4,
    "wrong-one-row": lambda n, said: said.endswith("[64, 1]\n[64]\n"),
    "wrong-keys": lambda n, said: same(n.net(n.xb), n.model(n.xb)),
    "wrong-size": lambda n, said: (
        said.endswith("['2.weight', '2.bias']\n")
        and same(n.net.state_dict()["0.weight"], n.saved["0.weight"])
    ),
    "wrong-pickle": lambda n, said: said.endswith("['1.weight', '1.bias']\n"),
    "wrong-weights-only": lambda n, said: same(n.again(n.xb), n.net(n.xb)),
    "wrong-no-samples": lambda n, said: said.endswith("0 1\n"),
    "wrong-spawn": lambda n, said: (
        n.done.returncode == 0 and n.done.stdout == "hello\n"
    ),
    "wrong-notebook": lambda n, said: (
        n.done.returncode == 0 and n.done.stdout == "hello\n"
    ),
    "wrong-killed": lambda n, said: said == "",  # run below
    "wrong-zero-grad": lambda n, said: (
        max(n.cleared[20:]) < 1.5 < max(n.piled_up[20:]) / 2
    ),
    "wrong-optimizer": lambda n, said: falls(said.splitlines()[1]),
    "wrong-softmax": lambda n, said: n.once[-1] < 0.2 < 1.461 < n.twice[-1],
    "wrong-labels": lambda n, said: n.accuracy(n.net(n.others), n.theirs) > 0.8,
    "wrong-view": lambda n, said: all(same(c, n.digit) for c in n.permuted),
    "wrong-forty": lambda n, said: said.endswith("torch.Size([3, 10])\n"),
    "wrong-eval": lambda n, said: same(n.alone, n.among_others) and not n.net.training,
    "wrong-workers": lambda n, said: (
        len({*numbers(said.splitlines()[1])}) == 4
        and drawn(n.program, seed=1) != drawn(n.program, seed=2)
    ),
    "wrong-seed": lambda n, said: n.first_loss(1) == numbers(said)[0],
    "wrong-frozen": lambda n, said: said.endswith("[0.01, 0.1]\n"),
    "wrong-means": lambda n, said: same(n.weighted, n.each.mean()),
    "wrong-nan": lambda n, said: n.safe_entropy(n.logits).item() == 0,
    "wrong-start": lambda n, said: abs(numbers(said)[3] - math.log(10)) < 0.3,
    "wrong-baseline": lambda n, said: numbers(said)[1] < 0.5 < 2 < numbers(said)[3],
    "wrong-one-batch": lambda n, said: n.found[-1] < 0.05 < 2 < n.found[0],
    "wrong-permuted": lambda n, said: numbers(said)[0] < 0.2 < 0.3 < numbers(said)[1],
    "wrong-remeasured": lambda n, said: (
        len(said.splitlines()) == 3 and n.mean == sum(n.moving) / len(n.moving)
    ),
    "wrong-norms": lambda n, said: max(n.found) < 100 * min(n.found),
    "wrong-activations": lambda n, said: min(n.found) > 0.3 * max(n.found),
    "wrong-ratio": lambda n, said: len(said.splitlines()) == 3,
    "wrong-clip": lambda n, said: n.loss.item() < 1.5,
    "wrong-anomaly": lambda n, said: n.logits.grad.isfinite().all(),
    "wrong-debugger": lambda n, said: float(said.splitlines()[-1]) > 0,
}


def freed(tensor):
    """Tell whether nothing is kept for another way back from a tensor."""
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        tensor.sum().backward()
    return True


def drawn(program, seed):
    """Draw what a worker would in an epoch that gives it this seed."""
    names = {"__name__": "worker"}
    exec(program, names)
    info = SimpleNamespace(id=0, seed=seed, dataset=names["Noise"]())
    names["get_worker_info"] = lambda: info
    names["own_generator"](0)
    return [info.dataset[i] for i in range(4)]


def numbers(said):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", said)]


def numbers_of_losses(said):
    return re.findall(r"tensor\((\d\.\d+)", said)


def falls(line):
    losses = numbers(line)
    return losses == sorted(losses, reverse=True) and losses[0] > losses[-1]


def test_no_entry_is_without_a_look_at_its_end():
    assert [*ENDS] == [*headings("en", "^")]


@pytest.mark.parametrize("label", ENDS)
def test_an_entry_ends_with_code_that_runs_right(page, label):
    assert ENDS[label](page.left.get(label), page.said.get(label, ""))


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


def test_broadcasting_costs_right_predictions_a_loss(page):
    wrong, right = numbers_of_losses(page.said["wrong-broadcast"].replace(".)", ".0)"))
    assert float(wrong) > 0.05
    assert float(right) == 0
    assert "torch.Size([64, 64])" in page.said["wrong-broadcast"]


def test_the_mini_batch_is_filled_up_with_zeros(page):
    n = page.left["wrong-stack"]
    assert same(n.filled[0, :, :, :28], n.samples[0][0])
    assert not n.filled[0, :, :, 28:].any()
    assert same(n.filled[1], n.samples[1][0])


def test_channels_that_are_missing_are_read_from_the_mini_batch(page):
    assert "to have 1 channels, but got 64 channels" in page.said["wrong-channels"]


def test_less_is_kept_for_the_way_back_in_each_way_that_the_page_names(page):
    kept = {
        what: float(n)
        for n, what in re.findall(r"([\d.]+) MB: (.+)", page.said["wrong-memory"])
    }
    assert kept["16 images"] < kept["64 images"] / 3
    assert kept["64 images, inference_mode"] == kept["the sum of three numbers"] == 0
    assert kept["the sum of three losses"] > 2.5 * kept["64 images"]
    assert 0 < kept["64 images, checkpoint"] < kept["64 images"] / 2


def test_without_shuffle_an_empty_data_set_is_no_error(page):
    assert page.said["wrong-no-samples"].startswith("without shuffle: []\n")


def test_copies_of_a_generator_draw_the_same_numbers_in_every_worker(page):
    [(first, second)] = [ast.literal_eval(page.said["wrong-workers"].splitlines()[0])]
    assert first == second
    assert len({*first}) == 2


class Draws:
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return [random.random(), float(np.random.rand()), torch.rand(()).item()]  # noqa: NPY002


def test_every_worker_gets_seeds_for_torch_random_and_numpy():
    one, other = DataLoader(Draws(), num_workers=2, multiprocessing_context="fork")
    assert all(a.item() != b.item() for a, b in zip(one, other, strict=True))


def test_a_loader_with_a_generator_keeps_its_order_whatever_was_drawn_before():
    orders = []
    for drawn in (1, 5):
        torch.manual_seed(0)
        torch.rand(drawn)
        own = torch.Generator().manual_seed(1)
        orders.append(list(DataLoader(range(20), shuffle=True, generator=own)))
    assert orders[0] == orders[1]


def test_a_frozen_layer_moves_as_long_as_its_old_gradient_is_there(page):
    moved = [
        float(found) for found in re.findall(r"moved (\S+)", page.said["wrong-frozen"])
    ]
    assert moved[0] > moved[1] == 0


def test_another_seed_gives_another_loss(page):
    one, two, again = numbers(page.said["wrong-seed"])
    assert one == again != two


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


def test_without_pictures_the_loss_stays_at_what_the_labels_alone_allow(page):
    *_, blind, alone = numbers(page.said["wrong-baseline"])
    assert alone <= blind < alone + 0.1


def test_measured_again_the_training_loss_is_lower_and_overfitting_shows(page):
    rows = [numbers(line) for line in page.said["wrong-remeasured"].splitlines()]
    assert all(again <= moving for _, moving, again, _ in rows)
    (_, _, again, valid), last = rows[0], rows[-1]
    assert min(again, valid) > 1  # underfitting
    assert last[3] - last[2] > 5 * abs(valid - again)


def test_what_tells_pictures_apart_is_lost_in_deep_layers_by_default(page):
    default, kaiming = (
        [float(spread) for spread in re.findall(r"\de[+-]\d\d", line)]
        for line in page.said["wrong-activations"].splitlines()
    )
    assert default[-1] < default[0] / 1000
    assert kaiming[-1] > kaiming[0] / 10


def test_a_residual_connection_keeps_what_tells_pictures_apart(page):
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Linear(100, 100), nn.ReLU()) for _ in range(10)]
    plain = residual = torch.rand(64, 100)
    before = plain.std(dim=0).mean()
    for layer in layers:
        plain, residual = layer(plain), residual + layer(residual)
    assert plain.std(dim=0).mean() < 0.01 * before
    assert residual.std(dim=0).mean() > 0.5 * before


def test_steps_too_small_crawl_and_steps_too_large_jump(page):
    rows = re.findall(r"weights (\S+), loss in the end (\S+)", page.said["wrong-ratio"])
    ratios, ends = zip(*[map(float, row) for row in rows], strict=True)
    assert ratios[0] < 1e-3 <= ratios[1] <= 1e-2 * 2 < ratios[2]
    assert ends[1] < min(ends[0], ends[2]) / 2


def test_clipping_shortens_a_gradient_and_keeps_its_direction(page):
    free, clipped = re.findall(r"loss (\S+),", page.said["wrong-clip"])
    assert float(clipped) < 1.5 < float(free)
    net = nn.Linear(3, 2)
    (100 * net(torch.ones(1, 3)).sum()).backward()
    before = net.weight.grad.clone()
    whole = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    assert whole > 100
    assert same(net.weight.grad * whole, before)


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
        "wrong-notebook": ["3.14", "3.14"],
        "wrong-clip": [0, byte],
        "wrong-devices": ["2.13", *re.findall(r"\d+", KEPT["read"])],
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
        "en": ("first seven messages", "the eighth", "first two errors", "other three"),
        "zh": ("下面前七条信息", "第八条", "前两条报错", "后三条"),
    }
    groups = ("wrong-gradients", "wrong-modules", "wrong-tools")
    assert [counts[name] for name in groups] == [8, 2 + 3, TOOLS]
    assert all(words in text for words in said[lang])
    n = page.left["wrong-norms"]
    assert len(n.found) == 6  # layers, and five sigmoids between them
    assert len(page.left["wrong-view"].permuted) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.add_(1),
        lambda p: p.__iadd__(1),
        lambda p: nn.ReLU(inplace=True)(p),
    ],
)
def test_other_ways_to_overwrite_a_result_get_the_same_message(change):
    result = torch.zeros(3, requires_grad=True).sigmoid()
    change(result)
    with pytest.raises(RuntimeError, match=quoted("en")["wrong-inplace"]):
        result.sum().backward()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # inside torch.compile
def test_parameters_of_a_compiled_and_of_a_parallel_model_have_the_prefixes_of_the_page():
    text = prose("en", NAME)
    net = nn.Linear(3, 2)
    for wrapped, prefix in (
        (torch.compile(net), "_orig_mod."),
        (nn.DataParallel(net), "module."),
    ):
        assert list(wrapped.state_dict()) == [f"{prefix}weight", f"{prefix}bias"]
        assert f"``{prefix}``" in text


def test_without_strict_what_is_missing_keeps_its_random_numbers():
    net = nn.Linear(3, 2)
    before = net.weight.clone()
    net.load_state_dict({"module.weight": torch.zeros(2, 3)}, strict=False)
    assert same(net.weight, before)


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
    assert modes == [True, False]


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
