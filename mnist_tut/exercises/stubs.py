"""What the learner is given: a signature to fill in, or a program with a fault in it."""

# Each ... on a line of its own, to be replaced:
# fmt: off

import torch
import torch.nn.functional as F
from torch import nn


def my_log_sum_exp(x):
    ...


def my_nll(log_probs, target):
    ...


def my_top3(out, yb):
    ...


def my_bias_gradient(log_probs, target):
    ...


def my_update(params, lr):
    ...


def my_losses(xb, yb, weights, bias, lr, steps):
    weights = weights.clone().requires_grad_()
    bias = bias.clone().requires_grad_()
    losses = []
    ...
    return losses


def my_cross_entropy(logits, target):
    ...


class MyNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        ...

    def forward(self, xb):
        ...


class MyStack(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]

    def forward(self, xb):
        for layer in self.layers[:-1]:
            xb = F.relu(layer(xb))
        return self.layers[-1](xb)


class MyInverted(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        ...

    def __getitem__(self, i):
        ...


def my_batches(x, y, bs):
    ...


def my_mean(results):
    ...


class MySGD:
    def __init__(self, params, lr, momentum):
        self.params = list(params)
        self.lr, self.momentum = lr, momentum
        self.velocities = [torch.zeros_like(p) for p in self.params]

    def step(self):
        ...

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def my_batch_norm(x, bn):
    ...


def my_cnn_32():
    ...


def my_freeze(model):
    ...


def my_pictures(images):
    ...


def my_step(model, opt, xb, yb):
    probs = model(xb).softmax(dim=1)
    loss = F.cross_entropy(probs, yb)
    loss.backward()
    opt.step()
    return loss


def my_shift(x, most):
    ...


def my_f1(matrix):
    ...


def my_share(order, rank, world):
    ...


def my_resume(checkpoint, model, opt):
    ...
