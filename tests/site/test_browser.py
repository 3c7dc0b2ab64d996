"""What a reader does with the site in a browser: reads, copies, downloads, prints, goes astray."""

import ast
import gzip
import zipfile

import nbformat
import pytest
from probes import FAULTS

TUTORIAL = "tutorials/nn_tutorial.html"
LIMIT = 1.5e6  # bytes, with styles, scripts, fonts and figures
both = pytest.mark.parametrize("lang", ["en", "zh"])


@both
def test_the_landing_page_fits_one_screen(page, address, lang):
    page.goto(f"{address}/{lang}/index.html")
    for part in ["h1", "main p.go a"]:
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 900, f"{part} is below the first screen"
    page.locator(".ways > li").first.click(position={"x": 4, "y": 4})  # all of it
    page.wait_for_url(f"{address}/{lang}/tutorials/*")


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


@both
def test_the_tutorial_is_light_and_its_text_waits_for_no_figure_and_no_script(
    opener, address, lang
):
    page = opener(
        "about:blank", viewport={"width": 1440, "height": 900}, device_scale_factor=2
    )
    bodies = {}
    page.on("response", lambda r: bodies.update({r.url.partition("?")[0]: r.body()}))
    page.goto(f"{address}/{lang}/{TUTORIAL}", wait_until="networkidle")
    words = [url for url in bodies if url.endswith((".html", ".css", ".js"))]
    packed = sum(len(gzip.compress(bodies[url])) for url in words)
    assert 50_000 < packed < 120_000
    assert not [url for url in bodies if "woff" in url or "searchindex" in url]
    assert page.locator("head script[src]:not([defer])").count() == 0
    early = [url for url in bodies if "/_images/" in url]
    page.evaluate(
        "document.querySelectorAll('img').forEach((img) => img.loading = 'eager')"
    )
    page.wait_for_function("[...document.images].every((img) => img.complete)")
    wanted = page.locator("article img").count()
    for _ in range(100):  # on a busy machine, responses are told late
        figures = [url for url in bodies if "/_images/" in url]
        if len(figures) == wanted:
            break
        page.wait_for_timeout(50)
    assert len(figures) == wanted
    assert len(early) < wanted / 2, "most figures should load when one comes near"
    assert all("2_00x" in url for url in figures), "a sharp screen gets sharp figures"
    assert sum(map(len, bodies.values())) < LIMIT


def test_text_stays_where_it_is_while_figures_load(page, address):
    heights = []
    for figures in (False, True):
        if not figures:
            page.route("**/_images/*", lambda route: route.abort())
        page.goto(f"{address}/en/{TUTORIAL}")
        heights.append(
            page.evaluate(
                "[...document.querySelectorAll('h2')].map((h) => h.offsetTop)"
            )
        )
        page.unroute_all()
    assert heights[0] == heights[1]
    assert len(heights[0]) > 10


@both
def test_without_javascript_the_page_can_be_read(opener, address, lang):
    page = opener(
        f"{address}/{lang}/{TUTORIAL}",
        java_script_enabled=False,
        viewport={"width": 1440, "height": 900},
    )
    assert page.locator("section#nn-module > h2").is_visible()
    assert page.locator("article pre").first.is_visible()
    for button in [".search-button", ".theme-switch-button"]:
        assert page.locator(f"{button}:visible").count() == 0
    page.locator(".bd-toc a[href='#cnn']").click()
    assert page.url.endswith("#cnn")
    for width in (320, 1180, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(FAULTS) == [], width


def test_the_copy_button_takes_the_code_and_no_output(opener, address):
    page = opener(
        f"{address}/en/{TUTORIAL}", permissions=["clipboard-read", "clipboard-write"]
    )
    page.locator("button.copybtn").first.wait_for(state="attached")
    assert page.locator(".sphx-glr-script-out button.copybtn").count() == 0
    cell = page.locator("div.highlight-Python, div.highlight-python").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()
    ast.parse(copied)


@pytest.mark.parametrize(
    ("path", "lang", "title"),
    [
        ("zh/old-tensor_page.html", "zh", "没有这一页"),
        ("en/deep/down/nowhere.html", "en", "There is no such page"),
        ("nowhere.html", "en", "There is no such page · 没有这一页"),
        ("a/b/tensor.html", "en", "There is no such page · 没有这一页"),
        ("a/zh/tensor.html", "zh", "There is no such page · 没有这一页"),
    ],
)
def test_an_address_that_does_not_exist_leads_back_and_to_the_search(
    page, address, path, lang, title
):
    for way in ("home", "search"):
        page.goto(f"{address}/{path}")
        assert page.locator("h1").inner_text().startswith(title)
        page.wait_for_function(f"document.baseURI.length < {len(address) + 6}")
        if way == "home":
            family = "node => getComputedStyle(node).fontFamily"
            assert "sans" in page.locator("body").evaluate(family), "without styles"
            page.locator("main a[href$='index.html']").first.click()
            page.wait_for_url(f"{address}/{lang}/index.html")
            assert page.locator("main p.go a").is_visible()
    page.locator("main form input").first.fill("tensor")
    page.locator("main form button").first.click()
    page.wait_for_url(f"{address}/{lang}/search.html?q=tensor")


def test_bars_are_seen_where_the_system_sets_the_colours(page, address):
    """Forced colours wipe backgrounds out: whatever is drawn with them has to say so."""
    page.emulate_media(forced_colors="active")
    page.goto(f"{address}/en/index.html")
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
    colours += page.eval_on_selector_all(
        ".bd-header .fa-solid",
        "all => all.map((e) => getComputedStyle(e).backgroundColor)",
    )
    assert len(colours) > 12
    assert paper not in colours
    assert "rgba(0, 0, 0, 0)" not in colours


@both
def test_printing_gives_a_clean_document(page, address, lang):
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(f"{address}/{lang}/{TUTORIAL}")
    hidden = [".bd-header", ".bd-sidebar-secondary", ".copybtn", ".prev-next-footer"]
    for selector in hidden:
        assert page.locator(f"{selector}:visible").count() == 0, selector
    assert page.locator("section#cnn > h2").is_visible()
    assert page.locator(".shrink .shrink-still").first.is_visible()
    clipped = page.locator("article").evaluate(
        "(e) => { const found = [];"
        " for (e = e.parentElement; e.parentElement.parentElement; e = e.parentElement)"
        "   if (getComputedStyle(e).overflow !== 'visible') found.push(e.className);"
        " return found; }"
    )
    assert clipped == [], "what scrolls on the screen is cut off on paper"
    ink = "all => [...new Set(all.map((e) => getComputedStyle(e).color))]"
    code = page.locator("#cnn .highlight pre span")
    assert code.evaluate_all(ink) == ["rgb(0, 0, 0)"], "pale on paper"
    colours = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colours) in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
