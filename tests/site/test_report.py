"""A mistake can be reported from any page, and the form has the fields that the link fills in."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from ext.languages import LANGUAGES
from gallery_scripts import ROOT
from jinja2 import Environment, FileSystemLoader

TEMPLATES = Environment(loader=FileSystemLoader(ROOT / "docs" / "_templates"))
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
both = pytest.mark.parametrize("lang", ["en", "zh"])
TEXT = """<!doctype html><article><section id="top"><h1>T</h1><p id="p">first</p>
<section id="cnn"><h2>C</h2><p id="q">some wrong words</p></section></section></article>{foot}"""


def foot(lang, **settings):
    """Write the foot of a page as it is where these settings hold."""
    return TEMPLATES.get_template("report.html").render(
        {"_": str, "languages": LANGUAGES, "folder": lang, "content_root": "../"}
        | {"pagename": "tutorials/nn_tutorial", "repository": "", "site_url": ""}
        | settings
    )


def asked(link):
    """Return what a link fills in."""
    target = urlsplit(link)
    assert target._replace(query="").geturl() == "https://github.com/me/tut/issues/new"
    return {name: value for name, [value] in parse_qs(target.query).items()}


@pytest.fixture
def published(page, lang):
    """A page of two sections, of a site whose address and repository are known."""
    html = TEXT.format(
        foot=foot(lang, repository="me/tut", site_url="https://example.org/tut")
    )
    page.route("http://site.test/**", lambda route: route.fulfill(body=html))
    page.route("https://github.com/**", lambda route: route.fulfill(body="form"))
    return page


def followed(page):
    """Follow the link in the foot, and return what it fills in."""
    page.click("p.report a")
    return asked(page.url)


@both
def test_the_link_leads_to_the_form_of_the_pages_language(published, lang):
    published.goto("http://site.test/")
    assert followed(published) == {
        "template": f"mistake.{lang}.yml",
        "page": f"https://example.org/tut/{lang}/tutorials/nn_tutorial.html",
        "language": LANGUAGES[lang].name,
    }


@pytest.mark.parametrize("lang", ["en"])
def test_the_section_is_the_one_that_the_address_names(published):
    places = {"#cnn": "cnn", "#cnn~2.40": "cnn", "#%E0%A4%A": "%E0%A4%A", "": None}
    for place, section in places.items():
        published.goto(f"http://site.test/{place}")
        assert followed(published).get("section") == section


@pytest.mark.parametrize("lang", ["zh"])
def test_words_that_were_marked_go_along_with_their_section(published):
    published.goto("http://site.test/#top")
    published.dblclick("#q")
    assert published.evaluate("String(getSelection()).trim()") in "some wrong words"
    for words in ("some wrong words", 400 * "w"):
        published.goto("http://site.test/#top")
        published.evaluate(
            """async (words) => { const q = document.getElementById("q");
              q.textContent = words;
              getSelection().selectAllChildren(q);
              await new Promise((done) => setTimeout(done, 50));
              getSelection().collapse(q); // a click takes the marks away
              await new Promise((done) => setTimeout(done, 50)); }""",
            words,
        )
        filled = followed(published)
        assert filled["section"] == "cnn"
        assert filled["quote"] == words[:300]  # an address has an end


@both
def test_without_a_script_page_and_language_are_filled_in_all_the_same(lang):
    link = re.search(r'href="([^"]+issues[^"]+)"', foot(lang, repository="me/tut"))[1]
    filled = asked(link.replace("&amp;", "&"))
    assert filled["page"] == f"{lang}/tutorials/nn_tutorial.html"
    assert filled["language"] == LANGUAGES[lang].name


# the forms, held against what GitHub says of their grammar; only GitHub can show them


@both
def test_the_form_has_every_field_that_the_link_fills_in(lang):
    form = yaml.safe_load((FORMS / f"mistake.{lang}.yml").read_text(encoding="utf-8"))
    fields = {field["id"] for field in form["body"] if "id" in field}
    assert {"page", "section", "language", "quote", "mistake"} == fields


@both
def test_the_form_keeps_to_the_grammar_of_forms(lang):
    form = yaml.safe_load((FORMS / f"mistake.{lang}.yml").read_text(encoding="utf-8"))
    assert set(form) <= {"name", "description", "title", "labels", "body"}
    assert 3 < len(form["name"]) <= 64 or lang == "zh"
    assert len(form["description"]) <= 200
    for field in form["body"]:
        assert field["type"] in ("markdown", "input", "textarea")
        assert set(field) <= {"type", "id", "attributes", "validations"}
        known = {"label", "description", "placeholder", "value"}
        assert set(field["attributes"]) <= known
        if field["type"] == "markdown":
            assert set(field["attributes"]) == {"value"}
        else:
            assert re.fullmatch(r"[\w-]+", field["id"])
            assert field["attributes"]["label"]
        assert set(field.get("validations", {})) <= {"required"}
    labels = [f["attributes"].get("label") for f in form["body"]]
    assert len(set(labels)) == len(labels), "GitHub refuses labels that are alike"


def test_both_forms_ask_the_same():
    one, other = (
        yaml.safe_load((FORMS / f"mistake.{lang}.yml").read_text(encoding="utf-8"))
        for lang in ("en", "zh")
    )
    shapes = [
        [(f["type"], f.get("id"), f.get("validations")) for f in form["body"]]
        for form in (one, other)
    ]
    assert shapes[0] == shapes[1]
    for form, chinese in ((one, False), (other, True)):
        text = json.dumps(form, ensure_ascii=False)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text) == chinese


def test_the_development_container_keeps_to_its_grammar():
    path = Path(ROOT, ".devcontainer", "devcontainer.json")
    text = path.read_text(encoding="utf-8")
    settings = json.loads(text)
    assert len(text.splitlines()) <= 10
    known = {"name", "image", "hostRequirements", "postCreateCommand"}
    assert set(settings) <= known | {"forwardPorts", "portsAttributes"}
    assert re.fullmatch(r"[\w./-]+:3\.11-\w+", settings["image"])
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    target = settings["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{target}:", targets, re.MULTILINE)
    assert set(map(str, settings["forwardPorts"])) == set(settings["portsAttributes"])
