/** Tokenizers, and what the suite of `data` shares with them. */
import { runJob } from "../../../src/core/job.ts";
import * as data from "../../../src/data/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const TEXT = "one two three, two three four. ".repeat(20);
export const corpus = data.corpusFromText(TEXT);
export const { ids, vocabulary } = corpus;
const words = data.WordTokenizer.train([TEXT], 8);
const pairs = data.BpeTokenizer.train([TEXT], 260);

/** `value`, where a short list of what fits. */
const isListOf = (fits: (one: unknown) => boolean) => (value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  Number.isInteger((value as ArrayLike<unknown>).length) &&
  (value as ArrayLike<unknown>).length >= 0 &&
  (value as ArrayLike<unknown>).length < 100 &&
  Array.from(value as ArrayLike<unknown>).every(fits);
export const isIdBelow = (bound: number) => (one: unknown) =>
  Number.isInteger(one) && (one as number) >= 0 && (one as number) < bound;
const isIds = (value: unknown) => value instanceof Int32Array;
const isIterable = (value: unknown) =>
  typeof value === "object" && value !== null && Symbol.iterator in value;

export const encoded = arg.such(() => ids, isIds);
export const known = arg.only(() => vocabulary);
export const text = arg.text("one two");
export const skip = arg.options({ skipUnknown: arg.optional(arg.flag()) });
export const where = arg.optional(arg.text("file"));
const json = (make: () => unknown) => arg.such(make, () => true);

export function tokenizers(): HostileTarget[] {
  const { train: trainWords } = data.WordTokenizer;
  const { train: trainPairs } = data.BpeTokenizer;
  const each: [string, data.Tokenizer][] = [
    ["Vocabulary", vocabulary],
    ["WordTokenizer", words],
    ["BpeTokenizer", pairs],
  ];
  const pieces = arg.such(
    () => [TEXT],
    (value) => isIterable(value),
  );
  const sizes = (least: number) => (value: unknown) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= data.MAX_VOCABULARY;
  return [
    ...each.flatMap(([name, tokenizer]): HostileTarget[] => [
      { name: `${name}#encode`, args: { text }, call: (text: never) => tokenizer.encode(text) },
      {
        name: `${name}#decode`,
        args: { ids: arg.such(() => [0, 1], isListOf(isIdBelow(tokenizer.size))) },
        call: (ids: never) => tokenizer.decode(ids),
      },
      {
        name: `${name}#decoder`,
        args: { id: arg.such(() => 1, isIdBelow(tokenizer.size)) },
        call: (id: number) => tokenizer.decoder().push(id),
      },
    ]),
    ...[vocabulary, words].map((tokenizer) => ({
      name: `${tokenizer.constructor.name}#encode with options`,
      args: { text: arg.text("one"), options: skip },
      call: (text: never, options: never) => tokenizer.encode(text, options),
    })),
    {
      name: "BpeTokenizer#encodeJob",
      args: { text },
      call: (text: never) => runJob(pairs.encodeJob(text)),
    },
    {
      name: "WordTokenizer#unknownWords",
      args: { text },
      call: (text: never) => words.unknownWords(text),
    },
    {
      name: "Vocabulary#id",
      args: { character: text },
      call: (character: never) => vocabulary.id(character),
    },
    {
      name: "Vocabulary",
      args: {
        characters: arg.such(
          () => ["a", "b"],
          (value) => typeof value === "string" || isIterable(value),
        ),
      },
      call: (characters: never) => new data.Vocabulary(characters),
    },
    {
      name: "Vocabulary.fromJSON",
      args: { value: json(() => ["a", "b"]), where },
      call: (value: never, where: never) => data.Vocabulary.fromJSON(value, where),
    },
    {
      name: "WordTokenizer",
      args: {
        words: arg.such(
          () => ["a", "b"],
          isListOf((one) => typeof one === "string"),
        ),
      },
      call: (words: never) => new data.WordTokenizer(words),
    },
    ...arg.withJob(
      {
        name: "WordTokenizer.train",
        args: { pieces, size: arg.such(() => 8, sizes(2)) },
        call: (pieces: never, size: never) => trainWords.call(data.WordTokenizer, pieces, size),
      },
      (pieces: never, size: never) => data.WordTokenizer.trainJob(pieces, size),
    ),
    {
      name: "WordTokenizer.fromJSON",
      args: { value: json(() => words.toJSON()), where },
      call: (value: never, where: never) => data.WordTokenizer.fromJSON(value, where),
    },
    {
      name: "BpeTokenizer",
      args: {
        merges: arg.such(
          () => [[97, 98]],
          isListOf(() => false),
        ),
      },
      call: (merges: never) => new data.BpeTokenizer(merges),
    },
    ...arg.withJob(
      {
        name: "BpeTokenizer.train",
        args: { pieces, size: arg.such(() => 258, sizes(256)) },
        call: (pieces: never, size: never) => trainPairs.call(data.BpeTokenizer, pieces, size),
      },
      (pieces: never, size: never) => data.BpeTokenizer.trainJob(pieces, size),
    ),
    {
      name: "BpeTokenizer.fromJSON",
      args: { value: json(() => pairs.toJSON()), where },
      call: (value: never, where: never) => data.BpeTokenizer.fromJSON(value, where),
    },
    {
      name: "tokenizerFromJSON",
      args: { value: json(() => words.toJSON()), where },
      call: (value: never, where: never) => data.tokenizerFromJSON(value, where),
    },
    ...arg.withJob(
      {
        name: "tokenize",
        args: { ids: encoded, vocabulary: known, tokenizer: arg.only(() => words), options: skip },
        call: (ids: never, vocabulary: never, tokenizer: never, options: never) =>
          data.tokenize(ids, vocabulary, tokenizer, options),
      },
      (ids: never, vocabulary: never, tokenizer: never, options: never) =>
        data.tokenizeJob(ids, vocabulary, tokenizer, options),
    ),
    {
      name: "slicesOf",
      args: { ids: encoded, vocabulary: known },
      call: (ids: never, vocabulary: never) => [...data.slicesOf(ids, vocabulary)],
    },
    {
      name: "showCharacter",
      args: {
        character: arg.such(
          () => "a",
          (value) => typeof value === "string" && value !== "",
        ),
      },
      call: (character: never) => data.showCharacter(character),
    },
  ];
}
