"""Write the exact versions down anew, after a change of pyproject.toml: ``make pins``.

``uv`` looks for versions that go together on every Python and every system that the project allows,
and leaves those alone that ``constraints.txt`` names already: to move one, change its line there
first. ``hashes.txt`` has the checksums of all their files besides. This asks the network.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HEAD = "# The exact versions the site is built and tested with; pyproject.toml has the ranges.\n"
MADE = "# Made by make pins: constraints.txt with the checksums of all files. Do not edit.\n"
GROUPS = ["docs", "test", "webkit", "mutants"]
PIN = re.compile(r"^([\w.-]+==[^\s\\]+(?: ; [^\\\n]+?)?) *\\?$", re.MULTILINE)


def compiled(root: Path) -> str:
    """Let uv find the versions; return its list with checksums."""
    lowest = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    python = lowest["project"]["requires-python"].removeprefix(">=")
    words = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "-q"]
    words += [word for group in GROUPS for word in ("--extra", group)]
    words += [
        "--python-version",
        python,
        "-c",
        "constraints.txt",
        "pyproject.toml",
        "-",
    ]
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", *words]
    given = (
        "uv\nsetuptools\n"  # what installs the rest, and what builds our own package
    )
    run = subprocess.run(
        command, cwd=root, input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    return run.stdout


def main(root: Path = Path(__file__).parents[1]) -> None:
    """Write both lists."""
    text = compiled(root)
    pins = "".join(f"{pin}\n" for pin in PIN.findall(text))
    (root / "hashes.txt").write_text(MADE + text, encoding="utf-8")
    (root / "constraints.txt").write_text(HEAD + pins, encoding="utf-8")


if __name__ == "__main__":
    main()
