/** Where the sums of an evaluation stand: the loss, the scores, and the captions that a picture shows. */
import { BleuScorer } from "../../data/bleu.ts";
import { ChrfScorer } from "../../data/chrf.ts";
import type { CaptionData } from "./data.ts";
import { tokensOf } from "./facts.ts";

/** First the teacher-forced loss, then counts of what was written. */
export const Sum = { loss: 0, symbols: 1, written: 2, open: 3, right: 4, judged: 5, scores: 6 } as const;

/** What a picture of an evaluation shows: pictures, and symbols of a caption at most. */
export const SHOWN = { pictures: 12, symbols: 60 } as const;

/** Numbers of a shown picture: how many symbols were written and one more, whether they are right, and which (1 + id). */
const SHOWN_WIDTH = 2 + SHOWN.symbols;

/** What is known of whether a caption is right. */
export const Verdict = { unknown: 0, wrong: 1, right: 2 } as const;

export class Layout {
  readonly bleu: BleuScorer;
  readonly chrf: ChrfScorer;
  readonly width: number;
  /** Which pictures are shown, by their places among those that are measured. */
  readonly shown: readonly number[];
  private readonly chrfAt: number;
  private readonly shownAt: number;

  constructor({ validation, facts }: Pick<CaptionData, "validation" | "facts">) {
    const { lowercase } = tokensOf(facts);
    this.bleu = new BleuScorer({ lowercase });
    this.chrf = new ChrfScorer({ lowercase });
    this.chrfAt = Sum.scores + this.bleu.width;
    this.shownAt = this.chrfAt + this.chrf.width;
    this.shown = spread(validation.rows.length, SHOWN.pictures);
    this.width = this.shownAt + this.shown.length * SHOWN_WIDTH;
  }

  /** Adds one caption to BLEU and chrF. */
  addScores(sums: Float64Array, caption: string, references: readonly string[]): void {
    this.bleu.add(sums.subarray(Sum.scores, this.chrfAt), caption, references);
    this.chrf.add(sums.subarray(this.chrfAt, this.shownAt), caption, references);
  }

  scores(all: Float64Array) {
    return {
      bleu: this.bleu.score(all.subarray(Sum.scores, this.chrfAt)),
      chrf: this.chrf.score(all.subarray(this.chrfAt, this.shownAt)),
    };
  }

  /** Keeps what was written for a picture, where it is one of those that are shown. */
  keepShown(sums: Float64Array, picture: number, symbols: Int32Array, verdict: number): void {
    const place = this.shown.indexOf(picture);
    if (place < 0) return;
    const at = this.shownAt + place * SHOWN_WIDTH;
    const count = Math.min(symbols.length, SHOWN.symbols);
    // One more than were written, so that 0 says that the picture was left out.
    sums[at] = 1 + count;
    sums[at + 1] = verdict;
    for (let t = 0; t < count; t++) sums[at + 2 + t] = 1 + symbols[t];
  }

  /** What {@link keepShown} kept. */
  readShown(
    all: Float64Array,
  ): { readonly picture: number; readonly symbols: number[]; readonly verdict: number }[] {
    return this.shown.flatMap((picture, place) => {
      const at = this.shownAt + place * SHOWN_WIDTH;
      const count = all[at] - 1;
      if (count < 0) return [];
      const symbols = Array.from(all.subarray(at + 2, at + 2 + count), (id) => id - 1);
      return [{ picture, symbols, verdict: all[at + 1] }];
    });
  }

  /** The sums of all parts together. */
  addParts(sums: Float64Array): Float64Array {
    const all = new Float64Array(this.width);
    for (let at = 0; at < sums.length; at += this.width) {
      for (let k = 0; k < this.width; k++) all[k] += sums[at + k];
    }
    return all;
  }
}

/** At most so many of the places from 0 to count, evenly. */
export function spread(count: number, most: number): number[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, place) => Math.floor((place * count) / taken));
}
