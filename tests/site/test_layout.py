"""Every width, in two browsers: nothing sticks out, and what a link leads to can be seen."""

import ast

import pytest
from pages import engines, parse, to_open

WIDTHS = [320, 375, 390, 768, 1024, 1180, 1440, 1920]
PAGES = ["index", "tutorials/nn_tutorial", "api", "glossary"]
both = pytest.mark.parametrize("lang", ["en", "zh"])
# What is wrong with the page as it stands: too wide, a header of two rows, parts of it upon
# each other or cut off.
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
# How far below the header the places lie that links lead to.
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
PLACES = {
    "tutorials/nn_tutorial": "section[id], .exercise[id]",
    "api": "dt[id]",
    "glossary": "dt[id]",
}


@engines
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_every_width_and_jumps_stay_clear_of_the_header(
    engine, address, lang, name
):
    page = engine.new_page(viewport={"width": WIDTHS[-1], "height": 800})
    page.goto(f"{address}/{lang}/{name}.html")
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(FAULTS) == [], width
        if name in PLACES:
            assert min(page.evaluate(CLEAR, PLACES[name])) >= 0, width
    page.close()


@both
def test_pages_fit_small_and_wide_windows_large_text_and_no_javascript(
    chromium, address, lang
):
    page = chromium.new_page()
    page.goto(f"{address}/{lang}/{PAGES[1]}.html")
    for width in (280, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(FAULTS) == [], width
    client = page.context.new_cdp_session(page)
    client.send("Page.setFontSizes", {"fontSizes": {"standard": 24, "fixed": 20}})
    for width in (390, 768, 1024, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(FAULTS) == [], f"{width} with large text"
    page.close()
    plain = chromium.new_page(java_script_enabled=False)
    plain.goto(f"{address}/{lang}/{PAGES[1]}.html")
    for width in (320, 1180):
        plain.set_viewport_size({"width": width, "height": 800})
        assert plain.evaluate(FAULTS) == [], f"{width} without JavaScript"
    plain.close()


@both
def test_the_front_page_fits_from_280_pixels_on(chromium, address, lang):
    page = chromium.new_page(locale={"en": "en-GB", "zh": "zh-CN"}[lang])
    page.goto(address)
    for width in (280, 320, 768, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(f"#{lang} a.button").click()
    page.wait_for_url(f"{address}/{lang}/index.html")
    page.close()


def test_the_front_page_remembers_the_language_that_was_read(chromium, address):
    page = chromium.new_page(locale="en-GB")
    page.goto(f"{address}/zh/index.html")
    page.goto(address)
    assert page.locator("main section").first.get_attribute("id") == "zh"
    page.close()


@both
def test_lines_are_short_enough_for_the_eye(chromium, address, lang):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/{lang}/{PAGES[1]}.html")
    lengths = page.evaluate(
        """() => [...document.querySelectorAll("article section > p")].flatMap((p) => {
          const lines = new Set(), range = document.createRange();
          range.selectNodeContents(p);
          for (const box of range.getClientRects()) lines.add(Math.round(box.bottom / 8));
          const height = parseFloat(getComputedStyle(p).lineHeight);
          const count = Math.round(p.clientHeight / height);
          return count > 2 ? [p.textContent.length / count] : [];
        })"""
    )
    lengths.sort()
    middle = lengths[len(lengths) // 2]
    assert len(lengths) > 20
    low, high = {"en": (60, 80), "zh": (28, 42)}[lang]
    assert low <= middle <= high
    page.close()


@engines
def test_the_contents_drawer_of_a_phone_closes_after_a_choice(engine, address, lang):
    page = engine.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{address}/{lang}/{PAGES[1]}.html")
    drawer = page.locator("#pst-secondary-sidebar-modal")
    page.locator("button.secondary-toggle").click()
    drawer.locator(".drawer-close button").click()
    drawer.wait_for(state="hidden")
    page.locator("button.secondary-toggle").click()
    drawer.locator("a[href='#cnn']").click()
    drawer.wait_for(state="hidden")
    assert page.url.endswith("#cnn")
    top = page.locator("section#cnn > h2").bounding_box()["y"]
    assert 0 < top < 400
    page.close()


def test_the_theme_menu_works_with_the_mouse_and_with_the_keyboard(chromium, address):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/en/index.html")
    button = page.locator(".theme-switch-button:visible")
    menu = page.locator(".bd-header .theme-switch-container .dropdown-menu")
    button.click()
    menu.get_by_text("Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not menu.is_visible()
    page.keyboard.press("Enter")  # the button has the focus again
    assert menu.is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    page.goto(f"{address}/index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.close()


def test_on_a_phone_code_can_be_read_and_touched(chromium, address):
    context = chromium.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{address}/en/{PAGES[1]}.html")
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
    context.close()


def test_underscores_can_be_seen_in_names_that_are_links(chromium, address):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/en/{PAGES[1]}.html")
    offset = page.locator("pre a").first.evaluate(
        "(e) => parseFloat(getComputedStyle(e).textUnderlineOffset)"
        " / parseFloat(getComputedStyle(e).fontSize)"
    )
    assert offset > 0.3
    page.close()


@both
def test_every_cell_that_is_copied_is_a_program(chromium, site, address, lang):
    page = chromium.new_page()
    count = 0
    for path in to_open(site / lang):
        if not parse(path).select("div > div.highlight > pre"):
            continue
        page.goto(f"{address}/{path.relative_to(site)}")
        page.locator(".copybtn").first.wait_for(state="attached")
        copied = page.evaluate(
            """() => {
              const taken = [], python = ".highlight-Python, .highlight-python, .highlight-default";
              document.execCommand = () => taken.push(document.activeElement.value);
              for (const button of document.querySelectorAll(".copybtn"))
                if (button.closest(python)) button.click();
              return taken;
            }"""
        )
        for code in copied:
            ast.parse(code, path.name)
            count += 1
    page.close()
    assert count > 60


@both
def test_the_keyboard_is_soon_at_the_contents_and_not_drowned_in_links(
    chromium, address, lang
):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/{lang}/{PAGES[1]}.html")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('#page-contents')")
    links = page.evaluate(
        "[...document.querySelectorAll('article pre a')].filter((a) => a.tabIndex >= 0).length"
    )
    assert 30 < links < 120
    page.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_code_wraps_on_a_phone_and_stays_the_source(chromium, address, lang):
    texts = []
    for width in (1440, 390):
        page = chromium.new_page(viewport={"width": width, "height": 844})
        page.goto(f"{address}/{lang}/tutorials/nn_tutorial.html")
        code = "article div.highlight > pre:not(.alive *, .shrink *)"
        texts.append(
            page.locator(code).evaluate_all("all => all.map((e) => e.textContent)")
        )
        if width == 390:
            wide = page.locator("article pre:visible").evaluate_all(
                "all => all.filter((e) => e.checkVisibility({ contentVisibilityAuto: true })"
                " && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
            )
            assert len(wide) <= 10, wide
            marked = page.locator(".changed .hll .line").first
            assert marked.is_visible()
        page.close()
    assert texts[0] == texts[1]
    assert len(texts[0]) > 50


def test_the_page_rests_around_the_pad_without_moving(chromium, address):
    page = chromium.new_page(
        viewport={"width": 390, "height": 844}, reduced_motion="reduce"
    )
    page.goto(f"{address}/en/tutorials/nn_tutorial.html")
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
    page.close()
