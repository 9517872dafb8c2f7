import { type Job, runJob } from "../core/index.ts";

/** How often each key (a whole number below 2^53) was met. */
export interface CountTable {
  /** Makes room for so many keys, so that adding them takes no longer than it has to. */
  reserveJob(keys: number): Job<void>;
  add(key: number): void;
  get(key: number): number;
}

/** Beyond this many possible keys a table is hashed: 16 MiB of counts. */
const DENSE_KEYS = 2 ** 22;

/** Slots that are moved between two pauses of a job. */
const MOVED = 1 << 15;

/** @param keys keys are below this */
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

/** Open addressing with linear probing, at most two thirds full; 12 bytes a slot, no objects. */
export class HashedCounts implements CountTable {
  private keys: Float64Array;
  private counts: Uint32Array;
  private used = 0;

  /** @param slots to start with, a power of two */
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

  /** The key's slot, or the free one where it would go. */
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
