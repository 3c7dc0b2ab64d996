"""Search: the page, the keyboard shortcut, and without a web server."""

import pytest
from watched import Watched

CHINESE = [
    "损失函数",
    "数据加载器",
    "计算损失函数",
    "交叉熵",
    "小批量训练",
    "卷积",
    "验证集",
    "数据加载器 DataLoader",
]
ENGLISH = [
    "loss function",
    "data loader",
    "compute the loss",
    "cross-entropy",
    "mini-batch training",
    "convolution",
    "validation set",
    "data loader DataLoader",
]
QUERIES = [("zh", query) for query in CHINESE] + [("en", query) for query in ENGLISH]
FOUND = "#search-results > ul > li:has(> a[href*='nn_tutorial.html'])"


@pytest.fixture(scope="module")
def page(chromium):
    opened = chromium.new_page(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


def excerpts(page):
    page.locator(f"{FOUND} p.context").first.wait_for(timeout=10_000)
    return page.locator(f"{FOUND} p.context").all_inner_texts()


@pytest.mark.parametrize(("lang", "query"), QUERIES)
def test_the_search_page_finds_the_tutorial_and_shows_where(page, address, lang, query):
    page.goto(f"{address}/{lang}/search.html?q={query}")
    shown = excerpts(page)
    assert 1 <= len(shown) <= 4
    assert all(20 < len(text) < 250 for text in shown)
    marks = page.locator(f"{FOUND} mark").all_inner_texts()
    assert marks
    assert not any("\\" in text or "def " in text for text in shown[:1])


def test_a_section_found_is_one_click_away(page, address):
    page.goto(f"{address}/zh/search.html?q=交叉熵")
    section = page.locator(f"{FOUND} li a[href$='#nn-functional']")
    section.wait_for(timeout=10_000)
    assert "torch.nn.functional" in section.inner_text()
    section.click()
    page.wait_for_url("**/zh/tutorials/nn_tutorial.html#nn-functional")


@pytest.mark.parametrize(("lang", "query"), [("zh", "损失函数"), ("en", "loss")])
def test_the_keyboard_shortcut_searches(page, address, lang, query):
    page.goto(f"{address}/{lang}/tutorials/nn_tutorial.html")
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input[name='q']")
    field.wait_for(state="visible")
    page.keyboard.type(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/{lang}/search.html*")
    assert excerpts(page)


@pytest.mark.parametrize(("lang", "query"), [("zh", "数据加载器"), ("en", "loss")])
def test_search_works_on_files_without_a_server(chromium, site, lang, query):
    folder = site.resolve().as_uri()
    watched = Watched(chromium, folder)
    watched.page.goto(f"{folder}/{lang}/index.html")
    watched.page.goto(f"{folder}/{lang}/search.html?q={query}")
    assert excerpts(watched.page)
    assert watched.faults == []
    watched.page.close()


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "没有匹配"), ("en", "did not match any documents")]
)
def test_a_search_without_result_says_so(page, address, lang, words):
    page.goto(f"{address}/{lang}/search.html?q=qqqqq")
    page.locator(".search-summary", has_text=words).wait_for(timeout=10_000)
    assert page.locator("#search-results li").count() == 0
