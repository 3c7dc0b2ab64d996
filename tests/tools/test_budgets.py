"""What is over its budget is named, and what two builds differ in."""

import budgets
import compare_builds
import pytest

TABLE = '[lines]\n"a/*.py b.py" = 3\n[bytes]\n"en/index.html" = 200\n'
PAGE = '<link rel="stylesheet" href="../s.css?v=1"><script defer src="x.js"></script>'


@pytest.fixture
def house(tmp_path):
    for name, text in {
        "tools/budgets.toml": TABLE,
        "a/one.py": "x = 1\ny = 2\n",
        "b.py": "z = 3\n",
        "build/html/en/index.html": PAGE,
        "build/html/s.css": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_within_the_budgets_nothing_is_said(house, capsys):
    assert budgets.main(house) == 0
    assert capsys.readouterr().out == ""


def test_a_group_of_files_with_a_line_too_many_is_named(house, capsys):
    (house / "a" / "two.py").write_text("z = 3\n")
    assert budgets.main(house) == 1
    assert capsys.readouterr().out == "a/*.py b.py: 4 lines, 1 over its budget of 3\n"


@pytest.mark.parametrize("name", ["en/index.html", "s.css", "en/x.js"])
def test_a_page_is_weighed_with_all_that_it_asks_for(house, capsys, name):
    heavy = PAGE + "".join(chr(33 + i * i % 90) for i in range(2000))
    (house / "build" / "html" / name).write_text(heavy)
    assert budgets.main(house) == 1
    assert capsys.readouterr().out.startswith("en/index.html: ")


def test_without_a_build_only_lines_are_counted(house):
    (house / "build" / "html" / "en" / "index.html").unlink()
    assert budgets.main(house) == 0


def test_builds_are_compared_but_for_times_and_sums(tmp_path, capsys):
    texts = {"old": "took 3 seconds s.css?v=ab1", "new": "took 41 seconds s.css?v=f00"}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(text)
    sites = [str(tmp_path / name) for name in texts]
    assert compare_builds.main(*sites) == 0
    (tmp_path / "new" / "index.html").write_text("gave 3 seconds")
    (tmp_path / "new" / "more.html").write_text("")
    assert compare_builds.main(*sites) == 1
    out = capsys.readouterr().out
    assert "differs index.html" in out
    assert "new     more.html" in out
