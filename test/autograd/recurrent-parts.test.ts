/** Where a layer has the kernels keep the parts of its gate gradients (kernels/unrolled.h), and where they go. */
import { describe, expect, it } from "vitest";
import type { Kernels } from "../../src/backend/backend.ts";
import { createWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { ids, type Tensor } from "../../src/index.ts";
import { crossEntropy, LSTM, LSTMCell, parameters, Rng } from "../../src/nn/index.ts";
import { differentiate, sgd } from "../../src/optim/index.ts";

const [SYMBOLS, HIDDEN, BATCH, TIME] = [5, 5, 2, 3];
const WORDS = 64;

/** Which parts the kernels are given, and for how many rows their size is asked, by kernels that keep `words` words. */
function watched(words: number) {
  const backend = createWasmBackend()!;
  const { recurrent_backward, recurrent_weight_gradients } = backend.kernels;
  const seen = { rows: [] as number[], backward: [] as number[], weights: [] as number[] };
  const kernels: Partial<Kernels> = {
    recurrent_parts_size(_cell, n) {
      seen.rows.push(n);
      return words;
    },
    recurrent_backward(...args) {
      seen.backward.push(args[2]);
      recurrent_backward(...args);
    },
    recurrent_weight_gradients(...args) {
      seen.weights.push(args[7]);
      recurrent_weight_gradients(...args);
    },
  };
  const all = { ...backend, kernels: { ...backend.kernels, ...kernels } };
  return { backend: all, seen };
}

const symbols = (...shape: number[]) =>
  ids(
    Int32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % SYMBOLS),
    shape,
  );

async function backwardOf(loss: () => Tensor, module: object): Promise<void> {
  await differentiate(loss, sgd(parameters(module as never), { lr: 0.1 }));
}

describe("the parts of gate gradients", () => {
  it("go from the backward kernel to the weight gradients", async () => {
    const { backend, seen } = watched(WORDS);
    const rnn = new LSTM(SYMBOLS, HIDDEN, { rng: new Rng(1), backend });
    await backwardOf(() => crossEntropy(rnn.forward(symbols(BATCH, TIME)).output, symbols(BATCH, TIME)), {
      rnn,
    });
    expect(seen.rows).toEqual([BATCH * TIME]);
    expect(seen.backward).toHaveLength(1);
    expect(seen.backward[0]).toBeGreaterThan(0);
    expect(seen.weights).toEqual(seen.backward);
  });

  it("take no memory where the kernels have none", async () => {
    const { backend, seen } = watched(0);
    const rnn = new LSTM(SYMBOLS, HIDDEN, { rng: new Rng(1), backend });
    await backwardOf(() => crossEntropy(rnn.forward(symbols(BATCH, TIME)).output, symbols(BATCH, TIME)), {
      rnn,
    });
    expect([seen.backward, seen.weights]).toEqual([[0], [0]]);
  });

  it("are not kept for the steps of a cell, whose weight gradients are one product over all", async () => {
    const { backend, seen } = watched(WORDS);
    const cell = new LSTMCell(SYMBOLS, HIDDEN, { rng: new Rng(1), backend });
    const loss = () => {
      let state = cell.zeroState(BATCH);
      let output: Tensor | undefined;
      for (let step = 0; step < TIME; step++) ({ output, state } = cell.step(symbols(BATCH), state));
      return crossEntropy(output!, symbols(BATCH));
    };
    await backwardOf(loss, { cell });
    expect(seen.rows).toEqual([]);
    expect(seen.backward).toEqual([0, 0, 0]);
    expect(seen.weights).toEqual([0]);
  });
});
