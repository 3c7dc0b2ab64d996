"""The two scripts of a page are one program with prose in two languages."""

import ast
import json
import re
import tomllib

import pytest
from gallery_scripts import GALLERY, NAMES, ROOT, blocks, cells, prose

# The sections of the tutorial mirrored, in order (see the outline), and one of our own, "faster".
SECTIONS = [
    "top",
    "mnist-data",
    "from-scratch",
    "nn-functional",
    "nn-module",
    "nn-linear",
    "torch-optim",
    "dataset",
    "dataloader",
    "validation",
    "fit-get-data",
    "cnn",
    "nn-sequential",
    "faster",
    "wrapping-dataloader",
    "gpu",
    "closing",
]
LABEL = re.compile(r"^\.\. _([\w-]+):$", re.M)
every_page = pytest.mark.parametrize("name", NAMES)


def test_every_page_exists_in_both_languages():
    assert NAMES
    assert sorted(path.name for path in (GALLERY / "zh").glob("*.py")) == NAMES


@every_page
def test_the_code_is_the_same_cell_by_cell(name):
    for number, (en, zh) in enumerate(
        zip(cells("en", name), cells("zh", name), strict=True), 1
    ):
        same = ast.dump(ast.parse(en.content)) == ast.dump(ast.parse(zh.content))
        assert same, (
            f"code cell {number} of {name} differs: line {en.lineno} of gallery/en, "
            f"line {zh.lineno} of gallery/zh"
        )


@every_page
def test_prose_and_code_alternate_in_the_same_way(name):
    kinds = {
        lang: [block.type for block in blocks(lang, name)] for lang in ("en", "zh")
    }
    assert kinds["en"] == kinds["zh"]
    pairs = set(zip(kinds["en"], kinds["en"][1:], strict=False))
    assert ("code", "code") not in pairs, "two code cells without prose between"


@every_page
def test_code_fits_the_boxes_it_is_shown_in(name):
    wide = [
        line
        for cell in cells("en", name) + cells("zh", name)
        for line in cell.content.splitlines()
        if len(line) > 88
    ]
    assert wide == []


@every_page
@pytest.mark.parametrize(
    "pattern",
    [
        LABEL,
        re.compile(r"^\.\. tested-source:: (\S+)$", re.M),
        re.compile(r"^\.\. (figure-text|note|tip|code-block)::", re.M),
        re.compile(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", re.M),
        re.compile(r"<(https://[^>]+)>`_"),
        re.compile(r":(?:class|func|mod):`([^`]+)`"),
    ],
    ids=["labels", "sources", "directives", "snippets", "links", "references"],
)
def test_both_languages_have_the_same(name, pattern):
    en, zh = (sorted(pattern.findall(prose(lang, name))) for lang in ("en", "zh"))
    assert en == zh
    if name == "nn_tutorial.py":
        assert en


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tutorial_has_every_section_of_the_original_in_its_order(lang):
    assert LABEL.findall(prose(lang, "nn_tutorial.py")) == SECTIONS


@every_page
def test_before_and_after_snippets_are_lines_of_tested_code(name):
    tested = "\n".join(path.read_text() for path in (ROOT / "mnist_tut").glob("*.py"))
    lines = {line.strip() for line in tested.splitlines()}
    snippets = re.findall(
        r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", prose("en", name), re.M
    )
    for snippet in snippets:
        for line in filter(None, map(str.strip, snippet.splitlines())):
            assert line in lines, f"{line!r} stands on the page, but in no module"


@pytest.mark.parametrize(
    ("lang", "with_relu", "without_relu"),
    [
        (
            "en",
            r"Of (12) seeds .*? one ended with .*? (0\.\d\d), the others\s+"
            r"between (0\.\d\d) and (0\.\d\d)",
            r"the same (12) seeds ended between (0\.\d\d) and (0\.\d\d)",
        ),
        (
            "zh",
            r"(12) 个种子，有一个.*?(0\.\d\d)，其余都在 (0\.\d\d) 到 (0\.\d\d) 之间",
            r"(12) 个种子，准确率在 (0\.\d\d) 到 (0\.\d\d) 之间",
        ),
    ],
)
def test_the_page_quotes_the_measured_spread_over_seeds(lang, with_relu, without_relu):
    measured = json.loads((ROOT / "benchmarks" / "seeds.json").read_text())
    text = prose(lang, "nn_tutorial.py")
    worst, *others = sorted(measured["with_relu"].values())
    count, dead, low, high = re.search(with_relu, text, re.S).groups()
    assert int(count) == len(measured["with_relu"])
    assert (float(dead), float(low), float(high)) == tuple(
        round(value, 2) for value in (worst, others[0], others[-1])
    )
    count, low, high = re.search(without_relu, text, re.S).groups()
    spread = sorted(measured["without_relu"].values())
    assert int(count) == len(spread)
    assert (float(low), float(high)) == (round(spread[0], 2), round(spread[-1], 2))


@every_page
def test_chinese_terms_come_with_their_english_where_they_are_introduced(name):
    terms = tomllib.loads(
        (ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8")
    )["term"]
    text = prose("zh", name)
    pairs = {t["zh"]: t["en"] for t in terms}
    introduced = {zh for zh, en in pairs.items() if re.search(rf"{zh}\*?（{en}", text)}
    assert len(introduced) >= (25 if name == "nn_tutorial.py" else 4)
    wrong = {
        (zh, en)
        for zh, en in re.findall(r"([\u4e00-\u9fff]+)\*?（([a-z][a-z -]+)[，）]", text)
        if not any(zh.endswith(known) and pairs[known] == en for known in pairs)
    }
    assert not wrong, "pairs that the glossary does not have"


@every_page
def test_chinese_punctuation_is_full_width(name):
    text = re.sub(r"``[^`]*``|`[^`]*`_?|:\w+:`[^`]*`", "X", prose("zh", name))
    text = re.sub(r"^\.\. code-block:: python\n\n(?:   .*\n|\n)+", "", text, flags=re.M)
    assert not re.findall(r"[\u4e00-\u9fff][,;:?!()]|[,;?!()][\u4e00-\u9fff]", text)
    assert not re.findall(r" [，。；：？！）]", text)
