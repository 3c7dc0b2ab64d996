r"""
.. _top:

``torch.nn`` 到底是什么？
=========================

- **动手**：先只用:term:`张量`训练一个网络，再把活儿一样样交给 PyTorch，看着程序变短。\
  没见过的数字，最后的网络能认对 98 %。
- **收获**：弄懂 ``nn.Module``、``Parameter``、:term:`优化器`（optimizer）、``Dataset`` 和
  ``DataLoader`` 各管什么，能凭记忆写出训练循环。
- **准备**：PyTorch，以及一点张量运算的经验，用过 NumPy 数组就行。不需要 GPU。

本页按 Jeremy Howard（`fast.ai <https://www.fast.ai>`_）所写的 `What is torch.nn really?
<https://docs.pytorch.org/tutorials/beginner/nn_tutorial.html>`_ 逐节展开；他在文中感谢了 Rachel
Thomas 和 Francisco Ingham。思路是他的，文字和代码是我们的。全部不同之处见:doc:`/about`。

.. only-on-site::

   **建议边读边运行**：下载 :download:`Jupyter 笔记本 <nn_tutorial.ipynb>`\
   或:download:`脚本 <nn_tutorial.py>`，一次运行一个单元格，看看各个张量的形状，\
   再故意改坏几处试试。需要哪些包，第一个单元格会处理。也可以\
   :ref:`自己构建整个网站 <rebuild>`。

   .. launch::

要构建和训练网络，PyTorch 备好了四样东西：:mod:`torch.nn`、:mod:`torch.optim`、\
:class:`~torch.utils.data.Dataset` 和 :class:`~torch.utils.data.DataLoader`。想用足它们的本领，\
或者按自己的问题改造它们，就得知道它们到底做了什么。所以我们先一样也不用，再逐一引入。每引入一样，\
您都会看到它做了什么，代码怎样变得更短或更灵活。
"""

# %%
# 网络的初始:term:`权重`是随机的。设定:term:`随机种子`（random seed），您的就与我们的相同：\
# 从头依次运行各单元格，得到的就是本页上的数字（舍入误差除外）。

import torch

torch.manual_seed(42)

# %%
# .. _mnist-data:
#
# 准备 MNIST 数据
# ---------------
#
# MNIST（`LeCun 等，1998 <https://doi.org/10.1109/5.726791>`_）是一批灰度小图片，内容是手写的数字 0
# 到 9，每张都附有:term:`标签`（label），写明是几。路径用 :mod:`pathlib` 处理，下载用
# `Requests <https://requests.readthedocs.io>`_。:term:`模块`（module）都到第一次用时才导入，\
# 好让您看清它的用处。

import gzip
import hashlib
import pickle
import tempfile
import time
from pathlib import Path

import requests

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

# %%
# 这个文件里是 NumPy 数组，格式是 :mod:`pickle`，即 Python 自带的:term:`序列化`（serialise）格式：\
# 把对象变成字节，再还原回来。:term:`pickle` 其实是一段小程序，:func:`pickle.loads` 会运行它。\
# 所以立一条规矩：没有核对过:term:`校验和`（checksum）的字节，绝不用 pickle 还原。
#
# .. tested-source:: mnist_tut.data.get_mnist
#
# .. tested-source:: mnist_tut.data.download
#    :folded: 怎样下载才不会过大、过久
#
# .. tested-source:: mnist_tut.data.keep
#    :folded: 怎样保存文件：要么完整，要么没有
#
# 文件里有三组图片和标签：:term:`训练集`（training set）用来训练，:term:`验证集`（validation set）\
# 用来边做边检验，:term:`测试集`（test set）留到最后。

from mnist_tut.data import get_mnist

# sphinx_gallery_start_ignore
# 构建本站时，MNIST 可能以别的形式打包，也可能只有替代数据。
from mnist_tut.mnist import get_mnist

# sphinx_gallery_end_ignore

train, valid, test = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train = train
print(x_train.shape)

# %%
# 每张图片有 28 × 28 个像素，存成一行 784 个数。想看图片，就把它变回二维：

import matplotlib.pyplot as plt

plt.figure(figsize=(1.5, 1.5))
plt.imshow(x_train[0].reshape((28, 28)), cmap="gray")
plt.axis("off")
plt.show()
print("label:", y_train[0])

# %%
# .. figure-text:: 一个手写数字，黑底白字，像素很粗，一格一格看得清。
#
#    第一张训练图片。标签写的是书写者想写的数字。
#
# PyTorch 要的是张量（tensor），所以用 :func:`map` 把所有数组一次转换过来：

x_train, y_train, x_valid, y_valid, x_test, y_test = map(
    torch.tensor, (*train, *valid, *test)
)
n, c = x_train.shape
print(x_train, y_train)
print(n, c, x_train.min(), x_train.max(), y_train.min(), y_train.max())

# %%
# 一共有 ``n`` 张图片，每张 ``c`` 个像素；像素是从 0 到略小于 1 的数，标签是 0 到 9 的整数。\
# （打印出来的只有边角，都是黑的。）
#
# .. guess:: 下载的文件是 16 MB。50,000 张训练图片，现在占多少内存？
#
#    50,000 × 784 个数，每个 4 字节，一共 157 MB。文件是压缩过的；像素大多是黑的，所以压得很小。
#
# **小结**：数据是成对的张量：每张图片是一行 784 个数，标签是 0 到 9。
#
# .. _from-scratch:
#
# 不用 ``torch.nn``，从零写一个网络
# ---------------------------------
#
# 如果没听说过:term:`梯度下降`（gradient descent），请配合
# `course.fast.ai <https://course.fast.ai>`_ 的头几课来读。
#
# 我们的模型是线性的：十个类别，每个类别对 784 个像素求一次加权和，再加一个:term:`偏置`（bias）。\
# 权重（weights）的初值是随机数，偏置的初值是零。它们都是普通的张量，只多一样：``requires_grad`` 让
# PyTorch 记下它们参与的运算，以便自动求出:term:`梯度`（gradient），\
# 这叫:term:`自动求导`（autograd）。

import math

weights = torch.randn(784, 10) / math.sqrt(784)
weights.requires_grad_()
bias = torch.zeros(10, requires_grad=True)

# %%
# ``requires_grad_`` 末尾的下划线表示:term:`原地操作`（in place）。注意次序：如果先要求梯度，\
# 再缩放，缩放也会记录下来，``weights`` 就成了运算的*结果*，梯度始终是 ``None``。
#
# Python 里能调用的对象都可以当模型。我们的模型先做矩阵乘法 ``@``，\
# 再通过:term:`广播`（broadcasting）加上偏置，得到十个加权和，称为 :term:`logit`。\
# 然后由:term:`激活函数`（activation function）把它们变成十个概率的对数，\
# 这里用的是:term:`对数 softmax`（log-softmax）。照定义直接写：

logits = torch.tensor([[89.0, 1.0, 0.0]])
print(logits - logits.exp().sum(dim=1, keepdim=True).log())

# %%
# 三个负无穷：在 ``float32`` 里，自变量超过 88.7，``exp`` 就会溢出；网络要是很有把握，logit
# 就能到这么大。对策叫 :term:`log-sum-exp`：每行先减去该行最大的 logit。:term:`softmax`
# 只取决于差值，所以结果不变。
#
# .. tested-source:: mnist_tut.by_hand.log_softmax

from mnist_tut.by_hand import log_softmax

print(log_softmax(logits))


def model(xb):
    return log_softmax(xb @ weights + bias)


# %%
# .. exercise:: my_log_sum_exp
#
#    这个技巧的名字来自一个函数，值得亲手写一遍：对 ``x`` 的每一行，先求各数的指数，再求和，\
#    最后取对数，每行得到一个数。logit 大到 89、小到 -200，都要算得对。（不许用
#    ``torch.logsumexp``，检查时要用它来对答案。）
#
#    .. hint::
#
#       像 ``log_softmax`` 那样，求 ``exp`` 之前，每行先减去最大的 logit。不过这里要的是和本身，\
#       所以减去的，最后还得加回来。
#
# 这是纯 Python 代码，却很快：每个运算调用的都是现成的*内核*（compute kernel），即为 CPU 或 GPU
# 编译好的程序。我们把一个:term:`小批量`（mini-batch）的图片送进去，一直算到输出，这叫:term:`前向传播`（forward
# pass）。一个小批量有 ``bs`` 张图片，``bs`` 叫:term:`批大小`（batch size）。
#
# .. guess:: 模型如果一无所知，它对一张图片给出的十个数应该是多少？
#
#    每个类别的概率都是十分之一，所以大约是 :math:`\ln(1/10) = -2.3`。下面的输出正是这样。

bs = 64

xb, yb = x_train[:bs], y_train[:bs]
preds = model(xb)
print(preds[0])
print(preds.shape, preds.grad_fn.name())

# %%
# 除了数值，``preds`` 还带着 ``grad_fn``，即算出它的那个运算：减法。马上就用得上。
#
# 要训练，得有一个数说明预测有多糟，即:term:`损失`（loss）。对分类器来说，\
# 它是:term:`负对数似然`（negative log-likelihood）：取出模型给真实类别的对数概率，求平均，\
# 再取相反数。
#
# .. exercise:: my_nll
#
#    先别看我们的写法，自己试试。``log_probs`` 的形状是 (64, 10)，``target`` 是 64 个真实类别。\
#    请返回一个数，也就是损失；它要能作为 ``backward()`` 的起点。
#
#    .. hint::
#
#       每一行只要一个数，就是真实类别那一列的数。``gather`` 能从各行里取数：\
#       ``log_probs.gather(1, columns)`` 要求每行给出一个列号，形状是 (64, 1)。
#
# .. tested-source:: mnist_tut.by_hand.nll
#
# 同时用两个张量作:term:`索引`（index），``log_probs`` 的每一行就给出一个数：真实类别那一列的数。\
# 损失函数和激活函数，PyTorch 有许多现成的，但用普通的 Python 也能自己写。

from mnist_tut.by_hand import nll

loss_func = nll
loss = loss_func(preds, yb)
print(loss)

# %%
# .. guess:: 假如模型给每个真实类别的概率都是二分之一，损失会是多少？
#
#    :math:`-\ln(1/2) = 0.69`，与其余九个类别各得多少无关。损失只看真实的类别。
#
# 上面的损失接近 :math:`\ln 10 = 2.303`，正是瞎猜的代价。
#
# **梯度**：权重变一点，损失会变多少？从权重到损失的每个运算，PyTorch 都记了下来，\
# 连成一张:term:`计算图`（computation graph）：

from mnist_tut.plots import show_graph

show_graph(loss)

# %%
# .. figure-text:: 一条链，箭头都指向左边：从 Neg 出发，经过 Mean、Index、Sub、Log、Sum、Exp、Sub、\
#    Amax、Add 和 Mm，到方框 (784, 10) 为止。Add 还通向另一个方框 (10,)；两条弧线，一条从第一个 Sub
#    跳到第二个 Sub，一条从那里跳到 Add。
#
#    ``loss.grad_fn`` 记下的一切。方框里是 ``weights`` 和 ``bias`` 的形状，``Mm`` 是矩阵乘法。箭头是
#    ``backward()`` 将要走的路。
#
# 调用 ``loss.backward()``，就会沿着这张图走，把各个:term:`参数`（parameter）的梯度存进它的
# ``.grad``。对我们的模型，用纸笔也能推出来：先看各类别的概率比真实值大多少，再乘以像素，\
# 最后对小批量求平均。两者一致吗？

import torch.nn.functional as F

loss.backward()

by_formula = xb.T @ (preds.exp() - F.one_hot(yb, 10)) / len(xb)
torch.testing.assert_close(weights.grad, by_formula)
print(weights.grad.shape, weights.grad.abs().max())

# %%
# 一致；不然 ``assert_close`` 会报错。
#
# .. exercise:: my_bias_gradient
#
#    刚才算的是权重的梯度。偏置的梯度呢？已知对数概率 ``log_probs`` 和标签 ``target``，\
#    请不用自动求导，算出 ``backward()`` 会在 ``bias.grad`` 里留下的那十个数。
#
#    .. hint::
#
#       看看上面的公式。权重乘的是像素，偏置乘的是 1：去掉像素，再对图片求平均就行。
#
# .. guess:: 再预测一遍，再调用一次 ``backward()``，``weights.grad`` 里会是什么？
#
#    是原来的两倍。下一个单元格就能看到，原因在后面。

loss_func(model(xb), yb).backward()
print(weights.grad.abs().max())

# %%
# 两倍：``backward()`` 是把新的梯度*加*上去，所以要先把旧的清零。现在就清零，\
# 再给未训练的参数留一份副本，好让后面的程序都从它出发：

weights.grad.zero_()
bias.grad.zero_()

start = {"weights": weights.detach().clone(), "bias": bias.detach().clone()}

# %%
# **准确率**（accuracy）：还可以数一数，十个输出里最大的那个有多少次是对的。
#
# .. tested-source:: mnist_tut.by_hand.accuracy

from mnist_tut.by_hand import accuracy

print(accuracy(preds, yb))

# %%
# 大约十分之一，和瞎猜一样。准确率比损失直观，却不能用来训练：权重变一点，\
# 最大的输出几乎总是原来那个，所以梯度是零。
#
# .. exercise:: my_top3
#
#    写得潦草的 4，看上去就像 9。请写一个宽松些的准确率：十个输出中，只要真实类别排在*前三名*，\
#    这张图片就算对。返回这样的图片所占的比例（仍是张量）。
#
#    .. hint::
#
#       ``out.topk(3, dim=1).indices`` 是排在前三名的类别，从大到小。先逐个与标签比较，再用
#       ``any(dim=1)`` 看其中有没有对的。
#
# **训练循环**：对每个小批量，先预测，再算损失，然后:term:`反向传播`（backpropagation），\
# 最后让每个参数逆着自己的梯度挪一小步。这一步有多小，由:term:`学习率`（learning rate）``lr``
# 决定。它是:term:`超参数`（hyper-parameter）：由我们选定，不由训练得出。把全部数据过一遍，\
# 叫一个:term:`轮次`（epoch）。

lr = 0.5
epochs = 2

# %%
# .. loop:: by-hand
#    :title: 手写

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
# 您刚刚只用张量就训练了一个神经网络。它是最小的一种，没有:term:`隐藏层`（hidden layer），\
# 叫:term:`逻辑回归`（logistic regression）；类别多于两个时，也称 *softmax 回归*。
#
# **把它弄坏**：下面是同一个循环，就在您的浏览器里运行，用的是前 5,000 张训练图片；\
# 保持本页的设置时，它的损失与 PyTorch 算出的一致。先猜一猜每个开关会怎样，再试。
#
# .. train-here::
#
# .. guess:: 把更新的那几行从 ``no_grad`` 里拿出来，再运行一遍，会怎样？
#
#    第一次更新就报错：*a leaf Variable that requires grad is being used in an in-place
#    operation*。PyTorch 正在记录。这时改写权重，记录里它们就成了某次更新的结果，不再是计算的起点。
#
# 更新写在 :class:`torch.no_grad` 里面，因为更新这一步本身不需要求梯度。（如果真的这样试过，\
# 请从头运行全部单元格，不然后面的数会变。不由任何记录下来的运算得出的张量，\
# 就是:term:`叶子张量`（leaf tensor）；那条报错是说，正在记录时，不能原地修改要求梯度的叶子张量；\
# 参见`自动求导的说明 <https://docs.pytorch.org/docs/stable/notes/autograd.html>`_。）\
# 想看循环怎样运行，就在任意位置写上 :func:`breakpoint`，用 Python 的调试器单步执行。
#
# .. exercise:: my_update
#
#    循环里，两个参数就写了四行。要是有两百个呢？请写一个函数，更新列表里的所有参数：\
#    每个参数都*原地*往下坡走一步，步子是 ``lr`` 乘以它的梯度；然后把梯度清零，留待下一次。\
#    什么都不用返回。
#
#    .. hint::
#
#       ``p -= ...`` 改的是原来的张量；``p = p - ...`` 生成新的张量，调用者手里的那个没有变。还有，\
#       循环里这几行外面套着什么？
#
# 损失应当从 2.3 降下来，准确率应当从 0.1 升上去。是这样吗？

print(f"last mini-batch: {loss_func(model(xb), yb):.4f}, {accuracy(model(xb), yb):.4f}")
out = model(x_valid)
print(f"validation set: {loss_func(out, y_valid):.4f}, {accuracy(out, y_valid):.4f}")

# %%
# 是的。第一行说明不了什么：最后一个小批量只有 16 张图片（50,000 = 781 × 64 + 16），\
# 模型刚在它们上面训练过。第二行才算数：那一万张图片从未用来训练。每个类别取第一张，\
# 看看训练前后模型各是怎么判断的：

from mnist_tut.plots import show_beliefs

ten = torch.stack([(y_valid == digit).nonzero()[0, 0] for digit in range(10)])
before = log_softmax(x_valid[ten] @ start["weights"] + start["bias"])
show_beliefs(before.exp(), out[ten].exp(), y_valid[ten])

# %%
# .. figure-text:: 两张十乘十的概率方格图。左图颜色暗淡，毫无规律；\
#    右图大多数行在对角线上有一个亮格。
#
#    训练前（左）和训练后（右）的概率。每行是一张图片，从 0 到 9；每列是一个类别；\
#    对角线上的亮格表示预测正确，而且有把握。
#
# 每个类别对每个像素都有一个权重，所以权重也是图：

from mnist_tut.plots import show_weights

show_weights(weights.T.view(10, 28, 28), range(10), cols=5)

# %%
# .. figure-text:: 十幅权重图，排成两行，每个数字一幅；0 的图上，橙色的圆环围着蓝色的中心。
#
#    橙色的像素支持这个数字，蓝色的反对。例如 0：外圈要有笔迹，中间要留空。
#
# .. exercise:: my_losses
#
#    这次故意弄坏它。在同一个小批量上训练 ``steps`` 步，损失用 ``F.cross_entropy``（它直接接受
#    logit，下一节就讲），模型是 ``xb @ weights + bias``，而且梯度*从不*清零。\
#    把每一步开始时的损失收进列表，要普通的数，不要张量。然后用 ``plt.plot``
#    画出来（例如取 ``x_train[:64]`` 和它的标签、``start`` 里的初始值、``lr``，走一百步），\
#    说说曲线为什么是这个样子。
#
#    .. hint::
#
#       就是前面的训练循环，去掉最后两行。``loss.item()`` 把张量变成普通的数。至于曲线：\
#       走了十步之后，``weights.grad`` 里存着些什么？
#
# 从这里开始是:term:`重构`（refactoring）：程序做的事不变，代码变得更短、更清楚或更灵活。\
# 所以先存下学到的参数，后面的程序都要与它比较：

goal = weights.detach().clone(), bias.detach().clone()


def same_as_by_hand(weights, bias):
    print(f"after:  {loss_func(model(x_valid), y_valid):.4f}")
    print(f"largest difference: {(weights - goal[0]).abs().max():.0e}")
    torch.testing.assert_close((weights, bias), goal)


# %%
# **小结**：模型是带参数的函数；训练是反复做四步：预测、算损失、反向传播、更新。
#
# .. _nn-functional:
#
# 使用 ``torch.nn.functional``
# ----------------------------
#
# :mod:`torch.nn.functional` 习惯上导入为 ``F``，``torch.nn`` 的函数大多在这里：损失、激活、\
# :term:`池化`（pooling）都有；:term:`卷积`（convolution）和:term:`线性层`（linear layer）也有，\
# 不过稍后要讲的类更方便。
#
# 对数 softmax 和负对数似然总是搭配使用，所以有一个函数把两步合成一步，\
# 即:term:`交叉熵`（cross-entropy）：:func:`torch.nn.functional.cross_entropy`。\
# 我们自己写的两个都可以去掉，模型直接返回 logit。回到起点，再训练一遍：
#
# .. loop:: functional
#    :from: by-hand
#    :title: torch.nn.functional

loss_func = F.cross_entropy


def model(xb):
    return xb @ weights + bias


weights = start["weights"].clone().requires_grad_()
bias = start["bias"].clone().requires_grad_()
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

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
# 损失没有变，权重的差别最多也就是舍入误差。准确率也一样：

print(f"{accuracy(model(x_valid), y_valid):.4f}")

# %%
#
# .. guess:: 假如模型最后还是 ``log_softmax``，``cross_entropy`` 会得出什么？
#
#    还是同一个数。对数概率再取一次对数 softmax，不会变：它们的指数加起来已经等于一，而
#    :math:`\ln 1 = 0`。要是给它*概率*，就不一样了：损失怎么也到不了零，却什么错也不报。
#
# .. exercise:: my_cross_entropy
#
#    请直接用 logit 写出 ``cross_entropy``，中间不算概率。一张图片的损失，等于它十个 logit 的
#    log-sum-exp，减去真实类别的 logit。最后取平均。
#
#    .. hint::
#
#       ``logits.logsumexp(dim=1)`` 对每张图片给出一个数。像 ``nll`` 那样索引 ``logits``，\
#       得到的也是每张图片一个数。
#
# **小结**：``cross_entropy`` 接受 logit，一步做完对数 softmax 和负对数似然。
#
# .. _nn-module:
#
# 使用 ``nn.Module`` 重构
# -----------------------
#
# 权重、偏置和用到它们的计算，本该放在一起。为此我们写一个类，让它*继承* :class:`torch.nn.Module`，\
# 成为它的:term:`子类`（subclass）。它能保存*状态*：凡是赋给它的 :class:`torch.nn.Parameter`，\
# 都会*注册*到它的参数清单里。要算什么，由 ``forward`` 方法规定。

from torch import nn


class Mnist_Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(784, 10) / math.sqrt(784))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


# %%
# .. note::
#
#    Python 的`模块 <https://docs.python.org/3/tutorial/modules.html>`_（module，首字母小写）\
#    是可以导入的代码文件；``nn.Module``（首字母大写）是 PyTorch 的一个类。
#
# 模型现在是一个类，所以要先:term:`实例化`（instantiate），再像函数那样调用；它会把调用转给
# ``forward``：

model = Mnist_Logistic()
print(loss_func(model(xb), yb))

# %%
# 又是 2.3 左右，没训练过的模型都这样。那么，写成类有什么好处？``model.parameters()``
# 给出全部参数，不管是两个还是两百个；``model.zero_grad()`` 把它们的梯度一并清掉；\
# ``model.load_state_dict`` 用 ``start`` 这样的字典一次填好全部参数：
#
# .. loop:: module
#    :from: functional
#    :title: nn.Module

model = Mnist_Logistic()
model.load_state_dict(start)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

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

# %%
# .. guess:: 循环最后一步是 ``zero_grad()``。现在 ``model.bias.grad`` 里是什么？
#
#    也许与您想的不一样：运行下一个单元格看看。

print(model.bias.grad)

# %%
# 不是零，而是 ``None``：``zero_grad()`` 把梯度丢掉，下一次 ``backward()`` 再新建。\
# （只有得不到梯度的参数才有差别：优化器遇到 ``None`` 就跳过，遇到零，有的却仍会改动参数。）
#
# **小结**：``Module`` 保存参数和用到它们的计算，并能统一处理全部参数。
#
# .. _nn-linear:
#
# 使用 ``nn.Linear`` 重构
# -----------------------
#
# 权重、偏置、乘法、加法，PyTorch 有现成的：:class:`torch.nn.Linear`。这样的层还有许多，用了它们，\
# 代码更简单，往往也更快。
#
# .. tested-source:: mnist_tut.models.Mnist_Logistic

from mnist_tut.models import Mnist_Logistic

model = Mnist_Logistic()
print(loss_func(model(xb), yb))
print(f"ours: {start['weights'].std():.4f}, of nn.Linear: {model.lin.weight.std():.4f}")

# %%
# 请看第二行：代码简化了，:term:`初始化`（initialisation）也悄悄变了，``nn.Linear``
# 的权重取自更窄的分布。在这里影响不大，在深层网络里就难说。
#
# .. note::
#
#    我们除以 :math:`\sqrt{784}`，这常被称作 *Xavier 初始化*。严格说来，`Glorot 和 Bengio（2010）
#    <https://proceedings.mlr.press/v9/glorot10a.html>`_取的是
#    :math:`\sqrt{2 / (784 + 10)} = 0.0502`；我们用的 :math:`1/\sqrt{784} = 0.0357` 更早，出自
#    LeCun。
#
# 为了比较，我们从自己的权重出发；``nn.Linear`` 存的是转置，所以先转置。
#
# .. loop:: linear
#    :from: module
#    :title: nn.Linear

start_linear = {"lin.weight": start["weights"].T, "lin.bias": start["bias"]}

model = Mnist_Logistic()
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

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
# 搭模型时，首先要检查形状：

from mnist_tut.plots import show_shapes

show_shapes(model, x_train[:bs])

# %%
# .. figure-text:: 一个小批量经过线性模型：两个标记，中间是名为 Linear 的箭头，64 × 784 变成 64 ×
#    10。
#
#    一个小批量穿过线性模型：(64, 784) @ (784, 10) + (10,) 得到 (64, 10)。
#
# .. guess:: 我们的模型有 7,850 个参数。如果在像素和类别之间加一个 50 个单元的隐藏层，会有多少个？
#
#    第一层 784 × 50 + 50 个，第二层 50 × 10 + 10 个，一共 39,760 个。
#
# .. exercise:: MyNet
#
#    现在就把它写出来：一层从 784 到 ``hidden``，一个 :term:`ReLU`（负数变成零），再一层从
#    ``hidden`` 到 10，直接输出 logit。四个参数张量，``parameters()`` 都要找得到。
#
#    .. hint::
#
#       两个层在 ``__init__`` 里创建，赋给 ``self``；在 ``forward`` 里调用，中间用 ``F.relu``。
#
# **小结**：现成的层自带参数，也自带初始化方式。
#
# .. _torch-optim:
#
# 使用 ``torch.optim`` 重构
# -------------------------
#
# :mod:`torch.optim` 汇集了各种优化算法：SGD、Adam 等等。新建优化器时，把归它管的参数交给它；\
# 之后调用 ``opt.step()``，这些参数就全部更新。最简单的是:term:`随机梯度下降`（stochastic gradient
# descent），它做的与我们的循环一样。后面还要多次新建模型和优化器，所以写成函数：
#
# .. tested-source:: mnist_tut.training.get_model

from torch import optim

from mnist_tut.training import get_model

# %%
# .. loop:: optim
#    :from: linear
#    :title: torch.optim

model, opt = get_model(lr)
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# 这三个调用要分清：``backward()`` 只求梯度，不改参数；``step()`` 更新参数；``zero_grad()``
# 清掉梯度，要赶在下一次 ``backward()`` 之前。
#
# .. guess:: 如果把 ``zero_grad()`` 写在 ``backward()`` 和 ``step()`` 之间，这个循环能学到什么？
#
#    什么也学不到。轮到 ``step()`` 时，梯度都已经是 ``None``，每个参数都被跳过，而且什么错也不报。
#
# .. exercise:: MyStack
#
#    这个网络把层放在列表里，想要几层就有几层。它能运行，也能给出 logit。可是
#    ``optim.SGD(MyStack([784, 50, 10]).parameters(), lr=0.1)`` 却报错：*optimizer got an empty
#    parameter list*（参数列表是空的）。参数到哪里去了？改一行就好。
#
#    .. hint::
#
#       赋给模块的东西，如果是参数或模块，就会注册。普通的 Python 列表两样都不是。``torch.nn``
#       里有一种列表，本身就是模块。
#
# **小结**：对每个小批量，依次调用 ``backward()``、``step()``、``zero_grad()``；用哪种优化器都一样。
#
# .. _dataset:
#
# 使用 ``Dataset`` 重构
# ---------------------
#
# :class:`~torch.utils.data.Dataset` 是抽象类，代表有长度、能索引的:term:`数据集`（data set）：\
# :func:`len` 调用 ``__len__``，索引调用 ``__getitem__``。\
# `自定义数据集的教程
# <https://docs.pytorch.org/tutorials/beginner/data_loading_tutorial.html>`_演示了怎样继承
# ``Dataset``，写出人脸照片的数据集 ``FaceLandmarksDataset``。（这说的是*映射式*数据集；\
# 没有长度的数据流，用 :class:`~torch.utils.data.IterableDataset`。）
#
# 数据是张量时，用 :class:`~torch.utils.data.TensorDataset`。它能沿第一个维度，把几个张量一起遍历、\
# 索引或:term:`切片`（slice）。所以图片和标签一行就能取出：
#
# .. loop:: dataset
#    :from: optim
#    :title: Dataset

from torch.utils.data import TensorDataset

train_ds = TensorDataset(x_train, y_train)

model, opt = get_model(lr)
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = train_ds[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# .. exercise:: MyInverted
#
#    白纸黑字才是常态，MNIST 却正好相反。请写一个 ``Dataset``，每次取出的图片都黑白颠倒，标签照旧。\
#    传进来的张量 ``x`` 和 ``y`` 不能改动。
#
#    .. hint::
#
#       像素在 0 到 1 之间。反相放在 ``__getitem__`` 里做，取哪张算哪张，返回图片和标签这一对。
#
# **小结**：``Dataset`` 有长度，能索引，输入和标签总在一起。
#
# .. _dataloader:
#
# 使用 ``DataLoader`` 重构
# ------------------------
#
# :class:`~torch.utils.data.DataLoader` 是:term:`数据加载器`（data loader），能把任何 ``Dataset``
# 变成小批量。索引不用再自己算：
#
# .. loop:: dataloader
#    :from: dataset
#    :title: DataLoader

from torch.utils.data import DataLoader

train_dl = DataLoader(train_ds, batch_size=bs)

model, opt = get_model(lr)
model.load_state_dict(start_linear)
print(f"before: {loss_func(model(x_valid), y_valid):.4f}")

for epoch in range(epochs):
    for xb, yb in train_dl:
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()

same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# .. guess:: ``len(train_dl)`` 是多少？最后一个小批量有几张图片？
#
#    782；16 张。``DataLoader`` 也会把余下的图片放进一个小一些的批次，除非用 ``drop_last``
#    让它丢掉。
#
# 与第一个循环比一比：留下的几行，说的就是训练本身；其余的都搬进了 ``Module``、``Parameter``、
# ``Dataset`` 和 ``DataLoader``。\
# （也有代价：普通的 ``DataLoader`` 一行一行地取数据。张量已在内存里时，有更快的办法，\
# 见:doc:`where_the_time_goes`。）要认真训练模型，还缺几样东西。
#
# **小结**：``DataLoader`` 把任何 ``Dataset`` 切成小批量。
#
# .. _validation:
#
# 加入验证集
# ----------
#
# 模型可能把训练数据背熟了，换了别的就不行。这叫:term:`过拟合`（overfitting），\
# 只有没用来训练的数据才能让它现形，所以一定要有`验证集
# <https://www.fast.ai/posts/2017-11-13-validation-sets.html>`_。
#
# 训练数据要:term:`打乱`（shuffle）：如果次序不变，同一批里总是那些图片，\
# 每个轮次都把权重往同样的方向拉。打乱也有助于防止过拟合。验证数据不用打乱：不管什么次序，\
# 损失都一样。
#
# .. exercise:: my_batches
#
#    这样的加载器，自己写只要四行。请写成:term:`生成器`（generator）：每次产出一个小批量，即 ``bs``
#    张图片和它们的标签；每张图片正好出现一次，次序随机，每轮都不同；余下的放在最后一批。
#
#    .. hint::
#
#       ``order = torch.randperm(len(x))`` 里每个下标正好出现一次。以 ``bs`` 为步长走过 ``order``，\
#       每次取一段，用它同时索引 ``x`` 和 ``y``。
#
# 验证时批大小加倍，算得更快：有了 ``no_grad``，不必为反向传播保留任何东西，内存放得下。训练前调用
# ``model.train()``，验证前调用 ``model.eval()``，因为有些层在两种模式下行为不同，例如
# :class:`torch.nn.BatchNorm2d` 和 :class:`torch.nn.Dropout`。
#
# .. loop:: validation
#    :from: dataloader
#    :title: 加入验证

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
# **小结**：训练数据要打乱；每个轮次之后都要验证，不求梯度。
#
# .. _fit-get-data:
#
# 写出 ``fit()`` 和 ``get_data()``
# --------------------------------
#
# 循环里有两处要算损失，一处为训练，一处为验证，不如只写一遍。如果传入优化器，``loss_batch``
# 还会训练一步：
#
# .. tested-source:: mnist_tut.training.loss_batch
#
# 对全部图片求平均时，每个小批量要按大小加权：
#
# .. tested-source:: mnist_tut.training.weighted_mean
#
# .. exercise:: my_mean
#
#    ``weighted_mean`` 要把列表走两遍。可是数据流只能读一遍，也没有长度。请重写加权平均，\
#    换成生成器也算得对；生成器每次产出一对数：平均值和样本数。
#
#    .. hint::
#
#       在同一个循环里累加两个和：全部图片的损失，以及图片的张数。
#
# 凡是调用方式与损失函数相同的，都可以交给 ``evaluate``，我们的 ``accuracy`` 也行。
#
# .. tested-source:: mnist_tut.training.evaluate
#
# ``fit`` 负责训练，每个轮次之后打印：轮次编号、训练损失、验证损失、准确率。
#
# .. tested-source:: mnist_tut.training.fit
#
# ``get_data`` 负责创建两个加载器。
#
# .. tested-source:: mnist_tut.loaders.get_data
#
# 剩下的只有三行：取数据，建模型，训练。
#
# .. loop:: fit
#    :from: validation
#    :title: fit() 和 get_data()

from mnist_tut.loaders import get_data
from mnist_tut.training import fit

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
model, opt = get_model(lr)
fit(epochs, model, loss_func, opt, train_dl, valid_dl)

# %%
# 有没有丢掉什么？让 ``fit`` 从第一个循环的起点出发，次序也一样：

model, opt = get_model(lr)
model.load_state_dict(start_linear)
fit(epochs, model, loss_func, opt, DataLoader(train_ds, batch_size=bs), valid_dl)
same_as_by_hand(model.lin.weight.T, model.lin.bias)

# %%
# 什么也没丢。而且现在做实验很省事。
#
# .. guess:: 79 个小批量里，有一个比别的小。求平均时，把它算得与别的一样重，要紧吗？
#
#    差别在第三、四位数字上；如果里面的图片格外难认，差别还会更大。请看下面的两个数，\
#    再看看打乱之后会怎样。
#
# 每行打印两个数，先是对小批量求的平均，再是对图片求的平均；第一行按原来的次序，第二行是打乱的：

from mnist_tut.training import loss_batch, weighted_mean

for shuffle in (False, True):
    dl = DataLoader(valid_ds, batch_size=bs * 2, shuffle=shuffle)
    results = [loss_batch(model, loss_func, xb, yb) for xb, yb in dl]
    over_batches = sum(loss for loss, _ in results) / len(results)
    print(f"{over_batches:.4f} {weighted_mean(results):.4f}")

# %%
# 第一个数随次序而变：10,000 张图片分成 78 个 128 张的小批量和一个 16 张的，这 16 张的分量，与别处的
# 128 张一样。第二个数不变。
#
# .. guess:: 如果训练图片是排好序的，先全是“零”，再全是“一”，这样一直到“九”，\
#    训练出来的模型会怎样？
#
#    很糟：看着后一个数字，就忘了前一个。糟到什么地步，运行下一个单元格就知道。

order = y_train.argsort()
sorted_ds = TensorDataset(x_train[order], y_train[order])
model, opt = get_model(lr)
fit(1, model, loss_func, opt, DataLoader(sorted_ds, batch_size=bs), valid_dl)

# %%
# 比瞎猜好不了多少：它最后看到的全是“九”。所以才要打乱。
#
# 走过的路都在下面，每个程序需要的每一行都算在内：
#
# .. program-lengths:: by-hand functional module linear optim dataset dataloader validation fit
#    :own: mnist_tut.by_hand mnist_tut.models
#    :apart: start start_linear
#
# **小结**：训练只要三行，外加几个会反复用到的短函数。
#
# .. _cnn:
#
# 换成 CNN
# --------
#
# ``fit`` 并不知道模型是哪一种。那么，也能训练:term:`卷积神经网络`（convolutional neural network）\
# 吗？卷积让一小块权重，也就是:term:`卷积核`（kernel），像窗口一样滑过图片，\
# 所以在每个位置，它找的都是同样的形状。
#
# 我们的网络有三个 :class:`torch.nn.Conv2d` 层，卷积核的大小是 3 × 3。四周:term:`填充`（padding）\
# 一个像素，卷积核就能覆盖到边缘；:term:`步幅`（stride）为 2，所以每层都把宽和高减半（向上取整）：\
# 28、14、7、4。每层之后是 *ReLU*，它把负值变成零。最后对余下的 4 × 4 个格子取平均。``view`` 相当于
# NumPy 的 ``reshape``，只是从不复制（非复制不可时，它会报错，:func:`torch.reshape` 则会复制）。
#
# .. tested-source:: mnist_tut.models.Mnist_CNN

from mnist_tut.models import Mnist_CNN

torch.manual_seed(2)
cnn = Mnist_CNN()
show_shapes(cnn, x_train[:bs])

# %%
# .. figure-text:: 一排方块从左到右越来越小，相邻两个之间有名为 Conv2d 的箭头；\
#    最后是一个小小的标记，64 × 10。
#
#    一个小批量依次经过三层卷积：图片越来越小，:term:`通道`（channel）不再只有一个。
#
# 优化器加上:term:`动量`（momentum）：每一步都有一部分沿着前几步的方向，就像滚下山坡的球。\
# 这样通常训练得更快（参见`斯坦福的讲义 <https://cs231n.github.io/neural-networks-3/#sgd>`_）。

opt = optim.SGD(cnn.parameters(), lr=0.1, momentum=0.9)
fit(epochs, cnn, loss_func, opt, train_dl, valid_dl)

# %%
# ``fit`` 一字未改。第一层的十六个卷积核在找什么？

show_weights(cnn.conv1.weight[:, 0])

# %%
# .. figure-text:: 十六幅小图，各是三乘三个权重，排成两行；许多是一侧橙色，另一侧蓝色。
#
#    第一层的十六个卷积核。一侧橙色、另一侧蓝色，找的就是边缘。
#
# 还有哪些图片认错了？

from mnist_tut.plots import show_digits

with torch.no_grad():
    logits = cnn(x_valid)
guess = logits.argmax(dim=1)
wrong = (guess != y_valid).nonzero()[:20, 0]
show_digits(x_valid[wrong], [f"{y_valid[i]} → {guess[i]}" for i in wrong])

# %%
# .. figure-text:: 二十个数字，排成两行，各标着真实的类别、一个箭头和预测的类别；\
#    其中不少写得很潦草。
#
#    验证集上前二十个错误：本来是几，被网络认成了几。
#
# **轮到您了**：写一个数字。下面的网络就是本页训练出来的，您写的内容不会离开浏览器。\
# 试着写一个线性模型认错而卷积网络认对的数字，再把它平移两个像素看看。
#
# .. draw-digit::
#
# 遇到与训练数据不同的数据，网络会怎样？它毫无察觉。您写的数字会先按 MNIST 制作者的做法居中、\
# 缩放；不这样做，同样的笔迹换个位置就常常认错。把全部验证图片向右平移两个像素试试：

shifted = x_valid.view(-1, 28, 28).roll(2, dims=2).flatten(1)
print(accuracy(logits, y_valid), accuracy(cnn(shifted), y_valid))

# %%
# 步幅会跳过一些位置，所以平移要紧。准确率只对与验证集来历相同的数据有效，对别的数据则不然。
#
# 有一个弱点：最后一个 ReLU 在取平均之前；要是起点不巧，某个通道可能对*每一张*图片都是零。\
# 这时梯度也是零，很难再恢复，对应的类别就*死掉*了。每个类别的输出，在多大比例的图片上恰好是零？

print((logits == 0).float().mean(dim=0))

# %%
# 比例都小于 1，可见十个类别都活着。（:ref:`换了别的种子会怎样，为什么还留着这个 ReLU
# <differences>`。）
#
# .. exercise:: MySGD
#
#    动量并不神秘。下面这个类只差一个 ``step``：对每个参数，速度先变为原来的 ``momentum`` 倍，\
#    再加上梯度；参数逆着速度移动，移动的量是 ``lr`` 乘以速度。每一步都要与 ``optim.SGD``
#    走到同一处。
#
#    .. hint::
#
#       在 ``torch.no_grad()`` 里写 ``for p, v in zip(self.params, self.velocities)``。``v``
#       要原地修改，不然下一步就不知道它变过。
#
# **小结**：训练的是什么模型，``fit`` 并不在意。
#
# .. _nn-sequential:
#
# 使用 ``nn.Sequential``
# ----------------------
#
# 模型如果只是把输入逐层传下去，列出各层就行：:class:`torch.nn.Sequential` 会依次运行它们。\
# 开头要改变形状，需要一个:term:`自定义层`（custom layer），我们用函数做一个。（结尾有现成的
# :class:`torch.nn.Flatten`。）
#
# .. tested-source:: mnist_tut.models.Lambda
#
# .. tested-source:: mnist_tut.models.conv
#
# .. tested-source:: mnist_tut.models.cnn_layers

from mnist_tut.models import Lambda, cnn_layers


def to_pictures(x):
    return x.view(-1, 1, 28, 28)


torch.manual_seed(2)
layers = [Lambda(to_pictures), *cnn_layers(), nn.AvgPool2d(4), nn.Flatten()]
sequential = nn.Sequential(*layers)
opt = optim.SGD(sequential.parameters(), lr=0.1, momentum=0.9)
fit(epochs, sequential, loss_func, opt, train_dl, valid_dl)
torch.testing.assert_close(list(sequential.parameters()), list(cnn.parameters()))

# %%
# 种子相同，网络相同，参数也相同。要保存参数，就存:term:`状态字典`（state dict），它与
# ``load_state_dict`` 是一对：``torch.save(sequential.state_dict(), "cnn.pt")``。里面是张量，\
# 没有代码。保存整个模型，存的就是对象：里面若有 ``lambda``，根本存不了；而且除非写明
# ``weights_only=False``，:func:`torch.load` 会拒绝读取，因为它可能运行任意代码。
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
# 前者没事，因为 32 最后也缩成 4 × 4。后者比报错还糟：四十个类别，一声不吭。\
# :class:`torch.nn.AdaptiveAvgPool2d` 定的是*输出*的大小，不管输入多大：
#
# .. tested-source:: mnist_tut.models.cnn_any_size
#
# 改变形状的事移出模型，写成处理小批量的函数；再用一个生成器包住加载器，由它调用这个函数。用
# ``len(x)`` 代替 ``-1``，行的长度不对就会报错。（若用 ``-1``，49 张 32 × 32 的图片会变成 64
# 张乱七八糟的图片。）
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
# 每次都是十个类别。（这只保证形状：它没在这样的图片上训练过。）
#
# **小结**：与数据形式有关的事，交给加载器。
#
# .. _gpu:
#
# 使用您的 GPU
# ------------
#
# 没有 GPU？多数云服务商按小时出租，Google Colab 也能借您一块。向 PyTorch
# 查询本机的:term:`加速器`（accelerator），不论来自 NVIDIA、AMD（两者都叫 ``cuda``）、\
# Apple（``mps``）还是 Intel（``xpu``）；如果没有，就用 CPU：

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
print(dev)

# %%
# 要搬到这个:term:`设备`（device）上的有两样，每个小批量和模型。搬完再新建优化器：


def to_device(x, y):
    return x.to(dev), y.to(dev)


train_dl = WrappedDataLoader(train_dl, to_device)
valid_dl = WrappedDataLoader(valid_dl, to_device)

model.to(dev)
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

began = time.perf_counter()
fit(epochs, model, loss_func, opt, train_dl, valid_dl)
print(f"{dev}: {time.perf_counter() - began:.1f} s")

# %%
# 损失更低，是因为接着训练了同一个模型：这是它的第三、第四个轮次。GPU 是否更*快*，测了才知道；\
# 网络这么小，GPU 很多时间都在等。输出的最后一行写明了用的是什么设备。
#
# **小结**：选好设备，模型搬一次，小批量来一个搬一个。
#
# .. _better:
#
# 再来一个网络
# ------------
#
# 到这里为止，用的都是原教程的 CNN。您现在可以做得更好，而且只要几行：后面的卷积多用些通道，\
# 每次卷积之后加上:term:`批归一化`（batch normalisation），让数值保持在合适的范围；十个 logit
# 改由线性层给出，不再有最后那个会弄死类别的 ReLU。
#
# .. guess:: 同样训练两个轮次，它能做到多好？
#
#    好得多：错误只剩下一小部分。
#
# .. tested-source:: mnist_tut.models.conv_block
#
# .. tested-source:: mnist_tut.models.better_cnn

from mnist_tut.models import better_cnn

torch.manual_seed(2)
better = better_cnn().to(dev)
opt = optim.SGD(better.parameters(), lr=0.1, momentum=0.9)
fit(epochs, better, loss_func, opt, train_dl, valid_dl)

# sphinx_gallery_start_ignore
# The living figures of the site get the models that this page has trained.
import os

if "MNIST_TUT_EXPORTS" in os.environ:
    from ext.alive.export import export

    export(
        os.environ["MNIST_TUT_EXPORTS"],
        linear=goal,
        cnn=cnn,
        better=better,
        start=start["weights"],
        train=(x_train, y_train),
        valid=(x_valid, y_valid),
        source=os.environ["MNIST_TUT_EXPORTS_SOURCE"],
    )
# sphinx_gallery_end_ignore

# %%
# 错误只剩一小部分。换成从没影响过我们选择的图片，还是这样吗？*测试集*等的就是这一刻：

from mnist_tut.training import evaluate

test_dl = DataLoader(TensorDataset(x_test, y_test), batch_size=bs * 2)
test_dl = WrappedDataLoader(WrappedDataLoader(test_dl, preprocess), to_device)
print(f"{evaluate(better, accuracy, test_dl):.4f}")

# %%
# 测试集只看一次。看了又改，改了再看，就已经是在按测试集做选择，那个数也就不再可信。
#
# .. exercise:: my_batch_norm
#
#    批归一化究竟做了什么？调用 ``eval()`` 以后有什么不同？请不调用这个层，自己算出它的结果；``x``
#    的形状是 ``(n, channels)``，每列是一个通道。``bn.training`` 为真时，\
#    每个通道用当前这批的均值和方差归一化（方差要加上 ``bn.eps``；这批的方差除以 n）；否则用
#    ``bn.running_mean`` 和 ``bn.running_var``。然后乘以 ``bn.weight``，再加上 ``bn.bias``。
#
#    .. hint::
#
#       归一化就是 :math:`(x - \text{mean}) / \sqrt{\text{var} + \text{eps}}`，其中 eps 是
#       ``bn.eps``。求方差时除以 n：``x.var(dim=0, correction=0)``。
#
# .. exercise:: my_cnn_32
#
#    换一种图片，做法照旧。请用三个 ``conv_block`` 和一个线性层搭一个网络，输入是 32 × 32
#    的*彩色*图片，三个通道，就像 CIFAR-10。输入的形状是 (n, 3, 32, 32)，输出的 logit 是 (n, 10)。
#
#    .. hint::
#
#       对照 ``better_cnn``，一个数一个数地想：它还成立吗？32 减半三次，还剩多少？
#
# **小结**：按验证集做选择，测试集只报告一次。
#
# .. _closing:
#
# 结语
# ----
#
# 数据加载器、循环和验证，换一个模型也照样能用，而且每一行您都懂。\
# 能加的还有很多：:term:`数据增强`（data augmentation）、*调超参数*、监控训练过程，\
# 以及利用别人训练好的模型做:term:`迁移学习`（transfer learning）。`fastai <https://docs.fast.ai>`_
# 库提供了这些，其基础正是本页的想法；想用到实际工作里，不妨接着学它（参见`其课程里的一份笔记本
# <https://github.com/fastai/course22p2/blob/master/nbs/04_minibatch_training.ipynb>`_）。
#
# .. exercise:: my_freeze
#
#    *迁移学习*，三行就够：别人训练好了 ``model``（一个 ``Sequential``），\
#    您想让它的最后一层学点新东西。请:term:`冻结`（frozen）其余各层，不再训练它们；再返回一个列表，\
#    里面是留给优化器训练的参数。
#
#    .. hint::
#
#       ``requires_grad_(False)`` 对整个模块也管用；对最后一层 ``model[-1]`` 调用
#       ``requires_grad_(True)``，也是这样。别漏了末尾的下划线。
#
# 开头提到的四样东西，再说一遍：
#
# ``torch.nn``
#    - ``Module``：可以像函数那样调用，又能保存*状态*：它知道自己的参数，包括内部各模块的参数，\
#      能遍历它们、清除它们的梯度、把它们搬到别的设备上。
#    - ``Parameter``：一种张量，会告诉所属的模块自己需要训练。只有设了 ``requires_grad``
#      的参数才会更新；设为 ``False``，就*冻结*了。
#    - ``functional``：*无状态*的函数：损失、激活、池化，以及要自己传入权重的层。
# ``torch.optim``
#    ``SGD`` 等优化器，调用 ``step()`` 时，按 ``backward()`` 留下的梯度更新参数。
# ``Dataset``
#    抽象类，凡是有 ``__len__`` 和 ``__getitem__`` 的都算，例如 ``TensorDataset``。
# ``DataLoader``
#    接受任何 ``Dataset``，把它变成:term:`可迭代对象`（iterable），逐个给出小批量，可以反复遍历。
