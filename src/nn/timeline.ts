import { gatherRows } from "../autograd/ops/gather-rows.ts";
import type { PackedRows } from "../autograd/ops/recurrent.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import { ids, type Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import { checkValue, LIST } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import type { Shape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/**
 * The memory layout of a batch inside a layer. Dense: [T, B, ...]. Packed, for sequences of different lengths:
 * [N, ...], the rows of step 0, then those of step 1, ..., with the sequences sorted by length, so that padding is
 * neither stored nor computed.
 */
export interface Timeline {
  /** Converts from the caller's order of axes. */
  enter(x: Tensor): Tensor;
  /** Converts to the caller's order of axes; padding is zero. */
  leave(x: Tensor): Tensor;
  /** Reverses every sequence; its own inverse. */
  reverse(x: Tensor): Tensor;
  /** Sorts the rows of a state [B, ...] into the order of the kernels; `unsortBatch` is the inverse. */
  sortBatch(state: Tensor): Tensor;
  unsortBatch(state: Tensor): Tensor;
  /** Undefined if the layout is dense. */
  readonly rows: PackedRows | undefined;
  readonly batch: number;
  /** The index in the batch of each sequence in the order of the kernels. */
  readonly order: readonly number[];
  /** For each row of the layout, the index of its sequence in the order of the kernels. */
  sequenceOfRow(): Tensor;
  /** A generator for all steps in the inner layout, from that of the batch, and where the batch is in the layout. */
  generatorOfSteps(rng: Rng): { readonly rng: Rng; readonly batchAxis: number };
  /** The same stream for the first `count` sequences in kernel order. */
  generatorOfSequences(rng: Rng, count: number): Rng;
}

export function denseTimeline(batchFirst: boolean, shape: Shape): Timeline {
  const [batch, steps] = batchFirst ? shape : [shape[1], shape[0]];
  let reversed: Tensor | undefined;
  const same = (state: Tensor) => state;
  return {
    enter: (x) => (batchFirst ? swapAxes(x) : x),
    leave: (x) => (batchFirst ? swapAxes(x) : x),
    reverse(x) {
      reversed ??= ids(Int32Array.from({ length: steps }, (_, t) => steps - 1 - t));
      return gatherRows(x, reversed);
    },
    sortBatch: same,
    unsortBatch: same,
    rows: undefined,
    batch,
    order: Array.from({ length: batch }, (_, b) => b),
    sequenceOfRow: () => ids(Int32Array.from({ length: steps * batch }, (_, row) => row % batch)),
    generatorOfSteps: (rng) => ({ rng, batchAxis: 1 }),
    generatorOfSequences: (rng) => rng,
  };
}

/** @throws InputError for a length that is not an integer from 1 to T; ShapeError when their number is not B */
export function packedTimeline(
  batchFirst: boolean,
  shape: Shape,
  lengths: ArrayLike<number>,
  where: string,
): Timeline {
  const [batch, steps] = batchFirst ? shape : [shape[1], shape[0]];
  checkLengths(where, lengths, batch, steps);
  const { order, rank, sorted, counts, first } = sortByLength(lengths, batch);
  const longest = sorted[0];
  const total = first[longest - 1] + counts[longest - 1];

  /** One value for each row that exists: rows of step t in the order of ranks. */
  const valuesOfRows = (value: (t: number, r: number) => number) => {
    const values = new Float64Array(total);
    for (let t = 0; t < longest; t++) for (let r = 0; r < counts[t]; r++) values[first[t] + r] = value(t, r);
    return values;
  };
  const eachRow = (value: (t: number, r: number) => number) => ids(Int32Array.from(valuesOfRows(value)));
  const placeOf = (b: number, t: number) => (batchFirst ? b * steps + t : t * batch + b);
  const isSorted = order.every((b, r) => b === r);
  const permute = (index: ArrayLike<number>) => (state: Tensor) =>
    isSorted ? state : gatherRows(state, ids(index));
  let backwards: Tensor | undefined;
  return {
    enter(x) {
      const places = eachRow((t, r) => placeOf(order[r], t));
      return gatherRows(reshape(x, [batch * steps, ...x.shape.slice(2)]), places);
    },
    leave(x) {
      const places = new Int32Array(batch * steps).fill(-1);
      for (let b = 0; b < batch; b++) {
        for (let t = 0; t < lengths[b]; t++) places[placeOf(b, t)] = first[t] + rank[b];
      }
      return reshape(gatherRows(x, ids(places)), [...shape.slice(0, 2), ...x.shape.slice(1)]);
    },
    reverse(x) {
      backwards ??= eachRow((t, r) => first[sorted[r] - 1 - t] + r);
      return gatherRows(x, backwards);
    },
    sortBatch: permute(order),
    unsortBatch: permute(rank),
    rows: {
      counts: ids(counts),
      last: ids(sorted.map((length, r) => first[length - 1] + r)),
    },
    batch,
    order,
    sequenceOfRow: () => eachRow((_t, r) => r),
    generatorOfSteps(rng) {
      const { batchRows } = rng;
      if (batchRows === undefined) return { rng, batchAxis: 0 };
      // Rows of the whole batch in the dense layout [T, B, ...]: one of them for each step.
      const { rows, batch: whole } = batchRows;
      const places = valuesOfRows((t, r) => t * whole + rows[order[r]]);
      return { rng: rng.forRows(places, longest * whole), batchAxis: 0 };
    },
    generatorOfSequences: (rng, count) => chooseRows(rng, order.slice(0, count)),
  };
}

/** Random numbers of these sequences, where the generator draws by the rows of a whole batch. */
function chooseRows(rng: Rng, sequences: readonly number[]): Rng {
  const { batchRows } = rng;
  if (batchRows === undefined) return rng;
  const { rows, batch } = batchRows;
  return rng.forRows(
    sequences.map((b) => rows[b]),
    batch,
  );
}

/** The longest sequences come first; among equals the earlier in the batch. */
function sortByLength(lengths: ArrayLike<number>, batch: number) {
  /** Sequences by rank, ranks by sequence, and lengths by rank. */
  const order = Array.from({ length: batch }, (_, b) => b).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const rank = new Int32Array(batch);
  for (const [r, b] of order.entries()) rank[b] = r;
  const sorted = order.map((b) => lengths[b]);
  /** Rows of each step, and the first of them. */
  const longest = sorted[0];
  const counts = Int32Array.from({ length: longest }, (_, t) => sorted.filter((length) => length > t).length);
  const first = new Int32Array(longest);
  for (let t = 1; t < longest; t++) first[t] = first[t - 1] + counts[t - 1];
  return { order, rank, sorted, counts, first };
}

/**
 * @param least the smallest length that is allowed
 * @throws InputError for a length that is not an integer from `least` to T; ShapeError when their number is not B
 */
export function checkLengths(
  where: string,
  lengths: ArrayLike<number>,
  batch: number,
  steps: number,
  least = 1,
): void {
  checkValue(where, LIST, lengths);
  if (lengths.length !== batch) throw new ShapeError(where, `[batch=${batch}]`, `[${lengths.length}]`);
  for (let b = 0; b < batch; b++) {
    const length = lengths[b];
    if (!(Number.isInteger(length) && length >= least && length <= steps)) {
      throw new InputError(
        `${where} must be integers from ${least} to ${steps}, got ${showValue(length)} at position ${b}`,
      );
    }
  }
}
