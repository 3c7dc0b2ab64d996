/* "Draw a digit": the pad, the picture that the network sees, the answer, and the way to it. */
"use strict";

(() => {
  const { make, fill } = Alive;
  const MODELS = ["linear", "cnn", "better"];
  const SEVEN = "M28 26C42 22 60 26 73 23 64 42 50 58 45 83"; // in a box of 100 by 100
  const PAUSE = 500; // ms without a stroke until the answer is read out
  const SHIFTS = [["left", -1, 0, "\u2190"], ["up", 0, -1, "\u2191"], ["down", 0, 1, "\u2193"], ["right", 1, 0, "\u2192"]];

  class Draw {
    constructor(figure, words) {
      Object.assign(this, { words, shift: [0, 0], chosen: null, example: true, brief: "brief" in figure.dataset });
      this.build(MODELS, this.brief ? "better" : "cnn");
    }

    build(names, first) {
      const { words } = this;
      const canvas = make("canvas", { class: "alive-pad", tabindex: "0", role: "application",
        "aria-label": words.pad, "aria-describedby": "" });
      const help = make("p", { class: "alive-help", id: `alive-help-${Math.random().toString(36).slice(2)}` }, words.keys);
      canvas.setAttribute("aria-describedby", help.id);
      this.hint = make("span", { class: "alive-hint", "aria-hidden": "true", hidden: !this.brief }, words.turn);
      const paper = make("div", { class: "alive-paper" }, canvas, this.hint);
      this.pad = new Alive.Pad(canvas, {
        change: () => this.later(),
        end: () => this.tell(),
        shift: (right, down) => this.move(right, down),
        pen: (down) => (this.status.textContent = down ? words.pen_down : words.pen_up),
      }, paper);
      // The first stroke replaces the example that is there at the beginning.
      const fresh = () => {
        if (this.example) this.pad.erase();
        this.forget();
      };
      paper.addEventListener("pointerdown", fresh, { capture: true });
      paper.addEventListener("pointerenter", ({ buttons }) => buttons === 1 && this.example && fresh(), { capture: true });
      canvas.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && fresh(), { capture: true });
      this.seen = make("canvas", { class: "alive-seen", role: "img", "aria-label": words.seen });
      this.moved = make("p", { class: "alive-small" });
      this.bars = new Alive.Bars(words);
      this.status = make("p", { class: "alive-status", role: "status" });
      this.layers = make("div");
      this.detail = make("div", { class: "alive-detail", hidden: true });
      this.fit = make("input", { type: "checkbox", checked: true, onchange: () => this.again() });
      const button = (word, act, label) =>
        make("button", { type: "button", class: "alive-button", onclick: act, "aria-label": label, title: label }, word);
      const shifts = SHIFTS.map(([name, right, down, arrow]) =>
        button(arrow, () => this.move(right, down), words[`shift_${name}`]));
      const more = make("details", { class: "alive-more" }, make("summary", {}, words.more),
        this.choice(names, first), help,
        make("div", { class: "alive-sight" },
          make("div", {}, make("p", { class: "alive-label" }, words.seen), this.seen),
          make("div", {}, make("div", { class: "alive-tools", role: "group", "aria-label": words.shift }, ...shifts), this.moved,
            make("label", { class: "alive-check" }, this.fit, words.fit))),
        (this.samples = make("div", { class: "alive-samples" })));
      this.element = make("div", { class: "alive-draw", role: "group", "aria-label": words.title },
        make("p", { class: "alive-label" }, this.brief ? words.promise : words.drawing),
        make("div", { class: "alive-read" }, paper, this.bars.element),
        make("div", { class: "alive-foot" }, this.status,
          make("div", { class: "alive-tools" }, button(words.erase, () => this.erase()), button(words.undo, () => this.pad.undo()))),
        more, ...(this.brief ? [] : [this.layers, this.detail]));
    }

    /** Choose among the models; the weights of each are loaded when it is first wanted. */
    choice(names, first) {
      const group = `alive-model-${Math.random().toString(36).slice(2)}`;
      const radios = names.map((name) => make("label", { class: "alive-check" },
        make("input", { type: "radio", name: group, value: name, checked: name === first, onchange: () => this.use(name) }),
        this.words[`model_${name}`]));
      return make("fieldset", { class: "alive-models" }, make("legend", {}, this.words.models), ...radios);
    }

    /** Pictures of the validation set, the CNN's mistakes among them. */
    gallery(samples) {
      const { words } = this;
      const groups = ["digits", "mistakes"].map((kind) => {
        const label = words[kind];
        const buttons = samples.filter((sample) => sample.kind === kind).map((sample) => {
          const picture = make("canvas", { "aria-hidden": "true" });
          Alive.paint(picture, sample.picture, 28, 1);
          const name = fill(kind === "digits" ? words.sample : words.mistake, sample);
          return make("button", { type: "button", class: "alive-map", "aria-label": name, title: name,
            onclick: () => this.put(sample, name) }, picture,
            ...(kind === "mistakes" ? [make("span", {}, `${sample.label} \u2192 ${sample.read}`)] : []));
        });
        const toolbar = make("div", { role: "toolbar", "aria-label": label, class: "alive-maps" }, ...buttons);
        toolbar.style.setProperty("--side", 15);
        Alive.rove(toolbar);
        return make("div", {}, make("p", { class: "alive-label" }, label), toolbar);
      });
      this.samples.replaceChildren(...groups);
    }

    /** Write a 7, as a hand would, until the reader takes over. */
    demonstrate() {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", SEVEN);
      const length = path.getTotalLength(), n = 48, began = performance.now();
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      let drawn = 0;
      const more = (time) => {
        if (!this.example) return;
        for (const upTo = still ? n : Math.min(n, ((time - began) / 900) * n); drawn <= upTo; drawn++) {
          const { x, y } = path.getPointAtLength((drawn / n) * length), point = { x: x * 0.28 - 0.5, y: y * 0.28 - 0.5 };
          if (drawn) this.pad.extend(point);
          else this.pad.begin(point);
        }
        this.pad.changed();
        if (drawn <= n) requestAnimationFrame(more);
        else this.tell();
      };
      requestAnimationFrame(more);
    }

    put(sample) {
      this.forget();
      this.shift = [0, 0];
      this.pad.put(sample.picture, true);
    }

    forget() {
      this.example = false;
      this.hint.hidden = true;
      if (this.chosen) this.chosen.follow = true;
    }

    erase() {
      this.shift = [0, 0];
      this.pad.erase();
    }

    move(right, down) {
      this.shift = [this.shift[0] + right, this.shift[1] + down];
      this.again();
    }

    again() {
      this.later();
      this.tell();
    }

    async use(name) {
      this.wanted = name;
      clearTimeout(this.timer); // what the last model read must not cover what is said now
      this.status.textContent = this.words.loading;
      try {
        const model = Alive.readModel(await Alive.load(`model-${name}`));
        if (this.wanted !== name) return; // another one was chosen meanwhile
        this.name = name;
        this.model = model;
      } catch {
        if (this.wanted === name) this.status.textContent = this.words.failed;
        return;
      }
      const flat = this.model.layers[0].kind === "linear";
      this.rows = new Alive.Layers(this.model, this.words, (index, channel) => this.choose(index, channel));
      this.layers.replaceChildren(this.rows.element);
      this.chosen = flat ? { index: 0, best: true } : null; // for the winning class, unless one is chosen
      this.update();
      this.tell();
    }

    choose(index, channel) {
      this.chosen = { index, channel, follow: true };
      this.update();
      this.detail.scrollIntoView({ block: "nearest" });
    }

    /** Update before the next frame, once, however many movements of the pen there were. */
    later() {
      this.due ??= requestAnimationFrame(() => {
        this.due = null;
        this.update();
      });
    }

    get picture() {
      const { ink, finished } = this.pad;
      const fitted = finished || !this.fit.checked ? ink : Alive.mnistify(this.pad.scaled());
      return Alive.shifted(fitted, ...this.shift);
    }

    update() {
      if (!this.model) return;
      const { picture } = this;
      Alive.paint(this.seen, picture, 28, 1);
      const [right, down] = this.shift;
      this.moved.textContent = right || down ? fill(this.words.moved, { right: Alive.number(right, 0), down: Alive.number(down, 0) }) : "";
      this.passed = Alive.forward(this.model, picture);
      this.logits = this.passed.at(-1).values;
      this.shares = Alive.softmax(this.logits);
      this.bars.update(this.logits, this.shares);
      if (this.brief) return;
      this.rows.update(this.passed);
      const drawing = this.pad.last && this.chosen && !this.chosen.best;
      clearTimeout(this.waiting); // while a stroke goes on, sums can wait: they would slow it down
      if (drawing) this.waiting = setTimeout(() => this.explain(), PAUSE / 4);
      else this.explain();
    }

    explain() {
      const { chosen, model, passed, words } = this;
      this.detail.hidden = !chosen;
      if (!chosen) return this.rows.mark(-1);
      if (model.layers[chosen.index].kind === "linear") {
        const digit = chosen.best ? this.logits.indexOf(Math.max(...this.logits)) : chosen.channel;
        this.rows.mark(chosen.index, digit);
        return this.detail.replaceChildren(Alive.explainClass(model, passed, digit, words));
      }
      this.rows.mark(chosen.index, chosen.channel);
      if (chosen.follow) this.strongest(chosen);
      const within = this.detail.contains(document.activeElement);
      this.detail.replaceChildren(Alive.explainMap(model, passed, chosen, words, (row, column) => {
        Object.assign(chosen, { row, column, follow: false });
        this.explain();
      }));
      if (within) this.detail.querySelector(".alive-place").focus();
    }

    /** Look at the place where the chosen map is brightest. */
    strongest(chosen) {
      const { side, values } = passed(this, chosen), area = side * side;
      const own = values.subarray(chosen.channel * area, (chosen.channel + 1) * area);
      const at = own.indexOf(Math.max(...own));
      Object.assign(chosen, { row: Math.floor(at / side), column: at % side });
    }

    /** Say the answer when the reader pauses: at once it would interrupt itself. */
    tell() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const { words, shares } = this;
        if (!shares) return;
        const order = shares.map((_, digit) => digit).sort((a, b) => shares[b] - shares[a]);
        const [first, second] = order;
        const empty = !this.pad.ink.some((ink) => ink > 0);
        const sure = shares[first] >= 0.9995; // what comes next is nothing then
        this.status.textContent = empty ? words.empty : fill(sure ? words.sure : words.result, {
          model: words[`model_${this.name}`], first, second,
          share: Alive.percent(shares[first]), other: Alive.percent(shares[second]) });
      }, PAUSE);
    }
  }

  const passed = (draw, chosen) => draw.passed[chosen.index + 1];

  /** Let the rest of a long page rest, each section as high as it is: else a phone arranges all its
   *  layers anew at every movement of the pen. */
  function rest(figure) {
    const again = () => figure.addEventListener("pointerdown", () => rest(figure), { once: true, capture: true });
    if (document.documentElement.dataset.far) return again(); // it rests already: place.js
    const others = [...document.querySelectorAll("article > section > section")].filter((s) => !s.querySelector("[data-alive]"));
    const heights = others.map((section) => section.offsetHeight), width = innerWidth;
    others.forEach(({ style }, i) => Object.assign(style, { containIntrinsicSize: `auto ${heights[i]}px`, contentVisibility: "auto" }));
    const wake = () => {
      if (innerWidth === width) return; // a phone's bars come and go
      removeEventListener("resize", wake);
      for (const { style } of others) style.contentVisibility = style.containIntrinsicSize = "";
      again();
    };
    addEventListener("resize", wake);
  }

  /** Build the figure; called by alive.js. One can draw before the network's weights are there. */
  Alive.draw = async (figure, words) => {
    const draw = (figure.draw = new Draw(figure, words)); // for tests, and for the curious in the console
    const example = draw.brief ? 0 : Number(figure.dataset.example) || 0;
    const samples = Alive.load("samples").then(async (packed) => {
      const pixels = await Alive.inflate(packed.pixels);
      const shown = packed.samples.map((sample, i) => ({ ...sample,
        picture: Float32Array.from(pixels.subarray(i * 784, (i + 1) * 784), (pixel) => pixel / 256) }));
      draw.gallery(shown);
      if (!draw.brief && draw.example) draw.pad.put(shown[example].picture, true);
      if (packed.source !== "MNIST") draw.element.prepend(make("p", { class: "alive-small" }, words.stand_in));
    });
    if (draw.brief) draw.demonstrate();
    else await samples;
    const model = draw.use(draw.brief ? "better" : "cnn");
    if (!draw.brief) await model.then(() => setTimeout(rest, 300, figure));
    samples.catch(() => {}); // the pad works without
    return draw.element;
  };
})();
