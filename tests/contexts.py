"""Hold what test_finder found by reading the tests against what coverage saw.

Run by ``make test`` after the tests, which leave behind the lines that each of them executed:
a test that is named under a function on a page must have run that function.
"""

import ast
import functools
import inspect

import coverage
import pytest
from data_world import REAL
from test_finder import ROOT, Test, find_tests
from tested_source import find_object

PAIRS = [(name, test) for name, tests in sorted(find_tests().items()) for test in tests]


@functools.cache
def contexts_of(file: str) -> dict[int, set[str]]:
    """Map the lines of a module to the tests that ran them, as ``file::Class::name``."""
    data = coverage.CoverageData(str(ROOT / ".coverage"))
    data.read()
    lines = data.contexts_by_lineno(file)
    if not lines:
        pytest.fail(
            f"coverage saw nothing of {file}: run the tests with --cov-context=test"
        )
    return {line: set(map(shortened, contexts)) for line, contexts in lines.items()}


def shortened(context: str) -> str:
    """Drop a test's parameters; a fixture that many tests share stands for all of its file."""
    test, _, phase = context.partition("|")
    return (
        f"{test.partition('::')[0]}::fixtures"
        if phase == "setup"
        else test.partition("[")[0]
    )


def body_lines(name: str) -> set[int]:
    """Return the lines within the functions of an object, where running it leaves a trace."""
    found = inspect.unwrap(find_object(name))
    source, start = inspect.getsourcelines(found)
    tree = ast.parse("".join(source))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return {
        start + line - 1
        for function in functions
        for statement in function.body
        for line in range(statement.lineno, (statement.end_lineno or 0) + 1)
    }


@pytest.mark.parametrize(
    ("name", "test"), PAIRS, ids=[f"{name}-{test.label}" for name, test in PAIRS]
)
def test_a_test_named_under_a_function_has_run_it(name: str, test: Test):
    lines = body_lines(name)
    if not lines:
        assert inspect.isclass(
            find_object(name)
        )  # only data: nothing of it is ever run
        return
    if test.needs_mnist and not REAL.is_file():
        pytest.skip("the test itself needs the real file")
    ran = contexts_of(inspect.getsourcefile(inspect.unwrap(find_object(name))))
    file = f"tests/{test.file}"
    wanted = {f"{file}::{test.name}", f"{file}::fixtures"}
    seen = any(wanted & ran.get(line, set()) for line in lines)
    assert seen, f"{test.name} never ran {name}"
