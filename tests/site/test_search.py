"""Search: it should answer as a librarian would, by keyboard and without a web server too."""

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from ext.search_texts import WORDS
from ext.terms import read_terms
from pages import anchors, parse, to_open
from watched import watched

TABLE = Path(__file__).parent / "searches.toml"
ASKED = WORDS / "asked"
RESULTS = "#search-results ol > li"
TOP_THREE = """queries => queries.map(
  (query) => searchSite(query).found.slice(0, 3).map(({ anchor }) => anchor))"""


def search(page, address, lang, query):
    """Search, and return the titles found."""
    page.goto(f"{address}/{lang}/search.html?q={quote(query)}")
    page.locator(".search-summary p").first.wait_for(timeout=10_000)
    return page.locator(f"{RESULTS} > a").all_inner_texts()


def said(page):
    return page.locator(".search-summary").inner_text()


def term_anchors(site, lang):
    """Map each term's English name to the anchor of its entry."""
    entries = parse(site / lang / "glossary.html").select("dl.glossary dt")
    ids = {entry.contents[0].get_text().strip(): entry["id"] for entry in entries}
    return {term["en"]: ids[term[lang]] for term in read_terms()}


def printed_only_in(site, lang, section):
    """Return a number that one section prints, and no other."""
    printed = {}
    for path in sorted((site / lang / "tutorials").glob("*.html")):
        for output in parse(path).select(".sphx-glr-script-out"):
            anchor = output.find_parent("section")["id"]
            for number in re.findall(r"(?<![\d.])\d\.\d{4}(?!\d)", output.get_text()):
                printed.setdefault(number, set()).add(anchor)
    return next(number for number, places in printed.items() if places == {section})


def questions(site, lang):
    """Yield each query of the table with the anchors that answer it."""
    terms = term_anchors(site, lang)
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    for query, answers in table[lang].items():
        number = re.fullmatch("<number printed in (.*)>", query)
        wanted = {terms.get(a.removeprefix("term: "), a) for a in answers}
        yield printed_only_in(site, lang, number[1]) if number else query, wanted


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_right_answer_comes_first_or_nearly_so(page, address, site, lang):
    known = set().union(*map(anchors, to_open(site / lang)))
    asked = list(questions(site, lang))
    page.goto(f"{address}/{lang}/search.html")
    first, second, third, missed = [], [], [], []
    page.wait_for_function("typeof searchSite === 'function'")
    answers = page.evaluate(TOP_THREE, [query for query, _ in asked])
    for (query, wanted), found in zip(asked, answers, strict=True):
        assert wanted <= known, f"{query}: the table names a place that is not there"
        places = [found.index(answer) for answer in wanted if answer in found]
        [first, second, third, missed][min(places, default=3)].append(query)
    assert len(asked) >= 60
    assert len(first) >= 0.9 * len(asked), (second, third, missed)
    assert len(missed) <= 0.03 * len(asked), missed


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_asked_for_is_there(site, lang):
    known = set().union(*map(anchors, to_open(site / lang)))
    lines = (ASKED / f"{lang}.txt").read_text(encoding="utf-8").splitlines()
    asked = [line.partition(": ")[0] for line in lines]
    assert len(asked) == len(set(asked)) > 100
    assert set(asked) <= known


@pytest.mark.parametrize(
    ("lang", "query", "title"),
    [
        ("en", "epochs", "epoch"),
        ("zh", "數據集", "数据集"),
        ("zh", "epoch", "轮次"),
        ("zh", "zangliang", "张量"),
    ],
)
def test_a_term_is_found_in_other_forms(page, address, lang, query, title):
    assert title in search(page, address, lang, query)[:2]
    shown = page.locator(f"{RESULTS} p.context").all_inner_texts()
    assert all(20 < len(text) < 200 for text in shown)
    assert page.locator(f"{RESULTS} mark").count() >= len(shown)


@pytest.mark.parametrize(
    ("lang", "query", "section"),
    [
        ("en", "overfitting", "validation"),
        ("en", "vanishing gradients", "wrong-norms"),
        ("zh", "过拟合", "validation"),
        ("zh", "梯度消失", "wrong-norms"),
    ],
)
def test_below_a_definition_stands_where_the_thing_is_taught(
    page, address, lang, query, section
):
    assert search(page, address, lang, query)
    links = page.locator(f"{RESULTS} a").evaluate_all("all => all.map(a => a.href)")
    assert any(link.endswith(f"#{section}") for link in links[1:]), links


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_printed_number_is_quoted_from_the_output(page, address, site, lang):
    number = printed_only_in(site, lang, "validation")
    search(page, address, lang, number)
    assert page.locator(f"{RESULTS} code mark").first.inner_text() == number


@pytest.mark.parametrize(
    ("lang", "query", "words", "title"),
    [
        (
            "en",
            "qwertz momentum",
            "“qwertz”. These are results for the rest",
            "momentum",
        ),
        ("zh", "量子 动量", "没有找到“量子”，以下是其余部分的结果", "动量"),
        ("en", "tesnor", "“tesnor”. These are results for “tensor”", "tensor"),
        ("en", "softmx", "“softmx”. These are results for “softmax”", "softmax"),
        ("zh", "过拟和", "没有找到“过拟和”，以下是“过拟合”的结果", "过拟合"),
    ],
)
def test_what_is_not_on_the_site_is_said(page, address, lang, query, words, title):
    assert search(page, address, lang, query)[0] == title
    assert words in said(page)


SLIPS = {
    "zh": {"张亮": "张量", "guo拟合": "过拟合", "xuexilv": "学习率"},
    # a long word may have two slips
    "en": {"crossentropy": "cross entropy", "backpropgaton": "backpropagation"},
}


@pytest.mark.parametrize("lang", SLIPS)
def test_a_slip_is_taken_for_the_word_that_was_meant(page, address, lang):
    page.goto(f"{address}/{lang}/search.html")
    page.wait_for_function("typeof searchSite === 'function'")
    for query, meant in SLIPS[lang].items():
        found = page.evaluate("(query) => searchSite(query)", query)
        assert found["changed"] == [[query, meant]], query
        assert found["found"][0]["title"].replace("-", " ") == meant, query


@pytest.mark.parametrize(
    ("lang", "query", "near"),
    [("en", "gradientwise", "gradient"), ("zh", "级联化", "池化")],
)
def test_a_search_without_result_offers_the_nearest_terms(
    page, address, lang, query, near
):
    assert search(page, address, lang, query) == []
    assert query in said(page)
    page.locator("#search-results .nearest a", has_text=near).first.click()
    page.locator(RESULTS).first.wait_for(timeout=10_000)
    assert near in page.locator(f"{RESULTS} > a").first.inner_text().lower()


#: What is asked for that the site does not have, and the word that tells it.
ELSEWHERE = {
    "en": {
        "attention in transformers": "attention",
        "quantization aware training": "quantization",
        "LSTM time series": "LSTM",
        "state_dicts_hook of a model": "state_dicts_hook",
    },
    "zh": {
        "注意力机制": "注意力",
        "强化学习": "强化",
        "生成对抗网络": "对抗",
        "模型量化": "量化",
    },
}
NOTHING = {"en": "Nothing was found for “{}”.", "zh": "没有找到“{}”。"}
WORDS_AS_THEY_ARE = {
    "en": "underfitting|mixed precision|unbatched|fixed|series|mobile|adaptive|informed",
    "zh": "欠拟合|正则化|混合精度|张开|全局|强化",
}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_listed_that_shares_less_telling_words_and_no_real_word_is_a_slip(
    page, address, lang
):
    *others, (query, word) = ELSEWHERE[lang].items()
    assert search(page, address, lang, query) == []
    assert said(page) == NOTHING[lang].format(word)
    for query, word in others:
        found = page.evaluate("(query) => searchSite(query)", query)
        assert found["found"] == [], query
        assert any(word in missing for missing in found["missing"]), query
    for word in WORDS_AS_THEY_ARE[lang].split("|"):
        assert page.evaluate("(query) => searchSite(query).changed", word) == [], word


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_letters_of_full_width_are_letters(page, address, lang):
    assert search(page, address, lang, "ｓｏｆｔｍａｘ")[0] == "softmax"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nonsense_leads_to_the_glossary(page, address, lang):
    for nonsense in ("$&", "qqqqq"):
        assert search(page, address, lang, nonsense) == []
        assert said(page) == NOTHING[lang].format(nonsense)
    page.locator("#search-results a").click()
    page.wait_for_url(f"{address}/{lang}/glossary.html#glossary")


def test_excerpts_say_where_they_are_not_chinese(page, address):
    search(page, address, "zh", "mnist_tut.by_hand.nll")
    assert page.locator(f"{RESULTS}.kind-api p.context:not([lang='en'])").count() == 0
    assert page.locator(f"{RESULTS}.kind-api p.context[lang='en']").count() >= 1
    search(page, address, "zh", "损失")
    assert page.locator(f"{RESULTS}:not(.kind-api) p.context:not([lang])").count() >= 1


def test_a_section_found_is_one_click_away(page, address):
    assert search(page, address, "zh", "cross_entropy")
    page.locator(f"{RESULTS} > a[href$='#nn-functional']").click()
    page.wait_for_url("**/zh/tutorials/nn_tutorial.html#nn-functional")


@pytest.mark.parametrize(("lang", "query"), [("zh", "损失函数"), ("en", "loss")])
def test_the_keyboard_shortcut_searches(page, address, lang, query):
    page.goto(f"{address}/{lang}/tutorials/nn_tutorial.html")
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input[name='q']")
    field.wait_for(state="visible")
    page.keyboard.type(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/{lang}/search.html*")
    page.locator(RESULTS).first.wait_for(timeout=10_000)
    assert page.locator(".bd-search-container input[name='q']").input_value() == query
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('#search-results a')")


@pytest.mark.parametrize(
    ("lang", "query"), [("en", "qwertz softmx loss"), ("zh", "注意力 qqqqq")]
)
def test_results_are_announced_and_axe_has_nothing_to_say(page, address, lang, query):
    search(page, address, lang, query)
    assert page.locator("[role='status']").inner_text() == said(page) != ""
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize(("lang", "query"), [("zh", "数据加载器"), ("en", "loss")])
def test_search_works_on_files_without_a_server(page, site, lang, query):
    folder = site.resolve().as_uri()
    with watched(page, folder) as faults:
        assert search(page, folder, lang, query)
    assert faults == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_of_the_search_is_loaded_before_it_is_asked_for(site, lang):
    loading = [
        path.name
        for path in to_open(site / lang)
        if parse(path).select("script[src*='search']")
    ]
    assert loading == ["search.html"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pages_of_tests_and_marks_of_the_builder_are_not_among_the_texts(site, lang):
    texts = (site / lang / "search-texts.js").read_text(encoding="utf-8")
    for unseen in ('"tests/', "Duplicate implicit", "Sphinx-Gallery", "\\u0000"):
        assert unseen not in texts


@pytest.mark.parametrize(
    ("lang", "line", "left"),
    [
        ("en", "RuntimeError: mat1 and mat2 shapes cannot be multiplied (3x4)", "mat1"),
        ("zh", "RuntimeError: CUDA out of memory. Tried to allocate 20 MiB", "memory"),
        ("en", "loss is nan", "nan"),
        ("zh", "损失变成 nan", "nan"),
    ],
)
def test_the_table_of_messages_shows_what_the_search_finds(
    page, address, lang, line, left
):
    page.goto(f"{address}/{lang}/tutorials/when_it_goes_wrong.html")
    rows = page.locator(".find-message tbody tr")
    whole, before = rows.count(), rows.all_inner_texts()
    field = page.locator(".find-message input")
    assert rows.first.is_visible()
    field.fill(line)
    first = page.locator(f".find-message a[href='#wrong-{left}']")
    page.wait_for_function(
        "all => document.querySelectorAll('.find-message tbody tr[hidden]').length > all / 2",
        arg=whole,
    )
    assert first.is_visible()
    shown = page.locator(".find-message tbody tr:visible")
    assert shown.count() < whole / 3
    assert shown.first.locator(f"a[href='#wrong-{left}']").count() == 1  # the best
    field.fill("")
    page.wait_for_function("!document.querySelector('.find-message tr[hidden]')")
    assert rows.all_inner_texts() == before
    field.fill("zzxxqq wvwvw")
    page.locator(".find-message [role=status]:not(:empty)").wait_for()
    assert page.locator(".find-message table:visible").count() == 0
    field.fill("")
    rows.first.wait_for()
    assert page.locator(".find-message tbody tr:visible").count() == whole


def test_the_index_is_made_in_pieces_between_which_the_page_answers(page, address):
    page.goto(f"{address}/en/search.html")
    page.wait_for_function("typeof searchSite === 'function'")
    rests, early, found = page.evaluate(
        """async () => {
          let rests = 0, time = 0;
          performance.now = () => (time += 9); // each piece seems long
          const { port1, port2 } = new MessageChannel(); // a task of its own, sooner than a timer
          const rest = () => new Promise((go) => {
            rests += 1;
            port1.onmessage = go;
            port2.postMessage("");
          });
          Object.defineProperty(window, "scheduler", { value: { yield: rest } });
          delete window.searchSite;
          await new Promise((onload) => document.head.append(
            Object.assign(document.createElement("script"), { src: "search.js", onload })));
          const early = "searchSite" in window;
          await window.searchReady;
          return [rests, early, searchSite("nll").found.length];
        }"""
    )
    assert rests > 1000
    assert not early
    assert found > 0
