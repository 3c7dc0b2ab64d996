"""Find the browsers for the tests, Chromium and Firefox, or install them and say so.

Run by ``make test``. A browser that is there already is preferred; Playwright's own download is
tried next, and Debian's package last.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def own(kind: str) -> str | None:
    """Return the path of the browser that Playwright downloaded, if it did."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = getattr(playwright, kind).executable_path
    return path if Path(path).exists() else None


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    named = os.environ.get("MNIST_TUT_BROWSER")
    return (
        named or next(filter(None, map(shutil.which, NAMES)), None) or own("chromium")
    )


def root() -> bool:
    """Whether we may install Debian's packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def download(kind: str, *options: str) -> bool:
    """Let Playwright download a browser, and return whether it could."""
    print(f"No {kind} found: trying 'playwright install {kind}' ...", flush=True)
    command = [sys.executable, "-m", "playwright", "install", *options, kind]
    return subprocess.run(command).returncode == 0


def install_chromium() -> None:
    """Install Chromium, by whichever way works."""
    if not download("chromium") and root():
        print("That failed: installing Debian's package 'chromium' ...", flush=True)
        subprocess.run(["apt-get", "update", "-q"], check=True)
        packages = ["chromium", "fonts-noto-cjk"]
        quiet = ["-q", "-y", "--no-install-recommends"]
        subprocess.run(["apt-get", "install", *quiet, *packages], check=True)


def main() -> int:
    """Make sure that there is Chromium, and try to get Firefox."""
    if find() is None:
        install_chromium()
    browser = find()
    if browser is None:
        print(
            "The browser tests need Chromium: install it, or name it in MNIST_TUT_BROWSER."
        )
        return 1
    print(f"Browser tests use {browser}")
    # Playwright's own, or none: it does not understand Debian's. Only root may add the libraries.
    if own("firefox") or download("firefox", *["--with-deps"] * root()):
        print("and Firefox")
    else:
        print("There is no Firefox: its tests will be skipped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
