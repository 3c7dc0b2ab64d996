"""Does it still work? ``.. still-works::`` says what the last run with the newest PyTorch gave.

``make newest`` builds and tests the site with it, and ``tools/record_newest.py`` writes down how
that went. Where no such record is at hand, nothing is claimed.
"""

import datetime
import json
from importlib.metadata import version

from babel.dates import format_date
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

from ext.code.package_source import ROOT
from ext.order import connect

FILE = ROOT / "docs" / "still-works.json"


class StillWorks(SphinxDirective):
    """The ``still-works`` directive."""

    def run(self) -> list[nodes.Node]:
        """Return the sentence, or nothing."""
        if not self.config.still_works:
            return []
        record = json.loads(self.config.still_works)
        passed = _(
            "**Still works:** on {date} these pages were built with PyTorch {torch}, the newest "
            "then, and all tests passed."
        )
        failed = _(
            "**Not yet:** on {date}, with PyTorch {torch}, the newest then, the pages could not be "
            "built or a test failed. What you read was made with PyTorch {pinned}."
        )
        date = datetime.date.fromisoformat(record["date"])
        text = (passed if record["passed"] else failed).format(
            date=format_date(date, _("d MMMM y"), self.config.language),
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
    connect(app, "config-inited", read_record)
    app.add_directive("still-works", StillWorks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
