"""The command says in one line what is there and where, or what to do, whatever it talks to."""

import io
import logging
import os
import runpy
import signal
import sys
from unittest.mock import Mock

import pytest
from support.data_world import answer, cached, slowly, write, write_idx

from mnist_tut.mnist import __main__ as command
from mnist_tut.mnist import find
from mnist_tut.mnist.__main__ import main

pytestmark = pytest.mark.usefixtures("small_world")


def test_the_command_says_in_one_line_what_is_there_and_where(capsys):
    write(cached())
    assert main([]) == 0
    assert capsys.readouterr() == (f"MNIST: 110 pictures, {cached().parent}\n", "")


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("mode", ["allow", "only"])
def test_the_command_has_a_status_of_its_own_for_the_stand_in(
    capsys, monkeypatch, mode
):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert main([]) == 3
    said = capsys.readouterr().out
    assert said.startswith(f"stand-in: 110 pictures, {find.cache_folder()}")


def test_the_command_fails_with_the_message_and_the_remedy(capsys, monkeypatch, caplog):
    caplog.set_level(logging.INFO)  # which the command does, and nothing undoes
    monkeypatch.setattr(logging.root, "handlers", [])  # as outside of tests
    assert main([]) == 1
    said, explained = capsys.readouterr()
    assert said == ""
    assert "could not be downloaded" in explained
    assert "MNIST_TUT_DATA" in explained


def test_the_command_asks_the_sources_it_is_given_folders_too(server, tmp_path, capsys):
    server.answers["/own"] = answer(b"no", 404)
    own = write_idx(tmp_path / "own")
    assert main(["--source", server.url("own"), "--source", str(own)]) == 0
    assert server.hits == ["/own"]
    assert capsys.readouterr().out == f"MNIST: 110 pictures, {cached().parent}\n"


def test_the_package_runs_as_a_command_and_explains_its_statuses(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["data", "--help"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(command.__file__), run_name="__main__")
    assert "status is 0 for MNIST, 3 for the stand-in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError("no"), "no"),
        (MemoryError("too little memory"), "too little memory"),
    ],
)
def test_what_ends_the_command_early_is_a_line(monkeypatch, caplog, fault, said):
    monkeypatch.setattr(command, "for_pages", Mock(side_effect=fault))
    assert main([]) == 1
    assert caplog.messages == [said]


@pytest.mark.parametrize("good", [True, False])
def test_names_that_the_output_cannot_show_are_no_trouble(
    tmp_path, monkeypatch, caplog, good
):
    folder = tmp_path / os.fsdecode("数据\x1b[31m".encode() + b"\xff")
    write(folder / "mnist.pkl.gz", *(() if good else (b"bad",)))
    monkeypatch.setenv("MNIST_TUT_DATA", str(folder))
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main([]) == (0 if good else 1)
    said = out.buffer.getvalue().decode() + caplog.text
    assert str(tmp_path) in said
    assert "\x1b" not in said


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_with_an_output_closed_a_good_server_is_still_good(server, monkeypatch, stream):
    monkeypatch.setattr(sys, stream, None)
    assert main(["--source", server.url("good")]) == 0
    assert server.hits == ["/good"]


def test_ctrl_c_during_a_download_ends_it_in_a_line(server, monkeypatch, caplog):
    def press_ctrl_c(handler):
        os.kill(os.getpid(), signal.SIGINT)
        slowly(seconds=20)(handler)

    caplog.set_level(logging.INFO)
    server.answers["/slow"] = press_ctrl_c
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["--source", server.url("slow")]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert caplog.messages == [
        f"No data here yet: {cached().parent} holds no mnist.pkl.gz and no IDX file",
        f"Fetching {server.url('slow')}, for 300 s at most",
        "Interrupted.",
    ]
    assert not cached().exists()
