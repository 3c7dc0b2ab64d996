"""What ``make`` installs: what is needed, when it is needed, from where pip would take it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import set_up
import torch_build

ROOT = Path(__file__).parents[2]


def plan(target, venv, **settings):
    """List the commands that make would run."""
    free = {
        name: os.environ[name] for name in os.environ if not name.startswith("MAKE")
    }
    given = {"VENV": venv, "PYTHON": sys.executable, **settings}
    command = ["make", "-n", *(f"{n}={v}" for n, v in given.items()), target]
    run = subprocess.run(
        command, cwd=ROOT, env=free, capture_output=True, text=True, check=True
    )
    return run.stdout.splitlines()


def set_up_calls(lines):
    """List what each installation that make would start is given: a folder, then groups."""
    calls = [line.partition(" tools/set_up.py ")[2] for line in lines]
    return [
        call.split() for call in calls if call
    ]  # the Python before it may hold a blank


def set_ups(target, venv):
    """List the groups of each installation that make would start."""
    return [groups for _, *groups in set_up_calls(plan(target, venv))]


@pytest.mark.parametrize("target", ["html", "html-en", "bench", "notebooks"])
def test_building_installs_no_test_packages(tmp_path, target):
    assert set_ups(target, tmp_path / "venv") == [["docs"]]


@pytest.mark.parametrize("target", ["test", "coverage", "lint", "linkcheck", "release"])
def test_testing_installs_them_after_those_of_the_pages(tmp_path, target):
    assert set_ups(target, tmp_path / "venv") == [["docs"], ["docs", "test"]]


def test_planting_faults_brings_its_own_package(tmp_path):
    groups = set_ups("mutants", tmp_path / "venv")
    assert groups == [["docs"], ["docs", "test"], ["docs", "test", "mutants"]]


def test_the_newest_pytorch_goes_into_an_environment_of_its_own(tmp_path):
    lines = plan("newest", tmp_path / "venv", NEWEST=tmp_path / "new")
    [given] = set_up_calls(lines)
    assert given == [str(tmp_path / "new"), "docs", "test", "--newest"]
    assert any(f"VENV={tmp_path / 'new'} test" in line for line in lines)


def test_tests_start_when_the_pages_are_built_and_their_packages_are_there(tmp_path):
    lines = plan("test", tmp_path / "venv")
    steps = ["set_up.py", "build_site.py", "docs test", "browser.py", "-m pytest"]
    places = [next(i for i, line in enumerate(lines) if step in line) for step in steps]
    assert places == sorted(places)


@pytest.mark.parametrize("again", [0, 1])
def test_what_fails_is_tried_once_more_and_then_tests_have_failed(tmp_path, again):
    """The recipe, with a Python that does nothing, and whose tests fail at first."""
    (tmp_path / "bin").mkdir()
    lines = [
        "#!/bin/sh",
        '[ "$2" = pytest ] || exit 0',
        f'echo "$*" >> {tmp_path}/asked',
    ]
    lines += [f'case "$*" in *--last-failed*) exit {again};; esac', "exit 1"]
    (tmp_path / "bin" / "python").write_text("\n".join(lines))
    (tmp_path / "bin" / "python").chmod(0o755)
    old = [
        f"--old-file={tmp_path / name}"
        for name in (".docs-installed", ".test-installed")
    ]
    for name in (".docs-installed", ".test-installed"):
        (tmp_path / name).touch()
    run = subprocess.run(["make", "-C", ROOT, f"VENV={tmp_path}", *old, "test"])
    assert bool(run.returncode) == again
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


@pytest.mark.parametrize("moved", ["constraints.txt", "hashes.txt", "pyproject.toml"])
def test_what_moves_a_version_is_installed_anew(tmp_path, moved):
    (tmp_path / ".docs-installed").touch()
    command = ["make", "-q", f"VENV={tmp_path}", str(tmp_path / ".docs-installed")]
    asked = [
        subprocess.run([*command, *more], cwd=ROOT) for more in ([], ["-W", moved])
    ]
    assert [run.returncode for run in asked] == [0, 1]


@pytest.mark.parametrize("mode", ["", "never", "only"])
def test_the_stand_in_is_allowed_unless_the_reader_says_otherwise(mode):
    told = {name: os.environ[name] for name in os.environ if name[:4] != "MAKE"}
    told |= {"MNIST_TUT_STAND_IN": mode} if mode else {}
    if not mode:
        told.pop("MNIST_TUT_STAND_IN", None)
    show = "show: ; @echo $$MNIST_TUT_STAND_IN"
    command = ["make", "-s", "--eval", show, "show"]
    run = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True)
    assert run.stdout.strip() == (mode or "allow")


def test_a_port_of_ones_own_is_taken():
    command = ["make", "-s", "--eval", "show: ; @echo $(PORT)", "show"]
    told = {name: os.environ[name] for name in os.environ if name[:4] != "MAKE"}
    told["PORT"] = "8080"
    run = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True)
    assert run.stdout.strip() == "8080"


@pytest.mark.parametrize("bad", ["lint", "test", "neither"])
def test_the_gate_refuses_what_either_command_refuses(tmp_path, bad):
    (tmp_path / "make").write_text(f'#!/bin/sh\n[ "$1" != {bad} ]\n')
    (tmp_path / "make").chmod(0o755)
    told = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = subprocess.run([ROOT / ".ci" / "run"], env=told)
    assert (run.returncode == 0) == (bad == "neither")


def test_what_is_cleaned_is_all_that_building_and_testing_leave(tmp_path):
    [line] = plan("clean", tmp_path)
    lines = set((ROOT / ".gitignore").read_text("utf-8").split())
    left = {re.sub("^docs/..?/", "docs/*/", name.strip("/*")) for name in lines}
    kept = {".venv", "data", "dist", ".egg-info", "__pycache__"}
    kept |= {"docs/locale/**/*.mo"}  # which each build makes anew
    assert left - kept <= {*line.split()}


def test_the_shares_of_lines_that_tests_have_to_run():
    text = (ROOT / "Makefile").read_text("utf-8")
    found = re.findall(r"report --include='(.+)' --fail-under=(\d+)\n", text)
    assert found == [("mnist_tut/*", "100")] * 2 + [("docs/ext/*", "90")]


def stamps(folder, age):
    """Leave what an installation leaves, so many seconds older than the lists of packages."""
    folder.mkdir()
    lists = [ROOT / f for f in ("constraints.txt", "hashes.txt", "pyproject.toml")]
    times = [path.stat().st_mtime - age for path in lists]
    for name in (".docs-installed", ".test-installed"):
        (folder / name).touch()
        newest = max(times) if age < 0 else min(times)
        os.utime(folder / name, (newest, newest))


def test_nothing_is_installed_twice(tmp_path):
    stamps(tmp_path / "venv", -5)
    assert set_ups("test", tmp_path / "venv") == []


def test_a_changed_list_of_packages_is_installed_anew(tmp_path):
    stamps(tmp_path / "venv", 5)
    assert set_ups("html", tmp_path / "venv") == [["docs"]]
    assert set_ups("lint", tmp_path / "venv") == [["docs"], ["docs", "test"]]


# pip's settings


LISTING = """\
:env:.find-links='/wheels /more'
:env:.index-url='https://mirror.example/simple'
freeze.exclude='pip'
global.cert='/etc/certificates.crt'
global.index-url='https://pypi.example/simple'
global.timeout='180'
install.constraint='/etc/constraints.txt'
"""


def test_uv_asks_the_addresses_that_pip_would_ask():
    options, variables = set_up.as_uv(set_up.pip_settings(LISTING))
    pairs = list(zip(options[::2], options[1::2], strict=True))
    assert sorted(pairs) == [
        ("--constraint", "/etc/constraints.txt"),
        ("--find-links", "/more"),
        ("--find-links", "/wheels"),
        ("--index-url", "https://mirror.example/simple"),
    ]
    assert variables == {
        "SSL_CERT_FILE": "/etc/certificates.crt",
        "UV_HTTP_TIMEOUT": "180",
    }


@pytest.mark.parametrize(("value", "options"), [("1", ["--no-index"]), ("false", [])])
def test_a_switch_may_be_off(value, options):
    assert set_up.as_uv({"no-index": value}) == (options, {})


def test_a_setting_that_uv_does_not_know_is_named():
    assert set_up.as_uv({"quiet": "1", "only-binary": ":all:"}) == "only-binary"


def test_pip_itself_prints_its_settings_as_we_read_them():
    env = os.environ | {"PIP_INDEX_URL": "https://mirror.example/it's/simple"}
    command = [sys.executable, "-m", "pip", "config", "list"]
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    found = set_up.pip_settings(run.stdout)
    assert found["index-url"] == "https://mirror.example/it's/simple"


# what happens when something fails


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine on which commands are only noted; those that contain a word in `broken` fail."""
    box = SimpleNamespace(ran=[], broken=[], settings="", folder=tmp_path / "venv")
    box.complaint, box.page = "", None

    def run(command, **_more):
        text = " ".join(map(str, command))
        box.ran.append(text)
        failed = any(word in text for word in box.broken)
        if "-m venv" in text:
            (box.folder / "bin").mkdir(parents=True, exist_ok=True)
            (box.folder / "pyvenv.cfg").touch()
            (box.folder / "bin" / "python").touch()
        if "-m venv" in text and not failed:
            (box.folder / "bin" / "pip").touch()
        return SimpleNamespace(
            returncode=int(failed), stdout=box.settings, stderr=box.complaint
        )

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(torch_build, "page", lambda version, folders: box.page)
    box.set_up = lambda *groups: set_up.main(str(box.folder), *groups)
    return box


def installs(machine):
    """List the commands that install the project."""
    commands = [command for command in machine.ran if " -e " in command]
    return [command for command in commands if "--dry-run" not in command]


def test_uv_installs_what_was_asked_for_and_nothing_else(machine):
    machine.settings = ":env:.index-url='https://mirror.example/simple'\n"
    assert machine.set_up("docs") == 0
    [command] = installs(machine)
    assert command.startswith(str(machine.folder / "bin" / "uv"))
    assert "--index-url https://mirror.example/simple" in command
    assert command.endswith("-e .[docs]")


def test_whatever_uv_installs_has_a_known_checksum(machine):
    """Then no index can put its own file in another's place, and the first that has it will do."""
    assert machine.set_up("docs", "test") == 0
    [command] = installs(machine)
    assert " -c hashes.txt --build-constraint hashes.txt " in command
    assert "unsafe-best-match" not in command


def test_uv_is_asked_whether_the_versions_fit_before_anything_is_fetched(machine):
    assert machine.set_up("docs") == 0
    asked, done = [c for c in machine.ran if " -e " in c]
    assert asked.replace(" --dry-run", "") == done


def test_where_they_do_not_fit_nothing_is_fetched_and_pip_is_not_tried(machine, capsys):
    machine.broken, machine.complaint = ["--dry-run"], "x No solution found: soupsieve"
    assert machine.set_up("docs") == 1
    assert installs(machine) == []
    said = capsys.readouterr().out
    assert "soupsieve" in said
    assert said.splitlines()[-1].endswith("make PYTHON=/path/to/python3.11")


def test_a_file_with_another_checksum_is_not_taken_from_pip_instead(machine, capsys):
    machine.broken = [
        "unsafe-first-match -c hashes.txt --build-constraint hashes.txt -e"
    ]
    assert machine.set_up("docs") == 1
    assert all("bin/uv" in command for command in installs(machine))
    assert "hashes.txt" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("broken", ["nothing", "bin/uv pip"])
def test_the_newest_pytorch_is_asked_for_without_its_constraint(machine, broken):
    machine.broken = [broken]
    assert machine.set_up("docs", "test", "--newest") == 0
    command = installs(machine)[-1]
    assert "--upgrade-package torch" in command or "--upgrade torch" in command
    given = Path(command.split("-c ")[1].split()[0]).read_text()
    assert ("--hash" in given) == (broken == "nothing")
    whole = "constraints.txt" if "--hash" not in given else "hashes.txt"
    entry = re.compile(r"^(\S+?)==(.*(?:\n .*)*)", re.MULTILINE)
    left, listed = (
        dict(entry.findall(text)) for text in (given, (ROOT / whole).read_text())
    )
    assert left.items() <= listed.items()
    missing = listed.keys() - left.keys()
    assert {"torch", "triton", "nvidia-cublas", "cuda-toolkit"} <= missing
    assert all(re.match("torch$|triton$|nvidia-|cuda-", name) for name in missing)


@pytest.mark.parametrize("broken", ["-c constraints.txt uv", "bin/uv pip"])
def test_pip_steps_in_where_there_is_no_uv_or_it_cannot_say(machine, broken, capsys):
    machine.broken = [broken]
    assert machine.set_up("docs", "test") == 0
    assert installs(machine)[-1].endswith("-c constraints.txt -e .[docs,test]")
    assert "-m pip install" in installs(machine)[-1]
    assert "pip does it. It checks no hashes" in capsys.readouterr().out


# PyTorch


@pytest.mark.parametrize("broken", ["nothing", "-c constraints.txt uv"])
def test_pytorch_comes_from_its_own_page_and_from_nowhere_else(machine, broken):
    machine.broken, machine.page = [broken], "https://torch.example/cpu/torch/"
    assert machine.set_up("docs") == 0
    [command] = [command for command in machine.ran if machine.page in command]
    version = set_up.torch_version(newest=False)
    wanted = f"--no-deps --no-index --find-links {machine.page} torch=={version}"
    assert command.endswith(wanted)
    assert machine.ran.index(command) < machine.ran.index(installs(machine)[-1])


def test_where_that_page_fails_the_index_has_it_too(machine):
    machine.broken, machine.page = ["--find-links"], "https://torch.example/"
    assert machine.set_up("docs") == 0
    assert len(installs(machine)) == 1


def test_pytorch_that_is_there_is_not_looked_for_again(machine, monkeypatch):
    version = set_up.torch_version(newest=False)
    there = (
        machine.folder
        / "lib/python3.11/site-packages"
        / f"torch-{version}+cpu.dist-info"
    )
    there.mkdir(parents=True)
    monkeypatch.setattr(torch_build, "page", None)  # calling it would fail
    assert machine.set_up("docs") == 0


def test_an_unknown_choice_is_refused_with_those_there_are(
    machine, monkeypatch, capsys
):
    monkeypatch.setenv("MNIST_TUT_TORCH", "gpu")
    assert machine.set_up("docs") == 1
    assert machine.ran == []
    said = capsys.readouterr().out
    assert all(word in said for word in ["'gpu'", *torch_build.CHOICES])


def test_an_interruption_ends_in_one_sentence(machine, monkeypatch, capsys):
    def interrupt(*_words, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupt)
    assert machine.set_up("docs") == 130
    assert capsys.readouterr().out.endswith("again to go on from here.\n")


def test_pip_steps_in_where_uv_would_take_other_files(machine, capsys):
    machine.settings = "global.only-binary=':all:'\n"
    assert machine.set_up("docs") == 0
    assert ["-m pip install" in command for command in installs(machine)] == [True]
    assert "only-binary" in capsys.readouterr().out


def test_when_nothing_can_be_had_it_says_what_to_do(machine, capsys):
    machine.broken = ["install"]
    assert machine.set_up("docs") == 1
    assert "PIP_INDEX_URL" in capsys.readouterr().out


def test_without_debians_package_root_gets_it(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(set_up.shutil, "which", lambda name: f"/usr/bin/{name}")
    machine.broken = ["-m venv"]
    assert machine.set_up("docs") == 1
    assert "apt-get install -y -q python3-venv" in machine.ran
    machine.broken = []  # the remains of the attempt must not be taken for an environment
    assert machine.set_up("docs") == 0
    assert (machine.folder / "bin" / "pip").exists()


def test_and_anybody_else_is_told_to_install_it(machine, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.broken = ["-m venv"]
    assert machine.set_up("docs") == 1
    assert len(machine.ran) == 1
    assert "apt-get install python3-venv" in capsys.readouterr().out


def test_an_environment_that_was_not_finished_is_made_anew(machine):
    (machine.folder / "bin").mkdir(parents=True)
    (machine.folder / "bin" / "python").symlink_to("/nowhere/python3.11")
    (machine.folder / "pyvenv.cfg").touch()
    assert machine.set_up("docs") == 0
    assert not (machine.folder / "bin" / "python").is_symlink()


def test_a_folder_that_is_no_environment_is_left_alone(machine):
    machine.folder.mkdir()
    (machine.folder / "thesis.tex").touch()
    machine.broken = ["-m venv"]
    set_up.drop_remains(machine.folder)
    assert (machine.folder / "thesis.tex").exists()


def test_an_old_python_is_named_with_the_remedy(machine, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert machine.set_up("docs") == 1
    assert "make PYTHON=" in capsys.readouterr().out
    assert machine.ran == []
