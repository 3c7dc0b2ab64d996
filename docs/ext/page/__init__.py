"""What every page gets: its head, room for pictures, formulas, links to other projects."""

from sphinx.application import Sphinx

ROOMS = [
    "head",
    "light_assets",
    "light_pages",
    "local_inventories",
    "mathml",
    "picture_sizes",
    "promise",
    "still_works",
]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every room of this wing that is an extension."""
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
