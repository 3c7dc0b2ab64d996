"""Make the virtual environment and install groups of packages: ``set_up.py .venv docs test``.

Run by ``make`` with whatever Python is there, from the project's root. The packages are installed
by ``uv``, which takes a fraction of pip's time, with the settings that pip has: index, mirrors,
folders of wheels, constraints. It accepts only files whose checksums ``hashes.txt`` knows. Where uv
cannot be had, or does not know one of these settings, pip itself does it, without checksums.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch_build

NEWEST = "--newest"  # PyTorch as new as it gets, whatever the constraints say
WHAT = {
    "docs": "Sphinx, Matplotlib and whatever else the pages need (70 MB, about a minute)",
    "test": "what tests and linters need (100 MB, about a minute)",
    "live": "what serves pages whose cells run (20 MB, a few seconds)",
    "webkit": "what drives Safari's engine (10 MB, a few seconds)",
    "mutants": "what plants faults (a few seconds)",
}
#: pip's settings that decide where packages come from, and uv's names for them.
OPTIONS = {
    "index-url": "--index-url",
    "extra-index-url": "--extra-index-url",
    "find-links": "--find-links",
    "constraint": "--constraint",
    "trusted-host": "--allow-insecure-host",
    "no-index": "--no-index",
}
VARIABLES = {
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
#: Settings that do not change what is installed.
HARMLESS = {
    "cache-dir",
    "disable-pip-version-check",
    "no-cache-dir",
    "no-color",
    "no-input",
    "progress-bar",
    "quiet",
    "require-virtualenv",
    "retries",
    "root-user-action",
    "verbose",
}


@contextmanager
def stage(text: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"{text} ...", flush=True)
    start = time.monotonic()
    yield
    print(f"  took {time.monotonic() - start:.0f} s", flush=True)


def succeeds(command: list[str], **more: object) -> bool:
    """Run a command, and return whether it went well."""
    return subprocess.run(command, **more).returncode == 0


def drop_remains(folder: Path) -> None:
    """Remove an environment that was begun and not finished, or whose Python is gone."""
    if (folder / "pyvenv.cfg").exists():
        shutil.rmtree(folder)


def make_environment(folder: Path) -> bool:
    """Make the environment; where Debian's package for it is missing, install that if allowed."""
    if all((folder / "bin" / name).exists() for name in ("python", "pip")):
        return True
    command = [sys.executable, "-m", "venv", str(folder)]
    with stage(f"Making a virtual environment in {folder}"):
        drop_remains(folder)
        if succeeds(command):
            return True
        drop_remains(folder)
        if os.geteuid() == 0 and shutil.which("apt-get"):
            print("No venv module: installing Debian's package for it.", flush=True)
            install = ["apt-get", "install", "-y", "-q", "python3-venv"]
            steps = [["apt-get", "update", "-q"], install, command]
            if all(map(succeeds, steps)):
                return True
    print("Please install it as root: apt-get install python3-venv")
    return False


def pip_settings(listing: str) -> dict[str, str]:
    """Read what ``pip config list`` prints; the environment outdoes files, as it does for pip."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    return {**found["global"], **found["install"], **found[":env:"]}


def as_uv(
    settings: dict[str, str],
) -> tuple[list[str], dict[str, str]] | str:
    """Return uv's options and variables for pip's settings, or the name of one it does not know."""
    options: list[str] = []
    variables: dict[str, str] = {}
    for name, value in settings.items():
        if name == "no-index":
            options += [OPTIONS[name]] * (value.lower() in ("1", "true", "yes", "on"))
        elif name in OPTIONS:
            options += [
                word for each in value.split() for word in (OPTIONS[name], each)
            ]
        elif name in VARIABLES:
            variables[VARIABLES[name]] = value
        elif name not in HARMLESS:
            return name
    return options, variables


def pins(listed: str, folder: Path, newest: bool) -> str:
    """Return the list of versions to install: without PyTorch and its own, if it is to be new."""
    if not newest:
        return listed
    free = r"^(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==.*\n( .*\n)*"
    text = Path(listed).read_text(encoding="utf-8")
    (folder / listed).write_text(re.sub(free, "", text, flags=re.MULTILINE))
    return str(folder / listed)


class Installer(NamedTuple):
    """What installs packages, from where, and which versions."""

    command: list[str]
    sources: list[str]
    versions: list[str]
    variables: dict[str, str]

    def install(self, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
        """Install a set of packages from wherever pip would take them."""
        command = [*self.command, *self.sources, *self.versions, *words]
        return self.run(command, **more)

    def take(self, page: str, *words: str) -> bool:
        """Install from one page, and from nowhere else; return whether that went well."""
        place = ["--no-deps", "--no-index", "--find-links", page]
        return self.run([*self.command, *place, *words]).returncode == 0

    def run(
        self, command: list[str], **more: object
    ) -> subprocess.CompletedProcess[str]:
        """Run it with the settings that have no options; what the reader has set comes first."""
        env = {**self.variables, **os.environ}
        return subprocess.run(command, env=env, text=True, **more)


def pip_installer(python: str, folder: Path, newest: bool) -> Installer:
    """Return pip, which knows its settings itself."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    return Installer(command, [], ["-c", pins("constraints.txt", folder, newest)], {})


def uv_installer(
    python: str, folder: Path, newest: bool, settings: dict[str, str]
) -> Installer | None:
    """Return uv, installed if need be; None, and say why, where that is not possible."""
    found = as_uv(settings)
    if isinstance(found, str):
        print(f"  pip's setting {found} means nothing to uv.")
        return None
    uv = Path(python).with_name("uv")
    if not uv.exists():
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        with stage("Installing uv, which installs the rest faster than pip"):
            ready = succeeds([*pip, "-c", "constraints.txt", "uv"])
        if not ready:
            print("  There is no uv for this machine.")
            return None
    command = [str(uv), "pip", "install", "--python", python]
    options, variables = found
    if sys.dont_write_bytecode:  # then nothing would ever be compiled but here
        command.append("--compile-bytecode")
    # Wherever a file lies, its checksum decides: none of several indexes can put its own in.
    options += ["--index-strategy", "unsafe-first-match"]
    known = pins("hashes.txt", folder, newest)
    versions = ["-c", known, "--build-constraint", "hashes.txt"]
    return Installer(command, options, versions, variables)


def torch_version(newest: bool) -> str:
    """Return the version that is pinned, or nothing: then any is right."""
    pinned = Path("constraints.txt").read_text(encoding="utf-8")
    found = re.search(r"^torch==(\S+)", pinned, re.MULTILINE)
    return found[1] if found and not newest else ""


def has_torch(folder: Path, version: str) -> bool:
    """Whether this very version is there already, of whatever build."""
    packages = "lib/python*/site-packages"
    return bool(version and any(folder.glob(f"{packages}/torch-{version}*.dist-info")))


def install_torch(installer: Installer, settings: dict[str, str], version: str) -> bool:
    """Install PyTorch from a page of its own; return False where there is none for this machine."""
    page = torch_build.page(version, settings.get("find-links", "").split())
    if page is None:
        print("PyTorch comes from pip's index: on Linux 3 GB, several minutes.")
        return False
    with stage(f"Installing PyTorch from {page} (200 MB, about a minute)"):
        wanted = [f"torch=={version}"] if version else ["--upgrade", "torch"]
        return installer.take(page, *wanted)


def fits(installer: Installer, words: list[str]) -> bool | None:
    """Ask uv whether the versions go together before it fetches them; None where it cannot tell."""
    run = installer.install("--dry-run", *words, stderr=subprocess.PIPE)
    if run.returncode == 0:
        return True
    print(run.stderr, flush=True)
    return False if "No solution found" in run.stderr else None


def install(python: str, folder: Path, groups: list[str], newest: bool) -> str:
    """Install the groups; return what there is to be sorry for, if anything."""
    listing = [python, "-m", "pip", "config", "list"]
    run = subprocess.run(listing, capture_output=True, text=True)
    settings = pip_settings(run.stdout)
    uv = uv_installer(python, folder, newest, settings)
    pip = pip_installer(python, folder, newest)
    version = torch_version(newest)
    done = has_torch(folder, version) or install_torch(uv or pip, settings, version)
    fresh = newest and not done
    wanted = ["-e", f".[{','.join(groups)}]"]
    with stage(f"Installing {WHAT[groups[-1]]}"):
        if uv:
            words = [*["--upgrade-package", "torch"] * fresh, *wanted]
            fitting = fits(uv, words)
            if fitting:
                return "fetched" if uv.install(*words).returncode else ""
            if fitting is False:
                return "found"
            print("  uv cannot do it.")
        print("  pip does it. It checks no hashes, and takes longer.", flush=True)
        words = [*["--upgrade", "torch"] * fresh, *wanted]
        return "installed" if pip.install(*words).returncode else ""


SORRY = {
    "": "",
    "fetched": "A package could not be fetched, or is not the one that hashes.txt knows. Is there "
    "a network, or a mirror that PIP_INDEX_URL names? What is there is kept: run make again.\n",
    "found": "The versions in constraints.txt cannot all be had for this Python: see above. "
    "Another one may do: make PYTHON=/path/to/python3.11\n",
    "installed": "The packages could not be installed: see above. Is there a network, or a mirror "
    "that PIP_INDEX_URL names?\n",
}


def main(folder: str, *words: str) -> int:
    """Set everything up; return the exit status."""
    groups = [word for word in words if word != NEWEST]
    if sys.version_info < (3, 11):  # noqa: UP036  (make takes what it finds)
        print("Python 3.11 or newer is needed, and this is", sys.version.split()[0])
        print("Say which with: make PYTHON=/path/to/python3.11")
        return 1
    try:
        torch_build.chosen()
    except ValueError as fault:
        print(fault)
        return 1
    try:
        if not make_environment(Path(folder)):
            return 1
        python = str(Path(folder, "bin", "python"))
        trouble = install(python, Path(folder), groups, NEWEST in words)
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on from here.")
        return 130
    print(SORRY[trouble], end="")
    return 1 if trouble else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
