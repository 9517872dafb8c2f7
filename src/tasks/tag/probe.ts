/** What `unrolled check` needs of `tag`. */
import { keyOfNumbers, keyOfText } from "../../data/item-keys.ts";
import { Items } from "../../data/items.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import type { SequenceTagger } from "../../models/sequence-tagger.ts";
import type { SequenceTaggerConfig } from "../../models/sequence-tagger-config.ts";
import { disturbIds, disturbNumbers, type TaskProbe } from "../task-probe.ts";
import type { TagData } from "./data.ts";
import { inputOf } from "./metrics.ts";

export interface TagBatch extends PaddedItems {
  /** A label for each step, [rows, time]; -1 where there is none. */
  readonly labels: Int32Array;
  /** How much each label counts; undefined: all alike. */
  readonly classWeights: Float64Array | undefined;
}

/** Words that the model does not know are all the same to it, and so in a key. */
function* keysOf({ facts: { input }, ...parts }: TagData, part: "train" | "validation"): Iterable<string> {
  const items = new Items(parts[part].items);
  for (let index = 0; index < items.count; index++) {
    const item = items.item(index);
    if (input.kind === "words")
      yield keyOfText(Array.from(item, (id) => input.vocabulary[id] ?? "?").join(" "));
    else yield keyOfNumbers(item);
  }
}

function disturbInputs(batch: TagBatch, row: number, step: number): TagBatch {
  const { values, time } = batch;
  const changed =
    values instanceof Int32Array
      ? disturbIds(values, time, row, step)
      : disturbNumbers(values, batch, row, step);
  return { ...batch, values: changed };
}

export const PROBE: TaskProbe<TagData, SequenceTaggerConfig, SequenceTagger, TagBatch> = {
  zeroInputs: (batch) => ({ ...batch, values: batch.values.map(() => 0) }),
  disturbInputs,
  lengths: ({ lengths }) => lengths,
  outputs: (model, batch) => model.forward(inputOf(batch), { lengths: batch.lengths }),
  lookAhead: ({ bidirectional, delay }) => (bidirectional ? Number.POSITIVE_INFINITY : delay),
  keys: keysOf,
};
