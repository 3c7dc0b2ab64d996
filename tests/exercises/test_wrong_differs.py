"""What is refused gives something else than what is right, on the check's own data.

Each wrong answer goes through its check, and so does the solution. All that a check can see of
either is noted: what each call of it gives back, or that it stops, and what becomes of all that it
was given. The two must part, by more than a check forgives; what parts them is said by its kind.
"""

import copy
import inspect
import itertools
import sys

import numpy as np
import pytest
import torch
from attempts import WRONG, run

from mnist_tut import exercises, inside
from mnist_tut.exercises import EXERCISES, common, module_of

#: What a check forgives.
FORGIVEN = {"rtol": 1e-4, "atol": 1e-6}
#: Where a result of the right value is refused for what it is, because the task says what it wants:
#: indices, and a plain number.
FORMS = {("my_share", "dtype"), ("my_step", "tensor"), ("MyFolder", "float_label")}
#: Where none is made: the class has another parent than the task says, which knows nothing of ours.
SILENT = {("MySequential", "no_module")}
#: From Python 3.13 on, a generator that nobody starts has not been called.
UNSTARTED = {("my_fit", "yields")}
DEEP = 6  # levels of attributes that are looked into


class Form(str):
    """What a value is, beside its numbers: a type or a dtype."""


def noted(value, depth=0):
    """Copy what can be seen of a value: its numbers, and its attributes some levels deep."""
    form = Form(type(value).__name__)
    if isinstance(value, inside.Tensor):
        return form, value.data.copy(), noted(value.grad, depth + 1)
    if isinstance(value, torch.Tensor):
        way = "trained" if value.requires_grad else ""
        grad = noted(value.grad, depth) if way and value.is_leaf else way
        return Form(value.dtype), value.detach().double().numpy().copy(), grad
    if isinstance(value, np.ndarray):
        return Form(value.dtype), value.copy(), ""
    if isinstance(value, (int, float, np.number)):
        return form, np.array(float(value)), ""
    if isinstance(value, (list, tuple)):
        return form, [noted(each, depth) for each in value]
    if isinstance(value, (dict, set)):
        pairs = value.items() if isinstance(value, dict) else [(v, 0) for v in value]
        named = [(key if isinstance(key, str) else "", each) for key, each in pairs]
        return form, [(key, noted(each, depth + 1)) for key, each in named]
    if depth > DEEP or value is None or isinstance(value, str):
        return value if isinstance(value, str) else str(type(value))
    own = [value]
    if "<locals>" in type(value).__qualname__:  # of the check: its methods take notes
        own += vars(type(value)).values()
    cells = [cell for each in own for cell in getattr(each, "__closure__", None) or ()]
    held = [
        cell.cell_contents for cell in cells if cell.cell_contents is not type(value)
    ]
    return form, noted([*held, getattr(value, "__dict__", {})], depth + 1)


def kept(value):
    """Keep hold of what is given: the things themselves, and what a generator is about to give."""
    if inspect.isgenerator(value):
        value = inspect.getgeneratorlocals(value).get(".0")
    return list(copy.copy(value)) if isinstance(value, type(iter([]))) else value


def seen_of(name, code):
    """Return what a check sees of an attempt: its results in their order, and what it was given."""
    attempt = run(name, code)
    home = common.functions_of(attempt)[0].__code__.co_filename
    results, given, raised = [], [], []

    def watch(frame, *_):
        code, back = frame.f_code, frame.f_back
        if code.co_filename != home or (back and back.f_code.co_filename == home):
            return None  # calls within the attempt are its own affair
        names = code.co_varnames[: code.co_argcount]
        mine = [kept(frame.f_locals[each]) for each in names]
        given.append(mine)
        frame.f_trace_lines = False

        def ends(_, event, result):
            if event == "return":
                results.append((noted(result), noted(mine)))
            return ends

        return ends

    file, before = module_of(name), sys.gettrace()

    def check(each):
        sys.settrace(watch)
        try:
            return file.check(each)
        except Exception as error:
            raised.append(type(error).__name__)
            raise
        finally:
            sys.settrace(before)

    common.tell(check, attempt, exercises.says(name, "en"), file.STUB)
    return results, [noted(each) for each in given], raised


def same(a, b, strict=True):
    """Tell whether two notes are the same, within what a check forgives."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and np.allclose(a, b, equal_nan=True, **FORGIVEN)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(
            same(c, d, strict) for c, d in zip(a, b, strict=True)
        )
    if isinstance(a, Form) and isinstance(b, Form):
        return a == b or not strict
    return type(a) is type(b) and a == b


def kind_of(wrong, right):
    """Say what sets a wrong answer apart from the right one; None if nothing does."""
    (out, after, raised), (want, then, _) = wrong, right
    if raised:
        return "stops"
    for strict, kind in ((False, "result"), (True, "form")):
        if any(not same(a[0], b[0], strict) for a, b in zip(out, want, strict=False)):
            return kind
    if any(
        not same(a, b) for a, b in zip([*out, *after], [*want, *then], strict=False)
    ):
        return "deed"
    return None if len(out) == len(want) else "silence"


def known(name, pairs):
    return {pair for pair in pairs if pair[0] == name}


def right_of(name):
    return seen_of(name, exercises.solution(name) + "\n")


@pytest.mark.parametrize("name", EXERCISES)
def test_what_is_refused_differs_from_what_is_right_by_more_than_a_check_forgives(name):
    right = right_of(name)
    assert kind_of(right_of(name), right) is None  # nothing parts what is the same
    kinds = [
        ((name, key), kind_of(seen_of(name, code), right), code)
        for each, code, key in WRONG
        if each == name
    ]
    assert [found for found in kinds if found[1] is None] == []
    assert {found[0] for found in kinds if found[1] == "form"} == known(name, FORMS)
    silent = {found[0] for found in kinds if found[1] == "silence"}
    assert silent - UNSTARTED == known(name, SILENT)


def hidden_by(name):
    """List the pairs of results that a check compares with and in no call tells apart."""
    alike, apart, file = set(), set(), module_of(name)

    def compare(out, want, **usual):
        pairs = [("right", want), *usual.items()]
        kinds = [
            (k, v) for k, vs in pairs for v in (vs if isinstance(vs, list) else [vs])
        ]
        for (one, a), (other, b) in itertools.product(kinds, kinds):
            told = alike if same(noted(a), noted(b), strict=False) else apart
            told.add((one, other))
        return common.compare(out, want, **usual)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "compare", compare)
        exercises.check(name, getattr(file, name))
    return {pair for pair in alike if pair[0] < pair[1]} - apart


@pytest.mark.parametrize(
    "name", [name for name in EXERCISES if hasattr(module_of(name), "compare")]
)
def test_no_data_of_a_check_hides_a_wrong_formula_behind_another(name):
    assert hidden_by(name) == set()
