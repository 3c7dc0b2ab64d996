"""Finding the tests of an object, and the places that use it, by reading."""

import importlib
from types import SimpleNamespace

import pytest
import source_names
import test_finder
import test_pages
import where_used
from first_use import pattern
from gallery_scripts import ROOT
from miniature import build
from test_finder import TestFile, find_tests

TESTS = """
import pytest
from mnist_tut import data, steps as s
from mnist_tut.by_hand import nll as loss, accuracy

CASES = [accuracy, 1]
by_case = pytest.mark.parametrize("case", CASES)


def helper():
    return loss(1)


@pytest.fixture
def thing():
    return helper()


def test_by_name():
    assert loss


@by_case
def test_by_a_list_of_cases(case):
    assert case


def test_by_a_fixture(thing):
    assert thing


def test_by_a_module():
    assert data.load_mnist() and s.measure


def test_nothing():
    nll = accuracy_of = 1
    assert nll


class TestThem:
    def test_in_a_class(self):
        assert helper()
"""


def uses(tmp_path, text=TESTS):
    path = tmp_path / "test_x.py"
    path.write_text(text)
    return {test.name: names for test, names in TestFile(path).tests()}


def test_tests_that_need_the_real_file_are_known_by_their_mark(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(
        "@needs_real\ndef test_real(): pass\n\n@needs\ndef test_other(): pass\n"
    )
    found = {test.name: test.needs_mnist for test, _ in TestFile(path).tests()}
    assert found == {"test_real": True, "test_other": False}


def test_names_are_followed_through_aliases_helpers_fixtures_and_cases(tmp_path):
    nll, accuracy = "mnist_tut.by_hand.nll", "mnist_tut.by_hand.accuracy"
    found = uses(tmp_path)
    assert found["test_by_name"] == {nll}
    assert accuracy in found["test_by_a_list_of_cases"]
    assert found["test_by_a_fixture"] == {nll}
    assert {"mnist_tut.data.load_mnist", "mnist_tut.steps.measure"} <= found[
        "test_by_a_module"
    ]
    assert found["test_nothing"] == set()
    assert found["TestThem::test_in_a_class"] == {nll}


def test_a_helper_that_calls_itself_ends_the_search(tmp_path):
    text = "def a():\n    return b()\n\n\ndef b():\n    return a()\n\n\ndef test_a():\n    a()\n"
    assert uses(tmp_path, text) == {"test_a": set()}


def test_names_and_lines_of_a_test_lead_to_its_source(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(TESTS)
    lines = TESTS.splitlines()
    for test, _ in TestFile(path).tests():
        assert lines[test.first_line - 1].startswith(("def ", "@by_case", "    def "))
        assert "assert" in lines[test.last_line - 1]
    test = next(t for t, _ in TestFile(path).tests() if "class" in t.name)
    assert test.sentence == "Them: in a class"
    assert test.label == "test_x.TestThem.test_in_a_class"


def test_only_objects_of_the_package_are_listed():
    found = find_tests()
    assert "mnist_tut.by_hand.nll" in found
    assert not {
        "mnist_tut.data",
        "mnist_tut.steps.__all__",
        "mnist_tut.plots.COLORS",
    } & set(found)


def test_every_public_object_has_a_test():
    for path in (ROOT / "mnist_tut").glob("[a-z]*.py"):
        module = importlib.import_module(f"mnist_tut.{path.stem}")
        for name in module.__all__:
            full = f"{module.__name__}.{name}"
            protocol = getattr(getattr(module, name), "_is_protocol", False)
            if test_finder.is_object(full) and not protocol:
                assert full in find_tests(), f"no test uses {full}"


def test_a_tests_page_holds_every_line_of_the_file_once():
    for path in test_finder.module_tests():
        page = test_pages.file_page(path, test_pages.WORDS["en"])
        shown = [line.strip() for line in page.splitlines() if line.startswith("   ")]
        written = [
            line.strip() for line in path.read_text().splitlines() if line.strip()
        ]
        assert sorted(shown) == sorted(written)


def test_the_api_tells_which_sections_use_an_object():
    for lang in ("en", "zh"):
        found = where_used.sections(lang)
        assert found["mnist_tut.by_hand.nll"] == ["from-scratch"]
        assert found["mnist_tut.steps.Mnist_Logistic"] == ["nn-module"]
        assert "cnn" in found["mnist_tut.plots.digits"]
        assert found["mnist_tut.training.fit"] == ["fit-get-data"]


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [("en", "1 test", "2 tests"), ("zh_CN", "1 个", "2 个")],
)
def test_the_api_counts_one_test_and_many(monkeypatch, language, one, many):
    tests = {"mnist_tut.x.one": ["a"], "mnist_tut.x.many": ["a", "b"]}
    monkeypatch.setattr(where_used, "find_tests", lambda: tests)
    env = SimpleNamespace(note_dependency=lambda path: None)
    app = SimpleNamespace(config=SimpleNamespace(language=language), env=env)
    for name, count in (("mnist_tut.x.one", one), ("mnist_tut.x.many", many)):
        lines = []
        where_used.add_links(app, "function", name, None, None, lines)
        assert f":ref:`{count} <tests-of-{name}>`" in lines[1]


def test_names_that_mean_two_things_on_a_page_are_not_linked():
    code = "from a import x, y, z\nfrom b import y\nx = 1\nz()\n"
    assert source_names.ambiguous(code) == {"x", "y"}


def test_the_packages_names_are_known_by_their_origin():
    source = "from torch import nn\nimport torch.nn.functional as F\nF.avg_pool2d(nn.ReLU())\n"
    names = source_names.names_of(source)
    assert names["F.avg_pool2d"][0]["module"] == "torch.nn.functional"
    assert names["nn.ReLU"][0]["module"].startswith("torch.nn")


def test_the_longest_term_wins_and_plurals_count():
    english = pattern(["gradient", "mini-batch", "stochastic gradient descent"], "en")
    found = english.findall(
        "Mini-batches, Stochastic gradient descent, gradients, gradiently"
    )
    assert found == ["Mini-batch", "Stochastic gradient descent", "gradient"]
    chinese = pattern(["数据", "数据集", "数据加载器"], "zh")
    assert chinese.findall("数据加载器读数据集里的数据") == [
        "数据加载器",
        "数据集",
        "数据",
    ]


def test_a_term_is_linked_once_and_not_in_titles_or_code(tmp_path):
    page = (
        "Tensor\n======\n\n``tensor`` and a tensor, one more tensor, two *tensors*.\n\n"
        ".. toctree::\n\n   /glossary\n"
    )
    folder = tmp_path / "source" / "tutorials"
    build_pages = {"index": "I\n=\n\n.. toctree::\n\n   tutorials/x\n"}
    html, warnings = build(
        tmp_path,
        {**build_pages, "tutorials/x": page, "glossary": "G\n=\n\n.. term-pairs::\n"},
        ["term_pairs", "first_use"],
    )
    assert folder.exists()
    assert warnings == ""
    links = html["tutorials/x"].select("a[href*='glossary.html#term-tensor']")
    assert [link.get_text() for link in links] == ["tensor"]
