"""The boxes of exercises and questions: on the page, on paper, and as cells of a download."""

import ast
import re
from pathlib import Path

import pytest
import torch
from attempts import NAMES
from ext.boxes import box
from ext.downloads import Cell, parts_of
from ext.markdown import Markdown
from gallery_scripts import blocks, prose
from miniature import build, built
from torch import nn

from mnist_tut import exercises
from mnist_tut.exercises import EXERCISES, module_of

ROOT = Path(__file__).parents[2]
NAME = "nn_tutorial.py"
PAGES = list(dict.fromkeys(known.page for known in EXERCISES.values()))
SPHINX = {"en": "en", "zh": "zh_CN"}
TASK = """
T
=

Section
-------

.. exercise:: my_nll

   Write the loss, as :math:`x` and ``code``.

.. guess:: What is ``1 + 1``?

   Two, *of course*.
"""
MATH = {"html_math_renderer": "mathml"}


def page(tmp_path, text=TASK, language="en"):
    html, warnings = build(
        tmp_path,
        {"index": text},
        ["ext.boxes", "ext.markup"],
        language=language,
        **MATH,
    )
    assert warnings == ""
    return html["index"]


def test_a_box_shows_its_task_and_folds_stub_hint_and_solution(tmp_path):
    found = page(tmp_path).select_one("#exercise-my-nll")
    assert found["data-exercise"] == "my_nll"
    title = found.select_one(".exercise-title")
    assert title.strong.get_text() == "Your turn 1"
    assert title.span.get_text() == "about 5 minutes · warm-up"
    assert found["aria-labelledby"] == title.strong["id"]
    shown = [child.name for child in found.find_all(recursive=False)]
    assert shown == ["p", "p", "details", "details", "details"]
    stub, solution = found.select("div.highlight-python pre")
    assert stub.get_text().rstrip() == exercises.stub_cell("my_nll")
    assert solution.get_text().rstrip() == exercises.solution("my_nll")
    start, hint, answer = found.select("details")
    kinds = [details["class"] for details in (start, hint, answer)]
    assert kinds == [["folded", kind] for kind in ("stub", "hint", "solution")]
    assert start.select_one("pre") is stub
    assert hint.summary.get_text() == "Hint"
    said = exercises.hint("my_nll", "en").replace("``", "")
    assert " ".join(hint.div.get_text().split()) == said
    assert hint.select_one("code").get_text() == "gather"
    assert answer.summary.get_text() == "Solution"
    assert answer.select_one("pre") is solution
    assert not {"open"} & {*hint.attrs, *answer.attrs}


def test_without_a_script_there_is_nothing_to_tick(tmp_path):
    label = page(tmp_path).select_one(".exercise-done")
    assert "hidden" in label.attrs
    assert label.input["type"] == "checkbox"
    assert label.get_text().strip() == "Done"


def test_a_question_folds_its_answer(tmp_path):
    question = page(tmp_path).select_one(".guess")
    assert question.p.get_text() == "Guess first: What is 1 + 1?"
    assert question.details.summary.get_text() == "Answer"
    assert question.details.div.get_text().strip() == "Two, of course."


def test_chinese_boxes_are_chinese(tmp_path):
    text = TASK.replace("my_nll", "my_pictures")  # the first of its own page
    html = page(tmp_path, text, language="zh_CN")
    task = html.select_one(".exercise")
    assert task.select_one(".exercise-title").get_text(" ", strip=True) == (
        "动手试试 1 约 5 分钟 · 热身 完成"
    )
    words = [s.get_text() for s in task.select("summary")]
    assert words == ["从这里写起", "提示", "参考答案"]
    assert task["data-count"] == "{all} 道练习，已完成 {done} 道"
    assert html.select_one(".guess p").get_text() == "先猜一猜：What is 1 + 1?"


def test_an_unknown_exercise_is_an_error_that_names_it(tmp_path):
    text = TASK.replace("my_nll", "my_null")
    _, warnings = build(tmp_path, {"index": text}, ["ext.boxes"])
    assert "there is no exercise 'my_null'" in warnings


# Downloads


def boxes(tmp_path, text, language="en"):
    """Return the boxes of a resolved page."""
    settings = {"language": language, **MATH}
    pages = {"index": text, "glossary": ":orphan:\n\nG\n=\n\n.. term-pairs::\n"}
    ours = ["ext.boxes", "ext.terms", "ext.markup"]
    with built(tmp_path, pages, ours, **settings) as app:
        tree = app.env.get_and_resolve_doctree("index", app.builder, tags=app.tags)
        all_boxes = [*tree.findall(box)]
        found = (
            [node for node in all_boxes if "exercise" in node],
            [node for node in all_boxes if "guess" in node["classes"]],
        )
        assert app.warning.getvalue() == ""
    return found


def test_a_box_becomes_three_cells_and_the_solution_is_not_one_to_run(tmp_path):
    ((task,), (question,)) = boxes(tmp_path, TASK)
    text, stub, check = parts_of(task, Markdown())
    hint = exercises.hint("my_nll", "en").replace("``", "`")
    assert text == Cell(
        "markdown",
        "**Your turn 1** · about 5 minutes · warm-up\n\n"
        "Write the loss, as $x$ and `code`.\n\n"
        f"<details><summary>Hint</summary>\n\n{hint}\n\n</details>\n\n"
        "<details><summary>Solution</summary>\n\n"
        f"```python\n{exercises.solution('my_nll')}\n```\n\n</details>",
    )
    assert stub == Cell("stub", exercises.stub_cell("my_nll"))
    assert check == Cell("check", "my_nll")
    assert Markdown().write(question) == (
        "**Guess first:** What is `1 + 1`?\n\n"
        "<details><summary>Answer</summary>\n\nTwo, *of course*.\n\n</details>"
    )


# The pages


def names_on(page):
    """List the exercises that stand on a page."""
    return [name for name, known in EXERCISES.items() if known.page == page]


def boxes_of(language, page):
    """Cut the boxes out of a page."""
    kind = r"^\.\. (?:exercise|guess)::.*\n(?:(?: {3}.*)?\n)+"
    found = "\n".join(re.findall(kind, prose(language, f"{page}.py") + "\n", re.M))
    return re.sub(r":(?:ref|doc):`([^`]+)`", r"\1", found)  # what is elsewhere


@pytest.fixture(
    scope="session", params=[(lang, page) for lang in SPHINX for page in PAGES]
)
def on_page(request, tmp_path_factory):
    """The boxes of a page, with its language and its name."""
    folder = tmp_path_factory.mktemp("pages")
    text = f"T\n=\n\n{boxes_of(*request.param)}"
    return *request.param, *boxes(folder, text, SPHINX[request.param[0]])


def test_every_exercise_has_its_task_and_hint_in_its_place(on_page):
    _, page, found, questions = on_page
    assert [task["exercise"] for task in found] == names_on(page)
    for task in found:
        folds = [n["classes"][-1] for n in task.findall(box) if "summary" in n]
        assert folds == ["stub", "hint", "solution"]
    assert len(questions) >= (9 if page == "nn_tutorial" else 0)


def filled(found, untouched, language):
    """Run the cells of all exercises, one after the other, and return what they know."""
    names = dict(NAMES)
    parts = [parts_of(task, Markdown()) for task in found]
    exec(exercises.checks_cell([check.text for *_, check in parts], language), names)
    for _, stub, check in parts:
        solution = exercises.solution(check.text)
        exec(stub.text if untouched else solution, names)
        exec(f"check({check.text})", names)
    return names


@pytest.mark.parametrize("untouched", [True, False])
def test_all_cells_run_untouched_and_with_all_solutions_filled_in(
    capsys, on_page, untouched
):
    language, page, found, _ = on_page
    filled(found, untouched, language)
    key = "todo" if untouched else "right"
    said = [exercises.says(name, language)[key] for name in names_on(page)]
    assert capsys.readouterr().out.splitlines() == said


@pytest.mark.parametrize("page", PAGES)
def test_the_cells_bind_no_name_that_the_page_uses(page):
    bound = {"checks", "check", *EXERCISES}
    script = ROOT / "gallery" / "en" / f"{page}.py"
    tree = ast.parse(script.read_text(encoding="utf-8"))
    assert not bound & {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


BOX = re.compile(r"^\.\. (exercise:: \w+|guess::)", re.M)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_exercise_stands_on_its_page_once_in_the_order_of_its_number(lang, page):
    text = prose(lang, f"{page}.py")
    found = re.findall(r"^\.\. exercise:: (\w+)$", text, re.M)
    assert found == names_on(page) != []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tutorial_asks_many_questions(lang):
    assert len(re.findall(r"^\.\. guess::", prose(lang, NAME), re.M)) >= 9


def test_both_pages_have_the_same_boxes_in_the_same_blocks():
    def outline(lang):
        return [
            BOX.findall(b.content) if b.type == "text" else []
            for b in blocks(lang, NAME)
        ]

    assert outline("en") == outline("zh")


@pytest.mark.parametrize("page", PAGES)
def test_an_exercise_stands_in_the_section_it_names(page):
    text = prose("en", f"{page}.py")
    sections = re.split(r"^\.\. _([\w-]+):$", text, flags=re.M)[1:]
    for label, text in zip(sections[::2], sections[1::2], strict=True):
        for name in re.findall(r"^\.\. exercise:: (\w+)$", text, re.M):
            assert EXERCISES[name].section == label, name


def test_names_that_an_exercise_needs_have_been_imported_above_it():
    for name, known in EXERCISES.items():
        script = ROOT / "gallery" / "en" / f"{known.page}.py"
        page = script.read_text(encoding="utf-8")
        above = page.partition(f".. _{known.section}:")[2]
        end = re.search(r"^# \.\. _", above, re.M)
        upto = page[: len(page) - len(above) + (end.start() if end else len(above))]
        tree = ast.parse(exercises.solution(name) + "\n" + exercises.stub_cell(name))
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        for needed in used & set(vars(module_of(name))) - {name}:
            brought = rf"^(from|import) .*\b{needed}\b|tested-source:: .*\.{needed}$"
            assert re.search(brought, upto, re.M), (name, needed)


def test_what_the_questions_say_is_so():
    assert round(50_000 * 784 * 4 / 1e6) == 157
    assert -torch.tensor(0.5).log().item() == pytest.approx(0.69, abs=0.005)
    net = module_of("MyNet").MyNet(50)
    assert sum(p.numel() for p in net.parameters()) == 39_760
    assert (len(range(0, 50_000, 64)), 50_000 % 64, len(range(0, 10_000, 128))) == (
        782,
        16,
        79,
    )
    x = torch.randn(8, 10, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(x.log_softmax(1).log_softmax(1), x.log_softmax(1))
    for side, width in (32, 10), (64, 40):
        cnn = nn.Sequential(*(nn.Conv2d(c, 10, 3, stride=2, padding=1) for c in (1, 10, 10)),
                            nn.AvgPool2d(4), nn.Flatten())  # fmt: skip
        assert cnn(torch.rand(3, 1, side, side)).shape == (3, width)


def test_the_errors_that_are_quoted_are_those_of_this_torch():
    stub = dict(NAMES)
    exec(exercises.stub_cell("MyStack"), stub)
    with pytest.raises(ValueError, match="optimizer got an empty parameter list"):
        torch.optim.SGD(stub["MyStack"]([784, 50, 10]).parameters(), lr=0.1)
    leaf = torch.zeros(3, requires_grad=True)
    quoted = "a leaf Variable that requires grad is being used in an in-place operation"
    with pytest.raises(RuntimeError, match=quoted):
        leaf -= 1
    for language in SPHINX:
        assert quoted in re.sub(r"\s+", " ", prose(language, NAME))
