/** What the recurrent kernels promise of their bits, and of numbers that are not finite. */
import { describe, expect, test } from "vitest";
import { ABSOLUTE, bits, leniency, Machine, MODULES_WITH_PRODUCTS, worst } from "./harness.ts";
import {
  CELLS,
  COUNTS,
  type Layer,
  offsets,
  recurrentBackward,
  recurrentForward,
  stateOf,
  type Upstream,
} from "./plain-recurrent.ts";
import { layer, run, steps, upstreamOf } from "./recurrent-layer.ts";

/** Rows of a [.., width] matrix, one after another. */
function pick(values: ArrayLike<number>, width: number, rows: readonly number[]): number[] {
  return rows.flatMap((row) => Array.from({ length: width }, (_, i) => values[row * width + i]));
}

const some = (values: ArrayLike<number> | undefined, width: number, rows: readonly number[]) =>
  values && pick(values, width, rows);

/** Sequence r of a layer by itself, with the rows of the whole that belong to it. */
function alone(p: Layer, d: Upstream, r: number): { p: Layer; d: Upstream; mine: number[] } {
  const starts = offsets(p.rows);
  const mine = starts.filter((_, s) => p.rows[s] > r).map((start) => start + r);
  const S = stateOf(p);
  return {
    mine,
    p: {
      ...p,
      rows: steps(mine.length, 1),
      x: pick(p.x, p.inputs, mine),
      h0: some(p.h0, S, [r]),
      c0: some(p.c0, p.hidden, [r]),
    },
    d: { dh: some(d.dh, S, mine), dhLast: some(d.dhLast, S, [r]), dcLast: some(d.dcLast, p.hidden, [r]) },
  };
}

/** Columns of the outputs that have a row for each row of the layer, and for each sequence. */
function widths(p: Layer): { rows: Record<string, number>; sequences: Record<string, number> } {
  const { hidden: H, inputs } = p;
  const { saved, gradients } = COUNTS[p.cell];
  const S = stateOf(p);
  return {
    rows: { h: S, c: H, gates: saved * H, dgates: gradients * H, dprojected: p.projection, dx: inputs },
    sequences: { dh0: S, dc0: H },
  };
}

describe.each(MODULES_WITH_PRODUCTS)("bits of the recurrent kernels of %s", (file) => {
  describe.each(CELLS)("%s", (cell) => {
    test.each([
      { rows: steps(3, 5), hidden: 21, projection: 0 },
      { rows: steps(3, 13), hidden: 37, projection: 10 },
      { rows: steps(2, 32), hidden: 64, projection: 0 },
      { rows: [7, 7, 5, 2, 1], hidden: 21, projection: 9 },
    ])(
      "a sequence has the bits that it has alone: $rows rows, $hidden units",
      ({ rows, hidden, projection }) => {
        const whole = layer({ cell, rows, inputs: 6, hidden, projection }, 21);
        const upstream = upstreamOf(whole, 22);
        const together = run(new Machine(file), whole, upstream);
        const width = widths(whole);
        for (let r = 0; r < rows[0]; r++) {
          const { p, d, mine } = alone(whole, upstream, r);
          const single = run(new Machine(file), p, d);
          const same = (name: string, at: readonly number[], columns: number) =>
            expect(bits(new Float32Array(pick(together[name], columns, at))), name).toEqual(
              bits(single[name]),
            );
          for (const [name, columns] of Object.entries(width.rows))
            if (name in together) same(name, mine, columns);
          for (const [name, columns] of Object.entries(width.sequences))
            if (name in together) same(name, [r], columns);
        }
      },
    );

    test("one call of 7 steps has the bits of calls of 3 and 4 with the state carried", () => {
      const [b, H, I] = [4, 18, 5];
      const p = layer({ cell, rows: steps(7, b), inputs: I, hidden: H, projection: 7 }, 31);
      const whole = run(new Machine(file), p);
      const x = Array.from(p.x);
      const first = run(new Machine(file), { ...p, rows: steps(3, b), x: x.slice(0, 3 * b * I) });
      const last = (values?: Float32Array, width = H) => values?.slice(2 * b * width);
      const second = run(new Machine(file), {
        ...{ ...p, rows: steps(4, b), x: x.slice(3 * b * I) },
        h0: last(first.h, stateOf(p)),
        c0: last(first.c),
      });
      for (const name of Object.keys(whole))
        expect([...bits(first[name]), ...bits(second[name])], name).toEqual(bits(whole[name]));
    });

    test.each([0, 2])(
      "a NaN in one sequence's input of step %i reaches what the formulas say, no more",
      (at) => {
        const [b, H, I] = [4, 9, 5];
        const p = layer({ cell, rows: steps(3, b), inputs: I, hidden: H }, 41);
        const x = Array.from(p.x);
        x[(at * b + 1) * I + 2] = Number.NaN;
        const [broken, upstream] = [{ ...p, x }, upstreamOf(p, 42)];
        const got = run(new Machine(file), broken, upstream);
        for (let row = 0; row < 3 * b; row++)
          for (let u = 0; u < H; u++)
            expect(Number.isNaN(got.h[row * H + u])).toBe(row % b === 1 && row >= at * b);
        const forward = recurrentForward(broken);
        const expected = recurrentBackward(broken, forward, upstream);
        for (const [name, values] of Object.entries(expected))
          if (name in got)
            expect(worst(got[name], values, ABSOLUTE * leniency(file)), name).toBeLessThanOrEqual(1);
      },
    );

    test("infinite weights give what the formula gives, NaN against a state of zero too", () => {
      const p = layer({ cell, rows: [2], inputs: 2, hidden: 3 }, 43, { states: false });
      const weightHh = Array.from(p.weightHh).fill(Number.POSITIVE_INFINITY);
      const got = run(new Machine(file), { ...p, weightHh });
      expect([...got.h].every((v) => Number.isNaN(v))).toBe(true);
    });
  });

  test("relu keeps an infinity, and a NaN's gradient is let through", () => {
    const p = layer({ cell: "RNN_RELU", rows: [3], inputs: 1, hidden: 1 }, 51, {
      states: false,
      biases: false,
    });
    const x = [Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY];
    const got = run(new Machine(file), { ...p, x, weightIh: [1] }, { dh: [3, 4, 5] });
    expect([...got.h]).toEqual([Number.POSITIVE_INFINITY, Number.NaN, 0]);
    expect([...got.dgates]).toEqual([3, 4, 0]);
  });

  test("sums far from zero saturate exactly", () => {
    const p = layer({ cell: "LSTM", rows: [1], inputs: 1, hidden: 4 }, 52, { states: false, biases: false });
    const got = run(new Machine(file), { ...p, biasIh: new Array<number>(16).fill(1e30) });
    expect([...got.gates]).toEqual(new Array(16).fill(1));
  });
});
