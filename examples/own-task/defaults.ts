/** The options of the task, declared once: flags, help, checks and run.json come from here. */
import type { OptionSchema } from "unrolled/tasks";
import { type TrainingSettings, type TrainingWords, trainingOptions } from "unrolled/tasks";

export interface TrendSettings extends TrainingSettings {
  readonly hidden: number;
}

export const DEFAULTS: TrendSettings = {
  hidden: 24,
  batchSize: 16,
  optimizer: "adam",
  lr: 1e-2,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  clipNorm: 1,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.2,
  seed: 1,
};

export const WORDS: TrainingWords = {
  data: "table",
  rows: "rows of an update",
  split: "share of the rows, the last ones, to validate on",
};

/** Nothing but the rate differs from one optimizer to another here. */
const BY_OPTIMIZER = { sgd: { lr: 0.1 }, rmsprop: {}, adagrad: { lr: 0.05 }, adam: {}, adamw: {} };

export const OPTIONS: OptionSchema<TrendSettings> = {
  hidden: {
    kind: "number",
    value: "N",
    range: {
      text: "an integer from 1 to 1024",
      fits: (n) => Number.isInteger(n) && Number(n) >= 1 && Number(n) <= 1024,
    },
    group: "Model",
    role: "model",
    text: "units of the LSTM",
    shownDefault: DEFAULTS.hidden,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};
