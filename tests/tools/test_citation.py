"""How to cite this tutorial, and the one that it follows."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_citation_names_the_tutorial_that_this_one_follows():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    [original] = citation["references"]
    assert original["title"] == "What is torch.nn really?"
    assert original["url"] == (
        "https://pytorch.org/tutorials/beginner/nn_tutorial.html"
    )
    names = [(who["given-names"], who["family-names"]) for who in original["authors"]]
    assert names == [
        ("Jeremy", "Howard"),
        ("Rachel", "Thomas"),
        ("Francisco", "Ingham"),
    ]
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'license = "{citation["license"]}"' in pyproject
