"""Running the scripts of the gallery, and dressing what they print, draw and say."""

from sphinx.application import Sphinx

ROOMS = [
    "data_notice",
    "exercise_boxes",
    "figure_text",
    "folded_outputs",
    "gallery_words",
    "launch",
    "reading_aids",
    "run_once",
]


def setup(app: Sphinx) -> dict[str, bool]:
    """Set up every room of this wing that is an extension."""
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
