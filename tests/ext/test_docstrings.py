"""Docstrings speak the language of their page, and the API follows the lesson."""

import re

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from ext.package_source import documented, module_name, package_files
from gallery_scripts import ROOT
from miniature import built

pytestmark = pytest.mark.filterwarnings(  # napoleon's affair
    "ignore:The mapping interface for autodoc options"
)
AUTODOC = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
SETTINGS = {
    "napoleon_use_rtype": False,
    "napoleon_use_param": False,
    "autodoc_member_order": "bysource",
    "autodoc_typehints": "none",
    "smartquotes": False,
    "napoleon_use_ivar": True,
    "gettext_compact": "docstrings",
}
LANGUAGES = {"en": "en", "zh": "zh_CN"}
each = pytest.mark.parametrize("lang", ["en", "zh"])


def api(lang):
    return (ROOT / "docs" / lang / "api.rst").read_text(encoding="utf-8")


def api_built(folder, lang, builder="html"):
    """Build the API page alone, and lend the application."""
    text = re.sub(r":ref:`[^`]*`", "", api(lang))
    settings = SETTINGS | {"language": LANGUAGES[lang], "builder": builder}
    return built(folder, {"index": text}, [*AUTODOC, "ext.words"], **settings)


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """The API page in each language."""
    pages = {}
    for lang in LANGUAGES:
        with api_built(tmp_path_factory.mktemp(lang), lang) as app:
            text = (app.outdir / "index.html").read_text(encoding="utf-8")
            pages[lang] = BeautifulSoup(text, "html5lib")
    return pages


def catalogue():
    """Every paragraph of the docstrings that has its Chinese."""
    path = ROOT / "docs" / "locale" / "zh_CN" / "LC_MESSAGES" / "docstrings.po"
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}


def test_every_paragraph_of_a_docstring_has_its_chinese_and_none_is_left_over(tmp_path):
    with api_built(tmp_path, "en", "gettext") as app:
        asked = {
            message.text
            for message in app.builder.catalogs["docstrings"]
            if any("docstring of" in path for path, _line in message.locations)
            and " " in message.text  # unlike Sphinx's own: Notes, Parameters, Returns
            and not message.text.startswith("* ")  # its items are asked for, too
        }
    known = catalogue()
    assert sorted(asked - known.keys()) == [], "has no Chinese in docstrings.po"
    assert sorted(known.keys() - asked) == [], "no docstring says so any more"
    assert len(asked) > 200


def test_the_chinese_is_chinese_and_keeps_names_and_numbers():
    for english, chinese in catalogue().items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), chinese
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;?!][\u4e00-\u9fff]", chinese)
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9`]", chinese), chinese
        for code in re.findall(
            r":\w+:`[^`]+`|``[^`]+``|\(n,[\d, ]*\)|\d[\d,.]*\d", english
        ):
            assert code in chinese, chinese


def test_no_english_sentence_is_left_in_a_chinese_entry(entries):
    found = entries["zh"].select("dl.py dd p")
    assert len(found) > 150
    for entry in found:
        assert re.search(r"[\u4e00-\u9fff]|^$", entry.get_text())
        code = [part.get_text() for part in entry.select("code")]
        text = re.sub("|".join(map(re.escape, code)) or "$^", "", entry.get_text())
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", text), entry


@each
def test_names_types_and_descriptions_are_parted_as_the_language_does(entries, lang):
    html = entries[lang]
    entry = html.find(id="mnist_tut.by_hand.nll").find_next("dd").get_text()
    assert "--" not in html.get_text().replace("---", "")
    if lang == "en":
        assert "target ((n,) int64 Tensor) – The true class" in entry
        assert "IndexError – If there are more labels" in entry
    else:
        assert "target（形状为 (n,) 的 int64 张量）：每一行的真实类别" in entry
        assert "IndexError：如果标签比行数多" in entry


@each
def test_the_api_follows_the_lesson_and_leaves_no_module_out(lang):
    modules = re.findall(r"^\.\. automodule:: (\S+)$", api(lang), re.M)
    start = (ROOT / "mnist_tut" / "__init__.py").read_text(encoding="utf-8")
    order = [f"mnist_tut.{name}" for name in re.findall(r"``(\w+)``", start)]
    assert [m for m in modules if m in order] == [m for m in order if m in modules]
    names = map(module_name, package_files())
    assert sorted(modules) == sorted(name for name in names if documented(name))
    assert len(modules) >= 9
