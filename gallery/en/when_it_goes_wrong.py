r"""
.. _wrong-top:

When it goes wrong
==================

- **You will do:** provoke the errors that everyone meets with PyTorch, read what it says, and mend
  each of them.
- **You will learn:** what the messages mean, which faults bring no message at all, and the tools
  that find a fault you have never seen before.
- **You will need:** the loop, ``loss_batch`` and the CNN of :doc:`nn_tutorial`. No GPU.
"""

# %%
# .. _wrong-find:
#
# Find your message
# -----------------
#
# An error ends in one line that says *what* is wrong. Nearly every entry of this page provokes
# a fault, explains it, and ends with code that runs right.
#
# .. container:: only-on-site find-message
#
#    Search the site for some words of your line, or look here:
#
#    .. rst-class:: typed
#
#    Paste your line, or some words of it, and the table shows where to read on:
#
#    .. rst-class:: typed
#
#    None of these says that.
#
#    .. list-table::
#       :header-rows: 1
#
#       * - PyTorch says
#         - Where to read on
#       * - ``mat1 and mat2 shapes cannot be multiplied``
#         - :ref:`Rows of another length <wrong-mat1>`
#       * - ``Expected 3D (unbatched) or 4D (batched) input to conv2d``
#         - :ref:`Flat rows for a CNN <wrong-conv>`
#       * - ``Given groups=1, weight of size``, ``to have 1 channels, but got 3 channels instead``
#         - :ref:`Another number of channels <wrong-channels>`
#       * - ``stack expects each tensor to be equal size``
#         - :ref:`Images of different sizes <wrong-stack>`
#       * - ``view size is not compatible with input tensor's size and stride``
#         - :ref:`view after permute <wrong-contiguous>`
#       * - ``Using a target size``, ``must be the same as input size``
#         - :ref:`Each with every other <wrong-broadcast>`
#       * - ``mat1 and mat2 must have the same dtype``, ``expected scalar type``, ``Cannot convert a MPS Tensor to float64 dtype``
#         - :ref:`Data in float64 <wrong-dtype>`
#       * - ``expected target dtype to be Long``
#         - :ref:`Labels that are no integers <wrong-long>`
#       * - ``multi-target not supported``, ``Expected floating point type for target``
#         - :ref:`One-hot labels, labels in a column <wrong-one-hot>`
#       * - ``Target 10 is out of bounds``
#         - :ref:`Classes counted from one <wrong-target>`
#       * - ``Expected all tensors to be on the same device``, ``mat1 is on cpu, different from other tensors on cuda:0``, ``Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same``, ``is not on the expected device``
#         - :ref:`Model here, data there <wrong-device>`
#       * - ``Torch not compiled with CUDA enabled``, ``not linked with support for mps devices``
#         - :ref:`A device that is not there <wrong-no-cuda>`
#       * - ``CUDA out of memory``, ``MPS backend out of memory``
#         - :ref:`More than the GPU can hold <wrong-memory>`
#       * - ``device-side assert triggered``, ``index out of range in self``
#         - :ref:`An index too large, on a GPU <wrong-assert>`
#       * - ``Attempting to deserialize object on a CUDA device``
#         - :ref:`A file from a machine with a GPU <wrong-map-location>`
#       * - ``a leaf Variable that requires grad``
#         - :ref:`An update that is recorded <wrong-leaf>`
#       * - ``.grad attribute of a Tensor that is not a leaf``
#         - :ref:`Parameters that are a result <wrong-none>`
#       * - ``element 0 of tensors does not require grad``
#         - :ref:`A loss without a way back <wrong-element>`
#       * - ``Trying to backward through the graph a second time``
#         - :ref:`A forward pass outside of the loop <wrong-twice>`
#       * - ``modified by an inplace operation``
#         - :ref:`A result that was overwritten <wrong-inplace>`
#       * - ``grad can be implicitly created only for scalar outputs``
#         - :ref:`A loss for each image <wrong-scalar>`
#       * - ``Can't call numpy() on Tensor that requires grad``, ``can't convert meta device type tensor to numpy``
#         - :ref:`From PyTorch to NumPy <wrong-numpy>`
#       * - ``cannot be converted to Scalar``, ``only one element tensors can be converted to Python scalars``, ``Boolean value of Tensor with more than one value is ambiguous``
#         - :ref:`Many numbers where one is wanted <wrong-item>`
#       * - ``cannot assign module before Module.__init__() call``
#         - :ref:`A line forgotten in __init__ <wrong-init>`
#       * - ``optimizer got an empty parameter list``
#         - :ref:`Layers in a plain list <wrong-empty>`
#       * - ``Expected more than 1 value per channel when training``
#         - :ref:`Batch normalisation with a single image <wrong-one-row>`
#       * - ``Missing key(s) in state_dict``, ``Unexpected key(s) in state_dict``
#         - :ref:`Parameters under other names <wrong-keys>`
#       * - ``size mismatch for``
#         - :ref:`Parameters of another shape <wrong-size>`
#       * - ``Can't pickle``
#         - :ref:`A lambda in the model <wrong-pickle>`
#       * - ``Weights only load failed``
#         - :ref:`A file that holds a whole model <wrong-weights-only>`
#       * - ``num_samples should be a positive integer value``
#         - :ref:`A folder in which nothing was found <wrong-no-samples>`
#       * - ``An attempt has been made to start a new process``
#         - :ref:`Workers that start the program again <wrong-spawn>`
#       * - ``Can't get attribute``
#         - :ref:`Workers that start from a notebook <wrong-notebook>`
#       * - ``is killed by signal``, ``Please try to raise your shared memory limit``
#         - :ref:`Workers without memory <wrong-killed>`
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
#       * - a model for colour images learns little
#         - :ref:`view where permute is meant <wrong-view>`
#       * - there are more classes than you have
#         - :ref:`A fixed size at the end of a CNN <wrong-forty>`
#       * - the same image gets another answer each time
#         - :ref:`eval() forgotten <wrong-eval>`
#       * - every worker draws the same random numbers
#         - :ref:`A generator kept in the data set <wrong-workers>`
#       * - each run gives other numbers
#         - :ref:`Without a seed <wrong-seed>`
#       * - frozen layers still move
#         - :ref:`A gradient left over <wrong-frozen>`
#       * - the loss depends on the batch size
#         - :ref:`The mean of means <wrong-means>`
#       * - the loss is ``nan``
#         - :ref:`Zero times infinity <wrong-nan>`
#
# A fault that is not among them is found by :ref:`the tools <wrong-tools>` at the end. Here is what
# the cells below need: one :term:`mini-batch` of flat images, and a linear model.

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim

from mnist_tut.data import get_mnist
from mnist_tut.training import loss_batch

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
# .. rst-class:: entries
#
# .. _wrong-data:
#
# Shapes and dtypes
# -----------------
#
# Many errors are of this kind: two tensors meet that do not fit. Print ``shape`` and ``dtype`` of
# both, and you see it.
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
# .. _wrong-conv:
#
# ``Expected 3D (unbatched) or 4D (batched) input to conv2d``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# A convolution wants images, ``(n, c, h, w)``, with channels, height and width, and got flat rows,
# as our loaders hand them out. Give the rows their shape back: with ``view``, or with a layer that
# comes first.

conv1 = nn.Conv2d(1, 16, kernel_size=3)
try:
    conv1(xb)
except RuntimeError as error:
    print(error)

net = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), conv1)
print(conv1(xb.view(-1, 1, 28, 28)).shape, net(xb).shape)

# %%
# .. _wrong-channels:
#
# ``Given groups=1, weight of size``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# What comes second in the shape of the input are its :term:`channels <channel>`, and this layer was
# made for another number of them. Either the images have colours: then make them grey, or the
# layer for three channels. Or the channel is missing from the shape, and the images themselves are
# taken for channels: then ``unsqueeze(1)`` puts it in.

coloured = torch.rand(bs, 3, 28, 28)
for inputs in (coloured, pictures):
    try:
        conv1(inputs)
    except RuntimeError as error:
        print(error)

grey = coloured.mean(dim=1, keepdim=True)
for_colours = nn.Conv2d(3, 16, kernel_size=3)
print(
    conv1(grey).shape, for_colours(coloured).shape, conv1(pictures.unsqueeze(1)).shape
)

# %%
# .. _wrong-stack:
#
# ``stack expects each tensor to be equal size``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# A :term:`data loader` makes a mini-batch with ``torch.stack``, and these :term:`samples <sample>`
# differ in size (or one is grey and the next has colours). Bring all to one form in the data set.
# Where their sizes have to stay, a ``collate_fn`` of yours makes the mini-batch; this one fills up
# with zeros.

from torch.utils.data import DataLoader

samples = [(torch.rand(1, 28, 28), 3), (torch.rand(1, 28, 30), 5)]
try:
    next(iter(DataLoader(samples, batch_size=2)))
except RuntimeError as error:
    print(error)


def fill_up(samples):
    pictures, labels = zip(*samples)
    width = max(picture.shape[2] for picture in pictures)
    equal = [F.pad(picture, (0, width - picture.shape[2])) for picture in pictures]
    return torch.stack(equal), torch.tensor(labels)


filled, _ = next(iter(DataLoader(samples, batch_size=2, collate_fn=fill_up)))
print(filled.shape)

# %%
# .. _wrong-contiguous:
#
# ``view size is not compatible with input tensor's size and stride``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``view`` leaves the numbers where they are in memory. After ``transpose`` or ``permute`` they lie
# there in another order than the shape says; ``reshape`` and ``flatten`` copy them if they have to.

turned = pictures.transpose(1, 2)
try:
    turned.view(bs, 784)
except RuntimeError as error:
    print(error)

print(turned.reshape(bs, 784).shape)

# %%
# .. _wrong-broadcast:
#
# ``Using a target size``
# ^^^^^^^^^^^^^^^^^^^^^^^
#
# Only a warning, and a formula of your own gives none: a column and a row are
# :term:`broadcast <broadcasting>` to a square, and each prediction is compared with every target.
# Give both the same shape, here with ``squeeze(1)``. (We catch the warning to print it; the loss for
# two classes has an error of its own.)

import warnings

column = torch.rand(bs, 1)
targets = column.squeeze(1)  # all of it is right
with warnings.catch_warnings(record=True, action="always") as caught:
    loss = F.mse_loss(column, targets)
print(caught[0].message)
print(loss, ((column - targets) ** 2).shape)
try:
    F.binary_cross_entropy_with_logits(column, targets)
except ValueError as error:
    print(error)

predictions = column.squeeze(1)
print(F.mse_loss(predictions, targets), ((predictions - targets) ** 2).shape)

# %%
# .. _wrong-dtype:
#
# ``mat1 and mat2 must have the same dtype``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# NumPy computes in ``float64``, PyTorch's layers in ``float32``, unless told otherwise, and neither
# is converted automatically: convert the data once, when you load them. Every operation has its own
# words for that, and a Mac's GPU knows no ``float64`` at all
# (``Cannot convert a MPS Tensor to float64 dtype``, *not run here*).

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
# Converted:

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
# .. _wrong-one-hot:
#
# ``multi-target not supported``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``cross_entropy`` wants one class number for each row. Labels in a column, as tables give them,
# lose it with ``squeeze(1)``; rows of integers from ``one_hot`` become numbers with
# ``argmax(dim=1)``, or pass as probabilities once they are floats.

column, one_hot = yb[:, None], F.one_hot(yb, 10)
for labels in (column, one_hot):
    try:
        F.cross_entropy(model(xb), labels)
    except RuntimeError as error:
        print(error)

for labels in (column.squeeze(1), one_hot.argmax(dim=1), one_hot.float()):
    print(F.cross_entropy(model(xb), labels))

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
# **In short:** shape and dtype: print both, for both tensors.
#
# .. rst-class:: entries
#
# .. _wrong-devices:
#
# Devices and their memory
# ------------------------
#
# No GPU was there when this page was built. What only a GPU says is marked *not run here*: it stands
# so in the files of PyTorch 2.13 for CUDA and for macOS, where we looked it up (2026-11-29).
#
# .. _wrong-device:
#
# ``Expected all tensors to be on the same device``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# All tensors of an operation must be on one :term:`device`. Move the model once and every mini-batch
# in the loop; and make new tensors in ``forward`` where the input is:
# ``torch.zeros(n, device=x.device)``. *Not run here:* on a GPU a linear layer goes on with
# ``but got mat1 is on cpu, different from other tensors on cuda:0``, others with
# ``but found at least two devices, cuda:0 and cpu!``. A convolution says
# ``Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same``, and on
# a Mac some say ``Placeholder storage has not been allocated on MPS device!``.
#
# Here the device ``meta`` takes the place of the GPU. Every machine has it; its tensors have a shape,
# but no numbers, and it has words of its own.

meta = torch.device("meta")
there = nn.Linear(784, 10).to(meta)
try:
    there(xb)
except RuntimeError as error:
    print(error)

out = there(xb.to(meta))
print(out.shape, out.device)

# %%
# .. _wrong-no-cuda:
#
# ``Torch not compiled with CUDA enabled``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The program asks for a GPU by name, and this PyTorch was built without support for it: pip gives one
# for CPUs on Windows, and on a Mac there is no CUDA. Ask for whatever is there, and else for the CPU.
# If there should be a GPU, `install PyTorch anew <https://pytorch.org/get-started/locally/>`_ with the
# command for your CUDA. Is it in use? The device of a parameter tells.

for name in ("cuda", "mps"):
    try:
        print(torch.zeros(3).to(name).device)
    except (AssertionError, RuntimeError) as error:
        print(error)

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
net = nn.Linear(784, 10).to(dev)
print(dev, next(net.parameters()).device)

# %%
# .. _wrong-memory:
#
# ``CUDA out of memory``
# ^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`GPU memory` holds parameters, gradients, what the optimizer remembers, and above all what the
# forward pass keeps for ``backward()``. (*Not run here;* on a Mac: ``MPS backend out of memory``. It is
# PyTorch's `allocator
# <https://github.com/pytorch/pytorch/blob/v2.13.0/c10/cuda/CUDACachingAllocator.cpp>`__ that says so.)
# What helps, in this order:
#
# #. Take a smaller :term:`batch size`.
# #. For validation and :term:`inference`, use ``no_grad`` or ``inference_mode``: nothing is kept then.
# #. Add up ``loss.item()``, a number. A sum of losses keeps the graphs of them all.
# #. Accumulate gradients: several small mini-batches, one update, as below.
# #. ``checkpoint`` keeps little and computes the rest again on the way back.
# #. Half as many bytes a number: :ref:`mixed precision <many-first>`.
#
# In a notebook, old models and the last error still hold memory: restart the kernel. This cell counts
# what is kept for ``backward()``, on the CPU, where it is just as much:

import weakref

from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint_sequential

from mnist_tut.models import better_cnn


alive = weakref.WeakSet()


class Kept:
    def __init__(self, tensor):
        self.tensor = tensor.detach()
        alive.add(self)


def report(what):
    sizes = {kept.tensor.data_ptr(): kept.tensor.nbytes for kept in alive}
    print(f"{sum(sizes.values()) / 1e6:5.2f} MB: {what}")


net, images = better_cnn(), xb.view(-1, 1, 28, 28)
with saved_tensors_hooks(Kept, lambda kept: kept.tensor):
    total = F.cross_entropy(net(images), yb)
    report("64 images")
    total = F.cross_entropy(net(images[:16]), yb[:16])
    report("16 images")
    with torch.inference_mode():
        total = F.cross_entropy(net(images), yb)
    report("64 images, inference_mode")
    total = sum(F.cross_entropy(net(images), yb) for _ in range(3))
    report("the sum of three losses")
    total = sum(F.cross_entropy(net(images), yb).item() for _ in range(3))
    report("the sum of three numbers")
    out = checkpoint_sequential(net, 2, images, use_reentrant=False)
    total = F.cross_entropy(out, yb)
    report("64 images, checkpoint")

# %%
# And this is :term:`gradient accumulation`: four small mini-batches give the gradient of the large
# one, if each loss is divided by four. (Batch normalisation still sees the small ones.)

model.zero_grad()
F.cross_entropy(model(xb), yb).backward()
whole = model.weight.grad.clone()

model.zero_grad()
for few_x, few_y in zip(xb.split(16), yb.split(16)):
    loss = F.cross_entropy(model(few_x), few_y) / 4
    loss.backward()
torch.testing.assert_close(model.weight.grad, whole)

# %%
# .. _wrong-assert:
#
# ``device-side assert triggered``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# An index is too large: a class that the logits do not have, as in
# :ref:`Target 10 <wrong-target>`, or a word that the embedding does not know. The GPU works behind the
# program, so the line shown may be a later one, and from then on every call fails: restart. Run the
# step on the CPU, which says what is wrong, or start the program with ``CUDA_LAUNCH_BLOCKING=1``, and
# the line is right. (*Not run here;* the hint is written in `CUDAMiscFunctions.cpp
# <https://github.com/pytorch/pytorch/blob/v2.13.0/c10/cuda/CUDAMiscFunctions.cpp>`__.) On the CPU:

words = nn.Embedding(10, 3)
try:
    words(torch.tensor([3, 10]))
except IndexError as error:
    print(error)

print(words(torch.tensor([3, 9])).shape)

# %%
# .. _wrong-map-location:
#
# ``Attempting to deserialize object on a CUDA device``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# A file remembers on which device each tensor was, and this machine does not have it.
# ``map_location`` says where they are to go. (Here we have the file say ``cuda:0``, as if it came from
# such a machine.)

import io
from unittest.mock import patch

file = io.BytesIO()  # in memory; usually you give a file's name here
with patch("torch.serialization.location_tag", return_value="cuda:0"):
    torch.save(model.state_dict(), file)
file.seek(0)
try:
    print(torch.load(file)["bias"].device)
except RuntimeError as error:
    print(error)

file.seek(0)
print(torch.load(file, map_location="cpu")["bias"].device)

# %%
# **In short:** one device for all that meets, asked for and not named; and what fills it is what you
# keep.
#
# .. rst-class:: entries
#
# .. _wrong-gradients:
#
# Gradients
# ---------
#
# :term:`Autograd <autograd>` records what happens to :term:`parameters <parameter>`. The first
# seven messages say that the record and your code do not fit each other; the eighth, that one number
# was wanted.
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
# .. _wrong-inplace:
#
# ``modified by an inplace operation``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# For the way back, sigmoid has kept its result, and ``/= 2`` has overwritten it :term:`in place`. So
# do ``+=``, methods whose name ends in ``_``, and ``nn.ReLU(inplace=True)``. Write ``p = p / 2``, which
# makes a new tensor. If you do not know which line it was: the hint in the message leads to
# :ref:`a tool below <wrong-anomaly>`.

p = model(xb).sigmoid()
p /= 2
try:
    F.cross_entropy(p, yb).backward()
except RuntimeError as error:
    print(error)

p = model(xb).sigmoid()
p = p / 2
F.cross_entropy(p, yb).backward()
print(model.weight.grad.shape)

# %%
# .. _wrong-scalar:
#
# ``grad can be implicitly created only for scalar outputs``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``backward()`` asks how *one* number depends on the parameters, and here is a loss for each image.
# Take their mean or their sum first.

each = F.cross_entropy(model(xb), yb, reduction="none")
try:
    each.backward()
except RuntimeError as error:
    print(error)

each.mean().backward()
print(each.shape, each.mean().shape)

# %%
# .. _wrong-numpy:
#
# ``Can't call numpy() on Tensor that requires grad``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# NumPy, and with it every plot, knows of no gradients: what you do there would be missing from the
# record. ``detach()`` gives the same numbers without a record. What is not on the CPU has to come
# back first; on a GPU the second message says ``cuda:0`` (*not run here*). Together:
# ``x.detach().cpu().numpy()``.

preds = model(xb)
for inputs in (preds, torch.empty(3, device="meta")):
    try:
        inputs.numpy()
    except (RuntimeError, TypeError) as error:
        print(error)

print(preds.detach().cpu().numpy().shape)

# %%
# .. _wrong-item:
#
# ``cannot be converted to Scalar``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``item()``, ``float()`` and ``if`` want a single number, and the tensor has many. Say which one you
# mean: the mean, the largest, whether ``any()`` or ``all()`` are true.

preds = preds.detach()
for convert in (torch.Tensor.item, float, bool):
    try:
        convert(preds)
    except (RuntimeError, ValueError) as error:
        print(error)

print(preds.mean().item(), float(preds.max()), bool((preds > 0).any()))

# %%
# **In short:** every step needs a forward pass of its own, from leaves that require gradients to one
# number, and an update that is not recorded.
#
# .. rst-class:: entries
#
# .. _wrong-modules:
#
# Modules and optimizers
# ----------------------
#
# A :term:`module` notices layers and parameters when they are assigned to it. The first two errors are
# about that, the other three about what a layer computes or keeps.
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
# .. _wrong-one-row:
#
# ``Expected more than 1 value per channel when training``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`Batch normalisation <batch normalisation>` divides by the spread within a mini-batch, and a
# single row has none. To predict for one image, call ``eval()`` first. In training, the last
# mini-batch may have one row left over: ``drop_last=True`` leaves it out.

net = nn.Sequential(nn.Linear(784, 50), nn.BatchNorm1d(50), nn.Linear(50, 10))
try:
    net(xb[:1])
except ValueError as error:
    print(error)

print(net.eval()(xb[:1]).shape)
for drop in (False, True):
    dl = DataLoader(x_train[:65], batch_size=64, drop_last=drop)
    print([len(rows) for rows in dl])

# %%
# .. _wrong-keys:
#
# ``Missing key(s) in state_dict``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Each parameter is stored under its name in the model, and the names in the file are others. A
# ``module.`` before all of them comes from a model that trained on several GPUs, ``_orig_mod.`` from
# ``torch.compile``: take it off. Where the names themselves differ, the model in the code is not
# the one that was saved. (``strict=False`` only hides that: what is missing keeps its random
# numbers.)

saved = {f"module.{name}": value for name, value in model.state_dict().items()}
net = nn.Linear(784, 10)
try:
    net.load_state_dict(saved)
except RuntimeError as error:
    print(error)

bare = {name.removeprefix("module."): value for name, value in saved.items()}
print(net.load_state_dict(bare), torch.equal(net(xb), model(xb)))

# %%
# .. _wrong-size:
#
# ``size mismatch for``
# ^^^^^^^^^^^^^^^^^^^^^
#
# The name is there, but with another shape: mostly the last layer of a model with other classes, as
# in :term:`transfer learning`. Load what fits, let the rest begin anew, and print what that is.

saved = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 1000)).state_dict()
net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
try:
    net.load_state_dict(saved)
except RuntimeError as error:
    print(error)

own = net.state_dict()
fitting = {
    name: value for name, value in saved.items() if value.shape == own[name].shape
}
print(net.load_state_dict(fitting, strict=False).missing_keys)

# %%
# **In short:** ``super().__init__()`` first, nothing that is to be trained in a plain list, and one
# look at the names before you load.
#
# .. rst-class:: entries
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

import pickle

from mnist_tut.models import Lambda

net = nn.Sequential(Lambda(lambda x: x.flatten(1)), nn.Linear(784, 10))
try:
    torch.save(net, io.BytesIO())
except (pickle.PicklingError, AttributeError) as error:
    print(error)

file = io.BytesIO()
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
# .. _wrong-no-samples:
#
# ``num_samples should be a positive integer value``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The data set is empty: another folder, or another ending (``.JPG`` is not ``.jpg``). Without
# ``shuffle`` there is not even an error, only a loop that does nothing. So look at ``len(ds)``, and
# compare endings in lower case.

import tempfile

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "3.JPG").touch()
    files = list(Path(folder).glob("*.png"))
    pictures_found = [
        f for f in Path(folder).iterdir() if f.suffix.lower() in (".jpg", ".png")
    ]
print("without shuffle:", list(DataLoader(files)))
try:
    DataLoader(files, shuffle=True)
except ValueError as error:
    print(error)

print(len(files), len(pictures_found))

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

start = 'mp.get_context("spawn").Process(target=print, args=["hello"]).start()'
bare = f"import multiprocessing as mp\n{start}\n"
guarded = f'import multiprocessing as mp\nif __name__ == "__main__":\n    {start}\n'

for script in (bare, guarded):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.py")
        path.write_text(script)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    print(done.stdout, *done.stderr.partition("RuntimeError:")[2].split())

# %%
# When a worker imports the script, its ``__name__`` is not ``"__main__"``: functions and classes
# are defined, and what is below the guard is left alone. (In a notebook the guard is no cure; that
# is the next entry.)
#
# .. _wrong-notebook:
#
# ``Can't get attribute``
# ^^^^^^^^^^^^^^^^^^^^^^^
#
# In a notebook there is no script to import, and the guard does not help: a worker on Windows or
# macOS looks for your class in its own empty ``__main__``. Put data set, ``collate_fn`` and the like
# into a file beside the notebook and import them; or load without workers, ``num_workers=0``. (Linux
# copies the whole process, called *fork*, and has no such trouble before Python 3.14. From 3.14 on,
# the message is ``module '__main__' has no attribute 'Task'``, with your name for ``Task``.)
#
# This program has no file either. First its class is in ``__main__``, as in a notebook, then in a
# file:

task = 'class Task:\n    def __call__(self):\n        print("hello")\n'
start = 'mp.get_context("spawn").Process(target=Task()).start()'
guarded = f'import multiprocessing as mp\nif __name__ == "__main__":\n    {start}\n'

for program in (task + guarded, "from my_task import Task\n" + guarded):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "my_task.py").write_text(task)
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    print(done.stdout, *done.stderr.splitlines()[-1:])

# %%
# .. _wrong-killed:
#
# ``is killed by signal``
# ^^^^^^^^^^^^^^^^^^^^^^^
#
# ``DataLoader worker (pid 123) is killed by signal: Killed.`` The system has ended a worker, mostly
# for want of memory: fewer workers, smaller mini-batches, and a data set that opens files one by one
# instead of holding all. ``Bus error`` says that the memory which workers share is full; in Docker it
# is small, and ``docker run --shm-size=2g`` gives more. With ``num_workers=0`` the real error appears,
# if there is one.
#
# **In short:** save tensors, not objects. For workers, below ``if __name__ == "__main__":`` stands all
# that *does* something; and from a notebook, what they need stands in a file.
#
# .. rst-class:: entries
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
# Images and labels have come apart: here by one row, elsewhere because only one of them was
# sorted or shuffled. The model learns what it is told as well as it can, and on other images it
# guesses.

from mnist_tut.by_hand import accuracy
from mnist_tut.plots import show_digits

x, y = x_train[:1000], y_train[:1000]
others, theirs = x_train[1000:2000], y_train[1000:2000]
wrong = y.roll(1)
for told in (wrong, y):
    net = nn.Linear(784, 10)
    losses(net, xb=x, yb=told)
    learnt, known = accuracy(net(x), told), accuracy(net(others), theirs)
    print(f"what it was told: {learnt:.2f}, on other images: {known:.2f}")

show_digits(x[:10], wrong[:10])

# %%
# .. figure-text:: Ten handwritten digits in a row; from the second on, the label above each is that
#    of its left neighbour.
#
#    Ten images with the labels that the first model was given. One look would have been enough.
#
# Before you train, look at some images with their labels, taken from where the loop gets them:
# from the loader.
#
# .. _wrong-view:
#
# A model for colour images learns little
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
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
# .. figure-text:: Six images in a row. The first three, named view, show slices of a digit torn
#    into stripes; the other three, named permute, show the digit.
#
#    The three channels of one grey image, after ``view`` and after ``permute``.
#
# .. exercise:: my_pictures
#
#    Write the step between an image library and a CNN: from a tensor ``images`` of
#    the shape ``(n, h, w, c)``, bytes from 0 to 255, to floats from 0 to 1 with the channels ``c`` before
#    height and width.
#
# .. _wrong-forty:
#
# There are more classes than you have
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Convolutions take images of any size. If the end of the network does not, larger ones may pass
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
# ``view(-1, 10)`` makes twelve rows of three images; with ``len(large)`` in its place there is an
# error, which is better. Best is a layer that fixes the size of the output: ``AdaptiveAvgPool2d``.
#
# .. _wrong-eval:
#
# The same image gets another answer each time
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# In training, :term:`batch normalisation` looks at the whole mini-batch, and dropout at random
# numbers. Without ``eval()`` they do so in validation, too.

net = better_cnn()
for mode in (net.train, net.eval):
    mode()
    alone, among_others = net(images[:1]), net(images)[:1]
    difference = (alone - among_others).abs().max()
    print(f"training {net.training}: a difference of {difference:.0e}")

# %%
# Worse: in training mode even a forward pass under ``no_grad`` moves the running averages, so that
# validation data leak into the model. ``evaluate`` and ``fit`` switch for you.
#
# .. _wrong-workers:
#
# Every worker draws the same random numbers
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Each :term:`worker process` has a copy of the data set, and with it of a generator that is kept
# there. PyTorch seeds ``torch``, ``random`` and ``np.random`` anew for each of them, but it does not
# know yours. (Advice to seed ``np.random`` by hand is older than that.) In a worker,
# :func:`torch.utils.data.get_worker_info` gives its copy and a seed of its own, another one in every
# epoch. *Guess: how many different numbers do two workers draw for four samples?*

program = """
import numpy as np
from torch.utils.data import DataLoader, get_worker_info

class Noise:
    def __init__(self):
        self.generator = np.random.default_rng(0)

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return int(self.generator.integers(1000))

def own_generator(worker):
    info = get_worker_info()
    info.dataset.generator = np.random.default_rng(info.seed)

if __name__ == "__main__":
    for start in (None, own_generator):
        dl = DataLoader(Noise(), batch_size=2, num_workers=2, worker_init_fn=start)
        print([batch.tolist() for batch in dl])
"""
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "noise.py")
    path.write_text(program)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
print(done.stdout)

# %%
# .. _wrong-seed:
#
# Each run gives other numbers
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# First weights, the order of the images and :term:`dropout` are random. For
# :term:`reproducibility`, call ``torch.manual_seed``; data augmentation may draw from ``random`` or NumPy, which have seeds of their own. A
# shuffling data loader with a ``generator`` keeps its order even if something before it draws more.
# On a GPU some operations add in changing order: ``torch.use_deterministic_algorithms(True)`` forbids
# them. Between versions and machines, expect the last digits to differ.


def first_loss(seed):
    torch.manual_seed(seed)
    return F.cross_entropy(nn.Linear(784, 10)(xb), yb).item()


print(first_loss(1), first_loss(2), first_loss(1))

# %%
# Compare two changes with several seeds each: a difference that is smaller than that between seeds
# says nothing.
#
# .. _wrong-frozen:
#
# Frozen layers still move
# ^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``requires_grad_(False)`` stops new gradients; the old one is still there, and the optimizer goes by
# it. Clear it with ``zero_grad()``, or give the optimizer only what it should train. It takes groups,
# too, each with a learning rate of its own.

net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
opt = optim.SGD(net.parameters(), lr=0.1)
F.cross_entropy(net(xb), yb).backward()
net[0].requires_grad_(False)
for clear in (False, True):
    if clear:
        net.zero_grad()
    before = net[0].weight.clone()
    F.cross_entropy(net(xb), yb).backward()
    opt.step()
    print(f"cleared {clear}: moved {(net[0].weight - before).abs().max():.0e}")

net.requires_grad_()
groups = [
    {"params": net[0].parameters(), "lr": 0.01},
    {"params": net[2].parameters()},
]
opt = optim.SGD(groups, lr=0.1)
print([group["lr"] for group in opt.param_groups])

# %%
# .. _wrong-means:
#
# The loss depends on the batch size
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The last mini-batch is smaller, and its mean counts as much as that of the others.
# ``reduction="none"`` gives a loss for each image, so that we can try.

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
# Other sources are a :term:`learning rate` that is too large, gradients that explode
# (:ref:`clip them <wrong-clip>`), a division by a standard deviation of zero, and the data: ``x.isfinite().all()`` tells. ``fit`` goes on and prints ``nan`` for every
# further :term:`epoch`: stop it.
#
# **In short:** know what the loss should be, at the start and at the end; a wrong number is a
# message, too.
#
# .. _wrong-tools:
#
# Tools
# -----
#
# Questions to ask a program that does not learn, the cheapest first.
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
# .. _wrong-baseline:
#
# Does it look at the images? A base line without input
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Train once with all inputs set to zero. That is the base line without input: what it reaches, it
# has from the labels alone, from how often each class comes. *Guess: how far down does its loss go?*

for inputs in (xb, torch.zeros_like(xb)):
    found = losses(nn.Linear(784, 10), xb=inputs)
    print(f"from {found[0]:.2f} to {found[-1]:.2f}")

shares = yb.bincount(minlength=10) / len(yb)
print(f"the labels alone: {-torch.xlogy(shares, shares).sum():.2f}")

# %%
# If your model, with its images, is hardly better than that, or gives the same output for every
# input, perhaps they do not reach it: look at what the loader gives, labels included, and at every
# step up to the first layer. If they do, look at :ref:`the layers <wrong-activations>`.

# %%
# .. _wrong-one-batch:
#
# Can it learn one mini-batch by heart? Overfit one batch
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
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
#    This step runs without a message, and three things are wrong with it, all treated above.
#    Mend it. It should train one step, as ``loss_batch`` does, and return the loss as a plain
#    number.
#
# .. _wrong-permuted:
#
# Does the validation set give anything away? Permuted labels
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Shuffle the labels and train. Now there is nothing to be learnt but by heart, and on new images
# the model can only guess: one tenth. If it does better, these images are not new. Here half of a
# validation set has slipped in from the training set.

few, told = x[:300], y[:300][torch.randperm(len(y[:300]))]
net = nn.Linear(784, 10)
losses(net, steps=300, xb=few, yb=told)

new = others[:150], theirs[:150]
leaking = torch.cat([new[0], few[:150]]), torch.cat([new[1], told[:150]])
for pictures_seen, labels_seen in (new, leaking):
    print(f"{accuracy(net(pictures_seen), labels_seen):.2f}")

# %%
# .. _wrong-remeasured:
#
# Underfitting or overfitting?
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# The training loss that a loop prints is a mean over an epoch, while the model was still getting
# better; that is why it may be above the validation loss. Measure it again with the model at rest.
# Both high: :term:`underfitting`, so train longer or take a larger model. Training low and validation
# high: :term:`overfitting`, so take more data, :term:`augmentation <data augmentation>`,
# :term:`weight decay`, or :term:`stop early <early stopping>`.

few, few_y = x[:512], y[:512]
net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
opt = optim.SGD(net.parameters(), lr=0.1)
for epoch in range(1, 51):
    pairs = zip(few.split(bs), few_y.split(bs))
    moving = [loss_batch(net, F.cross_entropy, *pair, opt)[0] for pair in pairs]
    if epoch in (1, 10, 50):
        with torch.no_grad():
            again = F.cross_entropy(net(few), few_y)
            valid = F.cross_entropy(net(others), theirs)
        mean = sum(moving) / len(moving)
        print(
            f"{epoch:3}: moving {mean:.2f}, again {again:.2f}, validation {valid:.2f}"
        )

# %%
# .. _wrong-norms:
#
# Do the gradients arrive? Vanishing and exploding gradients
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
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
# first layers hardly learn (:term:`vanishing gradients`); one that grows may end in ``nan``
# (:term:`exploding gradients`); one that is zero or missing means that the way back is cut.
#
# .. _wrong-activations:
#
# Do the layers say anything? Activations and hooks
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# A *forward hook* is called with what a layer has computed. Here it notes how far images differ in
# it. *Guess: what is left of that after ten layers, filled as PyTorch does, and by*
# ``kaiming_normal_`` *?*


def spreads(fill):
    torch.manual_seed(0)
    parts = [nn.Linear(784, 100), nn.ReLU()]
    for _ in range(9):
        parts += [nn.Linear(100, 100), nn.ReLU()]
    net, found = nn.Sequential(*parts), []
    for lin, relu in zip(net[::2], net[1::2]):
        fill(lin.weight)
        relu.register_forward_hook(lambda layer, x, out: found.append(out.std(dim=0)))
    net(xb)
    return [spread.mean().item() for spread in found]


for name, fill in (
    ("default", lambda weight: weight),
    ("kaiming", nn.init.kaiming_normal_),
):
    found = spreads(fill)
    print(name, [f"{spread:.0e}" for spread in found[::3]])

# %%
# If it goes towards zero, all images look alike to the last layers, and their gradients vanish; if
# it grows, they explode. :term:`Initialisation <initialisation>` that suits the
# :term:`activation function` keeps it; so do batch normalisation and a :term:`residual connection`,
# which adds to what a layer computes what it was given, ``x + layer(x)``.
#
# .. _wrong-ratio:
#
# Are the steps of the right size? Update and weights
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# Compare the length of an update with that of the weights. As a rule of thumb, a thousandth to a
# hundredth is good; with far less training crawls, and with nearly as much it jumps about.

for lr in (0.001, 0.1, 10.0):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    opt = optim.SGD(net.parameters(), lr=lr)
    before = net[0].weight.detach().clone()
    loss_batch(net, F.cross_entropy, xb, yb, opt)
    ratio = (net[0].weight - before).norm() / before.norm()
    found = [loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(100)]
    print(f"lr {lr}: update / weights {ratio:.0e}, loss in the end {found[-1]:.2f}")

# %%
# .. _wrong-clip:
#
# Are some gradients far too large? Clipping
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`Gradient clipping <gradient clipping>` shortens a gradient that is longer than you allow, and
# keeps its direction. It helps against single bad mini-batches, and in recurrent networks; a fault of
# scale, as here, it only makes bearable: these images have bytes from 0 to 255. It goes between
# ``backward()`` and ``step()``, and returns the norm before, worth noting in any case.

for limit in (float("inf"), 1.0):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
    opt = optim.SGD(net.parameters(), lr=0.03)
    for _ in range(50):
        loss = F.cross_entropy(net(xb * 255), yb)
        opt.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), max_norm=limit)
        opt.step()
    print(f"at most {limit}: loss {loss:.2f}, last norm {norm:.0e}")

# %%
# .. _wrong-anomaly:
#
# Where does the ``nan`` come from? Anomaly detection
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
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
# What is in there? The debugger
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
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
# **In short:** check the loss at the start, then one mini-batch, then gradients and steps. Only then
# read code, and let the debugger show you what you believe you know.
