"""Your turn: exercises whose checks say what went wrong.

- ``stubs``: what the learner is given
- ``solutions``: one way to do it
- ``checks``: what an attempt is held against, with the usual misunderstandings
- ``messages``: what a check says, in each language

An exercise is known by the name that the learner's function or class bears. Pages and downloads
are made from what this module hands out; neither needs the package at the reader's.
"""

import ast
import inspect
import json
from collections.abc import Callable
from typing import NamedTuple

from mnist_tut.exercises import checks, solutions, stubs
from mnist_tut.exercises.messages import MESSAGES

__all__ = [
    "EXERCISES",
    "check",
    "check_cell",
    "helper_cell",
    "says",
    "solution",
    "stub_cell",
]


class Exercise(NamedTuple):
    """What a reader wants to know before beginning."""

    section: str  #: label of the section in which it stands
    minutes: int
    difficulty: int  #: 1, 2 or 3
    page: str = "nn_tutorial"  #: on which it stands


#: All exercises by name, in the order in which their pages bring them.
EXERCISES = {
    "my_log_sum_exp": Exercise("from-scratch", 5, 2),
    "my_nll": Exercise("from-scratch", 5, 1),
    "my_bias_gradient": Exercise("from-scratch", 5, 2),
    "my_top3": Exercise("from-scratch", 5, 2),
    "my_update": Exercise("from-scratch", 5, 1),
    "my_losses": Exercise("from-scratch", 10, 2),
    "my_cross_entropy": Exercise("nn-functional", 5, 2),
    "MyNet": Exercise("nn-linear", 5, 1),
    "MyStack": Exercise("torch-optim", 5, 1),
    "MyInverted": Exercise("dataset", 5, 1),
    "my_batches": Exercise("validation", 10, 2),
    "my_mean": Exercise("fit-get-data", 5, 1),
    "MySGD": Exercise("cnn", 10, 3),
    "my_batch_norm": Exercise("better", 10, 3),
    "my_cnn_32": Exercise("better", 5, 2),
    "my_freeze": Exercise("closing", 5, 2),
    "my_pictures": Exercise("wrong-view", 5, 1, "when_it_goes_wrong"),
    "my_step": Exercise("wrong-one-batch", 5, 2, "when_it_goes_wrong"),
    "my_shift": Exercise("own-augment", 10, 2, "your_own_project"),
    "my_f1": Exercise("own-confusion", 5, 2, "your_own_project"),
    "my_share": Exercise("many-shares", 5, 2, "one_loop_many_machines"),
    "my_resume": Exercise("many-restart", 5, 1, "one_loop_many_machines"),
}


def stub_cell(name: str) -> str:
    """Return the code that the learner is to complete."""
    return inspect.getsource(getattr(stubs, name)).rstrip()


def solution(name: str) -> str:
    """Return the code of a solution."""
    return inspect.getsource(getattr(solutions, name)).rstrip()


def says(name: str, language: str) -> dict[str, str]:
    """Return all that the check of an exercise can say, by key."""
    return {**MESSAGES[language]["every"], **MESSAGES[language][name]}


def check(
    name: str, attempt: Callable[..., object], language: str = "en"
) -> bool | None:
    """Hold an attempt against torch, and print one message about it.

    Parameters
    ----------
    name : str
        Which exercise.
    attempt : callable
        The learner's function or class.
    language : {"en", "zh"}
        Of the message.

    Returns
    -------
    bool or None
        True if it is right, None if it is still to be done, False otherwise. Nothing is raised,
        and the state of torch's random numbers is left as it was.
    """
    test = getattr(checks, f"check_{name}")
    return checks.tell(test, attempt, says(name, language))


def helper_cell(language: str) -> str:
    """Return the code that all checks share; nothing in it is specific to an exercise."""
    every = table("every", MESSAGES[language]["every"])
    return "\n\n\n".join(
        ["import torch", plain(checks.tell), plain(checks.compare), every]
    )


def check_cell(name: str, language: str, helpers: bool = True) -> str:
    """Return a cell that checks the learner's attempt, and needs nothing but torch.

    Parameters
    ----------
    name : str
        Which exercise.
    language : {"en", "zh"}
        Of the messages.
    helpers : bool, default True
        Whether to begin with :func:`helper_cell`. Once it has been run, later cells can do
        without.

    Returns
    -------
    str
        Python; its last line tells how the attempt did. The semicolon keeps notebooks from
        showing the value as well.
    """
    first = [helper_cell(language)] if helpers else []
    test = plain(getattr(checks, f"check_{name}"))
    texts = table("says", MESSAGES[language][name])
    call = f"tell(check_{name}, {name}, {{**every, **says}});"
    return "\n\n\n".join([*first, test, f"{texts}\n{call}"])


def plain(function: Callable[..., object]) -> str:
    """Return the source of a function without its docstring."""
    source = inspect.getsource(function)
    text = ast.parse(source).body[0].body[0]  # type: ignore[attr-defined]
    lines = source.splitlines()
    del lines[text.lineno - 1 : text.end_lineno]
    return "\n".join(lines).strip()


def table(name: str, texts: dict[str, str]) -> str:
    """Write a table of messages as Python."""
    lines = [f"    {quoted(key)}: {quoted(text)}," for key, text in texts.items()]
    return "\n".join([f"{name} = {{", *lines, "}"])


def quoted(text: str) -> str:
    """Write a text between double quotes, its characters as they are."""
    return json.dumps(text, ensure_ascii=False)
