"""The command ``mnist-tut-data``: fetch and check MNIST, and say where it is.

The exit status is 0 for MNIST, 3 for the stand-in if MNIST_TUT_STAND_IN allows it, and 1 for
neither; standard error says why, and what to do.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from mnist_tut.mnist import read
from mnist_tut.mnist.errors import DataError, printable
from mnist_tut.mnist.find import for_pages


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch and check the data, say in one line what is there and where; return the exit status."""
    parser = argparse.ArgumentParser(prog="mnist-tut-data", description=__doc__)
    about = "an address or path to ask first, as in MNIST_TUT_URLS; may be repeated"
    parser.add_argument("--source", action="append", default=[], help=about)
    options = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        folder, source = for_pages(options.source)
        said = printable(f"{source}: {sum(read.SIZES):,} pictures, {folder}")
        encoding = getattr(
            sys.stdout, "encoding", "utf-8"
        )  # there may be none to print to
        print(said.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except KeyboardInterrupt:
        logging.error("Interrupted.")
        return 130
    except (DataError, OSError, MemoryError) as fault:
        logging.error("%s", fault)
        return 1
    return 0 if source == "MNIST" else 3


if __name__ == "__main__":
    raise SystemExit(main())
