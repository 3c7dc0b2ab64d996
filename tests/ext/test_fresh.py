"""What Sphinx does not watch makes it start over, and what was made of old scripts goes."""

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import lesson
import pytest
from ext import fresh, package_source
from gallery_scripts import ROOT


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("conf.py", True),
        ("docs/ext/deep/words.toml", True),
        ("docs/locale/zh_CN/LC_MESSAGES/sphinx.po", True),
        ("docs/glossary.toml", True),
        ("docs/inventories/torch.inv", True),
        ("docs/search/en/pinyin.txt", True),
        ("docs/_templates/layout.html", True),
        ("docs/_static/alive/alive.js", True),
        ("docs/en/index.rst", True),
        ("docs/zh/index.rst", False),
        ("docs/en/tests/index.rst", False),
        ("docs/ext/__pycache__/loops.pyc", False),
    ],
)
def test_a_file_that_changes_or_comes_changes_the_sum(
    tmp_path, monkeypatch, file, changes
):
    monkeypatch.setattr(fresh, "DOCS", tmp_path / "docs")
    path = tmp_path / file
    for folder in (tmp_path / "docs", path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    sums = [fresh.digest(tmp_path / "docs" / "en", [])]
    for text in ("one", "two"):
        path.write_text(text)
        sums.append(fresh.digest(tmp_path / "docs" / "en", []))
    assert [a != b for a, b in pairwise(sums)] == [changes, changes]


def test_the_sum_is_the_same_in_every_process():
    code = "from pathlib import Path; from ext import fresh\n"
    code += f"print(fresh.digest(Path({str(ROOT / 'docs' / 'en')!r}), []))"
    told = {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "docs")))}
    command, pipe = [sys.executable, "-c", code], {"stdout": subprocess.PIPE}
    runs = [
        subprocess.run(command, env=os.environ | told | {"PYTHONHASHSEED": n}, **pipe)
        for n in "12"
    ]
    assert runs[0].stdout == runs[1].stdout != b""


def test_another_script_and_another_setting_change_the_sum(tmp_path, monkeypatch):
    monkeypatch.setattr(package_source, "ROOT", tmp_path)
    gallery = tmp_path / "gallery" / "en"
    gallery.mkdir(parents=True)
    sums = [fresh.digest(tmp_path / "docs" / "en", [])]
    sums.append(fresh.digest(tmp_path / "docs" / "en", ["https://example.org"]))
    (gallery / "new.py").touch()
    sums.append(fresh.digest(tmp_path / "docs" / "en", []))
    assert len(set(sums)) == 3


def test_of_builders_that_share_their_trees_each_starts_over(tmp_path):
    trees = tmp_path / "doctrees"

    def left(kind, **settings):
        folder = tmp_path / kind / "en"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "old").touch()
        app = SimpleNamespace(srcdir=tmp_path / "en", outdir=folder, doctreedir=trees)
        config = dict.fromkeys(("site_url", "repository", "data_used"), "") | settings
        config = SimpleNamespace(**config)
        fresh.start_over(app, config)
        return (folder / "old").exists()

    assert not left("html")
    for setting in ("site_url", "repository", "data_used"):
        assert left("html")
        assert not left("html", **{setting: "another"}), setting
        assert not left("html")
    assert not left("links")
    assert not left("html")
    assert left("html")
    (trees / "tutorials").mkdir()
    tree = trees / "tutorials" / "page.doctree"
    for text in ("whole", ""):  # the second was cut off, by a full disk or a power cut
        tree.write_text(text)
        assert left("html") == (text == "whole")
    assert not tree.exists()


def test_a_script_with_a_new_name_leaves_nothing_of_its_old_page(tmp_path, monkeypatch):
    script = lesson.write(tmp_path, monkeypatch)
    index = "Home\n====\n\n.. toctree::\n\n   tutorials/index\n"
    with lesson.site(tmp_path, index=index, nitpicky=False):
        pass
    old = script.with_name("old.py")
    shutil.move(script, old)
    with lesson.site(
        tmp_path, index="Home\n====\n\n.. toctree::\n\n   tutorials/index\n"
    ):
        pass
    shutil.move(old, script)
    with lesson.site(tmp_path) as app:
        assert "old" not in app.warning.getvalue()
        for folder in (app.srcdir, app.outdir):
            assert not list((folder / "tutorials").glob("old.*"))
            assert list((folder / "tutorials").glob("nn_tutorial.*"))
