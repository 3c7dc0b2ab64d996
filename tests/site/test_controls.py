"""Every control opens and can be read at every width, and the contents list is right."""

import pytest
from pages import engines, parse, to_open

WIDTHS = [320, 390, 768, 960, 1024, 1180, 1199, 1200, 1280, 1440, 1920]
TUTORIAL = "tutorials/nn_tutorial.html"
both = pytest.mark.parametrize("lang", ["en", "zh"])
FRAME = """const frame = () => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)));"""
#: Press every button of the header that can be seen. Return what a reader gets to, by kind, and
#: what of it cannot be seen whole, or lies below another thing.
OPEN_ALL = """async () => {
  FRAME
  const reached = {}, hidden = [];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const seen = (e) => {
    e.scrollIntoView({ block: "nearest" });
    const { left, right, top, bottom } = e.getBoundingClientRect();
    return left >= 0 && right <= innerWidth && top >= -1 && bottom <= innerHeight + 1
      && e.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2))
      && (e.scrollWidth <= e.clientWidth + 1 || e.matches(".navbar-brand")); // a house
  };
  const KINDS = { pages: ".navbar-nav a[href]", home: ".navbar-brand, .drawer-head a",
    search: "input[name=q]", colours: ".theme-change-button", contents: "#page-contents a",
    language: ".language-switch", close: ".drawer-close button" };
  const look = (within) => {
    for (const e of [...within.querySelectorAll("a, button, input")].filter(shown)) {
      if (!seen(e)) hidden.push(e.outerHTML.slice(0, 150));
      for (const [kind, selector] of Object.entries(KINDS))
        if (e.matches(selector)) (reached[kind] ??= new Set()).add(e.href ?? e.textContent);
    }
  };
  document.querySelectorAll(".bd-header, #pst-secondary-sidebar").forEach(look);
  for (const button of document.querySelectorAll(".bd-header button")) {
    if (!shown(button) || button.closest(".dropdown-menu")) continue;
    button.click();
    await frame();
    const opened = document.querySelector("dialog[open], .bd-header .dropdown-menu.show");
    if (!opened) { hidden.push(`${button.className} opens nothing`); continue; }
    if (button.ariaExpanded === "false") hidden.push("not told: open");
    look(opened);
    if (opened.close) opened.close();
    else document.body.click();
    for (let n = 0; n < 9 && button.ariaExpanded === "true"; n++) await frame();
    if (button.ariaExpanded === "true") hidden.push("not told: closed");
  }
  for (const kind in reached) reached[kind] = reached[kind].size;
  return [reached, hidden];
}""".replace("FRAME", FRAME)


def to_reach(page):
    """Count what the page offers: every page of the menu, three choices of colours, and so on."""
    pages = {a["href"] for a in page.select(".bd-header .navbar-nav a[href]")}
    contents = page.select("#page-contents a")
    once = dict.fromkeys(["home", "search", "language"], 1)
    return {"pages": len(pages), "contents": len(contents), "colours": 3, **once}


def assert_all_can_be_reached(page, wanted, where):
    reached, hidden = page.evaluate(OPEN_ALL)
    assert hidden == [], where
    drawers = reached.pop("close", None)
    assert reached == wanted, where
    return drawers is not None


@engines
def test_every_menu_and_drawer_can_be_opened_and_read(engine, site, address, lang):
    wanted = to_reach(parse(site / lang / TUTORIAL))
    assert wanted["pages"] >= 8
    page = engine.new_page(reduced_motion="reduce")
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    with_drawers = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if assert_all_can_be_reached(page, wanted, width):
            with_drawers.append(width)
    assert with_drawers == [width for width in WIDTHS if width < 1280]
    page.close()


@both
def test_with_text_of_any_size_too(chromium, site, address, lang):
    wanted = to_reach(parse(site / lang / TUTORIAL))
    page = chromium.new_page(reduced_motion="reduce")
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    client = page.context.new_cdp_session(page)
    for size in (18, 20, 24, 32):
        sizes = {"fontSizes": {"standard": size, "fixed": size}}
        client.send("Page.setFontSizes", sizes)
        for width in (320, 768, 1024, 1280, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            assert_all_can_be_reached(page, wanted, f"{width} with text of {size}")
    page.close()


# The contents list --------------------------------------------------------------------------------

#: Go to places of the page, and say where something else is marked than the section at the header.
MARKED = """async (places) => {
  FRAME
  const wrong = [], list = document.getElementById("page-contents");
  const links = [...list.querySelectorAll("a")];
  const top = (link) => document.getElementById(link.hash.slice(1)).getBoundingClientRect().top;
  const now = "[aria-current='true'].active";
  const marked = () => [...list.querySelectorAll(now)].map((a) => a.hash);
  const header = document.querySelector(".bd-header");
  for (const part of places) {
    const full = document.documentElement.scrollHeight - innerHeight;
    scrollTo({ behavior: "instant", top: part * full });
    await frame();
    const line = header.getBoundingClientRect().bottom + 40;
    const read = links.findLast((link) => top(link) <= line)?.hash ?? "";
    if (marked().join() !== read) wrong.push([part, read, marked()]);
  }
  for (const { hash } of places.length > 2 ? links : []) {
    location.hash = hash;
    await frame();
    if (marked().join() !== hash) wrong.push([hash, marked()]);
  }
  return wrong;
}""".replace("FRAME", FRAME)


def with_contents(site, lang):
    found = [
        path for path in to_open(site / lang) if parse(path).select("#page-contents a")
    ]
    assert len(found) >= 8
    return found


@both
def test_the_contents_list_marks_what_is_read_however_one_got_there(
    chromium, site, address, lang
):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    places = [
        n / 9 for n in (0, 1, 4, 7, 9, 8, 5, 3, 2)
    ]  # down, to the end, and up again
    wrong = {}
    for path in with_contents(site, lang):
        page.goto(f"{address}/{path.relative_to(site)}")
        if found := page.evaluate(MARKED, places):
            wrong[path.name] = found
    page.close()
    assert wrong == {}


#: The entry that is marked, once the page has come to rest.
NOW = """async () => { FRAME await frame(); await frame();
  return document.querySelector("#page-contents [aria-current]")?.hash ?? ""; }""".replace(
    "FRAME", FRAME
)


def test_it_knows_after_reload_back_and_the_language_switch(engine, address):
    page = engine.new_page(viewport={"width": 1440, "height": 900})
    for name in (TUTORIAL, "about.html", "api.html"):
        page.goto(f"{address}/en/{name}")
        assert page.evaluate(MARKED, [0.7]) == []
        before = page.evaluate(NOW)
        assert before.startswith("#")
        page.reload()
        assert page.evaluate(NOW) == before
        page.evaluate(
            "() => { location.href = '../en/index.html'; }"
            if "/" not in name
            else "() => { location.href = '../index.html'; }"
        )
        page.wait_for_function("() => !!document.querySelector('#home')")
        page.evaluate("() => history.back()")  # a kept page loads nothing to wait for
        page.wait_for_function(
            "() => document.readyState === 'complete' && !document.querySelector('#home')"
        )
        assert page.evaluate(NOW) == before
        page.evaluate(
            "() => document.querySelector('.bd-header a.language-switch').click()"
        )
        # The list is marked when its script has run, the address is plain after that.
        page.wait_for_function(
            "() => document.documentElement.lang.startsWith('zh')"
            " && document.readyState === 'complete' && !location.hash.includes('~')"
        )
        assert page.evaluate(NOW) == before
    page.close()
