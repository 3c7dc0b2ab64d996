"""What a program of the gallery finds around it, and that all is as before afterwards."""

import os
import tempfile
from pathlib import Path

import matplotlib as mpl
import pytest
from ext import surroundings

import mnist_tut.data
import mnist_tut.mnist


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(surroundings, "ROOT", tmp_path)
    with mpl.rc_context():
        yield tmp_path
    surroundings.prepare({}, "x.py", when="after")


def test_a_script_finds_the_builds_mnist_style_and_folder_and_nothing_stays(root):
    before = mnist_tut.data.get_mnist, tempfile.gettempdir()
    surroundings.prepare({}, "x.py", when="before")
    assert mnist_tut.data.get_mnist is mnist_tut.mnist.get_mnist
    folder = Path(tempfile.mkdtemp())
    assert folder.is_relative_to(root / "build")
    assert Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) == folder.parent
    assert mpl.rcParams["figure.facecolor"] == "none"
    surroundings.prepare({}, "x.py", when="after")
    assert (mnist_tut.data.get_mnist, tempfile.gettempdir()) == before
    assert list((root / "build").iterdir()) == []


def test_the_next_script_or_folder_begins_afresh(root):
    surroundings.prepare({}, "x.py", when="before")
    first = tempfile.gettempdir()
    surroundings.prepare({}, "y.py", when="before")
    assert tempfile.gettempdir() != first
    surroundings.prepare({}, None, when="before")
    assert list((root / "build").iterdir()) == []
