"""A new page costs two scripts and two lines; a new language its texts, one catalogue, one entry.

Both are tried on a copy of the house with one made-up page, built as ``make html`` does.
"""

import io
import os
import re
import shutil
import subprocess
import sys

import pytest
from babel.messages.pofile import read_po, write_po
from bs4 import BeautifulSoup
from gallery_scripts import ROOT

PAGE = '''"""
.. _made-top:

{title}
==============

- {title}

{title}: :doc:`/glossary`.
"""

# %%
# .. _made-section:
#
# {title}
# --------------
#
# .. tested-source:: mnist_tut.by_hand.accuracy

import torch

from mnist_tut.by_hand import accuracy

print(accuracy(torch.eye(3), torch.tensor([0, 1, 1])))

# %%
# .. exercise:: my_nll
#
#    {title}
#
# {recap}
'''
INDEX = """{title}
==============

.. toctree::

   tutorials/made_up
   glossary
   api
"""
API = """.. _api:

API
===

.. automodule:: mnist_tut.by_hand
   :members:
   :ignore-module-all:
"""
TEXTS = {
    "en": {"title": "Made up", "recap": "**In short:** so."},
    "zh": {"title": "虚构的一页", "recap": "**小结**：如此。"},
    "eo": {"title": "«Elpensita»", "recap": "**«In short»:** «do»."},
}
BUILT = ["en", "eo"]  # ours, and the new one
ENTRY = '    "eo": Language("eo", "eo", "eo_FR", "Esperanto", "«torch.nn»"),\n'
MARKED = "«{}»"


def copied(folder):
    """Copy the house without its pages and without what was built."""
    built = shutil.ignore_patterns("__pycache__", "tutorials", "*.mo", "backreferences")
    for name in ("docs", "mnist_tut", "gallery"):
        shutil.copytree(ROOT / name, folder / name, ignore=built)
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "test_by_hand.py", folder / "tests")
    for name in ("conf.py", "constraints.txt", "docutils.conf", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for path in (folder / "gallery").glob("*/*.py"):
        path.unlink()


def add_language(folder):
    """Add a language whose own words are marked: one entry, one catalogue, its texts."""
    entries = folder / "docs" / "ext" / "languages.py"
    text = entries.read_text(encoding="utf-8")
    entries.write_text(text.replace("\n}\n", f"\n{ENTRY}}}\n"), encoding="utf-8")
    path = folder / "docs" / "locale" / "zh_CN" / "LC_MESSAGES" / "sphinx.po"
    catalogue = read_po(io.BytesIO(path.read_bytes()))
    for message in catalogue:
        if message.id:
            message.string = re.sub(r"^(\W*)(.*?)(\W*)$", r"\1«\2»\3", message.id)
    target = folder / "docs" / "locale" / "eo" / "LC_MESSAGES" / "sphinx.po"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_po(file, catalogue)
    header = folder / "gallery" / "eo"
    shutil.copytree(folder / "gallery" / "en", header)
    glossary = folder / "docs" / "glossary.toml"
    text = glossary.read_text(encoding="utf-8")
    text = re.sub(r'^(en = "(.*)")$', r'\1\neo = "«\2»"', text, flags=re.M)
    text = re.sub(r"^(zh = .*)$", r'\1\nabout_eo = "«Klarigo.»"', text, flags=re.M)
    glossary.write_text(text, encoding="utf-8")


def write_pages(folder):
    """Write the page and the few others that the miniature has."""
    for lang, texts in TEXTS.items():
        (folder / "gallery" / lang / "made_up.py").write_text(
            PAGE.format(**texts), encoding="utf-8"
        )
        docs = folder / "docs" / lang
        shutil.rmtree(docs, ignore_errors=True)
        docs.mkdir()
        (docs / "index.rst").write_text(INDEX.format(**texts), encoding="utf-8")
        (docs / "api.rst").write_text(API)
        (docs / "glossary.rst").write_text(
            f".. _glossary:\n\n{texts['title']}\n==============\n\n.. term-pairs::\n"
        )
    shutil.copytree(
        ROOT / "docs" / "search", folder / "docs" / "search", dirs_exist_ok=True
    )


class House:
    """The copy, and its pages."""

    def __init__(self, folder):
        self.folder = folder

    def build(self, *languages):
        env = {
            "MNIST_TUT_STAND_IN": "allow",
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        command = [sys.executable, "docs/build_site.py", *languages]
        run = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr

    def path(self, lang, name):
        return self.folder / "build" / "html" / lang / name

    def html(self, lang, name="tutorials/made_up"):
        text = self.path(lang, f"{name}.html").read_text(encoding="utf-8")
        return BeautifulSoup(text, "html5lib")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    copied(folder)
    add_language(folder)
    write_pages(folder)
    house = House(folder)
    house.build(*BUILT)
    return house


@pytest.mark.parametrize("lang", BUILT)
def test_the_new_page_is_run_shown_and_offered_for_download(house, lang):
    page = house.html(lang)
    assert page.h1.get_text().startswith(TEXTS[lang]["title"])
    assert (
        page.select_one(".sphx-glr-script-out").get_text(strip=True) == "tensor(0.6667)"
    )
    assert "def accuracy" in page.select_one(".tested-source").get_text()
    assert page.select_one(".recap")
    assert page.select_one(".exercise")
    for end in ("py", "ipynb"):
        (download,) = house.path(lang, "_downloads").glob(f"*/made_up.{end}")
        text = download.read_text(encoding="utf-8")
        assert "def accuracy" in text
        assert "import mnist_tut" not in text
        assert "from mnist_tut" not in text


@pytest.mark.parametrize("lang", BUILT)
def test_every_page_leads_to_its_twins(house, lang):
    page = house.html(lang)
    tags = {"en": "en", "zh": "zh-CN", "eo": "eo"}
    others = {
        (f"../../{other}/tutorials/made_up.html", tag, tag)
        for other, tag in tags.items()
        if other != lang
    }
    switch = page.select("a.language-switch")
    assert {(a["href"], a["lang"], a["hreflang"]) for a in switch} == others
    links = page.select("link[rel=alternate][hreflang]")
    assert {*tags.values()} <= {link["hreflang"] for link in links}


def test_the_new_language_says_everything_of_ours_in_its_own_words(house):
    page = house.html("eo")
    assert page.html["lang"] == "eo"
    assert not re.search("[\u4e00-\u9fff]", re.sub("中文", "", page.get_text()))
    text = " ".join(page.get_text(" ").split())
    for words in (
        "«tests»",
        "«Your turn",
        "«Start from",
        "«Solution",
        "«Time",
        "«Built with",
    ):
        assert words in text, words
    text += " ".join(field["placeholder"] for field in page.select("[placeholder]"))
    for words in (
        "Download Jupyter",
        "Download Python",
        "Download zipped",
        "Search these pages",
        "On this page",
        "running time",
    ):
        assert words not in re.sub("«[^»]*»", "", text), words
    terms = house.html("eo", "glossary").select("dl.glossary dt")
    assert terms
    assert all(term.get_text().startswith("«") for term in terms)


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_whatever_changes_shows_in_the_next_build(house):
    docs = house.folder / "docs"
    before = house.html("eo").select_one("link[href*='site.css']")["href"]
    change(docs / "ext" / "tested_source.py", "` · :ref", "` & :ref")
    change(docs / "_templates" / "data-source.html", "<p ", "<p title='T' ")
    with (docs / "_static" / "site.css").open("a") as style:
        style.write("\n:root { --changed: 1; }\n")
    change(docs / "glossary.toml", 'eo = "«', 'eo = "«Nova ')
    po = docs / "locale" / "eo" / "LC_MESSAGES" / "sphinx.po"
    change(po, "«Solution»", "«Solvo»")
    change(
        house.folder / "conf.py", '"footer_end": ["sphinx-version"]', '"footer_end": []'
    )
    house.build("eo")
    page = house.html("eo")
    assert " & " in page.select_one(".tested-source-links").get_text()
    assert page.select_one(".data-source")["title"] == "T"
    assert "--changed" in house.path("eo", "_static/site.css").read_text()
    assert page.select_one("link[href*='site.css']")["href"] != before
    terms = house.html("eo", "glossary").select("dl.glossary dt")
    assert all(term.get_text().startswith("«Nova ") for term in terms)
    assert "«Solvo»" in page.select_one(".exercise").get_text()
    assert not page.select(".sphinx-version")
    assert (
        page.select_one(".sphx-glr-script-out")
        .get_text(strip=True)
        .startswith("tensor")
    )
