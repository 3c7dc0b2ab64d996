"""The downloads run alone: without the package, in an empty folder, with the page's results."""

import ast
import gzip
import hashlib
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
from typing import NamedTuple

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
#: Each page's code runs once, in one language and form; that the others hold the same is compared.
SCRIPTS = {
    "from_memory.py": "en",
    "inside_torch_nn.py": "zh",
    "one_loop_many_machines.py": "zh",
    "when_it_goes_wrong.py": "en",
    "where_the_time_goes.py": "zh",
}
NOTEBOOKS = {"your_own_project.py": "en", BOOK: "zh"}
#: What would take long, and what stands in its place: the tests of these two pages run the rest.
SHORTER = {
    "one_loop_many_machines.py": {
        "    done = subprocess.run(command, **place, capture_output=True, text=True)\n": (
            '    sys.exit(Path(folder.name, "train.py").read_text(encoding="utf-8"))\n'
        ),
    },
    "where_the_time_goes.py": {
        "for _ in range(rounds):": "for _ in range(1):",
        "calls=50": "calls=2",
        "count=100": "count=10",
        "count=1024 // size": "count=256 // size",
    },
}
SPEAKING = "get_mnist", "keep"
DEFINED = ast.FunctionDef | ast.ClassDef
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
    assert can_import(["torch", "mnist_tut", "tqdm"], folder) == [True, False, False]
    return folder


class Quiet(SimpleHTTPRequestHandler):
    asked = 0

    def log_message(self, *args):
        Quiet.asked += 1


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


def prepared(site, name, lang, served):
    """Return a page's notebook with each exercise left alone, checked, solved and checked."""
    book = notebook(site, lang, name)
    stubs = {exercises.stub_cell(name): name for name in exercises.EXERCISES}
    cells = []
    for cell in book.cells:
        if cell.cell_type == "code" and "\nMD5 = " in cell.source:
            cell.source = served.instead(cell.source)
        cells.append(cell)
        if cells[-2:-1] and cells[-2].source in stubs:
            solved = exercises.solution(stubs[cells[-2].source])
            cells += [nbformat.v4.new_code_cell(solved), cell]
    book.cells = cells
    return book


def shortened(text, name):
    """Put what is quicker in the place of what takes a page long."""
    for old, new in SHORTER.get(name, {}).items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def run(site, packages, served, tmp_path_factory):
    """Run every download in one folder, with the packages alone; return it and what was said.

    One interpreter runs them all, for loading PyTorch takes as long as most of them.
    """
    folder = tmp_path_factory.mktemp("empty")
    for name, lang in SCRIPTS.items():
        text = download(site, lang, ".py", name).read_text(encoding="utf-8")
        text = shortened(served.instead(text), name)
        (folder / name).write_text(text, encoding="utf-8")
    books = [name.replace(".py", ".ipynb") for name in NOTEBOOKS]
    for book, (name, lang) in zip(books, NOTEBOOKS.items(), strict=True):
        cells = json.dumps(prepared(site, name, lang, served))
        (folder / book).write_text(cells, encoding="utf-8")
    Quiet.asked = 0
    tool = ROOT / "tests" / "support" / "rerun.py"
    ran = subprocess.run(
        command(tool, *SCRIPTS, *books),
        cwd=folder,
        env=environment(packages),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    parts = re.split(r"^=== (.*)\n", ran.stdout, flags=re.M)
    return folder, dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_page_has_a_download_that_is_run():
    assert {*SCRIPTS, *NOTEBOOKS} == {*NAMES}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_runs_alone(run, name):
    _, said = run
    assert said[name].count("\n") > 15


def test_the_data_are_fetched_once_and_nothing_else_is_left_in_the_folder(run):
    folder, said = run
    assert Quiet.asked == 1
    assert {path.name for path in folder.iterdir()} == {"data", *said}


def test_the_script_of_many_processes_writes_the_program_that_they_run(run):
    _, said = run
    name = "one_loop_many_machines.py"
    [program] = re.findall(r"^import os\n.*^four_ways\(\)$", said[name], re.M | re.S)
    wrote = {
        part.name: part for part in ast.parse(program).body if hasattr(part, "name")
    }
    shown = {
        part.name: ast.dump(part)
        for cell in cells("en", name)
        for part in ast.parse(cell.content).body
        if isinstance(part, ast.FunctionDef)
    }
    assert len(wrote) > 8
    assert {
        name: ast.dump(part) for name, part in wrote.items()
    }.items() <= shown.items()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_runs_with_its_exercises_untouched_and_solved(run, name):
    _, said = run
    lang = NOTEBOOKS[name]
    printed = said[name.replace(".py", ".ipynb")].splitlines()
    met = re.findall(r"^\.\. exercise:: (\w+)$", prose(lang, name), re.M)
    wanted = [exercises.says(e, lang)[key] for e in met for key in ("todo", "right")]
    assert [line for line in printed if line in wanted] == wanted


def test_each_section_of_the_notebook_can_be_run_again_and_all_with_other_settings(
    run, tutorial
):
    _, said = run
    printed = said[BOOK.replace(".py", ".ipynb")].splitlines()
    again = [line for line in printed if line.startswith("again: ## ")]
    assert len(again) == len(tutorial["zh"].select("article h2"))
    assert printed[-1] == "with other settings"


def test_a_kernel_runs_the_notebook_and_prints_and_draws_what_its_page_does(
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
    assert without_numbers(told) == without_numbers(page_outputs(tutorial, "en"))
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(pictures) == len(
        tutorial["en"].select("article img.sphx-glr-single-img")
    )


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


@both
def test_without_data_and_network_one_clear_message_ends_it(site, tmp_path, lang):
    names = {}
    for source in sources(site, lang, BOOK):
        if re.search("^def (get_mnist|download|keep)", source, re.M):
            exec(source, names)
    with pytest.raises(RuntimeError) as told:
        names["get_mnist"](tmp_path / "data" / "x", "http://127.0.0.1:9/", 5, "abc")
    first, _, rest = str(told.value).partition("\n")
    assert "No MNIST: " in first if lang == "en" else "MNIST" in first
    for fact in ("http://127.0.0.1:9/", "abc", str(tmp_path / "data" / "x")):
        assert fact in rest
    assert not (tmp_path / "data").exists()


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


def structure(source):
    """Show a set-up cell without its texts, which are in the language of the page."""
    tree = ast.parse(re.sub(r"(?m)^( *)%pip.*", r"\1pass", source))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            node.values = []
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


@every_page
def test_all_four_downloads_hold_the_same_code(site, name):
    def code(lang):
        return [ast.dump(mute(ast.parse(s))) for s in sources(site, lang, name)[1:]]

    assert code("en") == code("zh")
    set_up = {structure(sources(site, lang, name)[0]) for lang in LANGUAGES}
    assert len(set_up) == 1
    for lang in LANGUAGES:
        text = download(site, lang, ".py", name).read_text(encoding="utf-8")
        in_script = [
            part.partition("\n")[2].split("\n# %% [markdown]\n")[0]
            for part in re.split(r"^# %%(?=\n)", text, flags=re.M)[2:]
        ]
        assert [ast.dump(mute(ast.parse(c))) for c in in_script] == code(lang)


def definitions(texts):
    """Map each name that is defined on top to all ways in which it is, without docstrings."""
    found = {}
    for text in texts:
        for part in ast.parse(text).body:
            if isinstance(part, DEFINED):
                for inner in ast.walk(part):
                    if isinstance(inner, DEFINED) and ast.get_docstring(inner):
                        inner.body = inner.body[1:] or [ast.Pass()]
                found.setdefault(part.name, set()).add(ast.dump(part))
    return found


@every_page
def test_what_a_download_brings_along_is_what_the_package_has(site, name):
    package = (ROOT / "mnist_tut").glob("*.py")
    known = definitions(path.read_text(encoding="utf-8") for path in package)
    own = definitions(cell.content for cell in cells("en", name))
    text = download(site, "en", ".py", name).read_text(encoding="utf-8")
    brought = definitions([text]).items()
    brought = {
        name: ways for name, ways in brought if name in known.keys() - own.keys()
    }
    assert len(brought) > 2
    assert {name for name, ways in brought.items() if not ways <= known[name]} == set()


def test_no_download_asks_for_a_name_before_it_has_it(site):
    files = [
        download(site, lang, suffix, name)
        for name in NAMES
        for lang in LANGUAGES
        for suffix in (".py", ".ipynb")
    ]
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "check", "--isolated", "--select=F821,F823", "--quiet", *files]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert (said.returncode, said.stdout) == (0, "")


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


#: Marks of Markdown, of reStructuredText or of HTML that stand in a text as they were written.
MARKS = r"\*\*|\*\w|\]\(|``|^#+ |^\.\. |:\w+:`|</?\w+>|&\w+;|\$"


def marks_left(html, inside=None):
    """List the marks that a reader sees outside of code and formulas."""
    shown = BeautifulSoup(html, "html.parser")
    for block in shown.select("code, pre, .anchor-link"):
        block.extract()
    texts = shown.select(inside) if inside else [shown]
    texts = [re.sub(r"\$[^$]+\$", "", text.get_text()) for text in texts]
    return [mark for text in texts for mark in re.findall(MARKS, text, re.M)]


@both
@every_page
def test_the_prose_is_clean_markdown(site, name, lang):
    render = MarkdownIt().render
    for cell in notebook(site, lang, name).cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
            assert not re.search(r"^\s*\.\. |:\w+:`|``|>`_|::$", text, re.M), text
            assert text.count("`") % 2 == 0
            assert text.count("$") % 2 == 0
            assert marks_left(render(cell.source)) == [], cell.source


@both
def test_nbconvert_shows_the_prose_without_a_mark_and_hides_what_is_folded(site, lang):
    book = notebook(site, lang)
    codes = [cell for cell in book.cells if cell.cell_type == "code"]
    book.cells = [cell for cell in book.cells if cell not in codes[2:]]
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {"hide-input"}
    convert = HTMLExporter(config=config, template_name="basic").from_notebook_node
    body, _ = convert(book)
    shown = BeautifulSoup(body, "html.parser")
    assert len(shown.select(".text_cell")) == len(book.cells) - 2
    folds = sum(cell.source.count("<details>") for cell in book.cells)
    assert len(shown.select("details > summary")) == folds
    assert marks_left(body, ".text_cell") == []
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
