/** The settings of `translate`, their defaults, and what does not go together. */
import { InputError } from "../../core/errors.ts";
import { FIRST_SYMBOL } from "../../core/symbols.ts";
import { BYTES } from "../../data/bpe-tokenizer.ts";
import type { TokenKind } from "../../data/tokenizer.ts";
import type { BuiltInCell } from "../../models/cells.ts";
import type { DecoderAttention } from "../../models/sequence-decoder-config.ts";
import type { OptimizerName } from "../optimizers.ts";
import type { ByOptimizer, TrainingSettings, TrainingWords } from "../training-options.ts";

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
export const BY_OPTIMIZER: ByOptimizer = {
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
