"""Fixtures that several test files share."""

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings

mpl.use("Agg")
torch.set_num_threads(1)  # on batches this small, threads only wait for one another

# The same examples in every run, and no time limit on any of them: a slow machine is no fault.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def seed():
    """Let no test depend on which tests ran before it."""
    torch.manual_seed(0)


def made_up_digits(n, templates, generator):
    """Draw noisy copies of the ten templates, on MNIST's value grid of k/256."""
    labels = torch.randint(10, (n,), generator=generator)
    noise = torch.rand(n, templates.shape[1], generator=generator)
    pictures = (0.6 * templates[labels] + 0.4 * noise).mul(256).floor().div(256)
    return pictures, labels


@pytest.fixture(scope="session")
def data():
    """x_train, y_train, x_valid, y_valid: 300 and 110 learnable pictures of 784 pixels."""
    generator = torch.Generator().manual_seed(784)
    templates = (torch.rand(10, 784, generator=generator) > 0.8).float()
    return *made_up_digits(300, templates, generator), *made_up_digits(
        110, templates, generator
    )
