"""Every page is valid HTML, as far as a strict parser and a few rules can tell.

The W3C's checker knows more rules, but needs Java; this was in step with it when it was written.
"""

from collections import Counter

import html5lib
import pytest
from bs4 import BeautifulSoup
from pages import parse, to_open
from test_links import pages

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
