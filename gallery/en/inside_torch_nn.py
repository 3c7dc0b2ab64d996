r"""
.. _inside-top:

Inside ``torch.nn``
===================

- **You will do:** build ``torch.nn`` yourself from NumPy arrays: tensors that remember, modules
  that find their weights, layers, optimizers and loaders, about 300 lines in all. Then you run the
  tutorial's own ``fit`` on them and compare every number with PyTorch's.
- **You will learn:** what ``backward()``, ``nn.Module``, an optimizer and a ``DataLoader`` really
  do, and what PyTorch has besides.
- **You will need:** :doc:`nn_tutorial`. No GPU.

One rule holds on the whole page: a name that stands alone is ours, such as ``Tensor`` or
``Linear``; a name with something in front of it is PyTorch's, such as ``torch.tensor`` or
``nn.Linear``.
"""

# %%
# .. _inside-engine:
#
# A tensor that remembers: autograd
# ---------------------------------
#
# The tutorial began with tensors whose gradients PyTorch works out. We begin one step earlier, with
# NumPy arrays, which can compute and nothing more. Here is one product. How much does it grow if
# ``a`` grows by a tiny bit?

import numpy as np

a, b, h = np.array(3.0), np.array(2.0), 1e-6
y = a * b
print("y:", y)
print("slope along a:", ((a + h) * b - (a - h) * b) / (2 * h))

# %%
# By ``b`` times as much. That is all there is to know about a product: if a loss changes by ``g``
# for each unit of ``y``, it changes by ``g * b`` for each unit of ``a``, and by ``g * a`` for each
# unit of ``b``. This is the :term:`chain rule`, for one operation.
#
# So for every operation we write down two things: how to compute it, and what share of ``g`` each
# input gets. The next function makes an operation on tensors from these. ``Tensor`` comes right
# below it: it keeps an array in ``data``, and in ``grad_fn`` the function that hands a gradient on.
#
# ``no_grad`` comes first: like :class:`torch.no_grad` it switches the recording off, and we come
# back to it.
#
# .. tested-source:: mnist_tut.inside.no_grad
#
# .. tested-source:: mnist_tut.inside.operation
#
# Two of the shares need more than one line. A sum hands its gradient to every number that went into
# it. And an index hands the gradient back to the place it came from; a place that was picked twice
# gets both shares, hence ``np.add.at``:
#
# .. tested-source:: mnist_tut.inside.spread
#
# .. tested-source:: mnist_tut.inside.put
#
# When a (10,) bias is added to a (64, 10) batch, NumPy repeats the bias 64 times without a word:
# this is :term:`broadcasting`. Going back, the 64 shares of each number must become one.
#
# .. guess:: One number was used 64 times. What is its gradient: the mean of the 64 shares, or their
#    sum?
#
#    Their sum. If the number grows by one, it grows in 64 places at once, and the loss feels all of
#    them.
#
# .. exercise:: my_unbroadcast
#
#    Write the way back from broadcasting. You get ``g``, the gradient of a result, and ``shape``,
#    the shape of an argument that NumPy has broadcast to that of ``g``. Return an array of that
#    shape: for every number of the argument, the sum of its shares.
#
# .. tested-source:: mnist_tut.inside.unbroadcast
#    :folded: A solution, as our library has it
#
# Now the tensor itself. Each line at the top is an operation, with the share of each input behind
# it; the rest is ``backward``, and what makes a tensor comfortable to use. Read ``backward`` twice:
# it is the heart of this page. It begins at the loss, with a gradient of one. ``waiting`` holds the
# tensors that have got a gradient and not yet handed it on. The youngest goes first, because
# whatever was made from it is younger still and has handed in its share already.
#
# .. tested-source:: mnist_tut.inside.Tensor
#
# Does it work? We compute a small loss, go backward, and ask PyTorch for the same.

import torch

from mnist_tut.inside import Tensor

numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
start = np.array([0.5, -1.0])

x, w = Tensor(numbers), Tensor(start.copy(), requires_grad=True)
loss = ((x * w).sum(1).exp() - 1).mean()
loss.backward()

tx, tw = torch.tensor(numbers), torch.tensor(start, requires_grad=True)
torch_loss = ((tx * tw).sum(1).exp() - 1).mean()
torch_loss.backward()

print("ours:   ", loss.item(), w.grad)
print("PyTorch:", torch_loss.item(), tw.grad)

# %%
# In which order does ``backward`` take the tensors? Here ``y`` is used twice:

from mnist_tut.plots import show_handing_on

y = x * w
show_handing_on((y * y + y).sum())

# %%
# .. figure-text:: From right to left: 1, of no dimension; 2; 3 below 2; 4; and in a frame 5, of the
#    shape (2,). Arrows lead from 1 to 2, from 2 to 3 and to 4, from 3 to 4, and from 4 to 5.
#
#    Read from ``grad_fn``, tensor by tensor: the turn of each in ``backward``, and its shape. 1 is
#    the loss, 2 the sum ``y * y + y``, 3 the square, 4 is ``y``, and 5, in a frame, the leaf ``w``.
#
# ``y``, number 4, waits until 2 and 3 have both handed in their shares.
#
# One example proves little. So we take every operation, with tensors that have to be broadcast, and
# compare each gradient with PyTorch's and with a nudge like the one above.

trials = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "a @ b": lambda a, b: a @ b.T,
    "a ** 3": lambda a, b: a**3 * b,
    "exp": lambda a, b: (a * b).exp(),
    "log": lambda a, b: (a * b).log(),
    "relu": lambda a, b: (a - b).relu(),
    "sum": lambda a, b: a.sum(1) * b.sum(),
    "mean": lambda a, b: a.mean(0, keepdim=True) * b,
    "reshape": lambda a, b: a.reshape(-1) * b[0, 0],
    "index": lambda a, b: a[[0, 0, 2]] * b,
}
rng = np.random.default_rng(0)
arrays = rng.uniform(1, 2, (4, 3)), rng.uniform(1, 2, (1, 3))


def gradients(make, func):
    leaves = [make(array, requires_grad=True) for array in arrays]
    (func(*leaves) ** 2).sum().backward()
    return np.concatenate([np.ravel(leaf.grad) for leaf in leaves])


def nudges(func):
    slopes = []
    for array in arrays:
        for i in np.ndindex(array.shape):
            losses = []
            for step in (h, -2 * h):
                array[i] += step
                losses.append((func(*map(Tensor, arrays)) ** 2).sum().item())
            array[i] += h
            slopes.append((losses[0] - losses[1]) / (2 * h))
    return np.array(slopes)


for name, func in trials.items():
    ours = gradients(Tensor, func)
    to_torch = np.abs(ours - gradients(torch.tensor, func)).max()
    to_nudge = np.abs(ours - nudges(func)).max()
    print(f"{name:8} to PyTorch {to_torch:.0e}, to the nudge {to_nudge:.0e}")
    assert to_torch < 1e-12
    assert to_nudge < 1e-5

# %%
# PyTorch and we agree to the last few bits of a float64. A nudge agrees to about eight digits,
# which is the best that a nudge can do.
#
# .. exercise:: my_tanh
#
#    One more operation: write ``my_tanh`` as a call of ``operation``, with the function and the
#    share of its input. The derivative of :math:`y = \tanh x` is :math:`1 - y^2`.
#
# .. _inside-rules:
#
# Four rules, and where they come from
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The tutorial asks you to obey four rules. Now you can see where each of them comes from.

w = Tensor(start.copy(), requires_grad=True)
(w * w).sum().backward()
(w * w).sum().backward()
print("gradients add:", w.grad)

print("a leaf:", w.grad_fn, "| a result:", (w * w).grad_fn.__name__)

try:
    w -= 0.1 * w.grad
except RuntimeError as error:
    print("in place:", error)

# %%
# *Gradients add*, because a weight may be used in several places, and ``backward`` cannot know
# whether a second call belongs to a second place or to a second mini-batch. That is why there is a
# ``zero_grad``.
#
# *Only leaves have a gradient.* A leaf has no ``grad_fn``: nobody made it, so there is nobody to
# hand a gradient on to, and it stays.
#
# *No change in place while it is recorded*: the derivative of a product needs the numbers that went
# into it, and they would no longer be there. This is why the update of a loop stands below
# ``no_grad``, which is nothing but a switch that ``operation`` looks at.
#
# *Not between forward and backward either.* Our library lets this slip through and computes a wrong
# gradient. PyTorch counts the changes of every tensor, and refuses:

from mnist_tut.inside import no_grad


def slip(make, no_grad):
    w = make(np.array([1.0, 2.0]), requires_grad=True)
    loss = (w * w).sum()
    with no_grad():
        w -= 0.5
    loss.backward()
    return w.grad


print("ours:", slip(Tensor, no_grad), "and [2., 4.] would be right")
try:
    slip(torch.tensor, torch.no_grad)
except RuntimeError as error:
    print("PyTorch:", str(error).partition(":")[0])

# %%
# **In short:** a tensor remembers how to hand a gradient on, ``backward`` asks the youngest first,
# and the shares add up.
#
# .. _inside-module:
#
# Who finds the weights? Modules
# ------------------------------
#
# A model is a tree of objects, and an optimizer wants one flat list of weights. Python tells an
# object whenever one of its attributes is set, by calling ``__setattr__``. So a ``Module`` needs no
# list from you: it looks at what you assign, and keeps parameters and modules in two dictionaries.
# A third one holds :term:`buffers <buffer>`: tensors that belong to a model and are saved with it,
# but that nobody trains, such as a running mean.
#
# .. tested-source:: mnist_tut.inside.Parameter
#
# .. tested-source:: mnist_tut.inside.Module
#
# .. tested-source:: mnist_tut.inside.ModuleList
#
# .. exercise:: MySequential
#
#    Write ``MySequential``, a ``Module`` that is made with any number of modules and hands its
#    input through all of them. Its parameters should be found.
#
# .. tested-source:: mnist_tut.inside.Sequential
#    :folded: A solution, as our library has it
#
# To have something to put into it, here are two simple layers. A new layer needs random weights.
# NumPy's ``RandomState`` is the generator that PyTorch uses, too (the *Mersenne Twister*), so
# ``rand`` draws the very same numbers for the same seed.
#
# .. tested-source:: mnist_tut.inside.manual_seed
#    :folded: manual_seed: where the random numbers begin
#
# .. tested-source:: mnist_tut.inside.rand
#    :folded: rand: random numbers, bit by bit
#
# .. tested-source:: mnist_tut.inside.uniform
#    :folded: uniform: the starting weights of a layer
#
# .. tested-source:: mnist_tut.inside.Linear
#
# .. tested-source:: mnist_tut.inside.ReLU
#
# .. guess:: We make a layer of ours and one of PyTorch's from the same seed. How far apart will
#    their weights be?
#
#    Not at all, or by the last bit of a float32. The same generator draws the same numbers, and the
#    same formula makes weights of them.

import torch.nn.functional as F
from torch import nn

from mnist_tut.inside import Linear, Module, ReLU, Sequential
from mnist_tut.inside import manual_seed

manual_seed(42)
torch.manual_seed(42)
ours, theirs = Linear(784, 50), nn.Linear(784, 50)
gap = np.abs(ours.weight.data - theirs.weight.detach().numpy()).max()
print(f"largest difference of 784 x 50 weights: {gap:.0e}")
assert gap < 1e-8

# %%
# Now we put the same questions to a module of ours and to one of PyTorch's. The same lines make
# both: ``nn`` is whatever library they are given. Look out for the layer in the plain list.

from types import SimpleNamespace


def make_net(nn, zero):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 3)
            self.rest = nn.Sequential(nn.ReLU(), nn.Linear(3, 2))
            self.in_a_list = [nn.Linear(2, 2)]
            self.register_buffer("seen", zero)

    return Net()


our_nn = SimpleNamespace(Module=Module, Linear=Linear, ReLU=ReLU, Sequential=Sequential)
nets = make_net(our_nn, Tensor([0.0])), make_net(nn, torch.zeros(1))
for net in nets:
    print([*net._parameters], [*net._buffers], [*net._modules])
    print([*net.state_dict()])

# %%
# What the second of them keeps, drawn from its own dictionaries:

from mnist_tut.plots import show_drawers

show_drawers(nets[1])

# %%
# .. figure-text:: Five boxes, joined by lines: Net with its buffer and its two modules; below it
#    Linear with weight and bias, and Sequential with two modules; below that ReLU and Linear.
#
#    PyTorch's ``Net``: each box is a module, each line in it one of its dictionaries.
#
# The real one has the same three dictionaries, under the same names; you may look into them in any
# model. The layer in the plain list is in none of them, in either library. It would compute, but
# nobody would train, save or move it. A ``ModuleList`` is a list that ``__setattr__`` can see.
#
# A ``state_dict`` is these dictionaries made flat: names with dots, and tensors that *share the
# memory of the model*. If you want to keep the best weights of a run, you have to copy them.
#
# And why do we call ``model(x)`` and not ``model.forward(x)``? Because ``__call__`` does a little
# more: it tells the :term:`hooks <hook>`, functions that you hang on a module to see what goes in
# and out.
#
# .. exercise:: my_shapes
#
#    Write ``my_shapes(model, x)``: it hands ``x`` through a ``Sequential`` of ours and returns the
#    shape of what each of its layers gives, as a list of tuples. Use hooks; leave the model's
#    ``forward`` alone.
#
# **In short:** a module sorts what is assigned to it into dictionaries; ``parameters``,
# ``state_dict`` and ``train`` walk over them.
#
# .. _inside-layers:
#
# Layers
# ------
#
# A convolution lays a small window of weights on an image, multiplies, adds up, and moves on. Two
# loops are enough to write that. Ours looks for edges where it is dark above and bright below:

from pathlib import Path

from mnist_tut.data import get_mnist
from mnist_tut.plots import show_weights

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), (x_valid, y_valid), _ = get_mnist(PATH, URL, SIZE, MD5)
digit = x_train[0].reshape(28, 28)
edge = np.array([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]])

found = np.zeros((26, 26))
for i in range(26):
    for j in range(26):
        found[i, j] = (digit[i : i + 3, j : j + 3] * edge).sum()

show_weights(torch.tensor(np.stack([digit[1:-1, 1:-1], found])))

# %%
# .. figure-text:: Two images side by side: a handwritten digit, and the same digit as lines along
#    its upper edges in one colour and its lower edges in another.
#
#    A digit, and what the window finds in it: upper edges have one sign, lower ones the other.
#
# Two loops in Python are slow. But every window is a column of nine numbers, and a matrix product
# does all of them at once. ``windows`` shows them without copying a single pixel, ``columns`` lays
# them out, and ``fold`` is the way back: each pixel lay in up to nine windows and gets all its
# shares.
#
# .. tested-source:: mnist_tut.inside.windows
#
# .. tested-source:: mnist_tut.inside.columns
#
# .. tested-source:: mnist_tut.inside.fold
#
# .. tested-source:: mnist_tut.inside.unfold
#    :folded: unfold: columns as an operation on tensors
#
# Zeros around an image, the *padding*, are one more operation, and then the layer takes only a few
# lines:
#
# .. tested-source:: mnist_tut.inside.frame
#    :folded: frame: zeros around an array
#
# .. tested-source:: mnist_tut.inside.pad
#    :folded: pad: the same as an operation on tensors
#
# .. tested-source:: mnist_tut.inside.Conv2d

from mnist_tut.inside import Conv2d, columns

all_at_once = edge.reshape(1, 9) @ columns(digit[None, None], 3, 1)[0]
print(np.abs(all_at_once.reshape(26, 26) - found).max())

for size, k, stride, padding in (
    (28, 3, 1, 0),
    (28, 3, 2, 1),
    (7, 3, 2, 1),
    (28, 5, 1, 2),
):
    out = Conv2d(1, 1, k, stride, padding)(Tensor(np.ones((1, 1, size, size))))
    print(f"{size}, window {k}, stride {stride}, padding {padding}: {out.shape[2]}")
    assert out.shape[2] == (size + 2 * padding - k) // stride + 1

# %%
# The size of the result is the number of places for the window:
# :math:`\lfloor (\text{size} + 2 \cdot \text{padding} - k) / \text{stride} \rfloor + 1`.
#
# .. exercise:: my_conv
#
#    Write ``my_conv(x, weight)`` with loops and arrays alone: ``x`` has the shape (c, h, w) and
#    ``weight`` the shape ``(out, c, k, k)``. Return the array that a convolution gives, of the shape
#    ``(out, h - k + 1, w - k + 1)``, without bias, padding or stride.
#
# *Batch normalisation* takes the mean out of every channel and divides by its spread. While the
# model is trained these come from the mini-batch, and running averages of them go into buffers;
# after ``eval()`` the running averages are used. :term:`Dropout <dropout>` sets numbers to zero at
# random, in training alone. This is why a model has to be told its mode.
#
# .. tested-source:: mnist_tut.inside.BatchNorm2d
#
# .. tested-source:: mnist_tut.inside.Dropout
#
# .. tested-source:: mnist_tut.inside.Flatten
#    :folded: Flatten: images become rows

from mnist_tut.inside import BatchNorm2d, Flatten


def make_cnn(nn):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )


our_nn.Conv2d, our_nn.BatchNorm2d, our_nn.Flatten = Conv2d, BatchNorm2d, Flatten
cnn, torch_cnn = make_cnn(our_nn), make_cnn(nn).double()
cnn.load_state_dict(torch_cnn.state_dict())

images = x_train[:64].reshape(64, 1, 28, 28).astype(np.float64)
for mode in (True, False):
    cnn.train(mode)
    torch_cnn.train(mode)
    out, torch_out = cnn(Tensor(images)), torch_cnn(torch.tensor(images))
    gap = np.abs(out.data - torch_out.detach().numpy()).max()
    print(f"training {mode}: largest difference {gap:.0e}")
    assert gap < 1e-12

# %%
# Where do the weights begin? Each layer multiplies the differences between inputs by some factor.
# Twenty layers do it twenty times, so the factor has to be about one. We ask PyTorch's own layers
# how far 64 different inputs are still apart:

torch.manual_seed(0)
for name in ("default", "kaiming_normal_"):
    signal = torch.randn(64, 200)
    spreads = []
    for _ in range(20):
        layer = nn.Linear(200, 200)
        if name == "kaiming_normal_":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        signal = layer(signal).relu()
        spreads.append(signal.std(dim=0).mean().item())
    print(f"{name:16} layer 1: {spreads[0]:.3f}, layer 10: {spreads[9]:.6f}", end="")
    print(f", layer 20: {spreads[19]:.6f}")

# %%
# With the default, all inputs look the same after twenty layers: nothing is left to learn from.
# `Kaiming He's rule <https://arxiv.org/abs/1502.01852>`_ makes up for the half that every ReLU cuts
# off. Batch normalisation cures the same problem, layer by layer.
#
# **In short:** a layer is a few parameters and a formula; its starting weights and its mode matter
# as much.
#
# .. _inside-optim:
#
# Optimizers
# ----------
#
# An optimizer has a list of parameters, and for each a *state*. It looks at ``grad`` and at nothing
# else: not at ``requires_grad``, and not at the model. A parameter whose ``grad`` is ``None`` is
# left alone.
#
# .. tested-source:: mnist_tut.inside.Optimizer
#
# .. tested-source:: mnist_tut.inside.SGD
#
# With :term:`momentum` a step carries on with a share of the step before. AdamW looks at two
# running means, of the gradient and of its square, and divides one by the root of the other. So
# every weight moves by about ``lr``, whether its gradients are large or small.
#
# .. exercise:: my_adamw
#
#    Write ``my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay)``, one step for one parameter. All of
#    ``p, g, m, v`` are arrays, ``t`` counts the steps from 1. Return the new ``p``, ``m`` and
#    ``v``. First shrink ``p`` by ``lr * decay`` of itself; then move it by ``lr * m' / (sqrt(v') +
#    eps)``, where ``m'`` is the mean :math:`m` divided by :math:`1 - b_1^t`, and ``v'`` is
#    :math:`v` divided by :math:`1 - b_2^t`.
#
# .. tested-source:: mnist_tut.inside.AdamW
#    :folded: A solution, as our library has it
#
# To train, we need a loss, and it is built from what we have. Taking the largest logit out of a row
# changes nothing but the size of the exponentials:
#
# .. tested-source:: mnist_tut.inside.log_softmax
#    :folded: log_softmax, safe for large logits
#
# .. tested-source:: mnist_tut.inside.cross_entropy
#
# A hundred steps with each, from the same weights, side by side with PyTorch:

from torch import optim

from mnist_tut.inside import SGD, AdamW, cross_entropy

plans = {
    "SGD": (SGD, optim.SGD, {"lr": 0.1}),
    "SGD with momentum": (SGD, optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    "AdamW": (AdamW, optim.AdamW, {"lr": 1e-3}),
}
xs, ys = x_train[:6400].astype(np.float64), y_train[:6400]
for name, (ours, theirs, options) in plans.items():
    torch_model = nn.Linear(784, 10).double()
    model = Linear(784, 10)
    model.load_state_dict(torch_model.state_dict())
    opt = ours(model.parameters(), **options)
    torch_opt = theirs(torch_model.parameters(), **options)
    for i in range(0, len(xs), 64):
        xb, yb = xs[i : i + 64], ys[i : i + 64]
        cross_entropy(model(Tensor(xb)), Tensor(yb)).backward()
        opt.step()
        opt.zero_grad()
        F.cross_entropy(torch_model(torch.tensor(xb)), torch.tensor(yb)).backward()
        torch_opt.step()
        torch_opt.zero_grad()
    gap = np.abs(model.weight.data - torch_model.weight.detach().numpy()).max()
    print(f"{name:18} after 100 steps: {gap:.0e}")
    assert gap < 1e-12

# %%
# **In short:** an optimizer is a loop over parameters with one formula in it, and a memory.
#
# .. _inside-data:
#
# From rows to mini-batches
# -------------------------
#
# Three questions, three objects. *What is row 7?* The data set knows. *Which row comes next?* The
# *sampler* knows. *How do rows become a mini-batch?* ``collate_fn`` knows. The loader only asks.
#
# .. tested-source:: mnist_tut.inside.TensorDataset
#    :folded: TensorDataset: rows by their number
#
# .. tested-source:: mnist_tut.inside.RandomSampler
#
# .. tested-source:: mnist_tut.inside.default_collate
#
# .. tested-source:: mnist_tut.inside.DataLoader

from torch.utils import data

from mnist_tut.inside import DataLoader, TensorDataset

pictures, labels = x_train[:1000], y_train[:1000]
order = torch.randperm(len(labels)).tolist()
dl = DataLoader(TensorDataset(Tensor(pictures), Tensor(labels)), 64, sampler=order)
torch_ds = data.TensorDataset(torch.tensor(pictures), torch.tensor(labels))
torch_dl = data.DataLoader(torch_ds, 64, sampler=order)

same = [
    np.array_equal(xb.data, txb) and np.array_equal(yb.data, tyb)
    for (xb, yb), (txb, tyb) in zip(dl, torch_dl, strict=True)
]
print(len(same), "mini-batches, all equal:", all(same))
assert all(same)

# %%
# Here are the first twelve rows, in mini-batches of four:

from mnist_tut.plots import show_digits

rows = order[:12]
few = DataLoader(TensorDataset(Tensor(pictures)), 4, sampler=rows)
batches = [torch.tensor(xb.data) for (xb,) in few]
show_digits(torch.cat(batches), rows, cols=4)

# %%
# .. figure-text:: Twelve handwritten digits in three rows of four; above each stands a number up to
#    999.
#
#    Each line is a mini-batch, as our loader made it; above each image stands its row in the data
#    set, which the sampler has chosen.
#
# With ``num_workers=4`` the real loader lets four processes ask the data set and collate, each for
# its own mini-batches, so that the next ones are ready while the model trains. What they answer is
# the same.
#
# .. exercise:: my_collate
#
#    Images of unequal size cannot be stacked. Write ``my_collate(rows)`` for rows of an image, an
#    array (h, w), and a label. Return a list of two arrays: the images as (n, H, W), where ``H``
#    and ``W`` are the largest height and width, each with zeros below and to the right; and the
#    labels, (n,).
#
# **In short:** the data set knows rows, the sampler their order, ``collate_fn`` makes a mini-batch.
#
# .. _inside-whole:
#
# The tutorial's ``fit``, on NumPy
# --------------------------------
#
# Now for the proof. First comes the loop that the tutorial began with: on our library, on PyTorch,
# and on PyTorch with ``optim.SGD`` for the update, each in float64 and in float32:

first_weights = torch.randn(784, 10).numpy() / 28


def train(tensor, loss_func, kind, update):
    weights = tensor(first_weights.astype(kind), requires_grad=True)
    x, y = x_train[:5000].astype(kind), y_train[:5000]
    for i in range(0, len(x), 64):
        xb, yb = tensor(x[i : i + 64]), tensor(y[i : i + 64])
        loss_func(xb @ weights, yb).backward()
        update(weights)
        weights.grad = None
    return weights.detach()


def by_hand(no_grad):
    def update(weights):
        with no_grad():
            weights -= 0.1 * weights.grad

    return update


def by_optimizer(weights):
    optim.SGD([weights], lr=0.1).step()


for kind, bound in (("float64", 1e-10), ("float32", 4e-7)):
    ours = train(Tensor, cross_entropy, kind, by_hand(no_grad)).data
    theirs = train(torch.tensor, F.cross_entropy, kind, by_hand(torch.no_grad)).numpy()
    third = train(torch.tensor, F.cross_entropy, kind, by_optimizer).numpy()
    gaps = np.abs(ours - theirs).max(), np.abs(third - theirs).max()
    print(f"{kind}: ours to PyTorch {gaps[0]:.0e}, SGD to by hand {gaps[1]:.0e}")
    assert max(gaps) < bound

# %%
# In float32 PyTorch's own two ways part about as far as we part from PyTorch: ``p -= lr * p.grad`` rounds twice,
# ``optim.SGD`` multiplies and adds in one go.
#
# Then comes ``fit``, as it stands in the tutorial. It never asks what it is given: a model that can
# be called, a loss with a ``backward`` and an optimizer with a ``step`` are enough. Only in one
# place does it name something of PyTorch's: ``evaluate`` says ``torch.no_grad``. So we take the
# functions as they are, and let ``evaluate`` find our ``no_grad`` under that name:
#
# .. tested-source:: mnist_tut.training.loss_batch
#    :folded: loss_batch, as in the tutorial
#
# .. tested-source:: mnist_tut.training.weighted_mean
#    :folded: weighted_mean, as in the tutorial
#
# .. tested-source:: mnist_tut.training.evaluate
#    :folded: evaluate, as in the tutorial
#
# .. tested-source:: mnist_tut.training.fit
#    :folded: fit, as in the tutorial
#
# .. guess:: Both train for two epochs, in float64, from the same weights. In which digit will the
#    losses differ first?
#
#    In none of the four that ``fit`` prints.

import copy
from types import FunctionType

from mnist_tut.training import evaluate, fit

little = SimpleNamespace(no_grad=no_grad)
their_names = evaluate.__globals__


our_evaluate = FunctionType(evaluate.__code__, {**their_names, "torch": little})
numpy_fit = FunctionType(fit.__code__, {**their_names, "evaluate": our_evaluate})


def make_model(nn):
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


first_model = make_model(nn).double()
kept = first_model.state_dict()


def sets(kind):
    yield x_train[:5000].astype(kind), y_train[:5000]
    yield x_valid[:1000].astype(kind), y_valid[:1000]


def run_ours(kind):
    model = make_model(our_nn)
    model.load_state_dict({name: t.numpy().astype(kind) for name, t in kept.items()})
    dls = [DataLoader(TensorDataset(Tensor(x), Tensor(y)), 64) for x, y in sets(kind)]
    numpy_fit(2, model, cross_entropy, SGD(model.parameters(), lr=0.1), *dls)
    return np.concatenate([p.data.ravel() for p in model.parameters()])


def run_torch(kind):
    model = copy.deepcopy(first_model).to(getattr(torch, kind))
    pairs = [(torch.tensor(x), torch.tensor(y)) for x, y in sets(kind)]
    dls = [data.DataLoader(data.TensorDataset(*pair), 64) for pair in pairs]
    fit(2, model, F.cross_entropy, optim.SGD(model.parameters(), lr=0.1), *dls)
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


ends = {}
for kind in ("float64", "float32"):
    print(f"{kind}, ours, then PyTorch:")
    ends["ours", kind], ends["PyTorch", kind] = run_ours(kind), run_torch(kind)

# %%
# The same losses, line by line. How far apart are the weights in the end?

for first, second in [
    (("ours", "float64"), ("PyTorch", "float64")),
    (("ours", "float32"), ("PyTorch", "float32")),
    (("PyTorch", "float32"), ("PyTorch", "float64")),
]:
    gap = np.abs(ends[first] - ends[second]).max()
    print(f"{' in '.join(first):18} and {' in '.join(second):18} {gap:.0e}")
assert np.abs(ends["ours", "float64"] - ends["PyTorch", "float64"]).max() < 1e-10

# %%
# In float64 the two computed *the same thing*. In float32 we are about as far from PyTorch as
# PyTorch in float32 is from itself in float64: "the same weights" can only mean the same within
# what float32 does to itself. And that can be a lot. Here PyTorch trains twice, in both types, and
# we look for a number in front of the ReLU that is just above zero in one and just below in the
# other:

torch.manual_seed(0)
single = make_model(nn)
double = copy.deepcopy(single).double()
order = np.random.default_rng(3).permutation(len(x_train))[: 160 * 64]

for step, chosen in enumerate(np.array_split(order, 160), 1):
    positive = []
    for model in (single, double):
        xb = torch.tensor(x_train[chosen]).to(model[0].weight.dtype)
        positive.append(model[0](xb) > 0)
        model.zero_grad()
        F.cross_entropy(model(xb), torch.tensor(y_train[chosen])).backward()
        optim.SGD(model.parameters(), lr=0.1).step()
    changed = (positive[0] != positive[1]).sum().item()
    if step % 50 == 0 or changed:
        gap = (single[0].weight - double[0].weight).abs().max().item()
        print(f"step {step:3}: {changed} signs differ, weights differ by {gap:.0e}")

# %%
# Where a sign differs, one of the two adds a gradient that the other leaves out, and the weights
# part at once by far more than a rounding. Neither is wrong.
#
# The CNN, too: twenty mini-batches, with momentum.

opt = SGD(cnn.train().parameters(), lr=0.05, momentum=0.9)
torch_opt = optim.SGD(torch_cnn.train().parameters(), lr=0.05, momentum=0.9)
gaps = []
images = x_train[: 20 * 64].reshape(-1, 1, 28, 28).astype(np.float64)
for i in range(0, len(images), 64):
    xb, yb = images[i : i + 64], y_train[i : i + 64]
    loss = cross_entropy(cnn(Tensor(xb)), Tensor(yb))
    torch_loss = F.cross_entropy(torch_cnn(torch.tensor(xb)), torch.tensor(yb))
    for each, step in ((loss, opt), (torch_loss, torch_opt)):
        each.backward()
        step.step()
        step.zero_grad()
    gaps.append(abs(loss.item() - torch_loss.item()))
print(f"last loss {loss.item():.4f}, largest difference of 20 losses {max(gaps):.0e}")
assert max(gaps) < 1e-10

# %%
# What, then, does PyTorch have that ours lacks? Speed, for one thing, though not everywhere. On one
# core (measured on 29 November 2026, by ``benchmarks/inside.py``) our library took, forward and
# back,
#
# - 0.49 times PyTorch's time for a product of 10 x 10 numbers, 1.3 times for 1,000 x 1,000: a
#   large product is the same work for both, and around a tiny one we have less to do;
# - 4.2 times for a product of 400 x 400 *integers*, for which NumPy has no fast routine (forward
#   only), and 4.1 times for all but the first of 10,000 rows: slices have a derivative of their
#   own in PyTorch;
# - 17 times when 3,000 tensors wait in ``backward``, 110 times for 30,000: we look at all that
#   wait to find the youngest, so the work grows with the square of their number.
#
# Beyond speed, PyTorch has GPUs, a :term:`dispatcher` that picks the kernel for a device and a type,
# fused kernels, memory formats, files, derivatives of derivatives, :func:`torch.compile`, and all
# the checks that we left out. The idea is the one that you have just built.
#
# **In short:** the same formulas in the same order give the same numbers.
#
# .. _inside-source:
#
# Where it stands in PyTorch
# --------------------------
#
# Each of our pieces has its counterpart in PyTorch's source, at version 2.13:
#
# - ``Tensor.backward``: `torch/autograd/__init__.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/__init__.py>`_, ``backward``;
#   the engine itself is written in C++.
# - ``no_grad``: `torch/autograd/grad_mode.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/grad_mode.py>`_, ``no_grad``.
# - ``Module``: `torch/nn/modules/module.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/module.py>`_, ``__setattr__``,
#   ``named_parameters``, ``_call_impl``, ``load_state_dict``.
# - ``Sequential``, ``ModuleList``: `torch/nn/modules/container.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/container.py>`_, ``forward``,
#   ``append``.
# - ``uniform``: `torch/nn/init.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/init.py>`_, ``kaiming_uniform_``.
# - ``BatchNorm2d``: `torch/nn/modules/batchnorm.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/batchnorm.py>`_, ``forward``.
# - ``SGD``, ``AdamW``: `torch/optim/sgd.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/sgd.py>`_, ``_single_tensor_sgd``;
#   `torch/optim/adam.py <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/adam.py>`_,
#   ``_single_tensor_adam``.
# - ``RandomSampler``, ``default_collate``, ``DataLoader``: `torch/utils/data/sampler.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/sampler.py>`_, ``__iter__``;
#   `torch/utils/data/_utils/collate.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/collate.py>`_,
#   ``collate``; `torch/utils/data/_utils/fetch.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/fetch.py>`_, ``fetch``.
#
# Further on: `micrograd <https://github.com/karpathy/micrograd>`_ by Andrej Karpathy does with
# single numbers what we did with arrays, in even less code, and `the second part of fast.ai's
# course <https://course.fast.ai/Lessons/part2.html>`_ goes on from here to a library of its own.
#
# **In short:** you have read it once in small; you can read the real one now.
