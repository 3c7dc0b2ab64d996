/* The search page. search-texts.js brings every section of the site; see texts.py.
   Sections are scored by BM25 over the atoms of their fields and over pairs of neighbouring atoms. An atom is a
   Latin word, cut to its stem, a number or one Chinese character; so "data loader" finds DataLoader, and
   Chinese is found by its pairs of characters, however it is spaced. */
(() => {
  const { pages, names, words, traditional } = window.searchTexts;
  // What a match is worth in each field and on each kind of page; how soon repetition stops counting; what a title
  // that is the query adds.
  const FIELDS = { title: 8, names: 8, prose: 1, code: 0.4, outputs: 0.4 };
  const KINDS = { first: 1, lesson: 0.8, glossary: 0.75, about: 0.6, api: 0.4, home: 0.4 };
  const SATURATION = 7, EXACT = 1.4, DEFINED = 1.8;
  const SHOWN = 15; // results
  const LENGTH = document.documentElement.lang.startsWith("zh") ? 90 : 150; // characters of an excerpt,
  const BEFORE = 30; // and of these before the first match
  // What a question is made of says nothing of what it is about.
  const IDLE = new Set(("a an and are as at be between by can define definition difference do does explain for from how i if in " +
    "is it its me meaning my of on or so than that the their this to use used using vs was we what when where which who why will " +
    "with you your 用 在 有 要 我 您 让 做 能 会 个 对 从 到 中 里 不 没 后 多 时").split(" "));
  const IDLE_CHINESE = new RegExp("使用|区别|意思|定义|为什么|什么时候|什么|怎么样|怎么|怎样|如何|为何|哪些|哪里|哪个|请问|" +
    "是否|可以|能不能|一下|多少|[的了吗呢吧啊是和与把]", "uy");
  const ATOM = /\d+(?:\.\d+)?|\p{Script=Han}|[a-z\u00df-\u017f][a-z0-9\u00df-\u017f]*/giu;
  const simple = new Map((traditional.match(/../gu) || []).map(([from, to]) => [from, to]));

  /* One form for a word and its relatives: training and train, losses and loss, normalization and normalise. */
  const stems = new Map();
  function stem(word) {
    if (!stems.has(word)) stems.set(word, (/^[a-z]{4,}$/.test(word) ? word : word + "\n")
      .replace(/([iy])z(?=e|a|in)/, "$1s").replace(/our(?=s?$)/, "or")
      .replace(/(s|sh|ch|x)es$/, "$1").replace(/ies$/, "y").replace(/([^isu])s$/, "$1")
      .replace(/(is)(?:ation|ing|ed|er)$/, "$1").replace(/(.{3})at(?:ions?|ing|ed|or|e)$/, "$1")
      .replace(/ional$/, "ion").replace(/ction$/, "ct").replace(/([aeiouy].*)(?:ing|ed)$/, "$1")
      .replace(/(.{4})er$/, "$1").replace(/e$/, "").replace(/(.)\1$/, "$1").trim());
    return stems.get(word);
  }

  /* The atoms of a text and where they stand; `joins` says that nothing but a space or a hyphen is before one. */
  function atoms(text) {
    let end = -9;
    return [...text.matchAll(ATOM)].map(({ 0: raw, index }) => {
      const joins = /^[ \n_.-]?$/.test(text.slice(Math.max(0, end), index)) && end >= 0;
      end = index + raw.length;
      return { raw, word: raw.toLowerCase(), key: stem(raw.toLowerCase()), index, end, joins, han: /\p{Script=Han}/u.test(raw) };
    });
  }

  /* DataLoader is found by data, by loader and by both. */
  function camel(raw) {
    const cut = /[a-z][A-Z]/.test(raw) ? raw.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g).map((part) => stem(part.toLowerCase())) : [];
    return cut.flatMap((part, i) => (i ? [part, cut[i - 1] + part] : [part]));
  }
  const pair = (list, i) => (i && list[i].joins ? list[i - 1].key + list[i].key : "");
  const keyOf = (text) => atoms(text).map((atom) => atom.key).join("");
  const tokensOf = (list) => list.flatMap((atom, i) => [atom.key, ...camel(atom.raw), pair(list, i)].filter(Boolean));
  const pairsOf = (name) => atoms(name).map((_, i, list) => pair(list, i)).filter(Boolean);

  // The index --------------------------------------------------------------------------------------

  const index = new Map(); // token -> section -> weight
  const spelt = new Map(); // word as it is written -> how often, headings and terms much more
  const terms = new Map(); // key of a name -> all names of that term
  const longFirst = names.flat().filter((name) => /^\p{Script=Han}{3,}$/u.test(name)).sort((a, b) => b.length - a.length);
  for (const all of names) for (const name of all) if (!terms.has(keyOf(name))) terms.set(keyOf(name), all);

  const sections = Object.entries(pages).flatMap(([page, [pageTitle, kind, list]]) =>
    list.map(([anchor, title, prose, code, outputs]) => {
      const own = kind === "glossary" && names.find(([name]) => name === title);
      return { page, pageTitle, kind, anchor, title, prose, code, outputs, key: keyOf(title), names: own ? own.slice(1).join(" | ") : "" };
    }));
  const heading = (field) => field === "title" || field === "names";
  for (const field of Object.keys(FIELDS)) {
    const cut = sections.map((section) => atoms(section[field]));
    const mean = cut.reduce((sum, list) => sum + list.length, 1) / sections.filter((section) => section[field]).length;
    cut.forEach((list, i) => {
      const weight = FIELDS[field] / (0.4 + 0.6 * Math.sqrt(list.length / mean));
      for (const { word, han } of list) if (!han) spelt.set(word, (spelt.get(word) || 0) + (heading(field) ? 50 : 1));
      for (const token of tokensOf(list)) {
        if (!index.has(token)) index.set(token, new Map());
        index.get(token).set(i, (index.get(token).get(i) || 0) + weight);
      }
    });
  }
  const total = (list, value) => list.reduce((sum, each) => sum + value(each), 0);
  const rarity = (token) => Math.log(1 + sections.length / (index.get(token)?.size ?? sections.length));
  const points = (token, i) => {
    const weight = index.get(token)?.get(i) || 0;
    return (rarity(token) * weight) / (weight + SATURATION);
  };

  // The query --------------------------------------------------------------------------------------

  /* How many letters have to be changed, added, left out or swapped with their neighbour. */
  function distance(a, b) {
    const rows = [[...b, ""].map((_, j) => j)];
    for (let i = 1; i <= a.length; i += 1) {
      rows.push([i]);
      for (let j = 1; j <= b.length; j += 1) {
        const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2][j - 2] + 1 : 99;
        rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] !== b[j - 1]), swapped);
      }
    }
    return rows[a.length][b.length];
  }

  const starts = (word) => (word.length < 3 ? [] : [...index.keys()].filter((token) => token.startsWith(word)));
  const known = ({ word, key, raw }) => index.has(key) || terms.has(key) || IDLE.has(word) || camel(raw).some((part) => index.has(part))
    || starts(word).length > 0;

  /* The word of the site that is spelt most like an unknown one. */
  function nearest(word) {
    const far = word.length < 8 ? 1 : 2;
    let best = "", most = 0;
    if (word.length < 5 || /\d/.test(word)) return best;
    for (const [other, count] of spelt) {
      if (Math.abs(other.length - word.length) > far || /\d/.test(other)) continue;
      const off = distance(word, other);
      if (off > far || (off === 2 && count < 50)) continue;
      if (count / 100 ** off > most) [best, most] = [other, count / 100 ** off];
    }
    return best;
  }

  /* A character is taken for a slip if the site has it nowhere, or if what is right mostly stands where the term does. */
  function likely(name, at, wrong) {
    const often = pairsOf(name).map((token) => index.get(token)?.size ?? 0);
    const [lost, kept] = [true, false].map((near) => often.filter((_, i) => (i === at || i === at - 1) === near));
    return !index.has(wrong) || Math.min(...lost) >= Math.max(...kept) / 2;
  }

  /* The Chinese term that differs in one character, which makes no word of the site with its neighbours. */
  function nearestTerm(run) {
    const list = atoms(run);
    const strange = list.map((_, i) => !index.has(pair(list, i)) && !(list[i + 1] && index.has(pair(list, i + 1))));
    for (const name of longFirst)
      for (let i = 0; i + name.length <= run.length; i += 1) {
        const wrong = [...name].flatMap((character, j) => (character === run[i + j] ? [] : [i + j]));
        if (wrong.length === 1 && strange[wrong[0]] && likely(name, wrong[0] - i, run[wrong[0]])) return [run.slice(i, i + name.length), name];
      }
    return null;
  }

  /* Put right what is nowhere on the site, and note what was changed. */
  function correct(query) {
    const changed = [];
    for (const atom of atoms(query)) {
      const better = atom.han || known(atom) ? "" : nearest(atom.word);
      if (better) changed.push([atom.raw, better]);
    }
    for (const [run] of query.matchAll(/\p{Script=Han}{3,}/gu)) {
      const better = nearestTerm(run);
      if (better) changed.push(better);
    }
    return [changed.reduce((text, [from, to]) => text.replace(from, to), query), changed];
  }

  /* Cut the query into parts: terms by any of their names, words, and stretches of Chinese.
     A part is a list of options, an option a list of tokens; what is nowhere on the site is missing. */
  function parse(query) {
    const parts = [], missing = [], idles = new Set();
    let run = [];
    const add = (lists, share = 1) => {
      const use = (token, _, tokens) => index.has(token) && (tokens.length === 1 || !/^\p{Script=Han}$/u.test(token));
      const options = lists.map((tokens) => [...new Set(tokens)].filter(use)).filter((tokens) => tokens.length);
      if (options.length) parts.push({ options, worth: (share * total(options[0], rarity)) / Math.sqrt(options[0].length) });
    };
    const endRun = () => {
      const list = run;
      run = [];
      const found = list.map((_, i) => index.has(pair(list, i)));
      const alone = list.filter((atom, i) => !found[i] && !found[i + 1] && !(list.length > 1 && IDLE.has(atom.word)));
      const tokens = list.map((_, i) => pair(list, i)).filter((token) => index.has(token));
      const text = alone.map((atom) => atom.word).join("");
      add([tokens]);
      if (alone.length === 1 && index.has(text)) add([[text]], IDLE.has(text) ? 0 : 0.3);
      else if (text) missing.push(text);
    };
    const list = atoms(query);
    for (let i = 0; i < list.length; i += 1) {
      let dotted = 1; // a name of code is one part: nn.Module, zero_grad
      while (list[i + dotted]?.joins && !list[i + dotted].han && /[._]/.test(query[list[i + dotted].index - 1])) dotted += 1;
      let size = dotted > 1 ? 0 : Math.min(12, list.length - i);
      const piece = () => list.slice(i, i + size);
      const whole = () => piece().every((atom, j) => !j || atom.joins) && terms.has(piece().map((atom) => atom.key).join(""));
      while (size && !whole()) size -= 1;
      const { word, key, raw, han, joins } = list[i];
      if (!joins || !han || size) endRun();
      if (size) {
        const typed = tokensOf(piece());
        const all = terms.get(piece().map((atom) => atom.key).join(""));
        add([typed, ...all.map((name) => [keyOf(name)]), ...all.map(pairsOf)]);
        i += size - 1;
      } else if (dotted > 1) {
        const code = list.slice(i, i + dotted);
        const strange = code.filter((atom) => !index.has(atom.key));
        if (strange.length < dotted) add([tokensOf(code)]);
        missing.push(...strange.map((atom) => atom.raw));
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
        add([camel(raw)]);
      } else if (starts(word).length) {
        add(starts(word).map((token) => [token]));
      } else missing.push(raw);
    }
    endRun();
    const together = list.map((_, i) => pair(list, i)).filter((token, i) => index.has(token) && !idles.has(i) && !idles.has(i - 1));
    return { parts, missing, together, whole: list.filter((_, i) => !idles.has(i)).map((atom) => atom.key).join("") };
  }

  /* How well a section answers: its parts, all the better the more of them it has, and words that stand together. */
  function score(section, i, parts, together, whole, query) {
    let sum = 0, had = 0;
    for (const { options, worth } of parts) {
      const best = Math.max(...options.map((tokens) => {
        const found = tokens.filter((token) => index.get(token).has(i));
        return total(found, (token) => points(token, i)) / total(tokens, rarity) * (found.length / tokens.length) ** 2;
      }));
      sum += best * worth;
      had += best && worth;
    }
    sum += total(together, (token) => points(token, i));
    const exact = section.key !== whole ? 1 : section.kind === "glossary" ? DEFINED : EXACT;
    const verbatim = query.length > 12 && `${section.prose} ${section.outputs}`.toLowerCase().includes(query.toLowerCase()) ? 3 : 1;
    return sum * (had / total(parts, ({ worth }) => worth)) ** 2 * exact * verbatim * KINDS[section.kind];
  }

  function search(typed) {
    const query = [...typed.normalize("NFKC").trim()].map((character) => simple.get(character) ?? character).join("");
    const [text, changed] = correct(query);
    const { parts, missing, together, whole } = parse(text);
    const tokens = new Set(parts.flatMap(({ options }) => options.flat()));
    const found = !parts.length ? [] : sections.map((section, i) => [score(section, i, parts, together, whole, text), section])
      .filter(([value]) => value > 0).sort((a, b) => b[0] - a[0]);
    const good = found.filter(([value]) => value > found[0][0] / 12).slice(0, SHOWN).map(([, section]) => section);
    return { found: good, tokens: new Set([...tokens, ...together]), missing, changed };
  }

  window.searchSite = search; // for whoever wants to try it from the console

  /* The names of terms that share most pairs of letters, or characters, with a query that found nothing. */
  function suggestions(query) {
    const letters = (text) => new Set(/\p{Script=Han}/u.test(text) ? text : [...text.toLowerCase()].map((letter, i, all) => letter + (all[i + 1] ?? "")));
    const asked = letters(query);
    const alike = (name) => (2 * [...letters(name)].filter((bit) => asked.has(bit)).length) / (letters(name).size + asked.size);
    return names.map((all) => [Math.max(...all.map(alike)), all[0]]).filter(([value]) => value > 0)
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
        if (tokens.has(atom.key) || camel(atom.raw).some((part) => tokens.has(part))) at.push([atom.index, atom.end, atom.key]);
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

  function show(out, say, query) {
    const { found, tokens, missing, changed } = search(query);
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
    out.append(element("ol", {}, ...found.map((section) => element("li", { className: `kind-${section.kind}` },
      element("a", { href: linkTo(section) }, section.title),
      section.title === section.pageTitle ? "" : element("span", { className: "where" }, section.pageTitle),
      excerpt(section, tokens)))));
  }

  const query = new URLSearchParams(location.search).get("q") || "";
  for (const field of document.querySelectorAll("input[name='q']")) field.value = query;
  document.querySelector(".bd-search-container input[name='q']").focus(); // the theme tries one that is hidden
  const out = document.getElementById("search-results");
  const say = out.appendChild(element("div", { className: "search-summary", role: "status" }));
  if (query.trim()) setTimeout(show, 50, out, say, query); // what comes into a status later is read aloud
})();
