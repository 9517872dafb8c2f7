import { describe, expect, it } from "vitest";
import { parameter } from "../../src/autograd/parameter.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  constant_,
  defaultUniform_,
  Linear,
  LSTM,
  LSTMCell,
  normal_,
  orthogonal_,
  parameters,
  Rng,
  setForgetBias,
  uniform_,
  xavierNormal_,
  xavierUniform_,
} from "../../src/nn/index.ts";
import { backends } from "../support/backends.ts";

/** Values are rounded to float32; a dot product of a few hundred of them adds up their roundings. */
const ROUNDED = 1e-6;

const zeros = (...shape: number[]) =>
  parameter(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape, backends[0].backend);
const values = async (tensor: Tensor) => [...(await tensor.read())];
const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const deviation = (x: number[]) => {
  const center = mean(x);
  return Math.sqrt(mean(x.map((value) => (value - center) ** 2)));
};

/** The greatest difference of M M^T (rows <= columns) or M^T M from scale times the identity. */
function fromOrthogonal(matrix: number[], rows: number, columns: number, scale = 1): number {
  const wide = rows <= columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const at = (vector: number, i: number) => matrix[wide ? vector * columns + i : i * columns + vector];
  let worst = 0;
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b++) {
      let dot = 0;
      for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
      worst = Math.max(worst, Math.abs(dot - (a === b ? scale : 0)));
    }
  }
  return worst;
}

describe("initialisers", () => {
  it.each([
    [1, 1],
    [7, 7],
    [40, 40],
    [40, 70],
    [70, 40],
    [5, 1],
    [1, 5],
    [129, 33],
  ])("orthogonal_ [%d, %d] has orthonormal rows or columns, times the gain", async (rows, columns) => {
    const matrix = await values(orthogonal_(zeros(rows, columns), new Rng(rows), { gain: 1.5 }));
    expect(fromOrthogonal(matrix, rows, columns, 2.25)).toBeLessThan(ROUNDED);
  });

  it("orthogonal_ with blocks makes each gate orthogonal by itself", async () => {
    const matrix = await values(orthogonal_(zeros(4 * 16, 16), new Rng(1), { blocks: 4 }));
    for (let gate = 0; gate < 4; gate++) {
      expect(fromOrthogonal(matrix.slice(gate * 256, (gate + 1) * 256), 16, 16)).toBeLessThan(ROUNDED);
    }
    expect(matrix.slice(0, 256)).not.toEqual(matrix.slice(256, 512));
  });

  it("orthogonal_ draws both directions of every axis: 400 matrices [3, 3] have mean 0 in every element", async () => {
    const rng = new Rng(4);
    const totals = new Array<number>(9).fill(0);
    for (let draw = 0; draw < 400; draw++) {
      for (const [i, value] of (await values(orthogonal_(zeros(3, 3), rng))).entries())
        totals[i] += value / 400;
    }
    // The mean of 400 has deviation sqrt(1/3 / 400) = 0.029.
    for (const total of totals) expect(Math.abs(total)).toBeLessThan(0.12);
  });

  it("the same seed gives the same weights on every backend", async () => {
    const drawn = await Promise.all(
      backends.map(({ backend }) =>
        values(orthogonal_(parameter(new Float32Array(60), [10, 6], backend), new Rng(9))),
      ),
    );
    for (const each of drawn) expect(each).toEqual(drawn[0]);
  });

  it.each([
    ["xavierUniform_", xavierUniform_],
    ["xavierNormal_", xavierNormal_],
  ])(
    "%s has the deviation gain sqrt(2 / (inputs + outputs)), with blocks that of a gate",
    async (_, fill) => {
      const found = deviation(await values(fill(zeros(120, 200), new Rng(2), { gain: 2 })));
      expect(found / (2 * Math.sqrt(2 / 320))).toBeCloseTo(1, 1);
      const gate = deviation(await values(fill(zeros(120, 200), new Rng(2), { blocks: 4 })));
      expect(gate / Math.sqrt(2 / 230)).toBeCloseTo(1, 1);
      const window = deviation(await values(fill(zeros(20, 30, 3, 5), new Rng(2))));
      expect(window / Math.sqrt(2 / (50 * 15))).toBeCloseTo(1, 1);
    },
  );

  it("xavierUniform_ stays within gain sqrt(6 / (inputs + outputs))", async () => {
    const drawn = await values(xavierUniform_(zeros(60, 40), new Rng(3)));
    const bound = Math.sqrt(6 / 100);
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...drawn)).toBeGreaterThan(0.99 * bound);
  });

  it("uniform_, normal_ and constant_ fill what they are given", async () => {
    const uniform = await values(uniform_(zeros(5000), -1, 3, new Rng(5)));
    expect([Math.min(...uniform) >= -1, Math.max(...uniform) < 3]).toEqual([true, true]);
    expect(mean(uniform)).toBeCloseTo(1, 1);
    const normal = await values(normal_(zeros(5000), 2, 0.5, new Rng(5)));
    expect([mean(normal), deviation(normal)].map((x) => Math.round(x * 20) / 20)).toEqual([2, 0.5]);
    expect(await values(constant_(zeros(3), 0.25))).toEqual([0.25, 0.25, 0.25]);
  });

  it("defaultUniform_ draws as the constructors do: the same stream gives the same layer", async () => {
    const { backend } = backends[0];
    const fresh = new LSTM(6, 9, { rng: new Rng(8), layers: 2, backend });
    const again = new LSTM(6, 9, { rng: new Rng(1), layers: 2, backend });
    defaultUniform_(again, 9, new Rng(8));
    const linear = new Linear(6, 4, { rng: new Rng(8), backend });
    const other = new Linear(6, 4, { rng: new Rng(1), backend });
    defaultUniform_(other, 6, new Rng(8));
    for (const [one, two] of [
      [fresh, again],
      [linear, other],
    ]) {
      const expected = parameters(one);
      for (const [index, { tensor }] of parameters(two).entries()) {
        expect(await values(tensor)).toEqual(await values(expected[index].tensor));
      }
    }
  });
});

describe("setForgetBias", () => {
  const { backend } = backends[0];

  it("makes the two biases of each forget gate add up to the value, and leaves the other gates", async () => {
    const H = 3;
    const rnn = new LSTM(2, H, { rng: new Rng(1), layers: 2, backend });
    const cell = new LSTMCell(2, H, { rng: new Rng(1), backend });
    const before = await Promise.all(parameters({ rnn, cell }).map(({ tensor }) => values(tensor)));
    setForgetBias({ rnn, cell }, 1.5);
    for (const [index, { name, tensor }] of parameters({ rnn, cell }).entries()) {
      const forget = name.includes("bias_ih") ? 1.5 : 0;
      const expected = name.includes("bias")
        ? before[index].map((value, i) => (i >= H && i < 2 * H ? forget : value))
        : before[index];
      expect(await values(tensor), name).toEqual(expected);
    }
  });

  it("refuses a module without biases, and a recurrent layer that has no forget gate, before it changes any", async () => {
    const bare = new LSTM(2, 3, { rng: new Rng(1), bias: false, backend });
    expect(() => setForgetBias(bare, 1)).toThrow("setForgetBias: the module has no LSTM with biases");
    const rnn = new LSTM(2, 3, { rng: new Rng(1), backend });
    const gru = { bias_ih_l0: zeros(9), bias_hh_l0: zeros(9), weight_hh_l0: zeros(9, 3) };
    const before = await values(rnn.bias_ih_l0!);
    expect(() => setForgetBias({ rnn, gru }, 1)).toThrow(
      "setForgetBias: gru.bias_ih_l0 must have the four gates of an LSTM",
    );
    expect(await values(rnn.bias_ih_l0!)).toEqual(before);
    expect(() => setForgetBias(rnn, Number.NaN)).toThrow(
      "setForgetBias: value must be a finite number, got NaN",
    );
  });
});

describe("bad arguments of initialisers name the argument and its range", () => {
  const rng = new Rng(1);
  it.each<[() => unknown, string]>([
    [() => constant_(zeros(2), Number.NaN), "constant_: value must be a finite number, got NaN"],
    [() => uniform_(zeros(2), 2, 1, rng), "uniform_: low must be at most high=1, got 2"],
    [() => normal_(zeros(2), 0, -1, rng), "normal_: deviation must be a finite number of at least 0, got -1"],
    [() => defaultUniform_({}, 0, rng), "defaultUniform_: fan must be an integer of at least 1, got 0"],
    [() => orthogonal_(zeros(4), rng), "orthogonal_: tensor must be two axes or more, got [4]"],
    [
      () => orthogonal_(zeros(4, 4), rng, { blocks: 3 }),
      "orthogonal_: blocks must divide the 4 rows of [4, 4], got 3",
    ],
    [
      () => xavierUniform_(zeros(4, 4), rng, { gain: Number.NaN }),
      "xavierUniform_: gain must be a finite number, got NaN",
    ],
    [
      () => xavierNormal_(zeros(4, 4), rng, { blocks: 0 }),
      "xavierNormal_: blocks must be an integer of at least 1, got 0",
    ],
  ])("%#", (run, message) => {
    expect(run).toThrow(expect.objectContaining({ kind: "input", message }));
  });
});
