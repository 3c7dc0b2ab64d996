/* The definition of a term beside its link: when the pointer or the keyboard comes to it, or at a tap.
   Without this script the browser shows the title of the link. Escape and a tap elsewhere close it. */
(() => {
  const links = document.querySelectorAll('article a[href*="glossary.html#term-"][title]');
  if (!links.length || !HTMLElement.prototype.showPopover) return;

  const box = document.createElement("div");
  box.id = "term-hint";
  box.popover = "auto";
  document.querySelector("article").append(box);
  let shown = null, timer = 0;

  function show(link) {
    clearTimeout(timer);
    if (shown === link && box.matches(":popover-open")) return;
    const entry = document.createElement("a");
    const [, term, about] = link.dataset.about.match(/^(.*?)((?:：|: ).*)$/);
    Object.assign(entry, { href: link.href, textContent: term, tabIndex: -1 });
    box.replaceChildren(entry, about);
    shown?.removeAttribute("aria-describedby");
    shown = link;
    link.setAttribute("aria-describedby", box.id);
    box.showPopover();
    place();
  }
  function place() {
    const at = shown.getClientRects()[0], { width, height } = box.getBoundingClientRect();
    const below = at.bottom + 6 + height <= innerHeight;
    box.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8))}px`;
    box.style.top = `${below ? at.bottom + 6 : at.top - height - 6}px`;
  }
  const later = (act, wait) => { clearTimeout(timer); timer = setTimeout(act, wait); };
  const hide = () => box.matches(":popover-open") && box.hidePopover();

  for (const link of links) {
    link.dataset.about = link.title;
    link.removeAttribute("title"); // or there would be two
    link.addEventListener("pointerenter", (e) => e.pointerType === "mouse" && later(() => show(link), 150));
    link.addEventListener("pointerleave", (e) => e.pointerType === "mouse" && later(hide, 300));
    link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
    link.addEventListener("blur", () => later(hide, 300));
    link.addEventListener("click", (e) => {
      if (e.pointerType !== "touch") return;
      e.preventDefault(); // the box has a link to the entry
      show(link);
    });
  }
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", (e) => e.pointerType === "mouse" && later(hide, 300));
  box.addEventListener("beforetoggle", (e) => e.newState === "closed" && shown?.removeAttribute("aria-describedby"));
  addEventListener("keydown", (e) => e.key === "Escape" && hide());
  addEventListener("scroll", () => box.matches(":popover-open") && place(), { passive: true });
})();
