/** What `unrolled check` needs of `classify`. */
import { ids } from "../../backend/tensor.ts";
import { keyOfText } from "../../data/item-keys.ts";
import type { SequenceClassifier } from "../../models/sequence-classifier.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import { disturbIds, type TaskProbe } from "../task-probe.ts";
import { type ClassifyData, itemsOf, vocabularyOf } from "./data.ts";

export interface LineBatch {
  /** Characters, [rows, time]; what lies behind a row's length is padding. */
  readonly values: Int32Array;
  readonly lengths: Int32Array;
  readonly labels: Int32Array;
  readonly rows: number;
  readonly time: number;
}

/** Characters that the model does not know are all the same to it, and so in a key. */
function* keysOf(data: ClassifyData, part: "train" | "validation"): Iterable<string> {
  const vocabulary = vocabularyOf(data.facts);
  const items = itemsOf(data[part]);
  for (let index = 0; index < items.count; index++) yield keyOfText(vocabulary.decode(items.item(index)));
}

export const PROBE: TaskProbe<ClassifyData, SequenceClassifierConfig, SequenceClassifier, LineBatch> = {
  zeroInputs: (batch) => ({ ...batch, values: new Int32Array(batch.values.length) }),
  disturbInputs: (batch, row, step) => ({
    ...batch,
    values: disturbIds(batch.values, batch.time, row, step),
  }),
  lengths: ({ lengths }) => lengths,
  outputs: (model, { values, lengths, rows, time }) => model.forward(ids(values, [rows, time]), { lengths }),
  keys: keysOf,
};
