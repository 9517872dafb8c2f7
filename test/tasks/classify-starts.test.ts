/** Classifiers that start from vectors of words and from a language model, and what `openRun` says of files and numbers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint } from "../../src/io/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { openRun } from "../../src/runs/index.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { ClassifySettings } from "../../src/tasks/classify/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { EndEvent } from "../../src/train/events.ts";
import { cellFile } from "./cells.ts";

const root = mkdtempSync(join(tmpdir(), "classify-starts-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (name: string) => join(root, name);
const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

async function train(
  task: "text" | "classify",
  options: Record<string, unknown>,
): Promise<EndEvent & { folder: string }> {
  const all = { hidden: 6, batchSize: 4, threads: 1, steps: 3, ...options };
  const training = await trainTask({ task: await TASKS[task]() }, all as never, hooks);
  let end: EndEvent | undefined;
  for await (const event of training.events) if (event.event === "end") end = event;
  return { ...end!, folder: training.runDirectory };
}

async function tensorsOf(folder: string, step: number) {
  const path = join(folder, "checkpoints", `step-${step}.safetensors`);
  const { tensors } = await decodeCheckpoint(readFileSync(path), path);
  return new Map([...tensors].map(([name, tensor]) => [name, tensor.data() as Float32Array]));
}

const WORDS = ["the", "film", "was", "good", "bad"];
const lines = Array.from(
  { length: 40 },
  (_, i) => `${WORDS[i % 3]} film ${i} was ${i % 2 === 0 ? "good" : "bad"}`,
);
const table = at("reviews.csv");

beforeAll(() => {
  writeFileSync(table, `text,label\n${lines.map((line, i) => `${line},${i % 2}`).join("\n")}\n`);
  writeFileSync(at("lm.txt"), `${lines.join("\n")}\n`.repeat(4));
});

const words = { data: [table], tokens: "word" } satisfies Partial<ClassifySettings> & { data: string[] };

describe("vectors of words", () => {
  const vectors = () => {
    const path = at("vectors.txt");
    writeFileSync(path, "good 1 2 3\nbad -1 -2 -3\nelephant 9 9 9\n");
    return path;
  };

  test("are what words start from, and stay so where they are frozen, also when the run goes on", async () => {
    const options = { data: [table], embeddings: vectors(), frozenEmbedding: true, out: at("frozen") };
    const { folder } = await train("classify", options);
    const vocabulary = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")).data.vocabulary as string[];
    const rowOf = async (step: number, word: string) =>
      [...(await tensorsOf(folder, step)).get("embedding.weight")!].slice(
        3 * vocabulary.indexOf(word),
        3 * vocabulary.indexOf(word) + 3,
      );
    expect(await rowOf(3, "good")).toEqual([1, 2, 3]);
    expect(await rowOf(3, "bad")).toEqual([-1, -2, -3]);
    const whole = await train("classify", { ...options, out: at("frozen-whole"), steps: 5 });
    rmSync(options.embeddings);
    const resumed = await train("classify", {
      data: [],
      resume: true,
      out: folder,
      steps: 5,
      hidden: undefined,
      batchSize: undefined,
    });
    expect(resumed.parametersSha256).toBe(whole.parametersSha256);
    expect(await rowOf(5, "good")).toEqual([1, 2, 3]);
    expect((await evaluateRun(folder, [], {}, hooks)).items).toBe(8);
  });

  test("of another width, of no word, and beside --from are refused", async () => {
    const embeddings = vectors();
    const refused = (options: object) => train("classify", { data: [table], embeddings, ...options });
    await expect(refused({ embedding: 5 })).rejects.toThrow(
      "--embedding 5 is not the 3 numbers of the vectors",
    );
    await expect(refused({ tokens: "char" })).rejects.toThrow(
      "--embeddings are vectors of words, and --tokens is char",
    );
    await expect(refused({ from: "x" })).rejects.toThrow("--embeddings and --from exclude each other");
    writeFileSync(embeddings, "zebra 1 2\n");
    await expect(refused({})).rejects.toThrow("has a vector for none of the");
  });
});

describe("a language model", () => {
  test.each([
    { kind: "words", options: { tokens: "word", vocabSize: 50, embedding: 5 } },
    { kind: "characters, one-hot", options: { tokens: "char" } },
  ])("of $kind gives its symbols and its layers", async ({ options }) => {
    const name = `lm-${options.tokens}`;
    const { folder } = await train("text", { data: [at("lm.txt")], seqLength: 8, out: at(name), ...options });
    const from = await tensorsOf(folder, 3);
    const run = await train("classify", {
      data: [table],
      from: folder,
      out: at(`${name}-start`),
      lr: 1e-30,
      hidden: undefined,
    });
    const own = await tensorsOf(run.folder, 3);
    expect([...own.get("rnn.weight_hh_l0")!]).toEqual([...from.get("rnn.weight_hh_l0")!]);
    const { data } = JSON.parse(readFileSync(join(run.folder, "run.json"), "utf8"));
    expect(data.labels).toEqual(["0", "1"]);
    const before = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")).data.vocabulary;
    if (options.tokens === "word") {
      const [at5, own5] = [before.words.indexOf("good") + 2, data.vocabulary.indexOf("good")];
      const row = (values: Float32Array, index: number) => [...values.subarray(5 * index, 5 * index + 5)];
      expect(row(own.get("embedding.weight")!, own5)).toEqual(row(from.get("embedding.weight")!, at5));
      // The unknown word, which is the last here and the second there.
      expect(row(own.get("embedding.weight")!, data.vocabulary.length)).toEqual(
        row(from.get("embedding.weight")!, 1),
      );
    } else {
      expect(data.vocabulary).toEqual(before);
      const [columns, wide] = [before.length, before.length + 1];
      const [old, now] = [from.get("rnn.weight_ih_l0")!, own.get("rnn.weight_ih_l0")!];
      expect([...now.subarray(wide, wide + columns)]).toEqual([...old.subarray(columns, 2 * columns)]);
    }
  });

  describe("gives what fits the chosen settings", () => {
    const startFrom = async (from: string, options: Record<string, unknown>) => {
      const notes: string[] = [];
      const all = { data: [table], threads: 1, batchSize: 4, steps: 1, lr: 1e-30, from, ...options };
      const telling = { ...hooks, onNote: (text: string) => notes.push(text) };
      const training = await trainTask({ task: await TASKS.classify() }, all as never, telling);
      for await (const _ of training.events);
      const note = notes.find((text) => text.startsWith("taken from the language model: "));
      const { model } = JSON.parse(readFileSync(join(training.runDirectory, "run.json"), "utf8"));
      return { model, note, own: await tensorsOf(training.runDirectory, 1) };
    };
    let folder = "";
    let from: Map<string, Float32Array>;
    beforeAll(async () => {
      const options = { tokens: "word", vocabSize: 50, embedding: 5, layers: 2, seqLength: 8 };
      ({ folder } = await train("text", { data: [at("lm.txt")], ...options, out: at("lm-deep") }));
      from = await tensorsOf(folder, 3);
    });
    const sharedLayers = (own: Map<string, Float32Array>) =>
      [...own.keys()].filter((name) => name.startsWith("rnn.") && `${own.get(name)}` === `${from.get(name)}`);
    const ofLayers = (...layers: number[]) =>
      layers.flatMap((l) =>
        ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => `rnn.${name}_l${l}`),
      );
    const vectors = (own: Map<string, Float32Array>, model: { vocabulary: number }) => {
      const good = [...own.get("embedding.weight")!];
      expect(good).toHaveLength(5 * model.vocabulary);
      // Behind the end of a line and the unknown word; the unknown word is the last of the classifier.
      expect(good.slice(0, -5)).toEqual([...from.get("embedding.weight")!.subarray(10)]);
    };

    test.each([
      { options: {}, layers: 2, taken: [0, 1], words: "and all 2 LSTM layers" },
      {
        options: { cell: "lstm", layers: 1 },
        layers: 1,
        taken: [0],
        words: "and the first 1 of 2 LSTM layers",
      },
      { options: { layers: 3 }, layers: 3, taken: [0, 1], words: "and all 2 LSTM layers" },
      {
        options: { bidirectional: true },
        layers: 2,
        taken: [0],
        words: "and the first LSTM layer, for the forward direction",
      },
      { options: { hidden: 7 }, layers: 1, taken: [], words: "with their vectors of 5" },
      {
        options: { cell: "gru", bidirectional: true },
        layers: 1,
        taken: [],
        words: "with their vectors of 5",
      },
      { options: { cell: "none" }, layers: 1, taken: [], words: "with their vectors of 5" },
      { options: { cell: "conv", hidden: 6 }, layers: 1, taken: [], words: "with their vectors of 5" },
    ])("$options: layers $taken", async ({ options, layers, taken, words }) => {
      const { model, note, own } = await startFrom(folder, {
        ...options,
        out: at(`deep-${JSON.stringify(options).replaceAll(/\W/g, "")}`),
      });
      expect(model).toMatchObject({ cell: "lstm", ...options, layers, embedding: 5 });
      vectors(own, model);
      expect(sharedLayers(own).sort()).toEqual(ofLayers(...taken).sort());
      const known = `${model.vocabulary - 1} words with their vectors of 5`;
      const part = taken.length === 0 ? "" : ` ${words}`;
      expect(note).toBe(`taken from the language model: ${known}${part}; everything else starts at random`);
    });

    test("its cell, where only the number of units is another", async () => {
      const options = { data: [at("lm.txt")], tokens: "word", embedding: 5, cell: "gru", seqLength: 8 };
      const { folder: gated } = await train("text", { ...options, out: at("lm-gru") });
      const { model, note } = await startFrom(gated, { hidden: 7, out: at("gru-wide") });
      expect(model).toMatchObject({ cell: "gru", hidden: 7, layers: 1, embedding: 5 });
      expect(note).not.toContain("layer");
    });

    test("words of the data beside its own start as its unknown word", async () => {
      const options = { tokens: "word", vocabSize: 4, embedding: 5, seqLength: 8 };
      const { folder: narrow } = await train("text", {
        data: [at("lm.txt")],
        ...options,
        out: at("lm-narrow"),
      });
      const old = (await tensorsOf(narrow, 3)).get("embedding.weight")!;
      const known = JSON.parse(readFileSync(join(narrow, "run.json"), "utf8")).data.vocabulary.words;
      const startWith = async (vocabSize: number | undefined, out: string) => {
        const { own, model } = await startFrom(narrow, { vocabSize, cell: "none", out: at(out) });
        const { data } = JSON.parse(readFileSync(join(at(out), "run.json"), "utf8"));
        expect(model.vocabulary).toBe(data.vocabulary.length + 1);
        return { rows: own.get("embedding.weight")!, vocabulary: data.vocabulary as string[] };
      };
      const { rows, vocabulary } = await startWith(undefined, "wide");
      expect(vocabulary.slice(0, known.length)).toEqual(known);
      expect(new Set(vocabulary).size).toBe(vocabulary.length);
      for (const word of WORDS) expect(vocabulary).toContain(word);
      expect(vocabulary.length).toBeGreaterThan(known.length);
      for (let id = 0; id <= vocabulary.length; id++) {
        const from = id < known.length ? id + 2 : 1;
        expect([...rows.subarray(5 * id, 5 * id + 5)]).toEqual([...old.subarray(5 * from, 5 * from + 5)]);
      }
      expect((await startWith(known.length + 1, "one-more")).vocabulary).toEqual(
        vocabulary.slice(0, known.length + 1),
      );
      expect((await startWith(1, "no-more")).vocabulary).toEqual(known);
      expect((await evaluateRun(at("wide"), [table], {}, hooks)).items).toBe(40);
    });

    test("of characters one-hot, the layers alone; without them nothing is left to take", async () => {
      const options = { data: [at("lm.txt")], seqLength: 8, tokens: "char" };
      const { folder: characters } = await train("text", { ...options, out: at("lm-hot") });
      const old = await tensorsOf(characters, 3);
      const { own, model, note } = await startFrom(characters, { bidirectional: true, out: at("hot-both") });
      expect(model).toMatchObject({ bidirectional: true, hidden: 6, embedding: 0 });
      expect([...own.get("rnn.weight_hh_l0")!]).toEqual([...old.get("rnn.weight_hh_l0")!]);
      expect([...own.get("rnn.weight_hh_l0_reverse")!]).not.toEqual([...old.get("rnn.weight_hh_l0")!]);
      expect(note).toMatch(/: \d+ characters and the first LSTM layer, for the forward direction;/);
      const refused = (given: object) =>
        expect(startFrom(characters, { ...given, out: at("hot-refused") })).rejects;
      await refused({ cell: "none" }).toThrow("do not fit --cell none (they have lstm)");
      await refused({ hidden: 7 }).toThrow("do not fit --hidden 7 (they have 6)");
    });

    test("of a cell of one's own, its layers, or the vectors alone under another cell", async () => {
      const cell = cellFile();
      const options = { data: [at("lm.txt")], seqLength: 8, tokens: "word", cell };
      const { folder: echoes } = await train("text", { ...options, out: at("lm-echo") });
      const old = await tensorsOf(echoes, 3);
      const same = await startFrom(echoes, { out: at("echo-same") });
      expect(same.model).toMatchObject({ cell: "own", hidden: 6, embedding: 6 });
      for (const [name, values] of same.own) {
        if (name.startsWith("rnn.")) expect([...values]).toEqual([...old.get(name)!]);
      }
      expect(same.note).toContain(" and the recurrent layer;");
      const other = await startFrom(echoes, { cell: "gru", hidden: 4, out: at("echo-gru") });
      expect(other.model).toMatchObject({ cell: "gru", hidden: 4, embedding: 6 });
      const both = await startFrom(echoes, { cell: "gru", bidirectional: true, out: at("echo-gru-both") });
      expect(both.model).toMatchObject({ cell: "gru", bidirectional: true, embedding: 6 });
      const wide = await startFrom(echoes, { hidden: 8, out: at("echo-wide") });
      expect(wide.model).toMatchObject({ cell: "own", hidden: 8, embedding: 6 });
      await expect(startFrom(echoes, { bidirectional: true, out: at("echo-both") })).rejects.toThrow(
        "do not fit --bidirectional true (they have false)",
      );
    });
  });

  test("of byte pairs, and one whose vectors or symbols are others, is refused", async () => {
    const options = { data: [at("lm.txt")], seqLength: 8, tokens: "bpe", vocabSize: 260, out: at("lm-bpe") };
    const { folder } = await train("text", options);
    await expect(train("classify", { ...words, from: folder, tokens: undefined })).rejects.toThrow(
      "a language model of byte pairs",
    );
    const vectors = { tokens: "word", embedding: 5, out: at("lm-own") };
    const { folder: own } = await train("text", { data: [at("lm.txt")], seqLength: 8, ...vectors });
    const refused = (given: object) =>
      expect(train("classify", { data: [table], from: own, ...given })).rejects;
    await refused({ embedding: 7 }).toThrow("do not fit --embedding 7 (they have 5)");
    await refused({ tokens: "char", cell: "none" }).toThrow("do not fit --tokens char (they have word)");
  });
});

test("1 and 3 replicas agree on hidden words and weighted labels, to 1e-9 in float64", async () => {
  const common = {
    ...words,
    backend: "reference",
    wordDropout: 0.3,
    classWeights: "balanced",
    dropout: 0,
    batchSize: 7,
  };
  const one = await train("classify", { ...common, out: at("one"), steps: 6 });
  const three = await train("classify", { ...common, out: at("three"), steps: 6, threads: 3 });
  const [a, b] = [await tensorsOf(one.folder, 6), await tensorsOf(three.folder, 6)];
  for (const [name, values] of a) {
    for (const [index, value] of values.entries())
      expect(Math.abs(value - b.get(name)![index])).toBeLessThan(1e-9);
  }
});

test("an evaluation has the confusion matrix and the scores of each label", async () => {
  const { folder } = await train("classify", { data: [table], out: at("details") });
  const { details, metrics, sums, task, data, picture } = await evaluateRun(folder, [table], {}, hooks);
  const { labels, confusion } = details as {
    labels: { label: string; recall: number; support: number }[];
    confusion: number[][];
  };
  expect(labels.map(({ label, support }) => [label, support])).toEqual([
    ["0", 20],
    ["1", 20],
  ]);
  expect((confusion[0][0] + confusion[1][1]) / 40).toBeCloseTo(metrics.accuracy, 12);
  expect(labels[0].recall).toBeCloseTo(confusion[0][0] / 20, 12);
  const lines = task.view.drawing!(sums, data, { columns: 80, unicode: true });
  expect(lines.join("\n")).toMatch(/label +precision +recall +F1 +items\n0 /);
  expect(picture).toContain("precision");
});

test("a run of before there were words and numbers goes on as it was", async () => {
  const { folder } = await train("classify", { data: [table], tokens: "char", out: at("old") });
  const path = join(folder, "run.json");
  const run = JSON.parse(readFileSync(path, "utf8"));
  const {
    cell,
    hidden,
    layers,
    bidirectional,
    dropout,
    embedding,
    pooling,
    variational,
    vocabulary,
    classes,
  } = run.model;
  run.model = {
    cell,
    hidden,
    layers,
    bidirectional,
    dropout,
    embedding,
    pooling,
    variational,
    vocabulary,
    classes,
  };
  delete run.data.input;
  for (const name of ["set", "tokens", "vocabSize", "maxLength", "embeddings", "widths", "wordDropout"])
    delete run.settings[name];
  for (const name of [
    "classWeights",
    "labelSmoothing",
    "textColumn",
    "labelColumn",
    "frozenEmbedding",
    "shortFirst",
  ])
    delete run.settings[name];
  writeFileSync(path, JSON.stringify(run));
  const resumed = await train("classify", {
    data: [],
    resume: true,
    out: folder,
    steps: 5,
    hidden: undefined,
    batchSize: undefined,
  });
  const whole = await train("classify", { data: [table], tokens: "char", out: at("old-whole"), steps: 5 });
  expect(resumed.parametersSha256).toBe(whole.parametersSha256);
});

test("openRun predicts texts, numbers and files, and refuses the wrong kind", async () => {
  const numbers = at("numbers.csv");
  writeFileSync(
    numbers,
    `x,y,label\n${lines.map((_, i) => `${i % 2},${i},${i % 2 === 0 ? "even" : "odd"}`).join("\n")}\n`,
  );
  await train("classify", { data: [numbers], cell: "none", steps: 60, lr: 0.05, out: at("numbers") });
  const run = await openRun(at("numbers"));
  expect((await run.predict([[1, 3]])).label).toBe("odd");
  const bytes = new TextEncoder().encode("x,y\n0,4\n1,5\n");
  const predictions = await run.predictFile({ name: "new.csv", bytes });
  expect(predictions.map(({ input, label }) => [input, label])).toEqual([
    ["new.csv:2", "even"],
    ["new.csv:3", "odd"],
  ]);
  await expect(run.predict([[1, Number.NaN]])).rejects.toThrow("must be 2 finite numbers");
  await expect(run.predict(7 as never)).rejects.toThrow(
    "openedRun.predict: input must be a text, or a list of steps",
  );
  await expect(run.predictFile("new.csv" as never)).rejects.toThrow("file must be a file { name, bytes }");
  await train("classify", { ...words, out: at("texts") });
  const texts = await openRun(at("texts"));
  await expect(texts.predict([[1]])).rejects.toThrow("the model reads texts, and no numbers");
  expect(
    await texts.predictFile({ name: "new.txt", bytes: new TextEncoder().encode("good\nbad film\n") }),
  ).toHaveLength(2);
  await expect(evaluateRun(at("texts"), [numbers], {}, hooks)).rejects.toThrow("the model reads texts, but");
});
