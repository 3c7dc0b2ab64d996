"""How the tutorial stands on a screen: lines for the eye, code on a phone, a page that rests."""

import pytest
from probes import FRAME

TUTORIAL = "tutorials/nn_tutorial.html"
both = pytest.mark.parametrize("lang", ["en", "zh"])
#: The length of lines, in letters, of each paragraph of more than two.
LINES = """() => [...document.querySelectorAll("article section > p")].flatMap((p) => {
  const count = Math.round(p.clientHeight / parseFloat(getComputedStyle(p).lineHeight));
  return count > 2 ? [p.textContent.length / count] : [];
})"""


@both
def test_lines_are_short_enough_and_code_wraps_on_a_phone_and_stays_the_source(
    page, address, lang
):
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    lengths = sorted(page.evaluate(LINES))
    assert len(lengths) > 20
    low, high = {"en": (60, 80), "zh": (28, 42)}[lang]
    assert low <= lengths[len(lengths) // 2] <= high
    offset = page.locator("pre a").first.evaluate(
        "(e) => parseFloat(getComputedStyle(e).textUnderlineOffset)"
        " / parseFloat(getComputedStyle(e).fontSize)"
    )
    assert offset > 0.3, "underscores cannot be seen in names that are links"

    code = page.locator("article div.highlight > pre:not(.alive *, .shrink *)")
    texts = code.all_text_contents()
    assert len(texts) > 50
    over = code.evaluate_all("all => all.map((e) => e.scrollWidth - e.clientWidth)")
    assert not [by for by in over if 0 < by < 8], (
        "a bar for a line's frame, not its text"
    )
    for width in (390, 844, 390):  # and turned, and turned again
        page.set_viewport_size({"width": width, "height": 844})
        page.locator("html.wraps" if width < 768 else "html:not(.wraps)").wait_for()
    wide = page.locator("article pre:visible").evaluate_all(
        "all => all.filter((e) => e.checkVisibility({ contentVisibilityAuto: true })"
        " && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
    )
    assert len(wide) <= 10, wide
    assert page.locator(".changed .hll .line").first.is_visible()
    assert page.locator(".line .line").count() == 0, "divided once"
    slant = page.locator("article p em").first.evaluate(
        "e => getComputedStyle(e).fontStyle"
    )
    assert slant == {"en": "italic", "zh": "normal"}[lang]
    assert code.all_text_contents() == texts


def test_on_a_phone_code_can_be_read_and_touched(opener, address):
    page = opener(
        f"{address}/en/{TUTORIAL}",
        viewport={"width": 390, "height": 800},
        has_touch=True,
        is_mobile=True,
    )
    assert page.locator("html.wraps").count() == 1
    low = page.evaluate(
        """() => [...document.querySelectorAll("pre a, p.tested-source-links a, summary")]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 24)
          .map((e) => e.outerHTML)"""
    )
    assert low == []
    page.locator(".copybtn").first.wait_for(state="attached")
    seen = "(all) => all.map((e) => Number(getComputedStyle(e).opacity))"
    assert min(page.locator(".copybtn").evaluate_all(seen)) > 0.5
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".sphx-glr-script-out pre")]
          .filter((e) => e.scrollWidth > e.clientWidth).length"""
    )
    assert cut == 0, "outputs should be wrapped"


def test_the_page_rests_around_the_pad_without_moving(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}/en/{TUTORIAL}#")
    page.reload()  # whoever comes back wants all of it
    figure = page.locator("[data-alive=draw]")
    figure.scroll_into_view_if_needed()
    page.locator("[data-alive=draw][data-awake]").wait_for()
    height = page.evaluate("document.documentElement.scrollHeight")
    resting = """() => [...document.querySelectorAll("article > section > section")]
      .filter((e) => e.style.contentVisibility === "auto").length"""
    page.wait_for_function(f"({resting})() > 10")
    section = page.locator("article > section > section", has=figure)
    assert section.evaluate("e => e.style.contentVisibility") == ""
    assert abs(page.evaluate("document.documentElement.scrollHeight") - height) < 8
    page.evaluate("location.hash = 'torch-optim'")  # jumps still arrive
    page.wait_for_function("""() => {
      const edge = (of) => document.querySelector(of).getBoundingClientRect();
      const below = edge("#torch-optim").top - edge(".bd-header").bottom;
      return 0 <= below && below < 40; }""")
    page.set_viewport_size({"width": 600, "height": 844})
    page.wait_for_function(f"({resting})() === 0")


# What lies so far down that it is not laid out yet.
FAR = """() => [...document.querySelectorAll("article section > section > p")]
  .filter((e) => !e.checkVisibility({ contentVisibilityAuto: true })).length"""
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
#: Read down a page and up again by 500 pixels at a time: how often what was read had moved.
READ = """async () => {
  FRAME
  const moved = [];
  for (const by of [...Array(24).fill(500), ...Array(24).fill(-500)]) {
    const seen = document.elementsFromPoint(150, 400).find((e) => e.matches("article *"));
    const before = seen.getBoundingClientRect().top;
    scrollBy({ top: by, behavior: "instant" });
    await frame();
    const off = seen.getBoundingClientRect().top - before + by;
    if (Math.abs(off) > 2 && scrollY > 0) moved.push([scrollY, off]);
  }
  return moved; }""".replace("FRAME", FRAME)


@pytest.mark.parametrize(
    ("lang", "name"), [("en", "nn_tutorial"), ("zh", "when_it_goes_wrong")]
)
def test_a_phone_lays_out_what_one_comes_near_and_nothing_ever_moves(
    opener, address, lang, name
):
    page = opener(f"{address}/{lang}/tutorials/{name}.html", **PHONE)
    assert page.evaluate(FAR) > 50
    assert page.evaluate(READ) == []
    ids = page.locator("article section section[id]").evaluate_all(
        "all => all.map((e) => e.id)"
    )
    for part in (-2, len(ids) // 2, 2):
        page.goto(f"{address}/{lang}/tutorials/{name}.html?{part}")
        page.wait_for_function(f"({FAR})() > 50")
        link = f"#page-contents a[href='#{ids[part]}']"
        page.locator(link).evaluate("(link) => link.click()")
        page.wait_for_function(
            """(id) => {
              const edge = (of) => document.querySelector(of).getBoundingClientRect();
              const below = edge("#" + id).top - edge(".bd-header").bottom;
              return 0 <= below && below < 40; }""",
            arg=ids[part],
        )
        assert page.evaluate(FAR) == 0


def test_whoever_seeks_a_place_comes_back_or_does_not_use_chromium_gets_all_at_once(
    opener, address
):
    for place in ("#cnn", "#:~:text=many%20such%20layers"):
        page = opener(f"{address}/en/{TUTORIAL}{place}", **PHONE)
        assert page.evaluate(FAR) == 0
        page.wait_for_function("scrollY > 5000")
    page.goto(f"{address}/en/{TUTORIAL}?read")
    page.wait_for_function(f"({FAR})() > 50")
    page.reload()
    assert page.evaluate(FAR) == 0
    page.goto(f"{address}/en/{TUTORIAL}?again")
    page.wait_for_function(f"({FAR})() > 50")
    page.evaluate(
        """() => {
          addEventListener("click", (event) => event.preventDefault(), { once: true });
          document.querySelector("article a[href*='.html#']").click(); }"""
    )
    assert page.evaluate(FAR) > 50, "a link to another page needs no layout of this one"
    page.set_viewport_size({"width": 600, "height": 844})
    page.wait_for_function(f"({FAR})() === 0")
    page.goto(f"{address}/en/{TUTORIAL}?wide")
    page.set_viewport_size({"width": 1000, "height": 844})
    page.reload()
    assert page.locator("html[data-far]").count() == 0


NOTES = """() => [...document.querySelectorAll("section > p.recap:last-child")].map((note) => {
  const { left, right, top, bottom } = note.getBoundingClientRect();
  const section = note.parentElement.getBoundingClientRect();
  const text = note.parentElement.querySelector(":is(h1, h2, h3)").getBoundingClientRect();
  const seen = [left + 2, right - 2].map((x) => {
    scrollTo(0, scrollY + note.getBoundingClientRect().top - innerHeight / 2);
    return document.elementFromPoint(x, note.getBoundingClientRect().top + 5);
  });
  const within = section.top <= top && bottom <= section.bottom + 1;
  const beside = right < text.left;
  return { left, within, beside, seen: seen.every((e) => note.contains(e)) }; })"""


@both
@pytest.mark.parametrize("name", ["nn_tutorial", "inside_torch_nn"])
def test_what_a_section_comes_to_stands_in_the_margin_where_there_is_one(
    page, address, lang, name
):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{address}/{lang}/tutorials/{name}.html")
    for width in (1280, 1440, 1920, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        notes = page.evaluate(NOTES)
        assert len(notes) > 5
        assert all(n["within"] and n["seen"] and n["left"] >= 0 for n in notes), notes
        assert {n["beside"] for n in notes} == {width >= 1280}
        assert page.evaluate("document.documentElement.scrollWidth") <= width
