"""Which build of PyTorch is taken: for CPUs, where nothing could run another."""

import platform
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import torch_build

PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"
WHEEL = f"torch-2.13.0+cpu-{PYTHON}-{PYTHON}-manylinux_2_28_{platform.machine()}.whl"
DRIVEN = torch_build.has_nvidia_driver  # as it is where no test has set it


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A Linux without an NVIDIA driver, and no settings."""
    for name in (torch_build.CHOICE, torch_build.ADDRESSES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(torch_build, "has_nvidia_driver", lambda: False)
    return monkeypatch


@pytest.fixture
def index(tmp_path, machine):
    """A small index on this machine, laid out like PyTorch's own: a page of links for torch."""
    folder = tmp_path / "whl" / "cpu" / "torch"
    folder.mkdir(parents=True)
    links = f'<a href="/{WHEEL.replace("+", "%2B")}#sha256=0">{WHEEL}</a><br>'
    (folder / "index.html").write_text(links)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/whl/cpu"
        machine.setenv(torch_build.ADDRESSES, address)
        yield address
        server.shutdown()


def test_without_a_driver_the_build_for_cpus_is_found(index):
    assert torch_build.page("2.13.0") == f"{index}/torch/"
    assert torch_build.page("") == f"{index}/torch/"


@pytest.mark.parametrize("version", ["2.13", "2.13.0.1", "2.12.0"])
def test_another_version_is_not_taken_for_it(index, version):
    assert torch_build.page(version) is None


def test_a_mirror_that_has_all_files_on_one_page_will_do(index):
    assert torch_build.page("2.13.0") is not None
    flat = f"{index}/torch"
    torch_build.os.environ[torch_build.ADDRESSES] = flat  # has no page torch/torch/
    assert torch_build.page("2.13.0") == f"{flat}/"


def test_the_first_address_that_has_it_is_taken(index, machine):
    dead = "http://127.0.0.1:9/whl/cpu"
    machine.setenv(torch_build.ADDRESSES, f"{dead} {index[:-4]} {index}")
    assert torch_build.page("2.13.0") == f"{index}/torch/"


def test_where_nobody_answers_nothing_is_found(machine):
    for address in ("http://127.0.0.1:9/whl", "http://no.invalid/whl", "nonsense"):
        machine.setenv(torch_build.ADDRESSES, address)
        assert torch_build.page("2.13.0") is None


def test_a_folder_of_ones_own_comes_first(index, tmp_path):
    (tmp_path / WHEEL).touch()
    folders = [str(tmp_path / "none"), str(tmp_path)]
    assert torch_build.page("2.13.0", folders) == str(tmp_path)


@pytest.mark.parametrize(
    ("choice", "driver", "wanted"),
    [
        ("", False, True),
        ("auto", False, True),
        ("auto", True, False),
        ("cpu", True, True),
        ("default", False, False),
    ],
)
def test_the_driver_decides_unless_the_reader_has(machine, choice, driver, wanted):
    machine.setenv(torch_build.CHOICE, choice)
    machine.setattr(torch_build, "has_nvidia_driver", lambda: driver)
    assert bool(torch_build.indexes()) == wanted


@pytest.mark.parametrize("driver", [True, False])
@pytest.mark.parametrize("tool", [None, "/usr/bin/nvidia-smi"])
def test_one_sign_of_a_gpu_is_enough(monkeypatch, driver, tool):
    monkeypatch.setattr(torch_build.Path, "exists", lambda path: driver)
    monkeypatch.setattr(torch_build.shutil, "which", lambda name: tool)
    assert DRIVEN() == (driver or tool is not None)  # WSL has the tool alone


def test_other_systems_have_one_build(machine):
    machine.setattr(sys, "platform", "darwin")
    assert torch_build.indexes() == []


def test_the_address_is_pytorchs_own_unless_another_is_named(machine):
    assert torch_build.indexes() == ["https://download.pytorch.org/whl/cpu"]
