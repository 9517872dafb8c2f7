/** The options of `translate`, their defaults, and why they are what they are. */
import { InputError } from "../../core/errors.ts";
import { BELOW_1, FROM_0_TO_1, type Range, SIZE } from "../../core/options.ts";
import { FIRST_SYMBOL } from "../../core/symbols.ts";
import { BYTES } from "../../data/bpe-tokenizer.ts";
import { TOKEN_KINDS, type TokenKind } from "../../data/tokenizer.ts";
import { MAX_VOCABULARY } from "../../data/vocabulary.ts";
import { BUILT_IN_CELLS, type BuiltInCell } from "../../models/cells.ts";
import type { DecoderAttention } from "../../models/sequence-decoder-config.ts";
import type { OptimizerName } from "../optimizers.ts";
import type { OptionSchema } from "../option-schema.ts";
import {
  type ByOptimizer,
  type TrainingSettings,
  type TrainingWords,
  trainingOptions,
} from "../training-options.ts";

export const SETS = ["dates", "reverse"] as const;
export type BuiltInSet = (typeof SETS)[number];

export const ATTENTIONS = ["none", "additive", "dot"] as const;

export interface TranslateSettings extends TrainingSettings {
  /** Which built-in data; null where data was given. */
  readonly set: BuiltInSet | null;
  /** Columns or fields of a file of pairs; null: the usual ones. */
  readonly sourceColumn: string | null;
  readonly targetColumn: string | null;
  readonly tokens: TokenKind;
  /** Symbols of a side at most; null: as `learnPairTokens` has it. */
  readonly vocabSize: number | null;
  readonly minCount: number;
  readonly lowercase: boolean;
  /** Both sides have the same symbols, with the same vectors. */
  readonly sharedVocabulary: boolean;
  /** Pairs with more symbols on a side are not trained on, sources to translate are cut. */
  readonly maxLength: number;
  readonly reverseSource: boolean;
  readonly attention: DecoderAttention;
  readonly contextToOutput: boolean;
  readonly cell: BuiltInCell;
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly embedding: number;
  /** A layer of `embedding` units before the output matrix. */
  readonly readout: boolean;
  readonly tieWeights: boolean;
  readonly dropout: number;
  /** Share of the steps that read the true symbol, at the end of the schedule. */
  readonly teacherForcing: number;
  readonly labelSmoothing: number;
}

export const DEFAULTS: TranslateSettings = {
  set: null,
  sourceColumn: null,
  targetColumn: null,
  tokens: "char",
  vocabSize: null,
  minCount: 2,
  lowercase: false,
  sharedVocabulary: false,
  maxLength: 256,
  reverseSource: false,
  attention: "additive",
  contextToOutput: true,
  cell: "gru",
  hidden: 128,
  layers: 1,
  bidirectional: true,
  embedding: 64,
  readout: false,
  tieWeights: false,
  dropout: 0,
  teacherForcing: 1,
  labelSmoothing: 0,
  batchSize: 64,
  optimizer: "adam",
  lr: 3e-3,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  clipNorm: 1,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.1,
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

export function defaultsOf(optimizer: OptimizerName): TranslateSettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

/**
 * The settings of a new run: what was said over what weights bring over the defaults. Without attention the model is that of
 * the lecture unless something else is asked for: an encoder in one direction, whose last state enters f_out alone.
 */
export function completeSettings(
  given: Partial<TranslateSettings>,
  brought: Partial<TranslateSettings> = {},
): TranslateSettings {
  const all = { ...defaultsOf(given.optimizer ?? DEFAULTS.optimizer), ...brought, ...given };
  const attends = all.attention !== "none";
  const {
    bidirectional = brought.bidirectional ?? attends,
    contextToOutput = brought.contextToOutput ?? attends,
    readout = brought.readout ?? all.tieWeights,
  } = given;
  return { ...all, bidirectional, contextToOutput, readout };
}

/** Symbols that every vocabulary of byte pairs has. */
const LEAST_BYTE_PAIRS = FIRST_SYMBOL + BYTES;

/** @throws InputError for a combination that makes no model */
export function checkCombinations(given: Partial<TranslateSettings>): void {
  const { tokens, vocabSize, tieWeights, readout } = given;
  if (tokens === "bpe" && typeof vocabSize === "number" && vocabSize < LEAST_BYTE_PAIRS) {
    throw new InputError(
      `--vocab-size must be at least ${LEAST_BYTE_PAIRS} for byte pairs, got ${vocabSize}`,
    );
  }
  if (tokens === "bpe" && given.minCount !== undefined) {
    throw new InputError("--min-count is for words and characters, and byte pairs have no unknown ones", {
      hint: "leave --min-count out; --vocab-size says how many symbols there are",
    });
  }
  if (tieWeights && readout === false) {
    throw new InputError("--tie-weights needs the layer of --readout, whose units are those of a vector", {
      hint: "leave --no-readout out",
    });
  }
}

export const WORDS: TrainingWords = {
  data: "data",
  rows: "pairs of an update",
  split: "share of the pairs to validate on",
};

const VOCABULARY: Range = {
  text: `an integer from ${FIRST_SYMBOL + 1} to ${MAX_VOCABULARY}`,
  fits: (value) =>
    SIZE.fits(value) && (value as number) > FIRST_SYMBOL && (value as number) <= MAX_VOCABULARY,
};

/** A heap holds no batch of longer ones. */
const LENGTH: Range = {
  text: "an integer from 1 to 10000",
  fits: (value) => SIZE.fits(value) && (value as number) <= 10_000,
};

const model = { group: "Model", role: "model" } as const;
const data = { group: "Data", role: "data" } as const;
const training = { group: "Training", role: "training" } as const;

const MODEL_OPTIONS: Pick<
  OptionSchema<TranslateSettings>,
  | "attention"
  | "contextToOutput"
  | "cell"
  | "hidden"
  | "layers"
  | "bidirectional"
  | "embedding"
  | "readout"
  | "tieWeights"
  | "reverseSource"
  | "dropout"
> = {
  attention: {
    kind: "choice",
    choices: ATTENTIONS,
    ...model,
    text: "none (one vector), additive, dot",
    shownDefault: DEFAULTS.attention,
  },
  contextToOutput: {
    kind: "flag",
    ...model,
    text: "the output layer reads the context, too",
    shownDefault: "with attention",
  },
  cell: {
    kind: "choice",
    choices: BUILT_IN_CELLS,
    ...model,
    text: "rnn, lstm, gru",
    shownDefault: DEFAULTS.cell,
  },
  hidden: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "units of a layer, in each direction",
    shownDefault: `${DEFAULTS.hidden}; by the pairs`,
  },
  layers: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "layers of the encoder, and of the decoder",
    shownDefault: DEFAULTS.layers,
  },
  bidirectional: {
    kind: "flag",
    ...model,
    text: "the encoder reads from both ends",
    shownDefault: "with attention",
  },
  embedding: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "features of a symbol's vector",
    shownDefault: `${DEFAULTS.embedding}; by the pairs`,
  },
  readout: {
    kind: "flag",
    ...model,
    text: "a layer before the output, of --embedding units",
    shownDefault: "many symbols",
  },
  tieWeights: {
    kind: "flag",
    ...model,
    text: "the output matrix is that of the vectors",
  },
  reverseSource: {
    kind: "flag",
    ...model,
    text: "sources are read from their end",
  },
  dropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    ...model,
    role: "training",
    text: "share of units left out: see below",
    shownDefault: `${DEFAULTS.dropout}; by the pairs`,
  },
};

const DATA_OPTIONS: Pick<
  OptionSchema<TranslateSettings>,
  | "set"
  | "sourceColumn"
  | "targetColumn"
  | "tokens"
  | "vocabSize"
  | "minCount"
  | "lowercase"
  | "sharedVocabulary"
  | "maxLength"
> = {
  set: {
    kind: "choice",
    choices: SETS,
    nullable: true,
    ...data,
    text: "built-in data without DATA: dates, reverse",
    shownDefault: "dates",
  },
  sourceColumn: {
    kind: "text",
    value: "NAME",
    nullable: true,
    ...data,
    text: "column or field of the sources",
    shownDefault: "source, or the first",
  },
  targetColumn: {
    kind: "text",
    value: "NAME",
    nullable: true,
    ...data,
    text: "column or field of the targets",
    shownDefault: "target, or the second",
  },
  tokens: {
    kind: "choice",
    choices: TOKEN_KINDS,
    ...data,
    role: "model",
    text: "char, word or bpe (byte pairs)",
    shownDefault: "char; sentences: word",
  },
  vocabSize: {
    kind: "number",
    value: "N",
    range: VOCABULARY,
    nullable: true,
    ...data,
    role: "model",
    text: "symbols of a side at most",
    shownDefault: "65,535; bpe 8,000",
  },
  minCount: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...data,
    role: "model",
    text: "symbols that occur less often are unknown",
    shownDefault: DEFAULTS.minCount,
  },
  lowercase: {
    kind: "flag",
    ...data,
    role: "model",
    text: "reads and writes lower case alone",
  },
  sharedVocabulary: {
    kind: "flag",
    ...data,
    role: "model",
    text: "both sides have the same symbols and vectors",
  },
  maxLength: {
    kind: "number",
    value: "N",
    range: LENGTH,
    ...data,
    text: "symbols of a side; longer pairs are left out",
    shownDefault: DEFAULTS.maxLength,
  },
};

export const OPTIONS: OptionSchema<TranslateSettings> = {
  ...MODEL_OPTIONS,
  ...DATA_OPTIONS,
  teacherForcing: {
    kind: "number",
    value: "X",
    range: FROM_0_TO_1,
    ...training,
    text: "share of true symbols read, in the end",
    shownDefault: DEFAULTS.teacherForcing,
  },
  labelSmoothing: {
    kind: "number",
    value: "X",
    range: BELOW_1,
    ...training,
    text: "share of a target given to all symbols",
    shownDefault: DEFAULTS.labelSmoothing,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};
