/** `translate`: everything of the task kit on pairs of unequal length. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { TASKS } from "../../src/tasks/index.ts";
import {
  data,
  file,
  hooks,
  isSvg,
  LEARNED,
  lines,
  type Options,
  PAIRS,
  predict,
  SENTENCES,
  train,
  tsv,
} from "./translate-runs.ts";

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
