/** Descriptions of models with anything in any place: they are refused, or the model predicts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { UnrolledError } from "../../src/core/errors.ts";
import { Rng } from "../../src/core/rng.ts";
import { type MemoryFile, memorySource } from "../../src/data/memory-source.ts";
import { writeNpz } from "../../src/io/npz.ts";
import { encodePng } from "../../src/io/png.ts";
import { encodeWav } from "../../src/io/wav.ts";
import { TASKS, type Task } from "../../src/tasks/index.ts";

const backend = createReferenceBackend();
const hooks = { onProgress() {}, onNote() {} };

const hostile = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, -1, 0, 0.5, 1, 2, 3, 1e9, 1e300, 1e-300, 2 ** 31, 2 ** 53 - 1, "", "x", "constructor"],
    ...["numbers", "text", "seasonal", [], {}, [[]], { length: 3 }, [1e300], [-1e308]],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

/** A copy with something else in one place. */
function replaceAt(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const inner = (value as Record<string, unknown>)[key];
  return Array.isArray(value)
    ? value.map((item, at) => (`${at}` === key ? replaceAt(item, rest, by) : item))
    : { ...(value as object), [key]: replaceAt(inner, rest, by) };
}

const rows = (count: number, row: (t: number) => string) => Array.from({ length: count }, (_, t) => row(t));
const table = (header: string, lines: readonly string[]): MemoryFile => ({
  name: "data.csv",
  content: `${header}\n${lines.join("\n")}\n`,
});
const monthOf = (t: number) => `${2000 + Math.floor(t / 12)}-${String((t % 12) + 1).padStart(2, "0")}`;
const SALES = table(
  "month,sales",
  rows(60, (t) => `${monthOf(t)},${20 + ((t * 7) % 13)}`),
);
const STEPS = table(
  "sequence,label,u,v",
  rows(40, (t) => `s${Math.floor(t / 5)},${"ab"[t % 2]},${t % 7},${t % 3}`),
);
const ITEMS = table(
  "u,v,label",
  rows(40, (t) => `${t % 7},${t % 3},${"ab"[t % 2]}`),
);
const SOUNDS = ["a/1.wav", "a/2.wav", "b/1.wav", "b/2.wav"].map((name, at): MemoryFile => {
  const samples = Float32Array.from({ length: 400 }, (_, t) => Math.sin((t * (at + 1)) / 10));
  return { name, content: encodeWav(samples, { sampleRate: 8000 }) };
});

const PAIRS: MemoryFile = {
  name: "pairs.tsv",
  content: rows(30, (t) => `a${t} b\t${t}`).join("\n"),
};

const PICTURES = rows(6, (t) => `${t}.png`).map((name, t): MemoryFile => {
  const data = new Uint8Array(8 * 8 * 3).map((_, at) => (at * (t + 3)) % 256);
  return { name, content: encodePng({ width: 8, height: 8, channels: 3, data }) };
});
const FEATURES: MemoryFile = {
  name: "features.npz",
  content: writeNpz(
    new Map([["x", { shape: [6, 4, 2], values: Float32Array.from({ length: 48 }, (_, t) => t % 7) }]]),
  ),
};
const CAPTIONS: MemoryFile = {
  name: "captions.json",
  content: JSON.stringify(
    PICTURES.map(({ name }, t) => ({ file: name, captions: [`a ${"ab"[t % 2]}`, "a"] })),
  ),
};

const SEASONAL = { window: 4, horizon: 2, transform: "seasonal", season: 12 };
const CASES: readonly [string, keyof typeof TASKS, readonly MemoryFile[], Record<string, unknown>][] = [
  ["series", "forecast", [SALES], { window: 4, horizon: 2 }],
  ["series with a season", "forecast", [SALES], SEASONAL],
  ["labels of steps", "tag", [STEPS], {}],
  ["rows", "classify", [ITEMS], {}],
  ["recordings", "classify", SOUNDS, { valSplit: 0.5 }],
  ["pairs", "translate", [PAIRS], { embedding: 2 }],
  ["pairs in byte pairs", "translate", [PAIRS], { tokens: "bpe", sharedVocabulary: true, attention: "none" }],
  ["pictures", "caption", [...PICTURES, CAPTIONS], { size: 8, filters: 2, embedding: 2, valSplit: 0.5 }],
  ["features of pictures", "caption", [FEATURES, CAPTIONS], { embedding: 2, valSplit: 0.5 }],
];

test.each(CASES)("a model of %s", async (_, name, files, settings) => {
  const task = (await TASKS[name]()) as unknown as Task;
  const source = memorySource(files);
  const request = {
    source,
    validation: undefined,
    settings: task.complete({ hidden: 2, ...settings } as never),
    isChosen: () => false,
    threads: undefined,
    verify() {},
    asset: () => source,
  };
  const loaded = await task.load(request, hooks);
  const { facts } = task.facts(loaded.data);
  const described: unknown = JSON.parse(
    JSON.stringify({ model: task.configure(loaded.settings, facts), ...facts }),
  );
  const [file] = await source.listFiles(hooks);
  const predict = async (description: unknown) => {
    const read = (field: string) => Object(description)[field];
    const parsed = task.parse(read, "file");
    const model = task.build(parsed.config, { rng: new Rng(1), backend });
    const trained = { ...parsed, model, backend, settings: undefined };
    let count = 0;
    for await (const { json } of task.predictFile!(trained as never, file, hooks)) {
      count += Object.keys(json).length;
    }
    return count;
  };
  expect(await predict(described)).toBeGreaterThan(0);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...placesOf(described)), hostile, async (place, value) => {
      await predict(replaceAt(described, place, value)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(UnrolledError);
      });
    }),
    { numRuns: 300 },
  );
});
