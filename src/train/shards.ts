import { InputError } from "../core/errors.ts";
import { AT_LEAST_0, checkValue, listOfAny } from "../core/options.ts";

/** Elements from `from` on, up to and without `to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * One of several contiguous parts of a list, as equal as they can be: the rows of a shard, the shards of a replica.
 * @param index of the part, from 0 to parts - 1
 * @param parts how many parts there are
 * @param count elements of the whole list
 */
export function stretchOf(index: number, parts: number, count: number): Stretch {
  return {
    from: Math.floor((index * count) / parts),
    to: Math.floor(((index + 1) * count) / parts),
  };
}

/** The numbers of the shards that a replica computes. */
export function shardsOf(replica: number, replicas: number, shards: number): readonly number[] {
  const { from, to } = stretchOf(replica, replicas, shards);
  return Array.from({ length: to - from }, (_, index) => from + index);
}

const WEIGHTS = listOfAny(AT_LEAST_0, "a list of numbers, each finite and at least 0");

/**
 * The weights of the shards in a step as a list.
 * @throws InputError unless there is one for each shard, and one above 0
 */
export function checkWeights(weights: ArrayLike<number>, shards: number, step: number): readonly number[] {
  const where = `the weights of the shards in step ${step}`;
  checkValue(where, WEIGHTS, weights);
  const list = Array.from(weights);
  if (list.length !== shards) throw new InputError(`${where} must be ${shards}, got ${list.length}`);
  if (!list.some((weight) => weight > 0))
    throw new InputError(`${where} are all 0: there is nothing to learn`);
  return list;
}
