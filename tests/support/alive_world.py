"""A small site with living figures: data, models trained on them, and both languages built."""

import functools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from ext.alive import export
from support.data_world import REAL
from torch import nn, optim

from mnist_tut.mnist.read import read_path
from mnist_tut.models import Mnist_CNN, better_cnn
from mnist_tut.strokes import make_strokes

ROOT = Path(__file__).parents[2]
TITLES = {"en": "Draw and train", "zh": "书写与训练"}
CONF = """
import sys
sys.path.insert(0, {ext!r})
import ext
project, language, extensions = "small", {language!r}, []
locale_dirs = [{locale!r}]
html_theme, html_static_path, html_css_files = "pydata_sphinx_theme", [{static!r}], ["site.css"]
html_show_sourcelink = html_copy_source = False
html_sidebars = {{"**": []}}
html_context = {{"default_mode": "auto"}}
html_theme_options = {{"navbar_end": ["theme-switcher"], "navbar_persistent": []}}


def setup(app):
    ext.register(app, ["alive.figures"])
"""
HEAD = "{title}\n====================\n\n"
FAR = "\n\n".join(map(str, range(80)))  # keeps the figures out of the first screen
PAGES = {
    "index": HEAD
    + ".. toctree::\n   :hidden:\n\n   deep/page\n   far\n\n"
    + ".. draw-digit::\n\n   {title}\n\n.. train-here::\n",
    "deep/page": HEAD + ".. draw-digit::\n   :brief:\n",
    "far": HEAD + FAR + "\n\n.. draw-digit::\n\n.. train-here::\n",
}


class Digits(NamedTuple):
    """Pictures and labels, and which ones they are."""

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_valid: torch.Tensor
    y_valid: torch.Tensor
    source: str


@functools.cache
def digits(source):
    """5,120 and 1,000 pictures of MNIST or of its stand-in."""
    if source == "stand-in":
        (x, y), (x_valid, y_valid), _ = make_strokes(sizes=(5120, 1000, 1))
        return Digits(x, y, x_valid, y_valid, source)
    (x, y), (x_valid, y_valid), _ = read_path(REAL)
    x, y, x_valid, y_valid = map(torch.from_numpy, (x, y, x_valid, y_valid))
    return Digits(x[:5120], y[:5120], x_valid[:1000], y_valid[:1000], source)


def train(model, x, y, epochs=2):
    """Train as the page does."""
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model.train()
    for _ in range(epochs):
        for i in range(0, len(x), 64):
            F.cross_entropy(model(x[i : i + 64]), y[i : i + 64]).backward()
            opt.step()
            opt.zero_grad()
    return model.eval()


class World(NamedTuple):
    """What the tests look into."""

    folder: Path  # of the built site, with a folder for each language
    data: Digits
    start: torch.Tensor
    linear: tuple[torch.Tensor, torch.Tensor]
    cnn: nn.Module
    better: nn.Module

    def page(self, lang, name="index"):
        """Address of a page, opened from its folder."""
        return (self.folder / lang / f"{name}.html").as_uri()

    def logits(self, name, x):
        """What PyTorch says."""
        weights, bias = self.linear
        with torch.no_grad():
            if name == "linear":
                return x @ weights + bias
            return self.cnn(x) if name == "cnn" else self.better(x.view(-1, 1, 28, 28))


def build(folder):
    """Train, export and build."""
    data = digits("MNIST" if REAL else "stand-in")
    torch.manual_seed(42)
    start = torch.randn(784, 10) / 28
    linear = nn.Linear(784, 10)
    with torch.no_grad():
        linear.weight.copy_(start.T)
        linear.bias.zero_()
    opt = optim.SGD(linear.parameters(), lr=0.5)
    for i in range(0, len(data.x_train), 64):
        F.cross_entropy(
            linear(data.x_train[i : i + 64]), data.y_train[i : i + 64]
        ).backward()
        opt.step()
        opt.zero_grad()
    torch.manual_seed(2)
    cnn = train(Mnist_CNN(), data.x_train, data.y_train)
    torch.manual_seed(2)
    better = train(
        better_cnn(), data.x_train.view(-1, 1, 28, 28), data.y_train, epochs=1
    )
    world = World(
        folder,
        data,
        start,
        (linear.weight.detach().T, linear.bias.detach()),
        cnn,
        better,
    )
    exported = folder / "alive"
    export.export(
        exported, world.linear, cnn, better, start,
        (data.x_train, data.y_train), (data.x_valid, data.y_valid), data.source,
    )  # fmt: skip
    builds = []
    for lang in TITLES:
        source, out = folder / "source" / lang, folder / lang
        shutil.copytree(exported, out / "_static" / "alive")
        settings = {
            "ext": str(ROOT / "docs"),
            "static": str(ROOT / "docs" / "_static"),
            "language": {"en": "en", "zh": "zh_CN"}[lang],
            "locale": str(ROOT / "docs" / "locale"),
        }
        for name, text in PAGES.items():
            path = source / f"{name}.rst"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(title=TITLES[lang]), encoding="utf-8")
        (source / "conf.py").write_text(CONF.format(**settings), encoding="utf-8")
        command = [sys.executable, "-m", "sphinx", "-W", "-q"]
        command += ["-D", "html_search_language=en", str(source), str(out)]
        builds.append(subprocess.Popen(command))
    assert [build.wait() for build in builds] == [0, 0]
    return world
