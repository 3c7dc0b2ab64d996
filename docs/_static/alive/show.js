/* What the network sees and does, as pictures, bars and sums.
 *
 * Canvases are as small as what they show and are enlarged by the style sheet. Colours are the
 * page's: white on black for what is zero or more, blue and orange for numbers of both signs. */
"use strict";

(() => {
  const BLUE = [0, 114, 178], PALE = [242, 242, 242], ORANGE = [213, 94, 0];
  const { make, fill } = Alive;

  const colour = (red, green, blue) => (255 << 24) | (blue << 16) | (green << 8) | red;
  const GREYS = Int32Array.from({ length: 256 }, (_, k) => colour(k, k, k));
  // From blue over pale to orange; the middle one is for zero.
  const SIGNED = Int32Array.from({ length: 511 }, (_, k) => {
    const share = Math.abs(k - 255) / 255, full = k < 255 ? BLUE : ORANGE;
    return colour(...PALE.map((from, i) => Math.round(from + share * (full[i] - from))));
  });

  function draw(canvas, values, side, colours, factor, zero) {
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    const image = (canvas.image ??= context.createImageData(side, side)); // written, never read back
    const pixels = new Int32Array(image.data.buffer), last = colours.length - 1;
    for (let k = 0; k < pixels.length; k++)
      pixels[k] = colours[Math.min(last, Math.max(0, Math.round(zero + values[k] * factor)))];
    context.putImageData(image, 0, 0);
  }

  /** Paint numbers from 0 to `max` in greys. */
  Alive.paint = (canvas, values, side, max) => draw(canvas, values, side, GREYS, 255 / max, 0);

  /** Paint numbers from -`limit` to `limit`: blue, pale, orange. */
  Alive.paintSigned = (canvas, values, side, limit) => draw(canvas, values, side, SIGNED, 255 / limit, 255);

  /** Write a number with so many decimals, and with a real minus sign. */
  const number = (Alive.number = (value, decimals = 2) =>
    Number.isFinite(value) ? value.toFixed(decimals).replace(/^-(?=.*[1-9])/, "\u2212").replace("-", "") : "\u221e");
  Alive.percent = (share) => (share >= 0.9995 ? ">\u00a099.9\u00a0%" : `${(100 * share).toFixed(1)} %`); // nobody is so sure

  const largest = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
  const canvas = (settings = {}) => make("canvas", { "aria-hidden": "true", width: 1, height: 1, ...settings });

  /** A table of ten classes: a bar for the probability, and both numbers. */
  Alive.Bars = class {
    constructor(words) {
      this.rows = Array.from({ length: 10 }, (_, digit) => {
        const bar = make("span", { class: "alive-bar" });
        const share = make("td", { class: "alive-share", role: "cell" }), logit = make("td", { role: "cell" });
        const row = make("tr", { role: "row" }, make("th", { scope: "row", role: "rowheader" }, String(digit)),
          make("td", { class: "alive-track", "aria-hidden": "true" }, bar), share, logit);
        return { row, bar, share, logit };
      });
      const head = [[words.digit], ["", true], [words.probability], [words.logit]].map(([word, hidden]) =>
        hidden ? make("td", { "aria-hidden": "true" }) : make("th", { scope: "col", role: "columnheader" }, word));
      this.element = make("table", { class: "alive-bars", role: "table", "aria-label": words.answer },
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...head)),
        make("tbody", { role: "rowgroup" }, ...this.rows.map(({ row }) => row)));
    }

    update(logits, shares) {
      const best = shares.indexOf(Math.max(...shares));
      this.rows.forEach(({ row, bar, share, logit }, digit) => {
        row.classList.toggle("alive-best", digit === best);
        bar.style.setProperty("--p", shares[digit].toFixed(4));
        share.textContent = Alive.percent(shares[digit]);
        logit.textContent = number(logits[digit]);
      });
    }
  };

  /** Let arrow keys move among buttons of which only one is a stop of the tabulator. */
  function rove(toolbar) {
    const buttons = [...toolbar.children];
    buttons.forEach((button, i) => (button.tabIndex = i ? -1 : 0));
    toolbar.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const at = buttons.indexOf(document.activeElement);
      if (!by || at < 0) return;
      event.preventDefault();
      const next = buttons[(at + by + buttons.length) % buttons.length];
      buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
      next.focus();
    });
  }
  Alive.rove = rove;

  /** The layers of one model: a row of maps for each convolution; for the linear model the ten
   *  pictures of weights times pixels. `choose(layer, channel)` is called on a click. */
  Alive.Layers = class {
    constructor(model, words, choose) {
      this.element = make("div", { class: "alive-layers" });
      this.rows = [];
      model.layers.forEach((layer, index) => {
        const flat = layer.kind === "linear" && layer.from === 784;
        if (layer.kind !== "conv" && !flat) return;
        const maps = Array.from({ length: layer.to }, (_, channel) => {
          const picture = canvas();
          const name = fill(flat ? words.evidence_of : words.map_of, { map: flat ? channel : channel + 1, maps: layer.to });
          const button = make("button", { type: "button", class: "alive-map", "aria-pressed": "false",
            "aria-label": name, title: name, onclick: () => choose(index, channel) }, picture);
          if (flat) button.append(make("span", {}, String(channel)));
          return { picture, button };
        });
        const side = flat ? 28 : layer.side;
        const label = fill(flat ? words.evidence : words.layer, { layer: index + 1, maps: layer.to, side });
        const toolbar = make("div", { role: "toolbar", "aria-label": label, class: "alive-maps" },
          ...maps.map(({ button }) => button));
        toolbar.style.setProperty("--side", flat ? 22 : { 14: 16, 7: 11, 4: 8 }[side] ?? 12);
        rove(toolbar);
        this.rows.push({ index, layer, flat, maps });
        this.element.append(make("p", { class: "alive-label" }, label), toolbar);
      });
    }

    update(passed) {
      for (const { index, layer, flat, maps } of this.rows) {
        const { side, values } = flat ? { side: 28, values: Alive.evidence(layer, passed[0].values) } : passed[index + 1];
        const area = side * side, limit = largest(values);
        maps.forEach(({ picture }, channel) => {
          const own = values.subarray(channel * area, (channel + 1) * area);
          (flat ? Alive.paintSigned : Alive.paint)(picture, own, side, limit);
        });
      }
    }

    /** Mark the map that is explained. */
    mark(index, channel) {
      for (const row of this.rows)
        row.maps.forEach(({ button }, i) => button.setAttribute("aria-pressed", String(row.index === index && i === channel)));
    }
  };

  /** Weights times pixels, for each of a linear model's classes. */
  Alive.evidence = (layer, picture) => layer.weights.map((weight, k) => weight * picture[k % picture.length]);

  const figure = (content, caption) => make("figure", {}, content, make("figcaption", {}, caption));

  /** Nine numbers as a small table on colours. */
  function nine(values, limit, signed) {
    const rows = [0, 1, 2].map((i) => make("tr", {}, ...[0, 1, 2].map((j) => {
      const value = values[3 * i + j], cell = make("td", {}, number(value));
      const share = Math.min(1, Math.abs(value) / limit);
      const colour = signed ? (value < 0 ? BLUE : ORANGE) : [128, 128, 128];
      cell.style.background = `rgb(${colour.join(" ")} / ${Math.round(share * 35)}%)`;
      return cell;
    })));
    return make("table", { class: "alive-nine" }, make("tbody", {}, ...rows));
  }

  /** A picture in which a window is framed. */
  function framed(values, side, row, column, size) {
    const picture = canvas(), frame = make("span", { class: "alive-frame" });
    Alive.paint(picture, values, side, largest(values));
    const edges = { left: column, top: row, width: size, height: size };
    for (const [edge, value] of Object.entries(edges)) frame.style[edge] = `${(100 * value) / side}%`;
    return make("span", { class: "alive-framed" }, picture, frame);
  }

  /** Explain one number of a convolution's map: its window, its kernel, its sum. `move(row, column)`
   *  is called when the reader chooses another place. */
  Alive.explainMap = (model, passed, { index, channel, row, column }, words, move) => {
    const layer = model.layers[index], input = passed[index], output = passed[index + 1];
    const { parts, bias, total } = Alive.oneSum(layer, input, channel, row, column);
    const first = parts.reduce((best, part, i) => (Math.abs(part.sum) > Math.abs(parts[best].sum) ? i : best), 0);
    const { pixels, weights } = parts[first], products = pixels.map((pixel, k) => pixel * weights[k]);
    const area = output.side ** 2, inArea = input.side ** 2;
    const map = framed(output.values.subarray(channel * area, (channel + 1) * area), output.side, row, column, 1);
    const place = make("span", { tabindex: "0", role: "application", class: "alive-place", "aria-label": words.place }, map);
    place.addEventListener("click", (event) => {
      const box = map.getBoundingClientRect();
      const at = (value, size) => Math.min(output.side - 1, Math.max(0, Math.floor((value / size) * output.side)));
      move(at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
    });
    place.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!by) return;
      event.preventDefault();
      const within = (value) => Math.min(output.side - 1, Math.max(0, value));
      move(within(row + by[0]), within(column + by[1]));
    });
    const source = framed(input.values.subarray(first * inArea, (first + 1) * inArea), input.side, 2 * row - 1, 2 * column - 1, 3);
    const values = { layer: index + 1, map: channel + 1, row: row + 1, column: column + 1, input: first + 1,
      inputs: parts.length, others: parts.length - 1, part: number(parts[first].sum), bias: number(bias),
      sum: number(total - bias), total: number(total), result: number(Math.max(0, total)) };
    const sums = make("div", { class: "alive-sums" },
      figure(source, fill(index ? words.input_map : words.input_picture, values)),
      figure(nine(pixels, largest(input.values), false), words.window), make("b", {}, "\u00d7"),
      figure(nine(weights, largest(layer.weights), true), words.kernel), make("b", {}, "="),
      figure(nine(products, largest(products), true), words.products));
    const all = make("div", { class: "alive-parts" }, ...(parts.length < 2 ? [] : parts.map((part, i) => {
      const kernel = canvas();
      Alive.paintSigned(kernel, part.weights, 3, largest(layer.weights));
      return make("span", { class: i === first ? "alive-best" : "" }, kernel, number(part.sum));
    })));
    return make("div", {}, make("p", { class: "alive-label" }, fill(words.explain_map, values)),
      make("div", { class: "alive-explained" }, figure(place, fill(words.chosen, values)), sums),
      make("p", {}, fill(parts.length < 2 ? words.sum_one : words.sum_many, values)), all);
  };

  /** Explain one class of the linear model: weights, pixels, their products, and the sum. */
  Alive.explainClass = (model, passed, digit, words) => {
    const [layer] = model.layers, picture = passed[0].values;
    const weights = layer.weights.subarray(digit * 784, (digit + 1) * 784);
    const products = weights.map((weight, k) => weight * picture[k]);
    const [left, middle, right] = [canvas(), canvas(), canvas()];
    Alive.paint(left, picture, 28, 1);
    Alive.paintSigned(middle, weights, 28, largest(weights));
    Alive.paintSigned(right, products, 28, largest(products));
    const sum = (wanted) => products.reduce((total, value) => total + (wanted(value) ? value : 0), 0);
    const values = { digit, for: number(sum((v) => v > 0)), against: number(sum((v) => v < 0)),
      bias: number(layer.bias[digit]), logit: number(passed.at(-1).values[digit]) };
    return make("div", {}, make("p", { class: "alive-label" }, fill(words.explain_class, values)),
      make("div", { class: "alive-sums" }, figure(left, words.pixels), make("b", {}, "\u00d7"), figure(middle, words.weights),
        make("b", {}, "="), figure(right, words.both)),
      make("p", {}, fill(words.sum_class, values)));
  };
})();
