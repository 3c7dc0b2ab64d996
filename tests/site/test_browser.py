"""The site in a real browser: both languages, light and dark, phone and desk."""

import pytest

PAGES = [
    "index.html",
    "tutorials/nn_tutorial.html",
    "api.html",
    "glossary.html",
    "about.html",
]


class Watched:
    """A browser page, and what went wrong in it."""

    def __init__(self, chromium, address, **options):
        self.page = chromium.new_page(**options)
        self.faults = []
        self.page.on("console", self.note_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("requestfailed", self.note_failure)
        self.page.on("request", lambda r: self.note_request(r, address))

    def note_console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def note_failure(self, request):
        if request.failure != "net::ERR_ABORTED":  # the browser left for the next page
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def note_request(self, request, address):
        if not request.url.startswith((address, "data:")):
            self.faults.append(f"outside: {request.url}")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
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
    assert watched.faults == []
    watched.page.close()


@pytest.mark.parametrize(("lang", "other"), [("en", "zh"), ("zh", "en")])
def test_the_language_switch_keeps_page_and_section(chromium, address, lang, other):
    page = chromium.new_page(viewport={"width": 1440, "height": 800})
    page.goto(f"{address}/{lang}/tutorials/nn_tutorial.html#nn-module")
    page.locator("a.language-switch:visible").click()
    page.wait_for_url(f"{address}/{other}/tutorials/nn_tutorial.html#nn-module")
    assert page.locator("html").get_attribute("lang").startswith(other)
    heading = page.locator("section#nn-module > h2")
    assert -50 < heading.bounding_box()["y"] < 400
    page.close()


@pytest.mark.parametrize(
    ("locale", "first"), [("zh-CN", "zh"), ("en-GB", "en"), ("sw-KE", "en")]
)
def test_the_front_page_puts_the_browsers_language_first(
    chromium, address, locale, first
):
    page = chromium.new_page(locale=locale)
    page.goto(f"{address}/index.html")
    assert page.locator("main a").first.get_attribute("id") == first
    page.close()


@pytest.mark.parametrize(
    ("lang", "query"),
    [
        *[
            ("zh", q)
            for q in [
                "损失函数",
                "数据加载器",
                "计算损失函数",
                "交叉熵",
                "小批量训练",
                "卷积",
            ]
        ],
        ("zh", "验证集"),
        ("zh", "数据加载器 DataLoader"),
        ("en", "loss function"),
        ("en", "cross-entropy"),
        ("en", "validation set"),
    ],
)
def test_the_search_page_finds_the_tutorial(chromium, address, lang, query):
    page = chromium.new_page()
    page.goto(f"{address}/{lang}/search.html?q={query}")
    page.locator("#search-results li a[href*='nn_tutorial.html']").first.wait_for(
        timeout=10_000
    )
    assert page.locator("#search-results li a[href*='nn_tutorial.html']").count() >= 1
    page.close()
