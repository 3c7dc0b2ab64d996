"""Does it still work? ``.. still-works::`` says what the last run with the newest PyTorch gave.

``make newest`` builds and tests the site with it, and ``tools/record_newest.py`` writes down how
that went. Where no such record is at hand, nothing is claimed.
"""

import datetime
import json
from importlib.metadata import version

from docutils import nodes
from package_source import ROOT
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

FILE = ROOT / "docs" / "still-works.json"
WORDS = {
    "en": {
        True: "**Still works:** on {date} these pages were built with PyTorch {torch}, the newest "
        "then, and all tests passed.",
        False: "**Not yet:** on {date}, with PyTorch {torch}, the newest then, the pages could not "
        "be built or a test failed. What you read was made with PyTorch {pinned}.",
    },
    "zh_CN": {
        True: "**仍然可用**：{date}用当时最新的 PyTorch {torch} 构建了这些页面，测试全部通过。",
        False: "**尚未跟上**：{date}用当时最新的 PyTorch {torch} 检查时，页面未能构建，"
        "或有测试没有通过。您看到的页面是用 PyTorch {pinned} 生成的。",
    },
}


def date_in_words(date: datetime.date, language: str) -> str:
    """Write a date as its readers do."""
    if language == "zh_CN":
        return f"{date.year} 年 {date.month} 月 {date.day} 日"
    return f"{date.day} {date:%B %Y}"


class StillWorks(SphinxDirective):
    """The ``still-works`` directive."""

    def run(self) -> list[nodes.Node]:
        """Return the sentence, or nothing."""
        if not self.config.still_works:
            return []
        record = json.loads(self.config.still_works)
        language = self.config.language or "en"
        date = datetime.date.fromisoformat(record["date"])
        text = WORDS[language][record["passed"]].format(
            date=date_in_words(date, language),
            torch=record["torch"],
            pinned=version("torch").partition("+")[0],
        )
        content, messages = self.parse_inline(text)
        return [nodes.paragraph("", "", *content), *messages]


def read_record(app: Sphinx, config: Config) -> None:
    """Look for the record; if it changes, pages are read anew."""
    if FILE.exists() and not config.still_works:
        config.still_works = FILE.read_text(encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_config_value("still_works", "", "env", str)
    app.connect("config-inited", read_record)
    app.add_directive("still-works", StillWorks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
