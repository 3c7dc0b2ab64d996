"""The language switch leads to the place that the reader was at."""

import pytest
from pages import anchors, parse, to_open

TUTORIAL = "tutorials/nn_tutorial.html"
# What is at the top of the window: the section, and how many code cells and figures are above. A
# link leads to a place at most 32 pixels below the header, as place.js has it; one is for rounding.
PLACE = """() => {
  const line = document.querySelector(".bd-header").getBoundingClientRect().bottom + 33;
  const above = (e) => e.checkVisibility() && e.getBoundingClientRect().top < line;
  const last = [...document.querySelectorAll("section section[id], dt[id]")].findLast(above);
  const parts = "article :is(pre, img, .exercise):not(.alive *, .shrink *)";
  const blocks = [...document.querySelectorAll(parts)];
  return [last ? last.id : "", blocks.filter(above).length];
}"""


def scroll(page, part):
    page.evaluate(
        "(part) => scrollTo({behavior: 'instant', top: part * "
        "  (document.documentElement.scrollHeight - innerHeight)})",
        part,
    )


def switch(page, other, press=None):
    """Switch the language and wait until the other page has settled."""
    link = page.locator("a.language-switch:visible")
    if press:
        link.evaluate("(link) => link.focus({preventScroll: true})")
        page.keyboard.press(press)
    else:
        box = link.bounding_box()  # link.click() would scroll, as the header is sticky
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(lambda url: f"/{other}/" in url and "~" not in url)
    page.wait_for_load_state("load")


def keeps(page, part, other, press=None):
    """Scroll somewhere, switch, and compare what is at the top of the window."""
    scroll(page, part)
    section, blocks = page.evaluate(PLACE)
    switch(page, other, press)
    there, blocks_there = page.evaluate(PLACE)
    assert there == section, (page.url, part)
    assert abs(blocks_there - blocks) <= 1, (page.url, part, section)


@pytest.mark.parametrize("first", [0, 1], ids=["en", "zh"])
def test_the_language_switch_keeps_sixteen_places_of_the_tutorial(
    chromium, site, first
):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    languages = ["en", "zh"][first:] + ["en", "zh"][:first]
    page.goto((site / languages[0] / TUTORIAL).as_uri())  # works from a folder, too
    for n in range(16):  # half of them there, half of them back
        keeps(page, (n + 1) / 17, languages[(n + 1) % 2])
    page.close()


def test_other_pages_keep_the_place_on_a_phone_and_for_the_keyboard(engine, address):
    page = engine.new_page(viewport={"width": 390, "height": 800})
    for name in ["glossary", "api", "about", "tutorials/where_the_time_goes"]:
        page.goto(f"{address}/en/{name}.html")
        keeps(page, 0.3, "zh", press="Enter")
        keeps(page, 0.7, "en", press="Enter")
    page.close()


@pytest.mark.parametrize("width", [360, 1440])
def test_a_section_that_a_link_led_to_is_the_same_section_there(
    chromium, address, width
):
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{address}/en/{TUTORIAL}#nn-module")
    for other in ("zh", "en"):
        switch(page, other)
        assert page.url == f"{address}/{other}/{TUTORIAL}#nn-module"
        assert page.locator("html").get_attribute("lang").startswith(other)
        top = page.locator("section#nn-module > h2").bounding_box()["y"]
        header = page.locator(".bd-header").bounding_box()["height"]
        assert header <= top < header + 60
    page.close()


def test_the_place_on_the_screen_counts_and_not_an_old_hash(chromium, address):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/en/{TUTORIAL}#cnn")
    scroll(page, 0.1)
    section, _blocks = page.evaluate(PLACE)
    assert section != "cnn"
    switch(page, "zh")
    assert page.evaluate(PLACE)[0] == section
    scroll(page, 0)
    switch(page, "en")
    assert page.url == f"{address}/en/{TUTORIAL}"
    assert page.evaluate("scrollY") == 0
    page.close()


def test_switching_there_and_back_moves_the_page_by_a_few_lines_at_most(
    chromium, address
):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/en/{TUTORIAL}")
    scroll(page, 0.35)
    before = page.evaluate("scrollY")
    for other in ("zh", "en"):
        switch(page, other)
    assert abs(page.evaluate("scrollY") - before) < 60
    page.close()


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
def test_a_hash_that_names_no_place_does_no_harm(chromium, site, hash_given, hash_left):
    page = chromium.new_page()
    faults = []
    page.on("pageerror", lambda fault: faults.append(fault))
    page.goto((site / "en" / "about.html").as_uri() + hash_given)
    page.wait_for_function(f"location.hash === '{hash_left}'")
    assert faults == []
    page.close()
