"""The language switch leads to the place that the reader was at."""

import pytest
from pages import anchors, parse, to_open
from probes import PLACE, keeps, scroll, switch
from watched import watched

TUTORIAL = "tutorials/nn_tutorial.html"


def test_the_language_switch_keeps_twelve_places_of_the_tutorial(page, site, address):
    """Half of them there, half of them back; six on a server, six in a folder."""
    for home, first, other in (
        (address, "en", "zh"),
        (site.resolve().as_uri(), "zh", "en"),
    ):
        page.goto(f"{home}/{first}/{TUTORIAL}")
        for n in range(6):
            there = (other, first)[n % 2]
            keeps(page, (n + (0.7 if home == address else 1.2)) / 6.6, there)


def test_a_section_that_a_link_led_to_is_the_same_section_there_and_back(page, address):
    page.goto(f"{address}/en/{TUTORIAL}#nn-module")
    for other, width in (("zh", 1440), ("en", 360)):
        switch(page, other)
        assert page.url == f"{address}/{other}/{TUTORIAL}#nn-module"
        assert page.locator("html").get_attribute("lang").startswith(other)
        top = page.locator("section#nn-module > h2").bounding_box()["y"]
        header = page.locator(".bd-header").bounding_box()["height"]
        assert header <= top < header + 60
        page.set_viewport_size({"width": width, "height": 800})


def test_whoever_reads_on_while_the_page_loads_is_left_there(page, address):
    held, free = [], []
    page.route("**/*.png", lambda r: r.continue_() if free else held.append(r))
    page.goto(f"{address}/en/{TUTORIAL}#cnn~2.40", wait_until="domcontentloaded")
    page.evaluate("scrollTo({ top: 300, behavior: 'instant' })")
    free.append(True)
    for route in held:
        route.continue_()
    page.wait_for_function("location.hash === '#cnn'")
    assert held
    assert page.evaluate("scrollY") < 400


def test_a_step_that_was_chosen_counts_while_the_loop_is_in_sight(page, address):
    page.goto(f"{address}/en/{TUTORIAL}#step-linear")
    page.wait_for_selector(".shrink.awake")
    switch(page, "zh")
    assert page.url == f"{address}/zh/{TUTORIAL}#step-linear"
    scroll(page, 0.9)
    place = page.evaluate(PLACE)
    switch(page, "en")
    assert "step" not in page.url
    assert page.evaluate(PLACE)[0] == place[0]


def test_the_place_on_the_screen_counts_and_not_an_old_hash(page, address):
    page.goto(f"{address}/en/{TUTORIAL}#cnn")
    scroll(page, 0.35)
    before = page.evaluate("scrollY")
    section, _blocks = page.evaluate(PLACE)
    assert section != "cnn"
    switch(page, "zh")
    assert page.evaluate(PLACE)[0] == section
    switch(page, "en")
    assert abs(page.evaluate("scrollY") - before) < 60, "a few lines at most"
    scroll(page, 0)
    switch(page, "zh")
    assert page.url == f"{address}/zh/{TUTORIAL}"
    assert page.evaluate("scrollY") == 0


def test_what_was_unfolded_to_read_is_unfolded_there_and_the_keyboard_goes_on_in_it(
    page, address
):
    page.set_viewport_size({"width": 1280, "height": 400})
    page.goto(f"{address}/en/tutorials/from_memory.html")
    fold = page.locator(".exercise details.solution").nth(1)
    fold.evaluate("""(fold) => { fold.open = true;
      const edge = (of) => of.getBoundingClientRect();
      const below = edge(document.querySelector(".bd-header")).bottom + 10;
      scrollBy({ behavior: "instant", top: edge(fold.querySelector("pre")).top - below });
    }""")
    switch(page, "zh", press="Enter")
    there = page.locator(".exercise details.solution").nth(1)
    assert there.evaluate("(fold) => fold.open")
    assert there.evaluate("(fold) => fold.contains(document.activeElement)")


def test_a_link_that_is_opened_in_another_tab_carries_the_place(page, address):
    page.goto(f"{address}/en/{TUTORIAL}")
    scroll(page, 0.5)
    link = page.locator("a.language-switch:visible")
    for event in ("auxclick", "contextmenu"):
        link.evaluate("(link) => { link.hash = ''; }")
        link.dispatch_event(event)
        assert "~" in link.get_attribute("href"), event


def test_both_languages_have_the_same_anchors_and_the_same_blocks(site):
    pages = [page.relative_to(site / "en") for page in to_open(site / "en")]
    for name in (name for name in pages if name.parts[0] != "tests"):
        marks = [
            parse(site / lang / name).select(
                "article section section, article :is(dt, pre, img, table)"
            )
            for lang in ("en", "zh")
        ]
        kinds = [[tag.name for tag in found] for found in marks]
        assert kinds[0] == kinds[1], name
        ids = [
            [
                tag["id"]
                for tag in found
                if tag.get("id") and tag.name in ("section", "dt")
            ]
            for found in marks
        ]
        if name.name == "glossary.html":  # each language has its own alphabet
            ids = [sorted(found) for found in ids]
        assert ids[0] == ids[1], name


def test_glossary_terms_have_their_english_names_for_anchors(site):
    assert "term-overfitting" in anchors(site / "zh" / "glossary.html")


@pytest.mark.parametrize(
    ("hash_given", "hash_left"),
    [
        ("#%E0%A4%A", "#%E0%A4%A"),  # no letter at all
        ("#%E0%A4~0.10", "#%E0%A4"),
        ("#$&~1.20", "#$&"),  # what a pattern would take for itself
        ("#cnn%7E0.10", "#cnn"),  # as some chats write it
        ("#~", "#~"),
    ],
)
def test_a_hash_that_names_no_place_does_no_harm(page, site, hash_given, hash_left):
    with watched(page, "file:") as faults:
        page.goto((site / "en" / "about.html").as_uri() + hash_given)
        page.wait_for_function(f"location.hash === '{hash_left}'")
    assert faults == []
