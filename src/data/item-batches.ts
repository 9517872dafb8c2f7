import { InputError, Rng } from "../core/index.ts";
import {
  AT_LEAST_0,
  COUNT,
  checkValue,
  FLAG,
  listOfAny,
  optional,
  type Range,
  type Ranges,
  type Settled,
  SIZE,
  settle,
} from "../core/options.ts";
import { ITEMS, type Items, type ItemValues } from "./items.ts";
import { type PaddedItems, padItems } from "./padded-items.ts";

export interface ItemBatchOptions {
  /** The number of items in a batch; the last ones of a pass may be fewer. */
  readonly batchSize: number;
  /** Chooses the order of the items in each pass, an integer. Default 0. */
  readonly seed?: number;
  /** With `false` the items of every pass are in their own order, as for an evaluation. Default true. */
  readonly shuffle?: boolean;
  /**
   * Batches of items of similar length have less padding: the items of so many successive batches are sorted by length
   * before they are cut into batches, and the batches of a pass are shuffled afterwards. `Infinity` sorts all items.
   * Default 1: nothing is sorted.
   */
  readonly bucketBatches?: number;
  /** How much each item counts in the loss, `[items.count]`, at least 0. Default: 1 each. */
  readonly weights?: ArrayLike<number>;
  /** What buckets are sorted by, an integer from 0 on for each item, `[items.count]`. Default: their lengths. */
  readonly sortBy?: ArrayLike<number>;
}

/** The rows of one step. */
export interface ItemBatch {
  /** The index of the item in each row. */
  readonly indices: Int32Array;
  /** How much each row counts, `[rows]`. */
  readonly weights: Float64Array;
  /** The sum of the weights: what the summed loss of all rows is divided by, whatever replica has them. */
  readonly weight: number;
  /** The length of the longest item, in elements. */
  readonly time: number;
}

const INTEGER_SEED: Range = { text: "an integer", fits: Number.isSafeInteger };

const SORT_KEY: Range = { text: "", fits: (value) => COUNT.fits(value) && (value as number) < 2 ** 31 };

const RANGES: Ranges<ItemBatchOptions> = {
  batchSize: SIZE,
  seed: INTEGER_SEED,
  shuffle: FLAG,
  bucketBatches: {
    text: "an integer of at least 1, or Infinity",
    fits: (value) => SIZE.fits(value) || value === Number.POSITIVE_INFINITY,
  },
  weights: optional(listOfAny(AT_LEAST_0, "a list of finite numbers of at least 0")),
  sortBy: optional(listOfAny(SORT_KEY, "a list of integers from 0 to 2147483647")),
};

const DEFAULTS = { seed: 0, shuffle: true, bucketBatches: 1 };

/** Names of the streams of random numbers of a pass. */
const ITEM_ORDER = 0;
const BATCH_ORDER = 1;

/** The order of one pass. */
interface Pass {
  readonly number: number;
  /** All items, batch after batch. */
  readonly items: Int32Array;
  /** Which batch comes at each step of the pass; undefined: in their order. */
  readonly batches: Int32Array | undefined;
}

/**
 * Cuts items into the batches of a training or an evaluation. The batch of a step is a function of the items, the
 * options and the step, so that a resumed run needs no saved position. Each pass has every item exactly once; the batch
 * that is left over at its end is smaller, and comes last unless batches are shuffled.
 *
 * Calls may come in any order. The order of one pass is kept, 4 bytes an item; making that of another one takes about
 * 0.1 seconds for a million items.
 */
export class ItemBatches<Values extends ItemValues = ItemValues> {
  readonly items: Items<Values>;
  readonly batchSize: number;
  readonly stepsPerPass: number;
  private readonly shuffle: boolean;
  private readonly bucketBatches: number;
  private readonly rng: Rng;
  private readonly weights: Float64Array | undefined;
  private readonly sortBy: Int32Array;
  private current: Pass | undefined;

  /** @throws InputError without items, for weights that are not one for each item, and for options out of their range */
  constructor(items: Items<Values>, options: ItemBatchOptions) {
    const settings = settle<Settled<ItemBatchOptions, "weights" | "sortBy">>(
      "ItemBatches",
      RANGES,
      DEFAULTS,
      options,
    );
    checkValue("ItemBatches: items", ITEMS, items);
    if (items.count === 0) throw new InputError("ItemBatches: at least one item is needed, got none");
    const { weights, sortBy } = settings;
    for (const [name, list] of Object.entries({ weights, sortBy })) {
      if (list === undefined || list.length === items.count) continue;
      throw new InputError(
        `ItemBatches: ${name} must be one for each of the ${items.count} items, got ${list.length}`,
      );
    }
    this.items = items;
    this.batchSize = settings.batchSize;
    this.stepsPerPass = Math.ceil(items.count / settings.batchSize);
    this.shuffle = settings.shuffle;
    this.bucketBatches = settings.bucketBatches;
    this.rng = new Rng(settings.seed);
    this.weights = weights === undefined ? undefined : Float64Array.from(weights);
    this.sortBy = sortBy === undefined ? items.store.lengths : Int32Array.from(sortBy);
  }

  /** The pass, from 0 on, that a step belongs to. */
  pass(step: number): number {
    checkValue("itemBatches.pass: step", COUNT, step);
    return Math.floor(step / this.stepsPerPass);
  }

  /** The rows of a step. */
  batch(step: number): ItemBatch {
    checkValue("itemBatches.batch: step", COUNT, step);
    const indices = this.indices(step).slice();
    const weights = Float64Array.from(indices, (index) => this.weights?.[index] ?? 1);
    return {
      indices,
      weights,
      weight: weights.reduce((sum, weight) => sum + weight, 0),
      time: this.longest(indices),
    };
  }

  /**
   * The rows `from`..`to` (a replica's share) of the batch of a step, all rows unless given. They are filled up to the
   * longest item of the whole batch, so that a share is exactly these rows of the batch: a padded position has the same
   * row and time whatever the shares are.
   * @throws InputError unless 0 <= from <= to <= the rows of the batch
   */
  fill(step: number, from?: number, to?: number): PaddedItems<Values> {
    checkValue("itemBatches.fill: step", COUNT, step);
    const indices = this.indices(step);
    const [first = 0, end = indices.length] = [from, to];
    checkValue("itemBatches.fill: from", COUNT, first);
    checkValue("itemBatches.fill: to", COUNT, end);
    if (!(first <= end && end <= indices.length)) {
      throw new InputError(`itemBatches.fill: rows ${first}..${end} are not within 0..${indices.length}`);
    }
    return padItems(this.items, indices.subarray(first, end), { time: this.longest(indices) });
  }

  /** A view of the order of the pass. */
  private indices(step: number): Int32Array {
    const { items, batches } = this.order(Math.floor(step / this.stepsPerPass));
    const place = step % this.stepsPerPass;
    const first = (batches?.[place] ?? place) * this.batchSize;
    return items.subarray(first, first + this.batchSize);
  }

  private longest(indices: Int32Array): number {
    const { lengths } = this.items.store;
    return indices.reduce((most, index) => Math.max(most, lengths[index]), 0);
  }

  private order(pass: number): Pass {
    if (this.current?.number === pass) return this.current;
    // Without shuffling all passes are alike.
    if (this.current !== undefined && !this.shuffle) return this.current;
    const { shuffle, bucketBatches, batchSize, stepsPerPass } = this;
    const items = inOrder(this.items.count);
    if (shuffle) permute(items, this.rng.fork(pass, ITEM_ORDER));
    const sorts = bucketBatches > 1 && stepsPerPass > 1;
    if (sorts) sortBuckets(items, this.sortBy, batchSize, bucketBatches);
    const batches = sorts && shuffle ? inOrder(stepsPerPass) : undefined;
    if (batches !== undefined) permute(batches, this.rng.fork(pass, BATCH_ORDER));
    this.current = { number: pass, items, batches };
    return this.current;
  }
}

function inOrder(count: number): Int32Array {
  const order = new Int32Array(count);
  for (let index = 0; index < count; index++) order[index] = index;
  return order;
}

/** Every order is equally likely (Fisher and Yates; Durstenfeld 1964). */
export function permute(order: Int32Array, rng: Rng): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(rng.uniform() * (last + 1));
    const index = order[last];
    order[last] = order[other];
    order[other] = index;
  }
}

/**
 * Sorts the items of every `bucketBatches` batches by length, or another key; items of equal length stay in their order. Within a batch
 * the items keep the order that they had, so that a replica's share of the rows is no longer than another's.
 */
function sortBuckets(order: Int32Array, keyOf: Int32Array, batchSize: number, bucketBatches: number): void {
  const size = Math.min(order.length, batchSize * bucketBatches);
  for (let first = 0; first < order.length; first += size) {
    const bucket = order.slice(first, first + size);
    const keys = Float64Array.from(bucket, (item, place) => keyOf[item] * size + place).sort();
    for (let from = 0; from < keys.length; from += batchSize) {
      const places = keys.subarray(from, from + batchSize);
      for (let row = 0; row < places.length; row++) places[row] %= size;
      places.sort();
      for (let row = 0; row < places.length; row++) order[first + from + row] = bucket[places[row]];
    }
  }
}
