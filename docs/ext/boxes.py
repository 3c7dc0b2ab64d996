"""Boxes on a page: exercises, questions, folded cells, recaps, and the page at a glance.

In a script's prose stands an exercise's task; everything else comes from ``mnist_tut.exercises``,
where it is known by the name that the reader's function will bear::

    .. exercise:: my_nll

       Write the loss yourself before you read on.

The box shows the task; stub, hint and solution are folded, and so is the answer of a question::

    .. guess:: What does a second ``backward()`` leave in ``weights.grad``?

       Twice the gradient: ``backward()`` adds.

The first list of a page that was run is the box "at a glance": it gains one item with the time that
reading takes, counted from the text, and the time that running took. A paragraph that begins with
the word for a recap in bold type is a recap. Both stay ordinary lists and paragraphs in a notebook.
"""

import html
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import traverse_parent
from sphinx.writers.html5 import HTML5Translator

from ext.languages import folder_of
from mnist_tut import exercises

#: The words of living figures, what nobody sees, outputs, and what whoever unfolds it looks up;
#: exercises say their own time.
UNREAD = {"raw", "comment", "sphx-glr-script-out"}
UNREAD |= {"folded", "entry", "exercise"}
# Technical prose is read at about 200 words or 350 characters a minute, code at 20 lines.
WORDS, CHARACTERS, LINES = 200, 350, 20


class exercise(nodes.General, nodes.Element):
    """A box: what says its title, the task, and folded stub, hint and solution."""


class guess(nodes.General, nodes.Element):
    """A question, and its answer folded."""


class folded(nodes.General, nodes.Element):
    """What opens on demand, below the line ``summary``."""


def fold(kind: str, summary: str, *content: nodes.Node) -> folded:
    """Fold content away; every browser can, without a script."""
    return folded("", *content, classes=["folded", kind], summary=summary)


class Exercise(SphinxDirective):
    """The ``exercise`` directive."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the box."""
        self.assert_has_content()
        name = self.arguments[0]
        if name not in exercises.EXERCISES:
            raise self.error(f"{self.name}: there is no exercise {name!r}")
        language = folder_of(self.config)
        for path in exercises.files_of(name, language):
            self.env.note_dependency(path)
        box = exercise(
            "",
            ids=[nodes.make_id(f"exercise-{name}")],
            exercise=name,
            language=language,
            title=_("Your turn {}").format(number(name)),
            about=about(name),
        )
        self.set_source_info(box)
        self.state.nested_parse(self.content, self.content_offset, box)
        hint, problems = self.parse_inline(exercises.hint(name, language))
        box += fold("stub", _("Start from"), code(exercises.stub_cell(name)))
        box += fold("hint", _("Hint"), nodes.paragraph("", "", *hint))
        box += fold("solution", _("Solution"), code(exercises.solution(name)))
        return [box, *problems]


class Guess(SphinxDirective):
    """The ``guess`` directive."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return question and folded answer."""
        self.assert_has_content()
        text, problems = self.parse_inline(self.arguments[0], lineno=self.lineno)
        title = _("Guess first: ")
        strong = nodes.strong("", title.rstrip())
        gap = nodes.Text(" " * title.endswith(" "))
        answer = fold("answer", _("Answer"))
        self.state.nested_parse(self.content, self.content_offset, answer)
        question = nodes.paragraph("", "", strong, gap, *text)
        box = guess("", question, answer)
        self.set_source_info(box)
        return [box, *problems]


def number(name: str) -> int:
    """Return an exercise's number on its page."""
    page = exercises.EXERCISES[name].page
    known = exercises.EXERCISES.items()
    return [other for other, about in known if about.page == page].index(name) + 1


def about(name: str) -> str:
    """Say how long an exercise takes and how hard it is."""
    known = exercises.EXERCISES[name]
    levels = [_("warm-up"), _("takes some thought"), _("a challenge")]
    minutes = _("about {} minutes").format(known.minutes)
    return f"{minutes} · {levels[known.difficulty - 1]}"


def code(text: str) -> nodes.literal_block:
    """Return a block of Python."""
    return nodes.literal_block(text, text, language="python")


def visit_exercise(translator: HTML5Translator, node: exercise) -> None:
    """Open a box with its title line; the script of the site shows the box to tick."""
    label, count = f"{node['ids'][0]}-title", _("{done} of {all} exercises done")
    done = _("Done")
    translator.body.append(
        f'<div class="exercise" id="{node["ids"][0]}" role="group"'
        f' aria-labelledby="{label}" data-exercise="{node["exercise"]}"'
        f' data-count="{html.escape(count)}">\n<p class="exercise-title">'
        f'<strong id="{label}">{node["title"]}</strong> <span>{node["about"]}</span>'
        '<label class="exercise-done" hidden><input type="checkbox"> '
        f"{done}</label></p>\n"
    )


def visit_folded(translator: HTML5Translator, node: folded) -> None:
    """Open what the browser folds by itself."""
    kind, summary = node["classes"][-1], html.escape(node["summary"])
    place = "".join(f' id="{name}"' for name in node["ids"][:1])
    translator.body.append(
        f'<details class="{kind}"{place}><summary>{summary}</summary>\n<div>\n'
    )


def visit_guess(translator: HTML5Translator, node: guess) -> None:
    """Open a question."""
    translator.body.append('<div class="guess">\n')


def depart(translator: HTML5Translator, node: nodes.Element) -> None:
    """Close a box."""
    closing = "</div>\n</details>\n" if isinstance(node, folded) else "</div>\n"
    translator.body.append(closing)


def fold_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the cells away that begin with a comment ``#: What it does``: it stands on the fold."""
    for cell in list(doctree.findall(nodes.literal_block)):
        first = cell.astext().partition("\n")[0]
        if cell.get("language") == "Python" and first.startswith("#: "):
            box = fold("source", first[3:])
            cell.replace_self(box)
            box += cell


def fold_entries(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the cells of short entries away, with what they print; words and figures stay."""
    for entry in doctree.findall(nodes.section):
        box = None
        for child in list(entry) if "entries" in entry.parent["classes"] else []:
            if not isinstance(child, nodes.literal_block):
                box = None
            elif box is not None:
                entry.remove(child)
                box += child
            elif "sphx-glr-script-out" not in child["classes"]:
                words = _("See it go wrong, and right")  # the search looks into it
                box = folded("", classes=["entry"], summary=words)
                child.replace_self(box)
                box += child


def reading_minutes(doctree: nodes.document) -> int:
    """Estimate how long a page takes to read, rounded to five minutes."""
    minutes = 0.0
    for text in doctree.findall(nodes.Text):
        around = list(traverse_parent(text.parent))
        kinds = {kind for n in around for kind in (type(n).__name__, *n["classes"])}
        if UNREAD & kinds:
            continue
        if "literal_block" in kinds:
            minutes += len(text.splitlines()) / LINES
        else:
            minutes += len(re.findall(r"[\u4e00-\u9fff]", text)) / CHARACTERS
            minutes += len(re.findall(r"[A-Za-z]+", text)) / WORDS
    return max(5, round(minutes / 5) * 5)


def running_time(doctree: nodes.document) -> str:
    """Word how long the page's script ran, if it was run: 1 minute 5 seconds."""
    for paragraph in doctree.findall(nodes.paragraph):
        if "sphx-glr-timing" in paragraph["classes"]:
            minutes, seconds = re.findall(r"\d[\d.]*", paragraph.astext())
            whole = round(float(seconds))
            if minutes == "0":
                return _("{} seconds").format(whole)
            if minutes == "1":
                return _("1 minute {} seconds").format(whole)
            return _("{} minutes {} seconds").format(minutes, whole)
    return ""


def glance(app: Sphinx, doctree: nodes.document) -> None:
    """Turn the first list of a page that was run into the box, and add the times."""
    time = running_time(doctree)
    box = next(iter(doctree.findall(nodes.bullet_list)), None)
    if not time or box is None:
        return
    text = _(
        " about {read} minutes to read. Running all of it took {run} when this page was built."
    ).format(read=reading_minutes(doctree), run=time)
    if names := [found["exercise"] for found in doctree.findall(exercise)]:
        minutes = sum(exercises.EXERCISES[name].minutes for name in names)
        more = _(" The {} exercises take about {} minutes more.")
        text += more.format(len(names), minutes)
    box["classes"].append("at-a-glance")
    item = nodes.paragraph("", "", nodes.strong("", _("Time:")), nodes.Text(text))
    box += nodes.list_item("", item)


def recaps(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the recaps."""
    for paragraph in doctree.findall(nodes.paragraph):
        first = next(iter(paragraph.children), None)
        if isinstance(first, nodes.strong) and first.astext() == _("In short:"):
            paragraph["classes"].append("recap")
