"""Each version that anything claims is one of those that are promised or tested."""

import re
import tomllib
from pathlib import Path

import pytest
from ext.versions import LOWEST, NEEDED, PROJECT, TESTED, needs_text
from packaging.version import Version

ROOT = Path(__file__).parents[2]
TEXTS = [
    path
    for pattern in (
        "*.md",
        "*.cff",
        "Makefile",
        "docs/*.md",
        "docs/??/*.rst",
        "docs/*.html",
        "docs/ext/*.py",
        "docs/locale/**/*.po",
        "gallery/*/*.py",
        "mnist_tut/**/*.py",
        "tools/*.py",
        ".github/**/*.*",
        ".devcontainer/*",
    )
    for path in sorted(ROOT.glob(pattern))
    if path.name != "CHANGELOG.md"  # which tells of what was
]
LIBRARIES = {"pytorch": "torch", "torch": "torch"} | {name: name for name in NEEDED}
NAMES = {"python": "Python", **LIBRARIES}
BETWEEN = r"(?:-version|/blob/|\]|`| |（|：|:|-|==|>=|\"|v)*"
CLAIM = re.compile(rf"\b({'|'.join(NAMES)}){BETWEEN}(\d+(?:\.\d+)+)", re.IGNORECASE)
NEWER = re.compile(r"^[^.。;；]{0,25}?(or newer|或更新|或更高|以上)")
PYTHONS = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if "3." in text]


def short(version):
    return ".".join(version.split(".")[:2])


def known(name):
    """Versions that may be named: the lowest, the one tested with, and for Python all promised."""
    if name == "Python":
        return {*PYTHONS}
    return {LOWEST[name], short(TESTED[name]), TESTED[name]}


def claims(text):
    """Yield each claim of a version: of what, which, and whether it is meant as the lowest."""
    for found in CLAIM.finditer(text):
        newer = NEWER.match(text[found.end() :].replace("\n", " "))
        yield NAMES[found[1].lower()], found[2], bool(newer)


def test_every_version_that_is_named_is_promised_or_tested():
    found = [(path, *c) for path in TEXTS for c in claims(path.read_text("utf-8"))]
    assert len(found) > 30
    wrong = [
        (str(path.relative_to(ROOT)), name, version)
        for path, name, version, newer in found
        if version not in known(name) or (newer and version != LOWEST[name])
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("Python 3.9 or newer", ("Python", "3.9", True)),
        ("Python 3.9 或更高版本", ("Python", "3.9", True)),
        ("PyTorch（2.6 或更新的版本）", ("torch", "2.6", True)),
        ("pytorch/pytorch/blob/v2.12.0/torch", ("torch", "2.12.0", False)),
        ('python-version: "3.10"', ("Python", "3.10", False)),
        ("devcontainers/python:3.10-bookworm", ("Python", "3.10", False)),
        ("make PYTHON=python3.10", ("Python", "3.10", False)),
        ("NumPy does it in 1.26 s", None),
        ("NumPy 1.26 and", ("numpy", "1.26", False)),
    ],
)
def test_a_claim_is_found_in_whatever_form_it_has(text, claimed):
    assert next(claims(text), None) == claimed


def test_the_project_itself_asks_for_what_it_promises():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tools = project["tool"]
    assert PYTHONS[0] == LOWEST["Python"] == tools["mypy"]["python_version"]
    assert tools["ruff"]["target-version"] == "py" + LOWEST["Python"].replace(".", "")
    for name in NEEDED:
        assert Version(LOWEST[name]) <= Version(TESTED[name])
    assert Version(LOWEST["numpy"]) >= Version("2.0")  # inside.py and its page use .mT


def test_downloads_name_the_pytorch_that_all_was_tested_with():
    assert f"tested with PyTorch {TESTED['torch']}." in needs_text()
