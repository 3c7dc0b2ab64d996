"""Both languages are built from one start, after one look at the data."""

import gc
import json
import multiprocessing
import os
import sys

import build_site
import pytest

from mnist_tut.mnist import DataError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is split"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Builds that note their language and what they were told, and a look at the data."""
    monkeypatch.setattr(build_site, "SHARED", ["json"])
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    monkeypatch.setattr(build_site, "build", lambda lang: note(tmp_path, lang))
    return tmp_path


def note(folder, lang):
    told = os.environ["MNIST_TUT_STAND_IN"]
    (folder / lang).write_text(json.dumps([told, os.getpid()]))
    raise SystemExit(0)


def exits_with(status):
    def func(*arguments):
        raise SystemExit(status)

    return func


def notes(folder):
    return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}


def test_each_language_is_built_in_a_process_of_its_own(world, monkeypatch):
    monkeypatch.setattr(build_site, "look_at_data", exits_with(0))
    assert build_site.main(["en", "zh"]) == 0
    (told_en, en), (told_zh, zh) = (notes(world)[lang] for lang in ("en", "zh"))
    assert told_en == told_zh == "allow"
    assert len({en, zh, os.getpid()}) == 3


def test_only_the_language_asked_for_is_built(world, monkeypatch):
    monkeypatch.setattr(build_site, "look_at_data", exits_with(0))
    assert build_site.main(["zh"]) == 0
    assert list(notes(world)) == ["zh"]


def test_without_data_nothing_is_built(world, monkeypatch):
    monkeypatch.setattr(build_site, "look_at_data", exits_with(1))
    assert build_site.main(["en", "zh"]) == 1
    assert notes(world) == {}


def test_where_there_is_only_the_stand_in_builds_do_not_look_further(
    world, monkeypatch
):
    monkeypatch.setattr(build_site, "look_at_data", exits_with(3))
    assert build_site.main(["en"]) == 0
    assert notes(world)["en"][0] == "only"


@pytest.mark.parametrize("status", [1, -9])
def test_a_language_that_fails_fails_the_build(world, monkeypatch, status):
    monkeypatch.setattr(build_site, "look_at_data", exits_with(0))

    def build(lang):
        if lang == "zh" and status < 0:
            os.kill(os.getpid(), -status)
        raise SystemExit(status if lang == "zh" else 0)

    monkeypatch.setattr(build_site, "build", build)
    assert build_site.main(["en", "zh"]) != 0
    assert build_site.main(["en"]) == 0


def test_an_unknown_language_is_refused_by_name(world, capsys):
    assert build_site.main(["en", "fr"]) == 2
    assert "no such language: fr; there are en, zh" in capsys.readouterr().out
    assert notes(world) == {}


def test_functions_run_side_by_side_and_their_statuses_come_in_order():
    context = multiprocessing.get_context("fork")
    meet = context.Barrier(2)

    def func(status):
        meet.wait(timeout=20)  # in turn, the first would wait for ever
        raise SystemExit(status)

    started = build_site.start(context, func, (3,), (4,))
    assert build_site.statuses(started) == [3, 4]


def test_a_language_is_built_strictly_and_in_folders_of_its_own(monkeypatch):
    calls = []
    monkeypatch.setattr("sphinx.cmd.build.main", calls.append)
    for lang in ("en", "zh"):
        with pytest.raises(SystemExit):
            build_site.build(lang)
    en, zh = map(set, calls)
    root = str(build_site.ROOT)
    assert en & zh == {"-W", "--keep-going", "-q", "-c", root, "-t", "-d"}
    places = sorted(place.replace("/en", "/zh") for place in en - zh - {"en"})
    assert places == sorted(zh - en - {"zh"})


@pytest.mark.parametrize(("source", "status"), [("MNIST", 0), ("stand-in", 3)])
def test_a_look_at_the_data_says_what_there_is(monkeypatch, capsys, source, status):
    from ext.gallery import data_notice

    monkeypatch.setattr(data_notice, "data_for_pages", lambda: ("/folder", source))
    with pytest.raises(SystemExit) as left:
        build_site.look_at_data()
    assert left.value.code == status
    assert capsys.readouterr().out == f"{source}: /folder\n"


@pytest.mark.parametrize("fault", [DataError, OSError])
def test_a_look_at_the_data_says_what_is_wrong(monkeypatch, capsys, fault):
    from ext.gallery import data_notice

    def refuse():
        raise fault("there is no MNIST")

    monkeypatch.setattr(data_notice, "data_for_pages", refuse)
    with pytest.raises(SystemExit) as left:
        build_site.look_at_data()
    assert left.value.code == 1
    assert "there is no MNIST" in capsys.readouterr().err
