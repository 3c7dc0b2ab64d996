"""Fixtures of the tests of getting MNIST."""

import os
import sys
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
import torch
from support.data_world import enter, no_settings, processes, serving

from mnist_tut import strokes


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
        some = torch.arange(784) * 7 % 256 / 256
        return tuple((some.expand(n, 784), torch.arange(n) % 10) for n in sizes)

    monkeypatch.setattr(strokes, "make_strokes", noise)
    return calls


@pytest.fixture(scope="session")
def fork_server():
    """Start the process that makes new ones, with all that the tests of processes import."""
    processes.set_forkserver_preload(["test_faults"])
    with pytest.MonkeyPatch.context() as patch:
        path = [*sys.path, str(Path(__file__).parent)]
        patch.setenv("PYTHONPATH", os.pathsep.join(path))
        forkserver.ensure_running()
