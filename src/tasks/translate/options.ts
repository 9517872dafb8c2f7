/** The options of `translate`, as they are typed. */
import { BELOW_1, FROM_0_TO_1, type Range, SIZE } from "../../core/options.ts";
import { FIRST_SYMBOL } from "../../core/symbols.ts";
import { TOKEN_KINDS } from "../../data/tokenizer.ts";
import { MAX_VOCABULARY } from "../../data/vocabulary.ts";
import { BUILT_IN_CELLS } from "../../models/cells.ts";
import type { OptionSchema } from "../option-schema.ts";
import { trainingOptions } from "../training-options.ts";
import { ATTENTIONS, BY_OPTIMIZER, DEFAULTS, SETS, type TranslateSettings, WORDS } from "./defaults.ts";

const VOCABULARY: Range = {
  text: `an integer from ${FIRST_SYMBOL + 1} to ${MAX_VOCABULARY}`,
  fits: (value) =>
    SIZE.fits(value) && (value as number) > FIRST_SYMBOL && (value as number) <= MAX_VOCABULARY,
};

/** A heap holds no batch of longer ones. */
export const LENGTH: Range = {
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
