import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ABSOLUTE,
  bits,
  casesFor,
  leniency,
  Machine,
  MODULES_WITH_PRODUCTS,
  noise,
  worst,
} from "./harness.ts";
import { product } from "./plain.ts";

interface Product {
  m: number;
  n: number;
  k: number;
  ta: boolean;
  tb: boolean;
  start: "zero" | "bias" | "accumulate";
}

function run(machine: Machine, p: Product, a: number[], b: number[], start: number[]): Float32Array {
  const c = p.start === "accumulate" ? machine.floats(start, true) : machine.room(p.m * p.n, true);
  const bias = p.start === "bias" ? machine.floats(start) : 0;
  const scratch = machine.room(machine.kernels.gemm_scratch(p.m, p.n, p.k));
  machine.kernels.gemm(
    ...[c, machine.floats(a, true), machine.floats(b), bias, p.m, p.n, p.k],
    ...[Number(p.ta), Number(p.tb), Number(p.start === "accumulate"), scratch],
  );
  expect(machine.intact).toBe(true);
  return machine.read(c, p.m * p.n);
}

function startOf(p: Product, next: (n: number) => number[]): number[] {
  return p.start === "zero" ? [] : next(p.start === "bias" ? p.n : p.m * p.n);
}

function check(file: string, p: Product, seed: number): void {
  const next = noise(seed);
  const [a, b, start] = [next(p.m * p.k), next(p.k * p.n), startOf(p, next)];
  const got = run(new Machine(file), p, a, b, start);
  const expected = product(a, b, p.m, p.n, p.k, {
    ta: p.ta,
    tb: p.tb,
    bias: p.start === "bias" ? start : undefined,
    c: p.start === "accumulate" ? start : undefined,
  });
  /* k roundings of partial sums, each about half a unit of a number near 1. */
  const allowed = Math.max(ABSOLUTE, p.k * 2 ** -24) * leniency(file);
  expect(worst(got, expected, allowed)).toBeLessThanOrEqual(1);
}

const starts = ["zero", "bias", "accumulate"] as const;

describe.each(MODULES_WITH_PRODUCTS)("gemm of %s", (file) => {
  test("agrees with plain loops for any small shape, transposes and starts", () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        fc.record({
          m: size,
          n: size,
          k: size,
          ta: fc.boolean(),
          tb: fc.boolean(),
          start: fc.constantFrom(...starts),
        }),
        fc.integer({ min: 1, max: 1e6 }),
        (p, seed) => check(file, p, seed),
      ),
      { numRuns: casesFor(file, 300) },
    );
  });

  test.each([
    { m: 193, n: 17, k: 513 },
    { m: 65, n: 64, k: 1030 },
    { m: 3, n: 2051, k: 5 },
    { m: 1, n: 100, k: 1025 },
  ])("agrees with plain loops across block edges: $m x $n x $k", (sizes) => {
    check(file, { ...sizes, ta: false, tb: true, start: "bias" }, 7);
    check(file, { ...sizes, ta: true, tb: false, start: "accumulate" }, 8);
  });

  test("without an inner dimension gives what it starts from", () => {
    const machine = new Machine(file);
    const p: Product = { m: 2, n: 3, k: 0, ta: false, tb: false, start: "bias" };
    expect([...run(machine, p, [], [], [1, 2, 3])]).toEqual([1, 2, 3, 1, 2, 3]);
    expect([...run(machine, { ...p, start: "zero" }, [], [], [])]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("gives a row the same bits alone as in any batch", () => {
    const [n, k] = [19, 600];
    const next = noise(5);
    const [a, b, bias] = [next(40 * k), next(k * n), next(n)];
    const p: Product = { m: 1, n, k, ta: false, tb: true, start: "bias" };
    for (const m of [2, 3, 5, 7, 8, 13, 32, 40]) {
      const together = run(new Machine(file), { ...p, m }, a.slice(0, m * k), b, bias);
      for (let r = 0; r < m; r++) {
        const alone = run(new Machine(file), p, a.slice(r * k, (r + 1) * k), b, bias);
        expect(bits(together.slice(r * n, (r + 1) * n))).toEqual(bits(alone));
      }
    }
  });

  test("lets NaN and infinity through, zero times infinity too", () => {
    const machine = new Machine(file);
    const p: Product = { m: 2, n: 2, k: 2, ta: false, tb: false, start: "zero" };
    const got = run(machine, p, [Number.NaN, 0, 0, 1], [1, Number.POSITIVE_INFINITY, 2, 3], []);
    expect([...got]).toEqual([Number.NaN, Number.NaN, 2, Number.NaN]);
  });
});
