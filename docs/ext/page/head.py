"""What the head of a page tells browsers, search engines and previews.

The same page in the other language (``rel="alternate"``), a description made from the page's first
paragraph, and the preview that chat programs and social networks show. Addresses are relative
unless ``site_url`` says where the site is published; with it they are absolute, as Open Graph
demands, and each page names its canonical address.
"""

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from ext.language.languages import LANGUAGES, folder_of
from ext.order import connect

LONGEST = 160  # what search engines show of a description


def describe(doctree: nodes.document | None) -> str:
    """Return the beginning of the first paragraph that is neither in a box nor in a list."""
    for section in doctree.findall(nodes.section) if doctree else []:
        for child in section.children:
            if isinstance(child, nodes.paragraph):
                text = " ".join(child.astext().split())
                return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return ""


def head_tags(
    page: str, title: str, description: str, site: str, folder: str, url: str
) -> str:
    """Write the tags of one page; `url` leads from it to the folder above the languages."""
    here = f"{url}{folder}/{page}.html"
    alternates = [
        f'<link rel="alternate" hreflang="{known.tag}" href="{url}{other}/{page}.html">'
        for other, known in LANGUAGES.items()
    ]
    alternates.append(  # for readers of any other language
        f'<link rel="alternate" hreflang="x-default" href="{url}en/{page}.html">'
    )
    properties = {
        "og:type": "article" if page.startswith("tutorials/") else "website",
        "og:site_name": site,
        "og:title": title,
        "og:description": description,
        "og:locale": LANGUAGES[folder].locale,
        "og:image": f"{url}{folder}/_static/site-{folder}.png",
    }
    others = [known.locale for name, known in LANGUAGES.items() if name != folder]
    tags = [f'<meta name="description" content="{escape(description)}">']
    tags += [
        f'<meta property="og:locale:alternate" content="{other}">' for other in others
    ]
    if url.startswith("http"):
        properties["og:url"] = here
        tags.append(f'<link rel="canonical" href="{here}">')
    tags += [
        f'<meta property="{name}" content="{escape(value)}">'
        for name, value in properties.items()
    ]
    tags.append('<meta name="twitter:card" content="summary_large_image">')
    return "\n".join(alternates + tags) + "\n"


def add_tags(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put the tags into the page's head."""
    site = app.config.html_title
    title = nodes.unescape(context.get("title") or site)
    plain = title if "<" not in title else app.env.titles[page].astext()
    folder = folder_of(app.config)
    url = app.config.site_url or context["content_root"] + "../"
    tags = head_tags(page, plain, describe(doctree) or site, site, folder, url)
    known = re.sub(r'<meta name="viewport"[^>]*>', "", context.get("metatags", ""))
    context["metatags"] = known + tags  # the theme writes the viewport, too


def check_site(app: Sphinx, config: Config) -> None:
    """See that the address is one, and let it end with a slash."""
    if config.site_url and not config.site_url.startswith(("https://", "http://")):
        raise ConfigError(
            f"MNIST_TUT_SITE must be the address of the site, such as "
            f"https://example.org/tut/, not {config.site_url!r}"
        )
    if config.site_url:
        config.site_url = config.site_url.rstrip("/") + "/"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the setting for the published address."""
    app.add_config_value("site_url", "", "html", str)
    connect(app, "config-inited", check_site)
    connect(app, "html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
