import { FormatError, InputError, UnrolledError } from "../core/errors.ts";
import {
  BELOW_1,
  COUNT,
  FLAG,
  oneOf,
  optional,
  type Range,
  type Settled,
  SIZE,
  settle,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

const CELL_NAMES = ["rnn", "lstm", "gru", "own", "none", "conv"] as const;
export const POOLING_NAMES = ["last", "mean", "max", "attention"] as const;

/**
 * `own`: a user's cell, made by a function that the model is given. Two read without a state: `none` pools the inputs
 * themselves and has layers of ReLU behind, which on sequences of one step is a plain feed-forward network; `conv` has
 * convolutions over time (Kim 2014).
 */
export type ClassifierCell = (typeof CELL_NAMES)[number];

/**
 * How the outputs of all steps of a sequence become one vector: that of the last step (of both directions, the last
 * that each has read), their mean, the largest value of each feature, or a mean with learned weights.
 */
export type Pooling = (typeof POOLING_NAMES)[number];

/** Everything that fixes the shapes and the function of a {@link SequenceClassifier}. */
export interface SequenceClassifierConfig {
  /** `gru` resets after the recurrent product, as in PyTorch; `rnn` has tanh. */
  readonly cell: ClassifierCell;
  /** How many different ids there are; 0 for a model that reads numbers. */
  readonly vocabulary: number;
  /** Numbers of a step; 0 for a model that reads ids. */
  readonly features: number;
  /** How many labels there are, at least 2. */
  readonly classes: number;
  /** Features of the hidden state of one direction; units of a layer of `none`; filters of each width of `conv`. */
  readonly hidden: number;
  readonly layers: number;
  /** A second set of weights reads each sequence from its end. For `rnn`, `lstm` and `gru`. */
  readonly bidirectional: boolean;
  /** Features of a learned vector for each id; 0: ids are one-hot, which costs a gather. */
  readonly embedding: number;
  /** Whether the vectors stay as they are at the start, as those of a file. */
  readonly frozenEmbedding: boolean;
  /** Steps that each kind of filter of `conv` looks at; empty for the others. */
  readonly widths: readonly number[];
  readonly pooling: Pooling;
  /** On an embedding, between layers, and before the output layer (Zaremba et al. 2014). */
  readonly dropout: number;
  /** One dropout mask for all steps of a sequence (Gal and Ghahramani 2016). */
  readonly variational: boolean;
}

/** What has to be given; the rest has defaults. */
export type SequenceClassifierSettings = Partial<SequenceClassifierConfig> &
  Pick<SequenceClassifierConfig, "classes" | "hidden">;

const CLASSES: Range = {
  text: "an integer of at least 2",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2,
};

const WIDTH: Range = {
  text: "an integer from 1 to 64",
  fits: (value) => SIZE.fits(value) && (value as number) <= 64,
};
const WIDTHS: Range = {
  text: "a list of at most 16 integers from 1 to 64",
  fits: (value) => Array.isArray(value) && value.length <= 16 && value.every(WIDTH.fits),
};

const RANGES = {
  cell: oneOf(...CELL_NAMES),
  vocabulary: COUNT,
  features: COUNT,
  classes: CLASSES,
  hidden: SIZE,
  layers: SIZE,
  bidirectional: FLAG,
  embedding: optional(COUNT),
  frozenEmbedding: FLAG,
  widths: optional(WIDTHS),
  pooling: optional(oneOf(...POOLING_NAMES)),
  dropout: BELOW_1,
  variational: FLAG,
};

const DEFAULTS = {
  cell: "lstm",
  vocabulary: 0,
  features: 0,
  layers: 1,
  bidirectional: false,
  frozenEmbedding: false,
  dropout: 0,
  variational: false,
} as const;

/** Fields that files of before 0.2.0 lack; they get the defaults. */
const YOUNGER = ["features", "frozenEmbedding", "widths"];

/** Kim 2014, table 1: filters over 3, 4 and 5 words. */
export const WIDTHS_OF_KIM: readonly number[] = [3, 4, 5];

/** What all steps become one vector by, where nobody has said it: without a state the last step alone says little. */
export function defaultPooling(cell: string): Pooling {
  return cell === "none" ? "mean" : cell === "conv" ? "max" : "last";
}

/** Whether a cell reads vectors, and no one-hot ids. */
export function needsVectors(cell: string): boolean {
  return cell !== "rnn" && cell !== "lstm" && cell !== "gru";
}

type Given = Settled<SequenceClassifierConfig, "embedding" | "widths" | "pooling">;

/**
 * Defaults: one LSTM layer in one direction, the last step, no dropout; ids are one-hot, but become vectors of `hidden`
 * features where the cell needs them. `none` takes the mean of the inputs, `conv` the largest of what its filters of 3, 4
 * and 5 steps find.
 * @throws InputError for a combination that makes no model
 */
export function completeClassifierConfig(settings: SequenceClassifierSettings): SequenceClassifierConfig {
  const given = settle<Given>("SequenceClassifier settings", RANGES, DEFAULTS, settings);
  const { cell, vocabulary, features, hidden } = given;
  checkInputs(given);
  const embedding = given.embedding ?? (features === 0 && needsVectors(cell) ? hidden : 0);
  if (features === 0 && embedding === 0 && needsVectors(cell)) {
    const what = cell === "own" ? "a cell of your own" : `cell "${cell}"`;
    throw new InputError(`${what} reads vectors: embedding must be at least 1, got 0`, {
      hint: `leave embedding out for ${hidden} features`,
    });
  }
  if (given.bidirectional && needsVectors(cell)) {
    const what = cell === "own" ? "a cell of your own reads a sequence in one direction" : `cell "${cell}"`;
    throw new InputError(`${what}: bidirectional must be false`);
  }
  const widths = given.widths ?? (cell === "conv" ? WIDTHS_OF_KIM : []);
  if (widths.length > 0 !== (cell === "conv")) {
    throw new InputError(
      cell === "conv" ? "conv needs the widths of its filters" : 'widths are for cell "conv"',
    );
  }
  return {
    cell,
    vocabulary,
    features,
    classes: given.classes,
    hidden,
    layers: given.layers,
    bidirectional: given.bidirectional,
    embedding,
    frozenEmbedding: given.frozenEmbedding,
    widths: [...widths],
    pooling: given.pooling ?? defaultPooling(cell),
    dropout: given.dropout,
    variational: given.variational,
  };
}

function checkInputs({ vocabulary, features, embedding = 0, frozenEmbedding }: Given): void {
  if (vocabulary > 0 === features > 0) {
    const got = `vocabulary ${vocabulary} and features ${features}`;
    throw new InputError(
      `SequenceClassifier settings: one of vocabulary (ids) and features (numbers) must be at least 1, got ${got}`,
    );
  }
  if (features > 0 && (embedding > 0 || frozenEmbedding)) {
    throw new InputError("SequenceClassifier settings: embedding is for ids, and features are numbers");
  }
}

/** Blocks of hidden rows in the matrices of a layer; those of an own cell are not known before it is made. */
const GATES: Record<ClassifierCell, number> = { rnn: 1, gru: 3, lstm: 4, own: 0, none: 0, conv: 0 };

/** Features of a step as the layers read it. */
export function inputFeatures({ features, embedding, vocabulary }: SequenceClassifierConfig): number {
  return features || embedding || vocabulary;
}

/** Features of a step that are pooled. */
export function stepFeatures(config: SequenceClassifierConfig): number {
  const { cell, hidden, bidirectional, widths } = config;
  if (cell === "none") return inputFeatures(config);
  if (cell === "conv") return hidden * widths.length;
  return bidirectional ? 2 * hidden : hidden;
}

/** Features of the vector that the label is read from. */
export function headFeatures(config: SequenceClassifierConfig): number {
  return config.cell === "none" ? config.hidden : stepFeatures(config);
}

/** Numbers that training changes; those of own cells, which only the cell knows, are left out. */
export function classifierParameterCount(config: SequenceClassifierConfig): number {
  const { vocabulary: V, classes, hidden: H, layers, embedding: E, cell, pooling, widths } = config;
  const D = stepFeatures(config);
  const layer = (inputs: number): number => {
    if (cell === "none") return H * (inputs + 1);
    if (cell === "conv") return widths.reduce((sum, width) => sum + H * (width * inputs + 1), 0);
    return (D / H) * GATES[cell] * H * (inputs + H + 2);
  };
  const attention = pooling === "attention" ? D * (D + 2) : 0;
  const body = layer(inputFeatures(config)) + (layers - 1) * layer(headFeatures(config));
  return E * V + body + attention + classes * (headFeatures(config) + 1);
}

/**
 * Bytes that a training step takes on a heap of float32: parameters, gradients, two moments of the optimiser and
 * packed copies; for every layer, direction and step the gates, states and their gradients; what the pooling keeps of
 * every step; and the logits with their gradients. Without what own cells keep.
 * @param batch sequences in a step
 * @param time steps of the longest sequence
 */
export function classifierTrainingBytes(
  config: SequenceClassifierConfig,
  batch: number,
  time: number,
): number {
  const { classes, layers, cell, pooling, widths } = config;
  const D = stepFeatures(config);
  const E = config.features || config.embedding;
  const pooled = { last: 1, mean: 1, max: 3, attention: 16 }[pooling];
  // The copies that a filter looks at side by side, their products, and the gradients of both.
  const filters = (inputs: number) =>
    widths.reduce((sum, width) => sum + 2 * width * inputs, 0) + 4 * D * Number(cell === "conv");
  const kept = layers * (3 * GATES[cell] + 2) * D + filters(E) + (layers - 1) * filters(D);
  const perStep = kept + pooled * D + 2 * E;
  return 4 * (7 * classifierParameterCount(config) + batch * time * perStep + 2 * batch * (D + classes));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The config of a model from a file, all of it checked. Fields of other names are passed over.
 * @param where the file, named in errors
 * @throws FormatError naming the field that makes no model, or a model larger than any heap
 */
export function parseClassifierConfig(value: unknown, where: string): SequenceClassifierConfig {
  if (!isObject(value)) throw new FormatError(where, "model must be an object");
  const fields: Record<string, unknown> = {};
  const ranges = { ...RANGES, embedding: COUNT, widths: WIDTHS, pooling: oneOf(...POOLING_NAMES) };
  for (const [name, { text, fits }] of Object.entries(ranges)) {
    const field = value[name];
    if (field === undefined && YOUNGER.includes(name)) continue;
    if (!fits(field)) throw new FormatError(where, `model.${name} must be ${text}, got ${showValue(field)}`);
    fields[name] = field;
  }
  let config: SequenceClassifierConfig;
  try {
    config = completeClassifierConfig(fields as unknown as SequenceClassifierSettings);
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
  // Sizes come from a file: refuse what no heap can hold before anything is allocated for them.
  if (classifierTrainingBytes(config, 1, 1) > 2 ** 32) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}
