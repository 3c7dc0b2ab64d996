"""What the pages tell browsers and previews, and what the landing page shows."""

import pytest
from pages import parse
from test_links import pages

both = pytest.mark.parametrize("lang", ["en", "zh"])


@both
def test_every_page_names_its_twins_and_an_icon(site, lang):
    for page in pages(site / lang):
        head = parse(page).head
        links = head.select("link[rel='alternate'][hreflang]")
        assert [a["hreflang"] for a in links] == ["en", "zh-CN", "x-default"], page.name
        assert all((page.parent / a["href"]).resolve().exists() for a in links)
        assert links[2]["href"] == links[0]["href"], (
            "whoever reads neither gets English"
        )
        own, icon = links[["en", "zh"].index(lang)], head.select_one("link[rel='icon']")
        assert (page.parent / own["href"]).resolve() == page.resolve()
        assert (page.parent / icon["href"].partition("?")[0]).resolve().exists()


@both
def test_every_page_has_a_preview_of_its_own_language(site, lang):
    chinese = lang == "zh"
    for page in pages(site / lang):
        tags = {
            m["property"]: m["content"] for m in parse(page).select("meta[property]")
        }
        text = tags["og:title"] + tags["og:description"]
        assert any("\u4e00" <= c <= "\u9fff" for c in text) == chinese, page.name
        assert (page.parent / tags["og:image"]).resolve().exists()


@both
def test_pictures_say_their_size(site, lang):
    for page in pages(site / lang):
        for img in parse(page).select("article img"):
            assert int(img["width"]) > 0, page.name
            assert int(img["height"]) > 0, page.name


@both
def test_the_tutorial_tells_what_it_takes_and_sums_up_each_section(tutorial, lang):
    box = [li.get_text() for li in tutorial[lang].select("ul.at-a-glance li")]
    assert len(box) == 4
    sections = tutorial[lang].select("article > section > section")
    without = {s["id"] for s in sections if not s.select("p.recap")}
    assert without == {"closing"}
