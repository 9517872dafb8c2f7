/**
 * What `unrolled check` needs of a task besides its contract: how the inputs of a batch are changed, and what a model says
 * of each row. Every member is optional; a check whose members are missing is reported as skipped.
 */
import type { Tensor } from "../backend/tensor.ts";

export interface TaskProbe<Data = unknown, Config = unknown, Model = object, Batch = unknown> {
  /** The batch with inputs that say nothing: zeros, or one symbol everywhere. Lengths and targets stay. */
  zeroInputs?(batch: Batch): Batch;
  /**
   * The batch with other inputs in one row, from a step on to the end of the array, padding included. The given batch and
   * its arrays stay as they are.
   * @param row in [0, rows)
   * @param step in [0, steps]; the number of steps is the length of the array, not that of the row
   */
  disturbInputs?(batch: Batch, row: number, step: number): Batch;
  /** Steps of each row without its padding, [rows]. Left out where rows have no steps. */
  lengths?(batch: Batch): ArrayLike<number>;
  /** What the model says without dropout: [rows, ...], or [rows, steps, ...] where there is a `lookAhead`. */
  outputs?(model: Model, batch: Batch): Tensor;
  /**
   * How many steps behind its own an output may depend on: 0 for a causal model, Infinity for one that reads from both
   * ends. Left out, or undefined, where outputs do not stand for steps.
   */
  lookAhead?(config: Config): number | undefined;
  /**
   * A text for each item of a part, which two items share if they are the same but for trifles such as upper case. See
   * `keyOfText` and `keyOfNumbers` of item-keys.ts.
   */
  keys?(data: Data, part: "train" | "validation"): Iterable<string>;
}

/** Ids with others in one row from a step on: every id becomes another one that the smallest vocabulary, of two, has. */
export function disturbIds(ids: Int32Array, time: number, row: number, step: number): Int32Array {
  const changed = ids.slice();
  for (let at = row * time + step; at < (row + 1) * time; at++) changed[at] = ids[at] > 0 ? ids[at] - 1 : 1;
  return changed;
}

/** Numbers, [rows, time, features], with others in one row from a step on. */
export function disturbNumbers(
  values: Float32Array,
  { time, features }: { readonly time: number; readonly features: number },
  row: number,
  step: number,
): Float32Array {
  const changed = values.slice();
  for (let at = (row * time + step) * features; at < (row + 1) * time * features; at++) {
    // As far as standardised numbers usually are from each other, and never the same again.
    changed[at] = values[at] > 0 ? values[at] - 1.5 : values[at] + 1.5;
  }
  return changed;
}
