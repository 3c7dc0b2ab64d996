r"""
.. _time-top:

Where the time goes
===================

- **You will do:** take a training step apart, change one thing at a time, and compare with the best
  that your machine can do.
- **You will learn:** to measure first, and to tell a gain from noise.
- **You will need:** the CNN of :doc:`nn_tutorial`. No GPU.

All numbers were measured when this page was built. Yours will differ, so run the notebook.

.. container:: only-on-site

   Take the :download:`notebook <where_the_time_goes.ipynb>` or the
   :download:`script <where_the_time_goes.py>`.

   .. launch::
"""

# %%
# .. _time-setup:
#
# One step, to be repeated
# ------------------------
#
# We measure what ``fit`` does with every :term:`mini-batch`: ``loss_batch``. One step is too short
# to time, so ``steps_of`` makes a function that takes 20, all with the same mini-batch.

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
# A computer is never alone with your program. Hence three habits: *warm up*, since PyTorch prepares
# some things on first use; let all ways *take turns*, so that a busy moment hits them all; and
# quote the median of *ratios* within a turn.
#
# .. tested-source:: mnist_tut.timing.take_turns
#    :folded: take_turns: time all ways, round by round
#
# .. tested-source:: mnist_tut.timing.ratios
#    :folded: ratios: divide by the measure, within a round
#
# *Guess: how far from 1 are the ratios of a thing and its twin?*

import copy

from mnist_tut.timing import ratios, take_turns

plain = cnn_any_size()
twins = {name: steps_of(copy.deepcopy(plain)) for name in ("steps", "twin")}
shares = ratios(take_turns(twins, rounds=9))["twin"]
print([round(share, 2) for share in shares])
noise = max(max(share, 1 / share) for share in shares)
print(f"noise: a factor of {noise:.2f}")

# %%
# All of that is noise. Only a median beyond the largest of these factors, up or down, will count:
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
# **In short:** warm up, take turns, quote the median of ratios, and know your noise.
#
# .. _time-profile:
#
# One step under the profiler
# ---------------------------
#
# :class:`torch.profiler.profile` times every operation; ``kind_of`` tells from its name what it
# belongs to, and we add up. *Guess: what takes longest?*
#
# .. tested-source:: mnist_tut.timing.seconds_by_kind
#    :folded: seconds_by_kind: add up what the profiler timed

from mnist_tut.timing import seconds_by_kind

kinds = seconds_by_kind(steps_of(copy.deepcopy(plain), count=1))
total = sum(kinds.values())
draw({"step": [1.0]} | {kind: [part / total] for kind, part in kinds.items()})

# %%
# .. figure-text:: Bars: a whole step on top, below it its parts, the longest first.
#
#    The parts of a step; ``other`` is the rest. Read the order, not the digits: the
#    :term:`profiler`'s own work is in there too.
#
# A :term:`convolution` has twice the work backward: not one output, but the gradients of its
# weights and of its input. (The first layer has just one: pictures need no gradient.)
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
# side, as many kernels want them. Shapes and indices stay the same, and what flows through the
# model follows the layout of its weights. ``fused=True`` updates all parameters in one operation.
# *Do the losses stay the same, and is it faster?*

last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
variants = {
    "contiguous_format": steps_of(copy.deepcopy(plain)),
    "fused=True": steps_of(copy.deepcopy(plain), fused=True),
    "channels_last": steps_of(copy.deepcopy(last)),
    "channels_last, fused=True": steps_of(copy.deepcopy(last), fused=True),
}
losses = torch.tensor([steps() for steps in variants.values()])
print(f"largest difference: {(losses - losses[0]).abs().max():.1e}")
torch.testing.assert_close(losses, losses[:1].expand(4, 20), atol=1e-4, rtol=0)
compare(variants)

# %%
# .. figure-text:: Four bars: a usual step as the measure, a fused optimizer, channels last, both.
#
#    Time of a training step; with the usual layout, ``contiguous_format``, it is 1. Orange lines
#    span all ratios.
#
# **In short:** the losses stay the same. Whether the arguments pay depends on processor and layers.
#
# .. _time-loaders:
#
# Loaders
# -------
#
# A plain ``DataLoader`` asks a ``TensorDataset`` for row after row and stacks them; ``batched_dl``
# asks once per mini-batch.
#
# .. tested-source:: mnist_tut.loaders.batched_dl
#
# Without any loader, four lines will do. *Guess what share of a training step each takes:*

from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.loaders import batched_dl


def shuffled(x, y, bs):
    order = torch.randperm(len(x))
    for rows in order.split(bs):
        yield x[rows], y[rows]


def walk(batches):
    for _ in batches:
        pass


n = 100 * bs
x, y = x_train[:n], y_train[:n]
ds = TensorDataset(x, y)
compare(
    {
        "loss_batch": steps_of(copy.deepcopy(plain), count=100),
        "DataLoader": lambda: walk(DataLoader(ds, bs, shuffle=True)),
        "batched_dl": lambda: walk(batched_dl(ds, bs, shuffle=True)),
        "shuffled": lambda: walk(shuffled(x, y, bs)),
        "ds[i : i + bs]": lambda: walk(ds[i : i + bs] for i in range(0, n, bs)),
    }
)
print(torch.__version__, hasattr(ds, "__getitems__"))

# %%
# .. figure-text:: Five bars: training steps as the measure, then four ways to get mini-batches.
#
#    Time to hand out 100 mini-batches; 100 training steps, ``loss_batch``, take 1.
#
# Slices copy nothing, but keep the order of the file. (The last line says whether this version's
# ``TensorDataset`` has a method ``__getitems__``; then it would be asked for whole mini-batches.)
#
# A tenth of a step is worth an hour of your time, a hundredth is not.
#
# **In short:** index tensors in memory once per mini-batch, not once per row.
#
# .. _time-batch-size:
#
# Batch size
# ----------
#
# Before an operation computes anything, Python calls PyTorch, which finds a kernel and memory. That
# price is the same for any size. *Guess: 1024 pictures, 16 or 512 at a time. What does it save?*


def per_picture(size):
    batch = preprocess(x[:size], y[:size])
    return steps_of(copy.deepcopy(last), *batch, count=1024 // size, fused=True)


compare({f"bs {size}": per_picture(size) for size in [16, 32, 64, 128, 256, 512]})

# %%
# .. figure-text:: Six bars for batch sizes from 16 to 512; the first is the measure.
#
#    Time for the same number of pictures; in mini-batches of 16 (``bs 16``) it is 1.
#
# This one changes the result: twice the size means half the updates per :term:`epoch`, another
# learning rate, and often more epochs.
#
# **In short:** large batches spread the price over more pictures, but train differently.
#
# .. _time-threads:
#
# Threads
# -------
#
# PyTorch divides an operation among :term:`threads <thread>`, as a rule as many as there are
# physical cores. They have to be woken and waited for. *Do two take half the time?*

before = torch.get_num_threads()
few = steps_of(copy.deepcopy(last), count=5, fused=True)


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
# The environment variable ``OMP_NUM_THREADS``, set before Python starts, does the same. If several
# programs run at once, give each its share.
#
# **In short:** more threads are not always faster. Try.
#
# .. _time-gpu:
#
# With a GPU: asynchrony and mixed precision
# ------------------------------------------
#
# We had no GPU when this page was built, so nothing in this section was measured. A GPU works
# *asynchronously*: Python hands over the operations and goes on. A clock that is read then shows how
# long handing over takes. Call ``torch.cuda.synchronize()`` before you read it.
#
# .. guess:: Which line of ``loss_batch`` lets Python wait for the GPU in every step?
#
#    ``loss.item()``: a number can be handed out only when it has been computed. So do ``print``,
#    ``.cpu()``, ``.tolist()`` and an ``if`` that looks at a tensor. Collect ``loss.detach()`` and ask
#    for the numbers after the epoch.
#
# Then look, in this order:
#
# - *Does the GPU wait for data?* Train on the same mini-batch again and again, as above. If that is
#   much faster, give the loader ``num_workers`` and :term:`pinned memory`, ``pin_memory=True``: with
#   ``xb.to(dev, non_blocking=True)`` Python goes on while it is copied. A set as small as MNIST goes
#   to the GPU once, as a whole.
# - *Does it compute with more digits than it needs?* With :term:`mixed precision` (AMP) the products
#   are in ``float16``. Small gradients would vanish there, so a ``GradScaler`` makes the loss larger
#   before ``backward()`` and takes that back before the step. With ``bfloat16`` it is not needed.
# - *Is it called for too many small things?* :func:`torch.compile` joins them, see
#   :ref:`many-first`.
#
# .. code-block:: python
#
#    scaler = torch.amp.GradScaler("cuda")
#    for xb, yb in train_dl:
#        with torch.autocast("cuda", dtype=torch.float16):
#            loss = F.cross_entropy(model(xb), yb)
#        scaler.scale(loss).backward()
#        scaler.step(opt)
#        scaler.update()
#        opt.zero_grad()
#
# **In short:** do not make the GPU wait: neither for data nor for Python's questions.
#
# .. _time-limit:
#
# What the machine could do
# -------------------------
#
# PyTorch counts the multiplications and additions of the convolutions; beside them the others
# hardly matter. A product of large matrices shows how many your machine can do per second.
# Together they give a limit that few programs come near. *Guess: how many times as long does a step
# take, and which layer is to blame?*
#
# .. tested-source:: mnist_tut.timing.count_flops
#    :folded: count_flops: let PyTorch count
#
# .. tested-source:: mnist_tut.timing.both_ways
#    :folded: both_ways: forward and backward apart

from statistics import median


from mnist_tut.timing import both_ways, count_flops

square = torch.rand(768, 768)
ways = {
    "step": steps_of(copy.deepcopy(last), count=1, fused=True),
    "product": lambda: square @ square,
}
inputs = xb
for i, layer in enumerate(last):
    name = f"{i} {type(layer).__name__}"
    inputs = inputs.detach().requires_grad_(i > 0)
    ways[f"{name} forward"], ways[f"{name} backward"] = both_ways(layer, inputs)
    inputs = layer(inputs)

inputs = torch.rand(64, 64, 14, 14, requires_grad=True)
wide = torch.nn.Conv2d(64, 64, kernel_size=3, stride=2, padding=1)
ways["wide forward"], ways["wide backward"] = both_ways(wide, inputs)

flops = {name: count_flops(way) for name, way in ways.items()}
twenty = {
    name: lambda way=way: [way() for _ in range(20)] for name, way in ways.items()
}
ms = {name: median(times) * 50 for name, times in take_turns(twenty).items()}
rate = flops["product"] / ms["product"]
limit = {name: flops[name] / rate for name in ways}
print(f"{rate / 1e6:.0f} GFLOP/s (billions of operations per second)")
print(f"step {ms['step']:.2f} ms, {ms['step'] / limit['step']:.1f} times the limit\n")

layers = list(ways)[2:-2]
assert sum(flops[name] for name in layers) == flops["step"]
layers.sort(key=lambda name: limit[name] - ms[name])
for name in [*layers[:9], "wide forward", "wide backward"]:
    print(f"{name:28}{ms[name]:6.3f} ms {limit[name] / ms[name]:4.0%} of the rate")
print(f"{'rest of the step':28}{ms['step'] - sum(ms[name] for name in layers):6.3f} ms")
nearer = limit["wide forward"] / ms["wide forward"]
nearer /= limit["2 Conv2d forward"] / ms["2 Conv2d forward"]
print(f"wide comes {nearer:.1f} times as near to the rate, forward")

# %%
# On top stands what loses most time.
#
# - A **ReLU** multiplies nothing. It shows what it costs to call, to read and to write.
# - A **convolution** works at some share of the rate. Is it low because ours are narrow? ``wide``
#   puts that to the test: it is our middle layer with 64 channels instead of 16. If the last line
#   says clearly more than 1, yes: each number that is fetched is then used more often.
# - The **rest**, unless it drowns in noise, is loss, :term:`optimizer` and Python, and what is
#   slower in a whole step than by itself.
#
# **In short:** count the operations, measure the rate, and look at every layer before you blame
# one.
#
# .. _time-together:
#
# All of it together
# ------------------
#
# A hundred steps with their loader: the usual way, and with everything from this page that leaves
# the result alone. *What do you expect?*


def train(model, batches, **options):
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, **options)
    for batch in batches:
        loss_batch(model, F.cross_entropy, *preprocess(*batch), opt)


ways = {
    "usual": lambda: train(copy.deepcopy(plain), DataLoader(ds, bs, shuffle=True)),
    "tuned": lambda: train(copy.deepcopy(last), shuffled(x, y, bs), fused=True),
}
times = take_turns(ways, rounds=7)
shares = ratios(times | {"limit": [limit["step"] / 10] * 7})
draw(shares)
print("tuned", verdict(shares["tuned"], noise))

# %%
# .. figure-text:: Three bars: the usual way as the measure, the tuned way, and the limit.
#
#    Time of a hundred training steps: ``usual`` = 1, ``tuned``, and the ``limit`` from above.
#
# **In short:** measure, change one thing, check that the result is the same, measure again. And
# stop when what you gain is within the noise.
