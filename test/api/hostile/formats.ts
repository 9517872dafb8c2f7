/** Calls of what reads and writes files of data, and of what makes sequences and frames of them. */
import * as data from "../../../src/data/index.ts";
import * as io from "../../../src/io/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const file = (text: string) => arg.only(() => encode(text));
const name = arg.text("a.csv");
const named = (more: Parameters<typeof arg.required>[0] = {}) => arg.required({ name, ...more });

const table = () => io.parseTable(encode("x,label\n1,a\n2,b\n"), { name: "a.csv" });
const records = () => io.parseJsonLines(encode('{"text": "a"}'), { name: "a.jsonl" });
const array = () => ({ shape: [1, 2], values: Float32Array.of(1, 2) });
const arrays = () => io.parseNpz(io.writeNpz(new Map([["x", array()]])), "a.npz");

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
const isSamples = (value: unknown) =>
  isList(value) && value.length > 0 && Array.from(value).every(Number.isFinite);
const samples = arg.such(() => Float32Array.of(0.5, -0.5), isSamples);
const column = arg.such(
  () => "x",
  (value) => value === 0 || value === 1,
);
const seconds = (valid: number) =>
  arg.such(
    () => valid,
    (value) => value === undefined || (typeof value === "number" && value >= 0.001 && value <= 1),
  );

function tables(): HostileTarget[] {
  return [
    {
      name: "parseTable",
      args: {
        bytes: file("x,y\n1,2\n"),
        options: named({ delimiter: arg.optional(arg.word(",", ";", "\t")) }),
      },
      call: (bytes: never, options: never) => io.parseTable(bytes, options),
    },
    {
      name: "requireColumn",
      args: { table: arg.only(table), name: arg.only(() => "x") },
      call: (table: never, name: never) => io.requireColumn(table, name),
    },
    {
      name: "textColumn",
      args: { table: arg.only(table), column },
      call: (table: never, column: never) => io.textColumn(table, column),
    },
    {
      name: "numericColumn",
      // Column 1 has texts.
      args: {
        table: arg.only(table),
        column: arg.such(
          () => "x",
          (value) => value === 0,
        ),
      },
      call: (table: never, column: never) => io.numericColumn(table, column),
    },
    {
      name: "parseJsonLines",
      args: { bytes: file('{"text": "a"}'), options: named() },
      call: (bytes: never, options: never) => io.parseJsonLines(bytes, options),
    },
    {
      name: "textField",
      args: {
        file: arg.only(records),
        index: arg.such(
          () => 0,
          (value) => value === 0,
        ),
        field: arg.only(() => "text"),
      },
      call: (file: never, index: never, field: never) => io.textField(file, index, field),
    },
    {
      name: "parseConll",
      args: {
        bytes: file("a X\nb Y\n"),
        options: named({
          wordColumn: arg.such(
            () => 0,
            (value) => value === undefined || value === 0 || value === 1,
          ),
          tagColumn: arg.such(
            () => 1,
            (value) => value === undefined || value === null || [0, 1, -1].includes(value as number),
          ),
        }),
      },
      call: (bytes: never, options: never) => io.parseConll(bytes, options),
    },
    {
      name: "parseWordVectors",
      args: { bytes: file("a 1 2\n"), options: named({ words: arg.only(() => new Set(["a"])) }) },
      call: (bytes: never, options: never) => io.parseWordVectors(bytes, options),
    },
  ];
}

function arraysAndSounds(): HostileTarget[] {
  return [
    {
      name: "parseNpy",
      args: { bytes: arg.only(() => io.writeNpy(array())), name },
      call: (bytes: never, name: never) => io.parseNpy(bytes, name),
    },
    {
      name: "writeNpy",
      args: {
        array: arg.required({
          shape: arg.such(
            () => [1, 2],
            // Those of two elements.
            (value) =>
              isList(value) &&
              value.length > 0 &&
              Array.from(value).every((size) => size === 1 || size === 2) &&
              Array.from(value as ArrayLike<number>).reduce((a, b) => a * b, 1) === 2,
          ),
          values: arg.such(
            () => Float32Array.of(1, 2),
            (value) =>
              value instanceof Int32Array ||
              (Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === "string")),
          ),
          dtype: arg.optional(arg.only(() => undefined)),
        }),
      },
      call: (array: never) => io.writeNpy(array),
    },
    {
      name: "parseNpz",
      args: {
        bytes: arg.only(() => io.writeNpz(new Map([["x", array()]]))),
        name,
        options: arg.options({
          maxBytes: arg.such(
            () => 1000,
            (value) => value === undefined || (Number.isSafeInteger(value) && (value as number) > 135),
          ),
        }),
      },
      call: (bytes: never, name: never, options: never) => io.parseNpz(bytes, name, options),
    },
    {
      name: "writeNpz",
      args: {
        arrays: arg.such(
          () => new Map([["x", array()]]),
          (value) => value instanceof Map,
        ),
      },
      call: (arrays: never) => io.writeNpz(arrays),
    },
    {
      name: "parseWav",
      args: { bytes: arg.only(() => io.encodeWav([0.5], { sampleRate: 8000 })), name },
      call: (bytes: never, name: never) => io.parseWav(bytes, name),
    },
    {
      name: "encodeWav",
      args: {
        samples,
        options: arg.required({
          sampleRate: arg.only(() => 8000),
          encoding: arg.optional(arg.word("pcm8", "pcm16", "pcm24", "pcm32", "float32")),
        }),
      },
      call: (samples: never, options: never) => io.encodeWav(samples, options),
    },
  ];
}

export const formatTargets = (): HostileTarget[] => [...tables(), ...arraysAndSounds()];

export function sequenceTargets(): HostileTarget[] {
  const items = arg.only(() => data.frameItems([[1, 2, 3, 4]], 2));
  const numbers = (valid: number[], fits: (value: number) => boolean) =>
    arg.such(
      () => valid,
      (value) =>
        isList(value) &&
        value.length === 2 &&
        Array.from(value as ArrayLike<number>).every((one) => typeof one === "number" && fits(one)),
    );
  const scaling = arg.required({
    mean: numbers([0, 1], Number.isFinite),
    deviation: numbers([1, 2], (value) => value > 0 && Number.isFinite(value)),
  });
  const labels = arg.word("sequence", "step");
  const features = (...valid: string[]) => arg.optional(arg.only(() => valid));
  return [
    {
      name: "sequencesFromTable",
      args: {
        table: arg.only(table),
        options: arg.required({
          labels,
          // A column that is not there is none of the sequences', and the texts of "label" are no features.
          sequenceColumn: arg.optional(arg.text("sequence")),
          labelColumn: arg.such(
            () => "label",
            (value) => value === undefined,
          ),
          groupColumn: arg.optional(arg.text("group")),
          features: features("x"),
        }),
      },
      call: (table: never, options: never) => data.sequencesFromTable(table, options).items.count,
    },
    {
      name: "sequencesFromArrays",
      args: {
        arrays: arg.only(arrays),
        options: named({
          labels,
          // Two names of any kind, since the file has none.
          features: arg.such(
            () => ["0", "1"],
            (value) => value === undefined || (Array.isArray(value) && value[0] === "2"),
          ),
        }),
      },
      call: (arrays: never, options: never) => data.sequencesFromArrays(arrays, options).items.count,
    },
    {
      name: "sortLabels",
      args: {
        labels: arg.such(
          () => ["b", "a"],
          (value) => Array.isArray(value) && Array.from(value).every((one) => typeof one === "string"),
        ),
      },
      call: (labels: never) => data.sortLabels(labels),
    },
    { name: "fitScaling", args: { items }, call: (items: never) => data.fitScaling(items) },
    {
      name: "applyScaling",
      args: { items, scaling },
      call: (items: never, scaling: never) => data.applyScaling(items, scaling).count,
    },
    {
      name: "scalingFromJSON",
      args: { value: scaling, where: arg.optional(arg.text("run.json")) },
      call: (value: never, where: never) => data.scalingFromJSON(value, where),
    },
    {
      name: "resample",
      args: {
        samples: arg.such(
          () => [0.5, 0.25],
          (value) => isList(value) && Array.from(value).every(Number.isFinite),
        ),
        from: arg.only(() => 8000),
        to: arg.only(() => 4000),
      },
      call: (samples: never, from: never, to: never) => data.resample(samples, from, to),
    },
    {
      name: "logMelFrames",
      args: {
        samples,
        sampleRate: arg.only(() => 8000),
        options: arg.options({
          rate: arg.optional(arg.only(() => 4000)),
          bands: arg.such(
            () => 10,
            (value) =>
              value === undefined ||
              (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 256),
          ),
          window: seconds(0.02),
          hop: seconds(0.01),
          lowest: arg.such(
            () => 50,
            (value) => value === undefined || (typeof value === "number" && value >= 0 && value < 1500),
          ),
          highest: arg.optional(arg.only(() => 1500)),
          floor: arg.optional(arg.above0(1e-6)),
          relative: arg.optional(arg.flag()),
          centered: arg.such(
            () => 0.5,
            (value) => value === undefined || (typeof value === "number" && value >= 0 && value <= 1),
          ),
        }),
      },
      call: (samples: never, rate: never, options: never) => data.logMelFrames(samples, rate, options),
    },
  ];
}
