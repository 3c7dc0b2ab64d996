"""The builder of the site: everything that Sphinx and Sphinx-Gallery do not do by themselves.

Each wing is a folder with a first page that says what it is for; each room in it has one concern
and can be set up alone, as its tests do. ``order`` says what follows what; ``fresh`` lets no page
stay as it was when something that made it has changed.
"""

from sphinx.application import Sphinx

WINGS = ["language", "code", "gallery", "alive", "downloads", "search", "page"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every wing."""
    for room in [*WINGS, "fresh"]:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
