/**
 * Times the kernels of a character LSTM's training step on one thread:
 *
 *   node kernels/bench.ts [--module unrolled-relaxed.wasm] [--hidden 128,256,512] [--rounds N]
 *
 * Forward, backward and the whole step (embedding by id, LSTM, linear, cross-entropy, norm clip, Adam) take turns;
 * the median of each is printed, and the best, which a busy machine disturbs less. FLOPs count the matrix products alone, two for each multiply-add.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    module: { type: "string", default: "unrolled-relaxed.wasm" },
    hidden: { type: "string", default: "128,256,512" },
    rounds: { type: "string", default: "15" },
  },
});

const VOCABULARY = 65;
const STEPS = 64;
const BATCH = 32;

type Kernel = (...args: number[]) => number;

const path = fileURLToPath(new URL(`../src/backend/wasm/${options.module}`, import.meta.url));
const module = new WebAssembly.Module(readFileSync(path));

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Everything that a training step touches, on a memory of its own. */
function trainer(hidden: number) {
  const memory = new WebAssembly.Memory({ initial: 4096, maximum: 65536 });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const k = instance.exports as unknown as Record<string, Kernel>;
  let top = (instance.exports.__heap_base as WebAssembly.Global).value as number;
  const room = (words: number) => {
    const address = Math.ceil(top / 64) * 64;
    top = address + words * 4;
    if (top > memory.buffer.byteLength) throw new Error("the benchmark's memory is too small");
    return address;
  };
  const rows = STEPS * BATCH;
  const [wIh, wHh, bias, wOut] = [
    4 * hidden * VOCABULARY,
    4 * hidden * hidden,
    4 * hidden,
    VOCABULARY * hidden,
  ];
  /* Parameters, gradients and moments lie in one stretch each, as the flat buffers of an optimiser do. */
  const total = wIh + wHh + 2 * bias + wOut + VOCABULARY;
  const layout = (base: number) => {
    const ih = base;
    const hh = ih + wIh * 4;
    const biasIh = hh + wHh * 4;
    const biasHh = biasIh + bias * 4;
    const out = biasHh + bias * 4;
    return { ih, hh, biasIh, biasHh, out, outBias: out + wOut * 4 };
  };
  const [parameters, gradients, m, v] = [room(total), room(total), room(total), room(total)];
  const updates = room(1);
  const floats = new Float32Array(memory.buffer);
  const bound = 1 / Math.sqrt(hidden);
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < total; i++) floats[parameters / 4 + i] = (random() * 2 - 1) * bound;
  const [p, g] = [layout(parameters), layout(gradients)];
  k.fill(m, 0, total);
  k.fill(v, 0, total);
  k.fill(updates, 0, 1);
  const [ids, targets] = [room(rows), room(rows)];
  const ints = new Int32Array(memory.buffer);
  for (let i = 0; i < rows; i++) {
    ints[ids / 4 + i] = Math.floor(random() * VOCABULARY);
    ints[targets / 4 + i] = Math.floor(random() * VOCABULARY);
  }
  const packed = room(k.lstm_pack_size(VOCABULARY, hidden, 1));
  const [h, c, gates, dh] = [
    room(rows * hidden),
    room(rows * hidden),
    room(rows * 4 * hidden),
    room(rows * hidden),
  ];
  const [logits, logSumExp, loss, one, norm] = [
    room(rows * VOCABULARY),
    room(rows),
    room(1),
    room(1),
    room(1),
  ];
  floats[one / 4] = 1;
  const scratch = room(
    Math.max(
      k.lstm_forward_scratch(STEPS, BATCH, VOCABULARY, hidden, 1),
      k.lstm_backward_scratch(STEPS, BATCH, VOCABULARY, hidden, 1),
      k.gemm_scratch(rows, VOCABULARY, hidden),
      k.gemm_scratch(rows, hidden, VOCABULARY),
      k.gemm_scratch(VOCABULARY, hidden, rows),
    ),
  );
  const pack = () => k.lstm_pack(packed, p.ih, p.hh, p.biasIh, p.biasHh, VOCABULARY, hidden, 1);
  const forward = () =>
    k.lstm_forward(h, c, gates, 0, ids, 0, 0, packed, STEPS, BATCH, VOCABULARY, hidden, scratch);
  const backward = () =>
    k.lstm_backward(
      ...[0, g.ih, g.hh, g.biasIh, 0, 0, dh, 0, 0, h, c, gates, 0, ids, 0, 0, p.ih, p.hh],
      ...[STEPS, BATCH, VOCABULARY, hidden, scratch],
    );
  const head = () => {
    k.gemm(logits, h, p.out, p.outBias, rows, VOCABULARY, hidden, 0, 1, 0, scratch);
    k.cross_entropy(loss, 0, logSumExp, logits, targets, rows, VOCABULARY);
    k.cross_entropy_backward(logits, one, logSumExp, logits, targets, rows, VOCABULARY);
    k.gemm(dh, logits, p.out, 0, rows, hidden, VOCABULARY, 0, 0, 0, scratch);
    k.gemm(g.out, logits, h, 0, VOCABULARY, hidden, rows, 1, 0, 0, scratch);
    k.sum_rows(g.outBias, logits, rows, VOCABULARY);
  };
  const update = () => {
    k.copy(g.biasHh, g.biasIh, bias);
    k.clip_norm(norm, gradients, 5, total);
    k.adam(parameters, gradients, m, v, updates, 2e-3, 0.9, 0.999, 1e-8, 0, 0, total);
  };
  return { pack, forward, head, backward, update, loss: () => floats[loss / 4] };
}

function report(name: string, times: number[], flops: number): void {
  const column = (ms: number) => {
    const rate = flops ? `${(flops / ms / 1e6).toFixed(1).padStart(6)} GFLOP/s` : "";
    return `${ms.toFixed(3).padStart(9)} ms ${rate.padEnd(14)}`;
  };
  console.log(`  ${name.padEnd(10)} median ${column(median(times))}  best ${column(Math.min(...times))}`);
}

for (const hidden of options.hidden.split(",").map(Number)) {
  const net = trainer(hidden);
  const parts = ["pack", "forward", "head", "backward", "update"] as const;
  const times: Record<string, number[]> = {
    pack: [],
    forward: [],
    head: [],
    backward: [],
    update: [],
    step: [],
  };
  const rounds = Number(options.rounds);
  /* The first rounds run in the baseline compiler. */
  for (let round = -8; round < rounds; round++) {
    const start = performance.now();
    for (const part of parts) {
      const before = performance.now();
      net[part]();
      if (round >= 0) times[part].push(performance.now() - before);
    }
    if (round >= 0) times.step.push(performance.now() - start);
  }
  const recurrent = 2 * STEPS * BATCH * 4 * hidden * hidden;
  const head = 3 * 2 * STEPS * BATCH * VOCABULARY * hidden;
  console.log(`H=${hidden} (loss ${net.loss().toFixed(4)} after ${rounds + 8} updates on one batch)`);
  report("pack", times.pack, 0);
  report("forward", times.forward, recurrent);
  report("head", times.head, head);
  report("backward", times.backward, 2 * recurrent);
  report("update", times.update, 0);
  report("step", times.step, 3 * recurrent + head);
}
