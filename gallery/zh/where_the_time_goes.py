r"""
.. _time-top:

时间花在哪里
============

- **您要做的**：用性能分析器拆开 CNN 的一个训练步，每次只改一处，再与您的机器最快能做到的程度相比。
- **您会学到**：先测量，再动手改；分清哪些是真的变快了，哪些只是波动。
- **您需要**：:doc:`nn_tutorial` 里的那个 CNN。不需要 GPU。

下面的一切都是构建本页时当场测得的，机器是哪一台，数就是哪一台的。换到您那里，条形的长短会变，次序也可能变。所以我们的数字不必记，要带走的是这些问题，还有这一页的笔记本。
"""

# %%
# .. _time-setup:
#
# 反复走同一步
# ------------
#
# 要测的，就是 ``fit`` 对每个小批量（mini-batch）做的事：``loss_batch``，模型是教程里的 CNN。单独一步太短，测不准，所以 ``steps_of`` 把二十步装进一个函数；每一步用的都是同一个小批量，数据加载器暂时不掺和进来。

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
# 怎样测量
# --------
#
# 计算机从来不会只为您的程序服务。先测一种写法，过一分钟再测另一种，测到的时间里就混进了这一分钟里发生的别的事。所以要养成三个习惯：每种写法先空跑一遍，因为有些东西 PyTorch 要到第一次用时才准备；让几种写法*轮流*上；只看同一轮之内的*比值*，并取中位数，它不容易被个别意外带偏。
#
# .. tested-source:: mnist_tut.timing.take_turns
#
# .. tested-source:: mnist_tut.timing.ratios
#
# 在比较不同的东西之前，先拿一样东西与它自己比。比值不等于 1 的部分，全是噪声：

import statistics

from mnist_tut.timing import ratios, take_turns

steps = steps_of(cnn_any_size())
shares = ratios(take_turns({"a step": steps, "the same step": steps}, rounds=7))
print([f"{share:.2f}" for share in shares["the same step"]])
print(f"median: {statistics.median(shares['the same step']):.2f} times as long")

# %%
# 请记住这些比值散得有多开：在这台机器上，中位数若还在这个范围之内，就可能只是噪声。
#
# **小结**：先空跑，再轮流，报告比值的中位数，并且知道自己的噪声有多大。
#
# .. _time-profile:
#
# 用性能分析器看一步
# ------------------
#
# 性能分析器（profiler）:class:`torch.profiler.profile` 会记下 PyTorch 执行的每一个运算和它的耗时。单单一步就有好几十个运算，所以我们按种类把它们加起来。
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
# .. figure-text:: 横向条形图，训练步中的每一种运算一条，最长的在上面；卷积的条形远远长于损失和优化器的条形。
#
#    一个训练步的时间花在哪里。分析器记录也要花时间，所以加起来比平时的一步要长；由许多零碎运算组成的种类，看上去会比实际的大。所以只看次序，别看具体的数。
#
# 在大多数机器上，卷积（convolution）排在最前面，而且反向比前向更贵。这不奇怪：前向时，卷积只算一样东西，就是输出；反向时要算两样，权重的梯度和输入的梯度。（第一层不用算后者，因为图片不需要梯度。）由此可知：要让这个网络变快，就得让卷积变快。损失函数哪怕一点时间都不花，也几乎看不出来。
#
# **小结**：先做性能分析。只占二十分之一时间的部分，省到底也只能省二十分之一。
#
# .. _time-layout:
#
# 内存布局与优化器
# ----------------
#
# 教程为了变快改了两处，这里把它们分开来看。``channels_last`` 是一种内存布局（memory layout），让一个像素的各个通道在内存里挨在一起。在许多处理器上，PyTorch 的卷积就喜欢这样的布局，否则会临时把输入和输出重新排列，上图中的 ``copies`` 有一部分就是这么来的。``fused=True`` 则一次更新全部参数。
#
# ``assert`` 保证四种写法算出的损失相同，舍入误差除外。

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
# .. figure-text:: 四根横条：普通的一步作为基准，然后是一次更新全部参数的优化器、channels_last，以及两者都用。
#
#    训练一步的时间，普通写法 ``plain`` = 1。橙色的线表示七轮之间的波动范围。
#
# **小结**：加两个选项，算出的数不变。能省多少，取决于处理器和各层的形状，请看您自己的图。
#
# .. _time-loaders:
#
# 数据加载器
# ----------
#
# 再看循环的另一半。下面每一种写法，都把全部训练图片走一遍。普通的 ``DataLoader`` 一行一行地取，再叠起来；``batched_dl`` 每个小批量只取一次；切片什么也不复制，但没法打乱次序。

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
# .. figure-text:: 四根横条：普通加载器最长，按批取的较短，切片短得几乎看不见。
#
#    把全部训练图片交出来所用的时间，普通的 ``DataLoader`` = 1。
#
# 这要不要紧，得看比例：每个小批量，加载器用的时间占到一步的十分之一，值得您花上一个小时；只占百分之一，就不值得了。
#
# **小结**：已在内存里的张量，应当每个小批量只取一次。对 ``TensorDataset``，``get_data`` 就是这样做的。
#
# .. _time-batch-size:
#
# 批大小
# ------
#
# 每个运算在算出第一个数之前，都要先付出一笔固定开销：Python 调用 PyTorch，PyTorch 找到合适的内核，再分配一块内存。这笔开销每个小批量付一次，与批大小（batch size）无关。所以批越大，平均到*每张图片*的时间越少。下面每一条处理的图片一样多：


def per_picture(size, pictures=1024):
    batch = preprocess(x_train[:size], y_train[:size])
    return steps_of(copy.deepcopy(last), *batch, count=pictures // size, fused=True)


sizes = {f"bs {size}": per_picture(size) for size in [16, 32, 64, 128, 256, 512]}
size_shares = ratios(take_turns(sizes))
fig, ax = plt.subplots(figsize=(5.5, 2.2))
plots.ratio_bars(size_shares, ax)
plt.show()

# %%
# .. figure-text:: 六根横条，批大小从 16 到 512；从上到下越来越短，先是快速变短，后来几乎不变。
#
#    处理同样多的图片所用的时间，批大小各不相同；``bs 16`` = 1。
#
# 不过，这不是白捡的便宜。批大小加倍，每个轮次的更新次数就减半，训练本身也就变了：学习率要重新选，往往还得多训练几个轮次。本页的各个旋钮里，只有这一个会改变结果。
#
# **小结**：批小的时候，时间大多花在固定开销上。批大了，每张图片更便宜，但训练也不再是原来的训练。
#
# .. _time-threads:
#
# 线程
# ----
#
# PyTorch 会把一个运算分给几个线程（thread）去做，默认通常是有几个物理核就用几个。线程要叫醒，还要等它们做完，活儿够多才划算。像我们这样小的层，线程数加倍，时间可减不了一半。

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
# .. figure-text:: 横向条形图，试过的每种线程数一条，以一个线程为基准。
#
#    不同线程数下，训练一步的时间，一个线程 = 1。
#
# 线程数可以用 :func:`torch.set_num_threads` 设定，也可以在启动 Python 之前设好环境变量 ``OMP_NUM_THREADS``。几个程序同时跑的时候，给每个分好份额，免得互相碍事。
#
# **小结**：线程不是越多越快，试了才知道。
#
# .. _time-memory:
#
# 来来去去的内存
# --------------
#
# 这一点连我们也没想到。每一步都要为各层的激活值申请内存，走完再释放。如果释放的内存还给了操作系统，下一步就得重新映射，一页一页地来，每一页还要先清零。想知道这要花多少时间，就把同一个张量一遍又一遍地填满，再与每次都新建一个相比：

size = 10_000_000  # numbers of four bytes each
kept = torch.empty(size)
ways = {
    "filled again": lambda: kept.fill_(1),
    "made anew": lambda: torch.empty(size).fill_(1),
}
shares = ratios(take_turns(ways))
print(f"made anew: {statistics.median(shares['made anew']):.1f} times as long")

# %%
# 训练的时候会这样吗？看运气。在大多数 Linux 系统上，要不要归还，由 C 语言的运行库 glibc 决定。起初，凡是大于 128 KiB 的块，一释放就还回去。以后每释放一个更大的块（最大算到 32 MiB），这条界线就提高到它的大小；从这时起，堆尾部空闲的内存超过界线的两倍，也会还回去（见`它的手册页 <https://man7.org/linux/man-pages/man3/mallopt.3.html>`_）。我们第一层的激活值只能把界线提高到 784 KiB，而走一步要用的内存不止它的两倍。读取过 MNIST 的程序，通常已经释放过大得多的块；没有读取过的，训练速度可能只有一半，而且没有任何提示告诉您原因。迹象是系统态时间偏多（``time python train.py`` 打印出的 ``sys``）。对策是在启动程序之前，把 ``MALLOC_TRIM_THRESHOLD_`` 和 ``MALLOC_MMAP_THRESHOLD_`` 都设成 ``33554432``，即 32 MiB，或者换一个内存分配器。
#
# **小结**：释放掉的内存，再要回来不一定是免费的。
#
# .. _time-limit:
#
# 机器最快能有多快
# ----------------
#
# 一步最快能有多快？三个卷积要做多少次乘法和加法，PyTorch 可以替我们数出来；与它们相比，其余的运算微不足道。您的机器每秒能做多少次，则用它最拿手的运算来测：两个大矩阵相乘。两者一除，就得到一步的时间极限：代码再怎么调整，也接近不了它。

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
# 造成差距的，主要有两个原因。一个您已经见过：每个运算的固定开销，一步里要付几十次。另一个是我们的层太小。中间那个卷积相当于一次矩阵乘法：左边的矩阵有 3136 行（一批图片的输出像素，每个一行）、144 列（十六个通道，各九个位置），右边的每个输出通道一列，共 16 列。这么窄的乘法喂不饱运算单元，因为每取来一个数，用它做的运算太少。第一层更窄，只有一个通道的九个位置。要是一次只处理一张图片，每次调用要做的事就更少，时间大多花在调用本身上。下面是这几种形状的乘法，每一条的运算次数都一样多：


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
# .. figure-text:: 四根横条，代表四种形状的矩阵乘法：大方阵作为基准，一个与中间那个卷积一样窄，一个与第一层一样窄，还有一个只相当于中间那个卷积处理一张图片，用时最长。
#
#    四种形状的矩阵乘法，运算次数相同，大方阵 = 1。
#
# **小结**：数出运算次数，测出每秒能做多少次，就知道还有多少可赚。层太小，机器的大部分就闲着；只有加大批，才能稍微改变这一点。
#
# .. _time-together:
#
# 全部合在一起
# ------------
#
# 最后来看看，照教程做的读者能得到多少好处：连同加载器走一百步，一种是慢的写法（普通 ``DataLoader``、默认布局、默认优化器），另一种用上了前面讲的加载器、布局和优化器。旁边是时间的极限。

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
# .. figure-text:: 三根横条：慢的写法作为基准，三项改进合在一起，以及极限；极限远远短于前两者。
#
#    一百个训练步所用的时间，慢的写法 ``the slow way`` = 1。
#
# 第二条与第三条之间剩下的差距，就是层太小、零碎的运算太多的代价。换成 GPU，道理还是一样，只是数字不同：它每秒能做的运算多得多，我们的层却还是那么小，所以它闲着的时候更多。要让这样的机器忙起来，得用更大的批、更大的网络，或者两者都要。
#
# **小结**：测量，改一处，确认结果没变，再测量。离极限不远了，就停手。
