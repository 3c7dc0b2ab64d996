// "Find your message": while a line is typed or pasted, the tables show only what the site's own search finds.
(() => {
  const box = document.querySelector(".find-message");
  if (!box) return;
  const [label, nothing] = box.querySelectorAll(":scope > p.typed");
  const field = Object.assign(document.createElement("input"), { type: "search", className: "form-control", autocomplete: "off", spellcheck: false });
  const rows = [...box.querySelectorAll("tbody tr")];
  const target = (row) => row.querySelector("a[href^='#']").hash.slice(1);
  const sorry = nothing.textContent;
  label.id = "find-line";
  field.setAttribute("aria-labelledby", label.id);
  nothing.setAttribute("role", "status");
  nothing.textContent = "";
  label.after(field);
  box.classList.add("at-work");

  const root = document.documentElement.dataset.content_root ?? "../";
  const load = (name) => new Promise((onload, onerror) => {
    document.head.append(Object.assign(document.createElement("script"), { src: root + name, onload, onerror }));
  });
  let search, waiting;

  async function find() {
    search ??= load("search-texts.js").then(() => load("search.js")).then(() => window.searchReady);
    await search;
    const line = field.value.trim();
    const found = line ? window.searchSite(line).found.map(({ anchor }) => anchor) : rows.map(target);
    for (const row of rows) row.hidden = !found.includes(target(row));
    for (const row of [...rows].sort((a, b) => found.indexOf(target(a)) - found.indexOf(target(b)))) row.parentNode.append(row); // the best first
    for (const table of box.querySelectorAll("table")) table.hidden = !table.querySelector("tbody tr:not([hidden])");
    nothing.textContent = rows.every((row) => row.hidden) ? sorry : "";
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 150);
  });
})();
