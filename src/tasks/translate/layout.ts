/** Where the sums of an evaluation stand: scores of each length of source, and the pairs that a picture shows. */
import { END } from "../../core/symbols.ts";
import { BleuScorer } from "../../data/bleu.ts";
import { ChrfScorer } from "../../data/chrf.ts";
import { Items } from "../../data/items.ts";
import type { MeasuredPairs, TranslateData } from "./data.ts";
import { tokensOf } from "./facts.ts";

/** First the teacher-forced loss. */
export const Sum = { loss: 0, symbols: 1, bins: 2 } as const;

/** Counts of a bin, before its BLEU, chrF and BLEU of lower case. */
export const Bin = { written: 0, exact: 1, right: 2, symbols: 3, open: 4, scores: 5 } as const;

/** Sources of one length, or of some, are scored together: at most so many bins. */
const MOST_BINS = 40;
const FEW_BINS = 20;

/** What a picture of an evaluation shows, in symbols; longer pairs are not shown. */
export const SHOWN = { pairs: 3, source: 32, target: 40 } as const;

/** Numbers of a shown pair: how many symbols were written, which (1 + id), and the attention of each and of the end. */
const SHOWN_WIDTH = 1 + SHOWN.target + (SHOWN.target + 1) * SHOWN.source;

export class Layout {
  readonly bleu: BleuScorer;
  readonly lower: BleuScorer;
  readonly chrf: ChrfScorer;
  /** Lengths of sources: the first bin begins with `from`, each has `step` lengths. */
  readonly from: number;
  readonly step: number;
  readonly bins: number;
  readonly binWidth: number;
  readonly width: number;
  /** Which pairs are shown, by their indices. */
  readonly shown: readonly number[];
  private readonly shownAt: number;

  constructor({ validation, facts }: Pick<TranslateData, "validation" | "facts">) {
    const { lowercase } = tokensOf(facts).target;
    this.bleu = new BleuScorer({ lowercase });
    this.lower = new BleuScorer({ lowercase: true });
    this.chrf = new ChrfScorer({ lowercase });
    const { lengths } = validation.store.sources;
    const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
    this.from = lengths.reduce((least, length) => Math.min(least, length), longest);
    const range = longest - this.from + 1;
    this.step = range <= MOST_BINS ? 1 : Math.ceil(range / FEW_BINS);
    this.bins = Math.ceil(range / this.step);
    this.binWidth = Bin.scores + 2 * this.bleu.width + this.chrf.width;
    this.shownAt = Sum.bins + this.bins * this.binWidth;
    this.shown = shownOf(validation);
    this.width = this.shownAt + this.shown.length * SHOWN_WIDTH;
  }

  /** Where the sums of sources of that length stand. */
  binOf(length: number): number {
    return Sum.bins + Math.floor((length - this.from) / this.step) * this.binWidth;
  }

  /** Where the numbers of a shown pair stand. @param place among the shown ones */
  shownPlace(place: number): number {
    return this.shownAt + place * SHOWN_WIDTH;
  }

  /** The places of the scores' sums behind the counts of a bin. */
  get scorePlaces(): { readonly bleu: number; readonly lower: number; readonly chrf: number } {
    const bleu = Bin.scores;
    const lower = bleu + this.bleu.width;
    return { bleu, lower, chrf: lower + this.lower.width };
  }

  /** The sums of all parts together: the loss and the bins. */
  addParts(sums: Float64Array): Float64Array {
    const all = new Float64Array(this.width);
    for (let at = 0; at < sums.length; at += this.width) {
      for (let k = 0; k < this.width; k++) all[k] += sums[at + k];
    }
    return all;
  }

  /** The sums of some bins together. @param all as {@link addParts} gives them */
  addBins(all: Float64Array, from = 0, to = this.bins): Float64Array {
    const sum = new Float64Array(this.binWidth);
    for (let bin = from; bin < to; bin++) {
      const at = Sum.bins + bin * this.binWidth;
      for (let k = 0; k < this.binWidth; k++) sum[k] += all[at + k];
    }
    return sum;
  }
}

/** Pairs that a picture has room for, spread evenly. */
function shownOf({ store: { sources, targets } }: MeasuredPairs): number[] {
  const fits = Array.from(sources.lengths.keys()).filter(
    (index) => sources.lengths[index] <= SHOWN.source && targets.lengths[index] <= SHOWN.target,
  );
  return spread(fits.length, SHOWN.pairs).map((place) => fits[place]);
}

/** At most so many of the places from 0 to count, evenly. */
export function spread(count: number, most: number): number[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, place) => Math.floor((place * count) / taken));
}

/** One pair of an evaluation with what was written for it. */
export interface ShownPair {
  readonly text: string;
  readonly source: readonly string[];
  /** The end is the last. */
  readonly written: readonly string[];
  /** [written, source]; undefined without attention. */
  readonly weights: readonly (readonly number[])[] | undefined;
}

/** What a picture shows of an evaluation. */
export function shownPairs(sums: Float64Array, data: TranslateData): ShownPair[] {
  const layout = new Layout(data);
  const all = layout.addParts(sums);
  const { source, target } = tokensOf(data.facts);
  const items = new Items(data.validation.store.sources);
  return layout.shown.flatMap((index, place) => {
    const at = layout.shownPlace(place);
    // 1 more than were written, so that 0 says that the pair was not decoded.
    const count = all[at] - 1;
    if (count < 0) return [];
    const pieces = source.split(data.validation.sources[index]);
    const length = items.length(index);
    const ids = Array.from(all.subarray(at + 1, at + 1 + count), (id) => id - 1);
    const first = at + 1 + SHOWN.target;
    const weights = Array.from({ length: count + 1 }, (_, t) => {
      const row = Array.from(all.subarray(first + t * SHOWN.source, first + t * SHOWN.source + length));
      return data.facts.reverseSource ? row.reverse() : row;
    });
    return [
      {
        text: data.validation.sources[index],
        source: pieces,
        written: [...ids, END].map((id) => target.symbol(id)),
        weights: weights.some((row) => row.some((weight) => weight > 0)) ? weights : undefined,
      },
    ];
  });
}
