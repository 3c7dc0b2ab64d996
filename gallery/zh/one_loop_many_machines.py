r"""
.. _many-top:

一个循环，多台机器
==================

- **动手**：在自己的计算机上，让教程里的训练循环在两个进程里跑起来，再杀掉其中一个；不论怎样，\
  最后得到的权重都一样。
- **收获**：``torchrun``、``DistributedSampler``、DDP 和 FSDP2 各有什么用，\
  少了哪一样会出什么错，机器再多又能指望什么。
- **准备**：:doc:`nn_tutorial` 里的训练循环，以及 Linux 或 macOS（在 Windows 上用 WSL）。\
  不需要 GPU，也不需要第二台机器。

除非特别说明，本页的一切都在构建时真正运行过。换一台机器，用时会不一样。
"""

# %%
# .. _many-data:
#
# 一个小问题
# ----------
#
# 几百个数字、一个隐藏层就够了：这里要看的是谁做什么，不是数字认得有多准。``make_model``
# 会先设定:term:`随机种子`（random seed），所以每个模型的初始权重都相同。

import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from mnist_tut.data import get_mnist

PATH = Path("data") / "mnist" / "mnist.pkl.gz"
URL = "https://github.com/pytorch/tutorials/raw/refs/heads/main/_static/mnist.pkl.gz"
SIZE = 16_168_813  # 字节
MD5 = "a02cd19f81d51c426d7ca14024243ce9"

(x_train, y_train), _, _ = get_mnist(PATH, URL, SIZE, MD5)
n = 512
ds = TensorDataset(torch.tensor(x_train[:n]), torch.tensor(y_train[:n]))


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))


def make_opt(model):
    return optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


# %%
# .. _many-first:
#
# 先用好一台机器：混合精度与编译
# ------------------------------
#
# 想更快，添机器是最贵的办法。不妨先试两个别的。第一个是用位数更少的数来算：:class:`torch.autocast`
# 让矩阵乘法和卷积改用 ``bfloat16``，每个数只占两个字节，范围与 ``float32`` 一样大，\
# 但只剩两到三位有效数字。下面换一个宽一些的层来试，测法与:doc:`where_the_time_goes`一页相同：\
# 交替运行，再与“同样的东西测两遍”的噪声相比。
#
# .. guess:: 每个数只有一半大，用时也会减半吗？
#
#    如果处理器能直接做 ``bfloat16`` 的乘法（较新的 GPU 能，CPU 只有一部分能），也许能接近一半。\
#    如果不能，每个数都要来回转换，反而可能更慢。

from mnist_tut.timing import ratios, take_turns, verdict

xb, yb = ds[:64]
wide = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))


def loss_float32():
    return F.cross_entropy(wide(xb), yb)


def loss_bfloat16():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return F.cross_entropy(wide(xb), yb)


def often(func):
    return lambda: [func().backward() for _ in range(10)]


ways = {"float32": loss_float32, "twin": loss_float32, "bfloat16": loss_bfloat16}
shares = ratios(take_turns({name: often(func) for name, func in ways.items()}))
noise = max(max(share, 1 / share) for share in shares["twin"])
print("time, float32 = 1:", verdict(shares["bfloat16"], noise))
print(f"difference of the losses: {(loss_bfloat16() - loss_float32()).abs():.0e}")

# %%
# （上面打印的 ``beyond the noise`` 是“超出噪声”，``within the noise`` 是“噪声以内”。）\
# 第二个办法，是让 PyTorch 把程序改写一遍。:func:`torch.compile` 先看一次调用，\
# 把其中的运算合并成更少的几个，写成 C++（在 GPU 上是 Triton），再编译：
#
# .. code-block:: python
#
#    fast = torch.compile(loss_float32)
#    fast().backward()  # 第一次调用时编译
#    fast().backward()
#
# 第一次调用太慢，所以我们事先测好了：在一个 Intel Xeon 处理器的单个核上，每批 64 张图片，\
# 算损失及其梯度：
#
# - 本页的 ``make_model``：第一次调用 21 秒，之后的速度是原来的 0.6 倍；
# - 教程里的 ``cnn_any_size``：20 秒，之后 1.3 倍；
# - 教程里的 ``better_cnn``：26 秒，之后 0.9 倍。
#
# 合并以后，运算之间不必再到内存里走一个来回；代价是每次调用都要先检查，\
# 当初编译的结果现在还适不适用，小模型可能得不偿失。大模型和 GPU 能省的更多。在 CPU 上，\
# ``torch.compile`` 需要 C++ 编译器；找不到的话，第一次调用就会报错 ``InvalidCxxCompiler``。
#
# **小结**：要跑很久的，值得编译；硬件支持时，用 ``bfloat16``；两样都要先测。
#
# .. _many-shares:
#
# 各取一份：采样器与数据划分
# --------------------------
#
# 用许多进程训练同一个模型，叫:term:`分布式训练`（distributed training）；最常见的是每个进程都有整个模型，\
# 数据各拿一份，这叫:term:`数据并行`（data parallelism）。单机多卡也好，多台机器也好，程序都一样。\
# 现在让两个进程来干活。:term:`进程`（process）是一个正在运行的程序，有自己的内存。\
# 每个进程都有一份模型，各用各的图片。图片由
# :class:`~torch.utils.data.distributed.DistributedSampler` 来分；\
# 它要知道一共有几个进程（``num_replicas``），自己是第几个（``rank``，从 0 数起）。看它怎么分，\
# 还用不着第二个进程：

from torch.utils.data import RandomSampler

for rank in range(2):
    sampler = DistributedSampler(range(8), num_replicas=2, rank=rank)
    without = [list(sampler) for epoch in range(2)]
    print(f"process {rank}, two epochs without set_epoch:", *without)

for rank in range(2):
    sampler = DistributedSampler(range(8), num_replicas=2, rank=rank)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        print(f"process {rank}, epoch {epoch} with set_epoch:", list(sampler))

for rank in range(2):
    torch.manual_seed(0)  # 初始权重要相同，种子就相同
    print(f"process {rank}, RandomSampler:", list(RandomSampler(range(8))))

# %%
# 有两种错误，程序照跑不误，也没有任何警告。不调用 ``set_epoch``，每个:term:`轮次`（epoch）\
# 的次序都一样。不用这个:term:`采样器`（sampler），``shuffle=True`` 就会让每个进程各有一个
# ``RandomSampler``，大家学的都是全部图片，连次序也一样：电费加倍，结果不变。
#
# 它是怎样分的？种子加上轮次，决定一个次序，所有进程都一样；``world`` 个进程，就各自每 ``world``
# 个取一个；两个进程，就是隔一个取一个。
#
# .. exercise:: my_share
#
#    把一个次序分成几份。``order`` 是由索引组成的张量，在所有进程里都一样。编号为 ``rank`` 的进程从位置
#    ``rank`` 开始，每 ``world`` 个取一个。每一份都必须一样长，因为进程之间要互相等待：\
#    如果不能整除，就用次序开头的索引补齐。
#
# **小结**：``DistributedSampler`` 负责分，``set_epoch`` 负责每轮换一个次序。
#
# .. _many-loop:
#
# 训练循环
# --------
#
# 下面是供几个进程用的循环。进程数要能整除批大小和图片数：64 张图片分给三个进程，只用得上 63 张；501
# 张图片分给两个进程，为了一样多，有一张要用两次。这样训练并不差，只是与一个进程的结果不同了。新的东西有三处。:term:`小批量`（mini-batch）是大家分的：两个进程时，64
# 张图片各得 32 张。在 ``backward()`` 和更新之间轮到 ``average``，\
# 现在它什么也不做（``nothing``）。还有 ``yield``：每做完一个轮次就交还一次，好让调用者打印或保存。
#
# 只有一个进程，就是只有一份的特例，后面的结果都要与它比：


def nothing(model):
    pass


def train(model, opt, sampler, average=nothing, epochs=range(3), bs=64):
    dl = DataLoader(sampler.dataset, bs // sampler.num_replicas, sampler=sampler)
    for epoch in epochs:
        sampler.set_epoch(epoch)
        for xb, yb in dl:
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            average(model)
            opt.step()
            opt.zero_grad()
        yield epoch, loss.item()


alone = make_model()
sampler = DistributedSampler(ds, num_replicas=1, rank=0)
for epoch, loss in train(alone, make_opt(alone), sampler):
    print(f"epoch {epoch}: loss of the last mini-batch {loss:.3f}")

# %%
# **小结**：还是那个循环，只是给进程之间要一起做的事留了个位置。
#
# .. _many-average:
#
# 梯度的平均值：DDP 和 FSDP2
# --------------------------
#
# 两份模型看到的图片不同，:term:`梯度`（gradient）也就不同，会越走越远。所以要交换梯度。\
# :func:`~torch.distributed.all_reduce` 把各个进程里的同一个张量加起来，再把总和放回每个进程。\
# 除以进程数，就是 64 张图片的平均值：与一个进程算出来的一样。

import torch.distributed as dist


def average_gradients(model):
    for p in model.parameters():
        dist.all_reduce(p.grad)
        p.grad /= dist.get_world_size()


# %%
# 这件事 PyTorch 可以代劳，办法有两个。:class:`~torch.nn.parallel.DistributedDataParallel` 简称
# *DDP*，把模型包起来；``backward()`` 还在算前面的层，它就已经在给后面的层求平均了。\
# :func:`~torch.distributed.fsdp.fully_shard` 简称 *FSDP2*，用于一个进程放不下的模型：参数、\
# 梯度和:term:`动量`（momentum），每个进程都只留一片，轮到哪一层，才临时把它拼起来。只要三行，\
# 由里到外：

from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel


def sharded(model):
    mesh = dist.init_device_mesh("cpu", (dist.get_world_size(),))
    for layer in [*model, model]:
        fully_shard(layer, mesh=mesh)
    return model


def weights(model):
    whole = [
        p.full_tensor() if isinstance(p, DTensor) else p for p in model.parameters()
    ]
    return torch.cat([p.detach().flatten() for p in whole])


# %%
# 这样的一片是 :class:`~torch.distributed.tensor.DTensor`，调用它的 ``full_tensor()``
# 就能收齐整个参数；``weights`` 把所有参数排成一行，便于比较。
#
# 下面是两个进程都要运行的程序。``init_process_group`` 让它们找到彼此；*gloo* 是 CPU
# 之间的通信方式，GPU 之间用 *nccl*。然后每个进程问清自己的 ``rank``，从同样的权重出发训练四遍。\
# 只该由一个进程做的事，写在 ``if rank == 0`` 下面：打印，否则每行都会出现两次；保存，\
# 否则两个进程会写同一个文件。（这里的权重是例外，因为我们要比较：两个进程，两个文件。）
#
# 最后，每个进程都用 ``leave`` 离场。在您自己的程序里，写 ``dist.destroy_process_group()`` 就够了。\
# 我们的程序随后立即结束，因为构建本页时没有人看着：Python 收尾时要清理内存，可能把 PyTorch
# 某个还没干完活的线程手里的东西收走，进程就会异常中止；这我们也遇到过。``os._exit``
# 会跳过一切清理，不要养成用它的习惯。

import os
import sys


def leave():
    dist.destroy_process_group()
    sys.stdout.flush()
    os._exit(0)


def four_ways():
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    ds = TensorDataset(*torch.load("data.pt"))
    sampler = DistributedSampler(ds)
    ways = {
        "nothing": (make_model(), nothing),
        "all_reduce": (make_model(), average_gradients),
        "DDP": (DistributedDataParallel(make_model()), nothing),
        "FSDP2": (sharded(make_model()), nothing),
    }
    for name, (model, average) in ways.items():
        for epoch, loss in train(model, make_opt(model), sampler, average):
            pass
        if rank == 0:
            print(f"{world} processes, {name}: loss {loss:.3f}")
        torch.save(weights(model), f"{name} {rank}.pt")
    times = note_times(DistributedDataParallel(make_model()), sampler)
    if rank == 0:
        torch.save(times, "times.pt")
    leave()


# %%
# 留给本页最后用的：``note_times`` 测量一步要多久，还有在进程之间求和要多久，先是一个数，\
# 再是一百万个数：


def seconds(func, count=20):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        func()
        times.append(time.perf_counter() - began)
    return median(times)


def note_times(ddp, sampler):
    opt = make_opt(ddp)
    epoch = seconds(lambda: list(train(ddp, opt, sampler, epochs=[0])), count=5)
    one, many = torch.zeros(1), torch.zeros(10**6)
    return {
        "step": epoch * 64 / len(sampler.dataset),
        "one": seconds(lambda: dist.all_reduce(one)),
        "many": seconds(lambda: dist.all_reduce(many)),
    }


# %%
# ``torchrun`` 把一个程序启动几次，告诉每个进程它的 ``rank``；有一个失败，就把所有的都结束掉。\
# 它要的是一个文件：先是导入语句，再是那些函数的源代码。这个文件和数据一起，\
# 放在一个最后会删除的文件夹里。

import inspect
import subprocess
import tempfile

imports = """
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn, optim
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
"""
folder = tempfile.TemporaryDirectory()
torch.save(ds.tensors, Path(folder.name, "data.pt"))


def write_program(functions):
    sources = [inspect.getsource(function) for function in functions]
    parts = [imports, *sources, functions[-1].__name__ + "()\n"]
    Path(folder.name, "train.py").write_text("\n\n".join(parts), encoding="utf-8")


# %%
# ``--standalone`` 的意思是所有进程都在本机上。另有三项设置：每个进程一个:term:`线程`（thread）；\
# 临时文件也放进我们的文件夹；每次启动都另用一块“布告板”。（进程靠它找到彼此。\
# 如果几次启动共用一块，\
# 重启以后就可能读到`一个已经不在的进程的地址 <https://github.com/pytorch/pytorch/issues/135712>`_；\
# 我们就遇到过。）


def torchrun(functions, *options):
    write_program(functions)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node=2", *options, "train.py"]
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": folder.name}
    env["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    place = {"cwd": folder.name, "env": env}
    done = subprocess.run(command, **place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(done.stdout, end="")


common = [nothing, make_model, make_opt, train, weights, leave]
torchrun([*common, average_gradients, sharded, seconds, note_times, four_ways])

# %%
# 在终端里，命令是 ``torchrun --standalone --nproc-per-node=2 train.py``。\
# 上面打印的是进程数（``processes``）、求平均的办法，以及最后一个小批量的损失（``loss``）。\
# 这里的损失只算了第一个进程分到的那一半图片，所以与前面只用一个进程训练时的损失不同；应当相同的是权重。
#
# .. guess:: 四种办法里，哪几种最后的权重与一个进程的相同？
#
#    凡是求了平均的都相同。各干各的，两个进程就会得出两个模型。


def kept(name):
    return torch.load(Path(folder.name, name + ".pt"))


def distance(a, b):
    return f"{(a - b).abs().max():.0e}"


print("largest difference: between processes, from one process")
for name in ["nothing", "all_reduce", "DDP", "FSDP2"]:
    first, second = kept(f"{name} 0"), kept(f"{name} 1")
    print(f"{name:20}{distance(first, second):19}{distance(first, weights(alone))}")
    if name != "nothing":
        torch.testing.assert_close(second, first)
        torch.testing.assert_close(first, weights(alone))

# %%
# 从左到右依次是：办法、两个进程之间的最大差别、与一个进程相比的最大差别。剩下的只是舍入误差：\
# 求和的次序不同。
#
# 优化器要在 ``fully_shard`` *之后*创建：它会用新的参数换下旧的，先创建的优化器，改的就还是旧参数。\
# 这样的模型，整个的也许哪里都放不下，所以检查点由 ``torch.distributed.checkpoint`` 分片写出。
#
# **小结**：各取一份，再求梯度的平均值；做到了，多个进程就像一个进程。模型放得下用 DDP，放不下用
# FSDP2。
#
# .. _many-same:
#
# 求平均也管不到的：批归一化、随机种子
# ------------------------------------
#
# **批归一化**（batch normalisation）在小批量上求均值和方差，而一个进程只看得见自己的那一份。
#
# .. guess:: 分成两半，再求梯度的平均值，与整个小批量的梯度差多少？
#
#    没有归一化，就一点不差。有了它，每张图片都是按自己所在的那一半来衡量的。

torch.manual_seed(0)
norm = nn.Sequential(nn.Linear(784, 32), nn.BatchNorm1d(32), nn.Linear(32, 10))


def gradients_of(*parts):
    norm.zero_grad()
    for part in parts:
        (F.cross_entropy(norm(xb[part]), yb[part]) / len(parts)).backward()
    return torch.cat([p.grad.flatten() for p in norm.parameters()])


one = gradients_of(slice(64))
two = gradients_of(slice(32), slice(32, 64))
print(f"gradients of two processes: {(two - one).norm() / one.norm():.0%} off")
print(nn.SyncBatchNorm.convert_sync_batchnorm(norm))

# %%
# 上面的百分数，是两个进程求平均以后的梯度，与整个小批量的梯度相差多少。\
# :class:`torch.nn.SyncBatchNorm` 在所有进程上一起求均值和方差，转换一个模型只要一行。\
# 它只能用在 GPU 上：在 CPU 上，一训练就报错
# ``SyncBatchNorm expected input tensor to be on GPU``。
#
# **种子**。创建模型之前用同一个种子，各个进程的权重就相同；采样器的 ``seed`` 也必须相同。\
# 暂退法（dropout）和:term:`数据增强`（data augmentation）却不能相同，不然大家抽到的都一样：\
# 创建模型之后，再写 ``torch.manual_seed(seed + rank)``。
#
# **验证**。各份的平均值再求平均，不是全体的平均值，何况 ``DistributedSampler`` 还会用重复的来补齐。\
# 改用 ``range(rank, len(ds), world)``，把损失和个数分别加起来，都经过 ``all_reduce``，最后再相除。
#
# **梯度累加**。几次 ``backward()`` 才走一步，DDP 却每次都求平均，只有最后一次有用。\
# 其余的，连同各自的前向传播，都写在 ``with ddp.no_sync():`` 里面；前向传播若在外面，照样会求平均。
#
# **小结**：求平均的只是梯度。别的东西，凡是要看整个小批量的，或者要抽随机数的，都要您自己留心。
#
# .. _many-restart:
#
# 机器坏了怎么办：断点续训
# ------------------------
#
# 机器越多，越是常有一台出故障。这时 ``torchrun`` 会结束所有进程，重新启动，次数由
# ``--max-restarts`` 限定。从哪里接着做，要靠程序自己：它得保存:term:`检查点`（checkpoint），\
# 启动时先找一找有没有。一个合格的检查点里有
#
# - 参数；
# - 优化器的状态，因为动量是有记忆的；
# - 轮次，这样不会有哪一轮做两遍，``set_epoch`` 也能给下一轮该有的次序。
#
# 先用别的文件名写好，再改名，谁也不会读到写了一半的文件。别的进程在 ``barrier()`` 处等它写完。
#
# ``timeout`` 规定一个进程最多等其他进程多久；等不到就放弃，再被重新启动。
#
# 这个程序注定要倒霉一次：第二个轮次结束后，1 号进程会被杀掉。

import signal
from datetime import timedelta


def resumed():
    dist.init_process_group("gloo", timeout=timedelta(minutes=1))
    rank, attempt = dist.get_rank(), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    sampler = DistributedSampler(TensorDataset(*torch.load("data.pt")))
    model = make_model()
    opt, first = make_opt(model), 0
    if Path("checkpoint.pt").exists():
        checkpoint = torch.load("checkpoint.pt")
        model.load_state_dict(checkpoint["model"])
        opt.load_state_dict(checkpoint["opt"])
        first = checkpoint["epoch"] + 1
    ddp = DistributedDataParallel(model)
    for epoch, loss in train(ddp, opt, sampler, epochs=range(first, 3)):
        if rank == 0:
            print(f"attempt {attempt}, epoch {epoch}: loss {loss:.3f}")
            state = {"model": model.state_dict(), "opt": opt.state_dict()}
            torch.save({**state, "epoch": epoch}, "new.pt")
            Path("new.pt").replace("checkpoint.pt")
        dist.barrier()
        if (attempt, epoch, rank) == (0, 1, 1):
            os.kill(os.getpid(), signal.SIGKILL)
    if rank == 0:
        torch.save(weights(model), "resumed.pt")
    leave()


torchrun([*common, resumed], "--max-restarts=3")
torch.testing.assert_close(kept("resumed"), weights(alone))

# %%
# 打印的是第几次尝试（``attempt``）、轮次和损失。权重又是一样，好像什么都没有发生过。\
# （在终端里，您还会看到没被杀掉的那个进程的 traceback：它正等着另一个。那不是您的错。）\
# 完成这件事的文件，全文如下：

print(Path(folder.name, "train.py").read_text(encoding="utf-8"))

# %%
# 许多公开的同类程序都漏了其中一条：不保存优化器的状态，重启以后把一个轮次再做一遍，或者从不调用
# ``set_epoch``。光看损失，一时都看不出来。
#
# **小结**：重新启动，靠 ``torchrun``；从哪里接着做，靠您的检查点。
#
# .. _many-more:
#
# 机器再多会怎样
# --------------
#
# 要估计 ``p`` 个进程一步用多少时间，测两样东西就够了。*计算*：每一步有一份固定的时间，\
# 每张图片再加一份；用一个进程试几种:term:`批大小`（batch size），两个数就都有了。*求平均*：\
# 通常是让梯度沿着一个环传递，每个进程发 2 (``p`` − 1) 条消息，总共接近梯度字节数的两倍。\
# 每条消息有一笔固定开销，叫:term:`延迟`（latency），每个字节再加一点；\
# 两个数都可以从那两个进程记下的用时算出来。

import numpy as np

threads = torch.get_num_threads()
torch.set_num_threads(1)  # 与那两个进程各自的线程数相同
model = make_model()
opt = make_opt(model)
sizes = [16, 32, 64, 128, 256]


def epoch_of(bs):
    return lambda: list(train(model, opt, sampler, epochs=[0], bs=bs))


steps = [seconds(epoch_of(bs), count=5) * bs / n for bs in sizes]
torch.set_num_threads(threads)
per_picture, per_step = np.polyfit(sizes, steps, 1)

times = kept("times")
latency = times["one"] / 2
per_byte = (times["many"] - times["one"]) / (4 * 10**6)

# %%
# 需要的就是这些。两个进程一步要多久，这样能算准吗？下面把推算值（``predicted``）\
# 和实测值（``measured``）并排打印出来：

gradients = 4 * len(weights(alone))  # 字节


def step_time(p, total):
    computing = per_step + per_picture * total / p
    averaging = 2 * (p - 1) * latency + 2 * (p - 1) / p * gradients * per_byte
    return computing + averaging


print(f"one process, predicted:   {1000 * step_time(1, 64):5.1f} ms")
print(f"one process, measured:    {1000 * steps[2]:5.1f} ms")
print(f"two processes, predicted: {1000 * step_time(2, 64):5.1f} ms")
print(f"two processes, measured:  {1000 * times['step']:5.1f} ms")
folder.cleanup()

# %%
# 别凭它去租机器：在我们这里，它最多差到两倍半，因为 DDP 自己的开销没有算进去，\
# 要用这几个核的其他程序也没有算进去。值得记住的是它的形式：
#
# .. guess:: 一步有 64 张图片。64 个进程能快多少？
#
#    可能一点也不快：每个进程只有一张图片，时间几乎都花在等消息上。
#
# 起决定作用的是批大小。图片少的话，一步的时间都花在等消息上，两个进程可能比一个还慢；\
# 进程比一步的图片还多，多出来的就无事可做。批很大时，许多进程都有活干，但每个轮次的更新次数少了，\
# 学习率要重新选；大到一定程度，就得多训练几个轮次，什么也没赚到。
#
# 实际上，GPU 算得快得多，一步要算的也多得多；消息不只沿着环走，也沿着树走；DDP 一边求平均一边还在计算；\
# 最慢的那一台决定大家的速度。但规律不变：计算可以分摊，求平均不能。
#
# **小结**：先用手头的机器测一测，再去租更多的。
#
# .. _many-elsewhere:
#
# 真正的多台机器
# --------------
#
# 换成几台机器，程序不用改。每台机器上都运行同一条命令，写明一共有几台，其中一台在哪里：
#
# .. code-block:: console
#
#    $ torchrun --nnodes=2 --nproc-per-node=8 --rdzv-backend=c10d \
#        --rdzv-endpoint=first-machine:29500 train.py
#
# 这个端口若被别的程序占着，``torchrun`` 什么也不打印，只是等，我们等了好几分钟：换一个端口号就行。
#
# 在用 SLURM 管理的集群上，由 ``srun`` 在每台机器上运行它：
#
# .. code-block:: bash
#
#    #!/bin/bash
#    #SBATCH --nodes=2 --ntasks-per-node=1 --gpus-per-node=8
#    first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
#    srun torchrun --nnodes=2 --nproc-per-node=8 --rdzv-id="$SLURM_JOB_ID" \
#        --rdzv-backend=c10d --rdzv-endpoint="$first:29500" train.py
#
# 用 GPU 时，程序里的 ``"gloo"`` 改成 ``"nccl"``，``"cpu"`` 改成 ``"cuda"``；每个进程从
# ``os.environ["LOCAL_RANK"]`` 读出自己该用的 GPU 的编号，交给 ``torch.cuda.set_device``，\
# 再把模型和小批量放上去。数据和检查点要放在所有机器都看得到的地方。
#
# 我们既没有 GPU，也没有集群。我们在一台机器上把第一条命令运行了两次，每次一个进程；\
# 其余的没有运行过。
#
# **小结**：要改的是一条命令，不是循环。
#
# .. _many-frameworks:
#
# 用 Accelerate 和 Lightning 写同一个循环
# ---------------------------------------
#
# 本页亲手做的事，有两个库可以代劳。安装：``pip install accelerate lightning``。\
# 下面的代码，构建本页时没有运行；最近一次运行是在 2026-11-29，用的是 Accelerate 1.15 和 Lightning
# 2.6，两个进程得到的权重相同。
#
# `Accelerate <https://huggingface.co/docs/accelerate>`_ 把循环留给您。``prepare`` 用 DDP
# 包住模型，也让:term:`数据加载器`（data loader）给每个进程各分一份；``backward`` 换了地方：
#
# .. code-block:: python
#
#    from accelerate import Accelerator
#
#    accelerator = Accelerator(cpu=True)
#    model = make_model()
#    dl = DataLoader(ds, 64 // accelerator.num_processes, shuffle=True)
#    model, opt, dl = accelerator.prepare(model, make_opt(model), dl)
#    for epoch in range(3):
#        for xb, yb in dl:
#            loss = F.cross_entropy(model(xb), yb)
#            accelerator.backward(loss)
#            opt.step()
#            opt.zero_grad()
#
# `Lightning <https://lightning.ai/docs/pytorch/stable/>`_ 连循环也接管了，您只要写出一步算什么。\
# 启动进程、调用 ``set_epoch``、保存检查点，也都由它来：
#
# .. code-block:: python
#
#    import lightning
#
#    class Digits(lightning.LightningModule):
#        def __init__(self):
#            super().__init__()
#            self.model = make_model()
#
#        def training_step(self, batch, i):
#            xb, yb = batch
#            return F.cross_entropy(self.model(xb), yb)
#
#        def configure_optimizers(self):
#            return make_opt(self)
#
#    trainer = lightning.Trainer(
#        max_epochs=3, accelerator="cpu", devices=2, strategy="ddp"
#    )
#    trainer.fit(Digits(), DataLoader(ds, 32, shuffle=True))
#
# 它们做了什么，您已经知道了。出了问题，就去查这几样：各取一份、每轮换次序、求平均、检查点。
#
# **小结**：库可以替您写循环。里面该有什么，您自己要清楚。
