"""Your turn: exercises whose checks say what went wrong.

An exercise is one file, named like the function or class that the learner writes: where it stands
and how long it takes, ``STUB`` (what the learner begins with), a solution under the exercise's own
name, ``check`` (what an attempt is held against), ``HINT``, and ``MESSAGES`` (what the check says).
``common.py`` has what checks share, ``zh.toml`` all hints and messages in Chinese.

Pages and downloads are made from what this module hands out; a reader needs no package of ours.
"""

import ast
import inspect
import json
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from textwrap import indent
from types import ModuleType
from typing import Any, NamedTuple

from mnist_tut.exercises import common

__all__ = [
    "EXERCISES",
    "check",
    "checks_cell",
    "files_of",
    "hint",
    "says",
    "solution",
    "stub_cell",
]
FOLDER = Path(__file__).parent
#: The files of this folder, in the order in which their pages bring them.
ORDER = [
    "my_nll",
    "my_update",
    "my_unbroadcast",
    "my_tanh",
    "MySequential",
    "my_shapes",
    "my_conv",
    "my_adamw",
    "my_collate",
    "MyNet",
    "my_cross_entropy",
    "MyStack",
    "my_log_sum_exp",
    "my_bias_gradient",
    "my_freeze",
    "my_losses",
    "my_batches",
    "MySGD",
    "my_batch_norm",
    "my_size",
    "my_cnn_48",
    "MyLinear",
    "MyScaler",
    "my_predict",
    "MyInverted",
    "MyFolder",
    "my_order",
    "my_fit",
    "my_lr",
    "my_accumulate",
    "my_clip",
    "my_mend",
    "my_stop",
    "my_pictures",
    "my_step",
    "my_shift",
    "my_share",
]


class Exercise(NamedTuple):
    """What a reader wants to know before beginning."""

    section: str  #: label of the section in which it stands
    minutes: int
    difficulty: int  #: 1, 2 or 3
    page: str  #: on which it stands


def module_of(name: str) -> ModuleType:
    """Return the file of an exercise."""
    return import_module(f"{__name__}.{name}")


def described(name: str) -> Exercise:
    """Return what an exercise's file says of it."""
    file = module_of(name)
    return Exercise(file.SECTION, file.MINUTES, file.DIFFICULTY, file.PAGE)


#: All exercises by name, in the order in which their pages bring them.
EXERCISES = {name: described(name) for name in ORDER}


@cache
def catalogue(language: str) -> dict[str, Any]:
    """Return hints and messages in another language; a language without a file has none."""
    path = FOLDER / f"{language}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def files_of(name: str, language: str) -> list[str]:
    """List the files that decide what a page shows of an exercise."""
    files = [Path(__file__), FOLDER / "common.py", FOLDER / f"{name}.py"]
    translated = FOLDER / f"{language}.toml"
    return [str(path) for path in [*files, translated] if path.exists()]


def stub_cell(name: str) -> str:
    """Return the code that the learner is to complete."""
    return str(module_of(name).STUB).rstrip()


def solution(name: str) -> str:
    """Return the code of a solution."""
    return inspect.getsource(getattr(module_of(name), name)).rstrip()


def hint(name: str, language: str) -> str:
    """Return the hint, with names of code between double backticks."""
    return str(catalogue(language).get(name, {}).get("hint", module_of(name).HINT))


def says(name: str, language: str) -> dict[str, str]:
    """Return all that the check of an exercise can say, by key."""
    return every(language) | own(name, language)


def every(language: str) -> dict[str, str]:
    """Return what many checks say in the same words."""
    return common.MESSAGES | catalogue(language).get("every", {})


def own(name: str, language: str) -> dict[str, str]:
    """Return what one check alone says, and its hint as plain text."""
    texts = module_of(name).MESSAGES | catalogue(language).get(name, {})
    return texts | {"hint": hint(name, language).replace("``", "")}


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
    file = module_of(name)
    ready = getattr(file, "READY", ())
    return common.tell(file.check, attempt, says(name, language), file.STUB, ready)


SHARED = [
    getattr(common, name)
    for name in (
        "tell",
        "functions_of",
        "methods_of",
        "within",
        "untouched",
        "stopped",
        "meant",
        "line_of",
        "clue_of",
        "looked_through",
        "compare",
        "apart",
        "place_of",
    )
]


def checks_cell(names: list[str], language: str) -> str:
    """Return code that gives a notebook all checks of a page, and needs nothing but torch.

    Parameters
    ----------
    names : list of str
        The exercises of the page.
    language : {"en", "zh"}
        Of the messages.

    Returns
    -------
    str
        Python that binds one name, ``check``. Called with the learner's function or class, which
        it knows by the name that it bears in the notebook, it does as :func:`check`.
    """
    parts = [
        IMPORTS,
        table("CLUES", common.CLUES),
        table("every", every(language) | {"how": ""}),
    ]
    parts += map(without_docstring, SHARED)
    for name in names:
        test = without_docstring(module_of(name).check)
        parts.append(test.replace("def check(", f"def check_{name}(", 1))
        parts.append(table(f"says_{name}", own(name, language)))
    rows = "".join(
        f"    {quoted(name)}: (check_{name}, says_{name}, {quoted(module_of(name).STUB)}, "
        f"{getattr(module_of(name), 'READY', ())}),\n"
        for name in names
    )
    parts += [f"known = {{\n{rows}}}", CALL]
    body = indent("\n\n".join(parts), "    ")
    return f"def checks():\n{body}\n\n\ncheck = checks()"


def how(names: list[str], language: str) -> str:
    """Say how an exercise works, with a page's first one for example; nothing if it has none."""
    return every(language)["how"].format(names[0]) if names else ""


IMPORTS = (
    "import difflib, dis, functools, inspect, linecache, re, warnings\nimport torch"
)
CALL = """\
def check(attempt):
    names = [name for name in known if globals().get(name) is attempt]
    if not names:
        return print(every["unknown"].format(next(iter(known))))
    test, says, stub, ready = known[names[0]]
    return tell(test, attempt, every | says, stub, ready)

return check"""


def without_docstring(function: Callable[..., object]) -> str:
    """Return the source of a function without its docstring, if it has one."""
    source = inspect.getsource(function)
    body = ast.parse(source).body[0].body[0]  # type: ignore[attr-defined]
    lines = source.splitlines()
    if function.__doc__:
        del lines[body.lineno - 1 : body.end_lineno]
    return "\n".join(lines).strip()


def table(name: str, texts: dict[str, str]) -> str:
    """Write a table of messages as Python."""
    lines = [f"    {quoted(key)}: {quoted(text)}," for key, text in texts.items()]
    return "\n".join([f"{name} = {{", *lines, "}"])


def quoted(text: str) -> str:
    """Write a text between double quotes, its characters as they are."""
    return json.dumps(text, ensure_ascii=False)
