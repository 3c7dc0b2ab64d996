"""What a project of one's own adds to the tutorial's loop."""

import base64
import inspect
import io
import itertools
import json
import os
import pickle
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from support import photos
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.models import better_cnn
from mnist_tut.project import (
    DeepCNN,
    PictureFolder,
    brightness,
    confusion,
    digit_alone,
    eight_bits,
    felt_pen,
    grey_on_white,
    ink_of,
    is_board,
    like_mnist,
    on_a_sheet,
    opened,
    paper_around,
    random_shift,
    read_picture,
    resume,
    save,
    tents,
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
    Image.new("RGB", (28, 28), (255, 255, 255)).save(tmp_path / "white.png")
    assert torch.equal(
        read_picture(tmp_path / "white.png"), torch.full((784,), 255 / 256)
    )


def test_a_file_without_a_picture_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "none.png"):
        with pytest.raises(OSError, match=name):
            read_picture(tmp_path / name)


@pytest.mark.parametrize(
    ("size", "shape"),
    [((30, 28), "30 by 28"), ((28, 56), "28 by 56"), ((1, 1), "1 by")],
)
def test_a_picture_of_another_size_is_named_and_not_read(tmp_path, size, shape):
    Image.new("L", size).save(tmp_path / "large.png")
    with pytest.raises(ValueError, match=f"large.png has {shape}"):
        read_picture(tmp_path / "large.png")


def noise(size=(28, 28), seed=0):
    """Give pixels that no packing makes small: (height, width) uint8."""
    return np.random.default_rng(seed).integers(0, 256, size[::-1], dtype=np.uint8)


def packed(picture, form, **options):
    """Give the bytes of a picture in a file's form."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


NO_PICTURES = {
    "empty": (b"", "is empty"),
    "a web page": (b"\n<!DOCTYPE html><html>", "begins with"),
    "a pointer": (b"version https://git-lfs.github.com", "begins with 'version"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC photo.*JPEG first"),
    "HEIF of another brand": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1", "HEIC photo"),
    "AVIF, cut": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "no picture|whole"),
    "text": (b"seven", "no picture of a kind"),
}
CUT = {
    form: packed(Image.fromarray(noise((90, 90))), form)
    for form in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")
}


@pytest.mark.parametrize("kind", [*NO_PICTURES, *CUT])
def test_what_cannot_be_read_is_named_with_what_it_is(tmp_path, kind):
    content, words = NO_PICTURES.get(kind) or (
        CUT[kind][: len(CUT[kind]) // 2],
        "whole",
    )
    path = tmp_path / "of thousands.jpg"
    path.write_bytes(content)
    for read in (opened, grey_on_white, read_picture, ink_of):
        with pytest.raises(OSError, match=f"of thousands.jpg.*{words}"):
            read(path)


def test_a_cut_file_is_named_if_it_was_opened_before(tmp_path):
    path = tmp_path / "cut.jpg"
    path.write_bytes(CUT["JPEG"][:2000])
    with Image.open(path) as photo, pytest.raises(OSError, match=r"cut\.jpg"):
        ink_of(photo)


def test_a_broken_picture_is_named_by_the_worker_that_meets_it(tmp_path):
    folder_with(tmp_path, "0/1.png", "0/2.png", "1/3.png")
    (tmp_path / "0" / "2.png").write_bytes(CUT["PNG"][:500])
    dl = DataLoader(PictureFolder(tmp_path), 2, num_workers=1)
    with pytest.raises(OSError, match=r"2\.png"):
        list(dl)


# Any picture as grey on white

STEPS = np.tile(np.linspace(0, 255, 28).round(), (28, 1))  # shades of grey
MODES = {
    "L": Image.fromarray(STEPS.astype(np.uint8)),
    "RGB": Image.fromarray(STEPS.astype(np.uint8)).convert("RGB"),
    "CMYK": Image.fromarray(STEPS.astype(np.uint8)).convert("CMYK"),
    "LA": Image.fromarray(STEPS.astype(np.uint8)).convert("LA"),
    "P": Image.fromarray(STEPS.astype(np.uint8)).convert("P"),
    "HSV": Image.fromarray(STEPS.astype(np.uint8)).convert("RGB").convert("HSV"),
    "16 bits": Image.fromarray((STEPS * 257).astype(np.uint16)),
    "12 bits": Image.fromarray((STEPS / 255 * 4095).astype(np.uint16)),
    "8 in 16 bits": Image.fromarray(STEPS.astype(np.uint16)),
    "32 bits": Image.fromarray((STEPS * 2**22).astype(np.int32)),
    "fractions": Image.fromarray((STEPS / 255).astype(np.float32)),
    "float bytes": Image.fromarray(STEPS.astype(np.float32)),
    "float 16 bits": Image.fromarray((STEPS * 257).astype(np.float32)),
    "from -1 to 1": Image.fromarray((STEPS / 127.5 - 1).astype(np.float32)),
    "black on clear": Image.merge(
        "LA",
        [Image.new("L", (28, 28)), Image.fromarray((255 - STEPS).astype(np.uint8))],
    ),
    "white on clear": Image.merge(
        "LA", [Image.new("L", (28, 28), 255), Image.fromarray(STEPS.astype(np.uint8))]
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_pixel_becomes_the_same_shade_of_grey(mode):
    grey = grey_on_white(MODES[mode])
    assert grey.mode == "L"
    assert np.abs(np.array(grey, dtype=float) - STEPS).max() <= 2


def test_eight_bits_take_the_range_that_the_pixels_have():
    dark = Image.fromarray(np.array([[np.nan, 0, 0.5, np.inf]], dtype=np.float32))
    assert np.array(eight_bits(dark)).tolist() == [[0, 0, 128, 0]]
    assert np.array(eight_bits(Image.new("I;16", (1, 1), 255))).tolist() == [[255]]
    assert np.array(eight_bits(Image.new("I;16", (1, 1), 256))).tolist() == [[128]]
    assert np.array(eight_bits(Image.new("F", (1, 1), 1))).tolist() == [[255]]
    assert np.array(eight_bits(Image.new("I", (1, 1), 1))).tolist() == [[1]]


def test_light_ink_on_clear_ground_gets_a_black_sheet_and_clear_corners_do_not():
    ink = Image.new("LA", (28, 28), (255, 0))
    ink.paste((255, 255), (4, 4, 8, 24))
    sheet = np.array(on_a_sheet(ink).convert("L"))
    assert (sheet[10, 5], sheet[10, 20]) == (255, 0)
    rounded = Image.new("LA", (28, 28), (230, 255))
    rounded.paste((0, 0), (0, 0, 3, 3))
    assert np.array(on_a_sheet(rounded).convert("L"))[0, 0] == 255
    half = Image.new("LA", (10, 10), (127, 0))
    half.paste((127, 255), (0, 0, 5, 5))
    assert np.array(on_a_sheet(half).convert("L"))[9, 9] == 255


@pytest.mark.parametrize(
    "name", ["3.JPG", "3.jpeg", "3.PNG", "3.webp", "3.tif", "3.bmp"]
)
def test_a_folder_knows_pictures_by_their_names_in_small_letters_and_capitals(
    tmp_path, name
):
    (tmp_path / "3").mkdir()
    form = Image.registered_extensions()[Path(name).suffix.lower()]
    (tmp_path / "3" / name).write_bytes(packed(MODES["L"], form))
    for other in ("._3.png", ".DS_Store", "Thumbs.db", "notes.txt"):
        (tmp_path / "3" / other).write_text("no picture")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "1.png").write_text("no picture")
    [(picture, label)] = list(PictureFolder(tmp_path))
    assert (picture.shape, label) == ((784,), 3)


def test_a_folder_without_pictures_is_an_error_that_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train is not there.*12\.png"):
        PictureFolder(tmp_path / "train")
    (tmp_path / "3.png").write_bytes(packed(MODES["L"], "PNG"))  # one level too high
    with pytest.raises(FileNotFoundError, match="has no pictures in its folders"):
        PictureFolder(tmp_path)


def folder_with(path, *names):
    for shade, name in enumerate(names):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
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
    for name in ("seven", "-1", "1.5"):
        folder_with(tmp_path / name, "0/1.png", f"{name}/1.png")
        with pytest.raises(ValueError, match=f"{name}: its name is no label"):
            PictureFolder(tmp_path / name)


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
    assert torch.equal(ink_of(dim) > 0.5, ink_of(photo(SEVEN, paper=(140, 115))) > 0.5)
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


@settings(max_examples=10)
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
    assert 20 <= max(sides) <= 23  # with the soft rims
    assert centre == pytest.approx([14, 14], abs=0.1)


def test_a_digit_that_is_as_mnist_has_it_stays_where_it_is():
    square = torch.zeros(28, 28)
    square[4:24, 9:20] = 1
    square[24, 9:20] = 0.09  # less than a tenth does not count for the size
    moved = like_mnist(square)
    assert moved.max() == 255 / 256
    square[24, 9:20] = 0.11  # and this does: 21 rows become 20, 11 columns fewer
    row = like_mnist(square).view(28, 28)[14]
    assert 10 < row.sum() / row.max() < 10.5
    whole = torch.zeros(28, 28, dtype=torch.float64)
    whole[5:24, 9:20] = 0.4
    whole[4, 9:20] = 0.4
    shifted = like_mnist(whole.roll(3, 0)).view(28, 28)
    assert shifted.dtype == torch.float64
    assert centre_and_size(shifted.float())[0] == pytest.approx([14, 14])


def test_the_brightest_pixel_is_as_bright_as_mnists_however_faint_the_ink():
    ink = torch.rand(50, 60)
    assert torch.allclose(like_mnist(ink * 0.01), like_mnist(ink), atol=1e-6)
    assert like_mnist(ink).max() == 255 / 256


@settings(max_examples=30)
@given(st.integers(1, 90), st.floats(0.05, 3), st.floats(-10, 10))
def test_tents_share_out_all_ink_and_bring_its_centre_to_the_middle(n, scale, bend):
    mass = (torch.arange(n, dtype=torch.float64) * bend / n).exp()
    rows = tents(mass, scale)
    assert rows.shape == (28, n)
    assert rows.min() >= 0
    centre = (mass * torch.arange(n)).sum() / mass.sum()
    reach = max(1, 1 / scale)
    for new, row in enumerate(rows):
        place = (new - 14) / scale + centre
        want = [max(0, 1 - abs(old - place) / reach) / reach for old in range(n)]
        assert row.tolist() == pytest.approx([float(x) for x in want], abs=1e-9)


def test_a_sheet_without_ink_is_an_error():
    with pytest.raises(RuntimeError, match="max"):
        like_mnist(torch.zeros(50, 50))


def sheet(kind):
    """Draw nothing, on a sheet that light falls on in some way."""
    rng, clean = np.random.default_rng(0), np.zeros((400, 300))
    return {
        "white": photos.grey(clean + 255),
        "black": photos.grey(clean),
        "tiny": Image.new("L", (1, 1), 200),
        "narrow": Image.new("L", (900, 1), 200),
        "clear": Image.new("RGBA", (300, 400), (0, 0, 0, 0)),
        "noisy": photos.grey(photos.noisy(clean + 240, rng, 20)),
        "small and noisy": photos.grey(photos.noisy(clean[:28, :28] + 200, rng, 5)),
        "lit from a corner": photos.grey(photos.gradient(clean, 110, 255)),
        "dim": photos.grey(photos.gradient(clean, 45, 130)),
        "shadow": photos.grey(photos.shadow(clean, 0.5)),
        "soft shadow": photos.grey(photos.shadow(clean, 0.4, 25)),
        "recycled": photos.grey(photos.fibres(clean, rng)),
        "ruled": photos.grey(photos.ruled(clean)),
        "on a table": photos.grey(photos.framed(clean)),
        "corner of a table": photos.grey(photos.table(clean)),
        "a speck": photos.grey(photos.spotted(clean)),
    }[kind]


BLANK = ["white", "black", "tiny", "narrow", "clear", "noisy", "small and noisy", "dim"]
BLANK += ["lit from a corner", "shadow", "soft shadow", "recycled", "ruled", "a speck"]
BLANK += ["on a table", "corner of a table"]


@pytest.mark.parametrize("kind", BLANK)
def test_a_blank_sheet_is_an_error_with_words(kind):
    with pytest.raises(RuntimeError, match="there is no ink"):
        ink_of(sheet(kind))


# What strangers bring


def reader():
    """Make the page's CNN with the weights that the tests of the pad have: 97 % on MNIST."""
    path = Path(__file__).parent / "site" / "trained-on-mnist.js"
    packed = json.loads(path.read_text().partition(", ")[2].rpartition(")")[0])
    model = nn.Sequential()
    for layer in packed["layers"][:-1]:
        conv = nn.Conv2d(layer["from"], layer["to"], 3, stride=2, padding=1)
        for p, name in ((conv.weight, "weights"), (conv.bias, "bias")):
            planes = np.frombuffer(base64.b64decode(layer[name]), np.uint8).reshape(
                4, -1
            )
            bits = sum(
                plane.astype(np.int64) << shift
                for plane, shift in zip(planes, (24, 16, 8, 0), strict=True)
            )
            steps = np.where(bits % 2, -(bits + 1) // 2, bits // 2) / 2**20
            p.data = torch.tensor(steps, dtype=torch.float32).view(p.shape)
        model += nn.Sequential(conv, nn.ReLU())
    return model + nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


DRAWINGS = json.loads(
    (Path(__file__).parent / "site" / "drawings.json").read_text(encoding="utf-8")
)
# half of the digits, in all manners
CHOSEN = [DRAWINGS[i + 10 * (i % 6)] for i in (2, 3, 4, 6, 7)]


@pytest.mark.parametrize(("number", "kind"), [*enumerate(photos.KINDS)])
def test_digits_are_read_whatever_they_are_written_with_and_kept_as(
    tmp_path, number, kind
):
    net = reader()
    for seed in {number % 5, (number + 2) % 5}:  # of the five, each kind takes two
        path = photos.write(kind, CHOSEN[seed]["strokes"], tmp_path, seed=seed)
        with Image.open(path) as photo:
            ink = ink_of(photo)
        assert max(ink.shape) <= 400
        read = net(like_mnist(ink).view(1, 1, 28, 28)).argmax().item()
        assert read == CHOSEN[seed]["digit"]


def test_chalk_is_told_from_ink():
    for kind in (
        "grey PNG",
        "ballpoint, 1 % wide",
        "blackboard",
        "white on black, thin",
    ):
        with tempfile.TemporaryDirectory() as folder:
            path = photos.write(kind, CHOSEN[3]["strokes"], Path(folder))
            light = torch.tensor(np.array(grey_on_white(path))) / 255
            assert is_board(light) == (kind in ("blackboard", "white on black, thin"))
            ground = brightness(path).median()
            assert ground > 0.8, "a board becomes its negative"


def test_the_paper_under_the_ink_is_as_bright_as_around_it():
    clean = np.zeros((400, 300))
    for light in (photos.gradient(clean, 110, 255), photos.shadow(clean, 0.5)):
        empty = torch.tensor(light / 255, dtype=torch.float32)
        pen = torch.ones_like(empty)
        pen[150:250, 140:160] = 0.2
        far = (paper_around(empty * pen) - empty).abs()
        assert far.mean() < 0.02
        assert far[210:240, 145:155].max() < 0.1
    assert paper_around(torch.zeros(5, 5)).min() == pytest.approx(0.02)


def test_specks_and_what_touches_an_edge_are_dropped_and_parts_of_a_digit_are_not():
    ink = torch.zeros(200, 300)
    ink[50:150, 100:110] = ink[50:60, 130:180] = 1  # a stroke, and one apart
    digit = ink.clone()
    ink[20:22, 250:252] = 1  # a speck
    ink[190:] = 0.8  # an edge
    assert torch.equal(digit_alone(ink), digit)
    cut_out = ink[50:150, 100:180]
    assert torch.equal(digit_alone(cut_out), cut_out)
    with pytest.raises(RuntimeError, match="no ink"):
        digit_alone(ink - digit)


def test_a_thin_line_gets_thicker_and_a_thick_one_stays():
    ink = torch.zeros(200, 200)
    ink[40:160, 100:102] = 1
    thick = felt_pen(ink)
    assert 8 <= (thick[100] > 0).sum() <= 14
    ink[40:160, 90:110] = 1
    assert torch.equal(felt_pen(ink), ink)


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


def test_a_killed_process_goes_on_to_the_bits_of_one_that_was_let_alone(
    data, tmp_path, monkeypatch, capsys
):
    torch.save(list(data[:2]), tmp_path / "data.pt")
    program = tmp_path / "train.py"
    program.write_text(PROGRAM.format(new_run=inspect.getsource(new_run)))

    def call(name, stop):
        return [str(program), str(tmp_path / name), str(stop)]

    def train_here(name):
        monkeypatch.setattr(sys, "argv", call(name, -1))
        runpy.run_path(str(program))
        assert capsys.readouterr().out == "done 30\n"

    train_here("alone.pt")
    with subprocess.Popen(
        [sys.executable, *call("run.pt", 1)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
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
    train_here("run.pt")
    ends = [
        torch.load(tmp_path / name, weights_only=True)
        for name in ("alone.pt", "run.pt")
    ]
    for name, value in ends[0]["model"].items():
        assert torch.equal(value, ends[1]["model"][name]), name
    assert torch.equal(ends[0]["generator"], ends[1]["generator"])
