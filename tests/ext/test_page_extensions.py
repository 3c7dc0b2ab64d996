"""Our extensions for what a page looks like and says about itself, each on a miniature site."""

import json
import re
from types import SimpleNamespace

import pytest
from docutils import nodes
from ext.gallery import reading_aids
from ext.page import light_pages
from miniature import LOCALE, build
from PIL import Image
from sphinx import locale

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
        "x-default": "./../index.html",
    }
    described = tags.select_one("meta[name='description']")["content"]
    assert described == properties(tags)["og:description"] == "First paragraph."
    assert properties(tags)["og:locale"] == "zh_CN"
    assert tags.select_one("link[rel='canonical']") is None


def test_addresses_are_absolute_where_the_site_has_one(tmp_path):
    tags = head(tmp_path, site_url="https://example.org/tut/")
    page = "https://example.org/tut/en/index.html"
    assert tags.select_one("link[rel='canonical']")["href"] == page
    assert properties(tags)["og:url"] == page
    assert properties(tags)["og:image"].startswith("https://example.org/tut/en/_static")
    assert tags.select_one("link[hreflang='en']")["href"] == page


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


# docstring_language

API = """
T
=

Chinese prose.

.. _x:

Section
-------

Module docstring.

.. py:function:: f()

   English docstring.
"""


@pytest.mark.parametrize(("language", "marked"), [("en", False), ("zh_CN", True)])
def test_docstrings_on_chinese_pages_are_marked_as_english(tmp_path, language, marked):
    html, _ = build(
        tmp_path, {"index": API}, ["ext.language.docstring_language"], language=language
    )
    english = [
        p.get_text() for p in html["index"].select(".body [lang='en'] p, .body dl p")
    ]
    assert english == ["Module docstring."] * marked + ["English docstring."]
    assert len(html["index"].select(".body [lang='en']")) == marked
    assert not html["index"].select(".body [lang='en'] h2")


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


# search_excerpts


def search_texts(folder):
    script = (folder / "build" / "html" / "search-texts.js").read_text(encoding="utf-8")
    return json.loads(re.fullmatch(r"window\.searchTexts = (.*);\n", script, re.S)[1])


def test_every_section_is_written_for_the_search_page_with_its_anchor(tmp_path):
    text = (
        "Title\n=====\n\n.. code-block:: python\n\n   x = 1\n\nAbout *losses*.\n\n"
        ".. _here:\n\nHeading\n-------\n\n- one\n- two, :math:`\\frac12`\n"
    )
    extensions = ["ext.language.anchors", "ext.search.excerpts"]
    html, warnings = build(tmp_path, {"index": text}, extensions)
    assert warnings == ""
    assert search_texts(tmp_path)["index"] == [
        ["title", "Title", "About losses.", "x = 1"],
        ["here", "Heading", "one two,", ""],
    ]
    assert not html["index"].select("script[src*='search-texts']")
    page = (tmp_path / "build" / "html" / "search.html").read_text(encoding="utf-8")
    assert 'src="search-texts.js"' in page
    assert "MutationObserver" in page


def test_what_cannot_be_seen_or_found_is_not_written_for_the_search_page(tmp_path):
    hidden = ".. container:: {}\n\n   Hidden.\n\n"
    text = "Title\n=====\n\nSeen.\n\n"
    text += hidden.format("folded") + hidden.format("only-in-downloads")
    pages = {"index": text, "tests": f":nosearch:\n:orphan:\n\n{text}"}
    build(tmp_path, pages, ["ext.search.excerpts"])
    assert search_texts(tmp_path) == {
        "index": [["title", "Title", "Seen.", ""]],
        "tests": [],
    }


def test_entries_of_a_glossary_can_be_found_one_by_one(tmp_path):
    text = "Title\n=====\n\n.. glossary::\n\n   loss\n      How bad it is.\n"
    build(tmp_path, {"index": text}, ["ext.search.excerpts"])
    assert search_texts(tmp_path)["index"] == [
        ["title", "Title", "", ""],
        ["term-loss", "loss", "How bad it is.", ""],
    ]


def test_a_reference_is_quoted_by_the_title_it_shows(tmp_path):
    text = "Title\n=====\n\nSee :ref:`here` and :doc:`index`.\n\n.. _here:\n\nHeading\n-------\n"
    build(tmp_path, {"index": text}, ["ext.search.excerpts"])
    assert search_texts(tmp_path)["index"][0][2] == "See Heading and Title."


def test_texts_of_pages_that_went_are_forgotten():
    from ext.search import excerpts

    env = SimpleNamespace(search_texts={"a": [], "b": []})
    excerpts.forget(None, env, "a")
    other = SimpleNamespace(search_texts={"c": [["x", "y", "z"]], "d": []})
    excerpts.merge(None, env, {"c"}, other)
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
    before = figure(path, Image.effect_noise((100, 100), 60))
    with Image.open(path) as picture:
        pixel = picture.getpixel((50, 50))
    light_pages.use_palette(path)
    assert path.stat().st_size < before
    with Image.open(path) as picture:
        after = picture.convert("RGBA")
    assert after.getpixel((150, 50))[3] == 0
    differences = zip(after.getpixel((50, 50)), pixel, strict=True)
    assert all(abs(new - old) < 10 for new, old in differences)
    changed = path.stat().st_mtime_ns
    light_pages.use_palette(path)
    assert path.stat().st_mtime_ns == changed


def test_a_figure_that_a_palette_would_not_help_is_left_alone(tmp_path):
    path = tmp_path / "a.png"
    before = figure(path, Image.linear_gradient("L").resize((100, 100)))
    light_pages.use_palette(path)
    assert path.stat().st_size == before
