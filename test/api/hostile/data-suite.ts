import * as data from "../../../src/data/index.ts";
import type { Argument, HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const TEXT = "one two three, two three four. ".repeat(20);
const corpus = data.corpusFromText(TEXT);
const { ids, vocabulary } = corpus;
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
const isIdBelow = (bound: number) => (one: unknown) =>
  Number.isInteger(one) && (one as number) >= 0 && (one as number) < bound;
const isIds = (value: unknown) => value instanceof Int32Array;
const isIterable = (value: unknown) =>
  typeof value === "object" && value !== null && Symbol.iterator in value;

const encoded = arg.such(() => ids, isIds);
const known = arg.only(() => vocabulary);
const text = arg.text("one two");
const where = arg.optional(arg.text("file"));
const json = (make: () => unknown) => arg.such(make, () => true);

function tokenizers(): HostileTarget[] {
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
    {
      name: "Vocabulary#encode with options",
      args: { text: arg.text("one"), options: arg.options({ skipUnknown: arg.optional(arg.flag()) }) },
      call: (text: never, options: never) => vocabulary.encode(text, options),
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
    {
      name: "WordTokenizer.train",
      args: { pieces, size: arg.such(() => 8, sizes(2)) },
      call: (pieces: never, size: never) => trainWords.call(data.WordTokenizer, pieces, size),
    },
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
    {
      name: "BpeTokenizer.train",
      args: { pieces, size: arg.such(() => 258, sizes(256)) },
      call: (pieces: never, size: never) => trainPairs.call(data.BpeTokenizer, pieces, size),
    },
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
    {
      name: "tokenize",
      args: { ids: encoded, vocabulary: known, tokenizer: arg.only(() => words) },
      call: (ids: never, vocabulary: never, tokenizer: never) => data.tokenize(ids, vocabulary, tokenizer),
    },
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

function texts(): HostileTarget[] {
  const split = arg.options({ sequenceLength: arg.optional(arg.size(3)) });
  const skip = arg.options({ skipUnknown: arg.optional(arg.flag()) });
  const built = () => {
    const builder = new data.CorpusBuilder();
    builder.begin("file");
    return builder;
  };
  const segments = new data.EvalSegments(ids);
  const streams = new data.TextStreams(ids, { batchSize: 2, sequenceLength: 3 });
  const sizes = {
    ...{ scored: arg.optional(arg.size(100)), context: arg.optional(arg.count(10)) },
    maxSegments: arg.optional(
      arg.such(
        () => 3,
        (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 1),
      ),
    ),
  };
  const column = (valid: number) => arg.count(valid);
  const room = arg.only(() => new Int32Array(6));
  const hasher = arg.optional(arg.only(() => new data.Sha256()));
  return [
    {
      name: "corpusFromText",
      args: { text, name: where },
      call: (text: never, name: never) => data.corpusFromText(text, name),
    },
    { name: "CorpusBuilder", args: {}, call: () => new data.CorpusBuilder() },
    {
      name: "CorpusBuilder#begin",
      args: { name: text },
      call: (name: never) => new data.CorpusBuilder().begin(name),
    },
    {
      name: "CorpusBuilder#push",
      args: { piece: arg.only(() => Uint8Array.of(97)) },
      call: (piece: never) => built().push(piece),
    },
    {
      name: "CorpusBuilder#finish",
      args: { hasher },
      call: (hasher: never) => {
        const builder = built();
        builder.push(Uint8Array.of(97, 98));
        builder.end();
        return builder.finish(hasher);
      },
    },
    {
      name: "TextCorpus",
      args: { ids: encoded, vocabulary: known, fingerprint: text },
      call: (ids: never, vocabulary: never, fingerprint: never) =>
        new data.TextCorpus(ids, vocabulary, fingerprint),
    },
    {
      name: "TextCorpus#text",
      args: { start: arg.optional(arg.count(1)), end: arg.optional(arg.count(3)) },
      call: (start: never, end: never) => corpus.text(start, end),
    },
    {
      name: "TextCorpus#withVocabulary",
      args: { vocabulary: known, options: skip },
      call: (vocabulary: never, options: never) => corpus.withVocabulary(vocabulary, options),
    },
    {
      name: "TextCorpus#split",
      args: { valFraction: arg.below1(0.2), options: split },
      call: (valFraction: never, options: never) => corpus.split(valFraction, options),
    },
    {
      name: "EvalSegments",
      args: { ids: encoded, options: arg.options(sizes) },
      call: (ids: never, options: never) => new data.EvalSegments(ids, options),
    },
    {
      name: "EvalSegments#batches",
      args: { rows: arg.size(2) },
      call: (rows: never) => segments.batches(rows),
    },
    {
      name: "EvalBatch.window",
      args: { from: column(0), to: column(3) },
      call: (from: never, to: never) => segments.batches(2)[0].window(from, to),
    },
    {
      name: "TextStreams",
      args: {
        ids: encoded,
        options: arg.required({
          batchSize: arg.size(2),
          sequenceLength: arg.size(3),
          seed: arg.optional(arg.integer(0)),
        }),
      },
      call: (ids: never, options: never) => new data.TextStreams(ids, options),
    },
    { name: "TextStreams#epoch", args: { step: arg.count(1) }, call: (step: never) => streams.epoch(step) },
    {
      name: "TextStreams#startsPass",
      args: { step: arg.count(1) },
      call: (step: never) => streams.startsPass(step),
    },
    {
      name: "TextStreams#fill",
      args: { step: arg.count(1), from: column(0), to: column(2), inputs: room, targets: room },
      call: (step: never, from: never, to: never, inputs: never, targets: never) =>
        streams.fill(step, from, to, inputs, targets),
    },
    {
      name: "addingBatch",
      args: {
        rng: arg.generator,
        batch: arg.size(2),
        steps: arg.such(
          () => 3,
          (value) => Number.isSafeInteger(value) && (value as number) >= 2,
        ),
      },
      call: (rng: never, batch: never, steps: never) => data.addingBatch(rng, batch, steps),
    },
    { name: "Sha256", args: {}, call: () => new data.Sha256() },
    {
      name: "Sha256#update",
      args: { bytes: arg.only(() => Uint8Array.of(1)) },
      call: (bytes: never) => new data.Sha256().update(bytes),
    },
    {
      name: "Sha256#digest",
      args: { encoding: arg.word("hex") },
      call: (encoding: never) => new data.Sha256().digest(encoding),
    },
  ];
}

function statistics(): HostileTarget[] {
  const size = arg.such(
    () => vocabulary.size,
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= data.MAX_VOCABULARY,
  );
  const trained = () => {
    const model = new data.TrigramModel(vocabulary.size);
    model.count(ids);
    return model;
  };
  const context: Argument = arg.such(
    () => 1,
    (value) => Number.isInteger(value) && (value as number) >= -1 && (value as number) < vocabulary.size,
  );
  const next: Argument = arg.such(() => 1, isIdBelow(vocabulary.size));
  return [
    {
      name: "TrigramModel",
      args: { vocabularySize: size },
      call: (size: never) => new data.TrigramModel(size),
    },
    { name: "TrigramModel#count", args: { ids: encoded }, call: (ids: never) => trained().count(ids) },
    { name: "TrigramModel#loss", args: { ids: encoded }, call: (ids: never) => trained().loss(ids) },
    { name: "TrigramModel#fit", args: { heldOut: encoded }, call: (ids: never) => trained().fit(ids) },
    {
      name: "TrigramModel#probability",
      args: { a: context, b: context, c: next },
      call: (a: never, b: never, c: never) => trained().probability(a, b, c),
    },
    {
      name: "trigramBaseline",
      args: { trainIds: encoded, validIds: encoded, vocabularySize: size },
      call: (trainIds: never, validIds: never, size: never) => data.trigramBaseline(trainIds, validIds, size),
    },
    {
      name: "unigramLoss",
      args: { trainIds: encoded, validIds: encoded, vocabularySize: size },
      call: (trainIds: never, validIds: never, size: never) => data.unigramLoss(trainIds, validIds, size),
    },
    { name: "wordsOf", args: { text }, call: (text: never) => data.wordsOf(text) },
    {
      name: "wordSet",
      args: { ids: encoded, vocabulary: known },
      call: (ids: never, vocabulary: never) => data.wordSet(ids, vocabulary),
    },
    {
      name: "knownWordShare",
      args: { sample: text, corpusWords: arg.only(() => new Set(["one"])) },
      call: (sample: never, corpusWords: never) => data.knownWordShare(sample, corpusWords),
    },
  ];
}

export const targets = (_: HostileContext) => {
  return [...tokenizers(), ...texts(), ...statistics()];
};

export default (context: HostileContext) => arg.sampled(targets(context), context);
