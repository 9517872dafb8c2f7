/** The converters of `npm run reproduce convert`, on little data in the form of the sets. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { reproduce } from "../../bench/reproduce/convert.ts";
import { sequencesFromArrays } from "../../src/data/index.ts";
import { decodeImage, parseJsonLines, parseNpz, parseWav } from "../../src/io/index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unrolled-convert-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ints = (...values: number[]) => gzipSync(new Uint8Array(Int16Array.from(values).buffer));

async function convert(set: string, files: Record<string, string | Uint8Array>) {
  const [source, out] = [join(folder, set), join(folder, `${set}-out`)];
  mkdirSync(source);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(source, name), content);
  const log = vi.spyOn(console, "log").mockReturnValue();
  try {
    await reproduce([set, source, out]);
    return { said: log.mock.calls.flat().join("\n"), read: (name: string) => readFileSync(join(out, name)) };
  } finally {
    log.mockRestore();
  }
}

test("spoken digits become WAV files of the same samples", async () => {
  const item = { digit: 7, speaker: "theo", index: 3, offset: 1, length: 2, split: "test" };
  const { read, said } = await convert("fsdd", {
    "index.json": JSON.stringify({ rate: 8000, items: [item] }),
    "audio.i16.gz": ints(1, -16384, 8192, 4),
  });
  const wav = parseWav(read("test/7/theo_7_3.wav"), "a");
  expect([...wav.samples]).toEqual([-0.5, 0.25]);
  expect(wav.sampleRate).toBe(8000);
  expect(said).toBe("0 recordings to train on, 1 to test");
});

test("Japanese vowels become sequences, each with its speaker", async () => {
  const row = (number: number) => new Array<number>(12).fill(number).join(" ");
  const text = (sequences: number) =>
    Array.from({ length: sequences }, (_, at) => [row(at + 0.5), row(at + 0.25), row(1), ""].join("\n")).join(
      "\n",
    );
  const { read } = await convert("japanese-vowels", {
    "ae.train.gz": gzipSync(text(270)),
    "ae.test.gz": gzipSync(text(370)),
  });
  const found = sequencesFromArrays(parseNpz(read("test.npz"), "a"), { name: "a", labels: "sequence" });
  expect(found.items.count).toBe(370);
  expect([...found.items.item(31).slice(0, 13)]).toEqual([...new Array(12).fill(31.5), 31.25]);
  expect([found.labels![30], found.labels![31], found.labels![369]]).toEqual(["1", "2", "9"]);
});

test("skeletons become metres with an action per frame, subjects apart", async () => {
  const sequences = [1, 6].map((subject, at) => ({ subject, offset: at, length: 1, labels: [at] }));
  const { read } = await convert("utkinect", {
    "index.json": JSON.stringify({ classes: ["none", "walk"], values_per_frame: 6, sequences }),
    "joints.i16.gz": ints(1000, 2000, 3000, 4000, 5000, 6000, -500, 0, 0, 0, 0, 250),
  });
  const found = sequencesFromArrays(parseNpz(read("test.npz"), "a"), { name: "a", labels: "step" });
  expect([...found.items.item(0)]).toEqual([-0.5, 0, 0, 0, 0, 0.25]);
  expect(found.labels).toEqual(["walk"]);
  expect(found.groups).toEqual(["subject6"]);
  expect(found.features.slice(2, 4)).toEqual(["joint1.z", "joint2.x"]);
  expect(sequencesFromArrays(parseNpz(read("all.npz"), "a"), { name: "a", labels: "step" }).labels).toEqual([
    "none",
    "walk",
  ]);
});

test("reviews become JSON lines by fold", async () => {
  const review = (id: string, label: number, fold: number) =>
    JSON.stringify({ id, label, fold, text: "a\nb" });
  const { read } = await convert("review-polarity", {
    "reviews.jsonl.gz": gzipSync(
      `${[review("x", 0, 1), review("y", 1, 10), review("z", 1, 1)].join("\n")}\n`,
    ),
  });
  expect(parseJsonLines(read("fold-01.jsonl"), { name: "a" }).records).toEqual([
    { id: "x", label: "negative", text: "a\nb" },
    { id: "z", label: "positive", text: "a\nb" },
  ]);
  expect(parseJsonLines(read("fold-10.jsonl"), { name: "a" }).records).toHaveLength(1);
});

test("photographs become PNG files with their captions, a folder for each split", async () => {
  const images = ["train", "val", "train"].map((split, at) => ({
    file: `${at}.jpg`,
    captions: [`caption ${at}`],
    split,
  }));
  const pixels = Uint8Array.from({ length: 3 * 12 }, (_, at) => at);
  const { read, said } = await convert("flickr8k-1000", {
    "captions.json": JSON.stringify({ width: 2, height: 2, images }),
    "images-64x64x3.u8.gz": gzipSync(pixels),
  });
  expect(said).toBe("2 pictures in train, 1 pictures in val");
  expect(JSON.parse(read("train/captions.json").toString())).toEqual([
    { file: "0.png", captions: ["caption 0"] },
    { file: "2.png", captions: ["caption 2"] },
  ]);
  const { width, height, data } = await decodeImage(new Uint8Array(read("val/1.png")), "1.png");
  expect([width, height, ...data]).toEqual([2, 2, ...pixels.subarray(12, 24)]);
});

test("without a set it says what there is", async () => {
  await expect(reproduce(["mnist", "a", "b"])).rejects.toThrow("SET one of fsdd, japanese-vowels, utkinect");
});
