"""Both languages are built from one start; what they say is passed on, and why they fail."""

import errno
import gc
import json
import multiprocessing
import os
import signal
import sys
import time

import build_site
import pytest
from ext import data_notice
from sphinx.errors import ExtensionError

from mnist_tut.mnist import DataError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is split"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Builds that note their language and what they were told, and data."""
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    monkeypatch.setattr(build_site, "build", lambda lang, say: note(tmp_path, lang))
    monkeypatch.setattr(data_notice, "data_for_pages", lambda: ("folder", "MNIST"))
    return tmp_path


def note(folder, lang):
    told = os.environ["MNIST_TUT_STAND_IN"]
    (folder / f"{lang}.note").write_text(json.dumps([told, os.getpid()]))


def notes(folder):
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.note")}


def test_each_language_is_built_in_a_process_of_its_own(world, capsys):
    assert build_site.main(["en", "zh"]) == ""
    (told_en, en), (told_zh, zh) = (notes(world)[lang] for lang in ("en", "zh"))
    assert told_en == told_zh == "allow"
    assert len({en, zh, os.getpid()}) == 3
    assert capsys.readouterr().out == "MNIST: folder\n"


def test_only_the_language_asked_for_is_built(world):
    assert build_site.main(["zh"]) == ""
    assert list(notes(world)) == ["zh"]


@pytest.mark.parametrize("fault", [DataError, OSError])
def test_without_data_nothing_is_built_and_the_reason_is_given(
    world, monkeypatch, fault
):
    def refuse():
        raise fault("there is no MNIST")

    monkeypatch.setattr(data_notice, "data_for_pages", refuse)
    assert "there is no MNIST" in build_site.main(["en", "zh"])
    assert notes(world) == {}


def test_where_there_is_only_the_stand_in_builds_do_not_look_further(
    world, monkeypatch
):
    found = ("folder", "stand-in")
    monkeypatch.setattr(data_notice, "data_for_pages", lambda: found)
    build_site.main(["en"])
    assert notes(world)["en"][0] == "only"


def test_when_one_language_fails_the_other_is_ended_and_the_reason_comes_last(
    world, monkeypatch, capsys
):
    def build(lang, say):
        if lang == "en":
            time.sleep(600)
        os.write(say.fileno(), b"a.rst:3: WARNING: wrong\nmore\n")
        sys.exit(1)

    monkeypatch.setattr(build_site, "build", build)
    assert build_site.main(["en", "zh"]) == (
        "The build has failed: a.rst:3: WARNING: wrong"
    )
    assert capsys.readouterr().out.endswith("a.rst:3: WARNING: wrong\nmore\n")


def test_a_language_whose_process_is_killed_fails_the_build(world, monkeypatch):
    monkeypatch.setattr(
        build_site, "build", lambda lang, say: os.kill(os.getpid(), signal.SIGKILL)
    )
    assert build_site.main(["en"]) == "The build has failed: see above"


@pytest.mark.parametrize("how", ["interrupted", "failed", "killed before"])
def test_programs_that_were_cut_short_leave_nothing(world, monkeypatch, how):
    left = [world / "build" / "tmp12", world / "build" / "executed" / "tmp34"]

    def build(lang, say):
        for folder in left:
            (folder / "new").mkdir(parents=True)
        if how == "interrupted":
            os.kill(os.getppid(), signal.SIGINT)
            time.sleep(600)
        sys.exit(how == "failed")

    if how == "killed before":
        [(folder / "old").mkdir(parents=True) for folder in left]
    monkeypatch.setattr(build_site, "build", build)
    said = build_site.main(["en"])
    assert said.partition(" ")[0] == {"interrupted": "Interrupted."}.get(
        how, "The" if how == "failed" else ""
    )
    assert not [folder for folder in left if folder.exists()]


def test_what_libraries_note_for_themselves_is_not_passed_on(capsys):
    said = []
    lines = [
        "USDT:2026-11-29 09:25:11 18985:18985 SyncActivityProfilerHandler.cpp:52] start\n",
        "ERROR:2026-11-29 09:25:18 1:1 Cupti.cpp:59] gpuGetDeviceCount failed with 35\n",
        "[W1129 09:25:11.1 socket.cpp:752] [c10d] The hostname cannot be retrieved\n",
        "  nn_tutorial (zh): 65 s\n",
        "\x1b[91mx.rst:3: WARNING: red\x1b[0m\n",
        f"{build_site.FAILED}there is no room\n",
    ]
    hear, say = multiprocessing.Pipe(duplex=False)
    os.write(say.fileno(), "".join(lines).encode())
    say.close()
    build_site.pass_on(hear, said)
    assert said == [lines[3], "x.rst:3: WARNING: red\n", lines[5]]
    assert capsys.readouterr().out == "".join(lines[3:5])


class Sphinx:
    """Stands for Sphinx, and says what it was called with."""

    statuscode = 0
    fault = None

    def __init__(self, *places, **settings):
        facts = [*places[2:4], settings["warningiserror"], settings["tags"]]
        print(*facts, file=sys.stderr)

    def build(self):
        if self.fault:
            raise self.fault


def built_with(stand_in, monkeypatch, *languages):
    """Build with something in Sphinx's place, whose words leave the process."""
    monkeypatch.setattr(build_site, "Sphinx", stand_in)
    with os.fdopen(2, "w", buffering=1, closefd=False) as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        return build_site.side_by_side(languages)


def test_a_language_is_built_strictly_and_in_folders_of_its_own(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.delenv("MNIST_TUT_PAGE", raising=False)
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    assert built_with(Sphinx, monkeypatch, "en", "zh") == ""
    out = tmp_path / "build"
    assert set(capsys.readouterr().out.splitlines()) == {
        f"{out}/html/{lang} {out}/doctrees/{lang} True ['{lang}']"
        for lang in ("en", "zh")
    }


def handler_threw(fault):
    wrapped = ExtensionError("a handler threw an exception", fault)
    wrapped.__cause__ = fault
    return wrapped


FULL = OSError(errno.ENOSPC, "No space left on device", "build/x")


@pytest.mark.parametrize(
    ("fault", "why", "traceback"),
    [
        (FULL, "[Errno 28] No space left on device: 'build/x'", False),
        (handler_threw(FULL), "[Errno 28] No space left on device: 'build/x'", False),
        (ExtensionError("it names\n the remedy"), "it names the remedy", False),
        (ZeroDivisionError("ours"), "see above", True),
        (handler_threw(ZeroDivisionError("ours")), "see above", True),
    ],
)
def test_a_build_that_stops_says_so_in_one_sentence_unless_the_fault_is_ours(
    monkeypatch, capsys, fault, why, traceback
):
    monkeypatch.setattr(Sphinx, "fault", fault)
    assert built_with(Sphinx, monkeypatch, "en") == f"The build has failed: {why}"
    assert ("Traceback" in capsys.readouterr().out) == traceback
