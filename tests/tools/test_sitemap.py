"""The list of pages that search engines read."""

from xml.etree import ElementTree as ET

import pytest
import sitemap

SITE = "https://example.org/tut"
NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "x": "http://www.w3.org/1999/xhtml",
}


@pytest.fixture
def html(tmp_path):
    """A site of two pages, a search page, an error page and a file of a figure."""
    for lang in ("en", "zh"):
        for page in (
            "index",
            "tutorials/a & b",
            "404",
            "search",
            "_static/alive/figure",
        ):
            path = tmp_path / lang / f"{page}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return tmp_path


def entries(html):
    """Map each listed address to its twins."""
    tree = ET.parse(html / "sitemap.xml")
    return {
        url.findtext("s:loc", namespaces=NAMES): {
            link.get("hreflang"): link.get("href")
            for link in url.findall("x:link", NAMES)
        }
        for url in tree.getroot()
    }


@pytest.mark.parametrize("slash", ["", "/"])
def test_each_page_is_listed_with_its_twins(html, monkeypatch, slash):
    monkeypatch.setenv("MNIST_TUT_SITE", SITE + slash)
    assert sitemap.main(str(html)) == 0
    found = entries(html)
    pages = ["index.html", "tutorials/a%20%26%20b.html"]
    front = f"{SITE}/index.html"
    inside = {f"{SITE}/{lang}/{p}" for lang in ("en", "zh") for p in pages}
    assert set(found) == inside | {front}
    assert found[front] == found[f"{SITE}/zh/index.html"]
    assert found[front] == {
        "en": f"{SITE}/en/index.html",
        "zh-CN": f"{SITE}/zh/index.html",
        "x-default": front,
    }
    assert found[f"{SITE}/zh/{pages[1]}"] == {
        "en": f"{SITE}/en/{pages[1]}",
        "zh-CN": f"{SITE}/zh/{pages[1]}",
        "x-default": f"{SITE}/en/{pages[1]}",
    }


def test_robots_are_told_where_the_list_is(html, monkeypatch):
    monkeypatch.setenv("MNIST_TUT_SITE", "https://tut.example.org")
    sitemap.main(str(html))
    lines = (html / "robots.txt").read_text().splitlines()
    assert "Sitemap: https://tut.example.org/sitemap.xml" in lines


def test_in_a_folder_where_no_robot_looks_there_is_no_file_for_them(html, monkeypatch):
    (html / "robots.txt").write_text("of an earlier build")
    monkeypatch.setenv("MNIST_TUT_SITE", SITE)
    sitemap.main(str(html))
    assert (html / "sitemap.xml").exists()
    assert not (html / "robots.txt").exists()


def test_without_an_address_there_is_no_list_and_an_old_one_goes(html, monkeypatch):
    monkeypatch.setenv("MNIST_TUT_SITE", SITE)
    sitemap.main(str(html))
    monkeypatch.delenv("MNIST_TUT_SITE")
    assert sitemap.main(str(html)) == 0
    assert {path.name for path in html.iterdir()} == {"en", "zh"}


def test_a_page_without_its_twin_is_named(html, monkeypatch):
    (html / "zh" / "new.html").touch()
    monkeypatch.setenv("MNIST_TUT_SITE", SITE)
    with pytest.raises(SystemExit, match=r"new\.html"):
        sitemap.main(str(html))
