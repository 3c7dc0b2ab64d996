"""What “Train it here” says of each of its switches is what its own loop does."""

import base64
import json
import re
import zlib
from pathlib import Path

import alive_world
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

SCRIPTS = Path(__file__).parents[2] / "docs" / "_static" / "alive"
GUESS = float(np.log(10))
LEAST = float(np.log(1 + 9 / np.e))  # of softmax twice
STEPS = 400  # in five epochs over 5,120 pictures

#: What trainer.js does with the pictures that the site brings.
LOAD = """async () => {
  const packed = await Alive.load("pictures");
  await Alive.load("learn");
  globalThis.given = { site: { pixels: await Alive.inflate(packed.pixels), n: packed.n,
    labels: Uint8Array.from(packed.labels, Number), start: Alive.floats(packed.start) } };
}"""
#: Take others, with the same weights to begin with.
GIVE = """({ pixels, labels, n }) => { given["stand-in"] = { pixels: Alive.bytes(pixels),
  labels: Uint8Array.from(labels), n, start: given.site.start };
  return Array.from(given.site.start); }"""
#: Run the loop; return its losses, its parameters at the end, and what validation says.
RUN = """([source, steps, settings]) => {
  const learner = new (Alive.learner())(given[source], settings);
  const losses = Array.from({ length: steps ?? 5 * learner.perEpoch }, () => learner.step());
  const [weights, bias] = [learner.weights, learner.bias].map((numbers) => Array.from(numbers));
  return { losses, weights: steps ? weights : [], bias, ...learner.validate() };
}"""


class Runs:
    """Runs the figure's loop in the browser, each of them once."""

    def __init__(self, page, digits, start):
        self.page, self.digits, self.kept = page, digits, {}
        self.start = torch.tensor(start).view(784, 10)

    def __call__(self, source, steps=None, lr=0.5, bs=64, **switches):
        asked = [source, steps, {"lr": lr, "bs": bs, **switches}]
        if str(asked) not in self.kept:
            self.kept[str(asked)] = self.page.evaluate(RUN, asked)
        return self.kept[str(asked)]

    def of(self, source):
        """Return the runs over one set of pictures."""
        return lambda **settings: self(source, **settings)


def on_the_site(site):
    """Read what the built site brings along: pictures and labels, for training and validation."""
    text = (site / "en" / "_static" / "alive" / "pictures.js").read_text()
    packed = json.loads(re.fullmatch(r'Alive\.receive\("pictures", (.*)\);\n', text)[1])
    pixels = zlib.decompress(base64.b64decode(packed["pixels"]))
    x = torch.tensor(np.frombuffer(pixels, np.uint8).reshape(-1, 784)) / 256
    y = torch.tensor([int(label) for label in packed["labels"]])
    n = packed["n"]
    return alive_world.Digits(x[:n], y[:n], x[n:], y[n:], packed["source"])


@pytest.fixture(scope="module")
def runs(chromium, site, address):
    page = chromium.new_page()
    page.goto(f"{address}/en/_static/alive/learn.js")  # a page with nothing on it
    page.add_script_tag(url=f"{address}/en/_static/alive/alive.js")
    page.evaluate(LOAD)
    drawn = alive_world.digits("stand-in")
    pixels = (torch.cat([drawn.x_train, drawn.x_valid]) * 256).to(torch.uint8)
    start = page.evaluate(
        GIVE,
        {
            "pixels": base64.b64encode(pixels.numpy().tobytes()).decode(),
            "labels": torch.cat([drawn.y_train, drawn.y_valid]).tolist(),
            "n": len(drawn.x_train),
        },
    )
    yield Runs(page, {"site": on_the_site(site), "stand-in": drawn}, start)
    page.close()


# Every sentence: its words in both languages, and whether a run bears them out -------------------


def restless(losses):
    return np.abs(np.diff(losses)).mean()


def hint_page(run, digits):
    page = run()
    yield (
        "one epoch over 5,120 pictures",
        "在 5,120 张图片上训练一轮",
        (len(digits.x_train) == 5120 and len(page["losses"]) == STEPS),
    )
    yield (
        "how far will the loss fall",
        "损失会降到多少",
        (np.mean(page["losses"][70:80]) < page["losses"][0] / 2),
    )


def hint_lr(run, digits):
    page, crawl, jump = (run(lr=lr)["losses"] for lr in (0.5, 0.001, 10))
    yield (
        "Too small, and the loss crawls",
        "太小，损失爬得很慢",
        (0.7 * crawl[0] < np.mean(crawl[-20:]) < crawl[0]),
    )
    yield (
        "too large, and it jumps",
        "太大，损失会跳来跳去",
        (restless(jump) > 5 * restless(page)),
    )


def hint_bs(run, digits):
    page, small, large = (run(bs=bs)["losses"] for bs in (64, 4, 1024))
    yield (
        "Small batches take many noisy steps in an epoch",
        "步数多而抖动大",
        (
            len(small) == 16 * len(page)
            and restless(small[-200:]) > restless(page[-80:])
        ),
    )
    yield (
        "large ones few smooth steps",
        "步数少而平稳",
        (16 * len(large) == len(page) and restless(large[-10:]) < restless(page[-80:])),
    )


def hint_unzeroed(run, digits):
    losses = run(unzeroed=True)["losses"]
    low = int(np.argmin(losses[:40]))
    yield "Watch the loss fall", "看损失先降", losses[low] < 1.5 < losses[0]
    yield "overshoot", "冲过头", max(losses[low:]) > 2 * losses[0]
    yield (
        "end above 2.30, where guessing would be",
        "最后高于 2.30，还不如瞎猜",
        (np.mean(losses[-20:]) > GUESS == pytest.approx(2.30, abs=0.005)),
    )


def hint_sorted(run, digits):
    found = run(sorted=True)
    classes = digits.y_train.sort().values
    jumps = [i for i in range(1, 80) if classes[64 * i - 1] != classes[64 * i + 63]]
    first, last = found["losses"][:80], found["losses"][-80:]
    yield (
        "almost nothing within a class",
        "同一类里降到几乎为零",
        (np.median(first) < 0.02 and np.median(last) < 0.1),
    )
    yield (
        "jump at the next",
        "换一类就跳起来",
        (min(max(first[i : i + 2]) for i in jumps) > 1 and max(last) > 1),
    )
    yield (
        "about half of the answers are 9, the last class",
        "约一半的回答是 9，即最后一类",
        (0.4 < found["answers"][9] < 0.65),
    )
    yield "fewer than half are right", "答对的不到一半", found["accuracy"] < 0.5


def hint_shuffled(run, digits):
    page, shuffled = run(), run(shuffled=True)
    mixed = [len(part.unique()) for part in digits.y_train.split(64)]
    yield "MNIST's file is mixed already", "MNIST 的文件本来就是乱序的", min(mixed) >= 9
    yield (
        "so shuffling changes little",
        "再打乱几乎没有变化",
        (
            shuffled["losses"] != page["losses"]
            and abs(shuffled["accuracy"] - page["accuracy"]) < 0.02
            and abs(shuffled["loss"] - page["loss"]) < 0.05
        ),
    )
    yield (
        "Sort the pictures as well, and it is the cure",
        "再把图片排好序试试，就能看出打乱有多管用",
        (
            run(sorted=True, shuffled=True)["accuracy"] > page["accuracy"] - 0.03
            and run(sorted=True)["accuracy"] < page["accuracy"] - 0.3
        ),
    )


def hint_cured(run, digits):
    page, cured = run(), run(sorted=True, shuffled=True)
    for part in (slice(10, 80), slice(80, 240), slice(240, 400)):
        there, here = np.mean(page["losses"][part]), np.mean(cured["losses"][part])
        yield (
            "the loss falls as it does on the page",
            "损失像本页那样下降",
            (abs(here / there - 1) < 0.1),
        )


def hint_unbiased(run, digits):
    page, without = run(), run(unbiased=True)
    yield (
        "ten numbers out of 7,850",
        "7,850 个参数里，这 10 个偏置",
        (
            sum(p.numel() for p in nn.Linear(784, 10).parameters()) == 7850
            and without["bias"] == [0] * 10
        ),
    )
    yield (
        "Hardly a point of accuracy is lost",
        "准确率几乎不变",
        (abs(without["accuracy"] - page["accuracy"]) < 0.015),
    )


def units_stay_alike(digits):
    """Whether all units of a hidden layer that begins with zeros end with the same weights."""
    model = nn.Sequential(nn.Linear(784, 5), nn.Sigmoid(), nn.Linear(5, 10))
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    alive_world.train(model, digits.x_train[:1280], digits.y_train[:1280], epochs=1)
    first = model[0].weight
    return bool(first.any()) and torch.allclose(first, first[0].expand(5, 784))


def hint_zeros(run, digits):
    page, zeros = run(), run(zeros=True)
    yield (
        "The first loss is ln 10 = 2.3026 exactly",
        "第一个损失正好是 ln 10 = 2.3026",
        (
            zeros["losses"][0] == pytest.approx(GUESS, abs=1e-7)
            and round(GUESS, 4) == 2.3026
        ),
    )
    yield (
        "training goes on as well as before",
        "之后训练照样进行",
        (zeros["accuracy"] > page["accuracy"] - 0.015),
    )
    yield (
        "Only networks with hidden layers need random weights",
        "只有带隐藏层的网络",
        (units_stay_alike(digits)),
    )


def hint_huge(run, digits):
    page, huge = run(), run(huge=True)
    yield (
        "first loss is above 10 instead of near ln 10",
        "不在 ln 10 附近，而是超过 10",
        (huge["losses"][0] > 10 and abs(page["losses"][0] - GUESS) < 0.15),
    )
    yield (
        "training spends its time unlearning",
        "训练的时间都花在改正上",
        (
            huge["accuracy"] < page["accuracy"] - 0.05
            and np.mean(huge["losses"][-80:]) < huge["losses"][0] / 5
        ),
    )


def hint_fast(run, digits):
    losses = run(lr=50)["losses"]
    yield (
        "rise to many times its first value",
        "涨到最初的许多倍",
        (max(losses) > 10 * losses[0]),
    )
    yield "stay restless", "一直平静不下来", np.std(losses[-40:]) > losses[0]


def hint_twice(run, digits):
    losses = run(twice=True)["losses"]
    yield (
        "cannot fall below ln(1 + 9/e) = 1.46",
        "不可能低于 ln(1 + 9/e) = 1.46",
        (min(losses) > LEAST and round(LEAST, 2) == 1.46),
    )
    yield "without any error message", "却没有任何报错", np.mean(losses[-20:]) < 2


HINTS = {name: rule for name, rule in globals().items() if name.startswith("hint_")}


@pytest.fixture(scope="module")
def words(tutorial):
    """The words of the figure on the page, in each language."""
    return {
        lang: json.loads(page.select_one("[data-alive=train] .alive-words").string)
        for lang, page in tutorial.items()
    }


def test_every_sentence_is_held_by_a_run(words):
    for said in words.values():
        assert {name for name in said if name.startswith("hint_")} == set(HINTS)


@pytest.mark.parametrize("source", ["site", "stand-in"])
@pytest.mark.parametrize("name", HINTS)
def test_a_run_does_what_the_sentence_says(runs, words, source, name):
    claims = list(HINTS[name](runs.of(source), runs.digits[source]))
    for english, chinese, holds in claims:
        assert english in words["en"][name]
        assert chinese in words["zh"][name]
        assert holds, english
    for lang, said in enumerate(words.values()):
        held = " ".join(claim[lang] for claim in claims)
        numbers = set(re.findall(r"\d[\d,.]*\d|\d", said[name]))
        assert all(number in held for number in numbers), "a number without a run"


# PyTorch does the same


def by_pytorch(digits, weights, steps=None, lr=0.5, bs=64, seed=None, **on):
    """The page's loop for five epochs, with the figure's changes; at most so many steps."""
    x, y = digits.x_train, digits.y_train
    if on.get("sorted"):
        x, y = x[y.argsort(stable=True)], y.sort(stable=True).values
    generator = torch.Generator().manual_seed(seed or 0)
    weights, bias = weights.clone().requires_grad_(), torch.zeros(10).requires_grad_()
    trained, losses = (weights,) if on.get("unbiased") else (weights, bias), []
    for _ in range(5):
        if seed is not None:
            order = torch.randperm(len(x), generator=generator)
            x, y = x[order], y[order]
        for xb, yb in zip(x.split(bs), y.split(bs), strict=True):
            logits = xb @ weights + (0 if on.get("unbiased") else bias)
            loss = F.cross_entropy(logits.softmax(1) if on.get("twice") else logits, yb)
            loss.backward()
            losses.append(loss.item())
            with torch.no_grad():
                for p in trained:
                    p -= lr * p.grad
                    if not on.get("unzeroed"):
                        p.grad.zero_()
            if len(losses) == steps:
                return losses, weights.detach(), bias.detach()
    return losses, weights.detach(), bias.detach()


@pytest.mark.parametrize(
    "settings",
    [{}, {"lr": 0.1, "bs": 16}, {"unzeroed": True}, {"unbiased": True}, {"twice": True},
     {"sorted": True}, {"zeros": True}, {"huge": True}, {"bs": 2000}],
    ids=str,
)  # fmt: skip
def test_five_steps_equal_pytorchs(runs, settings):
    ours = runs("stand-in", steps=5, **settings)
    factor = 0 if settings.get("zeros") else 100 if settings.get("huge") else 1
    losses, weights, bias = by_pytorch(
        runs.digits["stand-in"], runs.start * factor, 5, **settings
    )
    size = max(1, *losses)  # the loss of weights times 100 is near 60
    assert np.abs(np.array(ours["losses"]) - losses).max() < 1e-5 * size
    far = (torch.tensor(ours["weights"]).view(784, 10) - weights).abs().max()
    assert far < 1e-5 * weights.abs().max().clamp(min=1)
    assert (torch.tensor(ours["bias"]) - bias).abs().max() < 1e-5


@pytest.mark.parametrize("also", [{}, {"sorted": True}], ids=["mixed", "sorted"])
def test_however_pytorch_shuffles_the_accuracy_is_the_pages(runs, also):
    digits = runs.digits["site"]

    def accuracy(seed=None, **on):
        _, weights, bias = by_pytorch(digits, runs.start, seed=seed, **on)
        answers = (digits.x_valid @ weights + bias).argmax(1)
        return float((answers == digits.y_valid).float().mean())

    page = accuracy()
    assert [s for s in range(5) if abs(accuracy(seed=s, **also) - page) > 0.03] == []


def test_no_mini_batch_is_smaller_than_the_others(runs):
    text = (SCRIPTS / "trainer.js").read_text(encoding="utf-8")
    sizes = json.loads(re.search(r"SIZES = (\[[\d, ]+\])", text)[1])
    assert len(sizes) > 5
    n = len(runs.digits["site"].x_train)
    assert [bs for bs in sizes if n % bs] == []
