/* "Train it here": the page's loop, run in the reader's browser, with switches that break it.
 *
 * The work is done by learn.js in a Worker, so that the page stays smooth. The Worker is made from a
 * Blob: pages opened from a folder (`file://`) may not start one from a file. */
"use strict";

(() => {
  const { make, fill, number } = Alive;
  const EPOCHS = 5, PER_EPOCH = 40, FRAME = 33; // pictures of the run in an epoch; ms between two
  const PAGE = { lr: 0.5, bs: 64 };
  const RATES = [0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
  const SIZES = [1, 4, 16, 32, 64, 128, 256, 1024];
  const SWITCHES = ["unzeroed", "sorted", "shuffled", "unbiased", "zeros", "huge", "fast", "twice"];
  const APART = { zeros: "huge", huge: "zeros" }; // one replaces the other
  const LOW = 0.01, HIGH = 1000, HEIGHT = 230, COLUMNS = 400;

  /** What runs in the Worker: answers {data}, {reset, run}, {go}, {step} and {stop}. */
  function work(Learner) {
    let data, learner, run, timer, limit;
    const report = (losses, paused = false) => postMessage({ run, losses, paused, steps: learner.steps, perEpoch: learner.perEpoch,
      done: learner.steps >= limit, weights: learner.weights, ...learner.validate() });
    const several = (count) => {
      const losses = [];
      while (losses.length < count && learner.steps < limit) losses.push(learner.step());
      return losses;
    };
    const orders = {
      data: (value) => (data = value),
      reset: (settings) => {
        learner = new Learner(data, settings);
        limit = settings.epochs * learner.perEpoch;
        report([]);
      },
      step: () => report(several(1)),
      go: ({ perEpoch, frame }) => {
        const count = Math.max(1, Math.round(learner.perEpoch / perEpoch));
        const tick = () => {
          report(several(count));
          timer = learner.steps < limit && setTimeout(tick, frame);
        };
        tick();
      },
      stop: () => report([], true),
    };
    onmessage = ({ data: message }) => {
      clearTimeout(timer);
      run = message.run;
      for (const name of Object.keys(orders)) if (name in message) orders[name](message[name]);
    };
  }

  /** Where a loss stands in the picture, on a logarithmic scale. */
  const height = (loss) => {
    const within = Math.min(HIGH, Math.max(LOW, Number.isFinite(loss) ? loss : HIGH));
    return HEIGHT * (1 - Math.log(within / LOW) / Math.log(HIGH / LOW));
  };

  /** A line through losses; where there are more than one can see, through means of several. */
  function line(losses, perEpoch, width) {
    const bunch = Math.max(1, Math.ceil((perEpoch * EPOCHS) / COLUMNS)), points = [];
    for (let i = 0; i < losses.length; i += bunch) {
      const some = losses.slice(i, i + bunch), mean = some.reduce((a, b) => a + b, 0) / some.length;
      const x = ((i + some.length / 2) / (perEpoch * EPOCHS)) * width;
      points.push(`${x.toFixed(1)},${height(mean).toFixed(1)}`);
    }
    return points.join(" ");
  }

  const svg = (tag, settings, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  class Trainer {
    constructor(figure, words) {
      Object.assign(this, { words, run: 0, losses: [], on: {}, ...PAGE });
      this.width = figure.clientWidth < 500 ? 300 : matchMedia("(width >= 60rem)").matches ? 480 : 600; // of the chart: its numbers stay readable
      this.calm = matchMedia("(prefers-reduced-motion: reduce)");
      this.build(figure);
    }

    build(figure) {
      const { words } = this;
      const code = figure.querySelector(".alive-code").content.cloneNode(true);
      this.code = make("div", { class: "alive-loop", lang: "en", role: "region", tabindex: "0", "aria-label": words.code }, code);
      this.hints = make("ul", { class: "alive-hints", "aria-live": "polite" });
      this.status = make("p", { class: "alive-status", role: "status" });
      this.readout = make("p", { class: "alive-readout" });
      this.weights = Array.from({ length: 10 }, () => make("canvas", { "aria-hidden": "true", width: 28, height: 28 }));
      const button = (name, act) => make("button", { type: "button", class: "alive-button", onclick: act }, words[name]);
      this.runs = button("run", () => this.toggle());
      this.steps = button("step", () => this.step());
      this.boxes = Object.fromEntries(SWITCHES.map((name) =>
        [name, make("input", { type: "checkbox", onchange: (event) => this.flip(name, event.target.checked) })]));
      const switches = SWITCHES.map((name) => make("label", { class: "alive-check" }, this.boxes[name], words[`do_${name}`]));
      this.element = make("div", { class: "alive-train", role: "group", "aria-label": words.title },
        make("div", { class: "alive-side" }, this.code,
          make("div", {}, this.slider("lr", RATES), this.slider("bs", SIZES),
            make("fieldset", { class: "alive-switches" }, make("legend", {}, words.break), ...switches))),
        this.hints,
        make("div", { class: "alive-tools" }, this.runs, this.steps, button("reset", () => this.reset()), button("restore", () => this.restore())),
        this.status, this.chart(), this.readout,
        make("figure", { class: "alive-weights" },
          make("div", { role: "img", "aria-label": words.weights_alt }, ...this.weights.map((canvas, digit) => make("span", {}, canvas, String(digit)))),
          make("figcaption", {}, words.weights)));
      this.show();
    }

    slider(name, values) {
      const output = make("output", {}, String(this[name]));
      const input = make("input", { type: "range", min: 0, max: values.length - 1, step: 1, value: values.indexOf(PAGE[name]),
        "aria-valuetext": String(this[name]), oninput: () => this.set(name, values[input.value]) });
      (this.sliders ??= {})[name] = { input, output, values };
      return make("label", { class: "alive-slider" }, make("span", {}, this.words[name], " ", output), input);
    }

    chart() {
      const { words, width } = this;
      const grid = [0.01, 0.1, 1, 10, 100, 1000].flatMap((loss) => [
        svg("line", { x1: 0, x2: width, y1: height(loss), y2: height(loss), class: "alive-grid" }),
        svg("text", { x: -6, y: height(loss) + 4, "text-anchor": "end" }, String(loss))]);
      const epochs = Array.from({ length: EPOCHS + 1 }, (_, epoch) =>
        svg("text", { x: (epoch / EPOCHS) * width, y: HEIGHT + 18, "text-anchor": "middle" }, String(epoch)));
      const guess = svg("line", { x1: 0, x2: width, y1: height(Math.log(10)), y2: height(Math.log(10)), class: "alive-guess" });
      this.curves = Object.fromEntries(["ghost", "torch", "now"].map((name) => [name, svg("polyline", { class: `alive-${name}` })]));
      const box = `-44 -8 ${width + 56} ${HEIGHT + 32}`;
      this.plot = svg("svg", { viewBox: box, role: "img", "aria-label": words.chart_alt, class: "alive-chart" },
        ...grid, ...epochs, guess, ...Object.values(this.curves));
      const key = ["now", "ghost", "torch", "guess"].map((name) => make("span", { class: `alive-key alive-key-${name}` }, words[`key_${name}`]));
      return make("figure", { class: "alive-curves" }, make("figcaption", {}, words.chart), this.plot, make("p", { class: "alive-keys" }, ...key));
    }

    get settings() {
      const { lr, bs, on } = this;
      return { ...on, lr: on.fast ? 100 * lr : lr, bs, epochs: EPOCHS };
    }

    get asOnThePage() {
      return this.lr === PAGE.lr && this.bs === PAGE.bs && !Object.values(this.on).some(Boolean);
    }

    set(name, value) {
      const { input, output, values } = this.sliders[name];
      this[name] = value;
      output.textContent = String(value);
      input.value = values.indexOf(value);
      input.setAttribute("aria-valuetext", String(value));
      this.restart();
    }

    flip(name, on) {
      this.on[name] = on;
      if (on && APART[name]) this.on[APART[name]] = false;
      this.restart();
    }

    restore() {
      this.on = {};
      this.set("bs", PAGE.bs);
      this.set("lr", PAGE.lr);
    }

    /** Any change begins a new run; the last one stays as a pale line. A run goes on running. */
    restart() {
      const running = this.running;
      this.show();
      if (!this.worker) return;
      this.reset();
      if (running) this.toggle();
    }

    /** Show the settings: in the code, in the boxes, and in a sentence for each switch. */
    show() {
      for (const [name, box] of Object.entries(this.boxes)) box.checked = Boolean(this.on[name]);
      for (const row of this.code.querySelectorAll("[data-when], [data-gone]")) {
        const { when = "", gone = "" } = row.dataset, names = (text) => text.split(" ").filter(Boolean);
        row.hidden = !names(when).every((name) => (name[0] === "!" ? !this.on[name.slice(1)] : this.on[name]));
        row.classList.toggle("alive-gone", names(gone).some((name) => this.on[name]));
      }
      const values = { lr: this.settings.lr, bs: this.bs };
      for (const place of this.code.querySelectorAll("[data-value]")) {
        place.textContent = String(values[place.dataset.value]);
        place.classList.toggle("alive-changed", values[place.dataset.value] !== PAGE[place.dataset.value]);
      }
      const cured = this.on.sorted && this.on.shuffled ? ["sorted", "shuffled"] : []; // both say another thing together
      const hints = SWITCHES.filter((name) => this.on[name] && !cured.includes(name)).map((name) => this.words[`hint_${name}`]);
      if (cured.length) hints.push(this.words.hint_cured);
      if (this.lr !== PAGE.lr) hints.push(this.words.hint_lr);
      if (this.bs !== PAGE.bs) hints.push(this.words.hint_bs);
      if (!hints.length) hints.push(this.words.hint_page);
      this.hints.replaceChildren(...hints.map((hint) => make("li", {}, hint)));
    }

    /** Load the pictures and start the Worker, at the reader's first click only. */
    async prepare() {
      if (this.worker) return true;
      this.preparing ??= (async () => {
        this.status.textContent = this.words.loading;
        const packed = await Alive.load("pictures");
        const data = { pixels: await Alive.inflate(packed.pixels), labels: Uint8Array.from(packed.labels, Number),
          n: packed.n, start: Alive.floats(packed.start) };
        this.torch = packed.losses;
        if (packed.source !== "MNIST") this.element.prepend(make("p", { class: "alive-small" }, this.words.stand_in));
        const source = `"use strict";(${work})((${Alive.learner})());`;
        const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
        this.worker = new Worker(url);
        this.worker.onmessage = ({ data: message }) => message.run === this.run && this.report(message);
        this.worker.onerror = () => (this.status.textContent = this.words.failed);
        this.worker.postMessage({ data });
        this.status.textContent = "";
        this.reset();
      })();
      try {
        await this.preparing;
        return true;
      } catch {
        this.preparing = null;
        this.status.textContent = this.words.failed;
        return false;
      }
    }

    order(message) {
      this.worker.postMessage({ run: this.run, ...message });
    }

    reset() {
      if (!this.worker) return;
      if (this.losses.length > 5) this.curves.ghost.setAttribute("points", line(this.losses, this.perEpoch, this.width));
      this.running = false;
      this.run += 1;
      this.losses = [];
      this.order({ reset: this.settings });
      this.status.textContent = "";
      this.name();
    }

    async step() {
      if (!(await this.prepare())) return;
      this.running = false;
      this.order({ step: true });
      this.name();
    }

    async toggle() {
      if (!(await this.prepare())) return;
      if (this.done && !this.running) this.reset();
      this.running = !this.running;
      const perEpoch = this.calm.matches ? 1 : PER_EPOCH; // no motion: one picture for each epoch
      this.order(this.running ? { go: { perEpoch, frame: FRAME } } : { stop: true });
      this.name();
    }

    name() {
      this.runs.textContent = this.words[this.running ? "pause" : "run"];
    }

    report(message) {
      Object.assign(this, { last: message, perEpoch: message.perEpoch, done: message.done });
      this.losses.push(...message.losses);
      if (message.done) this.running = false;
      this.name();
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.paint();
      });
      if (message.done || message.paused) this.tell();
    }

    paint() {
      const { last, losses, words } = this;
      this.curves.now.setAttribute("points", line(losses, this.perEpoch, this.width));
      this.curves.torch.setAttribute("points", this.asOnThePage ? line(this.torch, this.perEpoch, this.width) : "");
      const limit = last.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-9);
      this.weights.forEach((canvas, digit) =>
        Alive.paintSigned(canvas, Float32Array.from({ length: 784 }, (_, i) => last.weights[i * 10 + digit]), 28, limit));
      this.readout.textContent = this.sentence();
      if (!this.asOnThePage || !losses.length) return;
      const same = losses.slice(0, this.torch.length);
      const most = Math.max(...same.map((loss, i) => Math.abs(loss - this.torch[i])));
      this.readout.append(" ", fill(words.same, { most: most.toExponential(0).replace("-", "\u2212"), steps: same.length }));
    }

    sentence() {
      const { last, losses, words } = this;
      return fill(words.readout, { epoch: number(last.steps / last.perEpoch), steps: last.steps,
        loss: losses.length ? number(losses.at(-1), 4) : "\u2013", valid: number(last.loss, 4), accuracy: Alive.percent(last.accuracy) });
    }

    tell() {
      if (this.last) this.status.textContent = fill(this.words[this.last.done ? "finished" : "paused"],
        { epoch: number(this.last.steps / this.last.perEpoch), accuracy: Alive.percent(this.last.accuracy) });
    }
  }

  /** Build the figure; called by alive.js. */
  Alive.train = async (figure, words) => {
    figure.trainer = new Trainer(figure, words); // for tests, and for the curious in the console
    return figure.trainer.element;
  };
})();
