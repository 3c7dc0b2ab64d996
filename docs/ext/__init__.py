"""The builder of the site: what we add to Sphinx, and in which order it comes.

Each file beside this one has one concern. This page is the only one that registers anything:
directives and settings by name, and for every event our functions from first to last.
"""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from sphinx.application import Sphinx

DIRECTIVES = {
    "draw-digit": "alive.figures.Alive",
    "exercise": "boxes.Exercise",
    "figure-text": "markup.FigureText",
    "guess": "boxes.Guess",
    "loop": "loops.Loop",
    "shrinking": "shrinking.Shrinking",
    "term-pairs": "terms.TermPairs",
    "tested-source": "tested_source.TestedSource",
    "train-here": "alive.figures.Alive",
}
SETTINGS = ["alive_exports", "data_used", "repository", "site_url"]
#: What Sphinx, its theme and the extensions that are not ours do at an event, among what we do.
THEIRS = ""
#: Each from first to last.
EVENTS = {
    "config-inited": [
        "words.of_settings",
        "data_notice.find_out",
        "alive.figures.say_where",
        "run_once.install",  # after what its keys depend on, before Sphinx-Gallery
        "head.check_addresses",
        "fresh.start_over",  # when all settings are known
        THEIRS,
    ],
    "builder-inited": [
        "tested_source.write_pages",
        "search_texts.replace_sphinx_search",
        THEIRS,  # Sphinx-Gallery runs the scripts
        "tested_source.link_names",
    ],
    "source-read": ["words.of_gallery", THEIRS],
    "doctree-read": [
        "markup.label_first",
        "tested_source.put_imports_right",
        "downloads.note_needs",
        THEIRS,  # contents lists are made
        "words.of_docstrings",
        "markup.give_alt_text",
        "boxes.fold_entries",
        "boxes.fold_cells",
        "loops.mark_loops",
        "boxes.glance",
        "boxes.recaps",
    ],
    "autodoc-process-docstring": [THEIRS, "tested_source.add_links"],
    "doctree-resolved": [THEIRS, "terms.add_titles", "downloads.make_downloads"],
    "html-page-context": [
        "alive.figures.load_script",
        "light_pages.change_body",
        "head.add_tags",
        THEIRS,
        "light_assets.choose",  # among what all the others want to load
    ],
    "build-finished": [
        THEIRS,
        "light_assets.lighten",
        "search_texts.write",
        "downloads.replace_downloads",
    ],
}


def register(app: Sphinx, files: Collection[str] | None = None) -> None:
    """Register everything, or only what stands in some files, as tests do with a small site."""

    def ours(names: Collection[str]) -> list[str]:
        return [n for n in names if files is None or n.rpartition(".")[0] in files]

    for name in SETTINGS:
        app.add_config_value(name, "", "", str)
    for name, place in DIRECTIVES.items():
        if ours([place]):
            app.add_directive(name, find(place))
    app.add_node(find("boxes.box"), html=(find("boxes.visit_box"), find("boxes.depart_box")))
    for name in ours(["loops.MarkNewLines"]):
        app.add_post_transform(find(name))
    for event, names in EVENTS.items():
        for step, name in enumerate(names, start=-names.index(THEIRS)):
            if name != THEIRS and ours([name]):
                app.connect(event, find(name), 1000 * step)  # theirs: from 0 to 999
    visit = find("markup.visit_math"), None
    app.add_html_math_renderer("mathml", visit, visit)


def find(name: str) -> Any:
    """Return what a name stands for, given by its file and its name there."""
    file, _, attribute = name.rpartition(".")
    return getattr(import_module(f"{__name__}.{file}"), attribute)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything."""
    register(app)
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {**safe, "env_version": 3}
