r"""
.. _inside-top:

拆开 ``torch.nn``
=================

- **动手**：用 NumPy 数组自己造一个 ``torch.nn``，总共三百行左右；然后让教程里的 ``fit``
  在它上面跑，每个数都和 PyTorch 的对一对。
- **收获**：弄清 ``backward()``、``nn.Module``、优化器和 ``DataLoader`` 到底做了什么，\
  以及除此之外 PyTorch 还有什么。
- **准备**：学过《:doc:`nn_tutorial`》。不需要 GPU。

我们的部件和 PyTorch 的同名，只是前面什么也不带：``nn.Linear`` 在这里就是 ``Linear``。\
用来顶替整个库的，名字里会写明是我们的：``our_nn``。
"""

# %%
# .. _inside-engine:
#
# 会记事的张量：自动求导
# ----------------------
#
# 教程一开始就用上了张量，梯度由 PyTorch 来求。这里再往前退一步，从 NumPy 数组开始：数组会计算，\
# 别的都不会。先看一个乘积：``a`` 稍稍变大一点，乘积会变大多少？我们把 ``a`` 往上、往下各*轻轻推一下*，\
# 看看就知道：

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
# 所以，每种运算只要写下两件事：怎么算，以及每个输入*分到的那一份*，也就是 ``g`` 乘以导数。\
# （各份加起来不一定等于 ``g``：加法就把整个 ``g`` 同时交给两个输入。）\
# 下面的函数根据这两件事造出张量的运算。``Tensor`` 把数组放在 ``data`` 里，\
# 把“怎样往回传梯度”这个函数放在 ``grad_fn`` 里。
#
# .. tested-source:: mnist_tut.inside.no_grad
#    :folded: no_grad：记录的开关，后面会讲到
#
# .. tested-source:: mnist_tut.inside.operation
#
# 有两种运算，该分的那一份一行写不下。把许多数加在一起，每个数都分到整个梯度；取索引，\
# 梯度就放回原来的位置，同一个位置取了两次，就得两份，所以用 ``np.add.at``：
#
# .. tested-source:: mnist_tut.inside.spread
#    :folded: spread：求和时各数分到的那一份
#
# .. tested-source:: mnist_tut.inside.put
#    :folded: put：取索引时各处分到的那一份
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
#    曾把它广播成 ``g`` 的形状。请返回一个形状为 ``shape`` 的数组：参数里的每个数，得到它各份梯度的和。\
#    我们自己的写法紧跟在后面，请先写出您的。
#
# .. tested-source:: mnist_tut.inside.unbroadcast
#    :folded: 一种写法，也就是我们库里的
#
# 现在轮到张量本身。开头每一行是一种运算，以及各个输入分到的那一份。在类里把一个函数赋给某个名字，\
# 它就成了方法，和用 ``def`` 写的一样：``x + w`` 调用的就是 ``__add__``。\
# （``b.mT`` 是把最后两个维度对调。）后面是 ``backward``，请读两遍，它是这一页的核心。\
# 它从损失出发，梯度是一。``waiting`` 里是那些已经拿到梯度、还没有往下传的张量。最年轻的（最晚算出来的）先走：\
# 凡是由它算出来的张量都比它更年轻，早已把各自的那一份交过来了。
#
# .. tested-source:: mnist_tut.inside.Comfort
#    :folded: Comfort：求平均、取出一个数等等，用起来顺手的东西
#
# .. tested-source:: mnist_tut.inside.Tensor
#
# 管用吗？我们算一个小小的损失，往回走一遍，再把一个权重轻轻推一下。

from mnist_tut.inside import Tensor

numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
start = np.array([0.5, -1.0])


def small_loss(w):
    return ((Tensor(numbers) * w).sum(1).exp() - 1).mean()


w = Tensor(start.copy(), requires_grad=True)
small_loss(w).backward()
nudge = np.array([h, 0.0])
up, down = small_loss(Tensor(start + nudge)), small_loss(Tensor(start - nudge))
print("gradient:", w.grad)
print("nudging the first weight:", ((up - down) / (2 * h)).item())

# %%
# ``backward`` 按什么次序走过各个张量？下面的 ``y`` 用了两次：

from mnist_tut.plots import show_handing_on

y = Tensor(numbers) * w
show_handing_on((y * y + y).sum())

# %%
# .. figure-text:: 从右到左排成一行：1，没有维度；2；3；4；最后是带框的 5，形状 (2,)。\
#    每个都有箭头指向下一个，还有一条弧线从 2 越过 3 到 4。
#
#    数字是 ``backward`` 走过各个张量的次序，后面是张量的形状。\
#    1 是损失，2 是 ``y * y + y``，3 是平方，4 是 ``y``，带框的 5 是叶子 ``w``。
#
# 4 号 ``y`` 要等 2 号和 3 号都把各自的那一份交过来，才轮到它。
#
# 再把每种运算都试一遍，用的张量都需要广播，每个梯度都和 PyTorch 的比。\
# （我们这个库的测试还会给每种运算都“轻轻推一下”。）

import torch

trials = {
    "arithmetic": lambda a, b: (a + b) * -a - (1 - b) / a + 1 / a**3,
    "products": lambda a, b: a @ b.T,
    "functions": lambda a, b: (a * b).exp() + b.log() * (a - 1.5).relu(),
    "sums": lambda a, b: a.sum(1) * b.sum() + a.mean(0, keepdim=True).sum(),
    "places": lambda a, b: a.reshape(-1)[[0, 0, 2]] * b,
}
rng = np.random.default_rng(0)
arrays = rng.uniform(1, 2, (4, 3)), rng.uniform(1, 2, (1, 3))


def gradients(make, func):
    leaves = [make(array, requires_grad=True) for array in arrays]
    (func(*leaves) ** 2).sum().backward()
    return np.concatenate([np.ravel(leaf.grad) for leaf in leaves])


for name, func in trials.items():
    gap = np.abs(gradients(Tensor, func) - gradients(torch.tensor, func)).max()
    print(f"{name:10} largest difference {gap:.0e}")
    assert gap < 1e-12

# %%
# 我们和 PyTorch 一致，差的只是 float64 的最后几位。
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
# 教程里有四条规矩要守。每一条从何而来，在这里看得清清楚楚。

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
# *正在记录的时候，不能原地修改叶子*：修改一旦记下来，它就成了运算的结果，不再是叶子，也就留不住梯度。\
# 所以训练循环里更新参数的那几行，要放在 ``no_grad`` 下面。``no_grad`` 不过是一个开关，``operation``
# 每次都会看上一眼。
#
# *前向与反向之间也不能改*：求乘积的导数，要用到当初乘进去的数，改了就没有了。这样的修改，\
# 我们的库会放过去，算出错误的梯度。PyTorch 则给每个张量的修改计数，发现不对就拒绝：

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
# **小结**：张量记得怎样往回传梯度；好几处传来的，就加在一起。
#
# .. _inside-module:
#
# 权重由谁来找？模块
# ------------------
#
# 模型是一棵由对象组成的树，而优化器要的是一张不分层的权重清单。在 Python 里，给对象的属性赋值，\
# 就会调用它的 ``__setattr__``。所以 ``Module`` 不用您列清单：您赋的每一个值，它都会看一看，\
# 把参数和模块分别放进两个字典。还有第三个字典，放的是:term:`缓冲区`（buffer）：这些张量属于模型，\
# 随模型一起保存，但没有人去训练它们，比如滑动平均。
#
# .. tested-source:: mnist_tut.inside.Parameter
#    :folded: Parameter：要训练的张量
#
# ``Parameter`` 就是要求梯度的张量，此外什么也没有添：模块一看它是这个类，就知道这是要训练的。
#
# .. tested-source:: mnist_tut.inside.Loading
#    :folded: Loading：load_state_dict 和 double
#
# .. tested-source:: mnist_tut.inside.Module
#
# .. tested-source:: mnist_tut.inside.ModuleList
#    :folded: ModuleList：里面的模块都找得到的列表
#
# .. exercise:: MySequential
#
#    请写一个 ``MySequential``：它是 ``Module``，创建时接受任意多个模块，让输入依次通过。\
#    这些模块的参数都要找得到。我们自己的写法紧跟在后面，请先写出您的。
#
# .. tested-source:: mnist_tut.inside.Sequential
#    :folded: 一种写法，也就是我们库里的
#
# 总得有东西往里放，下面是两个简单的层。新的层需要随机的权重。NumPy 的 ``RandomState`` 和 PyTorch 在
# CPU 上用的是同一种随机数生成器（*Mersenne Twister*），``uniform`` 用它给出的数做成权重：\
# 每个输出要把多少个数加起来（``fan_in``），数越多，权重就越小。\
# 所以种子相同，两个库造出来的层也就相同。
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
#    :folded: ReLU：把运算包成模块
#
# 同样的问题，分别去问我们的模块和 PyTorch 的模块。两个模块由同样的几行代码造出来：\
# 传进哪个库，``nn`` 就是哪个库。请留意放在普通列表里的那个层。

from types import SimpleNamespace

from torch import nn

from mnist_tut.inside import Linear, Module, ReLU, Sequential
from mnist_tut.plots import show_drawers


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
# 回答一样。这几个字典，不论什么模型，您都可以打开看看。普通列表里的那个层，哪个字典里都找不到：\
# 它照样能计算，却没有人训练、保存和搬动它。

show_drawers(nets[1])

# %%
# .. figure-text:: 五个方框，由线连着：Net，有一个缓冲区和两个模块；下面是 Linear，有 weight 和 bias，\
#    还有 Sequential，里面有两个模块；再下面是 ReLU 和 Linear。
#
#    PyTorch 的 ``Net``：每个方框是一个模块，框里的每一行是它的一个字典。
#
# ``state_dict`` 就是把这些字典合成一层：名字用点连接，张量则*与模型共用内存*，两个库都是这样。\
# 想留住训练中最好的权重，就必须复制一份。
#
# 那么，为什么调用的是 ``model(x)``，而不是 ``model.forward(x)``？因为 ``__call__`` 还多做了一点事：\
# 通知各个:term:`钩子`（hook）。钩子是挂在模块上的函数，用来看看进去的是什么，出来的又是什么。\
# （在 PyTorch 里，前向钩子返回一个值，还能换掉模块的输出。）
#
# .. exercise:: my_shapes
#
#    请写出 ``my_shapes(model, x)``：让 ``x`` 通过我们的 ``Sequential``，返回一个列表，\
#    依次是每一层输出的形状，各是一个元组。请用钩子，不要动模型的 ``forward``。
#
# **小结**：赋给模块的东西，模块会分门别类放进字典；别的事，都是在字典上走一遍。
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
#    :folded: windows：所有窗口，不必复制
#
# .. tested-source:: mnist_tut.inside.columns
#
# .. tested-source:: mnist_tut.inside.fold
#    :folded: fold：回程
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

layer = Conv2d(1, 1, 3, stride=2, padding=1)
print(layer(Tensor(digit[None, None])).shape)

# %%
# 输出的高和宽，就是窗口在各个方向上能放的位置数：
# :math:`\lfloor (\text{size} + 2 \cdot \text{padding} - k) / \text{stride} \rfloor + 1`。
#
# .. exercise:: my_conv
#
#    请只用循环和数组写出 ``my_conv(x, weight)``：``x`` 的形状是 (c, h, w)，``weight`` 的形状是
#    ``(out, c, k, k)``。返回卷积得到的数组，形状是 ``(out, h - k + 1, w - k + 1)``；没有偏置、填充和步幅。
#
# *批归一化*对每个通道减去平均，再除以标准差，也就是方差的平方根。训练时，平均和方差取自当前的小批量，\
# 并以滑动平均记进缓冲区；``eval()`` 之后，用的就是滑动平均。（平均说来，小批量里的数比全体略微集中一些，\
# ``n / (n - 1)`` 就是用来补上这一点的。）:term:`暂退法`（dropout）只在训练时起作用，随机地把一些数变成零，\
# 其余的除以 ``1 - p``，好让平均保持不变。正是因为有这两种层，才必须告诉模型现在处于哪种模式。
#
# .. tested-source:: mnist_tut.inside.BatchNorm2d
#    :folded: BatchNorm2d：用小批量的平均，或者用滑动平均
#
# .. tested-source:: mnist_tut.inside.Dropout
#    :folded: Dropout：随机地变成零
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
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 10),
    )


our_nn.Conv2d, our_nn.BatchNorm2d, our_nn.Flatten = Conv2d, BatchNorm2d, Flatten
cnn, torch_cnn = make_cnn(our_nn).double(), make_cnn(nn).double()
cnn.load_state_dict(torch_cnn.state_dict())

images = x_train[:64].reshape(64, 1, 28, 28).astype(np.float64)
for mode in (True, False):
    out = cnn.train(mode)(Tensor(images)).data
    torch_out = torch_cnn.train(mode)(torch.tensor(images)).detach().numpy()
    print(f"training {mode}: largest difference {np.abs(out - torch_out).max():.0e}")
    assert np.abs(out - torch_out).max() < 1e-12

# %%
# 权重的初值该取多大？不同的输入之间的差别，每过一层就要乘上某个倍数，二十层就乘二十次：\
# 这个倍数要是比一小得多，差别就一点也不剩了。我们用 PyTorch 自己的层来看：64 个不同的输入，\
# 过了第一层差多少，过了最后一层又差多少？

torch.manual_seed(0)
for name in ("default", "kaiming_normal_"):
    signal = torch.randn(64, 200)
    apart = []
    for _ in range(20):
        layer = nn.Linear(200, 200)
        if name == "kaiming_normal_":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        signal = layer(signal).relu()
        apart.append(signal.std(dim=0).mean().item())
    factor = (apart[-1] / apart[0]) ** (1 / 19)
    print(f"{name:16} first {apart[0]:.2f}, last {apart[-1]:.0e}, factor {factor:.2f}")

# %%
# 用默认的初始化，二十层之后，所有的输入看上去都一样，没有什么可学的了。\
# `何恺明的方法 <https://arxiv.org/abs/1502.01852>`_把每个 ReLU 去掉的那一半补了回来。\
# 差别还是会缩小，但缩得很慢。批归一化解决的是同一个问题，只不过是逐层解决。
#
# **小结**：一个层就是几个参数加一个公式；初值怎么取、处于哪种模式，同样重要。
#
# .. _inside-optim:
#
# 优化器
# ------
#
# 训练就是这样一圈又一圈：损失 → ``backward()`` → ``grad`` → ``step()`` → 新的权重。``backward``
# 把梯度留在 ``grad`` 里，优化器从那里取，两者之间再没有别的联系。所以 ``step()`` 既不看
# ``requires_grad``，也不看模型；没有 ``grad`` 的参数，保持不变。（PyTorch
# 的优化器在创建时还会检查一次：给它的必须是叶子。）要从这一步记到下一步的东西，是每个参数的*状态*。
#
# .. tested-source:: mnist_tut.inside.Optimizer
#
# .. tested-source:: mnist_tut.inside.SGD
#
# 有了:term:`动量`（momentum），每一步都会延续上一步的一部分。AdamW 看两个滑动平均，一个是梯度的，\
# 一个是梯度平方的，然后用前者除以后者的平方根。这样，梯度是大是小就不那么要紧了：\
# 第一步，凡是梯度不为零的权重，大约都移动 ``lr``；往后，梯度的正负号变来变去的权重，就移动得少一些。
#
# .. exercise:: my_adamw
#
#    请写出 ``my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay)``，为一个参数走一步。``p, g, m, v``
#    都是数组，``t`` 是步数，从 1 数起。返回新的 ``p``、``m`` 和 ``v``。先从 ``p`` 中减去它自身的
#    ``lr * decay`` 倍，再减去 ``lr * m' / (sqrt(v') + eps)``，其中 ``m'`` 是平均值 :math:`m` 除以
#    :math:`1 - b_1^t`，``v'`` 是 :math:`v` 除以 :math:`1 - b_2^t`。我们自己的写法紧跟在后面，请先写出您的。
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
# 从同样的权重出发，用每种优化器把 CNN 训练二十步。训练我们的和 PyTorch 的，用的是同一个循环：

import torch.nn.functional as F
from torch import optim

from mnist_tut.inside import SGD, AdamW, cross_entropy

our_optim = SimpleNamespace(SGD=SGD, AdamW=AdamW)
plans = [("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.05, "momentum": 0.9}), ("AdamW", {})]
first = make_cnn(nn).double().state_dict()
xs = x_train[: 20 * 64].reshape(-1, 1, 28, 28).astype(np.float64)


def train(nn, optim, tensor, loss_func, kind, options):
    model = make_cnn(nn).double()
    model.load_state_dict(first)
    opt = getattr(optim, kind)(model.parameters(), **options)
    losses = []
    for i in range(0, len(xs), 64):
        xb, yb = tensor(xs[i : i + 64]), tensor(y_train[i : i + 64])
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
        losses.append(loss.item())
    return np.array(losses)


for plan in plans:
    ours = train(our_nn, our_optim, Tensor, cross_entropy, *plan)
    theirs = train(nn, optim, torch.tensor, F.cross_entropy, *plan)
    gap = np.abs(ours - theirs).max()
    print(*plan, f"last loss {ours[-1]:.4f}, largest difference {gap:.0e}")
    assert gap < 1e-10

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
#    :folded: RandomSampler：每次换一种次序，走遍所有行
#
# .. tested-source:: mnist_tut.inside.default_collate
#
# .. tested-source:: mnist_tut.inside.DataLoader

from torch.utils import data

from mnist_tut.inside import DataLoader, TensorDataset
from mnist_tut.plots import show_digits

pictures, labels = x_train[:1000], y_train[:1000]
order = torch.randperm(len(labels)).tolist()
dl = DataLoader(TensorDataset(Tensor(pictures), Tensor(labels)), 64, sampler=order)
torch_ds = data.TensorDataset(torch.tensor(pictures), torch.tensor(labels))
torch_dl = data.DataLoader(torch_ds, 64, sampler=order)

same = [
    np.array_equal(xb.data, txb) and np.array_equal(yb.data, tyb)
    for (xb, yb), (txb, tyb) in zip(dl, torch_dl, strict=True)
]
assert all(same)

rows = order[:16]
few = DataLoader(TensorDataset(Tensor(pictures)), 8, sampler=rows)
batches = [torch.tensor(xb.data) for (xb,) in few]
show_digits(torch.cat(batches), rows, cols=8)

# %%
# .. figure-text:: 十六个手写数字，两排，每排八个；每个上面有一个不超过 999 的数。
#
#    前十六行：每一排是我们的加载器做出的一个小批量；图片上方的数，是采样器给出的行号，即图片在数据集里是第几行。
#
# 两个加载器给出的小批量完全相同，不然 ``assert`` 就会报错。写上 ``num_workers=4``，PyTorch 的加载器就让四个进程去问数据集、拼小批量，各拼各的；\
# 模型还在训练，接下来的几个小批量就已经准备好了。得到的行是一样的，除非 ``__getitem__`` 里要抽随机数：\
# 每个进程抽的都是自己的。（:class:`~torch.utils.data.IterableDataset` 则要自己分好哪一行归谁，\
# 不然每一行都会来四次。）
#
# .. exercise:: my_collate
#
#    大小不一的图片没法叠在一起。请写出 ``my_collate(rows)``，每一行是一张图片（形状为 (h, w)
#    的数组）和一个标签。返回由两个数组组成的列表：图片的形状是 (n, H, W)，其中 ``H`` 和 ``W``
#    是最大的高和宽，每张图片的下方和右方补零；标签的形状是 (n,)。写好就交给我们的加载器：\
#    ``DataLoader(your_rows, 2, collate_fn=my_collate)``。
#
# **小结**：数据集知道每一行，采样器知道次序，``collate_fn`` 拼出小批量。
#
# .. _inside-whole:
#
# 教程里的 ``fit``，跑在 NumPy 上
# -------------------------------
#
# 现在来验证，用的就是教程里的 ``fit``。它从不过问交给它的是什么：模型能调用、能切换模式，损失有 ``backward``
# 和 ``item``，优化器有 ``step`` 和 ``zero_grad``，就够了。只有一处提到了 PyTorch 的东西：``evaluate`` 里写着 ``torch.no_grad``。\
# 所以函数都原封不动，只让 ``evaluate`` 在这个名字下面找到我们的 ``no_grad``。``FunctionType``
# 正好派上用场：代码还是那段代码，它造出一个新的函数，只是到别处去查名字。
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

from types import FunctionType

from mnist_tut.training import evaluate, fit

their_names = evaluate.__globals__
little = SimpleNamespace(no_grad=no_grad)
our_evaluate = FunctionType(evaluate.__code__, {**their_names, "torch": little})
our_fit = FunctionType(fit.__code__, {**their_names, "evaluate": our_evaluate})
our_data = SimpleNamespace(TensorDataset=TensorDataset, DataLoader=DataLoader)


def make_model(nn):
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


kept = make_model(nn).double().state_dict()
sets = (x_train[:5000], y_train[:5000]), (x_valid[:1000], y_valid[:1000])


def run(kind, fit, nn, optim, data, tensor, loss_func):
    model = make_model(nn)
    if kind == "float64":
        model.double()
    model.load_state_dict(kept)
    pairs = [data.TensorDataset(tensor(x.astype(kind)), tensor(y)) for x, y in sets]
    dls = [data.DataLoader(pair, 64) for pair in pairs]
    fit(2, model, loss_func, optim.SGD(model.parameters(), lr=0.1), *dls)
    return np.concatenate([np.ravel(p.detach()) for p in model.parameters()])


ours = our_fit, our_nn, our_optim, our_data, Tensor, cross_entropy
theirs = fit, nn, optim, data, torch.tensor, F.cross_entropy
ends = {}
for kind in ("float64", "float32"):
    print(f"{kind}, ours, then PyTorch:")
    ends["ours", kind], ends["PyTorch", kind] = run(kind, *ours), run(kind, *theirs)

for one, other in [
    (("ours", "float64"), ("PyTorch", "float64")),
    (("ours", "float32"), ("PyTorch", "float32")),
    (("PyTorch", "float32"), ("PyTorch", "float64")),
]:
    gap = np.abs(ends[one] - ends[other]).max()
    print(f"weights: {' in '.join(one):18} - {' in '.join(other):18} {gap:.0e}")
assert np.abs(ends["ours", "float64"] - ends["PyTorch", "float64"]).max() < 1e-10

# %%
# 用 float64，两边算的*就是同一回事*。用 float32，我们与 PyTorch 的差距，和 PyTorch 自己用
# float32 与用 float64 之间的差距差不多。\
# PyTorch 自己的 ``optim.SGD`` 和 ``p -= lr * p.grad``，也差这么多，因为前者舍入一次，后者舍入两次。\
# 舍入误差还会变大：ReLU 前面的某个数，一边算出来略大于零，另一边略小于零，一边就会加上一个梯度，\
# 另一边却没有加。两边都没有错。
#
# 那么，PyTorch 还多了什么？首先是速度，但也不是处处都快。用一个核，我们的库所用的时间是
# PyTorch 的多少倍（2026 年 11 月 29 日测得，程序是 ``benchmarks/inside.py``）？前向加反向，10 x 10
# 的乘积 0.49 倍，1,000 x 1,000 的乘积 1.3 倍；10,000 行里去掉第一行，4.1 倍；400 x 400
# 的*整数*乘积 4.2 倍；可是 ``backward`` 中有 3,000 个张量在等，就要 17 倍，有 30,000 个，110
# 倍，因为我们每次都要看遍所有等着的张量，才找得出最年轻的。
#
# 除了速度，PyTorch 还支持 GPU；有:term:`分派器`（dispatcher），挑选适合设备和类型的程序；\
# 有把好几种运算合成一步的*融合*程序；图片在内存里也不止一种排法；还有文件存取、高阶导数、对指数的导数、\
# :func:`torch.compile`，以及我们省掉的所有检查。但思路，就是您刚刚亲手搭起来的这一个。
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
# - 张量：`torch/autograd/__init__.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/__init__.py>`_ 里的 ``backward``（引擎本身是用 C++ 写的）；\
#   `torch/autograd/grad_mode.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/grad_mode.py>`_ 里的 ``no_grad``。
# - 模块：`torch/nn/modules/module.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/module.py>`_ 里的
#   ``__setattr__``、``named_parameters``、``_call_impl``、``load_state_dict``；\
#   `torch/nn/modules/container.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/container.py>`_ 里的 ``Sequential``、``ModuleList``。
# - 层：`torch/nn/init.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/init.py>`_ 里的 ``kaiming_uniform_``；\
#   `torch/nn/modules/batchnorm.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/batchnorm.py>`_ 里的 ``forward``。
# - 优化器：`torch/optim/sgd.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/sgd.py>`_ 里的 ``_single_tensor_sgd``；\
#   `torch/optim/adam.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/optim/adam.py>`_ 里的 ``_single_tensor_adam``。
# - 数据：`torch/utils/data/sampler.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/sampler.py>`_ 里的 ``RandomSampler``；\
#   `torch/utils/data/_utils/collate.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/collate.py>`_ 里的 ``collate``；\
#   `torch/utils/data/_utils/fetch.py
#   <https://github.com/pytorch/pytorch/blob/v2.13.0/torch/utils/data/_utils/fetch.py>`_ 里的 ``fetch``。
#
# 还想往下走：Andrej Karpathy 的 `micrograd <https://github.com/karpathy/micrograd>`_
# 用单个的数做了我们用数组做的事，篇幅还要小；\
# `fast.ai 课程的第二部分 <https://course.fast.ai/Lessons/part2.html>`_则从这里继续，搭出一个自己的库。
#
# **小结**：小的那一份已经读过，PyTorch 的源码也就读得懂了。
