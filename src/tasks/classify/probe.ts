/** What `unrolled check` needs of `classify`. */
import { keyOfNumbers, keyOfText } from "../../data/item-keys.ts";
import type { PaddedItems } from "../../data/padded-items.ts";
import type { SequenceClassifier } from "../../models/sequence-classifier.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import { disturbIds, disturbNumbers, type TaskProbe } from "../task-probe.ts";
import { type ClassifyData, inputTensor, itemsOf } from "./data.ts";
import { tokensOf } from "./facts.ts";

/** What lies behind a row's length in `values` is padding. */
export interface LabelledBatch extends PaddedItems {
  /** [rows] */
  readonly labels: Int32Array;
  /** [labels]; undefined: 1 each */
  readonly classWeights: Float64Array | undefined;
  readonly labelSmoothing: number;
}

/** Symbols that the model does not know are all the same to it, and so in a key. */
function* keysOf(data: ClassifyData, part: "train" | "validation"): Iterable<string> {
  const items = itemsOf(data[part]);
  const tokens = data.facts.input.kind === "text" ? tokensOf(data.facts) : undefined;
  for (let index = 0; index < items.count; index++) {
    const item = items.item(index);
    yield tokens === undefined ? keyOfNumbers(item) : keyOfText(tokens.decode(item as Int32Array));
  }
}

function disturbInputs(batch: LabelledBatch, row: number, step: number): LabelledBatch {
  const { values, time } = batch;
  const changed =
    values instanceof Int32Array
      ? disturbIds(values, time, row, step)
      : disturbNumbers(values, batch, row, step);
  return { ...batch, values: changed };
}

export const PROBE: TaskProbe<ClassifyData, SequenceClassifierConfig, SequenceClassifier, LabelledBatch> = {
  zeroInputs: (batch) => ({
    ...batch,
    values: new (batch.values.constructor as new (length: number) => typeof batch.values)(
      batch.values.length,
    ),
  }),
  disturbInputs,
  lengths: ({ lengths }) => lengths,
  outputs: (model, batch) => model.forward(inputTensor(batch), { lengths: batch.lengths }),
  keys: keysOf,
};
