/** `caption`, on files that say more than which picture has which caption: splits, missing pictures, names in any order. */
import { describe, expect, test } from "vitest";
import { type MemoryFile, memorySource } from "../../src/data/index.ts";
import { encodePng, type NpyValues, writeNpz } from "../../src/io/index.ts";
import type { CaptionData } from "../../src/tasks/caption/data.ts";
import type { CaptionSettings } from "../../src/tasks/caption/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";

const SIDE = 4;
const NAMES = Array.from({ length: 12 }, (_, at) => `${at}.png`);
const png = (grey: number) =>
  encodePng({
    width: SIDE,
    height: SIDE,
    channels: 3,
    data: Uint8Array.from({ length: 48 }, (_, at) => grey + (at % 5)),
  });
const PICTURES: readonly MemoryFile[] = NAMES.map((name, at) => ({ name, content: png(10 * at) }));

const captionsFile = (entries: readonly object[]): MemoryFile => ({
  name: "captions.json",
  content: JSON.stringify({ images: entries }),
});
const entries = (splitOf: (at: number) => string | undefined = () => undefined) =>
  NAMES.map((file, at) => ({ file, captions: ["one picture", `a grey of ${at}`], split: splitOf(at) }));

async function load(
  files: readonly MemoryFile[],
  given: Partial<CaptionSettings> = {},
  val?: readonly MemoryFile[],
) {
  const task = await TASKS.caption();
  const notes: string[] = [];
  const request = {
    source: memorySource(files),
    validation: val && memorySource(val),
    settings: task.complete({ size: SIDE, valSplit: 0.25, minCount: 1, ...given } as never),
    isChosen: () => false,
    threads: undefined,
    verify() {},
    asset: () => undefined as never,
  };
  const { data } = await task.load(request, { onProgress() {}, onNote: (note: string) => notes.push(note) });
  return { ...(data as CaptionData), notes };
}

describe("splits in the file of captions", () => {
  const splits = (at: number) => (at % 4 === 0 ? "val" : at % 4 === 1 ? "test" : "train");

  test("are followed, and said", async () => {
    const { train, validation, notes } = await load([captionsFile(entries(splits)), ...PICTURES]);
    expect(validation.names).toEqual(["0.png", "4.png", "8.png"]);
    expect(train.names).toEqual(["2.png", "3.png", "6.png", "7.png", "10.png", "11.png"]);
    expect(notes).toEqual(["divided as the captions' file says: 6 pictures train, 3 validate, 3 do neither"]);
  });

  test("have no meaning where other data is validated on, or where one part is missing", async () => {
    const files = [captionsFile(entries(splits)), ...PICTURES];
    const { train, validation, notes } = await load(files, {}, files);
    expect([train.names.length, validation.names.length, notes]).toEqual([12, 12, []]);
    const all = await load([captionsFile(entries(() => "train")), ...PICTURES]);
    expect([all.train.names.length, all.validation.names.length, all.notes]).toEqual([9, 3, []]);
  });

  test("are part of the data's fingerprint", async () => {
    const [one, other, none] = await Promise.all(
      [splits, (at: number) => splits(at + 1), () => undefined].map((of) =>
        load([captionsFile(entries(of)), ...PICTURES]),
      ),
    );
    expect(new Set([one, other, none].map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });
});

test("captions of missing pictures are an error, or left out where that is chosen", async () => {
  const files = [captionsFile([...entries(), { file: "gone.png", caption: "nothing" }]), ...PICTURES];
  await expect(load(files)).rejects.toThrow(
    "captions.json: entry 12: 1 of 13 pictures with captions are not there: 'gone.png' — add the pictures, or leave their captions out with --skip-missing",
  );
  const { train, validation, notes } = await load(files, { skipMissing: true });
  expect(train.names.length + validation.names.length).toBe(12);
  expect(notes.join()).toContain("1 of 13 pictures with captions are not there: 'gone.png'; left out");
});

test("features whose names are in another order than the captions are those of their pictures throughout", async () => {
  const width = 3;
  // The first six pictures are each the same as one of the last six.
  const feature = (at: number) => [at % 6, (at % 6) ** 2, 7 - (at % 6)];
  const names = NAMES.toReversed();
  const values = Float32Array.from(names.flatMap((name) => feature(Number.parseInt(name, 10))));
  const arrays: [string, { shape: number[]; values: NpyValues }][] = [
    ["x", { shape: [12, width], values }],
    ["names", { shape: [12], values: names }],
  ];
  const npz = { name: "x.npz", content: writeNpz(new Map(arrays)) };
  const { train, validation, facts } = await load([captionsFile(entries()), npz], { valSplit: 0.4 });
  const numberOf = (name: string) => Number.parseInt(name, 10);
  // Copies stand on one side.
  const trained = new Set(train.names.map((name) => numberOf(name) % 6));
  expect(validation.names.length).toBeGreaterThan(0);
  expect(validation.names.filter((name) => trained.has(numberOf(name) % 6))).toEqual([]);
  // The scale is that of the pictures to train on, and the values are their own.
  if (facts.input.kind !== "features" || train.pictures.kind !== "features") throw new Error("no features");
  const { mean, deviation } = momentsOf(train.names.map((name) => feature(numberOf(name))[0]));
  const { values: scaled } = train.pictures;
  for (const [at, name] of train.names.entries()) {
    expect(scaled[train.rows[at] * width]).toBeCloseTo((feature(numberOf(name))[0] - mean) / deviation, 5);
  }
});

function momentsOf(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}
