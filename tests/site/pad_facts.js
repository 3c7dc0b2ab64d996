// What a pad does with pointers, and with keys: facts by name, each of them true.
() => {
  const log = [], canvas = document.body.appendChild(document.createElement("canvas"));
  Object.assign(canvas.style, { width: "280px", height: "280px", position: "fixed", top: 0, left: 0 });
  canvas.tabIndex = 0;
  canvas.setPointerCapture = () => {};
  const note = (name) => [name, (...all) => log.push([name, ...all].join())];
  const pad = new Alive.Pad(canvas, Object.fromEntries(["change", "end", "shift", "pen"].map(note)));
  const point = (type, x, y, more) => canvas.dispatchEvent(new PointerEvent(`pointer${type}`,
    { clientX: 10 * x, clientY: 10 * y, isPrimary: true, buttons: 1, ...more }));
  const key = (key, more) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, ...more }));
  const points = () => pad.strokes.flat().length, count = (name) => log.filter((n) => n === name).length;
  const facts = {};
  point("down", 5, 5); point("move", 5, 9);
  facts["a stroke has its points"] = points() === 2;
  point("move", 20, 9, { isPrimary: false }); point("down", 20, 9, { isPrimary: false });
  facts["a second finger draws nothing"] = points() === 2;
  point("cancel", 5, 9); point("move", 9, 9);
  facts["a gesture of the system lifts the pen"] = points() === 2 && count("end") === 1;
  point("down", 9, 9, { button: 2 });
  facts["the right button draws nothing"] = points() === 2;
  for (const x of [9, 12, 15, 18]) { point("down", x, 5); point("move", x, 9); point("up", x, 9); }
  facts["each stroke stands apart"] = pad.strokes.length === 5 && count("end") === 5;
  const left = [];
  for (let n = 0; n < 5; n++) { pad.undo(); left.push(pad.strokes.length); }
  facts["each can be taken back"] = left.join() === "4,3,2,1,0" && !pad.ink.some(Boolean);
  key(" ");
  for (let n = 0; n < 30; n++) key("ArrowLeft");
  facts["the pen of the keyboard stays on the pad"] =
    pad.strokes.flat().every(({ x }) => x >= 0) && pad.strokes.at(-1).at(-1).x === 0;
  key("z", { ctrlKey: true }); key("ArrowRight");
  facts["after an undo the pen goes on from where it is"] = pad.strokes.length === 1 && points() === 2;
  const before = count("end");
  canvas.dispatchEvent(new FocusEvent("blur"));
  facts["who leaves lifts the pen"] = count("end") === before + 1 && !pad.cursor.down;
  key("ArrowRight", { shiftKey: true }); key("ArrowUp", { shiftKey: true });
  facts["shifts are told"] = count("shift,1,0") === 1 && count("shift,0,-1") === 1;
  facts["the pen is told"] = count("pen,true") === 1;
  facts["other keys are the browser's"] = key("a", { cancelable: true }) && key("Tab", { cancelable: true });
  facts["keys of the pad are the pad's"] = !key("ArrowUp", { cancelable: true });
  const inked = ["Delete", "Backspace"].map((name) => { pad.stroke([[5, 5], [9, 9]]); key(name); return pad.ink.some(Boolean); });
  facts["two keys erase"] = inked.join() === "false,false";
  canvas.remove();
  return facts;
}
