r"""
.. _time-top:

时间花在哪里
============

- **动手**：把一个训练步拆开来看，每次只改一处，再与您的机器最快能做到的程度相比。
- **收获**：先测量，再动手改；分清什么是真的变快了，什么只是噪声。
- **准备**：:doc:`nn_tutorial` 里的那个 CNN。不需要 GPU。

所有数字都是构建本页时当场测得的，换一台机器就不一样。所以不必记我们的数字，值得记住的是这些问题；\
也请用本页的 Jupyter 笔记本，在自己的机器上测一遍。

.. only-on-site::

   下载:download:`笔记本 <where_the_time_goes.ipynb>`或:download:`脚本 <where_the_time_goes.py>`。

   .. launch::
"""

# %%
# .. _time-setup:
#
# 把同一步重复多次
# ----------------
#
# 要测的，就是 ``fit`` 对每个:term:`小批量`（mini-batch）做的事：``loss_batch``。单独一步太短，\
# 测不准，所以 ``steps_of`` 返回一个函数，调用一次就训练 20 步，用的都是同一个小批量。

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import optim

from mnist_tut.data import get_mnist
from mnist_tut.loaders import preprocess
from mnist_tut.models import cnn_any_size
from mnist_tut.training import loss_batch

# sphinx_gallery_start_ignore
# 构建本站时，MNIST 也可能是别的格式，或者只有替代数据。
from mnist_tut.mnist import get_mnist

# sphinx_gallery_end_ignore

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
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
# 怎样测量
# --------
#
# 计算机从来不会只为您的程序服务。所以要养成三个习惯：先:term:`预热`（warm-up），因为有些东西
# PyTorch 要到第一次用时才准备；让几种写法*交替运行*，谁也不独占清闲的时候；\
# 只在同一轮之内取*比值*，再报告中位数。
#
# .. tested-source:: mnist_tut.timing.take_turns
#
# .. tested-source:: mnist_tut.timing.ratios
#
# *猜一猜：拿一样东西与它的复制品相比，比值会偏离 1 多远？*

import copy
import statistics
import time

from mnist_tut.timing import ratios, take_turns

plain = cnn_any_size()
twins = {name: steps_of(copy.deepcopy(plain)) for name in ("steps", "twin")}
shares = ratios(take_turns(twins, rounds=9))["twin"]
print([round(share, 2) for share in shares])
noise = max(max(share, 1 / share) for share in shares)
print(f"noise: a factor of {noise:.2f}")

# %%
# 这些偏离全是噪声。其中最大的倍数就是 ``noise``。从这里起，不论变快还是变慢，\
# 中位数超出这个倍数（``beyond the noise``）才算数；没有超出的（``within the noise``），只当是噪声：
#
# .. tested-source:: mnist_tut.timing.verdict

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
# **小结**：先预热，再交替运行，报告比值的中位数，并且知道自己的噪声有多大。
#
# .. _time-profile:
#
# 用性能分析器看一步
# ------------------
#
# :term:`性能分析器`（profiler）:class:`torch.profiler.profile` 会记下每个运算的耗时；``kind_of``
# 根据运算的名称判断它属于哪一类，然后分类相加。*猜一猜：哪一类用时最长？*
#
# .. tested-source:: mnist_tut.timing.seconds_by_kind

from torch.profiler import ProfilerActivity, profile

from mnist_tut.timing import KINDS, kind_of, seconds_by_kind

kinds = seconds_by_kind(steps_of(copy.deepcopy(plain), count=1))
total = sum(kinds.values())
draw({"step": [1.0]} | {kind: [part / total] for kind, part in kinds.items()})

# %%
# .. figure-text:: 横条图：最上面是完整的一步，下面是它的各个部分，最长的在前。
#
#    一步（``step``）的各个部分；``other`` 是其余的运算，横轴 ``time`` 是用时。请看先后次序，\
#    不要看具体的数：性能分析器自己的开销也算在里面。
#
# :term:`卷积`（convolution）反向时的计算量是前向时的两倍：前向只算一个输出，反向要算两个梯度，\
# 一个对权重，一个对输入。（第一层只算一个：图片不需要梯度。）
#
# **小结**：先做性能分析。只占二十分之一时间的部分，最多也只能省下二十分之一，这就是*阿姆达尔定律*。
#
# .. _time-layout:
#
# 内存布局与优化器
# ----------------
#
# 有两个选项，据说不用付出代价就能提速。``channels_last`` 是一种:term:`内存布局`（memory
# layout）：同一个像素的各个通道在内存里挨在一起，许多卷积内核要的正是这样。形状和索引都不变，\
# 在模型里流动的数据会跟着权重的布局走。``fused=True`` 让:term:`优化器`（optimizer）\
# 用一个运算更新全部参数。*损失还一样吗？真的更快吗？*

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
# .. figure-text:: 四根横条：以普通的一步为基准，然后是融合式优化器、channels_last，以及两者都用。
#
#    训练一步的用时，普通的内存布局 ``contiguous_format`` = 1。橙色的线表示几次测量之间的波动范围。
#
# **小结**：损失相同。能不能省时间，取决于处理器和各层的形状。
#
# .. _time-loaders:
#
# 数据加载器
# ----------
#
# 普通的 ``DataLoader`` 向 ``TensorDataset`` 一行一行地取，再叠起来；``batched_dl``
# 每个小批量只取一次。
#
# .. tested-source:: mnist_tut.loaders.batched_dl
#
# 不用:term:`数据加载器`（data loader），四行代码也能打乱。*猜一猜：与训练一步相比，\
# 它们各要用多少时间？*

from torch.utils.data import BatchSampler, DataLoader, RandomSampler
from torch.utils.data import SequentialSampler, TensorDataset

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
# .. figure-text:: 五根横条：以训练步为基准，然后是取小批量的四种办法。
#
#    取出 100 个小批量的用时；训练 100 步（``loss_batch``）= 1。
#
# 切片不复制任何数据，但只能按文件里的次序取。（最后一行打印的是：当前版本的 ``TensorDataset``
# 有没有 ``__getitems__`` 方法。有的话，就会改为每次取一整个小批量。）
#
# 占到一步的十分之一，值得您花上一个小时；只占百分之一，就不值得了。
#
# 用 GPU 的时候，您会遇到:term:`锁页内存`（pinned memory）：写上
# ``DataLoader(..., pin_memory=True)`` 和 ``xb.to(dev, non_blocking=True)``，小批量就会异步复制，\
# Python 不必等它。我们的小批量很小，一次把整个 MNIST 放进显存更省事。（我们没有 GPU，无法实测。）
#
# **小结**：已在内存里的张量，每个小批量索引一次，不要一行一行地取。
#
# .. _time-batch-size:
#
# 批大小
# ------
#
# 每个运算在算出第一个数之前，都有一笔固定开销：Python 调用 PyTorch，PyTorch 再找内核、分配内存。\
# :term:`批大小`（batch size）不论是多少，这笔开销都一样。*猜一猜：同样是 1024 张图片，一次处理 16
# 张或者 512 张，能省多少时间？*


def per_picture(size):
    batch = preprocess(x[:size], y[:size])
    return steps_of(copy.deepcopy(last), *batch, count=1024 // size, fused=True)


compare({f"bs {size}": per_picture(size) for size in [16, 32, 64, 128, 256, 512]})

# %%
# .. figure-text:: 六根横条，批大小从 16 到 512；以第一根为基准。
#
#    处理同样多的图片的用时，每批 16 张（``bs 16``）= 1。
#
# 这一项会改变训练结果：批大小加倍，每个:term:`轮次`（epoch）的更新次数就减半，\
# :term:`学习率`要重新选，往往还要多训练几个轮次。
#
# **小结**：批大时，一次调用的固定开销由更多图片分摊，但训练过程也变了。
#
# .. _time-threads:
#
# 线程
# ----
#
# PyTorch 会把一个运算分给几个:term:`线程`（thread），通常有几个物理核就用几个。但唤醒线程、\
# 等它们都做完，也要花时间。*用两个线程，时间会减半吗？*

before = torch.get_num_threads()
few = steps_of(copy.deepcopy(last), count=5, fused=True)


def on_threads(count):
    torch.set_num_threads(count)
    few()


counts = sorted({1, 2, before})
compare({f"set_num_threads({k})": lambda k=k: on_threads(k) for k in counts})
torch.set_num_threads(before)

# %%
# .. figure-text:: 试过的每种线程数一根横条，以一个线程为基准。
#
#    训练一步的用时，一个线程 = 1。
#
# 启动 Python 之前，可以用环境变量 ``OMP_NUM_THREADS`` 设定线程数。几个程序同时运行时，\
# 请给每个程序分好份额。
#
# **小结**：线程不是越多越快，试了才知道。
#
# .. _time-memory:
#
# 反复申请和释放的内存
# --------------------
#
# 每一步都要申请内存，用完再释放。*猜一猜：释放过的内存，与一直留着的内存一样好用吗？*

size = 10_000_000
kept = torch.empty(size)
compare(
    {
        "kept.fill_(1)": lambda: kept.fill_(1),
        "torch.empty(size).fill_(1)": lambda: torch.empty(size).fill_(1),
    }
)

# %%
# .. figure-text:: 两根横条：以填满一直留着的张量为基准，另一根是填满新建的张量。
#
#    填满一个张量的用时：一直留着的（= 1）和每次都新建的。
#
# 现象：还给了操作系统的内存，再要回来时是一页一页给的，每一页都要先清零。
#
# 原因：在大多数 Linux 系统上，归还什么由 C 语言的运行库 glibc 决定。释放的块超过一条界线就归还，\
# 堆尾部的空闲内存超过另一条界线也归还。两条界线起初都是 128 KiB。每当释放更大的块（最大到 32
# MiB），第一条就提高到它的大小，\
# 第二条提高到它的两倍（见`它的手册页 <https://man7.org/linux/man-pages/man3/mallopt.3.html>`_）。\
# 我们的张量有 40 MB，超出了这个范围。
#
# 对策：如果 ``time python train.py`` 打印的 ``sys``（内核态时间）偏多，\
# 就在启动之前把两条界线都设高（再大的块，例如我们这个，仍然每次都会还回去）：
#
# .. code-block:: console
#
#    $ export MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=33554432
#
# **小结**：释放掉的内存，再要回来不一定是免费的。
#
# .. _time-limit:
#
# 机器最快能有多快
# ----------------
#
# 各个卷积要做多少次乘法和加法，PyTorch 可以替我们数出来；与它们相比，其余的运算微不足道。\
# 您的机器每秒能做多少次，用两个大矩阵的乘法就能测出来。两者相除，得到一步的时间极限，\
# 很少有程序能接近它。*猜一猜：一步的用时是极限的几倍？该怪哪一层？*
#
# .. tested-source:: mnist_tut.timing.count_flops
#
# .. tested-source:: mnist_tut.timing.both_ways

from statistics import median

from torch.utils.flop_counter import FlopCounterMode

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

# %%
# 第一行是每秒能做多少个十亿次运算（``GFLOP/s``），也就是下文的速率；第二行是一步的用时，\
# 以及它是极限的几倍。表里排在最前面的，损失的时间最多；百分数是达到速率的几成。
#
# - **ReLU** 不做乘法。从它可以看出，调用、读取和写入本身要花多少时间。
# - **卷积**只达到速率的一部分。是因为我们的卷积太窄吗？``wide`` 就是用来检验这一点的：\
#   它与中间那一层相同，只是有 64 个通道，而不是 16 个。
# - **一步的其余部分**（``rest of the step``）如果没有淹没在噪声里，就是损失、优化器和 Python，\
#   还有单独运行时快、放在一整步里变慢的部分。
#
# **小结**：数出运算次数，测出速率，把每一层都看过，再说该怪哪一层。
#
# .. _time-together:
#
# 全部合在一起
# ------------
#
# 与教程的写法相比，一共能快多少？连同数据加载训练一百步，分别用普通的写法（``usual``）\
# 和本页中不改变结果的全部改进（``tuned``）。*您估计能快多少？*


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
# .. figure-text:: 三根横条：以普通的写法为基准，然后是改进后的写法和极限。
#
#    一百个训练步的用时：普通的写法 ``usual`` = 1，改进后的写法 ``tuned``，以及上文的极限
#    ``limit``。
#
# **小结**：测量，改一处，确认结果没变，再测量。如果得到的提升还在噪声以内，就停手。
