"""Docstrings speak the language of their page, and the API follows the lesson."""

import re

import pytest
from ext.code.finder import documented, place
from ext.code.package_source import package_files
from ext.language import docstrings
from gallery_scripts import ROOT
from miniature import build

pytestmark = pytest.mark.filterwarnings(  # napoleon's affair
    "ignore:The mapping interface for autodoc options"
)
AUTODOC = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
SETTINGS = {
    "napoleon_use_rtype": False,
    "napoleon_use_param": False,
    "autodoc_member_order": "bysource",
    "autodoc_typehints": "none",
    "smartquotes": False,
}
LANGUAGES = {"en": "en", "zh": "zh_CN"}
each = pytest.mark.parametrize("lang", ["en", "zh"])


def api(lang):
    return (ROOT / "docs" / lang / "api.rst").read_text(encoding="utf-8")


def build_api(folder, lang):
    """Build the API page alone, and return it with the warnings."""
    text = re.sub(r":ref:`[^`]*`", "", api(lang))
    return build(
        folder,
        {"index": text},
        [*AUTODOC, "ext.language.docstrings"],
        language=LANGUAGES[lang],
        **SETTINGS,
    )


def test_every_piece_of_a_docstring_has_its_chinese_and_none_is_left_over(
    tmp_path, monkeypatch
):
    met = set()

    class Asked(dict):
        def get(self, text):
            met.add(text)
            return super().get(text)

    catalogue = Asked(docstrings.translations("zh_CN"))
    monkeypatch.setattr(docstrings, "translations", lambda language: catalogue)
    _, warnings = build_api(tmp_path, "zh")
    assert "docstrings.po lacks" not in warnings
    assert sorted(catalogue.keys() - met) == [], "no docstring says so any more"
    assert len(met) > 200


def test_the_chinese_is_chinese_and_keeps_names_and_numbers():
    for english, chinese in docstrings.translations("zh_CN").items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;?!][\u4e00-\u9fff]", chinese)
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9`]", chinese), chinese
        for code in re.findall(
            r":\w+:`[^`]+`|``[^`]+``|\(n,[\d, ]*\)|\d[\d,.]*\d", english
        ):
            assert code in chinese, chinese


def test_no_english_sentence_is_left_in_a_chinese_entry(tmp_path):
    html, _ = build_api(tmp_path, "zh")
    entries = html["index"].select("dl.py dd p")
    assert len(entries) > 150
    for entry in entries:
        assert re.search(r"[\u4e00-\u9fff]|^$", entry.get_text())
        for code in entry.select("code"):
            code.extract()
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", entry.get_text()), entry


@each
def test_names_types_and_descriptions_are_parted_as_the_language_does(tmp_path, lang):
    html, _ = build_api(tmp_path, lang)
    entry = html["index"].find(id="mnist_tut.by_hand.nll").find_next("dd").get_text()
    assert "--" not in html["index"].get_text().replace("---", "")
    if lang == "en":
        assert "target ((n,) int64 Tensor) – The true class" in entry
        assert "IndexError – If the lengths" in entry
    else:
        assert "target（形状为 (n,) 的 int64 张量）：每一行的真实类别" in entry
        assert "IndexError：如果两者长度不同" in entry


def test_a_piece_without_chinese_is_named_with_its_object(tmp_path, monkeypatch):
    monkeypatch.setattr(docstrings, "translations", lambda language: {})
    text = "T\n=\n\n.. autofunction:: mnist_tut.by_hand.accuracy\n"
    _, warnings = build(
        tmp_path,
        {"index": text},
        [*AUTODOC, "ext.language.docstrings"],
        language="zh_CN",
    )
    assert re.search(
        r"docstrings.po lacks 'Share of the rows .* of "
        r"mnist_tut.by_hand.accuracy",
        warnings,
    )


def test_pieces_are_paragraphs_entries_and_types_in_words():
    lines = """First,
in two lines.

- one
- two, with
  a second line

Parameters
----------
x, y : int, list of int
    What
    it is.

    More.
z : float

Returns
-------
list of str
    Names.

Raises
------
ValueError
    If not.""".splitlines()
    found = [(p.before, p.text) for p in docstrings.pieces(lines)]
    assert found == [
        ("", "First, in two lines."),
        ("- ", "one"),
        ("- ", "two, with a second line"),
        ("x, y : ", "int, list of int"),
        ("    ", "What it is."),
        ("    ", "More."),
        ("", "list of str"),
        ("    ", "Names."),
        ("    ", "If not."),
    ]


@each
def test_the_api_follows_the_lesson_and_leaves_no_module_out(lang):
    modules = re.findall(r"^\.\. automodule:: (\S+)$", api(lang), re.M)
    places = [place(module) for module in modules]
    assert places == sorted(places)
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in package_files()
    ]
    names = [name.removesuffix(".__init__") for name in names]
    assert sorted(modules) == sorted(name for name in names if documented(name))
    assert len(modules) >= 9
