/** Dropout by the rows of the whole batch: what a row gets does not depend on the rows beside it. */
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { ShapeError } from "../../src/core/errors.ts";
import { LanguageModel } from "../../src/models/index.ts";
import {
  type Cell,
  dropout,
  ids,
  Linear,
  LSTM,
  Recurrent,
  RecurrentStack,
  Rng,
  type StepContext,
  scope,
  tanh,
  tensor,
  zeros,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

const [TIME, BATCH, FEATURES] = [5, 7, 6];
const ALL = Array.from({ length: BATCH }, (_, row) => row);
const LENGTHS = [3, 5, 1, 4, 5, 2, 3];
/** Parts of the batch; the rows of the last are in no order. */
const PARTS = [[0, 1, 2], [3], [6, 4, 5]];

const values = (rows: readonly number[]) =>
  rows.map((row) =>
    Array.from({ length: TIME }, (_, t) =>
      Array.from({ length: FEATURES }, (_, f) => 2 + Math.sin(row + 10 * t + 100 * f)),
    ),
  );

/** A cell that drops some of its inputs and of its state. */
class DroppingCell implements Cell<Tensor> {
  readonly linear: Linear;

  constructor(size: number, rng: Rng, backend: Backend) {
    this.linear = new Linear(size, size, { rng, backend });
  }

  zeroState(batch: number): Tensor {
    return zeros([batch, FEATURES]);
  }

  step(x: Tensor, state: Tensor, { rng }: StepContext) {
    const kept = rng === undefined ? x : dropout(x, 0.5, rng);
    const dropped = rng === undefined ? state : dropout(state, 0.3, rng);
    const output = tanh(this.linear.forward(kept));
    return { output, state: tanh(this.linear.forward(dropped)) };
  }
}

type Layer = (x: Tensor, rng: Rng, lengths?: readonly number[]) => Tensor;

function layersOn(backend: Backend): Record<string, Layer> {
  const rng = new Rng(1);
  const options = { rng, backend, layers: 3, dropout: 0.5 };
  const plain = new LSTM(FEATURES, FEATURES, options);
  const variational = new LSTM(FEATURES, FEATURES, { ...options, variational: true, bidirectional: true });
  const cell = new Recurrent(new DroppingCell(FEATURES, rng, backend));
  const cells = [1, 2].map(() => new DroppingCell(FEATURES, rng, backend));
  const stack = new RecurrentStack(cells, { dropout: 0.5 });
  const smooth = new RecurrentStack([cells[0], new DroppingCell(FEATURES, rng, backend)], {
    ...{ dropout: 0.5, variational: true },
  });
  const of =
    (layer: { forward(x: Tensor, options: object): { output: Tensor } }): Layer =>
    (x, rng, lengths) =>
      layer.forward(x, { rng, lengths }).output;
  return {
    "an LSTM": of(plain),
    "an LSTM in two directions with variational dropout": of(variational),
    "a cell that drops": of(cell),
    "a stack of cells": of(stack),
    "a stack of cells with variational dropout": of(smooth),
  };
}

describe.each(backends)("dropout by rows on $name", ({ backend }) => {
  const outputs = (layer: Layer, rows: readonly number[], rng: Rng, lengths?: readonly number[]) =>
    scope(() => {
      const x = tensor(values(rows));
      return layer(x, rng, lengths && rows.map((row) => lengths[row])).read();
    }, backend);

  describe.each(Object.keys(layersOn(backend)))("of %s", (name) => {
    const layer = layersOn(backend)[name];

    it.each([
      ["sequences of one length", undefined],
      ["sequences of different lengths", LENGTHS],
    ])("is the same in parts of a batch of %s", async (_, lengths) => {
      const rng = () => new Rng(9);
      const whole = await outputs(layer, ALL, rng().forRows(ALL, BATCH), lengths);
      const size = whole.length / BATCH;
      expect(new Set(whole).size).toBeGreaterThan(size);
      for (const rows of PARTS) {
        const part = await outputs(layer, rows, rng().forRows(rows, BATCH), lengths);
        for (const [at, row] of rows.entries()) {
          const expected = whole.subarray(row * size, (row + 1) * size);
          for (let i = 0; i < size; i++) expect(part[at * size + i]).toBeCloseTo(expected[i], 5);
        }
      }
    });

    it("is that of a generator which knows no rows, for a whole batch of one length", async () => {
      const plain = await outputs(layer, ALL, new Rng(9));
      expect(await outputs(layer, ALL, new Rng(9).forRows(ALL, BATCH))).toEqual(plain);
    });
  });

  it("is the same for the parts of a language model's batch, forward and backward", async () => {
    const model = new LanguageModel(
      { vocabulary: 5, hidden: 6, layers: 2, embedding: 4, dropout: 0.4 },
      { rng: new Rng(1), backend },
    );
    const losses = (rows: readonly number[]) =>
      scope(() => {
        const symbols = (shift: number) =>
          ids(
            rows.flatMap((row) => Array.from({ length: TIME }, (_, t) => (row * t + shift) % 5)),
            [rows.length, TIME],
          );
        const rng = new Rng(2).forRows(rows, BATCH);
        return model.losses(symbols(0), symbols(1), { rng }).losses.read();
      }, backend);
    const whole = await losses(ALL);
    for (const rows of PARTS) {
      const part = await losses(rows);
      for (let t = 0; t < TIME; t++) {
        for (const [at, row] of rows.entries()) {
          expect(part[t * rows.length + at]).toBeCloseTo(whole[t * BATCH + row], 5);
        }
      }
    }
  });

  it("refuses a tensor with another number of rows, and says what to do", () => {
    scope(() => {
      const rng = new Rng(1).forRows([3, 4], 5);
      const x = tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      expect(() => dropout(x, 0.5, rng)).toThrow(ShapeError);
      expect(() => dropout(x, 0.5, rng)).toThrow(
        "dropout: x must be the generator's 2 rows along axis 0, got 3",
      );
      expect(dropout(x, 0.5, rng, { batchAxis: 1 }).shape).toEqual([3, 2]);
    }, backend);
  });

  it("drops the same of a tensor without a batch, whatever the rows", async () => {
    const read = (rng: Rng) =>
      scope(() => dropout(tensor(values(ALL)), 0.5, rng, { batchAxis: null }).read(), backend);
    expect(await read(new Rng(1).forRows([3], 5))).toEqual(await read(new Rng(1)));
  });
});

describe("a generator for rows", () => {
  it("goes on where the other is, and takes it along", () => {
    const rng = new Rng(5);
    rng.words();
    const view = rng.forRows([1], 2);
    const expected = new Rng(rng.state);
    expect([view.uniform(), rng.uniform()]).toEqual([expected.uniform(), expected.uniform()]);
    expect(view.batchRows).toEqual({ rows: [1], batch: 2 });
    expect(view.fork(3).batchRows).toEqual({ rows: [1], batch: 2 });
    expect(view.fork(3).state).toEqual(rng.fork(3).state);
    expect(rng.batchRows).toBeUndefined();
  });

  it.each<[unknown, unknown, string]>([
    [[0], 0, "rng.forRows: batch must be an integer of at least 1, got 0"],
    [[2], 2, "rng.forRows: rows must be a list of integers from 0 to 1, got [2]"],
    [[0.5], 2, "rng.forRows: rows must be a list of integers from 0 to 1, got [0.5]"],
    [3, 2, "rng.forRows: rows must be a list of integers from 0 to 1, got 3"],
  ])("refuses rows %j of %j", (rows, batch, message) => {
    expect(() => new Rng(1).forRows(rows as number[], batch as number)).toThrow(message);
  });
});
