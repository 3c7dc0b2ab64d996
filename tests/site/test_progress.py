"""Exercises in a real browser, from a file: ticks that stay, keyboard, paper, and no script."""

from pathlib import Path

import pytest
from miniature import built

STATIC = Path(__file__).parents[2] / "docs" / "_static"
TEXT = """
T
=

First
-----

.. exercise:: my_nll

   Write it.

.. exercise:: my_bias_gradient

   Write it.

Second
------

.. guess:: One?

   Two.

Third
-----

.. exercise:: MyNet

   Write it.
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Address of a page with three exercises, as a file."""
    settings = {
        "html_theme": "pydata_sphinx_theme",
        "html_static_path": [str(STATIC)],
        "html_css_files": ["site.css", "exercises.css"],
        "html_js_files": [("progress.js", {"defer": "defer"})],
        "html_theme_options": {"secondary_sidebar_items": ["page-toc"]},
    }
    folder = tmp_path_factory.mktemp("exercises")
    with built(folder, {"index": TEXT}, ["ext.boxes"], **settings) as app:
        yield (Path(app.outdir) / "index.html").as_uri()


@pytest.fixture
def visit(page, opener, url):
    """Open the page as one who has never been there; ours may not fail on it."""
    errors = []

    def note(error):
        if "progress.js" in (error.stack or ""):  # the theme's own want storage, too
            errors.append(error.stack)

    def opened(before="", **options):
        tab = opener("about:blank", **options) if before or options else page
        tab.set_viewport_size({"width": 1280, "height": 900})
        if before:
            tab.add_init_script(before)
        tab.on("pageerror", note)
        tab.goto(url)
        return tab

    yield opened
    page.remove_listener("pageerror", note)
    assert errors == []


def tick(page, name):
    return page.locator(f"[data-exercise={name}] .exercise-done input")


KEPT = "localStorage.getItem('mnist_tut.done')"


def come_back(page):
    """Load the page again, as late as a reader would: once the browser has what the page keeps."""
    kept = page.evaluate(KEPT)
    for _ in range(40):  # a busy browser writes late
        page.reload()
        if page.evaluate(KEPT) == kept:
            return
        page.wait_for_timeout(100)


def marks(page):
    """Return what the contents list says, by section."""
    found = page.locator(".page-toc a:has(.exercise-count)")
    return {
        link.get_attribute("href"): link.locator(".exercise-count").get_attribute(
            "aria-label"
        )
        for link in found.all()
    }


def test_a_tick_stays_and_the_contents_list_shows_it(visit):
    page = visit()
    assert marks(page) == {
        "#first": "0 of 2 exercises done",
        "#third": "0 of 1 exercises done",
    }
    tick(page, "my_nll").check()
    assert marks(page)["#first"] == "1 of 2 exercises done"
    come_back(page)
    assert tick(page, "my_nll").is_checked()
    assert not tick(page, "my_bias_gradient").is_checked()
    assert marks(page)["#first"] == "1 of 2 exercises done"
    assert (
        page.locator(".page-toc a[href='#first'] .exercise-count").inner_text() == "●○"
    )
    tick(page, "my_nll").uncheck()
    come_back(page)
    assert marks(page)["#first"] == "0 of 2 exercises done"


def test_two_open_windows_agree(visit):
    page = visit()
    other = page.context.new_page()
    other.goto(page.url)
    tick(page, "MyNet").check()
    other.wait_for_function("document.querySelector('.exercise.done')")
    assert tick(other, "MyNet").is_checked()
    other.close()


def test_the_keyboard_ticks_and_unfolds(visit):
    page = visit()
    tick(page, "my_nll").focus()
    page.keyboard.press("Space")
    assert tick(page, "my_nll").is_checked()
    solution = page.locator("#exercise-my-nll .solution")
    solution.locator("summary").focus()
    page.keyboard.press("Enter")
    assert solution.locator("pre").is_visible()
    page.keyboard.press("Enter")
    assert not solution.locator("pre").is_visible()


def test_without_script_boxes_unfold_and_there_is_nothing_to_tick(visit):
    page = visit(java_script_enabled=False)
    assert page.locator(".exercise-done:visible").count() == 0
    page.locator("#exercise-my-nll .hint summary").click()
    assert page.locator("#exercise-my-nll .hint p").is_visible()


FORBIDDEN = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("no", "SecurityError"); } });"""


def test_without_storage_there_is_nothing_to_tick(visit):
    page = visit(FORBIDDEN)
    assert page.locator(".exercise").count() == 3
    assert page.locator(".exercise-done:visible").count() == 0


@pytest.mark.parametrize("kept", ["{", "7", "null", '{"a": 1}', '["gone"]'])
def test_what_another_page_has_kept_does_no_harm(visit, kept):
    page = visit()
    for _ in range(2):  # that the test before cleared everything may arrive late
        page.evaluate("(kept) => localStorage.setItem('mnist_tut.done', kept)", kept)
        page.reload()
    come_back(page)
    assert page.evaluate(KEPT) == kept
    tick(page, "my_nll").check()
    come_back(page)
    assert tick(page, "my_nll").is_checked()
    assert "my_nll" in page.evaluate(KEPT)
    assert ("gone" in page.evaluate(KEPT)) == ("gone" in kept)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_hints_answers_and_solutions_are_unfolded_and_ticks_are_gone(
    visit, scheme
):
    page = visit()
    page.emulate_media(color_scheme=scheme)
    assert not page.locator("#exercise-my-nll .solution pre").is_visible()
    page.emulate_media(media="print")
    for place in (
        "#exercise-my-nll .solution pre",
        "#exercise-my-nll .hint p",
        "#exercise-my-nll .hint summary",
        ".guess .answer p",
    ):
        assert page.locator(place).is_visible(), place
    assert page.locator(".exercise-done:visible").count() == 0


def test_a_box_fits_a_phone(visit):
    page = visit()
    page.set_viewport_size({"width": 360, "height": 700})
    page.eval_on_selector_all("details", "all => all.forEach((d) => (d.open = true))")
    for box in page.locator(":is(.exercise, .guess, .exercise > *):visible").all():
        place = box.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 360
