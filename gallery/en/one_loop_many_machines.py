r"""
.. _many-top:

One loop, many machines
=======================

- **You will do:** run the tutorial's loop in two processes on your own computer, kill one of them,
  and end with the same weights every time.
- **You will learn:** what ``torchrun``, ``DistributedSampler``, DDP and FSDP2 are for, what goes
  wrong without each, and what to expect from more machines.
- **You will need:** the training loop of :doc:`nn_tutorial`, and Linux or macOS (on Windows, WSL).
  No GPU, no second machine.

Everything ran when this page was built, unless we say that it did not. Times will differ on your
machine.
"""

# %%
# .. _many-data:
#
# A small problem
# ---------------
#
# A few hundred digits and one hidden layer will do: we want to see who does what, not to read
# digits well. ``make_model`` sets the seed, so that all models begin with the same weights.

import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from mnist_tut.data import get_mnist

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), _, _ = get_mnist(PATH, URL, SIZE, MD5)
n = 512
ds = TensorDataset(torch.tensor(x_train[:n]), torch.tensor(y_train[:n]))


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))


def make_opt(model):
    return optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


# %%
# .. _many-first:
#
# First, one machine: mixed precision and compiling
# -------------------------------------------------
#
# More machines are the most expensive way to get faster. Try two others first. One is to compute
# with fewer digits: :class:`torch.autocast` lets matrix products and convolutions work in
# ``bfloat16``, numbers of two bytes. They reach as far as ``float32`` but keep only two to three
# decimal digits. Here it is, on a wider layer, measured as in :doc:`where_the_time_goes`: in turns,
# against the noise between a thing and its twin.
#
# .. guess:: Numbers of half the size. Do they take half the time?
#
#    Where the processor multiplies ``bfloat16`` itself, as newer GPUs and some CPUs do, you may
#    come near. Where it does not, every number is converted on the way, and you may well lose.

from mnist_tut.timing import ratios, take_turns, verdict

xb, yb = ds[:64]
wide = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))


def loss_float32():
    return F.cross_entropy(wide(xb), yb)


def loss_bfloat16():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return F.cross_entropy(wide(xb), yb)


def often(func):
    return lambda: [func().backward() for _ in range(10)]


ways = {"float32": loss_float32, "twin": loss_float32, "bfloat16": loss_bfloat16}
shares = ratios(take_turns({name: often(func) for name, func in ways.items()}))
noise = max(max(share, 1 / share) for share in shares["twin"])
print("time, float32 = 1:", verdict(shares["bfloat16"], noise))
print(f"difference of the losses: {(loss_bfloat16() - loss_float32()).abs():.0e}")

# %%
# The other is to have the program rewritten. :func:`torch.compile` watches one call, joins its
# operations into fewer, writes them in C++ (for a GPU, in Triton) and has that compiled:
#
# .. code-block:: python
#
#    fast = torch.compile(loss_float32)
#    fast().backward()  # this first call compiles
#    fast().backward()
#
# The first call takes so long that we timed this beforehand, on one core of an Intel Xeon: the loss
# and its :term:`gradients <gradient>` for :term:`mini-batches <mini-batch>` of 64 images.
#
# - ``make_model`` of this page: 21 s for the first call, then 0.6 times as fast;
# - ``cnn_any_size`` of the tutorial: 20 s, then 1.3 times;
# - ``better_cnn`` of the tutorial: 26 s, then 0.9 times.
#
# Operations that are joined save the way to memory and back. In exchange every call first checks
# whether it still fits what was compiled, and a small model may lose more by that than it gains.
# Large ones, and GPUs, have more to save. On a CPU ``torch.compile`` needs a C++ compiler; where
# none is found, the first call stops with ``InvalidCxxCompiler``.
#
# **In short:** compile what runs long, use ``bfloat16`` where the hardware has it, measure both.
#
# .. _many-shares:
#
# To each its share: the sampler
# ------------------------------
#
# To train one model in many processes is called :term:`distributed training`; most often each process
# has the whole model and its own part of the data, which is :term:`data
# parallelism`. One machine with several GPUs or many machines, the program is the same. Now we let two :term:`processes <process>` work. A *process* is a program that runs, with memory
# of its own. Each will have a copy of the model, and each takes different images.
# :class:`~torch.utils.data.distributed.DistributedSampler` hands them out; it wants to know how
# many processes there are (``num_replicas``) and which of them this is (``rank``, counted from 0).
# To see what it does, no second process is needed:

from torch.utils.data import RandomSampler

for rank in range(2):
    sampler = DistributedSampler(range(8), num_replicas=2, rank=rank)
    without = [list(sampler) for epoch in range(2)]
    print(f"process {rank}, two epochs without set_epoch:", *without)

for rank in range(2):
    sampler = DistributedSampler(range(8), num_replicas=2, rank=rank)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        print(f"process {rank}, epoch {epoch} with set_epoch:", list(sampler))

for rank in range(2):
    torch.manual_seed(0)  # processes that agree on the weights agree on this, too
    print(f"process {rank}, RandomSampler:", list(RandomSampler(range(8))))

# %%
# Two mistakes stop no program and print no warning. Without ``set_epoch`` every :term:`epoch` has
# the same order. Without the :term:`sampler`, ``shuffle=True`` makes a ``RandomSampler`` in every
# process, and each goes through all the images, in the same order as the other: twice the
# electricity for the same result.
#
# How does it work? Seed plus epoch give one order, the same in all processes, and each takes every
# second index of it: every ``world``-th, for ``world`` processes.
#
# .. exercise:: my_share
#
#    Cut an order into shares. ``order`` is a tensor of indices, the same in all processes. Process
#    ``rank`` takes the index at position ``rank`` and then every ``world``-th. All shares have to
#    be equally long, since processes wait for each other: if the order does not divide, fill it up
#    with indices from its beginning.
#
# **In short:** ``DistributedSampler`` for the shares, ``set_epoch`` for a new order.
#
# .. _many-loop:
#
# The loop
# --------
#
# Here is the loop for several processes. Their number has to divide the mini-batch and the data: of
# 64 images three processes would take 63, and of 501 images two processes would see one twice, so
# that all have equally many. Such a run is no worse, but not the same as that of one process. Three things are new. A mini-batch is shared: of its
# 64 images, each of two processes takes 32. ``average`` has its turn between ``backward()`` and
# the step; so far it does ``nothing``. And ``yield`` hands over after every epoch, so that the
# caller may print or save.
#
# One process is the special case with one share, and what all others are measured by:


def nothing(model):
    pass


def train(model, opt, sampler, average=nothing, epochs=range(3), bs=64):
    dl = DataLoader(sampler.dataset, bs // sampler.num_replicas, sampler=sampler)
    for epoch in epochs:
        sampler.set_epoch(epoch)
        for xb, yb in dl:
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            average(model)
            opt.step()
            opt.zero_grad()
        yield epoch, loss.item()


alone = make_model()
sampler = DistributedSampler(ds, num_replicas=1, rank=0)
for epoch, loss in train(alone, make_opt(alone), sampler):
    print(f"epoch {epoch}: loss of the last mini-batch {loss:.3f}")

# %%
# **In short:** the loop you know, with a place for what the processes do together.
#
# .. _many-average:
#
# The mean of the gradients: DDP and FSDP2
# ----------------------------------------
#
# Two copies that see different images get different gradients, and drift apart. So they exchange
# their gradients.
# :func:`~torch.distributed.all_reduce` adds up a tensor over all processes and leaves the sum in
# each. Divided by their number, that is the mean over all 64 images: what one process would have
# computed.

import torch.distributed as dist


def average_gradients(model):
    for p in model.parameters():
        dist.all_reduce(p.grad)
        p.grad /= dist.get_world_size()


# %%
# PyTorch has two ways to do it for you. :class:`~torch.nn.parallel.DistributedDataParallel`, *DDP*,
# wraps the model and averages while ``backward()`` still works on earlier layers.
# :func:`~torch.distributed.fsdp.fully_shard`, *FSDP2*, is for models too large for one process:
# each keeps a slice of every parameter, gradient and :term:`momentum`, and a layer is put together
# just while it is needed. Three lines, the innermost layers first:

from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel


def sharded(model):
    mesh = dist.init_device_mesh("cpu", (dist.get_world_size(),))
    for layer in [*model, model]:
        fully_shard(layer, mesh=mesh)
    return model


def weights(model):
    whole = [
        p.full_tensor() if isinstance(p, DTensor) else p for p in model.parameters()
    ]
    return torch.cat([p.detach().flatten() for p in whole])


# %%
# A slice is a :class:`~torch.distributed.tensor.DTensor`; its ``full_tensor()`` collects
# the parameter, and ``weights`` puts all parameters into one row, easy to compare.
#
# Now the program that both processes run. ``init_process_group`` makes them find each other;
# *gloo* is the way to talk on CPUs, *nccl* that on GPUs. Then each asks for its rank and trains
# four times, from the same weights. Whatever only one should do stands under ``if rank == 0``:
# printing, or every line would come twice; and saving, or two processes would write into one file.
# (For the weights we make an exception, since we want to compare them: two processes, two files.)
#
# At the end each process is to ``leave``. In a program of your own that is
# ``dist.destroy_process_group()`` and no more. Ours ends at once after it, since this page has to be
# built unattended: Python clears up at the end, and may take something away from a thread of PyTorch
# that is not done. Then the process aborts; that happened to us. ``os._exit`` skips all clearing up,
# so do not make it a habit.

import os
import sys


def leave():
    dist.destroy_process_group()
    sys.stdout.flush()
    os._exit(0)


def four_ways():
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    ds = TensorDataset(*torch.load("data.pt"))
    sampler = DistributedSampler(ds)
    ways = {
        "nothing": (make_model(), nothing),
        "all_reduce": (make_model(), average_gradients),
        "DDP": (DistributedDataParallel(make_model()), nothing),
        "FSDP2": (sharded(make_model()), nothing),
    }
    for name, (model, average) in ways.items():
        for epoch, loss in train(model, make_opt(model), sampler, average):
            pass
        if rank == 0:
            print(f"{world} processes, {name}: loss {loss:.3f}")
        torch.save(weights(model), f"{name} {rank}.pt")
    times = note_times(DistributedDataParallel(make_model()), sampler)
    if rank == 0:
        torch.save(times, "times.pt")
    leave()


# %%
# For the end of this page, ``note_times`` measures how long a step takes and how long it takes to
# add up one number, and a million:


def seconds(func, count=20):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        func()
        times.append(time.perf_counter() - began)
    return median(times)


def note_times(ddp, sampler):
    opt = make_opt(ddp)
    epoch = seconds(lambda: list(train(ddp, opt, sampler, epochs=[0])), count=5)
    one, many = torch.zeros(1), torch.zeros(10**6)
    return {
        "step": epoch * 64 / len(sampler.dataset),
        "one": seconds(lambda: dist.all_reduce(one)),
        "many": seconds(lambda: dist.all_reduce(many)),
    }


# %%
# ``torchrun`` starts a program several times over, tells each process its rank, and ends them all
# if one fails. It wants a file: the imports, and the source of our functions. The file goes into a
# folder that we remove at the end, together with the data.

import inspect
import subprocess
import tempfile

imports = """
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn, optim
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
"""
folder = tempfile.TemporaryDirectory()
torch.save(ds.tensors, Path(folder.name, "data.pt"))


def write_program(functions):
    sources = [inspect.getsource(function) for function in functions]
    parts = [imports, *sources, functions[-1].__name__ + "()\n"]
    Path(folder.name, "train.py").write_text("\n\n".join(parts), encoding="utf-8")


# %%
# ``--standalone`` says that all processes are on this machine. Three settings: one :term:`thread`
# for each; temporary files into our folder; and a notice board of its own for every start. (The
# processes find each other by it. On a shared one they may read, after a restart, the
# `address of a process that is gone <https://github.com/pytorch/pytorch/issues/135712>`_; that
# happened to us.)


def torchrun(functions, *options):
    write_program(functions)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=2", *options, "train.py"]
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": folder.name}
    env["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    place = {"cwd": folder.name, "env": env}
    done = subprocess.run(command, **place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(done.stdout, end="")


common = [nothing, make_model, make_opt, train, weights, leave]
torchrun([*common, average_gradients, sharded, seconds, note_times, four_ways])

# %%
# In a terminal the command is ``torchrun --standalone --nproc-per-node=2 train.py``. (The losses
# printed are for the first process's half of the last mini-batch, so they differ from the loss of
# one process. What has to agree are the weights.)
#
# .. guess:: Which of the four end with the weights of one process?
#
#    All that average. Left to themselves, two processes give two models.


def kept(name):
    return torch.load(Path(folder.name, name + ".pt"))


def distance(a, b):
    return f"{(a - b).abs().max():.0e}"


print("largest difference: between processes, from one process")
for name in ["nothing", "all_reduce", "DDP", "FSDP2"]:
    first, second = kept(f"{name} 0"), kept(f"{name} 1")
    print(f"{name:20}{distance(first, second):19}{distance(first, weights(alone))}")
    if name != "nothing":
        torch.testing.assert_close(second, first)
        torch.testing.assert_close(first, weights(alone))

# %%
# What is left is rounding: sums in another order.
#
# The optimizer is made *after* ``fully_shard``, which puts new parameters in the place of the old
# ones: an optimizer made before would go on changing the old. And the whole of such a model may fit
# nowhere, so its checkpoints are written in pieces, by ``torch.distributed.checkpoint``.
#
# **In short:** every process its share, then the mean of the gradients; with that, many processes
# are one. DDP while the model fits, FSDP2 when it does not.
#
# .. _many-same:
#
# What the mean does not make the same: normalisation, seeds
# ----------------------------------------------------------
#
# **Batch normalisation** takes mean and variance over the mini-batch, and a process sees only its
# part of it.
#
# .. guess:: Two halves, and the mean of their gradients. How far is it from the gradient of the whole?
#
#    Not at all without normalisation. With it every image is measured by the half that it is in.

torch.manual_seed(0)
norm = nn.Sequential(nn.Linear(784, 32), nn.BatchNorm1d(32), nn.Linear(32, 10))


def gradients_of(*parts):
    norm.zero_grad()
    for part in parts:
        (F.cross_entropy(norm(xb[part]), yb[part]) / len(parts)).backward()
    return torch.cat([p.grad.flatten() for p in norm.parameters()])


one = gradients_of(slice(64))
two = gradients_of(slice(32), slice(32, 64))
print(f"gradients of two processes: {(two - one).norm() / one.norm():.0%} off")
print(nn.SyncBatchNorm.convert_sync_batchnorm(norm))

# %%
# :class:`torch.nn.SyncBatchNorm` takes mean and variance over all processes, and a model is converted
# in one line. It works on GPUs only: on a CPU training stops with ``SyncBatchNorm expected input
# tensor to be on GPU``.
#
# **Seeds.** The same seed before the model is made gives all processes the same weights, and the
# sampler's ``seed`` must be the same as well. For dropout and :term:`data augmentation` it must not
# be, or all draw alike: ``torch.manual_seed(seed + rank)`` once the model is made.
#
# **Validation.** A mean over each share is not the mean over all, and ``DistributedSampler`` fills up
# with repetitions. Take ``range(rank, len(ds), world)``, add up losses and counts, send both through
# ``all_reduce``, and divide then.
#
# **Accumulation.** If several ``backward()`` make a step, DDP averages after each, in vain but for the
# last. The others stand under ``with ddp.no_sync():``, together with their forward passes, or they
# are averaged all the same.
#
# **In short:** the mean is taken of gradients. What else looks at a mini-batch, or draws, needs your
# care.
#
# .. _many-restart:
#
# When a machine fails: checkpoint and resume
# -------------------------------------------
#
# The more machines, the more often one of them fails. Then ``torchrun`` ends all processes and
# starts them again, as often as ``--max-restarts`` allows. Where they go on is up to the program:
# it has to keep a :term:`checkpoint`, and to look for one when it starts. A checkpoint that is
# worth the name holds
#
# - the parameters;
# - the state of the optimizer, since momentum has a memory;
# - the epoch, so that none is done twice, and ``set_epoch`` gives the next one its own order.
#
# It is written under another name and then renamed, so that nobody ever reads half a file. The
# others wait for that at the ``barrier()``.
#
# ``timeout`` says how long a process waits for the others before it gives up, to be started again.
#
# The program has a bad day built in: after the second epoch, process 1 is killed.

import signal
from datetime import timedelta


def resumed():
    dist.init_process_group("gloo", timeout=timedelta(minutes=1))
    rank, attempt = dist.get_rank(), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    sampler = DistributedSampler(TensorDataset(*torch.load("data.pt")))
    model = make_model()
    opt, first = make_opt(model), 0
    if Path("checkpoint.pt").exists():
        checkpoint = torch.load("checkpoint.pt")
        model.load_state_dict(checkpoint["model"])
        opt.load_state_dict(checkpoint["opt"])
        first = checkpoint["epoch"] + 1
    ddp = DistributedDataParallel(model)
    for epoch, loss in train(ddp, opt, sampler, epochs=range(first, 3)):
        if rank == 0:
            print(f"attempt {attempt}, epoch {epoch}: loss {loss:.3f}")
            state = {"model": model.state_dict(), "opt": opt.state_dict()}
            torch.save({**state, "epoch": epoch}, "new.pt")
            Path("new.pt").replace("checkpoint.pt")
        dist.barrier()
        if (attempt, epoch, rank) == (0, 1, 1):
            os.kill(os.getpid(), signal.SIGKILL)
    if rank == 0:
        torch.save(weights(model), "resumed.pt")
    leave()


torchrun([*common, resumed], "--max-restarts=3")
torch.testing.assert_close(kept("resumed"), weights(alone))

# %%
# The same weights again, as if nothing had happened. (In a terminal you also see the traceback of the
# process that was not killed: it was waiting for the other. It is no mistake of yours.) The file that did it, in full:

print(Path(folder.name, "train.py").read_text(encoding="utf-8"))

# %%
# Many published programs of this kind leave out one of these points: they keep no state of the
# optimizer, repeat an epoch after a restart, or never call ``set_epoch``. None of that shows in the
# loss at once.
#
# **In short:** ``torchrun`` starts again; what it goes on from is in your checkpoint.
#
# .. _many-more:
#
# What more machines bring
# ------------------------
#
# To estimate a step with ``p`` processes, two measurements will do. *Computing* takes some time per
# step plus some per image; one process with various :term:`batch sizes <batch size>` tells both.
# *Averaging*, usually, sends the gradients round a ring: in 2 (``p`` − 1) messages every process
# passes on nearly twice their bytes. A message has a fixed price, its :term:`latency`, and a price
# per byte; both follow from what the two processes noted.

import numpy as np

threads = torch.get_num_threads()
torch.set_num_threads(1)  # as many as each of the two had
model = make_model()
opt = make_opt(model)
sizes = [16, 32, 64, 128, 256]


def epoch_of(bs):
    return lambda: list(train(model, opt, sampler, epochs=[0], bs=bs))


steps = [seconds(epoch_of(bs), count=5) * bs / n for bs in sizes]
torch.set_num_threads(threads)
per_picture, per_step = np.polyfit(sizes, steps, 1)

times = kept("times")
latency = times["one"] / 2
per_byte = (times["many"] - times["one"]) / (4 * 10**6)

# %%
# That is all that the estimate needs. Does it predict a step of the two processes?

gradients = 4 * len(weights(alone))  # bytes


def step_time(p, total):
    computing = per_step + per_picture * total / p
    averaging = 2 * (p - 1) * latency + 2 * (p - 1) / p * gradients * per_byte
    return computing + averaging


print(f"one process, predicted:   {1000 * step_time(1, 64):5.1f} ms")
print(f"one process, measured:    {1000 * steps[2]:5.1f} ms")
print(f"two processes, predicted: {1000 * step_time(2, 64):5.1f} ms")
print(f"two processes, measured:  {1000 * times['step']:5.1f} ms")
folder.cleanup()

# %%
# Do not rent machines on it: with us it was off by a factor of up to two and a half, for the work of DDP
# itself is missing in it, and so are other programs that want the same cores. What it teaches is its
# form:
#
# .. guess:: A step takes 64 images. How much faster are 64 processes?
#
#    Perhaps not at all: with one image each, they do little but wait for messages.
#
# The mini-batch decides. With few images a step consists of waiting for messages, and two
# processes may well be slower than one. More of them than there are images in a step have nothing
# to do. Very large mini-batches keep many busy, but mean fewer updates per epoch and another
# learning rate; beyond some size training needs more epochs, and nothing is gained.
#
# In practice a GPU computes far faster and a step has far more to compute, messages run along trees as
# well as rings, DDP averages while it still computes, and the slowest of all sets the pace. The form
# stays: what is computed is divided, what is averaged is not.
#
# **In short:** measure with the machines that you have, before you rent more.
#
# .. _many-elsewhere:
#
# Real machines
# -------------
#
# For several machines the program stays as it is. Give the same command on each; it says how many
# there are, and where to find one of them:
#
# .. code-block:: console
#
#    $ torchrun --nnodes=2 --nproc-per-node=8 --rdzv-backend=c10d \
#        --rdzv-endpoint=first-machine:29500 train.py
#
# If another program holds that port, nothing is printed and ``torchrun`` waits, with us for minutes:
# take another number.
#
# On a cluster with SLURM, ``srun`` starts it on each machine:
#
# .. code-block:: bash
#
#    #!/bin/bash
#    #SBATCH --nodes=2 --ntasks-per-node=1 --gpus-per-node=8
#    first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
#    srun torchrun --nnodes=2 --nproc-per-node=8 --rdzv-id="$SLURM_JOB_ID" \
#        --rdzv-backend=c10d --rdzv-endpoint="$first:29500" train.py
#
# With GPUs, the program says ``"nccl"`` for ``"gloo"`` and ``"cuda"`` for ``"cpu"``, chooses its
# GPU by ``torch.cuda.set_device`` with the number that it finds in ``os.environ["LOCAL_RANK"]``,
# and sends model and mini-batches there. Data and checkpoints have to lie where all machines see
# them.
#
# We had neither GPUs nor a cluster. We gave the first command twice on one machine, for one process
# each; the rest was not run.
#
# **In short:** one command changes, the loop does not.
#
# .. _many-frameworks:
#
# The same loop in Accelerate and Lightning
# -----------------------------------------
#
# Two libraries take over what this page did by hand (``pip install accelerate lightning``). These
# programs did not run when this page was built. They last did on 2026-11-29, with Accelerate 1.15 and
# Lightning 2.6, and left both processes with the same weights.
#
# `Accelerate <https://huggingface.co/docs/accelerate>`_ leaves you the loop. ``prepare`` wraps the
# model in DDP, and a loader so that each process gets its share; ``backward`` changes its place:
#
# .. code-block:: python
#
#    from accelerate import Accelerator
#
#    accelerator = Accelerator(cpu=True)
#    model = make_model()
#    dl = DataLoader(ds, 64 // accelerator.num_processes, shuffle=True)
#    model, opt, dl = accelerator.prepare(model, make_opt(model), dl)
#    for epoch in range(3):
#        for xb, yb in dl:
#            loss = F.cross_entropy(model(xb), yb)
#            accelerator.backward(loss)
#            opt.step()
#            opt.zero_grad()
#
# `Lightning <https://lightning.ai/docs/pytorch/stable/>`_ takes the loop as well; you give it what
# a step computes. It also starts the processes, calls ``set_epoch`` and keeps checkpoints:
#
# .. code-block:: python
#
#    import lightning
#
#    class Digits(lightning.LightningModule):
#        def __init__(self):
#            super().__init__()
#            self.model = make_model()
#
#        def training_step(self, batch, i):
#            xb, yb = batch
#            return F.cross_entropy(self.model(xb), yb)
#
#        def configure_optimizers(self):
#            return make_opt(self)
#
#    trainer = lightning.Trainer(
#        max_epochs=3, accelerator="cpu", devices=2, strategy="ddp"
#    )
#    trainer.fit(Digits(), DataLoader(ds, 32, shuffle=True))
#
# You now know what they do. When something goes wrong, look for the same things: the share, the
# order, the mean, the checkpoint.
#
# **In short:** libraries write the loop for you. Know what has to be in it.
