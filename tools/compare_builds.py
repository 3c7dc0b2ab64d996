"""Say which files of two built sites differ: ``python tools/compare_builds.py BEFORE AFTER``.

What differs between any two builds is made the same first: how long programs ran, and the sums in
addresses. With ``--lines`` the first lines that differ are shown, too.
"""

import difflib
import re
import sys
from pathlib import Path

UNLIKE = {".zip", ".inv", ".bak", ".buildinfo"}  # what is in them is compared as files
PASSING = [
    rb"\?v=\w+",  # sums of styles and scripts
    rb'data-version="\w+"',
    rb"_downloads/\w{32}",
    rb"\(?\d+ minutes? [\d.]+ seconds\)?|\d+ seconds|\d+ \xe5\x88\x86.{1,20}\xe7\xa7\x92",
]


def files(site: Path) -> dict[str, bytes]:
    """Read a site's files, by names that every build gives them."""
    found = {}
    for path in sorted(site.rglob("*")):
        if path.is_file() and not {path.suffix, path.name} & UNLIKE:
            name = re.sub(
                r"_downloads/\w{32}", "_downloads", str(path.relative_to(site))
            )
            text = path.read_bytes()
            for passing in PASSING:
                text = re.sub(passing, b"", text)
            found[name] = text
    return found


def main(before: str, after: str, *options: str) -> int:
    """Compare, name every difference, and return 1 if there is one."""
    old, new = files(Path(before)), files(Path(after))
    different = [name for name in sorted(old | new) if old.get(name) != new.get(name)]
    for name in different:
        print(
            "gone   "
            if name not in new
            else "new    "
            if name not in old
            else "differs",
            name,
        )
        if options and name in old and name in new:
            lines = (
                text.decode(errors="replace").splitlines()
                for text in (old[name], new[name])
            )
            print(*list(difflib.unified_diff(*lines, lineterm="", n=0))[2:22], sep="\n")
    print(f"{len(different)} of {len(old | new)} files differ")
    return bool(different)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
