r"""
.. _wrong-top:

When it goes wrong
==================

- **You will do:** provoke the errors that everyone meets with PyTorch, read what it says, and mend
  each of them.
- **You will learn:** what the messages mean, which faults bring no message at all, and five tools
  that find a fault you have never seen before.
- **You will need:** the loop, ``loss_batch`` and the CNN of :doc:`nn_tutorial`. No GPU.
"""

# %%
# .. _wrong-find:
#
# Find your message
# -----------------
#
# An error ends in one line that says *what* is wrong. Each entry of this page provokes a fault,
# explains it, and ends with code that runs right.
#
# .. only-on-site::
#
#    Search the site for some words of your line, or look here:
#
#    .. list-table::
#       :header-rows: 1
#
#       * - PyTorch says
#         - Where to read on
#       * - ``mat1 and mat2 shapes cannot be multiplied``
#         - :ref:`Rows of another length <wrong-mat1>`
#       * - ``mat1 and mat2 must have the same dtype``, ``expected scalar type``
#         - :ref:`Data in float64 <wrong-dtype>`
#       * - ``expected target dtype to be Long``
#         - :ref:`Labels that are no integers <wrong-long>`
#       * - ``Target 10 is out of bounds``
#         - :ref:`Classes counted from one <wrong-target>`
#       * - ``is not on the expected device``
#         - :ref:`Model here, data there <wrong-device>`
#       * - ``a leaf Variable that requires grad``
#         - :ref:`An update that is recorded <wrong-leaf>`
#       * - ``.grad attribute of a Tensor that is not a leaf``
#         - :ref:`Parameters that are a result <wrong-none>`
#       * - ``element 0 of tensors does not require grad``
#         - :ref:`A loss without a way back <wrong-element>`
#       * - ``Trying to backward through the graph a second time``
#         - :ref:`A forward pass outside of the loop <wrong-twice>`
#       * - ``cannot assign module before Module.__init__() call``
#         - :ref:`A line forgotten in __init__ <wrong-init>`
#       * - ``optimizer got an empty parameter list``
#         - :ref:`Layers in a plain list <wrong-empty>`
#       * - ``Can't pickle``
#         - :ref:`A lambda in the model <wrong-pickle>`
#       * - ``Weights only load failed``
#         - :ref:`A file that holds a whole model <wrong-weights-only>`
#       * - ``An attempt has been made to start a new process``
#         - :ref:`Workers that start the program again <wrong-spawn>`
#
#    .. list-table::
#       :header-rows: 1
#
#       * - PyTorch says nothing, but
#         - Where to read on
#       * - the loss goes up and down
#         - :ref:`Gradients that pile up <wrong-zero-grad>`
#       * - the loss stands still
#         - :ref:`An optimizer with old parameters <wrong-optimizer>`
#       * - the loss never comes near zero
#         - :ref:`Softmax before cross_entropy <wrong-softmax>`
#       * - the accuracy stays that of a guess
#         - :ref:`Labels shifted by one <wrong-labels>`
#       * - a model for colour pictures learns little
#         - :ref:`view where permute is meant <wrong-view>`
#       * - there are more classes than you have
#         - :ref:`A fixed size at the end of a CNN <wrong-forty>`
#       * - the same picture gets another answer each time
#         - :ref:`eval() forgotten <wrong-eval>`
#       * - the loss depends on the batch size
#         - :ref:`The mean of means <wrong-means>`
#       * - the loss is ``nan``
#         - :ref:`Zero times infinity <wrong-nan>`
#
# A fault that is not among them is found by :ref:`the tools <wrong-tools>` at the end. Here is what
# the cells below need: one :term:`mini-batch` of flat pictures, and a linear model.

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim

from mnist_tut.data import get_mnist
from mnist_tut.training import loss_batch

# sphinx_gallery_start_ignore
# A build of this site may have MNIST in other packings, or only its stand-in.
from mnist_tut.mnist import get_mnist

# sphinx_gallery_end_ignore

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), _, _ = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train = torch.tensor(x_train), torch.tensor(y_train)

bs = 64
xb, yb = x_train[:bs], y_train[:bs]
torch.manual_seed(42)
model = nn.Linear(784, 10)
print("PyTorch", torch.__version__)

# %%
# The messages are those of this version; another may choose other words.
#
# **In short:** read the last line first, and search for its words, not for its numbers.
#
# .. _wrong-data:
#
# Shapes, dtypes, devices
# -----------------------
#
# Many errors are of this kind: two tensors meet that do not fit. Print ``shape``, ``dtype`` and
# ``device`` of both, and you see it.
#
# .. _wrong-mat1:
#
# ``mat1 and mat2 shapes cannot be multiplied``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Above the last line stands the :term:`traceback`: the calls that led there, each with the function
# that it stands in. *Guess: which of them is your line?*

import traceback

pictures = xb.view(bs, 28, 28)
try:
    model(pictures)
except RuntimeError as error:
    for frame in traceback.extract_tb(error.__traceback__):
        print(f"{frame.name:22}{frame.line}")
    print(f"RuntimeError: {error}")

# %%
# The first; all others are PyTorch's own. ``mat1`` is what came in, ``mat2`` are the
# :term:`weights`: a linear layer wants rows of 784, and took each line of 28 pixels for a row.

out = model(pictures.flatten(1))
print(out.shape)

# %%
# .. _wrong-dtype:
#
# ``mat1 and mat2 must have the same dtype``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# NumPy computes in ``float64``, PyTorch's layers in ``float32``, unless told otherwise, and neither
# is converted automatically. Every operation has its own words for that:

import numpy as np

rows = torch.tensor(np.ones((1, 784)))
for layer, inputs in [
    (model, rows),
    (nn.Conv2d(1, 16, kernel_size=3), rows.view(1, 1, 28, 28)),
    (torch.ones(1, 10, 784).bmm, rows.view(1, 784, 1)),
]:
    try:
        layer(inputs)
    except RuntimeError as error:
        print(error)

# %%
# Convert the data once, when you load them:

rows = rows.float()
print(model(rows).dtype)

# %%
# .. _wrong-long:
#
# ``expected target dtype to be Long``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``cross_entropy`` uses a :term:`label` as a position in a row, so it has to be an integer:
# ``Long`` is PyTorch's name for ``int64``. Labels from a table are often floats. (Older versions
# say
# `expected scalar type Long but found Float <https://github.com/pytorch/pytorch/issues/118280>`_.)

labels = yb.float()
try:
    F.cross_entropy(model(xb), labels)
except RuntimeError as error:
    print(error)

loss = F.cross_entropy(model(xb), labels.long())
print(loss)

# %%
# .. _wrong-target:
#
# ``Target 10 is out of bounds``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Ten classes have the numbers 0 to 9. Whoever counts from one has a class 10, and a row of ten
# logits has no such position.

labels = yb + 1
try:
    F.cross_entropy(model(xb), labels)
except IndexError as error:
    print(error)

loss = F.cross_entropy(model(xb), labels - 1)
print(loss)

# %%
# .. _wrong-device:
#
# ``is not on the expected device``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# What meets in an operation has to be on one :term:`device`. The device ``meta`` exists on every
# machine: its tensors have a shape, but no numbers. Between a GPU and the CPU, many operations say
# ``Expected all tensors to be on the same device, but found at least two devices``.

# sphinx_gallery_start_ignore
# PyTorch loads its compiler before it refuses, and that makes a folder: not to stay.
import os
import tempfile
from unittest import mock

cache = tempfile.TemporaryDirectory()
elsewhere = mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=cache.name)
elsewhere.start()
# sphinx_gallery_end_ignore

dev = torch.device("meta")
there = nn.Linear(784, 10).to(dev)
try:
    there(xb)
except RuntimeError as error:
    print(error)

out = there(xb.to(dev))
print(out.shape, out.device)

# sphinx_gallery_start_ignore
elsewhere.stop()
cache.cleanup()
# sphinx_gallery_end_ignore

# %%
# The usual culprits are a mini-batch that was not moved, and a tensor made in ``forward``:
# ``torch.zeros(n, device=x.device)`` makes it where the input is.
#
# **In short:** shape, dtype, device: print all three, for both tensors.
#
# .. _wrong-gradients:
#
# Gradients
# ---------
#
# :term:`Autograd <autograd>` records what happens to :term:`parameters <parameter>`. Four messages
# say that the record and your code do not fit each other.
#
# .. _wrong-leaf:
#
# ``a leaf Variable that requires grad``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# An update is no part of what we want :term:`gradients <gradient>` of. Recorded, it would make the
# parameter the result of an operation, and it would be no leaf any more.

weights = torch.zeros(784, 10, requires_grad=True)
loss = F.cross_entropy(xb @ weights, yb)
loss.backward()
try:
    weights -= 0.1 * weights.grad
except RuntimeError as error:
    print(error)

with torch.no_grad():
    weights -= 0.1 * weights.grad
print(loss.item(), F.cross_entropy(xb @ weights, yb).item())

# %%
# .. _wrong-none:
#
# ``.grad attribute of a Tensor that is not a leaf``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# No error, but a warning, and a gradient that is ``None``. (We catch the warning to print it here.)
# *Guess: what is wrong with these weights?*

import warnings

weights = torch.randn(784, 10, requires_grad=True) / 28
F.cross_entropy(xb @ weights, yb).backward()
with warnings.catch_warnings(record=True, action="always") as caught:
    print(weights.grad)
print(caught[0].message)

# %%
# The division was recorded, too: the leaf, which gets the gradient, is the tensor before it, and
# nobody has kept that. First scale, then ask for gradients:

weights = torch.randn(784, 10) / 28
weights.requires_grad_()
F.cross_entropy(xb @ weights, yb).backward()
print(weights.grad.shape)

# %%
# .. _wrong-element:
#
# ``element 0 of tensors does not require grad``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# There is no way back from this :term:`loss`: nothing that was computed asked for a gradient. Here
# ``requires_grad`` was forgotten; a loss under ``no_grad``, after ``detach()``, or made anew by
# ``torch.tensor(loss)`` says the same.

weights = torch.zeros(784, 10)
try:
    F.cross_entropy(xb @ weights, yb).backward()
except RuntimeError as error:
    print(error)

weights.requires_grad_()
F.cross_entropy(xb @ weights, yb).backward()
print(weights.grad.shape)

# %%
# .. _wrong-twice:
#
# ``Trying to backward through the graph a second time``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``backward()`` walks through the graph and throws away what it kept for that. As a rule something
# was computed once, outside of the loop, that belongs inside; ``retain_graph=True`` would only hide
# it.

logits = model(xb)
try:
    for _ in range(2):
        F.cross_entropy(logits, yb).backward()
except RuntimeError as error:
    print(error)

for _ in range(2):
    logits = model(xb)
    F.cross_entropy(logits, yb).backward()
print(model.weight.grad.shape)

# %%
# **In short:** every step needs a forward pass of its own, from leaves that require gradients, and
# an update that is not recorded.
#
# .. _wrong-modules:
#
# Modules and optimizers
# ----------------------
#
# A :term:`module` notices layers and parameters when they are assigned to it. Both of these errors
# are about that.
#
# .. _wrong-init:
#
# ``cannot assign module before Module.__init__() call``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``super().__init__()`` makes the lists on which layers and parameters are kept. It comes first.


class Net(nn.Module):
    def __init__(self):
        self.lin = nn.Linear(784, 10)


try:
    Net()
except AttributeError as error:
    print(error)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(784, 10)


print(Net())

# %%
# .. _wrong-empty:
#
# ``optimizer got an empty parameter list``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# A Python list is no module, so nobody looks into it for parameters. ``nn.ModuleList`` is a list
# and a module.


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(784, 50), nn.Linear(50, 10)]


try:
    optim.SGD(Stack().parameters(), lr=0.1)
except ValueError as error:
    print(error)


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(784, 50), nn.Linear(50, 10)])


opt = optim.SGD(Stack().parameters(), lr=0.1)
print(sum(p.numel() for p in Stack().parameters()))

# %%
# With one layer outside of the list there is no error: the :term:`optimizer` trains that one and no
# other. So count the parameters.
#
# **In short:** ``super().__init__()`` first, and nothing that is to be trained in a plain list.
#
# .. _wrong-files:
#
# Files and processes
# -------------------
#
# To go into a file or to another process, an object has to become bytes: Python *pickles* it.
#
# .. _wrong-pickle:
#
# ``Can't pickle``
# ^^^^^^^^^^^^^^^^
#
# Of a function, pickle writes only the name, and a ``lambda`` has none. Save the ``state_dict``: it
# holds tensors and no code.

import io
import pickle

from mnist_tut.models import Lambda

net = nn.Sequential(Lambda(lambda x: x.flatten(1)), nn.Linear(784, 10))
try:
    torch.save(net, io.BytesIO())
except (pickle.PicklingError, AttributeError) as error:
    print(error)

file = io.BytesIO()  # in memory; usually you give a file's name here
torch.save(net.state_dict(), file)
file.seek(0)
print(list(torch.load(file)))

# %%
# .. _wrong-weights-only:
#
# ``Weights only load failed``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Someone has saved the whole model. To read it would mean to run whatever its pickle asks for, so
# ``torch.load`` takes nothing but tensors and simple types. ``weights_only=False`` allows the rest:
# for your own files only.

file = io.BytesIO()
torch.save(nn.Sequential(nn.Linear(784, 10)), file)
file.seek(0)
try:
    torch.load(file)
except pickle.UnpicklingError as error:
    print(str(error).replace("\033[1m", "").replace("\033[0m", ""))  # no bold type

# %%
# With a ``state_dict`` in the file, make the model by its own code and fill it:

file = io.BytesIO()
torch.save(net.state_dict(), file)
file.seek(0)
again = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
again.load_state_dict(torch.load(file))
print(torch.equal(again(xb), net(xb)))

# %%
# .. _wrong-spawn:
#
# ``An attempt has been made to start a new process``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``DataLoader(..., num_workers=1)`` starts a process that loads data. On Windows and macOS, and on
# Linux with a recent Python, such a process begins by importing your script, and so comes to the
# line that starts it. The loader then ends with
# ``DataLoader worker (pid(s) 123) exited unexpectedly``; the reason stands above that.
#
# The fault needs no loader. This script starts one process in that way, called *spawn*, without and
# with a guard:

import subprocess
import sys
import tempfile

start = 'mp.get_context("spawn").Process(target=print, args=["hello"]).start()'
bare = f"import multiprocessing as mp\n{start}\n"
guarded = f'import multiprocessing as mp\nif __name__ == "__main__":\n    {start}\n'

for script in (bare, guarded):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.py")
        path.write_text(script)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    print(done.stdout, done.stderr.partition("RuntimeError:")[2].partition("\n\n")[0])

# %%
# When a worker imports the script, its ``__name__`` is not ``"__main__"``: functions and classes
# are defined, and what is below the guard is left alone.
#
# **In short:** save tensors, not objects; and below ``if __name__ == "__main__":`` stands all that
# *does* something.
#
# .. _wrong-silent:
#
# No message at all
# -----------------
#
# These are worse: the program runs, and learns badly or not at all. Each has its symptom. Some
# cells train on one mini-batch, again and again, and watch its loss:


def losses(net, steps=100, xb=xb, yb=yb):
    opt = optim.SGD(net.parameters(), lr=0.1)
    return [loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(steps)]


right = losses(nn.Linear(784, 10))
print(f"from {right[0]:.2f} to {right[-1]:.2f}")

# %%
# .. _wrong-zero-grad:
#
# The loss goes up and down
# ^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``backward()`` adds to the gradient that is there. Without ``zero_grad()`` every step goes in the
# direction of all the steps before it, too. *Guess: how will the loss move?*


def trained(clear):
    net = nn.Linear(784, 10)
    opt = optim.SGD(net.parameters(), lr=0.5)
    found = []
    for xb, yb in zip(x_train[:6400].split(bs), y_train[:6400].split(bs)):
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
        if clear:
            opt.zero_grad()
        found.append(loss.item())
    return found


piled_up, cleared = trained(clear=False), trained(clear=True)
print("piled up:", [round(loss, 1) for loss in piled_up[::9]])
print("cleared: ", [round(loss, 1) for loss in cleared[::9]])

# %%
# .. _wrong-optimizer:
#
# The loss stands still
# ^^^^^^^^^^^^^^^^^^^^^
#
# An optimizer knows the parameters that it was given. If the model gets new ones after that, a new
# last layer or a new model under the old name, it goes on with the old.

net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
opt = optim.SGD(net.parameters(), lr=0.1)
net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
print([loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(3)])

opt = optim.SGD(net.parameters(), lr=0.1)
print([loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(3)])

# %%
# ``net.to(dev)`` keeps the parameters and changes what is in them. But what an optimizer has
# collected so far, such as :term:`momentum`, stays where it was. So: first the model, then its
# device, then the optimizer.
#
# .. _wrong-softmax:
#
# The loss never comes near zero
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``cross_entropy`` contains softmax. A model that ends in softmax as well gives it numbers from 0
# to 1 for logits, and these can never differ enough. *Guess: what is the loss of a model that is
# right and quite sure, after softmax twice?*

twice = losses(nn.Sequential(nn.Linear(784, 10), nn.Softmax(dim=1)), steps=300)
once = losses(nn.Linear(784, 10), steps=300)
print(f"twice {twice[-1]:.3f}, once {once[-1]:.3f}")

sure = F.one_hot(yb, 10).float()
print(f"sure and right, but twice: {F.cross_entropy(sure, yb):.3f}")

# %%
# A model for training ends in logits. Whoever needs probabilities takes softmax afterwards.
#
# .. _wrong-labels:
#
# The accuracy stays that of a guess
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Pictures and labels have come apart: here by one row, elsewhere because only one of them was
# sorted or shuffled. The model learns what it is told as well as it can, and on other pictures it
# guesses.

from mnist_tut.by_hand import accuracy
from mnist_tut.plots import show_digits

x, y = x_train[:1000], y_train[:1000]
others, theirs = x_train[1000:2000], y_train[1000:2000]
for told in (y.roll(1), y):
    net = nn.Linear(784, 10)
    losses(net, xb=x, yb=told)
    learnt, known = accuracy(net(x), told), accuracy(net(others), theirs)
    print(f"what it was told: {learnt:.2f}, on other pictures: {known:.2f}")

show_digits(x[:10], y.roll(1)[:10])

# %%
# .. figure-text:: Ten handwritten digits in a row; from the second on, the label above each is that
#    of its left neighbour.
#
#    Ten pictures with the labels that the first model was given. One look would have been enough.
#
# Before you train, look at some pictures with their labels, taken from where the loop gets them:
# from the loader.
#
# .. _wrong-view:
#
# A model for colour pictures learns little
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Files hold the colours of a pixel side by side: height, width, :term:`channel`. PyTorch wants the
# channel first. ``view`` gives the right shape, and keeps the numbers in their old order;
# ``permute`` moves the dimensions.

digit = x_train[0].view(28, 28)
colour = torch.stack([digit, digit, digit], dim=2)
viewed, permuted = colour.view(3, 28, 28), colour.permute(2, 0, 1)
print(colour.shape, viewed.shape, permuted.shape)
show_digits(torch.cat([viewed, permuted]), ["view"] * 3 + ["permute"] * 3, cols=6)

# %%
# .. figure-text:: Six pictures in a row. The first three, named view, show slices of a digit torn
#    into stripes; the other three, named permute, show the digit.
#
#    The three channels of one grey picture, after ``view`` and after ``permute``.
#
# .. exercise:: my_pictures
#
#    Write the step between an image library and a CNN: from ``images`` of the shape
#    ``(n, h, w, c)``, bytes from 0 to 255, to floats from 0 to 1 with the channels ``c`` before
#    height and width.
#
#    .. hint::
#
#       Dimension 3 moves to place 1: in which order do you name the four? Bytes are divided like
#       other numbers.
#
# .. _wrong-forty:
#
# There are more classes than you have
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Convolutions take pictures of any size. If the end of the network does not, larger ones may pass
# and mean nothing: here four averages are left for each of the ten channels, and ``cross_entropy``
# has no objection to forty classes.

from mnist_tut.models import cnn_any_size, cnn_layers

large = torch.rand(3, 1, 64, 64)
net = nn.Sequential(*cnn_layers(), nn.AvgPool2d(4), nn.Flatten())
print(net(large).shape, F.cross_entropy(net(large), yb[:3]))
print(net(large).view(-1, 10).shape)
try:
    net(large).view(len(large), 10)
except RuntimeError as error:
    print(error)

print(cnn_any_size()(large).shape)

# %%
# ``view(-1, 10)`` makes twelve rows of three pictures; with ``len(large)`` in its place there is an
# error, which is better. Best is a layer that fixes the size of the output: ``AdaptiveAvgPool2d``.
#
# .. _wrong-eval:
#
# The same picture gets another answer each time
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# In training, :term:`batch normalisation` looks at the whole mini-batch, and dropout at random
# numbers. Without ``eval()`` they do so in validation, too.

from mnist_tut.models import better_cnn

net = better_cnn()
images = xb.view(-1, 1, 28, 28)
for mode in (net.train, net.eval):
    mode()
    alone, among_others = net(images[:1]), net(images)[:1]
    difference = (alone - among_others).abs().max()
    print(f"training {net.training}: a difference of {difference:.0e}")

# %%
# Worse: in training mode even a forward pass under ``no_grad`` moves the running averages, so that
# validation data leak into the model. ``evaluate`` and ``fit`` switch for you.
#
# .. _wrong-means:
#
# The loss depends on the batch size
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The last mini-batch is smaller, and its mean counts as much as that of the others.
# ``reduction="none"`` gives a loss for each picture, so that we can try.

each = F.cross_entropy(model(x_train[:100]), y_train[:100], reduction="none")
parts = each.split(bs)
means = sum(part.mean() for part in parts) / len(parts)
weighted = sum(part.mean() * len(part) for part in parts) / len(each)
print(f"mean of means {means:.4f}, weighted {weighted:.4f}, of all {each.mean():.4f}")

# %%
# ``weighted_mean`` does it in :ref:`the tutorial <fit-get-data>`.
#
# .. _wrong-nan:
#
# The loss is ``nan``
# ^^^^^^^^^^^^^^^^^^^
#
# *Not a number*: zero times infinity, zero divided by zero, infinity minus infinity. The
# :term:`entropy` says how unsure a model is; here a probability has become zero, and its logarithm
# minus infinity. A ``nan`` spreads: after one update all parameters are ``nan``. With ``log_softmax`` no logarithm
# is infinite.


def entropy(logits):
    probs = logits.softmax(dim=1)
    return (probs * -probs.log()).sum()


logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
print(entropy(logits))


def safe_entropy(logits):
    log_probs = logits.log_softmax(dim=1)
    return (log_probs.exp() * -log_probs).sum()


print(safe_entropy(logits))

# %%
# Other sources are a :term:`learning rate` that is too large, a division by a standard deviation of
# zero, and the data: ``x.isfinite().all()`` tells. ``fit`` stops at the first :term:`epoch` whose
# loss is not finite.
#
# **In short:** know what the loss should be, at the start and at the end; a wrong number is a
# message, too.
#
# .. _wrong-tools:
#
# Tools
# -----
#
# Five questions to ask a program that does not learn, the cheapest first.
#
# .. _wrong-start:
#
# Is the loss right at the start?
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# A model that knows nothing gives each of ten classes one tenth: a loss of :math:`\ln 10`. Much
# more says that it is sure without a reason. *Guess: what do weights do that are a hundred times
# too large?*

import math

print(f"ln 10: {math.log(10):.2f}")
for scale in (1, 100):
    net = nn.Linear(784, 10)
    with torch.no_grad():
        net.weight *= scale
    print(f"{scale:5}: {F.cross_entropy(net(xb), yb):.2f}")

# %%
# .. _wrong-one-batch:
#
# Can it learn one mini-batch by heart?
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The best test there is: the same mini-batch again and again. A network and a loop that are sound
# bring its loss near zero in a few dozen steps. If yours do not, the fault is in one of them, and
# more data will not help.

net = better_cnn()
found = losses(net, steps=40, xb=images)
print([round(loss, 3) for loss in found[::8]], round(found[-1], 4))

# %%
# It says nothing about the labels: wrong ones can be learnt by heart as well.
#
# .. exercise:: my_step
#
#    This step runs without a message, and three things are wrong with it, two of them as above.
#    Mend it. It should train one step, as ``loss_batch`` does, and return the loss as a plain
#    number.
#
#    .. hint::
#
#       What does the loss want from the model? What does ``backward()`` do with old gradients? And
#       a loss that is kept as a tensor keeps its whole graph.
#
# .. _wrong-norms:
#
# Do the gradients arrive?
# ^^^^^^^^^^^^^^^^^^^^^^^^
#
# A :term:`hook` is a function that PyTorch calls on its way. One that is registered at a parameter
# gets its gradient during ``backward()``. Here it notes the :term:`norm`: how long the gradient is.
# *Guess: what is left of it on its way back through five sigmoids?*


def norms(activation):
    torch.manual_seed(0)
    inner = [nn.Linear(50, 50) for _ in range(4)]
    layers = [nn.Linear(784, 50), *inner, nn.Linear(50, 10)]
    net = nn.Sequential(*[part for lin in layers for part in (lin, activation())][:-1])
    found = []
    for lin in layers:
        lin.weight.register_hook(lambda grad: found.append(grad.norm().item()))
    F.cross_entropy(net(xb), yb).backward()
    return found


for activation in (nn.Sigmoid, nn.ReLU):
    found = norms(activation)
    print(activation.__name__, [f"{norm:.0e}" for norm in found])

# %%
# ``backward()`` comes to the last layer first. A norm that shrinks from there on means that the
# first layers hardly learn; one that grows may end in ``nan``; one that is zero or missing means
# that the way back is cut.
#
# .. _wrong-anomaly:
#
# Where does the ``nan`` come from?
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :class:`torch.autograd.set_detect_anomaly` checks every gradient on the way. At the first ``nan``
# it stops and shows the line of the *forward* pass to blame. It is slow: switch it on to search,
# and off again.

with (
    torch.autograd.set_detect_anomaly(True),
    warnings.catch_warnings(record=True, action="always") as caught,
):
    try:
        entropy(logits).backward()
    except RuntimeError as error:
        print(error)
first, *_, line, _ = str(caught[0].message).splitlines()
print(first, line, sep="\n")

safe_entropy(logits).backward()
print(logits.grad)

# %%
# .. _wrong-debugger:
#
# What is in there?
# ^^^^^^^^^^^^^^^^^
#
# Put :func:`breakpoint` into the loop, and Python stops there and waits: ``p`` prints what you
# ask for, ``n`` goes to the next line, ``c`` goes on. So that this cell runs by itself, we hand the
# debugger its commands; with ``breakpoint()`` in the place of ``debugger.set_trace()`` you type
# your own.

import pdb


class Keys(io.StringIO):
    def readline(self):
        line = super().readline()
        print(line, end="")
        return line


keys = Keys("p xb.shape, xb.dtype\np logits.softmax(dim=1).sum(dim=1)[:3]\np loss\nc\n")
debugger = pdb.Pdb(stdin=keys, stdout=sys.stdout, nosigint=True)
debugger.canonic = lambda file: Path(file).name  # without its folders


def step(xb, yb):
    logits = model(xb)
    loss = F.cross_entropy(logits, yb)
    debugger.set_trace()
    return loss.item()


print(step(xb, yb))

# %%
# **In short:** check the loss at the start, then one mini-batch, then the gradients. Only then read
# code, and let the debugger show you what you believe you know.
