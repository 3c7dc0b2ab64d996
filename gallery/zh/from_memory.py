r"""
.. _memory-top:

默写训练循环
============

- **动手**：面对空白的单元格，不看任何资料，把训练循环写出来。
- **收获**：弄清 PyTorch 里哪些东西您已经能自己写出来，哪些还只是读过。
- **准备**：学过《:doc:`nn_tutorial`》，再加一个下午。每道题都能单独做，做到哪一题停下来都行。不需要 GPU。

这一页讲得少，问得多。读完题目，合上教程，把函数或类写进题目下面的单元格里，再运行检查：它会告诉您\
对不对；不对的话，还会说它看出了什么。提示和参考答案折叠在每道题的下面，卡住了再看。题目从易到难；\
每道题都注明有多重要、用到了哪一节，想先复习就从那里读起。如果只有时间做一道，就做 ``my_fit``。

.. container:: only-on-site

   题目要在:download:`笔记本 <from_memory.ipynb>`里做，请先下载。
"""

# %%
# .. _memory-setup:
#
# 动手之前
# --------
#
# 先运行下面的单元格：题目里用到的名字和数字图片都在里面。图片只取一部分，这样什么都不用久等。

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import TensorDataset

from mnist_tut.data import get_mnist
from mnist_tut.loaders import get_data
from mnist_tut.training import fit

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), (x_valid, y_valid), _ = get_mnist(PATH, URL, SIZE, MD5)
x_train, y_train, x_valid, y_valid = map(
    torch.tensor, (x_train, y_train, x_valid, y_valid)
)
train_ds = TensorDataset(x_train[:10_000], y_train[:10_000])
valid_ds = TensorDataset(x_valid[:500], y_valid[:500])

# %%
# .. _memory-again:
#
# 教程里的部件，再写一遍
# ----------------------
#
# 先热热身。下面这些东西教程里都用过，有的是现成的；这一回由您来造。
#
# .. exercise:: MyNet
#
#    重要程度：高。用到“:ref:`hidden`”。
#
#    请自己写一个带隐藏层的网络：一层从 784 到 ``hidden``，一个 ReLU，再一层从 ``hidden`` 到 10，\
#    直接输出 logit。四个参数张量，``parameters()`` 都要找得到。
#
# .. exercise:: my_cross_entropy
#
#    重要程度：中。用到“:ref:`nn-functional`”。
#
#    请直接由 logit 算出 ``cross_entropy``，不用 ``F.cross_entropy``，中间也不算概率。一张图片的损失，等于它十个 logit 的
#    log-sum-exp，减去真实类别的 logit。最后取平均。
#
# .. exercise:: MyStack
#
#    重要程度：高。用到“:ref:`nn-module`”。
#
#    这个网络把层放在列表里，想要几层就有几层。它能运行，也能给出 logit。可是
#    ``optim.SGD(MyStack([784, 50, 10]).parameters(), lr=0.1)`` 却报错：*optimizer got an empty
#    parameter list*（参数列表是空的）。参数到哪里去了？改一行就好。
#
# .. exercise:: my_log_sum_exp
#
#    重要程度：中。用到“:ref:`nn-functional`”。
#
#    ``exp(89)`` 超出了 float32 的范围，``exp(-200)`` 又小得成了 0。请写出两头都算得对的
#    log-sum-exp：对 ``x`` 的每一行，先对各数取 exp，再求和，最后取对数，每行得到一个数。\
#    不妨先从每行里减去最大的 logit，再想想结果因此变了多少。不许用 ``torch.logsumexp``，\
#    检查时要用它来对答案。
#
# .. exercise:: my_bias_gradient
#
#    重要程度：中。用到“:ref:`from-scratch`”。
#
#    权重的梯度，用纸笔也推得出来：用概率减去真实值，乘以像素，再对小批量求平均。\
#    这里的真实值是一行零，只在真实类别处是一，就像 ``torch.eye(10)`` 的各行。偏置的梯度呢？\
#    已知对数概率 ``log_probs`` 和标签 ``target``，请不用自动求导，算出 ``backward()`` 会在
#    ``bias.grad`` 里留下的那十个数。
#
# .. exercise:: my_freeze
#
#    重要程度：高。用到“:ref:`torch-optim`”。
#
#    *迁移学习*，三行就够：别人训练好了 ``model``（一个 ``Sequential``），\
#    您想让它的最后一层学点新东西。请:term:`冻结`（frozen）其余各层，不再训练它们；再返回一个列表，\
#    里面是留给优化器训练的参数。
#
# .. exercise:: my_losses
#
#    重要程度：高。用到“:ref:`from-scratch`”。
#
#    故意把训练循环弄坏。在同一个小批量上训练 ``steps`` 步，损失用 ``F.cross_entropy``，模型是
#    ``xb @ weights + bias``，而且梯度*从不*清零。把每一步开始时的损失收进列表，要普通的数，\
#    不要张量。然后用 ``plt.plot`` 画出来（例如取 ``x_train[:64]`` 和它的标签，权重取小的随机数，\
#    偏置取零，学习率 0.5，走一百步），说说曲线为什么是这个样子。
#
# .. exercise:: my_batches
#
#    重要程度：高。用到“:ref:`validation`”。
#
#    会打乱次序的加载器，自己写只要四行。请写成:term:`生成器`：每次给出一个小批量，即 ``bs``
#    张图片和它们的标签；每张图片正好出现一次，次序随机，每轮都不同；余下的放在最后一批。
#
# .. exercise:: MySGD
#
#    重要程度：中。用到“:ref:`torch-optim`”。
#
#    动量并不神秘。下面这个类只差一个 ``step``：对每个参数，速度先变为原来的 ``momentum`` 倍，\
#    再加上梯度；参数逆着速度移动，移动的量是 ``lr`` 乘以速度。每一步都要与 ``optim.SGD``
#    走到同一处。
#
# .. exercise:: my_batch_norm
#
#    重要程度：中。用到“:ref:`better`”。
#
#    批归一化究竟做了什么？调用 ``eval()`` 以后有什么不同？请不调用这个层，也不用 ``F.batch_norm``，自己算出它的结果；``x``
#    的形状是 ``(n, channels)``，每列是一个通道。``bn.training`` 为真时，\
#    每个通道用当前这批的均值和方差归一化（方差要加上 ``bn.eps``；求当前这批的方差时，分母是 n，不是 n - 1）；否则用
#    ``bn.running_mean`` 和 ``bn.running_var``。然后乘以 ``bn.weight``，再加上 ``bn.bias``。
#
# **小结**：现成的东西并不神秘，每样不过几行，您都写过了。
#
# .. _memory-pieces:
#
# 自己的模型用得上的部件
# ----------------------
#
# 下面七样东西，教程里用到过或者提到过，却一直没有动手做。
#
# .. exercise:: my_size
#
#    重要程度：高。用到“:ref:`cnn`”。
#
#    图片经过:term:`卷积`（convolution）以后有多宽？请写出公式：``size`` 是原来的宽度，单位是像素；\
#    ``kernel``、``stride``、``padding`` 是这个层的卷积核、步幅和填充。28、3、2、1 的答案是 14。\
#    最后一步要是装不下，PyTorch 就不走。
#
# .. tested-source:: mnist_tut.models.conv_block
#    :folded: conv_block，与教程中的相同
#
# .. exercise:: my_cnn_48
#
#    重要程度：中。用到“:ref:`better`”。
#
#    换一种图片，做法照旧。请用三个 ``conv_block`` 和一个线性层搭一个网络，输入是 48 × 48
#    的*彩色*图片，三个通道。输入的形状是 (n, 3, 48, 48)，输出的 logit 是 (n, 10)。\
#    ``conv_block(n_in, n_out)`` 就是教程里的那个，会把宽和高减半。
#
# .. exercise:: MyLinear
#
#    重要程度：高。用到“:ref:`nn-module`”和“:ref:`nn-linear`”。
#
#    用 :class:`torch.nn.Parameter` 自己写一个 ``nn.Linear``。``MyLinear(n_in, n_out)``
#    里，每对输入和输出有一个权重，每个输出有一个偏置；它把 (n, ``n_in``) 变成 (n, ``n_out``)。\
#    权重随机抽取，有正有负，大小要让输出与输入差不多。
#
# .. exercise:: MyScaler
#
#    重要程度：中。用到“:ref:`inside-module`”。
#
#    像素送进网络之前，常常先减去均值，再除以标准差。这两个数属于模型：应当在 ``state_dict``
#    里，调用 ``to`` 时跟着搬，但优化器不许碰。请写出 ``MyScaler(mean, std)``，\
#    把这两个张量存成:term:`缓冲区`（buffer）；它的 ``forward`` 返回 ``(xb - mean) / std``。
#
# .. exercise:: my_predict
#
#    重要程度：高。用到“:ref:`validation`”和“:ref:`nn-functional`”。
#
#    有人递给您一张 ``picture``（一行像素），想听到一句“是 4，把握 97%”。``model``
#    把小批量变成 logit。请返回类别和它的概率，一共两个数，要与模型在评估模式下给出的一致；\
#    模型来的时候是哪种模式，走的时候还是哪种模式。
#
# .. exercise:: MyInverted
#
#    重要程度：中。用到“:ref:`dataset`”。
#
#    白纸黑字才是常态，MNIST 却正好相反。请写一个 ``Dataset``，每次取出的图片都黑白颠倒，标签照旧。\
#    传进来的张量 ``x`` 和 ``y`` 不能改动。
#
# .. exercise:: MyFolder
#
#    重要程度：高。用到“:ref:`dataset`”。
#
#    自己的数据，往往是一个个文件。``folder`` 是 :class:`pathlib.Path`，里面的图片由
#    :func:`torch.save` 写成，一张一个文件，名字像 ``7_0012.pt``：标签、下划线、编号。\
#    里面也可能有别的文件。请写一个有长度的数据集，每一项是 ``transform(picture)`` 和标签这一对，\
#    其中标签是整数；各项按文件名的次序排列，而且要到取这一项的时候才读文件。
#
# **小结**：要学的放进参数，要记住的放进缓冲区，输出的是 logit。
#
# .. _memory-loop:
#
# 训练循环
# --------
#
# 本站的每个网络，都是用同一个循环训练出来的：逐个:term:`小批量`（mini-batch）走完训练数据，\
# 再走一遍:term:`验证集`（validation set），一个:term:`轮次`（epoch）接着一个轮次。会写这个循环，\
# 就什么都能训练。
#
# .. exercise:: my_order
#
#    重要程度：高。用到“:ref:`validation`”。
#
#    先来玩拼图。下面是循环的各行，缩进都对，次序却乱了：
#
#    .. code-block:: text
#
#        1          opt.step()
#        2      model.eval()
#        3  for epoch in range(epochs):
#        4          loss.backward()
#        5      with torch.no_grad():
#        6          loss = loss_func(model(xb), yb)
#        7      model.train()
#        8          losses = [loss_func(model(xb), yb) for xb, yb in valid_dl]
#        9          opt.zero_grad()
#       10      for xb, yb in train_dl:
#
#    请把行号排成列表返回，让每个轮次都先训练、后验证。模型交给循环的时候，可能正处在\
#    :term:`评估模式`（evaluation mode）。
#
# .. exercise:: my_fit
#
#    重要程度：最高。用到“:ref:`validation`”和“:ref:`fit-get-data`”。
#
#    这回没有现成的行了。请用 ``train_dl`` 把 ``model`` 训练 ``epochs`` 个轮次，每个轮次之后在
#    ``valid_dl`` 上验证。返回一个列表，每个轮次一对数：训练损失和验证损失，都是对图片求的平均。\
#    各个小批量可能不一样大。训练损失是一边训练一边攒下来的，就是走每一步时用的那个损失。\
#    损失写成 ``loss_func(outputs, labels)``，是一个小批量的平均。
#
# 检查通过了？那就用真的数字试试。下面是一个小网络，用本站的 ``fit`` 训练。请换成您的 ``my_fit``，\
# 把它返回的东西打印出来：损失应该一样。


def small_net():
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


torch.manual_seed(0)
model = small_net()
opt = optim.SGD(model.parameters(), lr=0.1)
fit(2, model, F.cross_entropy, opt, *get_data(train_ds, valid_ds, 64))

# %%
# **小结**：一个轮次两个循环，一个小批量三个调用，两种模式，平均要对图片来求。
#
# .. _memory-curves:
#
# 看着它学
# --------
#
# ``fit`` 把损失都返回来，就是为了让人看。看了能回答两个问题：:term:`学习率`（learning rate）取多大，\
# 什么时候停下来。
#
# .. exercise:: my_lr
#
#    重要程度：高。用到“:ref:`memory-loop`”。
#
#    ``make_model()`` 造出一个权重随机的模型，``train(model, lr)`` 把它训练一小会儿，\
#    返回验证损失。请把 ``lrs`` 里的学习率逐个试一遍，每次都从同样的权重开始，\
#    返回损失最低的那个学习率。有些学习率得到的损失会是 nan 或无穷大。
#
# 下面的单元格用真的数字图片试六个学习率。运行以后，也可以试试
# ``my_lr(lrs, small_net, train)``：起始的权重不同，结果不一定完全一致。

import matplotlib.pyplot as plt

some_ds = TensorDataset(x_train[:2000], y_train[:2000])


def train(model, lr):
    opt = optim.SGD(model.parameters(), lr=lr)
    history = fit(2, model, F.cross_entropy, opt, *get_data(some_ds, valid_ds, 64))
    return history[-1][1]


lrs = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
losses = []
for lr in lrs:
    print("lr", lr)
    torch.manual_seed(0)
    losses.append(train(small_net(), lr))

plt.figure(figsize=(6, 3))
plt.plot(lrs, losses, "o-")
plt.xscale("log")
plt.xlabel("lr")
plt.ylabel("losses")
plt.show()

# %%
# .. figure-text:: 六个学习率从小到大连成一条曲线：两头高，中间最低。
#
#    六个学习率各训练两个轮次之后的验证损失。
#
# 太小，两个轮次走不了多远；太大，每一步都迈到山谷对面，甚至迈出谷去。中间有一段都可以；\
# 不妨取得偏大一些，比曲线开始乱跳的地方略小。
#
# .. guess:: 只用 500 张图片，来回训练三十遍。训练损失会怎样？验证损失呢？
#
#    训练损失会降到零：500 张图片，背也背得下来。验证损失起初跟着下降，后来又升上去。

few_ds = TensorDataset(x_train[:500], y_train[:500])

torch.manual_seed(0)
model = small_net()
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
history = fit(30, model, F.cross_entropy, opt, *get_data(few_ds, valid_ds, 64))

plt.figure(figsize=(6, 3))
plt.plot(history, label=["few_ds", "valid_ds"])
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
plt.show()

valid_losses = [valid_loss for _, valid_loss in history]
print("lowest validation loss in epoch", valid_losses.index(min(valid_losses)))
assert history[-1][0] < history[-1][1]

# %%
# .. figure-text:: 两条曲线随轮次变化：起初都陡降。后来下面一条继续降到零，上面一条掉过头来缓缓上升。
#
#    参加训练的图片和没有参加训练的图片，各自的损失。
#
# 这就是:term:`过拟合`（overfitting），它的样子一眼就能认出来：两条曲线分道扬镳。上面那条最低的地方，\
# 就是该停下的地方。单看一个轮次的损失看不出来，要看曲线。
#
# **小结**：多看损失曲线，就知道步子能迈多大，什么时候该停。
#
# .. _memory-more:
#
# 让循环多做些事
# --------------
#
# 循环已经是您自己的了。下面这些，是大家常往里加的东西，以及常出的错。
#
# .. exercise:: my_accumulate
#
#    重要程度：中。用到“:ref:`torch-optim`”。
#
#    256 张图片的小批量，内存里放不下，64 张的放得下，那就分成四份。``parts`` 是小批量
#    ``(xb, yb)`` 组成的列表，最后一份可能小一些。请一份一份地走，让内存里始终只有一张计算图，\
#    最后只走一步，要与把这些图片合成一个小批量时走的那一步相同。这就是\
#    :term:`梯度累加`（gradient accumulation）。``loss_func`` 给出的是平均。\
#    交给您的时候没有梯度，交回的时候也不要留下梯度。
#
# .. exercise:: my_clip
#
#    重要程度：中。用到“:ref:`wrong-norms`”。
#
#    一个糟糕的小批量，就可能把模型甩出山谷。*裁剪*梯度可以防备。所有梯度合在一起的范数，\
#    是它们的平方和再开方。如果它大于 ``most``，就把所有梯度乘以同一个系数，原地修改，\
#    让范数变成 ``most``；否则不要动。返回裁剪之前的范数。``params`` 就是
#    ``model.parameters()`` 给出的东西，有的参数可能没有梯度。不许用
#    ``torch.nn.utils.clip_grad_norm_``。
#
# .. exercise:: my_mend
#
#    重要程度：高。用到“:ref:`memory-loop`”。
#
#    有人写了一个 ``my_fit``，能运行，却有五处错误，而且一条报错也没有。请找出来改好，\
#    让它做到 ``my_fit`` 该做的事。
#
# .. exercise:: my_stop
#
#    重要程度：高。用到“:ref:`memory-curves`”。
#
#    *早停*。反复调用 ``train(model)``（训练一个轮次）和 ``valid_loss(model)``（返回一个数），\
#    直到连续 ``patience`` 个轮次都没有出现新的最低损失，或者满了 ``most`` 个轮次。\
#    结束的时候，``model`` 的权重应当是验证损失最低时的那一份。返回这个损失。
#
# **小结**：梯度不清零就会一直累加；``state_dict`` 不是副本。
#
# .. _memory-open:
#
# 最后一题，没有检查
# ------------------
#
# 这一题既没有检查，也没有参考答案。换一批图片，从空白的笔记本写起：数据、模型、循环、曲线，\
# 还有只看一次的测试集。两个建议：
#
# - `Fashion-MNIST <https://github.com/zalandoresearch/fashion-mnist>`_ 把数字换成了衣物，\
#   形式与 MNIST 完全一样。请做到十张认对九张，并记下您改了什么，每一处改动带来了多少。
# - 没有网络的话，就对手头的数字图片换一个问题：是奇数还是偶数？标签是 ``y % 2``，只有两类。\
#   它比分十类容易吗？学过十类的网络，帮得上忙吗？
#
# 卡住的时候，不要看循环，去看曲线。
