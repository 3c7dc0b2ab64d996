"""The one place that says in which order our functions answer Sphinx's events.

Within an event they are called from top to bottom. ``OTHERS`` stands for Sphinx itself, its theme
and the extensions that are not ours: what has to come before them stands above it.
"""

from collections.abc import Callable
from typing import Any

from sphinx.application import Sphinx

OTHERS = "everybody else"
ORDER = {
    "config-inited": [
        "language.settings.translate",
        "fresh.sum_up",
        "gallery.data_notice.find_out",
        "alive.figures.say_where",
        "gallery.run_once.install",  # after what its keys depend on, before Sphinx-Gallery
        "page.head.check_site",
        "page.still_works.read_record",
        "gallery.launch.check_repository",
        "page.local_inventories.configure",
        OTHERS,
    ],
    "builder-inited": [
        "code.finder_pages.write_pages",
        "search.texts.replace_sphinx_search",
        OTHERS,  # Sphinx-Gallery runs the scripts and writes their pages
        "code.source_names.add_names",
    ],
    "source-read": ["gallery.gallery_words.translate", OTHERS],
    "doctree-read": [
        "language.anchors.label_first",  # before contents lists are made
        "code.shown_imports.leave_out",
        OTHERS,
        "language.docstrings.punctuate",
        "gallery.figure_text.give_alt_text",
        "gallery.folded_outputs.fold",
        "code.loops.mark_loops",
        "gallery.reading_aids.glance",
        "gallery.reading_aids.recaps",
        "search.texts.collect",  # when the page says what it will say
    ],
    "autodoc-process-docstring": [
        "language.docstrings.translate",
        OTHERS,  # napoleon reads the sections
        "code.where_used.add_links",
    ],
    "env-purge-doc": ["search.texts.forget", OTHERS],
    "env-merge-info": ["search.texts.merge", OTHERS],
    "doctree-resolved": [
        OTHERS,
        "language.term_hints.add_titles",
        "downloads.standalone.take_apart",
    ],
    "html-page-context": [
        "alive.figures.load_script",
        "language.term_hints.load_script",
        "gallery.data_notice.tell_template",
        "page.light_pages.drop_plain_spans",
        "page.head.add_tags",
        "page.picture_sizes.change_body",
        OTHERS,
        "page.light_assets.choose",  # among what all the others want to load
    ],
    "build-finished": [
        OTHERS,  # Sphinx-Gallery links the names in the code
        "page.light_pages.shrink_figures",
        "page.light_assets.lighten",
        "search.texts.write",
        "downloads.standalone.replace_downloads",
    ],
}
FIRST, LAST = 1, 900  # Sphinx's own priorities lie between


def connect(app: Sphinx, event: str, func: Callable[..., Any]) -> None:
    """Connect a function with an event, at the place that ``ORDER`` gives it."""
    name = f"{func.__module__.removeprefix('ext.')}.{func.__qualname__}"
    names = ORDER[event]
    place = names.index(name)
    before = place < names.index(OTHERS)
    app.connect(event, func, priority=(FIRST if before else LAST) + place)
