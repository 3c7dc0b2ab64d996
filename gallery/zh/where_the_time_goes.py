r"""
.. _time-top:

时间花在哪里
============

- **动手**：每次只改训练步里的一处，测一测能省多少时间。
- **收获**：分清是真的变快了，还是只是噪声；不让 GPU 空等。
- **准备**：:doc:`nn_tutorial` 里的那个 CNN。没有 GPU 也行；有的话，会一并测量。

换一台机器，测得的数值就不一样，所以请用笔记本在自己的机器上测一遍。

.. container:: only-on-site

   下载:download:`笔记本 <where_the_time_goes.ipynb>`或:download:`脚本 <where_the_time_goes.py>`。
"""

# %%
# .. _time-setup:
#
# 把同一步重复多次
# ----------------
#
# ``fit`` 对每个:term:`小批量`（mini-batch）做的事，就是 ``loss_batch``。单独一步太短，测不准，所以
# ``steps_of`` 返回一个函数，调用一次就训练 20 步。

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
SIZE = 16_168_813  # 字节
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
# 怎样测量
# --------
#
# 计算机从来不会只为您的程序服务。所以先要:term:`预热`（warm-up），因为有些东西
# PyTorch 要到第一次用时才准备；再让几种写法*交替运行*，谁也不独占清闲的时候；\
# 最后只在同一次交替里取*比值*，报告中位数。
#
# .. tested-source:: mnist_tut.timing.take_turns
#    :folded: take_turns：逐轮给各种写法计时
#
# .. tested-source:: mnist_tut.timing.ratios
#    :folded: ratios：在同一轮之内相除
#
# *猜一猜：一样东西与它的复制品，用时会差几倍？*

from mnist_tut.timing import ratios, take_turns

plain = cnn_any_size()
twins = {name: steps_of(plain) for name in ("steps", "twin")}
shares = ratios(take_turns(twins, rounds=9))["twin"]
noise = max(max(share, 1 / share) for share in shares)
print(f"noise: a factor of {noise:.2f}")

# %%
# 最大的倍数就是噪声 ``noise``。不论变快还是变慢，中位数超出它（``beyond the noise``）才算数，\
# 没有超出（``within the noise``）就不算：
#
# .. tested-source:: mnist_tut.timing.verdict
#    :folded: verdict：超出噪声，还是在噪声以内

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
# **小结**：要知道自己的噪声有多大。
#
# .. _time-profile:
#
# 用性能分析器看一步
# ------------------
#
# :term:`性能分析器`（profiler）:class:`torch.profiler.profile` 会记下每个运算的耗时，\
# 我们再分类相加。*猜一猜：哪一类用时最长？*
#
# .. tested-source:: mnist_tut.timing.seconds_by_kind
#    :folded: seconds_by_kind：把性能分析器记下的用时分类相加

from mnist_tut.timing import seconds_by_kind

kinds = seconds_by_kind(steps_of(plain, count=1))
total = sum(kinds.values())
draw({"step": [1.0]} | {kind: [part / total] for kind, part in kinds.items()})

# %%
# .. figure-text:: 条形图：最上面是完整的一步，下面是它的各个部分，最长的在前。
#
#    一步（``step``）的各个部分；``other`` 是其余的运算，横轴 ``time`` 是用时。请看先后次序，\
#    不要看具体的数：性能分析器自己也要花时间。
#
# **小结**：先做性能分析。只占二十分之一时间的部分，最多也只能省下二十分之一，这就是*阿姆达尔定律*。
#
# .. _time-layout:
#
# 内存布局与优化器
# ----------------
#
# 有两个选项，据说不用付出代价就能提速。``channels_last`` 是一种:term:`内存布局`（memory
# layout）：同一个像素的各个通道在内存里挨在一起，许多卷积内核要的正是这样。``fused=True``
# 让:term:`优化器`（optimizer）用一个运算更新全部参数。*损失还一样吗？真的更快吗？*

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
# .. figure-text:: 三根条形：以普通的一步为基准，然后是融合式优化器和 channels_last。
#
#    训练一步的用时，普通的内存布局 ``contiguous_format`` = 1。橙色的线表示几次测量之间的波动范围。
#
# **小结**：损失不变；能不能省时间，取决于处理器和各层的形状。
#
# .. _time-loaders:
#
# 数据加载器
# ----------
#
# 普通的:term:`数据加载器`（data loader）``DataLoader`` 向 ``TensorDataset``
# 一行一行地取，再叠起来；``batched_dl`` 每个小批量只取一次。*猜一猜：与训练一步相比，各要用多少时间？*
#
# .. tested-source:: mnist_tut.loaders.batched_dl
#    :folded: batched_dl：一次取一个小批量的行

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
# .. figure-text:: 三根条形：以训练步为基准，然后是取小批量的两种办法。
#
#    取出 100 个小批量的用时；训练 100 步（``loss_batch``）= 1。
#
# 要打开、解码的文件慢得多，请交给:ref:`工作进程 <own-workers>`，即 ``num_workers``。
#
# **小结**：已在内存里的张量，每个小批量索引一次，不要一行一行地取。
#
# .. _time-batch-size:
#
# 批大小
# ------
#
# 每调用一个运算，都有一笔固定开销，:term:`批大小`（batch size）不论是多少都一样。*猜一猜：同样是
# 1024 张图片，从一次处理 16 张改为一次处理 256 张，能省多少时间？*


def per_picture(size):
    batch = preprocess(x[:size], y[:size])
    return steps_of(last, *batch, count=1024 // size, fused=True)


compare({f"bs {size}": per_picture(size) for size in [16, 64, 256]})

# %%
# .. figure-text:: 三根条形，批大小从 16 到 256；以第一根为基准。
#
#    处理同样多的图片的用时，每批 16 张（``bs 16``）= 1。
#
# 这一项会改变训练结果：批大小加倍，每个:term:`轮次`（epoch）的更新次数就减半，\
# :term:`学习率`要重新选，往往还要多训练几个轮次。
#
# **小结**：批大些更快，但训练过程也变了。
#
# .. _time-threads:
#
# 线程
# ----
#
# PyTorch 会把一个运算分给几个:term:`线程`（thread），通常有几个物理核就用几个。但唤醒线程、\
# 等它们都做完，也要花时间。*用两个线程，时间会减半吗？*

before = torch.get_num_threads()
few = steps_of(last, count=5, fused=True)


def on_threads(count):
    torch.set_num_threads(count)
    few()


counts = sorted({1, 2, before})
compare({f"set_num_threads({k})": lambda k=k: on_threads(k) for k in counts})
torch.set_num_threads(before)

# %%
# .. figure-text:: 试过的每种线程数一根条形，以一个线程为基准。
#
#    训练一步的用时，一个线程 = 1。
#
# 环境变量 ``OMP_NUM_THREADS`` 也能设定线程数。几个程序同时运行时，请给每个程序分好份额。
#
# **小结**：线程不是越多越快，试了才知道。
#
# .. _time-gpu:
#
# 用 GPU：异步执行与混合精度
# --------------------------
#
# GPU 是:term:`异步`（asynchronous）工作的：Python 把运算交给它，不等算完就往下走。\
# 读时钟之前先调用 ``torch.cuda.synchronize()``，不然量到的只是交出去花了多久。
#
# .. guess:: ``loss_batch`` 里的哪一行，让 Python 每一步都停下来等 GPU？
#
#    ``loss.item()``：数要算出来了才能给您。``print``、``.cpu()``、``.tolist()``，还有根据张量判断的
#    ``if``，也都要等。
#
# 下面把损失收起来，最后一次要齐；再试一试:term:`混合精度`（mixed precision，AMP）：乘积都用
# ``float16`` 来算，字节减半。小的梯度在这里会变成零，所以 ``GradScaler``
# 先放大损失，更新之前再把梯度缩回去。用 ``bfloat16`` 就不需要它。

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
# .. figure-text:: 三根条形：以普通的一步为基准，然后是不每步都要数字的写法和混合精度。
#
#    在上面打印的设备上训练一步的用时，``loss_batch`` = 1。
#
# 在 CPU 上谁也不用等谁，许多 CPU 也不会直接乘 ``bfloat16``。我们没有 GPU；在您的 GPU 上，请接着检查：
#
# - *它在等数据吗？*如果像上面那样反复用同一个小批量会快很多，就给加载器写上 ``num_workers`` 和
#   ``pin_memory=True``，即:term:`锁页内存`（pinned memory）：再写 ``xb.to(dev, non_blocking=True)``，\
#   复制的时候 Python 不必等。MNIST 这么小的数据集，一次全部放进显存更省事。
# - *零碎的运算太多吗？*加大批大小，或者用 :func:`torch.compile` 把它们合并起来，见 :ref:`many-first`。
#
# **小结**：别让 GPU 等数据，也别让它等 Python。测量，改一处，再测量。
