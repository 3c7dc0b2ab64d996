"""Hold the site's machinery and its pages to their budgets: ``python tools/budgets.py``.

``tools/budgets.toml`` says how many lines of Python a group of files may have, and how many bytes
the first view of a page may load, compressed as servers do it. Pages are weighed where there is a
build. ``make lint`` fails if something is over; raising a number is a change with a reason.
"""

import gzip
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r'<(?:link[^>]+rel="stylesheet"|script)[^>]*?\b(?:href|src)="([^"#?]+)'
)


def lines_of(patterns: str, root: Path) -> int:
    """Count the lines of all files that match one of several patterns."""
    files = {path for pattern in patterns.split() for path in root.glob(pattern)}
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def weight_of(page: Path) -> int:
    """Return the bytes of a page and of the styles and scripts that it asks for."""
    text = page.read_text(encoding="utf-8")
    files = {page, *((page.parent / name).resolve() for name in LOADED.findall(text))}
    there = [path for path in files if path.is_file()]
    return sum(len(gzip.compress(path.read_bytes(), 6)) for path in there)


def main(root: Path = ROOT) -> int:
    """Name everything that is over its budget; return 1 if there is something."""
    budgets = tomllib.loads((root / "tools" / "budgets.toml").read_text("utf-8"))
    found = [
        (n, lines_of(n, root), most, "lines") for n, most in budgets["lines"].items()
    ]
    for name, most in budgets["bytes"].items():
        if (page := root / "build" / "html" / name).is_file():
            found.append((name, weight_of(page), most, "bytes"))
    over = [each for each in found if each[1] > each[2]]
    for name, number, most, unit in over:
        print(
            f"{name}: {number:,} {unit}, {number - most:,} over its budget of {most:,}"
        )
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())
