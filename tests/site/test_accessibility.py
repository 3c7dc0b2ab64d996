"""Every page for every reader: axe-core finds nothing, and the keyboard is enough."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import to_open


@pytest.fixture(scope="session")
def axe():
    return Axe()


# Only these look at colours; the dark pages differ in nothing else. Contrast takes axe longest.
COLOURS = ["color-contrast", "link-in-text-block"]
DARK = {"runOnly": {"type": "rule", "values": COLOURS}}
PHONE = {"rules": {"color-contrast": {"enabled": False}}}


@pytest.mark.parametrize(
    ("lang", "width", "scheme", "options"),
    [
        ("en", 1440, "light", {}),
        ("zh", 1440, "dark", {}),
        ("en", 360, "light", PHONE),
        (".", 1440, "light", {}),
        (".", 1440, "dark", DARK),
        (".", 360, "light", PHONE),
    ],
)
def test_axe_has_nothing_to_say(
    chromium, site, address, axe, lang, width, scheme, options
):
    looked_at = to_open(site / lang) if lang != "." else sorted(site.glob("*.html"))
    assert len(looked_at) >= 2
    page = chromium.new_page(
        color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    found = {}
    for path in looked_at:
        page.goto(f"{address}/{path.relative_to(site)}")
        result = axe.run(page, options={"resultTypes": ["violations"], **options})
        assert result.response["testEngine"]["name"] == "axe-core"
        for violation in result.response["violations"]:
            places = [node["target"] for node in violation["nodes"]]
            found[path.name, violation["id"]] = places[:5]
    page.close()
    assert found == {}


def focused(page):
    return page.evaluate(
        "() => { const a = document.activeElement;"
        " return [a.tagName, a.className, a.getAttribute('href') || '', a.textContent.trim()]; }"
    )


@pytest.mark.parametrize(("lang", "other"), [("en", "zh"), ("zh", "en")])
def test_the_keyboard_reaches_content_switch_and_sections(
    chromium, address, lang, other
):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/{lang}/tutorials/nn_tutorial.html")
    page.keyboard.press("Tab")
    assert focused(page)[2] == "#main-content", "the first stop skips the header"
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(focused(page))
        if "language-switch" in stops[-1][1]:
            break
    assert "language-switch" in stops[-1][1], stops
    outline = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement);"
        " return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"
    )
    assert outline, "the place of the keyboard cannot be seen"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/{other}/tutorials/nn_tutorial.html*")
    page.close()


def test_the_contents_list_shows_how_far_one_has_read(chromium, address):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/en/tutorials/nn_tutorial.html#cnn")
    page.locator(".page-toc a.active[href='#cnn']").wait_for(timeout=10_000)
    width = "(a) => getComputedStyle(a).borderLeftWidth"
    link = ".page-toc a[href='#{}']".format
    assert page.locator(link("from-scratch")).evaluate(width) == "2px"
    assert page.locator(link("gpu")).evaluate(width) != "2px"
    page.close()
