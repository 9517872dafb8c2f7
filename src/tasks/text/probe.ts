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

/** Characters of a piece at least: shorter ones, as names of speakers, are repeated in any text. */
const LEAST_CHARACTERS = 100;

/**
 * Pieces of whole lines, one beginning at each line, of at least 100 characters. Where a page or a paragraph stands in both
 * parts, whatever stands around it, its pieces are the same.
 */
function* keysOf(data: TextData, part: "train" | "validation"): Iterable<string> {
  const lines: string[] = [];
  let characters = 0;
  for (const line of linesOf(data, part)) {
    if (line === "") continue;
    lines.push(line);
    characters += line.length;
    while (characters - lines[0].length >= LEAST_CHARACTERS) characters -= lines.shift()!.length;
    if (characters >= LEAST_CHARACTERS) yield lines.join(" ");
  }
}

/** Lines of a part, as texts are compared. */
function* linesOf(data: TextData, part: "train" | "validation"): Iterable<string> {
  const decoder = tokenizerOf(data.facts).decoder();
  let line = "";
  for (const id of data[part]) {
    line += decoder.push(id);
    if (!line.endsWith("\n")) continue;
    yield keyOfText(line);
    line = "";
  }
  yield keyOfText(line + decoder.end());
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
