import { InputError } from "../core/index.ts";
import { checkValue, type Names, optional, refuseOthers, SIZE } from "../core/options.ts";
import { checkIndices, ITEMS, type Items, type ItemValues } from "./items.ts";

/** Some items as rows of one length: shorter ones are filled up with zeros. */
export interface PaddedItems<Values extends ItemValues = ItemValues> {
  /** Ids `[rows, time]`, or frames `[rows, time, features]`. */
  readonly values: Values;
  /** The number of elements of each row that are its item's, `[rows]`. What lies behind them is 0 and means nothing. */
  readonly lengths: Int32Array;
  readonly rows: number;
  /** The number of elements in a row, padding included. */
  readonly time: number;
  /** Numbers in one element; 1 for ids. */
  readonly features: number;
}

export interface PadOptions {
  /** The number of elements in each row. Default: the length of the longest of these items. */
  readonly time?: number;
}

/** In the 4 GiB that a heap of this package has at most. */
const MAX_NUMBERS = 2 ** 30;

const OPTIONS: Names<PadOptions> = { time: 0 };

/**
 * Copy items into the rows of a batch.
 * @param indices the item of each row, in [0, items.count)
 * @throws InputError for an item that is longer than `time`
 */
export function padItems<Values extends ItemValues>(
  items: Items<Values>,
  indices: ArrayLike<number>,
  options: PadOptions = {},
): PaddedItems<Values> {
  refuseOthers("padItems", OPTIONS, options);
  checkValue("padItems: items", ITEMS, items);
  checkIndices("padItems: indices", indices, items.count);
  checkValue("padItems: time", optional(SIZE), options.time);
  const { features, store } = items;
  const rows = indices.length;
  const lengths = Int32Array.from(indices, (index) => store.lengths[index]);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const { time = longest } = options;
  if (longest > time) {
    const row = lengths.indexOf(longest);
    throw new InputError(
      `padItems: time must be at least ${longest}, the length of item ${indices[row]}, got ${time}`,
    );
  }
  if (rows * time * features > MAX_NUMBERS) {
    throw new InputError(
      `padItems: ${rows} rows of ${time} elements are more than the ${MAX_NUMBERS} numbers that a heap holds`,
    );
  }
  const Kind = store.values.constructor as new (length: number) => Values;
  const values = new Kind(rows * time * features);
  for (let row = 0; row < rows; row++) {
    const start = store.starts[indices[row]] * features;
    const item = store.values.subarray(start, start + lengths[row] * features);
    values.set(item, row * time * features);
  }
  return { values, lengths, rows, time, features };
}
