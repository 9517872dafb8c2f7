/**
 * chrF (Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation") and chrF++ (Popović 2017, "chrF++: words
 * helping character n-grams"), as sacreBLEU computes them: n-grams of up to 6 characters, without spaces.
 */
import { ABOVE_0, FLAG, type Range, type Ranges, settle } from "../core/options.ts";
import {
  addReferenceCount,
  checkReferences,
  countWordNgrams,
  describeReferenceCount,
  listOfReferences,
  REFERENCE_SUMS,
  type References,
  SACREBLEU_VERSION,
  splitWords,
} from "./reference-texts.ts";

export interface ChrfOptions {
  /** Words of the longest n-gram of words: 0 (default) is chrF, 2 is chrF++. */
  wordOrder?: number;
  /** How much more recall counts than precision. Default 2. */
  beta?: number;
  /** Whether texts are compared in lower case. Default false. */
  lowercase?: boolean;
  /**
   * false (default): the score is the F-score of the mean precision and the mean recall of the orders that occur in both
   * texts, as in sacreBLEU. true: it is the mean of the F-scores of all orders, as in chrF++.py, Moses and NLTK.
   */
  epsSmoothing?: boolean;
}

export interface ChrfScore {
  /** From 0 to 100. */
  readonly chrf: number;
  /** `chrF2`, `chrF2++`, ...: beta, and a plus sign for each length of n-grams of words. */
  readonly name: string;
  /** What sacreBLEU prints beside the figure. */
  readonly signature: string;
}

const CHARACTER_ORDER = 6;
const MAX_WORD_ORDER = 6;
const WORD_ORDER: Range = {
  text: `an integer from 0 to ${MAX_WORD_ORDER}`,
  fits: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_WORD_ORDER,
};
const BETA: Range = {
  text: "a number above 0, at most 100",
  fits: (value) => ABOVE_0.fits(value) && (value as number) <= 100,
};
const RANGES: Ranges<ChrfOptions> = {
  wordOrder: WORD_ORDER,
  beta: BETA,
  lowercase: FLAG,
  epsSmoothing: FLAG,
};
const DEFAULTS: Required<ChrfOptions> = { wordOrder: 0, beta: 2, lowercase: false, epsSmoothing: false };

type Counts = Map<string, number>;

/**
 * chrF of a corpus, equal to that of sacreBLEU with the same signature.
 * @param hypotheses `[sentences]`, at least one, each as it was written or decoded
 * @param references `[sentences]`: one or several for each, of which the one that gives this sentence the best score counts
 * @throws InputError for lists of different lengths and what is no text
 */
export function corpusChrf(
  hypotheses: readonly string[],
  references: References,
  options: ChrfOptions = {},
): ChrfScore {
  checkReferences("corpusChrf", hypotheses, references);
  const scorer = new ChrfScorer(options, "corpusChrf");
  const sums = new Float64Array(scorer.width);
  for (let at = 0; at < hypotheses.length; at++) scorer.add(sums, hypotheses[at], references[at]);
  return scorer.score(sums);
}

/** chrF from sums: those of parts of the data add up. */
export class ChrfScorer {
  readonly options: Required<ChrfOptions>;
  /** The number of sums: three for each order. */
  readonly width: number;

  constructor(options: ChrfOptions = {}, where = "ChrfScorer") {
    this.options = settle<Required<ChrfOptions>>(where, RANGES, DEFAULTS, options);
    this.width = REFERENCE_SUMS + 3 * (CHARACTER_ORDER + this.options.wordOrder);
  }

  /**
   * Adds the counts of one sentence, beside the reference that gives it the best score.
   * @param sums [width]
   * @param references one text, or a list of at least one
   */
  add(sums: Float64Array, hypothesis: string, references: string | readonly string[]): void {
    const own = this.count(hypothesis);
    const others = listOfReferences(references);
    addReferenceCount(sums, others.length);
    let best = matchCounts(own, this.count(others[0]));
    for (const other of others.slice(1)) {
      const counts = matchCounts(own, this.count(other));
      if (this.scoreCounts(counts) > this.scoreCounts(best)) best = counts;
    }
    for (const [at, count] of best.entries()) sums[REFERENCE_SUMS + at] += count;
  }

  /** The score of all sentences that were added. Without any, it is 0. */
  score(sums: Float64Array): ChrfScore {
    const { wordOrder, beta, lowercase, epsSmoothing } = this.options;
    const signature = [
      `nrefs:${describeReferenceCount(sums)}`,
      `case:${lowercase ? "lc" : "mixed"}`,
      `eff:${epsSmoothing ? "no" : "yes"}|nc:${CHARACTER_ORDER}|nw:${wordOrder}|space:no|version:${SACREBLEU_VERSION}`,
    ].join("|");
    const chrf = this.scoreCounts(sums.subarray(REFERENCE_SUMS));
    return { chrf, name: `chrF${beta}${"+".repeat(wordOrder)}`, signature };
  }

  /** The n-grams of one text, in the order of the sums. */
  private count(text: string): Counts[] {
    const cased = this.options.lowercase ? text.toLowerCase() : text;
    const words = splitWords(cased);
    const counts = countCharacterNgrams(words.join(""));
    if (this.options.wordOrder === 0) return counts;
    const parts = words.flatMap(splitPunctuation);
    for (let order = 1; order <= this.options.wordOrder; order++) {
      counts.push(countWordNgrams(parts, order));
    }
    return counts;
  }

  /** @param counts of each order, those of the hypotheses, of the references and of both */
  private scoreCounts(counts: Float64Array): number {
    const factor = this.options.beta ** 2;
    const orders = counts.length / 3;
    let [precisions, recalls, effective, scores] = [0, 0, 0, 0];
    for (let order = 0; order < orders; order++) {
      const [hypothesis, reference, both] = counts.subarray(3 * order, 3 * order + 3);
      const precision = hypothesis > 0 ? both / hypothesis : EPSILON;
      const recall = reference > 0 ? both / reference : EPSILON;
      const divisor = factor * precision + recall;
      scores += divisor > 0 ? ((1 + factor) * precision * recall) / divisor : EPSILON;
      if (hypothesis === 0 || reference === 0) continue;
      precisions += precision;
      recalls += recall;
      effective++;
    }
    if (this.options.epsSmoothing) return (100 * scores) / orders;
    if (precisions + recalls === 0) return 0;
    const [precision, recall] = [precisions / effective, recalls / effective];
    return (100 * (1 + factor) * precision * recall) / (factor * precision + recall);
  }
}

/** Of an order that does not occur: small enough to change no digit that is printed. */
const EPSILON = 1e-16;

/** n-grams of characters (code points) of each length from 1 to 6. */
function countCharacterNgrams(text: string): Counts[] {
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) starts.push(at);
  const length = starts.length;
  starts.push(text.length);
  return Array.from({ length: CHARACTER_ORDER }, (_, at) => {
    const counts: Counts = new Map();
    for (let first = 0; first + at < length; first++) {
      const ngram = text.slice(starts[first], starts[first + at + 1]);
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}

const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/** One punctuation mark of ASCII at the end of a word stands alone, or otherwise one at its beginning: (hi) is (hi and ). */
function splitPunctuation(word: string): string[] {
  // A character of two UTF-16 units comes through unchanged, since neither of them is punctuation.
  if (word.length === 1) return [word];
  if (PUNCTUATION.test(word.slice(-1))) return [word.slice(0, -1), word.slice(-1)];
  return PUNCTUATION.test(word[0]) ? [word[0], word.slice(1)] : [word];
}

/** For each order: n-grams of the hypothesis, none where the reference has none; of the reference; of both. */
function matchCounts(hypothesis: readonly Counts[], reference: readonly Counts[]): Float64Array {
  const sums = new Float64Array(3 * hypothesis.length);
  for (const [order, counts] of hypothesis.entries()) {
    const known = reference[order];
    for (const count of known.values()) sums[3 * order + 1] += count;
    for (const [ngram, count] of counts) {
      if (known.size > 0) sums[3 * order] += count;
      sums[3 * order + 2] += Math.min(count, known.get(ngram) ?? 0);
    }
  }
  return sums;
}
