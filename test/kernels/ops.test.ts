import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BINARY, REDUCE, TERNARY, UNARY } from "../../src/backend/kernels.generated.ts";
import { bits, Machine, MODULES, noise, worst } from "./harness.ts";

/** Units in the last place, as a part of the value: the greatest error of exp, log and softplus. */
const RELATIVE_ERROR = 2.5e-7;

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33];

const functions: Record<string, (x: number) => number> = {
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  relu: (x) => Math.max(x, 0),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  square: (x) => x * x,
};

describe.each(MODULES)("kernels of the general ops of %s", (file) => {
  test.each(Object.entries(functions))("unary %s stays in its room at every length", (name, expected) => {
    for (const n of LENGTHS) {
      const machine = new Machine(file);
      const xs = noise(n + 3)(n, 4).map((x) => (name === "log" || name === "sqrt" ? Math.abs(x) + 0.25 : x));
      const y = machine.room(n, true);
      const x = machine.floats(xs);
      machine.kernels.unary(UNARY[name as keyof typeof UNARY], y, x, 0, 0, n);
      expect(worst(machine.read(y, n), xs.map(expected))).toBeLessThanOrEqual(1);
      expect(machine.intact).toBe(true);
    }
  });

  test.each([
    ["exp", -87, 88],
    ["log", 1e-30, 1e-3],
    ["log", 1e-3, 3],
    ["log", 3, 1e30],
    ["softplus", -80, 20],
    ["sqrt", 0, 1e10],
  ] as const)("%s is within its relative error on [%d, %d]", (name, low, high) => {
    const n = 100_000;
    // Evenly spread, or by order of magnitude where the range has many.
    const wide = low > 0 && high / low > 1e4;
    const xs = Float32Array.from({ length: n }, (_, i) =>
      wide ? low * (high / low) ** (i / n) : low + ((high - low) * i) / n,
    );
    const machine = new Machine(file);
    const x = machine.floats(xs);
    machine.kernels.unary(UNARY[name], x, x, 0, 0, n);
    const got = machine.read(x, n);
    let error = 0;
    for (let i = 0; i < n; i++) {
      const expected = functions[name](xs[i]);
      if (expected !== 0) error = Math.max(error, Math.abs(got[i] / expected - 1));
    }
    expect(error).toBeLessThan(RELATIVE_ERROR);
  });

  test("log of subnormal numbers is exact too", () => {
    const machine = new Machine(file);
    const xs = Float32Array.of(1e-45, 1e-40, 1.1754942e-38, 1.17549435e-38);
    const x = machine.floats(xs);
    machine.kernels.unary(UNARY.log, x, x, 0, 0, 4);
    expect(worst(machine.read(x, 4), [...xs].map(Math.log))).toBeLessThanOrEqual(1);
  });

  test("powers agree with float64 for any base and exponent", () => {
    fc.assert(
      fc.property(
        fc.float({ min: Math.fround(0.01), max: 50, noNaN: true }),
        fc.constantFrom(-3, -2.5, -1, -0.5, 0, 0.25, 1, 2, 3.5, 4),
        fc.boolean(),
        (size, p, negative) => {
          const x = negative && Number.isInteger(p) ? -size : size;
          const machine = new Machine(file);
          const at = machine.floats([x]);
          machine.kernels.unary(UNARY.pow, at, at, p, 0, 1);
          expect(Math.abs(machine.read(at, 1)[0] / x ** p - 1)).toBeLessThan(RELATIVE_ERROR);
        },
      ),
    );
  });

  test("a broadcast element has the bits that it has in a row of its own", () => {
    const machine = new Machine(file);
    const [as, bs] = [noise(1)(35, 3), noise(2)(35, 3)];
    const [a, b] = [machine.floats(as, true), machine.floats(bs)];
    const [whole, single] = [machine.room(35), machine.room(1)];
    for (const kind of Object.values(BINARY)) {
      machine.kernels.binary(kind, whole, a, b, 1, 1, 1, 35, 0, 0, 0, 1, 0, 0, 0, 1);
      const expected = bits(machine.read(whole, 35));
      for (let i = 0; i < 35; i++) {
        machine.kernels.binary(kind, single, a + 4 * i, b + 4 * i, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
        expect(bits(machine.read(single, 1))[0]).toBe(expected[i]);
      }
    }
    expect(machine.intact).toBe(true);
  });

  test("strided kernels write what they should and nothing else, for any strides", () => {
    const side = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.tuple(side, side, side, fc.integer({ min: 0, max: 19 })), (sizes) => {
        const machine = new Machine(file);
        const [n0, n1, n2, n3] = sizes;
        const n = n0 * n1 * n2 * n3;
        const values = noise(n)(n + 1);
        const x = machine.floats(values);
        const [y, z] = [machine.room(n), machine.room(n)];
        const dense = [n1 * n2 * n3, n2 * n3, n3, 1];
        // Backwards along every axis is backwards altogether.
        machine.kernels.move_strided(
          y,
          x + 4 * Math.max(0, n - 1),
          ...sizes,
          ...dense,
          ...dense.map((s) => -s),
        );
        expect([...machine.read(y, n)]).toEqual(values.slice(0, n).toReversed());
        const one = machine.floats([1.5]);
        machine.kernels.ternary(TERNARY.select, z, one, y, x, ...sizes, 0, 0, 0, 0, ...dense, 0, 0, 0, 0);
        expect([...machine.read(z, n)]).toEqual([...machine.read(y, n)]);
        expect(machine.intact).toBe(true);
      }),
    );
  });

  test("reduce, softmax and layer_norm stay in their rooms at every length", () => {
    for (const n of LENGTHS.slice(1)) {
      const machine = new Machine(file);
      const { reduce, softmax, layer_norm, softmax_backward, layer_norm_backward } = machine.kernels;
      const xs = noise(n)(3 * n, 2);
      const x = machine.floats(xs, true);
      const [y, dx, small] = [machine.room(3 * n), machine.room(3 * n), machine.room(3)];
      const rows = [0, 1, 2].map((row) => xs.slice(row * n, (row + 1) * n));
      reduce(REDUCE.max, small, x, 3, n, 1);
      expect([...machine.read(small, 3)]).toEqual(rows.map((row) => Math.max(...row)));
      reduce(REDUCE.sum, small, x, 3, n, 1);
      const totals = rows.map((row) => row.reduce((a, b) => a + b, 0));
      expect(worst(machine.read(small, 3), totals)).toBeLessThanOrEqual(1);
      const columns = machine.room(n);
      reduce(REDUCE.max, columns, x, 1, 3, n);
      expect([...machine.read(columns, n)]).toEqual(
        rows[0].map((_, i) => Math.max(...rows.map((row) => row[i]))),
      );
      softmax(y, x, 0, 3, n);
      const p = rows.flatMap((row) => {
        const total = row.reduce((sum, v) => sum + Math.exp(v), 0);
        return row.map((v) => Math.exp(v) / total);
      });
      expect(worst(machine.read(y, 3 * n), p)).toBeLessThanOrEqual(1);
      softmax_backward(dx, x, y, 0, 3, n);
      const [mean, deviation, gain] = [machine.room(3), machine.room(3), machine.room(n)];
      layer_norm(y, mean, deviation, x, 0, 0, 1e-5, 3, n);
      expect(
        worst(
          machine.read(mean, 3),
          totals.map((total) => total / n),
        ),
      ).toBeLessThanOrEqual(1);
      layer_norm_backward(dx, gain, columns, x, x, mean, deviation, 0, 3, n);
      expect(machine.read(dx, 3 * n).every(Number.isFinite)).toBe(true);
      expect(machine.intact).toBe(true);
    }
  });

  test("gather_rows gives zeros for an id below 0, and scatter_add_rows passes it by", () => {
    const machine = new Machine(file);
    const [table, ids] = [machine.floats([1, 2, 3, 4]), machine.ints([1, -1, 0])];
    const y = machine.room(6);
    machine.kernels.gather_rows(y, table, ids, 3, 2);
    expect([...machine.read(y, 6)]).toEqual([3, 4, 0, 0, 1, 2]);
    machine.kernels.scatter_add_rows(table, machine.floats([10, 10, 20, 20, 30, 30]), ids, 3, 2);
    expect([...machine.read(table, 4)]).toEqual([31, 32, 13, 14]);
    expect(machine.intact).toBe(true);
  });
});
