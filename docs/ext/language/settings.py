"""Settings of Sphinx and of the theme that are words: they come from the catalogue, too."""

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _

from ext.order import connect


def translate(app: Sphinx, config: Config) -> None:
    """Put the words into the language of the build."""
    config.author = _("The mnist_tut authors")
    config.copyright = _("2026, {}").format(config.author)
    config.html_theme_options["search_bar_text"] = _("Search these pages")
    config.html_theme_options["header_dropdown_text"] = _("More")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before anything reads the settings."""
    connect(app, "config-inited", translate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
