import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bits, Machine, MODULES, noise, worst } from "./harness.ts";
import { dropoutMask, sigmoid } from "./plain.ts";

/** The rational tanh's greatest error: fit and rounding. Half of it reaches sigmoid. */
const TANH_ERROR = 3.1e-7;

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33];
const UNARY = {
  sigmoid,
  tanh_forward: Math.tanh,
} as const;
const BINARY: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  sigmoid_backward: (dy, y) => dy * y * (1 - y),
  tanh_backward: (dy, y) => dy * (1 - y * y),
};
const SPECIAL = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  1e-40,
  3.4e38,
  -3.4e38,
];

/** Where a mask begins: odd and even, and where the counter's low word and its sign wrap. */
const START = fc.oneof(
  fc.constantFrom(0, 1, 2),
  fc.nat(1000),
  fc.integer({ min: 2 ** 32 - 60, max: 2 ** 32 + 60 }),
  fc.integer({ min: 2 ** 33 - 60, max: 2 ** 33 + 60 }),
  fc.integer({ min: 2 ** 53 - 200, max: 2 ** 53 - 100 }),
);

describe.each(MODULES)("elementwise kernels of %s", (file) => {
  test.each(Object.entries(BINARY))("%s agrees with float64 at every length", (name, expected) => {
    for (const n of LENGTHS) {
      const machine = new Machine(file);
      const next = noise(n + 1);
      const [a, b] = [next(n, 3), next(n, 3)];
      const y = machine.room(n, true);
      machine.kernels[name](y, machine.floats(a, true), machine.floats(b), n);
      expect(
        worst(
          machine.read(y, n),
          a.map((v, i) => expected(v, b[i])),
        ),
      ).toBeLessThanOrEqual(1);
      expect(machine.intact).toBe(true);
    }
  });

  test.each(Object.keys(BINARY))("%s gives float32's answers for NaN and infinities", (name) => {
    const pairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b] as const));
    const machine = new Machine(file);
    const [a, b] = [0, 1].map((side) => machine.floats(pairs.map((pair) => pair[side])));
    const y = machine.room(pairs.length);
    machine.kernels[name](y, a, b, pairs.length);
    const got = machine.read(y, pairs.length);
    for (const [i, [first, second]] of pairs.entries())
      if (Number.isNaN(first) || Number.isNaN(second)) expect(got[i], `${first}, ${second}`).toBeNaN();
  });

  test.each(Object.entries(UNARY))("%s is within its error bound over its whole range", (name, expected) => {
    const n = 200_001;
    const xs = Float32Array.from({ length: n }, (_, i) => ((i - n / 2) / n) * 44);
    const machine = new Machine(file);
    const x = machine.floats(xs);
    machine.kernels[name](x, x, n);
    const got = machine.read(x, n);
    let error = 0;
    for (let i = 0; i < n; i++) error = Math.max(error, Math.abs(got[i] - expected(xs[i])));
    expect(error).toBeLessThan(TANH_ERROR);
  });

  test("tanh keeps its relative error near zero", () => {
    const xs = Float32Array.from({ length: 1000 }, (_, i) => 10 ** (-30 + i * 0.03) * (i % 2 ? 1 : -1));
    const machine = new Machine(file);
    const x = machine.floats(xs);
    machine.kernels.tanh_forward(x, x, 1000);
    for (const [i, y] of machine.read(x, 1000).entries())
      expect(Math.abs(y / Math.tanh(xs[i]) - 1)).toBeLessThan(TANH_ERROR * 2);
  });

  test("tanh and sigmoid saturate exactly and let NaN through", () => {
    const machine = new Machine(file);
    const xs = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 100, -100];
    const x = machine.floats(xs);
    const y = machine.room(5);
    machine.kernels.tanh_forward(y, x, 5);
    expect([...machine.read(y, 5)]).toEqual([Number.NaN, 1, -1, 1, -1]);
    machine.kernels.sigmoid(y, x, 5);
    expect([...machine.read(y, 5)]).toEqual([Number.NaN, 1, 0, 1, 0]);
  });

  test("tanh never leaves [-1, 1] and never falls as its input rises past one", () => {
    const machine = new Machine(file);
    const xs = Float32Array.from({ length: 20_000 }, (_, i) => i / 1000);
    const x = machine.floats(xs);
    machine.kernels.tanh_forward(x, x, xs.length);
    expect(Math.max(...machine.read(x, xs.length))).toBe(1);
  });

  test("an element's bits do not depend on where in the array it lies", () => {
    const machine = new Machine(file);
    const xs = noise(3)(37, 5);
    const x = machine.floats(xs);
    const y = machine.room(37);
    machine.kernels.sigmoid(y, x, 37);
    const whole = bits(machine.read(y, 37));
    for (let i = 0; i < 37; i++) {
      machine.kernels.sigmoid(y, x + 4 * i, 1);
      expect(bits(machine.read(y, 1))[0]).toBe(whole[i]);
    }
  });

  test("fill, copy, scale, scale_by and accumulate do what their names say, in place too", () => {
    for (const n of LENGTHS) {
      const machine = new Machine(file);
      const k = machine.kernels;
      const values = noise(n)(n);
      const x = machine.floats(values, true);
      const y = machine.room(n);
      k.fill(y, 2.5, n);
      expect([...machine.read(y, n)]).toEqual(values.map(() => 2.5));
      k.accumulate(y, x, n);
      expect(
        worst(
          machine.read(y, n),
          values.map((v) => v + 2.5),
        ),
      ).toBeLessThanOrEqual(1);
      k.copy(y, x, n);
      expect([...machine.read(y, n)]).toEqual(values);
      k.scale(y, y, -3, n);
      expect(
        worst(
          machine.read(y, n),
          values.map((v) => v * -3),
        ),
      ).toBeLessThanOrEqual(1);
      k.scale_by(y, x, machine.floats([0.5]), 4, n);
      expect(
        worst(
          machine.read(y, n),
          values.map((v) => v * 2),
        ),
      ).toBeLessThanOrEqual(1);
      expect(machine.intact).toBe(true);
    }
  });

  test("dropout keeps what the seeded generator says and scales it, in place too", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 70 }),
        fc.nat(0xffffffff),
        fc.nat(0xffffffff),
        fc.constantFrom(0, 0.1, 0.5, 0.93),
        START,
        (n, seed0, seed1, p, start) => {
          const machine = new Machine(file);
          const values = noise(n)(n).map((v) => v + 2);
          const x = machine.floats(values, true);
          machine.kernels.dropout(x, x, seed0, seed1, start, p, n);
          const mask = dropoutMask(n, [seed0, seed1], p, start);
          expect(
            worst(
              machine.read(x, n),
              values.map((v, i) => (mask[i] ? v / (1 - p) : 0)),
            ),
          ).toBeLessThanOrEqual(1);
          expect(machine.intact).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("dropout gives the same mask however it is split into calls, bit for bit", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        START,
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 }),
        (n, start, cuts) => {
          const machine = new Machine(file);
          const x = machine.floats(noise(n)(n).map((v) => v + 2));
          const [whole, parts] = [machine.room(n), machine.room(n)];
          machine.kernels.dropout(whole, x, 7, 11, start, 0.5, n);
          let at = 0;
          for (const cut of [...cuts, n]) {
            const count = Math.min(cut, n - at);
            machine.kernels.dropout(parts + 4 * at, x + 4 * at, 7, 11, start + at, 0.5, count);
            at += count;
          }
          expect(bits(machine.read(parts, n))).toEqual(bits(machine.read(whole, n)));
          expect(machine.intact).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("dropout of everything gives zeros, of nothing the input", () => {
    const machine = new Machine(file);
    const x = machine.floats([1, Number.NaN, 3]);
    const y = machine.room(3);
    machine.kernels.dropout(y, x, 1, 2, 0, 1, 3);
    expect([...machine.read(y, 3)]).toEqual([0, 0, 0]);
    machine.kernels.dropout(y, x, 1, 2, 0, 0, 3);
    expect([...machine.read(y, 3)]).toEqual([1, Number.NaN, 3]);
  });
});
