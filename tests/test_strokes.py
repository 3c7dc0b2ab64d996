"""The stand-in digits: what a data set must be, and each step of the drawing on its own."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from mnist_tut import strokes
from mnist_tut.strokes import make_strokes

SPREADS = [
    "WARP_SPREAD",
    "JITTER_SPREAD",
    "TURN_SPREAD",
    "SLANT_SPREAD",
    "WIDTH_SPREAD",
]
ALL_STYLES = [
    (digit, text) for digit, texts in strokes.STYLES.items() for text in texts
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
    for name in [*SPREADS, "SLANT_MEAN"]:
        monkeypatch.setattr(strokes, name, 0.0)
    monkeypatch.setattr(strokes, "WIDTH_MEDIAN", 1.0)
    return monkeypatch


def rng(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def same(one, other) -> bool:
    ours, theirs = (
        [t for pair in one for t in pair],
        [t for pair in other for t in pair],
    )
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def line(start: tuple[float, float], end: tuple[float, float], k: int = 200) -> Tensor:
    """One path (1, k, 2) of evenly spaced points."""
    t = torch.linspace(0, 1, k)[:, None]
    return (torch.tensor(start) * (1 - t) + torch.tensor(end) * t)[None]


def one_lift(k: int) -> Tensor:
    return torch.arange(k) == k - 1


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


def test_grey_levels_run_from_bare_paper_to_255_and_touch_every_level(pictures):
    levels = (pictures * 256).long().unique()
    assert torch.equal(levels, torch.arange(256))


def test_ink_is_rounded_to_the_nearest_of_256_levels():
    ink = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 0.5, 1.0])
    levels = strokes.to_grey_levels(ink) * 256
    assert levels.tolist() == [0, 0, 1, 128, 255]


@settings(max_examples=5)
@given(seed=seeds, sizes=sizes)
def test_the_same_seed_gives_the_same_data(seed, sizes):
    assert same(make_strokes(seed, sizes), make_strokes(seed, list(sizes)))


@settings(max_examples=5)
@given(seed=seeds, other=seeds)
def test_another_seed_gives_other_labels_and_other_pictures(seed, other):
    assume(seed != other)
    (x, y), *_ = make_strokes(seed, (40, 0, 0))
    (x_other, y_other), *_ = make_strokes(other, (40, 0, 0))
    assert not torch.equal(y, y_other)
    assert not torch.equal(x, x_other)


def test_the_seed_is_0_unless_given():
    assert same(make_strokes(sizes=(30, 20, 10)), make_strokes(0, (30, 20, 10)))


def test_the_sizes_are_those_of_mnist_unless_given(monkeypatch):
    monkeypatch.setattr(strokes, "draw_part", lambda n, rng: n)
    assert make_strokes() == (50_000, 10_000, 10_000)


def test_no_two_pictures_are_alike_within_or_across_the_parts(parts):
    images = torch.cat([x for x, _ in parts])
    assert len(images.unique(dim=0)) == len(images)


def test_a_larger_later_part_leaves_the_earlier_parts_as_they_are():
    small, large = make_strokes(5, (30, 20, 0)), make_strokes(5, (30, 20, 40))
    assert same(small[:2], large[:2])


def test_the_global_random_state_is_neither_changed_nor_read():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = make_strokes(0, (50, 20, 10))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert same(one, make_strokes(0, (50, 20, 10)))


def test_the_default_dtype_and_device_of_the_caller_change_nothing():
    expected = make_strokes(0, (50, 20, 10))
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            found = make_strokes(0, (50, 20, 10))
    finally:
        torch.set_default_dtype(before)
    assert same(found, expected)


def test_the_ten_digits_are_equally_likely():
    labels = make_strokes(1, (4000, 0, 0))[0][1]
    spread = math.sqrt(4000 * 0.1 * 0.9)
    assert (labels.bincount(minlength=10) - 400).abs().max() < 4 * spread


def test_labels_come_in_random_order(parts):
    labels = parts[0][1]
    steps = (labels.diff() % 10).bincount(minlength=10) / (len(labels) - 1)
    # In random order every step from one label to the next is as likely as any other.
    assert (steps - 0.1).abs().max() < 0.02


@pytest.mark.parametrize(
    "seed", [-1, 2**32, 0.0, 1.5, "0", None, True, torch.tensor(0)]
)
def test_a_bad_seed_is_refused_by_name_with_the_remedy(seed):
    with pytest.raises(
        ValueError, match=r"seed must be a whole number from 0 to 2\*\*32 - 1, not"
    ):
        make_strokes(seed, (1, 1, 1))


@pytest.mark.parametrize("sizes", [100, None, "abc", (), (1, 2), [1, 2, 3, 4]])
def test_anything_but_three_sizes_is_refused_with_the_remedy(sizes):
    with pytest.raises(
        ValueError, match=r"sizes must be three numbers \(train, valid, test\), not"
    ):
        make_strokes(0, sizes)


@pytest.mark.parametrize("size", [-1, 1.0, "1", None, True])
@pytest.mark.parametrize(("place", "name"), [(0, "train"), (1, "valid"), (2, "test")])
def test_a_bad_size_is_refused_by_the_name_of_its_part(size, place, name):
    sizes = [1, 1, 1]
    sizes[place] = size
    message = f"the {name} size must be a whole number of at least 0, not {size!r}"
    with pytest.raises(ValueError, match=message):
        make_strokes(0, sizes)


# The pictures as a whole


def test_ink_fits_the_central_20_by_20_box_roughly(pictures):
    inked = pictures > 0
    rows, columns = inked.any(dim=2), inked.any(dim=1)
    longer = torch.maximum(extent(rows), extent(columns))
    assert longer.min() >= 16
    assert longer.max() <= 22
    inside = pictures[:, 4:24, 4:24].sum() / pictures.sum()
    assert inside > 0.98


def extent(inked: Tensor) -> Tensor:
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


def test_the_ones_lean_to_the_right_on_average_but_not_all_of_them(parts, pictures):
    ones = pictures[parts[0][1] == 1]
    pixels = torch.arange(28.0) - 13.5
    y_variance = ones.sum(dim=2) @ pixels**2
    slant = -torch.einsum("nyx,y,x->n", ones, pixels, pixels) / y_variance
    assert slant.mean().item() == pytest.approx(0.31, abs=0.08)
    assert 0.01 < (slant < 0).float().mean() < 0.2


def test_class_means_tell_the_digits_apart_well_but_not_perfectly(parts):
    (x, y), (x_valid, y_valid), _ = parts
    means = torch.stack([x[y == digit].mean(dim=0) for digit in range(10)])
    score = (torch.cdist(x_valid, means).argmin(dim=1) == y_valid).float().mean()
    assert 0.7 < score < 0.95  # MNIST: 0.82


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


def test_every_picture_gets_one_style_of_its_own_digit():
    labels = torch.randint(10, (500,), generator=rng())
    chosen = list(strokes.rows_by_style(labels, rng(1)))
    assert [text for text, _ in chosen] == [text for _, text in ALL_STYLES]
    for (digit, _), (_, rows) in zip(ALL_STYLES, chosen, strict=True):
        assert set(labels[rows].tolist()) <= {digit}
    every_row = torch.cat([rows for _, rows in chosen])
    assert torch.equal(every_row.sort().values, torch.arange(500))


def test_the_styles_of_a_digit_are_equally_likely():
    labels = torch.arange(10).repeat(1200)
    for (digit, _), (_, rows) in zip(
        ALL_STYLES, strokes.rows_by_style(labels, rng()), strict=True
    ):
        share = 1 / len(strokes.STYLES[digit])
        spread = math.sqrt(1200 * share * (1 - share))
        assert abs(len(rows) - 1200 * share) < 4 * spread


def test_every_style_of_every_digit_is_drawn(monkeypatch):
    drawn = {}

    def note(text):
        drawn["now"] = text
        return strokes.Style(torch.zeros(0, 2), torch.zeros(0, 0), torch.zeros(0))

    def count(style, n, rng):
        drawn[drawn.pop("now")] = n
        return torch.ones(n, 28, 28)

    monkeypatch.setattr(strokes, "compile_style", note)
    monkeypatch.setattr(strokes, "draw", count)
    images, _ = strokes.draw_part(2000, rng())
    assert set(drawn) == {text for _, text in ALL_STYLES}
    assert min(drawn.values()) > 0
    assert sum(drawn.values()) == 2000
    assert bool((images > 0).all())


def test_letters_are_tenths_right_and_down():
    assert strokes.read_stroke("ak fb").tolist() == [
        [0.0, 1.0],
        [0.5, pytest.approx(0.1)],
    ]


@pytest.mark.parametrize("text", [text for _, text in ALL_STYLES])
def test_a_style_runs_through_its_points_and_lifts_the_pen_once_per_stroke(text):
    style = strokes.compile_style(text)
    parts = [strokes.read_stroke(part) for part in text.split("/")]
    assert len(style.curve) == strokes.SAMPLES
    assert style.lifts.sum() == len(parts)
    ends = style.lifts.nonzero()[:, 0]
    path = style.curve @ style.points
    torch.testing.assert_close(path[ends], torch.stack([part[-1] for part in parts]))
    starts = torch.cat([torch.tensor([0]), ends[:-1] + 1])
    torch.testing.assert_close(path[starts], torch.stack([part[0] for part in parts]))


@pytest.mark.parametrize(
    ("lengths", "counts"),
    [
        ((0.8,), [56]),
        ((0.5, 0.25, 0.25), [28, 14, 14]),
        ((0.6, 0.3, 0.001), [33, 19, 4]),
    ],
)
def test_strokes_share_the_points_by_length_and_the_shortest_still_gets_four(
    lengths, counts
):
    parts = [line((0, 0), (0, length), 3)[0] for length in lengths]
    assert strokes.share_samples(parts) == counts


# The curve


@given(m=st.integers(2, 12), fine=st.integers(1, 8))
def test_the_curve_passes_through_its_control_points(m, fine):
    basis = strokes.spline_basis(m, (m - 1) * fine + 1)
    torch.testing.assert_close(basis[::fine], torch.eye(m), atol=1e-5, rtol=0)


@given(m=st.integers(2, 12), k=st.integers(2, 60))
def test_the_weights_of_every_curve_point_sum_to_one(m, k):
    basis = strokes.spline_basis(m, k)
    torch.testing.assert_close(basis.sum(dim=1), torch.ones(k))


@given(m=st.integers(4, 12), k=st.integers(2, 60))
def test_between_inner_points_the_curve_reproduces_a_parabola(m, k):
    # The slope at a point is taken from its neighbours, which is exact for a parabola.
    knots, place = torch.arange(float(m)), torch.linspace(0, m - 1, k)
    inner = (place >= 1) & (place <= m - 2)
    curve = strokes.spline_basis(m, k) @ (knots**2 - 3 * knots)
    torch.testing.assert_close(
        curve[inner], (place**2 - 3 * place)[inner], atol=1e-3, rtol=0
    )


def test_halfway_between_two_points_the_weights_are_those_of_catmull_and_rom():
    weights = strokes.catmull_rom(torch.tensor([0.5]))
    torch.testing.assert_close(weights, torch.tensor([[-1.0, 9.0, 9.0, -1.0]]) / 16)


def test_two_points_are_joined_by_a_straight_line():
    curve = strokes.spline_basis(2, 9) @ torch.tensor([[0.0, 1.0], [1.0, 3.0]])
    torch.testing.assert_close(curve[:, 1], 1 + 2 * curve[:, 0])
    assert bool((curve.diff(dim=0) > 0).all())


# The hand


def test_a_steady_hand_leaves_the_points_where_they_are(steady_hand):
    points = torch.rand(3, 5, 2, generator=rng(9)) - 0.5
    moved = strokes.slant_and_turn(strokes.shake(points, rng()), rng())
    torch.testing.assert_close(moved, points)


def test_a_warp_moves_equal_points_equally_and_leaves_the_middle_alone(steady_hand):
    steady_hand.setattr(strokes, "WARP_SPREAD", 0.2)
    points = torch.tensor([[0.0, 0.0], [0.4, -0.3], [0.4, -0.3], [-0.4, 0.3]]).expand(
        6, -1, -1
    )
    moved = strokes.shake(points, rng()) - points
    assert moved[:, 0].abs().max() == 0
    torch.testing.assert_close(moved[:, 1], moved[:, 2])
    assert not torch.allclose(moved[:, 1], -moved[:, 3])  # a warp, not a linear map
    assert len(moved.unique(dim=0)) == 6


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
    assert slips.mean().item() == pytest.approx(0, abs=0.002)
    together = slips.flatten(1).T.corrcoef()
    assert (together - torch.eye(10)).abs().max() < 0.1


def test_slant_moves_the_top_to_the_right_and_keeps_the_height(steady_hand):
    steady_hand.setattr(strokes, "SLANT_MEAN", 0.3)
    top_and_bottom = torch.tensor([[[0.0, -0.5], [0.0, 0.5]]])
    moved = strokes.slant_and_turn(top_and_bottom, rng())
    torch.testing.assert_close(moved, torch.tensor([[[0.15, -0.5], [-0.15, 0.5]]]))


def test_width_stretches_x_alone(steady_hand):
    steady_hand.setattr(strokes, "WIDTH_MEDIAN", 0.5)
    points = torch.rand(4, 5, 2, generator=rng(9))
    moved = strokes.slant_and_turn(points, rng())
    torch.testing.assert_close(moved, points * torch.tensor([0.5, 1.0]))


def test_a_turn_keeps_distances_and_handedness(steady_hand):
    steady_hand.setattr(strokes, "TURN_SPREAD", 1.0)
    points = torch.rand(4, 5, 2, generator=rng(9)) - 0.5
    moved = strokes.slant_and_turn(points, rng())
    assert not torch.allclose(moved, points, atol=0.1)
    torch.testing.assert_close(torch.cdist(moved, moved), torch.cdist(points, points))
    before, after = points[:, :2].det(), moved[:, :2].det()
    torch.testing.assert_close(after, before)


def test_slant_width_and_turn_differ_from_writer_to_writer_by_their_spreads(
    steady_hand,
):
    right = torch.tensor([[1.0, 0.0]]).expand(20_000, -1, -1)
    down = torch.tensor([[0.0, 1.0]]).expand(20_000, -1, -1)
    steady_hand.setattr(strokes, "SLANT_SPREAD", 0.2)
    slant = -strokes.slant_and_turn(down, rng())[..., 0]
    assert slant.std().item() == pytest.approx(0.2, rel=0.03)
    steady_hand.setattr(strokes, "SLANT_SPREAD", 0.0)
    steady_hand.setattr(strokes, "WIDTH_SPREAD", 0.2)
    log_width = strokes.slant_and_turn(right, rng())[..., 0].log()
    assert log_width.std().item() == pytest.approx(0.2, rel=0.03)
    steady_hand.setattr(strokes, "WIDTH_SPREAD", 0.0)
    steady_hand.setattr(strokes, "TURN_SPREAD", 0.1)
    turned = strokes.slant_and_turn(right, rng())
    angle = torch.atan2(turned[..., 1], turned[..., 0])
    assert angle.std().item() == pytest.approx(0.1, rel=0.03)


# The pen


@given(seed=st.integers(0, 1000), size=st.floats(0.1, 10))
def test_path_and_pen_together_fill_the_box_whatever_the_unit(seed, size):
    path = size * torch.rand(3, 6, 2, generator=rng(seed))
    pen = torch.tensor([0.9, 1.5, 2.0])
    fitted = strokes.fit_in_box(path, pen)
    sides = fitted.amax(dim=1) - fitted.amin(dim=1)
    torch.testing.assert_close(sides.amax(dim=1) + 2 * pen, torch.full((3,), 20.0))
    ratio = fitted.diff(dim=1) / path.diff(dim=1)
    torch.testing.assert_close(
        ratio, ratio[:, :1, :1].expand_as(ratio), rtol=1e-2, atol=0
    )


def test_steps_are_distances_but_nothing_where_the_pen_lifts():
    path = torch.tensor([[[0.0, 0.0], [3.0, 4.0], [3.0, 9.0], [4.0, 9.0]]])
    lifts = torch.tensor([False, True, False, True])
    assert strokes.step_lengths(path, lifts).tolist() == [[5.0, 0.0, 1.0, 0.0]]


@given(seed=st.integers(0, 1000))
def test_centring_puts_the_centre_of_mass_at_the_origin_and_moves_the_path_whole(seed):
    path = 20 * torch.rand(3, 6, 2, generator=rng(seed))
    steps = torch.rand(3, 6, generator=rng(seed + 1)) + 0.1
    moved = strokes.centre(path, steps)
    mass_point = (moved * steps[..., None]).sum(dim=1)
    torch.testing.assert_close(mass_point, torch.zeros(3, 2), atol=1e-3, rtol=0)
    torch.testing.assert_close(moved.diff(dim=1), path.diff(dim=1), atol=1e-4, rtol=0)


@pytest.mark.parametrize("pen", [0.9, 1.4, 2.0])
@pytest.mark.parametrize("upright", [True, False])
def test_a_straight_line_is_inked_by_the_distance_from_it_alone(pen, upright):
    ends = [(0.3, -40.0), (0.3, 40.0)]
    path = line(*(ends if upright else [(y, x) for x, y in ends]))
    steps = strokes.step_lengths(path, one_lift(200))
    (image,) = strokes.spread_ink(path, steps, torch.tensor([pen]))
    distance = torch.arange(28.0) - 13.5 - 0.3
    bell = torch.exp(-(distance**2) / (2 * (0.62 * pen) ** 2))
    expected = ((bell - 0.16) / 0.55).clamp(0, 1)
    found = image if upright else image.T
    torch.testing.assert_close(found, expected.expand(28, 28), atol=1e-3, rtol=0)


def test_a_pen_that_slows_down_leaves_no_more_ink():
    start, end = (-30.0, -9.0), (30.0, 5.0)
    even = line(start, end, 150)
    t = torch.linspace(0, 1, 150)[None, :, None]
    slowing = even[:, :1] + (even[:, -1:] - even[:, :1]) * (1.5 * t - 0.5 * t**2)
    images = []
    for path in (even, slowing):
        steps = strokes.step_lengths(path, one_lift(150))
        images.append(strokes.spread_ink(path, steps, torch.tensor([1.5])))
    torch.testing.assert_close(*images, atol=0.05, rtol=0)


def test_x_runs_right_and_y_runs_down():
    path = line((5.0, -9.0), (9.0, -9.0))
    steps = strokes.step_lengths(path, one_lift(200))
    (image,) = strokes.spread_ink(path, steps, torch.tensor([1.0]))
    assert image[:10, 14:].sum() == image.sum() > 0


def test_a_lifted_pen_leaves_no_ink_between_strokes(steady_hand):
    apart = strokes.draw(strokes.compile_style("aa ka/ak kk"), 5, rng())
    joined = strokes.draw(strokes.compile_style("aa ka ak kk"), 5, rng())
    assert apart[:, 10:18].sum() == 0
    assert bool((apart[:, :10].amax(dim=(1, 2)) > 0.9).all())
    assert bool((apart[:, 18:].amax(dim=(1, 2)) > 0.9).all())
    assert bool((joined[:, 10:18].amax(dim=(1, 2)) > 0.9).all())


def test_pens_are_between_the_thinnest_and_the_widest(monkeypatch):
    pens = []
    original = strokes.fit_in_box

    def note(path, pen):
        pens.append(pen)
        return original(path, pen)

    monkeypatch.setattr(strokes, "fit_in_box", note)
    strokes.draw(strokes.compile_style("fa fk"), 1000, rng())
    (pen,) = pens
    assert 0.9 <= pen.min() < 0.92
    assert 1.98 < pen.max() < 2.0
    assert pen.mean().item() == pytest.approx(1.45, abs=0.05)


def test_drawing_no_pictures_gives_none():
    assert strokes.draw(strokes.compile_style("fa fk"), 0, rng()).shape == (0, 28, 28)
