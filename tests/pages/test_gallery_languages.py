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
    "scratch-model",
    "scratch-loss",
    "scratch-gradient",
    "scratch-loop",
    "nn-functional",
    "nn-module",
    "nn-linear",
    "torch-optim",
    "dataset",
    "dataloader",
    "validation",
    "fit-get-data",
    "hidden",
    "cnn",
    "nn-sequential",
    "wrapping-dataloader",
    "gpu",
    "better",
    "closing",
]
CHINESE_ONLY = {  # the textbook that readers in China begin with, and where they find GPUs
    "https://zh.d2l.ai",
    "https://modelscope.cn",
    "https://aistudio.baidu.com",
    "https://www.kaggle.com",
}
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
GLOSSARY = (ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8")
TERMS = tomllib.loads(GLOSSARY)["term"]
PACKAGE = "\n".join(p.read_text("utf-8") for p in (ROOT / "mnist_tut").glob("*.py"))
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
    assert en == [found for found in zh if found not in CHINESE_ONLY]
    if name == "nn_tutorial.py":
        assert en


def literals(text):
    """Return what stands in ``code`` in a text, each with single spaces."""
    return {" ".join(found.split()) for found in re.findall(r"``(.+?)``", text, re.S)}


def without_code_blocks(text):
    """Leave out the code that prose quotes: both languages are free to comment on it."""
    return re.sub(r"^( *)\.\. code-block::.*\n\n(?:\1 +.*\n|\n)+", "", text, flags=re.M)


@every_page
def test_both_languages_name_the_same_code_in_the_same_places(name):
    """Chinese may call a thing by its term, and explain words that a cell has printed."""
    terms = {t["en"]: t["zh"] for t in TERMS}
    code = "\n".join(cell.content for cell in cells("en", name)) + PACKAGE
    for en, zh in zip(blocks("en", name), blocks("zh", name), strict=True):
        if en.type == "text":
            said, known = (literals(without_code_blocks(b.content)) for b in (en, zh))
            missing = {
                word
                for word in said - known
                if terms.get(word.replace("_", " "), "\0") not in zh.content
            }
            assert not missing, f"gallery/zh/{name}, line {zh.lineno}"
            added = {word for word in known - said if word not in code}
            assert not added, f"gallery/zh/{name}, line {zh.lineno}"
            formulas = [
                [" ".join(f.split()) for f in re.findall(r":math:`([^`]+)`", b.content)]
                for b in (en, zh)
            ]
            assert formulas[0] == formulas[1], f"gallery/zh/{name}, line {zh.lineno}"


def paragraphs(text):
    """Count the paragraphs of a text, and the items of its lists."""
    parts = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    return len(parts), len(re.findall(r"^ *(?:[-*]|\d+\.|#\.) ", text, re.M))


@every_page
def test_no_paragraph_stands_in_one_language_only(name):
    for en, zh in zip(blocks("en", name), blocks("zh", name), strict=True):
        if en.type == "text":
            assert paragraphs(en.content) == paragraphs(zh.content), (
                f"gallery/en/{name}, line {en.lineno}; gallery/zh, line {zh.lineno}"
            )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tutorial_has_every_section_of_the_original_in_its_order(lang):
    assert LABEL.findall(prose(lang, "nn_tutorial.py")) == SECTIONS


@every_page
def test_chinese_terms_come_with_their_english_where_they_are_introduced(name):
    text = prose("zh", name)
    pairs = {t["zh"]: t["en"] for t in TERMS}
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
