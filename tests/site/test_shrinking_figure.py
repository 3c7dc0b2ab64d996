"""The loop that shrinks, in a browser."""

import gzip
import tomllib

import pytest
from ext.loops import loop_lines
from ext.scripts import cells_of
from ext.shrinking import WORDS
from gallery_scripts import GALLERY
from pages import parse

NAMES = [s["name"] for s in tomllib.loads(WORDS.read_text("utf-8"))["steps"]]
CELLS = {c.loop: c.code for c in cells_of(GALLERY / "en" / "nn_tutorial.py")}
LOOPS = [loop_lines(CELLS[name]) for name in NAMES]
PAGES = ["en/index.html", "zh/tutorials/nn_tutorial.html"]
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
def opened(request, address):
    """Open a page in a browser of one's choice."""
    contexts = []

    def open_page(engine, page, **settings):
        context = engine.new_context(**settings)
        contexts.append(context)
        tab = context.new_page()
        tab.goto(f"{address}/{page}")
        if settings.get("java_script_enabled", True):
            tab.wait_for_selector(".shrink.awake")
        return tab

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("page", PAGES)
def test_every_step_shows_its_loop_and_keys_lead_there(opened, engine, page):
    tab = opened(engine, page, reduced_motion="reduce")
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


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440, 1920])
def test_nothing_below_the_figure_moves(opened, chromium, width):
    for page in PAGES:
        tab = opened(
            chromium,
            page,
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",
        )
        heights = set()
        for _ in LOOPS:
            heights.add(tab.evaluate(STATE)["height"])
            tab.locator("[data-by='1']").click()
        assert len(heights) == 1
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hasty_reader_ends_at_the_right_step_with_nothing_left_over(opened, chromium):
    tab = opened(chromium, PAGES[0])
    calm = opened(chromium, f"{PAGES[0]}#step-{NAMES[5]}", reduced_motion="reduce")
    for _ in range(5):
        tab.evaluate("document.querySelector('[data-by=\"1\"]').click()")
    assert tab.evaluate(STATE)["moving"] > 0
    tab.wait_for_function(f"({STATE})().moving === 0")
    wanted = calm.evaluate(STATE)
    for key in ("rows", "now", "all"):
        assert tab.evaluate(STATE)[key] == wanted[key]


def test_a_finger_leads_to_the_next_step_and_back(opened, chromium):
    tab = opened(chromium, PAGES[0], reduced_motion="reduce")
    swipe = """(by) => { const live = document.querySelector(".shrink-live");
      const touch = (x) => new Touch({ identifier: 1, target: live, clientX: x, clientY: 9 });
      live.dispatchEvent(new TouchEvent("touchstart", { touches: [touch(200)] }));
      live.dispatchEvent(new TouchEvent("touchend", { changedTouches: [touch(200 + by)] })); }"""
    for by, k in ((-80, 1), (-20, 1), (-80, 2), (80, 1), (80, 0), (80, 0)):
        tab.evaluate(swipe, by)
        assert tab.evaluate(STATE)["now"] == [str(k)]


def test_a_step_has_an_address_that_survives_the_language_switch(opened, engine):
    tab = opened(engine, f"{PAGES[0]}#step-optim", reduced_motion="reduce")
    assert tab.evaluate(STATE)["rows"] == LOOPS[NAMES.index("optim")]
    tab.wait_for_function(
        "document.querySelector('.shrink').getBoundingClientRect().top < innerHeight / 2"
    )
    tab.locator("[data-by='1']").click()
    box = tab.locator("a.language-switch:visible").bounding_box()
    tab.mouse.click(box["x"] + 9, box["y"] + 9)  # link.click() would scroll
    tab.wait_for_url("**/zh/*")
    tab.wait_for_selector(".shrink.awake")
    assert "/zh/" in tab.url
    assert tab.url.endswith("#step-dataset")
    assert tab.evaluate(STATE)["rows"] == LOOPS[NAMES.index("dataset")]


def test_names_of_steps_lead_to_their_sections(opened, chromium):
    for page in PAGES:
        tab = opened(chromium, page, reduced_motion="reduce")
        hrefs = []
        for _ in NAMES:
            hrefs.append(tab.locator(".shrink-title a").evaluate("a => a.href"))
            tab.locator("[data-by='1']").click()
        assert len({*hrefs}) == len(NAMES)
        tab.goto(hrefs[0])
        for href in hrefs:
            assert "/tutorials/nn_tutorial.html#" in href
            assert tab.locator(f"section#{href.rpartition('#')[2]}").count() == 1


def test_what_is_copied_has_real_spaces(opened, engine):
    tab = opened(engine, f"{PAGES[0]}#step-linear", reduced_motion="reduce")
    copied = tab.evaluate(
        "getSelection().selectAllChildren(document.querySelector('.shrink-loop')),"
        " getSelection().toString()"
    )
    assert copied.rstrip().splitlines() == LOOPS[NAMES.index("linear")]


@pytest.mark.parametrize("page", PAGES)
def test_without_a_script_the_first_and_the_last_loop_stand_side_by_side(
    opened, chromium, site, page
):
    stills = parse(site / page).select(".shrink-still pre")
    assert [s.get_text().splitlines() for s in stills] == [LOOPS[0], LOOPS[-1]]
    tab = opened(
        chromium,
        page,
        java_script_enabled=False,
        viewport={"width": 1440, "height": 900},
    )
    boxes = [tab.locator(".shrink-still pre").nth(i).bounding_box() for i in (0, 1)]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]


def test_the_figure_costs_a_reader_little(site):
    static = site / "en" / "_static"
    for name, most in (("shrink.js", 4096), ("shrink.css", 3072)):
        assert len(gzip.compress((static / name).read_bytes(), 9)) <= most
