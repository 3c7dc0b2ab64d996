"""Leave nothing behind when a program that started others is killed.

A killed program cannot tidy up. So it starts a small process first, which waits until the pipe
between them closes. The operating system closes it whenever the program ends, however it ends.
"""

import subprocess
import sys
from pathlib import Path

__all__ = ["Sweeper"]

# Linux tells in /proc in which folder a process works. Elsewhere only the folder is removed, and
# torchrun ends by itself.
WAIT_AND_SWEEP = """
import os, pathlib, shutil, signal, sys, time

folder = sys.argv[1]


def at_work():
    for link in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            if os.readlink(link) == folder:
                yield int(link.parent.name)
        except OSError:
            pass


sys.stdin.read()
while found := list(at_work()):
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    time.sleep(0.05)
shutil.rmtree(folder, ignore_errors=True)
"""


class Sweeper:
    """Wait in a process of its own for the end of this one; then kill and remove what is left.

    Parameters
    ----------
    folder : str or Path
        It is removed, and every process that works in it is killed (on Linux).
    """

    def __init__(self, folder: str | Path) -> None:
        command = [sys.executable, "-S", "-c", WAIT_AND_SWEEP, str(folder)]
        # In a session of its own, so that Ctrl-C does not hit it.
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, start_new_session=True
        )

    def close(self) -> None:
        """Sweep now, and wait until it is done; a second call changes nothing."""
        self.process.communicate()
