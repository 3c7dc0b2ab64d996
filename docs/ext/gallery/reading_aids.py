"""A gallery page's box "at a glance", with the times, and its recaps.

Both are ordinary paragraphs and lists in the script, so that they stay readable in the notebook;
here they get a look of their own. The first list of a page that was run is the box: it gains one
item with the time that reading takes, counted from the text, and the time that running took. A
paragraph that begins with the word for a recap in bold type is a recap.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import _

from ext.gallery.exercise_boxes import exercise
from ext.order import connect
from mnist_tut import exercises

HIDDEN = {"folded", "only-in-downloads"}
# Technical prose is read at about 200 words or 350 characters a minute, code at 20 lines.
WORDS, CHARACTERS, LINES = 200, 350, 20


def parents(node: nodes.Node) -> Iterator[nodes.Element]:
    """Yield what a node is in, from the inside out."""
    while node.parent is not None:
        node = node.parent
        yield node


def reading_minutes(doctree: nodes.document) -> int:
    """Estimate how long a page takes to read, rounded to five minutes."""
    minutes = 0.0
    for text in doctree.findall(nodes.Text):
        if isinstance(text.parent, nodes.raw | nodes.comment):
            continue  # the words of figures that live in the page, and what nobody sees
        around = list(parents(text))
        if any(
            HIDDEN & set(node["classes"]) or node.get("exercise") for node in around
        ):
            continue  # whoever unfolds something looks it up; exercises say their own time
        block = next((n for n in around if isinstance(n, nodes.literal_block)), None)
        if block is None:
            minutes += len(re.findall(r"[\u4e00-\u9fff]", text)) / CHARACTERS
            minutes += len(re.findall(r"[A-Za-z]+", text)) / WORDS
        elif "sphx-glr-script-out" not in block["classes"]:
            minutes += len(text.splitlines()) / LINES
    return max(5, round(minutes / 5) * 5)


def running_time(doctree: nodes.document) -> tuple[int, float] | None:
    """Read from the page how many minutes and seconds its script ran, if it was run."""
    for paragraph in doctree.findall(nodes.paragraph):
        if "sphx-glr-timing" in paragraph["classes"]:
            found = re.search(r"(\d+)\D+([\d.]+)", paragraph.astext())
            return (int(found[1]), float(found[2])) if found else None
    return None


def duration(minutes: int, seconds: float) -> str:
    """Word a duration: 1 minute 5 seconds."""
    whole = round(seconds)
    if minutes == 0:
        return _("{} seconds").format(whole)
    if minutes == 1:
        return _("1 minute {} seconds").format(whole)
    return _("{} minutes {} seconds").format(minutes, whole)


def glance(app: Sphinx, doctree: nodes.document) -> None:
    """Turn the first list of a page that was run into the box, and add the times."""
    time = running_time(doctree)
    box = next(iter(doctree.findall(nodes.bullet_list)), None)
    if time is None or box is None:
        return
    text = _(
        " about {read} minutes to read. Running all of it took {run} when this page was built."
    ).format(read=reading_minutes(doctree), run=duration(*time))
    names = [found["exercise"] for found in doctree.findall(exercise)]
    if names:
        minutes = sum(exercises.EXERCISES[name].minutes for name in names)
        text += _(" The {} exercises take about {} minutes more.").format(
            len(names), minutes
        )
    box["classes"].append("at-a-glance")
    box += nodes.list_item(
        "", nodes.paragraph("", "", nodes.strong("", _("Time:")), nodes.Text(text))
    )


def recaps(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the recaps."""
    for paragraph in doctree.findall(nodes.paragraph):
        first = paragraph.children[0] if paragraph.children else None
        if isinstance(first, nodes.strong) and first.astext() == _("In short:"):
            paragraph["classes"].append("recap")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run once the page has been read."""
    connect(app, "doctree-read", glance)
    connect(app, "doctree-read", recaps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
