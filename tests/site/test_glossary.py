"""The glossary, and the definitions beside the links that lead to it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import anchors, parse

LESSON = "tutorials/nn_tutorial.html"
LINK = "article a[href='../glossary.html#term-gradient']"
BOX = "#term-hint"
both = pytest.mark.parametrize("lang", ["en", "zh"])
WORDS = {"en": "partial derivatives", "zh": "偏导数"}


def test_both_languages_have_the_same_anchors(site):
    terms = {
        lang: {a for a in anchors(site / lang / "glossary.html") if "term" in a}
        for lang in ("en", "zh")
    }
    assert terms["en"] == terms["zh"]
    assert len(terms["en"]) > 80


@both
def test_links_to_terms_hold_their_definitions(site, lang):
    links = parse(site / lang / LESSON).select("article a[href*='glossary.html#term-']")
    assert len(links) > 30
    assert all(link.get("title") for link in links)
    assert sum(len(link["title"].encode()) for link in links) < 20_000


@both
def test_the_pointer_brings_a_definition_and_may_go_into_it(page, address, lang):
    page.goto(f"{address}/{lang}/{LESSON}")
    page.locator(LINK).hover()
    page.locator(BOX).wait_for()
    assert WORDS[lang] in page.locator(BOX).inner_text()
    page.locator(BOX).hover()
    page.wait_for_timeout(500)
    assert page.locator(BOX).is_visible()
    page.mouse.move(5, 5)
    page.locator(BOX).wait_for(state="hidden")


@both
def test_the_keyboard_brings_it_and_escape_takes_it_away(page, address, lang):
    page.goto(f"{address}/{lang}/{LESSON}")
    page.bring_to_front()
    page.locator(LINK).evaluate("(link) => link.focus({ focusVisible: true })")
    page.locator(BOX).wait_for()
    assert page.locator(LINK).get_attribute("aria-describedby") == "term-hint"
    page.locator(LINK).evaluate("(link) => link.blur()")
    page.locator(BOX).wait_for(state="hidden")
    page.locator(LINK).evaluate("(link) => link.focus({ focusVisible: true })")
    page.locator(BOX).wait_for()
    page.keyboard.press("Escape")
    page.locator(BOX).wait_for(state="hidden")
    assert page.evaluate("document.activeElement.href").endswith("#term-gradient")
    assert page.locator(LINK).get_attribute("aria-describedby") is None
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#term-gradient")


@both
def test_a_tap_shows_it_within_the_screen_and_leads_on(opener, site, lang):
    page = opener(
        (site / lang / LESSON).as_uri(),  # needs no server
        viewport={"width": 320, "height": 640},
        has_touch=True,
    )
    page.locator(LINK).tap()
    page.locator(BOX).wait_for()
    assert page.url.endswith(LESSON), "the first tap stays on the page"
    box = page.locator(BOX).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    page.locator("h1").tap()
    page.locator(BOX).wait_for(state="hidden")
    page.locator(LINK).tap()
    page.locator(f"{BOX} a").tap()
    page.wait_for_url("**/glossary.html#term-gradient")


@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh", "dark")])
def test_axe_finds_nothing_in_an_open_definition(page, address, lang, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/{lang}/{LESSON}")
    page.locator(LINK).hover()
    page.locator(BOX).wait_for()
    found = Axe().run(page, context=BOX).response["violations"]
    assert [violation["id"] for violation in found] == []
    assert page.locator(BOX).is_visible()


def test_near_the_lower_edge_it_stands_above_and_the_browsers_own_tip_is_gone(
    page, address
):
    page.goto(f"{address}/en/{LESSON}")
    link = page.locator(LINK)
    link.evaluate("""(link) => scrollBy({ behavior: "instant",
      top: link.getBoundingClientRect().bottom - innerHeight + 9 })""")
    link.hover()
    page.locator(BOX).wait_for()
    box, words = page.locator(BOX).bounding_box(), link.bounding_box()
    assert 0 <= box["y"] < box["y"] + box["height"] <= words["y"]
    assert link.get_attribute("title") is None


def test_without_a_script_the_title_is_the_definition(opener, address):
    page = opener(f"{address}/en/{LESSON}", java_script_enabled=False)
    assert WORDS["en"] in page.locator(LINK).get_attribute("title")
