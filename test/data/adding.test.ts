import { describe, expect, test } from "vitest";
import { ADDING_VARIANCE, addingBatch } from "../../src/data/index.ts";
import { Rng } from "../../src/nn/index.ts";

describe("the adding problem", () => {
  const [batch, steps] = [2000, 11];
  const { inputs, targets } = addingBatch(new Rng(1), batch, steps);
  const row = (index: number) => inputs.subarray(index * steps * 2, (index + 1) * steps * 2);

  test("marks one number of each half, and the target is their sum", () => {
    const seen = new Set<number>();
    for (let index = 0; index < batch; index++) {
      const values = Array.from(row(index));
      const marked = values.flatMap((value, at) => (at % 2 === 1 && value === 1 ? [(at - 1) / 2] : []));
      expect(marked).toHaveLength(2);
      expect(marked[0]).toBeLessThan(5);
      expect(marked[1]).toBeGreaterThanOrEqual(5);
      for (const t of marked) seen.add(t);
      const sum = marked.reduce((total, t) => total + values[2 * t], 0);
      expect(targets[index]).toBeCloseTo(sum, 6);
      expect(values.filter((_, at) => at % 2 === 0).every((x) => x >= 0 && x < 1)).toBe(true);
    }
    expect(seen.size).toBe(steps);
  });

  test("costs a constant 1/6", () => {
    const mean = targets.reduce((sum, target) => sum + target, 0) / batch;
    const variance = targets.reduce((sum, target) => sum + (target - mean) ** 2, 0) / batch;
    expect(ADDING_VARIANCE).toBeCloseTo(1 / 6, 15);
    // Four standard errors of a variance estimated from 2000 draws.
    expect(Math.abs(variance - ADDING_VARIANCE)).toBeLessThan(0.02);
  });

  test("is the same for the same seed", () => {
    expect(addingBatch(new Rng(1), batch, steps).inputs).toEqual(inputs);
    expect(addingBatch(new Rng(2), batch, steps).inputs).not.toEqual(inputs);
  });

  test.each([
    [0, 10, "adding: batch must be an integer of at least 1, got 0"],
    [1, 1, "adding: steps must be an integer of at least 2, got 1"],
    [1, 2.5, "adding: steps must be an integer of at least 2, got 2.5"],
  ])("refuses %d sequences of %d", (rows, length, message) => {
    expect(() => addingBatch(new Rng(1), rows, length)).toThrow(message);
  });
});
