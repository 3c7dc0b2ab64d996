"""Pages turned into notebooks and scripts."""

import ast

import nbformat
import pytest
from docutils import nodes
from markdown import Markdown
from miniature import resolved
from sphinx.errors import ExtensionError
from standalone import (
    CHECK,
    WORDS,
    Cell,
    Part,
    as_notebook,
    as_script,
    cells_of,
    merged,
    note_parts,
    parts_of,
    wanted_names,
    without_package,
)

CODE = """
import math

from mnist_tut.by_hand import (
    accuracy,
    nll,
)
from mnist_tut import plots

print(nll, plots.digits)
""".strip()


def markdown_of(tmp_path, text):
    """Build a page and write its resolved tree as Markdown."""
    [section] = resolved(tmp_path, text).findall(nodes.section)
    return Markdown().blocks(section.children)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain *em* **strong** ``code_``", "plain *em* **strong** `code_`"),
        (
            "`site <https://example.org/a_b>`_ now",
            "[site](https://example.org/a_b) now",
        ),
        ("a :ref:`place <genindex>`", "a place"),
        (":math:`\\sqrt{n}`", "$\\sqrt{n}$"),
        (".. math:: a^2", "$$\na^2\n$$"),
        ("- one\n- two\n\n  more", "- one\n- two\n\n  more"),
        (".. note::\n\n   Mind\n   this.", "> **Note**\n>\n> Mind this."),
        (".. code-block:: python\n\n   x = 1", "```python\nx = 1\n```"),
        ("term\n   about it", "**term**\n\nabout it"),
        (".. comment\n\ntext", "text"),
    ],
    ids=[
        "inline",
        "link",
        "own page",
        "math",
        "block math",
        "list",
        "note",
        "code",
        "term",
        "comment",
    ],
)
def test_markup_becomes_clean_markdown(tmp_path, source, expected):
    assert markdown_of(tmp_path, f"T\n=\n\n{source}\n").partition("\n\n")[2] == expected


def test_markup_we_do_not_know_is_refused_by_name():
    with pytest.raises(ExtensionError, match="no Markdown for a table"):
        Markdown().block(nodes.table())
    with pytest.raises(ExtensionError, match="no Markdown for a subscript"):
        Markdown().inline(nodes.subscript())


def test_imports_from_the_package_go_and_nothing_else():
    assert without_package(CODE) == "import math\n\n\nprint(nll, plots.digits)"


def test_names_are_wanted_by_import_or_as_attribute_of_a_module():
    names, modules = wanted_names([CODE, "plots.tile(1)"])
    assert modules == {"plots": ["digits", "tile"]}
    assert names == [
        "mnist_tut.by_hand.accuracy",
        "mnist_tut.by_hand.nll",
        "mnist_tut.plots.digits",
        "mnist_tut.plots.tile",
    ]


PARTS = [
    Part("text", "# Title"),
    Part("text", "Hello."),
    Part("source", "mnist_tut.by_hand.nll"),
    Part("code", "import torch\nfrom mnist_tut.by_hand import nll"),
    Part("code", "from mnist_tut.by_hand import nll"),
    Part("code", "print(nll(torch.zeros(1, 2), torch.tensor([0])))"),
]


def test_a_page_becomes_cells_that_run_by_themselves(capsys):
    cells = cells_of(PARTS, WORDS["en"])
    assert [cell.kind for cell in cells] == [
        "markdown",  # what is needed
        "code",  # the check
        "markdown",  # title, prose, and a word on the helpers
        "code",  # the helpers
        "code",  # nll
        "code",
        "code",
    ]
    assert cells[2].text.startswith("# Title\n\nHello.\n\n")
    space = {}
    for cell in cells:
        if cell.kind == "code":
            exec(compile(cell.text, "cell", "exec", dont_inherit=True), space)
    assert capsys.readouterr().out == "tensor(-0.)\n"


def test_a_page_that_was_written_in_this_build_is_not_resolved_again(
    tmp_path,
):
    script = tmp_path / "gallery" / "en" / "plot_x.py"
    script.parent.mkdir(parents=True)
    script.write_text('"""\nTitle\n=====\n"""\n\n# %%\n# Prose.\n\nx = 1\n')
    text = "Title\n=====\n\n.. GENERATED FROM 1\n\nProse.\n\n.. GENERATED FROM 2\n"
    doctree = resolved(tmp_path, text)
    resolutions = []

    class Env:
        def get_and_resolve_doctree(self, docname, builder, tags):
            resolutions.append(docname)
            return doctree

    class App:
        env, builder, tags = Env(), None, None
        confdir, srcdir = tmp_path, tmp_path / "docs" / "en"

    app, docname = App(), "tutorials/plot_x"
    anew = parts_of(app, docname, script)
    assert resolutions == [docname]
    note_parts(app, None, "index")  # no page of the gallery: nothing to take apart
    note_parts(app, doctree, docname)
    assert parts_of(app, docname, script) == anew
    assert resolutions == [docname]
    assert [part.kind for part in anew] == ["text", "text", "code"]
    assert parts_of(App(), docname, script) == anew  # another build knows nothing of it
    assert len(resolutions) == 2


def test_only_prose_after_the_first_cell_is_joined():
    cells = [
        Cell("markdown", "a"),
        Cell("markdown", "b"),
        Cell("markdown", "c"),
        Cell("code", "d"),
    ]
    assert merged(cells) == [
        Cell("markdown", "a"),
        Cell("markdown", "b\n\nc"),
        Cell("code", "d"),
    ]


def test_notebook_and_script_hold_the_cells_and_are_the_same_every_time():
    cells = cells_of(PARTS, WORDS["zh_CN"])
    text = as_notebook(cells)
    assert text == as_notebook(cells)
    loaded = nbformat.reads(text, 4)
    nbformat.validate(loaded)
    assert [(c.cell_type, c.source) for c in loaded.cells] == [
        (c.kind, c.text) for c in cells
    ]
    script = as_script(cells)
    code = "\n".join(c.text for c in cells if c.kind == "code")
    assert ast.dump(ast.parse(script)) == ast.dump(ast.parse(code))
    assert "# # Title\n" in script


@pytest.mark.parametrize("language", WORDS)
def test_the_check_names_what_is_missing(language, monkeypatch):
    import importlib.util

    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "requests" else there(name),
    )
    words = WORDS[language]["missing"]
    with pytest.raises(SystemExit, match=f"^{words} pip install requests$"):
        exec(CHECK.format(missing=words), {})
