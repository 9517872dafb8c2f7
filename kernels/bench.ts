/**
 * Times the kernels of a character model's training step on one thread:
 *
 *   node kernels/bench.ts [--cell lstm,gru_after] [--hidden 128,256,512] [--steps 64] [--batch 32] [--rounds N]
 *                         [--module unrolled-relaxed.wasm | --native avx2|avx512]
 *
 * The parts of a step (ids as input, recurrent layer, linear, cross-entropy, norm clip, Adam) take turns; the median of
 * each is printed, and the best, which a busy machine disturbs less. FLOPs count the matrix products alone, two for
 * each multiply-add. With --native the recurrent layer's parts alone, by kernels/test/bench.c.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    module: { type: "string", default: "unrolled-relaxed.wasm" },
    native: { type: "string" },
    cell: { type: "string", default: "lstm,gru_after,gru_before,rnn_tanh" },
    hidden: { type: "string", default: "128,256,512" },
    steps: { type: "string", default: "64" },
    batch: { type: "string", default: "32" },
    rounds: { type: "string", default: "15" },
  },
});

const VOCABULARY = 65;
const STEPS = Number(options.steps);
const BATCH = Number(options.batch);
/** In the order of unrolled.h; gates, values saved and gradients of sums for each unit. */
const CELLS: Record<string, { gates: number; saved: number; gradients: number }> = {
  rnn_tanh: { gates: 1, saved: 0, gradients: 1 },
  rnn_relu: { gates: 1, saved: 0, gradients: 1 },
  lstm: { gates: 4, saved: 4, gradients: 4 },
  gru_after: { gates: 3, saved: 4, gradients: 4 },
  gru_before: { gates: 3, saved: 3, gradients: 3 },
};

type Kernel = (...args: number[]) => number;

const path = fileURLToPath(new URL(`../src/backend/wasm/${options.module}`, import.meta.url));
const module = new WebAssembly.Module(readFileSync(path));

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Everything that a training step touches, on a memory of its own. */
function trainer(name: string, hidden: number) {
  const { gates: G, saved, gradients: D } = CELLS[name];
  const cell = Object.keys(CELLS).indexOf(name);
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
    G * hidden * VOCABULARY,
    G * hidden * hidden,
    G * hidden,
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
  const sizes = [VOCABULARY, hidden, 0] as const;
  const packed = room(k.recurrent_pack_size(cell, ...sizes, 1));
  const back = room(k.recurrent_pack_backward_size(cell, hidden, 0));
  const [h, gates, dgates, dh] = [hidden, saved * hidden, D * hidden, hidden].map((n) => room(rows * n));
  const c = name === "lstm" ? room(rows * hidden) : 0;
  const [logits, logSumExp, loss, one, norm, clip] = [
    room(rows * VOCABULARY),
    room(rows),
    room(1),
    room(1),
    room(1),
    room(2),
  ];
  floats[one / 4] = 1;
  const scratch = room(
    Math.max(
      k.recurrent_forward_scratch(cell, STEPS, BATCH, ...sizes, 1),
      k.recurrent_backward_scratch(cell, STEPS, BATCH, hidden, 0),
      k.recurrent_weight_gradients_scratch(cell, rows, ...sizes, 1),
      k.gemm_scratch(rows, VOCABULARY, hidden),
      k.gemm_scratch(rows, hidden, VOCABULARY),
      k.gemm_scratch(VOCABULARY, hidden, rows),
    ),
  );
  const pack = () => {
    k.recurrent_pack(packed, cell, p.ih, p.hh, p.biasIh, p.biasHh, 0, ...sizes, 1);
    k.recurrent_pack_backward(back, cell, p.hh, 0, hidden, 0);
  };
  const forward = () =>
    k.recurrent_forward(cell, h, c, gates, 0, ids, 0, 0, 0, packed, STEPS, BATCH, ...sizes, scratch);
  const backward = () =>
    k.recurrent_backward(
      ...[cell, dgates, 0, 0, 0, 0, dh, 0, 0, h, c, gates],
      ...[0, 0, 0, back, STEPS, BATCH, hidden, 0, scratch],
    );
  const weights = () =>
    k.recurrent_weight_gradients(
      ...[cell, g.ih, g.hh, g.biasIh, g.biasHh, 0, dgates, 0, 0, h, c, gates, 0, ids, 0, 0],
      ...[STEPS, BATCH, rows, ...sizes, scratch],
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
    k.clip_norm(norm, clip, gradients, 5, total);
    k.adam(parameters, gradients, clip, m, v, updates, 2e-3, 0.9, 0.999, 1e-8, 0, 0, total);
  };
  return { pack, forward, head, backward, weights, update, loss: () => floats[loss / 4] };
}

function report(name: string, times: number[], flops: number): void {
  const column = (ms: number) => {
    const rate = flops ? `${(flops / ms / 1e6).toFixed(1).padStart(6)} GFLOP/s` : "";
    return `${ms.toFixed(3).padStart(9)} ms ${rate.padEnd(14)}`;
  };
  console.log(`  ${name.padEnd(10)} median ${column(median(times))}  best ${column(Math.min(...times))}`);
}

function benchmark(cell: string, hidden: number): void {
  const net = trainer(cell, hidden);
  const parts = ["pack", "forward", "head", "backward", "weights", "update"] as const;
  const times: Record<string, number[]> = { layer: [], step: [] };
  for (const part of parts) times[part] = [];
  const rounds = Number(options.rounds);
  /* The first rounds run in the baseline compiler. */
  for (let round = -8; round < rounds; round++) {
    const taken: Record<string, number> = {};
    for (const part of parts) {
      const before = performance.now();
      net[part]();
      taken[part] = performance.now() - before;
    }
    taken.layer = taken.pack + taken.forward + taken.backward + taken.weights;
    taken.step = taken.layer + taken.head + taken.update;
    if (round >= 0) for (const [name, time] of Object.entries(taken)) times[name].push(time);
  }
  const product = 2 * STEPS * BATCH * CELLS[cell].gates * hidden * hidden;
  const head = 3 * 2 * STEPS * BATCH * VOCABULARY * hidden;
  console.log(`${cell} H=${hidden} (loss ${net.loss().toFixed(4)} after ${rounds + 8} updates on one batch)`);
  report("pack", times.pack, 0);
  report("forward", times.forward, product);
  report("backward", times.backward, product);
  report("weights", times.weights, product);
  report("layer", times.layer, 3 * product);
  report("head", times.head, head);
  report("update", times.update, 0);
  report("step", times.step, 3 * product + head);
}

/** The same source as a native program. */
function benchmarkNative(instructions: string, cells: string[], hidden: number[]): void {
  const kernels = fileURLToPath(new URL(".", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "unrolled-bench-"));
  try {
    const [library, program] = [join(folder, "unrolled.so"), join(folder, "bench")];
    execFileSync(process.execPath, [join(kernels, "build.ts"), "--native", instructions, library]);
    const source = join(kernels, "test", "bench.c");
    execFileSync("clang-19", [
      ...["-std=gnu11", "-O1", `-I${kernels}`, source, library, `-Wl,-rpath,${folder}`, "-o", program],
    ]);
    for (const cell of cells)
      for (const units of hidden) {
        const numbers = [Object.keys(CELLS).indexOf(cell), units, STEPS, BATCH, Number(options.rounds)];
        const output = execFileSync(program, numbers.map(String), { encoding: "utf8" });
        const times = JSON.parse(output) as Record<string, number[]>;
        const product = 2 * STEPS * BATCH * CELLS[cell].gates * units * units;
        console.log(`${cell} H=${units}, ${instructions}`);
        for (const [name, values] of Object.entries(times))
          report(name, values, name === "pack" ? 0 : product * (name === "layer" ? 3 : 1));
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cells = options.cell.split(",");
const unknown = cells.find((cell) => !(cell in CELLS));
if (unknown !== undefined) throw new Error(`no cell ${unknown}; known: ${Object.keys(CELLS).join(", ")}`);
const hidden = options.hidden.split(",").map(Number);
if (options.native) benchmarkNative(options.native, cells, hidden);
else for (const cell of cells) for (const units of hidden) benchmark(cell, units);
