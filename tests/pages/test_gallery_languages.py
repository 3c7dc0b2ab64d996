"""The two scripts of a page are one program with prose in two languages."""

import ast
import re
import tomllib

import pytest
from gallery_scripts import GALLERY, NAMES, ROOT, blocks, cells, prose

# The sections of the tutorial mirrored, in order (see the outline), and one of our own, "better".
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
    "wrapping-dataloader",
    "gpu",
    "better",
    "closing",
]
LABEL = re.compile(r"^\.\. _([\w-]+):$", re.M)
DIRECTIVE = re.compile(r"^ *\.\. ([\w-]+)::(.*)\n((?: +:[\w-]+:.*\n)*)", re.M)
WORDED = {
    "figure-text",
    "folded",
    "guess",
    "title",
    "grid-item-card",
    "link-alt",
}  # followed by words of the page's own language
OTHERS = sorted(path.name for path in (ROOT / "docs" / "en").glob("*.rst"))
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


def skeleton(text):
    """List the labels and the directives of a text with their options, without words."""
    found = [(m.start(), m[1]) for m in LABEL.finditer(text)]
    for m in DIRECTIVE.finditer(text + "\n"):
        named = [(m[1], m[2]), *re.findall(r":([\w-]+):(.*)", m[3])]
        parts = [(name, "" if name in WORDED else value) for name, value in named]
        found.append((m.start(), parts))
    return [part for _position, part in sorted(found, key=lambda pair: pair[0])]


@every_page
def test_labels_and_directives_stand_in_the_same_places(name):
    for en, zh in zip(blocks("en", name), blocks("zh", name), strict=True):
        if en.type == "text":
            assert skeleton(en.content) == skeleton(zh.content)


@pytest.mark.parametrize("name", OTHERS)
def test_other_pages_have_their_labels_and_directives_in_the_same_places(name):
    en, zh = (
        skeleton((ROOT / "docs" / lang / name).read_text(encoding="utf-8"))
        for lang in ("en", "zh")
    )
    assert en == zh


def test_a_skeleton_has_every_part_but_no_words():
    text = ".. _gpu:\n\n.. loop:: a\n   :from: b\n\n.. note::\n\n   Words."
    assert skeleton(text) == [
        "gpu",
        [("loop", " a"), ("from", " b")],
        [("note", "")],
    ]
    folded = ".. tested-source:: a.b\n   :folded: Words"
    assert skeleton(folded) == [[("tested-source", " a.b"), ("folded", "")]]


@every_page
@pytest.mark.parametrize(
    "pattern",
    [
        re.compile(r"<(https://[^>]+)>`_"),
        re.compile(r":(?:class|func|mod):`([^`]+)`"),
    ],
    ids=["links", "references"],
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
def test_chinese_terms_come_with_their_english_where_they_are_introduced(name):
    terms = tomllib.loads(
        (ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8")
    )["term"]
    text = prose("zh", name)
    pairs = {t["zh"]: t["en"] for t in terms}
    introduced = {
        zh for zh, en in pairs.items() if re.search(rf"{zh}[*`]?（{en}", text)
    }
    assert len(introduced) >= (25 if name == "nn_tutorial.py" else 4)
    wrong = {
        (zh, en)
        for zh, en in re.findall(
            r"([\u4e00-\u9fff]+)[*`]?（([a-z][a-z -]+)[，）]", text
        )
        if not any(zh.endswith(known) and pairs[known] == en for known in pairs)
    }
    assert not wrong, "pairs that the glossary does not have"


@every_page
def test_chinese_punctuation_is_full_width(name):
    text = re.sub(r"``[^`]*``|`[^`]*`_?|:\w+:`[^`]*`", "X", prose("zh", name))
    text = re.sub(r"^\.\. code-block::.*\n\n(?:   .*\n|\n)+", "", text, flags=re.M)
    assert not re.findall(r"[\u4e00-\u9fff][,;:?!()]|[,;?!()][\u4e00-\u9fff]", text)
    assert not re.findall(r" [，。；：？！）]", text)
