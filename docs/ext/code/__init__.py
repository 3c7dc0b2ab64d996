"""Sources with their tests, programs cut out of pages, what changed from step to step.

All of it is found by reading code, not by running it.
"""

from sphinx.application import Sphinx

ROOMS = [
    "finder_pages",
    "lengths",
    "loops",
    "shown_imports",
    "source_names",
    "tested_source",
    "where_used",
]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every room of this wing that is an extension."""
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
