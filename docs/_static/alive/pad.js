/* A pad to write a digit on, with mouse, pen, finger or keyboard.
 *
 * Strokes stay strokes, so that a small digit can be made large before it becomes pixels; beside them
 * the ink is kept as an array of our own, 28 by 28 numbers from 0 to 1. The canvas only shows them and
 * is never read: some browsers add noise to what is read back. */
"use strict";

(() => {
  const SIDE = 28, RADIUS = 1.3, KEPT = 40; // pen in pixels; steps that can be undone
  const LONGEST = 17.5, FINE = 1.15; // a digit that is scaled first: its longest side, and its pen
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** Distance of a point from a line between two others. */
  function distance(x, y, a, b) {
    const dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    const along = length && Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length));
    return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
  }

  /** Add ink along a line, as round and as soft at the edge as a felt pen's. */
  function draw(ink, a, b, radius) {
    const reach = radius + 1;
    const [left, right] = [Math.min(a.x, b.x) - reach, Math.max(a.x, b.x) + reach];
    const [top, bottom] = [Math.min(a.y, b.y) - reach, Math.max(a.y, b.y) + reach];
    for (let y = Math.max(0, Math.floor(top)); y <= Math.min(SIDE - 1, bottom); y++)
      for (let x = Math.max(0, Math.floor(left)); x <= Math.min(SIDE - 1, right); x++) {
        const value = Math.min(1, Math.max(0, radius + 0.5 - distance(x, y, a, b)));
        ink[y * SIDE + x] = Math.max(ink[y * SIDE + x], value);
      }
  }

  Alive.Pad = class {
    /** `on.change()` is called when the ink has changed, `on.end()` when a stroke ends,
     *  `on.shift(right, down)` when a key asks for a shift, `on.pen(down)` when a key moves the pen.
     *  What is drawn on `surface`, around the canvas, counts as well. */
    constructor(canvas, on, surface = canvas) {
      Object.assign(this, { canvas, on, surface, ink: new Float32Array(SIDE * SIDE), strokes: [], past: [] });
      this.base = null; // a picture below the strokes
      this.finished = false; // whether the ink is a picture from a file, centred and scaled already
      this.last = null; // where the stroke in progress has got to
      this.cursor = { x: 14, y: 14, down: false, shown: false };
      surface.style.touchAction = "none"; // a finger draws and does not scroll the page
      surface.addEventListener("pointerdown", (event) => this.press(event));
      surface.addEventListener("pointerenter", (event) => { // a stroke that began outside
        if (event.pointerType !== "touch" && event.buttons === 1 && !this.last) this.press(event);
      });
      surface.addEventListener("pointermove", (event) => this.move(event));
      for (const end of ["pointerup", "pointercancel"])
        surface.addEventListener(end, () => this.lift());
      canvas.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("blur", () => this.leave());
      const measure = () => { // not while one draws: that would lay the page out anew
        this.size = Math.round(canvas.clientWidth * devicePixelRatio) || SIDE;
        this.colour = getComputedStyle(canvas).color;
        this.show();
      };
      new ResizeObserver(measure).observe(canvas);
      new MutationObserver(measure).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      this.show();
    }

    /** Begin a stroke, or go on with the last one. */
    begin(point) {
      this.strokes.push([point]);
      draw(this.ink, point, point, RADIUS);
    }

    extend(point) {
      const stroke = this.strokes.at(-1);
      draw(this.ink, stroke.at(-1), point, RADIUS);
      stroke.push(point);
    }

    /** Draw a whole stroke, given as points [x, y] in pixels. */
    stroke(points) {
      this.remember();
      points.forEach(([x, y], i) => (i ? this.extend({ x, y }) : this.begin({ x, y })));
      this.changed();
    }

    /** The ink of a digit that was made as large as MNIST's before it was drawn: however small it is,
     *  its pen is as fine. A picture cannot be scaled so, and stays as it is. */
    scaled() {
      const points = this.base ? [] : this.strokes.flat();
      if (!points.length) return this.ink;
      const xs = points.map(({ x }) => x), ys = points.map(({ y }) => y);
      const [left, top] = [Math.min(...xs), Math.min(...ys)], wide = Math.max(...xs) - left, high = Math.max(...ys) - top;
      const scale = LONGEST / Math.max(wide, high, SIDE / 12), middle = (SIDE - 1) / 2; // a dot stays one
      const place = ({ x, y }) => ({ x: (x - left - wide / 2) * scale + middle, y: (y - top - high / 2) * scale + middle });
      const ink = new Float32Array(SIDE * SIDE);
      for (const stroke of this.strokes)
        stroke.forEach((point, i) => draw(ink, place(stroke[Math.max(0, i - 1)]), place(point), FINE));
      return ink;
    }

    remember() {
      const { ink, finished, base, strokes } = this;
      const copy = strokes.map((stroke) => [...stroke]);
      this.past = [...this.past.slice(1 - KEPT), { ink: ink.slice(), finished, base, strokes: copy }];
    }

    changed() {
      this.due ??= requestAnimationFrame(() => { // once a frame, however many movements there were
        this.due = null;
        this.show();
      });
      this.on.change();
    }

    /** Where on the pad an event happened; the middle of the first pixel is 0. */
    place(event) {
      const box = this.canvas.getBoundingClientRect();
      return {
        x: ((event.clientX - box.left) / box.width) * SIDE - 0.5,
        y: ((event.clientY - box.top) / box.height) * SIDE - 0.5,
      };
    }

    press(event) {
      if (event.button > 0 || !event.isPrimary) return;
      event.preventDefault();
      this.canvas.focus({ preventScroll: true });
      this.surface.setPointerCapture(event.pointerId);
      this.cursor.shown = false;
      this.remember();
      this.begin((this.last = this.place(event)));
      this.changed();
    }

    move(event) {
      if (!this.last || !event.isPrimary) return;
      const several = event.getCoalescedEvents?.() ?? [];
      for (const each of several.length ? several : [event]) this.extend((this.last = this.place(each)));
      this.changed();
    }

    lift() {
      if (!this.last) return;
      this.last = null;
      this.on.end();
    }

    /** Arrows move, the space bar puts the pen down and lifts it, Shift and an arrow shift the picture. */
    key(event) {
      const arrow = ARROWS[event.key], cursor = this.cursor;
      if (arrow && event.shiftKey) this.on.shift(...arrow);
      else if (arrow) this.step(...arrow);
      else if (event.key === " " || event.key === "Enter") this.pen(!cursor.down);
      else if (event.key === "Delete" || event.key === "Backspace") this.erase();
      else if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
      else return;
      event.preventDefault();
    }

    step(right, down) {
      const { cursor } = this;
      cursor.shown = true;
      cursor.x = Math.min(SIDE - 1, Math.max(0, cursor.x + right));
      cursor.y = Math.min(SIDE - 1, Math.max(0, cursor.y + down));
      if (!cursor.down) return this.show();
      this.extend({ x: cursor.x, y: cursor.y });
      this.changed();
    }

    pen(down) {
      this.cursor.down = down;
      this.cursor.shown = true;
      if (down) {
        this.remember();
        this.begin({ x: this.cursor.x, y: this.cursor.y });
        this.changed();
      } else {
        this.show();
        this.on.end();
      }
      this.on.pen(down);
    }

    leave() {
      if (this.cursor.down) this.on.end();
      Object.assign(this.cursor, { down: false, shown: false });
      this.show();
    }

    erase() {
      this.put(new Float32Array(SIDE * SIDE));
    }

    undo() {
      if (!this.past.length) return;
      Object.assign(this, this.past.pop());
      if (this.cursor.down) this.begin({ x: this.cursor.x, y: this.cursor.y });
      this.changed();
      this.on.end();
    }

    /** Replace the drawing by a picture; `finished` if it is one of MNIST's. */
    put(picture, finished = false) {
      this.remember();
      this.ink = Float32Array.from(picture);
      this.base = this.ink.some((ink) => ink > 0) ? this.ink.slice() : null;
      Object.assign(this, { finished, strokes: [] });
      this.changed();
      this.on.end();
    }

    /** Show picture and strokes, as sharp as the screen is, and the pen where the keyboard has put it. */
    show() {
      const { canvas, base, strokes } = this, { x, y, shown, down } = this.cursor;
      const size = this.size ?? SIDE, unit = size / SIDE, pen = this.colour ?? "#fff";
      if (canvas.width !== size) canvas.width = canvas.height = size;
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, size, size);
      Object.assign(context, { fillStyle: pen, strokeStyle: pen, lineWidth: 2 * RADIUS * unit, lineCap: "round", lineJoin: "round" });
      base?.forEach((ink, k) => {
        context.globalAlpha = ink;
        if (ink) context.fillRect(Math.floor((k % SIDE) * unit), Math.floor(Math.floor(k / SIDE) * unit), Math.ceil(unit), Math.ceil(unit));
      });
      context.globalAlpha = 1;
      for (const stroke of strokes) {
        context.beginPath();
        stroke.forEach((point, i) => {
          const at = [(point.x + 0.5) * unit, (point.y + 0.5) * unit], next = stroke[i + 1] ?? point;
          if (i) context.quadraticCurveTo(...at, (at[0] + (next.x + 0.5) * unit) / 2, (at[1] + (next.y + 0.5) * unit) / 2);
          else context.moveTo(...at);
        });
        if (stroke.length === 1) context.lineTo((stroke[0].x + 0.5) * unit, (stroke[0].y + 0.5) * unit + 0.1);
        context.stroke();
      }
      if (!shown) return;
      context.fillStyle = down ? "#d55e00" : "#0072b2";
      context.fillRect(x * unit, y * unit, unit, unit);
    }
  };
})();
