"""What "Where the time goes" says, held against the facts.

The page runs once, with made-up digits and a clock that costs no time; its own asserts hold then.
The rest is here: every number of the prose, and each statement that no cell checks.
"""

import ast
import inspect
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from gallery_scripts import blocks, captions, cells
from matplotlib.colors import to_rgb
from page_run import learnable, run_page
from prose_numbers import complaints, numbers_by_section, spelled_by_section
from torch import nn, optim
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut import plots, timing
from mnist_tut.loaders import batched_dl
from mnist_tut.models import cnn_any_size
from mnist_tut.training import loss_batch

NAME = "where_the_time_goes.py"
both = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture(scope="module")
def page():
    """Run the page: its names, the bars of its figures, and what it printed."""
    figures, compared = [], []
    by_kind, plots_bars = timing.seconds_by_kind, plots.ratio_bars

    def once(ways, rounds=5):
        compared.append(ways)
        for way in ways.values():
            way()
        return {name: [2.0 + k] * rounds for k, name in enumerate(ways)}

    def drawn(shares, ax):
        figures.append(dict(shares))
        return plots_bars(shares, ax)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "take_turns", once)
        patch.setattr(timing, "seconds_by_kind", lambda func: by_kind(func, calls=2))
        patch.setattr(plots, "ratio_bars", drawn)
        run = run_page(NAME, learnable(6500, 1, 1, noise=1))
    found = {"figures": figures, "printed": run.printed, "compared": compared}
    return SimpleNamespace(**found, **run.names)


# Every number in the prose -----------------------------------------------------------------------


def facts(page):
    """Compute every number that the page's prose states, in its order, by section."""
    sizes = [int(name.removeprefix("bs ")) for name in page.figures[3]]
    first, *_, last = sizes
    [pictures] = {size * len(page.per_picture(size)()) for size in sizes}
    code = "\n".join(cell.content for cell in cells("en", NAME))
    steps = re.search(r'"loss_batch": steps_of\(.*count=(\d+)\)', code)[1]
    one = 1  # the measure of a figure, or what equal things give
    return {
        "time-setup": [inspect.signature(page.steps_of).parameters["count"].default],
        "time-layout": [one],
        "time-loaders": [page.n // page.bs, steps, one],
        "time-batch-size": [pictures, first, last, first, last, first, one],
        "time-threads": [one],
        "time-gpu": [one],
    }


@both
def test_every_number_in_the_prose_is_the_fact_in_its_place(page, lang):
    assert complaints(numbers_by_section(lang, NAME), facts(page)) == []


def facts_spelled_out(page):
    """Do the same for numbers that are spelled out, in each language."""
    _, layout, loaders, sizes, _, gpu = map(len, page.figures)
    bits = page.half.itemsize / torch.float32.itemsize
    shared = {"time-loaders": [loaders]}
    en = {
        "time-profile": [1 / 20],
        "time-layout": [2, layout],
        "time-batch-size": [sizes, 2, 1 / 2],
        "time-threads": [2, 1 / 2],
        "time-gpu": [bits, gpu],
    }
    zh = {
        "time-profile": [1 / 20, 1 / 20],
        "time-layout": [2, layout],
        "time-loaders": [loaders, loaders - 1],
        "time-batch-size": [sizes],
        "time-threads": [2],
        "time-gpu": [gpu],
    }
    return {"en": shared | en, "zh": shared | zh}


@both
def test_every_number_that_the_prose_spells_out_is_a_fact(page, lang):
    known = facts_spelled_out(page)[lang]
    assert complaints(spelled_by_section(lang, NAME), known) == []


@both
def test_figures_have_as_many_bars_as_their_descriptions_say(page, lang):
    words = {"Two": 2, "Three": 3, "Four": 4, "Five": 5, "Six": 6}
    words |= {"两": 2, "三": 3, "四": 4, "五": 5, "六": 6}
    told = re.findall(
        r"^\.\. figure-text:: (?:(\w+) bars|(.)根条形)?",
        "\n".join(block.content for block in blocks(lang, NAME)),
        re.M,
    )
    counts = [words.get(en or zh) for en, zh in told]
    assert len(counts) == len(page.figures)
    assert counts == [
        None if found is None else len(bars)
        for found, bars in zip(counts, page.figures, strict=True)
    ]
    assert counts.count(None) == 2  # as many as there are kinds, and threads to try


# What each caption calls the bars of its figure, in their order.
BARS = {
    "en": [
        ["a whole step on top", "its parts", "the longest first"],
        ["usual step as the measure", "fused", "channels last"],
        ["training steps as the measure", "both ways"],
        ["from 16", "to 256", "the first is the measure"],
        ["number of threads", "one thread is the measure"],
        ["usual step as the measure", "does not ask", "mixed precision"],
    ],
    "zh": [
        ["最上面是完整的一步", "下面是它的各个部分", "最长的在前"],
        ["普通的一步为基准", "融合", "channels_last"],
        ["训练步为基准", "两种办法"],
        ["从 16", "到 256", "第一根为基准"],
        ["线程数", "一个线程为基准"],
        ["普通的一步为基准", "不每步都要数字", "混合精度"],
    ],
}
NAMED = [
    None,  # the parts of a step, in the order of their times
    ["contiguous_format", "fused=True", "channels_last"],
    ["loss_batch", "DataLoader", "batched_dl"],
    [f"bs {size}" for size in (16, 64, 256)],
    None,  # as many threads as there are to try
    ["loss_batch", "without_item", "amp=True"],
]


@both
def test_captions_name_the_bars_in_their_order(page, lang):
    texts = captions(lang, NAME)
    for bars, names, words, text in zip(
        page.figures, NAMED, BARS[lang], texts, strict=True
    ):
        assert names in (None, list(bars))
        assert re.search(".*".join(map(re.escape, words)), text), (words, text)
    parts = list(page.figures[0].values())
    assert parts == sorted(parts, reverse=True)  # a whole step is the longest
    assert next(iter(page.figures[0])) == "step"
    assert next(iter(page.figures[4])) == "set_num_threads(1)"


@both
def test_the_lines_over_the_bars_have_the_colour_that_the_caption_tells(lang):
    [word] = re.findall("orange|blue|橙|蓝", "".join(captions(lang, NAME)).lower())
    _, ax = plt.subplots()
    plots.ratio_bars({"first": [1.0, 1.0], "other": [0.5, 2.0]}, ax)
    [lines] = ax.collections
    known = {
        "orange": plots.ORANGE,
        "橙": plots.ORANGE,
        "blue": plots.BLUE,
        "蓝": plots.BLUE,
    }
    assert tuple(lines.get_colors()[0][:3]) == pytest.approx(to_rgb(known[word]))
    plt.close("all")


# What the page does ------------------------------------------------------------------------------


def test_every_way_compared_gets_a_verdict(page):
    verdicts = [line for line in page.printed if line.endswith("the noise")]
    judged = [re.match(r"(.*?) +\d+\.\d\d  ", line)[1] for line in verdicts]
    ways = [name for bars in page.figures[1:] for name in list(bars)[1:]]
    assert judged == ways
    assert page.noise >= 1


STANDS_FOR = {
    "contiguous_format": "steps_of(plain)",
    "channels_last": "steps_of(last)",
    "loss_batch": "steps_of(plain",
    "without_item": "without_item(plain)",
}


def test_each_way_does_what_its_name_says():
    code = ast.parse("\n".join(cell.content for cell in cells("en", NAME)))
    named = [
        (ast.literal_eval(key), ast.unparse(value))
        for table in ast.walk(code)
        if isinstance(table, ast.Dict)
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant)
    ]
    known = {name for bars in (NAMED[1], NAMED[2], NAMED[5]) for name in bars}
    ways = [
        (name, does)
        for name, does in named
        if re.search(r"steps_of|lambda|_item", does)
    ]
    assert {name for name, _ in ways} == known
    for name, does in ways:
        assert STANDS_FOR.get(name, name) in does, (name, does)
        for option in ("fused=True", "amp=True"):
            assert (option in name) == (option in does), name


def test_steps_train_a_copy_and_leave_the_model_alone(page, monkeypatch):
    before = [p.detach().clone() for p in page.plain.parameters()]
    first = page.steps_of(page.plain)()
    assert page.steps_of(page.plain)() == first
    assert page.without_item(page.plain)() == pytest.approx(first)
    assert all(map(torch.equal, page.plain.parameters(), before))
    amp = page.without_item(page.plain, amp=True)()
    assert amp == pytest.approx(first, rel=0.1)
    assert amp != first
    monkeypatch.setattr(torch.Tensor, "item", None)  # whoever asks fails
    page.without_item(page.plain)()


def test_the_model_called_last_has_its_channels_last(page):
    middle = page.last[2].weight
    assert middle.is_contiguous(memory_format=torch.channels_last)
    assert not middle.is_contiguous()
    assert page.plain[2].weight.is_contiguous()


def test_both_ways_to_get_mini_batches_hand_out_the_same_pictures(page):
    [loaders] = [ways for ways in page.compared if "batched_dl" in ways]
    walked = [loaders[name]() for name in ("DataLoader", "batched_dl")]
    seen = [torch.cat([yb for _, yb in batches]).sort().values for batches in walked]
    assert [len(batches) for batches in walked] == [page.n // page.bs] * 2
    assert {type(batches) for batches in walked} == {list}  # handed out while timed
    assert all(torch.equal(labels, page.y.sort().values) for labels in seen)


def test_the_number_of_threads_is_the_one_named(page, monkeypatch):
    seen = []
    names = page.on_threads.__globals__
    monkeypatch.setitem(names, "few", lambda: seen.append(torch.get_num_threads()))
    page.on_threads(1)
    [ways] = [w for w in page.compared if f"set_num_threads({page.counts[0]})" in w]
    for way in ways.values():
        way()
    torch.set_num_threads(page.before)
    assert seen == [1, *page.counts]
    assert page.counts[0] == 1


def test_the_noise_is_the_largest_factor_between_a_thing_and_its_twin(page):
    [line] = [line for line in page.printed if line.startswith("noise: a factor of")]
    twin = 3.0 / 2.0  # the second way takes three seconds by the page's clock
    assert line == f"noise: a factor of {twin:.2f}"
    [told] = [line for line in page.printed if line.startswith("threads:")]
    assert told == f"threads: {torch.get_num_threads()}"
    for lang in ("en", "zh"):
        text = "\n".join(cell.content for cell in cells(lang, NAME))
        [rule] = re.findall(r"^noise = (.*)$", text, re.M)
        assert eval(rule, {"shares": [0.5, 1.2]}) == 2  # a twin may be faster, too


def test_words_on_the_figures_are_explained_in_chinese(page):
    text = "".join(block.content for block in blocks("zh", NAME))
    for word in ["step", "other", "time", "loss_batch"]:
        assert f"``{word}``" in text, word


def test_the_page_leaves_the_number_of_threads_as_it_was(page):
    assert torch.get_num_threads() == page.before


def test_the_parts_of_a_step_make_up_the_whole(page):
    step, *parts = page.figures[0].values()
    assert step == [1.0]
    assert sum(part for [part] in parts) == pytest.approx(1)


# What the page says about PyTorch ----------------------------------------------------------------


def test_what_flows_through_a_model_follows_the_layout_of_its_weights():
    model = cnn_any_size()
    x = torch.rand(3, 1, 28, 28)
    plain = model[:6](x)
    last = model.to(memory_format=torch.channels_last)[:6](x)
    assert plain.is_contiguous()
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert not last.is_contiguous()
    assert last.stride(1) == 1  # the channels of a pixel lie side by side
    assert last.shape == plain.shape
    torch.testing.assert_close(last, plain)


@pytest.mark.parametrize(("fused", "expected"), [(True, 1), (False, 12)])
def test_a_fused_optimizer_updates_all_parameters_in_one_operation(fused, expected):
    model = cnn_any_size()
    opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, fused=fused)
    for _ in range(2):  # the first step has no momentum yet
        opt.zero_grad()
        F.cross_entropy(
            model(torch.rand(2, 1, 28, 28)), torch.tensor([1, 2])
        ).backward()
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            opt.step()
    updates = [
        event.count
        for event in profiled.key_averages()
        if event.key in ("aten::_fused_sgd_", "aten::add_")
    ]
    assert (
        sum(updates) == expected
    )  # else one for the momentum and one for the parameter


def test_a_plain_loader_asks_for_rows_and_batched_dl_for_mini_batches():
    class Asked(TensorDataset):
        def __init__(self, x):
            super().__init__(x)
            self.questions = []

        def __getitem__(self, index):
            self.questions.append(index)
            return super().__getitem__(index)

    for make, questions in [
        (DataLoader, [0, 1, 2, 3, 4]),
        (batched_dl, [[0, 1], [2, 3], [4]]),
    ]:
        ds = Asked(torch.arange(5))
        assert [len(xb) for (xb,) in make(ds, 2)] == [2, 2, 1]
        assert ds.questions == questions


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a GPU of NVIDIA or AMD"
)
def test_a_loader_that_pins_hands_out_what_can_be_copied_without_waiting():
    ds = TensorDataset(torch.rand(4, 2))
    for (xb,) in DataLoader(ds, 2, pin_memory=True):
        assert xb.is_pinned()
        torch.testing.assert_close(xb.to("cuda", non_blocking=True).cpu(), xb)


def test_the_environment_sets_the_number_of_threads():
    said = run("import torch; print(torch.get_num_threads())", OMP_NUM_THREADS="1")
    assert said == "1"


def run(code, *arguments, **settings):
    """Run a program in a process of its own and return what it printed."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=True,
        env=env | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


# What the page says about GPUs -------------------------------------------------------------------


def test_small_gradients_vanish_in_float16_but_not_enlarged_nor_in_bfloat16():
    small = torch.tensor(1e-8)
    assert small.half() == 0
    assert (small * torch.amp.GradScaler("cpu").get_scale()).half() > 0
    assert small.bfloat16() > 0


def test_the_scaler_divides_the_gradients_before_the_step():
    weight = nn.Parameter(torch.ones(1))
    opt = optim.SGD([weight], lr=0.5)
    scaler = torch.amp.GradScaler("cpu")
    loss = weight.sum()
    assert scaler.scale(loss) > loss
    scaler.scale(loss).backward()
    scaler.step(opt)
    assert weight.item() == 0.5


@both
def test_the_line_that_waits_is_in_loss_batch(lang):
    [line] = re.findall(
        r"``(loss\.item\(\))``", "\n".join(b.content for b in blocks(lang, NAME))
    )
    assert line in inspect.getsource(loss_batch)
