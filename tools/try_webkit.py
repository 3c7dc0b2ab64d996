"""Open the built site in WebKit, the engine of Safari and of every iPhone: ``make webkit``.

Once before a release, over what engines differ in. Debian's ``webkit2gtk-driver`` drives it, on a
screen of ``xvfb``; as root they are installed. Ends with 1, naming page and fault, if anything is
not as a reader needs it.
"""

import functools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import browser
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

SITE = Path(__file__).parents[1] / "build" / "html"
PROGRAMS = ["WebKitWebDriver", "Xvfb"]
WIDTHS = [450, 1280]  # narrower than 450 this browser does not get
Window = webdriver.WebKitGTK


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that keeps its log to itself."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def screen() -> Iterator[None]:
    """Have a screen that nobody sees."""
    read, write = os.pipe()
    size = ["-screen", "0", "1440x1000x24", "-nolisten", "tcp"]
    command = ["Xvfb", "-displayfd", str(write), *size]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        os.environ["DISPLAY"] = f":{told.readline().strip()}"
    yield
    process.terminate()
    process.wait()


@contextmanager
def served() -> Iterator[str]:
    """Serve the site on this machine; give its address."""
    handler = functools.partial(Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def opened() -> Iterator[Window]:
    """Open WebKit's small browser."""
    options = Options()
    [options.binary_location] = map(
        str, Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")
    )
    options.add_argument("--automation")
    window = webdriver.WebKitGTK(options, Service("/usr/bin/WebKitWebDriver"))
    window.set_script_timeout(60)
    yield window
    window.quit()


def until(window: Window, script: str, seconds: float = 30) -> bool:
    """Wait until a script returns something; return whether it did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if window.execute_script(f"return {script}"):
            return True
        time.sleep(0.1)
    return False


# What is looked at: each gives the faults that it finds on a page --------------------------------


def too_wide(window: Window) -> Iterator[str]:
    """Say how far a page can be pushed sideways."""
    script = "return document.documentElement.scrollWidth - innerWidth"
    if (over := window.execute_script(script)) > 0:
        yield f"is {over} px wider than the window"


def jumps(window: Window) -> Iterator[str]:
    """Scroll up from the end, past figures that wake, and see whether the line read stays."""
    window.execute_script("scrollTo(0, document.documentElement.scrollHeight)")
    time.sleep(0.5)
    script = """
      const done = arguments[0];
      scrollBy(0, -600);
      requestAnimationFrame(() => {
        const line = document.elementFromPoint(innerWidth / 3, innerHeight / 2);
        const before = line.getBoundingClientRect().top;
        setTimeout(() => done([scrollY, line.getBoundingClientRect().top - before]), 150);
      });"""
    place, worst = 1, 0.0
    while place > 0:
        place, moved = window.execute_async_script(script)
        worst = max(worst, abs(moved))
    if worst > 40:
        yield f"moves the line that is read by {worst:.0f} px"


def lost_section(window: Window) -> Iterator[str]:
    """Jump to sections, and see which one the contents list marks."""
    script = """
      const links = [...document.querySelectorAll(".page-toc a[href^='#'], #pst-page-toc-nav a")];
      return links.map(link => link.getAttribute("href"))"""
    for link in window.execute_script(script)[1:6]:
        window.execute_script(f"location.hash = '{link}'")
        marked = f"document.querySelector('a.active[href=\"{link}\"]')"
        if not until(window, marked, 3):
            yield f"does not mark {link} in the contents"


def dead_pad(window: Window) -> Iterator[str]:
    """Draw a stroke on the pad, and see whether it is read."""
    if not window.find_elements(By.CSS_SELECTOR, "[data-alive=draw]"):
        return
    window.execute_script(
        "document.querySelector('[data-alive=draw]').scrollIntoView({block: 'center'})"
    )
    if not until(window, "document.querySelector('.alive-pad')"):
        yield "has no pad"
        return
    pad = window.find_element(By.CSS_SELECTOR, ".alive-pad")
    window.execute_script("arguments[0].scrollIntoView({block: 'center'})", pad)
    step = pad.size["height"] // 4
    hand = ActionChains(window, duration=30).move_to_element_with_offset(pad, 0, -step)
    hand.click_and_hold()
    for _ in range(8):
        hand.move_by_offset(0, step // 4)
    hand.release().perform()
    shares = (
        "[...document.querySelectorAll('.alive-share')]"
        ".some(share => parseFloat(share.textContent.replace('>', '')) > 50)"
    )
    if not until(window, shares):
        yield "does not read what is drawn"


def dead_search(window: Window) -> Iterator[str]:
    """Search for what the address asks."""
    if not window.current_url.split("?")[0].endswith("search.html"):
        return
    if not until(window, "document.querySelector('main a[href*=\"nn_tutorial\"]')"):
        yield "finds nothing"


LOOKS = [too_wide, lost_section, dead_pad, dead_search, jumps]


def main(*wanted: str) -> int:
    """Look at these pages, such as ``en/index.html``, or at all; return the exit status."""
    if not all(map(shutil.which, PROGRAMS)) and browser.root():
        browser.install("webkit2gtk-driver", "xvfb")
    if not all(map(shutil.which, PROGRAMS)):
        print("As root: apt-get install webkit2gtk-driver xvfb")
        return 1
    scripts = sorted((SITE.parents[1] / "gallery").glob("*/*.py"))
    names = [f"{s.parent.name}/tutorials/{s.stem}.html" for s in scripts]
    others = ("index.html", "search.html?q=DataLoader")
    names += [f"{s.name}/{other}" for s in SITE.glob("??") for other in others]
    found = 0
    with screen(), served() as address, opened() as window:
        for width in WIDTHS:
            window.set_window_size(width, 900)
            for name in wanted or names:
                window.get(f"{address}/{name}")
                faults = [fault for look in LOOKS for fault in look(window)]
                said = "\n  ".join(faults) or "nothing to report"
                print(f"{name}, {width} px: {said}", flush=True)
                found += len(faults)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
