r"""
.. _top:

What is ``torch.nn`` really?
============================

- **You will do:** train a network with bare :term:`tensors <tensor>`, then watch its training loop
  shrink as PyTorch takes over, piece by piece. The last network reads 98 % of new digits.
- **You will learn:** what ``nn.Module``, ``Parameter``, :term:`optimizers <optimizer>`, ``Dataset``
  and ``DataLoader`` are for, well enough to write the training loop :doc:`from memory
  </tutorials/from_memory>`.
- **You will need:** PyTorch and some practice with tensors. If you know NumPy arrays, that is
  enough. No GPU.

This page follows, section by section, `"What is torch.nn really?"
<https://docs.pytorch.org/tutorials/beginner/nn_tutorial.html>`_ by Jeremy Howard of
`fast.ai <https://www.fast.ai>`_, who thanks Rachel Thomas and Francisco Ingham. The plan is his;
the words and the code are ours. :doc:`/about` lists every difference.

.. container:: only-on-site

   **Best read as a notebook:** take the :download:`notebook <nn_tutorial.ipynb>` or the
   :download:`script <nn_tutorial.py>`, run it cell by cell, look at the shapes, and break something
   on purpose. Or :ref:`build the pages yourself <rebuild>`: then ``make live`` runs every cell in
   the page.

PyTorch has four things for building and training networks: :mod:`torch.nn`, :mod:`torch.optim`,
:class:`~torch.utils.data.Dataset` and :class:`~torch.utils.data.DataLoader`. To adapt them to your
own problem, you have to know what they really do. So we start without any of them and bring them in
one at a time. Networks begin with random numbers. With this seed, yours are the same as ours, if you
run the cells in order.
"""

import torch

torch.manual_seed(42)

# %%
# .. _mnist-data:
#
# MNIST data setup
# ----------------
#
# MNIST (`LeCun and others, 1998 <https://doi.org/10.1109/5.726791>`_) is a set of small grey images
# of handwritten digits, 0 to 9, each with a :term:`label` that says what it shows. ``get_mnist``
# downloads and checks it, with `Requests <https://requests.readthedocs.io>`_. You may skip its
# code:
#
# .. tested-source:: mnist_tut.data.get_mnist
#    :folded: How to check a file before you trust it
#
# .. tested-source:: mnist_tut.data.download
#    :folded: How to limit a download
#
# .. tested-source:: mnist_tut.data.keep
#    :folded: How to keep a file whole or not at all
#
# The file is a :term:`pickle`, a small program that Python runs to get its objects back. So never
# unpickle a file whose :term:`checksum` you have not compared.

#: Where the file lies, how large it is, and its checksum
from pathlib import Path

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

# %%
# Inside are three pairs of NumPy arrays, images and labels: to train, to *validate* while we work,
# and to test at the very end. :func:`map` turns all six into tensors:

from mnist_tut.data import get_mnist

train, valid, test = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train, x_valid, y_valid, x_test, y_test = map(
    torch.tensor, (*train, *valid, *test)
)
n, pixels = x_train.shape
print(n, pixels, x_train.min(), x_train.max(), y_train.min(), y_train.max())

# %%
# There are 50,000 training images of 784 pixels, with values from 0 to just below 1. ``mnist_tut.plots``,
# which the notebook brings along, draws them:

from mnist_tut.plots import show_digits

show_digits(x_train[:10], y_train[:10])

# %%
# .. figure-text:: Ten handwritten digits, white on black, each with its label above it.
#
#    The first ten training images, 28 by 28 pixels each.
#
# **In short:** ``x`` holds one image per row, ``y`` the labels.
#
# .. _from-scratch:
#
# A network from scratch, without ``torch.nn``
# --------------------------------------------
#
# .. _scratch-model:
#
# The model
# ^^^^^^^^^
#
# Our model is linear: for each of the ten classes it takes a weighted sum of the 784 pixels and
# adds a :term:`bias`. The weights begin as random numbers, scaled down so that the sums stay small,
# and the biases as zeros. With ``requires_grad`` PyTorch records what is done with these tensors, so
# that it can work out gradients by itself: how the result changes when they do. That is
# :term:`autograd`.

import math

weights = torch.randn(784, 10) / math.sqrt(784)
weights.requires_grad_()
bias = torch.zeros(10, requires_grad=True)

# %%
# The underscore in ``requires_grad_`` means *in place*. We call it after the scaling, or
# ``weights`` would be the result of a recorded division, without a gradient.
#
# Any Python function can be a model. Ours multiplies matrices with ``@`` and adds the bias to every
# row by :term:`broadcasting`. The ten sums per image are called :term:`logits <logit>`.
# :term:`Log-softmax <log-softmax>` turns them into the logarithms of ten probabilities: it
# subtracts from each logit the logarithm of the sum of their exponentials.
#
# .. tested-source:: mnist_tut.by_hand.log_softmax
#
# With ``keepdim`` the sum stays a column, one number per row, so that it can be subtracted from all
# ten. Now we send the first :term:`mini-batch` through the model, ``bs`` images at once.
#
# .. guess:: What ten numbers would a model give that knows nothing?
#
#    A probability of one in ten for each class, so about :math:`\ln(1/10) = -2.3`. The output below
#    agrees.

from mnist_tut.by_hand import log_softmax


def model(xb):
    return log_softmax(xb @ weights + bias)


bs = 64
xb, yb = x_train[:bs], y_train[:bs]
preds = model(xb)
print(preds[0], preds.shape)

# %%
# This is plain Python, yet fast: every operation calls a compiled routine. And ``preds`` remembers
# how it was made: its ``grad_fn`` is the first step of the way back, which we take in a moment.
#
# .. _scratch-loss:
#
# The loss
# ^^^^^^^^
#
# To train, we need one number that says how bad the predictions are: the :term:`loss`. For a
# classifier that is the :term:`negative log-likelihood`: minus the mean of the log-probabilities
# given to the true classes.
#
# .. exercise:: my_nll
#
#    Write it yourself before you look at ours: from ``log_probs`` of the shape (64, 10) and the 64
#    true classes ``target`` comes one number, a tensor.
#
# .. tested-source:: mnist_tut.by_hand.nll
#
# Indexed with two tensors, ``log_probs`` gives one number per row, in the column of the true class.
# We also count how often the largest output is the right one:
#
# .. tested-source:: mnist_tut.by_hand.accuracy

from mnist_tut.by_hand import accuracy, nll

loss_func = nll
loss = loss_func(preds, yb)
print(loss, accuracy(preds, yb))

# %%
# The loss is near :math:`\ln 10 = 2.303`, that of a pure guess, and about one image in ten is
# right. Accuracy is easier to read, but it cannot train a model: a tiny change of a weight hardly
# ever changes which output is the largest, and PyTorch refuses to compute its gradient.
#
# .. _scratch-gradient:
#
# The gradient
# ^^^^^^^^^^^^
#
# How does the loss change when a weight does? Take the one between a pixel in the middle and class 5,
# and nudge it a little up, then a little down:

nudge = torch.zeros(784, 10)
nudge[406, 5] = h = 0.01


def loss_with(weights):
    return loss_func(log_softmax(xb @ weights + bias), yb)


slope = (loss_with(weights + nudge) - loss_with(weights - nudge)) / (2 * h)
print(f"by nudging: {slope:.4f}")

# %%
# That is the :term:`gradient` of one weight. All 7,850 would take 15,700 predictions. But PyTorch
# has recorded every operation in a :term:`computation graph`. ``loss.backward()`` walks back through
# it once and leaves each :term:`parameter`'s gradient in its ``.grad``:

from mnist_tut.plots import show_graph

show_graph(loss)
loss.backward()
print(f"by backward: {weights.grad[406, 5]:.4f}")

# %%
# .. figure-text:: A chain whose arrows point left: from Neg through Mean, Index, Sub, Log, Sum,
#    Exp, Add and Mm to a box (784, 10). Add also leads to a box (10,); an arc jumps from Sub to
#    Add.
#
#    What ``loss.grad_fn`` knows. Boxes: ``weights`` and ``bias``. ``Mm``: matrix product.
#
# .. guess:: The same! Go forward and back again: what is in ``weights.grad``?
#
#    Twice the gradient, as the next cell shows: ``backward()`` *adds* to what is there.

loss_func(model(xb), yb).backward()
print(f"after a second backward: {weights.grad[406, 5]:.4f}")

# %%
# So the old gradient has to be set to zero before each new one. We do that, and keep a copy of the
# untrained parameters, the start of every later program: ``detach`` gives the bare numbers without
# the record, and ``clone`` copies them.

weights.grad.zero_()
bias.grad.zero_()

start = {"weights": weights.detach().clone(), "bias": bias.detach().clone()}

# %%
# .. _scratch-loop:
#
# The loop
# ^^^^^^^^
#
# For each mini-batch, predict, compute the loss, go backward, move each parameter a little against
# its gradient, and set the gradients to zero: this is :term:`gradient descent`, taught gently in the
# first lessons of `course.fast.ai <https://course.fast.ai>`_. The :term:`learning rate`, ``lr``, says
# how far. One pass over all the data is an :term:`epoch`.
#
# .. loop:: by-hand

lr = 0.5
epochs = 2

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
# You have just trained a neural network with nothing but tensors! The update runs under
# :class:`torch.no_grad`, because it must not be recorded. To step through the loop with Python's
# debugger, put a :func:`breakpoint` into it.
#
# .. guess:: What happens without ``no_grad`` around the update?
#
#    An error: *a leaf Variable that requires grad is being used in an in-place operation*. A *leaf*
#    is where the record begins. If you overwrote it, the record would no longer say where the
#    computation began. (If you tried it, run all cells again from the top.)
#
# .. exercise:: my_update
#
#    Two parameters take four lines above. Write the update for any list of parameters: each moves
#    *in place* by ``lr`` times its gradient, downhill, and its gradient is set to zero.
#
# Has the loss gone down from 2.3, and the accuracy up from 0.1?

print(f"last mini-batch: {loss_func(model(xb), yb):.4f}, {accuracy(model(xb), yb):.4f}")
out = model(x_valid)
print(f"validation set: {loss_func(out, y_valid):.4f}, {accuracy(out, y_valid):.4f}")

# %%
# They have. But the first line means little: only 16 images, the last that the model trained on.
# The second line counts: ten thousand that it has never seen. Every class has one weight per pixel,
# so its weights are an image, too:

from mnist_tut.plots import show_weights

show_weights(weights.T.view(10, 28, 28), range(10), cols=10)

# %%
# .. figure-text:: Ten images of weights in a row, one per digit; the 0 shows an orange ring
#    around a blue centre.
#
#    Orange: ink here is evidence for the digit. Blue: evidence against it. A 0 wants ink in a ring,
#    and none in the middle.
#
# Now we *refactor*: the code gets shorter or more flexible, and does the same. We keep the
# weights: those of later programs may differ only by rounding.

#: How later programs are compared with this one
goal = weights.detach().clone(), bias.detach().clone()


def same_as_by_hand(weights, bias):
    loss = loss_func(model(x_valid), y_valid)
    difference = (weights - goal[0]).abs().max()
    print(f"validation loss: {loss:.4f}, largest difference: {difference:.0e}")
    torch.testing.assert_close((weights, bias), goal)


# %%
# **In short:** predict, loss, backward, update, zero: that is the loop. Practise it :ref:`from memory
# <memory-again>`.
#
# .. _nn-functional:
#
# Using ``torch.nn.functional``
# -----------------------------
#
# :mod:`torch.nn.functional`, usually imported as ``F``, holds most functions of ``torch.nn``: losses,
# activations, :term:`pooling`, :term:`convolutions <convolution>`, :term:`linear layers
# <linear layer>`. For those with weights, the classes to come are handier.
#
# Log-softmax and negative log-likelihood, together called :term:`cross-entropy`, are such a common
# pair that one function does both: :func:`torch.nn.functional.cross_entropy`. It is safer, too.
# Suppose we had forgotten to scale the images, and sent bytes from 0 to 255 through the untrained
# model. How many of the 64 rows would hold an infinity, with ours and with PyTorch's?

import torch.nn.functional as F

logits = 256 * x_train[:bs] @ start["weights"] + start["bias"]
ours, theirs = log_softmax(logits), F.log_softmax(logits, dim=1)
print(ours.isinf().any(dim=1).sum(), theirs.isinf().any(dim=1).sum())

# %%
# In ``float32``, ``exp`` overflows beyond 88.7, and then our formula gives minus infinity. PyTorch
# first subtracts the largest logit of each row, which changes no probability, because softmax sees
# only differences. That is called :term:`log-sum-exp`. So our two functions can go, and the model
# returns logits:
#
# .. loop:: functional
#    :from: by-hand

loss_func = F.cross_entropy


def model(xb):
    return xb @ weights + bias


weights = start["weights"].clone().requires_grad_()
bias = start["bias"].clone().requires_grad_()

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
# .. guess:: What if the model still ended in ``log_softmax``?
#
#    The loss would be the same. Log-softmax leaves log-probabilities as they are, because their
#    exponentials add up to one already, and :math:`\ln 1 = 0`. With *probabilities* it is another
#    matter: the loss never gets near zero, and nothing complains.
#
# **In short:** ``cross_entropy`` takes logits, and does both steps. Practise it :ref:`from memory
# <memory-again>`.
#
# .. _nn-module:
#
# Refactor using ``nn.Module``
# ----------------------------
#
# Parameters and the code that uses them belong together, in a class of their own, a
# :term:`subclass` of :class:`torch.nn.Module`. It registers every :class:`torch.nn.Parameter` that
# is assigned to it, and its method ``forward`` says what to compute.

from torch import nn


class Mnist_Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(784, 10) / math.sqrt(784))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


# %%
# You :term:`instantiate` the class, and call the object like a function: it passes the call on to
# ``forward``. With a Python `module <https://docs.python.org/3/tutorial/modules.html>`_, a file of
# code to import, it shares only the name. What have we gained? ``model.parameters`` hands out all
# parameters, two or two hundred; ``model.zero_grad`` clears all their gradients; and
# ``model.load_state_dict`` fills them all from a dictionary such as ``start``:
#
# .. loop:: module
#    :from: functional

model = Mnist_Logistic()
model.load_state_dict(start)

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
print(model.bias.grad)

# %%
# The last line shows ``None``, not zeros: ``zero_grad`` throws the gradients away, and the next
# ``backward`` starts new ones. See :ref:`how a module finds its parameters <inside-module>`.
#
# **In short:** a ``Module`` keeps parameters with their computation. Practise it :ref:`from memory
# <memory-again>`.
#
# .. _nn-linear:
#
# Refactor using ``nn.Linear``
# ----------------------------
#
# Weights, bias, product and sum: PyTorch has all that ready, as :class:`torch.nn.Linear`, one of
# many such layers. It stores its weights transposed, so we turn ours around to start from them.
#
# .. tested-source:: mnist_tut.models.Mnist_Logistic
#
# .. loop:: linear
#    :from: module

from mnist_tut.models import Mnist_Logistic

start_linear = {"lin.weight": start["weights"].T, "lin.bias": start["bias"]}

model = Mnist_Logistic()
model.load_state_dict(start_linear)

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
# Had we not loaded our weights, we would have changed the :term:`initialisation`: ``nn.Linear``
# draws its own from a narrower distribution. Here that hardly matters; in a deep network it does, as
# you can :ref:`see from inside <inside-layers>`.
#
# **In short:** a layer brings its own parameters along. Practise it :ref:`from memory
# <memory-pieces>`.
#
# .. _torch-optim:
#
# Refactor using ``torch.optim``
# ------------------------------
#
# :mod:`torch.optim` is a package of optimisation algorithms: SGD, Adam and many more. You give an
# optimizer the parameters to look after, and ``opt.step`` updates them all. The simplest,
# *stochastic gradient descent*, does just what our loop does. We will often need it with a fresh
# model, so we write a function:
#
# .. tested-source:: mnist_tut.training.get_model
#
# .. loop:: optim
#    :from: linear

from torch import optim

from mnist_tut.training import get_model

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# Three calls, three jobs: ``backward`` computes gradients and changes no parameter, ``step``
# changes the parameters, and ``zero_grad`` clears the gradients before the next ``backward``.
# :ref:`Inside torch.nn <inside-optim>` writes ``step`` in a few lines of NumPy.
#
# .. guess:: What does the loop learn with ``zero_grad`` right before ``step``?
#
#    Nothing. The gradients are ``None`` when ``step`` looks at them, so it skips every parameter.
#    And nothing complains.
#
# **In short:** ``backward``, ``step``, ``zero_grad`` for every mini-batch. Practise it :ref:`from memory
# <memory-again>`.
#
# .. _dataset:
#
# Refactor using ``Dataset``
# --------------------------
#
# A :class:`~torch.utils.data.Dataset` is an abstract class for anything that has a length
# and can be indexed: :func:`len` calls its ``__len__``, square brackets its ``__getitem__``. The
# tutorial on `data sets and loaders
# <https://docs.pytorch.org/tutorials/beginner/data_loading_tutorial.html>`_ writes one for images of
# faces. For data that come as a stream there is :class:`~torch.utils.data.IterableDataset`, and for
# tensors :class:`~torch.utils.data.TensorDataset`: we can :term:`index` and :term:`slice` several of
# them at once, along their first dimension. So one line gets both images and labels:
#
# .. loop:: dataset
#    :from: optim

from torch.utils.data import TensorDataset

train_ds = TensorDataset(x_train, y_train)

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = train_ds[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# **In short:** a ``Dataset`` has a length and can be indexed. Practise it :ref:`from memory
# <memory-pieces>`.
#
# .. _dataloader:
#
# Refactor using ``DataLoader``
# -----------------------------
#
# A :class:`~torch.utils.data.DataLoader` makes mini-batches from any ``Dataset``. No more indices:
#
# .. loop:: dataloader
#    :from: dataset

from torch.utils.data import DataLoader

train_dl = DataLoader(train_ds, batch_size=bs)

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for xb, yb in train_dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# .. guess:: What is ``len(train_dl)``, and how long is the last mini-batch?
#
#    782, and 16: the loader, too, hands out the rest as a smaller mini-batch, unless you ask it to
#    ``drop_last``.
#
# Compare this loop with the first one. What is left says what training is; the rest has moved into
# ``Module``, ``Parameter``, ``optim``, ``Dataset`` and ``DataLoader``. The price is time, since a
# plain loader fetches row after row; :doc:`where_the_time_goes` has a faster way. We also build the
# loader :ref:`inside torch.nn <inside-data>`.
#
# **Break it.** Here the first loop runs in your browser, on the first 5,120 training images. Guess
# what each switch does before you try it.
#
# .. train-here::
#
# **In short:** a ``DataLoader`` cuts any ``Dataset`` into mini-batches.
#
# .. _validation:
#
# Add validation
# --------------
#
# A model can memorise its training data and be no good on anything else. Only other data reveal
# such :term:`overfitting`, so always have a `validation set <https://www.fast.ai/posts/2017-11-13-validation-sets.html>`_.
#
# We *shuffle* the training data. Otherwise the same images would share a mini-batch in every epoch,
# and each epoch would end with the same ones. The validation data need no shuffling: their loss is
# the same in any order.
#
# The validation batches are twice as large, to save time. Memory allows it, since under
# ``no_grad`` nothing is kept for a backward pass. We call ``model.train`` before training and
# ``model.eval`` before validation, since some layers, such as :class:`torch.nn.BatchNorm2d` and
# :class:`torch.nn.Dropout`, behave differently in each.
#
# .. loop:: validation
#    :from: dataloader

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
# **In short:** :term:`shuffle` to train, and validate after every epoch. Practise it :ref:`from memory
# <memory-loop>`.
#
# .. _fit-get-data:
#
# Create ``fit()`` and ``get_data()``
# -----------------------------------
#
# The loop computes a loss in two places, to train and to validate, so we write that once. Given an
# optimizer, ``loss_batch`` takes a training step as well. It also returns the number of examples,
# which we need to average:
#
# .. tested-source:: mnist_tut.training.loss_batch
#
# In a plain mean over mini-batches, the 16 images of the last one would count as much as any 128. So
# every mini-batch counts by its size:
#
# .. tested-source:: mnist_tut.training.weighted_mean
#    :folded: A mean over all images
#
# Validating needs ``eval`` and ``no_grad`` each time, so they go into a function, too. It takes any
# measure that is called like a loss, such as our ``accuracy``:
#
# .. tested-source:: mnist_tut.training.evaluate
#
# Now the loop fits into ``fit``. After each epoch it prints its number, training loss and validation
# loss; at the end it returns the pairs of losses. It takes any model, loss and data:
#
# .. tested-source:: mnist_tut.training.fit
#
# One function makes both loaders, so that nobody shuffles the wrong one:
#
# .. tested-source:: mnist_tut.loaders.get_data
#
# Now training takes three lines: get the data, get the model, fit.
#
# .. loop:: fit
#    :from: validation

from mnist_tut.loaders import get_data
from mnist_tut.training import evaluate, fit

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
model, opt = get_model(lr)
fit(epochs, model, loss_func, opt, train_dl, valid_dl)

print(f"accuracy: {evaluate(model, accuracy, valid_dl):.4f}")

# %%
# Did anything get lost on the way? We start where the first loop started:

#: The same start and the same order as in the first loop
model, opt = get_model(lr)
model.load_state_dict(start_linear)
fit(epochs, model, loss_func, opt, DataLoader(train_ds, batch_size=bs), valid_dl)
same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# Nothing did. But is it really *any* model? Here a single output guesses the digit as a number,
# and the loss is our own, the square of its mistake:


def squared(out, yb):
    return ((out[:, 0] - yb) ** 2).mean()


guesser = nn.Linear(784, 1)
opt = optim.SGD(guesser.parameters(), lr=0.005)
fit(epochs, guesser, squared, opt, train_dl, valid_dl)

# %%
# It really is. Experiments are cheap now, and this one shows why we shuffle.
#
# .. guess:: How well does a model learn from sorted digits, zeros first?
#
#    Badly: it forgets each digit while it sees the next. The cell says how badly.

order = y_train.argsort()
sorted_ds = TensorDataset(x_train[order], y_train[order])
model, opt = get_model(lr)
fit(1, model, loss_func, opt, DataLoader(sorted_ds, batch_size=bs), valid_dl)
print(f"accuracy: {evaluate(model, accuracy, valid_dl):.4f}")

# %%
# Hardly better than chance: the last images it saw were all nines.
#
# Another shows where our ``lr`` comes from: we try six, one epoch each; every line begins with its
# value:

#: Six learning rates, and how far each gets
for rate in [0.001, 0.01, 0.1, 0.5, 2, 10]:
    torch.manual_seed(42)
    model, opt = get_model(rate)
    print(rate, end="  ")
    fit(1, model, loss_func, opt, train_dl, valid_dl)

# %%
# With small steps the model does not get far in one epoch; with large ones it jumps over its goal.
# You can see it :ref:`as a curve <memory-curves>`, too.
#
# How far has the loop come?
#
# .. shrinking::
#
# **In short:** training your *next* model takes three lines. Practise them :ref:`from memory
# <memory-loop>`.
#
# .. _hidden:
#
# Add a hidden layer
# ------------------
#
# So far every class has been a weighted sum of the pixels. A :term:`hidden layer` between them
# computes something else first: fifty sums, of which the ten classes are sums again.
#
# .. guess:: Do two linear layers read more digits than one?
#
#    No. A sum of sums is a sum: the two matrices could be multiplied into one. What they have more
#    of is parameters, 39,760 in place of 7,850.
#
# Between the two we try nothing, ``nn.Identity``, and then something that is *not* a sum: an
# :term:`activation function`. The simplest is the :term:`ReLU`, which turns negative numbers into
# zero. Both times we start from the same weights:


class TwoLayers(nn.Module):
    def __init__(self, between):
        super().__init__()
        self.first = nn.Linear(784, 50)
        self.between = between
        self.second = nn.Linear(50, 10)

    def forward(self, xb):
        return self.second(self.between(self.first(xb)))


train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
for between in (nn.Identity(), nn.ReLU()):
    torch.manual_seed(42)
    model = TwoLayers(between)
    opt = optim.SGD(model.parameters(), lr=lr)
    fit(epochs, model, loss_func, opt, train_dl, valid_dl)
    print(f"accuracy: {evaluate(model, accuracy, valid_dl):.4f}")
print(f"training loss now: {evaluate(model, loss_func, train_dl):.4f}")

# %%
# With the ReLU it is a *multilayer perceptron*, or MLP: the training loss falls to less than half,
# and more digits are right than with any linear model.
#
# But why is the training loss *larger* than the validation loss, here and in most lines above?
# Because ``fit`` prints its mean over an epoch in which the model was still learning. Measured
# again with the model as it is now, the training loss is the smaller one.
#
# **In short:** between layers belongs something that is not linear. Practise it :ref:`from memory
# <memory-again>`.
#
# .. _cnn:
#
# Switch to a CNN
# ---------------
#
# Can ``fit`` train a *convolutional neural network*, too? A convolution slides its :term:`kernel`, a
# window of weights, over the image, looking for one shape everywhere.
#
# Ours has three :class:`torch.nn.Conv2d` layers with kernels of 3 by 3. A :term:`padding` of one
# pixel lets them reach the edges, and a :term:`stride` of 2 halves width and height, rounding up:
# 28, 14, 7, 4. After each comes a ReLU, and at the end we average over the 4 by 4 that are left.
# ``view`` gives a tensor another shape without copying a number; for -1 it puts whatever fits, here
# the number of images.
#
# .. tested-source:: mnist_tut.models.Mnist_CNN

from mnist_tut.models import Mnist_CNN
from mnist_tut.plots import show_shapes

torch.manual_seed(2)
cnn = Mnist_CNN()
show_shapes(cnn, x_train[:bs])

# %%
# .. figure-text:: From left to right: a small mark of 64 by 784; three squares, each smaller than the
#    last, with an arrow named Conv2d leading to each; and without an arrow a small mark of 64 by 10.
#
#    What the three convolutions make of a mini-batch: smaller images, but more
#    :term:`channels <channel>`.
#
# The optimizer gets :term:`momentum`: each step also carries on in the direction of those before,
# like a ball that rolls downhill. That usually trains faster, as
# `Stanford's notes <https://cs231n.github.io/neural-networks-3/#sgd>`_ explain.

opt = optim.SGD(cnn.parameters(), lr=0.1, momentum=0.9)
fit(epochs, cnn, loss_func, opt, train_dl, valid_dl)
print(f"accuracy: {evaluate(cnn, accuracy, valid_dl):.4f}")

# %%
# It is the very same ``fit``. But do not read too much into the accuracy: with the seeds 0 to 11
# this network ends between 83 % and 94 %, and on average at 92 %, like the linear model, with half
# as many parameters, 3,930. Seed 2 lies in the middle. :ref:`Our list of differences <differences>`
# says why one of them does so badly.
#
# And which images does it still get wrong?

#: The first ten mistakes
with torch.no_grad():
    guess = cnn(x_valid).argmax(dim=1)
wrong = (guess != y_valid).nonzero()[:10, 0]
show_digits(x_valid[wrong], [f"{y_valid[i]} → {guess[i]}" for i in wrong])

# %%
# .. figure-text:: Ten digits in a row, each labelled with its true class, an arrow and the
#    predicted class; many are sloppily written.
#
#    The first ten mistakes on the :term:`validation set`: what it was, and what the network took
#    it for.
#
# **Draw a digit yourself.** These are the networks of this page, and nothing leaves your browser.
# Find a digit that the CNN gets right and the linear model wrong, then shift it.
#
# .. draw-digit::
#
# A network does not notice when data differ from what it was trained on. Try it on all validation
# images, two pixels to the right:

shifted = x_valid.view(-1, 28, 28).roll(2, dims=2).flatten(1)
print(f"shifted: {accuracy(cnn(shifted), y_valid):.4f}")

# %%
# With strides, the kernels skip places, so a shift matters. An accuracy holds only for data like
# those of the validation set.
#
# **In short:** another model, the same three lines. Practise it :ref:`from memory <memory-pieces>`.
#
# .. _nn-sequential:
#
# Using ``nn.Sequential``
# -----------------------
#
# A model that only passes its input from layer to layer can be a list of layers:
# :class:`torch.nn.Sequential` runs them in order. For the change of shape at the front we make a
# :term:`custom layer` from a function; at the back, :class:`torch.nn.Flatten` does it.
#
# .. tested-source:: mnist_tut.models.Lambda
#
# .. tested-source:: mnist_tut.models.conv
#    :folded: A convolution that halves width and height
#
# .. tested-source:: mnist_tut.models.cnn_layers
#    :folded: The layers of our CNN, in a list

from mnist_tut.models import Lambda, cnn_layers


def to_images(x):
    return x.view(-1, 1, 28, 28)


torch.manual_seed(2)
layers = [Lambda(to_images), *cnn_layers(), nn.AvgPool2d(4), nn.Flatten()]
sequential = nn.Sequential(*layers)
opt = optim.SGD(sequential.parameters(), lr=0.1, momentum=0.9)
fit(epochs, sequential, loss_func, opt, train_dl, valid_dl)
torch.testing.assert_close(list(sequential.parameters()), list(cnn.parameters()))

# %%
# From the same seed we get the same parameters. To keep them, save the ``state_dict``, the
# counterpart of ``load_state_dict``: ``torch.save(sequential.state_dict(), "cnn.pt")``. It holds
# tensors and no code. A whole model is pickled as an object, which fails if there is a ``lambda`` in
# it; and :func:`torch.load` refuses to read it unless told ``weights_only=False``, because reading a
# pickle may run any code.
#
# **In short:** ``Sequential`` for a chain of layers, and a small class for a layer of your own.
#
# .. _wrapping-dataloader:
#
# Wrapping ``DataLoader``
# -----------------------
#
# Two things in our CNN assume images of 28 by 28: the ``view`` at the front, and the average over
# a grid of 4 by 4 at the back.
#
# .. guess:: What do the layers behind the ``view`` make of three images of 32 by 32, and of 64 by
#    64?
#
#    32 shrinks to 16, 8, 4, so the average over 4 by 4 still fits. 64 ends at 8 by 8, and there are
#    four averages for each class.

for side in (32, 64):
    print(sequential[1:](torch.rand(3, 1, side, side)).shape)

# %%
# The second result is worse than an error: forty classes, and no complaint.
# :class:`torch.nn.AdaptiveAvgPool2d` fixes the size of the *output*, whatever comes in:
#
# .. tested-source:: mnist_tut.models.cnn_any_size
#
# The change of shape moves out of the model, into a function that a small class around the loader
# calls for every mini-batch. With ``len(x)``, rows of another length are an error; with ``-1``, 49
# images of 32 by 32 would become 64 of nonsense.
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
# Ten classes each time. That is a promise about shapes only: the model was never trained on such
# images.
#
# **In short:** what depends on the form of the data belongs to the loader.
#
# .. _gpu:
#
# Using your GPU
# --------------
#
# No GPU? Most cloud providers rent them by the hour, and Google Colab lends you one. Ask PyTorch
# for your :term:`accelerator`: ``cuda`` for NVIDIA and AMD, ``mps`` for Apple, ``xpu`` for Intel
# and, with a package of its own, ``npu`` for Huawei. Without one we stay on the CPU:

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
print(dev)

# %%
# Two things have to move there: every mini-batch and the model. Make a new optimizer after that,
# since the momentum of the old one lies on the CPU:


def to_device(x, y):
    return x.to(dev), y.to(dev)


train_dl = WrappedDataLoader(train_dl, to_device)
valid_dl = WrappedDataLoader(valid_dl, to_device)

model.to(dev)
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

fit(epochs, model, loss_func, opt, train_dl, valid_dl)

# %%
# The loss is lower because we went on training the same model: these are its third and fourth
# epochs. Whether a GPU is *faster* you have to :doc:`measure <where_the_time_goes>`; with a network
# this small it waits a lot.
#
# **In short:** choose a :term:`device`, move the model once, and each mini-batch as it comes.
#
# .. _better:
#
# One more network: batch normalisation
# -------------------------------------
#
# You can do better than this CNN now, in a few lines: the later convolutions get more channels,
# after each comes :term:`batch normalisation`, which keeps the numbers in a healthy range, and the
# ten logits come from a linear layer.
#
# .. tested-source:: mnist_tut.models.conv_block
#
# .. tested-source:: mnist_tut.models.better_cnn

from mnist_tut.models import better_cnn

torch.manual_seed(2)
better = better_cnn().to(dev)
opt = optim.SGD(better.parameters(), lr=0.1, momentum=0.9)
fit(epochs, better, loss_func, opt, train_dl, valid_dl)
print(f"accuracy: {evaluate(better, accuracy, valid_dl):.4f}")

# %%
# It makes less than a quarter of the mistakes. Does that hold on images that played no part in our
# choices? This is what the :term:`test set` is for:

test_dl = DataLoader(TensorDataset(x_test, y_test), batch_size=bs * 2)
test_dl = WrappedDataLoader(WrappedDataLoader(test_dl, preprocess), to_device)
print(f"test set: {evaluate(better, accuracy, test_dl):.4f}")

# %%
# We look once. If you look, change something and look again, you have started to choose with the
# test set, and its number is no longer honest.
#
# **In short:** choose by the validation set, report the test set once. Practise it :ref:`from memory
# <memory-again>`.
#
# .. _closing:
#
# Closing thoughts
# ----------------
#
# .. container:: moved-exercises
#
#    .. _exercise-my-log-sum-exp:
#    .. _exercise-my-top3:
#    .. _exercise-my-losses:
#    .. _exercise-my-cross-entropy:
#    .. _exercise-mystack:
#    .. _exercise-my-mean:
#    .. _exercise-mysgd:
#    .. _exercise-my-batch-norm:
#    .. _exercise-my-cnn-32:
#    .. _exercise-my-freeze:
#    .. _exercise-my-bias-gradient:
#    .. _exercise-myinverted:
#    .. _exercise-my-batches:
#    .. _exercise-mynet:
#
#    You now have a data pipeline and a training loop that will serve your next model, and you know
#    every line of them. Can you write the loop without looking? Try it, and other tasks, in
#    :doc:`from_memory`. Much can be added: :term:`data augmentation`, *hyper-parameter tuning*,
#    monitoring, :term:`transfer learning`. The `fastai <https://docs.fast.ai>`_ library offers them,
#    built on the ideas of this page; `a notebook of its course
#    <https://github.com/fastai/course22p2/blob/master/nbs/04_minibatch_training.ipynb>`_ goes on from
#    here.
#
# The four things from the top of this page, once more:
#
# - ``torch.nn``: a ``Module`` is called like a function and keeps *state*: it knows its parameters
#   and those of the modules inside it. A ``Parameter`` is a tensor that it registers for training;
#   without a gradient it stays :term:`frozen`. ``functional`` holds functions without state.
# - ``torch.optim``: optimizers such as ``SGD``, which change the parameters in ``step``, by the
#   gradients that ``backward`` has left.
# - ``Dataset``: anything with ``__len__`` and ``__getitem__``, such as ``TensorDataset``.
# - ``DataLoader``: makes an :term:`iterable` of mini-batches from any ``Dataset``.
