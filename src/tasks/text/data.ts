/** The data of `text`: a text in symbols, in stretches that are read side by side. */

import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import type { CharacterIds } from "../../data/id-store.ts";
import {
  countOf,
  type SymbolText,
  symbolTextJob,
  UNITS,
  type UnknownShares,
  wholeTextJob,
} from "../../data/symbol-text.ts";
import { TextCorpus } from "../../data/text-corpus.ts";
import { requireLengths } from "../../data/text-lengths.ts";
import type { Tokenizer } from "../../data/tokenizer.ts";
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import { refuseUnknown } from "../../data/unknown.ts";
import { Vocabulary } from "../../data/vocabulary.ts";
import type { LanguageModelConfig } from "../../models/language-model-config.ts";
import type { DataFacts, Loaded, LoadRequest, TestRequest } from "../task.ts";
import { DEFAULTS, defaultBatchSize, type TextSettings } from "./defaults.ts";

/** What a model of text needs besides its sizes. */
export interface TextFacts {
  /** Characters as a list; words and byte pairs as an object. */
  readonly vocabulary: unknown;
}

/** A text to train on and one to validate on, in symbols. */
export interface TextData {
  readonly train: CharacterIds;
  readonly validation: CharacterIds;
  readonly facts: TextFacts;
  /** How many different symbols there are. */
  readonly vocabularySize: number;
  readonly tokens: TextSettings["tokens"];
  readonly charactersPerSymbol: number;
  readonly unknownShares: Partial<UnknownShares> | undefined;
  readonly settings: Pick<TextSettings, "batchSize" | "seqLength" | "seed">;
  /** The whole text as it was read; empty for data that is only measured on. */
  readonly text: {
    readonly ids: CharacterIds;
    readonly characters: readonly string[];
    readonly fingerprint: string;
  };
  /** SHA-256 of a text of its own to validate on. */
  readonly validationFingerprint: string | undefined;
}

/** Built once for each object of facts: a large vocabulary takes a while. */
const tokenizers = new WeakMap<TextFacts, Tokenizer>();

/** The tokenizer that facts describe. @throws FormatError for facts from a file that describe none */
export function tokenizerOf(facts: TextFacts, where = "the vocabulary"): Tokenizer {
  const known = tokenizers.get(facts);
  if (known !== undefined) return known;
  const tokenizer = tokenizerFromJSON(facts.vocabulary, where);
  tokenizers.set(facts, tokenizer);
  return tokenizer;
}

/** Facts with that tokenizer. */
function factsOf(tokenizer: Tokenizer): TextFacts {
  const facts = { vocabulary: tokenizer.toJSON() };
  tokenizers.set(facts, tokenizer);
  return facts;
}

/** The text as it was read. */
export function corpusOf({ text: { ids, characters, fingerprint } }: TextData): TextCorpus {
  return new TextCorpus(ids, Vocabulary.fromJSON(characters), fingerprint);
}

export const BUILT_IN_TEXT = "corpus/unrolled.txt";

/**
 * Read a text and cut it into symbols.
 * @throws InputError for a text that cannot be read, is not that of the run, or is too short
 */
export async function loadText(
  request: LoadRequest<TextSettings, TextFacts>,
  hooks: LoadHooks,
): Promise<Loaded<TextSettings, TextData>> {
  const { known, threads } = request;
  const { signal } = hooks;
  const read = await (request.source ?? request.asset(BUILT_IN_TEXT)).readText(hooks);
  const held = await request.validation?.readText(hooks);
  const { fingerprint, characters } = read;
  request.verify(
    { fingerprint, counts: { characters }, validation: held?.fingerprint },
    read.vocabulary.characters,
  );
  const tokenizer = known && tokenizerOf(known.facts);
  const renames = known?.of === "weights" && tokenizer instanceof Vocabulary;
  const corpus = renames ? await runJobInTurns(read.withVocabularyJob(tokenizer), signal) : read;
  const { settings: asked } = request;
  if (asked.tokens !== "char") hooks.onProgress(`cutting into ${UNITS[asked.tokens]}s`, 0, null);
  const symbols = await runJobInTurns(symbolTextJob(corpus, asked, tokenizer, held), signal);
  const settings = request.isChosen("batchSize")
    ? asked
    : { ...asked, batchSize: batchSizeFor(symbols.train.length, asked, threads, hooks) };
  const hasValidationText = held !== undefined;
  await requireLengths(symbols, { corpus, hasValidationText, settings, known: tokenizer, threads, signal });
  return { settings, data: describeSymbols(symbols, settings, corpus, held?.fingerprint) };
}

/** A text in symbols, as the data of a training. */
export function describeSymbols(
  symbols: SymbolText,
  { batchSize, seqLength, seed, tokens }: TextSettings,
  corpus: TextCorpus,
  validationFingerprint: string | undefined,
): TextData {
  const { tokenizer, train, validation, charactersPerSymbol, unknownShares } = symbols;
  const { ids, fingerprint, vocabulary } = corpus;
  return {
    train,
    validation,
    facts: factsOf(tokenizer),
    vocabularySize: tokenizer.size,
    tokens,
    charactersPerSymbol,
    unknownShares,
    settings: { batchSize, seqLength, seed },
    text: { ids, characters: vocabulary.characters, fingerprint },
    validationFingerprint,
  };
}

/** The default for a text of this length; says so where it is not the usual one. */
function batchSizeFor(
  symbols: number,
  { seqLength, tokens }: TextSettings,
  threads: number | undefined,
  { onNote }: LoadHooks,
): number {
  const rows = defaultBatchSize(symbols, seqLength, threads);
  if (rows < DEFAULTS.batchSize) {
    const few = `${symbols} ${UNITS[tokens]}s to train on are few`;
    onNote(
      `${few}: --batch-size is ${rows} instead of ${DEFAULTS.batchSize}, so that there are more updates` +
        (tokens === "char" ? "; expect pieces of words more than sentences" : ""),
    );
  }
  return rows;
}

/**
 * A text to measure a model on, in its symbols.
 * @throws InputError naming characters that the model does not know, and for a text that is too short
 */
export async function loadTestText(
  request: TestRequest<TextSettings, LanguageModelConfig, TextFacts>,
  hooks: LoadHooks,
): Promise<TextData> {
  const { source, facts, skipUnknown } = request;
  const tokenizer = tokenizerOf(facts);
  const corpus = await source.readText(hooks);
  if (!skipUnknown) refuseUnknown(source.description, corpus.vocabulary.characters, tokenizer);
  const text = await runJobInTurns(wholeTextJob(corpus, tokenizer, skipUnknown), hooks.signal);
  const { length } = text.ids;
  if (length < 2) {
    throw new InputError(
      `${source.description} has ${countOf(length, tokenizer.kind)}, at least 2 are needed`,
      {
        hint: "name a longer text",
      },
    );
  }
  const { ids, fingerprint, vocabulary } = corpus;
  return {
    train: ids.subarray(0, 0),
    validation: text.ids,
    facts,
    vocabularySize: tokenizer.size,
    tokens: tokenizer.kind,
    charactersPerSymbol: text.charactersPerSymbol,
    unknownShares: text.unknownShare === undefined ? undefined : { validation: text.unknownShare },
    settings: request.settings ?? DEFAULTS,
    text: { ids, characters: vocabulary.characters, fingerprint },
    validationFingerprint: undefined,
  };
}

export function describeFacts(data: TextData): DataFacts<TextFacts> {
  const { text, facts, validationFingerprint: validation } = data;
  return { fingerprint: text.fingerprint, counts: { characters: text.ids.length }, validation, facts };
}

/** How a text differs from that of a run. */
export function describeDifferences(
  stored: Readonly<Record<string, unknown>>,
  { fingerprint, counts }: Omit<DataFacts<unknown>, "facts">,
  characters: readonly string[] = [],
): string[] {
  const now = new Set(characters);
  // Words and byte pairs say less about what is different than the number of characters does.
  const before = Array.isArray(stored.vocabulary) ? new Set<string>(stored.vocabulary) : now;
  const added = [...now].filter((character) => !before.has(character)).length;
  const gone = [...before].filter((character) => !now.has(character)).length;
  const differences = [`${counts.characters} characters (the run has ${stored.characters})`];
  if (added + gone > 0) differences.push(`a vocabulary with ${added} characters more and ${gone} fewer`);
  differences.push(
    `SHA-256 ${fingerprint.slice(0, 12)}... (the run has ${String(stored.fingerprint).slice(0, 12)}...)`,
  );
  return differences;
}
