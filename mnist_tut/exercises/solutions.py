"""One way to solve each exercise: the build and the tests run it through the check."""

import torch
import torch.nn.functional as F
from torch import nn

from mnist_tut.models import conv_block


def my_log_sum_exp(x):
    largest = x.amax(dim=1)
    return (x - largest[:, None]).exp().sum(dim=1).log() + largest


def my_nll(log_probs, target):
    return -log_probs.gather(1, target[:, None]).mean()


def my_top3(out, yb):
    three = out.topk(3, dim=1).indices
    return (three == yb[:, None]).any(dim=1).float().mean()


def my_bias_gradient(log_probs, target):
    return (log_probs.exp() - F.one_hot(target, 10)).mean(dim=0)


def my_update(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad.zero_()


def my_losses(xb, yb, weights, bias, lr, steps):
    weights = weights.clone().requires_grad_()
    bias = bias.clone().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(xb @ weights + bias, yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad
        losses.append(loss.item())
    return losses


def my_cross_entropy(logits, target):
    right = logits[torch.arange(len(target)), target]
    return (logits.logsumexp(dim=1) - right).mean()


class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lin1 = nn.Linear(784, hidden)
        self.lin2 = nn.Linear(hidden, 10)

    def forward(self, xb):
        return self.lin2(F.relu(self.lin1(xb)))


class MyStack(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, xb):
        for layer in self.layers[:-1]:
            xb = F.relu(layer(xb))
        return self.layers[-1](xb)


class MyInverted(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return 1 - self.x[i], self.y[i]


def my_batches(x, y, bs):
    order = torch.randperm(len(x))
    for i in range(0, len(x), bs):
        chosen = order[i : i + bs]
        yield x[chosen], y[chosen]


def my_mean(results):
    total = count = 0
    for mean, size in results:
        total += mean * size
        count += size
    return total / count


class MySGD:
    def __init__(self, params, lr, momentum):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def step(self):
        with torch.no_grad():
            for p, v in zip(self.params, self.velocities):
                v *= self.momentum
                v += p.grad
                p -= self.lr * v

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def my_batch_norm(x, bn):
    if bn.training:
        mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
    else:
        mean, var = bn.running_mean, bn.running_var
    return (x - mean) / (var + bn.eps).sqrt() * bn.weight + bn.bias


def my_cnn_32():
    return nn.Sequential(
        conv_block(3, 16),
        conv_block(16, 32),
        conv_block(32, 64),
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, 10),
    )


def my_freeze(model):
    model.requires_grad_(False)
    model[-1].requires_grad_(True)
    return list(model[-1].parameters())


def my_pictures(images):
    return images.permute(0, 3, 1, 2) / 255


def my_step(model, opt, xb, yb):
    loss = F.cross_entropy(model(xb), yb)
    loss.backward()
    opt.step()
    opt.zero_grad()
    return loss.item()


def my_shift(x, most):
    side, moved = x.shape[-1], []
    for picture in F.pad(x, (most, most, most, most)):
        i, j = torch.randint(2 * most + 1, (2,)).tolist()
        moved.append(picture[:, i : i + side, j : j + side])
    return torch.stack(moved)


def my_f1(matrix):
    right = matrix.diagonal()
    return 2 * right / (matrix.sum(dim=0) + matrix.sum(dim=1))


def my_share(order, rank, world):
    missing = -len(order) % world
    return torch.cat([order, order[:missing]])[rank::world]


def my_resume(checkpoint, model, opt):
    model.load_state_dict(checkpoint["model"])
    opt.load_state_dict(checkpoint["opt"])
    return checkpoint["epoch"] + 1
