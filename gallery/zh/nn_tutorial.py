r"""
.. _top:

``torch.nn`` 到底是什么？
=========================

- **动手**：先只用:term:`张量`（tensor）训练一个网络，再把活儿一样一样交给 PyTorch，\
  看着循环越来越短。最后得到的网络，从没见过的数字，98% 都能认对。
- **收获**：弄懂 ``nn.Module``、``Parameter``、:term:`优化器`（optimizer）、``Dataset`` 和
  ``DataLoader`` 各管什么，并能:doc:`凭记忆 </tutorials/from_memory>`写出训练循环。
- **准备**：PyTorch，以及一点张量运算的经验，用过 NumPy 数组就够了。不需要 GPU。

本页按 `fast.ai <https://www.fast.ai>`_ 的 Jeremy Howard 所写的 `What is torch.nn really?
<https://docs.pytorch.org/tutorials/beginner/nn_tutorial.html>`_ 逐节展开；他在文中感谢了 Rachel
Thomas 和 Francisco Ingham。讲解思路来自原文，文字和代码由我们重写，\
全部不同之处见《:doc:`/about`》。

.. container:: only-on-site

   **建议边读边运行**：下载
   :download:`Jupyter 笔记本 <nn_tutorial.ipynb>`\ 或:download:`脚本 <nn_tutorial.py>`，\
   一次运行一个单元格，看看各个张量的形状，再故意改坏几处试试。\
   也可以:ref:`自己构建整个网站 <rebuild>`，再用 ``make live`` 在页面里直接运行每个单元格。

要构建和训练网络，PyTorch 备好了四样东西：:mod:`torch.nn`、:mod:`torch.optim`、\
:class:`~torch.utils.data.Dataset` 和 :class:`~torch.utils.data.DataLoader`。\
要把它们用好，改成适合自己问题的样子，先得知道它们到底做了什么。所以我们先一样也不用，\
再逐一引入。网络从随机数出发。设定:term:`随机种子`之后，只要从头依次运行各单元格，您得到的随机数就与我们的相同。
"""

import torch

torch.manual_seed(42)

# %%
# .. _mnist-data:
#
# 准备 MNIST 数据
# ---------------
#
# MNIST（`LeCun 等，1998 <https://doi.org/10.1109/5.726791>`_）是一批灰度小图片，内容是手写的数字 0
# 到 9，每张都附有:term:`标签`（label），写明是几。``get_mnist`` 用 `Requests
# <https://requests.readthedocs.io>`_ 下载数据，并做检查；想知道怎样检查，可以展开来看。
#
# .. tested-source:: mnist_tut.data.get_mnist
#    :folded: 怎样先检查文件，再信任它
#
# .. tested-source:: mnist_tut.data.download
#    :folded: 下载怎样限定大小和时间
#
# .. tested-source:: mnist_tut.data.keep
#    :folded: 怎样保存文件：要么完整，要么没有
#
# 为什么要检查？因为这个文件是 :term:`pickle`，其实是一段小程序：Python 要运行这段程序，\
# 才能还原出里面的对象。所以没有核对过:term:`校验和`（checksum）的文件，绝不要用 pickle 还原。\
# 下载不动，就用浏览器下载下面 ``URL`` 里的文件，放到 ``PATH`` 所说的位置。

#: 文件在哪里、有多大，以及它的校验和
from pathlib import Path

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

# %%
# 文件里有三组 NumPy 数组，每组包括图片和标签：:term:`训练集`（training set）用来训练，\
# :term:`验证集`（validation set）用来边训练边检验，:term:`测试集`（test set）留到最后。PyTorch
# 要的是张量，所以用 :func:`map` 把六个数组一次转换过来：

from mnist_tut.data import get_mnist

train, valid, test = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train, x_valid, y_valid, x_test, y_test = map(
    torch.tensor, (*train, *valid, *test)
)
n, pixels = x_train.shape
print(n, pixels, x_train.min(), x_train.max(), y_train.min(), y_train.max())

# %%
# 训练图片有 50,000 张，每张 784 个像素；像素的值从 0 到略小于 1。画图的函数都来自
# ``mnist_tut.plots``，这是我们写的一个文件，笔记本里已经带上：

from mnist_tut.plots import show_digits

show_digits(x_train[:10], y_train[:10])

# %%
# .. figure-text:: 十个手写数字，黑底白字，上方各有标签。
#
#    训练集的前十张图片，每张 28 × 28 像素。
#
# **小结**：``x`` 每行一张图片，``y`` 是标签。
#
# .. _from-scratch:
#
# 不用 ``torch.nn``，从零写一个网络
# ---------------------------------
#
# .. _scratch-model:
#
# 模型
# ^^^^
#
# 我们的模型是线性的：十个类别，每个类别对 784 个像素求一次加权和，再加一个:term:`偏置`（bias）。\
# 权重的初值是缩小过的随机数，这样加权和不会太大；偏置的初值是零。这些都是普通的张量，\
# 只是设了 ``requires_grad``，PyTorch 就会记下它们参与的运算，以便自动求出梯度，\
# 也就是它们各变一点，结果会变多少。这叫:term:`自动求导`（autograd）。

import math

weights = torch.randn(784, 10) / math.sqrt(784)
weights.requires_grad_()
bias = torch.zeros(10, requires_grad=True)

# %%
# ``requires_grad_`` 末尾的下划线表示*原地*操作，也就是直接修改这个张量本身。注意次序：先缩放，\
# 再要求梯度。如果反过来，连除法也会记下来，``weights`` 就得不到梯度。
#
# Python 里的任何函数都可以当模型。我们的模型先用 ``@`` 做矩阵乘法，\
# 再通过:term:`广播`（broadcasting）给每一行加上偏置，这样每张图片得到十个加权和，称为
# :term:`logit`。然后由:term:`对数 softmax`（log-softmax）把它们变成十个概率的对数：先对各个 logit
# 取 exp，再求和，最后取对数；再从每个 logit 中减去这个对数。
#
# .. tested-source:: mnist_tut.by_hand.log_softmax
#
# ``keepdim`` 让求和的结果仍是一列，每行一个数，这样十个 logit 都能减去它。现在，\
# 把第一个:term:`小批量`（mini-batch）送进模型，里面有 ``bs`` 张图片。
#
# .. guess:: 模型如果一无所知，给出的十个数会是多少？
#
#    每个类别的概率都是十分之一，所以大约是 :math:`\ln(1/10) = -2.3`。下面的输出正是这样。

from mnist_tut.by_hand import log_softmax


def model(xb):
    return log_softmax(xb @ weights + bias)


bs = 64
xb, yb = x_train[:bs], y_train[:bs]
preds = model(xb)
print(preds[0], preds.shape)

# %%
# 这是普通的 Python 代码，却很快，因为每个运算调用的都是编译好的程序。另外，\
# ``preds`` 还记得自己是怎么算出来的：它的 ``grad_fn`` 就是往回走的第一步，马上会用到。
#
# .. _scratch-loss:
#
# 损失
# ^^^^
#
# 要训练，得有一个数来说明预测有多差，这就是:term:`损失`（loss）。\
# 分类器的损失是:term:`负对数似然`（negative log-likelihood）：取出模型给真实类别的对数概率，\
# 求平均，再取相反数。
#
# .. exercise:: my_nll
#
#    先别看我们的写法，自己试试。``log_probs`` 的形状是 (64, 10)，``target`` 是 64 个真实类别。\
#    请返回损失，也就是只含一个数的张量。
#
# .. tested-source:: mnist_tut.by_hand.nll
#
# 同时用两个张量作索引，就从 ``log_probs`` 的每一行取出一个数：真实类别那一列的数。还可以数一数，\
# 十个输出里最大的那个，有多少次正好是真实类别。这个比例叫准确率：
#
# .. tested-source:: mnist_tut.by_hand.accuracy

from mnist_tut.by_hand import accuracy, nll

loss_func = nll
loss = loss_func(preds, yb)
print(loss, accuracy(preds, yb))

# %%
# 损失接近 :math:`\ln 10 = 2.303`，正是瞎猜的损失；猜对的图片大约占十分之一。准确率比损失直观，\
# 却不能用来训练：权重变一点点，最大的输出几乎总是原来那个；想从准确率出发求梯度，PyTorch 也会拒绝。
#
# .. _scratch-gradient:
#
# 梯度
# ^^^^
#
# 权重变一点，损失会变多少？取正中间的一个像素，把它与类别 5 之间的权重调大一点，再调小一点，\
# 看看就知道：

nudge = torch.zeros(784, 10)
nudge[406, 5] = h = 0.01


def loss_with(weights):
    return loss_func(log_softmax(xb @ weights + bias), yb)


slope = (loss_with(weights + nudge) - loss_with(weights - nudge)) / (2 * h)
print(f"by nudging: {slope:.4f}")

# %%
# 这就是一个权重的:term:`梯度`（gradient）。要这样求出全部 7,850 个，得预测 15,700 次。\
# 好在从权重到损失的每个运算，PyTorch 都记了下来，连成一张:term:`计算图`（computation graph）。\
# ``loss.backward()`` 沿着这张图往回走一遍，这就是*反向传播*；每个:term:`参数`（parameter）的梯度，\
# 就存进了这个参数的 ``.grad``：

from mnist_tut.plots import show_graph

show_graph(loss)
loss.backward()
print(f"by backward: {weights.grad[406, 5]:.4f}")

# %%
# .. figure-text:: 一条链，箭头都指向左边：从 Neg 出发，经过 Mean、Index、Sub、Log、Sum、Exp、Add 和
#    Mm，到方框 (784, 10) 为止。Add 还通向另一个方框 (10,)；一条弧线从 Sub 跳到 Add。
#
#    ``loss.grad_fn`` 记下的一切。方框是 ``weights`` 和 ``bias``，``Mm`` 是矩阵乘法。
#
# .. guess:: 数值一样！再前向、反向各算一遍，``weights.grad`` 里会是什么？
#
#    是原来的两倍，下一个单元格就能看到：``backward()`` 是把新的梯度*加*上去。

loss_func(model(xb), yb).backward()
print(f"after a second backward: {weights.grad[406, 5]:.4f}")

# %%
# 所以每次求梯度之前，要先把旧的清零。现在就清零，再给未训练的参数留一份副本，\
# 好让后面的程序都从这里出发：``detach`` 只取数值，不带记录；``clone`` 复制一份。

weights.grad.zero_()
bias.grad.zero_()

start = {"weights": weights.detach().clone(), "bias": bias.detach().clone()}

# %%
# .. _scratch-loop:
#
# 循环
# ^^^^
#
# 对每个小批量重复五步：预测，算损失，反向传播，让每个参数逆着自己的梯度挪一小步，\
# 最后把梯度清零。这就是:term:`梯度下降`（gradient descent）；《`动手学深度学习
# <https://zh.d2l.ai>`_》的“线性神经网络”一章和 `course.fast.ai
# <https://course.fast.ai>`_ 的头几课讲得更细。每次挪多远，由:term:`学习率`（learning rate）``lr``
# 决定。把全部数据过一遍，叫一个:term:`轮次`（epoch）。
#
# .. loop:: by-hand

lr = 0.5
epochs = 2

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad
            weights.grad.zero_()
            bias.grad.zero_()

# %%
# 您刚刚只用张量就训练了一个神经网络！更新参数这一步不该记进计算图，所以写在 :class:`torch.no_grad`
# 里。想看循环怎样运行，就在里面写上 :func:`breakpoint`，也就是设一个断点，再用 Python
# 的调试器单步执行。
#
# .. guess:: 更新那几行如果不写在 ``no_grad`` 里，会怎样？
#
#    报错：*a leaf Variable that requires grad is being used in an in-place operation*，\
#    意思是正在记录时，不能原地修改要求梯度的*叶子张量*（leaf tensor）。叶子张量是记录的起点；\
#    一旦改写，就无从知道计算是从哪里开始的了。如果您真的试过，请从头运行全部单元格。
#
# .. exercise:: my_update
#
#    循环里，两个参数就写了四行。请写一个函数，列表里不管有多少个参数，都能更新：\
#    每个参数都*原地*往下坡走一步，步长是 ``lr`` 乘以它的梯度；然后把梯度清零。
#
# 损失从 2.3 降下来了吗？准确率从 0.1 升上去了吗？

print(f"last mini-batch: {loss_func(model(xb), yb):.4f}, {accuracy(model(xb), yb):.4f}")
out = model(x_valid)
print(f"validation set: {loss_func(out, y_valid):.4f}, {accuracy(out, y_valid):.4f}")

# %%
# 都做到了。不过第一行说明不了什么：只有 16 张图片，模型刚用它们训练过。第二行才算数：\
# 那一万张图片从未用来训练。每个类别对每个像素都有一个权重，所以权重也可以画成图片：

from mnist_tut.plots import show_weights

show_weights(weights.T.view(10, 28, 28), range(10), cols=10)

# %%
# .. figure-text:: 十幅权重图，排成一行，每个数字一幅；0 的图上，橙色的圆环围着蓝色的中心。
#
#    橙色：这里有笔迹，支持这个数字；蓝色：反对。例如 0，外圈要有笔迹，中间要留空。
#
# 从这里开始是*重构*（refactoring）：程序做的事不变，代码变得更短或更灵活。先存下学到的参数，\
# 后面的程序学到的，与它最多相差舍入误差：

#: 后面的程序怎样与它比较
goal = weights.detach().clone(), bias.detach().clone()


def same_as_by_hand(weights, bias):
    loss = loss_func(model(x_valid), y_valid)
    difference = (weights - goal[0]).abs().max()
    print(f"validation loss: {loss:.4f}, largest difference: {difference:.0e}")
    torch.testing.assert_close((weights, bias), goal)


# %%
# **小结**：预测、算损失、反向传播、更新、清零，这就是训练循环。\
# 练习见《:ref:`默写 <memory-again>`》。
#
# .. _nn-functional:
#
# 使用 ``torch.nn.functional``
# ----------------------------
#
# :mod:`torch.nn.functional` 习惯上导入为 ``F``，``torch.nn`` 的函数大多在这里：损失、激活、\
# :term:`池化`（pooling）、:term:`卷积`（convolution）和:term:`线性层`。带权重的，\
# 用后面的类更方便。
#
# 对数 softmax 和负对数似然常常搭配使用，合起来叫:term:`交叉熵`（cross-entropy），\
# 所以有一个函数把两步合成一步：:func:`torch.nn.functional.cross_entropy`。它也更稳妥。\
# 假设我们忘了缩放图片，把 0 到 255 的字节直接送进未训练的模型，那么 64 行里有多少行会出现无穷大？\
# 先是我们的函数，再是 PyTorch 的：

import torch.nn.functional as F

logits = 256 * x_train[:bs] @ start["weights"] + start["bias"]
ours, theirs = log_softmax(logits), F.log_softmax(logits, dim=1)
print(ours.isinf().any(dim=1).sum(), theirs.isinf().any(dim=1).sum())

# %%
# 在 ``float32`` 里，自变量超过 88.7，``exp`` 就会溢出，我们的公式就得出负无穷。PyTorch
# 会先从每一行减去该行最大的 logit；softmax 只与各个 logit 的差有关，所以结果不变。这叫
# :term:`log-sum-exp`。于是，我们自己写的两个函数都可以去掉，模型直接返回 logit：
#
# .. loop:: functional
#    :from: by-hand

loss_func = F.cross_entropy


def model(xb):
    return xb @ weights + bias


weights = start["weights"].clone().requires_grad_()
bias = start["bias"].clone().requires_grad_()

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad
            weights.grad.zero_()
            bias.grad.zero_()

same_as_by_hand(weights, bias)

# %%
# .. guess:: 假如模型最后还是 ``log_softmax`` 呢？
#
#    损失还是一样。对数概率再取一次对数 softmax，不会变，因为它们的 exp 加起来已经等于一，而
#    :math:`\ln 1 = 0`。要是把*概率*交给它，就不一样了：损失怎么也到不了零的附近，却什么错也不报。
#
# **小结**：``cross_entropy`` 接受 logit，两步一次算完。\
# 练习见《:ref:`默写 <memory-again>`》。
#
# .. _nn-module:
#
# 使用 ``nn.Module`` 重构
# -----------------------
#
# 参数和用到参数的代码，应该放在一起：写一个类，*继承* :class:`torch.nn.Module`，成为它的:term:`子类`。\
# 赋给 ``self`` 的 :class:`torch.nn.Parameter` 都会*注册*为参数；要算什么，写在 ``forward`` 方法里。

from torch import nn


class Mnist_Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(784, 10) / math.sqrt(784))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


# %%
# 把类:term:`实例化`，得到的对象就可以像函数那样调用，实际运行的是 ``forward``。Python
# 的`模块 <https://docs.python.org/3/tutorial/modules.html>`_也叫 module，指的却是可以导入的代码文件，\
# 与 ``nn.Module`` 只是同名。那么，写成类有什么好处？``model.parameters``
# 给出全部参数，不管是两个还是两百个；``model.zero_grad`` 把它们的梯度一并清掉；\
# ``model.load_state_dict`` 用 ``start`` 这样的字典一次填好全部参数：
#
# .. loop:: module
#    :from: functional

model = Mnist_Logistic()
model.load_state_dict(start)

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
            model.zero_grad()

same_as_by_hand(model.weights, model.bias)
print(model.bias.grad)

# %%
# 请看最后一行：梯度不是零，而是 ``None``。``zero_grad`` 把梯度丢掉，下一次 ``backward`` 再新建。\
# 赋给模块的东西，模块是怎么知道的？可以:ref:`拆开来看 <inside-module>`。
#
# **小结**：``Module`` 把参数和用到它们的计算放在一起。\
# 练习见《:ref:`默写 <memory-again>`》。
#
# .. _nn-linear:
#
# 使用 ``nn.Linear`` 重构
# -----------------------
#
# 权重、偏置、乘法、加法，PyTorch 都有现成的：:class:`torch.nn.Linear`。像这样现成的层还有很多。\
# ``nn.Linear`` 存的是转置后的权重，所以要从我们的权重出发，就得先转置。
#
# .. tested-source:: mnist_tut.models.Mnist_Logistic
#
# .. loop:: linear
#    :from: module

from mnist_tut.models import Mnist_Logistic

start_linear = {"lin.weight": start["weights"].T, "lin.bias": start["bias"]}

model = Mnist_Logistic()
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
            model.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# 要不是载入了我们自己的权重，:term:`初始化`也就悄悄变了：``nn.Linear`` 的初值取自更窄的分布。\
# 在这里影响不大；在深层网络里，影响就大了，可以:ref:`拆开来看 <inside-layers>`。
#
# **小结**：现成的层自带参数。\
# 练习见《:ref:`默写 <memory-pieces>`》。
#
# .. _torch-optim:
#
# 使用 ``torch.optim`` 重构
# -------------------------
#
# :mod:`torch.optim` 汇集了各种优化算法：SGD、Adam 等等。新建优化器时，把归它管的参数交给它；\
# 之后调用 ``opt.step``，这些参数就全部更新。最简单的是:term:`随机梯度下降`（stochastic gradient
# descent），做的与我们的循环完全一样。后面还要多次新建模型和优化器，所以写成函数：
#
# .. tested-source:: mnist_tut.training.get_model
#
# .. loop:: optim
#    :from: linear

from torch import optim

from mnist_tut.training import get_model

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# 这三个调用各管一件事：``backward`` 求梯度，不改参数；``step`` 更新参数；``zero_grad`` 清掉梯度，\
# 要赶在下一次 ``backward`` 之前。``step`` 做了些什么，用 NumPy
# 写出来:ref:`只有几行 <inside-optim>`。
#
# .. guess:: 如果 ``zero_grad`` 紧挨在 ``step`` 前面，这个循环能学到什么？
#
#    什么也学不到。轮到 ``step`` 时，梯度都已经是 ``None``，每个参数都被跳过，而且什么错也不报。
#
# **小结**：对每个小批量，依次调用 ``backward``、``step``、``zero_grad``。\
# 练习见《:ref:`默写 <memory-again>`》。
#
# .. _dataset:
#
# 使用 ``Dataset`` 重构
# ---------------------
#
# :class:`~torch.utils.data.Dataset` 是抽象类，代表有长度、能索引的:term:`数据集`：\
# :func:`len` 调用它的 ``__len__``，方括号调用它的 ``__getitem__``。`自定义数据集的教程
# <https://docs.pytorch.org/tutorials/beginner/data_loading_tutorial.html>`_为人脸图片写了一个。\
# 如果数据像流水一样不断到来，用 :class:`~torch.utils.data.IterableDataset`；如果数据是张量，用
# :class:`~torch.utils.data.TensorDataset`，它能沿第一个维度，同时对几个张量做:term:`索引`\
# 和:term:`切片`。所以一行代码就能取出图片和标签：
#
# .. loop:: dataset
#    :from: optim

from torch.utils.data import TensorDataset

train_ds = TensorDataset(x_train, y_train)

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = train_ds[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# **小结**：``Dataset`` 有长度，能索引。\
# 练习见《:ref:`默写 <memory-pieces>`》。
#
# .. _dataloader:
#
# 使用 ``DataLoader`` 重构
# ------------------------
#
# :class:`~torch.utils.data.DataLoader` 是:term:`数据加载器`，能把任何 ``Dataset``
# 变成小批量。索引不用再自己算：
#
# .. loop:: dataloader
#    :from: dataset

from torch.utils.data import DataLoader

train_dl = DataLoader(train_ds, batch_size=bs)

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    for xb, yb in train_dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# .. guess:: ``len(train_dl)`` 是多少？最后一个小批量有几张？
#
#    是 782；最后一个有 16 张。``DataLoader`` 也会把余下的图片放进一个小一些的批次，除非用 ``drop_last``
#    让它丢掉。
#
# 与第一个循环比一比：留下的几行，说的就是训练本身；其余的都搬进了 ``Module``、``Parameter``、\
# ``optim``、``Dataset`` 和 ``DataLoader``。这也有代价：普通的 ``DataLoader`` 一行一行地取数据，\
# 《:doc:`where_the_time_goes`》一页有更快的办法。:ref:`加载器我们也造一个 <inside-data>`，\
# 看看它里面是什么。
#
# **把它弄坏**：在这里，您的浏览器会运行第一个循环，用的是前 5,120 张训练图片。\
# 先猜一猜每个开关会怎样，再试。
#
# .. train-here::
#
# **小结**：``DataLoader`` 把任何 ``Dataset`` 切成小批量。
#
# .. _validation:
#
# 加入验证集
# ----------
#
# 模型可能只是背熟了训练数据，换了别的数据就不行。这叫:term:`过拟合`（overfitting），\
# 用别的数据才看得出来，所以一定要有`验证集
# <https://www.fast.ai/posts/2017-11-13-validation-sets.html>`_。
#
# 训练数据要:term:`打乱`：不然每个轮次都是同样的图片凑成一批，每次收尾的也总是同样那些图片。\
# 验证数据不用打乱：不管什么次序，损失都一样。
#
# 验证时批大小加倍，好算得快些：有了 ``no_grad``，不必为反向传播保留任何东西，内存放得下。训练前调用
# ``model.train``，验证前调用 ``model.eval``，因为有些层在两种模式下行为不同，例如
# :class:`torch.nn.BatchNorm2d` 和 :class:`torch.nn.Dropout`。
#
# .. loop:: validation
#    :from: dataloader

valid_ds = TensorDataset(x_valid, y_valid)
train_dl = DataLoader(train_ds, batch_size=bs, shuffle=True)
valid_dl = DataLoader(valid_ds, batch_size=bs * 2)

model, opt = get_model(lr)
model.load_state_dict(start_linear)

for epoch in range(epochs):
    model.train()
    for xb, yb in train_dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

    model.eval()
    with torch.no_grad():
        total = sum(loss_func(model(xb), yb) * len(xb) for xb, yb in valid_dl)
    print(epoch, total / len(valid_ds))

# %%
# **小结**：训练数据要打乱；每个轮次之后都要验证。\
# 练习见《:ref:`默写 <memory-loop>`》。
#
# .. _fit-get-data:
#
# 写出 ``fit()`` 和 ``get_data()``
# --------------------------------
#
# 循环里有两处要算损失，一处为训练，一处为验证，不如只写一遍。不给优化器，``loss_batch`` 只算损失；\
# 给了优化器，还会训练一步。它也返回这批的样本数，因为求平均时要用：
#
# .. tested-source:: mnist_tut.training.loss_batch
#
# 验证集的最后一个小批量比别的小。如果直接对各个小批量求平均，那里的 16 张图片就与别处的 128
# 张分量相同。所以每个小批量要按大小加权：
#
# .. tested-source:: mnist_tut.training.weighted_mean
#    :folded: 对全部图片求平均
#
# 每次验证都要做好两项准备，``eval`` 和 ``no_grad``，所以也写成函数。\
# 凡是调用方式与损失函数相同的指标，它都接受，例如我们的 ``accuracy``：
#
# .. tested-source:: mnist_tut.training.evaluate
#
# 现在整个循环都能放进 ``fit``。每个轮次之后，它打印轮次号、训练损失和验证损失，\
# 最后返回成对的损失。模型、损失和数据都可以任意更换：
#
# .. tested-source:: mnist_tut.training.fit
#
# 只剩下加载器了。两个加载器由同一个函数创建，就不会打乱了不该打乱的那个：
#
# .. tested-source:: mnist_tut.loaders.get_data
#
# 现在训练一个模型只要三行：取数据，建模型，训练。
#
# .. loop:: fit
#    :from: validation

from mnist_tut.loaders import get_data
from mnist_tut.training import evaluate, fit

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
model, opt = get_model(lr)
fit(epochs, model, loss_func, opt, train_dl, valid_dl)

print(f"accuracy: {evaluate(model, accuracy, valid_dl):.4f}")

# %%
# 一路走来，有没有丢掉什么？让 ``fit`` 从第一个循环的起点出发，次序也一样：

#: 起点和次序都与第一个循环相同
model, opt = get_model(lr)
model.load_state_dict(start_linear)
fit(epochs, model, loss_func, opt, DataLoader(train_ds, batch_size=bs), valid_dl)
same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# 什么也没丢。那么模型和损失，真的可以*任意*更换吗？我们换一个只有一个输出的模型，\
# 让它把数字当作数值来猜；损失由我们自己写，就是误差的平方：


def squared(out, yb):
    return ((out[:, 0] - yb) ** 2).mean()


guesser = nn.Linear(784, 1)
opt = optim.SGD(guesser.parameters(), lr=0.005)
fit(epochs, guesser, squared, opt, train_dl, valid_dl)

# %%
# 可以。而且现在做实验很省事。下面这个实验说明为什么要打乱。
#
# .. guess:: 如果训练图片从“零”到“九”排好序，模型学得怎么样？
#
#    很糟：学了后一个数字，就忘了前一个。糟到什么地步，运行下一个单元格就知道。

order = y_train.argsort()
sorted_ds = TensorDataset(x_train[order], y_train[order])
model, opt = get_model(lr)
fit(1, model, loss_func, opt, DataLoader(sorted_ds, batch_size=bs), valid_dl)
print(f"accuracy: {evaluate(model, accuracy, valid_dl):.4f}")

# %%
# 比瞎猜好不了多少：它最后看到的全是“九”。
#
# 再做一个实验，看看 ``lr`` 的值是怎么来的：试六个值，各训练一个轮次，每行开头就是这个值：

#: 六个学习率，各能走多远
for rate in [0.001, 0.01, 0.1, 0.5, 2, 10]:
    torch.manual_seed(42)
    model, opt = get_model(rate)
    print(rate, end="  ")
    fit(1, model, loss_func, opt, train_dl, valid_dl)

# %%
# 步子小，一个轮次走不了多远；步子大，就会跨过目标。也可以看看:ref:`画出来的曲线 <memory-curves>`。
#
# 那么循环变短了多少？
#
# .. shrinking::
#
# **小结**：训练*下一个*模型，不管是哪一种，只要三行。\
# 练习见《:ref:`默写 <memory-loop>`》。
#
# .. _hidden:
#
# 加一个隐藏层
# ------------
#
# 到目前为止，每个类别都是像素的加权和。如果在中间加一个:term:`隐藏层`（hidden layer），\
# 就先算出别的东西，即五十个加权和；十个类别再分别对这些数求加权和。
#
# .. guess:: 两个线性层，会比一个线性层认对更多的数字吗？
#
#    不会。加权和的加权和，还是加权和：两个矩阵可以乘成一个。变多的只有参数：39,760 个，原来是 7,850 个。
#
# 先在两层之间什么也不做，即 ``nn.Identity``；再放一个*不*求加权和的函数，\
# 即:term:`激活函数`（activation function）。最简单的是 :term:`ReLU`，它把负数变成零。\
# 两次都从同样的权重出发：


class TwoLayers(nn.Module):
    def __init__(self, between):
        super().__init__()
        self.first = nn.Linear(784, 50)
        self.between = between
        self.second = nn.Linear(50, 10)

    def forward(self, xb):
        return self.second(self.between(self.first(xb)))


train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
for between in (nn.Identity(), nn.ReLU()):
    torch.manual_seed(42)
    model = TwoLayers(between)
    opt = optim.SGD(model.parameters(), lr=lr)
    fit(epochs, model, loss_func, opt, train_dl, valid_dl)
    print(f"accuracy: {evaluate(model, accuracy, valid_dl):.4f}")
print(f"training loss now: {evaluate(model, loss_func, train_dl):.4f}")

# %%
# 有了 ReLU，训练损失降到了不足一半，认对的数字比任何线性模型都多。\
# 这样的网络也叫多层感知机，简称 MLP。
#
# 可是，这里和上面的多数行里，训练损失为什么比验证损失*大*？并不是因为没见过的图片反而认得更好。\
# ``fit`` 打印的训练损失，是整个轮次里的平均值，而那时模型还在学习。用现在的模型重新测一遍，\
# 训练损失就是较小的那个了。
#
# **小结**：层与层之间，要有不是线性的东西。\
# 练习见《:ref:`默写 <memory-again>`》。
#
# .. _cnn:
#
# 换成 CNN
# --------
#
# ``fit`` 不过问模型是哪一种。那么，也能训练:term:`卷积神经网络`（convolutional neural network）\
# 吗？卷积让一小块权重，也就是:term:`卷积核`（kernel），像窗口一样滑过图片，所以在每个位置，\
# 它找的都是同样的形状。
#
# 我们的网络有三个 :class:`torch.nn.Conv2d` 层，卷积核的大小是 3 × 3。四周:term:`填充`\
# 一个像素，卷积核就能覆盖到边缘；:term:`步幅`为 2，所以每层都把宽和高减半，并向上取整：\
# 28、14、7、4。每层之后是 ReLU，最后对余下的 4 × 4 个格子取平均。``view`` 换一种形状来看张量，\
# 一个数也不复制；写 -1 的地方，会自动算出合适的数，这里就是图片的张数。
#
# .. tested-source:: mnist_tut.models.Mnist_CNN

from mnist_tut.models import Mnist_CNN
from mnist_tut.plots import show_shapes

torch.manual_seed(2)
cnn = Mnist_CNN()
show_shapes(cnn, x_train[:bs])

# %%
# .. figure-text:: 从左到右：一个小标记，64 × 784；三个方块，越来越小，\
#    每个前面都有名为 Conv2d 的箭头；又是一个小标记，64 × 10，前面没有箭头。
#
#    一个小批量依次经过三层卷积：图片越来越小，:term:`通道`（channel）却多了。
#
# 优化器加上:term:`动量`（momentum）：每一步都部分地延续前几步的方向，就像滚下山坡的球。\
# 这样通常训练得更快，`斯坦福的讲义 <https://cs231n.github.io/neural-networks-3/#sgd>`_讲了原因。

opt = optim.SGD(cnn.parameters(), lr=0.1, momentum=0.9)
fit(epochs, cnn, loss_func, opt, train_dl, valid_dl)
print(f"accuracy: {evaluate(cnn, accuracy, valid_dl):.4f}")

# %%
# ``fit`` 一字未改。不过，不必太看重这个准确率：换用 0 到 11 号种子，这个网络的准确率在 83% 到 94%
# 之间，平均 92%，与线性模型一样，而参数只有一半，3,930 个；2 号种子居中。为什么有一个种子那么差，\
# 见“:ref:`与原文有何不同 <differences>`”一节。
#
# 还有哪些图片认错了？

#: 最先遇到的十个错误
with torch.no_grad():
    guess = cnn(x_valid).argmax(dim=1)
wrong = (guess != y_valid).nonzero()[:10, 0]
show_digits(x_valid[wrong], [f"{y_valid[i]} → {guess[i]}" for i in wrong])

# %%
# .. figure-text:: 十个数字，排成一行，各标着真实的类别、一个箭头和预测的类别；\
#    其中不少写得很潦草。
#
#    验证集上前十个错误：本来是几，网络认成了几。
#
# **轮到您了**：写一个数字。负责辨认的，就是本页训练出来的网络；您写的内容不会离开浏览器。\
# 试着写一个数字，让卷积网络认对、线性模型认错，再把它平移看看。
#
# .. draw-digit::
#
# 遇到与训练数据不同的数据，网络毫无察觉。把全部验证图片向右平移两个像素试试：

shifted = x_valid.view(-1, 28, 28).roll(2, dims=2).flatten(1)
print(f"shifted: {accuracy(cnn(shifted), y_valid):.4f}")

# %%
# 步幅会跳过一些位置，所以平移两个像素，结果就可能不同。一个准确率，\
# 只对与验证集来历相同的数据有效。
#
# **小结**：换一个模型，还是那三行。\
# 练习见《:ref:`默写 <memory-pieces>`》。
#
# .. _nn-sequential:
#
# 使用 ``nn.Sequential``
# ----------------------
#
# 模型如果只是把输入逐层传下去，列出各层就行：:class:`torch.nn.Sequential` 会依次运行它们。\
# 开头要改变形状，需要一个:term:`自定义层`，我们用函数做一个；结尾有现成的
# :class:`torch.nn.Flatten`。
#
# .. tested-source:: mnist_tut.models.Lambda
#
# .. tested-source:: mnist_tut.models.conv
#    :folded: 把宽和高减半的卷积
#
# .. tested-source:: mnist_tut.models.cnn_layers
#    :folded: 我们的 CNN 的各层，写成列表

from mnist_tut.models import Lambda, cnn_layers


def to_images(x):
    return x.view(-1, 1, 28, 28)


torch.manual_seed(2)
layers = [Lambda(to_images), *cnn_layers(), nn.AvgPool2d(4), nn.Flatten()]
sequential = nn.Sequential(*layers)
opt = optim.SGD(sequential.parameters(), lr=0.1, momentum=0.9)
fit(epochs, sequential, loss_func, opt, train_dl, valid_dl)
torch.testing.assert_close(list(sequential.parameters()), list(cnn.parameters()))

# %%
# 种子相同，网络相同，参数也相同。要保存参数，就存:term:`状态字典`，它与
# ``load_state_dict`` 是一对：``torch.save(sequential.state_dict(), "cnn.pt")``。里面是张量，\
# 没有代码。如果保存整个模型，pickle 存下的就是模型对象本身，里面若有 ``lambda``，保存会失败；而且除非写明
# ``weights_only=False``，否则 :func:`torch.load` 会拒绝读取，因为还原 pickle 时可能运行任意代码。
#
# **小结**：一层接一层的模型用 ``Sequential``，自定义层写个小类。
#
# .. _wrapping-dataloader:
#
# 包装 ``DataLoader``
# -------------------
#
# 我们的 CNN 有两处假定图片是 28 × 28：开头的 ``view``，以及结尾处对 4 × 4 个格子取的平均。
#
# .. guess:: 把三张 32 × 32 的图片交给 ``view`` 后面的那些层，会得到什么？换成 64 × 64 的呢？
#
#    32 依次变成 16、8、4，正好还能做 4 × 4 的平均。64 最后是 8 × 8，每个类别就有了四个平均值。

for side in (32, 64):
    print(sequential[1:](torch.rand(3, 1, side, side)).shape)

# %%
# 后者比报错还糟：给出四十个类别，却一声不吭。:class:`torch.nn.AdaptiveAvgPool2d`
# 规定的是*输出*的大小，不管输入多大：
#
# .. tested-source:: mnist_tut.models.cnn_any_size
#
# 我们把改变形状这一步移出模型，写成一个函数；再用一个小类包住加载器，对每个小批量调用这个函数。用
# ``len(x)`` 代替 ``-1``，行的长度不对就会报错。若用 ``-1``，49 张 32 × 32 的图片会变成 64
# 张毫无意义的图片。
#
# .. tested-source:: mnist_tut.loaders.preprocess
#
# .. tested-source:: mnist_tut.loaders.WrappedDataLoader

from mnist_tut.loaders import WrappedDataLoader, preprocess
from mnist_tut.models import cnn_any_size

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
train_dl = WrappedDataLoader(train_dl, preprocess)
valid_dl = WrappedDataLoader(valid_dl, preprocess)

torch.manual_seed(2)
model = cnn_any_size()
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
fit(epochs, model, loss_func, opt, train_dl, valid_dl)

for height, width in [(28, 28), (64, 64), (50, 20)]:
    print(model(torch.rand(3, 1, height, width)).shape)

# %%
# 每次都是十个类别。但这只保证形状：模型并没有在这样的图片上训练过。
#
# **小结**：与数据形式有关的事，交给加载器。
#
# .. _gpu:
#
# 使用您的 GPU
# ------------
#
# 没有 GPU？云服务商按小时出租；`魔搭（ModelScope） <https://modelscope.cn>`_、`飞桨 AI Studio
# <https://aistudio.baidu.com>`_\ （PyTorch 要自己装）和 `Kaggle <https://www.kaggle.com>`_
# 都有免费额度，Google Colab 在中国大陆打不开。下面向 PyTorch 查询本机的:term:`加速器`（accelerator）：NVIDIA 和 AMD
# 的都叫 ``cuda``，Apple 的叫 ``mps``，Intel 的叫 ``xpu``，华为昇腾的叫 ``npu``，需另装
# torch\_npu；如果没有，就用 CPU：

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
print(dev)

# %%
# 要搬到这个设备上的有两样：每个小批量和模型。搬完再新建优化器，\
# 因为旧优化器的动量还留在 CPU 上：


def to_device(x, y):
    return x.to(dev), y.to(dev)


train_dl = WrappedDataLoader(train_dl, to_device)
valid_dl = WrappedDataLoader(valid_dl, to_device)

model.to(dev)
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

fit(epochs, model, loss_func, opt, train_dl, valid_dl)

# %%
# 损失更低，是因为接着训练了同一个模型：这是它的第三、第四个轮次。GPU
# 是否更*快*，:doc:`测了才知道 <where_the_time_goes>`；网络这么小，GPU 很多时间都在等。
#
# **小结**：选好:term:`设备`，模型搬一次，小批量来一个搬一个。
#
# .. _better:
#
# 再来一个网络：批归一化
# ----------------------
#
# 到这里为止，用的都是原教程的 CNN。您现在可以做得更好，而且只要几行：后面的卷积多用些通道，\
# 每次卷积之后加上:term:`批归一化`（batch normalisation），让数值保持在合适的范围；十个 logit
# 改由线性层给出。
#
# .. tested-source:: mnist_tut.models.conv_block
#
# .. tested-source:: mnist_tut.models.better_cnn

from mnist_tut.models import better_cnn

torch.manual_seed(2)
better = better_cnn().to(dev)
opt = optim.SGD(better.parameters(), lr=0.1, momentum=0.9)
fit(epochs, better, loss_func, opt, train_dl, valid_dl)
print(f"accuracy: {evaluate(better, accuracy, valid_dl):.4f}")

# %%
# 认错的还不到原来的四分之一。有些图片从未影响过我们的选择，在它们上面也是这样吗？\
# *测试集*等的就是这一刻：

test_dl = DataLoader(TensorDataset(x_test, y_test), batch_size=bs * 2)
test_dl = WrappedDataLoader(WrappedDataLoader(test_dl, preprocess), to_device)
print(f"test set: {evaluate(better, accuracy, test_dl):.4f}")

# %%
# 测试集只看一次。看了又改，改了再看，就已经是在按测试集做选择，那个数也就不再可信。
#
# **小结**：按验证集做选择，测试集只报告一次。\
# 练习见《:ref:`默写 <memory-again>`》。
#
# .. _closing:
#
# 结语
# ----
#
# .. container:: moved-exercises
#
#    .. _exercise-my-log-sum-exp:
#    .. _exercise-my-top3:
#    .. _exercise-my-losses:
#    .. _exercise-my-cross-entropy:
#    .. _exercise-mystack:
#    .. _exercise-my-mean:
#    .. _exercise-mysgd:
#    .. _exercise-my-batch-norm:
#    .. _exercise-my-cnn-32:
#    .. _exercise-my-freeze:
#    .. _exercise-my-bias-gradient:
#    .. _exercise-myinverted:
#    .. _exercise-my-batches:
#    .. _exercise-mynet:
#
#    您现在有了一套数据流程和一个训练循环，下一个模型可以原样使用，而且其中每一行您都明白。不看本页，\
#    您能写出这个循环吗？这个练习和别的练习都在《:doc:`from_memory`》。还可以加上更多：:term:`数据增强`（data
#    augmentation）、*超参数调优*、训练过程的监控、从别人训练好的模型出发的:term:`迁移学习`（transfer
#    learning）。这些在 `fastai <https://docs.fast.ai>`_ 库里都有，整个库正是按本页的思路设计的；\
#    它的课程有`一个笔记本
#    <https://github.com/fastai/course22p2/blob/master/nbs/04_minibatch_training.ipynb>`_，\
#    正好接着这里往下讲。中文读者也可以接着读《动手学深度学习》。
#
# 最后，再看一遍开头所说的四样东西：
#
# - ``torch.nn``：``Module`` 是像函数那样调用的对象，还保存*状态*：自己和内层模块的参数，\
#   都由它记着。``Parameter`` 是在模块里注册、供训练用的张量；没有梯度，参数就:term:`冻结`不变了。\
#   ``functional`` 里是没有状态的函数。
# - ``torch.optim``：各种优化器，例如 ``SGD``；在 ``step`` 里，按 ``backward`` 留下的梯度改动参数。
# - ``Dataset``：凡是有 ``__len__`` 和 ``__getitem__`` 的都算，例如 ``TensorDataset``。
# - ``DataLoader``：把任何 ``Dataset`` 变成小批量；是:term:`可迭代对象`。
