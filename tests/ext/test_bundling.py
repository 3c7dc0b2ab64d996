"""What a download takes along from the package."""

import lesson
import pytest
from ext.downloads import helpers
from ext.package_source import imports_of, needs, with_needs


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    lesson.write(tmp_path, monkeypatch)
    return tmp_path / "mnist_tut"


def test_an_object_needs_what_its_code_names_of_its_own_and_other_modules():
    assert list(needs("mnist_tut.plots.show_digits")) == [
        "mnist_tut.plots.WIDTH",
        "mnist_tut.by_hand.accuracy",
    ]
    assert imports_of("mnist_tut.plots.show_digits") == ["import math", "import torch"]


def test_needs_of_needs_come_first_and_circles_end(package):
    (package / "round.py").write_text(
        "def a():\n    b()\n\n\ndef b():\n    a(), C\n\n\nC = 1\n"
    )
    names = [name.rpartition(".")[2] for name in with_needs(["mnist_tut.round.a"])]
    assert names == ["C", "b", "a"]


def test_relative_imports_are_followed(package):
    (package / "near.py").write_text(
        "from .by_hand import nll\n\n\ndef f():\n    nll()\n"
    )
    assert list(needs("mnist_tut.near.f")) == ["mnist_tut.by_hand.nll"]


def test_a_helper_under_another_name_stops_the_build(package):
    text = "from .by_hand import nll as loss\n\n\ndef f():\n    loss()\n"
    (package / "other.py").write_text(text)
    with pytest.raises(
        ValueError, match=r"other\.f uses mnist_tut\.by_hand\.nll by an"
    ):
        list(needs("mnist_tut.other.f"))


USES = "from mnist_tut.plots import show_digits"


def test_code_comes_with_its_needs_and_the_imports_of_these():
    code = "\n\n\n".join(helpers([USES, "show_digits(1)", USES], set()))
    assert code.startswith("import math\nimport torch\n\n\nWIDTH = 3\n\n\ndef accuracy")
    assert code.count("def ") == 2
    assert '"""' not in code


def test_a_line_that_defines_two_names_is_handed_out_once(package):
    (package / "two.py").write_text("A, B = 1, 2\n\n\ndef f():\n    return A, B\n")
    _, *sources = helpers(["from mnist_tut.two import f"], set())
    assert sources == ["A, B = 1, 2", "def f():\n    return A, B"]


def test_what_the_page_shows_waits_for_its_place():
    _, *sources = helpers([USES], {"mnist_tut.by_hand.accuracy"})
    assert [source.partition("(")[0] for source in sources] == [
        "WIDTH = 3",
        "def show_digits",
    ]
