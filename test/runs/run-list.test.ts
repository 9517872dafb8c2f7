import { describe, expect, test } from "vitest";
import { chooseComparedSteps, lossAt } from "../../src/runs/run-list.ts";

const run = (...evaluations: [step: number, loss: number][]) => ({
  evaluations: evaluations.map(([step, loss]) => ({ step, loss })),
});
const every = (interval: number, count: number) =>
  run(...Array.from({ length: count }, (_, at): [number, number] => [interval * (at + 1), 1 / (at + 1)]));

describe("the loss of a run at a step", () => {
  const evaluated = run([100, 3], [200, 2], [400, 1]);

  test("is the evaluation's where there was one", () => {
    expect(lossAt(evaluated, 200)).toEqual({ loss: 2, isExact: true });
  });

  test("lies on a straight line between two evaluations, and says so", () => {
    expect(lossAt(evaluated, 250)).toEqual({ loss: 1.75, isExact: false });
  });

  test("is unknown before the first and after the last evaluation", () => {
    expect(lossAt(evaluated, 99)).toBeUndefined();
    expect(lossAt(evaluated, 401)).toBeUndefined();
    expect(lossAt(run(), 1)).toBeUndefined();
  });
});

describe("the steps at which runs are compared", () => {
  test("are all of them where they are few", () => {
    expect(chooseComparedSteps([run([3, 1], [9, 1]), run([4, 1], [9, 1])], 16)).toEqual([3, 4, 9]);
  });

  test("are no more than asked for, with the first and the last", () => {
    const steps = chooseComparedSteps([every(300, 40), every(500, 24)], 16);
    expect(steps.length).toBeLessThanOrEqual(16);
    expect([steps[0], steps.at(-1)]).toEqual([300, 12_000]);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  });

  test("are of neighbours those at which both were evaluated", () => {
    const steps = chooseComparedSteps([every(300, 40), every(500, 24)], 16);
    const common = steps.filter((step) => step % 300 === 0 && step % 500 === 0);
    // 1500, 3000, ..., 12000.
    expect(common.length).toBeGreaterThanOrEqual(7);
  });
});
