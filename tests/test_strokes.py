"""The stand-in digits: what a data set must be, and each step of the drawing on its own."""

import math
from itertools import chain

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from mnist_tut import strokes
from mnist_tut.strokes import make_strokes

ALL_STYLES = [
    (int(line[0]), style) for line in strokes.STYLES for style in line[2:].split("; ")
]
seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(*[st.integers(0, 40)] * 3)


@pytest.fixture(scope="module")
def parts():
    return make_strokes(seed=3, sizes=(4000, 1000, 500))


@pytest.fixture(scope="module")
def pictures(parts):
    return parts[0][0].view(-1, 28, 28)


def rng(seed=0):
    return Generator().manual_seed(seed)


def same(one, other):
    pairs = zip(chain(*one), chain(*other), strict=True)
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


def line(start, end, k=200):
    """One path (1, k, 2) of evenly spaced points."""
    t = torch.linspace(0, 1, k)[:, None]
    return (torch.tensor(start) * (1 - t) + torch.tensor(end) * t)[None]


def steps_of(path):
    """The length of path that each point stands for; the pen lifts after the last."""
    return F.pad(path.diff(dim=1).norm(dim=2), (0, 1))


# The data set


@settings(max_examples=6)
@given(seed=seeds, sizes=sizes)
def test_any_seed_and_sizes_give_pictures_and_labels_in_the_form_of_mnist(seed, sizes):
    parts = make_strokes(seed, sizes)
    assert [len(labels) for _, labels in parts] == list(sizes)
    for (images, labels), n in zip(parts, sizes, strict=True):
        assert images.shape == (n, 784)
        assert images.dtype == torch.float32
        assert labels.shape == (n,)
        assert labels.dtype == torch.int64
        level = images * 256
        assert torch.equal(level, level.round().clamp(0, 255))
        assert torch.equal(labels, labels.clamp(0, 9))
        assert bool((images.amax(dim=1) > 0.5).all()) if n else images.numel() == 0


def test_no_two_pictures_are_alike_within_or_across_the_parts(parts):
    images = torch.cat([x for x, _ in parts])
    assert len(images.unique(dim=0)) == len(images)
    assert not torch.equal(parts[0][1][:1000], parts[1][1])


def test_labels_come_in_random_order(parts):
    labels = parts[0][1]
    steps = (labels.diff() % 10).bincount(minlength=10) / (len(labels) - 1)
    # In random order every step from one label to the next is as likely as any other.
    assert (steps - 0.1).abs().max() < 0.02


def test_the_seed_alone_decides():
    first, state = make_strokes(0, (50, 20, 10)), torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            assert same(make_strokes(sizes=(50, 20, 10)), first)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(
        map(
            torch.equal,
            *map(chain.from_iterable, (first, make_strokes(1, (50, 20, 10)))),
        )
    )


# The pictures as a whole


def test_ink_fits_the_central_20_by_20_box_roughly(pictures):
    inked = pictures > 0
    rows, columns = inked.any(dim=2), inked.any(dim=1)
    longer = torch.maximum(extent(rows), extent(columns))
    assert longer.min() >= 16
    assert longer.max() <= 22
    inside = pictures[:, 4:24, 4:24].sum() / pictures.sum()
    assert inside > 0.98


def extent(inked):
    """From the first to the last True of each row, both included."""
    first = inked.int().argmax(dim=1)
    last = 27 - inked.flip(1).int().argmax(dim=1)
    return last - first + 1


def test_pictures_are_centred_by_mass(pictures):
    pixels = torch.arange(28.0) - 13.5
    mass = pictures.sum(dim=(1, 2))
    x = pictures.sum(dim=1) @ pixels / mass
    y = pictures.sum(dim=2) @ pixels / mass
    # Ink saturates where lines cross, so the centre is off by a fraction of a pixel.
    assert torch.maximum(x.abs(), y.abs()).max() < 1.25
    assert torch.hypot(x, y).mean() < 0.25


#: Share of ink, of pixels with ink and of white ones; then means of powers of x and y over the ink.
INK = [0.1216, 0.1753, 0.0797]
POWERS = {(2, 0): 14.749, (0, 2): 25.6, (1, 1): -6.166, (4, 0): 540.2, (1, 2): -5.141}
#: Of each digit, the share of ink.
DIGITS = [0.1436, 0.0631, 0.1308, 0.1196, 0.1163, 0.115, 0.1305, 0.1023, 0.1601, 0.1343]


def test_pen_hand_and_styles_are_those_to_which_the_lesson_is_tuned(parts, pictures):
    # Whoever changes the drawing on purpose trains the tutorial's models again, and these follow.
    ink = [pictures.mean(), (pictures > 0).float().mean(), (pictures > 0.99).sum()]
    ink[2] = ink[2] / pictures.numel()
    assert [v.item() for v in ink] == pytest.approx(INK, rel=2e-3)
    pixels = torch.arange(28.0) - 13.5
    for (i, j), known in POWERS.items():
        moments = pictures * pixels**i * pixels[:, None] ** j
        mean = (moments.sum(dim=(1, 2)) / pictures.sum(dim=(1, 2))).mean()
        assert mean.item() == pytest.approx(known, rel=2e-3)
    labels = parts[0][1]
    shares = [pictures[labels == digit].mean().item() for digit in range(10)]
    assert shares == pytest.approx(DIGITS, rel=2e-3)


def test_logistic_regression_learns_each_digit_but_not_all_pictures(parts):
    (x, y), (x_valid, y_valid), _ = parts
    weights = torch.zeros(784, 10, requires_grad=True)
    for _ in range(100):
        (slope,) = torch.autograd.grad(F.cross_entropy(x @ weights, y), weights)
        weights = (weights - 0.5 * slope).detach().requires_grad_()
    right = (x_valid @ weights).argmax(dim=1) == y_valid
    assert 0.8 < right.float().mean() < 0.97
    assert min(right[y_valid == digit].float().mean() for digit in range(10)) > 0.6


# Styles


def test_every_style_of_every_digit_is_drawn_and_all_are_equally_likely(monkeypatch):
    drawn = []

    def note(style, n, rng):
        drawn.append((style, n))
        return torch.ones(n, 28, 28)

    monkeypatch.setattr(strokes, "draw", note)
    images, labels = strokes.draw_part(40_000, rng())
    assert [style for style, _ in drawn] == [text for _, text in ALL_STYLES]
    assert bool((images > 0).all())  # each picture was drawn in one style
    for digit in range(10):
        counts = [
            n for (_, n), (d, _) in zip(drawn, ALL_STYLES, strict=True) if d == digit
        ]
        assert sum(counts) == (labels == digit).sum()
        share = 1 / len(counts)
        spread = math.sqrt(sum(counts) * share * (1 - share))
        assert all(abs(n - sum(counts) * share) < 4 * spread for n in counts)


@pytest.mark.parametrize("text", [text for _, text in ALL_STYLES])
def test_a_style_runs_through_its_points_and_lifts_the_pen_once_per_stroke(text):
    points, curve, lifts = strokes.compile_style(text)
    parts = [strokes.read_stroke(part) for part in text.split("/")]
    assert len(curve) == strokes.SAMPLES
    ends = lifts.nonzero()[:, 0]
    starts = torch.cat([torch.tensor([0]), ends[:-1] + 1])
    path = curve @ points
    torch.testing.assert_close(path[ends], torch.stack([part[-1] for part in parts]))
    torch.testing.assert_close(path[starts], torch.stack([part[0] for part in parts]))


# The curve


@given(m=st.integers(2, 12), fine=st.integers(1, 8))
def test_the_curve_passes_through_its_control_points(m, fine):
    basis = strokes.spline_basis(m, (m - 1) * fine + 1)
    torch.testing.assert_close(basis[::fine], torch.eye(m), atol=1e-5, rtol=0)


# The pen


@pytest.mark.parametrize("pen", [0.9, 1.4, 2.0])
@pytest.mark.parametrize("upright", [True, False])
def test_a_straight_line_is_inked_by_the_distance_from_it_alone(pen, upright):
    ends = [(0.3, -40.0), (0.3, 40.0)]
    path = line(*(ends if upright else [(y, x) for x, y in ends]))
    (image,) = strokes.spread_ink(path, steps_of(path), torch.tensor([pen]))
    distance = torch.arange(28.0) - 13.5 - 0.3
    bell = torch.exp(-(distance**2) / (2 * (0.62 * pen) ** 2))
    expected = ((bell - 0.16) / 0.55).clamp(0, 1)
    found = image if upright else image.T
    torch.testing.assert_close(found, expected.expand(28, 28), atol=1e-3, rtol=0)
