"""What "One loop, many machines" says, held against the facts.

The page runs once, with made-up digits; its own asserts hold then, those between one process and
two among them. The rest is here: the numbers of its prose, and each statement that no cell checks.
"""

import inspect
import itertools
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.distributed as dist
from gallery_scripts import ROOT, blocks, prose
from page_run import learnable, run_page
from prose_numbers import complaints, numbers_by_section
from torch import nn
from torch._inductor import config
from torch._inductor.cpp_builder import get_cpp_compiler
from torch.distributed.fsdp import fully_shard
from torch.distributed.run import get_args_parser
from torch.utils.data import DistributedSampler

from mnist_tut.exercises.my_share import my_share

NAME = "one_loop_many_machines.py"
both = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture(scope="module")
def page():
    """Run the page: its names and what it printed."""
    run = run_page(NAME, learnable(600, 1, 1, noise=1))
    return SimpleNamespace(printed=run.printed, **run.names)


def code_blocks(lang, language):
    """Return what stands in the page's code blocks of a language."""
    text = "\n\n".join(b.content for b in blocks(lang, NAME) if b.type == "text")
    found = re.findall(
        rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", text + "\n", re.M
    )
    return [textwrap.dedent(block).strip() for block in found]


# Every number in the prose -----------------------------------------------------------------------


def facts(page, lang):
    """Compute the numbers of each section, in their order."""
    bench = json.loads((ROOT / "benchmarks" / "compiled.json").read_text())
    models = ["linear", "cnn_any_size", "better_cnn"]
    measured = [
        [bench[name]["seconds"], bench[name]["times_as_fast"]] for name in models
    ]
    shared = [64, 64 // 2]
    more = json.loads((ROOT / "benchmarks" / "more.json").read_text())
    ran = [
        *more["day"].split("-"),
        *(first_two(more, k) for k in ("accelerate", "lightning")),
    ]
    return {
        "many-top": [2],  # of FSDP2
        "many-first": [len(page.xb), *itertools.chain(*measured)],
        "many-shares": [0],
        "many-loop": [64, 3 * (64 // 3), 501, *shared],
        "many-average": [2, 64, 2, 2],
        "many-restart": [1],
        "many-more": [2, 1, 64, 64],
        "many-frameworks": ran,
    }


def first_two(more, name):
    """Return the first two parts of the version that last ran."""
    return re.match(r"\d+\.\d+", more["versions"][name])[0]


@both
def test_every_number_in_the_prose_is_a_fact(page, lang):
    assert complaints(numbers_by_section(lang, NAME), facts(page, lang)) == []


def test_numbers_of_bytes_and_digits_told_in_words_are_right(page):
    assert torch.finfo(torch.bfloat16).bits == 16  # two bytes
    assert torch.finfo(torch.bfloat16).eps == 2**-7  # between two and three digits
    assert torch.finfo(torch.bfloat16).max > 0.99 * torch.finfo(torch.float32).max
    assert page.train.__defaults__[-1] == 64


@pytest.fixture
def group(tmp_path):
    """Be a group of one process."""
    store = dist.FileStore(str(tmp_path / "store"), 1)
    dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_batch_normalisation_over_all_processes_wants_a_gpu_with_the_words_told(group):
    norm = nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm1d(3))
    assert isinstance(norm, nn.SyncBatchNorm)
    with pytest.raises(ValueError, match="SyncBatchNorm expected") as caught:
        norm(torch.rand(4, 3))
    for lang in ("en", "zh"):
        text = " ".join(prose(lang, NAME).split())
        [words] = re.findall("``(SyncBatchNorm expected .*?)``", text)
        assert words in str(caught.value)


def test_fully_shard_puts_new_parameters_in_the_place_of_the_old(group):
    model = nn.Linear(3, 2)
    before = set(model.parameters())
    fully_shard(model, mesh=dist.init_device_mesh("cpu", (1,)))
    assert not before & set(model.parameters())


def test_batch_normalisation_makes_the_mean_of_halves_another_gradient(page):
    [line] = [line for line in page.printed if line.startswith("gradients of two")]
    assert int(line.split()[-2].rstrip("%")) >= 5
    assert any("SyncBatchNorm(32" in line for line in page.printed)
    again = [page.gradients_of(slice(64)) for _ in range(2)]
    assert torch.equal(*again), "each is measured from nothing"


def test_the_twin_is_the_same_again_and_a_step_costs_what_the_line_through_all_says(
    page,
):
    assert page.ways["twin"] is page.ways["float32"]
    line = [page.per_picture, page.per_step]
    through = np.polyval(np.polyfit(page.sizes, page.steps, 1), page.sizes)
    assert np.polyval(line, page.sizes) == pytest.approx(through)


def test_a_checkpoint_bears_its_name_when_it_is_whole(page):
    saved = (
        r'torch\.save\(.*"(\w+\.pt)"\)\s+Path\("(\w+\.pt)"\)\.replace\("(\w+\.pt)"\)'
    )
    written, renamed, name = re.search(saved, inspect.getsource(page.resumed)).groups()
    assert written == renamed != name


@pytest.mark.parametrize(("n", "world", "same"), [(512, 2, 512), (501, 2, 502)])
def test_processes_that_do_not_divide_the_data_see_a_picture_twice(n, world, same):
    samplers = [DistributedSampler(range(n), world, rank) for rank in range(world)]
    assert sum(map(len, samplers)) == same


# Shares ------------------------------------------------------------------------------------------


def told(page, start):
    """Return the lists of indices in the lines that begin so."""
    lines = [line.partition(":")[2] for line in page.printed if line.startswith(start)]
    assert lines
    return [json.loads(part) for line in lines for part in re.findall(r"\[.*?\]", line)]


def test_without_set_epoch_every_epoch_has_the_same_order(page):
    for rank in range(2):
        first, second = told(page, f"process {rank}, two epochs without")
        assert first == second


def test_with_set_epoch_the_order_changes_and_every_index_comes_once(page):
    of_both = [
        told(page, f"process 0, epoch {k}") + told(page, f"process 1, epoch {k}")
        for k in range(2)
    ]
    assert of_both[0] != of_both[1]
    for first, second in of_both:
        assert sorted(first + second) == list(range(8))


def test_without_the_sampler_both_processes_see_the_same_and_all(page):
    first, second = told(page, "process 0, Random") + told(page, "process 1, Random")
    assert first == second
    assert sorted(first) == list(range(8))


@pytest.mark.parametrize(("length", "world"), [(8, 2), (10, 4), (7, 3)])
def test_the_exercise_shares_as_distributed_sampler_does(length, world):
    for rank in range(world):
        sampler = torch.utils.data.DistributedSampler(
            range(length), world, rank, shuffle=False
        )
        share = my_share(torch.arange(length), rank, world)
        assert share.tolist() == list(sampler)


# Two processes -----------------------------------------------------------------------------------


def test_each_way_is_told_once_and_only_without_averaging_do_models_drift(page):
    lines = [line for line in page.printed if line.startswith("2 processes")]
    ways = ["nothing", "all_reduce", "DDP", "FSDP2"]
    assert [re.search(r", (\w+):", line)[1] for line in lines] == ways
    apart = {
        line.split()[0]: [float(part) for part in line.split()[1:]]
        for line in page.printed
        if re.match(rf"(?:{'|'.join(ways)}) +\d", line)
    }
    assert list(apart) == ways
    assert min(apart["nothing"]) > 1e-2
    assert max(max(apart[name]) for name in ways[1:]) < 1e-5
    columns = [page.second, page.weights(page.alone)]  # of the last way
    assert apart["FSDP2"] == [float(page.distance(page.first, c)) for c in columns]


def test_training_goes_on_after_the_kill_with_the_next_epoch(page):
    lines = [line for line in page.printed if line.startswith("attempt")]
    assert [re.findall(r"attempt (\d), epoch (\d)", line)[0] for line in lines] == [
        ("0", "0"),
        ("0", "1"),
        ("1", "2"),
    ]


@pytest.mark.parametrize("forgotten", ["nothing", "opt", "epoch", "set_epoch"])
def test_whatever_a_checkpoint_forgets_changes_the_weights(page, forgotten):
    def training(model, opt, epochs):
        sampler = page.DistributedSampler(page.ds, num_replicas=1, rank=0)
        if forgotten == "set_epoch":
            sampler.set_epoch = lambda epoch: None
        for _ in page.train(model, opt, sampler, epochs=epochs):
            pass

    model = page.make_model()
    opt = page.make_opt(model)
    training(model, opt, range(2))
    fresh = page.make_model()
    fresh_opt = page.make_opt(fresh)
    checkpoint = {"model": model.state_dict(), "opt": opt.state_dict(), "epoch": 1}
    if forgotten == "opt":
        checkpoint["opt"] = fresh_opt.state_dict()
    if forgotten == "epoch":
        checkpoint["epoch"] = 0
    fresh.load_state_dict(checkpoint["model"])
    fresh_opt.load_state_dict(checkpoint["opt"])
    first = checkpoint["epoch"] + 1
    training(fresh, fresh_opt, range(first, 3))
    same = torch.allclose(page.weights(fresh), page.weights(page.alone), atol=1e-5)
    assert same == (forgotten == "nothing")


def test_the_page_leaves_no_folder(page):
    assert not Path(page.folder.name).exists()


# What the page says about PyTorch ----------------------------------------------------------------


def test_without_a_compiler_the_first_call_says_so(monkeypatch):
    monkeypatch.setattr(config.cpp, "cxx", (None, "/nowhere/c++"))
    with pytest.raises(RuntimeError, match="No working C") as caught:
        get_cpp_compiler()
    for lang in ("en", "zh"):
        assert f"``{type(caught.value).__name__}``" in prose(lang, NAME)


def test_the_small_model_lost_by_compiling_and_by_more_than_noise():
    bench = json.loads((ROOT / "benchmarks" / "compiled.json").read_text())
    assert bench["linear"]["times_as_fast"] < 1 / bench["linear"]["noise"]


# Other machines and other libraries --------------------------------------------------------------


def several_machines(lang):
    """Return the arguments of the command for several machines."""
    [console] = code_blocks(lang, "console")
    [command] = re.findall(r"^\$ torchrun (.*)", console.replace("\\\n", ""), re.S)
    return command.split()


@both
def test_torchrun_understands_the_commands(lang):
    [script] = code_blocks(lang, "bash")
    [on_cluster] = re.findall(r"srun torchrun (.*)", script.replace("\\\n", ""))
    for arguments in several_machines(lang), on_cluster.replace('"', "").split():
        parsed = get_args_parser().parse_args(arguments)
        assert (parsed.nnodes, parsed.nproc_per_node) == ("2", "8")
        assert parsed.rdzv_backend == "c10d"
        assert parsed.rdzv_endpoint.endswith(":29500")
        assert parsed.training_script == "train.py"


@both
def test_the_script_for_slurm_is_a_script(lang, tmp_path):
    [script] = code_blocks(lang, "bash")
    (tmp_path / "job").write_text(script)
    subprocess.run(["bash", "-n", tmp_path / "job"], check=True)


def program_with(page, block, last):
    """Write a program: the page's imports and functions, its digits, a code block, and an end."""
    functions = [page.make_model, page.make_opt, page.weights]
    given = "ds = TensorDataset(torch.rand(128, 784), torch.randint(10, (128,)))"
    parts = [page.imports, *map(inspect.getsource, functions)]
    return "\n\n".join([*parts, "torch.manual_seed(1)", given, block, last])


def test_the_loop_in_accelerate_leaves_all_processes_with_the_same_weights(
    page, tmp_path
):
    pytest.importorskip("accelerate", reason="needs the extra 'more'")
    [block] = [b for b in code_blocks("en", "python") if "Accelerator" in b]
    last = "torch.save(weights(model), f'{accelerator.process_index}.pt')"
    (tmp_path / "train.py").write_text(program_with(page, block, last))
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run_in(tmp_path, *launch, "train.py")
    torch.testing.assert_close(*(torch.load(tmp_path / f"{k}.pt") for k in range(2)))


def test_the_loop_in_lightning_starts_two_processes_and_keeps_a_checkpoint(
    page, tmp_path
):
    pytest.importorskip("lightning", reason="needs the extra 'more'")
    [block] = [b for b in code_blocks("en", "python") if "Trainer" in b]
    last = "torch.save(weights(trainer.model), f'{trainer.global_rank}.pt')"
    (tmp_path / "train.py").write_text(program_with(page, block, last))
    run_in(tmp_path, "train.py")
    torch.testing.assert_close(*(torch.load(tmp_path / f"{k}.pt") for k in range(2)))
    assert list(tmp_path.rglob("*.ckpt"))


def run_in(folder, *arguments):
    """Run Python in a folder, where also its temporary files go."""
    settings = {"OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout
