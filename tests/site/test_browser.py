"""The site in a real browser: both languages, light and dark, phone and desk."""

import ast
import gzip
import zipfile
from pathlib import Path

import nbformat
import pytest
from gallery_scripts import NAMES
from watched import Watched

PAGES = [
    "index.html",
    *(f"tutorials/{Path(name).stem}.html" for name in NAMES),
    "api.html",
    "glossary.html",
    "about.html",
    "search.html",
    "404.html",
]
TUTORIAL = "tutorials/nn_tutorial.html"
#: Letters of a font of icons, which the site does not have.
ICONS = r"""
  [...document.querySelectorAll("*")].filter((node) => node.checkVisibility())
    .flatMap((node) => ["::before", "::after"].map((part) => getComputedStyle(node, part).content))
    .filter((text) => /[\uE000-\uF8FF]/.test(text))
"""
LIMIT = 1.5e6  # bytes, with styles, scripts, fonts and figures
both = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture
def page(chromium):
    """A page as wide as a desk's screen."""
    opened = chromium.new_page(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [
        ("en", 360, "light"),
        ("zh", 360, "dark"),
        ("zh", 768, "light"),
        ("en", 768, "dark"),
        ("en", 1440, "light"),
        ("zh", 1440, "dark"),
    ],
)
def test_pages_open_without_faults_and_fit_the_screen(
    chromium, address, lang, width, scheme
):
    watched = Watched(
        chromium, address, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    for name in PAGES:
        watched.page.goto(f"{address}/{lang}/{name}")
        assert watched.page.evaluate("document.documentElement.dataset.theme") == scheme
        widest = watched.page.evaluate("document.documentElement.scrollWidth")
        assert widest <= width, f"{name} is {widest} pixels wide"
        switch = watched.page.locator("a.language-switch:visible")
        assert switch.count() == 1, f"{name} shows {switch.count()} language switches"
        assert switch.is_visible()
        assert watched.page.evaluate(ICONS) == [], name
    assert watched.faults == []
    watched.page.close()


@both
@pytest.mark.parametrize("width", [320, 1440])
def test_the_words_on_a_download_stay_within_its_box(chromium, address, lang, width):
    page = chromium.new_page(viewport={"width": width, "height": 800})
    for script in NAMES:
        page.goto(f"{address}/{lang}/tutorials/{Path(script).stem}.html")
        boxes = page.locator(".sphx-glr-download a")
        assert boxes.count() == 3
        wider = boxes.evaluate_all(
            "all => all.filter((a) => a.scrollWidth > a.clientWidth).map((a) => a.innerText)"
        )
        assert wider == []
    page.close()


@pytest.mark.parametrize(
    ("locale", "first"), [("zh-CN", "zh"), ("en-GB", "en"), ("sw-KE", "en")]
)
def test_the_front_page_puts_the_browsers_language_first(
    chromium, address, locale, first
):
    page = chromium.new_page(locale=locale)
    page.goto(f"{address}/index.html")
    assert page.locator("main section").first.get_attribute("id") == first
    page.close()


@both
def test_the_landing_page_fits_one_screen(page, address, lang):
    page.goto(f"{address}/{lang}/index.html")
    for part in ["h1", "main p.go a"]:
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 900, f"{part} is below the first screen"


@both
def test_the_tutorial_is_light_and_its_text_does_not_wait_for_figures(
    chromium, address, lang
):
    page = chromium.new_page(
        viewport={"width": 1440, "height": 900}, device_scale_factor=2
    )
    sizes = {}
    page.on("response", lambda r: sizes.update({r.url: len(r.body())}))
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    early = [url for url in sizes if "/_images/" in url]
    page.evaluate(
        "document.querySelectorAll('img').forEach((img) => img.loading = 'eager')"
    )
    page.wait_for_function("[...document.images].every((img) => img.complete)")
    page.wait_for_load_state("networkidle")
    for _ in range(100):  # on a busy machine, responses are told late
        figures = [url for url in sizes if "/_images/" in url]
        if len(figures) == page.locator("article img").count():
            break
        page.wait_for_timeout(50)
    assert len(early) < len(figures) / 2, "most figures should load when one comes near"
    assert len(figures) == page.locator("article img").count()
    assert all("2_00x" in url for url in figures), "a sharp screen gets sharp figures"
    assert sum(sizes.values()) < LIMIT
    page.close()


@both
def test_the_words_of_the_tutorial_weigh_less_than_120_kilobytes(page, address, lang):
    bodies = {}
    page.on("response", lambda r: bodies.update({r.url.partition("?")[0]: r.body()}))
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    words = [url for url in bodies if url.endswith((".html", ".css", ".js"))]
    packed = sum(len(gzip.compress(bodies[url])) for url in words)
    assert 50_000 < packed < 120_000
    assert not [url for url in bodies if "woff" in url or "searchindex" in url]
    blocking = page.locator("head script[src]:not([defer])").count()
    assert blocking == 0, "a script holds up the text"


def test_text_stays_where_it_is_while_figures_load(chromium, address):
    def heights(page):
        page.goto(f"{address}/en/{TUTORIAL}")
        return page.evaluate(
            "[...document.querySelectorAll('h2')].map((h) => h.offsetTop)"
        )

    with_figures, without = (chromium.new_page() for _ in range(2))
    without.route("**/_images/*", lambda route: route.abort())
    assert heights(with_figures) == heights(without)
    with_figures.close()
    without.close()


@both
def test_without_javascript_the_page_can_be_read(chromium, address, lang):
    page = chromium.new_page(
        java_script_enabled=False, viewport={"width": 1440, "height": 900}
    )
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    assert page.locator("section#nn-module > h2").is_visible()
    assert page.locator("a.language-switch:visible").count() == 1
    assert page.locator("article pre").first.is_visible()
    for button in [".search-button", ".theme-switch-button"]:
        assert page.locator(f"{button}:visible").count() == 0
    page.locator(".bd-toc a[href='#cnn']").click()
    assert page.url.endswith("#cnn")
    page.close()


@both
def test_the_copy_button_takes_the_code_and_no_output(chromium, address, lang):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    page.locator("button.copybtn").first.wait_for(state="attached")
    assert page.locator(".sphx-glr-script-out button.copybtn").count() == 0
    cell = page.locator("div.highlight-Python, div.highlight-python").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()
    ast.parse(copied)
    context.close()


@both
def test_downloads_arrive_and_are_the_right_files(page, address, lang, tmp_path):
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    arrived = {}
    for link in page.locator(".sphx-glr-download a").all():
        with page.expect_download() as download:
            link.click()
        name = download.value.suggested_filename
        arrived[name.rpartition(".")[2]] = tmp_path / name
        download.value.save_as(tmp_path / name)
    assert {path.name for path in arrived.values()} == {
        "nn_tutorial.ipynb",
        "nn_tutorial.py",
        "nn_tutorial.zip",
    }
    notebook = nbformat.read(arrived["ipynb"], as_version=4)
    nbformat.validate(notebook)
    script = arrived["py"].read_text(encoding="utf-8")
    ast.parse(script)
    word = {"en": "mini-batch", "zh": "小批量"}[lang]
    assert word in script
    assert any(word in cell.source for cell in notebook.cells)
    with zipfile.ZipFile(arrived["zip"]) as packed:
        assert packed.testzip() is None
        assert sorted(packed.namelist()) == ["nn_tutorial.ipynb", "nn_tutorial.py"]
        assert packed.read("nn_tutorial.py").decode() == script


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("zh/nowhere.html", "没有这一页"),
        ("en/deep/down/nowhere.html", "There is no such page"),
        ("nowhere.html", "There is no such page · 没有这一页"),
        ("a/folder/of/no/language/", "There is no such page · 没有这一页"),
    ],
)
def test_an_address_that_does_not_exist_leads_back(page, address, path, title):
    page.goto(f"{address}/{path}")
    assert page.locator("h1").inner_text().startswith(title)
    font = page.locator("body").evaluate("node => getComputedStyle(node).fontFamily")
    assert "sans" in font, "it has found no styles"
    page.wait_for_function(f"document.baseURI.length < {len(address) + 6}")
    page.locator("main a[href$='index.html']").first.click()
    page.wait_for_url(f"{address}/{'zh' if path.startswith('zh') else 'en'}/index.html")
    assert page.locator("main p.go a").is_visible()


@pytest.mark.parametrize("path", ["zh/old-tensor_page.html", "a/b/tensor.html"])
def test_who_asked_for_a_page_that_is_not_there_can_search(page, address, path):
    page.goto(f"{address}/{path}")
    page.wait_for_function(f"document.baseURI.length < {len(address) + 6}")
    page.locator("main form input").first.fill("tensor")
    page.locator("main form button").first.click()
    lang = "zh" if path.startswith("zh") else "en"
    page.wait_for_url(f"{address}/{lang}/search.html?q=tensor")


@both
def test_bars_are_seen_where_the_system_sets_the_colours(chromium, address, lang):
    """Forced colours wipe backgrounds out: whatever is drawn with them has to say so."""
    context = chromium.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(f"{address}/{lang}/index.html")
    pad = page.locator(".alive-draw canvas").first
    pad.scroll_into_view_if_needed()
    page.locator("[data-alive=draw][data-awake]").wait_for()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 5)
    page.mouse.down()  # an empty pad has bars of no length
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 4 / 5)
    page.mouse.up()
    page.locator(".alive-best .alive-bar").first.wait_for()
    paper = page.eval_on_selector("body", "(e) => getComputedStyle(e).backgroundColor")
    colours = page.eval_on_selector_all(
        ".alive-bar", "all => all.map((e) => getComputedStyle(e).backgroundColor)"
    )
    assert colours
    assert paper not in colours
    context.close()


@both
def test_printing_gives_a_clean_document(page, address, lang):
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    page.emulate_media(media="print", color_scheme="dark")
    hidden = [".bd-header", ".bd-sidebar-secondary", ".copybtn", ".prev-next-footer"]
    for selector in hidden:
        assert page.locator(f"{selector}:visible").count() == 0, selector
    assert page.locator("section#cnn > h2").is_visible()
    clipped = page.locator("article").evaluate(
        "(e) => { const found = [];"
        " for (e = e.parentElement; e.parentElement.parentElement; e = e.parentElement)"
        "   if (getComputedStyle(e).overflow !== 'visible') found.push(e.className);"
        " return found; }"
    )
    assert clipped == [], "what scrolls on the screen is cut off on paper"
    assert page.pdf().startswith(b"%PDF")
    colours = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colours) in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
