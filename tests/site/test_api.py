"""The API and the tests as pages for people: ways there and back, no machine, no wide lines."""

import re

import pytest
from pages import anchors, parse

both = pytest.mark.parametrize("lang", ["en", "zh"])


def generated(site, lang):
    """The pages that are made from code."""
    folder = site / lang
    return [
        folder / "api.html",
        *sorted((folder / "tests").glob("*.html")),
        *sorted((folder / "_modules").rglob("*.html")),
    ]


@both
def test_pages_made_from_code_tell_nothing_of_the_machine(site, lang):
    pages = generated(site, lang)
    assert len(pages) > 15
    for path in pages:
        text = parse(path).get_text()
        assert not re.search(r"PosixPath|/home/|/work/|/tmp/|/root/", text), path.name
        assert "Alias for field number" not in text


@both
def test_every_entry_leads_to_its_source(site, lang):
    page = parse(site / lang / "api.html")
    entries = page.select("dl.py:is(.function, .class, .exception) > dt.sig")
    assert len(entries) > 45
    for entry in entries:
        link = entry.select_one("a.reference[href^='_modules/']")
        if link is None:  # made by a call, as unfold is
            continue
        path, _, anchor = link["href"].partition("#")
        assert anchor in anchors(site / lang / path)


@both
def test_the_tests_lead_back_and_stand_in_no_menu(site, lang):
    folder = site / lang / "tests"
    for path in sorted(folder.glob("test_*.html")):
        page = parse(path)
        article = page.select_one("article")
        assert article.select("a[href^='../api.html#mnist_tut.']")
        assert article.select_one("a[href='index.html#tests']") is not None
        assert not page.select(".prev-next-area a")
    lessons = parse(folder / "test_training.html").select("a[href*='#shown-mnist-tut']")
    assert len(lessons) >= 4
    menu = parse(site / lang / "index.html").select(".bd-header a[href*='tests/']")
    assert not menu
