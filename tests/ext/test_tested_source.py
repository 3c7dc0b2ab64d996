"""The directive that shows tested source on a page."""

import ast
import inspect

import pytest
import tested_source
from miniature import build
from test_finder import find_tests

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


def page_of(tmp_path, directive):
    """Build a page with a directive, an API entry to link to and the tests' pages."""
    text = f"T\n=\n\n{directive}\n\n.. autofunction:: mnist_tut.by_hand.nll\n"
    return build(
        tmp_path,
        {"index": text},
        ["sphinx.ext.autodoc", "tested_source", "test_pages"],
        suppress_warnings=["ref.python", "toc.not_included", "ref.ref"],
    )


def test_a_page_shows_the_source_and_links_to_the_api_entry_and_the_tests(tmp_path):
    html, _ = page_of(tmp_path, ".. tested-source:: mnist_tut.by_hand.nll")
    shown = html["index"].select_one(".tested-source")
    assert shown.select_one("pre").get_text().startswith("def nll(")
    assert (
        shown.select_one(".tested-source-links a")["href"] == "#mnist_tut.by_hand.nll"
    )
    tests = find_tests()["mnist_tut.by_hand.nll"]
    assert shown.select_one("details summary").get_text() == f"{len(tests)} tests"
    links = shown.select("details li a")
    assert [link.get_text() for link in links] == [test.sentence for test in tests]
    assert all(link["href"].startswith("tests/test_") for link in links)


def test_the_body_alone_is_shown_on_request(tmp_path):
    html, _ = page_of(
        tmp_path, ".. tested-source:: mnist_tut.by_hand.log_softmax\n   :body:"
    )
    shown = html["index"].select_one("pre").get_text()
    assert "def " not in shown
    assert shown.startswith("x = x - x.max(")


def test_a_class_has_no_body_to_show(tmp_path):
    _, warnings = page_of(
        tmp_path, ".. tested-source:: mnist_tut.models.Lambda\n   :body:"
    )
    assert "mnist_tut.models.Lambda is no function" in warnings


def test_what_changed_between_two_steps_is_a_real_difference(tmp_path):
    old, new = "mnist_tut.steps.with_linear", "mnist_tut.steps.with_optim"
    html, _ = page_of(tmp_path, f".. step-diff:: {old} {new}")
    shown = html["index"].select_one("details.step-diff pre").get_text()
    lines = {
        mark: [x[2:] for x in shown.splitlines() if x[:1] == mark] for mark in "-+ "
    }
    gone = [line.strip() for line in lines["-"]]
    come = [line.strip() for line in lines["+"]]
    assert gone == [
        "with torch.no_grad():",
        "for p in model.parameters():",
        "p -= p.grad * lr",
        "model.zero_grad()",
    ]
    assert come == [
        "opt = optim.SGD(model.parameters(), lr=lr)",
        "opt.step()",
        "opt.zero_grad()",
    ]
    assert "loss.backward()" in "".join(lines[" "])


def test_a_name_without_a_test_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tested_source, "find_tests", dict)
    _, warnings = page_of(tmp_path, ".. tested-source:: mnist_tut.by_hand.nll")
    assert "no test uses 'mnist_tut.by_hand.nll'" in warnings


@pytest.mark.parametrize(
    "name",
    ["mnist_tut.by_hand.nil", "mnist_tut.nowhere.nll", "nll", "mnist_tut.by_hand.math"],
)
def test_an_unknown_name_is_an_error_that_names_it(tmp_path, name):
    page = f"T\n=\n\n.. tested-source:: {name}\n"
    _, warnings = build(tmp_path, {"index": page}, ["tested_source"])
    assert f"cannot show '{name}'" in warnings
