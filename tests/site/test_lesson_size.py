"""How long the lesson is, as a reader sees it: everything folded as it loads, 1280 by 800 pixels.

A page grows by a sentence at a time. To raise a number is a change of its own, with its reason.
"""

import re

import pytest

WIDTH, SCREEN = 1280, 800
#: Where the reader meets each of these for the first time, in screens from the top.
BY_SCREEN = {
    r"preds = model": 4,
    r"\.backward\(\)": 5,
    r"^for epoch in": 6,
    r"\(nn\.Module\)": 9,
}
SCREENS, SECTION, WORDS, LINES, BRACKETS, TERMS = 30, 4.4, 4_100, 330, 30, 14
#: "Inside torch.nn" is one sitting.
INSIDE_SCREENS = 25
MEASURE = """
() => {
  const article = document.querySelector("article");
  const folded = (node) => {
    const fold = node.closest("details:not([open])");
    return fold && !node.closest("summary");
  };
  const seen = (node) => !folded(node) && node.getClientRects().length > 0;
  const boxes = [...article.querySelectorAll("pre")].filter(seen);
  const code = boxes.filter((box) => !box.closest(".sphx-glr-script-out, .replaced"));
  let text = "";
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    const quiet = holder.closest("pre, script, style, math, noscript, template");
    if (!quiet && seen(holder)) text += walker.currentNode.data + " ";
  }
  const sections = [...article.querySelectorAll("section section")]
    .filter((part) => !part.querySelector("section"));
  return {
    code: code.map((box) => [box.getBoundingClientRect().top + scrollY, box.textContent]),
    height: document.documentElement.scrollHeight,
    sections: sections.map((part) => [part.id, part.getBoundingClientRect().height]),
    terms: article.querySelectorAll("#from-scratch a[href*='glossary.html#term-']").length,
    text,
  };
}
"""


def measure(tab, place):
    """Measure a page."""
    tab.set_viewport_size({"width": WIDTH, "height": SCREEN})
    tab.goto(place)
    return tab.evaluate(MEASURE)


@pytest.fixture(scope="module")
def sizes(tab, address):
    """Measure the English page."""
    return measure(tab, f"{address}/en/tutorials/nn_tutorial.html")


@pytest.mark.parametrize("wanted", BY_SCREEN)
def test_the_reader_meets_each_idea_early(sizes, wanted):
    places = [top for top, code in sizes["code"] if re.search(wanted, code, re.M)]
    assert places
    assert min(places) / SCREEN <= BY_SCREEN[wanted]


def test_the_page_is_no_longer_than_it_may_be(sizes):
    assert sizes["height"] / SCREEN <= SCREENS


def test_no_section_is_longer_than_it_may_be(sizes):
    assert len(sizes["sections"]) >= 20
    long = {name: h / SCREEN for name, h in sizes["sections"] if h > SECTION * SCREEN}
    assert long == {}


def test_words_lines_and_brackets_are_no_more_than_they_may_be(sizes):
    words = re.findall(r"[A-Za-z]+(?:['-][A-Za-z]+)*", sizes["text"])
    lines = [
        line for _, code in sizes["code"] for line in code.splitlines() if line.strip()
    ]
    assert 2_000 < len(words) <= WORDS
    assert 200 < len(lines) <= LINES
    assert 0 < sizes["text"].count("(") <= BRACKETS
    assert 5 < sizes["terms"] <= TERMS


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_inside_torch_nn_is_no_longer_than_it_may_be(tab, address, lang):
    found = measure(tab, f"{address}/{lang}/tutorials/inside_torch_nn.html")
    assert 15 < found["height"] / SCREEN <= INSIDE_SCREENS
