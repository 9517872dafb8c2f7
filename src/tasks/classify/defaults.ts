/** The options of `classify`, their defaults, and why they are what they are. */
import { InputError } from "../../core/errors.ts";
import { BELOW_1, COUNT, type Range, SIZE } from "../../core/options.ts";
import { findSet, SET_NAMES } from "../../data/labelled-sets.ts";
import { LINE_TOKENS, type LineTokenKind } from "../../data/line-tokens.ts";
import { MAX_VOCABULARY } from "../../data/vocabulary.ts";
import { BUILT_IN_CELLS, isBuiltInCell } from "../../models/cells.ts";
import {
  defaultPooling,
  needsVectors,
  POOLING_NAMES,
  type Pooling,
  WIDTHS_OF_KIM,
} from "../../models/sequence-classifier-config.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OptimizerName } from "../optimizers.ts";
import { flagOf, type OptionSchema } from "../option-schema.ts";
import type { RunOptions } from "../run-options.ts";
import type { LoadRequest } from "../task.ts";
import {
  type ByOptimizer,
  type TrainingSettings,
  type TrainingWords,
  trainingOptions,
} from "../training-options.ts";

export const CLASS_WEIGHTS = ["none", "balanced"] as const;
export type ClassWeights = (typeof CLASS_WEIGHTS)[number];

/** Cells of a classifier by name. */
export const CELLS = [...BUILT_IN_CELLS, "none", "conv"] as const;

export interface ClassifySettings extends TrainingSettings {
  /** A built-in cell, or the file of one's own as it was given. */
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly bidirectional: boolean;
  readonly dropout: number;
  /** Features of a symbol's vector; 0 for one-hot, and for numbers. */
  readonly embedding: number;
  readonly frozenEmbedding: boolean;
  /** Steps that the filters of `conv` look at, with commas between. */
  readonly widths: string;
  readonly pooling: Pooling;
  /** What a text is cut into. */
  readonly tokens: LineTokenKind;
  /** A file of vectors that words start from; null: they start at random. */
  readonly embeddings: string | null;
  /** Words that are known at most. */
  readonly vocabSize: number;
  /** Symbols or steps that are kept of an item. */
  readonly maxLength: number;
  /** The column of the texts; null: "text". */
  readonly textColumn: string | null;
  readonly labelColumn: string;
  /** Share of the symbols of an item that are unknown in a step of the training. */
  readonly wordDropout: number;
  /** How much the items of each label count: all the same, or each label as much as any other. */
  readonly classWeights: ClassWeights;
  /** Share of the target that is spread over all labels. */
  readonly labelSmoothing: number;
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
  frozenEmbedding: false,
  widths: WIDTHS_OF_KIM.join(","),
  pooling: "last",
  tokens: "char",
  embeddings: null,
  vocabSize: 20_000,
  maxLength: 1000,
  textColumn: null,
  labelColumn: "label",
  wordDropout: 0,
  classWeights: "none",
  labelSmoothing: 0,
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
export const BY_OPTIMIZER: ByOptimizer = {
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

/**
 * Vectors of words begin small: with PyTorch's standard normal ones, phrases of SST-2 were classified at 73 % after two
 * passes, and at 81 % with these.
 */
const WORD_INIT = 0.1;

/** Whether a cell has a name of its own and is no file. */
export function isNamedCell(cell: string): cell is (typeof CELLS)[number] {
  return CELLS.some((name) => name === cell);
}

/**
 * The settings of a new run: what was said over what weights bring over what a generated set needs over the defaults.
 */
export function completeSettings(
  given: Partial<ClassifySettings>,
  brought: Partial<ClassifySettings> = {},
): ClassifySettings {
  const ofSet = (given.set === undefined ? undefined : findSet(given.set))?.settings;
  const defaults = { ...defaultsOf(given.optimizer ?? DEFAULTS.optimizer), ...ofSet };
  const chosen: Partial<ClassifySettings> = { ...ofSet, ...brought, ...given };
  const ofVectors = given.embeddings === undefined ? {} : { tokens: "word" as const };
  const settings: ClassifySettings = { ...defaults, ...ofVectors, ...chosen };
  const { cell, tokens, hidden } = settings;
  // Words one-hot would give each of them a vector of all gates.
  const readsVectors = tokens === "word" || !isNamedCell(cell) || needsVectors(cell);
  return {
    ...settings,
    embedding: chosen.embedding ?? (readsVectors ? hidden : 0),
    pooling: chosen.pooling ?? defaultPooling(cell),
    initUniform: chosen.initUniform === undefined && tokens === "word" ? WORD_INIT : settings.initUniform,
  };
}

/** The settings with words in place of characters, and with what depends on that where nobody has decided it. */
export function readingWords(
  settings: ClassifySettings,
  isChosen: (name: keyof ClassifySettings) => boolean,
): ClassifySettings {
  return {
    ...settings,
    tokens: "word",
    embedding: isChosen("embedding") ? settings.embedding : settings.hidden,
    initUniform: isChosen("initUniform") ? settings.initUniform : WORD_INIT,
  };
}

/**
 * The settings as the data wants them, where nobody has decided otherwise.
 * @throws InputError for an option that is of no use with this data
 */
export function settingsForData(
  {
    settings,
    isChosen,
    known,
  }: Pick<LoadRequest<ClassifySettings, unknown>, "settings" | "isChosen" | "known">,
  kind: "text" | "numbers",
): ClassifySettings {
  if (kind === "text" || known?.of === "run") return settings;
  for (const name of FOR_TEXT) {
    if (!isChosen(name) || settings[name] === DEFAULTS[name]) continue;
    throw new InputError(`${flagOf(name)} is for texts, and the data holds numbers`, {
      hint: "leave it out",
    });
  }
  return { ...settings, embedding: 0 };
}

/** Options that say nothing of numbers. */
const FOR_TEXT = ["embedding", "embeddings", "tokens", "wordDropout", "frozenEmbedding"] as const;

/** @throws InputError for a combination that makes no model */
export function checkCombinations(given: Partial<ClassifySettings> & RunOptions): void {
  if (given.embeddings !== undefined && given.from !== undefined) {
    throw new InputError("--embeddings and --from exclude each other", {
      hint: "--from brings the vectors of its run",
    });
  }
  if (given.embeddings !== undefined && given.tokens === "char") {
    throw new InputError("--embeddings are vectors of words, and --tokens is char", {
      hint: "leave --tokens out",
    });
  }
  const { cell = DEFAULTS.cell, bidirectional } = given;
  if (bidirectional && !isBuiltInCell(cell)) {
    throw new InputError("--bidirectional needs one of the cells rnn, lstm and gru", {
      hint: isNamedCell(cell)
        ? `leave it out with --cell ${cell}`
        : "a cell of your own reads in one direction",
    });
  }
  if (given.widths !== undefined && cell !== "conv") {
    throw new InputError(`--widths ${given.widths} needs --cell conv`, {
      hint: "they are the steps that its filters look at",
    });
  }
}

export const WORDS: TrainingWords = {
  data: "data",
  rows: "items of an update",
  split: "share of each label's items to validate on",
};

const VOCABULARY_SIZE: Range = {
  text: `an integer from 1 to ${MAX_VOCABULARY}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= MAX_VOCABULARY,
};

/** `3,4,5` -> [3, 4, 5] */
export function parseWidths(text: string): number[] {
  return text.split(",").map(Number);
}

function isWidths(text: string): boolean {
  const widths = parseWidths(text);
  return (
    /^\d+(,\d+)*$/.test(text) && widths.length <= 16 && widths.every((width) => width >= 1 && width <= 64)
  );
}

const TRAINING = trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS);

const model = { group: "Model", role: "model" } as const;
const data = { group: "Data", role: "data" } as const;
const training = { group: "Training", role: "training" } as const;

export const OPTIONS: OptionSchema<ClassifySettings> = {
  hidden: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "units of a layer, in each direction",
    shownDefault: DEFAULTS.hidden,
  },
  layers: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "layers, one above the other",
    shownDefault: DEFAULTS.layers,
  },
  cell: {
    kind: "choice",
    choices: CELLS,
    orElse: { text: "or a file", hint: "a cell of your own: --cell ./my-cell.ts", fits: isCellFile },
    ...model,
    text: "rnn, lstm, gru, none, conv, or your own FILE.ts",
    shownDefault: DEFAULTS.cell,
  },
  bidirectional: {
    kind: "flag",
    ...model,
    text: "each layer reads from both ends",
    shownDefault: "sequences of numbers",
  },
  pooling: {
    kind: "choice",
    choices: POOLING_NAMES,
    ...model,
    text: POOLING_NAMES.join(", "),
    shownDefault: `${DEFAULTS.pooling}; of numbers max`,
  },
  embedding: {
    kind: "number",
    value: "N",
    range: COUNT,
    ...model,
    text: "features of a symbol's vector; 0: one-hot",
    shownDefault: "0; words: --hidden",
  },
  frozenEmbedding: {
    kind: "flag",
    ...model,
    role: "training",
    text: "the vectors stay as they are at the start",
    before: false,
  },
  widths: {
    kind: "choice",
    value: "N,N",
    choices: [DEFAULTS.widths],
    orElse: {
      text: "or other numbers of steps from 1 to 64",
      hint: "with commas between: --widths 2,3,5",
      fits: isWidths,
    },
    ...model,
    text: "steps that the filters of conv look at",
    shownDefault: DEFAULTS.widths,
    before: DEFAULTS.widths,
  },
  tokens: {
    kind: "choice",
    choices: LINE_TOKENS,
    ...model,
    text: "what a text is cut into: char, word",
    shownDefault: DEFAULTS.tokens,
    before: DEFAULTS.tokens,
  },
  embeddings: {
    kind: "text",
    names: "file",
    value: "FILE",
    nullable: true,
    ...model,
    role: "training",
    text: "vectors that words start from: GloVe, word2vec text",
    before: null,
  },
  vocabSize: {
    kind: "number",
    value: "N",
    range: VOCABULARY_SIZE,
    ...model,
    text: "words at most; all others are one",
    shownDefault: DEFAULTS.vocabSize,
    before: DEFAULTS.vocabSize,
  },
  dropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    ...model,
    role: "training",
    text: "share of units left out: see below",
    shownDefault: DEFAULTS.dropout,
  },
  wordDropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    ...training,
    text: "share of the symbols of a text that are hidden",
    shownDefault: DEFAULTS.wordDropout,
    before: DEFAULTS.wordDropout,
  },
  classWeights: {
    kind: "choice",
    choices: CLASS_WEIGHTS,
    ...training,
    text: "balanced: rare labels count as much as common ones",
    shownDefault: DEFAULTS.classWeights,
    before: DEFAULTS.classWeights,
  },
  labelSmoothing: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    ...training,
    text: "share of the target that all labels get",
    shownDefault: DEFAULTS.labelSmoothing,
    before: DEFAULTS.labelSmoothing,
  },
  maxLength: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...data,
    text: "symbols or steps that are kept of an item",
    shownDefault: DEFAULTS.maxLength,
    before: DEFAULTS.maxLength,
  },
  textColumn: {
    kind: "text",
    value: "NAME",
    nullable: true,
    ...data,
    text: "column or field of the texts",
    shownDefault: "text",
    before: null,
  },
  labelColumn: {
    kind: "text",
    value: "NAME",
    ...data,
    text: "column or field of the labels",
    shownDefault: DEFAULTS.labelColumn,
    before: DEFAULTS.labelColumn,
  },
  set: {
    kind: "choice",
    choices: SET_NAMES,
    ...data,
    text: "without DATA: a set that is made, see below",
    shownDefault: DEFAULTS.set,
    before: DEFAULTS.set,
  },
  shortFirst: {
    kind: "number",
    value: "N",
    range: COUNT,
    ...training,
    text: "passes that begin with short items",
    shownDefault: DEFAULTS.shortFirst,
    before: DEFAULTS.shortFirst,
  },
  ...TRAINING,
  initUniform: { ...TRAINING.initUniform, shownDefault: "PyTorch's; words: 0.1" },
};
