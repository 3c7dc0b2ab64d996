"""The workflows that publish: safe, short, and made of the Makefile's own commands."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
FILES = sorted(WORKFLOWS.glob("*.yml"))
every_workflow = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path):
    """List the steps of all jobs."""
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def commands(path):
    """List the commands of all steps, in words."""
    return [shlex.split(step["run"]) for step in steps(path) if "run" in step]


def targets():
    """List what the Makefile can make."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):.*##", text, re.MULTILINE))


def test_zizmor_finds_nothing_to_report():
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [zizmor, "--offline", "--persona=pedantic", "--no-progress", ".github"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_zizmor_would_report_a_title_that_runs_as_a_command(tmp_path):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (WORKFLOWS / "pages.yml").read_text(encoding="utf-8")
    bad = "- run: echo ${{ github.event.pull_request.title }}"
    assert "- run: make lint" in text
    (folder / "bad.yml").write_text(text.replace("- run: make lint", bad))
    zizmor = Path(sys.executable).with_name("zizmor")
    command = [zizmor, "--offline", "--no-progress", folder / "bad.yml"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode != 0
    assert "template-injection" in run.stdout


@every_workflow
def test_what_is_run_is_a_target_of_the_makefile_or_publishes(path):
    found = commands(path)
    made = [words[1:] for words in found if words[0] == "make"]
    assert made
    assert {word for words in made for word in words} <= targets()
    rest = {words[0] for words in found if words[0] != "make"}
    assert rest <= {"git", "gh", "sudo"}


@every_workflow
def test_whoever_looks_at_chinese_pages_has_a_font_for_them(path):
    found = commands(path)
    fonts = [words for words in found if words[0] == "sudo" and "install" in words]
    looks = [
        w for w in found if w[0] == "make" and w[1] in ("test", "newest", "release")
    ]
    assert [words[-1] for words in fonts] == ["fonts-noto-cjk"] * bool(looks)
    assert all(found.index(fonts[0]) < found.index(words) for words in looks)


@every_workflow
def test_no_step_has_more_than_one_command(path):
    for step in steps(path):
        assert not re.search(r"\n|;|&&|\|", step.get("run", "").strip())


@every_workflow
def test_every_job_says_what_it_may_do_and_how_long(path):
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert workflow["env"]["MNIST_TUT_STAND_IN"] == "never"
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert 0 < job["timeout-minutes"] <= 90


@every_workflow
def test_what_runs_our_code_may_not_write(path):
    for job in read(path)["jobs"].values():
        if any(step.get("run", "").startswith("make") for step in job["steps"]):
            assert set(job["permissions"].values()) == {"read"}


def test_what_each_workflow_makes():
    made = {
        path.stem: [w[1] for w in commands(path) if w[0] == "make"] for path in FILES
    }
    assert made == {
        "links": ["linkcheck"],
        "newest": ["newest"],
        "pages": ["lint", "test", "coverage", "notebooks"],
        "release": ["version", "lint", "test", "release"],
    }


def test_the_branch_that_is_pushed_is_the_one_that_the_pages_name():
    [push] = [w for w in commands(WORKFLOWS / "pages.yml") if w[:2] == ["git", "push"]]
    template = ROOT / "docs" / "_templates" / "launch.html"
    assert f"/blob/{push[-1]}/" in template.read_text(encoding="utf-8")


def test_the_pages_get_the_addresses_that_their_links_need():
    [step] = [
        s for s in steps(WORKFLOWS / "pages.yml") if s.get("run") == "make notebooks"
    ]
    assert set(step["env"]) == {"MNIST_TUT_SITE", "MNIST_TUT_REPO"}


#: The first major version of each action that runs on Node 24; GitHub has taken Node 20 away.
FIRST_ON_NODE_24 = {
    "cache": 5,
    "checkout": 5,
    "configure-pages": 6,
    "deploy-pages": 5,
    "download-artifact": 7,
    "setup-python": 6,
    "upload-artifact": 6,
    "upload-pages-artifact": 5,
}


@every_workflow
def test_every_action_runs_on_a_node_that_github_still_has(path):
    used = [step["uses"] for step in steps(path) if "uses" in step]
    for name, major in (
        re.fullmatch(r"actions/([\w-]+)@v(\d+)", action).groups() for action in used
    ):
        assert int(major) >= FIRST_ON_NODE_24[name], name


def test_somebody_tells_when_an_action_has_a_new_version():
    text = (ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    [updates] = yaml.safe_load(text)["updates"]
    assert updates["package-ecosystem"] == "github-actions"


def test_a_pull_request_brings_its_site_along():
    [step] = [
        step
        for step in steps(WORKFLOWS / "pages.yml")
        if step.get("with", {}).get("name") == "site"
    ]
    assert "github.event_name == 'pull_request'" in step["if"]
    assert "!cancelled()" in step["if"], "a test that fails is a reason to look"
    assert step["with"]["path"] == "build/html"


def test_the_schedules_leave_the_full_hour_to_others_and_come_round():
    for name, days in {"newest": "* * 1", "links": "2 * *"}.items():
        triggers = read(WORKFLOWS / f"{name}.yml")[True]  # "on", as YAML reads it
        [schedule] = triggers["schedule"]
        minute, hour, rest = schedule["cron"].split(maxsplit=2)
        assert int(minute) % 15
        assert 0 <= int(hour) < 24
        assert rest == days


# what may write, handed something crafted

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def crafted_repository(folder, marker):
    """A repository whose settings and hooks leave a mark when anything of them is run."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    command = f"touch {marker}"
    names = ["pre-commit", "post-commit", "pre-push", "post-index-change"]
    for hook in [*names, "prepare-commit-msg", "reference-transaction"]:
        path = folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)
    settings = {
        "core.fsmonitor": command,
        "core.sshCommand": command,
        "credential.helper": f"!{command}",
        "filter.x.clean": command,
        "filter.x.process": command,
        "gpg.program": command,
        "commit.gpgSign": "true",
        "alias.add": f"!{command}",
    }
    for name, value in settings.items():
        subprocess.run(["git", "-C", folder, "config", name, value], check=True)


def at_the_top(folder, marker):
    crafted_repository(folder, marker)
    (folder / ".gitattributes").write_text("* filter=x\n")


def further_down(folder, marker):
    crafted_repository(folder / "en", marker)
    said = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgSign=false"]
    quiet = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    commit = ["commit", "-q", "--allow-empty", "-mx"]
    subprocess.run(["git", "-C", folder / "en", *said, *quiet, *commit], check=True)


def in_place_of_a_folder(folder, marker):
    further_down(folder, marker)
    (folder / ".git").write_text("gitdir: en/.git\n")


def carried_out(tmp_path, craft):
    """Carry out the commands of the job that pushes, on what an artifact has brought."""
    job = read(WORKFLOWS / "pages.yml")["jobs"]["notebooks"]
    [brought] = [step for step in job["steps"] if "uses" in step]
    artifact = tmp_path / brought["with"]["path"]
    (artifact / "en").mkdir(parents=True)
    (artifact / "en" / "page.ipynb").write_text("{}")
    (artifact / "README.md").write_text("Made.\n")
    craft(artifact, tmp_path / "marker")
    (tmp_path / "marker").unlink(missing_ok=True)  # making it may have run it
    remote = tmp_path / "server" / "me" / "tut.git"
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").symlink_to("/bin/true")
    env = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "GITHUB_ACTOR": "me",
        "GITHUB_SHA": "1234",
        "GITHUB_SERVER_URL": f"file://{tmp_path / 'server'}",
        "GITHUB_REPOSITORY": "me/tut",
        **{name: str(value) for name, value in job["env"].items()},
        "GIT_DIR": str(tmp_path / "branch.git"),
    }
    runs = [
        subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
        )
        for step in job["steps"]
        if "run" in step
    ]
    return remote, runs


def branch(remote):
    command = ["git", "-C", remote, "ls-tree", "-r", "--name-only", "notebooks"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return run.stdout.split()


@needs_git
def test_the_steps_put_what_was_built_into_the_branch(tmp_path):
    remote, runs = carried_out(tmp_path, lambda folder, marker: None)
    assert [run.returncode for run in runs] == [0] * 5, runs
    assert branch(remote) == ["README.md", "en/page.ipynb"]


@needs_git
@pytest.mark.parametrize("craft", [at_the_top, further_down, in_place_of_a_folder])
def test_nothing_that_an_artifact_brings_is_run_by_what_may_write(tmp_path, craft):
    remote, runs = carried_out(tmp_path, craft)
    assert not (tmp_path / "marker").exists(), runs
    assert "README.md" in branch(remote)


@needs_git
@pytest.mark.parametrize("craft", [at_the_top, further_down, in_place_of_a_folder])
def test_git_without_these_settings_would_run_it(tmp_path, craft):
    """What the test above holds off is real."""
    folder = tmp_path / "artifact"
    craft(folder, tmp_path / "marker")
    (tmp_path / "marker").unlink(missing_ok=True)
    said = ["-c", "user.name=x", "-c", "user.email=x@y"]
    for command in (["init"], ["add", "--all"], [*said, "commit", "-mx"], ["status"]):
        subprocess.run(["git", *command], cwd=folder, capture_output=True)
    assert (tmp_path / "marker").exists()


def test_what_may_write_takes_an_artifact_into_a_folder_of_its_own():
    for path in FILES:
        for step in steps(path):
            if "download-artifact" in step.get("uses", ""):
                assert step["with"]["path"] in ("notebooks", "release"), path.name


def test_the_link_check_asks_every_language_even_when_one_has_failed(tmp_path):
    """The recipe, with a Sphinx that fails for the first language alone."""
    asked = tmp_path / "asked"
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n[ "${{*#* -t en}}" = "$*" ]\n')
    python.chmod(0o755)
    stamps = [f"--old-file={tmp_path / name}" for name in (".docs-installed",)]
    for name in (".docs-installed", ".test-installed"):
        (tmp_path / name).touch()
    command = ["make", "-C", ROOT, f"VENV={tmp_path}", *stamps, "linkcheck"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode != 0
    assert [line.split(" -t ")[1][:2] for line in asked.read_text().splitlines()] == [
        "en",
        "zh",
    ]
