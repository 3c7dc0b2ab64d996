"""The stand-in digits: what a data set must be, and each step of the drawing on its own."""

import math
from itertools import chain

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from mnist_tut.mnist import strokes
from mnist_tut.mnist.strokes import make_strokes

SPREADS = ("WARP", "JITTER", "TURN", "SLANT", "WIDTH")
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


@pytest.fixture
def steady_hand(monkeypatch):
    """Write with every point where it belongs, neither leaning nor narrow."""
    for name in [*(f"{spread}_SPREAD" for spread in SPREADS), "SLANT_MEAN"]:
        monkeypatch.setattr(strokes, name, 0.0)
    monkeypatch.setattr(strokes, "WIDTH_MEDIAN", 1.0)
    return monkeypatch


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


def test_ink_covers_about_as_much_of_the_picture_as_in_mnist(pictures):
    assert pictures.mean().item() == pytest.approx(0.13, abs=0.02)  # MNIST: 0.13


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


def test_every_eight_is_closed():
    for style in [text for digit, text in ALL_STYLES if digit == 8]:
        points, *_ = strokes.compile_style(style)
        assert torch.equal(points[0], points[-1])


def test_strokes_share_the_points_by_length_and_the_shortest_still_gets_four():
    for style, ends in (
        ("aa ia", [56]),
        ("aa fa/aa ca fa", [28, 56]),
        ("aa ka/aa ka/aa ba", [25, 52, 56]),
    ):
        *_, lifts = strokes.compile_style(style)
        assert (lifts.nonzero()[:, 0] + 1).tolist() == ends


# The curve


@given(m=st.integers(2, 12), fine=st.integers(1, 8))
def test_the_curve_passes_through_its_control_points(m, fine):
    basis = strokes.spline_basis(m, (m - 1) * fine + 1)
    torch.testing.assert_close(basis[::fine], torch.eye(m), atol=1e-5, rtol=0)


def test_halfway_between_two_points_the_weights_are_those_of_catmull_and_rom():
    weights = strokes.spline_basis(4, 7)[3]
    torch.testing.assert_close(weights, torch.tensor([-1.0, 9.0, 9.0, -1.0]) / 16)


# The hand


def test_a_steady_hand_leaves_the_points_where_they_are(steady_hand):
    points = torch.rand(3, 5, 2, generator=rng(9)) - 0.5
    torch.testing.assert_close(strokes.shake(points, rng()), points)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_warp_of_a_point_spreads_as_the_sum_of_its_powers(steady_hand, axis):
    steady_hand.setattr(strokes, "WARP_SPREAD", 0.2)
    x, y = 0.4, -0.5
    points = torch.tensor([[x, y]]).expand(20_000, -1, -1)
    moved = strokes.shake(points, rng()) - points
    powers = [x**2, y**2, x * y, x**3, y**3, x]
    expected = 0.2 * math.sqrt(sum(power**2 for power in powers))
    assert moved[..., axis].std().item() == pytest.approx(expected, rel=0.03)


def test_every_point_slips_by_itself_by_the_jitter(steady_hand):
    steady_hand.setattr(strokes, "JITTER_SPREAD", 0.06)
    slips = strokes.shake(torch.zeros(2000, 5, 2), rng())
    assert slips.std().item() == pytest.approx(0.06, rel=0.03)
    together = slips.flatten(1).T.corrcoef()
    assert (together - torch.eye(10)).abs().max() < 0.1


def test_slant_moves_the_top_to_the_right_and_width_stretches_x_alone(steady_hand):
    corners = torch.tensor([[[0.2, -0.5], [0.2, 0.5]]])
    steady_hand.setattr(strokes, "WIDTH_MEDIAN", 0.5)
    steady_hand.setattr(strokes, "SLANT_MEAN", 0.3)
    moved = strokes.shake(corners, rng())
    torch.testing.assert_close(moved, torch.tensor([[[0.25, -0.5], [-0.05, 0.5]]]))


def test_a_turn_keeps_distances_and_handedness(steady_hand):
    steady_hand.setattr(strokes, "TURN_SPREAD", 1.0)
    points = torch.rand(4, 5, 2, generator=rng(9)) - 0.5
    moved = strokes.shake(points, rng())
    assert not torch.allclose(moved, points, atol=0.1)
    torch.testing.assert_close(torch.cdist(moved, moved), torch.cdist(points, points))
    torch.testing.assert_close(moved[:, :2].det(), points[:, :2].det())


@pytest.mark.parametrize("name", ["SLANT", "WIDTH", "TURN"])
def test_slant_width_and_turn_differ_from_writer_to_writer_by_their_spreads(
    steady_hand, name
):
    steady_hand.setattr(strokes, f"{name}_SPREAD", 0.1)
    point = torch.tensor([[0.0, 1.0] if name == "SLANT" else [1.0, 0.0]])
    moved = strokes.shake(point.expand(20_000, -1, -1), rng())
    x, y = moved.unbind(-1)
    found = {"SLANT": x, "WIDTH": x.log(), "TURN": torch.atan2(y, x)}[name]
    assert found.std().item() == pytest.approx(0.1, rel=0.03)


# The pen


@given(seed=st.integers(0, 1000), size=st.floats(0.1, 10))
def test_path_and_pen_fill_the_box_and_the_centre_of_mass_is_the_middle(seed, size):
    path = size * torch.rand(3, 6, 2, generator=rng(seed))
    pen = torch.tensor([0.9, 1.5, 2.0])
    lifts = torch.arange(6) == 5
    fitted, steps = strokes.fit(path, lifts, pen)
    sides = fitted.amax(dim=1) - fitted.amin(dim=1)
    torch.testing.assert_close(sides.amax(dim=1) + 2 * pen, torch.full((3,), 20.0))
    ratio = fitted.diff(dim=1) / path.diff(dim=1)
    torch.testing.assert_close(
        ratio, ratio[:, :1, :1].expand_as(ratio), rtol=0.01, atol=0
    )
    torch.testing.assert_close(steps, steps_of(fitted))
    mass_point = (fitted * steps[..., None]).sum(dim=1)
    torch.testing.assert_close(mass_point, torch.zeros(3, 2), atol=1e-3, rtol=0)


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


def test_x_runs_right_and_y_runs_down():
    path = line((5.0, -9.0), (9.0, -9.0))
    (image,) = strokes.spread_ink(path, steps_of(path), torch.tensor([1.0]))
    assert image[:10, 14:].sum() == image.sum() > 0


def test_between_two_strokes_there_is_no_ink(steady_hand):
    apart = strokes.draw("aa ka/ak kk", 5, rng())
    joined = strokes.draw("aa ka ak kk", 5, rng())
    assert apart[:, 10:18].sum() == 0
    assert bool((apart[:, :10].amax(dim=(1, 2)) > 0.9).all())
    assert bool((apart[:, 18:].amax(dim=(1, 2)) > 0.9).all())
    assert bool((joined[:, 10:18].amax(dim=(1, 2)) > 0.9).all())


def test_pens_are_between_the_thinnest_and_the_widest(monkeypatch):
    pens = []

    def note(path, steps, pen):
        pens.append(pen)
        return path

    monkeypatch.setattr(strokes, "spread_ink", note)
    strokes.draw("fa fk", 1000, rng())
    (pen,) = pens
    assert 0.9 <= pen.min() < 0.92
    assert 1.98 < pen.max() < 2.0
    assert pen.mean().item() == pytest.approx(1.45, abs=0.05)
