"""The directive that shows tested source on a page."""

import lesson
import pytest
from ext import package_source
from ext.package_source import find_tests, source_of, without_docstrings
from miniature import build


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("lesson")
        lesson.write(folder, patch)
        yield folder


@pytest.fixture(scope="module")
def page(world):
    with lesson.site(world) as app:
        yield lesson.html(app)


def test_the_source_shown_is_the_objects_source_without_its_docstrings(world):
    assert source_of("mnist_tut.models.Mnist_Logistic") == (
        "class Mnist_Logistic(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.lin = nn.Linear(4, 3)\n"
        "\n"
        "    def forward(self, xb):\n"
        "        return self.lin(xb)"
    )


def test_comments_and_inner_blank_lines_stay():
    source = 'def f():\n    """Doc.\n\n    More.\n    """\n    # why\n    x = 1\n\n    return x\n'
    assert without_docstrings(source) == (
        "def f():\n    # why\n    x = 1\n\n    return x"
    )


def test_a_docstring_that_is_all_there_is_stays():
    source = 'class A:\n    """Doc."""\n'
    assert without_docstrings(source) == source.rstrip("\n")


def test_a_page_shows_the_source_and_links_its_name_and_its_tests(page):
    shown = page.select_one(".tested-source:has(> .tested-source-links)")
    assert (
        shown.select_one("pre").get_text().startswith("def log_softmax(x):\n    x = ")
    )
    name, tests = shown.select(".tested-source-links a")
    assert name["href"] == "../index.html#mnist_tut.by_hand.log_softmax"
    assert name.get_text() == "mnist_tut.by_hand.log_softmax"
    assert tests.get_text() == "2 tests"
    assert tests["href"] == (
        "../tests/test_by_hand.html#tests-of-mnist-tut-by-hand-log-softmax"
    )
    assert not shown.select("details")
    assert shown["id"] == "shown-mnist-tut-by-hand-log-softmax"


def test_one_test_is_counted_as_one(page):
    links = page.select(".tested-source-links")
    assert [line.select("a")[1].get_text() for line in links] == ["2 tests"] * 2 + [
        "1 test"
    ] * 2


def test_a_name_without_a_test_is_an_error(tmp_path, world):
    assert find_tests("mnist_tut.by_hand.accuracy") == []
    text = "T\n=\n\n.. tested-source:: mnist_tut.by_hand.accuracy\n"
    _, warnings = build(
        tmp_path, {"index": text}, ["sphinx.ext.autodoc", "ext.tested_source"]
    )
    assert "no test names 'mnist_tut.by_hand.accuracy'" in warnings


@pytest.mark.parametrize(
    "name",
    [
        "mnist_tut.by_hand.nil",
        "mnist_tut.nowhere.nll",
        "nll",
        "mnist_tut.by_hand.torch",
        "mnist_tut.inside",
    ],
)
def test_an_unknown_name_is_an_error_that_names_it(tmp_path, world, name):
    text = f"T\n=\n\n.. tested-source:: {name}\n"
    _, warnings = build(
        tmp_path, {"index": text}, ["sphinx.ext.autodoc", "ext.tested_source"]
    )
    assert f"cannot show '{name}'" in warnings


def test_an_object_that_is_passed_on_is_found_where_it_is_defined(world):
    path = world / "mnist_tut" / "shop.py"
    path.write_text("from mnist_tut.by_hand import nll\n")
    assert source_of("mnist_tut.shop.nll") == source_of("mnist_tut.by_hand.nll")
    assert package_source.full_name("mnist_tut.shop.nll") == "mnist_tut.by_hand.nll"
    path.unlink()


def test_a_box_begins_with_the_imports_that_no_cell_above_has_made(page):
    sources = [box.get_text() for box in page.select(".tested-source pre")]
    assert sources[2].startswith(
        "from mnist_tut.models import Mnist_Logistic\nfrom torch import optim\n\n\ndef get_model("
    )
    assert sources[1].startswith("def nll(")  # torch has been imported
    assert sources[3].startswith(
        "from mnist_tut.training import loss_batch\n\n\ndef fit("
    )


def test_an_object_that_is_shown_twice_is_found_where_it_is_not_folded(
    tmp_path, monkeypatch
):
    lesson.write(tmp_path, monkeypatch)
    script = tmp_path / "gallery" / "en" / "nn_tutorial.py"
    text = script.read_text().replace("# Lines: ", FOLDED + "# Lines: ")
    script.write_text(text)
    with lesson.site(tmp_path) as app:
        page = lesson.html(app)
        tests = lesson.html(app, "tests/test_by_hand")
    [place] = page.select("#shown-mnist-tut-by-hand-nll")
    assert not place.find_parent("details")
    links = tests.select("a[href*='nn_tutorial.html#']")
    assert {a["href"].partition("#")[2] for a in links} == {
        "shown-mnist-tut-by-hand-log-softmax",
        "shown-mnist-tut-by-hand-nll",
    }


FOLDED = "# .. tested-source:: mnist_tut.by_hand.nll\n#    :folded: Again\n#\n"
