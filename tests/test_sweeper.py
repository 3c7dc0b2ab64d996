"""The sweeper: what a killed program leaves is gone, and what others do is let alone."""

import subprocess
import sys
import time

import pytest

from mnist_tut.sweeper import Sweeper

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_the_folder_goes_when_the_sweeper_is_closed_once_or_twice(tmp_path):
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    sweeper = Sweeper(folder)
    assert folder.exists()
    sweeper.close()
    assert not folder.exists()
    sweeper.close()
    assert sweeper.process.returncode == 0


@on_linux
def test_processes_at_work_in_the_folder_are_killed_and_no_others(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    inside, outside = (
        subprocess.Popen(SLEEP, cwd=place) for place in (folder, tmp_path)
    )
    try:
        Sweeper(folder).close()
        assert inside.wait(10) == -9
        assert outside.poll() is None
    finally:
        for process in (inside, outside):
            process.kill()
            process.wait()


@on_linux
def test_a_program_that_is_killed_leaves_neither_folder_nor_process(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    code = (
        "import subprocess, sys, time\n"
        "from mnist_tut.sweeper import Sweeper\n"
        f"folder = {str(folder)!r}\n"
        "sweeper = Sweeper(folder)\n"
        f"child = subprocess.Popen({SLEEP!r}, cwd=folder, start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    pid = program.stdout.readline().strip()
    program.kill()
    program.communicate()
    end = time.monotonic() + 60
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not folder.exists()
    command = ["ps", "-o", "stat=", "-p", pid]
    state = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.strip()
    assert state[:1] in ("", "Z")  # gone, or dead and not yet buried
