r"""
.. _top:

What is ``torch.nn`` really?
============================

- **You will do:** write a training loop by hand, let PyTorch take it over piece by piece, and end with
  a convolutional network that runs on whatever device you have.
- **You will learn:** what ``Module``, ``Parameter``, optimizers, ``Dataset`` and ``DataLoader`` are for,
  and how to make sure that a change has changed nothing.
- **You will need:** PyTorch, and some practice with tensors. If you know NumPy's arrays you have it:
  most operations carry the same name. No GPU.

This page follows, section by section, `"What is torch.nn really?" <https://docs.pytorch.org/tutorials/beginner/nn_tutorial.html>`_
by Jeremy Howard of `fast.ai <https://www.fast.ai>`_, who thanks Rachel Thomas and Francisco Ingham.
The order of ideas and the names are his; the words, the code and the mistakes are ours. Where we
found that a statement could mislead, we say so and show it by running it: :doc:`/about` lists every
difference.

.. tip::

   Read this page with a notebook open. Download the ``.ipynb`` at the foot of the page, run one
   cell at a time, look at the shapes, break something on purpose. A tutorial read as a finished
   script teaches half as much.

PyTorch gives you four things to build and train neural networks with: the modules of
:mod:`torch.nn`, the optimizers of :mod:`torch.optim`, and :class:`~torch.utils.data.Dataset` and
:class:`~torch.utils.data.DataLoader` from :mod:`torch.utils.data`. They are easy to copy from an
example and hard to adapt as long as they are magic. So we use none of them at first. We train a
small network on pictures of digits with nothing but tensors, and then let the four move in, one at
a time. Each time you will see what the newcomer does, which lines it makes superfluous, and that
the numbers stay the same.
"""

# %%
# Two preparations before we begin. The seed makes your numbers agree with the ones printed here, up to
# rounding, provided that you run every cell once and in order; the other line gives the figures their look.
# If you have experimented and the numbers no longer agree, restart the notebook and run all cells: some
# names, such as ``model``, get a new meaning on the way.
#
# .. note::
#
#    Functions that a project would keep live in a small package, ``mnist_tut``, where they are
#    tested. Each is shown where it is taught, exactly as the tests see it; only its docstring is
#    left out, and sometimes its first lines. Calls that begin with ``check_`` stop with a clear message
#    when something is wrong; you can read past them.

import torch

from mnist_tut import plots

torch.manual_seed(42)
plots.use_style()

# %%
# .. _mnist-data:
#
# MNIST data setup
# ----------------
#
# MNIST (LeCun, Bottou, Bengio and Haffner, 1998) holds small grey pictures of the digits 0 to 9,
# each written by hand and labelled with the digit it shows. It is the fruit fly of the field: big
# enough to be interesting, small enough to train on a laptop in seconds.
#
# :mod:`pathlib` from the standard library handles the paths. (We import a module where it is first
# needed, so that you can see what for.) Set the environment variable ``MNIST_TUT_DATA`` if you have
# your own copy of the file in some folder.

import os
from pathlib import Path

DATA_PATH = Path("data")
PATH = Path(os.environ.get("MNIST_TUT_DATA", DATA_PATH / "mnist"))

# %%
# :mod:`requests` does the download, once: if the file is there, we leave it alone. Three things are
# worth copying into your own projects. There is a time-out, so that a dead line ends in a message and
# not in a program that waits for ever. The status is checked, so that a page saying "404" is never
# taken for data. And the file gets its proper name only when it is complete and has been read.
#
# .. tested-source:: mnist_tut.data_short.download
#
# The file is a *pickle*, compressed with gzip. Pickle is Python's own way to turn objects into bytes
# and back, and it is powerful to a fault: a pickle may name any function and have it called while it
# is being read. Opening a downloaded pickle with ``pickle.load`` is running a stranger's program. So
# we read it with an unpickler that knows how to rebuild NumPy arrays and refuses everything else, and
# then compare a checksum over all pixels and labels with the known one.
#
# .. tested-source:: mnist_tut.data_short.ArrayUnpickler
#
# .. tested-source:: mnist_tut.data_short.read_arrays
#
# Inside are three pairs of images and labels: for training, for validation and for a final test.
# We use the first two.

from mnist_tut.data_short import download, read_arrays

download(PATH / "mnist.pkl.gz")
(x_train, y_train), (x_valid, y_valid), _ = read_arrays(PATH / "mnist.pkl.gz")
print(x_train.shape)

# %%
# Every picture measures 28 by 28 pixels and is stored as one flat row of 784 numbers. To look at
# one, give it its two dimensions back.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(2.2, 2.2))
ax.imshow(x_train[0].reshape((28, 28)), cmap="gray")
ax.set_axis_off()
plt.show()
print("label:", y_train[0])

# %%
# .. figure-text:: One handwritten digit, white on black, coarse enough to see its pixels.
#
#    The first training picture. The label below it says which digit its writer meant.
#
# So much for NumPy. PyTorch wants a :class:`torch.Tensor`, so all four arrays are converted in one
# go with :func:`map`. From the shape we keep the number of pictures, ``n``, and of pixels, ``c``.

x_train, y_train, x_valid, y_valid = map(
    torch.tensor, (x_train, y_train, x_valid, y_valid)
)
data = x_train, y_train, x_valid, y_valid
n, c = x_train.shape
print(x_train, y_train)
print(x_train.shape)
print(y_train.min(), y_train.max())

# %%
# Most pixels are black, hence all the zeros at the corners of the print-out. Labels run from 0 to 9.
# A look at the data before any training costs a minute and has saved many a day:

fig, ax = plt.subplots(figsize=(7, 3.4))
plots.digits(x_train[:40], ax, labels=[str(int(y)) for y in y_train[:40]])
plt.show()

# %%
# .. figure-text:: Forty handwritten digits in four rows of ten; above each stands its label.
#
#    The first forty training pictures with their labels. How many could you have misread?
#
# **In short:** the data are two pairs of tensors, pictures in rows of 784 numbers and labels from 0
# to 9. Download with care, and never unpickle what a stranger wrote.
#
# .. _from-scratch:
#
# A network from scratch, without ``torch.nn``
# --------------------------------------------
#
# If the words *gradient descent* or *backpropagation* are new to you, read this beside the first
# lessons of `course.fast.ai <https://course.fast.ai>`_. We only need their simplest case.
#
# Our model is linear: ten weighted sums over the 784 pixels, one for each class, and a bias added to
# each. The weights begin as random numbers, the biases as zeros. They are ordinary tensors with one
# addition: after ``requires_grad_()`` PyTorch notes down every operation they take part in, and can
# follow that record backwards to compute gradients. The trailing underscore means that a method
# changes its tensor *in place*.
#
# .. tested-source:: mnist_tut.by_hand.init_params
#
# Note the order: the division comes first and ``requires_grad_()`` after it. The other way round, the
# scaling would be the first operation on record, and ``weights`` would be the *result* of a
# computation instead of a parameter: ``backward()`` would leave ``weights.grad`` empty.

from mnist_tut.by_hand import init_params

weights, bias = init_params(c, 10)
print(weights.shape, weights.requires_grad, bias.requires_grad)

# %%
# .. note::
#
#    The factor :math:`1/\sqrt{n_\text{in}}`, with :math:`n_\text{in} = 784` inputs, is often called *Xavier
#    initialisation*. Strictly, Glorot and Bengio (2010) count outputs as well and take a
#    standard deviation of :math:`\sqrt{2 / (n_\text{in} + n_\text{out})}`; the factor used here is
#    older (LeCun and others, 1998). Both keep the signal from growing or fading on its way
#    through the layers.

import math

print(f"ours         {weights.std().item():.4f}, intended {1 / math.sqrt(784):.4f}")
print(f"Glorot's     {math.sqrt(2 / (784 + 10)):.4f}")

# %%
# PyTorch does not ask what a model is: anything that you can call will do. Ours is a matrix product,
# ``@``, to which the bias is added by broadcasting, followed by *log-softmax*, which turns the ten sums,
# called *logits*, into the logarithms of ten probabilities. All of it is plain Python, yet fast, because
# each operation calls a *kernel*, a routine that was compiled beforehand for your CPU or GPU. (New code is generated
# only if you ask for it, with :func:`torch.compile`.)
#
# Log-softmax deserves a second look. Straight from the definition it reads:

logits = torch.tensor([[89.0, 1.0, 0.0]])
print(logits - logits.exp().sum(-1, keepdim=True).log())

# %%
# Three times minus infinity: a model that rules out everything. In ``float32`` the exponential
# overflows beyond 88.7, and a network that is sure of itself reaches that. The cure is the trick called
# *log-sum-exp*: subtract the largest logit of the row from all of them first. Probabilities depend on
# differences only, so none changes, and no exponent is above zero any more.
#
# .. tested-source:: mnist_tut.by_hand.log_softmax
#
# .. tested-source:: mnist_tut.by_hand.model

from mnist_tut.by_hand import log_softmax, model

print(log_softmax(logits))

# %%
# A *mini-batch* is a handful of pictures that go through the model together; ``bs`` is the batch
# size. Let us run one through. Such a pass from pixels to predictions is called a *forward pass*. With
# random weights the predictions can only be guesses.

bs = 64

xb = x_train[:bs]
preds = model(xb, weights, bias)
print(preds[0], preds.shape)

# %%
# Besides the numbers, the tensor carries a ``grad_fn``: the end of the record mentioned above. It
# knows the operation that made ``preds``, which knows the one before, and so on down to ``weights``
# and ``bias``. ``backward()`` will walk along it.
#
# To train, we need one number that says how bad the predictions are: the *loss*. For a classifier
# the *negative log-likelihood* is the natural choice: the mean, with its sign turned, of the
# log-probability that the model gave to the true class.
#
# .. tested-source:: mnist_tut.by_hand.nll
#
# The last line is the whole trick: indexed with two lists, ``log_probs[rows, target]`` picks one number from
# every row, the one in the column of the true class. The two checks at the top cost next to nothing and are
# worth it. Indexing would accept a label of -1, for instance, without complaint, as "the last class".

from mnist_tut.by_hand import nll

loss_func = nll

yb = y_train[:bs]
print(loss_func(preds, yb))
print(f"a uniform guess: {math.log(10):.3f}")

# %%
# Remember that value. Guessing all ten classes with equal probability costs
# :math:`\ln 10 \approx 2.303`; a random model is about there.
#
# For people there is a second measure, the *accuracy*: the share of pictures whose largest output is that of
# the true class. It is easy to read but useless for training: a tiny change of a weight hardly ever changes
# which output is largest, so its gradient is zero almost everywhere.
#
# .. tested-source:: mnist_tut.by_hand.accuracy

from mnist_tut.by_hand import accuracy

print(accuracy(preds, yb))

# %%
# One in ten, more or less: chance.
#
# Now the training loop. For every mini-batch we
#
# - cut it out of the training data (``n`` pictures make ``(n - 1) // bs + 1`` batches, the last one
#   with what is left over),
# - predict, and compute the loss,
# - call ``loss.backward()``, which fills in ``weights.grad`` and ``bias.grad``,
# - move both a little against their gradients: each gradient, times the *learning rate* ``lr``, is subtracted.
#
# One pass through all batches is an *epoch*; we make two.
#
# Two things need explaining. The update happens inside :class:`torch.no_grad`, because it is not part of
# the computation that we want gradients of. Leave ``no_grad`` out and PyTorch stops with an error: a
# parameter must not be changed in place while operations on it are being recorded (the notes on
# `autograd <https://docs.pytorch.org/docs/stable/notes/autograd.html>`_ explain how recording works). And
# the gradients are set back to zero, because ``backward()`` *adds* to what ``.grad`` already holds.
#
# The loop works on copies (``detach().clone()``), so that every later version can start from the same
# ``weights`` and ``bias``. ``training_pair`` takes the training data out of ``data``, and ``check_loss``
# turns the loss into a plain number and stops if it is no longer finite.
#
# .. tested-source:: mnist_tut.by_hand.train_by_hand
#
# .. tip::
#
#    The loop is plain Python, so the plain Python debugger can step through it: take the ``#`` away
#    from :func:`breakpoint` (or call ``pdb.set_trace()``) and look at any value on the way.

from mnist_tut.by_hand import train_by_hand
from mnist_tut.steps import measure

lr = 0.5
epochs = 2
by_hand = measure(train_by_hand, data, weights, bias)
trained = by_hand.trained

# %%
# ``measure`` runs the loop with its default arguments, which are the values above, and notes its running
# time and its length for later comparison. (Changing ``lr`` in this cell therefore does not change the run;
# to experiment, call ``train_by_hand(data, weights, bias, lr=0.1)`` yourself.) This is about the least code
# that trains a network. With no hidden layer, the network goes by the name of
# *logistic regression*. Did it learn anything?

# the last mini-batch: 50,000 is 781 times 64, and 16
xb, yb = x_train[-16:], y_train[-16:]
preds = model(xb, trained.weights, trained.bias)
loss, share = loss_func(preds, yb), accuracy(preds, yb)
print(f"last mini-batch: loss {loss:.4f}, accuracy {share:.4f}")
preds = model(x_valid, trained.weights, trained.bias)
loss, share = loss_func(preds, y_valid), accuracy(preds, y_valid)
print(f"validation set:  loss {loss:.4f}, accuracy {share:.4f}")

# %%
# The first line looks splendid and means little: these are sixteen pictures, the model has just been
# trained on them, and they are not the 64 on which we measured it before training. It is the second line
# that counts, measured on ten thousand pictures that the model was not trained on.

fig, ax = plt.subplots(figsize=(7, 3))
plots.batch_losses(trained.losses, ax)
plt.show()

# %%
# .. figure-text:: A jagged curve of losses that falls steeply over the first hundred mini-batches and then flattens out; a smooth line runs through it.
#
#    The loss on each of the 1,564 mini-batches. Single batches jump about, for some hold more
#    difficult digits than others; only their running mean tells whether training gets anywhere.
#
# And here is what the model believed before and believes now, for one validation picture of each class.

one_each = torch.stack([(y_valid == digit).nonzero()[0, 0] for digit in range(10)])
fig, axes = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True)
plots.probabilities(model(x_valid[one_each], weights, bias), y_valid[one_each], axes[0])
plots.probabilities(preds[one_each], y_valid[one_each], axes[1])
axes[0].set_title("before training")
axes[1].set_title("after training")
axes[1].set_ylabel("")
plt.show()

# %%
# .. figure-text:: Two ten-by-ten grids of probabilities, one row per true class. Before training the colour is dull and without pattern; after training most rows have one bright cell on the diagonal.
#
#    Probabilities before and after training. Every row is one picture, every column a class; a bright
#    cell on the diagonal is a sure and correct prediction.
#
# A linear model has another charm: its weights can be looked at. Each class has one weight per
# pixel, so its weights are a picture too.

fig, ax = plt.subplots(figsize=(7, 3))
plots.signed_tiles(
    trained.weights.T.view(10, 28, 28), ax, labels=list("0123456789"), cols=5
)
plt.show()

# %%
# .. figure-text:: Ten pictures of weights in two rows, one per digit. Orange marks pixels that speak for the digit, blue those that speak against it; the 0 shows an orange ring around a blue centre.
#
#    What speaks for each digit (orange) and against it (blue). The 0 wants ink in a ring, and none in the
#    middle.
#
# **In short:** a model is a function with parameters, training is four steps repeated (predict,
# compute the loss, go backwards, update), and what counts is the loss on data that the model has not
# seen.
#
# .. _nn-functional:
#
# Using ``torch.nn.functional``
# -----------------------------
#
# From here on we *refactor*: the program must do exactly what it did before, with code that gets
# shorter, clearer or more flexible. To be sure of that, each new version starts from the same weights
# as the first, and an ``assert`` compares what comes out.
#
# The easiest step first. :mod:`torch.nn.functional`, imported as ``F`` by convention, holds the
# functions of ``torch.nn``, while most of the rest of it are classes. You find losses, activations and
# pooling there. (Not everything that is a function, though: initialisers live in
# :mod:`torch.nn.init`, some tools in ``torch.nn.utils``.) It also has convolutions and linear layers as
# functions, but those have weights to look after, and there the classes that come next are handier.
#
# Log-softmax followed by negative log-likelihood is so common a pair that it has a name,
# *cross-entropy*, and one function does both: :func:`torch.nn.functional.cross_entropy`. The model no longer needs an activation and returns
# plain logits.

import torch.nn.functional as F

print(f"by hand:         {nll(model(xb, trained.weights, trained.bias), yb):.4f}")
print(
    f"F.cross_entropy: {F.cross_entropy(xb @ trained.weights + trained.bias, yb):.4f}"
)

# %%
# .. tested-source:: mnist_tut.steps.with_functional
#    :body:
#
# .. step-diff:: mnist_tut.by_hand.train_by_hand mnist_tut.steps.with_functional

from mnist_tut.steps import same_result, with_functional

functional = measure(with_functional, data, weights, bias)
print(
    f"last mini-batch: {by_hand.last_loss:.4f} before, {functional.last_loss:.4f} now"
)
assert same_result(functional, by_hand)

# %%
# Equal to the last digit printed. And ``same_result`` looks closer than that: all 7,850 parameters, and
# the loss of every single mini-batch, agree up to rounding.
#
# **In short:** ``cross_entropy`` takes logits and does log-softmax and negative log-likelihood in
# one. A refactoring is finished when a check says that nothing has changed.
#
# .. _nn-module:
#
# Refactor using ``nn.Module``
# ----------------------------
#
# Weights, bias and the way they are used belong together, and :class:`torch.nn.Module` is the class to put
# them in. Any Python class could hold them; a module also keeps a list. Whatever you assign to it as a
# :class:`torch.nn.Parameter` goes on that list, provided that ``super().__init__()`` was called first. A
# parameter requires a gradient from the start, so ``requires_grad_()`` is no longer needed. ``forward`` says
# what the module computes.
#
# .. note::
#
#    Two things share a name here. What you ``import`` in Python is a module, with a small m: a file
#    of code. ``nn.Module``, with a capital M, is a class of PyTorch, and its objects are what this page
#    calls modules from now on.
#
# .. tested-source:: mnist_tut.steps.Mnist_Logistic
#
# A module is called like a function, and passes the call on to its ``forward``.

from mnist_tut.steps import Mnist_Logistic

fresh = Mnist_Logistic(*init_params(c, 10))
print(F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]))

# %%
# Again about 2.3, as any untrained model. What have we gained? Until now we had to update each
# parameter by name, and to reset each gradient by name:
#
# .. code-block:: python
#
#    with torch.no_grad():
#        weights -= weights.grad * lr
#        bias -= bias.grad * lr
#        weights.grad.zero_()
#        bias.grad.zero_()
#
# A module knows its parameters. So the same two lines serve a model of two parameters or of two
# hundred, and none can be forgotten:
#
# .. code-block:: python
#
#    with torch.no_grad():
#        for p in model.parameters():
#            p -= p.grad * lr
#        model.zero_grad()
#
# One thing happens differently inside. ``zero_grad()`` does not write zeros: it sets every gradient to
# ``None``, and the next ``backward()`` starts a new one. That saves memory and changes no result, but it
# will surprise you if you read ``p.grad`` in between.

F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]).backward()
print(fresh.bias.grad.shape)
fresh.zero_grad()
print(fresh.bias.grad)

# %%
# The loop as a whole:
#
# .. tested-source:: mnist_tut.steps.with_module
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_functional mnist_tut.steps.with_module

from mnist_tut.steps import with_module

module = measure(with_module, data, weights, bias)
print(f"last mini-batch: {module.last_loss:.4f}")
assert same_result(module, by_hand)

# %%
# **In short:** a ``Module`` keeps its parameters together, so that one line can go over all of them.
#
# .. _nn-linear:
#
# Refactor using ``nn.Linear``
# ----------------------------
#
# Weights, bias, product and sum: that combination exists already, as :class:`torch.nn.Linear`. PyTorch
# has layers for nearly everything you will meet, often with faster kernels than we could write.
#
# .. tested-source:: mnist_tut.models.Mnist_Logistic

from mnist_tut.models import Mnist_Logistic

fresh = Mnist_Logistic()
print(F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]))
print(f"standard deviation of the weights: {fresh.lin.weight.std():.4f}")

# %%
# Look at that last number: our own weights began with a standard deviation of 0.0357. ``nn.Linear`` draws from
# another distribution, uniform and narrower, so swapping it in quietly changes the initialisation. Here that
# hardly matters; in a deep network it can. For a fair comparison our version starts ``nn.Linear`` from the same
# weights as before (transposed, because ``nn.Linear`` stores its weights as outputs by inputs, here 10 by 784).
#
# .. tested-source:: mnist_tut.steps.linear_from
#
# .. tested-source:: mnist_tut.steps.with_linear
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_module mnist_tut.steps.with_linear

from mnist_tut.steps import with_linear

linear = measure(with_linear, data, weights, bias)
print(f"last mini-batch: {linear.last_loss:.4f}")
assert same_result(linear, by_hand)

# %%
# **In short:** a layer brings its own weights and its own way to draw them. Changing code may change
# the initialisation, too.
#
# .. _torch-optim:
#
# Refactor using ``torch.optim``
# ------------------------------
#
# How to turn gradients into an update is a science of its own, and :mod:`torch.optim` collects its
# results. We take the simplest, ``optim.SGD``, for *stochastic gradient descent*: as used here, it does exactly
# the update that we wrote by hand. You give an optimizer the parameters it is to look after. From then on,
# ``opt.step()`` does the update, after ``backward()``. Before:
#
# .. code-block:: python
#
#    with torch.no_grad():
#        for p in model.parameters():
#            p -= p.grad * lr
#        model.zero_grad()
#
# After:
#
# .. code-block:: python
#
#    opt.step()
#    opt.zero_grad()
#
# Keep the three calls apart: ``backward()`` computes gradients and changes no parameter, ``step()``
# changes parameters and computes no gradient, ``zero_grad()`` discards the gradients. The last must happen after
# ``step()`` and before the next ``backward()``, or the gradients of two batches add up.
#
# We shall need a fresh model with its optimizer several times, so that becomes a function.
#
# .. tested-source:: mnist_tut.training.get_model

from mnist_tut.training import get_model

fresh, opt = get_model(lr)
print(F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]))

# %%
# .. tested-source:: mnist_tut.steps.with_optim
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_linear mnist_tut.steps.with_optim

from mnist_tut.steps import with_optim

optimized = measure(with_optim, data, weights, bias)
print(f"last mini-batch: {optimized.last_loss:.4f}")
assert same_result(optimized, by_hand)

# %%
# **In short:** ``backward()`` computes gradients, ``step()`` uses them, ``zero_grad()`` clears them,
# in this order, once per batch.
#
# .. _dataset:
#
# Refactor using ``Dataset``
# --------------------------
#
# A data set, for PyTorch, is anything that has a length and can be indexed: ``__len__`` and
# ``__getitem__``. (So much for the common kind, the *map-style* data set. For streams without a
# length there is :class:`torch.utils.data.IterableDataset`.) The tutorial on
# `data sets and loaders <https://docs.pytorch.org/tutorials/beginner/data_loading_tutorial.html>`_
# builds one of its own, for pictures of faces.
#
# For data that are tensors already there is :class:`torch.utils.data.TensorDataset`. Index it, or slice
# it, and you get pictures and labels together.

from torch.utils.data import TensorDataset

train_ds = TensorDataset(x_train, y_train)
pictures, labels = train_ds[:5]
print(len(train_ds), pictures.shape, labels)

# %%
# Before, pictures and labels had to be cut separately, and it was up to us to keep them in step:
#
# .. code-block:: python
#
#    start, end = i * bs, (i + 1) * bs
#    xb, yb = x_train[start:end], y_train[start:end]
#
# After:
#
# .. code-block:: python
#
#    xb, yb = train_ds[i * bs : (i + 1) * bs]
#
# .. tested-source:: mnist_tut.steps.with_dataset
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_optim mnist_tut.steps.with_dataset

from mnist_tut.steps import with_dataset

dataset = measure(with_dataset, data, weights, bias)
print(f"last mini-batch: {dataset.last_loss:.4f}")
assert same_result(dataset, by_hand)

# %%
# **In short:** a ``Dataset`` has a length and can be indexed, and keeps pictures and labels together.
#
# .. _dataloader:
#
# Refactor using ``DataLoader``
# -----------------------------
#
# A :class:`torch.utils.data.DataLoader` takes any data set and hands out its mini-batches. No more
# arithmetic with indices. Before:
#
# .. code-block:: python
#
#    for i in range((n - 1) // bs + 1):
#        xb, yb = train_ds[i * bs : (i + 1) * bs]
#
# After:
#
# .. code-block:: python
#
#    for i, (xb, yb) in enumerate(train_dl):
#
# (``i`` is only there for the error message, should the loss go astray.)
#
# .. tested-source:: mnist_tut.steps.with_dataloader
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_dataset mnist_tut.steps.with_dataloader

from mnist_tut.steps import with_dataloader

dataloader = measure(with_dataloader, data, weights, bias)
print(f"last mini-batch: {dataloader.last_loss:.4f}")
assert same_result(dataloader, by_hand)

# %%
# Nothing is free, though. A plain ``DataLoader`` fetches one row after another and stacks them into a
# batch. For pictures that must be read and decoded one by one, that is the right thing. For tensors in memory it is
# a detour. ``batched_dl`` lets the *sampler* hand out lists of positions instead of single ones, so
# that the data set is indexed once per batch. (``pin_memory`` is for GPUs; its turn comes at the end.)
#
# .. tested-source:: mnist_tut.loaders.batched_dl

import time

from torch.utils.data import DataLoader

from mnist_tut.loaders import batched_dl


def seconds(batches):
    began = time.perf_counter()
    count = sum(len(xb) for xb, yb in batches)
    assert count == n
    return time.perf_counter() - began


slices = seconds(train_ds[i : i + bs] for i in range(0, n, bs))
plain = seconds(DataLoader(train_ds, batch_size=bs))
batched = seconds(batched_dl(train_ds, bs))
print(f"slices       {slices:.3f} s")
print(f"DataLoader   {plain:.3f} s, {plain / slices:.0f} times as long")
print(f"batched_dl   {batched:.3f} s, {batched / slices:.0f} times as long")

# %%
# (Slices win because they copy nothing, but they cannot shuffle.) The difference matters when the model is as
# small as ours and loading takes a large part of the time. With a large network you would not notice it. But
# it costs us nothing to take the better way where it is open, and below ``get_data`` will do so.
#
# Take stock: :class:`~torch.nn.Module` and :class:`~torch.nn.Parameter` keep the weights, and
# :class:`~torch.utils.data.Dataset` and :class:`~torch.utils.data.DataLoader` the data. What is left of the loop
# fits into a glance. But it has never yet looked at a picture that it was not trained on.
#
# **In short:** a ``DataLoader`` cuts a data set into mini-batches. Over tensors in memory, let it
# fetch a whole batch at once.
#
# .. _validation:
#
# Add validation
# --------------
#
# A model can learn its training pictures by heart and fail on all others. That is called
# *overfitting*, and only data kept apart will show it. Hence the *validation set*: look at
# its loss after every epoch, always.
#
# The training data should be *shuffled*, so that each epoch sees them in another order. Otherwise the same
# pictures share a batch in every epoch, and the same batches follow one another. Whatever neighbours have in
# common then pulls the weights to and fro. The worst case is a file sorted by class:

order = y_train.argsort()
sorted_data = x_train[order], y_train[order]
sorted_run = train_by_hand(sorted_data, weights, bias, epochs=1)
preds = model(x_valid, sorted_run.weights, sorted_run.bias)
print(f"trained on sorted digits: accuracy {accuracy(preds, y_valid):.2f}")

# %%
# Little better than guessing: the last pictures it saw were all nines, and they have undone what it had learnt before.
#
# The validation data need no shuffling: they change no weight, and shuffling takes time. Is their loss really the
# same in any order? Yes, if it is averaged properly. 10,000 pictures make 78 batches of 128 and one of 16; taking
# the mean over *batches* gives those 16 as much weight as any 128, and then it does matter which 16 they are.

valid_ds = TensorDataset(x_valid, y_valid)
n_valid = len(valid_ds)


def two_means(dl):
    sizes, losses = [], []
    for xb, yb in dl:
        sizes.append(len(xb))
        losses.append(nll(model(xb, trained.weights, trained.bias), yb))
    sizes, losses = torch.tensor(sizes), torch.stack(losses)
    return losses.mean().item(), (losses * sizes).sum().item() / n_valid


in_order = two_means(DataLoader(valid_ds, batch_size=bs * 2))
shuffled = two_means(DataLoader(valid_ds, batch_size=bs * 2, shuffle=True))
print(f"mean over batches:  {in_order[0]:.4f} in order, {shuffled[0]:.4f} shuffled")
print(f"weighted by size:   {in_order[1]:.4f} in order, {shuffled[1]:.4f} shuffled")
assert abs(in_order[1] - shuffled[1]) < 1e-5

# %%
# So the mean has to be weighted by batch size, and in our code it is.
#
# Validation batches may be twice as large, because less has to be remembered: under
# :class:`torch.no_grad` nothing is recorded for a backward pass. It is ``no_grad`` that saves the
# memory, not the fact that we are validating.
#
# Last, call ``model.train()`` before training and ``model.eval()`` before validating. Some layers, such as
# :class:`torch.nn.BatchNorm2d` and :class:`torch.nn.Dropout`, work differently in the two modes. Our model has
# neither, but the habit costs nothing. (``eval()`` does not stop the recording; only ``no_grad`` does that.)
#
# .. tested-source:: mnist_tut.steps.with_validation
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_dataloader mnist_tut.steps.with_validation

from mnist_tut.steps import with_validation

validated = measure(with_validation, data, weights, bias)
assert same_result(validated, by_hand)

# %%
# Epoch and validation loss are printed. (To be comparable with the others, this version leaves the training data in
# file order. The next section shuffles.)
#
# **In short:** shuffle the training data, validate under ``no_grad`` after every epoch, and weight
# means by the size of the batches.
#
# .. _fit-get-data:
#
# Create ``fit()`` and ``get_data()``
# -----------------------------------
#
# ``loss_batch`` computes the loss of one batch. Given an optimizer, it also takes a training step; without
# one, it changes nothing.
#
# .. tested-source:: mnist_tut.training.loss_batch
#
# ``evaluate`` goes through a loader and changes no parameter. It does not use ``loss_batch``, because it needs
# the outputs for the accuracy too. Both means, of the loss and of the accuracy, are weighted by batch size, for
# the reason just seen.
#
# .. tested-source:: mnist_tut.training.evaluate
#
# ``fit`` puts training and validation together, for any number of epochs. It prints the validation loss, and
# returns all it has seen, for plots.
#
# .. tested-source:: mnist_tut.training.fit
#
# ``get_data`` makes the two loaders. ``loader_for`` knows which kind suits a data set: tensors can be indexed with a whole list of
# positions, other data sets perhaps only row by row. The mini-batches are the same either way.
#
# .. tested-source:: mnist_tut.loaders.get_data
#
# .. tested-source:: mnist_tut.loaders.loader_for
#
# Loaders, model, training: three lines.

from mnist_tut.loaders import get_data
from mnist_tut.training import fit

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
model, opt = get_model(lr)
logistic_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# Below, the same once more as a step of our refactoring, in file order and from the same weights, to
# check that nothing has been lost on the way.
#
# .. tested-source:: mnist_tut.steps.with_fit
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_validation mnist_tut.steps.with_fit

from mnist_tut.steps import with_fit

fitted = measure(with_fit, data, weights, bias)
assert same_result(fitted, by_hand)

# %%
# Nine versions of one loop, and one result:

all_steps = [
    by_hand,
    functional,
    module,
    linear,
    optimized,
    dataset,
    dataloader,
    validated,
    fitted,
]
print("version          lines  s per epoch  last loss")
for step in all_steps:
    print(f"{step.name:16} {step.lines:5} {step.seconds:12.2f} {step.last_loss:10.4f}")

fig, ax = plt.subplots(figsize=(7, 3.2))
plots.step_sizes(
    [step.name for step in all_steps],
    [step.lines for step in all_steps],
    [step.last_loss for step in all_steps],
    ax,
)
plt.show()

# %%
# .. figure-text:: Horizontal bars, one per version of the training loop: the bars get shorter from top to bottom, jump up where validation is added, and end with the shortest; the loss beside each bar is the same.
#
#    Lines of code per version of the loop, with the loss on the last mini-batch beside each bar. Validation costs
#    some lines; ``fit`` hides them, for good, in a function that every later model will use.
#
# **In short:** ``get_data``, ``get_model`` and ``fit`` are all that is left of the loop, and the
# result is still that of the first version.
#
# .. _cnn:
#
# Switch to a CNN
# ---------------
#
# Nothing in the last section knows what kind of model it trains. So let us hand it another one: a
# *convolutional neural network*. A convolution slides a small window of weights over the picture and
# so treats every place alike, which suits pictures.
#
# Ours has three :class:`torch.nn.Conv2d` layers, each followed by a *ReLU*, which turns negative values into zero.
# Their windows measure 3 by 3. A padding of one pixel, all zeros, lets the window reach the edges, and with a
# stride of 2 each layer halves width and height, rounding up: 28, 14, 7, 4. The one grey channel becomes 16, then
# 16 again, then ten, one for each class. Average pooling over the 4 by 4 grid leaves one number per class. ``view``
# does for tensors what ``reshape`` does for NumPy's arrays, except that it never copies.
#
# .. tested-source:: mnist_tut.models.preprocess
#
# .. tested-source:: mnist_tut.models.Mnist_CNN
#
# The optimizer gets *momentum*: each step goes on, in part, in the direction of the steps before, as a ball
# would that rolls downhill. That smooths the zigzag of single batches and is usually faster (see the
# `notes of Stanford's cs231n <https://cs231n.github.io/neural-networks-3/#sgd>`_).

from torch import optim

from mnist_tut.models import Mnist_CNN

lr = 0.1

torch.manual_seed(5)
model = Mnist_CNN()
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
cnn_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# The same ``fit``, the same loaders. Why seed 5? We picked one that leaves all ten classes working. An unlucky seed
# makes this network end up much worse, and you should know why. Of 12 seeds that we tried, one ended with a validation accuracy of 0.83, the others
# between 0.90 and 0.94.
#
# The culprit is the *last* ReLU. It comes before the average, so no logit can be negative, and where a
# channel is cut off everywhere, its class gets a logit of exactly zero for every picture. Then no
# picture sends a gradient through that channel any more, and its weights stop learning: the class is *dead*.
# Here is how often each class has a logit of exactly zero in our model:

from mnist_tut.training import zero_share

model.eval()
with torch.no_grad():
    logits = torch.cat([model(xb) for xb, _ in valid_dl])
print([round(share, 4) for share in zero_share(logits).tolist()])
assert zero_share(logits).max() < 1

# %%
# All below 1: alive. Now a copy in which we kill one class on purpose, with a large negative bias:

import copy

killed = copy.deepcopy(model)
with torch.no_grad():
    killed.conv3.bias[3] = -1e6
    killed_logits = torch.cat([killed(xb) for xb, _ in valid_dl])
F.cross_entropy(killed(x_train[:bs]), y_train[:bs]).backward()
print("zero logits of class 3: ", zero_share(killed_logits)[3].item())
print("its largest gradient:   ", killed.conv3.weight.grad[3].abs().max().item())
assert killed.conv3.weight.grad[3].abs().max() == 0

# %%
# Not small but exactly zero: gradient descent has nothing to go by. Then why not leave the last ReLU out? Because
# without it, two epochs do not get as far: the same 12 seeds ended between 0.86 and 0.91. It is a trade-off, and one
# to make with open eyes.
#
# What has the network learnt to look for? Its first layer has sixteen filters of 3 by 3 weights:

fig, ax = plt.subplots(figsize=(7, 1.8))
plots.signed_tiles(model.conv1.weight[:, 0], ax, cols=8)
plt.show()

# %%
# .. figure-text:: Sixteen tiny filters of three by three weights in two rows; many are orange on one side and blue on the other.
#
#    The sixteen filters of the first layer. Those that are orange on one side and blue on the opposite one respond
#    to edges, each to its own direction.
#
# And this is what they see in a digit, after the ReLU:

with torch.no_grad():
    seen = F.relu(model.conv1(x_valid[one_each[5]].view(1, 1, 28, 28)))[0]

fig, ax = plt.subplots(figsize=(7, 1.9))
plots.digits(seen / seen.max(), ax, cols=8)
plt.show()

# %%
# .. figure-text:: Sixteen small pictures of the same digit 5 in two rows: in some the strokes are bright, in others only parts of them, and a few are almost black.
#
#    One validation picture of a 5, as the sixteen filters see it, the brighter the stronger: some respond to the whole
#    stroke, some to one side of it, and a few hardly at all.
#
# Which pictures does it still get wrong?

wrong = (logits.argmax(dim=1) != y_valid).nonzero()[:, 0]
guesses = logits.argmax(dim=1)
fig, ax = plt.subplots(figsize=(7, 1.7))
first = wrong[:20]
labels = [f"{int(y_valid[i])} as {int(guesses[i])}" for i in first]
plots.digits(x_valid[first], ax, labels=labels)
plt.show()
print(f"{len(wrong)} of {n_valid} are wrong")

# %%
# .. figure-text:: Twenty digits in two rows, each labelled in the form "true class as predicted class"; many are sloppily written.
#
#    The first twenty mistakes on the validation set: what each digit was, and what the network took it for. Some of
#    them are easy to forgive.
#
# **In short:** ``fit`` trains a CNN as it trained the linear model. Know your network's weak spot,
# here a last ReLU that can kill a class, and check for it.
#
# .. _nn-sequential:
#
# Using ``nn.Sequential``
# -----------------------
#
# A network that only passes its data from layer to layer needs no ``forward`` of its own:
# :class:`torch.nn.Sequential` runs its modules in order. For steps that are no layer, such as giving the rows
# their picture shape, we wrap a function into a module.
#
# .. tested-source:: mnist_tut.models.Lambda
#
# For flattening there is a layer, :class:`torch.nn.Flatten` (and :class:`torch.nn.Unflatten` for the way back, which could do the
# work of ``preprocess`` here).
#
# .. tested-source:: mnist_tut.models.cnn_sequential

from mnist_tut.models import Lambda, cnn_sequential

torch.manual_seed(5)
model = cnn_sequential()
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
sequential_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)
assert [e.losses for e in sequential_history] == [e.losses for e in cnn_history]

# %%
# With the same seed, the first weights and the order of the pictures are the same, and every loss is the very one that ``Mnist_CNN`` had.
#
# One warning about ``Lambda``. Given an actual ``lambda``, the model cannot be saved whole: pickle stores a function by
# its name, and a ``lambda`` has none. Save the ``state_dict`` instead, which holds the parameters and other tensors of the
# layers, but no code. That is the better habit anyway. To use it again, build the same model and call its
# ``load_state_dict``.

import io

unnamed = Lambda(lambda x: x.view(-1, 1, 28, 28))
try:
    torch.save(unnamed, io.BytesIO())
except Exception as error:
    print(type(error).__name__, "for the lambda")
torch.save(model.state_dict(), io.BytesIO())
print("state_dict saved")

# %%
# **In short:** ``Sequential`` does for networks that are a chain of layers; a small module of your
# own fills the gaps. Save the ``state_dict``.
#
# .. _faster:
#
# The same, faster
# ----------------
#
# So far nothing was done for speed, except in ``loader_for``. Two more arguments can make the CNN train faster on a CPU, and change nothing
# about what it computes.
#
# The first is about how a picture of several channels lies in memory. Normally that is channel after channel: all pixels of the
# first, then all pixels of the second. A convolution, though, needs all channels of a few neighbouring pixels at once. With
# ``memory_format=torch.channels_last`` the channels of a pixel lie side by side. Shapes and indices stay as they are, and what flows through
# the model follows the layout of its weights. The second argument, ``fused=True``, lets the optimizer update all parameters
# in one call, with a single pass over each instead of several operations.
#
# We train two copies of the same model on the same fifty mini-batches:

from itertools import islice

from mnist_tut.timing import ratios, take_turns
from mnist_tut.training import loss_batch

fifty = list(islice(train_dl, 50))


def losses_of(model, opt):
    return [loss_batch(model, F.cross_entropy, xb, yb, opt)[0] for xb, yb in fifty]


usual = cnn_sequential()
faster = copy.deepcopy(usual).to(memory_format=torch.channels_last)
usual_opt = optim.SGD(usual.parameters(), lr=lr, momentum=0.9)
faster_opt = optim.SGD(faster.parameters(), lr=lr, momentum=0.9, fused=True)
before, now = losses_of(usual, usual_opt), losses_of(faster, faster_opt)
print(f"loss on mini-batch {len(fifty)}: {before[-1]:.4f} before, {now[-1]:.4f} now")
assert torch.allclose(torch.tensor(before), torch.tensor(now), atol=1e-3)

# %%
# Same losses, up to rounding. And the times? We let the two take turns, so that neither is favoured by a quiet moment, and compare them
# turn by turn:

import statistics

times = take_turns(
    {
        "before": lambda: losses_of(usual, usual_opt),
        "now": lambda: losses_of(faster, faster_opt),
    }
)
print(f"now: {statistics.median(ratios(times)['now']):.2f} times as long as before")

# %%
# How much that saves depends on your processor and on the layers; it costs a few words of code. From here on we train this way. Another page shows where the rest of the time goes, and what your machine could do at best:
# :doc:`where_the_time_goes`.
#
# **In short:** same numbers in less time is refactoring, too: check the first, measure the second.
#
# .. _wrapping-dataloader:
#
# Wrapping ``DataLoader``
# -----------------------
#
# Feed our CNN a picture of 32 by 32 and it stops with an error. The size of MNIST's pictures is written into it twice: at the
# front, in the 784 pixels of a row, and at the back, in the 4 by 4 grid of the pooling. We take out one after the other.
#
# Giving rows their picture shape is not the model's job, so ``preprocess`` moves out to the loader, and takes the labels
# along. It works out the side of the picture from the number of pixels, and refuses anything that is not a square. (A fixed
# ``view(-1, 1, 28, 28)`` would turn 49 pictures of 32 by 32 into 64 pictures of nonsense, without a word.)
#
# .. tested-source:: mnist_tut.loaders.preprocess
#
# .. tested-source:: mnist_tut.loaders.WrappedDataLoader

from mnist_tut.loaders import WrappedDataLoader, preprocess

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
train_dl = WrappedDataLoader(train_dl, preprocess)
valid_dl = WrappedDataLoader(valid_dl, preprocess)

# %%
# And :class:`torch.nn.AdaptiveAvgPool2d` is told the size of its *output*, here 1 by 1, whatever comes in.
#
# .. tested-source:: mnist_tut.models.cnn_any_size

from mnist_tut.models import cnn_any_size

torch.manual_seed(5)
model = cnn_any_size().to(memory_format=torch.channels_last)
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9, fused=True)
wrapped_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# That the losses differ a little from those of the last section is rounding: new pooling and new layout add up their numbers
# in another order, and hundreds of updates magnify the difference. The model itself now takes any single-channel
# picture, square or not. (Only ``preprocess`` insists on squares. And an output of the right shape is no promise of
# a right answer: our model was trained on 28 by 28 only.)

with torch.no_grad():
    for size in [(28, 28), (32, 32), (50, 20)]:
        print(size, "->", tuple(model(torch.rand(3, 1, *size)).shape))

# %%
# Here are all our models so far. The first one is linear; the others can see shapes.

histories = {
    "logistic regression": logistic_history,
    "Mnist_CNN": cnn_history,
    "wrapped, any size": wrapped_history,
}
fig, axes = plt.subplots(1, 2, figsize=(7, 3))
plots.per_epoch(
    {k: [e.valid_loss for e in h] for k, h in histories.items()},
    axes[0],
    "validation loss [nats]",
)
plots.per_epoch(
    {k: [e.valid_metric for e in h] for k, h in histories.items()},
    axes[1],
    "validation accuracy",
)
plt.show()

# %%
# .. figure-text:: Two small charts over two epochs, validation loss on the left and accuracy on the right, with one line each for the logistic regression and two CNNs.
#
#    Validation loss and accuracy after each epoch. (``cnn_sequential`` is not drawn: its values are those of
#    ``Mnist_CNN``.)
#
# **In short:** what depends on the data's form belongs to the loader, and adaptive pooling frees the
# model from a fixed size.
#
# .. _gpu:
#
# Using your GPU
# --------------
#
# If you have a GPU that PyTorch can use, it will speed things up. First ask for CUDA, that is, a GPU from NVIDIA:

print(torch.cuda.is_available())

# %%
# Then make an object that stands for the device, so that the rest of the code need not care. We ask for any
# *accelerator* that PyTorch knows, be it from NVIDIA, AMD, Apple or Intel, and fall back on the CPU.

if torch.accelerator.is_available():
    dev = torch.accelerator.current_accelerator()
else:
    dev = torch.device("cpu")
print("this page was run on:", dev.type)

# %%
# Two things have to move there, the batches and the model. ``preprocess`` takes care of the batches, ``model.to(dev)``
# moves the model. Make the optimizer after that move: the old one still keeps its momentum on the old device.
#
# A CUDA device can fetch a mini-batch by itself while Python goes on, but only from *pinned memory*, which the operating system will
# neither move nor swap out. So we ask ``get_data`` for that, and ``preprocess`` does not wait for the move of what is pinned. Pinning is a copy too,
# and our loop waits for every loss, so do not expect much of it here. Data as small as MNIST can rather move as a whole: build the
# ``TensorDataset`` from ``x_train.to(dev)`` and ``y_train.to(dev)``, leave ``pin_memory`` out, and only the positions of the rows
# are left to send. (None of this makes a difference on a CPU. The settings are tested, but no GPU had run them when we wrote this.)

from functools import partial

pin = dev.type == "cuda"
train_dl, valid_dl = get_data(train_ds, valid_ds, bs, pin_memory=pin)
train_dl = WrappedDataLoader(train_dl, partial(preprocess, dev=dev))
valid_dl = WrappedDataLoader(valid_dl, partial(preprocess, dev=dev))

model.to(dev)
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9, fused=True)
gpu_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# The loss is lower than before. That is no merit of the device: we did not start afresh but went on training the model of
# the last section, so these are its third and fourth epochs. Whether it ran *faster* is another question, and has to be measured:

print(f"last section, on the CPU: {wrapped_history[-1].seconds:.1f} s per epoch")
print(f"this section, on {dev.type}:    {gpu_history[-1].seconds:.1f} s per epoch")

# %%
# If this page was built without an accelerator, the two times differ by chance only; run the notebook on a machine that has
# one. And do not expect wonders with a network as small as this: the accelerator will often be waiting for the next batch.
#
# **In short:** choose a device, move the model once and each batch as it comes. Whether it is faster,
# measure.
#
# .. _closing:
#
# Closing thoughts
# ----------------
#
# ``get_data`` and ``fit`` have now trained a linear model and three CNNs without a change, they will train your models
# too, and you know what every line of them does. Real projects need more: varied copies of the training pictures
# (*augmentation*), a search for good learning rates and sizes, curves to watch, models that others have trained. The
# `fastai <https://docs.fast.ai>`_ library offers these, built on the same ideas that you have just seen, and
# `a notebook from its course <https://github.com/fastai/course22p2/blob/master/nbs/04_minibatch_training.ipynb>`_ goes
# through mini-batch training once more, from another side.
#
# At the beginning we promised to explain four things:
#
# ``torch.nn``
#    - ``Module``: a part of a model, up to the whole of it. You call it with a batch; it keeps its own parameters, and
#      those of the modules inside it, and can list them, clear their gradients or move them to a device.
#    - ``Parameter``: a tensor that enters itself in its module's list and requires a gradient, so that training can
#      change it.
#    - ``functional``: what needs no memory of its own: losses, activations, pooling, and layers to which you hand the
#      weights yourself.
# ``torch.optim``
#    Optimizers such as ``SGD``, which turn the gradients left by ``backward()`` into new values for the parameters, when you
#    call ``step()``.
# ``Dataset``
#    Your examples, behind ``len(ds)`` and ``ds[i]`` (or, for streams, behind a ``for`` loop). Tensors in memory only need
#    a ``TensorDataset`` around them.
# ``DataLoader``
#    Decides which examples come next and puts them together into mini-batches. You can loop over it once per epoch.
