import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { encodePng, encodeWav, type NpyValues, writeNpz } from "../../src/io/index.ts";

/**
 * Data sets that are in no usual format, as files that the tasks read. The folder holds the data as it was collected
 * for this project; nothing of it is in the repository.
 *
 *     npm run reproduce convert -- SET FOLDER OUT
 *
 * - `fsdd`: spoken digits as `OUT/train/DIGIT/SPEAKER_DIGIT_NUMBER.wav` and `OUT/test/...`, by the split of the source.
 * - `japanese-vowels`: `OUT/train.npz` and `OUT/test.npz`, a speaker from 1 to 9 per sequence.
 * - `utkinect`: `OUT/train.npz` (subjects 1 to 5), `OUT/test.npz` (6 to 10) and `OUT/all.npz`, an action per frame.
 * - `flickr8k-1000`: `OUT/train/`, `OUT/val/` and `OUT/test/`, each with its pictures (.png) and their `captions.json`.
 * - `review-polarity`: `OUT/fold-01.jsonl` to `OUT/fold-10.jsonl`, whole reviews.
 */
export async function reproduce([set, folder, out]: string[]): Promise<void> {
  const convert = Object.hasOwn(CONVERTERS, set ?? "")
    ? CONVERTERS[set as keyof typeof CONVERTERS]
    : undefined;
  if (convert === undefined || folder === undefined || out === undefined) {
    const sets = Object.keys(CONVERTERS).join(", ");
    throw new Error(`usage: npm run reproduce convert -- SET FOLDER OUT, SET one of ${sets}`);
  }
  mkdirSync(out, { recursive: true });
  console.log(convert(folder, out));
}

const CONVERTERS = {
  fsdd: convertDigits,
  "japanese-vowels": convertVowels,
  utkinect: convertSkeletons,
  "flickr8k-1000": convertPhotographs,
  "review-polarity": convertReviews,
};

const readJson = <T>(...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8")) as T;
const readGzip = (...path: string[]) => gunzipSync(readFileSync(join(...path)));

/** Integers of 16 bits, little-endian. */
function readInts(...path: string[]): Int16Array {
  const bytes = readGzip(...path);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

interface Digits {
  rate: number;
  items: { digit: number; speaker: string; index: number; offset: number; length: number; split: string }[];
}

function convertDigits(folder: string, out: string): string {
  const { rate, items } = readJson<Digits>(folder, "index.json");
  const audio = readInts(folder, "audio.i16.gz");
  for (const { digit, speaker, index, offset, length, split } of items) {
    const samples = Float32Array.from(audio.subarray(offset, offset + length), (level) => level / 2 ** 15);
    const target = join(out, split, `${digit}`);
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, `${speaker}_${digit}_${index}.wav`), encodeWav(samples, { sampleRate: rate }));
  }
  const test = items.filter(({ split }) => split === "test").length;
  return `${items.length - test} recordings to train on, ${test} to test`;
}

/** One file of sequences, as the tasks read it. */
interface Sequences {
  /** The numbers of all steps in turn. */
  readonly x: Float32Array;
  readonly lengths: readonly number[];
  readonly y: NpyValues;
  readonly groups?: readonly string[];
  readonly features?: readonly string[];
}

function writeSequences(path: string, { x, lengths, y, groups, features }: Sequences): void {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const arrays = new Map<string, { shape: number[]; values: NpyValues }>([
    ["x", { shape: [total, x.length / total], values: x }],
    ["lengths", { shape: [lengths.length], values: Int32Array.from(lengths) }],
    ["y", { shape: [y.length], values: y }],
  ]);
  if (groups !== undefined) arrays.set("groups", { shape: [groups.length], values: groups });
  if (features !== undefined) arrays.set("features", { shape: [features.length], values: features });
  writeFileSync(path, writeNpz(arrays));
}

/** Sequences of each speaker, from 1 on. The test part has them in this order, with these counts. */
const VOWELS = {
  train: [30, 30, 30, 30, 30, 30, 30, 30, 30],
  test: [31, 35, 88, 44, 29, 24, 40, 50, 29],
};

function convertVowels(folder: string, out: string): string {
  const counts = Object.entries(VOWELS).map(([part, perSpeaker]) => {
    const sequences = splitVowels(readGzip(folder, `ae.${part}.gz`).toString("latin1"));
    const y = perSpeaker.flatMap((count, speaker) => new Array<number>(count).fill(speaker + 1));
    if (y.length !== sequences.length) {
      throw new Error(`ae.${part}.gz has ${sequences.length} sequences, expected ${y.length}`);
    }
    const x = Float32Array.from(sequences.flat(2));
    const lengths = sequences.map((rows) => rows.length);
    writeSequences(join(out, `${part}.npz`), { x, lengths, y: Int32Array.from(y) });
    return `${sequences.length} sequences to ${part}`;
  });
  return counts.join(", ");
}

/** Rows of 12 numbers; one of ones alone ends a sequence. */
function splitVowels(text: string): number[][][] {
  const sequences: number[][][] = [];
  let rows: number[][] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const row = line.trim().split(/\s+/).map(Number);
    if (row.length !== 12) throw new Error(`expected rows of 12 numbers, got ${row.length}`);
    if (!row.every((number) => number === 1)) rows.push(row);
    else if (rows.length > 0) {
      sequences.push(rows);
      rows = [];
    }
  }
  if (rows.length > 0) sequences.push(rows);
  return sequences;
}

interface Skeletons {
  classes: string[];
  values_per_frame: number;
  sequences: { subject: number; offset: number; length: number; labels: number[] }[];
}

function convertSkeletons(folder: string, out: string): string {
  const index = readJson<Skeletons>(folder, "index.json");
  const joints = readInts(folder, "joints.i16.gz");
  const width = index.values_per_frame;
  const features = Array.from(
    { length: width },
    (_, at) => `joint${1 + Math.floor(at / 3)}.${"xyz"[at % 3]}`,
  );
  const write = (name: string, sequences: Skeletons["sequences"]) => {
    const millimetres = sequences.flatMap(({ offset, length }) => [
      ...joints.subarray(offset * width, (offset + length) * width),
    ]);
    writeSequences(join(out, name), {
      x: Float32Array.from(millimetres, (value) => value / 1000),
      lengths: sequences.map(({ length }) => length),
      y: sequences.flatMap(({ labels }) => labels.map((label) => index.classes[label])),
      groups: sequences.map(({ subject }) => `subject${subject}`),
      features,
    });
  };
  const [train, test] = [true, false].map((isTrain) =>
    index.sequences.filter(({ subject }) => subject <= 5 === isTrain),
  );
  write("train.npz", train);
  write("test.npz", test);
  write("all.npz", index.sequences);
  return `${train.length} recordings of subjects 1 to 5, ${test.length} of subjects 6 to 10`;
}

interface Review {
  id: string;
  label: number;
  fold: number;
  text: string;
}

function convertReviews(folder: string, out: string): string {
  const reviews = readGzip(folder, "reviews.jsonl.gz")
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Review);
  const folds = [...new Set(reviews.map(({ fold }) => fold))].sort((a, b) => a - b);
  for (const fold of folds) {
    const own = reviews.filter((review) => review.fold === fold);
    const lines = own.map(({ id, label, text }) =>
      JSON.stringify({ id, label: label === 1 ? "positive" : "negative", text }),
    );
    writeFileSync(join(out, `fold-${String(fold).padStart(2, "0")}.jsonl`), `${lines.join("\n")}\n`);
  }
  return `${reviews.length} reviews in ${folds.length} folds`;
}

interface Photographs {
  width: number;
  height: number;
  images: { file: string; captions: string[]; split: string }[];
}

function convertPhotographs(folder: string, out: string): string {
  const { width, height, images } = readJson<Photographs>(folder, "captions.json");
  const pixels = readGzip(folder, "images-64x64x3.u8.gz");
  const size = height * width * 3;
  const lists = new Map<string, { file: string; captions: string[] }[]>();
  for (const [at, { file, captions, split }] of images.entries()) {
    const name = file.replace(/\.jpg$/, ".png");
    const data = new Uint8Array(pixels.subarray(at * size, (at + 1) * size));
    mkdirSync(join(out, split), { recursive: true });
    writeFileSync(join(out, split, name), encodePng({ width, height, channels: 3, data }));
    lists.set(split, [...(lists.get(split) ?? []), { file: name, captions }]);
  }
  for (const [split, list] of lists) {
    writeFileSync(join(out, split, "captions.json"), `${JSON.stringify(list, undefined, 2)}\n`);
  }
  return Array.from(lists, ([split, list]) => `${list.length} pictures in ${split}`).join(", ");
}
