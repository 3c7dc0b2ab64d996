// On a phone code wraps, so that nobody has to push it sideways: what does not fit goes on below,
// indented further than the line's beginning. Only the look changes: what is copied is the source.
(() => {
  const narrow = matchMedia("(max-width: 48rem)");
  const blocks = "article div.highlight:not(.alive *, .shrink *, .sphx-glr-script-out *) > pre, .replaced > pre";
  let done = false;

  /** Put what is in an element into one span for each line; an element on several lines is divided. */
  function lines(element) {
    const rows = [[]];
    for (const node of [...element.childNodes]) {
      const marked = node.nodeType === 1 && node.matches(".hll, del, del > span");
      const parts = marked ? [node] : node.textContent.split(/(?<=\n)/);
      if (marked) lines(node);
      for (const part of parts) {
        const piece = marked || part === node.textContent ? node : Object.assign(node.cloneNode(false), { textContent: part });
        rows.at(-1).push(piece);
        if (part === node || part.endsWith("\n")) rows.push([]);
      }
    }
    element.replaceChildren(...rows.filter((row) => row.length).map((row) => {
      if (row.length === 1 && row[0].nodeType === 1 && row[0].matches(".hll, del, del > span")) return row[0];
      const line = document.createElement("span");
      line.className = "line";
      line.append(...row);
      line.style.setProperty("--in", line.textContent.search(/\S|$/));
      return line;
    }));
  }

  function wrap() {
    if (done || !narrow.matches) return;
    done = true;
    for (const block of document.querySelectorAll(blocks)) lines(block);
    document.documentElement.classList.add("wraps");
  }
  wrap();
  narrow.addEventListener("change", wrap);
})();
