"""Only the styles and scripts that a page needs, so that it can be read soon on a slow line.

Of the theme's style sheet our pages use a tenth: rules whose class or id stands in no page and no
script are left out. A page asks only for what it uses, and no script holds up its text.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
import sphinx_gallery
from lightningcss import process_stylesheet
from sphinx.application import Sphinx
from sphinx.builders.html._assets import _JavaScript

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
#: Style sheets to take rules out of: where they stand in the site, and where they come from.
SHEETS = {
    "styles/pydata-sphinx-theme.css": THEME / "styles/pydata-sphinx-theme.css",
    "sg_gallery.css": Path(sphinx_gallery.__file__).parent / "_static/sg_gallery.css",
}
TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
# It lays out the whole page, to ask each block for its width.
SCRIPT = "scripts/pydata-sphinx-theme.js"
WIDTHS = re.compile(r'const e=\(\)=>\{document\.querySelectorAll\(\["pre".*?,e\(\)(?=\}function)')
NAMES = re.compile(r"[.#]((?:\\.|[\w-])+)")
NOTICES = re.compile(r"/\*!.*?\*/", re.S)  # of licences
# Fonts of icons, and a rule that seeks an open drawer in the whole page: site.css does it sooner.
LEFT_OUT = re.compile(r"@font-face\s*\{[^{}]*Font Awesome[^{}]*\}|html:has\([^{}]*\{[^{}]*\}")
BROWSERS = ["chrome 100", "firefox 100", "safari 15.4"]  # of 2022: what is written for
ATTRIBUTES = re.compile(r"""\b(?:class|id)\s*=\s*["']([^"']*)["']""")
ICON = re.compile(r"fa[srb]?$|fa-")


def without_unused(css: str, words: set[str] | None = None) -> str:
    """Leave out blanks, what is too dear and, given all words, the rules that match nothing."""
    names = {name.replace("\\", "") for name in NAMES.findall(css)}
    light = process_stylesheet(
        LEFT_OUT.sub("", css),
        unused_symbols=names - words if words else set(),
        minify=True,
        browsers_list=BROWSERS,
    )
    lost = [notice for notice in NOTICES.findall(css) if notice not in light]
    return "\n".join([*lost, light])


def words_of(folder: Path) -> set[str]:
    """Collect the classes and ids of the pages and all words of the scripts, but no icons."""
    words: set[str] = set()
    for page in folder.rglob("*.html"):
        for names in ATTRIBUTES.findall(page.read_text(encoding="utf-8")):
            words.update(names.split())
    for script in (folder / "_static").rglob("*.js"):
        words.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
    return {word for word in words if not ICON.match(word)}


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Write the style sheets anew, and drop the files that no page asks for."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for path in [path for name in TABLE["never"] for path in static.glob(name)]:
        path.unlink(missing_ok=True)
    (static / SCRIPT).write_text(WIDTHS.sub("", (THEME / SCRIPT).read_text("utf-8")), "utf-8")
    words = words_of(Path(app.outdir))
    for path in static.rglob("*.css"):
        source = SHEETS.get(path.relative_to(static).as_posix())
        css = (source or path).read_text(encoding="utf-8")
        path.write_text(without_unused(css, words if source else None), "utf-8")


def wanted(name: str, body: str) -> bool:
    """Whether a page with this body needs a file."""
    file = name.rpartition("/")[2].partition("?")[0]
    return file not in TABLE["never"] and TABLE["needed for"].get(file, "") in body


def choose(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Leave out what this page does not need, and let its scripts wait for its text."""
    body = context.get("body", "")
    context["css_files"] = [css for css in context["css_files"] if wanted(str(css.filename), body)]
    scripts = []
    for js in context["script_files"]:
        if not js.filename:
            if "DOCUMENTATION_OPTIONS." not in js.attributes.get("body", ""):
                scripts.append(js)  # those only serve Sphinx's own search
        elif wanted(str(js.filename), body):
            late = {**js.attributes, "defer": "defer"}
            scripts.append(_JavaScript(js.filename, priority=js.priority, **late))
    context["script_files"] = scripts
