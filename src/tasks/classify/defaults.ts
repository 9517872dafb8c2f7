/** The options of `classify`, their defaults, and why they are what they are. */
import { InputError } from "../../core/errors.ts";
import { BELOW_1, COUNT, SIZE } from "../../core/options.ts";
import { SET_NAMES } from "../../data/labelled-sets.ts";
import { BUILT_IN_CELLS, isBuiltInCell } from "../../models/cells.ts";
import { POOLING_NAMES, type Pooling } from "../../models/sequence-classifier-config.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OptimizerName } from "../optimizers.ts";
import type { OptionSchema } from "../option-schema.ts";
import {
  type ByOptimizer,
  type TrainingSettings,
  type TrainingWords,
  trainingOptions,
} from "../training-options.ts";

export interface ClassifySettings extends TrainingSettings {
  /** A built-in cell, or the file of one's own as it was given. */
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly bidirectional: boolean;
  readonly dropout: number;
  /** Features of a character's vector; 0 for one-hot. */
  readonly embedding: number;
  readonly pooling: Pooling;
  /** Passes in which longer items come in step by step; 0: all items from the start. */
  readonly shortFirst: number;
  /** The generated data that a run without data has. */
  readonly set: string;
}

export const DEFAULTS: ClassifySettings = {
  cell: "lstm",
  layers: 1,
  hidden: 128,
  bidirectional: false,
  dropout: 0.2,
  embedding: 0,
  pooling: "last",
  shortFirst: 0,
  set: SET_NAMES[0],
  batchSize: 32,
  optimizer: "adam",
  lr: 3e-3,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  clipNorm: 5,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.2,
  seed: 1,
};

/** What other optimizers than Adam start from; the ratios are those of `text`. */
const BY_OPTIMIZER: ByOptimizer = {
  sgd: { lr: 1, clipNorm: 0.25 },
  rmsprop: {},
  adagrad: { lr: 0.03 },
  adam: {},
  // torch.optim.AdamW's.
  adamw: { weightDecay: 1e-2 },
};

export function defaultsOf(optimizer: OptimizerName): ClassifySettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

/** The settings of a new run: what was said over what weights bring over the defaults. */
export function completeSettings(
  given: Partial<ClassifySettings>,
  brought: Partial<ClassifySettings> = {},
): ClassifySettings {
  const settings = { ...defaultsOf(given.optimizer ?? DEFAULTS.optimizer), ...brought, ...given };
  const isChosen = given.embedding !== undefined || brought.embedding !== undefined;
  // A cell of one's own reads vectors.
  const needsVectors = !isBuiltInCell(settings.cell) && !isChosen;
  return needsVectors ? { ...settings, embedding: settings.hidden } : settings;
}

/** @throws InputError for a combination that makes no model */
export function checkCombinations(given: Partial<ClassifySettings>): void {
  const { cell = DEFAULTS.cell, bidirectional } = given;
  if (bidirectional && !isBuiltInCell(cell)) {
    throw new InputError("--bidirectional needs one of the cells rnn, lstm and gru", {
      hint: "a cell of your own reads in one direction",
    });
  }
}

export const WORDS: TrainingWords = {
  data: "data",
  rows: "items of an update",
  split: "share of each label's items to validate on",
};

export const OPTIONS: OptionSchema<ClassifySettings> = {
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
  pooling: {
    kind: "choice",
    choices: POOLING_NAMES,
    group: "Model",
    role: "model",
    text: POOLING_NAMES.join(", "),
    shownDefault: DEFAULTS.pooling,
  },
  embedding: {
    kind: "number",
    value: "N",
    range: COUNT,
    group: "Model",
    role: "model",
    text: "features of a character's vector; 0: one-hot",
    shownDefault: DEFAULTS.embedding,
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
    choices: SET_NAMES,
    group: "Data",
    role: "data",
    text: "without DATA: a set that is made, see below",
    shownDefault: DEFAULTS.set,
    before: DEFAULTS.set,
  },
  shortFirst: {
    kind: "number",
    value: "N",
    range: COUNT,
    group: "Training",
    role: "training",
    text: "passes that begin with short items",
    shownDefault: DEFAULTS.shortFirst,
    before: DEFAULTS.shortFirst,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};
