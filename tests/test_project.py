"""What a project of one's own adds to the tutorial's loop."""

import inspect
import itertools
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.models import better_cnn
from mnist_tut.project import (
    DeepCNN,
    PictureFolder,
    confusion,
    ink_of,
    like_mnist,
    random_shift,
    read_picture,
    resume,
    save,
    train_epoch,
)

# Pictures from files


def test_a_written_picture_is_read_back_to_the_bit(tmp_path, data):
    row = data[0][0]
    pixels = (row.view(28, 28) * 256).byte().numpy()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = read_picture(tmp_path / "a.png")
    assert torch.equal(read, row)
    assert read.dtype == torch.float32


def test_colours_become_shades_of_grey(tmp_path):
    Image.new("RGB", (3, 2), (255, 255, 255)).save(tmp_path / "white.png")
    assert torch.equal(
        read_picture(tmp_path / "white.png"), torch.full((6,), 255 / 256)
    )


def test_a_file_without_a_picture_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "none.png"):
        with pytest.raises(OSError, match=name):
            read_picture(tmp_path / name)


def folder_with(path, *names):
    for shade, name in enumerate(names):
        (path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (28, 28), shade).save(path / name)
    return path


def test_a_folder_gives_its_pictures_in_the_order_of_their_names(tmp_path):
    ds = PictureFolder(folder_with(tmp_path, "7/2.png", "0/1.png", "7/1.png"))
    assert len(ds) == 3
    assert [label for _, label in ds] == [0, 7, 7]
    assert [int(picture[0] * 256) for picture, _ in ds] == [1, 2, 0]
    xb, yb = next(iter(DataLoader(ds, batch_size=3)))
    assert xb.shape == (3, 784)
    assert yb.dtype == torch.int64


def test_a_folder_that_bears_no_number_is_an_error_that_quotes_it(tmp_path):
    ds = PictureFolder(folder_with(tmp_path, "seven/1.png"))
    with pytest.raises(ValueError, match="seven"):
        ds[0]


# One's own handwriting


def photo(lines, size=(400, 300), paper=(245, 205), pen=45, width=16):
    """Draw a photo of dark lines on paper that is lit from one side."""
    light = np.linspace(*paper, size[0]).astype(np.uint8)
    picture = Image.fromarray(np.tile(light, (size[1], 1)))
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=pen, width=width, joint="curve")
    return picture


SEVEN = [[(190, 60), (270, 62), (225, 190)]]


def test_ink_is_bright_and_paper_is_black_however_it_is_lit():
    ink = ink_of(photo(SEVEN))
    assert ink.shape == (300, 400)
    assert ink.max() == 1
    assert ink[61, 230] > 0.8  # on the pen's way
    border = torch.cat(
        [ink[:40].flatten(), ink[:, :150].flatten(), ink[:, 320:].flatten()]
    )
    assert border.max() == 0


def test_a_bright_spot_on_a_dim_sheet_does_not_turn_paper_into_ink():
    dim = photo(SEVEN, paper=(140, 115))
    ImageDraw.Draw(dim).rectangle([(20, 20), (60, 60)], fill=255)
    assert torch.equal(ink_of(dim) > 0, ink_of(photo(SEVEN, paper=(140, 115))) > 0)
    assert (ink_of(dim) > 0).float().mean() < 0.05


def test_colour_photos_will_do():
    grey = photo(SEVEN)
    assert torch.equal(ink_of(grey.convert("RGB")), ink_of(grey))


def centre_and_size(row):
    picture = row.view(28, 28)
    rows, columns = picture.nonzero().unbind(1)
    steps = torch.arange(28.0)
    centre = [(picture.sum(dim) @ steps / picture.sum()).item() for dim in (1, 0)]
    sides = [(i.max() - i.min() + 1).item() for i in (rows, columns)]
    return centre, sides


@given(
    st.integers(40, 200), st.integers(40, 200), st.floats(0.5, 1.5), st.integers(6, 24)
)
def test_ink_ends_up_as_mnist_has_it_wherever_it_was_and_however_large(
    x, y, scale, width
):
    points = [(x + a * scale, y + b * scale) for a, b in [(0, 0), (80, 2), (35, 90)]]
    centre, sides = centre_and_size(
        like_mnist(ink_of(photo([points], (500, 400), width=width)))
    )
    assert max(sides) == 20
    assert centre == pytest.approx([13.5, 13.5], abs=0.51)


def test_a_picture_of_mnist_stays_nearly_where_it_is(data):
    square = torch.zeros(28, 28)
    square[4:24, 9:19] = 1
    assert torch.equal(like_mnist(square), square.view(-1))


def test_a_single_stroke_keeps_its_form_and_the_edges_hold_it():
    thin = torch.zeros(200, 200)
    thin[10:190, 100] = 1
    assert centre_and_size(like_mnist(thin))[1] == [20, 1]
    lopsided = torch.full((20, 20), 0.001)
    lopsided[0, 0] = 100.0
    assert like_mnist(lopsided).view(28, 28)[8, 8] == 100  # not beyond the edge


def test_the_ink_is_cut_out_to_the_pixel():
    block = torch.zeros(60, 60)
    block[10:30, 25:45] = 1
    picture = torch.zeros(28, 28)
    picture[4:24, 4:24] = 1
    assert torch.equal(like_mnist(block).view(28, 28), picture)


def test_ink_that_is_heavy_at_the_bottom_begins_at_the_very_edge():
    heavy = torch.zeros(20, 20)
    heavy[:, 10] = 1
    heavy[16:] = 1
    rows = like_mnist(heavy).view(28, 28).sum(dim=1).nonzero().flatten()
    assert rows.tolist() == list(range(20))


def test_a_sheet_without_ink_is_an_error():
    with pytest.raises(RuntimeError, match="min"):
        like_mnist(torch.zeros(50, 50))
    assert ink_of(Image.new("L", (9, 9), 240)).isnan().all()


# Transforms


def test_a_shift_moves_all_pictures_of_a_mini_batch_alike_and_none_comes_back_in():
    x, y = torch.rand(5, 1, 28, 28) + 1, torch.arange(5)
    seen = set()
    for _ in range(200):
        out, labels = random_shift(x, y)
        assert labels is y
        assert out.shape == x.shape
        down, right = ((out[0, 0] > 0).any(dim) for dim in (1, 0))
        empty = (~down).sum().item(), (~right).sum().item()
        i, j = down.int().argmax().item(), right.int().argmax().item()
        move = (i or -empty[0], j or -empty[1])
        seen.add(move)
        rolled = x.roll(move, dims=(2, 3))
        kept = out > 0
        assert torch.equal(out[kept], rolled[kept])
    assert seen == set(itertools.product(range(-2, 3), repeat=2))


def test_a_generator_decides_the_shift_and_nothing_else_does():
    x = torch.rand(2, 1, 28, 28)
    before = torch.get_rng_state()
    first, second = (
        random_shift(x, None, torch.Generator().manual_seed(4))[0] for _ in range(2)
    )
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


# The network


def test_three_blocks_are_the_last_network_of_the_tutorial():
    torch.manual_seed(2)
    known = better_cnn().eval()
    torch.manual_seed(2)
    model = DeepCNN([16, 32, 64]).eval()
    pairs = zip(known.parameters(), model.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs)
    x = torch.rand(3, 1, 28, 28)
    assert torch.equal(model(x), known(x))


def test_blocks_and_classes_are_settings_and_the_features_come_before_the_head():
    model = DeepCNN([4, 6, 8], classes=5)
    x = torch.rand(3, 1, 28, 28)
    assert model(x).shape == (3, 5)
    model.eval()
    assert model.features(x).shape == (3, 128)
    assert torch.equal(model.head(model.features(x)), model(x))
    assert len(DeepCNN([2, 2, 2, 2]).blocks) == 4


# Training with a schedule


def new_run(data, seed=2, epochs=3):
    """Make all that belongs to a run, as the page does."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 10))
    opt = optim.AdamW(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(seed)
    dl = DataLoader(TensorDataset(*data[:2]), 32, shuffle=True, generator=generator)
    schedule = optim.lr_scheduler.OneCycleLR(opt, 0.01, total_steps=epochs * len(dl))
    return model, opt, schedule, generator, dl


def test_an_epoch_takes_a_step_of_the_optimizer_and_of_the_schedule_per_mini_batch(
    data,
):
    model, opt, schedule, _, dl = new_run(data)
    taken = []
    opt.register_step_post_hook(lambda *_: taken.append(opt.param_groups[0]["lr"]))
    model.eval()
    losses = train_epoch(model, opt, schedule, dl)
    assert model.training
    assert [size for _, size in losses] == [32] * 9 + [12]
    assert losses[0][0] > losses[-1][0]
    again = optim.lr_scheduler.OneCycleLR(
        optim.AdamW(nn.Linear(1, 1).parameters()), 0.01, total_steps=30
    )
    planned = []
    for _ in range(10):
        planned += again.get_last_lr()
        again.optimizer.step()
        again.step()
    assert taken == pytest.approx(planned)


def test_an_epoch_with_a_constant_rate_is_what_torch_makes_of_it(data):
    model, *_, dl = new_run(data)
    twin, *_, same = new_run(data)
    opt = optim.SGD(model.parameters(), lr=0.1)
    train_epoch(model, opt, optim.lr_scheduler.ConstantLR(opt, factor=1), dl)
    opt = optim.SGD(twin.parameters(), lr=0.1)
    for xb, yb in same:
        opt.zero_grad()
        F.cross_entropy(twin(xb), yb).backward()
        opt.step()
    pairs = zip(model.parameters(), twin.parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs)


# Mistakes


def test_the_matrix_counts_true_classes_in_rows_and_predictions_in_columns():
    target, guess = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 0, 0])
    matrix = confusion(guess, target, classes=4)
    assert matrix.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0]]
    assert confusion(guess, target).shape == (10, 10)
    assert matrix.dtype == torch.int64


# Stop and go on


def bits(model):
    return torch.cat([value.flatten() for value in model.state_dict().values()])


def test_a_run_that_was_stopped_ends_with_the_same_bits(data, tmp_path):
    model, opt, schedule, _, dl = new_run(data)
    for _ in range(3):
        train_epoch(model, opt, schedule, dl)
    path = tmp_path / "run.pt"
    *run, dl = new_run(data)
    train_epoch(*run[:3], dl)
    save(path, *run)
    for _ in range(2):  # each epoch in a "process" of its own
        *run, dl = new_run(data, seed=5)
        resume(path, *run)
        train_epoch(*run[:3], dl)
        save(path, *run)
    assert torch.equal(bits(run[0]), bits(model))
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("forgotten", ["model", "opt", "schedule", "generator"])
def test_every_part_of_a_checkpoint_is_needed(data, tmp_path, forgotten):
    model, opt, schedule, _, dl = new_run(data)
    for _ in range(2):
        train_epoch(model, opt, schedule, dl)
    *run, dl = new_run(data)
    train_epoch(*run[:3], dl)
    path = tmp_path / "run.pt"
    save(path, *run)
    state = torch.load(path, weights_only=True)
    *run, dl = new_run(data, seed=5)
    fresh = dict(zip(["model", "opt", "schedule"], run, strict=False))
    state[forgotten] = (
        run[3].get_state()
        if forgotten == "generator"
        else fresh[forgotten].state_dict()
    )
    torch.save(state, path)
    resume(path, *run)
    train_epoch(*run[:3], dl)
    assert not torch.equal(bits(run[0]), bits(model))


def test_a_save_that_is_cut_short_leaves_the_last_checkpoint(
    data, tmp_path, monkeypatch
):
    *run, dl = new_run(data)
    path = tmp_path / "run.pt"
    save(path, *run)
    kept = path.read_bytes()
    train_epoch(*run[:3], dl)

    def cut_short(state, file):
        Path(file).write_bytes(b"half a")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", cut_short)
    with pytest.raises(OSError, match="no space"):
        save(path, *run)
    assert path.read_bytes() == kept


def test_a_checkpoint_may_run_no_code_whatever_the_settings_say(
    data, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    *run, _ = new_run(data)
    torch.save({"model": Path("anything but weights")}, tmp_path / "run.pt")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        resume(tmp_path / "run.pt", *run)


def test_a_checkpoint_of_another_model_and_a_missing_one_are_errors(data, tmp_path):
    *run, _ = new_run(data)
    with pytest.raises(FileNotFoundError):
        resume(tmp_path / "none.pt", *run)
    save(tmp_path / "run.pt", *run)
    with pytest.raises(RuntimeError, match="Missing key"):
        resume(tmp_path / "run.pt", DeepCNN([2, 2, 2]), *run[1:])


# A training of three epochs that keeps a checkpoint after each and goes on from what it finds; at
# the place told it says so and waits to be killed.
PROGRAM = """
import sys
import time
from pathlib import Path

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.project import resume, save, train_epoch

{new_run}

def waiting(dl, at):
    for number, batch in enumerate(dl):
        if number == at:
            print("half an epoch", flush=True)
            time.sleep(600)
        yield batch

torch.set_num_threads(1)
path, stop = Path(sys.argv[1]), int(sys.argv[2])
data = torch.load(path.with_name("data.pt"), weights_only=True)
model, opt, schedule, generator, dl = new_run(data)
if path.exists():
    resume(path, model, opt, schedule, generator)
for epoch in range(schedule.last_epoch // len(dl), 3):
    train_epoch(model, opt, schedule, waiting(dl, 5 if epoch == stop else None))
    save(path, model, opt, schedule, generator)
print("done", schedule.last_epoch)
"""


def test_a_killed_process_goes_on_to_the_bits_of_one_that_was_let_alone(data, tmp_path):
    torch.save(list(data[:2]), tmp_path / "data.pt")
    program = tmp_path / "train.py"
    program.write_text(PROGRAM.format(new_run=inspect.getsource(new_run)))
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}

    def call(name, stop):
        return [sys.executable, str(program), str(tmp_path / name), str(stop)]

    alone = subprocess.run(
        call("alone.pt", -1), env=env, capture_output=True, text=True, check=True
    )
    assert alone.stdout == "done 30\n"
    with subprocess.Popen(
        call("run.pt", 1), env=env, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout.readline() == "half an epoch\n"
        finally:
            run.kill()
    assert run.returncode == -signal.SIGKILL
    kept = torch.load(tmp_path / "run.pt", weights_only=True)
    assert (
        kept["schedule"]["last_epoch"] == 10
    )  # one epoch: the second was cut in the middle
    again = subprocess.run(
        call("run.pt", -1), env=env, capture_output=True, text=True, check=True
    )
    assert again.stdout == "done 30\n"
    ends = [
        torch.load(tmp_path / name, weights_only=True)
        for name in ("alone.pt", "run.pt")
    ]
    for name, value in ends[0]["model"].items():
        assert torch.equal(value, ends[1]["model"][name]), name
    assert torch.equal(ends[0]["generator"], ends[1]["generator"])
