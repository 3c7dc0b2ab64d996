"""What make bench edits is there to be edited."""

import shutil
import subprocess

import builds
import more
import pytest
from gallery_scripts import ROOT


def test_a_sentence_of_the_tutorial_is_edited_and_nothing_else(tmp_path):
    script = tmp_path / "nn_tutorial.py"
    shutil.copy(ROOT / "gallery" / "en" / "nn_tutorial.py", script)
    before = script.read_text(encoding="utf-8").splitlines()
    builds.edit(script)
    after = script.read_text(encoding="utf-8").splitlines()
    [changed] = [pair for pair in zip(before, after, strict=True) if len({*pair}) > 1]
    assert changed[1].startswith(f"{builds.RECAP} {builds.EDITED}")


def test_a_day_is_noted_only_if_all_tests_of_the_other_libraries_pass(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(more, "RESULT", tmp_path / "here" / "more.json")
    monkeypatch.setattr(more, "PACKAGES", ["torch"])
    monkeypatch.setattr(more, "PAGES", ["no/such/test.py"])
    with pytest.raises(subprocess.CalledProcessError):
        more.main()
    assert not more.RESULT.exists()


def test_a_page_without_such_a_sentence_stops_it(tmp_path):
    script = tmp_path / "page.py"
    script.write_text("# Nothing.\n")
    with pytest.raises(SystemExit, match=r"page\.py has no .*: nothing was edited"):
        builds.edit(script)
