r"""
.. _inside-top:

Inside ``torch.nn``
===================

- **You will do:** build ``torch.nn`` yourself from NumPy arrays, in about 300 lines; then run the
  tutorial's own ``fit`` on it and compare every number with PyTorch's.
- **You will learn:** what ``backward()``, ``nn.Module``, an optimizer and a ``DataLoader`` really
  do, and what PyTorch has besides.
- **You will need:** :doc:`nn_tutorial`. No GPU.

Our pieces bear PyTorch's names with nothing in front: ``Linear`` for ``nn.Linear``. What stands in
for a whole library of PyTorch's says so: ``our_nn``.
"""

# %%
# .. _inside-engine:
#
# A tensor that remembers: autograd
# ---------------------------------
#
# The tutorial began with tensors whose gradients PyTorch works out. We begin one step earlier, with
# NumPy arrays, which only compute. How much does a product grow if ``a`` grows by a tiny bit? We
# *nudge* ``a`` up and down, and see:

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
# So for every operation we write down two things: how to compute it, and for each input its *share*,
# ``g`` times the derivative. (Shares need not add up to ``g``: a sum hands all of it to both inputs.)
# The next function makes an operation on tensors from these. A ``Tensor`` keeps an array in ``data``,
# and in ``grad_fn`` the function that hands a gradient on.
#
# .. tested-source:: mnist_tut.inside.no_grad
#    :folded: no_grad: the switch of the recording; we come back to it
#
# .. tested-source:: mnist_tut.inside.operation
#
# Two of the shares need more than one line. A sum over many numbers hands its gradient to each of
# them, and an index hands it back to the place it came from; a place that was picked twice gets
# both, hence ``np.add.at``:
#
# .. tested-source:: mnist_tut.inside.spread
#    :folded: spread: the share of a sum
#
# .. tested-source:: mnist_tut.inside.put
#    :folded: put: the share of an index
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
#    Write the way back from broadcasting. You get ``g``, the gradient of a result, and the ``shape``
#    of an argument that NumPy has broadcast to that of ``g``. Return an array of this shape: the sum
#    of the shares of every number. Ours is right below: try first.
#
# .. tested-source:: mnist_tut.inside.unbroadcast
#    :folded: A solution, as our library has it
#
# Now the tensor itself. Each line at the top is an operation with the shares of its inputs. (A
# function that is assigned in a class becomes a method, as with ``def``: ``x + w`` calls ``__add__``.
# And ``b.mT`` swaps the last two dimensions.) Read ``backward`` twice: it is the heart of this page. It
# begins at the loss, with a gradient of one. ``waiting`` holds the tensors that have got a gradient
# and not yet handed it on. The youngest goes first, because whatever was made from it is younger
# still and has handed in its share already.
#
# .. tested-source:: mnist_tut.inside.Comfort
#    :folded: Comfort: mean, item, len() and what else is comfortable
#
# .. tested-source:: mnist_tut.inside.Tensor
#
# Does it work? We compute a small loss, go backward, and nudge a weight.

from mnist_tut.inside import Tensor

numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
start = np.array([0.5, -1.0])


def small_loss(w):
    return ((Tensor(numbers) * w).sum(1).exp() - 1).mean()


w = Tensor(start.copy(), requires_grad=True)
small_loss(w).backward()
nudge = np.array([h, 0.0])
up, down = small_loss(Tensor(start + nudge)), small_loss(Tensor(start - nudge))
print("gradient:", w.grad)
print("nudging the first weight:", ((up - down) / (2 * h)).item())

# %%
# In which order does ``backward`` take the tensors? Here ``y`` is used twice:

from mnist_tut.plots import show_handing_on

y = Tensor(numbers) * w
show_handing_on((y * y + y).sum())

# %%
# .. figure-text:: In a row from right to left: 1, of no dimension; 2; 3; 4; and in a frame 5, of the
#    shape (2,). An arrow leads from each to the next, and one in an arc from 2 over 3 to 4.
#
#    The numbers are the order in which ``backward`` takes the tensors; then come their shapes. 1 is
#    the loss, 2 is ``y * y + y``, 3 the square, 4 is ``y``, and 5, in a frame, the leaf ``w``.
#
# ``y``, number 4, waits until 2 and 3 have both handed in their shares.
#
# Now every operation, with tensors that have to be broadcast, and each gradient beside PyTorch's.
# (The tests of our library nudge each of them as well.)

import torch

trials = {
    "arithmetic": lambda a, b: (a + b) * -a - (1 - b) / a + 1 / a**3,
    "products": lambda a, b: a @ b.T,
    "functions": lambda a, b: (a * b).exp() + b.log() * (a - 1.5).relu(),
    "sums": lambda a, b: a.sum(1) * b.sum() + a.mean(0, keepdim=True).sum(),
    "places": lambda a, b: a.reshape(-1)[[0, 0, 2]] * b,
}
rng = np.random.default_rng(0)
arrays = rng.uniform(1, 2, (4, 3)), rng.uniform(1, 2, (1, 3))


def gradients(make, func):
    leaves = [make(array, requires_grad=True) for array in arrays]
    (func(*leaves) ** 2).sum().backward()
    return np.concatenate([np.ravel(leaf.grad) for leaf in leaves])


for name, func in trials.items():
    gap = np.abs(gradients(Tensor, func) - gradients(torch.tensor, func)).max()
    print(f"{name:10} largest difference {gap:.0e}")
    assert gap < 1e-12

# %%
# We agree with PyTorch to the last few bits of a float64.
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
# The tutorial asks you to obey four rules. Here you see where each of them comes from.

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
# whether a second call is for a second place or a second mini-batch. Hence ``zero_grad``.
#
# *Only leaves have a gradient.* A leaf has no ``grad_fn``: nobody made it, so there is nobody to
# hand a gradient on to, and it stays.
#
# *No leaf changes in place while it is recorded*: a recorded change would make it a result, no longer
# a leaf, and no gradient would stay with it. This is why the update in a training loop stands below
# ``no_grad``, which is nothing but a switch that ``operation`` looks at.
#
# *Not between forward and backward either*: the derivative of a product needs the numbers that went
# into it. Our library lets such a change slip through and computes a wrong gradient. PyTorch counts
# the changes of every tensor, and refuses:

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
# **In short:** a tensor remembers how to hand a gradient on; what several hand on adds up.
#
# .. _inside-module:
#
# Who finds the weights? Modules
# ------------------------------
#
# A model is a tree of objects, and an optimizer wants one flat list of weights. Whenever you set an
# attribute of an object, Python calls its ``__setattr__``. So a ``Module`` needs no list from you: it
# looks at what you assign, and keeps parameters and modules in two dictionaries. A third one holds
# :term:`buffers <buffer>`: tensors that are saved with a model, but that nobody trains, such as a
# running mean.
#
# .. tested-source:: mnist_tut.inside.Parameter
#    :folded: Parameter: a tensor to be trained
#
# A ``Parameter`` is a tensor that asks for a gradient, and nothing more: its class tells a module
# what to train.
#
# .. tested-source:: mnist_tut.inside.Loading
#    :folded: Loading: load_state_dict and double
#
# .. tested-source:: mnist_tut.inside.Module
#
# .. tested-source:: mnist_tut.inside.ModuleList
#    :folded: ModuleList: a list whose modules are found
#
# .. exercise:: MySequential
#
#    Write ``MySequential``, a ``Module`` that is made with any number of modules and hands its
#    input through all of them. Its parameters should be found. Ours is right below: try first.
#
# .. tested-source:: mnist_tut.inside.Sequential
#    :folded: A solution, as our library has it
#
# Two simple layers to put into it, with random weights. NumPy's ``RandomState`` is the generator that
# PyTorch uses on the CPU, too (the *Mersenne Twister*), and ``uniform`` makes weights of its numbers,
# the smaller the more numbers each output adds up (``fan_in``). So the same seed gives both libraries
# the same layer.
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
#    :folded: ReLU: the operation as a module
#
# Now we ask a module of ours and one of PyTorch's the same questions. The same lines make both:
# ``nn`` is whatever library they are given. Look out for the layer in the plain list.

from types import SimpleNamespace

from torch import nn

from mnist_tut.inside import Linear, Module, ReLU, Sequential
from mnist_tut.plots import show_drawers


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
# The same answers: you may look into these dictionaries in any model. The layer in the plain list is
# in none of them. It would compute, but nobody would train, save or move it.

show_drawers(nets[1])

# %%
# .. figure-text:: Five boxes, joined by lines: Net with its buffer and its two modules; below it
#    Linear with weight and bias, and Sequential with two modules; below that ReLU and Linear.
#
#    PyTorch's ``Net``: each box is a module, each line in it one of its dictionaries.
#
# A ``state_dict`` is these dictionaries made flat: names with dots, and tensors that *share the
# memory of the model*, in both libraries. To keep the best weights of a run, copy them.
#
# And why ``model(x)``, not ``model.forward(x)``? Because ``__call__`` also tells the
# :term:`hooks <hook>`, functions that you hang on a module to see what goes in and out. (In PyTorch a
# forward hook may even replace the output, by returning another.)
#
# .. exercise:: my_shapes
#
#    Write ``my_shapes(model, x)``: it hands ``x`` through a ``Sequential`` of ours and returns the
#    shape of what each of its layers gives, as a list of tuples. Use hooks; leave the model's
#    ``forward`` alone.
#
# **In short:** a module sorts what is assigned to it into dictionaries; all else walks over them.
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
# Two loops in Python are slow. But if every window is a column of nine numbers, one matrix product
# does them all. ``windows`` shows them without copying a pixel, ``columns`` lays them out, and ``fold``
# is the way back: each pixel lay in up to nine windows and gets all its shares.
#
# .. tested-source:: mnist_tut.inside.windows
#    :folded: windows: all of them, as a view
#
# .. tested-source:: mnist_tut.inside.columns
#
# .. tested-source:: mnist_tut.inside.fold
#    :folded: fold: the way back
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

layer = Conv2d(1, 1, 3, stride=2, padding=1)
print(layer(Tensor(digit[None, None])).shape)

# %%
# Each dimension of the result is the number of places for the window:
# :math:`\lfloor (\text{size} + 2 \cdot \text{padding} - k) / \text{stride} \rfloor + 1`.
#
# .. exercise:: my_conv
#
#    Write ``my_conv(x, weight)`` with loops and arrays alone: ``x`` has the shape (c, h, w) and
#    ``weight`` the shape ``(out, c, k, k)``. Return the array that a convolution gives, of the shape
#    ``(out, h - k + 1, w - k + 1)``, without bias, padding or stride.
#
# *Batch normalisation* takes the mean out of every channel and divides by its standard deviation, the
# root of its variance. While the model is trained, mean and variance come from the mini-batch, and
# running averages of them go into buffers; after ``eval()`` these are used. (A sample varies a little
# less than all the data: ``n / (n - 1)`` makes up for it.) :term:`Dropout <dropout>`, in training
# alone, sets numbers to zero at random and divides the others by ``1 - p``, so that the mean stays.
# These two layers are why a model has to be told its mode.
#
# .. tested-source:: mnist_tut.inside.BatchNorm2d
#    :folded: BatchNorm2d: the mean of the batch, or the running one
#
# .. tested-source:: mnist_tut.inside.Dropout
#    :folded: Dropout: zeros at random
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
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )


our_nn.Conv2d, our_nn.BatchNorm2d, our_nn.Flatten = Conv2d, BatchNorm2d, Flatten
cnn, torch_cnn = make_cnn(our_nn).double(), make_cnn(nn).double()
cnn.load_state_dict(torch_cnn.state_dict())

images = x_train[:64].reshape(64, 1, 28, 28).astype(np.float64)
for mode in (True, False):
    out = cnn.train(mode)(Tensor(images)).data
    torch_out = torch_cnn.train(mode)(torch.tensor(images)).detach().numpy()
    print(f"training {mode}: largest difference {np.abs(out - torch_out).max():.0e}")
    assert np.abs(out - torch_out).max() < 1e-12

# %%
# Where do the weights begin? Each layer multiplies the differences between inputs by some factor,
# and twenty layers do it twenty times: a factor well below one leaves nothing of them. We ask
# PyTorch's own layers how far 64 different inputs are apart after the first and after the last:

torch.manual_seed(0)
for name in ("default", "kaiming_normal_"):
    signal = torch.randn(64, 200)
    apart = []
    for _ in range(20):
        layer = nn.Linear(200, 200)
        if name == "kaiming_normal_":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        signal = layer(signal).relu()
        apart.append(signal.std(dim=0).mean().item())
    factor = (apart[-1] / apart[0]) ** (1 / 19)
    print(f"{name:16} first {apart[0]:.2f}, last {apart[-1]:.0e}, factor {factor:.2f}")

# %%
# With the default, all inputs look the same after twenty layers: nothing is left to learn from.
# `Kaiming He's rule <https://arxiv.org/abs/1502.01852>`_ makes up for the half that every ReLU cuts
# off: differences still shrink, but slowly. Batch normalisation cures the same, layer by layer.
#
# **In short:** a layer is a formula with parameters; how it starts and its mode matter as much.
#
# .. _inside-optim:
#
# Optimizers
# ----------
#
# Training goes round and round: loss → ``backward()`` → ``grad`` → ``step()`` → new weights. Only
# ``grad`` passes from ``backward`` to the optimizer. So a step looks at neither ``requires_grad`` nor
# the model, and leaves alone what has no ``grad``. (PyTorch's optimizers check once, when they are
# made, that they get leaves.) What is kept from step to step is the *state* of each parameter.
#
# .. tested-source:: mnist_tut.inside.Optimizer
#
# .. tested-source:: mnist_tut.inside.SGD
#
# With :term:`momentum` a step carries on with a part of the step before. AdamW divides the running mean
# of the gradient by the root of that of its square. So it matters little whether gradients are large
# or small: the first step moves each weight whose gradient is not zero by about ``lr``, and one whose
# gradients keep changing sign moves less from then on.
#
# .. exercise:: my_adamw
#
#    Write ``my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay)``, one step for one parameter. All of
#    ``p, g, m, v`` are arrays, ``t`` counts the steps from 1. Return the new ``p``, ``m`` and
#    ``v``. First shrink ``p`` by ``lr * decay`` of itself; then subtract ``lr * m' / (sqrt(v') +
#    eps)``, where ``m'`` is the mean :math:`m` divided by :math:`1 - b_1^t`, and ``v'`` is
#    :math:`v` divided by :math:`1 - b_2^t`. Ours is right below: try first.
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
# Twenty steps of the CNN with each, from the same weights. One loop trains ours and PyTorch's:

import torch.nn.functional as F
from torch import optim

from mnist_tut.inside import SGD, AdamW, cross_entropy

our_optim = SimpleNamespace(SGD=SGD, AdamW=AdamW)
plans = [("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.05, "momentum": 0.9}), ("AdamW", {})]
first = make_cnn(nn).double().state_dict()
xs = x_train[: 20 * 64].reshape(-1, 1, 28, 28).astype(np.float64)


def train(nn, optim, tensor, loss_func, kind, options):
    model = make_cnn(nn).double()
    model.load_state_dict(first)
    opt = getattr(optim, kind)(model.parameters(), **options)
    losses = []
    for i in range(0, len(xs), 64):
        xb, yb = tensor(xs[i : i + 64]), tensor(y_train[i : i + 64])
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
        losses.append(loss.item())
    return np.array(losses)


for plan in plans:
    ours = train(our_nn, our_optim, Tensor, cross_entropy, *plan)
    theirs = train(nn, optim, torch.tensor, F.cross_entropy, *plan)
    gap = np.abs(ours - theirs).max()
    print(*plan, f"last loss {ours[-1]:.4f}, largest difference {gap:.0e}")
    assert gap < 1e-10

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
#    :folded: RandomSampler: all rows, in a new order each time
#
# .. tested-source:: mnist_tut.inside.default_collate
#
# .. tested-source:: mnist_tut.inside.DataLoader

from torch.utils import data

from mnist_tut.inside import DataLoader, TensorDataset
from mnist_tut.plots import show_digits

pictures, labels = x_train[:1000], y_train[:1000]
order = torch.randperm(len(labels)).tolist()
dl = DataLoader(TensorDataset(Tensor(pictures), Tensor(labels)), 64, sampler=order)
torch_ds = data.TensorDataset(torch.tensor(pictures), torch.tensor(labels))
torch_dl = data.DataLoader(torch_ds, 64, sampler=order)

same = [
    np.array_equal(xb.data, txb) and np.array_equal(yb.data, tyb)
    for (xb, yb), (txb, tyb) in zip(dl, torch_dl, strict=True)
]
assert all(same)

rows = order[:16]
few = DataLoader(TensorDataset(Tensor(pictures)), 8, sampler=rows)
batches = [torch.tensor(xb.data) for (xb,) in few]
show_digits(torch.cat(batches), rows, cols=8)

# %%
# .. figure-text:: Sixteen handwritten digits in two rows of eight; above each stands a number up to
#    999.
#
#    The first sixteen rows: each line is a mini-batch of our loader's; above each image stands its
#    row in the data set, which the sampler has chosen.
#
# Both loaders gave the same mini-batches, or ``assert`` would have stopped us. With ``num_workers=4``
# the real one lets four processes ask the data set and collate, each for its own mini-batches, so
# that the next ones are ready while the model trains. The rows are the
# same, unless ``__getitem__`` draws random numbers: each process has its own. (And an
# :class:`~torch.utils.data.IterableDataset` has to share its rows out itself, or each comes four times.)
#
# .. exercise:: my_collate
#
#    Images of unequal size cannot be stacked. Write ``my_collate(rows)`` for rows of an image, an
#    array (h, w), and a label. Return a list of two arrays: the images as (n, H, W), where ``H`` and
#    ``W`` are the largest height and width, each with zeros below and to the right; and the labels,
#    (n,). Then give it to a loader of ours: ``DataLoader(your_rows, 2, collate_fn=my_collate)``.
#
# **In short:** the data set knows rows, the sampler their order, ``collate_fn`` the mini-batch.
#
# .. _inside-whole:
#
# The tutorial's ``fit``, on NumPy
# --------------------------------
#
# Now for the proof: ``fit``, as it stands in the tutorial. It never asks what it is given: a model
# that can be called and told its mode, a loss with ``backward`` and ``item``, and an optimizer with
# ``step`` and ``zero_grad`` are enough. Only ``evaluate`` names something of PyTorch's,
# ``torch.no_grad``. So we take the functions as they are, and let ``evaluate`` find our ``no_grad``
# under that name: ``FunctionType`` makes a function of the same code that looks up its names
# elsewhere.
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

from types import FunctionType

from mnist_tut.training import evaluate, fit

their_names = evaluate.__globals__
little = SimpleNamespace(no_grad=no_grad)
our_evaluate = FunctionType(evaluate.__code__, {**their_names, "torch": little})
our_fit = FunctionType(fit.__code__, {**their_names, "evaluate": our_evaluate})
our_data = SimpleNamespace(TensorDataset=TensorDataset, DataLoader=DataLoader)


def make_model(nn):
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


kept = make_model(nn).double().state_dict()
sets = (x_train[:5000], y_train[:5000]), (x_valid[:1000], y_valid[:1000])


def run(kind, fit, nn, optim, data, tensor, loss_func):
    model = make_model(nn)
    if kind == "float64":
        model.double()
    model.load_state_dict(kept)
    pairs = [data.TensorDataset(tensor(x.astype(kind)), tensor(y)) for x, y in sets]
    dls = [data.DataLoader(pair, 64) for pair in pairs]
    fit(2, model, loss_func, optim.SGD(model.parameters(), lr=0.1), *dls)
    return np.concatenate([np.ravel(p.detach()) for p in model.parameters()])


ours = our_fit, our_nn, our_optim, our_data, Tensor, cross_entropy
theirs = fit, nn, optim, data, torch.tensor, F.cross_entropy
ends = {}
for kind in ("float64", "float32"):
    print(f"{kind}, ours, then PyTorch:")
    ends["ours", kind], ends["PyTorch", kind] = run(kind, *ours), run(kind, *theirs)

for one, other in [
    (("ours", "float64"), ("PyTorch", "float64")),
    (("ours", "float32"), ("PyTorch", "float32")),
    (("PyTorch", "float32"), ("PyTorch", "float64")),
]:
    gap = np.abs(ends[one] - ends[other]).max()
    print(f"weights: {' in '.join(one):18} - {' in '.join(other):18} {gap:.0e}")
assert np.abs(ends["ours", "float64"] - ends["PyTorch", "float64"]).max() < 1e-10

# %%
# In float64 the two computed *the same thing*. In float32 we are about as far from PyTorch as it is
# from itself in float64. PyTorch's ``optim.SGD`` and its ``p -= lr * p.grad`` differ as much, for one
# rounds once and the other twice. And a rounding can grow: where a number in front of a ReLU comes
# out just above zero in one run and just below in the other, only one adds its gradient. Neither is
# wrong.
#
# What, then, does PyTorch have that ours lacks? Speed, though not everywhere. On one core (measured
# on 29 November 2026, by ``benchmarks/inside.py``) ours took 0.49 times PyTorch's time for a product of
# 10 x 10 numbers and 1.3 times for 1,000 x 1,000, there and back; 4.1 times for all but the first of
# 10,000 rows, 4.2 times for a product of 400 x 400 *integers*; but 17 times when 3,000 tensors wait in
# ``backward`` and 110 times for 30,000, for we search all of them for the youngest.
#
# Beyond speed, PyTorch has GPUs; a :term:`dispatcher`, which picks the routine for a device and a type;
# *fused* routines that do several operations in one go; more than one order in which to lay an image
# out in memory; files, derivatives of derivatives and of exponents, :func:`torch.compile`, and all
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
# - Tensors: `torch/autograd/__init__.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/__init__.py>`_, ``backward`` (the
#   engine itself is written in C++); `torch/autograd/grad_mode.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/grad_mode.py>`_,
#   ``no_grad``.
# - Modules: `torch/nn/modules/module.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/module.py>`_, ``__setattr__``,
#   ``named_parameters``, ``_call_impl``, ``load_state_dict``; `torch/nn/modules/container.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/container.py>`_,
#   ``Sequential``, ``ModuleList``.
# - Layers: `torch/nn/init.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/init.py>`_, ``kaiming_uniform_``;
#   `torch/nn/modules/batchnorm.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/batchnorm.py>`_, ``forward``.
# - Optimizers: `torch/optim/sgd.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/sgd.py>`_, ``_single_tensor_sgd``;
#   `torch/optim/adam.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/adam.py>`_, ``_single_tensor_adam``.
# - Data: `torch/utils/data/sampler.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/sampler.py>`_, ``RandomSampler``;
#   `torch/utils/data/_utils/collate.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/collate.py>`_, ``collate``;
#   `torch/utils/data/_utils/fetch.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/fetch.py>`_, ``fetch``.
#
# Further on: `micrograd <https://github.com/karpathy/micrograd>`_ by Andrej Karpathy does with
# single numbers what we did with arrays, in even less code, and `the second part of fast.ai's
# course <https://course.fast.ai/Lessons/part2.html>`_ goes on from here to a library of its own.
#
# **In short:** you have read it once in small; you can read the real one now.
