"""Pages that show the tests themselves, so that the links under a source lead somewhere.

One page per test file, one section per test, generated into ``docs/<lang>/tests`` (git-ignored).
They are left out of the search, where they would bury the tutorial.
"""

from pathlib import Path

from sphinx.application import Sphinx
from test_finder import find_tests, module_tests, tests_in

WORDS = {
    "en": {
        "title": "Tests",
        "intro": "Every test of ``mnist_tut``, file by file. The name of a test says what it "
        "makes sure of.",
        "shared": "Imports, helpers and cases",
        "used": "Which tests use what",
        "name": "{}",
    },
    "zh_CN": {
        "title": "测试",
        "intro": "``mnist_tut`` 的全部测试，一个文件一页。测试的名字就是它所保证的事。",
        "shared": "导入、辅助函数与用例",
        "used": "各个对象由哪些测试使用",
        "name": "``{}``",  # English, as all code is
    },
}


def heading(text: str, mark: str) -> list[str]:
    """Write a section heading; long enough for wide characters."""
    return [text, mark * (2 * len(text)), ""]


def code(source: str) -> list[str]:
    """Write a block of Python."""
    lines = [f"   {line}".rstrip() for line in source.strip("\n").splitlines()]
    return [".. code-block:: python", "", *lines, ""]


def html(tag: str) -> list[str]:
    """Write a piece of HTML."""
    return [".. raw:: html", "", f"   {tag}", ""]


def file_page(path: Path, words: dict[str, str]) -> str:
    """Write the page of one test file."""
    source = path.read_text(encoding="utf-8").splitlines()
    out = [":nosearch:", "", *heading(f"``tests/{path.name}``", "=")]
    tests = [test for test, _ in tests_in(path)]
    rest = set(range(1, len(source) + 1))
    sections: list[str] = []
    for test in tests:
        lines = range(test.first_line, test.last_line + 1)
        rest -= set(lines)
        sections += [
            f".. _{test.label}:",
            "",
            *heading(words["name"].format(test.sentence), "-"),
        ]
        sections += code("\n".join(source[line - 1] for line in lines))
    shared = "\n".join(source[line - 1] for line in sorted(rest))
    while "\n\n\n\n" in shared:
        shared = shared.replace("\n\n\n\n", "\n\n\n")
    return "\n".join([*out, *heading(words["shared"], "-"), *code(shared), *sections])


def index_page(names: list[str], words: dict[str, str]) -> str:
    """Write the page that leads to the others."""
    toc = [".. toctree::", "   :maxdepth: 1", "", *(f"   {name}" for name in names), ""]
    used = [*heading(words["used"], "-"), *html('<div lang="en">')]
    for name, tests in sorted(find_tests().items()):
        links = ", ".join(f":ref:`{t.sentence} <{t.label}>`" for t in tests)
        used += [f".. _tests-of-{name}:", "", f"``{name}``: {links}", ""]
    start = [
        ":nosearch:",
        "",
        ".. _tests:",
        "",
        *heading(words["title"], "="),
        words["intro"],
        "",
    ]
    return "\n".join([*start, *toc, *used])


def write_pages(app: Sphinx) -> None:
    """Write all pages, touching only those that changed."""
    words = WORDS[app.config.language]
    folder = Path(app.srcdir) / "tests"
    folder.mkdir(exist_ok=True)
    pages = {path.stem: file_page(path, words) for path in module_tests()}
    pages["index"] = index_page(sorted(pages), words)
    for name, text in pages.items():
        page = folder / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
