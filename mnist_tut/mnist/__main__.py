"""The command ``mnist-tut-data``: fetch and check MNIST, and say where it is.

The exit status is 0 for MNIST, 3 for the stand-in if MNIST_TUT_STAND_IN allows it, and 1 for
neither; standard error says why, and what to do.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from mnist_tut.mnist.errors import DataError, printable
from mnist_tut.mnist.find import find


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch and check the data, say in one line what is there and where; return the exit status."""
    parser = argparse.ArgumentParser(prog="mnist-tut-data", description=__doc__)
    about = "an address or path to ask first, as in MNIST_TUT_URLS; may be repeated"
    parser.add_argument("--source", action="append", default=[], help=about)
    options = parser.parse_args(argv)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        arrays, folder, source = find(options.source)
        say(f"{source}: {sum(map(len, arrays[1::2])):,} pictures, {folder}")
    except KeyboardInterrupt:
        logging.error("Interrupted.")
        return 130
    except (DataError, OSError) as fault:
        logging.error("%s", fault)
        return 1
    return 0 if source == "MNIST" else 3


def say(text: str) -> None:
    """Print a line, as far as standard output can show it; an OSError if it takes nothing."""
    encoding = getattr(sys.stdout, "encoding", "utf-8")  # there may be none to print to
    text = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(text, flush=True)
    except OSError:  # say it once, and not again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


if __name__ == "__main__":
    raise SystemExit(main())
