import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Machine, MODULES, noise, worst } from "./harness.ts";

function run(machine: Machine, logits: number[], targets: number[], upstream = 1) {
  const rows = targets.length;
  const classes = logits.length / rows;
  const at = machine.floats(logits, true);
  const ids = machine.ints(targets);
  const [loss, rowLoss, saved] = [machine.room(1), machine.room(rows, true), machine.room(rows)];
  machine.kernels.cross_entropy(loss, rowLoss, saved, at, ids, rows, classes);
  const result = {
    loss: machine.read(loss, 1)[0],
    rowLoss: machine.read(rowLoss, rows),
    logSumExp: machine.read(saved, rows),
  };
  machine.kernels.cross_entropy_backward(at, machine.floats([upstream]), saved, at, ids, rows, classes);
  expect(machine.intact).toBe(true);
  return { ...result, dlogits: machine.read(at, logits.length) };
}

function plain(logits: number[], targets: number[], upstream = 1) {
  const rows = targets.length;
  const classes = logits.length / rows;
  const logSumExp = targets.map((_, r) => {
    const row = logits.slice(r * classes, (r + 1) * classes);
    const top = Math.max(...row);
    return top + Math.log(row.reduce((total, x) => total + Math.exp(x - top), 0));
  });
  const rowLoss = targets.map((target, r) => logSumExp[r] - logits[r * classes + target]);
  const dlogits = logits.map((x, i) => {
    const r = Math.floor(i / classes);
    return ((Math.exp(x - logSumExp[r]) - Number(targets[r] === i % classes)) * upstream) / rows;
  });
  return { loss: rowLoss.reduce((a, b) => a + b) / rows, rowLoss, logSumExp, dlogits };
}

/** A few units of float32's rounding. */
const TIGHT = 3e-7;

describe.each(MODULES)("cross-entropy of %s", (file) => {
  test("agrees with float64 for any number of rows and classes, forward and in place backward", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0.1, 5, 60),
        (rows, classes, scale) => {
          const logits = noise(rows * 41 + classes)(rows * classes, scale);
          const targets = Array.from({ length: rows }, (_, r) => (r * 5) % classes);
          const [got, expected] = [run(new Machine(file), logits, targets, 0.7), plain(logits, targets, 0.7)];
          expect(worst([got.loss], [expected.loss], TIGHT)).toBeLessThanOrEqual(1);
          for (const name of ["rowLoss", "logSumExp"] as const)
            expect(worst(got[name], expected[name], TIGHT), name).toBeLessThanOrEqual(1);
          /* The saved log-sum-exp, about `scale`, is rounded to float32. */
          expect(worst(got.dlogits, expected.dlogits, TIGHT * (1 + scale))).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test("does not overflow for logits in the thousands", () => {
    const got = run(new Machine(file), [5000, 4000, -5000, 5000, 4999, 5001], [0, 1]);
    expect(got.rowLoss[0]).toBe(0);
    expect(got.rowLoss[1]).toBeCloseTo(Math.log(1 + Math.E + Math.E ** 2) - 0, 5);
    expect([...got.dlogits.slice(0, 3)]).toEqual([0, 0, 0]);
  });

  test("spreads a NaN logit over its own row and the mean, not over other rows", () => {
    const got = run(new Machine(file), [0, Number.NaN, 1, 0, 1, 2], [0, 1]);
    expect(got.loss).toBeNaN();
    expect(got.rowLoss[0]).toBeNaN();
    expect(got.rowLoss[1]).toBeCloseTo(1.4076, 4);
    expect([...got.dlogits].map((v) => Number.isNaN(v))).toEqual([true, true, true, false, false, false]);
  });

  test("gives masked classes (-inf) no probability, and an infinite loss when they are the target", () => {
    const logits = [Number.NEGATIVE_INFINITY, 0, 0, 0, 0];
    expect(run(new Machine(file), logits, [1]).loss).toBeCloseTo(Math.log(4), 6);
    expect(run(new Machine(file), logits, [1]).dlogits[0]).toBe(0);
    expect(run(new Machine(file), logits, [0]).loss).toBe(Number.POSITIVE_INFINITY);
  });

  test("is NaN for a row of nothing but -inf", () => {
    expect(run(new Machine(file), new Array(5).fill(Number.NEGATIVE_INFINITY), [0]).loss).toBeNaN();
  });
});
