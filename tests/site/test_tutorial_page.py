"""The built tutorial and the page beside it: what they print and draw, and where names lead."""

import ast
import builtins
import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest
from ext.loops import loop_lines
from ext.package_source import names_from_outside
from ext.scripts import cells_of
from gallery_scripts import GALLERY, NAMES, cells
from pages import parse
from PIL import Image

from mnist_tut import plots

BANDS = json.loads((Path(__file__).parent / "bands.json").read_text())
LANGUAGES = ["en", "zh"]
both = pytest.mark.parametrize("lang", LANGUAGES)
every_page = pytest.mark.parametrize("name", NAMES)
# At least, where a page needs them:
FIGURES = {"nn_tutorial.py": 5, "where_the_time_goes.py": 5, "when_it_goes_wrong.py": 2}
FIGURES |= {"your_own_project.py": 4}
SOURCES = {
    "nn_tutorial.py": 15,
    "where_the_time_goes.py": 3,
    "your_own_project.py": 10,
}
SECTIONS = [
    *("from-scratch", "nn-module", "nn-linear", "validation", "fit-get-data"),
    *("hidden", "cnn", "nn-sequential", "wrapping-dataloader", "gpu", "better"),
]


def outputs(page, section=None):
    """Return what the page's cells printed, one text per cell."""
    part = page.find(id=section) if section else page
    return [pre.get_text() for pre in part.select(".sphx-glr-script-out pre")]


def calls(code):
    """Name the functions that a piece of code calls."""
    names = (node.func for node in ast.walk(code) if isinstance(node, ast.Call))
    return [ast.unparse(name) for name in names]


def pictures_of(page):
    return page.select("article img.sphx-glr-single-img")


def data_used(page):
    return (
        "MNIST" if "MNIST" in page.select_one(".data-source").get_text() else "stand-in"
    )


def figures(page):
    """Collect the numbers that the page printed, by section."""
    text = {name: "\n".join(outputs(page, name)) for name in SECTIONS}
    found = {}
    scratch = text["from-scratch"]
    fresh = re.search(r"^tensor\((2\.\d+), grad", scratch, re.M)
    found["from-scratch fresh loss"] = float(fresh[1])
    last = re.search(r"last mini-batch: ([\d.]+), 1.0000$", scratch, re.M)
    valid = re.search(r"validation set: ([\d.]+), ([\d.]+)$", scratch, re.M)
    found["from-scratch validation loss"] = float(valid[1])
    found["from-scratch validation accuracy"] = float(valid[2])
    found["from-scratch last mini-batch"] = float(last[1])
    for epoch in (0, 1):
        loss = re.search(rf"^{epoch} tensor\((\d\.\d+)\)$", text["validation"], re.M)
        found[f"validation {epoch}"] = float(loss[1])
        for section in ["fit-get-data", "hidden", *SECTIONS[6:-1]]:
            found[f"{section} {epoch}"] = epochs(text[section])[epoch][1]
    share = r"^accuracy: (0\.\d+)$"
    found["fit-get-data accuracy"] = float(
        re.search(share, text["fit-get-data"], re.M)[1]
    )
    for section in ["hidden", "cnn", "better"]:  # the last: with the ReLU
        found[f"{section} accuracy"] = float(re.findall(share, text[section], re.M)[-1])
    found["test accuracy"] = float(
        re.search(r"^test set: (.*)$", text["better"], re.M)[1]
    )
    return found


def epochs(text):
    """Return what ``fit`` printed: training loss and validation loss, per epoch."""
    lines = re.findall(r"^\d  (\d\.\d{4})  (\d\.\d{4})$", text, re.M)
    return [tuple(map(float, line)) for line in lines]


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


DEFINITIONS = ast.FunctionDef | ast.ClassDef


def cells_that_call(lang, name, wanted):
    """List the cells that call one of these, or a function of the page that does."""
    trees = [ast.parse(cell.content) for cell in cells(lang, name)]
    for _ in range(2):  # functions may call one another
        functions = [
            n for tree in trees for n in tree.body if isinstance(n, DEFINITIONS)
        ]
        wanted = wanted | {f.name for f in functions if wanted & set(calls(f))}
    top = [[n for n in tree.body if not isinstance(n, DEFINITIONS)] for tree in trees]
    return [part for part in top if wanted & set(calls(ast.Module(part, [])))]


@both
@every_page
def test_every_cell_that_prints_shows_what_it_printed(gallery, name, lang):
    printing = cells_that_call(lang, name, {"print", "fit"})
    assert len(outputs(gallery[name][lang])) == len(printing) > 0


@both
@every_page
def test_every_cell_that_shows_a_figure_has_one(gallery, name, lang):
    draws = {"plt.show", *(name for name in plots.__all__ if name.startswith("show_"))}
    pictures = pictures_of(gallery[name][lang])
    assert (
        len(pictures) == len(cells_that_call(lang, name, draws)) >= FIGURES.get(name, 0)
    )


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


STEPS = ["by-hand", "functional", "module", "linear", "optim", "dataset", "dataloader"]


@both
def test_every_step_ends_at_one_loss_and_says_how_near(tutorial, lang):
    text = "\n".join(outputs(tutorial[lang]))
    line = r"^validation loss: (\d\.\d{4}), largest difference: (\de-\d\d|0e\+00)$"
    found = re.findall(line, text, re.M)
    assert len(found) == len(STEPS)  # the last one is fit's
    [loss] = {loss for loss, _ in found}
    assert float(loss) < 0.5
    assert all(float(number) < 1e-5 for _, number in found)


@both
def test_every_step_marks_its_new_lines_and_shows_those_they_replace(tutorial, lang):
    for name in [*STEPS[1:], "validation", "fit"]:
        cell = tutorial[lang].find(id=f"loop-{name}")
        assert cell.select(".hll"), f"{name} marks no line"
    for name in ["module", "optim", "dataset", "dataloader", "validation", "fit"]:
        cell = tutorial[lang].find(id=f"loop-{name}")
        gone = cell.find_previous(class_="replaced").get_text()
        assert gone.strip(), f"{name} replaces nothing"
        assert all(
            line not in cell.get_text() for line in gone.splitlines() if "=" in line
        )


@both
def test_page_and_home_page_say_how_long_each_loop_is_and_none_grows(
    site, tutorial, lang
):
    script = GALLERY / lang / "nn_tutorial.py"
    lengths = {cell.loop: len(loop_lines(cell.code)) for cell in cells_of(script)}
    own = [lengths[name] for name in STEPS]
    assert own == sorted(own, reverse=True)
    numbers = [*own, lengths["fit"], lengths["validation"]]
    said = r"\D+".join(map(str, numbers))
    for page in tutorial[lang], parse(site / lang / "index.html"):
        assert re.search(rf"\b{said}\b", page.select_one("article").get_text())


@both
@every_page
def test_no_code_box_uses_a_name_that_the_page_does_not_introduce(site, lang, name):
    page = parse(site / lang / "tutorials" / name.replace(".py", ".html"))
    boxes = ".highlight-Python pre, .tested-source pre"
    code = "\n".join(box.get_text() for box in page.select(boxes))
    assert set(names_from_outside(code)) <= {*dir(builtins), "__file__", "__name__"}


@both
def test_what_the_prose_says_of_the_numbers_printed_is_so(tutorial, lang):
    text = {name: "\n".join(outputs(tutorial[lang], name)) for name in SECTIONS}
    found = figures(tutorial[lang])
    _, without, _, second = epochs(text["hidden"])
    shares = re.findall(r"accuracy: (0\.\d+)", text["hidden"])
    assert shares == sorted(shares)
    assert len(shares) == 2
    assert second[0] < without[0] / 2
    now = float(re.search(r"training loss now: (0\.\d+)", text["hidden"])[1])
    assert now < second[1] < second[0]
    linear = [found["fit-get-data accuracy"], found["from-scratch validation accuracy"]]
    assert found["hidden accuracy"] > max(linear)
    assert 1 - found["better accuracy"] < (1 - found["cnn accuracy"]) / 4
    slopes = re.findall(r"by (?:nudging|backward): (-?\d\.\d{4})", text["from-scratch"])
    assert len(slopes) == 2
    assert float(slopes[0]) == pytest.approx(float(slopes[1]), abs=2e-4)
    line = r"^([\d.]+)  0  (\d+\.\d{4})  (\d+\.\d{4})$"
    rates, *curves = zip(
        *(map(float, found) for found in re.findall(line, text["fit-get-data"], re.M)),
        strict=True,
    )
    assert rates == (0.001, 0.01, 0.1, 0.5, 2, 10)
    for curve in curves:
        assert min(curve) in curve[2:4]
        assert curve[0] == max(curve[:3])
        assert curve[-1] == max(curve)


ANCHORS = (Path(__file__).parent / "tutorial_anchors.txt").read_text().split()


@both
def test_every_anchor_of_the_page_published_first_still_leads_somewhere(tutorial, lang):
    assert len(ANCHORS) > 60
    assert [name for name in ANCHORS if not tutorial[lang].find(id=name)] == []


@both
def test_an_anchor_of_an_exercise_that_has_moved_leads_to_a_link_to_its_page(
    tutorial, lang
):
    for name in ("my-losses", "mysgd", "my-top3"):
        place = tutorial[lang].find(id=f"exercise-{name}")
        around = place.find_parent(class_="moved-exercises")
        assert around.find("a", href=re.compile(r"^from_memory\.html"))


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
    assert len(links) >= SOURCES.get(name, 0)
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


@every_page
def test_the_chinese_page_has_chinese_gallery_words(gallery, name):
    article = copy.copy(gallery[name]["zh"].select_one("article"))
    for output in article.select("pre"):
        output.decompose()  # a PyTorch with CUDA may ask for the download of a driver
    text = " ".join(article.get_text(" ").split())
    for word in [
        "跳到页尾",
        "下载 Jupyter 笔记本",
        "下载 Python 源码",
        "脚本总运行时间",
        "由 Sphinx-Gallery 生成",
    ]:
        assert word in text


@both
def test_the_home_page_says_as_many_minutes_as_the_tutorial(site, tutorial, lang):
    minutes = re.findall(r"\d+", tutorial[lang].select("ul.at-a-glance li")[-1].text)
    home = parse(site / lang / "index.html").get_text()
    said = re.search(r"(?:About|约) (\d+) (?:minutes|分钟)", home)[1]
    assert int(said) == sum(map(int, minutes))
