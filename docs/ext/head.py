"""What the head of a page tells browsers, search engines and previews; see ``head.html``.

Addresses are relative unless ``site_url`` says where the site is published; with it they are
absolute, as Open Graph demands, and each page names its canonical address.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from ext.languages import LANGUAGES, folder_of


def describe(doctree: nodes.document | None) -> str:
    """Return how the page begins, in one line: in a lesson, with what one will do there."""
    paragraphs = doctree.findall(nodes.paragraph) if doctree else []
    own = (p for p in paragraphs if isinstance(p.parent, nodes.section | nodes.list_item))
    text = " ".join(first.astext().split()) if (first := next(own, None)) else ""
    return text if len(text) <= 160 else text[:159] + "…"  # search engines show no more


def add_tags(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the tags into the page's head."""
    facts = {
        "page": page,
        "site": app.config.html_title,
        "title": context.get("title") or app.config.html_title,
        "description": describe(doctree) or app.config.html_title,
        "folder": folder_of(app.config),
        "languages": LANGUAGES,
        "url": app.config.site_url or context["content_root"] + "../",
    }
    known = re.sub(r'<meta name="viewport"[^>]*>', "", context.get("metatags", ""))
    tags = app.builder.templates.render("head.html", facts)
    context["metatags"] = f"{known}{tags.strip()}\n"  # the theme writes the viewport, too


def check_addresses(app: Sphinx, config: Config) -> None:
    """See that site and repository can be linked to, and let the site end with a slash."""
    site, repository = config.site_url, config.repository
    if site and not site.startswith(("https://", "http://")):
        raise ConfigError(f"MNIST_TUT_SITE must be like https://example.org/tut/, not {site!r}")
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        raise ConfigError(f"MNIST_TUT_REPO must be like owner/name, not {repository!r}")
    config.site_url = site and site.rstrip("/") + "/"
