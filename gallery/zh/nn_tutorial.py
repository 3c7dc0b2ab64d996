r"""
.. _top:

``torch.nn`` 到底是什么？
=========================

- **您要做的**：亲手写一个训练循环，让 PyTorch 把它一件一件接过去，最后得到一个卷积网络，有什么设备就用什么设备训练。
- **您会学到**：``Module``、``Parameter``、优化器、``Dataset`` 和 ``DataLoader`` 各管什么，以及怎样确认代码改了、结果没变。
- **您需要**：装好 PyTorch，会一点张量运算。用过 NumPy 数组就行：大部分运算连名字都一样。不需要 GPU。

本页沿着 Jeremy Howard（`fast.ai <https://www.fast.ai>`_）的教程 `What is torch.nn really? <https://docs.pytorch.org/tutorials/beginner/nn_tutorial.html>`_ 逐节展开；他在原文中感谢了 Rachel Thomas 和 Francisco Ingham。思路的次序和各种名称是他的，文字、代码和错误是我们自己的。凡是我们认为容易引起误解的说法，都换了讲法，并且当场运行给您看。全部不同之处见 :doc:`/about`。

.. tip::

   读的时候，最好旁边开着笔记本。在页尾下载 ``.ipynb`` 文件，一次运行一个单元，看看各个张量的形状，再故意改坏几处试试。只把它当成写好的脚本从头读到尾，收获要少一半。

PyTorch 为构建和训练神经网络准备了四样东西：:mod:`torch.nn` 里的各种模块，:mod:`torch.optim` 里的各种优化器，以及 :mod:`torch.utils.data` 里的 :class:`~torch.utils.data.Dataset` 和 :class:`~torch.utils.data.DataLoader`。照着例子抄不难，但只要还把它们当成黑箱，想按自己的需要改就难了。所以我们先一样也不用，只靠张量训练一个识别数字图片的小网络；然后让这四样东西逐一登场。每来一样，您都会看到它做了什么、哪几行代码因此不必再写，以及结果始终没有变。
"""

# %%
# 开始之前先做两件事。一是设定随机种子，只要您依次运行每个单元，而且各只运行一次，得到的数字就会与本页一致（舍入误差除外）；二是设定插图的样式。如果您做过试验，数字对不上了，请重启笔记本，从头运行全部单元，因为有些名字（例如 ``model``）中途会换成别的意思。
#
# .. note::
#
#    凡是在正式项目里会留用的函数，都放在一个小小的包 ``mnist_tut`` 里，并且经过测试。讲到哪个函数，就在那里显示它的源码，与测试所检验的一字不差，只略去了文档字符串，有时也略去开头几行。以 ``check_`` 开头的调用，会在出问题时停下来，并说清楚原因；读的时候可以跳过。

import torch

from mnist_tut import plots

torch.manual_seed(42)
plots.use_style()

# %%
# .. _mnist-data:
#
# MNIST 数据设置
# --------------
#
# MNIST（LeCun、Bottou、Bengio 与 Haffner，1998）是一批灰度小图片，内容是手写的数字 0 到 9，每张都标明了写的是几。它之于机器学习，好比果蝇之于遗传学：大得足以说明问题，又小得在笔记本电脑上几秒钟就能训练完。
#
# 路径用标准库的 :mod:`pathlib` 处理。（每个模块都在第一次用到时才导入，好让您看清它是做什么用的。）如果您手头已经有这个文件，把它所在的文件夹写进环境变量 ``MNIST_TUT_DATA`` 即可。

import os
from pathlib import Path

DATA_PATH = Path("data")
PATH = Path(os.environ.get("MNIST_TUT_DATA", DATA_PATH / "mnist"))

# %%
# 下载用 :mod:`requests`，而且只下载一次：文件已经在了，就不去动它。这里有三点值得您用到自己的项目里。设了超时，网络不通时程序会报错，而不会永远等下去；检查了响应状态，写着“404”的网页不会被当成数据；等内容收全、确实读得出来，才让文件用上正式的名字。
#
# .. tested-source:: mnist_tut.data_short.download
#
# 这个文件是经过 gzip 压缩的 *pickle*。pickle 是 Python 自带的一种格式，能把对象变成字节，再变回来。它的能力强得过了头：pickle 里可以写上任意函数的名字，让它在读取的过程中被调用。用 ``pickle.load`` 打开一个下载来的 pickle，就等于运行陌生人的程序。所以我们用的读取器只会还原 NumPy 数组，其余一概拒绝；读完之后，再算出全部像素和标签的校验和（checksum），与已知的值核对。
#
# .. tested-source:: mnist_tut.data_short.ArrayUnpickler
#
# .. tested-source:: mnist_tut.data_short.read_arrays
#
# 里面有三组图片和标签：训练集（training set）用来训练，验证集（validation set）用来检查训练的效果，测试集（test set）留到最后才用。我们只用前两组。

from mnist_tut.data_short import download, read_arrays

download(PATH / "mnist.pkl.gz")
(x_train, y_train), (x_valid, y_valid), _ = read_arrays(PATH / "mnist.pkl.gz")
print(x_train.shape)

# %%
# 每张图片有 28 × 28 个像素，存成一行 784 个数。想看图片，就把它变回二维。

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(2.2, 2.2))
ax.imshow(x_train[0].reshape((28, 28)), cmap="gray")
ax.set_axis_off()
plt.show()
print("label:", y_train[0])

# %%
# .. figure-text:: 一个手写数字，黑底白字，分辨率很低，能看出一个个像素。
#
#    第一张训练图片。下面打印的标签说明写字的人想写的是几。
#
# NumPy 的部分到此为止。PyTorch 用的是 :class:`torch.Tensor`，所以用 :func:`map` 把四个数组一次全部转换过来，再从形状里取出图片数 ``n`` 和像素数 ``c``。

x_train, y_train, x_valid, y_valid = map(
    torch.tensor, (x_train, y_train, x_valid, y_valid)
)
data = x_train, y_train, x_valid, y_valid
n, c = x_train.shape
print(x_train, y_train)
print(x_train.shape)
print(y_train.min(), y_train.max())

# %%
# 绝大多数像素是黑的，所以打印出来的边角上全是 0。标签从 0 到 9。训练之前花一分钟看看数据，常常能省下一整天：

fig, ax = plt.subplots(figsize=(7, 3.4))
plots.digits(x_train[:40], ax, labels=[str(int(y)) for y in y_train[:40]])
plt.show()

# %%
# .. figure-text:: 四行共四十个手写数字，每行十个，上方标着各自的标签。
#
#    前四十张训练图片及其标签。其中有几张您也可能认错？
#
# **小结**：数据就是两对张量：图片每行 784 个数，标签从 0 到 9。下载时要当心，陌生人写的 pickle 绝不直接打开。
#
# .. _from-scratch:
#
# 从零开始（不用 ``torch.nn``）
# -----------------------------
#
# 如果*梯度下降*、*反向传播*（backpropagation）这些词对您还很陌生，可以对照 `course.fast.ai <https://course.fast.ai>`_ 的头几课来读。我们只用到其中最简单的情形。
#
# 我们的模型是线性的：对 784 个像素做十种加权求和，每个类别一种，再各加一个偏置（bias）。权重（weights）的初值是随机数，偏置的初值是 0。它们都是普通的张量（tensor），只多了一点：调用 ``requires_grad_()`` 之后（创建时写 ``requires_grad=True`` 也一样），它们参与的每一步运算都会被 PyTorch 记下来，以后就能沿着记录倒推，求出梯度（gradient），也就是损失随它们变化的快慢。方法名末尾的下划线，表示直接在原来的张量上修改，即原地操作（in place）。
#
# .. tested-source:: mnist_tut.by_hand.init_params
#
# 请留意先后次序：先除，再调用 ``requires_grad_()``。反过来的话，除法会成为记录里的第一步运算，``weights`` 就成了某个运算的*结果*，而不再是参数：``backward()`` 之后，``weights.grad`` 会是空的。

from mnist_tut.by_hand import init_params

weights, bias = init_params(c, 10)
print(weights.shape, weights.requires_grad, bias.requires_grad)

# %%
# .. note::
#
#    这里的系数是 :math:`1/\sqrt{n_\text{in}}`，其中 :math:`n_\text{in} = 784` 是输入的个数，它常被称作 *Xavier 初始化*。严格说来，Glorot 和 Bengio（2010）把输出的个数也算在内，取的标准差是 :math:`\sqrt{2 / (n_\text{in} + n_\text{out})}`；这里用的系数提出得更早（LeCun 等，1998）。两者的目的相同：让信号逐层传下去时，既不膨胀，也不消失。

import math

print(f"ours         {weights.std().item():.4f}, intended {1 / math.sqrt(784):.4f}")
print(f"Glorot's     {math.sqrt(2 / (784 + 10)):.4f}")

# %%
# PyTorch 并不规定模型是什么，只要能调用就行。我们的模型先做矩阵乘法 ``@``，再通过广播（broadcasting）加上偏置，最后是*对数 softmax*（log-softmax），把这十个和（叫作 *logit*）变成十个概率的对数。这些全是普通的 Python 代码，却很快，因为每个运算调用的都是*内核*，即事先为 CPU 或 GPU 编译好的程序。（只有用 :func:`torch.compile` 提出要求时，PyTorch 才会生成新的代码。）
#
# 对数 softmax 值得细看。直接照定义写，是这样：

logits = torch.tensor([[89.0, 1.0, 0.0]])
print(logits - logits.exp().sum(-1, keepdim=True).log())

# %%
# 三个负无穷：模型把所有的可能都排除了。在 ``float32`` 里，:math:`x` 一超过 88.7，:math:`e^x` 就会溢出，变成无穷大；它的对数也是无穷大，谁减去它都成了负无穷。而一个很有把握的网络，输出完全能到这么大。对策是 *log-sum-exp 技巧*：先从这一行的每个 logit 里减去其中最大的一个。概率只取决于 logit 之间的差，所以不受影响，而指数再也不会大于零。
#
# .. tested-source:: mnist_tut.by_hand.log_softmax
#
# .. tested-source:: mnist_tut.by_hand.model

from mnist_tut.by_hand import log_softmax, model

print(log_softmax(logits))

# %%
# *小批量*（mini-batch）是一起送进模型的一小批图片，下文也简称批或批次；``bs`` 是批大小（batch size），即一批里有几张。先送一批进去试试。这样从像素一路算到预测，叫作*前向传播*（forward pass）。权重还是随机的，预测自然只能是瞎猜。

bs = 64

xb = x_train[:bs]
preds = model(xb, weights, bias)
print(preds[0], preds.shape)

# %%
# 除了数值，这个张量还带着一个 ``grad_fn``：它就是前面所说那份记录的末端。它知道 ``preds`` 是由哪个运算得来的，那个运算又知道再前面的一个，这样一直追溯到 ``weights`` 和 ``bias``。``backward()`` 走的就是这条路。
#
# 要训练，还得有一个数来衡量预测有多糟，这就是*损失*（loss）。对分类来说，最自然的选择是*负对数似然*（negative log-likelihood）：取出每张图片真实类别的对数概率，求平均，再变号。
#
# .. tested-source:: mnist_tut.by_hand.nll
#
# 关键在最后一行：用两个列表作下标，``log_probs[rows, target]`` 就从每一行里取出一个数，即正确类别那一列的数。开头的两行检查几乎不花时间，却很值得。比如标签里混进一个 -1，用它作下标并不会报错，而是被当成“最后一个类别”。

from mnist_tut.by_hand import nll

loss_func = nll

yb = y_train[:bs]
print(loss_func(preds, yb))
print(f"a uniform guess: {math.log(10):.3f}")

# %%
# 请记住这个值。给十个类别相同的概率，损失就是 :math:`\ln 10 \approx 2.303`；还没训练的模型也就是这个水平。（这里用的是自然对数，所以图上损失的单位写作 nats。）
#
# 给人看的还有另一个指标，*准确率*（accuracy）：有多大比例的图片，最大的输出正好属于正确的类别。它一看就懂，却不能拿来训练：权重稍微变一点，最大的输出几乎总是原来那个，所以梯度几乎处处是 0。
#
# .. tested-source:: mnist_tut.by_hand.accuracy

from mnist_tut.by_hand import accuracy

print(accuracy(preds, yb))

# %%
# 大约十分之一，与瞎猜无异。
#
# 现在写训练循环。对每个小批量，我们要
#
# - 把它从训练数据里取出来（``n`` 张图片可以分成 ``(n - 1) // bs + 1`` 批，最后一批装剩下的），
# - 做出预测，算出损失，
# - 调用 ``loss.backward()``，它会填好 ``weights.grad`` 和 ``bias.grad``，
# - 让两者逆着各自的梯度挪动一小步：减去梯度与*学习率*（learning rate）``lr`` 的乘积。
#
# 把所有批次过一遍，叫作一个*轮次*（epoch），也说一轮；我们训练两轮。
#
# 有两处需要解释。更新放在 :class:`torch.no_grad` 里面，因为我们并不要对它求梯度。去掉 ``no_grad``，PyTorch 会报错：正在记录运算的时候，不允许原地修改参数（记录的机制见 `autograd 的说明 <https://docs.pytorch.org/docs/stable/notes/autograd.html>`_）。另外，梯度每次都要清零，因为 ``backward()`` 是把新的梯度*加*到 ``.grad`` 原有的值上。
#
# 循环用的是副本（``detach().clone()``），好让后面的每个版本都能从同样的 ``weights`` 和 ``bias`` 出发。``training_pair`` 从 ``data`` 里取出训练数据；``check_loss`` 把损失变成普通的数，一旦它不再有限就停下来。
#
# .. tested-source:: mnist_tut.by_hand.train_by_hand
#
# .. tip::
#
#    这个循环是普通的 Python 代码，所以用普通的 Python 调试器就能一步一步走：去掉 :func:`breakpoint` 前面的 ``#``（或者调用 ``pdb.set_trace()``），途中任何一个值都可以查看。

from mnist_tut.by_hand import train_by_hand
from mnist_tut.steps import measure

lr = 0.5
epochs = 2
by_hand = measure(train_by_hand, data, weights, bias)
trained = by_hand.trained

# %%
# ``measure`` 按默认参数（也就是上面这些取值）运行这个循环，并记下它的耗时和行数，留待后面比较。（所以在这个单元里改 ``lr`` 不起作用；想试别的值，请直接调用 ``train_by_hand(data, weights, bias, lr=0.1)``。）要训练一个网络，最少只需要这么多代码。没有隐藏层的网络，又叫*逻辑回归*（logistic regression）。它学到东西了吗？

# 最后一个小批量：50,000 = 781 × 64 + 16
xb, yb = x_train[-16:], y_train[-16:]
preds = model(xb, trained.weights, trained.bias)
loss, share = loss_func(preds, yb), accuracy(preds, yb)
print(f"last mini-batch: loss {loss:.4f}, accuracy {share:.4f}")
preds = model(x_valid, trained.weights, trained.bias)
loss, share = loss_func(preds, y_valid), accuracy(preds, y_valid)
print(f"validation set:  loss {loss:.4f}, accuracy {share:.4f}")

# %%
# 第一行看上去很漂亮，却说明不了什么：那只是十六张图片，模型刚刚就在它们上面训练过，而且与训练前测量的那 64 张也不是同一批。第二行才算数，那是在没有用来训练的一万张图片上测得的。

fig, ax = plt.subplots(figsize=(7, 3))
plots.batch_losses(trained.losses, ax)
plt.show()

# %%
# .. figure-text:: 一条锯齿状的损失曲线，在最初一百个小批量里急剧下降，随后趋于平缓；一条平滑的线从中穿过。
#
#    1,564 个小批量各自的损失。单个批次忽高忽低，因为有的批次里难认的数字多一些；训练有没有进展，要看滑动平均。
#
# 再来看看，对于每个类别的一张验证图片，模型训练前后各是怎么想的。

one_each = torch.stack([(y_valid == digit).nonzero()[0, 0] for digit in range(10)])
fig, axes = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True)
plots.probabilities(model(x_valid[one_each], weights, bias), y_valid[one_each], axes[0])
plots.probabilities(preds[one_each], y_valid[one_each], axes[1])
axes[0].set_title("before training")
axes[1].set_title("after training")
axes[1].set_ylabel("")
plt.show()

# %%
# .. figure-text:: 两个十乘十的概率方格图，每行是一个真实类别。训练前颜色暗淡、毫无规律；训练后大多数行在对角线上有一个亮格。
#
#    训练前后的概率。每行是一张图片，每列是一个类别；对角线上的亮格，表示预测正确而且有把握。
#
# 线性模型还有一个好处：它的权重看得见。每个类别对每个像素都有一个权重，所以权重本身也是一幅图。

fig, ax = plt.subplots(figsize=(7, 3))
plots.signed_tiles(
    trained.weights.T.view(10, 28, 28), ax, labels=list("0123456789"), cols=5
)
plt.show()

# %%
# .. figure-text:: 十幅权重图，排成两行，每个数字一幅。橙色的像素支持这个数字，蓝色的反对；0 的图上，橙色的圆环围着蓝色的中心。
#
#    什么支持各个数字（橙色），什么反对（蓝色）。对 0 来说，一圈要有墨迹，中间要没有。
#
# **小结**：模型就是带参数的函数；训练就是反复做四件事：预测、算损失、求梯度、更新；要看的，是模型没见过的数据上的损失。
#
# .. _nn-functional:
#
# 使用 ``torch.nn.functional``
# ----------------------------
#
# 从这里开始是*重构*（refactoring）：程序做的事情必须和以前一模一样，代码则要更短、更清楚或者更灵活。为了有把握，每个新版本都从与第一版相同的权重出发，再用 ``assert`` 比较最后的结果。
#
# 先走最容易的一步。:mod:`torch.nn.functional` 习惯上导入为 ``F``，``torch.nn`` 里的函数都集中在这里，其余部分则大多是类。损失、激活函数（activation function）、池化（pooling）都能找到。（但并非所有函数都在：初始化函数在 :mod:`torch.nn.init`，还有一些工具在 ``torch.nn.utils``。）卷积（convolution）和线性层也有函数的形式，不过它们带着需要照管的权重，用稍后要讲的类更方便。
#
# 先对数 softmax、后负对数似然，这一搭配太常用了，所以有一个函数把两步合成一步，即交叉熵（cross-entropy）：:func:`torch.nn.functional.cross_entropy`。对数 softmax 就是我们的模型此前的激活函数，现在不需要了，模型直接返回 logit 就行。

import torch.nn.functional as F

print(f"by hand:         {nll(model(xb, trained.weights, trained.bias), yb):.4f}")
print(
    f"F.cross_entropy: {F.cross_entropy(xb @ trained.weights + trained.bias, yb):.4f}"
)

# %%
# .. tested-source:: mnist_tut.steps.with_functional
#    :body:
#
# .. step-diff:: mnist_tut.by_hand.train_by_hand mnist_tut.steps.with_functional

from mnist_tut.steps import same_result, with_functional

functional = measure(with_functional, data, weights, bias)
print(
    f"last mini-batch: {by_hand.last_loss:.4f} before, {functional.last_loss:.4f} now"
)
assert same_result(functional, by_hand)

# %%
# 打印出来的每一位都相同。``same_result`` 比得还要细：全部 7,850 个参数，以及每一个小批量的损失，除了舍入误差都一致。
#
# **小结**：``cross_entropy`` 接受 logit，一步做完对数 softmax 和负对数似然。重构成不成功，由检查说了算：结果没变，才算完成。
#
# .. _nn-module:
#
# 使用 ``nn.Module`` 重构
# -----------------------
#
# 权重、偏置，以及怎样使用它们，本来就该放在一起，:class:`torch.nn.Module` 就是放它们的类。保存数据，任何 Python 类都能做到；模块还会列一份清单：凡是以 :class:`torch.nn.Parameter` 的形式赋给它的，都会登记在上面，前提是先调用过 ``super().__init__()``。这样的参数一开始就要求梯度，不必再调用 ``requires_grad_()``。``forward`` 则规定这个模块算什么。
#
# .. note::
#
#    这里有两样东西同名。在 Python 里用 ``import`` 导入的*模块*（module），m 小写，是代码文件；``nn.Module`` 的 M 大写，是 PyTorch 的一个类，从这里起，本页说的模块都是指它的对象。
#
# .. tested-source:: mnist_tut.steps.Mnist_Logistic
#
# 模块可以像函数一样调用，它会把调用转给自己的 ``forward``。

from mnist_tut.steps import Mnist_Logistic

fresh = Mnist_Logistic(*init_params(c, 10))
print(F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]))

# %%
# 又是 2.3 左右，没训练过的模型都这样。那么我们得到了什么？在此之前，更新参数和清零梯度，都要一个一个点名：
#
# .. code-block:: python
#
#    with torch.no_grad():
#        weights -= weights.grad * lr
#        bias -= bias.grad * lr
#        weights.grad.zero_()
#        bias.grad.zero_()
#
# 而模块知道自己有哪些参数。下面这几行代码，两个参数用它，两百个参数也用它，一个都不会漏：
#
# .. code-block:: python
#
#    with torch.no_grad():
#        for p in model.parameters():
#            p -= p.grad * lr
#        model.zero_grad()
#
# 内部有一点不同：``zero_grad()`` 并不写入 0，而是把每个梯度设为 ``None``，下一次 ``backward()`` 再重新开始。这样省内存，也不影响任何结果；只是在这中间去读 ``p.grad``，得到的是 ``None``，而不是 0。

F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]).backward()
print(fresh.bias.grad.shape)
fresh.zero_grad()
print(fresh.bias.grad)

# %%
# 完整的循环：
#
# .. tested-source:: mnist_tut.steps.with_module
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_functional mnist_tut.steps.with_module

from mnist_tut.steps import with_module

module = measure(with_module, data, weights, bias)
print(f"last mini-batch: {module.last_loss:.4f}")
assert same_result(module, by_hand)

# %%
# **小结**：``Module`` 把参数管在一起，一行代码就能逐个处理。
#
# .. _nn-linear:
#
# 使用 ``nn.Linear`` 重构
# -----------------------
#
# 权重、偏置、乘法、加法，这样的组合早就有现成的：:class:`torch.nn.Linear`。您会用到的层，PyTorch 几乎都有，而且往往比我们自己写的快。
#
# .. tested-source:: mnist_tut.models.Mnist_Logistic

from mnist_tut.models import Mnist_Logistic

fresh = Mnist_Logistic()
print(F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]))
print(f"standard deviation of the weights: {fresh.lin.weight.std():.4f}")

# %%
# 请看最后这个数：我们自己的权重，初始的标准差是 0.0357。``nn.Linear`` 用的是另一种分布：均匀分布，范围也更窄。也就是说，换上它的同时，初始化也悄悄变了。在这里影响不大，在深层网络里就难说了。为了公平比较，我们让 ``nn.Linear`` 从与前面相同的权重出发（要转置一下，因为它按输出 × 输入保存权重，在这里是 10 × 784）。
#
# .. tested-source:: mnist_tut.steps.linear_from
#
# .. tested-source:: mnist_tut.steps.with_linear
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_module mnist_tut.steps.with_linear

from mnist_tut.steps import with_linear

linear = measure(with_linear, data, weights, bias)
print(f"last mini-batch: {linear.last_loss:.4f}")
assert same_result(linear, by_hand)

# %%
# **小结**：现成的层自带权重，也自带一套初始化办法。换代码的时候，初始化可能也跟着换了。
#
# .. _torch-optim:
#
# 使用 ``torch.optim`` 重构
# -------------------------
#
# 怎样根据梯度更新参数，本身就是一门学问，:mod:`torch.optim` 汇集了其中的成果。我们用最简单的 ``optim.SGD``，即*随机梯度下降*（stochastic gradient descent）；照这里的用法，它做的正是我们手写的那种更新。创建优化器（optimizer）时，把归它管的参数交给它；之后每次 ``backward()`` 过后，调用 ``opt.step()`` 就会更新。以前是：
#
# .. code-block:: python
#
#    with torch.no_grad():
#        for p in model.parameters():
#            p -= p.grad * lr
#        model.zero_grad()
#
# 现在是：
#
# .. code-block:: python
#
#    opt.step()
#    opt.zero_grad()
#
# 这三个调用要分清：``backward()`` 只求梯度，不改参数；``step()`` 只改参数，不求梯度；``zero_grad()`` 把梯度丢掉。最后这一步必须在 ``step()`` 之后、下一次 ``backward()`` 之前，否则两个批次的梯度就会加在一起。
#
# “新建模型和它的优化器”后面还要用好几次，所以写成一个函数。
#
# .. tested-source:: mnist_tut.training.get_model

from mnist_tut.training import get_model

fresh, opt = get_model(lr)
print(F.cross_entropy(fresh(x_train[:bs]), y_train[:bs]))

# %%
# .. tested-source:: mnist_tut.steps.with_optim
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_linear mnist_tut.steps.with_optim

from mnist_tut.steps import with_optim

optimized = measure(with_optim, data, weights, bias)
print(f"last mini-batch: {optimized.last_loss:.4f}")
assert same_result(optimized, by_hand)

# %%
# **小结**：``backward()`` 求梯度，``step()`` 用梯度，``zero_grad()`` 清梯度；每个批次依次各一次。
#
# .. _dataset:
#
# 使用 ``Dataset`` 重构
# ---------------------
#
# 在 PyTorch 看来，凡是有长度、能用下标取值的，就是数据集，也就是说要有 ``__len__`` 和 ``__getitem__``。（这说的是常见的那种，即*映射式*数据集。还有一种用于没有长度的数据流：:class:`torch.utils.data.IterableDataset`。）`数据集与数据加载器教程 <https://docs.pytorch.org/tutorials/beginner/data_loading_tutorial.html>`_ 从头写了一个自己的数据集，内容是人脸照片。
#
# 数据本来就是张量时，可以用 :class:`torch.utils.data.TensorDataset`。用下标或切片去取，图片和标签会一起出来。

from torch.utils.data import TensorDataset

train_ds = TensorDataset(x_train, y_train)
pictures, labels = train_ds[:5]
print(len(train_ds), pictures.shape, labels)

# %%
# 以前图片和标签要分别取，能不能对得上全靠自己：
#
# .. code-block:: python
#
#    start, end = i * bs, (i + 1) * bs
#    xb, yb = x_train[start:end], y_train[start:end]
#
# 现在是：
#
# .. code-block:: python
#
#    xb, yb = train_ds[i * bs : (i + 1) * bs]
#
# .. tested-source:: mnist_tut.steps.with_dataset
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_optim mnist_tut.steps.with_dataset

from mnist_tut.steps import with_dataset

dataset = measure(with_dataset, data, weights, bias)
print(f"last mini-batch: {dataset.last_loss:.4f}")
assert same_result(dataset, by_hand)

# %%
# **小结**：``Dataset`` 有长度，能用下标取值，图片和标签总在一起。
#
# .. _dataloader:
#
# 使用 ``DataLoader`` 重构
# ------------------------
#
# :class:`torch.utils.data.DataLoader` 是数据加载器（data loader）：给它一个数据集，它就一批一批地交出小批量，不必再计算下标。以前是：
#
# .. code-block:: python
#
#    for i in range((n - 1) // bs + 1):
#        xb, yb = train_ds[i * bs : (i + 1) * bs]
#
# 现在是：
#
# .. code-block:: python
#
#    for i, (xb, yb) in enumerate(train_dl):
#
# （留着 ``i``，只是为了万一损失出了问题，报错时能说清是哪一批。）
#
# .. tested-source:: mnist_tut.steps.with_dataloader
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_dataset mnist_tut.steps.with_dataloader

from mnist_tut.steps import with_dataloader

dataloader = measure(with_dataloader, data, weights, bias)
print(f"last mini-batch: {dataloader.last_loss:.4f}")
assert same_result(dataloader, by_hand)

# %%
# 不过，天下没有免费的午餐。普通的 ``DataLoader`` 是一行一行地取，再叠成一批。如果每张图片都要单独读取、解码，这样做正合适；可要是张量已经在内存里，这就是绕远路了。``batched_dl`` 让采样器（sampler）一次给出一串下标，而不是一个下标，于是每批只需要向数据集取一次；``batch_size=None`` 的意思是，取来的已经是一整批，不必再拼。（``pin_memory`` 与 GPU 有关，最后再讲。）
#
# .. tested-source:: mnist_tut.loaders.batched_dl

import time

from torch.utils.data import DataLoader

from mnist_tut.loaders import batched_dl


def seconds(batches):
    began = time.perf_counter()
    count = sum(len(xb) for xb, yb in batches)
    assert count == n
    return time.perf_counter() - began


slices = seconds(train_ds[i : i + bs] for i in range(0, n, bs))
plain = seconds(DataLoader(train_ds, batch_size=bs))
batched = seconds(batched_dl(train_ds, bs))
print(f"slices       {slices:.3f} s")
print(f"DataLoader   {plain:.3f} s, {plain / slices:.0f} times as long")
print(f"batched_dl   {batched:.3f} s, {batched / slices:.0f} times as long")

# %%
# （切片之所以最快，是因为什么也不复制，但它没法打乱次序。）像我们这样的小模型，取数据占了不小的一部分时间，差别就显出来了；换成大网络，您根本察觉不到。不过既然这条更好的路不用多花力气，能走的地方就走：后面的 ``get_data`` 就是这样做的。
#
# 盘点一下：权重由 :class:`~torch.nn.Module` 和 :class:`~torch.nn.Parameter` 保管，数据由 :class:`~torch.utils.data.Dataset` 和 :class:`~torch.utils.data.DataLoader` 照料，剩下的循环一眼就能看完。不过，它还从来没有看过一张不是用来训练的图片。
#
# **小结**：``DataLoader`` 把数据集切成小批量。张量已在内存里时，让它一次取一整批。
#
# .. _validation:
#
# 添加验证
# --------
#
# 模型可能把训练图片背得滚瓜烂熟，换一批就认不出来。这叫*过拟合*（overfitting），只有另外留出来的数据才能让它现形。所以要有*验证集*（validation set）：每轮训练过后，都要看一看它上面的损失，没有例外。
#
# 训练数据应当*打乱*（shuffle），让每一轮的次序都不同。否则同样的图片每一轮都在同一批里，各批的先后也永远一样，它们碰巧有什么共同之处，就会把权重拉来拉去。最坏的情形，是文件按类别排好了序：

order = y_train.argsort()
sorted_data = x_train[order], y_train[order]
sorted_run = train_by_hand(sorted_data, weights, bias, epochs=1)
preds = model(x_valid, sorted_run.weights, sorted_run.bias)
print(f"trained on sorted digits: accuracy {accuracy(preds, y_valid):.2f}")

# %%
# 比瞎猜好不了多少：它最后看到的图片全是 9，把之前学到的都抵消了。
#
# 验证数据不用打乱，因为它们不会改变权重，而打乱要花时间。那么，不管什么次序，验证损失真的都一样吗？平均得当，就一样。10,000 张图片分成 78 个 128 张的批次和一个 16 张的批次；如果先求每*批*的平均，再对各批求平均，那 16 张的分量就与任何 128 张相同，结果也就取决于落进这一批的是哪 16 张。

valid_ds = TensorDataset(x_valid, y_valid)
n_valid = len(valid_ds)


def two_means(dl):
    sizes, losses = [], []
    for xb, yb in dl:
        sizes.append(len(xb))
        losses.append(nll(model(xb, trained.weights, trained.bias), yb))
    sizes, losses = torch.tensor(sizes), torch.stack(losses)
    return losses.mean().item(), (losses * sizes).sum().item() / n_valid


in_order = two_means(DataLoader(valid_ds, batch_size=bs * 2))
shuffled = two_means(DataLoader(valid_ds, batch_size=bs * 2, shuffle=True))
print(f"mean over batches:  {in_order[0]:.4f} in order, {shuffled[0]:.4f} shuffled")
print(f"weighted by size:   {in_order[1]:.4f} in order, {shuffled[1]:.4f} shuffled")
assert abs(in_order[1] - shuffled[1]) < 1e-5

# %%
# 所以求平均时要按批大小加权，我们的代码就是这样做的。
#
# 验证时的批大小可以加倍，因为要记住的东西更少：在 :class:`torch.no_grad` 之下，不会为反向传播留下任何记录。省下内存的是 ``no_grad``，而不是“正在验证”这件事本身。
#
# 最后，训练之前调用 ``model.train()``，验证之前调用 ``model.eval()``。有些层在这两种模式下的行为不同，例如 :class:`torch.nn.BatchNorm2d` 和 :class:`torch.nn.Dropout`。我们的模型里没有这样的层，但养成习惯不费什么事。（``eval()`` 并不会停止记录，那是 ``no_grad`` 的事。）
#
# .. tested-source:: mnist_tut.steps.with_validation
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_dataloader mnist_tut.steps.with_validation

from mnist_tut.steps import with_validation

validated = measure(with_validation, data, weights, bias)
assert same_result(validated, by_hand)

# %%
# 打印出来的是轮次和验证损失。（为了能与其他版本比较，这一版的训练数据仍按文件里的次序；下一节就打乱了。）
#
# **小结**：训练数据要打乱；每轮之后在 ``no_grad`` 之下验证；求平均要按批大小加权。
#
# .. _fit-get-data:
#
# 创建 ``fit()`` 和 ``get_data()``
# --------------------------------
#
# ``loss_batch`` 计算一个批次的损失。给了优化器，它就顺便训练一步；没给，就什么也不改。
#
# .. tested-source:: mnist_tut.training.loss_batch
#
# ``evaluate`` 把一个加载器里的数据过一遍，不改变任何参数。它没有用 ``loss_batch``，因为算准确率还需要模型的输出。损失和准确率的平均值都按批大小加权，原因刚刚讲过。
#
# .. tested-source:: mnist_tut.training.evaluate
#
# ``fit`` 把训练和验证合在一起，想跑几轮就跑几轮。它打印每轮的验证损失，并把一路上的记录都返回来，供画图使用。
#
# .. tested-source:: mnist_tut.training.fit
#
# ``get_data`` 负责创建两个加载器。哪种数据集该用哪种加载器，由 ``loader_for`` 决定：张量可以用一整串下标来取，别的数据集也许只能一行一行地取。两种情形下，小批量都一样。
#
# .. tested-source:: mnist_tut.loaders.get_data
#
# .. tested-source:: mnist_tut.loaders.loader_for
#
# 加载器、模型、训练，一共三行：

from mnist_tut.loaders import get_data
from mnist_tut.training import fit

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
model, opt = get_model(lr)
logistic_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# 下面把它也当作重构中的一步，按文件里的次序、从相同的权重再跑一遍，看看一路走来有没有丢掉什么。
#
# .. tested-source:: mnist_tut.steps.with_fit
#    :body:
#
# .. step-diff:: mnist_tut.steps.with_validation mnist_tut.steps.with_fit

from mnist_tut.steps import with_fit

fitted = measure(with_fit, data, weights, bias)
assert same_result(fitted, by_hand)

# %%
# 同一个循环的九个版本，同一个结果：

all_steps = [
    by_hand,
    functional,
    module,
    linear,
    optimized,
    dataset,
    dataloader,
    validated,
    fitted,
]
print("version          lines  s per epoch  last loss")
for step in all_steps:
    print(f"{step.name:16} {step.lines:5} {step.seconds:12.2f} {step.last_loss:10.4f}")

fig, ax = plt.subplots(figsize=(7, 3.2))
plots.step_sizes(
    [step.name for step in all_steps],
    [step.lines for step in all_steps],
    [step.last_loss for step in all_steps],
    ax,
)
plt.show()

# %%
# .. figure-text:: 横向条形图，每个版本的训练循环一条：从上到下越来越短，到加入验证时变长，最后一条最短；各条旁边的损失都相同。
#
#    各个版本的代码行数，条旁标的是最后一个小批量上的损失。验证要多写几行；有了 ``fit``，这几行就一劳永逸地收进了函数里，以后的每个模型都用它。
#
# **小结**：整个循环只剩下 ``get_data``、``get_model`` 和 ``fit``，结果仍与第一版相同。
#
# .. _cnn:
#
# 切换到 CNN
# ----------
#
# 上一节的代码，没有一处知道自己训练的是哪种模型。那就换一种给它：*卷积神经网络*（convolutional neural network，CNN）。卷积是让一小块权重像窗口一样在图片上滑动，在每个位置求一次加权和；各处用的是同一组权重，这正适合处理图片。
#
# 我们的网络有三个 :class:`torch.nn.Conv2d` 层，每层后面接一个 *ReLU*，它把负值一律变成 0。窗口的大小是 3 × 3。四周填充（padding）一圈 0，窗口就能够到边缘；步幅（stride）为 2，所以每过一层，宽和高都减半（向上取整）：28、14、7、4。灰度图的一个通道（channel）先变成 16 个，再是 16 个，最后是十个，每个类别一个；对剩下的 4 × 4 个格子取平均，即平均池化，每个类别就得到一个数。``view`` 之于张量，相当于 ``reshape`` 之于 NumPy 的数组，只是它从不复制数据。
#
# .. tested-source:: mnist_tut.models.preprocess
#
# .. tested-source:: mnist_tut.models.Mnist_CNN
#
# 优化器这次带上*动量*（momentum）：每一步都会保留一部分前几步的方向，就像滚下山坡的球。这样能把单个批次造成的来回摆动抹平一些，通常也就更快（参见 `斯坦福 cs231n 的讲义 <https://cs231n.github.io/neural-networks-3/#sgd>`_）。

from torch import optim

from mnist_tut.models import Mnist_CNN

lr = 0.1

torch.manual_seed(5)
model = Mnist_CNN()
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
cnn_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# 同一个 ``fit``，同样的加载器。为什么种子是 5？因为我们挑了一个让十个类别都活着的。种子要是不走运，这个网络的结果会差很多，原因您应该知道。我们试过 12 个种子，有一个训练完的验证准确率只有 0.83，其余都在 0.90 到 0.94 之间。
#
# 问题出在*最后*那个 ReLU 上。它在取平均之前，所以 logit 不可能是负数；要是某个通道处处都被它变成了 0，那么无论什么图片，这个类别的 logit 都恰好等于 0。这样一来，再也没有哪张图片能通过这个通道传回梯度，它的权重也就不再学习：这个类别*死掉*了。来看看在我们的模型里，每个类别的 logit 恰好等于 0 的比例：

from mnist_tut.training import zero_share

model.eval()
with torch.no_grad():
    logits = torch.cat([model(xb) for xb, _ in valid_dl])
print([round(share, 4) for share in zero_share(logits).tolist()])
assert zero_share(logits).max() < 1

# %%
# 全都小于 1，都还活着。现在复制一份，用一个很大的负偏置，故意弄死一个类别：

import copy

killed = copy.deepcopy(model)
with torch.no_grad():
    killed.conv3.bias[3] = -1e6
    killed_logits = torch.cat([killed(xb) for xb, _ in valid_dl])
F.cross_entropy(killed(x_train[:bs]), y_train[:bs]).backward()
print("zero logits of class 3: ", zero_share(killed_logits)[3].item())
print("its largest gradient:   ", killed.conv3.weight.grad[3].abs().max().item())
assert killed.conv3.weight.grad[3].abs().max() == 0

# %%
# 并非很小，而是恰好等于 0：梯度下降无从下手。那为什么不干脆去掉最后这个 ReLU？因为去掉之后，同样训练两轮，效果还不如留着：同样的 12 个种子，准确率在 0.86 到 0.91 之间。这是一种取舍，选哪一边都行，但心里要清楚。
#
# 网络学会了看什么？它的第一层有十六个滤波器（filter），每个是 3 × 3 的权重：

fig, ax = plt.subplots(figsize=(7, 1.8))
plots.signed_tiles(model.conv1.weight[:, 0], ax, cols=8)
plt.show()

# %%
# .. figure-text:: 十六个 3 乘 3 的小滤波器，排成两行；许多是一侧橙色，另一侧蓝色。
#
#    第一层的十六个滤波器。一侧橙色、对侧蓝色的，对边缘有反应，各管一个方向。
#
# 下面是它们在一个数字里看到的东西（经过 ReLU 之后）：

with torch.no_grad():
    seen = F.relu(model.conv1(x_valid[one_each[5]].view(1, 1, 28, 28)))[0]

fig, ax = plt.subplots(figsize=(7, 1.9))
plots.digits(seen / seen.max(), ax, cols=8)
plt.show()

# %%
# .. figure-text:: 同一个数字 5 的十六幅小图，排成两行：有的笔画很亮，有的只有一部分亮，还有几幅几乎全黑。
#
#    一张 5 的验证图片，在十六个滤波器眼里的样子，越亮表示反应越强：有的对整个笔画有反应，有的只对一侧有反应，还有几个几乎没有反应。
#
# 还有哪些图片认错了？

wrong = (logits.argmax(dim=1) != y_valid).nonzero()[:, 0]
guesses = logits.argmax(dim=1)
fig, ax = plt.subplots(figsize=(7, 1.7))
first = wrong[:20]
labels = [f"{int(y_valid[i])} as {int(guesses[i])}" for i in first]
plots.digits(x_valid[first], ax, labels=labels)
plt.show()
print(f"{len(wrong)} of {n_valid} are wrong")

# %%
# .. figure-text:: 二十个数字，排成两行，每个上方先标真实的类别，再标网络认成的类别；其中不少写得很潦草。
#
#    验证集上最前面的二十个错误：本来是几，被网络认成了几。其中有几个，情有可原。
#
# **小结**：``fit`` 训练 CNN，与训练线性模型没有两样。网络的弱点（这里是最后那个可能让类别死掉的 ReLU）要心里有数，还要动手检查。
#
# .. _nn-sequential:
#
# 使用 ``nn.Sequential``
# ----------------------
#
# 如果网络只是把数据从一层传到下一层，就不必自己写 ``forward``：:class:`torch.nn.Sequential` 会依次运行各个模块。至于那些不是层的步骤，例如把一行像素变成图片的形状，可以把函数包成一个模块。
#
# .. tested-source:: mnist_tut.models.Lambda
#
# 展平有现成的层：:class:`torch.nn.Flatten`（反过来用 :class:`torch.nn.Unflatten`，它其实可以代替这里的 ``preprocess``）。
#
# .. tested-source:: mnist_tut.models.cnn_sequential

from mnist_tut.models import Lambda, cnn_sequential

torch.manual_seed(5)
model = cnn_sequential()
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
sequential_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)
assert [e.losses for e in sequential_history] == [e.losses for e in cnn_history]

# %%
# 种子相同，初始权重和打乱的次序就都相同，每一个损失也就与 ``Mnist_CNN`` 的分毫不差。
#
# 关于 ``Lambda`` 要提醒一句。如果真给它一个 ``lambda``，整个模型就存不了盘：pickle 是按名字保存函数的，而 ``lambda`` 没有名字。应该保存 ``state_dict``，里面是参数和各层的其他张量，没有代码；这本来也是更好的习惯。要用的时候，先建一个同样的模型，再调用它的 ``load_state_dict``。

import io

unnamed = Lambda(lambda x: x.view(-1, 1, 28, 28))
try:
    torch.save(unnamed, io.BytesIO())
except Exception as error:
    print(type(error).__name__, "for the lambda")
torch.save(model.state_dict(), io.BytesIO())
print("state_dict saved")

# %%
# **小结**：一层接一层的网络，用 ``Sequential`` 就够了，缺什么就自己补一个小模块。保存时存 ``state_dict``。
#
# .. _faster:
#
# 结果不变，速度更快
# ------------------
#
# 到目前为止，除了 ``loader_for``，我们没有为速度做过任何事。再加两个选项，CNN 在 CPU 上就可能训练得更快，而算的东西一点不变。
#
# 第一个关系到多通道的图片在内存里怎么放。平常是一个通道接一个通道：先是第一个通道的全部像素，再是第二个的。可卷积一次要用的，是相邻几个像素的所有通道。用了 ``memory_format=torch.channels_last``，同一个像素的各个通道就挨在一起。形状和下标都和原来一样；在模型里流动的数据，会跟着权重的布局走。第二个选项 ``fused=True`` 让优化器一次调用就更新全部参数，每个参数只过一遍，而不是做好几个运算。
#
# 拿同一个模型的两份副本，在同样的五十个小批量上训练：

from itertools import islice

from mnist_tut.timing import ratios, take_turns
from mnist_tut.training import loss_batch

fifty = list(islice(train_dl, 50))


def losses_of(model, opt):
    return [loss_batch(model, F.cross_entropy, xb, yb, opt)[0] for xb, yb in fifty]


usual = cnn_sequential()
faster = copy.deepcopy(usual).to(memory_format=torch.channels_last)
usual_opt = optim.SGD(usual.parameters(), lr=lr, momentum=0.9)
faster_opt = optim.SGD(faster.parameters(), lr=lr, momentum=0.9, fused=True)
before, now = losses_of(usual, usual_opt), losses_of(faster, faster_opt)
print(f"loss on mini-batch {len(fifty)}: {before[-1]:.4f} before, {now[-1]:.4f} now")
assert torch.allclose(torch.tensor(before), torch.tensor(now), atol=1e-3)

# %%
# 损失相同，舍入误差除外。时间呢？让两者轮流上，免得谁碰巧赶上机器清闲，再一轮一轮地比：

import statistics

times = take_turns(
    {
        "before": lambda: losses_of(usual, usual_opt),
        "now": lambda: losses_of(faster, faster_opt),
    }
)
print(f"now: {statistics.median(ratios(times)['now']):.2f} times as long as before")

# %%
# 能省多少，取决于您的处理器和各层的形状，代价只是多写几个词。从这里开始，我们就这样训练。其余的时间花在哪里，您的机器最快又能有多快，另有一页来讲：:doc:`where_the_time_goes`。
#
# **小结**：数不变，用时更少，这也是重构：前者要核对，后者要测量。
#
# .. _wrapping-dataloader:
#
# 包装 ``DataLoader``
# -------------------
#
# 给我们的 CNN 一张 32 × 32 的图片，它会报错停下。MNIST 图片的大小在它里面写死了两处：前面是每行 784 个像素，后面是池化的 4 × 4 个格子。我们把它们逐个去掉。
#
# 把一行像素变成图片，本来就不是模型的事，所以 ``preprocess`` 搬到加载器那边去。它根据像素的个数算出图片的边长；算不出整数边长的，就拒绝。（写死的 ``view(-1, 1, 28, 28)`` 会把 49 张 32 × 32 的图片变成 64 张乱七八糟的图片，一声不吭。）
#
# .. tested-source:: mnist_tut.loaders.preprocess
#
# .. tested-source:: mnist_tut.loaders.WrappedDataLoader

from mnist_tut.loaders import WrappedDataLoader, preprocess

train_dl, valid_dl = get_data(train_ds, valid_ds, bs)
train_dl = WrappedDataLoader(train_dl, preprocess)
valid_dl = WrappedDataLoader(valid_dl, preprocess)

# %%
# 而 :class:`torch.nn.AdaptiveAvgPool2d` 规定的是*输出*的大小：1 × 1，不管输入有多大。
#
# .. tested-source:: mnist_tut.models.cnn_any_size

from mnist_tut.models import cnn_any_size

torch.manual_seed(5)
model = cnn_any_size().to(memory_format=torch.channels_last)
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9, fused=True)
wrapped_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# 损失与上一节略有不同，是舍入造成的：新的池化层和新的内存布局都改变了相加的次序，几百次更新之后，差别就放大了。现在，模型本身可以接受任何单通道的图片，不是正方形的也行。（要求正方形的只有 ``preprocess``。另外，输出的形状对，不等于答案就对：我们的模型只在 28 × 28 的图片上训练过。）

with torch.no_grad():
    for size in [(28, 28), (32, 32), (50, 20)]:
        print(size, "->", tuple(model(torch.rand(3, 1, *size)).shape))

# %%
# 到目前为止的模型都在这里了。第一个是线性的，其余的能看见形状。

histories = {
    "logistic regression": logistic_history,
    "Mnist_CNN": cnn_history,
    "wrapped, any size": wrapped_history,
}
fig, axes = plt.subplots(1, 2, figsize=(7, 3))
plots.per_epoch(
    {k: [e.valid_loss for e in h] for k, h in histories.items()},
    axes[0],
    "validation loss [nats]",
)
plots.per_epoch(
    {k: [e.valid_metric for e in h] for k, h in histories.items()},
    axes[1],
    "validation accuracy",
)
plt.show()

# %%
# .. figure-text:: 两幅小图，横轴是两个轮次，左边是验证损失，右边是验证准确率，逻辑回归和两个 CNN 各一条线。
#
#    每轮之后的验证损失和准确率。（没有画 ``cnn_sequential``，它的值与 ``Mnist_CNN`` 的相同。）
#
# **小结**：与数据形式有关的事交给加载器，自适应池化让模型不再受固定大小的限制。
#
# .. _gpu:
#
# 使用您的 GPU
# ------------
#
# 如果您有 PyTorch 支持的 GPU，训练可以更快。先问一声有没有 CUDA，也就是 NVIDIA 的 GPU：

print(torch.cuda.is_available())

# %%
# 然后创建一个代表设备的对象，这样其余的代码就不必操心了。我们问的是 PyTorch 认识的任何*加速器*（accelerator），不论来自 NVIDIA、AMD、Apple 还是 Intel；如果没有，就用 CPU。

if torch.accelerator.is_available():
    dev = torch.accelerator.current_accelerator()
else:
    dev = torch.device("cpu")
print("this page was run on:", dev.type)

# %%
# 要搬到设备上的有两样：数据和模型。前者交给 ``preprocess``；后者用 ``model.to(dev)``。搬完之后再新建优化器，因为旧的那个还把动量留在原来的设备上。
#
# CUDA 设备可以自己去取一个小批量，Python 不必等着；但只能从*锁页内存*（pinned memory）里取，操作系统不会挪动、也不会换出那里的内容。所以我们请 ``get_data`` 用这样的内存，而 ``preprocess`` 遇到锁页的数据，就不等它搬完。不过锁页本身也是一次复制，我们的循环又要等每一个损失，所以在这里别指望它省多少。像 MNIST 这样小的数据，不如整个搬过去：用 ``x_train.to(dev)`` 和 ``y_train.to(dev)`` 来建 ``TensorDataset``，去掉 ``pin_memory``，以后要送过去的就只剩各行的下标。（这些对 CPU 没有影响。各项设置都测试过，但写这一段时，还没有在 GPU 上运行过。）

from functools import partial

pin = dev.type == "cuda"
train_dl, valid_dl = get_data(train_ds, valid_ds, bs, pin_memory=pin)
train_dl = WrappedDataLoader(train_dl, partial(preprocess, dev=dev))
valid_dl = WrappedDataLoader(valid_dl, partial(preprocess, dev=dev))

model.to(dev)
opt = optim.SGD(model.parameters(), lr=lr, momentum=0.9, fused=True)
gpu_history = fit(epochs, model, F.cross_entropy, opt, train_dl, valid_dl)

# %%
# 损失比前面低，但这不是设备的功劳：我们没有从头开始，而是接着训练上一节的模型，这已经是它的第三、第四轮了。至于是不是跑得更*快*，那是另一回事，得量一量才知道：

print(f"last section, on the CPU: {wrapped_history[-1].seconds:.1f} s per epoch")
print(f"this section, on {dev.type}:    {gpu_history[-1].seconds:.1f} s per epoch")

# %%
# 如果构建本页的机器没有加速器，两个时间的差别就只是偶然的波动；请在有加速器的机器上运行笔记本看看。也别对这么小的网络期望太高：加速器往往在等下一批数据。
#
# **小结**：选好设备，模型搬一次，数据来一批搬一批。是不是更快，量了才知道。
#
# .. _closing:
#
# 结束思考
# --------
#
# ``get_data`` 和 ``fit`` 一字未改，已经训练了一个线性模型和三个 CNN；它们也能训练您自己的模型，而且每一行是做什么的，您都清楚。真正的项目还需要更多：把训练图片变出各种花样（*数据增强*），寻找合适的学习率和大小，盯着曲线看，利用别人训练好的模型。`fastai <https://docs.fast.ai>`_ 库提供了这些，其基础正是您刚刚看到的那些想法；`它的课程笔记本 <https://github.com/fastai/course22p2/blob/master/nbs/04_minibatch_training.ipynb>`_ 从另一个角度把小批量训练又讲了一遍。
#
# 开头我们答应要讲清楚四样东西：
#
# ``torch.nn``
#    - ``Module``：模型的一部分，也可以是整个模型。把一批数据交给它就能调用；它保管自己的参数，以及内部各个模块的参数，能把它们列出来、清除它们的梯度，或者搬到别的设备上。
#    - ``Parameter``：一种张量，会自己登记到所属模块的清单上，并且要求梯度，好让训练来改变它。
#    - ``functional``：自己不需要记住任何东西的部分：损失、激活、池化，以及由您亲手递上权重的层。
# ``torch.optim``
#    ``SGD`` 等优化器。调用 ``step()`` 时，它们根据 ``backward()`` 留下的梯度，给参数算出新值。
# ``Dataset``
#    您的样本，用 ``len(ds)`` 和 ``ds[i]`` 取用（数据流则用 ``for`` 循环）。如果样本已经是内存里的张量，套一个 ``TensorDataset`` 就行。
# ``DataLoader``
#    决定接下来轮到哪些样本，并把它们拼成小批量。每一轮可以用循环走一遍。
