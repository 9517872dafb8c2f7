/** `translate`: everything of the task kit on pairs of unequal length. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/io/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { type PredictOptions, predictRun } from "../../src/runs/predict-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { TranslatePrediction } from "../../src/tasks/predictions.ts";
import type { Prediction } from "../../src/tasks/task.ts";
import type { TranslateSettings } from "../../src/tasks/translate/defaults.ts";
import type { EndEvent, EvalEvent, StepEvent } from "../../src/train/events.ts";

const root = mkdtempSync(join(tmpdir(), "translate-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = (name = "run") => join(root, `${made++}-${name}`);
function file(content: string, name: string): string {
  const path = fresh(name);
  writeFileSync(path, content);
  return path;
}

type Options = TrainOptions<TranslateSettings>;

/** Every second string of 1 to 4 of four letters, and the same from their end. */
const LETTERS = Array.from({ length: 4 + 16 + 64 + 256 }, (_, index) => {
  let [length, place] = [1, index];
  for (; place >= 4 ** length; length++) place -= 4 ** length;
  return Array.from({ length }, (_, at) => "abcd"[Math.floor(place / 4 ** at) % 4]).join("");
}).filter((_, index) => index % 2 === 0);
const reversed = (text: string) => [...text].reverse().join("");
const PAIRS = LETTERS.map((text) => [text, reversed(text)] as const);
const tsv = (pairs: readonly (readonly string[])[] = PAIRS) =>
  file(pairs.map((pair) => pair.join("\t")).join("\n"), "pairs.tsv");
const data = tsv();

/** Sentences of words, which are translated one for one; the order of the last two is turned. */
const WORDS: Readonly<Record<string, string>> = {
  the: "le",
  a: "un",
  dog: "chien",
  cat: "chat",
  red: "rouge",
  old: "vieux",
};
const SENTENCES = ["the", "a"].flatMap((article) =>
  ["dog", "cat"].flatMap((noun) =>
    ["red", "old"].map((adjective) => [
      `${article} ${adjective} ${noun} sees ${article} ${noun}.`,
      `${WORDS[article]} ${WORDS[noun]} ${WORDS[adjective]} voit ${WORDS[article]} ${WORDS[noun]}.`,
    ]),
  ),
);
const lines = (side: 0 | 1, pairs = SENTENCES) => `${pairs.map((pair) => pair[side]).join("\n")}\n`;

const SMALL: Partial<Options> = {
  hidden: 6,
  embedding: 4,
  batchSize: 5,
  threads: 1,
  valSplit: 0.2,
  minCount: 1,
};
const LEARNED: Partial<Options> = { hidden: 24, embedding: 12, steps: 120, lr: 2e-2, batchSize: 32 };
const hooks = { onProgress() {}, onNote() {} };

interface Trained extends EndEvent {
  readonly steps: readonly StepEvent[];
  readonly evals: readonly EvalEvent[];
  readonly folder: string;
  readonly notes: readonly string[];
}

async function train(options: Partial<Options>): Promise<Trained> {
  const notes: string[] = [];
  const all = {
    data: options.resume ? [] : [data],
    ...(options.resume ? {} : { ...SMALL, out: fresh() }),
    ...options,
  } as Options;
  const onNote = (text: string) => notes.push(text);
  const signal = new AbortController().signal;
  const training = await trainTask({ task: await TASKS.translate() }, all, {
    signal,
    onProgress() {},
    onNote,
  });
  const [steps, evals]: [StepEvent[], EvalEvent[]] = [[], []];
  let end: EndEvent | undefined;
  for await (const event of training.events) {
    if (event.event === "step") steps.push(event);
    if (event.event === "eval") evals.push(event);
    if (event.event === "end") end = event;
  }
  return { ...end!, steps, evals, folder: training.runDirectory, notes };
}

async function predict(run: string, inputs: string[], options: PredictOptions = {}) {
  const notes: string[] = [];
  const onNote = (text: string) => notes.push(text);
  const { predictions, draw } = await predictRun(run, inputs, options, { ...hooks, onNote });
  const all: Prediction[] = [];
  for await (const prediction of predictions) all.push(prediction);
  return {
    all,
    notes,
    draw: () => draw!(all),
    json: all.map(({ json }) => json as unknown as TranslatePrediction),
    text: all.map(({ text }) => text),
  };
}

const isSvg = (svg: string | undefined) => expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);

describe("pairs of strings", () => {
  test.each([
    { attention: "additive" },
    { attention: "dot", cell: "lstm", layers: 2 },
    { attention: "none", reverseSource: true },
  ] as const)("are learned, measured beside baselines, and drawn: %j", async (options) => {
    const { folder, evals } = await train({ ...LEARNED, ...options });
    expect(evals.at(-1)!.metrics.exactMatch).toBeGreaterThan(0.5);
    const { metrics, items, baselines, picture, details, unit } = await evaluateRun(folder, [], {}, hooks);
    expect(Object.keys(metrics)).toEqual(["exactMatch", "tokenAccuracy", "perplexity", "decoded"]);
    expect(unit).toBe("symbol");
    expect(baselines.map(({ name }) => name)).toEqual([
      "the copied source",
      "one target for all",
      "a trigram of the targets",
    ]);
    expect(metrics.exactMatch).toBeGreaterThan(baselines[0].metrics!.exactMatch);
    expect(items).toBeGreaterThan(metrics.decoded);
    isSvg(picture);
    expect(details).toMatchObject({ unended: 0, tokens: { source: expect.stringContaining("character") } });
    const { json, all } = await predict(folder, [], { text: "abc", beam: 3, best: 2 });
    expect(json[0]).toMatchObject({ input: "abc", translation: "cba", ended: true });
    expect(json[0].hypotheses).toHaveLength(2);
    expect(json[0].score!).toBeGreaterThanOrEqual(json[0].logProbability!);
    expect(all[0].drawing!({ columns: 80, unicode: true }).join("\n")).toContain("best");
    if (options.attention === "none") expect(json[0].alignment).toBeUndefined();
    else {
      expect(json[0].alignment).toMatchObject({ source: ["a", "b", "c"], target: ["c", "b", "a", "</s>"] });
      for (const row of json[0].alignment!.weights) {
        expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 2);
      }
    }
  });

  test("all files that are read give the same model", async () => {
    const side = (at: 0 | 1) => file(`${PAIRS.map((pair) => pair[at]).join("\n")}\n`, `side${at}`);
    const json = file(
      PAIRS.map(([source, target]) => JSON.stringify({ source, target })).join("\n"),
      "p.jsonl",
    );
    const csv = file(
      ["to,from", ...PAIRS.map(([source, target]) => `${target},${source}`)].join("\n"),
      "p.csv",
    );
    const hashes = [];
    for (const options of [
      {},
      { data: [side(0), side(1)] },
      { data: [json] },
      { data: [csv], sourceColumn: "from", targetColumn: "to" },
    ]) {
      hashes.push((await train({ steps: 2, ...options })).parametersSha256);
    }
    expect(new Set(hashes).size).toBe(1);
  });

  test("pairs of one source are all trained on or all validated on", async () => {
    const task = await TASKS.translate();
    const twice = [
      ...PAIRS,
      ...PAIRS.map(([source, target]) => [`${source.toUpperCase()} `, target] as const),
    ];
    const { sourceOf } = await import("../../src/sources/paths.ts");
    const loaded = await task.load(
      {
        source: sourceOf([tsv(twice)]),
        validation: undefined,
        settings: task.complete({ valSplit: 0.3, minCount: 1, lowercase: true } as never),
        isChosen: () => false,
        threads: 1,
        verify() {},
        asset: () => undefined as never,
      },
      hooks,
    );
    const keys = (part: "train" | "validation") => new Set(task.probe!.keys!(loaded.data, part));
    const held = keys("validation");
    expect(held.size).toBeGreaterThan(3);
    expect([...keys("train")].filter((key) => held.has(key))).toEqual([]);
  });
});

describe("sentences", () => {
  const pairs = Array.from({ length: 6 }, () => SENTENCES).flat();
  const files = (list: readonly string[][]) => [
    file(lines(0, list as never), "x.en"),
    file(lines(1, list as never), "x.fr"),
  ];

  test("are read as words and judged by BLEU; two files validate, and a run goes on with them", async () => {
    const val = files(SENTENCES);
    const options = {
      data: files(pairs),
      val,
      hidden: 24,
      embedding: 16,
      steps: 80,
      lr: 2e-2,
      valSplit: undefined,
    };
    const { folder, evals, notes } = await train(options);
    expect(notes.join("\n")).toContain("--tokens is word instead of char");
    expect(notes.join("\n")).toMatch(/--dropout is 0.3 instead of 0/);
    const { metrics } = evals.at(-1)!;
    expect(Object.keys(metrics)).toEqual([
      "bleu",
      "chrf",
      "exactMatch",
      "tokenAccuracy",
      "perplexity",
      "decoded",
    ]);
    expect(metrics.bleu).toBeGreaterThan(80);
    expect(evals.at(-1)!.choose).toBeCloseTo(1 - metrics.bleu / 100, 9);
    const run = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    expect(run.data.validation).toMatchObject({ path: val[0], others: [val[1]] });
    const resumed = await train({ resume: true, out: folder, steps: 82 });
    expect(resumed.steps).toHaveLength(2);
    const { metrics: greedy, details } = await evaluateRun(folder, val, { beam: 1 }, hooks);
    expect(greedy.decoded).toBe(SENTENCES.length);
    const { scores } = details as { scores: Record<string, { value: number; signature: string }> };
    expect(scores.bleu.value).toBe(greedy.bleu);
    expect(scores.bleu.signature).toContain("case:mixed|eff:no|tok:13a");
    expect(scores.bleuLowercase.signature).toContain("case:lc");
    expect(scores.chrf.value).toBe(greedy.chrf);
    const { text } = await predict(folder, [], { text: "the red dog sees the dog." });
    expect(text).toEqual(["the red dog sees the dog.\tle chien rouge voit le chien."]);
  });

  test("unknown words are copied where attention says so", async () => {
    const names = ["Ada", "Bob", "Cleo", "Dora", "Emil", "Fritz"];
    const named = [...names, ...names].flatMap((name, at) => [
      [`the dog sees ${name} ${at} now`, `le chien voit ${name} ${at} ici`],
      [`a cat sees ${name} ${at} now`, `un chat voit ${name} ${at} ici`],
    ]);
    const options = {
      data: files(named),
      hidden: 24,
      embedding: 16,
      steps: 160,
      lr: 2e-2,
      minCount: 5,
      dropout: 0,
    };
    const { folder } = await train(options);
    const input = { text: "the dog sees Zoe 77 now" };
    const plain = await predict(folder, [], input);
    expect(plain.json[0].translation).not.toContain("<unk>");
    expect(plain.json[0].unknown).toEqual(["Zoe", "77"]);
    const copied = await predict(folder, [], { ...input, copyUnknown: true });
    expect(copied.json[0].translation).toMatch(/^le chien voit (?:(?:the|dog|sees|Zoe|77|now) ){2}ici$/);
    expect(copied.json[0].translation).not.toBe(plain.json[0].translation);
    const fixed = await train({ ...options, attention: "none", steps: 1 });
    await expect(predict(fixed.folder, [], { ...input, copyUnknown: true })).rejects.toThrow(
      "--copy-unknown needs a model with attention",
    );
  });

  test("byte pairs for both sides have one vocabulary, and know everything", async () => {
    const options = {
      data: files(pairs),
      tokens: "bpe",
      vocabSize: 280,
      sharedVocabulary: true,
      minCount: undefined,
    };
    const { folder } = await train({ ...options, tieWeights: true, steps: 2 } as Partial<Options>);
    const { model, data } = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    expect(model).toMatchObject({ tieEmbeddings: true, tieWeights: true, sourceVocabulary: 280 });
    expect(data.targetTokens).toBeNull();
    const { json } = await predict(folder, [], { text: "Ωmega ☃", maxLength: 5 });
    expect(json[0].unknown).toBeUndefined();
  });
});

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

describe("the built-in sets", () => {
  test("dates are learned within seconds, whatever their style", async () => {
    const { evals, notes } = await train({
      data: [],
      hidden: 48,
      embedding: 24,
      batchSize: 32,
      steps: 250,
      lr: 1e-2,
    });
    expect(notes).toEqual([]);
    expect(evals.at(-1)!.metrics.exactMatch).toBeGreaterThan(0.8);
  });

  test("letters are reversed", async () => {
    const { steps } = await train({ data: [], set: "reverse", steps: 3 });
    expect(steps[0].loss).toBeCloseTo(Math.log(29), 0);
  });
});

describe("what is wrong is said", () => {
  const refused = (options: Partial<Options>, message: string | RegExp) =>
    expect(train({ steps: 1, ...options })).rejects.toThrow(message);

  test("in the data", async () => {
    const [one, two] = [file("a\nb\n", "a.txt"), file("a\n", "b.txt")];
    await refused({ data: [one, two] }, /has 2 lines and .* has 1/);
    await refused({ data: [tsv([["a", "b"], ["c"]])] }, /:2.*1 of at least 2 columns/);
    await refused({ data: [tsv([["a", "b"]])] }, "leaves none to validate on");
    await refused(
      { data: [tsv(PAIRS.map(([a, b]) => [a.repeat(9), b]))], maxLength: 3 },
      /pairs have more than 3/,
    );
    await refused({ data: [file("a\t \n \tb\n", "e.tsv")] }, "there is no pair");
    await refused({ data: [data], set: "dates" }, "--set names built-in data, and DATA is given");
    await refused({ data: [data], val: [one, two], valSplit: undefined }, /has 2 lines and .* has 1/);
    const long = await train({
      data: [tsv([...PAIRS, ["a".repeat(99), "b"]])],
      maxLength: 9,
      valSplit: 0.2,
      steps: 1,
    });
    expect(long.notes).toContainEqual(expect.stringContaining("1 pair has more than 9 symbols"));
  });

  test("in the options", async () => {
    await refused(
      { tokens: "bpe", vocabSize: 100, minCount: undefined },
      "--vocab-size must be at least 259",
    );
    await refused({ tokens: "bpe", minCount: 3 }, "--min-count is for words and characters");
    await refused({ tieWeights: true, readout: false }, "--tie-weights needs the layer of --readout");
    await refused({ attention: "self" as never }, "--attention must be one of none, additive, dot");
    await refused({ teacherForcing: 2 }, "--teacher-forcing must be from 0 to 1");
    await refused({ val: [] as never, valSplit: undefined }, "--val must be");
  });
});
