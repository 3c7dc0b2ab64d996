"""What the tests of our extensions share."""

import pytest
from sphinx import locale


@pytest.fixture(autouse=True)
def english():
    """Let words be English until a test builds something in another language, and after it."""
    locale.translators.clear()
    locale.init([None], "en")
    yield
    locale.translators.clear()
    locale.init([None], "en")
