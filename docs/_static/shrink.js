// The loop that shrinks: lines that stay glide to their new row, lines that go move aside and point to
// what took them over, new ones come in. Data and words stand in the page (docs/ext/shrinking.py);
// without this script the first loop and the last stand there. A step has an address: #step-optim.
for (const figure of document.querySelectorAll(".shrink")) {
  const { lines, steps, next, kept, words, page } = JSON.parse(figure.querySelector("script").textContent);
  const { lang } = document.documentElement, LAST = steps.length - 1, ROWS = steps[0].loop.length;
  const reduced = matchMedia("(prefers-reduced-motion: reduce)"), SWIFT = "cubic-bezier(.3,.1,.1,1)";
  const code = (i, depth = 0, mark = "") =>
    `<code class="${mark}" data-i="${i}" style="--in:${depth}"><i>${" ".repeat(depth)}</i>${lines[i]}\n</code>`;
  const asked = () => steps.findIndex(({ name }) => location.hash === `#step-${name}`);
  let now = Math.max(0, asked());

  const live = document.createElement("div");
  live.className = "shrink-live highlight";
  live.innerHTML = `<div class="shrink-steps" role="toolbar" aria-label="${words.steps}">${steps.map(({ title }, k) =>
      `<button type="button" data-k="${k}" aria-label="${k + 1}: ${title}"><span>${title}</span></button>`).join("")}</div>
    <div class="shrink-stage">
      <div class="shrink-side"><p class="shrink-title"><a></a></p><p class="shrink-say"></p><p class="shrink-told" role="status"></p>
        <div class="shrink-move"><button type="button" data-by="-1">${words.back}</button><button type="button" data-by="1"></button></div>
        <p class="shrink-meter"><b></b> <span></span> <i>${"<i></i>".repeat(ROWS)}</i></p></div>
      <div><div class="shrink-page"><p class="shrink-label"></p><pre lang="en" class="shrink-setup" translate="no"></pre>
        <p class="shrink-label"></p><pre lang="en" class="shrink-loop" translate="no"></pre></div>
        <p class="shrink-same">${words.same}</p></div>
      <div class="shrink-went"></div><svg class="shrink-leads" aria-hidden="true"></svg>
    </div>
    <div class="shrink-next"><p>${words.model}</p><pre lang="en" translate="no">${next.map((i) => code(i)).join("")}</pre><p>${words.share}</p></div>`;
  live.setAttribute("role", "group");
  live.setAttribute("aria-label", words.program);
  const $ = (name) => live.querySelector(`.shrink-${name}`);
  const [back, on] = live.querySelectorAll("[data-by]"), [above, below] = $("page").querySelectorAll("p");
  const [went, leads, say, meter] = ["went", "leads", "say", "meter"].map($), link = $("title").firstChild;
  const placed = () => live.querySelectorAll(".shrink-stage [data-i]");

  /** Write a step's words and lines. */
  function write(k) {
    const { title, at, before, loop, gone, say: sentence } = steps[k], last = k === LAST;
    const old = new Set(k ? [...steps[k - 1].before, ...steps[k - 1].loop].map(([i]) => i) : []);
    const row = ([i, depth]) => `<span>${code(i, depth, k && !old.has(i) ? "new" : "")}</span>`;
    live.querySelectorAll("[data-k]").forEach((button, j) => {
      button.className = j < k ? "past" : "";
      button.tabIndex = j === k ? 0 : -1;
      if (j === k) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    link.textContent = title;
    link.href = `${page || ""}#${at}`;
    back.setAttribute("aria-disabled", !k);
    on.textContent = last ? words.again : `${steps[k + 1].title} →`;
    on.setAttribute("aria-label", last ? words.again : words.next + steps[k + 1].title);
    meter.children[0].textContent = loop.length;
    meter.children[1].textContent = last ? words.write : words.lines;
    meter.classList.toggle("last", last);
    [...meter.children[2].children].forEach((cell, j) => (cell.className = j < loop.length ? "on" : ""));
    say.innerHTML = sentence;
    above.textContent = before.length ? words.before : words.kept;
    below.textContent = last ? words.left : words.loop;
    $("setup").innerHTML = before.map(row).join("") ||
      `<span class="shrink-kept">${Object.entries(kept).map(([name, n]) => `<span>${name} <b>${n}</b></span>`).join(" ")}</span>`;
    $("loop").innerHTML = loop.map(row).join("") + '<span class="free"></span>'.repeat(ROWS - loop.length);
    const takers = [...new Set(gone.map(([, to]) => to))];
    went.innerHTML = `<p class="shrink-label">${k ? takers.length ? words.went : "" : words.none}</p>` + takers.map((to) =>
      `<pre lang="en" data-to="${to}">${gone.map(([i, by]) => (by === to ? code(i) : "")).join("")}<span>→ ${lines[to]}</span></pre>`).join("");
  }

  /** Put each group of lines that went beside the line that took over, and draw an arrow there. */
  function point(glide) {
    leads.innerHTML = "";
    if (getComputedStyle(leads).display === "none") return;
    const box = leads.getBoundingClientRect();
    for (const group of went.querySelectorAll("[data-to]")) {
      const to = $("page").querySelector(`[data-i="${group.dataset.to}"]`).getBoundingClientRect();
      const high = to.bottom - box.top - 11, first = group.firstChild, gap = () => high - (first.getBoundingClientRect().top + 9 - box.top);
      group.style.marginTop = `${Math.max(12, parseFloat(getComputedStyle(group).marginTop) + gap())}px`;
      const { left, top, bottom } = group.getBoundingClientRect(), x = left - box.left - 9, y = high - gap(), end = to.right - box.left + 6;
      const r = Math.min(7, (y - high) / 2);
      const bend = r < 4 ? `M${x} ${high}H${end}` : `M${x} ${y}h-4q${-r} 0 ${-r} ${-r}V${high + r}q0 ${-r} ${-r} ${-r}H${end}`;
      leads.innerHTML += `<path d="M${x} ${top - box.top + 2}V${bottom - box.top - 2}"/><path pathLength="1" d="${bend}"/><path d="M${end + 5} ${high - 4}l-5 4 5 4"/>`;
    }
    for (const path of glide ? leads.children : []) {
      const drawn = path.hasAttribute("pathLength");
      path.animate(drawn ? { strokeDasharray: ["0 1", "1 0"], opacity: [0, 1, 1] } : { opacity: [0, 1] },
        { duration: 420, delay: drawn ? 620 : 700, fill: "backwards", easing: "ease-out" });
    }
  }

  /** Go to a step; every line that is on both sides glides from where it was. */
  function go(k, glide = !reduced.matches) {
    const was = new Map([...placed()].map((line) => [line.dataset.i, [line.getBoundingClientRect(), line, went.contains(line)]]));
    live.querySelectorAll(".shrink-ghost").forEach((line) => line.remove());
    write((now = k));
    point(glide);
    if (!glide) return;
    for (const line of placed()) {
      const old = was.get(line.dataset.i), here = line.getBoundingClientRect(), gone = went.contains(line);
      was.delete(line.dataset.i);
      if (old) line.animate({ transform: [`translate(${old[0].left - here.left}px, ${old[0].top - here.top}px)`, "none"] },
        { duration: 720, delay: gone ? 0 : 140, fill: "backwards", easing: SWIFT });
      else line.animate({ opacity: [0, 1], transform: ["translateX(2.5rem)", "none"] },
        { duration: 380, delay: 460, fill: "backwards", easing: SWIFT });
    }
    const box = live.getBoundingClientRect();
    for (const [place, line, aside] of was.values()) { // no part of the picture any more
      line.className = `shrink-ghost ${aside ? "aside" : ""}`;
      line.removeAttribute("data-i");
      line.style.cssText += `left:${place.left - box.left}px;top:${place.top - box.top}px;width:${place.width + 1}px`;
      live.append(line);
      line.animate({ opacity: [1, 0] }, { duration: 220, fill: "forwards" }).onfinish = () => line.remove();
    }
  }

  /** The reader's own step: said aloud, and put into the address. */
  function choose(k) {
    go(k);
    $("told").textContent = `${steps[k].title}. ${say.textContent} ${meter.textContent.trim()}.`;
    history.replaceState(history.state, "", `#step-${steps[k].name}`);
  }
  const move = (by) => choose(by > 0 && now === LAST ? 0 : Math.max(0, now + by));

  /** Reserve the height of the tallest step, out of the page's flow, so that nothing below ever moves. */
  function measure() {
    const parts = [$("page"), went, say], tall = [0, 0, 0];
    figure.style.minHeight = `${figure.offsetHeight}px`; // or the page would scroll
    live.style.cssText = `position:absolute;visibility:hidden;width:${figure.clientWidth}px`;
    parts.forEach((part) => (part.style.minHeight = ""));
    steps.forEach((_, k) => {
      write(k);
      point();
      parts.forEach((part, j) => (tall[j] = Math.max(tall[j], part.getBoundingClientRect().height)));
    });
    parts.forEach((part, j) => (part.style.minHeight = `${tall[j]}px`));
    live.style.cssText = "";
    go(now, false);
    figure.style.minHeight = "";
  }

  live.addEventListener("click", ({ target }) => {
    const { k, by } = target.closest("button:not([aria-disabled=true])")?.dataset ?? {};
    if (k) choose(Number(k));
    else if (by) move(Number(by));
  });
  live.addEventListener("keydown", (event) => {
    const to = { ArrowRight: Math.min(now + 1, LAST), ArrowLeft: Math.max(now - 1, 0), Home: 0, End: LAST }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    choose(to);
    if (document.activeElement.dataset.k) live.querySelector(`[data-k="${to}"]`).focus();
  });
  let from = null;
  live.addEventListener("touchstart", ({ touches }) => (from = touches.length === 1 ? touches[0] : null), { passive: true });
  live.addEventListener("touchend", ({ changedTouches: [touch] }) => {
    const x = from ? touch.clientX - from.clientX : 0, y = from ? touch.clientY - from.clientY : 0;
    if (Math.abs(x) > 40 && Math.abs(x) > 2 * Math.abs(y) && !(x < 0 && now === LAST)) move(x < 0 ? 1 : -1);
  });
  figure.append(live);
  figure.classList.add("awake");
  let width = 0;
  const fit = () => { if (figure.clientWidth !== width) { width = figure.clientWidth; measure(); } };
  const stay = () => { fit(); new ResizeObserver(fit).observe(figure); };
  if (document.documentElement.dataset.far) // rests till it is near: place.js
    new IntersectionObserver(([{ isIntersecting }], near) => { if (isIntersecting) near.disconnect(stay()); }, { rootMargin: "200px" }).observe(figure);
  else stay();
  const come = () => { if (asked() >= 0) { go(asked()); figure.scrollIntoView(); } };
  addEventListener("hashchange", come);
  if (asked() >= 0 && performance.getEntriesByType("navigation")[0]?.type === "navigate") come();
}
