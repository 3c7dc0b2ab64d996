"""The line that says where a page can be run."""

import pytest
from ext import launch
from miniature import build
from sphinx.errors import ConfigError

PAGE = "Title\n=====\n\nText.\n\n.. launch::\n"


def line(tmp_path, **settings):
    html, warnings = build(tmp_path, {"index": PAGE}, ["ext.launch"], **settings)
    assert warnings == ""
    return html["index"].select_one("p.launch")


def test_without_a_repository_there_is_no_line(tmp_path):
    assert line(tmp_path) is None


@pytest.mark.parametrize(
    ("language", "order", "others"),
    [
        ("en", ["Colab", "Kaggle"], []),
        ("zh_CN", ["Kaggle", "Colab"], ["魔搭（ModelScope）", "飞桨 AI Studio"]),
    ],
)
def test_a_notebook_opens_where_its_reader_can_reach_it_first(
    tmp_path, language, order, others
):
    found = line(tmp_path, language=language, repository="me/tut")
    links = {a.get_text(): a["href"] for a in found.select("a")}
    assert list(links) == order + others
    for host in order:
        assert links[host] == launch.address(host, "me/tut", "source", "index")
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
