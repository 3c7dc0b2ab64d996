// On a phone code wraps, so that nobody has to push it sideways: what does not fit goes on below,
// indented further than the line's beginning. Only the look changes: what is copied is the source.
// Elsewhere the keyboard can push what is too wide. Blocks are looked at when they come near the
// screen: to ask all of them for their width at once would lay out the whole page.
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

  /** A block has come near the screen, or has another width: let its lines wrap, or keys push it. */
  function fit({ target: block }) {
    if (narrow.matches && block.matches(blocks) && !block.querySelector(".line")) lines(block);
    const cut = block.scrollWidth > block.clientWidth || block.scrollHeight > block.clientHeight;
    block.tabIndex = cut || (narrow.matches && pictures.includes(block)) ? 0 : -1;
  }
  const code = document.querySelectorAll("pre"), pictures = [...document.querySelectorAll(".pst-scrollable-table-container")];
  const watch = new ResizeObserver((seen) => seen.forEach(fit));
  function whole() {
    document.documentElement.classList.toggle("wraps", narrow.matches);
    if (narrow.matches) for (const picture of pictures) picture.tabIndex = 0; // it may be too far away to be measured
  }
  for (const block of [...code, ...pictures]) watch.observe(block);
  narrow.addEventListener("change", whole);
  whole();
})();
