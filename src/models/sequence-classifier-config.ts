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

const CELL_NAMES = ["rnn", "lstm", "gru", "own"] as const;
export const POOLING_NAMES = ["last", "mean", "max", "attention"] as const;

/** `own`: a user's cell, made by a function that the model is given. */
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
  /** How many different ids there are. */
  readonly vocabulary: number;
  /** How many labels there are, at least 2. */
  readonly classes: number;
  /** Features of the hidden state of one direction. */
  readonly hidden: number;
  readonly layers: number;
  /** A second set of weights reads each sequence from its end. Not for cells of one's own. */
  readonly bidirectional: boolean;
  /** Features of a learned vector for each id; 0: ids are one-hot, which costs a gather. */
  readonly embedding: number;
  readonly pooling: Pooling;
  /** On an embedding, between layers, and before the output layer (Zaremba et al. 2014). */
  readonly dropout: number;
  /** One dropout mask for all steps of a sequence (Gal and Ghahramani 2016). */
  readonly variational: boolean;
}

/** What has to be given; the rest has defaults. */
export type SequenceClassifierSettings = Partial<SequenceClassifierConfig> &
  Pick<SequenceClassifierConfig, "vocabulary" | "classes" | "hidden">;

const CLASSES: Range = {
  text: "an integer of at least 2",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2,
};

const RANGES = {
  cell: oneOf(...CELL_NAMES),
  vocabulary: SIZE,
  classes: CLASSES,
  hidden: SIZE,
  layers: SIZE,
  bidirectional: FLAG,
  embedding: optional(COUNT),
  pooling: oneOf(...POOLING_NAMES),
  dropout: BELOW_1,
  variational: FLAG,
};

const DEFAULTS = {
  cell: "lstm",
  layers: 1,
  bidirectional: false,
  pooling: "last",
  dropout: 0,
  variational: false,
} as const;

/**
 * Defaults: one LSTM layer in one direction, the last step, no dropout; ids are one-hot, but become vectors of `hidden`
 * features where a cell of one's own needs them.
 * @throws InputError for a combination that makes no model
 */
export function completeClassifierConfig(settings: SequenceClassifierSettings): SequenceClassifierConfig {
  const where = "SequenceClassifier settings";
  const given = settle<Settled<SequenceClassifierConfig, "embedding">>(where, RANGES, DEFAULTS, settings);
  const { cell, vocabulary, classes, hidden, layers, bidirectional, pooling, dropout, variational } = given;
  const { embedding = cell === "own" ? hidden : 0 } = given;
  if (cell === "own" && embedding === 0) {
    throw new InputError("a cell of your own reads vectors: embedding must be at least 1, got 0", {
      hint: `leave embedding out for ${hidden} features`,
    });
  }
  if (cell === "own" && bidirectional) {
    throw new InputError("a cell of your own reads a sequence in one direction: bidirectional must be false");
  }
  return {
    ...{ cell, vocabulary, classes, hidden, layers, bidirectional, embedding, pooling, dropout, variational },
  };
}

/** Blocks of hidden rows in the matrices of a layer; those of an own cell are not known before it is made. */
const GATES: Record<ClassifierCell, number> = { rnn: 1, gru: 3, lstm: 4, own: 0 };

/** Features of the vector that a sequence becomes. */
export function pooledFeatures({ hidden, bidirectional }: SequenceClassifierConfig): number {
  return bidirectional ? 2 * hidden : hidden;
}

/** Numbers that training changes; those of own cells, which only the cell knows, are left out. */
export function classifierParameterCount(config: SequenceClassifierConfig): number {
  const { vocabulary: V, classes, hidden: H, layers, embedding: E, cell, pooling } = config;
  const D = pooledFeatures(config);
  const layer = (inputs: number) => (D / H) * GATES[cell] * H * (inputs + H + 2);
  const attention = pooling === "attention" ? D * (D + 2) : 0;
  return E * V + layer(E || V) + (layers - 1) * layer(D) + attention + classes * (D + 1);
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
  const { classes, layers, embedding: E, cell, pooling } = config;
  const D = pooledFeatures(config);
  const pooled = { last: 1, mean: 1, max: 3, attention: 16 }[pooling];
  const perStep = layers * (3 * GATES[cell] + 2) * D + pooled * D + 2 * E;
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
  for (const [name, { text, fits }] of Object.entries({ ...RANGES, embedding: COUNT })) {
    const field = value[name];
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
