import { type Job, runJob } from "../core/index.ts";
import { checkValue, TEXT } from "../core/options.ts";
import type { CharacterIds } from "./id-store.ts";
import { slicesWithPauses } from "./tokenize.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * A word, when counting the share of sampled words that occur in the corpus: two or more letters, combining marks,
 * digits and underscores in a row, in their case. Single letters do not show that a model has learned to spell.
 */
const WORD = /[\p{L}\p{M}\p{N}_]{2,}/gu;
const ENDS_IN_WORD = /[\p{L}\p{M}\p{N}_]+$/u;

/** All words of a text, in order and with repeats. */
export function wordsOf(text: string): string[] {
  checkValue("wordsOf: text", TEXT, text);
  return text.match(WORD) ?? [];
}

/** The different words of an encoded text. */
export function wordSet(ids: CharacterIds, vocabulary: Vocabulary): Set<string> {
  return runJob(wordSetJob(ids, vocabulary));
}

/** {@link wordSet} as a job. */
export function* wordSetJob(ids: CharacterIds, vocabulary: Vocabulary): Job<Set<string>> {
  const words = new Set<string>();
  for (const slice of slicesWithPauses(ids, vocabulary)) {
    if (slice !== undefined) for (const word of wordsOf(slice)) words.add(word);
    yield;
  }
  return words;
}

export interface KnownWords {
  /** The number of words in the sample. */
  words: number;
  /** The number of those that occur in the corpus. */
  known: number;
  /** known / words; 0 if there is no word. */
  share: number;
}

/**
 * Counts how many words of a sample, including repeats, occur in the corpus. A word at the end of the sample is left
 * out, since the length limit may have cut it. The sample should begin with its prime, so that its first word is whole.
 */
export function knownWordShare(sample: string, corpusWords: ReadonlySet<string>): KnownWords {
  checkValue("knownWordShare: sample", TEXT, sample);
  const isSet = { text: "a Set of words", fits: (value: unknown) => value instanceof Set };
  checkValue("knownWordShare: corpusWords", isSet, corpusWords);
  const words = wordsOf(sample.replace(ENDS_IN_WORD, ""));
  const known = words.filter((word) => corpusWords.has(word)).length;
  return { words: words.length, known, share: words.length === 0 ? 0 : known / words.length };
}
