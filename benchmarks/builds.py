"""How long the site takes to build: from nothing, without a change, after an edited sentence.

``make bench`` copies what git knows into a temporary folder and builds there, so that nothing of
yours is touched. The data is that of MNIST_TUT_DATA or the cache; fetch it first.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RECAP, EDITED = "# **In short:**", "This was edited."


def seconds(folder: Path) -> float:
    """Build both languages and return how long it took."""
    began = time.perf_counter()
    env = os.environ | {"PYTHONPATH": str(folder)}
    subprocess.run(
        [sys.executable, "docs/build_site.py"], cwd=folder, env=env, check=True
    )
    return time.perf_counter() - began


def edit(script: Path) -> None:
    """Change the first recap of a page, so that it has to be made anew; stop if there is none."""
    text = script.read_text(encoding="utf-8")
    edited = text.replace(RECAP, f"{RECAP} {EDITED}", 1)
    if edited == text:
        sys.exit(f"{script.name} has no {RECAP}: nothing was edited")
    script.write_text(edited, encoding="utf-8")


def main() -> None:
    """Build three times and print a table."""
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in filter(lambda file: (ROOT / file).is_file(), listed.splitlines()):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
        os.environ.setdefault("MNIST_TUT_CACHE", str(ROOT / "data"))
        times = {"from nothing": seconds(folder), "without a change": seconds(folder)}
        edit(folder / "gallery" / "en" / "nn_tutorial.py")
        times["after an edit"] = seconds(folder)
        page = folder / "build" / "html" / "en" / "tutorials" / "nn_tutorial.html"
        if EDITED not in page.read_text(encoding="utf-8"):
            sys.exit("the page does not show what was edited")
    for what, time_taken in times.items():
        share = time_taken / times["from nothing"]
        print(f"{what:20}{time_taken:8.1f} s{share:8.2f}")


if __name__ == "__main__":
    main()
