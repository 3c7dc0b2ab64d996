"""The command says in one line what is there and where, or what to do, whatever it talks to."""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.data_world import (
    answer,
    cached,
    slowly,
    write,
    write_idx,
)

from mnist_tut.mnist import __main__ as command
from mnist_tut.mnist import find
from mnist_tut.mnist.__main__ import main

pytestmark = pytest.mark.usefixtures("small_world")


def test_the_command_says_in_one_line_what_is_there_and_where(capsys):
    write(cached())
    assert main([]) == 0
    assert capsys.readouterr() == (f"MNIST: 24 pictures, {cached().parent}\n", "")


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("mode", ["allow", "only"])
def test_the_command_has_a_status_of_its_own_for_the_stand_in(
    capsys, monkeypatch, mode
):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert main([]) == 3
    said = capsys.readouterr().out
    assert said.startswith(f"stand-in: 24 pictures, {find.cache_folder()}")


def test_the_command_fails_with_the_message_and_the_remedy(capsys, caplog):
    assert main([]) == 1
    assert capsys.readouterr().out == ""
    assert "could not be downloaded" in caplog.text
    assert "MNIST_TUT_DATA" in caplog.text


def test_the_command_asks_the_sources_it_is_given_folders_too(server, tmp_path, capsys):
    server.answers["/own"] = answer(b"no", 404)
    own = write_idx(tmp_path / "own")
    assert main(["--source", server.url("own"), "--source", str(own)]) == 0
    assert server.hits == ["/own"]
    assert capsys.readouterr().out == f"MNIST: 24 pictures, {cached().parent}\n"
    published = write(tmp_path / "folder" / "mnist.pkl.gz").parent
    cached().unlink()
    assert main(["--source", str(published)]) == 0


def test_what_the_environment_names_is_what_is_loaded_and_told(
    tmp_path, monkeypatch, capsys
):
    write(cached())
    monkeypatch.setenv("MNIST_TUT_DATA", str(cached().parent))
    assert main([]) == 0
    assert str(cached().parent) in capsys.readouterr().out
    monkeypatch.setenv("MNIST_TUT_DATA", str(tmp_path))
    assert main([]) == 1


def test_the_command_knows_no_other_arguments_and_explains_its_statuses(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--nonsense"])
    assert caught.value.code == 2
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "status is 0 for MNIST, 3 for the stand-in" in capsys.readouterr().out


def test_the_package_runs_as_a_command(monkeypatch, caplog):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "nonsense")
    monkeypatch.setattr(sys, "argv", ["data"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(command.__file__), run_name="__main__")
    assert caught.value.code == 1
    assert "nonsense" in caplog.text


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [(KeyboardInterrupt, 130, "Interrupted."), (OSError("no"), 1, "no")],
)
def test_what_ends_the_command_early_is_a_line(
    monkeypatch, caplog, fault, status, said
):
    def find(sources):
        raise fault

    monkeypatch.setattr(command, "find", find)
    assert main([]) == status
    assert [record.getMessage() for record in caplog.records] == [said]


def test_a_full_output_is_told_once(monkeypatch):
    with Path("/dev/full").open("w") as full, Path("/dev/null").open("w") as null:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OSError, match="No space left"):
            command.say("数据")
        assert os.fstat(full.fileno()).st_rdev == os.fstat(null.fileno()).st_rdev


# Run as a process: what it talks to may be closed, full, or of another encoding

CODE = """
import signal
import sys
from support.data_world import enter
from mnist_tut.mnist.__main__ import main
enter(setattr)
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal
print("started", file=sys.stderr or sys.stdout, flush=True)
sys.exit(main(sys.argv[1:]))
"""


def run(*arguments, shell="", **settings):
    """Run the command in a shell; return its status, output and messages."""
    known = {n: os.environ[n] for n in ("PATH", "MNIST_TUT_CACHE")}
    path = os.pathsep.join(sys.path)
    return subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {shell}', sys.executable, "-c", CODE, *arguments],
        env={**known, "PYTHONPATH": path, **settings},
        capture_output=True,
        check=False,
    )


def test_with_standard_error_closed_a_good_server_is_still_good(server):
    done = run("--source", server.url("good"), shell="2>&-")
    assert done.returncode == 0
    assert done.stdout.startswith(b"started\nMNIST: 24 pictures")


def test_with_standard_output_closed_or_full_there_is_no_traceback(server):
    assert run("--source", server.url("good"), shell=">&-").returncode == 0
    done = run(shell="> /dev/full")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [b"[Errno 28] No space left on device"]


@pytest.mark.parametrize("utf8", ["0", "1"])
@pytest.mark.parametrize("good", [True, False])
def test_names_that_the_output_cannot_show_are_no_trouble(tmp_path, utf8, good):
    folder = tmp_path / os.fsdecode("数据\x1b[31m".encode() + b"\xff")
    write(folder / "mnist.pkl.gz", *(() if good else (b"bad",)))
    settings = {"LC_ALL": "C", "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0"}
    done = run(MNIST_TUT_DATA=str(folder), **settings)
    assert done.returncode == (0 if good else 1)
    assert str(tmp_path).encode() in (done.stdout if good else done.stderr)
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


def test_ctrl_c_during_a_download_ends_it_in_a_line(server):
    server.answers["/slow"] = slowly(seconds=20)
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "--source", server.url("slow")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    assert process.stderr.readline() == b"started\n"
    assert b"Fetching MNIST from" in process.stderr.readline()
    while "/slow" not in server.hits:  # now the download is under way
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert said == b"Interrupted.\n"
    assert process.returncode == 130
    assert not cached().exists()
