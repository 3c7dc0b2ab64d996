"""Programs cut out of a page: they run, they are whole, and they hold nothing else."""

import ast

import lesson
import pytest
import torch
from ext.code import package_source
from ext.code.programs import (
    GIVEN,
    blocks_of,
    cells_of_script,
    length,
    logical_lines,
    program,
    undefined_names,
)

STEPS = ["by-hand", "functional", "module", "fit"]


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield lesson.write(tmp_path_factory.mktemp("lesson"), patch)


def short(folder, monkeypatch, cells):
    """Write a script with a few cells, given as (text, code)."""
    parts = ['"""\nT\n=\n"""\n']
    for text, code in cells:
        prose = "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))
        parts.append(f"# %%\n{prose}\n{code}\n")
    return lesson.write(folder, monkeypatch, "\n".join(parts))


# Cells


def test_loops_are_the_cells_behind_their_directive(script):
    loops = {cell.loop: cell for cell in cells_of_script(script) if cell.loop}
    assert list(loops) == STEPS
    assert loops["by-hand"].title == "by hand"
    assert loops["fit"].title == "fit"
    assert loops["by-hand"].code.startswith("# what we said\nfor epoch")
    lines = script.read_text().splitlines()
    assert "\n".join(lines[loops["fit"].line - 1 :]).lstrip().startswith("model, opt =")


def test_a_directive_that_does_not_end_its_text_names_no_cell(tmp_path, monkeypatch):
    path = short(tmp_path, monkeypatch, [(".. loop:: a\n\nMore words.", "x = 1")])
    assert [cell.loop for cell in cells_of_script(path)] == [""]


def test_a_directive_names_the_next_cell_only(tmp_path, monkeypatch):
    path = short(tmp_path, monkeypatch, [(".. loop:: a", "x = 1\n\n# %%\n\ny = 1")])
    assert [cell.loop for cell in cells_of_script(path)] == ["a", ""]


def test_what_only_the_build_runs_is_in_no_cell(script):
    code = "\n".join(cell.code for cell in cells_of_script(script))
    assert "from mnist_tut.data import get_mnist" in code
    assert "mnist_tut.mnist" not in code
    assert "sphinx_gallery" not in code


def test_a_block_that_is_empty_without_it_is_dropped_at_the_end(tmp_path, monkeypatch):
    hidden = "# sphinx_gallery_start_ignore\nx = 1\n# sphinx_gallery_end_ignore"
    path = short(tmp_path, monkeypatch, [("One.", "y = 1"), ("Two.", hidden)])
    assert [block.type for block in blocks_of(path)] == ["text", "text", "code", "text"]


# Slicing


def run(script, name, dtype):
    """Run a program on a few made-up rows; return its weights."""
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        x, y = torch.rand(9, 4), torch.arange(9) % 3
        space = {"x_train": x, "y_train": y, "n": 9, "c": 4}
        torch.manual_seed(1)
        exec(program(script, name).code, space)
    finally:
        torch.set_default_dtype(before)
    return space["weights"] if name in STEPS[:2] else space["model"].lin.weight.T


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_program_runs_by_itself_and_all_train_alike(script, dtype, capsys):
    weights = [run(script, name, dtype) for name in STEPS]
    assert weights[0].dtype == dtype
    for other in weights[1:]:
        torch.testing.assert_close(other, weights[0], rtol=0, atol=1e-6)


def test_a_program_holds_what_it_needs_and_nothing_else(script):
    code = program(script, "functional").code
    for needed in (
        "weights = torch.randn(c, 3) / math.sqrt(c)\nweights.requires_grad_()\n",
        "bs = 4\nlr = 0.5\nepochs = 2\n",
        "loss_func = F.cross_entropy",
        "import torch.nn.functional as F",
        "            weights.grad.zero_()",
    ):
        assert needed in code, needed
    for retired in ("nll", "log_softmax", "goal", "start", "preds", "print", "assert"):
        assert retired not in code, retired
    assert code.count("def model(xb)") == 1
    assert code.count("for epoch in") == 1


def test_the_first_program_brings_its_functions_and_its_comment(script):
    code = program(script, "by-hand").code
    assert "def nll(" in code
    assert "def log_softmax(" in code
    assert '"""' not in code
    assert "# what we said\nfor epoch" in code


def test_what_a_function_of_the_package_needs_comes_before_it(script):
    found = program(script, "fit")
    modules = [piece.module for piece in found.pieces if piece.module]
    assert modules == ["mnist_tut.models", *["mnist_tut.training"] * 3]
    code = found.code
    assert code.index("class Mnist_Logistic") < code.index("def get_model")
    assert "from torch import nn, optim" not in code.partition("class")[2]
    assert "import DataLoader, TensorDataset\n" in code


def test_names_that_are_given_are_not_followed(script):
    code = program(script, "fit", GIVEN | {"start"}).code
    assert "load_state_dict(start)" in code
    assert "weights" not in code


def test_statements_that_only_serve_comparing_are_passed_over(tmp_path, monkeypatch):
    cells = [
        ("One.", "w = 1\nstart = w\n\n\ndef f():\n    return w"),
        ("Two.", "def same():\n    print(start)\n    assert f() == start"),
        (".. loop:: a", "w = start\nw += 1\nf()\nsame()"),
    ]
    path = short(tmp_path, monkeypatch, cells)
    assert "start = w" in program(path, "a").code
    code = program(path, "a", apart={"start"}).code
    assert code == "w = 1\n\ndef f():\n    return w\n\nw += 1\nf()\n"


def test_calls_of_functions_that_only_look_are_left_out(tmp_path, monkeypatch):
    cells = [
        ("One.", "x = 1\n\n\ndef show(x):\n    print(x)\n    assert x"),
        ("Two.", "def act(x):\n    print(x)\n    x.run()"),
        (".. loop:: a", "show(x)\nact(x)"),
    ]
    code = program(short(tmp_path, monkeypatch, cells), "a").code
    assert "show" not in code
    assert code.endswith("act(x)\n")


CHANGES = [
    ("One.", "x = [1]\nx.append(2)\ny = 3\nx[0] = 5\nfor i in x:\n    x[0] += i"),
    ("Two.", "x.append(y)\ny = 4"),
    (".. loop:: a", "x.append(6)\nprint(x)\nassert x\nz = x, y"),
]


def test_changes_belong_to_a_definition_in_their_cell_and_loops_never(
    tmp_path, monkeypatch
):
    path = short(tmp_path, monkeypatch, CHANGES)
    assert program(path, "a").code == (
        "x = [1]\nx.append(2)\nx[0] = 5\n\ny = 4\n\nx.append(6)\nz = x, y\n"
    )


def test_a_function_uses_what_is_defined_when_it_is_called(tmp_path, monkeypatch):
    cells = [
        ("One.", "k = 1\n\n\ndef f():\n    return k"),
        ("Two.", "k = 2\nj = k"),
        (".. loop:: a", "k = 3\nz = f() + j"),
        (".. loop:: b", "z = f()"),
    ]
    path = short(tmp_path, monkeypatch, cells)
    spaces = {}, {}
    for name, space in zip("ab", spaces, strict=True):
        exec(program(path, name).code, space)
    assert [space["z"] for space in spaces] == [5, 3]
    assert "k = 1" not in program(path, "a").code


def test_decorators_comments_and_lines_with_several_statements_are_whole(
    tmp_path, monkeypatch
):
    cells = [
        (
            "One.",
            "a = 1; b = 2\n# why\n# so\nc0 = 3\n\n\n@staticmethod\ndef f():\n    return a",
        ),
        (".. loop:: a", "z = f, b, c0"),
    ]
    path = short(tmp_path, monkeypatch, cells)
    code = program(path, "a").code
    assert "@staticmethod\ndef f()" in code
    assert "# why\n# so\nc0 = 3" in code
    assert code.count("b = 2") == code.count("a = 1") == 1


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([(".. loop:: b", "x = 1")], "nn_tutorial.py has 0 loops called 'a', not one"),
        ([(".. loop:: a", "x = 1")] * 2, "has 2 loops called 'a'"),
        (
            [(".. loop:: a", "x = nowhere")],
            "the program 'a' uses 'nowhere', which no cell",
        ),
        ([("One.", "for i in [1]:\n    y = i"), (".. loop:: a", "x = y")], "uses 'y'"),
        (
            [("One.", "from mnist_tut import plots"), (".. loop:: a", "plots.x")],
            "cannot follow",
        ),
        (
            [
                ("One.", "from mnist_tut.by_hand import nll as f"),
                (".. loop:: a", "f(1)"),
            ],
            "cannot follow 'from mnist_tut.by_hand import nll as f'",
        ),
        (
            [("One.", "from mnist_tut.by_hand import nil"), (".. loop:: a", "nil(1)")],
            "mnist_tut.by_hand does not define nil",
        ),
    ],
    ids=["none", "two", "undefined", "only in a loop", "module", "alias", "unknown"],
)
def test_what_cannot_be_cut_out_is_named(tmp_path, monkeypatch, cells, message):
    path = short(tmp_path, monkeypatch, cells)
    with pytest.raises(ValueError, match=message):
        program(path, "a")


def test_a_package_object_under_another_name_is_refused(tmp_path, monkeypatch):
    path = short(tmp_path, monkeypatch, [("One.", "x = 1")])
    module = path.parents[2] / "mnist_tut" / "alias.py"
    module.write_text(
        "from mnist_tut.by_hand import nll as loss\n\n\ndef f():\n    return loss\n"
    )
    with pytest.raises(ValueError, match="nll by another name"):
        package_source.with_needs(["mnist_tut.alias.f"])


# Counting


def test_a_program_is_counted_without_what_is_kept_and_what_is_set_apart(script):
    by_hand = program(script, "by-hand")
    assert by_hand.lengths(own={"mnist_tut.by_hand"}) == (24, 0)
    assert by_hand.lengths() == (19, 5)
    assert program(script, "fit", GIVEN | {"start"}).lengths() == (8, 18)
    assert program(script, "fit", apart={"start"}).lengths() == (7, 18)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("x = 1\n\n# why\ny = 2  # so", 2),
        (
            "import a\nfrom b import c\nassert x, y\nprint(x)\nz.testing.assert_close(a, b)",
            0,
        ),
        ("f(\n    1,\n    2,\n)", 1),
        ("@a\ndef f():\n    return 1", 3),
        ("for x in y:\n    if x:\n        print(x)\n    else:\n        z = 1", 4),
        ("class A:\n    pass", 2),
        ("assertion = printer = importer = 1", 1),
        ("", 0),
    ],
)
def test_logical_lines_are_counted(code, lines):
    assert length(code) == lines


def test_a_logical_line_is_one_however_it_is_wrapped():
    assert list(logical_lines("x = (\n    1 +\n    2\n)\n")) == ["x = ( 1 + 2 )"]


# Names that a page never introduces


def test_names_that_a_page_never_introduces_are_told_with_their_place(script):
    assert undefined_names(script) == [
        "Mnist_Logistic (get_model)",
        "optim (get_model)",
        "loss_batch (fit)",
    ]


def test_a_cell_may_not_use_what_comes_later_but_a_function_may(tmp_path, monkeypatch):
    cells = [
        ("One.", "def f():\n    return late, never\n\n\nx = late + len([])"),
        (
            "Two.\n\n.. tested-source:: mnist_tut.by_hand.nll",
            "late = 1\nnll(1)\nimport torch",
        ),
    ]
    path = short(tmp_path, monkeypatch, cells)
    line = cells_of_script(path)[0].line
    assert undefined_names(path) == [f"late (line {line})", f"never (line {line})"]


def test_a_program_is_python(script):
    for name in STEPS:
        ast.parse(program(script, name).code)
