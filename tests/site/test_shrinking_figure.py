"""The loop that shrinks, in a browser."""

import gzip
import tomllib

import pytest
from ext.loops import loop_lines
from ext.scripts import cells_of
from ext.shrinking import WORDS
from gallery_scripts import GALLERY
from pages import anchors, parse

NAMES = [s["name"] for s in tomllib.loads(WORDS.read_text("utf-8"))["steps"]]
CELLS = {c.loop: c.code for c in cells_of(GALLERY / "en" / "nn_tutorial.py")}
LOOPS = [loop_lines(CELLS[name]) for name in NAMES]
PAGES = ["en/index.html", "zh/tutorials/nn_tutorial.html"]
#: The styles are the same: the Chinese words are looked at where there is least and most room.
WIDTHS = {"en": [320, 768, 1024, 1440], "zh": [320, 1440]}
STATE = """() => { const at = (name) => [...document.querySelectorAll(name)];
  return {
    rows: at(".shrink-loop [data-i]").map((row) => row.textContent.replace("\\n", "")),
    free: at(".shrink-loop .free").length,
    all: at(".shrink-stage [data-i], .shrink-ghost").length,
    now: at(".shrink-steps [aria-current]").map((button) => button.dataset.k),
    stops: at(".shrink-steps button").filter((button) => button.tabIndex === 0).length,
    told: at(".shrink-told")[0].textContent,
    moving: at(".shrink")[0].getAnimations({ subtree: true }).length,
    height: at(".shrink")[0].offsetHeight,
    hash: location.hash }; }"""


@pytest.fixture
def opened(page, address):
    """Open a page with the figure, and without motion."""
    page.emulate_media(reduced_motion="reduce")

    def open_page(name):
        page.goto("about:blank")
        page.goto(f"{address}/{name}")
        page.wait_for_selector(".shrink.awake")
        return page

    return open_page


@pytest.mark.parametrize("page_name", PAGES)
def test_nothing_below_the_figure_moves_and_names_of_steps_lead_to_their_sections(
    opened, site, page_name
):
    tab = opened(page_name)
    for width in WIDTHS[page_name[:2]]:
        tab.set_viewport_size({"width": width, "height": 800})
        tab.locator("[data-k='0']").click()
        if width == 320:
            assert tab.locator(".shrink-loop").bounding_box()["width"] > 240
        heights, hrefs = set(), []
        for loop in LOOPS:
            state = tab.evaluate(STATE)
            assert state["rows"] == loop
            heights.add(state["height"])
            hrefs.append(tab.locator(".shrink-title a").evaluate("a => a.href"))
            tab.locator("[data-by='1']").click()
        assert len(heights) == 1, width
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert len({*hrefs}) == len(NAMES)
    sections = anchors(site / page_name[:2] / "tutorials" / "nn_tutorial.html")
    for href in hrefs:
        assert f"/{page_name[:2]}/tutorials/nn_tutorial.html#" in href
        assert href.rpartition("#")[2] in sections


def test_a_hasty_reader_ends_at_the_right_step_with_nothing_left_over(opened, page):
    wanted = opened(f"{PAGES[0]}#step-{NAMES[5]}").evaluate(STATE)
    page.emulate_media(reduced_motion="no-preference")
    tab = opened(PAGES[0])
    for _ in range(5):
        tab.evaluate("document.querySelector('[data-by=\"1\"]').click()")
    assert tab.evaluate(STATE)["moving"] > 0
    tab.wait_for_function(f"({STATE})().moving === 0")
    state = tab.evaluate(STATE)
    for key in ("rows", "now", "all"):
        assert state[key] == wanted[key]


def test_keys_lead_to_steps_and_those_with_alt_are_the_browsers(opened):
    tab = opened(PAGES[0])
    press = """([key, altKey]) => document.querySelector(".shrink-live").dispatchEvent(
      new KeyboardEvent("keydown", { key, altKey, bubbles: true, cancelable: true }))"""
    last = len(NAMES) - 1
    tab.evaluate("() => { pushed = 0; history.pushState = () => pushed++; }")
    for key, k in {
        "End": last,
        "ArrowLeft": last - 1,
        "Home": 0,
        "ArrowRight": 1,
    }.items():
        assert tab.evaluate(press, [key, True])  # nobody has taken it
        assert not tab.evaluate(press, [key, False])
        assert tab.evaluate(STATE)["now"] == [str(k)]
    assert tab.evaluate("pushed") == 0, "one step back leaves the page"


def test_a_finger_leads_to_the_next_step_and_back(opened):
    tab = opened(PAGES[0])
    swipe = """([by, fingers, down]) => { const live = document.querySelector(".shrink-live");
      const touch = (clientX, clientY = 9) =>
        new Touch({ identifier: 1, target: live, clientX, clientY });
      const touches = Array(fingers).fill(touch(200));
      live.dispatchEvent(new TouchEvent("touchstart", { touches }));
      const changedTouches = [touch(200 + by, 9 + down)];
      live.dispatchEvent(new TouchEvent("touchend", { changedTouches }));
      return getComputedStyle(document.querySelector(".shrink-page")).touchAction; }"""
    for by, k in ((-80, 1), (-20, 1), (-80, 2), (80, 1), (80, 0), (80, 0)):
        assert tab.evaluate(swipe, [by, 1, 9]) == "pan-y pinch-zoom"
        assert tab.evaluate(STATE)["now"] == [str(k)]
    for fingers, down in ((2, 0), (1, 70)):  # to enlarge, and to scroll
        tab.evaluate(swipe, [-80, fingers, down])
        assert tab.evaluate(STATE)["now"] == ["0"]


@pytest.mark.parametrize("name", PAGES)
def test_without_a_script_the_first_and_the_last_loop_stand_side_by_side(
    opener, site, address, name
):
    stills = parse(site / name).select(".shrink-still pre")
    assert [s.get_text().splitlines() for s in stills] == [LOOPS[0], LOOPS[-1]]
    tab = opener(
        f"{address}/{name}",
        java_script_enabled=False,
        viewport={"width": 1440, "height": 900},
    )
    boxes = [tab.locator(".shrink-still pre").nth(i).bounding_box() for i in (0, 1)]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]


def test_the_figure_costs_a_reader_little(site):
    static = site / "en" / "_static"
    for name, most in (("shrink.js", 4096), ("shrink.css", 3072)):
        assert len(gzip.compress((static / name).read_bytes(), 9)) <= most
