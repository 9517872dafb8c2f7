import * as data from "../../../src/data/index.ts";
import type { Argument, HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";
import { captionTargets } from "./captions.ts";
import { sequenceTargets } from "./formats.ts";
import { itemTargets } from "./items.ts";
import { lineTargets } from "./lines.ts";
import { pairTargets } from "./pairs.ts";
import { segmentTargets } from "./tagger.ts";
import {
  corpus,
  encoded,
  ids,
  isIdBelow,
  known,
  skip,
  text,
  tokenizers,
  vocabulary,
  where,
} from "./tokenizers.ts";
import { translationMetricTargets } from "./translation-metrics.ts";

function texts(): HostileTarget[] {
  const split = arg.options({ sequenceLength: arg.optional(arg.size(3)) });
  const built = () => {
    const builder = new data.CorpusBuilder();
    builder.begin("file");
    return builder;
  };
  const ended = () => {
    const builder = built();
    builder.push(Uint8Array.of(97, 98));
    builder.end();
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
    ...arg.withJob(
      {
        name: "CorpusBuilder#finish",
        args: { hasher },
        call: (hasher: never) => ended().finish(hasher),
      },
      (hasher: never) => ended().finishJob(hasher),
    ),
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
    ...arg.withJob(
      {
        name: "TextCorpus#withVocabulary",
        args: { vocabulary: known, options: skip },
        call: (vocabulary: never, options: never) => corpus.withVocabulary(vocabulary, options),
      },
      (vocabulary: never, options: never) => corpus.withVocabularyJob(vocabulary, options),
    ),
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
    ...arg.withJob(
      { name: "TrigramModel#count", args: { ids: encoded }, call: (ids: never) => trained().count(ids) },
      (ids: never) => trained().countJob(ids),
    ),
    ...arg.withJob(
      { name: "TrigramModel#loss", args: { ids: encoded }, call: (ids: never) => trained().loss(ids) },
      (ids: never) => trained().lossJob(ids),
    ),
    ...arg.withJob(
      { name: "TrigramModel#fit", args: { heldOut: encoded }, call: (ids: never) => trained().fit(ids) },
      (heldOut: never) => trained().fitJob(heldOut),
    ),
    {
      name: "TrigramModel#probability",
      args: { a: context, b: context, c: next },
      call: (a: never, b: never, c: never) => trained().probability(a, b, c),
    },
    ...arg.withJob(
      {
        name: "trigramBaseline",
        args: { trainIds: encoded, validIds: encoded, vocabularySize: size },
        call: (trainIds: never, validIds: never, size: never) =>
          data.trigramBaseline(trainIds, validIds, size),
      },
      (trainIds: never, validIds: never, size: never) => data.trigramBaselineJob(trainIds, validIds, size),
    ),
    {
      name: "unigramLoss",
      args: { trainIds: encoded, validIds: encoded, vocabularySize: size },
      call: (trainIds: never, validIds: never, size: never) => data.unigramLoss(trainIds, validIds, size),
    },
    { name: "wordsOf", args: { text }, call: (text: never) => data.wordsOf(text) },
    ...arg.withJob(
      {
        name: "wordSet",
        args: { ids: encoded, vocabulary: known },
        call: (ids: never, vocabulary: never) => data.wordSet(ids, vocabulary),
      },
      (ids: never, vocabulary: never) => data.wordSetJob(ids, vocabulary),
    ),
    {
      name: "knownWordShare",
      args: { sample: text, corpusWords: arg.only(() => new Set(["one"])) },
      call: (sample: never, corpusWords: never) => data.knownWordShare(sample, corpusWords),
    },
  ];
}

export const targets = (_: HostileContext) => {
  return [
    ...tokenizers(),
    ...texts(),
    ...statistics(),
    ...itemTargets(),
    ...lineTargets(),
    ...pairTargets(),
    ...captionTargets(),
    ...sequenceTargets(),
    ...segmentTargets(),
    ...translationMetricTargets(),
  ];
};

export default (context: HostileContext) => arg.sampled(targets(context), context);
