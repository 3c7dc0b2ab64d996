"""Make notebooks to teach with: ``class_notebooks.py build``, after the build.

In ``build/class/<language>``, laid out as a course of nbgrader, lie

- ``handout/<page>.ipynb``, to hand out: the exercises without their solutions;
- ``source/<page>/<page>.ipynb``, to keep: the same with a solution in each exercise, between the
  marks at which nbgrader takes it out.

A cell to fill in and the cell that checks it are marked for nbgrader. On the site a check prints
and never raises; the one that is graded asserts as well. Both do without nbgrader, too.
"""

import ast
import copy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from notebooks import downloads

from mnist_tut.exercises import EXERCISES, solution, stub_cell

CONFIG = '''"""For nbgrader: a course of one assignment a page. Run nbgrader in this folder."""

c = get_config()  # noqa: F821  (nbgrader defines it)
c.CourseDirectory.course_id = "what-torch-nn-really-is"
c.ClearSolutions.code_stub = {"python": ""}  # what students start from stands above the solution
c.Execute.timeout = 900  # seconds that a cell may take; some of them train
'''
TELLS = """{language}

handout/  notebooks to hand out: every exercise with what to start from, and without a solution
          发给学生的笔记本：每道练习只有起始代码，没有答案
source/   the same with solutions, for you and for nbgrader: keep them to yourself
          同样的笔记本，带有答案，供您自己和 nbgrader 使用，请勿外传

With nbgrader, in this folder:      nbgrader generate_assignment nn_tutorial
使用 nbgrader 时，请在本文件夹中运行： nbgrader autograde nn_tutorial
The points of an exercise are its difficulty, 1 to 3.
每题的分值就是它的难度，1 至 3 分。
"""


def marks(name: str, graded: bool) -> dict[str, object]:
    """Return what nbgrader has to know of a cell."""
    marked = {
        "schema_version": 3,
        "grade_id": f"check-{name}" if graded else name,
        "grade": graded,
        "solution": not graded,
        "locked": graded,
        "task": False,
    }
    return marked | ({"points": EXERCISES[name].difficulty} if graded else {})


def asserted(check: str) -> str:
    """Let the last statement of a check stop the run unless the answer is right."""
    last = ast.parse(check).body[-1]
    if not isinstance(last, ast.Expr):
        raise SystemExit(f"a check has to end with what it found: {check[-80:]!r}")
    lines = check.splitlines()
    lines[last.lineno - 1 :] = [f"assert {ast.unparse(last)}"]
    return "\n".join(lines)


def without_solution(text: str, name: str) -> str:
    """Take the folded solution of an exercise out of its task."""
    end = f"```python\n{solution(name)}\n```\n\n</details>"
    before, found, after = text.partition(end)
    start = before.rfind("\n\n<details>")
    if not found or start < 0:
        raise SystemExit(f"the solution of {name} was not found below its task")
    return before[:start] + after


def exercises_of(book: NotebookNode) -> Iterator[tuple[str, list[NotebookNode]]]:
    """Yield each exercise of a notebook: its name, and the cells with task, stub and check."""
    stubs = {stub_cell(name): name for name in EXERCISES}
    for place, cell in enumerate(book.cells):
        if name := stubs.get(cell.source):
            yield name, book.cells[place - 1 : place + 2]


def for_class(book: NotebookNode) -> tuple[NotebookNode, NotebookNode]:
    """Return what students get, and the same with solutions; the notebook itself stays."""
    handed_out = copy.deepcopy(book)
    for name, (task, stub, check) in exercises_of(handed_out):
        task.source = without_solution(task.source, name)
        stub.metadata["nbgrader"] = marks(name, graded=False)
        check.source = asserted(check.source)
        check.metadata["nbgrader"] = marks(name, graded=True)
    kept = copy.deepcopy(handed_out)
    for name, (_task, stub, _check) in exercises_of(kept):
        solved = f"### BEGIN SOLUTION\n{solution(name)}\n### END SOLUTION"
        stub.source = f"{stub.source}\n\n\n{solved}"
    return handed_out, kept


def main(build: str) -> int:
    """Make the folders anew; return the exit status."""
    folder = Path(build, "class")
    shutil.rmtree(folder, ignore_errors=True)
    count = 0
    for lang, path in downloads(Path(build, "html")):
        book = nbformat.read(path, as_version=4) if path.suffix == ".ipynb" else None
        if book is None or not list(exercises_of(book)):
            continue
        count += len(list(exercises_of(book)))
        course = folder / lang
        places = course / "handout", course / "source" / path.stem
        for place, made in zip(places, for_class(book), strict=True):
            place.mkdir(parents=True, exist_ok=True)
            nbformat.write(made, place / path.name)
        (course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
        title = "What torch.nn really is · torch.nn 到底是什么"
        (course / "README.txt").write_text(TELLS.format(language=title), "utf-8")
    print(f"{count} exercises without their solutions are in {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
