import { InputError } from "../../core/errors.ts";
import {
  BpeTokenizer,
  type CharacterIds,
  slicesOf,
  type TextCorpus,
  type Tokenizer,
  type TokenKind,
  tokenize,
  Vocabulary,
  WordTokenizer,
} from "../../data/index.ts";
import type { TextSettings } from "./options.ts";

/** A text as a model reads it: its symbols, cut into a part to train on and one to validate on. */
export interface SymbolText {
  readonly tokenizer: Tokenizer;
  readonly train: CharacterIds;
  readonly validation: CharacterIds;
  /** Of the validation part: what makes losses of different symbols comparable. */
  readonly charactersPerSymbol: number;
}

/** What the symbols of each kind are called. */
export const UNITS: Record<TokenKind, "character" | "word" | "token"> = {
  char: "character",
  word: "word",
  bpe: "token",
};

/**
 * The text in symbols. A vocabulary of words or merges is learned from the training part alone.
 * @param known the tokenizer of a run or of weights; a new one is made without it
 * @param held a text to validate on, instead of the end of the corpus
 */
export function symbolText(
  corpus: TextCorpus,
  { tokens, vocabSize, valSplit, seqLength }: TextSettings,
  known?: Tokenizer,
  held?: TextCorpus,
): SymbolText {
  const split = corpus.split(held === undefined ? valSplit : 0, {
    sequenceLength: tokens === "char" ? seqLength : 1,
  });
  const { vocabulary } = corpus;
  if (tokens === "char") {
    const validation = held === undefined ? split.validation : withVocabulary(held, vocabulary);
    checkParts(split.train, validation, tokens);
    return { tokenizer: vocabulary, train: split.train, validation, charactersPerSymbol: 1 };
  }
  const tokenizer = known ?? learn(tokens, slicesOf(split.train, vocabulary), vocabSize);
  const validation = held ?? { ids: split.validation, vocabulary };
  const parts = [{ ids: split.train, vocabulary }, validation].map(({ ids, vocabulary: characters }) =>
    tokenize(ids, characters, tokenizer),
  );
  checkParts(parts[0], parts[1], tokens);
  return {
    ...{ tokenizer, train: parts[0], validation: parts[1] },
    charactersPerSymbol: validation.ids.length / parts[1].length,
  };
}

/** @throws InputError naming the characters of the validation text that `vocabulary` lacks */
function withVocabulary(held: TextCorpus, vocabulary: Vocabulary): CharacterIds {
  try {
    return held.withVocabulary(vocabulary).ids;
  } catch (error) {
    throw error instanceof InputError ? error.inContext("in the validation text") : error;
  }
}

function checkParts(train: CharacterIds, validation: CharacterIds, tokens: TokenKind): void {
  if (train.length >= 2 && validation.length >= 2) return;
  throw new InputError(
    `the text has ${train.length} ${UNITS[tokens]}s to train on and ${validation.length} to validate on`,
    { hint: "at least 2 are needed of each: give more text" },
  );
}

function learn(tokens: "word" | "bpe", pieces: Iterable<string>, size: number): Tokenizer {
  return tokens === "word" ? WordTokenizer.train(pieces, size) : BpeTokenizer.train(pieces, size);
}

/** A whole text in the symbols of a model; characters that it does not know are left out. */
export function allSymbols(corpus: TextCorpus, tokenizer: Tokenizer): CharacterIds {
  if (tokenizer instanceof Vocabulary) return corpus.withVocabulary(tokenizer, { skipUnknown: true }).ids;
  return tokenize(corpus.ids, corpus.vocabulary, tokenizer);
}
