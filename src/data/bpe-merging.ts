/** Applying the merges of byte-pair encoding to a word: the earliest merge first, from the left, as long as there is one. */
import type { Job } from "../core/index.ts";
import { pairKey } from "./bpe-training.ts";

const BYTES = 256;
const NONE = -1;
/** In place of a symbol that has gone into the one before it. */
const GONE = -1;

/** Places that are dealt with between two pauses of a job. */
const PAUSE = 1 << 14;

/** Merges, and the place in their order of each pair of symbols (see {@link pairKey}). */
export interface Merges {
  readonly merges: readonly (readonly [number, number])[];
  readonly rankOf: ReadonlyMap<number, number>;
}

/** The symbols of a short word: looks at all of it for each merge. */
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

/** Every a followed by b replaced, from the left. */
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
 * The same symbols for a word of any length, in time that hardly grows faster than it: each merge goes to the places
 * that were noted for it. A merge makes a new symbol, which only later merges can hold, so one way through the merges
 * is enough.
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
