"""Find the browsers for the tests, Chromium and Firefox, or install them and say so.

Run by ``make test``. A browser that is there already is preferred; for Chromium, Playwright's own
download is tried next, and Debian's package last. Firefox is Debian's, driven over WebDriver BiDi.
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
ASK = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def starts() -> bool:
    """Whether Playwright's own Node runs here; on a minimal Debian it lacks a library."""
    from playwright._impl._driver import compute_driver_executable

    node = compute_driver_executable()[0]
    try:
        command = [node, "--version"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def own() -> str | None:
    """Return the path of the Chromium that Playwright downloaded, if it did."""
    if not starts():
        return None
    # in a process of its own: where Playwright is in use already, it cannot be started again
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
    path = asked.stdout.strip()
    return path if path and Path(path).exists() else None


def runs(path: str) -> bool:
    """Whether a browser starts here: a downloaded one may lack libraries of the system."""
    try:
        return subprocess.run([path, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def find() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    if named := os.environ.get("MNIST_TUT_BROWSER"):
        return named if runs(named) else None
    there = [path for name in NAMES if (path := shutil.which(name)) and runs(path)]
    if there:
        return there[0]
    path = own()
    return path if path and runs(path) else None


def firefox() -> str | None:
    """Return the path of an installed Firefox, or None: Playwright's own is not asked for."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


def has_chinese_font() -> bool:
    """Whether Chinese would be printed in letters: without a font, browsers print boxes."""
    if shutil.which("fc-list") is None:
        return sys.platform != "linux"  # elsewhere, systems bring one
    listed = subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True)
    return bool(listed.stdout.strip())


def root() -> bool:
    """Whether we may install Debian's packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def download() -> bool:
    """Let Playwright download Chromium, and return whether it could."""
    print("No Chromium found: trying 'playwright install chromium' ...", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    return subprocess.run(command).returncode == 0


def install(*packages: str) -> None:
    """Install Debian's packages, and go on if that fails."""
    print(f"Installing Debian's {' and '.join(packages)} ...", flush=True)
    quiet = ["-q", "-y", "--no-install-recommends"]
    for command in (["update", "-q"], ["install", *quiet, *packages]):
        if subprocess.run(["apt-get", *command]).returncode:
            return


def main() -> int:
    """Try to get Chromium and Firefox; say which tests will be skipped where they cannot be had."""
    if not starts() and root():
        install("libatomic1")  # what Playwright's Node needs
    if find() is None and not (starts() and download()) and root():
        install("chromium")
    if not has_chinese_font() and root():
        install("fonts-noto-cjk")
    browser = find()
    if browser is None or not starts():
        print(
            "There is no browser that starts, so the tests in tests/site that open one are"
        )
        print(
            "skipped and named. As root: apt-get install chromium libatomic1; or name a"
        )
        print("Chromium that starts in MNIST_TUT_BROWSER.")
        return 0
    print(f"Browser tests use {browser}")
    if firefox() is None and root():
        install("firefox-esr")
    if firefox():
        print(f"and {firefox()}")
    else:
        print("There is no Firefox: its tests will be skipped")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
