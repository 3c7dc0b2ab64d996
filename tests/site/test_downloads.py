"""The downloads run alone: without the package, in an empty folder, with the page's results."""

import ast
import contextlib
import gzip
import hashlib
import io
import json
import pickle
import re
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import matplotlib.pyplot as plt
import nbformat
import pytest
from alone import can_import, command, environment, link_packages, locate
from bs4 import BeautifulSoup
from gallery_scripts import NAMES, ROOT, cells, prose
from markdown_it import MarkdownIt
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from sphinx_gallery.py_source_parser import remove_ignore_blocks
from traitlets.config import Config

from mnist_tut import exercises
from mnist_tut.mnist import get_mnist

BOOK = "nn_tutorial.py"
AS_NOTEBOOKS = [
    BOOK,
    "your_own_project.py",
]  # whose every cell runs in a notebook below
SPEAKING = "get_mnist", "keep"
NEEDED = ["torch", "numpy", "requests", "matplotlib"]
LANGUAGES = ["en", "zh"]
both = pytest.mark.parametrize("lang", LANGUAGES)
every_page = pytest.mark.parametrize("name", NAMES)


def download(site, lang, suffix, name="nn_tutorial.py"):
    return locate(f"{Path(name).stem}{suffix}", site / lang / "_downloads")


def notebook(site, lang, name="nn_tutorial.py"):
    path = download(site, lang, ".ipynb", name)
    return nbformat.reads(path.read_text(encoding="utf-8"), 4)


def sources(site, lang, name):
    """Return the code of the notebook's cells."""
    book = notebook(site, lang, name)
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def page_outputs(tutorial, lang):
    printed = [
        pre.get_text() for pre in tutorial[lang].select(".sphx-glr-script-out pre")
    ]
    return without_times("\n".join(printed))


def without_times(text):
    """Blank out what differs from run to run, and spaces at line ends."""
    text = re.sub(r"\d+(\.\d+)? s\b|[\d.]+ times| +\d+\.\d\d (?= )", "TIME", text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def without_numbers(lines):
    """Blank out what depends on how many pictures there are."""
    number = r"-?\d[\d,.]*(e[+-]?\d+)?"
    return [re.sub(" +", " ", re.sub(number, "N", line)) for line in lines]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Links to the four packages that a download may use."""
    folder = link_packages(NEEDED, tmp_path_factory.mktemp("alone") / "packages")
    assert can_import("torch", folder)
    assert not can_import("mnist_tut", folder)
    assert not can_import("tqdm", folder)
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Served(NamedTuple):
    """A file with MNIST on a local server, as the page's cell describes the published one."""

    url: str
    size: int
    md5: str

    def instead(self, text):
        """Put this file in the place of the published one, in a download's text."""
        for name, value in zip(("URL", "SIZE", "MD5"), self, strict=True):
            shown = json.dumps(value)
            text, count = re.subn(
                rf"^{name} = .*$", f"{name} = {shown}", text, flags=re.M
            )
            assert count == 1
        return text


def few_pictures(*_):
    """Give a few hundred of the pictures that the pages were built with."""
    pairs = get_mnist(None, "", 0, "")
    sizes = (600, 300, 200)
    return [(x[:n], y[:n]) for (x, y), n in zip(pairs, sizes, strict=True)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a few of the pages' pictures, in a file like the published one."""
    folder = tmp_path_factory.mktemp("served")
    packed = gzip.compress(pickle.dumps(few_pictures(), protocol=2), 1)
    (folder / "small").write_bytes(packed)
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/small"
        yield Served(address, len(packed), hashlib.md5(packed).hexdigest())
        server.shutdown()


def run_alone(packages, folder, *arguments):
    """Run a program in a folder with nothing but the packages, and return what it prints."""
    run = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(packages),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("name", [name for name in NAMES if name not in AS_NOTEBOOKS])
def test_the_script_runs_alone(site, packages, served, tmp_path, name):
    script = tmp_path / "page.py"
    text = download(site, "zh", ".py", name).read_text(encoding="utf-8")
    script.write_text(served.instead(text), encoding="utf-8")
    assert run_alone(packages, tmp_path, script).count("\n") > 15
    assert {path.name for path in tmp_path.iterdir()} == {"data", "page.py"}


@pytest.mark.parametrize("name", AS_NOTEBOOKS)
def test_a_script_gets_its_data_alone_and_the_second_time_without_a_network(
    site, packages, served, tmp_path, name
):
    """Their other cells run as notebooks below, which hold the same code."""
    script = tmp_path / "page.py"
    text = download(site, "zh", ".py", name).read_text(encoding="utf-8")
    text = text[: text.index("\n# %%", text.index("= get_mnist("))]
    for url in served.url, "http://127.0.0.1:9/":
        script.write_text(served._replace(url=url).instead(text), encoding="utf-8")
        run_alone(packages, tmp_path, script)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "page.py"}


def as_the_package_has_it(monkeypatch):
    """Run the cells of the tutorial with the same pictures, and return the lines they print."""
    source = ModuleType("data")
    source.get_mnist = few_pictures
    monkeypatch.setitem(sys.modules, "mnist_tut.data", source)
    monkeypatch.setattr(plt, "show", plt.close)
    names, printed = {"__name__": "__main__"}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in cells("en", BOOK):
            exec(compile(cell.content, BOOK, "exec"), names)
    return without_times(printed.getvalue())


def test_the_notebook_runs_alone_and_prints_what_its_page_does(
    site, tutorial, packages, served, tmp_path, monkeypatch
):
    link_packages(["ipykernel", "matplotlib-inline"], tmp_path / "kernel")
    kernels = tmp_path / "jupyter" / "kernels" / "alone"
    kernels.mkdir(parents=True)
    start = command("-m", "ipykernel_launcher", "-f", "{connection_file}")
    spec = {"argv": start, "display_name": "alone", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    paths = f"{packages}:{tmp_path / 'kernel'}"
    (tmp_path / "empty").mkdir()
    run = notebook(site, "en")
    for cell in run.cells:
        if cell.cell_type == "code" and "\nMD5 = " in cell.source:
            cell.source = served.instead(cell.source)
    client = NotebookClient(
        run,
        kernel_name="alone",
        timeout=600,
        resources={"metadata": {"path": str(tmp_path / "empty")}},
    )
    inline = "module://matplotlib_inline.backend_inline"
    env = environment(packages, MPLBACKEND=inline) | {"PYTHONPATH": paths}
    client.execute(env=env)
    outputs = [out for cell in run.cells[3:] for out in cell.get("outputs", [])]
    streams = [  # a kernel may send a line in two parts
        "".join(o.text for o in cell.get("outputs", []) if o.output_type == "stream")
        for cell in run.cells[3:]
    ]
    printed = "\n".join(streams)
    on_page = re.findall(r"^\.\. exercise:: (\w+)$", prose("en", BOOK), re.M)
    todo = [exercises.says(name, "en")["todo"] for name in on_page]
    lines = without_times(printed)
    assert [line for line in lines if line in todo] == todo
    told = [line for line in lines if line not in todo]
    assert told == as_the_package_has_it(monkeypatch)
    assert without_numbers(told) == without_numbers(page_outputs(tutorial, "en"))
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(pictures) == len(
        tutorial["en"].select("article img.sphx-glr-single-img")
    )


def test_the_notebook_can_be_run_again_from_any_section_and_with_other_settings(
    site, tutorial, packages, served, tmp_path
):
    book = notebook(site, "en")
    for cell in book.cells:
        if cell.cell_type == "code" and "\nMD5 = " in cell.source:
            cell.source = served.instead(cell.source)
    nbformat.write(book, tmp_path / "page.ipynb")
    rerun = ROOT / "tests" / "support" / "rerun.py"
    printed = run_alone(packages, tmp_path, rerun, "page.ipynb").splitlines()
    assert printed[0] == "from top to bottom"
    again = [line for line in printed if line.startswith("again from ## ")]
    assert len(again) == len(tutorial["en"].select("article h2"))
    assert printed[-1] == "with other settings"


@pytest.mark.parametrize(
    ("name", "lang", "solved"),
    [
        ("nn_tutorial.py", "zh", True),
        ("your_own_project.py", "zh", False),
        ("your_own_project.py", "en", True),
    ],
)
def test_the_notebook_runs_with_its_exercises_untouched_and_solved(
    site, packages, served, tmp_path, lang, name, solved
):
    book = notebook(site, lang, name)
    stubs = {exercises.stub_cell(name): name for name in exercises.EXERCISES}
    met = []
    for cell in book.cells:
        if cell.cell_type == "code" and "\nMD5 = " in cell.source:
            cell.source = served.instead(cell.source)
        if cell.source in stubs:
            met.append(stubs[cell.source])
            if solved:
                cell.source = exercises.solution(met[-1])
    assert met == re.findall(r"^\.\. exercise:: (\w+)$", prose(lang, name), re.M)
    nbformat.write(book, tmp_path / "page.ipynb")
    rerun = ROOT / "tests" / "support" / "rerun.py"
    printed = run_alone(packages, tmp_path, rerun, "page.ipynb", "once").splitlines()
    key = "right" if solved else "todo"
    said = [exercises.says(exercise, lang)[key] for exercise in met]
    assert [line for line in printed if line in said] == said


def test_without_data_and_network_the_script_ends_with_one_clear_message(
    site, packages, tmp_path
):
    offline = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    run = subprocess.run(
        command(download(site, "en", ".py")),
        cwd=tmp_path,
        env=environment(packages, **offline),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    message = run.stderr.split("RuntimeError: ")[-1]
    assert message.startswith("No MNIST: ")
    assert "lies at https://github.com/pytorch/tutorials/" in message
    assert f"belongs at {Path('data', 'mnist', 'mnist.pkl.gz')}" in message
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["truncated", "empty", "HTML", "altered", "long"])
def test_another_file_is_told_in_the_language_of_the_notebook_with_what_to_do(
    site, served, tmp_path, lang, kind
):
    names = {}
    for source in sources(site, lang, BOOK):
        if re.search("^def (get_mnist|download|keep)", source, re.M):
            exec(source, names)
    path = tmp_path / "mnist.pkl.gz"
    get = partial(names["get_mnist"], path, *served)
    right = get()
    packed = path.read_bytes()
    files = {
        "truncated": packed[:1000],
        "empty": b"",
        "HTML": b"<html>Not found</html>",
    }
    files |= {"altered": packed[:-1] + b"?", "long": packed + b"?"}
    path.write_bytes(files[kind])
    with pytest.raises(RuntimeError) as told:
        get()
    first, _, rest = str(told.value).partition("\n")
    found = hashlib.md5(files[kind]).hexdigest()
    many = f"{served.size if kind == 'long' else len(files[kind]):,}"
    assert str(path) in first
    assert many in first
    assert kind == "long" or found in first
    for fact in (f"{served.size:,}", served.md5, served.url, str(path)):
        assert fact in rest
    if lang == "zh":
        facts = f"{path}|{served.url}|{found}|{served.md5}|MNIST|MD5"
        assert not re.search("[A-Za-z]", re.sub(facts, "", str(told.value)))
        assert re.search("删掉.*重新下载", rest)
    path.unlink()
    assert (get()[0][0] == right[0][0]).all()


def test_a_missing_package_is_named_with_the_way_to_install_it(site, tmp_path):
    folder = link_packages(["numpy", "requests"], tmp_path / "few")
    run = subprocess.run(
        command(download(site, "en", ".py")),
        env=environment(folder),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    message = "Please install what is missing: pip install torch matplotlib"
    assert run.stderr.strip() == message


def mute(tree):
    """Take out of get_mnist and keep what they say, which is in the language of the page."""
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name in SPEAKING:
            for node in ast.walk(function):
                if isinstance(node, ast.JoinedStr):
                    node.values = [n for n in node.values if isinstance(n, ast.Name)]
                if isinstance(node, ast.Constant) and " " in str(node.value):
                    node.value = ""
    return tree


@every_page
def test_all_four_downloads_hold_the_same_code(site, name):
    def code(lang):  # the first is no plain Python, and speaks the page's language
        return [ast.dump(mute(ast.parse(s))) for s in sources(site, lang, name)[1:]]

    assert code("en") == code("zh")
    for lang in LANGUAGES:
        text = download(site, lang, ".py", name).read_text(encoding="utf-8")
        in_script = [
            part.partition("\n")[2].split("\n# %% [markdown]\n")[0]
            for part in re.split(r"^# %%(?=\n)", text, flags=re.M)[2:]
        ]
        assert [ast.dump(mute(ast.parse(c))) for c in in_script] == code(lang)


@both
@every_page
def test_every_cell_of_the_page_is_in_the_notebook_but_for_the_imports(
    site, name, lang
):
    found = sources(site, lang, name)[1:]
    for cell in cells(lang, name):
        tree = ast.parse(remove_ignore_blocks(cell.content))
        rest = [
            n for n in tree.body if "mnist_tut" not in (getattr(n, "module", "") or "")
        ]
        wanted = ast.dump(ast.Module(rest, []))
        assert not rest or any(ast.dump(ast.parse(s)) == wanted for s in found), (
            cell.lineno
        )
    assert not any("mnist_tut" in source for source in found)


@both
@every_page
def test_the_prose_is_clean_markdown(site, name, lang):
    for cell in notebook(site, lang, name).cells:
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
        assert not re.search(r"^\s*\.\. |:\w+:`|``|>`_|::$", text, re.M), text
        assert text.count("`") % 2 == 0
        assert text.count("$") % 2 == 0


@both
@every_page
def test_rendered_as_commonmark_no_mark_is_left_over(site, name, lang):
    render = MarkdownIt().render
    for cell in notebook(site, lang, name).cells:
        if cell.cell_type == "markdown":
            shown = BeautifulSoup(render(cell.source), "html.parser")
            for block in shown.select("code, pre"):
                block.extract()
            text = re.sub(r"\$[^$]*\$", "", shown.get_text())
            assert not re.search(r"\*\*|\]\(|```", text), text


#: Marks of Markdown, of reStructuredText or of HTML that stand in a text as they were written.
MARKS = r"\*\*|\*\w|\]\(|``|^#+ |^\.\. |:\w+:`|</?\w+>|&\w+;|\$"


@both
@every_page
def test_nbconvert_shows_the_prose_without_a_mark_and_hides_what_is_folded(
    site, name, lang
):
    book = notebook(site, lang, name)
    codes = [cell for cell in book.cells if cell.cell_type == "code"]
    book.cells = [cell for cell in book.cells if cell not in codes[2:]]
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {"hide-input"}
    body, _ = HTMLExporter(config=config, template_name="basic").from_notebook_node(
        book
    )
    shown = BeautifulSoup(body, "html.parser")
    cells = shown.select(".text_cell")
    assert len(cells) == len(book.cells) - 2
    folds = sum(cell.source.count("<details>") for cell in book.cells)
    assert len(shown.select("details > summary")) == folds
    for block in shown.select("code, pre, .anchor-link"):
        block.extract()
    for cell in cells:
        text = re.sub(r"\$[^$]+\$", "", cell.get_text())
        assert not re.search(MARKS, text, re.M), text
    assert "find_spec" in codes[0].source
    assert "find_spec" not in body


@both
@every_page
def test_links_notes_formulas_and_captions_are_kept(site, gallery, name, lang):
    cells = notebook(site, lang, name).cells
    text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
    article = gallery[name][lang].select_one("article")
    shown = {a["href"] for a in article.select("p a.reference.external[href^=https]")}
    assert shown - set(re.findall(r"\]\((https://[^)]+)\)", text)) <= {
        "https://sphinx-gallery.github.io"
    }
    assert (
        len(re.findall(r"^> \*\*", text, re.M))
        == len(article.select("div.admonition")) - 1
    )
    said = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)  # a shell has its $ too
    assert len(re.findall(r"\$[^$]+\$", said)) == len(article.select("math"))
    for caption in article.select(".figure-text"):
        words = re.findall(r"\w{2,}", caption.get_text())[:3]
        assert all(word in text for word in words)


@both
@every_page
def test_the_archive_holds_both_files(site, name, lang):
    with zipfile.ZipFile(download(site, lang, ".zip", name)) as archive:
        for suffix in (".ipynb", ".py"):
            packed = archive.read(f"{Path(name).stem}{suffix}")
            assert packed == download(site, lang, suffix, name).read_bytes()
