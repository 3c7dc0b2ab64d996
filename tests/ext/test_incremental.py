"""After any edit, a build gives the same bytes as one from nothing."""

import os
import shutil
import subprocess
import sys

import lesson
from ext import package_source
from gallery_scripts import ROOT

UNLIKE = {".buildinfo", ".buildinfo.bak", "searchindex.js"}
SCRIPT, INDEX = "gallery/en/nn_tutorial.py", "docs/en/index.rst"
HANDED_IN = """
import sys, pathlib, pytest, lesson
folder = pathlib.Path(sys.argv[1])
lesson.write(folder, pytest.MonkeyPatch())
with lesson.site(folder, nitpicky=False, html_copy_source=False):
    pass
"""


def replaced(name, old, new, keep_time=False):
    """An edit: one text for another in a file, with the file's old time if wanted."""

    def edit(folder):
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        times = path.stat()
        path.write_text(text.replace(old, new), encoding="utf-8")
        if keep_time:
            os.utime(path, (times.st_atime, times.st_mtime))

    return edit


def moved(folder):
    (folder / SCRIPT).rename(folder / "gallery/en/renamed.py")


def copied(folder):
    text = '"""\n.. _other:\n\nOther\n=====\n\nA page.\n"""\n\n# %%\n# Code.\n\nx = 1\n'
    (folder / "gallery/en/other.py").write_text(text)


def removed(folder):
    (folder / "gallery/en/other.py").unlink()


#: Made one after the other.
EDITS = {
    "a sentence": replaced(SCRIPT, "# Data.", "# The data."),
    "a sentence, with its old time": replaced(SCRIPT, "# The data.", "# Data!", True),
    "a comment": replaced(SCRIPT, "# what we said", "# what we did"),
    "a line of code": replaced(SCRIPT, "bs = 4; lr", "bs = 3; lr"),
    "a heading": replaced(SCRIPT, "# Functional\n# ----------", "# Func\n# ----"),
    "the home page": replaced(INDEX, "Home\n====", "House\n====="),
    "the home page, with its old time": replaced(INDEX, "House", "Horse", True),
    "a function": replaced(
        "mnist_tut/by_hand.py", "x = x - x.amax", "x = x - 1 * x.amax"
    ),
    "a test": replaced("tests/test_by_hand.py", "test_nll_is_a_mean", "test_nll_means"),
    "a test more": replaced(
        "tests/test_training.py",
        "def test_fit_",
        "def test_new():\n    assert training.fit\n\n\ndef test_fit_",
    ),
    "a page more": copied,
    "a page less": removed,
    "a page with another name": moved,
}


def files(folder):
    """The bytes of what was built, but for Sphinx's own notes and search, which we replace."""
    built = folder / "build" / "en" / "html"
    return {
        str(path.relative_to(built)): path.read_bytes()
        for path in sorted(built.rglob("*"))
        if path.is_file() and path.name not in UNLIKE
    }


def differing(one, other):
    return [name for name in sorted(one | other) if one.get(name) != other.get(name)]


def build(folder, monkeypatch):
    monkeypatch.setattr(package_source, "ROOT", folder)
    with lesson.site(folder, nitpicky=False, html_copy_source=False):
        return files(folder)


def built_elsewhere(folder):
    """Build the same in a process that goes through sets in another order."""
    folder.mkdir()
    places = [ROOT / "docs", ROOT / "tests" / "support", ROOT]
    env = os.environ | {
        "PYTHONHASHSEED": "1",
        "PYTHONPATH": os.pathsep.join(map(str, places)),
    }
    command = [sys.executable, "-c", HANDED_IN, str(folder)]
    subprocess.run(command, check=True, env=env, capture_output=True)
    return files(folder)


def test_after_each_kind_of_edit_a_build_is_the_same_as_one_from_nothing(
    tmp_path, monkeypatch
):
    house = tmp_path / "house"
    house.mkdir()
    lesson.write(house, monkeypatch)
    before = build(house, monkeypatch)
    assert len(before) > 20
    assert differing(before, built_elsewhere(tmp_path / "elsewhere")) == []
    stale = {}
    built = shutil.ignore_patterns("build", "tutorials", "__pycache__")
    for number, (what, edit) in enumerate(EDITS.items()):
        edit(house)
        after = build(house, monkeypatch)
        assert after != before, what
        before = after
        fresh = tmp_path / str(number)
        shutil.copytree(house, fresh, ignore=built)
        stale |= {what: d} if (d := differing(after, build(fresh, monkeypatch))) else {}
    assert stale == {}
