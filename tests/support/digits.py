"""Pictures that can be learnt at once, made up for tests."""

import torch


def made_up_digits(n, templates, generator):
    """Draw noisy copies of the ten templates, on MNIST's value grid of k/256."""
    labels = torch.randint(10, (n,), generator=generator)
    noise = torch.rand(n, templates.shape[1], generator=generator)
    pictures = (0.6 * templates[labels] + 0.4 * noise).mul(256).floor().div(256)
    return pictures, labels
