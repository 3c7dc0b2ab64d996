"""Tell search engines which pages there are: ``sitemap.py build/html`` writes two files there.

``sitemap.xml`` lists each page with its twin in the other language, ``robots.txt`` says where that
list is. Both need the address of the site, which MNIST_TUT_SITE names; without it there is nothing
to write. Sphinx has extensions for this, but they see one language at a time, and name the folder
of a language as they name the language.
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
from ext.language.languages import LANGUAGES

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


def sitemap(html: Path, site: str) -> str:
    """Write the list of pages."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"',
        '        xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for page in pages(html):
        at = {
            tag: quoteattr(f"{site}{folder}/{quote(page)}")
            for tag, folder in FOLDERS.items()
        }
        twins = "".join(
            f'<xhtml:link rel="alternate" hreflang="{tag}" href={address}/>'
            for tag, address in at.items()
        )
        lines += [
            f"<url><loc>{at[known.tag][1:-1]}</loc>{twins}</url>"
            for known in LANGUAGES.values()
        ]
    return "\n".join([*lines, "</urlset>"]) + "\n"


def main(folder: str) -> int:
    """Write both files, or drop those of an earlier build; return the exit status."""
    html, site = Path(folder), os.environ.get("MNIST_TUT_SITE", "")
    files = {"sitemap.xml": "", "robots.txt": ""}
    if site:
        site = site.rstrip("/") + "/"
        files["sitemap.xml"] = sitemap(html, site)
        files["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {site}sitemap.xml\n"
    for name, text in files.items():
        if text:
            (html / name).write_text(text, encoding="utf-8")
        else:
            (html / name).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
