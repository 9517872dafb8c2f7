/** Calls of what handles pairs of sentences. */
import * as data from "../../../src/data/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isList = (value: unknown): value is unknown[] => Array.isArray(value) || ArrayBuffer.isView(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isSizeUpTo = (most: number) => (value: unknown) =>
  isCount(value) && value !== 0 && (value as number) <= most;

const LINES = ["a b", "b c a", "c"];
const pairs = () => data.sentencePairs(LINES, LINES);
const tokens = () => data.learnPairTokens(LINES, { kind: "word", minCount: 1 });
const store = () => data.encodePairs(pairs(), { source: tokens(), target: tokens() });
const indices = arg.such(
  () => [0, 2],
  (value) => isList(value) && Array.from(value).every((index) => isCount(index) && (index as number) < 3),
);
const seed = arg.optional(arg.integer(1));

function texts(): HostileTarget[] {
  const lines = arg.only(() => LINES);
  const anyTexts = arg.such(
    () => LINES,
    (value) =>
      isList(value) && value.length > 0 && Array.from(value).every((text) => typeof text === "string"),
  );
  const groups = arg.optional(arg.only(() => ["x", "y", "x"]));
  const learned = arg.required({
    kind: arg.word("word", "char", "bpe"),
    lowercase: arg.optional(arg.flag()),
    minCount: arg.optional(arg.size(1)),
    size: arg.such(
      () => 300,
      (value) => value === undefined || (isSizeUpTo(65_535)(value) && (value as number) > 3),
    ),
  });
  const hooks = { onProgress() {}, onNote() {} };
  const column = (valid: string) => arg.optional(arg.text(valid));
  return [
    ...arg.withJob(
      {
        name: "sentencePairs",
        args: { sources: lines, targets: lines, options: arg.options({ groups }) },
        call: (...all: never[]) =>
          data.sentencePairs(...(all as unknown as Parameters<typeof data.sentencePairs>)),
      },
      (...all: never[]) =>
        data.sentencePairsJob(...(all as unknown as Parameters<typeof data.sentencePairsJob>)),
    ),
    {
      name: "splitPairs",
      args: { pairs: arg.only(pairs), share: arg.below1(0.5), options: arg.options({ seed }) },
      call: (pairs: never, share: never, options: never) => data.splitPairs(pairs, share, options),
    },
    ...arg.withJob(
      {
        name: "learnPairTokens",
        args: { texts: anyTexts, options: learned },
        call: (texts: never, options: never) => data.learnPairTokens(texts, options),
      },
      (texts: never, options: never) => data.learnPairTokensJob(texts, options),
    ),
    {
      name: "pairTokensFromJSON",
      args: { value: arg.only(() => tokens().toJSON()), where: arg.optional(arg.text("file")) },
      call: (value: never, where: never) => data.pairTokensFromJSON(value, where),
    },
    {
      name: "splitLongText",
      args: {
        text: arg.text("a b c"),
        tokens: arg.only(tokens),
        maxLength: arg.such(
          () => 8,
          (value) => isCount(value) && (value as number) >= 8,
        ),
      },
      call: (text: never, tokens: never, most: never) => data.splitLongText(text, tokens, most),
    },
    {
      name: "readPairs",
      args: { options: arg.options({ sourceColumn: column("0"), targetColumn: column("1") }) },
      call: (options: never) =>
        data.readPairs(data.memorySource([{ name: "a.tsv", content: "a\tb\n" }]), options, hooks),
    },
  ];
}

function batches(): HostileTarget[] {
  const plan = () => new data.PairBatches(store(), { batchSize: 2, shuffle: false });
  const row = (valid: number) =>
    arg.such(
      () => valid,
      (value) => value === undefined || (isCount(value) && (value as number) <= 2),
    );
  const options = {
    source: arg.only(tokens),
    target: arg.only(tokens),
    indices: arg.optional(indices),
    maxLength: arg.optional(arg.size(3)),
    reverseSources: arg.optional(arg.flag()),
  };
  return [
    ...arg.withJob(
      {
        name: "encodePairs",
        args: { pairs: arg.only(pairs), options: arg.required(options) },
        call: (pairs: never, options: never) => data.encodePairs(pairs, options),
      },
      (pairs: never, options: never) => data.encodePairsJob(pairs, options),
    ),
    {
      name: "PairBatches",
      args: {
        store: arg.only(store),
        options: arg.required({
          batchSize: arg.size(2),
          seed,
          shuffle: arg.optional(arg.flag()),
          bucketBatches: arg.such(
            () => 2,
            (value) => value === undefined || value === Infinity || (isCount(value) && value !== 0),
          ),
        }),
      },
      call: (store: never, options: never) => new data.PairBatches(store, options).batch(0),
    },
    { name: "PairBatches#pass", args: { step: arg.count(1) }, call: (step: never) => plan().pass(step) },
    { name: "PairBatches#batch", args: { step: arg.count(1) }, call: (step: never) => plan().batch(step) },
    {
      name: "PairBatches#fill",
      args: { step: arg.count(0), from: row(0), to: row(2) },
      call: (step: never, from: never, to: never) => plan().fill(step, from, to),
    },
    {
      name: "padPairs",
      args: { store: arg.only(store), indices },
      call: (store: never, indices: never) => data.padPairs(store, indices),
    },
  ];
}

function generated(): HostileTarget[] {
  const upTo = (valid: number, most: number) =>
    arg.such(
      () => valid,
      (value) => value === undefined || isSizeUpTo(most)(value),
    );
  return [
    {
      name: "dateFormatPairs",
      args: { options: arg.options({ count: upTo(5, 100_000), seed }) },
      call: (options: never) => data.dateFormatPairs(options),
    },
    {
      name: "reversalPairs",
      args: {
        options: arg.options({
          count: upTo(5, 1_000_000),
          shortest: upTo(4, 1000),
          longest: upTo(8, 1000),
          seed,
        }),
      },
      call: (options: never) => data.reversalPairs(options),
    },
  ];
}

export function pairTargets(): HostileTarget[] {
  return [...texts(), ...batches(), ...generated()];
}
