/* Below every page that the search found: its best sections, each with a few words around the match.
   See search_excerpts.py. Sphinx adds one list item per page; we watch the list and complete them. */
(() => {
  const SECTIONS = 3; // per page
  const BEFORE = 40, AFTER = 110; // characters around the first match

  const query = new URLSearchParams(location.search).get("q") || "";

  /* The words to look for: the query's own, and what the index's stemmer makes of them. */
  function words() {
    const stemmer = new Stemmer();
    const found = splitQuery(query.toLowerCase()).filter((word) => !stopwords.has(word));
    return [...new Set(found.map((word) => {
      const stem = stemmer.stemWord(word);
      return word.startsWith(stem) ? stem : word; // "training" finds "train", "studi" finds nothing
    }))];
  }

  const count = (text, word) => text.split(word).length - 1;

  /* How well a section fits: first how many of the words it has, then title, then how often. */
  function score([, title, prose, code], terms) {
    const inTitle = title.toLowerCase(), inText = `${prose} ${code}`.toLowerCase();
    const had = terms.filter((term) => inTitle.includes(term) || inText.includes(term));
    const whole = (inTitle + " " + inText).includes(query.toLowerCase().trim()) ? 50 : 0;
    const often = had.reduce((sum, term) => sum + Math.min(9, count(inText, term)) + 20 * count(inTitle, term), 0);
    return had.length * 100 + whole + often;
  }

  /* Any of the words; a Latin one is marked to its end, as the index knows stems only. */
  function pattern(terms) {
    const longestFirst = [...terms].sort((a, b) => b.length - a.length);
    const parts = longestFirst.map((term) => {
      const literal = term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return /^[a-z]/.test(term) ? `(?<![a-z])${literal}[a-z]*` : literal;
    });
    return new RegExp(`(${parts.join("|")})`, "giu");
  }

  /* Where the most of the words stand close together. */
  function bestPlace(lower, terms) {
    const whole = lower.indexOf(query.toLowerCase().trim());
    if (whole >= 0) return whole;
    let best = 0, most = 0;
    for (const term of terms)
      for (let place = lower.indexOf(term); place >= 0; place = lower.indexOf(term, place + 1)) {
        const near = lower.slice(place, place + AFTER);
        const had = terms.filter((other) => near.includes(other)).length;
        if (had > most) [best, most] = [place, had];
      }
    return best;
  }

  /* Text around the best match, with the matches marked. */
  function excerpt(text, terms) {
    const lower = text.toLowerCase();
    const first = bestPlace(lower, terms);
    const wordPart = /[a-z0-9_.]/i; // do not cut Latin words; Chinese may be cut anywhere
    let start = Math.max(0, first - BEFORE), end = Math.min(text.length, first + AFTER);
    while (start > 0 && start < first && wordPart.test(text[start - 1])) start += 1;
    while (end < text.length && end > first && wordPart.test(text[end])) end -= 1;
    const piece = (start ? "… " : "") + text.slice(start, end).trim() + (end < text.length ? " …" : "");
    const paragraph = document.createElement("p");
    paragraph.className = "context";
    piece.split(pattern(terms)).forEach((part, i) => { // matches stand at odd places
      const node = document.createElement(i % 2 ? "mark" : "span");
      node.textContent = part;
      paragraph.append(node);
    });
    return paragraph;
  }

  function complete(item) {
    const link = item.querySelector("a");
    const [page, anchor] = link.getAttribute("href").split("#");
    const sections = (window.searchTexts || {})[page.replace(/\.html$/, "")];
    const terms = words();
    if (!sections || !terms.length || item.classList.contains("kind-object")) return;
    if (anchor) { // the title of this very section was found
      const own = sections.find(([id]) => id === anchor);
      if (own && own[2]) item.append(excerpt(own[2], terms));
      return;
    }
    const ranked = sections.map((section) => [score(section, terms), section]).filter(([points]) => points >= 100);
    ranked.sort((a, b) => b[0] - a[0]);
    const list = document.createElement("ul");
    for (const [, [id, title, prose]] of ranked.slice(0, SECTIONS)) {
      const entry = document.createElement("li");
      const to = document.createElement("a");
      to.href = `${page}#${id}`;
      to.textContent = title;
      entry.append(to, excerpt(prose, terms));
      list.append(entry);
    }
    if (list.children.length) item.append(list);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const results = document.getElementById("search-results");
    results.querySelectorAll("li[class^='kind-']").forEach(complete); // those that came before us
    new MutationObserver((changes) => {
      for (const change of changes)
        for (const node of change.addedNodes)
          if (node.nodeName === "LI" && node.className.startsWith("kind-")) complete(node);
    }).observe(results, { childList: true, subtree: true });
  });
})();
