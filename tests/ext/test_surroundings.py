"""What a program of the gallery finds around it, and that all is as before afterwards."""

import os
import subprocess
import sys
import tempfile
import time
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
    before = mnist_tut.data.get_mnist, tempfile.gettempdir(), subprocess.run
    surroundings.prepare({}, "x.py", when="before")
    assert mnist_tut.data.get_mnist is mnist_tut.mnist.get_mnist
    folder = Path(tempfile.mkdtemp())
    assert folder.is_relative_to(root / "build")
    assert Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) == folder.parent
    assert mpl.rcParams["figure.facecolor"] == "none"
    surroundings.prepare({}, "x.py", when="after")
    assert (mnist_tut.data.get_mnist, tempfile.gettempdir(), subprocess.run) == before
    assert list((root / "build").iterdir()) == []


def test_the_next_script_or_folder_begins_afresh(root):
    surroundings.prepare({}, "x.py", when="before")
    first = tempfile.gettempdir()
    surroundings.prepare({}, "y.py", when="before")
    assert tempfile.gettempdir() != first
    surroundings.prepare({}, None, when="before")
    assert list((root / "build").iterdir()) == []


PARENT = """
import subprocess, sys
from ext import surroundings

surroundings.ROOT = surroundings.ROOT.__class__({folder!r})
surroundings.prepare({{}}, "x.py", "before")
child = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
subprocess.run([sys.executable, "-c", child])
"""


def is_alive(pid):
    """Whether a process is there, and not only waits to be buried."""
    status = Path("/proc", str(pid), "status")
    return status.exists() and "State:\tZ" not in status.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_what_a_build_has_started_ends_when_the_build_is_killed(tmp_path):
    code = PARENT.format(folder=str(tmp_path))
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    build = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | path)
    child = int(build.stdout.readline())
    assert is_alive(child)
    build.kill()
    build.communicate()
    end = time.monotonic() + 60
    while is_alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_alive(child)
