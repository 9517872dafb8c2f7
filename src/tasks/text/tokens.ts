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
    const validation = held === undefined ? split.validation : held.withVocabulary(vocabulary).ids;
    return { tokenizer: vocabulary, train: split.train, validation, charactersPerSymbol: 1 };
  }
  const tokenizer = known ?? learn(tokens, slicesOf(split.train, vocabulary), vocabSize);
  const validation = held ?? { ids: split.validation, vocabulary };
  const parts = [{ ids: split.train, vocabulary }, validation].map(({ ids, vocabulary: characters }) =>
    tokenize(ids, characters, tokenizer),
  );
  if (parts.some(({ length }) => length < 2)) {
    throw new InputError(
      `the text has ${parts[0].length} ${UNITS[tokens]}s to train on and ${parts[1].length} to validate on`,
      {
        hint: "at least 2 are needed of each: give more text",
      },
    );
  }
  return {
    ...{ tokenizer, train: parts[0], validation: parts[1] },
    charactersPerSymbol: validation.ids.length / parts[1].length,
  };
}

function learn(tokens: "word" | "bpe", pieces: Iterable<string>, size: number): Tokenizer {
  return tokens === "word" ? WordTokenizer.train(pieces, size) : BpeTokenizer.train(pieces, size);
}

/** A whole text in the symbols of a model; characters that it does not know are left out. */
export function allSymbols(corpus: TextCorpus, tokenizer: Tokenizer): CharacterIds {
  if (tokenizer instanceof Vocabulary) return corpus.withVocabulary(tokenizer, { skipUnknown: true }).ids;
  return tokenize(corpus.ids, corpus.vocabulary, tokenizer);
}
