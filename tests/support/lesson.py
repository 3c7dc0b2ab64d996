"""A tutorial in miniature: a package, its tests, and a page of a gallery in two languages."""

from contextlib import contextmanager

from bs4 import BeautifulSoup
from ext import package_source
from gallery_scripts import ROOT
from miniature import CONF
from sphinx.testing.util import SphinxTestApp

OURS = [
    "boxes",
    "downloads",
    "fresh",
    "loops",
    "markup",
    "tested_source",
]
PACKAGE = {
    "__init__": "",
    "by_hand": '''
import torch

__all__ = ["accuracy", "log_softmax", "nll"]


def log_softmax(x):
    """Log-probabilities."""
    x = x - x.amax(dim=1, keepdim=True)
    return x - x.exp().sum(dim=1, keepdim=True).log()


def nll(log_probs, target):
    """Mean negative log-likelihood."""
    return -log_probs[torch.arange(len(target)), target].mean()


def accuracy(out, yb):
    """Share that is right."""
    return (out.argmax(dim=1) == yb).float().mean()
''',
    "models": '''
from torch import nn

__all__ = ["Mnist_Logistic"]


class Mnist_Logistic(nn.Module):
    """Logistic regression.

    With one layer.
    """

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 3)

    def forward(self, xb):
        """Logits."""
        return self.lin(xb)
''',
    "training": '''
from torch import optim

from mnist_tut.models import Mnist_Logistic

__all__ = ["fit", "get_model", "loss_batch"]


def get_model(lr):
    """Model and optimizer."""
    model = Mnist_Logistic()
    return model, optim.SGD(model.parameters(), lr=lr)


def loss_batch(model, loss_func, xb, yb, opt):
    """One step."""
    loss = loss_func(model(xb), yb)
    loss.backward()
    opt.step()
    opt.zero_grad()
    return loss.item()


def fit(epochs, model, loss_func, opt, train_dl):
    """Train."""
    for epoch in range(epochs):
        losses = [loss_batch(model, loss_func, xb, yb, opt) for xb, yb in train_dl]
        print(epoch, sum(losses))
''',
    "plots": '''
import math

import torch

from mnist_tut.by_hand import accuracy

WIDTH = 3


def show_digits(pictures):
    """Draw."""
    return math.ceil(len(pictures) / WIDTH), accuracy(torch.eye(2), torch.arange(2))
''',
    "data": '''
def get_mnist():
    """Get it."""
    return load()


def load():
    """Load it."""
    return 1
''',
}
TESTS = {
    "test_by_hand": """
import pytest

from mnist_tut.by_hand import accuracy, log_softmax, nll


@pytest.fixture
def by_fixture():
    return accuracy(1, 2)


def helper():
    return accuracy(1, 2)


def test_log_softmax_sums_to_one():
    assert log_softmax(1)


def test_nll_is_a_mean():
    assert nll(log_softmax(1), 2)


def test_something_else(by_fixture):
    assert helper()


class TestMany:
    @pytest.mark.parametrize("func", [nll])
    def test_all_are_small(self, func):
        assert func
""",
    "test_training": """
from mnist_tut import training
from mnist_tut.by_hand import accuracy


def test_fit_trains():
    assert training.fit and accuracy


def test_a_step_lowers_the_loss():
    assert training.loss_batch


def test_a_model_comes_with_its_optimizer():
    assert training.get_model
""",
    "test_models": "from mnist_tut.models import Mnist_Logistic\n\n\n"
    "def test_it_is_linear():\n    assert Mnist_Logistic\n",
}
PAGE = '''
r"""
.. _top:

A lesson
========

See :doc:`/index` and `PyTorch <https://pytorch.org>`_.

.. container:: only-on-site

   Download it at the foot of this page.

"""

# %%
# Data.

import torch

from mnist_tut.data import get_mnist

# sphinx_gallery_start_ignore
seen_by_nobody = True
# sphinx_gallery_end_ignore
from mnist_tut.plots import show_digits

get_mnist()
x_train, y_train = torch.rand(9, 4), torch.arange(9) % 3
n, c = x_train.shape
show_digits(x_train)

# %%
# .. _by-hand:
#
# By hand
# -------
#
# .. tested-source:: mnist_tut.by_hand.log_softmax
#
# .. tested-source:: mnist_tut.by_hand.nll

import math

from mnist_tut.by_hand import log_softmax, nll

weights = torch.randn(c, 3) / math.sqrt(c)
weights.requires_grad_()
bias = torch.zeros(3, requires_grad=True)
start = {"lin.weight": weights.detach().clone().T, "lin.bias": bias.detach().clone()}


def model(xb):
    return log_softmax(xb @ weights + bias)


# %%
# Settings, and a walk-through that no program needs.

loss_func = nll
bs = 4; lr = 0.5
epochs = 2
xb, yb = x_train[:bs], y_train[:bs]
print(loss_func(model(xb), yb))

# %%
# .. loop:: by-hand

# what we said
for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad

            weights.grad.zero_()
            bias.grad.zero_()
print(loss_func(model(xb), yb))

# %%
# Functional
# ----------

import torch.nn.functional as F

loss_func = F.cross_entropy
goal = weights.detach().clone()


# %%
# .. loop:: functional
#    :from: by-hand


def model(xb):
    return xb @ weights + bias


for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= lr * weights.grad
            bias -= lr * bias.grad

            weights.grad.zero_()
            bias.grad.zero_()
assert goal is not None

# %%
# Module
# ------

from torch import nn


class Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 3)

    def forward(self, xb):
        return self.lin(xb)


model = Logistic()
model.load_state_dict(start)

# %%
# .. loop:: module
#    :from: functional

for epoch in range(epochs):
    for i in range(0, n, bs):
        xb, yb = x_train[i : i + bs], y_train[i : i + bs]
        loss = loss_func(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad

        model.zero_grad()
torch.testing.assert_close(model.lin.weight.T, goal)

# %%
# Fit
# ---
#
# .. tested-source:: mnist_tut.training.get_model
#
# .. tested-source:: mnist_tut.training.fit

from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.training import fit, get_model

train_dl = DataLoader(TensorDataset(x_train, y_train), batch_size=bs)

# %%
# .. loop:: fit

model, opt = get_model(lr)
model.load_state_dict(start)
fit(epochs, model, loss_func, opt, train_dl)

# %%
# That is all.

print("the end")
'''
INDEX = """
.. _api:

Home
====

.. toctree::

   tutorials/index

.. py:function:: mnist_tut.by_hand.log_softmax(x)
.. py:function:: mnist_tut.by_hand.nll(x)
.. py:function:: mnist_tut.training.fit(x)
.. py:function:: mnist_tut.training.get_model(x)
"""


def write(folder, monkeypatch, page=PAGE):
    """Write the package, its tests and the page; let our extensions read these."""
    for place, files in (("mnist_tut", PACKAGE), ("tests", TESTS)):
        (folder / place).mkdir()
        for name, text in files.items():
            (folder / place / f"{name}.py").write_text(text)
    for lang in ("en", "zh"):
        gallery = folder / "gallery" / lang
        gallery.mkdir(parents=True)
        (gallery / "GALLERY_HEADER.rst").write_text("G\n=\n")
        (gallery / "nn_tutorial.py").write_text(page.lstrip())
    monkeypatch.setattr(package_source, "ROOT", folder)
    return folder / "gallery" / "en" / "nn_tutorial.py"


@contextmanager
def site(folder, lang="en", extensions=(), index=INDEX, **settings):
    """Build the page, without running it, and lend the application."""
    source = folder / "docs" / lang
    source.mkdir(parents=True, exist_ok=True)
    conf = CONF.format(OURS + [e[4:] for e in extensions if e.startswith("ext.")])
    for name, text in (("conf.py", conf), ("index.rst", index)):
        if not (source / name).exists():
            (source / name).write_text(text)
    gallery = {
        "examples_dirs": [str(folder / "gallery" / lang)],
        "gallery_dirs": ["tutorials"],
        "filename_pattern": "^$",
        "inspect_global_variables": False,
        "write_computation_times": False,
        "download_all_examples": False,
    }
    others = [e for e in extensions if not e.startswith("ext.")]
    app = SphinxTestApp(
        srcdir=source,
        builddir=folder / "build" / lang,
        confoverrides={
            "extensions": ["sphinx.ext.autodoc", "sphinx_gallery.gen_gallery", *others],
            "exclude_patterns": ["tutorials/*.ipynb", "tutorials/*.py"],
            "html_theme": "basic",
            "language": {"en": "en", "zh": "zh_CN"}[lang],
            "locale_dirs": [str(ROOT / "docs" / "locale")],
            "sphinx_gallery_conf": gallery,
            **settings,
        },
    )
    try:
        app.build()
        yield app
    finally:
        app.cleanup()


def html(app, name="tutorials/nn_tutorial"):
    """Parse a page of the site."""
    text = (app.outdir / f"{name}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html5lib")
