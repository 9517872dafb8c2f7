/** Advice about pairs of sentences and packed files. */
import { gzipSync } from "node:zlib";
import {
  encodePairs,
  learnPairTokens,
  type MemoryFile,
  memorySource,
  type ReadPairsOptions,
  readPairs,
  sentencePairs,
} from "../../src/data/index.ts";
import { gunzip } from "../../src/io/gunzip.ts";
import type { Entries, Entry } from "./harness.ts";

/** The first call gives the advice, the second one is what it says. */
const tried = (hint: string, wrong: () => unknown, right: () => unknown): Entry => ({
  hint,
  async follow(met) {
    await met.code(wrong);
    await right();
  },
});

const read = (files: Readonly<Record<string, string | Uint8Array>>, options: ReadPairsOptions = {}) =>
  readPairs(
    memorySource(Object.entries(files).map(([name, content]): MemoryFile => ({ name, content }))),
    options,
    { onProgress() {}, onNote() {} },
  );

const two = () => read({ "a.de": "eins\nzwei\n", "a.en": "one\ntwo\n" });
const long = "word ".repeat(250_000);
const tokens = learnPairTokens(["a b c"], { kind: "word", minCount: 1 });
const encode = (maxLength: number) =>
  encodePairs(sentencePairs(["a b c"], ["a"]), { source: tokens, target: tokens, maxLength });

export const PAIRS: Entries = {
  "data/pairs.ts": [
    tried(
      "give at least one pair with text on both sides",
      () => sentencePairs(["", "a"], ["a", " "]),
      () => sentencePairs(["", "a"], ["a", "b"]),
    ),
    tried(
      "give each sentence a line of its own",
      () => read({ a: long, b: "x" }),
      () => read({ a: long.replaceAll(" ", "\n"), b: "x\n".repeat(250_000) }),
    ),
  ],
  "data/read-pairs.ts": [
    {
      hint: "* * with an empty source or target left out",
      explains: "what of the data is not trained on",
    },
    {
      hint: "the lines of * are the sources, those of * the targets",
      explains: "which of the two files is translated into the other, as their order says",
    },
    {
      hint: "of each line of * column * is the source, column * the target",
      explains: "what was taken where no column is named",
    },
    {
      hint: "in * column * is the source, column * the target",
      explains: "what was taken where no column is named",
    },
    tried(
      "name two text files, or files of one kind",
      () => read({ "a.csv": "a,b\n1,2\n", "b.de": "x" }),
      two,
    ),
    tried("name two files, the sources first", () => read({ a: "x", b: "x", c: "x" }), two),
    tried(
      "leave --source-column and --target-column out, or name one file",
      () => read({ a: "x", b: "y" }, { sourceColumn: "0" }),
      two,
    ),
    tried(
      "line n of one file must be the translation of line n of the other; where there is none, leave the line empty",
      () => read({ a: "x\ny\nz\n", b: "x\nz\n" }),
      () => read({ a: "x\ny\nz\n", b: "x\n\nz\n" }),
    ),
    tried(
      "separate the source and the target of each line by a tab",
      () => read({ a: "x\ty\nz\n" }),
      () => read({ a: "x\ty\nz\tz\n" }),
    ),
    tried(
      "name two files, the sources first, or separate the source and the target of each line by a tab",
      () => read({ a: "x\n" }),
      () => read({ a: "x\ty\n" }),
    ),
    tried(
      "count the columns from 0",
      () => read({ a: "x\ty\n" }, { sourceColumn: "1", targetColumn: "2" }),
      () => read({ a: "x\ty\n" }, { sourceColumn: "0", targetColumn: "1" }),
    ),
    tried(
      "name two columns with --source-column and --target-column",
      () => read({ a: "x\ty\n" }, { sourceColumn: "1" }),
      () => read({ a: "x\ty\n" }, { sourceColumn: "1", targetColumn: "0" }),
    ),
  ],
  "data/pair-batches.ts": [
    tried(
      "allow longer ones with --max-length, or give shorter sentences",
      () => encode(2),
      () => encode(3),
    ),
  ],
  "io/gunzip.ts": [
    tried(
      "get it again, or unpack it with gunzip",
      () => read({ "a.gz": gzipSync("x\ty\n").subarray(0, 12) }),
      () => read({ "a.gz": gzipSync("x\ty\n") }),
    ),
    tried(
      "unpack it yourself, with gunzip, and cut it into several files",
      () => gunzip(gzipSync(new Uint8Array(2000)), "a.gz", { maxBytes: 1000 }),
      () => gunzip(gzipSync(new Uint8Array(1000)), "a.gz", { maxBytes: 1000 }),
    ),
  ],
};
