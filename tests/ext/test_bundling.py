"""What a download takes along from the package."""

import ast

import pytest
from bundling import Bundle, needs
from gallery_scripts import prose

SHOWN = ["mnist_tut.by_hand.nll", "mnist_tut.steps.linear_from"]


def defined(code):
    return [
        n.name
        for n in ast.parse(code).body
        if isinstance(n, ast.FunctionDef | ast.ClassDef)
    ]


def test_an_object_needs_what_its_code_names_but_not_what_only_annotations_name():
    assert set(needs("mnist_tut.by_hand.train_by_hand")) == {
        "mnist_tut.by_hand.training_pair",
        "mnist_tut.by_hand.nll",
        "mnist_tut.by_hand.model",
        "mnist_tut.checks.check_loss",
        "mnist_tut.by_hand.Trained",
    }
    assert "mnist_tut.models.Mnist_Logistic" not in set(
        needs("mnist_tut.steps._trained")
    )


def test_helpers_are_what_is_needed_and_not_shown():
    helpers = Bundle(SHOWN).helpers(["mnist_tut.by_hand.nll"])
    assert set(helpers) == {
        "mnist_tut.checks.check_batch",
        "mnist_tut.checks.check_labels",
        "mnist_tut.models.Mnist_Logistic",
    }


def test_everything_is_handed_out_once_with_its_imports_first():
    bundle = Bundle(["mnist_tut.by_hand.nll", "mnist_tut.by_hand.accuracy"])
    helpers = bundle.code(bundle.helpers(["mnist_tut.by_hand.nll"]))
    assert defined(helpers) == ["check_batch", "check_labels"]
    assert helpers.index("import torch") < helpers.index("def check_labels")
    nll = bundle.code(["mnist_tut.by_hand.nll"])
    assert defined(nll) == ["nll"]
    assert "import torch" not in nll  # the helpers have brought it
    assert bundle.code(["mnist_tut.by_hand.nll"]) == ""


def test_constants_come_with_the_first_object_that_needs_them():
    bundle = Bundle(["mnist_tut.models.preprocess", "mnist_tut.models.Mnist_CNN"])
    code = bundle.code(["mnist_tut.models.preprocess"])
    assert code.index("SIDE = 28") < code.index("def preprocess")
    assert "SIDE" not in bundle.code(["mnist_tut.models.Mnist_CNN"])


def test_a_name_used_under_an_alias_is_given_that_alias():
    bundle = Bundle(["mnist_tut.models.Mnist_Logistic", "mnist_tut.steps.linear_from"])
    bundle.code(["mnist_tut.models.Mnist_Logistic"])
    assert bundle.code(["mnist_tut.steps.linear_from"]).startswith(
        "LinearLogistic = Mnist_Logistic\n"
    )


def test_no_docstring_is_taken_along():
    bundle = Bundle([])
    code = bundle.code(bundle.helpers(["mnist_tut.training.fit"]))
    assert "numpydoc" not in code
    assert "Parameters\n" not in code
    assert "def fit(" in code


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_helpers_never_share_a_name_with_what_the_page_shows(lang):
    import re

    shown = re.findall(
        r"^\.\. tested-source:: (\S+)", prose(lang, "nn_tutorial.py"), re.M
    )
    helpers = Bundle(shown).helpers([])
    last = [name.rpartition(".")[2] for name in helpers]
    assert len(set(last)) == len(last)
    assert not set(last) & {name.rpartition(".")[2] for name in shown}
