"""Every program of the gallery is executed once: counted on a miniature site in two languages."""

import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from ext import package_source, run_once
from PIL import Image
from sphinx.testing.util import SphinxTestApp
from sphinx_gallery import gen_rst
from sphinx_gallery.scrapers import ImagePathIterator

SCRIPT = '''
"""
Title
=====

{prose}
"""

# %%
# {prose}

from pathlib import Path

from mnist_tut.tool import number
import matplotlib.pyplot as plt

with Path({count!r}).open("a") as log:
    log.write("run\\n")
print("printed", number(){code})
plt.plot([1, 2])
plt.show()
'''

TOOL = """
from mnist_tut.base import NUMBER

def number():
    return NUMBER
"""
BASE = """
import math

NUMBER = math.e
OTHER = 1
"""


class Miniature:
    """A site in two languages with one script, and the settings that a build depends on."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.monkeypatch = folder, monkeypatch
        self.count = folder / "count"
        self.data, self.settings, self.code = "MNIST", {}, ""
        self.prose = {"en": "Hello.", "zh": "您好。"}
        package = folder / "mnist_tut"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "tool.py").write_text(TOOL)
        (package / "base.py").write_text(BASE)
        monkeypatch.setattr(run_once, "ROOT", folder)
        monkeypatch.setattr(package_source, "ROOT", folder)
        monkeypatch.setitem(
            sys.modules, "mnist_tut.tool", SimpleNamespace(number=lambda: 1)
        )

    def build(self, lang="en"):
        """Build one language; return how often the script ran so far, and the page."""
        gallery, source = self.folder / f"gallery-{lang}", self.folder / lang
        for path in (gallery, source):
            path.mkdir(exist_ok=True)
        (gallery / "GALLERY_HEADER.rst").write_text("G\n=\n")
        text = SCRIPT.format(
            prose=self.prose[lang], count=str(self.count), code=self.code
        )
        (gallery / "plot_x.py").write_text(text.lstrip(), encoding="utf-8")
        (source / "index.rst").write_text(
            "I\n=\n\n.. toctree::\n\n   tutorials/index\n"
        )
        (source / "conf.py").write_text(
            "def setup(app):\n"
            "    app.add_config_value('data_used', None, 'html', str)\n"
            "    from ext import run_once\n"
            "    app.connect('config-inited', run_once.install, priority=5)\n"
        )
        conf = {
            "examples_dirs": [str(gallery)],
            "gallery_dirs": ["tutorials"],
            "inspect_global_variables": False,
            "write_computation_times": False,
            "abort_on_example_error": False,
            **self.settings,
        }
        app = SphinxTestApp(
            srcdir=source,
            builddir=self.folder / f"build-{lang}",
            confoverrides={
                "extensions": ["sphinx_gallery.gen_gallery"],
                "html_theme": "basic",
                "data_used": self.data,
                "sphinx_gallery_conf": conf,
            },
        )
        try:
            app.build()
        finally:
            app.cleanup()
        self.page = (source / "tutorials" / "plot_x.rst").read_text(encoding="utf-8")
        self.images = sorted(
            (source / "tutorials" / "images").glob("sphx_glr_plot_x_0*.png")
        )
        return len(self.count.read_text().splitlines()) if self.count.exists() else 0


@pytest.fixture
def site(tmp_path, monkeypatch):
    original = gen_rst.execute_script
    yield Miniature(tmp_path, monkeypatch)
    gen_rst.execute_script = original


def test_the_second_language_takes_over_what_the_first_one_printed_and_drew(
    site, capsys
):
    assert site.build("en") == 1
    english = site.page
    assert site.build("zh") == 1
    [_time] = re.findall(r"plot_x \(gallery-en\): \d+ s\n", capsys.readouterr().out)
    assert "printed 1" in english
    assert "printed 1" in site.page
    assert "您好" in site.page
    assert [path.name for path in site.images] == ["sphx_glr_plot_x_001.png"]
    with Image.open(site.images[0]) as picture:
        assert picture.size[0] > 100
        assert picture.mode == "P"  # a palette, for light pages


def test_prose_comments_and_what_is_not_imported_execute_nothing(site):
    site.build()
    assert site.build() == 1  # nor does a build without any change
    site.prose["en"] = "Good morning."
    site.code = ")  # (a comment"
    (site.folder / "mnist_tut" / "unused.py").write_text("x = 1\n")
    assert site.build() == 1
    assert "Good morning." in site.page
    assert "printed 1" in site.page


def test_code_and_what_it_imports_however_far_away_execute_again_unless_known(site):
    site.build()
    site.code = ", 2"
    assert site.build() == 2
    assert "printed 1 2" in site.page
    site.code = ""
    assert site.build() == 2  # as it was before
    assert "printed 1 2" not in site.page


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("tool", "return NUMBER", "return -NUMBER", True),
        ("base", "math.e", "math.pi", True),
        ("base", "import math", "import cmath as math", True),
        ("base", "OTHER = 1", "OTHER = 2", False),
        ("tool", "number():", 'number():\n    """Count."""', False),
    ],
)
def test_what_is_used_executes_again_when_it_changes_however_far_away_it_is(
    site, file, old, new, again
):
    code = "from mnist_tut.tool import number"
    before = run_once.key("x.py", code, "MNIST", [])
    path = site.folder / "mnist_tut" / f"{file}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert (run_once.key("x.py", code, "MNIST", []) != before) == again


def test_other_data_other_versions_and_other_figure_settings_execute_again(site):
    assert site.build() == 1
    site.data = "stand-in"
    assert site.build() == 2
    site.settings = {"image_srcset": ["2x"]}
    assert site.build() == 3
    site.settings["capture_repr"] = ("__repr__",)
    assert site.build() == 4
    site.monkeypatch.setattr(run_once, "version", lambda library: "99")
    assert site.build() == 5
    site.monkeypatch.setattr(run_once.platform, "python_version", lambda: "99")
    assert site.build() == 6
    site.monkeypatch.setattr(run_once, "use_palette", lambda path: None)
    assert site.build() == 7


def test_languages_that_are_built_at_once_execute_a_program_once(tmp_path):
    runs = []

    def execute(blocks, v, conf, file_conf):
        runs.append(v["src_file"])
        time.sleep(0.2)  # long enough for the other to come along
        v.update(passing=True, memory_delta=[0])
        return ["printed"], 1.5

    wrapped = run_once.run_once(
        execute, tmp_path / "executed", "MNIST", tmp_path / "site"
    )
    blocks = [SimpleNamespace(type="code", content="x = 1")]
    conf = {"image_srcset": [], "image_scrapers": (), "capture_repr": ()}

    def build(lang):
        target = tmp_path / lang
        target.mkdir()
        (target / "plot_x.py").touch()
        v = {"execute_script": True, "src_file": f"gallery/{lang}/plot_x.py"}
        v |= {"target_file": str(target / "plot_x.py")}
        v |= {"image_path_iterator": ImagePathIterator(str(target / "x_{0:03}.png"))}
        return wrapped(blocks, v, conf, {})

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(build, ["en", "zh"])) == [(["printed"], 1.5)] * 2
    assert len(runs) == 1


def test_the_models_of_a_page_come_into_the_sites_of_both_languages(site):
    def export(folder, *given, source):
        (folder / "x.js").write_text(f"{source} {given}")

    site.monkeypatch.setattr("ext.alive.export.export", export)
    names = ", ".join(run_once.EXPORTED.split())
    site.code = f""")
{names} = 1, 2, 3, {{"weights": 4}}, 5, 6, 7, 8
print("trained\""""
    for lang in ("en", "zh"):
        assert site.build(lang) == 1
        exported = site.folder / f"build-{lang}" / "html" / "_static" / "alive"
        assert [path.name for path in exported.iterdir()] == ["x.js"]
        text = (exported / "x.js").read_text()
        assert text == "MNIST (1, 2, 3, 4, (5, 6), (7, 8))"


def test_a_run_that_cannot_be_read_counts_as_none_and_is_made_anew(site):
    site.build()
    [run] = (site.folder / "build" / "executed").glob("plot_x-*/run.json")
    for runs, text in enumerate(("", "{", "\udce9"), 2):
        run.write_bytes(text.encode(errors="surrogateescape"))
        assert site.build() == runs
    assert site.build() == runs


def test_the_key_knows_by_which_ways_a_build_finds_mnist_and_what_else_is_around(
    site, tmp_path
):
    assert {"find.py", "surroundings.py", "figures.mplstyle"} <= {
        path.name for path in run_once.AROUND
    }
    before = run_once.key("x.py", "x = 1", "MNIST", [])
    (tmp_path / "new").touch()
    site.monkeypatch.setattr(run_once, "AROUND", [*run_once.AROUND, tmp_path / "new"])
    assert run_once.key("x.py", "x = 1", "MNIST", []) != before


def running(folder, languages, log):
    """Run a program for a moment; note when it began and ended."""
    with run_once.cores(folder, languages):
        log.append((languages, 1))
        time.sleep(0.3)
        log.append((languages, -1))


@pytest.mark.parametrize(
    ("programs", "most"),
    [(["en", "zh", "en"], 2), (["en zh", "en zh"], 1), (["en", "en zh", "zh"], 2)],
)
def test_each_language_runs_a_program_at_a_time_but_what_measures_time_runs_alone(
    tmp_path, programs, most
):
    log = []
    with ThreadPoolExecutor(4) as pool:
        for languages in programs:
            pool.submit(running, tmp_path, languages.split(), log)
    assert len(log) == 2 * len(programs)
    now = []
    for languages, step in log:
        assert step == -1 or not {*languages} & {name for each in now for name in each}
        now.append(languages) if step == 1 else now.remove(languages)
        assert len(now) <= most


def test_what_measures_time_among_other_things_runs_alone(site):
    asked, cores = [], run_once.cores

    def noted(folder, languages):
        asked.append([*languages])
        return cores(folder, languages)

    site.monkeypatch.setattr(run_once, "cores", noted)
    site.build()
    site.monkeypatch.setattr(run_once, "CLOCK", "mnist_tut.tool.")  # base is used, too
    site.code = ", 1"
    site.build()
    assert asked == [["gallery-en"], [*run_once.LANGUAGES]]


def test_the_second_language_begins_at_the_other_end():
    names = ["b.py", "a.py", "c.py"]
    assert sorted(names, key=run_once.FromTheEnd("")) == ["c.py", "b.py", "a.py"]


def test_only_the_latest_runs_are_kept(site):
    site.monkeypatch.setattr(run_once, "KEPT", 1)
    for number in range(run_once.KEPT + 1):
        site.code = f", {number}"
        site.build()
    runs = list((site.folder / "build" / "executed").glob("plot_x-*"))
    assert len(runs) == run_once.KEPT


def test_a_run_that_was_used_again_is_not_the_oldest(tmp_path):
    for number in range(run_once.KEPT + 1):
        run = tmp_path / f"x-{number}"
        run.mkdir()
        (run / "run.json").write_text("{}")
        os.utime(run, (number, number))
    run_once.load(tmp_path / "x-0")
    run_once.drop_old(tmp_path, "x")
    kept = sorted(run.name for run in tmp_path.iterdir())
    assert kept == ["x-0", *(f"x-{number}" for number in range(2, run_once.KEPT + 1))]


def test_a_script_that_is_not_to_be_run_is_left_to_sphinx_gallery(tmp_path):
    given = [], {"execute_script": False}, {}, {}
    calls = []
    execute = lambda *arguments: calls.append(arguments)  # noqa: E731
    wrapped = run_once.run_once(execute, tmp_path / "executed", "MNIST", tmp_path)
    for _ in range(2):
        wrapped(*given)
    assert calls == [given, given]
    assert not (tmp_path / "executed").exists()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_failing_program_is_not_kept(site):
    site.code = ", 1 / 0"
    with pytest.raises(Exception, match="failed"):
        site.build()
    assert not list((site.folder / "build" / "executed").glob("plot_x-*/run.json"))


def figure(path, alpha):
    """Draw blue of varying opacity on the left, and nothing on the right."""
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    blue = Image.new("RGB", (100, 100), "#0072B2")
    blue.putalpha(alpha)
    picture.paste(blue, (0, 0))
    picture.save(path)
    return path.stat().st_size


def test_a_figure_keeps_its_look_and_loses_bytes(tmp_path):
    path = tmp_path / "a.png"
    before = figure(
        path,
        Image.fromarray(
            np.random.default_rng(0).integers(256, size=(100, 100)).astype("uint8")
        ),
    )
    with Image.open(path) as picture:
        old = np.asarray(picture.convert("RGBA"), dtype=float)
    run_once.use_palette(path)
    assert path.stat().st_size < before
    with Image.open(path) as picture:
        new = np.asarray(picture.convert("RGBA"), dtype=float)
    assert new[50, 150, 3] <= 1  # of 255: as good as transparent
    assert abs(new - old)[:100, :100].mean() < 5


def test_a_figure_that_a_palette_would_not_help_is_left_alone(tmp_path):
    path = tmp_path / "a.png"
    before = figure(path, Image.linear_gradient("L").resize((100, 100)))
    run_once.use_palette(path)
    assert path.stat().st_size == before
