/** Settings of `classify` that depend on how many items there are and how long they are. */
import { formatBytes } from "../../core/errors.ts";
import {
  classifierTrainingBytes,
  type SequenceClassifierConfig,
} from "../../models/sequence-classifier-config.ts";
import { count } from "../../render/numbers.ts";
import type { FittedSetting } from "../task.ts";
import { type ClassifyData, itemsOf } from "./data.ts";
import type { ClassifySettings } from "./defaults.ts";

/** What a step may take of the memory, a quarter of what 32-bit addresses reach. */
const STEP_BYTES = 2 ** 30;

/** @param threads replicas that need a row each */
export function fitSettings(
  { train }: ClassifyData,
  config: SequenceClassifierConfig,
  settings: ClassifySettings,
  threads: number,
): FittedSetting<ClassifySettings>[] {
  const { longest } = itemsOf(train);
  let { batchSize } = settings;
  const bytes = classifierTrainingBytes(config, batchSize, longest);
  while (batchSize > threads && classifierTrainingBytes(config, batchSize, longest) > STEP_BYTES) {
    batchSize = Math.max(threads, Math.floor(batchSize / 2));
  }
  const reason = `with items of up to ${count(longest)} steps ${settings.batchSize} rows take ${formatBytes(bytes)}`;
  return batchSize === settings.batchSize ? [] : [{ name: "batchSize", value: batchSize, reason }];
}
