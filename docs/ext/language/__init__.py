"""What makes the site bilingual: the list of languages, the glossary, anchors shared by all."""

from sphinx.application import Sphinx

ROOMS = ["anchors", "docstrings", "settings", "term_hints", "term_pairs"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every room of this wing that is an extension."""
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
