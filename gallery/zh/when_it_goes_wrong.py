r"""
.. _wrong-top:

出错了怎么办
============

- **动手**：亲手引出用 PyTorch 时人人都会遇到的错误，读懂它报的是什么，再逐个改好。
- **收获**：各条报错的意思，哪些错误什么也不报，以及五样工具，没见过的错误也能查出来。
- **准备**：:doc:`nn_tutorial` 里的训练循环、``loss_batch`` 和 CNN。不需要 GPU。
"""

# %%
# .. _wrong-find:
#
# 找到您的报错
# ------------
#
# 报错的最后一行说的是*出了什么错*。本页的每一条都是先引出错误，再解释，最后给出能正确运行的代码。
#
# .. only-on-site::
#
#    拿您那一行里的几个词在本站搜索，或者查下面的表：
#
#    .. list-table::
#       :header-rows: 1
#
#       * - PyTorch 报的是
#         - 请看
#       * - ``mat1 and mat2 shapes cannot be multiplied``
#         - :ref:`每行的长度不对 <wrong-mat1>`
#       * - ``mat1 and mat2 must have the same dtype``、``expected scalar type``
#         - :ref:`数据是 float64 <wrong-dtype>`
#       * - ``expected target dtype to be Long``
#         - :ref:`标签不是整数 <wrong-long>`
#       * - ``Target 10 is out of bounds``
#         - :ref:`类别从一数起 <wrong-target>`
#       * - ``is not on the expected device``
#         - :ref:`模型和数据不在一处 <wrong-device>`
#       * - ``a leaf Variable that requires grad``
#         - :ref:`更新也被记录了 <wrong-leaf>`
#       * - ``.grad attribute of a Tensor that is not a leaf``
#         - :ref:`参数成了运算的结果 <wrong-none>`
#       * - ``element 0 of tensors does not require grad``
#         - :ref:`损失没有回去的路 <wrong-element>`
#       * - ``Trying to backward through the graph a second time``
#         - :ref:`前向传播写在了循环外面 <wrong-twice>`
#       * - ``cannot assign module before Module.__init__() call``
#         - :ref:`__init__ 里漏了一行 <wrong-init>`
#       * - ``optimizer got an empty parameter list``
#         - :ref:`层放在普通列表里 <wrong-empty>`
#       * - ``Can't pickle``
#         - :ref:`模型里有 lambda <wrong-pickle>`
#       * - ``Weights only load failed``
#         - :ref:`文件里存的是整个模型 <wrong-weights-only>`
#       * - ``An attempt has been made to start a new process``
#         - :ref:`子进程把程序又运行了一遍 <wrong-spawn>`
#
#    .. list-table::
#       :header-rows: 1
#
#       * - PyTorch 什么也不报，可是
#         - 请看
#       * - 损失忽上忽下
#         - :ref:`梯度越积越多 <wrong-zero-grad>`
#       * - 损失一动不动
#         - :ref:`优化器管的是旧参数 <wrong-optimizer>`
#       * - 损失到不了零
#         - :ref:`cross_entropy 之前做了 softmax <wrong-softmax>`
#       * - 准确率和瞎猜差不多
#         - :ref:`标签错开了一位 <wrong-labels>`
#       * - 彩色图片总是学不好
#         - :ref:`该用 permute 的地方用了 view <wrong-view>`
#       * - 类别比实际的多
#         - :ref:`CNN 的末尾定死了大小 <wrong-forty>`
#       * - 同一张图片，每次结果都不同
#         - :ref:`忘了 eval() <wrong-eval>`
#       * - 损失随批大小而变
#         - :ref:`平均值的平均值 <wrong-means>`
#       * - 损失是 ``nan``
#         - :ref:`零乘以无穷大 <wrong-nan>`
#
# 这些之外的错误，就用末尾的:ref:`那些工具 <wrong-tools>`去查。先准备好后面要用的：\
# 一个:term:`小批量`（mini-batch）的图片，每张一行；还有一个线性模型。

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim

from mnist_tut.data import get_mnist
from mnist_tut.training import loss_batch

# sphinx_gallery_start_ignore
# 构建本站时，MNIST 可能以别的形式打包，也可能只有替代数据。
from mnist_tut.mnist import get_mnist

# sphinx_gallery_end_ignore

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), _, _ = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train = torch.tensor(x_train), torch.tensor(y_train)

bs = 64
xb, yb = x_train[:bs], y_train[:bs]
torch.manual_seed(42)
model = nn.Linear(784, 10)
print("PyTorch", torch.__version__)

# %%
# 以上报错都出自这个版本，换一个版本，措辞可能不同。
#
# **小结**：先读最后一行；搜索时用里面的词，不用里面的数字。
#
# .. _wrong-data:
#
# 形状、类型、设备
# ----------------
#
# 许多报错都属于这一类：两个张量碰到一起，却对不上。把两边的 ``shape``、``dtype`` 和 ``device``
# 都打印出来，一看便知。
#
# .. _wrong-mat1:
#
# ``mat1 and mat2 shapes cannot be multiplied``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 最后一行的上面是:term:`回溯`（traceback）：一路调用到出错处的各行代码，\
# 每行之前写明它所在的函数。*猜一猜：哪一行是您自己写的？*

import traceback

pictures = xb.view(bs, 28, 28)
try:
    model(pictures)
except RuntimeError as error:
    for frame in traceback.extract_tb(error.__traceback__):
        print(f"{frame.name:22}{frame.line}")
    print(f"RuntimeError: {error}")

# %%
# 第一行；其余都是 PyTorch 自己的。``mat1`` 是送进来的数据，``mat2`` 是:term:`权重`（weights）：\
# :term:`线性层`（linear layer）要的是每行 784 个数，这里却把图片上每行 28 个像素都当成了一行数据。

out = model(pictures.flatten(1))
print(out.shape)

# %%
# .. _wrong-dtype:
#
# ``mat1 and mat2 must have the same dtype``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# NumPy 默认用 ``float64`` 计算，PyTorch 的层默认用 ``float32``，谁也不会自动转换。同一个毛病，\
# 各个运算有各自的说法：

import numpy as np

rows = torch.tensor(np.ones((1, 784)))
for layer, inputs in [
    (model, rows),
    (nn.Conv2d(1, 16, kernel_size=3), rows.view(1, 1, 28, 28)),
    (torch.ones(1, 10, 784).bmm, rows.view(1, 784, 1)),
]:
    try:
        layer(inputs)
    except RuntimeError as error:
        print(error)

# %%
# 读入数据的时候转换一次就行：

rows = rows.float()
print(model(rows).dtype)

# %%
# .. _wrong-long:
#
# ``expected target dtype to be Long``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``cross_entropy`` 拿:term:`标签`（label）当作一行里的位置，所以标签必须是整数；``Long`` 是 PyTorch
# 对 ``int64`` 的叫法。从表格读来的标签往往是浮点数。（旧版本的说法是
# `expected scalar type Long but found Float <https://github.com/pytorch/pytorch/issues/118280>`_。）

labels = yb.float()
try:
    F.cross_entropy(model(xb), labels)
except RuntimeError as error:
    print(error)

loss = F.cross_entropy(model(xb), labels.long())
print(loss)

# %%
# .. _wrong-target:
#
# ``Target 10 is out of bounds``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 十个类别的编号是 0 到 9。如果从一数起，就有了编号为 10 的类别，而一行十个 logit 里没有这个位置。

labels = yb + 1
try:
    F.cross_entropy(model(xb), labels)
except IndexError as error:
    print(error)

loss = F.cross_entropy(model(xb), labels - 1)
print(loss)

# %%
# .. _wrong-device:
#
# ``is not on the expected device``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 参与同一个运算的张量，必须在同一个:term:`设备`（device）上。名为 ``meta`` 的设备每台机器都有，\
# 上面的张量只有形状，没有数值。GPU 和 CPU 的张量碰到一起时，许多运算的说法是
# ``Expected all tensors to be on the same device, but found at least two devices``。

# sphinx_gallery_start_ignore
# 报错之前，PyTorch 会载入它的编译器，而编译器会为自己的文件建一个文件夹：不要留下它。
import os
import tempfile
from unittest import mock

cache = tempfile.TemporaryDirectory()
elsewhere = mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=cache.name)
elsewhere.start()
# sphinx_gallery_end_ignore

dev = torch.device("meta")
there = nn.Linear(784, 10).to(dev)
try:
    there(xb)
except RuntimeError as error:
    print(error)

out = there(xb.to(dev))
print(out.shape, out.device)

# sphinx_gallery_start_ignore
elsewhere.stop()
cache.cleanup()
# sphinx_gallery_end_ignore

# %%
# 出问题的往往是忘了搬过去的小批量，还有在 ``forward`` 里新建的张量：写成
# ``torch.zeros(n, device=x.device)``，就建在输入所在的设备上。
#
# **小结**：形状、类型、设备，两边的三样都打印出来。
#
# .. _wrong-gradients:
#
# 梯度
# ----
#
# :term:`自动求导`（autograd）会记下:term:`参数`（parameter）经历了什么。下面四条报错说的都是：\
# 记录与您的代码合不上。
#
# .. _wrong-leaf:
#
# ``a leaf Variable that requires grad``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 更新这一步不需要求:term:`梯度`（gradient）。要是连它也记录下来，参数就成了某个运算的结果，\
# 不再是:term:`叶子张量`（leaf tensor）。

weights = torch.zeros(784, 10, requires_grad=True)
loss = F.cross_entropy(xb @ weights, yb)
loss.backward()
try:
    weights -= 0.1 * weights.grad
except RuntimeError as error:
    print(error)

with torch.no_grad():
    weights -= 0.1 * weights.grad
print(loss.item(), F.cross_entropy(xb @ weights, yb).item())

# %%
# .. _wrong-none:
#
# ``.grad attribute of a Tensor that is not a leaf``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 这不是错误，只是警告；但梯度是 ``None``。（这里截下警告，是为了打印出来。）*猜一猜：\
# 这些权重哪里不对？*

import warnings

weights = torch.randn(784, 10, requires_grad=True) / 28
F.cross_entropy(xb @ weights, yb).backward()
with warnings.catch_warnings(record=True, action="always") as caught:
    print(weights.grad)
print(caught[0].message)

# %%
# 除法也被记下来了：叶子张量是除之前的那个，梯度归它，可是谁也没留着它。应当先缩放，再要求梯度：

weights = torch.randn(784, 10) / 28
weights.requires_grad_()
F.cross_entropy(xb @ weights, yb).backward()
print(weights.grad.shape)

# %%
# .. _wrong-element:
#
# ``element 0 of tensors does not require grad``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 从这个:term:`损失`（loss）出发，没有回去的路：计算时用到的张量，没有一个要求梯度。这里是忘了
# ``requires_grad``；损失如果是在 ``no_grad`` 里算的，经过了 ``detach()``，或者用
# ``torch.tensor(loss)`` 重新造过，报的也是这一条。

weights = torch.zeros(784, 10)
try:
    F.cross_entropy(xb @ weights, yb).backward()
except RuntimeError as error:
    print(error)

weights.requires_grad_()
F.cross_entropy(xb @ weights, yb).backward()
print(weights.grad.shape)

# %%
# .. _wrong-twice:
#
# ``Trying to backward through the graph a second time``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``backward()`` 沿着:term:`计算图`（computation graph）走一遍，顺手把为此保留的东西都扔掉。\
# 遇到这条报错，多半是该在循环里算的，在循环外只算了一次；加上 ``retain_graph=True``，\
# 只会把毛病盖住。

logits = model(xb)
try:
    for _ in range(2):
        F.cross_entropy(logits, yb).backward()
except RuntimeError as error:
    print(error)

for _ in range(2):
    logits = model(xb)
    F.cross_entropy(logits, yb).backward()
print(model.weight.grad.shape)

# %%
# **小结**：每一步都要重新做前向传播，从要求梯度的叶子张量出发；更新则不要记录。
#
# .. _wrong-modules:
#
# 模块与优化器
# ------------
#
# 层和参数，要到赋给:term:`模块`（module）时才会注册。下面两条报错都与此有关。
#
# .. _wrong-init:
#
# ``cannot assign module before Module.__init__() call``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 注册用的清单，是 ``super().__init__()`` 建的，所以它要写在最前面。


class Net(nn.Module):
    def __init__(self):
        self.lin = nn.Linear(784, 10)


try:
    Net()
except AttributeError as error:
    print(error)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(784, 10)


print(Net())

# %%
# .. _wrong-empty:
#
# ``optimizer got an empty parameter list``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 普通的 Python 列表不是模块，所以不会有谁到里面去找参数。``nn.ModuleList`` 既是列表，又是模块。


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(784, 50), nn.Linear(50, 10)]


try:
    optim.SGD(Stack().parameters(), lr=0.1)
except ValueError as error:
    print(error)


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(784, 50), nn.Linear(50, 10)])


opt = optim.SGD(Stack().parameters(), lr=0.1)
print(sum(p.numel() for p in Stack().parameters()))

# %%
# 只要有一层不在列表里，就不会报错：:term:`优化器`（optimizer）只训练那一层，别的都不管。\
# 所以请数一数参数。
#
# **小结**：``super().__init__()`` 写在最前面；要训练的，不放进普通列表。
#
# .. _wrong-files:
#
# 文件与进程
# ----------
#
# 对象要存进文件，或者交给另一个进程，都得先变成字节，Python 用的是 pickle。
#
# .. _wrong-pickle:
#
# ``Can't pickle``
# ^^^^^^^^^^^^^^^^
#
# 对于函数，pickle 只写下名字，而 ``lambda`` 没有名字。请保存:term:`状态字典`（state dict），\
# 里面只有张量，没有代码。

import io
import pickle

from mnist_tut.models import Lambda

net = nn.Sequential(Lambda(lambda x: x.flatten(1)), nn.Linear(784, 10))
try:
    torch.save(net, io.BytesIO())
except (pickle.PicklingError, AttributeError) as error:
    print(error)

file = io.BytesIO()  # 内存里的文件；通常写文件名
torch.save(net.state_dict(), file)
file.seek(0)
print(list(torch.load(file)))

# %%
# .. _wrong-weights-only:
#
# ``Weights only load failed``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 文件里存的是整个模型。要读它，就得照 pickle 的要求运行代码，所以 ``torch.load``
# 只接受张量和简单的类型。``weights_only=False`` 会放行其余的一切，只能用于您自己的文件。

file = io.BytesIO()
torch.save(nn.Sequential(nn.Linear(784, 10)), file)
file.seek(0)
try:
    torch.load(file)
except pickle.UnpicklingError as error:
    print(str(error).replace("\033[1m", "").replace("\033[0m", ""))  # 去掉粗体

# %%
# 如果文件里是状态字典，就用模型自己的代码建好模型，再把参数填进去：

file = io.BytesIO()
torch.save(net.state_dict(), file)
file.seek(0)
again = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
again.load_state_dict(torch.load(file))
print(torch.equal(again(xb), net(xb)))

# %%
# .. _wrong-spawn:
#
# ``An attempt has been made to start a new process``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``DataLoader(..., num_workers=1)`` 会启动一个进程来读数据。在 Windows 和 macOS 上，\
# 以及 Linux 上较新的 Python 里，这个进程一开始就导入您的脚本，于是又走到了启动它的那一行。:term:`数据加载器`（data loader）\
# 最后报的是 ``DataLoader worker (pid(s) 123) exited unexpectedly``，真正的原因在它上面。
#
# 不用数据加载器也能引出这个错误。下面的脚本用这种叫作 *spawn* 的方式启动一个进程，一次没有保护，\
# 一次有：

import subprocess
import sys
import tempfile

start = 'mp.get_context("spawn").Process(target=print, args=["hello"]).start()'
bare = f"import multiprocessing as mp\n{start}\n"
guarded = f'import multiprocessing as mp\nif __name__ == "__main__":\n    {start}\n'

for script in (bare, guarded):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.py")
        path.write_text(script)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    print(done.stdout, done.stderr.partition("RuntimeError:")[2].partition("\n\n")[0])

# %%
# 子进程导入脚本时，``__name__`` 不是 ``"__main__"``：函数和类照常定义，\
# 那一行判断下面的代码则跳过不运行。
#
# **小结**：保存张量，不保存对象；凡是真正要*做事*的代码，都写在 ``if __name__ == "__main__":``
# 下面。
#
# .. _wrong-silent:
#
# 什么也不报
# ----------
#
# 这一类更糟：程序照样运行，却学得很差，甚至什么也没学到。每种毛病都有自己的症状。\
# 有几个单元格反复在同一个小批量上训练，看损失怎样变化：


def losses(net, steps=100, xb=xb, yb=yb):
    opt = optim.SGD(net.parameters(), lr=0.1)
    return [loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(steps)]


right = losses(nn.Linear(784, 10))
print(f"from {right[0]:.2f} to {right[-1]:.2f}")

# %%
# .. _wrong-zero-grad:
#
# 损失忽上忽下
# ^^^^^^^^^^^^
#
# ``backward()`` 会把新梯度加到原有的上面。不调用 ``zero_grad()``，\
# 每一步都还带着前面所有步的方向。输出的第一行（``piled up``）不清零，第二行（``cleared``）\
# 清零。*猜一猜：损失会怎样变化？*


def trained(clear):
    net = nn.Linear(784, 10)
    opt = optim.SGD(net.parameters(), lr=0.5)
    found = []
    for xb, yb in zip(x_train[:6400].split(bs), y_train[:6400].split(bs)):
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
        if clear:
            opt.zero_grad()
        found.append(loss.item())
    return found


piled_up, cleared = trained(clear=False), trained(clear=True)
print("piled up:", [round(loss, 1) for loss in piled_up[::9]])
print("cleared: ", [round(loss, 1) for loss in cleared[::9]])

# %%
# .. _wrong-optimizer:
#
# 损失一动不动
# ^^^^^^^^^^^^
#
# 优化器只认得当初交给它的参数。如果后来模型换了参数，比如换上新的最后一层，\
# 或者用同一个名字新建了模型，它管的还是旧的那些。

net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
opt = optim.SGD(net.parameters(), lr=0.1)
net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
print([loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(3)])

opt = optim.SGD(net.parameters(), lr=0.1)
print([loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(3)])

# %%
# ``net.to(dev)`` 保留参数，只换里面的内容；但优化器已经积累的东西，例如:term:`动量`（momentum），\
# 还留在原处。所以次序是：先建模型，再搬到设备上，最后新建优化器。
#
# .. _wrong-softmax:
#
# 损失到不了零
# ^^^^^^^^^^^^
#
# ``cross_entropy`` 里面已经有 softmax。模型末尾如果再来一个，交给它当作 logit 的就只是 0 到 1
# 之间的数，差距怎么也拉不开。*猜一猜：模型全对，而且十分肯定，做了两次 softmax 之后，\
# 损失是多少？*（输出里，``twice`` 是两次，``once`` 是一次，最后一行就是这个问题的答案。）

twice = losses(nn.Sequential(nn.Linear(784, 10), nn.Softmax(dim=1)), steps=300)
once = losses(nn.Linear(784, 10), steps=300)
print(f"twice {twice[-1]:.3f}, once {once[-1]:.3f}")

sure = F.one_hot(yb, 10).float()
print(f"sure and right, but twice: {F.cross_entropy(sure, yb):.3f}")

# %%
# 用来训练的模型，以 logit 结尾。要概率的话，之后再做 softmax。
#
# .. _wrong-labels:
#
# 准确率和瞎猜差不多
# ^^^^^^^^^^^^^^^^^^
#
# 图片和标签错位了：这里是错开一行；也可能只给其中一个排了序，或者只打乱了一个。告诉模型什么，\
# 它就尽力学什么；遇到别的图片，它只能瞎猜。每行打印两个:term:`准确率`（accuracy）：\
# 在教给它的标签上（``what it was told``），在别的图片上（``on other pictures``）。

from mnist_tut.by_hand import accuracy
from mnist_tut.plots import show_digits

x, y = x_train[:1000], y_train[:1000]
others, theirs = x_train[1000:2000], y_train[1000:2000]
for told in (y.roll(1), y):
    net = nn.Linear(784, 10)
    losses(net, xb=x, yb=told)
    learnt, known = accuracy(net(x), told), accuracy(net(others), theirs)
    print(f"what it was told: {learnt:.2f}, on other pictures: {known:.2f}")

show_digits(x[:10], y.roll(1)[:10])

# %%
# .. figure-text:: 一行十个手写数字，从第二个起，每个上方的标签都是它左边那个数字的。
#
#    十张图片，标签就是教给第一个模型的那些。看一眼就够了。
#
# 训练之前，先看几张图片和它们的标签；要从训练循环取数据的地方取，也就是从数据加载器里取。
#
# .. _wrong-view:
#
# 彩色图片总是学不好
# ^^^^^^^^^^^^^^^^^^
#
# 图片文件里，同一个像素的几个颜色挨在一起，维度是高、宽、:term:`通道`（channel）；PyTorch
# 要通道在前。``view`` 得到的形状是对的，但数的先后次序没有变；``permute`` 移动的才是维度。

digit = x_train[0].view(28, 28)
colour = torch.stack([digit, digit, digit], dim=2)
viewed, permuted = colour.view(3, 28, 28), colour.permute(2, 0, 1)
print(colour.shape, viewed.shape, permuted.shape)
show_digits(torch.cat([viewed, permuted]), ["view"] * 3 + ["permute"] * 3, cols=6)

# %%
# .. figure-text:: 一行六幅图。前三幅标着 view，是一个数字撕成条纹的碎片；后三幅标着 permute，\
#    是完整的数字。
#
#    同一张灰度图片的三个通道，先是用 ``view`` 得到的，再是用 ``permute`` 得到的。
#
# .. exercise:: my_pictures
#
#    请写出图像库与 CNN 之间的那一步：``images`` 的形状是 ``(n, h, w, c)``，内容是 0 到 255
#    的字节；要变成 0 到 1 的浮点数，通道 ``c`` 排在高和宽的前面。
#
#    .. hint::
#
#       维度从零数起，第 3 维要移到第 1 位：四个维度该按什么次序写？字节也和别的数一样能做除法。
#
# .. _wrong-forty:
#
# 类别比实际的多
# ^^^^^^^^^^^^^^
#
# :term:`卷积`（convolution）能处理任意大小的图片。如果网络的末尾不能，大一些的图片也许照样通过，\
# 结果却毫无意义：这里十个通道各剩下四个平均值，而 ``cross_entropy`` 对四十个类别毫无意见。

from mnist_tut.models import cnn_any_size, cnn_layers

large = torch.rand(3, 1, 64, 64)
net = nn.Sequential(*cnn_layers(), nn.AvgPool2d(4), nn.Flatten())
print(net(large).shape, F.cross_entropy(net(large), yb[:3]))
print(net(large).view(-1, 10).shape)
try:
    net(large).view(len(large), 10)
except RuntimeError as error:
    print(error)

print(cnn_any_size()(large).shape)

# %%
# ``view(-1, 10)`` 把三张图片变成十二行；把 ``-1`` 换成 ``len(large)``，就会报错，这样反而更好。\
# 最好用一个能定下输出大小的层：``AdaptiveAvgPool2d``。
#
# .. _wrong-eval:
#
# 同一张图片，每次结果都不同
# ^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 训练时，:term:`批归一化`（batch normalisation）要看整个小批量，dropout 要看随机数。不调用
# ``eval()``，验证时它们也还是这样。同一张图片，先单独送进去，再与别的图片一起送进去，\
# 结果相差多少（``difference``）？

from mnist_tut.models import better_cnn

net = better_cnn()
images = xb.view(-1, 1, 28, 28)
for mode in (net.train, net.eval):
    mode()
    alone, among_others = net(images[:1]), net(images)[:1]
    difference = (alone - among_others).abs().max()
    print(f"training {net.training}: a difference of {difference:.0e}")

# %%
# 还有更糟的：在训练模式下，就算在 ``no_grad`` 里做前向传播，滑动平均值也会变，\
# 验证数据就这样混进了模型。``evaluate`` 和 ``fit`` 会替您切换模式。
#
# .. _wrong-means:
#
# 损失随批大小而变
# ^^^^^^^^^^^^^^^^
#
# 最后一个小批量要小一些，它的平均值却与别的分量相同。加上 ``reduction="none"``，\
# 每张图片都有自己的损失，可以拿来试一试。打印的依次是平均值的平均值、按大小加权的平均值，\
# 以及全部图片的平均值。

each = F.cross_entropy(model(x_train[:100]), y_train[:100], reduction="none")
parts = each.split(bs)
means = sum(part.mean() for part in parts) / len(parts)
weighted = sum(part.mean() * len(part) for part in parts) / len(each)
print(f"mean of means {means:.4f}, weighted {weighted:.4f}, of all {each.mean():.4f}")

# %%
# 在:ref:`教程 <fit-get-data>`里，这件事由 ``weighted_mean`` 来做。
#
# .. _wrong-nan:
#
# 损失是 ``nan``
# ^^^^^^^^^^^^^^
#
# ``nan`` 的意思是“不是数”：零乘以无穷大，零除以零，无穷大减无穷大，得到的都是它。\
# :term:`熵`（entropy）说的是模型有多拿不准；这里有个概率变成了零，它的对数就是负无穷。``nan``
# 会扩散：更新一次，所有参数就全成了 ``nan``。换成 ``log_softmax``，就没有哪个对数是无穷大了。


def entropy(logits):
    probs = logits.softmax(dim=1)
    return (probs * -probs.log()).sum()


logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
print(entropy(logits))


def safe_entropy(logits):
    log_probs = logits.log_softmax(dim=1)
    return (log_probs.exp() * -log_probs).sum()


print(safe_entropy(logits))

# %%
# 别的来源还有：:term:`学习率`（learning rate）太大，除以等于零的标准差，以及数据本身，用
# ``x.isfinite().all()`` 就能查出来。:term:`轮次`（epoch）的损失一旦不是有限的数，``fit`` 就会停下。
#
# **小结**：损失在开头和结尾应当是多少，要心里有数；数不对，本身就是一条报错。
#
# .. _wrong-tools:
#
# 工具
# ----
#
# 程序学不会的时候，可以问它五个问题，最省事的排在最前面。
#
# .. _wrong-start:
#
# 损失的起点对吗？
# ^^^^^^^^^^^^^^^^
#
# 模型如果一无所知，给十个类别的概率各是十分之一，损失就是 :math:`\ln 10`。要是大得多，\
# 就说明它毫无根据，却很有把握。*猜一猜：权重大了一百倍，会怎样？*

import math

print(f"ln 10: {math.log(10):.2f}")
for scale in (1, 100):
    net = nn.Linear(784, 10)
    with torch.no_grad():
        net.weight *= scale
    print(f"{scale:5}: {F.cross_entropy(net(xb), yb):.2f}")

# %%
# .. _wrong-one-batch:
#
# 一个小批量，它背得下来吗？
# ^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 这是最好用的一招：反复训练同一个小批量。网络和训练循环都没有毛病的话，\
# 几十步之内损失就会降到接近零。如果降不下来，毛病就在这两者之中，数据再多也没有用。

net = better_cnn()
found = losses(net, steps=40, xb=images)
print([round(loss, 3) for loss in found[::8]], round(found[-1], 4))

# %%
# 至于标签对不对，这一招看不出来：错的标签，它也一样背得下来。
#
# .. exercise:: my_step
#
#    这一步运行时什么也不报，里面却有三个毛病，其中两个上文讲过。请改好它：像 ``loss_batch`` 那样训练一步，\
#    把损失作为普通的数返回。
#
#    .. hint::
#
#       损失函数要模型给它什么？``backward()`` 怎样对待旧的梯度？还有，把损失作为张量留着，\
#       整张计算图也就跟着留下了。
#
# .. _wrong-norms:
#
# 梯度传到了吗？
# ^^^^^^^^^^^^^^
#
# :term:`钩子`（hook）是让 PyTorch 在途中调用的函数。注册在参数上的钩子，会在 ``backward()``
# 的过程中拿到这个参数的梯度。这里记下它的:term:`范数`（norm），也就是梯度有多长。*猜一猜：\
# 往回穿过五层 sigmoid，还剩多少？*


def norms(activation):
    torch.manual_seed(0)
    inner = [nn.Linear(50, 50) for _ in range(4)]
    layers = [nn.Linear(784, 50), *inner, nn.Linear(50, 10)]
    net = nn.Sequential(*[part for lin in layers for part in (lin, activation())][:-1])
    found = []
    for lin in layers:
        lin.weight.register_hook(lambda grad: found.append(grad.norm().item()))
    F.cross_entropy(net(xb), yb).backward()
    return found


for activation in (nn.Sigmoid, nn.ReLU):
    found = norms(activation)
    print(activation.__name__, [f"{norm:.0e}" for norm in found])

# %%
# ``backward()`` 最先到达的是最后一层。范数如果从那里起越来越小，最前面的几层就几乎学不到东西；\
# 越来越大，可能变成 ``nan``；等于零，或者干脆没有，就是回去的路断了。
#
# .. _wrong-anomaly:
#
# ``nan`` 从哪里来？
# ^^^^^^^^^^^^^^^^^^
#
# :class:`torch.autograd.set_detect_anomaly` 会检查途中的每个梯度。一遇到 ``nan`` 就停下，\
# 并指出该怪*前向传播*里的哪一行。它很慢：查的时候打开，查完就关上。

with (
    torch.autograd.set_detect_anomaly(True),
    warnings.catch_warnings(record=True, action="always") as caught,
):
    try:
        entropy(logits).backward()
    except RuntimeError as error:
        print(error)
first, *_, line, _ = str(caught[0].message).splitlines()
print(first, line, sep="\n")

safe_entropy(logits).backward()
print(logits.grad)

# %%
# .. _wrong-debugger:
#
# 里面究竟是什么？
# ^^^^^^^^^^^^^^^^
#
# 在循环里写上 :func:`breakpoint`，Python 就在那里停下，等您提问：``p`` 打印您要看的东西，``n``
# 走到下一行，``c`` 继续运行。为了让这个单元格自己跑完，我们事先把要敲的内容交给调试器；把
# ``debugger.set_trace()`` 换成 ``breakpoint()``，就轮到您来敲了。

import pdb


class Keys(io.StringIO):
    def readline(self):
        line = super().readline()
        print(line, end="")
        return line


keys = Keys("p xb.shape, xb.dtype\np logits.softmax(dim=1).sum(dim=1)[:3]\np loss\nc\n")
debugger = pdb.Pdb(stdin=keys, stdout=sys.stdout, nosigint=True)
debugger.canonic = lambda file: Path(file).name  # 不带文件夹


def step(xb, yb):
    logits = model(xb)
    loss = F.cross_entropy(logits, yb)
    debugger.set_trace()
    return loss.item()


print(step(xb, yb))

# %%
# **小结**：先看损失的起点，再试一个小批量，然后看梯度。这时才去读代码，并让调试器给您看看，\
# 您以为的究竟是不是事实。
