"""Paste a draft into a script of the gallery: ``paste.py en gallery/en/nn_tutorial.py``.

For once only. Each block goes where the comment before it says; no line of code changes. The places
are words of the English page, so the Chinese page takes its blocks by hand.
"""

import re
import sys
from pathlib import Path

from sphinx_gallery.py_source_parser import split_code_and_text_blocks

PLACE = re.compile(
    r"^\.\. in ([a-z-]+), (before|takes the place of): (.*(?:\n   .+)*)$", re.M
)


def blocks(draft: str):
    """Yield how and where each block goes, and the block as comment lines."""
    found = list(PLACE.finditer(draft))
    ends = [*(place.start() for place in found[1:]), len(draft)]
    for place, end in zip(found, ends, strict=True):
        lines = draft[place.end() : end].strip("\n").splitlines()
        commented = "\n".join(f"# {line}".rstrip() for line in lines)
        yield place[2], place[3].replace(r"\n\n", " "), commented


def paste(script: str, how: str, words: str, block: str) -> str:
    """Put one block into a script."""
    pattern = r"(?:\s|#)+".join(map(re.escape, words.split()))
    (found,) = re.finditer(pattern, script)
    start = script.rindex("\n", 0, found.start()) + 1
    inside = script[start : found.start()].strip("# ") != ""
    if inside:
        start = found.start()
    before, after = script[:start].rstrip(" "), script[start:]
    if how != "before":
        after = script[found.end() :]
        after = after if after.startswith("\n") else f"# {after.lstrip()}"
        after = after.removeprefix("\n")
    elif inside:
        after = f"# {after}"
    if inside:
        before = before.removesuffix("\n#") + "\n#\n"
    elif not before.endswith(("# %%\n", "#\n")):
        before += "#\n"
    gap = "\n" if after.startswith(("\n", "#\n")) else "\n#\n"
    return before + block + gap + after


def main(language: str, path: Path) -> None:
    """Paste all blocks, and make sure that the code is as it was."""
    old = split_code_and_text_blocks(str(path))[1]
    draft = Path(__file__).with_name(f"{language}.rst").read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    for how, words, block in blocks(draft):
        text = paste(text, how, words, block)
    path.write_text(text, encoding="utf-8")
    new = split_code_and_text_blocks(str(path))[1]
    assert [b.content for b in old if b.type == "code"] == [
        b.content for b in new if b.type == "code"
    ]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
