"""The glossary in each language, and the definitions that links to it show."""

import re

import pytest
from ext import terms
from ext.terms import anchor, read_terms, sort_key
from miniature import build

LANGUAGES = {"en": "en", "zh": "zh_CN"}
each = pytest.mark.parametrize("lang", ["en", "zh"])


def build_glossary(folder, lang, extensions=(), **pages):
    return build(
        folder,
        {"index": "T\n=\n\n.. toctree::\n\n   glossary\n", **pages}
        | {"glossary": "G\n=\n\n.. term-pairs::\n"},
        ["ext.terms", *extensions],
        language=LANGUAGES[lang],
    )


@pytest.mark.parametrize(
    ("lang", "term", "pair"),
    [("en", "mini-batch", "小批量"), ("zh", "小批量", "mini-batch")],
)
def test_every_term_stands_beside_its_twin_and_can_be_linked(
    tmp_path, lang, term, pair
):
    page = f"T\n=\n\nsee :term:`{term}`\n"
    html, warnings = build_glossary(tmp_path, lang, other=f":orphan:\n\n{page}")
    assert warnings == ""
    terms = html["glossary"].select("dl.glossary dt")
    assert len(terms) == len(read_terms())
    entry = next(dt for dt in terms if dt.contents[0].strip() == term)
    assert entry.select_one(".twin").get_text() == pair
    assert html["other"].select_one("a[href='glossary.html#term-mini-batch']")


def test_both_languages_share_every_anchor(tmp_path):
    anchors = {}
    for lang in LANGUAGES:
        folder = tmp_path / lang
        folder.mkdir()
        html, _ = build_glossary(folder, lang)
        anchors[lang] = sorted(dt["id"] for dt in html["glossary"].select("dt"))
    assert anchors["en"] == anchors["zh"]
    assert len(set(anchors["en"])) == len(read_terms())
    assert not [name for name in anchors["en"] if re.search(r"-\d+$", name)]


@each
def test_terms_follow_the_alphabet_of_their_language(tmp_path, lang):
    html, _ = build_glossary(tmp_path, lang)
    words = [dt.contents[0].strip() for dt in html["glossary"].select("dt")]
    assert len(words) > 100
    assert words == sorted(words, key=sort_key)
    twins = {twin["lang"] for twin in html["glossary"].select(".twin")}
    assert twins == {"zh-CN" if lang == "en" else "en"}


def test_chinese_words_are_sorted_as_they_are_read():
    words = [
        "张量",
        "重构",
        "校验和",
        "batch",
        "自动求导",
        "参数",
        "卷积核",
        "卷积",
        "小批量",
    ]
    assert sorted(words, key=sort_key) == [
        "batch", "参数", "重构", "校验和", "卷积", "卷积核", "小批量", "张量", "自动求导"
    ]  # fmt: skip


def test_every_first_character_is_one_whose_place_tells_its_reading():
    for term in read_terms():
        first = term["zh"][0]
        if not first.isascii():
            assert b"\xb0\xa1" <= sort_key(first) < b"\xd8\xa1"


def test_other_names_are_told_unless_the_definition_does():
    term = {
        "about_zh": "一种层。\n常称 B。",
        "about_en": "A layer.",
        "also_zh": ["A", "B"],
    }
    assert terms.about(term, "zh") == "一种层。 常称 B。 Also: A."
    assert terms.about(term, "en") == "A layer."


def test_a_hint_is_plain_text():
    term = {
        "en": "softmax",
        "zh": "归一化指数",
        "about_en": "Like ``F.softmax``: :math:`p_i = e^{x_i} / \\sum_j e^{x_j}`.",
        "about_zh": "如 ``F.softmax``。",
    }
    assert terms.hint(term, "en") == (
        "softmax: Like F.softmax: p_i = exp(x_i) / ∑_j exp(x_j)."
    )
    assert terms.hint(term, "zh") == "归一化指数（softmax）：如 F.softmax。"
    for term in read_terms():
        for lang in LANGUAGES:
            assert not re.search(r"[`\\{}]", terms.hint(term, lang))


@each
def test_a_link_to_a_term_shows_its_definition_without_any_script(tmp_path, lang):
    [loss] = [term for term in read_terms() if term["en"] == "loss"]
    other = (
        f":orphan:\n\nT\n=\n\n:term:`{loss[lang]}` and `elsewhere <https://x.org>`_\n"
    )
    html, _ = build_glossary(tmp_path, lang, other=other)
    link = html["other"].select_one(f"a[href='glossary.html#{anchor(loss)}']")
    assert loss[lang] in link["title"]
    assert loss[f"about_{lang}"] in link["title"]
    assert not html["other"].select("a[href*='x.org'][title]")
