/** Pairs as ids in shared memory, and the batches of a training. */
import { InputError, type Job, runJob } from "../core/index.ts";
import { checkValue, FLAG, optional, type Ranges, SIZE, settle } from "../core/options.ts";
import { ItemBatches, type ItemBatchOptions } from "./item-batches.ts";
import { checkIndices, type ItemStore, Items, ItemsBuilder } from "./items.ts";
import { type PaddedItems, padItems } from "./padded-items.ts";
import type { PairTokens } from "./pair-tokens.ts";
import { PAIRS, type SentencePairs } from "./pairs.ts";
import { sharedInts } from "./shared-arrays.ts";

/** Pairs as ids, in shared memory where there is any. Neither side has START or END. */
export interface PairStore {
  readonly sources: ItemStore<Int32Array>;
  /** As many as sources. */
  readonly targets: ItemStore<Int32Array>;
}

export interface EncodedPairs extends PairStore {
  /** Which of the pairs each is, in ascending order. */
  readonly kept: Int32Array;
  /** Pairs that have more symbols on a side than are read. */
  readonly tooLong: number;
}

export interface EncodePairsOptions {
  readonly source: PairTokens;
  readonly target: PairTokens;
  /** Which of the pairs, in [0, number of pairs). Default: all. */
  readonly indices?: ArrayLike<number>;
  /** Leave pairs out that have more symbols on a side. Default: none is left out. */
  readonly maxLength?: number;
  /** Sources from their end to their beginning (Sutskever, Vinyals and Le 2014). Default false. */
  readonly reverseSources?: boolean;
}

const TOKENS = {
  text: "symbols, as learnPairTokens makes them",
  fits: (value: unknown): boolean => {
    const { encode, decode, size } = Object(value) as Partial<PairTokens>;
    return typeof encode === "function" && typeof decode === "function" && SIZE.fits(size);
  },
};

const RANGES: Ranges<Omit<EncodePairsOptions, "indices">> = {
  source: TOKENS,
  target: TOKENS,
  maxLength: optional(SIZE),
  reverseSources: optional(FLAG),
};

/** Pairs that are encoded between two pauses of a job. */
const PAUSE = 128;

/**
 * Encode pairs, one after the other: no second list of texts is made.
 * @throws InputError for options out of range, and where no pair is left
 */
export function encodePairs(pairs: SentencePairs, options: EncodePairsOptions): EncodedPairs {
  return runJob(encodePairsJob(pairs, options));
}

/** {@link encodePairs} as a job. */
export function* encodePairsJob(pairs: SentencePairs, options: EncodePairsOptions): Job<EncodedPairs> {
  checkValue("encodePairs: pairs", PAIRS, pairs);
  const { indices: asked, ...others } = options;
  const { source, target, maxLength = Infinity, reverseSources } = settle("encodePairs", RANGES, {}, others);
  const indices = asked ?? pairs.sources.map((_, index) => index);
  checkIndices("encodePairs: indices", indices, pairs.sources.length);
  const sources = new ItemsBuilder("encodePairs", new Int32Array(0), 1);
  const targets = new ItemsBuilder("encodePairs", new Int32Array(0), 1);
  const kept: number[] = [];
  for (let at = 0; at < indices.length; at++) {
    const from = source.encode(pairs.sources[indices[at]]);
    const to = target.encode(pairs.targets[indices[at]]);
    if (from.length <= maxLength && to.length <= maxLength) {
      sources.add(reverseSources ? from.reverse() : from);
      targets.add(to);
      kept.push(indices[at]);
    }
    if (at % PAUSE === 0) yield;
  }
  if (kept.length === 0 && indices.length > 0) {
    throw new InputError(`all ${indices.length} pairs have more than ${maxLength} symbols on a side`, {
      hint: "allow longer ones with --max-length, or give shorter sentences",
    });
  }
  const shared = sharedInts(kept.length);
  shared.set(kept);
  return {
    sources: sources.finish().store,
    targets: targets.finish().store,
    kept: shared,
    tooLong: indices.length - kept.length,
  };
}

export type PairBatchOptions = Omit<ItemBatchOptions, "weights" | "sortBy">;

/** The rows of one step. */
export interface PairBatch {
  /** The pair in each row. */
  readonly indices: Int32Array;
  /** Symbols of each row's target, END included: what its summed loss is of, `[rows]`. */
  readonly weights: Float64Array;
  /** Their sum, over the rows of all replicas: the loss of the step is the summed loss divided by it. */
  readonly weight: number;
  readonly sourceTime: number;
  /** Of the longest target of the batch, without START and END. */
  readonly targetTime: number;
}

/** Some rows of a step, each side filled up with zeros. */
export interface PaddedPairs {
  /** Ids, `[rows, sourceTime]`. */
  readonly source: Int32Array;
  /** Ids of each row that are its source's, `[rows]`. */
  readonly sourceLengths: Int32Array;
  /** Ids without START and END, `[rows, targetTime]`. */
  readonly target: Int32Array;
  readonly targetLengths: Int32Array;
  readonly rows: number;
  readonly sourceTime: number;
  readonly targetTime: number;
}

/**
 * Cuts pairs into the batches of a training or an evaluation, as `ItemBatches` does. With buckets, pairs are sorted by
 * the length of their sources and, where it is equal, of their targets, so that both sides have little padding. The batch
 * of a step is a function of the pairs, the options and the step.
 */
export class PairBatches {
  readonly sources: Items<Int32Array>;
  readonly targets: Items<Int32Array>;
  readonly stepsPerPass: number;
  private readonly batches: ItemBatches<Int32Array>;

  /**
   * @param options as those of `ItemBatches`; `bucketBatches` is 16 unless given
   * @throws InputError without pairs, for sides of different numbers, and for options out of their range
   */
  constructor(store: PairStore, options: PairBatchOptions) {
    const { sources, targets } = Object(store) as PairStore;
    this.sources = new Items(sources);
    this.targets = new Items(targets);
    if (this.sources.count !== this.targets.count) {
      throw new InputError(
        `PairBatches: targets must be one for each of the ${this.sources.count} sources, got ${this.targets.count}`,
      );
    }
    this.batches = new ItemBatches(this.sources, {
      bucketBatches: 16,
      ...options,
      weights: Float64Array.from(targets.lengths, (length) => length + 1),
      sortBy: ranksOf(sources.lengths, targets.lengths),
    });
    this.stepsPerPass = this.batches.stepsPerPass;
  }

  /** The pass, from 0 on, that a step belongs to. */
  pass(step: number): number {
    return this.batches.pass(step);
  }

  /** The rows of a step. */
  batch(step: number): PairBatch {
    const { indices, weights, weight, time } = this.batches.batch(step);
    return { indices, weights, weight, sourceTime: time, targetTime: longest(this.targets, indices) };
  }

  /**
   * The rows `from`..`to` (a replica's share) of the batch of a step, all rows unless given, filled up to the longest
   * source and target of the whole batch.
   * @throws InputError unless 0 <= from <= to <= the rows of the batch
   */
  fill(step: number, from?: number, to?: number): PaddedPairs {
    const source = this.batches.fill(step, from, to);
    const { indices, targetTime } = this.batch(step);
    const chosen = indices.subarray(from ?? 0, to ?? indices.length);
    return together(source, padItems(this.targets, chosen, { time: targetTime }));
  }
}

/**
 * Pairs as rows of one length on each side.
 * @param indices the pair of each row
 */
export function padPairs(store: PairStore, indices: ArrayLike<number>): PaddedPairs {
  const { sources, targets } = Object(store) as PairStore;
  return together(padItems(new Items(sources), indices), padItems(new Items(targets), indices));
}

function together(source: PaddedItems<Int32Array>, target: PaddedItems<Int32Array>): PaddedPairs {
  return {
    source: source.values,
    sourceLengths: source.lengths,
    target: target.values,
    targetLengths: target.lengths,
    rows: source.rows,
    sourceTime: source.time,
    targetTime: target.time,
  };
}

function longest({ store }: Items, indices: Int32Array): number {
  return indices.reduce((most, index) => Math.max(most, store.lengths[index]), 0);
}

/** The place of each pair among the different pairs of lengths, shorter sources first, then shorter targets. */
function ranksOf(sources: Int32Array, targets: Int32Array): Int32Array {
  const most = targets.reduce((longest, length) => Math.max(longest, length), 0) + 1;
  const keys = Float64Array.from(sources, (length, index) => length * most + targets[index]);
  const different = new Map<number, number>();
  for (const key of new Float64Array(new Set(keys)).sort()) different.set(key, different.size);
  return Int32Array.from(keys, (key) => different.get(key)!);
}
