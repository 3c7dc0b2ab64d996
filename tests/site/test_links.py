"""Every link within the site leads somewhere, and every picture is there."""

from urllib.parse import unquote, urlsplit

import pytest
from pages import anchors, parse


def pages(site):
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


def broken_links(page):
    """List the targets within the site that do not exist."""
    for tag in parse(page).select("a[href], link[href], script[src], img[src]"):
        target = urlsplit(tag.get("href") or tag.get("src"))
        if target.scheme or target.netloc:
            continue
        path = (page.parent / unquote(target.path)).resolve() if target.path else page
        if not path.exists():
            yield f"{target.path}: no such file"
        elif path.suffix == ".html" and unquote(target.fragment) not in anchors(path):
            yield f"{target.geturl()}: no such anchor"


@pytest.mark.parametrize("lang", ["en", "zh", "."])
def test_every_internal_link_and_anchor_exists(site, lang):
    looked_at = pages(site / lang) if lang != "." else [site / "index.html"]
    assert looked_at
    broken = {
        str(page.relative_to(site)): list(broken_links(page)) for page in looked_at
    }
    assert not {page: links for page, links in broken.items() if links}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_picture_has_alternative_text(site, lang):
    for page in pages(site / lang):
        without = [
            i["src"] for i in parse(page).select("article img") if "alt" not in i.attrs
        ]
        assert not without, page.name


def test_the_front_page_leads_to_both_languages_without_a_script(site):
    links = [a["href"] for a in parse(site / "index.html").select("main a")]
    assert links == ["en/index.html", "zh/index.html"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_has_its_twin(site, lang):
    names = {
        other: {p.relative_to(site / other) for p in pages(site / other)}
        for other in ("en", "zh")
    }
    assert names["en"] == names["zh"]


def test_every_link_that_leads_outside_is_encrypted(site):
    pages = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    links = {a["href"] for page in pages for a in parse(page).select("a[href^=http]")}
    assert any("pytorch.org" in link for link in links)
    assert not [link for link in links if link.startswith("http:")]
