// The contents list marks the section that is being read: the last one whose heading has come up to
// the header, however the reader got there. (The theme's own way notices only headings that scroll
// slowly past.)
(() => {
  const list = document.getElementById("page-contents");
  if (!list) return;
  const header = document.querySelector(".bd-header");
  const LINE = 40; // what a link leads to stands fewer pixels below the header
  const sections = [...list.querySelectorAll("a[href^='#']")].flatMap((link) => {
    const section = document.getElementById(link.getAttribute("href").slice(1));
    return section ? [{ link, section }] : [];
  });

  /** Which section is being read; -1 before the first. */
  function current() {
    const tops = sections.map(({ section }) => section.getBoundingClientRect().top);
    const reached = tops.findLastIndex((top) => top <= header.getBoundingClientRect().bottom + LINE);
    // The page's end may stop a section on its way up: then the one that was asked for counts.
    const asked = sections.findIndex(({ link }) => link.hash === location.hash);
    const atEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    return asked > reached && atEnd && tops[asked] < innerHeight ? asked : reached;
  }

  function mark() {
    const now = sections[current()]?.link;
    for (const { link } of sections) {
      link.classList.toggle("active", link === now);
      if (link === now) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    for (const entry of list.querySelectorAll(".toc-entry")) // opens what is below it
      entry.classList.toggle("active", entry.contains(now ?? null));
  }

  let due = 0;
  const soon = () => { due ||= requestAnimationFrame(() => { due = 0; mark(); }); };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("hashchange", soon);
  new ResizeObserver(soon).observe(document.querySelector("article")); // figures arrive, folds open
})();
