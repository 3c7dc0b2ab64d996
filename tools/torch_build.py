"""Find the build of PyTorch that suits this machine.

For Linux, PyPI has the build with CUDA alone: 3 GB to fetch that nothing uses where there is no
NVIDIA driver. PyTorch's own index has one for CPUs, of 200 MB. Only ``torch`` is taken from there,
from one page that lists its files, so that no other package can come from two places. Where that
page cannot be reached, ``torch`` comes from wherever pip takes all the rest.
"""

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import urlopen

CHOICE = "MNIST_TUT_TORCH"
CHOICES = {
    "auto": "for CPUs where there is no NVIDIA driver",
    "cpu": "for CPUs",
    "default": "whatever pip's index has",
}
ADDRESSES = (
    "MNIST_TUT_TORCH_INDEX"  # separated by spaces; the first that has it is taken
)
PYTORCH = "https://download.pytorch.org/whl/cpu"
SECONDS = 5  # to wait for an answer


def chosen() -> str:
    """Return what the reader has chosen; a ValueError if there is no such choice."""
    choice = os.environ.get(CHOICE) or "auto"
    if choice not in CHOICES:
        lines = "".join(f"\n  {name:8} {text}" for name, text in CHOICES.items())
        raise ValueError(f"{CHOICE} is {choice!r}, and can be one of these:{lines}")
    return choice


def has_nvidia_driver() -> bool:
    """Whether CUDA could find anything to run on."""
    return Path("/proc/driver/nvidia").exists() or bool(shutil.which("nvidia-smi"))


def indexes() -> list[str]:
    """Return the addresses to ask for the build for CPUs; none where it is not wanted."""
    auto = sys.platform == "linux" and not has_nvidia_driver()
    if not {"auto": auto, "cpu": True, "default": False}[chosen()]:
        return []
    return (os.environ.get(ADDRESSES) or PYTORCH).split()


def wheel(version: str) -> re.Pattern[str]:
    """Return the name of the file for this Python and machine, of one version or of any."""
    number = re.escape(version) if version else r"[\d.]+"
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return re.compile(
        rf"torch-{number}(\+\w+)?-{python}-{python}-\w+_{platform.machine()}\.whl"
    )


def names(place: str) -> str:
    """Return a page, or the names in a folder; nothing where the host has no such page."""
    if "://" not in place:
        return "\n".join(path.name for path in Path(place).iterdir())
    try:
        with urlopen(place, timeout=SECONDS) as page:
            return unquote(page.read().decode(errors="replace"))
    except HTTPError as fault:
        fault.close()
        return ""


def page(version: str, folders: Iterable[str] = ()) -> str | None:
    """Return the first place that lists a fitting file: the reader's own folders, then an index.

    An index keeps its files on a page of their own, and some mirrors all on one.
    """
    own = [[folder] for folder in folders]
    asked = [[f"{a.rstrip('/')}/torch/", f"{a.rstrip('/')}/"] for a in indexes()]
    for places in own + asked:
        with suppress(OSError, HTTPException, ValueError):  # nobody answers there
            for place in places:
                if wheel(version).search(names(place)):
                    return place
    return None
