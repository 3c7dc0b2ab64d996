r"""
.. _memory-top:

From memory
===========

- **You will do:** write the training loop from an empty cell, without looking.
- **You will learn:** which parts of PyTorch you can write yourself by now, and which you have only
  read.
- **You will need:** :doc:`nn_tutorial`, and an afternoon; every exercise stands alone, so you can
  stop after any of them. No GPU.

This page explains little and asks much. Read a task, close the tutorial, and write the function or
class into the cell below it. Then run the check: it says whether it is right, and if not, what it
has noticed. A hint and a solution are folded below each task, for when you are stuck. The exercises
get harder as you go on. Each of them says how important it is, and what it rests on, in case you
want to read that once more. If you have time for one only, take ``my_fit``.

.. container:: only-on-site

   Take the :download:`notebook <from_memory.ipynb>`: that is where the exercises are done.
"""

# %%
# .. _memory-setup:
#
# Before you start
# ----------------
#
# Run the next cell first. It has the names that the exercises use, and some of the digits, few
# enough that nothing takes long.

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import TensorDataset

from mnist_tut.data import get_mnist
from mnist_tut.loaders import get_data
from mnist_tut.training import fit

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), (x_valid, y_valid), _ = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train, x_valid, y_valid = map(
    torch.tensor, (x_train, y_train, x_valid, y_valid)
)
train_ds = TensorDataset(x_train[:10_000], y_train[:10_000])
valid_ds = TensorDataset(x_valid[:500], y_valid[:500])

# %%
# .. _memory-again:
#
# Parts of the tutorial, once more
# --------------------------------
#
# Warm up with things that the tutorial used, some of them ready-made. This time you make them.
#
# .. exercise:: MyNet
#
#    Importance: high. Rests on ":ref:`hidden`".
#
#    Write the network with a hidden layer on your own: a layer from 784 to ``hidden``, a ReLU, and a
#    layer from there to 10 for logits. ``parameters()`` should find all four tensors.
#
# .. exercise:: my_cross_entropy
#
#    Importance: medium. Rests on ":ref:`nn-functional`".
#
#    Write ``cross_entropy`` from the logits, without ``F.cross_entropy`` and without computing any
#    probability. The loss of an image is the log-sum-exp of its ten logits minus the logit of its
#    true class. Take the mean.
#
# .. exercise:: MyStack
#
#    Importance: high. Rests on ":ref:`nn-module`".
#
#    A network with as many layers as you like, in a list. It runs, and gives logits. But
#    ``optim.SGD(MyStack([784, 50, 10]).parameters(), lr=0.1)`` says *optimizer got an empty
#    parameter list*. Where did the parameters go? Change one line.
#
# .. exercise:: my_log_sum_exp
#
#    Importance: medium. Rests on ":ref:`nn-functional`".
#
#    ``exp(89)`` is too large for a float32, and ``exp(-200)`` too small. Write a log-sum-exp that
#    copes with both: for each row of ``x``, the logarithm of the sum of the exponentials, one number
#    per row. Subtract the largest logit of the row first, and think of what that does to the result.
#    (Without ``torch.logsumexp``: the check compares with it.)
#
# .. exercise:: my_bias_gradient
#
#    Importance: medium. Rests on ":ref:`from-scratch`".
#
#    With pencil and paper, the gradient of the weights comes out as (probability minus truth) times
#    the pixel, averaged over the mini-batch. The truth has a one at the true class and zeros
#    elsewhere, like a row of ``torch.eye(10)``. And the gradient of the bias? Given the
#    log-probabilities ``log_probs`` and the labels ``target``, work out the ten numbers that
#    ``backward()`` leaves in ``bias.grad``, without autograd.
#
# .. exercise:: my_freeze
#
#    Importance: high. Rests on ":ref:`torch-optim`".
#
#    *Transfer learning* in three lines: someone has trained ``model``, a ``Sequential``, and you
#    want to teach its last layer something new. Freeze all the others, and return a list of the
#    parameters that are left to train, for the optimizer.
#
# .. exercise:: my_losses
#
#    Importance: high. Rests on ":ref:`from-scratch`".
#
#    Break the training loop on purpose. Take ``steps`` steps, always on the same mini-batch, with
#    ``F.cross_entropy`` as the loss of ``xb @ weights + bias``, and *never* set a gradient to zero.
#    Collect the loss that each step begins with, as a plain number. Then draw the list with
#    ``plt.plot``, say for ``x_train[:64]``, its labels, small random weights, zeros for the bias,
#    a learning rate of 0.5 and a hundred steps, and explain the curve.
#
# .. exercise:: my_batches
#
#    Importance: high. Rests on ":ref:`validation`".
#
#    Write a shuffling loader yourself, in four lines. As a :term:`generator`, it yields mini-batches
#    of ``bs`` images with their labels, every image once, in a random order that is new each time.
#    The last mini-batch takes the rest.
#
# .. exercise:: MySGD
#
#    Importance: medium. Rests on ":ref:`torch-optim`".
#
#    Write momentum yourself. The class has everything but its ``step``: for each parameter, the
#    velocity shrinks to ``momentum`` times what it was, the gradient is added to it, and the
#    parameter moves against it by ``lr`` times the velocity. Yours should go where ``optim.SGD``
#    goes.
#
# .. exercise:: my_batch_norm
#
#    Importance: medium. Rests on ":ref:`better`".
#
#    What does batch normalisation do, and what changes with ``eval()``? Compute it for ``x`` of the
#    shape ``(n, channels)``, without the layer and ``F.batch_norm``. While ``bn.training`` is true,
#    each channel is normalised with the mean and variance of this mini-batch (``bn.eps`` is added
#    to a variance, and that of a mini-batch divides by n); otherwise with ``bn.running_mean`` and
#    ``bn.running_var``. The result is ``bn.weight`` times that, plus ``bn.bias``.
#
# **In short:** what is ready-made is not magic: a few lines each, and you have written them.
#
# .. _memory-pieces:
#
# Pieces for a model of your own
# ------------------------------
#
# Here are seven things that the tutorial used or promised, but never made.
#
# .. exercise:: my_size
#
#    Importance: high. Rests on ":ref:`cnn`".
#
#    How wide is an image after a :term:`convolution`? Write the formula: ``size`` is its width in
#    pixels, and ``kernel``, ``stride`` and ``padding`` are those of the layer. For 28, 3, 2 and 1
#    the answer is 14. PyTorch drops a last step that does not fit.
#
# .. tested-source:: mnist_tut.models.conv_block
#    :folded: conv_block, as in the tutorial
#
# .. exercise:: my_cnn_48
#
#    Importance: medium. Rests on ":ref:`better`".
#
#    Other images, same recipe. Build a network of three ``conv_block`` and a linear layer for
#    *colour* images of 48 by 48, three channels each. From (n, 3, 48, 48) it makes (n, 10) logits.
#    ``conv_block(n_in, n_out)`` halves width and height; it is the one from the tutorial.
#
# .. exercise:: MyLinear
#
#    Importance: high. Rests on ":ref:`nn-module`" and ":ref:`nn-linear`".
#
#    Write ``nn.Linear`` yourself, with :class:`torch.nn.Parameter`. ``MyLinear(n_in, n_out)`` has a
#    weight for each pair of input and output and a bias for each output, and from (n, ``n_in``) it
#    makes (n, ``n_out``). The weights are random, of either sign, and small enough that the outputs
#    are about as large as the inputs.
#
# .. exercise:: MyScaler
#
#    Importance: medium. Rests on ":ref:`inside-module`".
#
#    Pixels are often scaled before they go into a network: the mean is subtracted, and the rest
#    divided by the standard deviation. Both numbers belong to the model. They should be in its
#    ``state_dict`` and move with ``to``, but no optimizer may touch them. Write ``MyScaler(mean,
#    std)``, which keeps these two tensors as :term:`buffers <buffer>`; its ``forward`` returns
#    ``(xb - mean) / std``.
#
# .. exercise:: my_predict
#
#    Importance: high. Rests on ":ref:`validation`" and ":ref:`nn-functional`".
#
#    Somebody hands you one ``picture``, a row of pixels, and wants to hear "a 4, with 97 %". The
#    ``model`` makes logits from mini-batches. Return the class and its probability, two numbers, as
#    the model gives them in evaluation mode, and leave it in the mode in which it came.
#
# .. exercise:: MyInverted
#
#    Importance: medium. Rests on ":ref:`dataset`".
#
#    Ink is black, paper is white, and MNIST has it the other way round. Write a ``Dataset`` that
#    hands out every image as a negative, black for white, with its label. The tensors ``x`` and
#    ``y`` it was made from must stay as they are.
#
# .. exercise:: MyFolder
#
#    Importance: high. Rests on ":ref:`dataset`".
#
#    Your own data are files. ``folder``, a :class:`pathlib.Path`, holds images that
#    :func:`torch.save` has written, one a file, named like ``7_0012.pt``: the label, an underscore,
#    a number. There may be other files, too. Write a data set with a length. Its items are pairs of
#    ``transform(picture)`` and label, an integer, in the order of the names, and a file is read
#    only when its item is asked for.
#
# **In short:** what a model has to learn is a parameter, what it has to know is a buffer, and what
# it says is a logit.
#
# .. _memory-loop:
#
# The loop
# --------
#
# Every network on this site was trained by one and the same loop: :term:`mini-batch` by mini-batch
# over the training data, then over the :term:`validation set`, :term:`epoch` after epoch. If you
# can write it, you can train anything.
#
# .. exercise:: my_order
#
#    Importance: high. Rests on ":ref:`validation`".
#
#    First as a puzzle. Here are the lines of the loop, each indented as far as it has to be, but in
#    the wrong order:
#
#    .. code-block:: text
#
#        1          opt.step()
#        2      model.eval()
#        3  for epoch in range(epochs):
#        4          loss.backward()
#        5      with torch.no_grad():
#        6          loss = loss_func(model(xb), yb)
#        7      model.train()
#        8          losses = [loss_func(model(xb), yb) for xb, yb in valid_dl]
#        9          opt.zero_grad()
#       10      for xb, yb in train_dl:
#
#    Return the numbers of the lines as a list, in an order in which each epoch first trains and
#    then validates. The model may come in :term:`evaluation mode`.
#
# .. exercise:: my_fit
#
#    Importance: highest. Rests on ":ref:`validation`" and ":ref:`fit-get-data`".
#
#    Now without the lines. Train ``model`` for ``epochs`` epochs on ``train_dl``, and validate on
#    ``valid_dl`` after each. Return a list with one pair of numbers an epoch: the training loss and
#    the validation loss, each the mean over the images. (Mini-batches may differ in size. The
#    training loss is gathered while the model trains, from the losses that the steps were taken
#    with.) The loss is ``loss_func(outputs, labels)``, a mean over a mini-batch.
#
# Is it right? Then let it loose on digits. Here is a small network, trained by the tutorial's
# ``fit``. Put ``my_fit`` in its place and print what it returns: the losses should be the same.


def small_net():
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


torch.manual_seed(0)
model = small_net()
opt = optim.SGD(model.parameters(), lr=0.1)
fit(2, model, F.cross_entropy, opt, *get_data(train_ds, valid_ds, 64))

# %%
# **In short:** two loops an epoch, three calls a mini-batch, two modes, and means over images.
#
# .. _memory-curves:
#
# Watch it learn
# --------------
#
# ``fit`` returns its losses so that somebody can look at them. Two questions are answered that way:
# which :term:`learning rate`, and when to stop.
#
# .. exercise:: my_lr
#
#    Importance: high. Rests on ":ref:`memory-loop`".
#
#    ``make_model()`` makes a model with random weights, and ``train(model, lr)`` trains it a little
#    and returns its validation loss. Try each of the ``lrs``, always from the same weights, and
#    return the one that led to the lowest loss. With some of them the loss will be nan or infinite.
#
# The next cell tries six on digits. Once it has run, ask ``my_lr(lrs, small_net, train)`` as well;
# its answer may differ, since it starts from other weights.

import matplotlib.pyplot as plt

some_ds = TensorDataset(x_train[:2000], y_train[:2000])


def train(model, lr):
    opt = optim.SGD(model.parameters(), lr=lr)
    history = fit(2, model, F.cross_entropy, opt, *get_data(some_ds, valid_ds, 64))
    return history[-1][1]


lrs = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
losses = []
for lr in lrs:
    print("lr", lr)
    torch.manual_seed(0)
    losses.append(train(small_net(), lr))

plt.figure(figsize=(6, 3))
plt.plot(lrs, losses, "o-")
plt.xscale("log")
plt.xlabel("lr")
plt.ylabel("losses")
plt.show()

# %%
# .. figure-text:: A curve over six learning rates from small to large: it lies high at both ends and
#    is lowest in between.
#
#    The validation loss after two epochs, for six learning rates.
#
# Too small, and two epochs lead hardly anywhere. Too large, and each step lands on the other side
# of the valley, or beyond it. There is room in between: choose a rate near its upper end, a little
# below where training gets rough.
#
# .. guess:: We train on 500 images only, thirty times over. How will the training loss go, and how
#    the validation loss?
#
#    The training loss goes to zero: 500 images can be learnt by heart. The validation loss goes
#    down with it at first, and then up again.

few_ds = TensorDataset(x_train[:500], y_train[:500])

torch.manual_seed(0)
model = small_net()
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
history = fit(30, model, F.cross_entropy, opt, *get_data(few_ds, valid_ds, 64))

plt.figure(figsize=(6, 3))
plt.plot(history, label=["few_ds", "valid_ds"])
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
plt.show()

valid_losses = [valid_loss for _, valid_loss in history]
print("lowest validation loss in epoch", valid_losses.index(min(valid_losses)))
assert history[-1][0] < history[-1][1]

# %%
# .. figure-text:: Two curves over the epochs: both fall steeply at first. Then the lower one goes
#    on to zero, while the upper one turns and rises slowly.
#
#    The loss of the images that the model was trained on, and of those that it was not.
#
# This is :term:`overfitting`, and it has a shape: the curves part. Training should have stopped
# where the upper one is lowest. The loss of a single epoch does not tell you that; only the curve
# does.
#
# **In short:** look at the losses; they tell how fast to go, and when to stop.
#
# .. _memory-more:
#
# Make the loop do more
# ---------------------
#
# The loop is yours now. Here is what people add to it, and what goes wrong with it.
#
# .. exercise:: my_accumulate
#
#    Importance: medium. Rests on ":ref:`torch-optim`".
#
#    A mini-batch of 256 does not fit into memory, but four of 64 do. ``parts`` is a list of
#    mini-batches ``(xb, yb)``; the last may be smaller. Go through them one at a time, so that
#    there is never more than one graph, and then take a single step: the one that a mini-batch of
#    all these images would have led to. This is :term:`gradient accumulation`. ``loss_func``
#    returns a mean. The gradients are clear when you come, and should be clear when you leave.
#
# .. exercise:: my_clip
#
#    Importance: medium. Rests on ":ref:`wrong-norms`".
#
#    One bad mini-batch can throw a model far off. *Clipping* guards against that. The norm of all
#    gradients together is the root of the sum of their squares. If it is larger than ``most``,
#    scale all gradients, in place and by the same factor, so that it is ``most``; otherwise leave
#    them alone. Return the norm that they had before. ``params`` is what ``model.parameters()``
#    gives, and some may have no gradient. (Without ``torch.nn.utils.clip_grad_norm_``.)
#
# .. exercise:: my_mend
#
#    Importance: high. Rests on ":ref:`memory-loop`".
#
#    Somebody has written ``my_fit``, and it runs. But it has five faults, and no error message will
#    help you. Find and fix them: it should do what ``my_fit`` does.
#
# .. exercise:: my_stop
#
#    Importance: high. Rests on ":ref:`memory-curves`".
#
#    *Early stopping.* Call ``train(model)``, which trains for an epoch, and then
#    ``valid_loss(model)``, a number, again and again: until ``patience`` epochs in a row have brought
#    no new lowest loss, or ``most`` epochs are over. In the end ``model`` should have the weights
#    with which its validation loss was lowest. Return that loss.
#
# **In short:** gradients add up until you clear them, and a ``state_dict`` is no copy.
#
# .. _memory-open:
#
# And now without a check
# -----------------------
#
# The last exercise has no check and no solution. Take other images, and write everything from an
# empty notebook: data, model, loop, curve, and a test set that you look at once. Two suggestions:
#
# - `Fashion-MNIST <https://github.com/zalandoresearch/fashion-mnist>`_ has clothes in the place of
#   digits, in just the form of MNIST. Reach nine in ten, and write down what you changed, and what
#   each change brought.
# - If you have no network, ask another question of the digits at hand: is it odd or even? That is
#   ``y % 2``, two classes. Is it easier than ten? Does a network that has learnt ten help?
#
# If you get stuck, do not look up the loop: look at your curve.
