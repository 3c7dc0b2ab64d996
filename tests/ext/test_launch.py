"""The line that says where a page can be run, and the one that says that it still works."""

import json
from importlib.metadata import version

import pytest
import record_newest
from ext.gallery import launch
from ext.page import still_works
from miniature import build
from sphinx.errors import ConfigError

PAGE = "Title\n=====\n\nText.\n\n.. launch::\n"
RECORD = "Title\n=====\n\nText.\n\n.. still-works::\n"


def line(tmp_path, **settings):
    html, warnings = build(
        tmp_path, {"index": PAGE}, ["ext.gallery.launch"], **settings
    )
    assert warnings == ""
    return html["index"].select_one("p.launch")


def test_without_a_repository_there_is_no_line(tmp_path):
    assert line(tmp_path) is None


@pytest.mark.parametrize(
    ("language", "order"), [("en", ["Colab", "Kaggle"]), ("zh_CN", ["Kaggle", "Colab"])]
)
def test_a_notebook_opens_where_its_reader_can_reach_it_first(
    tmp_path, language, order
):
    found = line(tmp_path, language=language, repository="me/tut")
    links = {a.get_text(): a["href"] for a in found.select("a")}
    assert list(links) == order
    for host, target in links.items():
        assert target == launch.address(host, "me/tut", "source", "index")
    clone = found.select_one("code").get_text()
    assert clone == "git clone https://github.com/me/tut"


def test_the_addresses_are_those_that_the_hosts_understand():
    assert launch.address("Colab", "me/tut", "en", "page") == (
        "https://colab.research.google.com/github/me/tut/blob/notebooks/en/page.ipynb"
    )
    assert launch.address("Kaggle", "me/tut", "zh", "page") == (
        "https://kaggle.com/kernels/welcome"
        "?src=https://github.com/me/tut/blob/notebooks/zh/page.ipynb"
    )


@pytest.mark.parametrize("name", ["tut", "https://github.com/me/tut", 'a/b">'])
def test_what_is_no_repository_stops_the_build(tmp_path, name):
    with pytest.raises(ConfigError, match="MNIST_TUT_REPO"):
        line(tmp_path, repository=name)


# still_works


def said(tmp_path, language="en", **record):
    settings = {"still_works": json.dumps(record)} if record else {}
    html, warnings = build(
        tmp_path,
        {"index": RECORD},
        ["ext.page.still_works"],
        language=language,
        **settings,
    )
    assert warnings == ""
    return [p.get_text() for p in html["index"].select("section p")][1:]


@pytest.fixture
def no_record(monkeypatch, tmp_path):
    monkeypatch.setattr("ext.page.still_works.FILE", tmp_path / "none.json")


@pytest.mark.usefixtures("no_record")
def test_without_a_record_nothing_is_claimed(tmp_path):
    assert said(tmp_path) == []


def test_a_run_that_passed_is_told_with_version_and_date(tmp_path):
    [text] = said(tmp_path, torch="2.99.1", date="2026-11-05", passed=True)
    assert text.startswith("Still works: on 5 November 2026 ")
    assert "PyTorch 2.99.1" in text


def test_a_run_that_failed_is_told_as_well(tmp_path):
    [text] = said(tmp_path, torch="2.99.1", date="2026-11-05", passed=False)
    assert "Still works" not in text
    assert f"made with PyTorch {version('torch').partition('+')[0]}." in text


@pytest.mark.parametrize(("passed", "words"), [(True, "仍然可用"), (False, "尚未跟上")])
def test_and_in_chinese(tmp_path, passed, words):
    [text] = said(tmp_path, "zh_CN", torch="2.99.1", date="2026-11-05", passed=passed)
    assert text.startswith(f"{words}：2026 年 11 月 5 日")
    assert "PyTorch 2.99.1" in text


@pytest.mark.parametrize(("outcome", "status"), [("passed", 0), ("failed", 1)])
def test_what_make_newest_writes_down_is_what_the_page_tells(
    tmp_path, monkeypatch, outcome, status
):
    file = tmp_path / "record.json"
    assert record_newest.main(outcome, file) == status
    monkeypatch.setattr("ext.page.still_works.FILE", file)
    [text] = said(tmp_path)
    assert text.startswith({"passed": "Still works:", "failed": "Not yet:"}[outcome])
    assert f"PyTorch {version('torch').partition('+')[0]}, the newest then" in text


def test_both_look_at_the_same_file():
    assert record_newest.FILE.resolve() == still_works.FILE.resolve()


def test_an_outcome_that_is_none_writes_nothing(tmp_path):
    assert record_newest.main("perhaps", tmp_path / "record.json") == 2
    assert not (tmp_path / "record.json").exists()
