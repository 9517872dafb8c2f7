/** Learns the merges of byte-pair encoding (Sennrich, Haddow and Birch 2016). */
import type { Job } from "../core/index.ts";

/** Two symbols as one number: ids stay below 2^16. */
export const pairKey = (a: number, b: number): number => a * 65_536 + b;

/** Bytes or places to handle between two pauses of a job. */
const PAUSE = 1 << 14;

const NONE = -1;
/** Marks the place of a symbol that was merged into the one before it. */
const GONE = 0xffff;

/** Two symbols that are neighbours somewhere. */
interface Pair {
  readonly key: number;
  /** How often it occurs in all words. */
  count: number;
  /** The first place in its list. */
  first: number;
}

/**
 * The symbols of all words, with a list of places for every pair of neighbours. A merge visits only the places of its
 * pair and their neighbours, so the time of learning is proportional to what changes, even if the text is one word.
 */
class PairPlaces {
  private readonly symbols: Uint16Array;
  /** The word that each symbol belongs to, and how often each word occurs. */
  private readonly wordOf: Int32Array;
  private readonly countOf: readonly number[];
  /** Neighbours in the word. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** Neighbours in the list of places of the pair that begins at a place. */
  private readonly nextPlace: Int32Array;
  private readonly previousPlace: Int32Array;
  private readonly pairs = new Map<number, Pair>();
  /** Pairs that have appeared since the last call of {@link takeFresh}. */
  private fresh: Pair[] = [];

  private constructor(symbols: Uint16Array, wordOf: Int32Array, countOf: readonly number[]) {
    this.symbols = symbols;
    this.wordOf = wordOf;
    this.countOf = countOf;
    const empty = () => new Int32Array(symbols.length).fill(NONE);
    [this.next, this.previous, this.nextPlace, this.previousPlace] = [empty(), empty(), empty(), empty()];
  }

  /** @param words each word with the number of its occurrences */
  static *createJob(words: ReadonlyMap<string, number>): Job<PairPlaces> {
    const encoder = new TextEncoder();
    let bytes = new Uint8Array(PAUSE);
    let used = 0;
    const ends: number[] = [];
    for (const word of words.keys()) {
      if (used + 3 * word.length > bytes.length) {
        const more = new Uint8Array(2 * bytes.length + 3 * word.length);
        more.set(bytes);
        bytes = more;
      }
      used += encoder.encodeInto(word, bytes.subarray(used)).written;
      if (ends.push(used) % 1024 === 0) yield;
    }
    const symbols = new Uint16Array(bytes.subarray(0, used));
    const wordOf = new Int32Array(used);
    for (const [word, end] of ends.entries()) {
      wordOf.fill(word, ends[word - 1] ?? 0, end);
      if (word % 1024 === 0) yield;
    }
    const places = new PairPlaces(symbols, wordOf, [...words.values()]);
    yield* places.fillJob();
    return places;
  }

  private *fillJob(): Job<void> {
    const { wordOf, next, previous } = this;
    for (let at = 0; at + 1 < wordOf.length; at++) {
      if (wordOf[at] === wordOf[at + 1]) {
        next[at] = at + 1;
        previous[at + 1] = at;
        this.link(at);
      }
      if (at % PAUSE === 0) yield;
    }
  }

  /** Returns the pairs that have appeared since the last call. */
  takeFresh(): Pair[] {
    const { fresh } = this;
    this.fresh = [];
    return fresh;
  }

  /** Replaces a pair by one symbol at all of its places, from the left in each word. */
  *mergeJob({ key, first }: Pair, merged: number): Job<void> {
    const [a, b] = [Math.floor(key / 65_536), key % 65_536];
    const places: number[] = [];
    for (let at = first; at !== NONE; at = this.nextPlace[at]) {
      if (places.push(at) % PAUSE === 0) yield;
    }
    // In "aaa" the first two letters are merged, not the last two; other pairs cannot overlap.
    const sorted = a === b ? Int32Array.from(places).sort() : places;
    for (let k = 0; k < sorted.length; k++) {
      const at = sorted[k];
      if (this.symbols[at] === a && this.next[at] !== NONE && this.symbols[this.next[at]] === b) {
        this.mergeAt(at, merged);
      }
      if (k % PAUSE === 0) yield;
    }
  }

  private mergeAt(at: number, merged: number): void {
    const { symbols, next, previous } = this;
    const [left, right] = [previous[at], next[at]];
    const after = next[right];
    if (left !== NONE) this.unlink(left);
    this.unlink(at);
    if (after !== NONE) this.unlink(right);
    symbols[at] = merged;
    symbols[right] = GONE;
    next[at] = after;
    if (after !== NONE) {
      previous[after] = at;
      this.link(at);
    }
    if (left !== NONE) this.link(left);
  }

  private keyAt(at: number): number {
    return pairKey(this.symbols[at], this.symbols[this.next[at]]);
  }

  /** Starts to count the pair that begins at a place. */
  private link(at: number): void {
    const key = this.keyAt(at);
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = { key, count: 0, first: NONE };
      this.pairs.set(key, pair);
      this.fresh.push(pair);
    }
    pair.count += this.countOf[this.wordOf[at]];
    this.nextPlace[at] = pair.first;
    this.previousPlace[at] = NONE;
    if (pair.first !== NONE) this.previousPlace[pair.first] = at;
    pair.first = at;
  }

  /** Stops counting the pair that begins at a place. */
  private unlink(at: number): void {
    const pair = this.pairs.get(this.keyAt(at))!;
    const [before, after] = [this.previousPlace[at], this.nextPlace[at]];
    if (before === NONE) pair.first = after;
    else this.nextPlace[before] = after;
    if (after !== NONE) this.previousPlace[after] = before;
    pair.count -= this.countOf[this.wordOf[at]];
    if (pair.first === NONE) this.pairs.delete(pair.key);
  }
}

/** A pair with its count at the time when it was queued. Counts only decrease after that. */
interface Queued {
  readonly pair: Pair;
  readonly count: number;
}

/** A binary heap: the most frequent pair comes first, and of equally frequent pairs the one with the smaller symbols. */
class PairQueue {
  private readonly heap: Queued[] = [];

  /** Queues a pair. Pairs that occur only once are ignored. */
  add(pair: Pair): void {
    if (pair.count < 2) return;
    const { heap } = this;
    const queued: Queued = { pair, count: pair.count };
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(queued, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = queued;
  }

  /** Removes and returns the most frequent pair by its present count; undefined if none occurs twice. */
  take(): Pair | undefined {
    for (;;) {
      const first = this.takeFirst();
      if (first === undefined || first.count === first.pair.count) return first?.pair;
      this.add(first.pair);
    }
  }

  private takeFirst(): Queued | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (child >= heap.length || !isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Queued, b: Queued): boolean {
  return a.count > b.count || (a.count === b.count && a.pair.key < b.pair.key);
}

/**
 * Learns merges and returns them in order, each a pair of symbols: bytes are 0 to 255, the result of merge m is 256 + m.
 * The order of the words makes no difference.
 * @param words each different word with the number of its occurrences
 * @param merges the most merges to learn; learning stops earlier if no pair occurs twice
 */
export function* learnMergesJob(words: ReadonlyMap<string, number>, merges: number): Job<[number, number][]> {
  const places = yield* PairPlaces.createJob(words);
  const queue = new PairQueue();
  const learned: [number, number][] = [];
  while (learned.length < merges) {
    for (const pair of places.takeFresh()) queue.add(pair);
    const best = queue.take();
    if (best === undefined) break;
    const merged = 256 + learned.push([Math.floor(best.key / 65_536), best.key % 65_536]) - 1;
    yield* places.mergeJob(best, merged);
    yield;
  }
  return learned;
}
