import { InputError, Rng } from "../core/index.ts";
import {
  BELOW_1,
  COUNT,
  checkValue,
  LIST,
  listOfAny,
  optional,
  type Range,
  refuseOthers,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { permute } from "./item-batches.ts";
import { MAX_ITEMS } from "./items.ts";
import { sharedInts } from "./shared-arrays.ts";

/** The items of two parts by their indices, in ascending order; every item is in one of them. */
export interface ItemSplit {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

export interface StratifiedSplitOptions {
  /** Chooses the items, an integer. Default 0. */
  readonly seed?: number;
}

export interface GroupedSplitOptions extends StratifiedSplitOptions {
  /** The label of each item, so that every label keeps its share as far as its groups allow. Default: all alike. */
  readonly labels?: ArrayLike<number>;
}

const SEED = optional({ text: "an integer", fits: Number.isSafeInteger });
const LABELS = listOfAny(COUNT, "a list of labels, which are integers from 0 on");
const KEY: Range = {
  text: "a text or a number",
  fits: (value) => typeof value === "string" || typeof value === "number",
};

/**
 * Set a share of the items of every label apart for validation: of a label with n items `round(share * n)`, but never
 * all of them, so that a label with one item is trained on.
 * @param labels the label of each item, an integer from 0 on
 * @param share in [0, 1)
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  share: number,
  options: StratifiedSplitOptions = {},
): ItemSplit {
  refuseOthers("stratifiedSplit", { seed: 0 }, options);
  checkValue("stratifiedSplit: labels", LABELS, labels);
  const rng = splitRng("stratifiedSplit", share, options.seed);
  const isValidation = new Uint8Array(labels.length);
  for (const { key: label, members } of groupsOf(labels)) {
    permute(members, rng.fork(label));
    for (const item of members.subarray(0, validationCount(members.length, share))) isValidation[item] = 1;
  }
  return partsOf(isValidation);
}

/**
 * Set a share of the items apart for validation so that items of one group are all on the same side: recordings of one
 * speaker, copies of one line. Groups are taken in a seeded order as long as they fit; the validation part is never
 * larger than {@link stratifiedSplit} makes it, and smaller where groups are large.
 * @param groups a text or a number for each item; equal ones are one group
 * @param share in [0, 1)
 * @param options `labels`: a group counts for the label that most of its items have, the lowest one if there are several
 */
export function groupedSplit(
  groups: ArrayLike<string | number>,
  share: number,
  options: GroupedSplitOptions = {},
): ItemSplit {
  refuseOthers("groupedSplit", { seed: 0, labels: 0 }, options);
  checkValue("groupedSplit: groups", LIST, groups);
  const { seed, labels } = options;
  checkValue("groupedSplit: labels", optional(LABELS), labels);
  const rng = splitRng("groupedSplit", share, seed);
  const count = groups.length;
  if (labels !== undefined && labels.length !== count) {
    throw new InputError(
      `groupedSplit: labels must be one for each of the ${count} items, got ${labels.length}`,
    );
  }
  for (let index = 0; index < count; index++) {
    if (KEY.fits(groups[index])) continue;
    const got = showValue(groups[index]);
    throw new InputError(`groupedSplit: groups must be ${KEY.text} each, got ${got} at position ${index}`);
  }
  const isValidation = new Uint8Array(count);
  const all = new Groups(groups);
  const labelOf = Float64Array.from({ length: all.count }, (_, group) =>
    labels === undefined ? 0 : mostFrequent(all.members(group), labels),
  );
  for (const { key: label, members: ofLabel } of groupsOf(labelOf)) {
    permute(ofLabel, rng.fork(label));
    const items = ofLabel.reduce((sum, group) => sum + all.members(group).length, 0);
    let free = validationCount(items, share);
    for (const group of ofLabel) {
      const members = all.members(group);
      if (members.length > free) continue;
      free -= members.length;
      for (const item of members) isValidation[item] = 1;
    }
  }
  return partsOf(isValidation);
}

/**
 * The last `floor(share * count)` items validate, the others train: for items in the order of time.
 * @param count the number of items
 * @param share in [0, 1)
 */
export function tailSplit(count: number, share: number): ItemSplit {
  checkValue("tailSplit: count", ITEM_COUNT, count);
  checkValue("tailSplit: share", BELOW_1, share);
  const isValidation = new Uint8Array(count);
  isValidation.fill(1, count - Math.floor(share * count));
  return partsOf(isValidation);
}

const ITEM_COUNT: Range = {
  text: `an integer from 0 to ${MAX_ITEMS}`,
  fits: (value) => COUNT.fits(value) && (value as number) <= MAX_ITEMS,
};

function splitRng(where: string, share: number, seed: number | undefined): Rng {
  checkValue(`${where}: share`, BELOW_1, share);
  checkValue(`${where}: seed`, SEED, seed);
  return new Rng(seed ?? 0);
}

function validationCount(items: number, share: number): number {
  return Math.min(items - 1, Math.round(share * items));
}

/** Indices that have the same key, in two arrays whatever the number of keys is. */
class Groups<Key> {
  readonly keys: readonly Key[];
  /** Indices group after group, in each in ascending order. */
  private readonly indices: Int32Array;
  private readonly starts: Int32Array;

  constructor(keys: ArrayLike<Key>) {
    const numbers = new Map<Key, number>();
    const groupOf = new Int32Array(keys.length);
    for (let index = 0; index < keys.length; index++) {
      const known = numbers.get(keys[index]);
      groupOf[index] = known ?? numbers.size;
      if (known === undefined) numbers.set(keys[index], numbers.size);
    }
    this.keys = [...numbers.keys()];
    this.starts = new Int32Array(numbers.size + 1);
    for (const group of groupOf) this.starts[group + 1]++;
    for (let group = 0; group < numbers.size; group++) this.starts[group + 1] += this.starts[group];
    const next = this.starts.slice();
    this.indices = new Int32Array(keys.length);
    for (let index = 0; index < keys.length; index++) this.indices[next[groupOf[index]]++] = index;
  }

  get count(): number {
    return this.keys.length;
  }

  /** A view. */
  members(group: number): Int32Array {
    return this.indices.subarray(this.starts[group], this.starts[group + 1]);
  }
}

function groupsOf(keys: ArrayLike<number>): { readonly key: number; readonly members: Int32Array }[] {
  const groups = new Groups(keys);
  return groups.keys.map((key, group) => ({ key, members: groups.members(group) }));
}

function mostFrequent(items: Int32Array, labels: ArrayLike<number>): number {
  if (items.length === 1) return labels[items[0]];
  const counts = new Map<number, number>();
  for (const item of items) counts.set(labels[item], (counts.get(labels[item]) ?? 0) + 1);
  const [[label]] = [...counts].sort(([a, countA], [b, countB]) => countB - countA || a - b);
  return label;
}

function partsOf(isValidation: Uint8Array): ItemSplit {
  const held = isValidation.reduce((sum, one) => sum + one, 0);
  const train = sharedInts(isValidation.length - held);
  const validation = sharedInts(held);
  let [trained, validated] = [0, 0];
  for (let index = 0; index < isValidation.length; index++) {
    if (isValidation[index] === 1) validation[validated++] = index;
    else train[trained++] = index;
  }
  return { train, validation };
}
