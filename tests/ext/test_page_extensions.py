"""Our extensions for what a page looks like and says about itself, each on a miniature site."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from ext.gallery import reading_aids
from ext.page import light_assets, light_pages, promise
from ext.search import texts
from gallery_scripts import NAMES
from gallery_scripts import cells as gallery_cells
from miniature import LOCALE, build
from PIL import Image
from sphinx import locale
from sphinx.errors import ConfigError

ROOT = Path(__file__).parents[2]
PAGE = "Title\n=====\n\nFirst *paragraph*.\n\nSecond.\n"

# page_head


def head(tmp_path, language="en", **settings):
    html, warnings = build(
        tmp_path, {"index": PAGE}, ["ext.page.head"], language=language, **settings
    )
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


@pytest.mark.parametrize("slash", ["", "/"])
def test_addresses_are_absolute_where_the_site_has_one(tmp_path, slash):
    tags = head(tmp_path, site_url=f"https://example.org/tut{slash}")
    page = "https://example.org/tut/en/index.html"
    assert tags.select_one("link[rel='canonical']")["href"] == page
    assert properties(tags)["og:url"] == page
    assert properties(tags)["og:image"].startswith("https://example.org/tut/en/_static")
    alternates = tags.select("link[rel='alternate'][hreflang]")
    assert [a["href"] for a in alternates] == [page, page.replace("/en/", "/zh/"), page]


def test_an_address_that_is_none_stops_the_build(tmp_path):
    with pytest.raises(ConfigError, match="MNIST_TUT_SITE"):
        head(tmp_path, site_url="example.org")


def test_a_long_first_paragraph_is_cut_and_escaped(tmp_path):
    text = 'Title\n=====\n\nA "quoted" word. ' + "word " * 100 + "\n"
    html, _ = build(tmp_path, {"index": text}, ["ext.page.head"], smartquotes=False)
    described = html["index"].select_one("meta[name='description']")["content"]
    assert described.startswith('A "quoted" word.')
    assert described.endswith("…")
    assert len(described) == 160


# picture_sizes


def test_pictures_have_their_size_and_all_but_the_first_wait(tmp_path):
    Image.new("RGB", (7, 3)).save(tmp_path / "a.png")
    Image.new("RGB", (2, 5)).save(tmp_path / "b.png")
    text = "T\n=\n\n.. image:: ../a.png\n\n.. image:: ../b.png\n"
    html, _ = build(tmp_path, {"index": text}, ["ext.page.picture_sizes"])
    first, second = html["index"].select("img")
    assert (first["width"], first["height"]) == ("7", "3")
    assert (second["width"], second["height"]) == ("2", "5")
    assert "loading" not in first.attrs
    assert second["loading"] == "lazy"


def test_a_drawing_needs_no_size(tmp_path):
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="3"/>'
    (tmp_path / "a.svg").write_text(drawing)
    html, warnings = build(
        tmp_path, {"index": "T\n=\n\n.. image:: ../a.svg\n"}, ["ext.page.picture_sizes"]
    )
    assert warnings == ""
    picture = html["index"].select_one("[src$='a.svg'], [data$='a.svg']")
    assert "width" not in picture.attrs


def test_a_size_that_the_page_gives_is_kept(tmp_path):
    text = 'T\n=\n\n.. raw:: html\n\n   <img src="x.png" width="9">\n'
    html, _ = build(tmp_path, {"index": text}, ["ext.page.picture_sizes"])
    assert html["index"].select_one("img").attrs == {"src": "x.png", "width": "9"}


# folded_outputs


def output(lines):
    body = "".join(f"   line {i}\n" for i in range(lines))
    return f".. rst-class:: sphx-glr-script-out\n\n.. code-block:: none\n\n{body}\n"


def test_only_long_outputs_are_folded(tmp_path):
    code = ".. code-block:: python\n\n" + "   x = 1\n" * 40
    text = f"T\n=\n\n{output(12)}\n{output(13)}\n{code}"
    html, _ = build(tmp_path, {"index": text}, ["ext.gallery.folded_outputs"])
    (folded,) = html["index"].select("details")
    assert folded.summary.get_text() == "Output, 13 lines"
    assert folded.pre.get_text().startswith("line 0\nline 1\n")
    assert len(html["index"].select("pre")) == 3


# reading_aids

RUN = """
T
=

- **You will do:** this.

**In short:** that.

A paragraph that says **In short:** in its middle.

- Another list.

.. rst-class:: sphx-glr-timing

   **Total running time of the script:** (1 minutes 23.456 seconds)
"""


def test_the_box_gains_the_times_and_recaps_get_their_look(tmp_path):
    html, warnings = build(tmp_path, {"index": RUN}, ["ext.gallery.reading_aids"])
    assert warnings == ""
    items = [li.get_text() for li in html["index"].select("ul.at-a-glance li")]
    assert items == [
        "You will do: this.",
        "Time: about 5 minutes to read. Running all of it took 1 minute 23 seconds "
        "when this page was built.",
    ]
    assert [p.get_text() for p in html["index"].select("p.recap")] == [
        "In short: that."
    ]


def test_a_page_that_was_not_run_has_no_box(tmp_path):
    text = RUN.partition(".. rst-class")[0]
    html, _ = build(tmp_path, {"index": text}, ["ext.gallery.reading_aids"])
    assert not html["index"].select(".at-a-glance")
    assert len(html["index"].select("p.recap")) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["22 seconds", "1 minute 3 seconds", "2 minutes 3 seconds"]),
        ("zh_CN", ["22 秒", "1 分 3 秒", "2 分 3 秒"]),
    ],
)
def test_durations_are_worded_in_the_pages_language(language, words):
    locale.init([str(LOCALE)], language)
    times = [(0, 22.1), (1, 3.0), (2, 3.0)]
    assert [reading_aids.duration(*time) for time in times] == words


def test_reading_time_counts_words_characters_and_code_but_no_outputs():
    def page(text="", code="", classes=()):
        block = nodes.literal_block(code, code, classes=list(classes))
        return nodes.section("", nodes.paragraph(text, text), block)

    assert reading_aids.reading_minutes(page("word " * 2000)) == 10
    assert reading_aids.reading_minutes(page("字" * 3500)) == 10
    assert reading_aids.reading_minutes(page(code="x = 1\n" * 200)) == 10
    unread = page(code="1\n" * 2000, classes=["sphx-glr-script-out"])
    assert reading_aids.reading_minutes(unread) == 5
    for kind in ("folded", "only-in-downloads"):
        hidden = nodes.section(
            "", nodes.container("", page("word " * 2000), classes=[kind])
        )
        assert reading_aids.reading_minutes(hidden) == 5
    for unseen in (nodes.raw, nodes.comment):
        words = nodes.section("", unseen("", "word " * 2000))
        assert reading_aids.reading_minutes(words) == 5


# search


def search_texts(folder):
    """Return what the search is given, and its pages without titles and kinds."""
    script = (folder / "build" / "html" / "search-texts.js").read_text(encoding="utf-8")
    given = json.loads(re.fullmatch(r"window\.searchTexts = (.*);\n", script, re.S)[1])
    return given, {page: sections for page, (_, _, sections) in given["pages"].items()}


def searchable(tmp_path, text, extensions=(), **settings):
    _, warnings = build(
        tmp_path, {"index": text}, ["ext.search", *extensions], **settings
    )
    assert warnings == ""
    return search_texts(tmp_path)[1]["index"]


def test_every_section_is_written_for_the_search_page_with_its_anchor(tmp_path):
    text = (
        "Title\n=====\n\n.. code-block:: python\n\n   x = 1\n\nAbout *losses*.\n\n"
        ".. rst-class:: sphx-glr-script-out\n\n.. code-block:: none\n\n   0.5\n\n"
        ".. _here:\n\nHeading\n-------\n\n- one\n- two, :math:`1/\\sqrt{4}`\n"
    )
    assert searchable(tmp_path, text, ["ext.language.anchors"]) == [
        ["title", "Title", "About losses.", "x = 1", "0.5"],
        ["here", "Heading", "one two, 1/√4", "", ""],
    ]


def test_sphinx_makes_no_index_and_its_search_page_takes_ours(tmp_path):
    settings = {
        "templates_path": [str(ROOT / "docs" / "_templates")],
        "html_theme": "pydata_sphinx_theme",
    }
    html, _ = build(tmp_path, {"index": PAGE}, ["ext.search"], **settings)
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
    text += hidden.format("folded") + hidden.format("only-in-downloads")
    text += ".. container:: folded answer\n\n   Answered.\n\n"
    pages = {"index": text, "tests": f":nosearch:\n:orphan:\n\n{text}"}
    build(tmp_path, pages, ["ext.search"])
    assert search_texts(tmp_path)[1] == {
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
    given = search_texts(tmp_path)[0]
    names = next(names for names in given["names"] if "stride" in names)
    assert names[0] == first
    assert {"stride", "步幅", "步长"} <= set(names)
    assert "張张" in given["traditional"]
    assert not {"車车"} & set(re.findall("..", given["traditional"]))
    assert all("{}" in given["words"][key] for key in ("found", "missing", "nothing"))


def test_every_traditional_character_stands_for_one_other():
    pairs = texts.TRADITIONAL.read_text(encoding="utf-8").split()
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in pairs)
    assert len({pair[0] for pair in pairs}) == len(pairs) > 100


def test_texts_of_pages_that_went_are_forgotten():
    env = SimpleNamespace(search_texts={"a": [], "b": []})
    texts.forget(None, env, "a")
    other = SimpleNamespace(search_texts={"c": [["x", "y", "z"]], "d": []})
    texts.merge(None, env, {"c", "tests"}, other)
    assert env.search_texts == {"b": [], "c": [["x", "y", "z"]]}


# light_pages


def test_code_loses_spans_without_a_colour_of_their_own_and_nothing_else(tmp_path):
    text = "T\n=\n\n.. code-block:: python\n\n   def f(x):\n       return x + 1\n"
    html, _ = build(tmp_path, {"index": text}, ["ext.page.light_pages"])
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


def figure(path, alpha):
    """Draw blue of varying opacity on the left, and nothing on the right."""
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    blue = Image.new("RGB", (100, 100), "#0072B2")
    blue.putalpha(alpha)
    picture.paste(blue, (0, 0))
    picture.save(path)
    return path.stat().st_size


def test_a_figure_keeps_its_look_and_loses_bytes(tmp_path):
    path = tmp_path / "a.png"
    before = figure(
        path,
        Image.fromarray(
            np.random.default_rng(0).integers(256, size=(100, 100)).astype("uint8")
        ),
    )
    with Image.open(path) as picture:
        old = np.asarray(picture.convert("RGBA"), dtype=float)
    light_pages.use_palette(path)
    assert path.stat().st_size < before
    with Image.open(path) as picture:
        new = np.asarray(picture.convert("RGBA"), dtype=float)
    assert new[50, 150, 3] <= 1  # of 255: as good as transparent
    assert abs(new - old)[:100, :100].mean() < 5
    changed = path.stat().st_mtime_ns
    light_pages.use_palette(path)
    assert path.stat().st_mtime_ns == changed


def test_a_figure_that_a_palette_would_not_help_is_left_alone(tmp_path):
    path = tmp_path / "a.png"
    before = figure(path, Image.linear_gradient("L").resize((100, 100)))
    light_pages.use_palette(path)
    assert path.stat().st_size == before


# light_assets


def test_rules_that_match_nothing_on_the_site_are_left_out():
    css = (
        '@charset "UTF-8";a{b:c}.used{d:e}.unused,.used:not(.unused)>#id{f:g}'
        "@media(min-width:1px){.unused{h:i}}@media(min-width:2px){.used{j:k}}"
        '.fa-sun{--fa:"\\f185"}.x\\.5,.used{l:url("a;}b")}'
        "@font-face{font-family:Font Awesome}/* gone */@font-face{font-family:Kept}"
    )
    assert light_assets.without_unused(css, {"used", "id"}) == (
        '@charset "UTF-8";a{b:c}.used{d:e}.used:not(.unused)>#id{f:g}'
        '@media(min-width:2px){.used{j:k}}.used{l:url("a;}b")}'
        "@font-face{font-family:Kept}"
    )


def test_what_pages_and_scripts_name_is_used_and_icons_are_not(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "a.html").write_text(
        '<p class="one two" id=\'three\'><img class = "four"><i class="fa-solid fa-sun">'
    )
    (tmp_path / "_static" / "a.js").write_text("list.add('five-six')")
    words = light_assets.words_of(tmp_path)
    assert {"one", "two", "three", "four", "five-six"} <= words
    assert not {"fa-sun", "fa-solid"} & words


def test_the_rules_for_dark_pages_hold_without_a_script_too():
    css = (
        'html[data-theme="dark"]{a:b}html[data-theme=light]{c:d}p{e:f}'
        "@media print{html[data-theme=dark] p{g:h}}"
    )
    assert light_assets.dark_rules(css) == (
        "html[data-theme]{a:b}@media print{html[data-theme] p{g:h}}"
    )


# light_pages


def test_a_place_is_linked_once_in_the_code_of_a_section():
    def link(href):
        return f'<a class="sphx-glr-backref-x" href="{href}">n</a>'

    body = f"<section>{link('a')}{link('b')}{link('a')}<section>{link('a')}</section>"
    again = link("a").replace("<a ", '<a tabindex="-1" ')
    assert light_pages.unlink_repeats(body) == (
        f"<section>{link('a')}{link('b')}n<section>{again}</section>"
    )


# promise


def promise_page(tmp_path):
    page = "Title\n=====\n\n.. promise::\n"
    return build(tmp_path, {"index": page}, ["ext.page.promise"])


def test_the_promise_counts_what_both_languages_share(tmp_path):
    html, warnings = promise_page(tmp_path)
    assert warnings == ""
    numbers = re.findall(r"\d+", html["index"].select_one("p.promise").get_text())
    cells = sum(len(gallery_cells("zh", name)) for name in NAMES)
    assert int(numbers[0]) == cells
    assert int(numbers[1]) > 30
    assert int(numbers[2]) > 100


def test_a_promise_that_does_not_hold_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(promise, "anchors", lambda language: {f"page#{language}"})
    monkeypatch.setattr(promise.anchors, "__name__", "anchors")
    _html, warnings = promise_page(tmp_path)
    assert (
        "the anchors differ between the languages: ['page#en', 'page#zh']" in warnings
    )
