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

/**
 * The shards are added up along one binary tree, which depends on nothing but their number: a node of several shards is
 * divided at the largest power of two below its size, so that 6 shards are added as ((0+1)+(2+3))+(4+5). Every aligned
 * block of 2, 4, 8, ... shards is a subtree.
 */
export function halvesOf({ from, to }: Stretch): readonly [Stretch, Stretch] {
  const middle = from + 2 ** (31 - Math.clz32(to - from - 1));
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

/**
 * The largest subtrees that lie wholly in a stretch of the shards, in order: what a replica can add up alone. One, where
 * the replica has a power of two of shards.
 * @param node where to look: at first the whole tree
 */
export function subtreesIn(stretch: Stretch, node: Stretch): readonly Stretch[] {
  if (node.to <= stretch.from || stretch.to <= node.from) return [];
  if (stretch.from <= node.from && node.to <= stretch.to) return [node];
  return halvesOf(node).flatMap((half) => subtreesIn(stretch, half));
}

/** Whether no shard of a node has anything to do. */
export function isEmpty({ from, to }: Stretch, weights: readonly number[]): boolean {
  for (let shard = from; shard < to; shard++) if (weights[shard] > 0) return false;
  return true;
}

/** Numbers of the shards added up along the tree; those of weight 0 are left out. */
export function sumOverShards(
  numberOf: (shard: number) => number,
  weights: readonly number[],
  node: Stretch = { from: 0, to: weights.length },
): number {
  if (node.to - node.from === 1) return numberOf(node.from);
  const [left, right] = halvesOf(node).filter((half) => !isEmpty(half, weights));
  const sum = sumOverShards(numberOf, weights, left);
  return right === undefined ? sum : sum + sumOverShards(numberOf, weights, right);
}
