/** Cells made of ops: the library's layer-norm LSTM and the minGRU of examples/. */
import { describe, expect, it } from "vitest";
import MinGRU from "../../examples/min-gru.ts";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  add,
  type Cell,
  LayerNormLSTMCell,
  mul,
  parameters,
  Recurrent,
  RecurrentState,
  Rng,
  scope,
  select,
  sum,
  tensor,
} from "../../src/nn/index.ts";
import { backends, firstDifference, REFERENCE_TOLERANCE } from "../support/backends.ts";
import { recorded } from "../support/recorded.ts";

const reference = createReferenceBackend();
const rng = new Rng(11);
const draw = (n: number) => Float64Array.from({ length: n }, () => Math.fround(rng.normal()));
const leaf = (shape: number[], backend = reference) => {
  const made = tensor(draw(shape.reduce((a, b) => a * b, 1)), shape, "f32", backend);
  made.needsGradient = true;
  return made;
};
const weigh = (y: Tensor) => {
  const weights = Float64Array.from({ length: y.size }, (_, i) => Math.sin(i + 1) + 0.3);
  return sum(mul(y, tensor(weights, y.shape)));
};
const named = (module: object) =>
  Object.fromEntries(parameters(module).map(({ name, tensor }) => [name, tensor]));

describe("minGRU: the parallel form", () => {
  // 1, a power of two, and lengths on both sides of one.
  it.each([1, 2, 5, 8, 9])(
    "agrees with the steps over %i steps from a non-zero state: values and gradients",
    async (T) => {
      const cell = new MinGRU(3, 4, { rng, backend: reference });
      const [x, h] = [leaf([T, 2, 3]), leaf([2, 4])];
      const loop: Cell<{ h: Tensor }> = {
        zeroState: (n) => cell.zeroState(n),
        step: (x, s) => cell.step(x, s),
      };
      const run = (cell: Cell<{ h: Tensor }>, weights: object) =>
        Promise.all(
          scope(
            () =>
              recorded(() => {
                const { output, state } = new Recurrent(cell, { batchFirst: false }).forward(x, {
                  state: { h },
                });
                const loss = add(weigh(output), weigh(state.h));
                return { loss, outputs: { output, h: state.h }, inputs: { x, h0: h } };
              }, named(weights)).map(async ([name, values]) => [name, await values] as const),
            reference,
          ),
        );
      const [parallel, steps] = [await run(cell, cell), await run(loop, cell)];
      expect(parallel.map(([name]) => name)).toContain("grad.gate.weight");
      for (const [at, [name, values]] of parallel.entries()) {
        expect(firstDifference(values, steps[at][1], REFERENCE_TOLERANCE), name).toBeUndefined();
      }
    },
  );

  it("has the right gradients", async () => {
    const rnn = new Recurrent(new MinGRU(2, 3, { rng, backend: reference }));
    const [x, h] = [leaf([2, 5, 2]), leaf([2, 3])];
    const loss = () => weigh(rnn.forward(x, { state: { h } }).output);
    for (const { name, error } of await checkGradients(loss, { x, h, ...named(rnn) })) {
      expect(error, name).toBeLessThan(1e-8);
    }
  });

  it("goes on from chunk to chunk as one long sequence", async () => {
    const rnn = new Recurrent(new MinGRU(2, 3, { rng, backend: reference }), { batchFirst: false });
    const x = leaf([7, 2, 2]);
    const [whole, cut] = await scope(() => {
      const first = rnn.forward(x.view([3, 2, 2]));
      const second = rnn.forward(x.view([4, 2, 2], 12), first);
      return Promise.all([rnn.forward(x).state.h.read(), second.state.h.read()]);
    }, reference);
    expect(firstDifference(cut, whole, REFERENCE_TOLERANCE)).toBeUndefined();
  });
});

describe("LayerNormLSTMCell", () => {
  it("is the paper's equations, written out in plain loops", async () => {
    const [I, H] = [3, 2];
    const cell = new LayerNormLSTMCell(I, H, { rng, backend: reference });
    for (const { tensor } of parameters(cell)) tensor.write(draw(tensor.size));
    const weights: Record<string, Float32Array | Float64Array> = {};
    for (const { name, tensor } of parameters(cell)) weights[name] = await tensor.read();
    const [x, h, c] = [draw(I), draw(H), draw(H)];
    const state = () => new RecurrentState(tensor(h, [1, H]), tensor(c, [1, H]));
    const [hidden, next] = await scope(() => {
      const run = cell.step(tensor(x, [1, I]), state());
      return Promise.all([run.output.read(), run.state.cell!.read()]);
    }, reference);

    const times = (w: ArrayLike<number>, v: Float64Array) =>
      Float64Array.from({ length: 4 * H }, (_, r) =>
        v.reduce((total, value, k) => total + w[r * v.length + k] * value, 0),
      );
    const norm = (z: Float64Array, gain: ArrayLike<number>, bias?: ArrayLike<number>) => {
      const mean = z.reduce((a, b) => a + b) / z.length;
      const variance = z.reduce((total, value) => total + (value - mean) ** 2, 0) / z.length;
      return z.map((value, k) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[k] + (bias?.[k] ?? 0));
    };
    const fromInput = norm(times(weights.weight_ih, x), weights.gain_ih, weights.bias);
    const fromState = norm(times(weights.weight_hh, h), weights.gain_hh);
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const gate = (k: number, j: number) => fromInput[k * H + j] + fromState[k * H + j];
    const cellState = c.map(
      (before, j) => sigmoid(gate(1, j)) * before + sigmoid(gate(0, j)) * Math.tanh(gate(2, j)),
    );
    const shown = norm(cellState, weights.gain_cell, weights.bias_cell);
    expect(firstDifference(next, cellState, REFERENCE_TOLERANCE)).toBeUndefined();
    const output = shown.map((value, j) => sigmoid(gate(3, j)) * Math.tanh(value));
    expect(firstDifference(hidden, output, REFERENCE_TOLERANCE)).toBeUndefined();
  });

  it.each(backends)("on $name runs over time as on the reference", async ({ backend, tolerance }) => {
    const values = draw(2 * 6 * 3);
    const run = async (on: typeof backend) => {
      const rnn = new Recurrent(new LayerNormLSTMCell(3, 4, { rng: new Rng(5), backend: on }));
      return scope(() => rnn.forward(tensor(values, [2, 6, 3])).output.read(), on);
    };
    // Dividing by the spread of few features makes rounding larger than in a plain LSTM.
    const wider = { ...tolerance, absolute: 3 * tolerance.absolute };
    expect(firstDifference(await run(backend), await run(reference), wider)).toBeUndefined();
  });

  it("has the right gradients", async () => {
    const rnn = new Recurrent(new LayerNormLSTMCell(2, 3, { rng, backend: reference }), {
      batchFirst: false,
    });
    const [x, h, c] = [leaf([3, 2, 2]), leaf([2, 3]), leaf([2, 3])];
    const loss = () => {
      const { output, state } = rnn.forward(x, { state: new RecurrentState(h, c) });
      return add(weigh(select(output, 1)), weigh(state.cell!));
    };
    for (const { name, error } of await checkGradients(loss, { x, h, c, ...named(rnn) })) {
      expect(error, name).toBeLessThan(1e-6);
    }
  });

  it("refuses sizes that are none", () => {
    expect(() => new LayerNormLSTMCell(0, 3, { rng })).toThrow("LayerNormLSTMCell: inputs must be");
    expect(() => new LayerNormLSTMCell(3, 1.5, { rng })).toThrow("LayerNormLSTMCell: hidden must be");
  });
});
