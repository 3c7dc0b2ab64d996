import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from torch import nn

from mnist_tut import inside, plots
from mnist_tut.by_hand import log_softmax, nll
from mnist_tut.models import Mnist_CNN, Mnist_Logistic, better_cnn
from mnist_tut.plots import (
    backward_graph,
    drawers,
    flow,
    handing_on,
    ratio_bars,
    show_confusion,
    show_digits,
    show_drawers,
    show_graph,
    show_handing_on,
    show_shapes,
    show_weights,
)


@pytest.fixture(autouse=True)
def no_figures_left():
    """Show figures nowhere, and close them."""
    with plt.ioff():
        yield
    plt.close("all")


def pictures():
    """Give the arrays and titles of the pictures in the figure just drawn, in their order."""
    axes = [ax for ax in plt.gcf().axes if ax.images]
    return [(ax.images[0].get_array(), ax.get_title()) for ax in axes]


def loss_by_hand():
    weights = torch.randn(784, 10, requires_grad=True)
    bias = torch.zeros(10, requires_grad=True)
    out = torch.rand(64, 784) @ weights + bias
    return nll(log_softmax(out), torch.randint(10, (64,)))


# Pictures


def test_digits_are_shown_in_order_with_their_labels_as_gray_pictures():
    x = torch.rand(12, 784)
    show_digits(x, torch.arange(12))
    shown = pictures()
    assert [title for _, title in shown] == [str(i) for i in range(12)]
    for (picture, _), row in zip(shown, x, strict=True):
        np.testing.assert_allclose(picture, row.view(28, 28).numpy())
    first = plt.gcf().axes[0].images[0]
    assert first.get_cmap().name == "gray"
    assert first.get_clim() == pytest.approx((x.min().item(), x.max().item()))
    assert len(plt.gcf().axes) == 20  # two rows of ten


@pytest.mark.parametrize(("show", "cols"), [(show_digits, 10), (show_weights, 8)])
def test_pictures_stand_in_rows_pixel_by_pixel_and_without_axes(show, cols):
    show(torch.rand(cols + 1, 5, 5))
    axes = plt.gcf().axes
    assert len(axes) == 2 * cols
    assert not any(ax.axison for ax in axes)
    first, below = axes[0].get_position(), axes[cols].get_position()
    assert below.y1 < first.y0
    assert below.x0 == first.x0
    drawn = [ax.images[0].get_interpolation() for ax in axes if ax.images]
    assert drawn == ["nearest"] * (cols + 1)


def test_labels_may_be_texts_and_may_be_left_out():
    show_digits(torch.rand(2, 5, 5), ["5 → 3", "1 → 7"], cols=2)
    assert [title for _, title in pictures()] == ["5 → 3", "1 → 7"]
    show_digits(torch.rand(3, 5, 5), cols=2)
    assert [title for _, title in pictures()] == [""] * 3


@pytest.mark.parametrize("labels", [range(2), range(4)])
@pytest.mark.parametrize("show", [show_digits, show_weights])
def test_pictures_and_labels_must_be_as_many(show, labels):
    with pytest.raises(ValueError, match=f"3 pictures, but {len(labels)} labels"):
        show(torch.rand(3, 5, 5), labels, cols=4)


def test_weights_are_orange_above_zero_and_blue_below_it():
    images = torch.tensor([[[2.0, -1.0]], [[0.0, 0.5]]], requires_grad=True)
    show_weights(images, range(2), cols=2)
    image = plt.gcf().axes[0].images[0]
    assert image.get_clim() == (-2, 2)  # symmetric, and the same for all
    assert plt.gcf().axes[1].images[0].get_clim() == (-2, 2)
    colour = image.get_cmap()
    assert colour(1.0)[:3] == pytest.approx(to_rgb(plots.ORANGE))
    assert colour(0.0)[:3] == pytest.approx(to_rgb(plots.BLUE))
    assert min(colour(0.5)[:3]) > 0.9


# The graph


def test_the_graph_holds_the_operations_that_made_the_loss_once_each():
    names, _ = backward_graph(loss_by_hand())
    assert names[:3] == ["Neg", "Mean", "Index"]
    operations = [name for name in names if name[0] != "("]
    assert " ".join(sorted(operations)) == "Add Exp Index Log Mean Mm Neg Sub Sum"
    assert sorted(set(names) - set(operations)) == ["(10,)", "(784, 10)"]


def test_the_edges_of_the_graph_are_those_that_autograd_will_walk():
    x = torch.randn(3, requires_grad=True)
    names, edges = backward_graph((x.exp() * x).sum())
    assert names == ["Sum", "Mul", "Exp", "(3,)"]
    assert sorted(edges) == [(0, 1), (1, 2), (1, 3), (2, 3)]


def test_nothing_recorded_is_an_error():
    with pytest.raises(AttributeError, match="next_functions"):
        backward_graph(torch.zeros(1))


def test_the_graph_is_drawn_from_the_leaves_on_the_left_to_the_loss_on_the_right():
    loss = loss_by_hand()
    show_graph(loss)
    [ax] = plt.gcf().axes
    names, edges = backward_graph(loss)
    texts = [text for text in ax.texts if text.get_text()]
    assert [text.get_text() for text in texts] == names
    place = [text.get_position() for text in texts]
    assert all(place[source][0] < place[node][0] for node, source in edges)
    assert len(set(place)) == len(names)  # no two in one place
    arrows = [text for text in ax.texts if not text.get_text()]
    ways = [(place.index(arrow.xyann), place.index(arrow.xy)) for arrow in arrows]
    assert ways == edges  # an arrow for each, from the operation to its source
    assert {arrow.arrowprops["arrowstyle"] for arrow in arrows} == {"->"}
    bent = [w for w, a in zip(ways, arrows, strict=True) if "0.3" in str(a.arrowprops)]
    assert bent == [(a, b) for a, b in ways if place[a][0] - place[b][0] > 1.5]
    boxes = [text.get_bbox_patch() for text in texts]
    framed = [
        name for name, box in zip(names, boxes, strict=True) if box.get_edgecolor()[3]
    ]
    assert framed == [name for name in names if name[0] == "("]
    ends = [(a.arrowprops["patchA"], a.arrowprops["patchB"]) for a in arrows]
    assert ends == [(boxes[a], boxes[b]) for a, b in edges]  # no arrow crosses a name
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert all(left < x < right and low < y < high for x, y in place)


def test_leaves_are_framed_in_orange():
    show_graph(loss_by_hand())
    frames = [text.get_bbox_patch() for text in plt.gcf().axes[0].texts]
    colours = {f.get_edgecolor()[:3] for f in frames if f and f.get_edgecolor()[3]}
    assert colours == {to_rgb(plots.ORANGE)}


# What is inside


def tensors_behind_a_loss():
    w = inside.Tensor(np.array([0.5, -1.0]), requires_grad=True)
    y = w * np.array([[1.0, 2.0], [3.0, 4.0]])
    return w, y, (y * y + y).sum()


def test_tensors_hand_on_the_youngest_first_and_once_each():
    w, y, loss = tensors_behind_a_loss()
    tensors, edges = handing_on(loss)
    assert (tensors[0], tensors[3], tensors[4]) == (loss, y, w)
    assert [t.age for t in tensors] == sorted((t.age for t in tensors), reverse=True)
    assert edges == [(0, 1), (1, 2), (1, 3), (2, 3), (3, 4)]  # y * y counts once
    assert w.grad is None


def test_the_turns_and_shapes_are_drawn_and_the_leaf_is_framed():
    show_handing_on(tensors_behind_a_loss()[2])
    texts = [text for text in plt.gcf().axes[0].texts if text.get_text()]
    shapes = ["()", "(2, 2)", "(2, 2)", "(2, 2)", "(2,)"]
    told = [f"{i}: {shape}" for i, shape in enumerate(shapes, 1)]
    assert [text.get_text() for text in texts] == told
    framed = [text.get_bbox_patch().get_edgecolor()[3] > 0 for text in texts]
    assert framed == [False] * 4 + [True]


def module_of(nn, buffer):
    layers = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    layers.register_buffer("seen", buffer)
    return layers


@pytest.mark.parametrize(
    "module", [module_of(torch.nn, torch.zeros(1)), module_of(inside, [0.0])]
)
def test_drawers_list_what_each_module_keeps_parents_first(module):
    assert drawers(module) == [
        (0, "Sequential", ["_buffers: seen", "_modules: 0, 1"]),
        (1, "0: Linear", ["_parameters: weight, bias"]),
        (1, "1: ReLU", []),
    ]


def test_a_parameter_that_is_none_is_not_listed():
    assert drawers(torch.nn.Linear(2, 2, bias=False))[0][2] == ["_parameters: weight"]


def test_each_module_has_a_box_and_each_child_a_line_to_its_parent():
    model = torch.nn.Sequential(
        module_of(torch.nn, torch.zeros(1)), torch.nn.Linear(2, 2)
    )
    show_drawers(model)
    [ax] = plt.gcf().axes
    boxes = [text.get_text().split("\n") for text in ax.texts]
    assert boxes == [[title, *lines] for _, title, lines in drawers(model)]
    tops = [text.get_position() for text in ax.texts]
    assert [y for _, y in tops] == sorted((y for _, y in tops), reverse=True)
    depths = [depth for depth, *_ in drawers(model)]
    assert depths == [0, 1, 2, 2, 1]
    for child, line in zip([1, 2, 3, 4], ax.lines, strict=True):
        parent = {1: 0, 2: 1, 3: 1, 4: 0}[child]
        assert tops[parent][0] < line.get_xdata()[0] < tops[child][0]
        assert line.get_ydata()[0] < tops[parent][1]
        assert line.get_ydata()[-1] == pytest.approx(tops[child][1] - 0.3)


# Shapes


def test_the_flow_names_layers_and_shapes_in_the_order_of_the_calls():
    steps = flow(Mnist_CNN(), torch.rand(64, 784))
    assert steps == [
        ("", (64, 784)),
        ("Conv2d", (64, 16, 14, 14)),
        ("Conv2d", (64, 16, 7, 7)),
        ("Conv2d", (64, 10, 4, 4)),
        ("", (64, 10)),
    ]
    assert flow(Mnist_Logistic(), torch.rand(2, 784))[1:] == [("Linear", (2, 10))]


def test_the_flow_looks_into_nested_modules_and_leaves_no_hooks_or_gradients():
    model = better_cnn()
    names = [name for name, _ in flow(model, torch.rand(2, 1, 28, 28))]
    block = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert names == ["", *block * 3, "Flatten", "Linear"]
    assert not any(layer._forward_hooks for layer in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_shapes_are_drawn_with_their_layers_and_pictures_shrink():
    show_shapes(nn.Sequential(nn.MaxPool2d(2), nn.Flatten()), torch.rand(3, 1, 8, 8))
    [ax] = plt.gcf().axes
    texts = [text.get_text() for text in ax.texts]
    assert "3 × 1\n× 8 × 8" in texts
    assert "3 × 1\n× 4 × 4" in texts
    assert "3 × 16" in texts
    assert [text for text in texts if "→" in text] == ["MaxPool2d →", "Flatten →"]
    first, second, flat = [marks.get_sizes()[0] for marks in ax.collections]
    assert first > second > flat
    places = [marks.get_offsets()[0].tolist() for marks in ax.collections]
    assert places == [[0, 0], [1, 0], [2, 0]]
    at = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert at["3 × 1\n× 4 × 4"] == 1  # below its mark
    assert at["MaxPool2d →"] == 0.5  # between what it takes and what it gives
    assert at["Flatten →"] == 1.5
    left, right = ax.get_xlim()
    assert left < 0
    assert right > 2


# ratio_bars


def test_bars_are_medians_with_their_spread_and_their_value_beside_them():
    _, ax = plt.subplots()
    shares = {"plain": [1.0, 1.0, 1.0], "fused=True": [0.5, 0.9, 0.8]}
    assert ratio_bars(shares, ax) is ax
    assert [bar.get_width() for bar in ax.patches] == [1.0, 0.8]
    [spread] = ax.collections
    assert [segment[:, 0].tolist() for segment in spread.get_segments()] == [
        [1.0, 1.0],
        [0.5, 0.9],
    ]
    assert [text.get_text() for text in ax.texts] == ["1.00", "0.80"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(shares)
    assert ax.yaxis_inverted()  # the first on top
    assert ax.get_xlim()[1] > 1.0


def test_the_first_bar_is_grey_the_others_blue_and_their_spread_is_orange():
    _, ax = plt.subplots()
    ratio_bars({"plain": [1.0], "a": [2.0, 4.0], "b": [0.5]}, ax)
    first, *others = [bar.get_facecolor()[:3] for bar in ax.patches]
    assert len(set(first)) == 1
    assert others == [to_rgb(plots.BLUE)] * 2
    [spread] = ax.collections
    assert to_rgb(spread.get_colors()[0][:3]) == to_rgb(plots.ORANGE)


def test_bars_begin_at_zero_and_name_their_measure():
    _, ax = plt.subplots()
    ratio_bars({"plain": [1.0, 1.0], "other": [0.5, 4.0, 0.6]}, ax)
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] > 4
    assert ax.get_xlabel() == "time / time[plain]"
    assert [text.xy for text in ax.texts] == [(1.0, 0), (4.0, 1)]  # beyond bar and line
    assert ax.get_axisbelow() is True


@pytest.mark.parametrize("shares", [{}, {"plain": []}])
def test_bars_of_nothing_are_refused(shares):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="no times to draw"):
        ratio_bars(shares, ax)


# Mistakes


def test_a_matrix_shows_every_count_that_is_not_zero_and_colours_only_mistakes():
    matrix = torch.tensor([[5, 0, 2], [0, 7, 0], [1, 0, 9]])
    show_confusion(matrix)
    (ax,) = plt.gcf().axes
    told = {text.get_position(): text.get_text() for text in ax.texts}
    assert told == {(0, 0): "5", (2, 0): "2", (1, 1): "7", (0, 2): "1", (2, 2): "9"}
    colours = np.asarray(ax.images[0].get_array())
    np.testing.assert_array_equal(colours, [[0, 0, 2], [0, 0, 0], [1, 0, 0]])
    assert ax.images[0].get_clim() == (0, 4)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0", "1", "2"]
    show_confusion(torch.eye(2).long())  # without any mistake
    assert plt.gcf().axes[0].images[0].get_clim() == (0, 2)
