"""Pages turned into notebooks and scripts."""

import ast
import importlib.util
import io
import json
import os
import time
from types import SimpleNamespace

import lesson
import nbformat
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from docutils import nodes
from ext.downloads import (
    FOLDED,
    Cell,
    as_notebook,
    as_script,
    cells_of,
    merged,
    page_parts,
)
from ext.markdown import Markdown
from ext.package_source import imports, package_imports, without_imports
from ext.versions import LOWEST, setup_cell
from gallery_scripts import ROOT
from miniature import resolved
from sphinx import locale
from sphinx.errors import ExtensionError

CODE = """
import math
from torch import nn, optim as o

from mnist_tut.by_hand import (
    accuracy,
    nll,
)

print(nll, plots.digits)
""".strip()


def markdown_of(tmp_path, text):
    """Build a page and write its resolved tree as Markdown."""
    [section] = resolved(tmp_path, text).findall(nodes.section)
    return Markdown().blocks(section)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain *em* **strong** ``code_``", "plain *em* **strong** `code_`"),
        (
            "`site <https://example.org/a_b>`_ now",
            "[site](https://example.org/a_b) now",
        ),
        ("a :ref:`place <genindex>`", "a place (on the site)"),
        ('see ":ref:`place <genindex>`".', "see “place” (on the site)."),
        (":math:`\\sqrt{n}`", "$\\sqrt{n}$"),
        (".. math:: a^2", "$$\na^2\n$$"),
        ("- one\n- two\n\n  more", "- one\n- two\n\n  more"),
        ("#. one\n#. two", "1. one\n1. two"),
        (".. note::\n\n   Mind\n   this.", "> **Note**\n>\n> Mind this."),
        (".. code-block:: python\n\n   x = 1", "```python\nx = 1\n```"),
        ("term\n   about it", "**term**\n\nabout it"),
        (".. comment\n\ntext", "text"),
        ("**先猜：**如此，**（甲）**乙", "**先猜**：如此，（**甲**）乙"),
        ("*如此* ``x`` *。*", "*如此* `x` 。"),
    ],
    ids=[
        "inline",
        "link",
        "own page",
        "own page in quotation marks",
        "math",
        "block math",
        "list",
        "numbered list",
        "note",
        "code",
        "term",
        "comment",
        "bold in Chinese",
        "punctuation alone",
    ],
)
def test_markup_becomes_clean_markdown(tmp_path, source, expected):
    assert markdown_of(tmp_path, f"T\n=\n\n{source}\n").partition("\n\n")[2] == expected


def test_markup_we_do_not_know_is_refused_by_name():
    with pytest.raises(ExtensionError, match="no Markdown for a table"):
        Markdown().write(nodes.table())
    with pytest.raises(ExtensionError, match="no Markdown for a subscript"):
        Markdown().write(nodes.subscript())


@pytest.mark.parametrize(
    ("page", "uri", "expected"),
    [
        ("", "../index.html", "Title (on the site)"),
        ("", "../glossary.html#term-tensor", "Title"),
        (
            "https://e.org/zh/tutorials/x.html",  # one folder below the start
            "../index.html",
            "[Title](https://e.org/zh/index.html)",
        ),
    ],
)
def test_links_within_the_site_lead_there_or_are_text(page, uri, expected):
    reference = nodes.reference("", "Title", refuri=uri)
    assert Markdown(page=page).write(reference) == expected


def test_a_link_within_the_page_leads_to_the_published_page():
    reference = nodes.reference("", "above", refid="top")
    assert Markdown(page="https://e.org/x.html").write(reference) == (
        "[above](https://e.org/x.html#top)"
    )
    assert Markdown().write(reference) == "above"


def test_imports_from_the_package_go_and_nothing_else():
    assert without_imports(CODE) == (
        "import math\nfrom torch import nn, optim as o\n\nprint(nll, plots.digits)"
    )


def test_of_a_statement_only_the_names_that_are_shown_go():
    assert without_imports(CODE, {"mnist_tut.by_hand.nll"}) == (
        "import math\nfrom torch import nn, optim as o\n\n"
        "from mnist_tut.by_hand import accuracy\n\nprint(nll, plots.digits)"
    )
    assert without_imports(CODE, {"mnist_tut.plots.nll"}) == CODE


def test_names_are_wanted_by_import():
    names = [each.full for each in package_imports(CODE)]
    assert names == ["mnist_tut.by_hand.accuracy", "mnist_tut.by_hand.nll"]
    with pytest.raises(ValueError, match="cannot follow 'from mnist_tut import plots'"):
        package_imports("from mnist_tut import plots")
    with pytest.raises(ValueError, match=r"cannot follow 'import mnist_tut\.plots'"):
        package_imports("import mnist_tut.plots")


def test_imports_are_known_one_by_one():
    assert {each.alone for each in imports(ast.parse(CODE).body)} >= {
        "import math",
        "from torch import nn",
        "from torch import optim as o",
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lesson")
    with pytest.MonkeyPatch.context() as patch:
        lesson.write(folder, patch)
        yield folder


@pytest.fixture(scope="module")
def downloads(world):
    """Build both languages; return each one's notebook, script and page."""
    found = {}
    for lang, settings in (("en", {}), ("zh", {"site_url": "https://e.org/x/"})):
        with lesson.site(world, lang, **settings) as app:
            assert app.warning.getvalue() == ""
            [book] = app.outdir.rglob("*.ipynb")
            [script] = app.outdir.glob("_downloads/**/*.py")
            text = book.read_text(encoding="utf-8")
            found[lang] = (
                nbformat.reads(text, 4),
                script.read_text(encoding="utf-8"),
                lesson.html(app).get_text(),
            )
    return found


def code_of(book):
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def prose_of(book):
    return "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")


def test_a_download_begins_with_title_needs_and_one_folded_cell(downloads):
    book, script, _ = downloads["en"]
    first, second, third = book.cells[:3]
    assert first.source.startswith("# A lesson\n\n**What you need:** Python 3.11")
    assert first.source.endswith("nothing in it is part of the lesson.)")  # no exercise
    assert second.source.startswith("# @title Set-up, figures and checks\n\n\nimport")
    assert '    %pip install -q {" ".join(missing)}\n' in second.source
    assert third.source.startswith("See Home (on the site) and [PyTorch]")
    assert "%pip" not in script
    assert "from __future__" not in script
    assert book.metadata.language_info.file_extension == ".py"


def test_a_download_runs_by_itself_and_again(downloads, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mnist_tut", None)
    _, script, _ = downloads["en"]
    space = {"__name__": "__main__"}
    exec(compile(script, "download", "exec", dont_inherit=True), space)
    exec(compile(script, "download", "exec", dont_inherit=True), space)
    printed = capsys.readouterr().out
    assert printed.startswith(
        f"Python {__import__('platform').python_version()}\ntorch "
    )
    assert printed.count("the end\n") == 2


def test_one_cell_is_folded_and_holds_only_what_no_box_shows(downloads):
    book, _, _ = downloads["zh"]
    [number] = [i for i, cell in enumerate(book.cells) if cell.metadata]
    helper = book.cells[number]
    assert number == 1
    assert helper.metadata == FOLDED
    assert FOLDED["jupyter"]["source_hidden"]  # JupyterLab
    assert FOLDED["cellView"] == "form"  # Colab
    assert FOLDED["tags"] == ["hide-input"]  # nbconvert, Jupyter Book
    assert "这个单元格已折叠" in book.cells[0].source
    plain = helper.source.replace('%pip install -q {" ".join(missing)}', "pass")
    names = [n.name for n in ast.parse(plain).body if isinstance(n, ast.FunctionDef)]
    assert set(names) == {
        *("load", "get_mnist", "accuracy", "show_digits", "loss_batch")
    }


def test_sources_shown_are_cells_at_their_place_with_the_imports_they_lack(downloads):
    code = code_of(downloads["en"][0])
    at = next(i for i, cell in enumerate(code) if "def nll" in cell)
    assert code[at - 1].startswith("def log_softmax(x):\n")
    assert code[at].startswith("def nll(")
    assert code[at + 1].startswith("import math\n\nweights = ")
    assert sum("def nll" in cell for cell in code) == 1
    model = next(cell for cell in code if "def get_model" in cell)
    assert model.startswith("from torch import optim\n\n\ndef get_model")


def test_what_only_the_build_runs_is_in_no_download(downloads):
    for book, script, page in downloads.values():
        for text in (script, page, *code_of(book)):
            assert "sphinx_gallery_" not in text
            assert "seen_by_nobody" not in text
        assert "def get_mnist" in script


def test_names_link_to_what_the_page_itself_imports(world, downloads):
    page = world / "docs" / "en" / "tutorials" / "nn_tutorial.codeobj.json"
    known = json.loads(page.read_text(encoding="utf-8"))
    assert [found["module"] for found in known["get_mnist"]] == ["mnist_tut.data"]
    assert "optim.SGD" in known  # used in the package only


def test_what_makes_sense_on_the_site_only_is_in_no_download(downloads):
    for book, script, page in downloads.values():
        for text in (prose_of(book), script):
            assert "at the foot of this page" not in text
        assert "at the foot of this page" in page


def test_links_lead_to_the_site_where_it_has_an_address(downloads):
    prose = prose_of(downloads["zh"][0])  # of one without, see the first test
    assert "See [Home](https://e.org/x/zh/index.html) and" in prose


def test_downloads_are_made_anew_when_the_package_has_changed(world, downloads):
    made = world / "build" / "en" / "doctrees" / "downloads" / "nn_tutorial.py"
    written = made.read_text(encoding="utf-8")
    made.write_text("old")
    later = time.time() + 10
    os.utime(world / "mnist_tut" / "plots.py", (later, later))
    with lesson.site(world):
        assert made.read_text(encoding="utf-8") == written


def test_checks_stand_in_the_folded_cell_and_one_line_below_each_stub():
    parts = [Cell("markdown", "# T"), Cell("markdown", "task")]
    parts += [
        Cell("stub", "def my_nll(log_probs, target):\n    ..."),
        Cell("check", "my_nll"),
    ]
    first, folded, _, stub, check = cells_of(parts, "en", set())
    assert "How an exercise works" in first.text
    assert "`check(my_nll)`" in first.text
    assert "def check_my_nll(attempt)" in folded.text
    assert (stub.hidden, check.hidden) == (False, False)
    assert check.text == "check(my_nll)"


def test_a_caption_is_followed_by_what_the_figure_shows():
    caption = nodes.container("", nodes.paragraph("", "A caption."), alt="Two lines.")
    assert Markdown().write(caption) == (
        "A caption.\n\n<details><summary>In words</summary>\n\nTwo lines.\n\n</details>"
    )


def test_what_running_the_cells_brings_is_not_written(tmp_path):
    text = "T\n=\n\n" + "".join(
        f".. rst-class:: {kind}\n\n.. code-block:: none\n\n   0.5\n\n"
        for kind in ("sphx-glr-script-out", "sphx-glr-horizontal")
    )
    assert page_parts(resolved(tmp_path, text)) == [Cell("markdown", "# T")]


def test_prose_is_joined_to_prose():
    cells = [
        Cell("markdown", "a"),
        Cell("markdown", "b"),
        Cell("code", "c"),
        Cell("code", "d"),
    ]
    assert merged(cells) == [Cell("markdown", "a\n\nb"), *cells[2:]]


def test_notebook_and_script_hold_the_cells_and_are_the_same_every_time():
    cells = [
        Cell("markdown", "# T\n\ntext"),
        Cell("code", setup_cell()),
        Cell("code", "x = 1", True),
    ]
    text = as_notebook(cells)
    assert text == as_notebook(cells)
    loaded = nbformat.reads(text, 4)
    nbformat.validate(loaded)
    assert [(c.cell_type, c.source) for c in loaded.cells] == [
        (c.kind, c.text) for c in cells
    ]
    script = as_script(cells)
    assert script.startswith(
        "# %% [markdown]\n# # T\n#\n# text\n\n# %%\nimport re\nimport sys\n"
    )
    assert script.endswith("\n# %%\nx = 1\n")


def without(name, monkeypatch):
    """Hide a package from who looks for it."""
    there = importlib.util.find_spec
    hide = lambda asked: None if asked == name else there(asked)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", hide)


def test_a_script_stops_with_the_command_that_installs_what_is_missing(monkeypatch):
    without("requests", monkeypatch)
    message = "^Please install what is missing: pip install requests$"
    with pytest.raises(SystemExit, match=message):
        exec(as_script([Cell("code", setup_cell())]), {})


def test_a_notebook_installs_what_is_missing_and_nothing_else(monkeypatch):
    from IPython.core.inputtransformer2 import TransformerManager

    calls = []

    def line_magic(name, line):
        calls.append((name, line))

    source = TransformerManager().transform_cell(setup_cell())
    space = {"get_ipython": lambda: SimpleNamespace(run_line_magic=line_magic)}
    exec(source, space)
    assert calls == []
    without("requests", monkeypatch)
    exec(source, space)
    assert calls == [("pip", 'install -q {" ".join(missing)}')]  # Jupyter fills it in
    assert space["missing"] == ["requests"]


CATALOGUE = ROOT / "docs" / "locale" / "zh_CN" / "LC_MESSAGES" / "sphinx.po"


@pytest.mark.parametrize(
    ("found", "old"),
    [
        ("0.9.9", True),
        ("1.26.4", True),
        ("2.0.0rc1", False),
        ("2.10.1+cpu", False),  # ten is more than nine
        ("10.0", False),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh_CN"])
def test_a_library_that_is_too_old_is_named_in_the_language_of_the_page(
    monkeypatch, capsys, tmp_path, lang, found, old
):
    words = tmp_path / lang / "LC_MESSAGES" / "sphinx.mo"
    words.parent.mkdir(parents=True)
    with words.open("wb") as file:
        write_mo(
            file,
            read_po(io.BytesIO(CATALOGUE.read_bytes()))
            if lang == "zh_CN"
            else Catalog(),
        )
    locale.init([str(tmp_path)], lang)
    monkeypatch.setattr("numpy.__version__", found)
    exec(as_script([Cell("code", setup_cell())]), {})
    lines = capsys.readouterr().out.splitlines()
    [numpy] = [n for n, line in enumerate(lines) if line == f"numpy {found}"]
    said = [line for line in lines if line.startswith("    ")]
    assert len(said) == old
    assert len(lines) == 5 + old  # Python and four libraries
    if old:
        assert said == [lines[numpy + 1]]
        assert LOWEST["numpy"] in said[0]
        assert "pip install -U numpy" in said[0]
        assert ("太旧" in said[0]) == (lang == "zh_CN")
