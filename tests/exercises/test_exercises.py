"""The exercises: each says the right thing about right, wrong and missing answers."""

import ast
import dis
import inspect
import itertools
import re
import string
import sys

import pytest
import torch
from attempts import RIGHT, WRONG, run
from gallery_scripts import prose
from prose_numbers import EN, SPELLED, ZH
from torch import nn

from mnist_tut import exercises
from mnist_tut.exercises import EXERCISES, common, module_of

LANGUAGES = ["en", "zh"]
#: Exercises that ask for a whole loop: long to write, and longer to judge.
LONG = {"my_order", "my_fit", "my_predict", "MyScaler", "MyLinear"}
LONG |= {"MyFolder", "my_lr", "my_accumulate", "my_clip", "my_mend", "my_stop"}
UNDONE = "todo", "dots", "nothing"
TWO_LINES = "first line\nsecond line"


def judged(capsys, name, attempt, language="en"):
    """Return a check's verdict and what it printed."""
    verdict = exercises.check(name, attempt, language)
    return verdict, capsys.readouterr().out


def solved(name):
    return getattr(module_of(name), name)


def untouched(name):
    return run(name, exercises.stub_cell(name))


def texts(language):
    """Map each exercise to all that its file, or the catalogue, says; "every" to what all share."""
    if language == "en":
        own = {
            name: {**module_of(name).MESSAGES, "hint": module_of(name).HINT}
            for name in EXERCISES
        }
        return {"every": common.MESSAGES, **own}
    return exercises.catalogue(language)


def pattern(text):
    """Turn a message into a pattern in which every value may stand for its placeholder."""
    return ".+".join(map(re.escape, re.split(r"\{\d?\}", text)))


def says(name, key, language):
    return pattern(exercises.says(name, language)[key])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_passes_and_is_told_what_it_teaches(capsys, name, language):
    torch.manual_seed(LANGUAGES.index(language))  # no verdict depends on a seed
    verdict, said = judged(capsys, name, solved(name), language)
    assert verdict is True
    assert said == exercises.says(name, language)["right"] + "\n"
    assert said.startswith({"en": "Right. ", "zh": "对了。"}[language])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXERCISES)
def test_an_untouched_stub_is_kindly_said_to_be_still_to_do(capsys, name, language):
    verdict, said = judged(capsys, name, untouched(name), language)
    assert verdict is None
    assert said == exercises.says(name, language)["todo"] + "\n"
    assert said.startswith({"en": "Still to be done", "zh": "这一题还没有做"}[language])


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_gets_its_own_hint_whatever_the_seed(capsys, name):
    missed = []
    for seed, language in enumerate(LANGUAGES, 1):
        for code, key in (row[1:] for row in WRONG if row[0] == name):
            torch.manual_seed(seed)
            verdict, said = judged(capsys, name, run(name, code), language)
            told = re.match(says(name, key, language) + "\n", said)
            if not told or verdict is not (None if key in UNDONE else False):
                missed.append((language, key, code, verdict, said))
    assert missed == []


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_of_another_form_is_right_too(capsys, name):
    answers = [(code, run(name, code)) for known, code in RIGHT if known == name]
    judgements = [(code, *judged(capsys, name, answer)) for code, answer in answers]
    assert [found for found in judgements if found[1] is not True] == []


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_been_tried_with_many_answers_right_ones_first(name):
    assert 1 + sum(n == name for n, _ in RIGHT) >= 4
    assert sum(n == name for n, _, _ in WRONG) >= 8


def test_hardly_an_answer_is_left_with_two_numbers_alone():
    alone = [key for name, _, key in WRONG if key == "wrong"]
    assert len(alone) <= len(WRONG) / 40


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_three_misunderstandings_of_its_own(name):
    own = {key for n, _, key in WRONG if n == name} & set(module_of(name).MESSAGES)
    assert len(own - {"todo"}) >= 3
    assert len({key for n, _, key in WRONG if n == name} - {"todo", "raised"}) >= 3


def test_every_message_is_reached():
    reached = {(name, key) for name, _, key in WRONG}
    reached |= {(name, "right") for name in EXERCISES}
    reached |= {(name, key) for name in EXERCISES for key in ("todo", *common.CLUES)}
    own = {(name, key) for name in EXERCISES for key in module_of(name).MESSAGES}
    assert own <= reached
    general = {key for name, key in reached if key not in module_of(name).MESSAGES}
    elsewhere = {key for _, key in STOPPED + APART} | {"unknown", "how"}
    elsewhere |= {"outside", "loop", "misspelt", "meant", "ready", "raised_at"}
    assert set(common.MESSAGES) == (general | elsewhere) - {"right", "hint"}


def test_both_languages_have_the_same_messages_with_the_same_values():
    def shape(language):
        return {
            (name, key): [field for _, field, _, _ in string.Formatter().parse(text)]
            for name, own in texts(language).items()
            for key, text in own.items()
        }

    english, chinese = shape("en"), shape("zh")
    assert english.keys() == chinese.keys()
    for key, fields in english.items():
        assert [f for f in fields if f is not None] == [
            f for f in chinese[key] if f is not None
        ], key
    assert [*texts("zh")][1:] == [*EXERCISES]
    files = {path.stem for path in exercises.FOLDER.glob("[mM]y*.py")}
    assert files == {*EXERCISES}


def test_both_languages_have_the_same_numbers_in_their_messages():
    """Those from 3 on: with smaller ones, and in idioms, each language does as it likes."""

    def numbers(language):
        for name, own in texts(language).items():
            for key, text in own.items():
                plain = re.sub("``.*?``|四舍五入|四周|十二", " ", text)
                words = SPELLED[language].findall(plain)
                found = [(EN | ZH).get(word.lower(), 0) for word in words]
                found += map(float, re.findall(r"\d+(?:\.\d+)?", plain))
                yield name, key, sorted(n for n in found if n > 2)

    assert sorted(numbers("en")) == sorted(numbers("zh"))


@pytest.mark.parametrize("name", EXERCISES)
def test_messages_name_the_same_arguments_in_both_languages_and_as_the_solution_has_them(
    name,
):
    other = {"i=i", "shuffle=True", "persistent=False", "drop_last=True"}  # ways around
    for key, text in texts("en")[name].items():
        named, chinese = (
            {*re.findall(r"\b[A-Za-z_]\w*(?:=\w+|(?:\.\w+)+)", words)}
            for words in (text, texts("zh")[name][key])
        )
        assert named == chinese, key
        arguments = {word for word in named if "=" in word} - other
        assert all(word in exercises.solution(name) for word in arguments), key


@pytest.mark.parametrize("name", EXERCISES)
def test_a_message_of_ones_own_asks_for_no_more_values_than_the_shared_one(name):
    own = module_of(name).MESSAGES  # a clue of an error brings values of its own
    for key in own.keys() & common.MESSAGES.keys():
        assert own[key].count("{") <= common.MESSAGES[key].count("{"), key


def test_chinese_messages_are_chinese():
    for name, own in texts("zh").items():
        for key, text in own.items():
            assert re.search("[\u4e00-\u9fff]{2}", text), (name, key)
            assert not re.search("[\u4e00-\u9fff] ?[,;:!?]( |$)", text), (name, key)


def test_no_two_messages_of_an_exercise_are_the_same():
    for own in itertools.chain(*(texts(language).values() for language in LANGUAGES)):
        assert len(set(own.values())) == len(own)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_leaves_the_random_numbers_as_they_were(capsys, name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for attempt in solved(name), untouched(name):
        exercises.check(name, attempt)
        assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_never_raises_and_prints_one_message(capsys, name):
    class Nothing(nn.Module):
        def forward(self, *_):
            return None

    def explodes(*_, **__):
        raise ValueError(TWO_LINES)

    for attempt in explodes, None, ..., 3, (lambda *_, **__: "text"), Nothing:
        verdict, said = judged(capsys, name, attempt)
        assert verdict in (False, None)
        assert said.strip()
        assert "second line" not in said


@pytest.mark.parametrize("name", EXERCISES)
def test_grad_mode_of_the_caller_neither_matters_nor_changes(capsys, name):
    with torch.no_grad():
        assert exercises.check(name, solved(name))
        assert not torch.is_grad_enabled()


def test_an_attempt_that_draws_gets_the_same_numbers_whatever_the_seed(capsys):
    drawn = []

    def draws(x):
        drawn.append(torch.rand(5))
        return solved("my_log_sum_exp")(x)

    for seed in range(3):
        torch.manual_seed(seed)
        assert exercises.check("my_log_sum_exp", draws)
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])


# Why an attempt stops, and where ------------------------------------------------------------------

TAIL = "\n    return x"
STOPPED = [  # what a learner writes in my_log_sum_exp(x) or MyNet, and what is said of it
    ("x - x.max(dim=1)", "pair"),
    ("x.max(dim=1).exp()", "pair"),
    ("x.max(dim=1)[:, None]", "a_pair"),
    ("y = torch.zeros(3, dtype=torch.uint8); y /= 255", "cast"),
    ("y = np.zeros(3); y[:] = np.zeros(4)", "fits"),
    ("class:self.a = nn.Linear(784, hidden)", "super"),
    ("w = torch.zeros(3, requires_grad=True); w -= 1", "leaf"),
    ("x - larges", "name"),
    ("class:super().__init__(); self.a = nn.Linear(784, hidden)|b(xb)", "self"),
    ("class:super().__init__(); a = nn.Linear(784, hidden)|self.a(xb)", "unassigned"),
    ("y -= 1; y = 0", "local"),
    ("class:super().__init__()|xb|forward(xb)", "method"),
    ("(lambda a, b: a)(x)", "arguments"),
    ("nn.Sequential(nn.Linear(4, 4), nn.ReLU)", "class"),
    ("nn.Linear(4, 4)(nn.ReLU(x))", "class"),
    ("nn.Sequential([nn.Linear(4, 4)])", "modules"),
    ("x - x.sum", "brackets"),
    ("list(nn.Linear(1, 1).parameters)", "brackets"),
    ("len(row for row in x)", "once"),
    ("next(iter([]))", "once"),
    ("x * x.grad", "none"),
    ("x.sum().item().backward()", "plain"),
    ("nn.Linear(4, 4)(x).numpy()", "numpy"),
    ("x @ torch.zeros(7, 2)", "rows"),
    ("x - x.amax(0)[:2]", "sizes"),
    ("np.zeros((2, 3)) + np.zeros((3, 2))", "shapes"),
    ("(x > 0).mean()", "floats"),
    ("x[0].double() @ x[0]", "types"),
    ("x.gather(1, torch.tensor([0, 1, 2]))", "gather"),
    ("nn.Linear(4, 4)(x).backward()", "scalar"),
    ("x.sum().backward()", "no_way"),
    ("torch.stack([x[0], x[0, :2]])", "equal"),
    ("torch.cat(x)", "tensors"),
    ("x.sum(dim=3)", "dimension"),
    ("x[:, 4]", "bounds"),
    ("x[0, 0, 0]", "too_many"),
    ("a, b = x", "unpack"),
    ("1 / (len(x) - 3)", "zero_division"),
    ("[1, 2].sum()", "a_list"),
    ("x.summarise(1)", "attribute"),
    ("x.permute(0)", "named_dims"),
    ("F.cross_entropy(torch.arange(len(x)), x)", "labels_first"),
    (
        "w = torch.ones(2, requires_grad=True).exp().sum(); w.backward(); w.backward()",
        "twice_back",
    ),
    ("nn.ModuleList([Module()])", "torchs_own"),
    ("my_log_sum_exp(x)", "recursion"),
    ("np.tanh(Tensor([1.0]))", "ours"),
    ("torch.tanh(Tensor([1.0]))", "ours"),
    ("x.transpose(0, 1, 1)", "hint"),
    ("x.view(5, 5)", "hint"),
]


def answer(line):
    """Write an attempt around a line, or around what __init__ and forward of a class say."""
    if not line.startswith("class:"):
        return "my_log_sum_exp", f"def my_log_sum_exp(x):\n    {line}{TAIL}\n"
    first, *more = line.removeprefix("class:").split("|")
    body, head = (*more, "xb", "forward(self, xb)")[:2] if more else ("xb", "")
    head = more[1] if len(more) > 1 else "forward(self, xb)"
    return "MyNet", (
        f"class MyNet(nn.Module):\n    def __init__(self, hidden):\n        {first}\n"
        f"    def {head}:\n        return {body}\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("line", "key"), STOPPED)
def test_an_error_is_told_with_its_line_and_with_what_lies_behind(
    capsys, line, key, language
):
    name, code = answer(line)
    verdict, said = judged(capsys, name, run(name, code), language)
    assert verdict is False
    assert re.search(says(name, key, language) + "\n$", said), said
    if not line.endswith("forward(xb)"):  # which is called as it must not be
        place = {
            "en": r"It stops at line (\d+): (.+)",
            "zh": r"运行停在第 (\d+) 行：(.+)",
        }
        number, shown = re.match(place[language], said).groups()
        assert code.splitlines()[int(number) - 1].strip() == shown


CLOSE = [
    ("largest = x.amax(1); x - larges", "larges", "largest"),
    ("x.permut(1, 0)", "permut", "permute"),
]


@pytest.mark.parametrize(("line", "written", "meant"), CLOSE)
def test_a_name_that_hardly_differs_from_a_known_one_is_offered(
    capsys, line, written, meant
):
    name, code = answer(line)
    said = judged(capsys, name, run(name, code))[1]
    assert f"{written} is unknown there. Is {meant} meant?" in said


def test_a_misspelt_method_of_a_module_is_offered(capsys):
    code = exercises.solution("MyScaler").replace("register_buffer", "register_bufer")
    said = judged(capsys, "MyScaler", run("MyScaler", code))[1]
    assert said.endswith("Is register_buffer meant?\n")


MISSPELT = [  # what the cell says in place of a method's first line, and the method that is lost
    ("def __init__(self, *modules)", "def _init_(self, *modules)", "__init__"),
    ("def forward(self, x)", "def foward(self, x)", "forward"),
    ("    def forward(self, x)", "        def forward(self, x)", "forward"),
]


@pytest.mark.parametrize(("given", "written", "lost"), MISSPELT)
def test_a_method_that_is_misspelt_or_indented_too_far_is_named(
    capsys, given, written, lost
):
    code = exercises.solution("MySequential").replace(given, written)
    if given.startswith(" "):
        head, _, body = code.partition(written)
        code = head + written + body.replace("\n", "\n    ")
    verdict, said = judged(capsys, "MySequential", run("MySequential", code))
    assert verdict is False
    assert f"It has no {lost} of its own" in said
    assert "self.forward =" not in said


def test_every_clue_has_a_case_and_a_message_for_its_values():
    assert {key for _, key in STOPPED} >= common.CLUES.keys() - {"called"}
    assert common.CLUES.keys() <= common.MESSAGES.keys()


def written(name, *lines):
    return run(name, "\n".join(lines) + "\n")


def test_what_fails_after_the_attempt_has_run_is_not_laid_at_a_line_of_it(capsys):
    attempt = written("MyInverted", "def MyInverted(x, y):", "    return {}")
    _, said = judged(capsys, "MyInverted", attempt)
    assert said.startswith(
        "It gives back something that fails when it is used: KeyError: 3"
    )


def test_where_the_text_of_a_line_is_not_to_be_had_its_number_is(capsys):
    names = {}
    exec("def my_nll(log_probs, target):\n    return log_probs.mem()", names)
    _, said = judged(capsys, "my_nll", names["my_nll"])
    assert said.startswith("It stops at line 2.\nAttributeError: 'Tensor' object has")


def test_whoever_changes_the_first_line_is_told_so(capsys):
    attempt = written("my_nll", "def my_nll(x):", "    return x.mean()")
    _, said = judged(capsys, "my_nll", attempt)
    assert said.startswith(
        "It cannot be called as the exercise does: TypeError: my_nll() takes 1"
    )


def test_names_from_outside_and_loops_of_one_round_are_noticed(capsys):
    body = "    for row in log_probs:", "        return preds[0]"
    attempt = written("my_nll", "def my_nll(log_probs, target):", *body)
    attempt.__globals__["preds"] = torch.zeros(3)
    _, said = judged(capsys, "my_nll", attempt)
    assert "And it uses preds, which is not given to it" in said
    assert "And the loop in line 2 ends in its first round" in said
    attempt = written(
        "my_nll", "def my_nll(log_probs, target):", "    return net(target)"
    )
    attempt.__globals__["net"] = nn.Identity()
    assert "And it uses net, which" in judged(capsys, "my_nll", attempt)[1]


def test_a_right_answer_hears_nothing_of_names_from_outside(capsys):
    right = "    return -size * log_probs[range(64), target].mean()"
    attempt = written("my_nll", "def my_nll(log_probs, target):", right)
    attempt.__globals__["size"] = 1
    assert judged(capsys, "my_nll", attempt)[1].count("\n") == 1


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "my_log_sum_exp",
            ["def my_log_sum_exp(x):", "    return torch.logsumexp(x, 1)"],
        ),
        (
            "my_log_sum_exp",
            [
                "from torch import logsumexp as lse",
                "my_log_sum_exp = lambda x: lse(x, 1)",
            ],
        ),
        (
            "my_log_sum_exp",
            [
                "def help(x):",
                "    return x.logsumexp(1)",
                "my_log_sum_exp = lambda x: help(x)",
            ],
        ),
        (
            "my_cross_entropy",
            [
                "class my_cross_entropy:",
                "    def __new__(cls, a, b):",
                "        return nn.CrossEntropyLoss()(a, b)",
            ],
        ),
        (
            "my_batch_norm",
            [
                "def my_batch_norm(x, bn):",
                "    own = (None, None) if bn.training else (bn.running_mean, bn.running_var)",
                "    more = bn.weight, bn.bias, bn.training",
                "    return F.batch_norm(x, *own, *more, eps=bn.eps)",
            ],
        ),
    ],
)
def test_a_ready_made_function_that_the_text_forbids_is_noticed(capsys, name, lines):
    verdict, said = judged(capsys, name, written(name, *lines))
    assert verdict is False
    assert said.startswith("It works, but it uses "), said


READY_IN_WORDS = {"my_bias_gradient": ["without autograd"]}


@pytest.mark.parametrize("name", EXERCISES)
def test_what_is_forbidden_is_said_in_the_task_and_not_used_by_the_solution(name):
    task = prose("en", f"{EXERCISES[name].page}.py").partition(f"exercise:: {name}\n")[
        2
    ]
    named = READY_IN_WORDS.get(name, getattr(module_of(name), "READY", ())[:1])
    assert all(word in task[:900] for word in named)
    assert exercises.check(name, solved(name))


def test_undone_is_said_where_nothing_was_written_and_only_there(capsys):
    stub = exercises.stub_cell("MySGD")
    tried = stub.replace("...", "for p in self.params: p = p - self.lr * p.grad")
    assert judged(capsys, "MySGD", run("MySGD", tried))[0] is False
    assert judged(capsys, "MySGD", run("MySGD", stub))[0] is None


WANT = torch.tensor([[1.0, 2.0], [4.0, 0.0]])
APART = [  # a result, and what is said of how it differs from WANT
    (WANT * float("nan"), "nan"),
    (WANT / 0 * 0 + 1 / torch.zeros(2, 2), "nan"),
    (torch.full((2, 2), torch.inf), "infinite"),
    (WANT * 0, "zero"),
    (-WANT, "opposite"),
    (WANT * 1.7, "times"),
    (WANT + 3, "plus"),
    (WANT.T, "order"),
    (torch.tensor([[1.0, 2.0], [4.0, 5.0]]), "part"),
    (torch.tensor([[1.0, 2.0], [3.0, 5.0]]), "part_at"),
    (torch.tensor([[1.5, 2.1], [4.2, 7.0]]), "wrong"),
    ([1, 2], "list"),
    ("text", "type"),
    (WANT.max(0), "pair"),
    (WANT[0], "shape"),
    (None, "nothing"),
    (WANT.long(), "dtype"),
    (WANT.double(), "right"),
    (WANT.numpy(), "right"),
]


MANY = torch.linspace(-1.1, 2.1, 24).view(4, 6) ** 3
MANY_APART = [
    (MANY * 3, ("times", "3")),
    (MANY * 2 + 1, ("affine", "2", "1")),
    (1 - MANY, ("affine", "-1", "1")),
    (MANY.exp(), ("curved",)),
    (MANY.clamp(0, 1), ("curved",)),
    (MANY.round(), ("integers",)),
    (MANY * 0 + 1.5, ("wrong", "1.5", "9.261")),
]


@pytest.mark.parametrize(("out", "verdict"), MANY_APART)
def test_many_numbers_tell_more_of_what_was_done_to_them(out, verdict):
    assert common.compare(out, MANY) == verdict


PLACES = [  # what is right of 4 by 6 numbers, as an index
    ("[:, :5]", "[:, :5]"),
    ("[1:3]", "[1:3, :]"),
    ("[0]", "[0, :]"),
    ("[:, 5]", "[:, 5]"),
    ("[:3, 1:]", "[:3, 1:]"),
    ("[::2]", ""),
    ("[[0, 1], [1, 0]]", ""),
]


@pytest.mark.parametrize(("index", "told"), PLACES)
def test_the_right_part_of_a_result_is_named_by_its_index(index, told):
    right = torch.zeros(4, 6, dtype=bool)
    exec(f"right{index} = True", {"right": right})
    assert common.place_of(right) == told


@pytest.mark.parametrize(("out", "key"), APART)
def test_a_result_is_told_by_how_it_differs(out, key):
    found, *values = common.compare(out, WANT)
    assert found == key
    if key != "right":
        assert "{" not in common.MESSAGES[key].format(*values)


# What downloads are made of -----------------------------------------------------------------------

PAGES = list(dict.fromkeys(known.page for known in EXERCISES.values()))


def on(page):
    return [name for name, known in EXERCISES.items() if known.page == page]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_one_cell_checks_all_exercises_of_a_page_in_an_empty_namespace(
    capsys, page, language
):
    names = {}
    cell = exercises.checks_cell(on(page), language)
    exec(cell, names)
    assert names.keys() - {"__builtins__"} == {"checks", "check"}
    for name in on(page):
        for attempt, key, verdict in (
            (solved(name), "right", True),
            (untouched(name), "todo", None),
            (*run_first_wrong(name), False),
        ):
            names[name] = attempt
            assert names["check"](names[name]) is verdict
            assert re.match(says(name, key, language), capsys.readouterr().out)
    imported = {
        n.names[0].name for n in ast.walk(ast.parse(cell)) if isinstance(n, ast.Import)
    }
    assert imported <= {"torch", *sys.stdlib_module_names}
    assert not any(isinstance(n, ast.ImportFrom) for n in ast.walk(ast.parse(cell)))


def run_first_wrong(name):
    code, key = next((c, k) for n, c, k in WRONG if n == name and k not in UNDONE)
    return run(name, code), key


def test_an_attempt_is_known_by_the_name_it_bears_in_the_notebook(capsys):
    names = {"torch": torch}
    exec(exercises.checks_cell(["my_log_sum_exp", "my_nll"], "en"), names)
    exec(
        "my_log_sum_exp = lambda x: x.amax(1) + (x - x.amax(1, True)).exp().sum(1).log()",
        names,
    )
    assert names["check"](names["my_log_sum_exp"]) is True
    assert names["check"](torch.zeros(3)) is None
    assert capsys.readouterr().out.splitlines()[1] == (
        "Give check the function or class itself: check(my_log_sum_exp)."
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_cell_of_checks_carries_texts_of_one_language_and_no_comment(page):
    english, chinese = (exercises.checks_cell(on(page), lang) for lang in ("en", "zh"))
    assert not re.search("[\u4e00-\u9fff]", english)
    assert "Still" not in chinese
    assert '"""' not in english
    assert not re.search(r"(^|\s)#", english)


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_and_solution_agree_in_everything_that_is_given(name):
    stub, solved = exercises.stub_cell(name), exercises.solution(name)
    assert solved.splitlines()[0] == stub.splitlines()[0]
    for code in stub, solved:
        assert "#" not in code
        assert '"""' not in code
        assert max(map(len, code.splitlines())) <= 88
    if name not in (
        "MyStack",
        "my_step",
        "my_mend",
    ):  # these hand out a program with faults in it
        assert "..." in stub
        given = [line for line in stub.splitlines() if line.strip() not in ("", "...")]
        assert [line for line in solved.splitlines() if line in given] == given
    new = [line for line in solved.splitlines() if line.strip() and line not in stub]
    assert 1 <= len(new) <= (24 if name in LONG else 10)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_check_shares_nothing_but_the_comparison(name):
    code = module_of(name).check.__code__
    nested = [c for c in code.co_consts if inspect.iscode(c)]
    steps = [step for c in [code, *nested] for step in dis.get_instructions(c)]
    used = {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
    assert used & set(vars(module_of(name))) - {"torch"} <= {"compare"}


def test_a_check_gives_its_hint_in_the_language_of_the_page():
    for name in EXERCISES:
        for lang in ("en", "zh"):
            given = exercises.says(name, lang)["hint"]
            assert given == exercises.hint(name, lang).replace("``", "")
        assert given != exercises.says(name, "en")["hint"]


def test_a_language_without_a_catalogue_speaks_english():
    assert exercises.says("my_nll", "eo") == exercises.says("my_nll", "en")
    assert exercises.hint("my_nll", "eo") == module_of("my_nll").HINT


def test_a_first_statement_that_is_no_docstring_stays():
    assert "def check(attempt):\n    generator" in exercises.without_docstring(
        module_of("my_nll").check
    )
    assert '"""' not in exercises.without_docstring(common.tell)


def idle(*given):
    del given


class Idle(nn.Module):
    def __init__(self, sizes):
        super().__init__()

    def forward(self, xb):
        del xb


@pytest.mark.parametrize("name", ["my_batches", "my_clip", "my_lr", "MyStack"])
def test_whoever_gives_nothing_back_is_told_so(capsys, name):
    verdict, said = judged(capsys, name, Idle if name[0] == "M" else idle)
    assert verdict is not True
    assert re.search(pattern(common.MESSAGES["nothing"]), said)


def test_what_comes_back_as_it_went_in_is_nothing_done(capsys):
    def same(p, g, m, v, *_):
        return p, m, v

    assert re.search(
        pattern(common.MESSAGES["nothing"]), judged(capsys, "my_adamw", same)[1]
    )


def test_who_writes_into_the_pictures_is_told_so(capsys):
    def grey(images):
        images[:] = 0
        return images

    said = judged(capsys, "my_pictures", grey)[1]
    assert re.search(says("my_pictures", "changed", "en"), said)


def test_blocks_are_noticed_however_the_last_is_filled(capsys):
    def blocks(order, rank, world):
        size = -(-len(order) // world)
        filled = torch.cat([order, order[-1:].repeat(size * world - len(order))])
        return filled[rank * size : (rank + 1) * size]

    said = judged(capsys, "my_share", blocks)[1]
    assert re.search(says("my_share", "blocks", "en"), said)


def test_a_loop_with_all_its_faults_left_is_still_to_be_done(capsys):
    source = exercises.stub_cell("my_mend") + "\n    unused = 1\n"
    verdict, said = judged(capsys, "my_mend", run("my_mend", source))
    assert verdict is not True
    assert re.search(says("my_mend", "todo", "en"), said)


def test_an_attempt_may_be_a_partial_and_a_ready_made_layer_has_nothing_to_read():
    def mine(x, y):
        return x

    assert common.functions_of(common.functools.partial(mine, y=1)) == [mine]
    assert common.functions_of(nn.ReLU()) == []


def test_a_page_without_exercises_is_not_told_how_they_work():
    assert exercises.how([], "en") == ""
    assert "my_nll" in exercises.how(["my_nll"], "en")


@pytest.mark.parametrize("name", EXERCISES)
def test_no_verdict_of_a_check_bears_the_name_of_a_clue(name):
    """An exercise's own text goes before the shared one, so an error would get it."""
    tree = ast.parse(inspect.getsource(module_of(name).check))
    said = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    named = {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword)}
    own = (said | named) & module_of(name).MESSAGES.keys()
    assert not own & common.CLUES.keys()
