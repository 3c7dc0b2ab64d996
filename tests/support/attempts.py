"""Wrong answers as learners give them, each with the key of the message that it should get.

An attempt is code that takes the place of the solution, or a change to the solution: what stands
there, and what the learner wrote instead.
"""

import torch
import torch.nn.functional as F
from torch import nn

from mnist_tut.exercises import solution
from mnist_tut.models import conv_block

NAMES = {"torch": torch, "F": F, "nn": nn, "conv_block": conv_block}

CHANGED = [
    # the solution of, with this, turned into that, gets this message
    ("my_log_sum_exp", "largest = x.amax(dim=1)", "largest = torch.zeros(len(x))", "naive"),
    ("my_log_sum_exp", ".log() + largest", ".log()", "not_back"),
    ("my_log_sum_exp", "x.amax(dim=1)", "x.max().expand(len(x))", "whole"),
    ("my_log_sum_exp", "(x - largest[:, None])", "x.sub_(largest[:, None])", "changed"),
    ("my_log_sum_exp", ".log() + largest", ".log()[:, None] + largest[:, None]", "shape"),
    ("my_log_sum_exp", "largest[:, None]", "x.new_zeros(5)", "raised"),
    ("my_log_sum_exp", "x.amax(dim=1)", "...", "todo"),
    ("my_nll", "return -", "return ", "sign"),
    ("my_nll", ".mean()", ".sum()", "sum"),
    ("my_nll", ".mean()", ".squeeze(1)", "each"),
    ("my_nll", ".mean()", ".mean().item()", "type"),
    ("my_nll", ".mean()", ".mean().detach()", "detached"),
    ("my_nll", ".mean()", ".mean().double()", "dtype"),
    ("my_nll", "target[:, None]", "target", "raised"),
    ("my_nll", "return -", "-", "todo"),
    ("my_top3", "out.topk(3", "out.topk(1", "one"),
    ("my_top3", ".any(dim=1)", "", "third"),
    ("my_top3", "dim=1).indices", "dim=1, largest=False).indices", "smallest"),
    ("my_top3", ".mean()", ".sum()", "count"),
    ("my_top3", ".indices", ".values", "values"),
    ("my_top3", "yb[:, None]", "yb", "raised"),
    ("my_top3", "topk(3, dim=1)", "topk(2, dim=1)", "wrong"),
    ("my_top3", "three = out.topk(3, dim=1)", "three = out.neg_().topk(3, dim=1)", "changed"),
    ("my_bias_gradient", "mean(dim=0)", "sum(dim=0)", "sum"),
    ("my_bias_gradient", "log_probs.exp()", "log_probs", "logs"),
    ("my_bias_gradient", " - F.one_hot(target, 10)", "", "no_truth"),
    ("my_bias_gradient", "mean(dim=0)", "mean(dim=1)", "rows"),
    ("my_bias_gradient", "(log_probs.exp()", "-(log_probs.exp()", "sign"),
    ("my_bias_gradient", "log_probs.exp()", "log_probs.exp_()", "changed"),
    ("my_bias_gradient", "target, 10", "target, 11", "raised"),
    ("my_update", "p -= lr", "p += lr", "uphill"),
    ("my_update", "lr * ", "", "no_lr"),
    ("my_update", "p -= lr * p.grad", "p = p - lr * p.grad\n            params[0].grad.zero_(); params[1].grad.zero_(); continue", "stood"),
    ("my_update", "            p.grad.zero_()\n", "", "uncleared"),
    ("my_update", "            p.grad.zero_()", "            p.requires_grad_(False)", "deaf"),
    ("my_update", "p.grad.zero_()", "p.grad.zero_()\n            return", "first"),
    ("my_update", "with torch.no_grad():", "if True:", "raised"),
    ("my_update", "p -= lr * p.grad", "p = p - lr * p.grad", "raised"),
    ("my_update", "p -= lr * p.grad\n            p.grad.zero_()", "p = p - lr * p.grad", "todo"),
    ("my_losses", "bias -= lr * bias.grad", "bias -= lr * bias.grad\n            weights.grad = bias.grad = None", "cleared"),
    ("my_losses", "loss.item()", "loss", "tensors"),
    ("my_losses", "losses.append(loss.item())", "losses.append(F.cross_entropy(xb @ weights + bias, yb).item())", "late"),
    ("my_losses", "weights.clone().requires_grad_()", "weights.requires_grad_()", "changed"),
    ("my_losses", "with torch.no_grad():", "if True:", "raised"),
    ("my_losses", "range(steps)", "range(steps - 1)", "shape"),
    ("my_cross_entropy", "logits.logsumexp(dim=1) - right", "right - logits.logsumexp(dim=1)", "sign"),
    ("my_cross_entropy", "(logits.logsumexp(dim=1) - right)", "-right", "logit_only"),
    ("my_cross_entropy", ".mean()", ".sum()", "sum"),
    ("my_cross_entropy", "logits.logsumexp(dim=1) - right", "logits.logsumexp(dim=0) - right", "raised"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(self.lin1(xb))", "straight"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "F.relu(self.lin2(F.relu(self.lin1(xb))))", "last_relu"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).softmax(1)", "softmax"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).log_softmax(1)", "softmax"),
    ("MyNet", "        super().__init__()\n", "", "raised"),
    ("MyNet", "hidden)\n", "2 * hidden)\n        hidden = 2 * hidden\n", "layers"),
    ("MyNet", "F.relu(", "torch.sigmoid(", "wrong"),
    ("MyStack", "nn.ModuleList(", "list(", "todo"),
    ("MyStack", "nn.ModuleList(", "tuple(", "todo"),
    ("MyStack", "F.relu(layer(xb))", "layer(xb)", "straight"),
    ("MyStack", "self.layers[-1](xb)", "F.relu(self.layers[-1](xb))", "last_relu"),
    ("MyStack", "nn.Linear(a, b)", "nn.Linear(b, a)", "raised"),
    ("MyInverted", "1 - self.x[i], self.y[i]", "1 - self.x[i]", "pair"),
    ("MyInverted", "len(self.x)", "len(self.x[0])", "length"),
    ("MyInverted", "self.y[i]", "9 - self.y[i]", "label"),
    ("MyInverted", "1 - self.x[i]", "self.x[i]", "same"),
    ("MyInverted", "1 - self.x[i]", "-self.x[i]", "minus"),
    ("MyInverted", "1 - self.x[i]", "255 - self.x[i]", "bytes"),
    ("MyInverted", "1 - self.x[i]", "1 - self.x[0]", "first"),
    ("MyInverted", "self.x, self.y = x, y", "self.x, self.y = x.neg_().add_(1), y", "changed"),
    ("MyInverted", "return 1 - self.x[i]", "return 1 - self.x[i if i == 3 else 0]", "loader"),
    ("MyInverted", "__getitem__", "_getitem_", "raised"),
    ("MyInverted", "return 1", "1", "todo"),
    ("MyInverted", "return len(self.x)", "...", "todo"),
    ("MyInverted", "1 - self.x[i], self.y[i]", "self.y[i], 1 - self.x[i]", "label"),
    ("my_batches", "y[chosen]", "y[torch.randperm(len(y))[i : i + bs]]", "torn"),
    ("my_batches", "y[chosen]", "y[i : i + bs]", "torn"),
    ("my_batches", "torch.randperm(len(x))", "torch.randint(len(x), (len(x),))", "twice"),
    ("my_batches", "range(0, len(x), bs)", "range(0, len(x) - bs, bs)", "lost"),
    ("my_batches", "torch.randperm(len(x))", "torch.arange(len(x))", "in_order"),
    ("my_batches", "order = ", "torch.manual_seed(1)\n    order = ", "frozen"),
    ("my_batches", "range(0, len(x), bs)", "range(0, len(x), 2 * bs)", "lost"),
    ("my_batches", "yield x[chosen], y[chosen]", "for j in chosen.split(1):\n            yield x[j], y[j]", "sizes"),
    ("my_batches", "order = torch.randperm(len(x))\n", "order = torch.randperm(len(x))\n    x.copy_(x[order])\n", "changed"),
    ("my_batches", "len(x))\n", "x)\n", "raised"),
    ("my_mean", "total += mean * size", "total += mean", "wrong"),
    ("my_mean", "total / count", "total", "total"),
    ("my_mean", "count += size", "count += 1", "batches"),
    ("my_mean", "return total / count", "return sum(m * s for m, s in results) / sum(s for _, s in results)", "stream"),
    ("my_mean", "return total / count", "return total * len(results) / len(results) / count", "stream"),
    ("my_mean", "mean, size in", "mean, size, more in", "raised"),
    ("my_mean", "return total / count", "total / count", "todo"),
    ("MySGD", "v *= self.momentum", "v = self.momentum * v", "plain"),
    ("MySGD", "v *= self.momentum", "v *= 0", "plain"),
    ("MySGD", "v += p.grad", "v += (1 - self.momentum) * p.grad", "damped"),
    ("MySGD", "self.lr * v", "v", "no_lr"),
    ("MySGD", "self.lr * v", "self.lr * (p.grad + self.momentum * v)", "ahead"),
    ("MySGD", "p -=", "p +=", "uphill"),
    ("MySGD", "with torch.no_grad():", "if True:", "raised"),
    ("MySGD", "p -= ", "p = p - ", "todo"),
    ("my_batch_norm", "if bn.training", "if False", "running"),
    ("my_batch_norm", "if bn.training", "if True", "batch"),
    ("my_batch_norm", ", correction=0", "", "unbiased"),
    ("my_batch_norm", " * bn.weight + bn.bias", "", "plain"),
    ("my_batch_norm", " + bn.eps", "", "no_eps"),
    ("my_batch_norm", ".sqrt()", "", "no_root"),
    ("my_batch_norm", "if bn.training", "return bn(x)\n    if bn.training", "changed"),
    ("my_batch_norm", "(x - mean)", "x.sub_(mean)", "changed"),
    ("my_batch_norm", "dim=0)", "dim=1)", "raised"),
    ("my_cnn_32", "conv_block(3", "conv_block(1", "raised"),
    ("my_cnn_32", "64 * 4 * 4", "64 * 32 * 32", "raised"),
    ("my_cnn_32", "10),", "10), nn.ReLU()", "last_relu"),
    ("my_cnn_32", "10),", "10), nn.Softmax(1)", "softmax"),
    ("my_cnn_32", "10),", "3),", "shape"),
    ("my_cnn_32", "    return nn", "    nn", "todo"),
    ("my_freeze", "model.requires_grad_(False)", "model.requires_grad = False", "thawed"),
    ("my_freeze", "    model[-1].requires_grad_(True)\n", "", "head"),
    ("my_freeze", "list(model[-1].parameters())", "list(model.parameters())", "handed"),
    ("my_freeze", "model.requires_grad_(False)", "model[0].weight.requires_grad_(False)", "some"),
    ("my_freeze", "model[-1].parameters()", "model[-1].parameters", "raised"),
    ("my_pictures", "images.permute(0, 3, 1, 2)", "images.view(len(images), images.shape[3], *images.shape[1:3])", "viewed"),
    ("my_pictures", "permute(0, 3, 1, 2)", "transpose(1, 3)", "turned"),
    ("my_pictures", ".permute(0, 3, 1, 2)", "", "last"),
    ("my_pictures", " / 255", "", "bytes"),
    ("my_pictures", " / 255", ".float()", "bytes"),
    ("my_pictures", "0, 3, 1, 2", "3, 1, 2", "raised"),
    ("my_pictures", " / 255", ".double() / 255", "dtype"),
    ("my_pictures", " / 255", " / 256", "wrong"),
    ("my_pictures", "return ", "", "todo"),
    ("my_step", "model(xb)", "model(xb).softmax(dim=1)", "softmax"),
    ("my_step", "    opt.zero_grad()\n", "", "uncleared"),
    ("my_step", "model(xb), yb)\n    loss.backward()\n    opt.step()\n    opt.zero_grad()", "model(xb).softmax(1), yb)\n    loss.backward()\n    opt.step()", "todo"),
    ("my_step", "    opt.step()\n    opt.zero_grad()", "    opt.zero_grad()\n    opt.step()", "stood"),
    ("my_step", "loss.item()", "loss", "tensor"),
    ("my_step", "loss.item()", "loss.detach()", "tensor"),
    ("my_step", "loss.item()", "F.cross_entropy(model(xb), yb).item()", "wrong"),
    ("my_step", "loss.backward()", "loss.item().backward()", "raised"),
    ("my_step", "return loss.item()", "loss.item()", "todo"),
    ("my_shift", "i, j = torch.randint(2 * most + 1, (2,)).tolist()", "i, j = most, most", "stood"),
    ("my_shift", "(2 * most + 1, (2,))", "(most + 1, (2,))", "one_way"),
    ("my_shift", "(2 * most + 1, (2,))", "(2 * most, (2,))", "short"),
    ("my_shift", "most, most, most, most", "0, 2 * most, 0, 2 * most", "far"),
    ("my_shift", "(2 * most + 1, (2,))", "(4 * most, (2,))", "raised"),
    ("my_shift", "F.pad(x, (most, most, most, most))", "F.pad(x.neg_(), (most, most, most, most))", "changed"),
    ("my_shift", "torch.stack(moved)", "moved", "type"),
    ("my_shift", "j : j + side", "j : j + side - 1", "shape"),
    ("my_shift", "    return torch", "    torch", "todo"),
    ("my_f1", "2 * right", "right", "half"),
    ("my_f1", "matrix.sum(dim=0) + matrix.sum(dim=1)", "2 * matrix.sum(dim=0)", "precision"),
    ("my_f1", "matrix.sum(dim=0) + matrix.sum(dim=1)", "2 * matrix.sum(dim=1)", "recall"),
    ("my_f1", "(matrix.sum(dim=0) + matrix.sum(dim=1))", "(matrix.sum(dim=0) + matrix.sum(dim=1) + 1)", "wrong"),
    ("my_f1", "dim=1))", "dim=2))", "raised"),
    ("my_f1", "return 2", "2", "todo"),
    ("my_share", "[rank::world]", "", "whole"),
    ("my_share", "torch.cat([order, order[:missing]])", "order", "uneven"),
    ("my_share", "torch.cat([order, order[:missing]])", "order[: len(order) // world * world]", "dropped"),
    ("my_share", "[rank::world]", ".chunk(world)[rank]", "blocks"),
    ("my_share", "order[:missing]", "order[-1:].expand(missing)", "filling"),
    ("my_share", "[rank::world]", "[rank::world].tolist()", "type"),
    ("my_share", "[rank::world]", "[rank::world][None]", "shape"),
    ("my_share", "torch.cat([order, order[:missing]])", "torch.cat([order.sort().values, order[:missing]])", "wrong"),
    ("my_share", "missing = -len(order) % world", "missing = -len(order) % world\n    order.copy_(order.sort().values)", "changed"),
    ("my_share", "order[:missing]", "missing", "raised"),
    ("my_share", "return ", "", "todo"),
    ("my_resume", '    model.load_state_dict(checkpoint["model"])\n', "", "weights"),
    ("my_resume", '    opt.load_state_dict(checkpoint["opt"])\n', "", "momentum"),
    ("my_resume", '    return checkpoint["epoch"] + 1\n', "", "returned"),
    ("my_resume", " + 1", "", "again"),
    ("my_resume", 'checkpoint["epoch"] + 1', "0", "epoch"),
    ("my_resume", '["model"]', '["Model"]', "raised"),
    ("my_resume", 'opt.load_state_dict(checkpoint["opt"])', 'opt.load_state_dict(checkpoint["opt"])\n    opt.param_groups[0]["lr"] = 1.0', "wrong"),
]  # fmt: skip

WRITTEN = [
    # an answer of its own, and its message
    (
        "my_log_sum_exp",
        "def my_log_sum_exp(x):\n    return x.logsumexp(dim=0)",
        "columns",
    ),
    (
        "my_nll",
        "def my_nll(log_probs, target):\n"
        "    return -(log_probs * F.one_hot(target, 10)).mean()",
        "classes",
    ),
    (
        "my_nll",
        "def my_nll(log_probs, target):\n    return -log_probs[:, target].mean()",
        "columns",
    ),
    (
        "my_nll",
        "def my_nll(log_probs, target):\n    return -log_probs.amax(dim=1).mean()",
        "largest",
    ),
    (
        "my_nll",
        "def my_nll(log_probs, target):\n    log_probs *= -1\n"
        "    return log_probs.gather(1, target[:, None]).mean()",
        "changed",
    ),
    (
        "my_cross_entropy",
        "def my_cross_entropy(logits, target):\n"
        "    return -logits.softmax(1)[torch.arange(len(target)), target].mean()",
        "no_log",
    ),
    (
        "my_cross_entropy",
        "def my_cross_entropy(logits, target):\n"
        "    return F.cross_entropy(logits.softmax(1), target)",
        "twice",
    ),
    (
        "my_cross_entropy",
        "def my_cross_entropy(logits, target):\n"
        "    return -logits.softmax(1)[torch.arange(len(target)), target].log().mean()",
        "naive",
    ),
    (
        "my_cross_entropy",
        "def my_cross_entropy(logits, target):\n    logits -= logits.amax(1, True)\n"
        "    return F.cross_entropy(logits, target)",
        "changed",
    ),
    (
        "MyNet",
        "class MyNet(nn.Module):\n    def __init__(self, hidden):\n"
        "        super().__init__()\n        self.hidden = hidden\n\n"
        "    def forward(self, xb):\n"
        "        xb = F.relu(nn.Linear(784, self.hidden)(xb))\n"
        "        return nn.Linear(self.hidden, 10)(xb)",
        "lost",
    ),
    (
        "MyStack",
        "class MyStack(nn.Module):\n    def __init__(self, sizes):\n"
        "        super().__init__()\n"
        "        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]\n"
        "        self.last = self.layers[-1]\n\n"
        "    def forward(self, xb):\n        for layer in self.layers[:-1]:\n"
        "            xb = F.relu(layer(xb))\n        return self.last(xb)",
        "some",
    ),
    (
        "my_batches",
        "def my_batches(x, y, bs):\n"
        "    for i in torch.randperm((len(x) + bs - 1) // bs).tolist():\n"
        "        yield x[i * bs : (i + 1) * bs], y[i * bs : (i + 1) * bs]",
        "blocks",
    ),
    (
        "my_batches",
        "def my_batches(x, y, bs):\n"
        "    for i in range(0, len(x), bs):\n"
        "        chosen = i + torch.randperm(len(x[i : i + bs]))\n"
        "        yield x[chosen], y[chosen]",
        "blocks",
    ),
    (
        "my_batches",
        "def my_batches(x, y, bs):\n    while True:\n        yield x[:bs], y[:bs]",
        "twice",
    ),
    (
        "my_batches",
        "def my_batches(x, y, bs):\n    return []",
        "lost",
    ),
    (
        "my_mean",
        "def my_mean(results):\n"
        "    return sum(mean for mean, _ in results) / len(results)",
        "unweighted",
    ),
    (
        "my_cnn_32",
        "def my_cnn_32():\n    return nn.Sequential(\n        conv_block(3, 16),\n"
        "        conv_block(16, 32),\n        conv_block(32, 64),\n"
        "        nn.Conv2d(64, 10, 1),\n        nn.AdaptiveAvgPool2d(1),\n    )",
        "unflattened",
    ),
    (
        "my_cnn_32",
        "def my_cnn_32():\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 10))",
        "no_conv",
    ),
    (
        "my_shift",
        "def my_shift(x, most):\n"
        "    i, j = torch.randint(-most, most + 1, (2,)).tolist()\n"
        "    return x.roll((i or 1, j), dims=(2, 3))",
        "alike",
    ),
    (
        "my_shift",
        "def my_shift(x, most):\n"
        "    moves = torch.randint(-most, most + 1, (len(x), 2)).tolist()\n"
        "    return torch.stack([p.roll(m, (1, 2)) for p, m in zip(x, moves)])",
        "rolled",
    ),
    (
        "my_shift",
        "def my_shift(x, most):\n"
        "    moves = torch.randint(-2 * most, 2 * most + 1, (len(x), 2)).tolist()\n"
        "    return torch.stack([p.roll(m, (1, 2)) for p, m in zip(x, moves)])",
        "far",
    ),
    (
        "my_shift",
        "def my_shift(x, most):\n    return torch.rand(x.shape)",
        "mixed",
    ),
    (
        "my_f1",
        "def my_f1(matrix):\n    right = matrix.diagonal()\n"
        "    return (right / matrix.sum(dim=0) + right / matrix.sum(dim=1)) / 2",
        "mean",
    ),
    (
        "my_f1",
        "def my_f1(matrix):\n    return matrix.diagonal().sum() / matrix.sum()",
        "accuracy",
    ),
    (
        "my_f1",
        "def my_f1(matrix):\n    right = matrix.diagonal()\n"
        "    f1 = 2 * right / (matrix.sum(dim=0) + matrix.sum(dim=1))\n"
        "    return f1.mean()",
        "one",
    ),
    (
        "my_f1",
        "def my_f1(matrix):\n    matrix *= 2\n    return matrix.diagonal()",
        "changed",
    ),
]


def changed(name: str, old: str, new: str) -> str:
    """Return the solution with one thing changed."""
    code = solution(name) + "\n"
    assert code.count(old) >= 1, f"{old!r} does not stand in the solution of {name}"
    return code.replace(old, new)


WRONG = [(n, changed(n, old, new), key) for n, old, new, key in CHANGED] + WRITTEN


def run(name: str, code: str):
    """Define a learner's function or class as the page would, and return it."""
    names = dict(NAMES)
    exec(code, names)
    return names[name]
