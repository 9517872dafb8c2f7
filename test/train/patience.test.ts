import { describe, expect, test } from "vitest";
import { Patience } from "../../src/train/patience.ts";

/** The step at which a training with these losses, evaluated every 10 steps, ends. */
function endOf(patience: Patience, losses: readonly number[]): number | undefined {
  for (const [at, loss] of losses.entries()) {
    patience.add({ step: 10 * (at + 1), loss });
    if (patience.isOver) return 10 * (at + 1);
  }
  return undefined;
}

describe("patience", () => {
  test.each([
    ["ends after so many evaluations in a row that are not better", 2, [3, 2, 2.5, 2.4, 1], 40],
    ["begins anew with each better one", 2, [3, 2, 2.5, 1.9, 2, 1.8, 1.7], undefined],
    ["takes an equal loss as no improvement", 1, [3, 3], 20],
    ["never ends while the loss falls", 1, [3, 2, 1], undefined],
  ])("%s", (_, most, losses, end) => {
    expect(endOf(new Patience(most), losses)).toBe(end);
  });

  test("counts an evaluation once, however often a resumed run repeats it", () => {
    const patience = new Patience(2);
    for (const step of [10, 20, 20, 20]) patience.add({ step, loss: step });
    expect(patience.isOver).toBe(false);
    patience.add({ step: 30, loss: 30 });
    expect(patience.isOver).toBe(true);
  });

  test("passes over what was evaluated between the steps that are fixed", () => {
    const patience = new Patience(2, 10);
    for (const [step, loss] of [
      [10, 3],
      [15, 1],
      [17, 4],
      [20, 2],
      [30, 2.5],
    ]) {
      patience.add({ step, loss });
    }
    expect(patience.isOver).toBe(false);
    patience.add({ step: 40, loss: 2.2 });
    expect(patience.isOver).toBe(true);
  });
});
