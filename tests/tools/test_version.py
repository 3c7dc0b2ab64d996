"""A tag, the version and the changelog have to agree before a release is built."""

import tomllib
from pathlib import Path

import pytest
import version

import mnist_tut

ROOT = Path(__file__).parents[2]
CHANGES = """# Changelog

## [Unreleased]

- Not yet.

## [1.2.0] - 2027-01-31

### Added

- A page.

## [1.2.0rc1] - 2026-12-31

- A candidate.
"""


@pytest.fixture
def root(tmp_path):
    """A checkout of version 1.2.0."""
    (tmp_path / "mnist_tut").mkdir()
    text = '"""Words."""\n\n__version__ = "1.2.0"\n'
    (tmp_path / "mnist_tut" / "__init__.py").write_text(text)
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    return tmp_path


@pytest.fixture
def tag(monkeypatch):
    """Let GitHub say what started this."""

    def say(name, kind="tag"):
        monkeypatch.setenv("GITHUB_REF_TYPE", kind)
        monkeypatch.setenv("GITHUB_REF_NAME", name)

    return say


def test_a_tag_that_names_the_version_gives_its_part_of_the_changelog(root, tag):
    tag("v1.2.0")
    assert version.notes_of_release(root) == "### Added\n\n- A page."


@pytest.mark.parametrize("name", ["v1.2", "1.2.0", "v1.2.0rc1", "v1.2.1", "v1.2.0 "])
def test_any_other_tag_stops_the_release(root, tag, name):
    tag(name)
    with pytest.raises(SystemExit, match=r"is not v1\.2\.0.*__version__"):
        version.notes_of_release(root)


def test_a_version_of_which_the_changelog_says_nothing_is_not_released(root, tag):
    tag("v1.2.0")
    changes = CHANGES.replace("[1.2.0] ", "[1.1.0] ")
    (root / "CHANGELOG.md").write_text(changes)
    with pytest.raises(SystemExit, match=r"no section \[1\.2\.0\].*Unreleased"):
        version.notes_of_release(root)


def test_a_branch_named_like_another_version_is_no_tag(root, tag):
    tag("v9.9.9", kind="branch")
    assert version.notes_of_release(root) == "### Added\n\n- A page."


def test_without_a_tag_what_is_unreleased_will_do(root, monkeypatch):
    monkeypatch.delenv("GITHUB_REF_TYPE", raising=False)
    (root / "CHANGELOG.md").write_text(CHANGES.replace("[1.2.0] ", "[1.1.0] "))
    assert version.notes_of_release(root) == "- Not yet."


def test_the_version_stands_in_one_place():
    assert version.version() == mnist_tut.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    elsewhere = [ROOT / name for name in ("pyproject.toml", "CITATION.cff")]
    for path in elsewhere:
        assert f'"{mnist_tut.__version__}"' not in path.read_text(encoding="utf-8")
        assert f"version: {mnist_tut.__version__}" not in path.read_text()
