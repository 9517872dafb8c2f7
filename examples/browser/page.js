/** The page: what is typed goes to the worker, what the worker says is shown. */
const $ = (id) => document.getElementById(id);

/** A checkpoint beside this page, if there is one. */
const MODEL = "model.safetensors";
/** How many characters, words or pieces of words the model writes. */
const LENGTH = 600;

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onerror = ({ message }) => showError(message ?? "the worker's script cannot be loaded");

/** What the worker was asked last: answers to what was asked before are too late. */
let id = 0;
/** "open", "train", "write" or none. */
let running;
const losses = [];

function start(task, options = {}, transfer = []) {
  showError("");
  showRunning(task);
  worker.postMessage({ type: task, id: ++id, ...options }, transfer);
}

function stop() {
  worker.postMessage({ type: "stop" });
}

const shown = {
  async ready() {
    const response = await fetch(MODEL);
    const isFile = response.ok && !response.headers.get("content-type")?.startsWith("text/html");
    if (isFile) open(await response.arrayBuffer(), MODEL);
    else
      $("model").textContent = "There is none yet: open a checkpoint, or train a model on a text of yours.";
  },
  model({ description }) {
    $("model").textContent = description;
    $("write").disabled = false;
  },
  text({ text, perSecond }) {
    const box = $("written");
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.append(text);
    if (atEnd) box.scrollTop = box.scrollHeight;
    if (Number.isFinite(perSecond))
      $("speed").textContent = `${Math.round(perSecond).toLocaleString("en")} per second`;
  },
  step({ step, steps, loss }) {
    losses.push(loss);
    $("progress").textContent = `step ${step} of ${steps}, loss ${loss.toFixed(3)} nats per character`;
    drawLosses();
  },
  done() {
    const ended = running;
    showRunning(undefined);
    if (ended === "train" && $("error").hidden) $("writing").requestSubmit();
  },
  error({ message }) {
    showError(message);
    if ($("write").disabled) $("model").textContent = "There is none.";
  },
};
worker.onmessage = ({ data }) => {
  if (data.id === undefined || data.id === id) shown[data.type](data);
};

function showError(message) {
  $("error").textContent = message;
  $("error").hidden = message === "";
}

function showRunning(task) {
  running = task;
  $("write").textContent = task === "write" ? "Stop" : "Write";
  $("train").textContent = task === "train" ? "Stop" : "Train";
}

function drawLosses() {
  const highest = Math.max(...losses);
  const points = losses.map((loss, at) => {
    const x = losses.length === 1 ? 0 : (300 * at) / (losses.length - 1);
    return `${x.toFixed(1)},${(78 - (76 * loss) / highest).toFixed(1)}`;
  });
  $("losses").querySelector("polyline").setAttribute("points", points.join(" "));
}

function open(bytes, name) {
  $("model").textContent = `Opening ${name} …`;
  start("open", { bytes, name }, [bytes]);
}

$("file").onchange = async ({ target }) => {
  const [file] = target.files;
  if (file !== undefined) open(await file.arrayBuffer(), file.name);
};

$("show-training").onclick = ({ currentTarget }) => {
  $("training").hidden = !$("training").hidden;
  currentTarget.setAttribute("aria-expanded", String(!$("training").hidden));
};

$("training").onsubmit = (event) => {
  event.preventDefault();
  if (running === "train") return stop();
  losses.length = 0;
  start("train", { text: $("text").value });
};

$("writing").onsubmit = (event) => {
  event.preventDefault();
  if (running === "write") return stop();
  $("written").textContent = "";
  start("write", { prime: $("prime").value, length: LENGTH, temperature: Number($("temperature").value) });
};

$("temperature").oninput = ({ target }) => {
  $("temperature-value").textContent = Number(target.value).toFixed(1);
};
