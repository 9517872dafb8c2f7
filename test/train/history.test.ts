import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TrainingHistory } from "../../src/train/history.ts";

const step = (n: number, loss = 1 / n) => ({ event: "step", step: n, loss, lr: 0.01 });
const historyOf = (events: readonly object[]): TrainingHistory => {
  const history = new TrainingHistory();
  for (const event of events) history.add(event);
  return history;
};

describe("the history of a training", () => {
  test("has at most 512 points, whose mean weighted by their steps is that of all steps", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (steps) => {
        const { curve } = historyOf(Array.from({ length: steps }, (_, at) => step(at + 1)));
        expect(curve.length).toBeLessThanOrEqual(512);
        expect(curve.length).toBeGreaterThanOrEqual(Math.min(steps, 256));
        expect(curve.at(-1)!.step).toBe(steps);
        const widths = curve.map((point, at) => point.step - (curve[at - 1]?.step ?? 0));
        const sum = curve.reduce((total, { loss }, at) => total + loss * widths[at], 0);
        const expected = Array.from({ length: steps }, (_, at) => 1 / (at + 1)).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(expected, 9);
        for (const { learningRate } of curve) expect(learningRate).toBeCloseTo(0.01, 12);
      }),
      { numRuns: 20 },
    );
  });

  test("keeps at most 33 samples spread over the training, the last one among them", () => {
    for (const count of [1, 32, 33, 34, 1000]) {
      const samples = Array.from({ length: count }, (_, at) => ({
        event: "sample",
        step: at + 1,
        text: `${at}`,
      }));
      const kept = historyOf(samples).samples.map(({ step: at }) => at);
      expect(kept.length).toBeLessThanOrEqual(33);
      expect([kept[0], kept.at(-1)]).toEqual([1, count]);
      const gaps = kept.slice(1, -1).map((at, index) => at - kept[index]);
      expect(new Set(gaps).size).toBeLessThanOrEqual(1);
    }
  });

  test("knows the best evaluation, the first loss, and the last evaluation of a step", () => {
    const evaluations = [
      [10, 3],
      [20, 2],
      [30, 2],
      [40, 5],
      [40, 4],
    ].map(([at, loss]) => ({ event: "eval", step: at, split: "validation", loss, metrics: {} }));
    const history = historyOf([step(1, 7), step(2, 6), ...evaluations]);
    expect(history.best).toMatchObject({ step: 20, loss: 2 });
    expect(history.firstLoss).toBe(7);
    expect(history.evaluations.map(({ loss }) => loss)).toEqual([3, 2, 2, 4]);
  });

  test("passes over what is no event of a training", () => {
    fc.assert(
      fc.property(fc.object(), (found) => {
        const history = historyOf([
          found,
          { event: "step", step: "1", loss: 1 },
          { event: "step", step: 1, loss: null },
          { event: "eval", step: 1, split: "test", loss: 1 },
          { event: "sample", step: 1 },
        ]);
        expect([history.curve, history.evaluations, history.samples]).toEqual([[], [], []]);
      }),
    );
  });
});
