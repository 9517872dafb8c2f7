/** What `unrolled check` needs of `text`. */
import { swapAxes } from "../../autograd/ops/time.ts";
import { ids } from "../../backend/tensor.ts";
import { keyOfText } from "../../data/item-keys.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import type { LanguageModelConfig } from "../../models/language-model-config.ts";
import { disturbIds, type TaskProbe } from "../task-probe.ts";
import { type TextData, tokenizerOf } from "./data.ts";

export interface TextBatch {
  /** Both [rows, T]. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly shape: readonly [number, number];
}

/** Shorter lines, as names of speakers and empty ones, are repeated in any text. */
const LEAST_CHARACTERS = 40;

/** Lines of a part in the characters of the text; the first and the last may be pieces of one. */
function* keysOf(data: TextData, part: "train" | "validation"): Iterable<string> {
  const decoder = tokenizerOf(data.facts).decoder();
  let line = "";
  for (const id of data[part]) {
    line += decoder.push(id);
    const end = line.indexOf("\n");
    if (end < 0) continue;
    if (end >= LEAST_CHARACTERS) yield keyOfText(line.slice(0, end));
    line = line.slice(end + 1);
  }
}

export const PROBE: TaskProbe<TextData, LanguageModelConfig, LanguageModel, TextBatch> = {
  zeroInputs: (batch) => ({ ...batch, inputs: new Int32Array(batch.inputs.length) }),
  disturbInputs: (batch, row, step) => ({
    ...batch,
    inputs: disturbIds(batch.inputs, batch.shape[1], row, step),
  }),
  outputs: (model, { inputs, shape }) => swapAxes(model.forward(ids(inputs, shape)).logits),
  lookAhead: () => 0,
  keys: keysOf,
};
