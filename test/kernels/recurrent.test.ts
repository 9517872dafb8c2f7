import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ABSOLUTE, casesFor, leniency, Machine, MODULES_WITH_PRODUCTS, worst } from "./harness.ts";
import {
  BLOCK,
  CELLS,
  type Layer,
  offsets,
  recurrentBackward,
  recurrentForward,
  rowsOf,
  THROUGH,
  type Upstream,
} from "./plain-recurrent.ts";
import { layer, oneHot, run, type Sizes, someIds, steps, upstreamOf } from "./recurrent-layer.ts";

/** Whatever the kernels gave must be what the plain loops give. */
function agrees(file: string, got: Record<string, Float32Array>, p: Layer, upstream: Upstream): void {
  const forward = recurrentForward(p);
  const expected: Record<string, number[]> = { ...forward, ...recurrentBackward(p, forward, upstream) };
  /* Gradients of weights are sums over all rows. */
  const own = ABSOLUTE * leniency(file);
  const summed = own + rowsOf(p) * 1e-7 * leniency(file);
  for (const [name, values] of Object.entries(got))
    expect(
      worst(values, expected[name], name.startsWith("dweight") || name.startsWith("dbias") ? summed : own),
      name,
    ).toBeLessThanOrEqual(1);
}

const small = {
  t: fc.integer({ min: 1, max: 5 }),
  b: fc.integer({ min: 1, max: 15 }),
  inputs: fc.integer({ min: 1, max: 20 }),
  hidden: fc.integer({ min: 1, max: 24 }),
  projection: fc.integer({ min: 1, max: 12 }),
};
const falling = fc
  .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
  .map((rows) => rows.toSorted((a, b) => b - a));

describe.each(MODULES_WITH_PRODUCTS)("recurrent kernels of %s", (file) => {
  describe.each(CELLS)("%s", (cell) => {
    const sized = (s: { t: number; b: number; inputs: number; hidden: number; projection: number }) =>
      ({ ...s, cell, rows: steps(s.t, s.b) }) satisfies Sizes;

    test("agrees with plain loops for any small shape, values and all gradients", () => {
      fc.assert(
        fc.property(
          fc.record({ ...small, projection: fc.oneof(fc.constant(0), small.projection) }),
          fc.nat(1e6),
          fc.record({ states: fc.boolean(), biases: fc.boolean(), finalStates: fc.boolean() }),
          fc.nat(7),
          (sizes, seed, options, what) => {
            const p = layer(sized(sizes), seed, options);
            const upstream = upstreamOf(p, seed + 1, what);
            agrees(file, run(new Machine(file), p, upstream, options), p, upstream);
          },
        ),
        { numRuns: casesFor(file, 40) },
      );
    });

    test("agrees with plain loops where sequences end at different steps", () => {
      fc.assert(
        fc.property(
          falling,
          fc.record(small),
          fc.nat(1e6),
          fc.boolean(),
          fc.nat(7),
          (rows, sizes, seed, states, what) => {
            const p = layer({ ...sized(sizes), rows, projection: seed % 2 && sizes.projection }, seed, {
              states,
            });
            const upstream = upstreamOf(p, seed + 1, what);
            agrees(file, run(new Machine(file), p, upstream, { packed: true }), p, upstream);
          },
        ),
        { numRuns: casesFor(file, 40) },
      );
    });

    test.each([
      { t: 3, b: 33, inputs: 5, hidden: 40, projection: 0 },
      { t: 2, b: 7, inputs: 1030, hidden: 9, projection: 3 },
      { t: 150, b: 7, inputs: 3, hidden: 8, projection: 0 },
      { t: 2, b: 3, inputs: 17, hidden: 140, projection: 70 },
      { t: 1, b: 1, inputs: 1, hidden: 1, projection: 0 },
      { t: 3, b: 1, inputs: 5, hidden: 65, projection: 0 },
      { t: 3, b: 2, inputs: 5, hidden: 33, projection: 30 },
      { t: 1, b: 200, inputs: 2, hidden: 5, projection: 2 },
    ])("agrees with plain loops across block edges: $t steps, batch $b, $inputs to $hidden", (sizes) => {
      const p = layer(sized(sizes), 3);
      const upstream = upstreamOf(p, 5);
      agrees(file, run(new Machine(file), p, upstream), p, upstream);
    });

    test("agrees with plain loops at the tails of every vector, panel and tile", () => {
      const around = (...sizes: number[]) => fc.constantFrom(1, ...sizes.flatMap((n) => [n - 1, n, n + 1]));
      fc.assert(
        fc.property(
          fc.record({
            ...{ t: fc.integer({ min: 1, max: 3 }), b: around(6, 12, 16) },
            ...{ inputs: around(4, 8, 16, 32), hidden: around(4, 8, 16, 32), projection: fc.constant(0) },
          }),
          fc.nat(1e6),
          fc.boolean(),
          (sizes, seed, withIds) => {
            const p = layer(sized(sizes), seed);
            const upstream = upstreamOf(p, seed + 1);
            const ids = withIds ? someIds(rowsOf(p), p.inputs) : undefined;
            const x = ids === undefined ? p.x : oneHot(ids, p.inputs);
            agrees(file, run(new Machine(file), p, upstream, { ids }), { ...p, x }, upstream);
          },
        ),
        { numRuns: casesFor(file, 15) },
      );
    });

    test("agrees with plain loops where an inner dimension exceeds a block", () => {
      const hidden = Math.ceil((BLOCK + 1) / THROUGH[cell]);
      const p = layer({ cell, rows: [2], inputs: 1, hidden, projection: 0 }, 8);
      const upstream = upstreamOf(p, 9);
      agrees(file, run(new Machine(file), p, upstream), p, upstream);
    });

    test("agrees with plain loops where blocks of rows cut steps of different sizes", () => {
      const rows = [...steps(60, 9), ...steps(50, 7), ...steps(90, 2)];
      const p = layer({ cell, rows, inputs: 4, hidden: 6 }, 17, { states: cell === "LSTM" });
      const upstream = upstreamOf(p, 18);
      agrees(file, run(new Machine(file), p, upstream), p, upstream);
    });

    test("gives the same bits when the gates are not wanted", () => {
      for (const rows of [steps(5, 1), steps(7, 33), [...steps(3, 40), 7, 1]]) {
        for (const projection of [0, 5]) {
          const p = layer({ cell, rows, inputs: 6, hidden: 35, projection }, 19);
          const ids = someIds(rowsOf(p), 6);
          for (const options of [{}, { ids }]) {
            const { h, c } = run(new Machine(file), p, undefined, options);
            const got = run(new Machine(file), p, undefined, { ...options, keepGates: false });
            expect(got.h).toEqual(h);
            expect(got.c).toEqual(c);
            expect(got.gates).toBeUndefined();
          }
        }
      }
    });

    test("takes ids as it takes one-hot rows", () => {
      for (const [rows, inputs, hidden] of [
        [steps(4, 5), 7, 19],
        [steps(3, 1), 65, 40],
        [[6, 4, 4, 1], 18, 8],
      ] as const) {
        for (const biases of [true, false]) {
          const ids = someIds(
            rows.reduce((a, b) => a + b, 0),
            inputs,
          );
          const p = { ...layer({ cell, rows, inputs, hidden }, 11, { biases }), x: oneHot(ids, inputs) };
          const upstream = upstreamOf(p, 12);
          agrees(file, run(new Machine(file), p, upstream, { ids }), p, upstream);
        }
      }
    });

    test("gives sequences of one length the same bits with rows as without", () => {
      const p = layer({ cell, rows: steps(4, 5), inputs: 6, hidden: 13, projection: 4 }, 61);
      const upstream = upstreamOf(p, 62);
      const [plain, packed] = [false, true].map((packed) => run(new Machine(file), p, upstream, { packed }));
      expect(packed).toEqual(plain);
    });
  });
});

describe("the plain loops", () => {
  test.each([...CELLS, "LSTM with projection"] as const)("%s: gradients are central differences", (name) => {
    const [cell, projection] = name === "LSTM with projection" ? (["LSTM", 2] as const) : [name, 0];
    const p = layer({ cell, rows: [3, 2, 2, 1], inputs: 3, hidden: 4, projection }, 71);
    const d = upstreamOf(p, 72);
    const S = projection || 4;
    const starts = offsets(p.rows);
    /* The last step of each sequence. */
    const ends = [0, 1, 2].map((r) => starts[p.rows.findLastIndex((count) => count > r)] + r);
    const loss = (at: Layer) => {
      const f = recurrentForward(at);
      let total = f.h.reduce((sum, v, i) => sum + v * (d.dh?.[i] ?? 0), 0);
      for (const [r, row] of ends.entries()) {
        for (let u = 0; u < S; u++) total += f.h[row * S + u] * (d.dhLast?.[r * S + u] ?? 0);
        for (let u = 0; u < f.c.length && u < 4; u++)
          total += f.c[row * 4 + u] * (d.dcLast?.[r * 4 + u] ?? 0);
      }
      return total;
    };
    const g = recurrentBackward(p, recurrentForward(p), d);
    const pairs = {
      ...{ x: g.dx, weightIh: g.dweightIh, weightHh: g.dweightHh, biasIh: g.dbiasIh, biasHh: g.dbiasHh },
      ...{ weightHr: g.dweightHr, h0: g.dh0, c0: g.dc0 },
    };
    for (const [key, gradient] of Object.entries(pairs) as [keyof typeof pairs, number[]][]) {
      const values = Array.from(p[key] ?? []);
      for (let i = 0; i < values.length; i++) {
        const moved = (by: number) => loss({ ...p, [key]: values.with(i, values[i] + by) });
        const difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        expect(Math.abs(difference - gradient[i]), `${key} ${i}`).toBeLessThan(1e-7);
      }
    }
  });
});
