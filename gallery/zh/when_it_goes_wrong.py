r"""
.. _wrong-top:

出错了怎么办
============

- **动手**：亲手引出用 PyTorch 时人人都会遇到的错误，读懂它报的是什么，再逐个改好。
- **收获**：各条报错的意思，哪些错误什么也不报，以及一些工具，没见过的错误也能查出来。
- **准备**：:doc:`nn_tutorial` 里的训练循环、``loss_batch`` 和 CNN。不需要 GPU。
"""

# %%
# .. _wrong-find:
#
# 找到您的报错
# ------------
#
# 报错的最后一行说的是*出了什么错*。本页的条目几乎都是先引出错误，再解释，最后给出能正确运行的代码。
#
# .. container:: only-on-site find-message
#
#    拿您那一行里的几个词在本站搜索，或者查下面的表：
#
#    .. rst-class:: typed
#
#    把您那一行或其中几个词粘贴到这里，表里就只剩该读的条目：
#
#    .. rst-class:: typed
#
#    表里没有这样的报错。
#
#    .. list-table::
#       :header-rows: 1
#
#       * - PyTorch 报的是
#         - 请看
#       * - ``mat1 and mat2 shapes cannot be multiplied``
#         - :ref:`每行的长度不对 <wrong-mat1>`
#       * - ``Expected 3D (unbatched) or 4D (batched) input to conv2d``
#         - :ref:`给 CNN 的是一行行的数 <wrong-conv>`
#       * - ``Given groups=1, weight of size``、``to have 1 channels, but got 3 channels instead``
#         - :ref:`通道数不对 <wrong-channels>`
#       * - ``stack expects each tensor to be equal size``
#         - :ref:`图片大小不一 <wrong-stack>`
#       * - ``view size is not compatible with input tensor's size and stride``
#         - :ref:`permute 之后又 view <wrong-contiguous>`
#       * - ``Using a target size``、``must be the same as input size``
#         - :ref:`每个都与每个相比 <wrong-broadcast>`
#       * - ``mat1 and mat2 must have the same dtype``、``expected scalar type``、``Cannot convert a MPS Tensor to float64 dtype``
#         - :ref:`数据是 float64 <wrong-dtype>`
#       * - ``expected target dtype to be Long``
#         - :ref:`标签不是整数 <wrong-long>`
#       * - ``multi-target not supported``、``Expected floating point type for target``
#         - :ref:`标签是独热编码，或者排成一列 <wrong-one-hot>`
#       * - ``Target 10 is out of bounds``
#         - :ref:`类别从一数起 <wrong-target>`
#       * - ``Expected all tensors to be on the same device``、``mat1 is on cpu, different from other tensors on cuda:0``、``Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same``、``is not on the expected device``
#         - :ref:`模型和数据不在一处 <wrong-device>`
#       * - ``Torch not compiled with CUDA enabled``、``not linked with support for mps devices``
#         - :ref:`要的设备不存在 <wrong-no-cuda>`
#       * - ``CUDA out of memory``、``MPS backend out of memory``
#         - :ref:`显存不足 <wrong-memory>`
#       * - ``device-side assert triggered``、``index out of range in self``
#         - :ref:`GPU 上的索引越界 <wrong-assert>`
#       * - ``Attempting to deserialize object on a CUDA device``
#         - :ref:`文件来自有 GPU 的机器 <wrong-map-location>`
#       * - ``a leaf Variable that requires grad``
#         - :ref:`更新也被记录了 <wrong-leaf>`
#       * - ``.grad attribute of a Tensor that is not a leaf``
#         - :ref:`参数成了运算的结果 <wrong-none>`
#       * - ``element 0 of tensors does not require grad``
#         - :ref:`损失没有回去的路 <wrong-element>`
#       * - ``Trying to backward through the graph a second time``
#         - :ref:`前向传播写在了循环外面 <wrong-twice>`
#       * - ``modified by an inplace operation``
#         - :ref:`结果被覆盖了 <wrong-inplace>`
#       * - ``grad can be implicitly created only for scalar outputs``
#         - :ref:`每张图片一个损失 <wrong-scalar>`
#       * - ``Can't call numpy() on Tensor that requires grad``、``can't convert meta device type tensor to numpy``
#         - :ref:`从 PyTorch 到 NumPy <wrong-numpy>`
#       * - ``cannot be converted to Scalar``、``only one element tensors can be converted to Python scalars``、``Boolean value of Tensor with more than one value is ambiguous``
#         - :ref:`只要一个数，却给了许多 <wrong-item>`
#       * - ``cannot assign module before Module.__init__() call``
#         - :ref:`__init__ 里漏了一行 <wrong-init>`
#       * - ``optimizer got an empty parameter list``
#         - :ref:`层放在普通列表里 <wrong-empty>`
#       * - ``Expected more than 1 value per channel when training``
#         - :ref:`批归一化遇上单张图片 <wrong-one-row>`
#       * - ``Missing key(s) in state_dict``、``Unexpected key(s) in state_dict``
#         - :ref:`参数换了名字 <wrong-keys>`
#       * - ``size mismatch for``
#         - :ref:`参数的形状变了 <wrong-size>`
#       * - ``Can't pickle``
#         - :ref:`模型里有 lambda <wrong-pickle>`
#       * - ``Weights only load failed``
#         - :ref:`文件里存的是整个模型 <wrong-weights-only>`
#       * - ``num_samples should be a positive integer value``
#         - :ref:`文件夹里什么也没找到 <wrong-no-samples>`
#       * - ``An attempt has been made to start a new process``
#         - :ref:`子进程把程序又运行了一遍 <wrong-spawn>`
#       * - ``Can't get attribute``
#         - :ref:`从笔记本里启动子进程 <wrong-notebook>`
#       * - ``is killed by signal``、``Please try to raise your shared memory limit``
#         - :ref:`子进程内存不足 <wrong-killed>`
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
#       * - 各个工作进程的随机数都一样
#         - :ref:`随机数生成器存在数据集里 <wrong-workers>`
#       * - 每次运行，结果都不同
#         - :ref:`没有固定随机种子 <wrong-seed>`
#       * - 冻结的层还在变
#         - :ref:`梯度没有清掉 <wrong-frozen>`
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
# 本页的报错都出自这个版本的 PyTorch，换一个版本，措辞可能不同。
#
# **小结**：先读最后一行；搜索时用里面的词，不用里面的数字。
#
# .. rst-class:: entries
#
# .. _wrong-data:
#
# 形状与类型
# ----------
#
# 许多报错都属于这一类：两个张量碰到一起，却对不上。把两边的 ``shape`` 和 ``dtype`` 都打印出来，\
# 一看便知。
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
# .. _wrong-conv:
#
# ``Expected 3D (unbatched) or 4D (batched) input to conv2d``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`卷积`（convolution）要的是图片，形状为 ``(n, c, h, w)``，即张数、通道、高、宽；\
# 而我们的数据加载器给出的，是一行行的数。用 ``view`` 恢复图片的形状，\
# 或者在网络最前面加一层来做这件事。

conv1 = nn.Conv2d(1, 16, kernel_size=3)
try:
    conv1(xb)
except RuntimeError as error:
    print(error)

net = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), conv1)
print(conv1(xb.view(-1, 1, 28, 28)).shape, net(xb).shape)

# %%
# .. _wrong-channels:
#
# ``Given groups=1, weight of size``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 输入形状的第二个数是:term:`通道`（channel）数，与这一层建立时说好的不同。如果图片是彩色的，\
# 就转成灰度，或者把这一层建成三个通道的；如果形状里漏了通道这一维，图片就会被当成通道，这时用
# ``unsqueeze(1)`` 补上它。

coloured = torch.rand(bs, 3, 28, 28)
for inputs in (coloured, pictures):
    try:
        conv1(inputs)
    except RuntimeError as error:
        print(error)

grey = coloured.mean(dim=1, keepdim=True)
for_colours = nn.Conv2d(3, 16, kernel_size=3)
print(
    conv1(grey).shape, for_colours(coloured).shape, conv1(pictures.unsqueeze(1)).shape
)

# %%
# .. _wrong-stack:
#
# ``stack expects each tensor to be equal size``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`数据加载器`（data loader）用 ``torch.stack`` 拼出小批量，而这几个:term:`样本`（sample）\
# 大小不一（也可能一张是灰度，一张是彩色）。请在数据集里把它们统一好；大小非保留不可的话，\
# 就自己写一个 ``collate_fn`` 来拼小批量，下面这个用零补齐。

from torch.utils.data import DataLoader

samples = [(torch.rand(1, 28, 28), 3), (torch.rand(1, 28, 30), 5)]
try:
    next(iter(DataLoader(samples, batch_size=2)))
except RuntimeError as error:
    print(error)


def fill_up(samples):
    pictures, labels = zip(*samples)
    width = max(picture.shape[2] for picture in pictures)
    equal = [F.pad(picture, (0, width - picture.shape[2])) for picture in pictures]
    return torch.stack(equal), torch.tensor(labels)


filled, _ = next(iter(DataLoader(samples, batch_size=2, collate_fn=fill_up)))
print(filled.shape)

# %%
# .. _wrong-contiguous:
#
# ``view size is not compatible with input tensor's size and stride``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``view`` 不动内存里的数。做过 ``transpose`` 或 ``permute`` 之后，这些数在内存里的次序，\
# 与形状所说的已经不同；``reshape`` 和 ``flatten`` 会在必要时复制一份。

turned = pictures.transpose(1, 2)
try:
    turned.view(bs, 784)
except RuntimeError as error:
    print(error)

print(turned.reshape(bs, 784).shape)

# %%
# .. _wrong-broadcast:
#
# ``Using a target size``
# ^^^^^^^^^^^^^^^^^^^^^^^
#
# 这只是警告；公式要是自己写的，连警告也没有。一列数与一行数经过:term:`广播`（broadcasting），\
# 成了一个方阵，每个预测都与每个目标值相比。请让两边形状相同，这里用 ``squeeze(1)``。\
# （截下警告，是为了打印出来；二分类用的那个损失，则会正式报错。）

import warnings

column = torch.rand(bs, 1)
targets = column.squeeze(1)  # 全都预测对了
with warnings.catch_warnings(record=True, action="always") as caught:
    loss = F.mse_loss(column, targets)
print(caught[0].message)
print(loss, ((column - targets) ** 2).shape)
try:
    F.binary_cross_entropy_with_logits(column, targets)
except ValueError as error:
    print(error)

predictions = column.squeeze(1)
print(F.mse_loss(predictions, targets), ((predictions - targets) ** 2).shape)

# %%
# .. _wrong-dtype:
#
# ``mat1 and mat2 must have the same dtype``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# NumPy 默认用 ``float64`` 计算，PyTorch 的层默认用 ``float32``，两者都不会自动转换。读入数据的时候，\
# 转换一次就行。同一个毛病，各个运算有各自的说法；Mac 的 GPU 则根本不认 ``float64``
# （``Cannot convert a MPS Tensor to float64 dtype``，*此处未运行*）。

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
# 转换之后：

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
# .. _wrong-one-hot:
#
# ``multi-target not supported``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``cross_entropy`` 要的是每行一个类别编号。从表格读来的标签常常排成一列，用 ``squeeze(1)``
# 去掉那一维；独热编码（``one_hot``）的整数用 ``argmax(dim=1)`` 变回编号，或者转成浮点数，\
# 当作概率交给它。

column, one_hot = yb[:, None], F.one_hot(yb, 10)
for labels in (column, one_hot):
    try:
        F.cross_entropy(model(xb), labels)
    except RuntimeError as error:
        print(error)

for labels in (column.squeeze(1), one_hot.argmax(dim=1), one_hot.float()):
    print(F.cross_entropy(model(xb), labels))

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
# **小结**：形状和类型，两边都打印出来。
#
# .. rst-class:: entries
#
# .. _wrong-devices:
#
# 设备与显存
# ----------
#
# 生成本页的机器没有 GPU。只有 GPU 才会报的，都注明*此处未运行*；这些话我们在 PyTorch 2.13 的 CUDA
# 版和 macOS 版的文件里查到过（2026-11-29）。
#
# .. _wrong-device:
#
# ``Expected all tensors to be on the same device``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 参与同一个运算的张量，必须在同一个:term:`设备`（device）上。模型搬一次，小批量则在循环里逐个搬；\
# 在 ``forward`` 里新建的张量，要写成 ``torch.zeros(n, device=x.device)``，建在输入所在的设备上。\
# *此处未运行*：在 GPU 上，线性层接着会说
# ``but got mat1 is on cpu, different from other tensors on cuda:0``，别的运算接着会说
# ``but found at least two devices, cuda:0 and cpu!``。卷积说的是
# ``Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same``；在
# Mac 上，有的说 ``Placeholder storage has not been allocated on MPS device!``。
#
# 下面用名为 ``meta`` 的设备代替 GPU。它每台机器都有，上面的张量只有形状，没有数值；\
# 报错时，它有自己的说法。

meta = torch.device("meta")
there = nn.Linear(784, 10).to(meta)
try:
    there(xb)
except RuntimeError as error:
    print(error)

out = there(xb.to(meta))
print(out.shape, out.device)

# %%
# .. _wrong-no-cuda:
#
# ``Torch not compiled with CUDA enabled``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 程序点名要 GPU，而装好的这个 PyTorch 编译时就不支持它：在 Windows 上，pip 装的是 CPU 版；Mac
# 则根本没有 CUDA。不要点名，有什么就用什么，什么也没有就用 CPU。要是机器上确实有 GPU，就照着
# `官网给出的命令 <https://pytorch.org/get-started/locally/>`_ 重装与您的 CUDA 相配的版本。\
# 想知道 GPU 用上了没有，看看参数在哪个设备上。

for name in ("cuda", "mps"):
    try:
        print(torch.zeros(3).to(name).device)
    except (AssertionError, RuntimeError) as error:
        print(error)

dev = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
net = nn.Linear(784, 10).to(dev)
print(dev, next(net.parameters()).device)

# %%
# .. _wrong-memory:
#
# ``CUDA out of memory``
# ^^^^^^^^^^^^^^^^^^^^^^
#
# 显存不足，俗称“爆显存”。:term:`显存`（GPU memory）里放着参数、梯度、优化器记下的东西，\
# 而最占地方的，是前向传播为 ``backward()`` 保留的结果。（*此处未运行*；在 Mac 上是
# ``MPS backend out of memory``。报错的是 PyTorch 的\ `内存分配器
# <https://github.com/pytorch/pytorch/blob/v2.13.0/c10/cuda/CUDACachingAllocator.cpp>`__。）依次试试：
#
# #. 减小:term:`批大小`（batch size）。
# #. 验证和:term:`推理`（inference）都放在 ``no_grad`` 或 ``inference_mode`` 里，这样什么也不保留。
# #. 累加的是 ``loss.item()``，一个普通的数；要是把损失本身加起来，每个损失的计算图就都留着。
# #. 梯度累加：几个较小的小批量，才更新一次，见下文。
# #. ``checkpoint`` 只保留一小部分，其余的到反向传播时重算一遍。
# #. 每个数只用一半的字节，即:ref:`混合精度 <many-first>`。
#
# 在笔记本里，旧的模型和最近一次报错都还占着显存：重启内核。下面的单元格数一数为 ``backward()``
# 保留了多少；它在 CPU 上运行，而保留的东西与 GPU 上一样多。每一行先是兆字节数，再是情形：\
# 整个小批量、它的四分之一、推理模式、三个损失之和、三个数之和，以及
# ``checkpoint``。

import weakref

from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint_sequential

from mnist_tut.models import better_cnn


alive = weakref.WeakSet()


class Kept:
    def __init__(self, tensor):
        self.tensor = tensor.detach()
        alive.add(self)


def report(what):
    sizes = {kept.tensor.data_ptr(): kept.tensor.nbytes for kept in alive}
    print(f"{sum(sizes.values()) / 1e6:5.2f} MB: {what}")


net, images = better_cnn(), xb.view(-1, 1, 28, 28)
with saved_tensors_hooks(Kept, lambda kept: kept.tensor):
    total = F.cross_entropy(net(images), yb)
    report("64 images")
    total = F.cross_entropy(net(images[:16]), yb[:16])
    report("16 images")
    with torch.inference_mode():
        total = F.cross_entropy(net(images), yb)
    report("64 images, inference_mode")
    total = sum(F.cross_entropy(net(images), yb) for _ in range(3))
    report("the sum of three losses")
    total = sum(F.cross_entropy(net(images), yb).item() for _ in range(3))
    report("the sum of three numbers")
    out = checkpoint_sequential(net, 2, images, use_reentrant=False)
    total = F.cross_entropy(out, yb)
    report("64 images, checkpoint")

# %%
# 下面就是:term:`梯度累加`（gradient accumulation）：每个损失除以四，四个较小的小批量得到的梯度，\
# 就与那个大的相同。（批归一化看到的，仍然是小的。）

model.zero_grad()
F.cross_entropy(model(xb), yb).backward()
whole = model.weight.grad.clone()

model.zero_grad()
for few_x, few_y in zip(xb.split(16), yb.split(16)):
    loss = F.cross_entropy(model(few_x), few_y) / 4
    loss.backward()
torch.testing.assert_close(model.weight.grad, whole)

# %%
# .. _wrong-assert:
#
# ``device-side assert triggered``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 有个索引太大了：logit 里没有这个类别，就像:ref:`类别从一数起 <wrong-target>`那样；\
# 或者嵌入层里没有这个词。GPU 是异步执行的，总比程序慢一拍，所以指出的可能是后面的某一行；而且从此以后，\
# 每次调用都会报错，只能重启。请把这一步放到 CPU 上运行，它会说清楚错在哪里；或者设置
# ``CUDA_LAUNCH_BLOCKING=1`` 再启动程序，指出的行就对了。（*此处未运行*；这句提示写在
# `CUDAMiscFunctions.cpp
# <https://github.com/pytorch/pytorch/blob/v2.13.0/c10/cuda/CUDAMiscFunctions.cpp>`__ 里。）在 CPU 上：

words = nn.Embedding(10, 3)
try:
    words(torch.tensor([3, 10]))
except IndexError as error:
    print(error)

print(words(torch.tensor([3, 9])).shape)

# %%
# .. _wrong-map-location:
#
# ``Attempting to deserialize object on a CUDA device``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 文件记得每个张量原来在哪个设备上，而这台机器没有那个设备。``map_location`` 指定读进来放在哪里。\
# （这里让文件写上 ``cuda:0``，就像是从有 GPU 的机器上拿来的。）

import io
from unittest.mock import patch

file = io.BytesIO()  # 内存里的文件；通常写文件名
with patch("torch.serialization.location_tag", return_value="cuda:0"):
    torch.save(model.state_dict(), file)
file.seek(0)
try:
    print(torch.load(file)["bias"].device)
except RuntimeError as error:
    print(error)

file.seek(0)
print(torch.load(file, map_location="cpu")["bias"].device)

# %%
# **小结**：要一起运算的，放在同一个设备上；有什么设备，先问再用，不要点名；占显存的，是您留着的东西。
#
# .. rst-class:: entries
#
# .. _wrong-gradients:
#
# 梯度
# ----
#
# :term:`自动求导`（autograd）会记下:term:`参数`（parameter）经历了什么。下面前七条信息说的都是：\
# 记录与您的代码对不上；第八条说的是，那里只要一个数。
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
# 从这个:term:`损失`（loss）出发，没有回去的路：算出来的张量，没有一个要求梯度。这里是忘了
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
# .. _wrong-inplace:
#
# ``modified by an inplace operation``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 为了反向传播，sigmoid 留着自己的结果，``/= 2`` 却把它:term:`原地 <原地操作>`覆盖掉了。``+=``、\
# 名字以 ``_`` 结尾的方法、``nn.ReLU(inplace=True)`` 也是这样。改成 ``p = p / 2``，新建一个张量就行。\
# 要是不知道是哪一行，报错里的提示说的就是\ :ref:`后面的一样工具 <wrong-anomaly>`。

p = model(xb).sigmoid()
p /= 2
try:
    F.cross_entropy(p, yb).backward()
except RuntimeError as error:
    print(error)

p = model(xb).sigmoid()
p = p / 2
F.cross_entropy(p, yb).backward()
print(model.weight.grad.shape)

# %%
# .. _wrong-scalar:
#
# ``grad can be implicitly created only for scalar outputs``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``backward()`` 求的是*一个*数怎样随参数变化，这里却是每张图片一个损失。先取平均，或者求和。

each = F.cross_entropy(model(xb), yb, reduction="none")
try:
    each.backward()
except RuntimeError as error:
    print(error)

each.mean().backward()
print(each.shape, each.mean().shape)

# %%
# .. _wrong-numpy:
#
# ``Can't call numpy() on Tensor that requires grad``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# NumPy 不知道什么是梯度，靠它画图的程序也不知道；在那边做的运算，这边的记录里是没有的。\
# ``detach()`` 给出同样的数，但不带记录。不在 CPU 上的，还要先搬回来；如果是在 GPU 上，\
# 第二条报错里写的就是 ``cuda:0``\ （*此处未运行*）。合起来写，就是 ``x.detach().cpu().numpy()``。

preds = model(xb)
for inputs in (preds, torch.empty(3, device="meta")):
    try:
        inputs.numpy()
    except (RuntimeError, TypeError) as error:
        print(error)

print(preds.detach().cpu().numpy().shape)

# %%
# .. _wrong-item:
#
# ``cannot be converted to Scalar``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``item()``、``float()`` 和 ``if`` 只要一个数，张量里却有许多个。请说清楚要的是哪一个：平均值、\
# 最大值，还是“有没有”（``any()``）、“是不是全都”（``all()``）。

preds = preds.detach()
for convert in (torch.Tensor.item, float, bool):
    try:
        convert(preds)
    except (RuntimeError, ValueError) as error:
        print(error)

print(preds.mean().item(), float(preds.max()), bool((preds > 0).any()))

# %%
# **小结**：每一步都要重新做前向传播，从要求梯度的叶子张量出发，得到一个数；更新则不要记录。
#
# .. rst-class:: entries
#
# .. _wrong-modules:
#
# 模块与优化器
# ------------
#
# 层和参数，要到赋给:term:`模块`（module）时才会注册。下面前两条报错与此有关，后三条说的是层怎样计算，\
# 又留下了什么。
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
# .. _wrong-one-row:
#
# ``Expected more than 1 value per channel when training``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`批归一化`（batch normalisation）要除以小批量内部的离散程度，而只有一行时，谈不上离散。\
# 要预测单张图片，就先调用 ``eval()``；如果是训练时最后一个小批量只剩下一行，用 ``drop_last=True``
# 丢掉它。

net = nn.Sequential(nn.Linear(784, 50), nn.BatchNorm1d(50), nn.Linear(50, 10))
try:
    net(xb[:1])
except ValueError as error:
    print(error)

print(net.eval()(xb[:1]).shape)
for drop in (False, True):
    dl = DataLoader(x_train[:65], batch_size=64, drop_last=drop)
    print([len(rows) for rows in dl])

# %%
# .. _wrong-keys:
#
# ``Missing key(s) in state_dict``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 每个参数都按它在模型里的名字存放，而文件里的名字不一样。如果全都多了前缀 ``module.``，\
# 那是在多个 GPU 上（单机多卡或多机多卡）训练过的模型；前缀 ``_orig_mod.`` 则来自 ``torch.compile``。\
# 去掉前缀就行。如果名字本身就不同，说明代码里的模型不是当初保存的那个。（``strict=False``
# 只会盖住毛病：缺的参数还是随机数。）

saved = {f"module.{name}": value for name, value in model.state_dict().items()}
net = nn.Linear(784, 10)
try:
    net.load_state_dict(saved)
except RuntimeError as error:
    print(error)

bare = {name.removeprefix("module."): value for name, value in saved.items()}
print(net.load_state_dict(bare), torch.equal(net(xb), model(xb)))

# %%
# .. _wrong-size:
#
# ``size mismatch for``
# ^^^^^^^^^^^^^^^^^^^^^
#
# 名字对得上，形状却不同：多半是最后一层，因为类别变了，:term:`迁移学习`（transfer learning）\
# 时就是这样。形状相符的照常载入，其余的重新初始化，并且打印出来看看是哪些。

saved = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 1000)).state_dict()
net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
try:
    net.load_state_dict(saved)
except RuntimeError as error:
    print(error)

own = net.state_dict()
fitting = {
    name: value for name, value in saved.items() if value.shape == own[name].shape
}
print(net.load_state_dict(fitting, strict=False).missing_keys)

# %%
# **小结**：``super().__init__()`` 写在最前面；要训练的，不放进普通列表；载入之前，看一眼名字。
#
# .. rst-class:: entries
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

import pickle

from mnist_tut.models import Lambda

net = nn.Sequential(Lambda(lambda x: x.flatten(1)), nn.Linear(784, 10))
try:
    torch.save(net, io.BytesIO())
except (pickle.PicklingError, AttributeError) as error:
    print(error)

file = io.BytesIO()
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
# .. _wrong-no-samples:
#
# ``num_samples should be a positive integer value``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 数据集是空的：文件夹不对，或者扩展名不对（``.JPG`` 不是 ``.jpg``）。不加 ``shuffle``
# 的话，连错都不报，循环一次也不执行。所以请看看 ``len(ds)``，并把扩展名转成小写再比较。

import tempfile

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "3.JPG").touch()
    files = list(Path(folder).glob("*.png"))
    pictures_found = [
        f for f in Path(folder).iterdir() if f.suffix.lower() in (".jpg", ".png")
    ]
print("without shuffle:", list(DataLoader(files)))
try:
    DataLoader(files, shuffle=True)
except ValueError as error:
    print(error)

print(len(files), len(pictures_found))

# %%
# .. _wrong-spawn:
#
# ``An attempt has been made to start a new process``
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# ``DataLoader(..., num_workers=1)`` 会启动一个进程来读数据。在 Windows 和 macOS 上，\
# 以及 Linux 上较新的 Python 里，这个进程一开始就导入您的脚本，于是又走到了启动它的那一行。数据加载器\
# 最后报的是 ``DataLoader worker (pid(s) 123) exited unexpectedly``，真正的原因在它上面。
#
# 不用数据加载器也能引出这个错误。下面的脚本用这种叫作 *spawn* 的方式启动一个进程，一次没有保护，\
# 一次有：

import subprocess
import sys

start = 'mp.get_context("spawn").Process(target=print, args=["hello"]).start()'
bare = f"import multiprocessing as mp\n{start}\n"
guarded = f'import multiprocessing as mp\nif __name__ == "__main__":\n    {start}\n'

for script in (bare, guarded):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.py")
        path.write_text(script)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    print(done.stdout, *done.stderr.partition("RuntimeError:")[2].split())

# %%
# 子进程导入脚本时，``__name__`` 不是 ``"__main__"``：函数和类照常定义，\
# 那一行判断下面的代码则跳过不运行。（在笔记本里，这一招不管用，见下一条。）
#
# .. _wrong-notebook:
#
# ``Can't get attribute``
# ^^^^^^^^^^^^^^^^^^^^^^^
#
# 笔记本没有脚本可供导入，加上那行判断也没有用：在 Windows 和 macOS 上，\
# 工作进程只在自己空空的 ``__main__`` 里找您的类。请把数据集、``collate_fn`` 之类写进笔记本旁边的
# ``.py`` 文件，再导入进来；或者干脆不用工作进程，即 ``num_workers=0``。（Linux
# 复制整个进程，叫作 *fork*，Python 3.14 之前没有这个问题。从 3.14 起，报错改成了
# ``module '__main__' has no attribute 'Task'``，其中 ``Task`` 是您起的名字。）
#
# 下面的程序同样没有文件。先像在笔记本里那样，把类写在 ``__main__`` 里，再把它写进文件：

task = 'class Task:\n    def __call__(self):\n        print("hello")\n'
start = 'mp.get_context("spawn").Process(target=Task()).start()'
guarded = f'import multiprocessing as mp\nif __name__ == "__main__":\n    {start}\n'

for program in (task + guarded, "from my_task import Task\n" + guarded):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "my_task.py").write_text(task)
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    print(done.stdout, *done.stderr.splitlines()[-1:])

# %%
# .. _wrong-killed:
#
# ``is killed by signal``
# ^^^^^^^^^^^^^^^^^^^^^^^
#
# ``DataLoader worker (pid 123) is killed by signal: Killed.`` 意思是系统结束了一个工作进程，\
# 多半因为内存不足：少用几个工作进程，减小小批量，数据集不要全部装进内存，而是逐个打开文件。``Bus error``
# 说的是各进程共享的内存满了；Docker 给的很少，用 ``docker run --shm-size=2g`` 可以多给一些。\
# 换成 ``num_workers=0``，要是另有真正的错误，就会显露出来。
#
# **小结**：保存张量，不保存对象。要用工作进程，凡是真正要*做事*的代码，都写在
# ``if __name__ == "__main__":`` 下面；在笔记本里，则把它们要用的东西写进文件。
#
# .. rst-class:: entries
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
# 训练用的模型，输出 logit 就够了；要概率的时候，再做 softmax。
#
# .. _wrong-labels:
#
# 准确率和瞎猜差不多
# ^^^^^^^^^^^^^^^^^^
#
# 图片和标签错位了：这里是错开一行；也可能只给其中一个排了序，或者只打乱了一个。告诉模型什么，\
# 它就尽力学什么；遇到别的图片，它只能瞎猜。每行打印两个:term:`准确率`（accuracy）：\
# 在教给它的标签上（``what it was told``），在别的图片上（``on other images``）。

from mnist_tut.by_hand import accuracy
from mnist_tut.plots import show_digits

x, y = x_train[:1000], y_train[:1000]
others, theirs = x_train[1000:2000], y_train[1000:2000]
wrong = y.roll(1)
for told in (wrong, y):
    net = nn.Linear(784, 10)
    losses(net, xb=x, yb=told)
    learnt, known = accuracy(net(x), told), accuracy(net(others), theirs)
    print(f"what it was told: {learnt:.2f}, on other images: {known:.2f}")

show_digits(x[:10], wrong[:10])

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
# 图片文件里，同一个像素的几个颜色挨在一起，维度是高、宽、通道；PyTorch
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
#    请写出图像库与 CNN 之间的那一步：``images`` 是形状为 ``(n, h, w, c)`` 的张量，内容是
#    0 到 255 的字节；要变成 0 到 1 的浮点数，通道 ``c`` 排在高和宽的前面。
#
# .. _wrong-forty:
#
# 类别比实际的多
# ^^^^^^^^^^^^^^
#
# 卷积能处理任意大小的图片。如果网络的末尾不能，大一些的图片也许照样通过，\
# 结果却毫无意义：这里十个通道各剩下四个平均值，而四十个类别，``cross_entropy`` 也照单全收。

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
# 训练时，批归一化要看整个小批量，:term:`暂退法`（dropout）要看随机数。不调用
# ``eval()``，验证时它们也还是这样。同一张图片，先单独送进去，再与别的图片一起送进去，\
# 结果相差多少（``difference``）？

net = better_cnn()
for mode in (net.train, net.eval):
    mode()
    alone, among_others = net(images[:1]), net(images)[:1]
    difference = (alone - among_others).abs().max()
    print(f"training {net.training}: a difference of {difference:.0e}")

# %%
# 还有更糟的：在训练模式下，就算在 ``no_grad`` 里做前向传播，滑动平均值也会变，\
# 验证数据就这样混进了模型。``evaluate`` 和 ``fit`` 会替您切换模式。
#
# .. _wrong-workers:
#
# 各个工作进程的随机数都一样
# ^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 每个:term:`工作进程`（worker process）都拿到一份数据集，连同存在里面的随机数生成器。PyTorch
# 会给每个进程重新设定 ``torch``、``random`` 和 ``np.random`` 的种子，但不知道您自己的那个生成器。\
# （网上有的说法要您亲手设定 ``np.random`` 的种子，那已经过时了。）在工作进程里，\
# :func:`torch.utils.data.get_worker_info` 给出它那一份数据集，以及它自己的种子，每个轮次都不同。\
# *猜一猜：两个工作进程为四个样本抽随机数，有几个不同的？*

program = """
import numpy as np
from torch.utils.data import DataLoader, get_worker_info

class Noise:
    def __init__(self):
        self.generator = np.random.default_rng(0)

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return int(self.generator.integers(1000))

def own_generator(worker):
    info = get_worker_info()
    info.dataset.generator = np.random.default_rng(info.seed)

if __name__ == "__main__":
    for start in (None, own_generator):
        dl = DataLoader(Noise(), batch_size=2, num_workers=2, worker_init_fn=start)
        print([batch.tolist() for batch in dl])
"""
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "noise.py")
    path.write_text(program)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
print(done.stdout)

# %%
# .. _wrong-seed:
#
# 每次运行，结果都不同
# ^^^^^^^^^^^^^^^^^^^^
#
# 初始权重、图片的次序、暂退法，都是随机的。``torch.manual_seed`` 设定:term:`随机种子`（random
# seed），结果就:term:`可复现`（reproducibility）；数据增强如果用到 ``random`` 或 NumPy，它们各有各的种子。会打乱次序的数据加载器，\
# 给它一个 ``generator``，那么前面多抽了几个随机数，次序也不变。在 GPU
# 上，有些运算相加的先后不固定，``torch.use_deterministic_algorithms(True)`` 会禁用它们。\
# 换了版本或机器，末几位数总会有些出入。


def first_loss(seed):
    torch.manual_seed(seed)
    return F.cross_entropy(nn.Linear(784, 10)(xb), yb).item()


print(first_loss(1), first_loss(2), first_loss(1))

# %%
# 要比较两种改法，每种都用几个种子各跑一次：差别如果还不如种子之间的差别大，就什么也说明不了。
#
# .. _wrong-frozen:
#
# 冻结的层还在变
# ^^^^^^^^^^^^^^
#
# ``requires_grad_(False)`` 之后不再有新的梯度，旧的却还在，优化器就照着它更新。用 ``zero_grad()``
# 清掉它，或者只把要训练的参数交给优化器。优化器也可以把参数分组，每组用自己的学习率。

net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
opt = optim.SGD(net.parameters(), lr=0.1)
F.cross_entropy(net(xb), yb).backward()
net[0].requires_grad_(False)
for clear in (False, True):
    if clear:
        net.zero_grad()
    before = net[0].weight.clone()
    F.cross_entropy(net(xb), yb).backward()
    opt.step()
    print(f"cleared {clear}: moved {(net[0].weight - before).abs().max():.0e}")

net.requires_grad_()
groups = [
    {"params": net[0].parameters(), "lr": 0.01},
    {"params": net[2].parameters()},
]
opt = optim.SGD(groups, lr=0.1)
print([group["lr"] for group in opt.param_groups])

# %%
# .. _wrong-means:
#
# 损失随批大小而变
# ^^^^^^^^^^^^^^^^
#
# 最后一个小批量要小一些，它的平均值却与别的占同样的比重。加上 ``reduction="none"``，\
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
# 别的来源还有：:term:`学习率`（learning rate）太大，梯度爆炸（可以:ref:`裁剪 <wrong-clip>`），\
# 除以等于零的标准差，以及数据本身，用
# ``x.isfinite().all()`` 就能查出来。``fit`` 不会自己停下，\
# 此后每个:term:`轮次`（epoch）打印的都是 ``nan``：把它中断就好。
#
# **小结**：损失在开头和结尾应当是多少，要心里有数；数不对，就等于报错。
#
# .. _wrong-tools:
#
# 工具
# ----
#
# 程序学不会的时候，可以问它下面这些问题，最省事的排在最前面。
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
# .. _wrong-baseline:
#
# 它看图片了吗？不看输入的基准
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 把输入全部换成零，训练一次，这就是不看输入的基准：它能达到的，都只来自标签，也就是各个类别出现的多少。\
# *猜一猜：这样训练，损失能降到多少？*（最后一行是只凭标签能达到的损失。）

for inputs in (xb, torch.zeros_like(xb)):
    found = losses(nn.Linear(784, 10), xb=inputs)
    print(f"from {found[0]:.2f} to {found[-1]:.2f}")

shares = yb.bincount(minlength=10) / len(yb)
print(f"the labels alone: {-torch.xlogy(shares, shares).sum():.2f}")

# %%
# 您的模型看了图片，如果还比这好不了多少，或者不管输入什么，输出都一样，可能就是图片没有送到：\
# 请看看数据加载器给出的图片和标签，再看看它到第一层之间的每一步。要是图片送到了，就去看\
# :ref:`各层的输出 <wrong-activations>`。

# %%
# .. _wrong-one-batch:
#
# 一个小批量，它背得下来吗？在一个小批量上过拟合
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
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
#    这一步运行时什么也不报，里面却有三个毛病，上文都讲过。请改好它：像 ``loss_batch`` 那样训练一步，\
#    把损失作为普通的数返回。
#
# .. _wrong-permuted:
#
# 验证集泄题了吗？打乱标签
# ^^^^^^^^^^^^^^^^^^^^^^^^
#
# 把标签打乱再训练。这时没有什么可学，只能死记硬背；遇到新图片，模型就只能瞎猜，猜对十分之一。\
# 要是猜得比这好，说明那些图片并不新。这里的第二个验证集，有一半是从训练集里混进来的。

few, told = x[:300], y[:300][torch.randperm(len(y[:300]))]
net = nn.Linear(784, 10)
losses(net, steps=300, xb=few, yb=told)

new = others[:150], theirs[:150]
leaking = torch.cat([new[0], few[:150]]), torch.cat([new[1], told[:150]])
for pictures_seen, labels_seen in (new, leaking):
    print(f"{accuracy(net(pictures_seen), labels_seen):.2f}")

# %%
# .. _wrong-remeasured:
#
# 欠拟合，还是过拟合？
# ^^^^^^^^^^^^^^^^^^^^
#
# 训练循环打印的训练损失，是一个轮次里的平均值，而这期间模型还在变好，所以它可能比验证损失还高。\
# 训练完一个轮次，让模型停下来再量一次，才好比较。两个都高，是:term:`欠拟合`（underfitting）：\
# 多训练一会儿，或者换更大的模型。训练损失低，验证损失高，是:term:`过拟合`（overfitting）：\
# 增加数据，做:term:`数据增强`（data augmentation），加:term:`权重衰减`（weight decay），\
# 或者:term:`早停`（early stopping）。每行依次是：训练途中（``moving``）、停下来再量（``again``）、\
# 验证（``validation``）。

few, few_y = x[:512], y[:512]
net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
opt = optim.SGD(net.parameters(), lr=0.1)
for epoch in range(1, 51):
    pairs = zip(few.split(bs), few_y.split(bs))
    moving = [loss_batch(net, F.cross_entropy, *pair, opt)[0] for pair in pairs]
    if epoch in (1, 10, 50):
        with torch.no_grad():
            again = F.cross_entropy(net(few), few_y)
            valid = F.cross_entropy(net(others), theirs)
        mean = sum(moving) / len(moving)
        print(
            f"{epoch:3}: moving {mean:.2f}, again {again:.2f}, validation {valid:.2f}"
        )

# %%
# .. _wrong-norms:
#
# 梯度传到了吗？梯度消失与梯度爆炸
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`钩子`（hook）是让 PyTorch 在计算过程中自动调用的函数。注册在参数上的钩子，会在 ``backward()``
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
# ``backward()`` 最先到达的是最后一层。范数如果从那里起越来越小，最前面的几层就几乎学不到东西，\
# 这叫:term:`梯度消失`（vanishing gradients）；越来越大，可能变成 ``nan``，\
# 这叫:term:`梯度爆炸`（exploding gradients）；等于零，或者干脆没有，就是回去的路断了。
#
# .. _wrong-activations:
#
# 各层的输出还有差别吗？激活值与钩子
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# *前向钩子*会拿到一层算出来的结果。这里记下不同图片在其中相差多少。*猜一猜：\
# 经过十层之后还剩多少？一次用 PyTorch 默认的初始化，一次用* ``kaiming_normal_`` *。*


def spreads(fill):
    torch.manual_seed(0)
    parts = [nn.Linear(784, 100), nn.ReLU()]
    for _ in range(9):
        parts += [nn.Linear(100, 100), nn.ReLU()]
    net, found = nn.Sequential(*parts), []
    for lin, relu in zip(net[::2], net[1::2]):
        fill(lin.weight)
        relu.register_forward_hook(lambda layer, x, out: found.append(out.std(dim=0)))
    net(xb)
    return [spread.mean().item() for spread in found]


for name, fill in (
    ("default", lambda weight: weight),
    ("kaiming", nn.init.kaiming_normal_),
):
    found = spreads(fill)
    print(name, [f"{spread:.0e}" for spread in found[::3]])

# %%
# 差别如果越来越接近零，在最后几层看来，所有图片都一个样，梯度也会消失；如果越来越大，梯度会爆炸。\
# 与:term:`激活函数`（activation function）相配的:term:`初始化`（initialisation）能把它保持住，\
# 批归一化也能；:term:`残差连接`（residual connection）也能，它把一层的输入加到输出上：``x + layer(x)``。
#
# .. _wrong-ratio:
#
# 步子大小合适吗？更新与权重之比
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# 拿一次更新的长度与权重本身的长度相比。经验之谈：千分之一到百分之一为好；小得多，训练就慢得像爬；\
# 几乎一样长，损失就会乱跳。每行依次是学习率、更新与权重之比、最后的损失。

for lr in (0.001, 0.1, 10.0):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    opt = optim.SGD(net.parameters(), lr=lr)
    before = net[0].weight.detach().clone()
    loss_batch(net, F.cross_entropy, xb, yb, opt)
    ratio = (net[0].weight - before).norm() / before.norm()
    found = [loss_batch(net, F.cross_entropy, xb, yb, opt)[0] for _ in range(100)]
    print(f"lr {lr}: update / weights {ratio:.0e}, loss in the end {found[-1]:.2f}")

# %%
# .. _wrong-clip:
#
# 有没有大得离谱的梯度？梯度裁剪
# ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#
# :term:`梯度裁剪`（gradient clipping）把超过限度的梯度缩短，方向不变。个别小批量不好时，\
# 它能帮上忙，训练循环神经网络也常用它；要是输入的大小本身不对，它只能让程序勉强跑下去，\
# 这里就是这样：图片用的是 0 到 255 的字节。它写在 ``backward()`` 和 ``step()`` 之间，\
# 返回裁剪之前的范数，平时记下来也有用。

for limit in (float("inf"), 1.0):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
    opt = optim.SGD(net.parameters(), lr=0.03)
    for _ in range(50):
        loss = F.cross_entropy(net(xb * 255), yb)
        opt.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), max_norm=limit)
        opt.step()
    print(f"at most {limit}: loss {loss:.2f}, last norm {norm:.0e}")

# %%
# .. _wrong-anomaly:
#
# ``nan`` 从哪里来？异常检测
# ^^^^^^^^^^^^^^^^^^^^^^^^^^
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
# 里面究竟是什么？断点调试
# ^^^^^^^^^^^^^^^^^^^^^^^^
#
# 设一个断点：在循环里写上 :func:`breakpoint`，Python 就在那里停下，等您提问：``p`` 打印您要看的东西，``n``
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
# **小结**：先看损失的起点，再试一个小批量，然后看梯度和步子。这时才去读代码，并让调试器给您看看，\
# 您以为的究竟是不是事实。
