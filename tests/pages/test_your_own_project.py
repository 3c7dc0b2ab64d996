"""What "Your own project" says and does, held against the facts.

The page runs once, on made-up digits and without the packages that it can do without; its own
asserts hold then. The rest is here: every number of the prose, and each statement that no cell
checks.
"""

import contextlib
import csv
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import torch
from gallery_scripts import ROOT, cells, prose
from page_run import run_page
from PIL import Image
from prose_numbers import complaints, numbers_by_section
from support import photos
from support.digits import made_up_digits
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.models import conv_block
from mnist_tut.project import DeepCNN, ink_of, like_mnist

NAME = "your_own_project.py"
OPTIONAL = ["onnx", "onnxscript", "torch.utils.tensorboard"]
DRAWINGS = json.loads(
    Path(__file__).parents[1].joinpath("site", "drawings.json").read_text("utf-8")
)
both = pytest.mark.parametrize("lang", ["en", "zh"])


def made_up_mnist():
    """Give a few hundred pictures that can be learnt, as NumPy arrays."""
    generator = torch.Generator().manual_seed(0)
    templates = (torch.rand(10, 784, generator=generator) > 0.8).float()
    parts = [made_up_digits(n, templates, generator) for n in (700, 300, 100)]
    return tuple((x.numpy(), y.numpy()) for x, y in parts)


@pytest.fixture(scope="module")
def page():
    """Run the page: its names, what it printed, and what lay in its folder at the end."""
    files = {}

    def look(names):
        if "home" in names and names["home"].exists():
            for path in names["home"].glob("*.*"):
                files[path.name] = path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        for name in OPTIONAL:
            patch.setitem(sys.modules, name, None)
        run = run_page(NAME, made_up_mnist(), after=look)
    run.names["folder"].cleanup()  # in a build, the folder around it goes
    found = {"printed": run.printed, "left": run.left, "files": files}
    return SimpleNamespace(**found, **run.names)


def test_precision_goes_by_what_was_predicted_and_recall_by_what_was_true(page):
    for digit in range(10):
        hit = page.matrix[digit, digit]
        for shares, of in (
            (page.precision, page.matrix[:, digit]),
            (page.recall, page.matrix[digit]),
        ):
            assert shares[digit] == hit / of.sum() or of.sum() == 0
    assert not torch.equal(page.precision, page.recall)
    assert torch.equal(page.matrix.sum(dim=1), page.yv.bincount(minlength=10))


# Every number in the prose


def facts(page):
    """Compute every number that the page's prose states, in its order, by section."""
    one = 1
    side = page.xv.shape[-1]
    largest = max(page.rates)
    more = json.loads((ROOT / "benchmarks" / "more.json").read_text())
    day = more["day"].split("-")
    board, onnx = (
        re.match(r"\d+\.\d+", more["versions"][name])[0]
        for name in ("tensorboard", "onnx")
    )
    return {
        "own-files": [16],  # see test_project
        "own-handwriting": [20, 7],  # see test_project, and the photo below
        "own-workers": ["3.14"],  # see the test of the way workers start
        "own-augment": [page.xv.shape[1], *[side] * 4],
        "own-adamw": [f"{largest:.2f}"],
        "own-log": [*day, board],
        "own-export": [*day, onnx],
        "own-confusion": [4, 4, 4, 4, one, 4],
        "own-tune": [0, 4, 5, 9],
    }


@both
def test_every_number_in_the_prose_is_a_fact(page, lang):
    assert complaints(numbers_by_section(lang, NAME), facts(page)) == []


def test_the_digits_of_the_two_tasks_are_those_told(page):
    x, y = page.valid_ds[:]
    for low, first, last in (0, 0, 4), (5, 5, 9):
        ds = page.digits(x, y, low)
        chosen = y[(y >= first) & (y <= last)]
        assert torch.equal(ds[:][1] + low, chosen)
        assert set(ds[:][1].tolist()) == set(range(5))
    few, _ = page.loaders(5, count=200)
    assert sum(len(yb) for _, yb in few) == 200
    for lang, words in ("en", "two hundred"), ("zh", "两百张"):
        text = " ".join(prose(lang, NAME).replace("\\\n", "").split())
        assert text.count(words) == 2


# What the page does


def test_training_from_files_and_from_memory_print_the_same_first_line(page):
    lines = [line for line in page.printed if re.fullmatch(r"0  \d\.\d{4}  .*", line)]
    assert lines[0] == lines[1]
    assert len(lines[0].split()) == 3


def test_the_page_goes_on_without_the_packages_that_it_can_do_without(page):
    told = [line for line in page.printed if "not installed" in line]
    assert told == [
        "TensorBoard is not installed: pip install tensorboard",
        "ONNX is not installed: pip install onnx onnxscript",
    ]


def cell_with(word):
    """Return the one cell in which a word stands."""
    [found] = [cell.content for cell in cells("en", NAME) if word in cell.content]
    return compile(found, NAME, "exec")


def test_with_tensorboard_every_loss_is_handed_over(monkeypatch, tmp_path, capsys):
    noted = []

    class Writer(contextlib.nullcontext):
        def __enter__(self):
            return self

        def add_scalar(self, *values):
            noted.append((self.enter_result, *values))

    board = SimpleNamespace(SummaryWriter=Writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", board)
    exec(cell_with("SummaryWriter"), {"home": tmp_path, "log": [3.0, 2.0]})
    runs = tmp_path / "runs"
    assert noted == [(runs, "loss", 3.0, 0), (runs, "loss", 2.0, 1)]
    assert f"tensorboard --logdir {runs}" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")  # of other people's packages
def test_tensorboard_itself_keeps_the_losses(tmp_path, capsys):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    exec(cell_with("SummaryWriter"), {"home": tmp_path, "log": [3.0, 2.0]})
    assert "Now start: tensorboard" in capsys.readouterr().out
    kept = EventAccumulator(str(tmp_path / "runs")).Reload().Scalars("loss")
    assert [(event.step, event.value) for event in kept] == [(0, 3.0), (1, 2.0)]


@pytest.mark.filterwarnings("ignore")  # of other people's packages
def test_with_onnx_other_programs_compute_the_same(tmp_path, capsys):
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name)
    names = {"torch": torch, "home": tmp_path, "xv": torch.rand(30, 1, 28, 28)}
    names["folder"] = SimpleNamespace(cleanup=lambda: None)
    names |= {"whole": DeepCNN([16, 32, 64]).eval(), "batch": torch.export.Dim("batch")}
    exec(cell_with("onnxscript"), names)
    assert "largest difference: " in capsys.readouterr().out


def test_the_extra_names_the_packages_that_the_page_tells_to_install(page):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extra = re.search(r"^more = \[(.*?)^\]", text, re.M | re.S)[1]
    for name in ("onnx", "onnxscript", "tensorboard"):
        assert f'"{name}>=' in extra


def test_the_log_has_a_line_for_each_step_with_its_rate_and_its_loss(page):
    rows = list(csv.DictReader(page.files["log.csv"].decode().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(page.steps))
    assert [float(row["loss"]) for row in rows] == page.log
    assert [float(row["lr"]) for row in rows] == page.rates
    assert page.log[0] > page.log[-1]


def test_the_schedule_drawn_is_the_one_that_trains_and_has_the_form_told(page):
    _, opt, schedule, _, dl = page.new_run()
    assert page.steps == page.epochs * len(dl)
    taken = []
    for _ in range(page.steps):
        taken += schedule.get_last_lr()
        opt.step()
        schedule.step()
    assert taken == page.rates
    top = page.rates.index(max(page.rates))
    assert 1 / 4 < top / page.steps < 1 / 3
    assert page.rates[: top + 1] == sorted(page.rates[: top + 1])
    assert page.rates[top:] == sorted(page.rates[top:], reverse=True)
    assert page.rates[0] < 0.05 * page.rates[top] > 100 * page.rates[-1]
    with pytest.raises(ValueError, match="Tried to step"):
        schedule.step()


def test_resumed_without_its_generator_a_run_ends_elsewhere(page):
    zero, other = page.printed[page.printed.index("0.0") :][:2]
    assert (zero, float(other) > 0) == ("0.0", True)


def test_the_checkpoint_holds_nothing_that_needs_more_than_weights_only(page, tmp_path):
    (tmp_path / "run.pt").write_bytes(page.files["run.pt"])
    state = torch.load(tmp_path / "run.pt", weights_only=True)
    assert set(state) == {"model", "opt", "schedule", "generator"}


def test_only_the_head_trains_and_of_the_rest_only_running_figures_change(page):
    head = 64 * 4 * 4 * 5 + 5
    assert f"{head} of {page.total} parameters train" in page.printed
    kinds = {name.rpartition(".")[2] for name in page.changed if "head" not in name}
    assert kinds == {"running_mean", "running_var", "num_batches_tracked"}
    assert [name for name in page.changed if "head" in name] == [
        "head.weight",
        "head.bias",
    ]


def test_both_networks_see_the_same_two_hundred_pictures_as_often(page):
    steps = {int(n) for k, n in page.fresh.state_dict().items() if "num_batches" in k}
    assert steps == {3 * len(page.dls[0])}
    assert sum(len(yb) for _, yb in page.dls[0]) == 200


def test_only_what_is_trained_on_is_shifted_and_the_start_of_workers_is_timed(
    page, monkeypatch
):
    dl = page.left["own-augment"].valid_dl
    for (first, _), (second, _) in zip(dl, dl, strict=True):
        assert torch.equal(first, second)
    clock = [0]

    class Loader:
        def __init__(self, *given, **options):
            pass

        def __iter__(self):
            clock[0] += 5  # workers are started here
            return iter([])

    names = page.seconds.__globals__
    monkeypatch.setitem(names, "DataLoader", Loader)
    monkeypatch.setitem(names, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    assert page.seconds() == 5


def test_adamw_takes_its_share_of_the_parameter_itself(page):
    line = next(line for line in page.printed if re.fullmatch(r"0\.\d+ 0\.\d+", line))
    assert len({*line.split()}) == 1


def test_the_photo_is_read_as_the_seven_that_it_shows_by_a_network_that_knows_sevens(
    page,
):
    ink = page.three[2].view(28, 28) > 0.1  # less does not count for the size
    rows, columns = ink.nonzero().unbind(1)
    assert columns.max() - columns.min() + 1 < rows.max() - rows.min() + 1 == 20
    top = page.three[2].view(28, 28)[rows.min() : rows.min() + 3] > 0
    assert top.any(0).sum() > 8  # the bar of the 7
    assert page.small.view(28, 28)[0].min() > 0.7  # paper, which MNIST has in black


#: One of each kind of file that cameras, scanners, tablets, pens and boards make of a digit.
BROUGHT = [
    "RGB JPEG",
    "CMYK JPEG",
    "RGBA, black on clear",
    "GIF, clear ground",
    "EXIF 6",
]
BROUGHT += [
    "16 bit PNG",
    "float TIFF up to 1",
    "1 bit",
    "blackboard",
    "ballpoint, 2 % wide",
]


@pytest.mark.parametrize("kind", BROUGHT)
def test_ones_own_photo_may_take_the_place_of_the_cell_that_draws_one(
    page, monkeypatch, tmp_path, kind
):
    told = [re.findall("``(photo = .*?)``", prose(lang, NAME)) for lang in ("en", "zh")]
    assert told[0] == told[1]
    [instead] = told[0]
    path = photos.write(kind, DRAWINGS[7]["strokes"], tmp_path)
    path.rename(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", plt.close)
    names = vars(page) | {"show_digits": lambda *_, **__: None}
    exec(instead, names)
    exec(cell_with("three = "), names)
    assert names["three"].shape == (3, 784)
    assert names["three"].isfinite().all()
    assert torch.equal(names["three"][2], like_mnist(ink_of(tmp_path / "photo.jpg")))
    names["photo"].close()


def test_a_blank_sheet_in_place_of_the_photo_is_the_error_that_the_page_tells_of(
    page,
):
    names = vars(page) | {"photo": Image.new("RGB", (300, 400), (240, 240, 235))}
    with pytest.raises(RuntimeError, match="there is no ink"):
        exec(cell_with("three = "), names)


def test_words_on_the_figures_are_explained_in_chinese():
    text = prose("zh", NAME)
    for word in ["step", "lr", "loss"]:
        assert f"``{word}``" in text


# What the page says about PyTorch and Python


def test_adamw_shrinks_a_parameter_by_its_share_apart_from_the_gradient():
    moved = []
    for decay in (0.0, 0.5):
        p = torch.full((1,), 3.0, requires_grad=True)
        opt = optim.AdamW([p], lr=0.1, weight_decay=decay)
        p.grad = torch.full((1,), 2.0)
        opt.step()
        moved.append(p.item())
    assert moved[1] == pytest.approx(moved[0] - 0.1 * 0.5 * 3.0)


def test_adamw_moves_parameters_with_small_gradients_as_far_as_those_with_large_ones():
    p = torch.zeros(2, requires_grad=True)
    opt = optim.AdamW([p], lr=0.1, weight_decay=0)
    for _ in range(3):
        p.grad = torch.tensor([1e-3, 1e3])
        opt.step()
    assert p.tolist() == pytest.approx([-0.3, -0.3], rel=1e-3)


def test_a_module_list_lets_the_module_see_its_parameters_and_calls_nothing():
    layers = nn.ModuleList([nn.Linear(2, 2)])
    assert len(list(layers.parameters())) == 2
    with pytest.raises(NotImplementedError):
        layers(torch.rand(1, 2))


def test_frozen_blocks_in_evaluation_mode_stay_as_they_are():
    model = DeepCNN([2, 2, 2], classes=5)
    model.requires_grad_(False)
    model.head = nn.Linear(32, 5)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    opt = optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    x = torch.rand(8, 1, 28, 28)
    model.train()
    model.blocks.eval()
    features = model.features(x)
    for _ in range(2):
        nn.functional.cross_entropy(model(x), torch.arange(8) % 5).backward()
        opt.step()
        opt.zero_grad()
    changed = [
        k for k, v in model.state_dict().items() if not torch.equal(v, before[k])
    ]
    assert changed == ["head.weight", "head.bias"]
    assert torch.equal(model.features(x), features)


def test_a_new_layer_wants_gradients():
    assert all(p.requires_grad for p in nn.Linear(2, 3).parameters())
    assert conv_block(1, 2)[1].running_mean.requires_grad is False


def test_dropout_draws_from_the_global_generator_and_its_state_can_be_put_back():
    layer, x = nn.Dropout(), torch.ones(50)
    state = torch.get_rng_state()
    first = layer(x)
    assert not torch.equal(layer(x), first)
    torch.set_rng_state(state)
    assert torch.equal(layer(x), first)


def test_a_loader_draws_its_order_from_its_own_generator_alone():
    ds = TensorDataset(torch.arange(20))

    def orders(global_seed):
        torch.manual_seed(global_seed)
        generator = torch.Generator().manual_seed(3)
        dl = DataLoader(ds, batch_size=20, shuffle=True, generator=generator)
        return [next(iter(dl))[0].tolist() for _ in range(2)]

    assert orders(0) == orders(1)
    assert orders(0)[0] != orders(0)[1]


WORKERS = """
import multiprocessing
import sys

print("runs as", __name__, flush=True)

def main():
    worker = multiprocessing.get_context("spawn").Process(target=print, args=("here",))
    worker.start()
    worker.join()
    sys.exit(worker.exitcode)
"""


@pytest.mark.parametrize("guarded", [True, False])
def test_a_fresh_worker_runs_the_file_under_another_name_and_needs_the_guard(
    tmp_path, guarded
):
    program = tmp_path / "workers.py"
    end = 'if __name__ == "__main__":\n    main()\n' if guarded else "main()\n"
    program.write_text(WORKERS + "\n" + end)
    run = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": ""},
        timeout=120,
    )
    assert run.stdout.splitlines()[:2] == ["runs as __main__", "runs as __mp_main__"]
    assert (run.returncode == 0) == guarded
    if guarded:
        assert run.stdout.splitlines()[2] == "here"
    else:
        assert "RuntimeError" in run.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="is about Linux")
def test_workers_are_copies_by_default_up_to_the_version_told():
    ask = "import multiprocessing as m; print(m.get_start_method())"
    run = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    assert (run.stdout.strip() == "fork") == (sys.version_info < (3, 14))


def test_the_small_program_trains_as_main_and_only_defines_as_a_worker(
    page, capsys, tmp_path
):
    start = page.printed.index("__main__:")
    assert page.printed[start : start + 2] == ["__main__:", "classes and functions"]
    (tmp_path / "train.py").write_bytes(page.files["train.py"])
    said = {}
    for name in ("__main__", "__mp_main__"):
        runpy.run_path(str(tmp_path / "train.py"), run_name=name)
        said[name] = capsys.readouterr().out.split("\n")[:-1]
    assert said == {
        "__main__": ["classes and functions", "training"],
        "__mp_main__": ["classes and functions"],
    }


def test_the_exported_model_is_read_back_without_our_classes(
    page, tmp_path, monkeypatch
):
    (tmp_path / "digits.pt2").write_bytes(page.files["digits.pt2"])
    for name in [name for name in sys.modules if name.startswith("mnist_tut")]:
        monkeypatch.setitem(sys.modules, name, None)  # to import it is an error
    module = torch.export.load(tmp_path / "digits.pt2").module()
    assert module(torch.rand(3, 1, 28, 28)).shape == (3, 10)
