"""The line that says where a page can be run."""

import re
import runpy
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from gallery_scripts import NAMES, ROOT
from jinja2 import Template
from sphinx import locale

TEMPLATE = ROOT / "docs" / "_templates" / "launch.html"


def line(folder, sphinx, page="tutorials/page"):
    locale.init([str(ROOT / "docs" / "locale")], sphinx)
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    facts = {"repository": "me/tut", "folder": folder, "pagename": page}
    return BeautifulSoup(template.render(facts, _=locale._), "html5lib")


def test_pages_without_a_notebook_have_no_line():
    assert line("en", "en", "about").p is None


@pytest.mark.parametrize(
    ("folder", "sphinx", "order", "others"),
    [
        ("en", "en", ["Colab", "Kaggle"], []),
        ("zh", "zh_CN", ["Kaggle", "Colab"], ["魔搭（ModelScope）", "飞桨 AI Studio"]),
    ],
)
def test_a_notebook_opens_where_its_reader_can_reach_it_first(
    folder, sphinx, order, others
):
    found = line(folder, sphinx)
    links = {a.get_text(): a["href"] for a in found.select("p.launch a")}
    assert list(links) == order + others
    assert links["Colab"] == (
        f"https://colab.research.google.com/github/me/tut/blob/notebooks/{folder}/page.ipynb"
    )
    assert links["Kaggle"] == (
        "https://kaggle.com/kernels/welcome"
        f"?src=https://github.com/me/tut/blob/notebooks/{folder}/page.ipynb"
    )
    clone = found.select_one("code").get_text()
    assert clone == "git clone https://github.com/me/tut"


@pytest.mark.parametrize("known", ["MNIST_TUT_REPO", "MNIST_TUT_SITE", ""])
def test_it_stands_where_the_repository_is_known(monkeypatch, known):
    for name in ("MNIST_TUT_REPO", "MNIST_TUT_SITE"):
        monkeypatch.setenv(name, "https://example.org/tut" if name == known else "")
    tags = SimpleNamespace(has=lambda name: name == "en")
    settings = runpy.run_path(str(ROOT / "conf.py"), {"tags": tags})
    shown = settings["html_theme_options"]["article_header_end"]
    assert shown == (["launch"] if known == "MNIST_TUT_REPO" else [])


def test_a_build_of_one_page_runs_that_page_alone(monkeypatch):
    monkeypatch.setenv("MNIST_TUT_PAGE", "nn_tutorial")
    tags = SimpleNamespace(has=lambda name: name == "en")
    settings = runpy.run_path(str(ROOT / "conf.py"), {"tags": tags})
    ignored = re.compile(settings["sphinx_gallery_conf"]["ignore_pattern"])
    run = [name for name in NAMES if not ignored.search(f"gallery/en/{name}")]
    assert run == ["nn_tutorial.py"]
