"""Hold a tag against the version and the changelog: ``version.py``, before anything is built.

The version stands in ``mnist_tut/__init__.py`` and nowhere else. In a workflow that a tag has
started, GitHub names the tag in GITHUB_REF_NAME; then it has to be ``v`` and that version, and
CHANGELOG.md has to say what is new in it.
"""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def version(root: Path = ROOT) -> str:
    """Return the version of this checkout."""
    text = (root / "mnist_tut" / "__init__.py").read_text(encoding="utf-8")
    [found] = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return found


def notes(name: str, root: Path = ROOT) -> str:
    """Return what the changelog says of a version, or "" where it has no such section."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    section = rf"^## \[{re.escape(name)}\].*\n((?:(?!## ).*\n?)*)"
    found = re.search(section, text, re.MULTILINE)
    return found[1].strip() if found else ""


def tag() -> str:
    """Return the tag that started this workflow, or "" elsewhere."""
    by_tag = os.environ.get("GITHUB_REF_TYPE") == "tag"
    return os.environ.get("GITHUB_REF_NAME", "") if by_tag else ""


def notes_of_release(root: Path = ROOT) -> str:
    """Return what is new; stop where tag, version and changelog do not agree."""
    here = version(root)
    if not tag():
        return notes(here, root) or notes("Unreleased", root)
    if tag() != f"v{here}":
        raise SystemExit(
            f"the tag {tag()} is not v{here}: set __version__ in mnist_tut/__init__.py, "
            "or tag the commit that has that version"
        )
    if not notes(here, root):
        raise SystemExit(
            f"CHANGELOG.md has no section [{here}]: give what is under [Unreleased] that name"
        )
    return notes(here, root)


if __name__ == "__main__":
    notes_of_release()
    print(version() + (f", as the tag {tag()} says" if tag() else ""))
