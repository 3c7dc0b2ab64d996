"""The built tutorial and the page beside it: what they print and draw, and where names lead."""

import ast
import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest
from gallery_scripts import NAMES, cells
from PIL import Image

BANDS = json.loads((Path(__file__).parent / "bands.json").read_text())
LANGUAGES = ["en", "zh"]
both = pytest.mark.parametrize("lang", LANGUAGES)
every_page = pytest.mark.parametrize("name", NAMES)
FIGURES = {"nn_tutorial.py": 10, "where_the_time_goes.py": 7}  # at least
SOURCES = {"nn_tutorial.py": 25, "where_the_time_goes.py": 3}


def outputs(page, section=None):
    """Return what the page's cells printed, one text per cell."""
    part = page.find(id=section) if section else page
    return [pre.get_text() for pre in part.select(".sphx-glr-script-out pre")]


def calls(code):
    """Name the functions that a cell calls."""
    names = (
        node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)
    )
    return [ast.unparse(name) for name in names]


def pictures_of(page):
    return page.select("article img.sphx-glr-single-img")


def data_used(page):
    return (
        "MNIST" if "MNIST" in page.select_one(".data-source").get_text() else "stand-in"
    )


def figures(page):
    """Collect the numbers that the page printed, by section."""
    found = {}
    for section in ["from-scratch", "nn-module", "nn-linear", "torch-optim"]:
        text = "\n".join(outputs(page, section))
        found[f"{section} fresh loss"] = float(
            re.search(r"^tensor\((2\.\d+), grad", text, re.M)[1]
        )
    text = "\n".join(outputs(page, "from-scratch"))
    loss, accuracy = re.search(
        r"validation set: +loss ([\d.]+), accuracy ([\d.]+)", text
    ).groups()
    found["from-scratch validation loss"] = float(loss)
    found["from-scratch validation accuracy"] = float(accuracy)
    found["from-scratch last mini-batch"] = float(
        re.search(r"batch: loss ([\d.]+)", text)[1]
    )
    for section in [
        "validation",
        "fit-get-data",
        "cnn",
        "nn-sequential",
        "wrapping-dataloader",
        "gpu",
    ]:
        text = "\n".join(outputs(page, section))
        for epoch in (0, 1):
            loss = re.search(rf"^{epoch} (\d\.\d+)$", text, re.M)[1]
            found[f"{section} {epoch}"] = float(loss)
    return found


@both
def test_every_script_of_the_gallery_was_executed(site, lang):
    for name in NAMES:
        page = (
            (site / lang / "tutorials" / name)
            .with_suffix(".html")
            .read_text(encoding="utf-8")
        )
        running_time = re.search(
            r"(?:running time|总运行时间).*?</strong> \(?(\d+) .*? ([\d.]+)", page
        )
        assert running_time, f"{name} shows no running time"
        assert float(running_time[1]) * 60 + float(running_time[2]) > 0
        assert "sphx-glr-script-out" in page


@both
@every_page
def test_every_cell_that_prints_shows_what_it_printed(gallery, name, lang):
    printing = [
        cell
        for cell in cells(lang, name)
        if {"print", "fit"} & set(calls(cell.content))
        or "with_validation)" in cell.content
        or "measure(with_validation" in cell.content
        or "measure(with_fit" in cell.content
    ]
    assert len(outputs(gallery[name][lang])) == len(printing) > 0


@both
@every_page
def test_every_cell_that_shows_a_figure_has_one(gallery, name, lang):
    showing = [c for c in cells(lang, name) if "plt.show" in calls(c.content)]
    pictures = pictures_of(gallery[name][lang])
    assert len(pictures) == len(showing) >= FIGURES[name]


@every_page
def test_figures_have_alternative_text_of_their_own_in_each_language(gallery, name):
    texts = {
        lang: [img["alt"] for img in pictures_of(gallery[name][lang])]
        for lang in LANGUAGES
    }
    for en, zh in zip(texts["en"], texts["zh"], strict=True):
        assert len(en) > 40
        assert not re.search(r"[\u4e00-\u9fff]", en)
        assert len(re.findall(r"[\u4e00-\u9fff]", zh)) > 15
    assert len(set(texts["en"])) == len(texts["en"])


@both
@every_page
def test_figures_are_drawn_on_nothing_and_not_empty(site, gallery, name, lang):
    for img in pictures_of(gallery[name][lang]):
        picture = np.asarray(
            Image.open(site / lang / "tutorials" / img["src"]).convert("RGBA")
        )
        assert picture[..., 3].min() == 0, f"{img['src']} has no transparent background"
        assert picture[picture[..., 3] > 0].std() > 10, f"{img['src']} shows nothing"


@both
def test_the_figures_printed_lie_where_the_algorithm_puts_them(tutorial, lang):
    bands = BANDS[data_used(tutorial[lang])]
    found = figures(tutorial[lang])
    assert found.keys() == bands.keys()
    outside = {k: v for k, v in found.items() if not bands[k][0] <= v <= bands[k][1]}
    assert not outside


def test_both_languages_print_the_same_but_for_times(tutorial):
    en, zh = (
        [
            re.sub(r"\d+(\.\d+)? s\b|\d+ times| +\d+\.\d\d ", "TIME", text)
            for text in outputs(tutorial[lang])
        ]
        for lang in LANGUAGES
    )
    assert en == zh


@both
def test_every_refactoring_step_prints_the_same_last_loss(tutorial, lang):
    table = next(
        t for t in outputs(tutorial[lang], "fit-get-data") if "with_functional" in t
    )
    losses = re.findall(r" (\d\.\d{4})$", table, re.M)
    assert len(losses) == 9
    assert len(set(losses)) == 1


@both
def test_the_page_says_which_data_it_used(site, tutorial, lang):
    used = data_used(tutorial[lang])
    for path in (site / lang).glob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert ("bd-header-announcement" in page) == (used == "stand-in"), path.name


@pytest.mark.parametrize(
    "address",
    [
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html",
        "https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html",
        "https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader",
        "https://matplotlib.org/stable/api/_as_gen/matplotlib.pyplot.subplots.html",
        "https://docs.python.org/3/library/pathlib.html#pathlib.Path",
    ],
)
@both
def test_names_in_code_link_to_their_reference_pages(tutorial, lang, address):
    links = [a["href"] for a in tutorial[lang].select(".highlight a[href]")]
    assert any(link.startswith(address) for link in links)


@both
@every_page
def test_shown_sources_link_to_their_api_entries(site, gallery, name, lang):
    links = gallery[name][lang].select(".tested-source-links a[href*='api.html#']")
    assert len(links) >= SOURCES[name]
    api = (site / lang / "api.html").read_text(encoding="utf-8")
    for link in links:
        assert f'id="{link["href"].partition("#")[2]}"' in api


@both
@every_page
def test_no_markup_is_left_in_the_text(gallery, name, lang):
    article = copy.copy(gallery[name][lang].select_one("article"))
    for code in article.select("pre, code, script, style"):
        code.extract()
    text = article.get_text(" ")
    assert "`" not in text
    assert not re.search(r"\.\. \w|:\w+:`|\*\*|::", text)


@pytest.mark.parametrize(
    ("name", "one"),
    [("nn_tutorial.py", "#nn-module"), ("where_the_time_goes.py", "#time-limit")],
)
def test_section_anchors_are_the_same_in_both_languages(gallery, name, one):
    links = ".page-toc a[href^='#'], .bd-toc-nav a"
    anchors = {
        lang: [a["href"] for a in gallery[name][lang].select(links)]
        for lang in LANGUAGES
    }
    assert anchors["en"] == anchors["zh"]
    assert one in anchors["en"]


@every_page
def test_the_chinese_page_has_chinese_gallery_words(gallery, name):
    text = " ".join(gallery[name]["zh"].select_one("article").get_text(" ").split())
    for word in [
        "跳到页尾",
        "下载 Jupyter 笔记本",
        "下载 Python 源码",
        "脚本总运行时间",
        "由 Sphinx-Gallery 生成",
    ]:
        assert word in text
    for word in [
        "Go to the end",
        "Download",
        "Total running time",
        "Gallery generated",
    ]:
        assert word not in text
