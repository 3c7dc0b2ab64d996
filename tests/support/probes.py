"""What tests in a browser look at, and where on a page they go."""

FRAME = """const frame = () => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)));"""
#: Letters of a font of icons, which the site does not have.
ICONS = r"""
  [...document.querySelectorAll("*")].filter((node) => node.checkVisibility())
    .flatMap((node) => ["::before", "::after"].map((part) => getComputedStyle(node, part).content))
    .filter((text) => /[\uE000-\uF8FF]/.test(text))
"""
#: What is wrong with the page as it stands: too wide, a header of two rows, parts of it upon
#: each other or cut off.
FAULTS = """() => {
  const out = [], root = document.documentElement;
  const rem = parseFloat(getComputedStyle(root).fontSize);
  if (root.scrollWidth > innerWidth) out.push(`${root.scrollWidth} pixels wide`);
  const header = document.querySelector(".bd-header");
  if (header.offsetHeight > 5 * rem + 1) out.push(`a header ${header.offsetHeight} pixels high`);
  const boxes = [...header.querySelectorAll("a, button")].filter((e) => e.checkVisibility())
    .map((e) => [e, e.getBoundingClientRect()]);
  for (const [e, a] of boxes) {
    if (a.left < 0 || a.right > root.clientWidth + 1) out.push(`${e.className} is cut off`);
    for (const [f, b] of boxes)
      if (!e.contains(f) && !f.contains(e) && a.left < b.right - 1 && b.left < a.right - 1
          && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        out.push(`${e.className} lies upon ${f.className}`);
  }
  if (!boxes.some(([e]) => e.matches(".language-switch"))) out.push("no language switch");
  return out;
}"""
#: How far below the header the places lie that links lead to.
CLEAR = """(selector) => {
  const header = document.querySelector(".bd-header");
  const places = [...document.querySelectorAll(selector)];
  return [0, 1, 2, 3].map((n) => {
    const place = places[Math.floor((n + 0.5) * places.length / 4)];
    document.documentElement.style.scrollBehavior = "auto";
    place.scrollIntoView();
    return place.getBoundingClientRect().top - header.getBoundingClientRect().bottom;
  });
}"""
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
    if (opened.matches(".bd-sidebar-primary, .bd-sidebar-secondary")
        && getComputedStyle(document.documentElement).overflowY !== "hidden")
      hidden.push("the page behind it moves");
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
  const every = Math.ceil(links.length / 16); // of a long list some are enough
  for (const { hash } of places.length > 2 ? links.filter((_, n) => n % every === 0) : []) {
    location.hash = hash;
    await frame();
    if (marked().join() !== hash) wrong.push([hash, marked()]);
  }
  return wrong;
}""".replace("FRAME", FRAME)


#: The entry that is marked, once the page has come to rest.
NOW = """async () => { FRAME await frame(); await frame();
  return document.querySelector("#page-contents [aria-current]")?.hash ?? ""; }""".replace(
    "FRAME", FRAME
)


#: What is at the top of the window: the section, and how many code cells and figures are above. A
#: link leads to a place at most 32 pixels below the header, as in place.js; one is for rounding.
PLACE = """() => {
  const line = document.querySelector(".bd-header").getBoundingClientRect().bottom + 33;
  const above = (e) => e.checkVisibility() && e.getBoundingClientRect().top < line;
  const last = [...document.querySelectorAll("section section[id], dt[id]")].findLast(above);
  const parts = "article :is(pre, img, .exercise):not(.alive *, .shrink *)";
  const blocks = [...document.querySelectorAll(parts)];
  return [last ? last.id : "", blocks.filter(above).length];
}"""


def scroll(page, part):
    """Go to a part of the page, and wait until what is near there is laid out."""
    page.evaluate(
        """async (part) => {
          FRAME
          const root = document.documentElement, seen = () => root.scrollHeight + scrollY;
          scrollTo({ behavior: "instant", top: part * (root.scrollHeight - innerHeight) });
          let before;
          do { before = seen(); await frame(); } while (before !== seen());
        }""".replace("FRAME", FRAME),
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
