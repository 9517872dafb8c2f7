/** `unrolled check` on a task with planted defects: each is found by the check that is there for it. */
import { describe, expect, test } from "vitest";
import { keyOfNumbers, keyOfText } from "../../src/data/item-keys.ts";
import { reshape } from "../../src/nn/index.ts";
import { holdOut } from "../../src/tasks/recipe/plans.ts";
import { type CheckName, type CheckResult, checkRecipe } from "../../src/tasks/recipe/recipe.ts";
import type { Checked } from "../../src/tasks/recipe/training.ts";
import type { BatchPlan } from "../../src/tasks/task.ts";
import { type Defects, planted } from "../support/planted-task.ts";

type Results = Record<CheckName, CheckResult>;

/** @param last the check after which it ends, before trainings that take longer */
async function check(checked: Checked, seconds = 600, last?: CheckName): Promise<Results> {
  const results: [CheckName, CheckResult][] = [];
  for await (const result of checkRecipe(checked, seconds)) {
    results.push([result.check, result]);
    if (result.check === last) break;
  }
  return Object.fromEntries(results) as Results;
}

/** The checks that did not pass, with their verdicts. */
const complaints = (results: Results) =>
  Object.fromEntries(
    Object.values(results)
      .filter(({ verdict }) => verdict !== "passed")
      .map((result) => [result.check, result.verdict]),
  );

test("a sound task passes every check, with the numbers behind the words", async () => {
  const results = await check(planted());
  expect(complaints(results)).toEqual({});
  expect(Object.keys(results)).toHaveLength(9);
  expect(results.rows.values).toMatchObject({
    otherChange: 0,
    alone: expect.closeTo(results.rows.values.together),
  });
  expect(results.padding.values).toMatchObject({ outputChange: 0, lossChange: 0 });
  expect(results.inputs.values.loss).toBeLessThan(0.1);
  expect(results.inputs.values.zeroed).toBeGreaterThan(0.6);
  const { sweep = [] } = results["learning-rate"];
  expect(sweep.map(({ lr }) => lr)).toEqual([2e-4, 6e-4, 2e-3, 6e-3, 0.02, 0.06, 0.2, 0.6]);
  // Small rates have hardly left the start.
  expect(sweep[0].loss).toBeCloseTo(results["learning-rate"].values.start, 1);
});

test("an output layer that begins with zeros is none, and hides no defect", async () => {
  const sound = await check(planted({ beginsWithZeros: true }), 600, "look-ahead");
  expect(complaints(sound)).toEqual({});
  expect(sound.rows.values.ownChange).toBeGreaterThan(0);
  const mixing = await check(planted({ beginsWithZeros: true, mixesRows: true }), 600, "look-ahead");
  expect(complaints(mixing)).toMatchObject({ rows: "failed", "look-ahead": "failed" });
});

/** What each defect is complained of for, and words of the advice. */
const PLANTED: readonly [name: string, Defects, Partial<Record<CheckName, string>>, advice: string][] = [
  [
    "a model that centres its inputs over the batch",
    { mixesRows: true },
    // Padding and later steps are in the mean, too.
    { rows: "failed", padding: "failed", "look-ahead": "failed" },
    "rows of a batch among its summed axes",
  ],
  ["a causal model that reads backwards", { looksAhead: true }, { "look-ahead": "failed" }, "read backwards"],
  [
    "a model that reads its padding backwards",
    { readsPadding: true },
    { padding: "failed", "look-ahead": "skipped" },
    "give the lengths",
  ],
  [
    "a model that never reads its inputs",
    { ignoresInputs: true },
    { rows: "failed", overfit: "failed", inputs: "failed", "learning-rate": "warning" },
    "how inputs get into the model",
  ],
  ["far too large initial weights", { isSure: true }, { "initial-loss": "failed" }, "output layer smaller"],
  [
    "shuffled labels",
    { labels: "shuffled" },
    { inputs: "failed", "learning-rate": "warning" },
    "targets stand beside their inputs",
  ],
  ["a single class", { labels: "one class" }, { baselines: "failed", inputs: "failed" }, "a second class"],
  ["copies in both parts", { copies: 7 }, { duplicates: "failed" }, "leave the copies out"],
  [
    "a far too large learning rate",
    { lr: 20 },
    { overfit: "failed", inputs: "failed", "learning-rate": "failed" },
    "--lr 20 is too large: try --lr 0.2",
  ],
  [
    "a learning rate at which, and at a hundredth of which, nothing is learned",
    { lr: 2e4 },
    { overfit: "failed", inputs: "failed", "learning-rate": "failed" },
    "--lr 20000 is too large: try --lr 20",
  ],
  [
    "a far too small learning rate",
    { lr: 1e-4 },
    { overfit: "failed", "learning-rate": "warning" },
    "try --lr 0.003",
  ],
];

describe("finds", () => {
  test.each(PLANTED)("%s", async (_, defects, expected, advice) => {
    const needsTraining = ["overfit", "inputs", "learning-rate"].some((name) => name in expected);
    const results = await check(planted(defects), 600, needsTraining ? undefined : "look-ahead");
    expect(complaints(results)).toEqual(expected);
    const said = Object.values(results).flatMap((result) => result.advice ?? []);
    expect(said.join("\n")).toContain(advice);
  });

  test("copies by their number and place", async () => {
    const results = await check(planted({ copies: 7 }), 600, "duplicates");
    expect(results.duplicates.values).toEqual({ items: 40, copies: 7 });
    expect(results.duplicates.found).toBe("7 of 40 (18%), the first is item 1");
  });
});

describe("without what a check needs", () => {
  test("it is skipped, with the reason", async () => {
    const results = await check(planted({ mixesRows: true }, ["keys", "zeroInputs", "disturbInputs"]), 1);
    // Rows are compared by their loss alone.
    expect(results.rows.verdict).toBe("failed");
    for (const name of ["duplicates", "padding", "look-ahead", "inputs"] as const) {
      expect(results[name].verdict, name).toBe("skipped");
    }
    expect(results.duplicates.found).toBe("the task planted does not say which items are the same");
    expect(results.inputs.found).toBe("the task planted cannot zero the inputs of a batch");
  });

  test("trainings that have no time say so", async () => {
    const results = await check(planted(), 0.001);
    expect(results["learning-rate"]).toMatchObject({ verdict: "skipped" });
    expect(results.inputs.found).toBe("there is no time for 20 updates: raise --max-seconds");
  });

  test("and data of a single row are no failure", async () => {
    const results = await check(planted({ items: 1 }));
    expect(complaints(results)).toEqual({
      rows: "skipped",
      padding: "skipped",
      inputs: "skipped",
      "learning-rate": "skipped",
    });
  });

  test("outputs of another number of rows are an error that names the task", async () => {
    const checked = planted();
    const { probe } = checked.task;
    const outputs = (model: object, batch: object) => reshape(probe!.outputs!(model, batch), [2, -1]);
    const wrong = { ...checked, task: { ...checked.task, probe: { ...probe, outputs } } };
    await expect(check(wrong)).rejects.toThrow("the task planted: probe.outputs must return [4, ...]");
  });

  test("an aborted signal ends it with its reason", async () => {
    const stop = new AbortController();
    const checked = { ...planted(), hooks: { signal: stop.signal, onProgress() {}, onNote() {} } };
    const results = checkRecipe(checked, 30);
    await results.next();
    stop.abort(new Error("enough"));
    await results.next();
    await expect(results.next()).rejects.toThrow("enough");
  });
});

describe("rows that are held out", () => {
  const plan = (counts: readonly number[], rows: number): BatchPlan<readonly number[]> => ({
    stepsPerEpoch: counts.length,
    rows,
    weights: (step) => Array.from({ length: rows }, (_, row) => (row < counts[step % counts.length] ? 1 : 0)),
    batch: (step, from, to) => [step, from, to],
  });

  test("are steps of the first pass that are never trained on", () => {
    const { train, held } = holdOut(plan([4, 4, 4, 4, 4, 4, 4, 4, 4, 2], 4));
    expect(train.stepsPerEpoch).toBe(8);
    const trained = Array.from({ length: 30 }, (_, step) => (train.batch(step, 0, 4) as number[])[0]);
    expect(Math.max(...trained)).toBe(7);
    expect(held.map(({ step, from, to }) => [step, from, to])).toEqual([
      [8, 0, 1],
      [8, 1, 2],
      [8, 2, 3],
      [8, 3, 4],
      [9, 0, 1],
      [9, 1, 2],
    ]);
  });

  test("are the last rows of the only step", () => {
    const { train, held } = holdOut(plan([10], 16));
    expect(train.rows).toBe(8);
    expect(held.map(({ from, to, weight }) => [from, to, weight])).toEqual([
      [8, 9, 1],
      [9, 10, 1],
    ]);
  });
});

describe("keys of items", () => {
  test("of texts are the same but for case, white space, punctuation and forms of Unicode", () => {
    expect(keyOfText("  The  Cat, sat.\n")).toBe(keyOfText("the cat sat"));
    expect(keyOfText("ﬁne cafe\u0301")).toBe(keyOfText("fine café"));
    expect(keyOfText("the cat sat")).not.toBe(keyOfText("the cats at"));
    expect(keyOfText("!?")).not.toBe(keyOfText("?!"));
  });

  test("of numbers are the same to six digits, and differ by order and length", () => {
    expect(keyOfNumbers([1.0000001, 2])).toBe(keyOfNumbers([1, 2]));
    const lists = [[1, 2], [2, 1], [12], [1, 2, 0], [1.001, 2], [-1, 2]];
    expect(new Set(lists.map(keyOfNumbers)).size).toBe(lists.length);
  });
});
