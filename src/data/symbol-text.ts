import { InputError } from "../core/errors.ts";
import type { Job } from "../core/job.ts";
import { BpeTokenizer } from "./bpe-tokenizer.ts";
import type { CharacterIds } from "./id-store.ts";
import { splitTail, type TextCorpus } from "./text-corpus.ts";
import { slicesWithPauses, tokenizeJob } from "./tokenize.ts";
import type { Tokenizer, TokenKind } from "./tokenizer.ts";
import { Vocabulary } from "./vocabulary.ts";
import { WordTokenizer } from "./word-tokenizer.ts";

/** How a text becomes symbols, and which part of it is validated on. */
export interface SymbolSettings {
  readonly tokens: TokenKind;
  /** Words or tokens at most; without meaning for characters. */
  readonly vocabSize: number;
  /** Share of the text, its end, that is validated on. */
  readonly valSplit: number;
}

/** Shares of the symbols that are unknown to a vocabulary, from 0 to 1. */
export interface UnknownShares {
  readonly train: number;
  readonly validation: number;
}

/** A text as a model reads it: its symbols, cut into a part to train on and one to validate on. */
export interface SymbolText {
  readonly tokenizer: Tokenizer;
  readonly train: CharacterIds;
  readonly validation: CharacterIds;
  /** Of the validation part: what makes losses of different symbols comparable. */
  readonly charactersPerSymbol: number;
  /** Of words, those that are `<unk>`; undefined for characters and byte pairs, which are all known. */
  readonly unknownShares: UnknownShares | undefined;
}

/** What the symbols of each kind are called. */
export const UNITS: Record<TokenKind, "character" | "word" | "token"> = {
  char: "character",
  word: "word",
  bpe: "token",
};

/** `1 word`, `216 words` */
export function countOf(symbols: number, kind: TokenKind): string {
  return `${symbols} ${UNITS[kind]}${symbols === 1 ? "" : "s"}`;
}

/**
 * The text in symbols, as a job. A vocabulary of words or merges is learned from the training part alone, and words are
 * not cut in two by the border between the parts. Parts may be too short to be used (see lengths.ts).
 * @param known the tokenizer of a run or of weights; a new one is made without it
 * @param held a text to validate on, instead of the end of the corpus
 */
export function* symbolTextJob(
  corpus: TextCorpus,
  { tokens, vocabSize, valSplit }: SymbolSettings,
  known?: Tokenizer,
  held?: TextCorpus,
): Job<SymbolText> {
  const split = splitTail(corpus, held === undefined ? valSplit : 0, { wholeWords: tokens === "word" });
  const { vocabulary } = corpus;
  if (tokens === "char") {
    const validation = held === undefined ? split.validation : yield* heldIdsJob(held, vocabulary);
    return {
      tokenizer: vocabulary,
      train: split.train,
      validation,
      charactersPerSymbol: 1,
      unknownShares: undefined,
    };
  }
  const tokenizer = known ?? (yield* learnJob(tokens, split.train, vocabulary, vocabSize));
  const other = held ?? { ids: split.validation, vocabulary };
  const train = yield* tokenizeJob(split.train, vocabulary, tokenizer);
  const validation = yield* tokenizeJob(other.ids, other.vocabulary, tokenizer);
  return {
    tokenizer,
    train,
    validation,
    charactersPerSymbol: other.ids.length / validation.length,
    unknownShares:
      tokenizer instanceof WordTokenizer
        ? { train: unknownShare(train, tokenizer), validation: unknownShare(validation, tokenizer) }
        : undefined,
  };
}

/** @throws InputError naming the characters of the validation text that `vocabulary` lacks */
function* heldIdsJob(held: TextCorpus, vocabulary: Vocabulary): Job<CharacterIds> {
  try {
    return (yield* held.withVocabularyJob(vocabulary)).ids;
  } catch (error) {
    throw error instanceof InputError ? error.inContext("in the validation text") : error;
  }
}

function learnJob(
  tokens: "word" | "bpe",
  ids: CharacterIds,
  vocabulary: Vocabulary,
  size: number,
): Job<Tokenizer> {
  const pieces = slicesWithPauses(ids, vocabulary);
  return tokens === "word" ? WordTokenizer.trainJob(pieces, size) : BpeTokenizer.trainJob(pieces, size);
}

/** Share of the words of a text that are `<unk>`. */
export function unknownShare(ids: ArrayLike<number>, { unknownId }: WordTokenizer): number {
  let unknown = 0;
  for (let at = 0; at < ids.length; at++) if (ids[at] === unknownId) unknown++;
  return ids.length === 0 ? 0 : unknown / ids.length;
}

/** A whole text in the symbols of a model. */
export interface WholeText {
  readonly ids: CharacterIds;
  readonly charactersPerSymbol: number;
  /** What was left out because the model does not know it, or of words is `<unk>`; undefined where all is known. */
  readonly unknownShare: number | undefined;
}

/**
 * A whole text in the symbols of a model, as a job. Characters that it does not know are left out.
 * @param skipUnknown leave out words that it does not know, too; otherwise they are `<unk>`
 */
export function* wholeTextJob(corpus: TextCorpus, tokenizer: Tokenizer, skipUnknown = false): Job<WholeText> {
  const { characters, vocabulary } = corpus;
  if (tokenizer instanceof Vocabulary) {
    const { ids } = yield* corpus.withVocabularyJob(tokenizer, { skipUnknown: true });
    const leftOut = characters - ids.length;
    return { ids, charactersPerSymbol: 1, unknownShare: skipUnknown ? leftOut / characters : undefined };
  }
  const ids = yield* tokenizeJob(corpus.ids, vocabulary, tokenizer, { skipUnknown });
  if (!(tokenizer instanceof WordTokenizer)) {
    return { ids, charactersPerSymbol: characters / ids.length, unknownShare: undefined };
  }
  const leftOut = skipUnknown ? yield* countUnknownJob(corpus, tokenizer) : { words: 0, characters: 0 };
  return {
    ids,
    charactersPerSymbol: (characters - leftOut.characters) / ids.length,
    unknownShare: skipUnknown
      ? leftOut.words / Math.max(1, leftOut.words + ids.length)
      : unknownShare(ids, tokenizer),
  };
}

/** Words of a text that are not in the vocabulary, and the characters that they have together. */
function* countUnknownJob(
  { ids, vocabulary }: TextCorpus,
  tokenizer: WordTokenizer,
): Job<{ words: number; characters: number }> {
  let [words, characters] = [0, 0];
  for (const slice of slicesWithPauses(ids, vocabulary)) {
    for (const word of slice === undefined ? [] : tokenizer.unknownWords(slice)) {
      words++;
      characters += [...word].length;
    }
    yield;
  }
  return { words, characters };
}
