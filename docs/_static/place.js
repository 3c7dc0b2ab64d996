// On a phone what is far from the reader is not laid out (site.css): it is before a place is sought.
{
  const wake = () => { delete document.documentElement.dataset.far; };
  addEventListener("click", ({ target }) => {
    const link = target.closest?.("a");
    if (link?.hash && link.pathname === location.pathname) wake(); // no other page's
  }, true);
  for (const event of ["hashchange", "beforeprint"]) addEventListener(event, wake);
  addEventListener("load", () => {
    const width = innerWidth; // a phone's bars come and go
    addEventListener("resize", () => { if (innerWidth !== width) wake(); });
  });
}

// The language switch keeps the reader's place. Headings, cells and figures are the same in both
// languages, paragraphs are not: so a place is "so far between two of these marks". It travels in the
// hash, `#cnn~2.40`: from the third mark below #cnn four tenths of the way to the next. That works on
// pages opened from a folder, too. Without this script the switch leads to the top of the page.
(() => {
  const article = document.querySelector("article");
  const link = document.querySelectorAll("a.language-switch");
  if (!article || !link.length) return;
  const NAMED = "section section[id], dt[id], .exercise[id], .loop[id]";
  const MARKS = `${NAMED}, .alive, .shrink, :is(pre, img, table, .guess):not(.alive *, .shrink *)`;
  const LINE = 32; // a line that a link leads to stands as many pixels below the header, or fewer

  const top = (mark) => mark.getBoundingClientRect().top;
  const shown = (mark) => mark.checkVisibility(); // not folded away

  /** Where reading begins: below the header, and below what a jump leaves free. */
  function line() {
    const header = document.querySelector(".bd-header");
    return Math.max(0, header ? header.getBoundingClientRect().bottom : 0) + LINE;
  }

  /** List the marks, each with the last name before it and how many marks ago that was. */
  function marks() {
    let name = "", since = 0;
    return [...article.querySelectorAll(MARKS)].map((mark) => {
      since += 1;
      if (mark.matches(NAMED)) [name, since] = [mark.id, 0];
      return { mark, name, since };
    });
  }

  /** The end of the stretch that begins with a mark: the next one below it, or the page's end. */
  function end(all, mark) {
    const next = all.find((each) => shown(each.mark) && top(each.mark) > top(mark));
    return next ? top(next.mark) : article.getBoundingClientRect().bottom;
  }

  /** Word the place at the top of the screen as a hash; "" at the beginning of the page. */
  function where() {
    const all = marks(), y = line(), loop = article.querySelector(".shrink")?.getBoundingClientRect();
    // A step of the loop that is in sight has an address of its own.
    if (loop && location.hash.startsWith("#step-") && loop.top < innerHeight / 2 && loop.bottom > y) return location.hash;
    const index = all.findLastIndex(({ mark }) => shown(mark) && top(mark) <= y);
    if (index < 0 && scrollY < LINE) return "";
    const { mark, name, since } = all[index] ?? { mark: article, name: "", since: 0 };
    if (name && since === 0 && top(mark) > y - LINE) return `#${name}`; // just where a link leads
    const part = (y - top(mark)) / (end(all, mark) - top(mark));
    return `#${name}~${since}.${String(Math.min(99, Math.floor(100 * part))).padStart(2, "0")}`;
  }

  /** Scroll to a place, and say how far the page is scrolled then. */
  function go(name, since, part) {
    const all = marks();
    const found = all.find((each) => each.name === name && each.since === since);
    const mark = found ? found.mark : article;
    for (let box = mark; (box = box.parentElement.closest("details")); ) box.open = true;
    const y = top(mark) + part * (end(all, mark) - top(mark)) - line();
    scrollTo({ top: scrollY + y, behavior: "instant" });
    mark.tabIndex = -1; // the keyboard goes on from here
    mark.style.outline = "none";
    mark.focus({ preventScroll: true });
    mark.addEventListener("blur", () => mark.removeAttribute("tabindex"), { once: true });
    return scrollY;
  }

  const carry = ({ currentTarget }) => { currentTarget.hash = where(); };
  for (const each of link)
    for (const event of ["click", "auxclick", "contextmenu"]) each.addEventListener(event, carry);

  const found = location.hash.replace(/%7e/i, "~").match(/^#(.*)~(\d+)\.(\d\d)$/);
  if (!found) return;
  const place = [found[1], Number(found[2]), Number(found[3]) / 100];
  const reached = go(...place);
  // Once more when everything has its size, unless the reader has moved on. Only then may the address
  // say the section alone: a browser that is still loading would go there.
  addEventListener("load", () => {
    if (Math.abs(scrollY - reached) < 2) go(...place);
    const hash = found[1] && `#${found[1]}`;
    setTimeout(() => history.replaceState(history.state, "", location.href.split("#")[0] + hash));
  });
})();
