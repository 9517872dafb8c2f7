/** Defaults that fit the data: told with their reason, and only where nobody has decided. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { memorySource } from "../../src/data/index.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { TASKS, trainInMemory } from "../../src/tasks/index.ts";
import type { FittedSetting, Task } from "../../src/tasks/task.ts";

const root = mkdtempSync(join(tmpdir(), "fitted-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = () => join(root, `run-${made++}`);

const classify = await TASKS.classify();
const asksFor = (...fitted: readonly { name: string; value: number; reason: string }[]): Task => ({
  ...classify,
  fit: () => fitted as readonly FittedSetting[],
});
const SMALLER = asksFor({ name: "hidden", value: 6, reason: "2,400 items" });

/** The settings of a run, and what was said about them. */
async function settingsOf(task: Task, options: object) {
  const notes: string[] = [];
  const hooks = {
    signal: new AbortController().signal,
    onProgress() {},
    onNote: (text: string) => notes.push(text),
  };
  const all = { data: [], threads: 1, steps: 1, out: fresh(), ...options } as TrainOptions;
  const training = await trainTask({ task }, all, hooks);
  for await (const _ of training.events);
  const { hidden } = training.settings as unknown as { hidden: number };
  return { hidden, config: training.config, notes, folder: training.runDirectory };
}

describe("a setting that the data asks for", () => {
  test("is taken and told with its reason", async () => {
    const { hidden, config, notes } = await settingsOf(SMALLER, {});
    expect(hidden).toBe(6);
    expect(config).toMatchObject({ hidden: 6 });
    expect(notes).toEqual(["--hidden is 6 instead of 128, which fits this data better: 2,400 items"]);
  });

  test("is left as a person, a run or the weights of one have it", async () => {
    const chosen = await settingsOf(SMALLER, { hidden: 5 });
    expect([chosen.hidden, chosen.notes]).toEqual([5, []]);
    const from = await settingsOf(SMALLER, { from: chosen.folder });
    expect([from.hidden, from.notes]).toEqual([5, []]);
    const other = asksFor({ name: "hidden", value: 7, reason: "other items" });
    const resumed = await settingsOf(other, { out: chosen.folder, resume: true, steps: 2 });
    expect([resumed.hidden, resumed.notes]).toEqual([5, []]);
  });

  test("is taken by trainInMemory, too", async () => {
    const source = memorySource([
      { name: "Up.txt", content: "abc\nbcd\ncde\ndef" },
      { name: "Down.txt", content: "cba\ndcb\nedc\nfed" },
    ]);
    const common = { task: SMALLER, source, limits: { steps: 1 } };
    const hiddenOf = async (settings: object) => {
      const training = await trainInMemory({ ...common, settings: settings as never });
      for await (const _ of training.events);
      return (training.settings as unknown as { hidden: number }).hidden;
    };
    expect(await hiddenOf({})).toBe(6);
    expect(await hiddenOf({ hidden: 9 })).toBe(9);
  });
});

describe("classify", () => {
  const fittedFor = async (line: string, settings: object, threads = 1) => {
    const source = memorySource([
      { name: "A.txt", content: `${line}\nb\nc` },
      { name: "B.txt", content: "d\ne\nf" },
    ]);
    const all = classify.complete(settings as never);
    const request = { source, validation: source, settings: all, threads, isChosen: () => false };
    const hooks = { onProgress() {}, onNote() {} };
    const { data } = await classify.load({ ...request, verify() {}, asset: () => source }, hooks);
    return classify.fit!(data, all, threads);
  };

  test("makes batches of long items smaller where a step would take more than a GiB", async () => {
    const long = "x".repeat(1000);
    const [fitted, ...others] = await fittedFor(long, { hidden: 512, layers: 4 });
    expect(others).toEqual([]);
    expect(fitted.name).toBe("batchSize");
    expect(fitted.reason).toMatch(/^with items of up to 1,000 steps 32 rows take \d\.\d GiB$/);
    expect([2, 4, 8]).toContain(fitted.value);
    // Each of 12 replicas needs a row.
    expect(await fittedFor(long, { hidden: 512, layers: 4 }, 12)).toMatchObject([{ value: 12 }]);
  });

  describe("of numbers", () => {
    const row = (at: number) => `${at % 2 === 0 ? "up" : "down"},${at % 2 === 0 ? at : -at}`;
    const rows = Array.from({ length: 12 }, (_, at) => row(at));
    const table = (head: string, lines: readonly string[]) =>
      memorySource([{ name: "a.csv", content: `${head}\n${lines.join("\n")}\n` }]);
    const steps = table(
      "sequence,label,x",
      rows.flatMap((line, at) => [`${at},${line}`, `${at},${line}`]),
    );
    const fitted = async (source: ReturnType<typeof memorySource>, settings: object) => {
      const notes: string[] = [];
      const training = await trainInMemory({
        task: classify,
        source,
        settings: { hidden: 4, ...settings } as never,
        limits: { steps: 1 },
        hooks: { onNote: (text: string) => notes.push(text) },
      } as never);
      for await (const _ of training.events);
      const { bidirectional, pooling, batchSize } = training.settings as unknown as Record<string, unknown>;
      return { found: [bidirectional, pooling, batchSize], notes };
    };

    test("reads sequences from both ends, and the largest of all steps, in small batches", async () => {
      const { found, notes } = await fitted(steps, {});
      expect(found).toEqual([true, "max", 16]);
      expect(notes.map((text) => text.slice(0, text.indexOf(",")))).toEqual([
        "--bidirectional is true instead of false",
        "--pooling is max instead of last",
        "--batch-size is 16 instead of 32",
      ]);
      const chosen = await fitted(steps, { bidirectional: false, pooling: "last", batchSize: 32 });
      expect([chosen.found, chosen.notes]).toEqual([[false, "last", 32], []]);
    });

    test("leaves networks without a state, and items of one step, as they are", async () => {
      expect((await fitted(steps, { cell: "conv" })).found).toEqual([false, "max", 16]);
      expect((await fitted(table("label,x", rows), {})).found).toEqual([false, "last", 16]);
    });
  });

  test("asks for nothing where items are short", async () => {
    expect(await fittedFor("abc", { hidden: 512, layers: 4 })).toEqual([]);
  });
});
