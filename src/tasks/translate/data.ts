/** The data of `translate`: pairs of texts, in symbols. */
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import { UNKNOWN } from "../../core/symbols.ts";
import type { DataSource } from "../../data/data-source.ts";
import { dateFormatPairs } from "../../data/date-formats.ts";
import { type EncodedPairs, encodePairsJob, type PairStore } from "../../data/pair-batches.ts";
import { learnPairTokensJob, type PairTokensOptions } from "../../data/pair-tokens.ts";
import { type SentencePairs, splitPairs } from "../../data/pairs.ts";
import { readPairs } from "../../data/read-pairs.ts";
import { reversalPairs } from "../../data/reversal.ts";
import { splitSentence } from "../../data/sentence-words.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq-config.ts";
import type { DataFacts, Loaded, LoadRequest, TestRequest } from "../task.ts";
import type { BuiltInSet, TranslateSettings } from "./defaults.ts";
import { type BothTokens, factsWith, type TranslateFacts, tokensOf } from "./facts.ts";

/** Pairs that a model is measured on: their symbols, and their texts. */
export interface MeasuredPairs {
  readonly store: PairStore;
  readonly sources: readonly string[];
  readonly targets: readonly string[];
}

export interface TranslateData {
  readonly train: PairStore;
  readonly validation: MeasuredPairs;
  readonly facts: TranslateFacts;
  readonly set: BuiltInSet | null;
  readonly fingerprint: string;
  readonly validationFingerprint: string | undefined;
  /** As they were read. */
  readonly pairs: number;
  /** Shares of the symbols to train on that are unknown. */
  readonly unknown: { readonly source: number; readonly target: number };
  /** Symbols of the longest target that is trained on; 0 where none is. */
  readonly longestTarget: number;
}

type Request = LoadRequest<TranslateSettings, TranslateFacts>;

const BUILT_IN: Readonly<Record<BuiltInSet, () => SentencePairs>> = {
  dates: () => dateFormatPairs({ count: 12_000 }),
  // So many that a short training reads most of them once.
  reverse: () => reversalPairs({ count: 40_000 }),
};

/**
 * Read the pairs and divide them, those of one source on one side.
 * @throws InputError for data that cannot be read, or is not that of the run
 */
export async function loadPairs(
  request: Request,
  hooks: LoadHooks,
): Promise<Loaded<TranslateSettings, TranslateData>> {
  const { source, known } = request;
  if (source !== undefined && request.settings.set !== null) {
    throw new InputError("--set names built-in data, and DATA is given", { hint: "leave one of them out" });
  }
  const set = source === undefined ? (request.settings.set ?? "dates") : null;
  const columns = columnsOf(request.settings, known?.facts);
  const read = (from: DataSource) => readPairs(from, columns, hooks);
  const pairs = source === undefined ? BUILT_IN[set!]() : await read(source);
  const held = request.validation && (await read(request.validation));
  const counts = { pairs: pairs.sources.length };
  request.verify({ fingerprint: pairs.fingerprint, counts, validation: held?.fingerprint });
  const isText = isSentences(pairs);
  const settings = adaptSettings(request, set, isText, hooks);
  const split = held === undefined ? dividePairs(pairs, settings) : { train: everyPair(pairs) };
  const tokens =
    known === undefined ? await learnTokens(pairs, split.train, settings, hooks) : tokensOf(known.facts);
  const { reverseSource, maxLength } = settings;
  const judgedBy = isText ? "bleu" : "exactMatch";
  const facts = factsWith(tokens, { reverseSource, maxLength, judgedBy, ...columns });
  const encode = (indices: Int32Array) => encodeShort(pairs, indices, facts, hooks);
  const train = await encode(split.train);
  const { sources, targets } = train;
  const validation =
    "validation" in split ? pick(pairs, await encode(split.validation)) : await measure(held!, facts, hooks);
  return {
    settings,
    data: {
      train: { sources, targets },
      validation,
      facts,
      set,
      fingerprint: pairs.fingerprint,
      validationFingerprint: held?.fingerprint,
      ...counts,
      unknown: { source: unknownShare(sources.values), target: unknownShare(targets.values) },
      longestTarget: targets.lengths.reduce((most, length) => Math.max(most, length), 0),
    },
  };
}

type Columns = Pick<TranslateFacts, "sourceColumn" | "targetColumn">;

/** The columns that were named, now or when the model was trained. */
function columnsOf(settings: Partial<TranslateSettings>, facts: TranslateFacts | undefined): Columns {
  const sourceColumn = settings.sourceColumn ?? facts?.sourceColumn;
  const targetColumn = settings.targetColumn ?? facts?.targetColumn;
  return {
    ...(sourceColumn !== undefined && { sourceColumn }),
    ...(targetColumn !== undefined && { targetColumn }),
  };
}

/** Pairs that are looked at, to see what texts they are. */
const SAMPLED = 2000;
/** From so many words on each side a text is a sentence; so many of them must occur again, to be learned. */
const SENTENCE = 3;
const REPEATED = 0.5;

/** Whether the pairs are sentences, and not names, dates or codes. */
function isSentences({ sources, targets }: SentencePairs): boolean {
  return [sources, targets].every((texts) => {
    const looked = texts.slice(0, SAMPLED);
    const words = looked.flatMap(splitSentence);
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    const single = [...counts.values()].filter((count) => count === 1).length;
    // A few pairs repeat little, whatever they are.
    const isRepeated = looked.length < SAMPLED || single <= (1 - REPEATED) * words.length;
    return words.length >= SENTENCE * looked.length && isRepeated;
  });
}

/** What of the settings the data decides, where no person did. */
function adaptSettings(
  { settings, isChosen, known }: Request,
  set: BuiltInSet | null,
  isText: boolean,
  { onNote }: LoadHooks,
): TranslateSettings {
  if (known !== undefined || isChosen("tokens") || !isText) return { ...settings, set };
  onNote("--tokens is word instead of char, which fits this data better: both sides are sentences of words");
  return { ...settings, set, tokens: "word" };
}

const everyPair = ({ sources }: SentencePairs): Int32Array => Int32Array.from(sources.keys());

/** @throws InputError where no pair is left to validate on */
function dividePairs(pairs: SentencePairs, { valSplit, seed }: TranslateSettings) {
  const split = splitPairs(pairs, valSplit, { seed });
  if (split.validation.length > 0) return split;
  throw new InputError(
    `--val-split ${valSplit} of ${pairs.sources.length} pairs leaves none to validate on`,
    {
      hint: "give more pairs with different sources, a larger --val-split, or pairs to validate on with --val",
    },
  );
}

/** The symbols of both sides, learned from the pairs to train on. */
async function learnTokens(
  pairs: SentencePairs,
  train: Int32Array,
  settings: TranslateSettings,
  { signal, onProgress }: LoadHooks,
): Promise<BothTokens> {
  const { tokens: kind, vocabSize, minCount, lowercase, sharedVocabulary } = settings;
  const options: PairTokensOptions = {
    kind,
    lowercase,
    ...(kind !== "bpe" && { minCount }),
    ...(vocabSize !== null && { size: vocabSize }),
  };
  onProgress("learning the symbols", 0, null);
  const learn = (...sides: (readonly string[])[]) =>
    runJobInTurns(learnPairTokensJob(textsOf(sides, train), options), signal);
  if (!sharedVocabulary) {
    return { source: await learn(pairs.sources), target: await learn(pairs.targets) };
  }
  const both = await learn(pairs.sources, pairs.targets);
  return { source: both, target: both };
}

function* textsOf(sides: readonly (readonly string[])[], indices: Int32Array): Generator<string> {
  for (const texts of sides) for (const index of indices) yield texts[index];
}

/** Some pairs in symbols, without those that are too long to train on. */
async function encodeShort(
  pairs: SentencePairs,
  indices: Int32Array,
  facts: TranslateFacts,
  { signal, onNote }: LoadHooks,
): Promise<EncodedPairs> {
  const { maxLength, reverseSource: reverseSources } = facts;
  const job = encodePairsJob(pairs, { ...tokensOf(facts), indices, maxLength, reverseSources });
  const encoded = await runJobInTurns(job, signal);
  if (encoded.tooLong > 0) {
    const some = encoded.tooLong === 1 ? "1 pair has" : `${encoded.tooLong} pairs have`;
    onNote(`${some} more than ${maxLength} symbols on a side and left out: --max-length`);
  }
  return encoded;
}

/** All pairs in symbols, whatever their lengths: a figure is of all of them. */
async function measure(
  pairs: SentencePairs,
  facts: TranslateFacts,
  { signal }: LoadHooks,
): Promise<MeasuredPairs> {
  const job = encodePairsJob(pairs, { ...tokensOf(facts), reverseSources: facts.reverseSource });
  return pick(pairs, await runJobInTurns(job, signal));
}

function pick({ sources, targets }: SentencePairs, encoded: EncodedPairs): MeasuredPairs {
  const of = (texts: readonly string[]) => Array.from(encoded.kept, (index) => texts[index]);
  return {
    store: { sources: encoded.sources, targets: encoded.targets },
    sources: of(sources),
    targets: of(targets),
  };
}

function unknownShare(ids: Int32Array): number {
  const unknown = ids.reduce((count, id) => count + (id === UNKNOWN ? 1 : 0), 0);
  return unknown / Math.max(1, ids.length);
}

const NO_PAIRS: PairStore = {
  sources: { values: new Int32Array(0), starts: new Int32Array(0), lengths: new Int32Array(0), features: 1 },
  targets: { values: new Int32Array(0), starts: new Int32Array(0), lengths: new Int32Array(0), features: 1 },
};

/** Pairs to measure a model on. */
export async function loadTestPairs(
  { source, settings, facts }: TestRequest<TranslateSettings, Seq2SeqConfig, TranslateFacts>,
  hooks: LoadHooks,
): Promise<TranslateData> {
  const pairs = await readPairs(source, columnsOf(settings ?? {}, facts), hooks);
  return {
    train: NO_PAIRS,
    validation: await measure(pairs, facts, hooks),
    facts,
    set: null,
    fingerprint: pairs.fingerprint,
    validationFingerprint: undefined,
    pairs: pairs.sources.length,
    unknown: { source: 0, target: 0 },
    longestTarget: 0,
  };
}

export function describeFacts(data: TranslateData): DataFacts<TranslateFacts> {
  const { fingerprint, pairs, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts: { pairs }, validation, facts };
}
