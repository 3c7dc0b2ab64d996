r"""
.. _inside-top:

拆开 ``torch.nn``
=================

- **动手**：用 NumPy 数组自己造一个 ``torch.nn``：会记事的张量，能找到权重的模块，还有层、\
  优化器和加载器，总共三百行左右。然后让教程里的 ``fit`` 在它上面跑，每个数都和 PyTorch 的对一对。
- **收获**：弄清 ``backward()``、``nn.Module``、优化器和 ``DataLoader`` 到底做了什么，\
  以及除此之外 PyTorch 还有什么。
- **准备**：学过《:doc:`nn_tutorial`》。不需要 GPU。

整页只有一条约定：单独出现的名字是我们自己的，比如 ``Tensor``、``Linear``；前面带着别的名字的，\
是 PyTorch 的，比如 ``torch.tensor``、``nn.Linear``。
"""

# %%
# .. _inside-engine:
#
# 会记事的张量：自动求导
# ----------------------
#
# 教程一开始就用上了张量，梯度由 PyTorch 来求。这里再往前退一步，从 NumPy 数组开始：数组会计算，\
# 别的都不会。先看一个乘积：``a`` 稍稍变大一点，乘积会变大多少？

import numpy as np

a, b, h = np.array(3.0), np.array(2.0), 1e-6
y = a * b
print("y:", y)
print("slope along a:", ((a + h) * b - (a - h) * b) / (2 * h))

# %%
# 变大的量，是 ``a`` 变大的量的 ``b`` 倍。关于乘积，要知道的就是这些：如果 ``y`` 每变一个单位，损失变 ``g``，那么
# ``a`` 每变一个单位，损失就变 ``g * b``；``b`` 每变一个单位，损失就变 ``g * a``。这就是只有一步运算时的\
# :term:`链式法则`（chain rule）。
#
# 所以，每种运算只要写下两件事：怎么算，以及 ``g`` 中各个输入分到的那一份。下面的函数根据这两件事\
# 造出张量的运算。``Tensor`` 紧接着就讲：它把数组放在 ``data`` 里，把“怎样往回传梯度”这个函数放在
# ``grad_fn`` 里。
#
# 最前面是一个开关 ``no_grad``，:class:`torch.no_grad` 里也有。现在它拨在“记录”一边，后面会讲到。
#
# .. tested-source:: mnist_tut.inside.no_grad
#
# .. tested-source:: mnist_tut.inside.operation
#
# 有两种运算，该分的那一份一行写不下。一是求和：每个加进来的数，都分到整个梯度。二是索引：\
# 梯度放回原来的位置；同一个位置取了两次，就得两份，所以用 ``np.add.at``：
#
# .. tested-source:: mnist_tut.inside.spread
#
# .. tested-source:: mnist_tut.inside.put
#
# 形状为 (10,) 的偏置加到 (64, 10) 的小批量上时，NumPy 一声不响地把偏置重复了 64 遍，这叫\
# :term:`广播`（broadcasting）。往回走的时候，每个数的 64 份梯度必须合成一份。
#
# .. guess:: 一个数用了 64 次。它的梯度，是这 64 份的平均，还是它们的和？
#
#    是和。这个数变大 1，64 个地方同时变大，损失全都感受得到。
#
# .. exercise:: my_unbroadcast
#
#    写出广播的“回程”。给您的是结果的梯度 ``g``，以及 ``shape``，也就是某个参数的形状，NumPy
#    曾把它广播成 ``g`` 的形状。请返回一个形状为 ``shape`` 的数组：参数里的每个数，得到它各份梯度的和。
#
# .. tested-source:: mnist_tut.inside.unbroadcast
#    :folded: 一种写法，也就是我们库里的
#
# 现在轮到张量本身。开头每一行是一种运算，后面写着各个输入分到的那一份；其余的是
# ``backward``，以及让张量用起来顺手的东西。``backward`` 请读两遍，它是这一页的核心。\
# 它从损失出发，梯度是一。``waiting`` 里是那些已经拿到梯度、还没有往下传的张量。最年轻的（最晚算出来的）先走：\
# 凡是由它算出来的张量都比它更年轻，早已把各自的那一份交过来了。
#
# .. tested-source:: mnist_tut.inside.Tensor
#
# 管用吗？我们算一个小小的损失，往回走一遍，再让 PyTorch 也做一遍。

import torch

from mnist_tut.inside import Tensor

numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
start = np.array([0.5, -1.0])

x, w = Tensor(numbers), Tensor(start.copy(), requires_grad=True)
loss = ((x * w).sum(1).exp() - 1).mean()
loss.backward()

tx, tw = torch.tensor(numbers), torch.tensor(start, requires_grad=True)
torch_loss = ((tx * tw).sum(1).exp() - 1).mean()
torch_loss.backward()

print("ours:   ", loss.item(), w.grad)
print("PyTorch:", torch_loss.item(), tw.grad)

# %%
# ``backward`` 按什么次序走过各个张量？下面的 ``y`` 用了两次：

from mnist_tut.plots import show_handing_on

y = x * w
show_handing_on((y * y + y).sum())

# %%
# .. figure-text:: 从右到左：1，没有维度；2；3，在 2 的左下方；4；最后是带框的 5，形状 (2,)。\
#    箭头从 1 到 2，从 2 到 3 和 4，从 3 到 4，从 4 到 5。
#
#    顺着 ``grad_fn`` 一个张量一个张量读出来的：每个张量在 ``backward`` 里排第几，形状是什么。\
#    1 是损失，2 是 ``y * y + y``，3 是平方，4 是 ``y``，带框的 5 是叶子 ``w``。
#
# 4 号 ``y`` 要等 2 号和 3 号都把各自的那一份交过来，才轮到它。
#
# 一个例子说明不了什么。所以我们把每种运算都试一遍，用的张量都需要广播；每个梯度既和 PyTorch
# 的比，也和上面那样“轻轻推一下”得到的比。

trials = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "a @ b": lambda a, b: a @ b.T,
    "a ** 3": lambda a, b: a**3 * b,
    "exp": lambda a, b: (a * b).exp(),
    "log": lambda a, b: (a * b).log(),
    "relu": lambda a, b: (a - b).relu(),
    "sum": lambda a, b: a.sum(1) * b.sum(),
    "mean": lambda a, b: a.mean(0, keepdim=True) * b,
    "reshape": lambda a, b: a.reshape(-1) * b[0, 0],
    "index": lambda a, b: a[[0, 0, 2]] * b,
}
rng = np.random.default_rng(0)
arrays = rng.uniform(1, 2, (4, 3)), rng.uniform(1, 2, (1, 3))


def gradients(make, func):
    leaves = [make(array, requires_grad=True) for array in arrays]
    (func(*leaves) ** 2).sum().backward()
    return np.concatenate([np.ravel(leaf.grad) for leaf in leaves])


def nudges(func):
    slopes = []
    for array in arrays:
        for i in np.ndindex(array.shape):
            losses = []
            for step in (h, -2 * h):
                array[i] += step
                losses.append((func(*map(Tensor, arrays)) ** 2).sum().item())
            array[i] += h
            slopes.append((losses[0] - losses[1]) / (2 * h))
    return np.array(slopes)


for name, func in trials.items():
    ours = gradients(Tensor, func)
    to_torch = np.abs(ours - gradients(torch.tensor, func)).max()
    to_nudge = np.abs(ours - nudges(func)).max()
    print(f"{name:8} to PyTorch {to_torch:.0e}, to the nudge {to_nudge:.0e}")
    assert to_torch < 1e-12
    assert to_nudge < 1e-5

# %%
# 我们和 PyTorch 一致，差的只是 float64 的最后几位。“推一下”大约准到八位有效数字，这个办法也只能做到这样。
#
# .. exercise:: my_tanh
#
#    再添一种运算：调用 ``operation`` 造出 ``my_tanh``，把函数和输入分到的那一份交给它。:math:`y = \tanh x`
#    的导数是 :math:`1 - y^2`。
#
# .. _inside-rules:
#
# 四条规矩，从何而来
# ^^^^^^^^^^^^^^^^^^
#
# 教程里有四条规矩要守。现在可以看清每一条从何而来。

w = Tensor(start.copy(), requires_grad=True)
(w * w).sum().backward()
(w * w).sum().backward()
print("gradients add:", w.grad)

print("a leaf:", w.grad_fn, "| a result:", (w * w).grad_fn.__name__)

try:
    w -= 0.1 * w.grad
except RuntimeError as error:
    print("in place:", error)

# %%
# *梯度会累加*，因为同一个权重可能用在好几处，而 ``backward`` 无从知道，第二次调用算的是第二处，\
# 还是第二个小批量。所以才要 ``zero_grad``。
#
# *只有叶子才有梯度。*叶子没有 ``grad_fn``：它不是由别的张量算出来的，梯度到这里无处可传，就留了下来。
#
# *正在记录的时候，不能原地修改*：求乘积的导数，要用到当初乘进去的数，改了就没有了。所以训练循环里\
# 更新参数的那几行，要放在 ``no_grad`` 下面。``no_grad`` 不过是一个开关，``operation`` 每次都会看上一眼。
#
# *前向与反向之间也不能改。*这样的修改，我们的库会放过去，算出错误的梯度。PyTorch
# 则给每个张量的修改计数，发现不对就拒绝：

from mnist_tut.inside import no_grad


def slip(make, no_grad):
    w = make(np.array([1.0, 2.0]), requires_grad=True)
    loss = (w * w).sum()
    with no_grad():
        w -= 0.5
    loss.backward()
    return w.grad


print("ours:", slip(Tensor, no_grad), "and [2., 4.] would be right")
try:
    slip(torch.tensor, torch.no_grad)
except RuntimeError as error:
    print("PyTorch:", str(error).partition(":")[0])

# %%
# **小结**：张量记得怎样往回传梯度，``backward`` 总是先问最年轻的，各份梯度加在一起。
#
# .. _inside-module:
#
# 权重由谁来找？模块
# ------------------
#
# 模型是一棵由对象组成的树，而优化器要的是一张不分层的权重清单。在 Python 里，给对象的属性赋值，\
# 就会调用 ``__setattr__``。所以 ``Module`` 不用您列清单：您赋的每一个值，它都会看一看，\
# 把参数和模块分别放进两个字典。还有第三个字典，放的是:term:`缓冲区`（buffer）：这些张量属于模型，\
# 随模型一起保存，但没有人去训练它们，比如滑动平均。
#
# .. tested-source:: mnist_tut.inside.Parameter
#
# .. tested-source:: mnist_tut.inside.Module
#
# .. tested-source:: mnist_tut.inside.ModuleList
#
# .. exercise:: MySequential
#
#    请写一个 ``MySequential``：它是 ``Module``，创建时接受任意多个模块，让输入依次通过。\
#    这些模块的参数都要找得到。
#
# .. tested-source:: mnist_tut.inside.Sequential
#    :folded: 一种写法，也就是我们库里的
#
# 总得有东西往里放，下面是两个简单的层。新的层需要随机的权重。NumPy 的 ``RandomState`` 和 PyTorch
# 用的是同一种随机数生成器（*Mersenne Twister*），所以种子相同，``rand`` 抽到的数也完全相同。
#
# .. tested-source:: mnist_tut.inside.manual_seed
#    :folded: manual_seed：随机数从哪里开始
#
# .. tested-source:: mnist_tut.inside.rand
#    :folded: rand：一位一位拼出来的随机数
#
# .. tested-source:: mnist_tut.inside.uniform
#    :folded: uniform：层的初始权重
#
# .. tested-source:: mnist_tut.inside.Linear
#
# .. tested-source:: mnist_tut.inside.ReLU
#
# .. guess:: 用同一个种子，造一个我们的层，再造一个 PyTorch 的层。两者的权重会差多少？
#
#    一点不差，或者只差 float32 的最后一位。同样的生成器抽出同样的数，同样的公式把它们变成权重。

import torch.nn.functional as F
from torch import nn

from mnist_tut.inside import Linear, Module, ReLU, Sequential
from mnist_tut.inside import manual_seed

manual_seed(42)
torch.manual_seed(42)
ours, theirs = Linear(784, 50), nn.Linear(784, 50)
gap = np.abs(ours.weight.data - theirs.weight.detach().numpy()).max()
print(f"largest difference of 784 x 50 weights: {gap:.0e}")
assert gap < 1e-8

# %%
# 同样的问题，分别去问我们的模块和 PyTorch 的模块。两个模块由同样的几行代码造出来：\
# 传进哪个库，``nn`` 就是哪个库。请留意放在普通列表里的那个层。

from types import SimpleNamespace


def make_net(nn, zero):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 3)
            self.rest = nn.Sequential(nn.ReLU(), nn.Linear(3, 2))
            self.in_a_list = [nn.Linear(2, 2)]
            self.register_buffer("seen", zero)

    return Net()


our_nn = SimpleNamespace(Module=Module, Linear=Linear, ReLU=ReLU, Sequential=Sequential)
nets = make_net(our_nn, Tensor([0.0])), make_net(nn, torch.zeros(1))
for net in nets:
    print([*net._parameters], [*net._buffers], [*net._modules])
    print([*net.state_dict()])

# %%
# 后一个模块里存着什么？根据它自己的字典，画出来就是：

from mnist_tut.plots import show_drawers

show_drawers(nets[1])

# %%
# .. figure-text:: 五个方框，由线连着：Net，有一个缓冲区和两个模块；下面是 Linear，有 weight 和 bias，\
#    还有 Sequential，里面有两个模块；再下面是 ReLU 和 Linear。
#
#    PyTorch 的 ``Net``：每个方框是一个模块，框里的每一行是它的一个字典。
#
# PyTorch 的 ``Module`` 里也是这三个字典，名字都一样；不论什么模型，您都可以打开看看。\
# 普通列表里的那个层，在两个库的字典里都找不到：它照样能计算，却没有人训练、保存和搬动它。\
# ``ModuleList`` 就是 ``__setattr__`` 看得见的列表。
#
# ``state_dict`` 就是把这些字典合成一层：名字用点连接，张量则*与模型共用内存*。想留住训练中最好的权重，\
# 就必须复制一份。
#
# 那么，为什么调用的是 ``model(x)``，而不是 ``model.forward(x)``？因为 ``__call__`` 还多做了一点事：\
# 通知各个:term:`钩子`（hook）。钩子是挂在模块上的函数，用来看看进去的是什么，出来的又是什么。
#
# .. exercise:: my_shapes
#
#    请写出 ``my_shapes(model, x)``：让 ``x`` 通过我们的 ``Sequential``，返回一个列表，\
#    依次是每一层输出的形状，各是一个元组。请用钩子，不要动模型的 ``forward``。
#
# **小结**：赋给模块的东西，模块会分门别类放进字典；``parameters``、``state_dict`` 和 ``train``
# 都是在字典上走一遍。
#
# .. _inside-layers:
#
# 层
# --
#
# 卷积把一小块权重像窗口一样放在图片上，相乘，求和，再移到下一处。用两重循环，几行就能写出来。\
# 我们的窗口找的是上暗下亮的边缘：

from pathlib import Path

from mnist_tut.data import get_mnist
from mnist_tut.plots import show_weights

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), (x_valid, y_valid), _ = get_mnist(PATH, URL, SIZE, MD5)
digit = x_train[0].reshape(28, 28)
edge = np.array([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]])

found = np.zeros((26, 26))
for i in range(26):
    for j in range(26):
        found[i, j] = (digit[i : i + 3, j : j + 3] * edge).sum()

show_weights(torch.tensor(np.stack([digit[1:-1, 1:-1], found])))

# %%
# .. figure-text:: 左右两张图：一个手写数字；还是这个数字，但只剩线条，上边缘是一种颜色，\
#    下边缘是另一种。
#
#    一个数字，以及窗口在其中找到的东西：上边缘和下边缘的正负号相反。
#
# Python 的两重循环很慢。不过，每个窗口都可以看成一列九个数，一次矩阵乘法就能全部算完。``windows``
# 不复制任何像素就给出所有窗口，``columns`` 把窗口排成列，``fold`` 是回程：\
# 一个像素最多落在九个窗口里，每一份都要还给它。
#
# .. tested-source:: mnist_tut.inside.windows
#
# .. tested-source:: mnist_tut.inside.columns
#
# .. tested-source:: mnist_tut.inside.fold
#
# .. tested-source:: mnist_tut.inside.unfold
#    :folded: unfold：把 columns 写成张量的运算
#
# 给图片四周补零，也就是*填充*，也是一种运算。有了它，整个层只要几行：
#
# .. tested-source:: mnist_tut.inside.frame
#    :folded: frame：给数组四周补零
#
# .. tested-source:: mnist_tut.inside.pad
#    :folded: pad：同样的事，写成张量的运算
#
# .. tested-source:: mnist_tut.inside.Conv2d

from mnist_tut.inside import Conv2d, columns

all_at_once = edge.reshape(1, 9) @ columns(digit[None, None], 3, 1)[0]
print(np.abs(all_at_once.reshape(26, 26) - found).max())

for size, k, stride, padding in (
    (28, 3, 1, 0),
    (28, 3, 2, 1),
    (7, 3, 2, 1),
    (28, 5, 1, 2),
):
    out = Conv2d(1, 1, k, stride, padding)(Tensor(np.ones((1, 1, size, size))))
    print(f"{size}, window {k}, stride {stride}, padding {padding}: {out.shape[2]}")
    assert out.shape[2] == (size + 2 * padding - k) // stride + 1

# %%
# 输出的大小，就是窗口能放的位置数：
# :math:`\lfloor (\text{size} + 2 \cdot \text{padding} - k) / \text{stride} \rfloor + 1`。
#
# .. exercise:: my_conv
#
#    请只用循环和数组写出 ``my_conv(x, weight)``：``x`` 的形状是 (c, h, w)，``weight`` 的形状是
#    ``(out, c, k, k)``。返回卷积得到的数组，形状是 ``(out, h - k + 1, w - k + 1)``；没有偏置、填充和步幅。
#
# *批归一化*对每个通道减去平均，再除以标准差。训练时，平均和标准差取自当前的小批量，\
# 并以滑动平均记进缓冲区；``eval()`` 之后，用的就是滑动平均。:term:`暂退法`（dropout）只在训练时起作用，随机地把一些数变成零。\
# 正是因为有这两种层，才必须告诉模型现在处于哪种模式。
#
# .. tested-source:: mnist_tut.inside.BatchNorm2d
#
# .. tested-source:: mnist_tut.inside.Dropout
#
# .. tested-source:: mnist_tut.inside.Flatten
#    :folded: Flatten：把图片变成一行

from mnist_tut.inside import BatchNorm2d, Flatten


def make_cnn(nn):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )


our_nn.Conv2d, our_nn.BatchNorm2d, our_nn.Flatten = Conv2d, BatchNorm2d, Flatten
cnn, torch_cnn = make_cnn(our_nn), make_cnn(nn).double()
cnn.load_state_dict(torch_cnn.state_dict())

images = x_train[:64].reshape(64, 1, 28, 28).astype(np.float64)
for mode in (True, False):
    cnn.train(mode)
    torch_cnn.train(mode)
    out, torch_out = cnn(Tensor(images)), torch_cnn(torch.tensor(images))
    gap = np.abs(out.data - torch_out.detach().numpy()).max()
    print(f"training {mode}: largest difference {gap:.0e}")
    assert gap < 1e-12

# %%
# 权重的初值该取多大？不同的输入之间的差别，每过一层就要乘上某个倍数。二十层就乘二十次，\
# 所以这个倍数必须在一左右。我们用 PyTorch 自己的层来看：64 个不同的输入，过了各层还差多少？

torch.manual_seed(0)
for name in ("default", "kaiming_normal_"):
    signal = torch.randn(64, 200)
    spreads = []
    for _ in range(20):
        layer = nn.Linear(200, 200)
        if name == "kaiming_normal_":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        signal = layer(signal).relu()
        spreads.append(signal.std(dim=0).mean().item())
    print(f"{name:16} layer 1: {spreads[0]:.3f}, layer 10: {spreads[9]:.6f}", end="")
    print(f", layer 20: {spreads[19]:.6f}")

# %%
# 用默认的初始化，二十层之后，所有的输入看上去都一样，没有什么可学的了。\
# `何恺明的方法 <https://arxiv.org/abs/1502.01852>`_把每个 ReLU 去掉的那一半补了回来。\
# 批归一化解决的是同一个问题，只不过是逐层解决。
#
# **小结**：一个层就是几个参数加一个公式；初值怎么取、处于哪种模式，同样重要。
#
# .. _inside-optim:
#
# 优化器
# ------
#
# 优化器有一张参数清单，每个参数还有自己的*状态*。优化器只看 ``grad``，别的一概不看：既不看
# ``requires_grad``，也不看模型。``grad`` 为 ``None`` 的参数，保持不变。
#
# .. tested-source:: mnist_tut.inside.Optimizer
#
# .. tested-source:: mnist_tut.inside.SGD
#
# 有了:term:`动量`（momentum），每一步都会延续上一步的一部分。AdamW 看两个滑动平均，一个是梯度的，\
# 一个是梯度平方的，然后用前者除以后者的平方根。这样，不论梯度是大是小，每个权重每步大约都移动 ``lr``。
#
# .. exercise:: my_adamw
#
#    请写出 ``my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay)``，为一个参数走一步。``p, g, m, v``
#    都是数组，``t`` 是步数，从 1 数起。返回新的 ``p``、``m`` 和 ``v``。先从 ``p`` 中减去它自身的
#    ``lr * decay`` 倍，再让它移动 ``lr * m' / (sqrt(v') + eps)``，其中 ``m'`` 是平均值 :math:`m` 除以
#    :math:`1 - b_1^t`，``v'`` 是 :math:`v` 除以 :math:`1 - b_2^t`。
#
# .. tested-source:: mnist_tut.inside.AdamW
#    :folded: 一种写法，也就是我们库里的
#
# 要训练，就得有损失，用已有的东西就能搭出来。每一行减去最大的 logit，变的只是各个 exp 的大小：
#
# .. tested-source:: mnist_tut.inside.log_softmax
#    :folded: log_softmax：logit 再大也不怕
#
# .. tested-source:: mnist_tut.inside.cross_entropy
#
# 从同样的权重出发，每种优化器走一百步，与 PyTorch 并排比较：

from torch import optim

from mnist_tut.inside import SGD, AdamW, cross_entropy

plans = {
    "SGD": (SGD, optim.SGD, {"lr": 0.1}),
    "SGD with momentum": (SGD, optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    "AdamW": (AdamW, optim.AdamW, {"lr": 1e-3}),
}
xs, ys = x_train[:6400].astype(np.float64), y_train[:6400]
for name, (ours, theirs, options) in plans.items():
    torch_model = nn.Linear(784, 10).double()
    model = Linear(784, 10)
    model.load_state_dict(torch_model.state_dict())
    opt = ours(model.parameters(), **options)
    torch_opt = theirs(torch_model.parameters(), **options)
    for i in range(0, len(xs), 64):
        xb, yb = xs[i : i + 64], ys[i : i + 64]
        cross_entropy(model(Tensor(xb)), Tensor(yb)).backward()
        opt.step()
        opt.zero_grad()
        F.cross_entropy(torch_model(torch.tensor(xb)), torch.tensor(yb)).backward()
        torch_opt.step()
        torch_opt.zero_grad()
    gap = np.abs(model.weight.data - torch_model.weight.detach().numpy()).max()
    print(f"{name:18} after 100 steps: {gap:.0e}")
    assert gap < 1e-12

# %%
# **小结**：优化器就是一个遍历参数的循环，循环里有一个公式，外加一份记忆。
#
# .. _inside-data:
#
# 从一行行样本到小批量
# --------------------
#
# 三个问题，三种对象。*第 7 行是什么？*数据集知道。*下一个是哪一行？**采样器*知道。\
# *一行行怎样变成小批量？*``collate_fn`` 知道。加载器只管问。
#
# .. tested-source:: mnist_tut.inside.TensorDataset
#    :folded: TensorDataset：按编号取一行
#
# .. tested-source:: mnist_tut.inside.RandomSampler
#
# .. tested-source:: mnist_tut.inside.default_collate
#
# .. tested-source:: mnist_tut.inside.DataLoader

from torch.utils import data

from mnist_tut.inside import DataLoader, TensorDataset

pictures, labels = x_train[:1000], y_train[:1000]
order = torch.randperm(len(labels)).tolist()
dl = DataLoader(TensorDataset(Tensor(pictures), Tensor(labels)), 64, sampler=order)
torch_ds = data.TensorDataset(torch.tensor(pictures), torch.tensor(labels))
torch_dl = data.DataLoader(torch_ds, 64, sampler=order)

same = [
    np.array_equal(xb.data, txb) and np.array_equal(yb.data, tyb)
    for (xb, yb), (txb, tyb) in zip(dl, torch_dl, strict=True)
]
print(len(same), "mini-batches, all equal:", all(same))
assert all(same)

# %%
# 看看前十二行去了哪里，每个小批量四行：

from mnist_tut.plots import show_digits

rows = order[:12]
few = DataLoader(TensorDataset(Tensor(pictures)), 4, sampler=rows)
batches = [torch.tensor(xb.data) for (xb,) in few]
show_digits(torch.cat(batches), rows, cols=4)

# %%
# .. figure-text:: 十二个手写数字，三排，每排四个；每个上面有一个不超过 999 的数。
#
#    每一排是我们的加载器做出的一个小批量；图片上方的数，是采样器给出的行号，即图片在数据集里是第几行。
#
# 写上 ``num_workers=4``，PyTorch 的加载器就让四个进程去问数据集、拼小批量，各拼各的；\
# 模型还在训练，接下来的几个小批量就已经准备好了。得到的结果是一样的。
#
# .. exercise:: my_collate
#
#    大小不一的图片没法叠在一起。请写出 ``my_collate(rows)``，每一行是一张图片（形状为 (h, w)
#    的数组）和一个标签。返回由两个数组组成的列表：图片的形状是 (n, H, W)，其中 ``H`` 和 ``W``
#    是最大的高和宽，每张图片的下方和右方补零；标签的形状是 (n,)。
#
# **小结**：数据集知道每一行，采样器知道次序，``collate_fn`` 拼出小批量。
#
# .. _inside-whole:
#
# 教程里的 ``fit``，跑在 NumPy 上
# -------------------------------
#
# 现在来验证。先是教程开头那个循环：用我们的库跑一遍，用 PyTorch 跑一遍，再换成由 PyTorch 的 ``optim.SGD``
# 来更新，跑一遍，float64 和 float32 各一次：

first_weights = torch.randn(784, 10).numpy() / 28


def train(tensor, loss_func, kind, update):
    weights = tensor(first_weights.astype(kind), requires_grad=True)
    x, y = x_train[:5000].astype(kind), y_train[:5000]
    for i in range(0, len(x), 64):
        xb, yb = tensor(x[i : i + 64]), tensor(y[i : i + 64])
        loss_func(xb @ weights, yb).backward()
        update(weights)
        weights.grad = None
    return weights.detach()


def by_hand(no_grad):
    def update(weights):
        with no_grad():
            weights -= 0.1 * weights.grad

    return update


def by_optimizer(weights):
    optim.SGD([weights], lr=0.1).step()


for kind, bound in (("float64", 1e-10), ("float32", 4e-7)):
    ours = train(Tensor, cross_entropy, kind, by_hand(no_grad)).data
    theirs = train(torch.tensor, F.cross_entropy, kind, by_hand(torch.no_grad)).numpy()
    third = train(torch.tensor, F.cross_entropy, kind, by_optimizer).numpy()
    gaps = np.abs(ours - theirs).max(), np.abs(third - theirs).max()
    print(f"{kind}: ours to PyTorch {gaps[0]:.0e}, SGD to by hand {gaps[1]:.0e}")
    assert max(gaps) < bound

# %%
# 用 float32 时，PyTorch 自己的两种写法之间的差，与我们和 PyTorch 之间的差不相上下：``p -= lr * p.grad`` 舍入两次，``optim.SGD``
# 把乘和加一次做完。
#
# 然后是教程里的 ``fit``。它从不过问交给它的是什么：模型能调用，损失有 ``backward``，优化器有
# ``step``，就够了。只有一处提到了 PyTorch 的东西：``evaluate`` 里写着 ``torch.no_grad``。\
# 所以函数都原封不动，只让 ``evaluate`` 在这个名字下面找到我们的 ``no_grad``：
#
# .. tested-source:: mnist_tut.training.loss_batch
#    :folded: 教程里的 loss_batch
#
# .. tested-source:: mnist_tut.training.weighted_mean
#    :folded: 教程里的 weighted_mean
#
# .. tested-source:: mnist_tut.training.evaluate
#    :folded: 教程里的 evaluate
#
# .. tested-source:: mnist_tut.training.fit
#    :folded: 教程里的 fit
#
# .. guess:: 两边都用 float64，从同样的权重出发，训练两个轮次。损失从第几位小数开始不同？
#
#    在 ``fit`` 打印的四位小数里，一位也没有不同。

import copy
from types import FunctionType

from mnist_tut.training import evaluate, fit

little = SimpleNamespace(no_grad=no_grad)
their_names = evaluate.__globals__


our_evaluate = FunctionType(evaluate.__code__, {**their_names, "torch": little})
numpy_fit = FunctionType(fit.__code__, {**their_names, "evaluate": our_evaluate})


def make_model(nn):
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


first_model = make_model(nn).double()
kept = first_model.state_dict()


def sets(kind):
    yield x_train[:5000].astype(kind), y_train[:5000]
    yield x_valid[:1000].astype(kind), y_valid[:1000]


def run_ours(kind):
    model = make_model(our_nn)
    model.load_state_dict({name: t.numpy().astype(kind) for name, t in kept.items()})
    dls = [DataLoader(TensorDataset(Tensor(x), Tensor(y)), 64) for x, y in sets(kind)]
    numpy_fit(2, model, cross_entropy, SGD(model.parameters(), lr=0.1), *dls)
    return np.concatenate([p.data.ravel() for p in model.parameters()])


def run_torch(kind):
    model = copy.deepcopy(first_model).to(getattr(torch, kind))
    pairs = [(torch.tensor(x), torch.tensor(y)) for x, y in sets(kind)]
    dls = [data.DataLoader(data.TensorDataset(*pair), 64) for pair in pairs]
    fit(2, model, F.cross_entropy, optim.SGD(model.parameters(), lr=0.1), *dls)
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


ends = {}
for kind in ("float64", "float32"):
    print(f"{kind}, ours, then PyTorch:")
    ends["ours", kind], ends["PyTorch", kind] = run_ours(kind), run_torch(kind)

# %%
# 损失一行一行都相同。那么最后，权重差了多少？

for first, second in [
    (("ours", "float64"), ("PyTorch", "float64")),
    (("ours", "float32"), ("PyTorch", "float32")),
    (("PyTorch", "float32"), ("PyTorch", "float64")),
]:
    gap = np.abs(ends[first] - ends[second]).max()
    print(f"{' in '.join(first):18} and {' in '.join(second):18} {gap:.0e}")
assert np.abs(ends["ours", "float64"] - ends["PyTorch", "float64"]).max() < 1e-10

# %%
# 用 float64，两边算的*就是同一回事*。用 float32，我们与 PyTorch 的差距，和 PyTorch 自己用
# float32 与用 float64 之间的差距差不多：所谓“权重相同”，只能是在 float32 自身的误差之内相同。\
# 而这个误差可以很大。下面让 PyTorch 用两种类型各训练一遍，找出 ReLU 前面那些一边略大于零、\
# 一边略小于零的数：

torch.manual_seed(0)
single = make_model(nn)
double = copy.deepcopy(single).double()
order = np.random.default_rng(3).permutation(len(x_train))[: 160 * 64]

for step, chosen in enumerate(np.array_split(order, 160), 1):
    positive = []
    for model in (single, double):
        xb = torch.tensor(x_train[chosen]).to(model[0].weight.dtype)
        positive.append(model[0](xb) > 0)
        model.zero_grad()
        F.cross_entropy(model(xb), torch.tensor(y_train[chosen])).backward()
        optim.SGD(model.parameters(), lr=0.1).step()
    changed = (positive[0] != positive[1]).sum().item()
    if step % 50 == 0 or changed:
        gap = (single[0].weight - double[0].weight).abs().max().item()
        print(f"step {step:3}: {changed} signs differ, weights differ by {gap:.0e}")

# %%
# 符号不同的地方，一边加上了某个梯度，另一边没有加，两边的权重一下子就拉开了，远不止一点舍入误差。\
# 两边都没有错。
#
# CNN 也一样：二十个小批量，带动量。

opt = SGD(cnn.train().parameters(), lr=0.05, momentum=0.9)
torch_opt = optim.SGD(torch_cnn.train().parameters(), lr=0.05, momentum=0.9)
gaps = []
images = x_train[: 20 * 64].reshape(-1, 1, 28, 28).astype(np.float64)
for i in range(0, len(images), 64):
    xb, yb = images[i : i + 64], y_train[i : i + 64]
    loss = cross_entropy(cnn(Tensor(xb)), Tensor(yb))
    torch_loss = F.cross_entropy(torch_cnn(torch.tensor(xb)), torch.tensor(yb))
    for each, step in ((loss, opt), (torch_loss, torch_opt)):
        each.backward()
        step.step()
        step.zero_grad()
    gaps.append(abs(loss.item() - torch_loss.item()))
print(f"last loss {loss.item():.4f}, largest difference of 20 losses {max(gaps):.0e}")
assert max(gaps) < 1e-10

# %%
# 那么，PyTorch 还多了什么？首先是速度，但也不是处处都快。用一个核，前向加反向，我们的库所用的时间是
# PyTorch 的多少倍（2026 年 11 月 29 日测得，程序是 ``benchmarks/inside.py``）：
#
# - 10 x 10 的乘积 0.49 倍，1,000 x 1,000 的乘积 1.3 倍：大矩阵相乘，两边干的活一样多；\
#   矩阵很小的时候，我们反而没有那么多额外的事要做；
# - 400 x 400 的*整数*乘积（只算前向）4.2 倍，因为 NumPy 没有为整数准备快的程序；\
#   10,000 行里去掉第一行，4.1 倍，因为切片在 PyTorch 里有专门的求导方法；
# - ``backward`` 中有 3,000 个张量在等，17 倍；有 30,000 个，110 倍：我们为了找出最年轻的，\
#   每次都要看遍所有等着的张量，张量一多，工作量按平方增长。
#
# 除了速度，PyTorch 还支持 GPU，有按设备和类型挑选内核的:term:`分派器`（dispatcher），有融合的内核、\
# 内存布局、文件存取、高阶导数、:func:`torch.compile`，以及我们省掉的所有检查。\
# 但思路，就是您刚刚亲手搭起来的这一个。
#
# **小结**：公式相同，次序相同，得到的数就相同。
#
# .. _inside-source:
#
# 它们在 PyTorch 的什么地方
# -------------------------
#
# 我们的每个部件，在 PyTorch 2.13 的源码里都有对应的地方：
#
# - ``Tensor.backward``：`torch/autograd/__init__.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/__init__.py>`_ 里的 ``backward``；\
#   引擎本身是用 C++ 写的。
# - ``no_grad``：`torch/autograd/grad_mode.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/grad_mode.py>`_ 里的 ``no_grad``。
# - ``Module``：`torch/nn/modules/module.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/module.py>`_ 里的
#   ``__setattr__``、``named_parameters``、``_call_impl``、``load_state_dict``。
# - ``Sequential``、``ModuleList``：`torch/nn/modules/container.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/container.py>`_ 里的
#   ``forward``、``append``。
# - ``uniform``：`torch/nn/init.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/init.py>`_ 里的 ``kaiming_uniform_``。
# - ``BatchNorm2d``：`torch/nn/modules/batchnorm.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/batchnorm.py>`_ 里的 ``forward``。
# - ``SGD``、``AdamW``：`torch/optim/sgd.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/sgd.py>`_ 里的 ``_single_tensor_sgd``；
#   `torch/optim/adam.py <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/adam.py>`_ 里的
#   ``_single_tensor_adam``。
# - ``RandomSampler``、``default_collate``、``DataLoader``：`torch/utils/data/sampler.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/sampler.py>`_ 里的 ``__iter__``；
#   `torch/utils/data/_utils/collate.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/collate.py>`_ 里的
#   ``collate``；`torch/utils/data/_utils/fetch.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/fetch.py>`_ 里的 ``fetch``。
#
# 还想往下走：Andrej Karpathy 的 `micrograd <https://github.com/karpathy/micrograd>`_
# 用单个的数做了我们用数组做的事，篇幅还要小；\
# `fast.ai 课程的第二部分 <https://course.fast.ai/Lessons/part2.html>`_则从这里继续，搭出一个自己的库。
#
# **小结**：小的那一份已经读过，PyTorch 的源码也就读得懂了。
