/** The options of `tag`, their defaults, and why they are what they are. */
import { InputError } from "../../core/errors.ts";
import { BELOW_1, COUNT, type Range, SIZE } from "../../core/options.ts";
import { BUILT_IN_CELLS, isBuiltInCell } from "../../models/cells.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OptimizerName } from "../optimizers.ts";
import type { OptionSchema } from "../option-schema.ts";
import {
  type ByOptimizer,
  type TrainingSettings,
  type TrainingWords,
  trainingOptions,
} from "../training-options.ts";

export const SETS = ["lookahead", "video"] as const;
export type BuiltInSet = (typeof SETS)[number];

export const CLASS_WEIGHTS = ["none", "balanced"] as const;

export interface TagSettings extends TrainingSettings {
  /** Which built-in data; null where data was given. */
  readonly set: BuiltInSet | null;
  /** Column of the labels; null: `label` of a table, the last of a CoNLL file. */
  readonly labelColumn: string | null;
  /** Longest piece of a sequence in an update, in steps. */
  readonly seqLength: number;
  /** A built-in cell, or the file of one's own as it was given. */
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly bidirectional: boolean;
  /** Steps that the label of a step comes later. */
  readonly delay: number;
  /** Features of a word's vector; 0 for one-hot. */
  readonly embedding: number;
  /** Channels of the first convolution of images. */
  readonly filters: number;
  readonly dropout: number;
  /** Whether rare labels count more in the loss. */
  readonly classWeights: (typeof CLASS_WEIGHTS)[number];
}

export const DEFAULTS: TagSettings = {
  set: null,
  labelColumn: null,
  // Longer sequences are cut, so that there are some updates in a pass and a step fits in memory.
  seqLength: 256,
  cell: "lstm",
  layers: 1,
  hidden: 64,
  bidirectional: false,
  delay: 0,
  embedding: 0,
  filters: 8,
  dropout: 0.2,
  classWeights: "none",
  batchSize: 16,
  optimizer: "adam",
  lr: 5e-3,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  clipNorm: 5,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.2,
  seed: 1,
};

/** Features of a word's vector where a vocabulary is larger than this, unless a person decides. */
export const WORD_FEATURES = 64;

/** What other optimizers than Adam start from; the ratios are those of `text`. */
const BY_OPTIMIZER: ByOptimizer = {
  sgd: { lr: 1, clipNorm: 0.25 },
  rmsprop: {},
  adagrad: { lr: 0.03 },
  adam: {},
  // torch.optim.AdamW's.
  adamw: { weightDecay: 1e-2 },
};

export function defaultsOf(optimizer: OptimizerName): TagSettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

/** The settings of a new run: what was said over what weights bring over the defaults. */
export function completeSettings(
  given: Partial<TagSettings>,
  brought: Partial<TagSettings> = {},
): TagSettings {
  return { ...defaultsOf(given.optimizer ?? DEFAULTS.optimizer), ...brought, ...given };
}

/** @throws InputError for a combination that makes no model */
export function checkCombinations(given: Partial<TagSettings>): void {
  const { cell = DEFAULTS.cell, bidirectional, delay = 0 } = given;
  if (bidirectional && !isBuiltInCell(cell)) {
    throw new InputError("--bidirectional needs one of the cells rnn, lstm and gru", {
      hint: "a cell of your own reads in one direction, and may have a --delay",
    });
  }
  if (bidirectional && delay > 0) {
    throw new InputError("--bidirectional and --delay exclude each other", {
      hint: "a bidirectional model reads all later steps anyway: leave --delay out",
    });
  }
}

export const WORDS: TrainingWords = {
  data: "data",
  rows: "sequences of an update",
  split: "share of the sequences to validate on",
};

/** As the model has it. */
const DELAY: Range = {
  text: "an integer from 0 to 10000",
  fits: (value) => COUNT.fits(value) && (value as number) <= 10_000,
};

export const OPTIONS: OptionSchema<TagSettings> = {
  hidden: {
    kind: "number",
    value: "N",
    range: SIZE,
    group: "Model",
    role: "model",
    text: "units of a layer, in each direction",
    shownDefault: DEFAULTS.hidden,
  },
  layers: {
    kind: "number",
    value: "N",
    range: SIZE,
    group: "Model",
    role: "model",
    text: "layers, one above the other",
    shownDefault: DEFAULTS.layers,
  },
  cell: {
    kind: "choice",
    choices: BUILT_IN_CELLS,
    orElse: { text: "or a file", hint: "a cell of your own: --cell ./my-cell.ts", fits: isCellFile },
    group: "Model",
    role: "model",
    text: "rnn, lstm, gru, or a FILE.ts of your own",
    shownDefault: DEFAULTS.cell,
  },
  bidirectional: {
    kind: "flag",
    group: "Model",
    role: "model",
    text: "each layer reads from both ends",
  },
  delay: {
    kind: "number",
    value: "N",
    range: DELAY,
    group: "Model",
    role: "model",
    text: "steps that a label comes later",
    shownDefault: DEFAULTS.delay,
  },
  embedding: {
    kind: "number",
    value: "N",
    range: COUNT,
    group: "Model",
    role: "model",
    text: "features of a word's vector; 0: one-hot",
    shownDefault: `${WORD_FEATURES}; 0 for few words`,
  },
  filters: {
    kind: "number",
    value: "N",
    range: SIZE,
    group: "Model",
    role: "model",
    text: "channels of the first convolution of images",
    shownDefault: DEFAULTS.filters,
  },
  dropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    group: "Model",
    role: "training",
    text: "share of units left out: see below",
    shownDefault: DEFAULTS.dropout,
  },
  set: {
    kind: "choice",
    choices: SETS,
    nullable: true,
    group: "Data",
    role: "data",
    text: "built-in data without DATA: lookahead, video",
    shownDefault: "lookahead",
  },
  labelColumn: {
    kind: "text",
    value: "NAME",
    nullable: true,
    group: "Data",
    role: "data",
    text: "column of the labels in a file",
    shownDefault: "label, or the last",
  },
  seqLength: {
    kind: "number",
    value: "T",
    range: SIZE,
    group: "Training",
    role: "training",
    text: "longest piece of a sequence in an update",
    shownDefault: DEFAULTS.seqLength,
  },
  classWeights: {
    kind: "choice",
    choices: CLASS_WEIGHTS,
    group: "Training",
    role: "training",
    text: "none; balanced: rare labels count more",
    shownDefault: DEFAULTS.classWeights,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};
