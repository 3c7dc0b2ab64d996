/* "Draw a digit": the pad, the picture that the network sees, the answer, and the way to it. */
"use strict";

(() => {
  const { make, fill } = Alive;
  const PAUSE = 500; // ms without a stroke until the answer is read out
  const SHIFTS = [["left", -1, 0, "\u2190"], ["up", 0, -1, "\u2191"], ["down", 0, 1, "\u2193"], ["right", 1, 0, "\u2192"]];

  class Draw {
    constructor(figure, words, samples) {
      Object.assign(this, { words, samples, shift: [0, 0], chosen: null, example: true, brief: "brief" in figure.dataset });
      this.build(figure.dataset.models.split(" "), figure.dataset.first);
    }

    build(names, first) {
      const { words } = this;
      const canvas = make("canvas", { class: "alive-pad", tabindex: "0", role: "application",
        "aria-label": words.pad, "aria-describedby": "" });
      const help = make("p", { class: "alive-help", id: `alive-help-${Math.random().toString(36).slice(2)}` }, words.keys);
      canvas.setAttribute("aria-describedby", help.id);
      this.pad = new Alive.Pad(canvas, {
        change: () => this.later(),
        end: () => this.tell(),
        shift: (right, down) => this.move(right, down),
        pen: (down) => (this.status.textContent = down ? words.pen_down : words.pen_up),
      });
      // The first stroke replaces the example that is there at the beginning.
      const fresh = () => {
        if (this.example) this.pad.erase();
        this.forget();
      };
      canvas.addEventListener("pointerdown", fresh, { capture: true });
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
      this.element = make("div", { class: "alive-draw", role: "group", "aria-label": words.title },
        this.choice(names, first), this.status,
        make("div", { class: "alive-top" },
          make("div", {}, make("p", { class: "alive-label" }, words.drawing), canvas,
            make("div", { class: "alive-tools" }, button(words.erase, () => this.erase()), button(words.undo, () => this.pad.undo())),
            help),
          make("div", {}, make("p", { class: "alive-label" }, words.seen), this.seen,
            make("div", { class: "alive-tools", role: "group", "aria-label": words.shift }, ...shifts), this.moved,
            make("label", { class: "alive-check" }, this.fit, words.fit)),
          this.bars.element),
        this.gallery(), ...(this.brief ? [] : [this.layers, this.detail]));
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
    gallery() {
      const { words, samples } = this;
      const groups = ["digits", "mistakes"].map((kind) => {
        const label = words[kind];
        const buttons = samples.filter((sample) => sample.kind === kind).map((sample) => {
          const picture = make("canvas", { "aria-hidden": "true" });
          Alive.paint(picture, sample.picture, 28, 1);
          const name = fill(kind === "digits" ? words.sample : words.mistake, sample);
          return make("button", { type: "button", class: "alive-map", "aria-label": name, title: name,
            onclick: () => this.put(sample, name) }, picture);
        });
        const toolbar = make("div", { role: "toolbar", "aria-label": label, class: "alive-maps" }, ...buttons);
        toolbar.style.setProperty("--side", 15);
        Alive.rove(toolbar);
        return make("div", {}, make("p", { class: "alive-label" }, label), toolbar);
      });
      return make("div", { class: "alive-samples" }, ...groups);
    }

    put(sample) {
      this.forget();
      this.shift = [0, 0];
      this.pad.put(sample.picture, true);
    }

    forget() {
      this.example = false;
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
      this.status.textContent = this.words.loading;
      try {
        const model = Alive.readModel(await Alive.load(`model-${name}`));
        if (this.wanted !== name) return; // another one was chosen meanwhile
        this.name = name;
        this.model = model;
      } catch {
        this.status.textContent = this.words.failed;
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
      const fitted = finished || !this.fit.checked ? ink : Alive.mnistify(ink);
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
        this.status.textContent = empty ? words.empty : fill(words.result, {
          model: words[`model_${this.name}`], first, second,
          share: Alive.percent(shares[first]), other: Alive.percent(shares[second]) });
      }, PAUSE);
    }
  }

  const passed = (draw, chosen) => draw.passed[chosen.index + 1];

  /** Build the figure; called by alive.js. */
  Alive.draw = async (figure, words) => {
    const packed = await Alive.load("samples");
    const pixels = await Alive.inflate(packed.pixels);
    const samples = packed.samples.map((sample, i) => ({ ...sample,
      picture: Float32Array.from(pixels.subarray(i * 784, (i + 1) * 784), (pixel) => pixel / 256) }));
    const draw = new Draw(figure, words, samples);
    draw.pad.put(samples[Number(figure.dataset.example) || 0].picture, true);
    await draw.use(figure.dataset.first);
    figure.draw = draw; // for tests, and for the curious in the console
    if (packed.source !== "MNIST") draw.element.prepend(make("p", { class: "alive-small" }, words.stand_in));
    return draw.element;
  };
})();
