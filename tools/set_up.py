"""Make the virtual environment and install groups of packages: ``set_up.py .venv docs test``.

Run by ``make`` with whatever Python is there, from the project's root. The packages are installed
by ``uv``, which takes a fraction of pip's time, with the settings that pip has: index, mirrors,
folders of wheels, constraints. Where uv cannot be had, fails, or does not know one of these
settings, pip itself does it.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEWEST = "--newest"  # PyTorch as new as it gets, whatever the constraints say
WHAT = {
    "docs": "PyTorch, Sphinx and whatever else the pages need",
    "test": "what tests and linters need",
    "mutants": "what plants faults",
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


def constraints(folder: Path, newest: bool) -> list[str]:
    """Return the options that name the versions to install."""
    listed = Path("constraints.txt")
    if not newest:
        return ["-c", str(listed)]
    lines = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    free = folder / listed.name
    free.write_text("".join(line for line in lines if not line.startswith("torch==")))
    return ["-c", str(free), "--upgrade-package", "torch"]


def with_uv(python: str, wanted: str, versions: list[str]) -> bool:
    """Install with uv; return False, and say why, where that is not possible."""
    pip = [python, "-m", "pip"]
    listing = subprocess.run(
        [*pip, "config", "list"], capture_output=True, text=True
    ).stdout
    found = as_uv(pip_settings(listing))
    if isinstance(found, str):
        print(f"  pip's setting {found} means nothing to uv: pip does it.")
        return False
    uv = Path(python).with_name("uv")
    if not uv.exists():
        with stage("Installing uv, which installs the rest faster than pip"):
            ready = succeeds([*pip, "install", "-q", *versions[:2], "uv"])
        if not ready:
            print("  There is no uv for this machine: pip does it.", flush=True)
            return False
    options, variables = found
    # Of one version at several addresses pip takes the best file wherever it lies; so must uv.
    options += ["--index-strategy", "unsafe-best-match"]
    if sys.dont_write_bytecode:  # then nothing would ever be compiled but here
        options.append("--compile-bytecode")
    command = [str(uv), "pip", "install", "--python", python, *options, *versions]
    if succeeds([*command, "-e", wanted], env={**variables, **os.environ}):
        return True
    print("  uv failed: pip tries it.", flush=True)
    return False


def main(folder: str, *words: str) -> int:
    """Set everything up; return the exit status."""
    groups = [word for word in words if word != NEWEST]
    if sys.version_info < (3, 11):  # noqa: UP036  (make takes what it finds)
        print("Python 3.11 or newer is needed, and this is", sys.version.split()[0])
        print("Say which with: make PYTHON=/path/to/python3.11")
        return 1
    if not make_environment(Path(folder)):
        return 1
    python, wanted = str(Path(folder, "bin", "python")), f".[{','.join(groups)}]"
    with stage(f"Installing {WHAT[groups[-1]]}"):
        versions = constraints(Path(folder), NEWEST in words)
        if with_uv(python, wanted, versions):
            return 0
        pip = [python, "-m", "pip", "install", "--disable-pip-version-check"]
        more = ["--upgrade", "torch"] if NEWEST in words else []
        if succeeds([*pip, *versions[:2], *more, "-e", wanted]):
            return 0
    print("The packages could not be installed. Is there a network, or a mirror")
    print("that PIP_INDEX_URL names? What went wrong stands above.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
