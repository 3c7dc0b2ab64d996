"""Menus, drawers and the keyboard. test_engines.py opens them at every width, in English."""

import pytest
from pages import parse
from probes import FAULTS, FRAME, assert_all_can_be_reached, to_reach

TUTORIAL = "tutorials/nn_tutorial.html"
both = pytest.mark.parametrize("lang", ["en", "zh"])
#: To a place, and on when scripts have heard of it: two scrolls within a frame are told as one.
SCROLL = f"""async (y) => {{
  {FRAME}
  scrollTo({{ top: y, behavior: "instant" }});
  await frame();
}}"""
#: Sizes of text, each with widths: styles count in rem, so that large text narrows a screen.
SIZES = {
    "en": {18: [1440], 24: [768, 1920], 32: [320]},
    "zh": {16: [1024, 1280], 20: [320], 32: [1440]},
}


@both
def test_everything_can_be_reached_with_text_of_any_size(chromium, site, address, lang):
    wanted = to_reach(parse(site / lang / TUTORIAL))
    page = chromium.new_page(reduced_motion="reduce")
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    client = page.context.new_cdp_session(page)
    for size, widths in SIZES[lang].items():
        sizes = {"fontSizes": {"standard": size, "fixed": size}}
        client.send("Page.setFontSizes", sizes)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            if size <= 24:
                assert page.evaluate(FAULTS) == [], f"{width} with text of {size}"
            assert_all_can_be_reached(page, wanted, f"{width} with text of {size}")
    page.close()


@both
def test_the_keyboard_skips_to_content_and_contents_and_reaches_the_switch(
    page, address, lang
):
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    links = page.evaluate(
        "[...document.querySelectorAll('article pre a')].filter((a) => a.tabIndex >= 0).length"
    )
    assert 30 < links < 120, "the keyboard drowns in links"
    assert page.locator("a.headerlink:not([tabindex='-1'])").count() == 0
    stops = []
    for _ in range(22):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                "() => { const a = document.activeElement, s = getComputedStyle(a);"
                " return [a.getAttribute('href') || '', a.className,"
                " s.outlineStyle !== 'none' || s.boxShadow !== 'none']; }"
            )
        )
        if "language-switch" in stops[-1][1]:
            break
    assert stops[0][0] == "#main-content"
    assert "language-switch" in stops[-1][1], stops
    assert stops[-1][2], "the place of the keyboard cannot be seen"
    page.keyboard.press("Enter")
    other = {"en": "zh", "zh": "en"}[lang]
    page.wait_for_url(f"{address}/{other}/{TUTORIAL}*")
    for key in ("Tab", "Tab", "Enter", "Tab"):
        page.keyboard.press(key)
    assert page.evaluate("!!document.activeElement.closest('#page-contents')")


def test_the_contents_list_shows_how_far_one_has_read(page, address):
    page.goto(f"{address}/en/{TUTORIAL}#cnn")
    page.locator(".page-toc a.active[href='#cnn']").wait_for(timeout=10_000)
    width = "(a) => getComputedStyle(a).borderLeftWidth"
    link = ".page-toc a[href='#{}']".format
    assert page.locator(link("from-scratch")).evaluate(width) == "2px"
    assert page.locator(link("gpu")).evaluate(width) != "2px"
    page.evaluate("location.hash = 'gpu'")
    page.locator(link("gpu") + ".active").wait_for()
    page.evaluate("scrollBy({ top: -200, behavior: 'instant' })")
    page.locator(link("gpu") + ":not(.active)").wait_for()
    assert page.locator("#page-contents [aria-current]").count() == 1
    # On a high screen the last sections end together.
    page.set_viewport_size({"width": 1440, "height": 2400})
    page.evaluate(SCROLL, 10**6)
    for back in (-1, -2):
        page.locator(".page-toc a").nth(back).click()
        page.locator(".page-toc a").nth(back).and_(page.locator(".active")).wait_for()
    page.goto(f"{address}/en/api.html#mnist_tut.by_hand.nll")
    page.locator(".page-toc a.active[href$='by_hand.nll']").wait_for()  # unfolded


def test_the_theme_menu_works_with_the_mouse_and_with_the_keyboard(page, address):
    page.goto(f"{address}/en/index.html")
    button = page.locator(".theme-switch-button:visible")
    menu = page.locator(".bd-header .theme-switch-container .dropdown-menu")
    button.click()
    menu.get_by_text("Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not menu.is_visible()
    for leave in (["Escape"], ["Tab"] * 3):
        page.keyboard.press("Enter")  # the button has the focus again
        assert menu.is_visible()
        for key in ["Tab", *leave]:
            page.keyboard.press(key)
        assert not menu.is_visible(), leave
    button.click()
    page.locator("h1").click()
    assert not menu.is_visible(), "a click elsewhere closes it"
    paper = "getComputedStyle(document.body).backgroundColor"
    page.goto(f"{address}/index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate(paper)
    # The theme's own script comes late: the page has its colours before.
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())
    page.goto(f"{address}/en/index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.unroute_all()
    page.goto(f"{address}/en/index.html")
    button.click()
    menu.get_by_text("Light").click()
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/index.html")
    assert page.evaluate(paper) != dark, "the reader's choice counts"


def test_whoever_turns_back_is_offered_the_way_to_the_top(page, address):
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}/en/{TUTORIAL}")
    up = page.locator("#pst-back-to-top")
    for place, shown in ((3000, False), (5000, False), (4500, True), (4800, False)):
        page.evaluate(SCROLL, place)
        up.wait_for(state="visible" if shown else "hidden")
        page.wait_for_function(
            "(shown) => (document.getElementById('pst-back-to-top').style.display"
            " === 'block') === shown",
            arg=shown,
        )
    page.evaluate("scrollBy({ top: -300, behavior: 'instant' })")
    up.click()
    page.wait_for_function("scrollY === 0")


@both
def test_who_chooses_a_language_comes_to_it_and_finds_it_first_next_time(
    page, address, lang
):
    for chosen in ({"en": "zh", "zh": "en"}[lang], lang):  # the last one counts
        page.goto(address)
        page.locator(f"#{chosen} a.button").click()
        page.wait_for_url(f"{address}/{chosen}/index.html")
        page.goto(address)
        assert page.locator("main section").first.get_attribute("id") == chosen


@pytest.mark.parametrize(
    ("locale", "first"), [("zh-TW", "zh"), ("en-GB", "en"), ("sw-KE", "en")]
)
def test_the_front_page_puts_the_browsers_language_first_and_fits(
    opener, address, locale, first
):
    page = opener(f"{address}/index.html", locale=locale)
    assert page.locator("main section").first.get_attribute("id") == first
    for width in (280, 320, 768, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        left = [page.locator(f"#{lang}").bounding_box()["x"] for lang in ("en", "zh")]
        assert len({*left}) == (1 if width <= 320 else 2), (
            "below one another on a phone"
        )
