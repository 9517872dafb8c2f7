/**
 * The text that every contestant learns: ids in 0..vocab-1 that look like words between spaces, so that the
 * loss falls within a few steps. Integer arithmetic only: `peers/pytorch_char_lm.py` draws the same ids.
 *
 * A lexicon of {@link LEXICON_WORDS} words is drawn once, its letters and later its words with a bias to small
 * numbers (the minimum of several draws); id 0 is the space between two words.
 */

const LEXICON_WORDS = 200;
const SHORTEST_WORD = 2;
const WORD_LENGTHS = 7;

export interface IdBatch {
  /** [batch, time] row by row. */
  inputs: Int32Array;
  /** The id that follows each input, same layout. */
  targets: Int32Array;
}

/** Numerical Recipes' linear congruential generator; the low 16 bits are dropped because they are poor. */
export class Lcg {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  below(bound: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state >>> 16) % bound;
  }
}

/** An endless stream of ids; the same vocabulary and seed give the same stream. */
export class IdStream {
  private readonly random: Lcg;
  private readonly lexicon: number[][] = [];
  private pending: number[] = [];

  constructor(vocab: number, seed: number) {
    this.random = new Lcg(seed);
    for (let word = 0; word < LEXICON_WORDS; word++) {
      const length = SHORTEST_WORD + this.random.below(WORD_LENGTHS);
      const letters: number[] = [];
      for (let i = 0; i < length; i++) {
        const a = this.random.below(vocab - 1);
        const b = this.random.below(vocab - 1);
        letters.push(1 + Math.min(a, b));
      }
      this.lexicon.push(letters);
    }
  }

  next(): number {
    if (this.pending.length === 0) {
      const a = this.random.below(LEXICON_WORDS);
      const b = this.random.below(LEXICON_WORDS);
      const c = this.random.below(LEXICON_WORDS);
      this.pending = [0, ...this.lexicon[Math.min(a, b, c)]].reverse();
    }
    return this.pending.pop()!;
  }

  /** `batch` rows of `time` + 1 ids each, as inputs and the ids that follow them. */
  nextBatch(batch: number, time: number): IdBatch {
    const inputs = new Int32Array(batch * time);
    const targets = new Int32Array(batch * time);
    for (let row = 0; row < batch; row++) {
      let current = this.next();
      for (let t = 0; t < time; t++) {
        inputs[row * time + t] = current;
        current = this.next();
        targets[row * time + t] = current;
      }
    }
    return { inputs, targets };
  }
}
