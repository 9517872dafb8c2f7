import { InputError } from "../core/index.ts";
import { COUNT, checkValue, LIST, type Names, type Range, refuseOthers, SIZE } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { FLOATS, INTS, ITERABLE } from "./ranges.ts";
import { sharedFloats, sharedInts } from "./shared-arrays.ts";

/** Ids, or numbers of frames. */
export type ItemValues = Int32Array | Float32Array;

/**
 * Items of unequal length as arrays: what a worker is sent, since `postMessage` keeps an object and its arrays, but not
 * the class {@link Items}. An element is one id, or one frame of `features` numbers.
 */
export interface ItemStore<Values extends ItemValues = ItemValues> {
  /** The elements of all items: `[elements]` ids, or `[elements, features]` numbers. */
  readonly values: Values;
  /** The element at which each item starts, `[count]`. Items may lie in any order and share elements. */
  readonly starts: Int32Array;
  /** The number of elements of each item, at least 1, `[count]`. */
  readonly lengths: Int32Array;
  /** Numbers in one element; 1 for ids. */
  readonly features: number;
}

const STORE: Names<ItemStore> = { values: 0, starts: 0, lengths: 0, features: 0 };

const VALUES: Range = {
  text: "an Int32Array of ids or a Float32Array of frames",
  fits: (value) => INTS.fits(value) || FLOATS.fits(value),
};

/** A start and a length are integers of 32 bits. */
const MOST = 2 ** 31 - 1;

/** More items than this are refused: a list of their indices would take more than half a GiB. */
export const MAX_ITEMS = 2 ** 27;

/**
 * Items of unequal length, such as sentences as ids or recordings as frames, in three arrays. {@link idItems} and
 * {@link frameItems} make them in shared memory where there is any, so that a worker gets them without a copy:
 * `worker.postMessage(items.store)`, and there `new Items(store)`.
 */
export class Items<Values extends ItemValues = ItemValues> {
  readonly store: ItemStore<Values>;
  /** The length of the longest item, in elements; 0 without items. */
  readonly longest: number;

  /**
   * @param store as of other items, possibly from another thread. The values of its elements are not looked at.
   * @throws InputError for arrays that do not belong together
   */
  constructor(store: ItemStore<Values>) {
    checkStore(store);
    const { values, starts, lengths, features } = store;
    this.store = { values, starts, lengths, features };
    let longest = 0;
    for (let index = 0; index < lengths.length; index++) longest = Math.max(longest, lengths[index]);
    this.longest = longest;
  }

  /** The number of items. */
  get count(): number {
    return this.store.lengths.length;
  }

  /** Numbers in one element; 1 for ids. */
  get features(): number {
    return this.store.features;
  }

  /** The length of an item in elements. */
  length(index: number): number {
    this.checkIndex("items.length: index", index);
    return this.store.lengths[index];
  }

  /** The ids of an item, `[length]`, or the numbers of its frames, `[length, features]`: a view, not a copy. */
  item(index: number): Values {
    this.checkIndex("items.item: index", index);
    const { values, starts, lengths, features } = this.store;
    const start = starts[index] * features;
    return values.subarray(start, start + lengths[index] * features) as Values;
  }

  /**
   * Some of the items, in the order of `indices`. The elements are shared with these items and not copied.
   * @param indices each in [0, count); an index may occur more than once
   */
  subset(indices: ArrayLike<number>): Items<Values> {
    checkIndices("items.subset: indices", indices, this.count);
    const { values, starts, lengths, features } = this.store;
    const chosen = { starts: sharedInts(indices.length), lengths: sharedInts(indices.length) };
    for (let at = 0; at < indices.length; at++) {
      chosen.starts[at] = starts[indices[at]];
      chosen.lengths[at] = lengths[indices[at]];
    }
    return new Items({ values, ...chosen, features });
  }

  private checkIndex(where: string, index: number): void {
    if (COUNT.fits(index) && index < this.count) return;
    throw new InputError(`${where} must be an integer in [0, ${this.count}), got ${showValue(index)}`);
  }
}

export const ITEMS: Range = {
  text: "Items, as idItems and frameItems make them",
  fits: (value) => value instanceof Items,
};

export const ID_ITEMS: Range = {
  text: "Items of ids, as idItems makes them",
  fits: (value) => value instanceof Items && INTS.fits(value.store.values),
};

/** @throws InputError naming the first that is no integer in [0, bound) */
export function checkIndices(where: string, indices: ArrayLike<number>, bound: number): void {
  checkValue(where, LIST, indices);
  for (let at = 0; at < indices.length; at++) {
    const index: unknown = indices[at];
    if (COUNT.fits(index) && (index as number) < bound) continue;
    throw new InputError(
      `${where} must be integers in [0, ${bound}), got ${showValue(index)} at position ${at}`,
    );
  }
}

function checkStore(store: ItemStore): void {
  refuseOthers("Items", STORE, store);
  const { values, starts, lengths, features } = store;
  checkValue("Items: values", VALUES, values);
  checkValue("Items: starts", INTS, starts);
  checkValue("Items: lengths", INTS, lengths);
  checkValue("Items: features", SIZE, features);
  if (INTS.fits(values) && features !== 1) {
    throw new InputError(`Items: features must be 1 for ids, got ${features}`);
  }
  if (starts.length !== lengths.length) {
    throw new InputError(
      `Items: starts and lengths must be of one size, got ${starts.length} and ${lengths.length}`,
    );
  }
  const elements = Math.floor(values.length / features);
  for (let index = 0; index < starts.length; index++) {
    const [start, length] = [starts[index], lengths[index]];
    if (start >= 0 && length >= 1 && start + length <= elements) continue;
    throw new InputError(
      `Items: item ${index} must lie within the ${elements} elements and have at least one, ` +
        `got ${length} from ${start} on`,
    );
  }
}

/** Collects items one by one in memory that doubles, and moves them to shared memory at the end. */
export class ItemsBuilder<Values extends ItemValues> {
  private readonly where: string;
  private readonly features: number;
  private values: Values;
  private used = 0;
  private starts = new Int32Array(16);
  private lengths = new Int32Array(16);
  private count = 0;

  /**
   * @param where what errors name, as `idItems`
   * @param values an empty array of the kind of the elements
   */
  constructor(where: string, values: Values, features: number) {
    this.where = where;
    this.values = values;
    this.features = features;
  }

  /** Appends an item of elements that have been checked. Returns its index. */
  add(item: ArrayLike<number>): number {
    const { features } = this;
    if (item.length === 0) throw new InputError(`${this.where}: item ${this.count} has no elements`);
    if (this.count === MAX_ITEMS) throw new InputError(`${this.where}: more than ${MAX_ITEMS} items`);
    if ((this.used + item.length) / features > MOST) {
      throw new InputError(`${this.where}: more than ${MOST} elements`);
    }
    this.values = withRoom(this.values, this.used + item.length);
    this.starts = withRoom(this.starts, this.count + 1);
    this.lengths = withRoom(this.lengths, this.count + 1);
    this.starts[this.count] = this.used / features;
    this.lengths[this.count] = item.length / features;
    this.values.set(item, this.used);
    this.used += item.length;
    return this.count++;
  }

  finish(): Items<Values> {
    const { count, used, features } = this;
    const isInts = INTS.fits(this.values);
    const values = (isInts ? sharedInts(used) : sharedFloats(used)) as Values;
    values.set(this.values.subarray(0, used));
    const [starts, lengths] = [sharedInts(count), sharedInts(count)];
    starts.set(this.starts.subarray(0, count));
    lengths.set(this.lengths.subarray(0, count));
    return new Items<Values>({ values, starts, lengths, features });
  }
}

function withRoom<Values extends ItemValues>(values: Values, length: number): Values {
  if (length <= values.length) return values;
  const Kind = values.constructor as new (length: number) => Values;
  const larger = new Kind(Math.max(length, 2 * values.length));
  larger.set(values);
  return larger;
}

const ID: Range = {
  text: `an integer from 0 to ${MOST}`,
  fits: (value) => COUNT.fits(value) && (value as number) <= MOST,
};

/** In 32 bits, as it is stored. */
const NUMBER_OF_FRAME: Range = {
  text: "a finite number",
  fits: (value) => typeof value === "number" && Number.isFinite(Math.fround(value)),
};

/**
 * Items of ids: sentences, names, lines of text.
 * @param lists the ids of each item, integers from 0 on, at least one
 * @throws InputError naming the item and the position of what is no id
 */
export function idItems(lists: Iterable<ArrayLike<number>>): Items<Int32Array> {
  const builder = new ItemsBuilder("idItems", new Int32Array(0), 1);
  addLists("idItems", builder, lists, ID, 1);
  return builder.finish();
}

/**
 * Items of frames: recordings, films, series of several values.
 * @param lists the numbers of each item, frame after frame, `[length, features]`, of at least one frame
 * @param features numbers in a frame
 * @throws InputError naming the item and the position of what is no finite number, or an item with part of a frame
 */
export function frameItems(lists: Iterable<ArrayLike<number>>, features: number): Items<Float32Array> {
  checkValue("frameItems: features", SIZE, features);
  const builder = new ItemsBuilder("frameItems", new Float32Array(0), features);
  addLists("frameItems", builder, lists, NUMBER_OF_FRAME, features);
  return builder.finish();
}

function addLists(
  where: string,
  builder: ItemsBuilder<ItemValues>,
  lists: Iterable<ArrayLike<number>>,
  { text, fits }: Range,
  features: number,
): void {
  checkValue(`${where}: lists`, ITERABLE, lists);
  let index = 0;
  for (const list of lists) {
    checkValue(`${where}: item ${index}`, LIST, list);
    for (let at = 0; at < list.length; at++) {
      if (fits(list[at])) continue;
      throw new InputError(
        `${where}: position ${at} of item ${index} must be ${text}, got ${showValue(list[at])}`,
      );
    }
    if (list.length % features !== 0) {
      throw new InputError(
        `${where}: item ${index} must hold whole frames of ${features} numbers, got ${list.length}`,
      );
    }
    builder.add(list);
    index++;
  }
}
