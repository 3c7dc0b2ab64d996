"""Finish the built site, so that anyone may serve it: ``finish.py build/html``, after the build.

The pages above the languages come in: the front page and the one for addresses that do not exist,
with the site's address where MNIST_TUT_SITE names it. What is no valid HTML is mended, files that
no page asks for go, and everyone may read what is left.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import sitemap

DOCS = Path(__file__).parents[1] / "docs"
FORMS = {"en": "Report a mistake", "zh": "报告错误"}
#: What others write that is no valid HTML, and what is meant.
MENDED = [
    (r' tooltip="[^"]*"', ""),  # Sphinx-Gallery's own attribute
    (r"<p>(<(?:ul|ol|dl)\b)", r"\1"),  # Sphinx puts a list of results into a paragraph
    (r"(</(?:ul|ol|dl)>)\n</p>", r"\1"),
]
VIEWED = re.compile(r"<pre>.*?</pre>", re.DOTALL)


def mended(html: str) -> str:
    """Return a page without what browsers have to guess at."""
    for pattern, meant in MENDED:
        html = re.sub(pattern, meant, html)
    if 'class="viewcode-block"' in html:  # in sources, which no box may divide
        html = VIEWED.sub(lambda pre: re.sub(r"(</?)div\b", r"\1span", pre[0]), html)
    return html


def mend_pages(html: Path) -> None:
    """Mend the pages that need it; the others are left alone."""
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if (better := mended(text)) != text:
            page.write_text(better, encoding="utf-8")


def unasked(static: Path) -> Iterator[Path]:
    """Yield the files right in a folder ``_static`` that no page, style or script names."""
    readable = {".html", ".css", ".js"}
    files = [path for path in static.parent.rglob("*.*") if path.suffix in readable]
    files = [path for path in files if path.parent != static or path.suffix != ".html"]
    texts = "\n".join(path.read_text(encoding="utf-8") for path in files)
    for path in static.glob("*.*"):
        if path.name not in texts:
            yield path


def with_address(page: str, site: str) -> str:
    """Let a page above the languages name absolute addresses, if there is one, or none."""
    if not site:
        own = r'^<(?:link rel="canonical"|meta property="og:url"|base ).*\n'
        return re.sub(own, "", page, flags=re.MULTILINE)
    page = re.sub(r"<script data-without-address>.*?</script>\n", "", page, flags=re.S)
    links = r'link rel="(?:canonical|alternate)".* href'
    previews = r'meta property="og:(?:url|image)" content'
    return re.sub(rf'(<(?:{links}|{previews}|base href)=")', rf"\1{site}", page)


def with_forms(page: str, name: str, repository: str) -> str:
    """Let the page say where a mistake can be reported, if a repository is named."""
    new = f"https://github.com/{repository}/issues/new?template=mistake"
    tags = {"en": "en", "zh": "zh-CN"}
    links = [
        f'<a lang="{tags[lang]}" href="{new}.{lang}.yml&amp;page={name}">{words}</a>'
        for lang, words in FORMS.items()
    ]
    foot = f'<p class="promise">{" · ".join(links)}</p>' if repository else ""
    return page.replace("<!-- report -->", foot)


def loops_drawn(home: str) -> str:
    """Draw the loops that a home page tells of: a bar for each line, and what is new in colour."""
    data = re.search(r'class="shrink".*?<script[^>]*>(.*?)</script>', home, re.S)
    if data is None:
        return ""
    told = json.loads(data[1])
    lengths = [len(unescape(re.sub("<[^>]+>", "", line))) for line in told["lines"]]
    drawn, before = [], {i for i, _depth in told["steps"][0]["loop"]}
    for k, step in enumerate(told["steps"]):
        for row, (i, depth) in enumerate(step["loop"]):
            new = "" if i in before else ' class="new"'
            place = (
                f'x="{60 * k + depth}" y="{8 * row}" width="{lengths[i] * 0.82:.1f}"'
            )
            drawn.append(f'<rect{new} {place} height="4" rx="2"/>')
        drawn.append(f'<text x="{60 * k}" y="92">{len(step["loop"])}</text>')
        before = {i for i, _depth in step["loop"]}
    box = f"0 0 {60 * len(told['steps']) - 14} 94"
    return (
        f'<svg class="loops" viewBox="{box}" aria-hidden="true">{"".join(drawn)}</svg>'
    )


def front_pages(html: Path, site: str, repository: str) -> None:
    """Put the pages above the languages in place."""
    shutil.copyfile(DOCS / "front.css", html / "front.css")
    for name in ("index.html", "404.html"):
        page = with_address((DOCS / name).read_text(encoding="utf-8"), site)
        if name == "404.html":  # found at any depth, it has to bring its styles
            css = (DOCS / "front.css").read_text(encoding="utf-8")
            link = '<link rel="stylesheet" href="front.css">'
            page = page.replace(link, f"<style>\n{css}</style>")
        home = html / "en" / "index.html"
        if home.exists():
            drawn = loops_drawn(home.read_text(encoding="utf-8"))
            page = page.replace("<!-- loops: tools/finish.py draws them -->", drawn)
        (html / name).write_text(with_forms(page, name, repository), encoding="utf-8")


def let_everyone_read(html: Path) -> None:
    """Set the rights of folders to 0755 and of files to 0644, whoever built them and how."""
    for path in [html, *html.rglob("*")]:
        rights = 0o755 if path.is_dir() else 0o644
        if path.stat().st_mode & 0o777 != rights:
            path.chmod(rights)


def main(folder: str) -> int:
    """Finish the site; return the exit status."""
    html = Path(folder)
    site = os.environ.get("MNIST_TUT_SITE", "").rstrip("/")
    front_pages(html, site and site + "/", os.environ.get("MNIST_TUT_REPO", ""))
    mend_pages(html)
    for static in html.glob("*/_static"):
        for path in list(unasked(static)):
            path.unlink()
    for empty in html.glob("*/_sources"):
        empty.rmdir()
    for old in html.glob("*/.buildinfo.bak"):  # what Sphinx leaves when settings change
        old.unlink()
    (html / ".nojekyll").touch()  # else GitHub Pages leaves out _static and its like
    sitemap.main(folder)
    let_everyone_read(html)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
