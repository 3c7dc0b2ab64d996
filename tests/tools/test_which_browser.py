"""Which Chromium the tests take: only one that starts."""

import subprocess
import sys
from pathlib import Path

import browser
import pytest


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put programs on an otherwise empty path, each with the status that it ends with."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MNIST_TUT_BROWSER", raising=False)

    def write(name, status):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\nexit {status}\n")
        path.chmod(0o755)
        return str(path)

    return write


def test_a_chromium_that_lacks_a_library_is_not_taken(program, monkeypatch):
    monkeypatch.setattr(browser, "own", lambda: program("downloaded", 127))
    assert browser.find() is None
    program("chromium", 127)
    works = program("google-chrome", 0)
    assert browser.find() == works


def test_the_downloaded_one_is_taken_where_it_starts(program, monkeypatch):
    works = program("downloaded", 0)
    monkeypatch.setattr(browser, "own", lambda: works)
    assert browser.find() == works
    monkeypatch.setattr(browser, "own", lambda: None)
    assert browser.find() is None


@pytest.mark.parametrize("status", [0, 1, None])
def test_a_named_one_is_taken_alone(program, monkeypatch, status):
    program("chromium", 0)
    named = program("mine", status) if status is not None else "/nowhere/chromium"
    monkeypatch.setenv("MNIST_TUT_BROWSER", named)
    assert browser.find() == (named if status == 0 else None)


def test_the_downloaded_one_is_asked_for_while_tests_use_playwright_already():
    program = (
        "import browser\n"
        "from pathlib import Path\n"
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright:\n"
        "    path = playwright.chromium.executable_path\n"
        "    assert browser.own() == (path if Path(path).exists() else None)\n"
    )
    tools = Path(browser.__file__).parent
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tools)
