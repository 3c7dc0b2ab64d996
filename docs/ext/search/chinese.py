"""Chinese full-text search that works.

Sphinx 9.0's own stops every query with "ChineseStemmer is not defined" (mended upstream later),
and its page does not cut a Chinese query into words, so that only whole index terms are found.
"""

import logging
from pathlib import Path

import jieba
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.search.zh import SearchChinese

from ext.order import connect

jieba.setLogLevel(
    logging.WARNING
)  # it tells of loading its dictionary as if it were a fault
WORDS = Path(__file__).parents[2] / "zh" / "search-words.txt"


class ChineseSearch(SearchChinese):
    """Segment the index with jieba, and queries by the index's own terms."""

    language_name = (
        "English"  # names the stemmer for the Latin words; see the module docstring
    )
    js_splitter_code = (Path(__file__).parent / "chinese.js").read_text(
        encoding="utf-8"
    )


def use_word_list(app: Sphinx, config: Config) -> None:
    """Give jieba our list of the field's terms beside its own dictionary."""
    if config.language == "zh_CN":
        config.html_search_options.setdefault("dict", str(WORDS))


def setup(app: Sphinx) -> dict[str, bool]:
    """Replace Sphinx's Chinese search."""
    app.add_search_language(ChineseSearch)
    connect(app, "config-inited", use_word_list)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
