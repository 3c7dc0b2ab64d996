"""Every page of both languages, loaded once: whatever can be told of any page is told here.

Rules and styles are those of the templates, so that not all of it is asked of each page in each
language: axe-core and the list of contents look at a page in one of them, with light and dark in
turn; the home page, a template of its own, is looked at in both.
"""

import ast

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import to_open
from probes import FAULTS, ICONS, MARKED
from test_chinese import COLLECT, not_chinese
from watched import watched

TWICE = ["index.html"]
PHONE = ["index.html", "nn_tutorial.html"]
#: Contrast takes axe longest: of long pages, whose parts stand on the others too, one part.
LONG = {
    "nn_tutorial.html": "#nn-module",
    "api.html": "dl:has(> [id='mnist_tut.by_hand.nll'])",
    "when_it_goes_wrong.html": ".find-message",
    "inside_torch_nn.html": "#inside-rules",
    "your_own_project.html": "#own-resume",
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
COLOURLESS = {"color-contrast": {"enabled": False}}
QUERIES = {"en": "?q=loss", "zh": "?q=损失"}
#: Down, to the end, and up again.
PARTS = [n / 9 for n in (0, 1, 4, 7, 9, 8, 5, 3, 2)]
#: What is wider than its box: names of downloads, and signatures.
BOXES = ".sphx-glr-download a, dt.sig"
CUT = f"""() => [...document.querySelectorAll("{BOXES}")]
  .filter((e) => e.scrollWidth > e.clientWidth || e.getBoundingClientRect().right > innerWidth)
  .map((e) => e.innerText)"""
#: What scrolls, to whichever side, and is no stop of the tabulator.
STUCK = """() => [...document.querySelectorAll("pre, .pst-scrollable-table-container")]
  .filter((e) => e.checkVisibility() && e.tabIndex < 0)
  .filter((e) => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)
  .map((e) => e.innerText)"""
#: What the copy buttons of Python take.
COPIED = """() => {
  const taken = [], python = ".highlight-Python, .highlight-python, .highlight-default";
  document.execCommand = () => taken.push(document.activeElement.value);
  for (const button of document.querySelectorAll(".copybtn"))
    if (button.closest(python)) button.click();
  return taken;
}"""


def axe(page, context=None, **options):
    """List the rules that a page breaks, each with its places."""
    options = {"resultTypes": ["violations"], **options}
    response = Axe().run(page, context, options).response
    assert response["testEngine"]["name"] == "axe-core"
    return [
        (found["id"], [node["target"] for node in found["nodes"]][:5])
        for found in response["violations"]
    ]


def fit(page, width):
    """Set the width, and list what does not fit."""
    page.set_viewport_size({"width": width, "height": 800})
    return page.evaluate(FAULTS) + page.evaluate(CUT)


def visit(page, place, lang, number):
    """Open a page and tell what is wrong with it, and what stands on it."""
    name = place.rpartition("/")[2]
    looked_at = name in TWICE or ["en", "zh"][number % 2] == lang
    dark = number % 4 in ((1, 2) if lang == "en" else (0, 1))
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_viewport_size({"width": 1440, "height": 800})
    with watched(page, place.partition(f"/{lang}/")[0]) as faults:
        page.goto(place + (QUERIES[lang] if name == "search.html" else ""))
        if name == "search.html":
            page.locator("#search-results .context").first.wait_for()
        found = {"text": page.evaluate(COLLECT), "fit": {1440: fit(page, 1440)}}
        found["theme"] = [page.evaluate("document.documentElement.dataset.theme")]
        found["theme"] += [dark, page.evaluate("getComputedStyle(document.body).color")]
        found["boxes"] = page.locator(BOXES).count()
        found["icons"] = page.evaluate(ICONS)
        found["axe"] = []
        if looked_at and name in LONG:
            found["axe"] = axe(page, rules=COLOURLESS)
            found["axe"] += axe(page, LONG[name], runOnly=COLOURS)
        elif looked_at:
            found["axe"] = axe(page)
        found["stuck"] = page.evaluate(STUCK)
        found["copied"] = []
        if page.locator("div > div.highlight > pre").count():
            page.locator(".copybtn").first.wait_for(state="attached")
            found["copied"] = page.evaluate(COPIED)
        found["marked"] = []
        if looked_at and page.locator("#page-contents a").count():
            found["marked"] = page.evaluate(MARKED, PARTS)
        for width in (1024, 768, 390, 320):
            found["fit"][width] = fit(page, width)
        found["text"] += page.evaluate(COLLECT)
        if looked_at and name in PHONE:
            found["axe"] += axe(page, rules=COLOURLESS)
    return found | {"faults": faults}


@pytest.fixture(scope="module")
def visits(tab, site, address):
    """What was found on each page."""
    names = [path.relative_to(site / "en") for path in to_open(site / "en")]
    assert len(names) > 12
    return {
        (lang, name.as_posix()): visit(tab, f"{address}/{lang}/{name}", lang, number)
        for number, name in enumerate(names)
        for lang in ("en", "zh")
    }


@pytest.mark.parametrize("what", ["faults", "icons", "axe", "stuck", "marked"])
def test_no_page_has_anything_of_it(visits, what):
    """Neither complaints of the browser, icons as letters, barriers, nor wrong marks."""
    assert {page: found[what] for page, found in visits.items() if found[what]} == {}


def test_every_page_fits_every_screen_with_its_header_and_the_language_switch(visits):
    wide = {
        (*page, width): wrong
        for page, found in visits.items()
        for width, wrong in found["fit"].items()
        if wrong
    }
    assert wide == {}
    for (_, name), found in visits.items():  # what could be too wide is there
        assert found["boxes"] == 3 or "tutorials" not in name
        assert found["boxes"] > 50 or name != "api.html"


def test_every_page_is_light_or_dark_as_the_system_is(visits):
    ink = {}
    for page, found in visits.items():
        theme, dark, colour = found["theme"]
        assert theme == ("dark" if dark else "light"), page
        ink.setdefault(dark, set()).add(colour)
    assert len(ink) == 2
    assert not ink[True] & ink[False]


def test_every_cell_that_is_copied_is_a_program(visits):
    for lang in ("en", "zh"):
        codes = [
            (page, code)
            for page, found in visits.items()
            if page[0] == lang
            for code in found["copied"]
        ]
        assert len(codes) > 60
        for page, code in codes:
            ast.parse(code, str(page))


def test_chinese_pages_are_chinese_all_through(visits):
    english = {}
    for page, found in visits.items():
        if page[0] == "zh":
            text = "".join(found["text"])
            assert sum("\u4e00" <= letter <= "\u9fff" for letter in text) > 50, page
            for each in {*found["text"]}:
                if words := not_chinese(each):
                    english[page, " ".join(each.split())[:80]] = words
    assert english == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_to_say_of_the_pages_before_a_language_is_chosen(
    page, site, address, scheme
):
    found = {}
    for path in sorted(site.glob("*.html")):
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            page.goto(f"{address}/{path.name}")
            found[path.name, width] = axe(page)
    assert len(found) == 4
    assert not any(found.values()), found
