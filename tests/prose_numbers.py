"""The numbers in a page's prose, in the order in which they stand there."""

import re

from gallery_scripts import blocks

# What is no prose: code, directives that show code, alternative texts, targets of links.
MARKUP = [
    r"^\.\. code-block::.*\n\n(?:   .*\n|\n)+",
    r"^\.\. (?:_|tested-source|loop|program-lengths).*$",
    r"^\s*:(?:from|title|script|header-rows):.*$",
    r"``[^`]*``",
    r"<https?:[^>]*>",
    r":(?!math)\w+:`[^`]*`",
]
SECTION = re.compile(r"^(?=\.\. _[\w-]+:$)", re.M)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def numbers_by_section(lang, name):
    """Map the label of each section to its numbers, each with the words around it."""
    found, label = {}, ""
    for block in blocks(lang, name):
        if block.type != "text":
            continue
        for part in SECTION.split(block.content):
            named = re.match(r"\.\. _([\w-]+):$", part, re.M)
            label = named[1] if named else label
            for pattern in MARKUP:
                part = re.sub(pattern, " ", part, flags=re.M)
            for number in NUMBER.finditer(part):
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
