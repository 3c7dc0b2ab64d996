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


def seconds(folder: Path) -> float:
    """Build both languages and return how long it took."""
    began = time.perf_counter()
    env = os.environ | {"PYTHONPATH": str(folder)}
    subprocess.run(
        [sys.executable, "docs/build_site.py"], cwd=folder, env=env, check=True
    )
    return time.perf_counter() - began


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
        script = folder / "gallery" / "en" / "nn_tutorial.py"
        text = script.read_text(encoding="utf-8")
        script.write_text(text.replace("That's it:", "Done:", 1), encoding="utf-8")
        times["after an edit"] = seconds(folder)
    for what, time_taken in times.items():
        share = time_taken / times["from nothing"]
        print(f"{what:20}{time_taken:8.1f} s{share:8.2f}")


if __name__ == "__main__":
    main()
