"""What a download takes along from the package."""

import lesson
import pytest
from ext.downloads import Bundle
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


def test_code_comes_with_its_needs_and_only_the_imports_it_lacks():
    bundle = Bundle(["mnist_tut.plots.show_digits"])
    code = bundle.code(["mnist_tut.plots.show_digits"], {"import torch"})
    assert code.startswith("import math\n\n\nWIDTH = 3\n\n\ndef accuracy")
    assert code.count("def ") == 2
    assert "import torch" not in code
    assert '"""' not in code


def test_everything_is_handed_out_once():
    bundle = Bundle([])
    assert "def nll" in bundle.code(["mnist_tut.by_hand.nll"], set())
    assert bundle.code(["mnist_tut.by_hand.nll"], set()) == ""


def test_a_line_that_defines_two_names_is_handed_out_once(package):
    (package / "two.py").write_text("A, B = 1, 2\n\n\ndef f():\n    return A, B\n")
    code = Bundle([]).code(["mnist_tut.two.f"], set())
    assert code.count("A, B = 1, 2") == 1


def test_what_the_page_shows_waits_for_its_place():
    bundle = Bundle(["mnist_tut.by_hand.accuracy"])
    assert "def accuracy" not in bundle.code(["mnist_tut.plots.show_digits"], set())
    assert "def accuracy" in bundle.code(["mnist_tut.by_hand.accuracy"], set())


def test_two_objects_of_one_name_are_refused(package):
    (package / "twin.py").write_text("def nll():\n    pass\n")
    bundle = Bundle([])
    bundle.code(["mnist_tut.by_hand.nll"], set())
    with pytest.raises(
        ValueError, match=r"twin\.nll and mnist_tut\.by_hand\.nll share a name"
    ):
        bundle.code(["mnist_tut.twin.nll"], set())
