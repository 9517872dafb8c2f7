import { type Job, runJob } from "../core/index.ts";

/** Counts how often each key occurs. A key is an integer from 0 to 2^53 - 1. */
export interface CountTable {
  /** Allocates memory for so many keys, so that adding them does not move the others. */
  reserveJob(keys: number): Job<void>;
  add(key: number): void;
  get(key: number): number;
}

/** Tables with more possible keys than this are hashed: an array for this many takes 16 MiB. */
const DENSE_KEYS = 2 ** 22;

/** Slots to move between two pauses of a job. */
const MOVED = 1 << 15;

/** @param keys all keys are below this number */
export function countTable(keys: number): CountTable {
  return keys <= DENSE_KEYS ? new DenseCounts(keys) : new HashedCounts();
}

class DenseCounts implements CountTable {
  private readonly counts: Uint32Array;

  constructor(keys: number) {
    this.counts = new Uint32Array(keys);
  }

  *reserveJob(): Job<void> {}

  add(key: number): void {
    this.counts[key]++;
  }

  get(key: number): number {
    return this.counts[key];
  }
}

/** A hash table with open addressing and linear probing, at most two thirds full: 12 bytes per slot, no objects. */
export class HashedCounts implements CountTable {
  private keys: Float64Array;
  private counts: Uint32Array;
  private used = 0;

  /** @param slots the initial number of slots, a power of two */
  constructor(slots = 1 << 16) {
    this.keys = new Float64Array(slots);
    this.counts = new Uint32Array(slots);
  }

  *reserveJob(keys: number): Job<void> {
    while ((this.used + keys) * 3 > this.keys.length * 2) yield* this.growJob();
  }

  add(key: number): void {
    const slot = this.slot(key);
    if (this.counts[slot]++ > 0) return;
    this.keys[slot] = key;
    if (++this.used * 3 > this.keys.length * 2) runJob(this.growJob());
  }

  get(key: number): number {
    return this.counts[this.slot(key)];
  }

  /** The slot of a key, or the free slot where it belongs. */
  private slot(key: number): number {
    const mask = this.keys.length - 1;
    const low = key >>> 0;
    const high = (key - low) / 2 ** 32;
    const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    let slot = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 0;
    slot = (slot ^ (slot >>> 16)) & mask;
    while (this.counts[slot] > 0 && this.keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  private *growJob(): Job<void> {
    const { keys, counts } = this;
    this.keys = new Float64Array(2 * keys.length);
    this.counts = new Uint32Array(2 * keys.length);
    for (let from = 0; from < keys.length; from += MOVED) {
      this.move(keys.subarray(from, from + MOVED), counts.subarray(from, from + MOVED));
      yield;
    }
  }

  private move(keys: Float64Array, counts: Uint32Array): void {
    for (let old = 0; old < keys.length; old++) {
      if (counts[old] === 0) continue;
      const slot = this.slot(keys[old]);
      this.keys[slot] = keys[old];
      this.counts[slot] = counts[old];
    }
  }
}
