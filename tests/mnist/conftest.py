"""Fixtures of the tests of getting MNIST."""

from typing import Any

import pytest
import torch
from support.data_world import enter, no_settings, serving

from mnist_tut.mnist import strokes


@pytest.fixture
def small_world(monkeypatch, tmp_path):
    """Give a test a small MNIST and a cache of its own; no settings from outside, no network."""
    enter(monkeypatch.setattr)
    no_settings(monkeypatch)
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path / "数据 cache"))


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def drawn(monkeypatch):
    """Record each time the stand-in is drawn, and draw it quickly: as noise."""
    calls: list[Any] = []

    def noise(seed=0, sizes=()):
        calls.append(sizes)
        random = torch.Generator().manual_seed(seed)
        return tuple(
            (
                torch.randint(256, (n, 784), generator=random).float() / 256,
                torch.randint(10, (n,), generator=random),
            )
            for n in sizes
        )

    monkeypatch.setattr(strokes, "make_strokes", noise)
    return calls
