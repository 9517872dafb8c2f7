/** Runs of `translate`: replicas, resuming, and what is asked of a trained model. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/io/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { openRun } from "../../src/runs/open-run.ts";
import type { TranslatePrediction } from "../../src/tasks/predictions.ts";
import { file, hooks, isSvg, LEARNED, PAIRS, predict, train, tsv } from "./translate-runs.ts";

describe("on ragged batches", () => {
  const parametersOf = async (folder: string, step: number) => {
    const path = join(folder, "checkpoints", `step-${step}.safetensors`);
    const { tensors } = await decodeCheckpoint(readFileSync(path), path);
    return [...tensors]
      .filter(([name]) => !name.includes("optimizer"))
      .map(([name, t]) => [name, t.data()] as const);
  };

  test.each([
    {},
    { attention: "none", cell: "lstm" },
    { dropout: 0.2 },
    { teacherForcing: 0.3, dropout: 0.2 },
  ] as const)("one and three replicas agree to 1e-9 in float64: %j", async (options) => {
    // 22 pairs to train on: the last batch of a pass has fewer rows than there are replicas.
    const common = { data: [tsv(PAIRS.slice(60, 87))], backend: "reference", steps: 12, ...options } as const;
    // Dropout depends on the number of shards.
    const shards = "dropout" in options ? 3 : undefined;
    const [one, three] = [await train({ ...common, shards }), await train({ ...common, threads: 3 })];
    for (const [index, { loss, gradNorm }] of one.steps.entries()) {
      expect(Math.abs(three.steps[index].loss - loss)).toBeLessThan(1e-9);
      expect(Math.abs(three.steps[index].gradNorm - gradNorm)).toBeLessThan(1e-9);
    }
    const [ours, theirs] = [one, three].map(({ evals }) => evals.at(-1)!.metrics);
    for (const [name, value] of Object.entries(ours)) expect(theirs[name]).toBeCloseTo(value, 9);
    const [a, b] = [await parametersOf(one.folder, 12), new Map(await parametersOf(three.folder, 12))];
    for (const [name, values] of a) {
      for (let at = 0; at < values.length; at++) {
        expect(Math.abs(Number(values[at]) - Number(b.get(name)![at]))).toBeLessThan(1e-9);
      }
    }
  });

  test("a run goes on bit for bit after it was stopped, on one thread or two with two shards", async () => {
    const common = { shards: 2, dropout: 0.2, teacherForcing: 0.5 };
    const whole = await train({ ...common, steps: 15 });
    const part = await train({ ...common, steps: 8, threads: 2 });
    const resumed = await train({ resume: true, out: part.folder, steps: 15 });
    expect(resumed.parametersSha256).toBe(whole.parametersSha256);
    expect(resumed.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(8).map(({ loss }) => loss));
    await expect(train({ resume: true, out: part.folder, attention: "dot" })).rejects.toThrow(
      "--attention dot (the run has additive)",
    );
    await expect(train({ resume: true, out: part.folder, minCount: 2 })).rejects.toThrow("--min-count 2");
    const other = tsv([...PAIRS, ["zz", "zz"]]);
    await expect(train({ resume: true, out: part.folder, data: [other] })).rejects.toThrow("another data");
  });

  test("the rows of an evaluation change nothing, and neither does who is translated beside whom", async () => {
    const { folder } = await train({ steps: 30, backend: "reference" });
    const one = await evaluateRun(folder, [], { batchSize: 1, backend: "reference" }, hooks);
    const many = await evaluateRun(folder, [], { batchSize: 64, backend: "reference" }, hooks);
    expect(many.loss).toBeCloseTo(one.loss, 9);
    expect({ ...many.metrics, perplexity: 0 }).toEqual({ ...one.metrics, perplexity: 0 });
    const texts = PAIRS.map(([source]) => source).slice(0, 20);
    const together = await predict(folder, [file(texts.join("\n"), "in.txt")]);
    for (const [index, text] of texts.entries()) {
      const alone = await predict(folder, [], { text });
      expect(alone.json).toEqual([together.json[index]]);
    }
  });

  test("another run starts from its weights, with its symbols", async () => {
    const first = await train({ steps: 1 });
    const next = await train({
      from: first.folder,
      steps: 1,
      lr: 1e-9,
      data: [tsv(PAIRS.slice(5))],
    } as never);
    const [a, b] = [await parametersOf(first.folder, 1), new Map(await parametersOf(next.folder, 1))];
    for (const [name, [value]] of a) expect(Number(b.get(name)![0])).toBeCloseTo(Number(value), 5);
    await expect(train({ from: first.folder, attention: "dot", steps: 1 } as never)).rejects.toThrow(
      "do not fit --attention dot",
    );
  });
});

describe("what is asked of a model", () => {
  test("lines come out in their order, empty ones empty, and what is too long or does not end is said", async () => {
    const { folder } = await train({ ...LEARNED, maxLength: 20 });
    const input = file(["ab", "", "c".repeat(10_000), "  ", "xyz", "abc"].join("\n"), "in.txt");
    const { json, text, notes } = await predict(folder, [input], { beam: 1, maxLength: 2 });
    expect(json.map(({ input }) => input.slice(0, 4))).toEqual(["ab", "", "cccc", "", "xyz", "abc"]);
    expect(text[1]).toBe("\t");
    expect(json[3]).toEqual({ input: "", translation: "", notes: [expect.stringContaining("no text")] });
    expect(json[2].notes![0]).toContain("cut");
    expect(json[4].unknown).toEqual(["x", "y", "z"]);
    expect(notes).toContainEqual(expect.stringContaining("2 lines without text"));
    expect(notes).toContainEqual(expect.stringContaining("1 line cut to the 20 symbols"));
    const open = json.filter(({ ended }) => ended === false);
    expect(open.length).toBeGreaterThan(0);
    for (const { translation, notes: own } of open) {
      expect(translation).toHaveLength(2);
      expect(own!.at(-1)).toContain("did not end within the limit");
    }
    expect(notes).toContainEqual(
      expect.stringContaining(`${open.length} lines whose translation did not end`),
    );
    const empty = await predict(folder, [], { text: " " });
    expect(empty.text).toEqual(["--text: nothing to translate"]);
    expect(empty.draw).toThrow("there is no picture of these translations");
  });

  test("a file of pairs has its targets beside the translations", async () => {
    const { folder } = await train({ steps: 3 });
    const { json, draw } = await predict(folder, [tsv(PAIRS.slice(0, 3))]);
    expect(json.map(({ expected }) => expected)).toEqual(PAIRS.slice(0, 3).map(([, target]) => target));
    isSvg(draw());
  });

  test("an opened run translates one text after the other, with a search of its own", async () => {
    const { folder } = await train({ steps: 3 });
    const run = await openRun(folder, { search: { beam: 2, best: 2 } });
    const { hypotheses } = await run.predict<TranslatePrediction>("ab");
    expect(hypotheses).toHaveLength(2);
    await expect(run.predict([[1, 2]])).rejects.toThrow("reads texts, and no numbers");
  });

  test("data to measure on may have what the model does not know", async () => {
    const { folder } = await train({ steps: 3 });
    const { metrics, baselines } = await evaluateRun(folder, [tsv([["xyz", "zyx"]])], {}, hooks);
    expect(metrics).toMatchObject({ exactMatch: 0, decoded: 1 });
    expect(baselines).toEqual([]);
  });
});
