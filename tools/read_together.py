"""Write down which wording of each section was read in both languages, side by side.

Both languages are originals, so nothing else notices a sentence that was changed in one of them, or
came to mean the contrary. A test names each section whose words are others now than when they were
read: read them in both languages, then run ``make read``.
"""

import ast
import hashlib
import json
import re
import tomllib
from pathlib import Path

from mnist_tut import exercises

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "read_together.toml"
LABEL = re.compile(r"^\.\. _([\w-]+):$", re.MULTILINE)
HEAD = "# Of each section, what was read in both languages side by side. Made by make read.\n"


def sections(text: str, *, script: bool) -> dict[str, str]:
    """Return the prose of a page by the labels of its sections; what comes first has none."""
    if script:
        comments = re.findall("^#(.*)", text, re.MULTILINE)
        title = ast.get_docstring(ast.parse(text)) or ""
        text = "\n".join([title, *(line.removeprefix(" ") for line in comments)])
    parts = LABEL.split(text)
    return dict(zip(["", *parts[1::2]], parts[::2], strict=True))


def texts(root: Path) -> dict[str, dict[str, str]]:
    """Return all that is written in two languages: for each, its pieces by page and section."""
    both: dict[str, dict[str, str]] = {"en": {}, "zh": {}}
    for language, found in both.items():
        for page in (root / "gallery" / language).glob("*.py"):
            for label, text in sections(page.read_text("utf-8"), script=True).items():
                found[f"{page.stem}#{label}"] = text
        for page in (root / "docs" / language).glob("*.rst"):
            for label, text in sections(page.read_text("utf-8"), script=False).items():
                found[f"{page.stem}#{label}"] = text
        found["exercises"] = json.dumps(exercises.every(language))
        for name in exercises.ORDER:
            found[f"exercises#{name}"] = json.dumps(exercises.own(name, language))
    for pattern in (
        "docs/locale/*/*/*.po",
        "docs/ext/*/words.toml",
        "docs/ext/shrinking.toml",
    ):
        for path in root.glob(pattern):  # both languages in one file
            both["zh"][path.name] = path.read_text("utf-8")
    glossary = tomllib.loads((root / "docs" / "glossary.toml").read_text("utf-8"))
    for term in glossary["term"]:
        both["en"][f"glossary#{term['en']}"] = term["about_en"]
        both["zh"][f"glossary#{term['en']}"] = term["zh"] + term["about_zh"]
    return both


def wordings(root: Path = ROOT) -> dict[str, str]:
    """Return a sum of both languages' words for each section."""
    both = texts(root)
    places = sorted({*both["en"], *both["zh"]})
    pairs = {place: [both[one].get(place) for one in both] for place in places}
    return {
        place: hashlib.sha256(json.dumps(pair).encode()).hexdigest()[:10]
        for place, pair in pairs.items()
    }


def not_read(root: Path = ROOT, kept: Path = KEPT) -> list[str]:
    """List the sections that have changed since they were read, have come or are gone."""
    before, now = tomllib.loads(kept.read_text("utf-8")), wordings(root)
    return sorted({place for place, _ in before.items() ^ now.items()})


def main(kept: Path = KEPT) -> None:
    """Write down what stands there now."""
    lines = [f'"{place}" = "{words}"\n' for place, words in wordings().items()]
    kept.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
