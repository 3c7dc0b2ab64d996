"""Finding the tests of an object, and the places that use it, by reading."""

import json
import os
from types import SimpleNamespace

import lesson
import pytest
from ext import tested_source
from ext.package_source import Stated, files_of_tests, find_tests, read_tests
from sphinx.util.template import ReSTRenderer


@pytest.fixture
def world(tmp_path, monkeypatch):
    lesson.write(tmp_path, monkeypatch)
    return tmp_path


def names_of(object_name):
    return [test.name for test in find_tests(f"mnist_tut.{object_name}")]


def test_a_test_states_something_about_what_its_own_lines_name(world):
    assert names_of("by_hand.nll") == [
        "test_nll_is_a_mean",
        "TestMany.test_all_are_small",
    ]
    assert names_of("by_hand.log_softmax") == [
        "test_log_softmax_sums_to_one",
        "test_nll_is_a_mean",
    ]
    assert names_of("training.fit") == [
        "test_fit_trains"
    ]  # as an attribute of its module


def test_fixtures_helpers_and_tests_of_other_modules_do_not_count(world):
    assert names_of("by_hand.accuracy") == []
    assert names_of("training.accuracy") == []
    assert names_of("plots.show_digits") == []  # it has no test file


def test_tests_may_lie_in_folders_and_follow_packages(world):
    (world / "mnist_tut" / "mnist").mkdir()
    (world / "mnist_tut" / "mnist" / "__init__.py").write_text("def load(): pass")
    (world / "mnist_tut" / "mnist" / "cache.py").write_text("def keep(): pass")
    (world / "tests" / "mnist").mkdir()
    text = "from mnist_tut.mnist{} import {}\n\n\ndef test_x():\n    {}()\n"
    for name, values in (
        ("mnist", ("", "load", "load")),
        ("cache", (".cache", "keep", "keep")),
    ):
        (world / "tests" / "mnist" / f"test_{name}.py").write_text(text.format(*values))
    assert names_of("mnist.load") == names_of("mnist.cache.keep") == ["test_x"]
    (world / "tests" / "test_other.py").write_text("def test_y(): pass")
    assert "test_other.py" not in [path.name for path in files_of_tests().values()]


def test_a_test_comes_with_its_name_and_source(world):
    for test in read_tests(files_of_tests()["mnist_tut.by_hand"]):
        lines = test.source.splitlines()
        assert lines[0].strip().startswith(("def test_", "@pytest.mark"))
        assert "assert" in lines[-1]
    test = find_tests("mnist_tut.by_hand.nll")[1]
    assert test.sentence == "Many: all are small"
    assert test.label == "test_by_hand.TestMany.test_all_are_small"


def test_a_test_file_that_changed_is_read_again(world):
    path = world / "tests" / "test_training.py"
    assert names_of("training.get_model")
    path.write_text("")
    os.utime(path, (1, 1))
    assert names_of("training.get_model") == []


def test_a_sentence_says_numbers_and_groups_as_a_reader_would():
    numbers = Stated("f.py", "TestEveryStep.test_as_torch_up_to_1e_6", "")
    assert numbers.sentence == "Every step: as torch up to 1e-6"


def test_a_tests_page_leads_back_to_entry_lesson_and_list(world):
    with lesson.site(world) as app:
        page = lesson.html(app, "tests/test_by_hand")
        listing = lesson.html(app, "tests/index")
        menu = lesson.html(app, "index").select_one("ul").get_text()
    nll = page.find(id="tests-of-mnist-tut-by-hand-nll")
    targets = [link["href"].rpartition("/")[2] for link in nll.select("p > a")]
    assert targets[:2] == [
        "index.html#mnist_tut.by_hand.nll",
        "nn_tutorial.html#shown-mnist-tut-by-hand-nll",
    ]
    sentences = nll.select("ul[lang=en] > li")
    assert [s.get_text(strip=True) for s in sentences] == [
        "nll is a mean",
        "Many: all are small",
    ]
    for link in nll.select("ul a"):
        assert page.find(id=link["href"].removeprefix("#")) is not None
    assert page.select_one("a[href='index.html#tests']") is not None
    assert "mnist_tut.by_hand · 4 tests" in listing.get_text()
    assert "Tests" not in menu


def test_pages_of_tests_that_are_no_more_go(world):
    source = world / "docs" / "en" / "tests"
    source.mkdir(parents=True)
    (source / "test_old.rst").write_text("Old\n===\n")
    tested_source.write_pages(
        SimpleNamespace(srcdir=source.parent, config=SimpleNamespace(language="en"))
    )
    assert sorted(path.stem for path in source.iterdir()) == [
        "index",
        "test_by_hand",
        "test_models",
        "test_training",
    ]


def test_a_tests_page_holds_every_line_of_the_file_once():
    write = ReSTRenderer([tested_source.TEMPLATES], "en")
    for module, path in files_of_tests().items():
        page = tested_source.file_page(module, "en", write)
        shown = [line.strip() for line in page.splitlines() if line.startswith("   ")]
        shown.remove(":class: language-en")
        written = [
            line.strip() for line in path.read_text().splitlines() if line.strip()
        ]
        assert sorted(shown) == sorted(written)


def test_the_api_tells_where_an_object_is_shown_or_imported_and_its_tests(world):
    noted = []
    env = SimpleNamespace(note_dependency=noted.append)
    app = SimpleNamespace(config=SimpleNamespace(language="en"), env=env)

    def links(name):
        lines = []
        tested_source.add_links(app, "function", f"mnist_tut.{name}", None, None, lines)
        return lines

    assert links("by_hand.nll") == [
        "",
        ":In the tutorial: :ref:`By hand <shown-mnist_tut.by_hand.nll>`",
        ":Tested by: :ref:`2 tests <tests-of-mnist_tut.by_hand.nll>`",
        "",
    ]
    assert links("plots.show_digits")[1] == ":In the tutorial: :ref:`top`"
    assert links("training.loss_batch") == [
        "",
        ":Tested by: :ref:`1 test <tests-of-mnist_tut.training.loss_batch>`",
        "",
    ]
    assert links("data.load") == []
    assert str(world / "tests" / "test_by_hand.py") in noted


def test_names_that_mean_two_things_on_a_page_are_not_linked():
    code = "from a import x, y, z\nfrom b import y\nx = 1\nz()\n"
    assert tested_source.ambiguous(code) == {"x", "y"}


def test_what_a_page_imports_itself_comes_before_what_the_package_imports(world):
    folder = world / "docs" / "en" / "tutorials"
    folder.mkdir(parents=True)
    (world / "gallery" / "en" / "x.py").write_text(
        '"""\nT\n=\n"""\nfrom other import nn\nnn.Linear(1, 2)\n'
    )
    (folder / "x.codeobj.json").write_text("{}")
    tested_source.link_names(SimpleNamespace(srcdir=folder.parent))
    names = json.loads((folder / "x.codeobj.json").read_text())
    assert names["nn.Linear"][0]["module"] == "other.nn"
    assert "optim.SGD" in names  # which the package alone uses


def test_the_packages_names_are_known_by_their_origin(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(
        "from torch import nn\nimport torch.nn.functional as F\nF.avg_pool2d(nn.ReLU())\n"
    )
    names = tested_source.names_of(path)
    assert names["F.avg_pool2d"][0]["module"] == "torch.nn.functional"
    assert names["nn.ReLU"][0]["module"].startswith("torch.nn")
