import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Machine, MODULES, noise, worst } from "./harness.ts";

describe.each(MODULES)("clipping of %s", (file) => {
  test("clip_norm measures in float64 and scales only what is too long", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.constantFrom(0.5, 5, 1000), (n, limit) => {
        const machine = new Machine(file);
        const g = noise(n)(n, 3);
        const norm = Math.sqrt(g.reduce((total, x) => total + x * x, 0));
        const [at, out] = [machine.floats(g, true), machine.room(1)];
        const clip = machine.room(2);
        machine.kernels.clip_norm(out, clip, at, limit, n);
        machine.kernels.clip_gradient(at, clip, n);
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
    const [at, out, clip] = [machine.floats([3, 4]), machine.room(1), machine.room(2)];
    machine.kernels.clip_norm(out, clip, at, Number.POSITIVE_INFINITY, 2);
    expect([...machine.read(out, 1), ...machine.read(clip, 2)]).toEqual([5, 1, Number.POSITIVE_INFINITY]);
  });

  test("clip_norm makes every gradient NaN when one is, and zero or NaN when one is infinite, as PyTorch does", () => {
    const machine = new Machine(file);
    const [at, out, clip] = [machine.floats([1, Number.NaN, 2]), machine.room(1), machine.room(2)];
    machine.kernels.clip_norm(out, clip, at, 5, 3);
    machine.kernels.clip_gradient(at, clip, 3);
    expect([...machine.read(out, 1), ...machine.read(at, 3)].every(Number.isNaN)).toBe(true);
    const infinite = machine.floats([1, Number.POSITIVE_INFINITY]);
    machine.kernels.clip_norm(out, clip, infinite, 5, 2);
    machine.kernels.clip_gradient(infinite, clip, 2);
    expect([...machine.read(infinite, 2)]).toEqual([0, Number.NaN]);
  });

  test("clip_gradient limits both sides after the factor and keeps NaN", () => {
    const machine = new Machine(file);
    const at = machine.floats([-9, -1, 0, 1, 9, Number.NaN, Number.POSITIVE_INFINITY]);
    machine.kernels.clip_gradient(at, machine.floats([0.5, 2]), 7);
    expect([...machine.read(at, 7)]).toEqual([-2, -0.5, 0, 0.5, 2, Number.NaN, 2]);
  });
});
