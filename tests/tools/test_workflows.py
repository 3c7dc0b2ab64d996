"""The workflows that publish: safe, short, and made of the Makefile's own commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ext.gallery import launch

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
    assert rest <= {"git", "gh"}


@every_workflow
def test_no_step_has_more_than_one_command(path):
    for step in steps(path):
        assert not re.search(r"\n|;|&&|\|", step.get("run", "").strip())


@every_workflow
def test_every_job_says_what_it_may_do_and_how_long(path):
    workflow = read(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert 0 < job["timeout-minutes"] <= 90


@every_workflow
def test_what_runs_our_code_may_not_write(path):
    for job in read(path)["jobs"].values():
        if any(step.get("run", "").startswith("make") for step in job["steps"]):
            assert set(job["permissions"].values()) == {"read"}


def test_one_reads_and_builds_one_asks_the_newest_pytorch_and_one_releases():
    made = {
        path.stem: [w[1] for w in commands(path) if w[0] == "make"] for path in FILES
    }
    assert made == {
        "newest": ["newest"],
        "pages": ["lint", "test", "notebooks"],
        "release": ["lint", "test", "release"],
    }


def test_the_branch_that_is_pushed_is_the_one_that_the_pages_name():
    [push] = [w for w in commands(WORKFLOWS / "pages.yml") if w[:2] == ["git", "push"]]
    assert push[-1] == launch.BRANCH


def test_the_pages_get_the_addresses_that_their_links_need():
    [step] = [
        s for s in steps(WORKFLOWS / "pages.yml") if s.get("run") == "make notebooks"
    ]
    assert set(step["env"]) == {"MNIST_TUT_SITE", "MNIST_TUT_REPO"}
