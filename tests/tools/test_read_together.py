"""What is changed in one language is read again in both."""

import pytest
import read_together
from read_together import KEPT, main, not_read, sections, wordings

SCRIPT = '''"""
Title
=====

Welcome.
"""

# %%
# .. _first:
#
# First
# -----
# It is {}.

x = {}
'''


def test_every_section_was_read_in_both_languages_as_it_stands():
    assert not_read() == [], "read them in both languages, then: make read"


def test_prose_is_told_by_section_and_code_is_left_out():
    assert sections(SCRIPT.format("small", 1), script=True) == {
        "": "Title\n=====\n\nWelcome.\n%%\n",
        "first": "\n\nFirst\n-----\nIt is small.",
    }


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_changed_sentence_is_named_whatever_its_language_and_code_is_not(
    tmp_path, lang
):
    (tmp_path / "docs").mkdir()
    glossary = tmp_path / "docs" / "glossary.toml"
    term = '[[term]]\nen = "loss"\nzh = "损失"\nabout_en = "Low."\nabout_zh = "{}。"\n'
    glossary.write_text(term.format("低"))
    for each in ("en", "zh"):
        (tmp_path / "gallery" / each).mkdir(parents=True)
        (tmp_path / "gallery" / each / "page.py").write_text(SCRIPT.format("small", 1))
    kept = tmp_path / "kept.toml"
    lines = [f'"{k}" = "{v}"\n' for k, v in wordings(tmp_path).items()]
    kept.write_text("".join(lines))
    page = tmp_path / "gallery" / lang / "page.py"
    page.write_text(SCRIPT.format("small", 2))
    assert not_read(tmp_path, kept) == []
    page.write_text(SCRIPT.format("large", 2))
    assert not_read(tmp_path, kept) == ["page#first"]
    glossary.write_text(term.format("高"))
    assert not_read(tmp_path, kept) == ["glossary#loss", "page#first"]
    catalogue = tmp_path / "docs" / "locale" / "zh" / "all" / "site.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text('msgid "Up"\nmsgstr "向下"\n')
    assert "site.po" in not_read(tmp_path, kept)
    catalogue.unlink()
    page.unlink()
    assert not_read(tmp_path, kept) == ["glossary#loss", "page#", "page#first"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_a_check_says_is_read_too(monkeypatch, lang):
    before = wordings()
    own = read_together.exercises.own

    def other(name, language):
        changed = name == "my_nll" and language == lang
        return own(name, language) | ({"hint": "Guess."} if changed else {})

    monkeypatch.setattr(read_together.exercises, "own", other)
    assert dict(before.items() ^ wordings().items()).keys() == {"exercises#my_nll"}


def test_what_is_written_down_is_what_stands_there(tmp_path):
    main(tmp_path / "kept.toml")
    assert (tmp_path / "kept.toml").read_text() == KEPT.read_text()
