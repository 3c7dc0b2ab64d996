r"""
.. _own-top:

做一个自己的项目
================

- **动手**：把教程里的训练循环带进自己的项目：从文件读图片，识别您手写的数字，\
  训练断了电也能接上，让网络学点新东西，最后得到一个不靠您的代码也能用的模型。
- **收获**：学会每次只添一样东西，每次都核对结果是否符合预期。
- **准备**：:doc:`nn_tutorial`。不需要 GPU。

本页只用 MNIST 的一小部分，所以每次训练都不费时间。
"""

# %%
# .. _own-files:
#
# 文件夹里的图片
# --------------
#
# 您自己的数据不会是一个整整齐齐的数组，而是一堆文件。所以我们先把 MNIST 的一部分写成 PNG 图片，\
# 存进一个文件夹，每个类别再占一个子文件夹。读写图片用 `Pillow <https://pillow.readthedocs.io>`_，\
# 它是随 Matplotlib 一起装好的。（这个文件夹是临时的，最后由 Python 删掉。）

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
SIZE = 16_168_813  # 字节
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
# 图片文件各不相同。手机按感光元件看到的样子存照片，哪边朝上，只在文件头（*EXIF*）里记一笔；\
# 扫描仪可能用 16 个比特记一个像素；平板电脑画的字，底是透明的。不论哪一种，是不是白底黑字，\
# 都用同一个函数打开，还原成本来的样子，变成灰度图：
#
# .. tested-source:: mnist_tut.project.grey_on_white
#
# .. tested-source:: mnist_tut.project.opened
#    :folded: opened：把照片转正，打不开就说清原因
#
# .. tested-source:: mnist_tut.project.eight_bits
#    :folded: eight_bits：按像素实际的取值范围，变成一个字节
#
# .. tested-source:: mnist_tut.project.on_a_sheet
#    :folded: on_a_sheet：透明的地方变成白色
#
# 在 PyTorch 看来，一个文件夹只要有长度、能按:term:`索引`（index）取值，就是一个 ``Dataset``。\
# 我们的这一个只记住有哪些文件，要哪张，才读哪张。（torchvision 包里的 ``ImageFolder``
# 认的也是这样的文件夹。）
#
# .. tested-source:: mnist_tut.project.read_picture
#
# .. tested-source:: mnist_tut.project.PictureFolder
#
# 读不了的文件会让程序停下来，并报出文件名，所以在成千上万个文件里也找得到它：空文件、只下载了一半的文件、\
# 名叫 ``photo.jpg`` 的网页、iPhone 的 HEIC 照片（请先另存为 JPEG）、大小不对的图片，都是这样。\
# 没有图片的文件夹、名字不是数字的文件夹，也会报错。``._3.png``
# 之类的隐藏文件（macOS 会在 U 盘上留下它们）直接跳过。
#
# .. guess:: 为什么要 ``sorted``？
#
#    磁盘给出文件的次序是不定的。不排序，同一个种子换一台机器，就是另一次训练。
#
# 写到磁盘上再读回来，丢了什么没有？

from mnist_tut.project import PictureFolder

train_ds, valid_ds = PictureFolder(home / "train"), PictureFolder(home / "valid")
print(train_ds.files[0].relative_to(home), len(train_ds), len(valid_ds))

read = torch.stack([picture for picture, _ in train_ds])
labels = torch.tensor([label for _, label in train_ds])
written = [int(path.stem) for path in train_ds.files]
assert torch.equal(read, torch.tensor(x_train[written]))
assert torch.equal(labels, torch.tensor(y_train[written]))

# %%
# 一个比特也没丢。（照片通常存成 JPEG，那就会丢一些。）
#
# **小结**：一份文件清单，加上长度和索引，文件夹就成了 ``Dataset``。
#
# .. _own-loop:
#
# 还是那个循环
# ------------
#
# 循环和加载器都是教程里的，主要的几个放在这里，供您查看：
#
# .. tested-source:: mnist_tut.training.fit
#    :folded: fit：训练循环
#
# .. tested-source:: mnist_tut.training.loss_batch
#    :folded: loss_batch：一个小批量的损失，必要时走一步
#
# .. tested-source:: mnist_tut.training.weighted_mean
#    :folded: weighted_mean：按批大小加权的平均
#
# .. tested-source:: mnist_tut.training.evaluate
#    :folded: evaluate：在整个加载器上求平均
#
# .. tested-source:: mnist_tut.loaders.WrappedDataLoader
#    :folded: WrappedDataLoader：带函数的加载器
#
# 自己的网络，可调的东西会比教程里的多。这里可调的是三个块的宽度和类别数。\
# （块数若变，``head`` 里的 ``4 * 4`` 也要改。）各块放在 :class:`torch.nn.ModuleList` 里：它像 Python 列表，怎么用由 ``forward`` 决定，\
# 但模块看得见里面的参数。
#
# .. tested-source:: mnist_tut.project.DeepCNN
#
# 宽度与教程的最后一个网络相同时，它就是那个网络，所以种子相同，参数就应当相同。\
# ``print(model)`` 列出各层，第二个循环打印一份摘要：每个部分有多少个参数。

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
# 果然相同。直接从文件训练一个:term:`轮次`（epoch）：

bs = 64
train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
train_dl = WrappedDataLoader(train_dl, preprocess)
valid_dl = WrappedDataLoader(valid_dl, preprocess)

opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
fit(1, model, F.cross_entropy, opt, train_dl, valid_dl)
print(f"{evaluate(model, accuracy, valid_dl):.4f}")

# %%
# **小结**：数据换了，网络换了，循环没有换。
#
# .. _own-handwriting:
#
# 识别您手写的数字
# ----------------
#
# 用笔在白纸上，或者用粉笔在黑板上写一个数字，拍张照片。然后用 ``photo = Image.open("photo.jpg")``
# 代替下面这个单元格。没有照片的话，就由它画一张：字很大，不在中间，光从左边来。

from PIL import ImageDraw

light = np.linspace(245, 205, 400).astype(np.uint8)
photo = Image.fromarray(np.tile(light, (300, 1)))
pen = ImageDraw.Draw(photo)
pen.line([(190, 60), (270, 62), (225, 190)], fill=45, width=16, joint="curve")
print(photo.size)

# %%
# MNIST 是黑底白字；制作者把每个数字缩放到 20
# 个像素长，再把重心放在图片正中。网络没见过别的样子。所以分两步。第一步去掉纸，只留墨迹。\
# 光照不会均匀，手还会投下影子，所以每一处都与它周围的纸相比；再去掉污点和桌子的边；\
# 圆珠笔的线比 MNIST 里的任何一笔都细得多，就换一支粗笔重描：
#
# .. tested-source:: mnist_tut.project.ink_of
#
# .. tested-source:: mnist_tut.project.brightness
#    :folded: brightness：把照片缩小，让底色比字亮
#
# .. tested-source:: mnist_tut.project.is_board
#    :folded: is_board：是粉笔字还是墨迹？
#
# .. tested-source:: mnist_tut.project.paper_around
#    :folded: paper_around：墨迹下面的纸有多亮
#
# .. tested-source:: mnist_tut.project.digit_alone
#    :folded: digit_alone：去掉污点和边上的东西
#
# .. tested-source:: mnist_tut.project.felt_pen
#    :folded: felt_pen：把细线描粗
#
# 第二步把墨迹放到网络熟悉的位置，缩成它熟悉的大小，调到它熟悉的亮度。首页的画板对您画的字，做的也是同样的事：
#
# .. tested-source:: mnist_tut.project.like_mnist
#
# .. tested-source:: mnist_tut.project.tents
#    :folded: tents：旧的每一行有多少进入新的每一行
#
# 下面依次是：只是缩小的照片、只留墨迹的照片、变成 MNIST 样子的照片；每张上方是网络认出的数字。\
# *您觉得第一张会认成什么？*

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
# .. figure-text:: 同一个数字 7 的三张图片：第一张是浅灰底黑字，很小；第二张是黑底白字，笔画细，\
#    不在中间；第三张是黑底白字，又大又居中。每张上方是认出的类别。
#
#    照片一步步变成 MNIST 的样子，以及网络每次认出的数字。
#
# 白纸会报错。别的都不会，给它一个字母，甚至您家的猫，网络也总会给出一个答案。\
# （格线很深的方格纸、一张照片里有两个数字、白纸很小而周围是深色的桌子，这几行代码就不一定对付得了。）
#
# **小结**：先把新数据变成训练数据的样子；先亲眼看看，再决定要不要相信模型的预测。
#
# .. _own-workers:
#
# 工作进程
# --------
#
# 写上 ``num_workers=2``，加载器就另开两个:term:`工作进程`（worker process）负责读取和解码，\
# 您的进程只管训练。在 Linux 上，它们可以是您的进程的副本（*fork*）。*猜一猜：图片这么小，划算吗？*

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
# 开两个进程要花时间，每个:term:`小批量`（mini-batch）还要在进程之间传递一次。\
# 如果读取比这更费时间，例如大照片，那就划算。请用自己的数据测一测。
#
# 在别的系统上，或者从 Python 3.14 起，只要您没有要求用副本，工作进程就是一个全新的 Python：\
# 它先把您的文件运行一遍，好认识里面的类，只是换了一个名字。不该再运行一遍的，\
# 都放到:term:`入口保护`（main guard）下面，即 ``if __name__ == "__main__":``。\
# 下面把一个小程序用两个名字各运行一遍：先像您启动它那样，再像工作进程那样：

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
# .. guess:: 如果没有入口保护呢？
#
#    工作进程也会走到启动工作进程的那一行。Python 会在那里报 ``RuntimeError``，把它拦下；\
#    不然工作进程又开工作进程，没完没了。
#
# **小结**：工作进程划不划算，测了才知道；程序真正要做的事，放在入口保护下面。
#
# .. _own-augment:
#
# 数据增强
# --------
#
# 数字平移两个像素，教程里的 CNN 就常常认错，因为它从没见过。那就让它见见：每个小批量都随机平移，\
# 每个方向最多两个像素。这就是:term:`数据增强`（data augmentation）。\
# 这样的:term:`变换`（transform）不过是加载器里的一个函数，和 ``preprocess`` 一样。\
# （我们的数据很少，从这里起一直放在内存里。）
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
# 第一行与从文件训练时的那一行完全相同，一位不差。接下来损失就不同了：图片每次都略有移动，就难以死记硬背，\
# 所以学得慢些；但请看看，平移过的数字认得怎样了。平移的只有训练数据：:term:`验证集`（validation
# set）代表将来的数据，保持原样。
#
# .. exercise:: my_shift
#
#    ``random_shift`` 让整个小批量一起平移。请写一个函数，给每张图片各抽一次：每个方向最多移
#    ``most`` 个像素，移走后空出来的地方是黑的，移出去的不能从另一边回来。``x`` 的形状是 (n, 1, 28,
#    28)，不要改动它。
#
# **小结**：将来会遇到的，训练时就让网络见到；加载器里加一个函数就够了。
#
# .. _own-adamw:
#
# AdamW 与学习率调度
# ------------------
#
# 多数项目从 :class:`torch.optim.AdamW` 用起。它把每个参数的步长除以近来梯度的大小，\
# 所以梯度小的参数也走得动。W 是指:term:`权重衰减`（weight decay）：每走一步，每个参数还要减去自己的
# ``lr * weight_decay`` 倍。梯度为零时，看到的就只有它：

p = torch.ones(1, requires_grad=True)
opt = optim.AdamW([p], lr=0.1, weight_decay=0.5)
p.grad = torch.zeros(1)
opt.step()
print(f"{p.item():.4f} {1 - 0.1 * 0.5:.4f}")

# %%
# 大的权重会被往回拉，除非梯度一再要它保持这么大：这有助于防止:term:`过拟合`（overfitting），\
# 是一种:term:`正则化`（regularisation）。
#
# :term:`学习率调度`（schedule）每一步都改变 ``lr``。按
# :class:`torch.optim.lr_scheduler.OneCycleLR` 的做法，``lr`` 开头小，因为这时梯度很乱；中间大；\
# 到最后几乎为零。``lr`` 全由它来定，所以新建优化器时不写 ``lr``。用之前，先画出来看看：

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
# .. figure-text:: 两个轮次里学习率随步数变化的曲线：在前三分之一以内从接近零升到 0.01，\
#    然后沿一条平滑的长坡降回零。
#
#    每一步（``step``）的学习率 ``lr``。
#
# ``fit`` 不知道有学习率调度，所以把它里面的循环再写一遍，多写一行：
#
# .. tested-source:: mnist_tut.project.train_epoch
#
# 一次训练要用的东西，都放进一个函数，因为后面还要用。初始权重由种子决定；\
# 此后的随机数，不论次序还是平移，都出自同一个 :class:`torch.Generator`：

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
# .. guess:: 为什么学习率调度必须事先知道总步数？
#
#    因为全程都是计划好的：最后一步要接近零。想训练得更久，就新建一个；多走一步就会报错。
#
# **小结**：``AdamW`` 加上一个周期的学习率调度，是个好起点；``schedule.step()`` 跟在 ``opt.step()``
# 后面。
#
# .. _own-log:
#
# 写日志：CSV 与 TensorBoard
# --------------------------
#
# 打印出来的，明天就没了，写进文件才留得住。最简单、什么程序都能读的是 CSV：每一步一行。

import csv

with (home / "log.csv").open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["step", "lr", "loss"])
    writer.writerows(zip(range(steps), rates, log))

print(*(home / "log.csv").read_text().splitlines()[:3], sep="\n")

# %%
# 画成图，比数字更清楚：

plt.figure(figsize=(6, 2))
plt.plot(log)
plt.xlabel("step")
plt.ylabel("loss")
plt.show()

# %%
# .. figure-text:: 损失随步数变化的曲线，锯齿很多：开头降得很快，后来越来越慢。
#
#    每个小批量的损失（``loss``）：跳来跳去，但训练得怎样，一眼就能看出来。
#
# 想在训练时随时查看，或者比较许多次训练，可以用 `TensorBoard
# <https://www.tensorflow.org/tensorboard>`_。它是单独的软件包；只要装了，PyTorch 就能为它写日志：

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
# （构建本页时没有安装 TensorBoard。最近一次运行这个单元格是在 2026-11-29，用的是 2.21 版。）
#
# **小结**：每次训练都记下来，才能与下一次比较。
#
# .. _own-confusion:
#
# 哪些类别弄混了：混淆矩阵
# ------------------------
#
# 十个类别，准确率只有一个数。:term:`混淆矩阵`（confusion matrix）为每两个类别都给出一个数：\
# 行是真实的类别，列是网络认出的类别。
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
# .. figure-text:: 十行十列的数字表。大数在对角线上，是灰色的；其余的都小，数越大，橙色越深。
#
#    行是真实的类别，列是认出的类别。对角线上是认对的；别处只要不是零，就是一种错误。
#
# 对每个类别可以问两个问题：网络认成 4 的，有多少真是 4？这叫:term:`精确率`（precision），又称查准率。\
# 真是 4 的，它找出了多少？这叫:term:`召回率`（recall），又称查全率。

right = matrix.diagonal()
precision, recall = right / matrix.sum(dim=0), right / matrix.sum(dim=1)
print("   precision  recall")
for digit in range(10):
    print(f"{digit}  {precision[digit]:9.3f}{recall[digit]:8.3f}")

# %%
# .. guess:: 有个网络把每张图片都认成 4。它对这个类别的精确率和召回率是多少？
#
#    召回率是 1：它全找出来了。精确率就是 4 在图片里占的比例，大约十分之一。只让其中一个高，并不难。\
#    还有，如果某一类的图片比别的多得多（类别不平衡），准确率再高，也说明不了那些小类认得怎样。
#
# **小结**：不但要看错了多少，还要看错在哪里。
#
# .. _own-resume:
#
# 中断与恢复：断点续训
# --------------------
#
# 要训练好几天，总会遇到中断：断电、到了时限、按了 Ctrl+C。只要把*会变的东西都存下来*，\
# 恢复以后就像什么都没发生过一样，一个比特也不差。会变的是：模型、优化器及其学习率调度，\
# 还有决定次序和平移的 ``generator``。
#
# .. tested-source:: mnist_tut.project.save
#
# .. tested-source:: mnist_tut.project.resume
#
# 它们的状态里只有张量和数，所以可以让 :func:`torch.load` 用 ``weights_only=True``，\
# 凡是可能运行代码的，一概不读。这样的文件叫:term:`检查点`（checkpoint）。
#
# 前面一口气训练了两个轮次。现在只训练一个，存下检查点；然后像新的进程那样，换一个种子，\
# 全部重新创建：

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
# 是零，而不是接近零。要是忘了其中一样呢？
#
# .. guess:: 别的都恢复了，只有 ``generator`` 重新开始。会有什么不同？
#
#    分到同一个小批量里的图片不同了，平移也不同了。这也是一次好的训练，但不是同一次：\
#    就算别处还有错，您也看不出来。

model, opt, schedule, generator, train_dl = new_run(seed=5)
resume(checkpoint, model, opt, schedule, generator)
generator.manual_seed(5)
train_epoch(model, opt, schedule, train_dl)
print(f"{difference(model):.4f}")
assert difference(model) > 0

# %%
# 每个轮次之后都存一次。进程在一个轮次的中途被杀掉，恢复后就从这个轮次的开头重来，次序相同，\
# 结果也一个比特都不差。（:class:`torch.nn.Dropout`
# 这样的层用的是 PyTorch 的全局随机数，那就还要存下它的状态，用 :func:`torch.get_rng_state` 取得。\
# 换一台机器，或者换一个线程数，舍入可能不同。）
#
# **小结**：模型、优化器、学习率调度和 ``generator`` 都要存；先写成新文件，再改名。
#
# .. _own-tune:
#
# 微调
# ----
#
# 很少需要从零开始：在大量数据上训练好的网络，用很少的数据就能学会新东西，这就是*迁移学习*（transfer
# learning）。把数字 0 到 4 当作大量的数据，再拿两百张 5 到 9 的图片当作少量的数据。\
# （读文件时按类别排了序；这里用的是 MNIST 原来的次序。）

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
# 现在:term:`冻结`（frozen）各块：它们已经学会看笔画了。再换上一个新的输出层 ``head``。\
# 新的层要求梯度，冻结的不要求，所以优化器只拿到输出层的参数：

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
# *冻结了的，真的没变吗？*

names = [name for name, p in model.named_parameters() if not p.requires_grad]
after = model.state_dict()
assert all(torch.equal(before[name], after[name]) for name in names)
changed = [name for name in after if not torch.equal(before[name], after[name])]
print(*changed, sep="\n")

# %%
# 各块的参数都没变，一个比特也没变。但是列出来的，除了输出层，还有批归一化（batch
# normalisation）的均值和方差的滑动平均值，以及小批量的计数。它们不是参数，不归 ``requires_grad``
# 管；只要处于 ``train()`` 模式，均值和方差就会跟着数据走。这往往是好事，因为图片是新的。
#
# .. guess:: 如果也不想让它们变呢？
#
#    在 ``model.train()`` 之后写 ``model.blocks.eval()``。各块冻结了，又处于评估模式，\
#    同一张图片每次得到的特征就都相同，所以可以只算一次，再拿这些特征去训练输出层。
#
# 作为比较，同样的网络，同样的两百张图片，从零训练：

torch.manual_seed(2)
fresh = DeepCNN([16, 32, 64], classes=5)
opt = optim.AdamW(fresh.parameters(), lr=0.01)
fit(3, fresh, F.cross_entropy, opt, *dls)
print(f"{evaluate(fresh, accuracy, dls[1]):.4f}")

# %%
# **小结**：留下学到的，换掉输出层，再看看变了什么。
#
# .. _own-export:
#
# 在您的代码之外使用模型：导出
# ----------------------------
#
# 没有您的类，``state_dict`` 就没有用。要:term:`部署`（deployment）到别处，可以用
# :func:`torch.export.export`：它跟踪模型的计算，\
# 把其中的运算连同参数一起写下来，成为一个文件：它需要 PyTorch，但不需要您的代码。``Dim``
# 表示:term:`批大小`（batch size）可以是任意的。

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
# `ONNX <https://onnx.ai>`_ 是一种别的程序也能读的格式，手机上、浏览器里都行。\
# 它另外需要两个软件包；如果装了，就让它自带的参考程序算几张图片，比较一下：

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
# （构建时也没有安装 ONNX。2026-11-29 用 1.23 版运行过，两边的输出一致。）
#
# **小结**：最后才导出，用评估模式，并且比较两边的数值。
#
# .. _own-closing:
#
# 您现在手里有什么
# ----------------
#
# 文件做成的 ``Dataset``，各种变换，可以调整的网络，学习率调度，日志，混淆矩阵，检查点，微调，\
# 导出：这已经是一个项目了。正中间的，仍然是教程里的那个循环。
#
# 项目再长大，就把类和函数放进模块，把运行的部分放到入口保护下面，再把必须成立的事写成测试，例如
# ``difference(model) == 0``。
