"""What engines differ in, letters and boxes, in two: Firefox is asked for fewer widths, in English.

Chromium sees every width at which a style sheet changes its mind; pages at the usual widths, in
both languages, are the matter of test_every_page.py.
"""

import pytest
from pages import parse
from probes import (
    CLEAR,
    FAULTS,
    MARKED,
    NOW,
    assert_all_can_be_reached,
    keeps,
    to_reach,
)
from test_shrinking_figure import LOOPS, NAMES, STATE

TUTORIAL = "tutorials/nn_tutorial.html"
PLACES = {
    "index.html": None,
    TUTORIAL: "section[id], .exercise[id]",
    "api.html": "dt[id]",
    "glossary.html": "dt[id]",
}
EDGES = [280, 360, 375, 640, 641, 960, 1180, 1199, 1200, 1279, 1280, 1920, 2560]
SOME = [280, 1180, 2560]  # the header is the same on all pages
DRAWERS = [320, 360, 640, 768, 960, 1199, 1200, 1279, 1280, 1920]


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def engine(request):
    """The name of a browser, and a tab of it for all tests."""
    browser = request.getfixturevalue(request.param)
    context = browser.new_context(reduced_motion="reduce")
    yield request.param, context.new_page()
    context.close()


@pytest.fixture
def tab(engine):
    """The tab, as wide as a desk's screen."""
    engine[1].set_viewport_size({"width": 1440, "height": 900})
    engine[1].goto("about:blank")
    return engine[1]


def some(engine, widths, few):
    """Widths for an engine: all of them, or few."""
    return widths if engine[0] == "chromium" else few


@pytest.mark.parametrize("name", PLACES)
def test_pages_fit_every_width_and_jumps_stay_clear_of_the_header(
    tab, engine, address, name
):
    tab.goto(f"{address}/en/{name}")
    wrong = {}
    for width in some(engine, EDGES if name == TUTORIAL else SOME, [320, 1024]):
        tab.set_viewport_size({"width": width, "height": 800})
        if found := tab.evaluate(FAULTS):
            wrong[width] = found
        if PLACES[name] and min(tab.evaluate(CLEAR, PLACES[name])) < 0:
            wrong[width, "clear"] = "what a link leads to lies below the header"
    assert wrong == {}


def test_every_menu_and_drawer_can_be_opened_and_read(tab, engine, site, address):
    wanted = to_reach(parse(site / "en" / TUTORIAL))
    assert wanted["pages"] >= 8
    tab.goto(f"{address}/en/{TUTORIAL}")
    for width in some(engine, DRAWERS, [390, 1280]):
        tab.set_viewport_size({"width": width, "height": 800})
        with_drawers = assert_all_can_be_reached(tab, wanted, width)
        assert with_drawers == (width < 1280)


def test_the_contents_drawer_of_a_phone_closes_after_a_choice(tab, address):
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.goto(f"{address}/en/{TUTORIAL}")
    menu = tab.locator("#pst-primary-sidebar-modal")
    tab.locator("button.primary-toggle").click()
    menu.get_by_role("button", name="Close").click()
    menu.wait_for(state="hidden")
    assert tab.url.endswith(TUTORIAL), "it closes, and asks for nothing"
    drawer = tab.locator("#pst-secondary-sidebar-modal")
    tab.locator("button.secondary-toggle").click()
    drawer.get_by_role("button", name="Close").click()
    drawer.wait_for(state="hidden")
    tab.locator("button.secondary-toggle").click()
    drawer.locator("a[href='#nn-linear'] code").click()
    drawer.wait_for(state="hidden")
    assert tab.url.endswith("#nn-linear")
    assert 0 < tab.locator("section#nn-linear > h2").bounding_box()["y"] < 400


def test_the_list_knows_after_reload_back_and_the_language_switch(tab, address):
    tab.goto(f"{address}/en/{TUTORIAL}")
    assert tab.evaluate(MARKED, [0.7]) == []
    before = tab.evaluate(NOW)
    assert before.startswith("#")
    tab.reload()
    assert tab.evaluate(NOW) == before
    # by a timer: a page that is gone before it has answered makes evaluate fail
    tab.evaluate("() => { setTimeout(() => { location.href = '../index.html'; }); }")
    tab.wait_for_function("() => !!document.querySelector('#home')")
    tab.evaluate("() => { setTimeout(() => history.back()); }")
    tab.wait_for_function(
        "() => document.readyState === 'complete' && !document.querySelector('#home')"
    )
    assert tab.evaluate(NOW) == before
    switch = "document.querySelector('.bd-header a.language-switch')"
    tab.evaluate(f"() => {{ setTimeout(() => {switch}.click()); }}")
    # The list is marked when its script has run, the address is plain after that.
    tab.wait_for_function(
        "() => document.documentElement.lang.startsWith('zh')"
        " && document.readyState === 'complete' && !location.hash.includes('~')"
    )
    assert tab.evaluate(NOW) == before


def test_other_pages_keep_the_place_on_a_phone_and_for_the_keyboard(
    tab, engine, address
):
    tab.set_viewport_size({"width": 390, "height": 800})
    for name in some(engine, ["glossary", "api", "tutorials/from_memory"], ["api"]):
        tab.goto(f"{address}/en/{name}.html")
        keeps(tab, 0.3, "zh", press="Enter")
        keeps(tab, 0.7, "en", press="Enter")


# The loop that shrinks ----------------------------------------------------------------------------


@pytest.fixture
def figure(tab, address):
    """Open the home page at a step of the figure, or as it begins."""

    def at(step=""):
        tab.goto("about:blank")
        tab.goto(f"{address}/en/index.html{step}")
        tab.wait_for_selector(".shrink.awake")
        return tab

    return at


def test_every_step_shows_its_loop_and_keys_lead_there(figure):
    tab = figure()
    assert tab.evaluate(STATE)["told"] == ""  # nothing is said before somebody asks
    tab.focus(".shrink-steps [aria-current]")
    for k, loop in enumerate(LOOPS):
        state = tab.evaluate(STATE)
        assert state["rows"] == loop
        assert state["free"] == len(LOOPS[0]) - len(loop)
        assert state["now"] == [str(k)]
        assert state["stops"] == 1
        assert state["moving"] == 0
        if k:
            assert state["hash"] == f"#step-{NAMES[k]}"
            assert str(len(loop)) in state["told"]
        tab.keyboard.press("ArrowRight")
    assert tab.evaluate(STATE)["now"] == [str(len(LOOPS) - 1)]  # the end is the end
    tab.keyboard.press("Home")
    assert tab.evaluate(STATE)["now"] == ["0"]
    tab.keyboard.press("End")
    assert tab.evaluate(STATE)["rows"] == LOOPS[-1]


def test_a_step_has_an_address_that_survives_the_language_switch(figure):
    tab = figure("#step-optim")
    assert tab.evaluate(STATE)["rows"] == LOOPS[NAMES.index("optim")]
    tab.wait_for_function(
        "document.querySelector('.shrink').getBoundingClientRect().top < innerHeight / 2"
    )
    tab.locator("[data-by='1']").click()
    box = tab.locator("a.language-switch:visible").bounding_box()
    tab.mouse.click(box["x"] + 9, box["y"] + 9)  # link.click() would scroll
    tab.wait_for_url("**/zh/*#step-dataset")
    tab.wait_for_selector(".shrink.awake")
    assert tab.evaluate(STATE)["rows"] == LOOPS[NAMES.index("dataset")]


def test_what_is_copied_has_real_spaces(figure):
    copied = figure("#step-linear").evaluate(
        "getSelection().selectAllChildren(document.querySelector('.shrink-loop')),"
        " getSelection().toString()"
    )
    assert copied.rstrip().splitlines() == LOOPS[NAMES.index("linear")]
