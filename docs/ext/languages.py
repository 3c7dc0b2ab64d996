"""The languages of the site.

A new one costs an entry here, texts (``docs/<name>``, ``gallery/<name>``, columns of
``docs/glossary.toml``, words beside ``mnist_tut/exercises/zh.toml``, lines in ``docs/index.html``
and ``docs/404.html``, a form in ``.github/ISSUE_TEMPLATE``) and a ``docs/locale/<sphinx>``.
"""

from typing import NamedTuple

from sphinx.config import Config


class Language(NamedTuple):
    """What Sphinx, browsers and readers call a language, and what it calls the site."""

    sphinx: str
    tag: str
    locale: str
    name: str
    title: str


#: By the name of its folders. The first is for readers of no other.
LANGUAGES = {
    "en": Language("en", "en", "en_GB", "English", "What torch.nn really is"),
    "zh": Language("zh_CN", "zh-CN", "zh_CN", "中文", "torch.nn 到底是什么"),
}


def folder_of(config: Config) -> str:
    """Return the name of a build's language."""
    return next(name for name, known in LANGUAGES.items() if known.sphinx == config.language)
