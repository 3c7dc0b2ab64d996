"""Notebooks to teach with: no solution is handed out, and a check stops whoever is not right."""

import json

import class_notebooks
import nbformat
import pytest
from attempts import NAMES, WRONG
from notebooks import downloads

from mnist_tut import exercises

LANGUAGES = ["en", "zh"]


@pytest.fixture(scope="module")
def course(site, tmp_path_factory):
    """The notebooks of a page for the class, by language and name: handed out, and kept."""
    found = {}
    for lang, path in downloads(site):
        if path.suffix == ".ipynb":
            book = nbformat.read(path, as_version=4)
            if list(class_notebooks.exercises_of(book)):
                found[lang, path.stem] = class_notebooks.for_class(book)
    return found


def test_every_exercise_of_both_languages_is_there(course):
    for lang in LANGUAGES:
        names = [
            name
            for (language, _), (handed_out, _) in course.items()
            for name, _ in class_notebooks.exercises_of(handed_out)
            if language == lang
        ]
        assert sorted(names) == sorted(exercises.EXERCISES)


def test_no_solution_is_handed_out_and_none_is_lost(course):
    for handed_out, kept in course.values():
        text, whole = json.dumps(handed_out), json.dumps(kept)
        for name, (task, *_) in class_notebooks.exercises_of(handed_out):
            assert "<details>" in task.source, "the hint stays"
            solution = json.dumps(exercises.solution(name))[1:-1]
            assert solution not in text, name
            assert solution in whole, name
        assert "BEGIN SOLUTION" not in text
        nbformat.validate(handed_out)
        nbformat.validate(kept)


def test_cells_are_marked_for_nbgrader_each_once(course):
    for handed_out, _ in course.values():
        marked = [
            c.metadata.nbgrader for c in handed_out.cells if "nbgrader" in c.metadata
        ]
        ids = [mark["grade_id"] for mark in marked]
        assert len(set(ids)) == len(ids) == 2 * len([m for m in marked if m["grade"]])
        assert all(mark["points"] > 0 for mark in marked if mark["grade"])


def test_a_right_answer_goes_on_and_a_wrong_one_or_none_is_stopped(course, capsys):
    wrong = {name: code for name, code, key in reversed(WRONG) if key != "todo"}
    for (lang, _), (handed_out, _) in course.items():
        names = dict(NAMES)
        found = [name for name, _ in class_notebooks.exercises_of(handed_out)]
        exec(exercises.checks_cell(found, lang), names)
        for name, (_task, stub, check) in class_notebooks.exercises_of(handed_out):
            for answer in (stub.source, wrong[name]):
                exec(answer, names)
                with pytest.raises(AssertionError):
                    exec(check.source, names)
            exec(exercises.solution(name), names)
            exec(check.source, names)
        assert capsys.readouterr().out.count({"en": "Right.", "zh": "对了。"}[lang]) > 0


def test_the_folder_is_laid_out_as_a_course(site, tmp_path, capsys):
    (tmp_path / "html").symlink_to(site)
    assert class_notebooks.main(str(tmp_path)) == 0
    assert f"{2 * len(exercises.EXERCISES)} exercises" in capsys.readouterr().out
    for lang in LANGUAGES:
        folder = tmp_path / "class" / lang
        assert (folder / "nbgrader_config.py").exists()
        assert sorted(p.name for p in folder.iterdir()) == [
            "README.txt",
            "handout",
            "nbgrader_config.py",
            "source",
        ]
        assert (folder / "source" / "nn_tutorial" / "nn_tutorial.ipynb").exists()
