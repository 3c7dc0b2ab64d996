"""The versions that make installs: they fit every Python that is promised, and one another."""

import re
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pins as pins_tool
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from pins import PIN

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAMED = [text.rpartition(" ")[2] for text in PROJECT["classifiers"] if "3." in text]
PYTHONS = [f"{version}.0" for version in NAMED]


def pins():
    """Read constraints.txt: what is pinned, with its markers."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and line[0] != "#"]


def test_the_lowest_python_is_the_one_that_the_project_requires():
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert NAMED[0] == str(allowed).removeprefix(">=")
    assert all(map(allowed.contains, PYTHONS))


@pytest.mark.parametrize("python", PYTHONS)
def test_no_pin_excludes_a_python_that_is_promised(python):
    """Debian 12 has 3.11.2, and one pin wanted 3.11.5: nothing could be installed there."""
    given = {"python_full_version": python, "python_version": python[:4]}
    valid = [p for p in pins() if not p.marker or p.marker.evaluate(given)]
    pinned = {canonicalize_name(pin.name): pin.specifier for pin in valid}
    asked = {
        name: found.metadata.get("Requires-Python")
        for found in distributions()
        if (name := canonicalize_name(found.name)) in pinned
        and found.version in pinned[name]  # another Python may have another version
    }
    assert len(asked) > 100
    refusing = [
        n for n, r in asked.items() if r and not SpecifierSet(r).contains(python)
    ]
    assert refusing == []


@pytest.mark.parametrize("python", PYTHONS)
def test_every_pin_is_one_version_for_each_python(python):
    given = {"python_full_version": python, "python_version": python[:4]}
    valid = [p for p in pins() if not p.marker or p.marker.evaluate(given)]
    names = [canonicalize_name(pin.name) for pin in valid]
    assert len(names) == len(set(names))
    groups = [
        PROJECT["dependencies"],
        *map(PROJECT["optional-dependencies"].get, ["docs", "live", "test", "webkit"]),
    ]
    wanted = {canonicalize_name(Requirement(r).name) for group in groups for r in group}
    assert wanted - {canonicalize_name(PROJECT["name"])} | {"uv"} <= set(names)


def test_every_pin_is_exact_and_none_is_of_a_local_build():
    """A version such as 2.13.0+cpu is on no index but one: nobody else could install it."""
    texts = [str(pin.specifier) for pin in pins()]
    assert all(text.startswith("==") and text.count("=") == 2 for text in texts)
    assert not [text for text in texts if "+" in text or "*" in text]


def test_without_an_answer_of_uv_nothing_is_written(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.with_name("uv").write_text("#!/bin/sh\nexit 1\n")
    python.with_name("uv").chmod(0o755)
    monkeypatch.setattr(pins_tool.sys, "executable", str(python))
    with pytest.raises(subprocess.CalledProcessError):
        pins_tool.main(tmp_path)
    assert not [*tmp_path.glob("*.txt")]


def test_what_the_package_reads_is_installed_with_it():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for name in tool["packages"]:
        folder = ROOT / name.replace(".", "/")
        kept = {path for path in folder.glob("*.*") if path.suffix != ".py"}
        patterns = tool["package-data"].get(name, [])
        assert kept == {path for pattern in patterns for path in folder.glob(pattern)}


def test_the_checksums_are_those_of_the_same_versions():
    """Run make pins where this fails."""
    text = (ROOT / "hashes.txt").read_text(encoding="utf-8")
    listed = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert PIN.findall(text) == listed
    blocks = re.split(r"\n(?=\w)", text)[1:]
    assert len(blocks) == len(listed)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
