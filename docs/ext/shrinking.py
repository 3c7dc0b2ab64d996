"""Let the reader see the loop shrink: ``.. shrinking::``.

Each step shows its cell's very lines; what these cannot say stands in ``shrinking.toml``. Numbers
are counted, or were printed by the page's run. Without a script, first and last loop are there.
"""

import json
import re
import tomllib
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective

from ext.alive.figures import line_html
from ext.light_pages import PLAIN
from ext.loops import code_lines, loop_lines
from ext.package_source import documented, file_of, source_of, with_needs
from ext.scripts import cells_of, gallery_scripts, mentions_in

WORDS = Path(__file__).with_suffix(".toml")
KEPT = ["mnist_tut.training", "mnist_tut.loaders"]  # what serves every model
OUTPUT = re.compile(r"^ \.\. code-block:: none\n\n((?: {4}.*\n|\n)+)", re.M)
Parts = list[list[str]]  # what comes before the loop, and the loop


def taken_over(old: Parts, new: Parts, said: dict[str, str]) -> dict[str, str]:
    """Pair the lines that went with their takers: as said, their like, or the first new one.

    Lines before the loop that are like none are merely out of sight.
    """
    was, now = [*old[0], *old[1]], [*new[0], *new[1]]
    pairs = {line: taker for line, taker in said.items() if line in was}
    for before, after in zip(old, new, strict=True):
        come = [line for line in after if line not in was]
        for line in before:
            like = get_close_matches(line, come, 1) or come[: after is new[1]]
            if like and line not in now:
                pairs.setdefault(line, said.get("*", like[0]))
    return dict(sorted(pairs.items(), key=lambda p: (now.index(p[1]), was.index(p[0]))))


def printed(rst: str, loops: list[str]) -> str:
    """Return the one number of four decimals that the program prints after every step."""
    parts = re.split(r"^\.\. loop:: (\S+)\n", rst, flags=re.M)
    outputs = ("".join(OUTPUT.findall(parts[parts.index(n) + 1])) for n in loops)
    [loss] = set.intersection(*({*re.findall(r"\b\d\.\d{4}\b", o)} for o in outputs))
    return loss


def story(script: Path, rst: str, told: dict[str, Any]) -> dict[str, Any]:
    """Collect what the figure shows; each line of code stands there once, and has a number."""
    cells = {cell.loop: cell.code for cell in cells_of(script)}
    shown = [source_of(each.name) for each in mentions_in(script) if each.shown]
    code = "\n".join([*(cell.code for cell in cells_of(script)), *shown])
    known, ids = {line.strip() for line in code.splitlines()}, dict[str, int]()

    def rows(lines: list[str]) -> list[list[int]]:
        if lost := [line for line in lines if line.strip() not in known]:
            raise ExtensionError(f"{WORDS.name}: these lines stand nowhere: {lost}")
        numbers = [ids.setdefault(line.strip(), len(ids)) for line in lines]
        return [[n, x.index(x.strip())] for n, x in zip(numbers, lines, strict=True)]

    used = [n for m in KEPT for n in documented(m) if n[len(m) + 1 :] in cells["fit"]]
    kept = [source_of(n) for n in with_needs(used) if n.rpartition(".")[0] in KEPT]
    lengths = {re.findall(r"def (\w+)", c)[0]: len(code_lines(c)) for c in kept}
    loops = {step["name"]: loop_lines(cells[step["name"]]) for step in told["steps"]}
    read = OUTPUT.search(rst.partition(told["share"])[2])
    gaps: dict[str, Any] = {
        "counts": _(", ").join(str(len(loop)) for loop in loops.values()),
        "kept": sum(lengths.values()),
        "loss": printed(rst, [*loops]),
        "share": f"{100 * float(read[1].split()[-1]):.1f}\u00a0%" if read else "",
        "validation": len(loop_lines(cells["validation"])),
    }
    old: Parts = [[], []]
    for step, loop in zip(told["steps"], loops.values(), strict=True):
        new = [[line.strip() for line in part] for part in (step["before"], loop)]
        step |= {"before": rows(step["before"]), "loop": rows(loop)}
        pairs = taken_over(old, new, step.pop("took", {}))
        step |= {"gone": [[ids[a], ids[b]] for a, b in pairs.items()]}
        title, say = step["title"], step["say"]
        say = escape(_(say).format(**gaps), quote=False)
        step["say"] = re.sub("``(.+?)``", r"<code>\1</code>", say)
        step["title"], old = _(title), new
    words = {name: _(word).format(**gaps) for name, word in told["words"].items()}
    told |= {"next": [n for n, _in in rows(told["next"])], "kept": lengths}
    lines = [PLAIN.sub(r"\1", line_html(line, "", ""))[6:-7] for line in ids]
    return told | {"lines": lines, "words": words}


class Shrinking(SphinxDirective):
    """The ``shrinking`` directive."""

    def run(self) -> list[nodes.Node]:
        """Return a sentence, the first and the last loop, and what the script needs."""
        told = tomllib.loads(WORDS.read_text(encoding="utf-8"))
        page, here = told.pop("page"), self.env.docname
        script = gallery_scripts(Path(self.env.srcdir).name)[page]
        built = Path(self.env.srcdir, f"{page}.rst")
        for path in (script, built, WORDS, *map(file_of, KEPT)):
            self.env.note_dependency(str(path))
        told = story(script, built.read_text(encoding="utf-8"), told)
        told["page"] = here != page and self.env.app.builder.get_relative_uri(here, page)
        html = '<div class="shrink"><div class="shrink-still">'
        for step in told["steps"][:: len(told["steps"]) - 1]:
            code = "\n".join(" " * deep + told["lines"][i] for i, deep in step["loop"])
            html += f'<div class="highlight"><p>{step["title"]}</p>'
            html += f'<pre lang="en">{code}</pre></div>'
        data = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        html += '</div><script type="application/json">' + data.replace("</", r"<\/")
        counts, _faults = self.parse_inline(told["words"]["counts"])
        raw = nodes.raw("", f"{html}</script></div>", format="html")
        return [nodes.paragraph("", "", *counts), raw]
