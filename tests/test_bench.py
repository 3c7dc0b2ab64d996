"""What ``make bench`` compares does the same work, and is what its name says."""

import json
import platform
from types import SimpleNamespace

import bench
import cnn_step
import fresh_heap
import pytest
import sites
import torch


@pytest.fixture(scope="module")
def data():
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand(640, 784, generator=generator)
    return pictures, torch.randint(0, 10, (640,), generator=generator)


@pytest.mark.parametrize("name", [n for n in cnn_step.VARIANTS if n != "slow way"])
def test_every_variant_takes_the_same_steps_as_the_slow_way(data, name):
    slow = cnn_step.losses(cnn_step.VARIANTS["slow way"], data, 10)
    fast = cnn_step.losses(cnn_step.VARIANTS[name], data, 10)
    assert len(slow) == 10
    assert fast == pytest.approx(slow, abs=1e-4)


@pytest.mark.parametrize(("name", "variant"), cnn_step.VARIANTS.items())
def test_a_variant_is_what_its_name_says(data, name, variant):
    batches, model, opt = cnn_step.prepare(variant, data)
    layout = model[2].weight.is_contiguous(memory_format=torch.channels_last)
    assert (batches.dl.batch_size is None) == (
        name in {"batched sampling", "all three"}
    )
    assert layout == (name in {"channels last", "all three"})
    assert opt.defaults["fused"] == (name in {"fused SGD", "all three"})


def test_the_table_gives_medians_spread_and_ratios_to_its_first_row():
    times = {"slow": [0.004, 0.002, 0.003], "fast": [0.001, 0.002, 0.0015]}
    slow, fast = bench.table(times, "step", "ms", 1000).splitlines()[2:]
    assert slow == "| slow | 3.00 | 2.00 - 4.00 | 1.00 |"
    assert fast == "| fast | 1.50 | 1.00 - 2.00 | 0.50 |"


def test_rounds_time_every_variant_once_each(data, monkeypatch):
    monkeypatch.setattr(cnn_step, "WARM_UP", 1)
    monkeypatch.setattr(cnn_step, "STEPS", 2)
    found = cnn_step.rounds(data, 3)
    assert list(found) == list(cnn_step.VARIANTS)
    assert all(len(times) == 3 and min(times) > 0 for times in found.values())


def test_the_limit_counts_two_operations_per_weight_and_output_and_pass():
    outputs = [(1, 16, 14), (16, 16, 7), (16, 10, 4)]  # channels in, out, output side
    passes = [2, 3, 3]  # forward, weights and input; a picture needs no gradient
    products = [into * out * 9 * side**2 for into, out, side in outputs]
    wanted = sum(2 * 64 * n * count for n, count in zip(products, passes, strict=True))
    assert cnn_step.step_flops(64) == wanted


def test_the_limit_is_the_time_of_as_much_arithmetic_in_a_matrix_product(monkeypatch):
    monkeypatch.setattr(cnn_step, "take_turns", lambda ways, rounds: {"": [2.0, 3.0]})
    share = cnn_step.step_flops() / (2 * 100**3)
    assert cnn_step.limit(2, size=100) == pytest.approx([2 * share, 3 * share])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="told of glibc only")
def test_a_fresh_process_maps_its_memory_anew_in_every_step_unless_told_to_keep_it():
    path = bench.ROOT / "benchmarks" / "fresh_heap.py"
    given_back, kept = (
        json.loads(bench.program(path, "20", **fresh_heap.SETTINGS[name]))
        for name in ("given back", "kept")
    )
    assert given_back["faults"] > 100
    assert kept["faults"] < given_back["faults"] / 10
    assert min(given_back["seconds"], kept["seconds"]) > 0


def test_the_copy_that_is_timed_for_the_tutorial_has_no_other_program(tmp_path):
    sites.Site(tmp_path / "tutorial", tutorial_only=True)
    sites.Site(tmp_path / "all")
    for lang in sites.LANGUAGES:
        scripts = [
            sorted(path.name for path in (tmp_path / copy / "gallery" / lang).iterdir())
            for copy in ("tutorial", "all")
        ]
        assert scripts[0] == ["GALLERY_HEADER.rst", "nn_tutorial.py"]
        assert scripts[1] == [*scripts[0], f"{sites.LATER}.py"]
    pages = [*(tmp_path / "tutorial").glob("[dg]*/*/*.rst")]
    pages += (tmp_path / "tutorial").glob("gallery/*/*.py")
    assert len(pages) >= 10
    linked = [f":doc:`{sites.LATER}`", f"tutorials/{sites.LATER}"]
    assert not [p for p in pages if any(link in p.read_text() for link in linked)]


def test_an_edit_changes_the_prose_of_one_language_and_no_code(tmp_path, monkeypatch):
    site = sites.Site(tmp_path)
    scripts = [tmp_path / "gallery" / lang / "nn_tutorial.py" for lang in ("en", "zh")]
    before = [script.read_text() for script in scripts]
    ran = []

    def run(*arguments, cwd, **settings):
        ran.append(cwd)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(sites.subprocess, "run", run)
    site.build(edit=("en",))
    site.build(edit=("en",))
    after = [script.read_text() for script in scripts]
    assert ran == [tmp_path] * 2
    assert after[1] == before[1]
    added = set(after[0].splitlines()) - set(before[0].splitlines())
    assert added == {"# Edit 1.", "# Edit 2."}


def test_a_clean_build_starts_from_nothing_and_keeps_what_is_tracked(
    tmp_path, monkeypatch
):
    site = sites.Site(tmp_path)
    done = SimpleNamespace(returncode=0)
    monkeypatch.setattr(sites.subprocess, "run", lambda *a, **k: done)
    for name in ("build", "docs/en/tutorials", "docs/zh/tests"):
        (tmp_path / name).mkdir()
    tracked = {path for path in tmp_path.rglob("*") if path.is_file()}
    site.build(clean=True)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == tracked
    assert not [*tmp_path.glob("build"), *tmp_path.glob("docs/*/t*s")]


def test_a_build_that_fails_says_why(tmp_path):
    site = sites.Site(tmp_path)
    (tmp_path / "docs" / "build_site.py").write_text("raise SystemExit('no paper')")
    with pytest.raises(RuntimeError, match="the build failed:\nno paper"):
        site.build()


def test_a_text_that_is_not_there_cannot_be_replaced(tmp_path):
    with pytest.raises(ValueError, match=r"README.md does not contain 'no such text'"):
        sites.Site(tmp_path).replace("README.md", "no such text", "")
