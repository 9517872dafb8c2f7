import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  add,
  type CellKind,
  GRU,
  GRUCell,
  LSTM,
  LSTMCell,
  mul,
  type RecurrentOptions,
  RecurrentState,
  RNN,
  RNNCell,
  Rng,
  scope,
  select,
  sum,
  tensor,
} from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { Goldens } from "../support/goldens.ts";
import { leaf, loadParameters, recorded } from "../support/recorded.ts";

interface Case {
  name: string;
  kind: string;
  cell: CellKind;
  I: number;
  H: number;
  layers: number;
  bidirectional: boolean;
  bias: boolean;
  projection: number;
  lengths: number[] | null;
  batchFirst: boolean;
}

const goldens = new Goldens<Case>("recurrent.safetensors");
const layers = goldens.cases("layer");

function layerOf(one: Case, backend: Backend) {
  const { I, H, layers, bias, batchFirst, bidirectional, projection: projSize } = one;
  const options: RecurrentOptions = { rng: new Rng(1), layers, bias, batchFirst, bidirectional, backend };
  switch (one.cell) {
    case "lstm":
      return new LSTM(I, H, { ...options, projSize });
    case "gru":
      return new GRU(I, H, options);
    case "gru-before":
      return new GRU(I, H, { ...options, resetGate: "before" });
    case "rnn-tanh":
      return new RNN(I, H, options);
    case "rnn-relu":
      return new RNN(I, H, { ...options, nonlinearity: "relu" });
  }
}

const stateLeaf = (name: string) => {
  const found = goldens.find(name);
  return found && leaf(found);
};

function runLayer(one: Case, backend: Backend) {
  const layer = layerOf(one, backend);
  const found = loadParameters(layer, goldens.under(`${one.name}.param`));
  return scope(() => {
    const x = leaf(goldens.get(`${one.name}.in.x`));
    const [h0, c0] = ["h0", "c0"].map((name) => stateLeaf(`${one.name}.in.${name}`));
    return recorded(() => {
      const { output, state } = layer.forward(x, {
        state: h0 && new RecurrentState(h0, c0),
        lengths: one.lengths ?? undefined,
      });
      const outputs = { output, hn: state.hidden!, ...(state.cell && { cn: state.cell }) };
      const loss = Object.entries(outputs)
        .map(([name, value]) =>
          sum(mul(value, tensor(goldens.get(`${one.name}.in.weight_${name}`).values, value.shape))),
        )
        .reduce(add);
      return { loss, outputs, inputs: { x, ...(h0 && { h0 }), ...(c0 && { c0 }) } };
    }, found);
  }, backend);
}

function runCell(one: Case, backend: Backend) {
  const { I, H, bias, cell } = one;
  const options = { rng: new Rng(1), bias, backend };
  const module =
    cell === "lstm"
      ? new LSTMCell(I, H, options)
      : cell === "gru"
        ? new GRUCell(I, H, options)
        : new RNNCell(I, H, { ...options, nonlinearity: cell === "rnn-relu" ? "relu" : "tanh" });
  const found = loadParameters(module, goldens.under(`${one.name}.param`));
  return scope(() => {
    const x = leaf(goldens.get(`${one.name}.in.x`));
    const h0 = leaf(goldens.get(`${one.name}.in.h0`));
    const c0 = stateLeaf(`${one.name}.in.c0`);
    const { values, shape } = goldens.get(`${one.name}.in.weight`);
    return recorded(() => {
      let state = new RecurrentState(h0, c0);
      const losses: Tensor[] = [];
      for (let t = 0; t < 3; t++) {
        const step = module.step(select(x, t), state);
        state = step.state;
        losses.push(
          sum(
            mul(
              step.output,
              tensor(
                Float64Array.from(values, (value) => value * (t + 1)),
                shape,
              ),
            ),
          ),
        );
      }
      const outputs = { h: state.hidden!, ...(state.cell && { c: state.cell }) };
      return { loss: losses.reduce(add), outputs, inputs: { x, h0, ...(c0 && { c0 }) } };
    }, found);
  }, backend);
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  const compare = async (one: Case, reads: ReturnType<typeof runLayer>) => {
    expect(reads.length).toBe(goldens.under(`${one.name}.out`).size + goldens.under(`${one.name}.grad`).size);
    for (const [name, values] of reads) {
      const expected = goldens.get(`${one.name}.${name}`).values;
      expect(firstDifference(await values, expected, tolerance), name).toBeUndefined();
    }
  };

  it.each(layers)("a layer has PyTorch's values, states and all gradients: $name", async (one) => {
    await compare(one, runLayer(one, backend));
  });

  it.each(goldens.cases("cell"))("a single cell over three steps has them too: $name", async (one) => {
    await compare(one, runCell(one, backend));
  });
});

it("the matrix of cases has every cell, direction, depth, projection and kind of lengths", () => {
  const seen = (value: (one: Case) => unknown) => new Set(layers.map((one) => String(value(one)))).size;
  expect([seen(({ cell }) => cell), seen(({ layers }) => layers)]).toEqual([5, 3]);
  for (const flag of ["bidirectional", "bias", "batchFirst", "projection"] as const) {
    expect(
      seen((one) => one[flag]),
      flag,
    ).toBe(2);
  }
  expect(layers.some(({ lengths }) => lengths !== null && lengths[0] < lengths.at(-1)!)).toBe(true);
});
