import { describe, expect, it } from "vitest";
import { profiled } from "../../src/autograd/profile.ts";
import { type Backend, createWasmBackend, ids, scope, setDefaultBackend, step } from "../../src/index.ts";
import { crossEntropy, Linear, LSTM, parameters, Rng } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";

const [VOCABULARY, HIDDEN, BATCH, TIME] = [7, 5, 3, 4];

/** A character model on a backend: a training step, and the loss of its second. */
function model(backend: Backend) {
  setDefaultBackend(backend);
  const rng = new Rng(1);
  const rnn = new LSTM(VOCABULARY, HIDDEN, { rng });
  const head = new Linear(HIDDEN, VOCABULARY, { rng });
  const optimizer = adam(parameters({ rnn, head }), { lr: 0.1 });
  const clip = clipNorm(1);
  const symbols = Int32Array.from({ length: BATCH * TIME }, (_, at) => at % VOCABULARY);
  const loss = () =>
    crossEntropy(head.forward(rnn.forward(ids(symbols, [BATCH, TIME])).output), ids(symbols, [BATCH, TIME]));
  return { train: () => step(loss, optimizer, clip).loss, loss };
}

const STEPS = 3;

async function profileOfTraining() {
  const { backend, profile } = profiled(createWasmBackend()!);
  const { train, loss } = model(backend);
  const losses: number[] = [];
  for (let count = 0; count < STEPS; count++) losses.push(await profile.step(train));
  return { profile, train, loss, losses, backend };
}

describe("the profile of a training step", () => {
  it("has a row for each kernel of each op, forward, backward and beside the tape", async () => {
    const { profile } = await profileOfTraining();
    const { steps, rows } = profile.report();
    expect(steps).toBe(STEPS);
    const calls = (phase: string, op: string, kernel: string) =>
      rows.find((row) => row.phase === phase && row.op === op && row.kernel === kernel)?.calls;
    expect(calls("forward", "lstm", "recurrent_pack")).toBe(1);
    expect(calls("forward", "lstm", "recurrent_forward")).toBe(1);
    expect(calls("forward", "linear", "gemm")).toBe(1);
    expect(calls("forward", "crossEntropy", "cross_entropy")).toBe(1);
    expect(calls("backward", "crossEntropy", "cross_entropy_backward")).toBe(1);
    expect(calls("backward", "linear", "gemm")).toBe(2);
    expect(calls("backward", "lstm", "recurrent_backward")).toBe(1);
    expect(calls("backward", "lstm weights", "recurrent_weight_gradients")).toBe(1);
    expect(calls("update", "", "clip_norm")).toBe(1);
    expect(calls("update", "", "adam")).toBeGreaterThan(0);
    expect(calls("forward", "lstm", "recurrent_forward_scratch")).toBeUndefined();
  });

  it("accounts for the whole step, the most costly first", async () => {
    const { profile } = await profileOfTraining();
    const { ms, rows } = profile.report();
    expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(rows.reduce((sum, row) => sum + row.ms, 0)).toBeCloseTo(ms, 9);
    expect(rows.map((row) => row.ms)).toEqual(rows.map((row) => row.ms).toSorted((a, b) => b - a));
    expect(rows.filter(({ phase }) => phase === "rest")).toHaveLength(1);
  });

  it("changes no bit of the training", async () => {
    const { losses } = await profileOfTraining();
    const { train } = model(createWasmBackend()!);
    const plain: number[] = [];
    for (let count = 0; count < STEPS; count++) plain.push(await train());
    expect(losses).toEqual(plain);
  });

  it("counts nothing outside of a step, and begins anew after a reset", async () => {
    const { profile, train, loss, backend } = await profileOfTraining();
    const before = profile.report();
    await train();
    scope(() => loss(), backend);
    profile.span("data", () => {});
    expect(profile.report()).toEqual(before);
    profile.reset();
    expect(profile.report()).toMatchObject({ steps: 0, ms: 0 });
    await profile.step(train);
    expect(profile.report().steps).toBe(1);
  });

  it("gives a span its kernels and the time that is in none, and the rest of the step its own", async () => {
    const { backend, profile } = profiled(createWasmBackend()!);
    const { train } = model(backend);
    await profile.step(async () => {
      await train();
      await profile.span("exchange", async () => {
        backend.kernels.sum(64 * 1024, 64 * 1024, 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
      });
      profile.span("data", () => {});
    });
    const rows = profile.report().rows.filter(({ phase }) => phase === "exchange" || phase === "data");
    expect(rows.map(({ phase, kernel }) => `${phase} ${kernel}`).toSorted()).toEqual([
      "data ",
      "exchange ",
      "exchange sum",
    ]);
    expect(rows.find(({ phase, kernel }) => phase === "exchange" && kernel === "")?.ms).toBeGreaterThan(4);
  });

  it("stops watching when a step fails", async () => {
    const { backend, profile } = profiled(createWasmBackend()!);
    const { train } = model(backend);
    await expect(profile.step(() => Promise.reject(new Error("out of luck")))).rejects.toThrow("out of luck");
    const before = profile.report();
    await train();
    expect(profile.report()).toEqual(before);
  });
});
