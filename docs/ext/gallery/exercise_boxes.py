"""Exercises and questions to guess at: boxes on the page, cells in the downloads.

In a script's prose stands the task; everything else comes from ``mnist_tut.exercises``, where the
exercise is known by the name that the reader's function will bear::

    .. exercise:: my_nll

       Write the loss yourself before you read on.

       .. hint::

          ``gather`` picks one number from each row.

A hint may be left out. The box shows the task; stub, hint and solution are folded. The solution and
the stub are run through the exercise's check whenever a page is read: a solution that is not right,
or a stub that is, stops the build. A question with a folded answer is written ::

    .. guess:: What does a second ``backward()`` leave in ``weights.grad``?

       Twice the gradient: ``backward()`` adds.

:func:`exercise_cells` turns a box into cells of a download.
"""

import contextlib
import html
import inspect
import io
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from ext.downloads.markdown import Markdown
from ext.language.languages import folder_of
from mnist_tut import exercises
from mnist_tut.exercises import checks, messages, solutions, stubs

HIDDEN = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
Cell = tuple[str, str, dict[str, Any]]  # kind, text, metadata


class exercise(nodes.General, nodes.Element):
    """A box: what says its title, the task, and folded stub, hint and solution."""


class folded(nodes.General, nodes.Element):
    """What opens on demand, below the line ``summary``."""

    def as_markdown(self, writer: Markdown | None = None) -> str:
        """Write it for a notebook, where Markdown within HTML wants blank lines around it."""
        inside = (writer or Markdown()).blocks(self.children)
        return (
            f"<details><summary>{self['summary']}</summary>\n\n{inside}\n\n</details>"
        )


class guess(nodes.General, nodes.Element):
    """A question, and its answer folded."""

    def as_markdown(self, writer: Markdown | None = None) -> str:
        """Write both for a notebook."""
        *question, answer = self.children
        asked = (writer or Markdown()).blocks(question)
        return f"{asked}\n\n{answer.as_markdown(writer)}"


class Box(SphinxDirective):
    """What both directives share."""

    has_content = True

    def fold(self, kind: str, summary: str, *content: nodes.Node) -> folded:
        """Fold content away."""
        return folded("", *content, classes=["folded", kind], summary=summary)


class Exercise(Box):
    """The ``exercise`` directive."""

    required_arguments = 1
    option_spec = {  # noqa: RUF012  (docutils wants a plain dict)
        "minutes": directives.positive_int,
        "difficulty": lambda text: directives.choice(text, ("1", "2", "3")),
    }

    def run(self) -> list[nodes.Node]:
        """Return the box, once solution and stub have been checked."""
        self.assert_has_content()
        name = self.arguments[0]
        if name not in exercises.EXERCISES:
            raise self.error(f"{self.name}: there is no exercise {name!r}")
        for module in exercises, checks, messages, solutions, stubs:
            self.env.note_dependency(inspect.getfile(module))
        language = folder_of(self.config)
        stop_unless_sound(name, language)
        box = exercise(
            "",
            ids=[nodes.make_id(f"exercise-{name}")],
            exercise=name,
            language=language,
            title=_("Your turn {}").format(number(name)),
            about=self.about(name),
        )
        self.set_source_info(box)
        self.state.nested_parse(self.content, self.content_offset, box)
        hints = [node for node in box.children if isinstance(node, nodes.hint)]
        for node in hints:
            box.remove(node)
        box += self.fold("stub", _("Start from"), code(exercises.stub_cell(name)))
        box += [self.fold("hint", _("Hint"), *node.children) for node in hints]
        box += self.fold("solution", _("Solution"), code(exercises.solution(name)))
        return [box]

    def about(self, name: str) -> str:
        """Say how long it takes and how hard it is."""
        known = exercises.EXERCISES[name]
        minutes = self.options.get("minutes", known.minutes)
        level = int(self.options.get("difficulty", known.difficulty))
        levels = [_("warm-up"), _("takes some thought"), _("a challenge")]
        return _("about {} minutes").format(minutes) + f" · {levels[level - 1]}"


class Guess(Box):
    """The ``guess`` directive."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return question and folded answer."""
        self.assert_has_content()
        text, problems = self.parse_inline(self.arguments[0], lineno=self.lineno)
        title = _("Guess first: ")
        gap = " " * title.endswith(" ")
        strong = nodes.strong("", title.rstrip())
        question = nodes.paragraph("", "", strong, nodes.Text(gap))
        question += text
        answer = self.fold("answer", _("Answer"))
        self.state.nested_parse(self.content, self.content_offset, answer)
        box = guess("", question, answer)
        self.set_source_info(box)
        return [box, *problems]


def number(name: str) -> int:
    """Return an exercise's number on its page."""
    page = exercises.EXERCISES[name].page
    known = exercises.EXERCISES.items()
    return [other for other, told in known if told.page == page].index(name) + 1


def code(text: str) -> nodes.literal_block:
    """Return a block of Python."""
    return nodes.literal_block(text, text, language="python")


def stop_unless_sound(name: str, language: str) -> None:
    """Stop the build unless the check finds the solution right, and the stub still to be done."""
    wanted = [(exercises.solution(name), True), (exercises.stub_cell(name), None)]
    for text, right in wanted:
        names = dict(vars(solutions))
        exec(text, names)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            verdict = exercises.check(name, names[name], language)
        if verdict is not right:
            kind = "solution" if right else "stub"
            raise ExtensionError(
                f"the check of {name} says of the {kind}: {said.getvalue().strip()}"
            )


def exercise_cells(
    box: nodes.Element, writer: Markdown | None = None, helpers: bool = True
) -> list[Cell]:
    """Turn a box into cells of a download: kind, text and metadata of each.

    Parameters
    ----------
    box : exercise
        From a resolved page.
    writer : Markdown, optional
        Writes its prose.
    helpers : bool, default True
        Whether the check cell brings what all checks share; one of a page has to.

    Returns
    -------
    list of (str, str, dict)
        Task, hint and solution as Markdown, the last two folded; the stub; the check, its source
        hidden in Jupyter. The solution is no cell that could be run.
    """
    writer = writer or Markdown()
    name = box["exercise"]
    stub, *opened = [node for node in box.children if isinstance(node, folded)]
    parts = [
        f"**{box['title']}** · {box['about']}",
        writer.blocks(box.children[: box.index(stub)]),
        *(node.as_markdown(writer) for node in opened),
    ]
    check = exercises.check_cell(name, box["language"], helpers)
    return [
        ("markdown", "\n\n".join(parts), {}),
        ("code", exercises.stub_cell(name), {}),
        ("code", check, dict(HIDDEN)),
    ]


def visit_exercise(translator: HTML5Translator, node: exercise) -> None:
    """Open a box with its title line; the script of the site shows the box to tick."""
    label, count = f"{node['ids'][0]}-title", _("{done} of {all} exercises done")
    done = _("Done")
    translator.body.append(
        f'<div class="exercise" id="{node["ids"][0]}" role="group"'
        f' aria-labelledby="{label}" data-exercise="{node["exercise"]}"'
        f' data-count="{html.escape(count)}">\n<p class="exercise-title">'
        f'<strong id="{label}">{node["title"]}</strong> <span>{node["about"]}</span>'
        '<label class="exercise-done" hidden><input type="checkbox" autocomplete="off"> '
        f"{done}</label></p>\n"
    )


def visit_folded(translator: HTML5Translator, node: folded) -> None:
    """Open what the browser folds by itself."""
    kind = node["classes"][-1]
    translator.body.append(
        f'<details class="{kind}"><summary>{node["summary"]}</summary>\n<div>\n'
    )


def visit_guess(translator: HTML5Translator, node: guess) -> None:
    """Open a question."""
    translator.body.append('<div class="guess">\n')


def depart(translator: HTML5Translator, node: nodes.Element) -> None:
    """Close a box."""
    closing = "</div>\n</details>\n" if isinstance(node, folded) else "</div>\n"
    translator.body.append(closing)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives, and what makes progress visible."""
    app.add_directive("exercise", Exercise)
    app.add_directive("guess", Guess)
    app.add_node(exercise, html=(visit_exercise, depart))
    app.add_node(guess, html=(visit_guess, depart))
    app.add_node(folded, html=(visit_folded, depart))
    app.add_css_file("exercises.css")
    app.add_js_file("progress.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
