"""Fixtures that several test files share."""

import os

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings
from support.digits import made_up_digits

mpl.use("Agg")
# On batches this small, threads only wait for one another; so they do in programs that we start.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run, and no time limit on any of them: a slow machine is no fault.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


#: The files that take longest come first, so that no worker is left with one of them at the end.
SLOW = """downloads alive many_page when_it_goes_wrong search project incremental engines every_page
exercises live browser new_page_and_language train_here run_once controls glossary docstrings
your_own_project inside_page wrong_differs time_page"""


def pytest_collection_modifyitems(items):
    """Put the slow files first; within a file everything stays in its order."""
    slow = [f"test_{name}" for name in SLOW.split()]
    items.sort(
        key=lambda item: slow.index(item.path.stem) if item.path.stem in slow else 99
    )


@pytest.fixture(autouse=True)
def seed():
    """Let no test depend on which tests ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def data():
    """x_train, y_train, x_valid, y_valid: 300 and 110 learnable pictures of 784 pixels."""
    generator = torch.Generator().manual_seed(784)
    templates = (torch.rand(10, 784, generator=generator) > 0.8).float()
    return *made_up_digits(300, templates, generator), *made_up_digits(
        110, templates, generator
    )
