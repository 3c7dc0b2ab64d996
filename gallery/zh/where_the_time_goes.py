r"""
.. _time-top:

时间花在哪里
============

- **动手**：把一个训练步拆开来看，每次只改一处，再与您的机器最快能做到的程度相比。
- **收获**：先测量，再动手改；分清什么是真的变快了，什么只是噪声。
- **准备**：:doc:`nn_tutorial` 里的那个 CNN。不需要 GPU。

所有数字都是构建本页时当场测得的，换一台机器就不一样。所以不必记我们的数字，值得记住的是这些问题；\
也请用本页的 Jupyter 笔记本，在自己的机器上测一遍。

.. container:: only-on-site

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
#    :folded: take_turns：逐轮给各种写法计时
#
# .. tested-source:: mnist_tut.timing.ratios
#    :folded: ratios：在同一轮之内相除
#
# *猜一猜：拿一样东西与它的复制品相比，比值会偏离 1 多远？*

import copy

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
#    :folded: seconds_by_kind：把性能分析器记下的用时分类相加

from mnist_tut.timing import seconds_by_kind

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
# .. figure-text:: 五根横条：以训练步为基准，然后是取小批量的四种办法。
#
#    取出 100 个小批量的用时；训练 100 步（``loss_batch``）= 1。
#
# 切片不复制任何数据，但只能按文件里的次序取。（最后一行打印的是：当前版本的 ``TensorDataset``
# 有没有 ``__getitems__`` 方法。有的话，就会改为每次取一整个小批量。）
#
# 占到一步的十分之一，值得您花上一个小时；只占百分之一，就不值得了。
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
# .. _time-gpu:
#
# 用 GPU：异步执行与混合精度
# --------------------------
#
# 构建本页时没有 GPU，所以这一节什么也没有测。GPU 是*异步*工作的：Python
# 把运算交给它，不等算完就往下走。这时读时钟，量到的只是交出去花了多久。读时钟之前，先调用
# ``torch.cuda.synchronize()``。
#
# .. guess:: ``loss_batch`` 里的哪一行，让 Python 每一步都停下来等 GPU？
#
#    ``loss.item()``：数要算出来了才能给您。``print``、``.cpu()``、``.tolist()``，还有根据张量判断的
#    ``if``，也都要等。先把 ``loss.detach()`` 收起来，这个轮次过完再要数字。
#
# 然后依次检查：
#
# - *GPU 在等数据吗？*像上面那样，反复用同一个小批量训练。如果快了很多，就给加载器写上
#   ``num_workers`` 和 ``pin_memory=True``，即:term:`锁页内存`（pinned memory）：这样再写
#   ``xb.to(dev, non_blocking=True)``，复制的时候 Python 不必等。MNIST 这么小的数据集，\
#   一次全部放进显存更省事。
# - *用的位数比需要的多吗？*用:term:`混合精度`（mixed precision，AMP），乘积都用 ``float16`` 来算。\
#   小的梯度在这里会变成零，所以 ``GradScaler`` 在 ``backward()``
#   之前把损失放大，更新之前再缩回去。用 ``bfloat16`` 就不需要它。
# - *零碎的运算太多吗？* :func:`torch.compile` 把它们合并起来，见 :ref:`many-first`。
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
# **小结**：别让 GPU 等：不论是等数据，还是等 Python 来问。
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
#    :folded: count_flops：让 PyTorch 来数
#
# .. tested-source:: mnist_tut.timing.both_ways
#    :folded: both_ways：前向和反向分开

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
# 第一行是每秒能做多少个十亿次运算（``GFLOP/s``），也就是下文的速率；第二行是一步的用时，\
# 以及它是极限的几倍。表里排在最前面的，浪费的时间最多；百分数是达到速率的几成。
#
# - **ReLU** 不做乘法。从它可以看出，调用、读取和写入本身要花多少时间。
# - **卷积**只达到速率的一部分。是因为我们的卷积太窄吗？``wide`` 就是用来检验这一点的：\
#   它与中间那一层相同，只是有 64 个通道，而不是 16 个。如果最后一行打印的倍数明显大于 1，答案就是肯定的：\
#   取来的每个数都用得更多。
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
