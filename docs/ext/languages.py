"""The languages of the site.

A new language costs an entry here, its texts (``docs/<name>``, ``gallery/<name>``, its columns in
``docs/glossary.toml``, the exercises' words beside ``mnist_tut/exercises/zh.toml``, its lines in
``docs/index.html`` and ``docs/404.html``, a form in ``.github/ISSUE_TEMPLATE``), and a catalogue
``docs/locale/<sphinx>/LC_MESSAGES/sphinx.po``. Without a ``docstrings.po`` the API stays English.
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
