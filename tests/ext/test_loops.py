"""Loops named, their changes marked, and how long their programs are."""

import re

import lesson
import pytest
from ext.code.loops import compare
from gallery_scripts import ROOT
from miniature import build
from pygments.formatters import HtmlFormatter

OLD = "a = 1\n\nfor x in y:\n    b(x)\n    c(x)\n"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each language's page and home page, the warnings and the downloads' Markdown."""
    folder = tmp_path_factory.mktemp("lesson")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        lesson.write(folder, patch)
        for lang in ("en", "zh"):
            with lesson.site(folder, lang) as app:
                script = folder / "build" / lang / "doctrees/downloads/nn_tutorial.py"
                found[lang] = {
                    "page": lesson.html(app),
                    "home": lesson.html(app, "index"),
                    "warnings": app.warning.getvalue(),
                    "download": script.read_text(encoding="utf-8"),
                    "dependencies": set(app.env.dependencies["tutorials/nn_tutorial"]),
                }
    return found


# Comparing two cells


@pytest.mark.parametrize(
    ("new", "gone", "come"),
    [
        (OLD, [], []),
        (OLD.replace("b(x)", "d(x)"), [["    b(x)"]], [4]),
        (OLD.replace("a = 1\n", ""), [["a = 1"]], []),
        (OLD + "e()\n", [], [6]),
        ("# why\n\n" + OLD + "\n\n    # so\n", [], []),
        ("if z:\n    a = 1\n" + OLD[5:], [], [1, 2]),
        ("a = 1\nfor x in z:\n    c(x)\n", [["for x in y:", "    b(x)"]], [2]),
        (
            "k = 1\nfor x in y:\n    b(x)\n    e(x)\n",
            [["a = 1"], ["    c(x)"]],
            [1, 4],
        ),
    ],
    ids=["same", "line", "less", "more", "words", "indent", "two lines", "two places"],
)
def test_lines_that_went_and_lines_that_came_are_told_apart(new, gone, come):
    assert compare(OLD, new) == (gone, come)


def test_a_blank_line_does_not_part_what_went():
    assert compare("a\n\nb\n\nc\n", "c\n") == ([["a", "b"]], [])


# On the page


def test_the_site_is_built_without_a_warning(pages):
    for lang in ("en", "zh"):
        assert pages[lang]["warnings"] == ""


def marked(page, name):
    return [hll.get_text() for hll in page.select(f"#loop-{name} .hll")]


def test_new_lines_are_marked_in_the_cell_and_the_cell_stays_clean(pages):
    page = pages["en"]["page"]
    assert marked(page, "by-hand") == marked(page, "fit") == []
    assert marked(page, "functional") == [
        "def model(xb):\n",
        "    return xb @ weights + bias\n",
        "assert goal is not None\n",
    ]
    assert marked(page, "module") == [
        "            for p in model.parameters():\n",
        "                p -= lr * p.grad\n",
        "        model.zero_grad()\n",
        "torch.testing.assert_close(model.lin.weight.T, goal)\n",
    ]
    pre = page.select_one("#loop-module div.highlight > pre")
    assert pre.get_text().startswith(
        "for epoch in range(epochs):\n    for i in range(0"
    )
    assert "+" not in pre.get_text().replace("i + bs", "")


def test_lines_that_went_stand_above_the_cell_and_are_no_code_box(pages):
    box = pages["en"]["page"].select_one("#loop-module").find_previous_sibling()
    assert box["class"] == ["replaced"]
    assert box["aria-label"] == box.p.get_text() == "Replaced:"
    groups = [group.get_text() for group in box.select("pre > del")]
    assert groups == [
        "def model(xb):\n    return xb @ weights + bias\n",
        "            weights -= lr * weights.grad\n"
        "            bias -= lr * bias.grad\n"
        "            weights.grad.zero_()\n"
        "            bias.grad.zero_()\n"
        "assert goal is not None\n",
    ]
    assert not box.select("div.highlight, button")
    assert len(pages["en"]["page"].select("div.replaced")) == 2


def test_words_are_in_the_pages_language(pages):
    page = pages["zh"]["page"]
    assert page.select_one("div.replaced > p").get_text() == "被替换的行："
    assert page.select_one("table.program-lengths th").get_text() == "程序"
    summary = page.select_one("details.program summary").get_text()
    assert summary == "完整程序：by hand"


def test_downloads_hold_the_lines_that_went_and_each_loop_once(pages):
    text = pages["zh"]["download"]
    assert "# 被替换的行：\n#\n# ```python\n# def model(xb):\n#     return xb @" in text
    assert text.count("for epoch in range(epochs):") == 4  # three loops, and fit


def page_of(tmp_path, text, extensions=("ext.code.loops",)):
    return build(tmp_path, {"index": f"T\n=\n\n{text}"}, list(extensions))


def cell(code, number=1):
    body = "".join(f"   {line}\n" for line in code.splitlines())
    return f".. GENERATED FROM {number}\n\n.. code-block:: Python\n\n{body}\n"


OUT = ".. rst-class:: sphx-glr-script-out\n\n.. code-block:: none\n\n   out\n\n"


def test_lines_are_marked_where_sphinx_gallery_has_linked_nothing(tmp_path):
    text = f".. loop:: a\n\n{cell('x = 1')}{OUT}.. loop:: b\n   :from: a\n\n{cell('y = 1')}"
    html, warnings = page_of(tmp_path, text)
    assert warnings == ""
    assert marked(html["index"], "b") == ["y = 1\n"]
    assert html["index"].select_one(".replaced del").get_text() == "x = 1\n"


def test_what_went_is_escaped(tmp_path):
    code = 'x = "<i>"'
    text = f".. loop:: a\n\n{cell(code)}.. loop:: b\n   :from: a\n\n{cell('y')}"
    html, _ = page_of(tmp_path, text)
    assert html["index"].select_one(".replaced del").get_text() == f"{code}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".. loop:: a\n", "no code cell follows the loop 'a'"),
        (f".. loop:: a\n\nWords.\n\n{cell('x')}", "no code cell follows the loop 'a'"),
        (f".. loop:: a\n\n{OUT}{cell('x')}", "no code cell follows the loop 'a'"),
        (
            f".. loop:: a\n   :from: b\n\n{cell('x')}",
            "come from 'b', which is not above",
        ),
        (
            f".. loop:: a\n   :from: b\n\n{cell('x')}.. loop:: b\n\n{cell('y')}",
            "come from 'b', which is not above it",
        ),
        (f".. loop:: a\n\n{cell('x')}.. loop:: a\n\n{cell('y')}", "another loop 'a'"),
        (
            f".. loop:: a\n\n{cell('x')}.. loop:: b\n   :from: a\n\n{cell('# z' + chr(10) + 'x')}",
            "the loop 'b' is the same as 'a'",
        ),
    ],
    ids=["nothing", "words", "output", "unknown", "later", "twice", "same"],
)
def test_a_mistake_in_a_directive_is_named(tmp_path, text, message):
    _, warnings = page_of(tmp_path, text)
    assert message in warnings


# How long the programs are


def test_the_table_counts_each_program_and_links_to_its_loop(pages):
    table = pages["en"]["page"].select_one("table.program-lengths")
    rows = [
        (
            row.a["href"],
            row.a.get_text(),
            *(td.get_text() for td in row.select("td")[:-1]),
        )
        for row in table.select("tbody tr")
    ]
    assert rows == [
        ("#loop-by-hand", "by hand", "24", "0"),
        ("#loop-functional", "functional", "19", "0"),
        ("#loop-module", "module", "20", "0"),
        ("#loop-fit", "fit", "7", "18"),
    ]
    widths = [
        [bar["style"] for bar in row.select("i")] for row in table.select("tbody tr")
    ]
    assert widths[0] == ["width: 100.0%"]
    assert widths[3] == ["width: 29.2%"]  # of its own lines only
    assert all(row.select_one("th[scope=row]") for row in table.select("tbody tr"))
    for href, *_ in rows:
        assert pages["en"]["page"].select_one(href)


def test_the_first_and_the_last_program_can_be_unfolded(pages):
    first, last = pages["en"]["page"].select("details.program")
    assert first.summary.get_text() == "The whole program: by hand"
    assert "def nll(" in first.pre.get_text()
    assert "loss_batch" in last.pre.get_text()


def test_another_page_shows_the_table_too_and_links_there(pages):
    table = pages["en"]["home"].select_one("table.program-lengths")
    links = [a["href"] for a in table.select("a")]
    assert links == [f"tutorials/nn_tutorial.html#loop-{n}" for n in ("by-hand", "fit")]
    assert [td.get_text() for td in table.select("td")][1:3] == ["19", "5"]


def test_downloads_hold_the_table_and_not_the_programs(pages):
    text = pages["en"]["download"]
    assert "# | Program | Lines of its own | Lines kept for other models |\n" in text
    assert "# | --- | ---: | ---: |\n" in text
    assert "# | fit | 7 | 18 |\n" in text
    assert "The whole program" not in text


def test_a_page_depends_on_its_script_and_on_what_the_programs_import(pages):
    names = {str(path).rpartition("/")[2] for path in pages["en"]["dependencies"]}
    assert {"nn_tutorial.py", "models.py", "training.py", "by_hand.py"} <= names


def test_lines_kept_for_others_have_a_column_only_if_there_are_any(
    tmp_path, monkeypatch
):
    lesson.write(tmp_path, monkeypatch)
    text = ".. program-lengths:: functional\n   :script: nn_tutorial\n"
    html, _ = build_in(tmp_path, text)
    assert [th.get_text(strip=True) for th in html["index"].select("thead th")] == [
        "Program",
        "Lines of its own",
    ]


def build_in(folder, text):
    """Build a page in the one folder whose language has that name."""
    (folder / "gallery" / "en").rename(folder / "gallery" / "source")
    return build(folder, {"index": f"T\n=\n\n{text}"}, ["ext.code.lengths"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".. program-lengths:: fit\n", "the gallery has no script index.py"),
        (
            ".. program-lengths:: fot\n   :script: nn_tutorial.py\n",
            "nn_tutorial.py has 0 loops called 'fot', not one",
        ),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path, monkeypatch, text, message):
    lesson.write(tmp_path, monkeypatch)
    _, warnings = build_in(tmp_path, text)
    assert message in warnings


# Colours


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(
        weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marked_lines_can_be_read_in_light_and_dark(mode):
    css = (ROOT / "docs" / "_static" / "site.css").read_text(encoding="utf-8")
    line = re.search(rf'html\[data-theme="{mode}"\] \{{ --went: .*', css)[0]
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", line))
    assert contrast(colours["went"], colours["went-background"]) >= 4.5
    style = HtmlFormatter(style=f"a11y-high-contrast-{mode}").get_style_defs(".x")
    code = re.findall(r"[ {;]color: (#\w{6})", style)
    assert len(set(code)) > 5
    for colour in {*code, colours["came"]} - {"#000000"}:  # that of line numbers
        assert contrast(colour, colours["came-background"]) >= 4.5, colour
