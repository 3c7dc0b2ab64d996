"""Boxes on a page: exercises, questions, folded cells, recaps, and the page at a glance.

Of an exercise a script says the task; everything else comes from ``mnist_tut.exercises``::

    .. exercise:: my_nll

       Write the loss yourself before you read on.

    .. guess:: What does a second ``backward()`` leave in ``weights.grad``?

       Twice the gradient: ``backward()`` adds. (This is folded.)

The first list of a lesson is the box "at a glance". A paragraph that begins with the word for a
recap in bold type is a recap. Both stay ordinary lists and paragraphs in a notebook.
"""

import re
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from ext.languages import folder_of
from ext.search_texts import own_text
from mnist_tut import exercises

# Technical prose is read at about 200 words or 350 characters a minute, code at 20 lines of 4.
WORDS, CHARACTERS, CODE = 200, 350, 80
TITLE = """<p class="exercise-title"><strong id="{label}">{title}</strong> <span>{about}</span>\
<label class="exercise-done" hidden><input type="checkbox"> {done}</label></p>
"""


class box(nodes.General, nodes.Element):
    """What stands in an element of HTML by the name ``tag``, below what ``head`` says.

    It may have an ``exercise``, or a ``summary``: then it opens on demand.
    """


def visit_box(translator: HTML5Translator, node: box) -> None:
    """Open the element."""
    opening = translator.starttag(node, node["tag"], **node.get("attributes", {}))
    translator.body.append(opening + node.get("head", ""))


def depart_box(translator: HTML5Translator, node: box) -> None:
    """Close it."""
    translator.body.append(f"{node.get('foot', '')}</{node['tag']}>\n")


def fold(kind: str, summary: str, *content: nodes.Node) -> box:
    """Fold content away; every browser can, without a script."""
    head = f"<summary>{escape(summary)}</summary>\n<div>\n"
    looks = {"tag": "details", "head": head, "foot": "</div>\n"}
    return box("", *content, classes=["folded", kind], summary=summary, **looks)


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
        known = exercises.EXERCISES[name]
        on_page = [n for n, other in exercises.EXERCISES.items() if other.page == known.page]
        title = _("Your turn {}").format(on_page.index(name) + 1)
        level = [_("warm-up"), _("takes some thought"), _("a challenge")][known.difficulty - 1]
        about = _("about {} minutes").format(known.minutes) + f" · {level}"
        place = nodes.make_id(f"exercise-{name}")
        label, count = f"{place}-title", _("{done} of {all} exercises done")
        words = {"label": label, "title": title, "about": about, "done": _("Done")}
        attributes = {"role": "group", "aria-labelledby": label}
        attributes |= {"data-exercise": name, "data-count": count}
        looks = {"tag": "div", "attributes": attributes, "head": TITLE.format(**words)}
        task = box("", exercise=name, title=f"**{title}** · {about}", **looks)
        task["ids"], task["classes"] = [place], ["exercise"]
        self.set_source_info(task)
        task += self.parse_content_to_nodes()
        hint, problems = self.parse_inline(exercises.hint(name, language))
        task += fold("stub", _("Start from"), code(exercises.stub_cell(name)))
        task += fold("hint", _("Hint"), nodes.paragraph("", "", *hint))
        task += fold("solution", _("Solution"), code(exercises.solution(name)))
        return [task, *problems]


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
        gap = nodes.Text(" " * title.endswith(" "))
        question = nodes.paragraph("", "", nodes.strong("", title.rstrip()), gap, *text)
        answer = fold("answer", _("Answer"), *self.parse_content_to_nodes())
        return [box("", question, answer, classes=["guess"], tag="div"), *problems]


def code(text: str) -> nodes.literal_block:
    """Return a block of Python."""
    return nodes.literal_block(text, text, language="python")


def fold_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the cells away that begin with a comment ``#: What it does``: it stands on the fold."""
    for cell in list(doctree.findall(nodes.literal_block)):
        first = cell.astext().partition("\n")[0]
        if cell.get("language") == "Python" and first.startswith("#: "):
            folded = fold("source", first[3:])
            cell.replace_self(folded)
            folded += cell


def fold_entries(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the cells of short entries away, with what they print; words and figures stay."""
    for entry in doctree.findall(nodes.section):
        folded = None
        for child in list(entry) if "entries" in entry.parent["classes"] else []:
            if not isinstance(child, nodes.literal_block):
                folded = None
            elif folded is not None:
                entry.remove(child)
                folded += child
            elif "sphx-glr-script-out" not in child["classes"]:
                folded = fold("entry", _("See it go wrong, and right"))
                folded["classes"].remove("folded")  # the search looks into it
                child.replace_self(folded)
                folded += child


def reading_minutes(doctree: nodes.document) -> int:
    """Estimate how long a page takes to read, rounded to five minutes; nothing that is folded."""
    minutes = 0.0
    for section in doctree.findall(nodes.section):
        prose, code, _outputs = own_text(section)
        open_code = [] if "entries" in section.parent["classes"] else code.split()
        minutes += len(re.findall(r"[A-Za-z]+", prose)) / WORDS + len(open_code) / CODE
        minutes += len(re.findall(r"[\u4e00-\u9fff]", prose)) / CHARACTERS
    return max(5, round(minutes / 5) * 5)


def glance(app: Sphinx, doctree: nodes.document) -> None:
    """Turn the first list of a lesson into the box, and add the time."""
    first = next(iter(doctree.findall(nodes.bullet_list)), None)
    if first is None or not app.env.docname.startswith("tutorials/"):
        return
    text = _(" about {} minutes to read.").format(reading_minutes(doctree))
    if names := [found["exercise"] for found in doctree.findall(box) if "exercise" in found]:
        minutes = sum(exercises.EXERCISES[name].minutes for name in names)
        text += _(" The exercises take about {} minutes more.").format(minutes)
    first["classes"].append("at-a-glance")
    item = nodes.paragraph("", "", nodes.strong("", _("Time:")), nodes.Text(text))
    first += nodes.list_item("", item)


def recaps(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the recaps."""
    for paragraph in doctree.findall(nodes.paragraph):
        first = next(iter(paragraph.children), None)
        if isinstance(first, nodes.strong) and first.astext() == _("In short:"):
            paragraph["classes"].append("recap")
