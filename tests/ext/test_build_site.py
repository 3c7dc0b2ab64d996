"""Both languages are built from one start; what they say is passed on, and why they fail."""

import errno
import json
import os
import signal
import sys
from gettext import GNUTranslations

import build_site
import pytest
from sphinx.errors import ExtensionError

from mnist_tut.mnist import DataError

NOTE = """
facts = [os.environ["MNIST_TUT_STAND_IN"], os.environ["OMP_NUM_THREADS"], os.getpid()]
pathlib.Path(lang + ".note").write_text(json.dumps(facts))
"""


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Builds that note what they were told, and data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    for name in ("MNIST_TUT_STAND_IN", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "allow")
    monkeypatch.setattr(build_site, "for_pages", lambda: ("folder", "MNIST"))
    builds(monkeypatch, NOTE)
    return tmp_path


def builds(monkeypatch, code):
    """Let this run in the place of a build."""
    start = "import json, os, pathlib, sys, time\nlang = sys.argv[1]\n"
    monkeypatch.setattr(build_site, "ALONE", [sys.executable, "-u", "-c", start + code])


def notes(folder):
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.note")}


def test_each_language_is_built_in_a_process_of_its_own_with_one_thread(world, capsys):
    assert build_site.main(["en", "zh"]) == ""
    (*told_en, en), (*told_zh, zh) = (notes(world)[lang] for lang in ("en", "zh"))
    assert told_en == told_zh == ["allow", "1"]
    assert len({en, zh, os.getpid()}) == 3
    assert capsys.readouterr().out == "MNIST: folder\n"


def test_catalogues_are_compiled_whatever_is_there(world):
    """Sphinx would trust a broken one that is newer than its text."""
    folder = world / "docs" / "locale" / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    (folder / "sphinx.po").write_text(f'{head}\nmsgid "one"\nmsgstr "一"\n', "utf-8")
    (folder / "sphinx.mo").write_bytes(b"half of it")
    build_site.main(["zh"])
    with (folder / "sphinx.mo").open("rb") as compiled:
        assert GNUTranslations(compiled).gettext("one") == "一"


def test_only_the_language_asked_for_is_built(world):
    assert build_site.main(["zh"]) == ""
    assert list(notes(world)) == ["zh"]


@pytest.mark.parametrize("fault", [DataError, OSError])
def test_without_data_nothing_is_built_and_the_reason_is_given(
    world, monkeypatch, fault
):
    def refuse():
        raise fault("there is no MNIST")

    monkeypatch.setattr(build_site, "for_pages", refuse)
    assert "there is no MNIST" in build_site.main(["en", "zh"])
    assert notes(world) == {}


def test_where_there_is_only_the_stand_in_builds_do_not_look_further(
    world, monkeypatch
):
    monkeypatch.setattr(build_site, "for_pages", lambda: ("folder", "stand-in"))
    build_site.main(["en"])
    assert notes(world)["en"][0] == "only"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("a.rst:3: WARNING: wrong\nmore\n", "a.rst:3: WARNING: wrong"),
        ("\x1b[91mx.rst:3: WARNING: red\x1b[0m\n", "x.rst:3: WARNING: red"),
        ("Traceback\n", "see above"),
        ("it names\n", "the remedy"),
    ],
)
def test_when_one_language_fails_the_other_is_ended_and_the_reason_comes_last(
    world, monkeypatch, capsys, said, why
):
    last = build_site.FAILED + (why if said == "it names\n" else "")
    code = f"if lang == 'zh': print({said!r}, end=''); sys.exit({last!r})"
    builds(monkeypatch, f"{code}\ntime.sleep(9); pathlib.Path('went on').touch()")
    assert build_site.main(["en", "zh"]) == f"The build has failed: {why}"
    assert not (world / "went on").exists()
    assert capsys.readouterr().out == f"MNIST: folder\n{said}"


def test_a_language_whose_process_is_killed_fails_the_build(world, monkeypatch):
    builds(monkeypatch, f"lang == 'zh' and os.kill(os.getpid(), {signal.SIGKILL:d})")
    assert build_site.main(["en", "zh"]) == "The build has failed: see above"


@pytest.mark.parametrize("how", ["interrupted", "failed", "killed before"])
def test_programs_that_were_cut_short_leave_nothing(world, monkeypatch, how):
    left = [world / "build" / "tmp12", world / "build" / "executed" / "tmp34"]
    end = {"interrupted": "os.kill(os.getppid(), 2); time.sleep(600)", "failed": "1/0"}
    make = [
        f"pathlib.Path({str(folder / 'new')!r}).mkdir(parents=True)" for folder in left
    ]
    if how == "killed before":
        [(folder / "old").mkdir(parents=True) for folder in left]
        make = []
    builds(monkeypatch, "\n".join([*make, end.get(how, "")]))
    word = {"interrupted": "Interrupted.", "failed": "The"}.get(how, "")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    assert build_site.main(["en"]).partition(" ")[0] == word
    signal.signal(signal.SIGINT, before)  # nobody's affair where pytest runs behind
    assert not [folder for folder in left if folder.exists()]


def test_what_libraries_note_for_themselves_is_not_passed_on(
    world, monkeypatch, capsys
):
    lines = [
        "USDT:2026-11-29 09:25:11 18985:18985 SyncActivityProfilerHandler.cpp:52] start\n",
        "ERROR:2026-11-29 09:25:18 1:1 Cupti.cpp:59] gpuGetDeviceCount failed with 35\n",
        "[W1129 09:25:11.1 socket.cpp:752] [c10d] The hostname cannot be retrieved\n",
        "  nn_tutorial (zh): 65 s\n",
    ]
    builds(monkeypatch, f"print(*{lines!r}, sep='', end='')")
    assert build_site.main(["en"]) == ""
    assert capsys.readouterr().out == f"MNIST: folder\n{lines[3]}"


class Sphinx:
    """Stands for Sphinx, and says what it was called with."""

    statuscode = 0
    fault = None

    def __init__(self, *places, **settings):
        print(*places[2:4], settings["warningiserror"], settings["tags"])

    def build(self):
        if self.fault:
            raise self.fault


@pytest.fixture
def sphinx(monkeypatch):
    monkeypatch.setattr(build_site, "Sphinx", Sphinx)
    return Sphinx


@pytest.mark.parametrize("status", [0, 1])
def test_a_language_is_built_strictly_and_in_folders_of_its_own(
    sphinx, monkeypatch, tmp_path, capsys, status
):
    monkeypatch.delenv("MNIST_TUT_PAGE", raising=False)
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    monkeypatch.setattr(sphinx, "statuscode", status)
    assert build_site.build("zh") == build_site.FAILED * status
    out = tmp_path / "build"
    told = f"{out}/html/zh {out}/doctrees/zh True ['zh']\n"
    assert capsys.readouterr().out == told


def handler_threw(fault):
    wrapped = ExtensionError("a handler threw an exception", fault)
    wrapped.__cause__ = fault
    return wrapped


def execute_code_block():
    raise ExtensionError("shown already")


FULL = OSError(errno.ENOSPC, "No space left on device", "build/x")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (FULL, "[Errno 28] No space left on device: 'build/x'"),
        (handler_threw(FULL), "[Errno 28] No space left on device: 'build/x'"),
        (ExtensionError("it names\n the remedy"), "it names the remedy"),
    ],
)
def test_a_build_that_stops_says_so_in_one_sentence(sphinx, monkeypatch, fault, why):
    monkeypatch.setattr(sphinx, "fault", fault)
    assert build_site.build("en") == f"The build has failed: {why}"


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("ours"), handler_threw(ZeroDivisionError("ours"))]
)
def test_where_the_fault_is_ours_it_says_where(sphinx, monkeypatch, fault):
    monkeypatch.setattr(sphinx, "fault", fault)
    said = build_site.build("en")
    assert "Traceback" in said
    assert "ZeroDivisionError: ours" in said
    assert said.endswith("\nThe build has failed: ")


def test_what_a_page_raises_was_shown_by_sphinx_gallery(sphinx, monkeypatch):
    monkeypatch.setattr(sphinx, "build", lambda app: execute_code_block())
    assert build_site.build("en") == build_site.FAILED
