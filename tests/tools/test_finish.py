"""What is built can be served by anyone: readable, valid, and with pages that find their way."""

import re

import finish
import pytest

SITE = "https://example.org/tut"


@pytest.fixture
def html(tmp_path, monkeypatch):
    """A small site as a build leaves it, some of it closed to others."""
    for name in ("MNIST_TUT_SITE", "MNIST_TUT_REPO"):
        monkeypatch.delenv(name, raising=False)
    for lang in ("en", "zh"):
        static = tmp_path / lang / "_static"
        (static / "alive").mkdir(parents=True)
        (tmp_path / lang / "_sources").mkdir()
        (static / "site.css").write_text("a { background: url(plus.png) }")
        for name in ("plus.png", "leftover.png", "macros.html", "alive/model.js"):
            (static / name).touch()
        page = '<p>macros<link href="_static/site.css"></p>'
        (tmp_path / lang / "index.html").write_text(page)
        (static / "alive").chmod(0o700)
        (static / "site.css").chmod(0o600)
    return tmp_path


def closed(folder):
    """List what somebody else could not read."""
    return [
        path.relative_to(folder)
        for path in [folder, *folder.rglob("*")]
        if path.stat().st_mode & 0o777 != (0o755 if path.is_dir() else 0o644)
    ]


def test_everyone_may_read_what_was_built_by_whomever(html):
    assert closed(html)
    assert finish.main(str(html)) == 0
    assert closed(html) == []


def test_files_that_no_page_asks_for_go(html):
    finish.main(str(html))
    static = html / "en" / "_static"
    kept = {p.relative_to(static).as_posix() for p in static.rglob("*") if p.is_file()}
    assert kept == {"site.css", "plus.png", "alive/model.js"}
    assert not (html / "en" / "_sources").exists()
    assert (html / ".nojekyll").exists()


def test_what_was_finished_can_be_finished_again(html):
    finish.main(str(html))
    before = {path: path.stat().st_mtime_ns for path in html.glob("*/*.html")}
    assert finish.main(str(html)) == 0
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('<div class="t" tooltip="a &gt; b">', '<div class="t">'),
        (
            "<dd><p><ul>\n<li><p>x</p></li>\n</ul>\n</p>\n</dd>",
            "<dd><ul>\n<li><p>x</p></li>\n</ul>\n</dd>",
        ),
        ("<p>a list in a sentence</p>\n<ul>\n<li>x</li></ul>\n<p>y</p>",) * 2,
        (
            '<pre>a<div class="viewcode-block" id="f">\n<span>b</span></div>\n</pre><div>c</div>',
            '<pre>a<span class="viewcode-block" id="f">\n<span>b</span></span>\n</pre><div>c</div>',
        ),
    ],
)
def test_only_what_is_no_valid_html_is_mended(written, meant):
    assert finish.mended(written) == meant
    assert finish.mended(meant) == meant


@pytest.mark.parametrize("slash", ["", "/"])
def test_with_an_address_the_front_page_names_it_as_previews_demand(
    html, monkeypatch, slash
):
    monkeypatch.setenv("MNIST_TUT_SITE", SITE + slash)
    finish.main(str(html))
    head = (html / "index.html").read_text(encoding="utf-8")
    for line in (
        f'<link rel="alternate" hreflang="en" href="{SITE}/en/index.html">',
        f'<link rel="alternate" hreflang="zh-CN" href="{SITE}/zh/index.html">',
        f'<link rel="alternate" hreflang="x-default" href="{SITE}/index.html">',
        f'<link rel="canonical" href="{SITE}/index.html">',
        f'<meta property="og:url" content="{SITE}/index.html">',
        f'<meta property="og:image" content="{SITE}/en/_static/preview-en.png">',
    ):
        assert line in head
    lost = (html / "404.html").read_text(encoding="utf-8")
    assert f'<base href="{SITE}/">' in lost
    assert "fetch(" not in lost


def test_without_an_address_none_is_made_up(html):
    finish.main(str(html))
    head = (html / "index.html").read_text(encoding="utf-8")
    assert "canonical" not in head
    assert "og:url" not in head
    assert "<base" not in (html / "404.html").read_text(encoding="utf-8")
    assert "github.com" not in head


def test_the_page_for_lost_addresses_brings_its_styles_along(html):
    finish.main(str(html))
    lost = (html / "404.html").read_text(encoding="utf-8")
    assert "stylesheet" not in lost
    assert (finish.DOCS / "front.css").read_text(encoding="utf-8") in lost


def test_where_a_repository_is_named_the_front_pages_lead_to_its_forms(
    html, monkeypatch
):
    monkeypatch.setenv("MNIST_TUT_REPO", "me/tut")
    finish.main(str(html))
    for name in ("index.html", "404.html"):
        page = (html / name).read_text(encoding="utf-8")
        found = re.findall(r'href="(https://github.com/[^"]+)"', page)
        new = "https://github.com/me/tut/issues/new?template=mistake"
        assert found == [f"{new}.{lang}.yml&amp;page={name}" for lang in ("en", "zh")]


def test_rights_of_the_outside_world_are_left_alone(html):
    outside = html.parent / "outside"
    outside.write_text("x")
    outside.chmod(0o600)
    finish.main(str(html))
    assert outside.stat().st_mode & 0o777 == 0o600


def test_the_front_page_draws_the_loops_that_the_home_page_tells_of():
    told = """<div class="shrink"><script type="application/json">
      {"lines": ["<span>a</span> = 1", "b"], "steps": [
        {"loop": [[0, 0], [1, 4]]}, {"loop": [[1, 0]]}, {"loop": [[0, 0]]}]}</script></div>"""
    drawn = finish.loops_drawn(told)
    assert drawn.count("<rect") == 4
    assert re.findall(r">(\d+)</text>", drawn) == ["2", "1", "1"]
    assert drawn.count('class="new"') == 1  # the last: it was not in the step before
    assert '<rect x="4" y="8" width="0.8"' in drawn
    assert finish.loops_drawn("<p>no figure</p>") == ""
