"""Tell search engines which pages there are: ``sitemap.py build/html`` writes ``sitemap.xml``.

It lists each page with its twin in the other language. That needs the address of the site, which
MNIST_TUT_SITE names; without it there is nothing to write. ``robots.txt`` says where the list is,
but crawlers read it at the root of a host alone: for a site in a folder, such as
``https://owner.github.io/repository/``, there is none, and the list has to be handed in.

Sphinx has extensions for this, but they see one language at a time, and name the folder of a
language as they name the language.
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from ext.languages import LANGUAGES

#: Folders by the tags of their languages; the first is for readers of no other.
FOLDERS = {known.tag: folder for folder, known in LANGUAGES.items()}
FOLDERS["x-default"] = next(iter(LANGUAGES))
UNLISTED = {"404.html", "search.html"}


def pages(html: Path) -> list[str]:
    """List the pages that all languages have, without the language's folder."""
    found = [
        {path.relative_to(html / folder).as_posix() for path in listed(html / folder)}
        for folder in LANGUAGES
    ]
    if lonely := set.union(*found) - set.intersection(*found):
        names = ", ".join(sorted(lonely))
        raise SystemExit(f"these pages exist in one language only: {names}")
    return sorted(found[0])


def listed(folder: Path) -> list[Path]:
    """List the pages of one language that somebody may look for."""
    return [
        path
        for path in folder.rglob("*.html")
        if path.name not in UNLISTED and "_static" not in path.parts
    ]


def entry(site: str, place: str, twins: dict[str, str]) -> str:
    """Write the entry of one page, with its twins by their languages."""
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{tag}" href="{site}{quote(at)}"/>'
        for tag, at in twins.items()
    )
    return f"<url><loc>{site}{quote(place)}</loc>{links}</url>"


def sitemap(html: Path, site: str) -> str:
    """Write the list of pages."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"',
        '        xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for page in pages(html):
        places = {tag: f"{folder}/{page}" for tag, folder in FOLDERS.items()}
        listed = [places[known.tag] for known in LANGUAGES.values()]
        if (
            page == "index.html"
        ):  # above them is a front page, where everyone may choose
            places["x-default"] = page
            listed = [page, *listed]
        lines += [entry(site, place, places) for place in listed]
    return "\n".join([*lines, "</urlset>"]) + "\n"


def main(folder: str) -> int:
    """Write both files, or drop those of an earlier build; return the exit status."""
    html, site = Path(folder), os.environ.get("MNIST_TUT_SITE", "")
    files = {"sitemap.xml": "", "robots.txt": ""}
    if site:
        site = escape(site.rstrip("/")) + "/"
        files["sitemap.xml"] = sitemap(html, site)
        at_the_root = urlsplit(site).path == "/"
        text = f"User-agent: *\nAllow: /\nSitemap: {site}sitemap.xml\n"
        files["robots.txt"] = text if at_the_root else ""
    for name, text in files.items():
        if text:
            (html / name).write_text(text, encoding="utf-8")
        else:
            (html / name).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
