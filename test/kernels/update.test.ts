import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Machine, MODULES, noise, worst } from "./harness.ts";

interface Options {
  lr: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  decoupled: boolean;
}

/** torch.optim.Adam and AdamW, one step, in float64. */
function plainAdam(p: number[], g: number[], m: number[], v: number[], o: Options, step: number): void {
  for (let i = 0; i < p.length; i++) {
    if (o.decoupled) p[i] *= 1 - o.lr * o.weightDecay;
    const gradient = o.decoupled ? g[i] : g[i] + o.weightDecay * p[i];
    m[i] = o.beta1 * m[i] + (1 - o.beta1) * gradient;
    v[i] = o.beta2 * v[i] + (1 - o.beta2) * gradient * gradient;
    const denominator = Math.sqrt(v[i]) / Math.sqrt(1 - o.beta2 ** step) + o.epsilon;
    p[i] -= ((o.lr / (1 - o.beta1 ** step)) * m[i]) / denominator;
  }
}

const DEFAULTS: Options = {
  lr: 2e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  decoupled: false,
};

function adam(machine: Machine, at: number[], o: Options, step: number, n: number): void {
  const { lr, beta1, beta2, epsilon, weightDecay, decoupled } = o;
  machine.kernels.adam(...at, lr, beta1, beta2, epsilon, weightDecay, Number(decoupled), step, n);
}

describe.each(MODULES)("updates of %s", (file) => {
  test("adam follows PyTorch's formula over ten steps, with either decay", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 0.01, 0.3),
        fc.boolean(),
        fc.constantFrom(2e-3, 0.1),
        (n, weightDecay, decoupled, lr) => {
          const options = { ...DEFAULTS, weightDecay, decoupled, lr };
          const machine = new Machine(file);
          const next = noise(n);
          const p = next(n);
          const [m, v] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
          const at = [machine.floats(p, true), machine.room(n), machine.floats(m), machine.floats(v)];
          for (let step = 1; step <= 10; step++) {
            const g = next(n, step % 3 === 0 ? 1e-4 : 1);
            new Float32Array(machine.memory.buffer, at[1], n).set(g);
            adam(machine, at, options, step, n);
            plainAdam(p, g, m, v, options, step);
          }
          /* Ten steps of size lr, each rounded to float32. */
          expect(worst(machine.read(at[0], n), p, 1e-5 * (1 + lr * 10))).toBeLessThanOrEqual(1);
          expect(worst(machine.read(at[2], n), m)).toBeLessThanOrEqual(1);
          expect(worst(machine.read(at[3], n), v)).toBeLessThanOrEqual(1);
          expect(machine.intact).toBe(true);
        },
      ),
    );
  });

  test("adam's bias correction holds at a late step", () => {
    const machine = new Machine(file);
    const at = [[1], [0.5], [0.2], [0.1]].map((values) => machine.floats(values));
    const [p, m, v] = [[1], [0.2], [0.1].map(Math.fround)];
    adam(machine, at, DEFAULTS, 12_345, 1);
    plainAdam(p, [0.5], m, v, DEFAULTS, 12_345);
    expect(worst(machine.read(at[0], 1), p, 1e-7)).toBeLessThanOrEqual(1);
  });

  test("adam carries a NaN gradient into its own parameter only", () => {
    const machine = new Machine(file);
    const at = [
      [1, 1],
      [Number.NaN, 1],
      [0, 0],
      [0, 0],
    ].map((values) => machine.floats(values));
    adam(machine, at, DEFAULTS, 1, 2);
    expect([...machine.read(at[0], 2)].map(Number.isNaN)).toEqual([true, false]);
  });

  test("clip_norm measures in float64 and scales only what is too long", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.constantFrom(0.5, 5, 1000), (n, limit) => {
        const machine = new Machine(file);
        const g = noise(n)(n, 3);
        const norm = Math.sqrt(g.reduce((total, x) => total + x * x, 0));
        const [at, out] = [machine.floats(g, true), machine.room(1)];
        machine.kernels.clip_norm(out, at, limit, n);
        expect(worst(machine.read(out, 1), [norm], 1e-7)).toBeLessThanOrEqual(1);
        const factor = Math.min(1, limit / (norm + 1e-6));
        expect(
          worst(
            machine.read(at, n),
            g.map((x) => x * factor),
            1e-7,
          ),
        ).toBeLessThanOrEqual(1);
        expect(machine.intact).toBe(true);
      }),
    );
  });

  test("clip_norm only measures when the limit is infinite", () => {
    const machine = new Machine(file);
    const [at, out] = [machine.floats([3, 4]), machine.room(1)];
    machine.kernels.clip_norm(out, at, Number.POSITIVE_INFINITY, 2);
    expect([...machine.read(out, 1), ...machine.read(at, 2)]).toEqual([5, 3, 4]);
  });

  test("clip_norm makes every gradient NaN when one is, and zero or NaN when one is infinite, as PyTorch does", () => {
    const machine = new Machine(file);
    const [at, out] = [machine.floats([1, Number.NaN, 2]), machine.room(1)];
    machine.kernels.clip_norm(out, at, 5, 3);
    expect([...machine.read(out, 1), ...machine.read(at, 3)].every(Number.isNaN)).toBe(true);
    const infinite = machine.floats([1, Number.POSITIVE_INFINITY]);
    machine.kernels.clip_norm(out, infinite, 5, 2);
    expect([...machine.read(infinite, 2)]).toEqual([0, Number.NaN]);
  });

  test("clip_value limits both sides and keeps NaN", () => {
    const machine = new Machine(file);
    const at = machine.floats([-9, -1, 0, 1, 9, Number.NaN, Number.POSITIVE_INFINITY]);
    machine.kernels.clip_value(at, 2, 7);
    expect([...machine.read(at, 7)]).toEqual([-2, -1, 0, 1, 2, Number.NaN, 2]);
  });
});
