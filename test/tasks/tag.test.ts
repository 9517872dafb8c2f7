/** `tag`: everything of the task kit on sequences of unequal length, some steps of which have no label. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint, writeNpz } from "../../src/io/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { type PredictOptions, predictRun } from "../../src/runs/predict-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { sourceOf } from "../../src/sources/paths.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { TagPrediction } from "../../src/tasks/predictions.ts";
import type { TagData } from "../../src/tasks/tag/data.ts";
import type { TagSettings } from "../../src/tasks/tag/defaults.ts";
import type { Prediction } from "../../src/tasks/task.ts";
import type { EndEvent, EvalEvent, StepEvent } from "../../src/train/events.ts";

const root = mkdtempSync(join(tmpdir(), "tag-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = (name = "run") => join(root, `${made++}-${name}`);
function file(content: string | Uint8Array, name: string): string {
  const path = fresh(name);
  writeFileSync(path, content);
  return path;
}

type Options = TrainOptions<TagSettings>;

/** 21 sequences of 1 to 9 steps: the label says whether a number is above the one before; the first has none. */
function tableRows(sequences = 21): string[] {
  return Array.from({ length: sequences }, (_, index) =>
    Array.from({ length: 1 + ((index * 4) % 9) }, (_, t) => {
      const value = (at: number) => (at * at * 7 + index * 3) % 11;
      const label = t === 0 ? "" : value(t) > value(t - 1) ? "up" : "down";
      return `s${index},${label},${value(t)},${(t * index) % 5},p${index % 7}`;
    }),
  ).flat();
}
const HEADER = "sequence,label,value,noise,group";
const table = (rows = tableRows(), header = HEADER) => file(`${header}\n${rows.join("\n")}\n`, "data.csv");

const SMALL: Partial<Options> = {
  hidden: 6,
  batchSize: 5,
  threads: 1,
  dropout: 0.3,
  layers: 2,
  seqLength: 6,
};

let data: string;
beforeAll(() => {
  data = table();
});

interface Trained extends EndEvent {
  readonly steps: readonly StepEvent[];
  readonly evals: readonly EvalEvent[];
  readonly folder: string;
  readonly notes: readonly string[];
}

async function train(options: Partial<Options>): Promise<Trained> {
  const notes: string[] = [];
  const hooks = {
    signal: new AbortController().signal,
    onProgress() {},
    onNote: (text: string) => notes.push(text),
  };
  const all = {
    data: options.resume ? [] : [data],
    ...(options.resume ? {} : { ...SMALL, out: fresh() }),
    ...options,
  } as Options;
  const training = await trainTask({ task: await TASKS.tag() }, all, hooks);
  const [steps, evals]: [StepEvent[], EvalEvent[]] = [[], []];
  let end: EndEvent | undefined;
  for await (const event of training.events) {
    if (event.event === "step") steps.push(event);
    if (event.event === "eval") evals.push(event);
    if (event.event === "end") end = event;
  }
  return { ...end!, steps, evals, folder: training.runDirectory, notes };
}

const hooks = { onProgress() {}, onNote() {} };

async function predict(run: string, inputs: string[], options: PredictOptions = {}) {
  const { predictions, draw } = await predictRun(run, inputs, options, hooks);
  const all: Prediction[] = [];
  for await (const prediction of predictions) all.push(prediction);
  return { json: all.map(({ json }) => json), text: all.map(({ text }) => text), svg: draw!(all) };
}

const isSvg = (svg: string | undefined) => expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);

describe("a tagger", () => {
  test("learns a table, is measured beside its baselines, and labels other sequences", async () => {
    const { folder, evals } = await train({ hidden: 16, dropout: 0, layers: 1, epochs: 60, lr: 2e-2 });
    expect(evals.at(-1)!.metrics.accuracy).toBeGreaterThan(0.9);
    const { metrics, items, baselines, picture } = await evaluateRun(folder, [], {}, hooks);
    expect(Object.keys(metrics)).toEqual(["accuracy", "macroF1", "edit", "segmentF1"]);
    expect(items).toBeGreaterThan(5);
    expect(baselines.map(({ name }) => name)).toEqual([
      "linear softmax of the step alone",
      "the commonest label",
    ]);
    expect(metrics.macroF1).toBeGreaterThan(baselines[0].metrics!.macroF1);
    isSvg(picture);
    const rows = ["x,,1,0,a", "x,,9,0,a", "x,,2,0,a", "y,,5,1,b"];
    const { json, text, svg } = await predict(folder, [table(rows)]);
    expect((json[0].labels as string[]).slice(1)).toEqual(["up", "down"]);
    expect(json[0]).toMatchObject({ input: "x", truth: ["", "", ""] });
    expect(text[0]).toMatch(/^x\t.*down 2$/);
    isSvg(svg);
  });

  test("reads words with tags, whose entities it counts, and tags a line of text", async () => {
    const sentence = (index: number) => {
      const name = ["Ada", "Bob", "Cy"][index % 3];
      return `${name} B-PER\nLee I-PER\nsaw O\n${["Rome", "Oslo"][index % 2]} B-LOC\n\n`;
    };
    const words = file(Array.from({ length: 30 }, (_, index) => sentence(index)).join(""), "words.conll");
    const { folder } = await train({ data: [words], hidden: 12, dropout: 0, epochs: 20, lr: 2e-2 });
    const { metrics, baselines, picture } = await evaluateRun(folder, [], {}, hooks);
    expect(metrics.entityF1).toBeGreaterThan(0.9);
    expect(baselines[0]).toMatchObject({ name: "the commonest label of each word" });
    isSvg(picture);
    const { json, text } = await predict(folder, [], { text: "Bob Lee saw Oslo" });
    expect(json[0]).toMatchObject({
      labels: ["B-PER", "I-PER", "O", "B-LOC"],
      words: ["Bob", "Lee", "saw", "Oslo"],
    });
    expect(text).toEqual(["Bob/B-PER Lee/I-PER saw/O Oslo/B-LOC"]);
    const untagged = file("Cy\nLee\n\nsaw\nRome\n", "untagged.conll");
    const fromFile = await predict(folder, [untagged]);
    expect(fromFile.json.map(({ labels }) => (labels as string[]).length)).toEqual([2, 2]);
    expect(fromFile.json[0].truth).toBeUndefined();
    const lines = file("Ada Lee\n\nRome\n", "lines.txt");
    expect((await predict(folder, [lines])).json.map(({ input }) => input)).toEqual(["Ada Lee", "Rome"]);
  });

  test("reads images of an npz file through convolutions", async () => {
    const [count, steps] = [6, 5];
    const x = Float32Array.from({ length: count * steps * 4 * 4 }, (_, at) => ((at * 7) % 13) / 13);
    const arrays = new Map([
      ["x", { shape: [count, steps, 4, 4], values: x }],
      [
        "y",
        {
          shape: [count, steps],
          values: Array.from({ length: count * steps }, (_, at) => ["", "open", "shut"][at % 3]),
        },
      ],
    ]);
    const path = file(writeNpz(arrays), "images.npz");
    const { folder } = await train({ data: [path], filters: 2, steps: 3 });
    const { json } = await predict(folder, [path]);
    expect(json).toHaveLength(count);
    expect((json[0].truth as string[]).slice(0, 3)).toEqual(["", "open", "shut"]);
    // The same images one after the other, with a last axis for their only channel.
    const flat = new Map([
      ["x", { shape: [count * steps, 4, 4, 1], values: x }],
      ["lengths", { shape: [count], values: new Int32Array(count).fill(steps) }],
    ]);
    const again = await predict(folder, [file(writeNpz(flat), "flat.npz")]);
    expect(again.json.map(({ labels }) => labels)).toEqual(json.map(({ labels }) => labels));
    await expect(predict(folder, [data])).rejects.toThrow(
      "a step of the model has images of 1 x 4 x 4 numbers",
    );
    await expect(predict(folder, [], { text: "a" })).rejects.toThrow(
      "reads sequences of numbers, and no text",
    );
  });

  test("looks ahead by a delay in the built-in set, which it says", async () => {
    const short = { data: [], hidden: 24, layers: 1, dropout: 0, batchSize: 16, seqLength: 24, lr: 1e-2 };
    const { evals, notes } = await train({ ...short, epochs: 6 });
    expect(notes.join()).toContain("--delay 3");
    expect(evals.at(-1)!.metrics.accuracy).toBeGreaterThan(0.95);
    const causal = await train({ ...short, delay: 0, epochs: 2 });
    expect(causal.notes).toEqual([]);
    expect(causal.evals.at(-1)!.metrics.accuracy).toBeLessThan(0.2);
  });

  test("is the same whatever the rows of an evaluation are, and with labels that are skipped", async () => {
    const { folder } = await train({ steps: 4, backend: "reference" });
    const one = await evaluateRun(folder, [], { batchSize: 1, backend: "reference" }, hooks);
    const many = await evaluateRun(folder, [], { batchSize: 64, backend: "reference" }, hooks);
    expect(many.loss).toBeCloseTo(one.loss, 9);
    expect(many.metrics).toEqual(one.metrics);
    expect(many.picture).toBe(one.picture);
    const other = table(["a,,1,2,p", "a,up,2,2,p", "a,elsewhere,1,1,p"]);
    await expect(evaluateRun(folder, [other], {}, hooks)).rejects.toThrow("has the label elsewhere");
    const { items, baselines } = await evaluateRun(folder, [other], { skipUnknown: true }, hooks);
    expect([items, baselines]).toEqual([1, []]);
  });

  test("keeps the sequences of a group on one side", async () => {
    const task = await TASKS.tag();
    const { sourceOf } = await import("../../src/sources/paths.ts");
    const { data: loaded } = await task.load(
      {
        source: sourceOf([data]),
        validation: undefined,
        settings: task.complete({ valSplit: 0.3 } as never),
        isChosen: () => false,
        threads: 1,
        verify() {},
        asset: () => undefined as never,
      },
      hooks,
    );
    const { train: trained, validation } = loaded as Record<"train" | "validation", { names: string[] }>;
    const groupsOf = ({ names }: { names: string[] }) =>
      new Set(names.map((name) => Number(name.slice(1)) % 7));
    expect(groupsOf(validation).size).toBeGreaterThan(0);
    expect([...groupsOf(trained)].filter((group) => groupsOf(validation).has(group))).toEqual([]);
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

  test.each([{ bidirectional: true }, { delay: 2, classWeights: "balanced" as const }])(
    "one and three replicas agree to 1e-9 in float64: %j",
    async (options) => {
      const common = { backend: "reference", dropout: 0, steps: 7, ...options } as const;
      const [one, three] = [await train(common), await train({ ...common, threads: 3 })];
      for (const [index, { loss, gradNorm }] of one.steps.entries()) {
        expect(Math.abs(three.steps[index].loss - loss)).toBeLessThan(1e-9);
        expect(Math.abs(three.steps[index].gradNorm - gradNorm)).toBeLessThan(1e-9);
      }
      expect(three.evals.at(-1)!.metrics).toEqual(one.evals.at(-1)!.metrics);
      const [a, b] = [await parametersOf(one.folder, 7), await parametersOf(three.folder, 7)];
      for (const [name, values] of a) {
        const other = b.get(name)!;
        for (let at = 0; at < values.length; at++)
          expect(Math.abs(Number(values[at]) - Number(other[at]))).toBeLessThan(1e-9);
      }
    },
  );

  test("a run goes on bit for bit after it was stopped, on one thread or two with two shards", async () => {
    const whole = await train({ steps: 15, shards: 2 });
    const part = await train({ steps: 8, shards: 2, threads: 2 });
    const resumed = await train({ resume: true, out: part.folder, steps: 15 });
    expect(resumed.parametersSha256).toBe(whole.parametersSha256);
    expect(resumed.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(8).map(({ loss }) => loss));
    await expect(train({ resume: true, out: part.folder, delay: 1 })).rejects.toThrow(
      "--delay 1 (the run has 0)",
    );
    const other = table(tableRows(20));
    await expect(train({ resume: true, out: part.folder, data: [other] })).rejects.toThrow("another data");
  });

  test("another run starts from its weights, with its labels and its scale", async () => {
    const first = await train({ steps: 1 });
    const next = await train({ from: first.folder, steps: 1, lr: 1e-9 } as never);
    const [a, b] = [await parametersOf(first.folder, 1), await parametersOf(next.folder, 1)];
    expect(Math.abs(Number(a.get("head.bias")![0]) - Number(b.get("head.bias")![0]))).toBeLessThan(1e-6);
  });
});

describe("what is wrong with the data is said with its place", () => {
  const refused = async (path: string, message: string | RegExp, options: Partial<Options> = {}) =>
    expect(train({ data: [path], steps: 1, ...options })).rejects.toThrow(message);

  test.each<[string, string[], string, RegExp]>([
    ["text among numbers", ["a,up,x,1,p"], HEADER, /csv:2, column 'value': 'x' is no finite number/],
    ["NaN", ["a,up,nan,1,p"], HEADER, /csv:2, column 'value'/],
    ["a cell too many", ["a,up,1,1,p,9"], HEADER, /csv:2: too many cells/],
    [
      "rows of a sequence apart",
      ["a,up,1,1,p", "b,up,1,1,p", "a,up,1,1,p"],
      HEADER,
      /csv:4.*do not stand together/,
    ],
    ["groups that change in a sequence", ["a,up,1,1,p", "a,up,1,1,q"], HEADER, /csv:3.*'q'/],
    ["no labels", ["a,1", "b,2"], "sequence,value", /no step of the data has a label/],
    ["one label alone", ["a,up,1,1,p", "b,up,1,1,q"], HEADER, /2 to 4096 different labels, got 1/],
    ["one group alone", ["a,up,1,1,p", "b,down,1,1,p"], HEADER, /in 1 groups leaves none to validate on/],
  ])("%s", async (_, rows, header, message) => {
    await refused(table(rows, header), message);
  });

  test("a class with one example is trained on or validated on", async () => {
    const { evals } = await train({ data: [table([...tableRows(), "z,once,1,1,p0"])], steps: 2 });
    expect(evals.at(-1)!.metrics.accuracy).toBeGreaterThanOrEqual(0);
  });

  test("sequences without a label are left out of the batches", async () => {
    const rows = [...tableRows(), ...Array.from({ length: 40 }, (_, at) => `n${at},,1,1,p0`)];
    const { steps } = await train({ data: [table(rows)], steps: 20 });
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  test("arrays that do not fit each other", async () => {
    const npz = (arrays: Record<string, { shape: number[]; values: Float32Array | Int32Array | string[] }>) =>
      file(writeNpz(new Map(Object.entries(arrays))), "arrays.npz");
    const x = { shape: [6, 2], values: new Float32Array(12) };
    const y = { shape: [6], values: Int32Array.from([0, 1, 0, 1, 0, 1]) };
    const lengths = (...values: number[]) => ({ shape: [values.length], values: Int32Array.from(values) });
    await refused(npz({ y }), "of which x is needed");
    await refused(npz({ x, y, lengths: lengths(2, 3) }), "lengths: add up to 5, but x has 6 steps");
    await refused(npz({ x, y, lengths: lengths(6, 0) }), "lengths: sequence 1 must have 1 to 6 steps, got 0");
    const turned = { ...y, shape: [3, 2] };
    await refused(npz({ x, y: turned, lengths: lengths(3, 3) }), "y: must have one label per step, [6]");
    const nan = { ...x, values: x.values.with(3, Number.NaN) };
    await refused(npz({ x: nan, y, lengths: lengths(3, 3) }), "must be finite in 32 bits");
    const whole = { x, y, lengths: lengths(3, 3) };
    await refused(
      npz({ ...whole, groups: lengths(1, 2, 3) }),
      "groups: must have one value per sequence, [2]",
    );
    const thin = { shape: [2, 3, 1, 2], values: x.values };
    await refused(
      npz({ x: thin, y: { ...y, shape: [2, 3] } }),
      "images must have 2 x 2 pixels or more, got 1 x 2",
    );
    await refused(npz(whole), "leaves none", { valSplit: 0.01 });
  });

  test("files that do not go together, options that do not, and a run of another task", async () => {
    const words = file("a X\nb Y\n", "words.conll");
    await refused(words, "does not go with", { data: [data, words] });
    await refused(data, "--embedding is for words", { embedding: 4 });
    await refused(data, "--set names built-in data", { set: "video" });
    await refused(data, "exclude each other", { bidirectional: true, delay: 2 });
    await refused(words, "--label-column must be a number", { labelColumn: "tag" });
    const { folder } = await train({ steps: 1 });
    const missing = table(["a,up,1,p"], "sequence,label,value,group");
    await expect(predict(folder, [missing])).rejects.toThrow("'noise' missing");
    await expect(predict(folder, [words])).rejects.toThrow("the model reads numbers, and");
    const classify = await TASKS.classify();
    const other = trainTask({ task: classify }, { data: [], from: folder } as never, {
      ...hooks,
      signal: new AbortController().signal,
    });
    await expect(other).rejects.toThrow("is of the task tag, expected classify");
  });

  test("a sequence of 100,000 steps is trained on in pieces, and labelled as a whole", async () => {
    const steps = 100_000;
    const arrays = new Map([
      ["x", { shape: [steps + 8, 1], values: Float32Array.from({ length: steps + 8 }, (_, at) => at % 3) }],
      ["lengths", { shape: [2], values: Int32Array.of(steps, 8) }],
      ["y", { shape: [steps + 8], values: Int32Array.from({ length: steps + 8 }, (_, at) => at % 2) }],
    ]);
    const path = file(writeNpz(arrays), "long.npz");
    const { folder } = await train({ data: [path], steps: 2, hidden: 2, layers: 1, valSplit: 0.5 });
    const { json } = await predict(folder, [path]);
    expect((json[0].labels as string[]).length).toBe(steps);
  });
});

test("a model of numbers labels steps that code gives, and a table with the label column of its training", async () => {
  const path = table(tableRows(), HEADER.replace("label", "direction"));
  const { folder } = await train({ data: [path], labelColumn: "direction", steps: 2 });
  const opened = await openRun(folder);
  const [first] = await opened.predictFile<TagPrediction>({ name: "new.csv", bytes: readFileSync(path) });
  expect(first.truth).toEqual([""]);
  const all = await opened.predictFile<TagPrediction>({ name: "new.csv", bytes: readFileSync(path) });
  const steps = tableRows()
    .map((row) => row.split(","))
    .filter(([sequence]) => sequence === "s2")
    .map((row) => [Number(row[2]), Number(row[3])]);
  const { labels, probabilities } = await opened.predict<TagPrediction>(steps);
  expect(labels).toEqual(all[2].labels);
  expect(probabilities).toEqual(all[2].probabilities);
  await expect(opened.predict([])).rejects.toThrow("must be steps of 2 numbers");
  await expect(opened.predict([[1, 2], [3]])).rejects.toThrow("got step 1 of 1");
  await expect(opened.predict([[1, Number.NaN]])).rejects.toThrow("got step 0 of 2");
});

test("equal sequences are all trained on or all validated on", async () => {
  const words = ["a", "b", "c", "d", "e", "f"];
  const sentences = words.flatMap((word) => new Array<string>(5).fill(`${word} X\nz Y\n`));
  const path = file(sentences.join("\n"), "words.conll");
  const notes = { onProgress() {}, onNote() {} };
  const task = await TASKS.tag();
  const request = {
    source: sourceOf([path]),
    validation: undefined,
    settings: task.complete({ valSplit: 0.4 }),
    isChosen: () => false,
    threads: undefined,
    verify() {},
    asset: () => sourceOf([path]),
  };
  const { train: trained, validation, facts } = (await task.load(request, notes)).data as TagData;
  expect(validation.items.lengths).toHaveLength(10);
  expect(trained.items.lengths).toHaveLength(20);
  // Words of the other part are unknown.
  const { vocabulary } = facts.input as Extract<typeof facts.input, { kind: "words" }>;
  const firsts = Array.from(validation.items.starts, (start) => validation.items.values[start]);
  expect(firsts.every((id) => id === vocabulary.length)).toBe(true);
});
