"""What both languages have in common, counted and compared on every build: ``.. promise::``.

The directive counts the code cells of the gallery's scripts and the anchors of all pages, in both
languages. Where they differ, the build says which, and fails.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

from ext.code.finder import files_of_tests, known_tests
from ext.code.package_source import ROOT, gallery_scripts
from ext.code.programs import cells_of_script
from ext.language.languages import LANGUAGES

LABEL = re.compile(r"^(?:# )?\.\. _([\w-]+):$", re.M)


def cells(language: str) -> dict[str, int]:
    """Count the code cells of each script."""
    scripts = gallery_scripts(language).items()
    return {page: len(cells_of_script(path)) for page, path in scripts}


def anchors(language: str) -> set[str]:
    """Collect the explicit anchors of a language's pages, each with its page."""
    pages = [*ROOT.glob(f"docs/{language}/*.rst"), *gallery_scripts(language).values()]
    return {f"{page.stem}#{name}" for page in pages for name in labels(page)}


def labels(page: Path) -> list[str]:
    """List the explicit labels of a page's source."""
    return LABEL.findall(page.read_text(encoding="utf-8"))


class Promise(SphinxDirective):
    """The ``promise`` directive."""

    def run(self) -> list[nodes.Node]:
        """Count, compare and say so in a sentence."""
        for count in (cells, anchors):
            first, *others = map(count, LANGUAGES)
            for other in others:
                if other != first:
                    different = sorted(map(str, set(first) ^ set(other))) or first
                    raise self.error(
                        f"the {count.__name__} differ between the languages: {different}"
                    )
        for path in (*ROOT.glob("docs/*/*.rst"), *ROOT.glob("gallery/*/*.py")):
            self.env.note_dependency(str(path))
        text = _(
            "Both languages: the same {cells} cells and {anchors} anchors, compared on every "
            "build. Every function shown names its tests; there are {tests}."
        ).format(
            cells=sum(cells("en").values()),
            anchors=len(anchors("en")),
            tests=sum(len(known_tests(path)) for path in files_of_tests()),
        )
        return [nodes.paragraph("", text, classes=["promise"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("promise", Promise)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
