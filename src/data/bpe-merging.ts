/** Applies the merges of byte-pair encoding to a word: the earliest merge first, from the left, until none applies. */
import type { Job } from "../core/index.ts";
import { pairKey } from "./bpe-training.ts";

const BYTES = 256;
const NONE = -1;
/** Marks the place of a symbol that was merged into the one before it. */
const GONE = -1;

/** Places to handle between two pauses of a job. */
const PAUSE = 1 << 14;

/** The merges in order, and the rank of each pair of symbols in that order (see {@link pairKey}). */
export interface Merges {
  readonly merges: readonly (readonly [number, number])[];
  readonly rankOf: ReadonlyMap<number, number>;
}

/** The symbols of a short word. Every merge scans the whole word. */
export function mergeShort(bytes: Uint8Array, { merges, rankOf }: Merges): number[] {
  let symbols = Array.from(bytes);
  for (;;) {
    let rank = Number.POSITIVE_INFINITY;
    for (let at = 0; at + 1 < symbols.length; at++) {
      rank = Math.min(rank, rankOf.get(pairKey(symbols[at], symbols[at + 1])) ?? rank);
    }
    if (rank === Number.POSITIVE_INFINITY) return symbols;
    const [a, b] = merges[rank];
    symbols = mergePair(symbols, a, b, BYTES + rank);
  }
}

/** Replaces every `a` that is followed by `b`, from the left. */
function mergePair(symbols: readonly number[], a: number, b: number, merged: number): number[] {
  const result: number[] = [];
  for (let at = 0; at < symbols.length; at++) {
    if (symbols[at] === a && symbols[at + 1] === b) {
      result.push(merged);
      at++;
    } else result.push(symbols[at]);
  }
  return result;
}

/**
 * The same symbols for a word of any length, in nearly linear time: each merge visits only the places that were noted
 * for it. A merge makes a new symbol that only later merges can contain, so one pass over the merges is enough.
 */
export function* mergeLongJob(bytes: Uint8Array, { merges, rankOf }: Merges): Job<number[]> {
  const size = bytes.length;
  const symbols = Int32Array.from(bytes);
  const next = Int32Array.from(bytes, (_, at) => (at + 1 < size ? at + 1 : NONE));
  const previous = Int32Array.from(bytes, (_, at) => at - 1);
  const placesOf: (number[] | undefined)[] = [];
  const note = (at: number) => {
    if (at === NONE || next[at] === NONE) return;
    const rank = rankOf.get(pairKey(symbols[at], symbols[next[at]]));
    if (rank === undefined) return;
    const places = placesOf[rank];
    if (places === undefined) placesOf[rank] = [at];
    else places.push(at);
  };
  for (let at = 0; at < size; at++) {
    note(at);
    if (at % PAUSE === 0) yield;
  }
  for (let rank = 0; rank < merges.length; rank++) {
    const places = placesOf[rank];
    if (places === undefined) continue;
    const [a, b] = merges[rank];
    // In "aaa" the first two letters are merged, not the last two; other pairs cannot overlap.
    if (a === b) places.sort((x, y) => x - y);
    for (const [k, at] of places.entries()) {
      const right = next[at];
      if (symbols[at] === a && right !== NONE && symbols[right] === b) {
        symbols[at] = BYTES + rank;
        symbols[right] = GONE;
        next[at] = next[right];
        if (next[right] !== NONE) previous[next[right]] = at;
        note(previous[at]);
        note(at);
      }
      if (k % PAUSE === 0) yield;
    }
    placesOf[rank] = undefined;
  }
  return Array.from(symbols.filter((symbol) => symbol !== GONE));
}
