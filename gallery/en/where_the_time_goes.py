r"""
.. _time-top:

Where the time goes
===================

- **You will do:** take one training step of the CNN apart with a profiler, change one thing at a time, and
  compare the result with what your machine could do at best.
- **You will learn:** to measure before you change anything, and to tell a gain from noise.
- **You will need:** the CNN of :doc:`nn_tutorial`. No GPU.

Everything below was measured when this page was built, on whatever machine built it. On yours the bars will have
other lengths, and perhaps another order. So do not take our numbers home; take the questions, and the page as a
notebook.
"""

# %%
# .. _time-setup:
#
# One step, to be repeated
# ------------------------
#
# What we measure is what ``fit`` does with every mini-batch: ``loss_batch``, with the CNN of the tutorial. ``steps_of`` packs twenty
# such steps into one function, because a single one is too short for an honest measurement; all of them take the same mini-batch, so
# that the loader stays out of the picture for now.

import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import optim

from mnist_tut import plots
from mnist_tut.data_short import download, read_arrays
from mnist_tut.loaders import preprocess
from mnist_tut.models import cnn_any_size
from mnist_tut.training import loss_batch

torch.manual_seed(42)
plots.use_style()

PATH = Path(os.environ.get("MNIST_TUT_DATA", "data/mnist"))
download(PATH / "mnist.pkl.gz")
(x_train, y_train), _, _ = read_arrays(PATH / "mnist.pkl.gz")
x_train, y_train = torch.tensor(x_train), torch.tensor(y_train)

bs = 64
xb, yb = preprocess(x_train[:bs], y_train[:bs])


def steps_of(model, xb=xb, yb=yb, count=20, **options):
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, **options)

    def steps():
        return [
            loss_batch(model, F.cross_entropy, xb, yb, opt)[0] for _ in range(count)
        ]

    return steps


print("threads:", torch.get_num_threads())

# %%
# .. _time-noise:
#
# How to measure
# --------------
#
# A computer is never quite alone with your program. If you time one way now and the other a minute later, you measure the minute as
# well. Hence three habits: let every way run once beforehand, because PyTorch prepares some things when they are first used; let the ways take
# *turns*; and look at *ratios* within a turn, of which the median is hard to impress.
#
# .. tested-source:: mnist_tut.timing.take_turns
#
# .. tested-source:: mnist_tut.timing.ratios
#
# Before we compare different things, let us compare a thing with itself. Any ratio other than 1 is noise:

import statistics

from mnist_tut.timing import ratios, take_turns

steps = steps_of(cnn_any_size())
shares = ratios(take_turns({"a step": steps, "the same step": steps}, rounds=7))
print([f"{share:.2f}" for share in shares["the same step"]])
print(f"median: {statistics.median(shares['the same step']):.2f} times as long")

# %%
# Keep the spread of these ratios in mind: on this machine, a median well within it may be noise.
#
# **In short:** warm up, take turns, quote the median of ratios, and know your noise.
#
# .. _time-profile:
#
# One step under the profiler
# ---------------------------
#
# :class:`torch.profiler.profile` notes every operation that PyTorch carries out, and how long it takes. There are dozens in a single step, so
# we add them up by kind.
#
# .. tested-source:: mnist_tut.timing.seconds_by_kind

import matplotlib.pyplot as plt

from mnist_tut.timing import seconds_by_kind

kinds = seconds_by_kind(steps_of(cnn_any_size(), count=1))
fig, ax = plt.subplots(figsize=(5.5, 2.4))
ax.barh(list(kinds), [1000 * seconds for seconds in kinds.values()])
ax.set_axisbelow(True)
ax.invert_yaxis()
ax.set_xlabel("milliseconds per training step, under the profiler")
plt.show()

# %%
# .. figure-text:: Horizontal bars, one per kind of operation in a training step, longest on top; the bars of the convolutions are much longer than those of the loss and the optimizer.
#
#    What a training step spends its time on. The profiler needs time for its notes, so the sum is more than a step takes without it;
#    and kinds made of many small
#    operations look larger than they are. Read it for the order, not for the digits.
#
# On most machines the convolutions come first, and their way back costs more than their way forward. No wonder: forward, a convolution
# computes one thing, its output. Backward it computes two, the gradient of its weights and that of its input. (The first layer is spared the
# second: pictures need no gradient.) The lesson for what follows: whoever wants this network faster has to make its convolutions faster. A loss
# function that costs nothing at all would hardly be noticed.
#
# **In short:** profile first. What takes a twentieth of the time cannot save more than that.
#
# .. _time-layout:
#
# Layout and optimizer
# --------------------
#
# The tutorial changed two things to be faster, and here they are apart. ``channels_last`` puts the channels of a pixel side by side in
# memory. PyTorch's convolutions want it that way on many processors, and otherwise rearrange their inputs and outputs on the spot: part of the
# *copies* in the figure above. ``fused=True`` updates all parameters in one go.
#
# The ``assert`` makes sure that all four compute the same losses, up to rounding.

import copy

plain = cnn_any_size()
last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
layouts = {
    "plain": steps_of(copy.deepcopy(plain)),
    "fused": steps_of(copy.deepcopy(plain), fused=True),
    "channels last": steps_of(copy.deepcopy(last)),
    "both": steps_of(copy.deepcopy(last), fused=True),
}
losses = torch.tensor([steps() for steps in layouts.values()])
assert torch.allclose(losses, losses[0].expand_as(losses), atol=1e-3)

layout_shares = ratios(take_turns(layouts, rounds=7))
fig, ax = plt.subplots(figsize=(5.5, 1.8))
plots.ratio_bars(layout_shares, ax)
plt.show()

# %%
# .. figure-text:: Four horizontal bars: the plain step as the measure, then the step with a fused optimizer, with channels last, and with both.
#
#    Time of a training step, plain = 1. The orange lines show the spread over seven turns.
#
# **In short:** two arguments, the same numbers. What they save depends on the processor and the shape of the layers, so look at your
# own bars.
#
# .. _time-loaders:
#
# Loaders
# -------
#
# Now the other half of the loop. Each of these goes through all training pictures once. The plain ``DataLoader`` asks for every row by itself
# and stacks the rows; ``batched_dl`` asks once per mini-batch; slices copy nothing, but cannot be shuffled.

from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.loaders import batched_dl

train_ds = TensorDataset(x_train, y_train)
n = len(train_ds)


def walk(batches):
    assert sum(len(yb) for xb, yb in batches) == n


loaders = {
    "DataLoader": lambda: walk(DataLoader(train_ds, bs, shuffle=True)),
    "batched_dl": lambda: walk(batched_dl(train_ds, bs, shuffle=True)),
    "batched, in order": lambda: walk(batched_dl(train_ds, bs)),
    "slices, in order": lambda: walk(train_ds[i : i + bs] for i in range(0, n, bs)),
}
times = take_turns(loaders, rounds=3)
loader_shares = ratios(times)
fig, ax = plt.subplots(figsize=(5.5, 1.8))
plots.ratio_bars(loader_shares, ax)
plt.show()

plain_steps = statistics.median(take_turns({"": layouts["plain"]})[""])
for name, seconds in times.items():
    share = 20 * statistics.median(seconds) / len(range(0, n, bs)) / plain_steps
    print(f"{name:18}{share:5.2f} times a training step, per mini-batch")

# %%
# .. figure-text:: Four horizontal bars: the plain loader is the longest, the batched ones are shorter, and slices are hardly visible.
#
#    Time to hand out all training pictures, plain ``DataLoader`` = 1.
#
# Whether it matters is a question of proportion: per mini-batch, a loader that takes a tenth of a step is worth an hour of your time, one
# that takes a hundredth is not.
#
# **In short:** tensors in memory want to be indexed once per mini-batch. That is what ``get_data`` does for a ``TensorDataset``.
#
# .. _time-batch-size:
#
# Batch size
# ----------
#
# Every operation costs something before it computes its first number: Python calls PyTorch, PyTorch looks for the right kernel, memory
# has to be found. That price is paid per mini-batch, whatever its size. So the time *per picture* falls as the batch grows. Here each bar
# stands for the same number of pictures:


def per_picture(size, pictures=1024):
    batch = preprocess(x_train[:size], y_train[:size])
    return steps_of(copy.deepcopy(last), *batch, count=pictures // size, fused=True)


sizes = {f"bs {size}": per_picture(size) for size in [16, 32, 64, 128, 256, 512]}
size_shares = ratios(take_turns(sizes))
fig, ax = plt.subplots(figsize=(5.5, 2.2))
plots.ratio_bars(size_shares, ax)
plt.show()

# %%
# .. figure-text:: Six horizontal bars for batch sizes from 16 to 512; they get shorter from top to bottom, quickly at first and then hardly at all.
#
#    Time for the same number of pictures, in mini-batches of different sizes; ``bs 16`` = 1.
#
# This is not a free gain, however. Twice the batch size means half as many updates per epoch, and the training takes another course: the
# learning rate has to be chosen anew, and often more epochs are needed. It is the one knob on this page that changes the result.
#
# **In short:** small batches pay mostly for overhead. Larger ones are cheaper per picture, but they train differently.
#
# .. _time-threads:
#
# Threads
# -------
#
# PyTorch divides an operation among several *threads*, by default as many as there are physical cores, as a rule. They have to be woken and waited for, which only
# pays if there is enough to do. With layers as small as ours, do not expect twice the threads to take half the time.

before = torch.get_num_threads()
counts = sorted({1, 2, before // 2, before} & set(range(1, before + 1)))


def on_threads(count, steps):
    def run():
        torch.set_num_threads(count)
        steps()

    return run


steps = layouts["both"]
threads = {f"{count} thread(s)": on_threads(count, steps) for count in counts}
thread_shares = ratios(take_turns(threads, rounds=7))
torch.set_num_threads(before)
fig, ax = plt.subplots(figsize=(5.5, 1.6))
plots.ratio_bars(thread_shares, ax)
plt.show()

# %%
# .. figure-text:: Horizontal bars, one for each number of threads that was tried, with one thread as the measure.
#
#    Time of a training step with different numbers of threads, one thread = 1.
#
# You set the number with :func:`torch.set_num_threads`, or with the environment variable ``OMP_NUM_THREADS`` before Python starts. If
# you run several programs at once, give each its share; otherwise they get in each other's way.
#
# **In short:** more threads are not always faster. Try.
#
# .. _time-memory:
#
# Memory that comes and goes
# --------------------------
#
# This one surprised us. A step asks for memory for the activations of every layer, and frees it at its end. If the operating system gets that memory
# back, it has to be mapped in again for the next step, page by page, each page filled with zeros. To see what that costs, we fill
# the same tensor again and again, and then one that is made anew every time:

size = 10_000_000  # numbers of four bytes each
kept = torch.empty(size)
ways = {
    "filled again": lambda: kept.fill_(1),
    "made anew": lambda: torch.empty(size).fill_(1),
}
shares = ratios(take_turns(ways))
print(f"made anew: {statistics.median(shares['made anew']):.1f} times as long")

# %%
# Does that happen in training? It is a matter of luck. On most Linux systems the C library, glibc, decides what is given back. At first
# it gives back every block above 128 KiB as soon as it is freed. Whenever a larger one is freed, up to 32 MiB, the limit rises to its
# size; from then on glibc also gives back the free end of its heap, once that exceeds twice the limit (see
# `its manual page <https://man7.org/linux/man-pages/man3/mallopt.3.html>`_). The activations of our first layer raise the limit to
# 784 KiB only, and a step needs more than twice that. A program that has loaded MNIST has usually freed something much larger; one that has not
# may train at half the speed, and nothing will tell you why. A sign of it is much time spent in the system (``sys`` in what
# ``time python train.py`` prints). The cure is to set ``MALLOC_TRIM_THRESHOLD_`` and ``MALLOC_MMAP_THRESHOLD_`` both to
# ``33554432``, which is 32 MiB, before the program starts, or to use another allocator.
#
# **In short:** memory that was freed is not always free to have again.
#
# .. _time-limit:
#
# What the machine could do
# -------------------------
#
# How fast could a step be at best? PyTorch can count the multiplications and additions of the three convolutions, beside
# which all others hardly matter. And how many your machine manages per second we measure with the operation it is best at, the product of two large
# matrices. Divide the one by the other, and you have a limit that no rearranging of the code will come near.

from torch.utils.flop_counter import FlopCounterMode

with FlopCounterMode(display=False) as counted:
    F.cross_entropy(plain(xb), yb).backward()
flops = counted.get_total_flops()

side = 768
square = torch.rand(side, side)


def twenty_products():
    for _ in range(20):
        square @ square


ways = {"20 matrix products": twenty_products, "20 steps": layouts["both"]}
times = {way: statistics.median(t) for way, t in take_turns(ways, rounds=7).items()}
rate = 20 * 2 * side**3 / times["20 matrix products"]
limit = flops / rate
step = times["20 steps"] / 20
print(f"one step: {flops / 1e6:.1f} million operations")
print(f"matrix product: {rate / 1e9:.0f} thousand million operations per second")
print(f"limit: {1000 * limit:.2f} ms")
print(f"step:  {1000 * step:.2f} ms, {step / limit:.1f} times as long")

# %%
# Two causes of the gap stand out. One you have met: overhead per operation, paid dozens of times per step. The other is the size of our
# layers. The middle convolution amounts to a product of 3136 rows, one per output pixel of the batch, with 144 columns, for nine places in sixteen
# channels, into 16 output channels. A product that narrow cannot keep the arithmetic units busy, since it computes too little with each
# number that it fetches. The first layer is narrower still,
# with nine places in a single channel. And with one picture at a time there is so little work per call that the call itself costs most. Here are products of these
# shapes, with the same number of operations in each bar:


def product(rows, inner, cols):
    one, other = torch.rand(rows, inner), torch.rand(inner, cols)

    def products():
        # as many operations, whatever the shape
        for _ in range(2 * side**3 // (rows * inner * cols)):
            one @ other

    return products


shapes = {
    "768 x 768 x 768": product(768, 768, 768),
    "3136 x 144 x 16": product(3136, 144, 16),
    "12544 x 9 x 16": product(12544, 9, 16),
    "49 x 144 x 16": product(49, 144, 16),
}
shape_shares = ratios(take_turns(shapes))
fig, ax = plt.subplots(figsize=(5.5, 1.6))
plots.ratio_bars(shape_shares, ax)
plt.show()

# %%
# .. figure-text:: Four horizontal bars for matrix products: a large square one as the measure, one as narrow as our middle convolution, one as narrow as the first, and one as small as the middle one for a single picture, which takes longest.
#
#    The same number of operations in matrix products of four shapes, the large square = 1.
#
# **In short:** count the operations, measure the rate, and you know how much there is to gain. Small layers leave most of the machine
# idle; only larger batches change that a little.
#
# .. _time-together:
#
# All of it together
# ------------------
#
# Last, what a reader of the tutorial gets: a hundred steps with the loader, written the slow way (plain ``DataLoader``, default layout, default
# optimizer), and with the loader, the layout and the optimizer from above. Beside them the limit.

from itertools import islice

from mnist_tut.loaders import WrappedDataLoader

slow, fast = copy.deepcopy(plain), copy.deepcopy(last)
slow_opt = optim.SGD(slow.parameters(), lr=0.1, momentum=0.9)
fast_opt = optim.SGD(fast.parameters(), lr=0.1, momentum=0.9, fused=True)
slow_dl = WrappedDataLoader(DataLoader(train_ds, bs, shuffle=True), preprocess)
fast_dl = WrappedDataLoader(batched_dl(train_ds, bs, shuffle=True), preprocess)


def train(model, opt, dl, count=100):
    for xb, yb in islice(dl, count):
        loss_batch(model, F.cross_entropy, xb, yb, opt)


ways = {
    "the slow way": lambda: train(slow, slow_opt, slow_dl),
    "all of it": lambda: train(fast, fast_opt, fast_dl),
}
times = take_turns(ways, rounds=3)
shares = ratios(times)
shares["limit"] = [100 * limit / seconds for seconds in times["the slow way"]]
fig, ax = plt.subplots(figsize=(5.5, 1.6))
plots.ratio_bars(shares, ax)
plt.show()
print(f"all of it: {statistics.median(shares['all of it']):.2f} times as long")

# %%
# .. figure-text:: Three horizontal bars: the slow way as the measure, all improvements together, and the limit, which is by far the shortest.
#
#    Time of a hundred training steps, the slow way = 1.
#
# What is left between the second bar and the third is the price of small layers and many small operations. On a GPU it is the same story with
# other numbers: its rate is far higher, our layers are as small as before, and so it waits even more. To use such a machine well takes larger
# batches or larger networks, or both.
#
# **In short:** measure, change one thing, check that the result is the same, measure again. And stop when the limit says so.
