"""The exercises: each says the right thing about right, wrong and missing answers."""

import ast
import inspect
import itertools
import re
import string

import pytest
import torch
from attempts import WRONG, run
from torch import nn

from mnist_tut import exercises
from mnist_tut.exercises import EXERCISES, checks, messages, solutions, stubs

LANGUAGES = list(messages.MESSAGES)
IDS = [f"{name}-{key}-{i}" for i, (name, _, key) in enumerate(WRONG)]


def judged(capsys, name, attempt, language="en"):
    """Return a check's verdict and what it printed."""
    verdict = exercises.check(name, attempt, language)
    return verdict, capsys.readouterr().out


def pattern(text):
    """Turn a message into a pattern in which every value may stand for its placeholder."""
    return ".+".join(map(re.escape, text.split("{}")))


def says(name, key, language):
    return pattern(exercises.says(name, language)[key])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_passes_and_is_told_what_it_teaches(capsys, name, language):
    verdict, said = judged(capsys, name, getattr(solutions, name), language)
    assert verdict is True
    assert said == exercises.says(name, language)["right"] + "\n"
    assert said.startswith({"en": "Right. ", "zh": "对了。"}[language])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXERCISES)
def test_an_untouched_stub_is_kindly_said_to_be_still_to_do(capsys, name, language):
    verdict, said = judged(capsys, name, getattr(stubs, name), language)
    assert verdict is None
    assert said == exercises.says(name, language)["todo"] + "\n"
    assert said.startswith({"en": "Still to be done", "zh": "这一题还没有做"}[language])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "code", "key"), WRONG, ids=IDS)
def test_a_wrong_answer_gets_its_own_hint(capsys, name, code, key, language):
    verdict, said = judged(capsys, name, run(name, code), language)
    expected = says(name, key, language)
    if key == "raised":
        expected += "\n" + says(name, "hint", language)
    assert re.fullmatch(expected + "\n", said), said
    assert verdict is (None if key == "todo" else False)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_three_misunderstandings_of_its_own(name):
    own = {key for n, _, key in WRONG if n == name} & set(messages.ENGLISH[name])
    assert len(own - {"todo"}) >= 3
    assert len({key for n, _, key in WRONG if n == name} - {"todo", "raised"}) >= 3


def test_every_message_is_reached():
    reached = {(name, key) for name, _, key in WRONG}
    reached |= {(name, "right") for name in EXERCISES}
    reached |= {(name, "todo") for name in EXERCISES}
    reached |= {(name, "hint") for name, key in reached if key == "raised"}
    own = {
        (name, key)
        for name, texts in messages.ENGLISH.items()
        for key in texts
        if name != "every"
    }
    assert own <= reached
    general = {key for name, key in reached if key not in messages.ENGLISH[name]}
    assert set(messages.ENGLISH["every"]) == general


def test_both_languages_have_the_same_messages_with_the_same_values():
    def shape(language):
        return {
            (name, key): [field for _, field, _, _ in string.Formatter().parse(text)]
            for name, texts in messages.MESSAGES[language].items()
            for key, text in texts.items()
        }

    english, chinese = shape("en"), shape("zh")
    assert english.keys() == chinese.keys()
    for key, fields in english.items():
        assert [f for f in fields if f is not None] == [
            f for f in chinese[key] if f is not None
        ], key
    assert [*messages.ENGLISH][1:] == [*EXERCISES]


def test_chinese_messages_are_chinese():
    for name, texts in messages.CHINESE.items():
        for key, text in texts.items():
            assert re.search("[\u4e00-\u9fff]{2}", text), (name, key)
            assert not re.search("[\u4e00-\u9fff] ?[,;:!?]( |$)", text), (name, key)


def test_no_two_messages_of_an_exercise_are_the_same():
    for texts in itertools.chain(*(m.values() for m in messages.MESSAGES.values())):
        assert len(set(texts.values())) == len(texts)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_leaves_the_random_numbers_as_they_were(capsys, name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for attempt in getattr(solutions, name), getattr(stubs, name):
        exercises.check(name, attempt)
        assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", EXERCISES)
def test_no_verdict_depends_on_a_seed(capsys, name):
    cases = [(code, key) for n, code, key in WRONG if n == name]
    for seed in range(3):
        torch.manual_seed(seed)
        assert exercises.check(name, getattr(solutions, name)) is True
        for code, key in cases:
            verdict = exercises.check(name, run(name, code))
            assert verdict is (None if key == "todo" else False)
    capsys.readouterr()


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_never_raises_and_prints_one_message(capsys, name):
    class Nothing(nn.Module):
        def forward(self, *_):
            return None

    def explodes(*_, **__):
        raise ValueError("first line\nsecond line")

    for attempt in explodes, None, ..., 3, (lambda *_, **__: "text"), Nothing:
        verdict, said = judged(capsys, name, attempt)
        assert verdict in (False, None)
        assert said.strip()
        assert "second line" not in said


@pytest.mark.parametrize("name", EXERCISES)
def test_grad_mode_of_the_caller_neither_matters_nor_changes(capsys, name):
    with torch.no_grad():
        assert exercises.check(name, getattr(solutions, name))
        assert not torch.is_grad_enabled()


def test_an_attempt_that_draws_gets_the_same_numbers_whatever_the_seed(capsys):
    drawn = []

    def draws(x):
        drawn.append(torch.rand(5))
        return x.logsumexp(1)

    for seed in range(3):
        torch.manual_seed(seed)
        assert exercises.check("my_log_sum_exp", draws)
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])


# What downloads are made of


def executed(capsys, code, names):
    """Run cells that share their names; return what they print."""
    exec(code, names)
    return capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_cell_runs_in_an_empty_namespace(capsys, name, language):
    cell = exercises.check_cell(name, language)
    for attempt, key in (
        (getattr(solutions, name), "right"),
        (getattr(stubs, name), "todo"),
        (run_first_wrong(name)),
    ):
        said = executed(capsys, cell, {name: attempt})
        assert re.match(says(name, key, language), said)
    imported = [n for n in ast.walk(ast.parse(cell)) if isinstance(n, ast.Import)]
    assert [alias.name for n in imported for alias in n.names] == ["torch"]
    assert not any(isinstance(n, ast.ImportFrom) for n in ast.walk(ast.parse(cell)))


def run_first_wrong(name):
    code, key = next((code, key) for n, code, key in WRONG if n == name)
    return run(name, code), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_helpers_brought_once_serve_all_cells(capsys, language):
    names = {}
    executed(capsys, exercises.helper_cell(language), names)
    for name in EXERCISES:
        cell = exercises.check_cell(name, language, helpers=False)
        names[name] = getattr(solutions, name)
        said = executed(capsys, cell, names)
        assert said == exercises.says(name, language)["right"] + "\n"
        assert len(cell.splitlines()) <= 40
        assert exercises.check_cell(name, language).endswith(cell)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_cell_carries_texts_of_one_language_and_no_comment(name):
    english, chinese = (exercises.check_cell(name, lang) for lang in ("en", "zh"))
    assert not re.search("[\u4e00-\u9fff]", english)
    assert "Still" not in chinese
    assert '"""' not in english
    assert not re.search(r"(^|\s)#", english)
    assert (
        english.splitlines()[-1] == f"tell(check_{name}, {name}, {{**every, **says}});"
    )


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_and_solution_agree_in_everything_that_is_given(name):
    stub, solved = exercises.stub_cell(name), exercises.solution(name)
    assert solved.splitlines()[0] == stub.splitlines()[0]
    for code in stub, solved:
        assert "#" not in code
        assert '"""' not in code
        assert max(map(len, code.splitlines())) <= 88
    if name not in ("MyStack", "my_step"):  # these hand out a program with faults in it
        assert "..." in stub
        given = [line for line in stub.splitlines() if line.strip() not in ("", "...")]
        assert [line for line in solved.splitlines() if line in given] == given
    new = [line for line in solved.splitlines() if line.strip() and line not in stub]
    assert 1 <= len(new) <= 10


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_cell_and_a_solution_run_as_cells(name):
    for code in exercises.stub_cell(name), exercises.solution(name):
        found = run(name, code)
        assert found.__name__ == name


def test_checks_share_nothing_but_two_helpers():
    for name in EXERCISES:
        code = getattr(checks, f"check_{name}").__code__
        nested = [c for c in code.co_consts if inspect.iscode(c)]
        used = {n for c in [code, *nested] for n in c.co_names}
        shared = used & set(vars(checks)) - {"torch"}
        assert shared <= {"compare"}, name
