r"""
.. _top:

What is ``torch.nn`` really?
============================

- **You will do:** train a network with bare :term:`tensors <tensor>`, then watch the program shrink
  as PyTorch takes over, piece by piece. It ends with a network that reads 98 % of new digits.
- **You will learn:** what ``nn.Module``, ``Parameter``, :term:`optimizers <optimizer>`, ``Dataset``
  and ``DataLoader`` are for, well enough to write the training loop from memory.
- **You will need:** PyTorch and some practice with tensors. If you know NumPy's arrays, you have
  it. No GPU.

This page follows, section by section, `"What is torch.nn really?"
<https://docs.pytorch.org/tutorials/beginner/nn_tutorial.html>`_ by Jeremy Howard of
`fast.ai <https://www.fast.ai>`_, who thanks Rachel Thomas and Francisco Ingham. The plan is his;
the words and the code are ours. :doc:`/about` lists every difference.

.. only-on-site::

   **Best read as a notebook:** take the :download:`notebook <nn_tutorial.ipynb>` or the
   :download:`script <nn_tutorial.py>`, run one cell at a time, look at the shapes, and break
   something on purpose. The first cell sees to the packages. Or :ref:`build all pages yourself
   <rebuild>`.

   .. launch::

PyTorch gives you four things to build and train networks with: :mod:`torch.nn`,
:mod:`torch.optim`, :class:`~torch.utils.data.Dataset` and :class:`~torch.utils.data.DataLoader`. To
use their full power, and to bend them to your own problem, you have to know what they really do. So
we start without any of them, and bring them in one at a time. Each time you will see what the new
piece does, and how the code gets shorter or more flexible.
"""

# %%
# Initial :term:`weights` are random. A seed makes yours the same as ours: run the cells in order,
# and you get the numbers on this page, up to rounding.

import torch

torch.manual_seed(42)

# %%
# .. _mnist-data:
#
# MNIST data setup
# ----------------
#
# MNIST (`LeCun and others, 1998 <https://doi.org/10.1109/5.726791>`_) is a set of small grey
# pictures of the digits 0 to 9, written by hand and labelled with what they show. We use
# :mod:`pathlib` for paths and `requests <https://requests.readthedocs.io>`_ for the download. (We
# import a module where we first need it, so that you see what it is for.)

import gzip
import hashlib
import pickle
import tempfile
import time
from pathlib import Path

import requests

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

# %%
# The file holds NumPy arrays in the format of :mod:`pickle`, Python's own way to :term:`serialise`
# objects: to turn them into bytes and back. A :term:`pickle` is a small program, and
# :func:`pickle.loads` runs it. Hence the rule: bytes whose :term:`checksum` you do not know are
# never unpickled.
#
# .. tested-source:: mnist_tut.data.get_mnist
#
# .. tested-source:: mnist_tut.data.download
#    :folded: How to download with a bound on size and time
#
# .. tested-source:: mnist_tut.data.keep
#    :folded: How to keep a file whole or not at all
#
# Inside are three pairs of pictures and :term:`labels <label>`: to train, to *validate* while we
# work, and to test at the very end.

from mnist_tut.data import get_mnist

# sphinx_gallery_start_ignore
# A build of this site may have MNIST in other packings, or only its stand-in.
from mnist_tut.mnist import get_mnist

# sphinx_gallery_end_ignore

train, valid, test = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train = train
print(x_train.shape)

# %%
# Every picture measures 28 by 28 pixels and is stored as one flat row of 784 numbers. To look at
# one, give it back its two dimensions:

import matplotlib.pyplot as plt

plt.figure(figsize=(1.5, 1.5))
plt.imshow(x_train[0].reshape((28, 28)), cmap="gray")
plt.axis("off")
plt.show()
print("label:", y_train[0])

# %%
# .. figure-text:: One handwritten digit, white on black, coarse enough to see its pixels.
#
#    The first training picture. The label says what the writer meant.
#
# PyTorch wants tensors, so we convert all arrays in one go with :func:`map`:

x_train, y_train, x_valid, y_valid, x_test, y_test = map(
    torch.tensor, (*train, *valid, *test)
)
n, c = x_train.shape
print(x_train, y_train)
print(n, c, x_train.min(), x_train.max(), y_train.min(), y_train.max())

# %%
# There are ``n`` pictures of ``c`` pixels; a pixel is a number from 0 to just below 1, a label an
# integer from 0 to 9. (The print-out shows only corners, and they are black.)
#
# .. guess:: The file you downloaded is 16 MB. How much memory do the 50,000 training pictures take
#    now?
#
#    50,000 × 784 numbers of 4 bytes each: 157 MB. In the file they are packed, and most pixels are
#    black, which packs well.
#
# **In short:** pairs of tensors: pictures in rows of 784 numbers, and labels from 0 to 9.
#
# .. _from-scratch:
#
# A network from scratch, without ``torch.nn``
# --------------------------------------------
#
# If :term:`gradient descent` is new to you, read this beside the first lessons of
# `course.fast.ai <https://course.fast.ai>`_.
#
# Our model is linear: for each of the ten classes a weighted sum over the 784 pixels, plus a
# :term:`bias`. The weights begin as random numbers, the biases as zeros. They are ordinary tensors,
# but ``requires_grad`` tells PyTorch to record what is done with them, so that it can compute
# :term:`gradients <gradient>` by itself. That is :term:`autograd`.

import math

weights = torch.randn(784, 10) / math.sqrt(784)
weights.requires_grad_()
bias = torch.zeros(10, requires_grad=True)

# %%
# The trailing underscore of ``requires_grad_`` means :term:`in place`. Note the order: the other
# way round, the scaling would be recorded too, ``weights`` would be the *result* of a computation,
# and its gradient would stay ``None``.
#
# Any Python callable can be a model. Ours is a matrix product, ``@``, with the bias added by
# :term:`broadcasting`. The ten sums that come out are called :term:`logits <logit>`. An
# :term:`activation function`, :term:`log-softmax`, turns them into the logarithms of ten
# probabilities. Straight from the definition:

logits = torch.tensor([[89.0, 1.0, 0.0]])
print(logits - logits.exp().sum(dim=1, keepdim=True).log())

# %%
# Minus infinity three times: in ``float32``, ``exp`` overflows beyond 88.7, and a network that is
# sure of itself gets there. The cure is called :term:`log-sum-exp`: subtract the largest logit of
# the row first. :term:`Softmax` depends only on differences, so nothing else changes.
#
# .. tested-source:: mnist_tut.by_hand.log_softmax

from mnist_tut.by_hand import log_softmax

print(log_softmax(logits))


def model(xb):
    return log_softmax(xb @ weights + bias)


# %%
# .. exercise:: my_log_sum_exp
#
#    The trick is worth having in your own hands. Write the function that gave it its name: for each
#    row of ``x``, the logarithm of the sum of the exponentials, one number per row. It should cope
#    with logits of 89, and of -200 too. (Without ``torch.logsumexp``: the check compares with it.)
#
#    .. hint::
#
#       Take the largest logit of each row out before ``exp``, as ``log_softmax`` does. Here you
#       need the sum itself, so what you took out must come back at the end.
#
# Plain Python, yet fast: each operation calls a ready-made routine, compiled for the CPU or the
# GPU. Let us send a :term:`mini-batch` of ``bs`` pictures (the :term:`batch size`) through the
# model: a :term:`forward pass`.
#
# .. guess:: What should the ten numbers for a picture be, if the model knows nothing?
#
#    A probability of one in ten for each class, so about :math:`\ln(1/10) = -2.3`. The output below
#    agrees.

bs = 64

xb, yb = x_train[:bs], y_train[:bs]
preds = model(xb)
print(preds[0])
print(preds.shape, preds.grad_fn.name())

# %%
# Besides its numbers, ``preds`` carries a ``grad_fn``:
# the operation that made it, a subtraction. We will use that in a moment.
#
# To train, we need one number that says how bad the predictions are: the :term:`loss`. For a
# classifier that is the :term:`negative log-likelihood`: minus the mean of the log-probabilities
# given to the true classes.
#
# .. exercise:: my_nll
#
#    Try it yourself before you look at ours. You are given ``log_probs`` of the shape (64, 10) and
#    ``target`` with the 64 true classes. Return one number, the loss, that ``backward()`` can start
#    from.
#
#    .. hint::
#
#       From each row you need one number, that in the column of the true class. ``gather`` picks
#       numbers from rows: ``log_probs.gather(1, columns)`` wants a column number for each row, in
#       the shape (64, 1).
#
# .. tested-source:: mnist_tut.by_hand.nll
#
# Indexed with two tensors, ``log_probs`` gives one number per row: the one in the column of the
# true class. PyTorch has many loss and activation functions, but you can write your own in plain
# Python.

from mnist_tut.by_hand import nll

loss_func = nll
loss = loss_func(preds, yb)
print(loss)

# %%
# .. guess:: Suppose the model gave every true class a probability of one half. What would the loss
#    be?
#
#    :math:`-\ln(1/2) = 0.69`, whatever the other nine get. The loss looks only at the true class.
#
# Ours is near :math:`\ln 10 = 2.303`, the loss of a pure guess.
#
# **The gradient.** How does the loss change when a weight does? PyTorch has recorded every
# operation from the weights to the loss, as a :term:`computation graph`:

from mnist_tut.plots import show_graph

show_graph(loss)

# %%
# .. figure-text:: A chain whose arrows point left: from Neg through Mean, Index, Sub, Log, Sum,
#    Exp, Sub, Amax, Add and Mm to a box (784, 10). Add also leads to a box (10,); arcs jump from
#    one Sub to the other, and on to Add.
#
#    What ``loss.grad_fn`` knows. In the boxes stand the shapes of ``weights`` and ``bias``; ``Mm``
#    is the matrix product. The arrows show the way that ``backward()`` will take.
#
# ``loss.backward()`` walks this graph and leaves each :term:`parameter`'s gradient in its
# ``.grad``. For our model you can also work it out with pencil and paper: how much too large each
# probability is, times the pixels, averaged over the mini-batch. Do they agree?

import torch.nn.functional as F

loss.backward()

by_formula = xb.T @ (preds.exp() - F.one_hot(yb, 10)) / len(xb)
torch.testing.assert_close(weights.grad, by_formula)
print(weights.grad.shape, weights.grad.abs().max())

# %%
# They do, or ``assert_close`` would complain.
#
# .. exercise:: my_bias_gradient
#
#    That was the gradient of the weights. What is that of the bias? Given the log-probabilities
#    ``log_probs`` and the labels ``target``, work out the ten numbers that ``backward()`` leaves in
#    ``bias.grad``, without autograd.
#
#    .. hint::
#
#       Look at the formula above. A weight is multiplied by its pixel, the bias by 1: leave the
#       pixels out, and take the mean over the pictures.
#
# .. guess:: Predict and go backward again: what is in ``weights.grad``?
#
#    Twice the gradient. The next cell shows it. Why? Read on.

loss_func(model(xb), yb).backward()
print(weights.grad.abs().max())

# %%
# Twice as much: ``backward()`` *adds* to what is there, so the old gradient has to be set to zero
# first. Let us do that, and keep a copy of the untrained parameters, so that every later program
# can start from them:

weights.grad.zero_()
bias.grad.zero_()

start = {"weights": weights.detach().clone(), "bias": bias.detach().clone()}

# %%
# **The accuracy.** We can also count how often the largest of the ten outputs is the right
# one:
#
# .. tested-source:: mnist_tut.by_hand.accuracy

from mnist_tut.by_hand import accuracy

print(accuracy(preds, yb))

# %%
# One in ten, as by guessing. That is easier to read than the loss, but it cannot train a model: a
# tiny change of a weight hardly ever changes which output is largest, so its gradient is zero.
#
# .. exercise:: my_top3
#
#    A sloppy 4 can pass for a 9. Write a more lenient accuracy: a picture counts if its true class
#    is among the *three* largest of its ten outputs. Return their share, as a tensor.
#
#    .. hint::
#
#       ``out.topk(3, dim=1).indices`` holds the three classes, best first. Compare each with the
#       label; ``any(dim=1)`` then asks whether one of them was right.
#
# **The training loop.** For every mini-batch: predict, compute the loss, go backward
# (:term:`backpropagation`), and move each parameter a little against its gradient. The
# :term:`learning rate`, ``lr``, says how little. It is a :term:`hyper-parameter`: we choose it,
# training does not. One pass over all the data is an :term:`epoch`.

lr = 0.5
epochs = 2

# %%
# .. loop:: by-hand
#    :title: by hand

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad
            weights.grad.zero_()
            bias.grad.zero_()

# %%
# You have just trained a neural network with nothing but tensors. It is the smallest there is: with
# no :term:`hidden layer`, it is :term:`logistic regression` (for more than two classes also called
# *softmax regression*).
#
# **Break it.** Here the same loop runs in your browser, on the first 5,000 training pictures; with
# the page's settings its losses are those that PyTorch computes. Guess what each switch does before
# you try it.
#
# .. train-here::
#
# .. guess:: Take the update out of ``no_grad`` and run the loop again. What happens?
#
#    An error, at the first update: *a leaf Variable that requires grad is being used in an in-place
#    operation*. PyTorch is recording. If you overwrote the weights now, the record would say that
#    they are the result of an update, and no longer where the computation began.
#
# The update is wrapped in :class:`torch.no_grad` because it is not part of what we want gradients
# of. (If you tried it, run all cells again from the top, or the numbers below will change. A *leaf*
# is a tensor that no recorded operation has made; the notes on
# `autograd <https://docs.pytorch.org/docs/stable/notes/autograd.html>`_ say more.) To watch the
# loop at work, put :func:`breakpoint` anywhere in it, and step through it with Python's debugger.
#
# .. exercise:: my_update
#
#    Two parameters take four lines in the loop. What of two hundred? Write the update for a list of
#    parameters: each moves *in place* by ``lr`` times its gradient, downhill, and its gradient is
#    set to zero for the next time. Nothing is returned.
#
#    .. hint::
#
#       ``p -= ...`` changes a tensor; ``p = p - ...`` makes a new one and leaves the caller's as it
#       was. What did the loop need around it?
#
# We expect the loss to have gone down from 2.3 and the accuracy up from 0.1. Have they?

print(f"last mini-batch: {loss_func(model(xb), yb):.4f}, {accuracy(model(xb), yb):.4f}")
out = model(x_valid)
print(f"validation set: {loss_func(out, y_valid):.4f}, {accuracy(out, y_valid):.4f}")

# %%
# Yes. The first line means little: the last mini-batch has only 16 pictures
# (50,000 = 781 × 64 + 16), and the model has just been trained on them. The second line counts: ten
# thousand pictures that it has never been trained on. What did the model say of the first of each
# class before, and what now?

from mnist_tut.plots import show_beliefs

ten = torch.stack([(y_valid == digit).nonzero()[0, 0] for digit in range(10)])
before = log_softmax(x_valid[ten] @ start["weights"] + start["bias"])
show_beliefs(before.exp(), out[ten].exp(), y_valid[ten])

# %%
# .. figure-text:: Two ten-by-ten grids of probabilities. On the left the colour is dull and without
#    pattern; on the right most rows have one bright cell on the diagonal.
#
#    Probabilities before training (left) and after it (right). A row is a picture, from 0 to 9, a
#    column is a class; a bright cell on the diagonal is a sure and right prediction.
#
# Every class has one weight per pixel, so its weights are a picture, too:

from mnist_tut.plots import show_weights

show_weights(weights.T.view(10, 28, 28), range(10), cols=5)

# %%
# .. figure-text:: Ten pictures of weights in two rows, one per digit; the 0 shows an orange ring
#    around a blue centre.
#
#    What speaks for each digit (orange) and against it (blue). A 0 wants ink in a ring, and none in
#    the middle.
#
# .. exercise:: my_losses
#
#    Break it on purpose. Take ``steps`` training steps, always on the same mini-batch, with
#    ``F.cross_entropy`` as the loss of ``xb @ weights + bias`` (it takes plain logits; the next
#    section is about it), and *never* set a gradient to zero.
#    Collect the loss that each step begins with, as a plain number. Draw the list with
#    ``plt.plot``, say for ``x_train[:64]``, its labels, the ``start`` values, ``lr`` and a hundred
#    steps, and explain the curve.
#
#    .. hint::
#
#       It is the loop above without its last two lines. ``loss.item()`` makes a plain number of a
#       tensor. For the curve: what is in ``weights.grad`` after ten steps?
#
# From here on we *refactor*: the program must do what it did, with shorter, clearer or more
# flexible code. So we keep what it has learnt, and compare all later programs with it:

goal = weights.detach().clone(), bias.detach().clone()


def same_as_by_hand(weights, bias):
    print(f"after:  {loss_func(model(x_valid), y_valid):.4f}")
    print(f"largest difference: {(weights - goal[0]).abs().max():.0e}")
    torch.testing.assert_close((weights, bias), goal)


# %%
# **In short:** a model is a function with parameters, and training is four steps repeated: predict,
# compute the loss, go backward, update.
#
# .. _nn-functional:
#
# Using ``torch.nn.functional``
# -----------------------------
#
# :mod:`torch.nn.functional`, usually imported as ``F``, holds most functions of ``torch.nn``:
# losses, activations, :term:`pooling`, and :term:`convolutions <convolution>` and
# :term:`linear layers <linear layer>` as well, though the classes to come are handier for these.
#
# Log-softmax and negative log-likelihood, together called :term:`cross-entropy`, are such a common
# pair that one function does both: :func:`torch.nn.functional.cross_entropy`. So our own two can
# go, and the model returns plain logits. We go back to the start and train again:
#
# .. loop:: functional
#    :from: by-hand
#    :title: torch.nn.functional

loss_func = F.cross_entropy


def model(xb):
    return xb @ weights + bias


weights = start["weights"].clone().requires_grad_()
bias = start["bias"].clone().requires_grad_()
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad
            weights.grad.zero_()
            bias.grad.zero_()

same_as_by_hand(weights, bias)

# %%
# The loss is what it was, and the weights differ by rounding at most. The accuracy is the same,
# too:

print(f"{accuracy(model(x_valid), y_valid):.4f}")

# %%
#
# .. guess:: If the model still ended in ``log_softmax``, what would ``cross_entropy`` give?
#
#    The same number. Log-softmax leaves log-probabilities as they are: their exponentials add
#    up to one already, and :math:`\ln 1 = 0`. With *probabilities* it is another matter: the loss
#    never gets near zero, and nothing complains.
#
# .. exercise:: my_cross_entropy
#
#    Write ``cross_entropy`` from the logits, without computing any probability. The loss of a
#    picture is the log-sum-exp of its ten logits, less the logit of its true class. Take the mean.
#
#    .. hint::
#
#       ``logits.logsumexp(dim=1)`` has one number per picture. So has ``logits``, indexed as
#       ``nll`` does it.
#
# **In short:** ``cross_entropy`` takes logits; it is log-softmax and negative log-likelihood in
# one.
#
# .. _nn-module:
#
# Refactor using ``nn.Module``
# ----------------------------
#
# Weights, bias and what is done with them belong together, in a class of their own: a
# :term:`subclass` of :class:`torch.nn.Module`. It keeps *state*: whatever is assigned to it as a
# :class:`torch.nn.Parameter` goes on its list of parameters. Its method ``forward`` says what to
# compute.

from torch import nn


class Mnist_Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(784, 10) / math.sqrt(784))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


# %%
# .. note::
#
#    A Python `module <https://docs.python.org/3/tutorial/modules.html>`_, with a small m, is a file
#    of code that you can import. ``nn.Module``, with a capital M, is a class of PyTorch's.
#
# Our model is now a class, so we first have to :term:`instantiate` it. Then we call it like a
# function; it passes the call on to ``forward``:

model = Mnist_Logistic()
print(loss_func(model(xb), yb))

# %%
# About 2.3 again, as for any untrained model. What have we gained? ``model.parameters()`` hands out
# all parameters, be they two or two hundred, ``model.zero_grad()`` clears all their gradients, and
# ``model.load_state_dict`` fills them all from a dictionary such as our ``start``:
#
# .. loop:: module
#    :from: functional
#    :title: nn.Module

model = Mnist_Logistic()
model.load_state_dict(start)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
            model.zero_grad()

same_as_by_hand(model.weights, model.bias)

# %%
# .. guess:: The last thing the loop did was ``zero_grad()``. What is in ``model.bias.grad`` now?
#
#    Perhaps not what you think: run the next cell.

print(model.bias.grad)

# %%
# Not zeros but ``None``: ``zero_grad()`` throws the gradients away, and the next ``backward()``
# starts new ones. (It makes a difference only where a parameter gets no gradient: optimizers skip
# ``None``, but some move a parameter whose gradient is zero.)
#
# **In short:** a ``Module`` holds parameters and what is done with them, and can go over all of
# them at once.
#
# .. _nn-linear:
#
# Refactor using ``nn.Linear``
# ----------------------------
#
# Weights, bias, product and sum: PyTorch has that ready, as :class:`torch.nn.Linear`. Ready-made
# layers make code simpler, and often faster.
#
# .. tested-source:: mnist_tut.models.Mnist_Logistic

from mnist_tut.models import Mnist_Logistic

model = Mnist_Logistic()
print(loss_func(model(xb), yb))
print(f"ours: {start['weights'].std():.4f}, of nn.Linear: {model.lin.weight.std():.4f}")

# %%
# Look at the second line: simpler code has quietly changed the :term:`initialisation`.
# ``nn.Linear`` draws from a narrower distribution. Here that hardly matters; in a deep network it
# can.
#
# .. note::
#
#    Dividing by :math:`\sqrt{784}`, as we did, is often called *Xavier initialisation*. Strictly
#    speaking, `Glorot and Bengio (2010) <https://proceedings.mlr.press/v9/glorot10a.html>`_ use
#    :math:`\sqrt{2 / (784 + 10)} = 0.0502`; our :math:`1/\sqrt{784} = 0.0357` is older and LeCun's.
#
# To compare, we start from our own weights, transposed, as ``nn.Linear`` stores them.
#
# .. loop:: linear
#    :from: module
#    :title: nn.Linear

start_linear = {"lin.weight": start["weights"].T, "lin.bias": start["bias"]}

model = Mnist_Logistic()
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
            model.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# When you put a model together, check its shapes first:

from mnist_tut.plots import show_shapes

show_shapes(model, x_train[:bs])

# %%
# .. figure-text:: Two marks with an arrow named Linear between them: 64 by 784 becomes 64 by 10.
#
#    A mini-batch on its way through the linear model: (64, 784) @ (784, 10) + (10,) is (64, 10).
#
# .. guess:: Our model has 7,850 parameters. How many with a hidden layer of 50 between pixels
#    and classes?
#
#    784 × 50 + 50 for the first layer, and 50 × 10 + 10 for the second: 39,760.
#
# .. exercise:: MyNet
#
#    Build that one: a layer from 784 to ``hidden``, a :term:`ReLU` (negative values become zero),
#    and a layer from there to 10 for logits. ``parameters()`` should find all four tensors.
#
#    .. hint::
#
#       Make both layers in ``__init__`` and assign them to ``self``; call them in ``forward``, with
#       ``F.relu`` between them.
#
# **In short:** a layer brings its own parameters, and its own way to initialise them.
#
# .. _torch-optim:
#
# Refactor using ``torch.optim``
# ------------------------------
#
# :mod:`torch.optim` is a package of optimisation algorithms: SGD, Adam and many more. An optimizer
# is given the parameters to look after; then ``opt.step()`` updates them all. The simplest,
# *stochastic gradient descent*, does just what our loop does. We will need a fresh model with its
# optimizer several times, so that becomes a function:
#
# .. tested-source:: mnist_tut.training.get_model

from torch import optim

from mnist_tut.training import get_model

# %%
# .. loop:: optim
#    :from: linear
#    :title: torch.optim

model, opt = get_model(lr)
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# Tell the three calls apart. ``backward()`` computes gradients and changes no parameter; ``step()``
# changes the parameters; ``zero_grad()`` clears the gradients, before the next ``backward()``.
#
# .. guess:: What does the loop learn if ``zero_grad()`` stands between ``backward()`` and
#    ``step()``?
#
#    Nothing. The gradients are ``None`` when ``step()`` looks at them, so it skips every parameter.
#    And nothing complains.
#
# .. exercise:: MyStack
#
#    A network with as many layers as you like, in a list. It runs, and gives logits. But
#    ``optim.SGD(MyStack([784, 50, 10]).parameters(), lr=0.1)`` says *optimizer got an empty
#    parameter list*. Where did the parameters go? Change one line.
#
#    .. hint::
#
#       A module notices what is assigned to it, if that is a parameter or a module. A Python list
#       is neither. ``torch.nn`` has a list that is a module.
#
# **In short:** ``backward()``, ``step()``, ``zero_grad()``, once per mini-batch, whatever the
# optimizer.
#
# .. _dataset:
#
# Refactor using ``Dataset``
# --------------------------
#
# A :class:`~torch.utils.data.Dataset` is an abstract class for anything with a length (``__len__``,
# which :func:`len` calls) that can be indexed (``__getitem__``). The tutorial on
# `data sets and loaders <https://docs.pytorch.org/tutorials/beginner/data_loading_tutorial.html>`_
# writes one for pictures of faces, ``FaceLandmarksDataset``, as a subclass of ``Dataset``. (That is
# the *map-style* kind; :class:`~torch.utils.data.IterableDataset` is for streams that have no
# length.)
#
# For tensors there is :class:`~torch.utils.data.TensorDataset`. With it we :term:`index`,
# :term:`slice` or go through several tensors at once, along their first dimension. So one line gets
# both pictures and labels:
#
# .. loop:: dataset
#    :from: optim
#    :title: Dataset

from torch.utils.data import TensorDataset

train_ds = TensorDataset(x_train, y_train)

model, opt = get_model(lr)
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = train_ds[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# .. exercise:: MyInverted
#
#    Ink is black, paper is white, and MNIST has it the other way round. Write a ``Dataset`` that
#    hands out every picture as a negative, black for white, with its label. The tensors ``x`` and
#    ``y`` it was made from must stay as they are.
#
#    .. hint::
#
#       Pixels run from 0 to 1. Do the arithmetic in ``__getitem__``, for one picture at a time, and
#       return a pair.
#
# **In short:** a ``Dataset`` has a length and can be indexed; it keeps inputs and labels together.
#
# .. _dataloader:
#
# Refactor using ``DataLoader``
# -----------------------------
#
# A :class:`~torch.utils.data.DataLoader` makes mini-batches from any ``Dataset``. No more
# arithmetic with indices:
#
# .. loop:: dataloader
#    :from: dataset
#    :title: DataLoader

from torch.utils.data import DataLoader

train_dl = DataLoader(train_ds, batch_size=bs)

model, opt = get_model(lr)
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for xb, yb in train_dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# .. guess:: What is ``len(train_dl)``, and how many pictures are in the last mini-batch?
#
#    782, and 16: the loader, too, hands out the rest as a smaller mini-batch, unless you ask it to
#    ``drop_last``.
#
# Compare this loop with the first one: what is left of it says what training is, and the rest has
# moved into ``Module``, ``Parameter``, ``Dataset`` and ``DataLoader``. (The price: a plain
# ``DataLoader`` fetches row after row. For tensors in memory there is a faster way: see
# :doc:`where_the_time_goes`.) What is missing is what you need to train in earnest.
#
# **In short:** a ``DataLoader`` cuts any ``Dataset`` into mini-batches.
#
# .. _validation:
#
# Add validation
# --------------
#
# A model can memorise its training data and be no good on anything else. Only data that it was not
# trained on reveal such :term:`overfitting`, so always have a `validation set
# <https://www.fast.ai/posts/2017-11-13-validation-sets.html>`_.
#
# The training data should be *shuffled*: in a fixed order the same pictures share a mini-batch in
# every epoch and pull the weights the same way each time. Shuffling also helps against overfitting.
# The validation data need no shuffling: their loss is the same in any order.
#
# .. exercise:: my_batches
#
#    Write a shuffling loader yourself, in four lines. As a :term:`generator`, it yields
#    mini-batches of ``bs`` pictures with their labels, every picture once, in a random order that
#    is new each time. The last mini-batch takes the rest.
#
#    .. hint::
#
#       ``order = torch.randperm(len(x))`` holds every index once. Walk through ``order`` in steps
#       of ``bs``, and index ``x`` and ``y`` with the same piece of it.
#
# The validation batches are twice as large, to take less time. There is memory for that, as under
# ``no_grad`` nothing is kept for a backward pass. And we call ``model.train()`` before training and
# ``model.eval()`` before validation, because some layers, such as :class:`torch.nn.BatchNorm2d` and
# :class:`torch.nn.Dropout`, behave differently in each.
#
# .. loop:: validation
#    :from: dataloader
#    :title: with validation

valid_ds = TensorDataset(x_valid, y_valid)
train_dl = DataLoader(train_ds, batch_size=bs, shuffle=True)
valid_dl = DataLoader(valid_ds, batch_size=bs * 2)

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    model.train()
    for xb, yb in train_dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

    model.eval()
    with torch.no_grad():
        total = sum(loss_func(model(xb), yb) * len(xb) for xb, yb in valid_dl)
    print(epoch, total / len(valid_ds))

# %%
# **In short:** :term:`shuffle` the training data, and validate after every epoch, without
# gradients.
#
# .. _fit-get-data:
#
# Create ``fit()`` and ``get_data()``
# -----------------------------------
#
# The loop computes a loss in two places, to train and to validate. So let us write that once. Given
# an optimizer, ``loss_batch`` takes a training step as well:
#
# .. tested-source:: mnist_tut.training.loss_batch
#
# A mean over all pictures has to weight each mini-batch by its size:
#
# .. tested-source:: mnist_tut.training.weighted_mean
#
# .. exercise:: my_mean
#
#    ``weighted_mean`` walks through the list twice. A stream can be read only once, and has no
#    length. Write the weighted mean so that it works for a generator of (mean, size) pairs, too.
#
#    .. hint::
#
#       Keep two running sums in one loop: of the losses of all pictures, and of the pictures.
#
# ``evaluate`` takes anything that is called like a loss, and so our ``accuracy``, too.
#
# .. tested-source:: mnist_tut.training.evaluate
#
# ``fit`` trains, and after every epoch prints its number, training loss, validation loss and
# accuracy.
#
# .. tested-source:: mnist_tut.training.fit
#
# And ``get_data`` makes the two loaders.
#
# .. tested-source:: mnist_tut.loaders.get_data
#
# What is left is three lines: get the data, get the model, fit.
#
# .. loop:: fit
#    :from: validation
#    :title: fit() and get_data()

from mnist_tut.loaders import get_data
from mnist_tut.training import fit

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
model, opt = get_model(lr)
fit(epochs, model, loss_func, opt, train_dl, valid_dl)

# %%
# Did anything get lost? We let ``fit`` start where the first loop started, in the same order:

model, opt = get_model(lr)
model.load_state_dict(start_linear)
fit(epochs, model, loss_func, opt, DataLoader(train_ds, batch_size=bs), valid_dl)
same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# Nothing. And experiments are cheap now.
#
# .. guess:: Of the 79 validation mini-batches, the last is smaller than the others. Does it matter
#    whether it counts as much as they do?
#
#    In the third or fourth digit, and more if its pictures are hard. Look at both numbers below,
#    and at what shuffling does to them.
#
# The cell prints the mean over mini-batches and the one over pictures, first in order, then
# shuffled:

from mnist_tut.training import loss_batch, weighted_mean

for shuffle in (False, True):
    dl = DataLoader(valid_ds, batch_size=bs * 2, shuffle=shuffle)
    results = [loss_batch(model, loss_func, xb, yb) for xb, yb in dl]
    over_batches = sum(loss for loss, _ in results) / len(results)
    print(f"{over_batches:.4f} {weighted_mean(results):.4f}")

# %%
# The first number depends on the order, the second does not: 10,000 pictures make 78 mini-batches
# of 128 and one of 16, and those 16 count as much as any 128.
#
# .. guess:: How well does a model do if trained on sorted digits, first all zeros, then all ones
#    ...?
#
#    Badly: it forgets each digit while it sees the next. The cell says how badly.

order = y_train.argsort()
sorted_ds = TensorDataset(x_train[order], y_train[order])
model, opt = get_model(lr)
fit(1, model, loss_func, opt, DataLoader(sorted_ds, batch_size=bs), valid_dl)

# %%
# Hardly better than chance: the last pictures it saw were all nines. Hence the shuffling.
#
# Here is how far we have come: all the lines that each program needs.
#
# .. program-lengths:: by-hand functional module linear optim dataset dataloader validation fit
#    :own: mnist_tut.by_hand mnist_tut.models
#    :apart: start start_linear
#
# **In short:** three lines to train, and a few short functions that you will use again and again.
#
# .. _cnn:
#
# Switch to a CNN
# ---------------
#
# Nothing in ``fit`` knows what kind of model it trains. Can it train a *convolutional neural
# network*? A convolution slides a small window of weights, its :term:`kernel`, over the picture,
# and so looks for the same shapes everywhere.
#
# Ours has three :class:`torch.nn.Conv2d` layers with kernels of 3 by 3. A :term:`padding` of one
# pixel lets them reach the edges, and with a :term:`stride` of 2 each halves width and height,
# rounding up: 28, 14, 7, 4. After each comes a *ReLU*, which turns negative values into zero. At
# the end we average over the 4 by 4 that are left. ``view`` gives a tensor another shape without
# copying a number, and fails where that cannot be done; :func:`torch.reshape`, like NumPy's, then
# makes a copy.
#
# .. tested-source:: mnist_tut.models.Mnist_CNN

from mnist_tut.models import Mnist_CNN

torch.manual_seed(2)
cnn = Mnist_CNN()
show_shapes(cnn, x_train[:bs])

# %%
# .. figure-text:: Squares that shrink from left to right, with an arrow named Conv2d between each
#    and the next; the last is a small mark of 64 by 10.
#
#    What the three convolutions make of a mini-batch: smaller pictures, but more
#    :term:`channels <channel>`.
#
# The optimizer gets :term:`momentum`: each step also carries on in the direction of those before,
# like a ball that rolls downhill. That usually trains faster (see
# `Stanford's notes <https://cs231n.github.io/neural-networks-3/#sgd>`_).

opt = optim.SGD(cnn.parameters(), lr=0.1, momentum=0.9)
fit(epochs, cnn, loss_func, opt, train_dl, valid_dl)

# %%
# The very same ``fit``. What do the sixteen kernels of its first layer look for?

show_weights(cnn.conv1.weight[:, 0])

# %%
# .. figure-text:: Sixteen tiny pictures of three by three weights in two rows; many are orange on
#    one side and blue on the other.
#
#    The sixteen kernels of the first layer. Orange on one side and blue on the other: an edge.
#
# And which pictures does it still get wrong?

from mnist_tut.plots import show_digits

with torch.no_grad():
    logits = cnn(x_valid)
guess = logits.argmax(dim=1)
wrong = (guess != y_valid).nonzero()[:20, 0]
show_digits(x_valid[wrong], [f"{y_valid[i]} → {guess[i]}" for i in wrong])

# %%
# .. figure-text:: Twenty digits in two rows, each labelled with its true class, an arrow and the
#    predicted class; many are sloppily written.
#
#    The first twenty mistakes on the :term:`validation set`: what it was, and what the network took
#    it for.
#
# **Now you.** Draw a digit. The networks below are the ones that this page trains, and nothing
# leaves your browser. Find a digit that the linear model misreads and the CNN does not, then shift
# it by two pixels.
#
# .. draw-digit::
#
# What does a network do with data that differ from what it was trained on? It does not notice. Your
# drawing is first centred and scaled as MNIST's makers did with theirs; without that, the same ink
# in another place is often misread. Try it on all validation pictures, two pixels to the right:

shifted = x_valid.view(-1, 28, 28).roll(2, dims=2).flatten(1)
print(accuracy(logits, y_valid), accuracy(cnn(shifted), y_valid))

# %%
# The strides skip places, so a shift matters. An accuracy holds for data that come from where the
# validation set came from, and for no others.
#
# One weak spot: the last ReLU comes before the average, so an unlucky start can leave a channel
# that is zero for *every* picture. Then its gradient is zero, too; it hardly ever recovers, and its
# class is *dead*. On what share of the pictures is the logit of each class exactly zero?

print((logits == 0).float().mean(dim=0))

# %%
# All shares are below 1, so all ten are alive.
# (:ref:`How other seeds fare, and why we keep the ReLU <differences>`.)
#
# .. exercise:: MySGD
#
#    Take the magic out of momentum. The class has everything but its ``step``: for each parameter,
#    the velocity shrinks to ``momentum`` times what it was, the gradient is added to it, and the
#    parameter moves against it by ``lr`` times the velocity. Yours should go where ``optim.SGD``
#    goes.
#
#    .. hint::
#
#       ``for p, v in zip(self.params, self.velocities)``, under ``torch.no_grad()``. Change ``v``
#       in place, or the next step will not know of it.
#
# **In short:** ``fit`` does not care what it trains.
#
# .. _nn-sequential:
#
# Using ``nn.Sequential``
# -----------------------
#
# A model that only passes its input from layer to layer can be a list of layers:
# :class:`torch.nn.Sequential` runs them in order. For the change of shape at the front we make a
# :term:`custom layer` from a function. (At the back, :class:`torch.nn.Flatten` does it.)
#
# .. tested-source:: mnist_tut.models.Lambda
#
# .. tested-source:: mnist_tut.models.conv
#
# .. tested-source:: mnist_tut.models.cnn_layers

from mnist_tut.models import Lambda, cnn_layers


def to_pictures(x):
    return x.view(-1, 1, 28, 28)


torch.manual_seed(2)
layers = [Lambda(to_pictures), *cnn_layers(), nn.AvgPool2d(4), nn.Flatten()]
sequential = nn.Sequential(*layers)
opt = optim.SGD(sequential.parameters(), lr=0.1, momentum=0.9)
fit(epochs, sequential, loss_func, opt, train_dl, valid_dl)
torch.testing.assert_close(list(sequential.parameters()), list(cnn.parameters()))

# %%
# Same seed, same network, same parameters. To keep them, save the ``state_dict``, the counterpart
# of ``load_state_dict``: ``torch.save(sequential.state_dict(), "cnn.pt")``. It holds tensors and no
# code. If you save the whole model instead, it is pickled: a ``lambda`` in it makes that fail, and
# :func:`torch.load` refuses the file unless told ``weights_only=False``, because reading a pickle
# may run any code.
#
# **In short:** ``Sequential`` for a chain of layers, and a small class for a layer of your own.
#
# .. _wrapping-dataloader:
#
# Wrapping ``DataLoader``
# -----------------------
#
# Two things in our CNN assume pictures of 28 by 28: the ``view`` at the front, and the average over
# a grid of 4 by 4 at the back.
#
# .. guess:: What do the layers behind the ``view`` make of three pictures of 32 by 32, and of 64 by
#    64?
#
#    32 shrinks to 16, 8, 4, so the average over 4 by 4 still fits. 64 ends at 8 by 8, and there are
#    four averages for each class.

for side in (32, 64):
    print(sequential[1:](torch.rand(3, 1, side, side)).shape)

# %%
# The first goes well, because 32 shrinks to 4 by 4, too. The second is worse than an error: forty
# classes, and no complaint.
# :class:`torch.nn.AdaptiveAvgPool2d` fixes the size of the *output*, whatever comes in:
#
# .. tested-source:: mnist_tut.models.cnn_any_size
#
# The change of shape moves out of the model, into a function that a *generator* around the loader
# calls for every mini-batch. With ``len(x)`` in place of ``-1``, rows of another length are an
# error. (With ``-1``, 49 pictures of 32 by 32 would become 64 of nonsense.)
#
# .. tested-source:: mnist_tut.loaders.preprocess
#
# .. tested-source:: mnist_tut.loaders.WrappedDataLoader

from mnist_tut.loaders import WrappedDataLoader, preprocess
from mnist_tut.models import cnn_any_size

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
train_dl = WrappedDataLoader(train_dl, preprocess)
valid_dl = WrappedDataLoader(valid_dl, preprocess)

torch.manual_seed(2)
model = cnn_any_size()
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
fit(epochs, model, loss_func, opt, train_dl, valid_dl)

for height, width in [(28, 28), (64, 64), (50, 20)]:
    print(model(torch.rand(3, 1, height, width)).shape)

# %%
# Ten classes each time. (A promise about shapes only: it was never trained on such pictures.)
#
# **In short:** what depends on the form of the data belongs to the loader.
#
# .. _gpu:
#
# Using your GPU
# --------------
#
# No GPU? Most cloud providers rent them by the hour, and Google Colab lends you one. Ask PyTorch
# for the :term:`accelerator` of this machine, from NVIDIA or AMD (both ``cuda``), Apple (``mps``)
# or Intel (``xpu``), and fall back on the CPU:

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
print(dev)

# %%
# Two things have to move there: every mini-batch and the model. Make the optimizer after that:


def to_device(x, y):
    return x.to(dev), y.to(dev)


train_dl = WrappedDataLoader(train_dl, to_device)
valid_dl = WrappedDataLoader(valid_dl, to_device)

model.to(dev)
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

began = time.perf_counter()
fit(epochs, model, loss_func, opt, train_dl, valid_dl)
print(f"{dev}: {time.perf_counter() - began:.1f} s")

# %%
# The loss is lower because we went on training the same model: these are its third and fourth
# epochs. Whether a GPU is *faster*, you have to measure; on a network as small as ours it waits a
# lot. The last line of the output says which device it was.
#
# **In short:** choose a :term:`device`, move the model once, and each mini-batch as it comes.
#
# .. _better:
#
# One more network
# ----------------
#
# So far we have kept to the original CNN. You can do better now, in a few lines: the later
# convolutions get more channels, after each comes :term:`batch normalisation`, which keeps the
# numbers in a healthy range, and the ten logits come from a linear layer, so that no last ReLU can
# kill a class.
#
# .. guess:: How far do the same two epochs take it?
#
#    Far: of the errors, only a fraction is left.
#
# .. tested-source:: mnist_tut.models.conv_block
#
# .. tested-source:: mnist_tut.models.better_cnn

from mnist_tut.models import better_cnn

torch.manual_seed(2)
better = better_cnn().to(dev)
opt = optim.SGD(better.parameters(), lr=0.1, momentum=0.9)
fit(epochs, better, loss_func, opt, train_dl, valid_dl)

# sphinx_gallery_start_ignore
# The living figures of the site get the models that this page has trained.
import os

if "MNIST_TUT_EXPORTS" in os.environ:
    from ext.alive.export import export

    export(
        os.environ["MNIST_TUT_EXPORTS"],
        linear=goal,
        cnn=cnn,
        better=better,
        start=start["weights"],
        train=(x_train, y_train),
        valid=(x_valid, y_valid),
        source=os.environ["MNIST_TUT_EXPORTS_SOURCE"],
    )
# sphinx_gallery_end_ignore

# %%
# A fraction of the errors. Does that hold on pictures that played no part in any of our choices?
# This is what the :term:`test set` has been waiting for:

from mnist_tut.training import evaluate

test_dl = DataLoader(TensorDataset(x_test, y_test), batch_size=bs * 2)
test_dl = WrappedDataLoader(WrappedDataLoader(test_dl, preprocess), to_device)
print(f"{evaluate(better, accuracy, test_dl):.4f}")

# %%
# We look at it once. Whoever looks, changes something and looks again has begun to choose by the
# test set, and its number is no longer honest.
#
# .. exercise:: my_batch_norm
#
#    What does batch normalisation do, and what changes with ``eval()``? Compute it for ``x`` of the
#    shape ``(n, channels)``, without calling the layer. While ``bn.training`` is true, each channel
#    is normalised with the mean and variance of this mini-batch (``bn.eps`` is added to a variance,
#    and that of a mini-batch divides by n); otherwise with ``bn.running_mean`` and
#    ``bn.running_var``. Then comes ``bn.weight`` times that, plus ``bn.bias``.
#
#    .. hint::
#
#       Normalised is :math:`(x - \text{mean}) / \sqrt{\text{var} + \text{eps}}`, with ``bn.eps``.
#       The variance divides by n: ``x.var(dim=0, correction=0)``.
#
# .. exercise:: my_cnn_32
#
#    Other pictures, same recipe. Build a network of three ``conv_block`` and a linear layer for
#    *colour* pictures of 32 by 32, three channels each, as in CIFAR-10. From (n, 3, 32, 32) it
#    makes (n, 10) logits.
#
#    .. hint::
#
#       Look at ``better_cnn`` and ask of each number whether it still holds. What is left of 32
#       after three halvings?
#
# **In short:** choose by the validation set, and report the test set once.
#
# .. _closing:
#
# Closing thoughts
# ----------------
#
# Loaders, loop and validation will serve your next model as they are, and you know every line of
# them. There is more to add: :term:`data augmentation`, *hyper-parameter tuning*, monitoring,
# :term:`transfer learning` from models that others have trained. The
# `fastai <https://docs.fast.ai>`_ library offers them, built on the very ideas of this page. Try it
# next if you want to put them to work (see
# `a notebook of its course <https://github.com/fastai/course22p2/blob/master/nbs/04_minibatch_training.ipynb>`_).
#
# .. exercise:: my_freeze
#
#    *Transfer learning* in three lines: someone has trained ``model``, a ``Sequential``, and you
#    want to teach its last layer something new. Freeze all the others, and return a list of the
#    parameters that are left to train, for the optimizer.
#
#    .. hint::
#
#       ``requires_grad_(False)`` works on a whole module, too, and so does ``requires_grad_(True)``
#       on the last one, ``model[-1]``. Mind the underscore.
#
# The four things from the top of this page, once more:
#
# ``torch.nn``
#    - ``Module``: an object that is called like a function and keeps *state*: it knows its
#      parameters and those of the modules inside it, can go over them, clear their gradients and
#      move them to a device.
#    - ``Parameter``: a tensor its module lists for training. Only those whose ``requires_grad``
#      is set are updated; set it to ``False``, and they are :term:`frozen`.
#    - ``functional``: functions without state: losses, activations, pooling, and layers that are
#      handed their weights.
# ``torch.optim``
#    Optimizers such as ``SGD``, which change the parameters in ``step()``, by the gradients that
#    ``backward()`` has left.
# ``Dataset``
#    An abstract class for anything with ``__len__`` and ``__getitem__``, such as ``TensorDataset``.
# ``DataLoader``
#    Makes an :term:`iterable` of mini-batches from any ``Dataset``, to go over as often as you
#    like.
