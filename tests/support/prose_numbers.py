"""The numbers in a page's prose, in the order in which they stand there."""

import re

from gallery_scripts import blocks

from mnist_tut.exercises import hint

# What is no prose: code, directives that show code, alternative texts, targets of links.
MARKUP = [
    r"^\.\. code-block::.*\n\n(?:   .*\n|\n)+",
    r"^ *\.\. (?:_|tested-source|loop).*$",
    r"^\s*:(?:from|title|script|header-rows):.*$",
    r"``[^`]*``",
    r"<https?:[^>]*>",
    r":(?!math)\w+:`[^`]*`",
]
EXERCISE = re.compile(r"^\.\. exercise:: (\w+)\n(?:\n| {3}.*(?:\n|\Z))*", re.M)
SECTION = re.compile(r"^(?=\.\. _[\w-]+:$)", re.M)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# Words for numbers. "One" and 一 are left out: they stand for much else.
ENGLISH = "zero one two three four five six seven eight nine ten".split()  # noqa: SIM905
EN = {word: n for n, word in enumerate(ENGLISH) if n > 1}
EN |= {"sixteen": 16, "twenty": 20, "forty": 40, "hundred": 100, "thousand": 1000}
EN |= {"two hundred": 200, "ten thousand": 10_000, "twice": 2, "third": 3, "fourth": 4}
EN |= {"half": 1 / 2, "tenth": 1 / 10, "twentieth": 1 / 20, "hundredth": 1 / 100}
ZH = {word: n for n, word in enumerate("二三四五六七八九十", 2)}
ZH |= {"两": 2, "十六": 16, "二十": 20, "四十": 40, "百": 100, "千": 1000, "万": 10_000}
ZH |= {"一百": 100, "两百": 200, "一万": 10_000}
ZH |= {"二分之一": 1 / 2, "十分之一": 1 / 10, "二十分之一": 1 / 20, "百分之一": 1 / 100}
NO_NUMBERS = ["乱七八糟", "百分数"]


def either(words):
    """Make a pattern for any of these, the longest first, wherever their lines break."""
    return "|".join(sorted(words, key=len, reverse=True)).replace(" ", r"\s+")


SPELLED = {
    "en": re.compile(rf"\b(?:{either(EN)})\b", re.I),
    "zh": re.compile(either([*NO_NUMBERS, *ZH])),
}


def spelled_by_section(lang, name):
    """Do the same with numbers that are spelled out, each as its value."""
    found = {}
    for label, numbers in numbers_by_section(lang, name, SPELLED[lang]).items():
        words = [(" ".join(word.lower().split()), around) for word, around in numbers]
        values = [((EN | ZH).get(word), around) for word, around in words]
        found[label] = [(str(value), around) for value, around in values if value]
    return found


def numbers_by_section(lang, name, wanted=NUMBER):
    """Map the label of each section to its numbers, each with the words around it."""
    found, label = {}, ""
    for block in blocks(lang, name):
        if block.type != "text":
            continue
        content = EXERCISE.sub(lambda m: f"{m[0]}\n{hint(m[1], lang)}\n", block.content)
        for part in SECTION.split(content):
            named = re.match(r"\.\. _([\w-]+):$", part, re.M)
            label = named[1] if named else label
            for pattern in MARKUP:
                part = re.sub(pattern, " ", part, flags=re.M)
            for number in wanted.finditer(part):
                around = part[max(0, number.start() - 30) : number.end() + 30]
                entry = number[0].rstrip(","), " ".join(around.split())
                found.setdefault(label, []).append(entry)
    return found


def complaints(found, facts):
    """Compare the numbers of a page with the facts, and name each that is wrong."""
    wrong = []
    for label in {**facts, **found}:
        told, true = found.get(label, []), [str(fact) for fact in facts.get(label, [])]
        for (number, around), fact in zip(told, true, strict=False):
            if number != fact:
                wrong.append(
                    f"{label}: {number!r} should be {fact!r} in '... {around} ...'"
                )
        for number, around in told[len(true) :]:
            wrong.append(
                f"{label}: {number!r} is held by no fact, in '... {around} ...'"
            )
        missing = true[len(told) :]
        wrong += [f"{label}: the fact {fact!r} is told nowhere" for fact in missing]
    return wrong
