/** `classify`: everything of the task kit on batches of unequal rows. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/io/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { predictRun } from "../../src/runs/predict-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import type { ClassifySettings } from "../../src/tasks/classify/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { EndEvent, EvalEvent, StepEvent } from "../../src/train/events.ts";

const root = mkdtempSync(join(tmpdir(), "classify-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = (name = "run") => join(root, `${name}-${made++}`);

type Options = TrainOptions<ClassifySettings>;

/** 41 + 41 lines: with a fifth to validate on, 66 to train on, which 5 rows leave 1 of. */
const LABELS = { Rising: "abcde", Falling: "edcba" } as const;

function labelled(): string {
  const folder = fresh("data");
  mkdirSync(folder);
  for (const [label, pattern] of Object.entries(LABELS)) {
    const lines = Array.from(
      { length: 41 },
      (_, i) => pattern.repeat(1 + (i % 4)).slice(i % 3) + "x".repeat(i % 7) + i,
    );
    writeFileSync(join(folder, `${label}.txt`), lines.join("\n"));
  }
  return folder;
}

const SMALL: Partial<Options> = { hidden: 6, batchSize: 5, threads: 1, dropout: 0.3, layers: 2 };

let data: string;
beforeAll(() => {
  data = labelled();
});

interface Trained extends EndEvent {
  readonly steps: readonly StepEvent[];
  readonly evals: readonly EvalEvent[];
  readonly folder: string;
}

async function train(options: Partial<Options>): Promise<Trained> {
  const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
  const all = { data: options.resume ? [] : [data], ...(options.resume ? {} : SMALL), ...options } as Options;
  const training = await trainTask({ task: await TASKS.classify() }, all, hooks);
  const [steps, evals]: [StepEvent[], EvalEvent[]] = [[], []];
  let end: EndEvent | undefined;
  for await (const event of training.events) {
    if (event.event === "step") steps.push(event);
    if (event.event === "eval") evals.push(event);
    if (event.event === "end") end = event;
  }
  return { ...end!, steps, evals, folder: training.runDirectory };
}

const hooks = { onProgress() {}, onNote() {} };

describe("a classifier", () => {
  test("learns lines that differ by their order alone, and judges new ones", async () => {
    const { folder, evals } = await train({ out: fresh(), hidden: 16, dropout: 0, epochs: 25, lr: 1e-2 });
    expect(evals.at(-1)!.metrics.accuracy).toBeGreaterThan(0.9);
    const { metrics, items, baselines, picture } = await evaluateRun(folder, [], {}, hooks);
    expect(items).toBe(16);
    expect(metrics.accuracy).toBeGreaterThan(0.9);
    expect(baselines.map(({ name }) => name)).toEqual(["naive Bayes, trigrams", "the commonest label"]);
    expect(picture).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
    const labels: unknown[] = [];
    for (const text of ["abcdeabcdexx44", "edcbaedcbaxx45"]) {
      const { predictions, draw } = await predictRun(folder, [], { text }, hooks);
      for await (const prediction of predictions) {
        labels.push(prediction.json.label);
        expect(draw!([prediction])).toMatch(/^<svg[\s\S]*ing<\/text>[\s\S]*<\/svg>\s*$/);
      }
    }
    expect(labels).toEqual(["Rising", "Falling"]);
  });

  test("is measured on other data by eval alone, whose labels it must know", async () => {
    const { folder } = await train({ out: fresh(), steps: 2 });
    expect(await evaluateRun(folder, [labelled()], {}, hooks)).toMatchObject({ items: 82, baselines: [] });
    const other = fresh("other");
    mkdirSync(other);
    for (const name of ["Rising", "Elsewhere"]) writeFileSync(join(other, `${name}.txt`), "abc\n");
    await expect(evaluateRun(folder, [other], {}, hooks)).rejects.toThrow("has the label Elsewhere");
    const { items } = await evaluateRun(folder, [other], { skipUnknown: true }, hooks);
    expect(items).toBe(1);
    rmSync(join(other, "Rising.txt"));
    await expect(evaluateRun(folder, [other], { skipUnknown: true }, hooks)).rejects.toThrow("no item of");
  });

  test("gives the same result whatever the rows of an evaluation are", async () => {
    const { folder } = await train({ out: fresh(), steps: 4, backend: "reference" });
    const one = await evaluateRun(folder, [], { batchSize: 1, backend: "reference" }, hooks);
    const many = await evaluateRun(folder, [], { batchSize: 64, backend: "reference" }, hooks);
    expect(many.loss).toBeCloseTo(one.loss, 9);
    expect(many.metrics).toEqual(one.metrics);
  });
});

describe("on ragged batches", () => {
  const parametersOf = async (folder: string, step: number) => {
    const path = join(folder, "checkpoints", `step-${step}.safetensors`);
    const { tensors } = await decodeCheckpoint(readFileSync(path), path);
    return new Map(
      [...tensors].filter(([name]) => !name.includes("optimizer")).map(([name, t]) => [name, t.data()]),
    );
  };

  test("one and three replicas, of which two have no rows in the last batch, agree to 1e-9 in float64", async () => {
    const common = { backend: "reference", dropout: 0, steps: 28 } as const;
    const [one, three] = [
      await train({ ...common, out: fresh() }),
      await train({ ...common, out: fresh(), threads: 3 }),
    ];
    for (const [index, { loss, gradNorm }] of one.steps.entries()) {
      expect(Math.abs(three.steps[index].loss - loss)).toBeLessThan(1e-9);
      expect(Math.abs(three.steps[index].gradNorm - gradNorm)).toBeLessThan(1e-9);
    }
    const [a, b] = [await parametersOf(one.folder, 28), await parametersOf(three.folder, 28)];
    for (const [name, values] of a) {
      const other = b.get(name)!;
      for (let at = 0; at < values.length; at++)
        expect(Math.abs(Number(values[at]) - Number(other[at]))).toBeLessThan(1e-9);
    }
  });

  test.each(["auto", "wasm", "reference"] as const)(
    "four shards on 1, 2 and 4 threads are one training on %s",
    async (backend) => {
      const hashes: string[] = [];
      const losses: unknown[] = [];
      for (const threads of [1, 2, 4]) {
        const { parametersSha256, steps, evals } = await train({
          out: fresh(),
          backend,
          shards: 4,
          threads,
          steps: 16,
        });
        hashes.push(parametersSha256);
        losses.push([steps.map(({ loss }) => loss), evals.at(-1)!.loss]);
      }
      expect(new Set(hashes).size).toBe(1);
      expect(losses[1]).toEqual(losses[0]);
      expect(losses[2]).toEqual(losses[0]);
    },
  );

  test.each([0, 3])(
    "a run goes on bit for bit after it was stopped in pass 1, with %d passes of short items first",
    async (shortFirst) => {
      const whole = await train({ out: fresh(), steps: 30, shortFirst });
      const part = await train({ out: fresh(), steps: 17, shortFirst });
      const resumed = await train({ resume: true, out: part.folder, steps: 30 });
      expect(resumed.parametersSha256).toBe(whole.parametersSha256);
      expect(resumed.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(17).map(({ loss }) => loss));
    },
  );

  test("a generated set is made again from its seed, with its own settings under those that are said", async () => {
    const options = { set: "sum", data: [], steps: 6, cell: "rnn", layers: 1, dropout: undefined } as const;
    const { folder, evals } = await train({ ...options, out: fresh() });
    const { settings } = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    expect(settings).toMatchObject({ set: "sum", hidden: 6, shortFirst: 16, dropout: 0 });
    const { metrics, items, baselines } = await evaluateRun(folder, [], {}, hooks);
    expect(items).toBe(300);
    expect(metrics.accuracy).toBe(Math.max(...evals.map((one) => one.metrics.accuracy)));
    expect(baselines.at(-1)).toMatchObject({ name: "the commonest label", metrics: { accuracy: 1 / 3 } });
  });

  test("a run is resumed on the same data and with the same model only", async () => {
    const { folder } = await train({ out: fresh(), steps: 3 });
    await expect(train({ resume: true, out: folder, hidden: 7 })).rejects.toThrow(
      "--hidden 7 (the run has 6)",
    );
    const other = labelled();
    writeFileSync(join(other, "Rising.txt"), "abc\n");
    await expect(train({ resume: true, out: folder, data: [other] })).rejects.toThrow(
      "with another data: SHA-256",
    );
  });

  test("the best checkpoint is the one with the highest accuracy, of several the one with the lowest loss", async () => {
    const { best, evals } = await train({ out: fresh(), steps: 40, evalEvery: 5 });
    const highest = Math.max(...evals.map(({ metrics }) => metrics.accuracy));
    expect(1 - best!.choose!).toBeCloseTo(highest, 8);
    const equal = evals.filter(({ metrics }) => metrics.accuracy === highest);
    expect(equal.length).toBeGreaterThan(1);
    expect(best!.step).toBe(equal.toSorted((a, b) => a.loss - b.loss)[0].step);
  });
});
