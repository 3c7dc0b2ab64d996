"""Loops named, their changes marked, and their lines counted."""

import re

import lesson
import pytest
from ext.loops import compare, loop_lines
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


@pytest.mark.parametrize(
    ("old", "new", "later", "gone"),
    [
        ("def f():\n    return 1\n\n\nf()\n", "g(f)\n", "", [["f()"]]),
        (
            "def f():\n    return 1\n",
            "def f():\n    return 2\n",
            "f()",
            [["    return 1"]],
        ),
        ("import a\nimport b\nx = 1\n", "y = 1\n", "b.c(y)", [["import a", "x = 1"]]),
        ("x, y = 1, 2\n", "z = 1\n", "def g():\n    return y", []),
        ("x = 1\n", "z = 1\n", "x = 2\nprint(x)", [["x = 1"]]),
        ("x = 1\n", "z = 1\n", "x = x + 1", []),
        (
            "with a:\n    x = 1\n    b()\n",
            "z = 1\n",
            "print(x)",
            [["with a:", "    b()"]],
        ),
        ("x = [\n    1,\n]\n", "z = 1\n", "print(x)", []),
    ],
    ids=["function", "again", "import", "pair", "rebound", "itself", "with", "long"],
)
def test_what_is_still_in_use_has_not_gone(old, new, later, gone):
    assert compare(old, new, later)[0] == gone


def test_what_was_given_another_meaning_in_between_has_gone():
    assert compare("x = 1\n", "f(x)\n")[0] == []
    assert compare("x = 1\n", "f(x)\n", between="print(x)\nx = 2")[0] == [["x = 1"]]


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


def test_downloads_hold_the_lines_that_went_and_each_loop_once(pages):
    text = pages["zh"]["download"]
    assert (
        "# 下一个单元格不再需要上一步的这些行：\n#\n# ```python\n# def model(xb):\n"
        in text
    )
    assert text.count("for epoch in range(epochs):") == 4  # three loops, and fit


def page_of(tmp_path, text, extensions=("ext.loops",)):
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
    "text",
    [
        ".. loop:: a\n",
        f".. loop:: a\n\nWords.\n\n{cell('x')}",
        f".. loop:: a\n\n{OUT}{cell('x')}",
        f".. loop:: a\n   :from: b\n\n{cell('x')}",
        f".. loop:: a\n   :from: b\n\n{cell('x')}.. loop:: b\n\n{cell('y')}",
        f".. loop:: a\n\n{cell('x')}.. loop:: a\n\n{cell('y')}",
    ],
    ids=["nothing", "words", "output", "unknown", "later", "twice"],
)
def test_a_mistake_in_a_directive_is_named(tmp_path, text):
    _, warnings = page_of(tmp_path, text)
    assert "loop 'a' comes twice, has no code cell below it, or no " in warnings


# How many lines a loop has


def test_blanks_comments_and_what_stands_around_a_loop_are_not_counted():
    loop = "for x in y:\n\n    # why\n    a(\n        x\n    )\n"
    lines = ["for x in y:", "    a(", "        x", "    )"]
    assert loop_lines(f"import z\n\nn = 1\n{loop}print(n)\n") == lines
    cell = "import z\nfrom z import (\n    fit,\n)\n\nfit()\nprint(1)\n"
    assert loop_lines(cell) == ["fit()"]


def test_a_page_depends_on_its_script_and_on_what_it_shows(pages):
    names = {str(path).rpartition("/")[2] for path in pages["en"]["dependencies"]}
    assert {"nn_tutorial.py", "training.py", "by_hand.py"} <= names


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
