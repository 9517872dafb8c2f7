/** What BLEU and chrF share: the words of a text as Python splits them, n-grams, and references of each sentence. */
import { InputError } from "../core/index.ts";
import { checkValue, LIST, type Range, TEXT } from "../core/options.ts";

/**
 * The version of sacreBLEU whose definitions are followed and whose figures the tests compare. It stands in signatures,
 * since figures of the same signature can be compared.
 */
export const SACREBLEU_VERSION = "2.6.0";

/** The references of each sentence: one text, or a list of at least one. */
export type References = readonly (string | readonly string[])[];

/** In UTF-16 units: far more than a sentence has, and few enough for a table of all its n-grams. */
const LONGEST = 2 ** 20;
const SENTENCE: Range = {
  text: `a text of at most ${LONGEST} characters`,
  fits: (value) => TEXT.fits(value) && (value as string).length <= LONGEST,
};
const REFERENCE: Range = {
  text: `${SENTENCE.text}, or a list of at least one`,
  fits: (value) =>
    SENTENCE.fits(value) ||
    (Array.isArray(value) && value.length > 0 && Array.from(value).every(SENTENCE.fits)),
};

/**
 * Refuses what is not one list of references for each hypothesis.
 * @param where the function, such as `corpusBleu`
 */
export function checkReferences(where: string, hypotheses: readonly string[], references: References): void {
  checkValue(`${where}: hypotheses`, LIST, hypotheses);
  checkValue(`${where}: references`, LIST, references);
  if (hypotheses.length === 0) throw new InputError(`${where}: hypotheses must be at least one, got none`);
  if (references.length !== hypotheses.length) {
    throw new InputError(
      `${where}: references must be one entry for each of the ${hypotheses.length} hypotheses, got ${references.length}`,
      { hint: "an entry has all references of one sentence; sacreBLEU takes lists of whole reference files" },
    );
  }
  for (let at = 0; at < hypotheses.length; at++) {
    checkValue(`${where}: hypotheses[${at}]`, SENTENCE, hypotheses[at]);
    checkValue(`${where}: references[${at}]`, REFERENCE, references[at]);
  }
}

export function listOfReferences(references: string | readonly string[]): readonly string[] {
  return typeof references === "string" ? [references] : references;
}

/** What Python's `str.split` splits at: White_Space of Unicode and the four separators of ASCII. JavaScript's `\s` differs. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "u");
const IS_SPACE = new RegExp(`^[${SPACE}]$`);

/** The words of a text, as Python's `str.split()` has them. */
export function splitWords(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== "");
}

/** As Python's `str.rstrip()`. */
export function trimLastSpaces(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text[end - 1])) end--;
  return text.slice(0, end);
}

/** How often each n-gram occurs. Words of {@link splitWords} have no space, so that joined words have one reading. */
export function countWordNgrams(words: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + order <= words.length; at++) {
    const ngram = order === 1 ? words[at] : words.slice(at, at + order).join(" ");
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** The first sums of a scorer: those from which {@link describeReferenceCount} tells how many references there are. */
export const REFERENCE_SUMS = 3;

/** Adds one sentence of so many references: 1, the number and its square. */
export function addReferenceCount(sums: Float64Array, count: number): void {
  sums[0]++;
  sums[1] += count;
  sums[2] += count * count;
}

/** `1`, `2`, ..., or `var` where sentences have different numbers of references: then their variance is not 0. */
export function describeReferenceCount([sentences, references, squares]: ArrayLike<number> &
  Iterable<number>): string {
  return references * references === sentences * squares ? `${references / Math.max(1, sentences)}` : "var";
}
