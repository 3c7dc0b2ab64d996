import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from mnist_tut import plots
from mnist_tut.plots import (
    COLORS,
    batch_losses,
    digits,
    per_epoch,
    probabilities,
    ratio_bars,
    signed_tiles,
    step_sizes,
    tile,
    use_style,
)

NAN = np.nan


@pytest.fixture
def ax():
    """Give an Axes in the tutorial's style, and draw it in the end to see that it can be drawn."""
    with mpl.rc_context():
        use_style()
        fig, (ax, other) = plt.subplots(2)
        yield ax
        fig.canvas.draw()
        assert not other.has_data()  # every figure keeps to the Axes it was given
        plt.close(fig)


def drawn(ax):
    [image] = ax.images
    return image


def pixels(ax):
    return drawn(ax).get_array().filled(NAN)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def grid_is_visible(axis):
    return any(line.get_visible() for line in axis.get_gridlines())


# use_style


def test_the_style_makes_transparent_figures_with_grey_text_and_no_box(ax):
    assert ax.figure.get_facecolor()[3] == ax.get_facecolor()[3] == 0
    assert mpl.rcParams["savefig.facecolor"] == "none"
    assert ax.xaxis.label.get_color() == ax.yaxis.label.get_color() == plots.GREY
    assert ax.text(0, 0, "text").get_color() == plots.GREY
    assert mpl.rcParams["xtick.color"] == mpl.rcParams["ytick.color"] == plots.GREY
    visible = {side: spine.get_visible() for side, spine in ax.spines.items()}
    assert visible == {"left": True, "bottom": True, "top": False, "right": False}
    assert ax.spines["left"].get_edgecolor() == mpl.colors.to_rgba(plots.GREY)


def test_the_style_draws_lines_in_the_tutorial_s_colours_over_a_grid(ax):
    lines = [ax.plot([0, 1])[0].get_color() for _ in range(5)]
    assert lines == [*COLORS.values(), COLORS["blue"]]
    assert len(set(COLORS.values())) == 4
    assert grid_is_visible(ax.xaxis)
    assert grid_is_visible(ax.yaxis)
    assert ax.figure.get_layout_engine() is not None


def test_the_style_ends_with_the_context_it_was_set_in():
    before = dict(mpl.rcParams)
    with mpl.rc_context():
        use_style()
        assert dict(mpl.rcParams) != before
    assert dict(mpl.rcParams) == before


# tile


def test_tiles_stand_row_by_row_with_nan_between_and_in_places_left_over():
    images = torch.arange(1, 19).view(3, 2, 3)
    expected = [
        [1, 2, 3, NAN, 7, 8, 9],
        [4, 5, 6, NAN, 10, 11, 12],
        [NAN] * 7,
        [13, 14, 15, NAN, NAN, NAN, NAN],
        [16, 17, 18, NAN, NAN, NAN, NAN],
    ]
    np.testing.assert_array_equal(tile(images, cols=2, gap=1), expected)


def test_tiles_without_a_gap_touch():
    images = torch.arange(1, 13).view(3, 2, 2)
    expected = [[1, 2, 5, 6], [3, 4, 7, 8], [9, 10, NAN, NAN], [11, 12, NAN, NAN]]
    np.testing.assert_array_equal(tile(images, cols=2, gap=0), expected)


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_there_are_as_many_rows_of_tiles_as_the_pictures_need(n, rows):
    grid = tile(torch.ones(n, 4, 5), cols=3, gap=2)
    assert grid.shape == (rows * 6 - 2, 3 * 7 - 2)
    assert np.nansum(grid) == n * 20


def test_tiles_stand_ten_in_a_row_two_pixels_apart_unless_asked_otherwise():
    assert tile(torch.ones(11, 4, 5)).shape == (2 * 6 - 2, 10 * 7 - 2)


def test_a_negative_gap_is_refused():
    with pytest.raises(ValueError, match="gap must be at least 0 pixels, not -1"):
        tile(torch.ones(1, 2, 2), gap=-1)


def test_tiles_are_doubles_and_need_no_detaching():
    grid = tile(torch.ones(1, 2, 2, requires_grad=True))
    assert isinstance(grid, np.ndarray)
    assert grid.dtype == np.float64


@pytest.mark.parametrize(
    "shape", [(0, 28, 28), (2, 0, 3), (28, 28), (5, 784), (2, 1, 28, 28)]
)
def test_tiles_need_a_stack_of_pictures(shape):
    with pytest.raises(
        ValueError, match=r"need pictures of shape \(n, height, width\)"
    ) as refused:
        tile(torch.zeros(shape))
    assert str(shape) in str(refused.value)


def test_tiles_need_at_least_one_column():
    with pytest.raises(ValueError, match=r"^cols must be"):
        tile(torch.zeros(1, 2, 2), cols=0)


# digits


def test_a_sheet_of_digits_shows_the_pictures_white_on_black(ax):
    images = torch.rand(23, 28, 28)
    assert digits(images, ax) is ax
    np.testing.assert_array_equal(pixels(ax), tile(images, 10, 2))
    assert drawn(ax).get_clim() == (0, 1)
    assert drawn(ax).cmap(0.0)[:3] == (0, 0, 0)
    assert drawn(ax).cmap(1.0)[:3] == (1, 1, 1)
    assert drawn(ax).get_interpolation() == "nearest"
    assert texts(ax) == []
    assert not ax.axison
    assert not grid_is_visible(ax.xaxis)


def test_flat_rows_are_drawn_as_pictures_of_28_by_28(ax):
    x = torch.rand(7, 784)
    digits(x, ax, cols=3)
    np.testing.assert_array_equal(pixels(ax), tile(x.view(7, 28, 28), 3, 2))


def test_pictures_of_another_size_are_drawn_when_they_are_square_already(ax):
    images = torch.rand(4, 9, 5)
    digits(images, ax)
    np.testing.assert_array_equal(pixels(ax), tile(images))


@pytest.mark.parametrize("draw", [digits, signed_tiles])
def test_each_label_stands_in_the_free_space_above_the_middle_of_its_picture(ax, draw):
    labels = list("abcdefgh")
    assert draw(torch.rand(8, 28, 20), ax, labels, cols=3) is ax
    assert texts(ax) == labels
    height, width = pixels(ax).shape
    gap = (height - 3 * 28) // 2
    assert (height, width) == (3 * (28 + gap) - gap, 3 * (20 + gap) - gap)
    for i, text in enumerate(ax.texts):
        row, column = divmod(i, 3)
        x, y = text.get_position()
        assert x == column * (20 + gap) + 10
        assert row * (28 + gap) - gap < y < row * (28 + gap)
        assert (text.get_ha(), text.get_va()) == ("center", "bottom")


@pytest.mark.parametrize("draw", [digits, signed_tiles])
def test_pictures_stand_further_apart_when_they_are_labelled(ax, draw):
    draw(torch.rand(12, 28, 28), ax)
    close = pixels(ax).shape
    ax.clear()
    draw(torch.rand(12, 28, 28), ax, ["x"] * 12)
    assert pixels(ax).shape > close


@pytest.mark.parametrize("draw", [digits, signed_tiles])
@pytest.mark.parametrize("n", [0, 3, 5])
def test_a_sheet_with_a_wrong_number_of_labels_is_refused_with_both_numbers(
    ax, draw, n
):
    with pytest.raises(ValueError, match=f"^4 pictures but {n} labels: give one each"):
        draw(torch.rand(4, 28, 28), ax, ["x"] * n)


@pytest.mark.parametrize("draw", [digits, signed_tiles])
def test_a_sheet_without_pictures_is_refused(ax, draw):
    with pytest.raises(ValueError, match=r"need pictures .* got \(0, 28, 28\)"):
        draw(torch.zeros(0, 28, 28), ax)


def test_flat_rows_without_784_pixels_are_refused(ax):
    with pytest.raises(RuntimeError, match=r"28, 28.*1024"):
        digits(torch.zeros(49, 1024), ax)


def test_weights_that_are_no_pictures_are_refused(ax):
    with pytest.raises(ValueError, match=r"need pictures .* got \(4, 784\)"):
        signed_tiles(torch.zeros(4, 784), ax)


# signed_tiles


@pytest.mark.parametrize("sign", [1, -1])
def test_weights_share_one_colour_scale_symmetric_about_zero(ax, sign):
    weights = torch.zeros(12, 28, 28)
    weights[3, 4, 5], weights[11, 0, 0] = sign * 2.5, sign * -1.0
    assert signed_tiles(weights.requires_grad_(), ax) is ax
    np.testing.assert_array_equal(pixels(ax), tile(weights, 10, 3))
    assert drawn(ax).get_clim() == (-2.5, 2.5)
    assert not ax.axison


def test_weights_that_add_are_orange_those_that_take_away_blue_and_zero_is_pale(ax):
    signed_tiles(torch.tensor([[[-1.0, 0.0, 1.0]]]), ax)
    blue, pale, orange = drawn(ax).to_rgba(np.array([-0.7, 0, 0.7]))[:, :3]
    assert orange[0] > orange[1] > orange[2]
    assert blue[2] > blue[1] > blue[0]
    assert min(pale) > 0.9


def test_weights_that_are_all_zero_are_drawn_pale(ax):
    signed_tiles(torch.zeros(2, 5, 5), ax)
    assert drawn(ax).get_clim() == (-1, 1)


def test_small_kernels_stand_at_least_one_pixel_apart(ax):
    signed_tiles(torch.ones(4, 3, 3), ax, cols=2)
    assert pixels(ax).shape == (7, 7)


# probabilities


def test_probabilities_are_drawn_one_row_per_picture_between_0_and_1(ax):
    log_probs = torch.randn(4, 10).log_softmax(1).requires_grad_()
    assert probabilities(log_probs, torch.tensor([3, 0, 9, 3]), ax) is ax
    np.testing.assert_allclose(drawn(ax).get_array(), log_probs.detach().exp().numpy())
    assert drawn(ax).get_clim() == (0, 1)
    assert tick_labels(ax.xaxis) == [str(digit) for digit in range(10)]
    assert ax.get_yticks().tolist() == [0, 1, 2, 3]
    assert tick_labels(ax.yaxis) == ["3", "0", "9", "3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert not grid_is_visible(ax.xaxis)
    assert not grid_is_visible(ax.yaxis)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [(0, 0, "the batch is empty"), (2, 3, "2 rows but 3 labels")],
)
def test_probabilities_without_one_label_per_row_are_refused(ax, rows, labels, message):
    with pytest.raises(ValueError, match=message):
        probabilities(torch.zeros(rows, 10), torch.zeros(labels).long(), ax)


# batch_losses


@pytest.mark.parametrize("window", [1, 3, 7])
def test_losses_are_drawn_with_the_mean_of_the_last_few(ax, window):
    losses = [4.0, 1.0, 2.5, 0.5, 3.0, 0.25, 1.0]
    assert batch_losses(losses, ax, window=window) is ax
    each, mean = ax.lines
    assert each.get_xdata().tolist() == list(range(7))
    assert list(each.get_ydata()) == losses
    ends = range(window - 1, 7)
    assert mean.get_xdata().tolist() == list(ends)
    wanted = [sum(losses[end - window + 1 : end + 1]) / window for end in ends]
    assert mean.get_ydata().tolist() == pytest.approx(wanted)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "each mini-batch",
        f"mean of the last {window}",
    ]


def test_losses_are_drawn_above_zero_with_named_axes_and_two_colours(ax):
    batch_losses([2.0, 1.0] * 40, ax)
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mini-batch", "loss [nats]")
    assert [line.get_color() for line in ax.lines] == [COLORS["blue"], COLORS["orange"]]
    assert len(ax.lines[1].get_xdata()) == 80 - 50 + 1


def test_fewer_losses_than_the_running_mean_takes_are_refused(ax):
    with pytest.raises(ValueError, match="49 losses, but the running mean takes 50"):
        batch_losses([1.0] * 49, ax)


@pytest.mark.parametrize("window", [0, 2.0])
def test_a_running_mean_over_no_count_is_refused(ax, window):
    with pytest.raises(ValueError, match=r"^window must be"):
        batch_losses([1.0] * 9, ax, window=window)


# per_epoch


def test_curves_are_drawn_per_epoch_counted_from_one(ax):
    curves = {"logistic": [0.3, 0.29, 0.28], "CNN": [0.4, 0.25]}
    assert per_epoch(curves, ax, "validation loss") is ax
    assert [line.get_label() for line in ax.lines] == ["logistic", "CNN"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "logistic",
        "CNN",
    ]
    for line, values in zip(ax.lines, curves.values(), strict=True):
        assert list(line.get_xdata()) == list(range(1, len(values) + 1))
        assert list(line.get_ydata()) == values
    assert ax.get_xticks().tolist() == [1, 2, 3]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "validation loss")


def test_curves_can_be_told_apart_without_colour_and_none_is_left_out(ax):
    per_epoch({f"model {i}": [1.0, 0.5] for i in range(7)}, ax, "loss")
    assert len(ax.lines) == 7
    assert len({line.get_marker() for line in ax.lines[:5]}) == 5
    assert "None" not in {line.get_marker() for line in ax.lines}


def test_no_curves_are_refused(ax):
    with pytest.raises(ValueError, match="no curves to draw"):
        per_epoch({}, ax, "loss")


# step_sizes


def test_steps_are_drawn_as_bars_with_their_loss_beside_and_the_first_on_top(ax):
    assert step_sizes(["by_hand", "with_fit"], [20, 5], [0.08217, 1.5], ax) is ax
    assert [bar.get_width() for bar in ax.patches] == [20, 5]
    assert [bar.get_y() + bar.get_height() / 2 for bar in ax.patches] == pytest.approx(
        [0, 1]
    )
    assert texts(ax) == ["loss 0.0822", "loss 1.5000"]
    assert ax.get_yticks().tolist() == [0, 1]
    assert tick_labels(ax.yaxis) == ["by_hand", "with_fit"]
    assert ax.yaxis_inverted()
    assert ax.get_xlim() == (0, 25)
    assert ax.get_xlabel() == "lines of code in the loop"
    assert not grid_is_visible(ax.yaxis)
    assert grid_is_visible(ax.xaxis)


@pytest.mark.parametrize("lengths", [(2, 1, 1), (1, 2, 1), (1, 1, 2), (0, 0, 0)])
def test_steps_whose_facts_differ_in_number_are_refused_with_all_three(ax, lengths):
    names, lines, losses = (["x"] * lengths[0], [3] * lengths[1], [0.5] * lengths[2])
    with pytest.raises(
        ValueError, match="{} names, {} sizes, {} losses".format(*lengths)
    ):
        step_sizes(names, lines, losses, ax)


# ratio_bars


def test_ways_are_drawn_as_bars_of_their_median_share_with_their_spread(ax):
    shares = {"plain": [1.0, 1.0, 1.0], "fast": [0.5, 0.8, 0.6]}
    assert ratio_bars(shares, ax) is ax
    assert [bar.get_width() for bar in ax.patches] == [1, 0.6]
    [lines] = ax.collections
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    assert ends == [[1, 1], [0.5, 0.8]]
    assert texts(ax) == ["1.00", "0.60"]
    assert [text.xy for text in ax.texts] == [(1, 0), (0.8, 1)]
    assert tick_labels(ax.yaxis) == ["plain", "fast"]
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "time, plain = 1"
    assert ax.get_axisbelow() is True  # no line of the grid runs through a bar
    assert ax.get_xlim() == pytest.approx((0, 1.12))


def test_the_way_that_others_are_compared_with_has_a_colour_of_its_own(ax):
    ratio_bars({"plain": [1.0], "one": [0.5], "other": [2.0]}, ax)
    first, *others = (bar.get_facecolor() for bar in ax.patches)
    assert first not in others
    assert others[0] == others[1]


@pytest.mark.parametrize("shares", [{}, {"plain": [1.0], "fast": []}])
def test_no_shares_are_refused(ax, shares):
    with pytest.raises(ValueError, match="no times to draw"):
        ratio_bars(shares, ax)
