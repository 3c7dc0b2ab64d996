"""Run every cell of every page as ``make live`` would, and compare what they print with the page.

``python tools/try_live.py [language/page ...]``, before a release. Numbers may differ by a
thousandth of themselves, since another processor sums in another order.
Ends with 1, naming page and cell, if anything else differs or a cell fails.
"""

import os
import re
import sys
from pathlib import Path

from bs4 import BeautifulSoup
from jupyter_client.manager import start_new_kernel
from live import ROOT, SITE, cells

os.environ["OMP_NUM_THREADS"] = "1"  # as the build: sums of two threads round otherwise
SCRIPT = Path(__file__).with_name("live.js").read_text("utf-8")
FIRST = re.search(r"const first = `(.*?)`;", SCRIPT, re.S)[1]  # type: ignore[index]
#: What is in cells that print otherwise each time: IPython's own debugger, seeds that workers get.
UNSURE = ("breakpoint()", "set_trace", "info.seed")
#: Addresses, seconds, and whether a time can be told from another.
CHANGING = re.compile(r"0x[0-9a-f]+|\b[\d.]+ s\b|(?:within|beyond) the noise")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
#: Pages that measure, whose numbers nobody can expect twice: only the words are compared.
MEASURING = {"where_the_time_goes", "one_loop_many_machines", "inside_torch_nn"}


def printed_on_page(html: str) -> list[str]:
    """Return what each cell of a page has printed, as the page shows it."""
    page = BeautifulSoup(html, "html.parser")
    found: list[str] = []
    for part in page.select(".highlight-Python, div.sphx-glr-script-out"):
        if "highlight-Python" in part["class"]:
            found.append("")
        elif found:
            found[-1] += part.get_text()
    return found


def run(client, code: str) -> tuple[str, str]:
    """Run a cell; return its status and what it printed."""
    texts: list[str] = []

    def keep(message: dict) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            texts.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=keep, timeout=600)["content"]
    said = reply.get("evalue", "")
    return (reply["status"] if not said else f"{reply['ename']}: {said}"), "".join(
        texts
    )


def same(here: str, there: str, numbers: bool = True) -> bool:
    """Whether two texts say the same, numbers to a thousandth or not compared at all."""
    for one, other in zip(lines(here), lines(there), strict=False):
        if NUMBER.sub("#", one) != NUMBER.sub("#", other):
            return False
        pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
        if numbers and any(
            abs(float(a) - float(b)) > 1e-3 * max(1, abs(float(a))) for a, b in pairs
        ):
            return False
    return len(lines(here)) == len(lines(there))


def lines(text: str) -> list[str]:
    """Split a text into lines, each with single spaces, without what changes from run to run."""
    return [
        " ".join(CHANGING.sub("", line).split()) for line in text.strip().splitlines()
    ]


def try_page(language: str, page: str) -> list[str]:
    """Run a page in a fresh kernel; return what differs."""
    shown = printed_on_page(
        (SITE / language / "tutorials" / f"{page}.html").read_text("utf-8")
    )
    sources = cells(language, page)
    if len(shown) != len(sources):
        return [
            f"{language}/{page}: {len(shown)} cells on the page, {len(sources)} in the script"
        ]
    manager, client = start_new_kernel(cwd=str(ROOT / "gallery" / language))
    faults = []
    try:
        run(client, FIRST)
        for number, (code, there) in enumerate(zip(sources, shown, strict=True), 1):
            status, here = run(client, code)
            if status != "ok":
                return [*faults, f"{language}/{page}, cell {number}: {status}"]
            if any(word in code for word in UNSURE):
                continue
            if not same(here, there, numbers=page not in MEASURING):
                faults.append(
                    f"{language}/{page}, cell {number}: {here!r}, not {there!r}"
                )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return faults


def main(*wanted: str) -> int:
    """Try these pages, or all; return the exit status."""
    scripts = sorted((ROOT / "gallery").glob("*/*.py"))
    pages = wanted or [f"{path.parent.name}/{path.stem}" for path in scripts]
    faults = 0
    for page in pages:
        found = try_page(*page.split("/"))
        print(
            f"{page}: {len(found) or 'nothing'} to report",
            *found,
            sep="\n  ",
            flush=True,
        )
        faults += len(found)
    return bool(faults)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
