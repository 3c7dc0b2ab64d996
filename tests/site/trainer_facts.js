// What "Train it here" does between two runs: facts by name, each of them true.
async () => {
  const figure = document.querySelector("[data-alive=train]"), t = figure.trainer, facts = {};
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const until = async (holds) => { while (!holds()) await frame(); };
  const curve = (name) => figure.querySelector(`polyline.alive-${name}`).getAttribute("points") || "";
  for (let n = 1; n <= 7; n++) { await t.step(); await until(() => t.losses.length === n); }
  await frame();
  const first = curve("now");
  facts["PyTorch's losses are shown beside the page's run"] = curve("torch").split(" ").length > 20;
  facts["and how near they are is said"] = /largest difference in 7 steps/.test(t.readout.textContent);
  t.set("lr", 0.1);
  facts["the slider says where it is"] = t.sliders.lr.input.getAttribute("aria-valuetext") === "0.1";
  facts["the run before stays as a pale line"] = curve("ghost") === first && first.split(" ").length === 7;
  t.worker.onmessage({ data: { ...t.last, run: t.run - 1, losses: [9] } });
  facts["a message of the run before is not taken for this one's"] = t.losses.length === 0;
  await until(() => t.last.steps === 0);
  await t.step(); await until(() => t.losses.length === 1); await frame();
  facts["PyTorch ran with the page's settings alone"] =
    curve("torch") === "" && !/difference/.test(t.readout.textContent);
  t.flip("zeros", true); t.flip("huge", true);
  facts["weights are zero or huge"] = !t.settings.zeros && t.settings.huge && !t.boxes.zeros.checked;
  t.flip("zeros", true);
  facts["huge or zero"] = t.settings.zeros && !t.settings.huge && !t.boxes.huge.checked;
  t.flip("fast", true);
  facts["faster is a hundred times faster"] = Math.abs(t.settings.lr - 10) < 1e-9;
  t.restore();
  facts["everything can be as on the page again"] = t.asOnThePage && t.sliders.lr.output.textContent === "0.5"
    && t.sliders.bs.output.textContent === "64" && !Object.values(t.boxes).some((box) => box.checked);
  t.flip("zeros", true);
  facts["a loop with a part broken is not the page's, whatever its settings"] = !t.asOnThePage;
  t.restore();
  await until(() => t.last.steps === 0 && !t.frame);
  t.report({ ...t.last, losses: [NaN, Infinity, 1e9, 1e-9, 1] }); await frame();
  const at = curve("now").split(" ").map((place) => parseFloat(place.split(",")[1]));
  facts["what is no number stands at the edge"] = at.join() === "0,0,0,230,138";
  await t.toggle();
  facts["Run becomes Pause"] = t.running && t.runs.textContent === t.words.pause;
  t.set("bs", 1024);
  await frame();
  facts["a run goes on with other settings"] = t.running && t.runs.textContent === t.words.pause;
  await until(() => t.done && t.last.steps === 25);
  facts["and ends by itself"] = !t.running && t.runs.textContent === t.words.run;
  await t.toggle();
  facts["a run that has ended begins anew"] = t.running && t.losses.length < 25;
  t.restore(); t.reset();
  return facts;
}
