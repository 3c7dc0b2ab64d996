"""What every page consists of: valid HTML, links that lead somewhere, a head for browsers, a foot.

As far as a strict parser and a few rules can tell. The W3C's checker knows more rules, but needs
Java; this was in step with it when it was written.
"""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import pytest
from bs4 import BeautifulSoup
from pages import anchors, pages, parse, to_open

both = pytest.mark.parametrize("lang", ["en", "zh"])
OUTPUTS = ".sphx-glr-script-out pre"


# Links --------------------------------------------------------------------------------------------


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


@both
def test_no_script_or_style_is_published_that_nothing_asks_for(site, lang):
    files = [
        path for kind in ("js", "css") for path in (site / lang).rglob(f"*.{kind}")
    ]
    assert len(files) > 20
    words = set()
    for path in [*files, *(site / lang).rglob("*.html")]:
        own = "" if path.suffix == ".html" else path.stem
        words |= set(re.findall(r"[\w.-]+", path.read_text("utf-8"))) - {own}
    networks = {p.name for p in files if p.stem.removeprefix("model-") in words}
    unused = {p.name for p in files if not words & {p.name, p.stem}}
    assert not unused - networks


@both
def test_our_own_styles_keep_every_class_whatever_puts_it_together(site, lang):
    def classes(path):
        rules = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
        return {*re.findall(r"\.(-?[A-Za-z_][\w-]*)", rules)}

    ours = Path(__file__).parents[2] / "docs" / "_static"
    sheets = [*ours.rglob("*.css")]
    assert len(sheets) > 4
    for path in sheets:
        built = site / lang / "_static" / path.relative_to(ours)
        assert classes(path) <= classes(built), path.name


@both
def test_no_output_is_the_address_of_an_object(site, lang):
    outputs = [out for p in to_open(site / lang) for out in parse(p).select(OUTPUTS)]
    assert len(outputs) > 50
    assert not [out for out in outputs if " object at 0x" in out.get_text()]


@pytest.mark.parametrize("lang", ["en", "zh", "."])
def test_every_internal_link_and_anchor_exists(site, lang):
    looked_at = pages(site / lang) if lang != "." else [site / "index.html"]
    assert looked_at
    broken = {
        str(page.relative_to(site)): list(broken_links(page)) for page in looked_at
    }
    assert not {page: links for page, links in broken.items() if links}


def test_the_front_page_leads_to_both_languages_without_a_script(site):
    links = [a["href"] for a in parse(site / "index.html").select("main a")]
    assert links == ["en/index.html", "zh/index.html"]


def test_every_link_that_leads_outside_is_encrypted(site):
    links = {
        a["href"] for page in pages(site) for a in parse(page).select("a[href^=http]")
    }
    assert any("pytorch.org" in link for link in links)
    assert not [link for link in links if link.startswith("http:")]


# The head, pictures, and the foot -----------------------------------------------------------------


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
def test_pictures_say_their_size_and_have_alternative_text(site, lang):
    for page in pages(site / lang):
        for img in parse(page).select("article img"):
            assert "alt" in img.attrs, page.name
            assert int(img["width"]) > 0, page.name
            assert int(img["height"]) > 0, page.name


@both
def test_the_tutorial_tells_what_it_takes_and_sums_up_each_section(tutorial, lang):
    box = [li.get_text() for li in tutorial[lang].select("ul.at-a-glance li")]
    assert len(box) == 4
    sections = tutorial[lang].select("article > section > section")
    without = {s["id"] for s in sections if not s.select("p.recap")}
    assert without == {"closing"}


@both
def test_without_a_repository_no_name_is_made_up(site, lang):
    looked_at = pages(site / lang)
    assert looked_at
    for page in looked_at:
        [line] = parse(page).select("footer p.report")
        assert not line.select("a"), "a repository was named when this site was built"
        assert "README" in line.get_text()
        [licence] = parse(page).select("footer a[rel=license]")
        assert licence["href"].startswith("https://creativecommons.org/licenses/by/4.0")


# The grammar --------------------------------------------------------------------------------------

GLOBAL = {
    "accesskey", "class", "dir", "hidden", "id", "itemprop", "lang", "role", "style",
    "tabindex", "title", "translate",
}  # fmt: skip
#: What an element may bear besides; MathML and SVG have grammars of their own.
ATTRIBUTES = {
    "a": "href rel hreflang download target", "link": "href rel hreflang type sizes as",
    "base": "href", "meta": "name content charset property", "form": "action method",
    "script": "src defer async type", "img": "src alt width height loading srcset sizes",
    "input": "type name value placeholder autocomplete autocorrect autocapitalize spellcheck min "
    "max step checked maxlength",
    "button": "type name value disabled", "details": "open name", "dialog": "open",
    "label": "for", "html": "", "td": "colspan rowspan", "th": "colspan rowspan scope abbr",
    "col": "span", "ol": "start reversed type", "time": "datetime", "style": "media",
    "option": "value selected", "select": "name", "textarea": "name rows cols placeholder",
}  # fmt: skip
FOREIGN = ["math", "svg"]
#: What may stand in lines of code.
PHRASING = {
    "a", "b", "button", "code", "del", "em", "i", "ins", "mark", "small", "span", "strong", "sub",
    "sup",
}  # fmt: skip
#: Inputs into which something is typed, which a browser could complete.
TYPED = {
    "text",
    "search",
    "url",
    "tel",
    "email",
    "password",
    "number",
    "range",
    "color",
}


def parse_errors(html):
    """List what a strict parser would stop at."""
    parser = html5lib.HTMLParser()
    parser.parse(html)
    return [
        f"line {place[0]}: {code} {data or ''}" for place, code, data in parser.errors
    ]


def misplaced(soup):
    """Name the attributes and elements that stand where they may not."""
    for tag in soup.find_all(True):
        if tag.name in FOREIGN or tag.find_parent(FOREIGN):
            continue
        known = GLOBAL | set(ATTRIBUTES.get(tag.name, "").split())
        for name in tag.attrs:
            if name not in known and not name.startswith(("data-", "aria-")):
                yield f"{tag.name} {name}"
        typed = tag.name != "input" or tag.get("type", "text") in TYPED
        if "autocomplete" in tag.attrs and not typed:
            yield f"input of type {tag['type']} autocomplete"
    for tag in soup.select("pre *"):
        if tag.name not in PHRASING:
            yield f"{tag.name} in pre"
    ids = Counter(tag["id"] for tag in soup.select("[id]"))
    yield from (f"twice #{name}" for name, times in ids.items() if times > 1)


@pytest.mark.parametrize("lang", ["en", "zh", "."])
def test_every_page_is_valid_html(site, lang):
    """Of the pages of tests and of sources, made alike, the parser reads one and the list."""
    looked_at = pages(site / lang) if lang != "." else sorted(site.glob("*.html"))
    read = to_open(site / lang) if lang != "." else looked_at
    assert set(read) <= set(looked_at)
    found = {
        page.relative_to(site).as_posix(): [
            *(parse_errors(page.read_text("utf-8")) if page in read else []),
            *Counter(misplaced(parse(page))).items(),
        ]
        for page in looked_at
    }
    assert not {page: errors for page, errors in found.items() if errors}


START = '<!DOCTYPE html><html lang="en"><head><title>x</title></head><body>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<ul><li>x</li></ul></p>", "unexpected-end-tag"),
        ('<img src="x" alt="" width="1" width="2">', "duplicate-attribute"),
        ("<p><b>x</p>", "p"),
        ('<input type="checkbox" autocomplete="off">', "autocomplete"),
        ('<div tooltip="x"></div>', "div tooltip"),
        ("<pre><div>x</div></pre>", "div in pre"),
        ('<p id="a"></p><p id="a"></p>', "twice #a"),
    ],
)
def test_a_page_that_is_not_valid_would_be_noticed(body, said):
    html = f"{START}{body}</body></html>"
    soup = BeautifulSoup(html, "html.parser")
    assert said in " ".join([*parse_errors(html), *misplaced(soup)])


def test_a_valid_page_is_let_through():
    html = f'{START}<p>x <code>y</code></p><input type="search" autocomplete="off"></body></html>'
    assert parse_errors(html) == []
    assert list(misplaced(BeautifulSoup(html, "html.parser"))) == []


def test_everyone_may_read_every_file_and_enter_every_folder(site):
    closed = [
        str(path.relative_to(site))
        for path in [site, *site.rglob("*")]
        if path.stat().st_mode & 0o777 != (0o755 if path.is_dir() else 0o644)
    ]
    assert not closed


def test_nothing_that_only_the_build_needs_lies_in_the_site(site):
    """Sphinx looks for .buildinfo there; what is published leaves it out (see release.pack)."""
    hidden = {path.name for path in site.rglob(".*")}
    assert hidden == {".nojekyll", ".buildinfo"}
    endings = {path.suffix for path in site.rglob("*.*")} - {""}
    assert not endings & {".doctree", ".rst", ".txt", ".pickle", ".md5", ".pyc", ".map"}
    assert not list(site.rglob("_sources"))


# Pages made from code -----------------------------------------------------------------------------


def generated(site, lang):
    """The pages that are made from code."""
    folder = site / lang
    return [
        folder / "api.html",
        *sorted((folder / "tests").glob("*.html")),
        *sorted((folder / "_modules").rglob("*.html")),
    ]


@both
def test_pages_made_from_code_tell_nothing_of_the_machine(site, lang):
    pages = generated(site, lang)
    assert len(pages) > 15
    for path in pages:
        text = parse(path).get_text()
        assert not re.search(r"PosixPath|/home/|/work/|/tmp/|/root/", text), path.name
        assert "Alias for field number" not in text


@both
def test_every_entry_leads_to_its_source(site, lang):
    page = parse(site / lang / "api.html")
    entries = page.select("dl.py:is(.function, .class, .exception) > dt.sig")
    assert len(entries) > 45
    for entry in entries:
        link = entry.select_one("a.reference[href^='_modules/']")
        if link is None:  # made by a call, as unfold is
            continue
        path, _, anchor = link["href"].partition("#")
        assert anchor in anchors(site / lang / path)


@both
def test_the_tests_lead_back_and_stand_in_no_menu(site, lang):
    folder = site / lang / "tests"
    for path in sorted(folder.glob("test_*.html")):
        page = parse(path)
        article = page.select_one("article")
        assert article.select("a[href^='../api.html#mnist_tut.']")
        assert article.select_one("a[href='index.html#tests']") is not None
        assert not page.select(".prev-next-area a")
    lessons = parse(folder / "test_training.html").select("a[href*='#shown-mnist-tut']")
    assert len(lessons) >= 4
    menu = parse(site / lang / "index.html").select(".bd-header a[href*='tests/']")
    assert not menu
