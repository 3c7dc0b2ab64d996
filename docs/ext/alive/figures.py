"""Figures that answer: ``.. draw-digit::``, a pad to write on, and ``.. train-here::``.

They are alive only in a browser with JavaScript; elsewhere, and in notebooks, a sentence says where
to find them, and on the site a picture tells the same story. All but one small script is loaded
when the figure scrolls into view, from ``docs/_static/alive`` and from what
:func:`ext.alive.export.export` wrote when the page was run (see ``run_once``).
"""

import hashlib
import json
import re
import tomllib
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "_static" / "alive"
WORDS = HERE / "words.toml"
LOOP = tomllib.loads((HERE / "loop.toml").read_text(encoding="utf-8"))["lines"]
STILL = """<noscript><figure>\
<img src="{root}_static/alive/still-{kind}.svg" width="768" height="{height}" alt="{still_alt}">\
<figcaption>{still}</figcaption></figure></noscript>"""
HEIGHTS = {"draw": 216, "train": 384}


def say_where(app: Sphinx, config: Config) -> None:
    """Let the exports of this build lie beside the scripts."""
    config.alive_exports = str(Path(app.outdir, "_static", "alive"))


def words_of(kind: str) -> dict[str, str]:
    """Return the words of one kind of figure in the page's language."""
    table = tomllib.loads(WORDS.read_text(encoding="utf-8"))[kind]
    return {name: _(word) for name, word in table.items()}


def line_html(code: str, when: str, gone: str) -> str:
    """Write one line of the loop; numbers after ``lr =`` and ``bs =`` can be changed."""
    html = highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    if indent := len(code) - len(code.lstrip()):
        html = " " * indent + html.lstrip()
    if value := re.match(r"(lr|bs) = ", code):
        html = re.sub(r'(<span class="m.")', rf'\1 data-value="{value[1]}"', html)
    rules = f' data-when="{when}"' * bool(when) + f' data-gone="{gone}"' * bool(gone)
    return f"<span{rules}{' hidden' * bool(when)}>{html or ' '}</span>"


def loop_html(n: int) -> str:
    """Write the loop, for the script to take out of its template."""
    lines = "".join(line_html(code.replace("{n}", str(n)), *how) for code, *how in LOOP)
    code = f'<div class="highlight"><pre>{lines}</pre></div>'
    return f'<template class="alive-code">{code}</template>'


class Alive(SphinxDirective):
    """The directives ``draw-digit`` and ``train-here``; their content stands above the figure."""

    has_content = True
    option_spec = {"brief": directives.flag}  # noqa: RUF012  (a pad without the layers)

    def run(self) -> list[nodes.Node]:
        """Return the sentence, the still picture, and what the script needs."""
        kind = {"draw-digit": "draw", "train-here": "train"}[self.name]
        path = Path(self.config.alive_exports, "facts.json")
        self.env.note_dependency(str(path))
        facts = json.loads(path.read_text(encoding="utf-8"))
        words = words_of(kind)
        for gap, value in {"{n}": f"{facts['n']:,}", "{size}": facts["size"]}.items():
            words = {key: word.replace(gap, value) for key, word in words.items()}
        brief = ' data-brief=""' * ("brief" in self.options)
        settings = f'data-alive="{kind}" data-example="{facts["example"]}"{brief}'
        still = nodes.container(classes=["alive-still"])
        picture = {name: escape(words[name]) for name in ("still", "still_alt")}
        picture |= {"root": "../" * self.env.docname.count("/"), "kind": kind}
        still += nodes.raw("", STILL.format(**picture, height=HEIGHTS[kind]), format="html")
        still += nodes.paragraph("", words["elsewhere"])
        said = json.dumps(words, ensure_ascii=False).replace("</", "<\\/")
        closing = loop_html(facts["n"]) if kind == "train" else ""
        closing += f'<script type="application/json" class="alive-words">{said}</script>'
        return [
            *self.parse_content_to_nodes(),
            nodes.raw("", f'<div class="alive" {settings}>', format="html"),
            still,
            nodes.raw("", f"{closing}</div>", format="html"),
        ]


def version(app: Sphinx) -> str:
    """Sum up all scripts and their data, so that no browser mixes those of two builds."""
    digest = hashlib.sha256()
    for folder in (SCRIPTS, Path(app.config.alive_exports)):
        for path in sorted(folder.glob("*.*")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def load_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Let pages with a living figure, and only these, ask for the first script and the styles."""
    if 'data-alive="' in context.get("body", ""):
        app.add_css_file("alive/alive.css")
        attributes: dict[str, Any] = {"data-version": version(app)}
        app.add_js_file("alive/alive.js", loading_method="defer", **attributes)
