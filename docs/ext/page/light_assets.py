"""Only the styles and scripts that a page needs, so that it can be read soon on a slow line.

Of the theme's style sheet, with Bootstrap and a font of two thousand icons in it, our pages use a
tenth: rules that name a class or an id which stands in no page and in no script are left out. A
page asks for a style sheet or a script only if there is something on it that uses it, and no script
holds up its text. Search tools are loaded where one searches.

``noscript.css`` is for dark screens without JavaScript: the rules of all style sheets for the dark
theme, which a script would switch on.
"""

import re
from collections.abc import Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
import sphinx_design
import sphinx_gallery
from sphinx.application import Sphinx
from sphinx.builders.html._assets import _JavaScript

from ext.order import connect

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
DESIGN = Path(sphinx_design.__file__).parent / "static"
#: Style sheets to take rules out of: where they stand in the site, and where they come from.
SHEETS = {
    "styles/pydata-sphinx-theme.css": THEME / "styles/pydata-sphinx-theme.css",
    "sphinx-design.min.css": DESIGN / "sphinx-design.min.css",
    "sg_gallery.css": Path(sphinx_gallery.__file__).parent / "_static/sg_gallery.css",
}
#: What has to stand in a page's text to make it load a file; None: no page needs it.
NEEDED_FOR = {
    "sphinx-design.min.css": "sd-",
    "design-tabs.js": "sd-tab",
    "sg_gallery.css": "sphx-glr",
    "sg_gallery-binder.css": None,
    "sg_gallery-dataframe.css": None,
    "sg_gallery-rendered-html.css": None,
    "sg-tags.js": None,
    "copybutton.css": "<pre",
    "copybutton.js": "<pre",
    "clipboard.min.js": "<pre",
    "exercises.css": 'class="exercise',
    "progress.js": 'class="exercise',
}
NEVER = [
    "scripts/bootstrap.js*",
    "scripts/fontawesome.js*",
    "vendor/fontawesome/webfonts/*",
    "**/*.map",
]
SKIPPED = re.compile(
    r'/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\([^()]*\)', re.S
)
ARGUMENTS = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)")
NAMES = re.compile(r"[.#]((?:\\.|[\w-])+)")
ATTRIBUTES = re.compile(r"""\b(?:class|id)\s*=\s*["']([^"']*)["']""")
ICON = re.compile(r"fa[srb]?$|fa-")
COLOURS = re.compile(r"\[data-theme=[\"']?dark[\"']?\]")


def rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule's beginning and its inside, which is None for statements like @charset."""
    blank = SKIPPED.sub(lambda found: "_" * len(found[0]), css)
    start = depth = inside = 0
    for found in re.finditer("[{};]", blank):
        place = found.start()
        if found[0] == "{":
            depth += 1
            inside = place + 1 if depth == 1 else inside
        elif found[0] == ";" and depth == 0:
            yield css[start:place].strip(), None
            start = place + 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                yield css[start : inside - 1].strip(), css[inside:place]
                start = place + 1


def is_group(prelude: str) -> bool:
    """Whether a rule holds other rules."""
    return prelude.startswith(("@media", "@supports", "@layer", "@container"))


def selectors(prelude: str) -> list[str]:
    """Take a list of selectors apart, at the commas that are not within brackets."""
    flat = re.sub(
        r"\([^()]*(?:\([^()]*\)[^()]*)*\)", lambda m: "_" * len(m[0]), prelude
    )
    cuts = [-1, *(m.start() for m in re.finditer(",", flat)), len(prelude)]
    return [prelude[a + 1 : b].strip() for a, b in pairwise(cuts)]


def used(selector: str, words: set[str]) -> bool:
    """Whether every class and id that a selector demands is among the words of the site."""
    names = NAMES.findall(ARGUMENTS.sub("", selector))
    return all(name.replace("\\", "") in words for name in names)


def without_unused(css: str, words: set[str]) -> str:
    """Leave out the rules that match nothing, and the fonts of icons."""
    kept = []
    css = re.sub(r"/\*(?!!).*?\*/", "", css, flags=re.S)
    for prelude, inside in rules(css):
        notice, _, rest = prelude.rpartition("*/")
        if inside is None:
            kept.append(f"{prelude};")
        elif is_group(rest or prelude):
            if within := without_unused(inside, words):
                kept.append(f"{prelude}{{{within}}}")
        elif prelude.startswith("@"):
            if "Font Awesome" not in inside:
                kept.append(f"{prelude}{{{inside}}}")
        elif still := [s for s in selectors(rest or prelude) if used(s, words)]:
            kept.append(
                f"{notice + '*/' if notice else ''}{','.join(still)}{{{inside}}}"
            )
    return "".join(kept)


def dark_rules(css: str) -> str:
    """Return the rules for the dark theme, made to hold whatever the theme."""
    kept = []
    for prelude, inside in rules(re.sub(r"/\*.*?\*/", "", css, flags=re.S)):
        if inside is None:
            continue
        if is_group(prelude):
            if within := dark_rules(inside):
                kept.append(f"{prelude}{{{within}}}")
        elif dark := [s for s in selectors(prelude) if COLOURS.search(s)]:
            kept.append(f"{COLOURS.sub('[data-theme]', ','.join(dark))}{{{inside}}}")
    return "".join(kept)


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
    for path in [p for name in NEVER for p in static.glob(name)]:
        path.unlink(missing_ok=True)
    words = words_of(Path(app.outdir))
    for name, source in SHEETS.items():
        if (static / name).exists():
            css = without_unused(source.read_text(encoding="utf-8"), words)
            (static / name).write_text(css, encoding="utf-8")
    sheets = [
        path.read_text(encoding="utf-8") for path in sorted(static.rglob("*.css"))
    ]
    dark = "".join(map(dark_rules, sheets))
    hidden = ".pst-js-only,.drawer-close{display:none!important}"
    (static / "noscript.css").write_text(
        f"{hidden}@media screen and (prefers-color-scheme:dark){{{dark}}}",
        encoding="utf-8",
    )


def wanted(name: str, body: str) -> bool:
    """Whether a page with this body needs a file."""
    key = name.rpartition("/")[2].partition("?")[0]
    if key not in NEEDED_FOR:
        return True
    mark = NEEDED_FOR[key]
    return mark is not None and mark in body


def choose(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave out what this page does not need, and let its scripts wait for its text."""
    context["theme_version_of_styles"] = version("pydata-sphinx-theme")
    body = context.get("body", "")
    context["css_files"] = [
        css for css in context["css_files"] if wanted(str(css.filename), body)
    ]
    if page == "search":
        return
    scripts = []
    for js in context["script_files"]:
        if not js.filename:
            if "DOCUMENTATION_OPTIONS." not in js.attributes.get("body", ""):
                scripts.append(js)  # those only serve the search
        elif wanted(str(js.filename), body):
            late = {**js.attributes, "defer": "defer"}
            # It speaks as soon as it is there, and has to come after the translations.
            last = "sphinx_highlight" in str(js.filename)
            priority = 900 if last else js.priority
            scripts.append(_JavaScript(js.filename, priority=priority, **late))
    context["script_files"] = scripts


def setup(app: Sphinx) -> dict[str, bool]:
    """Choose for each page; write the style sheets when all pages are there."""
    connect(app, "html-page-context", choose)
    connect(app, "build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
