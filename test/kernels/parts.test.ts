/** Gate gradients are split into bf16 parts once for both of their products, and no bit shows it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { emulatedAmx } from "../support/emulated-amx.ts";
import { bits, casesFor, Machine, MODULES_WITH_PRODUCTS } from "./harness.ts";
import {
  BLOCK,
  CELLS,
  type CellName,
  COUNTS,
  type Layer,
  rowsOf,
  THROUGH,
  type Upstream,
} from "./plain-recurrent.ts";
import { layer, type RunOptions, run, steps, upstreamOf } from "./recurrent-layer.ts";

const AMX = MODULES_WITH_PRODUCTS.filter((file) => file.endsWith("amx"));
const OTHERS = MODULES_WITH_PRODUCTS.filter((file) => !file.endsWith("amx"));

test.runIf(emulatedAmx.reason)("AMX in software cannot be tested here", ({ skip }) => {
  skip(emulatedAmx.reason);
});

test.each(OTHERS)("%s multiplies f32 as it is and keeps nothing", (file) => {
  const { kernels } = new Machine(file);
  for (const cell of CELLS.keys()) expect(kernels.recurrent_parts_size(cell, 2048, 512)).toBe(0);
});

test("the reference keeps nothing", () => {
  expect(createReferenceBackend().kernels.recurrent_parts_size(2, 2048, 512)).toBe(0);
});

describe.each(AMX)("parts of gate gradients, %s", (file) => {
  const all = (p: Layer, upstream: Upstream, options?: RunOptions) =>
    run(new Machine(file), p, upstream, options);

  function sameBits(got: Record<string, Float32Array>, expected: Record<string, Float32Array>): void {
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected))
      expect(bits(got[name]), name).toEqual(bits(values));
  }

  function keepingShowsNot(p: Layer, upstream: Upstream, options: RunOptions = {}): void {
    sameBits(all(p, upstream, options), all(p, upstream, { ...options, keepParts: false }));
  }

  test("a size that no word of 32 bits holds does not wrap", () => {
    const { kernels } = new Machine(file);
    const most = 2 ** 31 - 1;
    for (const cell of CELLS.keys()) {
      expect(kernels.recurrent_parts_size(cell, 2 ** 27, 1)).toBeGreaterThan(most);
      expect(kernels.recurrent_parts_size(cell, most, 2 ** 20)).toBeGreaterThan(most * 2 ** 20);
    }
  });

  describe.each(CELLS)("%s", (cell) => {
    const around = (...sizes: number[]) => fc.constantFrom(1, ...sizes.flatMap((n) => [n - 1, n, n + 1]));
    const dense = fc
      .tuple(fc.integer({ min: 1, max: 4 }), around(8, 16, 32, 48))
      .map(([t, b]) => steps(t, b));
    const ragged = fc
      .array(around(2, 16, 33), { minLength: 1, maxLength: 5 })
      .map((rows) => rows.toSorted((a, b) => b - a));
    const shape = fc.record({
      ...{ rows: fc.oneof(dense, ragged), inputs: around(2, 16, 32) },
      ...{ hidden: around(2, 5, 8, 11, 16, 32, 40), projection: fc.constantFrom(0, 0, 3, 17) },
    });

    test("every gradient has the bits that it has without, whatever the shape", () => {
      fc.assert(
        fc.property(shape, fc.nat(1e6), fc.boolean(), fc.nat(7), (sizes, seed, finalStates, what) => {
          const p = layer({ cell, ...sizes }, seed);
          const options = {
            finalStates,
            packed: seed % 2 === 1 || sizes.rows.some((m) => m !== sizes.rows[0]),
          };
          keepingShowsNot(p, upstreamOf(p, seed + 1, what), options);
        }),
        { numRuns: casesFor(file, 25) },
      );
    });

    test.each([
      { name: "steps of more rows than a block", rows: [400, 385, 193, 192, 1], hidden: 5, inputs: 2 },
      { name: "steps of one row, cut by blocks of rows", rows: steps(1100, 1), hidden: 3, inputs: 2 },
      { name: "steps that blocks of rows cut", rows: steps(33, 33), hidden: 20, inputs: 3 },
      {
        name: "ragged steps that blocks of rows cut",
        rows: [...steps(20, 37), ...steps(40, 18)],
        hidden: 9,
        inputs: 3,
      },
      {
        name: "gates of more than a block's columns",
        rows: [17, 9],
        hidden: Math.ceil((BLOCK + 1) / THROUGH[cell]),
        inputs: 4,
      },
    ])("$name: the bits that there are without", ({ rows, hidden, inputs }) => {
      const p = layer({ cell, rows, inputs, hidden }, 5);
      keepingShowsNot(p, upstreamOf(p, 6));
    });

    test("infinities and NaN go where they go without", () => {
      const special = fc.constantFrom(Number.NaN, Infinity, -Infinity, 3.4e38, 2 ** -140);
      fc.assert(
        fc.property(fc.nat(1e6), fc.array(special, { minLength: 1, maxLength: 3 }), (seed, values) => {
          const p = layer({ cell, rows: [18, 18, 17, 3], inputs: 5, hidden: 21 }, seed);
          const { dh, ...others } = upstreamOf(p, seed + 1);
          const broken = Array.from(dh!);
          for (const [i, value] of values.entries()) broken[((seed + i) * 7919) % broken.length] = value;
          keepingShowsNot(p, { ...others, dh: broken });
        }),
        { numRuns: casesFor(file, 20) },
      );
    });

    /** Rows of dweight_ih whose gradients go through no product with the weights: n of the GRU that resets after. */
    const ownOfInput = (name: CellName, hidden: number) =>
      name === "GRU_AFTER" ? [2 * hidden, 3 * hidden] : [0, 0];

    test("weight gradients are made of the parts alone, bias gradients of what was split", () => {
      const p = layer({ cell, rows: [19, 19, 18, 4, 1], inputs: 6, hidden: 21 }, 7);
      const upstream = upstreamOf(p, 8);
      const [kept, forgot] = [false, true].map((forgetGates) => all(p, upstream, { forgetGates }));
      const [from, to] = ownOfInput(cell, p.hidden);
      const known = (values: Float32Array) =>
        [...values].filter((_, i) => i < from * p.inputs || i >= to * p.inputs);
      expect(known(forgot.dweightIh)).toEqual(known(kept.dweightIh));
      expect(known(forgot.dweightIh)).toHaveLength((COUNTS[cell].gates * p.hidden - (to - from)) * p.inputs);
      expect(forgot.dweightHh).toEqual(kept.dweightHh);
      for (const name of ["dbiasIh", "dbiasHh", "dx"])
        expect(forgot[name].every(Number.isNaN), name).toBe(true);
      const split = all(p, upstream, { forgetGates: true, keepParts: false });
      for (const name of ["dweightIh", "dweightHh"]) expect(split[name].every(Number.isNaN), name).toBe(true);
    });

    test("the product with the weights reads the parts: no others are made for it", () => {
      const p = layer({ cell, rows: [19, 19, 18, 4, 1], inputs: 6, hidden: 21 }, 9);
      /* Tiles are the last of the scratch. */
      const tiles = (keepParts: boolean) => {
        let left: Float32Array = new Float32Array();
        const sees = (scratch: Float32Array) => {
          left = scratch.subarray(4 * p.rows[0] * p.hidden);
        };
        all(p, upstreamOf(p, 10), { keepParts, sees });
        return left;
      };
      expect(tiles(true).length).toBeGreaterThan(0);
      expect(tiles(true).every(Number.isNaN)).toBe(true);
      expect(tiles(false).every(Number.isNaN)).toBe(false);
    });

    test("there is room for all rows and a sixteenth more", () => {
      const { kernels } = new Machine(file);
      const p = layer({ cell, rows: [3], inputs: 1, hidden: 64 }, 1);
      const [columns, n] = [cell === "GRU_AFTER" ? 3 : COUNTS[cell].gradients, rowsOf(p) * 512];
      const words = kernels.recurrent_parts_size(CELLS.indexOf(cell), n, 64);
      expect(words).toBe(n * (1 + 1 / 16) * columns * 64);
    });
  });
});
