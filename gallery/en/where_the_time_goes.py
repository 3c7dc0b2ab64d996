r"""
.. _time-top:

Where the time goes
===================

- **You will do:** change one thing at a time in a training step, and measure what it saves.
- **You will learn:** to tell a gain from noise, and not to let a GPU wait.
- **You will need:** the CNN of :doc:`nn_tutorial`. No GPU, but one is measured if you have it.

Your numbers will differ: run the notebook.

.. container:: only-on-site

   Take the :download:`notebook <where_the_time_goes.ipynb>` or the
   :download:`script <where_the_time_goes.py>`.
"""

# %%
# .. _time-setup:
#
# One step, to be repeated
# ------------------------
#
# What ``fit`` does with a :term:`mini-batch` is ``loss_batch``. One such step is too short to time, so
# ``steps_of`` makes a function that takes 20.

import copy
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import optim

from mnist_tut.data import get_mnist
from mnist_tut.loaders import preprocess
from mnist_tut.models import cnn_any_size
from mnist_tut.training import loss_batch

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), _, _ = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train = torch.tensor(x_train), torch.tensor(y_train)

bs = 64
xb, yb = preprocess(x_train[:bs], y_train[:bs])


def steps_of(model, xb=xb, yb=yb, count=20, **options):
    model = copy.deepcopy(model)
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, **options)

    def steps():
        return [
            loss_batch(model, F.cross_entropy, xb, yb, opt)[0] for _ in range(count)
        ]

    return steps


torch.manual_seed(42)
print("threads:", torch.get_num_threads())

# %%
# .. _time-noise:
#
# How to measure
# --------------
#
# A computer is never alone with your program. So *warm up*, since PyTorch prepares some things on
# first use; let all ways *take turns*, so that a busy moment hits them all; and quote the median of
# *ratios* within a turn.
#
# .. tested-source:: mnist_tut.timing.take_turns
#    :folded: take_turns: time all ways, round by round
#
# .. tested-source:: mnist_tut.timing.ratios
#    :folded: ratios: divide by the measure, within a round
#
# *Guess: by what factor do a thing and its twin differ?*

from mnist_tut.timing import ratios, take_turns

plain = cnn_any_size()
twins = {name: steps_of(plain) for name in ("steps", "twin")}
shares = ratios(take_turns(twins, rounds=9))["twin"]
noise = max(max(share, 1 / share) for share in shares)
print(f"noise: a factor of {noise:.2f}")

# %%
# The largest such factor is our noise. Only a median beyond it, up or down, counts:
#
# .. tested-source:: mnist_tut.timing.verdict
#    :folded: verdict: beyond the noise, or within it

import matplotlib.pyplot as plt

from mnist_tut.plots import ratio_bars
from mnist_tut.timing import verdict


def draw(shares):
    size = (6, 0.6 + 0.3 * len(shares))
    _, ax = plt.subplots(figsize=size, layout="constrained")
    ratio_bars(shares, ax)
    plt.show()


def compare(ways, rounds=7):
    shares = ratios(take_turns(ways, rounds))
    draw(shares)
    for name in list(shares)[1:]:
        print(f"{name:28}{verdict(shares[name], noise)}")


# %%
# **In short:** know your noise.
#
# .. _time-profile:
#
# One step under the profiler
# ---------------------------
#
# :class:`torch.profiler.profile` times every operation; we add them up by kind. *Guess: what takes
# longest?*
#
# .. tested-source:: mnist_tut.timing.seconds_by_kind
#    :folded: seconds_by_kind: add up what the profiler timed

from mnist_tut.timing import seconds_by_kind

kinds = seconds_by_kind(steps_of(plain, count=1))
total = sum(kinds.values())
draw({"step": [1.0]} | {kind: [part / total] for kind, part in kinds.items()})

# %%
# .. figure-text:: Bars: a whole step on top, below it its parts, the longest first.
#
#    The parts of a step; ``other`` is the rest. Read the order, not the digits: the
#    :term:`profiler` itself takes time.
#
# **In short:** profile first. What takes a twentieth of the time cannot save more than that:
# *Amdahl's law*.
#
# .. _time-layout:
#
# Layout and optimizer
# --------------------
#
# Two arguments promise speed for free. ``channels_last`` stores the channels of a pixel side by
# side, as many kernels want them. ``fused=True`` updates all
# parameters in one operation. *Do the losses stay the same, and is it faster?*

last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
variants = {
    "contiguous_format": steps_of(plain),
    "fused=True": steps_of(plain, fused=True),
    "channels_last": steps_of(last),
}
losses = torch.tensor([steps() for steps in variants.values()])
torch.testing.assert_close(losses, losses[:1].expand(3, 20), atol=1e-4, rtol=0)
compare(variants)

# %%
# .. figure-text:: Three bars: a usual step as the measure, a fused optimizer, channels last.
#
#    Time of a training step; with the usual layout, ``contiguous_format``, it is 1. Orange lines
#    span all ratios.
#
# **In short:** the losses stay the same; whether it pays depends on processor and layers.
#
# .. _time-loaders:
#
# Loaders
# -------
#
# A plain ``DataLoader`` asks a ``TensorDataset`` for row after row and stacks them; ``batched_dl``
# asks once per mini-batch. *Guess what share of a training step each takes:*
#
# .. tested-source:: mnist_tut.loaders.batched_dl
#    :folded: batched_dl: rows by the mini-batch

from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.loaders import batched_dl

n = 100 * bs
x, y = x_train[:n], y_train[:n]
ds = TensorDataset(x, y)
ways = {
    "loss_batch": steps_of(plain, count=100),
    "DataLoader": lambda: list(DataLoader(ds, bs, shuffle=True)),
    "batched_dl": lambda: list(batched_dl(ds, bs, shuffle=True)),
}
compare(ways)

# %%
# .. figure-text:: Three bars: training steps as the measure, then both ways to get mini-batches.
#
#    Time to hand out 100 mini-batches; 100 training steps, ``loss_batch``, take 1.
#
# Files that have to be opened and decoded take far longer: give them to :ref:`worker processes
# <own-workers>`, ``num_workers``.
#
# **In short:** index tensors in memory once per mini-batch, not once per row.
#
# .. _time-batch-size:
#
# Batch size
# ----------
#
# To call an operation has a price that is the same for any size. *Guess: 1024 images, 16 or 256 at
# a time. What does it save?*


def per_picture(size):
    batch = preprocess(x[:size], y[:size])
    return steps_of(last, *batch, count=1024 // size, fused=True)


compare({f"bs {size}": per_picture(size) for size in [16, 64, 256]})

# %%
# .. figure-text:: Three bars for batch sizes from 16 to 256; the first is the measure.
#
#    Time for the same number of images; in mini-batches of 16 (``bs 16``) it is 1.
#
# This one changes the result: twice the size means half the updates per :term:`epoch`, another
# learning rate, and often more epochs.
#
# **In short:** large batches are faster, but train differently.
#
# .. _time-threads:
#
# Threads
# -------
#
# PyTorch divides an operation among :term:`threads <thread>`, as a rule one for each physical core.
# They have to be woken and waited for. *Do two take half the time?*

before = torch.get_num_threads()
few = steps_of(last, count=5, fused=True)


def on_threads(count):
    torch.set_num_threads(count)
    few()


counts = sorted({1, 2, before})
compare({f"set_num_threads({k})": lambda k=k: on_threads(k) for k in counts})
torch.set_num_threads(before)

# %%
# .. figure-text:: One bar for every number of threads that was tried; one thread is the measure.
#
#    Time of a training step; on one thread it is 1.
#
# ``OMP_NUM_THREADS`` in the environment sets their number, too. Programs that run at once
# should share the cores.
#
# **In short:** more threads are not always faster. Try.
#
# .. _time-gpu:
#
# With a GPU: asynchrony and mixed precision
# ------------------------------------------
#
# A GPU works :term:`asynchronously <asynchronous>`: Python hands over an operation and goes on. Call
# ``torch.cuda.synchronize()`` before you read a clock, or you measure the handing over.
#
# .. guess:: Which line of ``loss_batch`` lets Python wait for the GPU in every step?
#
#    ``loss.item()``: a number can be handed out only when it has been computed. ``print``,
#    ``.cpu()``, ``.tolist()`` and an ``if`` that looks at a tensor let Python wait, too.
#
# Here losses are collected and asked for at the end, without and with :term:`mixed precision` (AMP):
# products in ``float16``, of half the size. Small gradients would vanish there, so a ``GradScaler``
# enlarges the loss, and divides the gradients before the step. ``bfloat16`` needs none.

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
half = torch.float16 if dev.type == "cuda" else torch.bfloat16
xb, yb = xb.to(dev), yb.to(dev)


def without_item(model, amp=False):
    model = copy.deepcopy(model)
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(dev.type, enabled=amp and half == torch.float16)

    def steps():
        losses = []
        for _ in range(20):
            with torch.autocast(dev.type, dtype=half, enabled=amp):
                loss = F.cross_entropy(model(xb), yb)
            scaler.scale(loss).backward()
            scaler.step(opt)
            scaler.update()
            opt.zero_grad()
            losses.append(loss.detach())
        return torch.stack(losses).tolist()

    return steps


ways = {
    "loss_batch": steps_of(plain.to(dev), xb, yb),
    "without_item": without_item(plain),
    "amp=True": without_item(plain, amp=True),
}
compare(ways)
print("measured on:", dev)

# %%
# .. figure-text:: Three bars: a usual step as the measure, one that does not ask, mixed precision.
#
#    Time of a training step on the device named above; ``loss_batch`` = 1.
#
# On a CPU nobody waits, and many do not multiply ``bfloat16`` themselves. We had no GPU; on yours,
# ask further:
#
# - *Does it wait for data?* If it is faster with the same mini-batch again and again, as above, give
#   the loader ``num_workers`` and :term:`pinned memory`, ``pin_memory=True``; then
#   ``xb.to(dev, non_blocking=True)`` is copied while Python goes on. A set as small as MNIST goes
#   to the GPU once, as a whole.
# - *Is it called for too many small things?* Take a larger batch, or let :func:`torch.compile` join
#   them: :ref:`many-first`.
#
# **In short:** let no GPU wait, for data or for Python. Measure, change one thing, measure again.
