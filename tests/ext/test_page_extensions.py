"""Our extensions for what a page looks like and says about itself, each on a miniature site."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from ext import boxes, light_assets, light_pages, search_texts
from ext.languages import LANGUAGES
from miniature import build
from PIL import Image
from sphinx.errors import ConfigError

ROOT = Path(__file__).parents[2]
PAGE = "Title\n=====\n\nFirst *paragraph*.\n\nSecond.\n"

# page_head


def head(tmp_path, language="en", **settings):
    settings |= {"templates_path": [str(ROOT / "docs" / "_templates")]}
    settings |= {"html_theme": "pydata_sphinx_theme", "smartquotes": False}
    pages = {"index": settings.pop("text", PAGE)}
    html, warnings = build(tmp_path, pages, ["ext.head"], language=language, **settings)
    assert warnings == ""
    return html["index"].head


def properties(tags):
    return {m["property"]: m["content"] for m in tags.select("meta[property]")}


def test_a_page_names_its_twins_and_describes_itself(tmp_path):
    tags = head(tmp_path, language="zh_CN")
    links = {
        a["hreflang"]: a["href"] for a in tags.select("link[rel='alternate'][hreflang]")
    }
    assert links == {
        "en": "./../en/index.html",
        "zh-CN": "./../zh/index.html",
        "x-default": "./../en/index.html",
    }
    described = tags.select_one("meta[name='description']")["content"]
    assert described == properties(tags)["og:description"] == "First paragraph."
    assert properties(tags)["og:locale"] == "zh_CN"
    assert properties(tags)["og:locale:alternate"] == "en_GB"
    assert tags.select_one("link[rel='canonical']") is None


@pytest.mark.parametrize(("slash", "lang"), [("", "en"), ("/", "zh")])
def test_addresses_are_absolute_where_the_site_has_one(tmp_path, slash, lang):
    language = LANGUAGES[lang].sphinx
    tags = head(tmp_path, language, site_url=f"https://example.org/tut{slash}")
    page = f"https://example.org/tut/{lang}/index.html"
    assert tags.select_one("link[rel='canonical']")["href"] == page
    assert properties(tags)["og:url"] == page
    image = f"https://example.org/tut/{lang}/_static"
    assert properties(tags)["og:image"].startswith(image)
    alternates = tags.select("link[rel='alternate'][hreflang]")
    assert [a["href"].split("/")[4] for a in alternates] == ["en", "zh", "en"]


@pytest.mark.parametrize(
    "wrong",
    [{"site_url": "example.org"}]
    + [{"repository": r} for r in ("tut", "https://github.com/me/tut", 'a/b">')],
)
def test_an_address_that_is_none_stops_the_build(tmp_path, wrong):
    with pytest.raises(ConfigError, match=r"MNIST_TUT_(SITE|REPO) must be"):
        head(tmp_path, **wrong)


def test_a_title_with_markup_and_signs_is_told_as_it_reads(tmp_path):
    title = '``a`` "b" & <c>'
    tags = head(tmp_path, text=f"{title}\n{'=' * 20}\n\nFirst.\n")
    assert properties(tags)["og:title"] == 'a "b" & <c>'


def test_a_long_first_paragraph_is_cut_and_escaped(tmp_path):
    text = 'Title\n=====\n\nA "quoted" word. ' + "word " * 100 + "\n"
    tags = head(tmp_path, text=text)
    described = tags.select_one("meta[name='description']")["content"]
    assert described.startswith('A "quoted" word.')
    assert described.endswith("…")
    assert len(described) == 160


# light_pages


def test_pictures_have_their_size_and_all_but_the_first_wait(tmp_path):
    Image.new("RGB", (7, 3)).save(tmp_path / "a.png")
    Image.new("RGB", (2, 5)).save(tmp_path / "b.png")
    text = "T\n=\n\n.. image:: ../a.png\n\n.. image:: ../b.png\n"
    html, _ = build(tmp_path, {"index": text}, ["ext.light_pages"])
    first, second = html["index"].select("img")
    assert (first["width"], first["height"]) == ("7", "3")
    assert (second["width"], second["height"]) == ("2", "5")
    assert "loading" not in first.attrs
    assert second["loading"] == "lazy"


def test_a_drawing_needs_no_size(tmp_path):
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="3"/>'
    (tmp_path / "a.svg").write_text(drawing)
    html, warnings = build(
        tmp_path, {"index": "T\n=\n\n.. image:: ../a.svg\n"}, ["ext.light_pages"]
    )
    assert warnings == ""
    picture = html["index"].select_one("[src$='a.svg'], [data$='a.svg']")
    assert "width" not in picture.attrs


def test_a_size_that_the_page_gives_is_kept(tmp_path):
    text = 'T\n=\n\n.. raw:: html\n\n   <img src="x.png" width="9">\n'
    html, _ = build(tmp_path, {"index": text}, ["ext.light_pages"])
    assert html["index"].select_one("img").attrs == {"src": "x.png", "width": "9"}


# folded_outputs


def output(lines):
    body = "".join(f"   line {i}\n" for i in range(lines))
    return f".. rst-class:: sphx-glr-script-out\n\n.. code-block:: none\n\n{body}\n"


def test_of_an_entry_the_words_stay_in_sight_and_the_cells_are_folded(tmp_path):
    code = ".. code-block:: python\n\n   x = 1\n"
    entry = f"M\n-\n\nWhy.\n\n{code}\n{output(2)}\n\nAnd so.\n\n{code}\n"
    text = f"T\n=\n\n.. rst-class:: entries\n\nG\n~\n\n{code}\nAn entry:\n\n{entry}"
    text = text.replace("M\n-", "M\n^")
    html, _ = build(tmp_path, {"index": text}, ["ext.boxes"])
    first, second = html["index"].select("section section section details.entry")
    assert [pre.get_text() for pre in first.select("pre")] == [
        "x = 1\n",
        "line 0\nline 1\n",
    ]
    assert first.summary.get_text() == "See it go wrong, and right"
    assert "folded" not in first["class"]  # or the search would not look into it
    assert [len(box.select("p")) for box in (first, second)] == [0, 0]
    assert len(html["index"].select("details")) == 2  # not the group's own cell


# reading_aids

LESSON = """
T
=

- **You will do:** this.

**In short:** that.

A paragraph that says **In short:** in its middle.

- Another list.
"""


def test_a_lesson_says_at_a_glance_how_long_it_is_and_recaps_get_their_look(tmp_path):
    pages = {"index": LESSON, "tutorials/a": f":orphan:\n\n{LESSON}"}
    html, warnings = build(tmp_path, pages, ["ext.boxes"])
    assert warnings == ""
    page = html["tutorials/a"]
    items = [li.get_text() for li in page.select("ul.at-a-glance li")]
    assert items == ["You will do: this.", "Time: about 5 minutes to read."]
    for each in html.values():
        assert [p.get_text() for p in each.select("p.recap")] == ["In short: that."]
    assert not html["index"].select(".at-a-glance")


def test_reading_time_counts_words_characters_and_code_but_no_outputs():
    def page(text="", code="", classes=()):
        block = nodes.literal_block(code, code, classes=list(classes))
        title = nodes.title("", "T")
        section = nodes.section("", title, nodes.paragraph(text, text), block)
        return nodes.container("", section)

    assert boxes.reading_minutes(page("word " * 2000)) == 10
    assert boxes.reading_minutes(page("字" * 3500)) == 10
    assert boxes.reading_minutes(page(code="x = f(1)\n" * 267)) == 10
    entries = page(code="x = f(1)\n" * 267)
    entries["classes"] = ["entries"]  # whose code is folded
    assert boxes.reading_minutes(entries) == 5
    unread = page(code="1\n" * 2000, classes=["sphx-glr-script-out"])
    assert boxes.reading_minutes(unread) == 5
    folded = boxes.fold("hint", "Hint", nodes.paragraph("", "word " * 2000))
    assert boxes.reading_minutes(nodes.container("", nodes.section("", folded))) == 5


def test_a_cell_that_begins_with_what_it_does_is_folded_and_others_are_not():
    def block(text, language):
        return nodes.literal_block(text, text, language=language)

    page = nodes.section(
        "",
        block("#: Six rates\nx = 1", "Python"),
        block("# six\nx = 1", "Python"),
        block("#: of another kind", "python"),
    )
    boxes.fold_cells(None, page)
    assert [isinstance(node, boxes.box) for node in page] == [True, False, False]
    assert page[0]["summary"] == "Six rates"
    assert page[0].astext().endswith("x = 1")


# search


def texts_of(folder):
    """Return what the search is given, and the sections of its pages."""
    script = (folder / "build" / "html" / "search-texts.js").read_text(encoding="utf-8")
    given = json.loads(re.fullmatch(r"window\.searchTexts = (.*);\n", script, re.S)[1])
    sections = {page: [] for page in given["pages"]}
    for page, *section in zip(*given["columns"], strict=True):
        sections[page].append(section)
    return given, sections


def searchable(tmp_path, text, extensions=(), **settings):
    _, warnings = build(
        tmp_path, {"index": text}, ["ext.search_texts", *extensions], **settings
    )
    assert warnings == ""
    return texts_of(tmp_path)[1]["index"]


def test_every_section_is_written_for_the_search_page_with_its_anchor(tmp_path):
    text = (
        "Title\n=====\n\n.. code-block:: python\n\n   x = 1\n\nAbout *losses*.\n\n"
        ".. rst-class:: sphx-glr-script-out\n\n.. code-block:: none\n\n   0.5\n\n"
        ".. _here:\n\nHeading\n-------\n\n- one\n- two, :math:`1/\\sqrt{4}`\n"
    )
    assert searchable(tmp_path, text, ["ext.markup"]) == [
        ["title", "Title", "About losses.", "x = 1", "0.5"],
        ["here", "Heading", "one two, 1/√4", "", ""],
    ]


def test_sphinx_makes_no_index_and_its_search_page_takes_ours(tmp_path):
    settings = {
        "templates_path": [str(ROOT / "docs" / "_templates")],
        "html_theme": "pydata_sphinx_theme",
    }
    html, _ = build(tmp_path, {"index": PAGE}, ["ext.search_texts"], **settings)
    out = tmp_path / "build" / "html"
    assert not html["index"].select("script[src*='search']")
    assert not (out / "searchindex.js").exists()
    page = BeautifulSoup((out / "search.html").read_text(encoding="utf-8"), "html5lib")
    scripts = [tag["src"] for tag in page.select("script[src*='search']")]
    assert scripts == ["search-texts.js", "search.js"]
    assert (out / "search.js").exists()


def test_what_cannot_be_seen_or_found_is_not_written_for_the_search_page(tmp_path):
    hidden = ".. container:: {}\n\n   Hidden.\n\n"
    text = "Title\n=====\n\nSeen.\n\n"
    text += hidden.format("folded") + hidden.format("tested-source-links")
    text += ".. container:: folded answer\n\n   Answered.\n\n"
    pages = {"index": text, "tests": f":nosearch:\n:orphan:\n\n{text}"}
    build(tmp_path, pages, ["ext.search_texts"])
    assert texts_of(tmp_path)[1] == {
        "index": [["title", "Title", "Seen. Answered.", "", ""]]
    }


def test_entries_of_a_glossary_can_be_found_one_by_one(tmp_path):
    text = "Title\n=====\n\n.. glossary::\n\n   loss\n      How bad it is.\n"
    assert searchable(tmp_path, text) == [
        ["title", "Title", "", "", ""],
        ["term-loss", "loss", "How bad it is.", "", ""],
    ]


def test_names_of_the_api_can_be_found_one_by_one_without_the_links_to_their_tests(
    tmp_path,
):
    text = (
        "Title\n=====\n\n.. py:module:: m\n\n.. py:class:: C\n\n   About it.\n\n"
        "   :Tested by: 2 tests\n\n   .. py:method:: f()\n\n      A method.\n"
    )
    assert searchable(tmp_path, text)[1:] == [
        ["m.C", "m.C", "About it.", "", ""],
        ["m.C.f", "m.C.f", "A method.", "", ""],
    ]


def test_a_reference_is_quoted_by_the_title_it_shows(tmp_path):
    text = "Title\n=====\n\nSee :ref:`here` and :doc:`index`.\n\n.. _here:\n\nHeading\n-------\n"
    assert searchable(tmp_path, text)[0][2] == "See Heading and Title."


@pytest.mark.parametrize(("language", "first"), [("en", "stride"), ("zh_CN", "步幅")])
def test_the_search_is_given_all_names_of_a_term_and_words_in_its_language(
    tmp_path, language, first
):
    text = "Title\n=====\n\n步长張\n"
    searchable(tmp_path, text, language=language)
    given = texts_of(tmp_path)[0]
    names = next(names for names in given["names"] if "stride" in names)
    assert names[0] == first
    assert {"stride", "步幅", "步长"} <= set(names)
    assert "張张" in given["traditional"].split()
    assert "slow, " in given["synonyms"]
    sounds = dict(re.findall("([a-zü]+)(\\S+)", given.get("pinyin", "")))
    assert language == "en" or {"量", "亮"} <= set(sounds["liang"])
    assert ("保存模型" in given["asked"]) == (language != "en")
    assert "save the model" in given["asked"]
    assert "Expected all tensors to be on the same device" in given["asked"]
    assert all("{}" in given["words"][key] for key in ("found", "missing", "nothing"))


def test_every_traditional_character_stands_for_one_other():
    pairs = (search_texts.WORDS / "traditional.txt").read_text("utf-8").split()
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in pairs)
    assert len({pair[0] for pair in pairs}) == len(pairs) > 100


# light_pages


def test_code_loses_spans_without_a_colour_of_their_own_and_nothing_else(tmp_path):
    text = "T\n=\n\n.. code-block:: python\n\n   def f(x):\n       return x + 1\n"
    html, _ = build(tmp_path, {"index": text}, ["ext.light_pages"])
    pre = html["index"].select_one("pre")
    assert pre.get_text() == "def f(x):\n    return x + 1\n"
    classes = {name for span in pre.select("span") for name in span.get("class", [])}
    assert classes == {"k", "nf", "o", "mi"}


def test_what_is_unwrapped_has_the_colour_of_plain_code():
    from pygments.formatters import HtmlFormatter

    for style in ("a11y-high-contrast-light", "a11y-high-contrast-dark"):
        css = HtmlFormatter(style=style).get_style_defs(".x")
        plain = re.search(r"^\.x \{.*color: (#\w+)", css, re.M)[1]
        for name in "npw":
            own = re.search(rf"^\.x \.{name} \{{ color: (#\w+) \}}", css, re.M)
            assert own is None or own[1].lower() == plain.lower(), (style, name)


# light_assets


def test_rules_that_match_nothing_on_the_site_are_left_out():
    css = (
        "/*! One */a{b:c}/*! Two */.used{d:e}.unused{f:g}.used:not(.unused)>#id{h:i}"
        "@media(min-width:1px){.unused{j:k}}@media(min-width:2px){.used{l:m}}"
        '.fa-sun{--fa:"\\f185"}.x\\.5{n:o}.used .gone,.used b{p:q}'
        "@font-face{font-family:Font Awesome}/* gone */@font-face{font-family:Kept}"
    )
    assert light_assets.without_unused(css, {"used", "id"}) == (
        "/*! Two */\n/*! One */\na{b:c}.used{d:e}.used:not(.unused)>#id{h:i}"
        "@media (min-width:2px){.used{l:m}}.used .gone,.used b{p:q}"
        "@font-face{font-family:Kept}"
    )


def test_without_words_to_go_by_only_blanks_and_remarks_are_left_out():
    css = "/*! Notice */ .a , .b { margin: 0 0 0 0 } /* why */ .c { color: #ffffff }"
    light = "/*! Notice */\n.a,.b{margin:0}.c{color:#fff}"
    assert light_assets.without_unused(css) == light
    assert light_assets.without_unused(light) == light


def test_what_pages_and_scripts_name_is_used_and_icons_are_not(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "a.html").write_text(
        '<p class="one two" id=\'three\'><img class = "four"><i class="fa-solid fa-sun">'
    )
    (tmp_path / "_static" / "a.js").write_text("list.add('five-six')")
    words = light_assets.words_of(tmp_path)
    assert {"one", "two", "three", "four", "five-six"} <= words
    assert not {"fa-sun", "fa-solid"} & words


def test_the_themes_script_no_longer_asks_every_block_for_its_width():
    theirs = (light_assets.THEME / light_assets.SCRIPT).read_text(encoding="utf-8")
    assert "scrollWidth" in theirs
    assert "scrollWidth" not in light_assets.WIDTHS.sub("", theirs)


@pytest.mark.parametrize(
    ("name", "body", "right"),
    [
        ("_static/copybutton.js?v=1", "<pre>", True),
        ("_static/copybutton.js?v=1", "<p>", False),
        ("_static/doctools.js", "<pre>", False),  # no page needs it
        ("_static/site.css", "", True),  # every page does
    ],
)
def test_a_page_loads_what_something_on_it_needs(name, body, right):
    assert light_assets.wanted(name, body) is right


# light_pages


def test_a_place_is_linked_once_in_the_code_of_a_section():
    def link(href):
        return f'<a class="sphx-glr-backref-x" href="{href}">n</a>'

    body = f"<section>{link('a')}{link('b')}{link('a')}<section>{link('a')}</section>"
    again = link("a").replace("<a ", '<a tabindex="-1" ')
    assert light_pages.unlink_repeats(body) == (
        f"<section>{link('a')}{link('b')}n<section>{again}</section>"
    )
