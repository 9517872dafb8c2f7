/**
 * All that computes, in a worker, so that the page stays responsive. It is told what to do by messages:
 *
 *     { type: "open", id, bytes, name }                    a checkpoint, as ArrayBuffer
 *     { type: "train", id, text, steps }                   a model of your own
 *     { type: "write", id, prime, length, temperature }    text of the model that was opened or trained last
 *     { type: "stop" }                                     nothing more
 *
 * Each ends the one before. The answers are { type: "ready" | "model" | "text" | "step" | "done" | "error", id, ... }, with
 * the id of what was asked.
 */
import {
  adam,
  clipNorm,
  corpusFromText,
  cosineSchedule,
  crossEntropy,
  generate,
  ids,
  Linear,
  LSTM,
  loadWasmBackend,
  openModel,
  parameters,
  Rng,
  setDefaultBackend,
  step,
  TextStreams,
} from "./unrolled.js";

/** Phones refuse the 4 GiB of address space that are the default; a model to write with needs little. */
const MAXIMUM_BYTES = 512 * 2 ** 20;

/** What is written with: `model.stream()` gives the logits of one symbol after the other. */
let current;

const kernels = loadWasmBackend({ maximumBytes: MAXIMUM_BYTES }).then((backend) => {
  setDefaultBackend(backend);
  postMessage({ type: "ready", instructions: backend.instructions });
});

const tasks = { open, train, write };

/** The task that was asked for last: the one before ends in its next turn. */
let wanted;
let running = kernels.catch((error) => postMessage({ type: "error", message: error.message }));

self.onmessage = ({ data }) => {
  wanted = data;
  if (data.type !== "stop") running = running.then(() => run(data));
};

async function run(task) {
  const answer = (type, rest) => postMessage({ type, id: task.id, ...rest });
  // Without a turn of the event loop, no message would come in before the end.
  const goesOn = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    return wanted === task;
  };
  try {
    await kernels;
    if (wanted === task) await tasks[task.type](task, answer, goesOn);
  } catch (error) {
    answer("error", { message: error.message });
  }
  answer("done");
}

async function open({ bytes, name }, answer) {
  const opened = await openModel(bytes, { where: name });
  const { cell, layers, hidden } = opened.config;
  use(
    opened.model,
    opened.tokenizer,
    answer,
    `${name}: ${cell}, ${layers} × ${hidden}, after ${opened.step} steps`,
  );
}

function use(model, tokenizer, answer, words) {
  current = { model, tokenizer };
  let count = 0;
  for (const { tensor } of parameters(model)) count += tensor.size;
  answer("model", { description: `${words}, ${count.toLocaleString("en")} parameters` });
}

/** Sends the text in pieces, as it is made. */
async function write({ prime, length, temperature, seed = Math.random() * 2 ** 32 }, answer, goesOn) {
  if (current === undefined) return;
  const { model, tokenizer } = current;
  const known = tokenizer.encode(prime, { skipUnknown: true });
  const decoder = tokenizer.decoder();
  // A model needs something to begin with: where nothing is left of what was typed, its first symbol.
  const options = {
    prime: known.length > 0 ? known : [0],
    length,
    temperature,
    rng: new Rng(Math.floor(seed)),
  };
  const began = performance.now();
  let [piece, made, sent] = [tokenizer.decode(known), 0, began];
  const send = (rest = "") => {
    sent = performance.now();
    answer("text", { text: piece + rest, perSecond: (1000 * made) / (sent - began) });
    piece = "";
  };
  for await (const id of generate(model, options)) {
    piece += decoder.push(id);
    made++;
    if (made > 1 && performance.now() - sent < 16) continue;
    send();
    if (!(await goesOn())) return;
  }
  send(decoder.end());
}

/** An LSTM that predicts each character of a text from those before it. */
async function train({ text, steps = 300 }, answer, goesOn) {
  const [batchSize, time, hidden] = [16, 48, 128];
  const rng = new Rng(1);
  const corpus = corpusFromText(text);
  const size = corpus.vocabulary.size;
  const streams = new TextStreams(corpus.ids, { batchSize, sequenceLength: time });
  const rnn = new LSTM(size, hidden, { rng });
  const head = new Linear(hidden, size, { rng });
  const optimizer = adam(parameters({ rnn, head }), { lr: 1e-2 });
  const schedule = cosineSchedule({ steps, warmup: 10, floor: 0.05 });
  const clip = clipNorm(1);
  const [now, next] = [new Int32Array(batchSize * time), new Int32Array(batchSize * time)];
  let state = rnn.zeroState(batchSize);
  let number = 0;
  do {
    if (streams.startsPass(number)) state = rnn.zeroState(batchSize);
    streams.fill(number, 0, batchSize, now, next);
    optimizer.learningRate = 1e-2 * schedule.factor(number);
    const { loss } = step(
      () => {
        const { output, state: after } = rnn.forward(ids(now, [batchSize, time]), { state });
        state = after.detach();
        return crossEntropy(head.forward(output), ids(next, [batchSize, time]));
      },
      optimizer,
      clip,
    );
    answer("step", { step: ++number, steps, loss: await loss });
  } while (number < steps && (await goesOn()));
  const model = { rnn, head, stream: () => rnn.streamIds({ head }) };
  use(model, corpus.vocabulary, answer, `your text: LSTM, 1 × ${hidden}, after ${number} steps`);
}
