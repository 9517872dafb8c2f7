/**
 * Lengths of pairs of sentences as in batches of Multi30k that are sorted by the length of the source: about 13 symbols,
 * targets within 4 of their source. `peers/pair_lengths.py` draws the same.
 */

import { Lcg } from "./ids.ts";

/** Of the sources of successive batches: eighths of Multi30k. */
const CENTRES = [8, 15, 10, 12, 7, 13, 11, 20];

export interface PairLengths {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

export class LengthStream {
  private readonly random: Lcg;
  private batches = 0;

  constructor(seed: number) {
    this.random = new Lcg(seed);
  }

  /** @param most of a source and of a target */
  next(batch: number, most: number): PairLengths {
    const centre = CENTRES[this.batches++ % CENTRES.length];
    const [source, target] = [new Int32Array(batch), new Int32Array(batch)];
    for (let row = 0; row < batch; row++) {
      source[row] = Math.min(most, centre + this.random.below(2));
      const other = source[row] + this.random.below(5) + this.random.below(5) - 4;
      target[row] = Math.max(1, Math.min(most, other));
    }
    return { source, target };
  }
}
