"""The tutorial's figures. They hold digits and names of PyTorch, and no words to translate."""

import statistics

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap

__all__ = [
    "backward_graph",
    "drawers",
    "flow",
    "handing_on",
    "ratio_bars",
    "show_confusion",
    "show_digits",
    "show_drawers",
    "show_graph",
    "show_handing_on",
    "show_shapes",
    "show_weights",
]

# Okabe and Ito's colours, told apart by colour-blind readers and seen on white and on black.
BLUE, ORANGE = "#0072B2", "#D55E00"
SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "#f2f2f2", ORANGE])


def show_digits(images, labels=None, cols=10):
    """Show pictures in rows, white ink on black.

    Parameters
    ----------
    images : (n, 784) or (n, height, width) float Tensor
        The darkest value of all is drawn black, the brightest white.
    labels : sequence, optional
        One per picture, written above it.
    cols : int, default 10
        Pictures per row.

    Raises
    ------
    RuntimeError
        If a flat picture does not have 784 pixels.
    ValueError
        If there are labels, but not one per picture.
    """
    if images.ndim == 2:
        images = images.view(-1, 28, 28)
    _show_tiles(images, labels, cols, "gray", images.min().item(), images.max().item())


def show_weights(images, labels=None, cols=8):
    """Show weights as pictures: orange is positive, blue is negative, and pale is near zero.

    Parameters
    ----------
    images : (n, height, width) float Tensor
        Weights; all pictures share one colour scale, symmetric about zero.
    labels : sequence, optional
        One per picture, written above it.
    cols : int, default 8
        Pictures per row.

    Raises
    ------
    ValueError
        If there are labels, but not one per picture.
    """
    limit = images.detach().abs().max().item()
    _show_tiles(images.detach(), labels, cols, SIGNED, -limit, limit)


def _show_tiles(images, labels, cols, cmap, low, high):
    rows = -(-len(images) // cols)
    size = (7, rows * (7 / cols + 0.2 * (labels is not None)))
    _, axes = plt.subplots(rows, cols, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    texts = [""] * len(images) if labels is None else labels
    for ax, image, text in zip(axes.flat, images, texts, strict=False):
        ax.imshow(
            image.cpu().numpy(), cmap=cmap, vmin=low, vmax=high, interpolation="nearest"
        )
        ax.set_title(text if isinstance(text, str) else int(text), fontsize=9, pad=3)
    if len(texts) != len(images):
        raise ValueError(f"{len(images)} pictures, but {len(texts)} labels")
    plt.show()


def backward_graph(loss):
    """Read the graph that autograd recorded behind a tensor.

    Parameters
    ----------
    loss : Tensor
        The result of recorded operations.

    Returns
    -------
    names : list of str
        The operations, such as ``Mean``, from the loss back to the leaves; a leaf is named by
        its shape.
    edges : list of (int, int)
        Pairs of positions in `names`: an operation, and one that made its input.

    Raises
    ------
    AttributeError
        If nothing was recorded.
    """
    nodes, edges = [loss.grad_fn], []
    for node in nodes:  # grows on the way
        for source, _ in node.next_functions:
            if source is not None:
                if source not in nodes:
                    nodes.append(source)
                edges.append((nodes.index(node), nodes.index(source)))
    names = [
        str(tuple(node.variable.shape))
        if hasattr(node, "variable")
        else node.name().partition("Backward")[0]
        for node in nodes
    ]
    return names, edges


def show_graph(loss):
    """Draw the graph of :func:`backward_graph`: the loss at the right, the leaves at the left.

    Parameters
    ----------
    loss : Tensor
        The result of recorded operations.
    """
    names, edges = backward_graph(loss)
    _draw_graph(names, edges, [name[0] == "(" for name in names])


def _draw_graph(names, edges, leaves):
    """Draw names as a graph, the first at the right, with a frame around the leaves."""
    depth = [0] * len(names)
    for _ in names:  # until each is as far from the loss as its longest way
        for node, source in edges:
            depth[source] = max(depth[source], depth[node] + 1)
    height = [-depth[:i].count(d) for i, d in enumerate(depth)]
    places = [
        (-d - 0.3 * leaf, y) for d, y, leaf in zip(depth, height, leaves, strict=True)
    ]
    _, ax = plt.subplots(figsize=(7, 1.25))
    ax.set(xlim=(-max(depth) - 1, 0.4), ylim=(min(height) - 0.4, 1.2))
    ax.set_axis_off()
    boxes = []
    for name, place, leaf in zip(names, places, leaves, strict=True):
        frame = {
            "boxstyle": "round",
            "facecolor": "none",
            "edgecolor": ORANGE if leaf else "none",
        }
        text = ax.text(*place, name, ha="center", va="center", fontsize=9, bbox=frame)
        boxes.append(text.get_bbox_patch())
    for node, source in edges:
        bend = 0.3 if depth[source] - depth[node] > 1 else 0
        style = {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 1, "shrinkB": 1}
        between = {"patchA": boxes[node], "patchB": boxes[source]}
        arrow = {"arrowstyle": "->", **style, **between}
        ax.annotate("", places[source], places[node], arrowprops=arrow)
    plt.show()


def handing_on(loss):
    """Go through the record of a tensor of :mod:`mnist_tut.inside` as ``backward`` does.

    Parameters
    ----------
    loss : Tensor
        Of :mod:`mnist_tut.inside`, the result of recorded operations.

    Returns
    -------
    tensors : list of Tensor
        All that get a gradient, the youngest first.
    edges : list of (int, int)
        Pairs of positions in `tensors`: one that hands its gradient on, and one that gets some.
    """
    tensors, pairs = [], []
    waiting = {loss}
    while waiting:
        tensor = max(waiting, key=lambda t: t.age)
        waiting.remove(tensor)
        tensors.append(tensor)
        given = tensor.grad_fn(np.ones_like(tensor.data)) if tensor.grad_fn else []
        pairs += [(tensor, parent) for parent, _ in given]
        waiting |= {parent for parent, _ in given}
    place = {tensor: i for i, tensor in enumerate(tensors)}
    return tensors, [(place[a], place[b]) for a, b in dict.fromkeys(pairs)]


def show_handing_on(loss):
    """Draw :func:`handing_on`: every tensor with its turn and its shape, the loss at the right.

    Parameters
    ----------
    loss : Tensor
        Of :mod:`mnist_tut.inside`, the result of recorded operations.
    """
    tensors, edges = handing_on(loss)
    names = [f"{i}: {tensor.shape}" for i, tensor in enumerate(tensors, 1)]
    _draw_graph(names, edges, [tensor.grad_fn is None for tensor in tensors])


def drawers(module, name=""):
    """List what a module and all below it keep in their dictionaries.

    Parameters
    ----------
    module : nn.Module
        PyTorch's or our own: both keep ``_parameters``, ``_buffers`` and ``_modules``.
    name : str, optional
        Of the module, as its parent calls it.

    Returns
    -------
    list of (int, str, list of str)
        For each module its depth, its name with its class, and for each dictionary that is not
        empty a line with the names in it; a parent stands before its children.
    """
    kept = {
        kind: [each for each, value in vars(module)[kind].items() if value is not None]
        for kind in ("_parameters", "_buffers", "_modules")
    }
    lines = [f"{kind}: {', '.join(each)}" for kind, each in kept.items() if each]
    title = f"{name}: {type(module).__name__}".removeprefix(": ")
    found = [(0, title, lines)]
    for child in kept["_modules"]:
        below = drawers(module._modules[child], child)
        found += [(depth + 1, *rest) for depth, *rest in below]
    return found


def show_drawers(module):
    """Draw :func:`drawers`: a box for each module, children below their parent and to its right.

    Parameters
    ----------
    module : nn.Module
        PyTorch's or our own; a deep one makes a tall drawing.
    """
    boxes = drawers(module)
    heights = [1.7 + 0.7 * len(lines) for _, _, lines in boxes]
    _, ax = plt.subplots(figsize=(7, 0.2 * sum(heights)))
    ax.set(xlim=(0, 10), ylim=(-sum(heights), 0))
    ax.set_axis_off()
    corners = []
    for i, (depth, title, lines) in enumerate(boxes):
        x, y = 0.2 + 1.2 * depth, -sum(heights[:i]) - 0.5
        corners.append((depth, x + 0.3, y - 0.7 * (1 + len(lines)) - 0.2))
        frame = {"boxstyle": "round", "facecolor": "none", "edgecolor": BLUE}
        text = "\n".join([title, *lines])
        ax.text(x, y, text, va="top", fontsize=8, family="monospace", bbox=frame)
        for _, left, bottom in [c for c in corners if c[0] == depth - 1][-1:]:
            elbow = [left, left, x - 0.1], [bottom, y - 0.3, y - 0.3]
            ax.plot(*elbow, color=plt.rcParams["text.color"], lw=0.8)
    plt.show()


def flow(model, xb):
    """Run a mini-batch through a model and note what every layer makes of it.

    Parameters
    ----------
    model : nn.Module
        Its modules without children are its layers.
    xb : Tensor
        A mini-batch.

    Returns
    -------
    list of (str, tuple of int)
        Names of layers and the shapes of their outputs, in the order of the calls; first an
        empty name with the shape of `xb`, last, if no layer made it, the model's own output.
    """
    seen = [("", tuple(xb.shape))]

    def note(layer, inputs, output):
        seen.append((type(layer).__name__, tuple(output.shape)))

    layers = [layer for layer in model.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    with torch.no_grad():
        out = model(xb)
    for hook in hooks:
        hook.remove()
    if seen[-1][1] != tuple(out.shape):
        seen.append(("", tuple(out.shape)))
    return seen


def show_shapes(model, xb):
    """Draw the shapes on the way through a model, each as large as its picture is.

    Parameters
    ----------
    model : nn.Module
        Called with `xb`; forward hooks note the shapes.
    xb : Tensor
        A mini-batch.
    """
    steps = flow(model, xb)
    _, ax = plt.subplots(figsize=(7, 1.4))
    for i, (name, shape) in enumerate(steps):
        side = 6 + (2 * shape[-1] if len(shape) == 4 else 0)
        ax.scatter(i, 0, s=side**2, marker="s", color=BLUE)
        pairs = [
            " × ".join(map(str, shape[k : k + 2])) for k in range(0, len(shape), 2)
        ]
        ax.text(i, -0.55, "\n× ".join(pairs), ha="center", va="top", fontsize=9)
        ax.text(i - 0.5, 0.5, name and f"{name} →", ha="center", fontsize=9)
    ax.set(xlim=(-0.6, len(steps) - 0.4), ylim=(-1.5, 0.8))
    ax.set_axis_off()
    plt.show()


def ratio_bars(shares, ax):
    """Draw how long several ways took, as shares of the first one's time.

    Parameters
    ----------
    shares : mapping of str to sequence of float
        As :func:`mnist_tut.timing.ratios` returns them; the first way is drawn on top.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes
        `ax`. The bars are medians, with their values beside them; thin lines reach from the
        smallest to the largest share.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if not shares or not all(shares.values()):
        raise ValueError("no times to draw: give at least one share for each way")
    medians = [statistics.median(values) for values in shares.values()]
    rows = range(len(medians))
    bars = ax.barh(rows, medians, color=BLUE, height=0.6)
    bars[0].set_color("#7a7a7a")
    ends = [(min(values), max(values)) for values in shares.values()]
    ax.hlines(rows, *zip(*ends, strict=True), color=ORANGE, linewidth=2)
    for row, median, (_, most) in zip(rows, medians, ends, strict=True):
        right = max(median, most)
        ax.annotate(
            f"{median:.2f}",
            (right, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    ax.set_yticks(rows, list(shares), fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, max(most for _, most in ends) * 1.12)
    ax.set_xlabel(f"time / time[{next(iter(shares))}]")
    ax.grid(visible=False, axis="y")
    ax.set_axisbelow(True)
    return ax


def show_confusion(matrix):
    """Show how often each class was taken for each, the right ones in grey.

    Parameters
    ----------
    matrix : (classes, classes) int64 Tensor
        As :func:`mnist_tut.project.confusion` counts; a row is a true class. Zeros stay empty.
    """
    wrong = matrix.clone().fill_diagonal_(0)
    _, ax = plt.subplots(figsize=(4.5, 4.5))
    ax.imshow(wrong.numpy(), cmap="Oranges", vmin=0, vmax=2 * max(1, wrong.max()))
    middle = {"ha": "center", "va": "center", "fontsize": 9}
    for row, column in matrix.nonzero().tolist():
        colour = "#767676" if row == column else "black"
        ax.text(column, row, matrix[row, column].item(), color=colour, **middle)
    classes = range(len(matrix))
    ax.set_xticks(classes)
    ax.set_yticks(classes)
    ax.xaxis.tick_top()
    ax.grid(visible=False)
    plt.show()
