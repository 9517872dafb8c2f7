/** The options of `classify`. */
import { BELOW_1, COUNT, type Range, SIZE } from "../../core/options.ts";
import { SET_NAMES } from "../../data/labelled-sets.ts";
import { LINE_TOKENS } from "../../data/line-tokens.ts";
import { MAX_VOCABULARY } from "../../data/vocabulary.ts";
import { POOLING_NAMES } from "../../models/sequence-classifier-config.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OptionSchema } from "../option-schema.ts";
import { type TrainingWords, trainingOptions } from "../training-options.ts";
import { BY_OPTIMIZER, CELLS, CLASS_WEIGHTS, type ClassifySettings, DEFAULTS } from "./defaults.ts";

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
    choices: CELLS,
    orElse: { text: "or a file", hint: "a cell of your own: --cell ./my-cell.ts", fits: isCellFile },
    group: "Model",
    role: "model",
    text: "rnn, lstm, gru, none, conv, or your own FILE.ts",
    shownDefault: DEFAULTS.cell,
  },
  bidirectional: {
    kind: "flag",
    group: "Model",
    role: "model",
    text: "each layer reads from both ends",
    shownDefault: "sequences of numbers",
  },
  pooling: {
    kind: "choice",
    choices: POOLING_NAMES,
    group: "Model",
    role: "model",
    text: POOLING_NAMES.join(", "),
    shownDefault: `${DEFAULTS.pooling}; of numbers max`,
  },
  embedding: {
    kind: "number",
    value: "N",
    range: COUNT,
    group: "Model",
    role: "model",
    text: "features of a symbol's vector; 0: one-hot",
    shownDefault: "0; words: --hidden",
  },
  frozenEmbedding: {
    kind: "flag",
    group: "Model",
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
    group: "Model",
    role: "model",
    text: "steps that the filters of conv look at",
    shownDefault: DEFAULTS.widths,
    before: DEFAULTS.widths,
  },
  tokens: {
    kind: "choice",
    choices: LINE_TOKENS,
    group: "Model",
    role: "model",
    text: "what a text is cut into: char, word",
    shownDefault: DEFAULTS.tokens,
    before: DEFAULTS.tokens,
  },
  embeddings: {
    kind: "text",
    names: "file",
    value: "FILE",
    nullable: true,
    group: "Model",
    role: "training",
    text: "vectors that words start from: GloVe, word2vec text",
    before: null,
  },
  vocabSize: {
    kind: "number",
    value: "N",
    range: VOCABULARY_SIZE,
    group: "Model",
    role: "model",
    text: "words at most; all others are one",
    shownDefault: DEFAULTS.vocabSize,
    before: DEFAULTS.vocabSize,
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
  wordDropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    group: "Training",
    role: "training",
    text: "share of the symbols of a text that are hidden",
    shownDefault: DEFAULTS.wordDropout,
    before: DEFAULTS.wordDropout,
  },
  classWeights: {
    kind: "choice",
    choices: CLASS_WEIGHTS,
    group: "Training",
    role: "training",
    text: "balanced: rare labels count as much as common ones",
    shownDefault: DEFAULTS.classWeights,
    before: DEFAULTS.classWeights,
  },
  labelSmoothing: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    group: "Training",
    role: "training",
    text: "share of the target that all labels get",
    shownDefault: DEFAULTS.labelSmoothing,
    before: DEFAULTS.labelSmoothing,
  },
  maxLength: {
    kind: "number",
    value: "N",
    range: SIZE,
    group: "Data",
    role: "data",
    text: "symbols or steps that are kept of an item",
    shownDefault: DEFAULTS.maxLength,
    before: DEFAULTS.maxLength,
  },
  textColumn: {
    kind: "text",
    value: "NAME",
    nullable: true,
    group: "Data",
    role: "data",
    text: "column or field of the texts",
    shownDefault: "text",
    before: null,
  },
  labelColumn: {
    kind: "text",
    value: "NAME",
    group: "Data",
    role: "data",
    text: "column or field of the labels",
    shownDefault: DEFAULTS.labelColumn,
    before: DEFAULTS.labelColumn,
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
  ...TRAINING,
  initUniform: { ...TRAINING.initUniform, shownDefault: "PyTorch's; words: 0.1" },
};
