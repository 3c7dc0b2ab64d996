"""Run every download with another Python and its packages: ``try_downloads.py PYTHON [SITE]``.

For the lowest versions that are promised, or the newest there are. Each script runs in an empty
folder, on the first few hundred pictures of your MNIST, served from this machine; MNIST_TUT_DATA
names the folder with ``mnist.pkl.gz``. It says what ran, for how long, and how else it ended.
"""

import gzip
import hashlib
import os
import pickle
import re
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIZES = (600, 300, 200)
SECONDS = 600  # for one script, at most


class Quiet(SimpleHTTPRequestHandler):
    """A file server that keeps its log to itself."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def few_pictures() -> bytes:
    """Pack the first few of the pictures that builds use."""
    sys.path.insert(0, str(ROOT))
    from mnist_tut.mnist import get_mnist

    pairs = zip(get_mnist(None, "", 0, ""), SIZES, strict=True)
    few = [(x[:size], y[:size]) for (x, y), size in pairs]
    return gzip.compress(pickle.dumps(few, protocol=2), 1)


def main(python: str, site: str = "build/html") -> int:
    """Run them all; return how many failed."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        served = Path(name, "served")
        served.mkdir()
        packed = few_pictures()
        (served / "mnist.pkl.gz").write_bytes(packed)
        handler = partial(Quiet, directory=str(served))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        instead = {
            "URL": f"http://127.0.0.1:{server.server_port}/mnist.pkl.gz",
            "SIZE": len(packed),
            "MD5": hashlib.md5(packed, usedforsecurity=False).hexdigest(),
        }
        for script in sorted(Path(site).resolve().glob("*/_downloads/*/*.py")):
            text = script.read_text(encoding="utf-8")
            for each, value in instead.items():
                text = re.sub(rf"(?m)^{each} = .*$", f"{each} = {value!r}", text)
            folder = Path(name, script.parts[-4], script.stem)
            folder.mkdir(parents=True)
            (folder / script.name).write_text(text, encoding="utf-8")
            began = time.monotonic()
            env = {**os.environ, "MPLBACKEND": "agg", "PYTHONWARNINGS": "default"}
            run = subprocess.run(
                ["timeout", str(SECONDS), python, script.name],
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
            )
            took = f"{time.monotonic() - began:.0f} s, status {run.returncode}"
            print(f"{script.parts[-4]}/{script.name}: {took}", flush=True)
            told = run.stderr.strip().splitlines()
            print(*(f"    {line}" for line in told[-8:]), sep="\n", flush=True)
            failed += run.returncode != 0
    return failed


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
