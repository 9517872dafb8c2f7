/** What is said at the end of a training that overfits, of a task whose checkpoints are chosen by its accuracy. */
import { describe, expect, test } from "vitest";
import { type Diagnosed, diagnose } from "../../src/train/diagnosis.ts";
import { TrainingHistory } from "../../src/train/history.ts";

const RUN: Diagnosed = {
  lr: 0.003,
  standardLr: 0.003,
  dropout: 0.2,
  weightDecay: 0,
  hidden: 128,
  limits: { epochs: 20 },
  guess: { loss: Math.log(4), among: "4 equally likely labels" },
  data: "data",
  defaultEpochs: 20,
};

/** Losses of the validation and shares of wrong labels at steps 100, 200, ...; the training loss falls all the way. */
function historyOf(losses: readonly number[], wrong?: readonly number[]): TrainingHistory {
  const history = new TrainingHistory();
  for (let step = 1; step <= 100 * losses.length; step++) {
    history.add({ event: "step", step, loss: 1.4 * Math.exp(-step / 200), lr: 0.003 });
    if (step % 100 > 0) continue;
    const at = step / 100 - 1;
    history.add({ event: "eval", step, loss: losses[at], ...(wrong && { choose: wrong[at] }) });
  }
  return history;
}

const warningsOf = (history: TrainingHistory, run: Partial<Diagnosed> = {}) =>
  diagnose({ ...RUN, ...run }, history, { reason: "epochs", stepsPerEpoch: 60 });

describe("a validation loss that rose", () => {
  test("is told of by its own lowest value, where the best checkpoint is another one", () => {
    const history = historyOf([0.9, 0.7, 0.8, 0.9, 1.1], [0.4, 0.3, 0.29, 0.3, 0.28]);
    expect(history.best?.step).toBe(500);
    const [{ code, message, hint }] = warningsOf(history);
    expect(code).toBe("overfitted");
    expect(message).toMatch(/^the validation loss was best, 0\.700, at step 200 of 500 and rose to 1\.100, /);
    expect(hint).toBe(
      "try --patience 3, which stops in time, --dropout 0.4, --weight-decay 0.001, --hidden 64, --epochs 4 or more data",
    );
  });

  test("by a little is no harm where accuracy decides, and said where nothing else does", () => {
    const losses = [0.9, 0.7, 0.71, 0.72, 0.74];
    expect(warningsOf(historyOf(losses, [0.4, 0.3, 0.29, 0.28, 0.28]))).toEqual([]);
    expect(warningsOf(historyOf(losses))).toMatchObject([{ code: "overfitted" }]);
  });

  test("near zero is no harm, though it has doubled", () => {
    const wrong = [0.1, 0, 0, 0, 0];
    expect(warningsOf(historyOf([0.2, 0.01, 0.015, 0.02, 0.022], wrong))).toEqual([]);
    expect(warningsOf(historyOf([0.2, 0.01, 0.03, 0.05, 0.06], wrong))).toMatchObject([
      { code: "overfitted" },
    ]);
  });

  test("names more of what is used already, and leaves out what a model has not", () => {
    const losses = [0.9, 0.7, 0.8, 0.9, 1.1];
    const used = { dropout: 0.6, weightDecay: 0.01, hidden: 8, limits: { patience: 2, epochs: 3 } };
    expect(warningsOf(historyOf(losses), used)[0].hint).toBe("try --weight-decay 0.1 or more data");
    const bare = { dropout: undefined, hidden: undefined, limits: { patience: 2 } };
    expect(warningsOf(historyOf(losses), bare)[0].hint).toBe(
      "try --weight-decay 0.001, --epochs 4 or more data",
    );
  });

  test("late, or within what evaluations differ by, is none", () => {
    expect(warningsOf(historyOf([0.9, 0.8, 0.75, 0.7, 0.72]))).toEqual([]);
    expect(warningsOf(historyOf([0.9, 0.7, 0.703, 0.704, 0.705]))).toEqual([]);
  });
});
