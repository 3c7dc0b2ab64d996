// On a phone code wraps, so that nobody has to push it sideways: what does not fit goes on below,
// indented further than the line's beginning. Only the look changes: what is copied is the source.
(() => {
  const narrow = matchMedia("(max-width: 48rem)");
  const blocks = "article div.highlight:not(.alive *, .shrink *, .sphx-glr-script-out *) > pre, .replaced > pre";

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
    if (document.documentElement.classList.toggle("wraps", narrow.matches))
      for (const block of document.querySelectorAll(blocks)) if (!block.querySelector(".line")) lines(block);
  }
  wrap();
  narrow.addEventListener("change", wrap);

  // What is too wide can be pushed with keys, too. Asked after the page is laid out, it costs nothing.
  const watch = new ResizeObserver((seen) => {
    for (const { target: block } of seen)
      block.tabIndex = block.scrollWidth > block.clientWidth || block.scrollHeight > block.clientHeight ? 0 : -1;
  });
  for (const block of document.querySelectorAll("pre, .pst-scrollable-table-container")) watch.observe(block);
})();
