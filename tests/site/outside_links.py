"""Every address outside the site that its pages lead to, in one list: docs/outside-links.txt.

A test compares the list with the built pages. ``make linkcheck`` asks the network whether the
addresses still answer; ``python tests/site/outside_links.py --write`` writes the list anew.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from pages import parse

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "outside-links.txt"
# Some hosts refuse programs that do not look like a browser.
HEADERS = {"User-Agent": "Mozilla/5.0 (link check of mnist_tut)"}


def in_pages(site):
    """Collect the addresses from the built pages, without their anchors."""
    pages = (path for path in site.rglob("*.html") if "_static" not in path.parts)
    return {
        link["href"].partition("#")[0]
        for page in pages
        for link in parse(page).select("a[href^='http']")
    }


def listed():
    """Return the addresses of the list."""
    return LIST.read_text(encoding="utf-8").split()


def answer(address):
    """Ask for a page; return None if it is there, or else what came back."""
    try:
        reply = requests.get(address, headers=HEADERS, timeout=30, stream=True)
    except requests.RequestException as error:
        return type(error).__name__
    with reply:
        return None if reply.ok else f"status {reply.status_code}"


def main(arguments):
    """Write the list, or check it."""
    if "--write" in arguments:
        links = sorted(in_pages(ROOT / "build" / "html"))
        LIST.write_text("\n".join(links) + "\n", encoding="utf-8")
        print(f"{len(links)} addresses written to {LIST.relative_to(ROOT)}")
        return 0
    addresses = listed()
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(addresses, pool.map(answer, addresses), strict=True))
    broken = {address: what for address, what in answers.items() if what}
    for address, what in broken.items():
        print(f"{what}: {address}")
    print(f"{len(addresses) - len(broken)} of {len(addresses)} addresses answer.")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
