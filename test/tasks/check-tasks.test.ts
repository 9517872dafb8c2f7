/** What each built-in task tells `unrolled check` about its inputs and outputs, on models that have not learned anything. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkTraining } from "../../src/runs/check-training.ts";
import type { CheckResult } from "../../src/tasks/recipe/recipe.ts";
import { findTask, TASK_NAMES } from "../../src/tasks/registry.ts";

const root = mkdtempSync(join(tmpdir(), "check-tasks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const file = (name: string, content: string): string => {
  writeFileSync(join(root, name), content);
  return join(root, name);
};
const book = file(
  "book.txt",
  Array.from({ length: 400 }, (_, i) => `line ${(i * i) % 97} of the book\n`).join(""),
);
/** Sequences of 1 to 5 steps. */
const table = file(
  "steps.csv",
  `sequence,x,y,label\n${Array.from({ length: 60 }, (_, i) =>
    Array.from(
      { length: 1 + (i % 5) },
      (_, t) => `s${i},${(i * 7 + t) % 11},${(i + 3 * t) % 5},${(i + t) % 2 ? "odd" : "even"}\n`,
    ).join(""),
  ).join("")}`,
);

const phrases = file(
  "phrases.csv",
  `text,label\n${Array.from({ length: 80 }, (_, i) => `${"so ".repeat(i % 4)}word${i % 9} and word${(i * 5) % 7},${i % 2 ? "a" : "b"}\n`).join("")}`,
);

/** Results of the checks before any training, and what the task says of the model. */
async function check(name: string, options: object) {
  const task = (await findTask(name))!;
  const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
  const { results } = await checkTraining({ task }, { data: [], hidden: 8, ...options } as never, hooks);
  const byName: Record<string, CheckResult> = {};
  for await (const result of results) {
    byName[result.check] = result;
    if (result.check === "look-ahead") break;
  }
  return byName;
}

const verdictsOf = (results: Record<string, CheckResult>, ...names: string[]) =>
  names.map((name) => results[name].verdict);

test.each(TASK_NAMES)("%s has a probe", async (name) => {
  const { probe } = (await findTask(name))!;
  expect(Object.keys(probe ?? {})).toEqual(
    expect.arrayContaining(["zeroInputs", "disturbInputs", "outputs"]),
  );
});

describe("tag", () => {
  test("causal, delayed and in both directions, is what it says it is", async () => {
    const causal = await check("tag", { data: [table], delay: 0 });
    expect(verdictsOf(causal, "rows", "padding", "look-ahead")).toEqual(["passed", "passed", "passed"]);
    expect(causal["look-ahead"].expected).toBe("an output does not change with inputs that come later");
    const delayed = await check("tag", { delay: 3 });
    expect(delayed["look-ahead"]).toMatchObject({
      verdict: "passed",
      expected: expect.stringContaining("more than 3"),
    });
    const both = await check("tag", { data: [table], bidirectional: true });
    expect(verdictsOf(both, "rows", "padding", "look-ahead")).toEqual(["passed", "passed", "skipped"]);
  });
});

describe("translate", () => {
  const words = Array.from({ length: 40 }, (_, at) => `w${at % 7} x${at % 3}${" y".repeat(at % 5)}`);
  const pairs = file(
    "pairs.tsv",
    words.map((text, at) => `${text} ${at}\t${"ab"[at % 2]}${at % 7}`).join("\n"),
  );

  test.each([
    ["attention", {}],
    ["one vector", { attention: "none", bidirectional: true, layers: 2 }],
    ["words", { tokens: "word", minCount: 1, teacherForcing: 0.5, dropout: 0.2 }],
  ])("%s: rows are independent, padding is not read", async (_, options) => {
    const results = await check("translate", { data: [pairs], embedding: 8, ...options });
    expect(verdictsOf(results, "rows", "padding", "duplicates")).toEqual(["passed", "passed", "passed"]);
    expect(results["initial-loss"].verdict).toBe("passed");
  });
});

describe("classify", () => {
  test.each([
    ["characters in both directions", { bidirectional: true, pooling: "attention" }],
    ["words", { data: [phrases], tokens: "word" }],
    ["filters", { cell: "conv", hidden: 8 }],
    ["vectors without an order", { cell: "none" }],
  ])("%s: rows are independent, padding is not read", async (_, options) => {
    const results = await check("classify", options);
    expect(results.rows).toMatchObject({ verdict: "passed" });
    expect(["passed", "skipped"]).toContain(results.padding.verdict);
    expect(results["initial-loss"].verdict).toBe("passed");
  });
});

describe("forecast", () => {
  test.each([
    ["a network beside a linear part", {}],
    ["a linear model", { cell: "none" }],
  ])("%s reads all of a window, and no other row's", async (_, options) => {
    const results = await check("forecast", options);
    expect(results.rows).toMatchObject({ verdict: "passed", values: { otherChange: 0 } });
    expect(results.rows.values.ownChange).toBeGreaterThan(0);
  });
});

test("text reads from left to right, from nothing at the start of a batch", async () => {
  const results = await check("text", { data: [book], seqLength: 12, batchSize: 4 });
  expect(verdictsOf(results, "initial-loss", "rows", "padding", "look-ahead")).toEqual([
    "passed",
    "passed",
    "skipped",
    "passed",
  ]);
});
