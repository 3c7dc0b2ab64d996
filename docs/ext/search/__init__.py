"""Search as good as a librarian: by section, in both languages, without a web server.

``texts`` writes what can be found, ``search.js`` finds it. Sphinx's own search is switched off.
"""

from sphinx.application import Sphinx

ROOMS = ["texts"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every room of this wing that is an extension."""
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
