/** The kernel of normal numbers: what the reference says, the same bits in every build and in any parts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { bits, Machine, MODULES } from "./harness.ts";

/** A few roundings of float32: of the logarithm, the root, sine or cosine, and their product. */
const RELATIVE_ERROR = 1e-6;

const SEED = [0xdeadbeef, 17] as const;

/** Where a sequence begins: odd and even, and where the counter's low word and its sign wrap. */
const START = fc.oneof(
  fc.nat(1000),
  fc.integer({ min: 2 ** 32 - 60, max: 2 ** 32 + 60 }),
  fc.integer({ min: 2 ** 33 - 60, max: 2 ** 33 + 60 }),
  fc.integer({ min: 2 ** 53 - 200, max: 2 ** 53 - 100 }),
);

function onReference(start: number, n: number): Float64Array {
  const { memory, kernels } = createReferenceBackend();
  memory.reserve(64 + 4 * n);
  kernels.random_normal(64, ...SEED, start, n);
  return memory.readSync!(64, n) as Float64Array;
}

function onBuild(file: string, start: number, n: number): Float32Array {
  const machine = new Machine(file);
  const y = machine.room(n, true);
  machine.kernels.random_normal(y, ...SEED, start, n);
  expect(machine.intact).toBe(true);
  return Float32Array.from(machine.read(y, n));
}

describe.each(MODULES)("normal numbers of %s", (file) => {
  test("are the reference's within float32's rounding", () => {
    const n = 400_000;
    const [got, expected] = [onBuild(file, 1, n), onReference(1, n)];
    let error = 0;
    for (let i = 0; i < n; i++) error = Math.max(error, Math.abs(got[i] / expected[i] - 1));
    expect(error).toBeLessThan(RELATIVE_ERROR);
  });

  test("have the same bits in every build", () => {
    expect(bits(onBuild(file, 5, 10_001))).toEqual(bits(onBuild(MODULES[0], 5, 10_001)));
  });

  test("are the same however the sequence is split into calls", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), START, fc.nat(90), (n, start, cut) => {
        const machine = new Machine(file);
        const first = Math.min(cut, n);
        const [whole, parts] = [machine.room(n), machine.room(n, true)];
        machine.kernels.random_normal(whole, ...SEED, start, n);
        machine.kernels.random_normal(parts, ...SEED, start, first);
        machine.kernels.random_normal(parts + 4 * first, ...SEED, start + first, n - first);
        expect(bits(machine.read(parts, n))).toEqual(bits(machine.read(whole, n)));
        expect(machine.intact).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

test("normal numbers have the moments and the tails of the distribution, and neighbours are independent", () => {
  const n = 1_000_000;
  const x = onBuild(MODULES[0], 0, n);
  const mean = (value: (i: number) => number) => {
    let total = 0;
    for (let i = 0; i < n; i++) total += value(i);
    return total / n;
  };
  // Five standard errors of each.
  expect(Math.abs(mean((i) => x[i]))).toBeLessThan(5 / 1000);
  expect(Math.abs(mean((i) => x[i] ** 2) - 1)).toBeLessThan((5 * Math.sqrt(2)) / 1000);
  expect(Math.abs(mean((i) => x[i] ** 3))).toBeLessThan((5 * Math.sqrt(15)) / 1000);
  expect(Math.abs(mean((i) => x[i] ** 4) - 3)).toBeLessThan((5 * Math.sqrt(96)) / 1000);
  expect(Math.abs(mean((i) => x[i] * x[i ^ 1]))).toBeLessThan(5 / 1000);
  expect(Math.abs(mean((i) => (Math.abs(x[i]) > 3 ? 1 : 0)) - 0.0026998)).toBeLessThan(5 * 5.2e-5);
  expect(x.some((value) => Math.abs(value) > 4.5)).toBe(true);
});
