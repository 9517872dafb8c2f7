/** Pieces of labelled sequences for the updates of a training. */
import { type ItemStore, Items, type ItemValues } from "./items.ts";
import type { LabelledSteps } from "./step-guesses.ts";

/** Pieces of at most so many steps that have a label, as items of the same values. */
export function cutPieces({ items, labels }: LabelledSteps, most: number): Items {
  const [starts, lengths]: [number[], number[]] = [[], []];
  for (const [index, length] of items.lengths.entries()) {
    for (let from = 0; from < length; from += most) {
      const start = items.starts[index] + from;
      const size = Math.min(most, length - from);
      if (!labels.subarray(start, start + size).some((label) => label >= 0)) continue;
      starts.push(start);
      lengths.push(size);
    }
  }
  const store: ItemStore<ItemValues> = {
    values: items.values,
    starts: Int32Array.from(starts),
    lengths: Int32Array.from(lengths),
    features: items.features,
  };
  return new Items(store);
}

/** The labels of each piece, views. */
export function* labelsOfPieces(pieces: Items, labels: Int32Array): Generator<Int32Array> {
  const { starts, lengths } = pieces.store;
  for (const [index, start] of starts.entries()) yield labels.subarray(start, start + lengths[index]);
}

/** What each piece counts in the loss: its labelled steps, each by the weight of its label. */
export function weightsOf(
  pieces: Items,
  labels: Int32Array,
  byLabel: ArrayLike<number> | undefined,
): Float64Array {
  return Float64Array.from(labelsOfPieces(pieces, labels), (own) => {
    let weight = 0;
    for (const label of own) if (label >= 0) weight += byLabel?.[label] ?? 1;
    return weight;
  });
}

/** The labels of some pieces as rows of one length, `[indices.length, time]`; -1 behind the end of a piece. */
export function padLabels(pieces: Items, labels: Int32Array, indices: Int32Array, time: number): Int32Array {
  const { starts, lengths } = pieces.store;
  const padded = new Int32Array(indices.length * time).fill(-1);
  for (const [row, index] of indices.entries()) {
    padded.set(labels.subarray(starts[index], starts[index] + lengths[index]), row * time);
  }
  return padded;
}
