/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). A value depends on a key and a counter only. So the dropout kernels of all backends draw the
 * same mask, a backward pass draws it again instead of storing it, and the state is four words.
 */

import { checkValue, listOfAny, type Range, SIZE } from "./options.ts";

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * One block: two random words from two words of counter and two words of key. All are unsigned 32-bit integers.
 * @throws InputError if `counter` or `key` is not a pair of such integers
 */
export function threefry2x32(
  counter: readonly [number, number],
  key: readonly [number, number],
): [number, number] {
  if (!isPair(counter)) checkValue("threefry2x32: counter", PAIR, counter);
  if (!isPair(key)) checkValue("threefry2x32: key", PAIR, key);
  return block(counter, key);
}

const isWord = (value: unknown): boolean => (value as number) >>> 0 === value;
const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isWord(value[0]) && isWord(value[1]);
const PAIR: Range = { text: "two integers from 0 to 2^32 - 1", fits: isPair };
const INTEGER_NAME: Range = { text: "an integer", fits: Number.isSafeInteger };
const SEED: Range = {
  text: "an integer, or the state of a generator (four integers from 0 to 2^32 - 1)",
  fits: (value) =>
    Number.isSafeInteger(value) ||
    (Array.isArray(value) && value.length === 4 && Array.from(value).every(isWord)),
};

function block(counter: readonly [number, number], key: readonly [number, number]): [number, number] {
  const keys = [key[0] | 0, key[1] | 0, PARITY ^ key[0] ^ key[1]];
  let x0 = (counter[0] + keys[0]) | 0;
  let x1 = (counter[1] + keys[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8];
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + keys[injection % 3]) | 0;
      x1 = (x1 + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** Four unsigned 32-bit words: the key, and the counter of the next draw. */
export type RngState = readonly [number, number, number, number];

/** Rows of a batch: element i of what is drawn for them belongs to row `rows[i]` of `batch` rows. */
export interface BatchRows {
  readonly rows: readonly number[];
  readonly batch: number;
}

/** A stream: its key, and the counter of the next draw in two words. */
interface Stream {
  readonly key: readonly [number, number];
  low: number;
  high: number;
}

/** A seeded stream of random numbers. The same seed gives the same numbers everywhere. */
export class Rng {
  private stream: Stream;
  private _batchRows: BatchRows | undefined;

  /**
   * @param seed any integer with |seed| <= 2^53, or a saved {@link state}
   * @throws InputError for any other value
   */
  constructor(seed: number | RngState) {
    checkValue("Rng: seed", SEED, seed);
    if (typeof seed === "number") {
      this.stream = { key: [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], low: 0, high: 0 };
    } else {
      this.stream = { key: [seed[0], seed[1]], low: seed[2], high: seed[3] };
    }
  }

  /** The position of the stream: `new Rng(state)` continues it. */
  get state(): RngState {
    const { key, low, high } = this.stream;
    return [key[0], key[1], low, high];
  }

  /** Which rows of a batch this generator draws masks and noise for: see {@link forRows}. Undefined: for all. */
  get batchRows(): BatchRows | undefined {
    return this._batchRows;
  }

  /** Two unsigned 32-bit words. */
  words(): [number, number] {
    const { stream } = this;
    const words = block([stream.low, stream.high], stream.key);
    stream.low = (stream.low + 1) >>> 0;
    if (stream.low === 0) stream.high = (stream.high + 1) >>> 0;
    return words;
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    const [a, b] = this.words();
    return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
  }

  /** A standard normal number (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A uniform integer in [0, bound). @throws InputError unless `bound` is an integer of at least 1 */
  integer(bound: number): number {
    checkValue("rng.integer: bound", SIZE, bound);
    return Math.floor(this.uniform() * bound);
  }

  /** An independent stream that is named by integers, for example replica and step. This stream does not advance. */
  fork(...names: number[]): Rng {
    for (const [index, name] of names.entries()) checkValue(`rng.fork: name ${index}`, INTEGER_NAME, name);
    let { key } = this.stream;
    for (const name of names) key = block([name >>> 0, 0x666f726b], key);
    const fork = new Rng([key[0], key[1], 0, 0]);
    fork._batchRows = this._batchRows;
    return fork;
  }

  /**
   * The same stream for some rows of a batch: what `dropout` draws for a row is what it draws for it where the whole
   * batch is in one tensor. A draw from one of the two advances the other.
   * @param rows which row of the batch each row of a tensor is, from 0 to batch - 1
   * @param batch how many rows the whole batch has
   * @throws InputError for a number of rows that is no size, and a row that is not in the batch
   */
  forRows(rows: ArrayLike<number>, batch: number): Rng {
    checkValue("rng.forRows: batch", SIZE, batch);
    const inBatch = (row: unknown) =>
      Number.isSafeInteger(row) && (row as number) >= 0 && (row as number) < batch;
    checkValue(
      "rng.forRows: rows",
      listOfAny({ text: "", fits: inBatch }, `a list of integers from 0 to ${batch - 1}`),
      rows,
    );
    const view = new Rng(0);
    view.stream = this.stream;
    view._batchRows = { rows: Array.from(rows), batch };
    return view;
  }
}
