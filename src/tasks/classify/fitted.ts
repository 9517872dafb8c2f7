/** Settings of `classify` that depend on what its items are, how many there are and how long they are. */
import { formatBytes } from "../../core/errors.ts";
import { isBuiltInCell } from "../../models/cells.ts";
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

/** Of fewer items 20 passes make few updates. */
const FEW_ITEMS = 2000;
const FEW_ROWS = 16;

/**
 * @param threads replicas that need a row each
 * @param configure the model of some settings
 */
export function fitSettings(
  data: ClassifyData,
  settings: ClassifySettings,
  threads: number,
  configure: (settings: ClassifySettings) => SequenceClassifierConfig,
): FittedSetting<ClassifySettings>[] {
  const fitted = fitNumbers(data, settings);
  const own = Object.fromEntries(fitted.map(({ name, value }) => [name, value]));
  return [...fitted, ...fitBatchSize(data, configure({ ...settings, ...own }), settings, threads)];
}

/**
 * What tells sequences of numbers apart is seldom at their end. Chosen on parts of the training data of spoken digits: 96 to
 * 98 % of the recordings that were held out were right with the largest values of both directions, 92 % with the last step of
 * one. `bench/reproduce/digits.ts` and `vowels.ts` measure the result on the test data.
 */
function fitNumbers({ facts }: ClassifyData, { cell }: ClassifySettings): FittedSetting<ClassifySettings>[] {
  const { input } = facts;
  if (input.kind === "text" || input.isOneStep || !isBuiltInCell(cell)) return [];
  return [
    {
      name: "bidirectional",
      value: true,
      reason: "a sequence of numbers is there as a whole (--no-bidirectional reads it in its order alone)",
    },
    { name: "pooling", value: "max", reason: "what tells it apart may stand anywhere in it" },
  ];
}

function fitBatchSize(
  { train, facts }: ClassifyData,
  config: SequenceClassifierConfig,
  settings: ClassifySettings,
  threads: number,
): FittedSetting<ClassifySettings>[] {
  const { longest, count: items } = itemsOf(train);
  let { batchSize } = settings;
  if (facts.input.kind === "numbers" && items < FEW_ITEMS && threads <= FEW_ROWS && batchSize > FEW_ROWS) {
    batchSize = FEW_ROWS;
  }
  const isFew = batchSize < settings.batchSize;
  const bytesOf = (rows: number) => classifierTrainingBytes(config, rows, longest);
  const whole = batchSize;
  while (batchSize > threads && bytesOf(batchSize) > STEP_BYTES) {
    batchSize = Math.max(threads, Math.floor(batchSize / 2));
  }
  const reason =
    isFew && batchSize === whole
      ? `${count(items)} items are few, and smaller batches make more updates of them`
      : `with items of up to ${count(longest)} steps ${settings.batchSize} rows take ${formatBytes(bytesOf(settings.batchSize))}`;
  return batchSize === settings.batchSize ? [] : [{ name: "batchSize", value: batchSize, reason }];
}
