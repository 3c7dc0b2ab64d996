"""Fixtures of the tests of getting MNIST."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.data_world import Server, enter, outside_settings, serving

from mnist_tut.mnist import strokes


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give a test a small MNIST and a cache of its own; no settings from outside, no network."""
    enter(monkeypatch.setattr)
    for name in outside_settings():
        monkeypatch.delenv(name)
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path / "数据 cache"))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record each time the stand-in is drawn, and draw it quickly: as noise."""
    calls: list[Any] = []

    def noise(seed: int = 0, sizes: tuple[int, ...] = ()) -> Any:
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
