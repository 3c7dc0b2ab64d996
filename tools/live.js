// The cells of a page, alive: sent by tools/live.py, together with a list of what they hold.
// Each cell can be edited and run by a kernel of the server that sent the page, Shift-Enter runs it,
// and what stands above it and has not run yet is run first. An exercise is checked in its place.
(() => {
  const { language, cells: sources } = JSON.parse(document.getElementById("live").textContent);
  // What a kernel runs first: figures come as pictures, and MNIST as the build gets it.
  const first = `%matplotlib inline
%config InteractiveShell.ast_node_interactivity = "none"
import mnist_tut.data, mnist_tut.mnist
mnist_tut.data.get_mnist = mnist_tut.mnist.get_mnist`;
  const WORDS = {
    en: {
      run: "Run", reset: "Reset", check: "Check", all: "Run all", interrupt: "Interrupt", restart: "Restart",
      none: "No kernel yet: Shift-Enter in a cell starts one.", starting: "Python is starting …",
      ready: "Python is ready.", busy: "Cell {} of {} is running …", exercise: "The check is running …",
      lost: "Python has gone. Restart brings a fresh one.", edited: "edited",
      notebook: "To keep what you write, take the notebook: this page keeps it in this browser only.",
    },
    zh: {
      run: "运行", reset: "还原", check: "检查", all: "全部运行", interrupt: "中断", restart: "重启",
      none: "还没有内核：在单元里按 Shift-Enter 就会启动。", starting: "Python 正在启动……",
      ready: "Python 已就绪。", busy: "正在运行第 {} 个单元，共 {} 个……", exercise: "正在检查……",
      lost: "Python 已经没有了。点“重启”会启动一个新的。", edited: "已修改",
      notebook: "想保存您写的代码，请用 notebook：本页只把它存在这个浏览器里。",
    },
  };
  const words = WORDS[language] ?? WORDS.en;
  const say = (text, ...values) => text.replace(/\{\}/g, () => values.shift());

  // The kernel -------------------------------------------------------------------------------------

  const xsrf = () => document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1] ?? "";
  async function ask(path, method = "GET", body = undefined) {
    const headers = { "X-XSRFToken": xsrf() };
    const answer = await fetch(`/${path}`, { method, headers, body, keepalive: method === "DELETE" });
    if (!answer.ok) throw new Error(`${answer.status} ${path}`);
    return answer.status === 204 ? null : answer.json();
  }

  const session = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  const waiting = new Map(); // what listens for the answers to a message
  let kernel = null;
  let socket = null;
  let begun = null;

  function connect() {
    const address = new URL(`/api/kernels/${kernel}/channels?session_id=${session}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    socket = new WebSocket(address);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      waiting.get(message.parent_header?.msg_id)?.(message);
    };
    return new Promise((open, fail) => {
      socket.onopen = open;
      socket.onerror = () => fail(new Error("WebSocket"));
      socket.onclose = () => begun && gone();
    });
  }

  async function begin() {
    status(words.starting);
    kernel = (await ask("api/kernels", "POST", JSON.stringify({ name: "python3" }))).id;
    await connect();
    await execute(first, () => {});
  }
  const ready = () => (begun ??= begin().catch((fault) => { gone(); throw fault; }));

  function gone() { // the kernel died, was ended, or never came
    begun = null;
    for (const cell of cells) cell.done = false;
    for (const listener of [...waiting.values()]) listener(null);
    waiting.clear();
    status(words.lost);
  }

  function execute(code, show) { // resolves to "ok", "error", "aborted", or "gone"
    const id = `${session}-${(execute.count = (execute.count ?? 0) + 1)}`;
    const header = { msg_id: id, session, username: "", msg_type: "execute_request", version: "5.3", date: "" };
    const content = { code, silent: false, store_history: false, allow_stdin: false, stop_on_error: true };
    return new Promise((finish) => {
      let reply = null;
      let idle = false;
      waiting.set(id, (message) => {
        if (!message) return finish("gone");
        if (message.msg_type === "execute_reply") reply = message.content.status;
        else if (message.msg_type === "status") idle ||= message.content.execution_state === "idle";
        else show(message.msg_type, message.content);
        if (reply && idle) {
          waiting.delete(id);
          finish(reply);
        }
      });
      socket.send(JSON.stringify({ channel: "shell", header, parent_header: {}, metadata: {}, content }));
    });
  }

  addEventListener("pagehide", () => kernel && ask(`api/kernels/${kernel}`, "DELETE").catch(() => {}));
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // its kernel has ended

  // What a cell prints and draws -------------------------------------------------------------------

  function shower(box) {
    box.replaceChildren();
    const text = (kind, added) => {
      let last = box.lastElementChild;
      if (last?.dataset.kind !== kind) {
        last = box.appendChild(document.createElement("pre"));
        last.dataset.kind = kind;
      }
      const all = last.textContent + added.replace(/\x1b\[[0-9;]*m/g, "");
      last.textContent = all.replace(/[^\n]*\r(?!\n)/g, ""); // a bar of progress writes over itself
    };
    return (type, content) => {
      if (type === "stream") text(content.name, content.text);
      else if (type === "error") text("error", content.traceback.join("\n"));
      else if (content.data?.["image/png"]) {
        const image = new Image();
        image.src = `data:image/png;base64,${content.data["image/png"]}`;
        image.alt = content.data["text/plain"] ?? "";
        box.append(image);
      } else if (content.data?.["text/plain"]) text("result", `${content.data["text/plain"]}\n`);
    };
  }

  // Cells ------------------------------------------------------------------------------------------

  function button(text, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    made.addEventListener("click", act);
    return made;
  }

  /** Make a block of code an editor; `source` is what it stands for as long as nobody edits it. */
  function enliven(pre, key, source, label, act) {
    const shown = pre.innerHTML;
    const original = pre.textContent.trimEnd();
    const place = `live ${location.pathname} ${key}`;
    pre.contentEditable = "plaintext-only";
    if (pre.contentEditable !== "plaintext-only") pre.contentEditable = "true";
    Object.assign(pre, { spellcheck: false, tabIndex: 0 });
    pre.setAttribute("role", "textbox");
    pre.setAttribute("aria-multiline", "true");
    pre.setAttribute("aria-label", `${label} ${key}`);
    let written = original; // kept here, because a folded cell has no innerText
    const cell = { pre, done: false, code: () => (written === original ? source : written) };

    const bar = document.createElement("div");
    const box = document.createElement("div");
    const run = button(label, () => act(cell));
    const reset = button(words.reset, () => {
      pre.innerHTML = shown;
      localStorage.removeItem(place);
      changed(original);
    });
    bar.className = "live-bar";
    box.className = "live-output";
    box.setAttribute("aria-live", "polite");
    bar.append(run, reset);
    pre.closest("[class*=highlight-]").after(bar, box);

    function changed(text) {
      written = text;
      cell.done = false;
      reset.hidden = written === original;
      pre.toggleAttribute("data-edited", !reset.hidden); // the colours were those of other words
    }
    const kept = localStorage.getItem(place);
    if (kept !== null) pre.textContent = kept;
    changed(kept ?? original);
    pre.addEventListener("input", () => {
      changed(pre.innerText.replace(/\u00a0/g, " ").trimEnd());
      localStorage.setItem(place, written);
    });
    pre.addEventListener("paste", (event) => { // text alone, in browsers that would take more
      event.preventDefault();
      document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
    });
    pre.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        act(cell);
      } else if (event.key === "Enter") {
        event.preventDefault();
        document.execCommand("insertText", false, "\n");
      }
      event.stopPropagation(); // no shortcut of the page while one types
    });
    cell.run = async (code) => {
      run.disabled = true;
      box.dataset.state = "running";
      const outcome = await execute(code, shower(box));
      run.disabled = false;
      box.dataset.state = outcome;
      return outcome === "ok";
    };
    return cell;
  }

  let chain = Promise.resolve(); // one request of the reader after the other
  const queue = (work) => (chain = chain.then(work).catch((fault) => status(`${words.lost} (${fault.message})`)));

  async function runUpTo(last) {
    await ready();
    for (const [number, cell] of cells.entries()) {
      if (number > last) break;
      if (cell.done && number < last) continue;
      status(say(words.busy, number + 1, cells.length));
      cell.done = await cell.run(cell.code());
      if (!cell.done) {
        if (begun) status(words.ready);
        for (let fold = cell.pre; (fold = fold.parentElement.closest("details")); ) fold.open = true;
        cell.pre.scrollIntoView({ block: "center" });
        return;
      }
    }
    status(words.ready);
  }

  const blocks = [...document.querySelectorAll(".highlight-Python pre")];
  const cells = blocks.map((pre, number) =>
    enliven(pre, number + 1, sources[number], words.run, (cell) => queue(() => runUpTo(cells.indexOf(cell)))),
  );
  const exercises = [...document.querySelectorAll("[data-exercise]")].map((box) => {
    const name = box.dataset.exercise;
    const pre = box.querySelector(".stub pre");
    const check = `\nfrom mnist_tut.exercises import check as _check\n_check("${name}", ${name}, "${language}");`;
    return pre && enliven(pre, name, pre.textContent, words.check, (cell) =>
      queue(async () => {
        await ready();
        status(words.exercise);
        await cell.run(cell.code() + check);
        if (begun) status(words.ready);
      }),
    );
  });

  // The bar at the foot -----------------------------------------------------------------------------

  const bar = document.createElement("div");
  const line = document.createElement("span");
  const status = (text) => (line.textContent = text);
  bar.className = "live-status";
  bar.setAttribute("role", "region");
  bar.setAttribute("aria-label", "Python");
  line.setAttribute("role", "status");
  line.title = words.notebook;
  bar.append(
    line,
    button(words.all, () => queue(() => runUpTo(cells.length - 1))),
    button(words.interrupt, () => begun && ask(`api/kernels/${kernel}/interrupt`, "POST")),
    button(words.restart, () => {
      const before = kernel;
      begun = kernel = null;
      if (socket) socket.onclose = null; // it is closed on purpose, and may say so late
      socket?.close();
      for (const cell of cells) cell.done = false;
      for (const listener of [...waiting.values()]) listener(null);
      waiting.clear();
      queue(async () => { // what the reader runs meanwhile waits for the new one
        if (before) await ask(`api/kernels/${before}`, "DELETE").catch(() => {});
        await ready();
        status(words.ready);
      });
    }),
  );
  status(words.none);
  document.body.append(bar);
  const style = document.createElement("style");
  style.textContent = `
    .highlight-Python pre, .stub pre { outline-offset: 2px }
    pre[data-edited] * { color: inherit !important; text-decoration: none !important }
    .live-bar { display: flex; gap: .5rem; margin: -.5rem 0 .75rem }
    .live-bar button, .live-status button { font: inherit; font-size: .85rem; min-height: 1.75rem;
      padding: 0 .7rem; border: 1px solid var(--pst-color-border); border-radius: 4px;
      color: var(--pst-color-text-base); background: var(--pst-color-surface) }
    .live-bar button:hover, .live-status button:hover { border-color: var(--pst-color-primary) }
    .live-bar button[hidden] { display: none }
    .live-output:not(:empty) { margin: 0 0 1rem; padding: .5rem .8rem; border-left: 4px solid var(--pst-color-primary) }
    .live-output pre { margin: 0; padding: 0; border: 0; background: none; white-space: pre-wrap }
    .live-output pre[data-kind=error], .live-output pre[data-kind=stderr] { color: var(--pst-color-danger) }
    .live-output img { max-width: 100%; background: #fff }
    .live-status { position: sticky; bottom: 0; z-index: 1020; display: flex; flex-wrap: wrap; gap: .5rem;
      align-items: center; padding: .4rem 1rem; background: var(--pst-color-on-background);
      border-top: 1px solid var(--pst-color-border) }
    .live-status span { flex: 1 }`;
  document.head.append(style);
  document.documentElement.dataset.live = `${cells.length} of ${sources.length}`;
})();
