"""Wrong answers as learners give them, each with the key of the message that it should get.

An attempt is code that takes the place of the solution, or a change to the solution: what stands
there, and what the learner wrote instead.
"""

import itertools
import linecache

import attempts_memory
import numpy as np
import torch
import torch.nn.functional as F
from attempts_memory import rows
from torch import nn

from mnist_tut import inside
from mnist_tut.exercises import solution
from mnist_tut.models import conv_block

NAMES = {"torch": torch, "F": F, "nn": nn, "conv_block": conv_block, "np": np}
COUNT = itertools.count(1)
NAMES |= {
    name: getattr(inside, name)
    for name in ("operation", "Tensor", "Module", "ModuleList")
}

CHANGED = [
    ("my_freeze", "    return list", "    model[-1] = nn.Linear(4, 3)\n    return list", "new"),
    ("my_freeze", "model.requires_grad_(False)", "model.eval()", "thawed"),
    ("MySGD", "v += p.grad", "v += self.lr * p.grad", "lr_twice"),
    ("my_adamw", "    p = p - lr * decay * p\n    p = p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)\n", "    p = p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)\n    p = p - lr * decay * p\n", "after"),
    ("my_adamw", "return p, m, v", "return p, m / (1 - b1**t), v / (1 - b2**t)", "returned"),
    ("my_adamw", "v = b2 * v + (1 - b2)", "v = b1 * v + (1 - b1)", "one_b"),
    ("my_adamw", "p - lr * decay * p", "p - decay * p", "decay_alone"),
    ("my_adamw", "    m = b1", "    t += 1\n    m = b1", "late"),
    ("my_bias_gradient", "torch.eye(10)[target]", "target[:, None]", "labels"),
    ("my_share", "torch.cat([order, order[:missing]])", "(torch.arange(len(order) + missing) % len(order))", "positions"),
    ("my_shift", "torch.randint(2 * most + 1, (2,)).tolist()", "(torch.randint(2, (2,)) * 2 * most).tolist()", "ends"),
    ("my_shift", "    side, moved", "    most = 3\n    side, moved", "far"),
    # the solution of, with this, turned into that, gets this message
    ("my_log_sum_exp", "largest = x.amax(dim=1)", "largest = torch.zeros(len(x))", "naive"),
    ("my_log_sum_exp", ".log() + largest", ".log()", "not_back"),
    ("my_log_sum_exp", "x.amax(dim=1)", "x.mean(dim=1)", "infinite"),
    ("my_log_sum_exp", "x.amax(dim=1)", "x.max().expand(len(x))", "whole"),
    ("my_log_sum_exp", "(x - largest[:, None])", "x.sub_(largest[:, None])", "changed"),
    ("my_log_sum_exp", ".log() + largest", ".log()[:, None] + largest[:, None]", "shape"),
    ("my_log_sum_exp", "largest[:, None]", "x.new_zeros(5)", "raised"),
    ("my_log_sum_exp", "x.amax(dim=1)", "...", "dots"),
    ("my_nll", "return -", "return ", "sign"),
    ("my_nll", ".mean()", ".sum()", "sum"),
    ("my_nll", ".mean()", ".squeeze(1)", "each"),
    ("my_nll", ".mean()", ".mean().item()", "type"),
    ("my_nll", ".mean()", ".mean().detach()", "detached"),
    ("my_nll", "target[:, None]", "target", "raised"),
    ("my_nll", "return -", "-", "nothing"),
    ("my_bias_gradient", "mean(dim=0)", "sum(dim=0)", "sum"),
    ("my_bias_gradient", "log_probs.exp()", "log_probs", "logs"),
    ("my_bias_gradient", " - torch.eye(10)[target]", "", "no_truth"),
    ("my_bias_gradient", "mean(dim=0)", "mean(dim=1)", "per_picture"),
    ("my_bias_gradient", "(log_probs.exp()", "-(log_probs.exp()", "sign"),
    ("my_bias_gradient", "log_probs.exp()", "log_probs.exp_()", "changed"),
    ("my_bias_gradient", "eye(10)", "eye(11)", "raised"),
    ("my_update", "p -= lr", "p += lr", "uphill"),
    ("my_update", "for p in params:", "for i, p in enumerate([*params]):\n            params[i] = (p - lr * p.grad).requires_grad_()", "replaced"),
    ("my_update", "lr * ", "", "no_lr"),
    ("my_update", "p -= lr * p.grad", "p = p - lr * p.grad\n            params[0].grad.zero_(); params[1].grad.zero_(); continue", "stood"),
    ("my_update", "            p.grad.zero_()\n", "", "uncleared"),
    ("my_update", "            p.grad.zero_()", "            p.requires_grad_(False)", "deaf"),
    ("my_update", "p.grad.zero_()", "p.grad.zero_()\n            return", "first"),
    ("my_update", "with torch.no_grad():", "if True:", "raised"),
    ("my_update", "p -= lr * p.grad\n            p.grad.zero_()", "p = p - lr * p.grad", "nothing"),
    ("my_losses", "bias -= lr * bias.grad", "bias -= lr * bias.grad\n            weights.grad = bias.grad = None", "cleared"),
    ("my_losses", "loss.item()", "loss", "kept"),
    ("my_losses", "losses.append(loss.item())", "losses.append(F.cross_entropy(xb @ weights + bias, yb).item())", "late"),
    ("my_losses", "weights.clone().requires_grad_()", "weights.requires_grad_()", "changed"),
    ("my_losses", "with torch.no_grad():", "if True:", "raised"),
    ("my_losses", "range(steps)", "range(steps - 1)", "twelve"),
    ("my_cross_entropy", "logits.logsumexp(dim=1) - right", "right - logits.logsumexp(dim=1)", "sign"),
    ("my_cross_entropy", "(logits.logsumexp(dim=1) - right)", "-right", "logit_only"),
    ("my_cross_entropy", ".mean()", ".sum()", "sum"),
    ("my_cross_entropy", "logits.logsumexp(dim=1) - right", "logits.logsumexp(dim=0) - right", "raised"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(self.lin1(xb))", "straight"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "F.relu(self.lin2(F.relu(self.lin1(xb))))", "last_relu"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).softmax(1)", "softmax"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).log_softmax(1)", "logs"),
    ("MyNet", "        super().__init__()\n", "", "raised"),
    ("MyNet", "hidden)\n", "2 * hidden)\n        hidden = 2 * hidden\n", "layers"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).sigmoid()", "sigmoid"),
    ("MyNet", "F.relu(", "torch.sigmoid(", "sigmoid_inside"),
    ("MyStack", "nn.ModuleList(", "list(", "lost"),
    ("MyStack", "nn.ModuleList(", "tuple(", "lost"),
    ("MyStack", "F.relu(layer(xb))", "layer(xb)", "straight"),
    ("MyStack", "self.layers[-1](xb)", "F.relu(self.layers[-1](xb))", "last_relu"),
    ("MyStack", "nn.Linear(a, b)", "nn.Linear(b, a)", "raised"),
    ("MyInverted", "1 - self.x[i], self.y[i]", "1 - self.x[i]", "both"),
    ("MyInverted", "len(self.x)", "len(self.x[0])", "length"),
    ("MyInverted", "self.y[i]", "9 - self.y[i]", "label"),
    ("MyInverted", "1 - self.x[i]", "self.x[i]", "same"),
    ("MyInverted", "1 - self.x[i]", "-self.x[i]", "minus"),
    ("MyInverted", "1 - self.x[i]", "255 - self.x[i]", "bytes"),
    ("MyInverted", "1 - self.x[i]", "1 - self.x[0]", "first"),
    ("MyInverted", "self.x, self.y = x, y", "self.x, self.y = x.neg_().add_(1), y", "changed"),
    ("MyInverted", "return 1 - self.x[i]", "return 1 - self.x[i if i == 3 else 0]", "loader"),
    ("MyInverted", "__getitem__", "_getitem_", "unfit"),
    ("MyInverted", "return 1", "1", "nothing"),
    ("MyInverted", "1 - self.x[i], self.y[i]", "self.y[i], 1 - self.x[i]", "swapped"),
    ("my_batches", "y[chosen]", "y[torch.randperm(len(y))[i : i + bs]]", "torn"),
    ("my_batches", "y[chosen]", "y[i : i + bs]", "torn"),
    ("my_batches", "torch.randperm(len(x))", "torch.randint(len(x), (len(x),))", "twice"),
    ("my_batches", "range(0, len(x), bs)", "range(0, len(x) - bs, bs)", "lost"),
    ("my_batches", "torch.randperm(len(x))", "torch.arange(len(x))", "in_order"),
    ("my_batches", "order = ", "torch.manual_seed(1)\n    order = ", "frozen"),
    ("my_batches", "range(0, len(x), bs)", "range(0, len(x), 2 * bs)", "lost"),
    ("my_batches", "yield x[chosen], y[chosen]", "for j in chosen.split(1):\n            yield x[j], y[j]", "uneven"),
    ("my_batches", "order = torch.randperm(len(x))\n", "order = torch.randperm(len(x))\n    x.copy_(x[order])\n", "changed"),
    ("my_batches", "len(x))\n", "x)\n", "raised"),
    ("MySGD", "v *= self.momentum", "v = self.momentum * v", "forgets"),
    ("MySGD", "v *= self.momentum", "v *= 0", "forgets"),
    ("MySGD", "v += p.grad", "v += (1 - self.momentum) * p.grad", "damped"),
    ("MySGD", "self.lr * v", "v", "no_lr"),
    ("MySGD", "self.lr * v", "self.lr * (p.grad + self.momentum * v)", "ahead"),
    ("MySGD", "p -=", "p +=", "uphill"),
    ("MySGD", "with torch.no_grad():", "if True:", "raised"),
    ("MySGD", "p -= ", "p = p - ", "stood"),
    ("my_batch_norm", "if bn.training", "if False", "running"),
    ("my_batch_norm", "if bn.training", "if True", "batch"),
    ("my_batch_norm", ", correction=0", "", "unbiased"),
    ("my_batch_norm", " * bn.weight + bn.bias", "", "unscaled"),
    ("my_batch_norm", " + bn.eps", "", "no_eps"),
    ("my_batch_norm", ".sqrt()", "", "no_root"),
    ("my_batch_norm", "(var + bn.eps).sqrt()", "(var.sqrt() + bn.eps)", "outside_eps"),
    ("my_batch_norm", "if bn.training", "return bn(x)\n    if bn.training", "called_layer"),
    ("my_batch_norm", "(x - mean)", "x.sub_(mean)", "changed"),
    ("my_batch_norm", "dim=0)", "dim=1)", "raised"),
    ("my_freeze", "model.requires_grad_(False)", "model.requires_grad = False", "thawed"),
    ("my_freeze", "    model[-1].requires_grad_(True)\n", "", "head"),
    ("my_freeze", "list(model[-1].parameters())", "list(model.parameters())", "handed"),
    ("my_freeze", "model.requires_grad_(False)", "model[0].weight.requires_grad_(False)", "some"),
    ("my_freeze", "model.requires_grad_(False)", "model[0].requires_grad_(False)", "some"),
    ("my_freeze", "model.requires_grad_(False)", "model[:-2].requires_grad_(False)", "some"),
    ("my_freeze", "model[-1].parameters()", "model[-1].parameters", "raised"),
    ("my_pictures", "images.permute(0, 3, 1, 2)", "images.view(len(images), images.shape[3], *images.shape[1:3])", "viewed"),
    ("my_pictures", "permute(0, 3, 1, 2)", "transpose(1, 3)", "turned"),
    ("my_pictures", ".permute(0, 3, 1, 2)", "", "last"),
    ("my_pictures", " / 255", "", "bytes"),
    ("my_pictures", " / 255", ".float()", "bytes"),
    ("my_pictures", "0, 3, 1, 2", "3, 1, 2", "raised"),
    ("my_pictures", "images.permute(0, 3, 1, 2) / 255", "images.permute(0, 3, 1, 2) / images.max()", "by_max"),
    ("my_pictures", " / 255", " / 256", "by_256"),
    ("my_pictures", "return ", "", "nothing"),
    ("my_step", "model(xb)", "model(xb).softmax(dim=1)", "softmax"),
    ("my_step", "    opt.zero_grad()\n", "", "uncleared"),
    ("my_step", "model(xb), yb)\n    loss.backward()\n    opt.step()\n    opt.zero_grad()", "model(xb).softmax(1), yb)\n    loss.backward()\n    opt.step()", "both"),
    ("my_step", "    opt.step()\n    opt.zero_grad()", "    opt.zero_grad()\n    opt.step()", "stood"),
    ("my_step", "loss.item()", "loss", "tensor"),
    ("my_step", "loss.item()", "loss.detach()", "tensor"),
    ("my_step", "loss.item()", "F.cross_entropy(model(xb), yb).item()", "late"),
    ("my_step", "loss.backward()", "loss.item().backward()", "raised"),
    ("my_step", "return loss.item()", "loss.item()", "nothing"),
    ("my_shift", "i, j = torch.randint(2 * most + 1, (2,)).tolist()", "i, j = most, most", "stood"),
    ("my_shift", "(2 * most + 1, (2,))", "(most + 1, (2,))", "one_way"),
    ("my_shift", "(2 * most + 1, (2,))", "(2 * most, (2,))", "lopsided"),
    ("my_shift", "(2 * most + 1, (2,))", "(5, (2,))", "lopsided"),
    ("my_shift", "(2,)).tolist()", "(1,)).tolist() * 2", "diagonal"),
    ("my_shift", "(2,)).tolist()", "(1,)).tolist() + [most]", "one_direction"),
    ("my_shift", "most, most, most, most", "0, 2 * most, 0, 2 * most", "far"),
    ("my_shift", "(2 * most + 1, (2,))", "(4 * most, (2,))", "raised"),
    ("my_shift", "F.pad(x, (most, most, most, most))", "F.pad(x.neg_(), (most, most, most, most))", "changed"),
    ("my_shift", "torch.stack(moved)", "moved", "list"),
    ("my_shift", "j : j + side", "j : j + side - 1", "shape"),
    ("my_shift", "    return torch", "    torch", "nothing"),
    ("my_share", "[rank::world]", "", "whole"),
    ("my_share", "torch.cat([order, order[:missing]])", "order", "uneven"),
    ("my_share", "torch.cat([order, order[:missing]])", "order[: len(order) // world * world]", "dropped"),
    ("my_share", "[rank::world]", ".chunk(world)[rank]", "blocks"),
    ("my_share", "order[:missing]", "order[-1:].expand(missing)", "filling"),
    ("my_share", "[rank::world]", "[rank::world].tolist()", "list"),
    ("my_share", "[rank::world]", "[rank::world][None]", "flat"),
    ("my_share", "[rank::world]", "[rank::world].float()", "dtype"),
    ("my_share", "-len(order) % world", "world - len(order) % world", "divides"),
    ("my_share", "-len(order) % world", "len(order) % world", "too_long"),
    ("my_share", "torch.cat([order, order[:missing]])", "torch.cat([order.sort().values, order[:missing]])", "order"),
    ("my_share", "missing = -len(order) % world", "missing = -len(order) % world\n    order.copy_(order.sort().values)", "changed"),
    ("my_share", "order[:missing]", "missing", "raised"),
    ("my_share", "return ", "", "nothing"),
    ("my_unbroadcast", "g.sum(axis=axis, keepdims=True)", "g.mean(axis=axis, keepdims=True)", "mean"),
    ("my_unbroadcast", "g.sum(axis=axis, keepdims=True)", "g.max(axis=axis, keepdims=True)", "numbers"),
    ("my_unbroadcast", "g = g.sum(axis=0)", "g = g.mean(axis=0)", "mean"),
    ("my_unbroadcast", "if size == 1", "if size == 99", "same"),
    ("my_unbroadcast", "while g.ndim > len(shape)", "while g.ndim > 9", "same"),
    ("my_unbroadcast", "    return g", "    return g.tolist()", "type"),
    ("my_unbroadcast", "    return g", "    g", "nothing"),
    ("my_unbroadcast", "    while", "    g -= 1\n    while", "changed"),
    ("my_unbroadcast", "g.ndim", "g.dim()", "raised"),
    ("my_unbroadcast", "g = g.sum(axis=0)", "g = g.sum(axis=-1)", "shape"),
    ("my_tanh", "g * (1 - y**2)", "1 - y**2", "no_g"),
    ("my_tanh", "1 - y**2", "1 - a**2", "of_input"),
    ("my_tanh", "1 - y**2", "1 - y", "not_square"),
    ("my_tanh", "1 - y**2", "1 + y**2", "plus"),
    ("my_tanh", ", lambda g, y, a: g * (1 - y**2)", "", "no_share"),
    ("my_tanh", "operation(np.tanh, lambda g, y, a: g * (1 - y**2))(x)", "np.tanh(x.data)", "bare"),
    ("my_tanh", "operation(np.tanh, lambda g, y, a: g * (1 - y**2))(x)", "np.tanh(x)", "raised"),
    ("my_tanh", "1 - y**2", "1 / y", "slope"),
    ("my_tanh", "np.tanh", "np.sinh", "wrong"),
    ("my_tanh", "return ", "", "nothing"),
    ("my_tanh", "lambda g, y, a", "lambda g, y", "unfit"),
    ("MySequential", "class MySequential(Module)", "class MySequential(nn.Module)", "no_module"),
    ("MySequential", "            x = module(x)", "            module(x)", "thrown"),
    ("MySequential", "        return x", "            return x", "few"),
    ("MySequential", "for module in self._modules.values():", "for module in [*self._modules.values()][1:]:", "few"),
    ("MySequential", "            x = module(x)", "            x = module(x) if list(module.parameters()) else x", "few"),
    ("MySequential", "setattr(self, str(i), module)", "setattr(self, type(module).__name__, module)", "overwritten"),
    ("MySequential", "setattr(self, str(i), module)", "self.layer = module", "overwritten"),
    ("MySequential", "setattr(self, str(i), module)", "setattr(self, i, module)", "raised"),
    ("MySequential", "        for i, module in enumerate(modules):\n            setattr(self, str(i), module)", "        self._modules = list(modules)\n        self.parameters = lambda: [p for m in modules for p in m.parameters()]\n        self.state_dict = dict\n        self._modules = dict(enumerate(modules))", "state"),
    ("MySequential", "def __init__(self, *modules)", "def __init__(self, modules)", "called"),
    ("MySequential", "def forward", "def foward", "unfit"),
    ("MySequential", "def __init__", "def _init_", "unfit"),
    ("MySequential", "self._modules.values()", "[*self._modules.values()][::-1]", "reversed"),
    ("MySequential", "self._modules.values()", "[*self._modules.values()][:1]", "few"),
    ("MySequential", "        for i, module in enumerate(modules):\n            setattr(self, str(i), module)", "        self._modules = dict(enumerate(modules))\n        self.named = lambda *a: []", "lost"),
    ("MySequential", "        for i, module in enumerate(modules):\n            setattr(self, str(i), module)\n\n    def forward(self, x):\n        for module in self._modules.values()", "        for module in modules:\n            self.module = module\n        self.all = modules\n\n    def forward(self, x):\n        for module in self.all", "overwritten"),
    ("MySequential", "self._modules.values()", "sorted(self._modules.values(), key=lambda m: str(m.step))", "order"),
    ("MySequential", "            x = module(x)", "            y = module(x)\n        x = y", "result"),
    ("MySequential", "        return x", "        pass", "nothing"),
    ("my_shapes", "lambda module, args, output: shapes.append(output.shape)", "lambda module, args, output: shapes.append(args[0].shape)", "inputs"),
    ("my_shapes", "    model(x)\n", "", "not_run"),
    ("my_shapes", "    model(x)\n    return shapes", "    return [p.shape for p in model.parameters()]", "not_run"),
    ("my_shapes", "    for layer in model", "    for layer in []", "no_hooks"),
    ("my_shapes", "    for layer in model", "    for layer in [*model][1:]", "some"),
    ("my_shapes", "    for layer in model", "    for layer in [model]", "some"),
    ("my_shapes", "shapes.append(output.shape)", "None", "empty"),
    ("my_shapes", "shapes = []", "shapes = [x.shape]", "count"),
    ("my_shapes", "    model(x)", "        model(x)", "often"),
    ("my_shapes", "shapes.append(output.shape)", "shapes.append(str(output.shape))", "entries"),
    ("my_shapes", "shapes.append(output.shape)", "shapes.append(output)", "entries"),
    ("my_shapes", "shapes.append(output.shape)", "shapes.append(output.shape[1:])", "other"),
    ("my_shapes", "    shapes = []\n    for layer in model:\n        layer.register_forward_hook(\n            lambda module, args, output: shapes.append(output.shape)", "    shapes = [None] * 3\n    for i, layer in enumerate(model):\n        layer.register_forward_hook(\n            lambda module, args, output: shapes.__setitem__(i, output.shape)", "late"),
    ("my_shapes", "def my_shapes(model, x):\n    shapes = []", "shapes = []\ndef my_shapes(model, x):", "kept"),
    ("my_shapes", "def my_shapes(model, x):\n    shapes = []", "def my_shapes(model, x, shapes=[]):", "kept"),
    ("my_shapes", "lambda module, args, output: shapes.append(output.shape)", "shapes.append(layer)", "raised"),
    ("my_shapes", "    shapes = []\n    for layer in model:\n", "    shapes = []\n    for layer in model:\n        x = layer(x)\n        shapes.append(x.shape)\n    return shapes\n    for layer in model:\n", "no_hooks"),
    ("my_shapes", "return shapes", "return dict(enumerate(shapes))", "list"),
    ("my_shapes", "return shapes", "return shapes[::-1]", "other"),
    ("my_shapes", "return shapes", "return [model(x).shape] * 3", "last"),
    ("my_shapes", "return shapes", "shapes", "nothing"),
    ("my_conv", "weight * window", "weight[:, :, ::-1, ::-1] * window", "flipped"),
    ("my_conv", "weight * window", "weight.swapaxes(2, 3) * window", "turned"),
    ("my_conv", ".sum(axis=(1, 2, 3))", ".mean(axis=(1, 2, 3))", "mean"),
    ("my_conv", "(weight * window).sum(axis=(1, 2, 3))", "(weight * window)[:, 0].sum(axis=(1, 2))", "one_channel"),
    ("my_conv", "(weight * window).sum(axis=(1, 2, 3))", "(weight * window)[:, 1].sum(axis=(1, 2))", "last_channel"),
    ("my_conv", "    return out", "    return out.tolist()", "type"),
    ("my_conv", "h - k + 1, w - k + 1", "h, w", "shape"),
    ("my_conv", "            out[:, i, j] = (weight * window).sum(axis=(1, 2, 3))", "            pass", "todo"),
    ("my_conv", "            window =", "            x *= 1.1\n            window =", "changed"),
    ("my_conv", "axis=(1, 2, 3)", "axis=(1, 2)", "raised"),
    ("my_adamw", " / (1 - b1**t)", "", "m_uncorrected"),
    ("my_adamw", " / (1 - b2**t)", "", "v_uncorrected"),
    ("my_adamw", " + eps)", ")", "no_eps"),
    ("my_adamw", "p - lr * decay * p", "p + lr * decay * p", "grown"),
    ("my_adamw", "p - lr * (m", "p - (m", "no_lr"),
    ("my_adamw", "b1 * m + (1 - b1) * g", "(1 - b1) * m + b1 * g", "m_off"),
    ("my_adamw", "* g * g", "* m * m", "v_off"),
    ("my_adamw", "(m / (1 - b1**t))", "(g / (1 - b1**t))", "p_off"),
    ("my_collate", "        place[:h, :w] = picture", "        place[:] = np.pad(picture, ((0, high - h), (0, wide - w)), mode='edge')", "beside"),
    ("my_tanh", "g * (1", "g + (1", "added"),
    ("my_tanh", "lambda g, y, a", "lambda y, g, a", "exchanged"),
    ("my_tanh", "g * (1 - y**2)", "g * y * (1 - y)", "sigmoid"),
    ("my_tanh", "g * (1 - y**2)", "g / np.cosh(a)", "root"),
    ("my_size", "(size + 2 * padding - kernel) // stride + 1", "str((size + 2 * padding - kernel) // stride + 1)", "number"),
    ("my_adamw", "(m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)", "m / (np.sqrt(v) + eps)", "uncorrected"),
    ("my_adamw", "(np.sqrt(v / (1 - b2**t)) + eps)", "np.sqrt(v / (1 - b2**t) + eps)", "inside"),
    ("my_adamw", "p = p - lr * (m", "p = p + lr * (m", "uphill"),
    ("my_adamw", "    p = p - lr * decay * p\n", "", "no_decay"),
    ("my_adamw", "    m = b1", "    g = g + decay * p\n    decay = 0\n    m = b1", "as_loss"),
    ("my_adamw", "return p, m, v", "return p", "three"),
    ("my_adamw", "    m = b1", "    g *= 2\n    m = b1", "changed"),
    ("my_adamw", "return p, m, v", "p, m, v", "nothing"),
    ("my_adamw", "np.sqrt", "np.root", "raised"),
    ("my_collate", "place[:h, :w]", "place[-h:, -w:]", "corner"),
    ("my_collate", "place[:h, :w]", "place[(high - h) // 2 :][:h, (wide - w) // 2 :][:, :w]", "middle"),
    ("my_collate", "        place[:h, :w] = picture", "        pass", "empty"),
    ("my_collate", "[label for _, label in rows]", "sorted(label for _, label in rows)", "labels"),
    ("my_collate", "return [pictures, np.array([label for _, label in rows])]", "return pictures", "two"),
    ("my_collate", "np.array([label for _, label in rows])", "[label for _, label in rows]", "arrays"),
    ("my_collate", "pictures, np", "pictures[:, :2, :1], np", "cut"),
    ("my_collate", "    high = max", "    rows[0][0][0] = 0\n    high = max", "changed"),
    ("my_collate", "return [", "[", "nothing"),
    ("my_collate", "max(picture.shape[0]", "min(picture.shape[0]", "raised"),
    # slips of the hand, and what the messages speak of
    ("my_log_sum_exp", ".log() + largest", "", "only_sum"),
    ("my_log_sum_exp", ".sum(dim=1).log() + largest", ".log() + largest[:, None]", "wide"),
    ("my_log_sum_exp", ".log() + largest", ".log() - largest", "twice_out"),
    ("my_log_sum_exp", "x.amax(dim=1)", "x.amin(dim=1)", "infinite"),
    ("my_log_sum_exp", "return (x", "return (x.clamp(-80, 80)", "infinite"),
    ("my_log_sum_exp", ".sum(dim=1)", ".mean(dim=1)", "mean"),
    ("my_log_sum_exp", "largest = x.amax(dim=1)", "largest = x.amax(dim=1)\n    x = x.abs()", "infinite"),
    ("my_nll", "return -log_probs", "return -log_probs.exp()", "no_log"),
    ("my_nll", ".mean()", "[0, 0]", "first"),
    ("my_bias_gradient", "mean(dim=0)", "mean(dim=0) / 10", "classes"),
    ("my_bias_gradient", ".mean(dim=0)", "", "rows_wide"),
    ("my_bias_gradient", "return (log_probs.exp() - torch.eye(10)[target]).mean(dim=0)", "probs = log_probs.exp()\n    probs[target] -= 1\n    return probs.mean(dim=0)", "part"),
    ("my_bias_gradient", ".mean(dim=0)", ".mean()", "shape"),
    ("my_update", "            p -= lr * p.grad\n            p.grad.zero_()", "            pass\n        p -= lr * p.grad\n        p.grad.zero_()", "last"),
    ("my_update", "lr * p.grad", "lr * p.grad / len(params)", "shared"),
    ("my_update", "p.grad.zero_()", "p.zero_()\n            p.grad.zero_()", "erased"),
    ("my_update", "p -= lr * p.grad", "p += p.grad", "uphill_no_lr"),
    ("my_update", "            p.grad.zero_()", "    p.grad.zero_()", "some_cleared"),
    ("my_update", "p -= lr * p.grad", "p -= 0.5 * p.grad", "own_lr"),
    ("my_update", "p -= lr * p.grad", "p.grad -= lr * p.grad", "stood"),
    ("my_update", "p -= lr * p.grad\n            p.grad.zero_()", "p.grad.zero_()\n            p -= lr * p.grad", "stood"),
    ("my_update", "p -= lr * p.grad", "p -= lr * p.grad ** 2", "part"),
    ("my_losses", "return losses", "return losses[-1]", "one"),
    ("my_losses", "        losses.append(loss.item())\n", "", "empty"),
    ("my_losses", "-= lr", "+= lr", "uphill"),
    ("my_losses", "lr * ", "", "no_lr"),
    ("my_losses", "            bias -= lr * bias.grad\n", "", "no_bias"),
    ("my_losses", "weights -= lr * weights.grad\n            bias -= lr * bias.grad", "w = weights - lr * weights.grad", "stood"),
    ("my_losses", "range(steps)", "range(steps + 1)", "thirteen"),
    ("my_losses", "lr * ", "0.5 * ", "own_lr"),
    ("my_losses", "        losses.append(loss.item())\n    return losses", "        losses.append(loss.item())\n        return losses", "shape"),
    ("my_losses", "    return losses", "    losses", "nothing"),
    ("my_cross_entropy", "return (logits.logsumexp(dim=1) - right).mean()", "probs = logits.softmax(dim=1)\n    return -(probs[torch.arange(len(target)), target] + 1e-9).log().mean()", "guarded"),
    ("my_cross_entropy", ".mean()", "", "each"),
    ("my_cross_entropy", " - right", "", "sum_only"),
    ("my_cross_entropy", " - right", " + right", "added"),
    ("my_cross_entropy", "logits.logsumexp(dim=1)", "logits.amax(dim=1)", "largest"),
    ("my_cross_entropy", ".mean()", ".sum() / logits.numel()", "classes"),
    ("my_cross_entropy", "logits.logsumexp(dim=1)", "logits.exp().sum(dim=1).log()", "naive"),
    ("my_cross_entropy", ".mean()", ".mean", "uncalled"),
    ("MyNet", "(nn.Module)", "", "no_module"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).softmax(0)", "columns"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(F.relu(self.lin1(xb))).argmax(1)", "classes"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "F.relu(self.lin2(self.lin1(xb)))", "moved_relu"),
    ("MyNet", "self.lin2(F.relu(self.lin1(xb)))", "self.lin2(self.lin1(F.relu(xb)))", "early_relu"),
    ("MyNet", "F.relu(", "torch.tanh(", "tanh_inside"),
    ("MyNet", "F.relu(", "F.leaky_relu(", "leaky"),
    ("MyNet", "F.relu(", "F.gelu(", "gelu"),
    ("MyNet", "return ", "", "nothing"),
    ("MyNet", "hidden, 10)", "hidden, 10, bias=False)", "layers"),
    ("MyNet", "def forward(self, xb)", "def forward(xb)", "unfit"),
    ("MyStack", "F.relu(", "torch.sigmoid(", "bent"),
    ("MyStack", "F.relu(", "torch.tanh(", "tanh"),
    ("MyStack", "return self.layers[-1](xb)", "return self.layers[-1](xb).softmax(1)", "softmax"),
    ("MyInverted", "1 - self.x[i], self.y[i]", "1 - self.x, self.y", "all"),
    ("MyInverted", "self.x[i], self.y[i]", "self.x[i + 1], self.y[i + 1]", "next"),
    ("MyInverted", "1 - self.x[i]", "0.5 - self.x[i]", "half"),
    ("MyInverted", "1 - self.x[i]", "(self.x[i] < 0.5).float()", "rounded"),
    ("MyInverted", "1 - self.x[i]", "1 - x[i]", "raised"),
    ("MyInverted", "return 1 - self.x[i], self.y[i]", "return 1 - self.x[i]; self.y[i]", "both"),
    ("my_batches", "yield", "return", "returned"),
    ("my_batches", "yield x[chosen], y[chosen]", "yield x[chosen]", "pairs"),
    ("my_batches", "yield x[chosen], y[chosen]", "yield y[chosen], x[chosen]", "swapped"),
    ("my_batches", "yield x[chosen], y[chosen]", "for j in chosen:\n            yield x[j], y[j]", "single"),
    ("my_batches", "order[i : i + bs]", "order[i : i + 10]", "lost"),
    ("MySGD", "                v *= self.momentum\n", "", "no_shrink"),
    ("MySGD", "v *= self.momentum\n                v += p.grad", "v = self.momentum * p.grad", "only_momentum"),
    ("MySGD", "v *= self.momentum\n                v += p.grad\n                p -= self.lr * v", "p -= self.lr * v\n                v *= self.momentum\n                v += p.grad", "late"),
    ("MySGD", "v += p.grad", "v -= p.grad", "uphill"),
    ("my_batch_norm", " + bn.bias", "", "no_bias"),
    ("my_batch_norm", " * bn.weight", "", "no_weight"),
    ("my_batch_norm", "bn.eps", "1e-5", "small_eps"),
    ("my_batch_norm", "(x - mean)", "x", "no_mean"),
    ("my_batch_norm", "(x - mean)", "(mean - x)", "turned"),
    ("my_batch_norm", "x.mean(dim=0), x.var(dim=0, correction=0)", "x.mean(), x.var(correction=0)", "whole"),
    ("my_batch_norm", "bn.training", "bn.train", "batch"),
    ("my_batch_norm", "(x - mean) / (var", "x - mean / (var", "mean_only"),
    ("my_batch_norm", "return (x", "(x", "nothing"),
    ("my_freeze", "    model.requires_grad_(False)\n    model[-1].requires_grad_(True)", "    model[-1].requires_grad_(False)", "turned"),
    ("my_freeze", "    model.requires_grad_(False)\n    model[-1].requires_grad_(True)", "    for layer in model[:-1]:\n        if hasattr(layer, 'weight'):\n            layer.weight.requires_grad = False", "half"),
    ("my_freeze", "model[-1].requires_grad_(True)", "model[-1].weight.requires_grad_(True)", "half_head"),
    ("my_freeze", "list(model[-1].parameters())", "model[-1].weight", "one"),
    ("my_freeze", "list(model[-1].parameters())", "model[-1]", "module"),
    ("my_freeze", "list(model[-1].parameters())", "list(model[-1].named_parameters())", "named"),
    ("my_freeze", "list(model[-1].parameters())", "[model[-1].weight]", "part_head"),
    ("my_freeze", "    return", "   ", "nothing"),
    ("my_freeze", "    model.requires_grad_(False)\n    model[-1].requires_grad_(True)", "    for layer in model[:-1]:\n        layer.requires_grad_(False)\n        return list(model[-1].parameters())", "some"),
    ("my_pictures", "images.permute(0, 3, 1, 2)", "images.permute(0, 3, 1, 2).flip(1)", "colours"),
    ("my_pictures", "return images.permute(0, 3, 1, 2) / 255", "x = images.permute(0, 3, 1, 2).float()\n    return (x - x.min()) / (x.max() - x.min())", "stretched"),
    ("my_pictures", " / 255", " // 255", "floor"),
    ("my_pictures", " / 255", " / 127.5 - 1", "signed"),
    ("my_pictures", "return images.permute(0, 3, 1, 2) / 255", "return 1 - images.permute(0, 3, 1, 2) / 255", "inverted"),
    ("my_pictures", " / 255", " / 225", "times"),
    ("my_step", "loss.backward()", "(-loss).backward()", "uphill"),
    ("my_step", "opt.step()", "opt.step", "no_step"),
    ("my_step", "    opt.step()", "    with torch.no_grad():\n        for p in model.parameters():\n            p -= 0.5 * p.grad", "own_opt"),
    ("my_step", "    opt.step()", "    opt.step()\n    opt.step()", "steps"),
    ("my_step", "model(xb)", "model(xb).softmax(dim=0)", "columns"),
    ("my_step", "model(xb)", "model(xb).sigmoid()", "squashed"),
    ("my_step", "F.cross_entropy(model(xb), yb)", "F.nll_loss(model(xb).softmax(1), yb)", "no_log"),
    ("my_step", "cross_entropy", "nll_loss", "logits"),
    ("my_step", "model(xb), yb", "model(xb), yb, reduction='sum'", "summed"),
    ("my_step", "model(xb), yb", "model(xb[:1]), yb[:1]", "other"),
    ("my_step", "    loss.backward", "    model.eval()\n    loss.backward", "mode"),
    ("my_step", "return loss.item()", "return model(xb)", "shape"),
    ("my_step", "return loss.item()", "return loss.item(), len(xb)", "several"),
    ("my_step", "loss.item()", "str(loss.item())", "type"),
    ("my_step", "loss.item()", "loss.item() * len(xb)", "sum"),
    ("my_step", "opt.zero_grad()", "opt.zero_grad", "uncleared"),
    ("my_step", "    loss.backward()\n", "", "stood"),
    ("my_shift", "(2 * most + 1, (2,)).tolist()", "(most - 1, (2,)).tolist()\n        i, j = i + most - 1, j + most - 1", "one_way"),
    ("my_shift", "[:, i : i + side, j : j + side]", "", "uncut"),
    ("my_shift", "(most, most, most, most)", "(most, most, most, most), value=1.0", "filled"),
    ("my_shift", "(most, most, most, most)", "(most, most, most, most), value=0.1", "filled"),
    ("my_shift", "picture[:, i : i + side, j : j + side])", "picture[:, i : i + side, j : j + side].clone())\n        moved[-1][:, :2] = 0", "cut_off"),
    ("my_share", "[rank::world]", "[len(order) :: world][:0]", "empty"),
    ("my_share", "[rank::world]", "[::world]", "same"),
    ("my_share", "[rank::world]", "[rank + 1 :: world]", "rank0"),
    ("my_share", "[order, order[:missing]]", "[order[:missing], order]", "front"),
    ("my_share", "order[:missing]", "order[:missing] + len(order)", "foreign"),
    ("my_share", "order[:missing]", "torch.zeros(missing, dtype=order.dtype)", "filling"),
    ("my_tanh", "g * (1 - y**2)", "g * y", "slope"),
    ("my_tanh", "operation(np.tanh", "operation(np.tan", "wrong"),
    ("my_conv", "h - k + 1):", "h - k):", "part_at"),
    ("my_conv", "(weight * window)", "(weight[:, :, ::-1] * window)", "mirrored"),
    ("my_conv", "(weight * window)", "(weight[:, ::-1] * window)", "mirrored"),
    ("my_conv", "(weight * window).sum(axis=(1, 2, 3))", "(weight * window)[..., -1, -1].sum(1)", "last_place"),
    ("my_conv", "    out = np.zeros", "    x = np.pad(x, ((0, 0), (1, 1), (1, 1)))\n    out = np.zeros", "padded"),
    ("my_conv", "    _, h, w = x.shape", "    x = np.pad(x, ((0, 0), (1, 1), (1, 1)))\n    _, h, w = x.shape", "padded"),
    ("my_conv", "            window = x[:, i : i + k, j : j + k]", "            if 2 * i + k > h or 2 * j + k > w:\n                continue\n            window = x[:, 2 * i : 2 * i + k, 2 * j : 2 * j + k]", "strided"),
    ("my_conv", "(weight * window)", "(weight[:1] * window)", "one_filter"),
    ("my_conv", ".sum(axis=(1, 2, 3))", ".sum()", "one_filter"),
    ("my_conv", "weight * window", "weight + window", "added"),
    ("my_conv", ".sum(", ".max(", "most"),
    ("my_conv", "(weight * window).sum(axis=(1, 2, 3))", "(weight[..., 0, 0] * x[:, i, j]).sum(1)", "pixel"),
    ("my_conv", "(weight * window)", "(weight[:, :1] * window)", "one_channel"),
    ("my_conv", "(weight * window)", "(weight * window[:1])", "one_channel"),
    ("MyInverted", "1 - self.x[i]", "self.x[i].flip(0)", "mirrored"),
    ("MyInverted", "1 - self.x[i]", "self.x[i].view(28, 28).T.flatten()", "mirrored"),
    ("MyInverted", "[i], self.y[i]", "[i - 1], self.y[i - 1]", "next"),
    ("MyInverted", "1 - self.x[i]", "torch.sigmoid(-self.x[i])", "curved"),
    ("my_pictures", "images.permute(0, 3, 1, 2) / 255", "(images.permute(0, 3, 1, 2) / 255 - 0.45) / 0.225", "affine"),
    ("my_pictures", "/ 255", "/ 255 > 0.5", "integers"),
    ("my_batch_norm", "x.mean(dim=0), x.var(dim=0, correction=0)", "x.mean(1, True), x.var(1, keepdim=True, correction=0)", "by_row"),
    ("my_batch_norm", "x.mean(dim=0), x.var(dim=0, correction=0)", "x.mean(1, True), x.var(1, keepdim=True)", "by_row"),
    ("my_batch_norm", "dim=0, correction=0", "", "whole"),
    ("my_batch_norm", "x.mean(dim=0)", "x.mean()", "whole"),
    ("my_batch_norm", "+ bn.bias", "- bn.bias", "minus_bias"),
    ("my_batch_norm", "return (x - mean) / (var + bn.eps).sqrt() * bn.weight + bn.bias", "return ((x - mean) / (var + bn.eps).sqrt() + bn.bias) * bn.weight", "bias_first"),
    ("my_batch_norm", "bn.weight + bn.bias", "bn.bias + bn.weight", "exchanged"),
    ("my_batch_norm", "* bn.weight", "/ bn.weight", "over_weight"),
    ("my_batch_norm", "/ (var", "* (var", "multiplied"),
    ("my_batch_norm", "x.var(", "x.std(", "two_roots"),
    ("my_batch_norm", "x.var(dim=0, correction=0)", "(x**2).mean(0)", "squares"),
    ("my_batch_norm", "x.var(dim=0, correction=0)", "((x - x.mean(0)) ** 2).sum(0)", "summed"),
    ("my_batch_norm", "x.var(dim=0, correction=0)", "(x - x.mean(0)).abs().mean(0)", "deviations"),
    ("my_batch_norm", "(x - mean)", "(x + mean)", "plus_mean"),
    ("my_conv", "    return out", "    out", "nothing"),
    ("my_adamw", "b2 * v + (1 - b2) * g * g", "b2 * v + (1 - b2) * g", "nan"),
    ("my_adamw", "b1 * m + (1 - b1) * g", "b1 * m + g", "whole_g"),
    ("my_adamw", "b1**t", "b1 * t", "p_off"),
    ("my_adamw", "np.sqrt(v / (1 - b2**t))", "(v / (1 - b2**t))", "no_root"),
    ("my_adamw", "return p, m, v", "return m, p, v", "swapped"),
    ("my_collate", "pictures = np.zeros(", "pictures = np.ones(", "beside"),
]  # fmt: skip

WRITTEN = rows("""
# my_log_sum_exp: columns
def my_log_sum_exp(x):
    return x.logsumexp(dim=0)
# my_nll: classes
def my_nll(log_probs, target):
    return -(log_probs * F.one_hot(target, 10)).mean()
# my_nll: columns
def my_nll(log_probs, target):
    return -log_probs[:, target].mean()
# my_nll: largest
def my_nll(log_probs, target):
    return -log_probs.amax(dim=1).mean()
# my_nll: changed
def my_nll(log_probs, target):
    log_probs *= -1
    return log_probs.gather(1, target[:, None]).mean()
# my_cross_entropy: no_log
def my_cross_entropy(logits, target):
    return -logits.softmax(1)[torch.arange(len(target)), target].mean()
# my_cross_entropy: twice
def my_cross_entropy(logits, target):
    return F.cross_entropy(logits.softmax(1), target)
# my_cross_entropy: naive
def my_cross_entropy(logits, target):
    return -logits.softmax(1)[torch.arange(len(target)), target].log().mean()
# my_cross_entropy: changed
def my_cross_entropy(logits, target):
    logits -= logits.amax(1, True)
    return F.cross_entropy(logits, target)
# MyNet: lost
class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden = hidden

    def forward(self, xb):
        xb = F.relu(nn.Linear(784, self.hidden)(xb))
        return nn.Linear(self.hidden, 10)(xb)
# MyStack: some
class MyStack(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        self.last = self.layers[-1]

    def forward(self, xb):
        for layer in self.layers[:-1]:
            xb = F.relu(layer(xb))
        return self.last(xb)
# my_batches: blocks
def my_batches(x, y, bs):
    for i in torch.randperm((len(x) + bs - 1) // bs).tolist():
        yield x[i * bs : (i + 1) * bs], y[i * bs : (i + 1) * bs]
# my_batches: blocks
def my_batches(x, y, bs):
    for i in range(0, len(x), bs):
        chosen = i + torch.randperm(len(x[i : i + bs]))
        yield x[chosen], y[chosen]
# my_batches: twice
def my_batches(x, y, bs):
    while True:
        yield x[:bs], y[:bs]
# my_batches: lost
def my_batches(x, y, bs):
    return []
# my_shift: alike
def my_shift(x, most):
    i, j = torch.randint(-most, most + 1, (2,)).tolist()
    return x.roll((i or 1, j), dims=(2, 3))
# my_shift: rolled
def my_shift(x, most):
    moves = torch.randint(-most, most + 1, (len(x), 2)).tolist()
    return torch.stack([p.roll(m, (1, 2)) for p, m in zip(x, moves)])
# my_shift: far
def my_shift(x, most):
    moves = torch.randint(-2 * most, 2 * most + 1, (len(x), 2)).tolist()
    return torch.stack([p.roll(m, (1, 2)) for p, m in zip(x, moves)])
# my_shift: mixed
def my_shift(x, most):
    return torch.rand(x.shape)
# my_cross_entropy: columns
def my_cross_entropy(logits, target):
    return (logits.logsumexp(1)[:, None] - logits[:, target]).mean()
# my_bias_gradient: raised
def my_bias_gradient(log_probs, target):
    probs = log_probs.exp()
    probs[target, range(64)] -= 1
    return probs.mean(0)
# my_shift: short
def my_shift(x, most):
    moved = []
    for picture in F.pad(x, [most] * 4):
        i, j = (torch.randint(-1, 2, (2,)) + most).tolist()
        moved.append(picture[:, i : i + 28, j : j + 28])
    return torch.stack(moved)
# MyNet: hidden
class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(784, 50), nn.Linear(50, 10)

    def forward(self, xb):
        return self.lin2(F.relu(self.lin1(xb)))
# my_adamw: not_square
def my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * abs(g)
    p = p - lr * decay * p
    return p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), m, v
# my_nll: wrong
def my_nll(log_probs, target):
    total = 0
    for i in range(len(target)):
        total -= log_probs[i, target[i]]
        return total / len(target)
# my_nll: largest
def my_nll(log_probs, target):
    return F.nll_loss(log_probs, log_probs.argmax(1))
# my_log_sum_exp: no_log
def my_log_sum_exp(x):
    return x.exp().sum(1)
""")


ALSO_RIGHT = [
    # other answers that do what the text asks
    ("MySequential", "self._modules.values():\n            x = module(x)", "self._modules.values():\n            x = module.forward(x)"),
    ("MySequential", "            setattr(self, str(i), module)", "            self._modules[i] = module"),
    ("my_shapes", "for layer in model:", "for layer in model._modules.values():"),
    ("my_shapes", "for layer in model:", "for layer in [getattr(model, str(i)) for i in range(len(model._modules))]:"),
    ("my_shapes", "    model(x)\n", "    model.forward(x)\n    for layer in model:\n        layer._forward_hooks.pop()\n"),
    ("my_shapes", "    shapes = []", "    import copy\n    model, shapes = copy.deepcopy(model), []"),
    ("my_shapes", "layer.register_forward_hook(", "layer._forward_hooks.append("),
    ("my_shapes", "return shapes", "return [list(shape) for shape in shapes]"),
    ("my_step", "    opt.zero_grad()\n", "    for p in model.parameters():\n        p.grad = None\n"),
    ("my_step", "F.cross_entropy(model(xb), yb)", "-model(xb).softmax(1)[range(len(yb)), yb].log().mean()"),
    ("my_step", "F.cross_entropy(model(xb), yb)", "F.nll_loss(model(xb).log_softmax(1), yb)"),
    ("my_conv", "(weight * window).sum(axis=(1, 2, 3))", "np.einsum('ocij,cij->o', weight, window)"),
    ("my_conv", "(weight * window).sum(axis=(1, 2, 3))", "weight.reshape(n_out, -1) @ window.reshape(-1)"),
    ("MyInverted", "1 - self.x[i]", "self.x[i].neg().add_(1)"),
    ("my_batch_norm", "x.var(dim=0, correction=0)", "(x * x).mean(0) - x.mean(0) ** 2"),
    ("my_nll", ".mean()", ".mean().double()"),
    ("my_nll", ".gather(1, target[:, None])", "[range(len(target)), target]"),
    ("my_nll", ".gather(1, target[:, None]).mean()", ".mul(F.one_hot(target, 10)).sum(1).mean()"),
    ("my_log_sum_exp", "x.amax(dim=1)", "x.max(dim=1).values"),
    ("my_log_sum_exp", "x.amax(dim=1)", "x.double().amax(dim=1)"),
    ("my_pictures", " / 255", ".double() / 255"),
    ("my_pictures", "permute(0, 3, 1, 2)", "movedim(3, 1)"),
    ("my_update", "p.grad.zero_()", "p.grad = None"),
    ("my_update", "p -= lr * p.grad", "p.sub_(lr * p.grad)"),
    ("my_freeze", "model.requires_grad_(False)", "model[:-1].requires_grad_(False)"),
    ("my_freeze", "list(model[-1].parameters())", "[p for p in model.parameters() if p.requires_grad]"),
    ("my_shift", "side, moved = x.shape[-1], []", "side, moved = 28, []"),
    ("my_shift", "(2,)).tolist()", "(2,))"),
    ("my_share", "-len(order) % world", "(world - len(order) % world) % world"),
    ("my_share", "[rank::world]", ".view(-1, world)[:, rank]"),
    ("my_batch_norm", "x.var(dim=0, correction=0)", "((x - x.mean(0)) ** 2).mean(0)"),
    ("my_log_sum_exp", "return (x - largest[:, None])", "x = x.double() - largest[:, None]\n    return (x)"),
    ("my_bias_gradient", "torch.eye(10)[target]", "F.one_hot(target, 10)"),
    ("my_bias_gradient", "log_probs.exp()", "log_probs.double().softmax(1)"),
    ("my_losses", "losses.append(loss.item())", "losses += [float(loss.detach())]"),
    ("my_losses", "return losses", "return np.array(losses)"),
    ("my_losses", "return losses", "return tuple(losses)"),
    ("my_losses", "for _ in range(steps):", "while len(losses) < steps:"),
    ("my_cross_entropy", "logits[torch.arange(len(target)), target]", "logits.gather(1, target[:, None])[:, 0]"),
    ("my_cross_entropy", "return (", "logits, right = logits.double(), right.double()\n    return ("),
    ("MyNet", "self.lin1", "self.first_layer"),
    ("MyNet", "F.relu(self.lin1(xb))", "self.lin1(xb).clamp(min=0)"),
    ("MyStack", "nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))", "nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])"),
    ("MyStack", "nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))", "[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]\n        self.found = nn.ModuleList(self.layers)"),
    ("MyStack", "nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))", "[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]\n        for i, layer in enumerate(self.layers):\n            self.add_module(f'layer{i}', layer)"),
    ("MyInverted", "return 1 - self.x[i], self.y[i]", "return [1.0 - self.x[i], self.y[i].item()]"),
    ("MyInverted", "return 1 - self.x[i], self.y[i]", "picture = self.x[i].clone()\n        picture *= -1\n        picture += 1\n        return picture, self.y[i]"),
    ("MyInverted", "return 1 - self.x[i], self.y[i]", "return 1 - self.x[i].double().numpy(), int(self.y[i])"),
    ("my_batches", "torch.randperm(len(x))", "torch.tensor(np.random.permutation(len(x)))"),
    ("my_batches", "yield x[chosen], y[chosen]", "yield [x[chosen], y[chosen]]"),
    ("MySGD", "v *= self.momentum\n                v += p.grad", "v.mul_(self.momentum).add_(p.grad)"),
    ("MySGD", "p -= self.lr * v", "p.data.add_(v, alpha=-self.lr)"),
    ("my_batch_norm", "(var + bn.eps).sqrt()", "torch.sqrt(var + bn.eps)"),
    ("my_batch_norm", "return (x", "x = x.double()\n    return (x"),
    ("my_freeze", "list(model[-1].parameters())", "model[-1].parameters()"),
    ("my_freeze", "list(model[-1].parameters())", "[model[-1].bias, model[-1].weight]"),
    ("my_pictures", "return images.permute(0, 3, 1, 2) / 255", "return images.numpy().transpose(0, 3, 1, 2) / 255"),
    ("my_step", "    loss.backward()\n    opt.step()\n    opt.zero_grad()", "    opt.zero_grad()\n    loss.backward()\n    opt.step()"),
    ("my_step", "opt.zero_grad()", "model.zero_grad()"),
    ("my_step", "loss.item()", "float(loss.detach())"),
    ("my_step", "loss.item()", "loss.detach().numpy().item()"),
    ("my_share", "[rank::world]", "[torch.arange(rank, len(order) + missing, world)]"),
]  # fmt: skip

WRITTEN_RIGHT = rows("""
# my_unbroadcast
def my_unbroadcast(g, shape):
    lead = g.ndim - len(shape)
    axes = tuple(i for i in range(g.ndim) if i < lead or shape[i - lead] == 1)
    return g.sum(axes).reshape(shape)
# my_unbroadcast
def my_unbroadcast(g, shape):
    out = np.zeros(shape, g.dtype)
    view = np.broadcast_to(np.arange(out.size).reshape(shape), g.shape)
    np.add.at(out.reshape(-1), view.ravel(), g.ravel())
    return out
# my_unbroadcast
def my_unbroadcast(g, shape):
    return torch.tensor(g).sum_to_size(shape or (1,)).reshape(shape).numpy()
# my_tanh
def my_tanh(x):
    def share(g, y, a):
        return g / np.cosh(a) ** 2
    return operation(np.tanh, share)(x)
# my_tanh
tanh = operation(lambda a: 2 / (1 + np.exp(-2 * a)) - 1, lambda g, y, a: (1 - y) * g * (1 + y))
my_tanh = lambda x: tanh(x)
# my_tanh
my_tanh = operation(np.tanh, lambda g, y, a: g - g * y * y)
# MySequential
class MySequential(ModuleList):
    def __init__(self, *modules):
        super().__init__(modules)

    def forward(self, x):
        for module in self:
            print(end="" if x.shape else "?")
            x = module(x)
        return x
# MySequential
class MySequential(Module):
    def __init__(self, *modules):
        super().__init__()
        self.n = len(modules)
        for i in range(self.n):
            setattr(self, f"layer{i}", modules[i])

    def forward(self, x):
        for i in range(self.n):
            x = getattr(self, f"layer{i}")(x)
        return x
# MySequential
class MySequential(Module):
    def __init__(self, *modules):
        super().__init__()
        self._modules.update({str(i): m for i, m in enumerate(modules)})

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x
# MySequential
class MySequential(Module):
    def __init__(self, *modules):
        super().__init__()
        self.modules = modules
        for i, m in enumerate(modules):
            setattr(self, "m" + str(i), m)

    def forward(self, x):
        out = x
        for m in self.modules:
            out = m(out)
        return out
# my_shapes
def my_shapes(model, x):
    found = []
    def note(module, args, output):
        found.append(tuple(output.shape))
    [layer.register_forward_hook(note) for layer in model]
    model(x)
    return tuple(found)
# my_shapes
def my_shapes(model, x):
    layers = list(model)
    seen = {}
    for i, layer in enumerate(layers):
        layer.register_forward_hook(lambda m, a, out, i=i: seen.update({i: out.shape}))
    model(x)
    return [seen[i] for i in range(len(layers))]
# my_conv
def my_conv(x, weight):
    n_out, c, k, _ = weight.shape
    _, h, w = x.shape
    out = np.zeros((n_out, h - k + 1, w - k + 1))
    for o in range(n_out):
        for ch in range(c):
            for i in range(k):
                for j in range(k):
                    out[o] += weight[o, ch, i, j] * x[ch, i : i + h - k + 1, j : j + w - k + 1]
    return out
# my_conv
def my_conv(x, weight):
    k = weight.shape[-1]
    views = np.lib.stride_tricks.sliding_window_view(x, (k, k), (1, 2))
    return np.einsum("cijab,ocab->oij", views, weight)
# my_adamw
def my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay):
    p *= 1 - lr * decay
    m *= b1
    m += (1 - b1) * g
    v *= b2
    v += (1 - b2) * g**2
    p -= lr * m / (1 - b1**t) / (np.sqrt(v) / np.sqrt(1 - b2**t) + eps)
    return [p, m, v]
# my_adamw
def my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay):
    new_m = m + (1 - b1) * (g - m)
    new_v = v + (1 - b2) * (g * g - v)
    step = (new_m / (1 - b1**t)) / ((new_v / (1 - b2**t)) ** 0.5 + eps)
    return p - lr * decay * p - lr * step, new_m, new_v
# my_collate
def my_collate(rows):
    pictures, labels = zip(*rows)
    H, W = np.max([p.shape for p in pictures], axis=0)
    padded = [np.pad(p, ((0, H - p.shape[0]), (0, W - p.shape[1]))) for p in pictures]
    return np.stack(padded), np.asarray(labels)
# my_collate
def my_collate(rows):
    H = max(len(p) for p, _ in rows)
    W = max(len(p[0]) for p, _ in rows)
    x = np.zeros((len(rows), H, W), dtype=np.float32)
    y = np.empty(len(rows), dtype=int)
    for i, (p, label) in enumerate(rows):
        x[i, : p.shape[0], : p.shape[1]] = p
        y[i] = label
    return [x, y]
# my_log_sum_exp
def my_log_sum_exp(x):
    x = x.numpy()
    top = x.max(axis=1, keepdims=True)
    return (np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top)[:, 0]
# my_log_sum_exp
def my_log_sum_exp(x):
    return torch.stack([(row - row.max()).exp().sum().log() + row.max() for row in x])
# my_log_sum_exp
def my_log_sum_exp(x):
    total = x[:, 0]
    for column in x.T[1:]:
        total = torch.logaddexp(total, column)
    return total
# my_log_sum_exp
def my_log_sum_exp(x):
    return [((row - row.max()).exp().sum().log() + row.max()).item() for row in x]
# my_nll
def my_nll(log_probs, target):
    return F.nll_loss(log_probs, target)
# my_nll
def my_nll(log_probs, target):
    total = 0
    for row, t in zip(log_probs, target):
        total = total - row[t]
    return total / len(target)
# my_nll
my_nll = lambda log_probs, target: -torch.take_along_dim(log_probs, target[:, None], 1).mean().view(1)
# my_bias_gradient
def my_bias_gradient(log_probs, target):
    return (log_probs.exp().sum(0) - torch.bincount(target, minlength=10)) / len(target)
# my_bias_gradient
def my_bias_gradient(log_probs, target):
    probs = np.exp(log_probs.numpy())
    probs[range(len(target)), target.numpy()] -= 1
    return probs.mean(axis=0)
# my_bias_gradient
def my_bias_gradient(log_probs, target):
    return [float(log_probs[:, c].exp().mean() - (target == c).float().mean()) for c in range(10)]
# my_cross_entropy
def my_cross_entropy(logits, target):
    return -logits.log_softmax(1)[range(len(target)), target].mean()
# my_cross_entropy
def my_cross_entropy(logits, target):
    x, y = logits.numpy(), target.numpy()
    top = x.max(1, keepdims=True)
    lse = np.log(np.exp(x - top).sum(1)) + top[:, 0]
    return (lse - x[np.arange(len(y)), y]).mean()
# my_cross_entropy
def my_cross_entropy(logits, target):
    losses = [row.logsumexp(0) - row[t] for row, t in zip(logits, target)]
    return sum(losses).item() / len(losses)
# MyNet
class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(784, hidden) / 28)
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(torch.zeros(hidden, 10))
        self.b2 = nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return (xb @ self.w1 + self.b1).relu() @ self.w2 + self.b2
# MyNet
def MyNet(hidden):
    return nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))
# MyNet
class MyNet(nn.Sequential):
    def __init__(self, hidden):
        super().__init__(nn.LazyLinear(hidden), nn.ReLU(), nn.LazyLinear(10))
# my_batches
def my_batches(x, y, bs):
    for chosen in torch.randperm(len(x)).split(bs):
        yield x[chosen], y[chosen]
# my_batches
def my_batches(x, y, bs):
    order = torch.randperm(len(x))
    return zip(x[order].split(bs), y[order].split(bs))
# my_batches
def my_batches(x, y, bs):
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), bs, shuffle=True)
# MySGD
class MySGD:
    def __init__(self, params, lr, momentum):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.v = {}

    @torch.no_grad()
    def step(self):
        for p in self.params:
            self.v[p] = self.momentum * self.v.get(p, 0) + p.grad
            p.copy_(p - self.lr * self.v[p])

    def zero_grad(self):
        for p in self.params:
            p.grad = None
# MySGD
class MySGD:
    def __init__(self, params, lr, momentum):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def step(self):
        for i, p in enumerate(self.params):
            self.velocities[i] = self.momentum * self.velocities[i] + p.grad
            p.data -= self.lr * self.velocities[i]

    def zero_grad(self):
        for p in self.params:
            p.grad.zero_() if p.grad is not None else None
# my_batch_norm
def my_batch_norm(x, bn):
    mean, var = (x.mean(0), x.var(0, unbiased=False)) if bn.training else (bn.running_mean, bn.running_var)
    scale = bn.weight * torch.rsqrt(var + bn.eps)
    return x * scale + (bn.bias - mean * scale)
# my_batch_norm
def my_batch_norm(x, bn):
    x = x.numpy()
    mean, var = bn.running_mean.numpy(), bn.running_var.numpy()
    if bn.training:
        mean, var = x.mean(0), x.var(0)
    return (x - mean) / np.sqrt(var + bn.eps) * bn.weight.numpy() + bn.bias.numpy()
# my_step
def my_step(model, opt, xb, yb):
    opt.zero_grad()
    logits = model(xb)
    loss = -logits.log_softmax(1)[range(len(yb)), yb].mean()
    loss.backward()
    opt.step()
    return loss.tolist()
# my_shapes
class my_shapes:
    def __new__(cls, model, x):
        found = []
        for layer in model:
            layer.register_forward_hook(lambda *seen: found.append(tuple(seen[-1].shape)))
        model(x)
        return found
# my_conv
def my_conv(x, weight):
    k = weight.shape[2]
    h, w = x.shape[1] - k + 1, x.shape[2] - k + 1
    return np.array([[[np.sum(x[:, i : i + k, j : j + k] * f) for j in range(w)] for i in range(h)] for f in weight])
# my_adamw
def my_adamw(p, g, m, v, t, lr, b1, b2, eps, decay):
    p, g, m, v = (torch.tensor(a) for a in (p, g, m, v))
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    step = m / (1 - b1**t) / ((v / (1 - b2**t)).sqrt() + eps)
    return (p * (1 - lr * decay) - lr * step).numpy(), m.numpy(), v.numpy()
# my_collate
def my_collate(rows):
    H, W = (max(p.shape[d] for p, _ in rows) for d in (0, 1))
    x = np.array([[[p[i, j] if i < p.shape[0] and j < p.shape[1] else 0 for j in range(W)] for i in range(H)] for p, _ in rows])
    return x, np.array([y for _, y in rows], dtype=np.int64)
# my_share
def my_share(order, rank, world):
    n = -(-len(order) // world)
    return torch.stack([order[(rank + world * k) % len(order)] for k in range(n)])
# my_pictures
def my_pictures(images):
    return torch.stack([images[..., c] for c in range(3)], dim=1).float().div(255)
# my_update
class Update:
    def __call__(self, params, lr):
        for p in params:
            p.data = p.data - lr * p.grad
            p.grad = torch.zeros_like(p)
my_update = Update()
# my_losses
def my_losses(xb, yb, weights, bias, lr, steps):
    w, b = weights.clone().requires_grad_(), bias.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.nll_loss((xb @ w + b).log_softmax(1), yb)
        loss.backward()
        w.data -= lr * w.grad
        b.data -= lr * b.grad
        losses.append(loss.detach().numpy().item())
    return losses
# my_tanh
class Tanh:
    def __call__(self, x):
        return operation(np.tanh, lambda g, y, a: g * (1 - np.tanh(a) ** 2))(x)
my_tanh = Tanh()
# my_shift
def my_shift(x, most):
    out = torch.zeros_like(x)
    for k in range(len(x)):
        wide = F.pad(x[k], [most] * 4)
        i, j = np.random.randint(0, 2 * most + 1, 2)
        out[k] = wide[:, i : i + 28, j : j + 28]
    return out
""")

CHANGED += attempts_memory.CHANGED
WRITTEN += attempts_memory.WRITTEN
ALSO_RIGHT += attempts_memory.ALSO_RIGHT
WRITTEN_RIGHT += attempts_memory.WRITTEN_RIGHT


def changed(name: str, old: str, new: str) -> str:
    """Return the solution with one thing changed."""
    code = solution(name) + "\n"
    assert code.count(old) >= 1, f"{old!r} does not stand in the solution of {name}"
    return code.replace(old, new)


RIGHT = [(n, changed(n, old, new)) for n, old, new in ALSO_RIGHT] + WRITTEN_RIGHT
WRONG = [(n, changed(n, old, new), key) for n, old, new, key in CHANGED] + WRITTEN


def run(name: str, code: str):
    """Define a learner's function or class as a cell of a notebook does, and return it."""
    names, file = dict(NAMES), f"<cell {next(COUNT)}>"
    linecache.cache[file] = len(code), None, code.splitlines(True), file
    exec(compile(code, file, "exec"), names)
    return names[name]
