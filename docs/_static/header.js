// What the header's buttons do, in place of Bootstrap's eighty kilobytes: menus, drawers, back to top;
// and what the front page wants to know.
(() => {
  for (const button of document.querySelectorAll("[data-bs-toggle='dropdown']")) {
    const menu = button.nextElementSibling, around = button.parentElement;
    const show = (open) => {
      menu.classList.toggle("show", open);
      button.setAttribute("aria-expanded", open);
    };
    menu.dataset.bsPopper = "static"; // the style sheet places it below its button
    show(false);
    button.addEventListener("click", () => show(!menu.classList.contains("show")));
    menu.addEventListener("click", () => { show(false); button.focus(); });
    addEventListener("click", ({ target }) => { if (!around.contains(target)) show(false); });
    around.addEventListener("focusout", ({ relatedTarget: next }) => {
      if (next && !around.contains(next)) show(false);
    });
    around.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.classList.contains("show")) return;
      event.preventDefault(); // a drawer around it stays open
      event.stopPropagation();
      show(false);
      button.focus();
    });
  }

  // On a phone the list of contents is a drawer: a choice closes it.
  for (const drawer of document.querySelectorAll("dialog"))
    drawer.addEventListener("click", ({ target }) => {
      if (target.closest("a[href^='#']")) drawer.close();
    });

  // The front page puts the language first that was read last.
  try {
    localStorage.setItem("mnist_tut.language", document.documentElement.lang);
  } catch { /* nothing may be kept */ }

  // Whoever scrolls up may want to go all the way.
  const up = document.getElementById("pst-back-to-top");
  let before = scrollY;
  addEventListener("scroll", () => {
    up.style.display = scrollY < before && scrollY > innerHeight ? "block" : "none";
    before = scrollY;
  }, { passive: true });
  up.addEventListener("click", () => scrollTo(0, 0));
})();
