"""Words, directives and exports of the living figures, without a browser."""

import base64
import json
import re
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ext.alive import export, figures
from miniature import LOCALE, build
from sphinx import locale
from torch import nn

from mnist_tut.models import Mnist_CNN, better_cnn, cnn_any_size

SCRIPTS = figures.SCRIPTS
TABLE = tomllib.loads(figures.WORDS.read_text(encoding="utf-8"))


def unpack(text):
    """What alive.js does."""
    planes = (
        np.frombuffer(base64.b64decode(text), np.uint8).reshape(4, -1).astype(np.int64)
    )
    bits = (planes << np.array([[24], [16], [8], [0]])).sum(0)
    return torch.tensor(
        np.where(bits % 2, -(bits + 1), bits) / 2 / 2**20, dtype=torch.float32
    )


@pytest.mark.parametrize(
    ("kind", "files"), [("draw", ["draw", "show"]), ("train", ["trainer"])]
)
def test_scripts_and_table_know_the_same_words(kind, files):
    code = "\n".join(
        (SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in files
    )
    used = set(re.findall(r"words\.(\w+)", code))
    prefixes = set(re.findall(r"words\[`(\w+_)\$", code))
    known = set(TABLE[kind]) - {"still", "still_alt", "elsewhere"}
    assert used <= known
    for name in known - used:
        assert (
            name.startswith(tuple(prefixes))
            or f'"{name}"' in code
            or f'("{name}"' in code
        ), name


def test_packed_numbers_come_back_to_half_a_millionth():
    values = torch.tensor([0.0, 1.0, -1.0, 0.1, -0.1, 300.5, -300.5, 1e-9, -(2**-20)])
    assert (unpack(export.pack(values)) - values).abs().max() <= 2**-21
    with pytest.raises(ValueError, match="cannot be packed"):
        export.pack(torch.tensor([5000.0]))


def test_a_convolution_is_written_with_its_normalisation():
    conv, norm = nn.Conv2d(3, 5, 3, 2, 1, bias=False), nn.BatchNorm2d(5)
    with torch.no_grad():
        for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            values.uniform_(0.5, 2)
    norm.eval()
    x = torch.randn(2, 3, 9, 9)
    [layer, _mean] = export.conv_layers(nn.Sequential(conv, norm))
    weights = unpack(layer["weights"]).view(5, 3, 3, 3)
    ours = nn.functional.conv2d(x, weights, unpack(layer["bias"]), stride=2, padding=1)
    torch.testing.assert_close(ours, norm(conv(x)), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(
    ("model", "kinds", "sizes"),
    [
        (Mnist_CNN, ["conv"] * 3 + ["mean"], [(1, 16, 14), (16, 16, 7), (16, 10, 4)]),
        (
            cnn_any_size,
            ["conv"] * 3 + ["mean"],
            [(1, 16, 14), (16, 16, 7), (16, 10, 4)],
        ),
        (
            better_cnn,
            ["conv"] * 3 + ["linear"],
            [(1, 16, 14), (16, 32, 7), (32, 64, 4)],
        ),
    ],
)
def test_layers_are_described_in_order(model, kinds, sizes):
    layers = export.conv_layers(model())
    assert [layer["kind"] for layer in layers] == kinds
    assert [
        (layer["from"], layer["to"], layer["side"]) for layer in layers[:3]
    ] == sizes


def test_a_convolution_that_the_script_does_not_know_is_refused():
    with pytest.raises(ValueError, match="knows no convolution"):
        export.conv_layers(nn.Sequential(nn.Conv2d(1, 4, 5)))


def exported(folder):
    torch.manual_seed(0)
    x, y = torch.rand(300, 784).mul(256).floor().div(256), torch.arange(300) % 10
    models = Mnist_CNN(), better_cnn()
    start = torch.randn(784, 10) / 28
    export.export(
        folder,
        (start, torch.zeros(10)),
        *models,
        start,
        (x, y),
        (x, y),
        "stand-in",
        (200, 50),
    )
    return models


def test_an_export_is_complete_and_leaves_the_models_as_they_were(tmp_path):
    models = exported(tmp_path / "new" / "folder")
    assert all(model.training for model in models)
    names = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert names == {
        "facts.json", "model-better.js", "model-cnn.js", "model-linear.js", "pictures.js",
        "samples.js",
    }  # fmt: skip
    text = (tmp_path / "new" / "folder" / "pictures.js").read_text(encoding="utf-8")
    data = json.loads(re.fullmatch(r'Alive\.receive\("pictures", (.*)\);\n', text)[1])
    assert data["n"] == 200
    assert len(data["labels"]) == 250
    assert len(data["losses"]) == 5 * 4


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_pages_get_the_sentence_the_still_figure_and_the_words(tmp_path, language):
    exported(tmp_path / "build" / "html" / "_static" / "alive")
    pages = {
        "index": "T\n=\n\n.. toctree::\n\n   a/b\n\n.. train-here::\n",
        "a/b": "T\n=\n\n.. draw-digit::\n   :brief:\n",
    }
    settings = {"language": language, "html_search_language": "en"}
    html, warnings = build(tmp_path, pages, ["ext.alive.figures"], **settings)
    assert not [line for line in warnings.splitlines() if "alive" in line]
    figure = html["a/b"].select_one("[data-alive=draw]")
    assert "data-brief" in figure.attrs
    words = json.loads(figure.select_one("script.alive-words").string)
    locale.init([str(LOCALE)], language)
    assert words == figures.words_of("draw")
    assert (words["erase"] == "Erase") == (language == "en")
    assert words["elsewhere"] in figure.get_text()
    still = figure.select_one("noscript img")
    assert still["src"] == "../_static/alive/still-draw.svg"
    assert str(html["a/b"]).count(f'width="{still["width"]}"') == 1
    loop = html["index"].select_one("template.alive-code")
    assert "zero_" in str(loop)
    assert (
        "200"
        in json.loads(html["index"].select_one("script.alive-words").string)["still"]
    )


def test_other_scripts_or_models_have_another_version(tmp_path, monkeypatch):
    scripts, exports = tmp_path / "scripts", tmp_path / "exports"
    for folder in scripts, exports:
        folder.mkdir()
        (folder / "a.js").write_text("1")
    monkeypatch.setattr(figures, "SCRIPTS", scripts)
    app = SimpleNamespace(config=SimpleNamespace(alive_exports=str(exports)))
    versions = [figures.version(app)]
    for folder in scripts, exports:
        (folder / "a.js").write_text("2")
        versions.append(figures.version(app))
    assert len(set(versions)) == 3
    assert figures.version(app) == versions[-1]


def test_the_pictures_to_read_are_one_of_each_digit_read_right_and_then_mistakes():
    labels = torch.arange(40) % 10
    read = labels.clone()
    read[:15] = (labels[:15] + 1) % 10  # the first of each is read wrong
    chosen = export.choose_samples(torch.eye(10)[read], labels)
    right, wrong = chosen[:10], chosen[10:]
    assert [(int(labels[i]), kind) for i, kind in right] == [
        (digit, "digits") for digit in range(10)
    ]
    assert all(read[i] == labels[i] for i, _ in right)
    assert wrong == [(i, "mistakes") for i in range(export.MISTAKES)]
