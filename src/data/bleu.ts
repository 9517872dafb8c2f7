/**
 * BLEU of a corpus (Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"), as sacreBLEU
 * computes it (Post 2018, "A call for clarity in reporting BLEU scores"): n-grams up to 4, no effective order.
 */
import { checkValue, FLAG, oneOf, type Ranges, settle, TEXT } from "../core/options.ts";
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
  trimLastSpaces,
} from "./reference-texts.ts";

export interface BleuOptions {
  /**
   * `13a` (default) splits punctuation off as mteval-v13a of WMT does, for texts as they are written. `none` splits at
   * spaces alone, for texts that are tokenized already.
   */
  tokenize?: "13a" | "none";
  /** Whether texts are compared in lower case. Default false. */
  lowercase?: boolean;
  /**
   * `exp` (default): the k-th order without a match counts as 1 / 2^k matches (method 3 of Chen and Cherry 2014, "A
   * systematic comparison of smoothing techniques for sentence-level BLEU"). `none`: it makes BLEU 0.
   */
  smoothing?: "exp" | "none";
}

export interface BleuScore {
  /** From 0 to 100. */
  readonly bleu: number;
  /** BLEU-1 to BLEU-4, each from 0 to 100: the n-grams up to this length alone. */
  readonly cumulative: readonly number[];
  /** The modified precision of the n-grams of length 1 to 4, smoothed, each from 0 to 100. */
  readonly precisions: readonly number[];
  /** The n-grams of length 1 to 4 that are in a reference. */
  readonly matches: readonly number[];
  /** All n-grams of length 1 to 4 of the hypotheses. */
  readonly totals: readonly number[];
  /** From 0 to 1; 1 where the hypotheses are not shorter than the references. */
  readonly brevityPenalty: number;
  /** Tokens of all hypotheses. */
  readonly hypothesisLength: number;
  /** Tokens of the references, of each sentence those of the one that is closest in length to the hypothesis. */
  readonly referenceLength: number;
  /** What sacreBLEU prints beside the figure. */
  readonly signature: string;
}

const ORDER = 4;
const RANGES: Ranges<BleuOptions> = {
  tokenize: oneOf("13a", "none"),
  lowercase: FLAG,
  smoothing: oneOf("exp", "none"),
};
const DEFAULTS: Required<BleuOptions> = { tokenize: "13a", lowercase: false, smoothing: "exp" };

/** Places of the sums after those of the references. */
const Sum = {
  hypothesisLength: REFERENCE_SUMS,
  referenceLength: REFERENCE_SUMS + 1,
  matches: REFERENCE_SUMS + 2,
  totals: REFERENCE_SUMS + 2 + ORDER,
} as const;

/**
 * BLEU of a corpus, equal to that of sacreBLEU with the same signature.
 * @param hypotheses `[sentences]`, at least one, each as it was written or decoded
 * @param references `[sentences]`: one or several for each, whose number may differ
 * @throws InputError for lists of different lengths and what is no text
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: References,
  options: BleuOptions = {},
): BleuScore {
  checkReferences("corpusBleu", hypotheses, references);
  const scorer = new BleuScorer(options, "corpusBleu");
  const sums = new Float64Array(scorer.width);
  for (let at = 0; at < hypotheses.length; at++) scorer.add(sums, hypotheses[at], references[at]);
  return scorer.score(sums);
}

/** BLEU from sums: those of parts of the data add up. */
export class BleuScorer {
  /** The number of sums. */
  readonly width = REFERENCE_SUMS + 2 + 2 * ORDER;
  readonly options: Required<BleuOptions>;

  constructor(options: BleuOptions = {}, where = "BleuScorer") {
    this.options = settle<Required<BleuOptions>>(where, RANGES, DEFAULTS, options);
  }

  /**
   * Adds the counts of one sentence.
   * @param sums [width]
   * @param references one text, or a list of at least one
   */
  add(sums: Float64Array, hypothesis: string, references: string | readonly string[]): void {
    const words = this.split(hypothesis);
    const others = listOfReferences(references).map((text) => this.split(text));
    addReferenceCount(sums, others.length);
    sums[Sum.hypothesisLength] += words.length;
    sums[Sum.referenceLength] += closestLength(
      words.length,
      others.map(({ length }) => length),
    );
    for (let order = 1; order <= ORDER; order++) {
      const known = others.map((text) => countWordNgrams(text, order));
      for (const [ngram, count] of countWordNgrams(words, order)) {
        const most = known.reduce((best, counts) => Math.max(best, counts.get(ngram) ?? 0), 0);
        sums[Sum.totals + order - 1] += count;
        sums[Sum.matches + order - 1] += Math.min(count, most);
      }
    }
  }

  /** The score of all sentences that were added. Without any, BLEU is 0. */
  score(sums: Float64Array): BleuScore {
    const [hypothesisLength, referenceLength] = [sums[Sum.hypothesisLength], sums[Sum.referenceLength]];
    const matches = Array.from(sums.subarray(Sum.matches, Sum.matches + ORDER));
    const totals = Array.from(sums.subarray(Sum.totals, Sum.totals + ORDER));
    const precisions = smoothPrecisions(matches, totals, this.options.smoothing);
    let brevityPenalty = 1;
    if (hypothesisLength < referenceLength) {
      brevityPenalty = hypothesisLength > 0 ? Math.exp(1 - referenceLength / hypothesisLength) : 0;
    }
    const cumulative = precisions.map((_, at) => {
      const logs = precisions.slice(0, at + 1).map(Math.log);
      return brevityPenalty * Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    });
    const { tokenize, lowercase, smoothing } = this.options;
    const signature = [
      `nrefs:${describeReferenceCount(sums)}`,
      `case:${lowercase ? "lc" : "mixed"}`,
      `eff:no|tok:${tokenize}|smooth:${smoothing}|version:${SACREBLEU_VERSION}`,
    ].join("|");
    return {
      ...{ bleu: cumulative[ORDER - 1], cumulative, precisions, matches, totals },
      ...{ brevityPenalty, hypothesisLength, referenceLength, signature },
    };
  }

  private split(text: string): string[] {
    const { tokenize, lowercase } = this.options;
    const cased = lowercase ? text.toLowerCase() : text;
    return tokenize === "13a" ? tokenize13a(cased) : splitWords(cased);
  }
}

/** The length of the reference that is closest in length, the shorter one of two. */
function closestLength(length: number, lengths: readonly number[]): number {
  return lengths.reduce((best, other) => {
    const [now, then] = [Math.abs(other - length), Math.abs(best - length)];
    return now < then || (now === then && other < best) ? other : best;
  });
}

/** No match at all makes every precision 0, and so BLEU; orders for which the hypotheses are too short have 0, too. */
function smoothPrecisions(
  matches: readonly number[],
  totals: readonly number[],
  smoothing: "exp" | "none",
): number[] {
  const precisions = new Array<number>(ORDER).fill(0);
  if (!matches.some((count) => count > 0)) return precisions;
  let smooth = 1;
  for (let at = 0; at < ORDER && totals[at] > 0; at++) {
    if (matches[at] > 0) precisions[at] = (100 * matches[at]) / totals[at];
    else if (smoothing === "exp") {
      smooth *= 2;
      precisions[at] = 100 / (smooth * totals[at]);
    }
  }
  return precisions;
}

/** In order, since `&amp;quot;` stays `&quot;`, as mteval leaves it. */
const ENTITIES = [
  ["&quot;", '"'],
  ["&amp;", "&"],
  ["&lt;", "<"],
  ["&gt;", ">"],
] as const;

/** All punctuation of ASCII but the apostrophe, the comma, the hyphen and the full stop. */
const PUNCTUATION = /[{-~[-` -&(-+:-@/]/gu;

/**
 * The tokens of a text by the rules of mteval-v13a, which sacreBLEU calls `13a`: punctuation of ASCII stands alone, but
 * for apostrophes, for full stops and commas between two digits, and for hyphens that do not follow a digit. A hyphen at
 * the end of a line joins the words, four HTML entities are read.
 */
export function tokenize13a(text: string): string[] {
  checkValue("tokenize13a: text", TEXT, text);
  let line = trimLastSpaces(text).replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  for (const [entity, character] of ENTITIES) line = line.replaceAll(entity, character);
  line = ` ${line} `
    .replace(PUNCTUATION, " $& ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])-/gu, "$1 - ");
  return splitWords(line);
}
