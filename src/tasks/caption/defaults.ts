/** The options of `caption`, their defaults, and why they are what they are. */
import { InputError } from "../../core/errors.ts";
import { BELOW_1, type Range, SIZE } from "../../core/options.ts";
import { FIRST_SYMBOL } from "../../core/symbols.ts";
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
import { MOST_SIDE } from "./facts.ts";

export const ATTENTIONS = ["none", "additive", "dot"] as const;

export interface CaptionSettings extends TrainingSettings {
  /** Pixels of a side that pictures are brought to; null: those that they have, or the usual ones. */
  readonly size: number | null;
  /** Words at most; null: as `learnPairTokens` has it. */
  readonly vocabSize: number | null;
  readonly minCount: number;
  readonly lowercase: boolean;
  /** Leave captions out whose picture is not there. */
  readonly skipMissing: boolean;
  readonly attention: DecoderAttention;
  readonly cell: BuiltInCell;
  readonly hidden: number;
  readonly layers: number;
  readonly embedding: number;
  readonly filters: number;
  readonly tieWeights: boolean;
  readonly dropout: number;
  readonly labelSmoothing: number;
}

/** A side that shows what a photograph is of, and whose convolutions a processor can train. */
export const USUAL_SIDE = 64;

export const DEFAULTS: CaptionSettings = {
  size: null,
  vocabSize: null,
  minCount: 2,
  lowercase: true,
  skipMissing: false,
  attention: "additive",
  cell: "gru",
  hidden: 128,
  layers: 1,
  embedding: 64,
  filters: 16,
  tieWeights: false,
  dropout: 0.15,
  labelSmoothing: 0,
  batchSize: 64,
  optimizer: "adam",
  lr: 2e-3,
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

export function defaultsOf(optimizer: OptimizerName): CaptionSettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

/** The settings of a new run: what was said over what weights bring over the defaults. */
export function completeSettings(
  given: Partial<CaptionSettings>,
  brought: Partial<CaptionSettings> = {},
): CaptionSettings {
  return { ...defaultsOf(given.optimizer ?? DEFAULTS.optimizer), ...brought, ...given };
}

/** @throws InputError for pictures that attention has no two places in */
export function checkCombinations(_: Partial<CaptionSettings>, { size, attention }: CaptionSettings): void {
  if (size === null || size >= LEAST_ATTENDED || attention === "none") return;
  throw new InputError(`--attention ${attention} needs a --size of at least ${LEAST_ATTENDED}, got ${size}`, {
    hint: "give larger pictures, or --attention none",
  });
}

/** Convolutions halve a picture at least once; two places on a side are left of this. */
const LEAST_ATTENDED = 4;

export const WORDS: TrainingWords = {
  data: "data",
  rows: "captions of an update",
  split: "share of the pictures to validate on",
};

const VOCABULARY: Range = {
  text: `an integer from ${FIRST_SYMBOL + 1} to ${MAX_VOCABULARY}`,
  fits: (value) =>
    SIZE.fits(value) && (value as number) > FIRST_SYMBOL && (value as number) <= MAX_VOCABULARY,
};

/** Of a single pixel nothing is left after it is halved. */
const SIDE: Range = {
  text: `an integer from 2 to ${MOST_SIDE}`,
  fits: (value) => SIZE.fits(value) && (value as number) >= 2 && (value as number) <= MOST_SIDE,
};

const model = { group: "Model", role: "model" } as const;
const data = { group: "Data", role: "data" } as const;
const training = { group: "Training", role: "training" } as const;

export const OPTIONS: OptionSchema<CaptionSettings> = {
  attention: {
    kind: "choice",
    choices: ATTENTIONS,
    ...model,
    text: "none (the picture is read once), additive, dot",
    shownDefault: DEFAULTS.attention,
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
    text: "units of a layer",
    shownDefault: DEFAULTS.hidden,
  },
  layers: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "layers of the decoder",
    shownDefault: DEFAULTS.layers,
  },
  embedding: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "features of a word's vector",
    shownDefault: DEFAULTS.embedding,
  },
  filters: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...model,
    text: "of the first convolution; then twice as many",
    shownDefault: DEFAULTS.filters,
  },
  tieWeights: {
    kind: "flag",
    ...model,
    text: "the output matrix is that of the vectors",
  },
  dropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    ...model,
    role: "training",
    text: "share of units left out: see below",
    shownDefault: `${DEFAULTS.dropout}; by the data`,
  },
  size: {
    kind: "number",
    value: "N",
    range: SIDE,
    nullable: true,
    ...data,
    role: "model",
    text: "pixels of a side that pictures are brought to",
    shownDefault: USUAL_SIDE,
  },
  vocabSize: {
    kind: "number",
    value: "N",
    range: VOCABULARY,
    nullable: true,
    ...data,
    role: "model",
    text: "words at most, with three of our own",
    shownDefault: "65,535",
  },
  minCount: {
    kind: "number",
    value: "N",
    range: SIZE,
    ...data,
    role: "model",
    text: "words that occur less often are unknown",
    shownDefault: DEFAULTS.minCount,
  },
  lowercase: {
    kind: "flag",
    ...data,
    role: "model",
    text: "reads and writes lower case alone",
    shownDefault: "yes",
  },
  skipMissing: {
    kind: "flag",
    ...data,
    text: "leave captions out whose picture is not there",
  },
  labelSmoothing: {
    kind: "number",
    value: "X",
    range: BELOW_1,
    ...training,
    text: "share of a target given to all words",
    shownDefault: DEFAULTS.labelSmoothing,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};
