"""What Sphinx does not watch changes a setting, and what was made of old scripts goes."""

import shutil
from itertools import pairwise
from types import SimpleNamespace

import lesson
import pytest
from ext import fresh


def sums():
    config = SimpleNamespace()
    fresh.sum_up(None, config)
    return [config.read_with, config.written_with]


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("conf.py", [True, False]),
        ("docs/ext/deep/words.toml", [True, False]),
        ("docs/locale/zh_CN/LC_MESSAGES/sphinx.po", [True, False]),
        ("docs/glossary.toml", [True, False]),
        ("docs/inventories/torch.inv", [True, False]),
        ("docs/search/pinyin.txt", [True, False]),
        ("docs/_templates/layout.html", [False, True]),
        ("docs/_static/alive/alive.js", [False, True]),
        ("docs/en/index.rst", [False, True]),  # each page shows the contents list
        ("docs/en/about.rst", [False, False]),  # of which Sphinx takes care
        ("docs/ext/__pycache__/loops.pyc", [False, False]),
    ],
)
def test_a_file_that_changes_or_comes_changes_its_sum(
    tmp_path, monkeypatch, file, changes
):
    monkeypatch.setattr(fresh, "DOCS", tmp_path / "docs")
    path = tmp_path / file
    for folder in (tmp_path / "docs", path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    seen = [sums()]
    for text in ("one", "two"):
        path.write_text(text)
        seen.append(sums())
    for earlier, later in pairwise(seen):
        assert [a != b for a, b in zip(earlier, later, strict=True)] == changes


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
