"""How much of our scripts the tests run in Chromium: gathered for ``make coverage``, and printed.

``python script_coverage.py FOLDER`` says what share of each script ran, all tests taken
together, and fails where one is below its floor.
"""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page

STATIC = Path(__file__).parents[2] / "docs" / "_static"
FLOOR = 0.88
FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*.js")}
SIZES = {name: len(FILES[name].read_text("utf-8")) for name in sorted(FILES)}
RAN = {name: np.zeros(size, bool) for name, size in SIZES.items()}
SESSIONS = {}


def begin(page):
    """Let a page of Chromium count from its first line on."""
    if page.context.browser.browser_type.name == "chromium":
        SESSIONS[page] = session = page.context.new_cdp_session(page)
        session.send("Profiler.enable")
        precise = {"callCount": True, "detailed": True}
        session.send("Profiler.startPreciseCoverage", precise)
    return page


def take(page):
    """Add what a page has run since it was asked last."""
    if page not in SESSIONS or page.is_closed():
        return
    for script in SESSIONS[page].send("Profiler.takePreciseCoverage")["result"]:
        name = script["url"].partition("/_static/")[2].partition("?")[0]
        if name in RAN:
            now = np.zeros_like(RAN[name])
            for part in (r for f in script["functions"] for r in f["ranges"]):
                now[part["startOffset"] : part["endOffset"]] = part["count"] > 0
            RAN[name] |= now


@contextmanager
def gathered(folder):
    """Ask each page of this process before it is left, and write down the sum."""

    def first(kind, name, act):
        method = getattr(kind, name)
        setattr(kind, name, lambda it, *a, **k: (act(it), method(it, *a, **k))[1])

    for kind in (Browser, BrowserContext):
        make = kind.new_page
        kind.new_page = lambda it, make=make, **k: begin(make(it, **k))
    first(Page, "goto", take)
    first(Page, "close", take)
    first(BrowserContext, "close", lambda context: [*map(take, context.pages)])
    yield
    Path(folder).mkdir(parents=True, exist_ok=True)
    np.savez(Path(folder, f"{os.getpid()}.npz"), **RAN)


def main(folder):
    """Print the share of each script; return 1 if one is too small."""
    workers = [np.load(path) for path in Path(folder).glob("*.npz")]
    shares = {n: sum(w[n] for w in workers).astype(bool).mean() for n in SIZES}
    for name, share in shares.items():
        print(f"{share:7.1%}  {name}")
    return int(min(shares.values()) < FLOOR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
