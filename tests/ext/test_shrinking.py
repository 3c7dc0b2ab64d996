"""What the figure of the shrinking loop is told: lines, takers, numbers."""

import re
import tomllib
from html import unescape

import pytest
from ext.loops import loop_lines
from ext.scripts import cells_of
from ext.shrinking import WORDS, printed, story, taken_over
from gallery_scripts import GALLERY
from sphinx.errors import ExtensionError

SCRIPT = GALLERY / "en" / "nn_tutorial.py"
SAID = tomllib.loads(WORDS.read_text(encoding="utf-8"))
NAMES = [step["name"] for step in SAID["steps"]]


def rst(losses, share="test set: 0.9876"):
    """A page as Sphinx-Gallery writes it, as far as the figure looks."""
    out = ".. rst-class:: sphx-glr-script-out\n\n .. code-block:: none\n\n    {}\n\n\n"
    loops = [
        f".. loop:: {name}\n\n.. code-block:: Python\n\n    x = 0.1234\n\n"
        + out.format(f"validation loss: {loss}, largest difference: 0e+00")
        for name, loss in zip(NAMES, losses, strict=True)
    ]
    return "".join(loops) + f"    print({SAID['share']})\n\n{out.format(share)}"


def told(**changes):
    said = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    said["steps"][0] |= changes
    said.pop("page")
    return story(SCRIPT, rst(["0.2919"] * len(NAMES)), said)


def test_the_rows_of_every_step_are_the_lines_of_its_cell():
    cells = {cell.loop: loop_lines(cell.code) for cell in cells_of(SCRIPT)}
    story = told()
    lines = [unescape(re.sub("<[^>]+>", "", line)) for line in story["lines"]]
    assert len(lines) == len({*lines})
    for step in story["steps"]:
        rows = [" " * depth + lines[i] for i, depth in step["loop"]]
        assert rows == cells[step["name"]]
    # what the heading says: ten lines, then three
    assert [len(step["loop"]) for step in story["steps"]][:: len(NAMES) - 1] == [10, 3]


def test_no_line_is_called_gone_that_is_in_use_and_every_one_has_a_taker_in_sight():
    story = told()
    for step in story["steps"]:
        here = {i for i, _ in step["before"] + step["loop"]}
        assert not here & {gone for gone, _ in step["gone"]}, step["name"]
        assert {taker for _, taker in step["gone"]} <= here, step["name"]
    steps = zip(story["steps"], story["steps"][1:], strict=False)
    for before, after in steps:  # whatever leaves the loop is shown to go
        left = {i for i, _ in before["loop"]} - {i for i, _ in after["loop"]}
        assert left <= {gone for gone, _ in after["gone"]}, after["name"]


def test_numbers_are_counted_or_were_printed():
    words = told()["words"]
    assert "10, 10, 9, 9, 7, 7, 6, 3" in words["counts"]
    assert words["same"].endswith("<b>0.2919</b>")
    assert "98.8\xa0%" in words["share"]
    assert sum(told()["kept"].values()) == 30
    assert "11 lines" in told()["steps"][-1]["say"]
    assert "30 lines" in told()["steps"][-1]["say"]


def test_a_loss_that_changes_on_the_way_stops_the_build():
    losses = ["0.2919"] * len(NAMES)
    assert printed(rst(losses), NAMES) == "0.2919"
    with pytest.raises(ValueError, match="unpack"):
        printed(rst([*losses[:-1], "0.2920"]), NAMES)


def test_a_line_that_stands_nowhere_stops_the_build():
    with pytest.raises(ExtensionError, match=r"these lines stand nowhere.*weigths"):
        told(before=["return xb @ weigths"])


@pytest.mark.parametrize(
    ("old", "new", "said", "pairs"),
    [
        (["a(xb)", "b"], ["a(yb)", "b"], {}, [("a(xb)", "a(yb)")]),
        (["p", "q"], ["zzzz"], {}, [("p", "zzzz"), ("q", "zzzz")]),
        (["p", "q"], ["a", "b"], {"q": "b"}, [("p", "a"), ("q", "b")]),
        (["p", "q"], ["a", "b"], {"*": "b"}, [("p", "b"), ("q", "b")]),
        (["p", "q"], ["q"], {}, []),
    ],
    ids=["like", "first", "said", "all", "none"],
)
def test_what_goes_is_paired_with_what_takes_it_over(old, new, said, pairs):
    assert [*taken_over([[], old], [[], new], said).items()] == pairs


def test_lines_before_the_loop_that_are_like_none_are_merely_out_of_sight():
    assert taken_over([["a"], ["b"]], [["zzzz"], ["b"]], {}) == {}
