"""Full-text search that works without a server and in Chinese."""

from sphinx.application import Sphinx

ROOMS = ["chinese", "excerpts"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every room of this wing that is an extension."""
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
