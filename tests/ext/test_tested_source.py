"""The directive that shows tested source on a page."""

import ast
import inspect

import pytest
import tested_source
from miniature import build

from mnist_tut import by_hand, models


def test_the_source_shown_is_the_objects_source_without_its_docstrings():
    shown = tested_source.source_of("mnist_tut.models.Mnist_CNN")
    assert '"""' not in shown
    real = ast.parse(inspect.getsource(models.Mnist_CNN))
    for node in ast.walk(real):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    assert ast.dump(ast.parse(shown)) == ast.dump(real)


def test_the_docstring_is_shown_on_request():
    shown = tested_source.source_of("mnist_tut.by_hand.nll", docstring=True)
    assert shown == inspect.getsource(by_hand.nll)


def test_comments_and_inner_blank_lines_stay():
    source = 'def f():\n    """Doc.\n\n    More.\n    """\n    # why\n    x = 1\n\n    return x\n'
    assert tested_source.without_docstrings(source) == (
        "def f():\n    # why\n    x = 1\n\n    return x"
    )


def test_a_page_shows_the_source_and_links_to_the_api_entry(tmp_path):
    page = (
        "T\n=\n\n.. tested-source:: mnist_tut.by_hand.nll\n\n"
        ".. autofunction:: mnist_tut.by_hand.nll\n"
    )
    extensions = ["sphinx.ext.autodoc", "tested_source"]
    html, _ = build(tmp_path, {"index": page}, extensions)
    assert "def nll(" in html["index"].select_one("pre").get_text()
    link = html["index"].select_one(".tested-source-links a")
    assert link["href"] == "#mnist_tut.by_hand.nll"


@pytest.mark.parametrize(
    "name",
    ["mnist_tut.by_hand.nil", "mnist_tut.nowhere.nll", "nll", "mnist_tut.by_hand.math"],
)
def test_an_unknown_name_is_an_error_that_names_it(tmp_path, name):
    page = f"T\n=\n\n.. tested-source:: {name}\n"
    _, warnings = build(tmp_path, {"index": page}, ["tested_source"])
    assert f"cannot show '{name}'" in warnings
