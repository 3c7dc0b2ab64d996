// Which exercises a reader has ticked off: kept in this browser only, shown in the boxes and in the
// contents list. Where nothing can be kept, there is nothing to tick.
(() => {
  const KEY = "mnist_tut.done";
  const boxes = [...document.querySelectorAll(".exercise[data-exercise]")];

  function read() {
    const kept = localStorage.getItem(KEY);
    try {
      return new Set(JSON.parse(kept));
    } catch {
      return new Set(); // not ours
    }
  }

  function write(done) {
    localStorage.setItem(KEY, JSON.stringify([...done]));
  }

  function sections() {
    const found = new Map();
    for (const box of boxes) {
      const section = box.closest("section[id]");
      if (section) found.set(section.id, [...(found.get(section.id) || []), box]);
    }
    return found;
  }

  function show(done) {
    for (const box of boxes) {
      const ticked = done.has(box.dataset.exercise);
      box.classList.toggle("done", ticked);
      box.querySelector(".exercise-done input").checked = ticked;
    }
    for (const [id, inside] of sections()) {
      const count = inside.filter((box) => done.has(box.dataset.exercise)).length;
      const text = inside[0].dataset.count.replace("{done}", count).replace("{all}", inside.length);
      for (const link of document.querySelectorAll(".page-toc a[href]")) {
        if (link.getAttribute("href") !== `#${id}`) continue;
        let mark = link.querySelector(".exercise-count");
        if (!mark) {
          mark = document.createElement("span");
          mark.className = "exercise-count";
          mark.setAttribute("role", "img");
          link.append(" ", mark);
        }
        mark.textContent = "●".repeat(count) + "○".repeat(inside.length - count);
        mark.setAttribute("aria-label", text);
        mark.title = text;
      }
    }
  }

  function tick(event) {
    const name = event.target.closest(".exercise").dataset.exercise;
    const done = read();
    if (event.target.checked) done.add(name);
    else done.delete(name);
    write(done);
    show(done);
  }

  if (!boxes.length) return;
  try {
    localStorage.setItem(`${KEY}.probe`, ""); // may be forbidden or full
    localStorage.removeItem(`${KEY}.probe`); // what is kept is left alone until a tick changes it
    show(read());
  } catch {
    return;
  }
  for (const box of boxes) {
    const label = box.querySelector(".exercise-done");
    label.hidden = false;
    const tickbox = label.querySelector("input");
    tickbox.autocomplete = "off"; // what was kept decides after a reload, and not the browser
    tickbox.addEventListener("change", tick);
  }
  addEventListener("storage", (event) => {
    if (event.key === KEY) show(read());
  });
})();
