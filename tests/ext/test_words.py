"""Every word of the site's own stands in one catalogue per language."""

import io
import re
import tomllib

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from ext.alive.figures import WORDS
from ext.downloads import LONG
from ext.languages import LANGUAGES
from ext.package_source import source_of
from ext.shrinking import WORDS as SHRINKING
from gallery_scripts import ROOT

EXT, TEMPLATES = ROOT / "docs" / "ext", ROOT / "docs" / "_templates"
OTHERS = [known.sphinx for known in LANGUAGES.values() if known.sphinx != "en"]


def catalogue(language):
    """All entries, and those below the line that says they are our own."""
    path = ROOT / "docs" / "locale" / language / "LC_MESSAGES" / "sphinx.po"
    entries = [entry for entry in read_po(io.BytesIO(path.read_bytes())) if entry.id]
    line = next(i for i, e in enumerate(entries) if "Our own" in str(e.user_comments))
    return {entry.id: entry.string for entry in entries}, entries[line:]


def own_words():
    """What our extensions and templates say, and where."""
    found = {}
    for path in EXT.rglob("*.py"):
        source = io.BytesIO(path.read_bytes())
        for _line, message, *_rest in extract("python", source, keywords={"_": None}):
            found[message] = path.name
    for path in [*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.rst")]:
        for message in re.findall(r'_\((["\'])(.*?)\1\)', path.read_text()):
            found[message[1]] = path.name
    told = tomllib.loads(SHRINKING.read_text(encoding="utf-8"))
    says = [step["say"] for step in told["steps"]]
    found |= dict.fromkeys([*told["words"].values(), *says, "by hand"], SHRINKING.name)
    for name in ("get_mnist", "keep"):
        code = source_of(f"mnist_tut.data.{name}")
        found |= dict.fromkeys(LONG.findall(code), "data.py")
    for path in (ROOT / "docs" / "search").glob("*.toml"):
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        found |= dict.fromkeys(said.values(), path.name)
    for words in tomllib.loads(WORDS.read_text(encoding="utf-8")).values():
        found |= dict.fromkeys(words.values(), WORDS.name)
    return found


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_has_its_translation_with_the_same_gaps(language):
    translations, _ = catalogue(language)
    for word, place in own_words().items():
        assert word in translations, (
            f"{place}: {word!r} is not in {language}'s catalogue"
        )
        gaps = [
            sorted(re.findall(r"\{\w*\}", text)) for text in (word, translations[word])
        ]
        assert gaps[0] == gaps[1], word


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_holds_no_word_of_ours_that_nothing_says(language):
    _, ours = catalogue(language)
    known = own_words()
    said = {text for entry in ours for text in [entry.id] if text not in known}
    sentences = (EXT / "words.py").read_text(encoding="utf-8")
    assert not {text for text in said if f'"{text}"' not in sentences}
