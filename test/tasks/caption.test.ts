/** `caption`: everything of the task kit on pictures with several captions each. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { Rng } from "../../src/core/rng.ts";
import { Items } from "../../src/data/items.ts";
import { isHeldOutCombination, SCENE_SIDE, type Scene } from "../../src/data/scenes.ts";
import { decodeCheckpoint, writeNpz, writeSafetensors } from "../../src/io/index.ts";
import { encodePng } from "../../src/io/png.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { openRun } from "../../src/runs/open-run.ts";
import { type PredictOptions, predictRun } from "../../src/runs/predict-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { sourceOf } from "../../src/sources/paths.ts";
import type { CaptionData } from "../../src/tasks/caption/data.ts";
import type { CaptionSettings } from "../../src/tasks/caption/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { CaptionPrediction } from "../../src/tasks/predictions.ts";
import type { Prediction } from "../../src/tasks/task.ts";
import type { EndEvent, EvalEvent, StepEvent } from "../../src/train/events.ts";

const root = mkdtempSync(join(tmpdir(), "caption-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const fresh = (name = "run") => join(root, `${made++}-${name}`);
function file(content: string | Uint8Array, name: string): string {
  const path = fresh(name);
  writeFileSync(path, content);
  return path;
}

type Options = TrainOptions<CaptionSettings>;

const SIDE = 8;
const COLOURS = { red: [230, 30, 30], green: [30, 200, 40], blue: [40, 60, 240] } as const;
type Colour = keyof typeof COLOURS;
const NAMES = Object.keys(COLOURS) as Colour[];

/** A square of a colour at the left or the right, on a grey of its own. */
function paint(colour: Colour, isLeft: boolean, grey: number): Uint8Array {
  const data = new Uint8Array(SIDE * SIDE * 3).fill(grey);
  for (let row = 2; row < 6; row++) {
    for (let column = 0; column < 4; column++) {
      data.set(COLOURS[colour], 3 * (row * SIDE + column + (isLeft ? 0 : 4)));
    }
  }
  return data;
}

interface Example {
  readonly file: string;
  readonly data: Uint8Array;
  readonly captions: string[];
}

const EXAMPLES: readonly Example[] = Array.from({ length: 36 }, (_, index) => {
  const [colour, isLeft] = [NAMES[index % 3], index % 2 === 0];
  const where = isLeft ? "left" : "right";
  return {
    file: `${colour}-${where}-${index}.png`,
    data: paint(colour, isLeft, 60 + 5 * index),
    // One more for every fourth, so that not all have as many.
    captions: [
      `A ${colour} square at the ${where}.`,
      `At the ${where} is a square, which is ${colour}.`,
      ...(index % 4 === 0 ? [`${colour} and ${where}`] : []),
    ],
  };
});

const png = (data: Uint8Array, side = SIDE) => encodePng({ width: side, height: side, channels: 3, data });

function pictures(examples = EXAMPLES): string {
  const folder = fresh("pictures");
  mkdirSync(folder);
  for (const { file: name, data } of examples) writeFileSync(join(folder, name), png(data));
  return folder;
}
const json = (examples: readonly Pick<Example, "file" | "captions">[] = EXAMPLES) =>
  file(
    JSON.stringify(examples.map(({ file: name, captions }) => ({ file: name, captions }))),
    "captions.json",
  );

const data = [json(), pictures()];

const SMALL: Partial<Options> = {
  hidden: 6,
  embedding: 5,
  filters: 2,
  size: SIDE,
  batchSize: 7,
  threads: 1,
  valSplit: 0.25,
  minCount: 1,
  dropout: 0,
};
const LEARNED: Partial<Options> = {
  hidden: 24,
  embedding: 12,
  filters: 8,
  steps: 260,
  lr: 1e-2,
  batchSize: 16,
};
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
    data: options.resume ? [] : data,
    ...(options.resume ? {} : { ...SMALL, out: fresh() }),
    ...options,
  } as Options;
  const onNote = (text: string) => notes.push(text);
  const { signal } = new AbortController();
  const training = await trainTask({ task: await TASKS.caption() }, all, { signal, onProgress() {}, onNote });
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
  const { predictions, draw } = await predictRun(run, inputs, options, hooks);
  const all: Prediction[] = [];
  for await (const prediction of predictions) all.push(prediction);
  return {
    draw: () => draw!(all),
    json: all.map((one) => one.json as unknown as CaptionPrediction),
    text: all.map(({ text }) => text),
  };
}

async function load(paths: string[], settings: Partial<CaptionSettings> = {}): Promise<CaptionData> {
  const task = await TASKS.caption();
  const request = {
    source: paths.length === 0 ? undefined : sourceOf(paths),
    validation: undefined,
    settings: task.complete({ ...settings } as never),
    isChosen: () => false,
    threads: undefined,
    verify() {},
    asset: () => undefined as never,
  };
  return (await task.load(request, hooks)).data as CaptionData;
}

const isSvg = (svg: string | undefined) => expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);

describe("pictures in files", () => {
  test.each([
    { attention: "additive" },
    { attention: "none", cell: "lstm", lr: 5e-3, steps: 400 },
    { attention: "dot", layers: 2 },
  ] as const)("are learned, measured beside baselines, described and drawn: %j", async (options) => {
    const { folder, evals } = await train({ ...LEARNED, ...options });
    expect(evals.at(-1)!.metrics.bleu).toBeGreaterThan(80);
    const { metrics, items, baselines, picture, details, unit } = await evaluateRun(folder, [], {}, hooks);
    expect(Object.keys(metrics)).toEqual(["bleu", "bleu1", "chrf", "perplexity", "described"]);
    expect(unit).toBe("word");
    expect(baselines.map(({ name }) => name)).toEqual([
      "one caption for all pictures",
      "captions of other pictures",
      "a trigram of the captions",
    ]);
    expect(metrics.bleu).toBeGreaterThan(baselines[0].metrics!.bleu);
    expect(metrics.described).toBe(9);
    expect(items).toBeGreaterThan(2 * 9 * 5);
    isSvg(picture);
    expect(picture!.match(/<image /g)).toHaveLength(9);
    expect(details).toMatchObject({ unended: 0, tokens: expect.stringContaining("lower-cased") });
    const green = file(png(EXAMPLES[4].data), "green.png");
    const found = await predict(folder, [green], { beam: 3, best: 2 });
    expect(found.json[0].caption).toMatch(/green.*left|left.*green/);
    expect(found.json[0].hypotheses).toHaveLength(2);
    expect(found.text[0].split("\t")).toHaveLength(3);
    const { attention } = found.json[0];
    if (options.attention === "none") expect(attention).toBeUndefined();
    else {
      expect(attention).toMatchObject({ rows: 4, columns: 4 });
      expect(attention!.words).toHaveLength(attention!.weights.length);
      for (const row of attention!.weights) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    }
    isSvg(found.draw());
    expect(found.draw()).toContain("data:image/png;base64,");
  });

  test("of another size are cropped to a square and resized; given to code, too", async () => {
    const { folder } = await train({ steps: 3 });
    const wide = new Uint8Array(16 * 40 * 3);
    const bytes = encodePng({ width: 40, height: 16, channels: 3, data: wide });
    const { json: found } = await predict(folder, [file(bytes, "wide.png")]);
    expect(found[0].input).toMatch(/wide\.png$/);
    const opened = await openRun(folder, { search: { beam: 2, best: 2 } });
    const [first] = await opened.predictFile<CaptionPrediction>({ name: "wide.png", bytes });
    expect(first.hypotheses).toHaveLength(2);
    await expect(opened.predict("text")).rejects.toThrow("predicts nothing");
    await expect(predict(folder, [], { text: "x" })).rejects.toThrow("reads files, and no --text");
    const page = file("<html>", "page.png");
    await expect(predict(folder, [page])).rejects.toThrow("an SVG or HTML file");
    await expect(predict(folder, [page], { copyUnknown: true })).rejects.toThrow(
      "--copy-unknown copies words",
    );
  });

  test("are on one side with all their captions, and with their copies", async () => {
    // The same pixels under two names, with other captions.
    const copies = EXAMPLES.map((one) => ({ ...one, file: `copy-${one.file}` }));
    const all = [...EXAMPLES, ...copies];
    const { train: trained, validation } = await load([json(all), pictures(all)], {
      size: SIDE,
      valSplit: 0.3,
    });
    const of = ({ names }: { names: readonly string[] }) =>
      new Set(names.map((name) => name.replace("copy-", "")));
    expect(of(validation).size).toBeGreaterThan(5);
    expect([...of(trained)].filter((name) => of(validation).has(name))).toEqual([]);
    expect(trained.names.length).toBe(2 * of(trained).size);
    expect(trained.captions.lengths.length).toBe(trained.references.flat().length);
  });

  test("of one colour say nothing: their captions are divided by their names, and train the words alone", async () => {
    const blank = EXAMPLES.map((one) => ({ ...one, data: new Uint8Array(SIDE * SIDE * 3).fill(128) }));
    const words = await train({ data: [json(blank), pictures(blank)], steps: 3 });
    const others = EXAMPLES.map((one) => ({ ...one, captions: [...one.captions, "something unheard of"] }));
    const next = await train({
      data: [json(others), pictures(others)],
      from: words.folder,
      steps: 2,
      ...noSizes,
    });
    const vocabulary = async (folder: string) =>
      (await openRun(folder)).facts as { tokens: { symbols: string[] } };
    const [before, after] = [await vocabulary(words.folder), await vocabulary(next.folder)];
    expect(after.tokens).toEqual(before.tokens);
    expect(after.tokens.symbols).not.toContain("unheard");
  });

  /** Sizes that a run which starts from weights takes over. */
  const noSizes = {
    hidden: undefined,
    embedding: undefined,
    filters: undefined,
    size: undefined,
    minCount: undefined,
  };

  test("whose captions are tables, JSON lines or as COCO has them are the same", async () => {
    const folder = pictures();
    const csv = EXAMPLES.flatMap(({ file: name, captions }) => captions.map((one) => `${name},"${one}"`));
    const lines = EXAMPLES.map(({ file: image, captions }) => JSON.stringify({ image, captions }));
    const images = EXAMPLES.map(({ file: name }, id) => ({ id, file_name: name }));
    const annotations = EXAMPLES.flatMap(({ captions }, id) =>
      captions.map((caption) => ({ image_id: id, caption })),
    );
    const forms = [
      file(["image,caption", ...csv].join("\n"), "captions.csv"),
      file(lines.join("\n"), "captions.jsonl"),
      file(JSON.stringify({ images, annotations }), "coco.json"),
      file(JSON.stringify({ images: lines.map((line) => JSON.parse(line)) }), "images.json"),
    ];
    const expected = await load([json(), folder], { size: SIDE });
    for (const form of forms) {
      const found = await load([form, folder], { size: SIDE });
      expect(found.fingerprint).toBe(expected.fingerprint);
      expect(found.validation.references).toEqual(expected.validation.references);
    }
  });
});

describe("arrays", () => {
  const [count, places, width] = [EXAMPLES.length, 4, 6];
  const names = EXAMPLES.map(({ file: name }) => name);
  /** The colour in one place, the side in another. */
  const features = Float32Array.from({ length: count * places * width }, (_, at) => {
    const [picture, place, feature] = [
      Math.floor(at / places / width),
      Math.floor(at / width) % places,
      at % width,
    ];
    if (place === picture % 4) return feature === picture % 3 ? 1 : 0;
    return place === (picture + 1) % 4 && feature === 3 + (picture % 2) ? 1 : 0;
  });

  test.each([{ attention: "additive" }, { attention: "none" }] as const)(
    "of features take the place of pixels: %j",
    async (options) => {
      const npz = file(
        writeNpz(
          new Map([
            ["features", { shape: [count, places, width], values: features }],
            // In another order than the captions.
            ["names", { shape: [count], values: names }],
          ]),
        ),
        "features.npz",
      );
      const settings = { ...LEARNED, ...options, size: undefined, filters: undefined };
      const { folder } = await train({ ...settings, data: [json(EXAMPLES.toReversed()), npz] });
      const { metrics, picture } = await evaluateRun(folder, [], {}, hooks);
      expect(metrics.bleu).toBeGreaterThan(60);
      isSvg(picture);
      const found = await predict(folder, [npz]);
      expect(found.json).toHaveLength(count);
      expect(found.json[4].input).toBe(names[4]);
      expect(found.json[4].caption).toMatch(/green.*left|left.*green/);
      isSvg(found.draw());
      const flat = writeSafetensors({ x: { dtype: "F32", shape: [count, places * width], data: features } });
      await expect(predict(folder, [file(flat, "flat.safetensors")])).rejects.toThrow(
        "1 x 24 features of a picture, but the model reads 4 x 6",
      );
    },
  );

  test("of pixels are what the files are", async () => {
    const bytes = new Uint8Array(count * SIDE * SIDE * 3);
    for (const [index, example] of EXAMPLES.entries()) bytes.set(example.data, index * SIDE * SIDE * 3);
    const npz = writeNpz(new Map([["pictures", { shape: [count, SIDE, SIDE, 3], values: bytes }]]));
    const path = file(npz, "pictures.npz");
    const [fromFiles, fromArray] = [await load(data, { size: SIDE }), await load([data[0], path])];
    expect(fromArray.fingerprint).toBe(fromFiles.fingerprint);
    await expect(load([data[0], path], { size: 16 })).rejects.toThrow("--size 16 is another one");
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

  test.each([{ attention: "additive" }, { attention: "none", layers: 2, labelSmoothing: 0.1 }] as const)(
    "one and three replicas agree to 1e-9 in float64: %j",
    async (options) => {
      const common = { backend: "reference", steps: 11, ...options } as const;
      const [one, three] = [await train(common), await train({ ...common, threads: 3 })];
      for (const [index, { loss, gradNorm }] of one.steps.entries()) {
        expect(Math.abs(three.steps[index].loss - loss)).toBeLessThan(1e-9);
        expect(Math.abs(three.steps[index].gradNorm - gradNorm)).toBeLessThan(1e-9);
      }
      expect(three.evals.at(-1)!.metrics).toEqual(one.evals.at(-1)!.metrics);
      const [a, b] = [await parametersOf(one.folder, 11), await parametersOf(three.folder, 11)];
      for (const [name, values] of a) {
        const other = b.get(name)!;
        for (let at = 0; at < values.length; at++) {
          expect(Math.abs(Number(values[at]) - Number(other[at]))).toBeLessThan(1e-9);
        }
      }
    },
  );

  test("a run goes on bit for bit after it was stopped, on one thread or two with two shards", async () => {
    const whole = await train({ steps: 15, shards: 2, dropout: 0.3 });
    const part = await train({ steps: 8, shards: 2, threads: 2, dropout: 0.3 });
    const resumed = await train({ resume: true, out: part.folder, steps: 15 });
    expect(resumed.parametersSha256).toBe(whole.parametersSha256);
    expect(resumed.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(8).map(({ loss }) => loss));
    await expect(train({ resume: true, out: part.folder, attention: "none" })).rejects.toThrow(
      "--attention none (the run has additive)",
    );
    const other = [json(EXAMPLES.slice(1)), data[1]];
    await expect(train({ resume: true, out: part.folder, data: other })).rejects.toThrow("another data");
  });

  test("is the same whatever the rows of an evaluation are", async () => {
    const { folder } = await train({ steps: 4, backend: "reference" });
    const one = await evaluateRun(folder, [], { batchSize: 1, backend: "reference" }, hooks);
    const many = await evaluateRun(folder, [], { batchSize: 64, backend: "reference" }, hooks);
    expect(many.loss).toBeCloseTo(one.loss, 9);
    expect({ ...many.metrics, perplexity: 0 }).toEqual({ ...one.metrics, perplexity: 0 });
    const test = await evaluateRun(folder, data, { beam: 2 }, hooks);
    expect(test.metrics.described).toBe(EXAMPLES.length);
  });
});

test("built-in scenes are judged by a parser, and have combinations to validate on that none is trained on", async () => {
  const task = await TASKS.caption();
  const data = await load([]);
  const { train: trained, validation, facts, set } = data;
  expect([set, facts.judgedBy, facts.input]).toEqual([
    "scenes",
    "right",
    { kind: "pixels", side: SCENE_SIDE },
  ]);
  const isHeldOut = ({ first, second, relation }: Scene) =>
    isHeldOutCombination(first.shape, first.colour, relation) ||
    isHeldOutCombination(second.shape, second.colour, OPPOSITE[relation]);
  expect(trained.scenes!.some(isHeldOut)).toBe(false);
  expect(validation.scenes!.every(isHeldOut)).toBe(true);
  // Few of them, which is quick.
  const few = { ...data, validation: firstOf(validation, 6) };
  const baselines = await task.baselines(few, hooks);
  expect(baselines[0].metrics!.right).toBeLessThan(0.2);
  const plan = task.evaluation(few, { isComplete: true });
  const backend = createReferenceBackend();
  const config = task.configure(task.complete({ hidden: 4, embedding: 3, filters: 2 } as never), facts);
  const model = task.build(config, { rng: new Rng(1), backend });
  const sums = new Float64Array(plan.parts * plan.width);
  await plan.run(model, { backend, replica: 0, replicas: 1 }, sums);
  const score = task.score(sums, few, plan, baselines);
  expect(score.metrics).toMatchObject({ right: 0, described: 6 });
  expect(score.choose).toBe(1);
  expect(task.picture!(sums, few).svg.match(/class="wrong"/g)!.length).toBeGreaterThanOrEqual(6);
  const drawn = task.view.drawing!(sums, few, { columns: 80, unicode: true });
  expect(drawn[0]).toMatch(/^scene \d+ .*\(not true, or not complete\)$/);
});

const OPPOSITE = { "left of": "right of", "right of": "left of", above: "below", below: "above" } as const;

function firstOf(part: CaptionData["validation"], count: number): CaptionData["validation"] {
  const captions = part.pictureOf.indexOf(count);
  return {
    ...part,
    rows: part.rows.slice(0, count),
    pictureOf: part.pictureOf.slice(0, captions),
    captions: new Items(part.captions).subset(Array.from({ length: captions }, (_, at) => at)).store as never,
  };
}

describe("what is wrong with the data is said with its place", () => {
  const refused = async (paths: string[], message: string | RegExp, options: Partial<Options> = {}) =>
    expect(train({ data: paths, steps: 1, ...options })).rejects.toThrow(message);
  const captions = (content: unknown, name = "captions.json") =>
    file(typeof content === "string" ? content : JSON.stringify(content), name);
  const folder = data[1];
  const [{ file: known }] = EXAMPLES;

  test.each<[string, unknown, string, RegExp]>([
    ["no JSON", "{", "a.json", /a\.json: the file is not JSON/],
    ["no list", { captions: 1 }, "a.json", /no list of pictures/],
    ["an empty list", [], "a.json", /no caption/],
    ["no picture", [{ captions: ["a"] }], "a.json", /entry 0: file must be the name of a picture/],
    ["captions that are no texts", [{ file: known, captions: [1] }], "a.json", /entry 0: captions must be/],
    [
      "an entry that is no object",
      [{ file: known, captions: ["a"] }, 3],
      "a.json",
      /entry 1: must be an object/,
    ],
    [
      "an id of no image",
      { images: [{ id: 1, file_name: known }], annotations: [{ image_id: 2, caption: "a" }] },
      "a.json",
      /annotations: entry 0: image_id/,
    ],
    ["a line that is no JSON", `{"file": "a.png", "captions": ["a"]}\nx`, "a.jsonl", /a\.jsonl:2/],
    ["no column of captions", "image,words\na.png,b\n", "a.csv", /no column 'caption'/],
  ])("%s", async (_, content, name, message) => {
    await refused([captions(content, name), folder], message);
  });

  test("pictures that are missing, by their names", async () => {
    const entries = [
      ...EXAMPLES,
      { file: "gone.png", captions: ["a"] },
      { file: "lost.png", captions: ["b"] },
    ];
    await refused([json(entries), folder], /2 of 38 pictures.*'gone\.png', 'lost\.png'/);
    await refused([data[0]], /there are captions in .*, but no pictures/);
    await refused([folder], "there are no captions in");
  });

  test("pictures that cannot be read", async () => {
    const broken = pictures();
    writeFileSync(join(broken, known), png(EXAMPLES[0].data).subarray(0, 60));
    await refused([data[0], broken], new RegExp(known));
    writeFileSync(join(broken, known), "");
    await refused([data[0], broken], "the file is empty");
  });

  test("arrays that do not go with the captions", async () => {
    const npz = (arrays: Record<string, { shape: number[]; values: Float32Array | Uint8Array | string[] }>) =>
      file(writeNpz(new Map(Object.entries(arrays))), "arrays.npz");
    const x = { shape: [35, 2], values: new Float32Array(70).map((_, at) => at) };
    await refused([data[0], npz({ x })], "has 35 pictures without names, and there are captions of 36");
    await refused([data[0], npz({ x, y: x })], "2 arrays besides names");
    await refused(
      [data[0], npz({ x, names: { shape: [2], values: ["a", "b"] } })],
      "2 names for 35 pictures",
    );
    await refused([data[0], npz({ x: { ...x, shape: [70] } })], "has the axes [70]");
    const nan = { shape: [36, 1], values: new Float32Array(36).fill(Number.NaN) };
    await refused([data[0], npz({ x: nan })], "must be finite");
    const thin = { shape: [36, 2, 3, 3], values: new Uint8Array(36 * 18) };
    await refused([data[0], npz({ x: thin })], "must be squares");
    await refused([data[0], npz({ x }), folder], "given twice");
  });

  test("captions of no word are left out, and nothing is left to validate on", async () => {
    const odd = EXAMPLES.map((one, at) => (at === 0 ? { ...one, captions: ["  ", "a b"] } : one));
    const { notes } = await train({ data: [json(odd), folder], steps: 1 });
    expect(notes.join()).toContain("1 caption without a word left out");
    await refused(data, "leaves none to validate on", { valSplit: 0.001 });
    await refused(data, "--attention dot needs a --size of at least 4", { attention: "dot", size: 2 });
  });
});
