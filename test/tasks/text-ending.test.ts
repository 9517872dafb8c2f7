/** How trainings end: `--patience`, the warnings of the end event, and runs of version 0.1.0 without these fields. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OPTIMIZERS } from "../../src/tasks/optimizers.ts";
import { fresh, madeText, metricsOf, type Options, train, writeText } from "./text-runs.ts";

// A training text and a validation text that has little to do with it: the loss soon rises.
const own = writeText(madeText(40), "own");
const other = writeText([...madeText(12)].toReversed().join(""), "other");
const overfitting: Options = {
  ...{ data: [own], val: other, hidden: 32, seqLength: 16, batchSize: 4, threads: 1, lr: 0.02 },
  evalEvery: 10,
};

const runOf = (folder: string) => JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));

describe("--patience", () => {
  test("ends a run after so many evaluations that are not better than the best one", async () => {
    const { end, evals, folder } = await train({ ...overfitting, steps: 1000, patience: 3 });
    expect(end.reason).toBe("patience");
    const losses = evals.map(({ loss }) => loss);
    const best = Math.min(...losses);
    expect(losses.indexOf(best)).toBe(losses.length - 4);
    expect(end.best).toEqual({ step: evals.at(-4)!.step, loss: best });
    expect(runOf(folder)).toMatchObject({ limits: { steps: 1000, patience: 3 }, evalEvery: 10 });
  });

  test("ends a resumed run with the same bits at the same step, wherever it was stopped", async () => {
    const whole = await train({ ...overfitting, steps: 1000, patience: 3 });
    for (const stop of [
      { steps: 15 },
      { steps: whole.end.step - 5 },
      { stopAt: 20 },
      { stopAt: whole.end.step - 1 },
    ]) {
      const out = fresh();
      const first = await train({ ...overfitting, steps: 1000, patience: 3, out, ...stop });
      expect(first.end.step).toBeLessThan(whole.end.step);
      const { end } = await train({ resume: true, out, data: [own], steps: 1000 });
      expect(end).toMatchObject({
        step: whole.end.step,
        reason: "patience",
        parametersSha256: whole.end.parametersSha256,
        best: whole.end.best,
      });
    }
  });

  test("that has run out lets a run go on with a higher one only", async () => {
    const { folder, end } = await train({ ...overfitting, steps: 1000, patience: 2 });
    const again = await train({ resume: true, out: folder, data: [own] });
    expect(again.end).toMatchObject({ step: end.step, reason: "patience" });
    const on = await train({ resume: true, out: folder, data: [own], patience: 4 });
    expect(on.end.step).toBe(end.step + 20);
    expect(on.end.parametersSha256).toBe(
      (await train({ ...overfitting, steps: 1000, patience: 4 })).end.parametersSha256,
    );
  });

  test("alone leaves the default number of passes as the other limit", async () => {
    const { folder, end } = await train({ ...overfitting, patience: 1 });
    expect(end.reason).toBe("patience");
    expect(runOf(folder).limits).toEqual({ epochs: 20, patience: 1 });
  });
});

describe("the end event warns of", () => {
  test("a validation loss that was best long ago, and its advice can be followed", async () => {
    const { end } = await train({ ...overfitting, steps: 160 });
    expect(end.warnings).toHaveLength(1);
    const [{ code, message, hint }] = end.warnings;
    expect(code).toBe("overfitted");
    expect(message).toMatch(
      /^the validation loss was best, \d\.\d{3}, at step \d+ of 160 and rose to \d\.\d{3}, /,
    );
    expect(hint).toMatch(
      /^try --patience 3, which stops in time, --dropout 0\.2, --weight-decay 0\.001, --hidden \d+, --epochs \d+ or more text$/,
    );
    const passes = Number(/--epochs (\d+)/.exec(hint)![1]);
    const hidden = Number(/--hidden (\d+)/.exec(hint)![1]);
    const steps = 160;
    for (const tried of [
      { patience: 3, steps },
      { dropout: 0.2, steps },
      { weightDecay: 0.001, steps },
      { hidden, steps },
      { epochs: passes },
    ]) {
      const after = await train({ ...overfitting, ...tried });
      const lastLoss = after.evals.at(-1)!.loss;
      expect(lastLoss).toBeLessThan(Number(/rose to ([\d.]+)/.exec(message)![1]));
    }
  });

  test.each([100, 1e6])(
    "a loss that ended above where it began (rate %f), and the rate it names learns",
    async (lr) => {
      const learnable: Options = { ...overfitting, val: undefined, steps: 60 };
      const { end } = await train({ ...learnable, lr });
      expect(end.warnings).toMatchObject([
        {
          code: "loss-rose",
          message: expect.stringMatching(/^the loss ended at \S+, it began at \d\.\d{3}: /),
        },
      ]);
      expect(end.warnings[0].hint).toBe(`try --lr 0.01 (it was ${lr})`);
      expect((await train({ ...learnable, lr: 0.01 })).end.warnings).toEqual([]);
    },
  );

  test("a loss that never came below that of guessing", async () => {
    const { end } = await train({ ...overfitting, lr: 1e-7, steps: 20 });
    expect(end.warnings).toMatchObject([
      { code: "not-learned", hint: "try more updates: --epochs 20 and --lr 0.01 (it was 1e-7)" },
    ]);
    const longer = await train({ ...overfitting, lr: 1e-7, epochs: 12, evalEvery: 100 });
    expect(longer.end.warnings[0].hint).toMatch(/--epochs 24 and/);
  });

  test("nothing where the loss fell to the end, or nothing was evaluated", async () => {
    expect((await train({ steps: 40 })).end.warnings).toEqual([]);
    const { end } = await train({ steps: 40, stopAt: 1 });
    expect([end.best, end.warnings]).toEqual([null, []]);
  });
});

describe("weight decay", () => {
  test.each(OPTIMIZERS)(
    "with %s changes the weights, and is off (adamw: 0.01) by default",
    async (optimizer) => {
      const hash = async (weightDecay?: number) =>
        (await train({ optimizer, weightDecay, steps: 3 })).end.parametersSha256;
      const standard = await hash();
      expect(await hash(optimizer === "adamw" ? 0.01 : 0)).toBe(standard);
      expect(await hash(0.1)).not.toBe(standard);
    },
  );
});

describe("a run of version 0.1.0, whose run.json has none of these fields,", () => {
  test.each(["adam", "adamw"] as const)(
    "goes on with %s to the bits of an uninterrupted one",
    async (optimizer) => {
      const options: Options = { optimizer, seed: 5 };
      const whole = await train({ ...options, steps: 12 });
      const { folder } = await train({ ...options, steps: 6 });
      const { evalEvery: _, ...run } = runOf(folder);
      delete run.settings.weightDecay;
      writeFileSync(join(folder, "run.json"), JSON.stringify(run));
      const { end, notes } = await train({ resume: true, out: folder, steps: 12 });
      expect(notes).toEqual([]);
      expect(end.parametersSha256).toBe(whole.end.parametersSha256);
      expect(runOf(folder).settings.weightDecay).toBe(optimizer === "adamw" ? 0.01 : 0);
      await expect(train({ resume: true, out: folder, weightDecay: 0.5 })).rejects.toThrow(
        /cannot be resumed with --weight-decay 0\.5 \(the run has 0/,
      );
      expect(metricsOf(folder).filter(({ event }) => event === "step")).toHaveLength(12);
    },
  );

  test("is refused with a patience that is none", async () => {
    const { folder } = await train({ steps: 1 });
    const run = runOf(folder);
    writeFileSync(join(folder, "run.json"), JSON.stringify({ ...run, limits: { patience: 0.5 } }));
    await expect(train({ resume: true, out: folder })).rejects.toThrow(
      /run\.json: limits: --patience must be an integer/,
    );
  });
});
