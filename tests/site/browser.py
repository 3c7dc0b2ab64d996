"""Find a Chromium for the browser tests, or install one and say so.

Run by ``make test``. A browser that is there already is preferred; Playwright's own download is
tried next, and Debian's package last.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def own_chromium() -> str | None:
    """Return the path of the browser that Playwright downloaded, if it did."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def find() -> str | None:
    """Return the path of a browser, or None."""
    named = os.environ.get("MNIST_TUT_BROWSER")
    return named or next(filter(None, map(shutil.which, NAMES)), None) or own_chromium()


def install() -> None:
    """Install a browser, by whichever way works."""
    print("No Chromium found: trying 'playwright install chromium' ...", flush=True)
    if (
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"]
        ).returncode
        == 0
    ):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("That failed: installing Debian's package 'chromium' ...", flush=True)
        subprocess.run(["apt-get", "update", "-q"], check=True)
        packages = ["chromium", "fonts-noto-cjk"]
        quiet = ["-q", "-y", "--no-install-recommends"]
        subprocess.run(["apt-get", "install", *quiet, *packages], check=True)


def main() -> int:
    """Make sure that there is a browser."""
    if find() is None:
        install()
    browser = find()
    if browser is None:
        print(
            "The browser tests need Chromium: install it, or name it in MNIST_TUT_BROWSER."
        )
        return 1
    print(f"Browser tests use {browser}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
