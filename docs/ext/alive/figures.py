"""Figures that answer: ``.. draw-digit::`` and ``.. train-here::``.

``draw-digit`` is a pad to write on; the models that the page has just trained read what was
written. ``train-here`` runs the page's first loop in the reader's browser. Both are alive only in
a browser with JavaScript; elsewhere, and in notebooks, a sentence says where to find them, and on
the site a still picture tells the same story. A page with such a figure asks for one small script
and a style sheet; all the rest is loaded when the figure scrolls into view.

The scripts are in ``docs/_static/alive``, every word in ``words.toml``. What they need of
the models was written by :func:`ext.alive.export.export` when the page was run, and lies in the
built site's ``_static/alive`` by the time that pages are read (see ``run_once``).
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
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from ext.order import connect

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "_static" / "alive"
WORDS = HERE / "words.toml"
MODELS = ["linear", "cnn", "better"]
#: The page's loop, line by line: the code, when it is shown ("!" means unless), and which switch
#: strikes it out.
LOOP: list[tuple[str, str, str]] = [
    ("x_train, y_train = x_train[:{n}], y_train[:{n}]", "", ""),
    ("order = y_train.argsort(stable=True)", "sorted", ""),
    ("x_train, y_train = x_train[order], y_train[order]", "sorted", ""),
    ("n = len(x_train)", "", ""),
    ("", "", ""),
    ("weights = torch.randn(784, 10) / math.sqrt(784)", "", "zeros"),
    ("weights = torch.zeros(784, 10)", "zeros", ""),
    ("weights *= 100", "huge", ""),
    ("weights.requires_grad_()", "", ""),
    ("bias = torch.zeros(10, requires_grad=True)", "", "unbiased"),
    ("", "", ""),
    ("def model(xb):", "", ""),
    ("    return log_softmax(xb @ weights + bias)", "", "unbiased twice"),
    ("    return log_softmax(xb @ weights)", "unbiased !twice", ""),
    ("    return log_softmax(softmax(xb @ weights + bias))", "twice !unbiased", ""),
    ("    return log_softmax(softmax(xb @ weights))", "twice unbiased", ""),
    ("", "", ""),
    ("lr = 0.5", "", ""),
    ("bs = 64", "", ""),
    ("epochs = 5", "", ""),
    ("", "", ""),
    ("for epoch in range(epochs):", "", ""),
    ("    order = torch.randperm(n)", "shuffled", ""),
    ("    x_train, y_train = x_train[order], y_train[order]", "shuffled", ""),
    ("    for i in range(0, n, bs):", "", ""),
    ("        xb, yb = x_train[i : i + bs], y_train[i : i + bs]", "", ""),
    ("        loss = loss_func(model(xb), yb)", "", ""),
    ("        loss.backward()", "", ""),
    ("        with torch.no_grad():", "", ""),
    ("            weights -= lr * weights.grad", "", ""),
    ("            bias -= lr * bias.grad", "", "unbiased"),
    ("            weights.grad.zero_()", "", "unzeroed"),
    ("            bias.grad.zero_()", "", "unzeroed unbiased"),
]

logger = logging.getLogger(__name__)


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
    """What both directives share. Content of the directive stands above the figure."""

    kind: str
    has_content = True

    def settings(self, facts: dict[str, Any]) -> dict[str, str]:
        """Return what the script has to know, as ``data-`` attributes."""
        return {}

    def extra(self, facts: dict[str, Any]) -> str:
        """Return HTML that the script uses."""
        return ""

    def run(self) -> list[nodes.Node]:
        """Return the sentence, the still picture, and what the script needs."""
        path = Path(self.config.alive_exports, "facts.json")
        self.env.note_dependency(str(path))
        words = words_of(self.kind)
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except OSError:
            logger.warning(
                "%s: no models were exported to %s",
                self.name,
                path.parent,
                location=self.get_location(),
            )
            return [nodes.paragraph("", words["elsewhere"])]
        known = {"{n}": f"{facts['n']:,}", "{size}": facts["size"]}
        for name, value in known.items():
            words = {key: word.replace(name, value) for key, word in words.items()}
        attributes = {"data-alive": self.kind, **self.settings(facts)}
        opening = "".join(
            f' {name}="{escape(value)}"' for name, value in attributes.items()
        )
        still = nodes.container(classes=["alive-still"])
        still += nodes.raw("", self.still(path.parent, words), format="html")
        still += nodes.paragraph("", words["elsewhere"])
        said = json.dumps(words, ensure_ascii=False).replace("</", "<\\/")
        closing = (
            f'<script type="application/json" class="alive-words">{said}</script></div>'
        )
        holder = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, holder)
        return [
            *holder.children,
            nodes.raw("", f'<div class="alive"{opening}>', format="html"),
            still,
            nodes.raw("", self.extra(facts) + closing, format="html"),
        ]

    def still(self, folder: Path, words: dict[str, str]) -> str:
        """Return the picture for readers without JavaScript; others do not load it."""
        name = f"still-{self.kind}.svg"
        head = (folder / name).read_text(encoding="utf-8")[:200]
        size = " ".join(re.findall(r' ((?:width|height)="\d+")', head))
        root = "../" * self.env.docname.count("/")
        image = f'<img src="{root}_static/alive/{name}" {size} alt="{escape(words["still_alt"])}">'
        caption = f"<figcaption>{escape(words['still'])}</figcaption>"
        return f"<noscript><figure>{image}{caption}</figure></noscript>"


class DrawDigit(Alive):
    """The ``draw-digit`` directive."""

    kind = "draw"
    option_spec = {  # noqa: RUF012  (docutils wants a plain dict)
        "models": directives.unchanged,
        "first": lambda name: directives.choice(name, MODELS),
        "brief": directives.flag,  # without the layers
    }

    def settings(self, facts: dict[str, Any]) -> dict[str, str]:
        """Return the models to choose from, the one to begin with, and the picture on the pad."""
        models = self.options.get("models", " ".join(MODELS)).split()
        if unknown := set(models) - set(MODELS):
            raise self.error(f"draw-digit: no model is called {', '.join(unknown)}")
        first = self.options.get("first", "cnn" if "cnn" in models else models[0])
        if first not in models:
            raise self.error(f"draw-digit: {first} is not among the models")
        return {
            "data-models": " ".join(models),
            "data-first": first,
            "data-example": str(facts["example"]),
        } | ({"data-brief": ""} if "brief" in self.options else {})


class TrainHere(Alive):
    """The ``train-here`` directive."""

    kind = "train"

    def extra(self, facts: dict[str, Any]) -> str:
        """Return the loop's lines."""
        return loop_html(facts["n"])


def say_where(app: Sphinx, config: Config) -> None:
    """Let the exports of this build lie beside the scripts, unless the settings say otherwise."""
    config.alive_exports = config.alive_exports or str(
        Path(app.outdir, "_static", "alive")
    )


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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_config_value("alive_exports", "", "", str)
    connect(app, "config-inited", say_where)  # before run_once
    app.add_directive("draw-digit", DrawDigit)
    app.add_directive("train-here", TrainHere)
    connect(app, "html-page-context", load_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
