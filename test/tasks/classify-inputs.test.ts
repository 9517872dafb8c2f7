/** `classify` on each kind of data that it reads, and on what is wrong in it. */
import { describe, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { Rng } from "../../src/core/rng.ts";
import { type MemoryFile, memorySource } from "../../src/data/memory-source.ts";
import { writeNpy } from "../../src/io/npy.ts";
import { writeNpz } from "../../src/io/npz.ts";
import { encodeWav } from "../../src/io/wav.ts";
import type { ClassifyData } from "../../src/tasks/classify/data.ts";
import type { ClassifySettings } from "../../src/tasks/classify/defaults.ts";
import { type ClassifyFacts, FIRST_INPUT } from "../../src/tasks/classify/facts.ts";
import { type Prediction, TASKS, type Task, trainInMemory } from "../../src/tasks/index.ts";

const task = await TASKS.classify();
const backend = createReferenceBackend();
const file = (name: string, content: string | Uint8Array): MemoryFile => ({ name, content });

type Loaded = { data: ClassifyData; settings: ClassifySettings; notes: string[] };

/** What is read, without a training. */
async function load(files: MemoryFile[], settings: Partial<ClassifySettings> = {}): Promise<Loaded> {
  const notes: string[] = [];
  const request = {
    source: memorySource(files),
    validation: undefined,
    settings: task.complete(settings as never),
    isChosen: (name: string) => name in settings,
    threads: undefined,
    verify() {},
    asset: () => memorySource(files),
  };
  const loaded = await task.load(request, { onProgress() {}, onNote: (text) => notes.push(text) });
  return { ...(loaded as unknown as Omit<Loaded, "notes">), notes };
}

interface Trained {
  readonly model: object;
  readonly facts: ClassifyFacts;
  readonly accuracy: number;
  predict(text: string, frames?: number[][]): Promise<Prediction>;
  predictFile(one: MemoryFile): Promise<Prediction[]>;
}

const SMALL = { hidden: 8, batchSize: 8, lr: 3e-2, dropout: 0, valSplit: 0.25 };

async function train(
  files: MemoryFile[],
  settings: Partial<ClassifySettings>,
  epochs: number,
): Promise<Trained> {
  const training = await trainInMemory({
    task,
    settings: { ...SMALL, ...settings },
    source: memorySource(files),
    limits: { epochs },
  });
  let accuracy = 0;
  for await (const event of training.events) if (event.event === "eval") accuracy = event.metrics!.accuracy;
  const { model, backend: own } = training.learner;
  const facts = training.facts as ClassifyFacts;
  const trained = { model, config: training.config, facts, backend: own, settings: undefined };
  const all = async (predictions: AsyncIterable<Prediction>) => {
    const list: Prediction[] = [];
    for await (const one of predictions) list.push(one);
    return list;
  };
  return {
    model,
    facts,
    accuracy,
    async predict(text, frames) {
      const inputs = async function* () {
        yield { name: "text", text, frames };
      };
      return (await all(task.predict!(trained as never, inputs())))[0];
    },
    predictFile: async (one) => {
      const [data] = await memorySource([one]).listFiles({ onProgress() {}, onNote() {} });
      return all(task.predictFile!(trained as never, data, { onProgress() {}, onNote() {} }));
    },
  };
}

const rng = new Rng(5);
const FILLERS = ["the", "film", "was", "a", "story"];
const SENTENCES = Array.from({ length: 48 }, (_, i) => {
  const words = Array.from({ length: 3 }, () => FILLERS[rng.integer(5)]);
  words.splice(rng.integer(4), 0, i % 2 === 0 ? "good" : "bad");
  return { text: words.join(" "), label: i % 2 === 0 ? "positive" : "negative" };
});
const CSV = `text,label\n${SENTENCES.map(({ text, label }) => `${text},${label}`).join("\n")}\n`;

describe("texts", () => {
  test("a table of words is learned, and says after each word what it thinks", async () => {
    const trained = await train([file("reviews.csv", CSV)], { tokens: "word", cell: "none" }, 12);
    expect(trained.accuracy).toBeGreaterThan(0.9);
    const { json, pieces } = await trained.predict("A film was GOOD");
    expect(json.label).toBe("positive");
    const scores = json.scores as { token: string; probability: number; predicted: number }[];
    expect(scores.map(({ token }) => token)).toEqual(["a", "film", "was", "good"]);
    const { positive } = json.probabilities as Record<string, number>;
    expect(scores[3].predicted).toBeCloseTo(positive, 5);
    expect(scores[3].predicted).toBeGreaterThan(scores[2].predicted);
    expect(pieces!.map(({ text }) => text).join("")).toBe("a film was good ");
    const picture = task.predictionPicture!([{ text: "", json, pieces }]).svg;
    expect(picture).toContain("how likely positive is after each piece");
    const [first, second] = await trained.predictFile(file("new.csv", 'text\n"bad\nfilm"\ngood\n'));
    expect([first.json.label, second.json.label]).toEqual(["negative", "positive"]);
    const [labelled] = await trained.predictFile(file("new.jsonl", '{"text":"good","label":"positive"}'));
    expect(labelled.json).toMatchObject({ label: "positive", expected: "positive" });
  });

  test("other columns, JSON lines, and a folder of files are the same items", async () => {
    const words = { tokens: "word", valSplit: 0.25 } as const;
    const tsv = `phrase\tkind\n${SENTENCES.map(({ text, label }) => `${text}\t${label}`).join("\n")}`;
    const jsonl = SENTENCES.map((item) => JSON.stringify(item)).join("\n");
    const folder = SENTENCES.map(({ text, label }, i) =>
      file(`${label}/${String(i).padStart(2, "0")}.txt`, text),
    );
    const all = [
      await load([file("a.csv", CSV)], words),
      await load([file("a.tsv", tsv)], { ...words, textColumn: "phrase", labelColumn: "kind" }),
      await load([file("a.jsonl", jsonl)], words),
      await load([...folder, file("README.txt", "about")], words),
    ];
    expect(new Set(all.map(({ data }) => data.fingerprint)).size).toBe(1);
    expect(all[3].data.facts.input).toMatchObject({ items: "file" });
    expect(all[3].notes).toEqual(["'README.txt' stands in no label's folder: files like it were left out"]);
    expect(task.readsWholeFile!(all[3].data.facts, "new.txt")).toBe(true);
    expect(task.readsWholeFile!(all[0].data.facts, "new.txt")).toBe(false);
  });

  test("items without a group are no group", async () => {
    const rows = SENTENCES.map(({ text, label }, at) => `${text} ${at},${label},${at < 4 ? "first" : ""}`);
    const { data } = await load([file("a.csv", `text,label,group\n${rows.join("\n")}\n`)]);
    expect(data.validation.labels.length).toBeGreaterThan(6);
  });

  test("groups of a table stay together", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `text ${i},${i % 2},g${i >> 2}`);
    const { data } = await load([file("a.csv", `text,label,group\n${rows.join("\n")}`)], { valSplit: 0.3 });
    expect(data.validation.labels.length % 4).toBe(0);
    expect(data.validation.labels.length).toBeGreaterThan(0);
  });

  test("rare words are unknown, long texts are cut, empty ones are left out", async () => {
    const rows = ["a b c d once,x", "a b c d e,y", '"  ",x', "a b c d e,x", "a b c d f,y", "b c,x", "c d,y"];
    const { data, notes } = await load([file("a.csv", `text,label\n${rows.join("\n")}`)], {
      tokens: "word",
      maxLength: 4,
      valSplit: 0.3,
    });
    expect(data.facts.vocabulary).not.toContain("once");
    expect(Math.max(...data.train.items.lengths)).toBe(4);
    expect(notes).toContain("1 empty texts were left out");
    expect(notes.join()).toMatch(/items were cut to 4 words \(--max-length\)/);
  });
});

/** Clouds around three points. */
const rows = Array.from({ length: 60 }, (_, i) => {
  const [x, y] = [rng.normal() / 4 + (i % 3), rng.normal() / 4 + (i % 3 === 1 ? 2 : 0)];
  return { x, y: 1000 * y, label: "abc"[i % 3] };
});
const FLOWERS = `x,y,label\n${rows.map(({ x, y, label }) => `${x},${y},${label}`).join("\n")}`;

/** Sequences that rise or fall, of unequal length. */
const SERIES = Array.from({ length: 48 }, (_, i) => {
  const length = 3 + (i % 4);
  const values = Array.from({ length }, (__, t) => (i % 2 === 0 ? t : length - t) + rng.normal() / 4);
  return { values, label: i % 2 === 0 ? "up" : "down" };
});

describe("numbers", () => {
  test("rows of a table are items of one step: one-to-one", async () => {
    const trained = await train([file("flowers.csv", FLOWERS)], { cell: "none" }, 15);
    expect(trained.accuracy).toBeGreaterThan(0.8);
    expect((await trained.predict("1.0, 2000")).json.label).toBe("b");
    expect((await trained.predict("", [[2, 0]])).json.label).toBe("c");
    const predictions = await trained.predictFile(file("new.csv", "y,x\n0,0\n2000,1\n"));
    expect(predictions.map(({ json }) => json.label)).toEqual(["a", "b"]);
    const kinds = FLOWERS.replace("label", "kind");
    const other = await train([file("flowers.csv", kinds)], { cell: "none", labelColumn: "kind" }, 1);
    expect((await other.predictFile(file("flowers.csv", kinds)))[1].json).toMatchObject({ expected: "b" });
    await expect(trained.predict("1.0")).rejects.toThrow("text must be 2 finite numbers, got 1");
    await expect(trained.predict("1.0, tall")).rejects.toThrow("2 finite numbers, and 'tall' is none");
    await expect(trained.predict("1.0,")).rejects.toThrow("2 finite numbers, and '' is none");
    await expect(
      trained.predict("", [
        [2, 0],
        [2, 0],
      ]),
    ).rejects.toThrow("text must have one step, got 2");
    await expect(trained.predictFile(file("new.csv", "y,z\n0,0\n"))).rejects.toThrow(
      "'x' missing, 'z' unknown",
    );
  });

  test("sequences come from a table and from npz alike", async () => {
    const lines = SERIES.flatMap(({ values, label }, i) =>
      values.map((x) => `s${i},${Math.fround(x)},${label}`),
    );
    const table = file("a.csv", `sequence,0,label\n${lines.join("\n")}`);
    const array = (values: Float32Array | Int32Array | string[], shape: number[]) => ({ shape, values });
    const flat = Float32Array.from(SERIES.flatMap(({ values }) => values));
    const npz = writeNpz(
      new Map([
        ["x", array(flat, [flat.length, 1])],
        [
          "lengths",
          array(
            Int32Array.from(SERIES, ({ values }) => values.length),
            [SERIES.length],
          ),
        ],
        [
          "y",
          array(
            SERIES.map(({ label }) => label),
            [SERIES.length],
          ),
        ],
      ]) as never,
    );
    const [one, other] = [await load([table]), await load([file("a.npz", npz)])];
    expect(other.data.fingerprint).toBe(one.data.fingerprint);
    const values = one.data.train.items.values as Float32Array;
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(1e-5);
    const trained = await train([table], { cell: "gru" }, 12);
    expect(trained.accuracy).toBeGreaterThan(0.9);
    expect((await trained.predict("", [[0], [1], [2], [3]])).json.label).toBe("up");
    await expect(trained.predict("1 2")).rejects.toThrow("reads sequences of numbers, and no text");
  });

  test("recordings in folders become frames, of whatever rate they are; npy files are items too", async () => {
    const tone = (hertz: number, rate: number, seconds: number) =>
      encodeWav(
        Float32Array.from(
          { length: rate * seconds },
          (_, t) => 0.5 * Math.sin((2 * Math.PI * hertz * t) / rate),
        ),
        { sampleRate: rate },
      );
    const tones = Array.from({ length: 24 }, (_, i) => {
      const isHigh = i % 2 === 1;
      const rate = i === 5 ? 16000 : 8000;
      return file(
        `${isHigh ? "high" : "low"}/${i}.wav`,
        tone((isHigh ? 1500 : 300) + 5 * i, rate, 0.1 + i / 200),
      );
    });
    const trained = await train(tones, {}, 5);
    expect(trained.accuracy).toBe(1);
    expect(trained.facts.input).toMatchObject({ format: { audio: { rate: 8000, bands: 40 } } });
    const [{ json }] = await trained.predictFile(file("new.wav", tone(1400, 44100, 0.15)));
    expect(json.label).toBe("high");
    // What is piped in has no name that tells what it is.
    const [piped] = await trained.predictFile(file("standard input", tone(1400, 44100, 0.15)));
    expect(piped.json.probabilities).toEqual(json.probabilities);
    const npy = (values: number[]) =>
      writeNpy({ shape: [values.length], values: Float32Array.from(values) } as never);
    const arrays = SERIES.map(({ values, label }, i) => file(`${label}/${i}.npy`, npy(values)));
    const { data } = await load(arrays);
    expect(data.facts).toMatchObject({ labels: ["down", "up"], input: { isOneStep: false } });
  });
});

const problem = (files: MemoryFile[], settings: Partial<ClassifySettings> = {}) =>
  load(files, settings).then(
    () => "accepted",
    (error: Error) => error.message,
  );

describe("what is wrong in the data", () => {
  const text = (content: string | Uint8Array, name = "a.csv") => problem([file(name, content)]);

  test.each([
    ["a missing label column", "text,kind\na,b\n", "no column 'label'; the columns are text, kind"],
    [
      "words without a column text",
      "phrase,label\na,b\n",
      "name the column of the texts: --text-column phrase",
    ],
    ["a missing cell", "text,label\na\n", "a.csv:2"],
    ["one cell too many", "text,label\na,b\na,b,c\n", "a.csv:3"],
    ["an empty label", "text,label\na,b\na,\n", "a.csv:3: the label is empty"],
    ["one label", "text,label\na,b\nc,b\n", 'at least 2 labels are needed, got 1: all are labelled "b"'],
    ["a text among numbers", "x,label\n1,a\nNaN,b\n", "a.csv:3, column 'x'"],
    ["an empty number", "x,label\n1,a\n,b\n", "a.csv:3, column 'x': the cell is empty"],
    ["a sequence of two labels", "sequence,x,label\ns,1,a\ns,2,b\n", "a.csv:3"],
    ["no rows", "text,label\n", "no row after it"],
  ])("%s", async (_, content, message) => {
    expect(await text(content)).toContain(message);
  });

  test("latin1, JSON that is none, files of two kinds, recordings without a label", async () => {
    expect(await text(Uint8Array.from([0x74, 0xe9, 0x0a]))).toContain("a.csv:1: the text is not UTF-8");
    expect(await text('{"text": "a", "label": "b"}\n{"text"', "a.jsonl")).toContain(
      "a.jsonl:2: the line is not JSON",
    );
    expect(await text('{"text": "a"}', "a.jsonl")).toContain(
      "there is no field 'label'; the fields are 'text'",
    );
    const both = [file("a.csv", CSV), file("b.txt", "a\n")];
    expect(await problem(both)).toContain("'a.csv' and 'b.txt' are of different kinds");
    const wav = encodeWav(new Float32Array(100), { sampleRate: 8000 });
    expect(await problem([file("a.wav", wav)])).toContain("stands in no folder that would give its label");
    const folder = [file("x/a.wav", wav), file("y/b.wav", wav.subarray(0, 60))];
    expect(await problem(folder)).toContain("y/b.wav");
  });

  test("a class with one example is trained on, and a note says so", async () => {
    const { notes, data } = await load([file("a.csv", `${CSV}odd one,rare\n`)]);
    expect(notes).toEqual(["only one item has the label rare: it is trained on and never validated"]);
    expect([...data.train.labels]).toContain(data.facts.labels.indexOf("rare"));
  });

  test("options of texts, and a set, are refused with numbers and with data", async () => {
    const flowers = [file("a.csv", FLOWERS)];
    expect(await problem(flowers, { tokens: "word" })).toContain(
      "--tokens is for texts, and the data holds numbers",
    );
    expect(await problem(flowers, { set: "names" })).toContain("DATA and --set names exclude each other");
  });

  test("a sequence of 100,000 steps is cut to --max-length, with a note", async () => {
    const array = (values: Float32Array | Int32Array, shape: number[]) => ({ shape, values });
    const x = new Float32Array(100_008).map((_, i) => i % 7);
    const arrays = new Map([
      ["x", array(x, [x.length, 1])],
      ["lengths", array(Int32Array.from([100_000, 2, 2, 2, 2]), [5])],
      ["y", array(Int32Array.from([0, 1, 0, 1, 0]), [5])],
    ]);
    const { data, notes } = await load([file("a.npz", writeNpz(arrays as never))], { valSplit: 0.4 });
    expect(notes.join()).toContain("1 item was cut to 1000 steps (--max-length)");
    expect(Math.max(...data.train.items.lengths, ...data.validation.items.lengths)).toBe(1000);
  });

  test("sequences of 100,000 steps are measured a few at a time", async () => {
    const steps = 100_000;
    const values = new Float32Array(steps + 100);
    const lengths = Int32Array.from({ length: 101 }, (_, index) => (index === 0 ? steps : 1));
    const starts = Int32Array.from({ length: 101 }, (_, index) => (index === 0 ? 0 : steps + index - 1));
    const { data } = await load([file("a.csv", FLOWERS)]);
    const validation = { items: { values, starts, lengths, features: 1 }, labels: new Int32Array(101) };
    const { parts, items } = task.evaluation({ ...data, validation }, { isComplete: true });
    expect([parts, items]).toEqual([101, 101]);
  });

  test("a thousand labels do not make sums that no memory holds", async () => {
    const labels = Array.from({ length: 1000 }, (_, label) => `${label}`);
    const { data } = await load([file("a.csv", FLOWERS)]);
    const count = 6000;
    const ones = new Int32Array(count).fill(1);
    const items = { values: Int32Array.of(0), starts: new Int32Array(count), lengths: ones, features: 1 };
    const facts = { ...data.facts, labels };
    const many = { ...data, facts, validation: { items, labels: ones.map((_, index) => index % 1000) } };
    const { parts, width, run } = task.evaluation(many, { isComplete: true });
    expect(parts * width).toBeLessThanOrEqual(2 ** 24);
    const model = task.build(
      task.configure(task.complete({ hidden: 2, embedding: 0 } as never), {
        labels,
        vocabulary: ["a"],
        input: FIRST_INPUT,
      }),
      { rng: new Rng(1), backend },
    );
    const sums = new Float64Array(parts * width);
    for (const replica of [0, 1]) await run(model, { backend, replica, replicas: 2 }, sums);
    const counted = task.score(sums, many, { parts, width, items: count, run }, []);
    expect(counted.metrics!.accuracy).toBeCloseTo(0.001, 9);
    expect(counted.loss).toBeCloseTo(Math.log(1000), 0);
  });

  test("a column in which every row differs is no column of labels", async () => {
    const rows = Array.from({ length: 5000 }, (_, row) => `text ${row},${row}`);
    const csv = `text,label\n${rows.join("\n")}\n`;
    await expect(load([file("a.csv", csv)])).rejects.toThrow(
      "the data has 5000 different labels, more than 4096: labels are in the column label (--label-column)",
    );
  });
});

describe("the plan of a training", () => {
  const plan = async (settings: Partial<ClassifySettings>, files = [file("a.csv", CSV)]) => {
    const loaded = await load(files, { ...SMALL, ...settings });
    return (task as Task).plan(loaded.data, loaded.settings);
  };
  type Batch = { values: Int32Array; labels: Int32Array; classWeights?: Float64Array; rows: number };

  test("balanced weights make rare labels count as much as common ones", async () => {
    const csv = `text,label\n${Array.from({ length: 40 }, (_, i) => `text ${i},${i % 4 === 0 ? "rare" : "common"}`).join("\n")}`;
    const balanced = await plan({ classWeights: "balanced", valSplit: 0.1 }, [file("a.csv", csv)]);
    const totals = [0, 0];
    for (let step = 0; step < balanced.stepsPerEpoch; step++) {
      const weights = balanced.weights(step);
      const { labels } = balanced.batch(step, 0, SMALL.batchSize) as Batch;
      for (const [row, label] of labels.entries()) totals[label] += weights[row];
    }
    expect(totals[0]).toBeCloseTo(totals[1], 9);
  });

  test("hides a share of the words, the same ones whatever rows are asked for", async () => {
    const shown = await plan({ tokens: "word" });
    const hidden = await plan({ tokens: "word", wordDropout: 0.5 });
    let [changed, all] = [0, 0];
    for (let step = 0; step < hidden.stepsPerEpoch; step++) {
      const [before, after] = [shown, hidden].map((each) => (each.batch(step, 0, 8) as Batch).values);
      changed += after.filter((id, at) => id !== before[at]).length;
      all += after.length;
      const part = (hidden.batch(step, 3, 6) as Batch).values;
      expect([...part]).toEqual([...after.subarray(12, 24)]);
    }
    expect(changed / all).toBeGreaterThan(0.35);
    expect(changed / all).toBeLessThan(0.65);
  });

  test("the loss of a step is that of its rows by their weights, with smoothed targets", async () => {
    const settings = { ...SMALL, classWeights: "balanced", labelSmoothing: 0.1, tokens: "word" } as const;
    const { data, settings: own } = await load([file("a.csv", `${CSV}x y,positive\nz,positive\n`)], settings);
    const config = task.configure(own, data.facts);
    const model = task.build(config, { rng: new Rng(1), backend });
    const all = task.plan(data, own);
    const lossOf = async (from: number, to: number) => {
      const { scope } = await import("../../src/backend/scope.ts");
      const batch = all.batch(0, from, to);
      return (
        await scope(() => task.loss(model, batch, { state: undefined, rng: undefined }).loss.read(), backend)
      )[0];
    };
    const weights = Array.from(all.weights(0));
    const sum = (from: number, to: number) =>
      weights.slice(from, to).reduce((total, weight) => total + weight, 0);
    const parts = (await lossOf(0, 3)) * sum(0, 3) + (await lossOf(3, 8)) * sum(3, 8);
    expect(parts / sum(0, 8)).toBeCloseTo(await lossOf(0, 8), 9);
  });
});

test("facts of a file are checked", async () => {
  const { data } = await load([file("a.csv", FLOWERS)]);
  const { labels, input } = data.facts;
  const model = task.configure(task.complete({ embedding: 0 } as never), data.facts);
  const parse = (facts: Record<string, unknown>) =>
    task.parse((name) => ({ model, labels, input, ...facts })[name], "file");
  expect(parse({}).facts).toEqual(data.facts);
  const broken: [unknown, string][] = [
    [null, "input.kind must be"],
    [{ ...input, kind: "image" }, 'input.kind must be "text" or "numbers"'],
    [{ ...input, maxLength: 0 }, "input.maxLength must be an integer of at least 1"],
    [{ ...input, scaling: { mean: [0], deviation: [1] } }, "input.scaling must have a mean for each feature"],
    [
      { ...input, scaling: { mean: [0, 0], deviation: [0, 1] } },
      "input.scaling: deviation must be a list of finite numbers above 0",
    ],
    [{ ...input, format: { features: [1] } }, "input.format.features must be a list of texts"],
    [{ ...input, format: { features: ["x", "y"], audio: { rate: -1 } } }, "input.format.audio must be"],
    // With the defaults that are missing it would make frames, but not when recordings are read.
    [
      { ...input, format: { features: ["x", "y"], audio: { rate: 8000, bands: 2 } } },
      "input.format.audio must be",
    ],
  ];
  for (const [value, message] of broken) expect(() => parse({ input: value })).toThrow(message);
  // As many symbols as the text has, in a model of numbers.
  const texts = { input: FIRST_INPUT, vocabulary: ["a"] };
  expect(() => parse(texts)).toThrow("the model has another number of labels or symbols than the lists");
  const old = task.parse(
    (name) =>
      ({ model: { ...(model as object), features: 0, vocabulary: 2 }, labels, vocabulary: ["a"] })[name],
    "file",
  );
  expect((old.facts as ClassifyFacts).input).toMatchObject({ kind: "text", tokens: "char", maxLength: 1000 });
});
