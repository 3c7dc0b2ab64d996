/* The search page. search-texts.js brings every section of the site; see search_texts.py.
   Sections are scored by BM25 over the atoms of their fields and over pairs of neighbouring atoms. An atom is a
   Latin word, cut to its stem, a number or one Chinese character; so "data loader" finds DataLoader, and
   Chinese is found by its pairs of characters, however it is spaced. The index takes a moment on a phone, so it is
   made in short pieces, between which the page answers; then searchReady is kept. */
window.searchReady = (async () => {
  const { pages, columns, names, words, synonyms, asked, traditional = "", pinyin = "" } = window.searchTexts;
  const out = document.getElementById("search-results"); // or on another page, which only asks
  const query = new URLSearchParams(location.search).get("q") || "";
  const say = out?.appendChild(element("div", { className: "search-summary", role: "status" }));
  if (out) {
    for (const field of document.querySelectorAll("input[name='q']")) field.value = query;
    document.querySelector(".bd-search-container input[name='q']").focus(); // the theme tries one that is hidden
  }

  // What a match is worth in each field and on each kind of page; how soon repetition stops counting; what a title
  // that is the query adds.
  const FIELDS = { title: 8, names: 8, asked: 4.5, prose: 1, code: 0.4, outputs: 0.4 };
  const KINDS = { first: 1, lesson: 0.8, glossary: 0.75, about: 0.6, api: 0.25, home: 0.4 };
  const SATURATION = 7, EXACT = 2.5, DEFINED = 5, CALLED = 1.4;
  const LISTING = 0.35; // what a section is worth that names six others of its page: a table of contents
  const HEADED = 1.5; // and what a heading adds that stands in the pasted line
  const LIKE = 0.7; // what a word of the same meaning is worth
  const ASKED = 6; // what a section adds that is asked for in these very words
  const ASIDE = 0.7; // what a word is worth that stands in no heading, term or phrase
  const QUOTED = 3; // what a section adds that says the line that was pasted
  const TELLING = 0.4; // how much of what is nowhere has to be made up for by the rest, or nothing is shown
  const COMPARE = 4; // what an entry adds that is one of two terms to be compared
  const RARE = 4; // how rare a word of headings is that tells enough by itself
  const SHOWN = 15; // results
  const LENGTH = document.documentElement.lang.startsWith("zh") ? 90 : 150; // characters of an excerpt,
  const BEFORE = 30; // and of these before the first match
  // What a question is made of says nothing of what it is about.
  const IDLE = new Set(("a about after all also always am an and any are as at be been between but by can choose could define definition did " +
    "difference do does doing done each ever explain few fix for from get gets getting got had has have help how i if in into is it its just " +
    "kind like m may me mean meaning means much must my need needed never no not of on one or our pick really s same select should so solve some still " +
    "such t than that the their them then there these they this those to us use used using very vs was we were what when where which while " +
    "who why will with work works would yet you your any anyone didn doesn don hello hi isn know problem question please previously " +
    "seem seems someone sometimes thanks try tried trying unexpectedly want wasn " +
    "用 在 有 要 我 您 你 让 做 能 会 个 对 从 到 中 里 不 没 后 多 时 太 很 啊 这 那 就 都 也 还 又 再 上 下 前 去 来 自 己 给 被 得 地 着 为 可 以 选 挑 设 好").split(" "));
  const IDLE_CHINESE = new RegExp("使用|区别|意思|定义|为什么|什么时候|有什么|是什么|什么|怎么样|怎么办|怎么解决|怎么设置|怎么选|怎么|怎样|如何|为何|哪些|哪里|" +
    "哪个|哪儿|请问|是否|可以|能不能|要不要|需要|应该|一下|多少|报错|解决|问题|原因|作用|用法|方法|办法|总是|一直|老是|选择|设置|我的|里面|之后|之前|时候|的话|" +
    "这种|情况|处理|怎么样|基本上|基本|左右|始终|显著|明显|以后|然后|您好|你好|谢谢|大佬|楼主|老师|请教|有没有|没有|各位|帮忙|只有|变成|变为|出错|出现|到底|究竟|知道|单张|一张|一个|某个|这个|那个|几个|一些|[的了吗呢吧啊是和与把]", "uy");
  const COMPARED = /\b(?:vs|versus|differences?|differ|compared?)\b|区别|不同|差别|对比/i; // then what each of two terms means is an answer
  const RAISED = /^\s*(?:Traceback.*\n)?(?:[\w.]*\.)?_?\w*(?:Error|Exception|Warning):\s+(?=\S)/;
  const ATOM = /\d+(?:\.\d+)?|\p{Script=Han}|[a-z\u00df-\u017f][a-z0-9\u00df-\u017f]*/giu;
  const simple = new Map(traditional.split(/\s+/).filter(Boolean).map(([from, to]) => [from, to]));

  /* One form for a word and its relatives: training and train, losses and loss, normalization and normalise. */
  const stems = new Map();
  function stem(word) {
    if (!stems.has(word)) stems.set(word, (/^[a-z]{4,}$/.test(word) ? word : word + "\n")
      .replace(/([iy])z(?=e|a|in)/, "$1s").replace(/our(?=s?$)/, "or")
      .replace(/(s|sh|ch|x)es$/, "$1").replace(/ies$/, "y").replace(/([^isu])s$/, "$1")
      .replace(/(is)(?:ation|ing|ed|er)$/, "$1").replace(/(.{3})at(?:ions?|ing|ed|or|e)$/, "$1")
      .replace(/ional$/, "ion").replace(/ction$/, "ct").replace(/([aeiouy].*)(?:ing|ed)$/, "$1")
      .replace(/^(fast|larg|slow|high|low|small|long|short|deep|great)er$/, "$1").replace(/e$/, "").replace(/(.)\1$/, "$1").trim());
    return stems.get(word);
  }

  /* DataLoader is found by data, by loader and by both. */
  function camel(raw) {
    const cut = /[a-z][A-Z]/.test(raw) ? raw.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g).map((part) => stem(part.toLowerCase())) : [];
    return cut.flatMap((part, i) => (i ? [part, cut[i - 1] + part] : [part]));
  }

  const met = new Map(); // a text says most of its words again: as written -> what is known of it
  function meet(raw) {
    if (!met.has(raw)) met.set(raw, { word: raw.toLowerCase(), key: stem(raw.toLowerCase()), han: /\p{Script=Han}/u.test(raw), parts: camel(raw) });
    return met.get(raw);
  }

  /* The atoms of a text and where they stand; `joins` says that nothing but a space or a hyphen is before one. */
  function atoms(text) {
    const list = [];
    let end = -9;
    for (const { 0: raw, index } of text.matchAll(ATOM)) {
      const { word, key, han, parts } = meet(raw), joins = end === index || (end + 1 === index && " \n_.-".includes(text[end]));
      end = index + raw.length;
      list.push({ raw, word, key, index, end, joins, han, parts });
    }
    return list;
  }
  const pair = (list, i) => (i && list[i].joins ? list[i - 1].key + list[i].key : "");
  const keyOf = (text) => atoms(text).map((atom) => atom.key).join("");
  const tokensOf = (list) => list.flatMap((atom, i) => [atom.key, ...atom.parts, pair(list, i)].filter(Boolean));
  const pairsOf = (name) => atoms(name).map((_, i, list) => pair(list, i)).filter(Boolean);

  // The index --------------------------------------------------------------------------------------

  const pause = (after = 0) => new Promise((go) => { setTimeout(go, after); });
  const began = performance.now();
  let since = began;
  /* Let the page answer, if the work has taken long enough; nobody waits for a page that is out of sight. */
  async function breathe() {
    if (document.hidden || performance.now() - since < 8) return;
    await (window.scheduler?.yield?.() ?? pause());
    since = performance.now();
  }

  const index = new Map(); // token -> section -> weight
  const spelt = new Map(); // word as it is written -> how often, headings and terms much more
  const terms = new Map(); // key of a name -> all names of that term
  const longFirst = names.flat().filter((name) => /^\p{Script=Han}{2,}$/u.test(name)).sort((a, b) => b.length - a.length);
  for (const all of names) {
    await breathe();
    for (const name of all) if (!terms.has(keyOf(name))) terms.set(keyOf(name), all);
  }
  const alike = new Map(); // the same of words that mean much the same
  for (const group of synonyms.trim().split("\n").map((line) => line.split(", ")))
    for (const name of group) alike.set(keyOf(name), [...(alike.get(keyOf(name)) ?? []), ...group]);
  const named = (key) => terms.has(key) || alike.has(key);

  const questionsOf = new Map(); // anchor -> what readers type when they want this section
  for (const [, anchor, phrases] of asked.matchAll(/^(.*?): (.*)$/gmu)) questionsOf.set(anchor, [...(questionsOf.get(anchor) ?? []), ...phrases.split(", ")]);
  /* The words and pairs that tell what a short text is about. */
  function bag(text) {
    const list = atoms(text);
    return new Set(list.flatMap(({ word, key, han, parts }, i) => [!han && !IDLE.has(word) && key, ...parts, han && i && list[i - 1].han && pair(list, i)].filter(Boolean)));
  }

  const sections = [];
  for (const [i, page] of columns[0].entries()) {
    await breathe();
    const [anchor, title, prose, code, outputs] = columns.slice(1).map((column) => column[i]);
    const [pageTitle, kind] = pages[page];
    const own = kind === "glossary" && names.find(([name]) => name === title);
    const others = own ? own.slice(1) : [], questions = questionsOf.get(anchor) ?? [], all = [title, ...others, ...questions];
    sections.push({ page, pageTitle, kind, anchor, title, prose, code, outputs, names: others.join(" | "), asked: questions.join(" | "), key: keyOf(title),
      called: all.slice(1).map(keyOf), phrases: all.map(bag) });
  }
  for (const section of sections) {
    await breathe();
    const told = sections.filter(({ page, title }) => page === section.page && title.length > 8 && title !== section.title && section.prose.includes(title));
    section.worth = KINDS[section.kind] * (section.kind !== "glossary" && told.length > 5 ? LISTING : 1);
  }
  const heading = (field) => field === "title" || field === "names";
  for (const field of Object.keys(FIELDS)) {
    const cut = [];
    for (const section of sections) {
      await breathe();
      cut.push(atoms(section[field]));
    }
    const mean = cut.reduce((sum, list) => sum + list.length, 1) / sections.filter((section) => section[field]).length;
    for (const [i, list] of cut.entries()) {
      await breathe();
      const weight = FIELDS[field] / (0.3 + 0.7 * (list.length / mean) ** 0.7);
      for (const { word, han } of list) if (!han) spelt.set(word, (spelt.get(word) || 0) + (heading(field) ? 50 : 1));
      for (const token of tokensOf(list)) {
        let where = index.get(token);
        if (!where) index.set(token, where = new Map());
        where.set(i, (where.get(i) || 0) + weight);
      }
    }
  }
  const everything = sections.map(({ title, names: also, prose, code, outputs }) => [title, also, prose, code, outputs].join("\n")).join("\n");
  /* Three words in a row, in any order, without the numbers, which are other ones in everybody's message. */
  const threes = (text) => new Set(atoms(text).filter(({ raw }) => !/^\d/.test(raw)).map(({ key }, i, list) => (i > 1 ? [list[i - 2].key, list[i - 1].key, key].sort().join(" ") : "")).slice(2));
  const threesOf = []; // what a pasted line is compared with: made when one is pasted
  const titles = new Set(sections.filter(({ kind }) => kind !== "api").map(({ key }) => key));
  const total = (list, value) => list.reduce((sum, each) => sum + value(each), 0);
  const rarity = (token) => Math.log(1 + sections.length / (index.get(token)?.size ?? sections.length));
  const topics = new Set(sections.filter(({ kind }) => kind !== "api").flatMap(({ title, names: also, asked: phrases }) => tokensOf(atoms([title, also, phrases].join("\n")))));
  const weight = (token) => rarity(token) * (topics.has(token) ? 1 : ASIDE);
  const points = (token, i) => {
    const weight = index.get(token)?.get(i) || 0;
    return (rarity(token) * weight) / (weight + SATURATION);
  };

  /* How much of a phrase is in the query, and of the query in the phrase, from 0 to 1; what is rare counts more. */
  function likeness(meant, phrase) {
    const both = total([...phrase].filter((token) => meant.has(token)), rarity);
    return both && both ** 2 / total([...phrase], rarity) / total([...meant], weight);
  }

  // The query --------------------------------------------------------------------------------------

  const NEAR = ["aeiou", "qwertyuiop", "asdfghjkl", "zxcvbnm", "cks", "sz", "mn", "fv", "bdp", "dt", "gj", "iy"];
  /* Whether one letter is easily written for another: a vowel for a vowel, a neighbour on the keyboard, one that sounds like it. */
  const slip = (a, b) => NEAR.some((row, i) => row.includes(a) && row.includes(b) && (!(i > 0 && i < 4) || Math.abs(row.indexOf(a) - row.indexOf(b)) === 1));

  /* How many letters have to be changed, added, left out or swapped with their neighbour. */
  function distance(a, b) {
    const rows = [[...b, ""].map((_, j) => j)];
    for (let i = 1; i <= a.length; i += 1) {
      rows.push([i]);
      for (let j = 1; j <= b.length; j += 1) {
        const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2][j - 2] + 1 : 99;
        rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : slip(a[i - 1], b[j - 1]) ? 1 : 2), swapped);
      }
    }
    return rows[a.length][b.length];
  }

  const starts = (word) => (word.length < 3 ? [] : [...index.keys()].filter((token) => token.startsWith(word)));
  const known = ({ word, key, raw }) => index.has(key) || named(key) || IDLE.has(word) || camel(raw).some((part) => index.has(part))
    || (starts(word).length > 0 && !halves(word));

  /* The word of the site that is spelt most like an unknown one. */
  function nearest(word) {
    const far = word.length < 8 ? 1 : 2;
    let best = "", most = 0;
    if (word.length < 5 || /\d/.test(word)) return best;
    for (const [other, count] of spelt) {
      const apart = Math.min(Math.abs(other.length - word.length), Math.abs(stem(other).length - stem(word).length));
      if (apart > far || /\d/.test(other)) continue;
      // People do not miss the first letter; and un- or -er make another word, not a slip.
      if ((other[0] !== word[0] && other[1] !== word[0]) || (Math.abs(other.length - word.length) > 1 && (other.startsWith(word) || word.startsWith(other)))) continue;
      const off = Math.min(distance(word, other), distance(stem(word), stem(other)));
      if (off > far || ((off === 2 || word.length < 6) && count < 50)) continue;
      if (count / 100 ** off > most) [best, most] = [other, count / 100 ** off];
    }
    return best;
  }

  const sounds = new Map(); // character -> how it may be said, without tones and as in the south: n for ng, z for zh
  const exactly = new Map(); // the same, letter by letter
  const heard = (syllable) => syllable.replace(/^([zcs])h/, "$1").replace(/ng$/, "n").replace(/^l?v$/, "lv");
  for (const [, syllable, characters] of pinyin.matchAll(/([a-zü]+)([^\sa-zü]+)/gu))
    for (const character of characters) {
      sounds.set(character, [...(sounds.get(character) ?? []), heard(syllable)]);
      exactly.set(character, [...(exactly.get(character) ?? []), syllable]);
    }
  const homophones = (one, other) => [...one].every((character, i) => exactly.get(character)?.some((said) => exactly.get(other[i])?.includes(said)));

  /* How long a stretch from `from` sounds like the name, all of it, by characters and by letters of pinyin; 0 if none does. */
  function sounding(name, run, from) {
    let ends = [from];
    for (const character of name)
      ends = ends.flatMap((end) => (run[end] === character ? [end + 1] : (sounds.get(character) ?? []).flatMap((said) => {
        if ((sounds.get(run[end]) ?? []).includes(said)) return [end + 1];
        const [typed] = /^[a-z]{1,6}/.exec(run.slice(end)) ?? [""];
        return [...typed].map((_, i) => i + 1).filter((i) => heard(typed.slice(0, i)) === said).map((i) => end + i);
      })));
    return Math.max(0, ...ends.map((end) => end - from));
  }

  /* The Chinese term that sounds like a stretch of the query which is no word of the site: 张亮, zhangliang, guo拟合. */
  function nearestTerm(run) {
    const list = [...run];
    const strange = list.map((letter, i) => /[a-z]/.test(letter) || (!index.has(list[i - 1] + letter) && !index.has(letter + list[i + 1])));
    for (const name of longFirst)
      for (let i = 0; i < run.length; i += 1) {
        const length = sounding(name, run, i), typed = run.slice(i, i + length);
        if (!length || typed === name || /[a-z]/.test(run[i - 1] ?? "") && /[a-z]/.test(run[i])) continue;
        const wrong = [...typed].flatMap((letter, j) => (name.includes(letter) ? [] : [i + j]));
        if ((wrong.every((j) => strange[j]) || (name.length > 3 && !everything.includes(typed))) && (/[a-z]/.test(typed) || (name.length === 2 ? dictionary(typed).length > 1 || (typed === run && homophones(typed, name)) : wrong.length < 2))) return [typed, name];
      }
    return null;
  }

  /* Two words of the site that were written as one: crossentropy. */
  const halves = (word) => [...word].map((_, i) => [word.slice(0, i), word.slice(i)])
    .filter(([a, b]) => spelt.has(a) && spelt.has(b) && index.has(stem(a) + stem(b))).map((both) => both.join(" "))[0] ?? "";

  /* Put right what is nowhere on the site, and note what was changed. */
  function correct(query) {
    const changed = [];
    const strange = atoms(query).filter((atom) => !atom.han && !known(atom));
    for (const [run] of query.toLowerCase().matchAll(/(?:\p{Script=Han}|[a-z](?![a-z]*\d))+/gu)) {
      const better = /\p{Script=Han}/u.test(run) || strange.some(({ word }) => word === run) ? nearestTerm(run) : null;
      if (better) changed.push(better);
    }
    for (const [spaced] of query.toLowerCase().matchAll(/[a-z]+(?: [a-z]+)+/g)) { // tidu xiajiang
      const words = spaced.split(" "), joined = words.join(""), better = words.every((one) => strange.some(({ word }) => word === one)) && nearestTerm(joined);
      if (better && better[0] === joined) changed.push([spaced, better[1]]);
    }
    for (const { raw, word } of strange) {
      const better = changed.some(([from]) => from.includes(word)) ? "" : halves(word) || nearest(word);
      if (better) changed.push([raw, better]);
    }
    const lower = (text, from) => text.toLowerCase().indexOf(from.toLowerCase());
    return [changed.reduce((text, [from, to]) => text.slice(0, lower(text, from)) + to + text.slice(lower(text, from) + from.length), query), changed];
  }

  const cutter = Intl.Segmenter && new Intl.Segmenter("zh", { granularity: "word" });
  const dictionary = (text) => (cutter ? [...cutter.segment(text)].map(({ segment }) => segment) : [...text]);

  /* The words of a stretch of Chinese; neighbouring single characters make one. */
  function cut(text) {
    const pieces = dictionary(text);
    return pieces.reduce((all, piece, i) => (i && piece.length === 1 && pieces[i - 1].length === 1 && !IDLE.has(piece) && !IDLE.has(pieces[i - 1]) ? [...all.slice(0, -1), all.at(-1) + piece] : [...all, piece]), []);
  }

  /* Cut the query into parts: terms by any of their names, words, and stretches of Chinese.
     A part is a list of options, an option a list of tokens; what is nowhere on the site is missing. */
  function parse(query) {
    const parts = [], missing = [], scraps = [], idles = new Set(); // scraps: characters that make no word
    let run = [];
    const add = (lists, share = 1, like = [], name = "") => {
      const use = (token, _, tokens) => index.has(token) && (tokens.length === 1 || !/^\p{Script=Han}$/u.test(token));
      const usable = (some) => some.map((tokens) => [...new Set(tokens)].filter(use)).filter((tokens) => tokens.length);
      const options = usable(lists), others = usable(like);
      if (!options.length && !others.length) return false;
      const main = options[0] ?? others[0];
      parts.push({ main, share, name, options, others, term: terms.has(name) || main.length < 3 && titles.has(main.at(-1)), worth: (share * total(main, weight)) / Math.sqrt(main.length) });
      return true;
    };
    /* A stretch of Chinese, word by word. What the dictionary leaves as single characters stays together. */
    const endRun = () => {
      const text = run.map((atom) => atom.word).join("");
      run = [];
      for (const word of cut(text)) {
        const list = [...word];
        const pairs = list.map((character, i) => (i ? list[i - 1] + character : "")).filter((token) => index.has(token));
        if (list.length > 1 && everything.includes(word)) add([pairs]);
        else if (list.length === 1) IDLE.has(word) || index.has(word) ? add([[word]], IDLE.has(word) ? 0 : 0.3) : missing.push(word);
        else if (pairs.length && list.every((character) => IDLE.has(character) || pairs.some((pair) => pair.includes(character)))) add([pairs], 0.5);
        else if (![...word].every((character) => IDLE.has(character))) (dictionary(word).length > 1 ? scraps : missing).push(word);
      }
    };
    const list = atoms(query);
    for (let i = 0; i < list.length; i += 1) {
      let dotted = 1; // a name of code is one part: nn.Module, zero_grad
      while (list[i + dotted]?.joins && !list[i + dotted].han && /[._]/.test(query[list[i + dotted].index - 1])) dotted += 1;
      let size = dotted > 1 ? 0 : Math.min(12, list.length - i);
      const piece = () => list.slice(i, i + size);
      const whole = () => piece().every((atom, j) => !j || atom.joins) && named(piece().map((atom) => atom.key).join(""));
      while (size && !whole()) size -= 1;
      const { word, key, raw, han, joins } = list[i];
      if (!joins || !han || size) endRun();
      if (size) {
        const typed = tokensOf(piece());
        const name = piece().map((atom) => atom.key).join("");
        const same = (all = []) => [...all.map((other) => [keyOf(other)]), ...all.map(pairsOf)];
        if (!add([typed, ...same(terms.get(name))], 1, same(alike.get(name)), name)) missing.push(query.slice(list[i].index, piece().at(-1).end));
        i += size - 1;
      } else if (dotted > 1) {
        const code = list.slice(i, i + dotted);
        const strange = code.filter((atom, j) => (!index.has(atom.key) && !camel(atom.raw).length) || camel(atom.raw).some((part) => !index.has(part))
          || (j && query[atom.index - 1] === "_" && !index.has(pair(code, j)))); // a name with an underscore stands there as it is, or not at all
        if (strange.length < dotted) add([tokensOf(code)], strange.length ? 0.4 : 1);
        if (strange.length) missing.push(query.slice(list[i].index, code.at(-1).end));
        i += dotted - 1;
      } else if (han) {
        IDLE_CHINESE.lastIndex = list[i].index;
        const [idle] = IDLE_CHINESE.exec(query) ?? [""];
        if (idle) endRun();
        else run.push(list[i]);
        for (let j = 0; j < idle.length; j += 1) idles.add(i + j);
        i += idle ? idle.length - 1 : 0;
      } else if (IDLE.has(word)) {
        idles.add(i);
      } else if (index.has(key)) {
        add([[key, ...camel(raw)]]);
      } else if (camel(raw).some((part) => index.has(part))) {
        const lacks = camel(raw).some((part) => !index.has(part));
        add([camel(raw)], lacks ? 0.4 : 1);
        if (lacks) missing.push(raw);
      } else if (starts(word).length) {
        add(starts(word).map((token) => [token]));
      } else missing.push(raw);
    }
    endRun();
    const together = list.map((_, i) => pair(list, i)).filter((token, i) => index.has(token) && !idles.has(i) && !idles.has(i - 1));
    return { parts, missing, scraps, together, whole: list.filter((_, i) => !idles.has(i)).map((atom) => atom.key).join("") };
  }

  /* How well a section answers: its parts, all the better the more of them it has, and words that stand together. */
  function score(section, i, parts, together, whole, line, all, meant, compared) {
    let sum = 0, had = 0;
    for (const { options, others, worth } of parts) {
      const value = (tokens) => {
        const found = tokens.filter((token) => index.get(token).has(i));
        return total(found, (token) => points(token, i)) / total(tokens, rarity) * (found.length / tokens.length) ** 2;
      };
      const best = Math.max(0, ...options.map(value), ...others.map((tokens) => LIKE * value(tokens)));
      sum += best * worth;
      had += best && worth;
    }
    if (compared && section.kind === "glossary" && parts.some(({ name }) => name && (name === section.key || section.called.includes(name)))) {
      had = total(parts, ({ worth }) => worth);
      sum *= COMPARE;
    }
    sum += total(together, (token) => points(token, i));
    const exact = section.key === whole ? (section.kind === "glossary" ? DEFINED : EXACT) : section.called.includes(whole) ? CALLED : 1;
    const like = Math.max(...section.phrases.map((phrase) => likeness(meant, phrase)));
    const said = line.size < 2 ? line : (threesOf[i] ??= threes(`${section.title} ${section.prose} ${section.outputs}`));
    const quoted = line.size < 2 ? 0 : [...line].filter((three) => said.has(three)).length / line.size;
    const headed = section.key.length > 12 && all !== section.key && all.includes(section.key) ? HEADED : 1;
    return [sum * (had / total(parts, ({ worth }) => worth)) ** 2 * exact * (1 + QUOTED * quoted) * (1 + ASKED * like ** 2) * headed * section.worth, section, had];
  }

  function search(typed) {
    const query = [...typed.normalize("NFKC").trim().replace(RAISED, "")].map((character) => simple.get(character) ?? character).join("");
    const [text, changed] = correct(query);
    const { parts, missing, scraps, together, whole } = parse(text), line = threes(text), all = keyOf(text), meant = bag(text);
    const tokens = new Set(parts.flatMap(({ options, others }) => [options, others].flat(2)));
    const found = !parts.length ? [] : sections.map((section, i) => score(section, i, parts, together, whole, line, all, meant, COMPARED.test(text)))
      .filter(([value]) => value > 0).sort((a, b) => b[0] - a[0]);
    // If the most telling word is nowhere, what shares the others is no answer.
    const lost = missing.length * Math.log(1 + sections.length), short = parts.length + missing.length < 5;
    const telling = parts.some(({ term, main, share }) => term || (share === 1 && /^[a-z]/.test(main[0]) && topics.has(main.at(-1)) && total(main, rarity) > RARE));
    missing.push(...scraps);
    if (found.length && (found[0][2] < TELLING * lost || (lost && short && !telling))) return { found: [], tokens, missing, changed };
    const [enough] = found[1] ?? found[0] ?? [0]; // a definition or a question that fits exactly is far ahead of all
    const good = found.filter(([value]) => value > enough / 12).slice(0, SHOWN).map(([, section]) => section);
    return { found: good, tokens: new Set([...tokens, ...together]), missing, changed };
  }

  window.searchSite = search; // for whoever wants to try it from the console

  /* The names of terms that share most pairs of letters, or characters, with a query that found nothing. */
  function suggestions(query) {
    const letters = (text) => new Set(/\p{Script=Han}/u.test(text) ? text : [...text.toLowerCase()].map((letter, i, all) => letter + (all[i + 1] ?? "")));
    const asked = letters(query);
    const likeness = (name) => (2 * [...letters(name)].filter((bit) => asked.has(bit)).length) / (letters(name).size + asked.size);
    return names.map((all) => [Math.max(...all.map(likeness)), all[0]]).filter(([value]) => value > 0)
      .sort((a, b) => b[0] - a[0]).slice(0, 4).map(([, name]) => name);
  }

  // The page ---------------------------------------------------------------------------------------

  function element(name, attributes, ...content) {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...content);
    return made;
  }
  const fill = (text, ...values) => values.reduce((filled, value) => filled.replace("{}", () => value), text);
  const linkTo = (section) => `${section.page}.html#${section.anchor}`;

  /* The stretch of a section with most of what was asked for, and the matches marked. */
  function excerpt(section, tokens) {
    let best = { value: -1 };
    for (const field of ["prose", "outputs", "code"]) {
      const list = atoms(section[field]);
      const hits = list.flatMap((atom, i) => {
        const at = [];
        if (tokens.has(atom.key) || atom.parts.some((part) => tokens.has(part))) at.push([atom.index, atom.end, atom.key]);
        if (tokens.has(pair(list, i))) at.push([list[i - 1].index, atom.end, pair(list, i)]);
        return at;
      }).sort((a, b) => a[0] - b[0]);
      for (const [from] of hits.length ? hits : [[0]]) {
        const near = new Set(hits.filter((hit) => hit[0] >= from && hit[1] <= from + LENGTH - BEFORE).map((hit) => hit[2]));
        const value = [...near].reduce((sum, token) => sum + rarity(token), 0) * (field === "prose" ? 1.5 : 1);
        if (value > best.value && section[field]) best = { value, field, from, hits };
      }
    }
    const text = section[best.field] ?? "";
    const latin = /[a-z0-9_.]/i;
    let start = Math.max(0, (best.from ?? 0) - BEFORE), end = Math.min(text.length, start + LENGTH);
    while (start && start < best.from && latin.test(text[start - 1])) start += 1;
    while (end < text.length && latin.test(text[end - 1]) && latin.test(text[end])) end -= 1;
    const shown = element(best.field === "prose" ? "span" : "code", {}, start ? "… " : "");
    let done = start;
    for (const [from, to] of (best.hits ?? []).filter((hit) => hit[0] >= start && hit[1] <= end)) {
      if (to <= done) continue;
      shown.append(text.slice(done, Math.max(done, from)), element("mark", {}, text.slice(Math.max(done, from), to)));
      done = to;
    }
    shown.append(text.slice(done, end), end < text.length ? " …" : "");
    return element("p", { className: "context", ...(section.kind === "api" && { lang: "en" }) }, shown);
  }

  async function show() {
    const { found, tokens, missing, changed } = search(query), items = [];
    for (const section of found) {
      await breathe();
      items.push(element("li", { className: `kind-${section.kind}` },
        element("a", { href: linkTo(section) }, section.title),
        section.title === section.pageTitle ? "" : element("span", { className: "where" }, section.pageTitle),
        excerpt(section, tokens)));
    }
    const again = (name) => element("a", { href: `?q=${encodeURIComponent(name)}` }, name);
    for (const [from, to] of changed) say.append(element("p", {}, fill(words.instead, from, to)));
    for (const part of missing) say.append(element("p", {}, fill(found.length ? words.missing : words.nothing, part)));
    if (found.length) say.append(element("p", {}, fill(words.found, found.length)));
    else {
      if (!missing.length) say.append(element("p", {}, fill(words.nothing, query)));
      const near = suggestions(query);
      if (near.length) out.append(element("p", {}, words.nearest), element("ul", { className: "nearest" }, ...near.map((name) => element("li", {}, again(name)))));
      const glossary = sections.find((section) => section.kind === "glossary");
      if (glossary) out.append(element("p", {}, element("a", { href: linkTo(glossary) }, words.glossary)));
    }
    out.append(element("ol", {}, ...items));
  }

  if (out && query.trim()) {
    await Promise.all([breathe(), performance.now() - began < 50 && pause(50)]); // what comes into a status later is read aloud
    await show();
  }
})();
