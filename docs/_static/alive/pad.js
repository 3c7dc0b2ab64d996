/* A pad to write a digit on, with mouse, pen, finger or keyboard.
 *
 * Ink is kept in an array of our own, 28 by 28 numbers from 0 to 1. The canvas only shows it and is
 * never read: some browsers add noise to what is read back. */
"use strict";

(() => {
  const SIDE = 28, RADIUS = 1.3, KEPT = 40; // pen in pixels; steps that can be undone
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** Distance of a point from a line between two others. */
  function distance(x, y, a, b) {
    const dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    const along = length && Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length));
    return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
  }

  Alive.Pad = class {
    /** `on.change()` is called when the ink has changed, `on.end()` when a stroke ends,
     *  `on.shift(right, down)` when a key asks for a shift, `on.pen(down)` when a key moves the pen. */
    constructor(canvas, on) {
      Object.assign(this, { canvas, on, ink: new Float32Array(SIDE * SIDE), past: [] });
      this.finished = false; // whether the ink is a picture from a file, centred and scaled already
      this.last = null; // where the stroke in progress has got to
      this.cursor = { x: 14, y: 14, down: false, shown: false };
      canvas.width = canvas.height = SIDE;
      canvas.style.touchAction = "none"; // a finger draws and does not scroll the page
      canvas.addEventListener("pointerdown", (event) => this.press(event));
      canvas.addEventListener("pointermove", (event) => this.move(event));
      for (const end of ["pointerup", "pointercancel"])
        canvas.addEventListener(end, () => this.lift());
      canvas.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("blur", () => this.leave());
      this.show();
    }

    /** Add ink along a line, as round and as soft at the edge as a felt pen's. */
    line(a, b) {
      const reach = RADIUS + 1;
      const [left, right] = [Math.min(a.x, b.x) - reach, Math.max(a.x, b.x) + reach];
      const [top, bottom] = [Math.min(a.y, b.y) - reach, Math.max(a.y, b.y) + reach];
      for (let y = Math.max(0, Math.floor(top)); y <= Math.min(SIDE - 1, bottom); y++)
        for (let x = Math.max(0, Math.floor(left)); x <= Math.min(SIDE - 1, right); x++) {
          const ink = Math.min(1, Math.max(0, RADIUS + 0.5 - distance(x, y, a, b)));
          this.ink[y * SIDE + x] = Math.max(this.ink[y * SIDE + x], ink);
        }
    }

    /** Draw a whole stroke, given as points [x, y] in pixels. */
    stroke(points) {
      this.remember();
      points.forEach(([x, y], i) => {
        const [fromX, fromY] = points[Math.max(0, i - 1)];
        this.line({ x: fromX, y: fromY }, { x, y });
      });
      this.changed();
    }

    remember() {
      const { ink, finished } = this;
      this.past = [...this.past.slice(1 - KEPT), { ink: ink.slice(), finished }];
    }

    changed() {
      this.show();
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
      if (event.button !== 0 || !event.isPrimary) return;
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.cursor.shown = false;
      this.remember();
      this.last = this.place(event);
      this.line(this.last, this.last);
      this.changed();
    }

    move(event) {
      if (!this.last || !event.isPrimary) return;
      const several = event.getCoalescedEvents?.() ?? [];
      for (const each of several.length ? several : [event]) {
        const next = this.place(each);
        this.line(this.last, next);
        this.last = next;
      }
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
      const { cursor } = this, from = { x: cursor.x, y: cursor.y };
      cursor.shown = true;
      cursor.x = Math.min(SIDE - 1, Math.max(0, cursor.x + right));
      cursor.y = Math.min(SIDE - 1, Math.max(0, cursor.y + down));
      if (!cursor.down) return this.show();
      this.line(from, cursor);
      this.changed();
    }

    pen(down) {
      this.cursor.down = down;
      this.cursor.shown = true;
      if (down) {
        this.remember();
        this.line(this.cursor, this.cursor);
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
      this.changed();
      this.on.end();
    }

    /** Replace the drawing by a picture; `finished` if it is one of MNIST's. */
    put(picture, finished = false) {
      this.remember();
      this.ink = Float32Array.from(picture);
      this.finished = finished;
      this.changed();
      this.on.end();
    }

    /** Show the ink, and the pen where the keyboard has put it. */
    show() {
      Alive.paint(this.canvas, this.ink, SIDE, 1);
      const { x, y, shown, down } = this.cursor;
      if (!shown) return;
      const context = this.canvas.getContext("2d");
      context.fillStyle = down ? "#ff8c42" : "#56b4e9";
      context.fillRect(x, y, 1, 1);
    }
  };
})();
