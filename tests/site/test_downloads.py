"""The downloads run alone: without the package, in an empty folder, with the page's results."""

import ast
import json
import os
import re
import subprocess
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from alone import can_import, command, environment, link_packages, locate
from gallery_scripts import NAMES, cells
from nbclient import NotebookClient

from mnist_tut.data import for_pages

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


@pytest.fixture(scope="module")
def data_server():
    """Serve the data that the pages were built with; tell the loader where."""
    folder, source = for_pages()
    allowed = {} if source == "MNIST" else {"MNIST_TUT_STAND_IN": "allow"}
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/mnist.pkl.gz"
        yield {"MNIST_TUT_URLS": url, **allowed}
        server.shutdown()


@pytest.fixture(scope="module", autouse=True)
def stand_in_allowed():
    """Let the server's data be the stand-in where the pages were built with it."""
    before = os.environ.get("MNIST_TUT_STAND_IN")
    os.environ.setdefault("MNIST_TUT_STAND_IN", "allow")
    yield
    if before is None:
        del os.environ["MNIST_TUT_STAND_IN"]


def printed_by(script, packages, settings, folder):
    """Run a script in an empty folder, with nothing but the packages, and return what it prints."""
    run = subprocess.run(
        command(script),
        cwd=folder,
        env=environment(packages, **settings),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_script_runs_alone_and_prints_what_its_page_shows(
    site, tutorial, packages, data_server, tmp_path
):
    printed = printed_by(download(site, "zh", ".py"), packages, data_server, tmp_path)
    assert without_times(printed) == page_outputs(tutorial, "zh")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_script_about_time_runs_alone(site, packages, data_server, tmp_path):
    script = download(site, "en", ".py", "where_the_time_goes.py")
    assert "all of it: " in printed_by(script, packages, data_server, tmp_path)


def test_the_notebook_runs_alone_and_prints_what_its_page_shows(
    site, tutorial, packages, data_server, tmp_path, monkeypatch
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
    client = NotebookClient(
        run,
        kernel_name="alone",
        timeout=600,
        resources={"metadata": {"path": str(tmp_path / "empty")}},
    )
    inline = "module://matplotlib_inline.backend_inline"
    env = environment(packages, **data_server, MPLBACKEND=inline) | {
        "PYTHONPATH": paths
    }
    client.execute(env=env)
    outputs = [out for cell in run.cells for out in cell.get("outputs", [])]
    printed = "\n".join(out.text for out in outputs if out.output_type == "stream")
    assert without_times(printed) == page_outputs(tutorial, "en")
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(pictures) == len(
        tutorial["en"].select("article img.sphx-glr-single-img")
    )


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
    assert run.stderr.count("Traceback") == 1
    message = run.stderr.split("RuntimeError: ")[-1]
    assert message.startswith("could not download MNIST:")
    assert message.rstrip().endswith(
        f"Put your own copy of it into {tmp_path / 'data' / 'mnist'}"
    )


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


@every_page
def test_all_four_downloads_hold_the_same_code(site, name):
    def code(lang):  # the first installs what is missing, which is no plain Python
        return [ast.dump(ast.parse(s)) for s in sources(site, lang, name)[1:]]

    assert code("en") == code("zh")
    for lang in LANGUAGES:
        text = download(site, lang, ".py", name).read_text(encoding="utf-8")
        in_script = [
            part.partition("\n")[2].split("\n# %% [markdown]\n")[0]
            for part in re.split(r"^# %%(?=\n)", text, flags=re.M)[2:]
        ]
        assert [ast.dump(ast.parse(c)) for c in in_script] == code(lang)


@both
@every_page
def test_every_cell_of_the_page_is_in_the_notebook_but_for_the_imports(
    site, name, lang
):
    found = sources(site, lang, name)
    for cell in cells(lang, name):
        tree = ast.parse(cell.content)
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
    assert len(re.findall(r"\$[^$]+\$", text)) == len(article.select("math"))
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
