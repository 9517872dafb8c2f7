/** The options of `text`, their defaults, and why they are what they are. */

import { InputError } from "../../core/errors.ts";
import { BELOW_1, COUNT, type Range, SIZE } from "../../core/options.ts";
import { TOKEN_KINDS, type TokenKind } from "../../data/tokenizer.ts";
import { MAX_VOCABULARY } from "../../data/vocabulary.ts";
import { BUILT_IN_CELLS, isBuiltInCell } from "../../models/cells.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OptimizerName } from "../optimizers.ts";
import { flagOf, type OptionSchema } from "../option-schema.ts";
import type { RunOptions } from "../run-options.ts";
import {
  type ByOptimizer,
  type TrainingSettings,
  type TrainingWords,
  trainingOptions,
} from "../training-options.ts";

/** Options that fix what a run computes: a resumed run must have the same. */
export interface TextSettings extends TrainingSettings {
  /** A built-in cell, or the file of one's own as it was given. */
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly dropout: number;
  readonly variational: boolean;
  /** Features of a symbol's vector; 0 for one-hot. */
  readonly embedding: number;
  readonly tieWeights: boolean;
  /** What the symbols are. */
  readonly tokens: TokenKind;
  /** How many words or tokens at most; 0 for characters, of which there are as many as the text has. */
  readonly vocabSize: number;
  /** Symbols that a gradient goes back through. */
  readonly seqLength: number;
}

export const DEFAULTS: TextSettings = {
  cell: "lstm",
  layers: 1,
  // Writes plausible words and lines after a minute on two cores; larger ones need longer to get ahead of it.
  hidden: 128,
  dropout: 0,
  variational: false,
  // A small alphabet loses nothing by going in one-hot, and a gather is cheaper than a product.
  embedding: 0,
  tieWeights: false,
  tokens: "char",
  vocabSize: 0,
  // A gradient through 64 steps reaches over a line; longer chunks update more rarely in the same time.
  seqLength: 64,
  batchSize: 32,
  optimizer: "adam",
  // With Adam five times char-rnn's 2e-3, which is still far from done after four passes: on the bundled corpus it ends
  // at 2.29 nats there, 6e-3 at 1.76, 1e-2 and 1.5e-2 at about 1.45, 3e-2 at 1.81 (one seed each). The schedule takes
  // it down.
  lr: 1e-2,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  // Karpathy's value: it only cuts the rare explosion.
  clipNorm: 5,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.1,
  seed: 1,
};

/**
 * What another optimizer than Adam starts from. Nats after two passes over the bundled corpus (one seed; Adam has 1.82):
 * RMSprop 2.39 at 3e-3, 1.69 at 1e-2, 1.80 at 3e-2; Adagrad 2.48 at 0.03, 1.78 at 0.1, 1.87 at 0.3; AdamW as Adam. Plain
 * gradient descent needs large steps that are always cut: 1.93 at PyTorch's word language model's 20 and norm 0.25, while
 * with a norm of 5 it has 3.44 at 0.5, 2.93 at 2 and 2.85 at 8, and diverges above.
 */
const BY_OPTIMIZER: ByOptimizer = {
  sgd: { lr: 20, clipNorm: 0.25 },
  rmsprop: {},
  adagrad: { lr: 0.1 },
  adam: {},
  // torch.optim.AdamW's.
  adamw: { weightDecay: 1e-2 },
};

/** The settings of a new run with an optimizer, before anybody says anything. */
export function defaultsOf(optimizer: OptimizerName): TextSettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

/** Of words as many as the Penn Treebank's models have; of byte pairs few, since most texts here are small. */
const VOCABULARY_SIZES: Record<TokenKind, number> = { char: 0, word: 10_000, bpe: 1024 };

/** Two special words and one of the text; all bytes and one merge. */
const LEAST_VOCABULARY: Record<TokenKind, number> = { char: 0, word: 3, bpe: 257 };

/** The settings of a new run: what was said over what weights bring over the defaults. */
export function completeSettings(
  given: Partial<TextSettings>,
  brought: Partial<TextSettings> = {},
): TextSettings {
  const start = defaultsOf(given.optimizer ?? DEFAULTS.optimizer);
  const vocabSize = VOCABULARY_SIZES[given.tokens ?? DEFAULTS.tokens];
  const settings = { ...start, vocabSize, ...brought, ...given };
  // A large vocabulary one-hot would give every word a vector of all gates.
  const needsVectors = settings.tieWeights || settings.tokens !== "char" || !isBuiltInCell(settings.cell);
  const isChosen = given.embedding !== undefined || brought.embedding !== undefined;
  return needsVectors && !isChosen ? { ...settings, embedding: settings.hidden } : settings;
}

/** Updates that a pass should make at least: with 20 passes a model of letters then learns more than frequencies. */
const LEAST_CHUNKS = 16;

/**
 * The rows of a batch where nobody has said how many: as many as the default, but on a short text fewer, by powers of two,
 * so that a pass makes 16 updates or more. Nats after 20 passes over the first 5 kB of a text with 32 and with 4 rows (the
 * trigram in brackets): Shakespeare 3.16 and 2.18 (2.33), program text 3.56 and 2.67 (2.49); over 20 kB with 32 and with 16:
 * Shakespeare 2.10 and 1.91 (2.03), program text 2.39 and 1.96 (1.97). Above 32,768 symbols nothing changes, and a text
 * that does not fill one batch is too short: the error that says so tells what to do.
 * @param symbols of the training text
 * @param least the replicas that have to have a row each
 */
export function defaultBatchSize(symbols: number, seqLength: number, least = 1): number {
  let rows = DEFAULTS.batchSize;
  if (symbols <= rows * seqLength) return rows;
  while (rows > least && Math.floor(Math.floor((symbols - 1) / rows) / seqLength) < LEAST_CHUNKS) {
    rows = Math.max(least, Math.floor(rows / 2));
  }
  return rows;
}

export const WORDS: TrainingWords = {
  data: "text",
  rows: "stretches of text side by side",
  split: "share of the text, its end, to validate on",
};

/** 0, of characters, stands in run.json only. */
const VOCABULARY_SIZE: Range = { text: SIZE.text, fits: COUNT.fits };

export const OPTIONS: OptionSchema<TextSettings> = {
  hidden: {
    kind: "number",
    value: "N",
    range: SIZE,
    group: "Model",
    role: "model",
    text: "units of a layer",
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
  dropout: {
    kind: "number",
    value: "P",
    range: BELOW_1,
    group: "Model",
    role: "training",
    text: "share of units left out: see below",
    shownDefault: DEFAULTS.dropout,
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
  variational: {
    kind: "flag",
    group: "Model",
    role: "training",
    text: "dropout leaves out the same at all steps of a chunk",
  },
  embedding: {
    kind: "number",
    value: "N",
    range: COUNT,
    group: "Model",
    role: "model",
    text: "features of a symbol's vector; 0: one-hot",
    shownDefault: DEFAULTS.embedding,
  },
  tokens: {
    kind: "choice",
    choices: TOKEN_KINDS,
    group: "Model",
    role: "model",
    text: "what is read and written: char, word, bpe",
    shownDefault: DEFAULTS.tokens,
  },
  vocabSize: {
    kind: "number",
    value: "N",
    range: VOCABULARY_SIZE,
    group: "Model",
    role: "model",
    text: "words or tokens at most",
    shownDefault: "10000, bpe 1024",
  },
  tieWeights: {
    kind: "flag",
    group: "Model",
    role: "model",
    text: "the output layer has the embedding's matrix",
  },
  seqLength: {
    kind: "number",
    value: "T",
    range: SIZE,
    group: "Training",
    role: "training",
    text: "characters that a gradient goes back through",
    shownDefault: DEFAULTS.seqLength,
  },
  ...trainingOptions(DEFAULTS, BY_OPTIMIZER, WORDS),
};

/**
 * Refuse what cannot work together, before anything is read.
 * @throws InputError
 */
export function checkCombinations(given: Partial<TextSettings> & RunOptions): void {
  const { tokens = DEFAULTS.tokens, vocabSize, from, resume } = given;
  // What they bring decides about the tokens.
  if (vocabSize === undefined || from !== undefined || resume) return;
  const flag = flagOf("vocabSize");
  if (tokens === "char") {
    throw new InputError(`${flag} ${vocabSize} needs --tokens word or bpe`, {
      hint: "of characters there are as many as the text has",
    });
  }
  if (vocabSize < LEAST_VOCABULARY[tokens] || vocabSize > MAX_VOCABULARY) {
    const range = `from ${LEAST_VOCABULARY[tokens]} to ${MAX_VOCABULARY}`;
    throw new InputError(`${flag} must be ${range} with --tokens ${tokens}, got ${vocabSize}`);
  }
}
