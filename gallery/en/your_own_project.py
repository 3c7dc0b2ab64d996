r"""
.. _own-top:

Your own project
================

- **You will do:** carry the tutorial's loop into a project of your own: images from files, your
  own handwriting, a training run that survives a power cut, a network that learns something new,
  and a model that can do without your code.
- **You will learn:** to add one thing at a time, and to check each time that the numbers are what
  they should be.
- **You will need:** :doc:`nn_tutorial`. No GPU.

The page uses a small part of MNIST, so that nothing takes long.
"""

# %%
# .. _own-files:
#
# Images in a folder
# ------------------
#
# Your data will not come as one tidy array, but as files. So we write some of MNIST into a folder,
# as PNG images, each class in a folder of its own. `Pillow <https://pillow.readthedocs.io>`_,
# which Matplotlib brings along, writes and reads them. (The folder is a temporary one; Python
# removes it in the end.)

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.data import get_mnist

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # bytes
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), (x_valid, y_valid), _ = get_mnist(PATH, URL, SIZE, MD5)
folder = tempfile.TemporaryDirectory()
home = Path(folder.name)


def write(x, y, place):
    for i, (row, label) in enumerate(zip(x, y)):
        path = place / str(label) / f"{i:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = (row.reshape(28, 28) * 256).astype(np.uint8)
        Image.fromarray(pixels).save(path)


write(x_train[:3000], y_train[:3000], home / "train")
write(x_valid[:1000], y_valid[:1000], home / "valid")

# %%
# Files are not all alike. A phone keeps a photo as its sensor saw it, and a note in the header
# (*EXIF*) which way is up; a scanner may write 16 bits for a pixel; a tablet leaves the ground
# clear. One function opens them all as what is meant, dark on white or not, in shades of grey:
#
# .. tested-source:: mnist_tut.project.grey_on_white
#
# .. tested-source:: mnist_tut.project.opened
#    :folded: opened: upright, or an error with words
#
# .. tested-source:: mnist_tut.project.eight_bits
#    :folded: eight_bits: from the range that the pixels have to one byte
#
# .. tested-source:: mnist_tut.project.on_a_sheet
#    :folded: on_a_sheet: what is clear becomes white
#
# To PyTorch, a folder is a ``Dataset`` as soon as it has a length and can be indexed. Ours knows
# the files and reads one when it is asked for. (``ImageFolder`` of the package torchvision takes
# the same kind of folder.)
#
# .. tested-source:: mnist_tut.project.read_picture
#
# .. tested-source:: mnist_tut.project.PictureFolder
#
# What cannot be read stops the program with the name of the file, so that you find it among
# thousands: a file that is empty or cut off, a web page that calls itself ``photo.jpg``, an
# iPhone's HEIC (save that as JPEG), an image of another size. So do a folder without images and
# one whose name is no number. Hidden files such as ``._3.png``, which macOS leaves on memory
# sticks, are passed over.
#
# .. guess:: Why ``sorted``?
#
#    A disk hands out its files in any order. Unsorted, the same seed would give a different run on
#    another machine.
#
# Is anything lost on the way to the disk and back?

from mnist_tut.project import PictureFolder

train_ds, valid_ds = PictureFolder(home / "train"), PictureFolder(home / "valid")
print(train_ds.files[0].relative_to(home), len(train_ds), len(valid_ds))

read = torch.stack([picture for picture, _ in train_ds])
labels = torch.tensor([label for _, label in train_ds])
written = [int(path.stem) for path in train_ds.files]
assert torch.equal(read, torch.tensor(x_train[written]))
assert torch.equal(labels, torch.tensor(y_train[written]))

# %%
# Not one bit is lost. (Photos are usually kept as JPEG, which does lose some.)
#
# **In short:** a list of files, a length and an :term:`index` make a ``Dataset`` of a folder.
#
# .. _own-loop:
#
# The same loop
# -------------
#
# The loop and the loaders are those of the tutorial. Their main parts are here to look up:
#
# .. tested-source:: mnist_tut.training.fit
#    :folded: fit: the training loop
#
# .. tested-source:: mnist_tut.training.loss_batch
#    :folded: loss_batch: the loss of a mini-batch, and a step
#
# .. tested-source:: mnist_tut.training.weighted_mean
#    :folded: weighted_mean: a mean that knows how large each mini-batch is
#
# .. tested-source:: mnist_tut.training.evaluate
#    :folded: evaluate: the mean over a loader
#
# .. tested-source:: mnist_tut.loaders.WrappedDataLoader
#    :folded: WrappedDataLoader: a loader with a function
#
# Your network will want more settings than the tutorial's. Here the widths of the three blocks are
# one, and the number of classes another. (With other than three blocks, the ``4 * 4`` of the head
# would have to change, too.) The blocks are in a :class:`torch.nn.ModuleList`: like a Python
# list it leaves to ``forward`` what is done with them, but the module knows their parameters.
#
# .. tested-source:: mnist_tut.project.DeepCNN
#
# With the widths of the tutorial's last network it is that network, so the same seed has to give
# the same parameters. ``print(model)`` shows the layers; the second loop prints a summary with the
# number of parameters in each part:

import torch.nn.functional as F

from mnist_tut.by_hand import accuracy
from mnist_tut.loaders import WrappedDataLoader, get_data, preprocess
from mnist_tut.models import better_cnn
from mnist_tut.project import DeepCNN
from mnist_tut.training import evaluate, fit, weighted_mean

torch.manual_seed(2)
known = better_cnn()
torch.manual_seed(2)
model = DeepCNN([16, 32, 64])
for p, q in zip(model.parameters(), known.parameters()):
    assert torch.equal(p, q)
for name, part in model.named_children():
    print(name, sum(p.numel() for p in part.parameters()))
print(sum(p.numel() for p in model.parameters()), "parameters")

# %%
# They are the same. One :term:`epoch`, straight from the files:

bs = 64
train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
train_dl = WrappedDataLoader(train_dl, preprocess)
valid_dl = WrappedDataLoader(valid_dl, preprocess)

opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
fit(1, model, F.cross_entropy, opt, train_dl, valid_dl)
print(f"{evaluate(model, accuracy, valid_dl):.4f}")

# %%
# **In short:** other data and another network, but not another loop.
#
# .. _own-handwriting:
#
# Your own handwriting
# --------------------
#
# Write a digit on white paper, or with chalk on a board, and take a photo. Then
# ``photo = Image.open("photo.jpg")`` takes the place of the next cell, which draws one: large, off
# the middle, and with light that falls from the left.

from PIL import ImageDraw

light = np.linspace(245, 205, 400).astype(np.uint8)
photo = Image.fromarray(np.tile(light, (300, 1)))
pen = ImageDraw.Draw(photo)
pen.line([(190, 60), (270, 62), (225, 190)], fill=45, width=16, joint="curve")
print(photo.size)

# %%
# MNIST is white on black; its makers scaled each digit to 20 pixels and put its centre of mass in
# the middle. The network has seen nothing else. So we take two steps. The first keeps the ink and
# drops the paper. As light falls unevenly and your hand throws a shadow, every place is compared
# with the paper around it; specks and the edge of the table go, and the line of a ballpoint, far
# thinner than any in MNIST, is drawn anew with a felt pen:
#
# .. tested-source:: mnist_tut.project.ink_of
#
# .. tested-source:: mnist_tut.project.brightness
#    :folded: brightness: a small photo, its ground lighter than the digit
#
# .. tested-source:: mnist_tut.project.is_board
#    :folded: is_board: chalk or ink?
#
# .. tested-source:: mnist_tut.project.paper_around
#    :folded: paper_around: how bright the paper is under the ink
#
# .. tested-source:: mnist_tut.project.digit_alone
#    :folded: digit_alone: without specks and edges
#
# .. tested-source:: mnist_tut.project.felt_pen
#    :folded: felt_pen: thin lines thicker
#
# The second brings the ink to the place and size that the network expects, and makes it as bright,
# just as the pad on the first page does with what you draw:
#
# .. tested-source:: mnist_tut.project.like_mnist
#
# .. tested-source:: mnist_tut.project.tents
#    :folded: tents: how much of each old row goes into each new one
#
# Here is the photo, only made small, then turned to ink, then brought into the form of MNIST; above
# each, what the network takes it for. *What do you expect of the first?*

import matplotlib.pyplot as plt

from mnist_tut.plots import show_digits
from mnist_tut.project import grey_on_white
from mnist_tut.project import ink_of
from mnist_tut.project import like_mnist

grey = grey_on_white(photo)
small = torch.tensor(np.array(grey.resize((28, 28)))).view(-1) / 256
ink = F.adaptive_avg_pool2d(ink_of(photo)[None], 28).view(-1)
three = torch.stack([small, ink, like_mnist(ink_of(photo))])

model.eval()
xb, _ = preprocess(three, None)
with torch.no_grad():
    guess = model(xb).argmax(dim=1)
show_digits(three, guess, cols=3)

# %%
# .. figure-text:: Three images of the same digit 7: black on light grey and small; white on
#    black, thin and off the middle; white on black, large and in the middle. A predicted class
#    stands above each.
#
#    The photo on its way to the form of MNIST, and what the network reads each time.
#
# A blank sheet is an error. Nothing else is, neither a letter nor your cat: a network answers
# everything. (Strongly squared paper, two digits in one photo, or a sheet that lies small on a dark
# table may be too much for our few lines.)
#
# **In short:** bring new data into the form of the training data, and look at them before you
# believe what the network says.
#
# .. _own-workers:
#
# Worker processes
# ----------------
#
# With ``num_workers=2`` a loader has two more processes read and unpack while yours trains. On
# Linux they can be copies of your process (*fork*). *Guess: does it pay for images as small as
# ours?*

import os
import sys
import time


def seconds(**options):
    began = time.perf_counter()
    for _ in DataLoader(train_ds, batch_size=bs, **options):
        pass
    return time.perf_counter() - began


print(f"in this process: {seconds():.2f} s")
if sys.platform == "linux":
    took = seconds(num_workers=2, multiprocessing_context="fork")
    print(f"two workers:     {took:.2f} s, {os.cpu_count()} cores")

# %%
# Two processes have to be started, and every :term:`mini-batch` has to be handed over. Where
# reading takes longer than that, as with large photos, they pay. Measure with your own.
#
# On other systems, and from Python 3.14 on everywhere unless you ask for a copy, a worker is a
# fresh Python. It first runs your file to know your classes, but under another name. What must not
# be run again stands behind the :term:`main guard`, ``if __name__ == "__main__":``. We run a small
# program under both names, as you start it and as a worker does:

import runpy

program = home / "train.py"
program.write_text("""
print("classes and functions")


def main():
    print("training")


if __name__ == "__main__":
    main()
""")

for name in ("__main__", "__mp_main__"):
    print(f"{name}:")
    runpy.run_path(str(program), run_name=name)

# %%
# .. guess:: And without the guard?
#
#    The worker, too, comes to the line that starts workers. Python stops it there with a
#    ``RuntimeError``, or workers would start workers without end.
#
# **In short:** measure whether workers pay; and what a program does stands behind its main guard.
#
# .. _own-augment:
#
# Data augmentation
# -----------------
#
# The tutorial's CNN misread digits that were shifted by two pixels. It had never seen any, so let
# us show it some: each mini-batch comes shifted by up to two pixels each way, at random. Such a
# :term:`transform` is no more than a function in the loader, like ``preprocess``. (Our data are
# small, so from now on they stay in memory.)
#
# .. tested-source:: mnist_tut.project.random_shift

from mnist_tut.project import random_shift

train_ds = TensorDataset(read, labels)
valid_ds = TensorDataset(*map(torch.tensor, (x_valid[:1000], y_valid[:1000])))
xv, yv = preprocess(*valid_ds[:])
shifted = xv.roll(2, dims=3)


def as_it_is(x, y):
    return x, y


for transform in (as_it_is, random_shift):
    train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
    train_dl = WrappedDataLoader(WrappedDataLoader(train_dl, preprocess), transform)
    valid_dl = WrappedDataLoader(valid_dl, preprocess)

    torch.manual_seed(2)
    model = DeepCNN([16, 32, 64])
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    fit(3, model, F.cross_entropy, opt, train_dl, valid_dl)
    with torch.no_grad():
        print(f"shifted: {accuracy(model(shifted), yv):.4f}")

# %%
# The first line is, to the last digit, that of the epoch from files. Then the losses differ:
# with shifts it is harder to learn by heart, so it takes longer, but look at what becomes of the
# shifted digits. Only the training data are shifted: the :term:`validation set` stands for what is
# to come.
#
# .. exercise:: my_shift
#
#    ``random_shift`` moves all images of a mini-batch alike. Write one that draws anew for each
#    image: up to ``most`` pixels in each direction, black where the image has left, and none of
#    it coming back in on the other side. ``x`` has the shape (n, 1, 28, 28), and stays as it is.
#
# **In short:** show the network what it will meet; a function in the loader is enough.
#
# .. _own-adamw:
#
# AdamW and a schedule
# --------------------
#
# Most projects start with :class:`torch.optim.AdamW`. It divides each parameter's step by the size
# that its gradients had of late, so those with small gradients get ahead, too. The W is for
# :term:`weight decay`: each step also makes every parameter smaller by ``lr * weight_decay`` times
# itself. A gradient of zero shows it alone:

p = torch.ones(1, requires_grad=True)
opt = optim.AdamW([p], lr=0.1, weight_decay=0.5)
p.grad = torch.zeros(1)
opt.step()
print(f"{p.item():.4f} {1 - 0.1 * 0.5:.4f}")

# %%
# Large weights are pulled back unless the gradients keep asking for them: a guard against
# :term:`overfitting`, and so a kind of :term:`regularisation`.
#
# A :term:`schedule` changes ``lr`` after every step. With
# :class:`torch.optim.lr_scheduler.OneCycleLR` it is small at first, while the gradients are wild,
# then large, and nearly nothing at the end. The schedule sets ``lr`` by itself, so the optimizer is
# given none. Draw a schedule before you use it:

epochs = 2
steps = epochs * len(train_dl)
opt = optim.AdamW([torch.zeros(1)])
schedule = optim.lr_scheduler.OneCycleLR(opt, max_lr=0.01, total_steps=steps)
rates = []
for _ in range(steps):
    rates += schedule.get_last_lr()
    opt.step()
    schedule.step()

plt.figure(figsize=(6, 2))
plt.plot(rates)
plt.xlabel("step")
plt.ylabel("lr")
plt.show()

# %%
# .. figure-text:: A curve over the steps of two epochs: it rises from near zero to 0.01 within the
#    first third, then falls back to zero in a long smooth slope.
#
#    The learning rate of each step.
#
# ``fit`` knows nothing of schedules, so we write its inner loop again, one line longer:
#
# .. tested-source:: mnist_tut.project.train_epoch
#
# Everything that belongs to a run goes into a function, as we will need it again. The seed gives
# the initial weights; all later random numbers, for the order and for the shifts, come from one
# :class:`torch.Generator`:

from mnist_tut.project import train_epoch


def new_run(seed=2):
    torch.manual_seed(seed)
    model = DeepCNN([16, 32, 64])
    opt = optim.AdamW(model.parameters())
    schedule = optim.lr_scheduler.OneCycleLR(opt, max_lr=0.01, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)

    def shift(x, y):
        return random_shift(x, y, generator)

    dl = DataLoader(train_ds, batch_size=bs, shuffle=True, generator=generator)
    dl = WrappedDataLoader(WrappedDataLoader(dl, preprocess), shift)
    return model, opt, schedule, generator, dl


model, opt, schedule, generator, train_dl = new_run()
log = []
for epoch in range(epochs):
    losses = train_epoch(model, opt, schedule, train_dl)
    log += [loss for loss, _ in losses]
    share = evaluate(model, accuracy, valid_dl)
    print(f"{epoch}  {weighted_mean(losses):.4f}  {share:.4f}")

# %%
# .. guess:: Why must the schedule know the number of steps beforehand?
#
#    Because its whole course is planned: it must reach nearly zero in the last step. To train
#    longer, make a new schedule; one step too many is an error.
#
# **In short:** ``AdamW`` and one cycle are a good start; ``schedule.step()`` follows
# ``opt.step()``.
#
# .. _own-log:
#
# Keep a log: CSV and TensorBoard
# -------------------------------
#
# What is printed is gone tomorrow. A file stays, and the simplest one that every program can read
# is CSV: a line for each step.

import csv

with (home / "log.csv").open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["step", "lr", "loss"])
    writer.writerows(zip(range(steps), rates, log))

print(*(home / "log.csv").read_text().splitlines()[:3], sep="\n")

# %%
# A picture says more than the numbers:

plt.figure(figsize=(6, 2))
plt.plot(log)
plt.xlabel("step")
plt.ylabel("loss")
plt.show()

# %%
# .. figure-text:: A jagged curve over the steps: the loss falls steeply at first and then more and
#    more slowly.
#
#    The loss of each mini-batch: noisy, but it shows at a glance how the training went.
#
# To watch a run while it trains, and to compare many, there is
# `TensorBoard <https://www.tensorflow.org/tensorboard>`_, a package of its own. PyTorch writes for
# it, if it is there:

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    print("TensorBoard is not installed: pip install tensorboard")
else:
    with SummaryWriter(home / "runs") as board:
        for step, loss in enumerate(log):
            board.add_scalar("loss", loss, step)
    print("Now start: tensorboard --logdir", home / "runs")

# %%
# (Builds of this page do without TensorBoard. We last ran this cell with it on 2026-11-29: version
# 2.21.)
#
# **In short:** write down each run, so that you can compare it with the next.
#
# .. _own-confusion:
#
# Which classes are mistaken: the confusion matrix
# ------------------------------------------------
#
# The accuracy is one number for ten classes. The :term:`confusion matrix` has one for each pair of
# them: the row is the true class, the column what the network took it for.
#
# .. tested-source:: mnist_tut.project.confusion

from mnist_tut.plots import show_confusion
from mnist_tut.project import confusion

model.eval()
with torch.no_grad():
    guess = model(xv).argmax(dim=1)
matrix = confusion(guess, yv)
show_confusion(matrix)
assert matrix.sum() == len(yv)

# %%
# .. figure-text:: A table of ten by ten numbers. The large ones stand on the diagonal, in grey; the
#    others are small, and the darker orange the larger.
#
#    Rows are true classes, columns predictions. On the diagonal stand the right ones; what is not
#    zero elsewhere is a kind of mistake.
#
# Two questions about each class: of all that the network took for a 4, how many really are
# (:term:`precision`)? And of all that really are a 4, how many did it find (:term:`recall`)?

right = matrix.diagonal()
precision, recall = right / matrix.sum(dim=0), right / matrix.sum(dim=1)
print("   precision  recall")
for digit in range(10):
    print(f"{digit}  {precision[digit]:9.3f}{recall[digit]:8.3f}")

# %%
# .. guess:: A network calls every image a 4. What are its precision and recall for the 4?
#
#    Recall is 1: it has found them all. Precision is the share of 4 among the images, about one
#    in ten. It is easy to get one of them high and not the other. And where one class has far more
#    images than the rest (class imbalance), a high accuracy says little about the small ones.
#
# **In short:** look at the kinds of mistakes, not only at how many there are.
#
# .. _own-resume:
#
# Stop and go on: resume from a checkpoint
# ----------------------------------------
#
# A run of several days will be stopped one day: power cut, time limit, Ctrl-C. It can go on as
# if nothing had happened, to the last bit, if *everything that changes* is kept: the model, the
# optimizer with its schedule, and the ``generator`` that order and shifts come from.
#
# .. tested-source:: mnist_tut.project.save
#
# .. tested-source:: mnist_tut.project.resume
#
# Each has its state, made of tensors and numbers. So :func:`torch.load` can be told
# ``weights_only=True``, and reads nothing that could run code. The file is called a
# :term:`checkpoint`.
#
# Above we trained two epochs in one go. Now one, and a checkpoint; then everything is made anew,
# from another seed, as a new process would:

from mnist_tut.project import resume
from mnist_tut.project import save

whole = model
checkpoint = home / "run.pt"

model, opt, schedule, generator, train_dl = new_run()
train_epoch(model, opt, schedule, train_dl)
save(checkpoint, model, opt, schedule, generator)

model, opt, schedule, generator, train_dl = new_run(seed=5)
resume(checkpoint, model, opt, schedule, generator)
train_epoch(model, opt, schedule, train_dl)


def difference(model):
    pairs = zip(model.state_dict().values(), whole.state_dict().values())
    return max((a - b).abs().max().item() for a, b in pairs)


print(difference(model))
assert difference(model) == 0

# %%
# Zero, and not nearly zero. What if one of them is forgotten?
#
# .. guess:: Everything goes on but the ``generator``, which starts afresh. What changes?
#
#    Different images share a mini-batch, and they are shifted differently. That is a good run,
#    too, but not the same one: nothing tells you whether something else has gone wrong.

model, opt, schedule, generator, train_dl = new_run(seed=5)
resume(checkpoint, model, opt, schedule, generator)
generator.manual_seed(5)
train_epoch(model, opt, schedule, train_dl)
print(f"{difference(model):.4f}")
assert difference(model) > 0

# %%
# Save after each epoch. A process that is killed in mid-epoch begins that epoch again, in the same
# order, and comes to the same end, bit for bit. (Layers such as :class:`torch.nn.Dropout` draw from
# PyTorch's global random numbers: then keep their state as well, from :func:`torch.get_rng_state`.
# Another machine, or another number of threads, may round differently.)
#
# **In short:** keep model, optimizer, schedule and ``generator``; write a new file, then rename it.
#
# .. _own-tune:
#
# Fine-tuning
# -----------
#
# You rarely have to start from nothing: a network trained on plenty of data can learn something new
# from little. That is *transfer learning*. Here "plenty" is the digits 0 to 4, and "little" is two
# hundred images of 5 to 9. (The files came sorted by class; these are in MNIST's own order.)

x, y = map(torch.tensor, (x_train[:3000], y_train[:3000]))


def digits(x, y, low, count=None):
    chosen = (y >= low) & (y < low + 5)
    return TensorDataset(x[chosen][:count], y[chosen][:count] - low)


def loaders(low, count=None):
    both = digits(x, y, low, count), digits(*valid_ds[:], low)
    return [WrappedDataLoader(dl, preprocess) for dl in get_data(*both, bs)]


torch.manual_seed(2)
model = DeepCNN([16, 32, 64], classes=5)
opt = optim.AdamW(model.parameters(), lr=0.01)
fit(1, model, F.cross_entropy, opt, *loaders(low=0))

# %%
# Now we *freeze* the blocks, which have learnt to see strokes, and put a new head on. A new layer
# wants gradients, the :term:`frozen` ones do not, so the optimizer gets the head alone:

model.requires_grad_(False)
model.head = nn.Linear(64 * 4 * 4, 5)
learning = [p for p in model.parameters() if p.requires_grad]
total = sum(p.numel() for p in model.parameters())
print(f"{sum(p.numel() for p in learning)} of {total} parameters train")

before = {name: value.clone() for name, value in model.state_dict().items()}
opt = optim.AdamW(learning, lr=0.01)
dls = loaders(low=5, count=200)
fit(3, model, F.cross_entropy, opt, *dls)
print(f"{evaluate(model, accuracy, dls[1]):.4f}")

# %%
# *Did the frozen ones stay as they were?*

names = [name for name, p in model.named_parameters() if not p.requires_grad]
after = model.state_dict()
assert all(torch.equal(before[name], after[name]) for name in names)
changed = [name for name in after if not torch.equal(before[name], after[name])]
print(*changed, sep="\n")

# %%
# All parameters of the blocks did, to the bit. But listed beside the head are the running means and
# variances of batch normalisation, with a count of the mini-batches. They are no parameters:
# ``requires_grad`` does not concern them, and while ``train()`` is on, means and variances follow
# the data. Often that is welcome, as the images are new.
#
# .. guess:: And if they are to stay?
#
#    ``model.blocks.eval()`` after ``model.train()``. Frozen and in evaluation mode, the blocks give
#    the same features for an image every time, so you may compute these once and train the head on
#    them.
#
# For comparison, the same network from nothing, on the same two hundred images:

torch.manual_seed(2)
fresh = DeepCNN([16, 32, 64], classes=5)
opt = optim.AdamW(fresh.parameters(), lr=0.01)
fit(3, fresh, F.cross_entropy, opt, *dls)
print(f"{evaluate(fresh, accuracy, dls[1]):.4f}")

# %%
# **In short:** keep what was learnt, replace the head, and look at what has changed.
#
# .. _own-export:
#
# Beyond your code: export
# ------------------------
#
# A ``state_dict`` is of no use without your class. For :term:`deployment` elsewhere,
# :func:`torch.export.export` traces the model and writes down its operations with the parameters: one file, which needs PyTorch but none of your
# code. ``Dim`` says that the batch may have any size.

from torch.export import Dim

whole.eval()
batch = Dim("batch")
exported = torch.export.export(whole, (xv[:8],), dynamic_shapes=({0: batch},))
torch.export.save(exported, home / "digits.pt2")

loaded = torch.export.load(home / "digits.pt2").module()
with torch.no_grad():
    print(loaded(xv[:8]).shape, loaded(xv).shape)
    print(f"largest difference: {(loaded(xv) - whole(xv)).abs().max():.0e}")
    torch.testing.assert_close(loaded(xv), whole(xv))

# %%
# `ONNX <https://onnx.ai>`_ is a format that other programs read, on phones and in browsers too. It
# needs two more packages; where they are, its own reference program computes a few images, and we
# compare:

try:
    import onnx.reference
    import onnxscript
except ImportError:
    print("ONNX is not installed: pip install onnx onnxscript")
else:
    options = {"dynamic_shapes": ({0: batch},), "dynamo": True, "verbose": False}
    torch.onnx.export(whole, (xv[:8],), home / "digits.onnx", **options)
    reader = onnx.reference.ReferenceEvaluator(str(home / "digits.onnx"))
    [out] = reader.run(None, {reader.input_names[0]: xv[:20].numpy()})
    with torch.no_grad():
        most = (torch.tensor(out) - whole(xv[:20])).abs().max()
    print(f"largest difference: {most:.0e}")
    assert most < 1e-3

# %%
# (Nor is ONNX there in our builds. On 2026-11-29, with version 1.23, the outputs agreed.)
#
# **In short:** export at the end, in evaluation mode, and compare the numbers on both sides.
#
# .. _own-closing:
#
# What you have now
# -----------------
#
# A ``Dataset`` of files, transforms, a network with settings, a schedule, a log, a matrix of
# mistakes, checkpoints, fine-tuning and an export: a project. The loop in its middle is still the
# one of the tutorial.
#
# When yours grows, put classes and functions into modules, the run behind the main guard, and what
# you rely on into tests, such as ``difference(model) == 0``.
