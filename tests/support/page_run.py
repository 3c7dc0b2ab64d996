"""Run a page's program as the gallery does, with made-up digits in the place of MNIST."""

import contextlib
import io
import linecache
import re
import sys
from itertools import chain
from types import ModuleType, SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from gallery_scripts import GALLERY, blocks

LABEL = re.compile(r"^\.\. _([\w-]+):$", re.M)


def learnable(*sizes, noise=0.5, doubt=0.0):
    """Make pairs of noisy copies of ten pictures and their labels, some of which are wrong."""
    rng = np.random.default_rng(0)
    n, ten = sum(sizes), rng.random((10, 784)) > 0.8
    y = rng.integers(0, 10, n)
    x = ((1 - noise) * ten[y] + noise * rng.random((n, 784))).astype(np.float32)
    y = np.where(rng.random(n) < doubt, rng.integers(0, 10, n), y)
    ends = np.cumsum(sizes)
    return list(zip(np.split(x, ends[:-1]), np.split(y, ends[:-1]), strict=True))


def run_page(name, mnist, *, show=plt.close, before=None, after=None, **given):
    """Run a page's cells; return what it printed, and its names.

    `said` maps each section to what its cells printed, `left` to the names after it; `printed` has
    all lines, `names` those at the end, of which the page finds some `given`. `before` and `after`
    each cell somebody may look at the names.
    """
    source, label = ModuleType("data"), ""
    source.get_mnist = lambda *_: mnist
    text = (GALLERY / "en" / name).read_text(encoding="utf-8")
    linecache.cache[name] = len(text), None, text.splitlines(True), name
    page = SimpleNamespace(said={}, left={}, names={"__name__": "__main__"} | given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mnist_tut.data", source)
        patch.setattr(plt, "show", show)
        for block in blocks("en", name):
            if block.type == "text":
                label = [label, *LABEL.findall(block.content)][-1]
                continue
            if before:
                before(block.content, page.names)
            code = compile("\n" * (block.lineno - 1) + block.content, name, "exec")
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(code, page.names)
            page.said.setdefault(label, []).append(out.getvalue())
            page.left[label] = SimpleNamespace(**page.names)
            if after:
                after(page.names)
    page.printed = "".join(chain(*page.said.values())).splitlines()
    return page
